"""Every change to customers, their contacts, accounts and consents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.events import (
    AccountActivated,
    AccountClosed,
    ConsentWithdrawn,
    ContactCorrected,
    CustomerClaimed,
    OutageNoticesWanted,
    StandingChanged,
)
from accounts.models import Account, AgreedText, Consent, Contact, ContactDetails, Customer
from accounts.states import AccountStatus, ConsentKind, ContactRole, Standing
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from territory.models import Premises


@dataclass(frozen=True)
class Opened:
    """A customer with the account that was opened for them."""

    customer: Customer
    account: Account


@transaction.atomic
def open_account(  # noqa: PLR0913  # whose, where, by whom: each has a name
    details: ContactDetails,
    *,
    premises: Premises,
    address: str,
    division: Division,
    language: str,
    channel: str,
    customer: Customer | None = None,
    user: User | None = None,
    agreed: Iterable[AgreedText] = (),
    evidence: Mapping[str, Any] | None = None,
) -> Opened:
    """
    Open an account at an address, for a new customer or one that we know, and keep what they agreed to.

    :param user: who signs in as this customer, if that is known
    :param agreed: further texts than those among the details
    :param evidence: how it is known that they agreed: the request's address, the page
    :raises NotAllowed: if the same person has an open account at this address
    """
    customer_number, account_number = _next_numbers()
    if customer is None:
        customer = _make_customer(details, number=customer_number, division=division, language=language, user=user)
    account = Account(
        number=account_number,
        customer=customer,
        division=division,
        premises=premises,
        service_address=address,
        billing_address=details.billing_address,
        identity=details.identity,
    )
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        if "no_duplicate_account" not in str(error):
            raise
        raise duplicate_refused() from None
    keep_consents(customer, [*details.agreed, *agreed], language=language, channel=channel, evidence=evidence or {})
    return Opened(customer, account)


def duplicate_refused() -> NotAllowed:
    """Return the refusal of a second account for the same person at the same address, with a way on."""
    return NotAllowed(
        _(
            "Service at this address is ordered or active already under this e-mail address and phone number. "
            "Sign in to see or change it, or call us."
        ),
        code="duplicate_account",
    )


def _next_numbers() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('accounts_customer_number'), nextval('accounts_account_number')")
        customer, account = cursor.fetchone()
    return f"C{customer}", f"A{account}"


def _make_customer(
    details: ContactDetails, *, number: str, division: Division, language: str, user: User | None
) -> Customer:
    customer = Customer.objects.create(
        number=number, division=division, kind=details.kind, name=details.name, language=language, user=user
    )
    Contact.objects.create(
        customer=customer,
        role=ContactRole.PRIMARY,
        name=details.name,
        email=details.email,
        phone=details.phone,
        preferred_channel=details.preferred_channel,
    )
    return customer


@transaction.atomic
def keep_consents(
    customer: Customer,
    agreed: Iterable[AgreedText],
    *,
    language: str,
    channel: str,
    evidence: Mapping[str, Any],
) -> None:
    """Keep what a customer agreed to; agreed to the same text before, nothing is added."""
    given_at = now()
    Consent.objects.bulk_create(
        [
            Consent(
                customer=customer,
                kind=text.kind,
                text_version=text.text_version,
                text=text.text,
                language=language,
                channel=channel,
                evidence=dict(evidence),
                given_at=given_at,
            )
            for text in agreed
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def withdraw_consent(consent_id: int, *, by: User) -> Consent:
    """
    Take back a consent at its customer's wish; that it was given stays written.

    :raises NotAllowed: if the person may not, it was taken back before, or it is to the terms of what was ordered
    """
    consent = (
        Consent.objects.select_for_update(no_key=True, of=("self",))
        .select_related("customer__division")
        .get(pk=consent_id)
    )
    require(by, Permission.WORK_ORDERS, consent.customer.division)
    if consent.kind == ConsentKind.TERMS:
        raise NotAllowed(_("The terms hold for what was ordered: they cannot be taken back."), code="terms")
    if consent.withdrawn_at:
        raise NotAllowed(_("This consent was withdrawn before."), code="withdrawn_before")
    consent.withdrawn_at = now()
    consent.save(update_fields=["withdrawn_at"])
    fact = ConsentWithdrawn(consent_id=consent.pk, kind=consent.kind)
    publish(fact, subject=consent.customer, division=consent.customer.division, by=by)
    return consent


@transaction.atomic
def want_outage_notices(user: User, *, wants: bool) -> int:
    """Note whether a person who signs in wants to be told of outages, as every customer that they are; return how many."""
    others = Customer.objects.filter(user=user).exclude(wants_outage_notices=wants).select_related("division")
    changing = list(others.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    for customer in changing:
        customer.wants_outage_notices = wants
        customer.save(update_fields=["wants_outage_notices"])
        fact = OutageNoticesWanted(customer_id=customer.pk, wants=wants)
        publish(fact, subject=customer, division=customer.division, by=user)
    return len(changing)


@transaction.atomic
def correct_contact(contact_id: int, details: ContactDetails, *, by: User | None) -> list[str]:
    """Correct a person's name, e-mail address, phone number or channel; return the names of what differs now."""
    contact = (
        Contact.objects.select_for_update(no_key=True, of=("self",))
        .select_related("customer__division")
        .get(pk=contact_id)
    )
    corrected = {
        "name": details.name,
        "email": details.email,
        "phone": details.phone,
        "preferred_channel": details.preferred_channel,
    }
    changed = [field for field, value in corrected.items() if str(getattr(contact, field)) != value]
    if not changed:
        return []
    for field in changed:
        setattr(contact, field, corrected[field])
    contact.save(update_fields=changed)
    publish(
        ContactCorrected(contact_id=contact.pk, fields=changed),
        subject=contact.customer,
        division=contact.customer.division,
        by=by,
    )
    return changed


@transaction.atomic
def activate_account(account_id: int, *, by: User | None) -> None:
    """Let an account count as served, from its first installed service on; again, it changes nothing."""
    account = Account.objects.locked().select_related("division", "customer").get(pk=account_id)
    if account.status == AccountStatus.ACTIVE:
        return
    account.activate()
    account.save(update_fields=["status"])
    fact = AccountActivated(account_id=account.pk)
    publish(fact, subject=account, about=[account.customer], division=account.division, by=by)


@transaction.atomic
def close_account(account_id: int, *, by: User | None) -> None:
    """
    Close an account on which nothing is served.

    :raises NotAllowed: if it is closed
    """
    account = Account.objects.locked().select_related("division", "customer").get(pk=account_id)
    account.close()
    account.save(update_fields=["status", "closed_at"])
    fact = AccountClosed(account_id=account.pk)
    publish(fact, subject=account, about=[account.customer], division=account.division, by=by)


@transaction.atomic
def set_standing(account_id: int, standing: Standing, *, by: User | None) -> Account:
    """Note how an account stands with its bills; the same again changes nothing."""
    account = Account.objects.locked().select_related("division", "customer").get(pk=account_id)
    if account.standing != standing:
        account.standing = standing
        account.save(update_fields=["standing"])
        fact = StandingChanged(account_id=account.pk, standing=standing)
        publish(fact, subject=account, about=[account.customer], division=account.division, by=by)
    return account


@transaction.atomic
def claim_customers(*, by: User) -> int:
    """
    Let a person sign in for every customer whose main contact has their e-mail address; return how many are new.

    The caller must know that the address is theirs: allauth lets nobody in before it is verified.
    """
    unclaimed = Customer.objects.filter(user=None, contacts__email=by.email, contacts__role=ContactRole.PRIMARY)
    customers = list(unclaimed.select_for_update(no_key=True, of=("self",)).select_related("division"))
    for customer in customers:
        customer.user = by
        customer.save(update_fields=["user"])
        publish(CustomerClaimed(customer_id=customer.pk), subject=customer, division=customer.division, by=by)
    return len(customers)
