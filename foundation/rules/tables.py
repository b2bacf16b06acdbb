"""
Rules in rows: ordered, each for its days; the first that holds decides.

For procedures that operators write as a table: which team a ticket goes to. `explain` says what became
of every row, so that nobody has to guess why the one that was meant did not hold.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.translation import gettext as _

from foundation.rules.engine import Decision, Facts, InvalidRule, Json, RuleSet, Truth


class RowOutcome(StrEnum):
    """What became of a row of a table."""

    HIT = "hit"
    MISS = "miss"
    INSUFFICIENT = "insufficient"
    """It does not hold, and a fact that decided so is not known: with it, it might."""
    NOT_YET = "not_yet"
    OVER = "over"
    NOT_REACHED = "not_reached"
    """A row before it has hit."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule of a table: its place among the others, the days on which it holds, and when it does."""

    key: Hashable
    """By which whoever wrote the row knows it again."""
    rule: RuleSet
    position: int = 0
    """The smaller comes first; of two alike, the one that stands first in the table."""
    since: date | None = None
    """First day; none: from the beginning."""
    until: date | None = None
    """Last day, included; none: for good."""
    name: str = ""

    def __post_init__(self) -> None:
        """
        Refuse days of which there are none.

        :raises InvalidRule: with the reason in words
        """
        if self.since and self.until and self.until < self.since:
            raise InvalidRule(_("It ends before it begins."))

    def outcome_of_day(self, on: date) -> RowOutcome | None:
        """Return why the row does not count on a day; None, if it does."""
        if self.since and on < self.since:
            return RowOutcome.NOT_YET
        return RowOutcome.OVER if self.until and on > self.until else None


@dataclass(frozen=True, kw_only=True)
class RowTrace:
    """A row, what became of it, and, where it was looked at, every step that led there."""

    row: Row
    outcome: RowOutcome
    decision: Decision | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that decided against it by not being known."""
        lines = self.decision.deciding if self.decision else ()
        return tuple(dict.fromkeys(line.criterion.fact for line in lines if line.truth is Truth.INSUFFICIENT))

    def as_json(self) -> Json:
        """Return this line of the trace in JSON primitives."""
        return {
            "name": self.row.name,
            "outcome": self.outcome.value,
            "decision": self.decision.as_json() if self.decision else None,
        }


@dataclass(frozen=True, kw_only=True)
class Match:
    """The first row that holds, and what became of every row, in the order of looking."""

    row: Row | None
    rows: tuple[RowTrace, ...]


@dataclass(frozen=True)
class RuleTable:
    """Rules in order, each for its days; the first that holds decides."""

    rows: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        """
        Refuse two rows that nobody could tell apart.

        :raises InvalidRule: with the reason in words
        """
        if len({row.key for row in self.rows}) < len(self.rows):
            raise InvalidRule(_("Two rows have the same name."))

    def in_order(self) -> list[Row]:
        """Return the rows as they are looked at."""
        return sorted(self.rows, key=lambda row: row.position)

    def first(self, facts: Facts, *, on: date) -> Row | None:
        """Return the first row that holds on a day; without a trace, for many facts in a row."""
        counting = (row for row in self.in_order() if row.outcome_of_day(on) is None)
        return next((row for row in counting if row.rule.decide(facts).holds), None)

    def explain(self, facts: Facts, *, on: date) -> Match:
        """Return the first row that holds on a day, with what became of each row and why."""
        found: Row | None = None
        traces: list[RowTrace] = []
        for row in self.in_order():
            trace = _not_reached(row, on) if found else _looked_at(row, facts, on)
            traces.append(trace)
            found = row if trace.outcome is RowOutcome.HIT else found
        return Match(row=found, rows=tuple(traces))

    def facts_asked(self) -> frozenset[str]:
        """Return the names of all facts that a row may ask for."""
        return frozenset().union(*(row.rule.facts_asked() for row in self.rows))


def _looked_at(row: Row, facts: Facts, on: date) -> RowTrace:
    if (outcome := row.outcome_of_day(on)) is not None:
        return RowTrace(row=row, outcome=outcome)
    decision = row.rule.decide(facts)
    if decision.holds:
        return RowTrace(row=row, outcome=RowOutcome.HIT, decision=decision)
    is_unknown = any(line.truth is Truth.INSUFFICIENT for line in decision.deciding)
    return RowTrace(row=row, outcome=RowOutcome.INSUFFICIENT if is_unknown else RowOutcome.MISS, decision=decision)


def _not_reached(row: Row, on: date) -> RowTrace:
    return RowTrace(row=row, outcome=row.outcome_of_day(on) or RowOutcome.NOT_REACHED)
