"""
How alike two spellings are.

Misspelt names are found by what is left of them when letters are dropped (symmetric deletion): a name and its
misspelling have such a remainder in common, which an ordinary index finds. Whatever is found so is then measured.
"""

from functools import lru_cache
from itertools import combinations

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from territory.addresses.vocabulary import DIRECTIONS, ORDINAL_WORDS, STATES, SUFFIXES

PREFIX = 7
"""Letters of a name that take part in the remainders; the rest of a longer name is measured afterwards."""

_COMMON_WORDS = sorted(
    word
    for word in {*SUFFIXES, *DIRECTIONS, *ORDINAL_WORDS, *STATES, "apartment", "suite"}
    if len(word) > 3 and " " not in word
)


def most_errors(name: str) -> int:
    """Return how many letters may be wrong in a name of this length."""
    if len(name) < 3 or name[:1].isdigit():
        return 0
    return 1 if len(name) < 6 else 2


def distance(one: str, other: str) -> int:
    """Return how many letters must be changed, dropped, added or swapped with their neighbour."""
    return OSA.distance(one, other)


def remainders(name: str, errors: int | None = None) -> set[str]:
    """Return a name's beginning, less up to so many letters: by default as many as may be wrong in it."""
    errors = most_errors(name) if errors is None else min(errors, most_errors(name))
    start = name[:PREFIX]
    found = {start}
    for count in range(1, errors + 1):
        found.update("".join(kept) for kept in combinations(start, len(start) - count))
    return found


@lru_cache(maxsize=50_000)
def mended_word(word: str) -> str:
    """Return the common word of addresses that a misspelt word resembles, else the word itself."""
    if len(word) < 4 or word in _COMMON_WORDS or not word.isalpha():
        return word
    errors = 1 if len(word) < 7 else 2
    best = extractOne(word, _COMMON_WORDS, scorer=OSA.distance, score_cutoff=errors)
    return best[0] if best else word
