"""
The states of what leads from one customer to the next.

Three machines, never one column: an *invitation* is a letter on its way, a *referral* is an order with a referrer
behind it, a *reward* (in `commissions`, one for each side) is money. A referral's own story ends when the friend is
installed: what follows (qualifying, earned, credited) is told by its rewards.
"""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProgrammeStatus(models.TextChoices):
    """Whether a programme runs."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Running")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


PROGRAMME_MOVES: Mapping[ProgrammeStatus, frozenset[ProgrammeStatus]] = {
    ProgrammeStatus.DRAFT: frozenset({ProgrammeStatus.ACTIVE, ProgrammeStatus.ENDED}),
    ProgrammeStatus.ACTIVE: frozenset({ProgrammeStatus.PAUSED, ProgrammeStatus.ENDED}),
    ProgrammeStatus.PAUSED: frozenset({ProgrammeStatus.ACTIVE, ProgrammeStatus.ENDED}),
}


class ReferrerStatus(models.TextChoices):
    """Whether somebody may refer, and is credited for it."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    LEFT = "left", _("Left")


REFERRER_MOVES: Mapping[ReferrerStatus, frozenset[ReferrerStatus]] = {
    ReferrerStatus.ACTIVE: frozenset({ReferrerStatus.SUSPENDED, ReferrerStatus.LEFT}),
    ReferrerStatus.SUSPENDED: frozenset({ReferrerStatus.ACTIVE, ReferrerStatus.LEFT}),
    ReferrerStatus.LEFT: frozenset({ReferrerStatus.ACTIVE}),
}


class InvitationStatus(models.TextChoices):
    """How far an invitation is."""

    QUEUED = "queued", _("On its way")
    SENT = "sent", _("Sent")
    CLICKED = "clicked", _("Link opened")
    ORDERED = "ordered", _("Ordered")
    BOUNCED = "bounced", _("Address does not work")
    SUPPRESSED = "suppressed", _("Not sent: wants no such mail")
    OPTED_OUT = "opted_out", _("Wants no more invitations")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


INVITATION_MOVES: Mapping[InvitationStatus, frozenset[InvitationStatus]] = {
    InvitationStatus.QUEUED: frozenset(
        {
            InvitationStatus.SENT,
            InvitationStatus.BOUNCED,
            InvitationStatus.SUPPRESSED,
            InvitationStatus.WITHDRAWN,
            InvitationStatus.OPTED_OUT,
            InvitationStatus.CLICKED,  # the friend was faster than the record of sending
            InvitationStatus.ORDERED,
        }
    ),
    InvitationStatus.SENT: frozenset(
        {
            InvitationStatus.CLICKED,
            InvitationStatus.ORDERED,
            InvitationStatus.BOUNCED,
            InvitationStatus.OPTED_OUT,
            InvitationStatus.WITHDRAWN,
            InvitationStatus.EXPIRED,
        }
    ),
    InvitationStatus.CLICKED: frozenset(
        {
            InvitationStatus.ORDERED,
            InvitationStatus.OPTED_OUT,
            InvitationStatus.WITHDRAWN,
            InvitationStatus.EXPIRED,
        }
    ),
    InvitationStatus.BOUNCED: frozenset({InvitationStatus.WITHDRAWN}),
    # These two look to the referrer like any other, and so can be taken back like any other.
    InvitationStatus.SUPPRESSED: frozenset({InvitationStatus.WITHDRAWN}),
    InvitationStatus.OPTED_OUT: frozenset({InvitationStatus.WITHDRAWN}),
}

LIVE_INVITATIONS = frozenset({InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.CLICKED})
"""An invitation in one of these may still lead to an order, and can be withdrawn."""

UNWANTED_INVITATIONS = frozenset({InvitationStatus.SUPPRESSED, InvitationStatus.OPTED_OUT})
"""The friend wants no such mail, which is not the referrer's to know: to them, these look as if they were sent."""


class TouchKind(models.TextChoices):
    """How a referrer touched a friend."""

    INVITATION = "invitation", _("Invitation opened")
    LINK = "link", _("Link opened")
    CODE = "code", _("Code given")
    INVITED_ADDRESS = "invited_address", _("Ordered with an invited e-mail address")


class TouchOutcome(models.TextChoices):
    """What the resolver made of a touch when the friend ordered."""

    WON = "won", _("Credited")
    OUTRANKED = "outranked", _("Another touch comes first")
    OUTSIDE_WINDOW = "outside_window", _("Too long before the order")
    AFTER_ORDER = "after_order", _("After the order")
    REFERRER_INACTIVE = "referrer_inactive", _("The referrer was not active")
    PROGRAMME_INACTIVE = "programme_inactive", _("The program did not run")
    OTHER_MARKET = "other_market", _("The program is not for this market")
    BOUND_ELSEWHERE = "bound_elsewhere", _("The customer was referred before")
    SELF_REFERRAL = "self_referral", _("One cannot refer oneself")
    NOT_NEW = "not_new", _("Was a customer before")


class TouchPreference(models.TextChoices):
    """Which of several touches of the same rank is credited."""

    FIRST = "first", _("The first")
    LAST = "last", _("The last")


class ReferralStatus(models.TextChoices):
    """How far a referral is, until the friend is installed."""

    ORDERED = "ordered", _("Ordered")
    INSTALLED = "installed", _("Installed")
    DISQUALIFIED = "disqualified", _("Not eligible")


REFERRAL_MOVES: Mapping[ReferralStatus, frozenset[ReferralStatus]] = {
    ReferralStatus.ORDERED: frozenset({ReferralStatus.INSTALLED, ReferralStatus.DISQUALIFIED}),
    ReferralStatus.INSTALLED: frozenset({ReferralStatus.DISQUALIFIED}),
    ReferralStatus.DISQUALIFIED: frozenset({ReferralStatus.INSTALLED}),  # an install report that comes late is true
}


class DisqualifyReason(models.TextChoices):
    """Why a referral came to nothing."""

    ORDER_CANCELLED = "order_cancelled", _("The order was cancelled")
    ORDER_FAILED = "order_failed", _("The order could not be installed")
    FRAUD = "fraud", _("Found not to be genuine")


class SignalKind(models.TextChoices):
    """What looks odd about a referral. A signal holds the money; it forbids nothing."""

    SAME_ADDRESS = "same_address", _("Same address as the referrer")
    SAME_SURNAME = "same_surname", _("Same surname as the referrer")
    SOLD_BY_REFERRER = "sold_by_referrer", _("Sold by the referrer")
    SERVED_ADDRESS = "served_address", _("Somebody had service at this address lately")
    VELOCITY = "velocity", _("Many referrals in a short time")
    SAME_BANK = "same_bank", _("Referrer and friend are paid to one bank account")
    SAME_PERSON = "same_person", _("The friend was referred by another order, too")


class SignalStatus(models.TextChoices):
    """What a person made of a signal."""

    OPEN = "open", _("To be looked at")
    CLEARED = "cleared", _("Cleared")
    CONFIRMED = "confirmed", _("Confirmed")


SIGNAL_MOVES: Mapping[SignalStatus, frozenset[SignalStatus]] = {
    SignalStatus.OPEN: frozenset({SignalStatus.CLEARED, SignalStatus.CONFIRMED}),
}
