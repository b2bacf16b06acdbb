"""What may stand in a table that is opened as a spreadsheet: no program; and such a table as a file."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.text import slugify

FORMULA_SIGNS = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")
"""
What a spreadsheet may take for the beginning of a formula, half, full and small width (OWASP, CSV Injection).

Text that begins so, behind blanks or not, is written behind an apostrophe.
"""
RISKY_BLANKS = frozenset("\t\r\n")
"""Blanks with which a cell may not begin either, for the same reason."""
PART = re.compile("(?<=[;\t\r\n\v\f\x85\u2028\u2029])")
"""Within a text, where a spreadsheet may begin another cell: much of Europe splits at semicolons, pasted text at tabs."""
UNSEEN = frozenset({"Cc", "Cf"})
"""Unicode categories of signs that take no room: controls, marks of direction, byte order marks."""

Cell = str | int | Decimal | datetime | date | Promise | None


def safe_cell(value: Cell) -> str | int | Decimal:
    """Return a value as a spreadsheet may read it: numbers as they are, text never a formula."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return value
    text = value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)
    first, *others = PART.split(text)
    begin = "'" if _comes_first(FORMULA_SIGNS | RISKY_BLANKS, text) else ""
    return (
        begin
        + first
        + "".join(f"'{part}" if _comes_first(FORMULA_SIGNS, part, behind='"') else part for part in others)
    )


def _comes_first(signs: Collection[str], text: str, *, behind: str = "") -> bool:
    """
    Tell whether one of some signs comes first, or first behind what nobody sees.

    :param behind: signs that may stand before it as well: the quotation mark that opens a cell
    """
    for sign in text:
        if sign in signs:
            return True
        if sign not in behind and not sign.isspace() and unicodedata.category(sign) not in UNSEEN:
            return False
    return False


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
