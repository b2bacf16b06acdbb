"""Make customers, accounts and partners for tests, by way of the services."""

from itertools import count
from typing import Any

from accounts.models import Account, ContactDetails, Partner
from accounts.services import open_account
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from territory.models import Premises
from territory.testing import make_premises

_numbers = count(1)


def make_details(**typed: Any) -> ContactDetails:
    """Make what somebody typed about themselves, unlike what anybody else typed unless told so."""
    number = next(_numbers)
    values = {
        "name": f"Robin Resident {number}",
        "email": f"robin-{number}@people.example",
        "phone": f"202 555 {number % 10_000:04}",
    }
    return ContactDetails.typed(**{**values, **typed})


def make_account(
    division: Division,
    *,
    details: ContactDetails | None = None,
    premises: Premises | None = None,
    user: User | None = None,
) -> Account:
    """Make a customer with an account on which service was ordered."""
    premises = premises or make_premises(division)
    opened = open_account(
        details or make_details(),
        premises=premises,
        address=premises.label,
        division=division,
        language="en",
        channel="web",
        user=user,
    )
    return opened.account


def make_partner(division: Division, *, user: User | None = None, code: str = "", **values: Any) -> Partner:
    """Make a partner who sells in a division from today on."""
    code = code or f"partner-{next(_numbers)}"
    return Partner.objects.create(
        **{"code": code, "name": code.capitalize(), "division": division, "user": user}
        | {"active_from": today(division), **values}
    )
