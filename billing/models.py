"""Billing systems, what we have asked of them, and what they have told us."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account
from billing.states import MOVES, OPEN, AllocationSource, FactOutcome, ServiceStatus, SubmissionKind, SubmissionStatus
from foundation.divisions.models import Division, bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User

CLAIM = timedelta(seconds=60)
"""How long one worker has for one call to a vendor; every HTTP timeout stays below."""
FIRST_LOOK_UP = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=30)
MOST_TRIES = 25
"""Below the outbox's own limit, so that a submission is set aside here, where it can be resent."""


class BillingSystem(models.Model):
    """
    A billing system that we send work orders to.

    Its token and the secret of its webhooks are not here: they stand in the environment, under names made from the
    code (`BILLING_<CODE>_TOKEN`, `BILLING_<CODE>_WEBHOOK_SECRET`, or the same with `_FILE`). So no dump, no history
    table and no admin page can leak them, they are rotated without touching the database, and whoever may edit the
    address below still cannot point another secret of the environment at it.
    """

    code = models.CharField(
        _("code"), max_length=20, unique=True, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")],
        help_text=_("Lower-case letters, digits and _. It names the token in the environment. Kept for ever."),
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=80)
    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("Who runs it. Which divisions use it is the setting “Billing system”."),
    )  # fmt: skip
    adapter = models.CharField(_("adapter"), max_length=40, help_text=_("How this vendor is spoken to."))
    base_url = models.CharField(
        _("address"), max_length=200, validators=[URLValidator(schemes=["https", "http"])],
        help_text=_("Without the last part of the path, for example https://billing.example.com/api"),
    )  # fmt: skip
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Nothing is sent to, and nothing asked of, an inactive system.")
    )

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("billing system")
        verbose_name_plural = _("billing systems")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if settings.IS_SECURE and not self.base_url.lower().startswith("https://"):
            raise ValidationError({"base_url": _("Write an address that begins with https://.")})


class Polling(models.Model):
    """How far a billing system's facts have been read; apart from its configuration, which changes seldom."""

    billing_system = models.OneToOneField(
        BillingSystem, models.CASCADE, related_name="polling", verbose_name=_("billing system")
    )
    cursor = models.CharField(_("read up to"), max_length=100, blank=True)
    polled_at = models.DateTimeField(_("last read"), null=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("polling")
        verbose_name_plural = _("pollings")

    def __str__(self) -> str:
        return f"{self.billing_system}: {self.cursor}"


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
        """Keep those that were tried too often, and those that were refused."""
        return self.filter(Q(set_aside_at__isnull=False) | Q(status=SubmissionStatus.REFUSED))

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
        self.due_at = at + min(FIRST_LOOK_UP * 2 ** min(self.attempts, 10), LONGEST_WAIT)
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

        :raises NotAllowed: if it was confirmed, or is being taken care of without anybody's help
        """
        if self.status == SubmissionStatus.REFUSED:
            self._move(SubmissionStatus.PENDING)
        elif not self._needs_a_person:
            raise NotAllowed(gettext("It is confirmed, or on its way without help."), code="not_resendable")
        self.set_aside_at = self.ended_at = None
        self.attempts, self.due_at = 0, now()
        self.settled_by, self.settled_reason = by, reason

    def settle(self, outcome: SubmissionStatus, external_id: str, reason: str, *, by: User) -> None:
        """
        Note who says how it ended, and why; `confirm` or `refuse` follows.

        :raises NotAllowed: if its outcome is known or being found out, or a part of the answer is missing
        """
        if not self.is_open or not self._needs_a_person:
            raise NotAllowed(gettext("Its outcome is known, or being found out."), code="not_settleable")
        if outcome not in {SubmissionStatus.CONFIRMED, SubmissionStatus.REFUSED}:
            raise NotAllowed(gettext("It was confirmed or refused."), code="no_outcome")
        if outcome == SubmissionStatus.CONFIRMED and not external_id:
            raise NotAllowed(gettext("Give the vendor's id."), code="no_external_id", field="external_id")
        if not reason:
            raise NotAllowed(gettext("Say how you know."), code="no_reason", field="reason")
        self.settled_by, self.settled_reason = by, reason

    @property
    def _needs_a_person(self) -> bool:
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


class InboundFact(models.Model):
    """A fact as a billing system told it, by webhook or when polled: once, however often it was told."""

    billing_system = models.ForeignKey(
        BillingSystem, models.PROTECT, related_name="facts", verbose_name=_("billing system")
    )
    event_id = models.CharField(_("vendor's event id"), max_length=100)
    kind = models.CharField(_("kind"), max_length=80)
    request_id = models.CharField(_("request id"), max_length=100, blank=True, db_index=True)
    payload = models.JSONField(_("as received"))
    report = models.JSONField(null=True)
    """The same in our words (`ports.frozen`); nothing where we have no use for it."""
    outcome = models.CharField(_("outcome"), max_length=10, choices=FactOutcome.choices)
    trouble = models.TextField(_("why it cannot be read"), blank=True)
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), default=now)
    applied_at = models.DateTimeField(_("applied"), null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("fact from a billing system")
        verbose_name_plural = _("facts from billing systems")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "event_id"], name="a_fact_is_told_once"),
            models.CheckConstraint(condition=Q(outcome__in=FactOutcome.values), name="fact_outcome"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["billing_system", "request_id"], name="fact_waiting", condition=Q(outcome=FactOutcome.WAITING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


# What the facts about money say, kept as tables: whoever judges payments does so in SQL. Each row is one fact, told
# once however often it arrives, true whatever the order of arrival. Dates are those of the row's division.


class AccountFact(models.Model):
    """What every fact about an account has: whose it is, when it was true and when we heard."""

    billing_system = models.ForeignKey(
        BillingSystem, models.PROTECT, related_name="+", verbose_name=_("billing system")
    )
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The account's; the billing system's where we do not know the account."""
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+", verbose_name=_("account"))
    account_number = models.CharField(_("account number"), max_length=40)
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), default=now)

    class Meta:
        abstract = True


class Invoice(AccountFact):
    """A bill. `amount` includes `tax`; both in `currency`."""

    invoice_id = models.CharField(_("invoice"), max_length=100)
    amount = MoneyField(_("amount"))
    tax = MoneyField(_("of it tax"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    issued_on = models.DateField(_("issued"))
    due_on = models.DateField(_("due"))

    class Meta:
        ordering: ClassVar = ["-due_on"]
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "invoice_id"], name="an_invoice_is_kept_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, tax__gte=0, tax__lte=models.F("amount")), name="invoice_amounts"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "due_on"], name="invoice_account")]

    def __str__(self) -> str:
        return self.invoice_id


class Allocation(AccountFact):
    """
    A receipt or a credit note, or a part of one, that pays an invoice; or, with a negative amount, no longer does.

    An invoice is paid on the day from which the sum of its allocations reaches its amount and stays there.
    """

    source = models.CharField(_("from"), max_length=12, choices=AllocationSource.choices)
    is_reversal = models.BooleanField(_("taken back"), default=False)
    allocation_id = models.CharField(_("allocation"), max_length=100)
    source_id = models.CharField(_("receipt or credit note"), max_length=100, blank=True)
    invoice_id = models.CharField(_("invoice"), max_length=100)
    """The vendor's id: the invoice itself may be told later."""
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    effective_on = models.DateField(_("on"))

    class Meta:
        ordering: ClassVar = ["-effective_on"]
        verbose_name = _("payment of a bill")
        verbose_name_plural = _("payments of bills")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["billing_system", "is_reversal", "allocation_id"], name="an_allocation_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(is_reversal=False, amount__gt=0) | Q(is_reversal=True, amount__lt=0),
                name="allocation_has_its_sign",
            ),
            models.CheckConstraint(condition=Q(source__in=AllocationSource.values), name="allocation_source"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "invoice_id"], name="allocation_account"),
            models.Index(fields=["billing_system", "invoice_id"], name="allocation_invoice"),
        ]

    def __str__(self) -> str:
        return f"{self.allocation_id} → {self.invoice_id}"


class ServiceStatusReport(AccountFact):
    """An account's service was suspended, restored, disconnected or the account closed, from a day on."""

    event_id = models.CharField(_("vendor's event id"), max_length=100)
    status = models.CharField(_("status"), max_length=12, choices=ServiceStatus.choices)
    effective_on = models.DateField(_("from"))

    class Meta:
        ordering: ClassVar = ["-effective_on"]
        verbose_name = _("service status")
        verbose_name_plural = _("service statuses")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "event_id"], name="a_service_status_is_kept_once"),
            models.CheckConstraint(condition=Q(status__in=ServiceStatus.values), name="service_status_is_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "effective_on"], name="service_status_account")]

    def __str__(self) -> str:
        return f"{self.account_number}: {self.get_status_display()}"


class AgedBalance(AccountFact):
    """What an account owes past its due date, as its billing system last said."""

    past_due = MoneyField(_("past due"))
    currency = models.CharField(_("currency"), max_length=3)
    oldest_due_on = models.DateField(_("oldest unpaid bill due"), null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("aged balance")
        verbose_name_plural = _("aged balances")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "account_number"], name="one_aged_balance_per_account"),
            models.CheckConstraint(condition=Q(past_due__gte=0), name="past_due_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account_number}: {self.past_due} {self.currency}"


class PostedCredit(AccountFact):
    """A credit as the billing system shows it on an account: what ours are read back against."""

    credit_id = models.CharField(_("vendor's id"), max_length=100)
    request_id = models.CharField(_("request id"), max_length=100, blank=True, db_index=True)
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    posted_on = models.DateField(_("posted"))

    class Meta:
        ordering: ClassVar = ["-posted_on"]
        verbose_name = _("posted credit")
        verbose_name_plural = _("posted credits")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "credit_id"], name="a_posted_credit_is_kept_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="posted_credit_is_above_zero"),
        ]

    def __str__(self) -> str:
        return self.credit_id
