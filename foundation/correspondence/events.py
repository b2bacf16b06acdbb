"""What happens to messages."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class MessageQueued(Fact, name="correspondence.message_queued"):
    """A message was written and waits to be sent."""

    message_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class MessageSent(Fact, name="correspondence.message_sent"):
    """The mail server took a message."""

    message_id: int
    kind: str
