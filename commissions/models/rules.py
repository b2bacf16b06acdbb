"""What a market pays for a referral: rules, their versions, and what each promises."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy as _

from commissions.states import VERSION_MOVES, Basis, RewardForm, Side, VersionStatus, WaitUnit
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.moments import YEARS
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import Safeguard
from referrals.models import Programme
from territory.states import ProductFamily

WORDING = (
    "reason", "conditions", "wait_count", "wait_unit", "bills_needed", "days_late_allowed", "weekend_moves_due_date",
    "must_be_active", "months_to_qualify", "clawback_full_days", "clawback_none_days", "budget", "most_per_month",
    "most_per_year", "most_ever",
)  # fmt: skip
"""What a version says besides its terms: written in a draft, and frozen with it."""
FARTHEST = timedelta(days=3653)
"""How far ahead a version may begin or end: ten years. Rules that come so late are slips, and years past 9999 cannot be read."""
_FROZEN = ("rule_id", "number", "author_id", "writers", "created_at", "currency", *WORDING)
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
        Programme, models.PROTECT, null=True, blank=True, related_name="rules", verbose_name=_("program"),
        help_text=_("Empty: for the referrals of every program of these divisions."),
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Of several rules of one division the smallest number is tried first.")
    )
    placed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, db_index=False, related_name="+", verbose_name=_("placed by")
    )
    """Who has put it where it is, as long as nobody else has approved a version of it: one of the writers of each draft."""
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
            Safeguard(
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

    @property
    def may_be_moved(self) -> bool:
        """Tell whether no version of it was ever sent to review, other than in vain: past orders were decided by its place."""
        return all(one.status in {VersionStatus.DRAFT, VersionStatus.WITHDRAWN} for one in self.versions.all())


_ORDERED_AFTER_ITS_END = """
    SELECT 1 FROM referrals_referral referral
    JOIN divisions_division division ON division.id = referral.division_id
    JOIN commissions_rule rule ON rule.id = NEW.rule_id
    WHERE referral.ordered_at > NEW.effective_until
        AND rule.division_id = ANY(division.lineage)
        AND referral.programme_id = coalesce(rule.programme_id, referral.programme_id)
        AND (
            NOT EXISTS (
                SELECT 1 FROM commissions_ruleversion next
                WHERE next.rule_id = NEW.rule_id AND next.effective_from = NEW.effective_until
                    AND next.status IN ('approved', 'in_force')
            )
            OR EXISTS (
                SELECT 1 FROM commissions_reward reward
                WHERE reward.referral_id = referral.id AND reward.version_id = NEW.id
            )
        )
"""
"""Referrals that would lose what the version promises: it may end in the past only where another one begins there."""


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
    currency = models.CharField(_("currency"), max_length=3, editable=False)
    """In which its amounts are written, and its rewards are given: what the rule's division sold in when it was begun."""

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
        _("budget"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Of the rule, over all payees. Empty: without limit."),
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
            models.CheckConstraint(condition=Q(budget=None) | Q(budget__gte=0), name="budget_is_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_from=None)
                | Q(effective_from__gte=datetime(YEARS[0], 1, 1, tzinfo=UTC))
                & Q(effective_from__lte=F("approved_at") + FARTHEST),
                name="version_begins_in_reach",
            ),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__lt=datetime(YEARS[-1], 1, 1, tzinfo=UTC)),
                name="version_ends_in_reach",
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
            Safeguard(
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
                    IF OLD.effective_until < coalesce(NEW.effective_until, 'infinity')
                        AND OLD.status NOT IN ('draft', 'in_review')
                    THEN
                        RAISE EXCEPTION 'The end of a version is not put off.';
                    END IF;
                    IF NEW.effective_until < coalesce(OLD.effective_until, 'infinity') AND EXISTS ({_ORDERED_AFTER_ITS_END})
                    THEN
                        RAISE EXCEPTION 'A version does not end before what was ordered under it.';
                    END IF;
                    IF NEW.approver_id = ANY (NEW.writers) THEN
                        RAISE EXCEPTION 'Nobody approves what they have written.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Safeguard(
                name="versions_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=~pgtrigger.Q(old__status="draft"),
                func="RAISE EXCEPTION 'A version of a rule that is no draft is kept.';",
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

        :raises NotAllowed: if it is not in force, or ends earlier
        """
        if self.status != VersionStatus.IN_FORCE:
            raise NotAllowed(gettext("This version is not in force."), code="wrong_status")
        if self.effective_until and until > self.effective_until:
            raise NotAllowed(gettext("It ends before that, and that is not put off."), code="ends_before", field="at")
        self.effective_until = until

    def withdraw(self) -> None:
        """
        It will never be in force.

        :raises NotAllowed: if it is or was in force
        """
        self._move(VersionStatus.WITHDRAWN)


MOST_MONEY, MOST_PERCENT = Decimal("999999.99"), Decimal("999.999")
"""Of one reward; and the most that a reward's rate can hold."""


def why_not_promised(basis: str, much: Decimal) -> str:
    """Say why nobody can be promised this amount, or this percentage; empty where they can. Steps are asked like the rest."""
    if not much.is_finite() or much <= 0:
        return gettext("Write a number that is more than nothing.")
    is_money = basis == Basis.FLAT
    if much > (MOST_MONEY if is_money else MOST_PERCENT):
        return (
            gettext("One reward is at most %(most)s.") % {"most": number_format(MOST_MONEY, force_grouping=True)}
            if is_money
            else gettext("At most %(most)s %%.") % {"most": number_format(MOST_PERCENT)}
        )
    if is_money and much != round(much, 2):
        return gettext("Write an amount with at most two digits after the point.")
    if much != round(much, 3):
        return gettext("Write a percentage with at most three digits after the point.")
    return ""


OF_AMOUNTS = [RewardForm.BILL_CREDIT, RewardForm.CASH]
"""The forms of which a version says how much."""


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
    families = ArrayField(
        models.CharField(max_length=20, choices=ProductFamily.choices), default=list, blank=True,
        verbose_name=_("services that are free"),
    )  # fmt: skip
    """Which services a free month covers; none named: all of them."""

    class Meta:
        ordering: ClassVar = ["version", "side"]
        verbose_name = _("reward")
        verbose_name_plural = _("rewards of a rule")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "side"], name="one_term_per_side"),
            models.CheckConstraint(
                condition=Q(form=RewardForm.FREE_MONTH, amount=None, percent=None)
                | Q(form__in=OF_AMOUNTS, basis=Basis.FLAT, amount__gt=0, percent=None)
                | Q(form__in=OF_AMOUNTS, amount=None, percent__gt=0) & ~Q(basis=Basis.FLAT),
                name="term_says_how_much",
                violation_error_message=_("Enter an amount or a percentage, as the reckoning asks."),
            ),
            models.CheckConstraint(
                condition=Q(families=[]) | Q(form=RewardForm.FREE_MONTH),
                name="only_a_free_month_names_services",
                violation_error_message=_("Services are named for a free month only."),
            ),
        ]
        triggers: ClassVar = [
            Safeguard(
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
