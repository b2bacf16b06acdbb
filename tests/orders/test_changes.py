"""Change and cancel what was submitted."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import translation

from accounts.models import Contact
from accounts.states import AccountStatus
from accounts.testing import make_details
from billing.events import WorkOrderCancellationRefused, WorkOrderCancelled
from billing.models import Submission
from billing.states import SubmissionKind
from foundation.divisions.services import set_value
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import handlers, services
from orders.events import CancellationAsked, OrderCancelled, OrderCompleted, OrderRescheduled, RemainderClosed
from orders.models import AppointmentSlot, Order
from orders.queries import lines_of, open_slots, progress_of
from orders.settings import DRAFT_DAYS
from orders.states import AppointmentStatus, CancelReason, LineStatus, OrderStatus, WorkOrderStage
from orders.testing import fail_the_rest, make_draft, make_market, make_order
from tests.orders.racing import together


@pytest.fixture
def market(db):
    return make_market()


@pytest.fixture
def csr(market):
    return make_person(Role.CSR, market.division)


def again(order):
    return Order.objects.get(pk=order.pk)


def asked(kind):
    return Submission.objects.filter(kind=kind).count()


class TestRescheduleOrder:
    def test_moves_the_appointment_here_and_in_the_billing_system(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        before, slot = order.appointment.slot, open_slots(market.division)[3]

        services.reschedule_order(order.pk, slot.pk, by=csr)

        assert again(order).appointment.slot == slot
        assert AppointmentSlot.objects.get(pk=before.pk).booked == 0
        assert asked(SubmissionKind.WORK_ORDER_CHANGE) == 1
        assert published(OrderRescheduled)[0].change == 1

    def test_twice_asks_under_two_ids(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        for slot in open_slots(market.division)[2:4]:
            services.reschedule_order(order.pk, slot.pk, by=csr)

        assert asked(SubmissionKind.WORK_ORDER_CHANGE) == 2

    def test_before_the_work_order_asks_nobody(self, market):
        order = make_order(market=market)

        services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=None)

        assert asked(SubmissionKind.WORK_ORDER_CHANGE) == 0

    @pytest.mark.parametrize(
        "status",
        [OrderStatus.DRAFT, OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.PENDING_CANCELLATION],
    )
    def test_is_refused_when_it_is_too_late_or_too_early(self, market, csr, status):
        order = make_order(status, market)

        with pytest.raises(NotAllowed) as refusal:
            services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=csr)

        assert refusal.value.code == "ended"

    def test_is_refused_when_the_technician_is_on_the_way(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        services.record_dispatch(order.work_order_request_id)

        with pytest.raises(NotAllowed) as refusal:
            services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=csr)

        assert refusal.value.code == "dispatched"

    def test_is_refused_while_the_work_order_is(self, market, csr):
        order = make_order(OrderStatus.PENDING, market)
        services.record_work_order_refused(order.work_order_request_id, reason="No")

        with pytest.raises(NotAllowed) as refusal:
            services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=csr)

        assert refusal.value.code == "refused"

    def test_is_refused_to_strangers(self, market):
        order = make_order(market=market)

        with pytest.raises(NotAllowed) as refusal:
            services.reschedule_order(order.pk, open_slots(market.division)[3].pk, by=make_person())

        assert refusal.value.code == "not_permitted"

    def test_is_open_to_who_ordered(self, market):
        person = make_person()
        order = make_order(market=market, by=person)
        slot = open_slots(market.division)[3]

        services.reschedule_order(order.pk, slot.pk, by=person)

        assert again(order).appointment.slot == slot


class TestCorrectOrder:
    def test_corrects_the_contact_here_and_in_the_billing_system(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        details = make_details(name="Robin Corrected")

        changed = services.correct_order(order.pk, details, note="Side door.", by=csr)

        contact = Contact.objects.get()
        assert (contact.name, contact.email, again(order).note) == ("Robin Corrected", details.email, "Side door.")
        assert changed == ["name", "email", "phone", "note"]
        payload = Submission.objects.get(kind=SubmissionKind.WORK_ORDER_CHANGE).payload
        assert (payload["party"]["name"], payload["note"]) == ("Robin Corrected", "Side door.")

    def test_with_what_is_known_changes_nothing(self, market, csr):
        details = make_details()
        order = make_order(OrderStatus.IN_PROGRESS, market, details=details)

        assert services.correct_order(order.pk, details, note="Ring twice.", by=csr) == []
        assert asked(SubmissionKind.WORK_ORDER_CHANGE) == 0

    def test_is_refused_when_it_has_ended(self, market, csr):
        with pytest.raises(NotAllowed):
            services.correct_order(make_order(OrderStatus.CANCELLED, market).pk, make_details(), note="", by=csr)


class TestCancelOrder:
    def test_before_the_work_order_ends_at_once(self, market):
        order = make_order(market=market)

        services.cancel_order(order.pk, CancelReason.CHANGED_MIND, note="Moves to Maine.", by=None)

        order = again(order)
        assert (order.status, order.cancel_note) == (OrderStatus.CANCELLED, "Moves to Maine.")
        assert order.account.status == AccountStatus.CLOSED
        assert (order.appointment.status, order.appointment.slot.booked) == (AppointmentStatus.RELEASED, 0)
        assert {line.status for line in lines_of(order)} == {LineStatus.CANCELLED}
        assert published(OrderCancelled) == [OrderCancelled(order_id=order.pk, reason="changed_mind")]
        assert asked(SubmissionKind.WORK_ORDER_CANCELLATION) == 0

    def test_before_the_technician_asks_the_billing_system(self, market):
        order = make_order(OrderStatus.PENDING_CANCELLATION, market)
        assert asked(SubmissionKind.WORK_ORDER_CANCELLATION) == 1
        assert published(OrderCancelled) == []

        services.record_work_order_cancelled(order.work_order_request_id)

        assert again(order).status == OrderStatus.CANCELLED
        assert again(order).account.status == AccountStatus.CLOSED

    def test_gives_the_billing_system_the_reason_in_the_markets_language(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        with translation.override("es"):
            services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)

        payload = Submission.objects.get(kind=SubmissionKind.WORK_ORDER_CANCELLATION).payload
        assert payload["reason"] == "Changed their mind"

    def test_goes_on_when_the_billing_system_refuses(self, market):
        order = make_order(OrderStatus.PENDING_CANCELLATION, market)

        services.record_cancellation_refused(order.work_order_request_id, reason="Too late")

        assert (again(order).status, again(order).problem) == (OrderStatus.IN_PROGRESS, "Too late")

    def test_with_the_technician_on_the_way_is_assessed_by_a_person(self, market, csr):
        order = make_order(OrderStatus.ASSESSING_CANCELLATION, market)
        assert asked(SubmissionKind.WORK_ORDER_CANCELLATION) == 0
        assert published(CancellationAsked)[0].to_be_decided

        services.approve_cancellation(order.pk, by=csr)

        assert again(order).status == OrderStatus.PENDING_CANCELLATION
        assert asked(SubmissionKind.WORK_ORDER_CANCELLATION) == 1

    def test_goes_on_when_the_person_refuses(self, market, csr):
        order = make_order(OrderStatus.ASSESSING_CANCELLATION, market)

        services.refuse_cancellation(order.pk, reason="Rings at the door already.", by=csr)

        assert again(order).status == OrderStatus.IN_PROGRESS

    def test_of_a_refused_work_order_ends_at_once(self, market):
        order = make_order(OrderStatus.PENDING, market)
        services.record_work_order_refused(order.work_order_request_id, reason="No")

        services.cancel_order(order.pk, CancelReason.TOO_LATE, by=None)

        assert again(order).status == OrderStatus.CANCELLED

    def test_ends_when_the_work_order_turns_out_to_be_refused(self, market):
        order = make_order(OrderStatus.PENDING, market)
        services.cancel_order(order.pk, CancelReason.TOO_LATE, by=None)
        assert again(order).status == OrderStatus.PENDING_CANCELLATION

        services.record_work_order_refused(order.work_order_request_id, reason="No")

        assert again(order).status == OrderStatus.CANCELLED

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (OrderStatus.DRAFT, "wrong_status"),
            (OrderStatus.PARTIAL, "partly_installed"),
            (OrderStatus.COMPLETED, "wrong_status"),
            (OrderStatus.CANCELLED, "wrong_status"),
            (OrderStatus.PENDING_CANCELLATION, "wrong_status"),
            (OrderStatus.REJECTED, "wrong_status"),
        ],
    )
    def test_is_refused_when_there_is_nothing_to_cancel(self, market, csr, status, code):
        order = make_order(status, market)

        with pytest.raises(NotAllowed) as refusal:
            services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=csr)

        assert refusal.value.code == code

    def test_is_refused_to_strangers(self, market):
        with pytest.raises(NotAllowed):
            services.cancel_order(make_order(market=market).pk, CancelReason.CHANGED_MIND, by=make_person())

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_frees_the_slot_once(self):
        order = make_order()

        outcomes = together(*[lambda: services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)] * 2)

        assert len([outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]) == 1
        assert AppointmentSlot.objects.get(pk=order.appointment.slot_id).booked == 0


class TestCloseRemainder:
    def test_completes_an_order_of_which_a_part_works(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        fail_the_rest(order)

        services.close_remainder(order.pk, CancelReason.NOT_INSTALLED, by=csr)

        order = again(order)
        first, *rest = lines_of(order)
        assert (order.status, order.problem) == (OrderStatus.COMPLETED, "")
        assert first.status == LineStatus.COMPLETED
        assert {line.status for line in rest} == {LineStatus.CANCELLED}
        assert progress_of(order).sentence == "What could be installed is ready to use."
        codes = [line.product_id for line in rest]
        assert published(RemainderClosed) == [
            RemainderClosed(order_id=order.pk, products=codes, reason=CancelReason.NOT_INSTALLED)
        ]
        assert published(OrderCompleted) == [OrderCompleted(order_id=order.pk)]

    def test_leaves_what_is_still_on_its_way(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        failed, *others = lines_of(order)[1:]
        services.record_failure(order.work_order_request_id, lines=[failed.line_id], reason="No wire.")

        services.close_remainder(order.pk, CancelReason.MISTAKE, by=csr)
        status_before = again(order).status
        services.record_install(
            order.work_order_request_id,
            lines=[line.line_id for line in others],
            installed_on=today(market.division),
        )

        assert (status_before, again(order).status) == (OrderStatus.PARTIAL, OrderStatus.COMPLETED)

    def test_lets_the_next_order_for_the_home_pass(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        second = make_order(market=market, premises=order.premises)
        works = [line.line_id for line in lines_of(order)][:1]
        services.record_install(order.work_order_request_id, lines=works, installed_on=today(market.division))
        fail_the_rest(order)
        services.close_remainder(order.pk, CancelReason.NOT_INSTALLED, by=csr)

        services.check_order(second.pk)

        assert again(second).status == OrderStatus.PENDING

    def test_makes_a_later_report_of_what_was_closed_a_problem_for_a_person(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        fail_the_rest(order)
        services.close_remainder(order.pk, CancelReason.NOT_INSTALLED, by=csr)

        services.record_install(
            order.work_order_request_id,
            lines=[line.line_id for line in lines_of(order)],
            installed_on=today(market.division),
        )

        order = again(order)
        assert (order.status, order.contested_at is not None) == (OrderStatus.COMPLETED, True)
        assert "of what was cancelled" in order.problem
        services.settle_contest(order.pk, note="Taken out.", by=csr)
        assert (again(order).problem, again(order).contested_at) == ("", None)
        with pytest.raises(NotAllowed):
            services.settle_contest(order.pk, note="Twice.", by=csr)

    def test_asks_the_billing_system_to_cancel_what_is_on_its_way(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        failed, *waiting = lines_of(order)[1:]
        services.record_failure(order.work_order_request_id, lines=[failed.line_id], reason="No wire.")
        names = [line.line_id for line in waiting]

        services.close_remainder(order.pk, CancelReason.TOO_LATE, lines=[failed.line_id, *names], by=csr)

        assert again(order).status == OrderStatus.COMPLETED
        (submission,) = Submission.objects.filter(kind=SubmissionKind.WORK_ORDER_CANCELLATION)
        assert submission.payload == {"reason": "Takes too long", "lines": names}
        services.record_work_order_confirmed(order.work_order_request_id, work_order_id=again(order).work_order_id)
        assert again(order).status == OrderStatus.COMPLETED

    def test_puts_before_a_person_what_the_billing_system_will_not_cancel(self, market, csr):
        order = make_order(OrderStatus.PARTIAL, market)
        rest = [line.line_id for line in lines_of(order)[1:]]
        services.close_remainder(order.pk, CancelReason.TOO_LATE, lines=rest, by=csr)
        fact = {"request_id": "x-close-1", "work_order_request_id": order.work_order_request_id, "lines": rest}

        handlers.record_cancellation_refused(WorkOrderCancellationRefused(**fact, reason="Too late."), None)

        assert (again(order).status, again(order).contested_at is not None) == (OrderStatus.COMPLETED, True)
        assert again(order).problem.endswith("Too late.")
        handlers.record_work_order_cancelled(WorkOrderCancelled(**fact), None)
        assert again(order).status == OrderStatus.COMPLETED

    def test_is_refused_for_what_works_and_for_what_others_rely_on(self, market, csr):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        internet, television, phone, *_rest = lines_of(order)
        services.record_install(order.work_order_request_id, lines=[phone.line_id], installed_on=today(market.division))
        refusals = []

        for lines in ([phone.line_id], [internet.line_id], []):
            with pytest.raises(NotAllowed) as refusal:
                services.close_remainder(order.pk, CancelReason.TOO_LATE, lines=lines, by=csr)
            refusals.append(refusal.value.code)
        services.close_remainder(order.pk, CancelReason.TOO_LATE, lines=[internet.line_id, television.line_id], by=csr)

        assert refusals == ["no_remainder", "relied_on", "no_remainder"]
        assert again(order).status == OrderStatus.PARTIAL

    @pytest.mark.parametrize("status", [OrderStatus.PARTIAL, OrderStatus.FAILED, OrderStatus.COMPLETED])
    def test_is_refused_where_nothing_is_left_that_failed_beside_what_works(self, market, csr, status):
        order = make_order(status, market)

        with pytest.raises(NotAllowed) as refusal:
            services.close_remainder(order.pk, CancelReason.NOT_INSTALLED, by=csr)

        assert (refusal.value.code, again(order).status) == ("no_remainder", status)

    def test_is_refused_to_who_may_not(self, market):
        order = make_order(OrderStatus.PARTIAL, market)
        fail_the_rest(order)

        with pytest.raises(NotAllowed) as refusal:
            services.close_remainder(
                order.pk, CancelReason.NOT_INSTALLED, by=make_person(Role.CSR, make_market().division)
            )

        assert refusal.value.code == "not_permitted"


class TestChangeRefused:
    def test_is_a_problem_for_a_person(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        services.record_change_refused(order.work_order_request_id, change_request_id="x-change-1", reason="Too late")

        assert (again(order).status, again(order).problem) == (OrderStatus.IN_PROGRESS, "Too late")


class TestDrafts:
    def test_nobody_touches_for_long_are_closed_and_their_details_erased(self, market):
        set_value(market.division, DRAFT_DAYS, 10)
        old = make_draft(market)
        with time_machine.travel(now() + timedelta(days=11)):
            fresh = make_draft(market)

            expired = services.expire_old_drafts()

        assert expired == 1
        old = again(old)
        assert (old.status, old.cancel_reason, old.contact, old.note) == (
            OrderStatus.CANCELLED,
            CancelReason.ABANDONED,
            {},
            "",
        )
        assert old.appointment.slot.booked == 0
        assert again(fresh).status == OrderStatus.DRAFT
        assert published(OrderCancelled) == []


class TestDispatch:
    def test_is_remembered(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        services.record_dispatch(order.work_order_request_id)

        assert again(order).work_order_stage == WorkOrderStage.DISPATCHED
