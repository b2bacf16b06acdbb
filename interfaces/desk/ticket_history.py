"""The history of a ticket: one line for each change, as it was recorded when it happened."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from foundation.cells import Cell
from foundation.events.models import Event
from interfaces.desk.queries import timeline_of
from interfaces.desk.words import CODES, say
from tickets.events import TicketRated
from tickets.models import Rating, Ticket
from tickets.states import TicketChannel

HEADINGS = [_("When"), _("Who"), _("In the role"), _("What"), _("From"), _("To"), _("Why"), _("Through")]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change: who, when, what, from what to what, why and through what."""

    at: datetime
    who: str
    role: str
    what: str
    before: str
    after: str
    why: str
    through: str


def history_of(ticket: Ticket) -> list[Change]:
    """Return every change to a ticket, the latest first."""
    words = Rating.objects.filter(ticket=ticket).values_list("words", flat=True).first() or ""
    return [_change(event, words if event.name == TicketRated.name else "") for event in timeline_of(ticket)]


def cells_of(change: Change) -> list[Cell]:
    """Return a change as a line of a file."""
    return [
        change.at, change.who, change.role, change.what, change.before, change.after, change.why, change.through
    ]  # fmt: skip


def _change(event: Event, words: str) -> Change:
    said = {name: _in_words(event.payload.get(name)) for name in ("before", "after", "reason", "code")}
    channels = {str(value): str(label) for value, label in TicketChannel.choices}
    return Change(
        at=event.at,
        who=str(event.actor or ""),
        role=event.actor_role,
        what=say(event),
        before=said["before"],
        after=said["after"],
        why=words or said["reason"] or said["code"],
        through=channels.get(event.channel, event.channel),
    )


def _in_words(value: object) -> str:
    return "" if value is None else str(CODES.get(str(value), value))
