"""The settings that markets inherit for their catalogue."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from catalog.models import Campaign
from catalog.states import CampaignStatus
from foundation.divisions.models import Division
from foundation.divisions.settings import declare


def _active_campaigns(division: Division) -> Iterator[tuple[str, str]]:
    yield "", "—"
    active = Campaign.objects.filter(status=CampaignStatus.ACTIVE, division__in=division.lineage)
    for campaign in active.order_by("code"):
        yield campaign.code, str(campaign)


DEFAULT_CAMPAIGN = declare(
    "catalog.default_campaign",
    kind=str,
    default="",
    label=_("Default campaign"),
    help=_(
        "The campaign that a new order starts with while nothing is known of the caller. "
        "Without one, the campaign of the highest priority is taken."
    ),
    choices=_active_campaigns,
)
