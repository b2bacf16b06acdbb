"""The premises of the demonstration lie in systems that keep the time of the place."""

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from config.demonstration.addresses import SYSTEMS, demonstration_rows, real_addresses
from config.demonstration.operator import load_markets
from foundation.divisions.models import Division

KEPT_IN = {
    "America/New_York": "CT DC FL GA IN KY MA MD NC OH PA SC VA VT",
    "America/Chicago": "AL AR IL LA MN OK TN TX",
    "America/Denver": "CO ID NM",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA OR",
    "America/Anchorage": "AK",
}
ZONE_OF = {state: zone for zone, states in KEPT_IN.items() for state in states.split()}
CENTRAL_TOWNS = {
    *("Panama City", "Panama City Beach", "Lynn Haven", "Mexico Beach", "Fountain", "Youngstown", "Southport"),
    "Tyndall Air Force Base",
}
"""Those of the demonstration in the west of Florida, which keeps Central time."""


def zone_of(address: dict[str, str]) -> ZoneInfo:
    """Return the zone of an address by its state, and in Florida by its town."""
    if address["state"] == "FL" and address["city"] in CENTRAL_TOWNS:
        return ZoneInfo("America/Chicago")
    return ZoneInfo(ZONE_OF[address["state"]])


@pytest.mark.django_db
def test_a_visit_is_announced_in_the_time_of_the_address():
    load_markets()

    rows = demonstration_rows()

    zones = {system: Counter(map(zone_of, rows[system])) for system in SYSTEMS}
    own = {system: Division.objects.get(code=system).zone for system in SYSTEMS}
    assert {system: {*found} for system, found in zones.items()} == {system: {zone} for system, zone in own.items()}


def test_every_real_address_is_there_once():
    ids = Counter(row["source_id"] for rows in demonstration_rows().values() for row in rows)

    assert {address["source_id"] for address in real_addresses()} <= ids.keys()
    assert len(real_addresses()) == 3850
    assert set(ids.values()) == {1}
