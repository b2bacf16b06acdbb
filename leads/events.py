"""What happens to leads."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class LeadCaptured(Fact, name="leads.captured"):
    """Somebody who cannot be served now left an address to be told."""

    lead_id: int
    outcome: str


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(Fact, name="leads.assigned"):
    """A lead was given to somebody."""

    lead_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class LeadContacted(Fact, name="leads.contacted"):
    """Somebody spoke with a lead."""

    lead_id: int


@dataclass(frozen=True, kw_only=True)
class LeadNoted(Fact, name="leads.noted"):
    """Something was written down about a lead."""

    lead_id: int
    note_id: int


@dataclass(frozen=True, kw_only=True)
class LeadConverted(Fact, name="leads.converted"):
    """A lead became an order."""

    lead_id: int
    order_id: int


@dataclass(frozen=True, kw_only=True)
class LeadClosed(Fact, name="leads.closed"):
    """A lead leads nowhere."""

    lead_id: int
    reason: str
