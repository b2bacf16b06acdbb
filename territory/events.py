"""What the territory tells the house."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class PremisesImported(Fact, name="territory.premises_imported"):
    """All rows of a file were taken in or refused."""

    file_id: int
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, kw_only=True)
class PremisesCreated(Fact, name="territory.premises_created"):
    """Order entry added an address that no import knew."""

    premises_id: int


@dataclass(frozen=True, kw_only=True)
class AvailabilityOverridden(Fact, name="territory.availability_overridden"):
    """An operator said of an address something else than was imported."""

    override_id: int
    status: str


@dataclass(frozen=True, kw_only=True)
class OverrideLifted(Fact, name="territory.override_lifted"):
    """What was imported counts again."""

    override_id: int
