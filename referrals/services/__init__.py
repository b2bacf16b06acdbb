"""
Every change to programmes, referrers, invitations and referrals.

In which order rows are locked is said in docs/locking.md.
"""

from referrals.services.attribution import resolve_order
from referrals.services.enrolment import enrol, enrol_account, leave_programme, return_referrer, suspend_referrer
from referrals.services.expiry import expire_invitations
from referrals.services.invitations import (
    FriendRow,
    RowOutcome,
    correct_invitation,
    invitable_again_from,
    invite_friends,
    link_refused,
    name_refused,
    stop_invitations_from,
    withdraw_invitation,
)
from referrals.services.letters import (
    are_unwritten,
    record_invitation_bounced,
    record_invitation_suppressed,
    record_invitations_sent,
    record_opted_out,
    send_installed_alert,
    send_ordered_alert,
    send_test_invitation,
    write_invitations,
)
from referrals.services.outcomes import decide_signal, raise_signal, record_ending, record_install
from referrals.services.programmes import end_programme, pause_programme, start_programme
from referrals.services.touches import TOUCH_MARK, Click, open_invitation, record_click

__all__ = [
    "TOUCH_MARK", "Click", "FriendRow", "RowOutcome", "are_unwritten", "correct_invitation", "decide_signal",
    "end_programme", "enrol", "enrol_account", "expire_invitations", "invitable_again_from", "invite_friends",
    "leave_programme", "link_refused", "name_refused", "open_invitation", "pause_programme", "raise_signal", "record_click", "record_ending",
    "record_install", "record_invitation_bounced", "record_invitation_suppressed", "record_invitations_sent",
    "record_opted_out", "resolve_order", "return_referrer", "send_installed_alert", "send_ordered_alert",
    "send_test_invitation", "start_programme", "stop_invitations_from", "suspend_referrer",
    "withdraw_invitation", "write_invitations",
]  # fmt: skip
