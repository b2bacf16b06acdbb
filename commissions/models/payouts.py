"""The batches in which rewards are paid, their payments, and what the schedule has done."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from billing.models import Submission
from commissions.models.bank import BankAccount
from commissions.models.disputes import Dispute
from commissions.models.rewards import Payee, Reward
from commissions.states import (
    BATCH_MOVES,
    LINE_MOVES,
    BatchStatus,
    Channel,
    LineFlag,
    LineStatus,
    Reconciliation,
    RunKind,
    Verdict,
)
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import Safeguard, moves_only_along, never_changes


def _refuse_if_approved(row: str, *, goes_on_with: str = "") -> str:
    """Write the trigger function that leaves the payments of approved batches as they were approved."""
    return f"""
        IF EXISTS (SELECT 1 FROM commissions_batch WHERE id = {row}.batch_id AND approved_at IS NOT NULL) THEN
            RAISE EXCEPTION 'The payments of an approved batch do not change.';
        END IF;
        RETURN {goes_on_with or row};
    """  # noqa: S608 - no part of it comes from outside


class Batch(Lifecycle):
    """Rewards that are paid together: built by one person, audited and approved by another, then sent."""

    MOVES = BATCH_MOVES

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """What lies here and below is paid in it."""
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(
        _("status"), max_length=16, choices=BatchStatus.choices, default=BatchStatus.BUILDING, editable=False
    )
    built_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("built by"), editable=False
    )
    """None where the schedule built it."""
    built_at = models.DateTimeField(_("built"), default=now, editable=False)
    frozen_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("frozen by"), editable=False
    )
    frozen_at = models.DateTimeField(_("frozen"), null=True, editable=False)
    count = models.PositiveIntegerField(_("payments"), default=0, editable=False)
    total = MoneyField(_("total"), default=Decimal("0.00"), editable=False)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, editable=False)
    """SHA-256 over the frozen lines; from it follows which are in the sample. What an auditor takes out stays in it."""
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("approved by"), editable=False
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    originator = models.JSONField(_("who sends its transfers"), null=True, editable=False)
    """The settings of its division by the fields of `foundation.ach.Originator`, as they were when it was approved; none without transfers."""
    submitted_at = models.DateTimeField(_("sent"), null=True, editable=False)
    confirmed_at = models.DateTimeField(_("reconciled"), null=True, editable=False)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("work"), editable=False)

    objects = LockingQuerySet["Batch"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        constraints: ClassVar = [
            status_constraint(BatchStatus, name="batch_status_is_known"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(built_by=None) | ~Q(approved_by=F("built_by")),
                name="nobody_approves_their_own_batch",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(frozen_by=None) | ~Q(approved_by=F("frozen_by")),
                name="nobody_approves_what_they_froze",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[BatchStatus.BUILDING, BatchStatus.FROZEN, BatchStatus.DISCARDED])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="sent_batches_were_approved",
            ),
        ]
        triggers: ClassVar = [
            Safeguard(
                name="approved_batches_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__approved_at__isnull=False)
                & (
                    pgtrigger.Q(old__count__df=pgtrigger.F("new__count"))
                    | pgtrigger.Q(old__total__df=pgtrigger.F("new__total"))
                    | pgtrigger.Q(old__checksum__df=pgtrigger.F("new__checksum"))
                    | pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency"))
                    | pgtrigger.Q(old__division__df=pgtrigger.F("new__division"))
                    | pgtrigger.Q(old__built_by__df=pgtrigger.F("new__built_by"))
                    | pgtrigger.Q(old__frozen_by__df=pgtrigger.F("new__frozen_by"))
                    | pgtrigger.Q(old__approved_by__df=pgtrigger.F("new__approved_by"))
                    | pgtrigger.Q(old__approved_at__df=pgtrigger.F("new__approved_at"))
                    | pgtrigger.Q(old__originator__df=pgtrigger.F("new__originator"))
                ),
                func="RAISE EXCEPTION 'An approved batch does not change.';",
            ),
            moves_only_along(BATCH_MOVES, message="A batch goes forwards only."),
        ]

    def __str__(self) -> str:
        return gettext("Batch %d") % self.pk

    def freeze(self, *, count: int, total: Decimal, checksum: str, by: User | None, at: datetime) -> None:
        """
        Nothing is added or taken out any more, but by an auditor.

        :raises NotAllowed: if it is not being built
        """
        self._move(BatchStatus.FROZEN)
        self.count, self.total, self.checksum = count, total, checksum
        self.frozen_by, self.frozen_at = by, at

    def approve(self, *, by: User, at: datetime) -> None:
        """
        Somebody else answers for it: it will be paid.

        :raises NotAllowed: if it is not frozen, or the person had a hand in it
        """
        if self.was_made_by(by):
            raise NotAllowed(
                gettext("You built or froze this batch: somebody else has to read and approve it."), code="own_batch"
            )
        self._move(BatchStatus.APPROVED)
        self.approved_by, self.approved_at = by, at

    def submit(self, job: Job, *, at: datetime) -> None:
        """
        Its payments go out.

        :raises NotAllowed: if it is not approved, or they went out before
        """
        self._move(BatchStatus.SUBMITTED)
        self.job, self.submitted_at = job, at

    def confirm(self, *, at: datetime) -> None:
        """Every payment was credited, and is shown so by the billing system."""
        self._move(BatchStatus.CONFIRMED)
        self.confirmed_at = at

    def return_partly(self, *, at: datetime) -> None:
        """Every payment has its answer, and some were refused."""
        self._move(BatchStatus.PARTLY_RETURNED)
        self.confirmed_at = at

    def return_(self, *, at: datetime) -> None:
        """Every payment was refused or came back: nothing was paid."""
        self._move(BatchStatus.RETURNED)
        self.confirmed_at = at

    def refuse(self, *, at: datetime) -> None:
        """The bank has refused the file that was all of it, or it was withdrawn: nothing was paid."""
        self._move(BatchStatus.REFUSED)
        self.confirmed_at = at

    def discard(self) -> None:
        """
        Nothing of it is paid; its rewards wait for another batch.

        :raises NotAllowed: if it was approved
        """
        self._move(BatchStatus.DISCARDED)

    @property
    def makers(self) -> set[int]:
        """The people who built and froze it, by id; the schedule is none."""
        return {maker for maker in (self.built_by_id, self.frozen_by_id) if maker is not None}

    def was_made_by(self, person: User) -> bool:
        """Tell whether a person built or froze it, and so may neither read nor approve it."""
        return person.pk in self.makers


class BatchLine(Lifecycle):
    """One reward in a batch, or what corrects one: a credit or a transfer for its payee, under an id that never changes."""

    MOVES = LINE_MOVES

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="lines", verbose_name=_("batch"))
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="lines", verbose_name=_("reward"))
    dispute = models.ForeignKey(
        Dispute, models.PROTECT, null=True, related_name="lines", verbose_name=_("correction after")
    )
    """Whose correction it pays; None: the reward itself."""
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="+", verbose_name=_("payee"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    channel = models.CharField(
        _("paid by"), max_length=8, choices=Channel.choices, default=Channel.CREDIT, editable=False
    )
    bank_account = models.ForeignKey(
        BankAccount, models.PROTECT, null=True, related_name="+", verbose_name=_("bank account"), editable=False
    )
    """Where a transfer goes; none of a credit."""
    amount = MoneyField(_("amount"))
    """What is credited or transferred: the reward less what is set off."""
    set_off = MoneyField(_("set off"), default=Decimal("0.00"))
    """What is kept of it for what was taken back from the same payee."""
    currency = models.CharField(_("currency"), max_length=3)
    request_id = models.CharField(_("request id"), max_length=100)
    """`reward-<reward>-<attempt>`, `correction-<dispute>-<attempt>`: another attempt only after the billing system has refused the one before."""
    status = models.CharField(
        _("status"), max_length=10, choices=LineStatus.choices, default=LineStatus.PENDING, editable=False
    )
    flags = ArrayField(
        models.CharField(max_length=20, choices=LineFlag.choices), default=list, verbose_name=_("flagged because")
    )
    is_sampled = models.BooleanField(_("in the sample"), default=False)
    verdict = models.CharField(_("audit"), max_length=8, choices=Verdict.choices, default=Verdict.UNREAD)
    read_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("read by"))
    read_at = models.DateTimeField(_("read"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, related_name="+", verbose_name=_("submission")
    )
    trace_number = models.CharField(_("trace number"), max_length=15, blank=True, editable=False)
    """
    By which banks speak of the transfer: the originating bank's first eight digits, and a number that counts its transfers.

    It comes again after 9,999,999 others: see `commissions.models.TraceCounter`.
    """
    sent_at = models.DateTimeField(_("sent"), null=True)
    missed_at = models.DateTimeField(_("not on the bank’s statement"), null=True, editable=False)
    """When somebody who read the statement missed this transfer on it; empty again once a later statement shows it."""
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    """What the billing system said when it refused it, or the bank when it sent it back."""
    credit_id = models.CharField(_("vendor's credit"), max_length=100, blank=True)
    reconciliation = models.CharField(
        _("reconciliation"), max_length=8, choices=Reconciliation.choices, default=Reconciliation.OPEN
    )
    confirmed_at = models.DateTimeField(_("paid"), null=True)

    objects = LockingQuerySet["BatchLine"].as_manager()

    class Meta:
        ordering: ClassVar = ["batch", "pk"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            status_constraint(LineStatus, name="payment_status_is_known"),
            models.CheckConstraint(
                condition=Q(channel=Channel.CREDIT, bank_account=None, trace_number="")
                | Q(channel=Channel.TRANSFER, bank_account__isnull=False, submission=None),
                name="payment_goes_by_its_channel",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0, set_off__gte=0), name="payment_is_not_negative"),
            models.UniqueConstraint(
                fields=["reward"],
                condition=Q(dispute=None, status__in=[LineStatus.PENDING, LineStatus.SENT, LineStatus.CONFIRMED]),
                name="a_reward_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=["dispute"],
                condition=Q(status__in=[LineStatus.PENDING, LineStatus.SENT, LineStatus.CONFIRMED]),
                name="a_correction_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=["batch", "trace_number"], condition=~Q(trace_number=""), name="a_file_has_a_trace_number_once"
            ),
            models.UniqueConstraint(
                fields=["request_id"], condition=~Q(status=LineStatus.REMOVED), name="a_payment_has_its_request_id"
            ),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.UNREAD, read_by=None, read_at=None)
                | ~Q(verdict=Verdict.UNREAD) & Q(read_by__isnull=False, read_at__isnull=False),
                name="verdicts_say_whose",
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.WRONG) | Q(status=LineStatus.REMOVED), name="what_is_wrong_is_not_paid"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["batch", "status", "id"], name="line_batch"),
            models.Index(fields=["trace_number"], name="line_trace", condition=~Q(trace_number="")),
            models.Index(
                fields=["sent_at"],
                name="line_to_reconcile",
                condition=Q(status__in=[LineStatus.SENT, LineStatus.CONFIRMED], reconciliation=Reconciliation.OPEN),
            ),
        ]
        triggers: ClassVar = [
            Safeguard(
                name="approved_payments_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__amount__df=pgtrigger.F("new__amount"))
                | pgtrigger.Q(old__set_off__df=pgtrigger.F("new__set_off"))
                | pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency"))
                | pgtrigger.Q(old__reward__df=pgtrigger.F("new__reward"))
                | pgtrigger.Q(old__dispute__df=pgtrigger.F("new__dispute"))
                | pgtrigger.Q(old__payee__df=pgtrigger.F("new__payee"))
                | pgtrigger.Q(old__batch__df=pgtrigger.F("new__batch"))
                | pgtrigger.Q(old__division__df=pgtrigger.F("new__division"))
                | pgtrigger.Q(old__channel__df=pgtrigger.F("new__channel"))
                | pgtrigger.Q(old__bank_account__df=pgtrigger.F("new__bank_account"))
                | pgtrigger.Q(old__request_id__df=pgtrigger.F("new__request_id")),
                func=_refuse_if_approved("OLD", goes_on_with="NEW"),
            ),
            Safeguard(
                name="approved_batches_lose_nothing",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=_refuse_if_approved("OLD"),
            ),
            Safeguard(
                name="approved_batches_gain_nothing",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_refuse_if_approved("NEW"),
            ),
            moves_only_along(LINE_MOVES, message="A payment goes forwards only."),
            never_changes(
                "status",
                name="paid_credits_stay",
                message="A credit goes forwards only: what was paid stays so.",
                condition=pgtrigger.Q(old__channel="credit", old__status="confirmed"),
            ),
            never_changes(
                "trace_number",
                name="trace_numbers_stay",
                message="The trace number of a transfer does not change.",
                condition=~pgtrigger.Q(old__trace_number=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.reward}"

    @property
    def is_to_be_read(self) -> bool:
        """Whether the batch cannot be approved before an auditor has read this payment."""
        return (self.is_sampled or bool(self.flags)) and self.verdict == Verdict.UNREAD

    @property
    def flags_in_words(self) -> list[str]:
        """Why it is flagged."""
        return [str(LineFlag(flag).label) for flag in self.flags]

    def read(self, verdict: Verdict, note: str, *, by: User, at: datetime, may_read_again: bool = False) -> None:
        """
        Note what an auditor found; what is wrong is taken out, and says why.

        :param may_read_again: though it was read: something has become known since
        :raises NotAllowed: if it was read or taken out before, or nothing is said about what is wrong
        """
        was_read = self.verdict != Verdict.UNREAD and not may_read_again
        if was_read or self.status != LineStatus.PENDING:
            raise NotAllowed(gettext("This payment was read or taken out before."), code="already_read")
        if verdict == Verdict.WRONG:
            if not note:
                raise NotAllowed(gettext("Say what is wrong."), code="no_note", field="note")
            self._move(LineStatus.REMOVED)
        self.verdict, self.note, self.read_by, self.read_at = verdict, note, by, at

    def remove(self) -> None:
        """
        Take it out before anybody has read it.

        :raises NotAllowed: if it went out, or was taken out before
        """
        self._move(LineStatus.REMOVED)

    def send(self, submission: Submission, *, at: datetime) -> None:
        """
        The billing system is asked for the credit.

        :raises NotAllowed: if it was asked before
        """
        self._move(LineStatus.SENT)
        self.submission, self.sent_at = submission, at

    def transfer(self, *, at: datetime) -> None:
        """
        It goes into the file for the bank.

        :raises NotAllowed: if it was sent before
        """
        self._move(LineStatus.SENT)
        self.sent_at = at

    def number(self, trace_number: str) -> None:
        """
        It stands in the file for the bank, under a number.

        :raises NotAllowed: if it is no transfer that is sent, or it stands in one
        """
        if self.status != LineStatus.SENT or self.channel != Channel.TRANSFER or self.trace_number:
            raise NotAllowed(gettext("This payment stands in a file for the bank."), code="wrong_status")
        self.trace_number = trace_number

    def miss(self, *, at: datetime) -> None:
        """
        The bank's statement does not show it, though it shows others of its file.

        :raises NotAllowed: if it is no transfer that was sent, or it has its outcome
        """
        if self.status != LineStatus.SENT or not self.trace_number:
            raise NotAllowed(gettext("This payment has its outcome already."), code="wrong_status")
        self.missed_at = self.missed_at or at

    def show(self) -> None:
        """
        A statement of the bank shows it: it is awaited no more, though it is not settled yet.

        :raises NotAllowed: if it is no transfer that was sent, or it has its outcome
        """
        if self.status != LineStatus.SENT or not self.trace_number:
            raise NotAllowed(gettext("This payment has its outcome already."), code="wrong_status")
        self.missed_at = None

    def confirm(self, credit_id: str, *, at: datetime) -> None:
        """
        The credit is there, or the bank says that it has paid; where all of it was set off there is none to wait for.

        :raises NotAllowed: if that was known, or it was returned
        """
        self._move(LineStatus.CONFIRMED)
        self.credit_id, self.confirmed_at = credit_id, at
        if not self.amount or self.channel == Channel.TRANSFER:
            self.reconciliation = Reconciliation.MATCHED

    def return_(self, problem: str) -> None:
        """
        The billing system will not have it, or the bank has sent it back, be it after it was paid.

        :raises NotAllowed: if that was known, or it was credited
        """
        if self.channel == Channel.CREDIT and self.status != LineStatus.SENT:
            raise NotAllowed(gettext("This credit has its outcome already."), code="wrong_status")
        self._move(LineStatus.RETURNED)
        self.problem = problem[:300]


class PeriodRun(models.Model):
    """The proof that something was done once for a period: whoever writes this row does it, nobody else."""

    kind = models.CharField(_("kind"), max_length=12, choices=RunKind.choices)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    period = models.DateField(_("for"))
    """The night's date, or the month's first day, in the division's zone."""
    started_at = models.DateTimeField(_("started"), default=now)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("work"))

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("scheduled run")
        verbose_name_plural = _("scheduled runs")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="run_kind_is_known"),
            models.UniqueConstraint(fields=["kind", "division", "period"], name="each_period_is_run_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.period}"
