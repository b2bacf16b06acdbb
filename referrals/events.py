"""What happens to referrers, invitations and referrals: ids and codes, never a name or an address."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ReferrerEnrolled(Fact, name="referrals.referrer_enrolled"):
    """A customer takes part in a programme."""

    referrer_id: int


@dataclass(frozen=True, kw_only=True)
class ReferrerSuspended(Fact, name="referrals.referrer_suspended"):
    """A referrer may refer nobody for now; why stands on the referrer."""

    referrer_id: int


@dataclass(frozen=True, kw_only=True)
class ReferrerReturned(Fact, name="referrals.referrer_returned"):
    """A referrer takes part again."""

    referrer_id: int


@dataclass(frozen=True, kw_only=True)
class ProgrammeMoved(Fact, name="referrals.programme_moved"):
    """A programme was started, paused or ended."""

    programme_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class ReferrerLeft(Fact, name="referrals.referrer_left"):
    """A referrer takes part no longer."""

    referrer_id: int


@dataclass(frozen=True, kw_only=True)
class FriendsInvited(Fact, name="referrals.friends_invited"):
    """Invitations of one form were accepted and are to be written and sent."""

    referrer_id: int
    invitation_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class InvitationEnded(Fact, name="referrals.invitation_ended"):
    """An invitation bounced, was withdrawn, opted out of, or was not sent at all."""

    invitation_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class FriendTouched(Fact, name="referrals.friend_touched"):
    """A friend has opened a referrer's link."""

    touch_id: int


@dataclass(frozen=True, kw_only=True)
class ReferralMade(Fact, name="referrals.made"):
    """A friend has ordered, and a referrer is credited for it."""

    referral_id: int


@dataclass(frozen=True, kw_only=True)
class ReferralInstalled(Fact, name="referrals.installed"):
    """A referred friend's services work since a day (ISO date in the division's zone)."""

    referral_id: int
    installed_on: str


@dataclass(frozen=True, kw_only=True)
class ReferralDisqualified(Fact, name="referrals.disqualified"):
    """Nothing will be earned for a referral."""

    referral_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SignalRaised(Fact, name="referrals.signal_raised"):
    """Something looks odd about a referral: its money waits."""

    referral_id: int
    signal_id: int


@dataclass(frozen=True, kw_only=True)
class SignalDecided(Fact, name="referrals.signal_decided"):
    """A person has looked at a signal: cleared or confirmed."""

    referral_id: int
    signal_id: int
    status: str
