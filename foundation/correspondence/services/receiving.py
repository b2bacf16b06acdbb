"""Keep what comes in, once, until somebody has handled it; lose nothing."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from foundation.correspondence.events import MailReceived, MailSetAside, MessageBounced
from foundation.correspondence.inbound.judging import Judgement, judge
from foundation.correspondence.inbound.mail import DeliveryReport, Mail
from foundation.correspondence.inbound.reading import UnreadableMailError, read_mail
from foundation.correspondence.models import InboundMail, Mailbox, Message
from foundation.correspondence.settings import FILE_MEGABYTES
from foundation.correspondence.states import MailStatus, MessageStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

log = structlog.get_logger(__name__)

OF_ITS_AUTHOR = re.compile(rb"(?im)^(?:from|date|subject|message-id)[ \t]*:.*(?:\n[ \t].*)*")
TELL_APART = (b"date", b"message-id")
KEPT = timedelta(days=90)
"""How long the whole of a message is kept after it was handled."""
SETTLED = {
    "message_id": "text", "sender": "text", "subject_line": "text", "kind": "text", "sign": "text",
    "may_be_answered": "bool", "status": "text", "reason": "text", "outcome": "text", "handled_at": "timestamptz",
}  # fmt: skip
"""What is written of a message once it was read and has found its place: columns and their types."""
SETTLING = f"""
UPDATE correspondence_inboundmail mail SET {", ".join(f"{column} = settled.{column}" for column in SETTLED)}
FROM unnest(%(id)s::bigint[], {", ".join(f"%({column})s::{kind}[]" for column, kind in SETTLED.items())})
    AS settled (id, {", ".join(SETTLED)})
WHERE mail.id = settled.id
"""  # noqa: S608  # names of columns; every value is a parameter


@dataclass(frozen=True)
class Received:
    """A message that waits to be handled, with what it says and what it is."""

    row: InboundMail
    mail: Mail
    judgement: Judgement


def digest_of(raw: bytes) -> str:
    """
    Return what tells one message from another, by whatever way it came.

    The headers that servers add on the way do not count, unless it has neither a date nor a Message-ID.
    """
    head, _empty, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    own = [b" ".join(line.split()) for line in OF_ITS_AUTHOR.findall(head)]
    is_told_apart = any(line.lower().startswith(TELL_APART) for line in own)
    parts = [*own, body.strip()] if is_told_apart else [head, body.strip()]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def receive_mail(mailbox_id: int, raw: bytes) -> InboundMail:
    """
    Keep a message that came in, whatever it is, and owe it to those who listen; the same once more changes nothing.

    :param raw: the message as it was sent (RFC 5322)
    """
    return receive_mails(mailbox_id, [raw])[0]


@transaction.atomic
def receive_mails(mailbox_id: int, raws: Sequence[bytes]) -> list[InboundMail]:
    """Keep messages that came in together, in a few statements however many they are; what each means see there."""
    mailbox = Mailbox.objects.select_related("division").get(pk=mailbox_id)
    digests = [digest_of(raw) for raw in raws]
    kept, new = _keep(mailbox, dict(zip(digests, raws, strict=True)))
    if new:
        fact = MailReceived(mail_ids=[row.pk for row in new])
        publish(fact, subject=mailbox.division, division=mailbox.division, by=None)
    return [kept[digest] for digest in digests]


def _keep(mailbox: Mailbox, raws: Mapping[str, bytes]) -> tuple[dict[str, InboundMail], list[InboundMail]]:
    """
    Keep what is not kept yet.

    :param raws: messages by their digests
    :return: all of them by their digests, and those that are new
    """
    kept = {row.digest: row for row in _of(mailbox.division, raws).defer("raw")}
    at = now()
    new = [
        InboundMail(
            mailbox=mailbox, division=mailbox.division, digest=digest, raw=raw, size=len(raw), received_at=at
        )
        for digest, raw in sorted(raws.items()) if digest not in kept
    ]  # fmt: skip
    try:
        with transaction.atomic():
            InboundMail.objects.bulk_create(new)
    except IntegrityError:  # somebody has kept one of them since we looked: look again
        return _keep(mailbox, raws)
    return kept | {row.digest: row for row in new}, new


def _of(division: Division, digests: Iterable[str]) -> QuerySet[InboundMail]:
    return InboundMail.objects.filter(division=division, digest__in=list(digests))


@transaction.atomic
def keep_unread(mailbox_id: int, head: bytes, *, reason: str) -> InboundMail:
    """
    Keep of a message that is not read only what it begins with, set aside for a person.

    :param head: its headers
    """
    mailbox = Mailbox.objects.select_related("division").get(pk=mailbox_id)
    row, is_new = InboundMail.objects.get_or_create(
        division=mailbox.division,
        digest=digest_of(head),
        defaults={
            "mailbox": mailbox, "raw": head, "size": len(head), "status": MailStatus.SET_ASIDE, "reason": reason[:300],
        },
    )  # fmt: skip
    if is_new:
        publish(MailSetAside(mail_id=row.pk), subject=row, division=row.division, by=None)
    return row


@transaction.atomic
def read_waiting(mail_ids: Sequence[int]) -> list[Received]:
    """
    Hold the messages that still wait, and read them.

    What cannot be read is set aside. A message of ours that a mail server reports as not delivered has bounced.
    Call it in a transaction in which the caller finds the others their places and goes on to `settle_mails`.
    """
    rows = list(
        InboundMail.objects.locked()
        .prefetch_related("division")
        .filter(pk__in=mail_ids, status=MailStatus.WAITING)
        .order_by("pk")
    )
    largest = {one.pk: effective(one, FILE_MEGABYTES) * 1024 * 1024 for one in {row.division for row in rows}}
    found = [(row, _read(row, largest_file=largest[row.division_id])) for row in rows]
    settle_mails(row for row, mail in found if mail is None)
    received = [Received(row, mail, _note(row, mail)) for row, mail in found if mail]
    for one in received:
        if one.mail.report and one.mail.report.has_failed:
            _note_bounce(one.mail.report)
    return received


def settle_mails(rows: Iterable[InboundMail]) -> None:
    """Write down what messages say and what became of them, as it was marked in memory: handled, or set aside."""
    settled = list(rows)
    columns = {name: [getattr(row, name) for row in settled] for name in ("id", *SETTLED)}
    if settled:
        with connection.cursor() as cursor:
            cursor.execute(SETTLING, columns)
    for row in settled:
        if row.status == MailStatus.SET_ASIDE:
            publish(MailSetAside(mail_id=row.pk), subject=row, division=row.division, by=None)


def read_received(row: InboundMail) -> Mail:
    """
    Read a message that is kept.

    :raises UnreadableMailError: if it cannot be read, or was emptied long after it was handled
    """
    return read_mail(bytes(row.raw), largest_file=effective(row.division, FILE_MEGABYTES) * 1024 * 1024)


def _read(row: InboundMail, *, largest_file: int) -> Mail | None:
    """Read a message, or set it aside: whatever goes wrong with one, it is there to be looked at, and others go on."""
    try:
        return read_mail(bytes(row.raw), largest_file=largest_file)
    except UnreadableMailError as problem:
        row.set_aside(str(problem))
    except Exception as problem:  # whatever people send, it is not lost, and stands in nobody's way
        log.exception("mail_unreadable", mail=row.pk)
        row.set_aside(f"It cannot be read ({type(problem).__name__}).")
    return None


def _note(row: InboundMail, mail: Mail) -> Judgement:
    judgement = judge(mail)
    row.message_id = mail.message_id
    row.sender = mail.sender.email if mail.sender else ""
    row.subject_line = mail.subject
    row.kind, row.sign, row.may_be_answered = judgement.kind, judgement.reason, judgement.may_be_answered
    return judgement


def _note_bounce(report: DeliveryReport) -> None:
    """Mark the message that a mail server could not deliver, if it is one of ours."""
    sent = Message.objects.locked().select_related("division")
    message = (
        sent.filter(message_id=report.message_id, status=MessageStatus.SENT).first() if report.message_id else None
    )
    if message:
        message.bounce(f"{report.status} {report.diagnosis}".strip())
        message.save(update_fields=["status", "error"])
        fact = MessageBounced(message_id=message.pk, kind=message.kind)
        publish(fact, subject=message, division=message.division, by=None)


@transaction.atomic
def handle_mail(mail_id: int, outcome: str) -> None:
    """
    Record what became of one message, read or set aside.

    :raises NotAllowed: if it was handled before
    """
    row = InboundMail.objects.locked().defer("raw").get(pk=mail_id)
    row.mark_handled(outcome, at=now())
    row.save(update_fields=["status", "outcome", "handled_at", "reason"])


@transaction.atomic
def set_aside_mail(mail_id: int, reason: str) -> None:
    """
    Leave a message to a person.

    :raises NotAllowed: if it does not wait
    """
    row = InboundMail.objects.locked().select_related("division").defer("raw").get(pk=mail_id)
    row.set_aside(reason)
    row.save(update_fields=["status", "reason"])
    publish(MailSetAside(mail_id=row.pk), subject=row, division=row.division, by=None)


@transaction.atomic
def take_up_mail(mail_id: int, *, by: User) -> None:
    """
    Try a message once more that was set aside.

    :raises NotAllowed: if it is not set aside, or the person may not retry
    """
    row = InboundMail.objects.locked().select_related("division").defer("raw").get(pk=mail_id)
    require(by, Permission.RETRY_DELIVERIES, row.division)
    row.take_up()
    row.save(update_fields=["status", "reason"])
    publish(MailReceived(mail_ids=[row.pk]), subject=row, division=row.division, by=by)


def empty_old_mail() -> int:
    """Keep of messages that were handled long ago what they were, not their whole; return how many."""
    old = InboundMail.objects.filter(status=MailStatus.HANDLED, handled_at__lt=now() - KEPT)
    return old.exclude(raw=b"").update(raw=b"")
