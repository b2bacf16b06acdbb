"""Give everything of somebody who is ill or has left to others, in one act that can be undone."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.events.models import Event
from foundation.events.services import publish, reference
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can, divisions_where
from foundation.people.states import Permission
from foundation.worklist.models import Member, Team
from foundation.worklist.queries import Turn, rosters_of
from foundation.worklist.services import deal, hold_turns
from tickets.events import TicketHandedOver, TicketReleased, TicketTaken, TicketUnplaced, WorkReassigned
from tickets.models import Assignment, ReassignedTicket, Reassignment, RoutingRow, Ticket, WaitingTicket
from tickets.queries.routing import open_tickets_of
from tickets.services.routing import wanted_for, written
from tickets.services.rows import hold_tickets, record
from tickets.states import OPEN, RoutingCause, Unplaced


@dataclass(frozen=True)
class Move:
    """Where a ticket would go: to somebody in a team, or to nobody, and why others were passed over."""

    ticket: Ticket
    row: RoutingRow | None
    team: Team | None
    turn: Turn

    @property
    def other(self) -> Team | None:
        """The other team of the rule, which is asked next where nobody of the first can take it."""
        other = self.row.fallback_team if self.row and self.turn.user is None else None
        return other if other != self.team else None


def preview_reassignment(user: User, *, by: User) -> list[Move]:
    """
    Say who would get what of a person's open tickets if all were given away now. Nothing is changed.

    :raises NotAllowed: if `by` may not give out work anywhere
    """
    _require_giver(by)
    by_team = _by_team(_tickets_of(user, by), user)
    teams = [team for team, _tickets in by_team if team]
    read = rosters_of(teams, at=now(), load=open_tickets_of, permission=Permission.WORK_TICKETS, without=user)
    rosters = {team.pk: roster for team, roster in zip(teams, read, strict=True)}
    moves = []
    for team, tickets in by_team:
        for ticket, row in tickets:
            turn = rosters[team.pk].take_turn(wanted_for(ticket, row)) if team else Turn(member=None)
            moves.append(Move(ticket, row, team, turn))
    return moves


@transaction.atomic
def reassign_all(user: User, *, by: User) -> Reassignment:
    """
    Give all open tickets of a person to the next people of their teams.

    What nobody of the team can take goes to the other team of its rule by the next turn of the sweep, else to the
    supervisors.

    :raises NotAllowed: if `by` may not give out work, or there is nothing to give
    """
    _require_giver(by)
    at = now()
    tickets = list(_tickets_of(user, by).select_for_update(no_key=True, of=("self",)))
    if not tickets:
        raise NotAllowed(_("%(person)s has no open tickets.") % {"person": user}, code="nothing")
    act = Reassignment.objects.create(division=_common(tickets), user=user, by=by, at=at)
    lines: list[ReassignedTicket] = []
    by_team = _by_team(tickets, user)
    hold_turns([team for team, _of_team in by_team if team])
    for team, of_team in by_team:
        turns = _turns(team, of_team, user, at)
        for (ticket, row), turn in zip(of_team, turns, strict=True):
            lines.append(
                ReassignedTicket(
                    reassignment=act, ticket=ticket, team_before=ticket.team, taken_before=ticket.taken_at,
                    to=turn.user, team=team,
                )
            )  # fmt: skip
            _move(Move(ticket, row, team, turn), at, by=by)
    ReassignedTicket.objects.bulk_create(lines)
    fact = WorkReassigned(reassignment_id=act.pk, user_id=user.pk, count=len(lines))
    publish(fact, subject=act, division=act.division, by=by)
    return act


@transaction.atomic
def undo_reassignment(reassignment_id: int, *, by: User) -> Reassignment:
    """
    Give the tickets of a reassignment back to whose they were: those that are open and that nobody has moved by hand since.

    Whoever gave them away may undo it, though it reached over several markets, where they may give out work in these.

    :raises NotAllowed: if `by` may not give out work there, it was undone, or the person cannot sign in any more
    """
    act = Reassignment.objects.locked().select_related("division", "user").get(pk=reassignment_id)
    if not can(by, Permission.ASSIGN_WORK, act.division) and act.by_id != by.pk:
        raise NotAllowed(_("Your role does not let you give out work here."), code="not_permitted")
    if act.undone_at:
        raise NotAllowed(_("This was undone already."), code="undone")
    if not act.user.is_active:
        raise NotAllowed(_("%(person)s cannot sign in any more.") % {"person": act.user}, code="inactive")
    at, given_back = now(), 0
    mine = divisions_where(by, Permission.ASSIGN_WORK)
    lines = list(act.tickets.filter(ticket__division__in=mine).select_related("team_before"))
    if not lines:
        raise NotAllowed(_("Your role does not let you give out work here."), code="not_permitted")
    held = hold_tickets([line.ticket_id for line in lines]).select_related("division", "customer", "account")
    tickets = {ticket.pk: ticket for ticket in held}
    gone_on = _moved_by_people(act, tickets)
    for line in lines:
        ticket, before = tickets[line.ticket_id], tickets[line.ticket_id].owner_id
        if not ticket.is_open or ticket.pk in gone_on:
            continue
        ticket.owner, ticket.team, ticket.taken_at = act.user, line.team_before, line.taken_before or at
        fact = TicketHandedOver(ticket_id=ticket.pk, user_id=act.user_id, team_id=line.team_before_id, before=before)
        record(ticket, fact, by=by, changed=Ticket.WORK_FIELDS)
        given_back += 1
    WaitingTicket.objects.filter(ticket__in=tickets.values(), ticket__owner=act.user).delete()
    act.undone_at, act.undone_by = at, by
    act.save(update_fields=["undone_at", "undone_by"])
    undone = WorkReassigned(reassignment_id=act.pk, user_id=act.user_id, count=given_back, is_undone=True)
    publish(undone, subject=act, division=act.division, by=by)
    return act


def _moved_by_people(act: Reassignment, ticket_ids: Collection[int]) -> set[int]:
    """Return which tickets somebody took or gave to others after a reassignment; what the sweep does is part of it."""
    told = Event.objects.filter(name=WorkReassigned.name, about__contains=[reference(act)]).order_by("pk")
    since = Event.objects.filter(
        pk__gt=told.values_list("pk", flat=True).first() or 0,
        name__in=[TicketTaken.name, TicketHandedOver.name, TicketReleased.name],
        actor__isnull=False,
        subject_type=Ticket._meta.label_lower,
        subject_id__in=list(ticket_ids),
    )
    return set(since.values_list("subject_id", flat=True))


def _require_giver(by: User) -> None:
    if not can(by, Permission.ASSIGN_WORK):
        raise NotAllowed(_("Your role does not let you give out work."), code="not_permitted")


def _tickets_of(user: User, by: User) -> QuerySet[Ticket]:
    """Return a person's open tickets in the divisions where somebody may give out work."""
    mine = divisions_where(by, Permission.ASSIGN_WORK)
    found = Ticket.objects.filter(owner=user, status__in=sorted(OPEN), merged_into=None, division__in=mine)
    related = ("division", "customer", "account", "team__division", "owner")
    return found.select_related(*related).defer("search").order_by("pk")


def _by_team(tickets: Iterable[Ticket], user: User) -> list[tuple[Team | None, list[tuple[Ticket, RoutingRow | None]]]]:
    """Group tickets by who shares them: their team, else the person's own team of the division."""
    tickets = list(tickets)
    rows = _rows_of(tickets)
    memberships = list(Member.objects.filter(user=user).select_related("team__division").order_by("pk"))
    teams: dict[int | None, Team | None] = {None: None}
    grouped: dict[int | None, list[tuple[Ticket, RoutingRow | None]]] = defaultdict(list)
    for ticket in tickets:
        team = ticket.team or _own_team(memberships, ticket.division)
        key = team.pk if team else None
        teams[key] = team
        grouped[key].append((ticket, rows.get(ticket.pk)))
    return [(teams[key], of_team) for key, of_team in sorted(grouped.items(), key=lambda item: item[0] or 0)]


def _own_team(memberships: list[Member], division: Division) -> Team | None:
    return next((one.team for one in memberships if one.team.division_id in division.lineage), None)


def _rows_of(tickets: list[Ticket]) -> Mapping[int, RoutingRow]:
    """Return the rule by which each ticket was last given, for what it asks of people."""
    last = (
        Assignment.objects.filter(ticket__in=tickets, row__isnull=False)
        .order_by("ticket_id", "-at", "-pk")
        .distinct("ticket_id")
        .select_related("row__fallback_team")
        .prefetch_related("row__skills")
    )
    return {each.ticket_id: each.row for each in last if each.row}


def _turns(team: Team | None, work: list[tuple[Ticket, RoutingRow | None]], user: User, at: datetime) -> list[Turn]:
    if team is None:
        return [Turn(member=None)] * len(work)
    wants = [wanted_for(ticket, row) for ticket, row in work]
    return deal(team, wants, at=at, load=open_tickets_of, permission=Permission.WORK_TICKETS, without=user)


def _move(move: Move, at: datetime, *, by: User) -> None:
    ticket, turn = move.ticket, move.turn
    before = ticket.owner_id
    ticket.hand_over(turn.user, team=move.team, at=at)
    fact = TicketHandedOver(
        ticket_id=ticket.pk, user_id=turn.user.pk if turn.user else None, team_id=ticket.team_id, before=before
    )
    record(ticket, fact, by=by, changed=Ticket.WORK_FIELDS)
    Assignment.objects.create(
        ticket=ticket, at=at, cause=RoutingCause.REASSIGNED, row=move.row,
        version_id=move.row.version_id if move.row else None, team=move.team, user=turn.user,
        passed_over=written(turn.passed_over),
    )  # fmt: skip
    if turn.user is None:
        _let_wait(move, at, by=by)


def _let_wait(move: Move, at: datetime, *, by: User) -> None:
    """Let the sweep ask the other team at once, where there is one; else it lies before the supervisors."""
    why = Unplaced.NOBODY if move.team else Unplaced.NO_TEAM
    WaitingTicket.objects.update_or_create(
        ticket=move.ticket,
        defaults={
            "row": move.row,
            "since": at,
            "falls_back_at": at if move.other else None,
            "why": why,
            "supervised_at": None if move.other else at,
            "alarmed_at": None,
            "passed_over": written(move.turn.passed_over),
        },
    )
    if not move.other:
        record(move.ticket, TicketUnplaced(ticket_id=move.ticket.pk, why=why), by=by)


def _common(tickets: list[Ticket]) -> Division:
    """Return the lowest division that all the tickets lie in or below."""
    shared = set.intersection(*(set(ticket.division.lineage) for ticket in tickets))
    lowest = max(shared, key=tickets[0].division.lineage.index)
    return Division.objects.get(pk=lowest)
