"""Whether a rule's conditions hold for the facts of an order: three-valued, in groups, as `foundation.rules` has it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

TRUE, FALSE, UNKNOWN = "true", "false", "insufficient"
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def holds(rule: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Tell whether a rule holds; one without conditions always does."""
    for group in rule.get("groups", []):
        step = group["if_true"] if _group_holds(group, facts) else group["if_false"]
        if step != "next":
            return bool(step == "holds")
    return bool(rule.get("otherwise", True))


def _group_holds(group: dict[str, Any], facts: dict[str, Any]) -> bool:
    for criterion in group["criteria"]:
        step = criterion["if_" + _truth(criterion, facts.get(criterion["fact"]))]
        if step != "next":
            return bool(step == "group_true")
    return bool(group["otherwise"])


def _truth(criterion: dict[str, Any], fact: Any) -> str:
    comparison = criterion["comparison"]
    is_there = fact is not None and (not isinstance(fact, str | list) or bool(fact))
    if comparison == "present":
        return TRUE if is_there else FALSE
    if not is_there:
        return UNKNOWN
    if comparison == "contains":
        wanted = _plain(criterion["values"][0])
        found = wanted in ([_plain(one) for one in fact] if isinstance(fact, list) else _plain(fact))
        return TRUE if found else FALSE
    value = _value(fact, criterion["kind"])
    if value is None:
        return UNKNOWN
    wanted_values = [_value(text, criterion["kind"]) for text in criterion["values"]]
    return TRUE if _compare(value, comparison, wanted_values) else FALSE


def _compare(value: Any, comparison: str, wanted: list[Any]) -> bool:
    if comparison in {"in", "not_in"}:
        return (value in wanted) == (comparison == "in")
    if comparison in {"=", "!="}:
        return bool(value == wanted[0]) == (comparison == "=")
    if comparison == "between":
        return bool(wanted[0] <= value <= wanted[1])
    if comparison in {">", ">="}:
        return bool(value > wanted[0] or (value == wanted[0] and comparison == ">="))
    return bool(value < wanted[0] or (value == wanted[0] and comparison == "<="))


def _value(fact: Any, kind: str) -> Any:
    """Return a fact as what it is compared as; None where it cannot be read so."""
    if kind == "text":
        return _plain(fact) if isinstance(fact, str) else None
    if kind == "flag":
        return fact if isinstance(fact, bool) else FLAGS.get(_plain(fact))
    try:
        return date.fromisoformat(fact) if kind == "date" else Decimal(str(fact))
    except (ValueError, InvalidOperation):
        return None


def _plain(text: Any) -> str:
    return str(text).strip().casefold()
