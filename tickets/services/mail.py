"""What came by mail finds its ticket, opens one, or is left to a person; what goes by mail can be answered."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg2.errors import ProgramLimitExceeded

from accounts.models import Customer
from accounts.queries import only_account_of
from foundation.correspondence.inbound import Mail
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.services import (
    Bundle,
    Received,
    hold_waiting,
    read_waiting,
    set_aside_mail,
    settle_mails,
)
from foundation.correspondence.states import MailKind, MailStatus
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import now
from tickets.models import Article, ArticleMail, Ticket
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
from tickets.services.from_mail import (
    in_one_line,
    keep_participants,
    keep_rest,
    key_of,
    name_what_was_left_out,
    note_by_itself,
    outcome_of,
    uploads_of,
    what_was_left_out,
    words_of,
)
from tickets.services.opening import Report, Requester, open_ticket
from tickets.services.outgoing import ANSWER
from tickets.services.replies import Replies
from tickets.services.rows import locked_where_it_goes_on, moved, record
from tickets.settings import MAIL_OPENS, MAIL_TO_CLOSED
from tickets.states import OPEN, PendingReason, TicketChannel, TicketStatus, TicketType, ToClosed

log = structlog.get_logger(__name__)

LONGEST_SUBJECT = 200
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
    on_tickets = Replies(at=now(), came_before=came_before([each.mail for each in received], tickets))
    others: list[Received] = []
    for each in received:
        ticket = tickets.get(places[each.row.pk] or 0)
        if not (ticket and each.judgement.kind == MailKind.PERSON and on_tickets.add(each, ticket)):
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
    """
    Note what a machine says on the ticket that it is about: it is no reply, and moves nothing.

    By the token of a subject alone only who takes part there is heard, as with any other message.
    """
    is_about_ours = each.mail.report and tickets_of_our_letters([each.mail.report.message_id])
    if each.judgement.kind == MailKind.BOUNCE and is_about_ours:
        each.row.mark_handled("bounce", at=now())  # `note_bounce` tells staff
        return
    if ticket_id is None:
        in_subject = _ticket_in_subject(each.mail)
        named = Ticket.objects.defer("search").get(pk=in_subject) if in_subject else None
        if not (named and each.row.sender and takes_part(each.row.sender, named)):
            each.row.set_aside(NO_TICKET)
            return
        ticket_id = named.pk
    ticket = locked_where_it_goes_on(ticket_id)
    said = _("An automatic message from %(sender)s: %(words)s")
    note_by_itself(ticket, said % {"sender": each.row.sender, "words": words_of(each.mail)}, key=key_of(each.row))
    each.row.mark_handled(outcome_of(ticket), at=now())


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
        note_by_itself(ticket, said % {"number": named.number, "sender": sender}, key=f"{key_of(each.row)}:named")


def _says_nothing_new(each: Received, wrote: Sequence[Article]) -> bool:
    """Let a message go with the same mail by another way, if that had the same words and files, and tell whether it did."""
    words = in_one_line(words_of(each.mail))
    same = next((one for one in wrote if in_one_line(one.text) == words and _has_files_of(one, each.mail)), None)
    if same is None:
        return False
    each.row.mark_handled(outcome_of(same.ticket), at=now())
    return True


def _has_files_of(article: Article, mail: Mail) -> bool:
    """Tell whether the files of a mail are those of an article, and those that it leaves out were named with it."""
    passed_on = {one.content for one in uploads_of(mail)}
    if passed_on and not passed_on <= {bytes(one.content) for one in article.attachments.all()}:
        return False
    said = what_was_left_out(mail)
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
    keep_rest(article, each)
    name_what_was_left_out(article.ticket, each)
    keep_participants([(ticket, each.mail)])
    each.row.mark_handled(outcome_of(ticket), at=now())


def _hear(each: Received, ticket: Ticket) -> Article:
    sender = each.mail.sender
    with transaction.atomic():
        return hear_customer(
            ticket.pk,
            words_of(each.mail),
            key=key_of(each.row),
            channel=TicketChannel.MAIL,
            name=sender.name if sender else "",
            email=sender.email if sender else "",
            message_id=each.mail.message_id,
            uploads=uploads_of(each.mail),
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
    at = key_of(each.row)
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
        subject=(each.mail.subject or words_of(each.mail).split("\n")[0])[:LONGEST_SUBJECT],
        text=words_of(each.mail),
        requester=Requester(name=name, email=each.row.sender, phone="", language=language),
        customer=customer,
        account=ended.account if ended else only_account_of(customer) if customer else None,
        service=ended.service if ended else None,
    )
    ticket = open_ticket(
        report, key=key_of(each.row), division=division, channel=TicketChannel.MAIL, by=None,
        message_id=each.mail.message_id, uploads=uploads_of(each.mail),
    )  # fmt: skip
    first = ticket.articles.order_by("pk")[0]
    keep_rest(first, each)
    name_what_was_left_out(ticket, each)
    keep_participants([(ticket, each.mail)])
    each.row.mark_handled(outcome_of(ticket), at=now())
    return ticket


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
