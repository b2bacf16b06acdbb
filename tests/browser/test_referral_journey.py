"""
A programme is started, a customer takes part and invites, a friend follows the link and orders, and the customer sees it.

On the phone and on the desktop; axe looks at every page on the way in light and in dark, and none is wider than its window.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Account
from accounts.testing import make_details
from commissions.services.accrual import accrue_rewards
from commissions.services.qualification import reconsider
from commissions.testing import make_rule, make_version
from foundation.divisions.fields import Texts
from foundation.events.services import deliver_next
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.storefront.attribution import COOKIE
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import make_order
from referrals.models import Invitation, Programme, Referral, Referrer, Touch
from referrals.services import start_programme, withdraw_invitation, write_invitations
from referrals.states import InvitationStatus, ProgrammeStatus, TouchKind
from referrals.testing import make_invitation, make_programme, make_referral, make_referrer
from tests.browser.conftest import DESKTOP, PHONE, Shop, Window
from tests.browser.looking import faults_of
from tests.browser.ordering import GO_ON, answer_the_rest
from tests.browser.test_accessibility import NARROWEST
from tests.commissions.paying import AT_ONCE

EMAIL = "robin@people.example"
FRIENDS = ("ann@friends.example", "ben@friends.example")


@dataclass
class Cast:
    """Who plays: a market's operator, and a customer of it whose service works."""

    shop: Shop
    operator: User
    customer: User
    account: Account
    programme: Programme

    def enter(self, page: Page, person: User) -> None:
        """Sign somebody in."""
        session = sign_in(Client(), person).session.session_key
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.shop.url}])


@pytest.fixture
def cast(shop: Shop) -> Cast:
    division = shop.market.division
    customer = make_person(Role.CUSTOMER, division, email=EMAIL, name="Robin Resident")
    details = make_details(name="Robin Resident", email=EMAIL)
    order = make_order(OrderStatus.COMPLETED, shop.market, details=details)
    programme = make_programme(
        division,
        is_running=False,
        names=Texts(en="Bring a friend"),
        landing_texts=Texts(en="Fast Internet, a fair price, and people who answer the phone."),
    )
    return Cast(shop, make_person(Role.OPERATOR, division), customer, order.parties()[1], programme)


@pytest.fixture
def check() -> Iterator[Callable[[Page], None]]:
    """Look at the pages that a story passes; what keeps anybody out of one fails the test at its end."""
    faults: list[str] = []
    yield lambda page: faults.extend(faults_of(page))
    assert faults == []


def deliver() -> None:
    """Deliver every fact that is due; what is asked of billing, which is not there, waits for its next try."""
    while deliver_next():
        pass


def path_in(message: mail.EmailMessage) -> str:
    """Return the address that a letter leads to, on whatever host."""
    link = re.search(r"https?://\S+/i/[\w-]+/(?=\s)", str(message.body))
    assert link, message.body
    return urlsplit(link[0]).path


class TestTheWholeStory:
    @pytest.mark.parametrize("width", [PHONE, DESKTOP])
    def test_from_the_programme_to_the_alert(self, cast: Cast, window: Window, check: Callable, width: int):
        self.start(cast, window, check)
        self.take_part(cast, window, check, width)
        self.invite(cast, window, check, width)
        deliver()
        write_invitations()
        deliver()
        letters = {message.to[0]: message for message in mail.outbox if message.to[0] in FRIENDS}
        assert set(letters) == set(FRIENDS)
        assert all("List-Unsubscribe" in letter.extra_headers for letter in letters.values())

        self.order(cast, window, check, width, path_in(letters[FRIENDS[0]]))

        deliver()
        order = Order.objects.latest("pk")
        referral = Referral.objects.get()
        assert (referral.order, referral.referrer, referral.friend_label) == (order, Referrer.objects.get(), "Ann")
        alerts = [message for message in mail.outbox if message.to == [EMAIL] and "Ann" in str(message.body)]
        assert len(alerts) == 1
        assert cast.shop.premises.label not in str(alerts[0].body)
        self.see(cast, window, check, width)

    def start(self, cast: Cast, window: Window, check: Callable) -> None:
        with window(DESKTOP) as page:
            cast.enter(page, cast.operator)
            page.goto(cast.shop.url + reverse("admin:referrals_programme_change", args=[cast.programme.pk]))
            page.locator("[name=headlines_en]").fill("Your friend has good Internet. So can you.")
            page.get_by_role("button", name="Save and continue editing").click()
            check(page)
            page.get_by_role("link", name="As a friend sees it").click()
            landing = page.frame_locator("iframe").nth(1)
            expect(landing.locator("h1")).to_have_text("Your friend has good Internet. So can you.")
            letter = page.frame_locator("iframe").nth(0)
            expect(letter.locator("body")).to_contain_text("Robin likes it at")
            check(page)
            page.get_by_role("link", name="Send a test").click()
            check(page)
            page.get_by_role("button", name="Send a test").click()
            page.get_by_role("button", name="Start this program").click()
            expect(page.locator(".field-status")).to_contain_text("Running")

        assert Programme.objects.get().status == ProgrammeStatus.ACTIVE

    def take_part(self, cast: Cast, window: Window, check: Callable, width: int) -> None:
        with window(width) as page:
            page.goto(cast.shop.url)
            page.locator("footer").get_by_role("link", name="Bring a friend").click()
            check(page)
            page.get_by_role("button", name="Get my code").click()
            expect(page.locator(".error-summary")).to_be_focused()
            check(page)
            page.get_by_label("Account number").fill(cast.account.number)
            page.get_by_label("E-mail address or phone number").fill(EMAIL)
            page.get_by_label("I agree to the terms").check()
            page.get_by_role("button", name="Get my code").click()
            expect(page.locator("h1")).to_have_text("You take part")
            expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
            check(page)

    def invite(self, cast: Cast, window: Window, check: Callable, width: int) -> None:
        with window(width) as page:
            cast.enter(page, cast.customer)
            page.goto(cast.shop.url + reverse("selfcare:referrals"))
            expect(page.locator(".empty")).to_contain_text("Nobody yet")
            check(page)
            page.locator("section.card-plain").get_by_role("link", name="Let us write to your friends").click()
            check(page)
            self.fill(page, 1, name="Ann", email=FRIENDS[0], address=cast.shop.premises.label, note="You asked me.")
            expect(page.locator("#id_row-1-note_helptext")).to_have_text("127 letters left")
            page.get_by_text("Another friend").first.click()
            self.fill(page, 2, name="Ben", email="ben at home", address=cast.shop.premises.label)
            page.get_by_role("button", name="Check the addresses and send").click()
            expect(page.locator(".error-summary")).to_contain_text("Friend 2: Enter an e-mail address.")
            expect(page.locator(".outcomes")).to_contain_text("Ann")
            check(page)
            page.fill("#id_row-2-email", FRIENDS[1])
            page.get_by_role("button", name="Check the addresses and send").click()
            expect(page.locator(".friend")).to_have_count(2)
            check(page)

    def fill(self, page: Page, row: int, **values: str) -> None:
        for field, value in values.items():
            page.fill(f"#id_row-{row}-{field}", value)

    def order(self, cast: Cast, window: Window, check: Callable, width: int, path: str) -> None:
        with window(width) as page:
            page.goto(cast.shop.url + path)
            expect(page.locator(".hero-from")).to_contain_text("Robin thought of you")
            expect(page.locator("h1")).to_have_text("Your friend has good Internet. So can you.")
            check(page)
            page.get_by_text("Look up another address").click()
            order_from(page, cast.shop)
            check(page)

    def see(self, cast: Cast, window: Window, check: Callable, width: int) -> None:
        with window(width) as page:
            cast.enter(page, cast.customer)
            page.goto(cast.shop.url + reverse("selfcare:start"))
            ann = page.locator(".friend").filter(has_text="Ann")
            expect(ann).to_contain_text("Your friend has ordered")
            check(page)
            page.get_by_role("link", name="All my friends").click()
            expect(ann).to_contain_text("Your friend has ordered")
            expect(page.locator("main")).not_to_contain_text(cast.shop.premises.label)
            check(page)
            page.get_by_role("link", name="Withdraw (Ben)").click()
            check(page)
            page.get_by_role("button", name="Withdraw the invitation").click()
            expect(page.locator(".friend").filter(has_text="Ben")).to_contain_text("This invitation was withdrawn.")
            check(page)

        assert Invitation.objects.get(friend_name="Ben").status == InvitationStatus.WITHDRAWN


def order_from(page: Page, shop: Shop) -> None:
    """Go from any page with the address box to the confirmation; whoever keeps no cookie of ours loses it each time."""
    page.fill("#id_address", shop.premises.label)
    page.click(".address-box-row button")
    order_at_the_address(page, shop)


def order_at_the_address(page: Page, shop: Shop) -> None:
    """Go from what can be had at an address to the confirmation."""
    forget_us(page)
    page.click(f"button[value={shop.market.package}]")
    page.click(GO_ON)
    answer_the_rest(page, name="Ann Friend", email="ann.somewhere@else.example")


def forget_us(page: Page) -> None:
    """Lose the cookie that remembers what brought a visitor."""
    page.context.clear_cookies(name=COOKIE)


class TestWithoutJavaScriptOrACookie:
    @pytest.fixture
    def referrer(self, shop: Shop) -> Referrer:
        return make_referrer(shop.market)

    @pytest.mark.parametrize("width", [PHONE, DESKTOP])
    def test_an_invitation_is_opened_and_credited(self, shop: Shop, window: Window, referrer: Referrer, width: int):
        invitation = make_invitation(referrer, name="Ann")
        deliver()
        with window(width, javascript=False) as page:
            page.goto(shop.url + path_in(mail.outbox[-1]))
            page.context.clear_cookies()
            invitation.refresh_from_db()
            assert invitation.status == InvitationStatus.CLICKED
            assert Touch.objects.get().invitation == invitation
            page.goto(page.url)  # all that is known of the visitor stands in the address
            forget_us(page)
            expect(page.locator(".hero-from")).to_contain_text("thought of you")
            premises = invitation.qualification.premises
            expect(page.locator("main")).not_to_contain_text(premises.street_line)
            page.fill("#id_number", premises.house_number)
            page.get_by_role("button", name="Go to that address").click()
            expect(page.locator(".where")).to_contain_text(premises.street_line)
            order_at_the_address(page, shop)

        deliver()
        assert Referral.objects.get().invitation == invitation

    @pytest.mark.parametrize("width", [PHONE, DESKTOP])
    def test_a_link_is_credited(self, shop: Shop, window: Window, referrer: Referrer, width: int):
        with window(width, javascript=False) as page:
            page.goto(f"{shop.url}/r/{referrer.code}/")
            page.context.clear_cookies()
            assert Touch.objects.get().kind == TouchKind.LINK
            page.goto(page.url)
            forget_us(page)
            order_from(page, shop)

        deliver()
        assert Referral.objects.get().referrer == referrer

    def test_a_code_is_credited(self, shop: Shop, window: Window, referrer: Referrer):
        order = shop.draft()
        with window(PHONE, javascript=False) as page:
            page.goto(shop.question(order, "details"))
            page.fill("#id_code", referrer.code.lower())
            page.click(GO_ON)
            if page.locator("#id_agree").count():
                page.check("#id_agree")
                page.click(GO_ON)
            expect(page.locator(".answers")).to_contain_text("Who sent you")
            page.click("main form.card-plain button.btn-primary")
            expect(page.locator("h1")).to_contain_text("Thank you")

        deliver()
        assert Referral.objects.get().referrer == referrer

    def test_friends_are_invited(self, shop: Shop, window: Window, cast: Cast):
        Programme.objects.all().delete()
        make_referrer(shop.market, user=cast.customer)
        with window(PHONE, javascript=False) as page:
            cast.enter(page, cast.customer)
            page.goto(shop.url + reverse("selfcare:referral_invite"))
            page.fill("#id_row-1-name", "Ann")
            page.fill("#id_row-1-email", FRIENDS[0])
            page.fill("#id_row-1-address", shop.premises.label)
            page.get_by_role("button", name="Check the addresses and send").click()
            expect(page.locator(".friend h3")).to_have_text("Ann")

        assert Invitation.objects.get().email == FRIENDS[0]


class TestEveryPage:
    """Of the shop and of self-care, about referrals and what they bring."""

    @pytest.fixture
    def pages(self, shop: Shop, cast: Cast) -> list[str]:
        Programme.objects.all().delete()
        referrer = make_referrer(shop.market, user=cast.customer)
        make_version(make_rule(shop.market.division, programme=referrer.programme), **AT_ONCE)
        (reward,) = accrue_rewards(make_referral(referrer, shop.market, status=OrderStatus.COMPLETED).pk)
        reconsider(reward.friend_account_id)
        withdrawn, bounced, invitation = (make_invitation(referrer) for _each in range(3))
        withdraw_invitation(withdrawn.pk, by=None)
        Invitation.objects.filter(pk=bounced.pk).update(status=InvitationStatus.BOUNCED)
        make_referral(referrer, shop.market, status=OrderStatus.CANCELLED)
        own = ("start", "referrals", "referral_invite", "statements")
        return [
            *(reverse(f"selfcare:{name}") for name in own),
            reverse("selfcare:statement", args=[reward.payee_id]),
            reverse("selfcare:referral_withdraw", args=[invitation.pk]),
            reverse("selfcare:referral_correct", args=[bounced.pk]),
            *(reverse(f"storefront:{name}") for name in ("refer", "refer_welcome", "invitations_stopped")),
            reverse("storefront:refer_yours", args=[referrer.code]),
            reverse("storefront:referral_link", args=[referrer.code]),
            reverse("storefront:invitation", args=[invitation.token]),
            reverse("storefront:stop_invitations", args=[invitation.token]),
        ]

    @pytest.mark.parametrize("width", [NARROWEST, DESKTOP])
    def test_keeps_nobody_out(self, window: Window, cast: Cast, pages: list[str], check: Callable, width: int):
        with window(width) as page:
            cast.enter(page, cast.customer)
            for address in pages:
                answer = page.goto(cast.shop.url + address)
                assert answer is not None
                assert answer.ok, address
                check(page)

    @pytest.mark.parametrize("width", [NARROWEST, DESKTOP])
    def test_keeps_nobody_out_who_does_not_take_part(
        self, shop: Shop, window: Window, cast: Cast, check: Callable, width: int
    ):
        with window(width) as page:
            page.goto(shop.url + reverse("storefront:refer"))
            expect(page.locator("h1")).to_have_text("Bring a friend")  # no program runs
            check(page)
            start_programme(cast.programme.pk, by=cast.operator)
            cast.enter(page, cast.customer)
            for name in ("start", "referrals", "statements"):
                page.goto(shop.url + reverse(f"selfcare:{name}"))
                check(page)
