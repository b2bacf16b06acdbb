"""An agent at the door with a phone and a bad connection: arrives, changes the modem, takes a photo, leaves (X27)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Request, Route, expect

from accounts.testing import make_account
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division, make_site
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.browser.conftest import PHONE, Window
from tests.browser.looking import faults_of
from tickets.models import Equipment, Ticket, Visit, VisitDeed
from tickets.states import DeedKind, VisitStatus
from tickets.testing import make_equipment, make_ticket, make_visit

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
)


@pytest.fixture
def division(transactional_db: None) -> Division:
    site = make_site(make_division())
    site.host = "*"
    site.save()
    return site.division


@pytest.fixture
def agent(division: Division) -> User:
    return make_person(Role.FIELD_AGENT, division, name="Fran Field")


@pytest.fixture
def visit(division: Division, agent: User) -> Visit:
    account = make_account(division)
    make_equipment(account, "OLD-1")
    ticket = make_ticket(division, account=account, subject="The modem is dark since the storm")
    return make_visit(ticket, agent, begins_in=0, note="Gate code 4711. The dog is kind.")


@pytest.fixture
def phone(window: Window, agent: User, visit: Visit, live_server) -> Iterator[Page]:
    """Open the agent's day on a phone, with the visit in it."""
    session = sign_in(Client(), agent).session.session_key
    with window(PHONE) as page:
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page.goto(live_server.url + reverse("desk:visits"))
        yield page


def must_be_clean(page: Page) -> None:
    """Fail where axe finds something serious, the page is wider than the phone, or something is too small to press."""
    assert faults_of(page, ("light",)) == []
    small = "[...document.querySelectorAll('.field .btn, .field-card')].filter(it => it.getBoundingClientRect().height < 44)"
    assert page.evaluate(f"{small}.map(it => it.textContent)") == []


def drop_the_answer_of_the_next_post(page: Page) -> list[Request]:
    """Let the next post reach the server, and the connection break before its answer is there; note which it was."""
    dropped: list[Request] = []

    def handle(route: Route) -> None:
        if route.request.method != "POST" or dropped:
            route.fallback()
            return
        dropped.append(route.request)
        route.fetch()
        route.abort("connectionreset")

    page.route("**/staff/visits/*/", handle)
    return dropped


class TestX27AtTheDoorWithABadConnection:
    def test_what_was_sent_twice_happened_once(self, phone: Page, visit: Visit, tmp_path: Path):
        must_be_clean(phone)
        phone.get_by_role("link", name="The modem is dark").click()
        expect(phone.get_by_text("Gate code 4711.")).to_be_visible()
        expect(phone.get_by_role("link", name="Call")).to_have_attribute("href", f"tel:{visit.ticket.requester_phone}")
        must_be_clean(phone)
        phone.get_by_role("button", name="I have arrived").click()
        expect(phone.locator("#messages")).to_contain_text("Noted: you are there.")
        must_be_clean(phone)

        dropped = drop_the_answer_of_the_next_post(phone)
        phone.get_by_label("Serial number of the new one").fill("new-22")
        phone.get_by_role("button", name="Change the device").click()
        expect(phone.get_by_role("alert").filter(has_text="nothing is done twice")).to_be_visible()
        assert Equipment.objects.get(until=None).serial == "NEW-22", "The server had received it."
        must_be_clean(phone)
        phone.get_by_role("button", name="Change the device").click()
        expect(phone.locator("#messages")).to_contain_text("The device is changed.")

        assert len(dropped) == 1
        assert VisitDeed.objects.filter(kind=DeedKind.SWAP).count() == 1
        assert list(Equipment.objects.order_by("pk").values_list("serial", flat=True)) == ["OLD-1", "NEW-22"]
        picture = tmp_path / "splitter.png"
        picture.write_bytes(PIXEL)
        phone.get_by_label("Photo").set_input_files(picture)
        phone.get_by_role("button", name="Keep the photo").click()
        expect(phone.locator("#messages")).to_contain_text("The photo is kept.")
        phone.get_by_label("It works").check()
        phone.get_by_role("button", name="The visit is done").click()
        expect(phone.get_by_role("alert")).to_contain_text("Say in a few words what was done.")
        phone.get_by_label("What was done").fill("The old modem was burnt.")
        phone.get_by_label("It works").check()
        phone.get_by_role("button", name="The visit is done").click()
        expect(phone.locator("#messages")).to_contain_text("The visit is done.")
        must_be_clean(phone)

        visit.refresh_from_db()
        assert (visit.status, Ticket.objects.get().truck_rolls) == (VisitStatus.MADE, 1)
        assert VisitDeed.objects.count() == 4
