"""One block of a file is read, checked, staged and merged, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.jobs.models import Job, JobChunk, JobError
from foundation.jobs.services import ChunkResult
from territory.models import ImportBlock, ImportFile
from territory.services.imports.copying import PATIENTLY, copy_rows, storable
from territory.services.imports.files import HEADER_ROWS
from territory.services.imports.merging import OFFER_TEXTS, STAGED_TEXTS, STAGING, Merge
from territory.services.imports.streets import street_ids
from territory.services.premises_file import BlockReader, Offers, PremisesRow, RowProblem, read_rows

LONGEST_RAW = 2000


def import_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Take one block of a file in: what is right to the tables, what is wrong to the job's errors."""
    block = ImportBlock.objects.select_related("file__division").get(file_id=job.params["file"], first=chunk.first)
    file = block.file
    reader = BlockReader(file.header)
    errors: list[JobError] = []

    def refuse(row: int, raw: list[str], problem: RowProblem) -> None:
        text = storable(",".join(raw))[:LONGEST_RAW]
        errors.append(JobError(job=job, row=row, column=problem.column, message=problem.message[:300], raw=text))

    with connection.cursor() as cursor:
        cursor.execute(PATIENTLY)
        cursor.execute(STAGING)
        first, last = (row + HEADER_ROWS for row in (chunk.first, chunk.last))
        repeated = set(job.errors.filter(row__range=(first, last)).values_list("row", flat=True))
        numbered = enumerate(read_rows(bytes(block.content), file.delimiter), first)
        rows = list(_right_rows(reader, (row for row in numbered if row[0] not in repeated), refuse))
        streets = street_ids(cursor, file.division_id, reader)
        copy_rows(cursor, "staged", ((number, streets[row.street], *row) for number, row in rows), texts=STAGED_TEXTS)
        copy_rows(cursor, "staged_offer", _flat(reader.offers), texts=OFFER_TEXTS)
        cursor.execute("ANALYZE staged")
        merge = None
        while merge is None:
            merge = _merged(cursor, job, file.division, streets, has_offers=reader.has_offers)
        errors += merge.errors
    JobError.objects.bulk_create(errors, batch_size=5000)
    ImportFile.objects.filter(pk=file.pk).update(
        added=F("added") + merge.added,
        changed=F("changed") + merge.changed,
        unchanged=F("unchanged") + len(rows) - len(merge.errors) - merge.added - merge.changed,
    )
    return ChunkResult(done=chunk.last - chunk.first + 1, wrong=len(errors) + len(repeated))


def _merged(
    cursor: CursorWrapper, job: Job, division: Division, streets: list[int], *, has_offers: bool
) -> "Merge | None":
    """
    Bring the tables up to the staged rows; nothing, and nothing is changed, if a neighbour was there meanwhile.

    Neighbours who take the same address in at the same time do not see each other before they commit. So each looks
    once more at the end, one after the other: the second one waits for the first, finds what it has taken, and begins
    anew. What takes time, the work before, they do side by side.
    """
    relatives = relatives_of(division)
    with transaction.atomic():
        merge = Merge(cursor, job, division.pk)
        contested = merge.leave_to_others(streets, relatives)
        merge.premises()
        if has_offers:
            merge.availability()
        take_turns(cursor)
        is_overtaken = bool(merge.contested(streets, relatives) - contested)
        transaction.set_rollback(is_overtaken)
    return None if is_overtaken else merge


def take_turns(cursor: CursorWrapper) -> None:
    """
    Wait until nobody else is about to commit addresses, and keep others waiting until we have.

    It comes after everything that waits for other rows of addresses, or two would wait for each other.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('territory: whose address it is'))")


def _right_rows(
    reader: BlockReader, rows: Iterable[tuple[int, list[str]]], refuse: Callable[[int, list[str], RowProblem], None]
) -> Iterator[tuple[int, PremisesRow]]:
    """Yield the rows that are right with their numbers; refuse the others."""
    addresses: dict[tuple[int, str, str], int] = {}
    for number, raw in rows:
        try:
            _check_characters(raw)
            row = reader.read(raw)
            _check_address(addresses.setdefault((row.street, row.house_number, row.unit_key), number), number)
        except RowProblem as problem:
            refuse(number, raw, problem)
        else:
            yield number, row


def _check_address(first: int, number: int) -> None:
    if first != number:
        raise RowProblem("street", _("The same address as in row %s.") % first)


def _check_characters(row: list[str]) -> None:
    text = "".join(row)
    if text.isascii() and text.isprintable():
        return
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise RowProblem("", _("Some characters are not UTF-8."))


def _flat(offers: dict[Offers, int]) -> Iterator[tuple[Any, ...]]:
    return ((number, *offer) for families, number in offers.items() for offer in families)


def relatives_of(division: Division) -> list[int]:
    """Return the ids of a division, of those above it, and of those below it."""
    below = Division.objects.under(division).values_list("pk", flat=True)
    return [*{*division.lineage, *below}]
