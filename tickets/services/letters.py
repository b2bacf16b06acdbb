"""
What the requester of a ticket is sent, rendered once in their language.

A letter is written while its ticket is held: whose that is cannot change between the name in it and the address on it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from foundation.correspondence.models import LETTER_SECRET, Document, Message
from foundation.correspondence.services import compose, keep_file, message_id_of, queue_message
from foundation.divisions.queries import root_of
from foundation.people.models import User
from orders.queries import appointment_window, moment_in_words
from tickets.models import Article, Ticket, Visit
from tickets.queries import closing_of, may_be_rated, proof_of, with_subjects_in_words
from tickets.services.leaving import is_resolved
from tickets.services.outgoing import AUTOMATIC, RECEIPTS, may_send_receipt, thread_headers, with_token
from tickets.states import Score, TicketChannel, VisitStatus

MAILED_AT_MOST = 7 * 1024 * 1024
"""Bytes of the files in one mail; in transit they grow by a third, and many servers take no more than ten megabytes."""


@transaction.atomic
def send_receipt(ticket_id: int) -> None:
    """Send the requester word that we have what they reported; again, nothing is sent."""
    ticket = _held(ticket_id)
    if ticket.channel != TicketChannel.SYSTEM:
        first = ticket.articles.order_by("pk").first()
        _send(
            ticket,
            "opened",
            f"tickets.opened:{ticket.pk}",
            {"said": first.text if first and first.is_from_the_customer else "", **_explained(ticket)},
        )


def _explained(ticket: Ticket) -> dict[str, Any]:
    """Return what is known of the outage that a ticket waits for, in the requester's language."""
    outage = ticket.outage
    if outage is None:
        return {}
    with override(ticket.language):
        expected = outage.expected_at and moment_in_words(outage.expected_at, outage.division.zone)
    return {"outage": outage, "words": outage.words.in_language(ticket.language), "expected": expected}


def send_answer(article_id: int) -> None:
    """Send an answer to whom it was written to, as it was written; again, nothing is sent."""
    article = Article.objects.select_related("ticket__division", "ticket__customer", "author").get(pk=article_id)
    documents, left_behind = _enclosed(article)
    context = {"article": article, "enclosed": [one.filename for one in documents], "files": left_behind}
    for number, to in enumerate(article.to):
        key = f"tickets.answer:{article.key}{f':{number}' if number else ''}"
        _send(article.ticket, "answer", key, context, to=to, by=article.author, documents=documents)


def _enclosed(article: Article) -> tuple[list[Document], int]:
    """Return the files that go with an answer, and how many wait on the page since a mail cannot hold them all."""
    documents: list[Document] = []
    room, left_behind = MAILED_AT_MOST, 0
    for file in article.attachments.defer("content"):
        if file.size > room:
            left_behind += 1
            continue
        room -= file.size
        documents.append(
            keep_file(
                bytes(file.content), kind=f"tickets.file:{file.pk}", filename=file.name, media_type=file.media_type,
                language=article.ticket.language, division=article.ticket.division, subject=article,
            )
        )  # fmt: skip
    return documents, left_behind


@transaction.atomic
def send_resolution(ticket_id: int, *, times: int) -> None:
    """
    Ask the requester whether it is fixed, with one tap for yes and one for no; again, nothing is sent.

    Nor is it of a ticket that was reopened meanwhile.

    :param times: how often the ticket was reopened before: each time it is resolved, it is asked anew
    """
    ticket = _held(ticket_id)
    if not is_resolved(ticket, times):
        return
    asks = {
        "closing": closing_of(ticket),
        "may_rate": may_be_rated(ticket),
        "scores": [(one, one.label, _by_letter(ticket, score=one)) for one in Score],
    }
    links = {"yes": _by_letter(ticket, fixed="yes"), "no": _by_letter(ticket, fixed="no")}
    _send(ticket, "resolved", f"tickets.resolved:{ticket.pk}:{times}", {**asks, **links})


@transaction.atomic
def send_refusal(ticket_id: int) -> None:
    """Tell the requester that what they asked will not be done, and why; again, nothing is sent."""
    ticket = _held(ticket_id)
    _send(ticket, "declined", f"tickets.declined:{ticket.pk}", {})


@transaction.atomic
def send_visit(visit_id: int) -> None:
    """
    Tell the requester when somebody comes, when instead, or that nobody comes; again, nothing is sent.

    Of a visit that was moved or called off before anybody was told of it nothing is said: of two moves one after the
    other the requester hears of the last. Whoever was told of it first hears the rest, also if the ticket is somebody
    else's by now; nobody else is told an address that is not the ticket's.
    """
    visit = Visit.objects.select_related("division", "premises").get(pk=visit_id)
    ticket = _held(visit.ticket_id)
    told = _last_word_of(visit)
    is_off = visit.status == VisitStatus.CALLED_OFF
    is_at_its_address = visit.premises_id == ticket.premises_id
    if visit.status == VisitStatus.MOVED or (told is None and (is_off or not is_at_its_address)):
        return
    if told and told.to != ticket.requester_email:
        ticket.requester_email, ticket.language, ticket.customer = told.to, told.language, None
    with override(ticket.language):
        context = {
            "visit": visit,
            "when": appointment_window(visit.starts_at, visit.ends_at, visit.division.zone),
            "is_off": is_off,
            "is_moved": told is not None and not is_off,
        }
    _send(ticket, "visit", f"tickets.visit:{visit.pk}{':off' if is_off else ''}", context)


def _last_word_of(visit: Visit) -> Message | None:
    """Return the last letter that said when somebody comes, on a visit or one that it took the place of, if any did."""
    instead_of = dict(Visit.objects.filter(ticket=visit.ticket_id).values_list("pk", "instead_of"))
    keys: list[str] = []
    each: int | None = visit.pk
    while each:
        keys.append(f"tickets.visit:{each}")
        each = instead_of[each]
    return Message.objects.filter(key__in=keys).order_by("pk").last()


def _held(ticket_id: int) -> Ticket:
    """Hold a ticket until its letter is written; its customer is read after that, not with a row that was waited for."""
    return Ticket.objects.locked().select_related("division").defer("search").get(pk=ticket_id)


def _by_letter(ticket: Ticket, **what: str) -> str:
    query = urlencode({**what, LETTER_SECRET: proof_of(ticket)})
    return f"{root_of(ticket.division)}{reverse('selfcare:ticket_by_letter')}?{query}"


def _send(  # noqa: PLR0913  # each part of a message has a name
    ticket: Ticket,
    kind: str,
    key: str,
    context: dict[str, Any],
    *,
    to: str = "",
    documents: Sequence[Document] = (),
    by: User | None = None,
) -> Message | None:
    to = to or ticket.requester_email
    is_automatic = f"tickets.{kind}" in AUTOMATIC
    if not to or (f"tickets.{kind}" in RECEIPTS and not may_send_receipt(ticket)):
        return None
    (shown,) = with_subjects_in_words([ticket], ticket.language)
    known = {"ticket": shown, "link": f"{root_of(ticket.division)}{reverse('selfcare:ticket', args=[ticket.number])}"}
    letter = compose(f"tickets/mail/{kind}", {**known, **context}, language=ticket.language, division=ticket.division)
    return queue_message(
        replace(letter, subject_line=with_token(letter.subject_line, ticket)),
        key=key,
        kind=f"tickets.{kind}",
        to=to,
        language=ticket.language,
        division=ticket.division,
        subject=ticket,
        about=[ticket.customer] if ticket.customer else [],
        documents=documents,
        headers=thread_headers(ticket, message_id_of(key), is_automatic=is_automatic),
        by=by,
    )
