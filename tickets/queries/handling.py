"""Who else is on a ticket, what can be reused on it, and which of its parts are open."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Customer
from foundation.divisions.queries import brand_of
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.queries import can, supervisors_of
from foundation.people.states import Permission
from tickets.models import CannedReply, Macro, Presence, Ticket
from tickets.queries.outages import family_of
from tickets.queries.symptoms import subject_in_words
from tickets.states import OPEN, MacroEnd

MOST_NAMED = 3
GONE_AFTER = timedelta(seconds=40)
"""A page says every 15 seconds that somebody has it open: twice unheard, they are gone."""


def others_on(ticket: Ticket, user: User) -> QuerySet[Presence]:
    """Return who else has a ticket open now, those who write first."""
    there = Presence.objects.filter(ticket=ticket, seen_at__gt=now() - GONE_AFTER).exclude(user=user)
    return there.select_related("user").order_by("doing", "pk")


def open_tickets_beside(ticket: Ticket, *, among: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Return the other open tickets of the same customer, or of the same requester where nobody knows whose it is."""
    same = Q(customer=ticket.customer) if ticket.customer else Q(requester_email=ticket.requester_email or None)
    others = among.filter(same, status__in=sorted(OPEN), merged_into=None).exclude(pk=ticket.pk)
    return others.defer("search").order_by("-pk")


def open_parts_of(ticket: Ticket) -> QuerySet[Ticket]:
    """Return the parts of a ticket that are open."""
    return ticket.children.filter(status__in=sorted(OPEN), merged_into=None).order_by("pk")


def canned_replies_for(ticket: Ticket) -> QuerySet[CannedReply]:
    """
    Return the replies that suit a ticket: of its division, language, brand and product, and not out of date.

    The product is that of its service, else the one that its symptom is of.
    """
    suits = Q(brand=None) | Q(brand=brand_of(ticket.division))
    is_about = Q(family="") | Q(family=family_of(ticket))
    is_fresh = Q(valid_until=None) | Q(valid_until__gte=today(ticket.division))
    return CannedReply.objects.filter(
        suits, is_about, is_fresh, division__in=ticket.division.lineage, language=ticket.language
    )


def macros_for(ticket: Ticket) -> QuerySet[Macro]:
    """Return the macros of a ticket's division and those above it."""
    return Macro.objects.filter(division__in=ticket.division.lineage)


def macros_offered(ticket: Ticket) -> QuerySet[Macro]:
    """Return those of them that can run now: on a ticket that has ended, those that only write."""
    macros = macros_for(ticket)
    return macros if ticket.is_open else macros.filter(takes=False, priority="", end=MacroEnd.NOTHING)


def why_elsewhere(customer: Customer, ticket: Ticket, user: User) -> str:
    """Say why a ticket cannot become the one of a customer of another division, and what to do instead; else nothing."""
    if customer.division_id == ticket.division_id:
        return ""
    where = customer.division
    if can(user, Permission.WORK_TICKETS, where):
        said = _(
            "%(customer)s belongs to %(division)s, and a ticket stays in its division. Open a new ticket for them."
        )
        return said % {"customer": customer, "division": where}
    names = ", ".join(str(one) for one in supervisors_of(where)[:MOST_NAMED])
    said = _(
        "%(customer)s belongs to %(division)s, and a ticket stays in its division. Ask there for a new ticket: %(people)s."
    )
    return said % {"customer": customer, "division": where, "people": names or _("a supervisor")}


def values_for(ticket: Ticket, user: User) -> dict[str, str]:
    """Return what stands for the variables of a text that is reused on a ticket."""
    brand = brand_of(ticket.division)
    return {
        "name": ticket.requester_name,
        "number": ticket.number,
        "subject": subject_in_words(ticket, ticket.language),
        "agent": user.name or "",
        "brand": brand.name if brand else "",
    }
