"""Who may see and work on which tickets."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from accounts.models import Delegate
from accounts.states import Sight
from foundation.divisions.queries import effective
from foundation.events.models import Event
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import Person, can, divisions_visible_to, divisions_where, may_be_given_work
from foundation.people.states import Permission
from tickets.events import CustomerAsked, TicketMoved
from tickets.models import Article, Equipment, ResolutionNotice, Ticket
from tickets.settings import REOPENS_WITHIN
from tickets.states import PUBLIC, ArticleKind, PendingReason, TicketStatus

UNFOLDED = 15
"""Articles of a conversation up to which a page shows them all."""
LATEST = 10
"""Of a longer one, so many stand below what is folded away."""
LONGEST_CHAIN = 2
"""Merges one after another: `merge_ticket` allows no more, and `articles_of` reads as far."""


def tickets_visible_to(user: Person) -> QuerySet[Ticket]:
    """Return the tickets of the divisions in which a member of staff may see tickets, and those handed to them."""
    visible = Q(division__in=divisions_where(user, Permission.SEE_TICKETS))
    if isinstance(user, User):
        visible |= Q(owner=user, division__in=divisions_visible_to(user))
    return Ticket.objects.filter(visible)


def equipment_visible_to(user: Person) -> QuerySet[Equipment]:
    """Return the devices, standing or taken out, of the divisions in which a member of staff may see tickets."""
    return Equipment.objects.filter(division__in=divisions_where(user, Permission.SEE_TICKETS))


def can_work(user: Person, ticket: Ticket) -> bool:
    """Tell whether a member of staff may change a ticket: they work on tickets there, or it was handed to them."""
    if can(user, Permission.WORK_TICKETS, ticket.division):
        return True
    is_theirs = isinstance(user, User) and ticket.owner_id == user.pk
    return is_theirs and may_be_given_work(user, ticket.division)


def tickets_of(user: User) -> QuerySet[Ticket]:
    """
    Return the tickets that a customer follows: all of whom they are; for delegates, the company's, a site's or their own.

    What was merged is among them, and goes on elsewhere.
    """
    delegations = Delegate.objects.filter(user=user)
    of_company = Q(customer__in=delegations.filter(sight=Sight.COMPANY).values("customer"))
    of_site = Q(account__in=delegations.filter(sight=Sight.SITE).values("account"))
    own = Q(customer__in=delegations.values("customer"), reported_by=user)
    return Ticket.objects.filter(Q(customer__user=user) | of_company | of_site | own)


def is_customer_of(user: Person, ticket: Ticket) -> bool:
    """Tell whether somebody speaks for the customer of a ticket."""
    return isinstance(user, User) and tickets_of(user).filter(pk=ticket.pk).exists()


def reachable_ticket(ticket: Ticket) -> Ticket:
    """Return the ticket on which one goes on: itself, or what it was merged into."""
    for _step in range(LONGEST_CHAIN):
        if ticket.merged_into is None:
            break
        ticket = ticket.merged_into
    return ticket


def articles_of(ticket: Ticket) -> QuerySet[Article]:
    """Return all that was said on a ticket and on those that were merged into it, in order, for staff."""
    everywhere = Q(ticket=ticket) | Q(ticket__merged_into=ticket) | Q(ticket__merged_into__merged_into=ticket)
    return (
        Article.objects.filter(everywhere)
        .select_related("author", "departure", "mail", "ticket", "copied_from__ticket")
        .defer("search", "ticket__search")
        .order_by("at", "pk")
    )


def articles_for_customer(ticket: Ticket) -> QuerySet[Article]:
    """Return what the customer may read of a ticket: public, and of our answers those that have left."""
    has_left = Q(departure=None) | Q(departure__left_at__isnull=False)
    return articles_of(ticket).filter(has_left, kind__in=sorted(PUBLIC))


def answers_that_stand(ticket: Ticket) -> QuerySet[Article]:
    """Return our answers on a ticket that were not taken back, in order; copies from a ticket that was split are none."""
    said = Article.objects.filter(ticket=ticket, kind=ArticleKind.ANSWER, copied_from=None)
    return said.filter(departure__taken_back_at=None).order_by("at", "pk")


def questions_awaited(ticket: Ticket) -> list[int]:
    """Return the articles to which a ticket that waits for its customer waits for an answer, also those taken back."""
    told = Event.objects.filter(subject_type=ticket._meta.label_lower, subject_id=ticket.pk)
    waits = told.filter(
        name=TicketMoved.name, payload__after=TicketStatus.PENDING, payload__reason=PendingReason.CUSTOMER
    )
    since = waits.order_by("pk").values_list("pk", flat=True).last() or 0
    asked = told.filter(name=CustomerAsked.name, pk__gt=since)
    return [payload["article_id"] for payload in asked.values_list("payload", flat=True)]


@dataclass(frozen=True)
class Talk:
    """What was said on a ticket, as a page shows it: how it began, what is folded away, and the latest."""

    first: Sequence[Article]
    folded: Sequence[Article]
    latest: Sequence[Article]


def folded(articles: Iterable[Article]) -> Talk:
    """Fold the middle of a long conversation away; a shorter one is all `first`."""
    said = list(articles)
    if len(said) <= UNFOLDED:
        return Talk(said, [], [])
    return Talk(said[:1], said[1:-LATEST], said[-LATEST:])


def may_reopen(ticket: Ticket) -> bool:
    """Tell whether a ticket that has ended can be taken up again now."""
    if ticket.merged_into_id or ticket.status not in (TicketStatus.RESOLVED, TicketStatus.CLOSED):
        return False
    if ticket.closed_at is None:
        return True
    return now() <= ticket.closed_at + timedelta(days=effective(ticket.division, REOPENS_WITHIN))


def notice_ahead(ticket: Ticket) -> ResolutionNotice | None:
    """Return what will tell the customer that a ticket is resolved, while that can be taken back."""
    if ticket.status != TicketStatus.RESOLVED or ticket.merged_into_id:
        return None
    return word_ahead(ticket)


def word_ahead(ticket: Ticket) -> ResolutionNotice | None:
    """
    Return what will tell the customer that a ticket is resolved, until it has left, also if that is closed meanwhile.

    It reads what was read of the notices already.
    """
    notices = ticket.resolution_notices.all()
    return next((one for one in notices if one.times == ticket.reopened_count and one.is_ahead), None)


def as_told(ticket: Ticket) -> Ticket:
    """
    Return a ticket as its customer knows it, to be shown and never saved.

    Until word that it is resolved has left, it is in progress to them: it may be taken back, as an answer may.
    """
    if notice_ahead(ticket) is None:
        return ticket
    told = copy(ticket)
    told.status, told.resolution, told.resolution_text, told.resolved_at = TicketStatus.IN_PROGRESS, "", "", None
    return told
