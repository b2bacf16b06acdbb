"""Visits are booked, moved, called off, and missed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from foundation.events.facts import Fact
from foundation.events.services import publish_many
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can, supervisors_of
from foundation.people.states import Permission
from orders.queries import appointment_window
from tickets.events import TicketEscalated, TicketMoved, VisitBooked, VisitCalledOff, VisitMissed, VisitMoved
from tickets.models import Ticket, Visit
from tickets.queries.visits import clash_of, visit_under_way
from tickets.services.rows import locked, locked_for_work, moved, must_be_same, record
from tickets.services.staff_letters import write_to_staff
from tickets.states import AHEAD, OPEN, PendingReason, TicketStatus, VisitStatus

LONGEST_WINDOW = timedelta(hours=12)
AT_ONCE = 500
"""Visits that one statement finds missed."""


@dataclass(frozen=True, kw_only=True)
class Booking:
    """Who is to come, and when."""

    agent: User
    starts_at: datetime
    ends_at: datetime
    note: str = ""
    """What the agent should know of the way."""
    waits: bool = True
    """Whether the ticket waits for it, so that its clocks pause."""


@transaction.atomic
def book_visit(ticket_id: int, booking: Booking, *, key: str, by: User | None) -> Visit:
    """
    Let somebody of ours come to the address of a ticket; the same key again returns the same visit.

    :raises NotAllowed: if the person may not, the key was another booking's, the ticket has ended, has no address, or has a
        visit already; with a field, if the window is past or too long, or the agent visits nobody there or somebody else then
    """
    ticket = locked_for_work(ticket_id, by)
    if known := _known(ticket, booking, key):
        return known
    if visit_under_way(ticket):
        raise NotAllowed(_("A visit is booked already. Move it."), code="booked")
    visit = _booked(ticket, booking, key=key, by=by)
    fact = VisitBooked(ticket_id=ticket.pk, visit_id=visit.pk, agent_id=booking.agent.pk, **_window_of(visit))
    _put_by(ticket, fact, waits=booking.waits, by=by)
    return visit


@transaction.atomic
def move_visit(visit_id: int, booking: Booking, *, key: str, by: User | None) -> Visit:
    """
    Let another visit take the place of one that nobody has come to; the old one stays in the history.

    :raises NotAllowed: as `book_visit` does, or if somebody has come, or it was called off or moved
    """
    ticket = locked_for_work(_ticket_id(visit_id), by)
    if known := _known(ticket, booking, key):
        return known
    old = _locked_visit(visit_id)
    old.make_way(at=now())
    old.save(update_fields=["status", "ended_at"])
    visit = _booked(ticket, booking, key=key, by=by, instead_of=old)
    before = {f"before_{name}": value for name, value in _window_of(old).items()}
    fact = VisitMoved(
        ticket_id=ticket.pk, visit_id=visit.pk, agent_id=booking.agent.pk, **_window_of(visit), before_id=old.pk,
        **before,
    )  # fmt: skip
    _put_by(ticket, fact, waits=booking.waits, by=by)
    return visit


def _known(ticket: Ticket, booking: Booking, key: str) -> Visit | None:
    """
    Return the visit that was booked under a key already.

    :raises NotAllowed: if that was booked otherwise
    """
    known = Visit.objects.filter(key=key).first()
    if known:
        said = (ticket.pk, booking.agent.pk, booking.starts_at, booking.ends_at, booking.note.strip())
        must_be_same((known.ticket_id, known.agent_id, known.starts_at, known.ends_at, known.note) == said)
    return known


@transaction.atomic
def call_off_visit(visit_id: int, *, by: User | None) -> Visit:
    """
    Let nobody come; a ticket that waited for it goes on.

    :raises NotAllowed: if the person may not, somebody has come, or nobody is to come
    """
    ticket = locked_for_work(_ticket_id(visit_id), by)
    return _called_off(ticket, _locked_visit(visit_id), by=by)


@transaction.atomic
def call_off_with_ticket(ticket_id: int) -> None:
    """Let nobody come for a ticket that has ended; where somebody is there they finish."""
    ticket = locked(ticket_id)
    visit = visit_under_way(ticket)
    if visit and visit.status != VisitStatus.ARRIVED and not ticket.is_open:
        _called_off(ticket, _locked_visit(visit.pk), by=None)


def _called_off(ticket: Ticket, visit: Visit, *, by: User | None) -> Visit:
    visit.call_off(at=now())
    visit.save(update_fields=["status", "ended_at"])
    fact = VisitCalledOff(ticket_id=ticket.pk, visit_id=visit.pk, **_window_of(visit))
    ticket.visit_missed_at = None
    record(ticket, fact, *gone_on(ticket), by=by, changed=["visit_missed_at", "status", "reason"])
    return visit


def gone_on(ticket: Ticket) -> list[Fact]:
    """Let a ticket go on in memory that waits for an appointment, and return what is to be told of it."""
    if ticket.reason != PendingReason.APPOINTMENT:
        return []
    before, reason = ticket.status, ticket.reason
    ticket.start()
    return [moved(ticket, before, reason=reason)]


def _put_by(ticket: Ticket, fact: Fact, *, waits: bool, by: User | None) -> None:
    """Let a ticket wait for its visit where it can, and forget the one that was missed."""
    before, facts = ticket.status, [fact]
    if waits and ticket.can_move(TicketStatus.PENDING):
        ticket.pend(PendingReason.APPOINTMENT)
        facts.append(moved(ticket, before))
    ticket.visit_missed_at = None
    record(ticket, *facts, by=by, changed=["visit_missed_at", "status", "reason"])


def _booked(ticket: Ticket, booking: Booking, *, key: str, by: User | None, instead_of: Visit | None = None) -> Visit:
    """
    Write down a visit; of two that take the same agent at once, one is refused by the database.

    :raises NotAllowed: if it cannot be booked so
    """
    if not ticket.is_open:
        raise NotAllowed(_("It has ended."), code="ended")
    if ticket.premises is None:
        raise NotAllowed(_("This ticket has no address to go to."), code="no_address")
    visit = Visit(
        key=key, division=ticket.division, ticket=ticket, premises=ticket.premises, agent=booking.agent,
        starts_at=booking.starts_at, ends_at=booking.ends_at, note=booking.note.strip(), instead_of=instead_of, booked_by=by,
    )  # fmt: skip
    _must_be_possible(visit)
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as error:
        if "one_visit_of_an_agent" not in str(error):
            raise
        raise _clashing(visit, None) from None
    return visit


def _must_be_possible(visit: Visit) -> None:
    if not visit.agent.is_active or not can(visit.agent, Permission.MAKE_VISITS, visit.division):
        message = _("%(agent)s visits nobody in %(division)s.") % {"agent": visit.agent, "division": visit.division}
        raise NotAllowed(message, code="wrong_agent", field="agent")
    if visit.ends_at <= now():
        raise NotAllowed(_("This window is past. Choose a later one."), code="past", field="starts_at")
    if not visit.starts_at < visit.ends_at <= visit.starts_at + LONGEST_WINDOW:
        raise NotAllowed(_("A window ends after it begins, within 12 hours."), code="window", field="starts_at")
    if other := clash_of(visit.agent, visit):
        raise _clashing(visit, other)


def _clashing(visit: Visit, other: Visit | None) -> NotAllowed:
    shown = other or visit
    when = appointment_window(shown.starts_at, shown.ends_at, shown.division.zone)
    message = _("%(agent)s has another visit then: %(when)s.") % {"agent": visit.agent, "when": when}
    return NotAllowed(message, code="clash", field="agent")


def _ticket_id(visit_id: int) -> int:
    return Visit.objects.values_list("ticket", flat=True).get(pk=visit_id)


def _locked_visit(visit_id: int) -> Visit:
    return Visit.objects.locked().select_related("division", "premises", "agent").get(pk=visit_id)


def _window_of(visit: Visit) -> dict[str, str]:
    return {"starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat()}


# Nobody came. ------------------------------------------------------------------------------------------------------

MISSING = """
WITH late AS (
    SELECT visit.id, visit.ticket_id, visit.division_id, ticket.customer_id, ticket.account_id, ticket.status,
        ticket.reason, ticket.escalation_level,
        ticket.status = ANY(%(open)s) AND ticket.merged_into_id IS NULL AS is_open,
        to_char(visit.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS starts_at,
        to_char(visit.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS ends_at
    FROM tickets_visit visit JOIN tickets_ticket ticket ON ticket.id = visit.ticket_id
    WHERE visit.status = ANY(%(ahead)s) AND visit.ends_at <= %(at)s
    ORDER BY visit.ends_at LIMIT %(most)s FOR NO KEY UPDATE OF ticket, visit SKIP LOCKED
), missed AS (
    UPDATE tickets_visit visit SET status = 'missed', missed_at = %(at)s FROM late WHERE visit.id = late.id RETURNING 1
), flagged AS (
    UPDATE tickets_ticket ticket SET visit_missed_at = %(at)s,
        status = CASE WHEN late.reason = 'appointment' THEN 'in_progress' ELSE late.status END,
        reason = CASE WHEN late.reason = 'appointment' THEN '' ELSE late.reason END,
        escalation_level = greatest(late.escalation_level, 1),
        escalation_reason = CASE WHEN late.escalation_level = 0 THEN 'visit_missed' ELSE ticket.escalation_reason END
    FROM late WHERE ticket.id = late.ticket_id AND late.is_open RETURNING 1
), told_of AS (
    SELECT 1 AS part, 'tickets.visit_missed' AS name, late.*, jsonb_build_object(
        'ticket_id', ticket_id, 'visit_id', id, 'starts_at', starts_at, 'ends_at', ends_at) AS payload
    FROM late
    UNION ALL
    SELECT 2, 'tickets.moved', late.*, jsonb_build_object(
        'ticket_id', ticket_id, 'before', status, 'after', 'in_progress', 'reason', reason)
    FROM late WHERE is_open AND reason = 'appointment'
    UNION ALL
    SELECT 3, 'tickets.escalated', late.*, jsonb_build_object(
        'ticket_id', ticket_id, 'before', 0, 'after', 1, 'reason', 'visit_missed')
    FROM late WHERE is_open AND escalation_level = 0
), facts AS (
    SELECT name, payload, 'tickets.ticket' AS subject_type, ticket_id AS subject_id,
        array_remove(ARRAY[
            'accounts.account:' || account_id, 'accounts.customer:' || customer_id, 'tickets.ticket:' || ticket_id
        ], NULL) AS about,
        division_id, %(at)s::timestamptz AS at, row_number() OVER (ORDER BY ends_at, id, part) AS place
    FROM told_of
)
"""


@transaction.atomic
def miss_visits() -> int:
    """
    Find the visits whose window is over without anybody there, some of them at once, and return how many.

    Their tickets are marked and raised a level; those that waited for the appointment go on, and so do their clocks.
    """
    params = {"open": sorted(OPEN), "ahead": sorted(AHEAD), "at": now(), "most": AT_ONCE}
    [missed] = publish_many(
        MISSING.strip(), params, kinds=[VisitMissed, TicketMoved, TicketEscalated],
        counting="SELECT (SELECT count(*) FROM missed)",
    )  # fmt: skip
    return int(missed)


@transaction.atomic
def tell_of_missed_visit(visit_id: int) -> None:
    """Write to the supervisors that nobody came; a second time does nothing."""
    visit = Visit.objects.select_related("ticket__division", "agent", "division").get(pk=visit_id)

    def words() -> dict[str, object]:
        return {
            "agent": visit.agent,
            "when": appointment_window(visit.starts_at, visit.ends_at, visit.division.zone),
        }

    for supervisor in supervisors_of(visit.division):
        write_to_staff(
            supervisor, "visit_missed", words, key=f"{visit.pk}:{supervisor.pk}", about=visit.ticket,
            division=visit.division,
        )  # fmt: skip
