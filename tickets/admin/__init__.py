"""Tickets in the admin, to be read; procedures, canned replies and macros, to be written."""

from tickets.admin.handling import CannedReplyAdmin, MacroAdmin
from tickets.admin.routing import RoutingVersionAdmin
from tickets.admin.tickets import ArticleAdmin, AttachmentAdmin, DepartureAdmin, PresenceAdmin, RatingAdmin, TicketAdmin

__all__ = [
    "ArticleAdmin", "AttachmentAdmin", "CannedReplyAdmin", "DepartureAdmin", "MacroAdmin", "PresenceAdmin", "RatingAdmin",
    "RoutingVersionAdmin",
    "TicketAdmin",
]  # fmt: skip
