"""What this vendor knows of devices, in one SQLite file that survives kill -9, and how it misbehaves."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS device (serial TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""
FAULTS = ("slow_seconds", "drip_seconds", "fail", "babble")
"""Wait so long before answering, or after each byte; answer 500, or what is no JSON, to the next n requests (-1: until cleared)."""

CABLE = {"downstreamPower": ("0.4", "dBmV"), "downstreamSnr": ("38.6", "dB"), "upstreamPower": ("42.3", "dBmV")}
SAYS: dict[str, dict[str, Any]] = {
    "good": {"online": True, "level": CABLE},
    "weak": {"online": True, "level": {**CABLE, "downstreamSnr": ("27.1", "dB"), "upstreamPower": ("53.0", "dBmV")}},
    "offline": {"online": False, "level": {}},
}
"""What a device says, for whoever does not want to write levels."""


class Devices:
    """The devices, and the faults that are switched on, behind one lock."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(SCHEMA)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def get(self, serial: str) -> dict[str, Any] | None:
        """Return a device, or None."""
        rows = self._rows("SELECT body FROM device WHERE serial = ?", serial)
        return json.loads(rows[0][0]) if rows else None

    def put(self, serial: str, wishes: Mapping[str, Any], now: str) -> dict[str, Any]:
        """
        Keep what a device is to say: `{"says": "weak"}`, or parts of the device as they are read.

        :raises KeyError: if it is to say what is not known
        """
        says = dict(SAYS[wishes.get("says", "good")])
        levels = [{"name": name, "value": value, "unit": unit} for name, (value, unit) in says.pop("level").items()]
        device = {"firmware": "7.1.0", "lastSeen": now, **says, "level": levels}
        device |= {name: value for name, value in wishes.items() if name != "says"}
        device["serialNumber"] = serial
        self._rows("INSERT OR REPLACE INTO device VALUES (?, ?)", serial, json.dumps(device))
        return device

    def forget(self, serial: str) -> None:
        """Know a device no more."""
        self._rows("DELETE FROM device WHERE serial = ?", serial)

    def all(self) -> list[dict[str, Any]]:
        """Return every device."""
        return [json.loads(body) for (body,) in self._rows("SELECT body FROM device ORDER BY serial")]

    # Faults.

    def faults(self) -> dict[str, float]:
        """Return every fault by name; 0 is off."""
        return {**dict.fromkeys(FAULTS, 0.0), **dict(self._rows("SELECT name, value FROM faults"))}

    def set_faults(self, wishes: Mapping[str, Any]) -> dict[str, float]:
        """
        Switch the named faults; the others stay as they are.

        :raises ValueError: if a fault is not known, or its value is no number
        """
        for name, value in wishes.items():
            if name not in FAULTS:
                message = f"no such fault: {name}"
                raise ValueError(message)
            self._rows("INSERT OR REPLACE INTO faults VALUES (?, ?)", name, float(value))
        return self.faults()

    def clear_faults(self) -> dict[str, float]:
        """Switch every fault off."""
        self._rows("DELETE FROM faults")
        return self.faults()

    def strikes(self, name: str) -> bool:
        """Tell whether a counted fault strikes now, and count it."""
        struck = self._rows(
            "UPDATE faults SET value = CASE WHEN value > 0 THEN value - 1 ELSE value END"
            " WHERE name = ? AND value <> 0 RETURNING name",
            name,
        )
        return bool(struck)
