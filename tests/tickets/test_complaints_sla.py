"""What other systems are complained of about promised times, and ours does (RC C.5, numbers 1, 2, 3 and 8)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from foundation.clocks.testing import make_round_the_clock
from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tickets import services
from tickets.events import PromiseMissed
from tickets.queries.sla import clocks_of
from tickets.states import ClockKind, PendingReason, Priority
from tickets.testing import add_target, make_policy, make_ticket

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.fixture
def division(db):
    return make_division("Harbor")


@pytest.fixture
def desk(client, division):
    """Sit at the desk as a CSR, who signs in anew after hours away."""
    csr = make_person(Role.CSR, division)

    def signed_in():
        client.logout()
        return sign_in(client, csr)

    return signed_in


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def do(desk, ticket, doing: str, **typed) -> None:
    """Do something on the ticket's page."""
    response = desk().post(reverse("desk:ticket_do", args=[ticket.number, doing]), typed)
    assert response.status_code == 302, response.content.decode()
    assert response["Location"] == reverse("desk:ticket", args=[ticket.number])


def page_of(desk, ticket) -> str:
    return desk().get(reverse("desk:ticket", args=[ticket.number])).content.decode()


def sweep() -> None:
    services.sweep_clocks()
    drain()


class TestComplaint1TheClockRunsOnWhileWaiting:
    @pytest.mark.parametrize("reason", [PendingReason.CUSTOMER, PendingReason.PARTS])
    def test_ours_stands_still(self, division, desk, clock, reason):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division)
        clock.shift(2 * HOUR)
        question = "Which light blinks?" if reason == PendingReason.CUSTOMER else ""
        do(desk, ticket, "wait", reason=reason, question=question)

        clock.shift(20 * HOUR)
        sweep()

        assert "paused, 6 h 00 min left" in page_of(desk, ticket)
        assert published(PromiseMissed) == []


class TestComplaint2ChangingTheServiceLevelForgetsPauses:
    def test_ours_keeps_them(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 24}, calendar=around)
        add_target(policy, ClockKind.RESOLVE, 8, calendar=around, priority=Priority.P2)
        ticket = make_ticket(division)
        clock.shift(HOUR)
        do(desk, ticket, "wait", reason=PendingReason.CUSTOMER, question="Which light blinks?")
        clock.shift(20 * HOUR)
        do(desk, ticket, "go-on")

        do(desk, ticket, "priority", priority=Priority.P2)
        sweep()

        page = page_of(desk, ticket)
        assert "7 h 00 min left" in page
        assert str(PendingReason.CUSTOMER.label).replace("'", "&#x27;") in page
        assert published(PromiseMissed) == []


class TestComplaint3ShownPausedAndStillTicking:
    def test_ours_shows_what_it_counts_and_counts_what_it_shows(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division)
        clock.shift(7 * HOUR)
        do(desk, ticket, "wait", reason=PendingReason.PARTS)
        shown = page_of(desk, ticket)
        clock.shift(100 * HOUR)
        sweep()

        assert "paused, 1 h 00 min left" in shown
        assert "paused, 1 h 00 min left" in page_of(desk, ticket)
        assert published(PromiseMissed) == []

    def test_the_breach_is_told_in_the_minute_in_which_the_page_says_so(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division)
        clock.shift(8 * HOUR - timedelta(seconds=1))
        sweep()
        assert (clocks_of(ticket, now())[0].is_breached, published(PromiseMissed)) == (False, [])

        clock.shift(timedelta(seconds=1))
        sweep()

        assert clocks_of(ticket, now())[0].is_breached
        assert len(published(PromiseMissed)) == 1
        assert "late by 0 h 00 min" in page_of(desk, ticket)


class TestComplaint8TheCustomersWebNoteDidNotRestartTheClock:
    def test_ours_goes_on_with_what_they_write_on_the_website(self, division, clock, client):
        make_policy(division, {ClockKind.RESOLVE: 8})
        customer = make_person(Role.CUSTOMER, division)
        ticket = make_ticket(division)
        ticket.customer.user = customer
        ticket.customer.save(update_fields=["user"])
        services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        clock.shift(5 * HOUR)

        address = reverse("selfcare:ticket", args=[ticket.number])
        response = sign_in(client, customer).post(address, {"text": "It blinks red.", "key": "note"})

        assert response.status_code == 302
        face = clocks_of(ticket, now())[0]
        assert (face.is_running, face.paused, face.clock.due_at) == (True, 5 * HOUR, MONDAY + 13 * HOUR)
