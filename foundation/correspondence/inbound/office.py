"""
Programs in documents of the old Excel and PowerPoint that no folder of theirs tells of.

Excel's macros of before 1993 are sheets (MS-XLS); PowerPoint packs its own into its one stream (MS-PPT).
"""

import re
import struct

from foundation.correspondence.inbound.compound import UnreadableFileError, streams

WORKBOOKS, SLIDES = ("workbook", "book"), "powerpoint document"
RECORD = struct.Struct("<HH")
"""How a record of Excel's begins: which it is, and how many bytes follow."""
BEGINNING, END, LOCK, SHEET = 0x0809, 0x000A, 0x002F, 0x0085
SHEET_BODY = struct.Struct("<IxB")
"""A sheet as the workbook lists it (2.4.28): where it begins, and its kind."""
HARMLESS = frozenset({0, 2})
"""Kinds of sheets without programs: of cells, and charts."""
PROGRAMS = frozenset({0x0006, 0x0040})
"""What the beginning of a sheet of programs says that it is (2.4.21)."""
PACKED = re.compile(rb"[\x00\x10]\x00\x11\x10|\x0f\x00\x14\x2f")
"""How records of PowerPoint's begin that hold programs or whole files (2.10.34), or the key of what is locked (2.3.7)."""


def has_macro_sheets(content: bytes) -> bool:
    """
    Tell whether a compound file is a workbook with sheets of programs.

    :raises UnreadableFileError: if it is locked or damaged
    """
    try:
        return any(_has_macro_sheets(workbook) for _name, workbook in streams(content, *WORKBOOKS))
    except struct.error as error:
        raise UnreadableFileError("A record ends too early.") from error


def has_packed_slides(content: bytes) -> bool:
    """
    Tell whether a compound file is a presentation that is locked or has something packed into it, programs perhaps.

    The records are looked for everywhere in its stream: a file cannot hide one between others.

    :raises UnreadableFileError: if it is damaged
    """
    return any(PACKED.search(slides) for _name, slides in streams(content, SLIDES))


def _has_macro_sheets(workbook: bytes) -> bool:
    if not workbook:
        return False
    place, which = 0, BEGINNING
    if RECORD.unpack_from(workbook)[0] != BEGINNING:
        raise UnreadableFileError("It does not begin as a workbook does.")
    while which != END:
        which, length = RECORD.unpack_from(workbook, place)
        if which == LOCK:
            raise UnreadableFileError("It is locked.")
        if which == SHEET and _is_program(workbook, *SHEET_BODY.unpack_from(workbook, place + RECORD.size)):
            return True
        place += RECORD.size + length
    return False


def _is_program(workbook: bytes, begins: int, kind: int) -> bool:
    """Tell whether a sheet holds programs, by what the workbook says of it and by what it says itself."""
    _which, _length, _version, said = struct.unpack_from("<HHHH", workbook, begins)
    return kind not in HARMLESS or said in PROGRAMS
