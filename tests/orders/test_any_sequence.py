"""Whatever is done to an order, in whatever sequence: no row says what cannot be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, given, settings, strategies as st

from accounts.states import AccountStatus
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.testing import make_person
from orders import services
from orders.models import AppointmentSlot, InstalledService, Order
from orders.queries import lines_of, open_slots, progress_of
from orders.states import (
    CLOSABLE,
    MOVES,
    AppointmentStatus,
    CancelReason,
    HoldReason,
    LineStatus,
    OrderStatus,
    WorkOrderStage,
)
from orders.testing import make_draft, make_market, submit

ENDS = set(OrderStatus) - set(MOVES)


@dataclass
class Play:
    """An order, a person who may do everything, and the statuses that the order has had."""

    order: Order
    by: User
    seen: list[str] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        return Order.objects.get(pk=self.order.pk).work_order_request_id

    def lines(self, places: slice) -> list[str]:
        return [line.line_id for line in lines_of(self.order)][places]

    def unfinished(self) -> list[str]:
        return [line.line_id for line in lines_of(self.order) if line.status in CLOSABLE]

    def install(self, places: slice) -> None:
        services.record_install(self.request_id, lines=self.lines(places), installed_on=today(self.order.division))

    def fail(self, places: slice) -> None:
        services.record_failure(self.request_id, lines=self.lines(places), reason="No wire.")


ACTS: dict[str, Callable[[Play], object]] = {
    "submit": lambda play: submit(Order.objects.get(pk=play.order.pk)),
    "check": lambda play: services.check_order(play.order.pk),
    "hold": lambda play: services.hold_order(
        play.order.pk, HoldReason.CUSTOMER_ASKED, note="", reminder_at=now(), by=play.by
    ),
    "release": lambda play: services.release_order(play.order.pk, by=play.by),
    "reject": lambda play: services.reject_order(play.order.pk, note="", by=play.by),
    "ask": lambda play: services.request_work_order(play.order.pk, by=None),
    "confirm": lambda play: services.record_work_order_confirmed(play.request_id, work_order_id="WO-1"),
    "unknown": lambda play: services.record_work_order_unknown(play.request_id),
    "refuse": lambda play: services.record_work_order_refused(play.request_id, reason="No"),
    "dispatch": lambda play: services.record_dispatch(play.request_id),
    "install some": lambda play: play.install(slice(0, 2)),
    "install others": lambda play: play.install(slice(1, None)),
    "fail all": lambda play: play.fail(slice(None)),
    "close the rest": lambda play: services.close_remainder(play.order.pk, CancelReason.NOT_INSTALLED, by=play.by),
    "close what waits": lambda play: services.close_remainder(
        play.order.pk, CancelReason.TOO_LATE, lines=play.unfinished(), by=play.by
    ),
    "settle": lambda play: services.settle_contest(play.order.pk, note="Seen.", by=play.by),
    "reschedule": lambda play: services.reschedule_order(
        play.order.pk, open_slots(play.order.division)[-1].pk, by=play.by
    ),
    "cancel": lambda play: services.cancel_order(play.order.pk, CancelReason.CHANGED_MIND, by=play.by),
    "approve": lambda play: services.approve_cancellation(play.order.pk, by=play.by),
    "keep": lambda play: services.refuse_cancellation(play.order.pk, reason="Too late", by=play.by),
    "cancelled": lambda play: services.record_work_order_cancelled(play.request_id),
    "not cancelled": lambda play: services.record_cancellation_refused(play.request_id, reason="Too late"),
    "expire": lambda _play: _expire(),
    "sweep": lambda _play: services.release_expired_holds(),
}


REPORTS = {"confirm", "unknown", "dispatch", "install some", "install others", "fail all"}
"""What a billing system tells of a work order that it was asked for."""


def _expire() -> None:
    with time_machine.travel(now() + timedelta(days=100)):
        services.expire_old_drafts()


@pytest.fixture
def market(db):
    return make_market()


class TestAnySequence:
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(acts=st.lists(st.sampled_from(sorted(ACTS)), max_size=14), starts=st.booleans())
    def test_leads_to_no_row_that_cannot_be(self, market, acts, starts):
        with transaction.atomic():
            play = Play(make_draft(market), make_person(is_superuser=True))
            for act in [*(["submit", "check", "ask"] if starts else []), *acts]:
                order = Order.objects.get(pk=play.order.pk)
                before = order.status
                if act in REPORTS and order.work_order_stage == WorkOrderStage.NONE:
                    continue
                try:
                    ACTS[act](play)
                except NotAllowed:
                    assert Order.objects.get(pk=play.order.pk).status == before
                _must_be_true(play, before)
            transaction.set_rollback(True)


def _must_be_true(play: Play, before: str) -> None:
    order = Order.objects.get(pk=play.order.pk)
    lines = lines_of(order)
    ready = [line for line in lines if line.status == LineStatus.COMPLETED]
    assert before not in ENDS or order.status == before
    taking = Q(appointments__status__in=[AppointmentStatus.HELD, AppointmentStatus.BOOKED])
    assert not AppointmentSlot.objects.annotate(taken=Count("appointments", filter=taking)).exclude(booked=F("taken"))
    assert InstalledService.objects.filter(line__order=order).count() == len(ready)
    if order.status == OrderStatus.COMPLETED:
        assert {line.status for line in lines} <= {LineStatus.COMPLETED, LineStatus.CANCELLED}
        assert ready
    if order.status == OrderStatus.PARTIAL:
        assert 0 < len(ready) < len(lines)
    if order.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED} and order.account:
        assert order.account.status == AccountStatus.CLOSED
        assert {line.status for line in lines} == {LineStatus.CANCELLED}
    if ready:
        assert order.account.status == AccountStatus.ACTIVE
    if lines:
        assert order.monthly == sum(line.recurring for line in lines) + sum(tax.monthly for tax in order.quoted.taxes)
    assert progress_of(order).sentence
