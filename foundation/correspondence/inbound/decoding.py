"""Bytes into words, whatever they claim to be written in."""

import base64
import binascii
import codecs
import quopri
import re
import unicodedata
from collections.abc import Iterator

ALIASES = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "ansi_x3.110-1983": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "windows-31j": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "utf8": "utf-8",
    "unicode": "utf-8",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
}
"""What names really stand for: the smaller sets that are named are seldom the ones that are used (WHATWG Encoding, 4.2)."""
GUESSES = ("utf-8", "cp1252")
ENCODED_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
BETWEEN_WORDS = re.compile(r"(?<=\?=)[ \t\r\n]+(?==\?)")
MOST_BYTES_OF_A_LETTER = 4
"""In UTF-8, UTF-32 and GB 18030, and without its escapes in any other."""
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
KEPT = {"\n", "\t", "\u200d", "\u200c", "\u00ad"}
"""Of the invisible letters, what words need: line ends, and what joins or parts letters of some scripts."""


def decode(content: bytes, charset: str = "", *, most: int | None = None) -> str:
    """
    Turn bytes into words, never failing.

    The charset that is named is tried first, but UTF-8 that is valid and not plain ASCII is UTF-8 whatever is said.

    :param most: letters that are wanted: bytes behind those in which so many can be written are not decoded
    """
    read = content if most is None else content[: most * MOST_BYTES_OF_A_LETTER]
    for candidate in _candidates(read, charset):
        try:
            return (_beginning(read, candidate) if len(read) < len(content) else read.decode(candidate))[:most]
        except (LookupError, ValueError):
            continue
    return read.decode("latin-1")[:most]


def _beginning(read: bytes, charset: str) -> str:
    """
    Decode what goes on behind its end, where a letter may be cut in two.

    :raises LookupError: if it is no charset, but a way to pack bytes, for example
    :raises ValueError: if it is not written in that
    """
    read[:1].decode(charset, "replace")
    return codecs.getincrementaldecoder(charset)().decode(read)


def _candidates(content: bytes, charset: str) -> Iterator[str]:
    named = charset.strip("\"' ").lower().partition("*")[0]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        yield "utf-8-sig"
    escapes = named.startswith(("iso-2022", "hz", "utf-7", "unicode-1-1-utf-7"))
    wide = named.startswith(("utf-16", "utf-32"))
    if not content.isascii() and not wide:
        yield "utf-8"
    if named and (escapes or wide or not content.isascii()):
        yield ALIASES.get(named, named)
    yield from GUESSES


class _Seen(dict[int, int | None]):
    """What becomes of each letter, as `str.translate` asks: it stays, or goes if it cannot be seen."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        stays = letter in KEPT or unicodedata.category(letter) not in INVISIBLE
        self[code] = code if stays else None
        return self[code]


_SEEN = _Seen()


def clean(text: str) -> str:
    """Return a text without what cannot be seen or turns the direction of writing, with line feeds alone at its line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return text if text.isascii() and text.isprintable() else text.translate(_SEEN)


def clean_line(text: str) -> str:
    """Return a text on one line, with single spaces."""
    return " ".join(clean(text).split())


def decode_header(raw: str) -> str:
    """
    Read a header as it stood in the message, with its encoded words (RFC 2047), and with those of no standard.

    :param raw: as the parser keeps it: bytes above ASCII are escaped surrogates
    """
    words = BETWEEN_WORDS.sub("", decode(raw.encode("ascii", "surrogateescape")) if _is_raw(raw) else raw)
    return clean_line("".join(_pieces(words)))


def _is_raw(text: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def _pieces(words: str) -> Iterator[str]:
    """Yield plain pieces and decoded ones; bytes of adjacent words of one charset are read together."""
    place, waiting, charset = 0, b"", ""
    for word in ENCODED_WORD.finditer(words):
        plain = words[place : word.start()]
        named = word[1].lower()
        if waiting and (plain or named != charset):
            yield decode(waiting, charset)
            waiting = b""
        if plain:
            yield plain
        waiting, charset, place = waiting + _decode_word(word[2], word[3]), named, word.end()
    if waiting:
        yield decode(waiting, charset)
    yield words[place:]


def _decode_word(encoding: str, text: str) -> bytes:
    content = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return quopri.decodestring(content.replace(b"_", b" "), header=False)
    try:
        return base64.b64decode(content + b"=" * (-len(content) % 4))
    except binascii.Error:
        return content
