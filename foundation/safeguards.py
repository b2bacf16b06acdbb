"""
Triggers that no session can switch off: what is booked, closed or asked stays as it was.

A trigger of pgtrigger steps aside for whoever sets `pgtrigger.ignore`, which any role may. These ask nobody. What is
left is the owner of the table, who may drop them, and a superuser: so in production the application connects as neither
(docs/commissions.md).
"""

from collections.abc import Mapping
from typing import Any

import pgtrigger
from django.db import models
from pgtrigger import compiler


class SafeguardSql(compiler.UpsertTriggerSql):
    """What installs a safeguard: pgtrigger's own statement without the question whether to step aside."""

    def get_template(self) -> str:
        """Return the statement. Migrations refer to it: another wording is another class."""
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Safeguard(pgtrigger.Trigger):
    """A trigger that `pgtrigger.ignore` does not switch off."""

    def compile(self, model: models.Model) -> compiler.Trigger:
        """Write it for a migration."""
        return compiler.Trigger(name=self.name, sql=SafeguardSql(**super().compile(model).sql.kwargs))


def append_only(message: str) -> tuple[Safeguard, Safeguard]:
    """
    Build what lets rows in, and never changes, deletes or empties them.

    :param message: what whoever tries reads; in English, without quotes or percent signs
    """
    changing = pgtrigger.Update | pgtrigger.Delete
    return _refusing(changing, name="append_only", message=message), _never_emptied(message)


def _refusing(operation: pgtrigger.Operation, *, name: str, message: str) -> Safeguard:
    return Safeguard(name=name, when=pgtrigger.Before, operation=operation, func=f"RAISE EXCEPTION '{message}';")


def _never_emptied(message: str) -> Safeguard:
    return Safeguard(
        name="never_emptied",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{message}';",
    )


def never_deleted(message: str) -> tuple[Safeguard, Safeguard]:
    """
    Build what keeps every row there is, whatever else may change in it.

    :param message: what whoever tries reads; in English, without quotes or percent signs
    """
    return _refusing(pgtrigger.Delete, name="never_deleted", message=message), _never_emptied(message)


def never_changes(*columns: str, name: str, message: str, condition: pgtrigger.Condition | None = None) -> Safeguard:
    """
    Build what keeps some columns of a row as they were written.

    :param message: what whoever tries reads; in English, without quotes or percent signs
    :param condition: of which rows; else of all
    """
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return Safeguard(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf(*columns),  # type: ignore[no-untyped-call]
        condition=condition,
        func=f"""
            IF ({new}) IS DISTINCT FROM ({old}) THEN
                RAISE EXCEPTION '{message}';
            END IF;
            RETURN NEW;
        """,
    )


def moves_only_along(moves: Mapping[Any, frozenset[Any]], *, message: str) -> Safeguard:
    """
    Build what says the table of moves of a `Lifecycle` to the database.

    :param message: what whoever tries reads; in English, without quotes or percent signs
    """
    ways = ", ".join(f"('{before.value}', '{after.value}')" for before, ends in moves.items() for after in sorted(ends))
    return Safeguard(
        name="status_goes_forwards",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("status"),  # type: ignore[no-untyped-call]
        func=f"""
            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN ({ways}) THEN
                RAISE EXCEPTION '{message}';
            END IF;
            RETURN NEW;
        """,
    )
