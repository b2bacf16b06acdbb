"""The stand-ins of vendors as real processes, for tests that speak to them over HTTP."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import httpx

ROOT = Path(__file__).parent.parent.parent
PRODUCTS = [{"id": "INT-300", "name": "Internet 300"}, {"id": "TV-BASIC", "name": "TV Basic"}]


class StandIn:
    """A process that keeps what it knows in a folder."""

    module: ClassVar[str]

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.arguments, self.port = folder, arguments, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it, or start it again at the same address with its memory."""
        command = [sys.executable, "-m", self.module, "--port", str(self.port), "--data", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline().decode()
        assert "http://" in said, (self.folder / "log").read_text()
        self.port = int(said.rsplit(":", 1)[1].strip().strip("/"))
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = (self.folder / "token").read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; with SIGKILL, as a power cut would."""
        self.process.send_signal(number)
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Sandbox(StandIn):
    """A billing vendor, and what a person could do on its page."""

    module = "sandbox.billing"

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.clock = folder / "clock.json"
        super().__init__(folder, "--clock", str(self.clock), *arguments)
        self.call("PUT", "/products", json=PRODUCTS)

    def start(self) -> None:
        super().start()
        self.secret = (self.folder / "webhook-secret").read_text()
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=20)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.http.close()
        super().end(number)

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
