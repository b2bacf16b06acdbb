"""What those who work with tickets all day need of the desk's pages."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.divisions.services import set_value
from foundation.divisions.settings import TIME_ZONE
from foundation.divisions.testing import make_division
from foundation.events.testing import drain
from foundation.now import now
from foundation.people.states import Role
from foundation.worklist.testing import make_member, make_skill, make_team
from tickets.models import Probe, Ticket
from tickets.queries import numbered
from tickets.states import ClockKind, Finding
from tickets.testing import answer, make_equipment, make_policy, make_routing, make_ticket, reply


@pytest.fixture
def ticket(division, account):
    return make_ticket(division, account=account)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


class TestFinding:
    @pytest.mark.parametrize(
        "said", ["{0}-{1}-{2}", "{1}-{2}", "{1}{2}", "{0}{1}{2}", "{0} {1} {2}", "{0}-{1}", "-{2}"]
    )
    def test_finds_a_ticket_by_its_number_however_it_is_said(self, csr, ticket, said):
        text = said.format(*ticket.number.lower().split("-"))
        number = f"<strong>{ticket.number}</strong>"

        assert number in csr.read("desk:search", q=text)
        assert number in csr.read("desk:new_ticket", q=text)
        assert ticket.number in csr.read("desk:tickets", text=text)

    def test_finds_no_ticket_of_another_market_and_none_by_a_name(self, csr, ticket):
        strangers = make_ticket(make_division())

        assert strangers.number not in csr.read("desk:search", q=strangers.number)
        assert not numbered("Chris", among=Ticket.objects.all())
        assert not numbered("T-2", among=Ticket.objects.all())

    def test_finds_the_caller_by_where_they_live(self, csr, account):
        street = account.premises.street_line.split(" ", 1)[1]

        for text in (street, account.premises.street_line):
            assert f"?customer={account.customer.pk}" in csr.read("desk:new_ticket", q=text)

    def test_asks_an_index_for_a_part_of_a_number(self, ticket):
        with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
            cursor.execute("SET LOCAL enable_seqscan = off")
            list(numbered(ticket.number[2:6] + "-", among=Ticket.objects.all()))
            cursor.execute(f"EXPLAIN {asked[-1]['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())

        assert "ticket_number_part" in plan


class TestPresence:
    def test_of_who_writes_is_not_forgotten_because_their_page_is_open(self, seat, csr, ticket):
        writer = seat(Role.CSR, name="Robin Reply")
        writer.post("desk:ticket_presence", ticket.number, doing="replying")
        seen = []

        for seconds in (15, 31):
            with time_machine.travel(now() + timedelta(seconds=seconds), tick=False):
                writer.post("desk:ticket_presence", ticket.number, doing="viewing")
                seen.append(csr.read("desk:ticket", ticket.number))

        assert "Robin Reply is writing an answer." in seen[0]
        assert "Robin Reply has this ticket open." in seen[1]


class TestAnotherType:
    def test_sends_a_ticket_to_whom_the_procedure_says(self, division, csr, ticket):
        first, complaints = make_team(division), make_team(division, members=1)
        make_member(first, csr.person)
        make_routing(division, {"team": complaints, "types": ["complaint"], "priority": "p2"}, {"team": first})
        drain()

        csr.post("desk:ticket_do", ticket.number, "type", type="billing")
        drain()
        as_bill = fresh(ticket)
        csr.post("desk:ticket_do", ticket.number, "type", type="complaint")
        drain()

        assert (as_bill.team, as_bill.owner) == (first, csr.person)
        as_complaint = fresh(ticket)
        assert (as_complaint.team, as_complaint.owner) == (complaints, complaints.members.get().user)
        assert as_complaint.priority == "p2"

    def test_waits_where_nobody_of_that_team_can(self, division, csr, ticket):
        team = make_team(division)
        make_member(team, csr.person)
        row = {"team": team, "types": ["complaint"], "skills": [make_skill(division=division)]}
        make_routing(division, row, {"team": team})
        drain()

        csr.post("desk:ticket_do", ticket.number, "type", type="complaint")
        drain()

        assert (fresh(ticket).team, fresh(ticket).owner) == (team, None)
        assert ticket.number in csr.read("desk:who_works")


class TestTheList:
    def test_marks_what_nobody_has_answered_and_names_the_zone(self, division, csr, ticket, customer):
        set_value(division, TIME_ZONE, "America/Denver")
        Ticket.objects.filter(pk=ticket.pk).update(due_at="2026-01-02T12:00:00Z")

        def is_marked() -> bool:
            return "Unanswered" in csr.read("desk:tickets")

        marks = [is_marked()]
        for happens in (reply, answer, reply):
            happens(ticket)
            marks.append(is_marked())

        assert marks == [False, True, False, True]
        assert "5 a.m. MST" in csr.read("desk:tickets")


class TestThePage:
    def test_says_of_a_missed_promise_what_the_customer_reads(self, division, csr, customer, account):
        make_policy(division, {ClockKind.RESPONSE: 1})
        ticket = make_ticket(division, account=account)

        with time_machine.travel(now() + timedelta(hours=2)):
            pages = [
                seat.read(f"{where}:ticket", ticket.number) for seat, where in ((csr, "desk"), (customer, "selfcare"))
            ]

        assert all("We have not kept the time that we promised." in page for page in pages)
        assert "Promised until" not in pages[0]

    def test_says_when_a_device_was_seen_in_the_places_zone(self, division, csr, ticket, account):
        set_value(division, TIME_ZONE, "America/Denver")
        reading = {"serial": "S", "is_online": False, "last_seen_at": "2026-07-01T12:00:00+00:00", "levels": {}}
        Probe.objects.create(
            key="k", intake_key="k", equipment=make_equipment(account), ticket=ticket, finding=Finding.OFFLINE,
            reading=reading,
        )  # fmt: skip

        assert "6 a.m. MDT" in csr.read("desk:ticket", ticket.number)
