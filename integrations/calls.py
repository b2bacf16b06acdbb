"""
Call a vendor over HTTP and be done in time, whatever the vendor does.

A time-out of httpx begins anew with every byte, of the headers too: a vendor that sends one a second would hold a worker
for hours. So a call has a deadline beside its time-outs, at which its connection is shut down under it.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

CONNECTED = "connection.connect_tcp.complete"
"""When httpx has a connection, which it may encrypt afterwards."""


class EndlessError(httpx.HTTPError):
    """An answer that was not complete in time, or was longer than any that we expect."""


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    content: bytes

    def document(self) -> Any:
        """
        Read it as JSON.

        :raises ValueError: if it is none, or nested without end
        """
        try:
            return json.loads(self.content)
        except RecursionError as problem:
            raise ValueError("It is nested too deep.") from problem


def call(  # noqa: PLR0913  # each limit has a name
    method: str, address: str, *, token: str, timeout: httpx.Timeout, longest: float, most: int, **content: Any
) -> Answer:
    """
    Make one call and wait for its whole answer.

    :param timeout: how long each part of it may take
    :param longest: seconds that all of it may take
    :param most: bytes of an answer that are read
    :param content: what httpx sends: `params`, `json`
    :raises httpx.HTTPError: if there is no connection or no complete answer (`EndlessError` at one of the two limits)
    :raises httpx.InvalidURL: if the address is none
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with (
        _deadline(longest) as trace,
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=_trusted()) as client,
        client.stream(method, address, headers=headers, extensions={"trace": trace}, **content) as answer,
    ):
        return Answer(answer.status_code, _content(answer, most))


def _content(answer: httpx.Response, most: int) -> bytes:
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > most:
            raise EndlessError(f"HTTP {answer.status_code}, and an answer of more than {most} bytes")
    return bytes(content)


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates we trust: to read them takes longer than most calls."""
    return httpx.create_ssl_context(trust_env=False)


class _Connection:
    """The connection of one call, which may be ended from outside at any moment."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.is_over = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """
        Hear from httpx how a call goes on.

        What is kept is another handle of the connection: while an encryption is agreed on, httpx's own belongs to nobody.
        """
        if event == CONNECTED:
            self.close()
            self.socket = info["return_value"].get_extra_info("socket").dup()
            if self.is_over:
                self.end()

    def end(self) -> None:
        """Let whoever reads or writes there find it closed; an encrypted one, too, without a farewell."""
        self.is_over = True
        if self.socket:
            with suppress(OSError):  # closed already
                self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        if self.socket:
            self.socket.close()


@contextmanager
def _deadline(seconds: float) -> Iterator[Any]:
    """
    End the call that is made within, and traced by what this yields, once its time is over.

    :raises EndlessError: if it is
    """
    connection = _Connection()
    clock = threading.Timer(seconds, connection.end)
    clock.daemon = True
    clock.start()
    try:
        yield connection.trace
    except httpx.HTTPError as problem:
        if connection.is_over:
            raise EndlessError(f"No complete answer within {seconds} seconds") from problem
        raise
    finally:
        clock.cancel()
        connection.close()
    if connection.is_over:  # what was cut off may look like an end
        raise EndlessError(f"No complete answer within {seconds} seconds")
