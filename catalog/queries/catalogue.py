"""A division's catalogue on one day, as plain data: all that offers and prices are worked out from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from catalog.states import ChargeBasis, ChargeNature, ItemRole, PriceKind
from foundation.divisions.fields import Texts
from foundation.lifecycle import NotAllowed
from foundation.rules import RuleSet
from territory.states import ProductFamily


@dataclass(frozen=True, kw_only=True)
class ListedProduct:
    """A product with the prices that hold; without any price it cannot be sold."""

    code: str
    family: ProductFamily
    names: Texts
    descriptions: Texts = field(default_factory=Texts)
    technologies: frozenset[str] = frozenset()
    minimum_down_mbps: int | None = None
    minimum_up_mbps: int | None = None
    down_mbps: int | None = None
    up_mbps: int | None = None
    data_allowance_gb: int | None = None
    prices: Mapping[PriceKind, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListedItem:
    """A product's place in a package; `relies_on` is the code of another product of the package."""

    product: ListedProduct
    role: ItemRole = ItemRole.INCLUDED
    choice_group: str = ""
    minimum: int = 1
    maximum: int = 1
    relies_on: str = ""


@dataclass(frozen=True, kw_only=True)
class ListedPromotion:
    """What is taken off: an amount or a percentage; every month for some months, or once."""

    code: str
    names: Texts
    kind: PriceKind
    amount: Decimal | None = None
    percent: Decimal | None = None
    months: int = 0


@dataclass(frozen=True, kw_only=True)
class ListedRule:
    """An eligibility rule, and per group what a refused customer reads and what would change it."""

    rule: RuleSet = field(default_factory=RuleSet)
    refusals: tuple[Texts, ...] = ()
    remedies: tuple[Texts, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListedPackage:
    """A package with its parts in order and its promotions."""

    code: str
    names: Texts
    descriptions: Texts = field(default_factory=Texts)
    items: tuple[ListedItem, ...]
    promotions: Mapping[PriceKind, ListedPromotion] = field(default_factory=dict)
    eligibility: ListedRule = field(default_factory=ListedRule)

    def item(self, product_code: str) -> ListedItem | None:
        """Return the part that a product is, if it is one."""
        return next((item for item in self.items if item.product.code == product_code), None)

    def choice_groups(self) -> dict[str, tuple[ListedItem, ...]]:
        """Return the groups to choose from, in order, each with its products."""
        groups: dict[str, tuple[ListedItem, ...]] = {}
        for item in self.items:
            if item.role == ItemRole.CHOICE:
                groups[item.choice_group] = (*groups.get(item.choice_group, ()), item)
        return groups


@dataclass(frozen=True, kw_only=True)
class ListedCampaign:
    """A campaign that runs on the day, with the codes of its packages in order."""

    code: str
    names: Texts
    customer_classes: frozenset[str]
    packages: tuple[str, ...] = ()
    is_dummy: bool = False
    eligibility: ListedRule = field(default_factory=ListedRule)


@dataclass(frozen=True, kw_only=True)
class ListedCharge:
    """A tax or a fee: percent of a base, or a fixed amount per unit or per order."""

    code: str
    names: Texts
    nature: ChargeNature
    basis: ChargeBasis
    rate: Decimal
    kind: PriceKind
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything that a division sells on a day; campaigns come in the order in which they are preferred."""

    currency: str
    divisions: tuple[str, ...] = ()
    campaigns: tuple[ListedCampaign, ...] = ()
    packages: Mapping[str, ListedPackage] = field(default_factory=dict)
    product_promotions: Mapping[tuple[str, PriceKind], ListedPromotion] = field(default_factory=dict)
    charges: tuple[ListedCharge, ...] = ()
    facts_asked: frozenset[str] = frozenset()
    """The facts that some eligibility rule asks for."""
    quotes: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What preselected packages cost, by `Selection.key`: priced once, gone with the catalogue."""

    def package(self, code: str) -> ListedPackage:
        """
        Return a package by its code.

        :raises NotAllowed: if it is not sold here on this day
        """
        try:
            return self.packages[code]
        except KeyError:
            raise NotAllowed(_("This package is not sold here."), code="no_such_package") from None

    def campaign(self, code: str) -> ListedCampaign | None:
        """Return a campaign by its code, if it runs here on this day."""
        return next((campaign for campaign in self.campaigns if campaign.code == code), None)
