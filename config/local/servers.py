"""
The servers of the data folder, started for as long as somebody needs them.

Only what has no address in the environment is started: with DATABASE_URL or REDIS_URL set, that server is the caller's.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.local import addresses
from config.local.postgres import Postgres
from config.local.redis_server import RedisServer

Server = Postgres | RedisServer
ROOT = Path(__file__).resolve().parent.parent.parent


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that holds everything which the local system keeps (DATA_DIR, else `.data`)."""
    return Path(environment.get("DATA_DIR") or ROOT / ".data").resolve()


@contextmanager
def running(
    data: Path, *, is_durable: bool = True, tell: Callable[[str], None] = print
) -> Iterator[dict[str, tuple[Server, str]]]:
    """
    Start the missing servers and put their addresses into the environment; stop them again at the end.

    Yields the started servers by the name of their variable, with their addresses. Servers of this folder that run
    already are used and left alone.

    :param is_durable: False = for tests, whose data need not outlive the machine
    :param tell: says in one line what is missing
    :raises LocalError: if a server cannot be started
    """
    started: dict[str, tuple[Server, str]] = {}
    with ExitStack() as on_leaving:
        if "DATABASE_URL" not in os.environ:
            postgres = Postgres(data, is_durable=is_durable)
            on_leaving.callback(postgres.stop)
            postgres.start()
            started["DATABASE_URL"] = postgres, postgres.url()
        if "REDIS_URL" not in os.environ and addresses.redis_url(data) == addresses.FILES_AS_QUEUE:
            tell("No Redis here (no wheel for this Python, no redis-server): the queue is kept in files.")
        elif "REDIS_URL" not in os.environ:
            redis = RedisServer(data)
            on_leaving.callback(redis.stop)
            redis.start()
            started["REDIS_URL"] = redis, redis.url()
        for variable, (_, address) in started.items():
            os.environ[variable] = address
            on_leaving.callback(os.environ.pop, variable, None)
        yield started
