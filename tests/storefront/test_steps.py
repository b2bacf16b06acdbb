"""What the pages of an order have in common: which steps count as done, all errors at once, what the review repeats."""

import re

import pytest

from foundation.divisions.models import Site
from foundation.divisions.testing import make_division, make_site
from orders.models import Order
from orders.testing import Market, make_draft, make_market
from territory.testing import make_qualification
from tests.storefront.conftest import Visitor
from tests.storefront.test_order import DETAILS, fill, text


def steps_of(page: str) -> list[tuple[str, bool, bool]]:
    """Return each step: its state, whether it is said to be done, and whether one can go there."""
    found = re.findall(r'<li class="(done|current|ahead)"[^>]*>(.*?)</li>', page.split('<nav class="steps"')[1])
    return [(state, "(done)" in text, "<a " in text or "<button " in text) for state, text in found]


DONE, CURRENT, OPEN, AHEAD = (
    ("done", True, True),
    ("current", False, False),
    ("ahead", False, True),
    ("ahead", False, False),
)


class TestSteps:
    def test_what_was_not_answered_is_not_done(self, visitor: Visitor):
        order = visitor.begin()

        page = text(visitor.get(f"/order/{order.token}/options/"))

        assert steps_of(page) == [DONE, CURRENT, OPEN, AHEAD, AHEAD, AHEAD]

    def test_what_was_answered_is(self, visitor: Visitor):
        order = make_draft(visitor.market)

        page = text(visitor.get(f"/order/{order.token}/package/"))

        assert steps_of(page) == [CURRENT, DONE, DONE, DONE, DONE, OPEN]


class TestErrors:
    def test_of_the_details_are_told_together(self, visitor: Visitor):
        order = visitor.begin()

        page = text(fill(visitor, order, "details", name="", email="jo@", phone="12", note="Ring twice"))

        for said in ("Enter your name.", "Enter an e-mail address.", "Enter a phone number with area code."):
            assert said in page.split('class="error-summary"')[1].split("</div>")[0]

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ({"email": "jo@", "phone": "12"}, ["Enter an e-mail address.", "Enter a phone number with area code."]),
            ({"email": "", "phone": ""}, ["Enter an e-mail address or a phone number."]),
        ],
    )
    def test_of_who_waits_are_told_together(self, visitor: Visitor, typed: dict[str, str], says: list[str]):
        answer = make_qualification(visitor.market.division, status="planned")

        page = text(visitor.post(f"/address/{answer.key}/tell-me/", {"key": "k", "name": "Jo", **typed}))

        for said in (*says, "Without your yes we may not write to you."):
            assert said in page.split('class="error-summary"')[1].split("</div>")[0]


class TestReview:
    def test_repeats_which_offers_one_agreed_to(self, visitor: Visitor):
        order = make_draft(visitor.market)
        none = text(visitor.get(f"/order/{order.token}/review/"))

        fill(visitor, order, "details", **DETAILS, marketing_email="on")
        fill(visitor, order, "terms", agree="on")
        page = text(visitor.get(f"/order/{order.token}/review/"))

        assert "send no offers" in none
        assert "Send me offers by e-mail. I can stop them at any time." in page
        assert "Send me offers by text message" not in page
        assert "send no offers" not in page


@pytest.fixture
def corporate(db: None) -> Site:
    """The site of an operator above a franchise, at every address."""
    return make_site(make_division("Operator"), host="shop.example")


class TestWhoSells:
    def franchise_of(self, corporate: Site) -> Market:
        return make_market(make_division("Juniper Hollow", parent=corporate.division))

    def test_is_said_from_the_address_on_where_it_is_another(self, corporate: Site):
        franchise = self.franchise_of(corporate)
        visitor = Visitor(franchise)
        answer = make_qualification(franchise.division)
        said = f"Service at this address is provided by {franchise.site.brand.name}."

        here = {"HTTP_HOST": corporate.host}
        form = {"package": franchise.package, "key": "start"}
        packages = text(visitor.get(f"/address/{answer.key}/", **here))
        started = visitor.post(f"/address/{answer.key}/order/", form, **here)
        order = Order.objects.get(token=started["Location"].split("/")[2])
        options = text(visitor.get(f"/order/{order.token}/options/", **here))

        assert said in packages
        assert said in options

    def test_is_said_where_the_order_is_looked_over(self, corporate: Site):
        franchise = self.franchise_of(corporate)
        order = make_draft(franchise)
        Order.objects.filter(pk=order.pk).update(site_code=corporate.code)  # as if it was begun there

        page = text(Visitor(franchise).get(f"/order/{order.token}/review/", HTTP_HOST=corporate.host))

        answers = page.split('<dl class="answers">')[1].split("</dl>")[0]
        assert f"Service at this address is provided by {franchise.site.brand.name}." in answers

    def test_is_not_said_on_its_own_site(self, corporate: Site):
        franchise = self.franchise_of(corporate)
        answer = make_qualification(franchise.division)

        page = text(Visitor(franchise).get(f"/address/{answer.key}/"))

        assert "Service at this address is provided by" not in page
