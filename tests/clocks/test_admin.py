"""Calendars in the admin: set up in rows, checked at the field, shown as the days they come to."""

from datetime import UTC, datetime, time

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from foundation.clocks.models import Calendar
from foundation.clocks.queries import hours_of
from foundation.clocks.testing import make_calendar
from foundation.divisions.testing import make_division
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in

pytestmark = pytest.mark.django_db

THANKSGIVING_WEEK = datetime(2026, 11, 24, 15, tzinfo=UTC)


@pytest.fixture
def division():
    return make_division("Harbor")


@pytest.fixture
def operator(client: Client, division) -> Client:
    return sign_in(client, make_person(Role.OPERATOR, division))


def typed(division, **changes) -> dict[str, object]:
    """Return what an operator types for a calendar that opens on Mondays, with a lunch break."""
    return {
        "names_en": "Office", "code": "office", "division": division.pk, "zone_of": "division", "country": "us",
        "region": "",
        "frames-TOTAL_FORMS": 2, "frames-INITIAL_FORMS": 0,
        "frames-0-weekday": 0, "frames-0-opens": "8:00", "frames-0-closes": "12:00",
        "frames-1-weekday": 0, "frames-1-opens": "13:00", "frames-1-closes": "0:00",
        "special_days-TOTAL_FORMS": 1, "special_days-INITIAL_FORMS": 0,
        "special_days-0-day": "2026-11-27", "special_days-0-note": "Inventory",
        **changes,
    }  # fmt: skip


class TestCalendarPage:
    def test_sets_a_calendar_up(self, operator, division):
        operator.post(reverse("admin:clocks_calendar_add"), typed(division))

        hours = hours_of(Calendar.objects.get().pk, "America/New_York")
        assert hours.week[0] == ((480, 720), (780, 1440))
        assert hours.week[1:] == ((),) * 6
        assert (hours.country, list(hours.special.values())) == ("US", [()])

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"country": "ZZ"}, "The holidays of “ZZ” are not known."),
            ({"region": "Q9"}, "“Q9” is no region of this country."),
            ({"frames-0-closes": "7:00"}, "Closing comes after opening; work over midnight takes two rows."),
            ({"special_days-0-opens": "9:00"}, "Give both times, closing after opening, or leave both empty."),
        ],
    )
    def test_says_at_the_field_what_is_wrong(self, operator, division, changes, message):
        page = operator.post(reverse("admin:clocks_calendar_add"), typed(division, **changes)).content.decode()

        assert message in page
        assert not Calendar.objects.exists()

    @time_machine.travel(THANKSGIVING_WEEK, tick=False)
    def test_shows_the_days_ahead_with_their_holidays(self, operator, division):
        calendar = make_calendar(division, country="US")

        page = operator.get(reverse("admin:clocks_calendar_change", args=[calendar.pk])).content.decode()

        assert "<td>Wed 25 Nov.</td><td>8:00–12:00, 13:00–17:00</td><td></td>" in page
        assert "<td>Thu 26 Nov.</td><td>closed</td><td>Thanksgiving Day</td>" in page

    def test_shows_what_is_inherited_and_no_neighbour(self, operator, division):
        make_calendar(make_division("Neighbour"), code="foreign")
        make_calendar(division, code="own")

        page = operator.get(reverse("admin:clocks_calendar_changelist")).content.decode()

        assert "own" in page
        assert "foreign" not in page


class TestHoursOf:
    def test_know_of_a_change_at_once(self, division):
        calendar = make_calendar(division)
        before = hours_of(calendar.pk, "UTC")

        calendar.frames.filter(opens=time(13)).delete()

        assert hours_of(calendar.pk, "UTC").digest != before.digest
