"""Our words as TM Forum's (TMF622, TMF697), and theirs as ours."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.ports import (
    Amounts,
    Appointment,
    BillingReport,
    Credit,
    LineReport,
    Party,
    Place,
    Request,
    VendorFact,
    WorkOrder,
    WorkOrderCancellation,
    WorkOrderChange,
    WorkOrderLine,
    WorkOrderReport,
)
from billing.states import WorkOrderState

Document = dict[str, Any]

STATES = {
    "acknowledged": WorkOrderState.ACCEPTED,
    "pending": WorkOrderState.SCHEDULED,
    "held": WorkOrderState.SCHEDULED,
    "inProgress": WorkOrderState.DISPATCHED,
    "completed": WorkOrderState.INSTALLED,
    "partial": WorkOrderState.PARTLY_INSTALLED,
    "failed": WorkOrderState.FAILED,
    "rejected": WorkOrderState.FAILED,
    "cancelled": WorkOrderState.CANCELLED,
}
BILLING_KINDS = {
    "invoice": "invoice",
    "receipt": "receipt",
    "receiptAllocation": "receipt_allocation",
    "receiptDeallocation": "receipt_deallocation",
}

LONGEST_ID = 100
LONGEST_KIND = 80
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What reading raises where a document has not the contract's shape."""


# What we ask.


def request(asked: Request) -> Document:
    """Return the body of a request."""
    content = asked.content
    if isinstance(content, WorkOrder):
        document = _work_order(content)
    elif isinstance(content, WorkOrderChange):
        document = {"workOrder": {"id": asked.work_order_id}, **_change(content)}
    elif isinstance(content, WorkOrderCancellation):
        document = {"workOrder": {"id": asked.work_order_id}, "cancellationReason": content.reason}
    else:
        document = _credit(content)
    return {"externalId": asked.request_id, **document}


def _work_order(work_order: WorkOrder) -> Document:
    document = {
        "@type": "WorkOrder",
        "description": work_order.order_number,
        "relatedParty": [_party(work_order.party)],
        "billingAccount": {"id": work_order.party.account_number},
        "place": _place(work_order.place),
        "workOrderItem": [_item(line, work_order.amounts.currency) for line in work_order.lines],
        "orderTotalPrice": _totals(work_order.amounts),
    }
    if work_order.appointment:
        document["appointment"] = _appointment(work_order.appointment)
    if work_order.note:
        document["note"] = [{"text": work_order.note}]
    return document


def _change(change: WorkOrderChange) -> Document:
    document: Document = {}
    if change.appointment:
        document["appointment"] = _appointment(change.appointment)
    if change.party:
        document["relatedParty"] = [_party(change.party)]
    if change.place:
        document["place"] = _place(change.place)
    if change.note:
        document["note"] = [{"text": change.note}]
    return document


def _credit(credit: Credit) -> Document:
    return {
        "billingAccount": {"id": credit.account_number},
        "amount": _money(credit.amount, credit.currency),
        "reason": credit.reason,
    }


def _party(party: Party) -> Document:
    media = {"email": ("emailAddress", party.email), "phone": ("phoneNumber", party.phone)}
    return {
        "id": party.customer_number,
        "name": party.name,
        "role": "customer",
        "language": party.language,
        "contactMedium": [
            {"mediumType": medium, "characteristic": {name: value}} for medium, (name, value) in media.items() if value
        ],
    }


def _place(place: Place) -> Document:
    return {
        "id": place.premises_id,
        "role": "installation address",
        "streetLine": place.street_line,
        "unit": place.unit,
        "city": place.city,
        "stateOrProvince": place.state,
        "postcode": place.zip_code,
    }


def _appointment(appointment: Appointment) -> Document:
    return {
        "id": appointment.slot,
        "validFor": {
            "startDateTime": appointment.starts_at.isoformat(),
            "endDateTime": appointment.ends_at.isoformat(),
        },
    }


def _item(line: WorkOrderLine, currency: str) -> Document:
    return {
        "id": line.line_id,
        "action": "add",
        "quantity": line.quantity,
        "productOffering": {"id": line.product_code, "name": line.name},
        "itemPrice": [
            {"priceType": "recurring", "recurringChargePeriod": "month", "price": _money(line.recurring, currency)},
            {"priceType": "oneTime", "price": _money(line.one_time, currency)},
        ],
    }


def _totals(amounts: Amounts) -> list[Document]:
    currency, month = amounts.currency, {"priceType": "recurring", "recurringChargePeriod": "month"}
    after = {"name": "monthly after promotion", **month, "price": _money(amounts.monthly_after, currency)}
    return [
        {"name": "due today", "priceType": "oneTime", "price": _money(amounts.due_today, currency)},
        {"name": "monthly", **month, "price": _money(amounts.monthly, currency)},
        after | {"promotionMonths": amounts.promotion_months},
        *(
            {"name": tax.name, "id": tax.code, "priceType": kind, "isTax": True, "price": _money(amount, currency)}
            for tax in amounts.taxes
            for kind, amount in (("oneTime", tax.today), ("recurring", tax.monthly))
        ),
    ]


def _money(amount: Decimal, currency: str) -> Document:
    return {"unit": currency, "value": str(amount)}


# What they tell.


def vendor_fact(event: Mapping[str, Any]) -> VendorFact:
    """
    Return an event in our words; what it tells may be unreadable, which is noted rather than lost.

    :raises ValueError: if not even its id, kind and time can be read
    """
    try:
        event_id, kind = str(event["eventId"]), str(event["eventType"])
        occurred_at = datetime.fromisoformat(event["eventTime"])
    except UNREADABLE as problem:
        raise ValueError(f"This is no event: {problem!r}") from problem
    report, trouble = None, ""
    try:
        _check_size(event_id, kind)
        report = _report(event["event"])
    except UNREADABLE as problem:
        trouble = _keepable(repr(problem))
    return VendorFact(
        event_id=_short_id(event_id),
        kind=_keepable(kind)[:LONGEST_KIND],
        occurred_at=occurred_at,
        raw=json.loads(_keepable(json.dumps(event))),
        report=report,
        trouble=trouble,
    )


def _check_size(event_id: str, kind: str) -> None:
    """
    Hold an event's names against what the contract allows.

    :raises ValueError: if one is too long, or holds a NUL
    """
    if len(event_id) > LONGEST_ID or len(kind) > LONGEST_KIND or "\0" in event_id + kind:
        raise ValueError("The event's id or kind is too long, or holds a NUL.")


def _short_id(event_id: str) -> str:
    """Return an id that we can keep, and by which an event that is told again is known again."""
    if len(event_id) <= LONGEST_ID and "\0" not in event_id:
        return event_id
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()


def _keepable(text: str) -> str:
    """Return text, or JSON, without NUL, which Postgres cannot keep."""
    return text.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd")


def _report(resources: Mapping[str, Any]) -> WorkOrderReport | BillingReport | None:
    for name, document in resources.items():
        if name == "workOrder":
            return _work_order_report(document)
        if name in BILLING_KINDS:
            return _billing_report(BILLING_KINDS[name], document)
    return None


def _work_order_report(document: Mapping[str, Any]) -> WorkOrderReport:
    window = document.get("appointment", {}).get("validFor")
    notes = [str(note["text"]) for note in document.get("note", []) if note.get("author") == "dispatch"]
    return WorkOrderReport(
        request_id=_id(document["externalId"]),
        work_order_id=_id(document["id"]),
        version=int(document["version"]),
        state=STATES[document["state"]],
        lines=tuple(_line_report(item) for item in document["workOrderItem"]),
        appointment=_window(document["appointment"]) if window else None,
        reason=str(document.get("cancellationReason") or (notes[-1] if notes else "")),
    )


def _id(given: Any) -> str:
    """
    Return an id as text.

    :raises ValueError: if it is longer than the contract allows, or holds a NUL
    """
    text = str(given)
    if len(text) > LONGEST_ID or "\0" in text:
        raise ValueError("An id is too long, or holds a NUL.")
    return text


def _line_report(item: Mapping[str, Any]) -> LineReport:
    completed = item.get("completionDate")
    return LineReport(
        line_id=str(item["id"]),
        state=STATES[item["state"]],
        completed_at=datetime.fromisoformat(completed) if completed else None,
    )


def _window(appointment: Mapping[str, Any]) -> Appointment:
    window = appointment["validFor"]
    return Appointment(
        starts_at=datetime.fromisoformat(window["startDateTime"]),
        ends_at=datetime.fromisoformat(window["endDateTime"]),
        slot=str(appointment.get("id", "")),
    )


def _billing_report(kind: str, document: Mapping[str, Any]) -> BillingReport:
    return BillingReport(
        kind=kind,
        external_id=str(document["id"]),
        account_number=str(document["billingAccount"]["id"]),
        amount=Decimal(document["amount"]["value"]),
        currency=str(document["amount"]["unit"]),
        invoice_id=str(document.get("invoice", {}).get("id", "")),
        receipt_id=str(document.get("receipt", {}).get("id", "")),
        due_date=str(document.get("dueDate", "")),
    )
