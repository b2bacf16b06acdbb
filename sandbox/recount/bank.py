"""What the bank says of the transfers that it was handed: its statement, as `sandbox.bank` keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Transfer:
    """One transfer that the bank was handed."""

    trace: str
    reward: str
    """Our reference: the reward that it pays."""
    account: str
    amount: Decimal
    received_on: date
    posted_on: date | None
    """When it was paid or sent back; None: not yet."""
    is_paid: bool
    is_returned: bool


def transfers_in(folders: Iterable[Path]) -> list[Transfer]:
    """Return what all banks were handed, in the order of their statements."""
    lines = [line for folder in folders for line in json.loads((folder / "statement.json").read_text(encoding="utf-8"))]
    return [
        Transfer(
            trace=line["trace"],
            reward=line["reference"],
            account=line["account"],
            amount=Decimal(line["cents"]).scaleb(-2),
            received_on=date.fromisoformat(line["received_on"]),
            posted_on=date.fromisoformat(line["posted_on"]) if "posted_on" in line else None,
            is_paid=line["status"] == "paid",
            is_returned=line["status"] == "returned",
        )
        for line in lines
    ]
