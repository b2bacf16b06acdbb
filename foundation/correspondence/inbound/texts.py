"""HTML and flowed text as plain words."""

import re
from html.parser import HTMLParser
from itertools import islice

import nh3

from foundation.correspondence.inbound.decoding import clean, decode

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "center", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
"""What may stay of a message's HTML: what shows words. Scripts and styles go with all that they hold."""
ATTRIBUTES = {"a": {"href"}, "img": {"alt"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
BLOCKS = {
    "blockquote", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table",
    "tr", "ul",
}  # fmt: skip
SPACED = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
MOST_HTML = 500_000
"""
Letters of HTML of one message that are read: a message is no book. At worst a parser's work grows with their square, where all
are attributes of one tag, or ampersands.
"""
MOST_TAGS = 5_000
"""Tags of one message that are read: at worst a parser's work grows with the square of them, where all are nested."""
_TAG = re.compile(r"</?[A-Za-z]")
MOST_LINES = 20_000
"""Lines that HTML is broken into; what follows stands on the last one."""
DEEPEST = 10
"""Quotes within quotes that are shown as such: deeper ones stand at the same margin."""
META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)


def clean_html(html: str) -> str:
    """Return a message's HTML without scripts, styles, pictures of the outside, and all else that does something."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        clean_content_tags={"script", "style", "title", "template", "noscript"},
        link_rel="noopener noreferrer nofollow",
    )


def beginning_of(html: str, *, letters: int, tags: int) -> str:
    """Return HTML up to where it has had so many letters or tags: what follows is not read."""
    further = next(islice(_TAG.finditer(html, 0, letters), tags, None), None)
    return html[: further.start()] if further else html[:letters]


def count_tags(html: str) -> int:
    """Count the tags of HTML, also those that a parser would not see as such."""
    return sum(1 for _tag in _TAG.finditer(html))


def decode_html(content: bytes, charset: str) -> str:
    """Turn a part of HTML into words; where the message names no charset, the page may."""
    named = META_CHARSET.search(content[:4096])
    return clean(decode(content, charset or (named[1].decode("ascii") if named else ""), most=MOST_HTML))


def html_to_text(html: str) -> str:
    """Return the words of HTML: lines where it shows lines, `> ` before what it quotes, addresses of links behind them."""
    reader = _Words()
    reader.feed(clean_html(html))
    reader.close()
    return reader.text()


class _Words(HTMLParser):
    """Gathers the words of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.depth = 0
        self.verbatim = 0
        self.link: str = ""
        self.link_words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._new_line()
        elif tag in BLOCKS:
            self._block(tag)
        elif tag == "li":
            self._fresh_line()
            self._add("- ")
        elif tag in ("td", "th"):
            self._add(" ")
        elif tag == "img" and values.get("alt", "").strip():
            self._add(f"[{' '.join(values['alt'].split())}]")
        elif tag == "a":
            self.link, self.link_words = values.get("href", ""), []
        self.depth += tag == "blockquote" and self.depth < DEEPEST
        if tag == "blockquote":
            self.lines[-1] = self._margin()
        self.verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        self.verbatim -= tag == "pre" and self.verbatim > 0
        if tag == "blockquote" and self.depth:
            self._fresh_line()
            self.depth -= 1
            self.lines[-1] = self._margin()
        elif tag in BLOCKS:
            self._block(tag)

    def handle_data(self, data: str) -> None:
        self.link_words.append(data)
        if self.verbatim:
            for number, line in enumerate(data.split("\n")):
                if number:
                    self._new_line()
                self.lines[-1] += line
        else:
            self._add(re.sub(r"[ \t\r\n\f\xa0]+", " ", data))

    def _end_link(self) -> None:
        words = "".join(self.link_words).strip()
        address = self.link.removeprefix("mailto:").removeprefix("tel:")
        if address and words and address.rstrip("/") not in (words, f"http://{words}", f"https://{words}"):
            self._add(f" <{address}>")
        self.link = ""

    def _block(self, tag: str) -> None:
        self._fresh_line()
        if tag in SPACED and len(self.lines) > 1 and self.lines[-2].strip(" >"):
            self._new_line()

    def _margin(self) -> str:
        return "> " * self.depth

    def _fresh_line(self) -> None:
        if self.lines[-1].strip(" >"):
            self._new_line()

    def _new_line(self) -> None:
        if len(self.lines) < MOST_LINES:
            self.lines.append(self._margin())

    def _add(self, words: str) -> None:
        line = self.lines[-1]
        self.lines[-1] = line + (words.lstrip(" ") if not line or line.endswith(" ") else words)

    def text(self) -> str:
        """Return the words, never more than one empty line in a row."""
        return tidy("\n".join(self.lines))


def tidy(text: str) -> str:
    """Return a text without spaces at line ends, and with one empty line where there were several."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def unflow(text: str, *, delete_space: bool) -> str:
    """Join the lines that a mail program has broken (RFC 3676): those that end in a space, within one depth of quotes."""
    done: list[str] = []
    is_open, open_depth = False, 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        flows_on = words.endswith(" ") and words != "-- "
        if is_open and depth == open_depth and words != "-- ":
            done[-1] += words
        else:
            done.append(f"{'>' * depth} {words}" if depth else words)
        if flows_on and delete_space:
            done[-1] = done[-1][:-1]
        is_open, open_depth = flows_on, depth
    return "\n".join(done)
