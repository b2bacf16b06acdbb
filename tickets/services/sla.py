"""
Keep the clocks of a ticket in step with it.

Whatever happens to a ticket, by whatever channel, `follow_clocks` then looks at how the ticket stands and brings each
clock there. It is called in the transaction of the change, under the lock of the ticket.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from foundation.clocks import services as stopwatches
from foundation.clocks.states import WatchStatus
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import PromiseMissed, PromiseNearing, PromiseOverdue, ServiceRestored
from tickets.models import SlaPolicy, SlaTarget, Ticket, TicketClock
from tickets.queries.sla import promises_for, shares_for, spells_of, zone_of
from tickets.states import ClockKind, PendingReason

FOLLOWED = frozenset({
    "status", "priority", "type", "service", "premises", "answered_at", "first_answered_at", "merged_into", "reopened_at",
})  # fmt: skip
"""Fields of a ticket by which its clocks go."""
SWEEP_AT_ONCE = 25_000
RETIME_AT_ONCE = 500

Clocks = dict[ClockKind, TicketClock]
Targets = dict[ClockKind, SlaTarget]


def follow_clocks(ticket: Ticket, *, at: datetime, by: User | None) -> None:
    """
    Bring the clocks of a locked ticket to where they belong by its status, priority, type and service.

    What has elapsed and what was paused stays, whatever is promised now.
    """
    targets = promises_for(ticket)
    clocks = _known(ticket)
    if not targets and not clocks:
        return
    if ticket.is_open:
        _begin(ticket, targets, clocks, at=at, by=by)
        _aim(ticket, targets, clocks, at=at)
    _stop_and_go(ticket, targets, clocks, at=at, by=by)
    _note_due(ticket)


def _known(ticket: Ticket) -> Clocks:
    """Return the newest clock of each kind, locked, with its segments."""
    rows = TicketClock.objects.locked().filter(ticket=ticket).order_by("pk").prefetch_related("segments")
    return {ClockKind(clock.kind): clock for clock in rows}


def _begin(ticket: Ticket, targets: Targets, clocks: Clocks, *, at: datetime, by: User | None) -> None:
    """Start what is promised and has no clock yet: from the opening on, the next word from our last answer on."""
    for kind, target in targets.items():
        known = clocks.get(kind)
        if kind == ClockKind.UPDATE:
            if ticket.answered_at and (known is None or _is_answered(known, ticket)):
                _finish([known] if known else [], at=ticket.answered_at, by=by)
                clocks[kind] = _started(ticket, target, at=ticket.answered_at, by=by)
        elif known is None:
            clocks[kind] = _started(ticket, target, at=ticket.opened_at, by=by)
            if ticket.opened_at < at:
                _catch_up(clocks[kind], ticket, target.policy, since=ticket.opened_at, at=at)
        if known and clocks.get(kind) is known and _was_dropped(known):
            _catch_up(known, ticket, target.policy, since=known.stretches[0].begun_at, at=at)


def _was_dropped(clock: TicketClock) -> bool:
    """Tell whether a clock stands still only because nothing was promised for a while, or the ticket was merged."""
    return clock.status == WatchStatus.STOPPED and clock.met_at is None


def _catch_up(clock: TicketClock, ticket: Ticket, policy: SlaPolicy, *, since: datetime, at: datetime) -> None:
    """
    Give a clock that is promised late, or again, the time that the ticket has had meanwhile, and its pauses.

    A first answer that was given before it was promised ends the time to it where it was given.
    """
    answered_at = ticket.first_answered_at if clock.kind == ClockKind.RESPONSE else None
    if answered_at and since < answered_at:
        _relive_until(clock, ticket, answered_at, written_at=at, at=at)
    else:
        stopwatches.relive(clock, spells_of(ticket, policy.pausing, since=since), at=at)


def _is_answered(clock: TicketClock, ticket: Ticket) -> bool:
    """Tell whether we have written since a clock for the next word began."""
    begun = min(segment.begun_at for segment in clock.segments.all())
    return ticket.answered_at is not None and ticket.answered_at > begun


def _started(ticket: Ticket, target: SlaTarget, *, at: datetime, by: User | None) -> TicketClock:
    clock = TicketClock(ticket=ticket, kind=target.kind, policy=target.policy, **_aimed(ticket, target))
    stopwatches.start([clock], at=at, by=by)
    return clock


def _aimed(ticket: Ticket, target: SlaTarget) -> dict[str, Any]:
    return {
        "target": target.within,
        "calendar_id": target.calendar_id,
        "zone": zone_of(target, ticket),
        "shares": shares_for(target.policy, target.kind),
    }


def _aim(ticket: Ticket, targets: Targets, clocks: Clocks, *, at: datetime) -> None:
    """Apply what is promised now to the clocks that have not stopped."""
    changed = []
    for kind, clock in clocks.items():
        if kind not in targets or _is_met(clock, ticket):
            continue
        target = targets[kind]
        aimed = _aimed(ticket, target)
        if any(getattr(clock, name) != value for name, value in aimed.items()) or clock.policy_id != target.policy_id:
            for name, value in aimed.items():
                setattr(clock, name, value)
            clock.policy = target.policy
            changed.append(clock)
    if changed:
        stopwatches.retarget(changed, at=at)
        TicketClock.objects.bulk_update(changed, ["policy"])


def percent_of_what_gets_longer(ticket: Ticket, *, at: datetime) -> int:
    """
    Return how much is used up, in percent, of the promises of a locked ticket to which more time is given now.

    Of several it is the one of which most is used up; 0 where none gets longer. What is promised no more gets longer, too.

    :param ticket: as it is now, its clocks not having followed yet
    """
    targets = promises_for(ticket)
    longer = [0]
    for kind, clock in _known(ticket).items():
        if clock.status == WatchStatus.STOPPED or _is_met(clock, ticket):
            continue
        used, then = clock.percent(at), 0
        if kind in targets:
            for name, value in _aimed(ticket, targets[kind]).items():
                setattr(clock, name, value)
            then = clock.percent(at)
        if then < used:
            longer.append(used)
    return min(max(longer), stopwatches.MOST_PERCENT)


def _stop_and_go(ticket: Ticket, targets: Targets, clocks: Clocks, *, at: datetime, by: User | None) -> None:
    """Stop, pause or let run each clock, each move in one go for all that make it."""
    running: list[TicketClock] = []
    waiting: list[TicketClock] = []
    over: list[TicketClock] = []
    for kind, clock in clocks.items():
        if not ticket.is_open or kind not in targets or _is_met(clock, ticket):
            over.append(clock)
        elif ticket.reason in targets[kind].policy.pausing:
            waiting.append(clock)
        else:
            running.append(clock)
    _finish([clock for clock in over if clock.status != WatchStatus.STOPPED], at=at, by=by, ticket=ticket)
    other = [clock for clock in waiting if clock.status == WatchStatus.PAUSED and _reason_of(clock) != ticket.reason]
    stopped = [clock for clock in (*running, *waiting) if clock.status == WatchStatus.STOPPED]
    paused = [clock for clock in running if clock.status == WatchStatus.PAUSED]
    _forget_met(stopped)
    stopwatches.resume([*paused, *stopped, *other], at=at, by=by)
    to_pause = [clock for clock in waiting if clock.status == WatchStatus.RUNNING]
    stopwatches.pause(to_pause, reason=ticket.reason, at=at, by=by)


def _is_met(clock: TicketClock, ticket: Ticket) -> bool:
    """Tell whether that has happened which a clock waits for."""
    if clock.kind == ClockKind.RESPONSE:
        return ticket.first_answered_at is not None
    is_older = bool(clock.met_at and ticket.reopened_at and clock.met_at < ticket.reopened_at)
    return clock.kind == ClockKind.RESTORE and clock.met_at is not None and not is_older


def _reason_of(clock: TicketClock) -> str:
    return clock.stretches[-1].reason


def _finish(clocks: Sequence[TicketClock], *, at: datetime, by: User | None, ticket: Ticket | None = None) -> None:
    """Stop clocks, and note where that is because the promise was kept."""
    stopwatches.stop([clock for clock in clocks if clock.status != WatchStatus.STOPPED], at=at, by=by)
    for clock in clocks:
        clock.met_at = at if ticket is None or _is_met(clock, ticket) or ticket.resolved_at else None
    TicketClock.objects.bulk_update(clocks, ["met_at"])


def forget_met(ticket: Ticket, *, since: datetime | None) -> None:
    """Let the clocks of a locked ticket go on, when it is recorded, that were stopped by what was taken back since a moment."""
    TicketClock.objects.filter(ticket=ticket, met_at__gte=since).update(met_at=None)


def forget_answer(ticket: Ticket, written_at: datetime, *, at: datetime) -> None:
    """
    Bring the clocks of a locked ticket to where they would stand if an answer had never been written.

    The next word is due from the last answer on that stands, and was waited for until the one after it; the first
    answer is owed again, or was given later. The ticket says already how it was answered without it.
    """
    begun: dict[datetime, TicketClock] = {}
    clocks = TicketClock.objects.locked().filter(ticket=ticket).order_by("pk").prefetch_related("segments")
    for clock in clocks.filter(kind=ClockKind.UPDATE):
        begun[clock.stretches[0].begun_at] = clock
    earlier = [clock for since, clock in begun.items() if since < written_at]
    later = [since for since in begun if since > written_at]
    if never := begun.get(written_at):
        never.delete()
        if earlier:
            _relive_until(earlier[-1], ticket, min(later, default=None), written_at=written_at, at=at)
    if ticket.first_answered_at and ticket.first_answered_at < written_at:
        return
    if first := clocks.filter(kind=ClockKind.RESPONSE, met_at__gte=written_at).last():
        _relive_until(first, ticket, ticket.first_answered_at, written_at=written_at, at=at)


def move_first_answer(ticket: Ticket, *, at: datetime) -> None:
    """Let the time to the first answer of a locked ticket end when it says that this was given, or run on."""
    clocks = TicketClock.objects.locked().filter(ticket=ticket, kind=ClockKind.RESPONSE).order_by("pk")
    if first := clocks.prefetch_related("segments").last():
        _relive_until(first, ticket, ticket.first_answered_at, written_at=at, at=at)


def _relive_until(
    clock: TicketClock, ticket: Ticket, end: datetime | None, *, written_at: datetime, at: datetime
) -> None:
    """Give a clock the time until an answer, or until now, in which nobody waited for a reply to one that never left."""
    spells = []
    for spell in spells_of(ticket, clock.policy.pausing, since=clock.stretches[0].begun_at):
        waited_in_vain = spell.reason == PendingReason.CUSTOMER and spell.begun_at >= written_at
        until = min(filter(None, (spell.ended_at, end)), default=None)
        if until is None or until > spell.begun_at:
            spells.append(replace(spell, ended_at=until, reason="" if waited_in_vain else spell.reason))
    clock.met_at = end
    clock.save(update_fields=["met_at"])
    stopwatches.relive(clock, spells, at=at)


def _forget_met(clocks: Sequence[TicketClock]) -> None:
    for clock in clocks:
        clock.met_at = None
    TicketClock.objects.bulk_update(clocks, ["met_at"])


def _note_due(ticket: Ticket) -> None:
    """Keep on the ticket when the first of its promises is due: lists are sorted by it."""
    running = TicketClock.objects.filter(ticket=ticket, status=WatchStatus.RUNNING)
    due = running.aggregate(first=Min("due_at"))["first"]
    if due != ticket.due_at:
        ticket.due_at = due
        ticket.save(update_fields=["due_at"])


@transaction.atomic
def follow_ticket(ticket_id: int, *, at: datetime, status: str = "") -> None:
    """
    Bring the clocks of a ticket in step that was moved together with many others, as of when that was.

    :param status: where it was moved to; one that has moved on since is followed by what moved it
    """
    ticket = Ticket.objects.locked().select_related("division").get(pk=ticket_id)
    if status in ("", ticket.status):
        follow_clocks(ticket, at=at, by=None)


@transaction.atomic
def sweep_clocks() -> int:
    """Tell of the thresholds that clocks have reached, some of them at once, and return of how many clocks."""
    return stopwatches.sweep(
        TicketClock, TELLING, kinds=(PromiseNearing, PromiseMissed, PromiseOverdue), at=now(), most=SWEEP_AT_ONCE
    )


TELLING = """
    SELECT CASE WHEN share < 100 THEN 'tickets.promise_nearing' WHEN share = 100 THEN 'tickets.promise_missed'
            ELSE 'tickets.promise_overdue' END AS name,
        jsonb_build_object('ticket_id', crossed.ticket_id, 'clock_id', crossed.id, 'kind', crossed.kind,
            'share', share, 'moment', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) AS payload,
        'tickets.ticket' AS subject_type, crossed.ticket_id AS subject_id,
        array_remove(ARRAY['accounts.account:' || ticket.account_id, 'accounts.customer:' || ticket.customer_id,
            'tickets.ticket:' || ticket.id], NULL) AS about,
        ticket.division_id, moment AS at, row_number() OVER (ORDER BY moment, crossed.id) AS place
    FROM crossed JOIN tickets_ticket ticket ON ticket.id = crossed.ticket_id
"""
DUE = """
    UPDATE tickets_ticket ticket SET due_at = first.due_at
    FROM (
        SELECT ticket_id, min(due_at) FILTER (WHERE status = 'running') AS due_at FROM tickets_ticketclock
        WHERE ticket_id = ANY(%(tickets)s) GROUP BY ticket_id
    ) AS first
    WHERE ticket.id = first.ticket_id AND ticket.due_at IS DISTINCT FROM first.due_at
"""


@transaction.atomic
def retime_clocks() -> int:
    """Compute some of the clocks anew whose calendar or time zone has changed, and return how many."""
    clocks = stopwatches.retime(TicketClock, at=now(), most=RETIME_AT_ONCE, held_with=["ticket"])
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"tickets": [clock.ticket_id for clock in clocks]})
    return len(clocks)


def restored(ticket: Ticket, *, at: datetime, by: User | None) -> ServiceRestored:
    """
    Note on a locked ticket that the service works again, though the ticket is not done.

    :raises NotAllowed: if nothing was promised, or it is noted already
    """
    clock = _known(ticket).get(ClockKind.RESTORE)
    if clock is None or clock.status == WatchStatus.STOPPED:
        raise NotAllowed(_("No time to restore runs on this ticket."), code="no_clock")
    _finish([clock], at=at, by=by)
    _note_due(ticket)
    return ServiceRestored(ticket_id=ticket.pk)
