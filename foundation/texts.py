"""What a text says to whoever reads it, whatever else stands in it."""

import unicodedata

FILLERS = frozenset("\u115f\u1160")
"""Letters by their kind that nobody sees: what is put where a Korean syllable lacks a part."""


def usual(text: str) -> str:
    """Return a text with each sign in its usual shape, and without those that nobody sees."""
    shaped = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in shaped if unicodedata.category(sign) != "Cf").strip()


def words_alone(text: str) -> str:
    """
    Return the letters and figures of a text, to be compared alone.

    Capitals, accents, spaces, punctuation and what nobody sees make no difference.
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if unicodedata.category(sign)[0] in {"L", "N"} and sign not in FILLERS)
