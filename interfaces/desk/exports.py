"""Lists as CSV files that no spreadsheet takes for a program."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse
from django.utils.text import slugify

from foundation.cells import Cell, safe_cell

MOST_ROWS = 50_000
"""The longest file: what a spreadsheet opens without a wait, and a request makes well within its time."""


def csv_text(header: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> str:
    """Write a table as CSV, every cell safe and quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([safe_cell(cell) for cell in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def csv_response(name: str, header: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Answer with a table to be saved as a file; the mark at its beginning tells spreadsheets that it is UTF-8."""
    response = HttpResponse(csv_text(header, rows).encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(name) or "list"}.csv"'
    return response
