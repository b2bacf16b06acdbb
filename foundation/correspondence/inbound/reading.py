"""Read one raw message (RFC 5322, MIME), whatever is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageDefect
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import cast

from foundation.correspondence.inbound import headers as reads
from foundation.correspondence.inbound.decoding import clean, decode, decode_header
from foundation.correspondence.inbound.files import LARGEST_FILE, Allowance, media_type_of, refusal_of, safe_name
from foundation.correspondence.inbound.mail import Calendar, File, Mail
from foundation.correspondence.inbound.quoting import split_reply
from foundation.correspondence.inbound.reports import calendar_in, delivery_report
from foundation.correspondence.inbound.texts import (
    MOST_HTML,
    MOST_TAGS,
    beginning_of,
    count_tags,
    decode_html,
    html_to_text,
    tidy,
    unflow,
)
from foundation.correspondence.inbound.tnef import is_tnef, open_tnef

LARGEST_MAIL = 30 * 1024 * 1024
"""Bytes of one message. What is larger is not read."""
DEEPEST = 30
"""Levels of parts within parts."""
MOST_BOUNDARIES = 40
"""Parts within which others may lie: each line of a message is compared with every one that is open."""
BOUNDARY = re.compile(rb"boundary\s*(?:\*\d{0,3}\*?)?\s*=", re.IGNORECASE)
MOST_LINES = 420_000
"""Of the largest message in base64 there are fewer."""
LONGEST_LINE = 1_000_000
"""
Bytes of one line that are read: a thousand times what mail may have (RFC 5322, 2.1.1), and more than is kept as its text.
The parser holds an endless line several times over, at four bytes a letter.
"""
LINE = re.compile(rb"[^\r\n]+")
BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}[ \t]*")
LINE_OF_BASE64 = 900
"""Bytes: whole groups of four."""
ENCODING = re.compile(rb"^content-transfer-encoding[ \t]*:[ \t]*([\w-]+)", re.IGNORECASE | re.MULTILINE)
LONGEST_HEAD = 8192
"""Bytes before a line within which its part says how it is encoded."""
MOST_PARTS = 500
MOST_FILES = 100
PARAMETERS = re.compile(
    rb"(?:^|[\r\n])content-(?:type|disposition)[ \t]*:([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)", re.IGNORECASE
)
"""Headers with parameters: for each of these what is left of its header is looked through."""
MOST_LOOKED_THROUGH = 200_000_000
"""Bytes that are, in all such headers of a message: some seconds at the most."""
LONGEST_TEXT = 200_000
"""Letters of a message that are kept as its text; the raw message has the rest."""
MOST_LETTERS = 500_000
"""Letters of one part that are read as words: invisible ones and spaces are taken out of them."""
MOST_HEADERS = 1000
"""Headers of one part that are read."""
SIGNATURES = {
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-keys",
}
TOO_MANY = frozenset({"TooManyParts", "TooManyFiles", "TooManyHeaders"})
"""Trouble in which something was not looked at."""
CUT = "overlong"
"""Why a file is not passed on that was sent as an endless line of which only the beginning was read."""
WORST_FIRST = ("dangerous", "unknown_type", "too_large", CUT)
"""Why a message is not passed on that carries such a file; an empty one does no harm."""
UNSEEN = "unknown_type"
"""Why a message is not passed on that could not be looked through to its end."""
SAID_BY_SERVERS = {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification"}


class UnreadableMailError(Exception):
    """A message that cannot be read; its text says why. It is kept as it came."""


def read_mail(raw: bytes, *, largest_file: int = LARGEST_FILE) -> Mail:
    """
    Read a message.

    Wrong charsets, missing headers, broken parts and the like are survived, and noted in `trouble`.

    :param largest_file: bytes of an attachment that may be passed on
    :raises UnreadableMailError: if it is empty, too large or nested without end
    """
    message = _parse(raw)
    gathered = _Gathered(largest_file, is_cut=any(isinstance(one, LongLine) for one in message.defects))
    try:
        gathered.take(message, depth=0)
    except RecursionError as error:
        raise UnreadableMailError("Its parts are nested without end.") from error
    raw_headers = reads.raw_headers(message)
    words = reads.decoded(raw_headers)
    senders = reads.addresses_in(raw_headers.get("from", ())) or reads.addresses_in(raw_headers.get("sender", ()))
    text = gathered.text()
    reply = split_reply(text)
    report = delivery_report(gathered.parts)
    return Mail(
        message_id=next(iter(reads.ids_in(raw_headers.get("message-id", ()))), "")[:250],
        in_reply_to=reads.ids_in(raw_headers.get("in-reply-to", ())),
        references=reads.ids_in(raw_headers.get("references", ())),
        sender=next(iter(senders), None),
        senders=senders,
        reply_to=reads.addresses_in(raw_headers.get("reply-to", ())),
        to=reads.addresses_in(raw_headers.get("to", ())),
        cc=reads.addresses_in(raw_headers.get("cc", ())),
        subject=next(iter(words.get("subject", ())), "")[:500],
        sent_at=reads.moment_in(raw_headers.get("date", ())),
        text=text,
        fresh=reply.fresh,
        quoted=reply.quoted,
        signature=reply.signature,
        files=() if report else tuple(gathered.files),
        report=report,
        calendar=gathered.calendar,
        is_encrypted=gathered.is_encrypted,
        has_cut_lines=gathered.is_cut,
        trouble=tuple(dict.fromkeys(gathered.trouble)),
        headers=words,
    )


def _parse(raw: bytes) -> Message:
    if not raw or raw.isspace():
        raise UnreadableMailError("It is empty.")
    if len(raw) > LARGEST_MAIL:
        raise UnreadableMailError(f"It has {len(raw)} bytes; {LARGEST_MAIL} are read.")
    raw, is_cut = _within_lines(raw)
    _refuse_without_end(raw)
    if raw.startswith((b"From ", b">From ")):  # an envelope line of mbox
        raw = raw.partition(b"\n")[2]
    try:
        message = BytesParser(_Part, policy=compat32).parsebytes(raw.lstrip(b"\r\n"))
    except RecursionError as error:
        raise UnreadableMailError("Its parts are nested without end.") from error
    if is_cut:
        message.defects.append(LongLine())
    return message


def _refuse_without_end(raw: bytes) -> None:
    """Refuse what would keep the parser busy: too many lines, parameters or nested parts."""
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MOST_LINES:
        raise UnreadableMailError(f"It has more than {MOST_LINES} lines.")
    if sum(len(found[1]) * found[1].count(b";") for found in PARAMETERS.finditer(raw)) > MOST_LOOKED_THROUGH:
        raise UnreadableMailError("It describes its parts at too great length.")
    if len(BOUNDARY.findall(raw)) > MOST_BOUNDARIES:
        raise UnreadableMailError("Its parts are nested without end.")


def _within_lines(raw: bytes) -> tuple[bytes, bool]:
    """
    Return a message with lines that can be read, and whether one was cut.

    An endless line of base64 is broken into lines, as it should have been: nothing of it is lost. Of another one the
    beginning stays.
    """
    pieces, read_up_to, is_cut = [], 0, False
    for line in LINE.finditer(raw) if _may_have_long_lines(raw) else ():
        begin, end = line.span()
        if end - begin <= LONGEST_LINE:
            continue
        pieces.append(raw[read_up_to:begin])
        if _is_base64(raw, begin, end):
            pieces.append(
                b"\n".join(raw[at : min(at + LINE_OF_BASE64, end)] for at in range(begin, end, LINE_OF_BASE64))
            )
        else:
            pieces.append(_beginning(raw, begin))
            is_cut = True
        read_up_to = end
    return (b"".join([*pieces, raw[read_up_to:]]) if pieces else raw), is_cut


def _beginning(raw: bytes, begin: int) -> bytes:
    """Return of a long line as much as is read, without half a letter of UTF-8 at its end."""
    end = begin + LONGEST_LINE
    return raw[begin : next((at for at in range(end, end - 4, -1) if raw[at] & 0xC0 != 0x80), end)]


def _is_base64(raw: bytes, begin: int, end: int) -> bool:
    said = ENCODING.findall(raw, max(begin - LONGEST_HEAD, 0), begin)
    return bool(said) and said[-1].lower() == b"base64" and BASE64.fullmatch(raw, begin, end) is not None


def _may_have_long_lines(raw: bytes) -> bool:
    """Tell, without looking at each line, whether some may be too long: such a one fills a stretch of half its length."""
    stretches = ((at, at + LONGEST_LINE // 2) for at in range(0, len(raw), LONGEST_LINE // 2))
    return any(raw.find(b"\n", *one) < 0 and raw.find(b"\r", *one) < 0 for one in stretches)


class LongLine(MessageDefect):
    """A message has a line of which only the beginning was read."""


class TooManyHeaders(MessageDefect):
    """A part has more headers than are read."""


class _Part(Message):
    """A part, or a whole message, of which the first headers are read."""

    def set_raw(self, name: str, value: str) -> None:
        """Take a header, as the parser has read it."""
        if len(self) < MOST_HEADERS:
            super().set_raw(name, value)
        elif not self.defects:
            self.defects.append(TooManyHeaders())


@dataclass
class _Gathered:
    """What was found in the parts of a message so far."""

    largest_file: int
    allowance: Allowance = field(default_factory=Allowance)
    is_cut: bool = False
    """Whether only the beginning was read of some line."""
    is_within: bool = False
    """Whether it is an attached message, whose files are judged and which is not itself a file again."""
    bodies: list[tuple[str, str]] = field(default_factory=list)
    """Its words in order: `plain` or `html`, and the text."""
    files: list[File] = field(default_factory=list)
    parts: list[Message] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    calendar: Calendar | None = None
    is_encrypted: bool = False

    def take(self, part: Message, *, depth: int) -> None:
        """Take a part and what is within it."""
        self.trouble += [type(defect).__name__ for defect in part.defects]
        self.parts.append(part)
        if depth > DEEPEST or len(self.parts) > MOST_PARTS:
            self.trouble.append("TooManyParts")
            return
        _read_raw_names(part)
        kind = part.get_content_type()
        inside = _parts_within(part)
        if kind in SAID_BY_SERVERS:
            return
        if part.get_content_maintype() == "message":
            self._take_message(part, depth)
        elif inside:
            self._take_parts(kind, inside, depth)
        else:
            self._take_leaf(part, kind)

    def _take_message(self, part: Message, depth: int) -> None:
        """Take an attached message as a file; what it carries lies open to whoever opens it, and is judged with it."""
        message = next(iter(_parts_within(part)), None)
        refusal = UNSEEN if _is_encoded(part) else "" if message is None else self._refusal_within(message, depth)
        source = b"" if self.is_within else _source_of(part, message)
        refusal = refusal or self._refusal_of_cut(source)
        self._add_file(_subject_of(message), source, "message/rfc822", refusal=refusal)

    def _refusal_within(self, message: Message, depth: int) -> str:
        """Say why something that an attached message carries may not be passed on; empty where all may be."""
        within = _Gathered(self.largest_file, self.allowance, is_cut=self.is_cut, is_within=True)
        within.take(message, depth=depth + 1)
        if not TOO_MANY.isdisjoint(within.trouble):
            return UNSEEN
        refusals = {file.refusal for file in within.files}
        return next((worst for worst in WORST_FIRST if worst in refusals), "")

    def _refusal_of_cut(self, source: bytes) -> str:
        return CUT if self.is_cut and any(len(line) > LONGEST_LINE - 4 for line in source.split(b"\n")) else ""

    def _take_parts(self, kind: str, inside: list[Message], depth: int) -> None:
        self.is_encrypted = self.is_encrypted or kind == "multipart/encrypted"
        before = len(self.bodies)
        for one in inside:
            self.take(one, depth=depth + 1)
        if kind == "multipart/alternative":
            self._choose(before)

    def _choose(self, before: int) -> None:
        """Of the same words said twice keep the plain ones, unless they say nothing."""
        alternatives = self.bodies[before:]
        has_plain = any(kind == "plain" and text.strip() for kind, text in alternatives)
        chosen = "plain" if has_plain else "html"
        self.bodies[before:] = [body for body in alternatives if body[0] == chosen]

    def _take_leaf(self, part: Message, kind: str) -> None:
        content, name = _content_of(part), _filename_of(part)
        if kind in SIGNATURES:
            return
        if kind == "text/calendar" and not self.calendar:
            self.calendar = calendar_in(clean(decode(content, _charset_of(part), most=MOST_LETTERS)))
        is_attached = _is_attached(part, name)
        refusal = self._refusal_of_cut(_written_in(part)) if self.is_cut else ""
        if is_tnef(content) and not refusal:
            self._take_tnef(content)
        elif kind == "text/calendar":
            self._add_file(name or "invitation.ics", content, refusal=refusal)
        elif is_attached or not kind.startswith(("text/", "multipart/")):
            is_inline = kind.startswith("image/") and _is_within_text(part)
            self._add_file(name, content, is_inline=is_inline, refusal=refusal)
        else:
            self._add_body(part, kind, content)

    def _add_body(self, part: Message, kind: str, content: bytes) -> None:
        charset = _charset_of(part)
        if kind == "text/html" or content[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            self.bodies.append(("html", decode_html(content, charset)))
            return
        text = clean(decode(content, charset, most=MOST_LETTERS))
        if _parameter(part, "format").lower() == "flowed":
            text = unflow(text, delete_space=_parameter(part, "delsp").lower() == "yes")
        self.bodies.append(("plain", text))

    def _take_tnef(self, content: bytes) -> None:
        files, words = open_tnef(content)
        for name, inside in files:
            self._add_file(name, inside)
        if words and not self.bodies:
            self.bodies.append(("plain", clean(decode(words, most=MOST_LETTERS))))

    def _add_file(
        self, name: str, content: bytes, media_type: str = "", *, is_inline: bool = False, refusal: str = ""
    ) -> None:
        if len(self.files) >= MOST_FILES:
            self.trouble.append("TooManyFiles")
            return
        kind = media_type or media_type_of(content, self.allowance)
        safe = safe_name(name, kind, number=len(self.files) + 1)
        refusal = refusal or refusal_of(content, kind, largest=self.largest_file)
        self.files.append(File(name=safe, media_type=kind, content=content, is_inline=is_inline, refusal=refusal))

    def text(self) -> str:
        """Return all words, in order."""
        return "\n\n".join(text for text in self._texts() if text)[:LONGEST_TEXT]

    def _texts(self) -> Iterator[str]:
        letters, tags = MOST_HTML, MOST_TAGS
        for kind, text in self.bodies:
            if kind == "html":
                html = beginning_of(text, letters=letters, tags=tags)
                letters, tags = letters - len(html), tags - count_tags(html)
                yield html_to_text(html)
            else:
                yield tidy(text)


def _parts_within(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _read_raw_names(part: Message) -> None:
    """Read bytes above ASCII in the headers that name a part's kind and file, which no standard allows."""
    for name in ("Content-Type", "Content-Disposition"):
        raw = next((str(value) for key, value in part.raw_items() if key.lower() == name.lower()), "")
        if not raw.isascii():
            part.replace_header(name, decode(raw.encode("utf-8", "surrogateescape")))


def _content_of(part: Message) -> bytes:
    try:
        return cast("bytes", part.get_payload(decode=True) or b"")
    except (TypeError, ValueError, LookupError):
        return _written_in(part)


def _written_in(part: Message) -> bytes:
    """Return a part's content as it stands in the message, in whatever encoding."""
    return str(part.get_payload()).encode("utf-8", "surrogateescape")


def _charset_of(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (TypeError, ValueError, LookupError):
        return ""


def _parameter(part: Message, name: str) -> str:
    value = part.get_param(name)
    return value if isinstance(value, str) else ""


def _filename_of(part: Message) -> str:
    try:
        return decode_header(part.get_filename() or "")
    except (TypeError, ValueError, LookupError):
        return ""


def _is_attached(part: Message, name: str) -> bool:
    return bool(name) or part.get_content_disposition() == "attachment"


def _is_within_text(part: Message) -> bool:
    return bool(part.get("Content-ID")) or part.get_content_disposition() == "inline"


def _subject_of(message: Message | None) -> str:
    subject = "" if message is None else decode_header(str(message.get("Subject", "")))
    return subject or "message"


def _is_encoded(part: Message) -> bool:
    """Tell whether a message is attached in an encoding, which no standard allows (RFC 2046, 5.2.1): it is not read."""
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower() not in ("", "7bit", "8bit", "binary")


def _source_of(part: Message, message: Message | None) -> bytes:
    """Return the message that a part holds, as it was sent, or what the part holds instead."""
    try:
        return _content_of(part) if message is None else message.as_bytes()
    except (TypeError, ValueError, LookupError, AttributeError):
        return b""
