"""
Facts from `publish` to a listener that has heard them, end to end; against Celery's own empty task, sent as often.

One process publishes, each fact in a transaction of its own; one Celery worker of one process delivers meanwhile. The
floor sends as many empty tasks over the same broker to the same worker. It keeps no promise: what it sends is gone
when Redis is, and is sent also when the transaction around it fails.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.harness import bench_database, compare, set_up_django
from config.local.processes import start, stop

FACTS = int(os.environ.get("FACTS", "2000"))
PATIENCE = 120.0
"""Seconds in which all must be heard."""


@contextmanager
def worker() -> Iterator[None]:
    """Run one Celery worker of one process, the same to the end: starting Python anew is neither side's work."""
    process = start(
        [
            sys.executable, "-m", "celery", "--app", "bench._outbox", "worker", "--concurrency", "1",
            "--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--max-tasks-per-child", "1000000",
        ],
        output=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        stop(process)


def wait_until(heard: Callable[[], bool]) -> None:
    """Wait until the worker has caught up."""
    deadline = time.monotonic() + PATIENCE
    while not heard():
        if time.monotonic() > deadline:
            raise SystemExit("The worker does not catch up.")
        time.sleep(0.005)


def main(pairs: int = 5) -> None:
    """Measure, and print the line."""
    with tempfile.TemporaryDirectory() as folder, bench_database("outbox"):
        last = Path(folder) / "last"
        os.environ["LAST_TASK"] = str(last)
        set_up_django()
        from django.db import transaction

        from bench._outbox import Told, done
        from config.demonstration.operator import load_markets
        from foundation.events.models import Delivery
        from foundation.events.services import publish

        root = load_markets()

        def tell() -> None:
            last.unlink(missing_ok=True)
            for number in range(FACTS):
                with transaction.atomic():
                    publish(Told(number=number), subject=root, division=root, by=None)
            wait_until(lambda: not Delivery.objects.outstanding().exists())
            done.delay(FACTS, last=True)
            wait_until(last.exists)  # nor is a nudge left that would be the floor's to work off

        def send() -> None:
            last.unlink(missing_ok=True)
            for number in range(FACTS):
                done.delay(number, last=number == FACTS - 1)
            wait_until(last.exists)

        with worker():
            result = compare("outbox", tell, send, pairs=pairs, rows=FACTS)
        heard = Delivery.objects.exclude(done_at=None).filter(error="").count()
        assert heard == (pairs + 1) * FACTS, heard
        more = {
            "ours_ms_a_fact": round(result.ours_ms / FACTS, 3),
            "floor_ms_a_task": round(result.floor_ms / FACTS, 3),
        }
        print(replace(result, more=more).as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
