# ruff: noqa: S608  # statements put together from column names of ours; every value is a parameter
"""The streets of a block, and how the search finds their names when they are misspelt."""

from typing import Any

from django.db.backends.utils import CursorWrapper

from territory.addresses.likeness import PREFIX, remainders
from territory.services.premises_file import BlockReader, StreetKey


def street_ids(cursor: CursorWrapper, division_id: int, reader: BlockReader) -> list[int]:
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
