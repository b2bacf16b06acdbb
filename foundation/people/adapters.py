"""Where allauth's ways differ from ours."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts."""


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors."""
