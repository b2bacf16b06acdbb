"""What tickets hear: of themselves, letters and promises following a fact; and of mail."""

from datetime import datetime

from foundation.correspondence.events import MailReceived, MessageBounced
from foundation.events.facts import subscribe
from foundation.events.models import Event
from tickets import services
from tickets.events import (
    AnswerLeft,
    PromiseMissed,
    PromiseNearing,
    PromiseOverdue,
    TicketMoved,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)
from tickets.states import RoutingCause, TicketStatus


@subscribe(TicketOpened)
def send_receipt(fact: TicketOpened, _event: Event) -> None:
    """Tell the requester that we have it."""
    services.send_receipt(fact.ticket_id)


@subscribe(AnswerLeft)
def send_answer(fact: AnswerLeft, _event: Event) -> None:
    """Send the answer."""
    services.send_answer(fact.article_id)


@subscribe(TicketResolved)
def ask_whether_it_is_fixed(fact: TicketResolved, _event: Event) -> None:
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


@subscribe(TicketMoved)
def follow_ticket(fact: TicketMoved, event: Event) -> None:
    """Bring the clocks in step of a ticket that was moved together with many others; else they are already."""
    services.follow_ticket(fact.ticket_id, at=event.at)


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
