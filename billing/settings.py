"""The inherited division settings that billing reads."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from billing.models import BillingSystem
from foundation.divisions.models import Division
from foundation.divisions.settings import declare


def _billing_systems(division: Division) -> Iterator[tuple[str, str]]:
    yield "", "–"
    yield from BillingSystem.objects.filter(division__in=division.lineage).values_list("code", "name")


BILLING_SYSTEM = declare(
    "billing.system",
    kind=str,
    default="",
    label=_("Billing system"),
    help=_("Where this market's work orders, and later its credits, are sent."),
    choices=_billing_systems,
)
DELINQUENT_AFTER_DAYS = declare(
    "billing.delinquent_after_days",
    kind=int,
    default=10,
    label=_("Bills count as overdue after"),
    help=_(
        "Days after the due date of the oldest unpaid bill. From the day after that, the account counts as overdue, "
        "and a new order of the same customer waits for a person."
    ),
    minimum=0,
    maximum=365,
)
