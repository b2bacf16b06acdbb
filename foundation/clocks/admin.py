"""Calendars as operators set them up, and what they come to on the days ahead."""

from typing import ClassVar

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _, gettext_lazy

from foundation.clocks.models import Calendar, CalendarFrame, SpecialDay
from foundation.clocks.queries import Day, days_of, hours_of, zone_for
from foundation.now import today
from foundation.people.admin import DivisionScopedAdmin, DivisionScopedTabular

DAYS_SHOWN = 14


class CalendarFrameInline(DivisionScopedTabular):
    """The week."""

    model = CalendarFrame
    fields = ("weekday", "opens", "closes")


class SpecialDayInline(DivisionScopedTabular):
    """Days of their own."""

    model = SpecialDay
    fields = ("day", "opens", "closes", "note")


@admin.register(Calendar)
class CalendarAdmin(DivisionScopedAdmin):
    """When people work: what promised times are counted by."""

    shows_inherited = True
    list_display = ("__str__", "code", "division", "zone_of", "country", "region")
    list_filter = ("division",)
    list_select_related = ("division",)
    search_fields = ("code", "names")
    readonly_fields = ("days_ahead",)
    fieldsets = (
        (None, {"fields": ("names", "code", "division", "zone_of", ("country", "region"))}),
        (
            gettext_lazy("What it comes to"),
            {
                "description": gettext_lazy(
                    "As saved. A change counts for what is open, too: promised times are computed anew within a minute, "
                    "from everything that has passed."
                ),
                "fields": ("days_ahead",),
            },
        ),
    )
    inlines: ClassVar = [CalendarFrameInline, SpecialDayInline]

    @admin.display(description=gettext_lazy("the next two weeks"))
    def days_ahead(self, calendar: Calendar) -> str:
        """Show the hours of the days to come, in the calendar's own division."""
        if calendar.pk is None:
            return "—"
        hours = hours_of(calendar.pk, zone_for(calendar, calendar.division))
        days = days_of(hours, today(calendar.division), DAYS_SHOWN)
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", (_in_words(day) for day in days))
        heads = format_html_join("", '<th scope="col">{}</th>', ((_("Day"),), (_("Hours"),), (_("Note"),)))
        return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", heads, rows)


def _in_words(day: Day) -> tuple[str, str, str]:
    frames = ", ".join(f"{clock_time(opens)}–{clock_time(closes)}" for opens, closes in day.frames)
    return date_format(day.day, "D j N"), frames or _("closed"), day.holiday


def clock_time(minute: int) -> str:
    """Write a minute of the day as a wall clock shows it; the day's end is 24:00."""
    hours, minutes = divmod(minute, 60)
    return f"{hours}:{minutes:02}"
