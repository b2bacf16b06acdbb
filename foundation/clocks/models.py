"""When people work, and stopwatches that run only then."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from holidays import list_supported_countries

from foundation.clocks.hours import Frame, WorkingHours, frame, merged
from foundation.clocks.measuring import elapsed, moment, paused
from foundation.clocks.states import WATCH_MOVES, WatchStatus, ZoneOf
from foundation.divisions.models import Division, TranslatedField, bumps_configuration
from foundation.divisions.queries import by_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet
from foundation.people.models import User
from foundation.weekdays import Weekday

THRESHOLDS = (50, 75, 90, 100)
"""Shares of the target, in percent, whose reaching every stopwatch tells of."""
MIDNIGHT = time(0)
"""As a time to close at: the end of the day."""


class Calendar(models.Model):
    """The hours in which somebody works: a week of frames, public holidays, and days with hours of their own."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="calendars", verbose_name=_("division"))
    code = models.SlugField(_("code"), max_length=40, help_text=_("Short, for reports. Kept for ever."))
    names = TranslatedField(_("name"))
    zone_of = models.CharField(
        _("time zone of"), max_length=12, choices=ZoneOf.choices, default=ZoneOf.DIVISION,
        help_text=_("In whose time zone the hours below are meant: where your people work, or where the customer is."),
    )  # fmt: skip
    country = models.CharField(
        _("holidays of country"), max_length=2, blank=True,
        help_text=_("Two letters, for example US: its public holidays are closed. Empty: holidays are like any day."),
    )  # fmt: skip
    region = models.CharField(
        _("and of region"), max_length=6, blank=True,
        help_text=_("A state or province of that country, for example CA. Empty: the nation-wide holidays alone."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "code"], name="one_calendar_per_code"),
            models.CheckConstraint(condition=models.Q(zone_of__in=ZoneOf.values), name="calendar_zone_is_known"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code

    def clean(self) -> None:
        """:raises ValidationError: at the field, where nobody knows the holidays of the country or region"""
        self.country, self.region = self.country.upper(), self.region.upper()
        known = list_supported_countries()
        if self.country and self.country not in known:
            raise ValidationError({"country": _("The holidays of “%s” are not known.") % self.country})
        if self.region and self.region not in known.get(self.country, []):
            raise ValidationError({"region": _("“%s” is no region of this country.") % self.region})


class CalendarFrame(models.Model):
    """Hours of one weekday; a day with a lunch break has two rows."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="frames", verbose_name=_("calendar"))
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"), help_text=_("0:00 is the midnight at the end of the day."))

    class Meta:
        ordering: ClassVar = ["weekday", "opens"]
        verbose_name = _("hours")
        verbose_name_plural = _("hours")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calendar", "weekday", "opens"], name="one_frame_per_opening"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=MIDNIGHT),
                name="frame_closes_after_it_opens",
                violation_error_message=_("Closing comes after opening; work over midnight takes two rows."),
            ),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class SpecialDay(models.Model):
    """A day with hours of its own, or none: it wins over holidays and over the week."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="special_days", verbose_name=_("calendar"))
    day = models.DateField(_("day"))
    opens = models.TimeField(_("opens"), null=True, blank=True, help_text=_("Both times empty: closed all day."))
    closes = models.TimeField(_("closes"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        ordering: ClassVar = ["day", "opens"]
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["calendar", "day", "opens"], name="one_special_opening", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(opens=None, closes=None)
                | models.Q(opens__isnull=False, closes__isnull=False)
                & (models.Q(closes__gt=models.F("opens")) | models.Q(closes=MIDNIGHT)),
                name="special_day_has_both_times_or_none",
                violation_error_message=_("Give both times, closing after opening, or leave both empty."),
            ),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.note}".strip()


@by_configuration
def hours_of(calendar_id: int, zone: str) -> WorkingHours:
    """Return the working hours of a calendar, read in a time zone."""
    calendar = Calendar.objects.prefetch_related("frames", "special_days").get(pk=calendar_id)
    week = defaultdict(list)
    for row in calendar.frames.all():
        week[row.weekday].append(frame(row.opens, row.closes))
    special: dict[date, list[Frame]] = defaultdict(list)
    for day in calendar.special_days.all():
        special[day.day] += [frame(day.opens, day.closes)] if day.opens and day.closes else []
    return WorkingHours(
        zone=ZoneInfo(zone),
        week=tuple(merged(week[weekday]) for weekday in Weekday.values),
        special={day: merged(frames) for day, frames in special.items()},
        country=calendar.country,
        region=calendar.region,
    )


class Stopwatch(Lifecycle):
    """
    Time against a target, counted only while it runs and somebody works.

    An app makes it a table of its own, beside a table of `Segment`s whose key to it has the related name `segments`.
    Every move is made in memory on a row that is locked, with all its segments; `foundation.clocks.services` saves
    both. The moments at which shares of the target are reached are kept in the row, so that one statement finds all
    that are due: they are computed from the segments at each move, never moved on by hand.
    """

    MOVES = WATCH_MOVES

    status = models.CharField(_("status"), max_length=8, choices=WatchStatus.choices, default=WatchStatus.STOPPED)
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))
    calendar_id: int
    zone = models.CharField(_("time zone"), max_length=60)
    """In which the calendar is read, by its IANA name."""
    target = models.DurationField(_("target"))
    """In working time."""
    shares = ArrayField(models.PositiveSmallIntegerField(), default=list)
    """Percent of the target to tell of, ascending; 100 is among them."""
    moments = ArrayField(models.DateTimeField(null=True), default=list)
    """When each share was or will be reached; none for what is not reached unless it runs again."""
    passed = models.PositiveSmallIntegerField(default=0)
    """How many of the moments have been told."""
    next_at = models.DateTimeField(_("next threshold"), null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    """When the target was or will be reached; none while it is paused or stopped short of it."""
    hours_digest = models.CharField(max_length=16)
    """By which hours the moments were computed."""
    counted = models.DurationField(_("counted"), null=True)
    """The working time that it had counted when it stopped; none while it runs or is paused."""

    objects = LockingQuerySet["Stopwatch"].as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(status__in=WatchStatus.values), name="%(class)s_status_is_known"),
            models.CheckConstraint(condition=models.Q(target__gt=timedelta()), name="%(class)s_has_a_target"),
            models.CheckConstraint(condition=models.Q(shares__contains=[100]), name="%(class)s_tells_of_a_breach"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="%(class)s_next", condition=models.Q(next_at__isnull=False)),
            models.Index(
                fields=["calendar", "zone", "hours_digest"], name="%(class)s_hours",
                condition=models.Q(status="running"),
            ),
        ]  # fmt: skip

    @property
    def hours(self) -> WorkingHours:
        """The working hours by which it counts."""
        return hours_of(self.calendar_id, self.zone)

    @property
    def stretches(self) -> list["Segment"]:
        """Its segments, in their order."""
        return sorted(self.segments.all(), key=lambda segment: segment.begun_at)  # type: ignore[attr-defined]

    def elapsed(self, at: datetime) -> timedelta:
        """Return the working time counted up to an instant: what pages show, and what a breach is decided by."""
        return elapsed(self.stretches, self.hours, at)

    def paused(self, at: datetime) -> timedelta:
        """Return the working time that pauses took out, up to an instant."""
        return paused(self.stretches, self.hours, at)

    def remaining(self, at: datetime) -> timedelta:
        """Return the working time that is left; negative where the target is missed."""
        return self.target - self.elapsed(at)

    def percent(self, at: datetime) -> int:
        """Return the share of the target that is used up, in percent, rounded down."""
        return int(100 * self.elapsed(at) / self.target)

    def is_breached(self, at: datetime) -> bool:
        """Tell whether the target was reached by an instant."""
        return self.elapsed(at) >= self.target

    def run(self, stretches: Iterable["Segment"]) -> None:
        """
        Start, or go on.

        :param stretches: its segments with the new one
        :raises NotAllowed: if it runs
        """
        self._move(WatchStatus.RUNNING)
        self.time(stretches)

    def pause(self, stretches: Iterable["Segment"]) -> None:
        """
        Pause.

        :raises NotAllowed: if it does not run
        """
        self._move(WatchStatus.PAUSED)
        self.time(stretches)

    def stop(self, stretches: Iterable["Segment"]) -> None:
        """
        Stop: what it waited for has happened.

        :raises NotAllowed: if it is stopped
        """
        self._move(WatchStatus.STOPPED)
        self.time(stretches)

    def stand(self, status: WatchStatus) -> None:
        """Run, pause or stand, as segments say that were written down afterwards."""
        if self.status == WatchStatus.STOPPED and status == WatchStatus.PAUSED:
            self._move(WatchStatus.RUNNING)
        if self.status != status:
            self._move(status)

    def time(self, stretches: Iterable["Segment"], *, at: datetime | None = None) -> None:
        """
        Compute all moments anew from the segments.

        :param at: give it where target, shares or hours have changed: what was told counts only as far as it is reached
        """
        ordered = sorted(stretches, key=lambda segment: segment.begun_at)
        hours = self.hours
        self.moments = [moment(ordered, hours, self.target * share / 100) for share in self.shares]
        if at is not None:
            reached = sum(1 for when in self.moments if when and when <= at)
            self.passed = min(self.passed, reached)
        self.next_at = self.moments[self.passed] if self.passed < len(self.moments) else None
        self.due_at = self.moments[self.shares.index(100)]
        self.hours_digest = hours.digest
        last = ordered[-1].ended_at if ordered and self.status == WatchStatus.STOPPED else None
        self.counted = elapsed(ordered, hours, last) if last else None


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A piece of time that is to become a segment: it runs, unless there is a reason for which it does not."""

    begun_at: datetime
    ended_at: datetime | None
    reason: str
    by_id: int | None

    @property
    def is_running(self) -> bool:
        """Whether its time counts."""
        return not self.reason


class Segment(models.Model):
    """A piece of a stopwatch's time, in which it ran or was paused, and why."""

    is_running = models.BooleanField()
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    begun_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"), null=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at_percent = models.PositiveSmallIntegerField(default=0)
    """How much of the target was used up when it began."""

    class Meta:
        abstract = True
        ordering: ClassVar = ["begun_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("begun_at")),
                name="%(class)s_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=models.Q(is_running=True) | ~models.Q(reason=""), name="%(class)s_pauses_for_a_reason"
            ),
        ]
