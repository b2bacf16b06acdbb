"""Changes to the catalogue: prices from a day on, campaigns and their default, and what the database refuses."""

import threading
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings, strategies as st

from catalog import services
from catalog.events import CampaignActivated, CampaignDeactivated, PriceChanged
from catalog.models import Campaign, CampaignPackage, PackageItem, Price
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import CAMPAIGN_MOVES, CampaignStatus, PriceKind
from catalog.testing import make_campaign, make_charge, make_package, make_product, make_promotion
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.queries import configuration_version
from foundation.divisions.services import inherit_value, set_value
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role

NOON = "2026-11-21T12:00:00Z"
TODAY = date(2026, 11, 21)


def set_recurring(product, amount: str, starts_on: date, *, by: User | None = None, division: Division | None = None):
    return services.set_price(
        product.pk,
        division=division or product.division,
        kind=PriceKind.RECURRING,
        amount=Decimal(amount),
        starts_on=starts_on,
        by=by,
    )


def history(product) -> list[tuple[str, date, date | None]]:
    return [(str(price.amount), price.starts_on, price.ends_on) for price in product.prices.order_by("starts_on")]


@pytest.mark.django_db
class TestSetPrice:
    @pytest.fixture(autouse=True)
    def at_noon(self):
        with time_machine.travel(NOON, tick=False):
            yield

    def test_ends_the_old_price_the_day_before_and_tells_the_others(self):
        product = make_product(make_division(code="valley"), "internet", recurring="50.00")

        set_recurring(product, "55.00", date(2027, 1, 1))

        assert history(product) == [
            ("50.00", date(2020, 1, 1), date(2026, 12, 31)),
            ("55.00", date(2027, 1, 1), None),
        ]
        assert published(PriceChanged)[-1] == PriceChanged(
            product="internet",
            division="valley",
            kind="recurring",
            amount="55.00",
            currency="USD",
            starts_on="2027-01-01",
        )

    def test_corrects_a_price_that_begins_on_the_same_day(self):
        product = make_product(make_division(), recurring="50.00")

        set_recurring(product, "555.00", TODAY)
        set_recurring(product, "55.00", TODAY)

        assert [amount for amount, _from, _until in history(product)] == ["50.00", "55.00"]

    def test_leaves_the_price_of_the_division_above_alone(self):
        root = make_division()
        franchise = make_division(parent=root)
        product = make_product(root, recurring="50.00")

        set_recurring(product, "45.00", TODAY, division=franchise)

        assert product.prices.get(division=root).ends_on is None

    def test_refuses_to_rewrite_the_past(self):
        product = make_product(make_division(), recurring="50.00")

        with pytest.raises(NotAllowed) as refusal:
            set_recurring(product, "60.00", date(2026, 11, 20))

        assert refusal.value.code == "past"
        assert len(history(product)) == 1

    def test_holds_until_a_later_price_that_is_entered(self):
        product = make_product(make_division(), recurring="50.00")
        set_recurring(product, "77.77", date(2036, 1, 1))

        set_recurring(product, "55.00", date(2026, 12, 15))

        assert [(amount, until) for amount, _from, until in history(product)] == [
            ("50.00", date(2026, 12, 14)),
            ("55.00", date(2035, 12, 31)),
            ("77.77", None),
        ]

    def test_is_for_those_who_configure_the_division(self):
        root = make_division()
        here, elsewhere = make_division(parent=root), make_division(parent=root)
        product = make_product(root, recurring="50.00")
        operator = User.objects.create_user("op@example.com")
        RoleAssignment.objects.create(user=operator, role=Role.OPERATOR, division=here)

        set_recurring(product, "45.00", TODAY, division=here, by=operator)

        for division in (elsewhere, root):
            with pytest.raises(NotAllowed):
                set_recurring(product, "45.00", TODAY, division=division, by=operator)

    def test_refuses_a_negative_amount(self):
        product = make_product(make_division())

        with pytest.raises(ValidationError):
            set_recurring(product, "-1.00", TODAY)


@pytest.mark.django_db(transaction=True)
class TestSetPriceRace:
    def test_lets_two_at_once_leave_one_price_for_every_day(self):
        product = make_product(make_division(), recurring="50.00")
        started = threading.Barrier(2)

        def set_from(day: date) -> None:
            started.wait()
            try:
                set_recurring(product, "55.00", day)
            except NotAllowed:
                pass
            finally:
                connection.close()

        with time_machine.travel(NOON, tick=True):
            threads = [threading.Thread(target=set_from, args=(day,)) for day in (TODAY, date(2027, 1, 1))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        prices = history(product)
        assert [until for _amount, _from, until in prices].count(None) == 1
        assert prices[-1][1] == date(2027, 1, 1)


@pytest.mark.django_db
class TestTheDatabase:
    def test_refuses_two_prices_of_one_kind_on_one_day(self):
        product = make_product(make_division(), recurring="50.00")

        with pytest.raises(IntegrityError, match="one_price_at_once"), transaction.atomic():
            Price.objects.create(
                product=product,
                division=product.division,
                kind=PriceKind.RECURRING,
                amount=Decimal("1.00"),
                starts_on=TODAY,
            )

    def test_refuses_two_promotions_of_one_package_on_one_day(self):
        division = make_division()
        package = make_package(division)
        make_promotion(division, package=package, ends_on=date(2026, 1, 31))
        make_promotion(division, package=package, starts_on=date(2026, 2, 1))

        with pytest.raises(ValidationError, match="Another one holds"):
            make_promotion(division, package=package, starts_on=date(2026, 1, 31), ends_on=date(2026, 1, 31))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"percent": Decimal(101)},
            {"percent": Decimal(10), "months": None},
            {"amount": None},
            {"amount": Decimal("5.00"), "percent": Decimal(5)},
            {"product": None},
        ],
    )
    def test_refuses_a_promotion_that_means_nothing(self, wrong):
        division = make_division()

        with pytest.raises(ValidationError):
            make_promotion(division, **{"product": make_product(division), **wrong})

    def test_refuses_two_charges_of_one_code_on_one_day(self):
        division = make_division()
        make_charge(division, "tax")

        with pytest.raises(ValidationError, match="Another one holds"):
            services.define_charge(
                "tax",
                division=division,
                starts_on=TODAY,
                names=Texts(en="Tax"),
                basis="percent",
                rate=Decimal(1),
                kind="recurring",
            )

    @pytest.mark.parametrize(
        "wrong",
        [
            {"role": "choice"},
            {"choice_group": "modem"},
            {"minimum": 0},
            {"minimum": 2, "maximum": 1},
        ],
    )
    def test_refuses_a_part_that_means_nothing(self, wrong):
        division = make_division()
        product = make_product(division)

        with pytest.raises(ValidationError):
            make_package(division, items=[{"product": product.code, **wrong}])

    @pytest.mark.parametrize("model", list(apps.get_app_config("catalog").get_models()), ids=str)
    def test_tells_every_process_of_any_change(self, model):
        division = make_division()
        package = make_package(division, eligibility=[{"name": "Known", "criteria": [known()]}])
        make_campaign(division, packages=[package.code])
        before = configuration_version()

        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET id = id")

        assert configuration_version() > before


def known() -> dict:
    return {"fact": "customer_class", "comparison": "present"}


@pytest.mark.django_db
class TestCampaigns:
    def test_stay_inactive_until_their_packages_are_entered(self):
        division = make_division()

        with pytest.raises(NotAllowed) as refusal:
            make_campaign(division, "empty", is_dummy=False)

        assert refusal.value.code == "no_packages"

    def test_are_activated_and_taken_down(self):
        division = make_division()
        make_package(division, "home")
        campaign = make_campaign(division, "welcome", packages=["home"])

        services.deactivate_campaign(campaign.pk, by=None)

        campaign.refresh_from_db()
        assert campaign.status == CampaignStatus.INACTIVE
        assert published(CampaignActivated, CampaignDeactivated) == [
            CampaignActivated(campaign="welcome"),
            CampaignDeactivated(campaign="welcome"),
        ]

    @pytest.mark.parametrize("change", [services.deactivate_campaign, services.remove_campaign])
    def test_stay_while_they_are_the_default_of_a_division(self, change):
        root = make_division()
        market = make_division("North Valley", parent=root)
        campaign = make_campaign(root, "first-contact")
        set_value(market, DEFAULT_CAMPAIGN, "first-contact")

        with pytest.raises(NotAllowed, match="the default campaign of North Valley"):
            change(campaign.pk, by=None)

        inherit_value(market, DEFAULT_CAMPAIGN)
        change(campaign.pk, by=None)
        assert not Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.ACTIVE).exists()

    @pytest.mark.parametrize(
        "behind_the_services",
        [
            lambda rows: rows.delete(),
            lambda rows: rows.update(status=CampaignStatus.INACTIVE),
            lambda rows: rows.update(code="renamed"),
        ],
    )
    def test_stay_the_default_in_the_database_too(self, behind_the_services):
        root = make_division()
        campaign = make_campaign(root, "first-contact")
        set_value(root, DEFAULT_CAMPAIGN, "first-contact")

        with pytest.raises(IntegrityError, match="default of a division"), transaction.atomic():
            behind_the_services(Campaign.objects.filter(pk=campaign.pk))

        assert Campaign.objects.get(code="first-contact").status == CampaignStatus.ACTIVE

    def test_cannot_be_the_default_before_they_are_active(self):
        division = make_division()
        campaign = make_campaign(division, "later")
        services.deactivate_campaign(campaign.pk, by=None)

        with pytest.raises(ValidationError):
            set_value(division, DEFAULT_CAMPAIGN, "later")

    def test_are_for_those_who_configure_their_division(self):
        root = make_division()
        campaign = make_campaign(root, "welcome")
        operator = User.objects.create_user("op@example.com")
        RoleAssignment.objects.create(user=operator, role=Role.OPERATOR, division=make_division(parent=root))

        with pytest.raises(NotAllowed):
            services.deactivate_campaign(campaign.pk, by=operator)

    @settings(max_examples=20)
    @given(moves=st.lists(st.sampled_from(CampaignStatus), max_size=5))
    def test_move_only_along_the_table(self, moves):
        campaign = Campaign(code="any", is_dummy=True, status=CampaignStatus.INACTIVE)

        for target in moves:
            move = campaign.activate if target is CampaignStatus.ACTIVE else campaign.deactivate
            before = CampaignStatus(campaign.status)
            if target in CAMPAIGN_MOVES[before]:
                move()
                assert campaign.status == target
            else:
                with pytest.raises(NotAllowed):
                    move()
                assert campaign.status == before


@pytest.mark.django_db
class TestDefinitions:
    def test_change_nothing_when_they_are_entered_again(self):
        division = make_division()

        for _time in range(2):
            make_product(division, "internet", recurring="50.00")
            make_package(division, "home", items=[{"product": "internet"}])
            make_campaign(division, "welcome", packages=["home"])

        assert (Price.objects.count(), PackageItem.objects.count(), CampaignPackage.objects.count()) == (1, 1, 1)

    @pytest.mark.parametrize(
        ("criterion", "message"),
        [
            ({"fact": "shoe_size", "comparison": "present"}, "No such fact"),
            ({"fact": "internet_down_mbps", "comparison": ">=", "values": ["fast"]}, "“fast” is not a number"),
            ({"fact": "has_active_service", "comparison": "in", "values": ["true"]}, "cannot be asked of a flag"),
        ],
    )
    def test_refuse_a_criterion_that_means_nothing(self, criterion, message):
        with pytest.raises(ValidationError, match=message):
            make_package(make_division(), eligibility=[{"name": "Odd", "criteria": [criterion]}])
