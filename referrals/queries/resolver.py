"""
Who is credited for an order: one pure function over plain data, and the same in words.

It is asked once, for the moment at which the friend ordered. A touch that breaks a rule earns nothing, and the first
rule that it breaks is kept with it. Of those that break none, the kind decides, then the programme's preference for
the first or the last; in a tie, the touch that was recorded first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from foundation.now import months_after
from referrals.states import TouchKind, TouchOutcome, TouchPreference

PRECEDENCE = (TouchKind.CODE, TouchKind.INVITATION, TouchKind.INVITED_ADDRESS, TouchKind.LINK)
"""The kinds of touches, the strongest first."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """By what two customers are found to be one person; e-mail addresses as `normalised_email` has them."""

    customers: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()
    users: frozenset[int] = frozenset()
    mailboxes: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def is_one_with(self, other: "Person") -> bool:
        """Tell whether two are one person."""
        return bool(
            self.customers & other.customers
            or self.accounts & other.accounts
            or self.users & other.users
            or self.mailboxes & other.mailboxes
            or self.phones & other.phones
        )


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A touch, with what was true of its referrer and programme when the friend ordered."""

    touch_id: int
    kind: TouchKind
    at: datetime
    referrer_id: int
    referrer: Person
    window: timedelta
    new_after_months: int
    is_active: bool = True
    """Whether the referrer could refer then."""
    is_running: bool = True
    """Whether the programme ran then."""
    is_here: bool = True
    """Whether the programme is for the order's market, and no division nearer to it ran one of its own."""


@dataclass(frozen=True, kw_only=True)
class Friend:
    """What is known of who ordered, as of the order."""

    person: Person
    ordered_on: date
    """In the zone of the order's division."""
    bound_to: int | None = None
    """The referrer of an earlier order of theirs, unless that came to nothing."""
    is_served: bool = False
    """Whether they are a customer already, or have ordered before."""
    gone_since: date | None = None
    """When they ceased to be one, if they ever were."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What was made of one touch."""

    candidate: Candidate
    rank: int
    outcome: TouchOutcome


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What was made of every touch, the best first; at most one of them won."""

    decided: tuple[Decided, ...]

    @property
    def winner(self) -> Candidate | None:
        """The touch that is credited, if any."""
        return next((one.candidate for one in self.decided if one.outcome == TouchOutcome.WON), None)


def resolve(
    candidates: Iterable[Candidate], ordered_at: datetime, friend: Friend, preference: TouchPreference
) -> Resolution:
    """
    Decide who is credited for an order, whatever the order in which the touches are given.

    :param preference: of the programme that runs in the order's market
    """
    judged = [(one, _flaw(one, ordered_at, friend)) for one in candidates]
    judged.sort(
        key=lambda pair: (pair[1] is not None, *precedence(pair[0].kind, pair[0].at, pair[0].touch_id, preference))
    )
    return Resolution(
        decided=tuple(
            Decided(
                candidate=one, rank=rank, outcome=flaw or (TouchOutcome.WON if rank == 1 else TouchOutcome.OUTRANKED)
            )
            for rank, (one, flaw) in enumerate(judged, start=1)
        )
    )


def precedence(kind: TouchKind, at: datetime, touch_id: int, preference: TouchPreference) -> tuple[int, float, int]:
    """Return a touch's place among those that break no rule, the smallest first."""
    instant = at.timestamp()
    return PRECEDENCE.index(kind), -instant if preference == TouchPreference.LAST else instant, touch_id


def _flaw(one: Candidate, ordered_at: datetime, friend: Friend) -> TouchOutcome | None:
    """Return the first rule that a touch breaks."""
    return next((outcome for outcome, is_broken in RULES if is_broken(one, ordered_at, friend)), None)


def _is_not_new(one: Candidate, friend: Friend) -> bool:
    if friend.is_served or friend.bound_to is not None:
        return True
    gone = friend.gone_since
    return gone is not None and friend.ordered_on < months_after(gone, one.new_after_months)


RULES: tuple[tuple[TouchOutcome, Callable[[Candidate, datetime, Friend], bool]], ...] = (
    (TouchOutcome.AFTER_ORDER, lambda one, ordered_at, _friend: one.at > ordered_at),
    (TouchOutcome.OUTSIDE_WINDOW, lambda one, ordered_at, _friend: ordered_at - one.at >= one.window),
    (TouchOutcome.OTHER_MARKET, lambda one, _ordered_at, _friend: not one.is_here),
    (TouchOutcome.PROGRAMME_INACTIVE, lambda one, _ordered_at, _friend: not one.is_running),
    (TouchOutcome.REFERRER_INACTIVE, lambda one, _ordered_at, _friend: not one.is_active),
    (TouchOutcome.SELF_REFERRAL, lambda one, _ordered_at, friend: one.referrer.is_one_with(friend.person)),
    (TouchOutcome.BOUND_ELSEWHERE, lambda one, _ordered_at, friend: friend.bound_to not in {None, one.referrer_id}),
    (TouchOutcome.NOT_NEW, lambda one, _ordered_at, friend: _is_not_new(one, friend)),
)
"""What makes a touch earn nothing, in the order in which it is asked."""


@dataclass(frozen=True, kw_only=True)
class PrecedenceRow:
    """One line of the table that operators read: a kind of touch that counts, or a rule by which one does not."""

    rank: int | None
    """Of a kind of touch; nothing for a rule."""
    name: str
    text: str


def precedence_table() -> tuple[PrecedenceRow, ...]:
    """Return in words what `resolve` does: the kinds of touches by rank, then the rules in the order of asking."""
    kinds = {
        TouchKind.CODE: _("The customer typed or said a referrer's code, on a page, on the phone or on paper."),
        TouchKind.INVITATION: _("The customer opened the link in an invitation that was sent to them."),
        TouchKind.INVITED_ADDRESS: _("The customer ordered with an e-mail address that was invited, on any device."),
        TouchKind.LINK: _("The customer opened a link that a referrer handed on."),
    }
    rules = {
        TouchOutcome.AFTER_ORDER: _("It came after the order."),
        TouchOutcome.OUTSIDE_WINDOW: _("The program's window, so many times 24 hours, was over when they ordered."),
        TouchOutcome.OTHER_MARKET: _(
            "The program is not for the market in which they ordered, or one of a division nearer to it ran there."
        ),
        TouchOutcome.PROGRAMME_INACTIVE: _("The program did not run on that day."),
        TouchOutcome.REFERRER_INACTIVE: _("The referrer was suspended or had left."),
        TouchOutcome.SELF_REFERRAL: _(
            "The referrer and the customer are one: the same account, sign-in, mailbox or phone number."
        ),
        TouchOutcome.BOUND_ELSEWHERE: _("Somebody else referred this customer before, and that still holds."),
        TouchOutcome.NOT_NEW: _("They are a customer, have ordered before, or have not been gone for long enough."),
    }
    return (
        *(
            PrecedenceRow(rank=rank, name=str(kind.label), text=kinds[kind])
            for rank, kind in enumerate(PRECEDENCE, start=1)
        ),
        *(PrecedenceRow(rank=None, name=str(outcome.label), text=rules[outcome]) for outcome, _is_broken in RULES),
    )
