"""
Tickets and all that belongs to them, a module for each topic.

Read `ticket` and `conversation` first; `docs/tickets.md` goes through the others in order.
"""

from tickets.models.conversation import Article, Attachment, Departure, ResolutionNotice
from tickets.models.credits import CreditRun, OutageCredit
from tickets.models.equipment import Equipment, Probe
from tickets.models.handling import CannedReply, Doing, Macro, MacroUse, Presence, filled_in
from tickets.models.mail import ArticleMail, Participant
from tickets.models.outages import (
    AffectedService,
    Outage,
    OutageDetachment,
    OutageNotice,
    OutageScope,
    OutageSpell,
    OutageUpdate,
)
from tickets.models.routing import Assignment, ReassignedTicket, Reassignment, RoutingRow, RoutingVersion, WaitingTicket
from tickets.models.satisfaction import Rating
from tickets.models.sla import Alert, ClockSegment, LadderStep, LateDowngrade, SlaPolicy, SlaTarget, TicketClock
from tickets.models.symptoms import Choice, Step, Symptom
from tickets.models.ticket import SIGNS_OF_NUMBER, Ticket, new_number
from tickets.models.uploads import UnsentFile
from tickets.models.visits import Task, Visit, VisitDeed

__all__ = [
    "SIGNS_OF_NUMBER", "AffectedService", "Alert", "Article", "ArticleMail", "Assignment", "Attachment", "CannedReply", "Choice",
    "ClockSegment", "CreditRun", "Departure", "Doing", "Equipment", "LadderStep", "LateDowngrade", "Macro", "MacroUse", "Outage", "OutageCredit",
    "OutageDetachment", "OutageNotice", "OutageScope", "OutageSpell", "OutageUpdate", "Participant", "Presence",
    "Probe", "Rating", "ReassignedTicket", "Reassignment", "ResolutionNotice", "RoutingRow", "RoutingVersion", "SlaPolicy", "SlaTarget",
    "Step", "Symptom", "Task", "Ticket", "TicketClock", "UnsentFile", "Visit", "VisitDeed", "WaitingTicket", "filled_in",
    "new_number",
]  # fmt: skip
