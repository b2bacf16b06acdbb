"""The parts of an address, each read into the one form under which it is stored and looked for."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from territory.addresses.vocabulary import (
    BUILDING_WORDS,
    DIRECTIONS,
    LONE_ROUTE_OWNERS,
    LONE_UNITS,
    NAME_WORDS,
    ORDINAL_WORDS,
    ROUTE_OWNERS,
    ROUTE_WORDS,
    STATES,
    SUFFIXES,
    TENS,
    UNIT_WORDS,
)

HOUSE_NUMBER = re.compile(
    r"(?P<number>\d+(?:\.\d+)?[a-z]?(?:\s?-\s?\d+[a-z]?)?|[nsew]\d+[nsew]\d+)(?:\s(?P<fraction>[1-9]/[1-9]))?(?=\s|$)"
)
ZIP_CODE = re.compile(r"(\d{5})(?:-?\d{4})?$")
_WORD = re.compile(r"#|&|[^\W_]+(?:[-/.][^\W_]+)*")
_ORDINAL = re.compile(r"(\d+)[stndrh]{0,2}$")
_ROUTE_NUMBER = re.compile(r"(?=.*\d)(?:\d+[a-z]?|[a-z]\d+[a-z]?)$")
_DOT_OUTSIDE_NUMBER = re.compile(r"(?<!\d)\.|\.(?!\d)")
_PIECE = re.compile(r"\d+|[^\W\d_]+")


class Street(NamedTuple):
    """A street's name in its standard form, apart from what people leave out or abbreviate."""

    before: str
    name: str
    suffix: str
    after: str


def plain(text: str) -> str:
    """Return a text in lower case without accents, apostrophes and the dots of abbreviations."""
    text = text.lower()
    if not text.isascii():
        text = text.replace("½", " 1/2").replace("–", "-").replace("’", "'")
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).lower()
    if "'" in text:
        text = text.replace("'", "")
    if "." in text:
        text = _DOT_OUTSIDE_NUMBER.sub("", text)
    return text


def words(text: str) -> list[str]:
    """Return the words of a plain text; `#` and `&` are words of their own."""
    return _WORD.findall(text)


@lru_cache(maxsize=100_000)
def read_street(text: str) -> Street:
    """Return the parts of a street's name, which stands without house number and unit."""
    return street_of(tuple(words(plain(text))))


@lru_cache(maxsize=100_000)
def street_of(tokens: tuple[str, ...]) -> Street:
    """Return the parts of a street's name that is cut into words."""
    rest = [part for token in tokens for part in _unhyphenated(token)]
    after = ""
    if len(rest) > 1 and rest[-1] in DIRECTIONS and (len(rest) > 2 or rest[0] not in SUFFIXES):
        after = DIRECTIONS[rest.pop()]
    before = ""
    if len(rest) > 1 and rest[0] in DIRECTIONS and not (len(rest) == 2 and rest[1] in SUFFIXES):
        before = DIRECTIONS[rest.pop(0)]
    if route := _numbered_road(rest):
        return Street(before, route[0], route[1], after)
    suffix = ""
    if len(rest) > 1 and rest[-1] in SUFFIXES:
        suffix = SUFFIXES[rest.pop()]
    return Street(before, name_key(rest), suffix, after)


def _unhyphenated(token: str) -> list[str]:
    return token.split("-") if "-" in token and not token[0].isdigit() else [token]


def _numbered_road(tokens: list[str]) -> tuple[str, str] | None:
    """Return the name and the kind of a road that has a number for a name: US Highway 98, Old Route 103, CR 97."""
    for place in range(1, len(tokens)):
        if not _ROUTE_NUMBER.match(tokens[place]):
            continue
        word = tokens[place - 1]
        owner = tokens[place - 2] if place > 1 else ""
        if word in ROUTE_WORDS:
            owned = ROUTE_OWNERS.get(owner) or ("sr" if owner in STATES else "")
            start = place - 2 if owned else place - 1
            kind = owned or ROUTE_WORDS[word]
        elif word in LONE_ROUTE_OWNERS or word in STATES:
            start, kind = place - 1, ROUTE_OWNERS.get(word, "sr")
        else:
            continue
        return name_key([*tokens[:start], "rt", *tokens[place:]]), kind
    return None


def name_key(tokens: list[str]) -> str:
    """Return a street's or town's bare name in one spelling, without blanks: ordinals as digits, abbreviations written out."""
    if len(tokens) == 1 and tokens[0] in DIRECTIONS:
        return tokens[0]
    spelt: list[str] = []
    tens = 0
    for token in tokens:
        if token in TENS and token is not tokens[-1]:
            tens = TENS[token]
            spelt.append(token)
        elif token in ORDINAL_WORDS:
            if tens and ORDINAL_WORDS[token] < 10:
                spelt[-1] = _ordinal(tens + ORDINAL_WORDS[token])
            else:
                spelt.append(_ordinal(ORDINAL_WORDS[token]))
            tens = 0
        else:
            tens = 0
            spelt.append(NAME_WORDS.get(token, token))
    if spelt and (number := _ORDINAL.match(spelt[0])) and (len(spelt) == 1 or spelt[0] != number[1]):
        spelt[0] = _ordinal(int(number[1]))
    return "".join(spelt)


def _ordinal(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def read_street_line(line: str) -> tuple[str, Street, str]:
    """
    Return house number, street and the street's name as written, of a line such as "421 1/2 6th Street SE".

    Either may be empty: some addresses have no number.
    """
    line = " ".join(line.split())
    written = plain(line)
    match = HOUSE_NUMBER.match(written)
    if not match or match.end() == len(written):
        return "", read_street(line), line
    number = house_number(match["number"], match["fraction"] or "")
    text = line.split(" ", 2 if match["fraction"] and " " in line[: match.end()] else 1)[-1]
    return number, read_street(text), text


def house_number(number: str, fraction: str = "") -> str:
    """Return a house number in one form: without leading zeros and blanks, a half as 1/2."""
    number = number.replace(" ", "").lstrip("0") or "0"
    if number.endswith(".5"):
        number, fraction = number[:-2], "1/2"
    return f"{number} {fraction}" if fraction else number


@lru_cache(maxsize=100_000)
def read_unit(text: str) -> str:
    """Return a unit in one form, so that "Apt 4", "#4", "Unit 4" and "4" are the same, and C-105 is C105."""
    return unit_of(words(plain(text)))


def unit_of(tokens: list[str]) -> str:
    """Return a unit that is cut into words in one form; a building's number goes before the apartment's."""
    buildings: list[str] = []
    units: list[str] = []
    pieces = units
    for token in tokens:
        if token in BUILDING_WORDS:
            pieces = buildings
        elif token in UNIT_WORDS:
            pieces = units
        elif token in LONE_UNITS:
            units.append(LONE_UNITS[token])
        else:
            pieces.extend(piece.lstrip("0") or "0" for piece in _PIECE.findall(token))
            pieces = units
    return _joined(buildings + units) or ("".join(tokens[:1]) if tokens and tokens != ["#"] else "")


def _joined(pieces: list[str]) -> str:
    joined = ""
    for piece in pieces:
        joined += f"-{piece}" if joined and joined[-1].isdigit() and piece[0].isdigit() else piece
    return joined


@lru_cache(maxsize=20_000)
def read_city(text: str) -> str:
    """Return a town's name in one spelling."""
    return name_key([part for token in words(plain(text)) for part in token.split("-")])


def read_state(text: str) -> str:
    """Return a state's two letters in lower case, or nothing where it is none."""
    return STATES.get(" ".join(words(plain(text))), "")


def read_zip(text: str) -> str:
    """Return the five digits of a ZIP or ZIP+4 code, or nothing where it is none; lost leading zeros are put back."""
    digits = text.strip()
    if digits.isdigit() and 3 <= len(digits) < 5:
        digits = digits.zfill(5)
    match = ZIP_CODE.match(digits)
    return match[1] if match else ""
