"""
Find somebody for a ticket: when it is opened, while it waits, when somebody asks.

The rule that holds names a team; the team's rotation names the person, in the transaction that gives them the ticket. If
nobody can take it, it waits: for its team, after the rule's minutes for the other team, and then before the supervisors,
who are told by mail. Nobody gets a ticket for want of a better one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from foundation.correspondence.models import Message
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import supervisors_of
from foundation.people.services import require
from foundation.people.states import Permission
from foundation.worklist.models import Team
from foundation.worklist.queries import PassedOver, Turn, Want
from foundation.worklist.services import deal, hold_turns
from tickets.events import PriorityChanged, TicketHandedOver, TicketUnplaced
from tickets.models import Assignment, RoutingRow, RoutingVersion, Ticket, WaitingTicket
from tickets.queries.routing import facts_of, open_tickets_of, procedure_of, skills_of, version_for
from tickets.services.rows import locked, locked_for_work, record
from tickets.services.staff_letters import link_to, write_to_staff
from tickets.settings import ALARM_MINUTES
from tickets.states import OPEN, RoutingCause, TicketStatus, Unplaced

CHUNK = 200
"""Tickets of one team that are looked at in one transaction."""
NAMED_IN_A_MAIL = 25
ALARM = "nobody"
"""The letter about tickets that nobody can take."""


# When it is opened. ------------------------------------------------------------------------------------------------


@transaction.atomic
def route_ticket(ticket_id: int, *, cause: RoutingCause) -> Ticket:
    """
    Let the procedure in force decide where a ticket goes, and give it to the next person there.

    A ticket that is somebody's, has ended or is held stays where it is; so does one that was routed at its opening before.
    """
    ticket = locked(ticket_id)
    if not _is_to_be_routed(ticket, cause):
        return ticket
    _follow_procedure(ticket, cause)
    return ticket


@transaction.atomic
def find_somebody(ticket_id: int, *, by: User) -> Ticket:
    """
    Look for somebody because a person asks for it: for somebody else, where somebody has the ticket.

    :raises NotAllowed: if they may not give out work there, it has ended, or somebody has it and nobody else can: it
        stays theirs then
    """
    ticket = locked_for_work(ticket_id, by)
    require(by, Permission.ASSIGN_WORK, ticket.division)
    if not ticket.is_open:
        raise NotAllowed(_("It has ended."), code="ended")
    _follow_procedure(ticket, RoutingCause.BY_HAND)
    return ticket


@transaction.atomic
def route_anew(ticket_id: int) -> Ticket:
    """
    Let the procedure decide again about a ticket whose type was changed.

    Whoever has it keeps it where they are of the team that does these, and can; else it goes to the next person there. What
    no rule holds for stays with whoever has it, and what is held or has ended stays where it is.
    """
    ticket = locked(ticket_id)
    if not ticket.is_open or ticket.status == TicketStatus.HELD:
        return ticket
    row = _row_for(ticket)
    owner = _owner_of(ticket)
    if owner is None or (row and not _can_do(owner, row)):
        _follow_procedure(ticket, RoutingCause.RETYPED)
    elif row:
        _set_priority(ticket, row)
        _give(ticket, owner, row.team, now())
    return ticket


def _owner_of(ticket: Ticket) -> User | None:
    """Return whose a ticket is; nobody's where they cannot sign in any more."""
    return ticket.owner if ticket.owner and ticket.owner.is_active else None


def _row_for(ticket: Ticket) -> RoutingRow | None:
    version = version_for(ticket.division, now())
    return procedure_of(version).row_for(facts_of(ticket), on=today(ticket.division)) if version else None


def _can_do(user: User, row: RoutingRow) -> bool:
    member = row.team.members.filter(user=user).prefetch_related("skills").first()
    return member is not None and skills_of(row) <= frozenset(member.skills.all())


def _is_to_be_routed(ticket: Ticket, cause: RoutingCause) -> bool:
    was_routed = cause == RoutingCause.OPENED and Assignment.objects.filter(ticket=ticket, cause=cause).exists()
    return ticket.is_open and _owner_of(ticket) is None and ticket.status != TicketStatus.HELD and not was_routed


def _follow_procedure(ticket: Ticket, cause: RoutingCause) -> None:
    at = now()
    version = version_for(ticket.division, at)
    facts = facts_of(ticket)
    decided = Assignment(ticket=ticket, at=at, cause=cause, version=version, facts=_in_json(facts))
    row = procedure_of(version).row_for(facts, on=today(ticket.division)) if version else None
    owner = _owner_of(ticket)
    if row is None:
        why = Unplaced.NO_RULE if version else Unplaced.NO_PROCEDURE
        if owner and cause == RoutingCause.BY_HAND:
            said = _("It stays with %(person)s: %(why)s.")
            raise NotAllowed(said % {"person": owner, "why": why.label}, code=why)
        decided.save()
        if owner is None:
            _give(ticket, None, ticket.team, at)
            _wait(ticket, None, why, (), at)
        return
    if cause in (RoutingCause.OPENED, RoutingCause.RETYPED):  # else it is as people have set it
        _set_priority(ticket, row)
    decided.row, decided.team = row, row.team
    if other := _asked_at_once(row):
        hold_turns([row.team, other])
    (turn,) = _deal(row.team, [(ticket, row)], at, without=ticket.owner)
    if turn.user is None and owner and cause == RoutingCause.BY_HAND:
        said = _("Nobody else can take it: it stays with %(person)s.")
        raise NotAllowed(said % {"person": owner}, code="nobody_else")
    decided.user, decided.passed_over = turn.user, written(turn.passed_over)
    decided.save()
    if turn.user:
        _give(ticket, turn.user, row.team, at)
    else:
        _give(ticket, None, row.team, at)
        _wait(ticket, row, Unplaced.NOBODY, turn.passed_over, at)
        _fall_back(ticket, row, at)


def _fall_back(ticket: Ticket, row: RoutingRow, at: datetime) -> None:
    """Ask the other team at once where nobody is to wait for the first."""
    if other := _asked_at_once(row):
        waiting = WaitingTicket.objects.get(ticket=ticket)
        waiting.ticket, waiting.row = ticket, row
        _look_again([waiting], other, at)


def _asked_at_once(row: RoutingRow) -> Team | None:
    return row.fallback_team if row.fallback_minutes == 0 else None


def _set_priority(ticket: Ticket, row: RoutingRow) -> None:
    if row.priority and row.priority != ticket.priority:
        fact = PriorityChanged(ticket_id=ticket.pk, before=ticket.priority, after=row.priority)
        ticket.priority = row.priority
        record(ticket, fact, by=None, changed=["priority"])


def _deal(team: Team, work: Sequence[tuple[Ticket, RoutingRow | None]], at: datetime, **also: Any) -> list[Turn]:
    wants = [wanted_for(ticket, row) for ticket, row in work]
    return deal(team, wants, at=at, load=open_tickets_of, permission=Permission.WORK_TICKETS, **also)


def wanted_for(ticket: Ticket, row: RoutingRow | None) -> Want:
    """Return what a ticket asks of whoever gets it: what its rule says, and the customer's language."""
    asks_language = row is None or row.needs_language
    return Want(skills=skills_of(row), language=ticket.language if asks_language else "")


def _give(ticket: Ticket, user: User | None, team: Team | None, at: datetime) -> None:
    """Give a ticket to somebody in a team, or to the team, and tell of it; nothing where it is there already."""
    if ticket.owner_id == (user.pk if user else None) and ticket.team_id == (team.pk if team else None):
        return
    before = ticket.owner_id
    ticket.hand_over(user, team=team, at=at)
    fact = TicketHandedOver(
        ticket_id=ticket.pk, user_id=user.pk if user else None, team_id=ticket.team_id, before=before
    )
    record(ticket, fact, by=None, changed=Ticket.WORK_FIELDS)
    if user:
        WaitingTicket.objects.filter(ticket=ticket).delete()


def _wait(
    ticket: Ticket, row: RoutingRow | None, why: Unplaced, passed_over: Iterable[PassedOver], at: datetime
) -> None:
    """Let a ticket wait: for the other team, where there is one; else before the supervisors."""
    other = row.fallback_team if row else None
    waits_for_other = row is not None and other is not None
    WaitingTicket.objects.update_or_create(
        ticket=ticket,
        defaults={
            "row": row,
            "since": at,
            "falls_back_at": at + timedelta(minutes=row.fallback_minutes) if row and waits_for_other else None,
            "why": why,
            "passed_over": written(passed_over),
            "supervised_at": None if waits_for_other else at,
            "alarmed_at": None,
        },
    )
    if not waits_for_other:
        _tell_unplaced(ticket, why)


def _tell_unplaced(ticket: Ticket, why: str) -> None:
    record(ticket, TicketUnplaced(ticket_id=ticket.pk, why=why), by=None)


def written(passed_over: Iterable[PassedOver]) -> list[dict[str, Any]]:
    """Return in JSON primitives who was passed over, and why."""
    return [
        {"user": each.user.pk, "name": str(each.user), "obstacle": each.obstacle.value, "words": each.words}
        for each in passed_over
    ]


def _in_json(facts: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


@transaction.atomic
def deal_in_team(ticket: Ticket, team: Team) -> Turn:
    """Find the next person of a team to which a locked ticket is given by hand, and note why; the caller hands it over."""
    at = now()
    (turn,) = _deal(team, [(ticket, None)], at, without=ticket.owner)
    Assignment.objects.create(
        ticket=ticket,
        at=at,
        cause=RoutingCause.BY_HAND,
        team=team,
        user=turn.user,
        passed_over=written(turn.passed_over),
    )
    return turn


def settle_by_hand(ticket: Ticket, turn: Turn | None) -> None:
    """
    Forget by which rule a locked ticket waited that was handed over; where nobody of its new team can take it yet, it waits for that.

    :param turn: what `deal_in_team` said; None: a person was named
    """
    WaitingTicket.objects.filter(ticket=ticket).delete()
    if turn and turn.user is None:
        _wait(ticket, None, Unplaced.NOBODY, turn.passed_over, now())


# While it waits. ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Swept:
    """What a turn of the sweep has done."""

    given: int = 0
    alarms: int = 0


def route_waiting() -> Swept:
    """
    Look for somebody for every ticket that waits, in its turn, and tell the supervisors of those that nobody can take.

    One transaction for each chunk of a team, whose statements do not grow with what nobody can take yet.
    """
    _drop_settled()
    at = now()
    given = _route_by_newer_procedures()
    for team_id in _teams_waited_for(at):
        given += _route_waiting_for(team_id, at)
    return Swept(given=given, alarms=raise_alarms())


@transaction.atomic
def _drop_settled() -> None:
    """Forget the waiting of what somebody has taken, or what has ended; what is held is forgotten the next time."""
    settled = (
        Q(ticket__owner__isnull=False) | ~Q(ticket__status__in=sorted(OPEN)) | Q(ticket__merged_into__isnull=False)
    )
    held = WaitingTicket.objects.filter(settled).select_for_update(skip_locked=True, of=("self",))
    WaitingTicket.objects.filter(pk__in=[each.pk for each in held]).delete()


def _route_by_newer_procedures() -> int:
    """Ask again for what no rule held for, where a procedure has been put in force since."""
    in_force: dict[int, Any] = dict(
        RoutingVersion.objects.filter(in_force_from__isnull=False, in_force_until=None).values_list(
            "division", "in_force_from"
        )
    )
    waiting = WaitingTicket.objects.filter(row=None, why__in=[Unplaced.NO_PROCEDURE, Unplaced.NO_RULE])
    given = 0
    for ticket_id, since, lineage in waiting.values_list("ticket", "since", "ticket__division__lineage"):
        if any(in_force[pk] > since for pk in lineage if pk in in_force):
            given += route_ticket(ticket_id, cause=RoutingCause.WAITED).owner_id is not None
    return given


GIVEN_TO_A_TEAM = Q(row=None, why=Unplaced.NOBODY, ticket__team__isnull=False)
"""What waits for a team since a person gave it there, by no rule."""


def _teams_waited_for(at: datetime) -> list[int]:
    """Return the teams that somebody waits for: the first one of a rule always, the other one from its time on."""
    by_hand = WaitingTicket.objects.filter(GIVEN_TO_A_TEAM).order_by().values_list("ticket__team", flat=True).distinct()
    waiting = WaitingTicket.objects.exclude(row=None).order_by()
    first = waiting.values_list("row__team", flat=True).distinct()
    late = waiting.filter(Q(falls_back_at__lte=at) | Q(falls_back_at=None), row__fallback_team__isnull=False)
    return sorted({*by_hand, *first, *late.values_list("row__fallback_team", flat=True).distinct()})


def _route_waiting_for(team_id: int, at: datetime) -> int:
    given, after = 0, 0
    team = Team.objects.select_related("division").get(pk=team_id)
    while True:
        with transaction.atomic():
            waiting = _chunk(team, at, after=after)
            given += _look_again(waiting, team, at)
        if len(waiting) < CHUNK:
            return given
        after = waiting[-1].pk


def _chunk(team: Team, at: datetime, *, after: int) -> list[WaitingTicket]:
    is_late = Q(falls_back_at=None) | Q(falls_back_at__lte=at)
    for_team = Q(row__team=team) | Q(GIVEN_TO_A_TEAM, ticket__team=team) | Q(is_late, row__fallback_team=team)
    rows = WaitingTicket.objects.filter(
        for_team, pk__gt=after, ticket__owner=None, ticket__status__in=sorted(OPEN - {TicketStatus.HELD})
    )
    # The ticket first: where it is held its row is skipped, and what was locked before it would stay locked.
    held = rows.select_for_update(skip_locked=True, of=("ticket", "self"), no_key=True)
    related = ("ticket__division", "ticket__customer", "ticket__account", "row__team", "row__fallback_team")
    return list(
        held.select_related(*related).defer("ticket__search").prefetch_related("row__skills").order_by("pk")[:CHUNK]
    )


def _look_again(waiting: list[WaitingTicket], team: Team, at: datetime) -> int:
    """Give what waits to the next people of a team; what nobody of the other team can take either goes to a supervisor."""
    if not waiting:
        return 0
    turns = _deal(team, [(each.ticket, each.row) for each in waiting], at)
    decided: list[Assignment] = []
    for each, turn in zip(waiting, turns, strict=True):
        is_fallback = each.row is not None and team.pk == each.row.fallback_team_id
        if turn.user is None:
            _still_nobody(each, turn, at, is_fallback=is_fallback)
            continue
        _give(each.ticket, turn.user, team, at)
        cause = RoutingCause.FELL_BACK if is_fallback else RoutingCause.WAITED
        decided.append(_assignment(each, turn, team, at, cause))
    Assignment.objects.bulk_create(decided)
    still = [each for each, turn in zip(waiting, turns, strict=True) if turn.user is None]
    WaitingTicket.objects.bulk_update(still, ["passed_over", "supervised_at", "falls_back_at"])
    return len(decided)


def _still_nobody(each: WaitingTicket, turn: Turn, at: datetime, *, is_fallback: bool) -> None:
    if not is_fallback:
        each.passed_over = written(turn.passed_over) or each.passed_over
        return
    known = {one["user"] for one in written(turn.passed_over)}
    first = [one for one in each.passed_over if one["user"] not in known]
    each.passed_over = [*first, *written(turn.passed_over)]
    each.falls_back_at = None
    if each.supervised_at is None:
        each.supervised_at = at
        _tell_unplaced(each.ticket, each.why)


def _assignment(each: WaitingTicket, turn: Turn, team: Team, at: datetime, cause: RoutingCause) -> Assignment:
    return Assignment(
        ticket=each.ticket,
        at=at,
        cause=cause,
        row=each.row,
        version_id=each.row.version_id if each.row else None,
        team=team,
        user=turn.user,
        passed_over=written(turn.passed_over),
    )


# The alarm. --------------------------------------------------------------------------------------------------------


def raise_alarms() -> int:
    """
    Write to the supervisors of the divisions in which nobody can take a ticket; return how many were written to.

    All that has come up since goes into one mail, and a division's supervisors get no second one within the minutes that
    its setting says.
    """
    waiting = WaitingTicket.objects.filter(supervised_at__isnull=False, alarmed_at=None)
    division_ids = waiting.order_by().values_list("ticket__division", flat=True).distinct()
    return sum(_alarm(division) for division in Division.objects.filter(pk__in=list(division_ids)).order_by("pk"))


@transaction.atomic
def _alarm(division: Division) -> int:
    at = now()
    supervisors = supervisors_of(division)
    if _were_told(supervisors, division, since=at - timedelta(minutes=effective(division, ALARM_MINUTES))):
        return 0
    unalarmed = WaitingTicket.objects.filter(ticket__division=division, supervised_at__isnull=False, alarmed_at=None)
    held = unalarmed.order_by("pk").select_for_update(skip_locked=True, of=("self",), no_key=True)
    count = WaitingTicket.objects.filter(pk__in=held.values("pk")).update(alarmed_at=at)
    named = WaitingTicket.objects.filter(ticket__division=division, alarmed_at=at).select_related("ticket")
    waiting = list(named.defer("ticket__search").order_by("since", "pk")[:NAMED_IN_A_MAIL])
    if not count:
        return 0
    context = {"division": division, "count": count, "waiting": waiting, "link": link_to("desk:who_works")}
    for supervisor in supervisors:
        key = f"{waiting[0].pk}:{at:%Y%m%d%H%M%S}:{supervisor.pk}"
        write_to_staff(supervisor, ALARM, lambda: context, key=key, about=waiting[0].ticket, division=division)
    return len(supervisors)


def _were_told(supervisors: Iterable[User], division: Division, *, since: datetime) -> bool:
    """Tell by the letters, which stay when tickets wait no more, whether a division was alarmed lately."""
    letters = Message.objects.filter(to__in=[one.email for one in supervisors], queued_at__gt=since)
    return letters.filter(kind=f"tickets.{ALARM}", division=division).exists()
