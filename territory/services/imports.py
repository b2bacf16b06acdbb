# ruff: noqa: S608  # statements put together from column names of ours; every value is a parameter
"""
Premises from a file, by COPY, in chunks that any number of workers can take.

Starting keeps the file in blocks of rows and finds the keys that stand in it twice. Each block is then one chunk of a
job: read, checked and copied to a temporary table, from where a handful of statements brings the real tables up to it.
A chunk is one transaction with its progress and its errors, so a killed worker's chunk is simply taken again, and
running a file a second time changes only what differs.
"""

import csv
import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.jobs.models import Job, JobChunk, JobError
from foundation.jobs.services import ChunkResult, resume_job, start_job
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from territory.addresses.likeness import PREFIX, remainders
from territory.events import PremisesImported
from territory.models import ImportBlock, ImportFile
from territory.services.premises_file import (
    OFFERED,
    BlockReader,
    Offers,
    PremisesRow,
    RowProblem,
    StreetKey,
    read_header,
    read_rows,
)

KIND = "territory.import_premises"
ROWS_AT_ONCE = 20_000
LONGEST_LINE = 100_000
"""Characters in one row; what is longer has lost a quotation mark."""
HEADER_ROWS = 1
"""Blocks count the rows below the header; people are told the number that a spreadsheet shows."""
LONGEST_RAW = 2000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@transaction.atomic
def start_import(content: BinaryIO, *, name: str, division: Division, by: User | None) -> Job:
    """
    Take a file of premises in, or go on with it if it was begun before and not finished.

    :raises NotAllowed: if it is empty, not in UTF-8, or has not the columns of `premises_file`
    """
    digest = _digest(content)
    with connection.cursor() as cursor:
        cursor.execute(_PATIENTLY)
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
            _copy(cursor, "import_key", ((file.rows + at, key) for at, key in enumerate(keys, HEADER_ROWS + 1) if key))
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
            yield lines, [_storable(row[key_at].strip()) if len(row) > key_at else "" for row in block]
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


def _storable(text: str) -> str:
    """Return a text as the database can keep it: what is no character is shown as a question mark."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "?")


def _copy(cursor: CursorWrapper, table: str, rows: Iterable[Iterable[Any]], *, texts: Iterable[str] = ()) -> None:
    """Copy rows to a table; an empty value is NULL, except in the columns named as texts."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    force = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv{force})", buffer)


def import_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Take one block of a file in: what is right to the tables, what is wrong to the job's errors."""
    block = ImportBlock.objects.select_related("file__division").get(file_id=job.params["file"], first=chunk.first)
    file = block.file
    reader = BlockReader(file.header)
    errors: list[JobError] = []

    def refuse(row: int, raw: list[str], problem: RowProblem) -> None:
        text = _storable(",".join(raw))[:LONGEST_RAW]
        errors.append(JobError(job=job, row=row, column=problem.column, message=problem.message[:300], raw=text))

    with connection.cursor() as cursor:
        cursor.execute(_PATIENTLY)
        cursor.execute(_STAGING)
        first, last = (row + HEADER_ROWS for row in (chunk.first, chunk.last))
        repeated = set(job.errors.filter(row__range=(first, last)).values_list("row", flat=True))
        numbered = enumerate(read_rows(bytes(block.content), file.delimiter), first)
        rows = list(_right_rows(reader, (row for row in numbered if row[0] not in repeated), refuse))
        streets = _streets(cursor, file.division_id, reader)
        _copy(cursor, "staged", ((number, streets[row.street], *row) for number, row in rows), texts=_STAGED_TEXTS)
        _copy(cursor, "staged_offer", _flat(reader.offers), texts=_OFFER_TEXTS)
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
) -> "_Merge | None":
    """
    Bring the tables up to the staged rows; nothing, and nothing is changed, if a neighbour was there meanwhile.

    Neighbours who take the same address in at the same time do not see each other before they commit. So each looks
    once more at the end, one after the other: the second one waits for the first, finds what it has taken, and begins
    anew. What takes time, the work before, they do side by side.
    """
    relatives = relatives_of(division)
    with transaction.atomic():
        merge = _Merge(cursor, job, division.pk)
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


_PATIENTLY = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"
"""Bulk work waits for other bulk work: two chunks may make the same street."""
_STAGING = """
    DROP TABLE IF EXISTS staged, staged_offer, matched, twin;
    CREATE TEMP TABLE staged (
        row bigint PRIMARY KEY, street_id bigint, source_id text, street_no int, house_number text, unit_key text, street_line text,
        unit text, city text, state text, zip_code text, latitude float8, longitude float8, node text,
        offers int
    ) ON COMMIT DROP;
    CREATE TEMP TABLE staged_offer (
        offers int, family text, status text, technology text, down_mbps int, up_mbps int, available_from date, reason text,
        alternate_technology text, alternate_down_mbps int, alternate_up_mbps int
    ) ON COMMIT DROP;
    CREATE TEMP TABLE matched (row bigint PRIMARY KEY, premises_id bigint, is_new boolean) ON COMMIT DROP;
    CREATE TEMP TABLE twin (street_id bigint, twin_id bigint) ON COMMIT DROP;
"""
_BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
"""A chunk looks up its own rows by index: reading whole tables for each would make ten million rows take for ever."""
_BY_HASH = "SET LOCAL enable_hashjoin = on"
"""Staged rows find each other by hash."""
_STAGED_TEXTS = ("source_id", "house_number", "unit_key", "street_line", "unit", "city", "state", "zip_code", "node")
_OFFER_TEXTS = ("family", "status", "technology", "reason", "alternate_technology")


def _streets(cursor: CursorWrapper, division_id: int, reader: BlockReader) -> list[int]:
    """Return the ids of a block's streets in the order of their numbers, new ones made and their spellings with them."""
    if not reader.streets:
        return []
    columns = [list(column) for column in zip(*reader.streets, strict=True)]
    params: dict[str, Any] = {"division": division_id, "towns": reader.towns}
    params |= {f"column_{index}": column for index, column in enumerate(columns)}
    cursor.execute(_NEW_STREETS, params)
    add_spellings(cursor, {name for (name,) in cursor.fetchall()})
    cursor.execute(_STREET_IDS, params)
    return [street_id for (street_id,) in cursor.fetchall()]


_WANTED_STREETS = "unnest({}) WITH ORDINALITY AS wanted ({}, city, place)".format(
    ", ".join([*(f"%(column_{index})s::text[]" for index in range(len(StreetKey._fields))), "%(towns)s::text[]"]),
    ", ".join(StreetKey._fields),
)
_SAME_STREET = " AND ".join(f"street.{column} = wanted.{column}" for column in StreetKey._fields)
_NEW_STREETS = f"""
    INSERT INTO territory_street (division_id, {", ".join(StreetKey._fields)}, city)
    SELECT %(division)s, {", ".join(f"wanted.{column}" for column in StreetKey._fields)}, wanted.city FROM {_WANTED_STREETS}
     WHERE NOT EXISTS (
        SELECT FROM territory_street street WHERE street.division_id = %(division)s AND {_SAME_STREET}
     )
     ORDER BY {", ".join(f"wanted.{column}" for column in StreetKey._fields)}
    ON CONFLICT DO NOTHING RETURNING name
"""  # ordered, so that two workers never wait for each other crosswise
_STREET_IDS = f"""
    SELECT street.id FROM {_WANTED_STREETS}
      JOIN territory_street street ON street.division_id = %(division)s AND {_SAME_STREET}
     ORDER BY place
"""


def add_spellings(cursor: CursorWrapper, names: set[str]) -> None:
    """Let the search find new names when they are misspelt."""
    if not names:
        return
    cursor.execute(
        """
        SELECT name FROM unnest(%(names)s) AS name
         WHERE NOT EXISTS (
            SELECT FROM territory_spelling spelling
             WHERE spelling.remainder = left(name, %(prefix)s) AND spelling.name = name.name
         )
        """,
        {"names": list(names), "prefix": PREFIX},
    )
    pairs = sorted((left, name) for (name,) in cursor.fetchall() for left in remainders(name))
    if pairs:
        cursor.execute(
            "INSERT INTO territory_spelling (remainder, name) SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            [[left for left, _name in pairs], [name for _left, name in pairs]],
        )


_DELIVERED = (
    "street_id",
    "house_number",
    "unit_key",
    "street_line",
    "unit",
    "city",
    "state",
    "zip_code",
    "latitude",
    "longitude",
    "node",
)
_OFFER_VALUES = ("status", "technology", "down_mbps", "up_mbps", "available_from", "reason", *OFFERED[6:])


def _columns(prefix: str, names: Iterable[str]) -> str:
    return ", ".join(f"{prefix}.{name}" for name in names)


def relatives_of(division: Division) -> list[int]:
    """Return the ids of a division, of those above it, and of those below it."""
    below = Division.objects.under(division).values_list("pk", flat=True)
    return [*{*division.lineage, *below}]


class _Merge:
    """Brings the real tables up to the staged rows of one chunk, statement by statement."""

    def __init__(self, cursor: CursorWrapper, job: Job, division_id: int) -> None:
        self.added = 0
        self.changed = 0
        self.errors: list[JobError] = []
        self._cursor = cursor
        self._job = job
        self._division = {"division": division_id}
        self._changed: set[int] = set()

    def leave_to_others(self, streets: list[int], relatives: list[int]) -> set[int]:
        """
        Refuse the addresses that a market beside this one serves: whoever took them in would have its orders.

        Markets above and below may know the same address. What this one has already stays its own; the rows of that
        which a neighbour has as well are returned.
        """
        contested = self.contested(streets, relatives)
        if not contested:
            return contested
        for row, line in self._run(_LEAVE_TO_OTHERS):
            message = _("Another market serves this address.")
            self.errors.append(JobError(job=self._job, row=row, column="street", message=message, raw=line))
            contested.discard(row)
        return contested

    def contested(self, streets: list[int], relatives: list[int]) -> set[int]:
        """Return the rows whose address a market beside this one has, as far as is committed."""
        self._cursor.execute(_BY_INDEX)
        self._cursor.execute("DELETE FROM twin")
        self._cursor.execute(_TWINS, {"streets": streets, "relatives": relatives})
        if not self._cursor.rowcount:
            return set()
        self._cursor.execute("ANALYZE twin")
        return {row for (row,) in self._run(_CONTESTED)}

    def premises(self) -> None:
        """Update the premises that are known under their number, add the others."""
        self._cursor.execute(_BY_INDEX)
        self._run(_MATCH)
        self._cursor.execute("ANALYZE matched")
        self._cursor.execute("SELECT count(*) FROM matched")
        known = self._cursor.fetchone()[0]
        if known:
            self._run(_LEAVE_WHAT_MOVES_ONTO_OTHERS)
            self._changed |= {row for (row,) in self._run(_UPDATE)}
        self._cursor.execute(_BY_HASH)
        self.added = self._add()
        self._cursor.execute(_BY_INDEX)
        self._cursor.execute("SELECT (SELECT count(*) FROM staged) - (SELECT count(*) FROM matched)")
        if self._cursor.fetchone()[0]:
            self._changed |= {row for (row,) in self._run(_ADOPT)}
            self._refuse(self._run(_TAKEN))
        self.changed = len(self._changed)

    def _add(self) -> int:
        """Add what is new: in the usual case at once, else leaving out the rows whose address is taken."""
        try:
            with transaction.atomic():
                self._run(_INSERT)
        except IntegrityError:
            self._run(_INSERT_WHERE_FREE)
        return int(self._cursor.rowcount)

    def availability(self) -> None:
        """Let each premises have what the file says, and nothing else."""
        self._cursor.execute(_BY_HASH)
        self._run(_OFFER_NEW)
        self._cursor.execute(_BY_INDEX)
        self._cursor.execute("SELECT EXISTS (SELECT FROM matched WHERE NOT is_new)")
        if not self._cursor.fetchone()[0]:
            return
        for statement in (_OFFER_DROP, _OFFER_UPDATE, _OFFER_ADD):
            self._changed |= {row for (row,) in self._run(statement)}
        self.changed = len(self._changed)

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement, self._division)
        return self._cursor.fetchall() if self._cursor.description else []

    def _refuse(self, rows: list[tuple[Any, ...]]) -> None:
        for row, source_id, line in rows:
            message = _("The address belongs to number %s already.") % source_id
            self.errors.append(JobError(job=self._job, row=row, column="street", message=message, raw=line))


SAME_PLACE = "(twin.name, twin.zip_code, twin.city_key, twin.state) = (own.name, own.zip_code, own.city_key, own.state)"
"""The first columns of the streets' index, by which a street of another division is looked up."""
SAME_WORDS = " AND ".join(
    f"(twin.{word} = own.{word} OR '' IN (twin.{word}, own.{word}))" for word in ("before", "suffix", "after")
)
"""A street is the same with a word left out: who types it so is led to either."""
_TWINS = f"""
    INSERT INTO twin SELECT own.id, twin.id
      FROM territory_street own
      JOIN territory_street twin ON {SAME_PLACE} AND {SAME_WORDS}
     WHERE own.id = ANY(%(streets)s) AND twin.division_id <> ALL(%(relatives)s)
"""
_AT_TWIN = """
    t.street_id = s.street_id AND p.street_id = t.twin_id
       AND (p.house_number, p.unit_key) = (s.house_number, s.unit_key)
"""
_CONTESTED = f"SELECT s.row FROM staged s, twin t, territory_premises p WHERE {_AT_TWIN}"
_LEAVE_TO_OTHERS = f"""
    DELETE FROM staged s USING twin t, territory_premises p
     WHERE {_AT_TWIN}
       AND NOT EXISTS (
        SELECT FROM territory_premises own
         WHERE (own.street_id, own.house_number, own.unit_key) = (s.street_id, s.house_number, s.unit_key)
       )
    RETURNING s.row, s.street_line
"""
_AT_ADDRESS = "(p.street_id, p.house_number, p.unit_key) = (s.street_id, s.house_number, s.unit_key)"
_MATCH = """
    INSERT INTO matched SELECT s.row, p.id, false
      FROM staged s
      CROSS JOIN LATERAL (
        SELECT id FROM territory_premises p WHERE p.division_id = %(division)s AND p.source_id = s.source_id OFFSET 0
      ) p
"""
"""One look-up for each staged row. Of a market that is new the planner expects no premises, and would begin with these."""
_LEAVE_WHAT_MOVES_ONTO_OTHERS = f"""
    DELETE FROM matched m USING staged s, territory_premises p
     WHERE s.row = m.row AND {_AT_ADDRESS} AND p.id <> m.premises_id
"""
_KEPT = {"latitude": "s.latitude", "longitude": "s.longitude", "node": "nullif(s.node, '')"}
_STAGED = ", ".join(f"coalesce({_KEPT[name]}, p.{name})" if name in _KEPT else f"s.{name}" for name in _DELIVERED)
"""Coordinates and the node stay as they are known where a file leaves them open."""
_UPDATE = f"""
    UPDATE territory_premises p SET ({", ".join(_DELIVERED)}) = ROW ({_STAGED})
      FROM staged s JOIN matched m USING (row)
     WHERE p.id = m.premises_id AND ({_columns("p", _DELIVERED)}) IS DISTINCT FROM ({_STAGED})
    RETURNING s.row
"""
_INSERT_HOW = f"""
    WITH made AS (
        INSERT INTO territory_premises (division_id, source_id, {", ".join(_DELIVERED)})
        SELECT %(division)s, s.source_id, {_columns("s", _DELIVERED)}
          FROM staged s
         WHERE s.row NOT IN (SELECT row FROM matched)
         ORDER BY s.row
        {{}}
        RETURNING id, source_id
    )
    INSERT INTO matched SELECT s.row, made.id, true FROM made JOIN staged s USING (source_id)
"""
_INSERT = _INSERT_HOW.format("")
_INSERT_WHERE_FREE = _INSERT_HOW.format("ON CONFLICT DO NOTHING")
_ADOPT = f"""
    WITH adopted AS (
        UPDATE territory_premises p SET source_id = s.source_id, latitude = s.latitude, longitude = s.longitude,
            node = coalesce(nullif(s.node, ''), p.node)
          FROM staged s
         WHERE {_AT_ADDRESS} AND p.source_id IS NULL AND s.row NOT IN (SELECT row FROM matched)
           AND NOT EXISTS (
            SELECT FROM territory_premises q WHERE q.division_id = %(division)s AND q.source_id = s.source_id
           )
        RETURNING s.row, p.id
    )
    INSERT INTO matched SELECT row, id, false FROM adopted RETURNING row
"""
_TAKEN = f"""
    SELECT s.row, coalesce(p.source_id, '#' || p.id), s.street_line FROM staged s JOIN territory_premises p ON {_AT_ADDRESS}
     WHERE p.source_id IS DISTINCT FROM s.source_id AND s.row NOT IN (SELECT row FROM matched)
"""
_OFFER_NEW = f"""
    INSERT INTO territory_availability (premises_id, family, {", ".join(_OFFER_VALUES)})
    SELECT m.premises_id, o.family, {_columns("o", _OFFER_VALUES)}
      FROM matched m JOIN staged s USING (row) JOIN staged_offer o USING (offers)
     WHERE m.is_new ORDER BY m.premises_id
"""
_OFFER_DROP = """
    DELETE FROM territory_availability a USING matched m, staged s
     WHERE NOT m.is_new AND s.row = m.row AND a.premises_id = m.premises_id
       AND NOT EXISTS (SELECT FROM staged_offer o WHERE o.offers = s.offers AND o.family = a.family)
    RETURNING m.row
"""
_OFFER_UPDATE = f"""
    UPDATE territory_availability a SET ({", ".join(_OFFER_VALUES)}) = ROW ({_columns("o", _OFFER_VALUES)})
      FROM matched m JOIN staged s USING (row) JOIN staged_offer o USING (offers)
     WHERE NOT m.is_new AND a.premises_id = m.premises_id AND a.family = o.family
       AND ({_columns("a", _OFFER_VALUES)}) IS DISTINCT FROM ({_columns("o", _OFFER_VALUES)})
    RETURNING m.row
"""
_OFFER_ADD = f"""
    WITH made AS (
        INSERT INTO territory_availability (premises_id, family, {", ".join(_OFFER_VALUES)})
        SELECT m.premises_id, o.family, {_columns("o", _OFFER_VALUES)}
          FROM matched m JOIN staged s USING (row) JOIN staged_offer o USING (offers)
         WHERE NOT m.is_new AND NOT EXISTS (
            SELECT FROM territory_availability a WHERE a.premises_id = m.premises_id AND a.family = o.family
         )
        RETURNING premises_id
    )
    SELECT m.row FROM matched m JOIN made USING (premises_id)
"""


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
