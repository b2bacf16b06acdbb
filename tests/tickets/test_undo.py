"""What can be taken back before anybody outside has heard of it, and what is done once (X22, X36)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_account
from foundation.correspondence.models import LETTER_SECRET, Message
from foundation.divisions.services import set_value
from foundation.events.models import Delivery
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from tickets import services
from tickets.events import MacroUsed, TicketMoved, TicketTaken
from tickets.models import Macro, ResolutionNotice, Ticket
from tickets.queries import proof_of
from tickets.queries.sla import clocks_of
from tickets.settings import UNDO_SECONDS
from tickets.states import ChildPolicy, ClockKind, PendingReason, ResolutionCode, TicketStatus, VisitStatus
from tickets.testing import (
    answer,
    let_leave,
    make_affected,
    make_outage,
    make_policy,
    make_ticket,
    make_visit,
    reply,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
JUST_IN_TIME = timedelta(seconds=29)


@pytest.fixture
def clock(division):
    """Hold the time at noon of a Tuesday, to be moved by hand."""
    with time_machine.travel(timezone.datetime(2026, 12, 1, 12, tzinfo=division.zone), tick=False) as traveller:
        yield traveller


@pytest.fixture
def ticket(division, account):
    return make_ticket(division, account=account)


def resolve(csr, ticket, text="The wire."):
    assert csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text=text).status_code == 302


def letters(kind):
    return Message.objects.filter(kind=f"tickets.{kind}")


def drain_here():
    """Handle what is owed; nobody runs a billing system here."""
    Delivery.objects.filter(handler__startswith="billing.").delete()
    drain()


def go_by(clock, **time):
    """Let time go by, and leave what is due then."""
    clock.shift(timedelta(**time))
    services.send_due_answers()
    services.send_due_notices()
    drain()


class TestX36ThatItIsResolvedCanBeTakenBack:
    def test_until_the_customer_is_told(self, csr, ticket, clock):
        resolve(csr, ticket)
        go_by(clock, seconds=29)

        page = csr.read("desk:ticket", ticket.number)
        csr.post("desk:ticket_unresolve", ticket.number)
        go_by(clock, seconds=60)

        assert page.count("Take the resolution back") == 1  # where it says until when
        assert "The customer is told at" in page
        assert "We think that it is fixed." not in page  # that is what the customer reads, and not yet
        assert not letters("resolved").exists()
        ticket.refresh_from_db()
        assert (ticket.status, ticket.reopened_count, ticket.first_resolved_at) == (TicketStatus.IN_PROGRESS, 0, None)
        assert "taken back before the customer was told" in csr.read("desk:ticket", ticket.number)
        assert csr.get("desk:ticket_do", ticket.number, "unresolve").status_code == 404  # no second address

    def test_and_not_after(self, csr, ticket, clock):
        resolve(csr, ticket)
        go_by(clock, seconds=31)

        page = csr.read("desk:ticket", ticket.number)
        csr.post("desk:ticket_unresolve", ticket.number)

        assert "Take the resolution back" not in page
        assert "It has left already." in csr.read("desk:ticket", ticket.number)
        ticket.refresh_from_db()
        assert ticket.status == TicketStatus.RESOLVED
        assert "The wire." in letters("resolved").get().text

    def test_and_resolved_again_it_is_told_once_as_it_is_then(self, csr, ticket, clock):
        resolve(csr, ticket, "The wire.")
        drain()
        services.take_back_resolution(ticket.pk, by=csr.person)
        resolve(csr, ticket, "The modem.")
        go_by(clock, seconds=31)
        go_by(clock, seconds=31)

        assert "The modem." in letters("resolved").get().text

    @pytest.mark.parametrize("seconds", [10, 31])
    def test_says_nothing_of_what_its_customer_has_reopened(self, csr, customer, ticket, clock, seconds):
        resolve(csr, ticket)
        clock.shift(timedelta(seconds=seconds))
        services.send_due_notices()  # after 31 seconds the word is out, and its letter not written yet
        customer.post("selfcare:ticket_reopen", ticket.number)
        go_by(clock, seconds=31)

        assert not letters("resolved").exists()
        assert Ticket.objects.get().reopened_count == 1

    def test_with_the_parts_that_ended_with_it(self, division, csr, ticket, clock):
        part, other = make_ticket(division, account=ticket.account), make_ticket(division, account=ticket.account)
        services.resolve_ticket(other.pk, ResolutionCode.RESTORED, "", by=csr.person)
        services.attach_child(part.pk, ticket.pk, ChildPolicy.WITH_PARENT, by=csr.person)
        resolve(csr, ticket)

        csr.post("desk:ticket_unresolve", ticket.number)

        part.refresh_from_db()
        other.refresh_from_db()
        assert (part.status, other.status) == (TicketStatus.IN_PROGRESS, TicketStatus.RESOLVED)

    def test_leaves_its_promises_as_they_were(self, division, csr, account, clock):
        make_policy(division, {ClockKind.RESTORE: 8, ClockKind.RESOLVE: 24})
        ticket = make_ticket(division, account=account)
        clock.shift(HOUR)
        resolve(csr, ticket)
        assert all(face.is_stopped for face in clocks_of(ticket, now()))
        clock.shift(JUST_IN_TIME)

        csr.post("desk:ticket_unresolve", ticket.number)
        clock.shift(MINUTE)

        faces = {face.clock.kind: face for face in clocks_of(ticket, now())}
        elapsed = HOUR + JUST_IN_TIME + MINUTE
        assert {kind: (face.is_running, face.elapsed) for kind, face in faces.items()} == {
            ClockKind.RESTORE: (True, elapsed), ClockKind.RESOLVE: (True, elapsed),
        }  # fmt: skip
        assert not any(face.pauses for face in faces.values())

    def test_leaves_its_pause_as_it_was(self, division, csr, account, clock):
        make_policy(division, {ClockKind.RESOLVE: 24})
        ticket = make_ticket(division, account=account)
        services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=csr.person)
        clock.shift(HOUR)
        resolve(csr, ticket)
        clock.shift(JUST_IN_TIME)

        csr.post("desk:ticket_unresolve", ticket.number)

        (face,) = clocks_of(ticket, now())
        assert (face.is_running, face.elapsed, face.paused) == (True, timedelta(), HOUR + JUST_IN_TIME)

    def test_and_resolved_by_an_outage_then_it_is_told(self, division, csr, supervisor, clock):
        account = make_affected(division)
        ticket = make_ticket(division, account=account)
        resolve(csr, ticket)
        csr.post("desk:ticket_unresolve", ticket.number)
        outage = make_outage(division, by=supervisor.person)  # which takes the ticket in

        services.outages.restore_outage(outage.pk, by=supervisor.person)
        drain_here()
        go_by(clock, seconds=31)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reopened_count) == (TicketStatus.RESOLVED, 0)
        assert ticket.resolution_notices.filter(left_at=None).count() == 1
        assert ticket.resolution_notices.exclude(left_at=None).count() == 1

    def test_is_told_after_all_of_what_went_on_as_another_meanwhile(self, division, csr, account, ticket, clock):
        other = make_ticket(division, account=account)
        resolve(csr, ticket)
        services.merge_ticket(ticket.pk, other.pk, by=csr.person)
        go_by(clock, seconds=31)
        assert not letters("resolved").exists()

        services.unmerge_ticket(ticket.pk, by=csr.person)
        go_by(clock, seconds=31)

        assert "The wire." in letters("resolved").get().text

    def test_without_the_part_that_went_on_as_another(self, division, csr, account, ticket, clock):
        part, other = make_ticket(division, account=account), make_ticket(division, account=account)
        services.attach_child(part.pk, ticket.pk, ChildPolicy.WITH_PARENT, by=csr.person)
        resolve(csr, ticket)
        services.merge_ticket(part.pk, other.pk, by=csr.person)

        csr.post("desk:ticket_unresolve", ticket.number)

        ticket.refresh_from_db()
        assert ticket.status == TicketStatus.IN_PROGRESS

    def test_without_the_part_whose_customer_knows(self, division, csr, account, ticket, clock):
        part = make_ticket(division, account=account)
        services.attach_child(part.pk, ticket.pk, ChildPolicy.WITH_PARENT, by=csr.person)
        resolve(csr, ticket)
        part.resolution_notices.update(leaves_at=now())
        services.send_due_notices()

        csr.post("desk:ticket_unresolve", ticket.number)

        ticket.refresh_from_db()
        part.refresh_from_db()
        assert (ticket.status, part.status) == (TicketStatus.IN_PROGRESS, TicketStatus.RESOLVED)
        assert f"Its part {part.number} stays resolved." in csr.read("desk:ticket", ticket.number)

    def test_keeps_its_visit_meanwhile(self, csr, ticket, seat, clock):
        visit = make_visit(ticket, seat("field_agent").person)
        resolve(csr, ticket)
        drain()
        csr.post("desk:ticket_unresolve", ticket.number)
        go_by(clock, seconds=60)

        visit.refresh_from_db()
        assert visit.status == VisitStatus.BOOKED

    def test_leaves_at_once_where_the_division_gives_no_time(self, division, csr, ticket):
        set_value(division, UNDO_SECONDS, 0)

        resolve(csr, ticket)
        drain()

        assert letters("resolved").count() == 1
        assert ResolutionNotice.objects.get().left_at


class TestX36UntilTheyAreToldItsCustomerSeesIt:
    """A resolution is hidden until word of it has left, as an answer is."""

    RESOLVED = ("We think that it is fixed.", "The wire.", "Yes, it is fixed", "No, it is not fixed")

    def test_in_progress(self, csr, customer, ticket, seat, clock):
        make_visit(ticket, seat("field_agent").person)
        resolve(csr, ticket, "The wire.")
        drain()

        before, listed = customer.read("selfcare:ticket", ticket.number), customer.read("selfcare:tickets")
        at_the_desk = csr.read("desk:ticket", ticket.number)
        go_by(clock, seconds=31)

        for page in (before, listed):
            assert "We are working on it." in page
            assert not [words for words in self.RESOLVED if words in page]
        assert "A technician comes on" in before
        assert "Nothing has to be done any more" not in before
        assert "The wire." in at_the_desk
        after = customer.read("selfcare:ticket", ticket.number)
        assert all(words in after for words in self.RESOLVED)
        assert "We think that it is fixed." in customer.read("selfcare:tickets")

    def test_in_progress_also_where_an_outage_resolves_it_with_many(self, division, csr, supervisor, customer, clock):
        make_policy(division, {ClockKind.RESOLVE: 24}, pausing=["outage"])
        account = make_affected(division)
        type(account.customer).objects.filter(pk=account.customer_id).update(user=customer.person)
        ticket = make_ticket(division, account=account)
        outage = make_outage(division, by=supervisor.person)
        drain_here()
        paused = customer.read("selfcare:ticket", ticket.number)

        services.outages.restore_outage(outage.pk, words={"en": "The cable is spliced."}, by=supervisor.person)
        pages = []
        for deliver in (list, drain_here):  # before its facts are handled, and after
            deliver()
            pages.append((customer.read("selfcare:ticket", ticket.number), csr.read("desk:ticket", ticket.number)))
        go_by(clock, seconds=31)

        assert "What we promised goes on counting then." in paused
        for own, desk in pages:
            assert [state for state in ("paused, ", "kept") if state in desk] == ["kept"]
            assert "We are working on it." in own
            assert "We are working on it." in desk
            assert not [
                words for words in ("The cable is spliced.", "goes on counting", *self.RESOLVED) if words in own
            ]
            assert "goes on counting" not in desk
            assert "The customer is told at" in desk
        assert "The cable is spliced." in customer.read("selfcare:ticket", ticket.number)
        assert letters("resolved").count() == 1

    def test_in_progress_by_the_link_in_an_older_letter_too(self, csr, ticket, clock):
        resolve(csr, ticket, "The wire.")
        go_by(clock, seconds=31)
        services.reopen_ticket(ticket.pk, by=csr.person)
        resolve(csr, ticket, "The modem.")

        address = reverse("selfcare:ticket_by_letter", query={LETTER_SECRET: proof_of(ticket)})
        page = Client().get(address).content.decode()

        assert "We are working on it." in page
        assert not [words for words in ("The modem.", "Is it fixed?", "Yes, it is fixed", "Tell us") if words in page]

    def test_in_a_list_that_does_not_ask_for_each(self, division, csr, customer, ticket, clock):
        resolve(csr, ticket)
        customer.read("selfcare:tickets")
        with CaptureQueriesContext(connection) as of_one:
            customer.read("selfcare:tickets")
        for _each in range(3):
            resolve(csr, make_ticket(division, account=ticket.account))

        with CaptureQueriesContext(connection) as of_four:
            page = customer.read("selfcare:tickets")

        assert page.count("We are working on it.") == 4
        assert len(of_four) == len(of_one)


class TestX36AnotherCustomerIsNotTold:
    """Word of a resolution is for whoever had the ticket when it was resolved."""

    def change(self, csr, ticket, other):
        email = other.contacts.get().email
        return csr.post("desk:ticket_customer", ticket.number, number=other.number, confirmed_email=email)

    @pytest.mark.parametrize("is_closed", [False, True])
    def test_what_is_about_to_leave(self, division, csr, ticket, clock, is_closed):
        other = make_account(division).customer
        resolve(csr, ticket)
        if is_closed:
            services.close_ticket(ticket.pk, by=csr.person)

        refused = self.change(csr, ticket, other)
        go_by(clock, seconds=31)

        assert "Its customer is about to be told that it is resolved." in refused.content.decode()
        assert letters("resolved").get().to == ticket.requester_email
        assert self.change(csr, ticket, other).status_code == 302

    def test_what_was_taken_back(self, division, csr, ticket, clock):
        other = make_account(division).customer
        resolve(csr, ticket)
        csr.post("desk:ticket_unresolve", ticket.number)

        assert self.change(csr, ticket, other).status_code == 302
        go_by(clock, seconds=31)

        assert not letters("resolved").exists()


class TestX36AnAnswerThatNeverLeft:
    """Promises stand where they would if it had never been written."""

    @pytest.fixture
    def ticket(self, division, account, clock):
        make_policy(division, {ClockKind.RESPONSE: 2, ClockKind.UPDATE: 4})
        return make_ticket(division, account=account)

    def due(self, ticket):
        standing = clocks_of(ticket, now())
        return {face.clock.kind: face.clock.due_at for face in standing if not face.is_stopped}

    def take_back(self, csr, ticket, article):
        assert csr.post("desk:ticket_take_back", ticket.number, article.pk).status_code == 302

    def test_the_next_word_is_due_from_the_one_before_that_left(self, csr, ticket, clock):
        answer(ticket, by=csr.person)
        left_at = now()
        go_by(clock, minutes=10)
        second = answer(ticket, "More.", by=csr.person)
        clock.shift(timedelta(seconds=20))

        self.take_back(csr, ticket, second)

        assert self.due(ticket) == {ClockKind.UPDATE: left_at + 4 * HOUR}
        ticket.refresh_from_db()
        assert ticket.due_at == left_at + 4 * HOUR

    def test_the_first_answer_is_due_when_it_was(self, csr, ticket, clock):
        first = answer(ticket, by=csr.person)
        clock.shift(timedelta(seconds=20))

        self.take_back(csr, ticket, first)

        assert self.due(ticket) == {ClockKind.RESPONSE: ticket.opened_at + 2 * HOUR}

    def test_the_first_answer_was_the_one_that_stands(self, csr, division, account):
        make_policy(division, {ClockKind.RESPONSE: 2})
        with time_machine.travel(timezone.datetime(2026, 12, 1, 12, tzinfo=division.zone), tick=True):
            ticket = make_ticket(division, account=account)
            never, stands = answer(ticket, by=csr.person), answer(ticket, "More.", by=csr.person)

            self.take_back(csr, ticket, never)

        assert ticket.clocks.get(kind=ClockKind.RESPONSE).met_at == stands.at

    def test_the_first_answer_was_on_the_phone(self, csr, ticket, clock):
        Ticket.objects.update(requester_email="")
        services.note_phone_call(ticket.pk, "She waits.", by=csr.person, key="call")
        called_at = now()
        clock.shift(timedelta(seconds=5))
        Ticket.objects.update(requester_email="she@people.example")

        self.take_back(csr, ticket, answer(ticket, by=csr.person))

        ticket.refresh_from_db()
        assert ticket.first_answered_at == ticket.answered_at == called_at

    def test_of_two_neither_of_which_left_nothing_remains(self, csr, ticket, clock):
        both = [answer(ticket, by=csr.person)]
        clock.shift(timedelta(seconds=5))
        both.append(answer(ticket, "More.", by=csr.person))

        for article in both:
            clock.shift(timedelta(seconds=5))
            self.take_back(csr, ticket, article)

        assert self.due(ticket) == {ClockKind.RESPONSE: ticket.opened_at + 2 * HOUR}
        assert not ticket.clocks.filter(kind=ClockKind.UPDATE).exists()

    def test_the_pause_for_its_reply_has_never_been(self, csr, ticket, clock):
        answer(ticket, by=csr.person)
        left_at = now()
        go_by(clock, seconds=40)
        reply(ticket)
        go_by(clock, minutes=10)
        csr.post("desk:ticket_do", ticket.number, "wait", reason="customer", question="Which light blinks?", key="k")
        asked = ticket.articles.get(text="Which light blinks?")
        clock.shift(timedelta(seconds=20))

        self.take_back(csr, ticket, asked)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reason) == (TicketStatus.IN_PROGRESS, "")
        assert self.due(ticket) == {ClockKind.UPDATE: left_at + 4 * HOUR}


class TestWaitingForTheCustomer:
    def test_is_refused_where_nothing_was_asked_of_them(self, csr, ticket):
        page = csr.post("desk:ticket_do", ticket.number, "wait", reason="customer")

        ticket.refresh_from_db()
        assert page.status_code == 422
        assert "question" in page.context["form"].errors
        assert "They were not written to since they last said something." in page.content.decode()
        assert ticket.status == TicketStatus.ACKNOWLEDGED

    def test_asks_in_the_same_step(self, csr, ticket):
        page = csr.get("desk:ticket_do", ticket.number, "wait")
        form = page.context["form"]
        said = {
            "reason": "customer",
            "question": "Which light blinks?",
            "key": form["key"].value(),
            "seen": form["seen"].value(),
        }

        csr.post("desk:ticket_do", ticket.number, "wait", **said)
        let_leave()
        drain()

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reason) == (TicketStatus.PENDING, PendingReason.CUSTOMER)
        assert "Which light blinks?" in letters("answer").get().text

    def test_asked_again_by_the_same_form_waits_for_nobody(self, csr, ticket):
        said = {"reason": "customer", "question": "Which light blinks?", "key": "k"}
        csr.post("desk:ticket_do", ticket.number, "wait", **said)
        csr.post("desk:ticket_take_back", ticket.number, ticket.articles.get(kind="answer").pk)

        csr.post("desk:ticket_do", ticket.number, "wait", **said)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reason) == (TicketStatus.IN_PROGRESS, "")

    def test_needs_no_question_after_an_answer_until_they_speak_again(self, csr, ticket):
        answer(ticket, by=csr.person)
        first = csr.post("desk:ticket_do", ticket.number, "wait", reason="customer")
        reply(ticket)
        second = csr.post("desk:ticket_do", ticket.number, "wait", reason="customer")

        assert (first.status_code, second.status_code) == (302, 422)

    def test_notes_what_was_asked_on_the_phone_of_who_has_no_address(self, division, csr):
        requester = services.Requester.typed(phone="917-555-0142")
        ticket = make_ticket(division, requester=requester, channel="phone", by=csr.person)

        csr.post(
            "desk:ticket_do",
            ticket.number,
            "wait",
            reason="customer",
            question="They look at the modem tonight.",
            key="k",
        )

        ticket.refresh_from_db()
        assert ticket.reason == PendingReason.CUSTOMER
        assert ticket.articles.get(kind="note").text == "They look at the modem tonight."

    @pytest.mark.parametrize("is_the_same", [False, True])
    def test_ends_with_the_customer_who_was_asked_on_the_phone(self, division, csr, is_the_same):
        """It goes on waiting where only the name of whoever was asked has become known."""
        other = make_account(division).customer
        phone = str(other.contacts.get().phone) if is_the_same else "917-555-0142"
        requester = services.Requester.typed(phone=phone)
        ticket = make_ticket(division, requester=requester, channel="phone", by=csr.person)
        services.ask_and_wait(ticket.pk, "They look at the modem tonight.", key="k", seen=None, by=csr.person)
        confirmed = {"number": other.number, "confirmed_email": other.contacts.get().email}

        assert csr.post("desk:ticket_customer", ticket.number, **confirmed).status_code == 302

        ticket.refresh_from_db()
        stands = (ticket.status, ticket.reason)
        assert stands == (("pending", PendingReason.CUSTOMER) if is_the_same else ("in_progress", ""))
        assert published(TicketMoved)[-1].after == ticket.status

    def test_by_a_macro_that_asks_nothing_does_nothing(self, division, csr, ticket):
        macro = Macro.objects.create(division=division, name="Wait", end="wait", priority="p1")

        page = csr.post("desk:ticket_macro", ticket.number, macro.pk, key="k", text="", seen=ticket.version)

        ticket.refresh_from_db()
        assert page.status_code == 422
        assert (ticket.status, ticket.priority) == (TicketStatus.ACKNOWLEDGED, "p3")

    def test_a_question_for_nobody_is_not_lost(self, csr, ticket):
        page = csr.post("desk:ticket_do", ticket.number, "wait", reason="parts", question="Which one?")

        assert page.status_code == 422
        assert "Which one?" in page.content.decode()


class TestX22AMacroPressedTwice:
    @pytest.fixture
    def macro(self, division):
        return Macro.objects.create(division=division, name="On it", takes=True, end="resolve", resolution="restored")

    def press(self, csr, ticket, macro, key, text=""):
        address = reverse("desk:ticket_macro", args=[ticket.number, macro.pk])
        return csr.client.post(address, {"key": key, "text": text, "seen": ticket.version})

    def test_is_done_once(self, csr, ticket, macro):
        pressed = [self.press(csr, ticket, macro, "one") for _twice in range(2)]

        assert [answer.status_code for answer in pressed] == [302, 302]
        assert len(published(MacroUsed)) == 1
        assert len(published(TicketTaken)) == 1

    def test_does_not_undo_what_was_done_after_it(self, csr, ticket, macro):
        self.press(csr, ticket, macro, "one")
        services.reopen_ticket(ticket.pk, by=csr.person)

        self.press(csr, ticket, macro, "one")

        ticket.refresh_from_db()
        assert ticket.status == TicketStatus.IN_PROGRESS

    def test_is_refused_with_something_else_in_it(self, csr, ticket, macro):
        self.press(csr, ticket, macro, "one")

        page = self.press(csr, ticket, macro, "one", "Something else.")

        assert page.status_code == 422
        assert "Something else was sent from this form already." in page.content.decode()
        assert ticket.articles.count() == 1

    def test_belongs_to_who_pressed_it(self, csr, supervisor, ticket, macro):
        Macro.objects.update(takes=False)
        self.press(csr, ticket, macro, "one")
        services.reopen_ticket(ticket.pk, by=csr.person)

        self.press(supervisor, ticket, macro, "one")

        assert len(published(MacroUsed)) == 2


def test_nobody_takes_back_what_is_not_resolved(csr, ticket):
    with pytest.raises(NotAllowed, match="not resolved"):
        services.take_back_resolution(ticket.pk, by=csr.person)
