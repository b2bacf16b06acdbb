"""Customers' replies by mail to tickets that are open: written together, in a few statements, however many they are."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Account, Customer
from foundation.correspondence.inbound import Mail
from foundation.correspondence.mailboxes import writers_address
from foundation.correspondence.models import InboundMail
from foundation.correspondence.services import Received
from foundation.events.facts import Fact
from foundation.events.services import publish_many, reference_to
from tickets.events import CustomerReplied, TicketMoved
from tickets.models import Article, Ticket
from tickets.services.from_mail import (
    in_one_line,
    keep_participants,
    key_of,
    name_what_was_left_out,
    outcome_of,
    rest_of,
    uploads_of,
    words_of,
)
from tickets.services.rows import moved
from tickets.services.uploads import keep_uploads
from tickets.states import ArticleKind, PendingReason, TicketChannel

Sent = tuple[int, str, str]
"""Under what a mail stands on a ticket, as `came_before` returns it: the ticket, the Message-ID, and the writer."""


@dataclass
class _Reply:
    """What somebody wrote on a ticket: its article, before there is one."""

    ticket: Ticket
    each: Received
    words: str
    article_id: int = 0

    @property
    def row(self) -> InboundMail:
        return self.each.row

    @property
    def mail(self) -> Mail:
        return self.each.mail


@dataclass
class Replies:
    """Customers' replies to open tickets, until `save` writes them down."""

    at: datetime
    came_before: set[Sent]
    replies: list[_Reply] = field(default_factory=list)
    moved: list[tuple[Ticket, str]] = field(default_factory=list)
    said: set[tuple[Sent, str]] = field(default_factory=set)

    def add(self, each: Received, ticket: Ticket) -> bool:
        """
        Take a reply, in memory.

        :return: whether it was taken; not one that may stand there already, as it came by another way
        """
        words = words_of(each.mail)
        if each.mail.message_id:
            sent = _sent(each.mail, ticket)
            saying = (sent, in_one_line(words))
            if sent in self.came_before or saying in self.said:
                return False
            self.said.add(saying)
        before = ticket.status
        if ticket.reason == PendingReason.CUSTOMER:
            ticket.start()
            self.moved.append((ticket, before))
        ticket.heard_at = self.at
        ticket.version += 1
        self.replies.append(_Reply(ticket, each, words))
        each.row.mark_handled(outcome_of(ticket), at=self.at)
        return True

    def save(self) -> None:
        """Write everything down and tell what happened."""
        if not self.replies:
            return
        self._write_down()
        for reply in self.replies:
            if reply.mail.files:
                keep_uploads(Article(pk=reply.article_id), uploads_of(reply.mail))
            name_what_was_left_out(reply.ticket, reply.each)
        keep_participants([(reply.ticket, reply.mail) for reply in self.replies])
        self._move_tickets()
        self._tell()

    def _write_down(self) -> None:
        """Write the articles, each with the message that it was taken from."""
        senders = [reply.mail.sender for reply in self.replies]
        params: dict[str, Any] = {
            "key": [key_of(reply.row) for reply in self.replies],
            "ticket_id": [reply.ticket.pk for reply in self.replies],
            "author_name": [sender.name if sender else "" for sender in senders],
            "author_email": [sender.email if sender else "" for sender in senders],
            "text": [reply.words for reply in self.replies],
            "message_id": [reply.mail.message_id for reply in self.replies],
            "mail_id": [reply.row.pk for reply in self.replies],
            "rest": [rest_of(reply.mail) for reply in self.replies],
            "kind": ArticleKind.CUSTOMER,
            "channel": TicketChannel.MAIL,
            "at": self.at,
        }
        with connection.cursor() as cursor:
            cursor.execute(WRITING, params)
            ids: dict[int, int] = dict(cursor.fetchall())
        for reply in self.replies:
            reply.article_id = ids[reply.row.pk]

    def _move_tickets(self) -> None:
        tickets = {reply.ticket.pk: reply.ticket for reply in self.replies}.values()
        columns = {
            name: [getattr(ticket, name) for ticket in tickets] for name in ("pk", "version", "status", "reason")
        }
        with connection.cursor() as cursor:
            cursor.execute(MOVING, {**columns, "at": self.at})

    def _tell(self) -> None:
        facts: list[tuple[Ticket, Fact]] = [
            (
                one.ticket,
                CustomerReplied(ticket_id=one.ticket.pk, article_id=one.article_id, channel=TicketChannel.MAIL),
            )
            for one in self.replies
        ]
        facts += [(ticket, moved(ticket, before, reason=PendingReason.CUSTOMER)) for ticket, before in self.moved]
        params = {
            "names": [fact.name for _ticket, fact in facts],
            "payloads": [json.dumps(fact.payload()) for _ticket, fact in facts],
            "tickets": [ticket.pk for ticket, _fact in facts],
            "about": [" ".join(_about(ticket)) for ticket, _fact in facts],
            "divisions": [ticket.division_id for ticket, _fact in facts],
            "at": self.at,
        }
        publish_many(
            TELLING, params, kinds=[CustomerReplied, TicketMoved], counting="SELECT (SELECT count(*) FROM told)"
        )


WRITING = """
WITH given AS (
    SELECT * FROM unnest(
        %(key)s::text[], %(ticket_id)s::bigint[], %(author_name)s::text[], %(author_email)s::text[], %(text)s::text[],
        %(message_id)s::text[], %(mail_id)s::bigint[], %(rest)s::text[]
    ) AS given (key, ticket_id, author_name, author_email, text, message_id, mail_id, rest)
), said AS (
    INSERT INTO tickets_article (key, ticket_id, author_name, author_email, text, message_id, kind, channel, at, "to")
    SELECT key, ticket_id, author_name, author_email, text, message_id, %(kind)s, %(channel)s, %(at)s, '{}' FROM given
    RETURNING id, key
)
INSERT INTO tickets_articlemail (article_id, mail_id, rest)
SELECT said.id, given.mail_id, given.rest FROM said JOIN given USING (key)
RETURNING mail_id, article_id
"""
MOVING = """
    UPDATE tickets_ticket ticket SET heard_at = %(at)s, version = heard.version, status = heard.status, reason = heard.reason
    FROM unnest(%(pk)s::bigint[], %(version)s::int[], %(status)s::text[], %(reason)s::text[])
        AS heard (id, version, status, reason)
    WHERE ticket.id = heard.id
"""
TELLING = """WITH facts AS (
    SELECT name, payload::jsonb AS payload, 'tickets.ticket' AS subject_type, subject_id,
        string_to_array(about, ' ') AS about, division_id, %(at)s::timestamptz AS at, place
    FROM unnest(
        %(names)s::text[], %(payloads)s::text[], %(tickets)s::bigint[], %(about)s::text[], %(divisions)s::bigint[]
    ) WITH ORDINALITY AS told (name, payload, subject_id, about, division_id, place)
)"""


def _sent(mail: Mail, ticket: Ticket) -> Sent:
    return ticket.pk, mail.message_id, writers_address(mail.sender.email) if mail.sender else ""


def _about(ticket: Ticket) -> list[str]:
    ids = ((Ticket, ticket.pk), (Customer, ticket.customer_id), (Account, ticket.account_id))
    return sorted(reference_to(model, pk) for model, pk in ids if pk)
