"""What the vendor's own file says: read as it lies there, without the vendor's code."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.recount.days import day_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

EVER = date.min
ENDED = {"disconnected", "closed"}
"""Service statuses after which nothing is served."""


@dataclass(frozen=True)
class Payment:
    """What pays a bill from a day on; below zero, what no longer does."""

    on: date
    amount: Decimal
    is_cash: bool
    """From a receipt; a credit note is no cash."""
    heard_on: date = EVER
    """The day from which on it was known, however early it was true."""


@dataclass
class Bill:
    """An invoice with all that was ever allocated to it."""

    id: str
    issued_on: date
    due_on: date
    amount: Decimal
    tax: Decimal
    payments: list[Payment] = field(default_factory=list)
    heard_on: date = EVER

    def paid_since(self, day: date) -> date | None:
        """Return the day since which it has been paid in full without a break, as far as is known on a day."""
        total, since = Decimal(0), None
        for on in sorted({payment.on for payment in self.payments if payment.on <= day}):
            total += sum((payment.amount for payment in self.payments if payment.on == on), Decimal(0))
            since = None if total < self.amount else since or on
        return since

    def fell_on(self, day: date) -> date | None:
        """Return the last day on which it ceased to be paid in full, as far as is known on a day."""
        total, fell = Decimal(0), None
        for on in sorted({payment.on for payment in self.payments if payment.on <= day}):
            before = total
            total += sum((payment.amount for payment in self.payments if payment.on == on), Decimal(0))
            fell = on if total < self.amount <= before else fell
        return fell

    def cash_until(self, day: date) -> Decimal:
        """Add up what was paid for it in money, and kept, as far as is known on a day."""
        return sum((payment.amount for payment in self.payments if payment.is_cash and payment.on <= day), Decimal(0))


@dataclass(frozen=True)
class Status:
    """An account's service is this from a day on."""

    on: date
    told_at: str
    status: str
    heard_on: date = EVER


@dataclass
class Account:
    """A friend's account as the vendor knows it."""

    bills: list[Bill] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)

    def heard_by(self, night: date) -> Account:
        """Return what was known of it in a night: without what was heard later, though it was true before."""
        heard = [one.heard_on for one in self.statuses]
        for bill in self.bills:
            heard += [bill.heard_on, *(payment.heard_on for payment in bill.payments)]
        if max(heard, default=EVER) <= night:
            return self
        bills = [
            replace(bill, payments=[one for one in bill.payments if one.heard_on <= night])
            for bill in self.bills
            if bill.heard_on <= night
        ]
        return Account(bills, [one for one in self.statuses if one.heard_on <= night])

    def status_on(self, day: date) -> Status | None:
        """Return the latest status that holds on a day, if the vendor ever said one."""
        known = [status for status in self.statuses if status.on <= day]
        return max(known, key=lambda status: (status.on, status.told_at), default=None)


@dataclass(frozen=True)
class Item:
    """One product of a work order; its prices are for all of it."""

    product: str
    quantity: int
    recurring: Decimal
    one_time: Decimal


@dataclass(frozen=True)
class WorkOrder:
    """What was installed for an order, and when."""

    order_number: str
    account_number: str
    completed_at: tuple[str, ...]
    """When each item was; empty unless all of them are."""
    items: tuple[Item, ...]

    @property
    def recurring(self) -> Decimal:
        """What it costs each month, before taxes."""
        return sum((item.recurring for item in self.items), Decimal(0))

    @property
    def one_time(self) -> Decimal:
        """What it costs once, before taxes."""
        return sum((item.one_time for item in self.items), Decimal(0))

    def installed_on(self, zone: ZoneInfo) -> date | None:
        """Return the day of the last installation, where all is installed."""
        return max((day_in(zone, stamp) for stamp in self.completed_at), default=None)


@dataclass(frozen=True)
class Credit:
    """A credit that was posted to an account."""

    id: str
    request_id: str
    account_number: str
    amount: Decimal
    currency: str
    posted_at: str


class Vendors:
    """All vendors' files together. An account stands with one of them."""

    def __init__(self, folders: Iterable[Path], heard_late: Mapping[tuple[str, ...], date] | None = None) -> None:
        """
        Read every folder's file.

        :param heard_late: when the application heard of documents, by their ids, and of service statuses, by account,
            status and day, where that was later than the vendor said it
        """
        self.heard_late = heard_late or {}
        self.documents: dict[str, list[dict[str, Any]]] = {}
        for folder in folders:
            for kind, document in _documents_in(folder / "vendor.sqlite3"):
                self.documents.setdefault(kind, []).append(document)

    def work_orders(self) -> dict[str, WorkOrder]:
        """Return the work orders by order number."""
        orders = (_work_order(document) for document in self.documents.get("workOrder", []))
        return {order.order_number: order for order in orders}

    def credits(self) -> list[Credit]:
        """Return every credit, in the order of posting."""
        found = [
            Credit(
                id=document["id"],
                request_id=document["externalId"],
                account_number=document["billingAccount"]["id"],
                amount=_amount(document["amount"]),
                currency=document["amount"]["unit"],
                posted_at=document["postedDate"],
            )
            for document in self.documents.get("credit", [])
        ]
        return sorted(found, key=lambda credit: credit.posted_at)

    def monthly_of(self, number: str, day: date, zone: ZoneInfo, products: frozenset[str] | None = None) -> Decimal:
        """
        Return what an account pays each month, before taxes, for what works on a day, its promotions included.

        :param products: the codes of what counts; None: everything
        """
        items = [item for order in self._of(number, "workOrder") for item in order["workOrderItem"]]
        working = [item for item in items if item.get("completionDate") and item["state"] == "completed"]
        since = [item for item in working if day_in(zone, item["completionDate"]) <= day]
        counted = [item for item in since if products is None or item["productOffering"]["id"] in products]
        return sum((_price(item, "recurring") for item in counted), Decimal(0))

    def account(self, number: str, zone: ZoneInfo) -> Account:
        """Return what there is about an account, its moments as days of a zone."""
        bills = {bill.id: bill for bill in self._bills(number, zone)}
        for kind, sign, is_cash in (
            ("receiptAllocation", 1, True),
            ("receiptDeallocation", -1, True),
            ("creditNoteAllocation", 1, False),
            ("creditNoteDeallocation", -1, False),
        ):
            for document in self._of(number, kind):
                on, heard_on = _day_of(document, zone), self._heard_on(document, zone, document["id"])
                payment = Payment(on, sign * _amount(document["amount"]), is_cash, heard_on)
                bills[document["invoice"]["id"]].payments.append(payment)
        return Account(list(bills.values()), [*self._statuses(number, zone)])

    def _bills(self, number: str, zone: ZoneInfo) -> Iterator[Bill]:
        for document in self._of(number, "invoice"):
            yield Bill(
                id=document["id"],
                issued_on=_day_of(document, zone, "billDate", "effectiveDate"),
                due_on=date.fromisoformat(document["dueDate"]),
                amount=_amount(document["amount"]),
                tax=_amount(document["taxAmount"]) if document.get("taxAmount") else Decimal(0),
                heard_on=self._heard_on(document, zone, document["id"]),
            )

    def _statuses(self, number: str, zone: ZoneInfo) -> Iterator[Status]:
        said = [(document, document["status"]) for document in self._of(number, "serviceStatus")]
        said += [(document, "closed") for document in self._of(number, "accountClosure")]
        for document, status in said:
            on = _day_of(document, zone)
            yield Status(on, document["date"], status, self._heard_on(document, zone, number, status, on.isoformat()))

    def _heard_on(self, document: dict[str, Any], zone: ZoneInfo, *names: str) -> date:
        """Return the day on which we were told: when the vendor said it, or later."""
        return max(day_in(zone, document["date"]), self.heard_late.get(names, EVER))

    def _of(self, number: str, kind: str) -> Iterator[dict[str, Any]]:
        return (one for one in self.documents.get(kind, []) if one["billingAccount"]["id"] == number)


def _documents_in(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Read a vendor's file, which its process may be writing to.

    :raises FileNotFoundError: if there is none
    """
    if not file.exists():
        raise FileNotFoundError(file)
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT kind, body FROM document ORDER BY rowid").fetchall()
    finally:
        database.close()
    return ((kind, json.loads(body)) for kind, body in rows)


def _work_order(document: dict[str, Any]) -> WorkOrder:
    items = document["workOrderItem"]
    is_done = all(item["state"] == "completed" for item in items)
    return WorkOrder(
        order_number=document["description"],
        account_number=document["billingAccount"]["id"],
        completed_at=tuple(item["completionDate"] for item in items) if is_done else (),
        items=tuple(
            Item(
                product=item["productOffering"]["id"],
                quantity=int(item.get("quantity", 1)),
                recurring=_price(item, "recurring"),
                one_time=_price(item, "oneTime"),
            )
            for item in items
        ),
    )


def _price(item: dict[str, Any], kind: str) -> Decimal:
    prices = [one for one in item.get("itemPrice", []) if one["priceType"] == kind]
    return sum((_amount(one["price"]) for one in prices), Decimal(0))


def _day_of(document: dict[str, Any], zone: ZoneInfo, *names: str) -> date:
    """Return the date that a document gives, else the day on which it was made in a zone."""
    given = next((document[name] for name in names or ("effectiveDate",) if document.get(name)), "")
    return date.fromisoformat(given) if given else day_in(zone, document["date"])


def _amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["value"])
