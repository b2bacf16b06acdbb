"""The settings that markets inherit for their orders."""

from django.utils.translation import gettext_lazy as _

from foundation.divisions.settings import declare

HOLD_MINUTES = declare(
    "orders.hold_minutes",
    kind=int,
    default=20,
    label=_("Appointments are kept for"),
    help=_("Minutes for which a chosen appointment is kept for a visitor who is still ordering."),
    minimum=1,
    maximum=240,
)
EARLIEST_DAYS = declare(
    "orders.earliest_days",
    kind=int,
    default=1,
    label=_("Earliest appointment"),
    help=_("Days from today. 0 is today."),
    minimum=0,
    maximum=60,
)
LATEST_DAYS = declare(
    "orders.latest_days",
    kind=int,
    default=30,
    label=_("Latest appointment"),
    help=_("Days from today."),
    minimum=1,
    maximum=365,
)
NO_VISIT_PRODUCTS = declare(
    "orders.no_visit_products",
    kind=list,
    default=[],
    label=_("Products that need no visit"),
    help=_("Codes, separated by commas. An order with one of them is installed by the customer."),
)
DRAFT_DAYS = declare(
    "orders.draft_days",
    kind=int,
    default=30,
    label=_("Carts are kept for"),
    help=_("Days without a change, after which an order that was never submitted is closed and its details erased."),
    minimum=1,
    maximum=365,
)
