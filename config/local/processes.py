"""Starting and stopping child processes so that none is left behind."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

UNUSABLE_PATH_LENGTH = 100
"""Sockets are named by at most 107 bytes on Linux; a little is left for the server's own lock files."""


class LocalError(Exception):
    """Something that a person has to put right; its text is the one line that is shown."""


def start(  # noqa: PLR0913  # what a process starts with
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    account: pwd.struct_passwd | None = None,
    folder: Path | None = None,
    when_orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """
    Start a program in a session of its own: Ctrl-C reaches us, not the child, so that we stop it in good order.

    :param account: whom the child runs as, if not as ourselves; only root may say so

    Where the system has `setpriv`, the child gets the signal `when_orphaned` as soon as we die, however we die.
    """
    parts = [str(part) for part in command]
    if setpriv := shutil.which("setpriv"):
        parts = [setpriv, "--pdeathsig", when_orphaned.name.removeprefix("SIG"), "--", *parts]
    return subprocess.Popen(
        parts,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd=folder,
        start_new_session=True,
    )


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child and to all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def stop(process: subprocess.Popen[bytes], *, ask: signal.Signals = signal.SIGTERM, patience: float = 6.0) -> None:
    """Ask a child to end, and end its whole group by force after `patience` seconds."""
    if process.poll() is None:
        process.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    signal_group(process, signal.SIGKILL)
    process.wait()


def is_free(port: int) -> bool:
    """Tell whether nothing listens on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(process: subprocess.Popen[bytes], port: int, *, patience: float = 30.0) -> None:
    """
    Return as soon as the child accepts connections on the port.

    :raises LocalError: if the child ends first, or is not there after `patience` seconds
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalError(f"The process for port {port} ended at once (exit {process.returncode}).")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise LocalError(f"Nothing listens on port {port} after {patience:.0f} seconds.")


def socket_folder(home: Path, digest: str) -> Path:
    """
    Name the folder for a server's socket: in its home, or under /tmp where that path is too long for a socket.

    :param digest: tells the servers of different data folders apart
    """
    inside = home / "socket"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= UNUSABLE_PATH_LENGTH:
        return inside
    return Path("/tmp") / f"order-entry-{digest}"  # noqa: S108  # its owner is checked before use


def make_private(folder: Path, *, owner: int | None = None) -> None:
    """
    Make a folder that only its owner (we, if not said) may enter.

    :raises LocalError: if the folder is there already and is somebody else's
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    expected = os.geteuid() if owner is None else owner
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in {expected, os.geteuid()}:
        raise LocalError(f"{folder} belongs to somebody else; remove it, or choose another DATA_DIR.")
    folder.chmod(0o700)
    if found.st_uid != expected:
        os.chown(folder, expected, -1)
