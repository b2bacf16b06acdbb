"""A shop in processes of its own, and a place for what a fault test has counted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.faults.shop import Shop, environment_of
from tests.sandbox.process import Sandbox
from tests.stack import Stack


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    """A vendor's process of this test's own, so that all that it has made is this test's."""
    vendor = Sandbox(tmp_path / "vendor")
    yield vendor
    vendor.end()


@pytest.fixture
def shop(stack: Stack, vendor: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A market with that vendor, under a clock that this test's processes share and no others."""
    settings.CLOCK_FILE = str(vendor.clock)
    shop = Shop(stack, vendor)
    for name, value in environment_of(vendor, shop.billing_code).items():
        monkeypatch.setenv(name, value)
    return shop


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Say what was counted, whether the test passes or fails."""

    def say(what: str, **counts: object) -> None:
        with capsys.disabled():
            print(f"\n{what}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items()))

    return say
