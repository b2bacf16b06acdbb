"""What tickets hear: of themselves, letters, promises and outages following a fact; of mail, and of billing."""

from datetime import datetime

from billing.events import CreditConfirmed, CreditRefused
from foundation.correspondence.events import MailReceived, MessageBounced
from foundation.events.facts import subscribe
from foundation.events.models import Event
from tickets import services
from tickets.events import (
    AnswerLeft,
    CreditRunMoved,
    OutageTold,
    PromiseMissed,
    PromiseNearing,
    PromiseOverdue,
    ResolutionLeft,
    TicketDetached,
    TicketMoved,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TypeChanged,
    VisitBooked,
    VisitCalledOff,
    VisitMade,
    VisitMissed,
    VisitMoved,
)
from tickets.services import outages
from tickets.states import OPEN, CreditRunStatus, DetachReason, RoutingCause, TicketStatus


@subscribe(TicketOpened)
def send_receipt(fact: TicketOpened, _event: Event) -> None:
    """Tell the requester that we have it."""
    services.send_receipt(fact.ticket_id)


@subscribe(AnswerLeft)
def send_answer(fact: AnswerLeft, _event: Event) -> None:
    """Send the answer."""
    services.send_answer(fact.article_id)


@subscribe(TicketResolved)
def follow_resolution(fact: TicketResolved, event: Event) -> None:
    """Let the requester be told when it can no longer be taken back, where whoever resolved it has not owed that already."""
    services.follow_resolution(fact.ticket_id, times=fact.times, at=event.at)


@subscribe(ResolutionLeft)
def ask_whether_it_is_fixed(fact: ResolutionLeft, _event: Event) -> None:
    """Ask the requester whether it is fixed."""
    services.send_resolution(fact.ticket_id, times=fact.times)


@subscribe(TicketMoved)
def send_refusal(fact: TicketMoved, _event: Event) -> None:
    """Tell the requester why it will not be done."""
    if fact.after == TicketStatus.REJECTED:
        services.send_refusal(fact.ticket_id)


@subscribe(TicketOpened)
def route_opened(fact: TicketOpened, _event: Event) -> None:
    """Find somebody for it."""
    services.route_ticket(fact.ticket_id, cause=RoutingCause.OPENED)


@subscribe(TicketReopened)
def route_reopened(fact: TicketReopened, _event: Event) -> None:
    """Find somebody for it, unless somebody has it still."""
    services.route_ticket(fact.ticket_id, cause=RoutingCause.REOPENED)


@subscribe(TypeChanged)
def route_retyped(fact: TypeChanged, _event: Event) -> None:
    """Find whoever does tickets of its new type."""
    services.route_anew(fact.ticket_id)


@subscribe(TicketMoved)
def follow_ticket(fact: TicketMoved, event: Event) -> None:
    """Bring the clocks in step of a ticket that was moved together with many others; else they are already."""
    services.follow_ticket(fact.ticket_id, at=event.at, status=fact.after)


@subscribe(PromiseNearing)
def warn(fact: PromiseNearing, _event: Event) -> None:
    """Tell whoever can still keep the promise."""
    services.climb_ladder(fact.clock_id, fact.share, datetime.fromisoformat(fact.moment))


@subscribe(PromiseMissed)
def escalate(fact: PromiseMissed, _event: Event) -> None:
    """Raise what is late."""
    services.climb_ladder(fact.clock_id, fact.share, datetime.fromisoformat(fact.moment))


@subscribe(PromiseOverdue)
def escalate_further(fact: PromiseOverdue, _event: Event) -> None:
    """Raise what is later still."""
    services.climb_ladder(fact.clock_id, fact.share, datetime.fromisoformat(fact.moment))


@subscribe(MailReceived)
def take_mails(fact: MailReceived, _event: Event) -> None:
    """Let what came in by mail find its ticket."""
    services.take_mails(fact.mail_ids)


@subscribe(MessageBounced)
def note_bounce(fact: MessageBounced, _event: Event) -> None:
    """Tell staff that a letter did not arrive."""
    services.note_bounce(fact.message_id)


@subscribe(VisitMissed)
def tell_of_missed_visit(fact: VisitMissed, _event: Event) -> None:
    """Tell the supervisors that nobody came."""
    services.tell_of_missed_visit(fact.visit_id)


@subscribe(VisitMade)
def follow_visit(fact: VisitMade, _event: Event) -> None:
    """Resolve what works again, and let somebody have what does not."""
    services.follow_visit(fact.visit_id)


@subscribe(TicketMoved)
def call_off_with_ticket(fact: TicketMoved, _event: Event) -> None:
    """Send nobody for what has ended; for what is resolved, once that cannot be taken back."""
    if fact.after not in OPEN and fact.after != TicketStatus.RESOLVED:
        services.call_off_with_ticket(fact.ticket_id)


@subscribe(ResolutionLeft)
def call_off_when_resolved(fact: ResolutionLeft, _event: Event) -> None:
    """Send nobody for what is resolved."""
    services.call_off_with_ticket(fact.ticket_id)


@subscribe(VisitBooked)
def tell_of_visit(fact: VisitBooked, _event: Event) -> None:
    """Tell the customer who comes when."""
    services.send_visit(fact.visit_id)


@subscribe(VisitMoved)
def tell_of_moved_visit(fact: VisitMoved, _event: Event) -> None:
    """Tell the customer of the new time."""
    services.send_visit(fact.visit_id)


@subscribe(VisitCalledOff)
def tell_of_called_off_visit(fact: VisitCalledOff, _event: Event) -> None:
    """Tell the customer that nobody comes."""
    services.send_visit(fact.visit_id)


# Outages.


@subscribe(TicketOpened)
def attach_late_caller(fact: TicketOpened, _event: Event) -> None:
    """Let the outage at its address explain a new ticket."""
    outages.attach_late_caller(fact.ticket_id)


@subscribe(TicketReopened)
def leave_outage(fact: TicketReopened, _event: Event) -> None:
    """Let what is still down after an outage go on by itself."""
    outages.leave_outage(fact.ticket_id)


@subscribe(TicketDetached)
def route_detached(fact: TicketDetached, _event: Event) -> None:
    """Find somebody for it: nobody waits for the outage any more. What is reopened was routed by that."""
    if fact.reason != DetachReason.STILL_DOWN:
        services.route_ticket(fact.ticket_id, cause=RoutingCause.REOPENED)


@subscribe(OutageTold)
def tell_customers(fact: OutageTold, _event: Event) -> None:
    """Write to everybody whom it concerns."""
    outages.tell_customers(fact.update_id)


@subscribe(CreditRunMoved)
def post_approved_credits(fact: CreditRunMoved, _event: Event) -> None:
    """Send what was approved."""
    if fact.status == CreditRunStatus.APPROVED:
        outages.post_credits(fact.run_id)


@subscribe(CreditConfirmed)
def record_credit_confirmed(fact: CreditConfirmed, _event: Event) -> None:
    """An account was credited for an outage."""
    outages.record_credit_confirmed(fact.request_id, fact.credit_id)


@subscribe(CreditRefused)
def record_credit_refused(fact: CreditRefused, _event: Event) -> None:
    """An account was not credited for an outage."""
    outages.record_credit_refused(fact.request_id, fact.reason)
