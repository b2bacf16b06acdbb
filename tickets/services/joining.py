"""Merge tickets and part them again, split one, and make one part of another."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Delegate
from accounts.states import Sight
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import ChildAttached, ChildDetached, TicketMerged, TicketOpened, TicketSplit, TicketUnmerged
from tickets.models import Article, Attachment, Ticket
from tickets.queries import answers_that_stand, can_work
from tickets.queries.visits import visit_under_way
from tickets.services.leaving import follow_resolution
from tickets.services.outages.attaching import follow_outage
from tickets.services.outages.extent import shared_outages_of
from tickets.services.rows import locked, locked_for_work, record
from tickets.services.sla import move_first_answer
from tickets.states import ChildPolicy, TicketStatus, TicketType


@transaction.atomic
def merge_ticket(ticket_id: int, into_id: int, *, by: User) -> Ticket:
    """
    Let a ticket go on as another of the same requester: it keeps all it has, and can be parted again.

    Whatever comes for it by its number, a link or a reply, goes to the other one, which is all that the customer sees. An
    answer that they were given on it since the other was opened counts as the first there, until both are parted.

    :raises NotAllowed: if the person may not, it is the same one, another requester's, of a company of which some people
        see only one of the two, or a visit is booked
    """
    ticket, into = _both(ticket_id, into_id, by)
    if not _same_requester(ticket, into):
        raise NotAllowed(_("They are of different customers."), code="other_customer")
    if not _seen_by_the_same(ticket, into):
        message = _(
            "Not everybody at this customer who sees the one sees the other. Make one part of the other instead."
        )
        raise NotAllowed(message, code="other_sight")
    if ticket.merged.filter(merged__isnull=False).exists():
        raise NotAllowed(_("Too many were merged one into another. Part them first."), code="too_deep")
    if visit_under_way(ticket):
        raise NotAllowed(_("A visit is booked for it. Call it off, or merge the other one into it."), code="visit")
    ticket.merged_into = into
    into.version += ticket.version
    into.save(update_fields=["version"])
    fact = TicketMerged(ticket_id=ticket.pk, into_id=into.pk, into_number=into.number)
    record(ticket, fact, by=by, changed=["merged_into"], about=[into])
    answered_at = _first_answer_since(into.opened_at, ticket)
    if answered_at and (into.first_answered_at is None or answered_at < into.first_answered_at):
        _first_answered(into, answered_at, by=by)
    return into


def _first_answer_since(opened_at: datetime, ticket: Ticket) -> datetime | None:
    """Return when a ticket was first answered after another was opened, as far as it knows that."""
    known = (ticket.first_answered_at, ticket.answered_at)
    return next((at for at in known if at and at >= opened_at), None)


def _first_answered(ticket: Ticket, at: datetime | None, *, by: User) -> None:
    """Note when whoever reads a ticket was first answered there, and bring its clock to that."""
    ticket.first_answered_at = at
    move_first_answer(ticket, at=now())
    record(ticket, by=by, changed=["first_answered_at"])


@transaction.atomic
def unmerge_ticket(ticket_id: int, *, by: User) -> Ticket:
    """
    Let a ticket that was merged go on by itself, as it was; the customer is asked whether it is right, if nobody has.

    What became of its outage meanwhile is made good: it waits for one that is under way, and for none that is over.

    :raises NotAllowed: if the person may not, or it was not merged
    """
    into_id = Ticket.objects.values_list("merged_into", flat=True).get(pk=ticket_id)
    shared_outages_of([ticket_id])
    held = {pk: locked(pk) for pk in sorted({ticket_id, into_id or ticket_id})}
    ticket = held[ticket_id]
    if not can_work(by, ticket):
        raise NotAllowed(_("Your role does not let you work on this ticket."), code="not_permitted")
    into = held.get(ticket.merged_into_id or 0)
    if into is None:
        raise NotAllowed(_("It was not merged."), code="not_merged")
    ticket.merged_into = None
    into.version += 1  # whoever answers there has read more than is left
    into.save(update_fields=["version"])
    fact = TicketUnmerged(ticket_id=ticket.pk, from_id=into.pk, from_number=into.number)
    record(ticket, fact, by=by, changed=["merged_into"], about=[into])
    if into.first_answered_at and into.first_answered_at == _first_answer_since(into.opened_at, ticket):
        _first_answered(into, answers_that_stand(into).values_list("at", flat=True).first(), by=by)
    follow_outage(ticket, by=by)
    if ticket.status == TicketStatus.RESOLVED:
        follow_resolution(ticket.pk, times=ticket.reopened_count, at=now())
    return ticket


@transaction.atomic
def split_article(article_id: int, *, subject: str, type: TicketType, key: str, by: User) -> Ticket:  # noqa: A002
    """
    Make something that was said a ticket of its own, for the same requester; both know of each other.

    :raises NotAllowed: if the person may not, no subject is given, or it is an answer that has not left
    """
    article = Article.objects.select_related("departure").get(pk=article_id)
    ticket = locked_for_work(article.ticket_id, by)
    if not subject.strip():
        raise NotAllowed(_("Say in a few words what it is about."), code="empty", field="subject")
    if hasattr(article, "departure") and article.departure.left_at is None:
        raise NotAllowed(_("This answer has not left: the customer does not know it."), code="not_left")
    new, is_new = Ticket.objects.get_or_create(
        key=f"split:{key}",
        defaults={field: getattr(ticket, field) for field in INHERITED}
        | {"subject": subject.strip()[:200], "type": type, "split_from": article, "opened_by": by, "version": 0}
        | {"channel": article.channel},
    )
    if is_new:
        copy = _copy(article, new)
        new.version = int(copy.is_public)
        opened = TicketOpened(ticket_id=new.pk, type=new.type, priority=new.priority)
        record(new, opened, by=by, changed=["version"])
        split = TicketSplit(
            ticket_id=ticket.pk, new_id=new.pk, article_id=article.pk, number=ticket.number, new_number=new.number
        )
        record(ticket, split, by=by, about=[new])
    return new


INHERITED = (
    "division", "customer", "account", "premises", "requester_name", "requester_email", "requester_phone",
    "language", "reported_by",
)  # fmt: skip
"""What a ticket that is split off has of the first one; how urgent it is, is a matter of its own."""


def _copy(article: Article, to: Ticket) -> Article:
    said = ("kind", "channel", "author", "author_name", "author_email", "to", "text", "at")
    copy = Article.objects.create(ticket=to, copied_from=article, **{field: getattr(article, field) for field in said})
    Attachment.objects.bulk_create(
        Attachment(article=copy, name=file.name, media_type=file.media_type, size=file.size, content=file.content)
        for file in article.attachments.all()
    )
    return copy


@transaction.atomic
def attach_child(ticket_id: int, parent_id: int, policy: ChildPolicy, *, by: User) -> Ticket:
    """
    Make a ticket part of another.

    :param policy: how the end of the other one and of all its parts hang together
    :raises NotAllowed: if the person may not, it is the same one, has parts itself, or the other is a part
    """
    ticket, parent = _both(ticket_id, parent_id, by)
    if parent.parent_id or ticket.children.exists():
        raise NotAllowed(_("A part has no parts of its own."), code="too_deep")
    ticket.parent, parent.child_policy = parent, policy
    parent.save(update_fields=["child_policy"])
    fact = ChildAttached(ticket_id=ticket.pk, parent_id=parent.pk, parent_number=parent.number)
    record(ticket, fact, by=by, changed=["parent"], about=[parent])
    return ticket


@transaction.atomic
def detach_child(ticket_id: int, *, by: User) -> Ticket:
    """
    Let a ticket stand by itself again, because it is something else or still not fixed.

    :raises NotAllowed: if the person may not, or it is no part
    """
    ticket = locked_for_work(ticket_id, by)
    parent = ticket.parent
    if parent is None:
        raise NotAllowed(_("It is no part of another."), code="no_part")
    ticket.parent = None
    fact = ChildDetached(ticket_id=ticket.pk, parent_id=parent.pk, parent_number=parent.number)
    record(ticket, fact, by=by, changed=["parent"], about=[parent])
    return ticket


def _both(one_id: int, other_id: int, by: User) -> tuple[Ticket, Ticket]:
    """Hold two tickets, in the order of their ids, so that nobody waits for somebody who waits for them."""
    if one_id == other_id:
        raise NotAllowed(_("That is the same ticket."), code="same", field="number")
    held = {pk: locked_for_work(pk, by) for pk in sorted((one_id, other_id))}
    return held[one_id], held[other_id]


def _same_requester(one: Ticket, other: Ticket) -> bool:
    if one.customer_id and other.customer_id:
        return one.customer_id == other.customer_id
    return bool(one.requester_email) and one.requester_email == other.requester_email


def _seen_by_the_same(one: Ticket, other: Ticket) -> bool:
    """Tell whether all who sign in for the customer see both: `tickets_of` says who sees what."""
    if (one.account_id, one.reported_by_id) == (other.account_id, other.reported_by_id):
        return True
    return not Delegate.objects.filter(customer=one.customer).exclude(sight=Sight.COMPANY).exists()
