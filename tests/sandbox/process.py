"""A stand-in billing vendor as a real process, for tests that speak to it over HTTP."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent
PRODUCTS = [{"id": "INT-300", "name": "Internet 300"}, {"id": "TV-BASIC", "name": "TV Basic"}]


class Sandbox:
    """The process, and what a person could do on its page."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.arguments, self.port = folder, arguments, 0
        self.clock = folder / "clock.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.start()
        self.call("PUT", "/products", json=PRODUCTS)

    def start(self) -> None:
        """Start it, or start it again at the same address with its memory."""
        command = [sys.executable, "-m", "sandbox.billing", "--port", str(self.port), "--data", str(self.folder)]
        command += ["--clock", str(self.clock), *self.arguments]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"}
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline().decode()
        assert "http://" in said, (self.folder / "log").read_text()
        self.port = int(said.rsplit(":", 1)[1].strip().strip("/"))
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = (self.folder / "token").read_text()
        self.secret = (self.folder / "webhook-secret").read_text()
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=20)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; with SIGKILL, as a power cut would."""
        self.http.close()
        self.process.send_signal(number)
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def call(self, method: str, path: str, **content: Any) -> Any:
        """Ask something that is not refused."""
        answer = self.http.request(method, path, **content)
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def faults(self, **wishes: Any) -> None:
        """Switch faults on."""
        self.call("PUT", "/_sandbox/faults", json=wishes)

    def behave(self) -> None:
        """Switch every fault off, and set the clock right."""
        self.call("DELETE", "/_sandbox/faults")
        self.clock.unlink(missing_ok=True)

    def advance(self, work_order_id: str, state: str, **more: Any) -> Any:
        """Move a work order on, as the vendor's people would."""
        return self.call("POST", f"/_sandbox/workOrder/{work_order_id}", json={"state": state, **more})

    def made_under(self, request_id: str, kind: str = "workOrder") -> list[Any]:
        """Return all that the vendor has made under a request id, whatever its faults: two are a harm done."""
        found: list[Any] = self.call("GET", f"/_sandbox/{kind}", params={"externalId": request_id})
        return found

    def events_about(self, request_id: str) -> list[Any]:
        """Return the vendor's events about a work order, oldest first."""
        found, cursor = [], "0"
        while True:
            page = self.call("GET", "/event", params={"after": cursor, "limit": 500})
            found += [e for e in page["event"] if e["event"].get("workOrder", {}).get("externalId") == request_id]
            cursor = page["cursor"]
            if not page["more"]:
                return found
