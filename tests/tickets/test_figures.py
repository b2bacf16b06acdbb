"""Figures about tickets: how long they take, how often once is enough, what comes back (X41), counted by hand."""

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from foundation.clocks.testing import make_calendar
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.states import Role
from tickets import services
from tickets.models import Ticket
from tickets.services import outages
from tickets.states import ChildPolicy, ClockKind, PendingReason, ResolutionCode, TicketType
from tickets.testing import make_affected, make_outage, make_policy, make_ticket, reply

NEW_YORK = ZoneInfo("America/New_York")
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture
def clock():
    with time_machine.travel(local("2026-03-02 09:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def supervisor(seat, clock):
    """Sit down only when everything has happened: nobody stays signed in for weeks."""

    class Later:
        @cached_property
        def seat(self):
            return seat(Role.SUPERVISOR)

        def __getattr__(self, name):
            clock.move_to(local("2026-04-20 12:00"))
            return getattr(self.seat, name)

    return Later()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def resolve(ticket, code=ResolutionCode.RESTORED):
    return services.resolve_ticket(ticket.pk, code, "The wire.", by=None)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def behind(seat, page: str, figure: str) -> set[str]:
    """Follow the first link of a figure, and return the numbers of the tickets there."""
    query, *_others = re.findall(rf'\?([^"]*figure={figure})"', page)
    listed = seat.client.get(f"{reverse('desk:figure_tickets')}?{html.unescape(query)}")
    assert listed.status_code == 200
    return set(re.findall(r"T-[0-9A-Z]{4}-[0-9A-Z]{4}", listed.content.decode()))


class TestX41TimeToRestore:
    @pytest.fixture
    def tickets(self, division, clock):
        """Four tickets: by the wall ½, 2, 25 and 64 hours; three of them promised, in working time 2, 9 and 1½ hours."""
        make_policy(
            division, {ClockKind.RESTORE: 8, ClockKind.RESOLVE: 16}, calendar=make_calendar(division), type="trouble"
        )
        short, long = make_ticket(division, priority="p1"), make_ticket(division)
        clock.move_to(local("2026-03-02 11:00"))
        resolve(short)
        clock.move_to(local("2026-03-03 10:00"))
        resolve(long)
        bill = make_ticket(division, TicketType.BILLING)
        clock.move_to(local("2026-03-03 10:30"))
        resolve(bill, ResolutionCode.EXPLAINED)
        clock.move_to(local("2026-03-06 16:00"))
        paused = make_ticket(division)
        clock.move_to(local("2026-03-06 16:30"))
        services.pend_ticket(paused.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        clock.move_to(local("2026-03-09 08:00"))  # the clocks went forward in between
        reply(paused)
        clock.move_to(local("2026-03-09 09:00"))
        resolve(paused)
        return {"short": short, "long": long, "bill": bill, "paused": paused}

    def test_median_and_nine_of_ten_by_the_wall_and_in_working_time(self, supervisor, tickets):
        page = text_of(supervisor.read("desk:ticket_figures", **MARCH))

        # ½, 2, 25, 64: between the second and the third, and seven tenths of the way from the third to the fourth
        assert "Time to restore 13 h 30 min median; nine of ten within 52 h 18 min" in page
        # 1½, 2, 9: the second, and eight tenths of the way from the second to the third
        assert "Time to restore, in working time 2 h 00 min median; nine of ten within 7 h 36 min" in page

    def test_by_type_priority_and_division(self, supervisor, tickets, division):
        page = text_of(supervisor.read("desk:ticket_figures", **MARCH))

        # trouble: 2, 25, 64, so that nine of ten is 25 + 0.8 × 39
        assert "Trouble 3 25 h 00 min 56 h 12 min 2 h 00 min 7 h 36 min" in page
        assert "Question about a bill 1 0 h 30 min 0 h 30 min – –" in page
        assert "at stake 1 2 h 00 min 2 h 00 min 2 h 00 min 2 h 00 min" in page
        assert f"{division.name} 4 13 h 30 min 52 h 18 min" in page

    def test_each_number_leads_to_the_tickets_behind_it(self, supervisor, tickets):
        page = supervisor.read("desk:ticket_figures", **MARCH)

        numbers = {name: ticket.number for name, ticket in tickets.items()}
        assert behind(supervisor, page, "restored") == set(numbers.values())
        assert behind(supervisor, page, "worked") == {numbers["short"], numbers["long"], numbers["paused"]}

    def test_what_was_reopened_counts_to_the_last_end_and_not_while_it_is_open(self, supervisor, tickets, clock):
        clock.move_to(local("2026-03-09 13:00"))
        services.reopen_ticket(tickets["short"].pk, by=None)
        services.reopen_ticket(tickets["long"].pk, by=None)
        clock.move_to(local("2026-03-09 14:00"))
        resolve(tickets["short"])

        page = supervisor.read("desk:ticket_figures", **MARCH)

        # by the wall ½, 64 and 172 hours (a week and five, less the hour that was skipped); worked 2 + 1 and 1½
        assert "Time to restore 64 h 00 min median" in text_of(page)
        assert "in working time 2 h 15 min median" in text_of(page)
        assert tickets["long"].number not in behind(supervisor, page, "restored")
        assert tickets["long"].number in behind(supervisor, page, "put_right")

    def test_the_service_works_before_all_is_done(self, supervisor, division, clock):
        make_policy(division, {ClockKind.RESTORE: 8, ClockKind.RESOLVE: 16})
        ticket = make_ticket(division)
        clock.move_to(local("2026-03-02 12:00"))
        services.restore_service(ticket.pk, by=None)
        clock.move_to(local("2026-03-04 12:00"))
        resolve(ticket)

        page = text_of(supervisor.read("desk:ticket_figures", **MARCH))

        assert "Time to restore 3 h 00 min median" in page
        assert "in working time 3 h 00 min median" in page

    def test_days_are_those_of_the_market(self, supervisor, division, clock):
        clock.move_to(local("2026-03-31 23:30"))  # in UTC it is April already
        ticket = make_ticket(division)
        resolve(ticket)

        assert behind(supervisor, supervisor.read("desk:ticket_figures", **MARCH), "put_right") == {ticket.number}
        april = {"since": "2026-04-01", "until": "2026-04-30"}
        assert "No ticket was put right on these days" in supervisor.read("desk:ticket_figures", **april)


class TestX41FirstContactFix:
    def test_is_once_said_by_one_person_and_for_good(self, supervisor, division, seat, clock):
        one, other = (seat(Role.CSR, name=name).person for name in ("One", "Other"))
        names = ("once", "phoned", "given", "twice", "passed_on", "given_back", "reopened", "unheard", "doubled")
        tickets = {name: make_ticket(division, by=one if name == "phoned" else None) for name in names}
        services.hand_over_ticket(tickets["given"].pk, one, by=None)
        reply(tickets["twice"])
        services.take_ticket(tickets["passed_on"].pk, by=one)
        services.hand_over_ticket(tickets["passed_on"].pk, other, by=None)
        services.take_ticket(tickets["given_back"].pk, by=one)
        services.release_ticket(tickets["given_back"].pk, by=one)
        double = make_ticket(division, account=tickets["doubled"].account)
        services.merge_ticket(double.pk, tickets["doubled"].pk, by=one)
        for name, ticket in tickets.items():
            resolve(ticket, ResolutionCode.NO_ANSWER if name == "unheard" else ResolutionCode.RESTORED)
        services.reopen_ticket(tickets["reopened"].pk, by=None)
        resolve(tickets["reopened"])

        page = supervisor.read("desk:ticket_figures", **MARCH)

        assert "Fixed in the first contact 33 % 3 tickets" in text_of(page)  # of nine
        assert behind(supervisor, page, "first_contact") == {
            tickets[name].number for name in ("once", "phoned", "given")
        }


class TestX41ReopenRate:
    def test_is_the_share_of_what_came_back_up_to_now(self, supervisor, division, clock):
        again, still_open, *_rest = tickets = [make_ticket(division) for _each in range(8)]
        for ticket in tickets:
            resolve(ticket)
        clock.move_to(local("2026-04-02 09:00"))
        for ticket in (again, still_open):
            services.reopen_ticket(ticket.pk, by=None)
        resolve(again)

        page = supervisor.read("desk:ticket_figures", **MARCH)

        assert "Reopened 25 % 2 tickets" in text_of(page)
        assert behind(supervisor, page, "reopened") == {again.number, still_open.number}
        april = supervisor.read("desk:ticket_figures", since="2026-04-01", until="2026-04-20")
        assert "No ticket was put right" in april  # each counts once, where it was put right first


class TestX41RepeatFaultWithin30Days:
    @pytest.fixture
    def account(self, division, clock):
        account = make_affected(division)
        clock.move_to(local("2026-03-02 09:00"))
        return account

    def report(self, account, **said):
        said = {"service": account.services.order_by("pk").first(), "symptom": "no_internet", **said}
        return make_ticket(account.division, said.pop("type", TicketType.TROUBLE), account=account, **said)

    @pytest.mark.parametrize(
        ("days", "later", "is_repeat"),
        [
            (29, {}, True),
            (31, {}, False),
            (5, {"symptom": "slow"}, False),
            (5, {"symptom": ""}, True),
            (5, {"service": None}, True),
            (5, {"type": TicketType.REQUEST, "symptom": ""}, False),
        ],
    )
    def test_is_the_same_fault_of_the_same_service(self, supervisor, account, clock, *, days, later, is_repeat):
        first = self.report(account)
        resolve(first)
        clock.shift(timedelta(days=days))
        self.report(account, **later)

        page = supervisor.read("desk:ticket_figures", **MARCH)

        assert ("Fault came back within 30 days 100 % 1 ticket" in text_of(page)) is is_repeat
        assert behind(supervisor, page, "repeated") == ({first.number} if is_repeat else set())

    def test_another_service_or_another_address_is_another_fault(self, supervisor, account, division, clock):
        resolve(self.report(account))
        clock.shift(timedelta(days=3))
        self.report(account, service=account.services.order_by("pk").last())
        make_ticket(division, symptom="no_internet")

        assert "30 days 0 % 0 tickets" in text_of(supervisor.read("desk:ticket_figures", **MARCH))

    def test_a_duplicate_an_outage_and_a_cancelled_one_are_no_repeat(self, supervisor, account, seat, clock):
        csr, lead = (seat(role).person for role in (Role.CSR, Role.SUPERVISOR))
        resolve(self.report(account))
        clock.shift(timedelta(days=3))
        merged, cancelled = (self.report(account) for _each in range(2))
        other = make_ticket(account.division, TicketType.REQUEST, account=account)
        services.merge_ticket(merged.pk, other.pk, by=csr)
        services.cancel_ticket(cancelled.pk, by=csr)
        held = self.report(account)
        make_outage(account.division, by=lead)

        held.refresh_from_db()
        assert held.outage_id
        assert "30 days 0 % 0 tickets" in text_of(supervisor.read("desk:ticket_figures", **MARCH))


class TestX41WhatIsLeftOut:
    def test_is_said_with_its_number_and_leads_to_its_tickets(self, supervisor, division, seat, clock):
        lead = seat(Role.SUPERVISOR).person
        account = make_affected(division)
        clock.move_to(local("2026-03-02 09:00"))
        plain, part, merged, off = (make_ticket(division, account=account) for _each in range(4))
        services.attach_child(part.pk, plain.pk, ChildPolicy.WITH_PARENT, by=lead)
        resolve(plain)
        for ticket in (merged, off):
            resolve(ticket)
        services.merge_ticket(merged.pk, plain.pk, by=lead)
        services.reopen_ticket(off.pk, by=None)
        services.cancel_ticket(off.pk, by=lead)
        held = make_ticket(division, account=account)
        outage = make_outage(division, by=lead)
        clock.shift(timedelta(hours=2))
        outages.restore_outage(outage.pk, by=lead)

        page = supervisor.read("desk:ticket_figures", **MARCH)

        left_out = {"of_outage": held, "part": part, "merged": merged, "called_off": off}
        assert behind(supervisor, page, "put_right") == {plain.number}
        for figure, ticket in left_out.items():
            assert behind(supervisor, page, figure) == {ticket.number}, figure
        for label in (
            "Explained by an outage: 1", "Part of another ticket: 1", "Merged into another ticket: 1",
            "Called off or declined after all: 1",
        ):  # fmt: skip
            assert label in text_of(page)


class TestX41ThePage:
    def test_says_of_each_figure_what_it_means(self, supervisor, division, clock):
        resolve(make_ticket(division))

        page = text_of(supervisor.read("desk:ticket_figures", **MARCH))

        for words in (
            "for the first time on these days",
            "only working hours of its calendar",
            "wrote or called once only",
        ):
            assert words in page

    def test_is_saved_as_a_file_with_the_same_numbers(self, supervisor, division, clock):
        ticket = make_ticket(division, priority="p2")
        clock.shift(timedelta(minutes=90))
        resolve(ticket)

        text = supervisor.read("desk:ticket_figures", **MARCH, export="csv")

        rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
        assert [row["By"] for row in rows] == ["All", "By type", "By priority", "By division"]
        assert {row["Put right"] for row in rows} == {"1"}
        assert {row["Time to restore, median, minutes"] for row in rows} == {"90"}
        assert {row["Fixed in the first contact %"] for row in rows} == {"100"}

    def test_is_narrowed_by_type_priority_and_division(self, supervisor, division, clock):
        below = make_division(parent=division)
        bill, urgent, far = (
            make_ticket(division, TicketType.BILLING),
            make_ticket(division, priority="p1"),
            make_ticket(below),
        )
        for ticket in (bill, urgent, far):
            resolve(ticket, ResolutionCode.EXPLAINED if ticket == bill else ResolutionCode.RESTORED)

        for query, meant in (
            ({"type": "billing"}, {bill}), ({"priority": "p1"}, {urgent}), ({"division": below.pk}, {far}),
            ({"division": division.pk}, {bill, urgent, far}),
        ):  # fmt: skip
            page = supervisor.read("desk:ticket_figures", **MARCH, **query)
            assert behind(supervisor, page, "put_right") == {ticket.number for ticket in meant}, query
        page = supervisor.read("desk:ticket_figures", **MARCH)
        own = supervisor.read("desk:figure_tickets", **MARCH, of=division.pk)
        assert [ticket.number in own for ticket in (bill, urgent, far)] == [True, True, False]
        assert re.search(rf"{re.escape(division.name)} 2 ", text_of(page))

    @pytest.mark.parametrize(
        ("since", "until", "words"),
        [
            ("2026-03-02", "2026-03-01", "Choose a day on or after the first one."),
            ("2024-01-01", "2026-03-01", "Choose a year at most."),
            ("soon", "2026-03-01", "Enter a valid date."),
        ],
    )
    def test_refuses_days_that_make_no_sense_at_their_field(self, supervisor, since, until, words):
        answer = supervisor.get("desk:ticket_figures", since=since, until=until)

        assert answer.status_code == 422
        assert words in answer.content.decode()

    def test_is_for_those_who_give_out_work_and_of_their_divisions_alone(self, supervisor, csr, division, clock):
        resolve(make_ticket(make_division()))

        assert csr.get("desk:ticket_figures").status_code == 403
        assert csr.get("desk:figure_tickets").status_code == 403
        assert "No ticket was put right on these days" in supervisor.read("desk:ticket_figures", **MARCH)
        assert "T-" not in text_of(supervisor.read("desk:figure_tickets", **MARCH))

    def test_asks_the_database_as_often_for_many_as_for_one(self, supervisor, division, clock):
        resolve(make_ticket(division))
        counted = []
        for more in (0, 6):
            for number in range(more):
                resolve(make_ticket(division, priority=f"p{1 + number % 4}"))
            for name in ("desk:ticket_figures", "desk:figure_tickets"):
                supervisor.read(name, **MARCH)
                with CaptureQueriesContext(connection) as captured:
                    supervisor.read(name, **MARCH)
                counted.append(len(captured))
            clock.move_to(local("2026-03-20 12:00"))

        assert counted[:2] == counted[2:]


class TestTicketsFromBeforeTheFigures:
    """Until when a ticket was first put right was noted, its history alone said so."""

    def test_are_counted_from_when_their_history_says_so(self, division):
        with time_machine.travel(now() - timedelta(days=9), tick=False):
            first = now()
            told, never = (make_ticket(division) for _one in range(2))
            services.resolve_ticket(told.pk, ResolutionCode.RESTORED, "", by=None)
        services.reopen_ticket(told.pk, by=None)
        services.resolve_ticket(told.pk, ResolutionCode.RESTORED, "", by=None)
        Ticket.objects.update(first_resolved_at=None)

        with connection.cursor() as cursor:
            cursor.execute(import_module("tickets.migrations.0005_taken_back_and_done_once").BACKFILL)

        told.refresh_from_db()
        never.refresh_from_db()
        assert (told.first_resolved_at, never.first_resolved_at) == (first, None)
