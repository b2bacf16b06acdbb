"""Record that a referrer reached a friend, before the friend is sent on."""

from dataclasses import dataclass

from django.db import transaction

from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.now import now, today
from orders.states import Channel
from referrals.events import FriendTouched
from referrals.models import Invitation, Programme, Referrer, Touch
from referrals.queries import first_name, may_count_on_site, referrer_by_code
from referrals.states import InvitationStatus, TouchKind

TOUCH_MARK = "touch:"
"""Before the token of a touch, among an order's attribution."""
STILL_GOOD = frozenset(
    {InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.CLICKED, InvitationStatus.ORDERED}
)
"""An invitation in one of these still opens; that it led to an order before is for the resolver to judge."""


@dataclass(frozen=True, kw_only=True)
class Click:
    """What somebody who followed a link is shown, and the token that they carry on."""

    programme: Programme
    referrer_first_name: str
    touch_token: str = ""
    """Empty: it earns nothing, and still lands."""
    invitation: Invitation | None = None

    @property
    def earns(self) -> bool:
        """Whether a referrer may be credited for it."""
        return bool(self.touch_token)


@transaction.atomic
def record_click(code: str, *, division: Division) -> Click | None:
    """
    Record that a referrer's link was followed; nothing is recorded where nothing can be earned.

    :param division: the market of the site on which it was followed
    :returns: nothing for a code that is none of ours
    """
    referrer = referrer_by_code(code)
    if referrer is None:
        return None
    touch = _touch(referrer, TouchKind.LINK) if _can_earn(referrer, division) else None
    return _click(referrer, touch, None)


@transaction.atomic
def open_invitation(token: str, *, division: Division) -> Click | None:
    """
    Record that the link in an invitation was followed; one that was taken back or refused earns nothing.

    :returns: nothing for a token that is none of ours
    """
    related = ("referrer__programme__division", "referrer__customer", "referrer__division", "division")
    invitation = Invitation.objects.locked().select_related(*related).filter(token=token).first()
    if invitation is None:
        return None
    referrer, touch = invitation.referrer, None
    if invitation.status in STILL_GOOD and _can_earn(referrer, division):
        touch = _touch(referrer, TouchKind.INVITATION, invitation)
        if invitation.can_move(InvitationStatus.CLICKED):
            invitation.mark_clicked(at=touch.at)
            invitation.save(update_fields=["status", "clicked_at"])
    return _click(referrer, touch, invitation)


def _can_earn(referrer: Referrer, division: Division) -> bool:
    """Tell whether a touch on a market's site may lead to anything as things stand; the resolver has the last word."""
    return referrer.is_active and may_count_on_site(referrer.programme, division, today(division))


def _touch(referrer: Referrer, kind: TouchKind, invitation: Invitation | None = None) -> Touch:
    touch = Touch.objects.create(
        referrer=referrer, division=referrer.division, kind=kind, invitation=invitation, channel=Channel.WEB, at=now()
    )
    about = [referrer, *([invitation] if invitation else [])]
    publish(
        FriendTouched(touch_id=touch.pk),
        subject=touch,
        about=about,
        division=referrer.division,
        by=None,
        channel=Channel.WEB,
        at=touch.at,
    )
    return touch


def _click(referrer: Referrer, touch: Touch | None, invitation: Invitation | None) -> Click:
    return Click(
        programme=referrer.programme,
        referrer_first_name=first_name(referrer.customer.name),
        touch_token=touch.token if touch else "",
        invitation=invitation,
    )
