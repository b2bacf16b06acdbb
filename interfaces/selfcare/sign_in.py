"""What happens when a customer signs in."""

from typing import Any

from allauth.account.models import EmailAddress

from accounts.services import claim_customers
from foundation.people.models import User


def claim_earlier_orders(user: User, **_signal: Any) -> None:
    """Give a person the orders that were placed with their address before they had an account, if it is proved."""
    if EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        claim_customers(by=user)
