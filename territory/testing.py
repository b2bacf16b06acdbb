"""Territories to test with."""

import itertools
from typing import Any

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.divisions.services import inherit_value, set_value
from territory.models import Availability, Premises, Qualification
from territory.services import create_premises, qualify
from territory.settings import PREMISES_CREATION
from territory.states import NETWORK_FAMILIES, AvailabilityStatus, ProductFamily, Technology

_house_numbers = itertools.count(100)


def make_premises(
    division: Division,
    street_line: str = "",
    *,
    unit: str = "",
    city: str = "Rutland",
    state: str = "VT",
    zip_code: str = "05701",
) -> Premises:
    """Make an address of which nothing is known; without a street, a new house in Main Street."""
    street_line = street_line or f"{next(_house_numbers)} Main Street"
    was_allowed = effective(division, PREMISES_CREATION)
    if not was_allowed:
        set_value(division, PREMISES_CREATION, value=True)
    premises = create_premises(
        division=division, street_line=street_line, unit=unit, city=city, state=state, zip_code=zip_code, by=None
    )
    if not was_allowed:
        inherit_value(division, PREMISES_CREATION)
    return premises


def make_available(
    premises: Premises, *families: str, status: str = AvailabilityStatus.AVAILABLE, **offer: Any
) -> list[Availability]:
    """Let a premises have families: without any, Internet, TV and phone; without an offer, fiber at 1000/1000 Mbps."""
    values = {"technology": Technology.FIBRE, "down_mbps": 1000, "up_mbps": 1000} | offer
    return [
        Availability.objects.update_or_create(premises=premises, family=family, defaults={"status": status, **values})[
            0
        ]
        for family in families or NETWORK_FAMILIES
    ]


def make_qualification(
    division: Division, *families: str | ProductFamily, premises: Premises | None = None, **offer: Any
) -> Qualification:
    """Make the check of an address, by default a new one that can have Internet, TV and phone by fiber."""
    premises = premises or make_premises(division)
    make_available(premises, *families, **offer)
    return qualify(typed=premises.label, premises_id=premises.pk, division=division, channel="web")
