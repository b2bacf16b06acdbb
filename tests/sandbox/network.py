"""The stand-in that reads equipment."""

from typing import Any

import httpx

from tests.sandbox.process import StandIn


class Network(StandIn):
    """The process, and what can be played with it."""

    module = "sandbox.network"

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
