"""What the vendor knows of accounts: bills, what pays them, whether service runs, and what is past due."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.billing.refusals import Refusal, above_zero, amount_of, check_days
from sandbox.billing.store import Document, Store, announce

if TYPE_CHECKING:
    from sandbox.billing.clock import Clock

EVENTS = {
    "invoice": "InvoiceCreateEvent",
    "receipt": "ReceiptCreateEvent",
    "receiptAllocation": "ReceiptAllocationCreateEvent",
    "receiptDeallocation": "ReceiptDeallocationCreateEvent",
    "creditNoteAllocation": "CreditNoteAllocationCreateEvent",
    "creditNoteDeallocation": "CreditNoteDeallocationCreateEvent",
    "serviceStatus": "ServiceStatusChangeEvent",
    "accountClosure": "AccountCloseEvent",
    "agedBalance": "AgedBalanceChangeEvent",
}
"""Every kind of document about an account, and the event that announces it."""
PREFIXES = {
    "invoice": "INV",
    "receipt": "REC",
    "receiptAllocation": "RA",
    "receiptDeallocation": "RD",
    "creditNoteAllocation": "NA",
    "creditNoteDeallocation": "ND",
    "serviceStatus": "ST",
    "accountClosure": "AC",
    "agedBalance": "AB",
}
PAYS = {"receiptAllocation": 1, "creditNoteAllocation": 1, "receiptDeallocation": -1, "creditNoteDeallocation": -1}
REVERSAL_OF = {"receiptAllocation": "receiptDeallocation", "creditNoteAllocation": "creditNoteDeallocation"}
ACTIVE, SUSPENDED, DISCONNECTED, CLOSED = "active", "suspended", "disconnected", "closed"
DATES = ("billDate", "dueDate", "effectiveDate", "oldestDueDate")


@dataclass
class Bill:
    """An invoice with what pays it."""

    invoice: Document
    allocations: list[Document] = field(default_factory=list)
    """Allocations that were not taken back, each with its `kind`."""
    paid: Decimal = Decimal(0)

    @property
    def open(self) -> Decimal:
        """Return what is still to be paid."""
        return amount_of(self.invoice["amount"]) - self.paid

    @property
    def due(self) -> str:
        """Return the day on which it is due (ISO)."""
        return str(self.invoice.get("dueDate") or self.invoice.get("billDate") or self.invoice["date"][:10])


class Accounts:
    """The vendor's book of accounts. Every public method that writes is one transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep the book in the vendor's memory."""
        self._store, self._clock = store, clock

    def issue(self, kind: str, asked: Document) -> Document:
        """
        Record a document as it is given, and announce it.

        :raises Refusal: 422 for an amount, a date or a status that is none, or an account without an id
        """
        _check(kind, asked)
        with self._store.transaction():
            number = f"{PREFIXES[kind]}-{self._store.next_number(kind):06}"
            name = {"id": number, "href": f"/{kind}/{number}", "@type": kind[0].upper() + kind[1:]}
            document = asked | name | {"date": self._clock.stamp()}
            self._store.put(kind, document)
            announce(self._store, self._clock, EVENTS[kind], {kind: document})
            return document

    def pay(self, asked: Document) -> Document:
        """
        Take in money for a bill and allocate it; without an amount, all that is open.

        :raises Refusal: 404 for an unknown invoice, 422 where nothing is open, or for an amount that is none
        """
        invoice = self._document("invoice", asked.get("invoice", {}))
        with self._store.transaction():
            common = self._payment(invoice, asked)
            receipt = self.issue("receipt", common)
            pays = {"invoice": {"id": invoice["id"]}, "receipt": {"id": receipt["id"]}}
            return self.issue("receiptAllocation", common | pays)

    def credit(self, asked: Document) -> Document:
        """
        Allocate a credit note to a bill; without an amount, to all that is open.

        :raises Refusal: 404 for an unknown invoice or credit, 422 where nothing is open, or for an amount that is none
        """
        invoice = self._document("invoice", asked.get("invoice", {}))
        with self._store.transaction():
            note = asked.get("creditNote") or {"id": f"CN-{self._store.next_number('creditNote'):06}"}
            pays = {"invoice": {"id": invoice["id"]}, "creditNote": {"id": str(note.get("id", ""))}}
            return self.issue("creditNoteAllocation", self._payment(invoice, asked) | pays)

    def take_back(self, kind: str, asked: Document) -> Document:
        """
        Take an allocation back whole: a payment was returned, or booked wrongly.

        :raises Refusal: 404 for an unknown allocation, 422 if it was taken back before
        """
        allocation = self._document(kind, asked.get(kind, {}))
        with self._store.transaction():
            if allocation["id"] in self._taken_back(kind, allocation["invoice"]["id"]):
                raise Refusal(422, "takenBack", "It was taken back before.", allocation["id"])
            names = ("billingAccount", "amount", "invoice", "receipt", "creditNote")
            content = {name: allocation[name] for name in names if name in allocation}
            return self.issue(REVERSAL_OF[kind], content | _dated(asked) | {kind: {"id": allocation["id"]}})

    def age(self, account: str = "") -> list[Document]:
        """Announce what is past due today, of one account or of all, wherever that has changed since the last time."""
        with self._store.transaction():
            invoices = self._store.of_account("invoice", account) if account else self._store.all("invoice")
            wanted = dict.fromkeys(str(invoice["billingAccount"]["id"]) for invoice in invoices)
            changed = [balance for balance in map(self._balance, wanted) if self._is_new(balance)]
            return [self.issue("agedBalance", balance) for balance in changed]

    def bills_of(self, account: str) -> list[Bill]:
        """Return the bills of an account, oldest first, with what pays them."""
        return [self._bill(invoice) for invoice in self._store.of_account("invoice", account)]

    def status_of(self, account: str) -> str:
        """Return what was last said of an account's service, `closed` where the account is closed."""
        if self._store.of_account("accountClosure", account):
            return CLOSED
        said = self._store.of_account("serviceStatus", account)
        return str(said[-1]["status"]) if said else ACTIVE

    def _bill(self, invoice: Document) -> Bill:
        bill = Bill(invoice)
        for kind, sign in PAYS.items():
            for document in self._store.of_invoice(kind, invoice["id"]):
                bill.paid += sign * amount_of(document["amount"])
        for kind in REVERSAL_OF:
            taken_back = self._taken_back(kind, invoice["id"])
            standing = [one for one in self._store.of_invoice(kind, invoice["id"]) if one["id"] not in taken_back]
            bill.allocations += [one | {"kind": kind} for one in standing]
        return bill

    def _taken_back(self, kind: str, invoice: str) -> set[str]:
        reversals = self._store.of_invoice(REVERSAL_OF[kind], invoice)
        return {str(reversal[kind]["id"]) for reversal in reversals if kind in reversal}

    def _payment(self, invoice: Document, asked: Document) -> Document:
        amount = asked.get("amount")
        if not amount:
            still_open = self._bill(invoice).open
            if still_open <= 0:
                raise Refusal(422, "paid", "Nothing is open on this invoice.", invoice["id"])
            amount = {"unit": invoice["amount"]["unit"], "value": str(still_open)}
        return {"billingAccount": invoice["billingAccount"], "amount": amount, **_dated(asked)}

    def _balance(self, account: str) -> Document:
        bills, day = self.bills_of(account), self._clock.now().date().isoformat()
        overdue = [bill for bill in bills if bill.due < day and bill.open > 0]
        past_due = sum((bill.open for bill in overdue), Decimal("0.00"))
        money = {"unit": bills[0].invoice["amount"]["unit"], "value": str(past_due)}
        since = {"oldestDueDate": min(bill.due for bill in overdue)} if overdue else {}
        return {"billingAccount": {"id": account}, "pastDueAmount": money, **since}

    def _is_new(self, balance: Document) -> bool:
        told = self._store.of_account("agedBalance", balance["billingAccount"]["id"])
        if not told:
            return "oldestDueDate" in balance
        return any(balance.get(name) != told[-1].get(name) for name in ("pastDueAmount", "oldestDueDate"))

    def _document(self, kind: str, named: Document) -> Document:
        found = self._store.get(kind, str(named.get("id", "")))
        if found is None:
            raise Refusal(404, f"unknown{kind[0].upper()}{kind[1:]}", f"No such {kind}.", str(named.get("id", "")))
        return found


def _check(kind: str, asked: Document) -> None:
    if not str(asked.get("billingAccount", {}).get("id") or ""):
        raise Refusal(422, "noAccount", "Name the billing account.")
    check_days(asked, *DATES)
    if kind == "serviceStatus":
        if asked.get("status") not in {ACTIVE, SUSPENDED, DISCONNECTED}:
            raise Refusal(422, "unknownStatus", "No such status.", str(asked.get("status", "")))
    elif kind == "agedBalance":
        if amount_of(asked.get("pastDueAmount", {})) and not asked.get("oldestDueDate"):
            raise Refusal(422, "noOldestDueDate", "Say since when it is past due.")
    elif kind != "accountClosure":
        _check_money(kind, asked)


def _check_money(kind: str, asked: Document) -> None:
    amount = above_zero(asked.get("amount", {}))
    tax = asked.get("taxAmount")
    if tax and (amount_of(tax) > amount or tax.get("unit") != asked["amount"].get("unit")):
        raise Refusal(422, "invalidAmount", "The tax is more than the amount, or of another currency.")
    source = "creditNote" if kind.startswith("creditNote") else "receipt"
    if kind in PAYS and not all(asked.get(name, {}).get("id") for name in ("invoice", source)):
        raise Refusal(422, "noReference", f"Name the invoice and the {source}.")


def _dated(asked: Document) -> Document:
    return {"effectiveDate": asked["effectiveDate"]} if asked.get("effectiveDate") else {}
