"""
Locks of tickets are taken in the order of `docs/locking.md`: whoever holds the first of two rows gets the second.

Each test holds what comes first, lets somebody else begin, and asks for what comes second: with the order turned round
one of the two is refused as a deadlock.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.testing import make_account
from billing.models import Submission
from foundation.clocks.models import SpecialDay
from foundation.clocks.testing import make_round_the_clock
from foundation.correspondence.events import MessageQueued
from foundation.correspondence.models import Message
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division, make_site
from foundation.events.models import Event
from foundation.jobs.models import Job
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.worklist.services import hold_turns
from foundation.worklist.testing import make_member, make_team
from orders.testing import make_market
from tests.orders.racing import Meanwhile, together
from tests.tickets.test_outages import work
from tickets import services
from tickets.events import CreditRunMoved, CustomerReplied
from tickets.models import CreditRun, Ticket, WaitingTicket
from tickets.services import outages
from tickets.services.outages.crediting import hold_counting
from tickets.services.outages.posting import POSTING
from tickets.services.rows import locked
from tickets.settings import UNDO_SECONDS
from tickets.states import (
    ChildPolicy,
    ClockKind,
    CreditRunStatus,
    Priority,
    ResolutionCode,
    RoutingCause,
    TicketStatus,
    TicketType,
)
from tickets.testing import make_affected, make_outage, make_policy, make_routing, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def division() -> Division:
    return make_site(make_division()).division


@pytest.fixture
def account(division) -> Account:
    return make_account(division)


@pytest.fixture
def by() -> User:
    return make_person(is_superuser=True)


def test_a_parted_ticket_and_the_one_it_went_on_as_are_held_by_their_ids(division, account, by):
    first, second = (make_ticket(division, account=account) for _two in range(2))
    services.merge_ticket(second.pk, first.pk, by=by)

    with transaction.atomic():
        locked(first.pk)
        parting = Meanwhile(lambda: services.unmerge_ticket(second.pk, by=by))
        locked(second.pk)

    assert parting.outcome() == second
    assert Ticket.objects.get(pk=second.pk).merged_into is None


def test_a_ticket_that_ends_with_its_parts_is_held_with_them_by_their_ids(division, account, by):
    part, whole = (make_ticket(division, account=account) for _two in range(2))
    services.attach_child(part.pk, whole.pk, ChildPolicy.WITH_PARENT, by=by)

    with transaction.atomic():
        locked(part.pk)
        ending = Meanwhile(lambda: services.resolve_ticket(whole.pk, ResolutionCode.RESTORED, "", by=by))
        locked(whole.pk)

    assert ending.outcome() == whole
    assert set(Ticket.objects.values_list("status", flat=True)) == {TicketStatus.RESOLVED}


def test_a_letter_is_written_for_whose_the_ticket_is_by_then(division, account, by):
    set_value(division, UNDO_SECONDS, 0)
    declined, resolved = (
        make_ticket(division, TicketType.REQUEST, account=account),
        make_ticket(division, account=account),
    )
    services.reject_ticket(declined.pk, "No cable there.", by=by)
    services.resolve_ticket(resolved.pk, ResolutionCode.RESTORED, "The wire.", by=by)
    other = make_account(division).customer
    address = other.contacts.get().email

    for ticket, send in (
        (declined, lambda: services.send_refusal(declined.pk)),
        (resolved, lambda: services.send_resolution(resolved.pk, times=0)),
    ):
        with transaction.atomic():
            services.set_customer(ticket.pk, other, confirmed_email=address, by=by)
            writing = Meanwhile(send)
        assert writing.outcome() is None

    letters = Message.objects.filter(kind__in=["tickets.declined", "tickets.resolved"])
    assert list(letters.values_list("to", flat=True)) == [address, address]
    about = Event.objects.filter(name=MessageQueued.name).values_list("about", flat=True)
    assert all(f"accounts.customer:{other.pk}" in each for each in about)


def test_what_waits_for_a_ticket_finds_whose_it_has_become(division, account, by):
    ticket = make_ticket(division, account=account)
    other = make_account(division).customer
    colleague = make_person(Role.CSR, division)

    with transaction.atomic():
        services.set_customer(ticket.pk, other, confirmed_email=other.contacts.get().email, by=by)
        services.hand_over_ticket(ticket.pk, colleague, by=by)
        hearing = Meanwhile(lambda: services.note_phone_call(ticket.pk, "It blinks.", key="call", by=by))
        taking = Meanwhile(lambda: locked_in_its_own(ticket.pk))

    assert hearing.outcome().text == "It blinks."
    assert f"accounts.customer:{other.pk}" in Event.objects.get(name=CustomerReplied.name).about
    assert taking.outcome() == (other, colleague)


@transaction.atomic
def locked_in_its_own(ticket_id):
    ticket = locked(ticket_id)
    return ticket.customer, ticket.owner


def test_two_teams_of_which_one_is_asked_after_the_other_are_held_by_their_ids(division):
    first, second = make_team(division), make_team(division)
    member = make_member(first)
    make_routing(division, {"team": second, "fallback_team": first, "fallback_minutes": 0})
    ticket = make_ticket(division)

    with transaction.atomic():
        hold_turns([first])
        routing = Meanwhile(lambda: services.route_ticket(ticket.pk, cause=RoutingCause.OPENED))
        hold_turns([second])

    assert routing.outcome() == ticket
    assert Ticket.objects.get().owner == member.user


def test_a_late_caller_waits_for_no_caller_of_another_account(division, by):
    market = make_market(division)
    first, second = (make_affected(division, market=market) for _two in range(2))
    outage = make_outage(division, by=by)
    tickets = [make_ticket(division, account=account) for account in (first, second, first)]

    with transaction.atomic():
        outages.attach_late_caller(tickets[0].pk)
        other, same = (Meanwhile(lambda pk=one.pk: outages.attach_late_caller(pk)) for one in tickets[1:])
        tickets[1].refresh_from_db()
        assert tickets[1].outage == outage

    assert (other.outcome(), same.outcome()) == (None, None)
    assert set(Ticket.objects.filter(outage=outage)) == set(tickets[:2])


def test_the_sweep_leaves_what_waits_to_whoever_holds_its_ticket(division, by):
    team = make_team(division)
    make_routing(division, {"team": team})
    held, other = (make_ticket(division) for _two in range(2))
    for ticket in (held, other):
        services.route_ticket(ticket.pk, cause=RoutingCause.OPENED)

    with transaction.atomic():
        locked(held.pk)
        hold_turns([team])
        sweep = Meanwhile(services.route_waiting)
        services.find_somebody(held.pk, by=by)

    assert not isinstance(sweep.outcome(), Exception)
    assert WaitingTicket.objects.count() == 2


def test_clocks_are_computed_anew_after_their_tickets_are_held(division, by):
    calendar = make_round_the_clock(division)
    make_policy(division, {ClockKind.RESOLVE: 48}, calendar=calendar)
    held, other = (make_ticket(division) for _two in range(2))
    SpecialDay.objects.create(calendar=calendar, day=today(division) + timedelta(days=1), note="Closed")

    with transaction.atomic():
        locked(held.pk)
        anew = Meanwhile(services.retime_clocks)
        services.set_priority(held.pk, Priority.P1, by=by)

    a_day_later = Ticket.objects.filter(due_at__gt=now() + timedelta(hours=71))
    assert (anew.outcome(), list(a_day_later)) == (1, [other])
    assert services.retime_clocks() == 1
    assert set(a_day_later.all()) == {held, other}


def test_credits_are_counted_by_one_at_a_time_before_their_run_is_held(division, by):
    began = now() - timedelta(days=2)
    with time_machine.travel(began - timedelta(days=1)):
        make_affected(division)
    with time_machine.travel(began):
        outage = make_outage(division, by=by, starts_at=began)
    with time_machine.travel(began + timedelta(hours=10)):
        outages.restore_outage(outage.pk, by=by)
    run = outages.request_credits(outage.pk, by=by)
    approver = make_person(is_superuser=True)

    with transaction.atomic():
        hold_counting()
        earlier = began - timedelta(hours=1)
        correcting = Meanwhile(lambda: outages.correct_start(outage.pk, earlier, "As the node says", by=by))
        outages.approve_credits(run.pk, by=approver)

    assert correcting.outcome() == outage
    run.refresh_from_db()
    assert run.status == CreditRunStatus.APPROVED


@pytest.fixture
def run(division, by) -> CreditRun:
    """Credits of an outage that was over two days ago, asked for and waiting for approval."""
    began = now() - timedelta(days=2)
    with time_machine.travel(began - timedelta(days=1)):
        make_affected(division)
    with time_machine.travel(began):
        outage = make_outage(division, by=by, starts_at=began)
    with time_machine.travel(began + timedelta(hours=10)):
        outages.restore_outage(outage.pk, by=by)
    return outages.request_credits(outage.pk, by=by)


def approving(run: CreditRun, person: User) -> Callable[[], HttpResponse]:
    """Return what sends somebody's approval, each from a browser of its own."""
    client, address = sign_in(Client(), person), reverse("desk:outage_credits_approve", args=[run.pk])
    return lambda: client.post(address, {"shown": run.total})


def posted_for(run: CreditRun) -> tuple[int, int, int]:
    """Return how often a run was approved, how often it was sent off, and how many credits billing was asked for."""
    work()
    approved = Event.objects.filter(name=CreditRunMoved.name, payload__status=CreditRunStatus.APPROVED)
    return approved.count(), Job.objects.filter(kind=POSTING).count(), Submission.objects.filter(kind="credit").count()


@pytest.mark.parametrize("people", [1, 2])
def test_credits_that_two_windows_approve_at_once_are_posted_once(division, run, people):
    first, *others = [make_person(Role.OPERATOR, division) for _each in range(people)]

    answers = together(approving(run, first), approving(run, others[0] if others else first))

    assert sorted(answer.status_code for answer in answers) == [302, 422]
    assert posted_for(run) == (1, 1, 1)


def test_credits_that_are_being_approved_are_waited_for(division, run):
    """The second has seen that they wait for approval; only when the first is done it asks again, and hears that they do not."""
    first, second = (make_person(Role.OPERATOR, division) for _two in range(2))
    one, two = approving(run, first), approving(run, second)

    with transaction.atomic():
        assert one().status_code == 302
        other = Meanwhile(two)

    assert other.outcome().status_code == 422
    run.refresh_from_db()
    assert run.approved_by == first
    assert posted_for(run) == (1, 1, 1)
