"""The mail that the local system has sent, kept as files and never delivered to anybody."""

import email.policy
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesParser
from pathlib import Path
from typing import cast

_NAME = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One part of a mail that is a file."""

    number: int
    """Its place among all parts of the mail."""
    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> str:
        """Its size in words."""
        return f"{max(1, round(len(self.content) / 1024))} kB"


class Mail:
    """One mail as it was sent, with the addresses of its envelope."""

    def __init__(self, name: str, source: bytes) -> None:
        self.name = name
        self.source = source
        self.message = BytesParser(policy=email.policy.default).parsebytes(source)

    @property
    def received_at(self) -> str:
        """When it was received, in UTC and readable."""
        return f"{datetime.strptime(self.name[:15], '%Y%m%dT%H%M%S').replace(tzinfo=UTC):%d %b %Y, %H:%M:%S}"

    @property
    def subject(self) -> str:
        """Its subject, decoded."""
        return str(self.message.get("Subject", "")) or "(no subject)"

    @property
    def sender(self) -> str:
        """Whom it says it is from."""
        return str(self.message.get("From", ""))

    @property
    def recipients(self) -> str:
        """Whom it was really sent to, by the envelope."""
        return str(self.message.get("X-Envelope-To", "") or self.message.get("To", ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its other headers, in order."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        """Its plain text; empty where there is none."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """Its HTML, with pictures that it carries itself pointing to our page; empty where there is none."""
        html = self._body("html")
        for number, part in enumerate(self.message.walk()):
            if content_id := str(part.get("Content-ID", "")).strip("<> "):
                html = html.replace(f"cid:{content_id}", f"/mail/{self.name}/parts/{number}")
        return html

    @property
    def attachments(self) -> list[Attachment]:
        """Its files."""
        return [
            Attachment(
                number=number,
                name=part.get_filename() or f"part-{number}",
                content_type=part.get_content_type(),
                content=cast("bytes", part.get_payload(decode=True) or b""),
            )
            for number, part in enumerate(self.message.walk())
            if not part.is_multipart() and (part.get_filename() or part.get("Content-ID"))
        ]

    def _body(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part else ""


class Mailbox:
    """All mails of a data folder, the newest first."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "mail"

    def __iter__(self) -> Iterator[Mail]:
        for file in sorted(self.folder.glob("*.eml"), reverse=True):
            yield Mail(file.stem, file.read_bytes())

    def get(self, name: str) -> Mail | None:
        """Return the mail of this name."""
        file = self.folder / f"{name}.eml"
        if _NAME.fullmatch(name) and file.exists():
            return Mail(name, file.read_bytes())
        return None

    def keep(self, source: bytes, *, recipients: list[str]) -> Mail:
        """Keep a mail with the recipients of its envelope."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        complete = b"X-Envelope-To: " + ", ".join(recipients).encode("ascii", "replace") + b"\r\n" + source
        unfinished = self.folder / f"{name}.part"
        unfinished.write_bytes(complete)
        unfinished.rename(self.folder / f"{name}.eml")
        return Mail(name, complete)
