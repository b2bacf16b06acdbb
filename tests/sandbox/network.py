"""The stand-in that reads equipment as a real process, for tests that speak to it over HTTP."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox.process import ROOT


class Network:
    """The process, and what can be played with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it, or start it again at the same address with its memory."""
        command = [sys.executable, "-m", "sandbox.network", "--port", str(self.port), "--data", str(self.folder)]
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

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def says(self, serial: str, says: str = "good", **device: Any) -> None:
        """Let a device say something: good, weak or offline, and parts of it as they are read."""
        self._play("PUT", f"device/{serial}", {"says": says, **device})

    def faults(self, **wishes: float) -> None:
        """Switch faults on."""
        self._play("PUT", "faults", wishes)

    def behave(self) -> None:
        """Switch every fault off."""
        self._play("DELETE", "faults", {})

    def _play(self, method: str, path: str, wishes: dict[str, Any]) -> None:
        answer = httpx.request(method, f"{self.url}/_sandbox/{path}", json=wishes)
        assert answer.is_success, answer.text
