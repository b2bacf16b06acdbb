"""Every change to the territory: imports, single addresses, and checks with their record."""

from territory.services.imports import start_import
from territory.services.premises import (
    create_premises,
    end_occupancy,
    lift_override,
    override_availability,
    record_occupancy,
)
from territory.services.qualification import look_up_address, overall, qualify, requalify

__all__ = [
    "create_premises", "end_occupancy", "lift_override", "look_up_address", "overall", "override_availability", "qualify",
    "record_occupancy", "requalify", "start_import",
]  # fmt: skip
