"""Pages of a list that stay as fast at a million rows: no offset, and no count of everything."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import gettext as _

PAGE_SIZE = 50
COUNT_UP_TO = 10_000
"""Beyond this many a list says “10,000+”: nobody reads on, and counting further would cost more than the page."""

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: a field, or a path to one, never null; rows that are equal in it go by their key."""

    field: str
    is_descending: bool = False

    @property
    def terms(self) -> tuple[str, str]:
        """What the database sorts by."""
        sign = "-" if self.is_descending else ""
        return f"{sign}{self.field}", f"{sign}pk"

    @property
    def reversed(self) -> "Order":
        """The same, backwards."""
        return Order(self.field, not self.is_descending)

    def beyond(self, value: Any, pk: int) -> Q:
        """Return the condition of lying behind a place; its first part is what an index can use."""
        side = "lt" if self.is_descending else "gt"
        return Q(**{f"{self.field}__{side}e": value}) & (
            Q(**{f"{self.field}__{side}": value}) | Q(**{f"pk__{side}": pk})
        )


@dataclass(frozen=True)
class Count:
    """How many rows there are, as far as was counted."""

    number: int
    is_capped: bool

    def __str__(self) -> str:
        number = number_format(self.number, use_l10n=True, force_grouping=True)
        return _("%(number)s+") % {"number": number} if self.is_capped else number


def count_of(rows: QuerySet[Any]) -> Count:
    """Count rows, but not beyond `COUNT_UP_TO`."""
    number = rows.order_by().values("pk")[: COUNT_UP_TO + 1].count()
    return Count(min(number, COUNT_UP_TO), number > COUNT_UP_TO)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, with the places from which to read on and back; empty where there is nothing more."""

    rows: list[Row]
    after: str
    before: str


def page_of(rows: QuerySet[Row], *, order: Order, place: QueryDict, size: int = PAGE_SIZE) -> Page[Row]:
    """
    Read the page that a request asks for by `after` or `before`, else the first.

    A place that cannot be read (the list is sorted otherwise now) is the beginning.
    """
    backwards = "before" in place
    direction = order.reversed if backwards else order
    ordered = rows.order_by(*direction.terms)
    found = _place(rows.model, order, place.get("before") if backwards else place.get("after"))
    is_first = found is None
    if found is None:
        backwards, ordered = False, rows.order_by(*order.terms)
    else:
        ordered = ordered.filter(direction.beyond(*found))
    read = list(ordered[: size + 1])
    more, read = len(read) > size, read[:size]
    if backwards:
        read.reverse()
    return Page(
        rows=read,
        after=_mark(read[-1], order) if read and (more or backwards) else "",
        before=_mark(read[0], order) if read and not is_first and (more or not backwards) else "",
    )


def _place(model: type[models.Model], order: Order, mark: str | None) -> tuple[Any, int] | None:
    value, _comma, pk = (mark or "").rpartition(",")
    if not pk.isdecimal() or "\0" in value:
        return None
    try:
        return _cleaned(_field(model, order.field), value), _cleaned(_field(model, "pk"), pk)
    except (ValidationError, ValueError, OverflowError):
        return None


def _cleaned(field: "models.Field[Any, Any]", text: str) -> Any:
    """Read a value as the field does, and refuse one that no column of the database could hold."""
    value = field.to_python(text)
    field.run_validators(value)
    if isinstance(value, datetime):
        value.astimezone(UTC)  # overflows beyond the years that there are
    return value


def _field(model: type[models.Model], path: str) -> "models.Field[Any, Any]":
    first, _dunder, rest = path.partition("__")
    field = model._meta.pk if first == "pk" else model._meta.get_field(first)
    if rest:
        return _field(field.related_model, rest)  # type: ignore[arg-type]
    return field.output_field if isinstance(field, models.GeneratedField) else field  # type: ignore[return-value]


def _mark(row: models.Model, order: Order) -> str:
    value: Any = row
    for name in order.field.split("__"):
        value = getattr(value, name)
    return f"{value.isoformat() if hasattr(value, 'isoformat') else value},{row.pk}"
