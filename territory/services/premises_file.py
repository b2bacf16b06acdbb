"""
The CSV format of premises and their availability, read and checked row by row.

One row is one premises. `source_id`, `street`, `city`, `state` and `zip` are required, `unit`, `latitude`, `longitude`
and `node` (what of the network serves it: a hub, a cabinet, a splitter) optional. What can be had there stands in
`families` (names separated by blanks; without the column: Internet, TV and phone), `status`, `technology`, `down_mbps`, `up_mbps`, `available_from` (a date as 2027-03-31),
`reason`, `alternate_technology`, `alternate_down_mbps` and `alternate_up_mbps`. Where one family differs, a column with
its name in front, such as `video_status`, speaks for it. A file without any of these columns leaves availability as it is.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from foundation.moments import require_meant
from territory.addresses.streets import Street, read_city, read_state, read_street_line, read_unit, read_zip
from territory.states import NETWORK_FAMILIES, AvailabilityStatus, ProductFamily, Technology

REQUIRED = ("source_id", "street", "city", "state", "zip")
OPTIONAL = ("unit", "latitude", "longitude", "node")
OFFERED = (
    "status", "technology", "down_mbps", "up_mbps", "available_from", "reason",
    "alternate_technology", "alternate_down_mbps", "alternate_up_mbps",
)  # fmt: skip
"""The columns of `Availability`, in the order in which they are stored."""
FASTEST = 100_000
LONGEST = {"source_id": 40, "street_line": 100, "unit": 30, "unit_key": 24, "house_number": 20, "city": 60, "node": 40}
"""Characters that the columns of `Premises` hold."""
_FAMILY_COLUMNS = {f"{family}_{column}" for family in ProductFamily.values for column in OFFERED}
KNOWN = {*REQUIRED, *OPTIONAL, "families", *OFFERED, *_FAMILY_COLUMNS}

_PADDING = re.compile(r"(?<![^\s#])0+(?=\d+(?:\s|$))")
"""The zeros with which vendors fill up a number to a fixed width, as in STE 000220; not those of 0A or A-07."""

Row = list[str]


class RowProblem(Exception):  # noqa: N818  # it is a finding about a row, reported with others
    """One row cannot be taken in, for one reason in one column."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


class Place(NamedTuple):
    """Town, state and ZIP code of a row, as shown and as compared."""

    city: str
    city_key: str
    state: str
    zip_code: str


class StreetKey(NamedTuple):
    """What tells one street of a division from another, in the order of its index."""

    name: str
    zip_code: str
    city_key: str
    state: str
    before: str
    suffix: str
    after: str


Offers = tuple[tuple[Any, ...], ...]
"""For each family: its name and the values of `OFFERED`."""


class PremisesRow(NamedTuple):
    """One row that was found right. `street` and `offers` count into the lists of its block."""

    source_id: str
    street: int
    house_number: str
    unit_key: str
    street_line: str
    unit: str
    city: str
    state: str
    zip_code: str
    latitude: str
    longitude: str
    node: str
    offers: int


def read_header(line: str) -> tuple[str, list[str]]:
    """
    Return the delimiter and the column names of a file's first line.

    :raises NotAllowed: if a required column is missing, or one is unknown or stands twice
    """
    delimiter = max(",;\t", key=line.count)
    columns = [column.strip().lower() for column in next(csv.reader([line], delimiter=delimiter), [])]
    if missing := [column for column in REQUIRED if column not in columns]:
        raise NotAllowed(_("The file has no column %s.") % ", ".join(missing), code="columns")
    if unknown := [column for column in columns if column not in KNOWN]:
        raise NotAllowed(_("The file has unknown columns: %s.") % ", ".join(unknown), code="columns")
    if len({*columns}) < len(columns):
        raise NotAllowed(_("A column stands twice in the file."), code="columns")
    return delimiter, columns


def read_rows(content: bytes, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a piece of a file; bytes that are no UTF-8 become characters that no check lets pass."""
    return csv.reader(io.StringIO(content.decode("utf-8", "surrogateescape"), newline=""), delimiter=delimiter)


class BlockReader:
    """Reads the rows of one block; what repeats from row to row is worked out once."""

    def __init__(self, header: Sequence[str]) -> None:
        self.streets: dict[StreetKey, int] = {}
        self.towns: list[str] = []
        self.offers: dict[Offers, int] = {}
        self.has_offers = any(column in header for column in ("families", *OFFERED, *_FAMILY_COLUMNS))
        self._width = len(header)
        self._at = {column: index for index, column in enumerate(header)}
        self._required_of = itemgetter(*(self._at[column] for column in REQUIRED))
        self._offer_of = _taking([i for i, column in enumerate(header) if column not in {*REQUIRED, *OPTIONAL}])
        self._unit_at, self._latitude_at, self._longitude_at, self._node_at = (
            self._at.get(column) for column in OPTIONAL
        )
        self._places: dict[tuple[str, ...], Place] = {}
        self._street_of: dict[tuple[str, Place], int] = {}
        self._offers_of: dict[tuple[str, ...], int] = {}

    def read(self, row: Row) -> PremisesRow:
        """
        Return one row in standard form.

        :raises RowProblem: if something in it is wrong
        """
        if len(row) != self._width:
            raise RowProblem(
                "", _("%(found)s values instead of %(expected)s.") % {"found": len(row), "expected": self._width}
            )
        source_id, line, *raw_place = self._required_of(row)
        source_id = self._text("source_id", source_id)
        line = self._text("street", line, limit="street_line")
        place = self._places.get(tuple(raw_place)) or self._read_place(tuple(raw_place))
        number, street = self._read_street(line, place)
        unit = "" if self._unit_at is None else row[self._unit_at].strip()
        latitude = "" if self._latitude_at is None else _degrees("latitude", row[self._latitude_at], 90)
        longitude = "" if self._longitude_at is None else _degrees("longitude", row[self._longitude_at], 180)
        node = "" if self._node_at is None else _node(row[self._node_at])
        return PremisesRow(
            source_id, street, number, _unit_key(unit) if unit else "", line, _shown_unit(unit) if unit else "",
            place.city, place.state.upper(), place.zip_code, latitude, longitude, node, self._read_offers(row),
        )  # fmt: skip

    def _text(self, column: str, value: str, limit: str = "source_id") -> str:
        value = " ".join(value.split())
        if not value:
            raise RowProblem(column, _("Missing."))
        if len(value) > LONGEST[limit]:
            raise RowProblem(column, _("Longer than %s characters.") % LONGEST[limit])
        return value

    def _read_place(self, raw: tuple[str, ...]) -> Place:
        city = " ".join(raw[0].split())
        city_key, state, zip_code = read_city(city), read_state(raw[1]), read_zip(raw[2])
        if not city_key:
            raise RowProblem("city", _("Missing."))
        if max(len(city), len(city_key)) > LONGEST["city"]:
            raise RowProblem("city", _("Longer than %s characters.") % LONGEST["city"])
        if not state:
            raise RowProblem("state", _("“%s” is no state.") % raw[1])
        if not zip_code:
            raise RowProblem("zip", _("“%s” is no ZIP code.") % raw[2])
        self._places[raw] = Place(city, city_key, state, zip_code)
        return self._places[raw]

    def _read_street(self, line: str, place: Place) -> tuple[str, int]:
        number, _blank, text = line.partition(" ")
        if not (number.isdecimal() and number.isascii() and text[:1].isalpha()):
            number, street, text = read_street_line(line)
            return _house_number(number), self._street_number(text, place, street)
        known = self._street_of.get((text, place))
        if known is None:
            known = self._street_number(text, place, read_street_line(line)[1])
        return _house_number(number.lstrip("0") or "0"), known

    def _street_number(self, text: str, place: Place, street: Street) -> int:
        if not street.name or len(street.name) > 80:
            raise RowProblem("street", _("No name of a street can be read from it."))
        key = StreetKey(
            street.name, place.zip_code, place.city_key, place.state, street.before, street.suffix, street.after
        )
        if key not in self.streets:
            self.streets[key] = len(self.streets)
            self.towns.append(place.city)
        self._street_of[text, place] = self.streets[key]
        return self.streets[key]

    def _read_offers(self, row: Row) -> int:
        raw = self._offer_of(row)
        known = self._offers_of.get(raw)
        if known is None:
            offers = self._parse_offers(row)
            known = self._offers_of[raw] = self.offers.setdefault(offers, len(self.offers))
        return known

    def _parse_offers(self, row: Row) -> Offers:
        if not self.has_offers:
            return ()
        listed = self._cell(row, "families")
        families = [*NETWORK_FAMILIES] if "families" not in self._at else listed.lower().split()
        for family in families:
            if family not in ProductFamily.values:
                raise RowProblem("families", _("“%s” is no family.") % family)
        return tuple((str(family), *self._parse_family(row, family)) for family in dict.fromkeys(families))

    def _parse_family(self, row: Row, family: str) -> list[Any]:
        values = []
        for column in OFFERED:
            own = f"{family}_{column}"
            name = own if self._cell(row, own) else column
            values.append(_PARSERS[column](name, self._cell(row, name)))
        return values

    def _cell(self, row: Row, column: str) -> str:
        return row[self._at[column]].strip() if column in self._at else ""


def _shown_unit(text: str) -> str:
    """Return a unit as people read it: without the sign in front of it and the zeros that only fill it up."""
    return _PADDING.sub("", text).lstrip("# ") if text else ""


def _taking(columns: list[int]) -> Callable[[Row], tuple[str, ...]]:
    """Return a function that takes these columns from a row."""
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda row: tuple(row[index] for index in columns)


def _house_number(number: str) -> str:
    if len(number) > LONGEST["house_number"]:
        raise RowProblem("street", _("The house number is too long."))
    return number


def _unit_key(unit: str) -> str:
    key = read_unit(unit)
    if len(unit) > LONGEST["unit"] or len(key) > LONGEST["unit_key"]:
        raise RowProblem("unit", _("Longer than %s characters.") % LONGEST["unit_key"])
    return key


def _node(value: str) -> str:
    value = " ".join(value.split()).upper()
    if len(value) > LONGEST["node"]:
        raise RowProblem("node", _("Longer than %s characters.") % LONGEST["node"])
    return value


def _degrees(column: str, value: str, most: int) -> str:
    value = value.strip()
    if not value:
        return ""
    try:
        is_right = -most <= float(value) <= most
    except ValueError:
        is_right = False
    if not is_right:
        raise RowProblem(
            column, _("“%(value)s” is not between −%(most)s and %(most)s degrees.") % {"value": value, "most": most}
        )
    return value


def _status(column: str, value: str) -> str:
    return _one_of(AvailabilityStatus.values, column, value or AvailabilityStatus.AVAILABLE)


def _technology(column: str, value: str) -> str:
    return _one_of(["", *Technology.values], column, value)


def _one_of(allowed: list[str], column: str, value: str) -> str:
    value = value.lower().replace(" ", "_")
    if value not in allowed:
        raise RowProblem(
            column,
            _("“%(value)s” is none of %(allowed)s.") % {"value": value, "allowed": ", ".join(filter(None, allowed))},
        )
    return value


def _speed(column: str, value: str) -> int | None:
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or int(value) > FASTEST:
        raise RowProblem(column, _("“%s” is no whole number of Mbps.") % value)
    return int(value)


def _day(column: str, value: str) -> date | None:
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
        require_meant(day)
    except (ValueError, ValidationError):
        raise RowProblem(column, _("“%s” is no date such as 2027-03-31.") % value) from None
    return day


def _short(column: str, value: str) -> str:
    if len(value) > 160:
        raise RowProblem(column, _("Longer than %s characters.") % 160)
    return value


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "status": _status,
    "technology": _technology,
    "down_mbps": _speed,
    "up_mbps": _speed,
    "available_from": _day,
    "reason": _short,
    "alternate_technology": _technology,
    "alternate_down_mbps": _speed,
    "alternate_up_mbps": _speed,
}
