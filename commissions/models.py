"""Rules and their versions, rewards, the ledger, and the batches in which rewards are paid."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account
from billing.models import Submission
from commissions.states import (
    BATCH_MOVES,
    LEGS,
    LINE_MOVES,
    MAY_BE_TAKEN_BACK,
    REWARD_MOVES,
    VERSION_MOVES,
    Basis,
    BatchStatus,
    EntryKind,
    HoldReason,
    LedgerAccount,
    LineFlag,
    LineStatus,
    ReasonCode,
    Reconciliation,
    RewardForm,
    RewardStatus,
    RunKind,
    Side,
    Verdict,
    VersionStatus,
    WaitUnit,
)
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import Safeguard, append_only, moves_only_along, never_changes
from referrals.models import Programme, Referral

# Rules. ----------------------------------------------------------------------------------------------------------

WORDING = (
    "reason", "conditions", "wait_count", "wait_unit", "bills_needed", "days_late_allowed", "weekend_moves_due_date",
    "must_be_active", "months_to_qualify", "clawback_full_days", "clawback_none_days", "budget", "most_per_month",
    "most_per_year", "most_ever",
)  # fmt: skip
"""What a version says besides its terms: written in a draft, and frozen with it."""
_FROZEN = ("rule_id", "number", "author_id", "writers", "created_at", *WORDING)
_APPROVAL = ("effective_from", "approver_id", "approved_at")


def _differ(*columns: str) -> str:
    """Write the SQL condition that an update changes one of these columns."""
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS DISTINCT FROM ({old})"


class Rule(models.Model):
    """What a market pays for a referral, over all the versions of it that there have been."""

    code = models.SlugField(_("code"), max_length=40, unique=True, help_text=_("Short, for reports. Kept for ever."))
    names = TranslatedField(_("name"))
    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It holds here and below, except where a division below has a rule of its own."),
    )  # fmt: skip
    programme = models.ForeignKey(
        Programme, models.PROTECT, null=True, blank=True, related_name="rules", verbose_name=_("programme"),
        help_text=_("Empty: for the referrals of every programme of these divisions."),
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Of several rules of one division the smallest number is tried first.")
    )
    granted = MoneyField(_("granted so far"), default=Decimal("0.00"), editable=False)
    """Counted against the version's budget by guarded updates."""

    objects = LockingQuerySet["Rule"].as_manager()

    class Meta:
        ordering: ClassVar = ["division", "priority", "code"]
        verbose_name = _("commission rule")
        verbose_name_plural = _("commission rules")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(granted__gte=0), name="granted_is_not_negative"),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="place_never_changes",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF {_differ("code", "division_id", "programme_id", "priority")} AND EXISTS (
                        SELECT 1 FROM commissions_ruleversion
                        WHERE rule_id = OLD.id AND status NOT IN ('draft', 'withdrawn')
                    ) THEN
                        RAISE EXCEPTION 'A rule stays where it is once a version of it was sent to review.';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  # no part of it comes from outside
            )
        ]

    def __str__(self) -> str:
        return str(self.names)


class RuleVersion(Lifecycle):
    """
    One wording of a rule. Once it is in review it never changes: a change is another version.

    Which version counts for a referral is decided by the moment of the friend's order, however much later it is paid.
    """

    MOVES = VERSION_MOVES

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions", verbose_name=_("rule"))
    number = models.PositiveIntegerField(_("version"), editable=False)
    status = models.CharField(
        _("status"), max_length=12, choices=VersionStatus.choices, default=VersionStatus.DRAFT, editable=False
    )
    effective_from = models.DateTimeField(_("in force from"), null=True, blank=True)
    """Empty in a draft: from its approval on."""
    effective_until = models.DateTimeField(_("in force until"), null=True, blank=True)
    """Exclusive; set when the next version comes into force, or in advance."""
    author = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("written by"), editable=False
    )
    approver = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("approved by"), editable=False
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    reason = models.CharField(_("reason for the change"), max_length=300, blank=True)
    writers = ArrayField(models.BigIntegerField(), default=list, editable=False)
    """The ids of all who changed it while it was a draft: none of them approves it."""
    created_at = models.DateTimeField(_("written"), default=now, editable=False)

    # For which orders.
    conditions = models.JSONField(
        _("conditions"), default=dict, blank=True, encoder=DjangoJSONEncoder,
        help_text=_("Empty: for every referred order."),
    )  # fmt: skip
    """A `foundation.rules.RuleSet` over the facts in `commissions.queries.facts.FACTS`."""

    # When it is earned.
    wait_count = models.PositiveSmallIntegerField(
        _("wait after installation"), default=3, validators=[MaxValueValidator(1000)]
    )
    wait_unit = models.CharField(_("counted in"), max_length=6, choices=WaitUnit.choices, default=WaitUnit.MONTHS)
    bills_needed = models.PositiveSmallIntegerField(
        _("bills paid"), default=3, validators=[MaxValueValidator(36)],
        help_text=_("How many of the friend's bills must be paid in full. 0: none."),
    )  # fmt: skip
    days_late_allowed = models.PositiveSmallIntegerField(
        _("days late allowed"), default=5, null=True, blank=True, validators=[MaxValueValidator(365)],
        help_text=_("A bill may be paid so many days after it is due. Empty: however late."),
    )  # fmt: skip
    weekend_moves_due_date = models.BooleanField(_("a due date on a weekend counts as the Monday after"), default=True)
    must_be_active = models.BooleanField(_("the friend must still be served"), default=True)
    months_to_qualify = models.PositiveSmallIntegerField(
        _("at the latest after months"), default=12, validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Counted from installation. What is not earned by then is forfeited."),
    )  # fmt: skip

    # When it is taken back.
    clawback_full_days = models.PositiveSmallIntegerField(
        _("taken back whole until day"), default=0,
        help_text=_("If the friend leaves within so many days of installation. 0: never."),
    )  # fmt: skip
    clawback_none_days = models.PositiveSmallIntegerField(
        _("then less each day, until day"), default=0, help_text=_("From this day on nothing is taken back.")
    )

    # How much at the most.
    budget = MoneyField(
        _("budget"), null=True, blank=True, help_text=_("Of the rule, over all payees. Empty: without limit.")
    )
    most_per_month = models.PositiveSmallIntegerField(_("rewards a month"), null=True, blank=True)
    most_per_year = models.PositiveSmallIntegerField(_("rewards a year"), null=True, blank=True)
    most_ever = models.PositiveSmallIntegerField(_("rewards in all"), null=True, blank=True)

    objects = LockingQuerySet["RuleVersion"].as_manager()

    class Meta:
        ordering: ClassVar = ["rule", "-number"]
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        constraints: ClassVar = [
            status_constraint(VersionStatus, name="version_status_is_known"),
            models.UniqueConstraint(fields=["rule", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(status__in=[VersionStatus.DRAFT, VersionStatus.IN_REVIEW]),
                name="one_open_version_per_rule",
            ),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(status=VersionStatus.IN_FORCE), name="one_version_in_force_per_rule"
            ),
            models.UniqueConstraint(
                fields=["rule", "effective_from"],
                condition=~Q(status__in=[VersionStatus.DRAFT, VersionStatus.IN_REVIEW, VersionStatus.WITHDRAWN]),
                name="one_version_per_moment",
            ),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__gt=F("effective_from")),
                name="version_ends_after_it_starts",
                violation_error_message=_("It ends before it starts."),
            ),
            models.CheckConstraint(
                condition=Q(approver=None) | ~Q(approver=F("author")), name="nobody_approves_their_own_version"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[VersionStatus.APPROVED, VersionStatus.IN_FORCE, VersionStatus.SUPERSEDED])
                | Q(effective_from__isnull=False, approved_at__isnull=False),
                name="approved_versions_say_when",
            ),
            models.CheckConstraint(
                condition=Q(clawback_none_days__gte=F("clawback_full_days")),
                name="clawback_gets_less",
                violation_error_message=_("The second day lies before the first."),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="wording_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF OLD.status NOT IN ('draft', 'in_review') AND NEW.status IN ('draft', 'in_review') THEN
                        RAISE EXCEPTION 'A version that was approved or withdrawn is no draft again.';
                    END IF;
                    IF OLD.status <> 'draft' AND {_differ(*_FROZEN)} THEN
                        RAISE EXCEPTION 'A version of a rule that is no draft does not change.';
                    END IF;
                    IF OLD.status NOT IN ('draft', 'in_review') AND {_differ(*_APPROVAL)} THEN
                        RAISE EXCEPTION 'The approval of a version does not change.';
                    END IF;
                    IF OLD.status IN ('superseded', 'withdrawn') AND {_differ("status", "effective_until")} THEN
                        RAISE EXCEPTION 'A version that has ended does not change.';
                    END IF;
                    IF NEW.approver_id = ANY (NEW.writers) THEN
                        RAISE EXCEPTION 'Nobody approves what they have written.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="versions_are_kept", operation=pgtrigger.Delete, condition=~pgtrigger.Q(old__status="draft")
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(rule)s, version %(number)d") % {"rule": self.rule, "number": self.number}

    def require_draft(self) -> None:
        """
        Let pass what may still be written.

        :raises NotAllowed: if it was sent to review, or has ended
        """
        if self.status != VersionStatus.DRAFT:
            message = gettext("Only a draft can be changed. Start a new version instead.")
            raise NotAllowed(message, code="not_a_draft")

    def send_to_review(self) -> None:
        """
        It is written: somebody else is to read it.

        :raises NotAllowed: if it is no draft
        """
        self._move(VersionStatus.IN_REVIEW)

    def return_to_draft(self) -> None:
        """
        It is to be written once more.

        :raises NotAllowed: if it is not in review
        """
        self._move(VersionStatus.DRAFT)

    def approve(self, *, by: User, at: datetime, effective_from: datetime) -> None:
        """
        Somebody who has not written it agrees to it, from a moment on.

        :raises NotAllowed: if it is not in review, or the person has written in it
        """
        if by.pk in self.writers or by.pk == self.author_id:
            message = gettext("You have written in this version yourself: another person must approve it.")
            raise NotAllowed(message, code="own_version")
        self._move(VersionStatus.APPROVED)
        self.approver, self.approved_at, self.effective_from = by, at, effective_from

    def put_in_force(self) -> None:
        """
        Its moment has come.

        :raises NotAllowed: if it was not approved
        """
        self._move(VersionStatus.IN_FORCE)

    def supersede(self, *, until: datetime) -> None:
        """
        Another one is in force from a moment on; it stays in force for the orders before it.

        :raises NotAllowed: if it is not in force
        """
        self._move(VersionStatus.SUPERSEDED)
        self.effective_until = min(filter(None, (self.effective_until, until)))

    def end(self, *, until: datetime) -> None:
        """
        Nothing follows it: it is in force until a moment.

        :raises NotAllowed: if it is not in force
        """
        if self.status != VersionStatus.IN_FORCE:
            raise NotAllowed(gettext("This version is not in force."), code="wrong_status")
        self.effective_until = until

    def withdraw(self) -> None:
        """
        It will never be in force.

        :raises NotAllowed: if it is or was in force
        """
        self._move(VersionStatus.WITHDRAWN)


class RewardTerm(models.Model):
    """What one side gets under a version of a rule."""

    version = models.ForeignKey(RuleVersion, models.CASCADE, related_name="terms", verbose_name=_("version"))
    side = models.CharField(_("for the"), max_length=10, choices=Side.choices, default=Side.REFERRER)
    form = models.CharField(_("form"), max_length=12, choices=RewardForm.choices, default=RewardForm.BILL_CREDIT)
    basis = models.CharField(_("reckoned as"), max_length=16, choices=Basis.choices, default=Basis.FLAT)
    amount = MoneyField(_("amount"), null=True, blank=True, help_text=_("Of a fixed amount."))
    percent = models.DecimalField(
        _("percent"), max_digits=6, decimal_places=3, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(Decimal(1000))],
    )  # fmt: skip
    tiers = models.JSONField(_("steps by count"), default=list, blank=True, encoder=DjangoJSONEncoder)
    """`[[5, "50.00"], …]`: from the payee's nth reward on, this amount (or percent) instead; ascending."""

    class Meta:
        ordering: ClassVar = ["version", "side"]
        verbose_name = _("reward")
        verbose_name_plural = _("rewards of a rule")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "side"], name="one_term_per_side"),
            models.CheckConstraint(
                condition=Q(form=RewardForm.FREE_MONTH, amount=None, percent=None)
                | Q(form=RewardForm.BILL_CREDIT, basis=Basis.FLAT, amount__gt=0, percent=None)
                | Q(form=RewardForm.BILL_CREDIT, amount=None, percent__gt=0) & ~Q(basis=Basis.FLAT),
                name="term_says_how_much",
                violation_error_message=_("Enter an amount or a percentage, as the reckoning asks."),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="terms_are_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("term", "RECORD")],
                func="""
                    IF TG_OP = 'INSERT' THEN
                        term = NEW;
                    ELSE
                        term = OLD;
                    END IF;
                    IF EXISTS (SELECT 1 FROM commissions_ruleversion WHERE id = term.version_id AND status <> 'draft')
                        OR TG_OP = 'UPDATE' AND NEW.version_id <> OLD.version_id
                    THEN
                        RAISE EXCEPTION 'What a version promises does not change once it is no draft.';
                    END IF;
                    IF TG_OP = 'DELETE' THEN
                        RETURN OLD;
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_side_display()}"


# Rewards. --------------------------------------------------------------------------------------------------------


class Payee(models.Model):
    """Somebody who is owed rewards: a customer's account, credited on its bill. Locked to count and to set off."""

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
    settled_on = models.DateField(_("credited"), null=True, editable=False)

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

    def settle(self, on: date) -> None:
        """
        It was credited, or set off.

        :raises NotAllowed: if it is in no batch
        """
        self._move(RewardStatus.SETTLED)
        self.settled_on = on


# The ledger. -----------------------------------------------------------------------------------------------------


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


# Paying. ---------------------------------------------------------------------------------------------------------


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
            pgtrigger.Trigger(
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
    """One reward in a batch: a credit for its payee, under a request id that never changes."""

    MOVES = LINE_MOVES

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="lines", verbose_name=_("batch"))
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="lines", verbose_name=_("reward"))
    payee = models.ForeignKey(Payee, models.PROTECT, related_name="+", verbose_name=_("payee"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    amount = MoneyField(_("amount"))
    """The credit to be posted: the reward less what is set off."""
    set_off = MoneyField(_("set off"), default=Decimal("0.00"))
    """What is kept of it for what was taken back from the same payee."""
    currency = models.CharField(_("currency"), max_length=3)
    request_id = models.CharField(_("request id"), max_length=100)
    """`reward-<reward>-<attempt>`: another attempt only after the billing system has refused the one before."""
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
    sent_at = models.DateTimeField(_("sent"), null=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    """What the billing system said when it refused it."""
    credit_id = models.CharField(_("vendor's credit"), max_length=100, blank=True)
    reconciliation = models.CharField(
        _("reconciliation"), max_length=8, choices=Reconciliation.choices, default=Reconciliation.OPEN
    )
    confirmed_at = models.DateTimeField(_("credited"), null=True)

    objects = LockingQuerySet["BatchLine"].as_manager()

    class Meta:
        ordering: ClassVar = ["batch", "pk"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            status_constraint(LineStatus, name="payment_status_is_known"),
            models.CheckConstraint(condition=Q(amount__gte=0, set_off__gte=0), name="payment_is_not_negative"),
            models.UniqueConstraint(
                fields=["reward"],
                condition=Q(status__in=[LineStatus.PENDING, LineStatus.SENT, LineStatus.CONFIRMED]),
                name="a_reward_is_paid_once",
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
            models.Index(
                fields=["sent_at"],
                name="line_to_reconcile",
                condition=Q(status__in=[LineStatus.SENT, LineStatus.CONFIRMED], reconciliation=Reconciliation.OPEN),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="approved_payments_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__amount__df=pgtrigger.F("new__amount"))
                | pgtrigger.Q(old__set_off__df=pgtrigger.F("new__set_off"))
                | pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency"))
                | pgtrigger.Q(old__reward__df=pgtrigger.F("new__reward"))
                | pgtrigger.Q(old__payee__df=pgtrigger.F("new__payee"))
                | pgtrigger.Q(old__batch__df=pgtrigger.F("new__batch"))
                | pgtrigger.Q(old__division__df=pgtrigger.F("new__division"))
                | pgtrigger.Q(old__request_id__df=pgtrigger.F("new__request_id")),
                func=_refuse_if_approved("OLD", goes_on_with="NEW"),
            ),
            pgtrigger.Trigger(
                name="approved_batches_lose_nothing",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=_refuse_if_approved("OLD"),
            ),
            pgtrigger.Trigger(
                name="approved_batches_gain_nothing",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_refuse_if_approved("NEW"),
            ),
            moves_only_along(LINE_MOVES, message="A payment goes forwards only."),
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

    def confirm(self, credit_id: str, *, at: datetime) -> None:
        """
        The credit is there; where all of it was set off there is none to wait for.

        :raises NotAllowed: if that was known, or it was returned
        """
        self._move(LineStatus.CONFIRMED)
        self.credit_id, self.confirmed_at = credit_id, at
        if not self.amount:
            self.reconciliation = Reconciliation.MATCHED

    def return_(self, problem: str) -> None:
        """
        The billing system will not have it.

        :raises NotAllowed: if that was known, or it was credited
        """
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
