"""
How the customer of an order that somebody sells agrees: by a secret that only their mailbox gets to see.

Who sells could agree for the customer in a private window, where nobody knows them. So their agreement counts only with
the secret that was mailed to the address in the cart; it stands in no page, and is nothing once the address changes.
"""

import hashlib
from datetime import timedelta

from django.core import signing

from orders.models import Order
from orders.queries.carts import details_of

SIGNER = signing.TimestampSigner(salt="orders.agreement")
VALID_FOR = timedelta(days=14)


def agreement_proof(order: Order) -> str:
    """Return the secret for the mailbox of a cart's customer: a letter's, never a page's."""
    return SIGNER.sign_object(_promised(order))


def is_agreement_proof(proof: str, order: Order) -> bool:
    """Tell whether a secret was mailed to the customer of a cart, at the address that it holds now, not too long ago."""
    try:
        told = SIGNER.unsign_object(proof, max_age=VALID_FOR)
    except signing.BadSignature:
        return False
    return bool(told == _promised(order))


def _promised(order: Order) -> list[str | int]:
    details = details_of(order)
    mailbox = details.email if details else ""
    return [order.pk, hashlib.sha256(mailbox.encode()).hexdigest()[:32]]
