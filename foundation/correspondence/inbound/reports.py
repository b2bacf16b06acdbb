"""What mail servers and calendars say in parts of their own: delivery reports (RFC 3464) and answers (RFC 5546)."""

import re
from collections.abc import Sequence
from email.message import Message
from typing import cast

from foundation.correspondence.inbound.decoding import clean_line, decode
from foundation.correspondence.inbound.headers import ids_in, raw_headers
from foundation.correspondence.inbound.mail import Calendar, DeliveryReport

ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
WORST_FIRST = ("failed", "delayed", "expanded", "relayed", "delivered")
MOST_RECIPIENTS = 100
"""Recipients of one report that are read."""
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
ORIGINALS = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}


def delivery_report(parts: Sequence[Message]) -> DeliveryReport | None:
    """Read a mail server's report from the parts of a message; the worst that it tells, None if it tells nothing."""
    about = next((found for part in parts if (found := _original_id(part))), "")
    told = [one for part in parts if _is_status(part) for one in _recipients(part, about)]
    return min(told, key=lambda one: WORST_FIRST.index(one.action), default=None)


def _is_status(part: Message) -> bool:
    return part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")


def _recipients(part: Message, about: str) -> list[DeliveryReport]:
    groups = [raw_headers(group) for group in _groups(part)[: MOST_RECIPIENTS + 1]]
    return [_report(group, about) for group in groups if group.get("action", ("",))[0].lower() in ACTIONS]


def _groups(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _report(group: dict[str, tuple[str, ...]], about: str) -> DeliveryReport:
    def value(name: str) -> str:
        return clean_line(next(iter(group.get(name, ())), ""))

    recipient = (value("final-recipient") or value("original-recipient")).partition(";")
    status = STATUS.search(value("status"))
    return DeliveryReport(
        action=value("action").lower(),
        recipient=(recipient[2] or recipient[0]).strip("<> ").lower(),
        status=status[0] if status else "",
        diagnosis=value("diagnostic-code").partition(";")[2].strip() or value("diagnostic-code"),
        message_id=about,
    )


def _original_id(part: Message) -> str:
    """Return the Message-ID of what a part of a report holds of the message that it is about."""
    if part.get_content_type() not in ORIGINALS:
        return ""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, Message):
        return next(iter(ids_in(raw_headers(inner).get("message-id", ()))), "")
    text = decode(cast("bytes", part.get_payload(decode=True) or b""))
    found = re.search(r"^message-id:((?:.|\n[ \t])*)", text.replace("\r\n", "\n"), re.IGNORECASE | re.MULTILINE)
    return next(iter(ids_in([found[1]])), "") if found else ""


def calendar_in(text: str) -> Calendar | None:
    """Read a calendar's invitation or answer; None if it is neither."""
    unfolded = re.sub(r"\n[ \t]", "", text)
    values: dict[str, str] = {}
    for line in unfolded.split("\n"):
        name, _colon, value = line.partition(":")
        values.setdefault(name.partition(";")[0].strip().upper(), value.strip())
    if "METHOD" not in values:
        return None
    answer = re.search(r"^ATTENDEE[^:\n]*?PARTSTAT=([A-Z-]+)", unfolded, re.MULTILINE | re.IGNORECASE)
    is_answer = values["METHOD"].upper() == "REPLY"
    return Calendar(
        method=values["METHOD"].upper()[:20],
        summary=clean_line(re.sub(r"\\([,;\\])", r"\1", values.get("SUMMARY", "")))[:200],
        answer=answer[1].upper() if answer and is_answer else "",
        starts=values.get("DTSTART", "")[:40],
    )
