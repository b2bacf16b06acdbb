"""
Rules that operators write: three-valued conditions in ordered groups, with a complete trace.

One engine for package eligibility, ticket routing and commission conditions. It knows no model and
reads no clock: a `RuleSet` and a mapping of facts go in, a `Decision` comes out.

A criterion is true, false, or has **insufficient data**: a fact that is missing, or that cannot be read as what it is
compared with, is neither equal nor unequal to anything. What each of the three means is said by the criterion (its
group is true, its group is false, look at the next one); what the group means is said by the group (the rule holds, it
fails, look at the next group). A group or a rule set whose last member still says "next" ends as its `otherwise` says.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

Value = str | Decimal | bool | date
Fact = Value | int | Collection[str] | None
Facts = Mapping[str, Fact]
Json = dict[str, Any]


class InvalidRule(ValueError):  # noqa: N818  # it reads as the sentence that it is: raises InvalidRule
    """A rule that means nothing; the message says why, to the operator who wrote it."""


class Truth(StrEnum):
    """What a criterion makes of the facts."""

    TRUE = "true"
    FALSE = "false"
    INSUFFICIENT = "insufficient"


class Kind(StrEnum):
    """What is compared, and so how a fact is read."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"


class Comparison(StrEnum):
    """How a fact is held against the values of a criterion."""

    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    PRESENT = "present"


class CriterionStep(StrEnum):
    """Where the result of a criterion leads."""

    GROUP_TRUE = "group_true"
    GROUP_FALSE = "group_false"
    NEXT = "next"


class GroupStep(StrEnum):
    """Where the result of a group leads."""

    HOLDS = "holds"
    FAILS = "fails"
    NEXT = "next"


_OF_ORDER = frozenset(
    {Comparison.GREATER, Comparison.LESS, Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.BETWEEN}
)
_COMPARISONS = {
    Kind.TEXT: frozenset(Comparison) - _OF_ORDER,
    Kind.NUMBER: frozenset(Comparison) - {Comparison.CONTAINS},
    Kind.DATE: frozenset(Comparison) - {Comparison.CONTAINS},
    Kind.FLAG: frozenset({Comparison.EQUAL, Comparison.NOT_EQUAL, Comparison.PRESENT}),
}
_HOLDS: Mapping[Comparison, Callable[[Any, Sequence[Any]], bool]] = {
    Comparison.EQUAL: lambda value, wanted: value == wanted[0],
    Comparison.NOT_EQUAL: lambda value, wanted: value != wanted[0],
    Comparison.GREATER: lambda value, wanted: value > wanted[0],
    Comparison.LESS: lambda value, wanted: value < wanted[0],
    Comparison.AT_LEAST: lambda value, wanted: value >= wanted[0],
    Comparison.AT_MOST: lambda value, wanted: value <= wanted[0],
    Comparison.BETWEEN: lambda value, wanted: wanted[0] <= value <= wanted[1],
    Comparison.IN: lambda value, wanted: value in wanted,
    Comparison.NOT_IN: lambda value, wanted: value not in wanted,
}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def comparisons_of(kind: Kind) -> frozenset[Comparison]:
    """Return the comparisons that mean something for facts of a kind."""
    return _COMPARISONS[kind]


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """
    One comparison of one fact, and where each of its three results leads.

    `values` are written as text: "300", "2026-11-21", "true". Text is compared without regard to case and outer
    blanks; `between` includes both ends; `contains` looks into a text or among the members of a collection.
    """

    fact: str
    kind: Kind
    comparison: Comparison
    values: tuple[str, ...] = ()
    if_true: CriterionStep = CriterionStep.NEXT
    if_false: CriterionStep = CriterionStep.GROUP_FALSE
    if_insufficient: CriterionStep = CriterionStep.GROUP_FALSE

    def __post_init__(self) -> None:
        """
        Refuse what could never be evaluated.

        :raises InvalidRule: with the reason in words
        """
        if not self.fact.strip():
            raise InvalidRule(_("A criterion needs a fact to compare."))
        if self.comparison not in comparisons_of(self.kind):
            raise InvalidRule(
                _("“%(comparison)s” cannot be asked of a %(kind)s.")
                % {"comparison": self.comparison, "kind": self.kind}
            )
        self._check_count()
        wanted = self._wanted()
        if self.comparison is Comparison.BETWEEN and wanted[0] > wanted[1]:  # type: ignore[operator]  # of one kind
            raise InvalidRule(_("“between” needs the smaller value first."))

    def truth(self, facts: Facts) -> Truth:
        """Return what this criterion makes of the facts; whatever they are, it does not raise."""
        fact = facts.get(self.fact)
        present = _is_present(fact)
        if self.comparison is Comparison.PRESENT:
            return Truth.TRUE if present else Truth.FALSE
        if not present:
            return Truth.INSUFFICIENT
        answer = self._contained_in(fact) if self.comparison is Comparison.CONTAINS else self._compared_with(fact)
        if answer is None:
            return Truth.INSUFFICIENT
        return Truth.TRUE if answer else Truth.FALSE

    def step_for(self, truth: Truth) -> CriterionStep:
        """Return where this result leads."""
        steps = {Truth.TRUE: self.if_true, Truth.FALSE: self.if_false, Truth.INSUFFICIENT: self.if_insufficient}
        return steps[truth]

    def as_json(self) -> Json:
        """Return this criterion in JSON primitives."""
        return {
            "fact": self.fact,
            "kind": self.kind.value,
            "comparison": self.comparison.value,
            "values": list(self.values),
            "if_true": self.if_true.value,
            "if_false": self.if_false.value,
            "if_insufficient": self.if_insufficient.value,
        }

    @classmethod
    def from_json(cls, data: Json) -> "Criterion":
        """
        Read what `as_json` wrote.

        :raises InvalidRule: if it is no criterion
        """
        with _reading(_("criterion")):
            return cls(
                fact=data["fact"],
                kind=Kind(data["kind"]),
                comparison=Comparison(data["comparison"]),
                values=tuple(data["values"]),
                if_true=CriterionStep(data["if_true"]),
                if_false=CriterionStep(data["if_false"]),
                if_insufficient=CriterionStep(data["if_insufficient"]),
            )

    def _check_count(self) -> None:
        count = len(self.values)
        match self.comparison:
            case Comparison.PRESENT:
                fits, needed = count == 0, _("no value")
            case Comparison.BETWEEN:
                fits, needed = count == 2, _("two values")
            case Comparison.IN | Comparison.NOT_IN:
                fits, needed = count > 0, _("at least one value")
            case _other:
                fits, needed = count == 1, _("one value")
        if not fits:
            raise InvalidRule(
                _("“%(comparison)s” needs %(needed)s.") % {"comparison": self.comparison, "needed": needed}
            )

    def _wanted(self) -> list[Value]:
        wanted = [_read(text, self.kind) for text in self.values]
        for text, value in zip(self.values, wanted, strict=True):
            if value in (None, ""):
                raise InvalidRule(_("“%(text)s” is not a %(kind)s.") % {"text": text, "kind": self.kind})
        return [value for value in wanted if value is not None]

    def _compared_with(self, fact: Fact) -> bool | None:
        value, wanted = _read(fact, self.kind), self._wanted()
        if value is None:
            return None
        return _HOLDS[self.comparison](value, wanted)

    def _contained_in(self, fact: Fact) -> bool | None:
        wanted = _folded(self.values[0])
        if isinstance(fact, str):
            return wanted in _folded(fact)
        if isinstance(fact, Collection):
            return wanted in {_folded(str(member)) for member in fact}
        return None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Criteria in order, and where their result leads."""

    criteria: tuple[Criterion, ...]
    if_true: GroupStep = GroupStep.NEXT
    if_false: GroupStep = GroupStep.FAILS
    otherwise: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        """
        Refuse a group that asks nothing.

        :raises InvalidRule: with the reason in words
        """
        if not self.criteria:
            raise InvalidRule(_("A group needs at least one criterion."))

    def step_for(self, *, truth: bool) -> GroupStep:
        """Return where this result leads."""
        return self.if_true if truth else self.if_false

    def as_json(self) -> Json:
        """Return this group in JSON primitives."""
        return {
            "name": self.name,
            "criteria": [criterion.as_json() for criterion in self.criteria],
            "if_true": self.if_true.value,
            "if_false": self.if_false.value,
            "otherwise": self.otherwise,
        }

    @classmethod
    def from_json(cls, data: Json) -> "Group":
        """
        Read what `as_json` wrote.

        :raises InvalidRule: if it is no group
        """
        with _reading(_("group")):
            return cls(
                name=data["name"],
                criteria=tuple(Criterion.from_json(criterion) for criterion in data["criteria"]),
                if_true=GroupStep(data["if_true"]),
                if_false=GroupStep(data["if_false"]),
                otherwise=bool(data["otherwise"]),
            )


@dataclass(frozen=True, kw_only=True)
class CriterionTrace:
    """A criterion that was looked at, what it saw and where that led."""

    criterion: Criterion
    actual: Fact
    truth: Truth

    @property
    def step(self) -> CriterionStep:
        """Where it led."""
        return self.criterion.step_for(self.truth)

    def as_json(self) -> Json:
        """Return this line of the trace in JSON primitives."""
        return {
            **self.criterion.as_json(),
            "actual": _in_json(self.actual),
            "truth": self.truth.value,
            "step": self.step.value,
        }


@dataclass(frozen=True, kw_only=True)
class GroupTrace:
    """A group that was looked at, with those of its criteria that were reached."""

    group: Group
    criteria: tuple[CriterionTrace, ...]
    truth: bool

    @property
    def step(self) -> GroupStep:
        """Where it led."""
        return self.group.step_for(truth=self.truth)

    @property
    def deciding(self) -> tuple[CriterionTrace, ...]:
        """The criterion that ended the group; all that were reached if none did."""
        last = self.criteria[-1]
        return self.criteria if last.step is CriterionStep.NEXT else (last,)

    def as_json(self) -> Json:
        """Return this part of the trace in JSON primitives."""
        return {
            "name": self.group.name,
            "truth": self.truth,
            "step": self.step.value,
            "criteria": [line.as_json() for line in self.criteria],
        }


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a rule holds for the facts, and every step that led there."""

    holds: bool
    groups: tuple[GroupTrace, ...]

    @property
    def deciding(self) -> tuple[CriterionTrace, ...]:
        """The criteria that decided: those of the group that concluded, or of all groups if none did."""
        if not self.groups:
            return ()
        concluding = self.groups if self.groups[-1].step is GroupStep.NEXT else self.groups[-1:]
        return tuple(line for group in concluding for line in group.deciding)

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that were asked for and not known, each once, in the order of asking."""
        asked = (line for group in self.groups for line in group.criteria)
        return tuple(dict.fromkeys(line.criterion.fact for line in asked if line.truth is Truth.INSUFFICIENT))

    def as_json(self) -> Json:
        """Return the decision with its trace in JSON primitives."""
        return {"holds": self.holds, "groups": [group.as_json() for group in self.groups]}


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """Groups in order; without any, the rule is what `otherwise` says."""

    groups: tuple[Group, ...] = ()
    otherwise: bool = True

    def decide(self, facts: Facts) -> Decision:
        """Evaluate the rule against the facts and keep the trace."""
        traces: list[GroupTrace] = []
        for group in self.groups:
            traces.append(_evaluate(group, facts))
            if (step := traces[-1].step) is not GroupStep.NEXT:
                return Decision(holds=step is GroupStep.HOLDS, groups=tuple(traces))
        return Decision(holds=self.otherwise, groups=tuple(traces))

    def facts_asked(self) -> frozenset[str]:
        """Return the names of all facts that a criterion may ask for."""
        return frozenset(criterion.fact for group in self.groups for criterion in group.criteria)

    def as_json(self) -> Json:
        """Return this rule in JSON primitives."""
        return {"groups": [group.as_json() for group in self.groups], "otherwise": self.otherwise}

    @classmethod
    def from_json(cls, data: Json) -> "RuleSet":
        """
        Read what `as_json` wrote.

        :raises InvalidRule: if it is no rule
        """
        with _reading(_("rule")):
            groups = tuple(Group.from_json(group) for group in data["groups"])
            return cls(groups=groups, otherwise=bool(data["otherwise"]))


def _evaluate(group: Group, facts: Facts) -> GroupTrace:
    lines: list[CriterionTrace] = []
    for criterion in group.criteria:
        line = CriterionTrace(criterion=criterion, actual=facts.get(criterion.fact), truth=criterion.truth(facts))
        lines.append(line)
        if line.step is not CriterionStep.NEXT:
            return GroupTrace(group=group, criteria=tuple(lines), truth=line.step is CriterionStep.GROUP_TRUE)
    return GroupTrace(group=group, criteria=tuple(lines), truth=group.otherwise)


def _is_present(fact: Fact) -> bool:
    if fact is None:
        return False
    if isinstance(fact, str):
        return bool(fact.strip())
    return not isinstance(fact, Collection) or len(fact) > 0


def _read(fact: Fact, kind: Kind) -> Value | None:
    """Return the fact as a value of the kind, or nothing if it cannot be read so."""
    match kind:
        case Kind.TEXT:
            return _folded(fact) if isinstance(fact, str) else None
        case Kind.NUMBER:
            return _read_number(fact)
        case Kind.FLAG:
            return _FLAGS.get(_folded(fact)) if isinstance(fact, str) else fact if isinstance(fact, bool) else None
        case Kind.DATE:
            return _read_date(fact)


def _read_number(fact: Fact) -> Decimal | None:
    if isinstance(fact, bool) or not isinstance(fact, str | int | Decimal):
        return None
    try:
        number = Decimal(fact)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _read_date(fact: Fact) -> date | None:
    if not isinstance(fact, str):
        return fact if type(fact) is date else None  # a datetime has no date until somebody names a zone
    try:
        return date.fromisoformat(fact.strip())
    except ValueError:
        return None


def _folded(text: str) -> str:
    return text.strip().casefold()


def _in_json(fact: Fact) -> Any:
    match fact:
        case None | bool() | int() | str():
            return fact
        case Decimal():
            return str(fact)
        case date():
            return fact.isoformat()
        case _members:
            return sorted(str(member) for member in fact)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except InvalidRule:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRule(_("This is no %(what)s: %(error)s") % {"what": what, "error": error}) from error
