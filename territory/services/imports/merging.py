# ruff: noqa: S608  # statements put together from column names of ours; every value is a parameter
"""The statements that bring the real tables up to the staged rows."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from foundation.jobs.models import Job, JobError
from territory.services.premises_file import OFFERED

STAGING = """
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
STAGED_TEXTS = ("source_id", "house_number", "unit_key", "street_line", "unit", "city", "state", "zip_code", "node")
OFFER_TEXTS = ("family", "status", "technology", "reason", "alternate_technology")
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


class Merge:
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
