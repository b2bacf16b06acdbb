"""The count at the end of a simulation finds what is wrong with clocks, credits and notices."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from config.simulation.counting import count_the_desk
from config.simulation.ending import what_is_left
from config.simulation.world import World, deliver_all, settle
from foundation.clocks.models import CalendarFrame
from foundation.clocks.testing import make_round_the_clock
from foundation.correspondence.models import Message
from foundation.events.models import Delivery
from foundation.jobs.services import KINDS, Kind, work_one_chunk
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from tickets import services
from tickets.models import ClockSegment
from tickets.services import outages
from tickets.states import PendingReason, ResolutionCode
from tickets.testing import answer, make_affected, make_outage, make_policy, make_ticket, reply

MONDAY = datetime(2026, 6, 1, 15, tzinfo=UTC)


class House:
    """A vendor's people, with the credits that they show."""

    def __init__(self, *credits_):
        self._credits = credits_

    def credits(self):
        return list(self._credits)


def count(*credits_):
    said = []
    world = SimpleNamespace(vendors={"main": House(*credits_)}, story=SimpleNamespace(note=said.append))
    return count_the_desk(world), said


@pytest.fixture
def ticket(division):
    """A ticket that waited two days for its customer, was resolved and reopened, under a calendar with a lunch break."""
    calendar = make_round_the_clock(division)
    calendar.frames.all().delete()
    for opens, closes in (("08:00", "12:00"), ("13:00", "17:00")):
        CalendarFrame.objects.bulk_create(
            CalendarFrame(calendar=calendar, weekday=weekday, opens=opens, closes=closes) for weekday in range(5)
        )
    make_policy(division, calendar=calendar)
    steps = (
        lambda: answer(ticket),
        lambda: services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None),
        lambda: reply(ticket),
        lambda: services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=None),
        lambda: services.reopen_ticket(ticket.pk, by=None),
    )
    with time_machine.travel(MONDAY, tick=False):
        ticket = make_ticket(division)
    for day, step in enumerate(steps, start=1):
        with time_machine.travel(MONDAY + timedelta(days=day), tick=False):
            step()
    return ticket


class TestCountTheDesk:
    def test_agrees_with_what_the_services_did_and_finds_a_clock_that_was_turned(self, ticket):
        assert count()[0] == []

        last = ClockSegment.objects.filter(clock__ticket=ticket).order_by("begun_at").first()
        ClockSegment.objects.filter(pk=last.pk).update(begun_at=last.begun_at - timedelta(days=7))

        [difference] = count()[0]
        assert difference.startswith(f"The clock of {ticket.number} shows ")

    def test_finds_credits_that_are_missing_doubled_or_other(self, division):
        supervisor, approver = (make_person(role, division) for role in (Role.SUPERVISOR, Role.OPERATOR))
        with time_machine.travel(MONDAY, tick=False):
            make_affected(division)
        with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
            outage = make_outage(division, by=supervisor)
        with time_machine.travel(MONDAY + timedelta(days=2), tick=False):
            outages.restore_outage(outage.pk, by=supervisor)
            run = outages.request_credits(outage.pk, by=supervisor)
            outages.approve_credits(run.pk, by=approver)
            outages.post_credits(run.pk)
            work_one_chunk()
        credit = run.credits.get()
        outages.record_credit_confirmed(credit.request_id, "CR-1")
        shown = {"externalId": credit.request_id, "amount": {"unit": "USD", "value": str(credit.amount)}}

        assert count(shown)[0] == []
        assert count()[0] == [f"Credit {credit.request_id} was posted 0 times."]
        assert count(shown, shown)[0] == [f"Credit {credit.request_id} was posted 2 times."]
        assert "the vendor posted 0.01" in count(shown | {"amount": {"value": "0.01"}})[0][0]
        strange = shown | {"externalId": "outage-9-9-9"}
        assert count(shown, strange)[0] == ["The vendor shows outage-9-9-9, which nobody asked for."]
        assert count(shown, shown | {"externalId": "reward-1-1"})[0] == []

    def test_finds_a_notice_without_its_letter(self, division):
        supervisor = make_person(Role.SUPERVISOR, division)
        make_affected(division)
        outage = make_outage(division, by=supervisor)
        outages.tell_customers(outage.updates.get().pk)

        [difference] = count()[0]

        assert "was written to 0 times by notice" in difference
        work_one_chunk()
        assert (count()[0], Message.objects.filter(kind="tickets.outage").count()) == ([], 1)


class TestWhatIsLeft:
    @pytest.fixture
    def outage(self, division):
        make_affected(division)
        Delivery.objects.update(done_at=now())
        return make_outage(division, by=make_person(Role.SUPERVISOR, division))

    def test_is_nothing_once_what_was_owed_and_what_it_began_are_done(self, outage):
        assert "Not delivered: tickets.handlers.tell_customers: not tried" in what_is_left()

        World.listen(SimpleNamespace(vendors={}))

        assert what_is_left() == []
        assert (Message.objects.filter(kind="tickets.outage").count(), count()[0]) == (1, [])

    def test_names_long_work_that_waits_and_long_work_that_failed(self, outage, monkeypatch):
        deliver_all()
        assert [one.rpartition(": ")[2] for one in what_is_left()] == ["Running"]

        monkeypatch.setitem(KINDS, "tickets.tell_of_outage", Kind(lambda job, _chunk: job.missing))
        settle()

        [left] = what_is_left()
        assert left.startswith("Not done: ")
        assert "has no attribute 'missing'" in left
