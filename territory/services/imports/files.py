"""A file is taken in: kept in blocks, its repeated keys found, and at the end forgotten."""

import csv
import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.jobs.models import Job, JobError
from foundation.jobs.services import resume_job, start_job
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from territory.events import PremisesImported
from territory.models import ImportBlock, ImportFile
from territory.services.imports.copying import PATIENTLY, copy_rows, storable
from territory.services.premises_file import read_header

KIND = "territory.import_premises"
ROWS_AT_ONCE = 20_000
LONGEST_LINE = 100_000
"""Characters in one row; what is longer has lost a quotation mark."""
HEADER_ROWS = 1
"""Blocks count the rows below the header; people are told the number that a spreadsheet shows."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@transaction.atomic
def start_import(content: BinaryIO, *, name: str, division: Division, by: User | None) -> Job:
    """
    Take a file of premises in, or go on with it if it was begun before and not finished.

    :raises NotAllowed: if it is empty, not in UTF-8, or has not the columns of `premises_file`
    """
    digest = _digest(content)
    with connection.cursor() as cursor:
        cursor.execute(PATIENTLY)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [digest])
    if begun := _begun(digest, division):
        return resume_job(begun.pk, by=by) if begun.status == JobStatus.FAILED else begun
    content.seek(0)
    header_line = _first_line(content)
    delimiter, header = read_header(header_line)
    file = ImportFile.objects.create(
        division=division, name=name[-160:], digest=digest, delimiter=delimiter, header=header, by=by
    )
    repeated = _keep(file, content)
    if not file.rows:
        raise NotAllowed(_("The file has a header and no rows."), code="empty")
    job = start_job(
        KIND, title=_("Premises from %s") % name[-120:], division=division, total=file.rows, chunk_size=ROWS_AT_ONCE,
        params={"file": file.pk}, by=by,
    )  # fmt: skip
    JobError.objects.bulk_create(
        (
            JobError(job=job, row=row, column="source_id", message=_same_as(first), raw=key)
            for row, first, key in repeated
        ),
        batch_size=5000,
    )
    file.job = job
    file.save(update_fields=["rows", "job"])
    return job


def _digest(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := content.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _begun(digest: str, division: Division) -> Job | None:
    unfinished = ImportFile.objects.filter(
        digest=digest, division=division, job__status__in=[JobStatus.RUNNING, JobStatus.FAILED]
    )
    file = unfinished.select_related("job").first()
    return file.job if file else None


def _first_line(content: BinaryIO) -> str:
    line = content.readline(LONGEST_LINE)
    if not line.strip():
        raise NotAllowed(_("The file is empty."), code="empty")
    if line.startswith(_UTF_16) or b"\x00" in line:
        raise NotAllowed(_("The file is not in UTF-8. Save it as “CSV UTF-8” and try again."), code="encoding")
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAllowed(
            _("The file is not in UTF-8. Save it as “CSV UTF-8” and try again."), code="encoding"
        ) from None


def _same_as(row: int) -> str:
    return _("The same number as in row %s.") % row


def _keep(file: ImportFile, content: BinaryIO) -> list[tuple[int, int, str]]:
    """Cut a file into blocks, count its rows, and return those whose key stands in an earlier row."""
    key_at = file.header.index("source_id")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS import_key")
        cursor.execute("CREATE TEMP TABLE import_key (row bigint, key text) ON COMMIT DROP")
        for lines, keys in _blocks(content, file.delimiter, key_at):
            ImportBlock.objects.create(
                file=file, first=file.rows + 1, content="".join(lines).encode("utf-8", "surrogateescape")
            )
            copy_rows(
                cursor, "import_key", ((file.rows + at, key) for at, key in enumerate(keys, HEADER_ROWS + 1) if key)
            )
            file.rows += len(keys)
        cursor.execute("""
            SELECT row, first, key FROM import_key
              JOIN (SELECT key, min(row) AS first FROM import_key GROUP BY key HAVING count(*) > 1) twice USING (key)
             WHERE row > first ORDER BY row
        """)
        return list(cursor.fetchall())


def _blocks(content: BinaryIO, delimiter: str, key_at: int) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the lines and the keys of as many rows as one chunk has."""
    lines: list[str] = []
    text = io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape", newline="")
    rows = csv.reader(_noted(text, lines), delimiter=delimiter)
    try:
        while block := list(itertools.islice(rows, ROWS_AT_ONCE)):
            yield lines, [storable(row[key_at].strip()) if len(row) > key_at else "" for row in block]
            lines.clear()
    except csv.Error as error:
        raise NotAllowed(
            _("The file cannot be read from line %(line)s on: %(error)s.")
            % {"line": rows.line_num + 1, "error": error},
            code="csv",
        ) from None
    finally:
        text.detach()


def _noted(text: Iterable[str], lines: list[str]) -> Iterator[str]:
    for line in text:
        lines.append(line)
        yield line


def finish_import(job: Job) -> None:
    """Let the planner know the new rows, drop the kept blocks, and tell the house."""
    file = ImportFile.objects.select_related("division", "by").get(pk=job.params["file"])
    file.blocks.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE territory_street; ANALYZE territory_spelling; ANALYZE territory_premises; ANALYZE territory_availability"
        )
    fact = PremisesImported(file_id=file.pk, added=file.added, changed=file.changed, unchanged=file.unchanged)
    publish(fact, subject=file, division=file.division, by=file.by)
