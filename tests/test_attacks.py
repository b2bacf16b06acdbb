"""What somebody tries who has an account in one market, or none, and means no good."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from foundation.divisions.settings import SETTINGS, declare
from foundation.divisions.testing import make_division
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def top():
    return make_division("Top")


@pytest.fixture
def mine(top):
    return make_division("Mine", parent=top)


@pytest.fixture
def theirs(top):
    return make_division("Theirs", parent=top)


@pytest.fixture
def operator(client: Client, mine) -> Client:
    return sign_in(client, make_person(Role.OPERATOR, mine))


class TestSettings:
    @pytest.mark.parametrize(
        "name",
        [
            "orders.draft_days",
            "orders.hold_minutes",
            "orders.earliest_days",
            "orders.latest_days",
            "territory.qualification_days",
        ],
    )
    @pytest.mark.parametrize("value", ["99999999999", "-1"])
    def test_no_market_sets_a_number_that_would_stop_a_sweep_of_all(self, operator, mine, name, value):
        page = operator.post(
            reverse("admin:divisions_division_settings", args=[mine.pk]), {f"{name}:own": "on", name: value}
        )

        assert list(page.context["form"].errors) == [name]
        assert not mine.settings.exists()

    def test_a_default_lies_within_its_own_bounds(self, mine):
        for setting in SETTINGS.values():
            if setting.kind is int:
                assert setting.choose(setting.default, mine) == setting.default

    def test_the_bounds_themselves_may_be_set(self, mine):
        kept = SETTINGS["orders.draft_days"]
        assert (kept.choose("1", mine), kept.choose("365", mine)) == (1, 365)
        with pytest.raises(ValidationError, match="365"):
            kept.choose("366", mine)

    def test_a_number_without_bounds_is_not_declared(self):
        with pytest.raises(ValueError, match="bounds"):
            declare("tests.boundless", kind=int, default=1, label="", help="")


class TestAdmin:
    def test_a_form_names_nobody_of_another_market(self, operator, mine, theirs):
        stranger, colleague = make_person(Role.CSR, theirs), make_person(Role.CSR, mine)
        form = reverse("admin:accounts_partner_add")

        assert str(colleague) in operator.get(f"{form}?user={colleague.pk}").content.decode()
        assert str(stranger) not in operator.get(f"{form}?user={stranger.pk}").content.decode()

    @pytest.mark.parametrize("lookup", ["password__startswith", "password", "last_login__gt", "roles__role"])
    def test_a_list_is_narrowed_by_its_own_filters_alone(self, operator, lookup):
        people = reverse("admin:people_user_changelist")

        assert operator.get(people, {lookup: "argon2"}).status_code == 400
        assert operator.get(people, {"is_active__exact": "1"}).status_code == 200
