"""Where a ticket stands, in words for its customer."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.models import Ticket
from tickets.states import HoldReason, PendingReason, TicketStatus, TicketType

SENTENCES: dict[str, tuple[str | Promise, str | Promise]] = {
    TicketStatus.ACKNOWLEDGED: (_("We have it."), _("Somebody will look at it, and you will hear from us.")),
    TicketStatus.IN_PROGRESS: (_("We are working on it."), _("You will hear from us as soon as there is news.")),
    PendingReason.CUSTOMER: (_("We need an answer from you."), _("Write below. We go on as soon as you do.")),
    PendingReason.THIRD_PARTY: (_("Somebody else has to do their part."), _("We keep asking, and go on after that.")),
    PendingReason.PARTS: (_("A part is on its way."), _("We go on when it is here.")),
    PendingReason.APPOINTMENT: (_("A visit is agreed."), _("We go on at the appointment.")),
    HoldReason.OUTAGE: (_("There is an outage where you live."), _("You will hear from us when it is over.")),
    HoldReason.CREDIT: (_("A credit is being posted."), _("You will hear from us when it is on your account.")),
    TicketStatus.RESOLVED: (_("We think that it is fixed."), _("Tell us whether it is.")),
    TicketStatus.CLOSED: (_("It is done."), ""),
    TicketStatus.REJECTED: (_("We cannot do this."), _("The reason is below. You can call us about it.")),
    TicketStatus.CANCELLED: (_("It was called off."), ""),
}


@dataclass(frozen=True)
class Closing:
    """How a customer is asked whether a ticket is done with: what we think, the question, and the two answers."""

    sentence: Promise
    question: Promise
    yes: Promise
    no: Promise


_FIXED = Closing(_("We think that it is fixed."), _("Is it fixed?"), _("Yes, it is fixed"), _("No, it is not fixed"))
_SETTLED = Closing(
    _("We think that it is settled."), _("Is it settled?"), _("Yes, it is settled"), _("No, it is not settled")
)


def closing_of(ticket: Ticket) -> Closing:
    """Return the words in which a customer is asked: only what was broken is fixed."""
    return _FIXED if ticket.type == TicketType.TROUBLE else _SETTLED


@dataclass(frozen=True)
class TicketProgress:
    """Where a ticket stands: what is so, and what happens next."""

    sentence: str
    next_step: str


def progress_of_ticket(ticket: Ticket) -> TicketProgress:
    """Say where a ticket stands, in words that a customer understands."""
    sentence, next_step = SENTENCES[ticket.reason or ticket.status]
    if ticket.status == TicketStatus.RESOLVED:
        sentence = closing_of(ticket).sentence
    return TicketProgress(str(sentence), str(next_step))
