"""
What we ask of a billing system, whichever vendor made it.

An adapter in `integrations/` implements `BillingPort`; the tests of docs/billing-contract.md hold for each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

from billing.states import BillingKind, ServiceStatus, SubmissionKind, WorkOrderState

Plain = TypeVar("Plain")


# What is asked.


@dataclass(frozen=True, kw_only=True)
class Party:
    """Whose work order it is, and how to reach them."""

    name: str
    customer_number: str = ""
    account_number: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the technician goes."""

    premises_id: str
    street_line: str
    city: str
    state: str
    zip_code: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """When the technician comes: a window between two moments."""

    starts_at: datetime
    ends_at: datetime
    slot: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkOrderLine:
    """One product to be installed. Amounts are for the whole quantity, before taxes."""

    line_id: str
    product_code: str
    name: str
    quantity: int = 1
    recurring: Decimal = Decimal(0)
    one_time: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Tax:
    """A tax or fee as it was shown to the customer."""

    code: str
    name: str
    today: Decimal
    monthly: Decimal


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What the customer was shown, taxes and fees included, in one currency (ISO 4217)."""

    currency: str
    due_today: Decimal
    monthly: Decimal
    monthly_after: Decimal
    promotion_months: int = 0
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkOrder:
    """A request to install what a customer has ordered."""

    order_number: str
    party: Party
    place: Place
    lines: tuple[WorkOrderLine, ...]
    amounts: Amounts
    appointment: Appointment | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkOrderChange:
    """What is to be different about a work order; what is None stays as it is."""

    appointment: Appointment | None = None
    party: Party | None = None
    place: Place | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkOrderCancellation:
    """Why a work order, or some lines of one that is partly installed, are no longer wanted."""

    reason: str
    lines: tuple[str, ...] = ()
    """As the work order named them; none: the whole of it."""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """An amount to be credited to a billing account."""

    account_number: str
    amount: Decimal
    currency: str
    reason: str


Content = WorkOrder | WorkOrderChange | WorkOrderCancellation | Credit

CONTENT_OF: dict[SubmissionKind, type[Content]] = {
    SubmissionKind.WORK_ORDER: WorkOrder,
    SubmissionKind.WORK_ORDER_CHANGE: WorkOrderChange,
    SubmissionKind.WORK_ORDER_CANCELLATION: WorkOrderCancellation,
    SubmissionKind.CREDIT: Credit,
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One thing asked, under an id by which the vendor knows a repetition and can be asked about it."""

    request_id: str
    content: Content
    work_order_id: str = ""
    """The vendor's id of the work order that a change or a cancellation is about."""

    @property
    def kind(self) -> SubmissionKind:
        """Return what kind of thing is asked."""
        return next(kind for kind, content in CONTENT_OF.items() if isinstance(self.content, content))


# What is answered.


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The vendor has it: its own id for what was asked."""

    external_id: str


class Refused(Exception):  # noqa: N818 - it reads as the answer that it is
    """The vendor's no. Nothing was done, and asking again in the same way brings the same answer."""


class Unavailable(Exception):  # noqa: N818
    """The vendor could not be asked. Surely nothing was done."""


class Unclear(Exception):  # noqa: N818
    """The vendor was asked and gave no usable answer. It may have been done."""


class Forged(Exception):  # noqa: N818
    """A webhook that does not prove whom it comes from, or that is too old."""


# What is told.


@dataclass(frozen=True, kw_only=True)
class LineReport:
    """What the vendor says of one line."""

    line_id: str
    state: WorkOrderState
    completed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class WorkOrderReport:
    """A work order as the vendor sees it, whole, at one version; of two reports the higher version is true."""

    request_id: str
    work_order_id: str
    version: int
    state: WorkOrderState
    lines: tuple[LineReport, ...]
    appointment: Appointment | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class BillingReport:
    """Money on an account: a bill, a receipt, a credit, or what pays a bill or no longer does. The amount is above zero."""

    kind: BillingKind
    external_id: str
    account_number: str
    amount: Decimal
    currency: str
    effective_date: str = ""
    """ISO date from which it counts, of a bill the bill date; empty: the day of the event."""
    tax: Decimal = Decimal(0)
    """Of a bill: how much of the amount."""
    due_date: str = ""
    """Of a bill: ISO date; empty: due at once."""
    invoice_id: str = ""
    """Of an allocation: the bill."""
    source_id: str = ""
    """Of an allocation: the receipt or credit note."""
    request_id: str = ""
    """Of a credit: ours, where we asked for it."""


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """An account's service was suspended, restored or disconnected, or the account closed."""

    account_number: str
    status: ServiceStatus
    effective_date: str = ""
    """ISO date from which it holds; empty: the day of the event."""


@dataclass(frozen=True, kw_only=True)
class BalanceReport:
    """What an account owes past its due date: zero or more."""

    account_number: str
    past_due: Decimal
    currency: str
    oldest_due_date: str = ""
    """ISO date on which the oldest unpaid bill was due; empty where nothing is past due."""


AccountReport = BillingReport | StatusReport | BalanceReport


@dataclass(frozen=True, kw_only=True)
class VendorFact:
    """One thing that a vendor tells, by webhook or when polled: the same door, the same id, the same content."""

    event_id: str
    kind: str
    occurred_at: datetime
    raw: Mapping[str, Any]
    report: WorkOrderReport | AccountReport | None
    """None for what we have no use for, and for what cannot be read; it is kept all the same."""
    trouble: str = ""
    """Why it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A page of what has happened, and the cursor behind it."""

    facts: tuple[VendorFact, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a billing system is reached."""

    base_url: str
    token: str
    webhook_secrets: tuple[str, ...]


class BillingPort(Protocol):
    """
    A billing system. Nothing here is called inside a transaction, and every call ends within 25 seconds.

    Each method raises `Unavailable` where the vendor cannot be asked, and `Unclear` where its answer is none.
    """

    def send(self, request: Request) -> Confirmation:
        """
        Ask for something.

        :raises Refused: with the vendor's reason
        """

    def find(self, kind: SubmissionKind, request_id: str) -> Confirmation | None:
        """Look up what was asked under a request id; None where nothing is there."""

    def changes_since(self, cursor: str) -> Changes:
        """Return what has happened since a cursor, oldest first; the empty cursor stands for the beginning."""

    def declare_products(self, products: Mapping[str, str]) -> None:
        """Tell the vendor the codes and names of all products that may be ordered."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> VendorFact:
        """
        Read what a vendor posted to us at a moment; asks nobody.

        :raises Forged: if the signature or its time is wrong
        :raises ValueError: if it is signed, but cannot be read
        """

    def check(self) -> None:
        """Ask something harmless, to see that the address and the token are right."""


# Freezing: a plain dataclass as JSON and back, so that what is sent is what was asked, however late.


def frozen(value: Any) -> Any:
    """Return a dataclass of this module as JSON; amounts as decimal text, moments as ISO 8601."""
    if is_dataclass(value):
        return {field.name: frozen(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [frozen(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def thawed(kind: type[Plain], data: Any) -> Plain:
    """Return the dataclass that `frozen` made JSON of; fields that are missing take their default."""
    return cast("Plain", _thaw(kind, data))


def _thaw(kind: Any, data: Any) -> Any:
    if get_origin(kind) is UnionType:
        return None if data is None else _thaw(get_args(kind)[0], data)
    if get_origin(kind) is tuple:
        return tuple(_thaw(get_args(kind)[0], item) for item in data)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {name: _thaw(hints[name], value) for name, value in data.items() if name in hints}
        return cast("Any", kind)(**known)
    if kind is datetime:
        return datetime.fromisoformat(data)
    return kind(data)
