"""
A night that judges one million rewards by six million bills, in chunks; against one bare statement over all of them.

Both write the same rewards, ledger entries, facts and deliveries, on the same tables, indexes, constraints and triggers.
Then the same night by one worker process and by two. `REWARDS=20000` tries it with fewer.
"""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench._rewards import BILLS, REWARDS, at_night, make_rewards, put_back, state
from bench.harness import bench_database, compare, milliseconds, set_up_django

WORKERS = 2


@contextmanager
def workers(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Start so many worker processes and wait until they are ready."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench._qualify_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    try:
        for process in started:
            _hear(process, "ready")
        yield started
    finally:
        for process in started:
            process.communicate()


def _hear(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.strip() == word:
            return
    raise RuntimeError("A worker has died.")


def work(processes: list[subprocess.Popen[str]], job_id: int) -> None:
    """Let processes do a job together."""
    for process in processes:
        assert process.stdin
        print(job_id, file=process.stdin, flush=True)
    for process in processes:
        _hear(process, "done")


def by_processes(division: Any, count: int) -> float:
    """Return the milliseconds that a night takes so many processes."""
    from commissions.services.qualification import start_qualification

    put_back()
    with workers(count) as processes, at_night():
        job = start_qualification(division, by=None)
        return milliseconds(lambda: work(processes, job.pk))


def main(pairs: int = 5, rounds: int = 3) -> None:
    """Measure and print."""
    with bench_database("qualify_rewards"):
        set_up_django()
        from bench._qualify_floor import qualify_at_once
        from commissions.services.qualification import qualify_now

        division = make_rewards(REWARDS)
        with at_night():
            qualify_now(division)
            ours = state()
            put_back()
            qualify_at_once()
            assert state() == ours, (state(), ours)
            result = compare(
                "qualify_rewards", lambda: qualify_now(division), qualify_at_once, pairs=pairs, warm_up=0,
                between=put_back, rows=REWARDS, bills=REWARDS * BILLS, moved=ours[0][0],
            )  # fmt: skip
        alone = statistics.median(by_processes(division, 1) for _ in range(rounds))
        together = statistics.median(by_processes(division, WORKERS) for _ in range(rounds))
        assert state()[0] == ours[0]
        more = {**result.more, "one_worker_ms": round(alone), "two_workers_ms": round(together)}
        more["workers_gain"] = round(alone / together, 3)
        print(type(result)(**{**vars(result), "more": more}).as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
