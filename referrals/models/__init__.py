"""Programmes, those who refer in them, whom they invited, every touch, and the orders that came of it."""

from referrals.models.programmes import CODE_ALPHABET, CODE_LENGTH, LONGEST_NOTE, Programme, new_code, new_token
from referrals.models.referrals import Referral, ResolvedTouch, Signal, Touch
from referrals.models.referrers import Invitation, InvitationBlock, Referrer

__all__ = [
    "CODE_ALPHABET",
    "CODE_LENGTH",
    "LONGEST_NOTE",
    "Invitation",
    "InvitationBlock",
    "Programme",
    "Referral",
    "Referrer",
    "ResolvedTouch",
    "Signal",
    "Touch",
    "new_code",
    "new_token",
]
