"""The page on which a person plays the vendor: work orders, buttons, faults."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.billing.accounts import ACTIVE, DISCONNECTED, SUSPENDED
from sandbox.billing.faults import Faults
from sandbox.billing.vendor import ACCEPTED, CLOSED, DISPATCHED, FAILED, INSTALLED, SCHEDULED

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.billing.accounts import Accounts, Bill
    from sandbox.billing.store import Document
    from sandbox.billing.vendor import Vendor

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
WORDS = {
    ACCEPTED: "accepted",
    SCHEDULED: "scheduled",
    DISPATCHED: "dispatched",
    INSTALLED: "installed",
    FAILED: "failed",
    "cancelled": "cancelled",
    "partial": "partly installed",
}
BUTTONS = {"Schedule": SCHEDULED, "Dispatch": DISPATCHED, "Install": INSTALLED, "Fail": FAILED}
SWITCHES = {
    "slow_seconds": "Seconds to wait before doing anything",
    "slow_answer_seconds": "Seconds to wait before answering",
    "fail": "Requests to fail before anything is done",
    "fail_after_commit": "Writes to do, then answer 500",
    "hang_up": "Writes to do, then hang up in mid-answer",
    "away_seconds": "Seconds to be away (503)",
    "webhook_copies": "More copies of each webhook",
    "webhook_drop": "Webhooks to lose",
}


def address(said: str) -> str:
    """Return the page's address with what is to be said on it."""
    return "/?" + urlencode({"said": said})


def press(vendor: Vendor, form: dict[str, str], values: dict[str, list[str]]) -> str:
    """
    Do what a button says; return the sentence that tells so.

    :raises Refusal: if the vendor's own rules forbid it
    """
    action = form.get("action", "")
    if action == "faults":
        wishes = {name: float(form[name]) for name in SWITCHES if form.get(name)}
        wishes["webhook_shuffle"] = "webhook_shuffle" in form
        vendor.set_faults(vendor.faults().changed(wishes, vendor.clock.now()))
        return "Faults are set."
    if action == "clear":
        vendor.set_faults(Faults())
        return "Every fault is off."
    if action in ACCOUNT_ACTIONS:
        return ACCOUNT_ACTIONS[action](vendor.accounts, form)
    work_order = vendor.advance(
        form.get("work_order", ""), BUTTONS.get(action, ""), items=values.get("item", []), reason=form.get("reason", "")
    )
    return f"{work_order['id']} is {WORDS[work_order['state']]}."


def _bill(accounts: Accounts, form: dict[str, str]) -> str:
    given = {name: form[name] for name in ("billDate", "dueDate") if form.get(name)}
    tax = {"taxAmount": _dollars(form["tax"])} if form.get("tax") else {}
    invoice = accounts.issue("invoice", _account_of(form) | {"amount": _dollars(form.get("amount", ""))} | tax | given)
    return f"Invoice {invoice['id']} is issued."


def _pay(accounts: Accounts, form: dict[str, str]) -> str:
    amount = {"amount": _dollars(form["amount"])} if form.get("amount") else {}
    allocation = accounts.pay({"invoice": {"id": form.get("invoice", "")}} | amount | _date_of(form))
    return f"{allocation['amount']['value']} is paid on {allocation['invoice']['id']}."


def _credit(accounts: Accounts, form: dict[str, str]) -> str:
    amount = {"amount": _dollars(form["amount"])} if form.get("amount") else {}
    allocation = accounts.credit({"invoice": {"id": form.get("invoice", "")}} | amount | _date_of(form))
    return f"A credit note pays {allocation['amount']['value']} of {allocation['invoice']['id']}."


def _take_back(accounts: Accounts, form: dict[str, str]) -> str:
    kind = form.get("kind", "receiptAllocation")
    kind = kind if kind == "creditNoteAllocation" else "receiptAllocation"
    reversal = accounts.take_back(kind, {kind: {"id": form.get("allocation", "")}} | _date_of(form))
    return f"{reversal['amount']['value']} is taken back from {reversal['invoice']['id']}."


def _say_status(status: str) -> Callable[[Accounts, dict[str, str]], str]:
    def say(accounts: Accounts, form: dict[str, str]) -> str:
        accounts.issue("serviceStatus", _account_of(form) | {"status": status} | _date_of(form))
        return f"Account {form['account']} is {status}."

    return say


def _close(accounts: Accounts, form: dict[str, str]) -> str:
    accounts.issue("accountClosure", _account_of(form) | _date_of(form))
    return f"Account {form['account']} is closed."


def _age(accounts: Accounts, form: dict[str, str]) -> str:
    told = accounts.age(form.get("account", ""))
    return f"{len(told)} aged balance{'' if len(told) == 1 else 's'} told."


ACCOUNT_ACTIONS: dict[str, Callable[[Accounts, dict[str, str]], str]] = {
    "invoice": _bill,
    "pay": _pay,
    "credit": _credit,
    "take-back": _take_back,
    "suspend": _say_status(SUSPENDED),
    "restore": _say_status(ACTIVE),
    "disconnect": _say_status(DISCONNECTED),
    "close": _close,
    "age": _age,
}


def _account_of(form: dict[str, str]) -> Document:
    return {"billingAccount": {"id": form.get("account", "")}}


def _date_of(form: dict[str, str]) -> Document:
    return {"effectiveDate": form["effective"]} if form.get("effective") else {}


def _dollars(value: str) -> Document:
    return {"unit": "USD", "value": value}


def render(vendor: Vendor, name: str, said: str) -> str:
    """Return the whole page."""
    work_orders = vendor.store.latest("workOrder", limit=50)
    cards = "".join(_card(work_order) for work_order in work_orders) or "<p class=quiet>No work order yet.</p>"
    accounts = "".join(_account(vendor.accounts, number) for number in _numbers(vendor, work_orders))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<header><h1>{escape(name)}</h1><p class=quiet>A stand-in for a billing vendor. Here you play its people."
        f" Its clock says {vendor.clock.now():%a %d %b %Y, %H:%M} UTC.</p>"
        f"{f'<p class=said role=status>{escape(said)}</p>' if said else ''}</header>"
        f"<main><h2>Work orders</h2>{cards}<h2>Accounts</h2>{AGE_ALL if accounts else ''}"
        f"{accounts or '<p class=quiet>None yet: install something.</p>'}"
        f"<h2>Faults</h2>{_faults(vendor)}</main></body></html>"
    )


def _card(work_order: Document) -> str:
    customer = next((str(party.get("name", "")) for party in work_order.get("relatedParty", [])), "")
    place = work_order.get("place", {})
    where = ", ".join(str(place[part]) for part in ("streetLine", "unit", "city") if place.get(part))
    window = work_order.get("appointment", {}).get("validFor", {})
    when = f"{_moment(window['startDateTime'])} to {_moment(window['endDateTime'])}" if window else "no appointment"
    items = "".join(_item(item) for item in work_order["workOrderItem"])
    return (
        f"<article class=card><h3>{escape(work_order['id'])} {_state(work_order['state'])}"
        f"<span class=quiet>{escape(work_order['externalId'])}</span></h3>"
        f"<div class=quiet>{escape(customer)} · {escape(where)} · {escape(when)}</div>"
        f'<form method="post" action="/"><input type="hidden" name="work_order" value="{escape(work_order["id"])}">'
        f"<ul>{items}</ul>{'' if work_order['state'] in CLOSED else _buttons()}</form></article>"
    )


def _item(item: Document) -> str:
    offering = item.get("productOffering", {})
    words = escape(f"{item.get('quantity', 1)} × {offering.get('name') or offering.get('id')}")
    if item["state"] in CLOSED:
        return f"<li>{words} {_state(item['state'])}</li>"
    number = escape(str(item["id"]))
    return (
        f'<li><label><input type="checkbox" name="item" value="{number}"> {words}</label> {_state(item["state"])}</li>'
    )


def _buttons() -> str:
    buttons = "".join(f'<button name="action" value="{name}">{name}</button>' for name in BUTTONS)
    return f'{buttons}<input name="reason" aria-label="Reason of a failure" placeholder="Reason of a failure">'


AGE_ALL = '<form method="post" action="/"><button name="action" value="age">Tell what is past due today</button></form>'


def _numbers(vendor: Vendor, work_orders: list[Document]) -> list[str]:
    """Return the accounts that there is something to do about, the newest first."""
    installed = [one for one in work_orders if one["state"] in {INSTALLED, "partial"}]
    named = [*vendor.store.latest("invoice", limit=100), *installed]
    numbers = dict.fromkeys(str(one.get("billingAccount", {}).get("id", "")) for one in named)
    return [number for number in numbers if number][:50]


def _account(accounts: Accounts, number: str) -> str:
    status = accounts.status_of(number)
    mark = f'<span class="state {status}">{status}</span>'
    bills = "".join(_bill_line(number, bill) for bill in accounts.bills_of(number))
    return (
        f"<article class=card><h3>Account {escape(number)} {mark}</h3><ul>{bills}</ul>"
        f"{_form(number, *_new_bill(number))}{_form(number, *_new_status(number))}</article>"
    )


def _new_bill(number: str) -> tuple[str, ...]:
    return (
        _field("amount", f"Amount of a bill for account {number}", "Amount in dollars", required=True),
        _field("tax", f"Tax in it, account {number}", "Tax in it"),
        _day("billDate", "dated", f"Bill date, account {number}"),
        _day("dueDate", "due", f"Due date, account {number}", required=True),
        '<button name="action" value="invoice">Bill</button>',
    )


def _new_status(number: str) -> tuple[str, ...]:
    moves = {"Suspend": "suspend", "Restore": "restore", "Disconnect": "disconnect", "Close": "close"}
    buttons = [f'<button name="action" value="{value}">{label}</button>' for label, value in moves.items()]
    return (*buttons, _day("effective", "from", f"From (empty: today), account {number}"))


def _bill_line(number: str, bill: Bill) -> str:
    invoice = bill.invoice
    words = f"{invoice['id']}: {invoice['amount']['value']} {invoice['amount']['unit']} due {bill.due}"
    state = f"{bill.open} open" if bill.open > 0 else "paid"
    pays = (
        _field("amount", f"Amount paid on {invoice['id']} (empty: all)", "All"),
        _day("effective", "on", f"Day of the payment of {invoice['id']} (empty: today)"),
        '<button name="action" value="pay">Pay</button><button name="action" value="credit">Credit note</button>',
    )
    payment = _form(number, *pays, invoice=invoice["id"]) if bill.open > 0 else ""
    taken = "".join(_allocation_line(number, allocation) for allocation in bill.allocations)
    return f"<li>{escape(words)} <span class=quiet>{state}</span>{payment}</li>{taken}"


def _allocation_line(number: str, allocation: Document) -> str:
    source = "credit note" if "creditNote" in allocation else "payment"
    words = f"{allocation['id']}: {source} of {allocation['amount']['value']}"
    back = (
        _day("effective", "on", f"Day on which {allocation['id']} is returned (empty: today)"),
        '<button name="action" value="take-back">Return</button>',
    )
    return f"<li class=quiet>{escape(words)}{_form(number, *back, allocation=allocation['id'], kind=allocation['kind'])}</li>"


def _form(number: str, *parts: str, **hidden: str) -> str:
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in {"account": number, **hidden}.items()
    )
    return f'<form method="post" action="/">{fields}{"".join(parts)}</form>'


def _field(name: str, label: str, placeholder: str, *, required: bool = False) -> str:
    return (
        f'<input name="{name}" inputmode="decimal" size="14" aria-label="{escape(label)}"'
        f' placeholder="{escape(placeholder)}"{" required" if required else ""}>'
    )


def _day(name: str, word: str, label: str, *, required: bool = False) -> str:
    """Return a field for a date, with a word beside it for who sees it and a label for who does not."""
    given = f'name="{name}" type="date" aria-label="{escape(label)}" title="{escape(label)}"'
    return f"<label class=quiet>{word} <input {given}{' required' if required else ''}></label>"


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%a %d %b %Y, %H:%M}"
    except ValueError:
        return text


def _state(state: str) -> str:
    return f'<span class="state {escape(state)}">{escape(WORDS[state])}</span>'


def _faults(vendor: Vendor) -> str:
    faults = vendor.faults().as_json()
    fields = "".join(
        f'<label>{label} <input type="number" step="any" name="{name}" value="{faults.get(name, 0):g}"></label>'
        for name, label in SWITCHES.items()
    )
    shuffled = " checked" if faults["webhook_shuffle"] else ""
    away = f"<p>Away until {_moment(faults['away_until'])} UTC.</p>" if faults["away_until"] else ""
    return (
        f'<form class=card method="post" action="/"><fieldset>{fields}<label>Webhooks in random order'
        f'<input type="checkbox" name="webhook_shuffle"{shuffled}></label></fieldset>{away}'
        '<button class="main" name="action" value="faults">Set faults</button>'
        '<button name="action" value="clear">Clear all</button></form>'
    )
