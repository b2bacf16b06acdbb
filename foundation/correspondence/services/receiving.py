"""Keep what comes in, once, until somebody has handled it; lose nothing."""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from foundation.correspondence.events import MailReceived, MailSetAside, MessageBounced
from foundation.correspondence.inbound.judging import Judgement, judge
from foundation.correspondence.inbound.mail import DeliveryReport, Mail
from foundation.correspondence.inbound.reading import UnreadableMailError, read_mail
from foundation.correspondence.models import InboundMail, Mailbox, Message
from foundation.correspondence.settings import FILE_MEGABYTES
from foundation.correspondence.states import MailStatus, MessageStatus
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
AT_ONCE = 100
"""Messages that are kept in one transaction, and that are read and then written down in one."""
MOST_BYTES = 8 * 1024 * 1024
"""Of messages that are read together; a larger one is read alone."""
MOST_SECONDS = 2.0
"""After which what was read so far is written down, before more is read."""
KEEPING = """
INSERT INTO correspondence_inboundmail (
    mailbox_id, division_id, digest, raw, size, received_at, message_id, sender, subject_line, kind, sign,
    may_be_answered, status, reason, outcome
)
SELECT %(mailbox)s, %(division)s, digest, raw, length(raw), %(at)s, '', '', '', 'person', '', true, 'waiting', '', ''
FROM unnest(%(digests)s::text[], %(raws)s::bytea[]) AS came (digest, raw)
ON CONFLICT (division_id, digest) DO NOTHING
RETURNING digest, id
"""
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


@dataclass(frozen=True)
class Bundle:
    """Messages that were read together, while nothing was held."""

    received: list[Received] = field(default_factory=list)
    unreadable: list[tuple[InboundMail, str]] = field(default_factory=list)
    """Each with the reason."""

    @property
    def ids(self) -> list[int]:
        """The keys of all of them, in order."""
        return sorted([*(each.row.pk for each in self.received), *(row.pk for row, _reason in self.unreadable)])


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
    [mail_id] = receive_mails(mailbox_id, [raw])
    return InboundMail.objects.select_related("mailbox", "division").get(pk=mail_id)


@transaction.atomic
def receive_mails(mailbox_id: int, raws: Sequence[bytes]) -> list[int]:
    """
    Keep messages that came in together, in a few statements however many they are; what each means see there.

    :return: their keys, in order
    """
    mailbox = Mailbox.objects.select_related("division").get(pk=mailbox_id)
    digests = [digest_of(raw) for raw in raws]
    kept, new = _keep(mailbox, dict(zip(digests, raws, strict=True)))
    if new:
        fact = MailReceived(mail_ids=sorted(new))
        publish(fact, subject=mailbox.division, division=mailbox.division, by=None)
    return [kept[digest] for digest in digests]


def _keep(mailbox: Mailbox, raws: Mapping[str, bytes]) -> tuple[dict[str, int], list[int]]:
    """
    Keep what is not kept yet; what another worker keeps in the same moment is waited for.

    :param raws: messages by their digests
    :return: the keys of all of them by their digests, and the keys of those that are new
    """
    digests = sorted(raws)
    params: dict[str, Any] = {
        "mailbox": mailbox.pk, "division": mailbox.division_id, "at": now(),
        "digests": digests, "raws": [raws[digest] for digest in digests],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(KEEPING, params)
        new: dict[str, int] = dict(cursor.fetchall())
    before = raws.keys() - new.keys()
    if not before:
        return new, list(new.values())
    known = InboundMail.objects.filter(division=mailbox.division, digest__in=before)
    return new | dict(known.values_list("digest", "pk")), list(new.values())


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


def read_waiting(mail_ids: Sequence[int]) -> Iterator[Bundle]:
    """
    Read the messages that still wait, so many at a time that each bundle is soon written down.

    Nothing is held meanwhile: call it outside a transaction, and begin one for each bundle with `hold_waiting`.
    """
    waiting = InboundMail.objects.filter(pk__in=mail_ids, status=MailStatus.WAITING)
    rows = list(waiting.prefetch_related("division").defer("raw").order_by("pk"))
    largest = {one.pk: effective(one, FILE_MEGABYTES) * 1024 * 1024 for one in {row.division for row in rows}}
    for together in _loads(rows):
        raws = dict(InboundMail.objects.filter(pk__in=[row.pk for row in together]).values_list("pk", "raw"))
        bundle, began = Bundle(), time.monotonic()
        for row in together:
            _read_into(bundle, row, bytes(raws.pop(row.pk)), largest_file=largest[row.division_id])
            if time.monotonic() - began > MOST_SECONDS:
                yield bundle
                bundle, began = Bundle(), time.monotonic()
        if bundle.ids:
            yield bundle


def _loads(rows: Iterable[InboundMail]) -> Iterator[list[InboundMail]]:
    """Part messages into loads of `AT_ONCE` and `MOST_BYTES` at the most."""
    load: list[InboundMail] = []
    size = 0
    for row in rows:
        if load and (len(load) >= AT_ONCE or size + row.size > MOST_BYTES):
            yield load
            load, size = [], 0
        load.append(row)
        size += row.size
    if load:
        yield load


def _read_into(bundle: Bundle, row: InboundMail, raw: bytes, *, largest_file: int) -> None:
    """Read a message; whatever goes wrong with one, it is there to be looked at, and others go on."""
    try:
        mail = read_mail(raw, largest_file=largest_file)
        bundle.received.append(Received(row, mail, _note(row, mail)))
    except UnreadableMailError as problem:
        bundle.unreadable.append((row, str(problem)))
    except Exception as problem:  # whatever people send, it is not lost, and stands in nobody's way
        log.exception("mail_unreadable", mail=row.pk)
        bundle.unreadable.append((row, f"It cannot be read ({type(problem).__name__})."))


def hold_waiting(bundle: Bundle) -> list[Received]:
    """
    Hold messages that were read, of them those that nobody else has taken meanwhile.

    What could not be read is set aside. A message of ours that a mail server reports as not delivered has bounced.
    Call it in a transaction in which the caller finds the others their places and goes on to `settle_mails`.
    """
    held = set(
        InboundMail.objects.locked()
        .filter(pk__in=bundle.ids, status=MailStatus.WAITING)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    unreadable = [(row, reason) for row, reason in bundle.unreadable if row.pk in held]
    for row, reason in unreadable:
        row.set_aside(reason)
    settle_mails(row for row, _reason in unreadable)
    received = [each for each in bundle.received if each.row.pk in held]
    for each in received:
        if each.mail.report and each.mail.report.has_failed:
            _note_bounce(each.mail.report)
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
