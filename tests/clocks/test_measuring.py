"""What a stopwatch counts, against a sum made minute by minute by other means."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from foundation.clocks.hours import WorkingHours
from foundation.clocks.measuring import elapsed, moment, paused
from tests.clocks.test_hours import NIGHTS, ZONES, week, weeks

MINUTE = timedelta(minutes=1)
MONDAY = datetime(2026, 3, 2, 13, tzinfo=UTC)
"""Eight in the morning in New York."""
OFFICE = WorkingHours(ZoneInfo("America/New_York"), week("8:00-12:00", "13:00-17:00"))


@dataclass
class Piece:
    is_running: bool
    begun_at: datetime
    ended_at: datetime | None = None


def pieces(*minutes: int, begin: datetime = MONDAY) -> list[Piece]:
    """Return stretches that run and pause in turns, changing after so many minutes from the start."""
    ends = [begin + minute * MINUTE for minute in (0, *minutes)]
    closed = [Piece(number % 2 == 0, one, other) for number, (one, other) in enumerate(pairwise(ends))]
    return [*closed, Piece(len(minutes) % 2 == 0, ends[-1])]


class TestElapsed:
    def test_is_the_sum_of_what_ran_within_the_hours(self):
        stretches = pieces(60, 180, 300)  # 8 to 9, pause to 11, to 13 with lunch from 12, pause

        assert elapsed(stretches, OFFICE, MONDAY + 90 * MINUTE) == 60 * MINUTE
        assert elapsed(stretches, OFFICE, MONDAY + 210 * MINUTE) == 90 * MINUTE
        assert elapsed(stretches, OFFICE, MONDAY + timedelta(days=3)) == 120 * MINUTE
        assert paused(stretches, OFFICE, MONDAY + 360 * MINUTE) == (120 + 60) * MINUTE

    def test_of_nothing_is_nothing(self):
        assert elapsed([], OFFICE, MONDAY) == timedelta()
        assert moment([], OFFICE, MINUTE) is None


class TestMoment:
    def test_lies_after_the_pauses_before_it(self):
        assert moment(pieces(60, 180), OFFICE, timedelta(hours=2)) == MONDAY + timedelta(hours=4)
        assert moment(pieces(60, 180), OFFICE, timedelta(hours=3)) == MONDAY + timedelta(hours=6)

    def test_stays_where_it_was_reached_before_a_pause(self):
        assert moment(pieces(60), OFFICE, 30 * MINUTE) == MONDAY + 30 * MINUTE

    def test_does_not_come_while_it_is_paused(self):
        assert moment(pieces(60), OFFICE, 61 * MINUTE) is None


@dataclass(frozen=True)
class Turn:
    """After some minutes: run or pause."""

    minutes: int
    runs: bool


def by_hand(turns: list[Turn], hours: WorkingHours, begin: datetime, until: int) -> dict[bool, int]:
    """Count, minute by minute, at which the stopwatch ran or was paused while the wall showed a working time."""
    shows = {True: 0, False: 0}
    changes, at = {}, 0
    for turn in turns:
        at += turn.minutes
        changes[at] = turn.runs
    runs = True
    for minute in range(until):
        runs = changes.get(minute, runs)
        wall = (begin + minute * MINUTE).astimezone(hours.zone)
        shown = wall.hour * 60 + wall.minute
        if any(opens <= shown < closes for opens, closes in hours.week[wall.weekday()]):
            shows[runs] += 1
    return shows


def stretches_of(turns: list[Turn], begin: datetime) -> list[Piece]:
    """Keep the turns as a stopwatch keeps them."""
    found, at = [Piece(is_running=True, begun_at=begin)], begin
    for turn in turns:
        at += turn.minutes * MINUTE
        found[-1].ended_at = at
        found.append(Piece(turn.runs, at))
    return found


turns = st.lists(st.builds(Turn, st.integers(0, 500), st.booleans()), max_size=8)


class TestAnySequence:
    @given(turns, weeks(), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 2000))
    def test_of_pauses_equals_the_sum_by_hand(self, sequence, plan, zone, begin, until):
        hours, stretches = WorkingHours(zone, plan), stretches_of(sequence, begin)
        at, shows = begin + until * MINUTE, by_hand(sequence, hours, begin, until)
        known = [piece for piece in stretches if piece.begun_at <= at]

        assert elapsed(known, hours, at) == shows[True] * MINUTE
        assert paused(known, hours, at) == shows[False] * MINUTE

    @given(turns, weeks(), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(1, 1500))
    def test_reaches_an_amount_exactly_when_what_it_shows_is_that_amount(self, sequence, plan, zone, begin, minutes):
        hours, stretches = WorkingHours(zone, plan), stretches_of(sequence, begin)

        reached = moment(stretches, hours, minutes * MINUTE)

        if reached is None:
            assert elapsed(stretches, hours, begin + timedelta(days=60)) < minutes * MINUTE
        else:
            assert elapsed(stretches, hours, reached) == minutes * MINUTE
            assert elapsed(stretches, hours, reached - timedelta(seconds=1)) < minutes * MINUTE
