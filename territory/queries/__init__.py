"""Every read of the territory that has a rule in it."""

from territory.queries.search import (
    AddressSearch,
    Building,
    Candidate,
    division_ids_below,
    premises_ids_like,
    search_addresses,
    streets_like,
    units_of,
)
from territory.queries.streets import streets_called, zip_code_in

__all__ = [
    "AddressSearch",
    "Building",
    "Candidate",
    "division_ids_below",
    "premises_ids_like",
    "search_addresses",
    "streets_called",
    "streets_like",
    "units_of",
    "zip_code_in",
]  # fmt: skip
