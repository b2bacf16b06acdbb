"""What a bank keeps: the files that it was handed, its statement, and what it has sent back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.bank.records import Transfer, returning, transfers_in

if TYPE_CHECKING:
    from pathlib import Path

WEEKEND = 5
RETURNED = "99"
"""How the account numbers begin that nobody can be paid at; the reason's two digits follow."""

Line = dict[str, Any]


class Books:
    """One bank's folder: `received`, `returns` and `statement.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("received", "returns"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._file = folder / "statement.json"
        self.lines: list[Line] = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else []

    def take(self, name: str, text: str, *, on: date) -> int:
        """
        Take a file, to be paid on its effective day or the next banking day; return how many transfers it has.

        :raises Unreadable: if it is no file of transfers
        :raises ValueError: if it was taken before
        """
        if (self.folder / "received" / name).exists():
            raise ValueError(f"{name} was taken before.")
        found = transfers_in(text)
        (self.folder / "received" / name).write_text(text, encoding="utf-8")
        for transfer in found:
            said = {**asdict(transfer), "effective_on": transfer.effective_on.isoformat()}
            self.lines.append({**said, "file": name, "received_on": on.isoformat(), "status": "received"})
        self._save()
        return len(found)

    def settle(self, on: date) -> Path | None:
        """Pay what is due on a day, send back what cannot be paid, and return the file of that, if there is any."""
        back: list[tuple[Transfer, str]] = []
        before = sum(line["status"] == "returned" for line in self.lines)
        for line in self.lines:
            if line["status"] != "received" or on < _due(line):
                continue
            line["status"], line["posted_on"] = "paid", on.isoformat()
            if line["account"].startswith(RETURNED):
                line["status"], line["reason"] = "returned", f"R{line['account'][2:4]}"
                back.append((_transfer(line), line["reason"]))
        self._save()
        if not back:
            return None
        file = self.folder / "returns" / f"RETURN-{on:%Y%m%d}.txt"
        file.write_text(returning(back, on=on, first=before + 1), encoding="utf-8")
        return file

    def paid_of(self, name: str) -> tuple[int, int]:
        """Return how many transfers of a file the statement shows as paid, and their sum in cents."""
        paid = [line["cents"] for line in self.lines if (line["file"], line["status"]) == (name, "paid")]
        return len(paid), sum(paid)

    def _save(self) -> None:
        self._file.write_text(json.dumps(self.lines, indent=1), encoding="utf-8")


def _due(line: Line) -> date:
    """Return the day on which a transfer is paid: its own, or the first weekday after the bank got it."""
    day = date.fromisoformat(line["received_on"]) + timedelta(days=1)
    while day.weekday() >= WEEKEND:
        day += timedelta(days=1)
    return max(day, date.fromisoformat(line["effective_on"]))


def _transfer(line: Line) -> Transfer:
    said = {name: line[name] for name in ("trace", "code", "routing", "account", "cents", "reference", "name")}
    return Transfer(**said, effective_on=date.fromisoformat(line["effective_on"]))
