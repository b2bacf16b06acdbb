"""Keep how content a customer was."""

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.lifecycle import NotAllowed
from tickets.events import TicketRated
from tickets.models import Rating
from tickets.queries import may_be_rated
from tickets.services.rows import locked, record
from tickets.states import Score, TicketChannel

LONGEST_WORDS = 1000


@transaction.atomic
def rate_ticket(ticket_id: int, score: Score, words: str = "") -> Rating:
    """
    Keep what the customer says of how a ticket was handled, by the link in their letter.

    :raises NotAllowed: if it was said before, or this ticket is not asked about
    """
    ticket = locked(ticket_id)
    if not may_be_rated(ticket):
        raise NotAllowed(_("You have told us, or this ticket is not asked about. Thank you."), code="not_asked")
    rating = Rating.objects.create(ticket=ticket, score=score, words=words.strip()[:LONGEST_WORDS])
    record(ticket, TicketRated(ticket_id=ticket.pk, score=score), by=None, channel=TicketChannel.WEB)
    return rating
