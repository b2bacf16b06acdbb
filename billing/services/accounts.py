"""
What billing systems tell of accounts, written down: one row a fact, whatever the order and the number of times.

Dates are those that a document gives, else the day of the event in the zone of the account's division.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account
from billing.events import (
    AgedBalanceReported,
    CreditNoteAllocated,
    CreditNoteDeallocated,
    CreditPosted,
    InvoiceIssued,
    ReceiptAllocated,
    ReceiptDeallocated,
    ReceiptRecorded,
    ServiceStatusChanged,
)
from billing.models import (
    AgedBalance,
    Allocation,
    BillingSystem,
    InboundFact,
    Invoice,
    PostedCredit,
    ServiceStatusReport,
    Submission,
)
from billing.ports import AccountReport, BalanceReport, BillingReport, StatusReport
from billing.services.standing import judge_standing
from billing.services.submissions import confirm
from billing.states import AllocationSource, BillingKind, FactOutcome, SubmissionKind
from foundation.divisions.models import Division
from foundation.events.facts import Fact
from foundation.events.services import publish


class Contradiction(Exception):  # noqa: N818  # it reads as what it is
    """A document was told before with other content: which of the two is true, only the vendor can say."""


@dataclass(frozen=True)
class _Told:
    """A fact about an account, and whose it is."""

    row: InboundFact
    account_number: str
    account: Account | None
    division: Division
    dates: frozenset[str]
    """The dates that the document itself gives; what is missing is taken from its event, which another one may repeat."""

    def day(self, given: str = "") -> date:
        """Return a date that the document gives, else the day of the event in the division's zone."""
        return date.fromisoformat(given) if given else self.row.occurred_at.astimezone(self.division.zone).date()

    def concerned(self) -> list[models.Model]:
        """Return the rows on whose timelines it belongs."""
        return [self.account, self.account.customer] if self.account else []

    def keep(self, model: type[models.Model], key: Mapping[str, Any], **content: Any) -> bool:
        """
        Write a row of its own for a document; tell whether it is new.

        :raises Contradiction: if the same document was told before with other content
        """
        kept, is_new = model._default_manager.get_or_create(  # noqa: SLF001  # the name Django gives it
            billing_system=self.row.billing_system,
            **key,
            defaults={**self.circumstances(), **content, "account_number": self.account_number},
        )
        said = {"account_number": self.account_number, **content}
        if any(getattr(kept, name) != value for name, value in said.items() if self._is_given(value)):
            raise Contradiction
        return is_new

    def _is_given(self, value: Any) -> bool:
        return not isinstance(value, date) or value.isoformat() in self.dates

    def circumstances(self) -> dict[str, Any]:
        """Return whose the fact is, and when."""
        row = self.row
        told_at = {"occurred_at": row.occurred_at, "received_at": row.received_at}
        return {"division": self.division, "account": self.account, **told_at}

    def names(self) -> dict[str, Any]:
        """Return what every published fact about an account says."""
        return {
            "billing_system": self.row.billing_system.code,
            "account_number": self.account_number,
            "account_id": self.account.pk if self.account else None,
        }


def apply_account_fact(row: InboundFact, report: AccountReport) -> FactOutcome:
    """Write down what a fact says of an account, once, and tell the others; called in the fact's own transaction."""
    told = _about(row, report)
    try:
        news = _apply(told, report)
    except Contradiction:
        row.trouble = _("The same document was told before with other content.")
        return FactOutcome.UNREADABLE
    if news is None:
        return FactOutcome.SUPERSEDED
    publish(news, subject=row, about=told.concerned(), division=told.division, by=None, at=row.occurred_at)
    return FactOutcome.APPLIED


def _about(row: InboundFact, report: AccountReport) -> _Told:
    """Find whose account it is; a billing system speaks for the markets of its own division alone."""
    system: BillingSystem = row.billing_system
    number = report.account_number
    account = Account.objects.select_related("division", "customer").filter(number=number).first()
    if account and system.division_id not in account.division.lineage:
        account = None
    dates = frozenset(str(getattr(report, name, "")) for name in ("effective_date", "due_date"))
    return _Told(row, number, account, account.division if account else system.division, dates)


def _apply(told: _Told, report: AccountReport) -> Fact | None:
    """Return what is new by a report; None where nothing is."""
    if isinstance(report, StatusReport):
        return _apply_status(told, report)
    if isinstance(report, BalanceReport):
        return _apply_balance(told, report)
    return MONEY[report.kind](told, report)


# Money.


def _keep_invoice(told: _Told, report: BillingReport) -> Fact | None:
    issued_on = told.day(report.effective_date)
    due_on = date.fromisoformat(report.due_date) if report.due_date else issued_on
    money = {"amount": report.amount, "tax": report.tax, "currency": report.currency}
    if not told.keep(Invoice, {"invoice_id": report.external_id}, issued_on=issued_on, due_on=due_on, **money):
        return None
    return InvoiceIssued(
        invoice_id=report.external_id,
        due_date=due_on.isoformat(),
        issued_on=issued_on.isoformat(),
        amount=str(report.amount),
        tax=str(report.tax),
        currency=report.currency,
        **told.names(),
    )


def _note_receipt(told: _Told, report: BillingReport) -> Fact | None:
    return ReceiptRecorded(receipt_id=report.external_id, **_effective(told, report))


def _keep_allocation(told: _Told, report: BillingReport) -> Fact | None:
    is_receipt = report.kind in {BillingKind.RECEIPT_ALLOCATION, BillingKind.RECEIPT_DEALLOCATION}
    is_reversal = report.kind in {BillingKind.RECEIPT_DEALLOCATION, BillingKind.CREDIT_NOTE_DEALLOCATION}
    source = AllocationSource.RECEIPT if is_receipt else AllocationSource.CREDIT_NOTE
    key = {"source": source, "is_reversal": is_reversal, "allocation_id": report.external_id}
    is_new = told.keep(
        Allocation,
        key,
        invoice_id=report.invoice_id,
        source_id=report.source_id,
        amount=-report.amount if is_reversal else report.amount,
        currency=report.currency,
        effective_on=told.day(report.effective_date),
    )
    if not is_new:
        return None
    common = {"invoice_id": report.invoice_id, **_effective(told, report)}
    if is_receipt:
        return (ReceiptDeallocated if is_reversal else ReceiptAllocated)(receipt_id=report.source_id, **common)
    return (CreditNoteDeallocated if is_reversal else CreditNoteAllocated)(credit_note_id=report.source_id, **common)


def _keep_credit(told: _Told, report: BillingReport) -> Fact | None:
    _confirm_what_was_asked(told.row.billing_system, report)
    posted_on = told.day(report.effective_date)
    is_new = told.keep(
        PostedCredit,
        {"credit_id": report.external_id},
        request_id=report.request_id,
        amount=report.amount,
        currency=report.currency,
        posted_on=posted_on,
    )
    if not is_new:
        return None
    return CreditPosted(
        credit_id=report.external_id,
        request_id=report.request_id,
        amount=str(report.amount),
        currency=report.currency,
        posted_on=posted_on.isoformat(),
        **told.names(),
    )


def _confirm_what_was_asked(system: BillingSystem, report: BillingReport) -> None:
    """End a credit of ours whose answer is in doubt, or on its way still: the vendor shows it."""
    asked = Submission.objects.locked().select_related("work_order", "division")
    credit = asked.filter(
        billing_system=system, kind=SubmissionKind.CREDIT, request_id=report.request_id or None
    ).first()
    if credit and credit.is_open:
        confirm(credit, report.external_id)


def _effective(told: _Told, report: BillingReport) -> dict[str, Any]:
    day = told.day(report.effective_date).isoformat()
    return {"amount": str(report.amount), "currency": report.currency, "effective_on": day, **told.names()}


MONEY: Mapping[BillingKind, Callable[[_Told, BillingReport], Fact | None]] = {
    BillingKind.INVOICE: _keep_invoice,
    BillingKind.RECEIPT: _note_receipt,
    BillingKind.RECEIPT_ALLOCATION: _keep_allocation,
    BillingKind.RECEIPT_DEALLOCATION: _keep_allocation,
    BillingKind.CREDIT_NOTE_ALLOCATION: _keep_allocation,
    BillingKind.CREDIT_NOTE_DEALLOCATION: _keep_allocation,
    BillingKind.CREDIT: _keep_credit,
}


# How an account stands.


def _apply_status(told: _Told, report: StatusReport) -> Fact | None:
    effective_on = told.day(report.effective_date)
    key = {"event_id": told.row.event_id}
    if not told.keep(ServiceStatusReport, key, status=report.status, effective_on=effective_on):
        return None
    return ServiceStatusChanged(status=report.status, effective_on=effective_on.isoformat(), **told.names())


def _apply_balance(told: _Told, report: BalanceReport) -> Fact | None:
    oldest_due_on = date.fromisoformat(report.oldest_due_date) if report.oldest_due_date else None
    at, event_id = told.row.occurred_at, told.row.event_id
    content = {
        **told.circumstances(),
        "event_id": event_id,
        "past_due": report.past_due,
        "currency": report.currency,
        "oldest_due_on": oldest_due_on,
    }
    kept, is_new = AgedBalance.objects.get_or_create(
        billing_system=told.row.billing_system, account_number=told.account_number, defaults=content
    )
    is_older = Q(occurred_at__lt=at) | Q(occurred_at=at, event_id__lt=event_id)
    if not is_new and not AgedBalance.objects.filter(is_older, pk=kept.pk).update(**content):
        return None
    if told.account:
        judge_standing(told.account.pk)
    return AgedBalanceReported(
        past_due=str(report.past_due),
        currency=report.currency,
        oldest_due_on=report.oldest_due_date,
        **told.names(),
    )
