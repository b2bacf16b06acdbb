"""What came by mail finds its ticket, opens one, or is left to a person; what goes by mail can be answered."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _, gettext_lazy
from psycopg2.errors import ProgramLimitExceeded

from accounts.models import Account, Customer
from accounts.queries import only_account_of
from foundation.correspondence.inbound import Mail
from foundation.correspondence.mailboxes import writers_address
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.queries import mailbox_of
from foundation.correspondence.services import (
    Bundle,
    Received,
    Upload,
    hold_waiting,
    read_waiting,
    set_aside_mail,
    settle_mails,
)
from foundation.correspondence.states import MailKind, MailStatus
from foundation.divisions.queries import effective
from foundation.events.facts import Fact
from foundation.events.services import publish_many, reference_to
from foundation.lifecycle import NotAllowed
from foundation.now import now
from tickets.events import CustomerReplied, TicketMoved, TicketNoted
from tickets.models import Article, ArticleMail, Participant, Ticket
from tickets.queries import (
    came_before,
    count_opened_by,
    customer_by_email,
    number_in_subject,
    takes_part,
    tickets_answered,
    tickets_of_our_letters,
    written_before,
)
from tickets.services.conversation import hear_customer
from tickets.services.opening import Report, Requester, open_ticket
from tickets.services.outgoing import ANSWER
from tickets.services.rows import locked_where_it_goes_on, moved, record
from tickets.services.uploads import keep_uploads
from tickets.settings import MAIL_OPENS, MAIL_TO_CLOSED
from tickets.states import OPEN, ArticleKind, PendingReason, TicketChannel, TicketStatus, TicketType, ToClosed

log = structlog.get_logger(__name__)

LONGEST_SUBJECT = 200
LONGEST_NOTE = 2000
REFUSALS = {
    "too_large": gettext_lazy("it is too large"),
    "dangerous": gettext_lazy("it could do harm"),
    "unknown_type": gettext_lazy("files of this type are not taken"),
    "empty": gettext_lazy("it is empty"),
    "overlong": gettext_lazy("it was sent as a line without an end"),
}
UNKNOWN_SENDER, NO_TICKET, BROKEN, FLOOD = "unknown_sender", "no_ticket", "broken", "flood"
"""
Why a message is left to a person: nobody knows who wrote it; a machine wrote it about nothing of ours; it fails; its
sender has opened many tickets just now.
"""
MOST_AN_HOUR = 20
"""Tickets that one writer opens by mail in an hour: more would fill the desks of all, and other customers would wait."""


def take_mails(mail_ids: Sequence[int]) -> None:
    """
    Let messages that came in find their places; those that have are left alone.

    They are read before anything is held, and each bundle is written down in a transaction of its own. If a bundle fails,
    each of its messages is tried alone, and the one that fails is set aside: it holds nobody back.
    """
    for bundle in read_waiting(mail_ids):
        try:
            _take_together(bundle)
        except Exception as error:  # whatever one of them did
            if _will_pass(error):
                raise
            log.exception("mails_not_taken", mails=bundle.ids)
            for mail_id in bundle.ids:
                _take_alone(mail_id)


def _take_alone(mail_id: int) -> None:
    try:
        for bundle in read_waiting([mail_id]):  # anew: what a failed attempt has left in memory is not true
            _take_together(bundle)
    except Exception as error:  # it is kept, and somebody looks at it
        if _will_pass(error):
            raise
        log.exception("mail_not_taken", mail=mail_id)
        set_aside_mail(mail_id, BROKEN)


def _will_pass(error: Exception) -> bool:
    """Tell whether the database is at fault, so that it may go well the next time: not where a message exceeds a limit of its."""
    return isinstance(error, OperationalError) and not isinstance(error.__cause__, ProgramLimitExceeded)


@transaction.atomic
def _take_together(bundle: Bundle) -> None:
    received = hold_waiting(bundle)
    answered = tickets_answered([each.mail for each in received])
    places = {each.row.pk: ticket_id for each, ticket_id in zip(received, answered, strict=True)}
    tickets = _open_tickets(places[each.row.pk] or _ticket_in_subject(each.mail) for each in received)
    on_tickets = _Replies(at=now(), came_before=came_before([each.mail for each in received], tickets))
    others: list[Received] = []
    for each in received:
        ticket = tickets.get(places[each.row.pk] or 0)
        if ticket and each.judgement.kind == MailKind.PERSON and not on_tickets.may_have(each, ticket):
            on_tickets.add(each, ticket)
        else:
            others.append(each)
    on_tickets.save()
    for each in others:  # they may be about the same tickets, and read these as the replies have left them
        _place(each, places[each.row.pk])
    settle_mails(each.row for each in received)


def _open_tickets(ticket_ids: Iterable[int | None]) -> dict[int, Ticket]:
    """
    Hold tickets, and those on which they go on, in the order of their ids.

    Return those on which a reply needs nothing but to be written down.
    """
    ids = {one for one in ticket_ids if one}
    goes_on = Ticket.objects.filter(pk__in=ids).values_list("merged_into", "merged_into__merged_into")
    concerned = ids.union(one for row in goes_on for one in row if one)
    rows = Ticket.objects.locked().prefetch_related("division").only(*OF_A_TICKET)
    held = rows.filter(pk__in=concerned).order_by("pk")
    return {row.pk: row for row in held if row.pk in ids and row.status in OPEN and row.merged_into_id is None}


OF_A_TICKET = (
    "number", "type", "status", "reason", "version", "heard_at", "requester_email", "customer_id", "account_id",
    "division_id", "merged_into_id",
)  # fmt: skip
"""What is read of a ticket to write a reply down on it, and to take it up again where it waited."""


@dataclass
class _Replies:
    """Customers' replies to open tickets, written together: in a few statements, however many they are."""

    at: datetime
    came_before: set[tuple[int, str, str]]
    told: list[tuple[Ticket, Article, Received]] = field(default_factory=list)
    moved: list[tuple[Ticket, str]] = field(default_factory=list)
    said: set[tuple[int, str, str, str]] = field(default_factory=set)

    def may_have(self, each: Received, ticket: Ticket) -> bool:
        """Tell whether a reply may stand there already, as it came by another way: `write_down` looks closer."""
        sent = _sent(each.mail, ticket)
        return bool(each.mail.message_id) and (
            sent in self.came_before or (*sent, _in_one_line(each.mail)) in self.said
        )

    def add(self, each: Received, ticket: Ticket) -> None:
        """Take a reply, in memory."""
        before = ticket.status
        if ticket.reason == PendingReason.CUSTOMER:
            ticket.start()
            self.moved.append((ticket, before))
        ticket.heard_at = self.at
        ticket.version += 1
        self.told.append((ticket, _article(each, ticket, at=self.at), each))
        self.said.add((*_sent(each.mail, ticket), _in_one_line(each.mail)))
        each.row.mark_handled(_outcome(ticket), at=self.at)

    def save(self) -> None:
        """Write everything down and tell what happened."""
        if not self.told:
            return
        self._write_down()
        for ticket, article, each in self.told:
            if each.mail.files:
                keep_uploads(article, _uploads(each.mail))
            _name_what_was_left_out(ticket, each)
        _keep_participants([(ticket, each.mail) for ticket, _article, each in self.told])
        self._move_tickets()
        self._tell()

    def _write_down(self) -> None:
        """Write the articles, each with the message that it was taken from."""
        said = [article for _ticket, article, _each in self.told]
        params: dict[str, Any] = {
            **{name: [getattr(article, name) for article in said] for name in OF_A_REPLY},
            "mail_id": [each.row.pk for *_, each in self.told],
            "rest": [_rest(each.mail) for *_, each in self.told],
        }
        with connection.cursor() as cursor:
            cursor.execute(WRITING, params)
            ids: dict[str, int] = dict(cursor.fetchall())
        for article in said:
            article.pk = ids[article.key]

    def _move_tickets(self) -> None:
        tickets = {ticket.pk: ticket for ticket, _article, _each in self.told}.values()
        columns = {
            name: [getattr(ticket, name) for ticket in tickets] for name in ("pk", "version", "status", "reason")
        }
        with connection.cursor() as cursor:
            cursor.execute(MOVING, {**columns, "at": self.at})

    def _tell(self) -> None:
        facts: list[tuple[Ticket, Fact]] = [
            (ticket, CustomerReplied(ticket_id=ticket.pk, article_id=article.pk, channel=TicketChannel.MAIL))
            for ticket, article, _each in self.told
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


OF_A_REPLY = {
    "key": "text", "ticket_id": "bigint", "kind": "text", "channel": "text", "author_name": "text", "author_email": "text",
    "text": "text", "at": "timestamptz", "message_id": "text",
}  # fmt: skip
"""What is written of a customer's reply: columns and their types."""
WRITING = f"""
WITH given AS (
    SELECT * FROM unnest({", ".join(f"%({column})s::{kind}[]" for column, kind in OF_A_REPLY.items())},
        %(mail_id)s::bigint[], %(rest)s::text[]) AS given ({", ".join(OF_A_REPLY)}, mail_id, rest)
), said AS (
    INSERT INTO tickets_article ({", ".join(OF_A_REPLY)}, "to") SELECT {", ".join(OF_A_REPLY)}, '{{}}' FROM given
    RETURNING id, key
), kept AS (
    INSERT INTO tickets_articlemail (article_id, mail_id, rest)
    SELECT said.id, given.mail_id, given.rest FROM said JOIN given USING (key)
)
SELECT key, id FROM said
"""  # noqa: S608  # names of columns; every value is a parameter
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


def _sent(mail: Mail, ticket: Ticket) -> tuple[int, str, str]:
    """Return under what a mail stands on a ticket, as `came_before` has it."""
    return ticket.pk, mail.message_id, writers_address(mail.sender.email) if mail.sender else ""


def _about(ticket: Ticket) -> list[str]:
    ids = ((Ticket, ticket.pk), (Customer, ticket.customer_id), (Account, ticket.account_id))
    return sorted(reference_to(model, pk) for model, pk in ids if pk)


def _article(each: Received, ticket: Ticket, *, at: datetime) -> Article:
    sender = each.mail.sender
    return Article(
        key=_key(each.row),
        ticket=ticket,
        kind=ArticleKind.CUSTOMER,
        channel=TicketChannel.MAIL,
        author_name=sender.name if sender else "",
        author_email=sender.email if sender else "",
        text=_words(each.mail),
        at=at,
        message_id=each.mail.message_id,
    )


def _key(row: InboundMail) -> str:
    return f"mail:{row.pk}"


def _outcome(ticket: Ticket) -> str:
    return ticket.number


def _words(mail: Mail) -> str:
    """Return what a mail says; an article is never empty."""
    calendar = mail.calendar
    invitation = f"{calendar.method} {calendar.answer} {calendar.summary}".strip() if calendar else ""
    return mail.fresh.strip() or invitation or mail.subject or _("(nothing written)")


def _in_one_line(mail: Mail) -> str:
    """Return what a mail says, however it was broken into lines on its way."""
    return " ".join(_words(mail).split())


def _place(each: Received, ticket_id: int | None) -> None:
    """Find the place of a message that is not simply a reply to an open ticket."""
    if each.judgement.kind == MailKind.LOOP:
        each.row.mark_handled("loop", at=now())
    elif each.judgement.kind != MailKind.PERSON:
        _place_automatic(each, ticket_id)
    elif ticket_id:
        write_down(each, ticket_id)
    else:
        _place_unthreaded(each)


def _place_automatic(each: Received, ticket_id: int | None) -> None:
    """Note what a machine says on the ticket that it is about: it is no reply, and moves nothing."""
    is_about_ours = each.mail.report and tickets_of_our_letters([each.mail.report.message_id])
    if each.judgement.kind == MailKind.BOUNCE and is_about_ours:
        each.row.mark_handled("bounce", at=now())  # `note_bounce` tells staff
        return
    ticket_id = ticket_id or _ticket_in_subject(each.mail)
    if ticket_id is None:
        each.row.set_aside(NO_TICKET)
        return
    ticket = locked_where_it_goes_on(ticket_id)
    said = _("An automatic message from %(sender)s: %(words)s")
    note_by_itself(ticket, said % {"sender": each.row.sender, "words": _words(each.mail)}, key=_key(each.row))
    each.row.mark_handled(_outcome(ticket), at=now())


def _ticket_in_subject(mail: Mail) -> int | None:
    number = number_in_subject(mail.subject)
    return Ticket.objects.filter(number=number).values_list("pk", flat=True).first() if number else None


def _place_unthreaded(each: Received) -> None:
    """
    Place a message that answers none of ours: by the token of its subject, if its sender takes part there.

    The same mail by another way opens no second ticket: only what it says otherwise is written down.
    """
    if wrote := written_before(each.mail, each.row.division):
        if not _says_nothing_new(each, wrote):
            write_down(each, wrote[-1].ticket_id)
        return
    ticket_id = _ticket_in_subject(each.mail)
    named = Ticket.objects.defer("search").get(pk=ticket_id) if ticket_id else None
    sender = each.row.sender
    if named and sender and takes_part(sender, named):
        write_down(each, named.pk)
        return
    customer = customer_by_email(sender, each.row.division) if sender else None
    if customer is None:
        each.row.set_aside(UNKNOWN_SENDER)
        return
    if _has_opened_many(each.row):
        each.row.set_aside(FLOOD)
        return
    ticket = open_for(each, customer)
    if named:
        said = _("Its subject names %(number)s, on which %(sender)s takes no part.")
        note_by_itself(ticket, said % {"number": named.number, "sender": sender}, key=f"{_key(each.row)}:named")


def _says_nothing_new(each: Received, wrote: Sequence[Article]) -> bool:
    """Let a message go with the same mail by another way, if that had the same words and files, and tell whether it did."""
    words = _in_one_line(each.mail)
    same = next((one for one in wrote if " ".join(one.text.split()) == words and _has_files_of(one, each.mail)), None)
    if same is None:
        return False
    each.row.mark_handled(_outcome(same.ticket), at=now())
    return True


def _has_files_of(article: Article, mail: Mail) -> bool:
    """Tell whether the files of a mail are those of an article, and those that it leaves out were named with it."""
    passed_on = {one.content for one in _uploads(mail)}
    if passed_on and not passed_on <= {bytes(one.content) for one in article.attachments.all()}:
        return False
    said = _what_was_left_out(mail)
    taken_from = ArticleMail.objects.filter(article=article).values_list("mail", flat=True).first()
    return not said or Article.objects.filter(key=f"mail:{taken_from}:left-out", text=said).exists()


def _has_opened_many(row: InboundMail) -> bool:
    """Tell whether a writer has opened as many tickets as they may, within the hour before their message came."""
    return count_opened_by(row.sender, since=row.received_at - timedelta(hours=1)) >= MOST_AN_HOUR


def write_down(each: Received, ticket_id: int) -> None:
    """
    Write a reply down where its ticket goes on; if it may not go on, a new one names it.

    The same mail by another way changes nothing there.
    """
    ticket = locked_where_it_goes_on(ticket_id)
    wrote = written_before(each.mail, ticket.division)
    if _says_nothing_new(each, [one for one in wrote if ticket.pk in (one.ticket_id, one.ticket.merged_into_id)]):
        return
    never_reopens = effective(ticket.division, MAIL_TO_CLOSED) == ToClosed.FOLLOW_UP
    if ticket.status == TicketStatus.CLOSED and never_reopens:
        _follow_up(each, ticket)
        return
    try:
        article = _hear(each, ticket)
    except NotAllowed as refusal:
        if refusal.code != "over":
            raise
        _follow_up(each, ticket)
        return
    _keep_rest(article, each)
    _name_what_was_left_out(article.ticket, each)
    _keep_participants([(ticket, each.mail)])
    each.row.mark_handled(_outcome(ticket), at=now())


def _hear(each: Received, ticket: Ticket) -> Article:
    sender = each.mail.sender
    with transaction.atomic():
        return hear_customer(
            ticket.pk,
            _words(each.mail),
            key=_key(each.row),
            channel=TicketChannel.MAIL,
            name=sender.name if sender else "",
            email=sender.email if sender else "",
            message_id=each.mail.message_id,
            uploads=_uploads(each.mail),
        )


def _follow_up(each: Received, ended: Ticket) -> None:
    """
    Open a new ticket for a reply to one that has ended, each naming the other.

    Whoever takes no part in the ended one does not come into its customer's account by it: a person looks at that. The
    same mail by another way opens no second one, and what exceeds `MOST_AN_HOUR` waits, unless a person places it.
    """
    if not (each.row.sender and takes_part(each.row.sender, ended)):
        each.row.set_aside(UNKNOWN_SENDER)
        return
    if wrote := written_before(each.mail, ended.division):
        if _says_nothing_new(each, wrote):
            return
        first = locked_where_it_goes_on(wrote[-1].ticket_id)
        if first.pk != ended.pk:
            write_down(each, first.pk)
            return
    if each.row.status == MailStatus.WAITING and _has_opened_many(each.row):
        each.row.set_aside(FLOOD)
        return
    ticket = open_for(each, ended.customer, ended=ended)
    at = _key(each.row)
    note_by_itself(ticket, _("It follows %(number)s, which has ended.") % {"number": ended.number}, key=f"{at}:follows")
    note_by_itself(
        ended,
        _("The customer wrote again. It goes on as %(number)s.") % {"number": ticket.number},
        key=f"{at}:followed",
    )


def open_for(each: Received, customer: Customer | None, *, ended: Ticket | None = None) -> Ticket:
    """
    Open a ticket for a message.

    Answers will go to the address that it is from, never to one that it asks for: what we know of a customer is told to
    their own address. It is about their account, where they have one only.
    """
    division = ended.division if ended else customer.division if customer else each.row.division
    sender = each.mail.sender
    name = (sender.name if sender else "") or (customer.name if customer else "")
    language = customer.language if customer else division.language
    report = Report(
        type=TicketType(ended.type if ended else effective(division, MAIL_OPENS)),
        subject=(each.mail.subject or _words(each.mail).split("\n")[0])[:LONGEST_SUBJECT],
        text=_words(each.mail),
        requester=Requester(name=name, email=each.row.sender, phone="", language=language),
        customer=customer,
        account=ended.account if ended else only_account_of(customer) if customer else None,
        service=ended.service if ended else None,
    )
    ticket = open_ticket(
        report, key=_key(each.row), division=division, channel=TicketChannel.MAIL, by=None,
        message_id=each.mail.message_id, uploads=_uploads(each.mail),
    )  # fmt: skip
    first = ticket.articles.order_by("pk")[0]
    _keep_rest(first, each)
    _name_what_was_left_out(ticket, each)
    _keep_participants([(ticket, each.mail)])
    each.row.mark_handled(_outcome(ticket), at=now())
    return ticket


def _uploads(mail: Mail) -> list[Upload]:
    taken = (file for file in mail.files if not file.refusal)
    return [Upload(name=file.name, media_type=file.media_type, content=file.content) for file in taken]


def _name_what_was_left_out(ticket: Ticket, each: Received) -> None:
    """Say what of a message does not stand on its ticket, and why."""
    if said := _what_was_left_out(each.mail):
        note_by_itself(ticket, said, key=f"{_key(each.row)}:left-out")


def _what_was_left_out(mail: Mail) -> str:
    files = "\n".join(f"{file.name}: {REFUSALS[file.refusal]}" for file in mail.files if file.refusal)
    named = _("Left out of the mail:\n%(files)s") % {"files": files} if files else ""
    cut = _("It has a line without an end, of which only the beginning was read; the whole mail is kept as it came.")
    return "\n\n".join(filter(None, (named, cut if mail.has_cut_lines else "")))[:LONGEST_NOTE]


def _keep_rest(article: Article, each: Received) -> None:
    """Keep what was quoted and the signature beside the article, and where it was taken from."""
    ArticleMail.objects.create(article=article, mail=each.row, rest=_rest(each.mail))


def _rest(mail: Mail) -> str:
    return "\n\n".join(filter(None, (mail.signature, mail.quoted)))


def _keep_participants(kept: Sequence[tuple[Ticket, Mail]]) -> None:
    """Show who wrote or stood in Cc besides the requester; no answer goes to them unless staff says so."""
    others = [
        Participant(ticket=ticket, email=address.email, name=address.name)
        for ticket, mail in kept
        for address in [*([mail.sender] if mail.sender else []), *mail.reply_to, *mail.cc]
        if address.email != ticket.requester_email
    ]
    divisions = {other.ticket.division for other in others}
    ours = {mailbox.address.lower() for division in divisions if (mailbox := mailbox_of(division))}
    others = [other for other in others if other.email not in ours]
    if others:
        Participant.objects.bulk_create(others, ignore_conflicts=True)


def note_by_itself(ticket: Ticket, text: str, *, key: str) -> None:
    """Write for staff what happened by itself."""
    article = Article.objects.create(
        key=key, ticket=ticket, kind=ArticleKind.SYSTEM, channel=TicketChannel.MAIL, text=text[:LONGEST_NOTE]
    )
    record(ticket, TicketNoted(ticket_id=ticket.pk, article_id=article.pk), by=None, channel=TicketChannel.MAIL)


@transaction.atomic
def note_bounce(message_id: int) -> None:
    """
    Tell staff on the ticket that a letter about it did not arrive.

    Where that was an answer to its requester, it waits for the customer no longer: they were never asked.

    :param message_id: the key of the message
    """
    message = Message.objects.filter(pk=message_id, subject_type=Ticket._meta.label_lower).first()
    if message is None or Article.objects.filter(key=f"bounce:{message.pk}").exists():
        return
    ticket = locked_where_it_goes_on(message.subject_id)
    said = _("The mail “%(subject)s” did not reach %(to)s: %(error)s")
    known = {"subject": message.subject_line, "to": message.to, "error": message.error}
    note_by_itself(ticket, said % known, key=f"bounce:{message.pk}")
    was_asked = message.kind == ANSWER and message.to == ticket.requester_email
    if was_asked and ticket.reason == PendingReason.CUSTOMER:
        before = ticket.status
        ticket.start()
        record(ticket, moved(ticket, before, reason="bounce"), by=None, changed=["status", "reason"])
