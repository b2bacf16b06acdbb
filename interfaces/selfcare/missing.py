"""For whom a customer can say that a reward is missing: a friend of theirs without a line, or somebody who is not there."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from commissions.models import Dispute, Reward
from commissions.queries.disputes import (
    Asking,
    asking_about,
    asking_after,
    own_disputes,
    own_lacking,
    searches_for_friends,
)
from commissions.queries.statements import own_reward_in_words
from commissions.states import OPEN_DISPUTES, Side
from foundation.now import now
from foundation.people.models import User
from referrals.models import Referral, Referrer
from referrals.queries import own_referrers

MISSING_REWARD, MISSING_FRIEND = "reward", "friend"
MOST_OFFERED = 100
"""Friends to choose from, the latest first; any other is reached from its own place in the list."""
LONG = 19
"""Digits that no id has."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that may be missing."""

    kind: str
    pk: int
    """The referral's; where the friend is missing, that of the person's place in the program."""
    label: str
    is_appeal: bool = False
    """Whether it was asked about before, and explained."""

    @property
    def code(self) -> str:
        """What stands for it in a form."""
        return f"{self.kind}:{self.pk}"


def asked_about(user: User, referral_id: str) -> Asking:
    """Tell whether a person may ask about the reward for a friend, after what they have asked before."""
    if not referral_id.isdecimal() or len(referral_id) >= LONG:
        return Asking()
    return asking_about(own_disputes(user.pk).filter(referral=int(referral_id)))


def missing_of(user: User, wanted: str = "") -> list[Missing]:
    """
    Return what a person can say to be missing, and may ask about today.

    :param wanted: the id of a friend's referral, who is offered however long ago they have ordered
    """
    lacking = _not_told(user)
    offered = list(lacking[:MOST_OFFERED])
    if wanted.isdecimal() and len(wanted) < LONG and int(wanted) not in {one.pk for one in offered}:
        offered += lacking.filter(pk=wanted)
    ids = [one.pk for one in offered]
    own = Reward.objects.filter(referral__in=ids, side=Side.FRIEND)
    as_a_friend = {
        reward.referral_id: reward
        for reward in own.filter(payee__account__customer__user=user).select_related("term", "referral__order")
    }
    before: dict[int, list[Dispute]] = defaultdict(list)
    for dispute in own_disputes(user.pk).filter(referral__in=ids).select_related("division", "appeals"):
        before[dispute.referral_id or 0].append(dispute)
    asking = {pk: asking_after(before[pk]) for pk in ids}
    friends = [
        Missing(
            kind=MISSING_REWARD,
            pk=one.pk,
            label=_called(one, as_a_friend.get(one.pk)),
            is_appeal=asking[one.pk].appeals is not None,
        )
        for one in offered
        if not asking[one.pk].refusal
    ]
    return [*friends, *_places(user)]


def may_miss(user: User) -> bool:
    """Tell whether there is anything that a person can say to be missing."""
    return _not_told(user).exists() or _free_places(user).exists()


def _not_told(user: User) -> QuerySet[Referral]:
    """Return the referrals of which a person reads no line, without those that they plainly may not ask about again."""
    tomorrow = now().date() + timedelta(days=1)
    is_refused_twice = Q(appeals__isnull=False, expected_on=None)
    barred = Q(status__in=sorted(OPEN_DISPUTES)) | is_refused_twice | Q(expected_on__gte=tomorrow)
    told = own_disputes(user.pk).filter(barred, referral=OuterRef("pk")).order_by()
    return own_lacking(user.pk).exclude(Exists(told)).select_related("division")


def _called(referral: Referral, as_a_friend: Reward | None) -> str:
    if as_a_friend:
        return own_reward_in_words(as_a_friend)
    ordered_on = date_format(localtime(referral.ordered_at, referral.division.zone))
    name = referral.friend_label or _("A friend")
    return _("%(friend)s, ordered on %(date)s") % {"friend": name, "date": ordered_on}


def _free_places(user: User) -> QuerySet[Referrer]:
    """Return the places in programs with whose account a person is not looking for a lost friend already."""
    looked_for = searches_for_friends(own_disputes(user.pk)).filter(payee__account=OuterRef("account")).order_by()
    return own_referrers(user).exclude(Exists(looked_for)).order_by("pk")


def _places(user: User) -> list[Missing]:
    is_one_of_several = own_referrers(user).count() > 1
    return [
        Missing(
            kind=MISSING_FRIEND,
            pk=place.pk,
            label=_("Somebody who is not in my list for %(address)s") % {"address": place.account.service_address}
            if is_one_of_several
            else _("Somebody who is not in my list"),
        )
        for place in _free_places(user)
    ]
