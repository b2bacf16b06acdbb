"""How rows get into a table by COPY, and which texts a table can keep."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.db.backends.utils import CursorWrapper

PATIENTLY = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"
"""Bulk work waits for other bulk work: two chunks may make the same street."""


def storable(text: str) -> str:
    """Return a text as the database can keep it: what is no character is shown as a question mark."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "?")


def copy_rows(cursor: CursorWrapper, table: str, rows: Iterable[Iterable[Any]], *, texts: Iterable[str] = ()) -> None:
    """Copy rows to a table; an empty value is NULL, except in the columns named as texts."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    force = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv{force})", buffer)
