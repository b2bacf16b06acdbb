"""
How well tickets are handled: how long it takes, how often once is enough, and what comes back.

Everything is counted over the tickets that were first put right in some days; that day never changes, so that neither
does the set, whatever becomes of a ticket later. What a ticket says of each figure is an expression of the database, of
which both the numbers and the lists behind them are made: they cannot differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from foundation.divisions.models import Division
from foundation.events.models import Event
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from tickets.events import TicketHandedOver, TicketReleased, TicketTaken
from tickets.models import Article, Ticket, TicketClock
from tickets.states import FROM_THE_CUSTOMER, ClockKind, Figure, ResolutionCode, TicketStatus, TicketType

COMES_BACK_WITHIN = timedelta(days=30)
"""After which the same fault is another one."""

_CALLED_OFF = (TicketStatus.CANCELLED, TicketStatus.REJECTED)
_HANDED = tuple(fact.name for fact in (TicketTaken, TicketHandedOver, TicketReleased))
_COUNTS = Q(left_out="")

OF_FIGURE: Mapping[Figure, Q] = {
    Figure.PUT_RIGHT: _COUNTS,
    Figure.RESTORED: _COUNTS & Q(resolved_at__isnull=False),
    Figure.WORKED: _COUNTS & Q(worked__isnull=False),
    Figure.FIRST_CONTACT: _COUNTS & Q(is_first_contact=True),
    Figure.REOPENED: _COUNTS & Q(reopened_count__gt=0),
    Figure.TROUBLE: _COUNTS & Q(type=TicketType.TROUBLE),
    Figure.REPEATED: _COUNTS & Q(has_come_back=True),
    Figure.OF_OUTAGE: Q(left_out=Figure.OF_OUTAGE),
    Figure.PART: Q(left_out=Figure.PART),
    Figure.MERGED: Q(left_out=Figure.MERGED),
    Figure.CALLED_OFF: Q(left_out=Figure.CALLED_OFF),
}
"""Which of the tickets that were put right are in a figure."""


@dataclass(frozen=True, kw_only=True)
class FiguresWanted:
    """Of which tickets figures are asked; what is left empty does not narrow them."""

    since: datetime
    until: datetime
    """Exclusive."""
    type: str = ""
    priority: str = ""
    division: Division | None = None
    """This one and all below it."""
    of: Division | None = None
    """This one alone."""


@dataclass(frozen=True)
class Figures:
    """What some tickets come to."""

    key: str
    """Of the group: a type, a priority, the id of a division; empty: all."""
    counts: Mapping[Figure, int]
    """How many tickets are in each figure."""
    wall: tuple[timedelta, timedelta] | None
    """Time to restore by the clock on the wall: the median, and what nine of ten do not exceed."""
    worked: tuple[timedelta, timedelta] | None
    """The same in working time."""

    def percent(self, figure: Figure) -> int | None:
        """Return the share of a figure among the tickets that could be in it; None where there are none."""
        among = self.counts[Figure.TROUBLE if figure == Figure.REPEATED else Figure.PUT_RIGHT]
        return round(100 * self.counts[figure] / among) if among else None


def tickets_put_right(user: User, wanted: FiguresWanted) -> QuerySet[Ticket]:
    """
    Return the tickets that were first put right in some days, in the divisions where a person gives out work or audits.

    Each has what the figures are made of:

    * `left_out`: why it is in none of them, or nothing. One that an outage explains, a part of another, one that was
      merged into another, and one that was called off or declined after it was reopened. The ticket into which another
      was merged, and the one of which it is a part, are counted for both.
    * `wall`: how long it took until the service worked, from the opening on: until the clock for restoring was
      stopped last, or where none was promised until it was resolved last. None while it is open again.
    * `worked`: the working time that this clock had counted then, pauses left out; where none was promised, the clock
      for the solution. None where neither was promised.
    * `is_first_contact`: the customer said something once only, nobody passed it on or gave it back, no duplicate was
      merged into it, it was never reopened, and it was put right: not ended because the customer did not answer.
    * `has_come_back`: it is trouble, and within 30 days after it was first put right other trouble was reported of the
      same service (of the same address, where one of both names no service) with the same symptom (any trouble, where
      one of both names none). What is left out of the figures is no repeat either.
    """
    rows = Ticket.objects.filter(
        division__in=divisions_where(user, Permission.ASSIGN_WORK, Permission.AUDIT),
        first_resolved_at__gte=wanted.since, first_resolved_at__lt=wanted.until,
    )  # fmt: skip
    given: dict[str, Any] = {
        "type": wanted.type,
        "priority": wanted.priority,
        "division": wanted.of,
        "division__in": wanted.division and Division.objects.under(wanted.division),
    }
    rows = rows.filter(**{field: value for field, value in given.items() if value})
    return rows.annotate(
        left_out=_LEFT_OUT, wall=_wall(), worked=Subquery(_restoring().values("counted")[:1]),
        is_first_contact=_is_first_contact(), has_come_back=_has_come_back(),
    )  # fmt: skip


_LEFT_OUT = Case(
    When(merged_into__isnull=False, then=Value(Figure.MERGED.value)),
    When(outage__isnull=False, then=Value(Figure.OF_OUTAGE.value)),
    When(parent__isnull=False, then=Value(Figure.PART.value)),
    When(status__in=_CALLED_OFF, then=Value(Figure.CALLED_OFF.value)),
    default=Value(""),
    output_field=CharField(),
)


def _restoring() -> QuerySet[TicketClock]:
    """Return the clocks that say when a ticket was restored, the one that counts first; none while it is open again."""
    kinds = (ClockKind.RESTORE, ClockKind.RESOLVE)
    return TicketClock.objects.filter(
        ticket=OuterRef("pk"), kind__in=kinds, met_at__isnull=False, ticket__resolved_at__isnull=False
    ).order_by(Case(When(kind=ClockKind.RESTORE, then=0), default=1), "-pk")


def _wall() -> Combinable:
    restored = Subquery(_restoring().filter(kind=ClockKind.RESTORE).values("met_at")[:1])
    return Case(When(resolved_at__isnull=False, then=Coalesce(restored, F("resolved_at")) - F("opened_at")))


def _is_first_contact() -> Combinable:
    said = Article.objects.filter(ticket=OuterRef("pk"), kind__in=sorted(FROM_THE_CUSTOMER)).order_by()
    passed_on = (
        Event.objects.filter(subject_type="tickets.ticket", subject_id=OuterRef("pk"), name__in=_HANDED)
        .alias(had=_person("before"), has=_person("user_id"))
        .filter(Q(has=None) | ~Q(had=F("has")), had__isnull=False)
    )
    return (
        Q(reopened_count=0)
        & ~Q(resolution=ResolutionCode.NO_ANSWER)
        & ~Exists(said[1:2])
        & ~Exists(passed_on)
        & ~Exists(Ticket.objects.filter(merged_into=OuterRef("pk")))
    )


def _person(key: str) -> Cast:
    return Cast(KeyTextTransform(key, "payload"), BigIntegerField())


def _has_come_back() -> Combinable:
    first_symptom = ExpressionWrapper(OuterRef("symptom"), output_field=CharField())
    later = Ticket.objects.alias(left_out=_LEFT_OUT, first_symptom=first_symptom).filter(
        Q(symptom=F("first_symptom")) | Q(symptom="") | Q(first_symptom=""),
        left_out="", type=TicketType.TROUBLE, opened_at__gt=OuterRef("first_resolved_at"),
        opened_at__lte=OuterRef("first_resolved_at") + Value(COMES_BACK_WITHIN),
    )  # fmt: skip
    here = later.filter(premises=OuterRef("premises"))
    return Q(type=TicketType.TROUBLE) & (
        Exists(later.filter(service=OuterRef("service")))
        | Exists(here.filter(service=None))
        | Q(service=None) & Exists(here)
    )


@dataclass(frozen=True)
class FigureTable:
    """Figures of all, and of each type, priority and division."""

    total: Figures
    by_type: Sequence[Figures]
    by_priority: Sequence[Figures]
    by_division: Sequence[Figures]


_GROUPS = ("type", "priority", "division_id")


def figures_of(user: User, wanted: FiguresWanted) -> FigureTable:
    """Count what `tickets_put_right` says, by one statement however many tickets and groups there are."""
    flags = {f"in_{figure}": OF_FIGURE[figure] for figure in Figure}
    rows = tickets_put_right(user, wanted).order_by().annotate(**flags).values(*_GROUPS, "wall", "worked", *flags)
    select, params = rows.query.sql_with_params()
    groups = ", ".join(_GROUPS)
    counts = ", ".join(f"count(*) FILTER (WHERE {flag})" for flag in flags)
    shares = ", ".join(
        f"percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {time}) FILTER (WHERE in_{figure})"
        for time, figure in (("wall", Figure.RESTORED), ("worked", Figure.WORKED))
    )
    sets = ", ".join(f"({group})" for group in ("", *_GROUPS))
    statement = (
        f"WITH counted AS MATERIALIZED ({select}) SELECT GROUPING({groups}), {groups}, {shares}, {counts} "  # noqa: S608  # Django's own SQL; every value is a parameter
        f"FROM counted GROUP BY GROUPING SETS ({sets}) ORDER BY 1, 2, 3, 4"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return _table(cursor.fetchall())


def _table(lines: Sequence[Sequence[Any]]) -> FigureTable:
    """Sort what was counted into its groups; of a line the first column says by which it was grouped, a bit for each not."""
    found: dict[int, list[Figures]] = {0b111: [], 0b011: [], 0b101: [], 0b110: []}
    for grouping, *keys, wall, worked, counts in ((*line[:6], line[6:]) for line in lines):
        key = next((str(key) for key in keys if key is not None), "")
        times = (tuple(time) if time else None for time in (wall, worked))
        found[grouping].append(Figures(key, dict(zip(Figure, counts, strict=True)), *times))
    [total], by_type, by_priority, by_division = found.values()
    return FigureTable(total, by_type, by_priority, by_division)
