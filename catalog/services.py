"""Every change to the catalogue that is more than one field: prices from a day on, campaigns, whole definitions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypedDict, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from catalog.events import CampaignActivated, CampaignDeactivated, CostChanged, PriceChanged, PriceWithdrawn
from catalog.models import (
    Campaign,
    CampaignPackage,
    Charge,
    Cost,
    EligibilityCriterion,
    EligibilityGroup,
    Package,
    PackageItem,
    Price,
    Product,
    Promotion,
)
from catalog.queries.access import divisions_defaulting_to
from catalog.states import CampaignStatus, PriceKind
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.money import round_money
from foundation.now import today
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

Row = TypeVar("Row", bound=models.Model)
Priced = TypeVar("Priced", Price, Cost)


@transaction.atomic
def set_price(  # noqa: PLR0913  # what a price is, each part by its name
    product_id: int, *, division: Division, kind: PriceKind, amount: Decimal, starts_on: date, by: User | None
) -> Price:
    """
    Give a product a new price in a division and below from a day on; the old one ends the day before.

    It holds until the day before the next price that is entered, if there is one. What was ordered keeps its price; a
    cart is quoted anew, and says so. The amount is in the division's currency. A price that begins on the same day is
    corrected.

    :raises NotAllowed: if the person may not configure the division, or the day is past
    :raises ValidationError: if the amount is negative
    """
    _require_configure(by, division)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    price = _price_from(starts_on, product, division, kind)
    price.amount, price.currency = round_money(amount, division.currency), division.currency
    price.full_clean()
    price.save()
    changed = PriceChanged(
        product=product.code,
        division=division.code,
        kind=str(kind),
        amount=str(price.amount),
        currency=price.currency,
        starts_on=starts_on.isoformat(),
    )
    publish(changed, subject=product, division=division, by=by)
    return price


def _price_from(starts_on: date, product: Product, division: Division, kind: PriceKind) -> Price:
    """
    Return the price that begins on a day, to be filled in; the one before ends the day before.

    :raises NotAllowed: if the day is past, and there was a price before
    """
    if starts_on < today(division) and product.prices.filter(division=division, kind=kind).exists():
        raise NotAllowed(_("A price changes today or later."), code="past", field="starts_on")
    return _from_day_on(Price(product=product, division=division, kind=kind, starts_on=starts_on))


def _from_day_on(new: Priced) -> Priced:
    """Return the row that begins on the day of a new one, there or new; the one before ends the day before."""
    rows: models.QuerySet[Priced] = models.QuerySet(type(new)).order_by("starts_on")
    alike = rows.filter(product=new.product, division=new.division, kind=new.kind)
    if same := alike.filter(starts_on=new.starts_on).first():
        return same
    _end_before(alike, new.starts_on)
    after = alike.filter(starts_on__gt=new.starts_on).first()
    new.ends_on = after.starts_on - timedelta(days=1) if after else None
    return new


def _end_before(alike: models.QuerySet[Priced], starts_on: date) -> None:
    """Let what holds on a day end the day before."""
    before = alike.filter(starts_on__lt=starts_on).last()
    if before and (before.ends_on is None or before.ends_on >= starts_on):
        before.ends_on = starts_on - timedelta(days=1)
        before.save(update_fields=["ends_on"])


@transaction.atomic
def set_cost(  # noqa: PLR0913  # what a cost is, each part by its name
    product_id: int, *, division: Division, kind: PriceKind, amount: Decimal | None, starts_on: date, by: User | None
) -> Cost | None:
    """
    Say what a product costs us in a division and below from a day on, or that the division says nothing of it.

    That holds until the day before the next cost that is entered there, if there is one. Where a division says nothing,
    the nearest above that does counts; where none does, nobody knows. What was ordered keeps the cost that
    was known then. One that begins on the same day is corrected.

    :param amount: in the division's currency; None: the division says nothing
    :param by: who says so: of today or later, since what was ordered until now was reckoned without it
    :raises NotAllowed: if the person may not configure the division, or the day is past
    :raises ValidationError: if the amount is negative
    """
    _require_configure(by, division)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    alike = Cost.objects.filter(product=product, division=division, kind=kind).order_by("starts_on")
    if starts_on < today(division) and (by or alike.exists()):
        raise NotAllowed(_("A cost changes today or later."), code="past", field="starts_on")
    cost = None
    if amount is None:
        _end_before(alike, starts_on)
        alike.filter(starts_on=starts_on).delete()
    else:
        cost = _from_day_on(Cost(product=product, division=division, kind=kind, starts_on=starts_on))
        cost.amount, cost.currency = round_money(amount, division.currency), division.currency
        cost.full_clean()
        cost.save()
    changed = CostChanged(
        product=product.code,
        division=division.code,
        kind=str(kind),
        starts_on=starts_on.isoformat(),
        is_known=amount is not None,
    )
    publish(changed, subject=product, division=division, by=by)
    return cost


class CostDescription(TypedDict):
    """What one product costs us from a day on; see `set_cost`."""

    product_id: int
    kind: PriceKind
    amount: Decimal | None
    starts_on: date


@transaction.atomic
def set_costs(costs: Sequence[CostDescription], *, division: Division, by: User | None) -> int:
    """
    Say what several products cost us in a division, all or none, and return how many.

    :raises NotAllowed: if one of them is refused, see `set_cost`; the message names the product
    """
    for cost in costs:
        try:
            set_cost(division=division, by=by, **cost)
        except NotAllowed as refusal:
            code = Product.objects.values_list("code", flat=True).get(pk=cost["product_id"])
            raise NotAllowed(f"{code}: {refusal.message}", code=refusal.code, field=refusal.field) from None
    return len(costs)


@transaction.atomic
def withdraw_price(price_id: int, *, by: User | None) -> Product:
    """
    Take back a price that has not begun; the one before it goes on in its place. Return the product.

    :raises NotAllowed: if it holds already, or the person may not configure its division
    """
    product_id = Price.objects.values_list("product_id", flat=True).get(pk=price_id)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    price = Price.objects.select_related("division").get(pk=price_id)
    _require_configure(by, price.division)
    if price.starts_on <= today(price.division):
        raise NotAllowed(_("This price holds already: give the product a new one instead."), code="in_force")
    day_before = price.starts_on - timedelta(days=1)
    before = Price.objects.filter(product=product, division=price.division, kind=price.kind, ends_on=day_before).first()
    price.delete()
    if before:
        before.ends_on = price.ends_on
        before.save(update_fields=["ends_on"])
    withdrawn = PriceWithdrawn(
        product=product.code, division=price.division.code, kind=price.kind, starts_on=price.starts_on.isoformat()
    )
    publish(withdrawn, subject=product, division=price.division, by=by)
    return product


@transaction.atomic
def activate_campaign(campaign_id: int, *, by: User | None) -> Campaign:
    """
    Show a campaign to those whom it addresses.

    :raises NotAllowed: if it is active, has no packages and is no dummy, or the person may not configure its division
    """
    campaign = _held(campaign_id, by)
    campaign.activate()
    campaign.save(update_fields=["status"])
    publish(CampaignActivated(campaign=campaign.code), subject=campaign, division=campaign.division, by=by)
    return campaign


@transaction.atomic
def deactivate_campaign(campaign_id: int, *, by: User | None) -> Campaign:
    """
    Show a campaign to nobody any more; what was ordered in it goes on.

    :raises NotAllowed: if it is inactive, is a division's default, or the person may not configure its division
    """
    campaign = _held(campaign_id, by)
    _refuse_default(campaign)
    campaign.deactivate()
    campaign.save(update_fields=["status"])
    publish(CampaignDeactivated(campaign=campaign.code), subject=campaign, division=campaign.division, by=by)
    return campaign


@transaction.atomic
def remove_campaign(campaign_id: int, *, by: User | None) -> None:
    """
    Delete a campaign that was never of use.

    :raises NotAllowed: if it is a division's default, or the person may not configure its division
    """
    campaign = _held(campaign_id, by)
    _refuse_default(campaign)
    campaign.delete()


def _held(campaign_id: int, by: User | None) -> Campaign:
    campaign = Campaign.objects.locked().select_related("division").get(pk=campaign_id)
    _require_configure(by, campaign.division)
    return campaign


def _refuse_default(campaign: Campaign) -> None:
    """:raises NotAllowed: if the campaign is a division's default; the database refuses it too."""
    users = ", ".join(division.name for division in divisions_defaulting_to(campaign.code))
    if users:
        raise NotAllowed(
            _("This is the default campaign of %(divisions)s. Choose another default there first.")
            % {"divisions": users},
            code="default_campaign",
        )


def _require_configure(by: User | None, division: Division) -> None:
    if by is not None:
        require(by, Permission.CONFIGURE, division)


class ItemDescription(TypedDict, total=False):
    """A part of a package, by the codes of its product and of the product that it relies on."""

    product: str
    role: str
    choice_group: str
    minimum: int
    maximum: int
    relies_on: str


class GroupDescription(TypedDict, total=False):
    """An eligibility group with its criteria."""

    name: str
    if_true: str
    if_false: str
    true_otherwise: bool
    refusals: Mapping[str, str]
    remedies: Mapping[str, str]
    criteria: list[Mapping[str, Any]]


@transaction.atomic
def define_product(  # noqa: PLR0913  # a product and its first prices
    code: str,
    *,
    division: Division,
    recurring: Decimal | None = None,
    one_time: Decimal | None = None,
    starts_on: date,
    by: User | None = None,
    **description: Any,
) -> Product:
    """
    Enter a product with its first prices, or bring its description up to date; prices that it has stay.

    :raises ValidationError: if the description is incomplete or contradicts itself
    """
    _require_configure(by, division)
    product = _define(Product, {"code": code}, {"division": division, **description})
    for kind, amount in ((PriceKind.RECURRING, recurring), (PriceKind.ONE_TIME, one_time)):
        if amount is not None and not product.prices.filter(division=division, kind=kind).exists():
            set_price(product.pk, division=division, kind=kind, amount=amount, starts_on=starts_on, by=by)
    return product


@transaction.atomic
def define_package(
    code: str,
    *,
    division: Division,
    items: Iterable[ItemDescription],
    eligibility: Iterable[GroupDescription] = (),
    by: User | None = None,
    **description: Any,
) -> Package:
    """
    Enter a package with its parts and eligibility, or bring it up to date.

    :raises ValidationError: if something is incomplete or contradicts itself
    """
    _require_configure(by, division)
    package = _define(Package, {"code": code}, {"division": division, **description})
    entered: dict[str, PackageItem] = {}
    for position, item in enumerate(items):
        product = Product.objects.get(code=item["product"])
        values = {**item, "position": position, "relies_on": entered.get(item.get("relies_on", ""))}
        del values["product"]
        entered[product.code] = _define(PackageItem, {"package": package, "product": product}, values)
    package.items.exclude(product__code__in=entered).delete()
    _define_eligibility(eligibility, package=package)
    return package


@transaction.atomic
def define_campaign(
    code: str,
    *,
    division: Division,
    packages: Iterable[str] = (),
    eligibility: Iterable[GroupDescription] = (),
    by: User | None = None,
    **description: Any,
) -> Campaign:
    """
    Enter a campaign with its packages in order, and activate it, or bring it up to date.

    :raises ValidationError: if something is incomplete or contradicts itself
    :raises NotAllowed: if it is no dummy and has no packages
    """
    _require_configure(by, division)
    campaign = _define(Campaign, {"code": code}, {"division": division, **description})
    for position, package_code in enumerate(packages):
        package = Package.objects.get(code=package_code)
        _define(CampaignPackage, {"campaign": campaign, "package": package}, {"position": position})
    _define_eligibility(eligibility, campaign=campaign)
    return campaign if campaign.status == CampaignStatus.ACTIVE else activate_campaign(campaign.pk, by=by)


@transaction.atomic
def define_promotion(code: str, *, division: Division, by: User | None = None, **description: Any) -> Promotion:
    """
    Enter a promotion, or bring it up to date.

    :raises ValidationError: if it is incomplete, contradicts itself, or another holds on some of its days
    """
    _require_configure(by, division)
    return _define(Promotion, {"code": code}, {"division": division, **description})


@transaction.atomic
def define_charge(
    code: str, *, division: Division, starts_on: date, by: User | None = None, **description: Any
) -> Charge:
    """
    Enter a tax or fee of a division from a day on, or bring it up to date.

    :raises ValidationError: if it is incomplete, contradicts itself, or another holds on some of its days
    """
    _require_configure(by, division)
    return _define(Charge, {"code": code, "division": division, "starts_on": starts_on}, description)


def _define(model: type[Row], key: Mapping[str, Any], values: Mapping[str, Any]) -> Row:
    known: Row | None = models.QuerySet(model).filter(**key).first()
    row = known or model(**key)
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    return row


def _define_eligibility(
    groups: Iterable[GroupDescription], *, package: Package | None = None, campaign: Campaign | None = None
) -> None:
    """Replace the eligibility of a package or a campaign."""
    EligibilityGroup.objects.filter(package=package, campaign=campaign).delete()
    for position, group in enumerate(groups):
        values = {**group, "position": position}
        criteria = group.get("criteria", [])
        values.pop("criteria", None)
        row = EligibilityGroup(package=package, campaign=campaign, **values)
        row.full_clean()
        row.save()
        for order, criterion in enumerate(criteria):
            line = EligibilityCriterion(group=row, position=order, **criterion)
            line.full_clean()
            line.save()
