"""
Count the statements that are sent to the database: those of this process, or of a gunicorn's workers.

As a gunicorn's configuration, it lets each worker append one byte a statement to a file of its own in the folder
STATEMENT_COUNTS: that survives the worker, needs no lock, and adds up by file sizes.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNCOUNTED = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "COMMIT")


class Statements:
    """Counts those of this process, as a wrapper of a connection's; savepoints, BEGIN and COMMIT pass by it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's
        self.count += not sql.lstrip().upper().startswith(UNCOUNTED)
        return execute(sql, params, many, context)


def post_worker_init(worker: Any) -> None:
    """Count from the first request on, on every connection of this worker."""
    from django.db.backends.signals import connection_created  # in the worker, after the settings

    counts = (Path(os.environ["STATEMENT_COUNTS"]) / str(worker.pid)).open("ab", buffering=0)

    def count(execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's signature
        if not str(statement).lstrip().upper().startswith(UNCOUNTED):
            counts.write(b".")
        return execute(statement, params, many, context)

    def wrap(connection: Any, **_: Any) -> None:
        if count not in connection.execute_wrappers:
            connection.execute_wrappers.append(count)

    connection_created.connect(wrap, weak=False)
    from django.db import connection

    if connection.connection is not None:
        wrap(connection)
