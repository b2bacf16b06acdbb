"""Which rows of the catalogue a member of staff may see: those of the divisions that they see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Q

from catalog.models import Package, Price, Product, holding_on
from catalog.states import PriceKind
from foundation.divisions.models import Division, DivisionSetting
from foundation.now import today


def divisions_defaulting_to(campaign_code: str) -> models.QuerySet[Division]:
    """Return the divisions whose own setting names a campaign as the default."""
    named = DivisionSetting.objects.filter(name="catalog.default_campaign", value=campaign_code)
    return Division.objects.filter(pk__in=named.values("division"))


@dataclass(frozen=True)
class PricesHere:
    """What a product costs in a division on a day, each price with the division that it comes from."""

    division: Division
    prices: tuple[Price, ...]


def prices_by_division(product: Product, divisions: Iterable[Division], on: date) -> tuple[PricesHere, ...]:
    """Return what a product costs in each of these divisions on a day, inherited or its own."""
    rows = list(product.prices.filter(holding_on(on)).select_related("division"))
    return tuple(PricesHere(division, _nearest(rows, division)) for division in divisions)


@dataclass(frozen=True)
class PricePreview:
    """What a new price changes: the amount that holds on its first day until now, and the packages that it is in."""

    division: Division
    amount: Decimal
    before: Decimal | None
    currency: str
    starts_on: date
    packages: tuple[str, ...]


def preview_price(
    product: Product, *, division: Division, kind: PriceKind, amount: Decimal, starts_on: date
) -> PricePreview:
    """Say what a new price would change in a division; nothing is written."""
    here = prices_by_division(product, [division], starts_on)[0].prices
    before = next((price.amount for price in here if price.kind == kind), None)
    packages = Package.objects.filter(items__product=product, is_on_sale=True).distinct()
    sold_here = packages.filter(Q(division__in=division.lineage) | Q(division__in=Division.objects.under(division)))
    names = tuple(str(package.names) for package in sold_here.order_by("code"))
    return PricePreview(division, amount, before, division.currency, starts_on, names)


def prices_to_come(product: Product, divisions: models.QuerySet[Division]) -> models.QuerySet[Price]:
    """Return a product's prices of these divisions that have not begun, the soonest first."""
    rows = product.prices.filter(division__in=divisions, starts_on__gt=today(product.division))
    return rows.select_related("division").order_by("starts_on", "pk")


def _nearest(rows: Iterable[Price], division: Division) -> tuple[Price, ...]:
    inherited = [row for row in rows if row.division_id in division.lineage]
    by_kind = {row.kind: row for row in sorted(inherited, key=lambda row: len(row.division.lineage))}
    return tuple(by_kind[kind] for kind in PriceKind.values if kind in by_kind)
