"""What the shared components of pages need beyond Django's own tags."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import segno
from django import template
from django.core.paginator import Paginator
from django.forms import BaseForm
from django.template.base import Parser, Token
from django.template.loader import render_to_string
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from phonenumber_field.phonenumber import to_python

from foundation.divisions.models import Division
from foundation.money import format_money
from interfaces.storefront.shop import Card
from orders.queries import moment_in_words

register = template.Library()


class LiteralNode(template.Node):
    """A text of the template itself in the language of the page."""

    def __init__(self, node: TranslateNode) -> None:
        self.node = node

    def render(self, context: template.Context) -> str:  # noqa: ARG002  # it says the same everywhere
        return _said(self.node, get_language())


@lru_cache(maxsize=20_000)
def _said(node: TranslateNode, _language: str | None) -> str:
    return node.render(template.Context())


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    """
    Translate as Django's tag of this name does, but look up what is a plain text once per language.

    A table says the name of each of its columns in each of its rows, for phones.
    """
    node = do_translate(parser, token)
    said = node.filter_expression
    is_plain = not (node.noop or node.asvar or node.message_context or said.filters)
    return LiteralNode(node) if is_plain and said.var.literal is not None else node


@register.filter
def without_placeholders(form: BaseForm) -> BaseForm:
    """Take from the fields of a form the texts that stand in them while they are empty: their labels say the same."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form


@register.simple_tag
@cache
def icon(name: str, *, directed: bool = False) -> SafeString:
    """
    Draw an icon of `static/icons/icons.svg`, hidden from screen readers: the text beside it says the same.

    :param directed: it points along the line of text, so it is mirrored from right to left
    """
    kind = "icon icon-directed" if directed else "icon"
    sprite = static("icons/icons.svg")
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', kind, sprite, name
    )


@register.simple_tag
def qr(text: str) -> SafeString:
    """Draw a text as a QR code, black on white however the page is coloured: scanners want it so."""
    picture = segno.make(text, error="m", micro=False).svg_inline(
        border=3, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    name = format_html('<svg role="img" aria-label="{}" ', gettext("QR code of the link"))
    return mark_safe(name + picture.removeprefix("<svg "))  # noqa: S308  # segno's own drawing, which repeats no text


@register.simple_tag
def package_card(card: Card, *, chosen: str = "", href: str = "", action: str = "") -> SafeString:
    """
    Draw a package that can be had.

    :param chosen: the code of the package that is in the cart
    :param href: where its link leads; without it the card has a button that submits its code as `package`
    :param action: what the link says
    """
    return _drawn(card, get_language(), is_chosen=card.code == chosen, href=href, action=action)


@lru_cache(maxsize=500)
def _drawn(card: Card, _language: str, **said: Any) -> SafeString:
    """Draw a card once: most addresses can have the same, and drawing is most of the work of their page."""
    return render_to_string("components/_package_card.html", {"card": card, **said})


@register.simple_tag(takes_context=True)
def rendered(context: template.Context, name: str) -> SafeString:
    """Render a template once, to be written in several places: `{% rendered "…" as part %}`."""
    assert context.template is not None  # noqa: S101  # a template is being rendered
    return context.template.engine.get_template(name).render(context)


@register.filter
def money(amount: Decimal, currency: str = "USD") -> str:
    """Write an amount as the reader of the page writes it."""
    return format_money(amount, currency, get_language() or "en")


@register.filter
def in_zone(at: datetime, division: Division) -> str:
    """Write a moment as customers read it, in a division's zone."""
    return moment_in_words(at, division.zone)


@register.filter
def elided(paginator: Paginator[Any], number: int) -> Iterator[str | int]:
    """List the page numbers around one, with gaps marked."""
    return paginator.get_elided_page_range(number, on_each_side=2, on_ends=1)


@register.filter
@lru_cache(maxsize=1000)
def national(phone: str) -> str:
    """Write a phone number in E.164 as people of its own country write it."""
    number = to_python(phone)
    return number.as_national if number and number.is_valid() else phone


@register.filter
@lru_cache(maxsize=1000)
def tel(phone: str, region: str = "US") -> str:
    """
    Return the address that calls a phone number as people write it: `tel:` and nothing but digits and a plus.

    :param region: the country of numbers without one, as ISO 3166 code
    """
    number = to_python(phone, region=region)
    written = number.as_e164 if number and number.is_valid() else phone
    return "tel:" + "".join(letter for letter in written if letter in "+0123456789")
