"""Which procedure decides about a ticket, what it makes of it, and what there is to do for whom."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts.states import CustomerKind
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from foundation.rules import (
    Comparison,
    Criterion,
    CriterionStep,
    Fact,
    Facts,
    Group,
    Kind,
    Match,
    Row,
    RowOutcome,
    RowTrace,
    RuleSet,
    RuleTable,
    Truth,
)
from foundation.worklist.models import Skill
from territory.states import ProductFamily
from tickets.models import RoutingRow, RoutingVersion, Ticket, WaitingTicket
from tickets.states import OPEN, Priority, TicketChannel, TicketType

ANSWER = "answer."
"""Before the step of a symptom tree, in the name of a fact."""
COLUMNS = {
    "type": "type",
    "priority": "priority",
    "channel": "channel",
    "language": "language",
    "symptom": "symptom",
    "family": "service__product__family",
    "zip": "premises__zip_code",
    "node": "premises__node",
    "customer_kind": "customer__kind",
    "division": "division_id",
}
"""What is asked of a ticket: the name of the fact, and where it is read."""
LABELS: Mapping[str, Promise] = {
    "type": gettext_lazy("Type"),
    "priority": gettext_lazy("Priority"),
    "channel": gettext_lazy("Channel"),
    "language": gettext_lazy("Language"),
    "symptom": gettext_lazy("Symptom"),
    "family": gettext_lazy("Product family"),
    "zip": gettext_lazy("ZIP code"),
    "node": gettext_lazy("Network node"),
    "customer_kind": gettext_lazy("Customer"),
    "division": gettext_lazy("Division"),
}
CHOICES: Mapping[str, Any] = {
    "type": TicketType,
    "priority": Priority,
    "channel": TicketChannel,
    "family": ProductFamily,
    "customer_kind": CustomerKind,
}


# What is known of a ticket. ----------------------------------------------------------------------------------------


def facts_of(ticket: Ticket) -> Facts:
    """Return what a procedure may ask of a ticket."""
    columns: dict[str, Any] = {f"_{name}": F(path) for name, path in COLUMNS.items()}
    row: dict[str, Any] = dict(Ticket.objects.filter(pk=ticket.pk).values("answers", **columns).get())
    return facts_from({name: row[f"_{name}"] for name in COLUMNS}, row["answers"], _lineages([row["_division"]]))


def facts_from(read: Mapping[str, Any], answers: Mapping[str, Any], lineages: Mapping[int, Collection[int]]) -> Facts:
    """
    Return the facts for what was read of a ticket.

    :param read: by the names in `COLUMNS`; what is left out is not known
    :param lineages: of every division that occurs, its own id and those above it
    """
    facts: dict[str, Fact] = {name: value for name, value in read.items() if name not in {"zip", "node", "division"}}
    if language := read.get("language"):
        facts["language"] = str(language).lower().partition("-")[0]
    for name in ("zip", "node"):
        if code := read.get(name):
            facts[name] = tuple(patterns_of(code))
    if division := read.get("division"):
        facts["division"] = tuple(str(pk) for pk in lineages[division])
    facts |= {f"{ANSWER}{step}": _as_text(answer) for step, answer in answers.items()}
    return facts


def patterns_of(code: str) -> Iterator[str]:
    """Yield what a ZIP code or a node of the network may be meant by: itself, and every beginning with a star."""
    yield code
    for length in range(1, len(code) + 1):
        yield f"{code[:length]}*"


def _as_text(answer: Any) -> str:
    return {True: "yes", False: "no"}.get(answer, str(answer)) if isinstance(answer, bool) else str(answer)


def _lineages(division_ids: Collection[int]) -> dict[int, Collection[int]]:
    return dict(Division.objects.filter(pk__in=division_ids).values_list("pk", "lineage"))


# What a row asks. --------------------------------------------------------------------------------------------------


def rule_of(row: RoutingRow) -> RuleSet:
    """Return the conditions of a row: each that is given is a group, of whose values one is enough."""
    asked: list[tuple[str, Iterable[str], bool]] = [
        ("type", row.types, False),
        ("priority", row.priorities, False),
        ("channel", row.channels, False),
        ("customer_kind", row.customer_kinds, False),
        ("family", row.families, False),
        ("language", (code.lower().partition("-")[0] for code in row.languages), False),
        ("symptom", row.symptoms, False),
        ("zip", row.zip_codes, True),
        ("node", row.nodes, True),
        ("division", (str(division.pk) for division in row.divisions.all()), True),
        *((f"{ANSWER}{step}", _several(wanted), False) for step, wanted in row.answers.items()),
    ]
    groups = ((name, tuple(values), is_within) for name, values, is_within in asked)
    return RuleSet(groups=tuple(_group(name, values, is_within) for name, values, is_within in groups if values))


def _several(wanted: Any) -> list[str]:
    return [_as_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]


def _group(name: str, values: tuple[str, ...], is_within: bool) -> Group:  # noqa: FBT001  # of one table, above
    if not is_within:
        one_of = Criterion(fact=name, kind=Kind.TEXT, comparison=Comparison.IN, values=values)
        return Group(criteria=(one_of,), name=name)
    each = (
        Criterion(
            fact=name,
            kind=Kind.TEXT,
            comparison=Comparison.CONTAINS,
            values=(value,),
            if_true=CriterionStep.GROUP_TRUE,
            if_false=CriterionStep.NEXT,
            if_insufficient=CriterionStep.NEXT,
        )
        for value in values
    )
    return Group(criteria=tuple(each), name=name, otherwise=False)


# Which procedure decides. ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Procedure:
    """A version, ready to decide."""

    version: RoutingVersion
    rows: Mapping[int, RoutingRow]

    @cached_property
    def table(self) -> RuleTable:
        """Its rows as rules."""
        return RuleTable(
            rows=tuple(
                Row(
                    key=row.pk,
                    rule=rule_of(row),
                    position=row.position,
                    since=row.since,
                    until=row.until,
                    name=row.name,
                )
                for row in self.rows.values()
            )
        )

    def row_for(self, facts: Facts, *, on: date) -> RoutingRow | None:
        """Return the first row that holds."""
        found = self.table.first(facts, on=on)
        return self.rows[found.key] if found else None  # type: ignore[index]  # the key that was given above


def procedure_of(version: RoutingVersion) -> Procedure:
    """Read a version with all its rows, in a number of statements that these do not set."""
    rows = version.rows.select_related("team__division", "fallback_team__division").prefetch_related(
        "skills", "divisions"
    )
    return Procedure(version=version, rows={row.pk: row for row in rows.order_by("position", "pk")})


def in_force_at(at: datetime) -> QuerySet[RoutingVersion]:
    """Return the versions that are in force at a moment, of all divisions."""
    is_not_over = Q(in_force_until=None) | Q(in_force_until__gt=at)
    return RoutingVersion.objects.filter(is_not_over, in_force_from__lte=at).select_related("division")


def version_for(division: Division, at: datetime) -> RoutingVersion | None:
    """Return the version that decides at a moment about the tickets of a division: of the nearest that has one."""
    counting = in_force_at(at).filter(division__in=division.lineage)
    return max(counting, key=lambda version: len(version.division.lineage), default=None)


def versions_visible_to(user: Person) -> QuerySet[RoutingVersion]:
    """Return the procedures of the divisions that a person configures, audits or sees tickets of."""
    readers = (Permission.CONFIGURE, Permission.AUDIT, Permission.SEE_TICKETS)
    return RoutingVersion.objects.filter(division__in=divisions_where(user, *readers))


# Why a ticket went where it did. -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """A condition that was looked at, in words."""

    label: str
    wanted: str
    actual: str
    truth: Truth


@dataclass(frozen=True)
class Explained:
    """A rule of the procedure, what became of it, and each of its conditions as far as they were looked at."""

    row: RoutingRow
    outcome: RowOutcome
    words: str
    conditions: tuple[Condition, ...]

    @property
    def tone(self) -> str:
        """Which colour goes with it."""
        return {RowOutcome.HIT: "good", RowOutcome.INSUFFICIENT: "careful"}.get(self.outcome, "none")


def explain_routing(ticket: Ticket, at: datetime) -> tuple[Procedure | None, list[Explained]]:
    """Say of every rule of the procedure that decides at a moment whether it holds for a ticket, and why."""
    version = version_for(ticket.division, at)
    if version is None:
        return None, []
    procedure = procedure_of(version)
    match: Match = procedure.table.explain(facts_of(ticket), on=at.astimezone(ticket.division.zone).date())
    names = _division_names(procedure)
    return procedure, [_explained(procedure, trace, names) for trace in match.rows]


_OUTCOMES: Mapping[RowOutcome, Promise] = {
    RowOutcome.HIT: gettext_lazy("Holds: it decides"),
    RowOutcome.MISS: gettext_lazy("Does not hold"),
    RowOutcome.INSUFFICIENT: gettext_lazy("Not enough is known"),
    RowOutcome.NOT_YET: gettext_lazy("Not yet its day"),
    RowOutcome.OVER: gettext_lazy("Its last day is over"),
    RowOutcome.NOT_REACHED: gettext_lazy("Not looked at: one before it decides"),
}


def _explained(procedure: Procedure, trace: RowTrace, names: Mapping[str, str]) -> Explained:
    groups = trace.decision.groups if trace.decision else ()
    conditions = []
    for group in groups:
        name = group.group.name
        wanted = [value for criterion in group.group.criteria for value in criterion.values]
        is_unknown = not group.truth and any(line.truth is Truth.INSUFFICIENT for line in group.criteria)
        truth = Truth.INSUFFICIENT if is_unknown else Truth.TRUE if group.truth else Truth.FALSE
        actual = _("not known") if is_unknown else _in_words(name, _shown(name, group.criteria[0].actual), names)
        conditions.append(Condition(_label(name), _in_words(name, wanted, names), actual, truth))
    row = procedure.rows[trace.row.key]  # type: ignore[index]  # as given by `Procedure.table`
    return Explained(row, trace.outcome, str(_OUTCOMES[trace.outcome]), tuple(conditions))


def _label(name: str) -> str:
    if name.startswith(ANSWER):
        return _("Answer to “%(step)s”") % {"step": name.removeprefix(ANSWER)}
    return str(LABELS[name])


def _shown(name: str, actual: Fact) -> list[str]:
    """Return a fact as a person says it: the division itself and not those above, a code and not its beginnings."""
    if isinstance(actual, tuple):
        return [actual[-1] if name == "division" else actual[0]]
    return [str(actual)]


def _in_words(name: str, values: Iterable[str], names: Mapping[str, str]) -> str:
    labels = dict(CHOICES[name].choices) if name in CHOICES else names if name == "division" else {}
    return ", ".join(str(labels.get(value, value)) for value in values)


def _division_names(procedure: Procedure) -> dict[str, str]:
    below = Division.objects.under(procedure.version.division)
    return {str(pk): name for pk, name in below.values_list("pk", "name")}


# Who has how much. -------------------------------------------------------------------------------------------------


def open_tickets_of(user_ids: Collection[int]) -> Mapping[int, int]:
    """Count the open tickets of people: a `foundation.worklist.queries.Load`."""
    counted = (
        Ticket.objects.filter(owner__in=user_ids, status__in=sorted(OPEN), merged_into=None)
        .order_by()
        .values_list("owner")
        .annotate(Count("pk"))
    )
    return dict(counted)


def skills_of(row: RoutingRow | None) -> frozenset[Skill]:
    """Return what a row asks of whoever gets a ticket."""
    return frozenset(row.skills.all()) if row else frozenset()


def waiting_visible_to(user: User) -> QuerySet[WaitingTicket]:
    """Return the tickets for nobody yet that lie before the supervisors of a person's divisions."""
    mine = divisions_where(user, Permission.SEE_TICKETS)
    return WaitingTicket.objects.filter(ticket__division__in=mine, supervised_at__isnull=False)
