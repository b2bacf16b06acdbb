"""
Speak to a device management server over HTTP: `GET /device/<serial>`, with a bearer token.

It answers 200 with the device, 404 with the code `unknownDevice` where it knows none. Whatever else it says, or does not
say within eight seconds, is no reading: somebody waits on the phone.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from integrations.calls import Answer, call
from tickets.ports import LEVELS, Connection, Level, Reading, Unavailable, UnknownDevice

TIMEOUT = httpx.Timeout(connect=2, write=1, read=3, pool=1)
"""How long each part of a call may take."""
LONGEST_CALL = 8.0
"""Seconds after which an answer that still trickles in is none: somebody waits on the phone."""
LONGEST_ANSWER = 64_000
"""Bytes."""
LONGEST_FIRMWARE = 60

NAMES = {
    "downstreamPower": "downstream_power",
    "downstreamSnr": "downstream_snr",
    "upstreamPower": "upstream_power",
    "opticalPower": "optical_power",
}
"""The vendor's names of levels, and ours; what it measures beside these is of no use to us."""


class Acs:
    """A device management server. Implements `tickets.ports.DiagnosticsPort`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, serial: str) -> Reading:
        """Ask a device how it is."""
        address = f"{self._connection.base_url}/device/{quote(serial, safe='')}"
        try:
            answer = call(
                "GET", address,
                token=self._connection.token, timeout=TIMEOUT, longest=LONGEST_CALL, most=LONGEST_ANSWER,
            )  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Unavailable(f"No answer: {problem!r}") from problem
        return _reading(_document(answer), serial)


def _document(answer: Answer) -> Any:
    try:
        document = answer.document()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unavailable(f"HTTP {answer.status}, and no device")
    if answer.status == HTTPStatus.NOT_FOUND and document.get("code") == "unknownDevice":
        raise UnknownDevice
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"HTTP {answer.status}")
    return document


def _reading(document: dict[str, Any], serial: str) -> Reading:
    try:
        if document["serialNumber"] != serial or not isinstance(document["online"], bool):
            raise Unavailable("It speaks of another device.")
        seen = document.get("lastSeen")
        return Reading(
            serial=serial,
            is_online=document["online"],
            last_seen_at=_moment(seen) if seen else None,
            firmware=str(document.get("firmware") or "")[:LONGEST_FIRMWARE],
            levels=tuple(_level(NAMES[level["name"]], level) for level in document["level"] if level["name"] in NAMES),
        )
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError) as problem:
        raise Unavailable(f"The device cannot be read: {problem!r}") from problem


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone.")
    return moment


def _level(name: str, level: dict[str, Any]) -> Level:
    value = Decimal(str(level["value"]))
    if not value.is_finite() or level["unit"] != LEVELS[name].unit:
        raise ValueError("A level that cannot be compared.")
    return Level(name=name, value=value)
