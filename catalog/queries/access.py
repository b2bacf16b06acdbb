"""Which rows of the catalogue a member of staff may see: those of the divisions that they see."""

from datetime import date
from typing import TypeVar

from django.db import models

from catalog.models import Campaign, Charge, Package, Price, Product, Promotion, holding_on
from foundation.divisions.models import Division, DivisionSetting
from foundation.people.queries import Person, divisions_visible_to

Row = TypeVar("Row", bound=models.Model)


def products_visible_to(user: Person) -> models.QuerySet[Product]:
    """Return the products of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Product.objects.all())


def packages_visible_to(user: Person) -> models.QuerySet[Package]:
    """Return the packages of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Package.objects.all())


def campaigns_visible_to(user: Person) -> models.QuerySet[Campaign]:
    """Return the campaigns of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Campaign.objects.all())


def prices_visible_to(user: Person) -> models.QuerySet[Price]:
    """Return the prices of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Price.objects.all())


def promotions_visible_to(user: Person) -> models.QuerySet[Promotion]:
    """Return the promotions of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Promotion.objects.all())


def charges_visible_to(user: Person) -> models.QuerySet[Charge]:
    """Return the taxes and fees of the divisions that a person sees, and what those inherit."""
    return _inherited_by(user, Charge.objects.all())


def divisions_defaulting_to(campaign_code: str) -> models.QuerySet[Division]:
    """Return the divisions whose own setting names a campaign as the default."""
    named = DivisionSetting.objects.filter(name="catalog.default_campaign", value=campaign_code)
    return Division.objects.filter(pk__in=named.values("division"))


def prices_in_force(product: Product, division: Division, on: date) -> dict[str, Price]:
    """Return the price that holds in a division on a day, by kind; each knows the division that it comes from."""
    rows = product.prices.filter(holding_on(on), division__in=division.lineage).select_related("division")
    return {row.kind: row for row in sorted(rows, key=lambda row: len(row.division.lineage))}


def _inherited_by(user: Person, rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
    visible = divisions_visible_to(user)
    if getattr(user, "is_superuser", False):
        return rows
    ancestors = {pk for lineage in visible.values_list("lineage", flat=True) for pk in lineage}
    return rows.filter(division__in=ancestors)
