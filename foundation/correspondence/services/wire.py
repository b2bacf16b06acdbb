"""
An e-mail of text and HTML, written as it crosses the wire.

The standard library builds a tree of parts and folds every header anew for each letter, which takes longer than the mail
server does; a plain letter is two texts between known lines (RFC 2046, 5.1.4). Whatever is more than that (attachments,
lines that must be wrapped) Django writes as ever.
"""

import secrets
from dataclasses import dataclass
from email.utils import formatdate

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import RFC5322_EMAIL_LINE_LENGTH_LIMIT, forbid_multi_line_headers

UTF_8 = "utf-8"


@dataclass(frozen=True)
class Written:
    """A letter as it is sent, but for how its lines end."""

    content: str

    def as_string(self, unixfrom: bool = False, linesep: str = "\n") -> str:  # noqa: FBT001, FBT002, ARG002  # Django's
        """Return it with lines that end as is wanted."""
        return self.content if linesep == "\n" else self.content.replace("\n", linesep)

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:  # noqa: FBT001, FBT002  # Django's
        """Return it in UTF-8, as a mail backend wants it."""
        return self.as_string(unixfrom, linesep).encode(UTF_8)


class PlainLetter(EmailMultiAlternatives):
    """A text with its HTML beside it, written quickly where nothing stands against it."""

    def message(self):  # type: ignore[no-untyped-def, override]  # noqa: ANN201  # as Django 5 declares it
        """
        Return the letter with its headers.

        :raises BadHeaderError: if a header has several lines
        :raises ValueError: if an address is none
        """
        texts = {"text/plain": _one_line_end(self.body)}
        texts |= {kind: _one_line_end(content) for content, kind in self.alternatives}
        is_more = self.attachments or self.cc or self.reply_to or len(texts) != 2
        if is_more or any(map(_must_be_wrapped, texts.values())):
            return super().message()
        boundary = f"=_{secrets.token_hex(16)}"
        headers = {
            "Content-Type": f'multipart/alternative; boundary="{boundary}"',
            "MIME-Version": "1.0",
            "Subject": self.subject,
            "From": self.from_email,
            "To": ", ".join(self.to),
            "Date": formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
            **self.extra_headers,
        }
        lines = [_header(name, value) for name, value in headers.items()] + [""]
        for kind, content in texts.items():
            encoding = "7bit" if content.isascii() else "8bit"
            lines += [f"--{boundary}", f'Content-Type: {kind}; charset="{UTF_8}"', "MIME-Version: 1.0"]
            lines += [f"Content-Transfer-Encoding: {encoding}", "", content]
        lines += [f"--{boundary}--", ""]
        return Written("\n".join(lines))


def _header(name: str, value: str) -> str:
    _name, encoded = forbid_multi_line_headers(name, value, UTF_8)
    return f"{name}: {encoded}"


def _one_line_end(text: object) -> str:
    return str(text).replace("\r\n", "\n").replace("\r", "\n")


def _must_be_wrapped(text: str) -> bool:
    """Tell whether a line is longer than mail may have them."""
    return any(len(line.encode()) > RFC5322_EMAIL_LINE_LENGTH_LIMIT for line in text.split("\n"))
