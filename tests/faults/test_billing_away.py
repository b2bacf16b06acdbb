"""The billing system is away for an hour by the clock that all processes share: the order waits, then goes out once."""

import time_machine

from billing.models import Submission
from billing.states import SubmissionStatus
from foundation.events import services as events
from foundation.events.models import Delivery
from foundation.now import now
from orders.states import OrderStatus, WorkOrderStage
from tests.billing.asking import deliver, go_on
from tests.faults.shop import Shop
from tests.faults.sweeping import swept
from tests.stack import Stack, eventually

STEP = 5
"""Minutes by which the clock is moved at a time."""


def at_rest() -> bool:
    """Tell whether the workers have tried all that is due by now."""
    is_sending = Submission.objects.filter(status=SubmissionStatus.SENDING).exists()
    return not is_sending and not Delivery.objects.outstanding().filter(due_at__lte=now()).exists()


def test_the_order_waits_and_goes_out_once(stack: Stack, shop: Shop, tell):
    (order,) = shop.accepted(1)
    shop.vendor.faults(away_seconds=3600, forget_request_ids=True)
    minutes, seen, connections = 0, [], 0
    with stack.redis() as redis, stack.worker(), swept(redis.url()):
        while minutes < 120:
            eventually(at_rest, within=60)
            submission = Submission.objects.filter(subject_id=order.pk).first()
            if submission and submission.status == SubmissionStatus.CONFIRMED:
                break
            order.refresh_from_db()
            seen.append((order.status, order.work_order_stage, submission.status if submission else ""))
            minutes += STEP
            shop.let_pass(minutes=STEP)
        eventually(lambda: Delivery.objects.outstanding().count() == 0, within=60)

    order.refresh_from_db()
    connections = submission.attempts
    tell("Away for an hour", went_out_after=f"{minutes} minutes", tries=connections, work_orders=shop.made_for(order))
    assert 60 <= minutes <= 95
    assert set(seen) == {(OrderStatus.PENDING, WorkOrderStage.ASKED, SubmissionStatus.PENDING)}
    assert order.status == OrderStatus.IN_PROGRESS
    assert shop.made_for(order) == 1


def test_without_the_retry_it_would_never_go_out(shop: Shop, monkeypatch, tell):
    """The control: an outage that is taken for an answer."""
    (order,) = shop.accepted(1)
    shop.vendor.faults(away_seconds=3600)
    monkeypatch.setattr(events, "_put_off", lambda delivery, _error: events._conclude(delivery))
    with time_machine.travel(now(), tick=False) as clock:
        deliver()
        shop.vendor.behave()
        go_on(clock, 95)

    tell("Control, without the retry", work_orders=shop.made_for(order), status=Submission.objects.get().status)
    assert Submission.objects.get().status == SubmissionStatus.PENDING
    assert shop.made_for(order) == 0
