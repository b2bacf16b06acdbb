"""A customer says where cash is paid: asked who they are, told at once, and never shown a number again."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from accounts.models import Contact
from accounts.testing import make_account
from commissions import handlers
from commissions.events import BankDetailsEnded, BankDetailsGiven
from commissions.models import BankAccount
from commissions.services.bank import end_bank_details
from config.local.sign_ins import totp
from foundation.correspondence.models import Message
from foundation.events.models import Delivery, Event
from foundation.events.testing import drain
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import PASSWORD, TOTP_SECRET, make_person, sign_in
from referrals.models import Signal
from tests.commissions.cashing import in_cash
from tests.commissions.paying import make_earned, make_payouts

pytestmark = pytest.mark.django_db

NUMBER = "000987654321"


@pytest.fixture
def payouts():
    """Return a market whose programme pays in cash."""
    payouts = make_payouts()
    in_cash(payouts)
    return payouts


@pytest.fixture
def customer(client, payouts) -> User:
    customer = make_person(Role.CUSTOMER, payouts.division, email="riley@people.example")
    sign_in(client, customer)
    return customer


@pytest.fixture
def payee(payouts, customer):
    account = make_account(payouts.division, user=customer)
    Contact.objects.filter(customer=account.customer).delete()
    Contact.objects.create(customer=account.customer, name="Riley", email="riley@home.example")
    return make_earned(payouts, account=account).payee


@pytest.fixture
def address(payee):
    return reverse("selfcare:bank", args=[payee.pk])


def typed(**others) -> dict[str, str]:
    return {
        "holder": "Riley Roe",
        "kind": "checking",
        "routing_number": "021 000 021",
        "account_number": NUMBER,
        "account_number_again": "000 987 654 321",
    } | others


def mark_of(client, address) -> str:
    """Return what the form carries when the page is shown."""
    return re.search(r'name="shown_to" value="([^"]+)"', client.get(address).content.decode()).group(1)


def give(client, address, **others):
    return client.post(address, typed(**others) | {"shown_to": mark_of(client, address)})


def page_of(client, name="statements", *args) -> str:
    return client.get(reverse(f"selfcare:{name}", args=args)).content.decode()


def deliver() -> None:
    """Tell everybody who listens to what was done on the page, and not the billing system, which is away."""
    Delivery.objects.exclude(event__name__startswith="commissions.bank").update(done_at=now())
    drain()


def letters() -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in Message.objects.filter(kind__startswith="commissions.bank").order_by("to"):
        found.setdefault(message.kind.removeprefix("commissions."), []).append(message)
    return found


class TestThePage:
    def test_is_offered_where_something_is_paid_in_cash(self, client, payouts, customer, payee, address):
        account = make_account(payouts.division, user=customer)
        credited = reverse("selfcare:bank", args=[make_earned(payouts, "30.00", account=account).payee_id])

        page = page_of(client)

        assert address in page
        assert credited not in page
        assert client.get(credited).status_code == 404

    def test_takes_details_and_shows_their_last_digits_alone(self, client, payee, address):
        answer = give(client, address)

        assert answer.url == reverse("selfcare:statements")
        given = BankAccount.objects.get()
        assert (given.account_number, given.routing_number, given.kind, given.holder) == (
            NUMBER, "021000021", "checking", "Riley Roe",
        )  # fmt: skip
        for shown in (page_of(client), page_of(client, "bank", payee.pk), page_of(client, "bank_withdraw", payee.pk)):
            assert "Checking account ending in 4321" in shown
            assert NUMBER not in shown
            assert "9876" not in shown

    def test_says_from_when_on_money_is_sent(self, client, payee, address):
        give(client, address)

        assert "Nothing is sent there before" in page_of(client)
        assert "Nothing is sent there before" in page_of(client, "bank", payee.pk)
        with time_machine.travel(now() + timedelta(days=8), tick=False):
            sign_in(client, payee.account.customer.user)
            assert "Nothing is sent there before" not in page_of(client) + page_of(client, "bank", payee.pk)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("holder", ""),
            ("holder", "王"),
            ("kind", "gold"),
            ("routing_number", "021000022"),
            ("routing_number", ""),
            ("account_number", "12x45"),
            ("account_number", ""),
            ("account_number_again", "000987654322"),
            ("account_number_again", ""),
        ],
    )
    def test_refuses_at_the_field(self, client, address, field, value):
        both = {"account_number_again": value} if field == "account_number" else {}

        page = give(client, address, **{field: value} | both)

        assert page.status_code == 422
        assert field in page.context["form"].errors
        assert not BankAccount.objects.exists()
        assert NUMBER not in page.content.decode()

    def test_says_all_that_is_wrong_at_once(self, client, address):
        page = give(client, address, holder="王", routing_number="1", account_number_again="1")

        assert set(page.context["form"].errors) == {"holder", "routing_number", "account_number_again"}

    def test_stops_what_is_sent_there(self, client, payee, address):
        give(client, address)
        withdraw = reverse("selfcare:bank_withdraw", args=[payee.pk])
        assert withdraw in page_of(client)

        client.post(withdraw)

        assert BankAccount.objects.get().end_reason == "withdrawn"
        assert "waits until we know where to send it" in page_of(client)
        assert client.get(withdraw).url == address

    def test_is_nobody_elses(self, client, payouts, address):
        sign_in(client, make_person(Role.CUSTOMER, payouts.division))

        assert client.get(address).status_code == 404
        assert client.post(address, typed()).status_code == 404


class TestAskingWhoItIs:
    def later(self, minutes):
        return time_machine.travel(now() + timedelta(minutes=minutes), tick=False)

    def test_comes_before_the_page_and_leads_back_to_it(self, client, customer, address):
        with self.later(6):
            asked = client.get(address)

            assert asked.url.startswith(reverse("account_reauthenticate"))
            back = parse_qs(urlsplit(asked.url).query)["next"]
            assert back == [address]
            given = client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": address})
            assert given.url == address
            assert client.get(address).status_code == 200

    def test_lets_a_form_be_filled_in_and_not_for_ever(self, client, address):
        mark = mark_of(client, address)
        with self.later(14):
            assert client.post(address, typed() | {"shown_to": mark}).url == reverse("selfcare:statements")
        with self.later(16):
            other = typed(account_number="55554444", account_number_again="55554444")
            answer = client.post(address, other | {"shown_to": mark})
            assert answer.url.startswith(reverse("account_reauthenticate"))
        assert BankAccount.objects.count() == 1
        assert "55554444" not in str(dict(client.session))

    def test_takes_nothing_from_who_was_not_shown_the_form(self, client, payouts, customer, payee, address):
        elsewhere = make_earned(payouts, account=make_account(payouts.division, user=customer)).payee_id
        theirs = mark_of(sign_in(Client(), customer), address)
        marks = {
            "none": "",
            "invented": "shown",
            "of another page": mark_of(client, reverse("selfcare:bank", args=[elsewhere])),
            "of another session": theirs,
        }

        for what, mark in marks.items():
            answer = client.post(address, typed() | {"shown_to": mark})
            assert answer.url.startswith(reverse("account_reauthenticate")), what

        assert not BankAccount.objects.exists()
        assert client.post(address, typed() | {"shown_to": mark_of(client, address)}).status_code == 302
        assert BankAccount.objects.get().payee == payee

    def test_goes_by_the_clock_that_stamps_it(self, client, address, settings, tmp_path):
        """A demonstration's days pass quickly; the password was given by the machine's clock."""
        settings.CLOCK_FILE = str(tmp_path / "clock.json")
        (tmp_path / "clock.json").write_text(json.dumps({"offset_seconds": 86400}))

        assert client.get(address).status_code == 200

    def test_is_for_the_second_factor_where_there_is_one(self, client, payouts, customer, address):
        operator = make_person(Role.OPERATOR, payouts.division)  # has one
        account = make_account(payouts.division, user=operator)
        mine = reverse("selfcare:bank", args=[make_earned(payouts, account=account).payee_id])
        sign_in(client, operator)
        assert client.get(mine).status_code == 200
        with self.later(6):
            asked = client.get(mine)
            assert asked.url.startswith(reverse("mfa_reauthenticate"))
            code = totp(TOTP_SECRET, now().timestamp())
            client.post(reverse("mfa_reauthenticate"), {"code": code, "next": mine})
            assert client.get(mine).status_code == 200


class TestLetters:
    def test_go_to_every_address_we_know_and_say_what_to_do(self, client, payee, address):
        give(client, address)
        deliver()

        (kind, sent), = letters().items()  # fmt: skip
        assert kind == "bank_given"
        assert [message.to for message in sent] == ["riley@home.example", "riley@people.example"]
        for message in sent:
            day = BankAccount.objects.get().usable_from
            assert date_format(day) in message.text
            assert "Was that not you?" in message.text
            assert address in message.text
            assert not re.search("4321|021000021|Riley Roe", message.text + message.html + message.subject_line)

    def test_of_a_change_say_that_nothing_is_sent_meanwhile(self, client, address):
        give(client, address)
        give(client, address, account_number="55554444", account_number_again="55554444")
        deliver()

        assert len(letters()["bank_changed"]) == 2
        assert "not to the bank account before it either" in letters()["bank_changed"][0].text

    def test_are_written_once(self, client, address):
        give(client, address)
        deliver()
        event = Event.objects.get(name=BankDetailsGiven.name)
        handlers.tell_of_bank_details(event.fact(), event)

        assert len(letters()["bank_given"]) == 2

    def test_tell_when_staff_have_ended_them(self, client, payouts, address):
        give(client, address)
        end_bank_details(BankAccount.objects.get().pk, "They called.", by=payouts.builder)
        deliver()

        assert "waits until you give other bank details" in letters()["bank_ended"][0].text
        assert "They called" not in letters()["bank_ended"][0].text

    def test_leave_what_the_bank_sent_back_to_its_own(self, client, payouts, address):
        give(client, address)
        given = BankAccount.objects.get()
        fact = BankDetailsEnded(bank_account_id=given.pk, payee_id=given.payee_id, reason="returned")
        handlers.tell_that_bank_details_have_ended(fact, Event.objects.first())

        assert "bank_ended" not in letters()


class TestReferrerAndFriendOfOneBankAccount:
    def test_make_the_money_wait_for_a_person(self, client, payouts, payee, address):
        reward = payee.rewards.get()
        friend = make_person(Role.CUSTOMER, payouts.division)
        account = reward.friend_account
        type(account.customer).objects.filter(pk=account.customer_id).update(user=friend)
        theirs = type(payee).objects.create(account=account, division=account.division, currency="USD")
        give(client, address)
        deliver()
        assert not Signal.objects.exists()

        make_earned(payouts, account=account)  # the friend refers somebody else
        sign_in(client, friend)
        give(client, reverse("selfcare:bank", args=[theirs.pk]), holder="Somebody Else")
        deliver()

        signal = Signal.objects.get()
        assert (signal.kind, signal.referral, signal.status) == ("same_bank", reward.referral, "open")
        reward.refresh_from_db()
        assert reward.holds == ["signal"]


class TestTheDesk:
    @pytest.fixture
    def given(self, client, address):
        give(client, address)
        return BankAccount.objects.get()

    def test_reads_the_last_digits_and_ends_them(self, client, payouts, given, payee):
        sign_in(client, payouts.builder)
        customer = reverse("desk:customer", args=[payee.account.customer_id])
        end = reverse("desk:bank_end", args=[given.pk])
        page = client.get(customer).content.decode()
        assert "Checking account ending in 4321" in page
        assert end in page
        assert NUMBER not in page

        assert client.post(end, {"reason": ""}).status_code == 422
        assert client.post(end, {"reason": "They called."}).url == customer

        page = client.get(customer).content.decode()
        assert "They called." in page
        assert end not in page
        assert "These bank details have ended." in client.get(end).content.decode()

    def test_shows_nothing_of_it_to_whoever_may_not_see_the_ledger(self, client, payouts, given, payee):
        sign_in(client, make_person(Role.CSR, payouts.division))

        page = client.get(reverse("desk:customer", args=[payee.account.customer_id])).content.decode()

        assert "4321" not in page
        assert "Riley Roe" not in page


def test_no_row_but_the_encrypted_one_holds_the_number(client, address, caplog):
    """Events, deliveries, letters, sessions, histories: every table is searched, and what was logged."""
    with caplog.at_level("INFO"):
        give(client, address)
        give(client, address, account_number_again="1")
        deliver()

    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(
                f"SELECT count(*) FROM {connection.ops.quote_name(table)} t WHERE t::text LIKE %s", ["%987654%"]
            )
            found += [table] * cursor.fetchone()[0]
    assert found == []
    assert BankAccount.objects.get().account_number == NUMBER
    assert "987654" not in caplog.text
