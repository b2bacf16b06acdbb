"""What orders hear: their own facts, and what billing systems answer and report."""

from datetime import date, datetime

from billing.events import (
    InstallReported,
    ServiceStatusChanged,
    WorkOrderCancellationRefused,
    WorkOrderCancelled,
    WorkOrderChangeRefused,
    WorkOrderConfirmed,
    WorkOrderDispatched,
    WorkOrderFailed,
    WorkOrderRefused,
    WorkOrderScheduled,
    WorkOrderUnknown,
)
from foundation.events.facts import subscribe
from foundation.events.models import Event
from orders import services
from orders.events import (
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderFailed,
    OrderReleased,
    OrderRescheduled,
    OrderSubmitted,
    WindowReported,
)


@subscribe(OrderSubmitted)
def check_order(fact: OrderSubmitted, _event: Event) -> None:
    """Decide by rule, or let a person decide."""
    services.check_order(fact.order_id)


@subscribe(OrderSubmitted)
def send_confirmation(fact: OrderSubmitted, _event: Event) -> None:
    """Tell the customer what they ordered."""
    services.send_confirmation(fact.order_id)


@subscribe(OrderAccepted)
def ask_for_work_order(fact: OrderAccepted, event: Event) -> None:
    """Ask the billing system for the work order."""
    services.request_work_order(fact.order_id, by=event.actor)


@subscribe(OrderReleased)
def ask_for_work_order_after_all(fact: OrderReleased, event: Event) -> None:
    """Ask for the work order of an order that was held before anybody had asked."""
    services.request_work_order(fact.order_id, by=event.actor)


@subscribe(OrderRescheduled)
def send_new_appointment(fact: OrderRescheduled, _event: Event) -> None:
    """Tell the customer when the technician comes now."""
    services.send_new_appointment(fact.order_id, change=str(fact.change))


@subscribe(WindowReported)
def send_named_window(fact: WindowReported, _event: Event) -> None:
    """Tell the customer when the technician comes, as the billing system has it."""
    services.send_new_appointment(fact.order_id, change=fact.starts_at)


@subscribe(OrderCancelled)
def send_cancellation(fact: OrderCancelled, _event: Event) -> None:
    """Tell the customer that the order has ended."""
    services.send_cancellation(fact.order_id)


@subscribe(OrderCompleted)
def send_completion(fact: OrderCompleted, _event: Event) -> None:
    """Tell the customer that everything works."""
    services.send_completion(fact.order_id)


@subscribe(OrderFailed)
def send_failure(fact: OrderFailed, _event: Event) -> None:
    """Tell the customer that nothing could be installed, and that we will call."""
    services.send_failure(fact.order_id)


@subscribe(WorkOrderConfirmed)
def record_work_order_confirmed(fact: WorkOrderConfirmed, _event: Event) -> None:
    """The billing system has the work order."""
    services.record_work_order_confirmed(fact.request_id, work_order_id=fact.work_order_id)


@subscribe(WorkOrderRefused)
def record_work_order_refused(fact: WorkOrderRefused, _event: Event) -> None:
    """The billing system will not have the work order."""
    services.record_work_order_refused(fact.request_id, reason=fact.reason)


@subscribe(WorkOrderUnknown)
def record_work_order_unknown(fact: WorkOrderUnknown, _event: Event) -> None:
    """Nobody can tell yet whether the billing system has the work order."""
    services.record_work_order_unknown(fact.request_id)


@subscribe(WorkOrderChangeRefused)
def record_change_refused(fact: WorkOrderChangeRefused, _event: Event) -> None:
    """The billing system keeps the work order as it was."""
    services.record_change_refused(fact.work_order_request_id, change_request_id=fact.request_id, reason=fact.reason)


@subscribe(WorkOrderCancelled)
def record_work_order_cancelled(fact: WorkOrderCancelled, _event: Event) -> None:
    """The billing system has cancelled the work order; of single lines we have closed, nothing is left to record."""
    if not fact.lines:
        services.record_work_order_cancelled(fact.work_order_request_id)


@subscribe(WorkOrderCancellationRefused)
def record_cancellation_refused(fact: WorkOrderCancellationRefused, _event: Event) -> None:
    """The billing system cannot cancel the work order, or some lines of it, any more."""
    if fact.lines:
        services.record_lines_go_on(
            fact.work_order_request_id, cancellation_request_id=fact.request_id, reason=fact.reason
        )
    else:
        services.record_cancellation_refused(fact.work_order_request_id, reason=fact.reason)


@subscribe(WorkOrderScheduled)
def record_window(fact: WorkOrderScheduled, event: Event) -> None:
    """The billing system says when the technician comes."""
    services.record_window(
        fact.request_id,
        starts_at=datetime.fromisoformat(fact.starts_at),
        ends_at=datetime.fromisoformat(fact.ends_at),
        at=event.at,
    )


@subscribe(WorkOrderDispatched)
def record_dispatch(fact: WorkOrderDispatched, event: Event) -> None:
    """A technician is on the way."""
    services.record_dispatch(fact.request_id, at=event.at)


@subscribe(InstallReported)
def record_install(fact: InstallReported, event: Event) -> None:
    """These lines work."""
    services.record_install(
        fact.request_id, lines=fact.lines, installed_on=date.fromisoformat(fact.installed_on), at=event.at
    )


@subscribe(WorkOrderFailed)
def record_failure(fact: WorkOrderFailed, _event: Event) -> None:
    """These lines could not be installed."""
    services.record_failure(fact.request_id, lines=fact.lines, reason=fact.reason)


@subscribe(ServiceStatusChanged)
def follow_service_status(fact: ServiceStatusChanged, _event: Event) -> None:
    """The billing system says whether an account is served."""
    if fact.account_id:
        services.follow_service_status(fact.account_id)
