"""Many rewards with their bills, made in the database; and put back as they were between two measurements."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import time_machine
from django.db import connection

INSTALLED = date(2026, 1, 15)
NIGHT = date(2026, 5, 20)
"""The night that decides: three months after installation, and the third bill, are over."""
BILLS = 6
REWARDS = int(os.environ.get("REWARDS", "1000000"))

FACTS = ("billing_invoice", "billing_allocation", "billing_servicestatusreport")
COPIES = ("commissions_reward", "commissions_ledgerentry")
WRITTEN = ("events_delivery", "events_event", "commissions_ledgerentry", "commissions_reward")


def at_night() -> Any:
    """Stop the clock at noon of the night's day."""
    return time_machine.travel(datetime(NIGHT.year, NIGHT.month, NIGHT.day, 16, tzinfo=UTC), tick=False)


def make_rewards(count: int) -> Any:
    """
    Make a market with so many qualifying rewards, each with six bills, and return its division.

    Of twenty friends twelve have paid in time, one of them after a return, and earn tonight; three have paid a bill too
    late, one has left, and four have paid too few bills yet.
    """
    from commissions.services.cases import Stage

    with time_machine.travel(datetime(2026, 1, 15, 16, tzinfo=UTC), tick=False):
        stage = Stage()
        version = stage.make_version(amount=Decimal("50.00"), clawback_full_days=100, clawback_none_days=200)
        stage.make_reward(version, INSTALLED)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        for table in (
            "accounts_customer",
            "accounts_account",
            "orders_order",
            "referrals_referral",
            "commissions_reward",
        ):
            _multiply(cursor, table, count)
        _multiply(cursor, "commissions_ledgerentry", count)
        with _indexes_made_afterwards(cursor, FACTS):
            _bills(cursor, stage.system.pk, stage.division.pk)
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET synchronous_commit")
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('commissions_ledgerentry', 'id'), max(id)) FROM commissions_ledgerentry"
        )
        for table in COPIES:
            cursor.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return stage.division


@contextmanager
def _indexes_made_afterwards(cursor: Any, tables: tuple[str, ...]) -> Iterator[None]:
    """Do without the indexes of tables, but for those of constraints, while many rows are written: that is far quicker."""
    cursor.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid = ANY(%s::text[]::regclass[])
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        """,
        [list(tables)],
    )
    indexes = cursor.fetchall()
    cursor.execute(f"DROP INDEX {', '.join(name for name, _definition in indexes)}")
    yield
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute("RESET maintenance_work_mem")


OWN = {
    "accounts_customer": {"number": "'R-' || {id}"},
    "accounts_account": {"number": "'R-' || {id}", "identity": "'r-' || {id}", "customer_id": "{id}"},
    "orders_order": {"token": "'r-' || {id}", "start_key": "'r-' || {id}"},
    "referrals_referral": {"order_id": "{id}", "friend_id": "{id}", "friend_account_id": "{id}"},
    "commissions_reward": {"referral_id": "{id}", "friend_account_id": "{id}"},
    "commissions_ledgerentry": {"key": "{id} || ':1'", "reward_id": "{id}"},
}
FIRST = 1000
"""The id of the first row that is made: what stands below was made by hand."""


def _multiply(cursor: Any, table: str, count: int) -> None:
    """Copy the newest row of a table, with ids from `FIRST` on and what must be each row's own."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s", [table]
    )
    columns = [name for (name,) in cursor.fetchall()]
    own = {"id": "{id}", **OWN[table]}
    values = [own.get(column, f'pattern."{column}"').format(id="made.place") for column in columns]
    cursor.execute(f"""
        WITH pattern AS (SELECT * FROM {table} ORDER BY id DESC LIMIT 1)
        INSERT INTO {table} ({", ".join(f'"{column}"' for column in columns)})
        SELECT {", ".join(values)} FROM pattern, generate_series({FIRST}, {FIRST + count - 1}) AS made (place)
    """)
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _bills(cursor: Any, system: int, division: int) -> None:
    """
    Give each friend six monthly bills, and pay them as their kind does.

    Friends with too few bills get their others later, so that these are not too late.
    """
    cursor.execute(f"""
        INSERT INTO billing_invoice (billing_system_id, division_id, account_id, account_number, occurred_at, received_at,
            invoice_id, amount, tax, currency, issued_on, due_on)
        SELECT {system}, {division}, account, 'R-' || account, '2026-01-15', '2026-01-15', account || '-' || month,
            55.00, 5.00, 'USD', CASE WHEN is_later THEN '2026-12-01' ELSE date '2026-01-17' + month * interval '1 month' END,
            CASE WHEN is_later THEN '2026-12-15' ELSE date '2026-02-01' + month * interval '1 month' END
        FROM (
            SELECT friend_account_id AS account, month, friend_account_id % 20 >= 16 AND month >= 2 AS is_later
            FROM commissions_reward, generate_series(0, {BILLS - 1}) AS month WHERE id >= {FIRST}
        ) bill
    """)
    paid = f"""
        INSERT INTO billing_allocation (billing_system_id, division_id, account_id, account_number, occurred_at,
            received_at, source, is_reversal, allocation_id, source_id, invoice_id, amount, currency, effective_on)
        SELECT {system}, {division}, account_id, account_number, occurred_at, received_at, 'receipt', {{amount}} < 0,
            invoice_id || '{{mark}}', invoice_id, invoice_id, {{amount}}, 'USD', due_on + {{days}}
        FROM billing_invoice WHERE {{chosen}}
    """
    month = "split_part(invoice_id, '-', 2)::int"
    kind = "account_id % 20"
    parts = (
        {"mark": "p", "amount": "55.00", "days": 2, "chosen": f"{kind} < 12 OR {kind} = 15"},
        {"mark": "r", "amount": "-55.00", "days": 3, "chosen": f"{kind} = 0 AND {month} = 0"},
        {"mark": "q", "amount": "55.00", "days": 4, "chosen": f"{kind} = 0 AND {month} = 0"},
        {"mark": "l", "amount": "55.00", "days": 9, "chosen": f"{kind} BETWEEN 12 AND 14"},
        {"mark": "f", "amount": "55.00", "days": 0, "chosen": f"{kind} >= 16 AND {month} < 2"},
    )
    for part in parts:
        cursor.execute(paid.format(**part))
    cursor.execute(f"""
        INSERT INTO billing_servicestatusreport (billing_system_id, division_id, account_id, account_number, occurred_at,
            received_at, event_id, status, effective_on)
        SELECT {system}, {division}, reward.friend_account_id, 'R-' || reward.friend_account_id, '2026-03-01', '2026-03-01',
            's-' || reward.id, 'disconnected', '2026-03-01'
        FROM commissions_reward reward WHERE reward.id >= {FIRST} AND reward.friend_account_id % 20 = 15
    """)


def put_back() -> None:
    """Let the rewards qualify again, as before the night, and write what is dirty, so that no side pays for the other."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(f"TRUNCATE {', '.join(WRITTEN)}, jobs_job, jobs_jobchunk CASCADE")
        with _indexes_made_afterwards(cursor, COPIES):
            for table in COPIES:
                cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET synchronous_commit")
        for table in COPIES:
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("CHECKPOINT")


SAID = {
    "id, status, amount, qualified_on, reason, reason_on, moves": "commissions_reward",
    "key, kind, debit, credit, amount, effective_on, period": "commissions_ledgerentry",
    "name, payload, subject_id, about": "events_event",
}


def state() -> tuple[Any, ...]:
    """Return marks of all that a night has written, but for times and the ids of events."""
    marks = []
    with connection.cursor() as cursor:
        for columns, table in SAID.items():
            query = f"SELECT concat_ws('|', {columns}) AS line FROM {table}"
            cursor.execute(f"SELECT count(*), md5(string_agg(md5(line), '' ORDER BY line)) FROM ({query}) lines")
            marks.append(cursor.fetchone())
        cursor.execute("SELECT count(*) FROM events_delivery")
        marks.append(cursor.fetchone())
    return tuple(marks)
