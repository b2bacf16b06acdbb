"""
What an order costs, counted once more from the rows of the catalogue: plain decimals, without a line of the code under test.

It follows the words of docs/money.md and of the operator's forms: the nearest division's price, promotion and charge
holds; a product's promotion comes off its own line first, then the package's off what comes with the package; every
charge is rounded by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from catalog.models import Charge, Package, PackageItem, Price, Promotion
from foundation.divisions.models import Division
from foundation.now import now

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
LONG_AFTER = 10**6
"""A month in which every promotion has ended."""


@dataclass
class Line:
    """A product of the order, for its whole quantity."""

    code: str
    family: str
    quantity: int
    comes_with_it: bool
    """It belongs to the package; an add-on does not."""
    full: dict[str, Decimal]
    off: list[tuple[str, Decimal, int]] = field(default_factory=list)
    """Each: off what, how much, for how many months."""

    def in_month(self, month: int) -> Decimal:
        off = sum((amount for kind, amount, months in self.off if kind == "recurring" and month <= months), NOTHING)
        return self.full["recurring"] - off

    @property
    def once(self) -> Decimal:
        return self.full["one_time"] - sum((amount for kind, amount, _ in self.off if kind == "one_time"), NOTHING)

    @property
    def months(self) -> int:
        return max((months for _kind, amount, months in self.off if amount), default=0)


@dataclass
class Due:
    """A tax or fee."""

    code: str
    today: Decimal
    monthly: Decimal
    monthly_after: Decimal


@dataclass
class Recount:
    """The whole order."""

    lines: list[Line]
    dues: list[Due]
    today: Decimal
    steps: list[tuple[int, Decimal]]
    """From which month on it costs how much."""

    @property
    def monthly(self) -> Decimal:
        return self.steps[0][1]

    @property
    def after(self) -> Decimal:
        return self.steps[-1][1]

    @property
    def months(self) -> int:
        return self.steps[-1][0] - 1


def recount(package_code: str, chosen: Mapping[str, str], added: Mapping[str, int], division: Division) -> Recount:
    """Count an order again, from the rows that hold today."""
    package = Package.objects.get(code=package_code)
    lines = [_line(item, quantity, division) for item, quantity in _taken(package, chosen, added)]
    _take_off_package_promotions(package, lines, division)
    charges = _nearest(Charge.objects.all(), division, "code")
    once = {line.code: line.once for line in lines}
    ends = sorted({1, *(months + 1 for line in lines for _kind, amount, months in line.off if amount)})

    def monthly(month: int) -> Decimal:
        amounts = {line.code: line.in_month(month) for line in lines}
        return sum(amounts.values(), NOTHING) + sum(
            (_charged(charge, lines, amounts) for charge in charges if charge.kind == "recurring"), NOTHING
        )

    dues = [_due(charge, lines, once) for charge in sorted(charges, key=lambda charge: charge.code)]
    return Recount(
        lines=lines,
        dues=[due for due in dues if due.today or due.monthly or due.monthly_after],
        today=sum(once.values(), NOTHING) + sum((due.today for due in dues), NOTHING),
        steps=[(month, monthly(month)) for month in ends],
    )


def _taken(package: Package, chosen: Mapping[str, str], added: Mapping[str, int]) -> Iterable[tuple[PackageItem, int]]:
    for item in package.items.select_related("product").order_by("position", "pk"):
        if item.role == "add_on":
            quantity = added.get(item.product.code, 0)
        elif item.role == "choice":
            quantity = item.minimum if chosen[item.choice_group] == item.product.code else 0
        else:
            quantity = item.minimum
        if quantity:
            yield item, quantity


def _line(item: PackageItem, quantity: int, division: Division) -> Line:
    prices = {price.kind: price.amount for price in _nearest(item.product.prices.all(), division, "kind")}
    full = {kind: prices.get(kind, NOTHING) * quantity for kind in ("recurring", "one_time")}
    line = Line(item.product.code, item.product.family, quantity, item.role != "add_on", full)
    for promotion in _nearest(item.product.promotions.all(), division, "kind"):
        base = full[promotion.kind]
        line.off.append((promotion.kind, _reduction(promotion, base, quantity), promotion.months or 0))
    return line


def _take_off_package_promotions(package: Package, lines: list[Line], division: Division) -> None:
    bearing = [line for line in lines if line.comes_with_it]
    for promotion in _nearest(package.promotions.all(), division, "kind"):
        bases = [line.in_month(1) if promotion.kind == "recurring" else line.once for line in bearing]
        total = _reduction(promotion, sum(bases, NOTHING), 1)
        if total:
            for line, share in zip(bearing, _shares(total, bases), strict=True):
                line.off.append((promotion.kind, share, promotion.months or 0))


def _reduction(promotion: Promotion, base: Decimal, quantity: int) -> Decimal:
    if promotion.percent is None:
        return min((promotion.amount or NOTHING) * quantity, base)
    return _to_the_cent(base * promotion.percent / 100)


def _shares(total: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Whole cents in proportion; each cent that is left goes to whoever lost most, the first of equals."""
    exact = [total * weight / sum(weights) for weight in weights]
    given = [share.quantize(CENT, rounding=ROUND_DOWN) for share in exact]
    by_loss = sorted(range(len(exact)), key=lambda place: exact[place] - given[place], reverse=True)
    for place in by_loss[: int((total - sum(given)) / CENT)]:
        given[place] += CENT
    return given


def _due(charge: Charge, lines: list[Line], once: Mapping[str, Decimal]) -> Due:
    if charge.kind == "one_time":
        return Due(charge.code, _charged(charge, lines, once), NOTHING, NOTHING)
    first, last = ({line.code: line.in_month(month) for line in lines} for month in (1, LONG_AFTER))
    return Due(charge.code, NOTHING, _charged(charge, lines, first), _charged(charge, lines, last))


def _charged(charge: Charge, lines: list[Line], amounts: Mapping[str, Decimal]) -> Decimal:
    bearing = [line for line in lines if charge.family in ("", line.family)]
    if charge.basis == "percent":
        return _to_the_cent(sum((amounts[line.code] for line in bearing), NOTHING) * charge.rate / 100)
    if charge.basis == "per_line":
        return _to_the_cent(charge.rate * sum(line.quantity for line in bearing))
    return _to_the_cent(charge.rate) if bearing else NOTHING


def _to_the_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _nearest(rows: Iterable[Price | Promotion | Charge], division: Division, alike: str) -> list[Any]:
    """Keep of the rows that are alike and hold today the one of the nearest division above, or of this one."""
    day = now().astimezone(division.zone).date()
    kept: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: len(row.division.lineage)):
        holds = row.starts_on <= day and (row.ends_on is None or row.ends_on >= day)
        if holds and row.division_id in division.lineage:
            kept[getattr(row, alike)] = row
    return list(kept.values())
