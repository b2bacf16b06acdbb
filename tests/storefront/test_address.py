"""From an address as typed to what can be had there: every outcome has its page, and every no leads on."""

import re

import pytest
import time_machine

from catalog.testing import make_campaign
from foundation.now import now
from leads.models import Lead
from orders.testing import Market
from territory.models import Qualification
from territory.services import record_occupancy
from territory.states import AvailabilityStatus, Outcome, ProductFamily, Technology
from territory.testing import make_available, make_premises, make_qualification
from tests.storefront.conftest import Visitor, statements_of


class TestTheShopFront:
    def test_shows_what_is_sold_with_the_whole_price(self, visitor: Visitor):
        page = visitor.get("/").content.decode()

        assert visitor.market.site.brand.name in page
        assert "Today" in page
        assert "Each month" in page
        assert "From month 13" in page

    def test_costs_a_statement_once_the_catalogue_is_known(self, visitor: Visitor):
        visitor.get("/")

        asked, _page = statements_of(lambda: visitor.get("/"))

        assert asked == 1

    def test_is_nowhere_without_a_site(self, client, db):
        assert client.get("/").status_code == 404


class TestCheckingAnAddress:
    def test_leads_straight_to_the_packages_where_only_one_address_can_be_meant(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(premises)

        response = visitor.check(address=premises.label)

        answer = Qualification.objects.get()
        assert answer.premises == premises
        assert response["Location"] == f"/address/{answer.key}/"

    def test_goes_on_at_once_with_the_only_one_of_the_market_and_says_which(self, visitor: Visitor):
        premises = make_premises(visitor.market.division, "12 Oak Street")
        make_premises(visitor.market.division, "12 Oak Hill Road")
        make_available(premises)

        response = visitor.check(address="12 oak st")

        assert Qualification.objects.get().premises == premises
        page = visitor.get(response["Location"]).content.decode()
        assert f"We took “12 oak st” for {premises.label}" in page
        assert "Another address" in page
        again = visitor.check(address="12 oak st, 99501")
        assert "Is this your address?" in visitor.get(again["Location"]).content.decode()

    def test_goes_on_at_once_to_the_units_of_the_only_building(self, visitor: Visitor):
        for number in (1, 2):
            make_premises(visitor.market.division, "9 Elm Street", unit=f"Apt {number}")

        response = visitor.check(address="9 Elm Street")

        assert "Which unit is yours?" in visitor.get(response["Location"]).content.decode()

    @pytest.mark.parametrize("typed", ["12 Oak", "12 Oka Street", "12 Oak Street"])
    def test_asks_where_the_only_one_is_not_quite_what_was_typed_or_is_not_the_only_one(self, visitor, typed):
        make_premises(visitor.market.division, "12 Oak Street")
        if typed == "12 Oak Street":
            make_premises(visitor.market.division, "12 Oak Street", city="Barre", zip_code="05641")

        visitor.check(address=typed)

        assert not Qualification.objects.exists()

    def test_asks_for_the_unit_of_a_building(self, visitor: Visitor):
        units = [make_premises(visitor.market.division, "9 Elm Street", unit=f"Apt {number}") for number in (1, 2)]

        page = visitor.check(address="9 Elm Street, Rutland, VT 05701", follow=True)
        page = visitor.get(page["Location"]).content.decode()

        assert "Which unit is yours?" in page
        assert units[0].label.replace(" Apt 1,", ",") in page
        assert units[0].label not in page
        assert all(f'value="{unit.pk}"' in page for unit in units)
        assert "Another address" in page
        assert "We know no unit" not in page

    def test_says_which_unit_the_building_does_not_have(self, visitor: Visitor):
        for number in (1, 2):
            make_premises(visitor.market.division, "9 Elm Street", unit=f"Apt {number}")

        response = visitor.check(address="9 Elm Street Apt 7, Rutland, VT 05701")
        page = visitor.get(response["Location"]).content.decode()

        assert "Which unit is yours?" in page
        assert "We know no unit “7” at this address." in page

    def test_asks_nobody_whose_address_came_from_the_box_in_another_site_and_means_one(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(premises)

        response = visitor.get("/check/", {"address": premises.label})

        answer = Qualification.objects.get()
        assert answer.premises == premises
        assert response["Location"] == f"/address/{answer.key}/"

    def test_asks_only_whether_it_is_the_one_where_one_may_be_meant(self, visitor: Visitor):
        make_premises(visitor.market.division, "12 Oak Street")

        page = visitor.get("/check/", {"address": "12 Oak"}).content.decode()

        assert "Is this your address?" in page
        assert not Qualification.objects.exists()

    def test_lets_choose_where_several_may_be_meant(self, visitor: Visitor):
        east = make_premises(visitor.market.division, "12 Oak Street")
        west = make_premises(visitor.market.division, "12 Oak Avenue")

        response = visitor.check(address="12 Oak")
        page = visitor.get(response["Location"]).content.decode()

        assert "Which address is it?" in page
        assert f'value="{east.pk}"' in page
        assert f'value="{west.pk}"' in page

    def test_takes_a_picked_address(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(premises)

        visitor.check(address="anything", premises_id=premises.pk)

        assert Qualification.objects.get().premises == premises

    def test_does_not_take_another_markets_address(self, visitor: Visitor, elsewhere: Market):
        stranger = make_premises(elsewhere.division)

        response = visitor.check(address="anything", premises_id=stranger.pk)

        assert response["Location"] == "/"
        assert not Qualification.objects.exists()

    def test_helps_to_find_what_is_in_no_list(self, visitor: Visitor):
        response = visitor.check(address="77 Nowhere Lane", is_none="1")

        assert "Help us find this address" in visitor.get(response["Location"]).content.decode()

    def test_asks_again_for_nothing(self, visitor: Visitor):
        page = visitor.check(address="  ").content.decode()

        assert "Type your street address." in page
        assert "data-focus" in page

    def test_suggests_as_one_types(self, visitor: Visitor):
        premises = make_premises(visitor.market.division, "31 Maple Street")

        page = visitor.get("/suggest/", {"address": "31 Maple St"}).content.decode()

        assert premises.label in page
        assert "<html" not in page

    @pytest.mark.parametrize("path", ["/suggest/?address=%00", "/check/?address=a%00b", "/order/a%00b/"])
    def test_refuses_what_no_keyboard_types(self, visitor: Visitor, path: str):
        assert visitor.get(path).status_code == 400


class TestTheSevenOutcomes:
    def outcome(self, visitor: Visitor, answer: Qualification) -> str:
        return visitor.get(f"/address/{answer.key}/").content.decode()

    def test_qualified_shows_the_packages(self, visitor: Visitor):
        page = self.outcome(visitor, make_qualification(visitor.market.division))

        assert f'value="{visitor.market.package}"' in page

    def test_alternate_says_so_and_shows_what_fits(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(
            premises, status=AvailabilityStatus.UNSERVICEABLE,
            alternate_technology=Technology.DSL, alternate_down_mbps=50, alternate_up_mbps=5,
        )  # fmt: skip
        answer = visitor.check(premises_id=premises.pk)["Location"].split("/")[2]

        page = visitor.get(f"/address/{answer}/").content.decode()

        assert Qualification.objects.get().outcome == Outcome.ALTERNATE
        assert "another way" in page
        assert f'value="{visitor.market.package}"' in page

    def test_active_service_offers_to_sign_in_or_to_move_in(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(premises)
        record_occupancy(premises.pk, [ProductFamily.INTERNET], now().date(), "somebody")

        page = self.outcome(visitor, make_qualification(visitor.market.division, premises=premises))

        assert "It is my service" in page
        assert "I am moving in" in page

    def test_active_service_tells_no_stranger_what_a_household_has(self, visitor: Visitor):
        pages = []
        for families in ([ProductFamily.INTERNET], [ProductFamily.VOICE, ProductFamily.VIDEO]):
            premises = make_premises(visitor.market.division)
            make_available(premises)
            record_occupancy(premises.pk, families, now().date(), "somebody")
            answer = make_qualification(visitor.market.division, premises=premises)
            page = self.outcome(visitor, answer).replace(answer.key, "").replace(premises.label, "")
            pages.append(re.sub(r'value="[^"]*"', "", page))

        assert pages[0] == pages[1]

    def test_without_anything_on_sale_leads_to_the_telephone_and_to_be_told(self, visitor: Visitor):
        visitor.market.site.brand.phone = "(602) 555-0142"
        visitor.market.site.brand.save()
        make_campaign(visitor.market.division, priority=1000)  # without packages
        answer = make_qualification(visitor.market.division)

        page = self.outcome(visitor, answer)

        assert "nothing is on sale here today" in page
        assert 'class="btn btn-primary btn-lg" href="tel:+16025550142"' in page
        assert 'id="tell-me" open' in page
        assert f'action="/address/{answer.key}/tell-me/"' in page

    @pytest.mark.parametrize(
        ("status", "says"),
        [
            (AvailabilityStatus.PLANNED, "We are on our way to you"),
            (AvailabilityStatus.UNSERVICEABLE, "We do not reach this address yet"),
            (AvailabilityStatus.BLOCKED, "Talk to us about this address"),
        ],
    )
    def test_a_no_says_what_it_is_and_asks_how_to_reach_one(self, visitor: Visitor, status: str, says: str):
        page = self.outcome(visitor, make_qualification(visitor.market.division, status=status))

        assert says in page
        assert "/tell-me/" in page

    def test_a_check_of_another_market_is_not_there(self, visitor: Visitor, elsewhere: Market):
        answer = make_qualification(elsewhere.division)

        assert visitor.get(f"/address/{answer.key}/").status_code == 404

    def test_an_old_check_is_made_again_and_says_whether_it_changed(self, visitor: Visitor):
        answer = make_qualification(visitor.market.division)
        with time_machine.travel(answer.expires_at, tick=False):
            page = self.outcome(visitor, answer)
            response = visitor.post(f"/address/{answer.key}/again/", follow=True)

        assert "out of date" in page
        assert "nothing has changed" in response.content.decode()
        assert Qualification.objects.count() == 2

    def test_packages_cost_few_statements(self, visitor: Visitor):
        answer = make_qualification(visitor.market.division)
        self.outcome(visitor, answer)

        asked, _page = statements_of(lambda: visitor.get(f"/address/{answer.key}/"))

        assert asked <= 3


TELL_ME = {"key": "k1", "name": "Jo", "email": "Jo@Example.com", "agree": "on"}


class TestLeavingAnAddressToBeTold:
    def test_keeps_who_waits_and_the_sentence_that_they_agreed_to(self, visitor: Visitor):
        answer = make_qualification(visitor.market.division, status=AvailabilityStatus.PLANNED)

        response = visitor.post(f"/address/{answer.key}/tell-me/", TELL_ME)

        lead = Lead.objects.get()
        assert response["Location"] == f"/address/{answer.key}/told/"
        assert (lead.email, lead.outcome, lead.consent_version) == ("jo@example.com", Outcome.PLANNED, "tell-me-1")
        assert "about nothing else" in lead.consent_text

    def test_keeps_who_waits_for_more_where_something_can_be_had_already(self, visitor: Visitor):
        premises = make_premises(visitor.market.division)
        make_available(
            premises, status=AvailabilityStatus.UNSERVICEABLE,
            alternate_technology=Technology.DSL, alternate_down_mbps=50, alternate_up_mbps=5,
        )  # fmt: skip
        page = visitor.check(premises_id=premises.pk)["Location"]

        offered = visitor.get(page).content.decode()
        wrong = visitor.post(f"{page}tell-me/", {**TELL_ME, "agree": ""}).content.decode()
        kept = visitor.post(f"{page}tell-me/", TELL_ME)

        assert f'action="{page}tell-me/"' in offered
        assert 'id="tell-me" open' in wrong
        assert "Without your yes" in wrong
        assert kept["Location"] == f"{page}told/"
        assert Lead.objects.get().outcome == Outcome.ALTERNATE

    def test_keeps_one_lead_however_often_it_is_pressed(self, visitor: Visitor):
        answer = make_qualification(visitor.market.division, status=AvailabilityStatus.PLANNED)

        for _press in range(2):
            visitor.post(f"/address/{answer.key}/tell-me/", TELL_ME)

        assert Lead.objects.count() == 1

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"agree": ""}, "Without your yes"),
            ({"email": "", "phone": ""}, "Enter an e-mail address or a phone number."),
            ({"email": "jo@"}, "Enter an e-mail address."),
            ({"email": "", "phone": "12"}, "Enter a phone number with area code."),
        ],
    )
    def test_says_what_is_missing_and_keeps_what_was_typed(self, visitor: Visitor, change: dict[str, str], says: str):
        answer = make_qualification(visitor.market.division, status=AvailabilityStatus.PLANNED)

        page = visitor.post(f"/address/{answer.key}/tell-me/", {**TELL_ME, **change}).content.decode()

        assert says in page
        assert 'value="Jo"' in page
        assert not Lead.objects.exists()
