"""Who may see which customers, and what is known of somebody who orders."""

import re
from datetime import date
from typing import TypeVar

from django.contrib.postgres.lookups import Overlap
from django.db.models import Model, Q, QuerySet, Value
from django.db.models.lookups import Contains
from phonenumber_field.phonenumber import to_python

from accounts.models import Account, Contact, ContactDetails, Customer, Delegate, Folded, Partner, Spellings
from accounts.states import AccountStatus, Standing
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission

Row = TypeVar("Row", bound=Model)

SHORTEST_PART = 3
"""Letters: a trigram index finds nothing shorter."""
MOST_ALIKE = 10_000
SHORTEST_PART_OF_A_PHONE = 4
"""Digits: fewer tell nobody from anybody else."""
_LIKE_A_PHONE = re.compile(r"[\d\s()+./-]+")


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


def speaks_for(user: Person, customer: Customer) -> bool:
    """Tell whether a person signs in for a customer, as the one they are or on their behalf."""
    if not isinstance(user, User):
        return False
    return customer.user_id == user.pk or Delegate.objects.filter(user=user, customer=customer).exists()


def is_own(user: User, *customers: Customer) -> bool:
    """
    Tell whether a person signs in for one of some customers, so that what they would decide is about themselves.

    Who signs in on behalf of a company, or of one site of it, is as near to its money as the one it is.
    """
    return user.pk in who_sign_in_for(*customers)


def who_sign_in_for(*customers: Customer) -> set[int]:
    """Return the people, by id, who sign in for one of some customers, as the one they are or on their behalf."""
    delegates = Delegate.objects.filter(customer__in=customers).values_list("user", flat=True)
    return {*delegates, *(customer.user_id for customer in customers if customer.user_id)}


def of_own(user: User, path: str) -> Q:
    """
    Return the condition that a row's customer is one for whom a person signs in, as `is_own` has it; for `exists()` alone.

    :param path: from the row to its customer
    """
    return Q(**{f"{path}__user": user}) | Q(**{f"{path}__delegates__user": user})


def primary_contact(customer: Customer) -> Contact:
    """Return the person to reach first."""
    return customer.contacts.get(role="primary")


def only_account_of(customer: Customer) -> Account | None:
    """Return the one account of a customer that is not closed; None where there is none, or several."""
    found = customer.accounts.exclude(status=AccountStatus.CLOSED).select_related("premises")[:2]
    return found[0] if len(found) == 1 else None


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
    """
    Return the condition on the `email` or `phone` of a row that a text, or a part of one, is; an empty one for others.

    A word alone counts as neither, although it may be a part of an e-mail address.
    """
    if "@" in text:
        return Q(email__contains=text.strip().lower())
    phone = to_python(text, region="US")
    if phone and phone.is_valid():
        return Q(phone=phone)
    digits = re.sub(r"\D", "", text)
    if _LIKE_A_PHONE.fullmatch(text) and len(digits) >= SHORTEST_PART_OF_A_PHONE:
        return Q(phone__contains=digits)
    return Q()


def is_part(text: str) -> bool:
    """Tell whether a text is long enough to be looked for as a part of another."""
    return len(re.sub(r"[\W_]", "", text)) >= SHORTEST_PART


def called(text: str, rows: QuerySet[Row], *, field: str = "name") -> QuerySet[Row]:
    """Return the rows whose names contain a text, whatever its accents, apostrophes and capitals; none for too short a text."""
    if not is_part(text):
        return rows.none()
    return rows.filter(Contains(Folded(field), Folded(Value(text))))


def called_almost(text: str, rows: QuerySet[Row], *, field: str = "name") -> QuerySet[Row]:
    """
    Return the rows whose names have every word of a text with at most one letter wrong; none for too short a text.

    They are found before they are put in order: the database takes such names for more frequent than they are, and would
    rather read the newest rows one by one. Of more than `MOST_ALIKE` some are left out.
    """
    said = [word for word in text.split() if is_part(word)]
    if not said:
        return rows.none()
    alike = rows.filter(*(Overlap(Spellings(field), Spellings(Value(word))) for word in said))
    return rows.filter(pk__in=alike.order_by().values("pk")[:MOST_ALIKE])


def customers_meant(text: str, *, among: QuerySet[Customer]) -> QuerySet[Customer]:
    """
    Return the customers that a text may mean, of those given.

    By their number or an account's, or all or a part of a phone number, an e-mail address or a name; only where nobody
    is found so, by a name with a letter wrong in it. Each way is asked of an index of its own: joined by OR, the
    database would read every customer.
    """
    ways = [
        among.filter(number=text.upper()),
        among.filter(pk__in=Account.objects.filter(number=text.upper()).values("customer")),
    ]
    reached = reached_by(text)
    if not reached and is_part(text):
        ways.append(called(text, among))
        reached = Q(email__contains=text.lower()) if " " not in text else Q()
    if reached:
        ways.append(among.filter(pk__in=Contact.objects.filter(reached).values("customer")))
    first, *others = (way.order_by().values("pk") for way in ways)
    found = among.filter(pk__in=first.union(*others))
    return found if found.exists() else called_almost(text, among)


def partner_by_code(code: str, on: date) -> Partner | None:
    """Return the partner who sells under a code on a day; upper and lower case count as the same."""
    return _partners_on(on).filter(code__iexact=code).order_by("pk").first()


def _partners_on(day: date) -> QuerySet[Partner]:
    ended = Q(active_until__isnull=False, active_until__lt=day)
    return Partner.objects.filter(active_from__lte=day).exclude(ended)
