"""
One million rows of a CSV file through the import: normalised, checked, with rejects; against bare COPY.

The floor copies the very rows that the import made into the same tables, with the same indexes and constraints.
One row in a hundred is wrong.
"""

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from bench._premises import ROWS, Row, premises_rows, write_premises
from bench.harness import bench_database, compare, set_up_django

TABLES = ("territory_street", "territory_spelling", "territory_premises", "territory_availability")
WRONG_EVERY = 100


def rows_with_faults() -> Iterator[Row]:
    """Yield the rows, each hundredth with one of four faults."""
    faults = itertools.cycle((_without_zip, _ragged, _repeated, _without_street))
    before: Row = ()
    for number, row in enumerate(premises_rows(ROWS), 1):
        yield next(faults)(row, before) if number % WRONG_EVERY == 0 else row
        before = row


def _without_zip(row: Row, _before: Row) -> Row:
    return (*row[:5], "n/a", *row[6:])


def _ragged(row: Row, _before: Row) -> Row:
    return row[:-3]


def _repeated(row: Row, before: Row) -> Row:
    return (before[0], *row[1:])


def _without_street(row: Row, _before: Row) -> Row:
    return (row[0], "", *row[2:])


def empty() -> None:
    """Empty the tables, and write what is dirty, so that neither side pays for the other."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        cursor.execute("RESET session_replication_role")
        cursor.execute("CHECKPOINT")


def load(source: Path, division: Any) -> None:
    """Take the file in by the command, with its two workers."""
    call_command("import_premises", source, division=division.code, stdout=io.StringIO())


def keep(folder: Path) -> None:
    """Write the tables' rows to files for the floor."""
    with connection.cursor() as cursor:
        for table in TABLES:
            with (folder / table).open("wb") as file:
                cursor.copy_expert(f"COPY {table} TO STDOUT (FORMAT csv)", file)


def copy_back(folder: Path) -> None:
    """Copy those rows to the tables, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            with (folder / table).open("rb") as file:
                cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", file)


def counts() -> list[int]:
    """Count the rows of each table."""
    found = []
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found.append(cursor.fetchone()[0])
    return found


def main(pairs: int = 5) -> None:
    """Measure and print."""
    with bench_database("import_premises"), tempfile.TemporaryDirectory() as name:
        set_up_django()
        from foundation.divisions.models import Division
        from foundation.jobs.models import JobError

        folder = Path(name)
        source = folder / "premises.csv"
        write_premises(source, rows_with_faults())
        division = Division.objects.create(code="bench", name="Bench")

        load(source, division)
        rows, refused = counts(), JobError.objects.count()
        assert rows[TABLES.index("territory_premises")] + refused == ROWS, (rows, refused)
        keep(folder)
        empty()
        copy_back(folder)
        assert counts() == rows
        result = compare(
            "import_premises", lambda: load(source, division), lambda: copy_back(folder),
            pairs=pairs, warm_up=0, between=empty, rows=sum(rows), refused=refused, delivered=ROWS,
        )  # fmt: skip
        assert counts() == rows
        print(result.as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
