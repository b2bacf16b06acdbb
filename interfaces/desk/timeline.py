"""What has happened to a row, in words: at the side of its page, and in a ticket's history."""

from collections.abc import Iterable, Mapping

from django.db.models import Model
from django.utils.translation import gettext as _

from foundation.correspondence.models import Message
from foundation.events.models import Event
from interfaces.desk.queries import timeline_of
from interfaces.desk.words import say, say_who
from tickets.queries.threads import without_proof


def latest(row: Model, *, most: int, names: Mapping[str, str] | None = None) -> list[tuple[Event, str, str]]:
    """
    Return what has happened to a row, what each is in words, and who did it, the latest first.

    :param names: what products are called, by their codes
    """
    events = list(timeline_of(row)[:most])
    letters = letters_of(events)
    return [(event, sentence_of(event, letters, names), say_who(event)) for event in events]


def letters_of(events: Iterable[Event]) -> Mapping[int, Message]:
    """Return the letters that facts speak of, by their keys, read by one statement."""
    ids = {event.payload["message_id"] for event in events if "message_id" in event.payload}
    return Message.objects.only("subject_line", "to").in_bulk(ids)


def sentence_of(event: Event, letters: Mapping[int, Message], names: Mapping[str, str] | None = None) -> str:
    """Return what a fact says, and of a letter which one it was, and to whom."""
    sentence = say(event, names)
    letter = letters.get(event.payload.get("message_id", 0))
    if letter is None:
        return sentence
    return _("%(sentence)s: “%(subject)s”, to %(to)s") % {
        "sentence": sentence, "subject": without_proof(letter.subject_line), "to": letter.to,
    }  # fmt: skip
