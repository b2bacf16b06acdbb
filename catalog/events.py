"""What happens in the catalogue."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class PriceChanged(Fact, name="catalog.price_changed"):
    """A product has a new price in a division from a date on."""

    product: str
    division: str
    kind: str
    amount: str
    currency: str
    starts_on: str


@dataclass(frozen=True, kw_only=True)
class PriceWithdrawn(Fact, name="catalog.price_withdrawn"):
    """A price that was to begin on a date (ISO) will not."""

    product: str
    division: str
    kind: str
    starts_on: str


@dataclass(frozen=True, kw_only=True)
class CostChanged(Fact, name="catalog.cost_changed"):
    """What a product costs us in a division was said anew from a date (ISO) on: never how much it is."""

    product: str
    division: str
    kind: str
    starts_on: str
    is_known: bool


@dataclass(frozen=True, kw_only=True)
class CampaignActivated(Fact, name="catalog.campaign_activated"):
    """A campaign is shown to those whom it addresses."""

    campaign: str


@dataclass(frozen=True, kw_only=True)
class CampaignDeactivated(Fact, name="catalog.campaign_deactivated"):
    """A campaign is shown to nobody any more."""

    campaign: str
