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
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.local import servers
from config.local.processes import LocalError, is_free, signal_group, start, stop, wait_until_listening
from config.local.servers import Server

PATIENCE_AT_STOP = 5.0
"""Seconds that the parts have to end by themselves; with the servers after them, Ctrl-C takes less than ten."""
LAST_WORDS = 12
"""Lines of a part's log that are shown when it has ended."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of the loopback address that the system listens on, all derived from the website's."""

    web: int

    @property
    def mail_page(self) -> int:
        """Where the mail is read: 8025 beside a website on 8000."""
        return self.web + 25

    @property
    def smtp(self) -> int:
        """Where the mail is sent to."""
        return self.web + 26

    @property
    def billing(self) -> dict[str, int]:
        """Where each vendor's billing system listens: 8101 and 8102."""
        return {"main": self.web + 101, "franchise": self.web + 102}

    def all(self) -> dict[str, int]:
        """Return every port by what it is for."""
        billing = {f"{vendor} billing system": port for vendor, port in self.billing.items()}
        return {"website": self.web, "mail page": self.mail_page, "mail server": self.smtp, **billing}


@dataclass
class Part:
    """One program of the system."""

    name: str
    command: list[str]
    port: int | None = None
    variables: dict[str, str] = field(default_factory=dict)


def run(data: Path, *, port: int) -> None:
    """
    Start everything, say where it is, and stop everything at Ctrl-C.

    :raises LocalError: if something cannot be started, or ends by itself
    """
    ports = Ports(web=port)
    data.mkdir(parents=True, exist_ok=True)
    with _alone_in(data), _stoppable(), ExitStack() as on_leaving:
        _refuse_taken_ports(ports)
        _say("Starting Postgres and Redis")
        started = on_leaving.enter_context(servers.running(data, tell=_say))
        environment = environment_of(data, ports)
        _prepare(environment)
        children: dict[str, subprocess.Popen[bytes]] = {}
        on_leaving.callback(_stop_all, children)
        for part in parts(data, ports):
            children[part.name] = _start_part(part, data, environment)
        _wait_for_ports(data, ports, children)
        _say_where(environment)
        while True:
            _refuse_ended(data, children, [server for server, _address in started.values()])
            time.sleep(0.2)


def environment_of(data: Path, ports: Ports) -> dict[str, str]:
    """Return the environment of every part: ours, and what follows from the data folder and the ports."""
    ours = {
        "DATA_DIR": str(data),
        "SITE_URL": f"http://localhost:{ports.web}",
        "EMAIL_URL": f"smtp://127.0.0.1:{ports.smtp}",
        "CLOCK_FILE": str(data / "clock.json"),
        "MAIL_PAGE_URL": f"http://localhost:{ports.mail_page}",
    }
    for vendor, port in ports.billing.items():
        secrets = data / "billing" / vendor
        ours |= {
            f"BILLING_{vendor.upper()}_URL": f"http://127.0.0.1:{port}",
            f"BILLING_{vendor.upper()}_TOKEN_FILE": str(secrets / "token"),
            f"BILLING_{vendor.upper()}_WEBHOOK_SECRET_FILE": str(secrets / "webhook-secret"),
        }
    return {**ours, **os.environ}


def parts(data: Path, ports: Ports) -> list[Part]:
    """List the programs of the system."""
    python = sys.executable
    celery = [python, "-m", "celery", "--app", "config.celery"]
    vendors = [_vendor(vendor, data, ports) for vendor in ports.billing]
    return [
        Part(
            "mail",
            [
                python, "-m", "config.local.mail_catcher", "--data", str(data),
                "--smtp-port", str(ports.smtp), "--page-port", str(ports.mail_page),
            ],
            ports.mail_page,
        ),
        *vendors,
        Part(
            "web",
            [
                python, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{ports.web}", "--workers", "2",
                "--threads", "4", "--graceful-timeout", "4", "--no-control-socket",
            ],
            ports.web,
        ),
        Part(
            "worker",
            [*celery, "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"],
            variables={"REMAP_SIGTERM": "SIGQUIT"},  # stop soon; what was begun is done again
        ),
        Part(
            "beat",
            [
                *celery, "beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler",
                "--loglevel", "INFO", "--pidfile=",
            ],
        ),
    ]  # fmt: skip  # an option and its value on one line


def _vendor(vendor: str, data: Path, ports: Ports) -> Part:
    """Describe one vendor's stand-in, which tells our webhook what happens and shares our clock."""
    port = ports.billing[vendor]
    command = [
        sys.executable, "-m", "sandbox.billing", "--port", str(port), "--data", str(data / "billing" / vendor),
        "--name", f"{vendor.capitalize()} billing", "--clock", str(data / "clock.json"),
        "--webhook", f"http://localhost:{ports.web}/webhooks/billing/{vendor}",
    ]  # fmt: skip
    return Part(f"billing-{vendor}", command, port)


def _say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _alone_in(data: Path) -> Iterator[None]:
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
def _stoppable() -> Iterator[None]:
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


def _refuse_taken_ports(ports: Ports) -> None:
    for purpose, port in ports.all().items():
        if not is_free(port):
            raise LocalError(
                f"Port {port} ({purpose}) is in use. Stop what uses it, or choose others: make run PORT={ports.web + 1000}"
            )


def _prepare(environment: dict[str, str]) -> None:
    """Bring database, static files and demonstration data up to date, in a process of its own."""
    patient = {"STATEMENT_TIMEOUT": "0", **environment}  # a migration may take longer than a page
    code = subprocess.run([sys.executable, "-m", "config.local.preparation"], env=patient, check=False).returncode
    if code:
        raise LocalError(f"The preparation failed (exit {code}); the reason stands above.")


def _start_part(part: Part, data: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    log = log_of(part.name, data)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:  # one run's words; the last run's would only grow
        return start(part.command, output=output, environment={**environment, **part.variables})


def log_of(name: str, data: Path) -> Path:
    """Return the file with a part's output of this run."""
    return data / "logs" / f"{name}.log"


def _wait_for_ports(data: Path, ports: Ports, children: dict[str, subprocess.Popen[bytes]]) -> None:
    for part in parts(data, ports):
        if part.port:
            try:
                wait_until_listening(children[part.name], part.port)
            except LocalError as error:
                raise LocalError(_last_words(part.name, data, str(error))) from None


def _say_where(environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "config.local.welcome"], env=environment, check=False)


def _refuse_ended(data: Path, children: dict[str, subprocess.Popen[bytes]], started: list[Server]) -> None:
    """Look whether everything still runs; nothing but Ctrl-C ends a part in good order."""
    for name, child in children.items():
        if child.poll() is not None:
            raise LocalError(_last_words(name, data, f"{name} has ended (exit {child.returncode})."))
    for server in started:
        if server.exit_code() is not None:
            raise LocalError(f"{server.name} has ended (exit {server.exit_code()}); see {server.log}.")


def _last_words(name: str, data: Path, what: str) -> str:
    lines = log_of(name, data).read_text(errors="replace").splitlines()[-LAST_WORDS:]
    return "\n".join([*(f"  {name} | {line}" for line in lines), f"{what} Everything is stopped."])


def _stop_all(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask all parts to end, at the same time, and end by force what is left."""
    for child in children.values():
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_AT_STOP
    for child in children.values():
        stop(child, patience=max(0.0, deadline - time.monotonic()))
        signal_group(child, signal.SIGKILL)
