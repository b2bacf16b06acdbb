"""What is left of an order after what it costs the operator: by the vendor's prices and the costs in the export."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sandbox.recount.export import Cost, Division
    from sandbox.recount.vendor import Item

MONTHLY, ONE_TIME = "margin_monthly", "margin_one_time"


def margins_of(
    items: Iterable[Item], costs: Iterable[Cost], division: Division, day: date
) -> dict[str, Decimal | None]:
    """
    Return an order's margin each month and once, before taxes; None where one of the costs is not known.

    :param day: on which it was ordered: what was said of costs on that day counts, in the division's currency
    """
    here = [
        cost
        for cost in costs
        if cost.division in division.lineage and cost.currency == division.currency and cost.holds_on(day)
    ]
    monthly: list[Decimal | None] = []
    one_time: list[Decimal | None] = []
    for item in items:
        monthly.append(_left(item.recurring, item, "recurring", here, division))
        one_time.append(_left(item.one_time, item, "one_time", here, division))
    return {MONTHLY: _sum(monthly), ONE_TIME: _sum(one_time)}


def _left(charged: Decimal, item: Item, kind: str, here: list[Cost], division: Division) -> Decimal | None:
    """Return what is left of one item's charge; where nobody asks a price for it, no cost is looked for."""
    said = [cost for cost in here if (cost.product, cost.kind) == (item.product, kind)]
    known = [(division.lineage.index(cost.division), cost.amount) for cost in said if cost.amount is not None]
    if known:
        _depth, nearest = max(known)
        return charged - nearest * item.quantity
    return None if said else charged


def _sum(parts: list[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total
