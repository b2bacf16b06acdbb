"""Rules: three truth values, ordered groups, a trace that explains; checked against an independent oracle."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from foundation.rules import (
    Comparison,
    Criterion,
    CriterionStep,
    Fact,
    Facts,
    Group,
    GroupStep,
    InvalidRule,
    Kind,
    RuleSet,
    Truth,
    comparisons_of,
)

NEXT, GROUP_TRUE, GROUP_FALSE = CriterionStep.NEXT, CriterionStep.GROUP_TRUE, CriterionStep.GROUP_FALSE


def text(fact: str, comparison: Comparison, *values: str) -> Criterion:
    return Criterion(fact=fact, kind=Kind.TEXT, comparison=comparison, values=values)


def number(fact: str, comparison: Comparison, *values: str) -> Criterion:
    return Criterion(fact=fact, kind=Kind.NUMBER, comparison=comparison, values=values)


class TestCriterion:
    @pytest.mark.parametrize(
        ("criterion", "fact", "truth"),
        [
            (text("state", Comparison.EQUAL, "CA"), " ca ", Truth.TRUE),
            (text("state", Comparison.EQUAL, "CA"), "NY", Truth.FALSE),
            (text("state", Comparison.NOT_EQUAL, "CA"), "NY", Truth.TRUE),
            (text("state", Comparison.IN, "CA", "NY"), "NY", Truth.TRUE),
            (text("state", Comparison.NOT_IN, "CA", "NY"), "NY", Truth.FALSE),
            (text("families", Comparison.CONTAINS, "voice"), ("internet", "Voice"), Truth.TRUE),
            (text("families", Comparison.CONTAINS, "voice"), ("internet",), Truth.FALSE),
            (text("street", Comparison.CONTAINS, "main"), "12 Main Street", Truth.TRUE),
            (text("provider", Comparison.PRESENT), "A", Truth.TRUE),
            (text("provider", Comparison.PRESENT), "  ", Truth.FALSE),
            (text("families", Comparison.PRESENT), (), Truth.FALSE),
            (number("mbps", Comparison.AT_LEAST, "300"), 300, Truth.TRUE),
            (number("mbps", Comparison.GREATER, "300"), 300, Truth.FALSE),
            (number("mbps", Comparison.LESS, "300"), Decimal("299.9"), Truth.TRUE),
            (number("mbps", Comparison.AT_MOST, "300"), "301", Truth.FALSE),
            (number("mbps", Comparison.BETWEEN, "100", "300"), 300, Truth.TRUE),
            (number("mbps", Comparison.BETWEEN, "100", "300"), 99, Truth.FALSE),
            (number("mbps", Comparison.EQUAL, "300"), "300.00", Truth.TRUE),
            (
                Criterion(fact="born", kind=Kind.DATE, comparison=Comparison.AT_MOST, values=("1961-11-21",)),
                date(1961, 11, 21),
                Truth.TRUE,
            ),
            (
                Criterion(fact="served", kind=Kind.FLAG, comparison=Comparison.EQUAL, values=("yes",)),
                True,
                Truth.TRUE,
            ),
        ],
    )
    def test_compares_a_known_fact(self, criterion: Criterion, fact: Fact, truth: Truth) -> None:
        assert criterion.truth({criterion.fact: fact}) is truth

    @pytest.mark.parametrize("fact", [None, "", "   "])
    @pytest.mark.parametrize("comparison", sorted(frozenset(Comparison) - {Comparison.PRESENT}))
    def test_has_insufficient_data_when_the_answer_was_left_blank(self, comparison: Comparison, fact: Fact) -> None:
        kind = Kind.TEXT if comparison in comparisons_of(Kind.TEXT) else Kind.NUMBER
        values = ("1", "2") if comparison is Comparison.BETWEEN else ("1",)

        criterion = Criterion(fact="answer", kind=kind, comparison=comparison, values=values)

        assert criterion.truth({"answer": fact}) is Truth.INSUFFICIENT
        assert criterion.truth({}) is Truth.INSUFFICIENT

    @pytest.mark.parametrize(
        ("kind", "value", "fact"),
        [
            (Kind.NUMBER, "5", "about five"),
            (Kind.NUMBER, "5", "NaN"),
            (Kind.NUMBER, "1", True),
            (Kind.DATE, "2026-01-01", "soon"),
            (Kind.DATE, "2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
            (Kind.FLAG, "true", "perhaps"),
            (Kind.TEXT, "internet", ("internet",)),
        ],
    )
    def test_has_insufficient_data_when_the_fact_cannot_be_read(self, kind: Kind, value: str, fact: Fact) -> None:
        criterion = Criterion(fact="answer", kind=kind, comparison=Comparison.EQUAL, values=(value,))

        assert criterion.truth({"answer": fact}) is Truth.INSUFFICIENT

    @pytest.mark.parametrize(
        ("kind", "comparison", "values", "message"),
        [
            (Kind.NUMBER, Comparison.EQUAL, ("many",), "“many” is not a number"),
            (Kind.TEXT, Comparison.EQUAL, ("  ",), "is not a text"),
            (Kind.NUMBER, Comparison.EQUAL, (), "needs one value"),
            (Kind.NUMBER, Comparison.BETWEEN, ("1",), "needs two values"),
            (Kind.NUMBER, Comparison.BETWEEN, ("9", "1"), "smaller value first"),
            (Kind.TEXT, Comparison.IN, (), "at least one value"),
            (Kind.TEXT, Comparison.PRESENT, ("x",), "needs no value"),
            (Kind.TEXT, Comparison.GREATER, ("x",), "cannot be asked of a text"),
            (Kind.NUMBER, Comparison.CONTAINS, ("1",), "cannot be asked of a number"),
            (Kind.FLAG, Comparison.IN, ("true",), "cannot be asked of a flag"),
        ],
    )
    def test_refuses_what_means_nothing(
        self, kind: Kind, comparison: Comparison, values: tuple[str, ...], message: str
    ) -> None:
        with pytest.raises(InvalidRule, match=message):
            Criterion(fact="answer", kind=kind, comparison=comparison, values=values)

    def test_refuses_to_compare_nothing(self) -> None:
        with pytest.raises(InvalidRule, match="needs a fact"):
            text("  ", Comparison.PRESENT)


class TestGroup:
    def test_refuses_to_ask_nothing(self) -> None:
        with pytest.raises(InvalidRule, match="at least one criterion"):
            Group(criteria=())


def california_with_provider(provider_step_if_blank: CriterionStep) -> RuleSet:
    """Lives in California, and the present provider is A, B or C: the example of the manual."""
    in_california = Criterion(fact="state", kind=Kind.TEXT, comparison=Comparison.EQUAL, values=("CA",))
    provider = Criterion(
        fact="provider",
        kind=Kind.TEXT,
        comparison=Comparison.IN,
        values=("A", "B", "C"),
        if_true=GROUP_TRUE,
        if_false=GROUP_FALSE,
        if_insufficient=provider_step_if_blank,
    )
    group = Group(criteria=(in_california, provider), if_true=GroupStep.HOLDS, if_false=GroupStep.FAILS)
    return RuleSet(groups=(group,))


class TestRuleSet:
    @pytest.mark.parametrize(
        ("facts", "holds"),
        [
            ({"state": "CA", "provider": "B"}, True),
            ({"state": "CA", "provider": "D"}, False),
            ({"state": "NY", "provider": "B"}, False),
            ({"provider": "B"}, False),
        ],
    )
    def test_decides_the_example_of_the_manual(self, facts: Facts, holds: bool) -> None:  # noqa: FBT001
        assert california_with_provider(GROUP_FALSE).decide(facts).holds is holds

    @pytest.mark.parametrize(("step", "holds"), [(GROUP_TRUE, True), (GROUP_FALSE, False), (NEXT, True)])
    def test_gives_a_blank_answer_the_configured_result(self, step: CriterionStep, holds: bool) -> None:  # noqa: FBT001
        decision = california_with_provider(step).decide({"state": "CA", "provider": ""})

        assert decision.holds is holds
        assert decision.missing == ("provider",)

    def test_goes_to_the_next_group_and_stops_at_the_first_conclusion(self) -> None:
        veteran = Group(
            name="Veterans",
            criteria=(text("veteran", Comparison.EQUAL, "yes"),),
            if_true=GroupStep.HOLDS,
            if_false=GroupStep.NEXT,
        )
        adult = Group(
            name="Adults",
            criteria=(number("age", Comparison.AT_LEAST, "18"),),
            if_true=GroupStep.HOLDS,
            if_false=GroupStep.FAILS,
        )
        rule = RuleSet(groups=(veteran, adult))

        assert [len(rule.decide(facts).groups) for facts in ({"veteran": "yes"}, {"age": 40})] == [1, 2]

    @pytest.mark.parametrize("otherwise", [True, False])
    def test_ends_as_otherwise_says_when_no_group_concludes(self, otherwise: bool) -> None:  # noqa: FBT001
        undecided = Group(
            criteria=(text("state", Comparison.PRESENT),), if_true=GroupStep.NEXT, if_false=GroupStep.NEXT
        )

        assert RuleSet(groups=(undecided,), otherwise=otherwise).decide({}).holds is otherwise
        assert RuleSet(otherwise=otherwise).decide({}).holds is otherwise

    def test_names_the_criterion_that_decided_and_what_it_saw(self) -> None:
        decision = california_with_provider(GROUP_FALSE).decide({"state": "CA", "provider": "D"})

        (line,) = decision.deciding
        assert (line.criterion.fact, line.actual, line.truth, line.step) == ("provider", "D", Truth.FALSE, GROUP_FALSE)

    def test_writes_its_trace_as_json(self) -> None:
        decision = RuleSet(
            groups=(Group(name="Speed", criteria=(number("mbps", Comparison.AT_LEAST, "300"),)),)
        ).decide({"mbps": Decimal("100.5")})

        assert decision.as_json() == {
            "holds": False,
            "groups": [
                {
                    "name": "Speed",
                    "truth": False,
                    "step": "fails",
                    "criteria": [
                        {
                            "fact": "mbps",
                            "kind": "number",
                            "comparison": ">=",
                            "values": ["300"],
                            "if_true": "next",
                            "if_false": "group_false",
                            "if_insufficient": "group_false",
                            "actual": "100.5",
                            "truth": "false",
                            "step": "group_false",
                        }
                    ],
                }
            ],
        }

    @pytest.mark.parametrize("data", [{}, {"groups": [{}], "otherwise": True}, {"groups": 7, "otherwise": True}])
    def test_refuses_json_that_is_no_rule(self, data: dict[str, object]) -> None:
        with pytest.raises(InvalidRule, match="This is no"):
            RuleSet.from_json(data)


# The oracle: everything below is written without the engine, on plain lists.

FACT_NAMES = ["a", "b", "c"]
TRUTH_OF_NUMBERS = {
    "=": lambda x, v: x == v[0],
    "!=": lambda x, v: x != v[0],
    ">": lambda x, v: x > v[0],
    "<": lambda x, v: x < v[0],
    ">=": lambda x, v: x >= v[0],
    "<=": lambda x, v: x <= v[0],
    "between": lambda x, v: min(v) <= x <= max(v),
    "in": lambda x, v: any(x == member for member in v),
    "not_in": lambda x, v: all(x != member for member in v),
}


def oracle(rule: RuleSet, facts: dict[str, int | None]) -> bool:
    """Compile the rule to a flat table of jumps and walk it, knowing only its JSON."""
    program = rule.as_json()
    here, group_truth = (0, 0), None
    while here[0] < len(program["groups"]):
        group = program["groups"][here[0]]
        if here[1] == len(group["criteria"]):
            group_truth = group["otherwise"]
        else:
            group_truth = {"group_true": True, "group_false": False, "next": None}[
                arrow_of(group["criteria"][here[1]], facts)
            ]
        if group_truth is None:
            here = (here[0], here[1] + 1)
            continue
        arrow = group["if_true"] if group_truth else group["if_false"]
        if arrow != "next":
            return arrow == "holds"
        here = (here[0] + 1, 0)
    return program["otherwise"]


def arrow_of(criterion: dict[str, object], facts: dict[str, int | None]) -> str:
    """Return the arrow that leads on from a criterion."""
    known = facts.get(criterion["fact"])
    if criterion["comparison"] == "present":
        return criterion["if_false"] if known is None else criterion["if_true"]
    if known is None:
        return criterion["if_insufficient"]
    values = [int(value) for value in criterion["values"]]
    return criterion["if_true"] if TRUTH_OF_NUMBERS[criterion["comparison"]](known, values) else criterion["if_false"]


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    comparison = draw(st.sampled_from(sorted(comparisons_of(Kind.NUMBER))))
    small = st.integers(0, 3)
    match comparison:
        case Comparison.PRESENT:
            values = []
        case Comparison.BETWEEN:
            values = sorted([draw(small), draw(small)])
        case Comparison.IN | Comparison.NOT_IN:
            values = draw(st.lists(small, min_size=1, max_size=3))
        case _:
            values = [draw(small)]
    steps = st.sampled_from(CriterionStep)
    return Criterion(
        fact=draw(st.sampled_from(FACT_NAMES)),
        kind=Kind.NUMBER,
        comparison=comparison,
        values=tuple(str(value) for value in values),
        if_true=draw(steps),
        if_false=draw(steps),
        if_insufficient=draw(steps),
    )


groups = st.builds(
    Group,
    criteria=st.lists(criteria(), min_size=1, max_size=4).map(tuple),
    if_true=st.sampled_from(GroupStep),
    if_false=st.sampled_from(GroupStep),
    otherwise=st.booleans(),
    name=st.text(max_size=5),
)
rule_sets = st.builds(RuleSet, groups=st.lists(groups, max_size=4).map(tuple), otherwise=st.booleans())
known_facts = st.fixed_dictionaries({name: st.none() | st.integers(0, 3) for name in FACT_NAMES})
any_fact = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.decimals()
    | st.lists(st.text())
)


class TestAnyRule:
    @given(rule=rule_sets, facts=known_facts)
    def test_decides_as_the_oracle_does(self, rule: RuleSet, facts: dict[str, int | None]) -> None:
        assert rule.decide(facts).holds is oracle(rule, facts)

    @given(rule=rule_sets)
    def test_survives_json(self, rule: RuleSet) -> None:
        assert RuleSet.from_json(rule.as_json()) == rule

    @given(rule=rule_sets, facts=known_facts)
    def test_names_as_missing_only_what_is_unknown_and_was_asked(
        self, rule: RuleSet, facts: dict[str, int | None]
    ) -> None:
        missing = rule.decide(facts).missing

        assert {name for name in missing if facts[name] is not None} == set()
        assert set(missing) <= rule.facts_asked()

    @given(
        kind=st.sampled_from(Kind), comparison=st.sampled_from(Comparison), values=st.lists(st.text()), fact=any_fact
    )
    def test_is_refused_when_written_or_never_raises_when_read(
        self, kind: Kind, comparison: Comparison, values: list[str], fact: Fact
    ) -> None:
        try:
            criterion = Criterion(fact="any", kind=kind, comparison=comparison, values=tuple(values))
        except InvalidRule:
            return

        assert criterion.truth({"any": fact}) in Truth
