"""What those who work with tickets all day need of the desk's pages."""

import html
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account, make_details
from catalog.models import Product
from foundation.correspondence.models import LETTER_SECRET, Message
from foundation.divisions.settings import SETTINGS, TIME_ZONE
from foundation.divisions.testing import make_division, put_value
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role
from foundation.people.testing import make_person
from foundation.worklist.testing import make_member, make_skill, make_team
from tickets import services
from tickets.models import Macro, Probe, Ticket
from tickets.queries import numbered, proof_of
from tickets.settings import CREDIT_AFTER
from tickets.states import ClockKind, Finding, PendingReason, Score, TicketStatus, TicketType
from tickets.testing import (
    answer,
    bring_to,
    let_leave,
    make_affected,
    make_equipment,
    make_policy,
    make_routing,
    make_ticket,
    reply,
)


@pytest.fixture
def ticket(division, account):
    return make_ticket(division, account=account)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def by_letter(ticket: Ticket, fixed: str) -> str:
    """Return the page that the link in the letter opens."""
    query = urlencode({"fixed": fixed, LETTER_SECRET: proof_of(ticket)})
    return Client().get(f"{reverse('selfcare:ticket_by_letter')}?{query}").content.decode()


class TestDoings:
    @pytest.mark.parametrize(
        ("doing", "title", "button"),
        [
            ("about", "What it is about", "Note what it is about"), ("priority", "Priority", "Change the priority"),
            ("type", "Type", "Change the type"), ("note", "Internal note", "Keep the note"),
            ("part-of", "Part of another", "Make it a part of that"), ("merge", "Merge", "Merge"),
        ],
    )  # fmt: skip
    def test_have_a_button_that_says_what_it_does(self, csr, ticket, doing, title, button):
        page = csr.read("desk:ticket_do", ticket.number, doing)

        assert f'<h1 id="action-title">{title}</h1>' in page
        assert f'<button class="btn btn-primary">{button}</button>' in page


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

        assert f"<strong>{strangers.number}" not in csr.read("desk:search", q=strangers.number)
        assert not numbered("Chris", among=Ticket.objects.all())
        assert not numbered("T-2", among=Ticket.objects.all())

    def test_finds_the_caller_by_where_they_live(self, csr, account):
        street = account.premises.street_line.split(" ", 1)[1]

        for text in (street, account.premises.street_line):
            assert f"?customer={account.customer.pk}" in csr.read("desk:new_ticket", q=text)

    def test_asks_an_index_for_a_part_of_a_number(self, ticket):
        with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
            cursor.execute("SET LOCAL enable_seqscan = off")
            list(numbered(ticket.number[2:6] + "-", among=Ticket.objects.order_by()))
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
        put_value(division, TIME_ZONE, "America/Denver")
        Ticket.objects.filter(pk=ticket.pk).update(due_at="2026-01-02T12:00:00Z", channel="mail", reported_by=None)

        def is_marked() -> bool:
            return "Unanswered" in csr.read("desk:tickets")

        came_by_mail = is_marked()
        Ticket.objects.update(opened_by=csr.person, channel="phone")
        marks = [is_marked()]
        for happens in (reply, answer, reply):
            happens(ticket)
            marks.append(is_marked())

        assert came_by_mail
        assert marks == [False, True, False, True]
        assert "5 a.m. MST" in csr.read("desk:tickets")

    def test_begins_with_the_next_promise_and_marks_what_is_overdue(self, division, csr):
        late, soon, never = (make_ticket(division) for _each in range(3))
        Ticket.objects.filter(pk=late.pk).update(due_at=now() - timedelta(hours=1))
        Ticket.objects.filter(pk=soon.pk).update(due_at=now() + timedelta(hours=1))

        page = csr.read("desk:tickets")

        places = [page.index(one.number) for one in (late, soon, never)]
        assert places == sorted(places)
        assert page.count(">overdue<") == 1
        assert places[0] < page.index(">overdue<") < places[1]
        newest_first = csr.client.get(reverse("desk:tickets"), {"status": "any"}).content.decode()
        places = [newest_first.index(one.number) for one in (never, soon, late)]
        assert places == sorted(places)


class TestThePage:
    def test_names_each_letter_and_its_recipient_not_the_proof_in_its_subject(self, division, csr, account):
        ticket = make_ticket(division, account=account)
        drain()
        letter = Message.objects.get(kind="tickets.opened")

        said = f"A message was written: “[{ticket.number}] {ticket.subject}”, to {letter.to}"

        assert ticket.number in letter.subject_line
        assert letter.subject_line not in said
        for page in ("desk:ticket", "desk:ticket_history"):
            assert said in csr.read(page, ticket.number)

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
        put_value(division, TIME_ZONE, "America/Denver")
        reading = {
            "serial": "S",
            "is_online": False,
            "last_seen_at": "2026-07-01T12:00:00+00:00",
            "levels": {},
            "firmware": "",
        }
        Probe.objects.create(
            key="k", intake_key="k", equipment=make_equipment(account), ticket=ticket, finding=Finding.OFFLINE,
            reading=reading,
        )  # fmt: skip

        assert "6 a.m. MDT" in csr.read("desk:ticket", ticket.number)


class TestAnotherCustomer:
    def test_is_looked_for_and_confirmed_with_two_clicks(self, division, csr, ticket):
        other = make_account(division, details=make_details(name="Olive Other")).customer
        email = other.contacts.get().email

        found = csr.read("desk:ticket_customer", ticket.number, q="olive oth")
        chosen = csr.read("desk:ticket_customer", ticket.number, number=other.number)
        csr.post("desk:ticket_customer", ticket.number, number=other.number, confirmed_email=email)

        assert f'href="?number={other.number}"' in found
        assert re.search(f'<input type="radio"[^>]*name="confirmed_email"[^>]*value="{email}"', chosen)
        assert fresh(ticket).customer == other

    @pytest.mark.parametrize(
        ("role", "advice"),
        [(Role.CSR, "Open a new ticket for them."), (Role.AUDITOR, "Ask there for a new ticket: Sue.")],
    )
    def test_of_another_division_is_told_whom_to_ask(self, csr, ticket, role, advice):
        elsewhere = make_division()
        make_person(Role.SUPERVISOR, elsewhere, name="Sue")
        RoleAssignment.objects.create(user=csr.person, role=role, division=elsewhere)
        other = make_account(elsewhere).customer

        shown = csr.read("desk:ticket_customer", ticket.number, number=other.number)
        sent = csr.post("desk:ticket_customer", ticket.number, number=other.number)

        assert advice in shown
        assert "Change the customer" not in shown
        assert advice in sent.content.decode()
        assert fresh(ticket).customer == ticket.customer


class TestTheCallersServices:
    def test_leave_out_what_was_done_once(self, division, csr):
        account = make_affected(division)
        service = account.services.first()
        pages = []

        for family in ("internet", "installation"):
            Product.objects.filter(pk=service.product.pk).update(family=family)
            pages.append(csr.read("desk:new_ticket", customer=account.customer.pk))

        assert [f'value="service:{service.pk}"' in page for page in pages] == [True, False]


class TestWhatTheCustomerSays:
    def test_of_how_it_was_handled_is_read_at_the_desk(self, csr, ticket):
        bring_to(ticket, TicketStatus.RESOLVED)
        services.rate_ticket(ticket.pk, Score.BAD, "Nobody ever called.")

        for page in ("desk:ticket", "desk:ticket_history"):
            assert "Nobody ever called." in csr.read(page, ticket.number)

    def test_is_asked_in_words_for_what_it_was(self, division, account):
        bill = make_ticket(division, TicketType.BILLING, account=account)
        bring_to(bill, TicketStatus.RESOLVED)
        let_leave()
        drain()
        letter = Message.objects.get(kind="tickets.resolved").shown_text

        assert "Is it settled?" in letter
        assert "fixed?" not in letter
        assert "Yes, it is settled" in by_letter(bill, "yes")

    @pytest.mark.parametrize(("said", "button"), [("yes", "fixed"), ("no", "reopen")])
    def test_in_the_letter_is_chosen_on_its_page(self, ticket, said, button):
        bring_to(ticket, TicketStatus.RESOLVED)
        let_leave()

        page = by_letter(ticket, said)

        assert f'name="do" value="{button}" aria-describedby="chosen" autofocus' in page
        assert page.count("autofocus") == 1
        assert fresh(ticket).status == TicketStatus.RESOLVED


class TestMerging:
    def test_offers_the_other_open_tickets_of_the_customer(self, division, csr, ticket, account):
        double = make_ticket(division, account=account, subject="Still nothing")
        strangers = make_ticket(division, subject="Something else")
        make_ticket(division, account=account, subject="Long gone")
        bring_to(Ticket.objects.get(subject="Long gone"), TicketStatus.CLOSED)

        page = csr.read("desk:ticket_do", ticket.number, "merge")
        neither = csr.post("desk:ticket_do", ticket.number, "merge")
        csr.post("desk:ticket_do", ticket.number, "merge", chosen=double.number)

        assert f"{double.number}: Still nothing" in page
        assert strangers.number not in page
        assert "Long gone" not in page
        assert "Choose a ticket, or type its number." in neither.content.decode()
        assert fresh(ticket).merged_into == double

    def test_believes_the_number_that_is_typed(self, division, csr, ticket, account):
        chosen, typed = (make_ticket(division, account=account) for _two in range(2))

        answers = {"chosen": chosen.number, "number": f" {typed.number.lower()} "}
        csr.post("desk:ticket_do", ticket.number, "merge", **answers)

        assert fresh(ticket).merged_into == typed


class TestSplitting:
    def test_leaves_a_mark_and_takes_no_urgency_along(self, division, csr, account):
        ticket = make_ticket(division, account=account, priority="p1")
        article = services.note_phone_call(ticket.pk, "And a new box, too.", by=csr.person, key="call")

        csr.post("desk:ticket_split", ticket.number, article.pk, key="k", subject="A box", type="request")

        new = Ticket.objects.get(subject="A box")
        assert (new.priority, new.channel) == ("p3", "phone")
        page = " ".join(csr.read("desk:ticket", ticket.number).split())
        assert f'<a href="{reverse("desk:ticket", args=[new.number])}">split off as {new.number}</a>' in page


class TestWhatIsReused:
    def test_is_written_on_several_lines_and_in_the_sites_languages(self, seat):
        operator = seat(Role.OPERATOR)

        macro, canned = operator.read("admin:tickets_macro_add"), operator.read("admin:tickets_cannedreply_add")

        assert '<textarea name="reply_en"' in macro
        assert '<option value="es">' in canned.split('<select name="language"')[1].split("</select>")[0]

    def test_is_not_offered_where_it_cannot_run(self, division, csr, ticket):
        for name, does in {"Take and send": {"takes": True}, "Just send": {}}.items():
            Macro.objects.create(division=division, name=name, reply={"en": "Hello."}, **does)
        before = csr.read("desk:ticket", ticket.number)
        bring_to(ticket, TicketStatus.RESOLVED)

        after = csr.read("desk:ticket", ticket.number)

        assert "Take and send" in before
        assert "Take and send" not in after
        assert "Just send" in after

    def test_runs_on_a_ticket_that_waits_for_the_customer_already(self, division, csr, ticket):
        macro = Macro.objects.create(division=division, name="Remind", reply={"en": "Did you try?"}, end="wait")
        bring_to(ticket, TicketStatus.PENDING)

        csr.post("desk:ticket_macro", ticket.number, macro.pk, key="k", text="Did you try?", seen=ticket.version)

        assert (fresh(ticket).status, fresh(ticket).reason) == (TicketStatus.PENDING, PendingReason.CUSTOMER)
        assert ticket.articles.filter(kind="answer", text="Did you try?").exists()


class TestSettings:
    def test_of_tickets_are_set_on_the_divisions_page_which_says_what_is_inherited(self, seat, division):
        operator = seat(Role.OPERATOR)
        address = reverse("admin:divisions_division_settings", args=[division.pk])

        way_there = operator.read("admin:divisions_division_change", division.pk)
        page = html.unescape(operator.client.get(address).content.decode())

        assert f'href="{address}"' in way_there
        declared = [setting for name, setting in SETTINGS.items() if name.startswith("tickets.")]
        assert len(declared) > 8
        assert all(str(one.label) in page and str(one.help) in page for one in declared)
        row = page.split(str(CREDIT_AFTER.label))[1].split("</tr>")[0]
        assert "<strong>240</strong>" in row
        assert "built in" in row


class TestTeamsInTheAdmin:
    def test_offer_staff_of_the_market_alone(self, seat, division, customer):
        operator = seat(Role.OPERATOR)
        team = make_team(division)
        ours = make_person(Role.CSR, division, name="Ours Only")
        make_person(Role.CSR, make_division(), name="Theirs Only")
        client_name = "Carla Customer"
        User.objects.filter(pk=customer.person.pk).update(name=client_name)

        for page in (operator.read("admin:worklist_team_change", team.pk), operator.read("admin:worklist_member_add")):
            assert f">{ours}</option>" in page
            assert "Theirs Only" not in page
            assert client_name not in page


class TestWaiting:
    def test_for_the_wrong_thing_is_put_right_at_once(self, csr, ticket):
        make_policy(ticket.division, {ClockKind.RESOLVE: 8}, pausing=[PendingReason.CUSTOMER])
        bring_to(ticket, TicketStatus.PENDING)

        csr.post("desk:ticket_do", ticket.number, "wait", reason="parts")
        again = csr.post("desk:ticket_do", ticket.number, "wait", reason="parts")

        assert (fresh(ticket).status, fresh(ticket).reason) == (TicketStatus.PENDING, PendingReason.PARTS)
        assert "It waits for that already." in again.content.decode()
        assert "Let it wait" in csr.read("desk:ticket", ticket.number)
        assert [clock.status for clock in ticket.clocks.all()] == ["running"]


class TestAuditors:
    """Who audits reads: a ticket that was handed to them all the same is changed by others."""

    @pytest.fixture
    def theirs(self, division, seat):
        auditor = seat(Role.AUDITOR, name="Alex Auditor")
        ticket = make_ticket(division)
        Ticket.objects.filter(pk=ticket.pk).update(owner=auditor.person)  # as it could be handed to them before
        return auditor, ticket

    def test_read_what_was_handed_to_them_and_change_nothing(self, theirs):
        auditor, ticket = theirs

        page = auditor.read("desk:ticket", ticket.number)
        refused = auditor.post("desk:ticket_do", ticket.number, "note", key="k", text="I was here.")

        assert 'class="desk-do"' not in page
        assert refused.status_code == 403
        assert ticket.articles.count() == 1

    def test_are_given_nothing(self, division, supervisor, seat):
        auditor, ticket = seat(Role.AUDITOR, name="Alex Auditor"), make_ticket(division)

        offered = supervisor.read("desk:ticket_do", ticket.number, "hand-over")
        with pytest.raises(NotAllowed) as refusal:
            services.hand_over_ticket(ticket.pk, auditor.person, by=supervisor.person)

        assert "Alex Auditor" not in offered
        assert refusal.value.code == "wrong_person"
