"""Read a division's catalogue from the database: a fixed number of statements, remembered until anything changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from catalog.models import (
    Campaign,
    CampaignPackage,
    Charge,
    Dated,
    EligibilityGroup,
    Package,
    PackageItem,
    Price,
    Product,
    Promotion,
    holding_on,
)
from catalog.queries.catalogue import (
    Catalogue,
    ListedCampaign,
    ListedCharge,
    ListedItem,
    ListedPackage,
    ListedProduct,
    ListedPromotion,
    ListedRule,
)
from catalog.states import CampaignStatus, ChargeBasis, ChargeNature, ItemRole, PriceKind
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from foundation.rules import RuleSet
from territory.states import ProductFamily

DatedRow = TypeVar("DatedRow", bound=Dated)
Lineage = tuple[int, ...]
Prices = Mapping[int, Mapping[PriceKind, Decimal]]


def catalogue_of(division: Division, on: date) -> Catalogue:
    """Return what a division sells on a day, with what it inherits."""
    return _catalogue(tuple(division.lineage), division.currency, on)


@by_configuration
def _catalogue(lineage: Lineage, currency: str, on: date) -> Catalogue:
    prices = _prices(lineage, currency, on)
    product_promotions, package_promotions = _promotions(lineage, on)
    rules_of_packages, rules_of_campaigns = _eligibility(lineage)
    packages = _packages(lineage, prices, package_promotions, rules_of_packages)
    codes = dict(Division.objects.filter(pk__in=lineage).values_list("pk", "code"))
    rules = (*rules_of_packages.values(), *rules_of_campaigns.values())
    return Catalogue(
        currency=currency,
        divisions=tuple(codes[pk] for pk in lineage),
        facts_asked=frozenset(fact for listed in rules for fact in listed.rule.facts_asked()),
        campaigns=_campaigns(lineage, on, packages, rules_of_campaigns),
        packages=packages,
        product_promotions=product_promotions,
        charges=_charges(lineage, on),
    )


def _prices(lineage: Lineage, currency: str, on: date) -> Prices:
    found: dict[int, dict[PriceKind, Decimal]] = defaultdict(dict)
    rows = Price.objects.filter(holding_on(on), division__in=lineage, currency=currency)
    for price in _from_the_top(rows, lineage):
        found[price.product_id][PriceKind(price.kind)] = price.amount
    return found


def _promotions(
    lineage: Lineage, on: date
) -> tuple[dict[tuple[str, PriceKind], ListedPromotion], dict[int, dict[PriceKind, ListedPromotion]]]:
    """Return the promotions of products by code and kind, and those of packages by id and kind."""
    of_products: dict[tuple[str, PriceKind], ListedPromotion] = {}
    of_packages: dict[int, dict[PriceKind, ListedPromotion]] = defaultdict(dict)
    rows = Promotion.objects.filter(holding_on(on), division__in=lineage).select_related("product")
    for row in _from_the_top(rows, lineage):
        listed = ListedPromotion(
            code=row.code,
            names=row.names,
            kind=PriceKind(row.kind),
            amount=row.amount,
            percent=row.percent,
            months=row.months or 0,
        )
        if row.product:
            of_products[row.product.code, listed.kind] = listed
        elif row.package_id:
            of_packages[row.package_id][listed.kind] = listed
    return of_products, of_packages


def _charges(lineage: Lineage, on: date) -> tuple[ListedCharge, ...]:
    nearest = {
        row.code: row for row in _from_the_top(Charge.objects.filter(holding_on(on), division__in=lineage), lineage)
    }
    return tuple(
        ListedCharge(
            code=row.code,
            names=row.names,
            nature=ChargeNature(row.nature),
            basis=ChargeBasis(row.basis),
            rate=row.rate,
            kind=PriceKind(row.kind),
            family=row.family,
        )
        for _code, row in sorted(nearest.items())
        if row.rate
    )


def _eligibility(lineage: Lineage) -> tuple[dict[int, ListedRule], dict[int, ListedRule]]:
    """Return the rules of packages and of campaigns, by id, without what they end as if no group concludes."""
    groups = EligibilityGroup.objects.prefetch_related("criteria")
    of_packages = groups.filter(package__division__in=lineage)
    of_campaigns = groups.filter(campaign__division__in=lineage)
    rows: dict[str, dict[int, list[EligibilityGroup]]] = {"package": defaultdict(list), "campaign": defaultdict(list)}
    for group in of_packages | of_campaigns:
        owner = "package" if group.package_id else "campaign"
        if group.criteria.all():
            rows[owner][group.package_id or group.campaign_id or 0].append(group)
    packages, campaigns = ({pk: _rule(found) for pk, found in rows[owner].items()} for owner in ("package", "campaign"))
    return packages, campaigns


def _rule(groups: list[EligibilityGroup]) -> ListedRule:
    return ListedRule(
        rule=RuleSet(groups=tuple(group.as_rule() for group in groups)),
        refusals=tuple(group.refusals for group in groups),
        remedies=tuple(group.remedies for group in groups),
    )


def _ending(rule: ListedRule | None, *, otherwise: bool) -> ListedRule:
    known = rule or ListedRule()
    return ListedRule(
        rule=RuleSet(groups=known.rule.groups, otherwise=otherwise), refusals=known.refusals, remedies=known.remedies
    )


def _packages(
    lineage: Lineage,
    prices: Prices,
    promotions: Mapping[int, Mapping[PriceKind, ListedPromotion]],
    rules: Mapping[int, ListedRule],
) -> dict[str, ListedPackage]:
    items: dict[int, list[ListedItem]] = defaultdict(list)
    rows = PackageItem.objects.filter(package__division__in=lineage, package__is_on_sale=True)
    for row in rows.select_related("product", "relies_on__product"):
        items[row.package_id].append(_item(row, prices))
    return {
        package.code: ListedPackage(
            code=package.code,
            names=package.names,
            descriptions=package.descriptions,
            items=tuple(items[package.pk]),
            promotions=dict(promotions.get(package.pk, {})),
            eligibility=_ending(rules.get(package.pk), otherwise=package.eligible_otherwise),
        )
        for package in Package.objects.filter(division__in=lineage, is_on_sale=True)
        if package.pk in items
    }


def _item(row: PackageItem, prices: Prices) -> ListedItem:
    return ListedItem(
        product=_product(row.product, prices.get(row.product_id, {})),
        role=ItemRole(row.role),
        choice_group=row.choice_group,
        minimum=row.minimum,
        maximum=row.maximum,
        relies_on=row.relies_on.product.code if row.relies_on else "",
    )


def _product(row: Product, prices: Mapping[PriceKind, Decimal]) -> ListedProduct:
    return ListedProduct(
        code=row.code,
        family=ProductFamily(row.family),
        names=row.names,
        descriptions=row.descriptions,
        technologies=frozenset(row.technologies),
        minimum_down_mbps=row.minimum_down_mbps,
        minimum_up_mbps=row.minimum_up_mbps,
        down_mbps=row.down_mbps,
        up_mbps=row.up_mbps,
        data_allowance_gb=row.data_allowance_gb,
        prices=dict(prices),
    )


def _campaigns(
    lineage: Lineage, on: date, packages: Mapping[str, ListedPackage], rules: Mapping[int, ListedRule]
) -> tuple[ListedCampaign, ...]:
    """Return the campaigns that run, the highest priority first, of equals the nearer division's."""
    running = Campaign.objects.filter(holding_on(on), division__in=lineage, status=CampaignStatus.ACTIVE)
    codes: dict[int, list[str]] = defaultdict(list)
    for entry in CampaignPackage.objects.filter(campaign__in=running).select_related("package"):
        if entry.package.code in packages:
            codes[entry.campaign_id].append(entry.package.code)
    ranked = sorted(running, key=lambda row: (-row.priority, -lineage.index(row.division_id), row.code))
    return tuple(
        ListedCampaign(
            code=row.code,
            names=row.names,
            customer_classes=frozenset(row.customer_classes),
            packages=tuple(codes[row.pk]),
            is_dummy=row.is_dummy,
            eligibility=_ending(rules.get(row.pk), otherwise=row.eligible_otherwise),
        )
        for row in ranked
    )


def _from_the_top(rows: Iterable[DatedRow], lineage: Lineage) -> list[DatedRow]:
    """Order rows by their division, the root's first, so that in a dictionary the nearest wins."""
    return sorted(rows, key=lambda row: lineage.index(row.division_id))
