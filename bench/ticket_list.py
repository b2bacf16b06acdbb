"""
The list of a million tickets over HTTP under gunicorn: as it is, sorted, filtered, and searched for words.

Each way to ask for it is measured against its floor (`bench._ticket_floor`): the statements that one would write by hand,
knowing beforehand how frequent a word is, on a bare Django page. The texts have some hundred different words, as people's
have more: of fewer, the database keeps no statistics that it would use. One client reads page after page. The line that is
printed is that of the worst way; the number of statements must be the same with ten tickets as with all.

    python -m bench.ticket_list [tickets] [pairs]
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from bench.harness import bench_database, compare, set_up_django, web, worst

VISITS = 8
"""Requests that one measurement consists of."""
FEW = 10

MAKE_CUSTOMERS = """
    INSERT INTO accounts_customer (number, kind, name, language, created_at, division_id, wants_outage_notices)
    SELECT 'B' || n, 'residential', 'Customer ' || md5(n::text), 'en', now(), %(division)s, true
    FROM generate_series(1, greatest(1, %(tickets)s / 4)) AS n
"""
MAKE_TICKETS = """
    INSERT INTO tickets_ticket (
        number, key, division_id, customer_id, team_id, owner_id, type, status, reason, priority, subject, requester_name,
        requester_email, requester_phone, language, channel, symptom, answers, escalation_level, escalation_reason,
        resolution, resolution_text, version, opened_at, answered_at, due_at, heard_at, resolved_at, first_resolved_at, closed_at,
        reopened_count, child_policy, truck_rolls
    )
    SELECT 'T-' || lpad(n::text, 8, '0'), 'bench-' || n, %(division)s, first.customer + n %% greatest(1, %(tickets)s / 4),
        %(team)s, CASE WHEN dice %% 3 > 0 THEN %(owner)s END,
        (ARRAY['trouble', 'trouble', 'trouble', 'billing', 'complaint', 'request'])[1 + dice %% 6],
        CASE WHEN is_open THEN 'in_progress' ELSE 'closed' END, '', 'p' || 1 + (dice / 7) %% 4,
        'No internet since ' || n %% 24 || ' o’clock, it says ' || substr(md5((n %% 300)::text), 1, 6),
        '', '', '', 'en', 'web', '', '{}', 0, '',
        CASE WHEN is_open THEN '' ELSE 'restored' END, '', 1, opened_at, opened_at + interval '1 hour',
        CASE WHEN is_open AND dice %% 10 < 7 THEN now() + (dice %% 400 - 100) * interval '1 hour' END,
        opened_at + (dice %% 50) * interval '1 hour',
        CASE WHEN NOT is_open THEN opened_at + interval '2 days' END,
        CASE WHEN NOT is_open THEN opened_at + interval '2 days' END,
        CASE WHEN NOT is_open THEN opened_at + interval '7 days' END, 0, 'alone', 0
    FROM generate_series(1, %(tickets)s) AS n
    CROSS JOIN (SELECT min(id) AS customer FROM accounts_customer WHERE number = 'B1') AS first
    CROSS JOIN LATERAL (SELECT (hashint4(n) & 1048575) AS dice) AS thrown
    CROSS JOIN LATERAL (
        SELECT dice %% 25 < 2 AS is_open, now() - (%(tickets)s - n) * interval '30 seconds' AS opened_at
    ) AS stands
"""
MAKE_ARTICLES = """
    INSERT INTO tickets_article (key, ticket_id, kind, channel, author_name, author_email, "to", text, at, message_id)
    SELECT 'bench-' || ticket.id || '-' || said, ticket.id, CASE said WHEN 1 THEN 'customer' ELSE 'note' END, 'web', '', '',
        '{}', 'The lights on the box are ' || (ARRAY['green', 'red', 'off'])[1 + dice %% 3] || ' since this morning.'
        || CASE WHEN dice %% 5 = 0 THEN ' We have restarted the router twice.' ELSE ' Nothing was changed here.' END
        || ' It says ' || substr(md5((dice %% 300)::text), 1, 6) || ' and ' || substr(md5((dice / 300 %% 300)::text), 1, 6)
        || CASE WHEN dice %% 67 = 0 THEN ' The screen begins to flicker.' ELSE '' END
        || CASE WHEN ticket.id %% greatest(1, %(tickets)s / 20) = 3 THEN ' There is a vermilion cable.' ELSE '' END,
        ticket.opened_at, ''
    FROM tickets_ticket ticket
    CROSS JOIN LATERAL (SELECT (hashint8(ticket.id) & 1048575) AS dice) AS thrown
    CROSS JOIN LATERAL generate_series(1, 1 + (dice / 3) %% 2) AS said
    WHERE ticket.key LIKE 'bench-%%'
"""
INDEXES = """
    SELECT schemaname || '.' || indexname, indexdef FROM pg_indexes
    WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


@contextmanager
def without_indexes(*tables: str) -> Iterator[None]:
    """Write rows into tables as a bulk load does: without triggers and foreign keys, and with indexes built at the end."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(INDEXES, [list(tables)])
        indexes = cursor.fetchall()
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")  # a name out of the catalogue
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = origin")
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")  # a name of ours


def seed(tickets: int, **whose: int) -> None:
    """Make so many tickets, a twelfth of them open, with one or two articles each; it takes a few statements."""
    from django.db import connection

    began = time.perf_counter()
    with without_indexes("tickets_ticket", "tickets_article", "accounts_customer"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE tickets_article, tickets_ticket, accounts_customer CASCADE")
        for statement in (MAKE_CUSTOMERS, MAKE_TICKETS, MAKE_ARTICLES):
            cursor.execute(statement, {"tickets": tickets, **whose})
    print(f"  {tickets} tickets in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def main(tickets: int = 1_000_000, pairs: int = 5) -> None:
    """Measure each way to ask for the list, and print the worst."""
    with bench_database("ticket_list"):
        set_up_django()
        from django.conf import settings
        from django.test import Client
        from django.urls import reverse

        from bench._ticket_floor import WAYS
        from foundation.divisions.testing import make_division, make_site
        from foundation.people.states import Role
        from foundation.people.testing import make_person, sign_in
        from foundation.worklist.testing import make_team

        division = make_site(make_division("Bench"), host="*").division
        csr = make_person(Role.CSR, division)
        whose = {"division": division.pk, "team": make_team(division).pk, "owner": csr.pk}
        cookies = {settings.SESSION_COOKIE_NAME: str(sign_in(Client(), csr).session.session_key)}
        address = reverse("desk:tickets")
        with (
            web() as ours,
            web("bench._ticket_floor_wsgi") as floor,
            httpx.Client(cookies=cookies, timeout=120) as client,
        ):

            def visiting(name: str) -> Callable[[], str]:
                return lambda: client.get(f"{ours.url}{address}?{WAYS[name].query}").raise_for_status().text

            def visiting_floor(name: str) -> Callable[[], str]:
                return lambda: client.get(f"{floor.url}/bare/{name}/").raise_for_status().text

            def statements() -> dict[str, int]:
                for _time in range(4):  # both processes have read what they keep, which they look after now and then
                    visiting("plain")()
                return {name: min(ours.statements_of(visiting(name)) for _time in range(3)) for name in WAYS}

            seed(FEW, **whose)
            of_few = statements()
            seed(tickets, **whose)
            of_many = statements()
            if of_few != of_many:
                raise SystemExit(f"The statements grow with the tickets: {of_few}, {of_many}")
            found = []
            for name in WAYS:
                visit, visit_floor = visiting(name), visiting_floor(name)
                rows, bare_rows = (len(re.findall(r"T-\d{8}</", text)) for text in (visit(), visit_floor()))
                if rows != bare_rows or not rows:
                    raise SystemExit(f"{name}: {rows} rows, and {bare_rows} on the floor")
                part = compare(
                    "ticket_list",
                    lambda visit=visit: [visit() for _time in range(VISITS)],  # type: ignore[misc]
                    lambda visit_floor=visit_floor: [visit_floor() for _time in range(VISITS)],  # type: ignore[misc]
                    pairs=pairs, queries=of_many[name], rows=tickets, way=name, visits=VISITS,
                )  # fmt: skip
                print(part.as_json(), file=sys.stderr)
                found.append(part)
        slowest = worst(*found)
        ways = {part.more["way"]: part.ratio for part in found}
        print(json.dumps({**json.loads(slowest.as_json()), "ways": ways}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
