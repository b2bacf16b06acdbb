"""How well tickets are handled, in figures, and the tickets behind each of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_safe

from foundation.cells import Cell, csv_response
from foundation.divisions.models import Division
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.desk.access import staff_page
from interfaces.desk.filters import FigureFilters
from interfaces.desk.lists import Column, List, respond
from interfaces.desk.paging import Order
from tickets.models import Ticket
from tickets.queries import with_subjects_in_words
from tickets.queries.figures import Figures, FigureTable, figures_of
from tickets.queries.sla import duration
from tickets.states import LEFT_OUT, Figure, Priority, TicketType

ASKED = ("since", "until", "type", "priority", "division")
"""What the page of the figures asks for; the lists behind them know more."""
SHARES = (Figure.FIRST_CONTACT, Figure.REOPENED, Figure.REPEATED)

MEANINGS: Mapping[Figure, str | Promise] = {
    Figure.PUT_RIGHT: _(
        "Tickets that were put right for the first time on these days. That day never changes, so that a day that is over "
        "keeps its tickets. Each is counted once, under the type, priority and division that it has now."
    ),
    Figure.RESTORED: _(
        "From the opening until the service worked, as a clock on the wall counts. Where no time to restore was promised: "
        "until it was put right. What was reopened counts until it was put right the last time, and not while it is open. "
        "Half of the tickets took no longer than the median, nine of ten no longer than the other figure."
    ),
    Figure.WORKED: _(
        "The same as the promise’s own clock has counted it: only working hours of its calendar, without pauses and without "
        "the time in which it was thought to be put right. Only tickets for which a time was promised."
    ),
    Figure.FIRST_CONTACT: _(
        "Share of what was put right: the customer wrote or called once only, nobody passed it on to somebody else or gave "
        "it back, and it was never reopened. Not where it ended because the customer did not answer, or where another "
        "ticket was merged into it."
    ),
    Figure.REOPENED: _("Share of what was put right that was reopened at least once, up to now."),
    Figure.REPEATED: _(
        "Share of trouble after which, within 30 days, other trouble was reported of the same service with the same "
        "symptom; of the same address where one of both names no service, and with any symptom where one of both names none. "
        "For the last 30 days it can still grow."
    ),
    Figure.OF_OUTAGE: _(
        "What an outage explains: that is one fault, whose duration stands on its own page. Parts of another ticket and what "
        "was merged into another: that one is counted. What was called off or declined after it had been reopened."
    ),
}
"""What each figure means and how it is counted, for whoever reads it."""
TITLES: Mapping[Figure, str | Promise] = {Figure.OF_OUTAGE: _("Left out")}
"""Where a meaning is that of several figures."""


@dataclass(frozen=True)
class Line:
    """One row of a table: a group of tickets, what it comes to, and the address that leads to its tickets."""

    label: str
    figures: Figures
    query: str

    @property
    def number(self) -> int:
        """How many were put right."""
        return self.figures.counts[Figure.PUT_RIGHT]

    @property
    def times(self) -> list[tuple[Figure, int, list[str]]]:
        """Each way to measure time: of how many tickets, the median and the ninth of ten."""
        ways = ((Figure.RESTORED, self.figures.wall), (Figure.WORKED, self.figures.worked))
        return [
            (figure, self.figures.counts[figure], [duration(time) for time in times] if times else [])
            for figure, times in ways
        ]

    @property
    def shares(self) -> list[tuple[Figure, int, int | None]]:
        """Each share: of how many tickets, and in percent."""
        return [(figure, self.figures.counts[figure], self.figures.percent(figure)) for figure in SHARES]

    @property
    def left_out(self) -> list[tuple[Figure, int]]:
        """Why tickets are left out, and how many."""
        return [(figure, self.figures.counts[figure]) for figure in LEFT_OUT if self.figures.counts[figure]]

    def cells(self) -> Iterator[Cell]:
        """Its row of the file: times in minutes, so that a spreadsheet can count with them."""
        yield self.label
        yield self.number
        for times in (self.figures.wall, self.figures.worked):
            yield from ([_minutes(time) for time in times] if times else ["", ""])
        for figure, count, percent in self.shares:
            del figure
            yield count
            yield "" if percent is None else percent
        for figure in LEFT_OUT:
            yield self.figures.counts[figure]


def _minutes(time: timedelta) -> int:
    return int(time.total_seconds()) // 60


@dataclass(frozen=True)
class Table:
    """Lines by one thing."""

    code: str
    title: str
    lines: Sequence[Line]


@require_safe
@staff_page(Permission.ASSIGN_WORK)
def figures(request: UserRequest) -> HttpResponse:
    """Show how long it takes to put tickets right, how often once is enough, and what comes back; as a file, too."""
    filters = FigureFilters(request.GET, request=request)
    is_right = filters.form.is_valid()
    since, until = filters.days
    if is_right:
        filters = FigureFilters({**request.GET.dict(), "since": since, "until": until}, request=request)
    asked = {name: request.GET[name] for name in ASKED if request.GET.get(name)} if is_right else {}
    query = {**asked, "since": since.isoformat(), "until": until.isoformat()}
    table = figures_of(request.user, filters.wanted) if is_right else None
    tables = _tables(table, query) if table else []
    total = Line(gettext("All"), table.total, urlencode(query)) if table else None
    if total and "export" in request.GET:
        return _file(request, total, tables)
    context = {
        "form_fields": [filters.form[name] for name in ASKED],
        "since": since,
        "until": until,
        "zone": str(filters.wanted.since.tzinfo) if is_right else "",
        "total": total,
        "tables": tables,
        "meanings": [(TITLES.get(figure, figure.label), meaning) for figure, meaning in MEANINGS.items()],
        "export_query": urlencode({**query, "export": "csv"}),
    }
    return render(request, "desk/ticket_figures.html", context, status=200 if is_right else 422)


def _tables(table: FigureTable, query: Mapping[str, str]) -> list[Table]:
    names = dict(Division.objects.filter(pk__in=[line.key for line in table.by_division]).values_list("pk", "name"))
    of_division: Callable[[str], str] = lambda key: names[int(key)]  # noqa: E731  # beside its two sisters
    return [
        Table("type", gettext("By type"), _lines(table.by_type, query, "type", _label_of(TicketType))),
        Table("priority", gettext("By priority"), _lines(table.by_priority, query, "priority", _label_of(Priority))),
        Table("of", gettext("By division"), _lines(table.by_division, query, "of", of_division)),
    ]


def _label_of(choices: Any) -> Callable[[str], str]:
    return lambda key: str(choices(key).label)


def _lines(groups: Iterable[Figures], query: Mapping[str, str], name: str, label: Callable[[str], str]) -> list[Line]:
    return [Line(label(group.key), group, urlencode({**query, name: group.key})) for group in groups]


@throttled("export", methods=("GET",))
def _file(_request: HttpRequest, total: Line, tables: Iterable[Table]) -> HttpResponse:
    times = (
        _("Time to restore, median, minutes"), _("Time to restore, nine of ten, minutes"),
        _("In working time, median, minutes"), _("In working time, nine of ten, minutes"),
    )  # fmt: skip
    shares = [label for figure in SHARES for label in (figure.label, f"{figure.label} %")]
    header = [_("By"), _("Of"), Figure.PUT_RIGHT.label, *times, *shares, *(figure.label for figure in LEFT_OUT)]
    rows = [[gettext("All"), *total.cells()]]
    rows[0][1] = ""
    rows += [[table.title, *line.cells()] for table in tables for line in table.lines]
    return csv_response("ticket-figures", header, rows)


# The tickets behind a figure. ---------------------------------------------------------------------------------------


def _took(name: str) -> Callable[[Any], str]:
    def cell(ticket: Any) -> str:
        took = getattr(ticket, name)
        return "" if took is None else duration(took)

    return cell


BEHIND: List[Ticket] = List(
    name="figure_tickets",
    title=_("Tickets behind a figure"),
    template="desk/figure_tickets.html",
    columns=[
        Column("number", _("Number"), lambda ticket: ticket.number),
        Column("subject", _("What about"), lambda ticket: ticket.subject),
        Column("status", _("State"), lambda ticket: ticket.get_status_display()),
        Column("priority", _("Priority"), lambda ticket: ticket.priority.upper()),
        Column("wall", _("Restored after"), _took("wall"), is_number=True),
        Column("worked", _("Working time"), _took("worked"), is_number=True),
        Column("reopened", _("Reopened"), lambda ticket: ticket.reopened_count, is_number=True),
        Column("type", _("Type"), lambda ticket: ticket.get_type_display(), is_shown=False),
        Column("division", _("Division"), lambda ticket: str(ticket.division), is_shown=False),
        Column("owner", _("Owner"), lambda ticket: str(ticket.owner or ""), is_shown=False),
        Column("first", _("First put right"), lambda ticket: ticket.first_resolved_at, "first_resolved_at"),
    ],
    order=Order("first_resolved_at", is_descending=True),
    shown=with_subjects_in_words,
    keeps_filters=False,
)


@require_safe
@staff_page(Permission.ASSIGN_WORK)
def tickets_behind(request: UserRequest) -> HttpResponse:
    """List the tickets that one figure counts."""
    filters = FigureFilters(request.GET, request=request)
    asked = filters.form.cleaned_data if filters.form.is_valid() else {}
    figure = Figure(asked.get("figure") or Figure.PUT_RIGHT)
    back = urlencode({name: request.GET[name] for name in ASKED if request.GET.get(name)})
    return respond(request, BEHIND, filters, figure=figure, back=back)
