"""
The whole system on one machine, as `make run` starts it.

Nothing is restarted in silence: when one part ends, its name and last words are shown, and everything stops.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from config.local import parts, servers
from config.local.parts import Part, Ports
from config.local.processes import LocalError, is_free, signal_group, start, stop, wait_until_listening
from config.local.servers import Server

PATIENCE_AT_STOP = 5.0
"""Seconds that the parts have to end by themselves; with the servers after them, Ctrl-C takes less than ten."""
LAST_WORDS = 12
"""Lines of a part's log that are shown when it has ended."""


def run(data: Path, *, port: int) -> None:
    """
    Start everything, say where it is, and stop everything at Ctrl-C.

    :raises LocalError: if something cannot be started, or ends by itself
    """
    ports = Ports(web=port)
    data.mkdir(parents=True, exist_ok=True)
    with alone_in(data), stoppable(), ExitStack() as on_leaving:
        refuse_taken_ports(ports)
        _say("Starting Postgres and Redis")
        started = on_leaving.enter_context(servers.running(data, tell=_say))
        running = Running(data, parts.environment_of(data, ports), [server for server, _address in started.values()])
        on_leaving.callback(running.stop)
        running.start(parts.surroundings(data, ports))
        running.carry_out("config.local.preparation", STATEMENT_TIMEOUT="0")  # a migration may take longer than a page
        running.start(parts.system(ports))
        running.carry_out("config.local.welcome")
        while True:
            running.refuse_ended()
            time.sleep(0.2)


class Running:
    """The parts that run, in one environment."""

    def __init__(self, data: Path, environment: dict[str, str], started: list[Server]) -> None:
        self.logs = data / "logs"
        self.environment = environment
        self.servers = started
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, those: list[Part]) -> None:
        """
        Start parts, and return when all of them listen that do.

        :raises LocalError: if one ends
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        for part in those:
            with self._log_of(part.name).open("wb") as output:  # one run's words; all runs' would only grow
                environment = {**self.environment, **part.variables}
                self.children[part.name] = start(part.command, output=output, environment=environment)
        for part in those:
            if part.port:
                try:
                    wait_until_listening(self.children[part.name], part.port)
                except LocalError as error:
                    raise LocalError(self._last_words(part.name, str(error))) from None

    def carry_out(self, module: str, **variables: str) -> None:
        """
        Run a module to its end, with its words on the terminal.

        :raises LocalError: if it fails, or a part ends meanwhile
        """
        done = subprocess.run([sys.executable, "-m", module], env={**variables, **self.environment}, check=False)
        self.refuse_ended()
        if done.returncode:
            raise LocalError(f"{module} failed (exit {done.returncode}); the reason stands above.")

    def refuse_ended(self) -> None:
        """
        Look whether everything still runs.

        :raises LocalError: if a part has ended by itself
        """
        for name, child in self.children.items():
            if child.poll() is not None:
                raise LocalError(self._last_words(name, f"{name} has ended (exit {child.returncode})."))
        for server in self.servers:
            if server.exit_code() is not None:
                raise LocalError(f"{server.name} has ended (exit {server.exit_code()}); see {server.log}.")

    def stop(self) -> None:
        """Ask all parts to end, at the same time, and end by force what is left."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_AT_STOP
        for child in self.children.values():
            stop(child, patience=max(0.0, deadline - time.monotonic()))
            signal_group(child, signal.SIGKILL)

    def _log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _last_words(self, name: str, what: str) -> str:
        lines = self._log_of(name).read_text(errors="replace").splitlines()[-LAST_WORDS:]
        return "\n".join([*(f"  {name} | {line}" for line in lines), f"{what} Everything is stopped."])


def _say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """Hold the data folder for this process; the lock falls with it, however it ends."""
    with (data / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise LocalError(f"The system runs already on {data} (process {lock.read().strip()}).") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def stoppable() -> Iterator[None]:
    """Let `kill` and a closed terminal do what Ctrl-C does, and hear only the first of them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def hear(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        _say("Stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_taken_ports(ports: Ports) -> None:
    for purpose, port in ports.all().items():
        if not is_free(port):
            raise LocalError(
                f"Port {port} ({purpose}) is in use. Stop what uses it, or choose others: make run PORT={ports.web + 1000}"
            )
