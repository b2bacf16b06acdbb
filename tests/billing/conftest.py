"""A vendor in a process of its own, and a division that uses it."""

import uuid
from collections.abc import Iterator

import pytest

from billing.models import BillingSystem
from billing.testing import make_billing_system
from foundation.divisions.testing import make_division
from foundation.events.facts import HANDLERS
from tests.sandbox.process import Sandbox


@pytest.fixture(autouse=True)
def only_billing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Billing stands below the apps that hear it: here it is tried without them."""
    for name, listeners in list(HANDLERS.items()):
        ours = {label: listener for label, listener in listeners.items() if label.startswith("billing.")}
        monkeypatch.setitem(HANDLERS, name, ours)


@pytest.fixture(scope="session")
def vendor_process(tmp_path_factory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("vendor"))
    yield sandbox
    sandbox.end()


@pytest.fixture
def vendor(vendor_process: Sandbox) -> Iterator[Sandbox]:
    """The vendor, behaving until told otherwise."""
    vendor_process.behave()
    yield vendor_process
    vendor_process.behave()


@pytest.fixture
def system(vendor: Sandbox, db: None, monkeypatch: pytest.MonkeyPatch) -> BillingSystem:
    """A billing system at the vendor, used by a division of its own."""
    system = make_billing_system(make_division(), base_url=vendor.url)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_URL", vendor.url)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_TOKEN", vendor.token)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_WEBHOOK_SECRET", vendor.secret)
    return system


@pytest.fixture
def request_id() -> str:
    """An id that no other test asks under, for the vendor remembers them all."""
    return f"test-{uuid.uuid4()}"
