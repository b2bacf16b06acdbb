"""Enter the catalogue through the services."""

from datetime import date
from decimal import Decimal
from typing import Any

from catalog.models import Campaign, Package, Product
from catalog.services import (
    GroupDescription,
    ItemDescription,
    define_campaign,
    define_charge,
    define_package,
    define_product,
    define_promotion,
    set_cost,
    set_price,
)
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import PriceKind
from config.demonstration.catalogue.charges import CHARGES
from config.demonstration.catalogue.packages import FRANCHISE_PACKAGES, PACKAGES
from config.demonstration.catalogue.products import FRANCHISE_PRICES, FRANCHISE_PRODUCTS, PRODUCTS
from config.demonstration.catalogue.promotions import FRANCHISE_PROMOTIONS, ROOT_PROMOTIONS, SOUTH_PROMOTIONS
from config.demonstration.catalogue.words import Described
from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.money import percent_of

SINCE = date(2026, 1, 1)
COST_PERCENT = Decimal("38.5")
"""Of a monthly price, what the product costs the operator."""


def load_catalogue(root: Division) -> None:
    """Enter the catalogue below the operator's root division, once: what an operator changed since stays."""
    if Campaign.objects.filter(code="welcome").exists():
        return
    franchise = Division.objects.get(code=FRANCHISE)
    south = Division.objects.get(code="south")
    _load(root, PRODUCTS, PACKAGES, ROOT_PROMOTIONS)
    _load(franchise, FRANCHISE_PRODUCTS, FRANCHISE_PACKAGES, FRANCHISE_PROMOTIONS)
    _load(south, {}, {}, SOUTH_PROMOTIONS)
    for code, amount in FRANCHISE_PRICES.items():
        product = Product.objects.get(code=code)
        set_price(product.pk, division=franchise, kind=PriceKind.RECURRING, amount=amount, starts_on=SINCE, by=None)
    for due in CHARGES:
        division = Division.objects.get(code=due.division)
        described = {**due._asdict(), "division": division}
        define_charge(starts_on=SINCE, **described)
    _load_campaigns(root, franchise)


def _load(
    division: Division,
    products: dict[str, tuple[Described, dict[str, Any]]],
    packages: dict[str, tuple[Described, list[ItemDescription], list[GroupDescription]]],
    promotions: dict[str, tuple[Described, dict[str, Any]]],
) -> None:
    for code, (described, product) in products.items():
        defined = define_product(code, division=division, starts_on=SINCE, **described.texts(), **product)
        _say_cost(defined, product.get("recurring"))
    for code, (described, items, eligibility) in packages.items():
        define_package(code, division=division, items=items, eligibility=eligibility, **described.texts())
    for code, (described, promotion) in promotions.items():
        values = dict(promotion)
        if "package" in values:
            values["package"] = Package.objects.get(code=values["package"])
        if "product" in values:
            values["product"] = Product.objects.get(code=values["product"])
        names = described.texts()["names"]
        define_promotion(code, division=division, starts_on=SINCE, names=names, **values)


def _say_cost(product: Product, recurring: Decimal | None) -> None:
    """Let what is paid each month cost the operator some of it; what is paid once, nobody has said."""
    if recurring is None or product.costs.exists():
        return
    amount = percent_of(COST_PERCENT, recurring)
    kind = PriceKind.RECURRING
    set_cost(product.pk, division=product.division, kind=kind, amount=amount, starts_on=SINCE, by=None)


def _load_campaigns(root: Division, franchise: Division) -> None:
    define_campaign(
        "welcome",
        division=root,
        names=Texts(en="Welcome to Larkspur", es="Bienvenido a Larkspur"),
        starts_on=SINCE,
        customer_classes=["residential"],
        packages=PACKAGES,
    )
    define_campaign(
        "first-contact",
        division=root,
        names=Texts(en="First contact", es="Primer contacto"),
        starts_on=SINCE,
        is_dummy=True,
        priority=1,
    )
    define_campaign(
        "hollow-hello",
        division=franchise,
        names=Texts(en="Hello from Juniper Hollow", es="Saludos de Juniper Hollow"),
        starts_on=SINCE,
        priority=200,
        packages=[
            *("hollow-home", "hollow-everywhere", "stream", "stream-and-phone", "triple-play", "fiber-2-gig-home"),
        ],
    )
    set_value(root, DEFAULT_CAMPAIGN, "welcome")
    set_value(franchise, DEFAULT_CAMPAIGN, "hollow-hello")
