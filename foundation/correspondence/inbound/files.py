"""What attached files are, by their content; names that are safe; and which of them may be passed on."""

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from foundation.correspondence.inbound import richtext
from foundation.correspondence.inbound.compound import (
    UnreadableFileError,
    carries_files,
    has_macros,
    has_packages,
    is_compound,
    is_locked,
)
from foundation.correspondence.inbound.decoding import clean_line
from foundation.correspondence.inbound.fields import BEGINS_AS_XML, asks_a_program
from foundation.correspondence.inbound.office import has_packed_slides, has_word_programs, has_workbook_programs

LARGEST_FILE = 10 * 1024 * 1024
UNKNOWN = "application/octet-stream"
PROGRAM = "application/x-executable"
MACROS = "application/x-office-macros"
"""A document with programs of its own, or with a way to start others: a packed file, a link by DDE or OLE, a template from elsewhere."""
ARCHIVE = "application/zip"
OFFICE = "application/msword"
RTF = "application/rtf"
OUTLOOK = "application/vnd.ms-outlook"
"""A message of Outlook's that carries files, which nobody here has looked into; one without is `OFFICE`."""

BEGINNINGS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"#!AMR", "audio/amr"),
    (0, richtext.BEGINNING, RTF),
    (0, b"MZ", PROGRAM),
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xfe\xed\xfa", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),
    (0, b"\xca\xfe\xba\xbe", PROGRAM),
    (0, b"#!", PROGRAM),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", PROGRAM),
    (0, b"Rar!", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BEGIN:VCALENDAR", "text/calendar"),
    (0, b"BEGIN:VCARD", "text/vcard"),
    (0, b"<?xml", "text/xml"),
)
"""How files begin, by their own standards: (where, what, which)."""
IN_ZIP = (
    ("META-INF/MANIFEST.MF", PROGRAM),
    ("AndroidManifest.xml", PROGRAM),
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
IN_OPEN_DOCUMENT = re.compile(rb"mimetype(application/vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation))")
MACROS_IN_ZIP = re.compile(r"(?:^|/)vbaProject\.bin$|^(?:Basic|Scripts)/", re.IGNORECASE)
"""Where documents of Office and of OpenDocument keep their programs."""
DECLARES_MACROS = re.compile(r"macroEnabled|macrosheet|vbaProject|ms-office\.activeX", re.IGNORECASE)
"""In the list of what a document of Office consists of, under whatever names (ECMA-376, part 2, 7.2.3; ActiveX: MS-OFFMACRO2, 2.2)."""
CONTENT_TYPES = "[content_types].xml"
"""That list, in lower case: upper and lower case are one there."""
MOST_TYPES = 1024 * 1024
"""Bytes of that list at the most."""
DISGUISED = re.compile(r"&#|\0|<!(?:DOCTYPE|ENTITY)|encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
"""How a word in that list could be written otherwise than in plain UTF-8."""
BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The ways of packing of which a part can be unpacked: with any other a few bytes may become gigabytes at once."""
EMBEDDED = re.compile(r"(?:^|/)embeddings/", re.IGNORECASE)
"""Where documents of Office keep whole files within them; anywhere else they are known by how they begin."""
ZIPPED = b"PK\x03\x04"
MOST_UNPACKED, MOST_PARTS, DEEPEST = 24 * 1024 * 1024, 3000, 3
"""Of files that come together, with all that lies within them: bytes and parts that are looked at, and how deep."""
MOST_ELEMENTS = 400_000
"""Of them, elements and attributes of XML that are looked at: some 2,000 pages of text, and about a second."""
PIECE = 64 * 1024
HTML = re.compile(
    rb"^\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|svg)\b", re.IGNORECASE | re.DOTALL
)
MARKED_UP = re.compile(rb"<(?:script|svg|html)\b", re.IGNORECASE)

ENDINGS: dict[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/tiff": (".tif", ".tiff"),
    "image/bmp": (".bmp",),
    "image/heic": (".heic", ".heif"),
    "image/avif": (".avif",),
    "video/quicktime": (".mov",),
    "video/mp4": (".mp4", ".m4v", ".3gp"),
    "audio/mp4": (".m4a",),
    "audio/mpeg": (".mp3",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/wav": (".wav",),
    "audio/amr": (".amr",),
    RTF: (".rtf",),
    OFFICE: (".doc", ".xls", ".ppt", ".msg"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
    "application/vnd.oasis.opendocument.presentation": (".odp",),
    "text/calendar": (".ics",),
    "text/vcard": (".vcf",),
    "text/plain": (".txt", ".csv", ".log", ".md", ".json"),
    "message/rfc822": (".eml",),
}
"""What may be passed on, and the endings under which it is saved: the first is given where there is no fitting one."""
DANGEROUS = frozenset({PROGRAM, MACROS, "text/html", "text/xml"})
"""What could do something on the computer of whoever opens it."""
RESERVED = re.compile(r"^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
UNSAFE = re.compile(r"[\\/:*?\"<>|%\x00-\x1f]")
LONGEST_NAME = 120
SAMPLE = 64 * 1024


@dataclass
class Allowance:
    """How much of files that come together may still be looked at, so that small ones do not keep us busy for ever."""

    size: int = MOST_UNPACKED
    parts: int = MOST_PARTS
    elements: int = MOST_ELEMENTS
    fields: int = richtext.MOST_FIELDS_TOGETHER
    depth: int = DEEPEST

    def read(self, part: IO[bytes]) -> Iterator[bytes]:
        """
        Unpack a part, piece by piece.

        :raises ValueError: if it is more than may be
        """
        while piece := part.read(PIECE):
            self.size -= len(piece)
            if self.size < 0:
                raise ValueError("There is more in it than is looked at.")
            yield piece

    def meet(self, elements: int) -> None:
        """
        Look at some elements and attributes more.

        :raises ValueError: if they are more than may be
        """
        self.elements -= elements
        if self.elements < 0:
            raise ValueError("There is more in it than is looked at.")


def media_type_of(content: bytes, allowance: Allowance | None = None) -> str:
    """
    Say what a file is, by what is in it and never by its name; `application/octet-stream` where that is not known.

    :param allowance: what may still be looked at of all that came with it; None: it came alone
    """
    return _type_of(content, allowance or Allowance())


def _type_of(content: bytes, allowance: Allowance) -> str:
    if content.startswith(ZIPPED):
        return _in_zip(content, allowance)
    if is_compound(content):
        return _in_compound(content)
    for place, beginning, media_type in BEGINNINGS:
        if content[place : place + len(beginning)] == beginning:
            return _text_or(media_type, content, allowance)
    if HTML.match(content[:4096]):
        return "text/html"
    return "text/plain" if _is_text(content[:SAMPLE]) else UNKNOWN


def _text_or(media_type: str, content: bytes, allowance: Allowance) -> str:
    """Return a type, but `text/html` for what is said to be XML and shows itself as a page or a drawing, and so on."""
    if media_type == RTF:
        allowance.fields -= richtext.count_fields(content)
        if allowance.fields < 0:
            return UNKNOWN
        try:
            return MACROS if richtext.starts_programs(content) else RTF
        except ValueError:
            return UNKNOWN
    return "text/html" if media_type == "text/xml" and MARKED_UP.search(content[:SAMPLE]) else media_type


def _in_compound(content: bytes) -> str:
    try:
        if has_macros(content) or has_packages(content):
            return MACROS
        if has_workbook_programs(content) or has_word_programs(content):
            return MACROS
        if is_locked(content) or has_packed_slides(content):
            return UNKNOWN
    except UnreadableFileError:
        return UNKNOWN
    return OUTLOOK if carries_files(content) else OFFICE


def _in_zip(content: bytes, allowance: Allowance) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if any(MACROS_IN_ZIP.search(name) for name in names) or _declares_macros(archive):
                return MACROS
            found = _document_in(content, names)
            return MACROS if found in ENDINGS and _has_programs(archive, allowance) else found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        return UNKNOWN


def _document_in(content: bytes, names: set[str]) -> str:
    found = IN_OPEN_DOCUMENT.search(content[:200])
    if found:
        return found[1].decode("ascii")
    return next((media_type for name, media_type in IN_ZIP if name in names), ARCHIVE)


def _has_programs(archive: zipfile.ZipFile, allowance: Allowance) -> bool:
    """
    Tell whether something in a document could do something: a file within it, or a link.

    :raises ValueError: if that cannot be told
    """
    entries = archive.infolist()
    allowance.parts -= len(entries)
    if allowance.parts < 0 or any(entry.compress_type not in BOUNDED for entry in entries):
        raise ValueError("It has more parts than are looked at, or some are packed in a way that is not read here.")
    return any(_is_program(archive, entry, allowance) for entry in entries)


def _is_program(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, allowance: Allowance) -> bool:
    with archive.open(entry) as part:
        head = part.read(64)
    if EMBEDDED.search(entry.filename) or is_compound(head) or head.startswith(ZIPPED):
        with archive.open(entry) as part:
            return _is_dangerous(b"".join(allowance.read(part)), allowance)
    if BEGINS_AS_XML.match(head):
        with archive.open(entry) as part:
            return asks_a_program(allowance.read(part), allowance.meet)
    return False


def _is_dangerous(within: bytes, allowance: Allowance) -> bool:
    """
    Tell whether a file within a document is one that would be refused alone.

    :raises ValueError: if that cannot be told
    """
    if allowance.depth == 0:
        raise ValueError("Files lie within files, deeper than is looked at.")
    allowance.depth -= 1
    media_type = _type_of(within, allowance)
    allowance.depth += 1
    if within and media_type not in {*ENDINGS, *DANGEROUS}:
        raise ValueError("Nobody knows what lies within it.")
    return media_type in DANGEROUS


def _declares_macros(archive: zipfile.ZipFile) -> bool:
    """
    Tell whether a document says of itself that it has programs.

    :raises ValueError: if that cannot be told
    """
    lists = [entry for entry in archive.infolist() if entry.filename.lower() == CONTENT_TYPES]
    if not lists:
        return False
    if len(lists) > 1 or lists[0].compress_type not in BOUNDED or lists[0].file_size > MOST_TYPES:
        raise ValueError("It lists what it consists of twice, or in a way that is not read here.")
    with archive.open(lists[0]) as types:
        said = types.read(MOST_TYPES).decode("utf-8")
    if DISGUISED.search(said):
        raise ValueError("It writes that list in a way that is not read here.")
    return bool(DECLARES_MACROS.search(said))


def _is_text(sample: bytes) -> bool:
    if b"\0" in sample:
        return sample.startswith((b"\xff\xfe", b"\xfe\xff"))
    control = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in sample)
    return bool(sample) and control == 0


def refusal_of(content: bytes, media_type: str, *, largest: int = LARGEST_FILE) -> str:
    """
    Say why a file should not be passed on; empty if it may be.

    :param largest: bytes
    :return: `empty`, `too_large`, `dangerous` or `unknown_type`
    """
    if not content:
        return "empty"
    if len(content) > largest:
        return "too_large"
    if media_type in DANGEROUS:
        return "dangerous"
    return "" if media_type in ENDINGS else "unknown_type"


def safe_name(name: str, media_type: str, *, number: int) -> str:
    """
    Return a name to show and to save under.

    :param number: which file of the message it is, for one without a name
    """
    last = re.split(r"[\\/]", clean_line(unicodedata.normalize("NFC", name)))[-1]
    plain = UNSAFE.sub("_", last).strip(". ")
    if not plain.strip("_"):
        plain = f"file-{number}"
    if RESERVED.match(plain):
        plain = f"_{plain}"
    stem, ending = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
    fitting = ENDINGS.get(media_type, ())
    if fitting and ending.lower() not in fitting:
        stem, ending = plain, fitting[0]
    return f"{stem[: LONGEST_NAME - len(ending)]}{ending}"[:LONGEST_NAME]
