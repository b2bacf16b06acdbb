"""What tickets hear of themselves: each letter follows a fact."""

from foundation.events.facts import subscribe
from foundation.events.models import Event
from tickets import services
from tickets.events import AnswerLeft, TicketMoved, TicketOpened, TicketResolved
from tickets.states import TicketStatus


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
