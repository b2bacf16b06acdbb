"""What happens to messages, sent and received."""

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


@dataclass(frozen=True, kw_only=True)
class MessagesQueued(Fact, name="correspondence.messages_queued"):
    """Many messages of one kind were written together and wait to be sent."""

    message_ids: list[int]
    kind: str


@dataclass(frozen=True, kw_only=True)
class MessagesSent(Fact, name="correspondence.messages_sent"):
    """The mail server took some of many messages that were written together."""

    message_ids: list[int]
    kind: str


@dataclass(frozen=True, kw_only=True)
class MessageBounced(Fact, name="correspondence.message_bounced"):
    """The mail server refused a message for good."""

    message_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class MessageSuppressed(Fact, name="correspondence.message_suppressed"):
    """A message was not sent, because its recipient wants no advertising."""

    message_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class AddressSuppressed(Fact, name="correspondence.address_suppressed"):
    """The recipient of a message has said that they want no advertising any more."""

    message_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class MailReceived(Fact, name="correspondence.mail_received"):
    """Messages came in together and are kept; they wait for whoever knows what they are about."""

    mail_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class MailSetAside(Fact, name="correspondence.mail_set_aside"):
    """A message that came in cannot be handled by a program."""

    mail_id: int
