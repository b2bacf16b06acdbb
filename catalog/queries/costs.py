"""What is sold costs the operator, as far as anybody has said: for commissions alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from catalog.models import Cost, Price, holding_on
from catalog.states import PriceKind
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from foundation.money import ZERO

Lineage = tuple[int, ...]
Sold = tuple[str, PriceKind]
"""The code of a product, and how often it is paid."""


@dataclass(frozen=True)
class Costs:
    """What the products of a division cost on a day."""

    known: Mapping[Sold, Decimal]
    priced: frozenset[Sold]

    def of(self, code: str, kind: PriceKind, quantity: int) -> Decimal | None:
        """Return what so many of a product cost; None where it has a price and nobody has said what it costs."""
        if (code, kind) in self.known:
            return self.known[code, kind] * quantity
        return None if (code, kind) in self.priced else ZERO


def costs_of(division: Division, on: date) -> Costs:
    """Return what the products of a division cost on a day, in its currency: the nearest division's word counts."""
    return _costs(tuple(division.lineage), division.currency, on)


def divisions_with_costs(division: Division) -> QuerySet[Division]:
    """Return the divisions whose word on costs may count in a division: itself and those above, where any was said."""
    said = Cost.objects.filter(division__in=division.lineage)
    return Division.objects.filter(pk__in=said.values("division"))


@by_configuration
def _costs(lineage: Lineage, currency: str, on: date) -> Costs:
    rows = Cost.objects.filter(holding_on(on), division__in=lineage, currency=currency).select_related("product")
    from_the_top = sorted(rows, key=lambda row: lineage.index(row.division_id))
    prices = Price.objects.filter(holding_on(on), division__in=lineage, currency=currency)
    return Costs(
        known={(row.product.code, PriceKind(row.kind)): row.amount for row in from_the_top},
        priced=frozenset((code, PriceKind(kind)) for code, kind in prices.values_list("product__code", "kind")),
    )
