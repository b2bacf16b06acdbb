"""A worker is killed while it waits for the vendor's answer; the next one makes it good."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from billing.models import Submission
from billing.states import SubmissionStatus
from foundation.events.tasks import deliver_due
from tests.billing.asking import ask_for_work_order
from tests.stack import eventually


@pytest.fixture
def clock():
    """The clock that all processes share."""
    file = Path(settings.CLOCK_FILE)
    yield file
    file.unlink(missing_ok=True)


def is_now(submission: Submission, status: SubmissionStatus) -> bool:
    submission.refresh_from_db()
    return bool(submission.status == status)


def test_kill_9_while_posting_leaves_one_work_order(system, vendor, request_id, clock, stack):
    vendor.faults(slow_answer_seconds=10, forget_request_ids=True)
    with stack.worker() as worker:
        submission = ask_for_work_order(system, request_id)
        eventually(lambda: len(vendor.made_under(request_id)) == 1, within=90)
        worker.kill()
    vendor.faults(slow_answer_seconds=0)
    assert is_now(submission, SubmissionStatus.SENDING)

    clock.write_text(json.dumps({"offset_seconds": 120}))
    with stack.worker():
        deliver_due.delay()
        eventually(lambda: is_now(submission, SubmissionStatus.CONFIRMED), within=90)

    assert [made["id"] for made in vendor.made_under(request_id)] == [submission.external_id]
