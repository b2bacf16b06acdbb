"""
Programs in documents of the old Office that no folder of theirs tells of, and links that start one (DDE).

Excel's macros of before 1993 are sheets (MS-XLS); PowerPoint packs its own into its one stream (MS-PPT); Word's of before
1997, WordBasic, stand among the commands of a template, whatever the template's name ends in.
"""

import re
import struct

from foundation.correspondence.inbound.compound import UnreadableFileError, streams

WORKBOOKS, SLIDES, DOCUMENT = ("workbook", "book"), "powerpoint document", "worddocument"
RECORD = struct.Struct("<HH")
"""How a record of Excel's begins: which it is, and how many bytes follow."""
BEGINNING, END, LOCK, SHEET, SOURCE, OLD_SOURCE = 0x0809, 0x000A, 0x002F, 0x0085, 0x01AE, 0x0017
SHEET_BODY = struct.Struct("<IxB")
"""A sheet as the workbook lists it (2.4.28): where it begins, and its kind."""
HARMLESS = frozenset({0, 2})
"""Kinds of sheets without programs: of cells, and charts."""
PROGRAMS = frozenset({0x0006, 0x0040})
"""What the beginning of a sheet of programs says that it is (2.4.21)."""
OLD_EXCEL = 0x0500
"""The version in which a record with the number of `OLD_SOURCE` names a source; later it is only a list of numbers."""
NAME_AT = {SOURCE: 5, OLD_SOURCE: 1}
"""Where in a record the name of a source begins (2.4.271)."""
FILES = (b"\x01", b"\x02", b"\x03")
"""How the name of a source begins that is a file, or the workbook itself (2.5.277)."""
ASKED = b"\x03"
"""What stands in any other name between a program and what it is asked."""
WORD_HEAD = struct.Struct("<H8xH")
"""How a document of Word's begins (MS-DOC 2.5.2): of which version it is, and what it is."""
WORD_6, WORD_97 = 0xA5DC, 0xA5EC
TEMPLATE, SECRET = 0x0001, 0x0100
COMMANDS = struct.Struct("<I")
COMMANDS_AT, NO_COMMANDS = 0x11C, 2
"""Where a document of Word 6 says how many bytes its own commands have, and how many a list without any has."""
DDE_FIELD = re.compile(rb"\x13[\s\"]*DDE|\x13\0(?:[\s\"]\0)*D\0D\0E\0", re.IGNORECASE)
"""How a field begins that asks a program, in the two ways in which Word keeps its text."""
PACKED = re.compile(rb"[\x00\x10]\x00\x11\x10|\x0f\x00\x14\x2f")
"""How records of PowerPoint's begin that hold programs or whole files (2.10.34), or the key of what is locked (2.3.7)."""


def has_workbook_programs(content: bytes) -> bool:
    """
    Tell whether a compound file is a workbook with sheets of programs, or links that start one.

    :raises UnreadableFileError: if it is locked or damaged
    """
    try:
        return any(_has_workbook_programs(workbook) for _name, workbook in streams(content, *WORKBOOKS))
    except struct.error as error:
        raise UnreadableFileError("A record ends too early.") from error


def has_word_programs(content: bytes) -> bool:
    """
    Tell whether a compound file is a document of Word with macros in WordBasic, or fields that start a program.

    :raises UnreadableFileError: if it is locked or damaged
    """
    try:
        return any(_has_word_programs(document) for _name, document in streams(content, DOCUMENT) if document)
    except struct.error as error:
        raise UnreadableFileError("Its head ends too early.") from error


def has_packed_slides(content: bytes) -> bool:
    """
    Tell whether a compound file is a presentation that is locked or has something packed into it, programs perhaps.

    The records are looked for everywhere in its stream: a file cannot hide one between others.

    :raises UnreadableFileError: if it is damaged
    """
    return any(PACKED.search(slides) for _name, slides in streams(content, SLIDES))


def _has_word_programs(document: bytes) -> bool:
    version, flags = WORD_HEAD.unpack_from(document)
    if version not in (WORD_6, WORD_97) or flags & SECRET:
        raise UnreadableFileError("It is of no known version of Word's, or locked.")
    if version == WORD_6 and (flags & TEMPLATE or COMMANDS.unpack_from(document, COMMANDS_AT)[0] > NO_COMMANDS):
        return True
    return bool(DDE_FIELD.search(document))


def _has_workbook_programs(workbook: bytes) -> bool:
    if not workbook:
        return False
    place, which = 0, BEGINNING
    if RECORD.unpack_from(workbook)[0] != BEGINNING:
        raise UnreadableFileError("It does not begin as a workbook does.")
    (version,) = struct.unpack_from("<H", workbook, RECORD.size)
    while which != END:
        which, length = RECORD.unpack_from(workbook, place)
        if which == LOCK:
            raise UnreadableFileError("It is locked.")
        if which == SHEET and _is_program(workbook, *SHEET_BODY.unpack_from(workbook, place + RECORD.size)):
            return True
        if which == SOURCE or (which == OLD_SOURCE and version == OLD_EXCEL):
            name = workbook[place + RECORD.size + NAME_AT[which] : place + RECORD.size + length]
            if ASKED in name and not name.startswith(FILES):
                return True
        place += RECORD.size + length
    return False


def _is_program(workbook: bytes, begins: int, kind: int) -> bool:
    """Tell whether a sheet holds programs, by what the workbook says of it and by what it says itself."""
    _which, _length, _version, said = struct.unpack_from("<HHHH", workbook, begins)
    return kind not in HARMLESS or said in PROGRAMS
