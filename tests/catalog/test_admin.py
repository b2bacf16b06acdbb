"""The catalogue in the admin: prices with their source, a new price from a day on, campaigns by their moves."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from catalog.models import Campaign, EligibilityCriterion, Price
from catalog.services import set_price
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import CampaignStatus, PriceKind
from catalog.testing import make_campaign, make_charge, make_package, make_product, make_promotion
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def top():
    return make_division("Top")


@pytest.fixture
def mine(top):
    return make_division("Mine", parent=top)


@pytest.fixture
def operator(client: Client, mine) -> Client:
    return sign_in(client, make_person(Role.OPERATOR, mine))


def known() -> dict:
    return {"name": "Known", "criteria": [{"fact": "customer_class", "comparison": "present"}]}


class TestPrices:
    def test_of_a_neighbour_are_out_of_sight_also_those_to_come(self, operator, top, mine):
        neighbour = make_division("Neighbour", parent=top)
        product = make_product(top, "shared", recurring="11.11")
        for division, amount in ((mine, "22.22"), (neighbour, "33.33")):
            values = {"kind": PriceKind.RECURRING, "amount": Decimal(amount), "starts_on": date(2030, 1, 1)}
            set_price(product.pk, division=division, by=None, **values)

        page = operator.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()

        assert "11.11" in page
        assert "22.22" in page
        assert "33.33" not in page
        assert "Neighbour" not in page


class TestACopy:
    def test_is_made_of_no_row_though_django_would(self, operator, top, mine):
        for product in (make_product(top, "inherited"), make_product(mine, "own")):
            values = {"_saveasnew": "1", "division": mine.pk, "code": "copy", "names_en": "Copy"}

            page = operator.post(reverse("admin:catalog_product_change", args=[product.pk]), values)

            assert page.status_code == 404


class TestLists:
    @pytest.mark.parametrize("table", ["product", "package", "promotion", "charge", "campaign"])
    def test_show_mine_and_what_is_inherited_but_no_neighbour(self, operator, top, mine, table):
        neighbour = make_division("Neighbour", parent=top)
        for division, code in ((top, "inherited"), (mine, "own"), (neighbour, "foreign")):
            package = make_package(division, f"{code}-package")
            make_product(division, f"{code}-product")
            make_promotion(division, f"{code}-promotion", package=package)
            make_charge(division, f"{code}-charge")
            make_campaign(division, f"{code}-campaign", packages=[package.code])

        page = operator.get(reverse(f"admin:catalog_{table}_changelist")).content.decode()

        assert f"own-{table}" in page
        assert f"inherited-{table}" in page
        assert "foreign" not in page


class TestNewPrice:
    def test_shows_what_holds_and_where_an_inherited_price_comes_from(self, operator, top):
        product = make_product(top, recurring="60.00")

        page = operator.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()

        assert "<strong>Mine</strong>: $60.00 every month, from Top" in page

    @time_machine.travel("2026-11-21T12:00:00Z", tick=False)
    def test_begins_on_its_day_in_my_division(self, operator, top, mine):
        product = make_product(top, recurring="60.00")
        values = {"division": mine.pk, "kind": "recurring", "amount": "55.00", "starts_on": "2026-12-01"}
        address = reverse("admin:catalog_product_new_price", args=[product.pk])

        asked = operator.post(address, values)
        untouched = not Price.objects.filter(division=mine).exists()
        page = operator.post(address, {**values, "confirmed": "yes"})

        assert asked.context["preview"].before == Decimal("60.00")
        assert untouched
        assert page.status_code == 302
        price = Price.objects.get(division=mine)
        assert (price.amount, price.starts_on, price.ends_on) == (Decimal("55.00"), date(2026, 12, 1), None)

    @time_machine.travel("2026-11-21T12:00:00Z", tick=False)
    def test_says_beside_the_field_why_it_is_refused(self, operator, mine):
        product = make_product(mine, recurring="60.00")
        values = {"division": mine.pk, "kind": "recurring", "amount": "55.00", "starts_on": "2026-11-20"}

        page = operator.post(
            reverse("admin:catalog_product_new_price", args=[product.pk]), {**values, "confirmed": "yes"}
        )

        assert page.context["form"].errors == {"starts_on": ["A price changes today or later."]}

    def test_is_not_for_the_division_above(self, operator, top):
        product = make_product(top, recurring="60.00")
        values = {"division": top.pk, "kind": "recurring", "amount": "55.00", "starts_on": "2099-01-01"}

        page = operator.post(reverse("admin:catalog_product_new_price", args=[product.pk]), values)

        assert "division" in page.context["form"].errors
        assert Price.objects.count() == 1


class TestAPriceToCome:
    @time_machine.travel("2026-11-21T12:00:00Z", tick=False)
    def test_is_withdrawn_before_it_begins(self, operator, mine):
        product = make_product(mine, recurring="60.00")
        set_price(
            product.pk, division=mine, kind=PriceKind.RECURRING, amount=Decimal("77.77"), starts_on=date(2036, 1, 1),
            by=None,
        )  # fmt: skip
        mistyped = Price.objects.get(starts_on=date(2036, 1, 1))
        address = reverse("admin:catalog_product_withdraw_price", args=[product.pk])

        shown = operator.get(reverse("admin:catalog_product_new_price", args=[product.pk])).content.decode()
        operator.post(address, {"price": mistyped.pk})

        assert "77.77" in shown
        assert [(price.amount, price.ends_on) for price in Price.objects.all()] == [(Decimal("60.00"), None)]
        history = operator.get(reverse("admin:catalog_product_history", args=[product.pk])).content.decode()
        assert "Withdrew the price" in history


class TestCampaign:
    def test_is_taken_down_and_activated_by_its_buttons(self, operator, mine):
        campaign = make_campaign(mine)
        seen = []

        for move in ("deactivate", "activate"):
            operator.post(reverse(f"admin:catalog_campaign_{move}", args=[campaign.pk]))
            seen.append(Campaign.objects.get(pk=campaign.pk).status)

        assert seen == [CampaignStatus.INACTIVE, CampaignStatus.ACTIVE]

    def test_says_what_its_buttons_mean_from_now_on(self, operator, mine):
        campaign = make_campaign(mine)

        down, up = (
            operator.post(reverse(f"admin:catalog_campaign_{move}", args=[campaign.pk]), follow=True).content.decode()
            for move in ("deactivate", "activate")
        )

        assert "From now on it is shown to nobody" in down
        assert "Orders that were submitted keep what the customer was shown." in down
        assert "It is shown to those whom it addresses from" in up

    def test_stays_and_says_why_while_it_is_the_default(self, operator, mine):
        campaign = make_campaign(mine, "welcome")
        set_value(mine, DEFAULT_CAMPAIGN, "welcome")
        addresses = [
            (reverse("admin:catalog_campaign_deactivate", args=[campaign.pk]), {}),
            (reverse("admin:catalog_campaign_delete", args=[campaign.pk]), {"post": "yes"}),
        ]

        for address, values in addresses:
            page = operator.post(address, values, follow=True)
            assert "This is the default campaign of Mine." in page.content.decode()

        assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.ACTIVE

    def test_of_the_division_above_is_only_looked_at(self, operator, top):
        campaign = make_campaign(top)

        page = operator.get(reverse("admin:catalog_campaign_change", args=[campaign.pk]))
        operator.post(reverse("admin:catalog_campaign_deactivate", args=[campaign.pk]))

        assert page.status_code == 200
        assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.ACTIVE


class TestEligibility:
    def test_is_edited_on_the_groups_own_page(self, operator, mine):
        package = make_package(mine, eligibility=[known()])
        group = package.eligibility.get()
        address = reverse("admin:catalog_eligibilitygroup_change", args=[group.pk])
        criterion = EligibilityCriterion.objects.get()
        values = {
            "position": "0",
            "name": "Adults",
            "if_true": "next",
            "if_false": "fails",
            "true_otherwise": "on",
            "criteria-TOTAL_FORMS": "1",
            "criteria-INITIAL_FORMS": "1",
            "criteria-0-id": criterion.pk,
            "criteria-0-group": group.pk,
            "criteria-0-position": "0",
            "criteria-0-fact": "",
            "criteria-0-question": "age",
            "criteria-0-kind": "number",
            "criteria-0-comparison": "between",
            "criteria-0-values": "18,64",
            "criteria-0-if_true": "next",
            "criteria-0-if_false": "group_false",
            "criteria-0-if_insufficient": "group_false",
        }

        assert operator.get(address).status_code == 200
        page = operator.post(address, values)

        assert page.status_code == 302, page.context["errors"]
        criterion.refresh_from_db()
        assert (criterion.fact, criterion.values) == ("answer.age", ["18", "64"])

    def test_of_a_neighbour_is_out_of_sight(self, operator, top):
        package = make_package(make_division(parent=top), eligibility=[known()])
        address = reverse("admin:catalog_eligibilitygroup_change", args=[package.eligibility.get().pk])

        assert operator.get(address).status_code == 302
