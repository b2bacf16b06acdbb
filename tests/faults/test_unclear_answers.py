"""
What may have happened at the vendor: each way of not knowing ends in one work order, within five minutes.

500 before and after the commit, a connection closed in the middle of the answer, a report before the answer and the
same report often are in `tests/billing`; here is what a network does, and a clock that is wrong.
"""

import json
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.test import Client

from billing import services
from billing.events import InstallReported
from billing.models import BillingSystem, InboundFact, Submission
from billing.services import submissions
from billing.states import SubmissionStatus
from foundation.events.testing import drain, published
from foundation.now import now
from integrations.tmf_billing import adapter
from orders.states import OrderStatus
from sandbox.billing.webhooks import signed_headers
from tests.billing.asking import deliver, go_on
from tests.faults.shop import Shop
from tests.stack import Fault, FaultProxy, eventually

READ_PATIENCE = 0.5
"""Seconds that the adapter waits for an answer here, instead of fifteen."""
LATE = 4.0
"""Seconds by which a request is late, so that it is looked up and sent again meanwhile."""


@pytest.fixture
def network(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """What lies between us and the vendor, which is one that takes every request for a new one."""
    monkeypatch.setattr(adapter, "TIMEOUT", httpx.Timeout(connect=1, write=1, read=READ_PATIENCE, pool=1))
    with FaultProxy(shop.vendor.port) as proxy:
        BillingSystem.objects.update(base_url=proxy.url)
        monkeypatch.setenv(f"BILLING_{shop.billing_code.upper()}_URL", proxy.url)
        shop.vendor.faults(forget_request_ids=True)
        yield proxy


def ask(network: FaultProxy, fault: Fault) -> SubmissionStatus:
    """Ask through a faulty network, which is mended afterwards, and return what we know then."""
    network.fault = fault
    deliver()
    network.fault = Fault.NONE
    return SubmissionStatus(Submission.objects.get().status)


@pytest.fixture
def without_look_up(monkeypatch):
    """Take the guard out: what is in doubt is sent again, unseen."""
    monkeypatch.setattr(
        submissions._Errand, "run", lambda errand: submissions.port_of(errand.system).send(errand.request)
    )


class TestAnAnswerThatDoesNotArrive:
    @pytest.mark.parametrize("fault", [Fault.STALL, Fault.CUT_ANSWER, Fault.RESET], ids=lambda fault: fault.name)
    def test_is_cleared_up_within_five_minutes(self, shop, network, tell, fault):
        (order,) = shop.accepted(1)
        with time_machine.travel(now(), tick=False) as clock:
            known = ask(network, fault)
            go_on(clock, 5)

        order.refresh_from_db()
        tell(fault.name, known_at_first=known.value, order=order.status, work_orders=shop.made_for(order))
        assert known == SubmissionStatus.UNKNOWN
        assert order.status == OrderStatus.IN_PROGRESS
        assert shop.made_for(order) == 1

    def test_would_do_harm_without_the_look_up(self, shop, network, without_look_up, tell):
        (order,) = shop.accepted(1)
        with time_machine.travel(now(), tick=False) as clock:
            ask(network, Fault.CUT_ANSWER)
            go_on(clock, 5)

        tell("Control, CUT_ANSWER without the look-up", work_orders=shop.made_for(order))
        assert shop.made_for(order) == 2

    def test_because_the_vendor_is_slower_than_we_wait_is_found_there(self, shop, network, tell):
        shop.vendor.faults(slow_answer_seconds=2 * READ_PATIENCE)
        (order,) = shop.accepted(1)
        with time_machine.travel(now(), tick=False) as clock:
            known = ask(network, Fault.NONE)
            shop.vendor.faults(slow_answer_seconds=0)
            go_on(clock, 5)

        order.refresh_from_db()
        tell("Success after our time-out", known_at_first=known.value, order=order.status, made=shop.made_for(order))
        assert known == SubmissionStatus.UNKNOWN
        assert order.status == OrderStatus.IN_PROGRESS
        assert shop.made_for(order) == 1


class TestARequestThatArrivesAfterItsLookUp:
    """Nobody can see it coming: here only the vendor's first promise helps, one request id, one effect."""

    @pytest.mark.parametrize(("keeps_promise", "made"), [(True, 1), (False, 2)])
    def test_is_harmless_where_the_vendor_keeps_its_promise(self, shop, network, tell, keeps_promise, made):
        shop.vendor.faults(forget_request_ids=not keeps_promise)
        (order,) = shop.accepted(1)
        network.delay = LATE
        with time_machine.travel(now(), tick=False) as clock:
            ask(network, Fault.NONE)
            network.delay = 0.0
            go_on(clock, 5)
        log = shop.vendor.folder / "log"
        eventually(lambda: log.read_text().count("POST /workOrder") == 2, within=10 * LATE)

        order.refresh_from_db()
        tell(f"Late request, vendor {'keeps' if keeps_promise else 'breaks'} its promise", made=shop.made_for(order))
        assert order.status == OrderStatus.IN_PROGRESS
        assert shop.made_for(order) == made


class TestAReportFromTheFuture:
    def post(self, shop: Shop, event, *, ahead: timedelta) -> int:
        body = json.dumps(event).encode()
        headers = signed_headers(shop.vendor.secret, body, now() + ahead)
        headers.pop("Content-Type")
        address = f"/webhooks/billing/{shop.billing_code}"
        return Client().post(address, body, "application/json", headers=headers).status_code

    def installed(self, shop: Shop):
        (order,) = shop.accepted(1)
        drain()
        order.refresh_from_db()
        (made,) = shop.vendor.made_under(order.work_order_request_id)
        shop.vendor.advance(made["id"], "completed")
        return order, shop.vendor.events_about(order.work_order_request_id)[-1]

    @pytest.mark.parametrize(("ahead", "status"), [(timedelta(minutes=4), 202), (timedelta(minutes=6), 401)])
    def test_is_taken_while_clocks_may_differ_so_much(self, shop, ahead, status, settings):
        _order, event = self.installed(shop)

        assert self.post(shop, event, ahead=ahead) == status

        assert InboundFact.objects.count() == (status == 202)

    def test_is_refused_at_the_door_and_found_by_polling(self, shop, tell):
        order, event = self.installed(shop)

        answers = [self.post(shop, event, ahead=timedelta(days=365)) for _time in range(2)]
        services.poll_billing_system(BillingSystem.objects.get().pk)
        drain()

        order.refresh_from_db()
        tell(
            "A report dated a year ahead", answers=answers, installs=len(published(InstallReported)), order=order.status
        )
        assert answers == [401, 401]
        assert order.status == OrderStatus.COMPLETED
        assert len(published(InstallReported)) == 1
