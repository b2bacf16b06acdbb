"""The vendor's clock: real time plus the offset of a file that it shares with the application."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """
    Tells the time in UTC, moved by ``{"offset_seconds": n}`` of a file.

    The file is read on every call, so whoever writes it moves all processes that share it at once.
    """

    def __init__(self, offset_file: Path | None) -> None:
        """Read the offset from ``offset_file``; without one the clock is the machine's."""
        self._offset_file = offset_file

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(tz=UTC) + self._offset()

    def stamp(self) -> str:
        """Return the present moment as an ISO 8601 text in UTC."""
        return self.now().isoformat()

    def _offset(self) -> timedelta:
        if self._offset_file is None:
            return timedelta()
        try:
            shared = json.loads(self._offset_file.read_text(encoding="utf-8"))
            return timedelta(seconds=float(shared["offset_seconds"]))
        except (FileNotFoundError, json.JSONDecodeError, KeyError):  # not written yet, or being written
            return timedelta()
