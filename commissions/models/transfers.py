"""What is handed to the bank: the file of a batch's transfers, and what the bank sends back."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models.bank import BankAccount
from commissions.models.payouts import Batch, BatchLine
from commissions.states import BANK_FILE_MOVES, CHANGE_MOVES, BankFileStatus, ChangeStatus, ReturnOutcome
from foundation.ach import change_in_words
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now, today
from foundation.people.encryption import decrypt
from foundation.people.models import User
from foundation.safeguards import moves_only_along, never_changes, never_deleted

FROZEN = "What was written for the bank does not change."


class BankFile(Lifecycle):
    """
    The ACH file of a batch: all its transfers, written once, handed to the bank by a person, paid when the bank says so.

    Or all of it came back, which ends it without a statement. Or the bank has refused it, or it is not handed over after all: then nothing of it was paid.
    """

    MOVES = BANK_FILE_MOVES

    batch = models.OneToOneField(Batch, models.PROTECT, related_name="bank_file", verbose_name=_("batch"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    status = models.CharField(
        _("status"), max_length=12, choices=BankFileStatus.choices, default=BankFileStatus.MADE, editable=False
    )
    originator = models.CharField(_("originator"), max_length=10)
    """Immediate origin: who hands it over, as the bank knows them."""
    made_on = models.DateField(_("made on"))
    """The division's day."""
    modifier = models.CharField(_("which file of its day"), max_length=1)
    effective_on = models.DateField(_("effective entry date"))
    """The banking day on which payees are to have their money."""
    count = models.PositiveIntegerField(_("transfers"))
    total = MoneyField(_("total"))
    """In US dollars."""
    checksum = models.CharField(_("checksum"), max_length=64)
    """SHA-256 of the text."""
    content = models.TextField(_("content"), editable=False)
    """Encrypted as seeds are (`foundation.people.encryption`): account numbers are in it."""
    made_at = models.DateTimeField(_("made"), default=now)
    handed_over_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    handed_over_at = models.DateTimeField(_("handed to the bank"), null=True, editable=False)
    paid_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    """Who read on the bank's statement that it was paid."""
    paid_at = models.DateTimeField(_("confirmed as paid"), null=True, editable=False)
    refused_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    """Who knows that the bank has refused it, or has withdrawn it."""
    refused_at = models.DateTimeField(_("not taken by the bank, or withdrawn"), null=True, editable=False)
    refusal = models.CharField(_("reason"), max_length=500, blank=True, editable=False)
    """Why nothing of it is paid; empty unless it was refused."""

    objects = LockingQuerySet["BankFile"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("bank file")
        verbose_name_plural = _("bank files")
        constraints: ClassVar = [
            status_constraint(BankFileStatus, name="bank_file_status_is_known"),
            models.UniqueConstraint(fields=["originator", "made_on", "modifier"], name="files_of_a_day_are_told_apart"),
            models.CheckConstraint(condition=Q(count__gt=0, total__gt=0), name="a_bank_file_pays_something"),
            models.CheckConstraint(
                condition=~Q(status=BankFileStatus.REFUSED) | ~Q(refusal=""), name="a_refused_bank_file_says_why"
            ),
        ]
        triggers: ClassVar = [
            *never_deleted(FROZEN),
            never_changes(
                *("batch_id", "division_id", "originator", "made_on", "modifier", "effective_on", "count", "total"),
                *("checksum", "made_at"),
                name="what_was_written_stays",
                message=FROZEN,
            ),
            moves_only_along(BANK_FILE_MOVES, message="A bank file goes forwards only."),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"ACH-{self.batch_id}-{self.effective_on:%Y%m%d}.txt"

    @property
    def is_late(self) -> bool:
        """Whether the day on which payees were to have their money has passed, and no bank has the file."""
        return self.status == BankFileStatus.MADE and self.effective_on < today(self.division)

    @property
    def text(self) -> str:
        """The file as the bank gets it."""
        return decrypt(self.content)

    def hand_over(self, *, by: User, at: datetime) -> None:
        """
        A person has given it to the bank.

        :raises NotAllowed: if somebody has before
        """
        self._move(BankFileStatus.HANDED_OVER)
        self.handed_over_by, self.handed_over_at = by, at

    def confirm(self, *, by: User, at: datetime, is_whole: bool = True) -> None:
        """
        The bank's statement says that it was paid.

        :param is_whole: all of it but what came back; else something of it is awaited
        :raises NotAllowed: if it was not handed over, or this was known
        """
        if is_whole or self.status != BankFileStatus.PARTLY_PAID:
            self._move(BankFileStatus.PAID if is_whole else BankFileStatus.PARTLY_PAID)
        self.paid_by, self.paid_at = by, at

    def complete(self) -> None:
        """
        Nothing of it is awaited any more.

        :raises NotAllowed: if it was not paid in part
        """
        if self.status != BankFileStatus.PARTLY_PAID:
            raise NotAllowed(gettext("Nothing of this file is awaited."), code="wrong_status")
        self._move(BankFileStatus.PAID)

    def return_(self) -> None:
        """
        All of it came back before the bank's statement has shown any of it: there is nothing to be confirmed.

        :raises NotAllowed: if it was not handed over, or something of it was confirmed
        """
        self._move(BankFileStatus.RETURNED)

    def refuse(self, reason: str, *, by: User, at: datetime) -> None:
        """
        The bank has refused it, or it is not handed over after all: nothing of it is paid.

        :raises NotAllowed: if it was paid, or this was known
        """
        self._move(BankFileStatus.REFUSED)
        self.refusal = reason
        self.refused_by, self.refused_at = by, at


class ReturnFile(models.Model):
    """A file that the bank has given us: what came back, and what has changed. Looked at before it is taken."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """Where who brought it may approve payouts."""
    checksum = models.CharField(_("checksum"), max_length=64)
    content = models.TextField(_("content"), editable=False)
    """Encrypted as seeds are: account numbers are in it."""
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("uploaded by"))
    uploaded_at = models.DateTimeField(_("uploaded"), default=now)
    count = models.PositiveIntegerField(_("entries"), default=0)
    """Returns and notifications of change that are in it."""
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", editable=False)
    """The long work by which it was taken last; None: not yet."""

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("return file")
        verbose_name_plural = _("return files")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "checksum"], name="a_return_file_is_kept_once")
        ]
        triggers: ClassVar = [
            *never_deleted("What the bank has sent stays."),
            never_changes(
                *("division_id", "checksum", "uploaded_by_id", "uploaded_at", "count"),
                name="what_the_bank_sent_stays",
                message="What the bank has sent does not change.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checksum[:12]}"

    @property
    def text(self) -> str:
        """The file as the bank gave it."""
        return decrypt(self.content)


class BankReturn(models.Model):
    """
    One transfer that the bank says came back, and what was done about it. Written once for each file and outcome, by the bank's own trace number.

    Where a person had to look, they say later what they found.
    """

    file = models.ForeignKey(ReturnFile, models.PROTECT, related_name="returns", verbose_name=_("return file"))
    line = models.ForeignKey(
        BatchLine, models.PROTECT, null=True, related_name="bank_returns", verbose_name=_("payment")
    )
    """None: no transfer that who took it may see has that trace number, or more than one may be meant."""
    outcome = models.CharField(_("outcome"), max_length=10, choices=ReturnOutcome.choices)
    original_trace = models.CharField(_("our trace number"), max_length=15)
    trace = models.CharField(_("the bank’s trace number"), max_length=15)
    code = models.CharField(_("reason"), max_length=3)
    amount = MoneyField(_("amount"))
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("taken by"))
    taken_at = models.DateTimeField(_("taken"), default=now)
    looked_at_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    """Who has looked at what was not taken; None: nobody yet, or it was taken."""
    looked_at = models.DateTimeField(_("looked at"), null=True, editable=False)
    finding = models.TextField(_("what was found"), blank=True, editable=False)

    objects = LockingQuerySet["BankReturn"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("returned transfer")
        verbose_name_plural = _("returned transfers")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=ReturnOutcome.values), name="return_outcome_is_known"),
            models.UniqueConstraint(
                fields=["original_trace", "trace"],
                condition=Q(outcome=ReturnOutcome.TAKEN),
                name="a_return_is_taken_once",
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(outcome=ReturnOutcome.TAKEN), name="a_transfer_comes_back_once"
            ),
            models.UniqueConstraint(
                fields=["file", "original_trace", "trace", "outcome"], name="a_return_stands_once_in_a_file"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ReturnOutcome.TAKEN) | Q(line__isnull=False), name="a_taken_return_has_its_line"
            ),
        ]
        triggers: ClassVar = [
            *never_deleted("What became of a return does not change."),
            never_changes(
                *(
                    "file_id",
                    "line_id",
                    "outcome",
                    "original_trace",
                    "trace",
                    "code",
                    "amount",
                    "taken_by_id",
                    "taken_at",
                ),
                name="what_became_of_a_return_stays",
                message="What became of a return does not change.",
            ),
            never_changes(
                *("looked_at_by_id", "looked_at", "finding"),
                name="what_was_found_stays",
                message="What was found about a return does not change.",
                condition=pgtrigger.Q(old__looked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.original_trace}"


class BankChange(Lifecycle):
    """
    A bank's word that a transfer has arrived, and that the next one is to be written otherwise (notification of change).

    Until a person accepts it, or the payee gives other details, nothing is sent to the bank account: the originator makes
    the change within six banking days of hearing of it or before another entry is sent, whichever is later (Nacha Operating
    Rules, subsection 2.12.1).
    """

    MOVES = CHANGE_MOVES

    file = models.ForeignKey(ReturnFile, models.PROTECT, related_name="changes", verbose_name=_("return file"))
    bank_account = models.ForeignKey(
        BankAccount, models.PROTECT, null=True, related_name="changes", verbose_name=_("bank account")
    )
    """Whose transfer it was about; None: none of ours fits."""
    status = models.CharField(
        _("status"), max_length=10, choices=ChangeStatus.choices, default=ChangeStatus.OPEN, editable=False
    )
    code = models.CharField(_("what has changed"), max_length=3)
    corrected = models.TextField(editable=False)
    """What is right, as the bank has written it: encrypted, as account numbers are in it."""
    original_trace = models.CharField(_("our trace number"), max_length=15)
    trace = models.CharField(_("the bank’s trace number"), max_length=15)
    heard_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("taken by"))
    heard_at = models.DateTimeField(_("taken"), default=now)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    """None: nobody yet, or the payee's own details have settled it."""
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    note = models.CharField(_("note"), max_length=300, blank=True, editable=False)

    objects = LockingQuerySet["BankChange"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("notification of change")
        verbose_name_plural = _("notifications of change")
        constraints: ClassVar = [
            status_constraint(ChangeStatus, name="bank_change_status_is_known"),
            models.UniqueConstraint(fields=["file", "original_trace", "trace"], name="a_change_stands_once_in_a_file"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["bank_account"], name="open_bank_change", condition=Q(status=ChangeStatus.OPEN))
        ]
        triggers: ClassVar = [
            *never_deleted("What a bank has told stays."),
            never_changes(
                *("file_id", "bank_account_id", "code", "original_trace", "trace", "heard_by_id", "heard_at"),
                name="what_a_bank_told_stays",
                message="What a bank has told does not change.",
            ),
            moves_only_along(CHANGE_MOVES, message="A notification of change is decided once."),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.original_trace}"

    @property
    def corrected_text(self) -> str:
        """What is right, as the bank has written it."""
        return decrypt(self.corrected)

    @property
    def in_words(self) -> str:
        """What has changed."""
        return change_in_words(self.code)

    def decide(self, status: ChangeStatus, note: str, *, by: User | None, at: datetime) -> None:
        """
        Somebody has looked at it, or it has settled itself.

        :raises NotAllowed: if it was decided before
        """
        self._move(status)
        self.note, self.decided_by, self.decided_at = note, by, at


class TraceCounter(models.Model):
    """
    How many transfers were written for an originating bank: the end of their trace numbers.

    A trace number is the bank's first eight digits and seven more (Nacha Operating Rules, Appendix Three), so that after
    9,999,999 transfers the first one's comes again: never within a file, and not while a return may name either.
    """

    odfi = models.CharField(_("originating bank"), max_length=8, primary_key=True)
    last = models.PositiveIntegerField(_("last number"))

    objects = LockingQuerySet["TraceCounter"].as_manager()

    class Meta:
        verbose_name = _("trace counter")
        verbose_name_plural = _("trace counters")

    def __str__(self) -> str:
        return f"{self.odfi} {self.last}"
