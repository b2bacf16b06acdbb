"""Builds raw messages, good and bad."""

import base64
import struct
from email.message import EmailMessage

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe1\x00\x10Exif\0\0" + b"\1" * 20
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def raw(*headers: str, body: str | bytes = "Hello.", **named: str) -> bytes:
    """Return a message of exactly these lines; `From`, `Subject` and `Message-ID` where they are not given."""
    given = {line.partition(":")[0].lower() for line in headers}
    usual = {
        "From": "Pat Doe <pat@people.example>",
        "To": "support@larkspur.example",
        "Subject": "No internet",
        "Date": "Mon, 02 Nov 2026 10:00:00 +0000",
        "Message-ID": "<one@people.example>",
        **named,
    }
    lines = [*headers, *(f"{name}: {value}" for name, value in usual.items() if name.lower() not in given and value)]
    content = body.encode("utf-8") if isinstance(body, str) else body
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content.replace(b"\n", b"\r\n")


def text_in(content: bytes, charset: str, *, kind: str = "plain") -> bytes:
    """Return a message whose text is these bytes, said to be in a charset."""
    named = f"; charset={charset}" if charset else ""
    return raw(f"Content-Type: text/{kind}{named}", "Content-Transfer-Encoding: 8bit", body=content)


def parts(kind: str, *inside: bytes, boundary: str = "b1", extra: str = "") -> bytes:
    """Return a message of parts; each is its headers, an empty line and its content."""
    body = b"".join(b"--%s\n%s\n" % (boundary.encode(), one) for one in inside) + b"--%s--\n" % boundary.encode()
    return raw(f'Content-Type: multipart/{kind}; boundary="{boundary}"{extra}', body=body)


def part(content_type: str, content: str | bytes = "", *headers: str) -> bytes:
    """Return one part."""
    head = "\n".join([f"Content-Type: {content_type}", *headers]).encode("utf-8", "surrogateescape")
    return head + b"\n\n" + (content.encode() if isinstance(content, str) else content)


def attached(content: bytes, disposition: str, content_type: str = "application/octet-stream") -> bytes:
    """Return a part that is a file, in base64."""
    encoded = base64.encodebytes(content)
    return part(content_type, encoded, f"Content-Disposition: {disposition}", "Content-Transfer-Encoding: base64")


def with_file(content: bytes, name: str, media_type: str = "application/octet-stream") -> bytes:
    """Return a message with one file, as mail programs write it."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Pat Doe <pat@people.example>", "A file"
    message["Message-ID"] = "<file@people.example>"
    message.set_content("See the file.")
    main, _slash, sub = media_type.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def enclosed(*messages: bytes, boundary: str = "outer") -> bytes:
    """Return a message to which others are attached."""
    inside = (part("message/rfc822", message.replace(b"\r\n", b"\n")) + b"\n" for message in messages)
    return parts("mixed", part("text/plain", "See below.\n"), *inside, boundary=boundary)


def compound(*names: str, sector: int = 512) -> bytes:
    """Return a compound file (MS-CFB) whose directory has these names, after its root."""
    entries = [_entry("Root Entry", 5), *(_entry(name, 2) for name in names)]
    directory = b"".join(entries).ljust(-(-len(entries) * 128 // sector) * sector, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0") + struct.pack("<HHHH", 0x3E, 3, 0xFFFE, 9)
    return head.ljust(sector, b"\0") + b"\xfd\xff\xff\xff".ljust(sector, b"\xff") + directory


def _entry(name: str, kind: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHB", encoded, len(encoded), kind).ljust(128, b"\0")


def bounce(
    message_id: str = "<ours@x>", *, action: str = "failed", status: str = "5.1.1", original: str = "rfc822"
) -> bytes:
    """Return a mail server's report (RFC 3464)."""
    report = (
        f"Reporting-MTA: dns; mx.people.example\n\nFinal-Recipient: rfc822; pat@people.example\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 no such user\n"
    )
    kind = "message/rfc822" if original == "rfc822" else "text/rfc822-headers"
    return parts(
        "report",
        part("text/plain", "Your message could not be delivered."),
        part("message/delivery-status", report),
        part(kind, f"Message-ID: {message_id}\nSubject: Your ticket\n\nHello\n"),
        extra="; report-type=delivery-status",
    ).replace(b"Pat Doe <pat@people.example>", b"MAILER-DAEMON@people.example", 1)


def tnef(files: dict[str, bytes], body: bytes = b"") -> bytes:
    """Return a winmail.dat."""

    def attribute(level: int, number: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    content = struct.pack("<IH", 0x223E9F78, 1) + (attribute(1, 0x0002800C, body) if body else b"")
    for name, data in files.items():
        content += attribute(2, 0x00069002, b"\0" * 14)
        content += attribute(2, 0x00018010, name.encode() + b"\0")
        content += attribute(2, 0x0006800F, data)
    return content
