"""How a letter about a ticket is sent so that its answer finds the ticket, and machines do not answer each other."""

from datetime import timedelta

from foundation.correspondence.models import InboundMail
from foundation.correspondence.queries import count_written, mailbox_of
from foundation.divisions.queries import effective
from foundation.now import now
from tickets.models import Ticket
from tickets.queries import references_of, spellings_of_writer, subject_token
from tickets.settings import AUTOMATIC_PER_HOUR

ANSWER = "tickets.answer"
"""The kind of the letters in which a person answers the customer."""
AUTOMATIC = ("tickets.opened", "tickets.resolved", "tickets.declined", "tickets.visit")
"""Kinds of letters that no person writes."""
RECEIPTS = ("tickets.opened",)
"""Those that a mail alone calls forth: two machines could go on so for ever. For the others somebody here did something."""
LONGEST_SUBJECT = 200


def may_send_receipt(ticket: Ticket) -> bool:
    """
    Tell whether a receipt may go to the requester of a ticket.

    Not to a machine, and not more of them than the division allows to one writer in an hour, by whatever spelling of their
    address.
    """
    mail = InboundMail.objects.filter(pk=ticket.key.removeprefix("mail:")) if ticket.key.startswith("mail:") else None
    if mail and mail.filter(may_be_answered=False).exists():
        return False
    since = now() - timedelta(hours=1)
    written = count_written(spellings_of_writer(ticket.requester_email, since=since), kinds=RECEIPTS, since=since)
    most: int = effective(ticket.division, AUTOMATIC_PER_HOUR)
    return written < most


def thread_headers(ticket: Ticket, message_id: str, *, is_automatic: bool) -> dict[str, str]:
    """
    Return the headers that put a letter into its thread, lead answers to us, and ask machines for none (RFC 3834).

    :param message_id: of the letter itself
    """
    references = [one for one in references_of(ticket) if one != message_id]
    headers = {"References": " ".join(references), "In-Reply-To": references[-1]} if references else {}
    mailbox = mailbox_of(ticket.division)
    if mailbox:
        headers["Reply-To"] = mailbox.address
    if is_automatic:
        headers |= {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    return headers


def with_token(subject_line: str, ticket: Ticket) -> str:
    """Return a subject with the token by which an answer is known to be about a ticket, in its number's place."""
    token = subject_token(ticket)
    plain = " ".join(subject_line.replace(f"[{ticket.number}]", "").split())
    return f"{token} {plain}"[:LONGEST_SUBJECT]
