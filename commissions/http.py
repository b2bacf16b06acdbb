"""A payee's statement of a month as a file, as the desk's pages and one's own hand it out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from commissions.queries.statements import Statement, StatementLine, cells_of, header_of
from commissions.services.statements import filename_of, print_statement
from foundation.cells import csv_response
from foundation.correspondence.services import PdfUnavailableError


def statement_on_paper(request: HttpRequest, statement: Statement, *, is_saved: bool) -> HttpResponse:
    """
    Give a statement as PDF, or the page of what is not available where the machine cannot print.

    :param is_saved: a browser saves it; otherwise it opens it
    """
    try:
        content = print_statement(statement.payee.pk, statement.period, language=get_language() or "en")
    except PdfUnavailableError:
        return render(request, "503.html", status=503)
    response = HttpResponse(content, content_type="application/pdf")
    manner = "attachment" if is_saved else "inline"
    response["Content-Disposition"] = f'{manner}; filename="{filename_of(statement)}"'
    return response


def statement_as_table(statement: Statement, what_for: Callable[[StatementLine], str]) -> HttpResponse:
    """
    Give a statement as CSV.

    :param what_for: says of a line what it is for
    """
    return csv_response(
        filename_of(statement).removesuffix(".pdf"), header_of(statement), cells_of(statement, what_for)
    )
