"""
What a routing procedure would have done with the tickets of the last month, against what decides now. Nothing is written.

Tickets that are alike in all that either procedure asks are decided about together: one statement groups them, however
many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _, ngettext

from foundation.divisions.models import Division
from foundation.rules import Facts
from tickets.models import RoutingRow, RoutingVersion, Ticket
from tickets.queries.routing import ANSWER, COLUMNS, Procedure, facts_from, in_force_at, procedure_of, version_for

DAYS = 30


@dataclass
class Difference:
    """Tickets that would go elsewhere."""

    before: str
    after: str
    rule: str
    """The rule of the tried version that decides; empty: none."""
    count: int = 0
    example: str = ""
    """The number of one of them."""


@dataclass
class Trial:
    """What would go elsewhere, the most first, and how much would not."""

    since: date
    tickets: int = 0
    unchanged: int = 0
    without_rule: int = 0
    """Tickets for which no rule of the tried version holds."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many would go elsewhere."""
        return self.tickets - self.unchanged


def try_procedure(version: RoutingVersion, at: datetime) -> Trial:
    """Try a version on the tickets of the last `DAYS` days of its division and those below without one of their own."""
    tried = procedure_of(version)
    lineages = dict(Division.objects.under(version.division).values_list("pk", "lineage"))
    procedures = _procedures_at(version, lineages, at)
    decided_here = [pk for pk in lineages if _is_ours(version, procedures[pk])]
    trial = Trial(since=(at - timedelta(days=DAYS)).astimezone(version.division.zone).date())
    asked = tried.table.facts_asked().union(*(each.table.facts_asked() for each in procedures.values() if each))
    differences: dict[tuple[str, str, str], Difference] = {}
    on = at.astimezone(version.division.zone).date()
    for alike in _grouped(decided_here, at, asked).iterator(chunk_size=2000):
        facts = _facts(alike, asked, lineages)
        now_decides = procedures[alike["_division"]]
        before = now_decides.row_for(facts, on=on) if now_decides else None
        after = tried.row_for(facts, on=on)
        _count(trial, differences, alike, before, after)
    trial.differences = sorted(differences.values(), key=lambda each: (-each.count, each.before, each.after))
    return trial


def _procedures_at(
    version: RoutingVersion, lineages: Mapping[int, list[int]], at: datetime
) -> dict[int, Procedure | None]:
    """Return the procedure that decides at a moment, for each division."""
    read: dict[int, Procedure] = {}
    found: dict[int, Procedure | None] = {}
    in_force = list(in_force_at(at).filter(division__in=lineages))
    above = version_for(version.division, at)
    for pk, lineage in lineages.items():
        nearest = max(
            (each for each in in_force if each.division_id in lineage),
            key=lambda each: len(each.division.lineage),
            default=above,
        )
        if nearest is not None and nearest.pk not in read:
            read[nearest.pk] = procedure_of(nearest)
        found[pk] = read[nearest.pk] if nearest else None
    return found


def _is_ours(version: RoutingVersion, decides_now: Procedure | None) -> bool:
    """Tell whether a division has no procedure of its own below that of the version."""
    return decides_now is None or decides_now.version.division_id in version.division.lineage


def _grouped(division_ids: list[int], at: datetime, asked: frozenset[str]) -> QuerySet[Ticket, Any]:
    columns: dict[str, Any] = {
        f"_{name}": F(path) for name, path in COLUMNS.items() if name in asked or name in {"division", "priority"}
    }
    columns |= {f"_{place}": KeyTextTransform(step, "answers") for place, step in _steps(asked)}
    opened = Ticket.objects.filter(
        division__in=division_ids, opened_at__gt=at - timedelta(days=DAYS), opened_at__lte=at
    )
    return opened.order_by().values(**columns).annotate(alike=Count("pk"), example=Max("number"))


def _steps(asked: frozenset[str]) -> list[tuple[int, str]]:
    """Return the steps of symptom trees that are asked for, numbered: an answer's name may be any text."""
    return list(enumerate(sorted(name.removeprefix(ANSWER) for name in asked if name.startswith(ANSWER))))


def _facts(alike: Mapping[str, Any], asked: frozenset[str], lineages: Mapping[int, list[int]]) -> Facts:
    read = {name: alike[f"_{name}"] for name in COLUMNS if f"_{name}" in alike}
    answers = {step: alike[f"_{place}"] for place, step in _steps(asked) if alike[f"_{place}"] is not None}
    said = {step: {"true": "yes", "false": "no"}.get(answer, answer) for step, answer in answers.items()}
    return facts_from(read, said, lineages)


def _count(
    trial: Trial,
    differences: dict[tuple[str, str, str], Difference],
    alike: Mapping[str, Any],
    before: RoutingRow | None,
    after: RoutingRow | None,
) -> None:
    count = alike["alike"]
    trial.tickets += count
    trial.without_rule += count if after is None else 0
    old, new = outcome_in_words(before, alike["_priority"]), outcome_in_words(after, alike["_priority"])
    if old == new:
        trial.unchanged += count
        return
    rule = after.name if after else ""
    difference = differences.setdefault((old, new, rule), Difference(before=old, after=new, rule=rule))
    difference.count += count
    difference.example = max(difference.example, alike["example"])


def outcome_in_words(row: RoutingRow | None, priority: str = "") -> str:
    """
    Say where a row sends a ticket.

    :param priority: that the ticket has: it is not said again
    """
    if row is None:
        return _("to the supervisors: no rule holds")
    parts = [str(row.team)]
    if skills := ", ".join(sorted(str(skill) for skill in row.skills.all())):
        parts.append(_("who can: %(skills)s") % {"skills": skills})
    if not row.needs_language:
        parts.append(_("in any language"))
    if row.priority and row.priority != priority:
        parts.append(_("as %(priority)s") % {"priority": row.get_priority_display().partition(" ")[0]})
    if row.fallback_team:
        minutes = ngettext("after %(count)d minute", "after %(count)d minutes", row.fallback_minutes)
        parts.append(
            _("else %(team)s %(after)s")
            % {"team": row.fallback_team, "after": minutes % {"count": row.fallback_minutes}}
        )
    return " · ".join(parts)
