"""The engine under long work."""

import time

from celery import shared_task

from foundation.jobs.services import work_one_chunk

SECONDS_AT_ONCE = 60.0
"""How long one task goes on taking chunks, so that none comes near its time limit; beat's sweep goes on."""


@shared_task(ignore_result=True)
def work_on_jobs() -> None:
    """Take chunks of whatever long work waits, for a while."""
    until = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < until and work_one_chunk():
        pass
