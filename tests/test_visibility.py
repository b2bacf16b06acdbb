"""
Who sees what: every address, as every role of one market, against every row of another.

The other market's marker stands in all its texts: found in any answer, it is a leak. See `tests/url_matrix.py`.
Both markets are made once; what a request changes is rolled back after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from foundation.divisions.testing import make_division
from foundation.people.admin import DivisionScopedAdmin, ReadOnlyAdmin
from foundation.people.queries import roles_granting
from foundation.people.states import Role
from foundation.people.testing import prove_anew, sign_in
from tests.planting import models_of_divisions, texts_of
from tests.url_matrix import (
    ANONYMOUS,
    APPROVALS,
    BANK_NUMBER,
    DOINGS,
    KNOW_COSTS,
    LISTS,
    MATRIX,
    NOBODY,
    NOT_BY_HAND,
    SETTING_UP,
    TELLS_COST,
    UNSEEN_TABLES,
    Listing,
    Page,
    World,
    doing,
)

pytestmark = pytest.mark.django_db

OURS, THEIRS = "Quillfeather", "Zanzibarium"
REFUSED = {403, 404, 405}
WITHOUT_CSRF = {"tmf_billing:webhook", "correspondence:unsubscribe", "correspondence:incoming"}
"""What machines post, which prove themselves by a signature."""


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo whatever is written within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Visitor:
    """Somebody who goes from address to address and leaves no trace."""

    def __init__(self, role: str, world: World, *, enforce_csrf_checks: bool = False) -> None:
        self.client = Client(enforce_csrf_checks=enforce_csrf_checks, HTTP_HOST=world.market.site.host)
        if role != ANONYMOUS:
            prove_anew(sign_in(self.client, world.people[Role(role)]))
            self.client.get(reverse("live"))
        self.cookies = self.client.cookies.output(header="", sep=";")

    def ask(self, method: str, path: str) -> HttpResponse:
        """Open an address, or send it an empty form."""
        with rolled_back():
            answer: HttpResponse = getattr(self.client, method)(path)
        self.client.cookies = SimpleCookie(self.cookies)
        return answer


@dataclass(frozen=True)
class Address:
    """One address as it is tried: its name, its page's rules, and how to name a row."""

    name: str
    page: Page

    def of(self, world: World) -> str:
        """Return the address of a market's row."""
        path = reverse(self.name, kwargs=self.page.row(world) if self.page.row else None)
        return f"{path}?{self.page.query}" if self.page.query else path


def url_names() -> set[str]:
    """Return the names of all addresses but those of the admin's tables."""
    tables = tuple(f"admin:{model._meta.app_label}_{model._meta.model_name}_" for model in admin.site._registry)
    unnamed = ("admin:", "")  # the admin's catch-all and its redirects from old addresses
    return {name for name in _names(get_resolver()) if not name.startswith(tables) and name not in unnamed}


def _names(resolver: Any, space: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name or ''}"
        else:
            yield from _names(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)


def admin_addresses() -> Iterator[Address]:
    """Yield the addresses of the admin's tables, with the rules that their classes state."""
    for model, shown in admin.site._registry.items():
        scoped = isinstance(shown, DivisionScopedAdmin)
        permissions = [shown.permission, *shown.viewers] if scoped and shown.division_path else []
        who = frozenset(role for permission in permissions for role in roles_granting(permission)) & SETTING_UP
        changers = roles_granting(shown.permission) & SETTING_UP if permissions else NOBODY
        for pattern in shown.urls:
            if pattern.name:
                yield Address(f"admin:{pattern.name}", _admin_page(model, shown, pattern, who, changers))


def _admin_page(model: Any, shown: Any, pattern: Any, who: frozenset[str], changers: frozenset[str]) -> Page:
    keys = list(pattern.pattern.converters)
    path = getattr(shown, "division_path", None)
    row = (lambda world: {keys[0]: world.pk_of(model, path)}) if keys else None
    name = f"admin:{pattern.name}"
    changes = name.endswith(("_add", "_delete"))
    if name in NOT_BY_HAND or (changes and isinstance(shown, ReadOnlyAdmin)):
        return Page(NOBODY, row)
    if name in APPROVALS:
        return doing(roles_granting(APPROVALS[name]) & SETTING_UP, row)
    if DOINGS.get(name) == "post":
        return doing(changers, row)
    return Page(changers if changes or name in DOINGS else who, row)


def addresses() -> list[Address]:
    """Return every address of the site."""
    return [*(Address(name, page) for name, page in MATRIX.items()), *admin_addresses()]


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    """Make the two markets, once for all tests of this file."""
    del django_db_setup
    with django_db_blocker.unblock(), rolled_back():
        top = make_division("Top of the house")
        yield World(OURS, top), World(THEIRS, top)


@pytest.fixture
def worlds(planted: tuple[World, World], settings: Any) -> tuple[World, World]:
    """Let a test have both markets as they were made."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.THROTTLE_FACTOR = 10_000
    return planted


def text_of(answer: HttpResponse) -> str:
    """Return all that an answer says."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace") + str(answer.headers)


def shows(marker: str, answer: HttpResponse) -> bool:
    """Tell whether a marker stands anywhere in an answer, however it is capitalised."""
    return marker.lower() in text_of(answer).lower()


def is_sent_away(answer: HttpResponse) -> bool:
    """Tell whether a redirect leads to signing in, or (in the admin) to the start page: no such row."""
    away = (reverse("account_login"), reverse("admin:login"))
    place = answer.headers.get("Location", "")
    return answer.status_code == 302 and (place.startswith(away) or place == reverse("admin:index"))


def told(answer: HttpResponse) -> tuple[int, str]:
    """Return an answer in short, for the report of a failure."""
    return answer.status_code, answer.headers.get("Location", "")


class TestEveryAddress:
    def test_is_classified(self):
        assert url_names() - set(MATRIX) == set(), "Name these addresses in tests/url_matrix.py"

    def test_that_is_classified_exists(self):
        known = url_names() | {address.name for address in admin_addresses()}

        assert (set(MATRIX) | set(DOINGS) | NOT_BY_HAND) - known == set(), (
            "These addresses of tests/url_matrix.py are gone"
        )

    def test_refuses_a_post_without_its_token(self, worlds):
        ours, _theirs = worlds
        operator = Visitor(Role.OPERATOR, ours, enforce_csrf_checks=True)
        guarded = [address for address in addresses() if address.name not in WITHOUT_CSRF]

        taken = [address.name for address in guarded if operator.ask("post", address.of(ours)).status_code != 403]

        assert taken == []


class TestTheOtherMarket:
    def test_has_a_row_in_every_table(self, worlds):
        _ours, theirs = worlds
        tables = dict(models_of_divisions())

        empty = {model._meta.label for model, path in tables.items() if not self._rows(model, path, theirs)}

        assert empty == UNSEEN_TABLES

    def test_has_its_marker_in_every_text(self, worlds):
        _ours, theirs = worlds
        unmarked = [
            (model._meta.label, field.name)
            for model, path in models_of_divisions()
            for row in self._rows(model, path, theirs)
            for field in texts_of(model)
            if THEIRS.lower() not in str(getattr(row, field.name)).lower()
        ]

        assert unmarked == []

    def _rows(self, model, path, world):
        return list(model._base_manager.filter(**{path: world.division.pk}))


@pytest.mark.parametrize("role", [ANONYMOUS, *Role])
class TestEveryRole:
    def test_opens_what_is_theirs_to_open_and_nothing_else(self, role, worlds):
        ours, _theirs = worlds
        visitor = Visitor(role, ours)
        wrong, telling = [], []
        for address in addresses():
            answer = visitor.ask(address.page.method, address.of(ours))
            if not self._is_right(address.page, role, answer):
                wrong.append((address.name, *told(answer)))
            if shows(THEIRS, answer):
                wrong.append((address.name, "shows another market"))
            if BANK_NUMBER in text_of(answer):
                wrong.append((address.name, "shows the number of a bank account"))
            if TELLS_COST.search(text_of(answer)):
                telling.append(address.name)

        assert wrong == [], "\n".join(map(str, wrong))
        assert bool(telling) == (role in KNOW_COSTS), telling

    def _is_right(self, page, role, answer):
        if role in page.who:
            return answer.status_code == page.answer and not is_sent_away(answer)
        if page.about_oneself and answer.status_code == 302:
            return True
        return answer.status_code in REFUSED or is_sent_away(answer)

    def test_reaches_no_row_of_another_market(self, role, worlds):
        ours, theirs = worlds
        visitor = Visitor(role, ours)
        leaks = []
        for address in [address for address in addresses() if address.page.row and not address.page.is_for_all]:
            for method in ("get", "post"):
                answer = visitor.ask(method, address.of(theirs))
                if answer.status_code not in REFUSED and not is_sent_away(answer):
                    leaks.append((address.name, method, *told(answer)))
                if shows(THEIRS, answer):
                    leaks.append((address.name, method, "shows another market"))

        assert leaks == [], "\n".join(map(str, leaks))


@pytest.mark.parametrize("listing", LISTS, ids=str)
class TestEveryList:
    """Lists, searches and exports, with the query that would find both markets' rows if nothing held them apart."""

    def test_shows_each_market_its_own(self, listing: Listing, worlds):
        for mine, other in [worlds, worlds[::-1]]:
            answer = Visitor(listing.role, mine).ask("get", listing.of(mine))

            assert answer.status_code == 200
            assert listing.sign(mine.marker) in text_of(answer)
            assert not shows(other.marker, answer)
