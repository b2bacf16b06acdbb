"""The ways in which this vendor can be told to misbehave."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Faults:
    """
    What is switched on.

    Counted faults strike the next *n* requests that they apply to and then end; -1 strikes until cleared.
    """

    slow_seconds: float = 0.0
    """Wait so long before doing anything."""
    slow_answer_seconds: float = 0.0
    """Do what was asked, and wait so long before answering."""
    fail: int = 0
    """Answer 500 to the next n requests, before anything is done."""
    fail_after_commit: int = 0
    """Do what the next n writing requests ask, then answer 500."""
    hang_up: int = 0
    """Do what the next n writing requests ask, then close the connection in the middle of the answer."""
    away_until: str = ""
    """Answer 503 to everything until this moment (ISO 8601, UTC)."""
    forget_request_ids: bool = False
    """Take every write for a new one: a vendor that breaks the contract's promise of idempotency."""
    webhook_copies: int = 0
    """Send every webhook so many times more."""
    webhook_shuffle: bool = False
    """Send webhooks in a random order."""
    webhook_drop: int = 0
    """Lose the next n webhooks."""

    def changed(self, wishes: dict[str, Any], now: datetime) -> Faults:
        """
        Return these faults with the wishes of a caller added; ``away_seconds`` counts from now.

        :raises ValueError: if a fault is not known, or its value has another type
        """
        wishes = dict(wishes)
        if "away_seconds" in wishes:
            seconds = float(wishes.pop("away_seconds"))
            wishes["away_until"] = (now + timedelta(seconds=seconds)).isoformat() if seconds else ""
        known: dict[str, type[Any]] = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in wishes.items():
            if name not in known:
                message = f"no such fault: {name}"
                raise ValueError(message)
            wishes[name] = known[name](value)
        return replace(self, **wishes)

    def is_away(self, now: datetime) -> bool:
        """Tell whether the vendor is away at this moment."""
        return bool(self.away_until) and now < datetime.fromisoformat(self.away_until)

    def spent(self, name: str) -> Faults:
        """Return these faults after one strike of a counted fault."""
        left = int(getattr(self, name))
        changes: dict[str, Any] = {name: left - 1 if left > 0 else left}
        return replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        """Return every fault by name."""
        return asdict(self)
