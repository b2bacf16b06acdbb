"""The only clock. Every other one is banned by the linter, so that months can be simulated."""

import json
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from django.conf import settings


class HasZone(Protocol):
    """Whatever lives in a time zone: a division, before all."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its dates are meant."""


def now() -> datetime:
    """Return the present instant in UTC, moved by the offset of the simulated clock."""
    return datetime.now(UTC) + _offset()


def today(where: HasZone | ZoneInfo) -> date:
    """Return the calendar date at this instant in a zone, or in the zone of a division."""
    zone = where if isinstance(where, ZoneInfo) else where.zone
    return now().astimezone(zone).date()


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _offset() -> timedelta:
    """
    Read how far the simulated clock is ahead of the real one.

    The file is shared with the sandbox's processes, as `{"offset_seconds": 86400}`; no file, no offset.
    """
    if not settings.CLOCK_FILE:
        return timedelta()
    try:
        text = Path(settings.CLOCK_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return timedelta()
    return timedelta(seconds=json.loads(text)["offset_seconds"])
