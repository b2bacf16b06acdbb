"""The page on which a person plays the vendor: work orders, buttons, faults."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.billing.faults import Faults
from sandbox.billing.vendor import ACCEPTED, CLOSED, DISPATCHED, FAILED, INSTALLED, SCHEDULED

if TYPE_CHECKING:
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
    if action == "invoice":
        amount = {"unit": "USD", "value": form.get("amount", "")}
        document = vendor.issue(
            "invoice",
            {"billingAccount": {"id": form.get("account", "")}, "amount": amount, "dueDate": form.get("due", "")},
        )
        return f"Invoice {document['id']} is issued."
    work_order = vendor.advance(
        form.get("work_order", ""), BUTTONS.get(action, ""), items=values.get("item", []), reason=form.get("reason", "")
    )
    return f"{work_order['id']} is {WORDS[work_order['state']]}."


def render(vendor: Vendor, name: str, said: str) -> str:
    """Return the whole page."""
    work_orders = vendor.store.latest("workOrder", limit=50)
    cards = "".join(_card(work_order) for work_order in work_orders) or "<p class=quiet>No work order yet.</p>"
    invoices = "".join(_invoice(invoice) for invoice in vendor.store.latest("invoice", limit=20))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<header><h1>{escape(name)}</h1><p class=quiet>A stand-in for a billing vendor. Here you play its people."
        f" Its clock says {vendor.clock.now():%a %d %b %Y, %H:%M} UTC.</p>"
        f"{f'<p class=said role=status>{escape(said)}</p>' if said else ''}</header>"
        f"<main><h2>Work orders</h2>{cards}<h2>Invoices</h2><ul>{invoices or '<li class=quiet>None yet.'}</ul>"
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
        f"<ul>{items}</ul>{'' if work_order['state'] in CLOSED else _buttons()}</form>{_billing(work_order)}</article>"
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


def _billing(work_order: Document) -> str:
    account = escape(str(work_order.get("billingAccount", {}).get("id", "")))
    return (
        '<form method="post" action="/"><input type="hidden" name="action" value="invoice">'
        f'<input type="hidden" name="account" value="{account}">'
        '<input name="amount" inputmode="decimal" aria-label="Amount in dollars" placeholder="Amount in dollars" required>'
        '<input name="due" type="date" aria-label="Due date" required><button>Invoice</button></form>'
        if work_order["state"] in {INSTALLED, "partial"}
        else ""
    )


def _invoice(invoice: Document) -> str:
    words = f"{invoice['id']}: {invoice['amount']['value']} {invoice['amount']['unit']} due {invoice.get('dueDate', 'at once')}"
    return f"<li>{escape(words)} <span class=quiet>account {escape(invoice['billingAccount']['id'])}</span></li>"


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
