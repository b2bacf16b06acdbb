"""
A gunicorn configuration whose workers count the statements that they send to the database.

Each worker appends one byte a statement to a file of its own in the folder STATEMENT_COUNTS: that survives the
worker, needs no lock, and adds up by file sizes.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNCOUNTED = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "COMMIT")


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
