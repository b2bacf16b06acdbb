"""
Workers are killed while they post work orders: each order has one work order in the end.

That a second one would be made without the look-up is shown in `tests/billing/test_submissions.py`,
`TestAWorkerThatWasKilled.test_would_have_done_harm_without_the_look_up`.
"""

import random
from contextlib import ExitStack

import pytest

from billing.models import Submission
from billing.states import SubmissionStatus
from foundation.events import services as events
from foundation.events.services import deliver_next
from orders.models import Order
from orders.states import OrderStatus
from tests.faults.counts import KILLS, WORK_ORDERS
from tests.faults.shop import Shop, outstanding
from tests.faults.sweeping import swept
from tests.stack import Stack, eventually


def sending() -> int:
    return Submission.objects.filter(status=SubmissionStatus.SENDING).count()


def all_done(shop: Shop) -> bool:
    """Tell whether nothing is owed any more, and let a minute pass where something is."""
    if outstanding() == 0 and Submission.objects.open().count() == 0:
        return True
    shop.let_pass(minutes=1)
    return False


def test_kill_9_loses_and_doubles_nothing(stack: Stack, shop: Shop, tell):
    orders = shop.accepted(WORK_ORDERS)
    shop.vendor.faults(slow_answer_seconds=0.5, forget_request_ids=True)  # nothing but our look-up guards
    killed, left_sending = {"child": 0, "tree": 0}, 0
    with stack.redis() as redis, swept(redis.url()), ExitStack() as workers:
        worker = workers.enter_context(stack.worker(concurrency=2))
        for turn in range(KILLS):
            eventually(sending, within=60)
            if turn % 2 == 0:
                random.choice(worker.children()).kill()
                killed["child"] += 1
            else:
                worker.kill()
                left_sending += sending()
                killed["tree"] += 1
                shop.let_pass(minutes=2)
                worker = workers.enter_context(stack.worker(concurrency=2))
        eventually(lambda: all_done(shop), within=60 + WORK_ORDERS, every=1)

    work_orders = [shop.made_for(order) for order in orders]
    again = Submission.objects.filter(attempts__gt=1).count()
    tell(
        f"{WORK_ORDERS} work orders, workers killed", **killed, left_in_the_middle=left_sending, asked_about_again=again,
        lost=work_orders.count(0), once=work_orders.count(1), twice=sum(made > 1 for made in work_orders),
    )  # fmt: skip
    assert work_orders == [1] * WORK_ORDERS
    assert left_sending
    assert Order.objects.filter(status=OrderStatus.IN_PROGRESS).count() == WORK_ORDERS


class Killed(BaseException):
    """What no handler of ours survives."""


@pytest.mark.parametrize(("struck_off_early", "made"), [(False, 1), (True, 0)])
def test_a_debt_struck_off_before_it_is_paid_would_be_lost(shop: Shop, monkeypatch, tell, struck_off_early, made):
    """The control: the outbox as a queue that forgets what it hands out, and a kill before the vendor is asked."""
    (order,) = shop.accepted(1)
    claim = events._claim

    def claim_and_strike_off(at, most):
        claimed = claim(at, most)
        events._conclude(claimed)
        return claimed

    def die(**_asked):
        raise Killed

    with monkeypatch.context() as patched:
        if struck_off_early:
            patched.setattr(events, "_claim", claim_and_strike_off)
        patched.setattr("billing.services.request_work_order", die)
        with pytest.raises(Killed):
            while deliver_next():
                pass
    shop.let_pass(minutes=5)
    while deliver_next():
        pass

    tell(f"Control, struck off {'before' if struck_off_early else 'after'}", work_orders=shop.made_for(order))
    assert shop.made_for(order) == made
