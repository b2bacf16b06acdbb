"""
A sweep over the clocks of 200,000 open tickets, 30 % of which cross a threshold, writes included.

Ours is `tickets.services.sweep_clocks` until nothing is due: clocks moved on, facts recorded, and what is owed to those
who listen. The floor is one bare statement that does no more than that: it moves the same clocks on to their next
threshold and inserts as many facts and debts as they cross, without any words about them.

    python -m bench.sla_sweep [tickets] [pairs]
"""

import sys
from typing import Any

from bench.harness import bench_database, compare, set_up_django

CLOCKS = 2
"""Of each ticket: until it works again, and until it is put right."""
CROSSING = 30
"""Percent of the tickets, of whose clocks the first crosses a threshold."""

MAKE_TICKETS = """
    INSERT INTO tickets_ticket (
        number, key, division_id, type, status, reason, priority, subject, requester_name, requester_email,
        requester_phone, language, channel, symptom, answers, escalation_level, escalation_reason, resolution,
        resolution_text, version, opened_at, reopened_count, child_policy, truck_rolls
    )
    SELECT 'T-' || lpad(n::text, 8, '0'), 'bench-' || n, %(division)s, 'trouble', 'in_progress', '', 'p3', 'No internet',
        '', '', '', 'en', 'web', '', '{}', 0, '', '', '', 1, %(opened)s, 0, 'alone', 0
    FROM generate_series(1, %(tickets)s) AS n
"""
MAKE_CLOCKS = """
    INSERT INTO tickets_ticketclock (
        ticket_id, kind, policy_id, status, calendar_id, zone, target, shares, moments, passed, next_at, due_at, hours_digest
    )
    SELECT ticket.id, kind, %(policy)s, 'running', %(calendar)s, 'UTC', interval '10 hours', ARRAY[50, 75, 90, 100],
        ARRAY[first, first + interval '2.5 hours', first + interval '4 hours', first + interval '5 hours'], 0, first,
        first + interval '5 hours', 'bench'
    FROM tickets_ticket ticket
    CROSS JOIN (VALUES ('restore'), ('resolve')) AS kinds (kind)
    CROSS JOIN LATERAL (
        SELECT %(at)s::timestamptz + CASE WHEN kind = 'restore' AND ticket.id %% 100 < %(crossing)s
            THEN -interval '1 minute' ELSE interval '1 hour' END AS first
    ) AS moment
"""
PUT_BACK = """
    UPDATE tickets_ticketclock SET passed = 0, next_at = moments[1] WHERE passed > 0
"""
FLOOR = """
    WITH moved AS (
        UPDATE tickets_ticketclock SET passed = passed + 1, next_at = moments[passed + 2]
        WHERE next_at <= %(at)s RETURNING ticket_id
    ), told AS (
        INSERT INTO events_event (
            name, payload, subject_type, subject_id, about, division_id, channel, actor_role, at, recorded_at
        )
        SELECT 'bench', '{}', 'tickets.ticket', ticket_id, ARRAY['tickets.ticket:' || ticket_id], %(division)s, '', '',
            %(at)s, %(at)s
        FROM moved RETURNING id
    )
    INSERT INTO events_delivery (event_id, handler, attempts, due_at, error)
    SELECT id, 'bench', 0, %(at)s, '' FROM told
"""


def main(tickets: int = 200_000, pairs: int = 5) -> None:
    """Measure and print."""
    with bench_database("sla_sweep"):
        set_up_django()
        import time_machine
        from django.db import connection, transaction

        from foundation.clocks.testing import make_round_the_clock
        from foundation.divisions.testing import make_division
        from foundation.now import now
        from tickets.services import sweep_clocks
        from tickets.testing import make_policy

        division = make_division("Bench")
        calendar = make_round_the_clock(division)
        policy = make_policy(division, calendar=calendar)
        at, crossing = now(), tickets * CROSSING // 100
        params: dict[str, Any] = {
            "division": division.pk, "calendar": calendar.pk, "policy": policy.pk, "tickets": tickets, "at": at,
            "opened": at, "crossing": CROSSING,
        }  # fmt: skip

        def run(*statements: str) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, params)

        run(MAKE_TICKETS, MAKE_CLOCKS)

        def put_back() -> None:
            run(PUT_BACK, "TRUNCATE events_delivery")
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE tickets_ticketclock")

        def ours() -> None:
            with time_machine.travel(at, tick=False):
                moved = 0
                while swept := sweep_clocks():
                    moved += swept
            if moved != crossing:
                raise SystemExit(f"Of {crossing} clocks that cross a threshold, {moved} were moved on.")

        measured = compare(
            "sla_sweep", ours, lambda: run(FLOOR), pairs=pairs, between=put_back, rows=tickets * CLOCKS, crossing=crossing
        )  # fmt: skip
        print(measured.as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
