"""
A referrer's friends, each from the invitation to the credit, the latest first; nothing that is the friends' own.

A friend's own reward is shown in the same way to the friend.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Q, QuerySet, Value
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext as _

from commissions.models import Dispute, LedgerEntry, Reward
from commissions.queries.ledger import Balance, balances
from commissions.queries.progress import UNSPOKEN, Progress, own_progress, own_rewards, progress_for
from commissions.queries.statements import TOUCHES_EARNED, own_reward_in_words
from commissions.states import LedgerAccount, ProgressStage, RewardStatus, Side
from foundation.money import ZERO, format_money
from foundation.now import now, today
from foundation.people.models import User
from interfaces.selfcare.queries import openings_of, why_not_now
from referrals.models import Invitation, Referral, Referrer
from referrals.queries import own_referrers
from referrals.states import UNWANTED_INVITATIONS, InvitationStatus

ON_A_PAGE = 20
LONG = 19
"""Digits that no id has."""
IN_SHORT = 3
"""How many friends the overview shows."""
WAY = (
    ProgressStage.INVITED,
    ProgressStage.OPENED,
    ProgressStage.ORDERED,
    ProgressStage.BOOKED,
    ProgressStage.INSTALLED,
    ProgressStage.QUALIFYING,
    ProgressStage.EARNED,
    ProgressStage.CREDITED,
)
"""The stages that lead to a payment, in order."""
WAY_OF_A_REWARD = WAY[WAY.index(ProgressStage.INSTALLED) :]
BY_INVITATION = 2
"""How many of them only an invitation has."""
MAY_BE_MISSED = frozenset(
    {
        ProgressStage.INSTALLED,
        ProgressStage.QUALIFYING,
        ProgressStage.LIMITED,
        ProgressStage.NOT_ELIGIBLE,
        ProgressStage.TAKEN_BACK,
    }
)
"""Stages in which a referrer may have expected a reward, and reads of none."""
TOLD = TOUCHES_EARNED & Q(reward__side=Side.REFERRER)
"""Entries that a referrer reads as lines of a statement."""
ON_THE_WAY = frozenset({InvitationStatus.SENT, InvitationStatus.CLICKED})
REFERRAL, INVITATION = "referral", "invitation"


@dataclass(frozen=True, kw_only=True)
class Friend:
    """What a referrer is shown of one friend."""

    name: str
    sentence: str
    steps: tuple[dict[str, str], ...] = ()
    amount: str = ""
    more: str = ""
    """What follows the sentence: since when, until when."""
    is_over: bool = False
    referral_id: int | None = None
    invitation_id: int | None = None
    can_withdraw: bool = False
    can_correct: bool = False
    may_miss: bool = False
    """Whether the referrer can say that the reward is missing: they read no line of it, and have not said so before."""
    dispute: Dispute | None = None
    """What they said last about it; its page tells whether they may ask again."""


@dataclass(frozen=True, kw_only=True)
class Total:
    """Money of many friends, under one heading."""

    label: str
    amount: str
    detail: str = ""


def friends_of(referrers: Iterable[Referrer], page: str | None, *, on_a_page: int = ON_A_PAGE) -> Page[Friend]:
    """Return a page of the friends of a person, who may be several referrers; as many queries for one as for all."""
    found: Page[Any] = Paginator(_rows_of([one.pk for one in referrers]), on_a_page).get_page(page)
    ids: dict[str, list[int]] = {REFERRAL: [], INVITATION: []}
    for row in found.object_list:
        ids[row["what"]].append(row["pk"])
    shown = {REFERRAL: _by_referral(ids[REFERRAL]), INVITATION: _by_invitation(ids[INVITATION])}
    found.object_list = [shown[row["what"]][row["pk"]] for row in found.object_list]
    return found


def page_of_friend(referrer: Referrer, referral_id: str, *, on_a_page: int = ON_A_PAGE) -> str:
    """Return the number of the page on which a referrer's friend stands; nothing where they have no such friend."""
    came = Referral.objects.filter(referrer=referrer)
    referral = came.filter(pk=referral_id).first() if referral_id.isdecimal() and len(referral_id) < LONG else None
    if referral is None:
        return ""
    later = _rows_of([referrer.pk], after=referral.ordered_at).count()
    return str(later // on_a_page + 1)


def welcome_rewards_of(user: User) -> list[Friend]:
    """Return what a person gets as somebody's friend, each shown as a friend's is: how far it is, and how much."""
    as_a_friend = own_rewards(user).filter(side=Side.FRIEND).order_by("-pk")
    rewards = list(as_a_friend.select_related("division", "term", "referral__order"))
    progress = own_progress(rewards)
    return [_of_progress(own_reward_in_words(one), progress[one.pk], WAY_OF_A_REWARD) for one in rewards]


def _rows_of(referrer_ids: list[int], *, after: datetime | None = None) -> QuerySet[Any, Any]:
    """Return what there is of each friend: the referral, or the invitation that has led to none; the latest first."""
    came = Referral.objects.filter(referrer__in=referrer_ids)
    invited = Invitation.objects.filter(referrer__in=referrer_ids, referrals=None, correction=None)
    if after:
        came, invited = came.filter(ordered_at__gt=after), invited.filter(created_at__gt=after)
    return (
        came.order_by()
        .values("pk", at=F("ordered_at"), what=Value(REFERRAL, CharField()))
        .union(invited.order_by().values("pk", at=F("created_at"), what=Value(INVITATION, CharField())), all=True)
        .order_by("-at", "-pk")
    )


def totals_of(referrers: Iterable[Referrer]) -> tuple[Total, ...]:
    """Say what a person may earn, has earned and was credited, in each currency that occurs; nothing without rewards."""
    mine = list(referrers)
    of_theirs = Reward.objects.filter(side=Side.REFERRER, referral__referrer__in=[one.pk for one in mine])
    rewards = list(of_theirs.select_related("division", "term").order_by("pk"))
    days = {one.division_id: today(one.division) for one in {one.division_id: one for one in rewards}.values()}
    posted = balances(LedgerEntry.objects.filter(reward__in=[one.pk for one in rewards]))
    claimed = balances(LedgerEntry.objects.filter(payee__account__in=[one.account_id for one in mine]))
    return tuple(
        total
        for currency in sorted({one.currency for one in rewards})
        for total in _totals(
            [(one, days[one.division_id]) for one in rewards if one.currency == currency],
            posted=posted.get(currency, Balance(currency)),
            to_set_off=claimed[currency][LedgerAccount.RECEIVABLE] if currency in claimed else ZERO,
            currency=currency,
        )
    )


@dataclass(frozen=True, kw_only=True)
class Referring:
    """What the overview says of a person's friends: the latest and the totals, or what could be."""

    title: str
    text: str
    action: str
    latest: tuple[Friend, ...] = ()
    totals: tuple[Total, ...] = ()


def referring_of(user: User) -> Referring | None:
    """Return what the overview says of friends; nothing where a person neither brings any nor could."""
    mine = list(own_referrers(user))
    if mine:
        latest, totals = tuple(friends_of(mine, None, on_a_page=IN_SHORT).object_list), totals_of(mine)
        stopped = [] if latest else [why_not_now(one) for one in mine]
        if stopped and all(stopped):
            text, action = stopped[0], _("My friends")
        else:
            text = _("Hand on your link, or let us write to a friend: each shows here with every step.")
            action = _("Tell a friend")
        return Referring(title=_("Nobody yet"), text=text, action=action, latest=latest, totals=totals)
    openings = [one for one in openings_of(user, mine) if not one.refusals]
    if not openings:
        return None
    programme = openings[0].programme
    return Referring(title=str(programme), text=str(programme.rewards_in_words), action=_("Take part"))


def _totals(rewards: list[tuple[Reward, date]], *, posted: Balance, to_set_off: Decimal, currency: str) -> list[Total]:
    """
    Add up one currency.

    :param posted: what the ledger says of the rewards: what is payable and what went out, with all that corrects them
    :param to_set_off: what was credited to the accounts and taken back, and is still to be kept from later rewards
    """
    coming = [(one, day) for one, day in rewards if _is_expected(one, day)]
    first = min((one.earliest_on for one, day in coming if one.earliest_on > day), default=None)
    held = sum((one.owed for one, _day in rewards if one.status == RewardStatus.HELD), ZERO)
    earned = held + posted[LedgerAccount.PAYABLE] + posted[LedgerAccount.IN_TRANSIT]
    detail = _("The first from %(date)s on, if all goes well") % {"date": date_format(first)} if first else ""
    unknown = any(one.amount is None for one, _day in coming)
    if unknown:
        detail = ". ".join(filter(None, (detail, _("More, once we know what your friends have paid"))))
    elif not coming:
        detail = _("No friend of yours is on the way at the moment")
    has_cash = any(one.is_cash for one, _day in rewards)
    to_be_paid, paid = (
        (_("Earned, to be paid"), _("Paid to you"))
        if has_cash
        else (_("Earned, to be credited"), _("Credited on your bills"))
    )
    totals = [
        Total(label=_("Possible"), amount=_amount([one for one, _day in coming], currency), detail=detail),
        Total(label=to_be_paid, amount=_in_words(earned, currency)),
        Total(label=paid, amount=_in_words(posted[LedgerAccount.PAID], currency)),
    ]
    if to_set_off:
        words = _("Paid and taken back: it is kept from what you earn next")
        totals.append(Total(label=_("To be set off"), amount=_in_words(to_set_off, currency), detail=words))
    return totals


def _is_expected(reward: Reward, day: date) -> bool:
    """Tell whether a referrer may expect a reward: until its last day, a friend's late bill shows here no more than there."""
    is_open = reward.status == RewardStatus.FORFEITED and reward.reason in UNSPOKEN and day <= reward.latest_on
    return reward.status == RewardStatus.ACCRUED or is_open


def _amount(rewards: Iterable[Reward], currency: str) -> str:
    return _in_words(sum((one.owed for one in rewards), ZERO), currency)


def _in_words(amount: Decimal, currency: str) -> str:
    return format_money(amount, currency, get_language() or "en")


def _by_referral(ids: list[int]) -> dict[int, Friend]:
    referrals = list(
        Referral.objects.filter(pk__in=ids).select_related("referrer", "programme", "division", "invitation")
    )
    progress = progress_for(referrals)
    own = Dispute.objects.filter(referral__in=ids, payee__account=F("referral__referrer__account"))
    told = {one.referral_id: one for one in own.select_related("division").order_by("pk")}
    with_lines = set(
        LedgerEntry.objects.filter(TOLD, reward__referral__in=ids).values_list("reward__referral", flat=True)
    )
    return {
        one.pk: _of_referral(one, progress[one.pk], has_line=one.pk in with_lines, dispute=told.get(one.pk))
        for one in referrals
    }


def _of_referral(referral: Referral, progress: Progress, *, has_line: bool, dispute: Dispute | None) -> Friend:
    way = _way_of(referral.invitation)
    friend = _of_progress(referral.friend_label or _("A friend"), progress, way, referral_id=referral.pk)
    may_miss = progress.stage in MAY_BE_MISSED and not has_line and dispute is None
    return replace(friend, may_miss=may_miss, dispute=dispute)


def _way_of(invitation: Invitation | None) -> tuple[ProgressStage, ...]:
    """Return the stages that a friend goes through: no link is opened by who orders with a code, or by phone."""
    if invitation is None:
        return WAY[BY_INVITATION:]
    return WAY if invitation.clicked_at else tuple(one for one in WAY if one != ProgressStage.OPENED)


def _of_progress(
    name: str, progress: Progress, way: tuple[ProgressStage, ...], *, referral_id: int | None = None
) -> Friend:
    return Friend(
        name=name,
        sentence=progress.sentence,
        steps=_steps(way, progress.stage),
        amount=_money(progress),
        more=" · ".join(filter(None, (progress.detail, _expected(progress)))),
        is_over=progress.is_over,
        referral_id=referral_id,
    )


def _expected(progress: Progress) -> str:
    """Say where the payment is expected, and from when on."""
    if progress.expected_on is None:
        return ""
    text = (
        _("Expected in your bank account from %(date)s on")
        if progress.is_cash
        else _("Expected on your bill from %(date)s on")
    )
    return text % {"date": date_format(progress.expected_on)}


def _money(progress: Progress) -> str:
    return "" if progress.amount is None else _in_words(progress.amount, progress.currency)


def _steps(way: tuple[ProgressStage, ...], stage: ProgressStage) -> tuple[dict[str, str], ...]:
    """Draw how far along the way a stage is; what has left the way needs no drawing."""
    if stage not in way:
        return ()
    at, last = way.index(stage), len(way) - 1
    return tuple(
        {
            "label": str(one.label),
            "state": "done" if place < at or at == last else "current" if place == at else "ahead",
        }
        for place, one in enumerate(way)
    )


def _by_invitation(ids: list[int]) -> dict[int, Friend]:
    invitations = Invitation.objects.filter(pk__in=ids).select_related("referrer__programme", "division")
    return {one.pk: _of_invitation(one) for one in invitations}


def _of_invitation(invitation: Invitation) -> Friend:
    shown = _shown(invitation)
    stage = ProgressStage.OPENED if shown == InvitationStatus.CLICKED else ProgressStage.INVITED
    said = {"email": invitation.email, "date": date_format(localtime(invitation.created_at, invitation.division.zone))}
    return Friend(
        name=invitation.friend_name,
        sentence=_sentences()[shown],
        steps=_steps(WAY, stage) if shown in ON_THE_WAY else (),
        more=_("Invited at %(email)s on %(date)s") % said,
        is_over=shown not in {*ON_THE_WAY, InvitationStatus.BOUNCED},
        invitation_id=invitation.pk,
        can_withdraw=shown in {*ON_THE_WAY, InvitationStatus.BOUNCED},
        can_correct=shown == InvitationStatus.BOUNCED and invitation.corrects_id is None,
    )


def _shown(invitation: Invitation) -> InvitationStatus:
    """
    Return what the referrer sees of an invitation.

    One whose friend wants none looks at each moment like any other that nobody answers: not sent and sent are one, a
    link that was opened stays opened, and after the program's window it has expired.
    """
    if invitation.status == InvitationStatus.QUEUED:
        return InvitationStatus.SENT
    if invitation.status not in UNWANTED_INVITATIONS:
        return InvitationStatus(invitation.status)
    if now() - invitation.created_at >= invitation.referrer.programme.window:
        return InvitationStatus.EXPIRED
    return InvitationStatus.CLICKED if invitation.clicked_at else InvitationStatus.SENT


def _sentences() -> dict[InvitationStatus, str]:
    return {
        InvitationStatus.SENT: _("Invited. The link was not opened yet."),
        InvitationStatus.CLICKED: _("They opened your link."),
        InvitationStatus.ORDERED: _("They ordered, and another recommendation is the one that counts."),
        InvitationStatus.BOUNCED: _("Our e-mail came back: this address does not work."),
        InvitationStatus.WITHDRAWN: _("This invitation was withdrawn."),
        InvitationStatus.EXPIRED: _("They did not order in time."),
    }
