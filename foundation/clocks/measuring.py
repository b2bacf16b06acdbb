"""
How much time a stopwatch has counted, and when it will have counted an amount.

Both walk the same stretches by the same hours: what a page shows and what a breach is decided by cannot differ.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from foundation.clocks.hours import WorkingHours


class Stretch(Protocol):
    """A piece of a stopwatch's time, in which it ran or was paused."""

    @property
    def is_running(self) -> bool:
        """Whether its time counts."""

    @property
    def begun_at(self) -> datetime:
        """When it began."""

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; None while it goes on."""


def elapsed(stretches: Iterable[Stretch], hours: WorkingHours, at: datetime) -> timedelta:
    """Return the working time that the running stretches have counted up to an instant."""
    return _sum((stretch for stretch in stretches if stretch.is_running), hours, at)


def paused(stretches: Iterable[Stretch], hours: WorkingHours, at: datetime) -> timedelta:
    """Return the working time that was not counted, up to an instant, because of pauses."""
    return _sum((stretch for stretch in stretches if not stretch.is_running), hours, at)


def moment(stretches: Iterable[Stretch], hours: WorkingHours, amount: timedelta) -> datetime | None:
    """
    Return when the running stretches, in their order, have counted an amount of working time.

    A stretch that goes on is taken to go on for ever. None if the amount is never reached.
    """
    left = amount
    for stretch in stretches:
        if not stretch.is_running:
            continue
        reached = hours.after(stretch.begun_at, left)
        if reached is not None and (stretch.ended_at is None or reached <= stretch.ended_at):
            return reached
        if stretch.ended_at is not None:
            left -= hours.between(stretch.begun_at, stretch.ended_at)
    return None


def _sum(stretches: Iterable[Stretch], hours: WorkingHours, at: datetime) -> timedelta:
    counted = (hours.between(stretch.begun_at, min(stretch.ended_at or at, at)) for stretch in stretches)
    return sum(counted, timedelta())
