"""What the vendor does: take work orders, install them, bill, and say what has happened."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sandbox.billing.accounts import CLOSED as ACCOUNT_CLOSED, Accounts
from sandbox.billing.faults import Faults
from sandbox.billing.refusals import Refusal, above_zero
from sandbox.billing.store import Document, Store, announce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sandbox.billing.clock import Clock

ACCEPTED, SCHEDULED, DISPATCHED = "acknowledged", "pending", "inProgress"
INSTALLED, FAILED, CANCELLED, PARTIAL = "completed", "failed", "cancelled", "partial"
STEPS = [ACCEPTED, SCHEDULED, DISPATCHED, INSTALLED]
CLOSED = {INSTALLED, FAILED, CANCELLED, PARTIAL}

PREFIXES = {"workOrder": "WO", "changeWorkOrder": "CH", "cancelWorkOrder": "CX", "credit": "CR"}


class Vendor:
    """The billing system. Every public method that writes is one transaction."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """Open the vendor's memory in a folder."""
        self.store = Store(data / "vendor.sqlite3")
        self.clock = clock
        self.accounts = Accounts(self.store, clock)

    # What the contract offers. Each request is idempotent by its externalId.

    def take_work_order(self, asked: Document) -> tuple[Document, bool]:
        """
        Accept a work order; tell whether it is new.

        :raises Refusal: 409 for other content under a known request id, 422 for a product that is not known
        """
        return self._take("workOrder", asked, self._accept_work_order)

    def take_change(self, asked: Document) -> tuple[Document, bool]:
        """
        Reschedule or correct a work order; tell whether the request is new.

        :raises Refusal: 404 for an unknown work order, 422 where it is too late, 409 as above
        """
        return self._take("changeWorkOrder", asked, self._change_work_order)

    def take_cancellation(self, asked: Document) -> tuple[Document, bool]:
        """
        Cancel a work order that no technician has left for, or what a visit has left; tell whether the request is new.

        :raises Refusal: 404 for an unknown work order or item, 422 once dispatched or closed, 409 as above
        """
        return self._take("cancelWorkOrder", asked, self._cancel_work_order)

    def take_credit(self, asked: Document) -> tuple[Document, bool]:
        """
        Post a credit to a billing account; tell whether the request is new.

        :raises Refusal: 422 for an amount that is not above zero, or an account that is closed, 409 as above
        """
        return self._take("credit", asked, self._post_credit)

    def events_after(self, cursor: int, limit: int) -> Document:
        """Return one page of what has happened since a cursor, and the cursor to go on from."""
        found = self.store.events_after(cursor, limit + 1)
        page = found[:limit]
        return {
            "event": [event for _, event in page],
            "cursor": str(page[-1][0] if page else cursor),
            "more": len(found) > limit,
        }

    def products(self) -> list[Document]:
        """Return the products that this vendor was told."""
        return self.store.read_setting("products") or []

    def learn_products(self, products: Iterable[Document]) -> list[Document]:
        """
        Replace the product list.

        :raises Refusal: 400 if a product has no code
        """
        learnt = [{"id": str(product.get("id", "")), "name": str(product.get("name", ""))} for product in products]
        if not all(product["id"] for product in learnt):
            raise Refusal(400, "invalidProduct", "Every product needs an id.")
        with self.store.transaction():
            self.store.write_setting("products", learnt)
        return learnt

    def _take(self, kind: str, asked: Document, make: Callable[[Document], Document]) -> tuple[Document, bool]:
        external_id = str(asked.get("externalId") or "")
        if not external_id:
            raise Refusal(400, "missingExternalId", "Every request needs an externalId.")
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        with self.store.transaction():
            earlier = None if self.faults().forget_request_ids else self.store.digest(kind, external_id)
            if earlier == digest:
                return self.store.find(kind, external_id)[0], False
            if earlier is not None:
                raise Refusal(409, "otherContent", "This externalId was used for other content.", external_id)
            document = make(asked)
            self.store.put(kind, document, digest=digest)
            return document, True

    def _accept_work_order(self, asked: Document) -> Document:
        items = self._known_items(asked, ACCEPTED)
        document = self._numbered("workOrder", asked)
        document |= {"state": ACCEPTED, "version": "1", "orderDate": self.clock.stamp(), "workOrderItem": items}
        self._announce("workOrder", "CreateEvent", document)
        return document

    def _change_work_order(self, asked: Document) -> Document:
        work_order = self._work_order(asked.get("workOrder", {}).get("id", ""))
        wishes = {
            name: asked[name]
            for name in ("appointment", "relatedParty", "place", "workOrderItem", "orderTotalPrice", "note")
            if name in asked
        }
        if work_order["state"] in CLOSED:
            raise Refusal(422, "closed", "The work order is closed.", work_order["id"])
        if work_order["state"] == DISPATCHED and wishes.keys() & {"appointment", "place", "workOrderItem"}:
            raise Refusal(422, "dispatched", "A technician is on the way.", work_order["id"])
        if "workOrderItem" in wishes:
            wishes["workOrderItem"] = self._known_items(asked, work_order["state"])
        self._save(work_order | wishes, "AttributeValueChangeEvent")
        return self._numbered("changeWorkOrder", asked) | {"state": "done"}

    def _cancel_work_order(self, asked: Document) -> Document:
        work_order = self._work_order(asked.get("workOrder", {}).get("id", ""))
        states = {item["id"]: item["state"] for item in work_order["workOrderItem"]}
        unwanted = {str(item.get("id", "")) for item in asked.get("workOrderItem") or []} or set(states)
        if unknown := unwanted - set(states):
            raise Refusal(404, "unknownItem", "The work order has no such item.", min(unknown))
        was_visited = unwanted < set(states) and not CLOSED.isdisjoint(states.values())
        if work_order["state"] == DISPATCHED and not was_visited:
            raise Refusal(422, "dispatched", "A technician is on the way.", work_order["id"])
        if work_order["state"] in CLOSED or any(states[item] in CLOSED for item in unwanted):
            raise Refusal(422, "closed", "The work order is closed.", work_order["id"])
        items = [
            item | {"state": CANCELLED} if item["id"] in unwanted else item for item in work_order["workOrderItem"]
        ]
        cancelled = {
            "state": _state_of_all(items),
            "cancellationDate": self.clock.stamp(),
            "cancellationReason": asked.get("cancellationReason", ""),
            "workOrderItem": items,
        }
        self._save(work_order | cancelled, "StateChangeEvent")
        return self._numbered("cancelWorkOrder", asked) | {"state": "done"}

    def _post_credit(self, asked: Document) -> Document:
        above_zero(asked.get("amount", {}))
        account = str(asked.get("billingAccount", {}).get("id") or "")
        if self.accounts.status_of(account) == ACCOUNT_CLOSED:
            raise Refusal(422, "accountClosed", "The account is closed.", account)
        document = self._numbered("credit", asked) | {"state": "posted", "postedDate": self.clock.stamp()}
        self._announce("credit", "CreateEvent", document)
        return document

    # What happens in the vendor's own house: a person or a test plays it.

    def advance(
        self, work_order_id: str, state: str, *, items: Iterable[str] = (), reason: str = "", appointment: Any = None
    ) -> Document:
        """
        Move a work order on to a state, through the steps between; with items, only those.

        :raises Refusal: 404 for an unknown work order, 422 for an unknown or earlier state, or a closed work order
        """
        if state not in {*STEPS, FAILED}:
            raise Refusal(422, "unknownState", f"No such state: {state}", state)
        with self.store.transaction():
            work_order = self._work_order(work_order_id)
            if work_order["state"] in CLOSED:
                raise Refusal(422, "closed", "The work order is closed.", work_order_id)
            if appointment:
                work_order["appointment"] = appointment
            for step in self._steps_between(work_order["state"], state):
                work_order = self._step(work_order, step, set(items), reason)
            return work_order

    def _steps_between(self, state: str, target: str) -> list[str]:
        if target == FAILED:
            return [FAILED]
        if STEPS.index(target) < STEPS.index(state):
            raise Refusal(422, "goesBack", "It is further on already.", state)
        return STEPS[STEPS.index(state) + 1 : STEPS.index(target) + 1] or [target]

    def _step(self, work_order: Document, state: str, only: set[str], reason: str) -> Document:
        ends = state in {INSTALLED, FAILED}
        reached = {"state": state, "completionDate": self.clock.stamp()} if ends else {"state": state}
        items = [
            item | reached if item["state"] not in CLOSED and (not ends or not only or item["id"] in only) else item
            for item in work_order["workOrderItem"]
        ]
        moved = work_order | {"workOrderItem": items, "state": _state_of_all(items)}
        if reason and state == FAILED:
            moved["note"] = [*moved.get("note", []), {"author": "dispatch", "text": reason}]
        if moved["state"] in CLOSED:
            moved["completionDate"] = self.clock.stamp()
        return self._save(moved, "StateChangeEvent")

    def _save(self, work_order: Document, event: str) -> Document:
        saved = work_order | {"version": str(int(work_order["version"]) + 1)}
        self.store.put("workOrder", saved)
        self._announce("workOrder", event, saved)
        return saved

    def _work_order(self, work_order_id: object) -> Document:
        found = self.store.get("workOrder", str(work_order_id))
        if found is None:
            raise Refusal(404, "unknownWorkOrder", "No such work order.", str(work_order_id))
        return found

    def _known_items(self, asked: Document, state: str) -> list[Document]:
        items = asked.get("workOrderItem") or []
        if not items:
            raise Refusal(422, "noItems", "A work order needs at least one item.")
        known = {product["id"] for product in self.products()}
        for item in items:
            code = str(item.get("productOffering", {}).get("id", ""))
            if code not in known:
                raise Refusal(422, "unknownProduct", f"Product {code} is not known here.", code)
        return [item | {"state": state} for item in items]

    def _numbered(self, kind: str, asked: Document) -> Document:
        number = f"{PREFIXES.get(kind, kind[:3].upper())}-{self.store.next_number(kind):06}"
        return asked | {"id": number, "href": f"/{kind}/{number}", "@type": kind[0].upper() + kind[1:]}

    def _announce(self, kind: str, event: str, document: Document) -> None:
        announce(self.store, self.clock, kind[0].upper() + kind[1:] + event, {kind: document})

    # Misbehaviour.

    def faults(self) -> Faults:
        """Return what is switched on."""
        return Faults(**(self.store.read_setting("faults") or {}))

    def set_faults(self, faults: Faults) -> Faults:
        """Switch faults on and off."""
        self.store.write_setting("faults", faults.as_json())
        return faults

    def strikes(self, name: str) -> bool:
        """Tell whether a counted fault strikes now, and count it."""
        with self.store.transaction():
            faults = self.faults()
            if getattr(faults, name) == 0:
                return False
            self.set_faults(faults.spent(name))
            return True


def _state_of_all(items: list[Document]) -> str:
    """Return the state of a work order from those of its items: closed when all are, else the least advanced open."""
    states = {item["state"] for item in items}
    still_open = [state for state in STEPS if state in states and state not in CLOSED]
    if still_open:
        return still_open[0]
    return states.pop() if len(states) == 1 else PARTIAL
