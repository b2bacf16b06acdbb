"""Keep how content a customer was."""

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from tickets.events import TicketRated
from tickets.models import Rating
from tickets.queries import is_customer_of, may_be_rated
from tickets.services.rows import locked, record
from tickets.states import Score, TicketChannel

LONGEST_WORDS = 1000


@transaction.atomic
def rate_ticket(ticket_id: int, score: Score, words: str = "", *, by: User | None = None) -> Rating:
    """
    Keep what the customer says of how a ticket was handled, by the link in their letter (nobody) or on their own page.

    :raises NotAllowed: if it is not theirs, it was said before, or this ticket is not asked about
    """
    ticket = locked(ticket_id)
    if by and not is_customer_of(by, ticket):
        raise NotAllowed(_("This is not your ticket."), code="not_permitted")
    if not may_be_rated(ticket):
        raise NotAllowed(_("You have told us, or this ticket is not asked about. Thank you."), code="not_asked")
    rating = Rating.objects.create(ticket=ticket, score=score, words=words.strip()[:LONGEST_WORDS])
    record(ticket, TicketRated(ticket_id=ticket.pk, score=score), by=by, channel=TicketChannel.WEB)
    return rating
