"""A billing system in a process of its own, which payouts are posted to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing.models import BillingSystem
from commissions.models import BatchLine
from foundation.events.models import Delivery
from foundation.now import now
from tests.commissions.paying import Payouts, make_payouts
from tests.sandbox.process import Sandbox


@contextmanager
def running_vendor(folder: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(folder)
    try:
        yield sandbox
    finally:
        sandbox.end()


def make_payouts_at(vendor: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    """Make a market whose billing system is the vendor, and which it knows how to reach."""
    payouts = make_payouts(base_url=vendor.url)
    system = system_of(payouts)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_URL", vendor.url)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_TOKEN", vendor.token)
    monkeypatch.setenv(f"BILLING_{system.code.upper()}_WEBHOOK_SECRET", vendor.secret)
    return payouts


def system_of(payouts: Payouts) -> BillingSystem:
    return BillingSystem.objects.get(division=payouts.division)


def forget_what_was_owed() -> None:
    """Let nobody hear of how the orders came about: their work orders are not this vendor's."""
    Delivery.objects.filter(done_at=None).update(done_at=now())


def credits_at(vendor: Sandbox, lines: list[BatchLine]) -> dict[str, int]:
    """Count what the vendor has credited under each request id."""
    return {line.request_id: len(vendor.made_under(line.request_id, "credit")) for line in lines}
