"""Which version of which rule counts for an order, and what it promises."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.recount import conditions
from sandbox.recount.judge import to_the_cent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.recount.export import Division, Referral, Term, Version


def version_for(
    versions: Sequence[Version], referral: Referral, division: Division, margins: Mapping[str, Decimal | None]
) -> Version | None:
    """
    Return the version that was in force for an order when it was submitted, if its conditions hold.

    One that gives a share of a margin holds only where that is known.

    The nearest division with any decides alone; there a rule of the programme comes before those of every programme,
    then the smaller priority.
    """
    known = [
        version
        for version in versions
        if version.division in division.lineage
        and version.programme in ("", referral.programme)
        and version.effective_from <= referral.submitted_at
    ]
    newest = {version.rule: version for version in sorted(known, key=lambda version: version.effective_from)}
    running = [
        version
        for version in newest.values()
        if version.effective_until is None or version.effective_until > referral.submitted_at
    ]
    depth = max((division.lineage.index(version.division) for version in running), default=0)
    nearest = [version for version in running if division.lineage.index(version.division) == depth]
    nearest.sort(key=lambda version: (version.programme == "", version.priority, version.rule))
    facts = {**referral.facts, **margins}
    for version in nearest:
        shared = {term.basis for term in version.terms} & set(margins)
        if conditions.holds(version.conditions, facts) and all(margins[basis] is not None for basis in shared):
            return version
    return None


def promised(
    term: Term, ordinal: int, *, bases: Mapping[str, Decimal | None], free_month: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """
    Return the amount of a reward, or the percentage of what is only known once it is paid.

    :param bases: what percentages are reckoned from, by their names; below zero it earns nothing
    """
    if term.form == "free_month":
        return to_the_cent(free_month), None
    value = term.value(ordinal)
    if value is None:
        raise ValueError(f"A term for the {term.side} says nothing.")
    if term.basis == "flat":
        return value, None
    if term.basis == "percent_cash":
        return None, value
    return to_the_cent(max(bases[term.basis] or Decimal(0), Decimal(0)) * value / 100), None
