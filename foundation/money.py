"""
Amounts of money: plain decimals beside a currency code, rounded here and nowhere else.

The mode is half up, a tie going away from zero (0.005 → 0.01, -0.005 → -0.01), to the smallest
unit of the currency. It is the mode of the tax tables and of the billing systems we post to, so a
quoted amount and a billed amount meet to the cent. See docs/money.md.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision
from django.db import models

ROUNDING = ROUND_HALF_UP
PLACES = 2
ZERO = Decimal("0.00")

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Given = TypeVar("Given")
Kept = TypeVar("Kept")


@lru_cache
def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount of the currency: 0.01 of a dollar, 1 of a yen."""
    return Decimal(1).scaleb(-min(get_currency_precision(currency), PLACES))


def round_money(amount: Decimal, currency: str = "USD") -> Decimal:
    """
    Round to the smallest unit of the currency, half up.

    :raises TypeError: for a float, whose cents are already wrong
    """
    if not isinstance(amount, Decimal):
        message = f"money is Decimal, not {type(amount).__name__}"
        raise TypeError(message)
    return amount.quantize(smallest_unit(currency), rounding=ROUNDING)


def percent_of(percent: Decimal, amount: Decimal, currency: str = "USD") -> Decimal:
    """Return so many hundredths of the amount, rounded once."""
    return round_money(amount * percent / 100, currency)


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str = "USD") -> tuple[Decimal, ...]:
    """
    Divide an amount in proportion to the weights, so that the shares add up to it exactly.

    Every share is rounded down, and the units left over go one each to the shares that lost most,
    the earlier first.

    :raises ValueError: if a weight or the amount is negative, or all weights are zero
    """
    total = sum(weights, Decimal(0))
    if amount < 0 or any(weight < 0 for weight in weights) or total == 0:
        message = "an amount is spread over weights that are not negative, one of them positive"
        raise ValueError(message)
    unit = smallest_unit(currency)
    exact = [amount * weight / total for weight in weights]
    shares = [share.quantize(unit, rounding=ROUND_FLOOR) for share in exact]
    left_over = int((round_money(amount, currency) - sum(shares)) / unit)
    losers = sorted(range(len(shares)), key=lambda i: (shares[i] - exact[i], i))
    for index in losers[:left_over]:
        shares[index] += unit
    return tuple(shares)


@lru_cache(maxsize=4096)  # a page of packages writes the same few amounts again and again
def format_money(amount: Decimal, currency: str, language: str) -> str:
    """
    Write an amount as a reader of the language writes it: $1,234.50, 1.234,50 €.

    A language alone takes the habits of the currency's country, so that Spanish in the United
    States says $49.99; an unknown language is written as English.
    """
    return format_currency(amount, currency, locale=_locale(language, currency[:2]))


@lru_cache
def _locale(language: str, country: str) -> Locale:
    parts = language.replace("-", "_").split("_")
    for name in (f"{parts[0]}_{country}", "_".join(parts), parts[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


class MoneyField(models.DecimalField[Given, Kept]):
    """An amount of up to ten digits before the point and two behind; its currency stands beside."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Fix the precision; whether an amount may be negative is for the model to say."""
        options.setdefault("max_digits", 12)
        options.setdefault("decimal_places", PLACES)
        super().__init__(*args, **options)

    def get_db_prep_save(self, value: Any, connection: "BaseDatabaseWrapper") -> Any:
        """
        Refuse what the database would round behind our back.

        :raises ValueError: for a fraction of a cent, which should have passed `round_money`
        :raises TypeError: for a float
        """
        if isinstance(value, float):
            message = f"money is Decimal, not float ({self.name})"
            raise TypeError(message)
        if isinstance(value, Decimal) and value != value.quantize(Decimal(1).scaleb(-PLACES)):
            message = f"{value} has not been rounded ({self.name})"
            raise ValueError(message)
        return super().get_db_prep_save(value, connection)
