"""A list of the desk: columns, sorting, filter chips, saved filters, pages, and the file of what one sees."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import models
from django.forms import BoundField, Form, Select
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django_filters import FilterSet

from foundation.cells import Cell
from foundation.people.models import User, UserRequest
from foundation.people.throttles import throttled
from interfaces.desk.exports import MOST_ROWS, csv_response
from interfaces.desk.models import SavedFilter
from interfaces.desk.paging import Count, Order, Page, count_of, page_of

Row = TypeVar("Row", bound=models.Model)

PLACES = frozenset({"after", "before", "export"})
"""Parts of an address that say where one is in a list, not what is in it."""
UNFOLDED = 1
"""Filters up to which a phone shows them all; of more it folds all but one that is typed."""


@dataclass(frozen=True)
class Column(Generic[Row]):
    """What a list tells of each row, on the page (where the template says how) and in the file."""

    code: str
    label: str | Promise
    cell: Callable[[Row], Cell]
    sorts_by: str = ""
    """The path of the field that the column sorts by; empty: it does not."""
    is_number: bool = False
    is_shown: bool = True
    """Whether the page shows it, too; the file always does."""


@dataclass(frozen=True)
class Preset:
    """A filter that comes with the list."""

    name: str | Promise
    query: str


@dataclass(frozen=True, kw_only=True)
class List(Generic[Row]):
    """A list that staff work with."""

    name: str
    """The name of its address below `desk:`."""
    title: str | Promise
    template: str
    columns: Sequence[Column[Row]]
    order: Order
    """How it is sorted unless one asks otherwise."""
    order_of: Mapping[str, Order] = field(default_factory=dict)
    """How it is sorted where a filter is used, by the filter's name: what `order` goes by has no meaning there."""
    shown: Callable[[Iterable[Row]], list[Row]] = list
    """What is done to the rows of a page, or of the file, before they are read: all at once, so without a statement for each."""
    presets: Sequence["Preset"] = ()
    """Filters that everybody needs; people save further ones of their own."""
    keeps_filters: bool = True
    """Whether they may: not where a list is a part of the page of one thing."""

    def order_from(self, query: QueryDict) -> Order:
        """Read what the address asks to be sorted by."""
        wanted = query.get("sort", "")
        paths = {column.code: column.sorts_by for column in self.columns if column.sorts_by}
        path = paths.get(wanted.removeprefix("-"))
        if path:
            return Order(path, wanted.startswith("-"))
        return next((order for name, order in self.order_of.items() if query.get(name)), self.order)


@dataclass(frozen=True)
class Heading:
    """A column's head: where a click on it leads, and which way it sorts now (as `aria-sort` says it)."""

    label: str | Promise
    query: str
    direction: str
    is_number: bool


@dataclass(frozen=True)
class Chip:
    """One filter that is on, and the address without it."""

    name: str
    label: str
    value: str
    query: str


@dataclass(frozen=True)
class View:
    """A filter with a name, one click away, and whether the list is filtered so now."""

    name: str | Promise
    query: str
    is_current: bool
    saved_id: int | None
    """Of a person's own; None for one that comes with the list."""


@dataclass(frozen=True)
class ListPage(Generic[Row]):
    """All that the page of a list shows."""

    list: List[Row]
    rows: Sequence[Row]
    count: Count
    form: Form
    headings: Sequence[Heading]
    chips: Sequence[Chip]
    views: Sequence[View]
    query: str
    """The filter and the sorting, without the place."""
    next_query: str
    previous_query: str
    export_query: str

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.chips)

    @property
    def first_filters(self) -> Sequence[BoundField]:
        """The filters that every screen shows: of several the first, if it is typed and so names itself in the field."""
        fields = list(self.form)
        if len(fields) <= UNFOLDED:
            return fields
        return [] if isinstance(fields[0].field.widget, Select) else fields[:1]

    @property
    def more_filters(self) -> Sequence[BoundField]:
        """The filters that a narrow screen folds away."""
        return list(self.form)[len(self.first_filters) :]

    @property
    def more_in_force(self) -> int:
        """How many of those that are folded away leave something out."""
        folded = {field.name for field in self.more_filters}
        return sum(chip.name in folded for chip in self.chips)

    @property
    def is_more_refused(self) -> bool:
        """Whether something is wrong with what is folded away: then it is open."""
        return any(field.errors for field in self.more_filters)


def respond(request: UserRequest, wanted: List[Row], filters: FilterSet, **context: object) -> HttpResponse:
    """
    Answer with the page of a list, or with the file of it.

    :param context: what the list's own template needs besides
    """
    rows: models.QuerySet[Row] = filters.qs
    order = wanted.order_from(request.GET)
    if "export" in request.GET:
        return _file(request, wanted, rows.order_by(*order.terms))
    page = page_of(rows, order=order, place=request.GET)
    return render(request, wanted.template, {"page": _list_page(wanted, filters, page, order, request), **context})


@throttled("export", methods=("GET",))
def _file(_request: HttpRequest, wanted: List[Row], rows: "models.QuerySet[Row]") -> HttpResponse:
    read = list(rows[: MOST_ROWS + 1])
    shown = wanted.shown(read[:MOST_ROWS])
    lines: list[list[Cell]] = [[column.cell(row) for column in wanted.columns] for row in shown]
    if len(read) > MOST_ROWS:
        lines.append(
            [_("The file ends here, after %(count)d rows. Filter the list to see the rest.") % {"count": MOST_ROWS}]
        )
    return csv_response(wanted.name, [column.label for column in wanted.columns], lines)


def _list_page(
    wanted: List[Row], filters: FilterSet, page: Page[Row], order: Order, request: UserRequest
) -> ListPage[Row]:
    query = filter_part(request.GET)
    return ListPage(
        list=wanted,
        rows=wanted.shown(page.rows),
        count=count_of(filters.qs),
        form=filters.form,
        headings=[_heading(column, order, query) for column in wanted.columns if column.is_shown],
        chips=_chips(filters.form, query),
        views=_views(wanted, query.urlencode(), request.user),
        query=query.urlencode(),
        next_query=_with(query, after=page.after) if page.after else "",
        previous_query=_with(query, before=page.before) if page.before else "",
        export_query=_with(query, export="csv"),
    )


def filter_part(query: QueryDict) -> QueryDict:
    """Return an address's query without its empty parts and without the place in the list."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if filled := [str(value) for value in values if value and name not in PLACES]:
            kept.setlist(name, filled)
    return kept


def _with(query: QueryDict, **parts: str) -> str:
    changed = query.copy()
    for name, value in parts.items():
        changed[name] = value
    return changed.urlencode()


def _heading(column: Column[Row], order: Order, query: QueryDict) -> Heading:
    if not column.sorts_by:
        return Heading(column.label, "", "", column.is_number)
    is_sorted = order.field == column.sorts_by
    turned = f"-{column.code}" if is_sorted and not order.is_descending else column.code
    direction = ("descending" if order.is_descending else "ascending") if is_sorted else "none"
    return Heading(column.label, _with(query, sort=turned), direction, column.is_number)


def _chips(form: Form, query: QueryDict) -> list[Chip]:
    if not form.is_valid():
        return []
    return [
        Chip(name, str(form.fields[name].label), _shown(form, name), _without(query, name))
        for name, value in form.cleaned_data.items()
        if value not in (None, "", []) and name in query
    ]


def _shown(form: Form, name: str) -> str:
    """Return the value of a filter as its field shows it."""
    value = form.cleaned_data[name]
    choices = {
        str(key): str(label) for key, label in getattr(form.fields[name], "choices", ()) if not isinstance(label, list)
    }
    several = value if isinstance(value, list) else [value]
    return ", ".join(choices.get(str(one), str(one)) for one in several)


def _without(query: QueryDict, name: str) -> str:
    rest = query.copy()
    del rest[name]
    return rest.urlencode()


def _views(wanted: List[Row], now: str, user: User) -> list[View]:
    saved = SavedFilter.objects.filter(owner=user, list=wanted.name)
    return [
        *(View(preset.name, preset.query, preset.query == now, None) for preset in wanted.presets),
        *(View(filter_.name, filter_.query, filter_.query == now, filter_.pk) for filter_ in saved),
    ]
