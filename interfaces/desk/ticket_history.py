"""The history of a ticket: one line for each change, as it was recorded when it happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Customer
from foundation.cells import Cell
from foundation.events.models import Event
from foundation.people.models import User
from foundation.people.states import STAFF_ROLES
from foundation.worklist.models import Team
from interfaces.desk.queries import timeline_of
from interfaces.desk.timeline import letters_of, sentence_of
from interfaces.desk.words import code_in_words, say_who
from orders.queries import moment_in_words
from tickets.events import CustomerChanged, TicketHandedOver, TicketMoved, TicketRated, TicketReleased, TicketTaken
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
    events = list(timeline_of(ticket))
    names = _Names(events)
    words = Rating.objects.filter(ticket=ticket).values_list("words", flat=True).first() or ""
    letters = letters_of(events)
    return [
        _change(event, sentence_of(event, letters), names, words if event.name == TicketRated.name else "")
        for event in events
    ]


def end_in_words(ticket: Ticket) -> str:
    """Say that a ticket has ended, or goes on as another: how, when and by whom; empty while it is open."""
    if ticket.merged_into_id:
        return gettext("It was merged: it goes on as %(number)s.") % {"number": ticket.merged_into}
    if ticket.is_open:
        return ""
    moves = Event.objects.filter(subject_type=ticket._meta.label_lower, subject_id=ticket.pk, name=TicketMoved.name)
    end = moves.filter(payload__after=ticket.status).select_related("actor").order_by("-at", "-pk").first()
    if end is None:
        return gettext("It has ended: %(status)s.") % {"status": ticket.get_status_display()}
    return gettext("It has ended. %(status)s: %(when)s, %(who)s.") % {
        "status": ticket.get_status_display(),
        "when": moment_in_words(end.at, ticket.division.zone),
        "who": say_who(end),
    }


def cells_of(change: Change) -> list[Cell]:
    """Return a change as a line of a file."""
    return [
        change.at.isoformat(sep=" ", timespec="seconds"), change.who, change.role, change.what, change.before, change.after, change.why, change.through
    ]  # fmt: skip


ENDS: Mapping[str, tuple[tuple[str, type[Model]], tuple[str, type[Model]]]] = {
    TicketTaken.name: (("before", User), ("user_id", User)),
    TicketHandedOver.name: (("before", User), ("user_id", User)),
    TicketReleased.name: (("before", User), ("", User)),
    CustomerChanged.name: (("before", Customer), ("after", Customer)),
}
"""Where facts name rows: which field says from whom and which to whom it went, and what they are."""


class _Names:
    """What the rows are called that changes name by their keys, read by one statement for each kind of row."""

    def __init__(self, events: Iterable[Event]) -> None:
        wanted: dict[type[Model], set[int]] = {User: set(), Customer: set(), Team: set()}
        for event in events:
            for field, model in ENDS.get(event.name, ()):
                wanted[model].add(event.payload.get(field) or 0)
            wanted[Team].add(event.payload.get("team_id") or 0)
        self._rows: Mapping[type[Model], Mapping[int, Model]] = {
            User: User.objects.in_bulk(wanted[User] - {0}),
            Customer: Customer.objects.in_bulk(wanted[Customer] - {0}),
            Team: Team.objects.in_bulk(wanted[Team] - {0}),
        }

    def of(self, model: type[Model], key: object) -> str:
        """Return what a row is called; empty for none."""
        return str(self._rows[model].get(int(str(key)), "")) if key else ""

    def ends_of(self, event: Event) -> tuple[str, str]:
        """Return from what to what a change went, in words."""
        if event.name not in ENDS:
            before, after = (event.payload.get(field) for field in ("before", "after"))
            return _in_words(event, before), _in_words(event, after)
        before, after = (self.of(model, event.payload.get(field)) for field, model in ENDS[event.name])
        return before, after or self.of(Team, event.payload.get("team_id"))


def _change(event: Event, what: str, names: _Names, words: str) -> Change:
    before, after = names.ends_of(event)
    channels = {str(value): str(label) for value, label in TicketChannel.choices}
    is_staffs = event.actor_role in STAFF_ROLES and event.channel in {"", TicketChannel.WEB}
    return Change(
        at=event.at,
        who=str(event.actor or ""),
        role=event.actor_role,
        what=what,
        before=before,
        after=after,
        why=words or _in_words(event, event.payload.get("reason")) or _in_words(event, event.payload.get("code")),
        through=str(_("Staff pages")) if is_staffs else channels.get(event.channel, event.channel),
    )


def _in_words(event: Event, value: object) -> str:
    return "" if value is None else code_in_words(event.name, str(value))
