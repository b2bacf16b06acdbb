"""Who is credited: the table of decisions, and what holds for any touches at all."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, strategies as st

from foundation.now import months_after
from referrals.queries import precedence_table
from referrals.queries.resolver import PRECEDENCE, RULES, Candidate, Friend, Person, resolve
from referrals.states import TouchKind, TouchOutcome, TouchPreference

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = timedelta(days=90)
CODE, INVITATION, INVITED, LINK = PRECEDENCE
FIRST, LAST = TouchPreference.FIRST, TouchPreference.LAST
WON, OUTRANKED, OUTSIDE = TouchOutcome.WON, TouchOutcome.OUTRANKED, TouchOutcome.OUTSIDE_WINDOW

FRIEND = Person(
    customers=frozenset({1}),
    accounts=frozenset({11}),
    users=frozenset({111}),
    mailboxes=frozenset({"friend@people.example"}),
    phones=frozenset({"+12025550001"}),
)
NOBODY = Person()


def touch(number, kind=LINK, *, ago=timedelta(days=1), referrer=None, who=NOBODY, **facts):
    values = {"window": WINDOW, "new_after_months": 12, "referrer": who}
    return Candidate(
        touch_id=number, kind=kind, at=NOON - ago, referrer_id=referrer or 100 + number, **(values | facts)
    )


def friend(**facts):
    return Friend(**({"person": FRIEND, "ordered_on": date(2026, 11, 20)} | facts))


DAYS = timedelta(days=1)
NEW = friend()

DECISIONS = [
    # Who comes first.
    ("nobody came by anybody", [], NEW, FIRST, []),
    ("one link", [touch(1)], NEW, FIRST, [(1, WON)]),
    ("a code before a link", [touch(1), touch(2, CODE)], NEW, FIRST, [(2, WON), (1, OUTRANKED)]),
    ("a code before an invitation", [touch(1, INVITATION), touch(2, CODE)], NEW, FIRST, [(2, WON), (1, OUTRANKED)]),
    ("a code at the till before an older link", [touch(1, ago=80 * DAYS), touch(2, CODE, ago=0 * DAYS)], NEW, FIRST, [(2, WON), (1, OUTRANKED)]),
    ("an opened invitation before a link", [touch(1), touch(2, INVITATION)], NEW, FIRST, [(2, WON), (1, OUTRANKED)]),
    ("an opened invitation before an invited address", [touch(1, INVITED), touch(2, INVITATION)], NEW, LAST, [(2, WON), (1, OUTRANKED)]),
    ("an invited address before a link", [touch(1), touch(2, INVITED)], NEW, FIRST, [(2, WON), (1, OUTRANKED)]),
    ("all four kinds", [touch(1, LINK), touch(2, INVITED), touch(3, INVITATION), touch(4, CODE)], NEW, LAST, [(4, WON), (3, OUTRANKED), (2, OUTRANKED), (1, OUTRANKED)]),
    # The first or the last of one kind.
    ("the first of two links", [touch(1, ago=2 * DAYS), touch(2)], NEW, FIRST, [(1, WON), (2, OUTRANKED)]),
    ("the last of two links", [touch(1, ago=2 * DAYS), touch(2)], NEW, LAST, [(2, WON), (1, OUTRANKED)]),
    ("the last of two codes", [touch(1, CODE, ago=2 * DAYS), touch(2, CODE)], NEW, LAST, [(2, WON), (1, OUTRANKED)]),
    ("at one moment, the one recorded first, whatever is preferred", [touch(2), touch(1)], NEW, LAST, [(1, WON), (2, OUTRANKED)]),
    # The window.
    ("a second before the window is over", [touch(1, ago=WINDOW - timedelta(seconds=1))], NEW, FIRST, [(1, WON)]),
    ("exactly when the window is over", [touch(1, ago=WINDOW)], NEW, FIRST, [(1, OUTSIDE)]),
    ("a window of its own for each program", [touch(1, ago=8 * DAYS, window=7 * DAYS), touch(2, ago=8 * DAYS, window=9 * DAYS)], NEW, FIRST, [(2, WON), (1, OUTSIDE)]),
    ("a code whose window is over loses to a link", [touch(1, CODE, ago=WINDOW), touch(2)], NEW, FIRST, [(2, WON), (1, OUTSIDE)]),
    ("at the moment of the order", [touch(1, ago=0 * DAYS)], NEW, FIRST, [(1, WON)]),
    ("a moment after the order", [touch(1, ago=timedelta(microseconds=-1))], NEW, FIRST, [(1, TouchOutcome.AFTER_ORDER)]),
    # Who may be credited.
    ("a referrer who was suspended", [touch(1, is_active=False)], NEW, FIRST, [(1, TouchOutcome.REFERRER_INACTIVE)]),
    ("a suspended one's code loses to another's link", [touch(1, CODE, is_active=False), touch(2)], NEW, FIRST, [(2, WON), (1, TouchOutcome.REFERRER_INACTIVE)]),
    ("a program that did not run", [touch(1, is_running=False)], NEW, FIRST, [(1, TouchOutcome.PROGRAMME_INACTIVE)]),
    ("a program of another market", [touch(1, is_here=False)], NEW, FIRST, [(1, TouchOutcome.OTHER_MARKET)]),
    # Oneself.
    ("oneself by the account", [touch(1, CODE, who=Person(accounts=frozenset({11})))], NEW, FIRST, [(1, TouchOutcome.SELF_REFERRAL)]),
    # Bound, and not new.
    ("somebody who was referred by another", [touch(1, referrer=7)], friend(bound_to=8), FIRST, [(1, TouchOutcome.BOUND_ELSEWHERE)]),
    ("somebody who was referred by the same", [touch(1, referrer=7)], friend(bound_to=7), FIRST, [(1, TouchOutcome.NOT_NEW)]),
    ("a later click steals nobody", [touch(1, CODE, referrer=7), touch(2, referrer=8)], friend(bound_to=8), LAST, [(1, TouchOutcome.BOUND_ELSEWHERE), (2, TouchOutcome.NOT_NEW)]),
    ("a customer", [touch(1)], friend(is_served=True), FIRST, [(1, TouchOutcome.NOT_NEW)]),
    ("gone for a day less than is needed", [touch(1)], friend(gone_since=date(2025, 11, 21)), FIRST, [(1, TouchOutcome.NOT_NEW)]),
    ("gone for just long enough", [touch(1)], friend(gone_since=date(2025, 11, 20)), FIRST, [(1, WON)]),
    ("gone for long enough for one program alone", [touch(1, new_after_months=24), touch(2, new_after_months=6)], friend(gone_since=date(2026, 1, 1)), FIRST, [(2, WON), (1, TouchOutcome.NOT_NEW)]),
    ("new at once where nobody has to be gone", [touch(1, new_after_months=0)], friend(gone_since=date(2026, 11, 20)), FIRST, [(1, WON)]),
    # Which rule is named.
    ("the first rule that is broken is named", [touch(1, ago=WINDOW, is_active=False, is_running=False)], friend(is_served=True), FIRST, [(1, OUTSIDE)]),
    ("what breaks no rule stands before what does", [touch(1, CODE, is_active=False), touch(2, LINK), touch(3, INVITATION, ago=WINDOW)], NEW, FIRST, [(2, WON), (1, TouchOutcome.REFERRER_INACTIVE), (3, OUTSIDE)]),
]  # fmt: skip


class TestResolve:
    @pytest.mark.parametrize(
        ("touches", "who", "preference", "expected"), [row[1:] for row in DECISIONS], ids=[row[0] for row in DECISIONS]
    )
    def test_decides_as_the_table_says(self, touches, who, preference, expected):
        decided = resolve(touches, NOON, who, preference).decided

        assert [(one.candidate.touch_id, one.outcome) for one in decided] == expected
        assert [one.rank for one in decided] == list(range(1, len(touches) + 1))

    def test_is_tried_on_enough_of_them(self):
        assert len(DECISIONS) >= 25
        assert {outcome for *_rest, expected in DECISIONS for _number, outcome in expected} == set(TouchOutcome)

    @pytest.mark.parametrize("what", ["customers", "accounts", "users", "mailboxes", "phones"])
    def test_credits_nobody_for_themselves_by_any_mark(self, what):
        oneself = touch(1, CODE, who=Person(**{what: getattr(FRIEND, what)}))

        assert resolve([oneself], NOON, NEW, FIRST).decided[0].outcome == TouchOutcome.SELF_REFERRAL

    @pytest.mark.parametrize("row", DECISIONS, ids=[row[0] for row in DECISIONS])
    def test_does_not_depend_on_the_order_in_which_touches_are_found(self, row):
        _name, touches, who, preference, _expected = row

        resolutions = {resolve(order, NOON, who, preference) for order in permutations(touches)}

        assert len(resolutions) == 1


people = st.sampled_from([NOBODY, FRIEND, Person(mailboxes=FRIEND.mailboxes), Person(phones=frozenset({"+1"}))])
touches = st.lists(
    st.builds(
        Candidate,
        touch_id=st.integers(1, 10**6),
        kind=st.sampled_from(TouchKind),
        at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
        referrer_id=st.integers(1, 4),
        referrer=people,
        window=st.integers(1, 200).map(lambda days: timedelta(days=days)),
        new_after_months=st.integers(0, 24),
        is_active=st.booleans(),
        is_running=st.booleans(),
        is_here=st.booleans(),
    ),
    unique_by=lambda one: one.touch_id,
    max_size=8,
)
friends = st.builds(
    Friend,
    person=st.just(FRIEND),
    ordered_on=st.just(date(2026, 11, 20)),
    bound_to=st.none() | st.integers(1, 4),
    is_served=st.booleans(),
    gone_since=st.none() | st.dates(date(2024, 1, 1), date(2026, 11, 20)),
)


class TestAnyTouches:
    @given(touches, friends, st.sampled_from(TouchPreference), st.randoms())
    def test_have_one_winner_at_most_and_keep_every_loser(self, candidates, who, preference, random):
        shuffled = random.sample(candidates, len(candidates))

        resolution = resolve(candidates, NOON, who, preference)

        assert resolve(shuffled, NOON, who, preference) == resolution
        assert sorted(one.candidate.touch_id for one in resolution.decided) == sorted(c.touch_id for c in candidates)
        assert [one.rank for one in resolution.decided] == list(range(1, len(candidates) + 1))
        winners = [one for one in resolution.decided if one.outcome == WON]
        assert len(winners) <= 1
        assert bool(winners) == any(one.outcome in {WON, OUTRANKED} for one in resolution.decided)

    @given(touches, friends, st.sampled_from(TouchPreference))
    def test_win_only_if_they_break_no_rule(self, candidates, who, preference):
        winner = resolve(candidates, NOON, who, preference).winner

        if winner:
            assert timedelta(0) <= NOON - winner.at < winner.window
            assert winner.is_active
            assert winner.is_running
            assert winner.is_here
            assert not winner.referrer.is_one_with(FRIEND)
            assert who.bound_to is None
            assert not who.is_served

    @given(touches, touches, friends, st.sampled_from(TouchPreference))
    def test_lose_nothing_by_others_that_break_a_rule(self, candidates, others, who, preference):
        taken = {one.touch_id for one in candidates}
        broken = [
            Candidate(**{**vars(one), "is_active": False, "touch_id": one.touch_id + 10**7})
            for one in others
            if one.touch_id not in taken
        ]

        assert (
            resolve([*candidates, *broken], NOON, who, preference).winner
            == resolve(candidates, NOON, who, preference).winner
        )


class TestMonthsAfter:
    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2026, 11, 30), 3, date(2027, 2, 28)),
            (date(2026, 12, 15), 12, date(2027, 12, 15)),
            (date(2026, 3, 31), 0, date(2026, 3, 31)),
        ],
    )
    def test_clips_to_the_months_end(self, day, months, expected):
        assert months_after(day, months) == expected


class TestPrecedenceTable:
    def test_says_in_words_what_the_resolver_does(self, capsys):
        table = precedence_table()

        with capsys.disabled():
            for row in table:
                print(f"  {row.rank or '–'}  {row.name}: {row.text}")
        kinds = [row.name for row in table if row.rank]
        assert kinds == [str(kind.label) for kind in PRECEDENCE]
        assert [row.rank for row in table if row.rank] == [1, 2, 3, 4]
        assert [row.name for row in table if not row.rank] == [str(outcome.label) for outcome, _broken in RULES]

    def test_leaves_out_no_kind_and_no_rule(self):
        assert set(PRECEDENCE) == set(TouchKind)
        assert {outcome for outcome, _broken in RULES} == set(TouchOutcome) - {WON, OUTRANKED}
