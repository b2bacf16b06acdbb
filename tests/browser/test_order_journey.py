"""A stranger orders: with JavaScript and without, on a phone and at a desk, by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from orders.states import OrderStatus
from tests.browser.conftest import DESKTOP, PHONE, Shop, Window
from tests.browser.keyboard import Keyboard
from tests.browser.ordering import GO_ON, answer_the_rest


def answer_everything(page: Page, shop: Shop) -> None:
    """Go from the start page to the confirmation as a visitor does."""
    page.goto(shop.url)
    page.fill("#id_address", shop.premises.label)
    page.click(".address-box-row button")
    page.click(f"button[value={shop.market.package}]")
    page.fill(f"[name=addon-{shop.market.add_on}]", "1")
    page.click(GO_ON)
    answer_the_rest(page, name="Jo Sample", email="jo@example.com")


class TestTheOrder:
    @pytest.mark.parametrize("width", [PHONE, DESKTOP])
    @pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
    def test_reaches_its_confirmation(self, shop: Shop, window: Window, width: int, *, javascript: bool):
        with window(width, javascript=javascript) as page:
            answer_everything(page, shop)

        order = Order.objects.get()
        assert order.status == OrderStatus.ACKNOWLEDGED
        assert order.chosen.add_ons == {shop.market.add_on: 1}
        assert order.contact["email"] == "jo@example.com"

    def test_can_be_pressed_twice(self, shop: Shop, window: Window):
        order = shop.draft()
        with window() as page:
            page.goto(shop.question(order, "review"))
            page.locator("main form.card-plain button.btn-primary").dblclick()
            expect(page.locator("h1")).to_contain_text("Thank you")

        assert Order.objects.get().lines.count() == 4

    def test_survives_the_back_button_and_a_refresh(self, shop: Shop, window: Window):
        order = shop.draft()
        with window() as page:
            page.goto(shop.question(order, "options"))
            page.fill(f"[name=addon-{shop.market.add_on}]", "2")
            page.click(GO_ON)
            page.wait_for_url("**/terms/")  # what was agreed to has changed
            page.go_back()
            expect(page.locator(f"[name=addon-{shop.market.add_on}]")).to_have_value("2")
            page.reload()
            page.fill(f"[name=addon-{shop.market.add_on}]", "3")
            page.click(GO_ON)
            page.wait_for_url("**/terms/")  # what was agreed to has changed

        order.refresh_from_db()
        assert order.chosen.add_ons == {shop.market.add_on: 3}

    def test_can_be_done_by_keyboard_alone(self, shop: Shop, window: Window):
        with window() as page:
            page.goto(shop.url)
            keys = Keyboard(page)
            keys.type_into("#id_address", shop.premises.label)
            keys.press_on(".address-box-row button")
            keys.press_on(f"button[value={shop.market.package}]")
            keys.press_on(GO_ON)
            keys.type_into("#id_name", "Jo Sample")
            keys.type_into("#id_email", "jo@example.com")
            keys.type_into("#id_phone", "602 555 0123")
            keys.press_on(GO_ON)
            keys.press_on("input[name=slot]", key="Space")
            keys.press_on(GO_ON)
            keys.press_on("#id_agree", key="Space")
            keys.press_on(GO_ON)
            keys.press_on("main form.card-plain button.btn-primary")
            expect(page.locator("h1")).to_contain_text("Thank you, Jo Sample")

        assert Order.objects.get().status == OrderStatus.ACKNOWLEDGED


class TestWithJavaScript:
    def test_addresses_are_suggested_and_the_arrow_keys_choose(self, shop: Shop, window: Window):
        with window() as page:
            page.goto(shop.url)
            page.locator("#id_address").press_sequentially("31 Maple Street")
            expect(page.locator(".suggestions button")).to_contain_text(shop.premises.label)
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            expect(page.locator("h1")).to_contain_text("Good news")

    def test_escape_closes_the_suggestions(self, shop: Shop, window: Window):
        with window() as page:
            page.goto(shop.url)
            page.locator("#id_address").press_sequentially("31 Maple Street")
            page.wait_for_selector(".suggestions button")
            page.keyboard.press("Escape")
            expect(page.locator(".suggestions")).to_have_count(0)
            expect(page.locator("#id_address")).to_be_focused()

    def test_the_price_follows_what_is_ticked(self, shop: Shop, window: Window):
        order = shop.draft()
        with window() as page:
            page.goto(shop.question(order, "options"))
            rail = page.locator(".rail")
            expect(rail).to_contain_text(f"${order.monthly}")
            page.fill(f"[name=addon-{shop.market.add_on}]", "2")
            page.keyboard.press("Tab")
            expect(rail).not_to_contain_text(f"${order.monthly}")
            expect(rail).to_contain_text("2 × ")

        before = order.monthly
        order.refresh_from_db()
        assert order.monthly == before

    def test_the_summary_of_errors_takes_the_focus(self, shop: Shop, window: Window):
        order = shop.draft()
        with window() as page:
            page.goto(shop.question(order, "details"))
            page.fill("#id_name", "")
            page.click(GO_ON)
            expect(page.locator(".error-summary")).to_be_focused()
            page.click(".error-summary a")
            expect(page.locator("#id_name")).to_be_focused()
