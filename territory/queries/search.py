"""
Find the premises that a visitor means.

1. The typed text is read in every way that makes sense (`territory.addresses.reading`).
2. Streets of exactly these names, with exactly this house number, in the typed ZIP or town if there is one.
3. Where there are none, or none that agrees with what was typed: streets whose names are left alike when letters are
   dropped (`Spelling`), again with exactly this house number; few rows come back, and each is measured in memory.
4. The same again wherever it may be.

Statement 2, with 3 behind it, is one function of the database (migration 0002).

The house number is never guessed. A hit counts as *exact* only if nothing typed contradicts it, nothing is missing and
no other premises could be meant; everything else is a suggestion that a person has to confirm.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from territory.addresses.likeness import distance, most_errors, remainders
from territory.addresses.reading import Reading, read_address, read_misspelt
from territory.models import Premises, Spelling, Street, address_line

MOST_LISTED = 8
MOST_HOUSES = 200
"""Rows that one statement may bring back; more are of no use to anybody."""

# What a difference costs. 0 is agreement; from `FARTHEST` on, a hit is no suggestion any more.
FARTHEST = 5.0
WRONG_LETTER = 1.4
MENDED_WORD = 0.7
SUFFIX_UNTYPED, SUFFIX_ADDED, SUFFIX_OTHER = 0.5, 1.0, 1.6
DIRECTION_UNTYPED, DIRECTION_ADDED, DIRECTION_MOVED, DIRECTION_OTHER = 0.6, 1.2, 0.5, 2.5
ZIP_NEAR, ZIP_OTHER = 1.5, 3.0
CITY_LETTER, CITY_OTHER_IN_ZIP, CITY_OTHER = 0.4, 0.8, 3.0
STATE_OTHER = 3.0
UNIT_NOT_THERE = 1.6

FARTHEST_STREET = 3.0
"""The same for a street without a house number, of which nothing else tells whether it is meant: another town is none."""

# Where the search may stop: with a suffix and a direction left out, and one or two letters wrong.
ENOUGH_WHEN_EXACT = SUFFIX_UNTYPED + DIRECTION_UNTYPED + 0.1
ENOUGH_BY_ONE_LETTER = WRONG_LETTER + ENOUGH_WHEN_EXACT
ENOUGH_BY_TWO_LETTERS = 2 * WRONG_LETTER + ENOUGH_WHEN_EXACT


@dataclass(frozen=True)
class Building:
    """An address with several premises, of which one must be chosen."""

    key: str
    """Names the building in forms and URLs."""
    label: str
    units: int
    typed_unit: str = ""
    """The unit that was typed and that the building does not have."""


@dataclass(frozen=True)
class Candidate:
    """
    One suggestion: a premises, or, without a `premises_id`, a building whose unit must be told.

    A premises names its building where it was found as one of the building's units.
    """

    premises_id: int | None
    label: str
    division_id: int
    building: Building | None = None
    unit: str = ""


@dataclass(frozen=True)
class AddressSearch:
    """What a search found, the best first."""

    typed: str
    candidates: tuple[Candidate, ...] = ()
    exact: Candidate | None = None
    """The one premises that the text can mean; nobody has to confirm it."""
    building: Building | None = None
    """The one building that the text can mean; its unit is to be asked for."""
    only: Candidate | None = None
    """
    The one candidate of the market, and it agrees with all that was typed, although that names no place or half of one.

    It may be taken without asking where it is said which was taken, and another one can be told.
    """


class House(NamedTuple):
    """All premises of one house number in one street, as the database counts them."""

    street_id: int
    division_id: int
    before: str
    name: str
    suffix: str
    after: str
    city_key: str
    city: str
    state: str
    zip_code: str
    number: str
    premises: int
    premises_id: int
    street_line: str
    unit: str
    unit_key: str
    asked_id: int | None
    asked_key: str | None
    asked_unit: str | None


class _Hit(NamedTuple):
    cost: float
    reading: Reading
    house: House


@by_configuration
def division_ids_below(division_id: int) -> list[int]:
    """Return the ids of a division and of all below it."""
    return list(Division.objects.under(division_id).values_list("pk", flat=True))


def search_addresses(text: str, *, division: Division, limit: int = MOST_LISTED) -> AddressSearch:
    """Return the premises and buildings that a text may mean, of a division and all below it."""
    return _as_search(text, _hits(text, division_ids_below(division.pk))[:limit])


def premises_ids_like(text: str, divisions: Iterable[Division]) -> list[int]:
    """Return the premises that a text may mean, in these very divisions, the units of buildings among them."""
    houses = [(hit.house.street_id, hit.house.number) for hit in _hits(text, [division.pk for division in divisions])]
    found: list[int] = []
    for street_id, number in houses[:MOST_LISTED]:
        found += Premises.objects.filter(street_id=street_id, house_number=number).values_list("pk", flat=True)
    return found


def streets_like(text: str, divisions: Iterable[int]) -> list[Street]:
    """
    Return the streets that a text without a house number may mean, in these very divisions, the likeliest first.

    A letter may be wrong in the name where a word such as "lane" says that it is a street's; at most `MOST_LISTED`.
    """
    readings = [reading for reading in read_address(text) if reading.street.name and not reading.number]
    names = {reading.street.name for reading in readings}
    if not names:
        return []
    streets = Street.objects.filter(division__in=list(divisions)).order_by()
    found = list(streets.filter(name__in=names)[:MOST_HOUSES])
    if not found and (spelt := {reading.street.name for reading in readings if reading.street.suffix}):
        alike = Spelling.objects.filter(remainder__in={left for name in spelt for left in remainders(name, 1)})
        found = list(streets.filter(name__in=alike.values("name"))[:MOST_HOUSES])
    costs = [(min(_cost(reading._replace(unit=""), street) for reading in readings), street) for street in found]
    near = sorted(((cost, one.pk, one) for cost, one in costs if cost < FARTHEST_STREET), key=lambda hit: hit[:2])
    return [street for _cost_of, _pk, street in near[:MOST_LISTED]]


def _hits(text: str, divisions: list[int]) -> list[_Hit]:
    """Return what a text may mean, the best first."""
    readings = tuple(reading for reading in read_address(text) if reading.street.name)
    if not readings:
        return []
    hits: dict[tuple[int, str], _Hit] = {}
    for ways, houses, enough in _stages(text, readings, divisions):
        for hit in _measured(ways, houses):
            hits.setdefault((hit.house.street_id, hit.house.number), hit)
        if hits and min(hit.cost for hit in hits.values()) < enough:
            break
    return sorted(hits.values(), key=lambda hit: (hit.cost, hit.house.street_line, hit.house.zip_code))


def _stages(
    text: str, readings: tuple[Reading, ...], divisions: list[int]
) -> Iterator[tuple[tuple[Reading, ...], list[House], float]]:
    """Yield ever wider searches, each with the cost below which no wider one is wanted."""
    mended = (*readings, *(reading._replace(mended=True) for reading in read_misspelt(text) if reading.street.name))
    zips = sorted({reading.zip_code for reading in readings if reading.zip_code})
    cities = [] if zips else sorted({reading.city for reading in readings if reading.city})
    for near in ((zips, cities), ([], [])) if zips or cities else (([], []),):
        yield mended, _houses(mended, divisions, exact=True, errors=1, near=near), ENOUGH_WHEN_EXACT
        yield mended, _houses(mended, divisions, errors=1, near=near), ENOUGH_BY_ONE_LETTER
        yield mended, _houses(mended, divisions, errors=2, near=near), ENOUGH_BY_TWO_LETTERS


_FIND_HOUSES = """
    SELECT * FROM territory_find_houses(
        %s::varchar[], %s::varchar[], %s, %s::bigint[], %s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[], %s
    )
"""


def _houses(  # the arguments of one function of the database
    readings: Sequence[Reading],
    divisions: list[int],
    *,
    errors: int,
    exact: bool = False,
    near: tuple[list[str], list[str]],
) -> list[House]:
    """
    Return the houses of the readings' numbers in streets whose names have so many wrong letters.

    :param near: ZIP codes or else towns in which they must lie, if there are any
    :param exact: only streets of exactly these names, if there are any with such a house
    """
    names = {reading.street.name for reading in readings}
    alike = {left for name in names for left in remainders(name, errors)}
    longest = max(map(len, names)) + errors
    numbers = {reading.number for reading in readings}
    units = {reading.unit for reading in readings if reading.unit}
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND_HOUSES,
            [
                list(names) if exact else [], list(alike), longest, divisions, list(numbers), list(units), *near,
                MOST_HOUSES,
            ],
        )  # fmt: skip
        return [House(*row) for row in cursor.fetchall()]


def _measured(readings: Iterable[Reading], houses: list[House]) -> Iterator[_Hit]:
    for house in houses:
        costs = [(_cost(reading, house), at) for at, reading in enumerate(readings) if reading.number == house.number]
        if costs and (best := min(costs))[0] < FARTHEST:
            yield _Hit(best[0], list(readings)[best[1]], house)


def _cost(reading: Reading, house: House | Street) -> float:
    """Return how much a reading and a house differ, or a reading without a unit and a street."""
    errors = distance(reading.street.name, house.name)
    if errors > most_errors(house.name):
        return FARTHEST
    cost = errors * WRONG_LETTER + reading.mended * MENDED_WORD + _suffix_cost(reading.street.suffix, house.suffix)
    cost += _directions_cost(reading, house) + _place_cost(reading, house)
    if reading.unit and isinstance(house, House) and reading.unit not in _units_of_hit(house):
        cost += UNIT_NOT_THERE
    return cost


def _units_of_hit(house: House) -> tuple[str | None, str | None]:
    return house.asked_key, house.unit_key if house.premises == 1 else None


def _suffix_cost(typed: str, known: str) -> float:
    if typed == known:
        return 0
    if not typed:
        return SUFFIX_UNTYPED
    return SUFFIX_OTHER if known else SUFFIX_ADDED


def _directions_cost(reading: Reading, house: House | Street) -> float:
    typed, known = (reading.street.before, reading.street.after), (house.before, house.after)
    if typed == known:
        return 0
    if typed == known[::-1]:
        return DIRECTION_MOVED
    return sum(_direction_cost(one, other) for one, other in zip(typed, known, strict=True))


def _direction_cost(typed: str, known: str) -> float:
    if typed == known:
        return 0
    if not typed:
        return DIRECTION_UNTYPED
    return DIRECTION_OTHER if known else DIRECTION_ADDED


def _place_cost(reading: Reading, house: House | Street) -> float:
    cost = 0.0
    if reading.zip_code and reading.zip_code != house.zip_code:
        cost += ZIP_NEAR if distance(reading.zip_code, house.zip_code) == 1 else ZIP_OTHER
    if reading.state and reading.state != house.state:
        cost += STATE_OTHER
    if reading.city and reading.city != house.city_key:
        errors = distance(reading.city, house.city_key)
        if errors <= max(most_errors(house.city_key), 1):
            cost += errors * CITY_LETTER
        else:
            cost += CITY_OTHER_IN_ZIP if reading.zip_code == house.zip_code else CITY_OTHER
    return cost


def _as_search(text: str, hits: list[_Hit]) -> AddressSearch:
    candidates = tuple(_candidate(hit) for hit in hits)
    if not _is_certain(hits):
        return AddressSearch(text, candidates, only=candidates[0] if _is_the_only_one(hits) else None)
    first, hit = candidates[0], hits[0]
    if first.building:
        return AddressSearch(text, candidates, building=first.building)
    return AddressSearch(text, candidates, exact=first if _is_whole(hit) else None)


def _is_whole(hit: _Hit) -> bool:
    """Tell whether the unit was typed that the premises have, or neither is one."""
    return hit.reading.unit == (hit.house.asked_key or hit.house.unit_key)


def _is_the_only_one(hits: list[_Hit]) -> bool:
    """Tell whether there is one hit, and nothing typed of its street contradicts it or is missing."""
    if len(hits) != 1 or not hits[0].reading.number or _without_unit(hits[0]) > 0:
        return False
    return hits[0].house.premises > 1 or _is_whole(hits[0])


def _is_certain(hits: list[_Hit]) -> bool:
    """Tell whether the best hit is all that the text can mean, apart from the unit."""
    agreeing = [hit for hit in hits if _without_unit(hit) == 0]
    if len(agreeing) != 1 or agreeing[0] is not hits[0]:
        return False
    reading = hits[0].reading
    return bool(reading.number and (reading.zip_code or (reading.city and reading.state)))


def _without_unit(hit: _Hit) -> float:
    return _cost(hit.reading._replace(unit=""), hit.house)


def _candidate(hit: _Hit) -> Candidate:
    house = hit.house
    if hit.reading.unit and hit.reading.unit == house.asked_key:
        return _premises(house, house.asked_id, house.asked_unit or "")
    if house.premises == 1:
        return _premises(house, house.premises_id, house.unit)
    label = address_line(house.street_line, "", house.city, house.state.upper(), house.zip_code)
    building = Building(f"{house.street_id}-{house.number}", label, house.premises, hit.reading.unit)
    return Candidate(None, label, house.division_id, building)


def _premises(house: House, premises_id: int | None, unit: str) -> Candidate:
    label = address_line(house.street_line, unit, house.city, house.state.upper(), house.zip_code)
    return Candidate(premises_id, label, house.division_id, unit=unit)


def units_of(building_key: str, *, division: Division) -> list[Candidate]:
    """Return the premises of a building in the order of its units, its own address first; none for a made-up key."""
    match = re.fullmatch(r"(\d{1,18})-(.+)", building_key)
    if not match:
        return []
    premises = Premises.objects.filter(
        street_id=int(match[1]), house_number=match[2], division_id__in=division_ids_below(division.pk)
    )
    found = sorted(premises, key=lambda one: _natural(one.unit_key))
    if not found:
        return []
    first = found[0]
    label = address_line(first.street_line, "", first.city, first.state, first.zip_code)
    building = Building(building_key, label, len(found))
    return [Candidate(one.pk, one.label, one.division_id, building, one.unit) for one in found]


def _natural(unit: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.findall(r"\d+|\D+", unit)]
