"""How far referrals are and which are stuck, for those who follow them: over orders, rewards and signals at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commissions.models import Reward
from commissions.states import HoldReason, RewardStatus, Side
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from referrals.models import Invitation, Programme, Referral, Signal
from referrals.states import ReferralStatus, SignalStatus

SLOW = timedelta(days=30)
"""How long an installation, or the bills after a wait, may take before somebody should look."""

STAGES: tuple[tuple[str, str | Promise, Q], ...] = (
    ("ordered", _("Ordered"), Q(status=ReferralStatus.ORDERED)),
    ("installed", _("Installed, nothing promised"), Q(status=ReferralStatus.INSTALLED, reward_status=None)),
    ("qualifying", _("Qualifying"), Q(reward_status=RewardStatus.ACCRUED)),
    ("held", _("Earned, on hold"), Q(reward_status=RewardStatus.HELD)),
    ("earned", _("Earned"), Q(reward_status=RewardStatus.PAYABLE)),
    ("paying", _("Being paid"), Q(reward_status=RewardStatus.BATCHED)),
    ("credited", _("Paid"), Q(reward_status=RewardStatus.SETTLED)),
    ("limited", _("Limit reached"), Q(reward_status=RewardStatus.CAP_LIMITED)),
    ("taken_back", _("Taken back"), Q(reward_status=RewardStatus.REVERSED)),
    (
        "not_eligible",
        _("Not eligible"),
        Q(reward_status=RewardStatus.FORFEITED) | Q(status=ReferralStatus.DISQUALIFIED, reward_status=None),
    ),
)
"""The stages of a referral, by its own state and that of the referrer's reward; each referral is in one of them."""


@dataclass(frozen=True)
class Trouble:
    """A way in which a referral can be stuck, and how to find those that are."""

    code: str
    label: str | Promise
    narrow: Callable[[QuerySet[Referral], datetime], QuerySet[Referral]]


def _not_installed(referrals: QuerySet[Referral], at: datetime) -> QuerySet[Referral]:
    return referrals.filter(status=ReferralStatus.ORDERED, ordered_at__lt=at - SLOW)


def _signal(referrals: QuerySet[Referral], _at: datetime) -> QuerySet[Referral]:
    return referrals.filter(Exists(Signal.objects.filter(referral=OuterRef("pk"), status=SignalStatus.OPEN)))


def _bills_late(referrals: QuerySet[Referral], at: datetime) -> QuerySet[Referral]:
    waits = Reward.objects.filter(
        referral=OuterRef("pk"), status=RewardStatus.ACCRUED, earliest_on__lt=(at - SLOW).date()
    )
    return referrals.filter(Exists(waits))


def _refused(referrals: QuerySet[Referral], _at: datetime) -> QuerySet[Referral]:
    reasons = [HoldReason.CREDIT_REFUSED, HoldReason.PAYEE_CLOSED, HoldReason.BANK_RETURNED, HoldReason.AUDIT]
    held = Reward.objects.filter(referral=OuterRef("pk"), status=RewardStatus.HELD, holds__overlap=reasons)
    return referrals.filter(Exists(held))


def _nothing_promised(referrals: QuerySet[Referral], _at: datetime) -> QuerySet[Referral]:
    return referrals.filter(status=ReferralStatus.INSTALLED).filter(~Exists(_rewards()))


TROUBLES = (
    Trouble("not_installed", _("Not installed after 30 days"), _not_installed),
    Trouble("signal", _("A signal to be looked at"), _signal),
    Trouble("bills_late", _("Waits for bills 30 days too long"), _bills_late),
    Trouble("refused", _("Earned, and cannot be paid"), _refused),
    Trouble("nothing_promised", _("Installed, and no rule held"), _nothing_promised),
)


def _rewards() -> QuerySet[Reward]:
    return Reward.objects.filter(referral=OuterRef("pk"))


def referrals_followed_by(user: User) -> QuerySet[Referral]:
    """Return the referrals of the divisions where a member of staff may see them, each with its reward's state."""
    of_referrer = _rewards().filter(side=Side.REFERRER)
    return (
        Referral.objects.filter(division__in=divisions_where(user, Permission.SEE_REFERRALS))
        .select_related("referrer__customer", "referrer__account", "friend", "order", "programme", "division")
        .annotate(
            reward_id=Subquery(of_referrer.values("pk")),
            reward_status=Subquery(of_referrer.values("status")),
            has_signal=Exists(Signal.objects.filter(referral=OuterRef("pk"), status=SignalStatus.OPEN)),
        )
    )


def at_stage(referrals: QuerySet[Referral], code: str) -> QuerySet[Referral]:
    """Keep the referrals at one stage."""
    return referrals.filter(next(condition for stage, _label, condition in STAGES if stage == code))


def stuck(referrals: QuerySet[Referral], code: str) -> QuerySet[Referral]:
    """Keep the referrals that are stuck in one way."""
    return next(trouble for trouble in TROUBLES if trouble.code == code).narrow(referrals, now())


STAGE_OF_REWARD = {
    RewardStatus.ACCRUED: "qualifying",
    RewardStatus.HELD: "held",
    RewardStatus.PAYABLE: "earned",
    RewardStatus.BATCHED: "paying",
    RewardStatus.SETTLED: "credited",
    RewardStatus.CAP_LIMITED: "limited",
    RewardStatus.REVERSED: "taken_back",
    RewardStatus.FORFEITED: "not_eligible",
}


def stage_of(referral: Referral) -> str:
    """Return the code of the stage that a referral of `referrals_followed_by` is at."""
    reward_status: str | None = referral.reward_status  # type: ignore[attr-defined]  # annotated above
    if reward_status:
        return STAGE_OF_REWARD[RewardStatus(reward_status)]
    return "not_eligible" if referral.status == ReferralStatus.DISQUALIFIED else str(referral.status)


def stage_in_words(referral: Referral) -> str:
    """Return the stage that a referral is at."""
    return str({code: label for code, label, _condition in STAGES}[stage_of(referral)])


def programmes_compared_for(user: User) -> QuerySet[Programme]:
    """
    Return the programmes of the divisions where a member of staff may see referrals, each with how far friends came.

    `invited` and `opened` count letters (one whose address was corrected once); `ordered`, `installed` and `paid` count
    referrals, however the friend came: those that were not cancelled, those installed, those with a reward that is paid.
    """
    live = Referral.objects.exclude(status=ReferralStatus.DISQUALIFIED)
    invited = Invitation.objects.filter(corrects=None)
    return (
        Programme.objects.filter(division__in=divisions_where(user, Permission.SEE_REFERRALS))
        .select_related("division")
        .annotate(
            invited=_count_of(invited, "referrer__programme"),
            opened=_count_of(Invitation.objects.exclude(clicked_at=None), "referrer__programme"),
            ordered=_count_of(live, "programme"),
            installed=_count_of(live.exclude(installed_on=None), "programme"),
            paid=_count_of(live.filter(rewards__status=RewardStatus.SETTLED), "programme"),
        )
    )


def _count_of(rows: QuerySet[Any], programme: str) -> Coalesce:
    """Count the rows of each programme, by the path that leads to it."""
    mine = rows.filter(**{programme: OuterRef("pk")}).order_by().values(programme)
    return Coalesce(Subquery(mine.annotate(count=Count("pk", distinct=True)).values("count")), 0)
