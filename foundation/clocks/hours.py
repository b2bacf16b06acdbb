"""
Working time, exactly: how much of it lies between two instants, and when an amount of it is used up.

An instant is working time if a clock on the wall, in the calendar's zone, then shows a time within one of that day's
frames. So in the night in spring a frame loses the hour that the wall skips, and in autumn it counts the hour that the
wall shows twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

import holidays
from holidays.version import __version__ as holidays_version

MINUTES_A_DAY = 24 * 60
DAY = timedelta(days=1)
HORIZON = 10 * 366
"""Days after which a calendar counts as never open."""

Frame = tuple[int, int]
"""From a minute of the day to another: (480, 720) is eight o'clock to noon, 1440 the midnight at the day's end."""
Span = tuple[datetime, datetime]
"""From an instant to another, in UTC."""

ALL_DAY: tuple[Frame, ...] = ((0, MINUTES_A_DAY),)
ALWAYS: tuple[tuple[Frame, ...], ...] = (ALL_DAY,) * 7


def frame(opens: time, closes: time) -> Frame:
    """Return the frame between two times of a day; closing at midnight is the day's end."""
    start, end = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    return start, end or MINUTES_A_DAY


def merged(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Return the same hours in order and without overlaps, so that none counts twice."""
    found: list[Frame] = []
    for opens, closes in sorted(frames):
        if found and opens <= found[-1][1]:
            found[-1] = found[-1][0], max(closes, found[-1][1])
        else:
            found.append((opens, closes))
    return tuple(found)


@lru_cache(maxsize=512)
def public_holidays(country: str, region: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year by their day: of an ISO country, and of a region of it."""
    return dict(holidays.country_holidays(country, subdiv=region or None, years=year))


@dataclass(frozen=True)
class WorkingHours:
    """
    A week of frames in a time zone, the public holidays on which nobody works, and days with hours of their own.

    Special days win over holidays, holidays over the week.
    """

    zone: ZoneInfo
    week: tuple[tuple[Frame, ...], ...] = ALWAYS
    """Monday first."""
    special: Mapping[date, tuple[Frame, ...]] = field(default_factory=dict)
    country: str = ""
    region: str = ""
    _known: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """Return the working time from one instant to another; none where the second is not the later one."""
        begin, end, total = begin.astimezone(UTC), end.astimezone(UTC), timedelta()
        for opens, closes in self._spans(begin, until=end):
            total += max(min(closes, end) - max(opens, begin), timedelta())
        return total

    def after(self, begin: datetime, amount: timedelta) -> datetime | None:
        """
        Return the first instant by which an amount of working time has passed; None if that is not in ten years.

        :raises ValueError: if the amount is negative
        """
        if amount < timedelta():
            raise ValueError("Working time only passes forwards.")
        begin, left = begin.astimezone(UTC), amount  # within a zone of its own Python adds hours of the wall
        for opens, closes in self._spans(begin) if amount else ():
            start = max(opens, begin)
            if left <= closes - start:
                return start + left
            left -= max(closes - start, timedelta())
        return None if left else begin

    def is_open(self, at: datetime) -> bool:
        """Tell whether an instant is working time."""
        at = at.astimezone(UTC)
        return any(opens <= at < closes for opens, closes in self._spans(at, until=at))

    def opens_at(self, at: datetime) -> datetime | None:
        """Return the instant itself if it is working time, else when work begins next; None if not in ten years."""
        at = at.astimezone(UTC)
        return next((max(opens, at) for opens, closes in self._spans(at) if at < closes), None)

    def frames_on(self, day: date) -> tuple[Frame, ...]:
        """Return the frames of one calendar day."""
        if day in self.special:
            return self.special[day]
        return () if self.holiday_on(day) else self.week[day.weekday()]

    def holiday_on(self, day: date) -> str:
        """Return the name of the public holiday on a day; empty if it is none."""
        return public_holidays(self.country, self.region, day.year).get(day, "") if self.country else ""

    @property
    def digest(self) -> str:
        """A mark of all that these hours say: what was computed by hours of another mark is out of date."""
        said = (self.zone.key, self.week, sorted(self.special.items()), self.country, self.region)
        by = holidays_version if self.country else ""
        return sha256(repr((*said, by)).encode()).hexdigest()[:16]

    def _spans(self, begin: datetime, until: datetime | None = None) -> Iterator[Span]:
        """Walk through the working time from the day of an instant on, in order; instants in UTC."""
        day = begin.date()
        last = until.date() if until else day + HORIZON * DAY
        while day <= last:
            if day not in self._known:
                self._known[day] = tuple(self._spans_of(day))
            yield from self._known[day]
            day += DAY

    def _spans_of(self, day: date) -> Iterator[Span]:
        """Find the working time of one day of UTC."""
        for begin, end, offset in _pieces(self.zone, day):
            local = (begin + offset).date()
            while (midnight := _midnight(local) - offset) < end:
                for opens, closes in self.frames_on(local):
                    span = (
                        max(begin, midnight + timedelta(minutes=opens)),
                        min(end, midnight + timedelta(minutes=closes)),
                    )
                    if span[0] < span[1]:
                        yield span
                local += DAY


def _pieces(zone: ZoneInfo, day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut a day of UTC where the zone changes its offset: one piece, or two in a night of daylight saving."""
    begin, end = _midnight(day), _midnight(day + DAY)
    before, after = _offset(zone, begin), _offset(zone, end)
    if before != after:
        change = _change(zone, begin, end)
        yield begin, change, before
        begin = change
    yield begin, end, after


def _change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime:
    """Return the first second between two instants at which the zone has its new offset."""
    before = _offset(zone, begin)
    low, high = 0, int((end - begin).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, begin + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    return begin + timedelta(seconds=high)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
