"""How what is sold is described, in two languages."""

from decimal import Decimal
from typing import Any, NamedTuple

from foundation.divisions.fields import Texts


class Described(NamedTuple):
    """A product or package in two languages: name, then one sentence."""

    english: str
    spanish: str
    english_sentence: str = ""
    spanish_sentence: str = ""

    def texts(self) -> dict[str, Any]:
        """Return the texts as the services take them."""
        descriptions = {"en": self.english_sentence, "es": self.spanish_sentence}
        return {
            "names": Texts(en=self.english, es=self.spanish),
            "descriptions": Texts({code: text for code, text in descriptions.items() if text}),
        }


def money(amount: str) -> Decimal:
    """Read an amount."""
    return Decimal(amount)
