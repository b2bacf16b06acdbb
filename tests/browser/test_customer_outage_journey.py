"""
A customer without Internet reports it step by step, follows the ticket through an outage, and says that it is fixed.

On the phone and on the desktop; axe looks at the pages on the way, in light and in dark. The outage is declared at the desk.
"""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.testing import make_details
from config.demonstration.symptoms import load_symptoms
from foundation.jobs.services import work_one_chunk
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.desk.outage_forms import shown_in
from tests.browser.conftest import DESKTOP, PHONE, Shop, Window
from tests.browser.looking import faults_of
from tests.browser.test_referral_journey import deliver
from tickets.models import Outage, Ticket
from tickets.services.outages import restore_outage
from tickets.states import TicketStatus
from tickets.testing import let_leave, make_affected

EMAIL = "robin@people.example"


@pytest.fixture
def customer(shop: Shop) -> User:
    """Somebody whose service works, and who can sign in."""
    person = make_person(Role.CUSTOMER, shop.market.division, email=EMAIL, name="Robin Resident")
    make_affected(shop.market.division, market=shop.market, details=make_details(name="Robin Resident", email=EMAIL))
    load_symptoms(shop.market.division)
    return person


def enter(page: Page, shop: Shop, person: User) -> None:
    """Sign somebody in."""
    session = sign_in(Client(), person).session.session_key
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": shop.url}])


def work() -> None:
    """Deliver what is due, and write the letters that follow."""
    deliver()
    let_leave()
    deliver()
    while work_one_chunk():
        deliver()


def letters(words: str) -> list[str]:
    """Return the subjects of what the customer was sent that says this."""
    mine = [message for message in mail.outbox if message.to == [EMAIL]]
    return [str(message.subject) for message in mine if words in str(message.body)]


class TestACustomerWithoutInternet:
    @pytest.mark.parametrize("width", [PHONE, DESKTOP])
    def test_reports_it_follows_it_and_says_that_it_is_fixed(
        self, shop: Shop, customer: User, window: Window, width: int
    ):
        supervisor = make_person(Role.SUPERVISOR, shop.market.division)
        with window(width) as page:
            enter(page, shop, customer)
            faults = self.report(page, shop)
            ticket = Ticket.objects.get()
            assert (ticket.symptom, ticket.answers["lights"], ticket.answers["restart"]) == (
                "internet-none",
                "on",
                "no",
            )

            with window(DESKTOP) as desk:
                enter(desk, shop, supervisor)
                faults += self.declare(desk, shop)
            work()
            faults += self.wait(page, shop, ticket)

            restore_outage(Outage.objects.get().pk, by=supervisor)
            work()
            assert len(letters("Is it fixed?")) == 1
            faults += self.confirm(page, shop, ticket)

        ticket.refresh_from_db()
        assert (ticket.status, Outage.objects.get().tickets.count()) == (TicketStatus.CLOSED, 1)
        assert faults == []

    def declare(self, page: Page, shop: Shop) -> list[str]:
        page.goto(shop.url + reverse("desk:outage_new"))
        page.get_by_label("Fault").check()
        page.get_by_label("What and where").fill("No signal behind N-1")
        expect(page.get_by_label("Network nodes")).to_be_visible()
        page.get_by_label("An area").check()
        expect(page.get_by_label("Network nodes")).to_be_hidden()
        expect(page.get_by_label("ZIP codes")).to_be_visible()
        faults = faults_of(page)
        page.get_by_role("button", name="Count whom it affects").click()
        expect(page.locator(".error-summary")).to_contain_text("ZIP codes: Name at least one.")
        page.get_by_label("A network node").check()
        page.get_by_label("Network nodes").fill("N-1")
        page.get_by_label("Since").fill(shown_in(now() - timedelta(hours=1), shop.market.division))
        page.get_by_text("More (").click()
        page.locator("[name=words_en]").fill("A cable was cut.")
        page.get_by_role("button", name="Count whom it affects").click()
        page.get_by_role("button", name="Declare it and tell 1 customer").click()
        expect(page.locator("h1")).to_have_text("No signal behind N-1")
        return faults + faults_of(page)

    def report(self, page: Page, shop: Shop) -> list[str]:
        page.goto(shop.url + reverse("selfcare:start"))
        faults = faults_of(page)
        page.get_by_role("link", name="Report a problem").first.click()
        page.get_by_role("button", name="Something does not work").click()
        page.get_by_role("button", name="Internet").first.click()
        page.get_by_role("button", name="No internet at all").click()
        page.get_by_role("button", name="Yes").click()
        faults += faults_of(page)
        page.get_by_role("button", name="No", exact=True).click()
        page.get_by_label("What has happened").fill("All lights are on, and no page opens.")
        page.get_by_role("button", name="Send it").click()
        expect(page.locator("h1")).to_have_text("No internet at all")
        return faults

    def wait(self, page: Page, shop: Shop, ticket: Ticket) -> list[str]:
        page.goto(shop.url + reverse("selfcare:start"))
        expect(page.locator("main")).to_contain_text("A cable was cut.")
        page.goto(shop.url + reverse("selfcare:ticket", args=[ticket.number]))
        expect(page.locator(".lead")).to_contain_text("outage")
        return faults_of(page)

    def confirm(self, page: Page, shop: Shop, ticket: Ticket) -> list[str]:
        page.goto(shop.url + reverse("selfcare:tickets"))
        page.get_by_role("link", name="No internet at all").click()
        expect(page.locator(".lead")).to_contain_text("We think that it is fixed.")
        faults = faults_of(page)
        page.get_by_role("button", name="Yes, it is fixed").click()
        expect(page.get_by_role("button", name="Yes, it is fixed")).to_have_count(0)
        assert page.url.endswith(reverse("selfcare:ticket", args=[ticket.number]))
        return faults
