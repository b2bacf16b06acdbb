"""What both benchmarks of the address search stand on: a million premises, and variants whose meaning is known."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench._premises import ROWS, premises_rows, write_premises
from tests.territory.variants import Variant, variants

FEWEST_RIGHT = 0.97
EVERY = 6
"""Every so many-th real address takes part: some six thousand searches."""

FLOOR_TABLE = """
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE TABLE bench_address AS
        SELECT p.id AS premises_id, lower(p.street_line) AS norm, p.house_number, p.zip_code, lower(p.city) AS city
          FROM territory_premises p;
    CREATE INDEX ON bench_address (zip_code, house_number);
    CREATE INDEX ON bench_address (city, house_number);
    CREATE INDEX ON bench_address USING gin (norm gin_trgm_ops);
    ANALYZE bench_address;
"""
"""The usual way: one normalised line per premises, with an index for each way to ask."""


def import_a_million() -> Any:
    """Import the premises under one division, and return it."""
    from foundation.divisions.models import Division
    from foundation.jobs.services import work_one_chunk
    from territory.services import start_import

    division = Division.objects.create(code="bench", name="Bench")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "premises.csv"
        write_premises(path, premises_rows(ROWS))
        with path.open("rb") as file:
            job = start_import(file, name=path.name, division=division, by=None)
    while work_one_chunk(job.pk):
        pass
    return division


def make_floor_table() -> int:
    """Make the floor's table of the same premises, let Postgres tidy up, and return how many rows it has."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FLOOR_TABLE)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM bench_address")
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Recall:
    """How many first suggestions were right, by kind of variant, and how many wrong addresses were taken for certain."""

    by_kind: dict[str, float]
    overall: float
    wrong: int
    searches: int


def measure_recall(search: Callable[[str], Any]) -> Recall:
    """
    Search for every variant and compare the first suggestion with what was meant.

    A text without ZIP and town can mean a house of the same street and number in another town as well: there, any
    of them counts as right, and none may be taken for certain.
    """
    from territory.models import Premises

    meant = {row.source_id: row for row in Premises.objects.filter(source_id__startswith="A")}
    asked: dict[str, int] = {}
    right: dict[str, int] = {}
    wrong = 0
    for variant in sample():
        wanted = meant[variant.source_id]
        found = search(variant.text)
        asked[variant.kind] = asked.get(variant.kind, 0) + 1
        right[variant.kind] = right.get(variant.kind, 0) + is_right(variant, found, wanted)
        wrong += bool(found.exact and found.exact.premises_id != wanted.pk)
    kinds = {kind: round(right[kind] / asked[kind], 4) for kind in asked}
    return Recall(kinds, sum(right.values()) / sum(asked.values()), wrong, sum(asked.values()))


def is_right(variant: Variant, found: Any, wanted: Any) -> bool:
    """Tell whether the first suggestion is what the variant means."""
    if not found.candidates:
        return False
    first = found.candidates[0]
    if first.building:
        return variant.kind == "without_unit" and first.building.key == f"{wanted.street_id}-{wanted.house_number}"
    same_line = variant.kind == "misspelt_blind" and first.label.startswith(f"{wanted.street_line},")
    return first.premises_id == wanted.pk or same_line


def sample(*kinds: str) -> list[Variant]:
    """Return the variants of some kinds, or of all."""
    from config.demonstration.addresses import real_addresses

    return [variant for variant in variants(real_addresses()[::EVERY]) if not kinds or variant.kind in kinds]


def refuse_below(recall: Recall) -> None:
    """Stop where a fast search finds the wrong thing."""
    for kind, share in recall.by_kind.items():
        print(f"  {kind:20} {share:.2%}", file=sys.stderr)
    if recall.overall < FEWEST_RIGHT or min(recall.by_kind.values()) < FEWEST_RIGHT or recall.wrong:
        sys.exit(f"Recall {recall.overall:.2%}, {recall.wrong} wrong addresses taken for certain.")


def statements_of(search: Callable[[str], Any], texts: Iterable[str]) -> float:
    """Return how many statements a search takes on average."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    texts = list(texts)
    with CaptureQueriesContext(connection) as captured:
        for text in texts:
            search(text)
    return round(len(captured) / len(texts), 2)


@contextmanager
def as_in_a_request() -> Any:
    """Read the configuration's version once, as the site's middleware does for every request."""
    from foundation.divisions.queries import one_configuration_version

    with one_configuration_version():
        yield
