"""The made-up people who live in the simulated months."""

import random
from collections.abc import Mapping
from typing import TypeVar

Drawn = TypeVar("Drawn", bound=str)

FIRST_NAMES = (
    "Riley", "Noor", "Casey", "Morgan", "Jules", "Devon", "Amara", "Bao", "Camila", "Dmitri", "Elif", "Farid", "Greta",
    "Hana", "Ivo", "Jonas", "Kavya", "Lena", "Mateo", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tala", "Uma",
    "Viktor", "Wren", "Ximena", "Yusuf", "Zofia", "Adebayo", "Birgit", "Chidi", "Dalia", "Emeka", "Fumiko", "Gideon",
    "Ingrid", "Aisha", "Bruno", "Carmen", "Darius", "Esme", "Finn", "Gloria", "Henrik", "Isla", "Joaquin", "Keiko",
    "Lorenzo", "Mira", "Nils", "Odette", "Pavel", "Ramona", "Soren", "Thea", "Umberto", "Vera", "Willem", "Yara",
    "Zeno", "Anouk", "Basil", "Cleo", "Desta", "Eamon", "Freya", "Goran", "Hugo", "Imani", "Jana", "Kofi", "Leila",
    "Marek", "Nia", "Oleg", "Petra",
)  # fmt: skip
SURNAMES = (
    "Reyes", "Castellanos", "Okafor", "Lindqvist", "Achterberg", "Nakamura", "Oyelaran", "Petrov", "Quiroga", "Rahimi",
    "Sorensen", "Tamm", "Ueda", "Vasquez", "Whitfield", "Xu", "Yilmaz", "Zeller", "Abara", "Bianchi", "Costa", "Duarte",
    "Eriksen", "Fontaine", "Gruber", "Haddad", "Ibrahim", "Jansen", "Kowalski", "Larsen", "Mbeki", "Novak", "Oduya",
    "Palmer", "Rossi", "Silva", "Tran", "Usman", "Varga", "Weiss",
)  # fmt: skip
AREA_CODES = (
    "312", "415", "503", "617", "702", "205", "404", "303", "512", "602", "619", "704", "802", "901",
)  # fmt: skip
"""With 555-0100 to 555-0199 they make numbers that belong to nobody, nor to anybody of the demonstration (202)."""


class People:
    """Draws people of whom no two are the same."""

    def __init__(self, chance: random.Random, *, after: int) -> None:
        """Go on after so many people."""
        self._chance, self._count = chance, after
        self._first_names: list[str] = []

    def next(self) -> tuple[str, str, str]:
        """Return a name, an e-mail address and a phone number."""
        number = self._count
        self._count += 1
        if not self._first_names:  # each once, before any comes again
            self._first_names = self._chance.sample(FIRST_NAMES, len(FIRST_NAMES))
        name = f"{self._first_names.pop()} {self._chance.choice(SURNAMES)}"
        email = f"{name.lower().replace(' ', '.')}.{number}@people.example"
        area, line = AREA_CODES[number // 100 % len(AREA_CODES)], number % 100
        return name, email, f"{area}-555-{100 + line:04}"


def draw(chance: random.Random, weights: Mapping[Drawn, int]) -> Drawn:
    """Draw one of several, each as often as its weight says."""
    return chance.choices(list(weights), list(weights.values()))[0]
