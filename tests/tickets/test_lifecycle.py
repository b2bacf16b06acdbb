"""Each type of ticket has its own lifecycle, and no sequence of acts leaves it (X5)."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
import time_machine
from django.db import InternalError, transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.orders.racing import together
from tickets import services
from tickets.events import CustomerReplied, TicketMoved, TicketOpened, TicketReopened, TicketResolved, TicketTaken
from tickets.models import Article, Ticket
from tickets.states import (
    MOVES_OF,
    OPEN,
    RESOLUTIONS_OF,
    HoldReason,
    PendingReason,
    Priority,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
    TicketType,
)
from tickets.testing import answer, bring_to, make_ticket, reply

_keys = count(1)


@pytest.fixture
def division(db):
    return make_division()


@pytest.fixture
def csr(division):
    return make_person(Role.CSR, division)


class TestOpening:
    def test_keeps_who_said_what_and_tells_the_others(self, division):
        ticket = make_ticket(division, text="No signal.")

        contact = ticket.customer.contacts.get()
        assert (ticket.status, ticket.requester_email) == (TicketStatus.ACKNOWLEDGED, contact.email)
        assert ticket.premises == ticket.account.premises
        assert [(article.kind, article.text) for article in ticket.articles.all()] == [("customer", "No signal.")]
        assert published(TicketOpened) == [TicketOpened(ticket_id=ticket.pk, type="trouble", priority="p3")]
        assert f"accounts.customer:{ticket.customer_id}" in Event.objects.get(name="tickets.opened").about

    def test_with_the_same_key_opens_one(self, division):
        report = services.Report(
            type=TicketType.REQUEST, subject="A second line", text="What does it cost?",
            requester=services.Requester.typed(phone="202 555 0143"),
        )  # fmt: skip

        tickets = [
            services.open_ticket(report, key="form", division=division, channel=TicketChannel.WEB, by=None)
            for _twice in range(2)
        ]

        assert tickets[0].pk == tickets[1].pk
        assert len(published(TicketOpened)) == Article.objects.count() == 1
        other = replace(report, text="And a third?")
        with pytest.raises(NotAllowed, match="Something else was sent"):
            services.open_ticket(other, key="form", division=division, channel=TicketChannel.WEB, by=None)

    def test_is_for_those_who_work_on_tickets_there(self, division):
        stranger = make_person(Role.CSR, make_division())

        with pytest.raises(NotAllowed, match="role"):
            make_ticket(division, by=stranger)

    @pytest.mark.parametrize(("typed", "field"), [({}, "email"), ({"email": "x"}, "email"), ({"phone": "5"}, "phone")])
    def test_needs_a_way_to_reach_somebody(self, typed, field):
        with pytest.raises(NotAllowed) as refusal:
            services.Requester.typed(**typed)

        assert refusal.value.field == field


class TestX5EachTypeHasItsOwnLifecycle:
    @pytest.mark.parametrize("type_", [TicketType.TROUBLE, TicketType.COMPLAINT])
    def test_trouble_and_complaints_are_never_declined(self, division, type_):
        ticket = bring_to(make_ticket(division, type_), TicketStatus.IN_PROGRESS)

        with pytest.raises(NotAllowed):
            services.reject_ticket(ticket.pk, "No.", by=None)

    def test_a_request_is_declined_with_a_reason_for_the_customer(self, division, csr):
        ticket = make_ticket(division, TicketType.REQUEST)
        with pytest.raises(NotAllowed) as refusal:
            services.reject_ticket(ticket.pk, " ", by=csr)

        services.reject_ticket(ticket.pk, "We do not lay cable there.", by=csr)

        ticket.refresh_from_db()
        assert refusal.value.field == "text"
        assert (ticket.status, ticket.resolution_text) == (TicketStatus.REJECTED, "We do not lay cable there.")
        assert ticket.closed_at

    def test_a_question_about_a_bill_is_held_for_a_credit_and_not_for_an_outage(self, division, csr):
        ticket = make_ticket(division, TicketType.BILLING)
        with pytest.raises(NotAllowed) as refusal:
            services.hold_ticket(ticket.pk, HoldReason.OUTAGE, by=csr)

        services.hold_ticket(ticket.pk, HoldReason.CREDIT, by=csr)

        assert refusal.value.code == "attach"
        assert Ticket.objects.get().status == TicketStatus.HELD

    def test_a_complaint_is_called_off_by_the_customer_alone(self, division, csr):
        customer = make_person()
        ticket = make_ticket(division, TicketType.COMPLAINT)
        ticket.customer.user = customer
        ticket.customer.save()
        with pytest.raises(NotAllowed) as refusal:
            services.cancel_ticket(ticket.pk, by=csr)

        services.cancel_ticket(ticket.pk, by=customer)

        assert refusal.value.code == "not_ours"
        assert Ticket.objects.get().status == TicketStatus.CANCELLED

    def test_a_complaint_ends_only_after_the_customer_was_answered(self, division, csr):
        ticket = bring_to(make_ticket(division, TicketType.COMPLAINT), TicketStatus.IN_PROGRESS)
        with pytest.raises(NotAllowed) as refusal:
            services.resolve_ticket(ticket.pk, ResolutionCode.APOLOGISED, "", by=csr)

        answer(ticket, by=csr)
        services.resolve_ticket(ticket.pk, ResolutionCode.APOLOGISED, "", by=csr)

        assert refusal.value.code == "unanswered"
        assert Ticket.objects.get().status == TicketStatus.RESOLVED

    def test_a_complaint_that_was_reopened_is_answered_again(self, division):
        ticket = bring_to(make_ticket(division, TicketType.COMPLAINT), TicketStatus.RESOLVED)
        services.reopen_ticket(ticket.pk, by=None)

        with pytest.raises(NotAllowed, match="Answer"):
            services.resolve_ticket(ticket.pk, ResolutionCode.APOLOGISED, "", by=None)

    @pytest.mark.parametrize("type_", TicketType)
    def test_each_ends_with_its_own_resolutions(self, division, type_):
        ticket = make_ticket(division, type_)
        bring_to(ticket, TicketStatus.IN_PROGRESS)
        foreign = next(code for code in ResolutionCode if code not in RESOLUTIONS_OF[type_])

        with pytest.raises(NotAllowed) as refusal:
            services.resolve_ticket(ticket.pk, foreign, "", by=None)

        assert refusal.value.field == "code"

    def test_another_type_is_refused_where_the_ticket_could_not_stand_as_one(self, division, csr):
        ticket = bring_to(make_ticket(division), TicketStatus.HELD)

        with pytest.raises(NotAllowed) as refusal:
            services.set_type(ticket.pk, TicketType.REQUEST, by=csr)

        assert refusal.value.field == "type"

    @pytest.mark.parametrize("type_", TicketType)
    @pytest.mark.parametrize("status", TicketStatus)
    def test_every_status_of_the_table_can_be_reached(self, division, type_, status):
        ends = set().union(*MOVES_OF[type_].values())
        customer = make_person()
        ticket = make_ticket(division, type_)
        ticket.customer.user = customer
        ticket.customer.save()
        ticket = Ticket.objects.get()

        if status in ends or status == TicketStatus.ACKNOWLEDGED:
            assert bring_to(ticket, status).status == status
        else:
            with pytest.raises(NotAllowed):
                bring_to(ticket, status)

    def test_the_database_knows_the_table(self, division):
        ticket = make_ticket(division)

        with pytest.raises(InternalError, match="lifecycle"), transaction.atomic():
            Ticket.objects.filter(pk=ticket.pk).update(status="closed", resolution="restored", closed_at=now())


class TestWaitingAndGoingOn:
    @pytest.mark.parametrize("reason", PendingReason)
    def test_says_what_it_waits_for(self, division, csr, reason):
        ticket = make_ticket(division)

        services.pend_ticket(ticket.pk, reason, was_asked=True, by=csr)

        moved = TicketMoved(ticket_id=ticket.pk, before="acknowledged", after="pending", reason=reason)
        assert published(TicketMoved) == [moved]
        assert Ticket.objects.get().reason == reason

    def test_goes_on_when_staff_say_so(self, division, csr):
        ticket = bring_to(make_ticket(division), TicketStatus.HELD)

        services.continue_ticket(ticket.pk, by=csr)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reason) == (TicketStatus.IN_PROGRESS, "")

    def test_escalation_stands_beside_the_status(self, division, csr):
        ticket = bring_to(make_ticket(division), TicketStatus.PENDING)

        services.escalate_ticket(ticket.pk, 2, "customer_asked", by=csr)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.escalation_level) == (TicketStatus.PENDING, 2)


class TestX16TheCustomersReplyResumesEqually:
    WAYS = ("web", "mail", "phone")

    def speak(self, way: str, ticket: Ticket, csr: User) -> None:
        if way == "phone":
            services.note_phone_call(ticket.pk, "Still down, she says.", by=csr, key="said")
        else:
            services.hear_customer(ticket.pk, "Still down.", key="said", channel=TicketChannel(way))

    @pytest.mark.parametrize("way", WAYS)
    def test_from_waiting_for_them(self, division, csr, way):
        ticket = bring_to(make_ticket(division), TicketStatus.PENDING)

        self.speak(way, ticket, csr)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reason) == (TicketStatus.IN_PROGRESS, "")
        assert [fact.channel for fact in published(CustomerReplied)] == [way]
        assert published(TicketMoved)[-1] == TicketMoved(
            ticket_id=ticket.pk, before="pending", after="in_progress", reason="customer"
        )

    @pytest.mark.parametrize("way", WAYS)
    def test_and_not_from_waiting_for_a_part(self, division, csr, way):
        ticket = make_ticket(division)
        services.pend_ticket(ticket.pk, PendingReason.PARTS, by=csr)

        self.speak(way, ticket, csr)

        assert Ticket.objects.get().reason == PendingReason.PARTS

    @pytest.mark.parametrize("way", WAYS)
    def test_from_resolved(self, division, csr, way):
        ticket = bring_to(make_ticket(division), TicketStatus.RESOLVED)

        self.speak(way, ticket, csr)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.reopened_count, ticket.resolution) == (TicketStatus.IN_PROGRESS, 1, "")

    def test_said_twice_with_the_same_key_stands_once(self, division, csr):
        ticket = make_ticket(division)

        for _twice in range(2):
            self.speak("mail", ticket, csr)

        assert ticket.articles.count() == 2
        assert Ticket.objects.get().version == 2


class TestEnding:
    def test_resolved_then_confirmed(self, division, csr):
        ticket = bring_to(make_ticket(division), TicketStatus.IN_PROGRESS)

        services.resolve_ticket(ticket.pk, ResolutionCode.REPLACED, "A new modem.", by=csr)
        services.close_ticket(ticket.pk, by=None)

        ticket.refresh_from_db()
        assert (ticket.status, ticket.resolution_text) == (TicketStatus.CLOSED, "A new modem.")
        assert published(TicketResolved) == [TicketResolved(ticket_id=ticket.pk, code="replaced")]

    def test_silence_closes_what_was_resolved_long_enough_ago(self, division):
        old, fresh = (make_ticket(division) for _two in range(2))
        with time_machine.travel(now() - timedelta(days=6)):
            bring_to(old, TicketStatus.RESOLVED)
        bring_to(fresh, TicketStatus.RESOLVED)

        assert services.close_silent_tickets() == 1

        assert [Ticket.objects.get(pk=ticket.pk).status for ticket in (old, fresh)] == ["closed", "resolved"]
        event = Event.objects.filter(name="tickets.moved").last()
        assert event.fact() == TicketMoved(ticket_id=old.pk, before="resolved", after="closed", reason="silent")
        assert f"accounts.customer:{old.customer_id}" in event.about

    def test_closed_is_reopened_within_the_window_and_not_after(self, division):
        ticket = bring_to(make_ticket(division), TicketStatus.CLOSED)

        with time_machine.travel(now() + timedelta(days=31)), pytest.raises(NotAllowed) as refusal:
            services.reopen_ticket(ticket.pk, by=None)
        with time_machine.travel(now() + timedelta(days=31)), pytest.raises(NotAllowed, match="new one"):
            reply(ticket)
        services.reopen_ticket(ticket.pk, by=None)

        assert refusal.value.code == "over"
        assert Ticket.objects.get().status == TicketStatus.IN_PROGRESS
        assert published(TicketReopened) == [TicketReopened(ticket_id=ticket.pk, times=1)]


class TestTaking:
    def test_begins_it(self, division, csr):
        ticket = make_ticket(division)

        services.take_ticket(ticket.pk, by=csr)

        ticket.refresh_from_db()
        assert (ticket.owner, ticket.status) == (csr, TicketStatus.IN_PROGRESS)

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_gives_it_to_one(self):
        division = make_division()
        one, other = (make_person(Role.CSR, division) for _two in range(2))
        ticket = make_ticket(division)

        outcomes = together(
            lambda: services.take_ticket(ticket.pk, by=one), lambda: services.take_ticket(ticket.pk, by=other)
        )

        refusals = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert [refusal.code for refusal in refusals] == ["taken"]
        assert len(published(TicketTaken)) == 1

    def test_over_and_laying_back(self, division, csr):
        other = make_person(Role.CSR, division)
        ticket = make_ticket(division)
        services.take_ticket(ticket.pk, by=other)

        with pytest.raises(NotAllowed):
            services.release_ticket(ticket.pk, by=csr)
        services.take_over_ticket(ticket.pk, by=csr)
        services.release_ticket(ticket.pk, by=csr)

        assert Ticket.objects.get().owner is None
        assert [(fact.user_id, fact.before) for fact in published(TicketTaken)] == [
            (other.pk, None),
            (csr.pk, other.pk),
        ]

    def test_is_refused_where_it_would_change_nothing(self, division, csr):
        supervisor = make_person(Role.SUPERVISOR, division)
        ticket = make_ticket(division)

        with pytest.raises(NotAllowed, match="Nobody has this"):
            services.release_ticket(ticket.pk, by=csr)
        services.take_ticket(ticket.pk, by=csr)
        with pytest.raises(NotAllowed, match="You have this already"):
            services.take_over_ticket(ticket.pk, by=csr)
        with pytest.raises(NotAllowed, match="It is there already"):
            services.hand_over_ticket(ticket.pk, csr, by=supervisor)

    def test_a_field_agent_works_on_what_was_handed_to_them_and_nothing_else(self, division):
        agent, supervisor = make_person(Role.FIELD_AGENT, division), make_person(Role.SUPERVISOR, division)
        theirs, another = (make_ticket(division) for _two in range(2))

        services.hand_over_ticket(theirs.pk, agent, by=supervisor)
        services.note_ticket(theirs.pk, "On my way.", by=agent, key="note")

        with pytest.raises(NotAllowed):
            services.note_ticket(another.pk, "On my way.", by=agent, key="note 2")

    def test_giving_to_others_is_for_those_who_give_out_work(self, division, csr):
        ticket = make_ticket(division)

        with pytest.raises(NotAllowed, match="give work"):
            services.hand_over_ticket(ticket.pk, make_person(Role.CSR, division), by=csr)


@dataclass
class Play:
    ticket: Ticket
    by: User

    @property
    def type(self) -> TicketType:
        return TicketType(Ticket.objects.get(pk=self.ticket.pk).type)


def _acts() -> dict[str, Callable[[Play], object]]:
    acts: dict[str, Callable[[Play], object]] = {
        "take": lambda play: services.take_ticket(play.ticket.pk, by=play.by),
        "release": lambda play: services.release_ticket(play.ticket.pk, by=play.by),
        "answer": lambda play: answer(play.ticket, by=play.by),
        "note": lambda play: services.note_ticket(play.ticket.pk, "Hm.", by=play.by, key=f"any-{next(_keys)}"),
        "customer": lambda play: reply(play.ticket),
        "continue": lambda play: services.continue_ticket(play.ticket.pk, by=play.by),
        "resolve": lambda play: services.resolve_ticket(play.ticket.pk, RESOLUTIONS_OF[play.type][0], "", by=play.by),
        "close": lambda play: services.close_ticket(play.ticket.pk, by=play.by),
        "reopen": lambda play: services.reopen_ticket(play.ticket.pk, by=play.by),
        "reject": lambda play: services.reject_ticket(play.ticket.pk, "No.", by=play.by),
        "cancel": lambda play: services.cancel_ticket(play.ticket.pk, by=play.by),
        "urgent": lambda play: services.set_priority(play.ticket.pk, Priority.P1, by=play.by),
        "escalate": lambda play: services.escalate_ticket(play.ticket.pk, 1, "skill", by=play.by),
        "time": lambda _play: _later(),
    }
    for reason in PendingReason:
        acts[f"pend {reason}"] = lambda play, reason=reason: services.pend_ticket(play.ticket.pk, reason, by=play.by)
    for reason in HoldReason:
        acts[f"hold {reason}"] = lambda play, reason=reason: services.hold_ticket(play.ticket.pk, reason, by=play.by)
    for type_ in TicketType:
        acts[f"type {type_}"] = lambda play, type_=type_: services.set_type(play.ticket.pk, type_, by=play.by)
    return acts


def _later() -> None:
    with time_machine.travel(now() + timedelta(days=10)):
        services.close_silent_tickets()


ACTS = _acts()


class TestAnySequence:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(type_=st.sampled_from(TicketType), acts=st.lists(st.sampled_from(sorted(ACTS)), max_size=12))
    def test_stays_on_the_lifecycle(self, division, type_, acts):
        with transaction.atomic():
            play = Play(make_ticket(division, type_), make_person(is_superuser=True))
            for act in acts:
                before = Ticket.objects.get(pk=play.ticket.pk)
                with contextlib.suppress(NotAllowed):
                    ACTS[act](play)
                _must_be_true(before, Ticket.objects.get(pk=play.ticket.pk))
            transaction.set_rollback(True)


def _must_be_true(before: Ticket, after: Ticket) -> None:
    ways = MOVES_OF[TicketType(before.type)].get(TicketStatus(before.status), frozenset())
    assert after.status == before.status or after.status in ways
    assert (after.status in {TicketStatus.PENDING, TicketStatus.HELD}) == bool(after.reason)
    assert after.status in OPEN or after.resolved_at or after.closed_at
    public = after.articles.filter(kind__in=["customer", "answer", "phone"]).count()
    assert after.version == public
    moves = [fact for fact in published(TicketMoved) if fact.ticket_id == after.pk]
    assert (moves[-1].after if moves else "acknowledged") == after.status
