"""What a letter about a ticket proves: whoever holds it reads the requester's mailbox."""

from datetime import timedelta

from django.core import signing

from tickets.models import Rating, Ticket
from tickets.queries.sight import reachable_ticket, tickets_of
from tickets.queries.threads import takes_part
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


def where_a_letter_leads(ticket: Ticket) -> Ticket | None:
    """
    Return the ticket on which one goes on by a letter about another; None where whoever got the letter may not see that.

    Whoever reported it in their own name is asked as at their account; of anybody else the address has to take part there.
    """
    found = reachable_ticket(ticket)
    if found == ticket:
        return ticket
    if ticket.reported_by:
        is_seen = tickets_of(ticket.reported_by).filter(pk=found.pk).exists()
    else:
        is_seen = takes_part(ticket.requester_email, found)
    return found if is_seen else None


def may_be_rated(ticket: Ticket) -> bool:
    """
    Tell whether the customer is asked how a ticket was handled.

    It was put right, the customer has not rated it yet, and it is one's own: no duplicate of another, none of the many of an
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
