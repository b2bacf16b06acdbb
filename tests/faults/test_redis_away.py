"""Redis dies, comes back, and comes back empty: every order is taken at once, and delivered in the end."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest

from foundation.events import services
from foundation.events.facts import HANDLERS
from orders.events import OrderSubmitted
from orders.models import Order
from orders.states import OrderStatus
from tests.faults.counts import ORDERS
from tests.faults.placing import evenly, place_all
from tests.faults.shop import Shop, Visitor, everything_once, outstanding, submitted
from tests.stack import Stack, eventually

KILLS = 4
EMPTIED = 2
"""The round after which Redis comes back without its data."""
LONG_ENOUGH = 6.0
"""Seconds in which beat would have swept once."""
NUDGE_PATIENCE = 2.0
"""Seconds that a nudge may take: two tries to connect, of one second each."""


def test_orders_are_taken_and_delivered(stack: Stack, shop: Shop, tell):
    drafts = shop.drafts(ORDERS)
    away = False
    slowest = {True: 0.0, False: 0.0}
    taken = Counter()

    def order(visitor: Visitor, token: str) -> None:
        was_away = away
        visitor.order(token)
        taken[was_away] += 1
        slowest[was_away] = max(slowest[was_away], visitor.submit_seconds[-1])

    with stack.redis() as redis:

        def kill(turn: int) -> None:
            nonlocal away
            redis.crash()
            if turn == EMPTIED:
                redis.forget()
            away = True

        def bring_back(_turn: int) -> None:
            nonlocal away
            redis.start()
            away = False

        with stack.web() as web, stack.worker(concurrency=2) as worker, stack.beat() as beat:
            visitors = [shop.visitor(web.url) for _visitor in range(2)]
            tokens = [draft.token for draft in drafts]
            place_all(tokens, visitors, order, meanwhile=evenly(ORDERS, KILLS, kill, bring_back))
            for visitor in visitors:
                visitor.close()
            counted = submitted()
            eventually(lambda: outstanding() == 0, within=120 + 2 * ORDERS, every=0.5)
            still_there = [part.process.poll() for part in (web, worker, beat)]

    statuses = Counter(status for visitor in visitors for status in visitor.statuses)
    work_orders = Counter(shop.made_for(draft) for draft in drafts)
    tell(
        f"{ORDERS} web orders, Redis killed {KILLS} times, emptied once", **counted, taken_while_away=taken[True],
        statuses=dict(statuses), slowest_submit=f"{slowest[False]:.2f} s", while_away=f"{slowest[True]:.2f} s",
        work_orders=dict(work_orders), outstanding=outstanding(),
    )  # fmt: skip
    assert taken[True] > 0
    assert not [status for status in statuses if status >= 400]
    assert counted == everything_once(ORDERS)
    assert work_orders == {1: ORDERS}
    assert slowest[True] <= slowest[False] + NUDGE_PATIENCE
    assert still_there == [None] * 3
    assert Order.objects.filter(status=OrderStatus.IN_PROGRESS).count() == ORDERS


def test_without_the_sweep_they_would_wait_for_ever(stack: Stack, shop: Shop, tell):
    """The control: nothing but the nudge, which Redis has lost, tells the worker."""
    drafts = shop.drafts(3)
    with stack.redis() as redis:
        with stack.web(workers=1) as web:
            redis.crash()
            redis.forget()
            visitor = shop.visitor(web.url)
            for draft in drafts:
                visitor.order(draft.token)
            visitor.close()
        redis.start()
        with stack.worker():
            waiting = outstanding()
            time.sleep(LONG_ENOUGH)
            undelivered = outstanding()
            with stack.beat():
                eventually(lambda: outstanding() == 0, within=120, every=0.5)

    tell("Control, without the sweep", owed=waiting, still_owed=undelivered, owed_with_the_sweep=outstanding())
    assert undelivered == waiting == len(HANDLERS[OrderSubmitted.name]) * len(drafts)
    assert [shop.made_for(draft) for draft in drafts] == [1] * len(drafts)


@pytest.mark.parametrize(("patience", "is_guarded"), [(services.NUDGE_PATIENCE, True), (4.0, False)])
def test_a_redis_that_hangs_holds_a_nudge_no_longer_than_its_patience(stack, monkeypatch, tell, patience, is_guarded):
    """With its control: what decides is the nudge's own patience, not the half minute that a worker has."""
    monkeypatch.setattr(services, "NUDGE_PATIENCE", patience)
    monkeypatch.setattr(services._Nudging, "silent_until", 0.0)
    with stack.redis() as redis:
        monkeypatch.setenv("CELERY_BROKER_WRITE_URL", redis.url())
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            first, second = (_seconds_of(services.nudge) for _nudge in range(2))
        finally:
            os.kill(redis.pid, signal.SIGCONT)

    tell(f"Redis hangs, patience {patience} s", first_nudge=f"{first:.2f} s", second=f"{second:.2f} s")
    assert (first < 4.0) is is_guarded
    assert second < 0.1


def _seconds_of(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began
