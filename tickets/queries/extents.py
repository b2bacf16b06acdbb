"""Read what a person types of whom an outage affects."""

import re
from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from accounts.models import Account
from catalog.models import Product
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from territory.models import Premises
from territory.queries import streets_called, zip_code_in
from tickets.queries.outages import Scope

NAMED = 5
"""What a message names of what was not found."""
_APART = re.compile(r"[\s,;]+")
_LINES = re.compile(r"[\r\n;]+")


def read_scope(  # noqa: PLR0913  # one of each kind
    division: Division,
    *,
    families: Collection[str] = (),
    nodes: str = "",
    zip_codes: str = "",
    streets: str = "",
    products: str = "",
    listed: str = "",
) -> Scope:
    """
    Read whom an outage affects, in a division and below.

    :param nodes: names, parted by commas or lines
    :param zip_codes: parted by anything
    :param streets: one a line, with the ZIP code behind a comma where there are several of its name
    :param products: codes
    :param listed: numbers of accounts, or the operator's numbers of addresses
    :raises NotAllowed: with the field, if something of it is not known there
    """
    below = Division.objects.under(division)
    accounts, premises = _read_list(listed, below)
    return Scope(
        families=tuple(families),
        nodes=_read_nodes(nodes, below),
        zip_codes=_read_zips(zip_codes),
        streets=_read_streets(streets, below),
        products=_read_products(products),
        accounts=accounts,
        premises=premises,
    )


def _read_nodes(typed: str, below: Iterable[Division]) -> tuple[str, ...]:
    names = {" ".join(name.split()).upper() for name in re.split(r"[,;\r\n]+", typed)} - {""}
    known = Premises.objects.filter(division__in=below, node__in=names).order_by().values_list("node", flat=True)
    _refuse_unknown(names - set(known.distinct()), "nodes")
    return tuple(sorted(names))


def _read_zips(typed: str) -> tuple[str, ...]:
    words = {word for word in _APART.split(typed) if word}
    _refuse_unknown({word for word in words if not zip_code_in(word)}, "zip_codes")
    return tuple(sorted({zip_code_in(word) for word in words}))


def _read_streets(typed: str, below: Iterable[Division]) -> tuple[int, ...]:
    found: set[int] = set()
    unknown: set[str] = set()
    for line in filter(str.strip, _LINES.split(typed)):
        ids = streets_called(line, below)
        found |= ids
        unknown |= set() if ids else {line.strip()}
    _refuse_unknown(unknown, "streets")
    return tuple(sorted(found))


def _read_products(typed: str) -> tuple[str, ...]:
    codes = {word for word in _APART.split(typed) if word}
    known = set(Product.objects.filter(code__in=codes).values_list("code", flat=True)) if codes else set()
    _refuse_unknown(codes - known, "products")
    return tuple(sorted(codes))


def _read_list(typed: str, below: Iterable[Division]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the accounts and the addresses of a list."""
    numbers = {word for word in _APART.split(typed) if word}
    if not numbers:
        return (), ()
    accounts = dict(Account.objects.filter(division__in=below, number__in=numbers).values_list("number", "pk"))
    rest = numbers - accounts.keys()
    premises = dict(Premises.objects.filter(division__in=below, source_id__in=rest).values_list("source_id", "pk"))
    _refuse_unknown(rest - premises.keys(), "listed")
    return tuple(sorted(accounts.values())), tuple(sorted(premises.values()))


def _refuse_unknown(unknown: Collection[str], field: str) -> None:
    if unknown:
        named = ", ".join(sorted(unknown)[:NAMED])
        more = len(unknown) - NAMED
        shown = _("%(named)s and %(more)d more") % {"named": named, "more": more} if more > 0 else named
        raise NotAllowed(_("Not known there: %(what)s.") % {"what": shown}, code="unknown", field=field)
