"""
The same webhooks five times in any order, on two web processes: everything is applied once.

That it would be applied twice without the memory of event ids and versions is shown in `tests/billing/test_facts.py`,
`TestReports.test_would_tell_it_twice_without_the_memory_of_event_ids_and_versions`.
"""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from billing.events import InstallReported, WorkOrderDispatched, WorkOrderScheduled
from billing.models import InboundFact
from foundation.events.testing import drain, published
from foundation.now import now
from orders.models import InstalledService, Order
from orders.states import OrderStatus
from sandbox.billing.webhooks import signed_headers
from tests.faults.counts import SHUFFLES
from tests.faults.shop import Shop
from tests.stack import Stack

TIMES = 5


def steps_to_the_end(shop: Shop, order: Order) -> list[dict]:
    """Have an order's work order installed line by line, and return the events that tell it."""
    order.refresh_from_db()
    (made,) = shop.vendor.made_under(order.work_order_request_id)
    shop.vendor.advance(made["id"], "pending")
    shop.vendor.advance(made["id"], "inProgress")
    for line in order.lines.all():
        shop.vendor.advance(made["id"], "completed", items=[line.line_id])
    return shop.vendor.events_about(order.work_order_request_id)


def test_are_applied_once(stack: Stack, shop: Shop, tell):
    orders = shop.accepted(SHUFFLES)
    drain()
    told = {order.pk: steps_to_the_end(shop, order) for order in orders}
    with stack.web(workers=1) as one, stack.web(workers=1) as other, ThreadPoolExecutor(4) as senders:

        def post(url: str, event: dict) -> int:
            body = json.dumps(event).encode()
            address = f"{url}/webhooks/billing/{shop.billing_code}"
            return httpx.post(
                address, content=body, headers=signed_headers(shop.vendor.secret, body, now()), timeout=60
            ).status_code

        answers = Counter()
        for seed, events in enumerate(told.values()):
            posts = [(url, event) for event in events for url in (one.url, other.url)] * TIMES
            random.Random(seed).shuffle(posts)
            answers.update(senders.map(lambda sent: post(*sent), posts))
    drain()

    lines = sum(order.lines.count() for order in orders)
    installed = Counter((fact.request_id, line) for fact in published(InstallReported) for line in fact.lines)
    counts = {
        "kept": InboundFact.objects.count(),
        "lines_installed": len(installed),
        "most_often": max(installed.values()),
        "services": InstalledService.objects.count(),
    }
    tell(f"{SHUFFLES} orders, each event {TIMES} times on each of two processes", answers=dict(answers), **counts)
    assert answers == {202: 2 * TIMES * sum(map(len, told.values()))}
    assert counts == {
        "kept": sum(map(len, told.values())), "lines_installed": lines, "most_often": 1, "services": lines
    }  # fmt: skip
    assert len({fact.request_id for fact in published(WorkOrderScheduled)}) == len(published(WorkOrderScheduled))
    assert len(published(WorkOrderDispatched)) <= SHUFFLES
    assert Order.objects.filter(status=OrderStatus.COMPLETED).count() == SHUFFLES
