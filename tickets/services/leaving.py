"""
What customers are told leaves the house a little later than it was said, and can be taken back until then.

Answers and notices of resolutions leave in the same way: each has a row that says when, and a sweep lets go what is due.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.now import now
from tickets.events import AnswerLeft, ResolutionLeft
from tickets.models import Departure, ResolutionNotice, Ticket
from tickets.services.rows import record
from tickets.settings import UNDO_SECONDS
from tickets.states import TicketStatus

Leaves = TypeVar("Leaves", Departure, ResolutionNotice)

AT_ONCE = 100
"""Answers, or notices, that leave in one transaction."""


def owe_departure(ticket: Ticket, article_id: int, *, at: datetime) -> None:
    """Let an answer leave when it can no longer be taken back: at once, where the division gives no time for that."""
    departure = Departure.objects.create(article_id=article_id, leaves_at=at + undo_within(ticket.division))
    if departure.leaves_at <= at:
        _leave(departure, at=at)


def owe_notice(ticket: Ticket, *, at: datetime) -> None:
    """Let the customer be told that a locked ticket is resolved when that can no longer be taken back."""
    notice = ResolutionNotice.objects.create(
        ticket=ticket, times=ticket.reopened_count, leaves_at=at + undo_within(ticket.division)
    )
    if notice.leaves_at <= at:
        _tell(notice, at=at)


@transaction.atomic
def follow_resolution(ticket_id: int, *, times: int, at: datetime) -> None:
    """
    Let the customer be told of a resolution that stands, where that is not owed: it went on as another ticket when it left.

    Again, nothing is owed; nor is it of a resolution that was taken back.

    :param times: how often the ticket was reopened before
    """
    ticket = Ticket.objects.locked().select_related("division").defer("search").get(pk=ticket_id)
    is_owed = ResolutionNotice.objects.filter(ticket=ticket, times=times, taken_back_at=None).exists()
    if not is_owed and is_resolved(ticket, times):
        owe_notice(ticket, at=at)


def undo_within(division: Division) -> timedelta:
    """Return for how long what is told to a division's customers can be taken back."""
    return timedelta(seconds=effective(division, UNDO_SECONDS))


@transaction.atomic
def send_due_answers() -> int:
    """Let the answers leave whose time to be taken back is over, some of them at once, and return how many."""
    at = now()
    departures = _due(Departure, "article__ticket", at=at)
    for departure in departures:
        _leave(departure, at=at)
    return len(departures)


@transaction.atomic
def send_due_notices() -> int:
    """
    Tell the customers of resolved tickets whose time to be taken back is over, some at once, and return how many.

    One whose ticket is not resolved any more, or goes on as another, is told nothing.
    """
    at = now()
    notices = _due(ResolutionNotice, "ticket", at=at)
    for notice in notices:
        _tell(notice, at=at)
    return len(notices)


def _due(model: type[Leaves], ticket: str, *, at: datetime) -> list[Leaves]:
    """Hold what is due to leave and nobody else holds, some at once, with what is at `ticket`: its ticket."""
    due = model._default_manager.filter(leaves_at__lte=at, left_at=None, taken_back_at=None)  # noqa: SLF001
    held = due.order_by("leaves_at").select_for_update(skip_locked=True, of=("self",), no_key=True)
    return list(held.select_related(*(f"{ticket}__{row}" for row in ("division", "customer", "account")))[:AT_ONCE])


def _leave(departure: Departure, *, at: datetime) -> None:
    article = departure.article
    departure.leave(at=at)
    departure.save(update_fields=["left_at"])
    fact = AnswerLeft(ticket_id=article.ticket_id, article_id=article.pk)
    record(article.ticket, fact, by=article.author)


def _tell(notice: ResolutionNotice, *, at: datetime) -> None:
    if not _still_stands(notice):
        notice.take_back(at=at)
        notice.save(update_fields=["taken_back_at"])
        return
    notice.leave(at=at)
    notice.save(update_fields=["left_at"])
    record(notice.ticket, ResolutionLeft(ticket_id=notice.ticket_id, times=notice.times), by=None)


def _still_stands(notice: ResolutionNotice) -> bool:
    return is_resolved(notice.ticket, notice.times) and not notice.ticket.merged_into_id


def is_resolved(ticket: Ticket, times: int) -> bool:
    """Tell whether a ticket is put right still that was reopened so many times before."""
    return ticket.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED) and ticket.reopened_count == times
