"""What the player remembers from one run to the next: the households, and what they are going to do when."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self


@dataclass
class Household:
    """Somebody who may order, and what the player knows of them."""

    key: str
    name: str
    email: str
    phone: str
    division: str
    manner: str = "prompt"
    """How they pay and how long they stay; see `paying.MANNERS`."""
    referrer: str = ""
    """The key of the household that told them."""
    way: str = ""
    """How they were referred: `mail`, `address`, `link` or `code`."""
    token: str = ""
    """Of their invitation."""
    order_id: int = 0
    order_number: str = ""
    account_id: int = 0
    account_number: str = ""
    monthly: str = ""
    """What the vendor bills each month, taxes included; and how much of it is taxes."""
    tax: str = ""
    installed_on: str = ""
    bills: int = 0
    referrer_id: int = 0
    """Of the row of one who refers."""
    has_left: bool = False

    @property
    def first_name(self) -> str:
        """What friends call them."""
        return self.name.partition(" ")[0]


@dataclass
class Act:
    """Something that is going to happen on a day."""

    what: str
    who: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Memory:
    """Everything that is kept between runs."""

    runs: int = 0
    households: dict[str, Household] = field(default_factory=dict)
    agenda: dict[str, list[Act]] = field(default_factory=dict)
    """By ISO date; within a day in the order in which it was planned."""
    last_day: str = ""
    """The day that was played last."""

    def plan(self, day: date, what: str, who: str = "", **more: Any) -> None:
        """Let something happen on a day."""
        self.agenda.setdefault(day.isoformat(), []).append(Act(what, who, more))

    def take_due(self, day: date) -> list[Act]:
        """Take off the agenda what happens on a day."""
        return self.agenda.pop(day.isoformat(), [])

    def drop_what_was_missed(self, first: date) -> None:
        """Move what was planned for days that nobody played to the first day that is."""
        for day in sorted(self.agenda):
            if day < first.isoformat():
                self.agenda.setdefault(first.isoformat(), []).extend(self.agenda.pop(day))

    def add(self, household: Household) -> Household:
        """Remember somebody."""
        self.households[household.key] = household
        return household

    def save(self, file: Path) -> None:
        """Keep it for the next run."""
        file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what the last run kept; nothing before the first."""
        if not file.exists():
            return cls()
        kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(
            runs=kept["runs"],
            households={key: Household(**one) for key, one in kept["households"].items()},
            agenda={day: [Act(**act) for act in acts] for day, acts in kept["agenda"].items()},
            last_day=kept["last_day"],
        )
