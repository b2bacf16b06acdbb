"""Three kinds of silence: refused, surely not done, and perhaps done."""

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from billing.ports import Connection, Refused, Request, Unavailable, Unclear
from billing.testing import make_work_order
from integrations.tmf_billing import adapter
from integrations.tmf_billing.adapter import TmfBilling

REFUSAL = b'{"code": "unknownProduct", "reason": "Not known."}'
REQUEST = Request(request_id="r-1", content=make_work_order())


class Scripted(BaseHTTPRequestHandler):
    """Answers as the test says, and counts how often it was asked."""

    status, body, headers_to_send, asked = 200, b"", {}, 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(self.status)
        for name, value in self.headers_to_send.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def scripted():
    handler = type("ScriptedHere", (Scripted,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def send(url: str) -> str:
    return TmfBilling(Connection(base_url=url, token="t", webhook_secrets=())).send(REQUEST).external_id


def trickle(handler: BaseHTTPRequestHandler, at_once: bytes, trickling: bytes) -> None:
    """Begin to answer, and go on byte by byte for two seconds, or until nobody listens."""
    handler.rfile.read(int(handler.headers["Content-Length"]))
    handler.wfile.write(at_once)
    with suppress(OSError):
        for _fiftieth in range(100):
            handler.wfile.write(trickling)
            time.sleep(0.02)
    handler.close_connection = True


class TestChangesSince:
    @pytest.mark.parametrize("cursor", ["1" * 101, "a\0", "\ud83d", None])
    def test_goes_on_from_no_cursor_that_cannot_be_kept(self, scripted, cursor):
        scripted.body = json.dumps({"event": [], "more": True} | ({"cursor": cursor} if cursor else {})).encode()

        with pytest.raises(Unclear):
            TmfBilling(Connection(base_url=scripted.url, token="t", webhook_secrets=())).changes_since("7")


class TestSend:
    @pytest.mark.parametrize("given", ["", "W" * 101, "W\0"])
    def test_is_unclear_where_the_answer_has_no_id_that_can_be_kept(self, scripted, given):
        scripted.body = json.dumps({"id": given}).encode()

        with pytest.raises(Unclear):
            send(scripted.url)

    @pytest.mark.parametrize(
        ("status", "body", "outcome"),
        [
            (422, REFUSAL, Refused),
            (409, REFUSAL, Refused),
            (404, REFUSAL, Refused),
            (404, b"<h1>nginx</h1>", Unavailable),
            (403, b"", Unavailable),
            (401, REFUSAL, Unavailable),
            (429, REFUSAL, Unavailable),
            (503, b"", Unavailable),
            (302, b"", Unavailable),
            (500, b"", Unclear),
            (502, b"", Unclear),
            (504, b"", Unclear),
            (201, b"<h1>Created</h1>", Unclear),
            (201, b"{}", Unclear),
            (201, b'{"id": ""}', Unclear),
            (201, b"[]", Unclear),
        ],
    )
    def test_tells_the_answers_apart(self, scripted, status, body, outcome):
        scripted.status, scripted.body = status, body

        with pytest.raises(outcome):
            send(scripted.url)

    def test_follows_no_redirect(self, scripted):
        scripted.status, scripted.headers_to_send = 307, {"Location": f"{scripted.url}/elsewhere"}

        with pytest.raises(Unavailable):
            send(scripted.url)

        assert scripted.asked == 1

    def test_does_not_wait_for_ever(self, scripted, monkeypatch):
        released = threading.Event()
        scripted.do_POST = lambda _handler: released.wait(10)
        monkeypatch.setattr(adapter, "TIMEOUT", adapter.httpx.Timeout(0.2))

        with pytest.raises(Unclear):
            send(scripted.url)
        released.set()

    @pytest.mark.parametrize(
        ("at_once", "trickling"),
        [
            (b"HTTP/1.1 201 Created\r\nX-Long: ", b"x"),
            (b"HTTP/1.1 201 Created\r\nContent-Length: 999\r\n\r\n", b" "),
            (b'HTTP/1.0 201 Created\r\n\r\n{"id": "W-1"}', b" "),
        ],
        ids=["its head", "its body", "what may look like a whole body"],
    )
    def test_does_not_wait_for_an_answer_that_trickles_in(self, scripted, monkeypatch, at_once, trickling):
        monkeypatch.setattr(adapter, "LONGEST_CALL", 0.3)
        scripted.do_POST = lambda handler: trickle(handler, at_once, trickling)

        with pytest.raises(Unclear, match=r"within 0\.3 seconds"):
            send(scripted.url)

    def test_reads_no_answer_without_end(self, scripted, monkeypatch):
        monkeypatch.setattr(adapter, "LONGEST_ANSWER", 100)
        scripted.body = b'{"id": "W-1"}'.ljust(101)

        with pytest.raises(Unclear, match="more than 100 bytes"):
            send(scripted.url)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:9", "http://nowhere.invalid", "gopher://127.0.0.1", "http://[", ""]
    )
    def test_that_reached_nobody_has_surely_done_nothing(self, url):
        with pytest.raises(Unavailable):
            send(url)

    def test_ends_within_the_time_that_a_worker_has(self):
        from billing.models import CLAIM  # noqa: PLC0415
        from foundation.events.services import LEASE  # noqa: PLC0415

        assert min(CLAIM, LEASE).total_seconds() / 2 > adapter.LONGEST_CALL
