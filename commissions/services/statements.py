"""A statement on paper."""

from datetime import date
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils import translation

from commissions.models import Payee
from commissions.queries.statements import Statement, own_statement_of, table_of
from foundation.correspondence.services import keep_document, render_pdf
from foundation.divisions.queries import brand_of


def print_statement(payee_id: int, period: date, *, language: str) -> bytes:
    """
    Return the payee's own statement of a month as PDF, in a language; that of a closed month is made once and kept.

    :raises PdfUnavailableError: if the machine lacks WeasyPrint's libraries
    """
    payee = Payee.objects.select_related("account__customer", "division").get(pk=payee_id)
    statement = own_statement_of(payee, period)
    if not statement.is_final:
        return render_pdf(html_of(statement, language=language))
    kept = keep_document(
        html_of(statement, language=language),
        kind=f"commissions.statement:{period:%Y-%m}:{language}{_mark_of_disputes(statement)}",
        filename=filename_of(statement),
        language=language,
        division=payee.division,
        subject=payee,
    )
    return bytes(kept.content)


def _mark_of_disputes(statement: Statement) -> str:
    """Return what tells a statement from the same while disputes of its lines stood otherwise, as the payee reads them."""
    told = [f"{line.dispute.pk} {line.dispute.status}" for line in statement.lines if line.dispute]
    return f":{sha256(repr(told).encode()).hexdigest()[:16]}" if told else ""


def html_of(statement: Statement, *, language: str) -> str:
    """Return the page that is printed."""
    with translation.override(language):
        context = {
            "statement": statement,
            "table": list(table_of(statement)),
            "brand": brand_of(statement.payee.division),
            "language": language,
        }
        return render_to_string("commissions/statement_pdf.html", context)


def filename_of(statement: Statement) -> str:
    """Return the name under which a statement is saved."""
    return f"statement-{statement.payee.account.number}-{statement.period:%Y-%m}.pdf"
