"""
Empty the database after a test that commits.

Django truncates every table and makes all content types and permissions anew, which takes longer than most tests. Here
only what has rows is emptied, and what every test begins with stays.
"""

from functools import cache

from django.db import connection, transaction

from tests.unguarded import unguarded

STAYING = frozenset({"django_content_type", "auth_permission"})
"""Written once, from the models: no test changes them."""


def empty_database() -> None:
    """Delete all rows that a test may have left; whoever still writes is waited for, as truncating would."""
    named = _tables()
    with unguarded(), transaction.atomic(), connection.cursor() as cursor:
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
