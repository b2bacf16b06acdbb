"""
Real processes for tests that kill them, stop them and talk to them over the network.

Every part is a context manager that waits until it works and leaves nothing behind:

    with stack.redis() as redis, stack.billing() as billing, stack.worker() as worker, stack.web() as web:
        httpx.post(f"{web.url}/orders/…")
        worker.kill()

The processes use the test's own database, so such a test is a transactional one. Settings reach them by environment
variables only.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.db import connection

from config.local.postgres import Postgres
from config.local.preparation import collect_static_files
from config.local.processes import free_port, is_free, signal_group, start, stop, wait_until_listening
from config.local.redis_server import RedisServer
from tests.emptying import STAYING


@dataclass
class Running:
    """A process that a test has started."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        """The address that it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it and all its children as kill -9 does."""
        signal_group(self.process, signal.SIGKILL)
        self.process.wait()

    def children(self) -> list[psutil.Process]:
        """Return the processes that it has started: gunicorn's or Celery's workers."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill_child(self) -> None:
        """End one of its children as kill -9 does; the parent goes on."""
        self.children()[0].kill()


class Stack:
    """Starts processes on the test's database, with their files in the test's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": url_of_test_database(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    @contextmanager
    def web(self, *, workers: int = 2, threads: int = 4, **variables: str) -> Iterator[Running]:
        """Serve the site by gunicorn on a free port."""
        _collect_static_files_once()
        port = free_port()
        command = [
            "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", str(workers),
            "--threads", str(threads), "--graceful-timeout", "3", "--no-control-socket",
        ]  # fmt: skip
        with self._running("web", command, port=port, **variables) as web:
            yield web

    @contextmanager
    def worker(self, *, concurrency: int = 1, **variables: str) -> Iterator[Running]:
        """Run a Celery worker with processes of its own; returns when it takes tasks."""
        command = ["-m", "celery", "--app", "config.celery", "worker", "--pool", "prefork",
                   "--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle"]  # fmt: skip
        with self._running("worker", command, REMAP_SIGTERM="SIGQUIT", **variables) as worker:
            eventually(lambda: "ready." in worker.output or worker.process.poll() is not None, within=90)
            assert worker.process.poll() is None, worker.output
            yield worker

    @contextmanager
    def beat(self, **variables: str) -> Iterator[Running]:
        """Run the scheduler."""
        command = ["-m", "celery", "--app", "config.celery", "beat", "--loglevel", "INFO", "--pidfile="]
        with self._running("beat", command, **variables) as beat:
            yield beat

    @contextmanager
    def billing(self, *arguments: str, port: int = 0, data: Path | None = None) -> Iterator[Running]:
        """
        Run a sandbox billing system on a free port.

        :param port: the port of an earlier one, to come back at the same address
        :param data: the folder of an earlier one, to come back with its memory
        """
        port = port or free_port()
        folder = data or self.folder / f"billing-{port}"
        command = ["-m", "sandbox.billing", "--port", str(port), "--data", str(folder), *arguments]
        with self._running("billing", command, port=port) as billing:
            yield billing

    @contextmanager
    def redis(self) -> Iterator[RedisServer]:
        """Run a Redis of the test's own, to be stopped, killed and emptied; all parts started later use it."""
        server = RedisServer(self.folder)
        server.start()
        before = self.environment["REDIS_URL"]
        self.environment["REDIS_URL"] = server.url()
        try:
            yield server
        finally:
            self.environment["REDIS_URL"] = before
            server.stop()

    @contextmanager
    def postgres(self) -> Iterator[Postgres]:
        """Run a Postgres of the test's own, durable and empty, to be crashed; all parts started later use it."""
        with _folder_for_any_account() as folder:
            server = Postgres(folder)
            server.start()
            before = self.environment["DATABASE_URL"]
            self.environment["DATABASE_URL"] = server.url()
            try:
                copy_tables(server)
                yield server
            finally:
                self.environment["DATABASE_URL"] = before
                server.stop()

    def manage(self, *arguments: str) -> str:
        """Run a management command in a process of its own and return what it says."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def _running(self, name: str, command: list[str], *, port: int = 0, **variables: str) -> Iterator[Running]:
        log = self.folder / f"{name}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = start([sys.executable, *command], output=output, environment={**self.environment, **variables})
        running = Running(process, log, port)
        try:
            if port:
                wait_until_listening(process, port)
            yield running
        finally:
            stop(process, patience=5.0)


class Fault(Enum):
    """What a faulty network does to a connection."""

    NONE = auto()
    RESET = auto()
    """The connection is reset, unanswered, as soon as the request begins to arrive."""
    STALL = auto()
    """The request is taken and never answered."""
    CUT_ANSWER = auto()
    """The request arrives and is carried out; its answer is lost."""


@dataclass
class FaultProxy:
    """
    A TCP relay in front of a server, which can be told to fail.

    `fault` holds for connections that begin after it was set; `delay` is in seconds, before each request goes on.
    """

    target_port: int
    port: int = field(default_factory=free_port)
    fault: Fault = Fault.NONE
    delay: float = 0.0
    connections: int = 0

    @property
    def url(self) -> str:
        """The address of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client, self.fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        with client:
            if fault is Fault.RESET:
                client.recv(1)
                _reset(client)
            elif fault is Fault.STALL:
                self._over.wait()
            else:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target_port)) as server:
                    self._relay(client, server, fault)

    def _relay(self, client: socket.socket, server: socket.socket, fault: Fault) -> None:
        onwards = threading.Thread(target=self._copy, args=(client, server, self.delay), daemon=True)
        onwards.start()
        if fault is Fault.CUT_ANSWER:
            server.recv(65536)
            client.shutdown(socket.SHUT_RDWR)
        else:
            self._copy(server, client, 0.0)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, delay: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(delay)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def _reset(client: socket.socket) -> None:
    """Close a connection so that the other side sees it reset, not ended."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()


def eventually(condition: Callable[[], object], *, within: float = 10.0, every: float = 0.05) -> None:
    """Wait until a condition holds; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"Not so after {within} seconds."
        time.sleep(every)


def _collect_static_files_once() -> None:
    """Collect the static files once for all workers of this run: gunicorn serves them from there."""
    root = Path(settings.STATIC_ROOT)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            collect_static_files()


def url_of_test_database() -> str:
    """Return the address of the database that Django's tests use, in the form of DATABASE_URL."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def copy_tables(server: Postgres) -> None:
    """
    Give a new server the tables that the migrations have made in the database of the tests, and no rows of a test.

    Migrating once more would take most of a minute.
    """
    programs, source = server.programs(), url_of_test_database()
    begun_with = [f"--table={table}" for table in ("django_migrations", *STAYING)]
    for part in (["--schema-only"], ["--data-only", *begun_with]):
        dumped = subprocess.run([programs / "pg_dump", "--no-owner", *part, source], capture_output=True, check=True)
        command = [programs / "psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", server.url()]
        subprocess.run(command, input=dumped.stdout, capture_output=True, check=True)


@contextmanager
def _folder_for_any_account() -> Iterator[Path]:
    """Make a folder outside of pytest's, which each other run closes again: as root, Postgres has its own account."""
    with tempfile.TemporaryDirectory(prefix="order-entry-postgres-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


__all__ = ["Fault", "FaultProxy", "Running", "Stack", "copy_tables", "eventually", "free_port", "is_free"]
