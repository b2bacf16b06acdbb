"""What happens to orders. Drafts publish nothing: until it is submitted, an order is nobody's business."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class OrderSubmitted(Fact, name="orders.submitted"):
    """A customer has ordered."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderAccepted(Fact, name="orders.accepted"):
    """Nothing speaks against an order, or a person has decided: it will be delivered."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderHeld(Fact, name="orders.held"):
    """A person has to look at an order."""

    order_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderReleased(Fact, name="orders.released"):
    """An order goes on that was held."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderRejected(Fact, name="orders.rejected"):
    """An order was not accepted."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class WorkOrderAsked(Fact, name="orders.work_order_asked"):
    """The billing system is asked for an order's work order."""

    order_id: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class OrderInProgress(Fact, name="orders.in_progress"):
    """The billing system has an order's work order."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class TechnicianDispatched(Fact, name="orders.technician_dispatched"):
    """A technician is on the way."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class ServicesInstalled(Fact, name="orders.services_installed"):
    """Products of an order work: their codes, and the date in the division's zone (ISO)."""

    order_id: int
    products: list[str]
    installed_on: str


@dataclass(frozen=True, kw_only=True)
class ServicesFailed(Fact, name="orders.services_failed"):
    """Products of an order could not be installed: their codes."""

    order_id: int
    products: list[str]


@dataclass(frozen=True, kw_only=True)
class ServicesEnded(Fact, name="orders.services_ended"):
    """Products no longer work on an account: their codes, and the date in the division's zone (ISO)."""

    account_id: int
    products: list[str]
    ended_on: str


@dataclass(frozen=True, kw_only=True)
class ServicesResumed(Fact, name="orders.services_resumed"):
    """Products that had ended on an account work again: their codes, and the date in the division's zone (ISO)."""

    account_id: int
    products: list[str]
    resumed_on: str


@dataclass(frozen=True, kw_only=True)
class OrderCompleted(Fact, name="orders.completed"):
    """Everything of an order works."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderFailed(Fact, name="orders.failed"):
    """Nothing of an order could be delivered."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class RemainderClosed(Fact, name="orders.remainder_closed"):
    """
    Products of an order that do not work are waited for no more: their codes; the others are kept.

    `change` counts the changes of its work order; zero where the billing system had given them up itself.
    """

    order_id: int
    products: list[str]
    reason: str
    change: int = 0


@dataclass(frozen=True, kw_only=True)
class ContestSettled(Fact, name="orders.contest_settled"):
    """A person has seen to what the billing system said of something closed here; `note` says how."""

    order_id: int
    note: str


@dataclass(frozen=True, kw_only=True)
class OrderRescheduled(Fact, name="orders.rescheduled"):
    """
    An order has another appointment (ISO 8601, UTC) instead of the one of before, which old facts do not name.

    `change` counts the changes of its work order.
    """

    order_id: int
    starts_at: str
    ends_at: str
    change: int = 0
    before_starts_at: str = ""
    before_ends_at: str = ""


@dataclass(frozen=True, kw_only=True)
class WindowReported(Fact, name="orders.window_reported"):
    """
    The billing system has given the technician's visit another window (ISO 8601, UTC) than the one of before.

    Old facts do not name the one of before.
    """

    order_id: int
    starts_at: str
    ends_at: str
    before_starts_at: str = ""
    before_ends_at: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderCorrected(Fact, name="orders.corrected"):
    """Details or the note of an order were corrected; `fields` says which, not what."""

    order_id: int
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class ChangeRefused(Fact, name="orders.change_refused"):
    """The billing system refused a change of an order's work order."""

    order_id: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class CancellationAsked(Fact, name="orders.cancellation_asked"):
    """Somebody wants an order cancelled; `to_be_decided` where a person decides, since a technician is on the way."""

    order_id: int
    reason: str
    to_be_decided: bool


@dataclass(frozen=True, kw_only=True)
class CancellationRefused(Fact, name="orders.cancellation_refused"):
    """An order goes on although it was to be cancelled."""

    order_id: int


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Fact, name="orders.cancelled"):
    """An order has ended, and nothing of it is left in the billing system."""

    order_id: int
    reason: str
