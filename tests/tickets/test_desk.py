"""Tickets at the desk: found, opened, answered, moved, and their history read."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account
from foundation.clocks.testing import make_round_the_clock
from foundation.correspondence.services import receive_mail
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.fields import Texts
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import drain
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import sign_in
from foundation.worklist.models import Team
from foundation.worklist.testing import make_member, make_team
from interfaces.desk.paging import page_of
from interfaces.desk.words import say
from tests.correspondence.mails import raw
from tests.tickets.conftest import Seat
from tickets import services
from tickets.events import TicketHandedOver
from tickets.models import Article, Attachment, SlaPolicy, Ticket
from tickets.queries import finding, subject_token
from tickets.states import ClockKind, Priority, ResolutionCode, RoutingCause, TicketStatus, TicketType, Told
from tickets.testing import (
    add_step,
    add_target,
    answer,
    bring_to,
    make_affected,
    make_outage,
    make_policy,
    make_symptom,
    make_task,
    make_ticket,
    make_visit,
    reply,
)


def numbers(page: str, *tickets: Ticket) -> list[bool]:
    return [ticket.number in page for ticket in tickets]


class TestTheList:
    def test_shows_what_is_open_in_ones_divisions(self, division, csr):
        ours, theirs = make_ticket(division), make_ticket(make_division())
        ended = bring_to(make_ticket(division), TicketStatus.CLOSED)

        assert numbers(csr.read("desk:tickets"), ours, theirs, ended) == [True, False, False]

    def test_shows_a_field_agent_what_was_handed_to_them(self, division, seat, supervisor):
        agent = seat(Role.FIELD_AGENT)
        theirs, another = make_ticket(division), make_ticket(division)
        services.hand_over_ticket(theirs.pk, agent.person, by=supervisor.person)

        assert numbers(agent.read("desk:tickets"), theirs, another) == [True, False]
        assert agent.get("desk:ticket", another.number).status_code == 404

    def test_is_narrowed_by_each_filter(self, division, csr):
        plain = make_ticket(division)
        mine = make_ticket(division, TicketType.COMPLAINT, priority="p1")
        services.take_ticket(mine.pk, by=csr.person)
        Ticket.objects.filter(pk=mine.pk).update(due_at=now() - timedelta(hours=1))
        team = Team.objects.create(division=division, name="First line")
        services.hand_over_ticket(mine.pk, csr.person, team=team, by=None)

        for query in (
            {"type": "complaint"}, {"priority": "p1"}, {"owner": "mine"}, {"overdue": "yes"}, {"team": team.pk},
            {"status": "in_progress"},
        ):  # fmt: skip
            assert numbers(csr.read("desk:tickets", **query), plain, mine) == [False, True], query
        assert numbers(csr.read("desk:tickets", owner="nobody"), plain, mine) == [True, False]

    @pytest.mark.parametrize(
        ("sort", "meant"),
        [
            ("due", ["soon", "late", "first", "last"]),  # what nothing is promised for comes last, in its own order
            ("-due", ["last", "first", "late", "soon"]),
            ("priority", ["late", "last", "first", "soon"]),
            ("-word", ["first", "last", "late", "soon"]),
            ("since", ["first", "soon", "late", "last"]),
        ],
    )
    def test_is_sorted_and_read_page_by_page_both_ways(self, division, csr, monkeypatch, sort, meant):
        monkeypatch.setattr(page_of, "__kwdefaults__", {"size": 1})
        calendar = make_round_the_clock(division)
        policy = make_policy(division, {ClockKind.RESOLVE: 9}, calendar=calendar, type="trouble")
        add_target(policy, ClockKind.RESOLVE, 99, calendar=calendar, priority="p1")
        tickets = {
            "first": make_ticket(division, TicketType.REQUEST, priority="p3"),
            "soon": make_ticket(division, priority="p4"),
            "late": make_ticket(division, priority="p1"),
            "last": make_ticket(division, TicketType.REQUEST, priority="p2"),
        }
        reply(tickets["first"])
        names = {ticket.number: name for name, ticket in tickets.items()}

        def read(page: str) -> str:
            [number] = [number for number in names if number in page]
            return names[number]

        forth, query = [], f"sort={sort}"
        while query:
            page = csr.client.get(f"{reverse('desk:tickets')}?{query}")
            forth.append(read(page.content.decode()))
            query = page.context["page"].next_query
        back, query = [forth[-1]], page.context["page"].previous_query
        while query:
            page = csr.client.get(f"{reverse('desk:tickets')}?{query}")
            back.append(read(page.content.decode()))
            query = page.context["page"].previous_query

        assert forth == meant
        assert back == meant[::-1]

    @pytest.mark.parametrize(
        "way", ["number", "subject", "name", "phone", "email", "said", "note", "customer", "account"]
    )
    @pytest.mark.parametrize("common", [finding.COMMON, 0], ids=["few have it", "many have it"])
    def test_finds_a_ticket_by_whatever_somebody_says_of_it(self, division, csr, monkeypatch, way, common):
        monkeypatch.setattr(finding, "COMMON", common)
        other = make_ticket(division)
        ticket = make_ticket(division, subject="Cobalt router", text="It flickers vermilion.")
        services.note_ticket(ticket.pk, "Swapped the quartz.", by=csr.person, key="note")
        contact = ticket.customer.contacts.get()
        said = {
            "number": ticket.number.lower(), "subject": "cobalt", "name": contact.name, "phone": str(contact.phone),
            "email": contact.email.upper(), "said": "verm flick", "note": "quartz", "customer": ticket.customer.number,
            "account": ticket.account.number,
        }[way]  # fmt: skip

        assert numbers(csr.read("desk:tickets", text=said), ticket, other) == [True, False]

    def test_asks_the_database_as_often_for_many_as_for_one(self, division, csr):
        make_ticket(division)
        csr.read("desk:tickets")
        with CaptureQueriesContext(connection) as one:
            csr.read("desk:tickets")
        for _ticket in range(8):
            make_ticket(division)
        csr.read("desk:tickets")
        with CaptureQueriesContext(connection) as many:
            csr.read("desk:tickets")

        assert len(many) == len(one)

    @pytest.mark.parametrize("as_what", [{}, {"export": "csv"}])
    def test_reads_all_that_it_shows_of_each_ticket_with_the_list(self, division, csr, as_what):
        kept = make_ticket(division)
        for count in range(2):
            merged, angry = make_ticket(division, account=kept.account), make_ticket(division, TicketType.COMPLAINT)
            services.merge_ticket(merged.pk, kept.pk, by=csr.person)
            Ticket.objects.filter(pk=angry.pk).update(
                escalation_level=1, escalation_reason="time", due_at=now(), visit_missed_at=now(), owner=csr.person,
                team=Team.objects.create(division=division, name=f"Team {count}"), customer=None,
            )  # fmt: skip
            csr.read("desk:tickets")
            with CaptureQueriesContext(connection) as asked:
                page = csr.read("desk:tickets", status="any", text="internet", **as_what)
            assert (angry.number in page, merged.number in page) == (True, True)
            if count == 0:
                first = len(asked)

        assert len(asked) == first

    def test_is_saved_as_a_file(self, division, csr):
        ticket = make_ticket(division)

        rows = list(csv.reader(io.StringIO(csr.read("desk:tickets", export="csv").lstrip("\ufeff"))))

        assert rows[1][:2] == [ticket.number, ticket.subject]

    def test_keeps_a_filter_under_a_name(self, csr):
        csr.post("desk:save_filter", list="tickets", name="Angry", query="type=complaint")

        assert "Angry" in csr.read("desk:tickets")


class TestOneTicket:
    def test_shows_whose_it_is_where_it_stands_and_what_was_said(self, division, csr):
        ticket = make_ticket(division, text="No light on the box.")
        services.note_ticket(ticket.pk, "Probably the splitter.", by=csr.person, key="note")

        page = csr.read("desk:ticket", ticket.number)

        for said in (ticket.customer.name, "No light on the box.", "We have it.", "Probably the splitter."):
            assert said in page
        assert 'class="article article-note"' in page

    def test_asks_the_database_as_often_for_a_long_talk_as_for_a_short_one(self, division, csr):
        ticket = make_ticket(division)
        csr.read("desk:ticket", ticket.number)
        with CaptureQueriesContext(connection) as short:
            csr.read("desk:ticket", ticket.number)
        for _time in range(6):
            reply(ticket)
            answer(ticket, by=csr.person)
        with CaptureQueriesContext(connection) as long:
            csr.read("desk:ticket", ticket.number)

        assert len(long) == len(short)

    def test_folds_the_middle_of_a_long_talk_away(self, division, csr):
        ticket = make_ticket(division, text="How it began.")
        short = csr.get("desk:ticket", ticket.number).context["talk"]
        for number in range(1, 21):
            reply(ticket, f"Word {number}.")

        page = csr.get("desk:ticket", ticket.number)

        talk = page.context["talk"]
        assert ([said.text for said in short.first], short.folded) == (["How it began."], [])
        assert [said.text for said in talk.first] == ["How it began."]
        assert [said.text for said in talk.latest] == [f"Word {number}." for number in range(11, 21)]
        assert "10 messages between" in page.content.decode()
        assert all(f"Word {number}." in page.content.decode() for number in range(1, 21))

    def test_names_the_nearest_promise_in_a_line_and_folds_those_that_are_over(self, division, csr):
        make_policy(division, {ClockKind.UPDATE: 4, ClockKind.RESOLVE: 48})
        ticket = make_ticket(division)
        for _answer in range(3):
            answer(ticket, by=csr.person)

        page = csr.read("desk:ticket", ticket.number)

        _before, _found, panel = page.partition("ticket-clocks")
        line, _found, _after = panel.partition("</summary>")
        assert "Next word to the customer" in line
        assert "h 59 min left" in line
        assert "2 earlier promises" in page

    def test_of_another_market_does_not_exist(self, csr):
        theirs = make_ticket(make_division())

        for name in ("desk:ticket", "desk:ticket_history", "desk:ticket_answer"):
            assert csr.get(name, theirs.number).status_code == 404

    @pytest.mark.parametrize(
        ("doing", "answers", "status"),
        [
            ("take", {}, "in_progress"),
            ("wait", {"reason": "parts"}, "pending"),
            ("hold", {"reason": "credit"}, "held"),
            ("resolve", {"code": "replaced", "text": "A new modem."}, "resolved"),
            ("cancel", {}, "cancelled"),
        ],
    )
    def test_is_moved_by_a_form(self, division, csr, doing, answers, status):
        ticket = make_ticket(division)
        assert reverse("desk:ticket_do", args=[ticket.number, doing]) in csr.read("desk:ticket", ticket.number)

        answer = csr.post("desk:ticket_do", ticket.number, doing, **answers)

        assert answer.url == reverse("desk:ticket", args=[ticket.number])
        assert Ticket.objects.get().status == status

    @pytest.mark.parametrize(
        ("type_", "may", "may_not"),
        [
            (TicketType.TROUBLE, {"cancel"}, {"decline"}),
            (TicketType.BILLING, {"hold", "decline", "cancel"}, set()),
            (TicketType.COMPLAINT, set(), {"hold", "decline", "cancel"}),
            (TicketType.REQUEST, {"decline", "cancel"}, {"hold"}),
        ],
    )
    def test_x5_each_type_is_offered_the_ways_of_its_own_lifecycle_and_goes_no_other(
        self, division, csr, type_, may, may_not
    ):
        ticket = bring_to(make_ticket(division, type_), TicketStatus.IN_PROGRESS)
        page = csr.read("desk:ticket", ticket.number)

        is_offered = {doing: reverse("desk:ticket_do", args=[ticket.number, doing]) in page for doing in may | may_not}
        for doing in may_not:
            csr.post("desk:ticket_do", ticket.number, doing, reason="credit", text="No.")

        assert is_offered == dict.fromkeys(may, True) | dict.fromkeys(may_not, False)
        assert Ticket.objects.get().status == TicketStatus.IN_PROGRESS

    def test_says_in_words_why_not(self, division, csr):
        ticket = bring_to(make_ticket(division, TicketType.COMPLAINT), TicketStatus.IN_PROGRESS)

        answer = csr.post("desk:ticket_do", ticket.number, "resolve", code="apologised", text="Sorry.")

        assert answer.status_code == 422
        assert "Answer the customer first." in answer.content.decode()
        assert "Sorry." in answer.content.decode()


class TestAnswering:
    def send(self, csr, ticket, **answers):
        said = {"key": "k", "text": "Try now.", "seen": Ticket.objects.get(pk=ticket.pk).version, **answers}
        return csr.post("desk:ticket_answer", ticket.number, **said)

    def test_writes_to_the_requester_with_files(self, division, csr):
        ticket = make_ticket(division)
        file = SimpleUploadedFile("how-to.pdf", b"%PDF-1.7", content_type="text/html")

        self.send(csr, ticket, uploads=file)

        article = Article.objects.get(kind="answer")
        assert (article.text, article.to, article.author) == ("Try now.", [ticket.requester_email], csr.person)
        assert article.attachments.get().media_type == "application/pdf"

    def test_who_has_no_address_is_answered_by_a_call_that_is_noted(self, division, csr):
        make_policy(division, {ClockKind.RESPONSE: 1})
        ticket = make_ticket(division, TicketType.COMPLAINT, requester=services.Requester.typed(phone="917-555-0142"))
        wanted = {"code": "apologised", "text": "We said sorry."}
        refused = csr.post("desk:ticket_do", ticket.number, "resolve", **wanted)

        csr.post("desk:ticket_do", ticket.number, "phone", key="k", text="She takes our word.")
        called = Ticket.objects.get()
        csr.post("desk:ticket_do", ticket.number, "resolve", **wanted)
        page = csr.get("desk:ticket", ticket.number).content.decode()

        assert "Call the customer first, and note what was said." in refused.content.decode()
        assert called.status == TicketStatus.IN_PROGRESS
        assert called.first_answered_at == called.answered_at is not None
        assert called.clocks.get(kind=ClockKind.RESPONSE).met_at
        assert Ticket.objects.get().status == TicketStatus.RESOLVED
        assert "nobody is asked whether it is fixed" in page
        assert "The customer is told at" not in page

    def test_a_call_is_no_answer_to_who_can_be_written_to(self, division, csr):
        ticket = make_ticket(division)

        csr.post("desk:ticket_do", ticket.number, "phone", key="k", text="It still blinks.")

        assert Ticket.objects.get().first_answered_at is None

    def test_refuses_a_file_that_a_browser_would_run(self, division, csr):
        ticket = make_ticket(division)

        answer = self.send(csr, ticket, uploads=SimpleUploadedFile("page.html", b"<script>", content_type="text/plain"))

        assert answer.status_code == 422
        assert "uploads" in answer.context["form"].errors
        assert not Article.objects.filter(kind="answer").exists()

    def test_hands_files_out_so_that_no_browser_runs_them(self, division, csr, seat):
        ticket = make_ticket(division)
        self.send(csr, ticket, uploads=SimpleUploadedFile("log.txt", b"One <script>alert(1)</script>"))
        file = Attachment.objects.get()

        answer = csr.get("desk:ticket_file", file.pk)

        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert seat(Role.CSR, make_division()).get("desk:ticket_file", file.pk).status_code == 404


class TestX21TheCustomerRepliedMeanwhile:
    def test_is_said_with_how_long_ago_and_the_text_is_kept(self, division, csr):
        ticket = make_ticket(division)
        seen, at = ticket.version, now()
        with time_machine.travel(at + timedelta(seconds=20), tick=False):
            reply(ticket, "Never mind, it works again!")
        with time_machine.travel(at + timedelta(seconds=60), tick=False):
            answer = csr.post("desk:ticket_answer", ticket.number, key="k", text="We send somebody.", seen=seen)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "The customer replied 40 seconds ago. Review it before sending." in page
        assert "Never mind, it works again!" in page
        assert "We send somebody." in page
        assert not Article.objects.filter(kind="answer").exists()

    def test_and_can_be_sent_all_the_same_from_that_page(self, division, csr):
        ticket = make_ticket(division)
        reply(ticket)
        refused = csr.post("desk:ticket_answer", ticket.number, key="k", text="Hello.", seen=ticket.version)

        csr.post(
            "desk:ticket_answer", ticket.number, key="k", text="Hello.", seen=refused.context["form"]["seen"].value()
        )

        assert Article.objects.get(kind="answer").text == "Hello."

    def test_an_internal_note_of_a_colleague_stops_nobody(self, division, csr, supervisor):
        ticket = make_ticket(division)
        services.note_ticket(ticket.pk, "Hm.", by=supervisor.person, key="note")

        assert (
            csr.post("desk:ticket_answer", ticket.number, key="k", text="Hello.", seen=ticket.version).status_code
            == 302
        )


class TestX36AnAnswerCanBeTakenBackUntilItLeaves:
    def test_within_the_time_of_the_division(self, division, csr):
        ticket = make_ticket(division)
        article = answer(ticket, by=csr.person)
        with time_machine.travel(now() + timedelta(seconds=25)):
            assert services.send_due_answers() == 0
            assert "Take it back" in csr.read("desk:ticket", ticket.number)
            csr.post("desk:ticket_take_back", ticket.number, article.pk)
        with time_machine.travel(now() + timedelta(seconds=60)):
            assert services.send_due_answers() == 0

        article.departure.refresh_from_db()
        assert article.departure.left_at is None
        assert "taken back, not sent" in csr.read("desk:ticket", ticket.number)
        assert Ticket.objects.get().first_answered_at is None

    def test_and_not_after(self, division, csr):
        ticket = make_ticket(division)
        article = answer(ticket, by=csr.person)
        with time_machine.travel(now() + timedelta(seconds=31)):
            assert services.send_due_answers() == 1
            page = csr.client.post(
                reverse("desk:ticket_take_back", args=[ticket.number, article.pk]), follow=True
            ).content.decode()

        assert "has left already" in page


class TestWhatIsAskedOfATicketThatHasEnded:
    def test_says_by_whom_it_ended_and_what_can_be_done_instead_of_a_form(self, division, csr):
        ticket = make_ticket(division)
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "A new cable.", by=csr.person)

        page = csr.read("desk:ticket_do", ticket.number, "visit")

        assert re.search(r"It has ended\. Resolved: .+, Chris CSR\.", page)
        assert '<form method="post" action="/staff/tickets' not in page
        assert f'href="{reverse("desk:ticket_do", args=[ticket.number, "reopen"])}"' in page
        assert 'name="text"' in csr.read("desk:ticket_do", ticket.number, "note")  # which can still be written

    def test_keeps_what_was_typed_when_it_ended_meanwhile(self, division, csr):
        ticket = bring_to(make_ticket(division), TicketStatus.CLOSED)

        answer_ = csr.post("desk:ticket_do", ticket.number, "priority", priority="p4", reason="Not that urgent.")

        page = answer_.content.decode()
        assert answer_.status_code == 422
        assert "It has ended. Closed:" in page
        assert "Not that urgent." in page

    def test_of_one_that_was_merged_names_the_other(self, division, csr):
        account = make_account(division)
        one, other = (make_ticket(division, account=account) for _number in range(2))
        services.merge_ticket(one.pk, other.pk, by=csr.person)

        page = csr.read("desk:ticket_do", one.number, "priority")

        assert f"It was merged: it goes on as {other.number}." in page
        assert reverse("desk:ticket_do", args=[one.number, "part"]) in page


class TestSubjectsThatNobodyWrote:
    def test_are_read_by_staff_in_their_language_and_nothing_is_written(self, division, csr):
        make_symptom(division, "snow", names=Texts(en="Snow on the screen", es="Nieve en la pantalla"))
        ticket = make_ticket(division, subject="Snow on the screen", symptom="snow")
        own = make_ticket(division, subject="My screen", symptom="snow")
        csr.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "es"

        for name, more in (("desk:ticket", ()), ("desk:ticket_history", ()), ("desk:ticket_do", ("priority",))):
            assert "Nieve en la pantalla" in csr.read(name, ticket.number, *more)
            assert "My screen" in csr.read(name, own.number, *more)
        csr.post("desk:ticket_do", ticket.number, "priority", priority="p1")
        ticket.refresh_from_db()
        assert (ticket.subject, ticket.priority) == ("Snow on the screen", "p1")

    @pytest.fixture
    def reported(self, division):
        """Report snow once more at a customer's, and have it wait, be promised and be to be done by somebody."""
        make_symptom(division, "snow", names=Texts(en="Snow on the screen", es="Nieve en la pantalla"))

        def report(account, who: Seat) -> Ticket:
            ticket = make_ticket(division, account=account, subject="Snow on the screen", symptom="snow")
            make_task(ticket, who.person)
            services.route_ticket(ticket.pk, cause=RoutingCause.OPENED)  # by no procedure: it waits
            return ticket

        return report

    def in_spanish(self, seat: Seat, name: str, *args: object, **query: object) -> list[bool]:
        """Tell whether a page names the symptom in Spanish, and in English."""
        seat.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "es"
        page = seat.read(name, *args, **query)
        return ["Nieve en la pantalla" in page, "Snow on the screen" in page]

    @pytest.mark.parametrize(
        ("name", "query"),
        [
            ("tickets", {}), ("tickets", {"export": "csv"}), ("home", {}), ("who_works", {}),
            ("search", {"q": "ITS NUMBER"}), ("new_ticket", {"q": "ITS NUMBER"}),
        ],
    )  # fmt: skip
    def test_are_read_in_lists_and_files_where_one_searches_and_on_the_first_page(
        self, account, supervisor, reported, name, query
    ):
        ticket = reported(account, supervisor)

        asked = {key: ticket.number if value == "ITS NUMBER" else value for key, value in query.items()}

        assert self.in_spanish(supervisor, f"desk:{name}", **asked) == [True, False]

    def test_are_read_with_a_customer_and_in_a_call_and_where_another_ticket_is_meant(
        self, division, account, supervisor, reported
    ):
        ticket, other = reported(account, supervisor), make_ticket(division, account=account)

        for name, args, query in (
            ("desk:customer", [account.customer_id], {}),
            ("desk:new_ticket", [], {"customer": account.customer_id}),
            ("desk:ticket_routing", [ticket.number], {}),
            ("desk:ticket_do", [other.number, "merge"], {}),
        ):
            assert self.in_spanish(supervisor, name, *args, **query) == [True, False], name
        offered = supervisor.client.post(
            f"{reverse('desk:new_ticket')}?customer={account.customer_id}",
            {"account": account.pk, "type": "trouble", "family": "internet", "do": "symptom:snow"},
        ).content.decode()
        assert ticket.number in offered
        assert "Snow on the screen" not in offered

    def test_are_read_where_work_is_given_to_others_and_where_a_promise_is_missed(
        self, division, account, supervisor, csr, reported
    ):
        make_policy(division, {ClockKind.RESOLVE: 1})
        add_step(SlaPolicy.objects.get(), 100, Told.SUPERVISOR)
        member = make_member(make_team(division), csr.person)
        ticket = reported(account, supervisor)
        services.hand_over_ticket(ticket.pk, csr.person, by=None)

        assert self.in_spanish(supervisor, "desk:reassign", member.pk) == [True, False]
        with time_machine.travel(now() + timedelta(hours=2)):
            services.sweep_clocks()
            drain()
            back = Seat(sign_in(Client(), supervisor.person), supervisor.person)
            assert self.in_spanish(back, "desk:ticket_alerts") == [True, False]

    def test_are_read_on_an_agents_day_in_an_outage_behind_a_figure_and_beside_a_letter(  # noqa: PLR0917  # who, and what
        self, division, account, supervisor, csr, seat, reported
    ):
        ticket, agent = reported(account, supervisor), seat(Role.FIELD_AGENT)
        make_visit(ticket, agent.person)
        named = raw(f"Subject: Again {subject_token(ticket)}", From="a@b.example")
        letter = receive_mail(make_mailbox(division).pk, named)
        drain()
        make_affected(division)
        outage = make_outage(division, by=supervisor.person)
        Ticket.objects.filter(pk=ticket.pk).update(outage=outage)

        assert self.in_spanish(agent, "desk:visits") == [True, False]
        assert self.in_spanish(supervisor, "desk:outage", outage.pk) == [True, False]
        assert self.in_spanish(csr, "desk:letter", letter.pk) == [True, False]
        services.resolve_ticket(
            reported(account, supervisor).pk, ResolutionCode.RESTORED, "A new cable.", by=csr.person
        )
        assert self.in_spanish(supervisor, "desk:figure_tickets") == [True, False]

    @pytest.mark.parametrize("name", ["tickets", "home", "who_works", "customer", "search"])
    def test_cost_as_many_statements_however_many_there_are(self, account, supervisor, reported, name):
        def statements() -> int:
            args = [account.customer_id] if name == "customer" else []
            query = {"q": "T-"} if name == "search" else {}
            self.in_spanish(supervisor, f"desk:{name}", *args, **query)
            with CaptureQueriesContext(connection) as asked:
                assert self.in_spanish(supervisor, f"desk:{name}", *args, **query)[1] is False
            return len(asked)

        reported(account, supervisor)
        for_one = statements()
        for _more in range(4):
            reported(account, supervisor)

        assert statements() == for_one


class TestX40TheHistory:
    def test_says_of_every_change_who_when_from_to_why_and_through_what(self, division, csr):
        ticket = make_ticket(division)
        csr.post("desk:ticket_do", ticket.number, "wait", reason="customer", question="Which light blinks?")
        csr.post("desk:ticket_do", ticket.number, "priority", priority="p1")
        unsaid = csr.post("desk:ticket_do", ticket.number, "priority", priority="p4")
        csr.post("desk:ticket_do", ticket.number, "priority", priority="p4", reason="A spare line is there.")
        services.hear_customer(ticket.pk, "Here I am.", key="mail", channel="mail")

        answer = csr.get("desk:ticket_history", ticket.number, export="csv")

        rows = list(csv.reader(io.StringIO(answer.content.decode().lstrip("\ufeff"))))
        said = [row[1:3] + row[4:] for row in rows[1:]]
        p1, through = "P1 – nothing works, many or much at stake", "Staff pages"
        assert ["Chris CSR", "csr", "In progress", "Waiting", "the customer's answer", through] in said
        assert ["Chris CSR", "csr", "P3 – it works badly", p1, "", through] in said
        assert ["Chris CSR", "csr", p1, "P4 – when there is time", "A spare line is there.", through] in said
        assert "Say why it is less urgent" in unsaid.content.decode()
        assert ["", "", "Waiting", "In progress", "the customer's answer", "E-mail"] in said
        assert all(row[0] for row in rows[1:])
        assert "Waiting" in csr.read("desk:ticket_history", ticket.number)

    @pytest.mark.parametrize(
        ("language", "written"),
        [("en", ["9:05:58 a.m.", "9:05:07 a.m."]), ("es", ["9:05:58", "9:05:07"])],
    )
    def test_tells_the_second_of_what_happened_within_a_minute(self, division, csr, language, written):
        zone = division.zone
        with time_machine.travel(datetime(2026, 3, 2, 9, 5, 7, tzinfo=zone), tick=False) as clock:
            ticket = make_ticket(division)
            clock.shift(51)
            services.set_priority(ticket.pk, Priority.P1, by=csr.person)
            csr = Seat(sign_in(Client(), csr.person), csr.person)
            csr.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

            for page in ("desk:ticket", "desk:ticket_history"):
                text = csr.read(page, ticket.number)
                shown = re.findall(r"<time[^>]*>[^<]*?(\d+:\d\d:\d\d[^<]*)</time>", text)
                assert [moment.removeprefix("0") for moment in shown[:2]] == written
            answer = csr.get("desk:ticket_history", ticket.number, export="csv")

        rows = list(csv.reader(io.StringIO(answer.content.decode().lstrip("\ufeff"))))
        assert [row[0][14:19] for row in rows[1:3]] == ["05:58", "05:07"]

    @pytest.mark.parametrize(("to", "said"), [(7, "given to somebody"), (None, "given to nobody")])
    def test_tells_given_to_somebody_from_given_to_nobody(self, to, said):
        assert said in say(Event(name=TicketHandedOver.name, payload={"user_id": to, "team_id": 3}))

    def test_and_what_was_said_cannot_be_changed_or_deleted(self, division):
        article = make_ticket(division).articles.get()

        for change in (lambda: Article.objects.update(text="x"), article.delete):
            with pytest.raises(InternalError, match="stands as it was said"), transaction.atomic():
                change()

    def test_and_what_has_happened_cannot_either(self, division):
        event = Event.objects.filter(subject_id=make_ticket(division).pk, name="tickets.opened").get()

        for change in ("UPDATE events_event SET at = now() WHERE id = %s", "DELETE FROM events_event WHERE id = %s"):
            with pytest.raises(InternalError, match="append-only"), transaction.atomic():
                connection.cursor().execute(change, [event.pk])

    def test_has_a_line_for_everything_that_is_done_on_the_page_and_who_did_it(self, division, csr, supervisor):
        make_policy(division, {ClockKind.RESTORE: 8, ClockKind.RESOLVE: 20})
        ticket, other = make_ticket(division), make_ticket(division)
        team = make_team(division, members=1)
        steps = (
            ("take", {}), ("wait", {"reason": "parts"}), ("go-on", {}), ("hold", {"reason": "credit"}), ("go-on", {}),
            ("priority", {"priority": "p2"}), ("type", {"type": "billing"}), ("type", {"type": "trouble"}),
            ("escalate", {"level": "1", "reason": "skill"}), ("note", {"key": "n", "text": "Hm."}),
            ("phone", {"key": "p", "text": "She called."}), ("part-of", {"number": other.number, "policy": "alone"}),
            ("detach", {}), ("restored", {}), ("hand-over", {"team": team.pk, "key": "h"}),
            ("resolve", {"code": "restored", "text": ""}),
        )  # fmt: skip

        for doing, said in steps:
            before = len(self.lines(csr, ticket))
            answer = csr.post("desk:ticket_do", ticket.number, doing, **said)
            assert answer.status_code == 302, (doing, answer.content.decode())
            lines = self.lines(csr, ticket)
            assert len(lines) > before, doing
            assert all("Chris CSR" in line for line in lines[: len(lines) - before]), doing

    def lines(self, seat, ticket) -> list[str]:
        """Return what the history says, the latest first."""
        return seat.read("desk:ticket_history", ticket.number).partition("<tbody>")[2].split("<tr>")[1:]
