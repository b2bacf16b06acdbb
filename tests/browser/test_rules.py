"""An operator who is no programmer composes commission rules, and somebody else approves them; by mouse and by axe."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from commissions.models import RuleVersion
from commissions.states import Basis, RewardForm, Side, VersionStatus
from commissions.testing import make_programme, make_referral, make_referrer
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.testing import make_market
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.browser.looking import faults_of, keep_picture

PATIENCE = 60_000
"""Milliseconds: the machine may be busy."""


@pytest.fixture
def division(transactional_db: None) -> Division:
    return make_division("Northwind Cable")


@pytest.fixture
def desk(window: Window, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """Give somebody a window of their own in which they are signed in."""
    opened = []

    def sit_down(user: User, width: int = DESKTOP, *, javascript: bool = True) -> Page:
        context = window(width, javascript=javascript)
        page = context.__enter__()
        opened.append(context)
        page.set_default_timeout(PATIENCE)
        session = sign_in(Client(), user).session.session_key
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page.goto(live_server.url + reverse("admin:index"))
        return page

    expect.set_options(timeout=PATIENCE)
    yield sit_down
    expect.set_options(timeout=5_000)
    for context in opened:
        context.__exit__(None, None, None)


def add_rule(page: Page, name: str, code: str) -> None:
    """Go from the start page to the first version of a new rule."""
    page.get_by_role("link", name="Add commission rules").click()
    page.locator("#id_names_0, #id_names_en").first.fill(name)
    page.get_by_label("Code").fill(code)
    page.get_by_label("Division").select_option(label="Northwind Cable")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="1. For which orders")).to_be_visible()


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def says(page: Page, sentence: str) -> None:
    expect(page.locator(".rule-words").first).to_contain_text(sentence)


class TestAnOperator:
    def test_composes_the_default_rule_and_somebody_else_puts_it_in_force(self, division, desk):
        market = make_market(make_division(parent=division))
        make_referral(make_referrer(make_programme(division)), market=market)
        operator = desk(make_person(Role.OPERATOR, division, name="Olga Operator"))

        add_rule(operator, "Three months, bills on time", "three-months")
        keep_picture(operator, "rule-empty")
        operator.get_by_label("Gets", exact=True).first.select_option(label="a bill credit of a fixed amount")
        operator.get_by_label("How much").first.fill("50")
        operator.get_by_label("Reason for the change").fill("The first rule.")
        press(operator, "Save and try on past orders")
        says(operator, "It is earned 3 months after installation at the earliest.")
        says(operator, "By then 3 bills of the friend must be paid in full.")
        says(operator, "The referrer gets a bill credit of $50.00.")
        expect(operator.locator("#trial")).to_contain_text("1 referred order since")
        assert faults_of(operator) == []
        keep_picture(operator, "rule-tried")
        press(operator, "Save and send to review")
        expect(operator.locator(".rule-version")).to_contain_text("another person must approve it")
        address = operator.url.partition("#")[0]
        assert faults_of(operator) == []

        auditor = desk(make_person(Role.AUDITOR, division, name="Ada Auditor"))
        auditor.goto(address)
        keep_picture(auditor, "rule-review")
        press(auditor, "Approve this version")
        expect(auditor.locator(".rule-standing")).to_contain_text("In force")
        expect(auditor.locator(".rule-standing")).to_contain_text("approved by Ada Auditor")
        assert faults_of(auditor) == []
        version = RuleVersion.objects.get()
        assert (version.status, version.terms.get().side) == (VersionStatus.IN_FORCE, Side.REFERRER)

        operator.goto(address)
        press(operator, "Change it: start a new version")
        operator.get_by_label("Bills paid").fill("2")
        press(operator, "Save")
        expect(operator.locator(".rule-words").nth(2)).to_contain_text("By then 2 bills")
        expect(operator.locator(".rule-words del")).to_contain_text("By then 3 bills")
        keep_picture(operator, "rule-changed")

    def test_composes_steps_by_count_for_some_orders_and_a_free_month_without_a_script(self, division, desk):
        page = desk(make_person(Role.OPERATOR, division), javascript=False)

        add_rule(page, "Steps", "steps")
        row = page.locator(".rule-conditions tbody tr").first
        row.get_by_label("What").select_option(label="kinds of service ordered")
        row.get_by_label("How").select_option(label="include")
        row.get_by_label("Value").fill("Internet")
        row = page.locator(".rule-conditions tbody tr").nth(1)
        row.get_by_label("What").select_option(label="monthly charges before taxes")
        row.get_by_label("How").select_option(label="is at least")
        row.get_by_label("Value").fill("50")
        page.get_by_label("Gets", exact=True).first.select_option(label="a bill credit of a fixed amount")
        page.get_by_label("How much").first.fill("25")
        page.get_by_label("From their reward number").first.fill("5")
        page.get_by_label("This much instead").first.fill("50")
        page.get_by_label("Gets", exact=True).nth(1).select_option(label="a free month")
        press(page, "Save")

        says(page, "kinds of service ordered include Internet and monthly charges before taxes is at least $50.00")
        says(page, "The referrer gets a bill credit of $25.00; from reward number 5 on $50.00.")
        says(page, "The friend gets a free month")
        keep_picture(page, "rule-steps")
        terms = {term.side: term for term in RuleVersion.objects.get().terms.all()}
        assert (terms[Side.REFERRER].basis, terms[Side.REFERRER].tiers) == (Basis.FLAT, [[5, "50"]])
        assert terms[Side.FRIEND].form == RewardForm.FREE_MONTH

    def test_is_told_beside_a_condition_what_is_wrong_on_a_phone_too(self, division, desk):
        page = desk(make_person(Role.OPERATOR, division), PHONE)

        add_rule(page, "Wrong", "wrong")
        row = page.locator(".rule-conditions tbody tr").first
        row.get_by_label("What").select_option(label="package")
        row.get_by_label("How").select_option("=")
        row.get_by_label("Value").fill("Moonshine")
        press(page, "Save")

        expect(page.locator(".rule-conditions .errorlist")).to_contain_text("“Moonshine” is not known.")
        expect(page.locator("[role=alert]")).to_be_visible()
        assert faults_of(page) == []
        keep_picture(page, "rule-wrong-phone")
