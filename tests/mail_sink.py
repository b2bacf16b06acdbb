"""A real mail server in a thread, which takes mail or refuses it by what stands before the @."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.local.processes import free_port

REFUSED = re.compile(r"(rcpt|data)-(\d{3})")
"""`rcpt-550@…` is refused as a recipient, `data-554@…` when the message was read, with these answers."""


class Sink:
    """Keeps what it took, in the order in which it came."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.connections = 0

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answer: list[str]
    ) -> list[str]:
        """Count who comes."""
        session.host_name = hostname
        self.connections += 1
        return answer

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        """Take a recipient, or refuse it."""
        found = REFUSED.match(address)
        if found and found[1] == "rcpt":
            return f"{found[2]} No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, or refuse it."""
        found = REFUSED.match(envelope.rcpt_tos[0])
        if found and found[1] == "data":
            return f"{found[2]} Not wanted here"
        self.taken.append(message_from_bytes(envelope.original_content or b""))
        return "250 Kept"


@contextmanager
def mail_sink(settings: Any) -> Iterator[Sink]:
    """Run a sink, and let Django send to it."""
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    try:
        yield sink
    finally:
        server.stop()
