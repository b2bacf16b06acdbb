"""From a submitted order to services that work."""

from datetime import timedelta

import pytest

from accounts.services import set_standing
from accounts.states import AccountStatus, Standing
from accounts.testing import make_account, make_details
from billing.models import Submission
from billing.ports import WorkOrder, thawed
from billing.states import SubmissionKind
from catalog.models import Charge, Product
from foundation.divisions.services import set_value
from foundation.divisions.settings import LANGUAGES
from foundation.divisions.testing import make_division
from foundation.events.services import deliver_next
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import services
from orders.events import (
    OrderAccepted,
    OrderCompleted,
    OrderHeld,
    OrderInProgress,
    ServicesFailed,
    ServicesInstalled,
    TechnicianDispatched,
)
from orders.models import InstalledService, Order
from orders.queries import lines_of, progress_of
from orders.states import AppointmentStatus, CancelReason, HoldReason, LineStatus, OrderStatus, WorkOrderStage
from orders.testing import bring_to, make_draft, make_market, make_order
from territory.models import Occupancy
from territory.states import ProductFamily


@pytest.fixture
def market(db):
    return make_market()


def again(order):
    return Order.objects.get(pk=order.pk)


def install(order, *positions):
    lines = [line.line_id for line in lines_of(order) if not positions or line.position in positions]
    return services.record_install(order.work_order_request_id, lines=lines, installed_on=today(order.division))


class TestCheckOrder:
    def test_accepts_what_nothing_speaks_against(self, market):
        order = make_order(market=market)

        services.check_order(order.pk)

        assert again(order).status == OrderStatus.PENDING
        assert published(OrderAccepted) == [OrderAccepted(order_id=order.pk)]

    @pytest.mark.parametrize("same", ["email", "phone"])
    def test_lets_a_person_decide_where_the_same_contact_owes(self, market, same):
        owing = make_details()
        set_standing(make_account(market.division, details=owing).pk, Standing.DELINQUENT, by=None)
        order = make_order(market=market, details=make_details(**{same: getattr(owing, same)}))

        services.check_order(order.pk)

        order = again(order)
        assert (order.status, order.hold_reason) == (OrderStatus.HELD, HoldReason.DELINQUENT)
        assert order.hold_reminder_at
        assert published(OrderHeld) == [OrderHeld(order_id=order.pk, reason=HoldReason.DELINQUENT)]

    def test_names_an_overdue_account_to_its_own_market_only(self, market):
        owing = make_details()
        elsewhere = make_account(make_division(), details=owing)
        set_standing(elsewhere.pk, Standing.DELINQUENT, by=None)
        order = make_order(market=market, details=make_details(email=owing.email))

        services.check_order(order.pk)

        order = again(order)
        assert order.hold_reason == HoldReason.DELINQUENT
        assert elsewhere.number not in order.hold_note
        assert "another market" in order.hold_note

    def test_lets_a_person_decide_about_a_second_order_for_a_home(self, market):
        first = make_order(OrderStatus.PENDING, market)
        second = make_order(market=market, premises=first.premises)

        services.check_order(second.pk)

        second = again(second)
        assert (second.status, second.hold_reason) == (OrderStatus.HELD, HoldReason.TO_CLARIFY)
        assert first.number in second.hold_note
        assert again(first).status == OrderStatus.PENDING

    def test_accepts_a_new_order_for_a_home_whose_first_was_cancelled(self, market):
        first = make_order(OrderStatus.CANCELLED, market)
        second = make_order(market=market, premises=first.premises)

        services.check_order(second.pk)

        assert again(second).status == OrderStatus.PENDING

    def test_is_done_once(self, market):
        order = make_order(market=market)
        services.check_order(order.pk)

        with pytest.raises(NotAllowed, match="checked before"):
            services.check_order(order.pk)

    def test_leads_to_acceptance_by_a_person(self, market):
        order = make_order(OrderStatus.HELD, market)

        services.release_order(order.pk, by=make_person(Role.CSR, market.division))

        assert again(order).status == OrderStatus.PENDING
        assert again(order).hold_reason == ""

    @pytest.mark.parametrize(
        "act",
        [
            lambda order, by: services.reject_order(order.pk, note="", by=by),
            lambda order, by: services.release_order(order.pk, by=by),
            lambda order, by: services.hold_order(
                order.pk, HoldReason.TO_CLARIFY, note="", reminder_at=order.created_at, by=by
            ),
        ],
    )
    def test_is_refused_to_who_may_not(self, market, act):
        order = make_order(market=market)

        with pytest.raises(NotAllowed) as refusal:
            act(order, make_person(Role.CSR, make_market().division))

        assert refusal.value.code == "not_permitted"


class TestRejectOrder:
    def test_frees_slot_account_and_lines(self, market):
        order = make_order(OrderStatus.REJECTED, market)

        assert order.account.status == AccountStatus.CLOSED
        assert order.appointment.status == AppointmentStatus.RELEASED
        assert order.appointment.slot.booked == 0
        assert {line.status for line in lines_of(order)} == {LineStatus.CANCELLED}

    def test_is_refused_once_accepted(self, market):
        order = make_order(OrderStatus.PENDING, market)

        with pytest.raises(NotAllowed) as refusal:
            services.reject_order(order.pk, note="", by=make_person(Role.CSR, market.division))

        assert refusal.value.code == "accepted_before"


class TestRequestWorkOrder:
    def test_asks_for_what_the_customer_was_shown(self, market):
        order = make_order(OrderStatus.PENDING, market)

        submission = Submission.objects.get()
        asked, quote = thawed(WorkOrder, submission.payload), order.quoted
        assert submission.request_id == order.work_order_request_id
        assert (asked.order_number, asked.note) == (order.number, "Ring twice.")
        assert [(line.line_id, line.product_code, line.recurring, line.one_time) for line in asked.lines] == [
            (line.line_id, line.product_id, line.recurring, line.one_time) for line in lines_of(order)
        ]
        amounts = asked.amounts
        assert (amounts.due_today, amounts.monthly, amounts.monthly_after) == (
            quote.due_today,
            quote.monthly,
            quote.monthly_after,
        )
        assert asked.appointment.starts_at == order.appointment.slot.starts_at
        assert asked.party.account_number == order.account.number
        assert order.work_order_stage == WorkOrderStage.ASKED

    @pytest.mark.parametrize(
        ("languages", "product", "tax"), [("en, es", "Line", "Tax"), ("es, en", "Línea", "Impuesto")]
    )
    def test_names_things_in_the_markets_language_whatever_the_customers(self, market, languages, product, tax):
        set_value(market.division, LANGUAGES, languages)
        Product.objects.update(names={"en": "Line", "es": "Línea"})
        Charge.objects.update(names={"en": "Tax", "es": "Impuesto"})
        draft = make_draft(market)
        Order.objects.filter(pk=draft.pk).update(language="es")

        bring_to(again(draft), OrderStatus.PENDING)

        asked = thawed(WorkOrder, Submission.objects.get().payload)
        assert {line.name for line in asked.lines} == {product}
        assert {due.name for due in asked.amounts.taxes} == {tax}
        assert asked.party.language == "es"

    def test_asks_once(self, market):
        order = make_order(OrderStatus.PENDING, market)

        with pytest.raises(NotAllowed):
            services.request_work_order(order.pk, by=None)

        assert Submission.objects.count() == 1

    def test_is_refused_while_the_order_is_held(self, market):
        with pytest.raises(NotAllowed):
            services.request_work_order(make_order(OrderStatus.HELD, market).pk, by=None)

    def test_is_made_good_when_an_order_is_released_that_was_held_before_it_was_asked_for(self, market):
        order = make_order(OrderStatus.ACKNOWLEDGED, market)
        by = make_person(Role.SUPERVISOR, market.division)
        services.check_order(order.pk)
        services.hold_order(order.pk, HoldReason.TO_CLARIFY, note="A dog?", reminder_at=now(), by=by)
        while deliver_next():
            pass
        assert not Submission.objects.filter(request_id=order.work_order_request_id).exists()

        services.release_order(order.pk, by=by)
        while deliver_next():
            pass

        assert Submission.objects.filter(request_id=order.work_order_request_id).count() == 1


class TestRecordWorkOrderConfirmed:
    def test_starts_the_lines_and_lets_tv_wait_for_internet(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        assert [line.status for line in lines_of(order)] == [
            LineStatus.IN_PROGRESS,
            LineStatus.PENDING,
            LineStatus.IN_PROGRESS,
            LineStatus.IN_PROGRESS,
        ]
        assert progress_of(order).waiting == (f"{lines_of(order)[1].names} waits for {lines_of(order)[0].names}.",)

    def test_told_again_changes_nothing(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        services.record_work_order_confirmed(order.work_order_request_id, work_order_id=order.work_order_id)

        assert again(order).status == OrderStatus.IN_PROGRESS

    def test_after_unknown_and_a_refusal_brings_the_order_back(self, market):
        order = make_order(OrderStatus.PENDING, market)
        services.record_work_order_unknown(order.work_order_request_id)
        assert again(order).work_order_stage == WorkOrderStage.UNKNOWN

        services.record_work_order_refused(order.work_order_request_id, reason="Unknown product")
        held = again(order)
        assert (held.status, held.hold_reason, held.problem) == (
            OrderStatus.HELD,
            HoldReason.WORK_ORDER_REFUSED,
            "Unknown product",
        )
        with pytest.raises(NotAllowed, match="Send it again"):
            services.release_order(order.pk, by=make_person(Role.CSR, market.division))

        services.record_work_order_confirmed(order.work_order_request_id, work_order_id="WO-9")

        assert (again(order).status, again(order).hold_reason) == (OrderStatus.IN_PROGRESS, "")

    def test_of_an_order_that_has_ended_cancels_it_there_too(self, market):
        order = make_order(OrderStatus.PENDING, market)
        services.record_work_order_refused(order.work_order_request_id, reason="No")
        services.cancel_order(order.pk, CancelReason.TOO_LATE, by=None)
        Submission.objects.update(status="confirmed", external_id="WO-9")

        services.record_work_order_confirmed(order.work_order_request_id, work_order_id="WO-9")

        assert Submission.objects.filter(kind=SubmissionKind.WORK_ORDER_CANCELLATION).count() == 1
        assert again(order).status == OrderStatus.CANCELLED

    @pytest.mark.parametrize("is_known", [True, False])
    def test_that_comes_after_the_cancellation_cancels_nothing_again(self, market, is_known):
        order = make_order(OrderStatus.IN_PROGRESS if is_known else OrderStatus.PENDING, market)
        services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)
        services.record_work_order_cancelled(order.work_order_request_id)

        for _twice in range(2):
            services.record_work_order_confirmed(order.work_order_request_id, work_order_id=f"WO-{order.pk}")

        assert Submission.objects.filter(kind=SubmissionKind.WORK_ORDER_CANCELLATION).count() == 1
        assert again(order).status == OrderStatus.CANCELLED

    def test_told_again_keeps_what_the_billing_system_said_since(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        services.record_change_refused(order.work_order_request_id, change_request_id="x-change-1", reason="Too late")

        services.record_work_order_confirmed(order.work_order_request_id, work_order_id=order.work_order_id)

        assert again(order).problem == "Too late"
        assert published(OrderInProgress) == [OrderInProgress(order_id=order.pk)]

    def test_of_a_stranger_is_refused(self, db):
        with pytest.raises(NotAllowed):
            services.record_work_order_confirmed("order-0", work_order_id="WO-0")


class TestRecordInstall:
    def test_of_all_lines_completes_the_order(self, market):
        order = make_order(OrderStatus.COMPLETED, market)

        assert order.completed_at
        assert order.account.status == AccountStatus.ACTIVE
        services_ = InstalledService.objects.filter(account=order.account)
        assert {service.product_id for service in services_} == {line.product_id for line in lines_of(order)}
        assert set(Occupancy.objects.values_list("family", flat=True)) == {
            ProductFamily.INTERNET,
            ProductFamily.VIDEO,
            ProductFamily.VOICE,
        }
        assert published(OrderCompleted) == [OrderCompleted(order_id=order.pk)]

    def test_of_some_says_how_many_are_ready_and_starts_what_waited(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        install(order, 1, 4)

        order = again(order)
        assert order.status == OrderStatus.PARTIAL
        assert progress_of(order).sentence == "2 of 4 services are ready."
        assert lines_of(order)[1].status == LineStatus.IN_PROGRESS

    def test_of_the_rest_later_completes_it(self, market):
        order = make_order(OrderStatus.PARTIAL, market)

        install(order)

        assert again(order).status == OrderStatus.COMPLETED
        assert InstalledService.objects.count() == 4

    def test_told_twice_changes_nothing(self, market):
        order = make_order(OrderStatus.COMPLETED, market)

        install(order)

        assert InstalledService.objects.count() == 4
        assert len(published(ServicesInstalled)) == 1

    def test_before_the_confirmation_counts_all_the_same(self, market):
        order = make_order(OrderStatus.PENDING, market)

        install(order)
        services.record_work_order_confirmed(order.work_order_request_id, work_order_id="WO-1")

        assert again(order).status == OrderStatus.COMPLETED
        assert again(order).work_order_id == "WO-1"

    def test_while_it_was_being_cancelled_wins(self, market):
        order = make_order(OrderStatus.PENDING_CANCELLATION, market)

        install(order)
        services.record_cancellation_refused(order.work_order_request_id, reason="Done already")

        assert (again(order).status, again(order).problem) == (OrderStatus.COMPLETED, "")

    def test_of_a_cancelled_order_is_a_problem_for_a_person(self, market):
        order = make_order(OrderStatus.CANCELLED, market)

        install(order)

        assert "of what was cancelled" in again(order).problem
        assert not InstalledService.objects.exists()

    def test_where_somebody_else_has_service_is_kept_with_the_problem(self, market):
        one, other = (make_order(OrderStatus.IN_PROGRESS, market) for _twice in range(2))
        Order.objects.filter(pk=other.pk).update(premises=one.premises)

        install(one)
        install(other)

        assert again(other).status == OrderStatus.COMPLETED
        assert "already" in again(other).problem


class TestWorkOrderStage:
    @pytest.mark.parametrize(
        ("status", "stage"),
        [
            (OrderStatus.PARTIAL, WorkOrderStage.PARTLY),
            (OrderStatus.COMPLETED, WorkOrderStage.INSTALLED),
            (OrderStatus.FAILED, WorkOrderStage.FAILED),
        ],
    )
    def test_moves_on_with_the_report_and_not_back(self, market, status, stage):
        order = make_order(status, market)
        assert order.work_order_stage == stage

        services.record_work_order_confirmed(order.work_order_request_id, work_order_id="WO-1")

        assert again(order).work_order_stage == stage

    @pytest.mark.parametrize("status", [OrderStatus.COMPLETED, OrderStatus.FAILED])
    def test_is_not_undone_by_a_late_word_of_setting_out(self, market, status):
        order = make_order(status, market)

        services.record_dispatch(order.work_order_request_id)

        assert again(order).work_order_stage == order.work_order_stage

    def test_of_a_failed_order_that_works_after_all_is_installed(self, market):
        order = make_order(OrderStatus.FAILED, market)

        install(order)

        assert again(order).work_order_stage == WorkOrderStage.INSTALLED


class TestRecordFailure:
    def test_of_all_lines_fails_the_order_until_it_works_after_all(self, market):
        order = make_order(OrderStatus.FAILED, market)
        assert {line.status for line in lines_of(order)} == {LineStatus.FAILED}
        assert order.problem == "Nobody at home."

        install(order)

        assert again(order).status == OrderStatus.COMPLETED

    def test_of_some_leaves_the_others(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        services.record_failure(order.work_order_request_id, lines=[lines_of(order)[2].line_id], reason="No wire.")

        assert again(order).status == OrderStatus.IN_PROGRESS
        assert lines_of(order)[2].problem == "No wire."

    def test_leaves_what_works(self, market):
        order = make_order(OrderStatus.COMPLETED, market)

        services.record_failure(
            order.work_order_request_id, lines=[line.line_id for line in lines_of(order)], reason="Late news."
        )

        assert again(order).status == OrderStatus.COMPLETED

    def test_told_twice_changes_nothing(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        line = lines_of(order)[2]
        services.record_failure(order.work_order_request_id, lines=[line.line_id], reason="No wire.")

        services.record_failure(order.work_order_request_id, lines=[line.line_id], reason="Still no wire.")

        assert published(ServicesFailed) == [ServicesFailed(order_id=order.pk, products=[line.product_id])]
        assert again(order).problem == "No wire."


class TestRecordDispatch:
    @pytest.mark.parametrize("ends_in", [None, OrderStatus.COMPLETED])
    def test_told_twice_is_told_on_once(self, market, ends_in):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        services.record_dispatch(order.work_order_request_id)
        if ends_in:
            install(order)

        services.record_dispatch(order.work_order_request_id)

        assert published(TechnicianDispatched) == [TechnicianDispatched(order_id=order.pk)]


class TestReportsInAnyOrder:
    @pytest.mark.parametrize("arrives_first", [0, 1])
    def test_leave_a_technician_at_home_who_has_reported_since(self, market, arrives_first):
        order = make_order(OrderStatus.IN_PROGRESS, market)

        self.hear(order, [self.setting_out(1), self.first_line_installed(2)], arrives_first)

        assert (again(order).status, again(order).work_order_stage) == (OrderStatus.PARTIAL, WorkOrderStage.PARTLY)

    @pytest.mark.parametrize("arrives_first", [0, 1])
    def test_know_who_has_set_out_for_the_rest(self, market, arrives_first):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        self.setting_out(0)(order)

        self.hear(order, [self.first_line_installed(1), self.setting_out(2)], arrives_first)

        assert (again(order).status, again(order).work_order_stage) == (OrderStatus.PARTIAL, WorkOrderStage.DISPATCHED)

    @pytest.mark.parametrize("arrives_first", [0, 1])
    def test_keep_the_window_that_was_given_last(self, market, arrives_first):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        booked = order.appointment.starts_at

        self.hear(order, [self.window(1, hours=1), self.window(2, hours=3)], arrives_first)

        assert again(order).appointment.starts_at == booked + timedelta(hours=3)

    def hear(self, order, reports, arrives_first):
        for report in (reports[arrives_first], reports[1 - arrives_first]):
            report(again(order))

    def setting_out(self, hour):
        return lambda order: services.record_dispatch(order.work_order_request_id, at=self.at(order, hour))

    def first_line_installed(self, hour):
        return lambda order: services.record_install(
            order.work_order_request_id,
            lines=[lines_of(order)[0].line_id],
            installed_on=self.at(order, hour).date(),
            at=self.at(order, hour),
        )

    def window(self, hour, *, hours):
        def report(order):
            slot = order.appointment.slot
            services.record_window(
                order.work_order_request_id,
                starts_at=slot.starts_at + timedelta(hours=hours),
                ends_at=slot.ends_at + timedelta(hours=hours),
                at=self.at(order, hour),
            )

        return report

    def at(self, order, hour):
        return order.created_at + timedelta(hours=hour)


class TestRecordWindow:
    def test_tells_another_window_than_was_booked(self, market):
        order = make_order(OrderStatus.IN_PROGRESS, market)
        slot = order.appointment.slot
        later = {"starts_at": slot.starts_at + timedelta(hours=1), "ends_at": slot.ends_at + timedelta(hours=1)}

        services.record_window(order.work_order_request_id, **later)

        appointment = again(order).appointment
        assert (appointment.starts_at, appointment.ends_at) == (later["starts_at"], later["ends_at"])

    def test_is_refused_where_nobody_comes(self, market):
        order = make_order(OrderStatus.CANCELLED, market)

        with pytest.raises(NotAllowed):
            services.record_window(
                order.work_order_request_id, starts_at=order.created_at, ends_at=order.created_at + timedelta(hours=1)
            )
