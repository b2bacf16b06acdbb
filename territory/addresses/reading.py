"""
What a visitor typed, read in every way that makes sense.

A line such as "12 Park Avenue Court Pleasant Hill" has no single reading, so there are several, the likeliest first;
the search tries them all and the premises that exist decide.
"""

import re
from typing import NamedTuple

import usaddress

from territory.addresses.likeness import mended_word
from territory.addresses.streets import Street, house_number, name_key, plain, street_of, unit_of, words
from territory.addresses.vocabulary import (
    BUILDING_WORDS,
    DIRECTIONS,
    LONE_UNITS,
    LONGEST_STATE,
    ROUTE_WORDS,
    STATES,
    SUFFIXES,
    UNIT_WORDS,
)

MOST_READINGS = 10
MOST_WORDS = 24
"""What is longer is no address; the rest is not read."""
LONGEST_STREET = 5
"""Words in a street's name, where nothing says where it ends."""
_SEPARATORS = re.compile(r"[,;\n\r\t|]+")
_ZIP = re.compile(r"(\d{5})(?:-\d{4})?$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?[a-z]?(?:-\d+[a-z]?)?$|[nsew]\d+[nsew]\d+$")
_FRACTION = re.compile(r"[1-9]/[1-9]$")
_UNIT_NUMBER = re.compile(r"\d+[a-z]?$|[a-z]-?\d+$|[a-z]$|\d+-[a-z\d]+$")
_NATION = ({"usa"}, {"united", "states"}, {"us"})
_STREET_ENDS = SUFFIXES.keys() | DIRECTIONS.keys()


class Reading(NamedTuple):
    """One way to read an address; what was not typed is empty."""

    number: str
    street: Street
    unit: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    mended: bool = False
    """Whether a word was taken for a common one that it only resembles."""


class _Ends(NamedTuple):
    """What can be told from the text before the street is known."""

    segments: list[list[str]]
    unit: str
    state: str
    zip_code: str


def read_address(text: str) -> tuple[Reading, ...]:
    """Return the ways to read an address as it was typed, the likeliest first; none where nothing can be read."""
    segments = _segments(text)
    return _read(segments) or (_read_by_library(text) if segments else ())


def read_misspelt(text: str) -> tuple[Reading, ...]:
    """Return the further ways to read an address if words that resemble "street", "north" and the like are meant so."""
    segments = _segments(text)
    mended = [[segment[0], *map(mended_word, segment[1:])] for segment in segments]
    return _read(mended) if mended != segments else ()


def _segments(text: str) -> list[list[str]]:
    return [found for part in _SEPARATORS.split(plain(text)) if (found := words(part)[:MOST_WORDS])]


def _read(segments: list[list[str]]) -> tuple[Reading, ...]:
    return tuple(dict.fromkeys(_readings(_take_ends(segments))))[:MOST_READINGS]


def _take_ends(segments: list[list[str]]) -> _Ends:
    """Take ZIP, state and unit out of the segments."""
    if len(segments) > 1 and {*segments[-1]} in _NATION:
        segments = segments[:-1]
    segments, zip_code = _take_zip(segments)
    segments, state = _take_state(segments, after_zip=bool(zip_code))
    segments, unit = _take_unit(segments)
    return _Ends([segment for segment in segments if segment], unit, state, zip_code)


def _take_zip(segments: list[list[str]]) -> tuple[list[list[str]], str]:
    for place in reversed(range(len(segments))):
        segment = segments[place]
        for index in reversed(range(len(segment))):
            match = _ZIP.match(segment[index])
            if match and _is_zip(segments, place, index):
                parts = [segment[:index], segment[index + 1 :]]
                return [*segments[:place], *parts, *segments[place + 1 :]], match[1]
    return segments, ""


def _is_zip(segments: list[list[str]], place: int, index: int) -> bool:
    """Tell a ZIP code from a house number of five digits."""
    segment = segments[place]
    others = [word for at, part in enumerate(segments) for i, word in enumerate(part) if (at, i) != (place, index)]
    previous = segment[index - 1] if index else ""
    if not any(_NUMBER.match(word) for word in others):
        return previous in STATES if previous else len(segment) == 1 and len(segments) > 1
    if index == 0 and len(segment) > 1:
        return any(_is_house_number(segment, at) for at in range(1, len(segment) - 1)) or (
            not any(word in SUFFIXES for word in segment)
            and any(len(part) > 1 and _NUMBER.match(part[0]) for part in segments if part is not segment)
        )
    return previous not in UNIT_WORDS


def _is_house_number(segment: list[str], index: int) -> bool:
    """Tell a house number in the middle of a line from the number of a unit or a road."""
    previous = segment[index - 1]
    return bool(_NUMBER.match(segment[index])) and previous not in UNIT_WORDS and previous not in SUFFIXES


def _take_state(segments: list[list[str]], *, after_zip: bool) -> tuple[list[list[str]], str]:
    """Take the state from the end of a segment; in "12 Oak Ct", the court is none."""
    for place in reversed(range(len(segments))):
        segment = segments[place]
        for length in range(min(LONGEST_STATE, len(segment)), 0, -1):
            state = STATES.get(" ".join(segment[-length:]), "")
            if state and _is_state(segments, place, length, after_zip=after_zip):
                return [*segments[:place], segment[:-length], *segments[place + 1 :]], state
    return segments, ""


def _is_state(segments: list[list[str]], place: int, length: int, *, after_zip: bool) -> bool:
    segment = segments[place]
    if length == len(segment):
        return len(segments) > 1
    if _NUMBER.match(segment[0]) and len(segment) - length < 3:
        return False
    word = segment[-1]
    if length == 1 and (word in SUFFIXES or word in DIRECTIONS):
        return after_zip or not _NUMBER.match(segment[0]) or any(part in SUFFIXES for part in segment[2:-2])
    return True


def _take_unit(segments: list[list[str]]) -> tuple[list[list[str]], str]:
    """Take out everything that a word marks as a unit."""
    taken: list[str] = []
    left: list[list[str]] = []
    for segment in segments:
        kept: list[str] = []
        index = 0
        while index < len(segment):
            length = _unit_at(segment, index, alone=len(segments) > 1)
            if length:
                taken += segment[index : index + length]
                index += length
            else:
                kept.append(segment[index])
                index += 1
        left.append(kept)
    return left, unit_of(taken) if taken else ""


def _unit_at(segment: list[str], index: int, *, alone: bool) -> int:
    """Return how many words from here on are a unit."""
    word = segment[index]
    following = segment[index + 1 : index + 3]
    if word == "#":
        return 1 + (2 if len(following) == 2 and _is_first_of_two(*following) else len(following[:1]))
    if word in UNIT_WORDS or word in BUILDING_WORDS:
        if following[:1] == ["#"]:
            return 1 + len(following)
        if following and _UNIT_NUMBER.match(following[0]) and following[0] not in DIRECTIONS:
            return 2
        return 2 if following and index and word in {"apt", "unit"} and _UNIT_NUMBER.match(following[0]) else 0
    if word in LONE_UNITS:
        return 1 if (alone and len(segment) == 1) or (index > 2 and segment[index - 1] in SUFFIXES) else 0
    return 0


def _is_first_of_two(word: str, following: str) -> bool:
    return word in UNIT_WORDS or (len(word) == 1 and word.isalpha() and following.isdigit())


def _readings(ends: _Ends) -> list[Reading]:
    place, number, rest = _find_street(ends.segments)
    if not rest:
        return []
    others = [segment for index, segment in enumerate(ends.segments) if index != place]
    units = [segment for segment in others if len(segment) == 1 and _UNIT_NUMBER.match(segment[0])]
    unit = ends.unit or (unit_of(units[0]) if units else "")
    cities = [name_key(segment) for segment in others if segment not in units]
    if cities:
        return [
            Reading(number, street_of(tuple(street)), unit or unit_of(trailing), cities[-1], ends.state, ends.zip_code)
            for street, trailing in _without_trailing_unit(rest, given=unit)
        ]
    return [
        Reading(number, street_of(tuple(street)), unit or unit_of(trailing), name_key(city), ends.state, ends.zip_code)
        for street, trailing, city in _splits(rest, given=unit)
    ]


def _find_street(segments: list[list[str]]) -> tuple[int, str, list[str]]:
    """Return which segment has the street, its house number, and the words after it."""
    for find in (_number_first, _number_alone, _number_last, _number_within):
        for place, segment in enumerate(segments):
            if found := find(segments, place, segment):
                return found
    return (0, "", segments[0]) if segments else (0, "", [])


_Found = tuple[int, str, list[str]] | None


def _number_first(_segments: list[list[str]], place: int, segment: list[str]) -> _Found:
    """123 Main Street."""
    is_first = len(segment) > 1 and _NUMBER.match(segment[0])
    return (place, *_number_and_rest(segment)) if is_first else None


def _number_alone(segments: list[list[str]], place: int, segment: list[str]) -> _Found:
    """123, Main Street."""
    is_alone = len(segment) == 1 and _NUMBER.match(segment[0]) and place + 1 < len(segments)
    return (place + 1, house_number(segment[0]), segments[place + 1]) if is_alone else None


def _number_last(_segments: list[list[str]], place: int, segment: list[str]) -> _Found:
    """Main Street 123."""
    is_last = len(segment) > 1 and _NUMBER.match(segment[-1]) and any(word in SUFFIXES for word in segment)
    return (place, house_number(segment[-1]), segment[:-1]) if is_last else None


def _number_within(segments: list[list[str]], place: int, segment: list[str]) -> _Found:
    """Rutland 123 Main Street; what stands before the number becomes a segment of its own."""
    for index in range(1, len(segment) - 1):
        if _is_house_number(segment, index):
            segments[place : place + 1] = [segment[index:], segment[:index]]
            return (place, *_number_and_rest(segment[index:]))
    return None


def _number_and_rest(segment: list[str]) -> tuple[str, list[str]]:
    if len(segment) > 2 and _FRACTION.match(segment[1]):
        return house_number(segment[0], segment[1]), segment[2:]
    return house_number(segment[0]), segment[1:]


def _without_trailing_unit(rest: list[str], *, given: str) -> list[tuple[list[str], list[str]]]:
    """Return the street whole, and with its last word taken as a unit that no word marks."""
    ways: list[tuple[list[str], list[str]]] = [(rest, [])]
    if not given and len(rest) > 2 and _UNIT_NUMBER.match(rest[-1]) and rest[-2] in _STREET_ENDS:
        marked = (rest[:-1], rest[-1:])
        ways = [(rest, []), marked] if rest[-1] in DIRECTIONS else [marked, (rest, [])]
    return ways


def _splits(rest: list[str], *, given: str) -> list[tuple[list[str], list[str], list[str]]]:
    """Return the ways to cut words without a comma into street, unit and town."""
    ends = [index + 1 for index in range(1, len(rest)) if rest[index] in SUFFIXES]
    found: list[tuple[list[str], list[str], list[str]]] = []
    for end in ends:
        if end < len(rest) and rest[end - 1] in ROUTE_WORDS and rest[end][-1].isdigit():
            found.append((rest[: end + 1], [], rest[end + 1 :]))
        if end < len(rest) and rest[end] in DIRECTIONS:
            found += _with_unit(rest, end + 1, given=given)
        found += _with_unit(rest, end, given=given)
    if not found or len(rest) <= LONGEST_STREET:
        found.append((rest, [], []))
    if len(rest) > 2 or not ends:
        longest = min(len(rest) - 1, LONGEST_STREET)
        found += [(rest[:end], [], rest[end:]) for end in range(longest, 0, -1)]
    return found


def _with_unit(rest: list[str], end: int, *, given: str) -> list[tuple[list[str], list[str], list[str]]]:
    if not given and end < len(rest) and _UNIT_NUMBER.match(rest[end]):
        return [(rest[:end], rest[end : end + 1], rest[end + 1 :])]
    return [(rest[:end], [], rest[end:])]


def _read_by_library(text: str) -> tuple[Reading, ...]:
    """Return how usaddress reads what our own rules cannot."""
    parts: dict[str, list[str]] = {}
    for word, label in usaddress.parse(text):
        parts.setdefault(label, []).extend(words(plain(word)))
    street = [word for label, found in parts.items() if label.startswith("StreetName") for word in found]
    if not street:
        return ()
    return (
        Reading(
            house_number(" ".join(parts.get("AddressNumber", []))) if "AddressNumber" in parts else "",
            street_of(tuple(street)),
            unit_of(parts.get("OccupancyIdentifier", [])),
            name_key(parts.get("PlaceName", [])),
            STATES.get(" ".join(parts.get("StateName", [])), ""),
            "".join(parts.get("ZipCode", []))[:5],
        ),
    )
