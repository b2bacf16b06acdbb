"""What the headers say: who, to whom, in answer to what, when."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from foundation.correspondence.inbound.decoding import decode_header
from foundation.correspondence.inbound.mail import Address

MOST_IDS = 100
"""Of a chain of answers, so many are read: the oldest and the newest."""
MOST_ADDRESSES = 200
LONGEST_HEADER = 20_000
"""Letters of one header that are read."""
LONGEST_HEADERS = 1_000_000
"""Letters of all headers of a message that are read."""
LONGEST_NAME = 200
MOST_OF_A_NAME = 50
"""Headers of one name that are read."""
MOST_ADDRESS_HEADERS = 5
IN_BRACKETS = re.compile(r"<([^<>]{1,500})>")
BARE_ID = re.compile(r"[^\s<>,;\"()]{1,400}@[^\s<>,;\"()]{1,200}")
USABLE = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?:[^\s@<>,;:\"()\[\]\\.]{1,63}\.)*[^\s@<>,;:\"()\[\]\\.]{1,63}")
PIECES = re.compile(  # a quoted name or a comment of more than 200 letters is none
    r'"(?:\\.|[^"\\]){0,200}"|\((?:\\.|[^()\\]){0,200}\)|<[^<>]{0,200}>'
    r'|=\?[^?\s]{1,80}\?[bBqQ]\?[^?]{0,200}\?=|[^",;(<=]+|.',
    re.DOTALL,
)
COMMENT = re.compile(r"\(((?:\\.|[^()\\]){0,200})\)")
GROUP = re.compile(r"^[^<>@\":]*:(?=.*@)")
LONGEST_ADDRESS = 254
FIRST_YEAR = 1990

Headers = Mapping[str, tuple[str, ...]]


def raw_headers(message: Message) -> dict[str, tuple[str, ...]]:
    """Return every header as it stands there, by its name in lower case, folded lines joined."""
    found: dict[str, list[str]] = {}
    left = LONGEST_HEADERS
    for name, value in message.raw_items():
        values = found.setdefault(str(name)[:LONGEST_NAME].strip().lower(), [])
        if len(values) < MOST_OF_A_NAME:
            beginning = str(value)[: min(LONGEST_HEADER, left)]
            left -= len(beginning)
            values.append(re.sub(r"\r?\n[ \t]*", " ", beginning).strip())
    return {name: tuple(values) for name, values in found.items()}


def decoded(headers: Headers) -> Headers:
    """Return the same headers as words."""
    return {decode_header(name): tuple(decode_header(value) for value in values) for name, values in headers.items()}


def ids_in(values: Iterable[str]) -> tuple[str, ...]:
    """Return the Message-IDs in headers, with their brackets, each once, whatever stands between them."""
    text = " ".join(values)
    bracketed = ["".join(one.split()) for one in IN_BRACKETS.findall(text)]
    ids = list(dict.fromkeys(f"<{one}>" for one in bracketed or BARE_ID.findall(text)))
    usable = [one for one in ids if one.isascii() and one.isprintable()]
    half = MOST_IDS // 2
    return tuple(usable if len(usable) <= MOST_IDS else [*usable[:half], *usable[-half:]])


def addresses_in(values: Iterable[str]) -> tuple[Address, ...]:
    """Return the addresses in headers, each once, that could be written to."""
    found: dict[str, Address] = {}
    for value in list(values)[:MOST_ADDRESS_HEADERS]:
        for entry in _entries(value):
            address = _address_in(entry)
            if address and len(found) < MOST_ADDRESSES:
                found.setdefault(address.email, address)
    return tuple(found.values())


def _entries(value: str) -> Iterator[str]:
    """Split a list of addresses at its commas and semicolons, but not within quotes, comments or brackets."""
    entry = ""
    for piece in PIECES.findall(value):
        if piece in (",", ";"):
            yield entry
            entry = ""
        else:
            entry += piece
    yield entry


def _address_in(entry: str) -> Address | None:
    """Read one entry: `Name <address>`, `address (Name)`, `address`, or a mixture that some program wrote."""
    entry = GROUP.sub("", entry)
    brackets = [one for one in IN_BRACKETS.findall(entry) if "@" in one]
    rest = IN_BRACKETS.sub(" ", entry)
    email = next((usable for one in brackets if (usable := _usable(one))), "")
    if not email:
        words = COMMENT.sub(" ", rest).split()
        email = next((usable for one in words if (usable := _usable(one))), "")
        rest = rest.replace(email, " ")
    comment = COMMENT.search(rest)
    named = COMMENT.sub(" ", rest).strip() or (comment[1] if comment else "")
    name = decode_header(named.replace("\\", "")).strip("'\" ")[:120]
    return Address("" if name.lower() == email else name, email) if email else None


def _usable(text: str) -> str:
    """Return an address in lower case; empty if nobody could be written to there."""
    candidate = decode_header(text).removeprefix("mailto:").strip("'\" ").lower()
    is_usable = USABLE.fullmatch(candidate) and ".." not in candidate and len(candidate) <= LONGEST_ADDRESS
    return candidate if is_usable else ""


def moment_in(values: Iterable[str]) -> datetime | None:
    """Return when a message says it was written, in UTC; None where no date can be read, or none that may be."""
    for value in values:
        try:
            moment = parsedate_to_datetime(value)
            aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
        if aware.year >= FIRST_YEAR:
            return aware
    return None
