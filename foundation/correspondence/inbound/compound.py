"""
What lies in a compound file (MS-CFB): the container of Word, Excel and PowerPoint before 2007, and of Outlook's messages.

Only the names in its directory are read. An entry has 128 bytes and begins at a multiple of 128, wherever its sectors
lie; so every such place is looked at and no chain of sectors followed: a file cannot hide an entry behind a chain that
this reader follows otherwise than Office does, nor send it in circles.
"""

import struct
from collections.abc import Iterator

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRY = struct.Struct("<64sHB61x")
"""An entry of the directory (MS-CFB 2.6.1): its name in UTF-16, how many bytes of it count, and what it is."""
STORAGE, STREAM = 1, 2
"""What an entry with a name of its own can be: a folder, or a file."""
MACROS = frozenset({"vba", "macros", "_vba_project", "_vba_project_cur"})
"""What Office keeps its programs under (MS-OVBA 2.2.1; the last is Excel's)."""
CARRIED = "__attach_version1.0_#"
"""How the folder of a file begins that an Outlook message carries (MS-OXMSG 2.2.2)."""


def is_compound(content: bytes) -> bool:
    """Tell whether this is one."""
    return content.startswith(SIGNATURE)


def has_macros(content: bytes) -> bool:
    """Tell whether a compound file holds programs of Office, in use or left over."""
    return any(name in MACROS for name in _names(content))


def carries_files(content: bytes) -> bool:
    """Tell whether a compound file is a message that carries files."""
    return any(name.startswith(CARRIED) for name in _names(content))


def _names(content: bytes) -> Iterator[str]:
    """Yield what could be names of its folders and files, in lower case: upper and lower case are one there."""
    for name, size, kind in ENTRY.iter_unpack(content + bytes(-len(content) % ENTRY.size)):
        if kind in (STORAGE, STREAM) and 2 <= size <= len(name):
            yield name[: size - 2].decode("utf-16-le", "replace").lower()
