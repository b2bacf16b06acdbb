"""
How the customer of an order that somebody sells agrees: by a secret that only their mailbox gets to see.

Who sells could agree for the customer in a private window, where nobody knows them. So their agreement counts only with
the secret that was mailed to the address in the cart; it stands in no page, and is nothing once the address changes.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from django.core import signing
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _, ngettext

from accounts.models import Account, Contact, Mailbox, Partner
from accounts.states import AccountStatus
from foundation.correspondence.mailboxes import normalised_email
from foundation.people.models import User
from foundation.people.queries import is_staff_member
from orders.models import Order
from orders.queries.carts import details_of
from orders.states import OPEN

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


PUBLIC_HOSTS = frozenset(
    {
        "aol.com", "att.net", "comcast.net", "gmail.com", "gmx.com", "hotmail.com", "icloud.com", "live.com", "mail.com",
        "me.com", "msn.com", "outlook.com", "proton.me", "protonmail.com", "verizon.net", "yahoo.com",
    }
)  # fmt: skip
"""Domains at which anybody has a mailbox: that two people have one there says nothing of them."""


def is_of_a_seller(email: str, order: Order) -> bool:
    """Tell whether a mailbox is known as that of who sells an order, of any partner, or of a member of staff."""
    mailbox = normalised_email(email)
    sellers = _sellers_of(order)
    if mailbox in {normalised_email(seller.email) for seller in sellers}:
        return True
    if any(is_staff_member(user) for user in User.objects.filter(email__iexact=email)):
        return True
    partners = Partner.objects.alias(mailbox=Mailbox("user__email")).filter(mailbox=mailbox)
    own = Q(customer__user__in=sellers) | Q(customer__delegates__user__in=sellers)
    return partners.exists() or _contacts_at(mailbox).filter(own).exists()


def _sellers_of(order: Order) -> list[User]:
    partner = order.sold_for.user if order.sold_for else None
    return [user for user in (order.sold_by, partner) if user]


def _contacts_at(mailbox: str) -> QuerySet[Contact]:
    return Contact.objects.alias(mailbox=Mailbox("email")).filter(mailbox=mailbox)


def other_order_agreed_at(email: str, order: Order) -> Order | None:
    """
    Return another order of the same partner that is under way and to which the same mailbox has agreed.

    None for what no partner sells, and for the mailbox of a customer who is served already: that we know not only from
    the partner.
    """
    if order.sold_for is None:
        return None
    mailbox = normalised_email(email)
    other = _sold_to(mailbox, order).filter(status__in=OPEN).order_by("pk").first()
    return None if other is None or _is_served(mailbox) else other


def _sold_to(mailbox: str, order: Order) -> QuerySet[Order]:
    """Return the other orders that the same partner has filled in for a mailbox."""
    sold = Order.objects.filter(sold_for=order.sold_for, sold_by__isnull=False).exclude(pk=order.pk)
    return sold.alias(mailbox=Mailbox(KeyTextTransform("email", "contact"))).filter(mailbox=mailbox)


def _is_served(mailbox: str) -> bool:
    customers = _contacts_at(mailbox).values("customer")
    return Account.objects.filter(customer__in=customers, status=AccountStatus.ACTIVE).exists()


def doubts_about_agreement(order: Order) -> list[str]:
    """
    Say what speaks against the mailbox by which the customer of a partner's order agrees, a sentence each.

    For who decides about the order: the partner has typed the address, and may have invented it.
    """
    details = details_of(order)
    if order.sold_for is None or order.sold_by_id is None or details is None:
        return []
    return list(_doubts(details.email, order))


def _doubts(email: str, order: Order) -> Iterable[str]:
    mailbox = normalised_email(email)
    domain = mailbox.rpartition("@")[2]
    if domain not in PUBLIC_HOSTS and domain in {
        normalised_email(one.email).rpartition("@")[2] for one in _sellers_of(order)
    }:
        yield _("%(email)s is at the partner's own domain.") % {"email": email}
    if others := _sold_to(mailbox, order).filter(submitted_at__isnull=False).count():
        yield ngettext(
            "The same mailbox stands in %(count)d other order of this partner.",
            "The same mailbox stands in %(count)d other orders of this partner.",
            others,
        ) % {"count": others}
