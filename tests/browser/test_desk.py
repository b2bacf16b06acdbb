"""A CSR with a caller on the line: finds the order, sees its work order, moves the visit; by mouse, by keys, by axe."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.testing import make_details
from foundation.divisions.fields import Texts
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.testing import make_member, make_team
from leads.testing import make_lead
from orders.models import Order
from orders.queries import open_slots
from orders.states import OrderStatus
from orders.testing import Market, fill_in, make_cart, make_market, make_order
from tests.browser.looking import faults_of, keep_picture, overhang
from tickets.models import Step
from tickets.services import hand_over_ticket
from tickets.testing import Asked, make_affected, make_outage, make_policy, make_symptom, make_ticket

LINES_OF_TEXT = (
    "one => { const text = new Range(); text.selectNodeContents(one); return text.getClientRects().length; }"
)
PHONE_HIGH = 844
"""Pixels of the first screen."""
LIST_BEGINS = 260
"""Pixels of a phone above the first row of a list, at most."""
TWO_LINES = 80
"""Pixels from which a header on a wide screen is broken in two."""


@pytest.fixture
def market(transactional_db: None) -> Market:
    return make_market()


@pytest.fixture
def csr(market: Market) -> User:
    return make_person(Role.CSR, market.division, name="Chris CSR")


@pytest.fixture
def order(market: Market) -> Order:
    return make_order(OrderStatus.IN_PROGRESS, market, details=make_details(name="Grace Hopper"))


@pytest.fixture
def desk(page: Page, live_server, csr: User) -> Page:
    """Open the desk's first page as a CSR."""
    session = sign_in(Client(), csr).session.session_key
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page.set_default_timeout(15_000)
    page.goto(live_server.url + reverse("desk:home"))
    return page


class TestCallerOnTheLine:
    def test_has_the_visit_moved(self, desk, order, market):
        slot = open_slots(market.division)[4]

        desk.get_by_role("searchbox").first.fill("grace hopper")
        desk.keyboard.press("Enter")
        desk.get_by_role("link", name=re.compile(order.number)).first.click()
        expect(desk.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
        work_order = desk.get_by_role("region", name="Asked of the billing system").first
        expect(work_order).to_contain_text("Work order")
        desk.get_by_role("link", name="Move the appointment").click()
        desk.get_by_label("New appointment").select_option(str(slot.pk))
        desk.get_by_role("button", name="Move it here").click()

        expect(desk.locator("#messages")).to_contain_text("The appointment is moved.")
        assert Order.objects.get(pk=order.pk).appointment.slot_id == slot.pk

    def test_has_the_visit_moved_by_keys_alone(self, desk, order, market):
        slot = open_slots(market.division)[4]

        desk.keyboard.press("/")
        expect(desk.get_by_role("searchbox").first).to_be_focused()
        desk.keyboard.type(order.number)
        desk.keyboard.press("Enter")
        desk.wait_for_url("**/search/**")
        desk.get_by_role("link", name=re.compile(order.number)).first.focus()
        desk.keyboard.press("Enter")
        desk.wait_for_url("**/orders/*/")
        desk.keyboard.press("r")
        picker = desk.get_by_label("New appointment")
        picker.focus()
        picker.select_option(str(slot.pk))
        desk.keyboard.press("Tab")
        desk.keyboard.press("Enter")

        expect(desk.locator("#messages")).to_contain_text("The appointment is moved.")
        assert Order.objects.get(pk=order.pk).appointment.slot_id == slot.pk


class TestKeys:
    def test_go_through_a_list_and_open_a_row(self, desk, market, live_server):
        older, newer = make_order(market=market), make_order(market=market)
        desk.goto(live_server.url + reverse("desk:orders"))

        for key in ("j", "j", "k", "j"):
            desk.keyboard.press(key)
        expect(desk.locator("tr.is-at")).to_contain_text(older.number)
        desk.keyboard.press("k")
        expect(desk.locator("tr.is-at")).to_contain_text(newer.number)
        desk.keyboard.press("Enter")

        desk.wait_for_url(f"**{reverse('desk:order', args=[newer.pk])}")

    def test_are_shown_and_can_be_switched_off(self, desk):
        desk.keyboard.press("?")
        dialog = desk.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        dialog.get_by_label("Switch the keys off").check()
        dialog.get_by_role("button", name="Close").click()

        desk.reload()
        desk.keyboard.press("?")

        expect(desk.get_by_role("dialog", name="Keys")).to_be_hidden()

    def test_open_a_palette_that_finds(self, desk, order):
        desk.keyboard.press("Control+k")
        desk.keyboard.type("hopper")
        found = (
            desk.get_by_role("dialog", name="Find and open").get_by_role("link", name=re.compile(order.number)).first
        )
        expect(found).to_be_visible()
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("Enter")

        desk.wait_for_url(f"**{reverse('desk:order', args=[order.pk])}")


class TestFilters:
    def test_are_folded_on_a_phone_and_stay_unfolded_while_one_chooses(self, desk, live_server, market):
        kind, more = desk.get_by_label("Type", exact=True), desk.locator(".desk-filter-more > summary")

        desk.goto(live_server.url + reverse("desk:tickets"))
        expect(kind).to_be_visible()
        expect(more).to_be_hidden()
        desk.set_viewport_size({"width": 390, "height": 844})
        expect(kind).to_be_hidden()
        more.click()
        kind.focus()
        kind.select_option("complaint")

        expect(more).to_have_text("Filters (1)")
        expect(kind).to_be_visible()
        expect(kind).to_be_focused()

    def test_stand_in_the_address_and_leave_nothing_empty_there(self, desk, market, live_server):
        held, other = make_order(OrderStatus.HELD, market), make_order(market=market)
        desk.goto(live_server.url + reverse("desk:orders"))

        desk.get_by_label("State").select_option("held")

        expect(desk.get_by_role("link", name=other.number)).to_be_hidden()
        expect(desk.get_by_role("link", name=held.number)).to_be_visible()
        assert desk.url.endswith("/staff/orders/?status=held")

    def test_work_without_javascript(self, browser, live_server, csr, market):
        held, other = make_order(OrderStatus.HELD, market), make_order(market=market)
        with browser.new_context(java_script_enabled=False) as context:
            session = sign_in(Client(), csr).session.session_key
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
            page = context.new_page()
            page.goto(live_server.url + reverse("desk:orders"))
            page.get_by_label("State").select_option("held")
            page.get_by_role("button", name="Filter").click()

            expect(page.get_by_role("link", name=held.number)).to_be_visible()
            expect(page.get_by_role("link", name=other.number)).to_be_hidden()

            page.goto(live_server.url + reverse("desk:ticket", args=[make_ticket(market.division).number]))
            expect(page.get_by_role("link", name="Merge")).to_be_hidden()
            page.locator(".desk-more > summary").first.click()
            page.get_by_role("link", name="Merge").click()
            expect(page.get_by_label("Number of the other ticket")).to_be_visible()

            page.set_viewport_size({"width": 390, "height": PHONE_HIGH})
            page.goto(live_server.url + reverse("desk:tickets"))
            expect(page.get_by_role("link", name="Letterbox")).to_be_hidden()
            page.locator(".desk-tools > summary").click()
            expect(page.get_by_role("link", name="Letterbox")).to_be_visible()


def assert_list_begins_early(page: Page) -> None:
    """See that little stands above a list, and that all of it has its name and its place all the same."""
    assert page.locator("tbody > tr").first.bounding_box()["y"] <= LIST_BEGINS
    for name in ("Outages", "Tickets"):
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_role("textbox", name="Number, words, name, phone or e-mail")).to_be_visible()
    expect(page.get_by_role("button", name="Filter", exact=True)).to_be_visible()


class TestTicketPages:
    """What stands on them has room, at a desk and on a phone."""

    @pytest.fixture
    def supervised(self, page: Page, live_server, market: Market) -> Page:
        supervisor = make_person(Role.SUPERVISOR, market.division, name="Sam Supervisor")
        session = sign_in(Client(), supervisor).session.session_key
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page.set_default_timeout(15_000)
        return page

    def test_fit_their_window(self, supervised, live_server, market):
        division = market.division
        make_symptom(division, "slow", Asked("lights", {"red": "visit"}))
        Step.objects.update(texts=Texts(en="Which of the lights on the front of the modem are lit or blinking now?"))
        ticket = make_ticket(division, symptom="slow", answers={"lights": "red"})
        team = make_team(division, members=1)
        make_member(team, make_person(Role.CSR, division, name="Wilhelmina Featherstonehaugh"), works_always=False)
        hand_over_ticket(ticket.pk, team.members.first().user, team=team, by=None)
        make_affected(division, market=market)
        outage = make_outage(division, by=make_person(Role.SUPERVISOR, division))

        def look(width: int, name: str, *args: object) -> None:
            supervised.set_viewport_size({"width": width, "height": 900})
            supervised.goto(live_server.url + reverse(f"desk:{name}", args=args))
            assert overhang(supervised) <= 0, name

        look(1280, "ticket", ticket.number)
        assert supervised.locator(".staff-header").bounding_box()["height"] < TWO_LINES
        values = supervised.locator("#who + * dd, section[aria-labelledby=who] .desk-pairs dd")
        assert all(value.bounding_box()["width"] > 150 for value in values.all())
        look(390, "who_works")
        for table in supervised.locator(".table-wrap").all():
            assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
            assert table.evaluate("one => getComputedStyle(one).overflowX") == "auto"  # with longer words it scrolls
        look(390, "outage", outage.pk)
        declared = supervised.locator(".facts dt", has_text=re.compile("^Declared$"))
        assert declared.evaluate(LINES_OF_TEXT) == 1
        look(390, "tickets")
        row = supervised.get_by_role("row").filter(has_text=ticket.number)
        labels = row.locator("td").evaluate_all("cells => cells.map(one => getComputedStyle(one, '::before').content)")
        assert '"State"' in labels
        expect(row).to_contain_text("Trouble")
        expect(row).to_contain_text(str(team))
        tools, letterbox = supervised.locator(".desk-tools > summary"), supervised.get_by_role("link", name="Letterbox")
        box = row.bounding_box()
        assert box["y"] + box["height"] < PHONE_HIGH
        assert_list_begins_early(supervised)
        expect(letterbox).to_be_hidden()
        tools.focus()
        supervised.keyboard.press("Enter")
        expect(letterbox).to_be_visible()
        supervised.goto(f"{supervised.url}?type=complaint")
        last = supervised.locator(".desk-saved [aria-current]").bounding_box()
        assert 0 <= last["x"] < last["x"] + last["width"] <= 390
        assert faults_of(supervised, ("light",)) == []
        supervised.set_viewport_size({"width": 1280, "height": 900})
        expect(letterbox).to_be_visible()
        expect(tools).to_be_hidden()
        look(390, "outage_new")
        button = supervised.get_by_role("button", name="Count whom it affects")
        assert button.evaluate("one => one.getBoundingClientRect().bottom") <= PHONE_HIGH
        expect(supervised.get_by_label("Works again by")).to_be_hidden()
        assert faults_of(supervised, ("light",)) == []


class TestAxe:
    def test_finds_nothing_serious(self, desk, order, market, live_server):
        lead = make_lead(market.division)
        held = make_order(OrderStatus.HELD, market)
        pages = [
            reverse(f"desk:{name}")
            for name in ("home", "orders", "leads", "submissions", "messages", "jobs", "keys", "new_order")
        ]
        pages += [reverse("desk:order", args=[one.pk]) for one in (order, held)]
        pages += [
            reverse(f"desk:order_{name}", args=[order.pk]) for name in ("reschedule", "correct", "hold", "cancel")
        ]
        pages += [
            reverse("desk:lead", args=[lead.pk]),
            reverse("desk:search") + "?q=hopper",
            reverse("desk:search") + "?q=xyzzy",
        ]

        faults = []
        for address in pages:
            desk.goto(live_server.url + address)
            faults += faults_of(desk)

        assert faults == []

    @pytest.mark.parametrize("width", [320, 390, 1280])
    def test_pages_are_never_wider_than_the_window(  # noqa: PLR0917  # what the pages show
        self, width, desk, order, live_server, market, csr
    ):
        desk.set_viewport_size({"width": width, "height": PHONE_HIGH})
        market.site.host = "*"
        market.site.save()
        for_a_caller = fill_in(make_cart(market, by=csr), market)

        for address in (reverse("desk:home"), reverse("desk:orders"), reverse("desk:order", args=[order.pk])):
            desk.goto(live_server.url + address)
            assert overhang(desk) <= 0

        desk.goto(f"{live_server.url}/order/{for_a_caller.token}/options/")
        keep_picture(desk, f"caller-{width}")
        assert faults_of(desk, ("light",)) == []
        assert width == 320 or desk.locator(".caller").bounding_box()["height"] < PHONE_HIGH / 7


class TestTicketOnAPhone:
    def test_shows_the_conversation_first_and_the_promises_as_a_line_that_unfolds(self, desk, live_server, market, csr):
        make_policy(market.division)
        ticket = make_ticket(market.division)
        promise = desk.locator(".clocks").get_by_text("Put right")

        desk.goto(live_server.url + reverse("desk:ticket", args=[ticket.number]))
        expect(promise).to_be_visible()
        merge, more = desk.get_by_role("link", name="Merge"), desk.locator(".desk-more > summary").first
        expect(merge).to_be_hidden()
        more.click()
        expect(merge).to_be_visible()
        desk.keyboard.press("Escape")
        expect(merge).to_be_hidden()
        expect(more).to_be_focused()
        desk.keyboard.press("Enter")
        merge.click()
        expect(desk.get_by_role("heading", name="Merge")).to_be_visible()
        expect(merge).to_be_hidden()
        beside = desk.locator(".ticket-clocks").bounding_box()["x"] > desk.locator(".ticket-talk").bounding_box()["x"]

        desk.set_viewport_size({"width": 390, "height": 844})
        expect(promise).to_be_hidden()
        expect(merge).to_be_hidden()
        folded = desk.locator(".ticket-clocks").bounding_box()["height"]
        desk.locator(".ticket-clocks summary").click()
        expect(promise).to_be_visible()
        found = faults_of(desk, ("light",))
        assert (beside, folded < 50, found) == (True, True, [])
