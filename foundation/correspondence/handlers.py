"""What correspondence hears."""

from foundation.correspondence.events import MessageQueued
from foundation.correspondence.services import send_message
from foundation.events.facts import subscribe
from foundation.events.models import Event


@subscribe(MessageQueued)
def send_queued_message(fact: MessageQueued, _event: Event) -> None:
    """Send what was written."""
    send_message(fact.message_id)
