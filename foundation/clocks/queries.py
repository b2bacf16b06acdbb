"""Whose hours are which."""

from dataclasses import dataclass
from datetime import date, timedelta

from foundation.clocks.hours import Frame, WorkingHours
from foundation.clocks.models import Calendar, hours_of
from foundation.clocks.states import ZoneOf
from foundation.divisions.models import Division


def zone_for(calendar: Calendar, customer_at: Division) -> str:
    """
    Return the name of the time zone in which a calendar is read for one customer.

    :param customer_at: the division in which the customer has, or wants, service
    """
    return (customer_at if calendar.zone_of == ZoneOf.CUSTOMER else calendar.division).zone.key


@dataclass(frozen=True)
class Day:
    """What a calendar says of one day."""

    day: date
    frames: tuple[Frame, ...]
    holiday: str

    @property
    def worked(self) -> timedelta:
        """The hours by the wall clock."""
        return timedelta(minutes=sum(closes - opens for opens, closes in self.frames))


def days_of(hours: WorkingHours, first: date, count: int) -> list[Day]:
    """Return what some working hours say of the days from one on."""
    days = (first + timedelta(days=number) for number in range(count))
    return [Day(day, hours.frames_on(day), hours.holiday_on(day)) for day in days]


__all__ = ["Day", "days_of", "hours_of", "zone_for"]
