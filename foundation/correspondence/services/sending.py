"""Hand messages to the mail server, and keep what it said."""

import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.core import mail
from django.db import transaction

from foundation.correspondence.events import MessageBounced, MessageSent, MessagesSent, MessageSuppressed
from foundation.correspondence.inbound.judging import LOOP_HEADER, loop_mark
from foundation.correspondence.models import Message
from foundation.correspondence.services.composing import message_id_of
from foundation.correspondence.services.suppression import is_suppressed, link_to_unsubscribe, suppressed_among
from foundation.correspondence.services.wire import PlainLetter
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.events.services import publish
from foundation.now import now

AT_ONCE = 50
"""Messages that are taken, handed over and recorded together: so many at most are seen twice after a kill."""
LONGEST_TURN = timedelta(seconds=30)
"""For how long one delivery goes on sending: with the patience of one call, it stays below the outbox's lease."""
PERMANENT = range(500, 600)
"""SMTP's answers that will be the same tomorrow (RFC 5321, 4.2.1)."""


def send_message(message_id: int) -> None:
    """
    Hand a message to the mail server.

    One that a killed worker left in *sending* is sent again under the same Message-ID: an e-mail is rather seen
    twice than never. One that the server refuses for good has bounced.

    :raises NotAllowed: if it was sent, suppressed or withheld before, or has bounced
    :raises OSError: if the mail server cannot be reached or refuses for now; the message waits for the next try
    """
    message = _start_sending(message_id)
    if message.status == MessageStatus.SUPPRESSED:
        return
    try:
        _hand_over(message)
    except OSError as error:
        _record_refusal(message_id, error)
        if not is_permanent(error):
            raise
    else:
        _record_sent(message_id)


@transaction.atomic
def _start_sending(message_id: int) -> Message:
    message = Message.objects.locked().select_related("division").get(pk=message_id)
    if message.status == MessageStatus.SENDING:
        return message
    if message.purpose == Purpose.MARKETING and is_suppressed(message.to):
        _suppress(message)
    else:
        message.start_sending()
        message.message_id = message.message_id or message_id_of(message.key)
    message.save(update_fields=["status", "message_id"])
    return message


def _suppress(message: Message) -> None:
    message.suppress()
    fact = MessageSuppressed(message_id=message.pk, kind=message.kind)
    publish(fact, subject=message, division=message.division, by=None)


def headers_of(message: Message) -> dict[str, str]:
    """Return a message's headers; advertising names the way out that mail programs show as a button (RFC 8058)."""
    headers = {**message.headers, "Message-ID": message.message_id, LOOP_HEADER: loop_mark(message.message_id)}
    if message.purpose == Purpose.MARKETING:
        headers["List-Unsubscribe"] = f"<{link_to_unsubscribe(message.key)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _hand_over(message: Message, connection: Any = None) -> None:
    letter = PlainLetter(
        subject=message.subject_line,
        body=message.text,
        from_email=message.sender,
        to=[message.to],
        headers=headers_of(message),
        connection=connection,
    )
    if message.html:
        letter.attach_alternative(message.html, "text/html")
    if message.purpose == Purpose.SERVICE:
        for document in message.documents.all():
            letter.attach(document.filename, bytes(document.content), document.media_type)
    letter.send()


def is_permanent(error: OSError) -> bool:
    """Tell whether the mail server will refuse this message, or its recipient, tomorrow as well."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in PERMANENT for code, _text in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code in PERMANENT


@transaction.atomic
def _record_sent(message_id: int) -> None:
    message = Message.objects.locked().select_related("division").get(pk=message_id)
    at = now()
    message.mark_sent(at=at)
    message.save(update_fields=["status", "sent_at", "error"])
    fact = MessageSent(message_id=message.pk, kind=message.kind)
    publish(fact, subject=message, division=message.division, by=None, at=at)


@transaction.atomic
def _record_refusal(message_id: int, error: OSError) -> None:
    """Keep that the mail server did not take a message: for now, or for good."""
    message = Message.objects.locked().select_related("division").get(pk=message_id)
    if is_permanent(error):
        message.bounce(str(error))
        fact = MessageBounced(message_id=message.pk, kind=message.kind)
        publish(fact, subject=message, division=message.division, by=None)
    else:
        message.mark_failed(str(error))
    message.save(update_fields=["status", "error"])


@dataclass
class _Turn:
    """What became of some messages that were handed over one after the other."""

    sent: list[Message] = field(default_factory=list)
    refused: list[tuple[Message, OSError]] = field(default_factory=list)

    @property
    def waiting(self) -> list[OSError]:
        """What kept messages from going out for now."""
        return [error for _message, error in self.refused if not is_permanent(error)]


def send_messages(message_ids: Sequence[int]) -> None:
    """
    Hand many messages to the mail server over one connection, taking and recording them in small bundles.

    Those that were sent, suppressed, withheld or refused for good before are left alone.

    :raises OSError: if some wait for the next try: the server was away, refused for now, or it took too long
    """
    began = time.monotonic()
    waiting: list[OSError] = []
    connection = mail.get_connection()
    try:
        for first in range(0, len(message_ids), AT_ONCE):
            if time.monotonic() - began > LONGEST_TURN.total_seconds():
                waiting.append(TimeoutError("The rest is sent the next time."))
                break
            messages = _start_sending_all(message_ids[first : first + AT_ONCE])
            turn = _hand_over_all(messages, connection)
            _record_turn(turn)
            waiting += turn.waiting
            if messages and len(turn.waiting) == len(messages):
                break  # nobody is there
    finally:
        connection.close()
    if waiting:
        raise waiting[0]


@transaction.atomic
def _start_sending_all(message_ids: Sequence[int]) -> list[Message]:
    """Take messages that are still to be sent, and mark those whose recipients want none."""
    open_ones = (MessageStatus.QUEUED, MessageStatus.FAILED, MessageStatus.SENDING)
    messages = list(
        Message.objects.locked()
        .filter(pk__in=message_ids, status__in=open_ones)
        .select_related("division")
        .order_by("pk")
    )
    unwanted = suppressed_among(one.to for one in messages if one.purpose == Purpose.MARKETING)
    taken = []
    for message in messages:
        if message.status == MessageStatus.QUEUED and message.to in unwanted and message.purpose == Purpose.MARKETING:
            _suppress(message)
            message.save(update_fields=["status"])
        else:
            taken.append(message)
            if message.status != MessageStatus.SENDING:
                message.start_sending()
    Message.objects.filter(pk__in=[one.pk for one in taken]).update(status=MessageStatus.SENDING)
    return taken


def _hand_over_all(messages: Sequence[Message], connection: Any) -> _Turn:
    turn = _Turn()
    for message in messages:
        try:
            connection.open()
            _hand_over(message, connection)
        except OSError as error:
            turn.refused.append((message, error))
            if not isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
                connection.close()  # whatever it was, the next message begins anew
                if not isinstance(error, smtplib.SMTPException):
                    turn.refused += [(other, error) for other in messages[messages.index(message) + 1 :]]
                    break  # nobody answers
        else:
            turn.sent.append(message)
    return turn


@transaction.atomic
def _record_turn(turn: _Turn) -> None:
    at = now()
    Message.objects.filter(pk__in=[one.pk for one in turn.sent], status=MessageStatus.SENDING).update(
        status=MessageStatus.SENT, sent_at=at, error=""
    )
    for (_division_id, kind), together in groupby(
        sorted(turn.sent, key=lambda one: (one.division_id, one.kind)), key=lambda one: (one.division_id, one.kind)
    ):
        of_kind = list(together)
        fact = MessagesSent(message_ids=[one.pk for one in of_kind], kind=kind)
        division = of_kind[0].division
        publish(fact, subject=division, about=of_kind, division=division, by=None, at=at)
    for message, error in turn.refused:
        _record_refusal(message.pk, error)
