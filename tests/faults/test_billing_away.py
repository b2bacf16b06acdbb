"""The billing system is away for an hour by the clock that all processes share: the order waits, then goes out once."""

import time_machine

from billing.models import Submission
from billing.states import SubmissionStatus
from foundation.events import services as events
from foundation.events.models import Delivery
from foundation.now import now
from orders.states import OrderStatus, WorkOrderStage
from tests.billing.asking import deliver, go_on
from tests.faults.shop import Shop, outstanding
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
    minutes, seen = 0, set()
    with stack.redis() as redis, stack.worker(), swept(redis.url()):
        eventually(lambda: Submission.objects.filter(attempts=1, status=SubmissionStatus.PENDING).exists(), within=60)
        submission = Submission.objects.get()
        while submission.status != SubmissionStatus.CONFIRMED and minutes < 3 * STEP + 95:
            order.refresh_from_db()
            seen.add((order.status, order.work_order_stage))
            minutes += STEP
            shop.let_pass(minutes=STEP)
            eventually(at_rest, within=60)
            submission.refresh_from_db()
        eventually(lambda: outstanding() == 0, within=60)

    order.refresh_from_db()
    made = shop.made_for(order)
    tell("Away for an hour", went_out_after=f"{minutes} minutes", tries=submission.attempts, work_orders=made)
    assert 60 <= minutes <= 95
    assert seen == {(OrderStatus.PENDING, WorkOrderStage.ASKED)}
    assert order.status == OrderStatus.IN_PROGRESS
    assert made == 1


def test_without_the_retry_it_would_never_go_out(shop: Shop, monkeypatch, tell):
    """The control: an outage that is taken for an answer."""
    (order,) = shop.accepted(1)
    shop.vendor.faults(away_seconds=3600)
    monkeypatch.setattr(events, "_put_off", lambda delivery, _error: events._conclude([delivery]))
    with time_machine.travel(now(), tick=False) as clock:
        deliver()
        shop.vendor.behave()
        go_on(clock, 95)

    tell("Control, without the retry", work_orders=shop.made_for(order), status=Submission.objects.get().status)
    assert Submission.objects.get().status == SubmissionStatus.PENDING
    assert shop.made_for(order) == 0
