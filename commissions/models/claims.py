"""Claims on payees that no reward is left to set off against: given up, or charged on the bill, by two people."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from commissions.models.ledger import LedgerEntry
from commissions.models.rewards import Payee, Reward
from commissions.states import CLAIM_MOVES, ClaimStatus, ClaimWay
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import moves_only_along, never_changes, never_deleted


class ClaimEnd(Lifecycle):
    """
    What one person asks to be done about a claim on a payee, and what another person has decided.

    What is charged is charged in the billing system by hand: it has no such request. Its number there is kept.
    """

    MOVES = CLAIM_MOVES

    payee = models.ForeignKey(Payee, models.PROTECT, related_name="claim_ends", verbose_name=_("payee"))
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="+", verbose_name=_("reward"))
    """The last one that was taken back after it had been paid: the entry stands there."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The payee's."""
    way = models.CharField(_("what is done"), max_length=10, choices=ClaimWay.choices)
    amount = MoneyField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("why"), max_length=300)
    status = models.CharField(
        _("status"), max_length=10, choices=ClaimStatus.choices, default=ClaimStatus.ASKED, editable=False
    )
    asked_at = models.DateTimeField(_("asked"), default=now)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    reference = models.CharField(_("number of the charge in the billing system"), max_length=100, blank=True)
    entry = models.OneToOneField(
        LedgerEntry, models.PROTECT, null=True, related_name="claim_end", verbose_name=_("entry")
    )

    objects = LockingQuerySet["ClaimEnd"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("end of a claim")
        verbose_name_plural = _("ends of claims")
        constraints: ClassVar = [
            status_constraint(ClaimStatus, name="claim_status_is_known"),
            models.CheckConstraint(condition=Q(way__in=ClaimWay.values), name="claim_way_is_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_claim_is_something"),
            models.UniqueConstraint(
                fields=["payee"], condition=Q(status=ClaimStatus.ASKED), name="one_open_question_per_claim"
            ),
            models.CheckConstraint(
                condition=Q(status=ClaimStatus.ASKED, decided_by=None, decided_at=None)
                | ~Q(status=ClaimStatus.ASKED) & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decided_claims_say_who",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="nobody_decides_what_they_asked"
            ),
            models.CheckConstraint(
                condition=Q(status=ClaimStatus.APPROVED, entry__isnull=False)
                | ~Q(status=ClaimStatus.APPROVED) & Q(entry=None),
                name="approved_ends_are_posted",
            ),
            models.CheckConstraint(
                condition=~Q(status=ClaimStatus.APPROVED, way=ClaimWay.CHARGE) | ~Q(reference=""),
                name="charges_name_their_number",
            ),
        ]
        triggers: ClassVar = [
            never_changes(
                "payee_id", "reward_id", "division_id", "way", "amount", "currency", "reason", "asked_at", "asked_by_id",
                name="what_was_asked_stays",
                message="What was asked about a claim does not change.",
            ),
            never_changes(
                "decided_at", "decided_by_id", "reference", "entry_id",
                name="what_was_decided_stays",
                message="What was decided about a claim does not change.",
                condition=pgtrigger.Q(old__status__in=[ClaimStatus.APPROVED.value, ClaimStatus.REFUSED.value]),
            ),
            moves_only_along(CLAIM_MOVES, message="A claim is decided about once."),
            *never_deleted("What was asked about a claim is kept."),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("%(what)s, %(amount)s %(currency)s") % {
            "what": self.get_way_display(),
            "amount": self.amount,
            "currency": self.currency,
        }

    def approve(self, entry: LedgerEntry, *, reference: str, by: User, at: datetime) -> None:
        """
        It is done, as its entry says.

        :param reference: of a charge, its number in the billing system
        :raises NotAllowed: if it was decided before, or a charge has no number
        """
        self._move(ClaimStatus.APPROVED)
        self.entry, self.reference, self.decided_by, self.decided_at = entry, reference, by, at

    def refuse(self, *, by: User, at: datetime) -> None:
        """
        The claim stays as it is.

        :raises NotAllowed: if it was decided before
        """
        self._move(ClaimStatus.REFUSED)
        self.decided_by, self.decided_at = by, at

    def require_reference(self, reference: str) -> None:
        """
        Let pass what names the charge, where something is charged.

        :raises NotAllowed: if the number is missing, or stands where nothing is charged
        """
        if (self.way == ClaimWay.CHARGE) != bool(reference):
            message = (
                gettext("Charge it in the billing system first, and enter the number that the charge has there.")
                if self.way == ClaimWay.CHARGE
                else gettext("Nothing is charged: leave the number empty.")
            )
            raise NotAllowed(message, code="reference", field="reference")
