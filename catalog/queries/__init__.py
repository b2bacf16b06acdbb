"""Every read of the catalogue that has a rule in it."""

from catalog.queries.access import (
    campaigns_visible_to,
    charges_visible_to,
    packages_visible_to,
    prices_by_division,
    prices_visible_to,
    products_visible_to,
    promotions_visible_to,
)
from catalog.queries.catalogue import (
    Catalogue,
    ListedCampaign,
    ListedCharge,
    ListedItem,
    ListedPackage,
    ListedProduct,
    ListedPromotion,
)
from catalog.queries.loading import catalogue_of
from catalog.queries.offers import (
    CampaignNode,
    ChoiceGroup,
    OfferedPackage,
    Offers,
    Option,
    PackageNode,
    PackageOptions,
    RefusedPackage,
    eligibility_tree,
    offers_for,
    package_options,
    price_cart,
)
from catalog.queries.pricing import AppliedPromotion, MonthlyStep, Quote, QuoteLine, QuoteTax, Selection
from catalog.queries.reasons import Reason

__all__ = [
    "AppliedPromotion",
    "CampaignNode",
    "Catalogue",
    "ChoiceGroup",
    "ListedCampaign",
    "ListedCharge",
    "ListedItem",
    "ListedPackage",
    "ListedProduct",
    "ListedPromotion",
    "MonthlyStep",
    "OfferedPackage",
    "Offers",
    "Option",
    "PackageNode",
    "PackageOptions",
    "Quote",
    "QuoteLine",
    "QuoteTax",
    "Reason",
    "RefusedPackage",
    "Selection",
    "campaigns_visible_to",
    "catalogue_of",
    "charges_visible_to",
    "eligibility_tree",
    "offers_for",
    "package_options",
    "packages_visible_to",
    "price_cart",
    "prices_by_division",
    "prices_visible_to",
    "products_visible_to",
    "promotions_visible_to",
]
