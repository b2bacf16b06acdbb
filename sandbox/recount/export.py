"""What the application exports: its rules, whom it credits for which order, and its ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from pathlib import Path

COUNTING = {"approved", "in_force", "superseded"}
"""A version in one of these is in force between its two moments."""


@dataclass(frozen=True)
class Division:
    """A market: where it lies, in what zone its days are counted, and in what currency its money."""

    code: str
    lineage: tuple[str, ...]
    zone: ZoneInfo
    currency: str


@dataclass(frozen=True)
class Term:
    """What one side is promised."""

    side: str
    form: str
    basis: str
    amount: Decimal | None
    percent: Decimal | None
    tiers: tuple[tuple[int, Decimal], ...]
    products: frozenset[str] | None = None
    """The codes of what a free month covers; None: of all."""

    def value(self, ordinal: int) -> Decimal | None:
        """Return the amount or percentage for a payee's nth reward."""
        steps = [value for first, value in self.tiers if first <= ordinal]
        return steps[-1] if steps else self.amount if self.basis == "flat" else self.percent


@dataclass(frozen=True)
class Version:
    """One wording of a rule."""

    rule: str
    number: int
    division: str
    programme: str
    priority: int
    effective_from: datetime
    effective_until: datetime | None
    conditions: dict[str, Any]
    wait_count: int
    wait_unit: str
    bills_needed: int
    days_late_allowed: int | None
    weekend_moves_due_date: bool
    must_be_active: bool
    months_to_qualify: int
    clawback_full_days: int
    clawback_none_days: int
    budget: Decimal | None
    most_per_month: int | None
    most_per_year: int | None
    most_ever: int | None
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Cost:
    """What is said of a product's cost in a division for some days."""

    product: str
    division: str
    kind: str
    starts_on: date
    ends_on: date | None
    currency: str
    amount: Decimal | None
    """None: nothing but that it has a price there."""

    def holds_on(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class Referral:
    """An order that somebody is credited for."""

    order_number: str
    submitted_at: datetime
    division: str
    programme: str
    payee: str
    """The referrer's account."""
    stopped_at: str
    """When a person said that nothing is to be earned by it; empty if nobody did."""
    was_signalled: bool
    """Whether it looked odd to somebody: what it earned may have waited."""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    key: str
    kind: str
    debit: str
    credit: str
    amount: Decimal
    currency: str
    payee: str
    order_number: str
    side: str
    rule: str
    version: int
    effective_on: date

    @property
    def reward(self) -> str:
        """Return the reward that it is about, as its key names it."""
        return self.key.partition(":")[0]


@dataclass(frozen=True)
class Decision:
    """What people have decided about money: only they know why. A correction, or the end of a claim."""

    kind: str
    """Of the entry that is to stand for it: `correct`, `clawback` (of a correction), `write_off` or `charge`."""
    key: str
    """Of that entry."""
    payee: str
    amount: Decimal
    on: date
    number: str
    """Of a correction, the dispute's; of a charge, its number in the billing system."""

    @property
    def reward(self) -> str:
        """Return the reward that it is about, as its entry's key names it."""
        return self.key.partition(":")[0]


@dataclass(frozen=True)
class BankAccount:
    """Where a payee wants to be paid in cash: the last digits, from when on, and until when."""

    payee: str
    ending: str
    usable_from: date
    ended_at: datetime | None

    def is_of(self, number: str, day: date) -> bool:
        """Tell whether a transfer to a number may be handed to a bank on a day."""
        return number.endswith(self.ending) and self.usable_from <= day

    def was_open(self, day: date, zone: ZoneInfo) -> bool:
        """Tell whether money may have been sent to it on a day in a zone: not after the day on which it ended."""
        return self.ended_at is None or day <= self.ended_at.astimezone(zone).date()


@dataclass(frozen=True)
class Export:
    """The whole file."""

    exported_at: datetime
    divisions: dict[str, Division]
    versions: list[Version]
    costs: list[Cost]
    referrals: list[Referral]
    entries: list[Entry]
    decisions: list[Decision]
    bank_accounts: list[BankAccount]
    heard_late: dict[tuple[str, ...], date]
    """The day on which we heard of a document, by its id, or of a service status, by account, status and day."""


def read(file: Path) -> Export:
    """Read the file that `manage.py export_commissions` writes."""
    written = json.loads(file.read_text(encoding="utf-8"))
    rules = {rule["code"]: rule for rule in written["rules"]}
    return Export(
        exported_at=_moment(written["exported_at"]),
        divisions={
            one["code"]: Division(one["code"], tuple(one["lineage"]), ZoneInfo(one["zone"]), one["currency"])
            for one in written["divisions"]
        },
        versions=[
            _version(version, rules[version["rule"]])
            for version in written["versions"]
            if version["status"] in COUNTING and version["effective_from"]
        ],
        costs=[_cost(one) for one in written.get("costs", [])],
        referrals=[_referral(one) for one in written["referrals"]],
        entries=[_entry(one) for one in written["ledger"]],
        decisions=[_decision(one) for one in written.get("decisions", [])],
        bank_accounts=[_bank_account(one) for one in written.get("bank_accounts", [])],
        heard_late={tuple(one["what"]): date.fromisoformat(one["heard_on"]) for one in written.get("heard_late", [])},
    )


def _version(version: dict[str, Any], rule: dict[str, Any]) -> Version:
    until = version["effective_until"]
    return Version(
        rule=rule["code"],
        number=version["number"],
        division=rule["division"],
        programme=rule["programme"] or "",
        priority=rule["priority"],
        effective_from=_moment(version["effective_from"]),
        effective_until=_moment(until) if until else None,
        conditions=version["conditions"] or {},
        wait_count=version["wait_count"],
        wait_unit=version["wait_unit"],
        bills_needed=version["bills_needed"],
        days_late_allowed=version["days_late_allowed"],
        weekend_moves_due_date=version["weekend_moves_due_date"],
        must_be_active=version["must_be_active"],
        months_to_qualify=version["months_to_qualify"],
        clawback_full_days=version["clawback_full_days"],
        clawback_none_days=version["clawback_none_days"],
        budget=_decimal(version["budget"]),
        most_per_month=version["most_per_month"],
        most_per_year=version["most_per_year"],
        most_ever=version["most_ever"],
        terms=tuple(_term(term) for term in version["terms"]),
    )


def _term(term: dict[str, Any]) -> Term:
    return Term(
        side=term["side"],
        form=term["form"],
        basis=term["basis"],
        amount=_decimal(term["amount"]),
        percent=_decimal(term["percent"]),
        tiers=tuple((int(first), Decimal(value)) for first, value in term["tiers"]),
        products=None if term.get("products") is None else frozenset(term["products"]),
    )


def _cost(one: dict[str, Any]) -> Cost:
    return Cost(
        product=one["product"],
        division=one["division"],
        kind=one["kind"],
        starts_on=date.fromisoformat(one["starts_on"]),
        ends_on=date.fromisoformat(one["ends_on"]) if one["ends_on"] else None,
        currency=one["currency"],
        amount=_decimal(one["cost"]),
    )


def _referral(one: dict[str, Any]) -> Referral:
    return Referral(
        order_number=one["order"],
        submitted_at=_moment(one["submitted_at"]),
        division=one["division"],
        programme=one["programme"],
        payee=one["payee"],
        stopped_at=one["stopped_at"] or "",
        was_signalled=bool(one["signals"]),
        facts=one["facts"],
    )


def _entry(one: dict[str, Any]) -> Entry:
    return Entry(
        key=one["key"],
        kind=one["kind"],
        debit=one["debit"],
        credit=one["credit"],
        amount=Decimal(one["amount"]),
        currency=one["currency"],
        payee=one["payee"],
        order_number=one["order"],
        side=one["side"],
        rule=one["rule"],
        version=one["version"],
        effective_on=date.fromisoformat(one["effective_on"]),
    )


def _decision(one: dict[str, Any]) -> Decision:
    return Decision(
        kind=one["kind"],
        key=one["key"],
        payee=one["payee"],
        amount=Decimal(one["amount"]),
        on=date.fromisoformat(one["on"]),
        number=str(one["number"]),
    )


def _bank_account(one: dict[str, Any]) -> BankAccount:
    ended_at = _moment(one["ended_at"]) if one["ended_at"] else None
    return BankAccount(one["payee"], one["ending"], date.fromisoformat(one["usable_from"]), ended_at)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
