"""A caller says the code of a friend while the order is begun."""

import pytest
from django.urls import reverse

from orders.models import Order
from referrals.models import Programme
from referrals.queries import shown_code
from referrals.states import ProgrammeStatus
from referrals.testing import make_referrer
from territory.testing import make_available, make_premises

pytestmark = pytest.mark.django_db
NEW_ORDER = reverse("desk:new_order")


@pytest.fixture
def house(market):
    premises = make_premises(market.division, "31 Maple Street")
    make_available(premises)
    return premises


def begin(csr, house, code):
    csr.post(NEW_ORDER, {"premises": house.pk, "code": code, "key": "pressed-once"})
    return Order.objects.latest("pk")


class TestTheCode:
    def test_is_carried_from_the_search_to_the_order(self, csr, market, house):
        code = make_referrer(market).code

        found = csr.get(NEW_ORDER, {"address": house.label, "code": shown_code(code)}).content.decode()
        order = begin(csr, house, shown_code(code))

        assert f'name="code" value="{shown_code(code)}"' in found
        assert order.attribution == [f"code:{code}"]

    def test_that_nobody_has_is_said_and_holds_nothing_up(self, csr, house):
        order = begin(csr, house, "ABC 2345")

        assert order.attribution == []
        assert "Nobody has the code ABC 2345." in csr.get(reverse("desk:home")).content.decode()

    def test_of_another_market_is_nobodys(self, csr, house, elsewhere):
        order = begin(csr, house, make_referrer(elsewhere).code)

        assert order.attribution == []

    def test_that_earns_nothing_at_the_address_is_kept_and_said_to_earn_nothing(self, csr, market, house):
        referrer = make_referrer(market)
        Programme.objects.filter(pk=referrer.programme_id).update(status=ProgrammeStatus.PAUSED)

        order = begin(csr, house, referrer.code)

        assert order.attribution == [f"code:{referrer.code}"]
        said = csr.get(reverse("desk:home")).content.decode()
        assert f"The code {referrer.code} earns nothing at this address today" in said

    def test_that_earns_something_is_not_talked_about(self, csr, market, house):
        begin(csr, house, make_referrer(market).code)

        assert "earns nothing" not in csr.get(reverse("desk:home")).content.decode()
