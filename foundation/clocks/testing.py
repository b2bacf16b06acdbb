"""Make calendars for tests and trials."""

from datetime import time
from itertools import count

from foundation.clocks.models import Calendar, CalendarFrame
from foundation.clocks.states import ZoneOf
from foundation.divisions.models import Division

_numbers = count(1)

OFFICE_HOURS = ((time(8), time(12)), (time(13), time(17)))
"""Eight hours a day with a lunch break."""
ROUND_THE_CLOCK = ((time(0), time(0)),)


def make_calendar(
    division: Division,
    *,
    code: str = "",
    frames: tuple[tuple[time, time], ...] = OFFICE_HOURS,
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4),
    country: str = "",
    region: str = "",
    zone_of: str = ZoneOf.DIVISION,
) -> Calendar:
    """Make a calendar with the same hours on each of some weekdays: by default office hours from Monday to Friday."""
    code = code or f"calendar-{next(_numbers)}"
    calendar = Calendar.objects.create(
        division=division, code=code, names={"en": code}, country=country, region=region, zone_of=zone_of
    )
    CalendarFrame.objects.bulk_create(
        CalendarFrame(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
        for weekday in weekdays
        for opens, closes in frames
    )
    return calendar


def make_round_the_clock(division: Division, *, code: str = "") -> Calendar:
    """Make a calendar in which every minute counts."""
    return make_calendar(division, code=code, frames=ROUND_THE_CLOCK, weekdays=tuple(range(7)))
