"""What is promised for tickets, how it is counted, and who is told (X12 to X20)."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings, strategies as st

from accounts.testing import make_account
from foundation.clocks.models import Calendar
from foundation.clocks.states import WatchStatus, ZoneOf
from foundation.clocks.testing import make_calendar, make_round_the_clock
from foundation.correspondence.models import Message
from foundation.correspondence.services import receive_mail
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.services import set_value
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import make_division, make_site, put_value
from foundation.events.models import Event
from foundation.events.testing import drain, published
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.models import Member, Team
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from tests.correspondence.mails import raw
from tests.tickets.conftest import Seat
from tickets import services
from tickets.events import PromiseMissed, PromiseNearing
from tickets.models import Alert, SlaPolicy, TicketClock
from tickets.queries.sla import alerts_for, clocks_of, pauses_by_agent, promise_in_words
from tickets.states import (
    AlertChannel,
    ClockKind,
    EscalationReason,
    HoldReason,
    PendingReason,
    Priority,
    ResolutionCode,
    TicketType,
    Told,
)
from tickets.testing import add_step, add_target, answer, make_policy, make_ticket, reply

NEW_YORK = ZoneInfo("America/New_York")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=NEW_YORK).astimezone(UTC)


@pytest.fixture
def division(db):
    return make_site(make_division("Harbor")).division


@pytest.fixture
def csr(division):
    return make_person(Role.CSR, division)


@pytest.fixture
def supervisor(division):
    return make_person(Role.SUPERVISOR, division, email="supervisor@harbor.example")


class Promised(NamedTuple):
    """What the page says of one promise."""

    stands: str
    percent: int
    due: datetime | None


class Desk:
    """Somebody at the desk, who signs in for each thing they do: days pass between them."""

    def __init__(self, person: User) -> None:
        self.person = person

    def try_to(self, ticket, doing: str, **answers: object):
        """Press a button of the ticket's page, fill in what it asks, and return what is said then."""
        said = {"reason": "Nothing is at stake."} if doing == "priority" else {}
        return sign_in(Client(), self.person).post(
            reverse("desk:ticket_do", args=[ticket.number, doing]), said | answers
        )

    def do(self, ticket, doing: str, **answers: object) -> None:
        assert self.try_to(ticket, doing, **answers).status_code == 302
        ticket.refresh_from_db()

    def answer(self, ticket, text: str) -> None:
        ticket.refresh_from_db()
        sent = sign_in(Client(), self.person).post(
            reverse("desk:ticket_answer", args=[ticket.number]), {"key": text, "text": text, "seen": ticket.version}
        )
        assert sent.status_code == 302

    def read(self, ticket, page: str = "desk:ticket") -> str:
        return Seat(sign_in(Client(), self.person), self.person).read(page, ticket.number)

    def panel(self, ticket) -> str:
        """Return what the page says of promises."""
        _before, _found, panel = self.read(ticket).partition('<ul class="clocks">')
        return panel.partition("</section>")[0]

    def promises(self, ticket) -> dict[str, Promised]:
        found = {}
        for row in self.panel(ticket).partition("</ul>")[0].split("<li>")[1:]:
            due = re.search(r'Due <strong><time datetime="([^"]+)"', row)
            found[first(r"<strong>(.*?)</strong>", row)] = Promised(
                first(r'class="tag[^>]*>(.*?)</span>', row), int(first(r"</progress> (\d+) %", row)),
                datetime.fromisoformat(due[1]) if due else None,
            )  # fmt: skip
        return found

    def pauses(self, ticket) -> list[str]:
        _before, _found, pauses = self.panel(ticket).partition('<ol class="timeline">')
        return [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split())
            for row in pauses.partition("</ol>")[0].split("<li>")[1:]
        ]


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


@pytest.fixture
def desk(csr):
    return Desk(csr)


def set_up_a_calendar(division, calendar: Calendar | None = None, *, closed: str = "", **more: str) -> None:
    """Fill in the operator's page: office hours from Monday to Friday with a lunch break, or one more day closed."""
    hours = [] if calendar else [(day, *frame) for day in range(5) for frame in (("8:00", "12:00"), ("13:00", "17:00"))]
    rows = {
        f"frames-{number}-{name}": value
        for number, row in enumerate(hours)
        for name, value in zip(("weekday", "opens", "closes"), row, strict=True)
    }
    typed = {
        "names_en": "Office", "code": "office", "division": division.pk, "zone_of": "division",
        "frames-TOTAL_FORMS": len(hours), "frames-INITIAL_FORMS": 0, **rows,
        "special_days-TOTAL_FORMS": int(bool(closed)), "special_days-INITIAL_FORMS": 0,
        "special_days-0-day": closed, "special_days-0-note": "Flood", **more,
    }  # fmt: skip
    name = "change" if calendar else "add"
    address = reverse(f"admin:clocks_calendar_{name}", args=[calendar.pk] if calendar else [])
    operator = sign_in(Client(), make_person(Role.OPERATOR, division))
    assert operator.post(address, typed).status_code == 302


def promise_by_contract(division, product) -> None:
    """Fill in the operator's page of a service level: whoever ordered this product has service again in four hours."""
    around = make_round_the_clock(division)
    typed = {
        "names_en": "business-fibre", "code": "business-fibre", "division": division.pk, "is_active": "on",
        "type": "", "family": "", "product": product.code, "pausing": ["customer"],
        "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0, "targets-0-kind": "restore", "targets-0-within": "4:00:00",
        "targets-0-calendar": around.pk, "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0,
    }  # fmt: skip
    operator = sign_in(Client(), make_person(Role.OPERATOR, division))
    assert operator.post(reverse("admin:tickets_slapolicy_add"), typed).status_code == 302


@pytest.fixture
def clock():
    """Stand on a Monday at nine in New York, and be moved by hand."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def faces(ticket) -> dict:
    """Return how the newest clock of each kind stands now."""
    from foundation.now import now  # noqa: PLC0415

    return {face.clock.kind: face for face in sorted(clocks_of(ticket, now()), key=lambda face: face.clock.pk)}


def sweep() -> int:
    """Sweep as beat does, and let those hear who listen."""
    while services.retime_clocks():
        pass
    swept = services.sweep_clocks()
    drain()
    return swept


class TestX12SeveralClocksPerTicket:
    def test_each_is_counted_by_its_own_calendar(self, division, desk, clock):
        around, office = make_round_the_clock(division), make_calendar(division)
        policy = make_policy(division, {ClockKind.RESTORE: 4}, calendar=around)
        add_target(policy, ClockKind.RESPONSE, 1, calendar=office)
        add_target(policy, ClockKind.RESOLVE, 16, calendar=office)
        clock.move_to(local("2026-03-02 16:30"))

        ticket = make_ticket(division)

        assert {what: promised.due for what, promised in desk.promises(ticket).items()} == {
            "Service works again": local("2026-03-02 20:30"),
            "First answer": local("2026-03-03 08:30"),
            "Put right": local("2026-03-04 16:30"),
        }
        assert "03/02/2026 8:30 p.m." in Seat(sign_in(Client(), desk.person), desk.person).read("desk:tickets")

    def test_each_stops_at_what_it_waits_for(self, division, desk, clock):
        hours = {ClockKind.RESPONSE: 1, ClockKind.UPDATE: 4, ClockKind.RESTORE: 4, ClockKind.RESOLVE: 8}
        make_policy(division, hours)
        ticket = make_ticket(division)

        def running() -> set[str]:
            return {what for what, promised in desk.promises(ticket).items() if promised.stands.endswith("left")}

        assert running() == {"First answer", "Service works again", "Put right"}
        clock.shift(10 * MINUTE)
        desk.answer(ticket, "We are looking into it.")
        assert running() == {"Next word to the customer", "Service works again", "Put right"}
        assert desk.promises(ticket)["First answer"] == Promised("kept", 16, None)
        clock.shift(HOUR)
        desk.do(ticket, "restored")
        assert running() == {"Next word to the customer", "Put right"}
        clock.shift(HOUR)
        desk.do(ticket, "resolve", code="restored", text="The wire.")
        assert running() == set()
        assert ticket.due_at is None

    def test_every_answer_promises_the_next_word_anew(self, division, csr, clock):
        make_policy(division, {ClockKind.UPDATE: 4})
        ticket = make_ticket(division)

        for _answer in range(2):
            clock.shift(3 * HOUR)
            answer(ticket, by=csr)

        assert TicketClock.objects.filter(ticket=ticket, status=WatchStatus.RUNNING).count() == 1
        assert faces(ticket)[ClockKind.UPDATE].clock.due_at == MONDAY + 10 * HOUR

    def test_nothing_is_promised_without_a_service_level(self, division, clock):
        assert clocks_of(make_ticket(division), MONDAY) == []


class TestX13CalendarsZonesAndDaylightSaving:
    @pytest.mark.parametrize(
        ("opened", "hours", "due", "why"),
        [
            ("2026-03-02 11:00", 2, "2026-03-02 14:00", "over lunch"),
            ("2026-03-06 16:00", 2, "2026-03-09 09:00", "over the week-end in which the clocks change"),
            ("2026-11-25 16:00", 2, "2026-11-27 09:00", "over Thanksgiving"),
        ],
    )
    def test_office_hours_are_due_as_worked_out_by_hand(self, division, desk, clock, opened, hours, due, why):  # noqa: PLR0917
        set_up_a_calendar(division, country="US")
        make_policy(division, {ClockKind.RESOLVE: hours}, calendar=Calendar.objects.get())
        clock.move_to(local(opened))

        ticket = make_ticket(division)

        assert desk.promises(ticket)["Put right"].due == local(due), why

    @pytest.mark.parametrize(
        ("opened", "due"),
        [("2026-03-07 23:00", "2026-03-08 04:00"), ("2026-10-31 23:00", "2026-11-01 02:00")],
    )
    def test_four_hours_over_a_night_of_daylight_saving(self, division, desk, clock, opened, due):
        make_policy(division, {ClockKind.RESTORE: 4})
        clock.move_to(local(opened))

        assert desk.promises(make_ticket(division))["Service works again"].due == local(due)

    def test_hours_may_be_meant_where_the_customer_is(self, division, desk, clock):
        west = make_division("West", parent=division)
        set_value(west, TIME_ZONE, "America/Los_Angeles")
        set_up_a_calendar(division, zone_of=ZoneOf.CUSTOMER)
        policy = make_policy(division, {ClockKind.RESPONSE: 1}, calendar=Calendar.objects.get())
        add_target(policy, ClockKind.RESOLVE, 1, calendar=make_calendar(division, zone_of=ZoneOf.DIVISION))

        found = desk.promises(make_ticket(west))

        assert found["First answer"].due == local("2026-03-02 09:00", ZoneInfo("America/Los_Angeles"))
        assert found["Put right"].due == local("2026-03-02 10:00")

    def test_a_changed_calendar_counts_for_what_is_open(self, division, desk, clock):
        set_up_a_calendar(division)
        calendar = Calendar.objects.get()
        make_policy(division, {ClockKind.RESOLVE: 8}, calendar=calendar)
        ticket = make_ticket(division)
        assert desk.promises(ticket)["Put right"].due == local("2026-03-03 09:00")

        set_up_a_calendar(division, calendar, closed="2026-03-03")
        sweep()

        assert desk.promises(ticket)["Put right"].due == local("2026-03-04 09:00")
        assert "03/04/2026" in Seat(sign_in(Client(), desk.person), desk.person).read("desk:tickets")

    def test_so_does_a_changed_time_zone(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8}, calendar=make_calendar(division))
        ticket = make_ticket(division)

        put_value(division, TIME_ZONE, "America/Chicago")
        desk.do(ticket, "priority", priority="p2")

        assert desk.promises(ticket)["Put right"].due == local("2026-03-02 17:00", ZoneInfo("America/Chicago"))


class TestX14OnlyListedStatesPause:
    @pytest.mark.parametrize(
        ("doing", "reason"),
        [("wait", PendingReason.CUSTOMER), ("wait", PendingReason.PARTS), ("hold", HoldReason.CREDIT)],
    )
    def test_while_it_waits_for_what_is_listed_time_stands_still(self, division, desk, clock, doing, reason):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division)
        clock.shift(2 * HOUR)
        question = {"question": "Which light blinks?"} if reason == PendingReason.CUSTOMER else {}
        desk.do(ticket, doing, reason=reason, **question)
        clock.shift(5 * HOUR)

        assert desk.promises(ticket)["Put right"] == Promised("paused, 6 h 00 min left", 25, None)
        [paused] = desk.pauses(ticket)
        assert paused == f"{reason.label} 03/02/2026 11 a.m. – now · {desk.person}"

    def test_without_a_reason_it_does_not_wait(self, division, desk, clock):
        make_policy(division)
        ticket = make_ticket(division)

        page = desk.try_to(ticket, "wait")

        assert page.status_code == 422
        assert "reason" in page.context["form"].errors
        assert desk.promises(ticket)["Put right"].stands == "8 h 00 min left"

    def test_while_it_waits_for_what_is_not_listed_it_runs(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8}, pausing=[PendingReason.CUSTOMER])
        ticket = make_ticket(division)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(HOUR)

        assert desk.promises(ticket)["Put right"].stands == "7 h 00 min left"
        assert desk.pauses(ticket) == []

    def test_another_reason_is_another_pause(self, division, desk, clock):
        make_policy(division)
        ticket = make_ticket(division)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(HOUR)
        desk.do(ticket, "hold", reason="credit")
        clock.shift(HOUR)
        desk.do(ticket, "go-on")
        clock.shift(HOUR)

        assert desk.pauses(ticket) == [
            f"{PendingReason.PARTS.label} 03/02/2026 9 a.m. – 03/02/2026 10 a.m. · {desk.person}",
            f"{HoldReason.CREDIT.label} 03/02/2026 10 a.m. – 03/02/2026 11 a.m. · {desk.person}",
        ]
        assert desk.promises(ticket)["Put right"].stands == "7 h 00 min left"

    def test_tickets_moved_many_at_once_are_followed(self, division, clock):
        make_policy(division)
        ticket = make_ticket(division)
        type(ticket).objects.filter(pk=ticket.pk).update(status="held", reason=HoldReason.CREDIT)
        clock.shift(HOUR)

        services.follow_ticket(ticket.pk, at=MONDAY)

        assert faces(ticket)[ClockKind.RESOLVE].paused == HOUR


class TestX15ChangesKeepElapsedAndPausedTime:
    def test_another_priority_has_another_target_and_the_same_past(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 24}, calendar=around)
        add_target(policy, ClockKind.RESOLVE, 4, calendar=around, priority=Priority.P1)
        ticket = make_ticket(division)
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(10 * HOUR)
        desk.do(ticket, "go-on")
        clock.shift(HOUR)
        pauses = desk.pauses(ticket)

        desk.do(ticket, "priority", priority="p1")

        assert desk.promises(ticket)["Put right"] == Promised("2 h 00 min left", 50, MONDAY + 14 * HOUR)
        assert desk.pauses(ticket) == pauses
        assert faces(ticket)[ClockKind.RESOLVE].paused == 10 * HOUR

    def test_so_has_another_calendar(self, division, desk, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 8})
        add_target(policy, ClockKind.RESOLVE, 8, calendar=make_calendar(division), priority=Priority.P4)
        ticket = make_ticket(division)
        clock.shift(5 * HOUR)

        desk.do(ticket, "priority", priority="p4")

        # Without lunch four of the five hours count.
        assert desk.promises(ticket)["Put right"] == Promised("4 h 00 min left", 50, local("2026-03-03 09:00"))

    def test_another_type_has_another_service_level_and_the_same_past(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8}, type=TicketType.TROUBLE)
        make_policy(division, {ClockKind.RESOLVE: 50, ClockKind.RESTORE: 20}, code="bills", type=TicketType.BILLING)
        ticket = make_ticket(division)
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="customer", question="Which light blinks?")
        clock.shift(2 * HOUR)

        desk.do(ticket, "type", type="billing")

        assert desk.promises(ticket) == {
            "Put right": Promised("paused, 49 h 00 min left", 2, None),
            "Service works again": Promised("paused, 19 h 00 min left", 5, None),
        }
        assert {face.clock.policy.code for face in faces(ticket).values()} == {"bills"}

    def test_a_threshold_that_is_reached_by_the_new_target_is_told(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 24}, calendar=around)
        add_target(policy, ClockKind.RESOLVE, 4, calendar=around, priority=Priority.P1)
        ticket = make_ticket(division)
        clock.shift(5 * HOUR)
        sweep()
        assert published(PromiseMissed) == []

        desk.do(ticket, "priority", priority="p1")
        sweep()

        [missed] = published(PromiseMissed)
        assert Event.objects.get(name="tickets.promise_missed").at == MONDAY + 4 * HOUR
        assert missed.ticket_id == ticket.pk
        assert desk.promises(ticket)["Put right"].stands == "late by 1 h 00 min"

    def test_a_longer_target_warns_again(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 4}, calendar=around)
        add_target(policy, ClockKind.RESOLVE, 40, calendar=around, priority=Priority.P4)
        ticket = make_ticket(division)
        clock.shift(5 * HOUR)
        sweep()

        desk.do(ticket, "priority", priority="p4")
        assert desk.promises(ticket)["Put right"].stands == "35 h 00 min left"
        clock.shift(15 * HOUR)
        sweep()

        assert [fact.share for fact in published(PromiseNearing)] == [50, 75, 90, 50]


class TestX15PromisesThatComeAndGo:
    def test_one_that_is_not_made_at_a_priority_keeps_its_time_and_pauses_until_it_is(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 40}, calendar=around)
        for priority in (Priority.P1, Priority.P3):
            add_target(policy, ClockKind.RESTORE, 20, calendar=around, priority=priority)
        ticket = make_ticket(division)
        clock.shift(2 * HOUR)
        desk.do(ticket, "priority", priority="p4")
        assert desk.promises(ticket)["Service works again"].stands == "ended"
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(5 * HOUR)
        desk.do(ticket, "go-on")
        clock.shift(HOUR)

        desk.do(ticket, "priority", priority="p1")

        assert desk.promises(ticket)["Service works again"] == Promised("16 h 00 min left", 20, MONDAY + 25 * HOUR)
        assert faces(ticket)[ClockKind.RESTORE].paused == 5 * HOUR
        assert TicketClock.objects.filter(ticket=ticket, kind=ClockKind.RESTORE).count() == 1

    def test_also_where_it_is_the_only_one(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = SlaPolicy.objects.create(division=division, code="p3-alone", names={"en": "P3 alone"})
        add_target(policy, ClockKind.RESOLVE, 10, calendar=around, priority=Priority.P3)
        ticket = make_ticket(division)
        clock.shift(HOUR)
        desk.do(ticket, "priority", priority="p4")
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(3 * HOUR)

        desk.do(ticket, "priority", priority="p3")

        assert desk.promises(ticket)["Put right"] == Promised("paused, 8 h 00 min left", 20, None)

    def test_one_that_is_made_late_has_all_the_time_that_the_ticket_has_had(self, division, desk, clock):
        around = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESPONSE: 1}, calendar=around)
        add_target(policy, ClockKind.RESOLVE, 10, calendar=around, priority=Priority.P1)
        ticket = make_ticket(division)
        answer(ticket, by=desk.person)
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(4 * HOUR)
        desk.do(ticket, "go-on")
        clock.shift(HOUR)

        desk.do(ticket, "priority", priority="p1")

        assert desk.promises(ticket)["Put right"] == Promised("8 h 00 min left", 20, MONDAY + 14 * HOUR)

    def test_those_of_a_merged_ticket_stop_and_go_on_when_it_is_parted_again(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 10})
        ticket = make_ticket(division)
        other = make_ticket(division, account=ticket.account)
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="parts")
        clock.shift(2 * HOUR)
        desk.do(ticket, "go-on")
        clock.shift(HOUR)
        desk.do(ticket, "merge", number=other.number)
        assert desk.promises(ticket)["Put right"] == Promised("ended", 20, None)
        clock.shift(20 * HOUR)
        sweep()
        assert {fact.ticket_id for fact in published(PromiseMissed)} == {other.pk}

        desk.do(ticket, "part")

        assert desk.promises(ticket)["Put right"] == Promised("8 h 00 min left", 20, MONDAY + 32 * HOUR)
        assert faces(ticket)[ClockKind.RESOLVE].paused == 2 * HOUR
        ticket.refresh_from_db()
        assert ticket.due_at == MONDAY + 32 * HOUR

    def test_an_answer_on_a_merged_ticket_is_the_first_of_the_other_until_they_are_parted(self, division, desk, clock):
        make_policy(division, {ClockKind.RESPONSE: 4})
        goal = make_ticket(division)
        double = make_ticket(division, account=goal.account)
        clock.shift(HOUR)
        answer(double, "We are looking.", by=desk.person)
        clock.shift(6 * HOUR)

        desk.do(double, "merge", number=goal.number)
        assert faces(goal)[ClockKind.RESPONSE].elapsed == HOUR
        assert goal.clocks.get().met_at == MONDAY + HOUR

        desk.do(double, "part")
        assert faces(goal)[ClockKind.RESPONSE].elapsed == 7 * HOUR
        assert (goal.clocks.get().met_at, goal.clocks.get().status) == (None, WatchStatus.RUNNING)

    def test_an_answer_from_before_the_other_was_opened_is_none_to_it(self, division, desk, clock):
        make_policy(division, {ClockKind.RESPONSE: 4})
        double = make_ticket(division)
        answer(double, "We are looking.", by=desk.person)
        clock.shift(HOUR)
        goal = make_ticket(division, account=double.account)

        desk.do(double, "merge", number=goal.number)

        assert goal.clocks.get().status == WatchStatus.RUNNING


def by_web(ticket, _desk):
    sign_in(Client(), ticket.customer.user).post(
        reverse("selfcare:ticket", args=[ticket.number]), {"key": "web", "text": "It blinks."}
    )


def by_mail(ticket, _desk):
    mailbox = make_mailbox(ticket.division)
    answered = ticket.articles.get(kind="answer")
    receive_mail(mailbox.pk, raw(f"In-Reply-To: {answered.message_id}", From=ticket.requester_email, body="It blinks."))
    drain()


def by_phone(ticket, desk):
    desk.do(ticket, "phone", key="call", text="They say it blinks.")


class TestX16AnyReplyResumesEqually:
    @pytest.mark.parametrize("say", [by_web, by_mail, by_phone])
    def test_the_clock_goes_on_at_the_reply(self, division, desk, clock, say):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division, account=make_account(division, user=make_person()))
        answer(ticket, "Does it blink?", by=desk.person)
        clock.shift(HOUR)
        desk.do(ticket, "wait", reason="customer")
        clock.shift(30 * HOUR)
        say(ticket, desk)
        clock.shift(HOUR)

        assert desk.promises(ticket)["Put right"] == Promised("6 h 00 min left", 25, MONDAY + 38 * HOUR)
        assert faces(ticket)[ClockKind.RESOLVE].paused == 30 * HOUR
        assert "blinks." in desk.read(ticket)

    def test_a_reply_does_not_bring_parts(self, division, desk, clock):
        make_policy(division)
        ticket = make_ticket(division)
        desk.do(ticket, "wait", reason="parts")

        by_phone(ticket, desk)

        assert desk.promises(ticket)["Put right"].stands == "paused, 8 h 00 min left"

    def test_a_reply_after_the_end_goes_on_where_it_stood(self, division, desk, clock):
        make_policy(division, {ClockKind.RESOLVE: 8})
        ticket = make_ticket(division, account=make_account(division, user=make_person()))
        clock.shift(3 * HOUR)
        desk.do(ticket, "resolve", code="restored", text="")
        clock.shift(24 * HOUR)
        by_web(ticket, desk)
        clock.shift(HOUR)

        assert desk.promises(ticket)["Put right"].stands == "4 h 00 min left"
        assert faces(ticket)[ClockKind.RESOLVE].clock.met_at is None


def history(desk: Desk, ticket) -> list[tuple[datetime, str]]:
    """Return what the history of a ticket says that happened, from the first on, as it is saved as a file."""
    page = Seat(sign_in(Client(), desk.person), desk.person).read("desk:ticket_history", ticket.number, export="csv")
    rows = list(csv.reader(io.StringIO(page.lstrip("\ufeff"))))[1:]
    return [(datetime.fromisoformat(row[0]), row[3]) for row in reversed(rows)]


def alerts_at_the_desk(person: User) -> list[tuple[str, int]]:
    """Return which tickets somebody is told of at the desk, and how much of a promise is used up."""
    page = Seat(sign_in(Client(), person), person).read("desk:ticket_alerts")
    return [
        (first(r">(T-[0-9A-Z]{4}-[0-9A-Z]{4})<", row), int(first(r">(\d+) %</span>", row)))
        for row in page.partition("<tbody")[2].split("<tr>")[1:]
    ]


class TestX17WarningsBreachAndLadder:
    def test_the_history_and_the_desk_say_each_at_its_moment(self, division, desk, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        for share in (50, 90, 100):
            add_step(policy, share, Told.SUPERVISOR)
        ticket = make_ticket(division)
        seen = []

        for hours in (4.9, 5, 7.5, 9, 10):
            clock.move_to(MONDAY + hours * HOUR)
            sweep()
            seen.append(alerts_at_the_desk(supervisor))

        assert seen == [[], [(ticket.number, 50)], [(ticket.number, 50)], [(ticket.number, 90)], [(ticket.number, 100)]]
        told = [(at, words) for at, words in history(desk, ticket) if "promise" in words]
        assert told == [
            (MONDAY + 5 * HOUR, "50 % of the time for a promise are used: Put right"),
            (MONDAY + 7.5 * HOUR, "75 % of the time for a promise are used: Put right"),
            (MONDAY + 9 * HOUR, "90 % of the time for a promise are used: Put right"),
            (MONDAY + 10 * HOUR, "A promise was not kept: Put right"),
        ]

    def test_warnings_come_at_half_three_quarters_and_nine_tenths_then_the_breach(self, division, clock):
        make_policy(division, {ClockKind.RESOLVE: 10})
        ticket = make_ticket(division)
        told = []

        for _hour in range(12):
            clock.shift(HOUR)
            sweep()
            told.append([*published(PromiseNearing), *published(PromiseMissed)][-1:])

        assert [(fact.share, fact.ticket_id) for fact in published(PromiseNearing)] == [
            (50, ticket.pk), (75, ticket.pk), (90, ticket.pk),
        ]  # fmt: skip
        assert [fact.share for fact in published(PromiseMissed)] == [100]
        moments = Event.objects.filter(name__startswith="tickets.promise").order_by("pk").values_list("at", flat=True)
        assert list(moments) == [MONDAY + hours * HOUR for hours in (5, 7.5, 9, 10)]

    def test_a_sweep_that_was_away_tells_all_of_it_once(self, division, clock):
        make_policy(division, {ClockKind.RESOLVE: 10})
        make_ticket(division)
        clock.shift(11 * HOUR)

        assert (sweep(), sweep()) == (1, 0)

        assert len(published(PromiseNearing)) == 3
        assert len(published(PromiseMissed)) == 1

    def test_the_ladder_raises_level_by_level_and_tells_whom_it_says(self, division, csr, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        add_step(policy, 75, Told.OWNER)
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL, level=2)
        add_step(policy, 150, Told.SUPERVISOR, Told.TEAM, level=3)
        team = Team.objects.create(division=division, name="First line")
        mate = make_person(Role.CSR, division)
        Member.objects.create(team=team, user=mate)
        ticket = make_ticket(division)
        services.hand_over_ticket(ticket.pk, csr, team=team, by=supervisor)

        def at(hours):
            clock.move_to(MONDAY + hours * HOUR)
            sweep()
            ticket.refresh_from_db()
            return ticket.escalation_level

        assert [at(7.5), at(10), at(15)] == [0, 2, 3]
        assert ticket.escalation_reason == EscalationReason.TIME
        assert list(Alert.objects.order_by("share", "user").values_list("share", "user", "channel")) == [
            (75, csr.pk, "desk"), (100, supervisor.pk, "mail"),
            *((150, user.pk, "desk") for user in sorted((supervisor, mate), key=lambda user: user.pk)),
        ]  # fmt: skip
        [message] = Message.objects.filter(kind="tickets.promise")
        assert message.to == supervisor.email
        assert message.subject_line == f"{ticket.number}: Put right – missed"
        assert "level 2" in message.text
        assert reverse("desk:ticket", args=[ticket.number]) in message.text
        assert [alert.share for alert in alerts_for(mate)] == [150]

    def test_mail_waits_for_working_hours_and_the_desk_does_not(self, division, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        office = make_calendar(division)
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL, calendar=office)
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.DESK, level=2)
        ticket = make_ticket(division)

        clock.move_to(MONDAY + 10 * HOUR)  # seven in the evening
        sweep()
        assert not Message.objects.filter(kind="tickets.promise").exists()
        assert alerts_for(supervisor).count() == 1
        clock.move_to(local("2026-03-03 07:59"))
        services.send_due_alerts()
        assert not Message.objects.filter(kind="tickets.promise").exists()
        clock.move_to(local("2026-03-03 08:00"))
        services.send_due_alerts()

        assert Message.objects.filter(kind="tickets.promise", subject_id=ticket.pk).count() == 1

    def test_at_the_desk_it_is_shown_until_it_was_seen(self, client, division, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        for share in (90, 100):
            add_step(policy, share, Told.SUPERVISOR)
        ticket = make_ticket(division)
        clock.shift(9 * HOUR)
        sweep()
        assert [alert.share for alert in alerts_for(supervisor)] == [90]
        clock.shift(HOUR)
        sweep()
        assert [alert.share for alert in alerts_for(supervisor)] == [100]
        desk, address = sign_in(client, supervisor), reverse("desk:ticket_alerts")

        assert "1 promise near or missed" in desk.get(reverse("desk:tickets")).content.decode()
        page = desk.get(address)
        assert ticket.number in page.content.decode()
        desk.post(address, {"seen": []})
        assert ticket.number in desk.get(address).content.decode()  # nobody has seen what was not on their page
        desk.post(address, {"seen": [alert.pk for alert in page.context["alerts"]]})

        assert ticket.number not in desk.get(address).content.decode()

    def test_what_was_put_right_before_the_hour_came_is_not_told(self, division, csr, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL, calendar=make_calendar(division))
        ticket = make_ticket(division)
        clock.move_to(MONDAY + 10 * HOUR)
        sweep()
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=csr)

        clock.move_to(local("2026-03-03 08:00"))
        services.send_due_alerts()

        assert not Message.objects.filter(kind="tickets.promise").exists()
        assert Alert.objects.get().dropped_at

    def test_a_p1_is_told_of_at_any_hour(self, division, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        office = make_calendar(division)
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL, calendar=office)
        add_step(policy, 90, Told.SUPERVISOR, channel=AlertChannel.MAIL, calendar=office, p1_at_any_hour=False)
        make_ticket(division, priority=Priority.P1)

        clock.move_to(MONDAY + 10 * HOUR)
        sweep()

        assert Message.objects.filter(kind="tickets.promise").count() == 1

    def test_heard_twice_it_is_told_once(self, division, supervisor, clock):
        policy = make_policy(division, {ClockKind.RESOLVE: 10})
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL, level=2)
        make_ticket(division)
        clock.move_to(MONDAY + 10 * HOUR)
        sweep()
        [fact] = published(PromiseMissed)

        services.climb_ladder(fact.clock_id, fact.share, datetime.fromisoformat(fact.moment))

        assert Message.objects.filter(kind="tickets.promise").count() == 1


class TestX18AP1EscalatesToo:
    @pytest.mark.parametrize("priority", list(Priority))
    def test_every_priority_is_raised(self, division, desk, supervisor, clock, priority):
        policy = make_policy(division, {ClockKind.RESTORE: 4})
        add_step(policy, 100, Told.SUPERVISOR, level=2)
        add_step(policy, 100, Told.SUPERVISOR, channel=AlertChannel.MAIL)
        ticket = make_ticket(division, priority=priority)

        clock.move_to(MONDAY + 4 * HOUR)
        sweep()

        assert "Level 2: a promise was or will be missed" in desk.read(ticket)
        assert alerts_at_the_desk(supervisor) == [(ticket.number, 100)]
        assert Message.objects.get(kind="tickets.promise").to == supervisor.email


class TestX19LatePausesAreCounted:
    def test_per_agent_with_the_share_of_all_their_pauses(self, division, csr, supervisor, clock):
        make_policy(division, {ClockKind.RESTORE: 10, ClockKind.RESOLVE: 20})
        other = make_person(Role.CSR, division)

        def pause(hours, by, reason=PendingReason.CUSTOMER):
            clock.move_to(MONDAY)
            ticket = make_ticket(division)
            clock.shift(hours * HOUR)
            services.pend_ticket(ticket.pk, reason, was_asked=True, by=by)

        pause(9.9, csr)
        pause(9.0, csr)
        pause(1, csr)
        pause(10.1, csr)
        pause(8.9, other)
        clock.move_to(MONDAY + 24 * HOUR)

        page = Seat(sign_in(Client(), supervisor), supervisor).read("desk:ticket_pauses")

        rows = page.partition("<tbody")[2].partition("</tbody>")[0].split("<tr>")[1:]
        assert [(first(r'row">(.*?)<', row), re.findall(r"<td[^>]*>(.*?)</td>", row)[:3]) for row in rows] == [
            (str(csr), ["4", "2", "50 %"]), (str(other), ["1", "0", "0 %"]),
        ]  # fmt: skip

    def test_on_a_page_of_supervisors_alone(self, client, division, csr, supervisor, clock):
        make_policy(division, {ClockKind.RESTORE: 10})
        ticket = make_ticket(division)
        clock.shift(9.9 * HOUR)
        services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=csr)
        clock.shift(MINUTE)

        page = sign_in(client, supervisor).get(reverse("desk:ticket_pauses")).content.decode()

        assert str(csr) in page
        assert '<td data-label="Late ones">1</td>' in page
        assert sign_in(client, csr).get(reverse("desk:ticket_pauses")).status_code == 403

    def test_it_is_allowed(self, division, csr, clock):
        make_policy(division, {ClockKind.RESTORE: 10})
        ticket = make_ticket(division)
        clock.shift(9.9 * HOUR)

        services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=csr)

        assert faces(ticket)[ClockKind.RESTORE].is_paused

    def test_of_other_divisions_are_not_shown(self, division, csr, clock):
        make_policy(division, {ClockKind.RESTORE: 10})
        services.pend_ticket(make_ticket(division).pk, PendingReason.CUSTOMER, was_asked=True, by=csr)
        stranger = make_person(Role.SUPERVISOR, make_division())

        assert pauses_by_agent(stranger, since=MONDAY - HOUR, until=MONDAY + HOUR) == []


class TestX19LateDowngradesAreCounted:
    @pytest.fixture
    def two_levels(self, division):
        policy = make_policy(division, {ClockKind.RESTORE: 10})
        for priority, hours in ((Priority.P3, 30), (Priority.P4, 10)):
            add_target(policy, ClockKind.RESTORE, hours, calendar=make_round_the_clock(division), priority=priority)
        return policy

    @pytest.mark.parametrize(
        ("hours", "to", "percent"),
        [
            (8.9, Priority.P3, None),
            (9, Priority.P3, 90),
            (9.9, Priority.P3, 99),
            (12, Priority.P3, 120),  # missed, and then not
            (9.9, Priority.P4, None),  # no more time is promised by it
        ],
    )
    def test_who_made_it_less_urgent_from_what_share_on_and_why(  # noqa: PLR0917  # fixtures
        self, division, supervisor, desk, clock, two_levels, hours, to, percent
    ):
        ticket = make_ticket(division, priority=Priority.P2)
        clock.move_to(MONDAY + hours * HOUR)

        desk.do(ticket, "priority", priority=to, reason="Only the second phone is out.")
        clock.shift(MINUTE)

        page = Seat(sign_in(Client(), supervisor), supervisor).read("desk:ticket_pauses")
        if percent is None:
            assert ticket.number not in page
            assert "Only the second phone" not in page
        else:
            row = first(rf"(?s){ticket.number}</a>(.*?)</tr>", page)
            assert [str(desk.person), "P2 → P3", f"{percent} %", "Only the second phone is out."] == re.findall(
                r"<td[^>]*>(?!<time)(.*?)</td>", row
            )
            assert first(r'data-label="Made less urgent late">(\d+)<', page) == "1"
            assert first(r'data-label="Of these, after the miss">(\d+)<', page) == ("1" if percent >= 100 else "0")

    def test_what_is_promised_no_more_is_counted_too(self, division, csr, supervisor, clock):
        policy = make_policy(division, {})
        add_target(policy, ClockKind.RESTORE, 10, calendar=make_round_the_clock(division), priority=Priority.P2)
        ticket = make_ticket(division, priority=Priority.P2)
        clock.move_to(MONDAY + 9.5 * HOUR)

        services.set_priority(ticket.pk, Priority.P4, "Nothing is at stake.", by=csr)
        clock.shift(MINUTE)

        [agent] = pauses_by_agent(supervisor, since=MONDAY, until=MONDAY + 24 * HOUR)
        assert (agent.user, agent.pauses, agent.downgrades) == (csr, 0, 1)

    def test_neither_what_a_rule_did_nor_what_was_kept_before_nor_of_others(
        self, division, csr, supervisor, clock, two_levels
    ):
        by_rule, restored = (make_ticket(division, priority=Priority.P2) for _number in range(2))
        clock.move_to(MONDAY + 9.5 * HOUR)
        services.restore_service(restored.pk, by=csr)
        stranger = make_person(Role.SUPERVISOR, make_division())

        services.set_priority(by_rule.pk, Priority.P3, by=None)
        services.set_priority(restored.pk, Priority.P3, "It works.", by=csr)
        assert pauses_by_agent(supervisor, since=MONDAY, until=MONDAY + 24 * HOUR) == []

        services.set_priority(by_rule.pk, Priority.P2, by=csr)
        services.set_priority(by_rule.pk, Priority.P3, "It is not.", by=csr)
        assert pauses_by_agent(stranger, since=MONDAY, until=MONDAY + 24 * HOUR) == []
        assert [agent.downgrades for agent in pauses_by_agent(supervisor, since=MONDAY, until=MONDAY + 24 * HOUR)] == [
            1
        ]

    def test_the_page_asks_as_many_statements_for_many_as_for_one(self, division, supervisor, clock, two_levels):
        def lower(number):
            for _number in range(number):
                ticket = make_ticket(division, priority=Priority.P2)
                clock.shift(9.5 * HOUR)
                services.set_priority(ticket.pk, Priority.P3, "It works badly.", by=make_person(Role.CSR, division))
                clock.shift(MINUTE)

        def count() -> int:
            page = Seat(sign_in(Client(), supervisor), supervisor)
            with CaptureQueriesContext(connection) as asked:
                page.read("desk:ticket_pauses")
            return len(asked)

        lower(1)
        _first, before = count(), count()  # what is kept of the site is read by the first
        lower(4)
        _first, after = count(), count()
        assert after == before


class TestX20ContractsFromTheServiceOrder:
    def test_the_product_that_was_ordered_decides(self, division, desk, clock):
        market = make_market(division)
        order = make_order(OrderStatus.COMPLETED, market)
        service = next(iter(order.account.services.all()))
        make_policy(division, {ClockKind.RESTORE: 24}, code="everybody")
        make_policy(division, {ClockKind.RESTORE: 12}, code="family", family=service.product.family)
        promise_by_contract(division, service.product)

        with_contract = make_ticket(division, account=order.account, service=service)
        without = make_ticket(division)

        assert desk.promises(with_contract)["Service works again"].due == MONDAY + 4 * HOUR
        assert "business-fibre" in desk.panel(with_contract)
        assert str(service) in desk.read(with_contract)
        assert desk.promises(without)["Service works again"].due == MONDAY + 24 * HOUR

    def test_a_contract_adds_to_what_everybody_is_promised(self, division, desk, clock):
        order = make_order(OrderStatus.COMPLETED, make_market(division))
        service = next(iter(order.account.services.all()))
        make_policy(division, {ClockKind.RESPONSE: 2, ClockKind.RESTORE: 24, ClockKind.RESOLVE: 48}, code="everybody")
        promise_by_contract(division, service.product)
        ticket = make_ticket(division, account=order.account, service=service)

        promised = desk.promises(ticket)
        services.pend_ticket(ticket.pk, PendingReason.PARTS, by=None)  # for which the contract pauses nothing

        assert {name: row.due for name, row in promised.items()} == {
            "First answer": MONDAY + 2 * HOUR,
            "Service works again": MONDAY + 4 * HOUR,
            "Put right": MONDAY + 48 * HOUR,
        }
        standing = {face.clock.kind: face for face in clocks_of(ticket, MONDAY)}
        assert standing[ClockKind.RESTORE].is_running
        assert standing[ClockKind.RESPONSE].is_paused
        assert standing[ClockKind.RESOLVE].is_paused

    def test_what_a_type_is_not_promised_no_contract_brings_it(self, division, clock):
        make_policy(division, {ClockKind.RESTORE: 24}, code="everybody")
        make_policy(division, {ClockKind.RESOLVE: 48}, code="complaints", type=TicketType.COMPLAINT)

        assert list(faces(make_ticket(division, TicketType.COMPLAINT))) == [ClockKind.RESOLVE]

    def test_the_nearest_division_wins_and_the_type_over_any(self, division, clock):
        market = make_division("Market", parent=division)
        for place, code, more in (
            (division, "top", {"type": TicketType.TROUBLE}), (market, "near", {}),
            (market, "near-trouble", {"type": TicketType.TROUBLE}), (make_division(), "elsewhere", {}),
        ):  # fmt: skip
            make_policy(place, code=code, **more)
        make_policy(market, code="switched-off", type=TicketType.TROUBLE, is_active=False)

        assert faces(make_ticket(market))[ClockKind.RESOLVE].clock.policy.code == "near-trouble"
        assert faces(make_ticket(market, TicketType.REQUEST))[ClockKind.RESOLVE].clock.policy.code == "near"
        assert faces(make_ticket(division))[ClockKind.RESOLVE].clock.policy.code == "top"

    def test_a_product_is_of_its_own_family(self, division):
        product = make_order(OrderStatus.COMPLETED, make_market(division)).account.services.first().product
        family = "tv" if product.family != "tv" else "internet"

        with pytest.raises(ValidationError, match="of another family"):
            SlaPolicy(division=division, code="wrong", product=product, family=family).clean()


class TestX37PromisedTime:
    def test_is_said_in_words_and_in_the_customers_time(self, division, desk, clock):
        west = make_division("West", parent=division)
        set_value(west, TIME_ZONE, "America/Los_Angeles")
        make_policy(division, {ClockKind.RESPONSE: 2, ClockKind.RESTORE: 8})
        person = make_person()
        ticket = make_ticket(west, account=make_account(west, user=person))

        def read() -> str:
            return Seat(sign_in(Client(), person), person).read("selfcare:ticket", ticket.number)

        assert "By Monday, March 2, 8:00 AM PST you hear from us." in read()
        answer(ticket, by=desk.person)
        assert "By Monday, March 2, 2:00 PM PST it works again: we promise." in read()
        desk.do(ticket, "wait", reason="customer")
        assert "We wait for your answer. What we promised goes on counting when we have it." in read()
        clock.shift(HOUR)
        by_web(ticket, desk)
        assert "By Monday, March 2, 3:00 PM PST it works again: we promise." in read()
        clock.shift(9 * HOUR)
        assert "We have not kept the time that we promised." in read()

    def test_of_what_an_outage_explains_says_when_it_works_not_who_writes(self, division, csr, clock):
        make_policy(division, {ClockKind.RESPONSE: 2, ClockKind.RESTORE: 8})
        ticket = make_ticket(division)
        ticket.reason = HoldReason.OUTAGE

        assert promise_in_words(ticket, MONDAY) == "By Monday, March 2, 5:00 PM EST it works again: we promise."
        reply(ticket)
        assert promise_in_words(ticket, MONDAY + 9 * HOUR).startswith("We have not kept the time")
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=csr)
        assert promise_in_words(ticket, MONDAY) == ""


ACTS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(["pend", "hold", "continue", "p1", "p4", "zone", "calendar", "resolve", "reopen", "sweep"]),
    ),
    max_size=8,
)


class TestAnySequence:
    @given(ACTS)
    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_counts_what_a_person_with_a_wall_clock_counts(self, division, acts):  # noqa: C901
        """Pauses, ends, priorities with other calendars, a moved zone: the sum is that of all minutes that count."""
        with time_machine.travel(MONDAY, tick=False) as clock:
            office, around = make_calendar(division), make_round_the_clock(division)
            policy = make_policy(division, {ClockKind.RESOLVE: 30}, calendar=office)
            add_target(policy, ClockKind.RESOLVE, 10, calendar=around, priority=Priority.P1)
            ticket = make_ticket(division)
            ran: list[datetime] = []
            rested: list[datetime] = []
            state, zone, priority = "running", NEW_YORK, Priority.P3
            at, shut = MONDAY, False
            for minutes, act in acts:
                stretch = [at + number * MINUTE for number in range(minutes)]
                (ran if state == "running" else rested if state == "paused" else []).extend(stretch)
                at += minutes * MINUTE
                clock.move_to(at)
                ticket.refresh_from_db()
                if act == "zone":
                    zone = ZoneInfo("America/Denver") if zone is NEW_YORK else NEW_YORK
                    put_value(division, TIME_ZONE, zone.key)
                    if ticket.is_open:
                        services.follow_ticket(ticket.pk, at=at)
                elif act == "calendar":
                    if not shut:
                        office.special_days.create(day=MONDAY.date())
                        shut = True
                elif act == "sweep":
                    while services.retime_clocks():
                        pass
                    services.sweep_clocks()
                    assert services.sweep_clocks() == 0
                else:
                    state, priority = self.act(ticket, act, state, priority)
            face = faces(ticket)[ClockKind.RESOLVE]
            opened = self.calendar_zone(face, zone)

            def counts(minute: datetime) -> bool:
                wall = minute.astimezone(opened)
                if priority == Priority.P1:
                    return True
                if wall.weekday() > 4 or (shut and wall.date() == MONDAY.date()):
                    return False
                return wall.hour in (8, 9, 10, 11, 13, 14, 15, 16)

            assert face.elapsed == sum(map(counts, ran)) * MINUTE
            assert face.paused == sum(map(counts, rested)) * MINUTE
            SlaPolicy.objects.update(is_active=False)
            put_value(division, TIME_ZONE, NEW_YORK.key)

    def calendar_zone(self, face, zone):
        """Return the zone in which a clock is read: a stopped one stays as it was when it stopped."""
        return ZoneInfo(face.clock.zone) if face.is_stopped else zone

    def act(self, ticket, act, state, priority):  # noqa: PLR0911
        """Do what can be done now, and return what the clock does then."""
        match act, state:
            case "pend", "running" if ticket.status != "pending":
                services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
                return "paused", priority
            case "hold", "running" | "paused" if ticket.status != "held":
                services.hold_ticket(ticket.pk, HoldReason.CREDIT, by=None)
                return "paused", priority
            case "continue", "running" | "paused" if ticket.status != "in_progress":
                services.continue_ticket(ticket.pk, by=None)
                return "running", priority
            case (("p1" | "p4"), "running" | "paused") if ticket.priority != act:
                services.set_priority(ticket.pk, Priority(act), by=None)
                return state, Priority(act)
            case "resolve", "running" | "paused":
                services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=None)
                return "stopped", priority
            case "reopen", "stopped":
                services.reopen_ticket(ticket.pk, by=None)
                return "running", priority
        return state, priority
