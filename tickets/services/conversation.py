"""Say something on a ticket: to the customer, among ourselves, or what the customer said."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _, ngettext

from foundation.correspondence.services import Upload, message_id_of
from foundation.events.facts import Fact
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import AnswerTakenBack, CustomerReplied, TicketAnswered, TicketNoted
from tickets.models import Article, Departure, Ticket
from tickets.queries import (
    answers_that_stand,
    is_customer_of,
    may_reopen,
    questions_awaited,
    reachable_ticket,
    recipients_of,
)
from tickets.services.leaving import owe_departure
from tickets.services.moves import resumed
from tickets.services.rows import locked_for_work, locked_where_it_goes_on, moved, record
from tickets.services.sla import forget_answer
from tickets.services.uploads import keep_uploads
from tickets.states import (
    ANSWERED_BEFORE_THEY_END,
    FROM_THE_CUSTOMER,
    OPEN,
    ArticleKind,
    PendingReason,
    TicketChannel,
    TicketStatus,
)


@transaction.atomic
def answer_ticket(  # noqa: PLR0913  # what, to whom, having read what: each has a name
    ticket_id: int,
    text: str,
    *,
    key: str,
    by: User | None,
    seen: int | None = None,
    channel: TicketChannel = TicketChannel.WEB,
    uploads: Sequence[Upload] = (),
) -> Article:
    """
    Write to the customer; it leaves the house a little later and can be taken back until then.

    It goes to the requester of the ticket and to whom staff has added, whoever wrote last. The same key again returns the same answer.

    :param seen: the version of the ticket that the writer has read; None: whatever it is
    :raises NotAllowed: if they may not, the ticket has no address or nothing is said; with code `newer`, if something
        was said that they have not read
    """
    ticket = locked_for_work(ticket_id, by)
    if known := _said_before(ticket, text, key=key):
        return known
    if not ticket.requester_email:
        raise NotAllowed(_("There is no e-mail address to answer to. Call, and note what was said."), code="no_address")
    if seen is not None and seen != ticket.version:
        raise NotAllowed(_what_is_newer(ticket), code="newer")
    at = now()
    article = write_article(
        ticket, text, kind=ArticleKind.ANSWER, key=key, by=by, channel=channel, at=at, uploads=uploads,
        to=recipients_of(ticket), message_id=message_id_of(f"tickets.answer:{key}"),
    )  # fmt: skip
    before = ticket.status
    ticket.note_answer(at=at)
    facts = [moved(ticket, before)] if ticket.status != before else []
    record(
        ticket, TicketAnswered(ticket_id=ticket.pk, article_id=article.pk), *facts, by=by, channel=channel,
        changed=["answered_at", "first_answered_at", "status", "reason", "version"],
    )  # fmt: skip
    owe_departure(ticket, article.pk, at=at)
    return article


def _what_is_newer(ticket: Ticket) -> str:
    latest = ticket.articles.filter(kind__in=[*FROM_THE_CUSTOMER, ArticleKind.ANSWER]).last()
    seconds = int((now() - latest.at).total_seconds()) if latest else 0
    if latest and latest.is_from_the_customer:
        if seconds < 120:  # in seconds while it is fresh
            said = ngettext(
                "The customer replied %(count)d second ago. Review it before sending.",
                "The customer replied %(count)d seconds ago. Review it before sending.",
                seconds,
            )
            return said % {"count": seconds}
        said = ngettext(
            "The customer replied %(count)d minute ago. Review it before sending.",
            "The customer replied %(count)d minutes ago. Review it before sending.",
            seconds // 60,
        )
        return said % {"count": seconds // 60}
    return _("A colleague has answered meanwhile. Review it before sending.")


@transaction.atomic
def note_ticket(ticket_id: int, text: str, *, by: User, key: str, uploads: Sequence[Upload] = ()) -> Article:
    """
    Write something down for colleagues, which the customer never reads.

    :raises NotAllowed: if the person may not, or there is nothing to write
    """
    ticket = locked_for_work(ticket_id, by)
    if known := _said_before(ticket, text, key=key):
        return known
    article = write_article(
        ticket, text, kind=ArticleKind.NOTE, key=key, by=by, channel=TicketChannel.WEB, at=now(), uploads=uploads
    )
    record(ticket, TicketNoted(ticket_id=ticket.pk, article_id=article.pk), by=by)
    return article


def note_phone_call(  # noqa: PLR0913  # what, by what: each has a name
    ticket_id: int,
    text: str,
    *,
    by: User,
    key: str,
    channel: TicketChannel = TicketChannel.PHONE,
    uploads: Sequence[Upload] = (),
) -> Article:
    """
    Write down what the customer said on the phone, or to our face, which counts as a reply like any other.

    Where there is no address to write to, they were answered by it, too.

    :raises NotAllowed: if the person may not, there is nothing to write, or the ticket cannot go on
    """
    return _hear(ticket_id, text, kind=ArticleKind.PHONE, key=key, channel=channel, by=by, uploads=uploads)


def hear_customer(  # noqa: PLR0913  # who, what, by what: each has a name
    ticket_id: int,
    text: str,
    *,
    key: str,
    channel: TicketChannel,
    by: User | None = None,
    name: str = "",
    email: str = "",
    message_id: str = "",
    uploads: Sequence[Upload] = (),
) -> Article:
    """
    Keep what the customer wrote; a ticket that waited for it goes on, one that was resolved is open again.

    Web, mail and phone count alike. Where the ticket was merged into another, it goes on there.

    :param by: the customer, where they are signed in; who wrote a mail is shown by the caller to be theirs to write
    :raises NotAllowed: if it is not theirs or nothing is said; with code `over`, if the ticket ended too long ago to go on
    """
    return _hear(
        ticket_id, text, kind=ArticleKind.CUSTOMER, key=key, channel=channel, by=by, name=name, email=email,
        message_id=message_id, uploads=uploads,
    )  # fmt: skip


@transaction.atomic
def _hear(  # noqa: PLR0913
    ticket_id: int,
    text: str,
    *,
    kind: ArticleKind,
    key: str,
    channel: TicketChannel,
    by: User | None,
    name: str = "",
    email: str = "",
    message_id: str = "",
    uploads: Sequence[Upload] = (),
) -> Article:
    ticket = _locked_where_it_goes_on(ticket_id, kind, by)
    if known := _said_before(ticket, text, key=key):
        return known
    at, before = now(), ticket.status
    facts = _take_up(ticket, at=at)
    if kind == ArticleKind.PHONE and not ticket.requester_email:
        ticket.note_answer(at=at)
    article = write_article(
        ticket, text, kind=kind, key=key, by=by, channel=channel, at=at, name=name, email=email, message_id=message_id,
        uploads=uploads,
    )  # fmt: skip
    ticket.heard_at = at
    if ticket.status != before:
        was_waiting = before != TicketStatus.ACKNOWLEDGED
        facts.append(moved(ticket, before, reason=PendingReason.CUSTOMER if was_waiting else ""))
    heard = CustomerReplied(ticket_id=ticket.pk, article_id=article.pk, channel=channel)
    record(
        ticket, heard, *facts, by=by, channel=channel,
        changed=[
            "heard_at", "answered_at", "first_answered_at", "version", "status", "reason", "resolved_at", "closed_at",
            "resolution", "resolution_text", "reopened_at", "reopened_count",
        ],
    )  # fmt: skip
    return article


def _locked_where_it_goes_on(ticket_id: int, kind: ArticleKind, by: User | None) -> Ticket:
    """Hold the ticket, or the one it was merged into, if it is this person's to speak on."""
    if kind == ArticleKind.PHONE:
        asked = Ticket.objects.defer("search").get(pk=ticket_id)
        return locked_for_work(reachable_ticket(asked).pk, by)
    ticket = locked_where_it_goes_on(ticket_id)
    if by and not is_customer_of(by, ticket):
        raise NotAllowed(_("This is not your ticket."), code="not_permitted")
    return ticket


def _said_before(ticket: Ticket, text: str, *, key: str) -> Article | None:
    """
    Return what was said under a key already.

    :raises NotAllowed: if that was something else, or elsewhere: it would be lost if this were taken for said
    """
    known = Article.objects.filter(key=key).select_related("ticket").first()
    if known and (known.text != text.strip() or reachable_ticket(known.ticket).pk != ticket.pk):
        raise NotAllowed(
            _("Something else was sent from this form already. Reload the page."), code="sent", field="text"
        )
    return known


def _take_up(ticket: Ticket, *, at: datetime) -> list[Fact]:
    """Let a ticket go on that waited for the customer, or had ended, in memory."""
    if ticket.status in OPEN:
        if ticket.reason == PendingReason.CUSTOMER:
            ticket.start()
        return []
    if not may_reopen(ticket):
        raise NotAllowed(_("This ticket has ended. Open a new one."), code="over")
    return [resumed(ticket, at=at)]


def write_article(  # noqa: PLR0913
    ticket: Ticket,
    text: str,
    *,
    kind: ArticleKind,
    key: str,
    by: User | None,
    channel: TicketChannel,
    at: datetime,
    name: str = "",
    email: str = "",
    to: Sequence[str] = (),
    message_id: str = "",
    uploads: Sequence[Upload] = (),
) -> Article:
    """
    Write an article, and count it where it is public.

    :raises NotAllowed: if nothing is said
    """
    if not text.strip():
        raise NotAllowed(_("Write something."), code="empty", field="text")
    article = Article.objects.create(
        key=key, ticket=ticket, kind=kind, channel=channel, author=by, author_name=name[:120], author_email=email,
        to=list(to), text=text.strip(), at=at, message_id=message_id[:250],
    )  # fmt: skip
    keep_uploads(article, uploads)
    if article.is_public:
        ticket.version += 1
    return article


@transaction.atomic
def take_back_answer(article_id: int, *, by: User) -> Article:
    """
    Take back an answer before it leaves; its words stay on the ticket for staff.

    :raises NotAllowed: if the person may not, it has left, or a complaint was resolved by it
    """
    article = Article.objects.select_related("ticket").get(pk=article_id)
    ticket = locked_for_work(article.ticket_id, by)
    departure = Departure.objects.locked().get(article=article)
    departure.take_back(at=now())
    if ticket.type in ANSWERED_BEFORE_THEY_END and ticket.status not in OPEN:
        raise NotAllowed(_("It was resolved by this answer. Reopen it first."), code="resolved")
    departure.save(update_fields=["taken_back_at"])
    said = answers_that_stand(ticket).aggregate(first=Min("at"), last=Max("at"))
    is_first = ticket.first_answered_at == article.at
    earlier = None if is_first else ticket.first_answered_at  # it may have been on the phone
    ticket.first_answered_at = earlier or said["first"]
    ticket.answered_at = said["last"] or earlier
    before = ticket.status
    if ticket.reason == PendingReason.CUSTOMER and _was_last_question(article):
        ticket.start()  # the question for which it waited was never asked
    forget_answer(ticket, article.at, at=now())
    facts = [moved(ticket, before, reason=PendingReason.CUSTOMER)] if ticket.status != before else []
    record(
        ticket, AnswerTakenBack(ticket_id=ticket.pk, article_id=article.pk), *facts, by=by,
        changed=["answered_at", "first_answered_at", "status", "reason"],
    )  # fmt: skip
    return article


def _was_last_question(article: Article) -> bool:
    """Tell whether a ticket waits for the answer to what was taken back, and to nothing else that stands."""
    asked = questions_awaited(article.ticket)
    return article.pk in asked and not Article.objects.filter(pk__in=asked, departure__taken_back_at=None).exists()
