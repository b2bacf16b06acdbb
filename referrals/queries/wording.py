"""What may stand in a letter that goes out in our name though somebody else typed it."""

import re
import unicodedata

from foundation.texts import usual

BETWEEN = frozenset(" -'’.,&()")
"""What may stand between the letters of a name."""
LINK = re.compile(r"://|www\.|@|\w[.。][^\W\d_]{2,}", re.IGNORECASE)
"""What a mail program makes a link of, or a reader takes for an address."""


def is_name(text: str) -> bool:
    """Tell whether a text can be a person's name: letters and what stands between them, no figures, no address."""
    plain = usual(text)
    return plain[:1].isalpha() and all(map(_is_of_a_name, plain)) and not has_link(plain)


def _is_of_a_name(sign: str) -> bool:
    return sign in BETWEEN or unicodedata.category(sign)[0] in {"L", "M"}


def has_link(text: str) -> bool:
    """Tell whether a text holds the address of a page or a mailbox, or what a mail program makes one of."""
    return bool(LINK.search(usual(text)))
