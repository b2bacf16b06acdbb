"""What pages show of packages, prices and orders: plain values, so that templates compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext as _

from catalog.queries import (
    ListedCampaign,
    ListedPackage,
    ListedProduct,
    Offers,
    Quote,
    catalogue_of,
    price_cart,
    speed_in_words,
)
from catalog.queries.pricing import default_selection
from catalog.settings import DEFAULT_CAMPAIGN
from foundation.divisions.models import Division, Site
from foundation.divisions.queries import brand_of, effective
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from territory.models import FamilyResult, Qualification
from territory.states import NETWORK_FAMILIES, ORDERABLE, Outcome, ProductFamily, Technology

SERVICES = frozenset({*NETWORK_FAMILIES, ProductFamily.MOBILE})
"""The families that a package is chosen for; the others come with it."""


@dataclass(frozen=True)
class Part:
    """One product of a package, as its card names it."""

    family: str
    name: str
    detail: str


@dataclass(frozen=True)
class Card:
    """A package that can be had, with what it consists of and what it costs as preselected."""

    code: str
    name: str
    description: str
    parts: tuple[Part, ...]
    also: tuple[str, ...]
    """What comes with it beside the services."""
    quote: Quote = field(hash=False)  # it compares, but has no hash: its texts are in several languages


@dataclass(frozen=True)
class Summary:
    """An order so far."""

    address: str
    quote: Quote | None
    visit: str = ""
    seller: str = ""
    """Who provides the service, where it is another than whose site it is."""
    sent_by: str = ""
    """Who sent the friend and what they get, in a sentence; empty where nobody did."""

    @property
    def title(self) -> str:
        """The chosen package."""
        return self.quote.package_name if self.quote else _("Your order")

    @property
    def taxes_monthly(self) -> Decimal:
        """All estimated taxes and fees of the first month."""
        return sum((tax.monthly for tax in self.quote.taxes), ZERO) if self.quote else ZERO

    @property
    def taxes_monthly_after(self) -> Decimal:
        """All estimated taxes and fees of a month once all promotions have ended."""
        return sum((tax.monthly_after for tax in self.quote.taxes), ZERO) if self.quote else ZERO

    @property
    def taxes_today(self) -> Decimal:
        """All estimated taxes and fees on what is paid once."""
        return sum((tax.today for tax in self.quote.taxes), ZERO) if self.quote else ZERO


def seller_of(division: Division, site: Site | None) -> str:
    """Return the name of the brand that serves a division, where it is not the one whose site is looked at; else none."""
    brand = brand_of(division)
    return "" if brand is None or (site and brand.pk == site.brand_id) else brand.name


def card_of(package: ListedPackage, quote: Quote) -> Card:
    """Describe a package by the products that its quote prices."""
    products = {item.product.code: item.product for item in package.items}
    services = [line for line in quote.lines if line.family in SERVICES]
    parts = tuple(_part(line.name, line.family, products[line.code]) for line in services)
    also = tuple(line.name for line in quote.lines if line.family not in SERVICES)
    return Card(package.code, str(package.names), str(package.descriptions), parts, also, quote)


def cards_of(offers: Offers) -> tuple[Card, ...]:
    """Describe every package that an address can have."""
    return tuple(card_of(offer.package, offer.quote) for offer in offers.offered)


def _part(name: str, family: str, product: ListedProduct) -> Part:
    detail = speed_of(product.down_mbps, product.up_mbps) or str(product.descriptions)
    return Part(family, name, detail)


def speed_of(down_mbps: int | None, up_mbps: int | None) -> str:
    """Say a speed as people say it: 500 Mbps down, 20 Mbps up."""
    if not down_mbps:
        return ""
    if down_mbps == up_mbps:
        return _("%(speed)s both ways") % {"speed": speed_in_words(down_mbps)}
    if not up_mbps:
        return _("up to %(speed)s") % {"speed": speed_in_words(down_mbps)}
    return _("%(down)s down, %(up)s up") % {"down": speed_in_words(down_mbps), "up": speed_in_words(up_mbps)}


def shop_window(division: Division, on: date) -> tuple[Card, ...]:
    """Describe what a market sells before any address is known; what one can have depends on the address."""
    catalogue = catalogue_of(division, on)
    campaign = _shown_campaign(catalogue.campaigns, default=effective(division, DEFAULT_CAMPAIGN))
    if campaign is None:
        return ()
    cards = (_card_without_address(catalogue.package(code), division, on) for code in campaign.packages)
    return tuple(card for card in cards if card)


def _shown_campaign(campaigns: Sequence[ListedCampaign], *, default: str) -> ListedCampaign | None:
    selling = [campaign for campaign in campaigns if campaign.packages and "residential" in campaign.customer_classes]
    preferred = (campaign for campaign in selling if campaign.code == default)
    return next(preferred, selling[0] if selling else None)


def _card_without_address(package: ListedPackage, division: Division, on: date) -> Card | None:
    try:
        quote = price_cart(default_selection(package), division=division, on=on)
    except NotAllowed:
        return None
    return card_of(package, quote)


@dataclass(frozen=True)
class Found:
    """What an address can have of one family, in words."""

    family: str
    name: str
    outcome: str
    answer: str
    detail: str

    @property
    def can_be_ordered(self) -> bool:
        """Whether it can be had today."""
        return self.outcome in ORDERABLE


def found_families(answer: Qualification) -> tuple[Found, ...]:
    """Say what was found, family by family; the families that need no network are left out."""
    return tuple(_found(result) for result in answer.families if result.family in NETWORK_FAMILIES)


def _found(result: FamilyResult) -> Found:
    family, outcome = ProductFamily(result.family), Outcome(result.outcome)
    return Found(family.value, str(family.label), outcome.value, str(outcome.label), _detail(result))


def _detail(result: FamilyResult) -> str:
    if result.outcome == Outcome.PLANNED and result.available_from:
        return _("from %(date)s") % {"date": date_format(result.available_from)}
    if result.outcome in ORDERABLE:
        technology = str(Technology(result.technology).label) if result.technology in Technology.values else ""
        speed = speed_of(result.down_mbps, result.up_mbps) if result.family == ProductFamily.INTERNET else ""
        return ", ".join(filter(None, [technology, speed]))
    return result.reason


@dataclass(frozen=True)
class OptionRow:
    """One thing that can be chosen or added, with what it adds to the price in words, before taxes and fees."""

    code: str
    name: str
    text: str
    price: str
    is_chosen: bool
    quantity: int = 0
    maximum: int = 1
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class OptionSection:
    """A group of which one is chosen, or the add-ons; `name` is the field's, where the rows share one."""

    title: str
    name: str
    rows: tuple[OptionRow, ...]
    errors: tuple[str, ...] = ()


def difference_in_words(before: Quote, after: Quote) -> str:
    """Say by how much one cart costs more or less than another, before taxes and fees: each month, later, once."""
    once = after.one_time_before_taxes - before.one_time_before_taxes
    first = after.monthly_before_taxes - before.monthly_before_taxes
    later = after.monthly_after_before_taxes - before.monthly_after_before_taxes
    said = {
        "amount": _signed(first, after.currency),
        "after": _signed(later, after.currency),
        "once": _signed(once, after.currency),
        "months": after.promotion_months or before.promotion_months,
    }
    if not first and not later:
        return _("%(amount)s once") % {"amount": said["once"]} if once else _("included")
    monthly = (
        _("%(amount)s a month") % said
        if first == later
        else _("%(amount)s a month for %(months)s months, then %(after)s") % said
    )
    return _("%(monthly)s, %(once)s once") % {**said, "monthly": monthly} if once else monthly


def _signed(amount: Decimal, currency: str) -> str:
    written = format_money(amount, currency, get_language() or "en")
    return f"+{written}" if amount > 0 else written
