"""What bears on money, doors and roles is changed in the admin only by who gave their code within a quarter of an hour."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib import admin
from django.urls import reverse

from billing.models import BillingSystem, Submission
from commissions.settings import PAYOUT_DAY
from foundation.correspondence.models import Mailbox
from foundation.divisions.models import Brand, Division, Site
from foundation.divisions.queries import effective
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.admin import DivisionScopedAdmin
from foundation.people.http import STAFF_PROOF
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from referrals.models import Programme
from referrals.states import ProgrammeStatus
from referrals.testing import make_programme
from tickets.models import SlaPolicy

pytestmark = pytest.mark.django_db

ASKED = "your last code is too long ago"
LATER = STAFF_PROOF + timedelta(minutes=1)


@pytest.fixture
def division():
    return make_division("Mine")


@pytest.fixture
def operator(client, division):
    return sign_in(client, make_person(Role.OPERATOR, division))


def text_of(page):
    return page.content.decode()


def test_is_every_table_of_settings_that_moves_money_or_opens_doors():
    asking = {
        table
        for table, one in admin.site._registry.items()  # all that the admin has
        if isinstance(one, DivisionScopedAdmin) and one.asks_who_it_is
    }

    assert asking == {
        *(BillingSystem, Brand, Division, Mailbox, Programme, Site, SlaPolicy, Submission, User),
    }


class TestSettings:
    def test_of_payouts_are_kept_only_with_a_code_that_is_fresh(self, operator, division):
        address = reverse("admin:divisions_division_settings", args=[division.pk])
        wanted = {f"{PAYOUT_DAY.name}:own": "on", PAYOUT_DAY.name: "17"}

        with time_machine.travel(now() + LATER):
            late = operator.post(address, wanted)
            kept_late = effective(division, PAYOUT_DAY)
        operator.post(address, wanted)

        assert ASKED in text_of(late)
        assert 'value="17"' in text_of(late)
        assert kept_late == PAYOUT_DAY.default
        assert effective(division, PAYOUT_DAY) == 17

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("commissions.payout_day", "31"),
            ("commissions.bank_hold_days", "0"),
            ("commissions.dispute_days", "-1"),
            ("tickets.undo_seconds", "3650"),
            ("divisions.languages", "xx"),
            ("divisions.languages", ""),
        ],
    )
    def test_that_are_absurd_are_refused_at_the_field(self, operator, division, name, value):
        address = reverse("admin:divisions_division_settings", args=[division.pk])

        page = operator.post(address, {f"{name}:own": "on", name: value})

        assert page.status_code == 200
        assert name in page.context["form"].errors


class TestATable:
    def test_is_changed_only_with_a_code_that_is_fresh(self, operator, division):
        address = reverse("admin:divisions_division_change", args=[division.pk])
        wanted = {"name": "Renamed", "code": division.code, "is_active": "on"}

        with time_machine.travel(now() + LATER):
            late = operator.post(address, wanted)
        division.refresh_from_db()
        assert ASKED in text_of(late)
        assert division.name == "Mine"

        operator.post(address, wanted)
        division.refresh_from_db()
        assert division.name == "Renamed"

    def test_is_deleted_from_only_with_a_code_that_is_fresh(self, operator, division):
        policy = SlaPolicy.objects.create(code="gold", division=division, names={"en": "Gold"})
        delete = reverse("admin:tickets_slapolicy_delete", args=[policy.pk])
        several = {"action": "delete_selected", "_selected_action": [policy.pk], "post": "yes"}

        with time_machine.travel(now() + LATER):
            late = [
                operator.post(delete, {"post": "yes"}, follow=True),
                operator.post(reverse("admin:tickets_slapolicy_changelist"), several, follow=True),
            ]
        assert all(ASKED in text_of(page) for page in late)
        assert SlaPolicy.objects.filter(pk=policy.pk).exists()

        operator.post(delete, {"post": "yes"})
        assert not SlaPolicy.objects.filter(pk=policy.pk).exists()

    def test_is_moved_by_its_buttons_only_with_a_code_that_is_fresh(self, operator, division):
        programme = make_programme(division)
        pause = reverse("admin:referrals_programme_pause", args=[programme.pk])

        with time_machine.travel(now() + LATER):
            late = operator.post(pause, follow=True)
        programme.refresh_from_db()
        assert ASKED in text_of(late)
        assert programme.status == ProgrammeStatus.ACTIVE

        operator.post(pause)
        programme.refresh_from_db()
        assert programme.status == ProgrammeStatus.PAUSED
