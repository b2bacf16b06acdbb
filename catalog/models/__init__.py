"""
What is sold, for how much, to whom and when.

Every row belongs to a division and holds there and below. Where a division below says the same thing again (a price or
a cost of the same product and kind, a promotion of the same target and kind, a charge of the same code), the nearest one wins.
Dates are dates of the division; `ends_on` is the last day, and nothing there means "until further notice".
"""

from catalog.models.campaigns import Campaign, CampaignPackage, every_class
from catalog.models.charges import Charge
from catalog.models.dated import Dated, Days, holding_on, never_two_at_once
from catalog.models.eligibility import EligibilityCriterion, EligibilityGroup
from catalog.models.packages import Package, PackageItem
from catalog.models.products import Cost, Price, Product
from catalog.models.promotions import Promotion

__all__ = [
    "Campaign",
    "CampaignPackage",
    "Charge",
    "Cost",
    "Dated",
    "Days",
    "EligibilityCriterion",
    "EligibilityGroup",
    "Package",
    "PackageItem",
    "Price",
    "Product",
    "Promotion",
    "every_class",
    "holding_on",
    "never_two_at_once",
]
