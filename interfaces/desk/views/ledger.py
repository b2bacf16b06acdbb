"""The ledger: every entry, what we owe on a day, and a payee's statement on the page, on paper and as a file."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commissions.http import statement_as_table, statement_on_paper
from commissions.models import LedgerEntry, Payee
from commissions.queries.ledger import Balance, balances, months_to_close
from commissions.queries.statements import (
    Statement,
    month_of,
    periods_of,
    statement_of,
    table_of,
)
from commissions.queries.visibility import entries_visible_to, payees_visible_to
from commissions.services.ledger import close_period
from commissions.states import LedgerAccount
from foundation.people.models import User, UserRequest
from foundation.people.queries import can, divisions_where
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import EntryFilters
from interfaces.desk.forms import CloseMonthForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order

SHOWN_ACCOUNTS = (
    LedgerAccount.HELD, LedgerAccount.PAYABLE, LedgerAccount.IN_TRANSIT, LedgerAccount.PAID, LedgerAccount.RECEIVABLE,
)  # fmt: skip

ShownBalance = tuple[str, Decimal, list[tuple[str | Promise, Decimal]]]
"""A currency, what we owe in it, and each account by its name."""

LEDGER: List[LedgerEntry] = List(
    name="ledger",
    title=_("Ledger"),
    template="desk/ledger.html",
    columns=[
        Column("id", _("Entry"), lambda entry: entry.key, "pk"),
        Column("kind", _("Kind"), lambda entry: entry.get_kind_display(), "kind"),
        Column("debit", _("Debit"), lambda entry: entry.get_debit_display()),
        Column("credit", _("Credit"), lambda entry: entry.get_credit_display()),
        Column("amount", _("Amount"), lambda entry: entry.amount, "amount", is_number=True),
        Column("currency", _("Currency"), lambda entry: entry.currency, is_shown=False),
        Column("payee", _("Payee"), lambda entry: entry.payee.account.number),
        Column("reckoned", _("How it was reckoned"), lambda entry: entry.calculation),
        Column("rule", _("Rule"), lambda entry: str(entry.version), is_shown=False),
        Column("division", _("Division"), lambda entry: str(entry.division), "division__name"),
        Column("true_on", _("True on"), lambda entry: entry.effective_on, "effective_on"),
        Column("booked", _("Booked in"), lambda entry: f"{entry.period:%Y-%m}", "period"),
        Column("posted", _("Posted"), lambda entry: entry.posted_at, is_shown=False),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("Paid"), "kind=settle"),
        Preset(_("Taken back"), "kind=clawback"),
        Preset(_("To be set off"), "account=receivable"),
    ],
)


@staff_page(Permission.SEE_LEDGER)
def ledger(request: UserRequest) -> HttpResponse:
    """Show the entries of a person's divisions, and what is owed by them."""
    visible = entries_visible_to(request.user)
    rows = visible.select_related("payee__account", "division", "version__rule")
    filters = EntryFilters(request.GET, rows, request=request)
    entries = filters.in_view(visible)
    shown = _shown(balances(entries, filters.as_of))
    may_close = can(request.user, Permission.CLOSE_MONTHS)
    booked = _booked(entries, filters.as_of) if filters.as_of else None
    return respond(request, LEDGER, filters, balances=shown, as_of=filters.as_of, booked=booked, may_close=may_close)


def _shown(found: dict[str, Balance]) -> list[ShownBalance]:
    return [
        (currency, balance.owed, [(account.label, balance[account]) for account in SHOWN_ACCOUNTS])
        for currency, balance in sorted(found.items())
    ]


def _booked(entries: QuerySet[LedgerEntry], on: date) -> tuple[date, list[ShownBalance]]:
    """Return the last month that was over with a day, and the balances at its end as it is booked."""
    this_month = (on + timedelta(days=1)).replace(day=1)
    month = (this_month - timedelta(days=1)).replace(day=1)
    return month, _shown(balances(entries.filter(period__lte=month)))


@staff_page(Permission.CLOSE_MONTHS)
def close(request: UserRequest) -> HttpResponse:
    """Close a month of a market's ledger, and all before it."""
    choices = _to_be_closed(request.user)
    form = CloseMonthForm(posted(request), choices=choices)
    action = Action(
        title=_("Close a month"),
        explanation=_(
            "The month and all before it take no more entries, in this market and in all below. What is heard later "
            "is booked in the next open month. A closed month cannot be opened again."
        ),
        button=_("Close the month"),
        done=_("The month is closed."),
        nothing="" if choices else _("Every month of your markets that is over is closed."),
        subject=_("Ledger"),
        back=reverse("desk:ledger"),
        is_grave=True,
        asks_who_it_is=True,
    )

    def do(answers: dict[str, str]) -> None:
        division_id, period = answers["what"].split(":")
        close_period(int(division_id), date.fromisoformat(period), by=request.user)

    return perform(request, action, form, do)


def _to_be_closed(user: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """Offer the months that are over under the name of each market: those above first, of each the oldest first."""
    divisions = sorted(divisions_where(user, Permission.CLOSE_MONTHS), key=lambda each: (each.depth, each.name))
    return [
        (str(division), [(f"{division.pk}:{month}", f"{division}, {date_format(month, 'F Y')}") for _, month in months])
        for division, months in groupby(months_to_close(divisions), key=itemgetter(0))
    ]


@staff_page(Permission.SEE_LEDGER)
def statement(request: UserRequest, pk: int) -> HttpResponse:
    """Show a payee's statement of a month, every line with what it is for."""
    found = _statement(request, pk)
    context = {"statement": found, "table": list(table_of(found)), "periods": periods_of(found.payee)}
    return render(request, "desk/statement.html", context)


@throttled("export", methods=("GET",))
@staff_page(Permission.SEE_LEDGER)
def statement_pdf(request: UserRequest, pk: int) -> HttpResponse:
    """Give a payee's statement of a month on paper."""
    return statement_on_paper(request, _statement(request, pk), is_saved=False)


@throttled("export", methods=("GET",))
@staff_page(Permission.SEE_LEDGER)
def statement_csv(request: UserRequest, pk: int) -> HttpResponse:
    """Give a payee's statement of a month as a file."""
    return statement_as_table(_statement(request, pk), lambda line: line.entry.reward.referral.order.number)


def _statement(request: UserRequest, pk: int) -> Statement:
    payees = payees_visible_to(request.user).select_related("account__customer", "division")
    payee: Payee = get_object_or_404(payees, pk=pk)
    month = month_of(request.GET.get("month", ""), payee)
    if month is None:
        raise Http404
    return statement_of(payee, month)
