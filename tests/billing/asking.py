"""Ask for things as the apps above would, and let time pass."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from billing import services
from billing.models import BillingSystem, Submission
from billing.ports import WorkOrderChange
from billing.tasks import look_up_unknown
from billing.testing import make_appointment, make_work_order
from foundation.events.services import deliver_next

MINUTE = timedelta(minutes=1)


def ask_for_work_order(system: BillingSystem, request_id: str, **changes: Any) -> Submission:
    """Ask for a work order, for the system's division itself: to billing, any row may be the subject."""
    asked = {"work_order": make_work_order(order_number="O-1"), "subject": system.division, "by": None} | changes
    return services.request_work_order(request_id=request_id, division=system.division, **asked)


def ask_to_reschedule(work_order: Submission, request_id: str, *, day: int = 9) -> Submission:
    return services.change_work_order(
        request_id=request_id,
        work_order_request_id=work_order.request_id,
        change=WorkOrderChange(appointment=make_appointment(day)),
        by=None,
    )


def ask_to_cancel(work_order: Submission, request_id: str, *, lines: Iterable[str] = ()) -> Submission:
    return services.cancel_work_order(
        request_id=request_id, work_order_request_id=work_order.request_id, reason="Moved away", lines=lines, by=None
    )


def deliver() -> None:
    """Deliver all that is due, however it ends."""
    while deliver_next():
        pass


def go_on(clock: Any, minutes: float) -> None:
    """Let minutes pass one by one, each with what the workers do in it."""
    for _minute in range(int(minutes)):
        clock.shift(MINUTE)
        deliver()
        look_up_unknown()
    deliver()
