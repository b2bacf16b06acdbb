"""Every read of the catalogue that has a rule in it."""

from catalog.queries.access import (
    PricePreview,
    preview_price,
    prices_by_division,
    prices_to_come,
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
from catalog.queries.costs import Costs, costs_of
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
    require_offered,
)
from catalog.queries.pricing import AppliedPromotion, MonthlyStep, Quote, QuoteLine, QuoteTax, Selection
from catalog.queries.reasons import Reason, speed_in_words

__all__ = [
    "AppliedPromotion",
    "CampaignNode",
    "Catalogue",
    "ChoiceGroup",
    "Costs",
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
    "PricePreview",
    "Quote",
    "QuoteLine",
    "QuoteTax",
    "Reason",
    "RefusedPackage",
    "Selection",
    "catalogue_of",
    "costs_of",
    "eligibility_tree",
    "offers_for",
    "package_options",
    "preview_price",
    "price_cart",
    "prices_by_division",
    "prices_to_come",
    "require_offered",
    "speed_in_words",
]
