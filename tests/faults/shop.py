"""Visitors who order over HTTP from a site that runs in processes of its own."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from accounts.models import Account, Customer
from billing.models import BillingSystem
from catalog.models import Product
from foundation.events.models import Delivery, Event
from foundation.now import now
from orders.events import OrderSubmitted
from orders.models import Order, OrderLine
from orders.states import OrderStatus
from orders.testing import Market, make_draft, make_market, submit
from tests.sandbox.process import Sandbox
from tests.stack import Stack

PATIENCE = 60.0
"""Seconds that a visitor waits for a page: more than any page takes, so that what is slow is measured, not cut off."""
CHANGING = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')
"""What differs between two answers with the same page."""


@dataclass(frozen=True)
class Form:
    """The review page's form, as a visitor has it before them."""

    token: str
    key: str
    shown: str
    csrf: str

    @property
    def path(self) -> str:
        return f"/order/{self.token}/review/"

    @property
    def content(self) -> dict[str, str]:
        return {"key": self.key, "shown": self.shown, "csrfmiddlewaretoken": self.csrf}


@dataclass
class Visitor:
    """Somebody with a browser of their own, and what they got to see."""

    url: str
    host: str
    statuses: list[int] = field(default_factory=list)
    submit_seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        headers = {"Host": self.host, "Accept-Language": "en"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, verify=False, trust_env=False)

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Ask for a page and follow where it leads, noting each status on the way."""
        answer = self.http.request(method, path, **content)
        self.statuses.append(answer.status_code)
        while answer.is_redirect:
            answer = self.http.get(answer.headers["Location"])
            self.statuses.append(answer.status_code)
        return answer

    def review(self, token: str) -> httpx.Response:
        """Open the review page."""
        return self.ask("GET", f"/order/{token}/review/")

    def submit(self, form: Form) -> httpx.Response:
        """Press the button, and follow where it leads."""
        began = time.monotonic()
        answer = self.http.post(form.path, data=form.content)
        self.submit_seconds.append(time.monotonic() - began)
        self.statuses.append(answer.status_code)
        return self.ask("GET", answer.headers["Location"]) if answer.is_redirect else answer

    def order(self, token: str) -> None:
        """Order what was chosen, as somebody does to whom nothing bad happens."""
        answer = self.submit(form_on(self.review(token), token))
        assert is_confirmation(answer), (answer.status_code, answer.url, answer.text[:500])

    def twin(self) -> "Visitor":
        """Return the same browser in another window."""
        twin = Visitor(self.url, self.host)
        twin.http.cookies.update(dict(self.http.cookies))
        return twin

    def close(self) -> None:
        self.http.close()


def form_on(review: httpx.Response, token: str) -> Form:
    """Return the form of a review page."""
    assert review.status_code == httpx.codes.OK, review.text[:500]
    return Form(token, *(_hidden(review.text, name) for name in ("key", "shown", "csrfmiddlewaretoken")))


def is_confirmation(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.OK and answer.url.path.endswith("/confirmation/")


def without_what_changes(page: str) -> str:
    """Return a page without what is new in each answer: the policy's nonce and the form's masked token."""
    return CHANGING.sub("", page)


def _hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


class Shop:
    """A market whose site and workers run in processes of their own, with a vendor's process behind it."""

    def __init__(self, stack: Stack, vendor: Sandbox) -> None:
        self.stack, self.vendor, self._offset = stack, vendor, timedelta()
        self.market: Market = make_market(base_url=vendor.url, capacity=10_000)
        codes = Product.objects.filter(division=self.market.division).values_list("code", flat=True)
        vendor.call("PUT", "/products", json=[{"id": code, "name": code} for code in codes])
        stack.environment |= environment_of(vendor, self.billing_code)

    @property
    def billing_code(self) -> str:
        return BillingSystem.objects.get(division=self.market.division).code

    def drafts(self, count: int) -> list[Order]:
        """Fill carts that lack nothing but being submitted."""
        return [make_draft(self.market) for _number in range(count)]

    def visitor(self, url: str) -> Visitor:
        return Visitor(url, self.market.site.host)

    def accepted(self, count: int) -> list[Order]:
        """Take orders whose letters need not be written: a PDF takes as long as ten work orders."""
        orders = [submit(draft) for draft in self.drafts(count)]
        Delivery.objects.filter(handler__endswith="send_confirmation").update(done_at=now())
        return orders

    def let_pass(self, **time: float) -> None:
        """Move the clock of all processes on; they read the file at any moment, so that it is put there whole."""
        self._offset += timedelta(**time)
        draft = self.vendor.clock.with_suffix(".new")
        draft.write_text(json.dumps({"offset_seconds": self._offset.total_seconds()}))
        draft.rename(self.vendor.clock)

    def made_for(self, order: Order) -> int:
        """Count the work orders that the vendor has made for an order: two are a harm done."""
        order.refresh_from_db()
        return len(self.vendor.made_under(order.work_order_request_id)) if order.work_order_request_id else 0


def environment_of(vendor: Sandbox, code: str) -> dict[str, str]:
    """Return what lets our processes serve any host and nobody too little, and speak to a vendor under its clock."""
    return {
        f"BILLING_{code.upper()}_URL": vendor.url,
        f"BILLING_{code.upper()}_TOKEN": vendor.token,
        f"BILLING_{code.upper()}_WEBHOOK_SECRET": vendor.secret,
        "ALLOWED_HOSTS": "*",
        "THROTTLE_FACTOR": "1000000",
        "EMAIL_URL": "dummymail://",
        "CLOCK_FILE": str(vendor.clock),
    }


def outstanding() -> int:
    return Delivery.objects.outstanding().count()


def submitted() -> dict[str, int]:
    """Count what submitting makes once per order, so that anything doubled or lost shows."""
    orders = Order.objects.exclude(status=OrderStatus.DRAFT)
    return {
        "orders": orders.count(),
        "facts": Event.objects.filter(name=OrderSubmitted.name).count(),
        "customers": Customer.objects.count(),
        "accounts": Account.objects.count(),
        "orders_with_lines": OrderLine.objects.values("order").distinct().count(),
    }


def everything_once(count: int) -> dict[str, int]:
    return dict.fromkeys(("orders", "facts", "customers", "accounts", "orders_with_lines"), count)
