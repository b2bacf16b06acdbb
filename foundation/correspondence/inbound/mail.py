"""A message as it was read: plain words, addresses and files, whatever it was wrapped in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Address:
    """A name, which may be empty, and an address in lower case."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that came with a message."""

    name: str
    """Safe to show and to save under: no path, no invisible letters, and an ending that fits what it is."""
    media_type: str
    """What its content says that it is, whatever the sender calls it."""
    content: bytes
    is_inline: bool = False
    """Whether it is a picture within the text rather than something attached."""
    refusal: str = ""
    """Why it should not be passed on (`too_large`, `dangerous`, `unknown_type`, `empty`, `overlong`); empty: it may."""

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return len(self.content)


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """What a mail server says became of a message of ours (RFC 3464)."""

    action: str
    """`failed`, `delayed`, `delivered`, `relayed` or `expanded`."""
    recipient: str
    status: str
    """Such as 5.1.1; empty where the report does not say."""
    diagnosis: str
    message_id: str
    """The message that it is about; empty where the report does not say."""

    @property
    def has_failed(self) -> bool:
        """Whether the message will never arrive: also after days of trying, where the last status is 4.4.7."""
        return self.action == "failed"


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """An invitation to a meeting, or the answer to one."""

    method: str
    """`REQUEST`, `REPLY`, `CANCEL` …"""
    summary: str
    answer: str
    """`ACCEPTED`, `DECLINED`, `TENTATIVE`; empty where it is no answer."""
    starts: str
    """As it is written there."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One message. Every text is free of NUL and of what turns the direction of writing."""

    message_id: str
    """With its angle brackets; empty where it has none."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """From the oldest to the newest."""
    sender: Address | None = None
    """Who it says it is from: the first usable address; None where there is none."""
    senders: tuple[Address, ...] = ()
    """All whom it says it is from, where there are several."""
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    """None where it has no date that can be read."""
    text: str = ""
    """All of its words, as plain text."""
    fresh: str = ""
    """What is new in it: without quoted history and signature. Never empty where there are words at all."""
    quoted: str = ""
    signature: str = ""
    files: tuple[File, ...] = ()
    report: DeliveryReport | None = None
    calendar: Calendar | None = None
    is_encrypted: bool = False
    has_cut_lines: bool = False
    """Whether only the beginning was read of a line without an end."""
    trouble: tuple[str, ...] = ()
    """What was wrong with it and was survived."""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Every header by its name in lower case, decoded, in order."""

    def header(self, name: str) -> str:
        """Return the first header of a name; empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")

    @property
    def answers(self) -> tuple[str, ...]:
        """The messages that it answers, the nearest first: In-Reply-To, then References from the newest."""
        return tuple(dict.fromkeys([*self.in_reply_to, *reversed(self.references)]))
