"""
Count once more what the desk has done, from what it says elsewhere.

The clocks for the solution are held against the moves in their tickets' history, day by day by the weekly hours and the
country's holidays of the calendar; credits against the vendors' files; notices against the letters that went out. It
knows no special days and no regional holidays of a calendar, no merged tickets, and no resolutions that were taken back:
the play has none of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from config.simulation.world import World
from foundation.clocks.models import Calendar
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.now import now
from tickets.models import OutageCredit, OutageNotice, SlaPolicy, Ticket, TicketClock
from tickets.states import OPEN, STOPPED, ClockKind, CreditStatus

CREDITED = "outage-"
"""How the request ids of credits for outages begin."""
NOTICE = "tickets.outage"
"""The kind of the letters about outages."""
SLACK = timedelta(seconds=2)
"""By which a fact may be older than the clock that follows it."""
MIDNIGHT = time(0)

Span = tuple[datetime, datetime]


def count_the_desk(world: World) -> list[str]:
    """Count tickets, clocks, credits and notices, tell how many there are, and return what does not agree."""
    credits_ = {vendor: house.credits() for vendor, house in world.vendors.items()}
    posted = [one for documents in credits_.values() for one in documents if one["externalId"].startswith(CREDITED)]
    clocks = TicketClock.objects.filter(kind=ClockKind.RESOLVE).select_related("calendar", "policy", "ticket")
    differences = [*_wrong_clocks(clocks), *_wrong_credits(posted), *_wrong_notices()]
    world.story.note(
        f"Count of {Ticket.objects.count()} tickets, {clocks.count()} clocks, {len(posted)} outage credits, "
        f"{OutageNotice.objects.count()} notices: {_differences(len(differences))}."
    )
    return differences


def _differences(count: int) -> str:
    return {0: "no differences", 1: "1 difference"}.get(count, f"{count} differences")


def _wrong_clocks(clocks: Iterable[TicketClock]) -> Iterator[str]:
    """Yield the clocks that show another time than the history of their ticket."""
    at, history = now(), _history()
    for clock in clocks:
        spans = _running(history[clock.ticket_id], clock.policy, clock.ticket.opened_at, at)
        expected = _working_time(spans, clock.calendar, ZoneInfo(clock.zone))
        shown = clock.elapsed(at)
        if abs(shown - expected) > SLACK * max(len(spans), 1):
            yield f"The clock of {clock.ticket.number} shows {shown}; its history has {expected}."


def _history() -> dict[int, list[tuple[datetime, str, str]]]:
    """Return when each ticket came to which status for which reason."""
    moves: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
    for event in Event.objects.filter(name="tickets.moved").order_by("at", "pk"):
        said = event.payload
        moves[said["ticket_id"]].append((event.at, said["after"], said["reason"]))
    return moves


def _running(
    moves: list[tuple[datetime, str, str]], policy: SlaPolicy, opened_at: datetime, until: datetime
) -> list[Span]:
    """Return when a ticket was open and waited for nothing that pauses its clocks."""
    spans, since = [], opened_at
    runs = True
    for at, status, reason in [*moves, (until, "", "")]:
        if runs and since < at:
            spans.append((since, at))
        is_paused = status in STOPPED and reason in policy.pausing
        since, runs = at, status in OPEN and not is_paused
    return spans


def _working_time(spans: Iterable[Span], calendar: Calendar, zone: ZoneInfo) -> timedelta:
    """Add up what of some spans lies in the hours of a calendar, day by day."""
    frames = list(calendar.frames.values_list("weekday", "opens", "closes"))
    closed = holidays.country_holidays(calendar.country) if calendar.country else ()
    total = timedelta()
    for begin, end in spans:
        day = begin.astimezone(zone).date()
        while day <= end.astimezone(zone).date():
            for weekday, opens, closes in frames:
                if weekday == day.weekday() and day not in closed:
                    ends_on = day + timedelta(days=closes == MIDNIGHT)
                    opened = datetime.combine(day, opens, zone).astimezone(begin.tzinfo)
                    shut = datetime.combine(ends_on, closes, zone).astimezone(begin.tzinfo)
                    total += max(min(end, shut) - max(begin, opened), timedelta())
            day += timedelta(days=1)
    return total


def _wrong_credits(posted: list[dict[str, str]]) -> Iterator[str]:
    """Yield the credits for outages that the vendors do not show just once, or show otherwise."""
    times = Counter(one["externalId"] for one in posted)
    amounts = {one["externalId"]: one["amount"]["value"] for one in posted}  # type: ignore[index]
    confirmed = dict(
        OutageCredit.objects.filter(status=CreditStatus.CONFIRMED).values_list("submission__request_id", "amount")
    )
    for request_id, amount in confirmed.items():
        if times[request_id] != 1:
            yield f"Credit {request_id} was posted {times[request_id]} times."
        elif amounts[request_id] != str(amount):
            yield f"Credit {request_id} is of {amount}; the vendor posted {amounts[request_id]}."
    yield from (f"The vendor shows {one}, which nobody asked for." for one in times.keys() - confirmed.keys())


def _wrong_notices() -> Iterator[str]:
    """Yield who was told twice of an update of an outage, or was noted and not written to."""
    letters = Counter(Message.objects.filter(kind=NOTICE).values_list("key", flat=True))
    told = Counter(OutageNotice.objects.values_list("update", "address"))
    yield from (
        f"{address} was told {count} times of update {update}."
        for (update, address), count in told.items()
        if count > 1
    )
    for pk, address in OutageNotice.objects.values_list("pk", "address"):
        if letters[f"{NOTICE}:{pk}"] != 1:
            yield f"{address} was written to {letters[f'{NOTICE}:{pk}']} times by notice {pk}."
