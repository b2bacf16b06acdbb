"""A supervisor's morning: what is late, who has how much, a sick agent's tickets given away and back, the figures."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from foundation.divisions.testing import make_division, make_site
from foundation.events.testing import drain
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.testing import make_member, make_team
from tests.browser.conftest import DESKTOP
from tests.browser.looking import faults_of, keep_picture
from tickets import services
from tickets.models import Ticket
from tickets.states import ClockKind, ResolutionCode, Told
from tickets.testing import add_step, make_policy, make_routing, make_ticket, reply

PHONE = 390


@pytest.fixture
def sick(transactional_db: None) -> User:
    """A market on a morning: yesterday's tickets done, and three open ones of somebody who is ill, all late."""
    division = make_site(make_division("Harbor"), host="*").division
    make_person(Role.SUPERVISOR, division, name="Sam Supervisor", email="sam@harbor.example")
    team = make_team(division, name="First line")
    ill, *_others = (
        make_member(team, make_person(Role.CSR, division, name=name), capacity=5).user
        for name in ("Ida Ill", "Walt Well", "Zoe Well")
    )
    policy = make_policy(division, {ClockKind.RESTORE: 4, ClockKind.RESOLVE: 8})
    add_step(policy, 100, Told.SUPERVISOR)
    with time_machine.travel(now() - timedelta(hours=20)):
        done = [make_ticket(division, priority=priority) for priority in ("p1", "p2", "p3", "p3")]
        late = [make_ticket(division, subject=f"No light {number}") for number in range(3)]
        for ticket in late:
            services.hand_over_ticket(ticket.pk, ill, team=team, by=None)
        reply(done[3])
    with time_machine.travel(now() - timedelta(hours=17)):
        for ticket in done:
            services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "The wire.", by=None)
        services.reopen_ticket(done[2].pk, by=None)
        services.resolve_ticket(done[2].pk, ResolutionCode.RESTORED, "The other wire.", by=None)
    make_routing(division, {"team": team})
    while services.sweep_clocks():
        pass
    drain()
    return ill


@pytest.fixture
def desk(page: Page, live_server: LiveServer, sick: User) -> Page:
    supervisor = User.objects.get(email="sam@harbor.example")
    session = sign_in(Client(), supervisor).session.session_key
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page.set_default_timeout(15_000)
    page.set_viewport_size({"width": DESKTOP, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    page.goto(live_server.url + reverse("desk:tickets"))
    return page


def look(page: Page, name: str) -> None:
    """Let nothing on a page keep anybody out, on a desktop and on a phone, nor be cut off there."""
    for width in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": 800})
        assert faults_of(page, ("light",)) == [], name
        keep_picture(page, f"supervisor-{name}-{width}")


def test_goes_from_what_is_late_to_who_can_do_it_and_how_well_it_went(desk: Page, sick: User):
    expect(desk.get_by_role("columnheader", name="Due")).to_have_attribute("aria-sort", "ascending")
    look(desk, "list")

    desk.get_by_role("link", name=re.compile("promises? near or missed")).click()
    expect(desk.get_by_role("row", name=re.compile("No light 1")).first).to_contain_text("100 %")
    look(desk, "alerts")
    desk.get_by_role("button", name="I have seen these").click()
    expect(desk.get_by_role("heading", name="Nothing new")).to_be_visible()

    desk.get_by_role("link", name="Tickets", exact=True).first.click()
    desk.get_by_role("link", name="Who works now").click()
    ill = desk.get_by_role("row", name=re.compile("Ida Ill"))
    expect(ill).to_contain_text("3 of 5")
    look(desk, "team")
    ill.get_by_role("link", name=re.compile("absent|does not work|do not work", re.IGNORECASE)).first.click()
    desk.locator("main form button.btn-primary, main form button.btn-danger").first.click()
    expect(desk.get_by_role("row", name=re.compile("Ida Ill"))).to_contain_text("absent")

    desk.get_by_role("row", name=re.compile("Ida Ill")).get_by_role("link", name=re.compile("others")).click()
    look(desk, "reassign")
    desk.get_by_role("button", name="Give 3 tickets to others").click()
    expect(desk.get_by_role("heading", name="Given to others")).to_be_visible()
    assert not Ticket.objects.filter(owner=sick).exists()
    look(desk, "reassigned")
    desk.get_by_role("button", name="Undo it").click()
    expect(desk.locator("main")).to_contain_text("undone by Sam Supervisor")
    assert Ticket.objects.filter(owner=sick).count() == 3

    desk.get_by_role("link", name="Tickets", exact=True).first.click()
    desk.get_by_role("link", name="Figures").click()
    expect(desk.locator(".stats")).to_contain_text("3 h 00 min")
    look(desk, "figures")
    desk.locator(".stat", has_text="Reopened").get_by_role("link").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Reopened")
    expect(desk.locator("[data-rows] tr")).to_have_count(1)
    look(desk, "behind")
    desk.locator("[data-rows] a.desk-first").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("No internet")
