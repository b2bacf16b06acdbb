"""What all tests share: a browser, and real processes on the test database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings as hypothesis_settings
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker

from config.local.preparation import bring_catalogues_up_to_date
from tests.emptying import empty_database
from tests.stack import Stack

hypothesis_settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy machine")

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET_CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A browser that looks nothing up in the network by itself."""


LONGEST = ("tests/journeys/test_simulation.py", "tests/local/test_supervisor.py")
"""Tests of minutes that ask no database of ours, and would so come last."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no worker is still at them when the others have done all."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_configure(config: pytest.Config) -> None:
    """Compile the translations once, before any process reads them."""
    if not hasattr(config, "workerinput"):
        bring_catalogues_up_to_date()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End what a killed process has left in the database before it is dropped: its last statement may still run."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """Let the end of a test that commits empty what it has filled, also a table that refuses to be emptied in real life."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty_database())
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium. `DJANGO_ALLOW_ASYNC_UNSAFE` is set: Playwright keeps an event loop in this thread."""
    if not CHROMIUM.exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}: apt-get install chromium, or set CHROMIUM.")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET_CHROMIUM)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page in a context of its own. A script error or a breach of the content policy on it fails the test."""
    faults: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: _note_breach(message.text, faults))
        yield page
    assert faults == []


def _note_breach(text: str, faults: list[str]) -> None:
    if "Content Security Policy" in text:
        faults.append(text)


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path) -> Stack:
    """Start real processes on this test's database; see `tests.stack`."""
    return Stack(tmp_path)
