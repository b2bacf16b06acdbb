"""A folder of mail on an IMAP server (RFC 3501, RFC 6851)."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from foundation.correspondence.states import Security

PATIENCE = 20
"""Seconds for each answer of the server."""
NOT_THERE = (OSError, imaplib.IMAP4.error, imaplib.IMAP4.abort, ssl.SSLError)
"""What a server that is away, refuses or talks nonsense raises."""
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapError(Exception):
    """The server cannot be reached, refuses us, or answers no."""


@dataclass(frozen=True, kw_only=True)
class ImapAccount:
    """Where a mailbox lies, and who we are there."""

    host: str
    port: int
    security: str
    username: str
    password: str


class ImapFolder:
    """An open folder. Reading leaves no mark in it."""

    def __init__(self, client: imaplib.IMAP4, name: str) -> None:
        self._client = client
        self._ask("SELECT", client.select(_quoted(name)))
        self.validity = self._number("UIDVALIDITY")
        """Changes when the server counts its messages anew."""

    def uids(self) -> list[int]:
        """Return the numbers of all messages, the oldest first."""
        (found,) = self._ask("SEARCH", self._client.uid("SEARCH", "ALL"))[:1]
        return sorted(int(number) for number in (found or b"").split())

    def size(self, uid: int) -> int:
        """Return a message's size in bytes; 0 where it is gone or the server does not say."""
        answer = self._ask("FETCH", self._client.uid("FETCH", str(uid), "(RFC822.SIZE)"))
        found = SIZE.search(b" ".join(part for part in answer if isinstance(part, bytes)))
        return int(found[1]) if found else 0

    def read(self, uid: int, *, headers_only: bool = False) -> bytes:
        """Return a message as it lies there; empty where it is gone."""
        what = "(BODY.PEEK[HEADER])" if headers_only else "(BODY.PEEK[])"
        answer = self._ask("FETCH", self._client.uid("FETCH", str(uid), what))
        return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")

    def move(self, uid: int, to: str) -> None:
        """Move a message to another folder of the mailbox, which is made if it is missing."""
        if self._tell_to_move(uid, to)[0] != "OK":
            self._client.create(_quoted(to))
            self._ask("MOVE", self._tell_to_move(uid, to))

    def _tell_to_move(self, uid: int, to: str) -> tuple[str, Any]:
        if "MOVE" in self._client.capabilities:
            return self._client.uid("MOVE", str(uid), _quoted(to))
        copied = self._client.uid("COPY", str(uid), _quoted(to))
        if copied[0] == "OK":
            self._ask("STORE", self._client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
            self._ask("EXPUNGE", self._client.expunge())
        return copied

    def _number(self, name: str) -> int:
        _name, values = self._client.response(name)
        return int(values[0]) if values and values[0] else 0

    @staticmethod
    def _ask(what: str, answer: tuple[str, Any]) -> list[Any]:
        """Return what the server answered. :raises ImapError: if it said no."""
        word, content = answer
        if word != "OK":
            raise ImapError(f"{what}: {content!r}"[:300])
        return list(content or [])


@contextmanager
def open_folder(account: ImapAccount, name: str) -> Iterator[ImapFolder]:
    """
    Sign in and open a folder; sign out again at the end.

    :raises ImapError: if the server cannot be reached, refuses us, has no such folder, or fails in between
    """
    client: imaplib.IMAP4 | None = None
    try:
        client = _connect(account)
        client.login(account.username, account.password)
        yield ImapFolder(client, name)
    except NOT_THERE as error:
        raise ImapError(str(error)[:300] or type(error).__name__) from error
    finally:
        if client is not None:
            with suppress(*NOT_THERE):
                client.logout()


def _connect(account: ImapAccount) -> imaplib.IMAP4:
    if account.security == Security.TLS:
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=ssl.create_default_context(), timeout=PATIENCE)
    client = imaplib.IMAP4(account.host, account.port, timeout=PATIENCE)
    if account.security == Security.STARTTLS:
        client.starttls(ssl.create_default_context())
    return client


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
