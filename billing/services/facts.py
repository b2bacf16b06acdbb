"""
What billing systems tell us: by webhook and when polled, through the same door, each fact once.

Facts come twice, late, and in any order. A report is a whole work order at a version, so the newest wins, and what
is published is what it adds to the one before: whatever the order of arrival, the end is the same.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from billing.events import (
    InstallReported,
    WorkOrderDispatched,
    WorkOrderFailed,
    WorkOrderScheduled,
)
from billing.models import BillingSystem, InboundFact, Polling, Submission
from billing.ports import (
    AccountReport,
    Appointment,
    BillingReport,
    LineReport,
    Unavailable,
    Unclear,
    VendorFact,
    WorkOrderReport,
    frozen,
    thawed,
)
from billing.services.accounts import apply_account_fact
from billing.services.submissions import confirm
from billing.services.systems import port_of
from billing.states import FactOutcome, SubmissionKind, SubmissionStatus, WorkOrderState
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.now import now

log = structlog.get_logger(__name__)

MOST_PAGES = 50
"""Pages in one polling; the next one goes on."""

SCHEDULED_OR_LATER = {
    WorkOrderState.SCHEDULED,
    WorkOrderState.DISPATCHED,
    WorkOrderState.INSTALLED,
    WorkOrderState.PARTLY_INSTALLED,
}


# The two doors.


def receive_webhook(system_code: str, headers: Mapping[str, str], body: bytes) -> bool:
    """
    Keep and apply what a billing system posted to us; tell whether it was new.

    :raises BillingSystem.DoesNotExist: if no active system has this code
    :raises Forged: if the signature or its time is wrong
    :raises ValueError: if it is signed, but cannot be read
    :raises Unavailable: if we lack the means to judge it; the vendor tries again later
    """
    system = BillingSystem.objects.select_related("division").get(code=system_code, is_active=True)
    return receive_fact(system, port_of(system).read_webhook(headers, body, now()))


def poll_billing_system(system_id: int) -> int:
    """
    Read what a billing system has told since the last time, and return how many facts were new to us.

    Whatever fails with one system is noted at it, and is no reason not to read the others.
    """
    system = BillingSystem.objects.select_related("division").get(pk=system_id)
    polling, _is_new = Polling.objects.get_or_create(billing_system=system)
    new, problem = 0, ""
    try:
        new = _read_on(system, polling)
    except (Unavailable, Unclear) as outage:
        problem = str(outage)
    except Exception as failure:
        log.exception("polling_failed", system=system.code)
        problem = _("%(kind)s: see the log.") % {"kind": type(failure).__name__}
    Polling.objects.filter(pk=polling.pk).update(polled_at=now(), error=problem)
    return new


def _read_on(system: BillingSystem, polling: Polling) -> int:
    port, new = port_of(system), 0
    for _page in range(MOST_PAGES):
        changes = port.changes_since(polling.cursor)
        new += sum(receive_fact(system, fact) for fact in changes.facts)
        polling.cursor = changes.cursor  # behind facts that are all committed by now
        polling.save(update_fields=["cursor"])
        if not changes.more:
            break
    return new


@transaction.atomic
def receive_fact(system: BillingSystem, fact: VendorFact) -> bool:
    """Keep a fact and apply it, in one transaction; tell whether it was new. Told again, it changes nothing."""
    row, is_new = InboundFact.objects.get_or_create(
        billing_system=system,
        event_id=fact.event_id,
        defaults={
            "kind": fact.kind,
            "request_id": fact.report.request_id if isinstance(fact.report, WorkOrderReport | BillingReport) else "",
            "payload": dict(fact.raw),
            "report": frozen(fact.report),
            "outcome": FactOutcome.UNREADABLE if fact.trouble else FactOutcome.WAITING,
            "trouble": fact.trouble,
            "occurred_at": fact.occurred_at,
        },
    )
    if is_new and not fact.trouble:
        _apply(row, fact.report)
    return is_new


@transaction.atomic
def apply_waiting_facts(submission_id: int) -> None:
    """Apply the facts that arrived before we knew the submission that they are about."""
    submission = Submission.objects.get(pk=submission_id)
    waiting = InboundFact.objects.filter(
        billing_system=submission.billing_system, request_id=submission.request_id, outcome=FactOutcome.WAITING
    )
    for row in waiting.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        _apply(row, thawed(WorkOrderReport, row.report))


# What a fact changes.


def _apply(row: InboundFact, report: WorkOrderReport | AccountReport | None) -> None:
    if isinstance(report, WorkOrderReport):
        row.outcome = _apply_report(row, report)
    elif report is not None:
        row.outcome = apply_account_fact(row, report)
    else:
        row.outcome = FactOutcome.KEPT
    if row.outcome not in {FactOutcome.WAITING, FactOutcome.UNREADABLE}:
        row.applied_at = now()
    row.save(update_fields=["outcome", "trouble", "applied_at"])


def _apply_report(row: InboundFact, report: WorkOrderReport) -> FactOutcome:
    submission = (
        Submission.objects.locked()
        .select_related("work_order", "division")
        .filter(billing_system=row.billing_system, kind=SubmissionKind.WORK_ORDER, request_id=report.request_id)
        .first()
    )
    if submission is None or submission.status == SubmissionStatus.REFUSED:
        return FactOutcome.WAITING
    if submission.is_open:  # the report was faster than the answer, or the answer was lost
        confirm(submission, report.work_order_id)
    if submission.external_id != report.work_order_id:
        return FactOutcome.WAITING
    if report.version <= submission.report_version:
        return FactOutcome.SUPERSEDED
    before = thawed(WorkOrderReport, submission.report) if submission.report else None
    submission.report, submission.report_version = frozen(report), report.version
    submission.save(update_fields=["report", "report_version"])
    for fact in _news(submission, before, report, row):
        concerned = submission.concerned()
        publish(fact, subject=submission, about=concerned, division=submission.division, by=None, at=row.occurred_at)
    return FactOutcome.APPLIED


def _news(
    submission: Submission, before: WorkOrderReport | None, after: WorkOrderReport, row: InboundFact
) -> Iterator[Fact]:
    """Say what a report adds to the one before it."""
    request_id = submission.request_id
    window = after.appointment
    if window and after.state in SCHEDULED_OR_LATER and window != _window_given_by(before):
        starts_at, ends_at = window.starts_at.isoformat(), window.ends_at.isoformat()
        yield WorkOrderScheduled(request_id=request_id, starts_at=starts_at, ends_at=ends_at)
    if after.state == WorkOrderState.DISPATCHED and (before is None or before.state != after.state):
        yield WorkOrderDispatched(request_id=request_id)
    installed = _newly(WorkOrderState.INSTALLED, before, after)
    for day, lines in groupby(installed, lambda line: line.completed_at or row.occurred_at):
        installed_on = day.astimezone(submission.division.zone).date().isoformat()
        yield InstallReported(request_id=request_id, lines=[line.line_id for line in lines], installed_on=installed_on)
    if failed := _newly(WorkOrderState.FAILED, before, after):
        yield WorkOrderFailed(request_id=request_id, lines=[line.line_id for line in failed], reason=after.reason)
    if after.state == WorkOrderState.CANCELLED and not _was_asked_to_cancel(submission):
        reason = after.reason or _("The billing system cancelled it.")
        yield WorkOrderFailed(request_id=request_id, lines=[line.line_id for line in after.lines], reason=reason)


def _window_given_by(report: WorkOrderReport | None) -> Appointment | None:
    return report.appointment if report and report.state in SCHEDULED_OR_LATER else None


def _newly(state: WorkOrderState, before: WorkOrderReport | None, after: WorkOrderReport) -> list[LineReport]:
    already = {line.line_id for line in before.lines if line.state == state} if before else set()
    return [line for line in after.lines if line.state == state and line.line_id not in already]


def _was_asked_to_cancel(work_order: Submission) -> bool:
    cancellations = work_order.requests.filter(kind=SubmissionKind.WORK_ORDER_CANCELLATION)
    return cancellations.exclude(status=SubmissionStatus.REFUSED).exists()
