"""Our words as TM Forum's (TMF622, TMF697), and theirs as ours."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.ports import (
    AccountReport,
    Amounts,
    Appointment,
    BalanceReport,
    BillingReport,
    Credit,
    LineReport,
    Party,
    Place,
    Request,
    StatusReport,
    VendorFact,
    WorkOrder,
    WorkOrderCancellation,
    WorkOrderChange,
    WorkOrderLine,
    WorkOrderReport,
)
from billing.states import BillingKind, ServiceStatus, WorkOrderState

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
SERVICE_STATUSES = {
    "active": ServiceStatus.ACTIVE,
    "suspended": ServiceStatus.SUSPENDED,
    "disconnected": ServiceStatus.DISCONNECTED,
}

LONGEST_ID = 100
LONGEST_ACCOUNT = 40
LONGEST_KIND = 80
HIGHEST_VERSION = 2**31 - 1
CENT, TOO_MUCH = Decimal("0.01"), Decimal(10) ** 10
CURRENCY = re.compile("[A-Z]{3}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
YEARS = range(1990, 2200)
"""Whatever is said to happen in another year is a slip, and some of its moments have no date in every zone."""
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
        document = {"workOrder": {"id": asked.work_order_id}, **_cancellation(content)}
    else:
        document = _credit(content)
    return {"externalId": asked.request_id, **document}


def _cancellation(cancellation: WorkOrderCancellation) -> Document:
    document: Document = {"cancellationReason": cancellation.reason}
    if cancellation.lines:
        document["workOrderItem"] = [{"id": line} for line in cancellation.lines]
    return document


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
    if occurred_at.tzinfo is None:
        occurred_at = occurred_at.replace(tzinfo=UTC)
    report, trouble = None, ""
    try:
        _check_size(event_id, kind)
        _check_year(occurred_at)
        report = _report(event["event"])
    except UNREADABLE as problem:
        trouble = _keepable(repr(problem))
    return VendorFact(
        event_id=_short_id(event_id),
        kind=_keepable(kind)[:LONGEST_KIND],
        occurred_at=occurred_at,
        raw=json.loads(_keepable(json.dumps(event, ensure_ascii=False))),
        report=report,
        trouble=trouble,
    )


def _check_size(event_id: str, kind: str) -> None:
    """
    Hold an event's names against what the contract allows.

    :raises ValueError: if one is too long, or holds what Postgres cannot keep
    """
    if len(event_id) > LONGEST_ID or len(kind) > LONGEST_KIND or event_id + kind != _keepable(event_id + kind):
        raise ValueError("The event's id or kind is too long, or holds what cannot be kept.")


def _check_year(moment: date) -> None:
    """
    Refuse a moment or a day that nobody can mean.

    :raises ValueError: if it is in another age
    """
    if moment.year not in YEARS:
        raise ValueError(f"The year cannot be meant: {moment.year}")


def _short_id(event_id: str) -> str:
    """Return an id that we can keep, and by which an event that is told again is known again."""
    if len(event_id) <= LONGEST_ID and event_id == _keepable(event_id):
        return event_id
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()


def _keepable(text: str) -> str:
    """Return text, or JSON, without NUL and halves of characters, which Postgres cannot keep."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd")


def _report(resources: Mapping[str, Any]) -> WorkOrderReport | AccountReport | None:
    for name, document in resources.items():
        if name in READERS:
            return READERS[name](document)
    return None


def _work_order_report(document: Mapping[str, Any]) -> WorkOrderReport:
    window = document.get("appointment", {}).get("validFor")
    notes = [str(note["text"]) for note in document.get("note", []) if note.get("author") == "dispatch"]
    return WorkOrderReport(
        request_id=short_text(document["externalId"]),
        work_order_id=short_text(document["id"]),
        version=_version(document["version"]),
        state=STATES[document["state"]],
        lines=tuple(_line_report(item) for item in document["workOrderItem"]),
        appointment=_window(document["appointment"]) if window else None,
        reason=_keepable(str(document.get("cancellationReason") or (notes[-1] if notes else ""))),
    )


def short_text(given: Any) -> str:
    """
    Return an id or a cursor as text.

    :raises ValueError: if it is longer than the contract allows, or holds what Postgres cannot keep
    """
    text = str(given)
    if len(text) > LONGEST_ID or text != _keepable(text):
        raise ValueError("An id is too long, or holds what cannot be kept.")
    return text


def _version(given: Any) -> int:
    """
    Return a version.

    :raises ValueError: if it is beyond what any resource comes to
    """
    version = int(given)
    if not 0 <= version <= HIGHEST_VERSION:
        raise ValueError("The version is out of bounds.")
    return version


def _line_report(item: Mapping[str, Any]) -> LineReport:
    completed = item.get("completionDate")
    return LineReport(
        line_id=short_text(item["id"]),
        state=STATES[item["state"]],
        completed_at=datetime.fromisoformat(completed) if completed else None,
    )


def _window(appointment: Mapping[str, Any]) -> Appointment:
    window = appointment["validFor"]
    return Appointment(
        starts_at=datetime.fromisoformat(window["startDateTime"]),
        ends_at=datetime.fromisoformat(window["endDateTime"]),
        slot=short_text(appointment.get("id", "")),
    )


# What they tell of accounts: read strictly, for money and dates are judged by it. What is wrong is kept as unreadable.


def _invoice(document: Mapping[str, Any]) -> BillingReport:
    bill = _billing_report(BillingKind.INVOICE, document)
    tax, currency = _amount(document["taxAmount"]) if document.get("taxAmount") else (Decimal("0.00"), bill["currency"])
    if tax > bill["amount"] or currency != bill["currency"]:
        raise ValueError("The tax is more than the amount, or of another currency.")
    given = {"effective_date": _day(document, "billDate") or bill["effective_date"], "tax": tax}
    return BillingReport(**bill | given, due_date=_day(document, "dueDate"))


def _receipt(document: Mapping[str, Any]) -> BillingReport:
    return BillingReport(**_billing_report(BillingKind.RECEIPT, document))


def _credit_report(document: Mapping[str, Any]) -> BillingReport:
    request_id = short_text(document["externalId"]) if document.get("externalId") else ""
    return BillingReport(**_billing_report(BillingKind.CREDIT, document), request_id=request_id)


def _allocation(kind: BillingKind, source: str) -> Callable[[Mapping[str, Any]], BillingReport]:
    def read(document: Mapping[str, Any]) -> BillingReport:
        return BillingReport(
            **_billing_report(kind, document),
            invoice_id=_name_of(document["invoice"]),
            source_id=_name_of(document[source]),
        )

    return read


def _billing_report(kind: BillingKind, document: Mapping[str, Any]) -> dict[str, Any]:
    amount, currency = _amount(document["amount"])
    if not amount:
        raise ValueError("The amount must be above zero.")
    return {
        "kind": kind,
        "external_id": _name_of(document),
        "account_number": _account_of(document),
        "amount": amount,
        "currency": currency,
        "effective_date": _day(document, "effectiveDate"),
    }


def _service_status(document: Mapping[str, Any]) -> StatusReport:
    return StatusReport(
        account_number=_account_of(document),
        status=SERVICE_STATUSES[document["status"]],
        effective_date=_day(document, "effectiveDate"),
    )


def _account_closure(document: Mapping[str, Any]) -> StatusReport:
    return StatusReport(
        account_number=_account_of(document),
        status=ServiceStatus.CLOSED,
        effective_date=_day(document, "effectiveDate"),
    )


def _aged_balance(document: Mapping[str, Any]) -> BalanceReport:
    past_due, currency = _amount(document["pastDueAmount"])
    oldest = _day(document, "oldestDueDate") if past_due else ""
    if past_due and not oldest:
        raise ValueError("Something is past due, and it is not said since when.")
    return BalanceReport(
        account_number=_account_of(document), past_due=past_due, currency=currency, oldest_due_date=oldest
    )


def _account_of(document: Mapping[str, Any]) -> str:
    return _name_of(document["billingAccount"], LONGEST_ACCOUNT)


def _name_of(resource: Mapping[str, Any], longest: int = LONGEST_ID) -> str:
    """
    Return the id of a resource.

    :raises ValueError: if there is none, or it is longer than the contract allows
    """
    given = resource["id"]
    if not isinstance(given, str) or not given or len(given) > longest:
        raise ValueError("An id is missing, no text, or too long.")
    return short_text(given)


def _amount(money: Mapping[str, Any]) -> tuple[Decimal, str]:
    """
    Return an amount with its currency.

    :raises ValueError: if it is no text, negative, finer than a cent or beyond all bounds, or has no currency
    """
    value, currency = money["value"], money["unit"]
    if not isinstance(value, str) or not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise ValueError("An amount is a decimal in a text, with a currency of three letters.")
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount < TOO_MUCH or amount != amount.quantize(CENT):
        raise ValueError("An amount is not below zero, and has at most ten digits and two decimals.")
    return amount.quantize(CENT), currency


def _day(document: Mapping[str, Any], name: str) -> str:
    """
    Return a date of a document, empty where it gives none.

    :raises ValueError: if it is no date
    """
    given = document.get(name)
    if given in (None, ""):
        return ""
    if not isinstance(given, str) or not DAY.fullmatch(given):
        raise ValueError(f"{name} is no date.")
    _check_year(date.fromisoformat(given))
    return given


READERS: Mapping[str, Callable[[Mapping[str, Any]], WorkOrderReport | AccountReport]] = {
    "workOrder": _work_order_report,
    "credit": _credit_report,
    "invoice": _invoice,
    "receipt": _receipt,
    "receiptAllocation": _allocation(BillingKind.RECEIPT_ALLOCATION, "receipt"),
    "receiptDeallocation": _allocation(BillingKind.RECEIPT_DEALLOCATION, "receipt"),
    "creditNoteAllocation": _allocation(BillingKind.CREDIT_NOTE_ALLOCATION, "creditNote"),
    "creditNoteDeallocation": _allocation(BillingKind.CREDIT_NOTE_DEALLOCATION, "creditNote"),
    "serviceStatus": _service_status,
    "accountClosure": _account_closure,
    "agedBalance": _aged_balance,
}
"""How each resource that an event may hold is read."""
