"""The options page: what each choice really adds to the price, a refusal at its field, nothing lost by leaving it."""

import re

import pytest

from catalog.states import ItemRole
from catalog.testing import make_campaign, make_package, make_product, make_promotion
from orders.models import Order
from orders.testing import make_draft
from territory.states import ProductFamily
from tests.storefront.conftest import Visitor
from tests.storefront.test_order import fill, text


@pytest.fixture
def order(visitor: Visitor) -> Order:
    """A cart with a package that costs a fifth less for two years: one of two line-ups, boxes, a battery."""
    division = visitor.market.division
    make_product(division, "internet", recurring="60.00")
    make_product(division, "tv-small", family=ProductFamily.VIDEO, recurring="40.00")
    make_product(division, "tv-large", family=ProductFamily.VIDEO, recurring="70.00")
    make_product(division, "box", family=ProductFamily.EQUIPMENT, recurring="9.00")
    make_product(division, "battery", family=ProductFamily.ACCESSORIES, recurring=None, one_time="69.00")
    package = make_package(
        division,
        "double",
        items=[
            {"product": "internet"},
            {"product": "tv-small", "role": ItemRole.CHOICE, "choice_group": "tv"},
            {"product": "tv-large", "role": ItemRole.CHOICE, "choice_group": "tv"},
            {"product": "box", "role": ItemRole.ADD_ON, "minimum": 0, "maximum": 6},
            {"product": "battery", "role": ItemRole.ADD_ON, "minimum": 0, "maximum": 1},
        ],
    )
    make_promotion(division, package=package, percent=20, amount=None, months=24)
    make_campaign(division, packages=[package.code], priority=1000)
    return visitor.begin(package=package.code)


def prices_of(page: str) -> list[str]:
    """Return what stands beside each choice, in its order."""
    return [" ".join(price.split()) for price in re.findall(r'class="option-price">([^<]+)<', page)]


class TestThePriceBesideAChoice:
    def test_is_what_it_adds_to_the_price_of_the_package(self, visitor: Visitor, order: Order):
        page = text(visitor.get(f"/order/{order.token}/options/"))

        assert prices_of(page) == [
            "included",
            "+$24.00 a month for 24 months, then +$30.00",
            "+$9.00 a month for each",
            "+$69.00 once",
        ]

    def test_stays_the_same_once_it_is_chosen(self, visitor: Visitor, order: Order):
        before = prices_of(text(visitor.get(f"/order/{order.token}/options/")))
        fill(visitor, order, "options", **{"choice-tv": "tv-large", "addon-box": "2"})

        after = prices_of(text(visitor.get(f"/order/{order.token}/options/")))

        assert after == before


class TestTooMany:
    SAID = (
        '<div id="problem-addon-box" role="status"{}><p class="invalid-feedback d-block mb-1">You can have at most 6.'
    )

    def test_are_refused_at_the_field(self, visitor: Visitor, order: Order):
        page = text(fill(visitor, order, "options", **{"choice-tv": "tv-small", "addon-box": "99"}))

        assert self.SAID.format("") in page
        assert 'aria-describedby="problem-addon-box" aria-invalid="true"' in page
        assert 'value="99"' in page

    def test_are_refused_at_the_field_while_one_chooses(self, visitor: Visitor, order: Order):
        sent = {"choice-tv": "tv-small", "addon-box": "99"}

        page = text(visitor.get(f"/order/{order.token}/options/price/", sent))

        assert self.SAID.format(' hx-swap-oob="true"') in page
        assert f"${order.monthly}" in page


class TestLeavingByAStep:
    def test_keeps_what_was_chosen(self, visitor: Visitor, order: Order):
        page = text(visitor.get(f"/order/{order.token}/options/"))
        answer = fill(visitor, order, "options", **{"choice-tv": "tv-large", "addon-box": "2", "onwards": "package"})

        order.refresh_from_db()
        assert re.search(r'<button form="options" name="onwards" value="package"', page)
        assert answer["Location"] == f"/order/{order.token}/package/"
        assert (order.chosen.choices, order.chosen.add_ons) == ({"tv": "tv-large"}, {"box": 2})

    @pytest.mark.parametrize("onwards", ["review", "nowhere"])
    def test_leads_nowhere_that_cannot_be_asked_yet(self, visitor: Visitor, order: Order, onwards: str):
        answer = fill(visitor, order, "options", **{"choice-tv": "tv-small", "onwards": onwards})

        assert answer["Location"] == f"/order/{order.token}/details/"

    def test_goes_on_by_enter_in_a_field(self, visitor: Visitor):
        draft = make_draft(visitor.market)

        page = text(visitor.get(f"/order/{draft.token}/options/"))

        first = re.search(r'<button[^>]*form="options"[^>]*>', page)
        assert first
        assert "onwards" not in first[0]
