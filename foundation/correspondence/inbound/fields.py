"""
Links in zipped documents by which a program is asked, and started, when they are opened: DDE, OLE, controls, templates.

Word keeps them in fields (ECMA-376, part 1, 17.16), whose words may lie scattered over many runs; Excel in external links
(18.14); OpenDocument in elements of their own (part 3, 6.6.9). Whatever else a part of Office's refers to stands in its
relationships (part 2, 6.5): controls of ActiveX, whole files in other formats that are read as part of a text (`altChunk`,
part 1, 17.17.2), and what is fetched from elsewhere when it is opened. A part is read as XML, so it does not matter what it or its
namespaces are called, nor how it is encoded; and only as far as it is needed: of sheets and slides the first element.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from xml.parsers import expat

BEGINS_AS_XML = re.compile(rb"[\xef\xbb\xbf\xfe\xff\0\s]*(?:<\0?[?!A-Za-z_]|$)")
"""How a part begins that could be read as XML; of what begins otherwise, no program can."""
WORDS = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
SHEETS = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""The namespaces of Word's and of Excel's elements, in both editions of the standard."""
OPEN_DOCUMENT = tuple(f"urn:oasis:names:tc:opendocument:xmlns:{part}:1.0" for part in ("office", "text", "table"))


def _names(spaces: Iterable[str], *elements: str) -> frozenset[str]:
    """Return elements as the parser names them."""
    return frozenset(f"{space} {element}" for space in spaces for element in elements)


LINKS = _names(SHEETS, "externalLink")
ASKING = (
    _names(SHEETS, "ddeLink", "oleLink")
    | _names(WORDS, "altChunk")
    | _names(OPEN_DOCUMENT, "dde-source", "dde-link", "dde-connection", "dde-connection-decl")
)
"""Elements that ask a program."""
PACKAGE = ("http://schemas.openxmlformats.org/package/2006/relationships",)
RELATIONS, RELATION = _names(PACKAGE, "Relationships"), _names(PACKAGE, "Relationship")
NEVER = frozenset({"control", "activexcontrolbinary", "afchunk"})
NOT_FROM_ELSEWHERE = frozenset({"attachedtemplate", "oleobject", "package", "frame", "subdocument"})
"""How the types of relationships end, in lower case, by which a program starts; the latter if it lies outside the file."""
TEXT = _names(WORDS, "instrText", "delInstrText", "t")
"""Elements whose text, before a field's result begins, is what it does."""
SIMPLE, MARK = _names(WORDS, "fldSimple"), _names(WORDS, "fldChar")
KNOWN = ASKING | TEXT | SIMPLE | MARK | RELATION
NAME = "DDE"
LONGEST_TAG = 256 * 1024
"""Bytes of an element's beginning, with all its attributes."""
MOST_NESTED = 1000
"""Elements within elements: of each that is open the parser keeps the name, so that a part of megabytes stays in memory whole."""


class _FoundError(Exception):
    """A program is asked."""


class _ReadEnoughError(Exception):
    """It is a part that asks nobody."""


def asks_a_program(pieces: Iterable[bytes], meet: Callable[[int], None]) -> bool:
    """
    Tell whether a part of a document, given piece by piece, asks a program.

    :param meet: told how many elements and attributes are met, raises ValueError when they are too many
    :raises ValueError: if it cannot be read
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    _Reading(parser, meet)
    given = 0
    try:
        with suppress(_ReadEnoughError):
            for piece in pieces:
                parser.Parse(piece, False)  # noqa: FBT003  # it takes no names
                given += len(piece)
                if given - parser.CurrentByteIndex > LONGEST_TAG:
                    raise ValueError("An element begins, and does not come to an end.")
            parser.Parse(b"", True)  # noqa: FBT003
    except _FoundError:
        return True
    except (expat.ExpatError, LookupError) as error:
        raise ValueError("It is no XML that is read here.") from error
    return False


class _Reading:
    """Follows the fields of a part, of which some may lie in others."""

    def __init__(self, parser: expat.XMLParserType, meet: Callable[[int], None]) -> None:
        self._parser, self._meet = parser, meet
        self._fields: list[str | None] = []
        """What has been read of the names of fields that are not at their end; None from a field's result on."""
        self._open = 0
        parser.StartElementHandler = self._first
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype

    def _first(self, name: str, attributes: dict[str, str]) -> None:
        if not name.startswith((*WORDS, *OPEN_DOCUMENT)) and name not in LINKS | RELATIONS:
            raise _ReadEnoughError
        self._parser.StartElementHandler = self._start
        self._start(name, attributes)

    def _doctype(self, *_declared: object) -> None:
        raise ValueError("It declares a type, and perhaps words of its own.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._meet(1 + len(attributes))
        self._open += 1
        if self._open > MOST_NESTED:
            raise ValueError("Its elements are nested without end.")
        if name not in KNOWN:
            return
        if name in ASKING or (name in RELATION and _starts_a_program(attributes)):
            raise _FoundError
        if name in SIMPLE:
            self._begin()
            self._read(_attribute(attributes, "instr"))
            self._fields[-1] = None
        elif name in MARK:
            self._turn(_attribute(attributes, "fldCharType"))
        elif self._fields:
            self._parser.CharacterDataHandler = self._read

    def _end(self, name: str) -> None:
        self._open -= 1
        if not self._fields:
            return
        if name in TEXT:
            self._parser.CharacterDataHandler = None
        elif name in SIMPLE:
            self._finish()

    def _turn(self, kind: str) -> None:
        if kind == "begin":
            self._begin()
        elif kind == "separate" and self._fields:
            self._fields[-1] = None
        elif kind == "end" and self._fields:
            self._finish()

    def _begin(self) -> None:
        """Begin a field; where another one is still without a name, this one makes it: nobody can tell which."""
        if self._fields and self._fields[-1] == "":
            raise _FoundError
        self._fields.append("")

    def _finish(self) -> None:
        self._fields.pop()

    def _read(self, words: str) -> None:
        """Read on in the name of the field; a few letters tell which it is."""
        if not self._fields or self._fields[-1] is None or len(self._fields[-1]) >= len(NAME):
            return
        name = (self._fields[-1] + words).lstrip(' \t\r\n\xa0"').upper()[: len(NAME)]
        if name == NAME:
            raise _FoundError
        self._fields[-1] = name


def _starts_a_program(relation: dict[str, str]) -> bool:
    """Tell whether a relationship leads to what starts a program, here or elsewhere."""
    kind = _attribute(relation, "Type").strip().rpartition("/")[2].lower()
    is_elsewhere = _attribute(relation, "TargetMode").strip().lower() == "external"
    return kind in NEVER or (is_elsewhere and kind in NOT_FROM_ELSEWHERE)


def _attribute(attributes: dict[str, str], wanted: str) -> str:
    return next((value for name, value in attributes.items() if name.rpartition(" ")[2] == wanted), "")
