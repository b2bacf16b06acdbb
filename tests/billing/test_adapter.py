"""Three kinds of silence: refused, surely not done, and perhaps done."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from billing.ports import Connection, Refused, Request, Unavailable, Unclear
from billing.testing import make_work_order
from integrations import calls
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


@contextmanager
def serving(encryption: ssl.SSLContext | None = None) -> Iterator[type[Scripted]]:
    """Serve as a test says, encrypted or not, until the end of the block."""
    handler = type("ScriptedHere", (Scripted,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_who: None  # whoever hung up on us
    if encryption:
        server.socket = encryption.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    handler.url = f"http{'s' if encryption else ''}://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def scripted():
    with serving() as handler:
        yield handler


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A file with a key, and a certificate with which a server on this machine vouches for itself."""
    key, always = ec.generate_private_key(ec.SECP256R1()), [datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2120)]
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor.example")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(always[0]).not_valid_after(always[1])
    signed = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    file: Path = tmp_path_factory.mktemp("vendor") / "vendor.pem"
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(pem, *plain) + signed.public_bytes(pem))
    return file


@pytest.fixture
def encrypted(certificate):
    encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encryption.load_cert_chain(certificate)
    with serving(encryption) as handler:
        yield handler


@pytest.fixture
def trusted(encrypted, certificate, monkeypatch):
    trust = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(calls, "_trusted", lambda: trust)
    return encrypted


@pytest.fixture
def silent():
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


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


TRICKLES = pytest.mark.parametrize(
    ("at_once", "trickling"),
    [
        (b"HTTP/1.1 201 Created\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 999\r\n\r\n", b" "),
        (b'HTTP/1.0 201 Created\r\n\r\n{"id": "W-1"}', b" "),
    ],
    ids=["its head", "its body", "what may look like a whole body"],
)


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

    @TRICKLES
    def test_does_not_wait_for_an_answer_that_trickles_in(self, scripted, monkeypatch, at_once, trickling):
        monkeypatch.setattr(adapter, "LONGEST_CALL", 0.3)
        scripted.do_POST = lambda handler: trickle(handler, at_once, trickling)

        with pytest.raises(Unclear, match=r"within 0\.3 seconds"):
            send(scripted.url)

    @TRICKLES
    def test_does_not_wait_for_one_that_trickles_in_encrypted(self, trusted, monkeypatch, at_once, trickling):
        """By then its connection is another one than the one that was opened."""
        trusted.body = b'{"id": "W-1"}'
        assert send(trusted.url) == "W-1"
        monkeypatch.setattr(adapter, "LONGEST_CALL", 0.5)
        trusted.do_POST = lambda handler: trickle(handler, at_once, trickling)
        began = time.monotonic()

        with pytest.raises(Unclear, match=r"within 0\.5 seconds"):
            send(trusted.url)

        assert time.monotonic() - began < 1.5  # it trickles on for two

    def test_does_not_wait_for_one_who_takes_the_connection_and_never_greets(self, silent, monkeypatch):
        monkeypatch.setattr(adapter, "LONGEST_CALL", 0.3)

        with pytest.raises(Unclear, match=r"within 0\.3 seconds"):
            send(silent)

    def test_says_nothing_to_one_who_vouches_for_itself(self, encrypted):
        with pytest.raises(Unavailable, match="certificate"):
            send(encrypted.url)

        assert encrypted.asked == 0

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
