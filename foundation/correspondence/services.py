"""Write a message, freeze it, send it; render a document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formataddr
from typing import Any

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import translation

from foundation.correspondence.events import MessageQueued, MessageSent
from foundation.correspondence.models import Document, Message, Suppression
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.divisions.models import Division
from foundation.divisions.queries import brand_of
from foundation.events.services import publish
from foundation.now import now
from foundation.people.models import User


class PdfUnavailableError(Exception):
    """WeasyPrint's libraries (Pango) are missing on this machine; `make system-packages` installs them."""


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
    by: User | None = None,
) -> Message:
    """
    Keep a message as it was rendered and owe it to its recipient; the same key again changes nothing.

    :param key: what makes it this message and no other, such as `orders.confirmation:12`
    :param subject: the row that it is about
    """
    brand = brand_of(division)
    sender = formataddr((brand.name, brand.email)) if brand and brand.email else settings.DEFAULT_FROM_EMAIL
    message, is_new = Message.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "purpose": purpose,
            "division": division,
            "subject_type": subject._meta.label_lower,
            "subject_id": subject.pk,
            "to": to,
            "sender": sender,
            "language": language,
            "subject_line": letter.subject_line[:200],
            "text": letter.text,
            "html": letter.html,
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


def send_message(message_id: int) -> None:
    """
    Hand a message to the mail server.

    One that a killed worker left in *sending* is sent again under the same Message-ID: an e-mail is rather seen
    twice than never.

    :raises NotAllowed: if it was sent or suppressed before
    :raises OSError: if the mail server cannot be reached; the message waits for the next try
    """
    message = _start_sending(message_id)
    if message.status == MessageStatus.SUPPRESSED:
        return
    try:
        _hand_over(message)
    except OSError as error:
        _record_failure(message_id, str(error))
        raise
    _record_sent(message_id)


@transaction.atomic
def _start_sending(message_id: int) -> Message:
    message = Message.objects.locked().get(pk=message_id)
    if message.status == MessageStatus.SENDING:
        return message
    if message.purpose == Purpose.MARKETING and is_suppressed(message.to):
        message.suppress()
    else:
        message.start_sending()
        message.message_id = message.message_id or f"<{message.key}@{settings.MESSAGE_ID_DOMAIN}>"
    message.save(update_fields=["status", "message_id"])
    return message


def is_suppressed(email: str) -> bool:
    """Tell whether an address wants no advertising."""
    return Suppression.objects.filter(email__iexact=email).exists()


def _hand_over(message: Message) -> None:
    mail = EmailMultiAlternatives(
        subject=message.subject_line,
        body=message.text,
        from_email=message.sender,
        to=[message.to],
        headers={"Message-ID": message.message_id},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    for document in message.documents.all():
        mail.attach(document.filename, bytes(document.content), "application/pdf")
    mail.send()


@transaction.atomic
def _record_sent(message_id: int) -> None:
    message = Message.objects.locked().select_related("division").get(pk=message_id)
    message.mark_sent(at=now())
    message.save(update_fields=["status", "sent_at", "error"])
    publish(MessageSent(message_id=message.pk, kind=message.kind), subject=message, division=message.division, by=None)


@transaction.atomic
def _record_failure(message_id: int, error: str) -> None:
    message = Message.objects.locked().get(pk=message_id)
    message.mark_failed(error)
    message.save(update_fields=["status", "error"])


def render_pdf(html: str) -> bytes:
    """
    Render a page of ours as PDF.

    Nothing is fetched but `data:` addresses: WeasyPrint's own fetcher would read files and the inner network.

    :raises PdfUnavailableError: if the machine lacks WeasyPrint's libraries
    """
    try:
        import weasyprint  # noqa: PLC0415  # its import fails where Pango is missing, and only PDFs need it
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise PdfUnavailableError(str(error)) from error
    fetcher = URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    pdf: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf()
    return pdf


def keep_document(  # noqa: PLR0913  # each part of a document has a name
    html: str, *, kind: str, filename: str, language: str, division: Division, subject: models.Model
) -> Document:
    """
    Render a document once and keep it; asked again, return the one that was kept.

    :raises PdfUnavailableError: if the machine lacks WeasyPrint's libraries
    """
    place = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk, "kind": kind}
    kept = Document.objects.filter(**place).first()
    if kept:
        return kept
    content = render_pdf(html)
    document, _is_new = Document.objects.get_or_create(
        **place,
        defaults={"division": division, "language": language, "filename": filename, "content": content},
    )
    return document
