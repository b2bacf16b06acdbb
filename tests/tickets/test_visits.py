"""Tasks, appointments and truck rolls on the ticket, and the day of an agent at the door (X27)."""

import contextlib
import html
import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.testing import make_account
from foundation.clocks.states import WatchStatus
from foundation.correspondence.models import Message
from foundation.divisions.testing import make_division
from foundation.events.models import Delivery, Event
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import RoleAssignment
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.testing import make_team
from interfaces.desk.queries import timeline_of
from interfaces.desk.words import say
from tests.tickets.conftest import Seat
from tickets import services
from tickets.models import Attachment, Equipment, Task, Ticket, Visit, VisitDeed
from tickets.services import Booking
from tickets.states import (
    TASK_MOVES,
    UNDER_WAY_OR_OWED,
    VISIT_MOVES,
    ClockKind,
    DeedKind,
    PendingReason,
    ResolutionCode,
    TaskStatus,
    TicketStatus,
    VisitOutcome,
    VisitStatus,
)
from tickets.tasks import miss_visits
from tickets.testing import (
    let_leave,
    make_equipment,
    make_policy,
    make_routing,
    make_task,
    make_ticket,
    make_visit,
)

PIXEL = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def noon(division):
    """Hold the time at noon of a Tuesday in the division's zone: a visit in some hours is today."""
    at = timezone.datetime(2026, 12, 1, 12, tzinfo=division.zone)
    with time_machine.travel(at, tick=False) as traveller:
        yield traveller


@pytest.fixture
def agent(noon, seat):
    return seat(Role.FIELD_AGENT, name="Fran Field")


@pytest.fixture
def ticket(noon, division, account):
    return make_ticket(division, account=account)


@pytest.fixture
def visit(ticket, agent):
    return make_visit(ticket, agent.person, note="The gate code is 4711.")


@pytest.fixture
def there(visit, agent):
    """Let the agent have arrived."""
    services.arrive(visit.pk, key="arrived", by=agent.person)
    visit.refresh_from_db()
    return visit


def wanted(agent, division, *, begins_in: float = 2, hours: int = 2, **more: object) -> dict[str, object]:
    starts_at = timezone.localtime(now() + timedelta(hours=begins_in), division.zone)
    return {"key": "form", "agent": agent.person.pk, "starts_at": f"{starts_at:%Y-%m-%dT%H:%M}", "hours": hours, **more}


def errors_of(answer, field: str) -> str:
    assert answer.status_code == 422
    return " ".join(answer.context["form"].errors[field])


def key_on(page: str, deed: str) -> str:
    """Return the hidden key of one form of a visit's page."""
    (key,) = re.findall(rf'name="key" value="([0-9a-f]+)"[^>]*id="{deed}-key"', page)
    return key


def told(ticket: Ticket) -> list[str]:
    return list(Event.objects.filter(subject_id=ticket.pk, name__startswith="tickets.").values_list("name", flat=True))


class TestX27Moves:
    @pytest.mark.parametrize(("moves", "statuses"), [(TASK_MOVES, TaskStatus), (VISIT_MOVES, VisitStatus)])
    def test_lead_only_to_statuses_that_there_are_and_to_each_of_them(self, moves, statuses):
        begins, *others = statuses
        reached = frozenset().union(*moves.values())

        assert set(moves) | reached <= set(statuses)
        assert reached == set(others), f"Only {begins} is where one begins."

    def test_end_where_nothing_is_to_come(self):
        assert set(VISIT_MOVES) == set(UNDER_WAY_OR_OWED)

    @pytest.mark.parametrize("before", VisitStatus)
    def test_are_all_that_a_visit_allows(self, noon, division, before):
        ways = {
            VisitStatus.ON_THE_WAY: lambda visit: visit.set_off(),
            VisitStatus.ARRIVED: lambda visit: visit.arrive(at=now()),
            VisitStatus.MADE: lambda visit: visit.finish(VisitOutcome.PUT_RIGHT, at=now()),
            VisitStatus.MOVED: lambda visit: visit.make_way(at=now()),
            VisitStatus.CALLED_OFF: lambda visit: visit.call_off(at=now()),
        }
        went = set()
        for to, go in ways.items():
            visit = Visit(status=before, division=division, starts_at=now(), ends_at=now() + timedelta(hours=2))
            with contextlib.suppress(NotAllowed):
                go(visit)
                went.add(to)
                assert visit.status == to

        assert went == VISIT_MOVES.get(before, frozenset()) - {VisitStatus.MISSED}, "Missed it is by the sweep."


class TestX27TasksOnATicket:
    def test_are_added_and_done_on_its_page(self, csr, ticket):
        due = timezone.localtime(now() + timedelta(hours=3), ticket.division.zone)
        said = {
            "kind": "call_back",
            "text": "Ring the landlord",
            "who": csr.person.pk,
            "due_at": f"{due:%Y-%m-%dT%H:%M}",
        }
        for _twice in range(2):
            csr.post("desk:ticket_do", ticket.number, "task", key="form", **said)

        task = ticket.tasks.get()
        assert (task.due_at, task.who, task.kind) == (due, csr.person, "call_back")
        page = csr.read("desk:ticket", ticket.number)
        assert "Ring the landlord" in page
        assert "A task was added: Call back" in page
        csr.post("desk:ticket_task_end", ticket.number, task.pk, "done")
        task.refresh_from_db()
        assert (task.status, task.ended_by) == (TaskStatus.DONE, csr.person)
        csr.post("desk:ticket_task_end", ticket.number, task.pk, "drop")
        assert Task.objects.get().status == TaskStatus.DONE
        assert told(ticket)[-2:] == ["tickets.task_added", "tickets.task_done"]

    def test_are_not_lost_where_their_form_wrote_another(self, csr, ticket):
        said = {"kind": "to_do", "who": csr.person.pk, "due_at": "2026-12-03T10:00", "key": "form"}
        csr.post("desk:ticket_do", ticket.number, "task", text="Look", **said)

        page = csr.post("desk:ticket_do", ticket.number, "task", text="Ring", **said)

        assert "Something else was sent from this form already" in page.text
        assert Task.objects.get().text == "Look"

    def test_end_also_where_the_ticket_was_merged(self, csr, account, division, ticket):
        task = make_task(ticket, csr.person)
        services.merge_ticket(ticket.pk, make_ticket(division, account=account).pk, by=csr.person)

        csr.post("desk:ticket_task_end", ticket.number, task.pk, "done")

        assert Task.objects.get().status == TaskStatus.DONE

    def test_are_not_due_in_the_past_nor_for_somebody_from_elsewhere(self, csr, seat, ticket):
        stranger = seat(Role.CSR, make_division())
        said = {"key": "form", "kind": "to_do", "text": "Look"}

        past = csr.post("desk:ticket_do", ticket.number, "task", **said, who=csr.person.pk, due_at="2026-11-30T10:00")
        other = csr.post(
            "desk:ticket_do", ticket.number, "task", **said, who=stranger.person.pk, due_at="2026-12-03T10:00"
        )

        assert "That is past." in errors_of(past, "due_at")
        assert "does not work on this ticket" in errors_of(other, "who")
        assert not Task.objects.exists()

    def test_are_shown_to_whoever_is_to_do_them_until_they_end(self, csr, ticket):
        task = make_task(ticket, csr.person, text="Ask the landlord")

        assert "Ask the landlord" in csr.read("desk:home")
        services.end_task(task.pk, TaskStatus.DROPPED, by=csr.person)
        assert "Ask the landlord" not in csr.read("desk:home")


class TestX27BookingAVisit:
    def test_makes_the_ticket_wait_and_tells_its_customer_when(self, csr, customer, agent, ticket):
        csr.post("desk:ticket_do", ticket.number, "visit", **wanted(agent, ticket.division, waits="on"))

        ticket.refresh_from_db()
        visit = ticket.visits.get()
        assert (ticket.status, ticket.reason) == (TicketStatus.PENDING, PendingReason.APPOINTMENT)
        assert (visit.agent, visit.premises) == (agent.person, ticket.premises)
        assert (visit.starts_at - now(), visit.ends_at - visit.starts_at) == (timedelta(hours=2), timedelta(hours=2))
        page = customer.read("selfcare:ticket", ticket.number)
        assert "A technician comes on Tuesday, December 1, 2:00 PM to 4:00 PM" in page
        assert "Fran" not in page

    def test_is_done_once_however_often_it_is_sent(self, csr, agent, ticket):
        for _twice in range(2):
            answer = csr.post("desk:ticket_do", ticket.number, "visit", **wanted(agent, ticket.division))
            assert answer.status_code == 302

        assert ticket.visits.count() == 1

    def test_is_not_lost_where_its_form_booked_another(self, agent, visit, ticket):
        booking = Booking(agent=agent.person, starts_at=now() + timedelta(hours=5), ends_at=now() + timedelta(hours=7))

        for book in (services.book_visit, services.move_visit):
            of = ticket if book == services.book_visit else visit
            with pytest.raises(NotAllowed) as refusal:
                book(of.pk, booking, key=visit.key, by=None)
            assert refusal.value.code == "sent"

    def test_is_refused_at_the_field_where_the_window_is_past(self, csr, agent, ticket):
        answer = csr.post("desk:ticket_do", ticket.number, "visit", **wanted(agent, ticket.division, begins_in=-3))

        assert "This window is past." in errors_of(answer, "starts_at")
        assert not Visit.objects.exists()

    def test_is_refused_at_the_field_where_the_agent_is_of_another_division(self, csr, seat, ticket):
        stranger = seat(Role.FIELD_AGENT, make_division())

        answer = csr.post("desk:ticket_do", ticket.number, "visit", **wanted(stranger, ticket.division))

        assert "visits nobody in this division" in errors_of(answer, "agent")
        booking = Booking(agent=stranger.person, starts_at=now(), ends_at=now() + timedelta(hours=1))
        with pytest.raises(NotAllowed, match="visits nobody in"):
            services.book_visit(ticket.pk, booking, key="k", by=csr.person)

    def test_is_refused_at_the_field_where_the_agent_visits_somebody_else_then(self, csr, division, agent, visit):
        other = make_ticket(division)

        answer = csr.post("desk:ticket_do", other.number, "visit", **wanted(agent, division))
        after = csr.post("desk:ticket_do", other.number, "visit", **wanted(agent, division, begins_in=3))

        assert "Fran Field has another visit then: Tuesday, December 1, 1:00 PM to 3:00 PM" in errors_of(
            answer, "agent"
        )
        assert after.status_code == 302

    def test_leaves_one_of_two_that_take_the_same_agent_at_once(self, division, agent, visit, monkeypatch):
        monkeypatch.setattr(
            "tickets.services.visits.clash_of", lambda _agent, _visit: None
        )  # neither sees the other yet

        with pytest.raises(NotAllowed) as refusal:
            make_visit(make_ticket(division), agent.person)

        assert (refusal.value.code, refusal.value.field) == ("clash", "agent")

    def test_is_offered_once(self, csr, visit, ticket):
        page = csr.read("desk:ticket", ticket.number)

        assert "Book a visit" not in page
        assert "Move the visit" in page
        with pytest.raises(NotAllowed, match="booked already"):
            make_visit(ticket, visit.agent, begins_in=8)


class TestX27MovingAVisit:
    def test_keeps_the_old_one_in_the_history(self, csr, agent, visit, ticket):
        csr.post("desk:ticket_do", ticket.number, "move-visit", **wanted(agent, ticket.division, begins_in=26))

        visit.refresh_from_db()
        new = ticket.visits.get(status=VisitStatus.BOOKED)
        assert (visit.status, new.instead_of) == (VisitStatus.MOVED, visit)
        page = csr.read("desk:ticket", ticket.number)
        assert "Tue 1 Dec, 1 p.m.–3 p.m." in page
        assert "Wed 2 Dec, 2 p.m.–4 p.m." in page
        assert say(timeline_of(ticket).filter(name="tickets.visit_moved").get()).startswith(
            "The visit was moved from Tuesday, December 1, 1:00 PM"
        )

    def test_may_overlap_with_the_one_that_it_takes_the_place_of(self, csr, agent, visit, ticket):
        csr.post("desk:ticket_do", ticket.number, "move-visit", **wanted(agent, ticket.division, begins_in=2))

        assert ticket.visits.filter(status=VisitStatus.BOOKED).get().instead_of == visit

    def test_leaves_the_old_one_where_the_new_one_is_refused(self, csr, agent, visit, ticket):
        csr.post("desk:ticket_do", ticket.number, "move-visit", **wanted(agent, ticket.division, begins_in=-9))

        visit.refresh_from_db()
        assert visit.status == VisitStatus.BOOKED

    def test_off_lets_the_ticket_go_on(self, csr, visit, ticket):
        csr.post("desk:ticket_do", ticket.number, "call-off-visit")

        ticket.refresh_from_db()
        assert ticket.visits.get().status == VisitStatus.CALLED_OFF
        assert ticket.status == TicketStatus.IN_PROGRESS

    def test_off_happens_by_itself_where_the_ticket_ends(self, visit, ticket):
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED_ITSELF, "", by=None)

        let_leave()
        drain()

        visit.refresh_from_db()
        assert visit.status == VisitStatus.CALLED_OFF

    def test_is_asked_for_before_its_ticket_is_merged(self, csr, division, account, visit, ticket):
        other = make_ticket(division, account=account)

        with pytest.raises(NotAllowed, match="A visit is booked"):
            services.merge_ticket(ticket.pk, other.pk, by=csr.person)
        services.merge_ticket(other.pk, ticket.pk, by=csr.person)


class TestX27TheCustomerIsWritten:
    """One letter when a visit is booked, moved or called off: when, where, and what is needed."""

    def written(self):
        drain()
        return Message.objects.filter(kind="tickets.visit").order_by("pk")

    def move(self, csr, agent, visit, **more):
        answers = wanted(agent, visit.division, key=f"form-{visit.pk}", **more)
        assert csr.post("desk:ticket_do", visit.ticket.number, "move-visit", **answers).status_code == 302
        return Visit.objects.latest("pk")

    def test_when_it_is_booked(self, visit, ticket):
        [letter] = self.written()

        assert letter.to == ticket.requester_email
        assert letter.headers["Auto-Submitted"] == "auto-generated"
        for words in (
            "The technician comes on Tuesday, December 1, 1:00 PM to 3:00 PM",
            visit.premises.label,
            "Somebody has to be at home",
            ticket.subject,
        ):
            assert words in letter.text
            assert words in html.unescape(letter.html)

    def test_in_their_language(self, ticket, agent):
        Ticket.objects.filter(pk=ticket.pk).update(language="es")
        make_visit(ticket, agent.person)

        [letter] = self.written()

        assert letter.language == "es"
        assert "1 de diciembre" in letter.text

    def test_when_it_is_moved(self, csr, agent, visit):
        drain()
        self.move(csr, agent, visit, begins_in=20)

        first, second = self.written()

        assert "Your appointment was moved" in second.subject_line
        assert "Wednesday, December 2" in second.text
        assert "moved" not in first.subject_line

    def test_of_two_moves_one_after_the_other_about_the_last(self, csr, agent, visit):
        again = self.move(csr, agent, self.move(csr, agent, visit, begins_in=20), begins_in=44)

        [letter] = self.written()

        assert "Thursday, December 3" in letter.text
        assert letter.key == f"tickets.visit:{again.pk}"
        assert "moved" not in letter.subject_line

    def test_when_it_is_called_off(self, csr, visit, ticket):
        drain()
        csr.post("desk:ticket_do", ticket.number, "call-off-visit")

        _booked, letter = self.written()

        assert "Nobody comes on Tuesday, December 1" in letter.text
        assert "called off" in letter.subject_line

    def test_nothing_of_a_visit_that_nobody_was_told_of(self, csr, visit, ticket):
        csr.post("desk:ticket_do", ticket.number, "call-off-visit")

        assert not self.written()

    def test_with_two_questions_however_often_it_was_moved(self, csr, agent, visit):
        drain()
        last = visit
        for days in range(1, 4):
            last = self.move(csr, agent, last, begins_in=24 * days)

        with CaptureQueriesContext(connection) as asked:
            services.send_visit(last.pk)

        assert "moved" in self.written().last().subject_line
        of_visits = [query["sql"] for query in asked if 'FROM "tickets_visit"' in query["sql"]]
        assert len(of_visits) == 2, of_visits

    def test_and_nobody_else_once_it_is_another_customers(self, division, csr, visit, ticket):
        Ticket.objects.filter(pk=ticket.pk).update(language="es")
        drain()
        other = make_account(division).customer
        services.call_off_visit(visit.pk, by=csr.person)
        email = other.contacts.get().email
        services.set_customer(ticket.pk, other, confirmed_email=email, by=csr.person)

        booked, off = self.written()

        assert (off.to, off.language) == (booked.to, "es")
        assert "Nadie" in off.text
        assert off.to != email
        queued = Event.objects.get(name="correspondence.message_queued", payload__message_id=off.pk)
        assert f"accounts.customer:{other.pk}" not in queued.about

    def test_nobody_of_an_address_that_is_not_the_tickets_any_more(self, division, visit, ticket):
        stranger = {"customer": make_account(division).customer, "requester_email": "stranger@people.example"}
        Ticket.objects.filter(pk=ticket.pk).update(premises=None, account=None, **stranger)

        assert not self.written()

    def test_its_ticket_stays_theirs_until_it_is_over(self, division, csr, visit, ticket):
        other = make_account(division).customer
        answers = {"number": other.number, "confirmed_email": other.contacts.get().email}

        refused = csr.post("desk:ticket_customer", ticket.number, **answers)
        with pytest.raises(NotAllowed) as refusal:
            services.set_customer(ticket.pk, other, confirmed_email=answers["confirmed_email"], by=csr.person)

        assert "A visit to its customer is not over." in refused.content.decode()
        assert refusal.value.code == "visit"
        ticket.refresh_from_db()
        assert (ticket.customer, ticket.premises) == (visit.ticket.customer, visit.premises)
        csr.post("desk:ticket_do", ticket.number, "call-off-visit")
        assert csr.post("desk:ticket_customer", ticket.number, **answers).status_code == 302

    def test_once_however_often_it_is_heard(self, visit):
        drain()

        services.send_visit(visit.pk)

        assert self.written().count() == 1

    def test_nobody_where_there_is_no_address(self, division, account, agent):
        requester = services.Requester.typed(phone="917-555-0142")
        make_visit(make_ticket(division, account=account, requester=requester), agent.person)

        assert not self.written()


class TestX27MissedVisit:
    @pytest.fixture
    def promised(self, noon, division, ticket):
        make_policy(division)
        services.follow_ticket(ticket.pk, at=now())
        return ticket

    def test_flags_the_ticket_and_tells_the_supervisor(self, csr, supervisor, noon, promised, visit):
        clock = promised.clocks.get()
        assert clock.status == WatchStatus.PAUSED
        noon.shift(timedelta(hours=3))

        miss_visits()
        drain()

        promised.refresh_from_db()
        clock.refresh_from_db()
        visit.refresh_from_db()
        assert (visit.status, visit.missed_at, promised.visit_missed_at) == (VisitStatus.MISSED, now(), now())
        assert (promised.status, clock.status) == (TicketStatus.IN_PROGRESS, WatchStatus.RUNNING)
        assert (promised.escalation_level, promised.escalation_reason) == (1, "visit_missed")
        assert "Visit missed" in csr.read("desk:tickets")
        assert promised.number in csr.read("desk:tickets", visit="missed")
        page = csr.read("desk:ticket", promised.number)
        assert "Nobody came to the visit" in page
        assert "Level 1: nobody came to a visit" in page
        assert "Nobody came to the visit: Tuesday, December 1, 1:00 PM to 3:00 PM" in page
        letters = [letter for letter in mail.outbox if letter.to == [supervisor.person.email]]
        assert [letter.subject for letter in letters] == [f"{promised.number}: a visit was missed"]
        assert "Fran Field was to be there on Tuesday" in letters[0].body

    def test_ends_the_pause_of_the_clock(self, noon, promised, visit):
        noon.shift(timedelta(hours=3))
        miss_visits()
        drain()  # late, and of all moves: the booking's, too, is heard only now
        noon.shift(timedelta(hours=1))

        clock = promised.clocks.get()
        assert clock.elapsed(now()) == timedelta(hours=1)

    def test_is_found_once_and_only_after_its_window(self, noon, visit, ticket):
        noon.shift(timedelta(hours=2, minutes=59))
        assert services.miss_visits() == 0
        noon.shift(timedelta(minutes=1))
        assert services.miss_visits() == 1
        assert services.miss_visits() == 0
        assert told(ticket).count("tickets.visit_missed") == 1

    def test_is_none_where_the_agent_is_there(self, noon, there, ticket):
        noon.shift(timedelta(hours=9))

        assert services.miss_visits() == 0

    def test_keeps_a_higher_level_and_another_wait(self, noon, agent, ticket, csr):
        services.pend_ticket(ticket.pk, PendingReason.PARTS, by=None)
        services.escalate_ticket(ticket.pk, 2, "skill", by=csr.person)
        make_visit(ticket, agent.person)
        noon.shift(timedelta(hours=3))

        services.miss_visits()

        ticket.refresh_from_db()
        assert (ticket.escalation_level, ticket.escalation_reason) == (2, "skill")
        assert (ticket.status, ticket.reason) == (TicketStatus.PENDING, PendingReason.PARTS)
        assert ticket.visit_missed_at

    def test_tells_the_customer_and_is_made_good_by_another(self, csr, customer, agent, noon, visit):
        ticket = visit.ticket
        noon.shift(timedelta(hours=3))
        services.miss_visits()
        assert "We did not come on Tuesday, December 1" in customer.read("selfcare:ticket", ticket.number)

        csr.post("desk:ticket_do", ticket.number, "move-visit", **wanted(agent, ticket.division, begins_in=24))

        ticket.refresh_from_db()
        assert ticket.visit_missed_at is None
        assert "Nobody came to the visit:" in csr.read("desk:ticket", ticket.number)
        assert "Visit missed" not in csr.read("desk:tickets").partition("<tbody")[2]

    def test_is_made_good_by_who_comes_late_and_stays_on_record(self, agent, noon, visit, ticket):
        noon.shift(timedelta(hours=3))
        services.miss_visits()

        agent.post("desk:visit", visit.pk, deed="arrive", key="late")

        visit.refresh_from_db()
        ticket.refresh_from_db()
        assert (visit.status, ticket.visit_missed_at, ticket.truck_rolls) == (VisitStatus.ARRIVED, None, 1)
        assert visit.missed_at

    def test_costs_the_same_for_many(self, noon, division, seat):
        for _one in range(3):
            make_visit(make_ticket(division), seat(Role.FIELD_AGENT).person)
        noon.shift(timedelta(hours=3))

        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert services.miss_visits() == 3
        assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) == 1


class TestX27AgentsDay:
    def test_shows_ones_own_visits_and_nobody_elses(self, agent, seat, division, visit, ticket):
        other = seat(Role.FIELD_AGENT)
        theirs = make_visit(make_ticket(division, subject="Not hers"), other.person)

        page = agent.read("desk:visits")

        assert visit.premises.street_line in page
        assert "Not hers" not in page
        assert agent.get("desk:visit", theirs.pk).status_code == 404
        assert agent.post("desk:visit", theirs.pk, deed="arrive", key="k").status_code == 404
        assert agent.get("desk:ticket", ticket.number).status_code == 404

    def test_is_for_those_who_visit(self, csr, visit):
        assert csr.get("desk:visits").status_code == 403
        assert csr.get("desk:visit", visit.pk).status_code == 403

    def test_ends_with_the_role(self, agent, visit):
        RoleAssignment.objects.filter(user=agent.person).update(role=Role.CSR)

        assert agent.get("desk:visit", visit.pk).status_code == 403

    def test_parts_today_from_later_and_forgets_what_is_past(self, agent, noon, division, visit):
        tomorrow = make_visit(make_ticket(division), agent.person, begins_in=24)

        day = agent.get("desk:visits").context["day"]
        assert (day.todo, day.later, day.ended) == ([visit], [tomorrow], [])
        noon.shift(timedelta(days=2, hours=8))
        services.miss_visits()
        assert Seat(sign_in(Client(), agent.person), agent.person).get("desk:visit", visit.pk).status_code == 404

    def test_costs_the_same_for_many_visits(self, agent, division, visit):
        def cost() -> int:
            agent.read("desk:visits")  # what is configured is read anew after a change
            with CaptureQueriesContext(connection) as queries:
                agent.read("desk:visits")
            return len(queries)

        for_one = cost()
        for number in range(1, 5):
            make_visit(make_ticket(division), agent.person, begins_in=1 + 2 * number)

        assert cost() == for_one > 0

    def test_tells_what_one_needs_at_the_door(self, agent, account, visit, ticket):
        device = make_equipment(account, "OLD-1")

        page = agent.read("desk:visit", visit.pk)

        assert visit.premises.street_line in page
        assert "The gate code is 4711." in page
        assert f'href="tel:{ticket.requester_phone}"' in page
        assert ticket.subject in page
        assert "there has been no connection" in page
        assert device.serial in page


class TestX27AtTheDoor:
    def test_arriving_counts_a_truck_roll_and_lets_the_ticket_go_on(self, csr, agent, visit, ticket):
        agent.post("desk:visit", visit.pk, deed="set_off", key="one")
        agent.post("desk:visit", visit.pk, deed="arrive", key="two")

        ticket.refresh_from_db()
        visit.refresh_from_db()
        assert (visit.status, visit.arrived_at, ticket.truck_rolls) == (VisitStatus.ARRIVED, now(), 1)
        assert ticket.status == TicketStatus.IN_PROGRESS
        page = csr.read("desk:ticket", ticket.number)
        assert "1 truck roll" in page
        assert "The agent arrived: truck roll 1" in page

    def test_nobody_arrives_a_day_early(self, agent, division):
        visit = make_visit(make_ticket(division), agent.person, begins_in=24)

        answer = agent.post("desk:visit", visit.pk, deed="arrive", key="k")

        assert "This visit is on another day." in errors_of(answer, "__all__")

    def test_a_device_is_changed_by_serial(self, csr, agent, account, there, ticket):
        old = make_equipment(account, "OLD-1")

        agent.post("desk:visit", there.pk, deed="swap", key="k", old=old.pk, serial="new 22")

        old.refresh_from_db()
        new = account.equipment.get(until=None)
        assert (old.until, new.serial, new.name) == (new.since, "NEW22", old.name)
        assert "A device was changed: OLD-1 out, NEW22 in" in csr.read("desk:ticket", ticket.number)

    @pytest.mark.parametrize(
        ("serial", "words"),
        [
            ("", "Enter the serial number as it stands on the device."),
            ("no/such", "Enter the serial number as it stands on the device."),
            ("FAR-1", "A device of this number stands at another address."),
            ("OLD-1", "A device of this number stands here already."),
        ],
    )
    def test_a_wrong_serial_is_said_at_the_field_and_changes_nothing(self, agent, division, there, serial, words):
        old = make_equipment(there.ticket.account, "OLD-1")
        make_equipment(make_ticket(division).account, "FAR-1")

        answer = agent.post("desk:visit", there.pk, deed="swap", key="k", old=old.pk, serial=serial)

        assert words in errors_of(answer, "serial")
        assert serial in answer.content.decode()
        old.refresh_from_db()
        assert old.until is None
        assert not VisitDeed.objects.filter(kind=DeedKind.SWAP).exists()

    def test_a_device_from_elsewhere_is_not_taken_away(self, agent, division, there):
        far = make_equipment(make_ticket(division).account, "FAR-1")

        answer = agent.post("desk:visit", there.pk, deed="swap", key="k", old=far.pk, serial="NEW-1")

        assert "This device does not stand here." in errors_of(answer, "old")

    def test_a_photo_is_kept_for_colleagues_alone(self, csr, customer, agent, there, ticket):
        photo = SimpleUploadedFile("splitter.png", PIXEL)

        agent.post("desk:visit", there.pk, deed="photo", key="k", photo=photo, text="The splitter")

        assert "splitter.png" in csr.read("desk:ticket", ticket.number)
        assert "splitter" not in customer.read("selfcare:ticket", ticket.number)

    @pytest.mark.parametrize(
        ("content", "words"), [(b"MZ", "of a kind that we do not take"), (b"%PDF-1.7 and so on", "no picture")]
    )
    def test_what_is_no_picture_is_no_photo(self, agent, there, content, words):
        photo = SimpleUploadedFile("photo.png", content)

        answer = agent.post("desk:visit", there.pk, deed="photo", key="k", photo=photo, text="")

        assert words in errors_of(answer, "photo")
        assert not Attachment.objects.exists()

    def test_leaving_says_what_came_of_it(self, csr, agent, there, ticket):
        agent.post("desk:visit", there.pk, deed="finish", key="k", outcome="put_right", text="A loose plug.")

        there.refresh_from_db()
        assert (there.status, there.outcome, there.ended_at) == (VisitStatus.MADE, "put_right", now())
        page = csr.read("desk:ticket", ticket.number)
        assert "A loose plug." in page
        assert "The visit was made: It works" in page

    def test_what_works_when_the_agent_leaves_is_resolved_and_its_customer_asked(self, agent, division, ticket, there):
        make_policy(division, {ClockKind.RESTORE: 8})
        services.follow_ticket(ticket.pk, at=now())
        agent.post("desk:visit", there.pk, deed="swap", key="s", serial="NEW-1")

        agent.post("desk:visit", there.pk, deed="finish", key="k", outcome="put_right", text="A new modem.")
        drain()
        let_leave()
        drain()

        ticket.refresh_from_db()
        assert (ticket.status, ticket.resolution) == (TicketStatus.RESOLVED, ResolutionCode.REPLACED)
        clock = ticket.clocks.get()
        assert (clock.status, clock.met_at) == (WatchStatus.STOPPED, now())
        assert Message.objects.filter(kind="tickets.resolved", to=ticket.requester_email).count() == 1

    @pytest.mark.parametrize(
        ("kind", "outcome", "runs"), [("complaint", "put_right", False), ("trouble", "come_again", True)]
    )
    def test_what_stays_open_after_it_is_somebodys(self, agent, division, kind, outcome, runs):
        team = make_team(division, members=1)
        make_routing(division, {"team": team})
        make_policy(division, {ClockKind.RESTORE: 8})
        ticket = make_ticket(division, kind)
        visit = make_visit(ticket, agent.person)
        services.arrive(visit.pk, key="arrived", by=agent.person)

        services.finish_visit(visit.pk, VisitOutcome(outcome), "Done.", key="k", by=agent.person)
        Delivery.objects.exclude(handler__endswith="follow_visit").delete()
        drain()

        ticket.refresh_from_db()
        assert (ticket.is_open, ticket.owner) == (True, team.members.get().user)
        assert (ticket.clocks.get().status == WatchStatus.RUNNING) is runs

    @pytest.mark.parametrize("deed", ["swap", "photo", "finish"])
    def test_needs_one_to_be_there(self, agent, visit, deed):
        said = {"serial": "NEW-1", "outcome": "put_right", "text": "Done.", "photo": SimpleUploadedFile("a.png", PIXEL)}

        answer = agent.post("desk:visit", visit.pk, deed=deed, key="k", **said)

        assert answer.status_code == 422
        assert not VisitDeed.objects.exists()


class TestX27RepeatAfterADroppedConnection:
    """Each post carries the key of its form: what comes twice was done once, and is answered alike."""

    def test_arrives_once(self, agent, visit, ticket):
        key = key_on(agent.read("desk:visit", visit.pk), "arrive")

        answers = [agent.post("desk:visit", visit.pk, deed="arrive", key=key) for _twice in range(2)]

        ticket.refresh_from_db()
        assert {(answer.status_code, answer.url) for answer in answers} == {(302, f"/staff/visits/{visit.pk}/")}
        assert agent.read("desk:visit", visit.pk).count("Noted: you are there.") == 2
        assert (ticket.truck_rolls, visit.deeds.count()) == (1, 1)
        assert told(ticket).count("tickets.agent_arrived") == 1

    def test_changes_a_device_once(self, agent, account, there):
        old = make_equipment(account, "OLD-1")
        key = key_on(agent.read("desk:visit", there.pk), "swap")

        answers = [
            agent.post("desk:visit", there.pk, deed="swap", key=key, old=old.pk, serial="NEW-1") for _twice in range(2)
        ]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert list(Equipment.objects.order_by("pk").values_list("serial", flat=True)) == ["OLD-1", "NEW-1"]
        assert there.deeds.filter(kind=DeedKind.SWAP).count() == 1

    def test_keeps_a_photo_once_and_leaves_once(self, agent, there, ticket):
        for _twice in range(2):
            photo = SimpleUploadedFile("splitter.png", PIXEL)
            assert agent.post("desk:visit", there.pk, deed="photo", key="p", photo=photo).status_code == 302
        for _twice in range(2):
            said = {"outcome": "come_again", "text": "A part is missing."}
            assert agent.post("desk:visit", there.pk, deed="finish", key="f", **said).status_code == 302

        assert Attachment.objects.count() == 1
        assert ticket.articles.filter(text="A part is missing.").count() == 1

    def test_is_refused_with_something_else_in_it(self, agent, account, there):
        old = make_equipment(account, "OLD-1")
        agent.post("desk:visit", there.pk, deed="swap", key="k", old=old.pk, serial="NEW-1")

        other_serial = agent.post("desk:visit", there.pk, deed="swap", key="k", old=old.pk, serial="NEW-2")
        other_deed = agent.post("desk:visit", there.pk, deed="finish", key="k", outcome="put_right", text="Done.")

        for answer in (other_serial, other_deed):
            assert "with something else in it" in errors_of(answer, "__all__")
        assert account.equipment.get(until=None).serial == "NEW-1"

    def test_is_anothers_under_the_same_key(self, agent, division, there):
        other = make_visit(make_ticket(division), agent.person, begins_in=5)

        agent.post("desk:visit", other.pk, deed="arrive", key="arrived")

        other.refresh_from_db()
        assert other.status == VisitStatus.ARRIVED

    def test_is_only_for_the_agent(self, there):
        stranger = make_person(Role.FIELD_AGENT, there.division)

        with pytest.raises(NotAllowed, match="not your visit"):
            services.arrive(there.pk, key="arrived", by=stranger)
