"""
The words of American addresses and their abbreviations.

Street suffixes and states are those of USPS Publication 28 (appendices B and C), as usaddress-scourgify lists them.
"""

from scourgify.address_constants import STATE_ABBREVIATIONS, STREET_TYPE_ABBREVIATIONS

DIRECTIONS = {
    "n": "n", "no": "n", "north": "n", "s": "s", "so": "s", "south": "s", "e": "e", "east": "e", "w": "w", "west": "w",
    "ne": "ne", "northeast": "ne", "nw": "nw", "northwest": "nw",
    "se": "se", "southeast": "se", "sw": "sw", "southwest": "sw",
}  # fmt: skip
DIRECTION_WORDS = {
    "n": "north", "s": "south", "e": "east", "w": "west",
    "ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest",
}  # fmt: skip

SUFFIXES = {word.lower(): short.lower() for word, short in STREET_TYPE_ABBREVIATIONS.items() if " " not in word} | {
    "cmns": "cmn", "commons": "cmn", "av": "ave", "bl": "blvd", "bv": "blvd", "blv": "blvd", "cr": "cir", "crt": "ct",
    "drv": "dr", "hiway": "hwy", "ext": "ext", "lp": "loop", "prkwy": "pkwy", "pky": "pkwy", "pk": "park", "te": "ter",
    "tr": "trl", "wy": "way", "xing": "xing",
}  # fmt: skip
"""Every spelling of a street suffix in use, and the standard abbreviation that it stands for."""

STATES: dict[str, str] = {name.lower(): short.lower() for name, short in STATE_ABBREVIATIONS.items()}
STATES |= {short: short for short in set(STATES.values())} | {"pr": "pr", "vi": "vi", "gu": "gu"}
LONGEST_STATE = 3
"""Words in the longest name of a state."""

NAME_WORDS = DIRECTION_WORDS | {
    "&": "and", "av": "avenue", "ave": "avenue", "blvd": "boulevard", "brg": "bridge", "brk": "brook", "cir": "circle",
    "co": "county", "crk": "creek", "ct": "court", "ctr": "center", "cty": "county", "dr": "doctor", "frst": "forest",
    "ft": "fort", "gdn": "garden", "gdns": "gardens", "grv": "grove", "hl": "hill", "hls": "hills", "hts": "heights",
    "hwy": "highway", "is": "island", "jct": "junction", "lk": "lake", "lks": "lakes", "ln": "lane", "mdw": "meadow",
    "mdws": "meadows", "ml": "mill", "mt": "mount", "mtn": "mountain", "natl": "national", "pk": "park",
    "pkwy": "parkway", "pl": "place", "plz": "plaza", "pt": "point", "rd": "road", "rdg": "ridge", "riv": "river",
    "spg": "spring", "spgs": "springs", "sq": "square", "st": "saint", "ste": "sainte", "ter": "terrace",
    "trl": "trail", "twp": "township", "univ": "university", "vlg": "village", "vly": "valley",
}  # fmt: skip
"""Abbreviations inside the name of a street or town, where "st" is a saint."""

ORDINAL_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zeroth",
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ]
    )
    if number
} | {
    "thirtieth": 30,
    "fortieth": 40,
    "fiftieth": 50,
    "sixtieth": 60,
    "seventieth": 70,
    "eightieth": 80,
    "ninetieth": 90,
}
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip

UNIT_WORDS = frozenset(
    {
        "#",
        "apt",
        "apartment",
        "apmt",
        "unit",
        "ste",
        "suite",
        "rm",
        "room",
        "spc",
        "space",
        "lot",
        "trlr",
        "trailer",
        "no",
        "num",
    }
)
"""Words that say only that a unit follows."""
BUILDING_WORDS = frozenset({"bldg", "building", "fl", "floor", "flr"})
"""Words whose number comes before the unit's: building 2 apartment 4 is 2-4."""
LONE_UNITS = {
    "basement": "bsmt", "bsmt": "bsmt", "front": "frnt", "frnt": "frnt", "rear": "rear", "upper": "uppr", "uppr": "uppr",
    "lower": "lowr", "lowr": "lowr", "penthouse": "ph", "ph": "ph", "office": "ofc", "ofc": "ofc", "lobby": "lbby", "lbby": "lbby",
}  # fmt: skip
"""Units that need no number."""

ROUTE_WORDS = {
    "highway": "hwy", "hwy": "hwy", "hiway": "hwy", "route": "rt", "rte": "rt", "rt": "rt", "road": "rd", "rd": "rd",
}  # fmt: skip
"""Words before the number of a road that has a number for a name."""
ROUTE_OWNERS = {
    "us": "us", "state": "sr", "st": "sr", "sr": "sr", "sh": "sr", "county": "cr", "cty": "cr", "co": "cr", "cr": "cr",
    "interstate": "i",
}  # fmt: skip
"""Whose numbered road it is; some of the words stand alone (SR 45, CR 97, US 80)."""
LONE_ROUTE_OWNERS = frozenset({"us", "sr", "sh", "cr", "interstate"})
