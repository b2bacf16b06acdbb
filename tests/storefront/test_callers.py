"""A member of staff who orders for a caller stays in reach of the desk, and nobody else is told of it."""

import pytest

from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.services import choose_package
from orders.states import OrderStatus
from orders.testing import fill_in, make_cart, make_market, make_order
from territory.testing import make_qualification
from tests.storefront.conftest import Visitor

BANNER = "You are ordering for a caller"


@pytest.fixture
def csr(market):
    return make_person(Role.CSR, market.division)


@pytest.fixture
def at_desk(market, csr):
    return sign_in(Visitor(market), csr)


def text(answer) -> str:
    return answer.content.decode()


class TestSteps:
    @pytest.mark.parametrize("step", ["package", "options", "details", "terms"])
    def test_say_for_whom_and_lead_back_to_the_desk(self, step, market, csr, at_desk):
        order = fill_in(make_cart(market, by=csr), market)

        page = text(at_desk.get(f"/order/{order.token}/{step}/"))

        assert BANNER in page
        assert order.contact["name"] in page
        assert f'href="/staff/orders/{order.pk}/"' in page
        assert 'href="/staff/leads/"' in page
        assert "To finish it later, keep the address" not in page

    def test_say_nothing_of_it_to_the_customer(self, market, csr):
        order = fill_in(make_cart(market, by=csr), market)

        page = text(Visitor(market).get(f"/order/{order.token}/options/"))

        assert BANNER not in page
        assert "/staff/" not in page

    def test_say_nothing_of_it_where_the_customer_orders(self, market, at_desk):
        order = fill_in(make_cart(market), market)

        assert BANNER not in text(at_desk.get(f"/order/{order.token}/options/"))

    def test_ask_for_the_caller_and_not_for_who_sells(self, market, csr, at_desk):
        order = make_cart(market, by=csr)
        choose_package(order.pk, market.package)

        form = at_desk.get(f"/order/{order.token}/details/").context["form"]

        assert not form["name"].value()
        assert not form["email"].value()

    def test_name_the_terms_as_the_customers(self, market, csr, at_desk):
        order = fill_in(make_cart(market, by=csr), market)

        page = text(at_desk.get(f"/order/{order.token}/terms/"))

        assert "What the customer agrees to" in page
        assert "What you agree to" not in page

    def test_lead_back_once_the_order_is_placed(self, market, csr, at_desk):
        order = make_order(OrderStatus.PENDING, market, by=csr)

        page = text(at_desk.get(f"/order/{order.token}/confirmation/"))

        assert "You ordered for a caller" in page
        assert f'href="/staff/orders/{order.pk}/"' in page


class TestAnswer:
    def test_leads_back_to_the_desk_where_nothing_is_ordered_yet(self, market, at_desk):
        checked = make_qualification(market.division)

        page = text(at_desk.get(f"/address/{checked.key}/"))

        assert BANNER in page
        assert 'href="/staff/orders/new/"' in page
        assert BANNER not in text(Visitor(market).get(f"/address/{checked.key}/"))

    def test_says_nothing_to_staff_of_another_market(self, market, csr):
        other = make_market()
        checked = make_qualification(other.division)

        assert BANNER not in text(sign_in(Visitor(other), csr).get(f"/address/{checked.key}/"))
