"""What the signed-in customer and partner see."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Customer
from accounts.testing import make_details, make_partner
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in
from orders.states import OrderStatus
from orders.testing import make_market, make_order

pytestmark = pytest.mark.django_db

SIGNING_IN = ("account_email", "account_change_password", "mfa_index", "usersessions_list")
START, SALES = reverse("selfcare:start"), reverse("selfcare:sales")


@pytest.fixture
def market():
    return make_market(capacity=100)


@pytest.fixture
def customer(market):
    return make_person(Role.CUSTOMER, market.division)


def ordered_by(person, market):
    """Order as somebody who has not signed in, with a person's address."""
    return make_order(OrderStatus.IN_PROGRESS, market, details=make_details(email=person.email))


class TestSignInAndSecurity:
    @pytest.mark.parametrize("page", ["selfcare:start", "selfcare:referrals", "selfcare:tickets"])
    def test_is_one_entry_behind_the_services(self, client, customer, page):
        sign_in(client, customer)

        shown = client.get(reverse(page)).content.decode()

        nav = shown[shown.index('class="account-nav"') : shown.index("</nav>", shown.index('class="account-nav"'))]
        assert reverse("selfcare:security") in nav
        assert nav.index(START) < nav.index(reverse("selfcare:security"))
        assert [name for name in SIGNING_IN if reverse(name) in nav] == []

    def test_leads_to_each_thing_and_back(self, client, customer):
        sign_in(client, customer)

        shown = client.get(reverse("selfcare:security")).content.decode()

        assert customer.email in shown
        for name in SIGNING_IN:
            assert reverse(name) in shown
            assert reverse("selfcare:security") in client.get(reverse(name)).content.decode()

    def test_says_whether_a_second_factor_is_set_up(self, client, market, customer):
        sign_in(client, customer)
        without = client.get(reverse("selfcare:security")).content.decode()
        TOTP.activate(customer, TOTP_SECRET)

        assert "Your authenticator app is set up." not in without
        assert "Your authenticator app is set up." in client.get(reverse("selfcare:security")).content.decode()


class TestEarlierOrders:
    def test_are_found_at_sign_in(self, client, market, customer):
        order = ordered_by(customer, market)

        sign_in(client, customer)

        assert order.number in client.get(START).content.decode()

    def test_are_not_found_for_an_address_that_nobody_proved(self, client, market, customer):
        ordered_by(customer, market)
        customer.emailaddress_set.update(verified=False)

        sign_in(client, customer)

        assert not Customer.objects.filter(user=customer).exists()

    def test_are_not_looked_for_by_opening_the_page(self, client, market, customer):
        sign_in(client, customer)
        order = ordered_by(customer, market)

        shown = client.get(START).content.decode()

        assert order.number not in shown
        assert not Customer.objects.filter(user=customer).exists()


class TestOrder:
    def test_says_how_far_it_is_and_what_was_ordered(self, client, market, customer):
        order = ordered_by(customer, market)
        sign_in(client, customer)

        shown = client.get(reverse("selfcare:order", args=[order.pk])).content.decode()

        assert order.number in shown
        assert order.address in shown
        assert all(str(line.names) in shown for line in order.lines.all())

    def test_of_somebody_else_is_not_there(self, client, market, customer):
        order = ordered_by(make_person(Role.CUSTOMER, market.division), market)
        sign_in(client, customer)

        assert client.get(reverse("selfcare:order", args=[order.pk])).status_code == 404

    def test_that_is_a_cart_is_not_listed(self, client, market, customer):
        make_order(OrderStatus.DRAFT, market, by=customer)
        sign_in(client, customer)

        assert "Nothing ordered yet" in client.get(START).content.decode()


class TestSales:
    def test_are_those_of_the_partner(self, client, market):
        person, other = (make_person(Role.PARTNER, market.division) for _ in range(2))
        partner, rival = make_partner(market.division, user=person), make_partner(market.division, user=other)
        sold = make_order(OrderStatus.IN_PROGRESS, market, sold_for=partner)
        elsewhere = make_order(OrderStatus.IN_PROGRESS, market, sold_for=rival)
        sign_in(client, person)

        shown = client.get(SALES).content.decode()

        assert sold.number in shown
        assert elsewhere.number not in shown
        assert f"?partner={partner.code}" in shown

    def test_are_no_page_for_who_is_no_partner(self, client, customer):
        sign_in(client, customer)

        assert client.get(SALES).status_code == 404


class TestStatements:
    def test_are_as_many_for_fifty_orders_as_for_one(self, client, market, customer):
        partner = make_partner(market.division, user=customer)
        for_one = self.counts(client, customer, partner, market, orders=1)

        for_fifty = self.counts(client, customer, partner, market, orders=49)

        assert for_fifty == for_one
        assert max(for_one) <= 16

    def counts(self, client, customer, partner, market, *, orders: int) -> list[int]:
        for _ in range(orders):
            details = make_details(email=customer.email)
            latest = make_order(OrderStatus.IN_PROGRESS, market, details=details, sold_for=partner)
        sign_in(client, customer)
        assert all(latest.number in client.get(page).content.decode() for page in (START, SALES))
        return [self.count(client, page) for page in (START, SALES)]

    def count(self, client: Client, page: str) -> int:
        client.get(page)  # the first request after a change of configuration reads it again
        with CaptureQueriesContext(connection) as captured:
            client.get(page)
        return len(captured)
