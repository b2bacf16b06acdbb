"""Which ticket a mail belongs to, and how a mail of ours says so."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import Contact, Customer, Mailbox
from foundation.correspondence.inbound import Mail
from foundation.correspondence.mailboxes import is_tagged_freely, normalised_email, writers_address
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.queries import mail_set_aside_visible_to
from foundation.correspondence.services.composing import message_id_of
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from tickets.models import Article, Participant, Ticket
from tickets.states import ArticleKind, TicketChannel

SomeRow = TypeVar("SomeRow", bound=Model)
TOKEN = re.compile(r"\[(T-[A-Z2-9]{4}-[A-Z2-9]{4})-([0-9a-f]{10})\]", re.IGNORECASE)
SAME_WITHIN = timedelta(days=7)
"""So long a Message-ID that comes again from its sender is the same mail; mail servers try no longer."""
OF_WHO_TAKES_PART = ("requester_email", "customer__user__email")
"""What is read of a ticket to tell who takes part in it."""
MOST_COMPARED = 20
"""Articles under one Message-ID, the latest: mail servers bring the same mail some times, and not for ever."""
LAST_REFERENCES = 10
"""Messages of a ticket that a letter of ours refers to: enough for every mail program to find its thread."""


def subject_token(ticket: Ticket) -> str:
    """Return what a letter about a ticket carries in its subject: its number, and the proof that we wrote it."""
    return f"[{ticket.number}-{_proof(ticket.number)}]"


def without_proof(subject: str) -> str:
    """Return a letter's subject as others than its recipient read it: with the ticket's number alone."""
    return TOKEN.sub(r"[\1]", subject)


def number_in_subject(subject: str) -> str:
    """Return the number of the ticket that a subject names with our proof; empty if it names none."""
    for number, proof in TOKEN.findall(subject):
        if constant_time_compare(_proof(number.upper()), proof.lower()):
            return str(number).upper()
    return ""


def _proof(number: str) -> str:
    return salted_hmac("tickets.subject", number, algorithm="sha256").hexdigest()[:10]


def tickets_of_our_letters(message_ids: Iterable[str]) -> dict[str, int]:
    """Return which tickets letters of ours are about, by their Message-IDs: each carries a proof that we wrote it."""
    ids = [one for one in set(message_ids) if one]
    if not ids:
        return {}
    sent = _under(Message.objects.filter(subject_type=Ticket._meta.label_lower), ids)
    said = _under(Article.objects.filter(kind=ArticleKind.ANSWER), ids)
    return dict(sent.values_list("message_id", "subject_id")) | dict(said.values_list("message_id", "ticket_id"))


def _under(rows: QuerySet[SomeRow], message_ids: Collection[str]) -> QuerySet[SomeRow]:
    """
    Keep those that were sent under Message-IDs.

    That none of these is empty is said, too: of more than a hundred, Postgres does not see by itself that the index over
    all that have one serves.
    """
    return rows.filter(message_id__in=message_ids).exclude(message_id="")


def tickets_answered(mails: Sequence[Mail]) -> list[int | None]:
    """
    Return for each mail the ticket of the message that it answers: by In-Reply-To, then by References from the newest.

    A letter of ours counts whoever answers it. The Message-ID of what came in is whatever its sender made of it: it
    counts for its own author, then for those who take part in its ticket, and for nobody else.
    """
    ours = tickets_of_our_letters(one for mail in mails for one in mail.answers)
    theirs = _told_by_others({one for mail in mails for one in mail.answers} - ours.keys())
    return [
        next(filter(None, (ours.get(one) or _of_its_own(mail, theirs.get(one, [])) for one in mail.answers)), None)
        for mail in mails
    ]


def _told_by_others(message_ids: Collection[str]) -> dict[str, list[tuple[Article, set[str]]]]:
    """Return what came in under Message-IDs, the latest first, each with who takes part in its ticket."""
    came = _under(Article.objects.exclude(kind=ArticleKind.ANSWER), message_ids)
    articles = list(came.only("message_id", "author_email", "ticket").order_by("-pk"))
    if not articles:
        return {}
    concerned = Ticket.objects.filter(pk__in={article.ticket_id for article in articles})
    parts = _addresses_by_ticket(list(concerned.select_related("customer__user").only(*OF_WHO_TAKES_PART)))
    found: dict[str, list[tuple[Article, set[str]]]] = {}
    for article in articles:
        found.setdefault(article.message_id, []).append((article, parts[article.ticket_id]))
    return found


def _of_its_own(mail: Mail, told: Sequence[tuple[Article, set[str]]]) -> int | None:
    if mail.sender is None:
        return None
    writer = writers_address(mail.sender.email)
    of_the_author = (one.ticket_id for one, _parts in told if writers_address(one.author_email) == writer)
    of_the_others = (one.ticket_id for one, parts in told if writer in parts)
    return next(chain(of_the_author, of_the_others), None)


def written_before(mail: Mail, division: Division) -> list[Article]:
    """
    Return what its sender wrote last to a division, or below it, under a mail's own Message-ID within `SAME_WITHIN`.

    It is the same mail by another way, whatever was changed on the way; what others wrote under that Message-ID is not.
    """
    if mail.sender is None or not mail.message_id:
        return []
    divisions = Division.objects.under(division)
    wrote = Article.objects.filter(
        message_id=mail.message_id, at__gte=now() - SAME_WITHIN, ticket__division__in=divisions
    )
    writer = writers_address(mail.sender.email)
    rows = wrote.select_related("ticket").defer("search", "ticket__search").order_by("-pk")[:MOST_COMPARED]
    return [one for one in reversed(rows) if writers_address(one.author_email) == writer]


def came_before(mails: Iterable[Mail], tickets: Collection[int]) -> set[tuple[int, str, str]]:
    """
    Return under which Message-IDs of mails somebody wrote on tickets: the ticket, the Message-ID, and the writer.

    :param tickets: their ids; they are held, so that nobody adds to them meanwhile
    """
    ids = {mail.message_id for mail in mails if mail.message_id}
    if not (ids and tickets):
        return set()
    came = _under(Article.objects.filter(ticket__in=tickets), ids).order_by()
    found = came.values_list("ticket_id", "message_id", "author_email").distinct()
    return {(ticket_id, message_id, writers_address(email)) for ticket_id, message_id, email in found}


def takes_part(email: str, ticket: Ticket) -> bool:
    """
    Tell whether an address is the requester's, the customer's, or of somebody who takes part in a ticket.

    In doubt it is not: see `writers_address`.
    """
    return writers_address(email) in _addresses_by_ticket([ticket])[ticket.pk]


def _addresses_by_ticket(tickets: Collection[Ticket]) -> dict[int, set[str]]:
    """Return the addresses of those who take part in tickets, as `writers_address` writes them, by the tickets' ids."""
    found = {ticket.pk: {ticket.requester_email} for ticket in tickets}
    for pk, email in Participant.objects.filter(ticket__in=found).values_list("ticket", "email"):
        found[pk].add(email)
    customers = {ticket.customer for ticket in tickets if ticket.customer}
    reached: dict[int, set[str]] = {one.pk: {one.user.email} if one.user else set() for one in customers}
    for pk, email in Contact.objects.filter(customer__in=reached).values_list("customer", "email"):
        reached[pk].add(email)
    for ticket in tickets:
        found[ticket.pk] |= reached.get(ticket.customer_id or 0, set())
    return {pk: {writers_address(one) for one in emails if one} for pk, emails in found.items()}


def customers_by_email(email: str, division: Division) -> QuerySet[Customer]:
    """
    Return the customers of a division, and of those below it, who surely write from an address (`writers_address`).

    A plus-tag makes another address of it, unless the provider promises otherwise: what we know of a customer is not
    told to a neighbour in their mail domain, nor is a ticket of theirs opened by one.
    """
    contacts = Contact.objects.alias(mailbox=Mailbox("email")).filter(mailbox=normalised_email(email))
    if not is_tagged_freely(email):
        contacts = contacts.filter(email=writers_address(email))
    return Customer.objects.filter(
        pk__in=contacts.values("customer"), division__in=Division.objects.under(division)
    ).select_related("division")


def customer_by_email(email: str, division: Division) -> Customer | None:
    """Return the one customer who surely writes from an address; None where there is none, or several."""
    found = list(customers_by_email(email, division)[:2])
    return found[0] if len(found) == 1 else None


def count_opened_by(email: str, *, since: datetime) -> int:
    """Return how many tickets a writer has opened by mail since a moment, by whatever spelling of their address."""
    return len(_addresses_opened_by(email, since))


def spellings_of_writer(email: str, *, since: datetime) -> set[str]:
    """Return an address and every other spelling of it by which its writer has opened a ticket by mail since a moment."""
    return {email, *_addresses_opened_by(email, since)}


def _addresses_opened_by(email: str, since: datetime) -> list[str]:
    mailed = Ticket.objects.alias(mailbox=Mailbox("requester_email")).filter(
        mailbox=normalised_email(email), channel=TicketChannel.MAIL, opened_at__gt=since
    )
    writer = writers_address(email)
    return [one for one in mailed.values_list("requester_email", flat=True) if writers_address(one) == writer]


def mails_waiting_for(user: User) -> QuerySet[InboundMail]:
    """Return the messages that no program could place, of the divisions in which a person works on tickets."""
    return mail_set_aside_visible_to(user).filter(division__in=divisions_where(user, Permission.WORK_TICKETS))


def references_of(ticket: Ticket) -> list[str]:
    """Return the Message-IDs of a ticket's conversation, from the oldest: the first one, and the latest."""
    said = ticket.articles.exclude(message_id="").order_by("at", "pk").values_list("message_id", flat=True)
    first = message_id_of(f"tickets.opened:{ticket.pk}")
    ids = list(said) if ticket.channel == TicketChannel.MAIL else [first, *said]
    return ids[:1] + ids[1:][-LAST_REFERENCES:]


def recipients_of(ticket: Ticket) -> list[str]:
    """Return to whom an answer goes: the requester, and whom staff has added."""
    added = Participant.objects.filter(ticket=ticket, is_copied=True).values_list("email", flat=True)
    return [ticket.requester_email, *(one for one in added if one != ticket.requester_email)]
