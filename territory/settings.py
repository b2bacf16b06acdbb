"""What a market decides about its territory."""

from django.utils.translation import gettext_lazy as _

from foundation.divisions.settings import declare

QUALIFICATION_DAYS = declare(
    "territory.qualification_days",
    kind=int,
    default=14,
    label=_("Days that an address check holds"),
    help=_("After these days the address is checked again before an order can be sent."),
    minimum=1,
    maximum=365,
)
PREMISES_CREATION = declare(
    "territory.premises_creation",
    kind=bool,
    default=False,
    label=_("Order entry may add addresses"),
    help=_("If not, the territory is what was imported, and an address that is not in it cannot be ordered for."),
)
