"""Whatever goes wrong, in whatever sequence: one work order at the vendor at most, and never an untrue status."""

import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from billing import services
from billing.events import WorkOrderCancelled, WorkOrderChanged, WorkOrderConfirmed
from billing.models import Submission
from billing.services import submissions
from billing.states import OPEN, SubmissionKind, SubmissionStatus
from billing.tasks import poll_billing_systems
from billing.testing import make_work_order
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.billing.asking import ask_for_work_order, ask_to_cancel, ask_to_reschedule, deliver, go_on
from tests.billing.test_facts import poll_from_here

pytestmark = pytest.mark.django_db(transaction=True)

COLLECTIONS = {
    SubmissionKind.WORK_ORDER: "workOrder",
    SubmissionKind.WORK_ORDER_CHANGE: "changeWorkOrder",
    SubmissionKind.WORK_ORDER_CANCELLATION: "cancelWorkOrder",
}


class HarmDone(AssertionError):  # noqa: N818
    """Two where one was asked for."""


class Asking(RuleBasedStateMachine):
    """
    We ask, the vendor fails, workers are killed, time passes, people press buttons.

    The vendor forgets request ids all the while: nothing but our own care prevents a second work order.
    """

    system: Any
    vendor: Any
    operator: Any
    work_orders = Bundle("work_orders")

    def __init__(self) -> None:
        super().__init__()
        self.vendor.behave()
        self.vendor.faults(forget_request_ids=True)
        self.travelling = time_machine.travel(now(), tick=False)
        self.clock = self.travelling.start()
        self.asked: list[str] = []

    def new_id(self) -> str:
        self.asked.append(f"any-{uuid.uuid4()}")
        return self.asked[-1]

    @rule(target=work_orders, code=st.sampled_from(["INT-300", "INT-300", "INT-300", "NO-SUCH"]))
    def ask(self, code: str) -> Submission:
        return ask_for_work_order(self.system, self.new_id(), work_order=make_work_order(codes=(code,)))

    @rule(work_order=work_orders, act=st.sampled_from([ask_to_reschedule, ask_to_cancel]))
    def ask_about(self, work_order: Submission, act: Callable[..., Submission]) -> None:
        request_id = self.new_id()
        try:
            act(work_order, request_id)
        except NotAllowed as refusal:
            assert refusal.code == "refused"  # noqa: PT017  # a machine's rule, not a test
            self.asked.remove(request_id)

    @rule(fault=st.sampled_from(["fail", "fail_after_commit", "hang_up"]), times=st.integers(1, 3))
    def let_the_vendor_fail(self, fault: str, times: int) -> None:
        self.vendor.faults(**{fault: times})

    @rule(seconds=st.sampled_from([0, 10**7]))
    def let_the_vendor_go_or_come_back(self, seconds: int) -> None:
        self.vendor.faults(away_seconds=seconds)

    @rule(has_asked=st.booleans())
    def kill_a_worker(self, has_asked: bool) -> None:  # noqa: FBT001
        waiting = Submission.objects.filter(request_id__in=self.asked, status__in=OPEN).order_by("?").first()
        if waiting is None:
            return
        try:
            errand = submissions._take(waiting.pk)
        except NotAllowed:
            return
        if has_asked:
            try:
                errand.run()
            except (submissions.Refused, submissions.Unavailable, submissions.Unclear):
                return

    @rule(minutes=st.integers(1, 6))
    def let_time_pass(self, minutes: int) -> None:
        go_on(self.clock, minutes)

    @rule(work_order=consumes(work_orders), state=st.sampled_from(["inProgress", "completed", "failed"]))
    def let_the_technician_come(self, work_order: Submission, state: str) -> None:
        for made in self.vendor.made_under(work_order.request_id):
            self.vendor.http.post(f"/_sandbox/workOrder/{made['id']}", json={"state": state})

    @rule()
    def poll(self) -> None:
        poll_billing_systems()

    @rule(work_order=work_orders)
    def press_resend(self, work_order: Submission) -> None:
        try:
            services.resend_submission(work_order.pk, by=self.operator)
        except NotAllowed:
            return

    @invariant()
    def never_two_and_never_untrue(self) -> None:
        for submission in Submission.objects.filter(request_id__in=self.asked):
            made = self.vendor.made_under(submission.request_id, COLLECTIONS[SubmissionKind(submission.kind)])
            if len(made) > 1:
                raise HarmDone(submission)
            if submission.status == SubmissionStatus.CONFIRMED:
                assert [document["id"] for document in made] == [submission.external_id]
            elif submission.status in {SubmissionStatus.PENDING, SubmissionStatus.REFUSED}:
                assert made == [], (submission, submission.status)

    def teardown(self) -> None:
        try:
            self.vendor.behave()
            self.vendor.faults(forget_request_ids=True)
            go_on(self.clock, 65)
            deliver()
            self.never_two_and_never_untrue()
            self.all_have_ended_and_were_told_of_once()
        finally:
            self.travelling.stop()

    def all_have_ended_and_were_told_of_once(self) -> None:
        rows = Submission.objects.filter(request_id__in=self.asked)
        assert sorted(row.request_id for row in rows) == sorted(self.asked)
        ended = {SubmissionStatus.CONFIRMED, SubmissionStatus.REFUSED}
        assert {row.status for row in rows} <= ended, [(row, row.status, row.last_error) for row in rows]
        told = Counter(fact.request_id for fact in published(WorkOrderConfirmed, WorkOrderChanged, WorkOrderCancelled))
        confirmed = {row.request_id for row in rows if row.status == SubmissionStatus.CONFIRMED}
        assert {request_id: times for request_id, times in told.items() if request_id in self.asked} == dict.fromkeys(
            confirmed, 1
        )


def run(system, vendor, *, examples: int) -> None:
    poll_from_here(system, vendor)
    people = {"operator": make_person(Role.OPERATOR, system.division)}
    machine = type("AskingHere", (Asking,), {"system": system, "vendor": vendor, **people})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_sequence_of_faults_ends_well(system, vendor):
    run(system, vendor, examples=15)


def test_any_sequence_would_end_badly_without_the_look_up(system, vendor, monkeypatch):
    monkeypatch.setattr(
        submissions._Errand, "run", lambda errand: submissions.port_of(errand.system).send(errand.request)
    )

    with pytest.raises(HarmDone):
        run(system, vendor, examples=15)
