"""Where payees are paid in cash: their bank accounts, of which nobody reads more than the last digits."""

from datetime import date, datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models.rewards import Payee
from commissions.states import BankAccountKind, BankEnd
from foundation.lifecycle import LockingQuerySet, NotAllowed
from foundation.now import now
from foundation.people.encryption import decrypt, fits_digest
from foundation.people.models import User
from foundation.safeguards import never_changes, never_deleted


def written_together(routing_number: str, account_number: str) -> str:
    """Write what tells a bank account from all others, for its digest."""
    return f"{routing_number}:{account_number}"


class BankAccount(models.Model):
    """
    A bank account that a payee has named. It never changes: other details are another row, and end this one.

    The number is kept encrypted. `sealed_number` and `digest` are written anew when the keys are changed, and then alone.
    """

    payee = models.ForeignKey(Payee, models.PROTECT, related_name="bank_accounts", verbose_name=_("payee"))
    routing_number = models.CharField(_("routing number"), max_length=9)
    sealed_number = models.TextField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    """Of routing and account number, under a key of the house: the same at whomever names the same bank account."""
    ending = models.CharField(_("ends in"), max_length=4)
    """Its last four digits, of a short number two: all that is ever shown."""
    kind = models.CharField(_("kind"), max_length=10, choices=BankAccountKind.choices)
    holder = models.CharField(_("account holder"), max_length=80)
    is_business = models.BooleanField(_("of a business"), default=False)
    added_at = models.DateTimeField(_("given"), default=now)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("given by"))
    usable_from = models.DateField(_("paid to from"))
    """The payee's division's day; until then whoever was told of it may object."""
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by"))
    end_reason = models.CharField(_("ended because"), max_length=10, choices=BankEnd.choices, blank=True)
    end_note = models.CharField(_("note"), max_length=300, blank=True)

    objects = LockingQuerySet["BankAccount"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payee"], condition=Q(ended_at=None), name="one_bank_account_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="", end_note="")
                | Q(ended_at__isnull=False) & Q(end_reason__in=BankEnd.values),
                name="ended_bank_accounts_say_why",
            ),
            models.CheckConstraint(
                condition=Q(routing_number__regex=r"^[0-9]{9}$", ending__regex=r"^[0-9]{2,4}$"),
                name="bank_accounts_are_numbers",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(fields=["digest"], name="bank_account_digest")]
        triggers: ClassVar = [
            never_changes(
                "payee_id", "routing_number", "ending", "kind", "holder", "is_business", "added_at", "added_by_id",
                "usable_from",
                name="bank_details_stay",
                message="Bank details do not change: other ones are another row.",
            ),
            never_changes(
                "ended_at", "ended_by_id", "end_reason", "end_note",
                name="what_has_ended_stays_ended",
                message="Bank details end once.",
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
            *never_deleted("Bank details are kept."),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("%(kind)s account ending in %(ending)s") % {
            "kind": self.get_kind_display(), "ending": self.ending,
        }  # fmt: skip

    @property
    def account_number(self) -> str:
        """
        The whole number, for the file that goes to the bank and nothing else.

        :raises ValueError: if what is kept is not what was given: somebody has written into the table
        """
        number = decrypt(self.sealed_number)
        if not fits_digest(written_together(self.routing_number, number), self.digest):
            message = f"bank account {self.pk} does not fit its digest"
            raise ValueError(message)
        return number

    @property
    def is_current(self) -> bool:
        """Whether it is the one that its payee is paid to, now or from a day on."""
        return self.ended_at is None

    def is_usable(self, on: date) -> bool:
        """Tell whether money may be sent to it on a day."""
        return self.is_current and self.usable_from <= on

    def end(self, reason: BankEnd, note: str, *, by: User | None, at: datetime) -> None:
        """
        Nothing is sent to it any more.

        :raises NotAllowed: if it has ended before
        """
        if not self.is_current:
            raise NotAllowed(gettext("These bank details have ended before."), code="ended")
        self.end_reason, self.end_note, self.ended_by, self.ended_at = reason, note, by, at
