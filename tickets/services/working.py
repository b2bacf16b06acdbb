"""Who works on a ticket, how urgent it is, what it is."""

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import may_be_given_work
from foundation.people.services import require
from foundation.people.states import Permission
from foundation.worklist.models import Team
from tickets.events import PriorityChanged, TicketEscalated, TicketHandedOver, TicketReleased, TicketTaken, TypeChanged
from tickets.models import LateDowngrade, Ticket
from tickets.services.routing import deal_in_team, settle_by_hand
from tickets.services.rows import locked_for_work, moved, record
from tickets.services.sla import percent_of_what_gets_longer, restored
from tickets.states import LATE_PAUSE, EscalationReason, Priority, TicketStatus, TicketType


@transaction.atomic
def take_ticket(ticket_id: int, *, by: User) -> Ticket:
    """
    Make a ticket one's own, and begin it where it is new.

    :raises NotAllowed: if the person may not, it has ended, or somebody else has it
    """
    ticket = _open(ticket_id, by)
    before = ticket.status
    ticket.claim(by, at=now())
    if ticket.status == TicketStatus.ACKNOWLEDGED:
        ticket.start()
    facts = [moved(ticket, before)] if ticket.status != before else []
    record(
        ticket, TicketTaken(ticket_id=ticket.pk, user_id=by.pk), *facts, by=by,
        changed=[*Ticket.WORK_FIELDS, "status", "reason"],
    )  # fmt: skip
    return ticket


@transaction.atomic
def take_over_ticket(ticket_id: int, *, by: User) -> Ticket:
    """
    Take a ticket from whoever has it.

    :raises NotAllowed: if the person may not, it has ended, or is their own
    """
    ticket = _open(ticket_id, by)
    before = ticket.owner_id
    ticket.take_over(by, at=now())
    fact = TicketTaken(ticket_id=ticket.pk, user_id=by.pk, before=before)
    record(ticket, fact, by=by, changed=Ticket.WORK_FIELDS)
    return ticket


@transaction.atomic
def release_ticket(ticket_id: int, *, by: User) -> Ticket:
    """
    Lay a ticket back for others.

    :raises NotAllowed: if the person may not, nobody has it, or it is another's and they may not give out work
    """
    ticket = _open(ticket_id, by)
    before = ticket.owner_id
    if before not in (None, by.pk):
        require(by, Permission.ASSIGN_WORK, ticket.division)
    ticket.release()
    record(ticket, TicketReleased(ticket_id=ticket.pk, before=before or 0), by=by, changed=Ticket.WORK_FIELDS)
    return ticket


@transaction.atomic
def hand_over_ticket(ticket_id: int, to: User | None, *, team: Team | None = None, by: User | None) -> Ticket:
    """
    Give a ticket to somebody, to whoever is free in a team, or to somebody in a team.

    Where nobody of the team is free it waits for one of them, whatever rule it waited by before.

    :param by: the member of staff who does; None: a system of ours
    :raises NotAllowed: if they may not give out work and it is not theirs, the other may not work there, it has ended, or
        is there already
    """
    ticket = _open(ticket_id, by)
    if by and by.pk not in (ticket.owner_id, to.pk if to else None):
        require(by, Permission.ASSIGN_WORK, ticket.division)
    if to and not may_be_given_work(to, ticket.division):
        raise NotAllowed(_("%(person)s does not work there.") % {"person": to}, code="wrong_person", field="to")
    before, team, turn = ticket.owner_id, team or ticket.team, None
    if to is None and team:
        turn = deal_in_team(ticket, team)
        to = turn.user
    ticket.hand_over(to, team=team, at=now())
    fact = TicketHandedOver(
        ticket_id=ticket.pk,
        user_id=to.pk if to else None,
        team_id=ticket.team_id,
        before=before,
    )
    record(ticket, fact, by=by, changed=Ticket.WORK_FIELDS)
    if to or team:
        settle_by_hand(ticket, turn)
    return ticket


@transaction.atomic
def set_priority(ticket_id: int, priority: Priority, reason: str = "", *, by: User | None) -> Ticket:
    """
    Say how urgent a ticket is. Whoever makes it less urgent says why: more time is promised then, also where some is missed.

    Where 90 percent of what gets longer are used up it is noted, for those who give out work.

    :raises NotAllowed: if the person may not, gives no reason where one is asked, it has ended, or is just so urgent
    """
    ticket = _open(ticket_id, by)
    before = ticket.priority
    if before == priority:
        raise NotAllowed(_("It has this priority."), code="unchanged", field="priority")
    if by is not None and priority > before and not reason.strip():
        raise NotAllowed(_("Say why it is less urgent: more time is promised then."), code="no_reason", field="reason")
    ticket.priority = priority
    if by is not None and priority > before:
        _note_where_late(ticket, before, reason.strip(), by=by)
    fact = PriorityChanged(ticket_id=ticket.pk, before=before, after=priority, reason=reason.strip())
    record(ticket, fact, by=by, changed=["priority"])
    return ticket


def _note_where_late(ticket: Ticket, before: str, reason: str, *, by: User) -> None:
    at = now()
    percent = percent_of_what_gets_longer(ticket, at=at)
    if percent >= LATE_PAUSE.start:
        LateDowngrade.objects.create(
            ticket=ticket, before=before, after=ticket.priority, percent=percent, reason=reason[:300], by=by, at=at
        )


@transaction.atomic
def set_type(ticket_id: int, to: TicketType, *, by: User | None) -> Ticket:
    """
    Say what a ticket is about after all.

    :raises NotAllowed: if the person may not, it has ended, is of this type, or cannot stand where it does as one
    """
    ticket = _open(ticket_id, by)
    before = ticket.type
    if before == to:
        raise NotAllowed(_("It is of this type."), code="unchanged", field="type")
    ticket.set_type(to)
    record(ticket, TypeChanged(ticket_id=ticket.pk, before=before, after=to), by=by, changed=["type"])
    return ticket


@transaction.atomic
def escalate_ticket(ticket_id: int, level: int, reason: EscalationReason | None, *, by: User | None) -> Ticket:
    """
    Have somebody further up look at a ticket, whatever its status; level 0: nobody has to any more.

    :raises NotAllowed: if the person may not, it has ended, stands on this level, or no reason is given
    """
    ticket = _open(ticket_id, by)
    before = ticket.escalation_level
    if before == level:
        raise NotAllowed(_("It stands on this level."), code="unchanged")
    if level and not reason:
        raise NotAllowed(_("Say why."), code="empty", field="reason")
    ticket.escalation_level = level
    ticket.escalation_reason = reason if level and reason else ""
    fact = TicketEscalated(ticket_id=ticket.pk, before=before, after=level, reason=ticket.escalation_reason)
    record(ticket, fact, by=by, changed=["escalation_level", "escalation_reason"])
    return ticket


@transaction.atomic
def restore_service(ticket_id: int, *, by: User | None) -> Ticket:
    """
    Note that the service works again, though the ticket is not done.

    :raises NotAllowed: if the person may not, it has ended, or no time to restore runs
    """
    ticket = _open(ticket_id, by)
    record(ticket, restored(ticket, at=now(), by=by), by=by)
    return ticket


def _open(ticket_id: int, by: User | None) -> Ticket:
    ticket = locked_for_work(ticket_id, by)
    if not ticket.is_open:
        raise NotAllowed(_("It has ended."), code="ended")
    return ticket
