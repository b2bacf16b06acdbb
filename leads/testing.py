"""Make leads for tests, by way of the services."""

from itertools import count

from accounts.models import AgreedText
from accounts.states import ConsentKind
from foundation.divisions.models import Division
from leads.models import Lead
from leads.services import LeadDetails, capture_lead
from orders.states import Channel
from territory.models import Qualification
from territory.states import AvailabilityStatus, ProductFamily
from territory.testing import make_qualification

_numbers = count(1)


def make_lead(division: Division, *, qualification: Qualification | None = None, email: str = "") -> Lead:
    """Make a lead at an address that cannot be served."""
    number = next(_numbers)
    qualification = qualification or make_qualification(division, status=AvailabilityStatus.UNSERVICEABLE)
    return capture_lead(
        key=f"lead-form-{number}",
        qualification_id=qualification.pk,
        details=LeadDetails.typed(name=f"Lee Lead {number}", email=email or f"lee-{number}@people.example"),
        families=[ProductFamily.INTERNET],
        agreed=AgreedText(kind=ConsentKind.NOTIFY, text_version="1", text="Tell me when there is service."),
        channel=Channel.WEB,
        language="en",
    )
