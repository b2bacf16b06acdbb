"""A language in which every translation is its source in brackets: what stands outside of brackets is not translated."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

import pytest
from django.db.models import CharField, EmailField, Model, SlugField, TextField
from django.utils import translation

from catalog.models import Campaign, Charge, Package, Product
from foundation.divisions.models import Division
from interfaces.desk.templatetags import desk
from interfaces.storefront.templatetags import components

SPOKEN_ATTRIBUTES = {"aria-label", "placeholder", "alt", "title"}
SAME_EVERYWHERE = {"English", "Español", "Mbps", "Gbps", "Hz"}
VERBATIM = {"pre", "script", "style"}
"""What stands in these is shown as it was sent, or not at all."""
SHORTEST_DATA = 3
"""Shorter texts, such as a language's code, are parts of too many words."""
OWN_WORDS = (CharField, TextField, EmailField, SlugField)


class Texts(HTMLParser):
    """Collect what a page says, aloud and in print."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._verbatim = ""

    def handle_data(self, data: str) -> None:
        if not self._verbatim:
            self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._verbatim:
            self._verbatim = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VERBATIM:
            self._verbatim = tag
        self.said += [value or "" for name, value in attrs if name in SPOKEN_ATTRIBUTES]


def speak_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every translation be its source in brackets, also where words are remembered once they were looked up."""
    for module, remembering in ((components, "_said"), (desk, "_names")):
        monkeypatch.setattr(module, remembering, getattr(module, remembering).__wrapped__)
    real = translation._trans
    monkeypatch.setattr(real, "gettext", lambda message: f"[{message}]" if message else message)
    monkeypatch.setattr(real, "pgettext", lambda _context, message: f"[{message}]")
    monkeypatch.setattr(real, "ngettext", lambda one, many, number: f"[{one if number == 1 else many}]")
    monkeypatch.setattr(real, "npgettext", lambda _context, one, many, number: f"[{one if number == 1 else many}]")


def untranslated(page: str, data: set[str]) -> Iterator[str]:
    """Return the words outside of brackets that are no data of the operator's or the visitor's."""
    texts = Texts()
    texts.feed(page)
    for said in texts.said:
        left = said
        while (shorter := re.sub(r"\[[^\[\]]*\]", "", left)) != left:
            left = shorter
        for known in sorted(data, key=len, reverse=True):
            left = left.replace(known, "")
        if words := re.findall(r"[^\W\d_]{2,}", left):
            yield " ".join(words)


def operators_texts(division: Division) -> set[str]:
    """Return what an operator calls the things that they sell, in any language."""
    rows = [row for model in (Product, Package, Charge, Campaign) for row in model.objects.filter(division=division)]
    return {text for row in rows for text in row.names.values()}


def stored_in(rows: Iterable[Model]) -> set[str]:
    """Return the texts that rows hold; a choice is no text: its label is to be translated."""
    fields = {(row, field) for row in rows for field in row._meta.concrete_fields if isinstance(field, OWN_WORDS)}
    texts = {str(field.value_from_object(row)) for row, field in fields if not field.choices}
    return {text for text in texts if len(text) >= SHORTEST_DATA}
