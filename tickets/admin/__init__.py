"""Tickets in the admin, to be read, and the procedures by which they are routed, to be written."""

from tickets.admin.routing import RoutingVersionAdmin
from tickets.admin.tickets import ArticleAdmin, AttachmentAdmin, DepartureAdmin, PresenceAdmin, RatingAdmin, TicketAdmin

__all__ = [
    "ArticleAdmin", "AttachmentAdmin", "DepartureAdmin", "PresenceAdmin", "RatingAdmin", "RoutingVersionAdmin",
    "TicketAdmin",
]  # fmt: skip
