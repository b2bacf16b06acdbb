"""What the player remembers from one run to the next: the households, and what they are going to do when."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Self


class What(StrEnum):
    """What is planned: done by or for a household, or a scene of the whole business."""

    # What a household does, or what is done about it.
    ORDER = "order"
    INSTALL = "install"
    ENROL = "enrol"
    REFER = "refer"
    VISIT = "visit"
    NAME_BANK_ACCOUNT = "name bank account"
    CANCEL = "cancel"
    BILL = "bill"
    PAY = "pay"
    PAY_IN_THE_EVENING = "pay in the evening"
    PAY_TO_BE_RETURNED = "pay, to be returned"
    RETURN = "return"
    CREDIT_NOTE = "credit note"
    SUSPEND = "suspend"
    DISCONNECT = "disconnect"
    REPORT = "report"
    DESK_ANSWERS = "desk answers"
    CUSTOMER_REPLIES = "customer replies"
    DESK_RESOLVES = "desk resolves"
    SAY_WHETHER_FIXED = "is it fixed"

    # Scenes of the whole business.
    BILLING_GOES_AWAY = "billing goes away"
    BILLING_COMES_BACK = "billing comes back"
    RULE_BY_MARGIN = "rule by margin"
    COSTS_RISE = "costs rise"
    RULE_CHANGES = "rule changes"
    DESK_IS_CLEARED = "desk is cleared"
    CASH_IS_PAID_BY_HAND = "cash is paid by hand"
    OLD_OUTAGES_END = "what was there ends"
    NODE_FAILS = "a node fails"
    LATE_CALLERS_CALL = "late callers call"
    NODE_WORKS_AGAIN = "the node works again"
    OUTAGE_IS_ANSWERED = "outage is answered"
    CREDITS_ARE_APPROVED = "credits are approved"


class Manner(StrEnum):
    """How somebody pays and how long they stay."""

    PROMPT = "prompt"
    ON_THE_LAST_DAY = "on the last day"
    IN_PARTS = "in parts"
    WITH_A_CREDIT_NOTE = "with a credit note"
    LATE_ONCE = "late once"
    FOUND_LATER = "found later"
    RETURNED_AND_PAID_AGAIN = "returned and paid again"
    RETURNED_AFTER_PAYOUT = "returned after payout"
    LEAVES_EARLY = "leaves early"
    LEAVES_AFTER_PAYOUT = "leaves after payout"
    STOPS_PAYING = "stops paying"
    IN_CASH = "in cash"
    MISTYPED = "in cash, mistyped"
    SILENT = "in cash, silent"


class Fate(StrEnum):
    """What a friend makes of an invitation."""

    ORDERS = "orders"
    LOOKS = "looks"
    LEAVES_A_CART = "leaves a cart"
    NEVER_OPENS = "never opens"
    IS_SUPPRESSED = "is suppressed"
    IS_WITHDRAWN = "is withdrawn"


@dataclass
class Household:
    """Somebody who may order, and what the player knows of them."""

    key: str
    name: str
    email: str
    phone: str
    division: str
    manner: Manner = Manner.PROMPT
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

    what: What
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

    def plan(self, day: date, what: What, who: str = "", **more: Any) -> None:
        """Let something happen on a day."""
        self.agenda.setdefault(day.isoformat(), []).append(Act(what, who, more))

    def take_due(self, day: date) -> list[Act]:
        """Take off the agenda what happens on a day."""
        return self.agenda.pop(day.isoformat(), [])

    def drop(self, kinds: Collection[What]) -> None:
        """Take off the agenda what is of some kinds: it is planned anew."""
        for day, acts in self.agenda.items():
            self.agenda[day] = [act for act in acts if act.what not in kinds]

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
            households={
                key: Household(**{**one, "manner": Manner(one["manner"])}) for key, one in kept["households"].items()
            },
            agenda={
                day: [Act(**{**act, "what": What(act["what"])}) for act in acts] for day, acts in kept["agenda"].items()
            },
            last_day=kept["last_day"],
        )
