"""
Labelled variants: ways to type an address that people use, each with the address that is meant.

The generator is seeded; `HAND_CHECKED` are samples that were read one by one.
"""

import random
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

SHORT = {
    "Street": ("St", "St.", "Str"), "Avenue": ("Ave", "Ave.", "Av"), "Road": ("Rd", "Rd."), "Drive": ("Dr", "Dr."),
    "Lane": ("Ln",), "Court": ("Ct",), "Circle": ("Cir",), "Boulevard": ("Blvd", "Blvd."), "Place": ("Pl",),
    "Parkway": ("Pkwy",), "Terrace": ("Ter",), "Trail": ("Trl",), "Highway": ("Hwy",), "Square": ("Sq",),
    "Crossing": ("Xing",), "North": ("N", "N."), "South": ("S", "S."), "East": ("E", "E."), "West": ("W", "W."),
    "Northwest": ("NW", "N.W."), "Northeast": ("NE",), "Southwest": ("SW",), "Southeast": ("SE", "S.E."),
    "Saint": ("St",), "Mount": ("Mt", "Mt."), "Fort": ("Ft",), "Lake": ("Lk",), "Point": ("Pt",), "Hills": ("Hls",),
}  # fmt: skip
ORDINALS = {
    "1st": "First", "2nd": "Second", "3rd": "Third", "4th": "Fourth", "5th": "Fifth", "6th": "Sixth", "7th": "Seventh",
    "8th": "Eighth", "9th": "Ninth", "10th": "Tenth", "11th": "Eleventh", "12th": "Twelfth", "20th": "Twentieth",
}  # fmt: skip
NEIGHBOURS = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip

Address = dict[str, Any]


class Variant(NamedTuple):
    """A text, how it was made, and the number of the address that it means."""

    kind: str
    text: str
    source_id: str


def variants(addresses: list[Address], *, seed: int = 4711) -> Iterator[Variant]:
    """Yield one variant of every kind of each address that has a house number."""
    chance = random.Random(seed)
    for address in addresses:
        if not address["street"][:1].isdigit():
            continue
        for kind, make in KINDS.items():
            text = make(address, chance)
            if text:
                yield Variant(kind, text, address["source_id"])


def _unit(address: Address, chance: random.Random) -> str:
    bare = re.sub(r"^[#\s]*(?:(?:apt|unit|ste|apartment)\b\.?\s*)?", "", address["unit"], flags=re.IGNORECASE).strip(
        " ?"
    )
    bare = bare.lstrip("0") or bare
    if not bare or not re.fullmatch(r"[A-Z]?-?\d+-?[A-Z]?", bare):
        return address["unit"]
    return chance.choice(("Apt {}", "apt. {}", "#{}", "# {}", "Unit {}", "unit {}")).format(bare)


def _join(street: str, unit: str, *places: str) -> str:
    return ", ".join(filter(None, (f"{street} {unit}".strip(), *places)))


def _place(address: Address) -> str:
    return f"{address['state']} {address['zip']}"


def as_it_is(address: Address, chance: random.Random) -> str:
    return _join(address["street"], address["unit"], address["city"], _place(address))


def abbreviated(address: Address, chance: random.Random) -> str:
    street = " ".join(chance.choice(SHORT[word]) if word in SHORT else word for word in address["street"].split())
    text = _join(street, _unit(address, chance), address["city"], _place(address))
    return chance.choice((text, text.upper(), text.lower(), text.replace(",", "")))


def ordinal(address: Address, chance: random.Random) -> str:
    street = " ".join(ORDINALS.get(word, word) for word in address["street"].split())
    return (
        _join(street, _unit(address, chance), address["city"], _place(address)) if street != address["street"] else ""
    )


def misspelt(address: Address, chance: random.Random) -> str:
    """Return the whole address with one or two letters of the street's name wrong."""
    street = misspelt_street(address, chance)
    return _join(street, _unit(address, chance), address["city"], _place(address)) if street else ""


def misspelt_with_zip(address: Address, chance: random.Random) -> str:
    street = misspelt_street(address, chance)
    return _join(street, _unit(address, chance), address["zip"]) if street else ""


def misspelt_with_town(address: Address, chance: random.Random) -> str:
    street = misspelt_street(address, chance)
    town = chance.choice(
        (address["city"], f"{address['city']} {address['state']}", f"{address['city']}, {address['state']}")
    )
    return _join(street, _unit(address, chance), town) if street else ""


def misspelt_town(address: Address, chance: random.Random) -> str:
    town = _mistype(address["city"], chance)
    return _join(address["street"], _unit(address, chance), town, address["state"]) if town else ""


def misspelt_blind(address: Address, chance: random.Random) -> str:
    """Return street and number alone, misspelt."""
    street = misspelt_street(address, chance)
    return _join(street, _unit(address, chance)) if street else ""


def reordered(address: Address, chance: random.Random) -> str:
    unit, street = _unit(address, chance), address["street"]
    place = f"{address['city']} {address['state']} {address['zip']}"
    ways = [
        _join(place, "", f"{street} {unit}".strip()),
        f"{address['zip']}, {address['city']}, {street} {unit}".strip(),
    ]
    if unit:
        ways.append(f"{unit}, {street}, {place}")
    return chance.choice(ways)


def without_zip(address: Address, chance: random.Random) -> str:
    text = _join(address["street"], _unit(address, chance), address["city"], address["state"])
    return chance.choice((text, text.replace(",", "")))


def without_unit(address: Address, chance: random.Random) -> str:
    return _join(address["street"], "", address["city"], _place(address)) if address["unit"] else ""


def misspelt_street(address: Address, chance: random.Random) -> str:
    """Return a street line with its name mistyped: one letter, in long names sometimes two; digits stay."""
    words = address["street"].split()
    names = [at for at, word in enumerate(words) if at and word.isalpha() and len(word) > 3 and word not in SHORT]
    if not names:
        return ""
    at = chance.choice(names)
    words[at] = _mistype(words[at], chance)
    if len(words[at]) > 8 and chance.random() < 0.3:
        words[at] = _mistype(words[at], chance)
    street = " ".join(words)
    return street if street != address["street"] else ""


def _mistype(word: str, chance: random.Random) -> str:
    places = [at for at in range(1, len(word) - 1) if word[at].isalpha() and word[at + 1].isalpha()]
    if not places:
        return ""
    at = chance.choice(places)
    letter = word[at].lower()
    way = chance.randrange(4)
    if way == 0:
        return word[:at] + word[at + 1 :]
    if way == 1:
        return word[:at] + word[at] + word[at:]
    if way == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + chance.choice(NEIGHBOURS.get(letter, "e")) + word[at + 1 :]


KINDS: dict[str, Callable[[Address, random.Random], str]] = {
    make.__name__: make
    for make in (
        as_it_is, abbreviated, ordinal, misspelt, misspelt_with_zip, misspelt_with_town, misspelt_town, misspelt_blind,
        reordered, without_zip, without_unit,
    )
}  # fmt: skip

HAND_CHECKED = [
    ("4319 w claremont st glendale az", "4319 West Claremont Street, Glendale, AZ 85301"),
    ("4319 West Clarmont Street", "4319 West Claremont Street, Glendale, AZ 85301"),
    ("4319 W. CLAREMNT STR, 85301", "4319 West Claremont Street, Glendale, AZ 85301"),
    ("108 Eest 11th Ave Apt 2, Anchorage", "108 East 11th Avenue APT 2, Anchorage, AK 99501"),
    ("#2, 108 E Eleventh Avenue, Anchorage, Alaska", "108 East 11th Avenue APT 2, Anchorage, AK 99501"),
    ("10 skyline wy hartford vermont", "10 Skyline Way, Hartford, VT 05001"),
    ("1010 M St NW, Washington DC", "1010 M Street Northwest, Washington, DC 20001"),
    ("2812 S Saint Remy Cir 47401", "2812 South St Remy Circle, Bloomington, IN 47401"),
    ("421 1/2 6th st se, washington", "421 1/2 6th Street Southeast, Washington, DC 20003"),
    ("130 old rt 103 chester", "130 Old Route 103, Chester, VT 05143"),
    ("5170 Hickry Hollow Pkwy Unit 935, Nashville", "5170 Hickory Hollow Parkway #935, Nashville, TN 37013"),
    ("1226 n forty-niner ave kuna", "1226 North Forty Niner Avenue, Kuna, ID 83634"),
    ("21361 WJ Wicker Rd", "21361 W.J. Wicker Road, Zachary, LA 70791"),
    ("109 Peters Quay", "109 Peter's Quay, Savannah, GA 31410"),
    ("5150 W Eugie Ave 2021 Glendale AZ", "5150 West Eugie Avenue #2021, Glendale, AZ 85304"),
]
"""Texts that were read one by one, and the address that a person finds in each."""
