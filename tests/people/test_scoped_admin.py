"""The admin, division by division."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from config.local.sign_ins import totp
from foundation.divisions.models import Brand
from foundation.divisions.queries import effective
from foundation.divisions.services import set_value
from foundation.divisions.settings import CURRENCY, TIME_ZONE
from foundation.divisions.testing import make_division, make_site
from foundation.events.models import Event
from foundation.now import now
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in

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


def make_brand(division, name):
    return Brand.objects.create(division=division, code=name.lower(), name=name)


class TestList:
    def test_shows_the_rows_of_my_divisions_alone(self, operator, mine, theirs):
        make_brand(mine, "Nearby")
        make_brand(theirs, "Faraway")

        page = operator.get(reverse("admin:divisions_brand_changelist"))

        assert "Nearby" in page.content.decode()
        assert "Faraway" not in page.content.decode()

    def test_offers_no_foreign_division_as_a_filter(self, operator, mine, theirs):
        make_brand(mine, "Nearby")
        make_brand(mine, "Another")
        make_brand(theirs, "Faraway")

        page = operator.get(reverse("admin:divisions_brand_changelist"))

        assert "Theirs" not in page.content.decode()


class TestForm:
    def test_offers_only_my_divisions(self, operator, mine, theirs):
        page = operator.get(reverse("admin:divisions_brand_add"))

        choices = page.context["adminform"].form.fields["division"].queryset
        assert list(choices) == [mine]

    def test_refuses_a_foreign_division(self, operator, theirs):
        values = {"division": theirs.pk, "code": "x", "name": "X", "primary": "#1f5f8b", "primary_dark": "#8cc4ea"}

        page = operator.post(reverse("admin:divisions_brand_add"), values)

        assert "division" in page.context["adminform"].form.errors
        assert not Brand.objects.exists()

    def test_opens_no_foreign_row(self, operator, theirs):
        brand = make_brand(theirs, "Faraway")

        page = operator.get(reverse("admin:divisions_brand_change", args=[brand.pk]))

        assert page.status_code == 302  # Django's way to say that there is no such row
        assert page["Location"] == reverse("admin:index")


class TestRoles:
    @pytest.mark.parametrize("role", [Role.CSR, Role.SUPERVISOR, Role.FIELD_AGENT, Role.CUSTOMER, Role.PARTNER])
    def test_those_who_set_up_nothing_do_not_get_in(self, client, mine, role):
        sign_in(client, make_person(role, mine))

        assert client.get(reverse("admin:index")).status_code in (302, 403)
        assert client.get(reverse("admin:divisions_brand_changelist")).status_code in (302, 403)

    def test_an_auditor_looks_and_changes_nothing(self, client, mine):
        brand = make_brand(mine, "Nearby")
        sign_in(client, make_person(Role.AUDITOR, mine))
        address = reverse("admin:divisions_brand_change", args=[brand.pk])

        assert client.get(address).status_code == 200
        assert client.post(address, {"name": "Changed"}).status_code == 403


class TestChangesOfPeople:
    """They ask staff for their code where the last one is a quarter of an hour old."""

    ASKED = "Give your code in another window"

    def later(self):
        return time_machine.travel(now() + timedelta(minutes=16), tick=False)

    def give_code(self, client):
        client.post(reverse("mfa_reauthenticate"), {"code": totp(TOTP_SECRET, now().timestamp())})

    def test_keep_what_was_typed_meanwhile(self, operator, mine):
        add = reverse("admin:people_user_add")
        typed = {"email": "new@people.example", "name": "New", "language": "en", "role": "csr", "division": mine.pk}

        with self.later():
            asked = operator.post(add, typed).content.decode()
            assert self.ASKED in asked
            assert "new@people.example" in asked
            assert not User.objects.filter(email="new@people.example").exists()
            self.give_code(operator)
            operator.post(add, typed)

        assert User.objects.get(email="new@people.example").roles.get().role == Role.CSR

    def test_give_no_role(self, operator, mine):
        person = make_person(Role.CSR, mine)
        given = {
            "name": "", "language": "en", "roles-TOTAL_FORMS": "2", "roles-INITIAL_FORMS": "1",
            "roles-0-id": person.roles.get().pk, "roles-0-user": person.pk,
            "roles-1-user": person.pk, "roles-1-role": "auditor", "roles-1-division": mine.pk,
        }  # fmt: skip
        change = reverse("admin:people_user_change", args=[person.pk])

        with self.later():
            assert self.ASKED in operator.post(change, given).content.decode()
            assert person.roles.count() == 1
            self.give_code(operator)
            operator.post(change, given)

        assert {held.role for held in person.roles.all()} == {Role.CSR, Role.AUDITOR}

    def test_take_off_no_second_factor(self, operator, mine):
        person = make_person(Role.CSR, mine)
        people = reverse("admin:people_user_changelist")
        act = {"action": "take_off_second_factor", "_selected_action": [person.pk]}

        with self.later():
            assert self.ASKED in operator.post(people, act, follow=True).content.decode()
            assert Authenticator.objects.filter(user=person).exists()
            self.give_code(operator)
            operator.post(people, act)

        assert not Authenticator.objects.filter(user=person).exists()

    def test_send_no_link(self, operator, mine, mailoutbox):
        person = make_person(Role.CSR, mine)
        people = reverse("admin:people_user_changelist")
        act = {"action": "send_link", "_selected_action": [person.pk]}

        with self.later():
            assert self.ASKED in operator.post(people, act, follow=True).content.decode()
            assert not mailoutbox
            self.give_code(operator)
            operator.post(people, act)

        assert [letter.to for letter in mailoutbox] == [[person.email]]

    def test_send_no_link_to_whom_one_does_not_manage(self, operator, mine, theirs, mailoutbox):
        person = make_person(Role.CSR, mine)
        RoleAssignment.objects.create(user=person, role=Role.CSR, division=theirs)
        act = {"action": "send_link", "_selected_action": [person.pk]}

        page = operator.post(reverse("admin:people_user_changelist"), act, follow=True)

        assert "You cannot send this person a link." in page.content.decode()
        assert not mailoutbox


class TestDivisionSettings:
    def test_shows_the_value_in_force_and_its_source(self, operator, top, mine):
        set_value(top, TIME_ZONE, "America/Denver")

        page = operator.get(reverse("admin:divisions_division_settings", args=[mine.pk]))

        row = next(row for row in page.context["form"].rows() if row.setting == TIME_ZONE)
        assert (row.in_force, row.source, row.is_own) == ("America/Denver", top, False)
        assert "America/Denver" in page.content.decode()

    def test_sets_one_and_inherits_it_again(self, operator, mine):
        address = reverse("admin:divisions_division_settings", args=[mine.pk])

        operator.post(address, {"divisions.currency:own": "on", "divisions.currency": "CAD"})
        set_here = effective(mine, CURRENCY)
        operator.post(address, {})

        assert (set_here, effective(mine, CURRENCY)) == ("CAD", "USD")

    def test_marks_the_field_that_cannot_be_kept(self, operator, mine):
        address = reverse("admin:divisions_division_settings", args=[mine.pk])

        page = operator.post(address, {"divisions.time_zone:own": "on", "divisions.time_zone": "Mars/Base"})

        assert list(page.context["form"].errors) == ["divisions.time_zone"]
        assert effective(mine, TIME_ZONE) == "America/New_York"

    def test_is_not_found_for_a_foreign_division(self, operator, theirs):
        assert operator.get(reverse("admin:divisions_division_settings", args=[theirs.pk])).status_code == 404


class TestDivisionTree:
    def test_lets_nobody_below_the_top_make_a_new_top(self, operator):
        page = operator.post(reverse("admin:divisions_division_add"), {"code": "new", "name": "New", "is_active": "on"})

        assert "parent" in page.context["adminform"].form.errors

    def test_takes_a_division_below_mine(self, operator, mine):
        values = {"parent": mine.pk, "code": "new", "name": "New", "is_active": "on"}

        operator.post(reverse("admin:divisions_division_add"), values)

        assert [child.code for child in mine.children.all()] == ["new"]
        assert mine.children.get().lineage == [*mine.lineage, mine.children.get().pk]

    def test_leaves_a_division_where_something_has_happened_below_where_it_lies(self, operator, mine, top):
        inner, other = make_division("Inner", parent=mine), make_division("Other", parent=mine)
        values = {"parent": other.pk, "code": inner.code, "name": "Inner", "is_active": "on"}
        address = reverse("admin:divisions_division_change", args=[inner.pk])

        operator.post(address, values)
        inner.refresh_from_db()
        assert inner.parent == other

        happened = make_division("Happened", parent=inner)
        Event.objects.create(name="x.y", payload={}, subject_type="x.y", subject_id=1, division=happened, at=now())
        operator.post(address, {**values, "parent": mine.pk})
        inner.refresh_from_db()
        assert inner.parent == other


class TestBrandSender:
    @pytest.fixture
    def others(self, theirs):
        """What another market sends from, and where its site is."""
        site = make_site(theirs, host="shop.theirs.example")
        Brand.objects.filter(pk=site.brand_id).update(email="hello@senders.example")

    def keep(self, client, brand, email) -> str:
        values = {"division": brand.division_id, "code": brand.code, "name": brand.name, "email": email}
        colours = {"primary": "#1f5f8b", "primary_dark": "#8cc4ea"}
        page = client.post(reverse("admin:divisions_brand_change", args=[brand.pk]), {**values, **colours})
        brand.refresh_from_db()
        return page.content.decode()

    @pytest.mark.parametrize(
        "email", ["hello@senders.example", "x@Senders.Example", "x@theirs.example", "x@mail.shop.theirs.example"]
    )
    def test_is_at_no_address_of_another_market_and_that_says_no_more(self, operator, mine, others, email):
        brand = make_brand(mine, "Nearby")

        page = self.keep(operator, brand, email)

        assert "This address is not available." in page
        assert "Theirs" not in page
        assert brand.email == ""

    @pytest.mark.parametrize("email", ["", "hello@nottheirs.example", "hello@mine.example"])
    def test_is_at_any_other(self, operator, mine, others, email):
        brand = make_brand(mine, "Nearby")

        self.keep(operator, brand, email)

        assert brand.email == email

    def test_stays_where_somebody_above_has_set_it(self, operator, mine, others):
        brand = make_brand(mine, "Nearby")
        Brand.objects.filter(pk=brand.pk).update(email="hello@senders.example", name="Before")

        self.keep(operator, brand, "hello@senders.example")

        assert (brand.email, brand.name) == ("hello@senders.example", "Nearby")

    def test_is_theirs_to_decide_who_know_both(self, client, top, mine, others):
        brand = make_brand(mine, "Nearby")

        self.keep(sign_in(client, make_person(Role.OPERATOR, top)), brand, "hello@senders.example")

        assert brand.email == "hello@senders.example"


class TestBrandLogo:
    def upload(self, client, division, content, name="logo.png"):
        values = {"division": division.pk, "code": "x", "name": "X", "primary": "#1f5f8b", "primary_dark": "#8cc4ea"}
        return client.post(
            reverse("admin:divisions_brand_add"), {**values, "logo_file": SimpleUploadedFile(name, content)}
        )

    def test_is_kept_by_its_content(self, operator, mine):
        self.upload(operator, mine, b"\x89PNG\r\n\x1a\n" + b"0" * 100)

        assert Brand.objects.get().logo_type == "image/png"

    @pytest.mark.parametrize(
        "content",
        [
            b"GIF89a",
            b"<html><svg></svg>",
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            b'<svg onload="alert(1)"></svg>',
            b"\x89PNG\r\n\x1a\n" + b"0" * 300_000,
        ],
    )
    def test_is_refused_if_it_is_no_quiet_picture(self, operator, mine, content):
        page = self.upload(operator, mine, content)

        assert "logo_file" in page.context["adminform"].form.errors
