"""Postgres crashes under the shop: what was acknowledged is there, nothing is there twice, and visitors are told why."""

import itertools
import json
import subprocess
import sys
import time
from collections import Counter

import httpx
import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from django.test import RequestFactory

from config.local.postgres import Postgres
from interfaces.storefront.views.errors import broken
from tests.faults.counts import ORDERS
from tests.faults.placing import evenly, place_all
from tests.faults.shop import Visitor, form_on, is_confirmation
from tests.stack import Running, Stack, eventually

CRASHES = 5
OK = httpx.codes.OK
WARM_UP = 10
"""Requests after which both web processes have loaded what they need."""
BACK_WITHIN = 10.0
"""Seconds in which the site serves again once Postgres does."""
PATIENCE_OF_A_CLIENT = 120.0
FORGETFUL = ("synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=1GB")
SUBMITTED = "SELECT token FROM orders_order WHERE submitted_at IS NOT NULL"
DOUBLED = """
    SELECT (SELECT count(*) FROM events_event WHERE name = 'orders.submitted'), (SELECT count(*) FROM accounts_customer),
           (SELECT count(*) FROM accounts_account), (SELECT count(DISTINCT order_id) FROM orders_orderline)
"""


def rows(postgres: Postgres, statement: str) -> list[tuple]:
    database = psycopg2.connect(postgres.url())
    try:
        with database.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        database.close()


def carts(stack: Stack, count: int) -> tuple[str, list[str]]:
    """Fill carts in the database that the stack's parts use, which is not this test's; return its host and tokens."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.carts", str(count)],
        env=stack.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    made = json.loads(done.stdout.splitlines()[-1])
    return made["host"], made["tokens"]


def is_ready(web: Running) -> bool:
    return httpx.get(f"{web.url}/health/ready", timeout=60).status_code == OK


@pytest.fixture
def open_shop(stack: Stack) -> Stack:
    stack.environment |= {"ALLOWED_HOSTS": "*", "THROTTLE_FACTOR": "1000000", "EMAIL_URL": "dummymail://"}
    return stack


class Persistent:
    """A client that asks again, with the same key, until it is told that the order is taken."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.sorry: list[httpx.Response] = []
        self.asked_again = self.cut_off = 0

    def order(self, visitor: Visitor, token: str) -> None:
        began, form = time.monotonic(), None
        for tries in itertools.count(1):
            try:
                answer = visitor.submit(form) if form else visitor.review(token)
            except httpx.TransportError:
                self.cut_off += 1
            else:
                if is_confirmation(answer):
                    self.acknowledged.append(token)
                    self.asked_again += tries - 2
                    return
                if answer.is_success:
                    form = form_on(answer, token)
                    continue
                self.sorry.append(answer)
            assert time.monotonic() - began < PATIENCE_OF_A_CLIENT, f"{token} was not taken."
            time.sleep(0.2)


def test_what_was_acknowledged_is_there_and_nothing_twice(open_shop: Stack, tell):
    stack, client, recoveries = open_shop, Persistent(), []
    with stack.redis(), stack.postgres() as postgres:
        host, tokens = carts(stack, ORDERS)
        with stack.web() as web:

            def crash(_turn: int) -> None:
                postgres.crash()
                visitor = Visitor(web.url, host)
                client.sorry.append(visitor.ask("GET", f"/order/{tokens[-1]}/review/"))
                visitor.close()
                postgres.start()
                began = time.monotonic()
                eventually(lambda: is_ready(web), within=30)
                recoveries.append(time.monotonic() - began)

            assert all(is_ready(web) for _request in range(WARM_UP))
            visitors = [Visitor(web.url, host) for _visitor in range(2)]
            place_all(tokens, visitors, client.order, meanwhile=evenly(ORDERS, CRASHES, crash))
            for visitor in visitors:
                visitor.close()
        found = [token for (token,) in rows(postgres, SUBMITTED)]
        once = rows(postgres, DOUBLED)[0]

    statuses = Counter(status for visitor in visitors for status in visitor.statuses)
    tell(
        f"{ORDERS} web orders, Postgres crashed {CRASHES} times", acknowledged=len(client.acknowledged), there=len(found),
        facts_customers_accounts_lines=once, asked_again=client.asked_again, cut_off=client.cut_off, statuses=dict(statuses),
        back_after=[f"{seconds:.1f} s" for seconds in recoveries],
    )  # fmt: skip
    assert sorted(found) == sorted(client.acknowledged) == sorted(tokens)
    assert once == (ORDERS,) * 4
    assert len(recoveries) == CRASHES
    assert max(recoveries) <= BACK_WITHIN
    assert client.sorry
    assert {answer.status_code for answer in client.sorry} == {503}
    assert all("We will be right back" in answer.text for answer in client.sorry)
    assert all(answer.headers["Retry-After"] for answer in client.sorry)


def test_a_database_that_answers_before_it_has_written_would_lose_orders(open_shop: Stack, tell):
    """The control: Postgres acknowledges commits that are still in its memory."""
    stack, client = open_shop, Persistent()
    with stack.redis(), stack.postgres() as postgres:
        host, tokens = carts(stack, 3)
        postgres.stop()
        postgres.start(settings=FORGETFUL)
        with stack.web(workers=1) as web:
            visitor = Visitor(web.url, host)
            for token in tokens:
                client.order(visitor, token)
            visitor.close()
            postgres.crash()
            postgres.start()
        found = rows(postgres, SUBMITTED)

    tell("Control, a forgetful Postgres", acknowledged=len(client.acknowledged), there=len(found))
    assert len(client.acknowledged) == len(tokens)
    assert len(found) < len(tokens)


@pytest.mark.parametrize(
    ("error", "status"),
    [(OperationalError, 503), (InterfaceError, 503), (DatabaseError, 503), (ProgrammingError, 500), (ValueError, 500)],
)
def test_the_page_tells_an_outage_from_a_mistake(rf: RequestFactory, error: type[Exception], status: int):
    try:
        raise error  # noqa: TRY301  # so that it is the one being handled
    except error:
        assert broken(rf.get("/")).status_code == status
