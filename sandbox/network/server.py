"""The HTTP interface: one address that reads a device, and the control door."""

from __future__ import annotations

import hmac
import json
import logging
import re
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from sandbox.billing.clock import Clock
    from sandbox.network.devices import Devices

logger = logging.getLogger(__name__)

READ = re.compile(r"/device/([^/]+)")
CONTROL = re.compile(r"/_sandbox/device/([^/]+)")
LONGEST_BODY = 100_000


class Handler(BaseHTTPRequestHandler):
    """Reads a request, applies the faults that are switched on, and writes the answer."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    devices: ClassVar[Devices]
    clock: ClassVar[Clock]
    token: ClassVar[str]

    def answer(self) -> None:
        """Answer a request of any method."""
        path = urlsplit(self.path).path
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LONGEST_BODY))
        if path.startswith("/_sandbox/"):
            self._control(path, body)
            return
        time.sleep(self.devices.faults()["slow_seconds"])
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {self.token}".encode()):
            self._refuse(HTTPStatus.UNAUTHORIZED, "unauthorized")
        elif self.devices.strikes("fail"):
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "internalError")
        elif self.devices.strikes("babble"):
            self._write(HTTPStatus.OK, b"<html>Welcome to nginx!</html>")
        else:
            self._read_device(path)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815 - names of the standard library

    def _read_device(self, path: str) -> None:
        match = READ.fullmatch(path) if self.command == "GET" else None
        if match is None:
            self._refuse(HTTPStatus.NOT_FOUND, "notFound")
        elif (device := self.devices.get(unquote(match[1]))) is None:
            self._refuse(HTTPStatus.NOT_FOUND, "unknownDevice")
        else:
            self._say(device)

    def _control(self, path: str, body: bytes) -> None:
        try:
            wishes = json.loads(body or b"{}")
            self._say(self._changed(path, wishes))
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            self._refuse(HTTPStatus.BAD_REQUEST, repr(problem))

    def _changed(self, path: str, wishes: dict[str, Any]) -> Any:
        if path == "/_sandbox/faults":
            return self.devices.clear_faults() if self.command == "DELETE" else self.devices.set_faults(wishes)
        if path == "/_sandbox/device":
            return self.devices.all()
        match = CONTROL.fullmatch(path)
        if match is None:
            message = f"no such address: {path}"
            raise ValueError(message)
        serial = unquote(match[1])
        if self.command == "DELETE":
            return self.devices.forget(serial)
        return self.devices.put(serial, wishes, self.clock.stamp())

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self._say({"code": code, "status": str(int(status))}, status)

    def _say(self, document: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._write(status, json.dumps(document).encode())

    def _write(self, status: HTTPStatus, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if pause := self.devices.faults()["drip_seconds"]:
            for byte in content:
                self.wfile.write(bytes([byte]))
                time.sleep(pause)
        else:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the standard library
        """Log one line a request."""
        logger.info(format, *args)


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True


def make_server(host: str, port: int, devices: Devices, *, clock: Clock, token: str) -> Server:
    """Bind it to an address; port 0 takes any that is free."""
    handler = type("BoundHandler", (Handler,), {"devices": devices, "clock": clock, "token": token})
    return Server((host, port), handler)
