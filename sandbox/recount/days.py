"""Dates as the rules mean them."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

SATURDAY = 5


def after_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def monday_after_weekend(day: date) -> date:
    """Return the day itself, or the Monday after where it is a Saturday or a Sunday."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= SATURDAY else 0)


def day_in(zone: ZoneInfo, stamp: str) -> date:
    """Return the calendar day in a zone of a moment that is written in ISO 8601."""
    return datetime.fromisoformat(stamp).astimezone(zone).date()


def every_day(first: date, last: date) -> Iterator[date]:
    """Yield one day after the other, both ends included."""
    for count in range((last - first).days + 1):
        yield first + timedelta(days=count)
