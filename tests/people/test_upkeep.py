"""What is swept away once a day, and new keys for what is kept encrypted."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from config.local.sign_ins import totp
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.encryption import encrypt
from foundation.people.models import Attempts
from foundation.people.states import Role
from foundation.people.tasks import sweep
from foundation.people.testing import TOTP_SECRET, make_person, sign_in

pytestmark = pytest.mark.django_db


def signed_in():
    """Sign somebody in, and note their browser."""
    person = make_person(Role.CUSTOMER, make_division())
    key = sign_in(Client(), person).session.session_key
    UserSession.objects.create(user=person, session_key=key, ip="192.0.2.1")
    return key


class TestSweep:
    def test_takes_what_is_over_and_leaves_the_rest(self):
        over, open_still = signed_in(), signed_in()
        Session.objects.filter(pk=over).update(expire_date=now() - timedelta(hours=1))
        UserSession.objects.update(created_at=now() - timedelta(days=2))
        Attempts.objects.create(key="over", count=1, until=now() - timedelta(minutes=1))
        Attempts.objects.create(key="counts", count=1, until=now() + timedelta(minutes=1))

        sweep()

        assert list(Session.objects.values_list("pk", flat=True)) == [open_still]
        assert list(UserSession.objects.values_list("session_key", flat=True)) == [open_still]
        assert list(Attempts.objects.values_list("key", flat=True)) == ["counts"]

    def test_leaves_a_browser_whose_session_is_being_stored(self):
        key = signed_in()
        Session.objects.all().delete()

        sweep()

        assert UserSession.objects.filter(session_key=key).exists()

    def test_is_as_many_statements_for_many_as_for_one(self, django_assert_num_queries):
        for number in range(3):
            Attempts.objects.create(key=str(number), count=1, until=now() - timedelta(minutes=1))
            Session.objects.create(session_key=f"over{number}", session_data="", expire_date=now() - timedelta(days=1))

        with django_assert_num_queries(5):  # two are the savepoint's
            sweep()

        assert not Session.objects.exists()

    def test_runs_every_day(self, settings):
        (entry,) = [job for job in settings.CELERY_BEAT_SCHEDULE.values() if job["task"] == sweep.name]

        assert entry["schedule"] == timedelta(days=1).total_seconds()


class TestRotateFieldKeys:
    def test_lets_the_old_key_be_taken_away(self, settings, capsys):
        settings.FIELD_KEYS = ["old"]
        person = make_person(Role.CSR, make_division())
        codes = Authenticator.objects.create(
            user=person, type="recovery_codes", data={"seed": encrypt("a1b2c3"), "used_mask": 5}
        )
        before = codes.wrap().get_unused_codes()

        settings.FIELD_KEYS = ["new", "old"]
        call_command("rotate_field_keys")
        settings.FIELD_KEYS = ["new"]

        factor = Authenticator.objects.get(user=person, type="totp")
        with time_machine.travel(now(), tick=False):
            assert factor.wrap().validate_code(totp(TOTP_SECRET, now().timestamp()))
        codes.refresh_from_db()
        assert codes.wrap().get_unused_codes() == before
        assert "2 second factors" in capsys.readouterr().out
