"""Who is owed rewards, and what for."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account
from commissions.models.rules import RewardTerm, RuleVersion
from commissions.states import (
    MAY_BE_TAKEN_BACK,
    REWARD_MOVES,
    HoldReason,
    ReasonCode,
    RewardForm,
    RewardStatus,
    Side,
)
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.safeguards import never_changes
from referrals.models import Referral


class Payee(models.Model):
    """Somebody who is owed rewards: a customer's account, credited on its bill or paid cash. Locked to count and to set off."""

    account = models.OneToOneField(Account, models.PROTECT, related_name="payee", verbose_name=_("account"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    currency = models.CharField(_("currency"), max_length=3)

    objects = LockingQuerySet["Payee"].as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("payee")
        verbose_name_plural = _("payees")

    def __str__(self) -> str:
        return str(self.account)


class RewardQuerySet(LockingQuerySet["Reward"]):
    """Rewards by what has to be done about them."""

    def payable(self) -> "RewardQuerySet":
        """Keep those that are earned and wait for a batch."""
        return self.filter(status=RewardStatus.PAYABLE)


class Reward(Lifecycle):
    """What one side of a referral may get, under the version of the rule that was in force when the friend ordered."""

    MOVES = REWARD_MOVES

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="rewards", verbose_name=_("referral"))
    side = models.CharField(_("for the"), max_length=10, choices=Side.choices)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    """The referral's: whose budget pays, and in whose zone days are counted."""
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="rewards", verbose_name=_("payee"))
    friend_account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("friend's account"))
    """Whose bills decide."""
    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="rewards", verbose_name=_("rule"))
    term = models.ForeignKey(RewardTerm, models.PROTECT, related_name="+", verbose_name=_("as promised"))
    ordinal = models.PositiveIntegerField(_("the payee's nth reward"))
    status = models.CharField(
        _("status"), max_length=12, choices=RewardStatus.choices, default=RewardStatus.ACCRUED, editable=False
    )
    amount = MoneyField(_("amount"), null=True, editable=False)
    """In `currency`. None until it is earned where it is reckoned from what the friend pays."""
    rate = models.DecimalField(_("percent"), max_digits=6, decimal_places=3, null=True, editable=False)
    """The percentage that applies where the amount is reckoned from what the friend pays."""
    currency = models.CharField(_("currency"), max_length=3)
    calculation = models.CharField(_("how it was reckoned"), max_length=200, blank=True)
    """In words and figures: “12.5 % × $63.00 = $7.88”."""
    inputs = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    """What the calculation started from: base, percent, ordinal; recomputed, it gives the same cent."""

    installed_on = models.DateField(_("installed"))
    earliest_on = models.DateField(_("earliest"))
    """The end of the wait after installation; dates are the division's."""
    latest_on = models.DateField(_("latest"))
    watched_until = models.DateField(_("may be taken back until"))
    """The last day whose facts may still take it back; after it, what was earned is final."""
    moves = models.PositiveSmallIntegerField(default=0, editable=False)
    """How many ledger entries it has had: the next one's key counts from here."""
    accrued_at = models.DateTimeField(_("accrued"), default=now)
    qualified_on = models.DateField(_("earned"), null=True, editable=False)
    reason = models.CharField(_("because"), max_length=20, choices=ReasonCode.choices, blank=True, editable=False)
    reason_on = models.DateField(_("since"), null=True, editable=False)
    """The day on which the reason came true."""
    holds = ArrayField(
        models.CharField(max_length=20, choices=HoldReason.choices), default=list, verbose_name=_("held because")
    )
    clawed_back = MoneyField(_("taken back"), default=Decimal("0.00"), editable=False)
    settled_on = models.DateField(_("paid"), null=True, editable=False)

    objects = RewardQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints: ClassVar = [
            status_constraint(RewardStatus, name="reward_status_is_known"),
            models.UniqueConstraint(fields=["referral", "side"], name="one_reward_per_side"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="reward_is_not_negative"),
            models.CheckConstraint(
                condition=Q(clawed_back__gte=0) & (Q(clawed_back=0) | Q(clawed_back__lte=F("amount"))),
                name="no_more_is_taken_back_than_was_given",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=[
                        RewardStatus.HELD, RewardStatus.PAYABLE, RewardStatus.BATCHED, RewardStatus.SETTLED,
                        RewardStatus.REVERSED,
                    ]
                )
                | Q(amount__isnull=False, qualified_on__isnull=False),
                name="earned_rewards_say_what_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RewardStatus.PAYABLE, RewardStatus.BATCHED, RewardStatus.SETTLED])
                | Q(holds=[]),
                name="released_only_when_nothing_holds",
            ),
            models.CheckConstraint(
                condition=~Q(status=RewardStatus.HELD) | ~Q(holds=[]), name="held_rewards_say_why"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RewardStatus.FORFEITED, RewardStatus.REVERSED]) | ~Q(reason=""),
                name="refused_rewards_say_why",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["payee", "-id"], name="reward_payee"),
            models.Index(fields=["friend_account"], name="reward_friend_account"),
            models.Index(fields=["division", "status", "-id"], name="reward_division"),
            models.Index(
                fields=["id"],
                name="reward_undecided",
                condition=Q(status__in=["accrued", "held", "payable", "settled", "forfeited"]),
            ),
        ]
        triggers: ClassVar = [
            never_changes(
                "referral_id", "side", "payee_id", "friend_account_id", "version_id", "term_id", "currency",
                name="promise_never_changes",
                message="Who gets a reward for what, and under which rule, does not change.",
            ),
            never_changes(
                "amount",
                name="amount_stays_once_paid",
                message="What is being paid or was paid does not change.",
                condition=pgtrigger.Q(old__status__in=["batched", "settled", "reversed"]),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return gettext("Reward %d") % self.pk

    @property
    def is_cash(self) -> bool:
        """Whether it is paid to a bank account, and not as a credit on a bill."""
        return self.term.form == RewardForm.CASH

    @property
    def owed(self) -> Decimal:
        """What is left of it after what was taken back."""
        return (self.amount or Decimal("0.00")) - self.clawed_back

    def hold(self, reason: HoldReason) -> None:
        """
        It waits, though it is earned.

        :raises NotAllowed: if it is not earned, is being paid or was paid
        """
        if self.status not in {RewardStatus.HELD, RewardStatus.PAYABLE}:
            raise NotAllowed(gettext("Only what is earned and not being paid can be held."), code="wrong_status")
        if self.status != RewardStatus.HELD:
            self._move(RewardStatus.HELD)
        self.holds = sorted({*self.holds, reason.value})

    def release(self, reason: HoldReason) -> None:
        """
        One reason to wait is gone; with the last one, it can be paid.

        :raises NotAllowed: if it does not wait for this reason
        """
        if self.status != RewardStatus.HELD or reason not in self.holds:
            raise NotAllowed(gettext("It is not held for this reason."), code="not_held")
        self.holds = [held for held in self.holds if held != reason]
        if not self.holds:
            self._move(RewardStatus.PAYABLE)

    def forfeit(self, reason: ReasonCode, on: date) -> None:
        """
        It will not be earned, or is not owed after all; of two reasons the later stands.

        :raises NotAllowed: if it can be paid, is being paid or was paid
        """
        if self.status != RewardStatus.FORFEITED:
            self._move(RewardStatus.FORFEITED)
        self.reason, self.reason_on, self.holds = reason, on, []

    def take_back(self, amount: Decimal, reason: ReasonCode, on: date) -> None:
        """
        It is not owed after all, or a part of it; what is taken back whole is over.

        :param amount: above zero, at most what is owed
        :raises NotAllowed: if it is not earned, is being paid, was taken back for this reason, or is less than that
        """
        if self.clawed_back and self.reason == reason:
            raise NotAllowed(gettext("It was taken back for this reason before."), code="taken_back")
        if not Decimal(0) < amount <= self.owed:
            raise NotAllowed(gettext("More would be taken back than was given."), code="too_much")
        if amount == self.owed or self.status not in MAY_BE_TAKEN_BACK:
            self._move(RewardStatus.REVERSED)  # which refuses what is not earned, or is being paid
            self.holds = []
        self.clawed_back += amount
        self.reason, self.reason_on = reason, on

    def put_in_batch(self) -> None:
        """
        It is to be paid in a batch.

        :raises NotAllowed: if it is not earned, is held, or is in one
        """
        self._move(RewardStatus.BATCHED)

    def take_out_of_batch(self, hold: HoldReason | None = None) -> None:
        """
        It is not paid in this batch: it waits for another, or is held for a reason.

        :raises NotAllowed: if it is in none
        """
        self._move(RewardStatus.HELD if hold else RewardStatus.PAYABLE)
        self.holds = [hold.value] if hold else []

    def come_back(self) -> None:
        """
        A bank has sent back what was paid already: it is owed again, and held.

        :raises NotAllowed: if it was not paid
        """
        self._move(RewardStatus.HELD)
        self.holds, self.settled_on = [HoldReason.BANK_RETURNED.value], None

    def settle(self, on: date) -> None:
        """
        It was credited, transferred, or set off.

        :raises NotAllowed: if it is in no batch
        """
        self._move(RewardStatus.SETTLED)
        self.settled_on = on
