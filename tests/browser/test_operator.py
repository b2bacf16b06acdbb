"""An operator who is no programmer sets things up in the admin, and the public site follows; by mouse and by axe."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from catalog.models import Campaign, Product
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.testing import make_campaign, make_package
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.jobs.models import Job
from foundation.jobs.services import work_one_chunk
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.states import OrderStatus
from orders.testing import Market, make_market, make_order
from territory.models import Premises
from territory.states import NETWORK_FAMILIES, AvailabilityStatus, Technology
from territory.testing import make_available, make_premises
from tests.browser.conftest import DESKTOP, Window
from tests.browser.looking import faults_of

PATIENCE = 30_000
"""Milliseconds: the machine may be busy."""
NO_COLOUR = "rgba(0, 0, 0, 0)"
SELECTS = {"status", "family", "technology", "alternate_technology"}


@dataclass
class Operator:
    """Somebody at the admin, and beside them a visitor of the public site who is nobody to us."""

    page: Page
    visitor: Page
    url: str

    def open(self, name: str, *args: Any) -> None:
        self.page.goto(self.url + reverse(f"admin:{name}", args=args))

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def save(self) -> None:
        self.press("Save and continue editing")
        expect(self.page.locator(".messagelist .success")).to_be_visible()

    def say_of_every_family(self, premises: Premises, **values: str) -> None:
        """Give each line of an address's availability these values, and empty what is not named."""
        self.open("territory_premises_change", premises.pk)
        empty = {"technology": "", "available_from": "", "reason": "", "alternate_technology": ""}
        for row, _family in enumerate(NETWORK_FAMILIES):
            for name, value in {**empty, **values}.items():
                field = self.page.locator(f"#id_availability-{row}-{name}")
                if name in SELECTS:
                    field.select_option(value)
                else:
                    field.fill(value)
        self.save()

    def ask_for(self, premises: Premises, heading: str) -> None:
        """Let the visitor check an address, and see what the page says first."""
        self.visitor.goto(self.url)
        self.visitor.fill("#id_address", premises.label)
        self.visitor.click(".address-box-row button")
        expect(self.visitor.locator("h1")).to_have_text(heading)

    def leave_a_number(self) -> None:
        """Let the visitor ask to be told, which the page of every *no* offers."""
        self.visitor.fill("#id_name", "Jo Sample")
        self.visitor.fill("#id_email", "jo@example.com")
        self.visitor.check("#id_agree")
        self.visitor.get_by_role("button", name="Tell me").click()
        expect(self.visitor.locator("h1")).to_have_text("Thank you. We will be in touch")


@pytest.fixture
def root(transactional_db: None) -> Division:
    return make_division("Northwind Cable")


@pytest.fixture
def market(root: Division) -> Market:
    market = make_market(make_division("Riverbend", parent=root))
    market.site.host = "*"
    market.site.save()
    market.site.brand.phone = "602 555 0100"
    market.site.brand.save()
    return market


@pytest.fixture
def house(market: Market) -> Premises:
    premises = make_premises(market.division, "31 Maple Street")
    make_available(premises)
    return premises


@pytest.fixture
def operator(root: Division, market: Market, window: Window, live_server: LiveServer) -> Iterator[Operator]:
    session = sign_in(Client(), make_person(Role.OPERATOR, root, name="Olga Operator")).session.session_key
    with window(DESKTOP) as page, window(DESKTOP) as visitor:
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        for one in (page, visitor):
            one.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield Operator(page, visitor, live_server.url)
    expect.set_options(timeout=5_000)


class TestAnAddress:
    """One address, told otherwise again and again: the site answers with each of the seven outcomes."""

    def test_is_answered_as_its_availability_was_edited(self, operator: Operator, house: Premises, market: Market):
        site = operator.visitor

        operator.ask_for(house, "Good news: you can have service here")
        site.click(f"button[value={market.package}]")
        site.wait_for_url("**/order/**")

        operator.say_of_every_family(
            house, status=AvailabilityStatus.UNSERVICEABLE, alternate_technology=Technology.FIXED_WIRELESS
        )
        operator.ask_for(house, "You can have service here, another way")
        site.click(f"button[value={market.package}]")
        site.wait_for_url("**/order/**")

        soon = today(market.division) + timedelta(days=40)
        operator.say_of_every_family(house, status=AvailabilityStatus.PLANNED, available_from=soon.isoformat())
        operator.ask_for(house, "We are on our way to you")
        operator.leave_a_number()

        operator.say_of_every_family(house, status=AvailabilityStatus.UNSERVICEABLE, reason="The river is in the way.")
        operator.ask_for(house, "We do not reach this address yet")
        operator.leave_a_number()

        operator.open("territory_premises_change", house.pk)
        for row, _family in enumerate(NETWORK_FAMILIES):
            operator.page.check(f"#id_availability-{row}-DELETE")
        operator.save()
        operator.ask_for(house, "Help us find this address")
        operator.leave_a_number()

    def test_is_blocked_by_an_override_until_that_is_lifted(self, operator: Operator, house: Premises):
        page = operator.page
        operator.open("territory_premises_changelist")
        page.fill("#searchbar", "31 mapel st")
        page.press("#searchbar", "Enter")
        page.get_by_role("link", name="31 Maple Street").click()
        page.get_by_role("link", name="Override").click()
        page.get_by_label("Status").select_option(AvailabilityStatus.BLOCKED)
        page.get_by_label("Why").fill("The owners quarrel about the wall.")
        operator.press("Override")
        page.wait_for_url(f"**{reverse('admin:territory_premises_change', args=[house.pk])}")

        operator.ask_for(house, "Talk to us about this address")
        call = operator.visitor.get_by_role("link", name="Call 602 555 0100").first
        expect(call).to_have_attribute("href", "tel:+16025550100")
        expect(operator.visitor.locator("main")).not_to_contain_text("quarrel")
        operator.leave_a_number()

        operator.open("territory_override_changelist")
        page.get_by_label("Select all objects on this page for an action").check()
        page.get_by_label("Action:").select_option("lift")
        operator.press("Go")
        operator.ask_for(house, "Good news: you can have service here")

    def test_has_active_service_once_an_order_is_installed(self, operator: Operator, house: Premises, market: Market):
        make_order(OrderStatus.COMPLETED, market, premises=house)

        operator.open("territory_premises_change", house.pk)
        expect(operator.page.locator("#occupancies-group")).to_contain_text("Internet")
        operator.ask_for(house, "There is service at this address")
        operator.leave_a_number()
        operator.visitor.go_back()
        operator.visitor.locator("main").get_by_role("link", name="Sign in").click()
        expect(operator.visitor.locator("#id_login")).to_be_visible()


class TestAPrice:
    def test_from_today_is_what_the_packages_page_says(self, operator: Operator, house: Premises, market: Market):
        product = Product.objects.get(division=market.division, family="internet")
        page, card = operator.page, operator.visitor.locator(".package")

        operator.ask_for(house, "Good news: you can have service here")
        expect(card.locator(".prices dd.main")).to_have_text("$122.72")
        operator.open("catalog_product_change", product.pk)
        page.get_by_role("link", name="New price from a day on").click()
        page.get_by_label("Division").select_option(label="Riverbend")
        page.get_by_label("Amount").fill("70.00")
        operator.press("Look at what changes")
        operator.press("Set this price")

        expect(page.locator(".field-prices_today")).to_contain_text("$70.00")
        operator.ask_for(house, "Good news: you can have service here")
        expect(card.locator(".prices dd.main")).to_have_text("$133.34")

    def test_below_nothing_is_refused_where_it_stands(self, operator: Operator, market: Market):
        product = Product.objects.get(division=market.division, family="internet")
        operator.open("catalog_product_new_price", product.pk)
        amount = operator.page.get_by_label("Amount")
        amount.evaluate("field => field.form.noValidate = true")
        operator.page.get_by_label("Division").select_option(label="Riverbend")
        amount.fill("-1")
        operator.press("Look at what changes")

        expect(operator.page.locator("main .errorlist")).to_contain_text("greater than or equal to 0")


class TestASetting:
    def test_is_overridden_at_a_system_and_inherited_again(
        self, operator: Operator, root: Division, market: Market, house: Premises
    ):
        for division, code in ((root, "everyday"), (market.division, "festival")):
            package = make_package(division, code, names=Texts(en=code.capitalize()))
            make_campaign(division, f"{code}-campaign", packages=[package.code])
        set_value(root, DEFAULT_CAMPAIGN, "everyday-campaign")
        name = DEFAULT_CAMPAIGN.name
        row = operator.page.locator("tr").filter(has=operator.page.locator(f"[name='{name}']"))
        packages = operator.visitor.locator(".package h3")

        operator.open("divisions_division_changelist")
        operator.page.locator("tr").filter(has_text="Riverbend").get_by_role("link", name="Settings").click()
        expect(row).to_contain_text("inherited from Northwind Cable")
        operator.page.get_by_label("Set Default campaign here").check()
        row.locator(f"select[name='{name}']").select_option("festival-campaign")
        operator.press("Keep these settings")
        expect(row).to_contain_text("set here")
        expect(row).to_contain_text("(Northwind Cable)")
        operator.ask_for(house, "Good news: you can have service here")
        expect(packages).to_have_text(["Festival"])

        operator.page.get_by_label("Set Default campaign here").uncheck()
        operator.press("Keep these settings")
        expect(row).to_contain_text("inherited from Northwind Cable")
        operator.ask_for(house, "Good news: you can have service here")
        expect(packages).to_have_text(["Everyday"])

    def test_that_cannot_be_read_is_refused_at_its_field(self, operator: Operator, market: Market):
        operator.open("divisions_division_settings", market.division.pk)
        operator.page.get_by_label("Set Days that an address check holds here").check()
        operator.page.locator("[name='territory.qualification_days']").fill("")
        operator.press("Keep these settings")

        row = operator.page.locator("tr").filter(has=operator.page.locator("[name='territory.qualification_days']"))
        expect(row.locator(".errorlist")).to_contain_text("cannot be read")

    def test_that_was_typed_without_its_tick_is_not_lost_in_silence(self, operator: Operator, market: Market):
        operator.open("divisions_division_settings", market.division.pk)
        field = operator.page.locator("[name='territory.qualification_days']")
        field.fill("3")
        operator.press("Keep these settings")

        expect(operator.page.locator("tr").filter(has=field)).to_contain_text("Tick “Set here”")


class TestWhatIsRefused:
    def test_a_colour_that_nobody_can_read(self, operator: Operator, market: Market):
        operator.open("divisions_brand_change", market.site.brand.pk)
        operator.page.get_by_label("Brand colour:").fill("#ffee00")
        operator.press("Save")

        expect(operator.page.locator(".field-primary .errorlist")).to_contain_text("contrast is 1.2")

    @pytest.mark.parametrize("way", ["down", "away"])
    def test_to_take_the_default_campaign(self, operator: Operator, market: Market, way: str):
        campaign = Campaign.objects.get(division=market.division)
        set_value(market.division, DEFAULT_CAMPAIGN, campaign.code)

        operator.open("catalog_campaign_change", campaign.pk)
        if way == "down":
            operator.press("Take this campaign down")
        else:
            operator.page.get_by_role("link", name="Delete").click()
            operator.press("Yes, I’m sure")

        refusal = "This is the default campaign of Riverbend. Choose another default there first."
        expect(operator.page.locator(".messagelist .error")).to_have_text(refusal)
        assert Campaign.objects.get(pk=campaign.pk).status == campaign.status


class TestAnImport:
    def test_takes_the_good_rows_and_hands_back_the_broken(self, operator: Operator, market: Market, tmp_path: Path):
        file = tmp_path / "april.csv"
        file.write_text(
            "source_id,street,city,state,zip,families,technology,down_mbps,up_mbps\n"
            "A1,1 Quarry Road,Rutland,VT,05701,internet video voice,fibre,1000,1000\n"
            "A2,,Rutland,VT,05701,internet,fibre,1000,1000\n"
            "A3,3 Quarry Road,Rutland,VT,O5701,internet,fibre,1000,1000\n"
            "A4,4 Quarry Road,Rutland,VT,05701,internet,fibre,1000,fast\n"
            "A5,5 Quarry Road,Rutland,VT,05701,internet video voice,fibre,500,100\n"
        )
        page = operator.page
        operator.open("territory_importfile_changelist")
        page.get_by_role("link", name="Import premises").click()
        page.get_by_label("Division").select_option(label="Riverbend")
        page.get_by_label("CSV file").set_input_files(file)
        operator.press("Import")
        job = Job.objects.get()
        expect(page).to_have_url(operator.url + reverse("admin:jobs_job_change", args=[job.pk]))
        while work_one_chunk(job.pk):
            pass
        page.reload()

        expect(page.locator("progress")).to_have_attribute("value", "100")
        rows = page.locator(".field-errors tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(1)).to_contain_text("O5701")

        operator.open("territory_importfile_changelist")
        page.get_by_role("link", name="april.csv").click()
        with page.expect_download() as download:
            page.locator(".field-refused a").click()
        with download.value.path().open(newline="") as refused:
            header, *lines = csv.reader(refused)
        assert header == ["row", "column", "reason", "content"]
        assert [(row, column) for row, column, _reason, _content in lines] == [
            ("3", "street"),
            ("4", "zip"),
            ("5", "up_mbps"),
        ]
        assert all(reason for _row, _column, reason, _content in lines)
        operator.ask_for(Premises.objects.get(source_id="A5"), "Good news: you can have service here")


class TestAxe:
    def test_finds_nothing_serious(self, operator: Operator, root: Division, market: Market, house: Premises):
        product = Product.objects.get(division=market.division, family="internet")
        campaign = Campaign.objects.get(division=market.division)
        pages = {
            "index": (),
            "divisions_division_changelist": (),
            "divisions_division_settings": (market.division.pk,),
            "divisions_brand_change": (market.site.brand.pk,),
            "catalog_product_change": (product.pk,),
            "catalog_product_new_price": (product.pk,),
            "catalog_package_change": (campaign.packages.get().pk,),
            "catalog_campaign_change": (campaign.pk,),
            "territory_premises_changelist": (),
            "territory_premises_change": (house.pk,),
            "territory_premises_override": (house.pk,),
            "territory_importfile_load": (),
        }

        faults = []
        for name, key in pages.items():
            operator.open(name, *key)
            faults += faults_of(operator.page)

        operator.open("catalog_cost_load")
        operator.page.get_by_label("Division").select_option(str(market.division.pk))
        costs = {
            "name": "costs.csv",
            "mimeType": "text/csv",
            "buffer": b"product,kind,amount,from\nnone,recurring,1,soon\n",
        }
        operator.page.get_by_label("File").set_input_files(costs)
        operator.press("Note it")
        wrong = operator.page.locator(".errorlist", has_text="Line 2")
        assert wrong.evaluate("one => getComputedStyle(one).backgroundColor") == NO_COLOUR
        faults += faults_of(operator.page)

        assert faults == []
