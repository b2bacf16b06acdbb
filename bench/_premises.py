"""A million premises for the benchmarks: the real addresses, and streets and houses made up around them."""

import csv
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

ROWS = 1_000_000
HEADER = (
    "source_id",
    "street",
    "unit",
    "city",
    "state",
    "zip",
    "families",
    "status",
    "technology",
    "down_mbps",
    "up_mbps",
)
FIRST_WORDS = [
    "Alder", "Amber", "Antler", "Apple", "Arbor", "Ash", "Aspen", "Autumn", "Badger", "Bay", "Bear", "Beaver",
    "Beech", "Birch", "Blue", "Bluff", "Bridge", "Briar", "Brook", "Buck", "Canyon", "Cardinal", "Cedar", "Cherry",
    "Chestnut", "Church", "Clear", "Clover", "Copper", "Coral", "Cotton", "Coyote", "Cross", "Crystal", "Cypress",
    "Deer", "Diamond", "Dog", "Eagle", "Echo", "Elk", "Elm", "Ember", "Fair", "Falcon", "Fern", "Field", "Fox",
    "Glen", "Golden", "Granite", "Grand", "Green", "Grey", "Hawk", "Hazel", "Heather", "Heron", "Hickory", "High",
    "Hill", "Holly", "Honey", "Iron", "Ivy", "Jade", "Juniper", "Lake", "Laurel", "Lemon", "Liberty", "Lilac",
    "Linden", "Locust", "Magnolia", "Maple", "Meadow", "Mill", "Mission", "Moss", "Oak", "Olive", "Orchard",
    "Otter", "Palm", "Park", "Peach", "Pear", "Pebble", "Pecan", "Pine", "Plum", "Pond", "Poplar", "Quail", "Rain",
    "Raven", "Red", "River", "Robin", "Rock", "Rose", "Royal", "Sage", "Sand", "Shady", "Silver", "Sky", "Spring",
    "Spruce", "Stone", "Summer", "Sun", "Sycamore", "Timber", "Valley", "Vine", "Violet", "Walnut", "Water",
    "White", "Wild", "Willow", "Wind", "Winter", "Wolf", "Wood",
]  # fmt: skip
SECOND_WORDS = [
    "bend", "bluff", "branch", "bridge", "brook", "burn", "bury", "canyon", "chase", "cliff", "creek", "crest",
    "croft", "dale", "den", "edge", "fall", "field", "ford", "forest", "gate", "glen", "grove", "haven", "hill",
    "hollow", "hurst", "knoll", "lake", "land", "leaf", "ledge", "ley", "meadow", "mill", "mont", "moor", "mount",
    "nest", "park", "pass", "path", "pine", "point", "pond", "ridge", "rise", "river", "rock", "run", "shade",
    "shire", "shore", "side", "spring", "stead", "stone", "stream", "ton", "trail", "vale", "valley", "view",
    "ville", "wald", "ward", "water", "way", "well", "wick", "wind", "wood", "worth",
]  # fmt: skip
SUFFIXES = (
    "Street",
    "Drive",
    "Avenue",
    "Road",
    "Lane",
    "Court",
    "Circle",
    "Way",
    "Place",
    "Boulevard",
    "Trail",
    "Terrace",
)
SUFFIX_WEIGHTS = (21, 17, 16, 12, 6, 5, 3, 3, 3, 2, 1, 1)
STREETS_IN_A_TOWN = 90
OFFERS = (
    ("internet", "", "hfc", 1200, 50), ("internet", "", "dsl", 50, 10), ("internet video voice", "", "fibre", 2000, 2000),
    ("internet", "unserviceable", "", "", ""),
)  # fmt: skip

Row = tuple[object, ...]


def premises_rows(count: int = ROWS, *, seed: int = 7) -> Iterator[Row]:
    """Yield that many different addresses: all real ones first, then made-up houses in the same towns."""
    from config.demonstration.addresses import real_addresses

    chance = random.Random(seed)
    real = real_addresses()
    yield from itertools.islice(
        (
            (
                one["source_id"],
                one["street"],
                one["unit"],
                one["city"],
                one["state"],
                one["zip"],
                *chance.choice(OFFERS),
            )
            for one in real
        ),
        count,
    )
    taken = {(one["street"], one["zip"]) for one in real}
    numbers = itertools.count(1)
    streets = list(_streets(real, chance))
    houses = -(-(count - len(real)) // len(streets))
    made = (
        (f"F{next(numbers):07}", line, "", *place, *chance.choice(OFFERS))
        for name, place in streets
        for line in _houses(name, houses + 2, chance)
        if (line, place[2]) not in taken
    )
    yield from itertools.islice(made, max(0, count - len(real)))


def _streets(real: list[dict[str, str]], chance: random.Random) -> Iterator[tuple[str, tuple[str, str, str]]]:
    names = [one["street"].partition(" ")[2] for one in real if one["street"][:1].isdigit()]
    names = [name for name in names if name[:1].isalpha()]
    for place in sorted({(one["city"], one["state"], one["zip"]) for one in real}):
        mine = {chance.choice(names) if chance.random() < 0.3 else _made_up(chance) for _ in range(STREETS_IN_A_TOWN)}
        yield from ((name, place) for name in sorted(mine))


def _made_up(chance: random.Random) -> str:
    name = chance.choice(FIRST_WORDS) + chance.choice((" ", "")) + chance.choice(SECOND_WORDS)
    direction = chance.choice(("North ", "South ", "East ", "West ")) if chance.random() < 0.15 else ""
    return f"{direction}{name.title()} {chance.choices(SUFFIXES, SUFFIX_WEIGHTS)[0]}"


def _houses(street: str, count: int, chance: random.Random) -> Iterator[str]:
    for number in sorted(chance.sample(range(1, max(9000, count * 4)), count)):
        yield f"{number} {street}"


def write_premises(path: Path, rows: Iterator[Row]) -> None:
    """Write rows as a file to import."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
