"""
What billing systems have told of accounts, kept as tables: whoever judges payments does so in SQL.

Each row is one fact, told once however often it arrives, true whatever the order of arrival. Dates are those of the
row's division.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from billing.models.systems import BillingSystem
from billing.states import AllocationSource, ServiceStatus
from foundation.divisions.models import Division
from foundation.money import MoneyField
from foundation.now import now
from foundation.safeguards import never_changes, never_deleted


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
            models.UniqueConstraint(fields=["invoice_id", "billing_system"], name="an_invoice_is_kept_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, tax__gte=0, tax__lte=models.F("amount")), name="invoice_amounts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "due_on"], name="invoice_account"),
            models.Index(fields=["account_number"], name="invoice_account_number"),
            models.Index(fields=["division", "-id"], name="invoice_division"),
        ]

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
                fields=["allocation_id", "billing_system", "source", "is_reversal"], name="an_allocation_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(is_reversal=False, amount__gt=0) | Q(is_reversal=True, amount__lt=0),
                name="allocation_has_its_sign",
            ),
            models.CheckConstraint(condition=Q(source__in=AllocationSource.values), name="allocation_source"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "invoice_id"], name="allocation_account"),
            models.Index(fields=["invoice_id", "billing_system"], name="allocation_invoice"),
            models.Index(fields=["account_number"], name="allocation_account_number"),
            models.Index(fields=["division", "-id"], name="allocation_division"),
        ]
        triggers: ClassVar = [
            never_changes(
                "billing_system_id", "source", "is_reversal", "amount", "currency", "effective_on",
                name="what_was_paid_never_changes",
                message="What a billing system said was paid does not change: it is taken back by another row.",
            ),
            *never_deleted("What a billing system said was paid is kept."),
        ]  # fmt: skip

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
        indexes: ClassVar = [
            models.Index(fields=["account", "effective_on"], name="service_status_account"),
            models.Index(fields=["effective_on"], name="service_status_day"),
        ]

    def __str__(self) -> str:
        return f"{self.account_number}: {self.get_status_display()}"


class AgedBalance(AccountFact):
    """What an account owes past its due date, as its billing system last said."""

    event_id = models.CharField(_("vendor's event id"), max_length=100)
    """Of two of the same moment, the greater id is true: any rule will do that does not ask which came first."""
    past_due = MoneyField(_("past due"))
    currency = models.CharField(_("currency"), max_length=3)
    oldest_due_on = models.DateField(_("oldest unpaid bill due"), null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("aged balance")
        verbose_name_plural = _("aged balances")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_number", "billing_system"], name="one_aged_balance_per_account"),
            models.CheckConstraint(
                condition=Q(past_due=0) | Q(past_due__gt=0, oldest_due_on__isnull=False),
                name="past_due_says_since_when",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["division", "oldest_due_on"], name="aged_balance_past_due", condition=Q(past_due__gt=0)
            )
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
            models.UniqueConstraint(fields=["credit_id", "billing_system"], name="a_posted_credit_is_kept_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="posted_credit_is_above_zero"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account_number"], name="posted_credit_account_number"),
            models.Index(fields=["division", "-id"], name="posted_credit_division"),
        ]

    def __str__(self) -> str:
        return self.credit_id
