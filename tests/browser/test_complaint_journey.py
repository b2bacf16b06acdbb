"""A complaint comes by mail, is answered at the desk, answered again on the website, resolved, and rated by one tap."""

import re
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Account
from accounts.testing import make_details
from foundation.correspondence.models import Mailbox
from foundation.correspondence.services import sign_mail
from foundation.divisions.services import set_value
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.browser.conftest import DESKTOP, PHONE, Shop, Window
from tests.browser.keyboard import Keyboard
from tests.browser.looking import faults_of, keep_picture
from tests.browser.test_customer_outage_journey import EMAIL, enter, work
from tests.correspondence.mails import raw
from tickets.models import Rating, Ticket
from tickets.settings import UNDO_SECONDS
from tickets.states import Score, TicketChannel, TicketStatus, TicketType
from tickets.testing import bring_to, make_affected, make_ticket

SECRET = "a secret of the mail server"


@pytest.fixture
def customer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody whose service works, in a market with a mailbox."""
    monkeypatch.setenv("MAILBOX_SUPPORT_SECRET", SECRET)
    division = shop.market.division
    set_value(division, UNDO_SECONDS, 0)
    Mailbox.objects.create(code="support", division=division, address="support@larkspur.example", host="")
    person = make_person(Role.CUSTOMER, division, email=EMAIL, name="Robin Resident")
    make_affected(division, market=shop.market, details=make_details(name="Robin Resident", email=EMAIL))
    return person


def post_mail(page: Page, shop: Shop, content: bytes) -> None:
    """Post a message as the operator's mail server does."""
    second = str(int(now().timestamp()))
    headers = {
        "X-Mail-Second": second, "X-Mail-Signature": sign_mail(SECRET, second, content), "Content-Type": "message/rfc822",
    }  # fmt: skip
    answer = page.request.post(
        shop.url + reverse("correspondence:incoming", args=["support"]), data=content, headers=headers
    )
    assert answer.ok, answer.text()


def latest(words: str) -> str:
    """Return the latest letter to the customer that says this."""
    mine = [str(message.body) for message in mail.outbox if message.to == [EMAIL] and words in str(message.body)]
    assert mine, [message.subject for message in mail.outbox]
    return mine[-1]


class TestAComplaint:
    def test_is_answered_by_mail_and_web_and_rated_by_one_tap(self, shop: Shop, customer: User, window: Window):
        csr = make_person(Role.CSR, shop.market.division, name="Chris CSR")
        with window(DESKTOP) as desk, window(PHONE) as phone:
            enter(desk, shop, csr)
            enter(phone, shop, customer)
            post_mail(desk, shop, raw(body="Nobody came, and I took a day off.", From=EMAIL, Subject="A complaint"))
            work()
            ticket = Ticket.objects.get()
            assert (ticket.channel, ticket.requester_email) == (TicketChannel.MAIL, EMAIL)

            faults = self.answer(desk, shop, ticket)
            work()
            assert "I am sorry" in latest("When may we call you?")
            faults += self.reply(phone, shop, ticket)
            faults += self.resolve(desk, shop, ticket)
            work()
            faults += self.rate(phone, shop, latest("How did we handle it?"))

        ticket.refresh_from_db()
        assert (ticket.type, ticket.status) == (TicketType.COMPLAINT, TicketStatus.RESOLVED)
        assert list(ticket.articles.order_by("pk").values_list("channel", flat=True))[:1] == [TicketChannel.MAIL]
        assert Rating.objects.get().score == Score.GOOD
        assert faults == []

    def answer(self, page: Page, shop: Shop, ticket: Ticket) -> list[str]:
        page.goto(shop.url + reverse("desk:ticket_do", args=[ticket.number, "type"]))
        page.get_by_label("Complaint").check()
        page.locator("#action button").click()
        page.goto(shop.url + reverse("desk:ticket", args=[ticket.number]))
        expect(page.locator(".articles")).to_contain_text("Nobody came, and I took a day off.")
        faults = self.look_into_the_menu_of_a_message(page)
        page.locator("#id_text").fill("I am sorry. When may we call you?")
        faults += faults_of(page)
        page.get_by_role("button", name="Send the answer").click()
        expect(page.locator(".articles")).to_contain_text("When may we call you?")
        return faults

    def look_into_the_menu_of_a_message(self, page: Page) -> list[str]:
        """By keys alone: it opens, leads to the link, and closes where it was opened."""
        opener, link = page.locator(".article-more > summary").first, page.get_by_role("link", name="Split it off")
        expect(link).to_have_count(0)
        Keyboard(page).press_on(".article-more > summary")
        expect(link.first).to_be_visible()
        faults = faults_of(page)
        keep_picture(page, "ticket-message-menu")
        page.keyboard.press("Tab")
        expect(link.first).to_be_focused()
        page.keyboard.press("Escape")
        expect(link).to_have_count(0)
        expect(opener).to_be_focused()
        return faults

    def test_is_rated_by_one_tap_where_it_was_confirmed(self, shop: Shop, customer: User, window: Window):
        account = Account.objects.get(customer__contacts__email=customer.email)
        ticket = make_ticket(shop.market.division, TicketType.COMPLAINT, account=account)
        bring_to(ticket, TicketStatus.RESOLVED)
        work()
        with window(PHONE) as phone:
            enter(phone, shop, customer)
            phone.goto(shop.url + reverse("selfcare:ticket", args=[ticket.number]))
            phone.locator("form[action$='/fixed/'] button").click()
            expect(phone.get_by_text("How did we handle it?")).to_be_visible()
            faults = faults_of(phone)
            keep_picture(phone, "ticket-rate")
            phone.get_by_role("button", name="Well", exact=True).click()
            expect(phone.get_by_text("How did we handle it?")).to_have_count(0)

        assert (Rating.objects.get().score, faults) == (Score.GOOD, [])

    def reply(self, page: Page, shop: Shop, ticket: Ticket) -> list[str]:
        page.goto(shop.url + reverse("selfcare:ticket", args=[ticket.number]))
        expect(page.locator(".talk").first).to_contain_text("When may we call you?")
        page.locator("#id_text").fill("After five, any day.")
        faults = faults_of(page)
        page.get_by_role("button", name="Send it").click()
        expect(page.locator(".talk").first).to_contain_text("After five, any day.")
        return faults + faults_of(page)

    def resolve(self, page: Page, shop: Shop, ticket: Ticket) -> list[str]:
        page.goto(shop.url + reverse("desk:ticket", args=[ticket.number]))
        expect(page.locator(".articles")).to_contain_text("After five, any day.")
        page.goto(shop.url + reverse("desk:ticket_do", args=[ticket.number, "resolve"]))
        page.get_by_label("What was done").fill("The visit is free, and on the day that you chose.")
        faults = faults_of(page)
        page.locator("#action button").click()
        expect(page.locator("main")).to_contain_text("Resolved")
        return faults

    def rate(self, page: Page, shop: Shop, letter: str) -> list[str]:
        found = re.search(r"Well: (\S+)", letter)
        assert found, letter
        address = urlsplit(found[1])
        page.context.clear_cookies()  # nobody has to sign in
        page.goto(f"{shop.url}{address.path}?{address.query}")
        expect(page.get_by_label("Well")).to_be_checked()
        faults = faults_of(page)
        page.get_by_role("button", name="Tell us").click()
        expect(page.get_by_role("button", name="Tell us")).to_have_count(0)
        return faults + faults_of(page)
