"""Tickets, what was said on them, and who is on one now."""

from tickets.models.conversation import Article, Attachment, Departure
from tickets.models.handling import CannedReply, Doing, Macro, Presence, filled_in
from tickets.models.mail import ArticleMail, Participant
from tickets.models.routing import (
    Assignment,
    ReassignedTicket,
    Reassignment,
    RoutingRow,
    RoutingVersion,
    WaitingTicket,
)
from tickets.models.satisfaction import Rating
from tickets.models.sla import Alert, ClockSegment, LadderStep, SlaPolicy, SlaTarget, TicketClock
from tickets.models.ticket import Ticket, new_number

__all__ = [
    "Alert", "Article", "ArticleMail", "Assignment", "Attachment", "CannedReply", "ClockSegment", "Departure", "Doing",
    "LadderStep", "Macro", "Participant", "Presence", "Rating", "ReassignedTicket", "Reassignment", "RoutingRow",
    "RoutingVersion", "SlaPolicy", "SlaTarget", "Ticket", "TicketClock", "WaitingTicket", "filled_in", "new_number",
]  # fmt: skip
