"""Tickets in the admin, to be read; procedures, promises, canned replies and macros, to be written."""

from tickets.admin.handling import CannedReplyAdmin, MacroAdmin
from tickets.admin.outages import CreditRunAdmin, OutageAdmin, OutageCreditAdmin, OutageNoticeAdmin, OutageUpdateAdmin
from tickets.admin.routing import RoutingVersionAdmin
from tickets.admin.sla import AlertAdmin, ClockSegmentAdmin, SlaPolicyAdmin, TicketClockAdmin
from tickets.admin.symptoms import EquipmentAdmin, ProbeAdmin, StepAdmin, SymptomAdmin
from tickets.admin.tickets import ArticleAdmin, AttachmentAdmin, DepartureAdmin, PresenceAdmin, RatingAdmin, TicketAdmin

__all__ = [
    "AlertAdmin", "ArticleAdmin", "AttachmentAdmin", "CannedReplyAdmin", "ClockSegmentAdmin", "CreditRunAdmin",
    "DepartureAdmin", "EquipmentAdmin", "MacroAdmin", "OutageAdmin", "OutageCreditAdmin", "OutageNoticeAdmin",
    "OutageUpdateAdmin", "PresenceAdmin", "ProbeAdmin", "RatingAdmin", "RoutingVersionAdmin", "SlaPolicyAdmin",
    "StepAdmin", "SymptomAdmin", "TicketAdmin", "TicketClockAdmin",
]  # fmt: skip
