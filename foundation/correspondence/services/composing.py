"""Write a message, freeze it, and owe it to its recipient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formataddr
from itertools import groupby
from typing import Any

import css_inline
from django.conf import settings
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac

from foundation.correspondence.events import MessageQueued, MessagesQueued
from foundation.correspondence.models import Document, Message
from foundation.correspondence.states import Purpose
from foundation.divisions.models import Division
from foundation.divisions.queries import brand_of
from foundation.events.services import publish
from foundation.people.models import User


@dataclass(frozen=True)
class Letter:
    """A message as rendered: subject line, plain text, HTML."""

    subject_line: str
    text: str
    html: str


def compose(template: str, context: Mapping[str, Any], *, language: str, division: Division) -> Letter:
    """
    Render a message in a language and in a division's brand.

    Reads `<template>_subject.txt`, `<template>.txt` and `<template>.html` below `templates/`.
    """
    with translation.override(language):
        parts = {**context, "brand": brand_of(division), "site_url": settings.SITE_URL, "language": language}
        subject_line = " ".join(render_to_string(f"{template}_subject.txt", parts).split())
        text = render_to_string(f"{template}.txt", parts)
        html = css_inline.inline(render_to_string(f"{template}.html", parts), load_remote_stylesheets=False)
    return Letter(subject_line, text, html)


def sender_of(division: Division) -> str:
    """Return under whose name and address a division's messages go out."""
    brand = brand_of(division)
    return formataddr((brand.name, brand.email)) if brand and brand.email else settings.DEFAULT_FROM_EMAIL


@transaction.atomic
def queue_message(  # noqa: PLR0913  # each part of a message has a name
    letter: Letter,
    *,
    key: str,
    kind: str,
    to: str,
    language: str,
    division: Division,
    subject: models.Model,
    about: Iterable[models.Model] = (),
    purpose: Purpose = Purpose.SERVICE,
    documents: Iterable[Document] = (),
    headers: Mapping[str, str] | None = None,
    by: User | None = None,
) -> Message:
    """
    Keep a message as it was rendered and owe it to its recipient; the same key again changes nothing.

    :param key: what makes it this message and no other, such as `orders.confirmation:12`
    :param subject: the row that it is about
    :param headers: further headers, such as `In-Reply-To`
    """
    message, is_new = Message.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "purpose": purpose,
            "division": division,
            "subject_type": subject._meta.label_lower,
            "subject_id": subject.pk,
            "to": to,
            "sender": sender_of(division),
            "language": language,
            "subject_line": letter.subject_line[:200],
            "text": letter.text,
            "html": letter.html,
            "message_id": message_id_of(key),
            "headers": dict(headers or {}),
        },
    )
    if is_new:
        message.documents.set(documents)
        publish(
            MessageQueued(message_id=message.pk, kind=kind),
            subject=message,
            about=[subject, *about],
            division=division,
            by=by,
        )
    return message


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One of many messages that are queued together; what each part means says `queue_message`."""

    letter: Letter
    key: str
    to: str
    language: str
    division: Division
    subject: models.Model


@transaction.atomic
def queue_messages(outgoing: Sequence[Outgoing], *, kind: str, purpose: Purpose) -> list[Message]:
    """
    Keep many messages of one kind, and owe each to its recipient; keys that are known change nothing.

    It takes a few statements however many they are: one fact tells of all that go out in a division's name.
    """
    known = set(Message.objects.filter(key__in=[one.key for one in outgoing]).values_list("key", flat=True))
    senders = {division.pk: sender_of(division) for division in {one.division for one in outgoing}}
    new = sorted((one for one in outgoing if one.key not in known), key=lambda one: one.division.pk)
    messages = Message.objects.bulk_create(
        [
            Message(
                key=one.key,
                kind=kind,
                purpose=purpose,
                division=one.division,
                subject_type=one.subject._meta.label_lower,
                subject_id=one.subject.pk,
                to=one.to,
                sender=senders[one.division.pk],
                language=one.language,
                subject_line=one.letter.subject_line[:200],
                text=one.letter.text,
                html=one.letter.html,
                message_id=message_id_of(one.key),
            )
            for one in new
        ]
    )
    for _division_id, of_division in groupby(messages, key=lambda message: message.division_id):
        together = list(of_division)
        publish(
            MessagesQueued(message_ids=[message.pk for message in together], kind=kind),
            subject=together[0].division,
            about=together,
            division=together[0].division,
            by=None,
        )
    return messages


def message_id_of(key: str) -> str:
    """
    Return the Message-ID under which a message goes out, however often it is tried (RFC 5322, 3.6.4: no colons).

    It cannot be guessed: whoever answers to it has had the message before them.
    """
    proof = salted_hmac("correspondence.message_id", key, algorithm="sha256").hexdigest()[:20]
    return f"<{key.replace(':', '.')}.{proof}@{settings.MESSAGE_ID_DOMAIN}>"
