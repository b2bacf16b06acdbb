"""What correspondence hears."""

from foundation.correspondence.events import MessageQueued, MessagesQueued
from foundation.correspondence.services import send_message, send_messages
from foundation.events.facts import subscribe
from foundation.events.models import Event


@subscribe(MessageQueued)
def send_queued_message(fact: MessageQueued, _event: Event) -> None:
    """Send what was written."""
    send_message(fact.message_id)


@subscribe(MessagesQueued)
def send_queued_messages(fact: MessagesQueued, _event: Event) -> None:
    """Send what was written together."""
    send_messages(fact.message_ids)
