"""Rules in rows: the first that holds on its day decides, and every row says what became of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from foundation.rules import (
    Comparison,
    Criterion,
    CriterionStep,
    Fact,
    Group,
    InvalidRule,
    Kind,
    Row,
    RowOutcome,
    RuleSet,
    RuleTable,
)

TODAY = date(2026, 11, 27)
DAY = timedelta(days=1)
MADE_BY_HAND = RuleSet()


def when(fact: str, *values: str, if_insufficient: CriterionStep = CriterionStep.GROUP_FALSE) -> RuleSet:
    criterion = Criterion(
        fact=fact, kind=Kind.TEXT, comparison=Comparison.IN, values=values, if_insufficient=if_insufficient
    )
    return RuleSet(groups=(Group(criteria=(criterion,)),))


def outcomes(table: RuleTable, facts: dict[str, Fact], on: date = TODAY) -> dict[object, RowOutcome]:
    return {trace.row.key: trace.outcome for trace in table.explain(facts, on=on).rows}


class TestRuleTable:
    def test_is_decided_by_the_first_row_that_holds(self) -> None:
        table = RuleTable(
            rows=(
                Row(key="all", rule=MADE_BY_HAND, position=9),
                Row(key="business", rule=when("kind", "business"), position=1),
                Row(key="spanish", rule=when("language", "es"), position=2),
            )
        )

        assert table.first({"kind": "business", "language": "es"}, on=TODAY) == table.rows[1]
        assert outcomes(table, {"kind": "residential", "language": "es"}) == {
            "business": RowOutcome.MISS,
            "spanish": RowOutcome.HIT,
            "all": RowOutcome.NOT_REACHED,
        }

    def test_tells_a_row_that_misses_from_one_that_does_not_know(self) -> None:
        table = RuleTable(rows=(Row(key="zip", rule=when("zip", "10001")), Row(key="kind", rule=when("kind", "x"))))

        match = table.explain({"kind": "y"}, on=TODAY)

        assert match.row is None
        assert [trace.outcome for trace in match.rows] == [RowOutcome.INSUFFICIENT, RowOutcome.MISS]
        assert [trace.missing for trace in match.rows] == [("zip",), ()]

    def test_counts_a_row_as_hit_that_passes_over_what_is_not_known(self) -> None:
        table = RuleTable(rows=(Row(key="zip", rule=when("zip", "10001", if_insufficient=CriterionStep.NEXT)),))

        assert outcomes(table, {}) == {"zip": RowOutcome.HIT}

    @pytest.mark.parametrize(
        ("day", "outcome"),
        [
            (TODAY - DAY, RowOutcome.NOT_YET),
            (TODAY, RowOutcome.HIT),
            (TODAY + DAY, RowOutcome.HIT),
            (TODAY + 2 * DAY, RowOutcome.OVER),
        ],
    )
    def test_takes_a_row_from_its_first_day_to_its_last(self, day: date, outcome: RowOutcome) -> None:
        table = RuleTable(rows=(Row(key=1, rule=MADE_BY_HAND, since=TODAY, until=TODAY + DAY),))

        assert outcomes(table, {}, on=day) == {1: outcome}
        assert (table.first({}, on=day) is not None) is (outcome is RowOutcome.HIT)

    def test_refuses_days_of_which_there_are_none(self) -> None:
        with pytest.raises(InvalidRule):
            Row(key=1, rule=MADE_BY_HAND, since=TODAY, until=TODAY - DAY)

    def test_refuses_two_rows_that_nobody_could_tell_apart(self) -> None:
        with pytest.raises(InvalidRule):
            RuleTable(rows=(Row(key=1, rule=MADE_BY_HAND), Row(key=1, rule=when("kind", "x"))))

    def test_writes_its_trace_in_json(self) -> None:
        table = RuleTable(rows=(Row(key=1, name="By ZIP", rule=when("zip", "10001")),))

        (trace,) = table.explain({"zip": "10002"}, on=TODAY).rows

        written = trace.as_json()
        assert (written["name"], written["outcome"]) == ("By ZIP", "miss")
        assert written["decision"]["groups"][0]["criteria"][0]["actual"] == "10002"


facts = st.fixed_dictionaries({name: st.none() | st.sampled_from("ab") for name in ("one", "two")})
days = st.none() | st.integers(-3, 3).map(lambda count: TODAY + count * DAY)


@st.composite
def rows(draw: st.DrawFn, key: int) -> Row:
    since, until = draw(days), draw(days)
    if since and until and until < since:
        since, until = until, since
    rule = draw(
        st.builds(
            when,
            st.sampled_from(["one", "two"]),
            st.sampled_from("ab"),
            if_insufficient=st.sampled_from(CriterionStep),
        )
        | st.just(MADE_BY_HAND)
    )
    return Row(key=key, rule=rule, position=draw(st.integers(0, 4)), since=since, until=until)


@st.composite
def tables(draw: st.DrawFn) -> RuleTable:
    return RuleTable(rows=tuple(draw(rows(key)) for key in range(draw(st.integers(0, 7)))))


class TestAnyTable:
    @given(table=tables(), known=facts)
    def test_is_decided_by_the_least_row_that_holds_on_the_day(self, table: RuleTable, known: dict[str, Fact]) -> None:
        holding = [
            (row.position, place, row)
            for place, row in enumerate(table.rows)
            if (row.since is None or row.since <= TODAY)
            and (row.until is None or row.until >= TODAY)
            and row.rule.decide(known).holds
        ]

        match = table.explain(known, on=TODAY)

        assert match.row == (min(holding, key=lambda each: each[:2])[2] if holding else None)
        assert match.row == table.first(known, on=TODAY)

    @given(table=tables(), known=facts)
    def test_says_of_every_row_what_became_of_it_and_hits_once_at_most(
        self, table: RuleTable, known: dict[str, Fact]
    ) -> None:
        match = table.explain(known, on=TODAY)

        assert {trace.row.key for trace in match.rows} == {row.key for row in table.rows}
        assert [trace.row for trace in match.rows if trace.outcome is RowOutcome.HIT] == [match.row] * bool(match.row)
        for trace in match.rows:
            asked = trace.outcome in {RowOutcome.HIT, RowOutcome.MISS, RowOutcome.INSUFFICIENT}
            assert (trace.decision is not None) is asked
            assert (trace.outcome is RowOutcome.INSUFFICIENT) is (bool(trace.missing) and not trace.decision.holds)
            if trace.decision:
                assert trace.decision == trace.row.rule.decide(known)

    @given(table=tables(), known=facts, data=st.data())
    def test_is_not_changed_by_rows_that_do_not_hold(
        self, table: RuleTable, known: dict[str, Fact], data: st.DataObject
    ) -> None:
        idle = [trace.row for trace in table.explain(known, on=TODAY).rows if trace.outcome is not RowOutcome.HIT]
        left_out = data.draw(st.lists(st.sampled_from(idle), unique_by=lambda row: row.key)) if idle else []
        smaller = RuleTable(rows=tuple(row for row in table.rows if row not in left_out))

        assert smaller.first(known, on=TODAY) == table.first(known, on=TODAY)

    @given(table=tables())
    def test_hits_with_what_was_missing_only_if_it_said_so(self, table: RuleTable) -> None:
        """A row that misses for sure misses whatever else becomes known."""
        before = table.explain({"one": "a"}, on=TODAY)
        sure = {trace.row.key for trace in before.rows if trace.outcome is RowOutcome.MISS}

        for two in "ab":
            after = outcomes(table, {"one": "a", "two": two})
            assert not {key for key in sure if after[key] is RowOutcome.HIT}
