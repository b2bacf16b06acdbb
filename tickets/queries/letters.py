"""What a letter about a ticket proves: whoever holds it reads the requester's mailbox."""

from datetime import timedelta

from django.core import signing

from tickets.models import Rating, Ticket
from tickets.states import ResolutionCode, TicketChannel, TicketStatus

LETTER_LASTS = timedelta(days=60)
"""For how long a link in a letter opens something."""
_SALT = "tickets.letter"


def proof_of(ticket: Ticket) -> str:
    """Return what a letter to the requester of a ticket carries in its links."""
    return signing.dumps({"ticket": ticket.pk, "to": ticket.requester_email}, salt=_SALT)


def ticket_by_proof(proof: str) -> Ticket | None:
    """Return the ticket that a link is about; None where it is forged, too old, or went to who is not its requester now."""
    try:
        said = signing.loads(proof, salt=_SALT, max_age=LETTER_LASTS)
    except signing.BadSignature:
        return None
    return (
        Ticket.objects.select_related("division", "customer")
        .filter(pk=said["ticket"], requester_email=said["to"])
        .first()
    )


def may_be_rated(ticket: Ticket) -> bool:
    """
    Tell whether the customer is asked how a ticket was handled.

    It has ended well, nobody was asked before, and it is one's own: no duplicate of another, none of the many of an
    outage, and none that we raised ourselves.
    """
    is_ours = ticket.channel == TicketChannel.SYSTEM or bool(
        ticket.opened_by and ticket.opened_by.email == ticket.requester_email
    )
    is_duplicate = bool(ticket.merged_into_id)
    is_one_of_many = ticket.resolution == ResolutionCode.OUTAGE_ENDED or bool(ticket.parent_id)
    has_ended = ticket.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    if is_ours or is_duplicate or is_one_of_many or not has_ended:
        return False
    return not Rating.objects.filter(ticket=ticket).exists()
