"""What we have asked of billing systems."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from billing.models.systems import BillingSystem
from billing.states import MOVES, OPEN, SubmissionKind, SubmissionStatus
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import never_changes

CLAIM = timedelta(seconds=60)
"""How long one worker has for one call to a vendor; every HTTP timeout stays below."""
FIRST_LOOK_UP = timedelta(seconds=60)
"""After how long an outcome that nobody heard is looked up; every further time after twice as long."""
LONGEST_WAIT = timedelta(minutes=30)
MOST_TRIES = 25
"""Below the outbox's own limit, so that a submission is set aside here, where it can be resent."""


class SubmissionQuerySet(LockingQuerySet["Submission"]):
    """Submissions, by what has to be done about them."""

    def open(self) -> Self:
        """Keep those that have not ended."""
        return self.filter(status__in=OPEN)

    def due_for_look_up(self, at: datetime) -> Self:
        """Keep those whose outcome is not known, and whose time to be looked up has come."""
        unclear = (SubmissionStatus.SENDING, SubmissionStatus.UNKNOWN)
        return self.filter(status__in=unclear, set_aside_at=None, due_at__lte=at)

    def needing_a_person(self) -> Self:
        """
        Keep those that go on only when somebody decides: tried too often, or refused and wanted still.

        What is unknown does not: it is looked up by itself, although somebody who knows more may settle it before. Nor
        does a refused credit: whoever wanted it has heard the no, and asks anew.
        """
        is_refused = Q(status=SubmissionStatus.REFUSED, let_rest_at=None) & ~Q(kind=SubmissionKind.CREDIT)
        return self.filter(Q(set_aside_at__isnull=False) | is_refused)

    def let_rest(self, *, at: datetime) -> int:
        """Note that nobody wants any more what was refused among these; sent again, it is wanted again."""
        return self.filter(status=SubmissionStatus.REFUSED, let_rest_at=None).update(let_rest_at=at)

    def of_work_order(self, work_order: "Submission") -> Self:
        """Keep a work order and all that was asked about it."""
        return self.filter(Q(pk=work_order.pk) | Q(work_order=work_order))


class Submission(Lifecycle):
    """
    One thing asked of a billing system, under a request id by which it happens once.

    What was asked is frozen: a resend, a day later, asks the same.
    """

    MOVES = MOVES

    request_id = models.CharField(_("request id"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=30, choices=SubmissionKind.choices)
    billing_system = models.ForeignKey(
        BillingSystem, models.PROTECT, related_name="submissions", verbose_name=_("billing system")
    )
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    work_order = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="requests", verbose_name=_("work order")
    )
    """The work order that a change or a cancellation is about."""
    subject_type = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    about = ArrayField(models.CharField(max_length=100), default=list)
    payload = models.JSONField(_("what is asked"))
    digest = models.CharField(max_length=64)
    status = models.CharField(
        _("status"), max_length=10, choices=SubmissionStatus.choices, default=SubmissionStatus.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next look-up"), default=now)
    """While *sending*: when the worker's time is over. While *unknown*: when it is looked up next."""
    set_aside_at = models.DateTimeField(_("set aside"), null=True)
    external_id = models.CharField(_("vendor's id"), max_length=100, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by"))
    created_at = models.DateTimeField(_("asked"), default=now)
    sent_at = models.DateTimeField(_("last sent"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    let_rest_at = models.DateTimeField(_("no longer wanted"), null=True)
    """Since when nobody wants any more what was refused: its order has ended, or a later request was confirmed."""
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by hand"))
    settled_reason = models.TextField(_("reason given"), blank=True)
    report = models.JSONField(_("last report"), null=True)
    """The newest `WorkOrderReport` of the vendor, of a work order."""
    report_version = models.PositiveIntegerField(default=0)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        constraints: ClassVar = [
            status_constraint(SubmissionStatus, name="submission_status"),
            models.CheckConstraint(condition=Q(kind__in=SubmissionKind.values), name="submission_kind"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[SubmissionKind.WORK_ORDER_CHANGE, SubmissionKind.WORK_ORDER_CANCELLATION],
                    work_order__isnull=False,
                )
                | Q(kind__in=[SubmissionKind.WORK_ORDER, SubmissionKind.CREDIT], work_order=None),
                name="submission_about_a_work_order",
            ),
            models.CheckConstraint(
                condition=Q(let_rest_at=None) | Q(status=SubmissionStatus.REFUSED), name="only_the_refused_is_let_rest"
            ),
            models.CheckConstraint(
                condition=~Q(status=SubmissionStatus.CONFIRMED) | ~Q(external_id=""), name="confirmed_under_an_id"
            ),
            models.UniqueConstraint(
                fields=["billing_system", "kind", "external_id"],
                condition=~Q(external_id=""),
                name="one_submission_per_external_id",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id"], name="submission_subject"),
            models.Index(fields=["division", "-id"], name="submission_division"),
            models.Index(
                fields=["due_at"],
                name="submission_to_look_up",
                condition=Q(status__in=["sending", "unknown"], set_aside_at=None),
            ),
        ]
        triggers: ClassVar = [
            never_changes(
                "request_id", "kind", "billing_system_id", "work_order_id", "payload", "digest",
                name="what_was_asked_is_frozen",
                message="What was asked of a billing system does not change.",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.request_id}"

    def claim_for_sending(self, *, at: datetime) -> None:
        """
        Note that one worker is about to ask, before it does.

        :raises NotAllowed: unless it waits to be sent
        """
        self._move(SubmissionStatus.SENDING)
        self.attempts += 1
        self.sent_at, self.due_at = at, at + CLAIM

    def claim_for_look_up(self, *, at: datetime) -> None:
        """
        Note that one worker is about to look it up: it was sent, or may have been, and nobody heard the outcome.

        :raises NotAllowed: if the outcome is known, or somebody else is at it
        """
        if self.status not in {SubmissionStatus.SENDING, SubmissionStatus.UNKNOWN} or self.due_at > at:
            raise NotAllowed(gettext("There is nothing to look up."), code="not_due")
        self.attempts += 1
        self.due_at = at + CLAIM

    def confirm(self, external_id: str, *, at: datetime) -> None:
        """
        Note that the vendor has it, under its own id.

        :raises NotAllowed: if it was not asked, or has ended otherwise
        """
        self._move(SubmissionStatus.CONFIRMED)
        self.external_id, self.last_error = external_id, ""
        self._end(at)

    def refuse(self, reason: str, *, at: datetime) -> None:
        """
        Note the vendor's no.

        :raises NotAllowed: if it has ended
        """
        self._move(SubmissionStatus.REFUSED)
        self.last_error = reason
        self._end(at)

    def leave_unknown(self, error: str, *, at: datetime) -> None:
        """
        Note that nobody can tell yet whether the vendor has it, and when to look.

        :raises NotAllowed: if the outcome is known
        """
        if self.status != SubmissionStatus.UNKNOWN:
            self._move(SubmissionStatus.UNKNOWN)
        self.last_error = error
        self.due_at = at + min(FIRST_LOOK_UP * 2 ** min(self.attempts - 1, 10), LONGEST_WAIT)
        self._set_aside_when_tried_too_often(at)

    def put_back(self, error: str, *, at: datetime) -> None:
        """
        Note that the vendor surely does not have it: it waits to be sent.

        :raises NotAllowed: if it was confirmed
        """
        self._move(SubmissionStatus.PENDING)
        self.last_error = error
        self._set_aside_when_tried_too_often(at)

    def resend(self, reason: str, *, by: User) -> None:
        """
        Let it be tried again from the beginning: looked up first where it may be there, sent where it is not.

        :raises NotAllowed: if it was confirmed, is being taken care of without anybody's help, or is a refused credit:
            whoever wanted that has heard the no, and asks anew, under another id
        """
        if self.status == SubmissionStatus.REFUSED and self.kind == SubmissionKind.CREDIT:
            message = gettext("A credit that was refused is owed again, and asked for anew under another id.")
            raise NotAllowed(message, code="not_resendable")
        if self.status == SubmissionStatus.REFUSED:
            self._move(SubmissionStatus.PENDING)
        elif not self._is_in_doubt:
            raise NotAllowed(gettext("It is confirmed, or on its way without help."), code="not_resendable")
        self.set_aside_at = self.ended_at = self.let_rest_at = None
        self.attempts, self.due_at = 0, now()
        self.settled_by, self.settled_reason = by, reason

    def settle(self, outcome: SubmissionStatus, external_id: str, reason: str, *, by: User) -> None:
        """
        Note who says how it ended, and why; `confirm` or `refuse` follows.

        :raises NotAllowed: if its outcome is known or being found out, or a part of the answer is missing
        """
        if not self.is_open or not self._is_in_doubt:
            raise NotAllowed(gettext("Its outcome is known, or being found out."), code="not_settleable")
        if outcome not in {SubmissionStatus.CONFIRMED, SubmissionStatus.REFUSED}:
            raise NotAllowed(gettext("It was confirmed or refused."), code="no_outcome")
        if outcome == SubmissionStatus.CONFIRMED and not external_id:
            raise NotAllowed(gettext("Give the vendor's id."), code="no_external_id", field="external_id")
        if not reason:
            raise NotAllowed(gettext("Say how you know."), code="no_reason", field="reason")
        self.settled_by, self.settled_reason = by, reason

    @property
    def _is_in_doubt(self) -> bool:
        return self.set_aside_at is not None or self.status == SubmissionStatus.UNKNOWN

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN

    def concerned(self) -> list[models.Model]:
        """Return stand-ins, by model and id, of the rows on whose timelines this belongs."""
        references = [f"{self.subject_type}:{self.subject_id}", *self.about]
        return [_stand_in(reference) for reference in dict.fromkeys(references)]

    def _end(self, at: datetime) -> None:
        self.ended_at, self.set_aside_at = at, None

    def _set_aside_when_tried_too_often(self, at: datetime) -> None:
        if self.attempts >= MOST_TRIES and not self.set_aside_at:
            self.set_aside_at = at


def _stand_in(reference: str) -> models.Model:
    label, _colon, pk = reference.rpartition(":")
    model: type[models.Model] = apps.get_model(label)
    return model(pk=int(pk))
