r"""
Programs that a document in Rich Text Format could start (Rich Text Format Specification 1.9.1).

Objects, into which any file can be packed, and templates from elsewhere are looked for everywhere, also in what Word would
pass over: a file cannot hide one in a group or behind bytes that are counted otherwise here. The name of a field may lie
scattered over groups and be written by numbers (`\'44`, `\u68`), so it is put together as Word does.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

BEGINNING = rb"{\rt"
"""As much as Word asks for, whatever follows."""
OBJECTS = re.compile(
    rb"\\(?:obj(?:data|emb|link|autlink|sub|pub|icemb|html|ocx|update|class)|template)(?![a-z])", re.IGNORECASE
)
INSTRUCTION = re.compile(rb"\\fldinst(?![a-z])", re.IGNORECASE)
"""Where what a field does begins."""
TOKEN = re.compile(
    rb"\\(?P<word>[a-z]+)(?P<number>-?\d{1,9})? ?|\\'(?P<code>[0-9a-f]{2})|\\(?P<sign>[^a-z])"
    rb"|(?P<brace>[{}])|[\r\n]+|(?P<text>[^\\{}\r\n]+)",
    re.IGNORECASE,
)
MOST_FIELDS, MOST_TOKENS = 2000, 500
"""Fields of a file, and words and signs of one, that are looked at: a small file must not keep us busy for long."""
MOST_FIELDS_TOGETHER = 4000
"""Fields of files that come together."""
NAME = "DDE"
BLANK = ' \t\xa0"'


def count_fields(content: bytes) -> int:
    """Count the fields of a document."""
    return sum(1 for _field in INSTRUCTION.finditer(content))


def starts_programs(content: bytes) -> bool:
    """
    Tell whether a document holds objects, a template from elsewhere, or fields that start a program.

    :raises ValueError: if it has more fields than are looked at, or longer ones
    """
    if OBJECTS.search(content):
        return True
    bounds = [*(found.end() for found in INSTRUCTION.finditer(content)), len(content)]
    if len(bounds) > MOST_FIELDS:
        raise ValueError("It has more fields than are looked at.")
    return any(_asks(content[begin:end], is_last=end == len(content)) for begin, end in pairwise(bounds))


def _asks(instruction: bytes, *, is_last: bool) -> bool:
    """
    Tell whether a field asks a program, or another field within it makes its name: nobody can tell which, then.

    What stands in some group may be nothing that Word reads, so each piece of the name may be left out.
    """
    begun = {0}
    """How many letters of the name may have been read."""
    pieces, is_closed = 0, False
    for piece in _pieces(instruction):
        if piece is None:
            is_closed = True
            break
        pieces += 1
        for read in sorted(begun, reverse=True):
            wanted = NAME[read:]
            if piece.startswith(wanted):
                return True
            if wanted.startswith(piece):
                begun.add(read + len(piece))
    return not (pieces or is_closed or is_last)


def _pieces(instruction: bytes) -> Iterator[str | None]:
    """Yield the words of a field, group by group, in capitals and without blanks before them; None where it ends."""
    depth, piece = 0, ""
    for said in _said(instruction):
        if isinstance(said, str):
            piece += said
            continue
        if words := piece.lstrip(BLANK).upper():
            yield words
        depth, piece = depth + (1 if said == b"{" else -1), ""
        if depth < 0:
            yield None
            return
    if words := piece.lstrip(BLANK).upper():
        yield words


def _said(instruction: bytes) -> Iterator[str | bytes]:
    """Yield the words of a field as they are read, however they are written, and as bytes the braces between them."""
    fallback, skipped = 1, 0  # so many letters after a number are for readers that do not know it
    for count, token in enumerate(TOKEN.finditer(instruction)):
        if count == MOST_TOKENS:
            raise ValueError("What a field does is longer than is looked at.")
        word, number, code, brace, text = token.group("word", "number", "code", "brace", "text")
        if brace:
            skipped = 0
            yield brace
        elif word:
            skipped = 0
            if word.lower() == b"uc":
                fallback = max(int(number or 1), 0)
            elif word.lower() == b"u" and number:
                skipped = fallback
                yield chr(int(number) % 0x10000)
        elif code or text:
            said = chr(int(code, 16)) if code else text.decode("latin-1")
            yield said[skipped:]
            skipped = max(skipped - len(said), 0)
