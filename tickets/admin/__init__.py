"""Tickets in the admin: to be read."""

from tickets.admin.tickets import ArticleAdmin, AttachmentAdmin, DepartureAdmin, PresenceAdmin, RatingAdmin, TicketAdmin

__all__ = ["ArticleAdmin", "AttachmentAdmin", "DepartureAdmin", "PresenceAdmin", "RatingAdmin", "TicketAdmin"]
