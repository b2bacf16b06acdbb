"""The vendor's HTTP interface: the contract, the control door for faults, and a page for people."""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from sandbox.billing import page
from sandbox.billing.accounts import EVENTS
from sandbox.billing.faults import Faults
from sandbox.billing.refusals import Refusal
from sandbox.billing.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.billing.store import Document

logger = logging.getLogger(__name__)

LONGEST_BODY = 1_000_000
LARGEST_PAGE = 500
REQUESTS = "workOrder|changeWorkOrder|cancelWorkOrder|credit"
ISSUED = "|".join(EVENTS)
WRITING = {"POST", "PUT", "DELETE"}


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, and JSON or a page."""

    status: int
    body: Any = None
    html: str = ""
    location: str = ""


@dataclass(frozen=True)
class Call:
    """One request as the handlers below see it."""

    vendor: Vendor
    name: str
    path: tuple[str, ...]
    query: dict[str, str]
    body: Any = field(default_factory=dict)
    form: dict[str, list[str]] = field(default_factory=dict)


# The contract.


def create(call: Call) -> Answer:
    """Take a request: 201 where it is new, 200 where it was taken before."""
    take = {
        "workOrder": call.vendor.take_work_order,
        "changeWorkOrder": call.vendor.take_change,
        "cancelWorkOrder": call.vendor.take_cancellation,
        "credit": call.vendor.take_credit,
    }[call.path[0]]
    try:
        document, is_new = take(call.body)
    except (AttributeError, KeyError, TypeError):
        raise Refusal(400, "invalidShape", "A part of the request has not the shape that is expected.") from None
    return Answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, document)


def look_up(call: Call) -> Answer:
    """List the documents of a kind made under a request id; without one, the newest."""
    kind = call.path[0]
    if "externalId" in call.query:
        return Answer(HTTPStatus.OK, call.vendor.store.find(kind, call.query["externalId"]))
    return Answer(HTTPStatus.OK, call.vendor.store.latest(kind))


def read(call: Call) -> Answer:
    """Return one document by the vendor's id."""
    document = call.vendor.store.get(*call.path)
    if document is None:
        raise Refusal(404, "notFound", "No such document.", call.path[1])
    return Answer(HTTPStatus.OK, document)


def events(call: Call) -> Answer:
    """Return what has happened since a cursor."""
    try:
        cursor, limit = int(call.query.get("after") or 0), int(call.query.get("limit") or 100)
    except ValueError:
        raise Refusal(400, "invalidCursor", "after and limit are numbers.") from None
    return Answer(HTTPStatus.OK, call.vendor.events_after(cursor, max(1, min(limit, LARGEST_PAGE))))


def products(call: Call) -> Answer:
    """List the products that the vendor knows."""
    return Answer(HTTPStatus.OK, call.vendor.products())


def learn_products(call: Call) -> Answer:
    """Replace the product list."""
    if not isinstance(call.body, list):
        raise Refusal(400, "invalidProduct", "A list of products is expected.")
    return Answer(HTTPStatus.OK, call.vendor.learn_products(call.body))


def subscribe(call: Call) -> Answer:
    """Send events to a callback from now on."""
    callback = str(call.body.get("callback", ""))
    if not callback.startswith(("http://", "https://")):
        raise Refusal(400, "invalidCallback", "The callback is an http address.", callback)
    subscription = call.vendor.store.subscribe(str(uuid.uuid4()), callback)
    return Answer(HTTPStatus.CREATED, {"id": subscription, "callback": callback})


def unsubscribe(call: Call) -> Answer:
    """Send events to a callback no more."""
    if not call.vendor.store.unsubscribe(call.path[0]):
        raise Refusal(404, "notFound", "No such subscription.", call.path[0])
    return Answer(HTTPStatus.NO_CONTENT)


# The control door: no token, no faults.


def read_faults(call: Call) -> Answer:
    """Return what is switched on."""
    return Answer(HTTPStatus.OK, call.vendor.faults().as_json())


def change_faults(call: Call) -> Answer:
    """Switch the named faults; the others stay as they are."""
    try:
        changed = call.vendor.faults().changed(call.body, call.vendor.clock.now())
    except (TypeError, ValueError) as problem:
        raise Refusal(400, "invalidFault", str(problem)) from None
    return Answer(HTTPStatus.OK, call.vendor.set_faults(changed).as_json())


def clear_faults(call: Call) -> Answer:
    """Switch every fault off."""
    return Answer(HTTPStatus.OK, call.vendor.set_faults(Faults()).as_json())


def advance(call: Call) -> Answer:
    """Move a work order on, as the vendor's own people would."""
    wishes = call.body
    document = call.vendor.advance(
        call.path[0],
        str(wishes.get("state", "")),
        items=[str(item) for item in wishes.get("items", [])],
        reason=str(wishes.get("reason", "")),
        appointment=wishes.get("appointment"),
    )
    return Answer(HTTPStatus.OK, document)


def issue(call: Call) -> Answer:
    """Record a document about an account as it is given: an invoice, a receipt, an allocation, a status."""
    return Answer(HTTPStatus.CREATED, call.vendor.accounts.issue(call.path[0], call.body))


def pay(call: Call) -> Answer:
    """Take in money for an invoice and allocate it."""
    return Answer(HTTPStatus.CREATED, call.vendor.accounts.pay(call.body))


def credit(call: Call) -> Answer:
    """Allocate a credit note to an invoice."""
    return Answer(HTTPStatus.CREATED, call.vendor.accounts.credit(call.body))


def return_payment(call: Call) -> Answer:
    """Take the allocation of a receipt back whole."""
    return Answer(HTTPStatus.CREATED, call.vendor.accounts.take_back("receiptAllocation", call.body))


def return_credit(call: Call) -> Answer:
    """Take the allocation of a credit note back whole."""
    return Answer(HTTPStatus.CREATED, call.vendor.accounts.take_back("creditNoteAllocation", call.body))


def age(call: Call) -> Answer:
    """Announce what is past due today, of one account or of all."""
    return Answer(HTTPStatus.OK, call.vendor.accounts.age(str(call.body.get("billingAccount", {}).get("id", ""))))


# The page for people.


def show_page(call: Call) -> Answer:
    """Show the work orders with a button for each thing that the vendor's people may do."""
    return Answer(HTTPStatus.OK, html=page.render(call.vendor, call.name, call.query.get("said", "")))


def press(call: Call) -> Answer:
    """Do what a button of the page says."""
    try:
        said = page.press(call.vendor, {name: values[-1] for name, values in call.form.items()}, call.form)
    except Refusal as refusal:
        said = refusal.reason
    return Answer(HTTPStatus.SEE_OTHER, location=page.address(said))


ROUTES: list[tuple[str, re.Pattern[str], Callable[[Call], Answer]]] = [
    ("POST", re.compile(rf"/({REQUESTS})"), create),
    ("GET", re.compile(rf"/({REQUESTS}|{ISSUED})"), look_up),
    ("GET", re.compile(rf"/({REQUESTS}|{ISSUED})/([\w-]+)"), read),
    ("GET", re.compile(r"/event"), events),
    ("GET", re.compile(r"/products"), products),
    ("PUT", re.compile(r"/products"), learn_products),
    ("POST", re.compile(r"/hub"), subscribe),
    ("DELETE", re.compile(r"/hub/([\w-]+)"), unsubscribe),
    ("GET", re.compile(rf"/_sandbox/({REQUESTS}|{ISSUED})"), look_up),
    ("GET", re.compile(r"/_sandbox/faults"), read_faults),
    ("PUT", re.compile(r"/_sandbox/faults"), change_faults),
    ("DELETE", re.compile(r"/_sandbox/faults"), clear_faults),
    ("POST", re.compile(r"/_sandbox/workOrder/([\w-]+)"), advance),
    ("POST", re.compile(rf"/_sandbox/({ISSUED})"), issue),
    ("POST", re.compile(r"/_sandbox/payment"), pay),
    ("POST", re.compile(r"/_sandbox/creditNote"), credit),
    ("POST", re.compile(r"/_sandbox/returnedPayment"), return_payment),
    ("POST", re.compile(r"/_sandbox/returnedCreditNote"), return_credit),
    ("POST", re.compile(r"/_sandbox/ageing"), age),
    ("GET", re.compile(r"/"), show_page),
    ("POST", re.compile(r"/"), press),
]


class Handler(BaseHTTPRequestHandler):
    """Reads a request, applies the faults that are switched on, and writes the answer."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    vendor: ClassVar[Vendor]
    name: ClassVar[str]
    token: ClassVar[str]

    def answer(self) -> None:
        """Answer a request of any method."""
        url = urlsplit(self.path)
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self._write(_error(Refusal(413, "tooLarge", "The body is too large.")))
        elif url.path == "/" or url.path.startswith("/_sandbox/"):
            self._write(self._route(url.path, url.query, body))
        else:
            self._answer_contract(url.path, url.query, body)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of the standard library

    def _answer_contract(self, path: str, query: str, body: bytes) -> None:
        faults = self.vendor.faults()
        time.sleep(faults.slow_seconds)
        if faults.is_away(self.vendor.clock.now()):
            self._write(_error(Refusal(503, "away", "Closed for maintenance.")))
        elif not hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {self.token}".encode()):
            self._write(_error(Refusal(401, "unauthorized", "The token is missing or wrong.")))
        elif self.vendor.strikes("fail"):
            self._write(_error(Refusal(500, "internalError", "Something went wrong.")))
        else:
            answer = self._route(path, query, body)
            time.sleep(faults.slow_answer_seconds)
            if self.command in WRITING and self.vendor.strikes("fail_after_commit"):
                answer = _error(Refusal(500, "internalError", "Something went wrong."))
            hangs_up = self.command in WRITING and self.vendor.strikes("hang_up")
            self._write(answer, cut=hangs_up)

    def _route(self, path: str, query: str, body: bytes) -> Answer:
        try:
            for method, pattern, handle in ROUTES:
                match = pattern.fullmatch(path)
                if method == self.command and match:
                    return handle(self._call(match.groups(), query, body))
        except Refusal as refusal:
            return _error(refusal)
        except Exception:
            logger.exception("request failed")
            return _error(Refusal(500, "internalError", "Something went wrong."))
        return _error(Refusal(404, "notFound", "No such address.", path))

    def _call(self, path: tuple[str, ...], query: str, body: bytes) -> Call:
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        if urlsplit(self.path).path == "/":  # the page's own buttons
            return Call(self.vendor, self.name, path, asked, form=parse_qs(body.decode()))
        return Call(self.vendor, self.name, path, asked, body=_json(body))

    def _read_body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if length <= LONGEST_BODY else None

    def _write(self, answer: Answer, *, cut: bool = False) -> None:
        content, kind = b"", "application/json"
        if answer.html:
            content, kind = answer.html.encode(), "text/html; charset=utf-8"
        elif answer.body is not None:
            content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        if answer.location:
            self.send_header("Location", answer.location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the standard library
        """Log one line a request."""
        logger.info(format, *args)


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 128


def make_server(host: str, port: int, vendor: Vendor, *, name: str, token: str) -> Server:
    """Bind the vendor to an address; port 0 takes any that is free."""
    handler = type("BoundHandler", (Handler,), {"vendor": vendor, "name": name, "token": token})
    return Server((host, port), handler)


def _json(body: bytes) -> Document | list[Document]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "invalidJson", "The body is not JSON.") from None
    if not isinstance(parsed, dict | list):
        raise Refusal(400, "invalidJson", "The body is a JSON object.")
    return parsed


def _error(refusal: Refusal) -> Answer:
    return Answer(
        refusal.status,
        {
            "code": refusal.code,
            "reason": refusal.reason,
            "status": str(refusal.status),
            "referenceError": refusal.reference,
        },
    )
