"""Offers: what an address can have, why not the rest, and which campaign says so."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import Package
from catalog.queries import Reason, Selection, eligibility_tree, offers_for, package_options, price_cart
from catalog.services import set_price
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import PriceKind, ReasonCode
from catalog.testing import make_campaign, make_charge, make_package, make_product, make_promotion
from foundation.divisions.fields import Texts
from foundation.divisions.queries import one_configuration_version
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from territory.models import Alternative, FamilyResult, Qualification
from territory.states import Outcome, ProductFamily, Technology

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
CABLE = FamilyResult(ProductFamily.INTERNET, Outcome.QUALIFIED, Technology.HFC, 300, 20)
FIBRE = FamilyResult(ProductFamily.INTERNET, Outcome.QUALIFIED, Technology.FIBRE, 2000, 2000)


def checked(*results: FamilyResult) -> Qualification:
    outcome = results[0].outcome if results else Outcome.UNKNOWN
    as_read_back = json.loads(json.dumps(Qualification.stored(results), cls=DjangoJSONEncoder))
    return Qualification(outcome=outcome, results=as_read_back)


def offered_codes(offers) -> list[str]:
    return [offer.package.code for offer in offers.offered]


def the_reason(offers) -> Reason:
    ((reason,),) = [refused.reasons for refused in offers.refused]
    return reason


def market_with(division, **needs):
    """A campaign with one package of one internet product that has these needs."""
    internet = make_product(division, "internet", **needs)
    make_package(division, "home", items=[{"product": internet.code}])
    make_campaign(division, "welcome", packages=["home"])


class TestOffersFor:
    def test_offers_what_the_address_can_have_with_its_price(self):
        division = make_division()
        market_with(division, recurring="59.99", one_time="20.00")

        offers = offers_for(checked(CABLE), division=division, on=TODAY)

        (offer,) = offers.offered
        assert (offer.package.code, offer.quote.monthly, offer.quote.due_today) == (
            "home",
            Decimal("59.99"),
            Decimal("20.00"),
        )
        assert offers.refused == ()

    @pytest.mark.parametrize(
        ("needs", "found", "code", "sentence"),
        [
            (
                {"technologies": [Technology.FIBRE]},
                CABLE,
                ReasonCode.TECHNOLOGY,
                "Needs fiber; this address has cable up to 300 Mbps.",
            ),
            (
                {"minimum_down_mbps": 1000},
                CABLE,
                ReasonCode.SPEED,
                "Needs 1 Gbps; this address has cable up to 300 Mbps.",
            ),
            (
                {"minimum_up_mbps": 100},
                CABLE,
                ReasonCode.SPEED,
                "Needs 100 Mbps upload; this address has cable up to 20 Mbps.",
            ),
            (
                {},
                FamilyResult(ProductFamily.INTERNET, Outcome.PLANNED, available_from=date(2027, 3, 31)),
                ReasonCode.PLANNED,
                "Internet is planned here from March 31, 2027.",
            ),
            (
                {},
                FamilyResult(ProductFamily.INTERNET, Outcome.UNSERVICEABLE),
                ReasonCode.UNSERVICEABLE,
                "Internet is not available at this address.",
            ),
            (
                {},
                FamilyResult(ProductFamily.INTERNET, Outcome.UNKNOWN),
                ReasonCode.UNKNOWN,
                "It is not known whether this address can have Internet.",
            ),
            (
                {},
                FamilyResult(ProductFamily.INTERNET, Outcome.ACTIVE_SERVICE),
                ReasonCode.ACTIVE_SERVICE,
                "Internet is already active at this address.",
            ),
            (
                {},
                FamilyResult(ProductFamily.INTERNET, Outcome.BLOCKED),
                ReasonCode.BLOCKED,
                "Internet cannot be ordered online for this address.",
            ),
            (
                {},
                FamilyResult(ProductFamily.VOICE, Outcome.QUALIFIED),
                ReasonCode.UNSERVICEABLE,
                "Internet is not available at this address.",
            ),
            ({"recurring": None}, CABLE, ReasonCode.NOT_PRICED, "A part of this package has no price today."),
        ],
    )
    def test_says_what_refuses_a_package(self, needs, found, code, sentence):
        division = make_division()
        market_with(division, **needs)

        offers = offers_for(checked(found), division=division, on=TODAY)

        assert offers.offered == ()
        assert (the_reason(offers).code, the_reason(offers).sentence) == (code, sentence)

    def test_counts_a_stand_in_by_its_own_technology_and_speed(self):
        division = make_division()
        market_with(division, minimum_down_mbps=200)
        fibre = Alternative(Technology.FIBRE, 2000, 2000, TODAY + timedelta(days=90))

        def offered(down_mbps):
            stand_in = FamilyResult(
                ProductFamily.INTERNET, Outcome.ALTERNATE, Technology.FIXED_WIRELESS, down_mbps, 20, alternative=fibre
            )
            return offered_codes(offers_for(checked(stand_in), division=division, on=TODAY))

        assert offered(200) == ["home"]
        assert offered(100) == []

    def test_keeps_a_reason_as_data(self):
        division = make_division()
        market_with(division, technologies=[Technology.FIBRE])

        reason = the_reason(offers_for(checked(CABLE), division=division, on=TODAY))

        assert Reason.from_json(reason.as_json()) == reason
        assert reason.details["has_mbps"] == 300

    def test_lets_the_nearest_division_decide_prices_promotions_and_charges(self):
        root = make_division()
        franchise = make_division(parent=root)
        market_with(root, recurring="60.00")
        make_charge(root, "tax", rate="10")
        make_charge(franchise, "tax", rate="0")
        home = Package.objects.get(code="home")
        make_promotion(root, package=home, amount=Decimal("5.00"))
        make_promotion(franchise, package=home, amount=Decimal("20.00"))
        internet = home.items.get().product
        set_price(
            internet.pk, division=franchise, kind=PriceKind.RECURRING, amount=Decimal("50.00"), starts_on=TODAY, by=None
        )

        monthly = [
            (offer.quote.monthly, offer.quote.monthly_after)
            for division in (root, franchise)
            for offer in offers_for(checked(CABLE), division=division, on=TODAY).offered
        ]

        assert monthly == [(Decimal("60.50"), Decimal("66.00")), (Decimal("30.00"), Decimal("50.00"))]

    def test_sees_a_new_price_at_once_and_the_old_one_on_its_days(self):
        division = make_division()
        market_with(division, recurring="60.00")
        quoted = offers_for(checked(CABLE), division=division, on=TODAY).offered[0].quote
        kept = quoted.as_json()
        product = Package.objects.get(code="home").items.get().product

        set_price(
            product.pk,
            division=division,
            kind=PriceKind.RECURRING,
            amount=Decimal("65.00"),
            starts_on=date(2099, 1, 1),
            by=None,
        )

        on_days = [
            offers_for(checked(CABLE), division=division, on=day).offered[0].quote.monthly
            for day in (TODAY, date(2098, 12, 31), date(2099, 1, 1))
        ]
        assert on_days == [Decimal("60.00"), Decimal("60.00"), Decimal("65.00")]
        assert quoted.as_json() == kept

    def test_takes_as_many_statements_for_fifty_packages_as_for_one(self):
        division = make_division()
        market_with(division)
        make_charge(division)

        cold_one, warm_one = self._statements(division)
        more = [make_package(division) for _number in range(49)]
        for package in more:
            make_promotion(division, package=package)
        make_campaign(division, "big", packages=[package.code for package in more], priority=200)
        cold_fifty, warm_fifty = self._statements(division)

        assert len(offers_for(checked(CABLE), division=division, on=TODAY).offered) == 49
        assert (cold_fifty, warm_fifty) == (cold_one, warm_one)
        assert warm_fifty == 1
        assert cold_fifty <= 14

    @staticmethod
    def _statements(division) -> tuple[int, int]:
        counts = []
        for _time in range(2):
            with CaptureQueriesContext(connection) as statements, one_configuration_version():
                offers_for(checked(CABLE), division=division, on=TODAY)
            counts.append(len(statements))
        return counts[0], counts[1]


class TestCampaigns:
    def test_starts_with_the_default_of_the_division(self):
        root = make_division()
        below = make_division(parent=root)
        make_package(root, "home")
        make_campaign(root, "preferred", packages=["home"], priority=200)
        make_campaign(root, "default", packages=["home"], priority=1)
        set_value(root, DEFAULT_CAMPAIGN, "default")

        offers = offers_for(checked(CABLE), division=below, on=TODAY)

        assert offers.campaign.code == "default"
        assert [campaign.code for campaign in offers.others] == ["preferred"]

    def test_takes_the_highest_priority_and_then_the_nearer_division_without_a_default(self):
        root = make_division()
        below = make_division(parent=root)
        make_package(root, "home")
        make_campaign(root, "top", packages=["home"])
        make_campaign(below, "local", packages=["home"])
        make_campaign(root, "low", packages=["home"], priority=5)

        offers = offers_for(checked(CABLE), division=below, on=TODAY)

        assert [offers.campaign.code, *(other.code for other in offers.others)] == ["local", "top", "low"]

    def test_offers_nothing_in_a_dummy_and_names_the_others(self):
        division = make_division()
        make_package(division, "home")
        make_campaign(division, "dummy", priority=1)
        make_campaign(division, "real", packages=["home"])
        set_value(division, DEFAULT_CAMPAIGN, "dummy")

        offers = offers_for(checked(CABLE), division=division, on=TODAY)
        switched = offers_for(checked(CABLE), division=division, on=TODAY, campaign=offers.others[0].code)

        assert (offers.campaign.code, offers.offered, offers.refused) == ("dummy", (), ())
        assert (switched.campaign.code, offered_codes(switched)) == ("real", ["home"])

    def test_keeps_the_answers_when_the_campaign_is_switched(self):
        division = make_division()
        adults = [
            {
                "name": "Adults",
                "criteria": [{"fact": "answer.age", "kind": "number", "comparison": ">=", "values": ["18"]}],
            }
        ]
        make_package(division, "home", eligibility=adults)
        make_campaign(division, "one", packages=["home"])
        make_campaign(division, "two", packages=["home"])

        found = [
            offered_codes(offers_for(checked(CABLE), division=division, on=TODAY, answers={"age": "44"}, campaign=code))
            for code in ("one", "two")
        ]

        assert found == [["home"], ["home"]]

    def test_is_not_for_other_customers(self):
        division = make_division()
        make_package(division, "home")
        make_campaign(division, "homes", packages=["home"], customer_classes=["residential"])

        offers = offers_for(checked(CABLE), division=division, on=TODAY, customer_class="business")

        assert the_reason(offers).sentence == "For these customers only: Residential."

    @pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 2, 1)])
    def test_runs_on_its_days_only(self, day):
        division = make_division()
        make_package(division, "home")
        make_campaign(division, "january", packages=["home"], starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 31))

        assert offers_for(checked(CABLE), division=division, on=day).campaign is None
        with pytest.raises(NotAllowed, match="does not run"):
            offers_for(checked(CABLE), division=division, on=day, campaign="january")


NEW_CUSTOMERS = {
    "name": "New customers",
    "refusals": Texts(en="For new customers; you already have service.", es="Para clientes nuevos; ya tiene servicio."),
    "remedies": Texts(en="Call us to change it."),
    "criteria": [{"fact": "has_active_service", "comparison": "=", "values": ["no"]}],
}


def senior(if_insufficient: str) -> dict:
    criterion = {"fact": "answer.age", "kind": "number", "comparison": ">=", "values": ["65"]}
    return {"name": "Seniors", "criteria": [criterion | {"if_insufficient": if_insufficient}]}


class TestEligibility:
    def test_tells_a_refused_customer_what_the_operator_wrote_in_their_language(self):
        division = make_division()
        phone = make_product(division, family=ProductFamily.MOBILE)
        make_package(division, "mobile", items=[{"product": phone.code}], eligibility=[NEW_CUSTOMERS])
        make_campaign(division, packages=["mobile"])
        taken = FamilyResult(ProductFamily.INTERNET, Outcome.ACTIVE_SERVICE)

        reason = the_reason(offers_for(checked(taken), division=division, on=TODAY))

        assert (reason.sentence, reason.remedy) == (
            "For new customers; you already have service.",
            "Call us to change it.",
        )
        with translation.override("es"):
            assert reason.sentence == "Para clientes nuevos; ya tiene servicio."

    def test_names_the_answer_that_is_missing(self):
        division = make_division()
        make_package(division, "silver", eligibility=[senior("group_false")])
        make_campaign(division, packages=["silver"])

        offers = offers_for(checked(CABLE), division=division, on=TODAY, answers={"age": " "})

        assert the_reason(offers).sentence == "Answer missing: answer to “age”."
        assert offers.missing == ("age",)

    @pytest.mark.parametrize(("step", "is_offered"), [("group_true", True), ("group_false", False), ("next", True)])
    def test_gives_a_blank_answer_the_result_that_the_operator_chose(self, step, is_offered):
        division = make_division()
        make_package(division, "silver", eligibility=[senior(step)])
        make_campaign(division, packages=["silver"])

        offers = offers_for(checked(CABLE), division=division, on=TODAY)

        assert bool(offers.offered) is is_offered

    def test_says_which_criterion_and_which_answer_refused_and_what_would_change_it(self):
        division = make_division()
        make_package(division, "silver", eligibility=[senior("group_false")])
        make_campaign(division, packages=["silver"])

        reason = the_reason(offers_for(checked(CABLE), division=division, on=TODAY, answers={"age": "44"}))

        assert (reason.sentence, reason.remedy) == (
            "Answer to “age”: 44.",
            "Offered if the answer to “age” is at least 65.",
        )

    def test_reads_the_premises_only_where_a_rule_asks_for_it(self):
        division = make_division(code="coast")
        in_market = {
            "name": "Market",
            "criteria": [{"fact": "divisions", "comparison": "contains", "values": ["coast"]}],
        }
        make_package(division, "home", eligibility=[in_market])
        make_campaign(division, packages=["home"])

        assert offered_codes(offers_for(checked(CABLE), division=division, on=TODAY)) == ["home"]


class TestEligibilityTree:
    def test_shows_every_campaign_and_every_step_for_each_package(self):
        division = make_division()
        make_package(division, "home")
        make_package(division, "silver", eligibility=[senior("group_false")])
        make_campaign(division, "one", packages=["home", "silver"], priority=200)
        make_campaign(division, "two", packages=["home"])

        one, two = eligibility_tree(checked(CABLE), division=division, on=TODAY, answers={"age": "44"})

        home, silver = one.packages
        assert (one.is_current, two.is_current) == (True, False)
        assert (home.is_offered, silver.is_offered) == (True, False)
        (line,) = silver.decision.deciding
        assert (line.criterion.fact, line.actual, line.truth) == ("answer.age", "44", "false")


class TestPackageOptions:
    def test_offers_what_fits_the_address_with_its_own_price(self):
        division = make_division()
        internet = make_product(division, "internet")
        tv = make_product(division, "tv", family=ProductFamily.VIDEO)
        modem = make_product(division, "modem", family=ProductFamily.EQUIPMENT, recurring="12.00")
        box = make_product(division, "box", family=ProductFamily.EQUIPMENT, recurring="9.00", one_time="5.00")
        make_promotion(division, product=box, percent=Decimal(100), months=3)
        make_package(
            division,
            "home",
            items=[
                {"product": internet.code},
                {"product": modem.code, "role": "choice", "choice_group": "modem"},
                {"product": tv.code, "role": "add_on", "minimum": 0},
                {"product": box.code, "role": "add_on", "minimum": 0, "maximum": 4, "relies_on": internet.code},
            ],
        )

        options = package_options("home", checked(CABLE), division=division, on=TODAY)

        assert [option.product.code for option in options.included] == ["internet"]
        assert [(group.code, group.preselected) for group in options.choices] == [("modem", "modem")]
        (add_on,) = options.add_ons
        assert (add_on.product.code, add_on.maximum, add_on.relies_on) == ("box", 4, "internet")
        assert (add_on.recurring, add_on.recurring_after, add_on.promotion_months, add_on.one_time) == (
            Decimal("0.00"),
            Decimal("9.00"),
            3,
            Decimal("5.00"),
        )


class TestPriceCart:
    def test_refuses_what_the_address_cannot_have(self):
        division = make_division()
        market_with(division, technologies=[Technology.FIBRE])
        selection = Selection(package_code="home")

        assert price_cart(selection, division=division, on=TODAY, qualification=checked(FIBRE)).monthly == Decimal(
            "50.00"
        )
        with pytest.raises(NotAllowed, match="Needs fiber") as refusal:
            price_cart(selection, division=division, on=TODAY, qualification=checked(CABLE))
        assert refusal.value.field == "internet"
