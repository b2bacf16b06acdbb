"""What is asked of a billing system happens once there, or is honestly unknown."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from billing import services
from billing.events import (
    CreditConfirmed,
    CreditRefused,
    SubmissionSetAside,
    SubmissionSettled,
    WorkOrderCancellationRefused,
    WorkOrderCancelled,
    WorkOrderChanged,
    WorkOrderChangeRefused,
    WorkOrderConfirmed,
    WorkOrderRefused,
    WorkOrderUnknown,
)
from billing.models import MOST_TRIES, PostedCredit, Submission
from billing.ports import Credit, Unavailable
from billing.services import submissions
from billing.states import SubmissionStatus
from billing.tasks import look_up_unknown
from billing.testing import make_billing_system, make_work_order
from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.billing.asking import (
    ask_for_work_order,
    ask_to_cancel,
    ask_to_reschedule,
    deliver,
    go_on,
)

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(submission: Submission) -> str:
    submission.refresh_from_db()
    return submission.status


def waiting() -> list[Submission]:
    return list(Submission.objects.all().needing_a_person())


class TestRequestWorkOrder:
    def test_reaches_the_vendor_with_all_that_was_asked(self, system, vendor, request_id):
        submission = ask_for_work_order(system, request_id)

        drain()

        (made,) = vendor.made_under(request_id)
        submission.refresh_from_db()
        assert (submission.status, submission.external_id) == (SubmissionStatus.CONFIRMED, made["id"])
        assert [item["productOffering"]["id"] for item in made["workOrderItem"]] == ["INT-300", "TV-BASIC"]
        assert made["orderTotalPrice"][0]["price"] == {"unit": "USD", "value": "10.00"}
        assert made["appointment"]["validFor"]["startDateTime"] == "2026-12-07T13:00:00+00:00"
        assert made["place"]["streetLine"] == "12 Elm Street"
        assert published(WorkOrderConfirmed) == [WorkOrderConfirmed(request_id=request_id, work_order_id=made["id"])]

    def test_asked_twice_is_asked_once(self, system, vendor, request_id):
        first = ask_for_work_order(system, request_id)
        second = ask_for_work_order(system, request_id)

        drain()

        assert first == second
        assert len(vendor.made_under(request_id)) == 1

    def test_refuses_other_content_under_the_same_id(self, system, request_id):
        ask_for_work_order(system, request_id)

        with pytest.raises(NotAllowed) as refusal:
            ask_for_work_order(system, request_id, work_order=make_work_order(codes=("INT-300",)))

        assert refusal.value.code == "other_content"

    def test_is_refused_by_the_vendor_in_its_own_words(self, system, vendor, request_id):
        submission = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))

        drain()

        assert status_of(submission) == SubmissionStatus.REFUSED
        assert published(WorkOrderRefused) == [
            WorkOrderRefused(request_id=request_id, reason="Product NO-SUCH is not known here. (unknownProduct)")
        ]
        assert vendor.made_under(request_id) == []

    def test_is_put_off_not_refused_where_no_billing_system_is_set(self, db, request_id):
        division = make_division()

        with pytest.raises(ImproperlyConfigured):
            services.request_work_order(
                request_id=request_id, division=division, work_order=make_work_order(), subject=division, by=None
            )

    def test_uses_the_system_that_a_division_inherits(self, system, request_id):
        below = make_division(parent=system.division)

        submission = services.request_work_order(
            request_id=request_id, division=below, work_order=make_work_order(), subject=below, by=None
        )

        assert submission.billing_system == system


class TestChangeAndCancel:
    def test_change_is_taken(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id)
        ask_to_reschedule(work_order, f"{request_id}-2")

        drain()

        (made,) = vendor.made_under(request_id)
        assert made["appointment"]["validFor"]["startDateTime"].startswith("2026-12-09")
        assert published(WorkOrderChanged) == [
            WorkOrderChanged(request_id=f"{request_id}-2", work_order_request_id=request_id)
        ]

    def test_change_is_refused_once_dispatched(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "inProgress")
        ask_to_reschedule(work_order, f"{request_id}-2")

        drain()

        reason = "A technician is on the way. (dispatched)"
        assert published(WorkOrderChangeRefused) == [
            WorkOrderChangeRefused(request_id=f"{request_id}-2", work_order_request_id=request_id, reason=reason)
        ]

    def test_change_that_was_refused_rests_once_another_is_taken(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id)
        drain()
        refused = ask_to_reschedule(work_order, f"{request_id}-2")
        Submission.objects.filter(pk=refused.pk).update(status=SubmissionStatus.REFUSED)
        assert waiting() == [refused]

        ask_to_reschedule(work_order, f"{request_id}-3")
        drain()

        assert waiting() == []

    def test_cancellation_is_taken(self, system, vendor, request_id):
        ask_to_cancel(ask_for_work_order(system, request_id), f"{request_id}-x")

        drain()

        assert vendor.made_under(request_id)[0]["state"] == "cancelled"
        assert published(WorkOrderCancelled) == [
            WorkOrderCancelled(request_id=f"{request_id}-x", work_order_request_id=request_id)
        ]

    def test_cancellation_is_refused_once_dispatched(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id)
        drain()
        vendor.advance(vendor.made_under(request_id)[0]["id"], "inProgress")
        ask_to_cancel(work_order, f"{request_id}-x")

        drain()

        (refused,) = published(WorkOrderCancellationRefused)
        assert refused.reason == "A technician is on the way. (dispatched)"

    def test_cancellation_of_lines_leaves_the_others(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id)
        drain()
        (made,) = vendor.made_under(request_id)
        first, *rest = (item["id"] for item in made["workOrderItem"])
        assert rest
        vendor.advance(made["id"], "completed", items=[first])
        ask_to_cancel(work_order, f"{request_id}-x", lines=rest)

        drain()

        (made,) = vendor.made_under(request_id)
        assert [item["state"] for item in made["workOrderItem"]] == ["completed", *["cancelled" for _line in rest]]
        assert published(WorkOrderCancelled) == [
            WorkOrderCancelled(request_id=f"{request_id}-x", work_order_request_id=request_id, lines=rest)
        ]

    def test_wait_for_the_work_order_and_go_out_in_order(self, system, vendor, request_id):
        vendor.faults(away_seconds=1800)
        with time_machine.travel(now(), tick=False) as clock:
            work_order = ask_for_work_order(system, request_id)
            ask_to_reschedule(work_order, f"{request_id}-2", day=9)
            ask_to_reschedule(work_order, f"{request_id}-3", day=11)
            deliver()
            vendor.behave()
            go_on(clock, 40)

        made = vendor.made_under(request_id)[0]
        assert made["appointment"]["validFor"]["startDateTime"].startswith("2026-12-11")
        assert [fact.request_id for fact in published(WorkOrderChanged)] == [f"{request_id}-2", f"{request_id}-3"]

    def test_are_refused_with_a_work_order_that_is_refused(self, system, vendor, request_id):
        work_order = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))
        change = ask_to_reschedule(work_order, f"{request_id}-2")

        drain()

        assert status_of(change) == SubmissionStatus.REFUSED
        with pytest.raises(NotAllowed):
            ask_to_cancel(work_order, f"{request_id}-x")


class TestLetRest:
    def test_asks_no_person_any_more_until_it_is_sent_again(self, system, request_id):
        refused = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))
        drain()
        assert waiting() == [refused]

        assert [services.let_rest(system.division) for _time in range(2)] == [1, 0]
        assert waiting() == []

        services.resend_submission(refused.pk, by=make_person(Role.OPERATOR, system.division))
        drain()
        assert waiting() == [refused]

    def test_leaves_what_is_on_its_way(self, system, request_id):
        ask_for_work_order(system, request_id)

        assert services.let_rest(system.division) == 0


class TestGrantCredit:
    def credit(self, system, request_id, amount="5.00"):
        return services.grant_credit(
            request_id=request_id,
            division=system.division,
            credit=Credit(account_number="A-1", amount=amount, currency="USD", reason="Goodwill"),
            subject=system.division,
            by=None,
        )

    def test_is_posted_once(self, system, vendor, request_id):
        vendor.faults(fail_after_commit=1)
        with time_machine.travel(now(), tick=False) as clock:
            self.credit(system, request_id)
            deliver()
            go_on(clock, 3)

        (made,) = vendor.made_under(request_id, "credit")
        assert published(CreditConfirmed) == [CreditConfirmed(request_id=request_id, credit_id=made["id"])]

    def test_is_refused(self, system, request_id):
        self.credit(system, request_id, amount="-5.00")

        drain()

        assert [fact.request_id for fact in published(CreditRefused)] == [request_id]

    def test_that_the_billing_system_shows_is_not_settled_as_refused(self, system, vendor, request_id):
        vendor.faults(fail_after_commit=1)
        submission = self.credit(system, request_id)
        deliver()
        shown = {"billing_system": system, "division": system.division, "occurred_at": now(), "request_id": request_id}
        PostedCredit.objects.create(
            **shown, account_number="A-1", credit_id="CR-46", amount="5.00", currency="USD", posted_on=now().date()
        )

        with pytest.raises(NotAllowed, match="CR-46") as refusal:
            services.settle_submission(
                submission.pk,
                SubmissionStatus.REFUSED,
                reason="They say no",
                by=make_person(Role.OPERATOR, system.division),
            )

        assert refusal.value.code == "credited"
        assert status_of(submission) == SubmissionStatus.UNKNOWN

    def test_that_was_refused_waits_for_nobody(self, system, request_id):
        self.credit(system, request_id, amount="-5.00")

        drain()

        assert waiting() == []


class TestAnOutage:
    """The vendor is away: nothing is lost, nothing is given up in silence."""

    def test_of_an_hour_ends_with_one_work_order(self, system, vendor, request_id):
        vendor.faults(away_seconds=3600)
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            deliver()
            assert status_of(submission) == SubmissionStatus.PENDING
            for minute in range(1, 130):
                vendor.clock.write_text(f'{{"offset_seconds": {minute * 60}}}')
                go_on(clock, 1)
                if status_of(submission) == SubmissionStatus.CONFIRMED:
                    break

        assert 60 <= minute <= 95
        assert len(vendor.made_under(request_id)) == 1
        assert published(WorkOrderUnknown) == []

    def test_that_never_ends_is_shown_to_a_person_who_sends_again(self, system, vendor, request_id):
        supervisor = make_person(Role.SUPERVISOR, system.division)
        vendor.faults(away_seconds=10**9)
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            deliver()
            for _half_hour in range(2 * MOST_TRIES):
                clock.shift(timedelta(minutes=31))
                deliver()
            submission.refresh_from_db()
            assert (submission.status, submission.attempts) == (SubmissionStatus.PENDING, MOST_TRIES)
            assert submission.set_aside_at
            assert published(SubmissionSetAside) == [
                SubmissionSetAside(submission_id=submission.pk, request_id=request_id)
            ]

            vendor.behave()
            services.resend_submission(submission.pk, by=supervisor, reason="They are back")
            drain()

        assert status_of(submission) == SubmissionStatus.CONFIRMED
        assert len(vendor.made_under(request_id)) == 1

    def test_is_told_apart_from_a_wrong_token(self, system, monkeypatch, request_id):
        monkeypatch.setenv(f"BILLING_{system.code.upper()}_TOKEN", "wrong")
        submission = ask_for_work_order(system, request_id)

        deliver()

        submission.refresh_from_db()
        assert (submission.status, submission.last_error) == (SubmissionStatus.PENDING, "HTTP 401")

    def test_is_what_a_missing_token_amounts_to(self, system, monkeypatch, tmp_path, request_id):
        name = f"BILLING_{system.code.upper()}_TOKEN"
        monkeypatch.delenv(name)
        submission = ask_for_work_order(system, request_id)
        deliver()
        submission.refresh_from_db()
        assert (submission.status, submission.last_error) == (SubmissionStatus.PENDING, f"{name} is not set.")

        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "not-there-yet"))
        with pytest.raises(Unavailable):
            services.ask_vendor(submission.pk)

    def test_is_what_an_inactive_system_amounts_to(self, system, vendor, request_id):
        system.is_active = False
        system.save()
        submission = ask_for_work_order(system, request_id)

        deliver()

        assert status_of(submission) == SubmissionStatus.PENDING
        assert vendor.made_under(request_id) == []

    def test_where_nobody_listens_is_surely_not_done(self, db, monkeypatch, request_id):
        system = make_billing_system(make_division(), code="nobody")
        monkeypatch.setenv("BILLING_NOBODY_URL", system.base_url)
        monkeypatch.setenv("BILLING_NOBODY_TOKEN", "any")
        submission = ask_for_work_order(system, request_id)

        deliver()

        assert status_of(submission) == SubmissionStatus.PENDING


UNCLEAR = [{"fail_after_commit": 1}, {"hang_up": 1}, {"fail": 1}]


class TestAnUnclearAnswer:
    """A 500 may mean anything: it is looked up, and sent again only if nothing is there."""

    @pytest.mark.parametrize("fault", UNCLEAR, ids=lambda fault: next(iter(fault)))
    def test_is_cleared_up_within_five_minutes(self, system, vendor, request_id, fault):
        vendor.faults(**fault, forget_request_ids=True)  # the look-up alone stands between us and a second one
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            deliver()
            assert status_of(submission) == SubmissionStatus.UNKNOWN
            go_on(clock, 5)

        assert status_of(submission) == SubmissionStatus.CONFIRMED
        (made,) = vendor.made_under(request_id)
        assert submission.external_id == made["id"]
        assert published(WorkOrderUnknown, WorkOrderConfirmed) == [
            WorkOrderUnknown(request_id=request_id),
            WorkOrderConfirmed(request_id=request_id, work_order_id=made["id"]),
        ]

    def test_would_do_harm_without_the_look_up(self, system, vendor, request_id, without_look_up):
        vendor.faults(fail_after_commit=1, forget_request_ids=True)
        with time_machine.travel(now(), tick=False) as clock:
            ask_for_work_order(system, request_id)
            deliver()
            go_on(clock, 5)

        assert len(vendor.made_under(request_id)) == 2

    def test_is_looked_up_again_while_the_vendor_is_away(self, system, vendor, request_id):
        vendor.faults(hang_up=1)
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            deliver()
            vendor.faults(away_seconds=10**6)
            go_on(clock, 20)
            assert status_of(submission) == SubmissionStatus.UNKNOWN
            vendor.behave()
            go_on(clock, 31)

        assert status_of(submission) == SubmissionStatus.CONFIRMED
        assert len(published(WorkOrderUnknown)) == 1

    def test_that_never_clears_up_is_settled_by_a_person(self, system, vendor, request_id):
        supervisor = make_person(Role.SUPERVISOR, system.division)
        vendor.faults(hang_up=1)
        submission = ask_for_work_order(system, request_id)
        deliver()

        services.settle_submission(
            submission.pk, SubmissionStatus.CONFIRMED, external_id="WO-77", reason="They said so", by=supervisor
        )

        submission.refresh_from_db()
        assert (submission.status, submission.external_id) == (SubmissionStatus.CONFIRMED, "WO-77")
        assert (submission.settled_by, submission.settled_reason) == (supervisor, "They said so")
        assert [fact.outcome for fact in published(SubmissionSettled)] == ["confirmed"]
        assert published(WorkOrderConfirmed) == [WorkOrderConfirmed(request_id=request_id, work_order_id="WO-77")]


@pytest.fixture
def without_look_up(monkeypatch):
    """Take the guard out: what is in doubt is sent again, unseen."""
    monkeypatch.setattr(
        submissions._Errand, "run", lambda errand: submissions.port_of(errand.system).send(errand.request)
    )


class TestAWorkerThatWasKilled:
    def leave_sending(self, submission):
        """Do the first step and no other, as a worker does that is killed while it waits for the answer."""
        return submissions._take(submission.pk)

    def test_before_the_vendor_was_asked_loses_nothing(self, system, vendor, request_id):
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            self.leave_sending(submission)
            deliver()  # the outbox comes again while the worker might still live: it is left alone
            assert status_of(submission) == SubmissionStatus.SENDING
            go_on(clock, 3)

        assert status_of(submission) == SubmissionStatus.CONFIRMED
        assert len(vendor.made_under(request_id)) == 1

    def test_after_the_vendor_was_asked_repeats_nothing(self, system, vendor, request_id):
        vendor.faults(forget_request_ids=True)
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            self.leave_sending(submission).run()
            go_on(clock, 3)

        assert status_of(submission) == SubmissionStatus.CONFIRMED
        assert len(vendor.made_under(request_id)) == 1

    def test_would_have_done_harm_without_the_look_up(self, system, vendor, request_id, without_look_up):
        vendor.faults(forget_request_ids=True)
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            self.leave_sending(submission).run()
            go_on(clock, 3)

        assert len(vendor.made_under(request_id)) == 2

    def test_that_lived_after_all_changes_nothing_any_more(self, system, vendor, request_id):
        with time_machine.travel(now(), tick=False) as clock:
            submission = ask_for_work_order(system, request_id)
            self.leave_sending(submission)
            go_on(clock, 3)
            submissions._record_doubt(submission.pk, "I was asleep")
            submissions._record_outage(submission.pk, "I was asleep")
            submissions._record_refusal(submission.pk, "I was asleep")

        assert status_of(submission) == SubmissionStatus.CONFIRMED


class TestTwoWorkersAtOnce:
    """Both were handed the same submission: one asks, the other is told that somebody is at it."""

    def race(self, submission):
        barrier, outcomes = threading.Barrier(2), []

        def work():
            barrier.wait()
            try:
                services.ask_vendor(submission.pk)
                outcomes.append("asked")
            except NotAllowed:
                outcomes.append("left")
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sorted(outcomes)

    def test_ask_once(self, system, vendor, request_id):
        vendor.faults(slow_seconds=0.3, forget_request_ids=True)
        submission = ask_for_work_order(system, request_id)

        outcomes = self.race(submission)

        assert outcomes == ["asked", "left"]
        assert len(vendor.made_under(request_id)) == 1

    def test_would_ask_twice_without_the_lock(self, system, vendor, request_id, monkeypatch):
        both_have_read = threading.Barrier(2)

        def read_without_lock(submission_id):
            submission = Submission.objects.select_related("work_order", "billing_system").get(pk=submission_id)
            if submission.status == SubmissionStatus.PENDING:
                both_have_read.wait(5)
            return submission

        vendor.faults(slow_seconds=0.3, forget_request_ids=True)
        submission = ask_for_work_order(system, request_id)
        monkeypatch.setattr(submissions, "_locked", read_without_lock)

        self.race(submission)

        assert len(vendor.made_under(request_id)) == 2


class TestResendSubmission:
    def test_sends_what_was_refused_once_the_vendor_is_mended(self, system, vendor, request_id):
        operator = make_person(Role.OPERATOR, system.division)
        submission = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NEW",)))
        drain()
        products = vendor.call("GET", "/products")
        vendor.call("PUT", "/products", json=[*products, {"id": "NEW", "name": "New"}])

        services.resend_submission(submission.pk, by=operator, reason="They know it now")
        drain()

        vendor.call("PUT", "/products", json=products)
        assert status_of(submission) == SubmissionStatus.CONFIRMED

    def test_refuses_what_is_confirmed(self, system, request_id):
        submission = ask_for_work_order(system, request_id)
        drain()

        with pytest.raises(NotAllowed) as refusal:
            services.resend_submission(submission.pk, by=make_person(Role.OPERATOR, system.division))

        assert refusal.value.code == "not_resendable"

    @pytest.mark.parametrize("role", [Role.CSR, Role.AUDITOR, Role.CUSTOMER])
    def test_is_not_for_everybody(self, system, request_id, role):
        submission = ask_for_work_order(system, request_id, work_order=make_work_order(codes=("NO-SUCH",)))
        drain()

        with pytest.raises(NotAllowed) as refusal:
            services.resend_submission(submission.pk, by=make_person(role, system.division))

        assert refusal.value.code == "not_permitted"


class TestSettleSubmission:
    def test_refuses_what_is_on_its_way(self, system, request_id):
        submission = ask_for_work_order(system, request_id)

        with pytest.raises(NotAllowed) as refusal:
            services.settle_submission(
                submission.pk,
                SubmissionStatus.REFUSED,
                reason="No",
                by=make_person(Role.OPERATOR, system.division),
            )

        assert refusal.value.code == "not_settleable"

    @pytest.mark.parametrize(
        ("answers", "code"),
        [
            ({"outcome": SubmissionStatus.CONFIRMED, "reason": "Seen"}, "no_external_id"),
            ({"outcome": SubmissionStatus.REFUSED, "reason": ""}, "no_reason"),
            ({"outcome": SubmissionStatus.PENDING, "reason": "Seen"}, "no_outcome"),
        ],
    )
    def test_needs_the_whole_answer(self, system, vendor, request_id, answers, code):
        vendor.faults(fail=1)
        submission = ask_for_work_order(system, request_id)
        deliver()

        with pytest.raises(NotAllowed) as refusal:
            services.settle_submission(submission.pk, by=make_person(Role.OPERATOR, system.division), **answers)

        assert refusal.value.code == code
        assert status_of(submission) == SubmissionStatus.UNKNOWN

    def test_as_refused_lets_the_others_know(self, system, vendor, request_id):
        vendor.faults(fail=1)
        submission = ask_for_work_order(system, request_id)
        deliver()

        services.settle_submission(
            submission.pk,
            SubmissionStatus.REFUSED,
            reason="They will not",
            by=make_person(Role.OPERATOR, system.division),
        )

        assert published(WorkOrderRefused) == [WorkOrderRefused(request_id=request_id, reason="They will not")]
        look_up_unknown()
        assert status_of(submission) == SubmissionStatus.REFUSED
