"""
What every benchmark needs: ours and its floor measured in turns, real web processes, counted statements.

A benchmark `bench/<name>.py` builds two callables that do the same work, calls `compare`, and prints the result's
`as_json()` as its last line. Both sides run in the same minutes on the same machine, so that their ratio means
something where their milliseconds do not.
"""

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg2
from psycopg2 import sql

from config.local import servers
from config.local.processes import free_port, start, stop, wait_until_listening

PAIRS = 5
"""The fewest pairs that a ratio is the median of."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The outcome of measuring ours against the floor; times in milliseconds."""

    name: str
    ours_ms: float
    floor_ms: float
    ratio: float
    """The median of the ratios pair by pair."""
    pairs: int
    queries: float | None = None
    """Statements of the web process for one unit of work, without BEGIN, SAVEPOINT and COMMIT."""
    rows: int | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the line that a benchmark ends with."""
        known = {name: value for name, value in vars(self).items() if name != "more"}
        return json.dumps({**known, **self.more})


def compare(  # noqa: PLR0913  # what a comparison has
    name: str,
    ours: Callable[[], object],
    floor: Callable[[], object],
    *,
    pairs: int = PAIRS,
    warm_up: int = 1,
    between: Callable[[], object] = lambda: None,
    **facts: object,
) -> Comparison:
    """
    Time ours and the floor in turns, the first one changing from pair to pair.

    :param between: puts things back before each measurement, untimed
    :param facts: `queries`, `rows`, and whatever else belongs into the line
    """
    for _ in range(warm_up):
        for side in (ours, floor):
            between()
            side()
    times: list[tuple[float, float]] = []
    for pair in range(pairs):
        order = (ours, floor) if pair % 2 == 0 else (floor, ours)
        taken = {}
        for side in order:
            between()
            taken[side] = milliseconds(side)
        times.append((taken[ours], taken[floor]))
        print(f"  pair {pair + 1}: ours {taken[ours]:.1f} ms, floor {taken[floor]:.1f} ms", file=sys.stderr)
    return Comparison(
        name=name,
        ours_ms=round(statistics.median(mine for mine, _ in times), 3),
        floor_ms=round(statistics.median(bare for _, bare in times), 3),
        ratio=round(statistics.median(mine / bare for mine, bare in times), 3),
        pairs=pairs,
        queries=facts.pop("queries", None),  # type: ignore[arg-type]
        rows=facts.pop("rows", None),  # type: ignore[arg-type]
        more=facts,
    )


def worst(*comparisons: Comparison) -> Comparison:
    """Return the comparison with the highest ratio; a benchmark of several parts is as good as its worst."""
    return max(comparisons, key=lambda comparison: comparison.ratio)


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


@contextmanager
def bench_database(name: str) -> Iterator[str]:
    """
    Make an empty database for one benchmark, and let Django see it; it is dropped at the end.

    Uses the server of DATABASE_URL where that is set, else a durable one of its own; yields the new address. Call it
    before Django's settings are read, and import models inside.
    """
    with ExitStack() as on_leaving:
        folder = Path(on_leaving.enter_context(tempfile.TemporaryDirectory(prefix="order-entry-bench-")))
        folder.chmod(0o755)  # where we are root, Postgres has an account of its own
        on_leaving.enter_context(servers.running(folder))
        server = os.environ["DATABASE_URL"]
        database = f"bench_{name}"
        _carry_out(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        _carry_out(server, "CREATE DATABASE {}", database)
        on_leaving.callback(_carry_out, server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        on_leaving.callback(os.environ.__setitem__, "DATABASE_URL", server)
        address = urlsplit(server)._replace(path=f"/{database}").geturl()
        os.environ.update(DATABASE_URL=address, DATA_DIR=str(folder), PLAIN_STATIC="1", STATEMENT_TIMEOUT="0")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        yield address


def _carry_out(server: str, statement: str, database: str) -> None:
    maintenance = urlsplit(server)._replace(path="/postgres").geturl()
    connection = psycopg2.connect(maintenance)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(database)))
    finally:
        connection.close()


def set_up_django() -> None:
    """Load Django on the bench database and bring it up to date."""
    import django  # its settings are read now, not before

    django.setup()
    from django.core.management import call_command

    from config.local.preparation import collect_static_files

    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    collect_static_files()


@dataclass
class Web:
    """A gunicorn whose processes count their statements."""

    url: str
    _counts: Path

    def statements(self) -> int:
        """Return how many statements its processes have sent so far, without BEGIN, SAVEPOINT and COMMIT."""
        return sum(file.stat().st_size for file in self._counts.iterdir())

    def statements_of(self, work: Callable[[], object]) -> int:
        """Return how many statements one piece of work costs."""
        before = self.statements()
        work()
        return self.statements() - before


@contextmanager
def web(application: str = "config.wsgi", *, workers: int = 2) -> Iterator[Web]:
    """
    Serve a WSGI application by gunicorn, as in production, on the bench database.

    :param application: the module of the application; a floor names its own, with the project's middleware
    """
    with tempfile.TemporaryDirectory(prefix="order-entry-counts-") as counts, tempfile.TemporaryFile() as log:
        port = free_port()
        process = start(
            [
                sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}",
                "--workers", str(workers), "--no-control-socket", "--config", "python:bench.counting",
            ],
            output=log, environment={**os.environ, "STATEMENT_COUNTS": counts, "LOG_LEVEL": "WARNING"},
        )  # fmt: skip
        try:
            wait_until_listening(process, port)
            yield Web(f"http://127.0.0.1:{port}", Path(counts))
        finally:
            stop(process)


def closed_loop(visit: Callable[[httpx.Client], object], *, base_url: str, clients: int, visits: int) -> list[float]:
    """
    Let clients visit at the same time, each beginning anew as soon as it has ended; return each visit's milliseconds.

    A visit gets a client with cookies of its own and must raise if an answer is not what it expects.
    """
    left = iter(range(visits))
    lock = threading.Lock()

    def visitor() -> list[float]:
        taken: list[float] = []
        while True:
            with lock:
                if next(left, None) is None:
                    return taken
            with httpx.Client(base_url=base_url, timeout=30) as client:
                taken.append(milliseconds(lambda: visit(client)))  # called at once

    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(visitor) for _ in range(clients)]
        return [time for future in futures for time in future.result()]
