"""
The server that is tried against docs/billing-contract.md: BILLING_URL names it, or a stand-in is started.

BILLING_TOKEN is its token. BILLING_WEBHOOK_SECRET and BILLING_CONTROL widen what is tried.
"""

import json
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.sandbox.process import PRODUCTS, Sandbox


@dataclass
class Server:
    """A billing system that claims to follow the contract."""

    url: str
    token: str
    webhook_secret: str
    has_control_door: bool
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=20, headers={"Authorization": f"Bearer {self.token}"})

    def ask(self, kind: str, **content: Any) -> httpx.Response:
        return self.http.post(f"/{kind}", json=content)

    def found(self, kind: str, request_id: str) -> list[Any]:
        answer = self.http.get(f"/{kind}", params={"externalId": request_id})
        assert answer.status_code == 200
        return answer.json()

    def events(self, *, after: str = "0", limit: int = 100) -> Any:
        answer = self.http.get("/event", params={"after": after, "limit": limit})
        assert answer.status_code == 200
        return answer.json()

    def last_cursor(self) -> str:
        page = self.events(limit=500)
        while page["more"]:
            page = self.events(after=page["cursor"], limit=500)
        return page["cursor"]

    def play(self, what: str, **document: Any) -> Any:
        """Let something happen in the vendor's house, and return what came of it."""
        if not self.has_control_door:
            pytest.skip("This server cannot be played with: BILLING_CONTROL is not set.")
        answer = self.http.post(f"/_sandbox/{what}", json=document)
        assert answer.is_success, answer.text
        return answer.json()

    def advance(self, work_order_id: str, state: str, **more: Any) -> None:
        """Play the vendor's people."""
        if not self.has_control_door:
            pytest.skip("This server cannot be played with: BILLING_CONTROL is not set.")
        answer = self.http.post(f"/_sandbox/workOrder/{work_order_id}", json={"state": state, **more})
        assert answer.status_code == 200


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    if url := os.environ.get("BILLING_URL"):
        secret = os.environ.get("BILLING_WEBHOOK_SECRET", "")
        server = Server(url, os.environ.get("BILLING_TOKEN", ""), secret, "BILLING_CONTROL" in os.environ)
        server.http.put("/products", json=PRODUCTS)
        yield server
        server.http.close()
        return
    sandbox = Sandbox(tmp_path_factory.mktemp("vendor"))
    server = Server(sandbox.url, sandbox.token, sandbox.secret, has_control_door=True)
    yield server
    server.http.close()
    sandbox.end()


@pytest.fixture
def request_id() -> str:
    return f"contract-{uuid.uuid4()}"


def work_order(request_id: str, *, codes: tuple[str, ...] = ("INT-300", "TV-BASIC")) -> dict[str, Any]:
    """A work order as we send it."""
    price = {"unit": "USD", "value": "49.99"}
    return {
        "externalId": request_id,
        "description": "O-1",
        "relatedParty": [{"id": "C-1", "name": "Casey Customer", "role": "customer"}],
        "billingAccount": {"id": "A-1"},
        "place": {"id": "1", "streetLine": "12 Elm Street", "city": "Springfield", "stateOrProvince": "VT"},
        "appointment": window(7),
        "workOrderItem": [
            {
                "id": str(number),
                "action": "add",
                "quantity": 1,
                "productOffering": {"id": code, "name": code},
                "itemPrice": [{"priceType": "recurring", "price": price}],
            }
            for number, code in enumerate(codes, start=1)
        ],
    }


def window(day: int) -> dict[str, Any]:
    start, end = f"2026-12-{day:02}T13:00:00+00:00", f"2026-12-{day:02}T15:00:00+00:00"
    return {"id": "am", "validFor": {"startDateTime": start, "endDateTime": end}}


@dataclass
class Listener:
    """An address of ours that takes webhooks, and refuses the first few where it is told to."""

    url: str
    refuse: int = 0
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _headers, body in self.received]


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if listener.refused < listener.refuse:
                listener.refused += 1
                self.send_response(500)
            else:
                listener.received.append((dict(self.headers), body))
                self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    door = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://127.0.0.1:{door.server_port}/events")
    thread = threading.Thread(target=door.serve_forever)
    thread.start()
    yield listener
    door.shutdown()
    door.server_close()
    thread.join()
