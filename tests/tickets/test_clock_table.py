"""What docs/tickets.md says that each change does to each clock is what it does: its table is acted out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from accounts.testing import make_account
from foundation.clocks.states import WatchStatus
from foundation.clocks.testing import make_round_the_clock
from foundation.divisions.services import set_value
from foundation.events.testing import published
from tickets import services
from tickets.events import PromiseMissed
from tickets.models import SlaPolicy, Ticket, TicketClock
from tickets.settings import UNDO_SECONDS
from tickets.states import ClockKind, PendingReason, Priority, ResolutionCode
from tickets.testing import add_target, answer, make_ticket

PAGE = (Path(__file__).parents[2] / "docs" / "tickets.md").read_text()
KINDS = (ClockKind.RESPONSE, ClockKind.UPDATE, ClockKind.RESTORE, ClockKind.RESOLVE)
MORNING = datetime(2026, 3, 2, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANSWERED, CHANGED, BACK, SEEN = (timedelta(minutes=minutes) for minutes in (2, 10, 15, 30))


def table() -> dict[str, dict[ClockKind, str]]:
    rows = re.search(r"(?m)^\| Change \|.+\n\|[- |]+\|\n((?:\|.+\n)+)", PAGE)
    assert rows
    cells = [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in rows[1].splitlines()]
    return {change: dict(zip(KINDS, said, strict=True)) for change, *said in cells}


TABLE = table()


def _merge(ticket: Ticket, csr) -> None:
    services.merge_ticket(ticket.pk, make_ticket(ticket.division, account=ticket.account).pk, by=csr.person)


def _wait(ticket: Ticket, _csr) -> None:
    services.pend_ticket(ticket.pk, PendingReason.PARTS, by=None)


def _resolve(ticket: Ticket, csr) -> None:
    services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=csr.person)


def _take_back_answer(ticket: Ticket, csr) -> None:
    services.take_back_answer(ticket.articles.last().pk, by=csr.person)


def _answer(ticket: Ticket, csr) -> None:
    answer(ticket, by=csr.person)


def _set(priority: Priority) -> Callable[..., None]:
    return lambda ticket, _csr: services.set_priority(ticket.pk, priority, by=None)


Doing = Callable[[Ticket, object], object] | None
P1, P2, P4 = _set(Priority.P1), _set(Priority.P2), _set(Priority.P4)
SCENES: dict[str, tuple[Doing, Doing]] = {
    "opened": (None, None),
    "we answer": (_answer, None),
    "it waits, or is held, for a listed reason": (_wait, None),
    "it goes on": (_wait, lambda ticket, _csr: services.continue_ticket(ticket.pk, by=None)),
    "the service works again, the ticket is open": (
        lambda ticket, csr: services.restore_service(ticket.pk, by=csr.person), None
    ),
    "resolved": (_resolve, None),
    "declined, called off": (lambda ticket, _csr: services.cancel_ticket(ticket.pk, by=None), None),
    "reopened": (_resolve, lambda ticket, _csr: services.reopen_ticket(ticket.pk, by=None)),
    "the resolution is taken back": (
        _resolve, lambda ticket, csr: services.take_back_resolution(ticket.pk, by=csr.person)
    ),
    "an answer is taken back": (_answer, _take_back_answer),
    "merged": (_merge, None),
    "parted again": (_merge, lambda ticket, csr: services.unmerge_ticket(ticket.pk, by=csr.person)),
    "another priority, type or service: promised before and now": (P1, None),
    "– promised now alone": (None, P2),
    "– promised no more": (P4, None),
}  # fmt: skip
"""What is done ten minutes after the opening, and what five minutes later."""
LATE = {"– promised now alone"}
"""Scenes in which nothing is promised from the opening on."""


def promise_all_but_p4(division) -> None:
    set_value(division, UNDO_SECONDS, 600)
    policy = SlaPolicy.objects.create(division=division, code="all", names={"en": "All"}, pausing=[PendingReason.PARTS])
    calendar = make_round_the_clock(division)
    for kind in KINDS:
        for priority, hours in ((Priority.P1, 2), (Priority.P2, 8), (Priority.P3, 8)):
            add_target(policy, kind, hours, calendar=calendar, priority=priority)


def clocks_after(change: str, division, csr, *, was_answered: bool) -> dict[ClockKind, TicketClock]:
    first, second = SCENES[change]
    with time_machine.travel(MORNING, tick=False) as clock:
        report = {"priority": Priority.P4} if change in LATE else {}
        ticket = make_ticket(division, account=make_account(division), **report)
        for after, doing in ((ANSWERED, _answer if was_answered else None), (CHANGED, first), (BACK, second)):
            clock.move_to(MORNING + after)
            if doing:
                doing(ticket, csr)
        found = TicketClock.objects.filter(ticket=ticket).order_by("pk").prefetch_related("segments")
        return {ClockKind(one.kind): one for one in found}


def said_of(clock: TicketClock | None) -> str:
    """Say how a clock stands half an hour after the opening, and how many minutes it has counted."""
    if clock is None:
        return "none"
    minutes = int(clock.elapsed(MORNING + SEEN) / timedelta(minutes=1))
    stopped = "met" if clock.met_at else "not met"
    return f"{stopped if clock.status == WatchStatus.STOPPED else clock.status} at {minutes}"


def expected(kind: ClockKind, change: str, *, was_answered: bool) -> str:
    """Return what a cell of the table comes to in its scene."""
    word = TABLE[change][kind].partition(", unless ")[0]
    begun = ANSWERED // MINUTE if kind == ClockKind.UPDATE else 0
    if word == "met, and a new one starts":
        return f"running at {(SEEN - CHANGED) // MINUTE}"
    if kind == ClockKind.UPDATE and not was_answered:
        return "none"
    if kind == ClockKind.RESPONSE and was_answered:
        return f"met at {ANSWERED // MINUTE}"
    ends = {"met": "met", "met, by the first answer": "met", "stops, not met": "not met", "pauses": "paused"}
    if word in ends:
        return f"{ends[word]} at {CHANGED // MINUTE - begun}"
    lost = BACK - CHANGED if word == "resumes" else timedelta()
    return f"running at {(SEEN - lost) // MINUTE - begun}"


class TestTheTableOfClocks:
    def test_is_acted_out_whole(self):
        assert set(TABLE) == set(SCENES)

    @pytest.mark.parametrize("was_answered", [False, True])
    def test_says_what_each_change_does(self, division, csr, was_answered):
        promise_all_but_p4(division)

        said, found = {}, {}
        for change in SCENES:
            clocks = clocks_after(change, division, csr, was_answered=was_answered)
            found[change] = {kind.value: said_of(clocks.get(kind)) for kind in KINDS}
            said[change] = {kind.value: expected(kind, change, was_answered=was_answered) for kind in KINDS}

        assert found == said

    def test_of_a_promise_that_is_made_again_counts_until_the_answer_that_was_given_meanwhile(self, division, csr):
        promise_all_but_p4(division)

        with time_machine.travel(MORNING, tick=False) as clock:
            ticket = make_ticket(division, account=make_account(division))
            for after, doing in ((ANSWERED, P4), (CHANGED, _answer), (BACK, P2)):
                clock.move_to(MORNING + after)
                doing(ticket, csr)

        assert said_of(TicketClock.objects.get(ticket=ticket, kind=ClockKind.RESPONSE)) == f"met at {CHANGED // MINUTE}"

    def test_of_a_promise_that_is_made_late_is_not_told_to_be_missed_where_we_had_answered(self, division, csr):
        promise_all_but_p4(division)

        with time_machine.travel(MORNING, tick=False) as clock:
            ticket = make_ticket(division, account=make_account(division), priority=Priority.P4)
            for after, doing in ((ANSWERED, _answer), (timedelta(hours=9), P2)):
                clock.move_to(MORNING + after)
                doing(ticket, csr)
            services.sweep_clocks()

        missed = {fact.kind for fact in published() if isinstance(fact, PromiseMissed)}
        assert missed == {ClockKind.UPDATE, ClockKind.RESTORE, ClockKind.RESOLVE}
