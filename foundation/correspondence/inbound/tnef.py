"""Outlook's `winmail.dat` (MS-OXTNEF): the files and the words inside it."""

import struct
from collections.abc import Iterator

SIGNATURE = 0x223E9F78
NEW_FILE, FILE_NAME, FILE_DATA, BODY = 0x9002, 0x8010, 0x800F, 0x800C
MOST_FILES = 100


def is_tnef(content: bytes) -> bool:
    """Tell whether this is one."""
    return len(content) > 6 and struct.unpack_from("<I", content)[0] == SIGNATURE


def open_tnef(content: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return the files inside, each by its name, and the plain words; whatever is cut short ends there."""
    files: list[list[bytes]] = []
    body = b""
    for attribute, data in _attributes(content):
        if attribute == NEW_FILE and len(files) < MOST_FILES:
            files.append([b"", b""])
        elif attribute == FILE_NAME and files:
            files[-1][0] = data.rstrip(b"\0")
        elif attribute == FILE_DATA and files:
            files[-1][1] = data
        elif attribute == BODY:
            body = data.rstrip(b"\0")
    return [(name.decode("cp1252", "replace"), data) for name, data in files if data], body


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 6
    while place + 9 <= len(content):
        _level, attribute, length = struct.unpack_from("<BII", content, place)
        data = content[place + 9 : place + 9 + length]
        if len(data) < length:
            return
        yield attribute & 0xFFFF, data
        place += 9 + length + 2
