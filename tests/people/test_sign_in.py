"""Signing in, the second factor, and how long a session lasts."""

import base64
import re
import zlib
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from config.local.sign_ins import totp
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.encryption import decrypt, encrypt, renew
from foundation.people.middleware import SecondFactorMiddleware, SessionLimitsMiddleware
from foundation.people.models import User
from foundation.people.services import deactivate_person, give_role, take_role
from foundation.people.states import Role
from foundation.people.testing import PASSWORD, TOTP_SECRET, make_person, prove_anew, sign_in

pytestmark = pytest.mark.django_db

LOGIN = "/people/login/"
ADMIN = "/admin/"
NEW_PASSWORD = {"password1": "four words in a row", "password2": "four words in a row"}
CODE = re.compile(r"^[A-Z]{4}-[A-Z]{4}$", re.MULTILINE)


@pytest.fixture
def division():
    return make_division("Mine")


@pytest.fixture
def steady_clock():
    """Stop the clock: a code is good for the half minute that it was made in, which must not end within a test."""
    with time_machine.travel(now(), tick=False):
        yield


def type_password(client: Client, person: User, password: str = PASSWORD):
    return client.post(LOGIN, {"login": person.email, "password": password})


class TestSigningIn:
    def test_sends_each_role_to_its_own_start(self, division):
        starts = {}
        for role in (Role.CUSTOMER, Role.PARTNER):
            person = make_person(role, division)
            starts[role] = type_password(Client(), person)["Location"]

        assert starts == {Role.CUSTOMER: reverse("selfcare:start"), Role.PARTNER: reverse("selfcare:start")}

    @pytest.mark.usefixtures("steady_clock")
    def test_asks_staff_for_the_code_before_they_are_in(self, client, division):
        person = make_person(Role.CSR, division)

        asked = type_password(client, person)
        anonymous_until_then = "_auth_user_id" not in client.session
        entered = client.post(asked["Location"], {"code": totp(TOTP_SECRET, now().timestamp())})

        assert asked["Location"] == reverse("mfa_authenticate")
        assert anonymous_until_then
        assert entered["Location"] == reverse("desk:home")
        assert client.session["_auth_user_id"] == str(person.pk)

    @pytest.mark.usefixtures("steady_clock")
    def test_changes_the_sessions_key(self, client, division):
        person = make_person(Role.CSR, division)
        client.get(LOGIN)
        type_password(client, person)
        before = client.session.session_key

        client.post(reverse("mfa_authenticate"), {"code": totp(TOTP_SECRET, now().timestamp())})

        assert client.session.session_key != before

    @pytest.mark.usefixtures("steady_clock")
    def test_takes_a_code_only_once(self, division):
        person = make_person(Role.CSR, division)
        code = totp(TOTP_SECRET, now().timestamp())
        answers = []
        for browser in (Client(), Client()):
            type_password(browser, person)
            answers.append(browser.post(reverse("mfa_authenticate"), {"code": code}).status_code)

        assert answers == [302, 200]

    def test_lets_nobody_in_whose_address_is_not_prove_anew(self, client):
        person = User.objects.create_user("new@people.example", PASSWORD)
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)

        type_password(client, person)

        assert "_auth_user_id" not in client.session
        assert len(mail.outbox) == 1


class TestStrangers:
    """Nobody learns who has an account here."""

    def same(self, one, other, *emails):
        texts = []
        for answer in (one, other):
            text = answer.content.decode()
            for email in emails:
                text = text.replace(email, "E")
            texts.append(re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", text))
        return (
            one.status_code == other.status_code
            and one.get("Location") == other.get("Location")
            and texts[0] == texts[1]
        )

    def test_sign_in_answers_the_same(self, division):
        known = make_person(Role.CUSTOMER, division).email

        one = Client().post(LOGIN, {"login": known, "password": "not it at all"})
        other = Client().post(LOGIN, {"login": "nobody@people.example", "password": "not it at all"})

        assert one.status_code == 200
        assert self.same(one, other, known, "nobody@people.example")

    def test_the_reset_answers_the_same_and_mails_both(self, division):
        known = make_person(Role.CUSTOMER, division).email

        one = Client().post(reverse("account_reset_password"), {"email": known})
        other = Client().post(reverse("account_reset_password"), {"email": "nobody@people.example"})

        assert one.status_code == 302
        assert self.same(one, other)
        assert [message.to for message in mail.outbox] == [[known], ["nobody@people.example"]]

    def test_signing_up_answers_the_same(self, division):
        known = make_person(Role.CUSTOMER, division).email

        one = Client().post(reverse("account_signup"), {"email": known, **NEW_PASSWORD})
        other = Client().post(reverse("account_signup"), {"email": "nobody@people.example", **NEW_PASSWORD})

        assert one.status_code == 302
        assert self.same(one, other)

    def test_a_false_host_header_gets_into_no_link(self, division):
        known = make_person(Role.CUSTOMER, division).email

        Client(HTTP_HOST="localhost").post(reverse("account_reset_password"), {"email": known})

        assert "http://127.0.0.1:8000/people/password/reset/key/" in mail.outbox[0].body


class TestProvingAnAddress:
    """Only where somebody asked for it can an address be proved: its owner has nothing that they could open for another."""

    def sign_up(self, email: str) -> Client:
        browser = Client()
        asked = browser.post(reverse("account_signup"), {"email": email, **NEW_PASSWORD})
        assert asked["Location"] == reverse("account_email_verification_sent")
        return browser

    def code(self) -> str:
        found = CODE.search(mail.outbox[-1].body)
        assert found
        return found.group()

    def test_the_code_counts_where_somebody_signed_up(self, division):
        browser = self.sign_up("new@people.example")

        page = browser.get(reverse("account_email_verification_sent")).content.decode()
        browser.post(reverse("account_email_verification_sent"), {"code": self.code()})

        assert "new@people.example" in page
        assert EmailAddress.objects.get(email="new@people.example").verified
        assert browser.get(reverse("selfcare:start")).status_code == 200

    def test_the_owner_of_an_address_is_sent_nothing_that_opens_it_for_another(self, division):
        self.sign_up("owner@people.example")
        letter = mail.outbox[-1]

        Client().post(reverse("account_email_verification_sent"), {"code": self.code()})

        assert "/people/" not in letter.body.replace("/people/password/reset/", "")
        assert not EmailAddress.objects.get(email="owner@people.example").verified

    def test_a_code_is_not_found_by_trying(self, division):
        browser = self.sign_up("new@people.example")
        for _try in range(3):
            browser.post(reverse("account_email_verification_sent"), {"code": "AAAAAA"})

        browser.post(reverse("account_email_verification_sent"), {"code": self.code()})

        assert not EmailAddress.objects.get(email="new@people.example").verified

    def test_the_page_says_once_that_a_code_was_sent_and_names_its_field_once(self, division):
        browser, here = self.sign_up("new@people.example"), reverse("account_email_verification_sent")

        first = browser.get(here).content.decode()
        again = browser.post(here, {"action": "resend"}, follow=True).content.decode()

        assert (first.count("new@people.example"), first.count("another code to")) == (1, 0)
        assert again.count("We have sent another code to new@people.example.") == 1
        assert "placeholder" not in first

    def test_another_code_replaces_the_first(self, division):
        browser = self.sign_up("new@people.example")
        first = self.code()

        browser.post(reverse("account_email_verification_sent"), {"action": "resend"})
        browser.post(reverse("account_email_verification_sent"), {"code": first})
        was_proved = EmailAddress.objects.get(email="new@people.example").verified
        browser.post(reverse("account_email_verification_sent"), {"code": self.code()})

        assert not was_proved
        assert EmailAddress.objects.get(email="new@people.example").verified

    def test_an_address_changes_with_the_code_that_was_sent_to_it(self, division):
        person = make_person(Role.CUSTOMER, division)
        browser = prove_anew(sign_in(Client(), person))

        asked = browser.post(reverse("account_email"), {"email": "next@people.example", "action_add": ""})
        before = User.objects.get(pk=person.pk).email
        browser.post(asked["Location"], {"code": self.code()})

        assert before == person.email
        assert mail.outbox[0].to == ["next@people.example"]
        assert User.objects.get(pk=person.pk).email == "next@people.example"

    def test_an_address_changes_only_for_who_proves_on_the_way_who_they_are(self, division):
        """A session that is stolen right after the password was typed does not become the whole account."""
        person = make_person(Role.CUSTOMER, division)
        browser = sign_in(Client(), person)
        address, changed = reverse("account_email"), {"email": "thief@people.example", "action_add": ""}

        asked = browser.post(address, changed)
        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        assert (
            browser.post(reverse("account_reauthenticate"), {"password": "guessed", "next": address}).status_code == 200
        )
        assert not mail.outbox
        assert not EmailAddress.objects.filter(email="thief@people.example").exists()

        goes_on = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": address})
        assert goes_on["Location"] == reverse("account_email_verification_sent")  # what was typed was kept
        assert mail.outbox[0].to == ["thief@people.example"]


class TestSecondFactor:
    def test_is_asked_of_staff_who_have_none(self, client, division):
        person = make_person(Role.CSR, division, has_second_factor=False)

        type_password(client, person)

        for address in (reverse("desk:home"), ADMIN, reverse("selfcare:start"), "/"):
            answer = client.get(address)
            assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_activate_totp"))

    @pytest.mark.usefixtures("steady_clock")
    def test_a_session_from_before_it_was_set_up_is_not_enough(self, client, division):
        person = make_person(Role.OPERATOR, division, has_second_factor=False)
        sign_in(client, person)
        asked = client.get(reverse("mfa_activate_totp"))
        page = prove_anew(client).get(reverse("mfa_activate_totp"))
        secret = page.context["form"].secret
        client.post(reverse("mfa_activate_totp"), {"code": totp(secret, now().timestamp())})

        refused = client.get(ADMIN)
        before = client.session.session_key
        client.post(reverse("mfa_reauthenticate"), {"code": totp(secret, now().timestamp())})
        let_in = client.get(ADMIN)

        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        assert refused["Location"].startswith(reverse("mfa_reauthenticate"))
        assert let_in.status_code == 200
        assert client.session.session_key != before

    def test_becomes_due_with_a_staff_role_at_once(self, client, division):
        person = make_person(Role.CUSTOMER, division)
        operator = make_person(Role.OPERATOR, division)
        sign_in(client, person)
        before = client.get(reverse("selfcare:start")).status_code

        give_role(person, Role.CSR, division, by=operator)

        assert before == 200
        assert client.get(reverse("selfcare:start"))["Location"] == reverse("mfa_activate_totp")

    def test_cannot_be_given_up_by_staff(self, client, division):
        person = make_person(Role.CSR, division)
        sign_in(client, person)

        client.post(reverse("mfa_deactivate_totp"))

        assert Authenticator.objects.filter(user=person).exists()

    def test_stays_after_a_password_reset(self, client, division):
        person = make_person(Role.CSR, division)
        client.post(reverse("account_reset_password"), {"email": person.email})
        address = re.search(r"http://127.0.0.1:8000(\S+)", mail.outbox[0].body).group(1)
        form = client.get(address)["Location"]

        client.post(form, {"password1": "another four words", "password2": "another four words"})
        asked = type_password(client, person, "another four words")

        assert asked["Location"] == reverse("mfa_authenticate")


class TestWhatIsKept:
    @pytest.mark.usefixtures("steady_clock")
    def test_holds_no_seed_in_clear(self, client, division):
        person = make_person(Role.CSR, division)
        other = make_person(Role.CSR, division, has_second_factor=False)
        prove_anew(sign_in(client, other))
        pending = client.get(reverse("mfa_activate_totp")).context["form"].secret
        Authenticator.objects.create(
            user=other, type="recovery_codes", data={"seed": encrypt("a1b2c3"), "used_mask": 0}
        )

        with connection.cursor() as cursor:
            cursor.execute("SELECT data::text FROM mfa_authenticator")
            kept = " ".join(row[0] for row in cursor.fetchall())
        sessions = " ".join(Session.objects.values_list("session_data", flat=True))
        readable = "".join(str(decoded_parts(row)) for row in sessions.split())

        assert (
            Authenticator.objects.get(user=person, type="totp")
            .wrap()
            .validate_code(totp(TOTP_SECRET, now().timestamp()))
        )
        assert TOTP_SECRET not in kept
        assert "a1b2c3" not in kept
        assert pending not in readable

    def test_can_change_its_key(self, settings):
        settings.FIELD_KEYS = ["old"]
        kept = encrypt("seed")

        settings.FIELD_KEYS = ["new", "old"]
        renewed = renew(kept)
        settings.FIELD_KEYS = ["new"]

        assert decrypt(renewed) == "seed"


def decoded_parts(stored: str) -> bytes:
    """Undo what Django's signing does to a session: base64, and zlib where that is shorter."""
    text = stored.partition(":")[0]
    is_compressed = text.startswith(".")
    raw = base64.urlsafe_b64decode(text.lstrip(".") + "==")
    return zlib.decompress(raw) if is_compressed else raw


class TestSession:
    def is_open(self, client):
        return client.get(reverse("selfcare:start")).status_code == 200

    @pytest.mark.parametrize(("after", "is_open"), [(timedelta(days=13), True), (timedelta(days=15), False)])
    def test_of_an_idle_customer_lasts_fourteen_days(self, client, division, after, is_open):
        sign_in(client, make_person(Role.CUSTOMER, division))
        self.is_open(client)

        with time_machine.travel(now() + after, tick=False):
            assert self.is_open(client) == is_open

    def test_of_a_busy_customer_ends_after_thirty_days(self, client, division):
        sign_in(client, make_person(Role.CUSTOMER, division))
        start = now()
        seen = []
        for days in (0, 10, 20, 29, 31):
            with time_machine.travel(start + timedelta(days=days), tick=False):
                seen.append(self.is_open(client))

        assert seen == [True, True, True, True, False]

    @pytest.mark.parametrize(("minutes", "is_open"), [(29, True), (31, False)])
    def test_of_idle_staff_lasts_thirty_minutes(self, client, division, minutes, is_open):
        sign_in(client, make_person(Role.OPERATOR, division))
        client.get(ADMIN)

        with time_machine.travel(now() + timedelta(minutes=minutes), tick=False):
            assert (client.get(ADMIN).status_code == 200) == is_open

    def test_of_busy_staff_ends_after_twelve_hours(self, client, division):
        sign_in(client, make_person(Role.OPERATOR, division))
        start = now()
        answers = []
        for minutes in range(0, 12 * 60 + 30, 25):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                answers.append(client.get(ADMIN).status_code == 200)

        assert answers == [True] * 29 + [False]

    def test_ends_with_the_person(self, client, division):
        person = make_person(Role.CUSTOMER, division)
        type_password(client, person)
        before = self.is_open(client)

        deactivate_person(person, by=make_person(Role.OPERATOR, division))

        assert before
        assert not self.is_open(client)
        assert not UserSession.objects.filter(user=person).exists()

    def test_loses_a_role_at_once(self, client, division):
        person, operator = make_person(Role.OPERATOR, division), make_person(Role.OPERATOR, division)
        sign_in(client, person)
        before = client.get(ADMIN).status_code

        take_role(person, Role.OPERATOR, division, by=operator)

        assert (before, client.get(ADMIN).status_code) == (200, 302)

    def test_can_be_ended_from_another_browser_but_not_by_a_stranger(self, division):
        person = make_person(Role.CUSTOMER, division)
        here, there = Client(), Client()
        type_password(here, person)
        type_password(there, person)
        session = UserSession.objects.get(session_key=there.session.session_key)
        address = reverse("people:end_session", args=[session.pk])

        stranger = sign_in(Client(), make_person(Role.CUSTOMER, division)).post(address).status_code
        still_open = self.is_open(there)
        here.post(address)

        assert (stranger, still_open) == (404, True)
        assert not self.is_open(there)
        assert self.is_open(here)

    def test_leaves_nothing_in_the_browser(self, client, division):
        sign_in(client, make_person(Role.CUSTOMER, division))

        page = client.get(reverse("selfcare:start"))
        out = client.post(reverse("account_logout"))

        assert "no-store" in page["Cache-Control"]
        assert out["Clear-Site-Data"] == '"cache", "storage"'


class TestAnonymousVisitor:
    def test_costs_not_one_statement(self, client, django_assert_num_queries, rf):
        class NoSession:
            def __getattr__(self, name):
                raise AssertionError("the session was touched")

        request = rf.get("/")
        request.session = request.user = NoSession()

        with django_assert_num_queries(0):
            answer = SessionLimitsMiddleware(SecondFactorMiddleware(lambda _request: HttpResponse("ok")))(request)

        assert answer.content == b"ok"
