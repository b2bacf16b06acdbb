"""Who may see which customers, and what is known of somebody who orders."""

from datetime import date

from django.db.models import Q, QuerySet
from phonenumber_field.phonenumber import to_python

from accounts.models import Account, Contact, ContactDetails, Customer, Partner
from accounts.states import AccountStatus, Standing
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission


def customers_visible_to(user: Person) -> QuerySet[Customer]:
    """Return the customers of a member of staff's divisions; for a customer, those that they sign in for."""
    visible = Q(division__in=divisions_where(user, Permission.SEE_ORDERS))
    if isinstance(user, User):
        visible |= Q(user=user)
    return Customer.objects.filter(visible)


def accounts_visible_to(user: Person) -> QuerySet[Account]:
    """Return the accounts of the customers that a person may see."""
    return Account.objects.filter(customer__in=customers_visible_to(user)).select_related("customer")


def partners_visible_to(user: Person) -> QuerySet[Partner]:
    """Return the partners of a member of staff's divisions; for a partner, themselves."""
    visible = Q(division__in=divisions_where(user, Permission.SEE_ORDERS))
    if isinstance(user, User):
        visible |= Q(user=user)
    return Partner.objects.filter(visible)


def customer_of(user: User, division: Division) -> Customer | None:
    """Return the customer that a person signs in for in a division, if they are one there."""
    return Customer.objects.filter(user=user, division=division).order_by("pk").first()


def primary_contact(customer: Customer) -> Contact:
    """Return the person to reach first."""
    return customer.contacts.get(role="primary")


def duplicate_of(details: ContactDetails, premises_id: int) -> Account | None:
    """
    Return the open account of the same e-mail address and phone number at the same premises, if there is one.

    `Account` forbids a second one in the database, too; this says it before, in words.
    """
    accounts = Account.objects.exclude(status=AccountStatus.CLOSED)
    return accounts.filter(premises_id=premises_id, identity=details.identity).first()


def overdue_account_of(details: ContactDetails) -> Account | None:
    """Return an account with overdue bills whose customer has the same e-mail address or phone number, in any market."""
    same = Contact.objects.filter(Q(email=details.email) | Q(phone=details.phone))
    return Account.objects.filter(standing=Standing.DELINQUENT, customer__in=same.values("customer")).first()


def reached_by(text: str) -> Q:
    """Return the condition on the `email` or `phone` of a row that a text is; an empty one where it is neither."""
    if "@" in text:
        return Q(email=text.lower())
    phone = to_python(text, region="US")
    return Q(phone=phone) if phone and phone.is_valid() else Q()


def partner_by_code(code: str, on: date) -> Partner | None:
    """Return the partner who sells under a code on a day; upper and lower case count as the same."""
    return _partners_on(on).filter(code__iexact=code).order_by("pk").first()


def _partners_on(day: date) -> QuerySet[Partner]:
    ended = Q(active_until__isnull=False, active_until__lt=day)
    return Partner.objects.filter(active_from__lte=day).exclude(ended)
