"""The demonstration's two billing systems: the operator's own, and the franchise's."""

import os

from billing.models import BillingSystem
from billing.services import declare_products
from billing.settings import BILLING_SYSTEM
from catalog.models import Product
from config.demonstration.operator import FRANCHISE
from foundation.divisions.models import Division
from foundation.divisions.services import set_value

SYSTEMS = (
    ("main", "Larkspur billing", "larkspur"),
    ("franchise", "Juniper Hollow billing", FRANCHISE),
)


def load_billing_systems() -> None:
    """Make both billing systems, where the environment says that they are, and let their divisions use them."""
    for code, name, division_code in SYSTEMS:
        division = Division.objects.get(code=division_code)
        base_url = os.environ.get(f"BILLING_{code.upper()}_URL", "http://127.0.0.1:8101")
        BillingSystem.objects.update_or_create(
            code=code, defaults={"name": name, "division": division, "adapter": "tmf", "base_url": base_url}
        )
        set_value(division, BILLING_SYSTEM, code)


def introduce_catalogue() -> None:
    """Tell both vendors which products may be ordered; they refuse any other."""
    products = {product.code: product.names.in_language("en") for product in Product.objects.all()}
    for system in BillingSystem.objects.filter(code__in=[code for code, _name, _division in SYSTEMS]):
        declare_products(system.pk, products)
