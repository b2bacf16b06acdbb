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
