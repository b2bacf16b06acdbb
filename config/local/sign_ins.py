"""
The demonstration sign-ins, as the demonstration's loader leaves them in the data folder.

The file holds a list of `{"role", "email", "password", "totp_secret", "start_url"}`; only made-up people are in it.
"""

import base64
import hmac
import json
import struct
import time
from dataclasses import dataclass
from pathlib import Path

PERIOD = 30
"""Seconds for which one code holds (RFC 6238)."""
DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """One made-up person."""

    role: str
    email: str
    password: str
    start_url: str
    totp_secret: str = ""

    def code(self, at: float | None = None) -> str:
        """Return the second factor's code for an instant (Unix time; now if not said); empty where there is none."""
        return totp(self.totp_secret, time.time() if at is None else at) if self.totp_secret else ""


def file_of(data: Path) -> Path:
    """Return the file that the demonstration's loader writes."""
    return data / "demonstration.json"


def load(data: Path) -> list[SignIn]:
    """Return the sign-ins in the loader's order; none before it has run."""
    try:
        rows = json.loads(file_of(data).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [SignIn(**{name: row.get(name) or "" for name in SignIn.__dataclass_fields__}) for row in rows]


def totp(secret: str, at: float) -> str:
    """Return the time-based one-time password of a base32 secret (RFC 6238, SHA-1, six digits)."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at) // PERIOD), "sha1")
    start = digest[-1] & 0xF
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
