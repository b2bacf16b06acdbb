"""A customer's statements of what their referrals have brought: on the page, on paper and as a file."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from commissions.http import statement_as_table, statement_on_paper
from commissions.queries.bank import current_bank_account, may_be_paid_in_cash
from commissions.queries.disputes import own_disputes
from commissions.queries.statements import (
    Statement,
    month_of,
    own_periods_of,
    own_statement_of,
    payees_of,
    table_of,
)
from foundation.now import today
from foundation.people.models import UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.missing import may_miss
from interfaces.selfcare.queries import own_partners


@require_safe
@own_page
def statements(request: UserRequest) -> HttpResponse:
    """Show a person's accounts that rewards are credited to, each with its months."""
    payees = [
        {
            "payee": payee,
            "periods": own_periods_of(payee),
            "bank": current_bank_account(payee),
            "may_be_paid_in_cash": may_be_paid_in_cash(payee),
            "today": today(payee.division),
        }
        for payee in payees_of(request.user.pk)
    ]
    related = ("division", "payee", "entry__reward__referral", "referral")
    context = {
        "payees": payees,
        "disputes": own_disputes(request.user.pk).select_related(*related),
        "may_miss": may_miss(request.user),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/statements.html", context)


@require_safe
@own_page
def statement(request: UserRequest, pk: int) -> HttpResponse:
    """Show what was owed, earned and paid in a month."""
    found = _statement(request, pk)
    context = {
        "statement": found,
        "table": list(table_of(found)),
        "may_miss": may_miss(request.user),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/statement.html", context)


@require_safe
@throttled("pdf", methods=("GET",))
@own_page
def statement_pdf(request: UserRequest, pk: int) -> HttpResponse:
    """Give the statement of a month on paper."""
    return statement_on_paper(request, _statement(request, pk), is_saved=True)


@require_safe
@throttled("pdf", methods=("GET",))
@own_page
def statement_csv(request: UserRequest, pk: int) -> HttpResponse:
    """Give the statement of a month as a file; of a friend, it tells what the person calls them."""
    return statement_as_table(_statement(request, pk), lambda line: line.what_for)


def _statement(request: UserRequest, pk: int) -> Statement:
    payee = get_object_or_404(payees_of(request.user.pk), pk=pk)
    month = month_of(request.GET.get("month", ""), payee)
    if month is None:
        raise Http404
    return own_statement_of(payee, month)
