"""
Who sees what: every address, as every role of one market, against every row of another.

The other market's marker stands in all its texts: found in any answer, it is a leak. See `tests/url_matrix.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from foundation.divisions.testing import make_division
from foundation.people.admin import DivisionScopedAdmin
from foundation.people.queries import roles_granting
from foundation.people.states import ROLE_PERMISSIONS, SETUP_PERMISSIONS, Role
from foundation.people.testing import sign_in
from tests.url_matrix import ANONYMOUS, MATRIX, NOBODY, Page, World

pytestmark = pytest.mark.django_db

OURS, THEIRS = "Quillfeather", "Zanzibarium"
REFUSED = {403, 404, 405}
SETTING_UP = frozenset(role for role, granted in ROLE_PERMISSIONS.items() if granted & SETUP_PERMISSIONS)
"""Who gets into the admin at all."""
WITHOUT_CSRF = {"tmf_billing:webhook"}
"""What machines post, which prove themselves by a signature."""


@dataclass(frozen=True)
class Address:
    """One address as it is tried: its name, its page's rules, and how to name a row."""

    name: str
    page: Page

    def of(self, world: World) -> str:
        """Return the address of this market's row."""
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
    kind = pattern.name.removeprefix(f"{model._meta.app_label}_{model._meta.model_name}_")
    if kind in {"changelist", "change", "history"}:
        return Page(who, row)
    if kind in {"add", "delete"}:
        return Page(changers, row, frozenset({200, 403}))  # 403 where the table is not to be changed by hand
    return Page(who, row, frozenset({200, 302, 403, 404, 405}))


def addresses() -> list[Address]:
    return [*(Address(name, page) for name, page in MATRIX.items()), *admin_addresses()]


@pytest.fixture(autouse=True)
def any_host(settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.THROTTLE_FACTOR = 10_000


@pytest.fixture
def worlds() -> tuple[World, World]:
    top = make_division("Top of the house")
    return World(OURS, top), World(THEIRS, top)


def visitor(role: str, world: World, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks, HTTP_HOST=world.market.site.host)
    if role != ANONYMOUS:
        sign_in(client, world.people[Role(role)])
    return client


def text_of(answer: HttpResponse) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace") + str(answer.headers)


def is_sent_away(answer: HttpResponse) -> bool:
    """Tell whether a redirect leads to signing in, or (in the admin) to the start page: no such row."""
    away = (reverse("account_login"), reverse("admin:login"))
    place = answer.headers.get("Location", "")
    return answer.status_code == 302 and (place.startswith(away) or place == reverse("admin:index"))


class TestEveryAddress:
    def test_is_classified(self):
        assert url_names() - set(MATRIX) == set(), "Name these addresses in tests/url_matrix.py"

    def test_that_is_classified_exists(self):
        assert set(MATRIX) - url_names() == set(), "These addresses of tests/url_matrix.py are gone"

    def test_refuses_a_post_without_its_token(self, worlds):
        ours, _theirs = worlds
        client = visitor(Role.OPERATOR, ours, enforce_csrf_checks=True)
        guarded = [address for address in addresses() if address.name not in WITHOUT_CSRF]

        taken = [address.name for address in guarded if client.post(address.of(ours)).status_code != 403]

        assert taken == []


@pytest.mark.parametrize("role", [ANONYMOUS, *Role])
class TestEveryRole:
    def test_opens_what_is_theirs_to_open_and_nothing_else(self, role, worlds):
        ours, _theirs = worlds
        wrong = []
        client = visitor(role, ours)
        for address in addresses():
            answer = client.get(address.of(ours))
            client = visitor(role, ours) if address.page.about_oneself else client  # some of them sign out
            if not self._is_right(address, role, answer):
                wrong.append((address.name, answer.status_code, answer.headers.get("Location", "")))

        assert wrong == [], "\n".join(map(str, wrong))

    def _is_right(self, address, role, answer):
        if address.page.about_oneself:
            return answer.status_code < 500 or address.name == "ready"
        if role in address.page.who:
            return answer.status_code in address.page.answers and not is_sent_away(answer)
        return answer.status_code in REFUSED or is_sent_away(answer)

    def test_finds_nothing_of_another_market(self, role, worlds):
        ours, theirs = worlds
        leaks = []
        client = visitor(role, ours)
        for address in [address for address in addresses() if not address.page.by_secret]:
            for method in ("get", "post"):
                answer = getattr(client, method)(address.of(theirs))
                self._note_leak(address, answer, method, leaks)
                client = visitor(role, ours) if address.page.about_oneself else client

        assert leaks == [], "\n".join(map(str, leaks))

    def _note_leak(self, address, answer, method, leaks):
        if address.page.row and answer.status_code not in REFUSED and not is_sent_away(answer):
            leaks.append((address.name, method, answer.status_code, answer.headers.get("Location", "")))
        if THEIRS in text_of(answer):
            leaks.append((address.name, method, "marker"))
