"""What a rule may ask of a referred order, how it is asked, and what is known of orders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, cast

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.states import CustomerKind
from catalog.models import Campaign, Package, Product
from commissions.states import Basis
from foundation.divisions.models import Division
from foundation.money import ZERO
from foundation.rules import Fact, Facts, Kind
from orders.models import Order
from orders.states import Channel, LineStatus
from territory.models import Premises
from territory.states import ProductFamily

SINGLE, MULTI_UNIT = "single", "multi_unit"
NOT_DELIVERED = frozenset({LineStatus.FAILED, LineStatus.CANCELLED})
"""Lines in one of these were ordered and are not had."""


@dataclass(frozen=True)
class FactDefinition:
    """A fact that a rule may ask for: how it is compared, and what operators call it."""

    kind: Kind
    label: str | Promise
    is_several: bool = False
    """Whether it is a list: one asks what it includes."""
    is_money: bool = False


FACTS: Mapping[str, FactDefinition] = {
    "families": FactDefinition(Kind.TEXT, _("kinds of service ordered"), is_several=True),
    "products": FactDefinition(Kind.TEXT, _("products ordered"), is_several=True),
    "package": FactDefinition(Kind.TEXT, _("package")),
    "campaign": FactDefinition(Kind.TEXT, _("campaign")),
    "monthly": FactDefinition(Kind.NUMBER, _("monthly charges before taxes"), is_money=True),
    "monthly_after": FactDefinition(Kind.NUMBER, _("monthly charges after promotions, before taxes"), is_money=True),
    "one_time": FactDefinition(Kind.NUMBER, _("one-time charges before taxes"), is_money=True),
    Basis.MARGIN_MONTHLY.value: FactDefinition(Kind.NUMBER, _("monthly margin before taxes"), is_money=True),
    Basis.MARGIN_ONE_TIME.value: FactDefinition(Kind.NUMBER, _("one-time margin before taxes"), is_money=True),
    "customer_class": FactDefinition(Kind.TEXT, _("customer class")),
    "is_new_customer": FactDefinition(Kind.FLAG, _("new customer")),
    "channel": FactDefinition(Kind.TEXT, _("channel")),
    "divisions": FactDefinition(Kind.TEXT, _("market, or one above it"), is_several=True),
    "state": FactDefinition(Kind.TEXT, _("state of the address")),
    "city": FactDefinition(Kind.TEXT, _("town of the address")),
    "zip_code": FactDefinition(Kind.TEXT, _("ZIP code of the address")),
    "building": FactDefinition(Kind.TEXT, _("building")),
}
"""
Products and amounts are those that are delivered: what could not be installed does not count. A margin is what is
charged less what it costs us; it is not known where one of the costs was not known when the friend ordered.
"""

FREE_TEXT = frozenset({"state", "city", "zip_code"})
"""The facts whose values are typed as they are; every other text is one of a list."""

BUILDINGS: Mapping[str, str | Promise] = {SINGLE: _("Single home"), MULTI_UNIT: _("Building with several units")}


def vocabulary(division: Division) -> dict[str, dict[str, str]]:
    """Return what a division's rules may compare each listed fact with: the labels by their codes."""
    lineage = division.lineage
    reachable = Q(division__in=lineage) | Q(division__in=Division.objects.under(division))
    products, packages, campaigns = (
        {row.code: str(row.names) for row in model._default_manager.filter(reachable).only("code", "names")}  # noqa: SLF001
        for model in (Product, Package, Campaign)
    )
    divisions = Division.objects.filter(Q(pk__in=lineage) | Q(pk__in=Division.objects.under(division)))
    return {
        "families": {value: str(label) for value, label in ProductFamily.choices},
        "products": products,
        "package": packages,
        "campaign": campaigns,
        "customer_class": {value: str(label) for value, label in CustomerKind.choices},
        "channel": {value: str(label) for value, label in Channel.choices},
        "divisions": dict(divisions.values_list("code", "name")),
        "building": {value: str(label) for value, label in BUILDINGS.items()},
    }


def facts_of(orders: QuerySet[Order]) -> dict[int, Facts]:
    """Return the facts of orders by their ids, in a number of statements that does not grow with them."""
    earlier = Account.objects.filter(customer=OuterRef("customer"), opened_at__lt=OuterRef("account__opened_at"))
    units = Premises.objects.filter(
        street=OuterRef("premises__street"), house_number=OuterRef("premises__house_number")
    ).exclude(unit_key="")
    rows = (
        orders.select_related("premises", "customer", "division")
        .prefetch_related("lines")
        .annotate(was_customer=Exists(earlier.exclude(pk=OuterRef("account"))), has_units=Exists(units))
    )
    codes = dict(Division.objects.filter(pk__in=_lineages(orders)).values_list("pk", "code"))
    return {order.pk: _facts(order, codes) for order in rows}


def _lineages(orders: QuerySet[Order]) -> set[int]:
    lineages = Division.objects.filter(pk__in=orders.order_by().values("division")).values_list("lineage", flat=True)
    return {pk for lineage in lineages for pk in lineage}


def facts_of_order(order: Order) -> Facts:
    """Return the facts of one order."""
    return facts_of(Order.objects.filter(pk=order.pk))[order.pk]


def _facts(order: Order, codes: Mapping[int, str]) -> dict[str, Fact]:
    lines = [line for line in order.lines.all() if line.status not in NOT_DELIVERED]
    chosen = order.chosen
    return {
        "families": sorted({str(line.family) for line in lines}),
        "products": sorted({line.product_id for line in lines}),
        "package": chosen.package_code if chosen else None,
        "campaign": order.campaign or None,
        "monthly": sum((line.recurring for line in lines), ZERO),
        "monthly_after": sum((line.recurring_after for line in lines), ZERO),
        "one_time": sum((line.one_time for line in lines), ZERO),
        Basis.MARGIN_MONTHLY.value: _margin((line.recurring, line.recurring_cost) for line in lines),
        Basis.MARGIN_ONE_TIME.value: _margin((line.one_time, line.one_time_cost) for line in lines),
        "customer_class": order.customer.kind if order.customer else None,
        "is_new_customer": not order.was_customer,  # type: ignore[attr-defined]  # annotated above
        "channel": order.channel,
        "divisions": [codes[pk] for pk in order.division.lineage],
        "state": order.premises.state,
        "city": order.premises.city,
        "zip_code": order.premises.zip_code,
        "building": MULTI_UNIT if order.premises.unit_key or order.has_units else SINGLE,  # type: ignore[attr-defined]
    }


def _margin(lines: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Return what is charged less what it costs; None where one cost is not known."""
    margin = ZERO
    for charged, cost in lines:
        if cost is None:
            return None
        margin += charged - cost
    return margin


class Charges(TypedDict):
    """What an order costs the customer, and what is left of it, each month and once, before taxes."""

    monthly: Decimal
    one_time: Decimal
    margin_monthly: Decimal | None
    margin_one_time: Decimal | None


def charges_of(facts: Facts) -> Charges:
    """Return what an order costs and brings, as its facts have it."""
    return Charges(
        monthly=cast("Decimal", facts["monthly"]),
        one_time=cast("Decimal", facts["one_time"]),
        margin_monthly=cast("Decimal | None", facts[Basis.MARGIN_MONTHLY]),
        margin_one_time=cast("Decimal | None", facts[Basis.MARGIN_ONE_TIME]),
    )
