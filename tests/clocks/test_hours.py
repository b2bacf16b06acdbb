"""Working hours against tables worked out by hand, and against a wall clock looked at minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from foundation.clocks.hours import ALL_DAY, ALWAYS, WorkingHours, frame, merged

NEW_YORK, BERLIN, ST_JOHNS = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns")
MINUTE = timedelta(minutes=1)
WEEKDAYS = range(5)


def week(*frames: str, days=range(7)):
    """Return a week with the same frames, such as `8:00-12:00`, on each of some days."""
    parts = [tuple(time(*map(int, end.split(":"))) for end in text.split("-")) for text in frames]
    return tuple(merged([frame(*part) for part in parts]) if day in days else () for day in range(7))


def local(text: str, zone: ZoneInfo = NEW_YORK, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


OFFICE = WorkingHours(NEW_YORK, week("8:00-12:00", "13:00-17:00", days=WEEKDAYS), country="US")
AROUND = WorkingHours(NEW_YORK)
NIGHT = WorkingHours(NEW_YORK, week("22:00-0:00", "0:00-6:00"))


class TestDueTimesWorkedOutByHand:
    @pytest.mark.parametrize(
        ("hours", "begin", "amount", "due", "why"),
        [
            (OFFICE, "2026-03-02 09:00", 2, "2026-03-02 11:00", "within the morning"),
            (OFFICE, "2026-03-02 11:00", 2, "2026-03-02 14:00", "over lunch"),
            (OFFICE, "2026-03-02 12:30", 1, "2026-03-02 14:00", "begun at lunch"),
            (OFFICE, "2026-03-02 08:00", 4, "2026-03-02 12:00", "used up when lunch begins, not when it ends"),
            (OFFICE, "2026-03-02 16:00", 2, "2026-03-03 09:00", "over the night"),
            (OFFICE, "2026-03-06 16:00", 2, "2026-03-09 09:00", "over a week-end in which the clocks change"),
            (OFFICE, "2026-03-07 10:00", 1, "2026-03-09 09:00", "begun on a Saturday"),
            (OFFICE, "2026-11-25 16:00", 2, "2026-11-27 09:00", "over Thanksgiving"),
            (OFFICE, "2026-07-02 16:00", 2, "2026-07-06 09:00", "Independence Day is observed on the Friday"),
            (OFFICE, "2027-12-30 16:00", 2, "2028-01-03 09:00", "New Year's Day is observed in the old year"),
            (AROUND, "2026-03-07 23:00", 4, "2026-03-08 04:00", "the night in spring has no hour from two to three"),
            (AROUND, "2026-10-31 23:00", 4, "2026-11-01 02:00", "the night in autumn has one hour twice"),
            (NIGHT, "2026-03-07 22:00", 7, "2026-03-08 06:00", "the shift in spring is filled by seven hours"),
            (NIGHT, "2026-10-31 22:00", 8, "2026-11-01 05:00", "in autumn eight are over an hour early"),
            (NIGHT, "2026-10-31 22:00", 9, "2026-11-01 06:00", "and nine fill the shift"),
            (NIGHT, "2026-10-31 12:00", 9, "2026-11-01 06:00", "also when asked before it begins"),
        ],
    )
    def test_are_found(self, hours, begin, amount, due, why):
        begin, due, amount = local(begin), local(due), timedelta(hours=amount)

        assert hours.after(begin, amount) == due, why
        assert hours.between(begin, due) == amount, why

    @pytest.mark.parametrize(
        ("frames", "day", "minutes", "why"),
        [
            (["1:30-2:30"], "2026-03-08", 30, "two to half past two is skipped in spring"),
            (["2:00-3:00"], "2026-03-08", 0, "all of it is skipped"),
            (["2:30-3:30"], "2026-03-08", 30, "what is left of it"),
            (["1:00-2:00"], "2026-11-01", 120, "the wall shows one to two twice in autumn"),
            (["1:15-1:45"], "2026-11-01", 60, "with half an hour's break between"),
            (["0:00-0:00"], "2026-03-08", 23 * 60, "the short day"),
            (["0:00-0:00"], "2026-11-01", 25 * 60, "the long day"),
            (["0:00-0:00"], "2026-11-02", 24 * 60, "any day"),
            (["8:00-12:00", "11:00-13:00"], "2026-11-02", 5 * 60, "overlapping frames count once"),
        ],
    )
    def test_of_one_day(self, frames, day, minutes, why):
        hours = WorkingHours(NEW_YORK, week(*frames))
        begin = local(day)
        end = local(f"{date.fromisoformat(day) + timedelta(days=1)}")

        assert hours.between(begin, end) == minutes * MINUTE, why

    def test_break_between_the_two_hours_that_are_one_on_the_wall(self):
        hours = WorkingHours(NEW_YORK, week("1:15-1:45"))

        assert hours.after(local("2026-11-01"), 30 * MINUTE) == local("2026-11-01 01:45", fold=0)
        assert hours.after(local("2026-11-01"), 31 * MINUTE) == local("2026-11-01 01:16", fold=1)
        assert not hours.is_open(local("2026-11-01 01:00", fold=1))
        assert hours.opens_at(local("2026-11-01 01:50", fold=0)) == local("2026-11-01 01:15", fold=1)

    def test_hold_where_the_clock_jumps_back_over_midnight(self):
        hours = WorkingHours(ST_JOHNS, week("0:00-1:00", "23:00-0:00"))
        begin, end = local("2006-10-28 12:00", ST_JOHNS), local("2006-10-29 12:00", ST_JOHNS)

        assert hours.between(begin, end) == timedelta(hours=3)
        assert hours.after(begin, timedelta(hours=3)) == local("2006-10-29 01:00", ST_JOHNS)

    def test_differ_by_the_zone_in_which_the_same_hours_are_read(self):
        office = week("8:00-17:00", days=WEEKDAYS)
        begin = local("2026-03-03 16:30", NEW_YORK)

        there = WorkingHours(BERLIN, office).after(begin, timedelta(hours=1))
        here = WorkingHours(NEW_YORK, office).after(begin, timedelta(hours=1))

        assert there == local("2026-03-04 09:00", BERLIN)
        assert here == local("2026-03-04 08:30", NEW_YORK)


class TestSpecialDays:
    def test_win_over_holidays_and_over_the_week(self):
        hours = WorkingHours(
            NEW_YORK, OFFICE.week, country="US",
            special={date(2026, 11, 26): ((600, 720),), date(2026, 11, 27): (), date(2026, 11, 28): ((540, 600),)},
        )  # fmt: skip

        assert hours.after(local("2026-11-25 17:00"), timedelta(hours=3)) == local("2026-11-28 10:00")
        assert hours.holiday_on(date(2026, 11, 26)) == "Thanksgiving Day"

    def test_of_a_region_are_closed_there_alone(self):
        chavez = date(2026, 3, 31)

        assert WorkingHours(NEW_YORK, OFFICE.week, country="US", region="CA").frames_on(chavez) == ()
        assert OFFICE.frames_on(chavez) == ((480, 720), (780, 1020))


class TestEdges:
    def test_an_instant_is_the_same_in_any_zone_it_is_given_in(self):
        begin = datetime(2026, 10, 31, 23, tzinfo=NEW_YORK)

        assert AROUND.after(begin, timedelta(hours=4)) == datetime(2026, 11, 1, 7, tzinfo=UTC)
        assert AROUND.between(begin, datetime(2026, 11, 1, 4, tzinfo=NEW_YORK)) == timedelta(hours=6)

    def test_nothing_passes_backwards(self):
        begin = local("2026-03-02 09:00")

        assert OFFICE.between(begin, begin - timedelta(hours=1)) == timedelta()
        with pytest.raises(ValueError, match="only passes forwards"):
            OFFICE.after(begin, -MINUTE)

    def test_no_time_at_all_is_used_up_at_once_even_at_night(self):
        begin = local("2026-03-02 03:00")

        assert OFFICE.after(begin, timedelta()) == begin

    def test_a_calendar_that_never_opens_is_never_due(self):
        closed = WorkingHours(NEW_YORK, ((),) * 7)

        assert closed.after(local("2026-03-02 09:00"), MINUTE) is None
        assert closed.opens_at(local("2026-03-02 09:00")) is None

    def test_the_mark_changes_with_anything_that_is_said(self):
        said = [
            WorkingHours(NEW_YORK),
            WorkingHours(BERLIN),
            WorkingHours(NEW_YORK, week("8:00-9:00")),
            WorkingHours(NEW_YORK, country="US"),
            WorkingHours(NEW_YORK, country="US", region="CA"),
            WorkingHours(NEW_YORK, special={date(2026, 1, 2): ()}),
        ]

        assert len({hours.digest for hours in said}) == len(said)
        assert WorkingHours(NEW_YORK, ALWAYS).digest == said[0].digest
        assert ALWAYS[0] == ALL_DAY


ZONES = [NEW_YORK, BERLIN, ST_JOHNS, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")]
"""Whole hours, half an hour of daylight saving, quarters of an hour."""
NIGHTS = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 7), (3, 28), (4, 4), (10, 3), (10, 24), (10, 31))
]


@st.composite
def weeks(draw):
    def day():
        minutes = draw(st.lists(st.integers(0, 1440), min_size=2, max_size=4, unique=True).map(sorted))
        return tuple(zip(minutes[::2], minutes[1::2], strict=False))

    return tuple(day() for _ in range(7))


def on_the_wall(hours: WorkingHours, begin: datetime, minutes: int) -> int:
    """Count the minutes at which a wall clock shows a working time, by looking at it every minute."""
    counted = 0
    for number in range(minutes):
        wall = (begin + number * MINUTE).astimezone(hours.zone)
        shown = wall.hour * 60 + wall.minute
        counted += any(opens <= shown < closes for opens, closes in hours.week[wall.weekday()])
    return counted


class TestAnyHours:
    @given(weeks(), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 1440), st.integers(0, 2880))
    def test_agree_with_a_wall_clock_looked_at_every_minute(self, plan, zone, night, late, minutes):
        hours = WorkingHours(zone, plan)
        begin = night + late * MINUTE

        assert hours.between(begin, begin + minutes * MINUTE) == on_the_wall(hours, begin, minutes) * MINUTE

    @given(weeks(), st.sampled_from(ZONES), st.sampled_from(NIGHTS), st.integers(0, 86400), st.integers(0, 3 * 86400))
    def test_lead_back_to_the_amount_and_to_the_first_such_instant(self, plan, zone, night, late, seconds):
        hours = WorkingHours(zone, plan)
        begin, amount = night + timedelta(seconds=late), timedelta(seconds=seconds)

        due = hours.after(begin, amount)

        if any(plan):
            assert hours.between(begin, due) == amount
            if due > begin:
                assert hours.between(begin, due - timedelta(seconds=1)) < amount
