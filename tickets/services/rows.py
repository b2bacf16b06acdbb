"""Lock a ticket for a change, ask who may, and record what became of it: what every service here begins and ends with."""

from collections.abc import Collection, Iterable

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import TicketMoved, TicketOpened
from tickets.models import Ticket
from tickets.queries import can_work, is_customer_of, reachable_ticket
from tickets.services.sla import FOLLOWED, follow_clocks

JOINED = ("division", "customer", "account", "owner", "service__product", "premises__division")
"""What is read with a ticket that is held. All but the division may become another's while its lock is waited for."""


def locked(ticket_id: int) -> Ticket:
    """
    Hold a ticket until the transaction ends.

    It is read when it is held, and not with the lock: a lock that was waited for would find nobody where the ticket has
    become another customer's, or another colleague's, meanwhile.
    """
    return hold_tickets([ticket_id]).select_related(*JOINED).get()


def hold_tickets(ticket_ids: Collection[int]) -> QuerySet[Ticket]:
    """Hold tickets in the order of their ids until the transaction ends, and return them as they are then."""
    wanted = Ticket.objects.filter(pk__in=ticket_ids).order_by("pk")
    list(wanted.locked().values_list("pk", flat=True))
    return wanted.defer("search")


def hold_with_parts(ticket_id: int) -> list[int]:
    """
    Hold a ticket and its parts before what happens to it happens to them, in the order of their ids; return whose these are.

    What is made part of it meanwhile is not held: it comes after what happens to the ticket now.
    """
    both = Ticket.objects.filter(Q(pk=ticket_id) | Q(parent=ticket_id)).order_by("pk")
    return list(both.select_for_update(no_key=True).values_list("pk", flat=True))


def locked_where_it_goes_on(ticket_id: int) -> Ticket:
    """Hold a ticket, or the one that it was merged into, and no other: whoever merges two holds both."""
    while True:
        ticket = locked(reachable_ticket(Ticket.objects.defer("search").get(pk=ticket_id)).pk)
        if ticket.merged_into_id is None:  # not merged while we waited
            return ticket


def locked_for_work(ticket_id: int, by: User | None) -> Ticket:
    """
    Hold a ticket that a member of staff changes; nobody: a system of ours.

    :raises NotAllowed: if they may not, or it goes on on another ticket
    """
    return _standing_alone(locked_though_merged(ticket_id, by))


def locked_though_merged(ticket_id: int, by: User | None) -> Ticket:
    """
    Hold a ticket that a member of staff changes, also where it goes on on another; nobody: a system of ours.

    :raises NotAllowed: if they may not
    """
    ticket = locked(ticket_id)
    if by and not can_work(by, ticket):
        raise NotAllowed(_("Your role does not let you work on this ticket."), code="not_permitted")
    return ticket


def must_be_same(is_same: bool) -> None:  # noqa: FBT001  # the question itself
    """
    Let pass what was sent twice from one form.

    :raises NotAllowed: if something else was sent the second time: it would be lost if it were taken for the first
    """
    if not is_same:
        raise NotAllowed(_("Something else was sent from this form already. Reload the page."), code="sent")


def locked_for_part(ticket_id: int, by: User | None) -> Ticket:
    """
    Hold a ticket that its customer, a member of staff, or somebody with a link of ours (nobody) changes.

    :raises NotAllowed: if they have no part in it, or it goes on on another ticket
    """
    ticket = locked(ticket_id)
    if by and not can_work(by, ticket) and not is_customer_of(by, ticket):
        raise NotAllowed(_("This is not your ticket."), code="not_permitted")
    return _standing_alone(ticket)


def _standing_alone(ticket: Ticket) -> Ticket:
    if ticket.merged_into_id:
        message = _("It was merged: it goes on as %(number)s.") % {"number": ticket.merged_into}
        raise NotAllowed(message, code="merged")
    return ticket


def record(  # who, what, through what: each has a name
    ticket: Ticket,
    *facts: Fact,
    by: User | None,
    channel: str = "",
    changed: Iterable[str] = (),
    about: Iterable[models.Model] = (),
) -> None:
    """
    Save what changed of a locked ticket and tell what happened; every service ends here.

    :param changed: fields of the ticket
    :param about: further rows on whose timelines it belongs
    """
    if fields := list(changed):
        ticket.save(update_fields=fields)
    if FOLLOWED.intersection(fields) or any(isinstance(fact, TicketOpened) for fact in facts):
        follow_clocks(ticket, at=now(), by=by)
    concerned = [row for row in (ticket.customer, ticket.account, *about) if row]
    for fact in facts:
        publish(fact, subject=ticket, about=concerned, division=ticket.division, by=by, channel=channel)


def moved(ticket: Ticket, before: str, *, reason: str = "") -> TicketMoved:
    """Write down a move that was made in memory."""
    return TicketMoved(ticket_id=ticket.pk, before=before, after=ticket.status, reason=reason or ticket.reason)
