"""
Ask a billing system, once and honestly.

A vendor is asked in three steps, so that a kill in the middle is never forgotten: `_take` commits *sending*, the
port is called outside any transaction, and one of the `_record_…` services writes down the outcome. Whoever finds a
submission *sending* or *unknown* looks up at the vendor first, and it is sent only if nothing is there.

Requests about one work order go out one at a time, in the order in which they were made: a rescheduling that was
put off by an outage must not overtake, or be overtaken by, the next one. The work order's row is the family's lock.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import models, transaction
from django.utils.translation import gettext as _

from billing.events import (
    CreditConfirmed,
    CreditRefused,
    SubmissionRequested,
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
from billing.models import BillingSystem, PostedCredit, Submission, SubmissionQuerySet
from billing.ports import (
    CONTENT_OF,
    Confirmation,
    Credit,
    Refused,
    Request,
    Unavailable,
    Unclear,
    WorkOrder,
    WorkOrderCancellation,
    WorkOrderChange,
    frozen,
    thawed,
)
from billing.queries import ids_due_for_look_up, submissions_for
from billing.services.systems import port_of, system_for
from billing.states import SubmissionKind, SubmissionStatus
from foundation.divisions.models import Division
from foundation.events.facts import Fact
from foundation.events.services import publish, reference
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

log = structlog.get_logger(__name__)

MOST_LOOKED_UP = 100
"""Look-ups in one run."""

# What other apps ask for.


@transaction.atomic
def request_work_order(  # noqa: PLR0913 - what is asked, for whom, by whom
    *,
    request_id: str,
    division: Division,
    work_order: WorkOrder,
    subject: models.Model,
    about: Iterable[models.Model] = (),
    by: User | None,
) -> Submission:
    """
    Ask the division's billing system for a work order; asked again under the same id, return the first.

    The answer comes as `WorkOrderConfirmed` or `WorkOrderRefused`, after `WorkOrderUnknown` where it is in doubt.

    :param subject: the row that the work order is for; facts about it stand on its timeline and those of `about`
    :raises NotAllowed: if the request id was used for other content
    :raises ImproperlyConfigured: if the division has no billing system
    """
    return _request(
        Request(request_id=request_id, content=work_order),
        Submission(billing_system=system_for(division), division=division, **_concerning(subject, about)),
        by=by,
    )


@transaction.atomic
def change_work_order(
    *, request_id: str, work_order_request_id: str, change: WorkOrderChange, by: User | None
) -> Submission:
    """
    Ask for another window, or a correction, of a work order: `WorkOrderChanged` or `WorkOrderChangeRefused` follows.

    :raises NotAllowed: if the work order was refused, or the request id was used for other content
    """
    return _request_about(work_order_request_id, Request(request_id=request_id, content=change), by=by)


@transaction.atomic
def cancel_work_order(
    *, request_id: str, work_order_request_id: str, reason: str, lines: Iterable[str] = (), by: User | None
) -> Submission:
    """
    Ask to cancel a work order: `WorkOrderCancelled` or `WorkOrderCancellationRefused` follows.

    :param lines: only these, as the work order named them, of one that is partly installed; none: the whole of it
    :raises NotAllowed: if the work order was refused, or the request id was used for other content
    """
    cancellation = WorkOrderCancellation(reason=reason, lines=tuple(lines))
    return _request_about(work_order_request_id, Request(request_id=request_id, content=cancellation), by=by)


@transaction.atomic
def grant_credit(  # noqa: PLR0913 - what is asked, for whom, by whom
    *,
    request_id: str,
    division: Division,
    credit: Credit,
    subject: models.Model,
    about: Iterable[models.Model] = (),
    by: User | None,
) -> Submission:
    """
    Ask the division's billing system for a credit: `CreditConfirmed` or `CreditRefused` follows.

    :raises NotAllowed: if the request id was used for other content
    :raises ImproperlyConfigured: if the division has no billing system
    """
    return _request(
        Request(request_id=request_id, content=credit),
        Submission(billing_system=system_for(division), division=division, **_concerning(subject, about)),
        by=by,
    )


def _concerning(subject: models.Model, about: Iterable[models.Model]) -> dict[str, object]:
    return {
        "subject_type": subject._meta.label_lower,
        "subject_id": subject.pk,
        "about": [reference(row) for row in about],
    }


def _request_about(work_order_request_id: str, request: Request, *, by: User | None) -> Submission:
    work_order = (
        Submission.objects.locked()
        .select_related("billing_system", "division")
        .get(request_id=work_order_request_id, kind=SubmissionKind.WORK_ORDER)
    )
    if work_order.status == SubmissionStatus.REFUSED:
        raise NotAllowed(_("The billing system has no such work order: it was refused."), code="refused")
    submission = Submission(
        work_order=work_order,
        billing_system=work_order.billing_system,
        division=work_order.division,
        subject_type=work_order.subject_type,
        subject_id=work_order.subject_id,
        about=work_order.about,
    )
    return _request(request, submission, by=by)


def _request(request: Request, submission: Submission, *, by: User | None) -> Submission:
    payload = frozen(request.content)
    digest = hashlib.sha256(json.dumps([request.kind, payload], sort_keys=True).encode()).hexdigest()
    row, is_new = Submission.objects.get_or_create(
        request_id=request.request_id,
        defaults={
            "kind": request.kind,
            "billing_system": submission.billing_system,
            "division": submission.division,
            "work_order": submission.work_order,
            "subject_type": submission.subject_type,
            "subject_id": submission.subject_id,
            "about": submission.about,
            "payload": payload,
            "digest": digest,
            "requested_by": by,
        },
    )
    if row.digest != digest:
        raise NotAllowed(_("This request id was used for something else."), code="other_content")
    if is_new:
        _publish(row, SubmissionRequested(submission_id=row.pk), by=by)
    return row


# The three steps.


@dataclass(frozen=True)
class _Errand:
    """What one worker has taken upon itself: to ask, or to look up whether it was asked."""

    request: Request
    system: BillingSystem
    looks_up: bool

    def run(self) -> Confirmation | None:
        """Speak to the vendor; None where a look-up found nothing."""
        port = port_of(self.system)
        if self.looks_up:
            return port.find(self.request.kind, self.request.request_id)
        return port.send(self.request)


def look_up_unknown() -> None:
    """Look up what nobody knows the outcome of: some of it, so that this ends even where a vendor is slow."""
    for submission_id in ids_due_for_look_up(now(), limit=MOST_LOOKED_UP):
        try:
            ask_vendor(submission_id)
        except (NotAllowed, Unavailable) as reason:  # somebody was faster; it has its own delivery
            log.info("look_up_left", submission=submission_id, reason=str(reason))


def ask_vendor(submission_id: int) -> None:
    """
    Ask the vendor for what a submission says, or look up what became of it where that is in doubt.

    :raises NotAllowed: if it has ended, waits for an earlier one or for a person, or another worker is at it
    :raises Unavailable: if the vendor surely has not got it, and it should be tried again later
    """
    errand = _take(submission_id)
    try:
        confirmation = errand.run()
    except Refused as refusal:
        _record_refusal(submission_id, str(refusal))
    except Unclear as doubt:
        _record_doubt(submission_id, str(doubt))
    except Unavailable as outage:
        if errand.looks_up:
            _record_doubt(submission_id, str(outage))
        elif _record_outage(submission_id, str(outage)).set_aside_at is None:
            raise
    else:
        if confirmation:
            _record_confirmation(submission_id, confirmation.external_id)
        else:
            _record_absence(submission_id)


@transaction.atomic
def _take(submission_id: int) -> _Errand:
    submission = _locked(submission_id)
    if not submission.is_open or submission.set_aside_at:
        raise NotAllowed(_("It has ended, or waits for a person."), code="not_due")
    looks_up = submission.status != SubmissionStatus.PENDING
    if looks_up:
        submission.claim_for_look_up(at=now())
    elif _family_of(submission).open().filter(pk__lt=submission.pk).exists():
        raise NotAllowed(_("An earlier request about the same work order comes first."), code="not_its_turn")
    else:
        submission.claim_for_sending(at=now())
    submission.save()
    return _Errand(_request_of(submission), submission.billing_system, looks_up=looks_up)


@transaction.atomic
def _record_confirmation(submission_id: int, external_id: str) -> None:
    submission = _locked(submission_id)
    if submission.status == SubmissionStatus.CONFIRMED:  # the vendor's own report was faster than its answer
        if submission.external_id != external_id:
            log.error("asked_once_done_twice", submission=submission_id, other=external_id)
        return
    confirm(submission, external_id)


@transaction.atomic
def _record_refusal(submission_id: int, reason: str) -> None:
    submission = _locked(submission_id)
    if submission.is_open:
        _refuse(submission, reason)


@transaction.atomic
def _record_doubt(submission_id: int, error: str) -> None:
    submission = _locked(submission_id)
    if not submission.is_open:
        return
    was_known = submission.status != SubmissionStatus.UNKNOWN
    submission.leave_unknown(error, at=now())
    submission.save()
    if was_known and submission.kind == SubmissionKind.WORK_ORDER:
        _publish(submission, WorkOrderUnknown(request_id=submission.request_id))
    _tell_if_set_aside(submission)


@transaction.atomic
def _record_outage(submission_id: int, error: str) -> Submission:
    submission = _locked(submission_id)
    if submission.is_open:
        submission.put_back(error, at=now())
        submission.save()
        _tell_if_set_aside(submission)
    return submission


@transaction.atomic
def _record_absence(submission_id: int) -> None:
    submission = _locked(submission_id)
    if not submission.is_open:
        return
    submission.put_back(_("Looked up, and it was not there."), at=now())
    submission.save()
    if not submission.set_aside_at:
        _publish(submission, SubmissionRequested(submission_id=submission.pk))
    _tell_if_set_aside(submission)


# What a person does.


@transaction.atomic
def resend_submission(submission_id: int, *, by: User, reason: str = "") -> Submission:
    """
    Try again what was refused, set aside or left unknown; what may be there is looked up first.

    :raises NotAllowed: if it is confirmed or on its way, or the person may not resend here
    """
    submission = _locked(submission_id)
    require(by, Permission.SETTLE_SUBMISSIONS, submission.division)
    submission.resend(reason, by=by)
    submission.save()
    _publish(submission, SubmissionRequested(submission_id=submission.pk), by=by)
    return submission


@transaction.atomic
def settle_submission(
    submission_id: int, outcome: SubmissionStatus, *, external_id: str = "", reason: str, by: User
) -> Submission:
    """
    Write down what a person found out about a submission that nobody else can clear up.

    :param outcome: confirmed (under the vendor's id) or refused
    :raises NotAllowed: if its outcome is known or being found out, a part is missing, the person may not, or a credit is
        called refused that the billing system shows
    """
    submission = _locked(submission_id)
    require(by, Permission.SETTLE_SUBMISSIONS, submission.division)
    if outcome == SubmissionStatus.REFUSED:
        _refuse_to_deny(submission)
    submission.settle(outcome, external_id, reason, by=by)
    settled = SubmissionSettled(
        submission_id=submission.pk, request_id=submission.request_id, outcome=outcome, reason=reason
    )
    _publish(submission, settled, by=by)
    if outcome == SubmissionStatus.CONFIRMED:
        confirm(submission, external_id)
    else:
        _refuse(submission, reason)
    return submission


def _refuse_to_deny(submission: Submission) -> None:
    shown = PostedCredit.objects.filter(
        billing_system=submission.billing_system_id, request_id=submission.request_id
    ).first()
    if shown:
        message = _("The billing system shows this credit as %(credit)s: it was not refused.")
        raise NotAllowed(message % {"credit": shown.credit_id}, code="credited", field="outcome")


@transaction.atomic
def let_rest(subject: models.Model) -> int:
    """Let no person be asked any more about what was refused for a row, such as an order that has ended."""
    return submissions_for(subject).let_rest(at=now())


# The ends, and what follows from them.


def confirm(submission: Submission, external_id: str) -> None:
    """
    End a locked submission as confirmed, tell the others, and let the next of its family go out.

    :raises NotAllowed: if it has ended otherwise
    """
    submission.confirm(external_id, at=now())
    submission.save()
    if submission.work_order_id:  # asked again, in other words, what was refused before
        _family_of(submission).filter(kind=submission.kind, pk__lt=submission.pk).let_rest(at=now())
    _publish(submission, _confirmed_fact(submission))
    _wake_next(submission)


def _refuse(submission: Submission, reason: str) -> None:
    submission.refuse(reason, at=now())
    submission.save()
    _publish(submission, _refused_fact(submission, reason))
    if submission.kind == SubmissionKind.WORK_ORDER:
        for request in submission.requests.locked().open().select_related("work_order", "division").order_by("pk"):
            _refuse(request, _("The work order was refused."))
    else:
        _wake_next(submission)


def _wake_next(ended: Submission) -> None:
    waiting = _family_of(ended).filter(status=SubmissionStatus.PENDING, set_aside_at=None, pk__gt=ended.pk)
    following = waiting.order_by("pk").select_related("division").first()
    if following:
        _publish(following, SubmissionRequested(submission_id=following.pk))


def _confirmed_fact(submission: Submission) -> Fact:
    request_id, external_id = submission.request_id, submission.external_id
    if submission.kind == SubmissionKind.WORK_ORDER:
        return WorkOrderConfirmed(request_id=request_id, work_order_id=external_id)
    if submission.kind == SubmissionKind.CREDIT:
        return CreditConfirmed(request_id=request_id, credit_id=external_id)
    root_id = _root_of(submission).request_id
    if submission.kind == SubmissionKind.WORK_ORDER_CHANGE:
        return WorkOrderChanged(request_id=request_id, work_order_request_id=root_id)
    return WorkOrderCancelled(request_id=request_id, work_order_request_id=root_id, lines=_lines_of(submission))


def _refused_fact(submission: Submission, reason: str) -> Fact:
    request_id = submission.request_id
    if submission.kind == SubmissionKind.WORK_ORDER:
        return WorkOrderRefused(request_id=request_id, reason=reason)
    if submission.kind == SubmissionKind.CREDIT:
        return CreditRefused(request_id=request_id, reason=reason)
    root_id = _root_of(submission).request_id
    if submission.kind == SubmissionKind.WORK_ORDER_CHANGE:
        return WorkOrderChangeRefused(request_id=request_id, work_order_request_id=root_id, reason=reason)
    return WorkOrderCancellationRefused(
        request_id=request_id, work_order_request_id=root_id, reason=reason, lines=_lines_of(submission)
    )


def _lines_of(cancellation: Submission) -> list[str]:
    return list(thawed(WorkOrderCancellation, cancellation.payload).lines)


def _root_of(submission: Submission) -> Submission:
    return submission.work_order or submission


def _family_of(submission: Submission) -> SubmissionQuerySet:
    return Submission.objects.of_work_order(_root_of(submission))


def _locked(submission_id: int) -> Submission:
    """Lock a submission, and before it the work order that it is about: always in this order."""
    work_order_id = Submission.objects.values_list("work_order_id", flat=True).get(pk=submission_id)
    if work_order_id:
        Submission.objects.locked().get(pk=work_order_id)
    related = ("work_order", "billing_system", "division")
    return Submission.objects.locked().select_related(*related).get(pk=submission_id)


def _request_of(submission: Submission) -> Request:
    content = CONTENT_OF[SubmissionKind(submission.kind)]
    return Request(
        request_id=submission.request_id,
        content=thawed(content, submission.payload),
        work_order_id=submission.work_order.external_id if submission.work_order else "",
    )


def _tell_if_set_aside(submission: Submission) -> None:
    if submission.set_aside_at:
        aside = SubmissionSetAside(submission_id=submission.pk, request_id=submission.request_id)
        _publish(submission, aside)


def _publish(submission: Submission, fact: Fact, *, by: User | None = None) -> None:
    publish(fact, subject=submission, about=submission.concerned(), division=submission.division, by=by)
