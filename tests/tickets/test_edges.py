"""The edges of rules that other tests show at work: what is taken back, comes late, is named twice, or cannot follow."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from accounts.testing import make_account
from foundation.correspondence.models import Message
from foundation.divisions.services import set_value
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.worklist.services import note_absence
from foundation.worklist.states import AbsenceReason
from foundation.worklist.testing import make_team
from orders.testing import make_market
from tickets import services
from tickets.events import OutageTold
from tickets.models import Macro, OutageNotice, TicketClock
from tickets.queries.intake import same_fault
from tickets.services import outages
from tickets.settings import AUTOMATIC_PER_HOUR
from tickets.states import (
    ChildPolicy,
    ClockKind,
    PendingReason,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
    TicketType,
)
from tickets.testing import answer, let_leave, make_affected, make_outage, make_policy, make_routing, make_ticket

HOUR = timedelta(hours=1)


def fresh(ticket):
    ticket.refresh_from_db()
    return ticket


class TestAnAnswerThatIsTakenBack:
    def test_a_ticket_waits_for_no_answer_to_a_question_that_was_never_asked(self, division, csr):
        ticket = make_ticket(division)
        asked = answer(ticket, "Which lamp is red?", by=csr.person)
        csr.post("desk:ticket_do", ticket.number, "wait", reason="customer")

        csr.post("desk:ticket_take_back", ticket.number, asked.pk)

        assert fresh(ticket).status == TicketStatus.IN_PROGRESS

    def test_waits_still_where_an_earlier_question_was_asked(self, division, csr):
        ticket = make_ticket(division)
        answer(ticket, "Which lamp is red?", by=csr.person)
        with time_machine.travel(now() + timedelta(seconds=5)):
            second = answer(ticket, "And which is green?", by=csr.person)
            services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=csr.person)
            services.take_back_answer(second.pk, by=csr.person)

        assert fresh(ticket).status == TicketStatus.PENDING

    def ask(self, csr, ticket, question, **options):
        csr.post("desk:ticket_do", ticket.number, "wait", reason="customer", question=question, key=question, **options)
        return ticket.articles.get(text=question)

    def test_ends_no_wait_for_what_was_asked_on_the_phone(self, division, csr):
        known = make_account(division).customer  # as who they turn out to be, with an address
        requester = services.Requester.typed(phone=str(known.contacts.get().phone))
        ticket = make_ticket(division, requester=requester, channel="phone", by=csr.person)
        self.ask(csr, ticket, "They look at the modem tonight.")
        services.set_customer(ticket.pk, known, confirmed_email=known.contacts.get().email, by=csr.person)
        unrelated = answer(ticket, "We sent the bill again.", by=csr.person)

        csr.post("desk:ticket_take_back", ticket.number, unrelated.pk)

        assert (fresh(ticket).status, ticket.reason) == (TicketStatus.PENDING, PendingReason.CUSTOMER)
        assert (ticket.account, ticket.premises) == (known.accounts.get(), known.accounts.get().premises)

    def test_ends_the_wait_for_its_question_alone_and_where_no_other_stands(self, division, csr):
        ticket = make_ticket(division)
        unrelated = answer(ticket, "We sent the bill again.", by=csr.person)
        first = self.ask(csr, ticket, "Which lamp is red?")
        second = self.ask(csr, ticket, "And which is green?", seen=fresh(ticket).version)
        ends = []

        for article in (first, second, unrelated):
            csr.post("desk:ticket_take_back", ticket.number, article.pk)
            ends.append(fresh(ticket).status)

        assert ends == [TicketStatus.PENDING, TicketStatus.IN_PROGRESS, TicketStatus.IN_PROGRESS]

    def test_leaves_the_wait_for_a_question_by_a_macro(self, division, csr):
        ticket = make_ticket(division)
        macro = Macro.objects.create(division=division, name="Ask", end="wait", reply={"en": "Which lamp is red?"})
        unrelated = answer(ticket, "We sent the bill again.", by=csr.person)
        said = {"key": "k", "text": "Which lamp is red?", "seen": fresh(ticket).version}
        csr.post("desk:ticket_macro", ticket.number, macro.pk, **said)

        csr.post("desk:ticket_take_back", ticket.number, unrelated.pk)
        before = fresh(ticket).status
        csr.post("desk:ticket_take_back", ticket.number, ticket.articles.get(text="Which lamp is red?").pk)

        assert (before, fresh(ticket).status) == (TicketStatus.PENDING, TicketStatus.IN_PROGRESS)

    def test_the_next_word_is_due_when_it_was(self, division, csr):
        make_policy(division, {ClockKind.UPDATE: 4})
        ticket = make_ticket(division)
        answer(ticket, "First", by=csr.person)
        [clock] = TicketClock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE)
        with time_machine.travel(now() + 3 * HOUR, tick=False):
            second = answer(ticket, "Second", by=csr.person)
            services.take_back_answer(second.pk, by=csr.person)

        [same] = TicketClock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE)
        assert (same.pk, same.due_at, same.met_at) == (clock.pk, clock.due_at, None)

    def test_and_none_is_due_where_we_have_said_nothing(self, division, csr):
        make_policy(division, {ClockKind.UPDATE: 4})
        ticket = make_ticket(division)
        said = answer(ticket, "First", by=csr.person)

        services.take_back_answer(said.pk, by=csr.person)

        assert not TicketClock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE).exists()


class TestUndoingAReassignment:
    def test_gives_back_also_what_the_sweep_has_moved_on(self, division, supervisor):
        team, other = make_team(division, members=1), make_team(division, members=1)
        make_routing(division, {"team": team, "fallback_team": other, "fallback_minutes": 5})
        leaver = team.members.get()
        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause="opened")
        note_absence(leaver.user, team, reason=AbsenceReason.SICK, until=None, by=supervisor.person)
        act = services.reassign_all(leaver.user, by=supervisor.person)
        services.route_waiting()
        moved_to = fresh(ticket).owner

        supervisor.post("desk:reassignment_undo", act.pk)

        assert moved_to == other.members.get().user
        assert fresh(ticket).owner == leaver.user

    def test_leaves_what_somebody_has_taken(self, division, csr, supervisor):
        team = make_team(division, members=2)
        make_routing(division, {"team": team})
        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause="opened")
        act = services.reassign_all(fresh(ticket).owner, by=supervisor.person)
        services.take_over_ticket(ticket.pk, by=csr.person)

        supervisor.post("desk:reassignment_undo", act.pk)

        assert fresh(ticket).owner == csr.person


class TestAPartThatCannotEndAsItsTicketDoes:
    def test_is_named_for_staff(self, division, csr):
        ticket, part = make_ticket(division), make_ticket(division, TicketType.REQUEST)
        services.attach_child(part.pk, ticket.pk, ChildPolicy.WITH_PARENT, by=csr.person)

        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="It works.")

        assert fresh(part).status == TicketStatus.ACKNOWLEDGED
        assert f"Its part {part.number} stays open" in csr.read("desk:ticket", ticket.number)


class TestAnOutageThatIsEnteredLate:
    @pytest.fixture
    def account(self, division):
        with time_machine.travel(now() - timedelta(days=20), tick=False):
            return make_affected(division, market=make_market(division, capacity=9))

    def test_does_not_end_what_was_reported_after_it_was_over(self, division, account, supervisor):
        ticket = make_ticket(division, account=account)
        outage = make_outage(division, by=supervisor.person, starts_at=now() - 8 * HOUR)

        outages.restore_outage(outage.pk, at=now() - 2 * HOUR, by=supervisor.person)

        assert (fresh(ticket).status, ticket.outage) == (TicketStatus.IN_PROGRESS, None)

    def test_a_caller_who_waits_for_it_already_gets_no_second_ticket(self, division, account, csr, supervisor):
        ticket = make_ticket(division, account=account)
        outage = make_outage(division, by=supervisor.person)
        intake = services.Intake(
            type=TicketType.TROUBLE, text="Again!", requester=services.Requester.of(account.customer),
            customer=account.customer, account=account,
        )  # fmt: skip

        same = services.attach_at_intake(
            outage.pk, intake, key="k", division=division, channel=TicketChannel.PHONE, by=csr.person
        )

        assert same == ticket
        assert ticket.articles.filter(text="Again!").exists()

    def test_a_caller_who_is_attached_by_two_presses_of_a_button_said_it_once(self, division, account, csr, supervisor):
        outage = make_outage(division, by=supervisor.person)
        intake = services.Intake(
            type=TicketType.TROUBLE, text="Dark!", requester=services.Requester.of(account.customer),
            customer=account.customer, account=account,
        )  # fmt: skip

        once, again = (
            services.attach_at_intake(
                outage.pk, intake, key="k", division=division, channel=TicketChannel.PHONE, by=csr.person
            )
            for _press in range(2)
        )

        assert once == again
        assert once.articles.count() == 1
        for other in ({"text": "Not the outage."}, {"subject": "The phone, too"}, {"account": None}):
            with pytest.raises(NotAllowed) as refusal:
                services.attach_at_intake(
                    outage.pk, replace(intake, **other), key="k", division=division, channel=TicketChannel.PHONE,
                    by=csr.person,
                )  # fmt: skip
            assert refusal.value.code == "sent"
        assert once.articles.count() == 1

    def test_whoever_first_named_another_fault_is_told_when_their_other_ticket_is_attached(
        self, division, account, csr, supervisor
    ):
        outage = make_outage(division, by=supervisor.person)
        own = make_ticket(division, account=account)
        outages.keep_apart(outage.pk, own.pk, by=csr.person)
        outages.tell_customers(outage.updates.get().pk)
        before = OutageNotice.objects.count()

        caller = make_ticket(division, account=account, subject="Nothing works")
        outages.attach_late_caller(caller.pk)
        outages.tell_customers(outage.updates.get().pk)

        assert (before, OutageNotice.objects.count()) == (0, 1)
        assert len(published(OutageTold)) == 2


class TestTheSameFault:
    def test_is_known_also_where_one_of_two_names_no_service(self, division):
        account = make_affected(division)
        service = account.services.first()
        make_ticket(division, account=account, symptom="no-internet")

        assert same_fault("no-internet", account=account, service=service)
        assert not same_fault("no-tv", account=account, service=service)


class TestTheLimitOfReceipts:
    def test_does_not_swallow_the_question_whether_it_is_fixed(self, division, csr):
        set_value(division, AUTOMATIC_PER_HOUR, 1)
        ticket = make_ticket(division)
        make_ticket(division, account=ticket.account)
        drain()

        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "The wire.", by=csr.person)
        let_leave()
        drain()

        assert Message.objects.filter(kind="tickets.opened", to=ticket.requester_email).count() == 1
        assert Message.objects.filter(kind="tickets.resolved", to=ticket.requester_email).count() == 1


class TestLookingForSomebodyElse:
    def test_leaves_it_with_who_has_it_where_nobody_else_can(self, division, supervisor):
        team = make_team(division, members=1)
        make_routing(division, {"team": team})
        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause="opened")
        owner = fresh(ticket).owner

        with pytest.raises(NotAllowed, match="Nobody else can take it"):
            services.find_somebody(ticket.pk, by=supervisor.person)

        assert fresh(ticket).owner == owner

    def test_what_became_something_else_waits_for_its_team_where_nobody_there_can(self, division, csr):
        team, other = make_team(division, members=1), make_team(division)
        make_routing(division, {"team": team, "types": ["trouble"]}, {"team": other, "types": ["complaint"]})
        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause="opened")

        csr.post("desk:ticket_do", ticket.number, "type", type="complaint")
        drain()

        assert (fresh(ticket).owner, ticket.team) == (None, other)

    def test_keeps_the_priority_that_somebody_has_set(self, division, csr, supervisor):
        team = make_team(division, members=2)
        make_routing(division, {"team": team, "priority": "p2"})
        ticket = make_ticket(division)
        services.route_ticket(ticket.pk, cause="opened")
        csr.post("desk:ticket_do", ticket.number, "priority", priority="p4", reason="Nothing is at stake.")

        services.find_somebody(ticket.pk, by=supervisor.person)

        assert fresh(ticket).priority == "p4"
