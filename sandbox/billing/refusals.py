"""The vendor's no, and what it says no to before anything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.billing.store import Document

CENT = Decimal("0.01")


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """The vendor's no: an HTTP status, a code to branch on, words for a person, and what was wrong."""

    def __init__(self, status: int, code: str, reason: str, reference: str = "") -> None:
        """Refuse with words that may be shown to staff."""
        super().__init__(reason)
        self.status, self.code, self.reason, self.reference = status, code, reason, reference


def amount_of(money: Document) -> Decimal:
    """
    Read an amount that is zero or more, to the cent.

    :raises Refusal: 422 if it is none
    """
    text = str(money.get("value", ""))
    try:
        amount = Decimal(text)
        is_amount = amount.is_finite() and amount >= 0 and amount == amount.quantize(CENT)
    except InvalidOperation:
        is_amount = False
    if not is_amount:
        raise Refusal(422, "invalidAmount", "An amount has at most two decimals, and is not below zero.", text)
    return amount


def above_zero(money: Document) -> Decimal:
    """
    Read an amount above zero.

    :raises Refusal: 422 if it is none
    """
    amount = amount_of(money)
    if not amount:
        raise Refusal(422, "invalidAmount", "The amount must be above zero.", str(money.get("value", "")))
    return amount


def check_days(document: Document, *names: str) -> None:
    """
    Hold the dates of a document against the contract.

    :raises Refusal: 422 if one is no date
    """
    for name in names:
        if document.get(name):
            _day(str(document[name]))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(422, "invalidDate", "A date is written as 2027-01-31.", text) from None
