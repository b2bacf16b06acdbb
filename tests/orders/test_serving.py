"""Services end when the billing system says so, whatever it said before or after, and the address is free again."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.models import Account
from accounts.states import AccountStatus
from accounts.testing import make_details
from billing.models import BillingSystem, Submission
from billing.states import ServiceStatus, SubmissionStatus
from billing.testing import tell_balance, tell_status
from foundation.events.models import Event
from foundation.events.services import reference
from foundation.events.testing import published
from orders import services
from orders.events import OrderHeld, ServicesEnded, ServicesResumed
from orders.models import InstalledService, Order
from orders.queries import lines_of
from orders.services import serving
from orders.states import HoldReason, OrderStatus
from orders.tasks import follow_service_statuses
from orders.testing import bring_to, make_draft, make_market, make_order, make_slots
from territory.models import Occupancy
from territory.services import qualify
from territory.states import Outcome
from tests.billing.asking import deliver
from tests.orders.racing import together

pytestmark = pytest.mark.django_db

INSTALLED = datetime(2027, 1, 5, 17, tzinfo=UTC)
LATER = datetime(2027, 3, 10, 17, tzinfo=UTC)
ACTIVE, SUSPENDED = ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED
DISCONNECTED, CLOSED = ServiceStatus.DISCONNECTED, ServiceStatus.CLOSED


@pytest.fixture
def market(db):
    with time_machine.travel(INSTALLED, tick=False):
        market = make_market()
    with time_machine.travel(LATER, tick=False):
        make_slots(market.division)
    return market


@pytest.fixture
def order(market) -> Order:
    with time_machine.travel(INSTALLED, tick=False):
        return make_order(OrderStatus.COMPLETED, market)


@pytest.fixture(autouse=True)
def months_later():
    with time_machine.travel(LATER, tick=False) as clock:
        yield clock


def say(order: Order, status: ServiceStatus, day: str) -> None:
    """Let the order's billing system say from which day on its account is served, or not, and all listen."""
    system = BillingSystem.objects.get(division=order.division)
    tell_status(system, order.account.number, status, day, occurred_at=LATER)
    for event in Event.objects.filter(name="billing.service_status_changed"):
        services.follow_service_status(event.payload["account_id"])


def ends(order: Order) -> set[date | None]:
    """Return the days on which the services of an order ended."""
    return set(InstalledService.objects.filter(line__order=order).values_list("until", flat=True))


def occupied(order: Order) -> int:
    return Occupancy.objects.filter(premises=order.premises, until=None).count()


def account_of(order: Order) -> Account:
    return Account.objects.get(pk=order.account_id)


class TestADisconnection:
    def test_ends_the_services_and_frees_the_address(self, order):
        assert occupied(order) == 3

        say(order, DISCONNECTED, "2027-03-01")

        assert ends(order) == {date(2027, 3, 1)}
        assert occupied(order) == 0
        check = qualify(typed="", premises_id=order.premises_id, division=order.division, channel="web")
        assert check.outcome == Outcome.QUALIFIED
        (ended,) = published(ServicesEnded)
        assert (ended.account_id, ended.ended_on) == (order.account_id, "2027-03-01")
        assert set(ended.products) == {line.product_id for line in lines_of(order)}

    def test_keeps_the_account(self, order):
        say(order, DISCONNECTED, "2027-03-01")

        assert account_of(order).status == AccountStatus.ACTIVE

    def test_lets_the_next_resident_order(self, market, order):
        say(order, DISCONNECTED, "2027-03-01")

        following = make_order(OrderStatus.COMPLETED, market, premises=order.premises)

        assert ends(following) == {None}
        assert occupied(order) == 3

    def test_is_told_on_the_customers_timeline(self, order):
        say(order, DISCONNECTED, "2027-03-01")

        event = Event.objects.get(name=ServicesEnded.name)
        assert set(event.about) == {reference(order.account), reference(order.account.customer)}

    def test_told_twice_changes_nothing(self, order):
        say(order, DISCONNECTED, "2027-03-01")
        say(order, DISCONNECTED, "2027-03-05")

        assert ends(order) == {date(2027, 3, 1)}
        assert len(published(ServicesEnded)) == 1

    def test_told_ahead_waits_for_its_day(self, order, months_later):
        say(order, DISCONNECTED, "2027-03-12")
        follow_service_statuses()
        assert ends(order) == {None}

        months_later.shift(timedelta(days=2))
        follow_service_statuses()

        assert ends(order) == {date(2027, 3, 12)}

    def test_from_before_the_installation_ends_nothing(self, order):
        say(order, DISCONNECTED, "2027-01-04")

        assert ends(order) == {None}

    def test_is_heard_by_way_of_its_fact(self, order):
        system = BillingSystem.objects.get(division=order.division)

        tell_status(system, order.account.number, DISCONNECTED, "2027-03-01")
        deliver()

        assert ends(order) == {date(2027, 3, 1)}


class TestASuspension:
    def test_ends_nothing(self, order):
        say(order, SUSPENDED, "2027-03-01")

        assert (ends(order), occupied(order)) == ({None}, 3)


class TestAReconnection:
    def test_lets_the_services_run_on(self, order):
        say(order, DISCONNECTED, "2027-03-01")
        say(order, ACTIVE, "2027-03-05")

        assert (ends(order), occupied(order)) == ({None}, 3)
        assert [fact.resumed_on for fact in published(ServicesResumed)] == ["2027-03-05"]

    def test_leaves_an_address_to_who_is_served_there_by_now(self, market, order):
        say(order, DISCONNECTED, "2027-03-01")
        following = make_order(OrderStatus.COMPLETED, market, premises=order.premises)

        say(order, ACTIVE, "2027-03-05")

        still_ended = InstalledService.objects.filter(line__order=order, until=date(2027, 3, 1))
        assert {service.line.family for service in still_ended} >= {"internet", "video", "voice"}
        assert ends(following) == {None}


class TestAClosing:
    def test_closes_the_account_on_which_nothing_is_served(self, order):
        say(order, CLOSED, "2027-03-01")

        assert (ends(order), occupied(order)) == ({date(2027, 3, 1)}, 0)
        assert account_of(order).status == AccountStatus.CLOSED

    def test_after_a_disconnection_leaves_the_day_of_it(self, order):
        say(order, DISCONNECTED, "2027-03-01")
        say(order, CLOSED, "2027-03-08")

        assert ends(order) == {date(2027, 3, 1)}
        assert account_of(order).status == AccountStatus.CLOSED

    def test_is_for_good(self, order):
        say(order, CLOSED, "2027-03-01")
        say(order, ACTIVE, "2027-03-05")

        assert ends(order) == {date(2027, 3, 1)}
        assert account_of(order).status == AccountStatus.CLOSED

    def test_waits_for_an_order_that_is_under_way(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        say(order, CLOSED, "2027-03-10")

        assert account_of(order).status == AccountStatus.PENDING

    def test_before_the_installation_that_it_follows_is_made_good_by_it(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        say(order, CLOSED, "2027-03-01")

        lines = [line.line_id for line in lines_of(order)]
        services.record_install(order.work_order_request_id, lines=lines, installed_on=date(2027, 1, 5))

        assert (ends(order), occupied(order)) == ({date(2027, 3, 1)}, 0)
        assert account_of(order).status == AccountStatus.CLOSED

    def test_does_not_wait_for_an_order_that_gets_no_further(self, market):
        with time_machine.travel(INSTALLED, tick=False):
            order = make_order(OrderStatus.PARTIAL, market)
            rest = [line.line_id for line in lines_of(order)][1:]
            services.record_failure(order.work_order_request_id, lines=rest, reason="No line of sight")

        say(order, CLOSED, "2027-03-01")

        assert account_of(order).status == AccountStatus.CLOSED


@pytest.mark.parametrize(
    "said",
    list(itertools.permutations([(DISCONNECTED, "2027-02-01"), (ACTIVE, "2027-02-10"), (DISCONNECTED, "2027-03-01")])),
)
def test_the_order_of_arrival_makes_no_difference(order, said):
    for status, day in said:
        say(order, status, day)

    assert (ends(order), occupied(order)) == ({date(2027, 3, 1)}, 0)


def test_the_order_of_arrival_would_make_one_if_the_last_report_alone_counted(order, monkeypatch):
    def last_alone(reports):
        return spells_of([max(reports, key=lambda report: report.pk)])

    spells_of = serving._spells
    monkeypatch.setattr(serving, "_spells", last_alone)

    for status, day in ((ACTIVE, "2027-02-10"), (DISCONNECTED, "2027-02-01")):
        say(order, status, day)

    assert ends(order) != {None}


class TestAnOrderOfWhoOwes:
    def test_is_held_once_a_bill_is_old_enough_and_accepted_once_all_is_paid(self, market, order):
        system = BillingSystem.objects.get(division=market.division)
        contact = order.customer.contacts.get()
        tell_balance(system, order.account.number, "105.48", "2027-02-27", occurred_at=LATER)
        details = make_details(email=contact.email)

        held = make_order(market=market, details=details)
        services.check_order(held.pk)

        assert published(OrderHeld) == [OrderHeld(order_id=held.pk, reason=HoldReason.DELINQUENT)]

        tell_balance(system, order.account.number, occurred_at=LATER + timedelta(minutes=1))
        accepted = make_order(market=market, details=details)
        services.check_order(accepted.pk)

        assert Order.objects.get(pk=accepted.pk).status == OrderStatus.PENDING


class TestWhatWasRefused:
    """It waits for a person as long as the order goes on, and not for ever."""

    def refuse(self, order: Order) -> Submission:
        submission = Submission.objects.get(request_id=order.work_order_request_id)
        Submission.objects.filter(pk=submission.pk).update(status=SubmissionStatus.REFUSED)
        services.record_work_order_refused(order.work_order_request_id, reason="Unknown product")
        return submission

    def waiting(self) -> int:
        return Submission.objects.all().needing_a_person().count()

    def test_waits_while_the_order_is_held_for_it(self, market):
        self.refuse(make_order(OrderStatus.PENDING, market))

        assert self.waiting() == 1

    def test_rests_once_the_order_is_cancelled(self, market):
        order = make_order(OrderStatus.PENDING, market)
        self.refuse(order)

        services.cancel_order(order.pk, "changed_mind", by=None)

        assert Order.objects.get(pk=order.pk).status == OrderStatus.CANCELLED
        assert self.waiting() == 0

    def test_rests_at_once_where_the_order_was_being_cancelled(self, market):
        self.refuse(make_order(OrderStatus.PENDING_CANCELLATION, market))

        assert self.waiting() == 0

    @pytest.mark.parametrize("is_late", [False, True])
    def test_change_rests_once_the_order_is_completed(self, market, is_late):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        change = Submission.objects.get(request_id=order.work_order_request_id)
        change.pk, change.request_id, change.kind, change.external_id = None, "change", "work_order_change", ""
        change.work_order_id, change.status = Submission.objects.get().pk, SubmissionStatus.REFUSED

        def be_refused() -> None:
            change.save(force_insert=True)
            services.record_change_refused(order.work_order_request_id, change_request_id="change", reason="No")

        def be_installed() -> None:
            lines = [line.line_id for line in lines_of(order)]
            services.record_install(order.work_order_request_id, lines=lines, installed_on=LATER.date())

        waiting = []
        for happen in (be_installed, be_refused) if is_late else (be_refused, be_installed):
            happen()
            waiting.append(self.waiting())

        assert waiting == ([0, 0] if is_late else [1, 0])


@pytest.mark.django_db(transaction=True)
def test_a_disconnection_and_the_installation_before_it_at_once_end_the_services(market):
    with time_machine.travel(INSTALLED, tick=False):
        order = bring_to(make_draft(market), OrderStatus.IN_PROGRESS)
    system = BillingSystem.objects.get(division=order.division)
    lines = [line.line_id for line in lines_of(order)]

    def disconnect() -> None:
        tell_status(system, order.account.number, DISCONNECTED, "2027-03-01")
        services.follow_service_status(order.account_id)

    def install() -> None:
        services.record_install(order.work_order_request_id, lines=lines, installed_on=date(2027, 1, 5))

    outcomes = together(disconnect, install)

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (ends(order), occupied(order)) == ({date(2027, 3, 1)}, 0)
