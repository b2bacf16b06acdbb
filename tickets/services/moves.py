"""Let a ticket wait, go on and end."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.services import publish_many
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from tickets.events import CustomerAsked, ResolutionTakenBack, TicketMoved, TicketNoted, TicketReopened, TicketResolved
from tickets.models import Article, ResolutionNotice, Ticket
from tickets.queries import answers_that_stand, can_work, is_customer_of, may_reopen, open_parts_of
from tickets.services.leaving import owe_notice
from tickets.services.outages.attaching import follow_outage
from tickets.services.outages.extent import shared_outages_of
from tickets.services.rows import hold_with_parts, locked_for_part, locked_for_work, moved, record
from tickets.services.sla import forget_met
from tickets.settings import CLOSES_AFTER
from tickets.states import (
    HELD_BY_HAND,
    ArticleKind,
    ChildPolicy,
    HoldReason,
    PendingReason,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
)

AT_ONCE = 1000
"""Tickets that one statement closes."""


@transaction.atomic
def pend_ticket(ticket_id: int, reason: PendingReason, *, by: User | None, was_asked: bool = False) -> Ticket:
    """
    Let a ticket wait for somebody or something; for the customer only if they know that we do.

    :param was_asked: the customer was asked in another way than by the last answer, such as on the phone
    :raises NotAllowed: if the person may not, or it cannot wait now; with code `not_asked`, if it would wait for the
        customer, who was not written to since their last word
    """
    ticket = locked_for_work(ticket_id, by)
    if reason == PendingReason.CUSTOMER and not (was_asked or ticket.is_asked):
        message = _("They were not written to since they last said something. Write what you need of them.")
        raise NotAllowed(message, code="not_asked", field="question")
    before = ticket.status
    ticket.pend(reason)
    record(ticket, moved(ticket, before), by=by, changed=["status", "reason"])
    if reason == PendingReason.CUSTOMER and not was_asked and (answer := answers_that_stand(ticket).last()):
        note_question(ticket, answer, by=by)
    return ticket


def note_question(ticket: Ticket, article: Article, *, by: User | None) -> None:
    """Keep to what a locked ticket waits for its customer's answer; taken back, it is waited for no more."""
    record(ticket, CustomerAsked(ticket_id=ticket.pk, article_id=article.pk), by=by)


@transaction.atomic
def hold_ticket(ticket_id: int, reason: HoldReason, *, by: User | None) -> Ticket:
    """
    Hold a ticket until something of ours has happened.

    :raises NotAllowed: if the person may not, or it cannot be held for this, or now; for an outage, to which it has to
        be attached
    """
    ticket = locked_for_work(ticket_id, by)
    if reason not in HELD_BY_HAND:
        raise NotAllowed(
            _("Attach it to the outage: then it goes on when that is over."), code="attach", field="reason"
        )
    before = ticket.status
    ticket.hold(reason)
    record(ticket, moved(ticket, before), by=by, changed=["status", "reason"])
    return ticket


@transaction.atomic
def continue_ticket(ticket_id: int, *, by: User | None) -> Ticket:
    """
    Begin a new ticket, or go on with one that waits or is on hold.

    :raises NotAllowed: if the person may not, it is in progress, has ended, or is explained by an outage
    """
    ticket = locked_for_work(ticket_id, by)
    if ticket.reason == HoldReason.OUTAGE:
        raise NotAllowed(_("An outage explains it. Detach it first, if it is something else."), code="attached")
    before, reason = ticket.status, ticket.reason
    ticket.start()
    record(ticket, moved(ticket, before, reason=reason), by=by, changed=["status", "reason"])
    return ticket


@transaction.atomic
def resolve_ticket(ticket_id: int, code: ResolutionCode, text: str, *, by: User | None) -> Ticket:
    """
    Say that a ticket is put right; the customer is asked whether it is.

    :param text: what was done, in words that the customer reads; may be empty
    :raises NotAllowed: if the person may not, it cannot end so, or the customer must be answered first
    """
    return _resolve(ticket_id, code, text.strip(), at=now(), by=by)


def _resolve(ticket_id: int, code: ResolutionCode, text: str, *, at: datetime, by: User | None) -> Ticket:
    """Resolve a ticket, and the parts that end with it in the same moment."""
    held = hold_with_parts(ticket_id)
    ticket = locked_for_work(ticket_id, by)
    before = ticket.status
    _must_wait_for_no_part(ticket)
    ticket.resolve(code, text, at=at)
    record(
        ticket, moved(ticket, before, reason=code), TicketResolved(ticket_id=ticket.pk, code=code, times=ticket.reopened_count), by=by,
        changed=["status", "reason", "resolution", "resolution_text", "resolved_at", "first_resolved_at"],
    )  # fmt: skip
    owe_notice(ticket, at=at)
    if ticket.child_policy == ChildPolicy.WITH_PARENT:
        for child_id in open_parts_of(ticket).filter(pk__in=held).values_list("pk", flat=True):
            try:
                with transaction.atomic():
                    _resolve(child_id, code, text, at=at, by=by)
            except NotAllowed as refusal:  # another type of end, or unanswered: a person's
                _note_part(ticket, child_id, _("Its part %(number)s stays open. %(why)s"), refusal)
    return ticket


@transaction.atomic
def take_back_resolution(ticket_id: int, *, by: User | None) -> Ticket:
    """
    Take back that a ticket is resolved, and the parts that ended with it, before the customer is told.

    It was not reopened then: it counts as if it had never been resolved, and its clocks as if they had never stopped. A part
    whose customer knows already stays as it is, which staff are told. What an outage explains waits for that where it is
    under way, and else goes on by itself.

    :raises NotAllowed: if the person may not, it is not resolved, or the customer was told
    """
    both = Ticket.objects.filter(Q(pk=ticket_id) | Q(parent=ticket_id))
    shared_outages_of(both.values_list("pk", flat=True))
    held = hold_with_parts(ticket_id)
    ticket = locked_for_work(ticket_id, by)
    resolved_at, before = ticket.resolved_at, ticket.status
    ticket.take_back_resolution()
    notice = ResolutionNotice.objects.locked().filter(ticket=ticket, times=ticket.reopened_count).last()
    if notice is None:
        raise NotAllowed(_("Whoever reported it knows already. Reopen it."), code="left")
    notice.take_back(at=now())
    notice.save(update_fields=["taken_back_at"])
    forget_met(ticket, since=resolved_at)
    record(ticket, ResolutionTakenBack(ticket_id=ticket.pk), by=by)  # first: the clocks are reckoned by it
    record(
        ticket, moved(ticket, before), by=by,
        changed=["status", "resolution", "resolution_text", "resolved_at", "first_resolved_at"],
    )  # fmt: skip
    follow_outage(ticket, by=by)
    ended_with_it = ticket.children.filter(pk__in=held, status=TicketStatus.RESOLVED, resolved_at=resolved_at)
    for part_id in list(ended_with_it.filter(merged_into=None).values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                take_back_resolution(part_id, by=by)
        except NotAllowed as refusal:
            _note_part(ticket, part_id, _("Its part %(number)s stays resolved. %(why)s"), refusal)
    return ticket


def _note_part(ticket: Ticket, part_id: int, said: str, refusal: NotAllowed) -> None:
    """Tell staff that a part does not go with its ticket, and why."""
    text = said % {"number": Ticket.objects.get(pk=part_id).number, "why": refusal.message}
    article = Article.objects.create(ticket=ticket, kind=ArticleKind.SYSTEM, channel=TicketChannel.SYSTEM, text=text)
    record(ticket, TicketNoted(ticket_id=ticket.pk, article_id=article.pk), by=None)


def _must_wait_for_no_part(ticket: Ticket) -> None:
    """
    Let pass a ticket that need not wait for its parts.

    :raises NotAllowed: if one of them is open, and it ends after them
    """
    if ticket.child_policy == ChildPolicy.AFTER_CHILDREN and (part := open_parts_of(ticket).first()):
        raise NotAllowed(_("Its part %(number)s is open.") % {"number": part}, code="open_parts")


@transaction.atomic
def close_ticket(ticket_id: int, *, by: User | None, channel: str = "") -> Ticket:
    """
    Keep that a resolved ticket is done with, as its customer says or staff know.

    :raises NotAllowed: if it is not theirs, or not resolved
    """
    ticket = locked_for_part(ticket_id, by)
    before = ticket.status
    ticket.close(at=now())
    record(ticket, moved(ticket, before), by=by, channel=channel, changed=["status", "closed_at"])
    return ticket


@transaction.atomic
def reopen_ticket(ticket_id: int, *, by: User | None, channel: str = "") -> Ticket:
    """
    Take up a ticket again that was not put right.

    :raises NotAllowed: if it is not theirs, has not ended, was declined or cancelled, or was closed too long ago
    """
    ticket = locked_for_part(ticket_id, by)
    before = ticket.status
    if ticket.closed_at and not may_reopen(ticket):
        raise NotAllowed(_("This ticket has ended. Open a new one."), code="over")
    fact = resumed(ticket, at=now())
    record(ticket, moved(ticket, before), fact, by=by, channel=channel, changed=REOPENED)
    return ticket


REOPENED = (
    "status", "reason", "resolution", "resolution_text", "resolved_at", "closed_at", "reopened_at", "reopened_count",
)  # fmt: skip


def resumed(ticket: Ticket, *, at: datetime) -> TicketReopened:
    """Take up a ticket again in memory, and return what is to be told of it."""
    ticket.reopen(at=at)
    return TicketReopened(ticket_id=ticket.pk, times=ticket.reopened_count)


@transaction.atomic
def reject_ticket(ticket_id: int, text: str, *, by: User | None) -> Ticket:
    """
    Decline what was asked, with the reason in words for the customer.

    :raises NotAllowed: if the person may not, its type cannot be declined, it has ended, or no reason is given
    """
    ticket = locked_for_work(ticket_id, by)
    before = ticket.status
    ticket.reject(text, at=now())
    record(ticket, moved(ticket, before), by=by, changed=["status", "reason", "resolution_text", "closed_at"])
    return ticket


@transaction.atomic
def cancel_ticket(ticket_id: int, *, by: User | None, channel: str = "") -> Ticket:
    """
    Call a ticket off.

    :raises NotAllowed: if it is not theirs, has ended, or can be called off by the customer alone
    """
    ticket = locked_for_part(ticket_id, by)
    before = ticket.status
    by_customer = by is not None and is_customer_of(by, ticket) and not can_work(by, ticket)
    ticket.cancel(by_customer=by_customer, at=now())
    record(ticket, moved(ticket, before), by=by, channel=channel, changed=["status", "reason", "closed_at"])
    return ticket


CLOSING = """
WITH silent AS (
    SELECT ticket.id FROM tickets_ticket ticket
    JOIN unnest(%(divisions)s::bigint[], %(cutoffs)s::timestamptz[]) AS patience (division_id, cutoff) USING (division_id)
    WHERE ticket.status = 'resolved' AND ticket.merged_into_id IS NULL AND ticket.resolved_at <= patience.cutoff
    ORDER BY ticket.id LIMIT %(most)s FOR NO KEY UPDATE OF ticket SKIP LOCKED
), moved AS (
    UPDATE tickets_ticket ticket SET status = 'closed', closed_at = %(at)s
    FROM silent WHERE ticket.id = silent.id
    RETURNING ticket.id, ticket.division_id, ticket.customer_id, ticket.account_id
), facts AS (
    SELECT 'tickets.moved' AS name,
        jsonb_build_object('ticket_id', id, 'before', 'resolved', 'after', 'closed', 'reason', 'silent') AS payload,
        'tickets.ticket' AS subject_type, id AS subject_id,
        array_remove(ARRAY[
            'accounts.account:' || account_id, 'accounts.customer:' || customer_id, 'tickets.ticket:' || id
        ], NULL) AS about,
        division_id, %(at)s::timestamptz AS at, id AS place
    FROM moved
)
"""


@transaction.atomic
def close_silent_tickets() -> int:
    """Close some of the resolved tickets of which nothing was heard for as long as their division waits; return how many."""
    at = now()
    patience = {
        division.pk: at - timedelta(days=effective(division, CLOSES_AFTER)) for division in Division.objects.all()
    }
    params = {"divisions": list(patience), "cutoffs": list(patience.values()), "most": AT_ONCE, "at": at}
    [closed] = publish_many(
        CLOSING.strip(), params, kinds=[TicketMoved], counting="SELECT (SELECT count(*) FROM moved)"
    )
    return int(closed)
