"""A worker is killed in the middle of posting a batch: nobody is paid twice, and at most one payment is in doubt."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from billing.models import Submission
from billing.states import SubmissionStatus
from commissions.models import Batch, BatchLine
from commissions.services.batches import approve_batch
from commissions.states import LineStatus
from foundation.events.tasks import deliver_due
from tests.commissions.paying import Payouts, make_frozen, make_several, read_all
from tests.commissions.vendor import credits_at, forget_what_was_owed, make_payouts_at, running_vendor
from tests.sandbox.process import Sandbox
from tests.stack import Stack, eventually

PAYMENTS = 4
OPEN = (SubmissionStatus.SENDING, SubmissionStatus.UNKNOWN)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    with running_vendor(tmp_path / "vendor") as sandbox:
        yield sandbox


@pytest.fixture
def payouts(stack: Stack, vendor: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    payouts = make_payouts_at(vendor, monkeypatch)
    stack.environment |= {name: value for name, value in os.environ.items() if name.startswith("BILLING_")}
    return payouts


@pytest.fixture
def clock() -> Iterator[Path]:
    """The clock that all processes share."""
    file = Path(settings.CLOCK_FILE)
    yield file
    file.unlink(missing_ok=True)


def kill_while_posting(payouts: Payouts, vendor: Sandbox, stack: Stack) -> Batch:
    """Approve a batch, and kill the worker while the vendor, who has posted a credit already, is about to answer."""
    make_several(payouts, PAYMENTS)
    batch = make_frozen(payouts)
    read_all(batch, payouts.auditor)
    forget_what_was_owed()
    vendor.faults(slow_answer_seconds=10, forget_request_ids=True)
    with stack.worker() as worker:
        approve_batch(batch.pk, by=payouts.auditor)
        eventually(lambda: any(credits_at(vendor, list(batch.lines.all())).values()), within=90)
        worker.kill()
    vendor.faults(slow_answer_seconds=0)
    return batch


def go_on(stack: Stack, clock: Path, batch: Batch) -> None:
    """Let a worker come after the first one's time is over, until every payment has its answer."""
    clock.write_text(json.dumps({"offset_seconds": 180}))
    with stack.worker():
        deliver_due.delay()
        eventually(lambda: set(batch.lines.values_list("status", flat=True)) == {LineStatus.CONFIRMED}, within=120)


def test_kill_9_while_posting_pays_nobody_twice(payouts, vendor, stack, clock):
    batch = kill_while_posting(payouts, vendor, stack)
    lines: list[BatchLine] = list(batch.lines.all())
    in_doubt = Submission.objects.filter(kind="credit", status__in=OPEN).count()

    go_on(stack, clock, batch)

    assert in_doubt == 1
    assert credits_at(vendor, lines) == {line.request_id: 1 for line in lines}


def test_a_worker_that_asked_again_without_looking_would_pay_twice(payouts, vendor, stack, clock):
    """The control: what was being sent is taken for never sent, by a vendor that forgets request ids."""
    batch = kill_while_posting(payouts, vendor, stack)
    lines: list[BatchLine] = list(batch.lines.all())
    Submission.objects.filter(kind="credit", status__in=OPEN).update(status=SubmissionStatus.PENDING)

    go_on(stack, clock, batch)

    assert sorted(credits_at(vendor, lines).values()) == [1, 1, 1, 2]
