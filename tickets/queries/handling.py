"""Who else is on a ticket, what can be reused on it, and which of its parts are open."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from foundation.divisions.queries import brand_of
from foundation.now import now, today
from foundation.people.models import User
from tickets.models import CannedReply, Macro, Presence, Ticket
from tickets.states import OPEN

GONE_AFTER = timedelta(seconds=40)
"""A page says every 15 seconds that somebody has it open: twice unheard, they are gone."""


def others_on(ticket: Ticket, user: User) -> QuerySet[Presence]:
    """Return who else has a ticket open now, those who write first."""
    there = Presence.objects.filter(ticket=ticket, seen_at__gt=now() - GONE_AFTER).exclude(user=user)
    return there.select_related("user").order_by("doing", "pk")


def open_parts_of(ticket: Ticket) -> QuerySet[Ticket]:
    """Return the parts of a ticket that are open."""
    return ticket.children.filter(status__in=sorted(OPEN), merged_into=None).order_by("pk")


def canned_replies_for(ticket: Ticket) -> QuerySet[CannedReply]:
    """Return the replies that suit a ticket: of its division, language, brand and product, and not out of date."""
    family = ticket.service.product.family if ticket.service else ""
    suits = Q(brand=None) | Q(brand=brand_of(ticket.division))
    is_about = Q(family="") | Q(family=family)
    is_fresh = Q(valid_until=None) | Q(valid_until__gte=today(ticket.division))
    return CannedReply.objects.filter(
        suits, is_about, is_fresh, division__in=ticket.division.lineage, language=ticket.language
    )


def macros_for(ticket: Ticket) -> QuerySet[Macro]:
    """Return the macros of a ticket's division and those above it."""
    return Macro.objects.filter(division__in=ticket.division.lineage)


def values_for(ticket: Ticket, user: User) -> dict[str, str]:
    """Return what stands for the variables of a text that is reused on a ticket."""
    brand = brand_of(ticket.division)
    return {
        "name": ticket.requester_name,
        "number": ticket.number,
        "subject": ticket.subject,
        "agent": user.name or "",
        "brand": brand.name if brand else "",
    }
