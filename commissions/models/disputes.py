"""What payees say is wrong with a line of their statements, and what was answered."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models.ledger import LedgerEntry
from commissions.models.rewards import Payee
from commissions.states import DISPUTE_MOVES, DisputeStatus
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.money import MoneyField
from foundation.now import now, today
from foundation.people.models import User
from foundation.safeguards import moves_only_along, never_changes, never_deleted

LONGEST_WORDS = 1000


class Dispute(Lifecycle):
    """
    One line of a statement of which its payee says that it is wrong: answered once, by somebody who had no hand in it.

    The line itself never changes. Where the payee is right, a further entry is posted in the open month, and is paid as
    every other reward is: in a batch, read and approved by another person.
    """

    MOVES = DISPUTE_MOVES

    entry = models.OneToOneField(LedgerEntry, models.PROTECT, related_name="dispute", verbose_name=_("line"))
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="disputes", verbose_name=_("payee"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The entry's: who may see it may see the dispute."""
    status = models.CharField(
        _("status"), max_length=10, choices=DisputeStatus.choices, default=DisputeStatus.RAISED, editable=False
    )
    words = models.CharField(_("what is wrong"), max_length=LONGEST_WORDS)
    raised_at = models.DateTimeField(_("raised"), default=now)
    raised_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("raised by"))
    due_on = models.DateField(_("to be answered by"))
    """The last day, the division's, on which an answer is in time."""
    answer = models.CharField(_("answer"), max_length=LONGEST_WORDS, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by"))
    amount = MoneyField(_("correction"), null=True)
    """What the payee gets on top, in the entry's currency; none where the line was right."""
    correction = models.OneToOneField(
        LedgerEntry, models.PROTECT, null=True, related_name="corrects", verbose_name=_("entry of the correction")
    )

    objects = LockingQuerySet["Dispute"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints: ClassVar = [
            status_constraint(DisputeStatus, name="dispute_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.RAISED, answer="", answered_at=None, answered_by=None)
                | ~Q(status=DisputeStatus.RAISED)
                & ~Q(answer="")
                & Q(answered_at__isnull=False, answered_by__isnull=False),
                name="answered_disputes_say_what_and_who",
            ),
            models.CheckConstraint(
                condition=Q(status=DisputeStatus.UPHELD, amount__gt=0, correction__isnull=False)
                | ~Q(status=DisputeStatus.UPHELD) & Q(amount=None, correction=None),
                name="upheld_disputes_are_corrected",
            ),
            models.CheckConstraint(
                condition=Q(answered_by=None) | ~Q(answered_by=F("raised_by")), name="nobody_answers_themselves"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["division", "status", "due_on"], name="dispute_division")]
        triggers: ClassVar = [
            never_changes(
                "entry_id", "payee_id", "division_id", "words", "raised_at", "raised_by_id", "due_on",
                name="what_was_asked_stays",
                message="What a payee has said does not change.",
            ),
            moves_only_along(DISPUTE_MOVES, message="A dispute is answered once."),
            never_changes(
                "answer", "answered_at", "answered_by_id", "amount", "correction_id",
                name="what_was_answered_stays",
                message="An answer does not change.",
                condition=pgtrigger.Q(old__status__in=[DisputeStatus.EXPLAINED.value, DisputeStatus.UPHELD.value]),
            ),
            *never_deleted("A dispute is kept."),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Dispute %d") % self.pk

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered yet."""
        return self.status == DisputeStatus.RAISED

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been answered by now."""
        return self.is_open and today(self.division) > self.due_on

    def explain(self, answer: str, *, by: User, at: datetime) -> None:
        """
        The line is right: say why.

        :raises NotAllowed: if it was answered before
        """
        self._move(DisputeStatus.EXPLAINED)
        self.answer, self.answered_by, self.answered_at = answer, by, at

    def uphold(self, answer: str, amount: Decimal, correction: LedgerEntry, *, by: User, at: datetime) -> None:
        """
        The payee is right: an entry corrects the line.

        :param amount: what they get on top, above zero
        :raises NotAllowed: if it was answered before
        """
        self._move(DisputeStatus.UPHELD)
        self.answer, self.answered_by, self.answered_at = answer, by, at
        self.amount, self.correction = amount, correction
