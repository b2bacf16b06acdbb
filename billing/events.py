"""
What billing systems were asked and what they answered and told.

Every fact about a work order carries the request id of the work order itself; those about a change or a
cancellation carry that request's own id as well.
"""

from dataclasses import dataclass, field

from foundation.events.facts import Fact

# Between this app's own services and handlers.


@dataclass(frozen=True, kw_only=True)
class SubmissionRequested(Fact, name="billing.submission_requested"):
    """Something is to be asked of a billing system."""

    submission_id: int


@dataclass(frozen=True, kw_only=True)
class SubmissionSetAside(Fact, name="billing.submission_set_aside"):
    """A submission was tried too often; a person decides."""

    submission_id: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class SubmissionSettled(Fact, name="billing.submission_settled"):
    """A person found out what became of a submission, and said so."""

    submission_id: int
    request_id: str
    outcome: str
    reason: str


# Answers.


@dataclass(frozen=True, kw_only=True)
class WorkOrderConfirmed(Fact, name="billing.work_order_confirmed"):
    """The billing system has the work order."""

    request_id: str
    work_order_id: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderRefused(Fact, name="billing.work_order_refused"):
    """The billing system refused the work order; a person may mend that and resend it."""

    request_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderUnknown(Fact, name="billing.work_order_unknown"):
    """The work order may be in the billing system or not; it is being looked up."""

    request_id: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderChanged(Fact, name="billing.work_order_changed"):
    """The billing system has taken a change: `request_id` of the change."""

    request_id: str
    work_order_request_id: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderChangeRefused(Fact, name="billing.work_order_change_refused"):
    """The billing system refused a change: the work order stands as it was."""

    request_id: str
    work_order_request_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderCancelled(Fact, name="billing.work_order_cancelled"):
    """The billing system has cancelled a work order, or the lines of it that are named, as `request_id` asked."""

    request_id: str
    work_order_request_id: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class WorkOrderCancellationRefused(Fact, name="billing.work_order_cancellation_refused"):
    """The billing system refused to cancel a work order, or the lines of it that are named: it goes on."""

    request_id: str
    work_order_request_id: str
    reason: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class CreditConfirmed(Fact, name="billing.credit_confirmed"):
    """The billing system has posted a credit."""

    request_id: str
    credit_id: str


@dataclass(frozen=True, kw_only=True)
class CreditRefused(Fact, name="billing.credit_refused"):
    """The billing system refused a credit."""

    request_id: str
    reason: str


# Reports. `request_id` is the work order's; lines are named as they were in the work order.


@dataclass(frozen=True, kw_only=True)
class WorkOrderScheduled(Fact, name="billing.work_order_scheduled"):
    """The billing system has given the work order a window, or another one (ISO 8601, UTC)."""

    request_id: str
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class WorkOrderDispatched(Fact, name="billing.work_order_dispatched"):
    """A technician is on the way."""

    request_id: str


@dataclass(frozen=True, kw_only=True)
class InstallReported(Fact, name="billing.install_reported"):
    """These lines work now; others may follow in another report."""

    request_id: str
    lines: list[str]
    installed_on: str
    """ISO date, in the division's time zone."""


@dataclass(frozen=True, kw_only=True)
class WorkOrderFailed(Fact, name="billing.work_order_failed"):
    """These lines could not be installed, or the billing system gave the work order up by itself."""

    request_id: str
    lines: list[str]
    reason: str


# What is told of accounts. `account_id` is ours, where we know the account; dates are ISO, in the division's zone.


@dataclass(frozen=True, kw_only=True)
class InvoiceIssued(Fact, name="billing.invoice_issued"):
    """An account was billed: `amount` includes `tax`."""

    billing_system: str
    invoice_id: str
    account_number: str
    amount: str
    currency: str
    due_date: str
    account_id: int | None = None
    issued_on: str = ""
    tax: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptRecorded(Fact, name="billing.receipt_recorded"):
    """An account has paid."""

    billing_system: str
    receipt_id: str
    account_number: str
    amount: str
    currency: str
    account_id: int | None = None
    effective_on: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptAllocated(Fact, name="billing.receipt_allocated"):
    """A receipt, or a part of it, pays an invoice."""

    billing_system: str
    receipt_id: str
    invoice_id: str
    account_number: str
    amount: str
    currency: str
    account_id: int | None = None
    effective_on: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptDeallocated(Fact, name="billing.receipt_deallocated"):
    """A receipt, or a part of it, no longer pays an invoice: a cheque bounced, or was booked wrongly."""

    billing_system: str
    receipt_id: str
    invoice_id: str
    account_number: str
    amount: str
    currency: str
    account_id: int | None = None
    effective_on: str = ""


@dataclass(frozen=True, kw_only=True)
class CreditNoteAllocated(Fact, name="billing.credit_note_allocated"):
    """A credit note, or a part of it, pays an invoice."""

    billing_system: str
    credit_note_id: str
    invoice_id: str
    account_number: str
    amount: str
    currency: str
    account_id: int | None = None
    effective_on: str = ""


@dataclass(frozen=True, kw_only=True)
class CreditNoteDeallocated(Fact, name="billing.credit_note_deallocated"):
    """A credit note, or a part of it, no longer pays an invoice."""

    billing_system: str
    credit_note_id: str
    invoice_id: str
    account_number: str
    amount: str
    currency: str
    account_id: int | None = None
    effective_on: str = ""


@dataclass(frozen=True, kw_only=True)
class CreditPosted(Fact, name="billing.credit_posted"):
    """The billing system shows a credit on an account; `request_id` is ours where we asked for it, else empty."""

    billing_system: str
    credit_id: str
    request_id: str
    account_number: str
    account_id: int | None
    amount: str
    currency: str
    posted_on: str


@dataclass(frozen=True, kw_only=True)
class ServiceStatusChanged(Fact, name="billing.service_status_changed"):
    """An account's service was suspended, restored or disconnected, or the account closed: a `ServiceStatus`."""

    billing_system: str
    account_number: str
    account_id: int | None
    status: str
    effective_on: str


@dataclass(frozen=True, kw_only=True)
class AgedBalanceReported(Fact, name="billing.aged_balance_reported"):
    """What an account owes past its due date, newer than all that was told before; nothing, where it has paid."""

    billing_system: str
    account_number: str
    account_id: int | None
    past_due: str
    currency: str
    oldest_due_on: str
    """Empty where nothing is past due."""
