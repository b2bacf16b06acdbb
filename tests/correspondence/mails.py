"""Builds raw messages, good and bad."""

import base64
import struct
from email.message import EmailMessage

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe1\x00\x10Exif\0\0" + b"\1" * 20
SHORT = 4096
"""A file in a compound file of fewer bytes lies in short sectors."""
END, FREE = 0xFFFFFFFE, 0xFFFFFFFF
IN_HEAD = 109
"""So many sectors of its table are named in its head, the others in a list."""
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


def compound(*names: str, sector: int = 512, **files: bytes) -> bytes:
    """
    Return a compound file (MS-CFB) whose directory, at its end, has its root, these names, and these files.

    Files lie backwards, so that none of their sectors follow each other; in a name, an underscore stands for a blank.
    """
    disk = _Disk(sector)
    short = {name: content for name, content in files.items() if len(content) < SHORT}
    within, short_table, begins = b"", [], {}
    for name, content in short.items():
        begins[name] = len(within) // 64
        within += content.ljust(-(-len(content) // 64) * 64, b"\0")
        short_table += [*range(begins[name] + 1, len(within) // 64), END] if content else []
    begins |= {name: disk.put(content) for name, content in files.items() if name not in short}
    root = _entry("Root Entry", 5, disk.put(within), len(within))
    short_at = disk.put(struct.pack(f"<{len(short_table)}I", *short_table))
    entries = [_entry(name, 2) for name in names]
    entries += [_entry(name.replace("_", " "), 2, begins[name], len(content)) for name, content in files.items()]
    directory = root + b"".join(entries)
    table, count, more = len(disk.sectors), 1, 0
    while count * (sector // 4) < table + count + more + -(-len(directory) // sector):
        count += 1
        more = int(count > IN_HEAD)
    tables = [*range(table, table + count), *[FREE] * (IN_HEAD + sector // 4 - 1 - count)]
    disk.put(bytes(count * sector))  # the table of what follows what, to be filled in
    if more:
        disk.put(struct.pack(f"<{sector // 4}I", *tables[IN_HEAD:], END))
    directory_at = disk.put(directory, backwards=False)
    filled = struct.pack(f"<{len(disk.following)}I", *disk.following).ljust(count * sector, b"\xff")
    disk.sectors[table : table + count] = [filled[at : at + sector] for at in range(0, len(filled), sector)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0")
    head += struct.pack("<5H10x", 0x3E, 3, 0xFFFE, sector.bit_length() - 1, 6)
    list_at = table + count if more else END
    head += struct.pack("<8I", count, directory_at, 0, SHORT, short_at, 0, list_at, more)
    return (head + struct.pack("<109I", *tables[:IN_HEAD])).ljust(sector, b"\0") + b"".join(disk.sectors)


class _Disk:
    """Sectors, and which of them follow each other."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sectors: list[bytes] = []
        self.following: list[int] = []

    def put(self, content: bytes, *, backwards: bool = True) -> int:
        """Lay down a chain, the last sector first, and return where it begins."""
        parts = [content[at : at + self.size].ljust(self.size, b"\0") for at in range(0, len(content), self.size)]
        places = list(range(len(self.sectors), len(self.sectors) + len(parts)))
        self.sectors += reversed(parts) if backwards else parts
        if not places:
            return END
        self.following += [END, *places[:-1]] if backwards else [*places[1:], END]
        return places[-1] if backwards else places[0]


def _entry(name: str, kind: int, first: int = 0, size: int = 0) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sHB49xIQ", encoded, len(encoded), kind, first, size)


def record(which: int, body: bytes = b"") -> bytes:
    """Return a record of a workbook (MS-XLS)."""
    return struct.pack("<HH", which, len(body)) + body


def workbook(*records: bytes, kind: int = 0, said: int = 0x10, padding: int = 0, version: int = 0x600) -> bytes:
    """
    Return a workbook of one sheet, with some more records before.

    :param kind: of the sheet, as the workbook lists it
    :param said: what the sheet's own beginning says that it is
    :param padding: bytes before the sheet is listed
    :param version: of Excel; 0x600 since 1997
    """
    begins = record(0x0809, struct.pack("<HH12x", version, 5)) + b"".join(records)
    begins += record(0x003C, bytes(padding)) if padding else b""
    listed = len(begins) + 4 + 14 + 4
    begins += record(0x0085, struct.pack("<IBBBB6s", listed, 0, kind, 6, 0, b"Sheet1")) + record(0x000A)
    return begins + record(0x0809, struct.pack("<HH12x", version, said)) + record(0x000A)


def word(*, version: int = 0xA5EC, flags: int = 0, commands: int = 2, text: bytes = b"") -> bytes:
    """
    Return a document of the old Word (MS-DOC).

    :param version: which one begins so; 0xA5DC is Word 6, and Word 95
    :param commands: bytes of its own commands, macros among them; a list without any has two
    """
    head = struct.pack("<HHHHHH", version, 0, 0, 0x409, 0, flags).ljust(0x118, b"\0") + struct.pack("<II", 0, commands)
    return head.ljust(0x300, b"\0") + text


def wordprocessing(body: str, root: str = "document", prefix: str = "w") -> str:
    """Return a part of a document of the new Word, with prefixes `w:` in its body."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    inside = body.replace("w:", f"{prefix}:")
    return f'<?xml version="1.0"?><{prefix}:{root} xmlns:{prefix}="{space}">{inside}</{prefix}:{root}>'


def field(*runs: str) -> str:
    """Return a field of the new Word whose instruction lies in several runs; one that begins with `<` is one already."""
    words = "".join(one if one.startswith("<") else f"<w:r><w:instrText>{one}</w:instrText></w:r>" for one in runs)
    marks = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")]
    return f"{marks[0]}{words}{marks[1]}<w:r><w:t>DDE, as its result</w:t></w:r>{marks[2]}"


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
