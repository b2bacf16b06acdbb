"""The whole system, really started: so few times as can be, because each takes its seconds."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import psycopg2
import pytest

from config.local.parts import Ports
from config.local.postgres import Postgres
from config.local.processes import is_free
from tests.stack import eventually

START = 120
"""Seconds for a start on a busy machine."""
STOP = 10
"""Seconds that a person waits after Ctrl-C."""


class System:
    """One `make run` in a data folder of its own."""

    def __init__(self, data: Path, ports: Ports) -> None:
        self.data, self.ports = data, ports
        self.log = data.parent / f"said-{time.monotonic_ns()}"
        environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        environment |= {"DATA_DIR": str(data), "DEMONSTRATION": "0", "CLOCK_FILE": str(data / "clock.json")}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.local", "run", "--port", str(ports.web)],
                env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_until_up(self) -> None:
        eventually(lambda: "Ctrl-C stops everything" in self.said or self.process.poll() is not None, within=START)
        assert self.process.poll() is None, self.said

    def wait_until_ended(self) -> int:
        return self.process.wait(STOP)

    def part(self, name: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if name in child.cmdline())


def free_ports() -> Ports:
    """Find a port from which all the others are free too."""
    candidates = (Ports(web=port) for port in range(20000, 30000, 7))
    return next(ports for ports in candidates if all(map(is_free, ports.all().values())))


@pytest.fixture
def data(tmp_path: Path):
    if os.geteuid() == 0:  # Postgres' account must get through pytest's private folders
        for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            parent.chmod(0o711)
    return tmp_path / "data"


@pytest.fixture
def make_run(data: Path):
    """Start the system, and leave none behind, whatever the test finds."""
    with ExitStack() as on_leaving:

        def start(ports: Ports) -> System:
            system = System(data, ports)
            on_leaving.callback(system.process.kill)  # its parts end with it
            return system

        yield start


def query(data: Path, statement: str) -> list[tuple]:
    connection = psycopg2.connect(Postgres(data).url())
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


class TestMakeRun:
    def test_serves_stops_picks_up_and_names_what_crashed(self, data, make_run):
        ports = free_ports()
        system = make_run(ports)
        system.wait_until_up()
        assert httpx.get(f"http://localhost:{ports.web}/health/ready", timeout=START).json() == {
            "database": "ok",
            "queue": "ok",
        }
        assert httpx.get(f"http://localhost:{ports.mail_page}/").status_code == 200
        assert f"http://localhost:{ports.mail_page}" in system.said
        query(data, "CREATE TABLE kept AS SELECT 1 AS number")

        second = make_run(free_ports())
        assert second.process.wait(START) == 1
        assert re.fullmatch(r"The system runs already on .* \(process \d+\)\.\n", second.said)

        began = time.monotonic()
        system.process.send_signal(signal.SIGINT)
        assert system.wait_until_ended() == 0
        assert time.monotonic() - began < STOP
        assert all(map(is_free, ports.all().values()))
        assert not Postgres(data).is_running()

        again = make_run(ports)
        again.wait_until_up()
        assert query(data, "SELECT number FROM kept") == [(1,)]

        again.part("worker").kill()
        assert again.wait_until_ended() == 1
        assert "worker has ended (exit -9). Everything is stopped." in again.said
        assert all(map(is_free, ports.all().values()))

    def test_says_in_one_line_that_a_port_is_in_use(self, make_run):
        ports = free_ports()
        with socket.create_server(("127.0.0.1", ports.mail_page)):
            system = make_run(ports)

            assert system.process.wait(START) == 1

        assert len(system.said.splitlines()) == 1
        assert system.said.startswith(f"Port {ports.mail_page} (mail page) is in use.")
