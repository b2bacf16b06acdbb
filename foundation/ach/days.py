"""
Banking days: those on which the Federal Reserve Banks settle transfers.

Source: Federal Reserve Banks, holiday schedule: the federal holidays, where one on a Sunday is kept on the Monday and one
on a Saturday on no other day. Calendars of `foundation.clocks` follow the public holidays of a country, which move the
latter to the Friday.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

import holidays

SATURDAY, SUNDAY = 5, 6
DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def _closed(year: int) -> Mapping[date, str]:
    kept = holidays.country_holidays("US", years=year, observed=False)
    return {day + DAY if day.weekday() == SUNDAY else day: name for day, name in kept.items()}


def is_banking_day(day: date) -> bool:
    """Tell whether transfers are settled on a day."""
    return day.weekday() < SATURDAY and day not in _closed(day.year)


def banking_days_after(day: date, count: int) -> date:
    """Return the banking day that is so many banking days after a day, which itself need not be one."""
    while count:
        day += DAY
        count -= is_banking_day(day)
    return day
