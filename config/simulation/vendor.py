"""The vendors' own people: they install, bill and record payments, by the control door of each stand-in."""

import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from config.local.parts import VENDORS

Document = dict[str, Any]
PATIENCE = 60.0
"""Seconds; some answers are slow on purpose."""


class VendorHouse:
    """One billing system's people."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.has_news = True
        """Whether something was done here since it was last asked for news."""
        prefix = f"BILLING_{code.upper()}"
        token = Path(os.environ[f"{prefix}_TOKEN_FILE"]).read_text(encoding="utf-8").strip()
        self._http = httpx.Client(
            base_url=os.environ[f"{prefix}_URL"], timeout=PATIENCE, headers={"Authorization": f"Bearer {token}"}
        )

    def work_order_of(self, request_id: str) -> Document | None:
        """Return the work order that was asked for under a request id, if it has arrived."""
        found = self._ask("GET", f"/_sandbox/workOrder?externalId={request_id}")
        return found[0] if found else None

    def advance(self, work_order_id: str, state: str, **more: Any) -> Document:
        """Move a work order on."""
        self.has_news = True
        moved: Document = self._ask("POST", f"/_sandbox/workOrder/{work_order_id}", {"state": state, **more})
        return moved

    def issue(self, kind: str, account_number: str, **content: Any) -> Document:
        """Issue an invoice, or say what has become of somebody's service."""
        return self._post(kind, {"billingAccount": {"id": account_number}, **content})

    def take_in(self, invoice: str, amount: Decimal, *, effective: str = "") -> Document:
        """
        Take in money for a bill; return its allocation.

        :param effective: the date on which it was paid, where that was another day than today
        """
        return self._post("payment", {"invoice": {"id": invoice}, "amount": money(amount), "effectiveDate": effective})

    def note_credit(self, invoice: str, amount: Decimal) -> Document:
        """Pay a part of a bill by a credit note."""
        return self._post("creditNote", {"invoice": {"id": invoice}, "amount": money(amount)})

    def return_payment(self, allocation: str) -> Document:
        """Take an allocation back: the bank has returned the payment."""
        return self._post("returnedPayment", {"receiptAllocation": {"id": allocation}})

    def age(self) -> None:
        """Say what is past due today, wherever that has changed."""
        self.has_news = True
        self._ask("POST", "/_sandbox/ageing", {})

    def credits(self) -> list[Document]:
        """Return every credit that was posted, whatever faults are on."""
        found: list[Document] = self._ask("GET", "/_sandbox/credit")
        return found

    def newest_credit(self) -> str:
        """Return the id of the credit that was posted last, whatever faults are on."""
        found = self.credits()
        return str(found[0]["id"]) if found else ""

    def misbehave(self, **faults: Any) -> None:
        """Switch faults on."""
        self._ask("PUT", "/_sandbox/faults", faults)

    def behave(self) -> None:
        """Switch every fault off."""
        self.has_news = True
        self._ask("DELETE", "/_sandbox/faults")

    def forget_webhooks(self) -> None:
        """Send webhooks to nobody: the website that an earlier `make run` named does not run now."""
        self._http.delete("/hub/command-line")

    def _post(self, kind: str, content: Document) -> Document:
        self.has_news = True
        made: Document = self._ask("POST", f"/_sandbox/{kind}", content)
        return made

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        answer = self._http.request(method, path, json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def houses(codes: Iterable[str] = VENDORS) -> dict[str, VendorHouse]:
    """Return both vendors' people by the code of their billing system."""
    return {code: VendorHouse(code) for code in codes}


def money(amount: Decimal) -> Document:
    """Write an amount as the contract does."""
    return {"unit": "USD", "value": str(amount)}
