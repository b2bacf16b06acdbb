"""
Empty the database after a test that commits.

Django truncates every table and makes all content types and permissions anew, which takes longer than most tests. Here
only what has rows is emptied, and what every test begins with stays.
"""

from contextlib import suppress
from functools import cache

from django.db import OperationalError, connection, transaction

from tests.unguarded import unguarded

STAYING = frozenset({"django_content_type", "auth_permission"})
"""Written once, from the models: no test changes them."""


GIVE_WAY_MS, TRIES = 300, 100
"""How long to wait for one table, in milliseconds, before everything is let go: Postgres looks for deadlocks after 1,000."""


def empty_database() -> None:
    """
    Delete all rows that a test may have left; whoever still writes is waited for, as truncating would.

    A request that a page has sent in its last moment takes the tables in an order of its own. So nobody is waited for
    with tables in hand: on the first that is taken all are given back, and tried again.
    """
    for _attempt in range(TRIES):
        with suppress(OperationalError):
            _empty()
            return
    _empty()


def _empty() -> None:
    named = _tables()
    with unguarded(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {GIVE_WAY_MS}")
        cursor.execute(f"LOCK TABLE {', '.join(named)} IN EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in named))
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in filled))


@cache
def _tables() -> list[str]:
    """Return the names of all models' tables but those that stay, quoted."""
    tables = {*connection.introspection.django_table_names(only_existing=True)} - STAYING
    return [connection.ops.quote_name(table) for table in sorted(tables)]
