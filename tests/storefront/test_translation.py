"""Nothing on a public page is said in one language only."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.utils import translation

from catalog.models import Charge, Package, Product
from orders.testing import make_draft, submit
from territory.states import AvailabilityStatus
from territory.testing import make_qualification
from tests.storefront.conftest import Visitor

SPOKEN_ATTRIBUTES = {"aria-label", "placeholder", "alt", "title"}
QUESTIONS = ("package", "options", "details", "appointment", "terms", "review")
OUTCOMES = (AvailabilityStatus.PLANNED, AvailabilityStatus.UNSERVICEABLE, AvailabilityStatus.BLOCKED)
SAME_EVERYWHERE = {"English", "Español", "Mbps", "Gbps", "Hz"}


class Texts(HTMLParser):
    """Collect what a page says, aloud and in print."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value or "" for name, value in attrs if name in SPOKEN_ATTRIBUTES]


@pytest.fixture
def pseudo_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every translation be its source in brackets."""
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


def operators_texts(visitor: Visitor) -> set[str]:
    brand, division = visitor.market.site.brand, visitor.market.division
    rows = [row for model in (Product, Package, Charge) for row in model.objects.filter(division=division)]
    return {
        brand.name,
        "Terms of service",
        "You pay, we serve.",
        *(text for row in rows for text in row.names.values()),
    }


@pytest.mark.usefixtures("pseudo_locale")
def test_every_public_page_is_translated(visitor: Visitor):
    order, placed = make_draft(visitor.market), submit(make_draft(visitor.market))
    answers = [make_qualification(visitor.market.division, status=status) for status in OUTCOMES]
    answers.append(make_qualification(visitor.market.division))
    pages = [
        "/",
        "/check/?address=12+Oak",
        "/no-such-page/",
        f"/order/{placed.token}/",
        f"/order/{placed.token}/confirmation/",
    ]
    pages += [f"/order/{order.token}/{question}/" for question in QUESTIONS]
    pages += [f"/address/{answer.key}/" for answer in answers]
    data = (
        SAME_EVERYWHERE | operators_texts(visitor) | {order.note, order.terms.version, placed.terms.version, "12 Oak"}
    )
    for row in (order, placed):
        data |= {row.address, row.contact["name"], row.contact["email"]}
    data |= {answer.premises.label for answer in answers}

    said = {page: sorted(untranslated(visitor.get(page).content.decode(), data)) for page in pages}

    assert {page: words for page, words in said.items() if words} == {}


def test_what_is_not_translated_is_found():
    page = "<p>[Translated] Forgotten</p><img alt='Left out'>"

    assert list(untranslated(page, set())) == ["Forgotten", "Left out"]


def test_spanish_is_spoken(visitor: Visitor):
    page = visitor.get("/", headers={"accept-language": "es-MX,es;q=0.9"}).content.decode()

    assert '<html lang="es"' in page
    assert "¿Qué puede tener en casa?" in page
