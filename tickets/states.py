"""
What a ticket can be, and what can become of it.

The statuses are the eight of TM Forum's Trouble Ticket API (TMF621). How urgent a ticket is, how far it was escalated
and whether a promise was missed are no statuses: a ticket may wait for a part and be escalated at the same time.
"""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class TicketType(models.TextChoices):
    """What somebody comes to us with."""

    TROUBLE = "trouble", _("Trouble")
    BILLING = "billing", _("Question about a bill")
    COMPLAINT = "complaint", _("Complaint")
    REQUEST = "request", _("Request")


class TicketStatus(models.TextChoices):
    """Where a ticket stands."""

    ACKNOWLEDGED = "acknowledged", _("New")
    IN_PROGRESS = "in_progress", _("In progress")
    PENDING = "pending", _("Waiting")
    HELD = "held", _("On hold")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    REJECTED = "rejected", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")


Moves = Mapping[TicketStatus, frozenset[TicketStatus]]

_NEW, _WORK, _WAIT, _HOLD = (
    TicketStatus.ACKNOWLEDGED, TicketStatus.IN_PROGRESS, TicketStatus.PENDING, TicketStatus.HELD,
)  # fmt: skip
_DONE, _CLOSED, _NO, _OFF = (
    TicketStatus.RESOLVED, TicketStatus.CLOSED, TicketStatus.REJECTED, TicketStatus.CANCELLED,
)  # fmt: skip
_AGAIN: Moves = {_DONE: frozenset({_CLOSED, _WORK}), _CLOSED: frozenset({_WORK})}

MOVES_OF: Mapping[TicketType, Moves] = {
    # What is broken is repaired, or it was not broken: it cannot be declined.
    TicketType.TROUBLE: {
        _NEW: frozenset({_WORK, _WAIT, _HOLD, _DONE, _OFF}),
        _WORK: frozenset({_WAIT, _HOLD, _DONE, _OFF}),
        _WAIT: frozenset({_WORK, _HOLD, _DONE, _OFF}),
        _HOLD: frozenset({_WORK, _WAIT, _DONE, _OFF}),
        **_AGAIN,
    },
    # A claim for money may be declined; it is held only for a credit, until somebody goes on with it.
    TicketType.BILLING: {
        _NEW: frozenset({_WORK, _WAIT, _HOLD, _DONE, _NO, _OFF}),
        _WORK: frozenset({_WAIT, _HOLD, _DONE, _NO, _OFF}),
        _WAIT: frozenset({_WORK, _HOLD, _DONE, _NO, _OFF}),
        _HOLD: frozenset({_WORK, _WAIT, _DONE}),
        **_AGAIN,
    },
    # Somebody looks at a complaint before it can wait or end. Only who complained can call it off.
    TicketType.COMPLAINT: {
        _NEW: frozenset({_WORK, _OFF}),
        _WORK: frozenset({_WAIT, _DONE, _OFF}),
        _WAIT: frozenset({_WORK, _DONE, _OFF}),
        **_AGAIN,
    },
    # A request is met or declined, and waits for nobody's outage.
    TicketType.REQUEST: {
        _NEW: frozenset({_WORK, _WAIT, _DONE, _NO, _OFF}),
        _WORK: frozenset({_WAIT, _DONE, _NO, _OFF}),
        _WAIT: frozenset({_WORK, _DONE, _NO, _OFF}),
        **_AGAIN,
    },
}
"""The lifecycle of each type."""

MOVES: Moves = {
    status: frozenset().union(*(moves.get(status, frozenset()) for moves in MOVES_OF.values()))
    for status in (_NEW, _WORK, _WAIT, _HOLD, _DONE, _CLOSED)
}
"""What any type allows: what the database holds every ticket to."""

ENDED_BY_THE_CUSTOMER = frozenset({TicketType.COMPLAINT})
"""Types that staff cannot cancel."""
ANSWERED_BEFORE_THEY_END = frozenset({TicketType.COMPLAINT})
"""Types that are resolved only after the customer was answered."""

OPEN = frozenset({_NEW, _WORK, _WAIT, _HOLD})
"""Somebody still waits for us, or we for somebody."""
STOPPED = frozenset({_WAIT, _HOLD})
"""It goes on when something else has happened; the reason says what."""


class PendingReason(models.TextChoices):
    """Whom or what a ticket waits for."""

    CUSTOMER = "customer", _("the customer's answer")
    THIRD_PARTY = "third_party", _("somebody else's work")
    PARTS = "parts", _("parts")
    APPOINTMENT = "appointment", _("the appointment")


class HoldReason(models.TextChoices):
    """What a ticket is held for."""

    OUTAGE = "outage", _("an outage that is being repaired")
    CREDIT = "credit", _("a credit that is being posted")


HELD_BY_HAND = frozenset({HoldReason.CREDIT})
"""For what a person may hold a ticket: for an outage it is held by being attached to it."""

HOLD_REASONS_OF: Mapping[TicketType, frozenset[HoldReason]] = {
    TicketType.TROUBLE: frozenset(HoldReason),
    TicketType.BILLING: frozenset({HoldReason.CREDIT}),
    TicketType.COMPLAINT: frozenset(),
    TicketType.REQUEST: frozenset(),
}


class Priority(models.TextChoices):
    """How urgent a ticket is."""

    P1 = "p1", _("P1 – nothing works, many or much at stake")
    P2 = "p2", _("P2 – a service does not work")
    P3 = "p3", _("P3 – it works badly")
    P4 = "p4", _("P4 – when there is time")


class TicketChannel(models.TextChoices):
    """How something reached us."""

    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    MAIL = "mail", _("E-mail")
    STORE = "store", _("Store")
    DOOR = "door", _("At the door")
    SYSTEM = "system", _("Our own systems")


class ResolutionCode(models.TextChoices):
    """What put an end to a ticket. The cause is what a repeat of it is compared with."""

    RESTORED = "restored", _("Repaired by us")
    RESTORED_ITSELF = "restored_itself", _("Worked again by itself")
    CUSTOMER_SIDE = "customer_side", _("Put right at the customer's")
    REPLACED = "replaced", _("Equipment replaced")
    OUTAGE_ENDED = "outage_ended", _("The outage is over")
    EXPLAINED = "explained", _("Explained")
    CREDITED = "credited", _("Credited")
    APOLOGISED = "apologised", _("Apologised and put right")
    DONE = "done", _("Done as asked")
    NOT_FOUND = "not_found", _("No fault found")
    NO_ANSWER = "no_answer", _("The customer did not answer")


RESOLUTIONS_OF: Mapping[TicketType, tuple[ResolutionCode, ...]] = {
    TicketType.TROUBLE: (
        ResolutionCode.RESTORED, ResolutionCode.REPLACED, ResolutionCode.CUSTOMER_SIDE, ResolutionCode.RESTORED_ITSELF,
        ResolutionCode.OUTAGE_ENDED, ResolutionCode.NOT_FOUND, ResolutionCode.NO_ANSWER,
    ),
    TicketType.BILLING: (ResolutionCode.EXPLAINED, ResolutionCode.CREDITED, ResolutionCode.NO_ANSWER),
    TicketType.COMPLAINT: (ResolutionCode.APOLOGISED, ResolutionCode.EXPLAINED, ResolutionCode.CREDITED),
    TicketType.REQUEST: (ResolutionCode.DONE, ResolutionCode.EXPLAINED, ResolutionCode.NO_ANSWER),
}  # fmt: skip
"""What each type may end with, the usual one first."""


class EndReason(models.TextChoices):
    """Why a ticket ended that nobody ended."""

    SILENT = "silent", _("nothing more was heard")


class Score(models.TextChoices):
    """How content a customer was with how a ticket was handled."""

    GOOD = "good", _("Well")
    FAIR = "fair", _("So-so")
    BAD = "bad", _("Badly")


class Figure(models.TextChoices):
    """What is counted of the tickets that were put right in some days."""

    PUT_RIGHT = "put_right", _("Put right")
    RESTORED = "restored", _("Time to restore")
    WORKED = "worked", _("Time to restore, in working time")
    FIRST_CONTACT = "first_contact", _("Fixed in the first contact")
    REOPENED = "reopened", _("Reopened")
    TROUBLE = "trouble", _("Trouble put right")
    REPEATED = "repeated", _("Fault came back within 30 days")
    OF_OUTAGE = "of_outage", _("Explained by an outage")
    PART = "part", _("Part of another ticket")
    MERGED = "merged", _("Merged into another ticket")
    CALLED_OFF = "called_off", _("Called off or declined after all")


LEFT_OUT = (Figure.OF_OUTAGE, Figure.PART, Figure.MERGED, Figure.CALLED_OFF)
"""Tickets that were put right and are in none of the other figures."""


class RoutingCause(models.TextChoices):
    """Why somebody was looked for to do a ticket."""

    OPENED = "opened", _("When it was opened")
    REOPENED = "reopened", _("When it was reopened")
    WAITED = "waited", _("When somebody became free")
    FELL_BACK = "fell_back", _("When it had waited too long")
    BY_HAND = "by_hand", _("When somebody asked for it")
    RETYPED = "retyped", _("When its type was changed")
    REASSIGNED = "reassigned", _("When all of one person’s were given to others")


class Unplaced(models.TextChoices):
    """Why a ticket is nobody's."""

    NO_PROCEDURE = "no_procedure", _("no routing procedure is in force here")
    NO_RULE = "no_rule", _("no rule of the procedure holds for it")
    NOBODY = "nobody", _("nobody of the team can take it")
    NO_TEAM = "no_team", _("it belongs to no team")


class ArticleKind(models.TextChoices):
    """What stands on a ticket's timeline."""

    CUSTOMER = "customer", _("From the customer")
    ANSWER = "answer", _("Our answer")
    NOTE = "note", _("Internal note")
    PHONE = "phone", _("Noted on the phone")
    SYSTEM = "system", _("By itself")


PUBLIC = frozenset({ArticleKind.CUSTOMER, ArticleKind.ANSWER, ArticleKind.PHONE})
"""What the customer may read. A phone note is what they said."""
FROM_THE_CUSTOMER = frozenset({ArticleKind.CUSTOMER, ArticleKind.PHONE})


class EscalationReason(models.TextChoices):
    """Why somebody further up looks at a ticket."""

    TIME = "time", _("a promise was or will be missed")
    SKILL = "skill", _("it needs somebody who knows more")
    CUSTOMER_ASKED = "customer_asked", _("the customer asked for it")
    VISIT_MISSED = "visit_missed", _("nobody came to a visit")


class DetachReason(models.TextChoices):
    """Why an outage no longer explains a ticket."""

    OTHER_FAULT = "other_fault", _("their fault is another")
    STILL_DOWN = "still_down", _("it does not work, though the outage is over")


class ChildPolicy(models.TextChoices):
    """
    How the end of a ticket and of its parts hang together, where a person ends it.

    The end of an outage ends every ticket that it explains, and those alone: the customer is asked whether it works.
    """

    WITH_PARENT = "with_parent", _("Its parts end with it")
    AFTER_CHILDREN = "after_children", _("It ends after its parts")
    ALONE = "alone", _("Each ends by itself")


class MacroEnd(models.TextChoices):
    """What a macro does with a ticket after it has written."""

    NOTHING = "", _("Leave it as it is")
    WAIT = "wait", _("Wait for the customer")
    RESOLVE = "resolve", _("Resolve it")


class ClockKind(models.TextChoices):
    """What is promised by when."""

    RESPONSE = "response", _("First answer")
    UPDATE = "update", _("Next word to the customer")
    RESTORE = "restore", _("Service works again")
    RESOLVE = "resolve", _("Put right")


class Told(models.TextChoices):
    """Who is told on a step of the escalation ladder."""

    OWNER = "owner", _("whoever has the ticket")
    TEAM = "team", _("its team")
    SUPERVISOR = "supervisor", _("supervisors")


class AlertChannel(models.TextChoices):
    """How staff are told."""

    DESK = "desk", _("At the desk")
    MAIL = "mail", _("By e-mail")


PAUSING = (
    PendingReason.CUSTOMER, PendingReason.THIRD_PARTY, PendingReason.PARTS, PendingReason.APPOINTMENT, HoldReason.CREDIT,
)  # fmt: skip
"""What pauses the clocks unless a policy says otherwise. An outage does not: it is ours to repair."""
LATE_PAUSE = range(90, 100)
"""Percent of a target at which a pause is counted: it may be right, and is looked at."""


class ToClosed(models.TextChoices):
    """What becomes of a mail to a ticket that is closed."""

    REOPEN = "reopen", _("The ticket is reopened")
    FOLLOW_UP = "follow_up", _("A new ticket is opened")


class OutageKind(models.TextChoices):
    """Why something does not work for many."""

    FAULT = "fault", _("Fault")
    MAINTENANCE = "maintenance", _("Planned maintenance")


class OutageStatus(models.TextChoices):
    """How far we are with an outage."""

    PLANNED = "planned", _("Planned")
    INVESTIGATING = "investigating", _("Being investigated")
    IDENTIFIED = "identified", _("Cause known")
    MONITORING = "monitoring", _("Repaired, being watched")
    RESTORED = "restored", _("Over")
    WITHDRAWN = "withdrawn", _("Called off")


_PLANNED, _LOOKING, _KNOWN, _WATCHED, _OVER, _NONE = OutageStatus

OUTAGE_MOVES: Mapping[OutageStatus, frozenset[OutageStatus]] = {
    _PLANNED: frozenset({_KNOWN, _NONE}),
    _LOOKING: frozenset({_KNOWN, _WATCHED, _OVER, _NONE}),
    _KNOWN: frozenset({_LOOKING, _WATCHED, _OVER, _NONE}),
    _WATCHED: frozenset({_LOOKING, _KNOWN, _OVER, _NONE}),
    _OVER: frozenset({_LOOKING}),
}
"""What was repaired and fails again is reopened: it is the same outage, and its callers are the same."""
UNDER_WAY = frozenset({_LOOKING, _KNOWN, _WATCHED})
"""It does not work now: whoever calls about it is attached."""


class ScopeKind(models.TextChoices):
    """What says whom an outage affects."""

    NODE = "node", _("Network node")
    ZIP = "zip", _("ZIP code")
    STREET = "street", _("Street")
    PREMISES = "premises", _("Address")
    ACCOUNT = "account", _("Account")
    PRODUCT = "product", _("Product")


class UpdateStage(models.TextChoices):
    """What is told of an outage."""

    ANNOUNCED = "announced", _("Announced")
    STARTED = "started", _("Begun")
    UPDATED = "updated", _("News")
    RESTORED = "restored", _("Over")
    REOPENED = "reopened", _("Not over after all")
    WITHDRAWN = "withdrawn", _("Called off")


class NoticeChannel(models.TextChoices):
    """By what a notice goes out."""

    EMAIL = "email", _("E-mail")


class CreditRunStatus(models.TextChoices):
    """How far credits for an outage are."""

    REQUESTED = "requested", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    POSTED = "posted", _("Sent to billing")
    CONFIRMED = "confirmed", _("Credited")
    PARTLY_RETURNED = "partly_returned", _("Partly refused by billing")
    DISCARDED = "discarded", _("Discarded")


CREDIT_RUN_MOVES: Mapping[CreditRunStatus, frozenset[CreditRunStatus]] = {
    CreditRunStatus.REQUESTED: frozenset({CreditRunStatus.APPROVED, CreditRunStatus.DISCARDED}),
    CreditRunStatus.APPROVED: frozenset({CreditRunStatus.POSTED}),
    CreditRunStatus.POSTED: frozenset({CreditRunStatus.CONFIRMED, CreditRunStatus.PARTLY_RETURNED}),
    CreditRunStatus.PARTLY_RETURNED: frozenset({CreditRunStatus.CONFIRMED}),
}


class CreditStatus(models.TextChoices):
    """Where one account's credit is."""

    PENDING = "pending", _("Not sent")
    SENT = "sent", _("Sent")
    CONFIRMED = "confirmed", _("Credited")
    RETURNED = "returned", _("Refused")
    DISCARDED = "discarded", _("Discarded")


CREDIT_MOVES: Mapping[CreditStatus, frozenset[CreditStatus]] = {
    CreditStatus.PENDING: frozenset({CreditStatus.SENT, CreditStatus.DISCARDED}),
    CreditStatus.SENT: frozenset({CreditStatus.CONFIRMED, CreditStatus.RETURNED}),
    CreditStatus.RETURNED: frozenset({CreditStatus.CONFIRMED}),
}
"""A person may find out that what was called refused is there after all."""
CREDITS_THAT_COUNT = frozenset(CreditStatus) - {CreditStatus.DISCARDED}
"""What is credited, or may be: the next run pays only the rest. What billing refused is sent again, and not counted twice."""


# Intake.


class Matter(models.TextChoices):
    """What it is about, of what is no trouble with a service."""

    CHARGE = "charge", _("A charge that I do not understand")
    PRICE = "price", _("Another price than I was promised")
    PAYMENT = "payment", _("A payment that is not shown")
    TWICE = "twice", _("Charged twice")
    SERVICE = "service", _("How well the service works")
    VISIT = "visit", _("A technician’s visit")
    STAFF = "staff", _("How I was treated")
    BILL = "bill", _("What I was charged")
    PRIVACY = "privacy", _("What is done with my data")
    MOVE = "move", _("Moving to another address")
    CHANGE = "change", _("Another package or equipment")
    NAME = "name", _("A new name or address on the bill")
    COPY = "copy", _("A copy of a document")
    LEAVE = "leave", _("Ending a service")
    OTHER = "other", _("Something else")


MATTERS_OF: Mapping[TicketType, tuple[Matter, ...]] = {
    TicketType.TROUBLE: (),
    TicketType.BILLING: (Matter.CHARGE, Matter.PRICE, Matter.PAYMENT, Matter.TWICE, Matter.OTHER),
    TicketType.COMPLAINT: (
        Matter.SERVICE, Matter.VISIT, Matter.STAFF, Matter.BILL, Matter.PRIVACY, Matter.OTHER,
    ),
    TicketType.REQUEST: (Matter.MOVE, Matter.CHANGE, Matter.NAME, Matter.COPY, Matter.LEAVE, Matter.OTHER),
}  # fmt: skip
"""What is asked of each type in place of a symptom."""


class StepKind(models.TextChoices):
    """How a step on the way through a symptom is answered."""

    QUESTION = "question", _("Somebody answers")
    READING = "reading", _("The equipment is read")


class Finding(models.TextChoices):
    """What a reading says of a device."""

    OFFLINE = "offline", _("Not connected")
    WEAK = "weak", _("Connected, with a bad signal")
    GOOD = "good", _("Connected, with a good signal")
    UNKNOWN = "unknown", _("Could not be read")


class ProbeTrouble(models.TextChoices):
    """Why a device could not be read."""

    AWAY = "away", _("its system does not answer")
    STRANGER = "stranger", _("its system does not know the device")
    NOT_SET_UP = "not_set_up", _("no system reads equipment here")


class Ending(models.TextChoices):
    """What the way through a symptom leads to."""

    REMOTE = "remote", _("work from here")
    VISIT = "visit", _("a technician’s visit")
    FIXED = "fixed", _("it works again")


# Tasks and visits.


class TaskKind(models.TextChoices):
    """What is to be done for a ticket."""

    TO_DO = "to_do", _("To do")
    CALL_BACK = "call_back", _("Call back")


class TaskStatus(models.TextChoices):
    """Where a task stands."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


TASK_MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.OPEN: frozenset({TaskStatus.DONE, TaskStatus.DROPPED}),
}


class VisitStatus(models.TextChoices):
    """How far a visit is."""

    BOOKED = "booked", _("Booked")
    ON_THE_WAY = "on_the_way", _("On the way")
    ARRIVED = "arrived", _("There")
    MADE = "made", _("Made")
    MISSED = "missed", _("Missed")
    MOVED = "moved", _("Moved")
    CALLED_OFF = "called_off", _("Called off")


VISIT_MOVES: Mapping[VisitStatus, frozenset[VisitStatus]] = {
    VisitStatus.BOOKED: frozenset({
        VisitStatus.ON_THE_WAY, VisitStatus.ARRIVED, VisitStatus.MISSED, VisitStatus.MOVED, VisitStatus.CALLED_OFF,
    }),
    VisitStatus.ON_THE_WAY: frozenset({
        VisitStatus.ARRIVED, VisitStatus.MISSED, VisitStatus.MOVED, VisitStatus.CALLED_OFF,
    }),
    VisitStatus.ARRIVED: frozenset({VisitStatus.MADE}),
    VisitStatus.MISSED: frozenset({VisitStatus.ARRIVED, VisitStatus.MOVED, VisitStatus.CALLED_OFF}),
}  # fmt: skip
"""Who comes late arrives all the same. A visit that is moved stays as it was: another one takes its place."""
AHEAD = frozenset({VisitStatus.BOOKED, VisitStatus.ON_THE_WAY})
"""The agent is expected: missed when the window is over."""
UNDER_WAY_OR_OWED = AHEAD | {VisitStatus.ARRIVED, VisitStatus.MISSED}
"""Something is still to come of it: a ticket has one such visit at most."""


class VisitOutcome(models.TextChoices):
    """What came of a visit."""

    PUT_RIGHT = "put_right", _("It works")
    COME_AGAIN = "come_again", _("Somebody has to come again")
    NOT_HOME = "not_home", _("Nobody was at home")


class DeedKind(models.TextChoices):
    """What an agent does on a visit."""

    SET_OFF = "set_off", _("Set off")
    ARRIVE = "arrive", _("Arrived")
    SWAP = "swap", _("Changed a device")
    PHOTO = "photo", _("Took a photo")
    FINISH = "finish", _("Done")
