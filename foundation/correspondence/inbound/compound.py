"""
What lies in a compound file (MS-CFB): the container of Word, Excel and PowerPoint before 2007, and of Outlook's messages.

An entry of its directory has 128 bytes and begins at a multiple of 128, wherever its sectors lie; so every such place is
looked at and no chain of sectors followed to find one: a file cannot hide an entry behind a chain that this reader
follows otherwise than Office does, nor send it in circles. A chain is followed only to read a stream, as far as the
stream is long; all of them together are no longer than the file.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import cached_property

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRY = struct.Struct("<64sHB49xIQ")
"""
An entry of the directory (MS-CFB 2.6.1): its name in UTF-16, how many bytes of it count, what it is, the first sector of
its content, and how many bytes that has.
"""
STORAGE, STREAM = 1, 2
"""What an entry with a name of its own can be: a folder, or a file."""
HEAD = struct.Struct("<30xHH14xI4xII4xI4x109I")
"""
How it begins (MS-CFB 2.2): sectors and short sectors as powers of two, the first sector of the directory, what is too
long for short sectors, the first sectors of the short sectors' table and of the list of tables, and that list's beginning.
"""
SHORT, SHORT_SIZE = 4096, 64
"""A stream of fewer bytes than the first lies in sectors of as many as the second."""
SMALL = 512
"""Sectors of so many bytes are those of the older version, which leaves the upper half of sizes as it happens to be."""
MACROS = frozenset({"vba", "macros", "_vba_project", "_vba_project_cur"})
"""What Office keeps its programs under (MS-OVBA 2.2.1; the last is Excel's)."""
PACKED = "\x01ole10native"
"""The stream in which an object holds a file that Windows opens by its name, a program too (MS-OLEDS 2.3.6)."""
CARRIED = "__attach_version1.0_#"
"""How the folder of a file begins that an Outlook message carries (MS-OXMSG 2.2.2)."""
LOCKED = "encryptedpackage"
"""Where a document of the new Office lies that a password locks (MS-OFFCRYPTO 2.3.4.4)."""


class UnreadableFileError(ValueError):
    """What a file holds cannot be told: it is damaged or locked."""


def is_compound(content: bytes) -> bool:
    """Tell whether this is one."""
    return content.startswith(SIGNATURE)


def has_macros(content: bytes) -> bool:
    """Tell whether a compound file holds programs of Office, in use or left over."""
    return any(name in MACROS for name in _names(content))


def has_packages(content: bytes) -> bool:
    """Tell whether a compound file holds, or is, an object into which any file can be packed."""
    return PACKED in _names(content)


def carries_files(content: bytes) -> bool:
    """Tell whether a compound file is a message that carries files."""
    return any(name.startswith(CARRIED) for name in _names(content))


def is_locked(content: bytes) -> bool:
    """Tell whether a compound file only wraps a document that a password locks."""
    return LOCKED in _names(content)


def streams(content: bytes, *names: str) -> Iterator[tuple[str, bytes]]:
    """
    Yield the files in it that have one of some names, given in lower case.

    :raises UnreadableFileError: if one of them cannot be read
    """
    found = [(name, first, size) for name, kind, first, size in _entries(content) if kind == STREAM and name in names]
    if not found:
        return
    sectors = _Sectors(content)
    left = len(content)
    for name, first, size in found:
        read = sectors.read(first, size)
        left -= len(read)
        if left < 0:
            raise UnreadableFileError("Its files share sectors.")
        yield name, read


def _names(content: bytes) -> Iterator[str]:
    return (name for name, _kind, _first, _size in _entries(content))


def _entries(content: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Yield what could be its folders and files, the names in lower case: upper and lower case are one there."""
    for name, length, kind, first, size in ENTRY.iter_unpack(content + bytes(-len(content) % ENTRY.size)):
        if kind in (STORAGE, STREAM) and 2 <= length <= len(name):
            yield name[: length - 2].decode("utf-16-le", "replace").lower(), kind, first, size


class _Sectors:
    """The sectors of a compound file, and which of them follow each other."""

    def __init__(self, content: bytes) -> None:
        if len(content) < HEAD.size:
            raise UnreadableFileError("It ends in its head.")
        shift, short_shift, self._directory, short, self._short_table, more, *tables = HEAD.unpack_from(content)
        if shift not in (9, 12) or (1 << short_shift, short) != (SHORT_SIZE, SHORT):
            raise UnreadableFileError("Its sectors have no known size.")
        self._content = content
        self._size = 1 << shift
        self._next = self._numbers(self._listed(tables, more))

    def read(self, first: int, size: int) -> bytes:
        """
        Return the content of a stream.

        :raises UnreadableFileError: if it is cut short
        """
        size = size & 0xFFFFFFFF if self._size == SMALL else size
        if size >= SHORT:
            return self._read(first, size)
        table, content = self._short
        chain = _follow(first, table, -(-size // SHORT_SIZE))
        return _joined((content[number * SHORT_SIZE : (number + 1) * SHORT_SIZE] for number in chain), size)

    @cached_property
    def _short(self) -> tuple[list[int], bytes]:
        """The table of the short sectors, and what lies in them: the stream of the directory's first entry."""
        table = self._numbers(_follow(self._short_table, self._next, len(self._next)))
        root = self._sector(self._directory)[: ENTRY.size]
        if len(root) < ENTRY.size:
            raise UnreadableFileError("It has no directory.")
        _name, _length, _kind, first, size = ENTRY.unpack(root)
        return table, self._read(first, min(size & 0xFFFFFFFF, len(self._content)) if table else 0)

    def _read(self, first: int, size: int) -> bytes:
        if size > len(self._content):
            raise UnreadableFileError("A file in it is larger than the whole.")
        chain = _follow(first, self._next, -(-size // self._size))
        return _joined(map(self._sector, chain), size)

    def _listed(self, tables: list[int], more: int) -> list[int]:
        """Return the sectors that hold the table of what follows what: those in the head, and those of a list after it."""
        count = len(self._content) // self._size
        most = count // (self._size // 4) + 1
        for _turn in range(count):
            found = self._numbers([more])
            if not found or len(tables) >= most:
                break
            *listed, more = found
            tables += listed
        return tables[:most]

    def _numbers(self, sectors: list[int]) -> list[int]:
        joined = b"".join(map(self._sector, sectors))
        return list(struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) // 4 * 4]))

    def _sector(self, number: int) -> bytes:
        return self._content[(number + 1) * self._size : (number + 2) * self._size]


def _follow(first: int, following: list[int], most: int) -> list[int]:
    """Return a sector and those that follow it, so many at the most."""
    chain: list[int] = []
    while first < len(following) and len(chain) < most:
        chain.append(first)
        first = following[first]
    return chain


def _joined(parts: Iterable[bytes], size: int) -> bytes:
    joined = b"".join(parts)[:size]
    if len(joined) < size:
        raise UnreadableFileError("A file in it is cut short.")
    return joined
