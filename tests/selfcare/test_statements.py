"""A referrer's own statements, and nobody else's: of the friend, only what the referrer calls them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from accounts.testing import make_account
from commissions.queries.statements import own_statement_of
from commissions.services.endings import locked_reward, take_back
from commissions.services.statements import html_of
from commissions.states import EntryKind, ReasonCode
from commissions.testing import make_referral
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.selfcare import friends
from tests.commissions.paying import make_earned, make_earned_as_a_friend, make_paid, make_payouts

pytestmark = pytest.mark.django_db

NAMES = ("statement", "statement_pdf", "statement_csv")


@pytest.fixture
def payouts():
    return make_payouts()


@pytest.fixture
def customer(client, payouts):
    customer = make_person(Role.CUSTOMER, payouts.division)
    sign_in(client, customer)
    return customer


@pytest.fixture
def reward(payouts, customer):
    return make_earned(payouts, account=make_account(payouts.division, user=customer))


def page_of(client, name, pk=None, **query):
    return client.get(reverse(f"selfcare:{name}", args=[pk] if pk else []), query)


class TestOwn:
    def test_are_listed_by_month_and_lead_to_each(self, client, reward):
        month = f"{today(reward.division):%Y-%m}"
        address = f"{reverse('selfcare:statement', args=[reward.payee_id])}?month={month}"

        assert address in page_of(client, "statements").content.decode()
        page = client.get(address).content.decode()

        for expected in ("Opening balance", "Closing balance", "$25.00", "Robin"):
            assert expected in page

    def test_name_their_cells_on_a_phone(self, client, reward):
        page = page_of(client, "statement", reward.payee_id).content.decode()

        for column in ("Date", "What", "What for", "Amount"):
            assert f'data-label="{column}"' in page

    def test_say_nothing_else_of_the_friend(self, client, reward):
        order = reward.referral.order

        for name in ("statement", "statement_csv"):
            page = page_of(client, name, reward.payee_id).content.decode()
            for secret in (order.number, order.address, order.customer.name, order.account.number):
                assert not re.search(rf"\b{re.escape(secret)}\b", page)  # their order's number may end our account's

    def test_tell_the_day_on_which_something_was_booked_not_that_on_which_the_friend_left(
        self, client, payouts, reward
    ):
        make_paid(payouts)
        left_on = today(reward.division).replace(day=1) - timedelta(days=10)
        take_back(locked_reward(reward.pk), Decimal("10.00"), ReasonCode.LEFT_EARLY, left_on, by=None)
        entry = reward.entries.get(kind=EntryKind.CLAWBACK)
        month = f"{entry.period:%Y-%m}"

        page = page_of(client, "statement", reward.payee_id, month=month).content.decode()
        file = page_of(client, "statement_csv", reward.payee_id, month=month).content.decode("utf-8-sig")
        paper = html_of(own_statement_of(reward.payee, entry.period), language="en")

        assert date_format(left_on) not in page
        assert date_format(left_on, "SHORT_DATE_FORMAT") not in paper
        assert left_on.isoformat() not in file
        assert f'"{today(reward.division)}","Taken back","Robin"' in file
        asked = page_of(client, "dispute_raise", entry.pk).content.decode()
        assert date_format(left_on) not in asked
        assert date_format(today(reward.division)) in asked

    def test_are_a_pdf_and_a_file(self, client, reward):
        assert page_of(client, "statement_pdf", reward.payee_id).content.startswith(b"%PDF")
        assert "Robin" in page_of(client, "statement_csv", reward.payee_id).content.decode()

    def test_tell_a_friend_what_the_reward_is_for_and_not_what_they_were_called(self, client, payouts, customer):
        reward = make_earned_as_a_friend(payouts, customer)

        for name in ("statement", "statement_csv"):
            page = page_of(client, name, reward.payee_id).content.decode()
            assert f"Bill credit for order {reward.referral.order.number}" in page
            assert "Robin" not in page

    def test_lead_from_a_line_to_its_friend_on_whatever_page_they_stand(self, client, payouts, reward, monkeypatch):
        page = page_of(client, "statement", reward.payee_id).content.decode()
        link = re.search(rf'href="([^"]+)#friend-{reward.referral_id}"', page)[1].replace("&amp;", "&")
        make_referral(reward.referral.referrer, market=payouts.market)
        monkeypatch.setattr(friends.page_of_friend, "__kwdefaults__", {"on_a_page": 1})
        monkeypatch.setattr(friends.friends_of, "__kwdefaults__", {"on_a_page": 1})

        shown = client.get(link).content.decode()

        assert f'id="friend-{reward.referral_id}"' in shown
        assert shown.count('id="friend-') == 1

    def test_are_none_where_nothing_was_earned(self, client, customer):
        assert "No statement yet" in page_of(client, "statements").content.decode()


class TestOthers:
    def test_do_not_exist(self, payouts, reward):
        stranger = sign_in(Client(), make_person(Role.CUSTOMER, payouts.division))

        for name in NAMES:
            assert page_of(stranger, name, reward.payee_id).status_code == 404

    def test_do_not_exist_for_staff_either(self, payouts, reward):
        auditor = sign_in(Client(), payouts.auditor)

        assert page_of(auditor, "statement", reward.payee_id).status_code == 404

    def test_lead_to_the_sign_in_who_is_nobody(self, reward):
        answer = page_of(Client(), "statement", reward.payee_id)

        assert answer.url.startswith(reverse("account_login"))
