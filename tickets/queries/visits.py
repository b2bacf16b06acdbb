"""Who visits whom and when, in words for the customer, and what a person has still to do."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import colleagues, divisions_where
from foundation.people.states import Permission
from orders.queries import appointment_window
from tickets.models import Equipment, Task, Ticket, Visit
from tickets.queries.symptoms import with_ticket_in_words
from tickets.states import AHEAD, UNDER_WAY_OR_OWED, TaskStatus, VisitStatus

SEEN_AFTER = timedelta(hours=24)
"""How long an agent sees a visit after its window: the address is none of their business for ever."""
SEEN_BEFORE = timedelta(days=7)
MOST = 100
"""Visits of one agent that are shown at once."""


def agents_of(division: Division) -> QuerySet[User]:
    """Return the people who visit customers in a division."""
    return colleagues(division, Permission.MAKE_VISITS).order_by("name", "email")


def visits_of_agent(user: User) -> QuerySet[Visit]:
    """Return the visits that an agent makes: those of now, and of a little before and after, unless they were moved."""
    at = now()
    near = Q(ends_at__gt=at - SEEN_AFTER, starts_at__lt=at + SEEN_BEFORE) | Q(status=VisitStatus.ARRIVED)
    return (
        Visit.objects.filter(near, agent=user, division__in=divisions_where(user, Permission.MAKE_VISITS))
        .exclude(status=VisitStatus.MOVED)
        .select_related("division", "premises", "ticket", "ticket__service__product")
        .defer("ticket__search")
    )


@dataclass(frozen=True)
class Day:
    """An agent's visits: of today and what is left over, those that come after, and those that came to an end."""

    todo: list[Visit]
    later: list[Visit]
    ended: list[Visit]


def day_of(user: User) -> Day:
    """Return an agent's visits in their order, to be shown."""
    day = Day([], [], [])
    for visit in with_ticket_in_words(visits_of_agent(user)[:MOST]):
        if visit.status not in UNDER_WAY_OR_OWED:
            day.ended.append(visit)
        elif visit.starts_at.astimezone(visit.division.zone).date() > today(visit.division):
            day.later.append(visit)
        else:
            day.todo.append(visit)
    return day


def visit_under_way(ticket: Ticket) -> Visit | None:
    """Return the visit of a ticket of which something is still to come; reads what was read of its visits already."""
    return next((visit for visit in ticket.visits.all() if visit.status in UNDER_WAY_OR_OWED), None)


def clash_of(agent: User, visit: Visit) -> Visit | None:
    """Return another visit that an agent has in the window of one."""
    during = Visit.objects.filter(agent=agent, starts_at__lt=visit.ends_at, ends_at__gt=visit.starts_at)
    others = during.filter(status__in=[*sorted(AHEAD), VisitStatus.ARRIVED])
    return others.select_related("division").first()


def devices_at(ticket: Ticket) -> QuerySet[Equipment]:
    """Return the devices that stand at the customer's of a ticket."""
    return Equipment.objects.filter(account=ticket.account_id, until=None).exclude(account=None).order_by("pk")


def visit_in_words(visit: Visit | None) -> str:
    """Say of a visit what its customer has to know; nothing where nothing is to come of it."""
    if visit is None:
        return ""
    when = appointment_window(visit.starts_at, visit.ends_at, visit.division.zone)
    said = {
        VisitStatus.BOOKED: _("A technician comes on %(when)s.") % {"when": when},
        VisitStatus.ON_THE_WAY: _("The technician is on the way, for %(when)s.") % {"when": when},
        VisitStatus.ARRIVED: _("The technician is with you."),
        VisitStatus.MISSED: _("We did not come on %(when)s as we had promised. We are sorry, and will find a new time.")
        % {"when": when},
    }
    return said.get(VisitStatus(visit.status), "")


def tasks_of(user: User) -> QuerySet[Task]:
    """Return what a person has to do, the next first."""
    return (
        Task.objects.filter(who=user, status=TaskStatus.OPEN)
        .select_related("ticket", "division")
        .defer("ticket__search")
    )
