"""
The servers that the tests need, started before Django reads its settings.

With `-n`, the controlling process starts them once and its workers find their addresses in the environment. The
variables DATABASE_URL and REDIS_URL, where set, name servers of the caller's: nothing is started then.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.local import servers
from config.local.processes import LocalError

DATA = pytest.StashKey[Path]()
"""The data folder of this test run."""
_RUNNING = pytest.StashKey[ExitStack]()
WORKER = "PYTEST_XDIST_WORKER"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start what is missing, in a folder that goes when the tests end."""
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    if worker := os.environ.get(WORKER):
        os.environ["REDIS_URL"] = _database_of_worker(os.environ["REDIS_URL"], worker)
        os.environ["CLOCK_FILE"] += f".{worker}"  # who moves the clock moves it for nobody else
        return
    on_leaving = ExitStack()
    early_config.stash[_RUNNING] = on_leaving
    data = Path(tempfile.mkdtemp(prefix="order-entry-tests-"))
    on_leaving.callback(shutil.rmtree, data, ignore_errors=True)
    (data / "static").mkdir()  # which is served from, though nothing is collected there
    data.chmod(0o755)  # where we are root, Postgres has an account of its own
    os.environ.update(DATA_DIR=str(data), CLOCK_FILE=str(data / "clock.json"), PLAIN_STATIC="1", PLAIN_LOGS="1")
    try:
        on_leaving.enter_context(servers.running(data, is_durable=False))
    except LocalError as error:
        on_leaving.close()
        raise pytest.UsageError(str(error)) from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if running := config.stash.get(_RUNNING, None):
        running.close()


def _database_of_worker(url: str, worker: str) -> str:
    """Return the address of the Redis database that is one worker's own: gw0 has 1, gw1 has 2."""
    number = int(worker.removeprefix("gw")) + 1
    parts = urlsplit(url)
    if parts.scheme == "filesystem":
        return url
    if parts.scheme == "redis+socket":
        return f"redis+socket://{parts.path}?virtual_host={number}"  # geturl() would drop the empty host's slashes
    return parts._replace(path=f"/{number}").geturl()
