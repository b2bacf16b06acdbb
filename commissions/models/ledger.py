"""The ledger: entries that never change, and months that take no more of them."""

from typing import ClassVar

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commissions.models.rewards import Payee, Reward
from commissions.models.rules import RuleVersion
from commissions.states import LEGS, EntryKind, LedgerAccount
from foundation.divisions.models import Division
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import Safeguard, append_only


def _legs_condition() -> Q:
    """Build the condition that each kind of entry moves money between its own two accounts."""
    condition = Q()
    for kind, pairs in LEGS.items():
        for debit, credit in sorted(pairs):
            condition |= Q(kind=kind.value, debit=debit.value, credit=credit.value)
    return condition


class LedgerEntry(models.Model):
    """
    One movement of money between two accounts: both legs in one row, so that they cannot but add up to zero.

    The database refuses to change or delete one, or to empty the table. A correction is a further entry.
    """

    key = models.CharField(max_length=120, unique=True)
    """What makes it this entry and no other, `<reward>:<which of its entries>`; written twice, it stands once."""
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices)
    debit = models.CharField(_("debit"), max_length=10, choices=LedgerAccount.choices)
    credit = models.CharField(_("credit"), max_length=10, choices=LedgerAccount.choices)
    amount = MoneyField(_("amount"))
    """Above zero, in `currency`."""
    currency = models.CharField(_("currency"), max_length=3)
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="entries", verbose_name=_("payee"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="entries", verbose_name=_("reward"))
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="+", verbose_name=_("rule"))
    calculation = models.CharField(_("how it was reckoned"), max_length=200, blank=True)
    inputs = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    effective_on = models.DateField(_("true on"))
    """The division's day on which it became true, however late we heard."""
    period = models.DateField(_("period"))
    """The first day of the month in which it is booked: of `effective_on`, or the first open one after it."""
    posted_at = models.DateTimeField(_("posted"), default=now)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_entry_moves_something"),
            models.CheckConstraint(condition=_legs_condition(), name="an_entry_moves_between_its_accounts"),
            models.CheckConstraint(condition=Q(period__day=1), name="an_entrys_period_is_a_month"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["payee", "id"], name="entry_payee"),
            models.Index(fields=["reward"], name="entry_reward"),
            models.Index(fields=["division", "period"], name="entry_period"),
        ]
        triggers: ClassVar = [
            *append_only("The ledger is append-only."),
            Safeguard(
                name="closed_months_stay_closed",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="written"),  # type: ignore[no-untyped-call]
                func="""
                    IF EXISTS (
                        SELECT 1 FROM (SELECT DISTINCT division_id, period FROM written) entry
                        JOIN divisions_division division ON division.id = entry.division_id
                        JOIN commissions_closedperiod closed ON closed.division_id = ANY(division.lineage)
                        WHERE closed.period >= entry.period
                    ) THEN
                        RAISE EXCEPTION 'A month that is closed takes no more entries.';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} {self.currency}"


class ClosedPeriod(models.Model):
    """A month of a division that takes no more entries: what is heard later is booked in the next open one."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    period = models.DateField(_("period"), help_text=_("The first day of the month."))
    closed_at = models.DateTimeField(_("closed"), default=now)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by"))

    class Meta:
        ordering: ClassVar = ["-period"]
        verbose_name = _("closed period")
        verbose_name_plural = _("closed periods")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "period"], name="a_period_is_closed_once"),
            models.CheckConstraint(condition=Q(period__day=1), name="a_period_is_a_month"),
        ]
        triggers: ClassVar = append_only("A month that is closed stays closed.")

    def __str__(self) -> str:
        return f"{self.division}: {self.period:%Y-%m}"
