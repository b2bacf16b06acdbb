"""
The rules once more, in plain Python over plain lists, as they are said in docs/commissions.md.

Written word by word after the text, day by day and without any cleverness, so that it can judge the engine's SQL.
"""

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def cents(amount: Fraction) -> Decimal:
    """Round half up, away from zero, from an exact fraction."""
    return (Decimal(int(abs(amount) * 200) // 2 + int(abs(amount) * 200) % 2) * CENT).quantize(CENT, ROUND_HALF_UP)


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Terms:
    """What a version of a rule says."""

    wait_months: int
    bills_needed: int
    days_late: int | None
    weekend: bool
    must_be_active: bool
    months_to_qualify: int
    full: int
    none: int
    amount: Decimal | None
    percent: Decimal | None


@dataclass(frozen=True)
class Bill:
    name: str
    issued: date
    due: date
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Move:
    """Money that pays a bill, or no longer does."""

    bill: str
    day: date
    amount: Decimal
    is_cash: bool


@dataclass
class Friend:
    bills: list[Bill] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    reports: list[tuple[date, int, bool]] = field(default_factory=list)
    """From when, the how-manieth report, and whether service has ended."""

    def paid_since(self, bill: Bill, day: date) -> date | None:
        """The first day from which on, every day until `day`, what pays the bill reaches its amount."""
        known = [move for move in self.moves if move.bill == bill.name and move.day <= day]
        days = sorted({move.day for move in known})

        def balance(on: date) -> Decimal:
            return sum((move.amount for move in known if move.day <= on), ZERO)

        for first in days:
            if all(balance(later) >= bill.amount for later in days if later >= first):
                return first
        return None

    def is_served(self, day: date) -> bool:
        known = [report for report in self.reports if report[0] <= day]
        return not known or not max(known)[2]


@dataclass
class Reward:
    """One reward and its money, moved as the text says."""

    terms: Terms
    friend: Friend
    installed: date
    status: str = "accrued"
    amount: Decimal | None = None
    taken: Decimal = ZERO
    reason: str = ""
    qualified_on: date | None = None
    holds: set[str] = field(default_factory=set)
    paid: Decimal = ZERO
    """What was transferred last."""
    accounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    """Debits less credits."""

    def __post_init__(self) -> None:
        self.amount = self.terms.amount
        if self.amount:
            self.move("expense", "held", self.amount)

    def move(self, debit: str, credit: str, amount: Decimal) -> None:
        self.accounts[debit] += amount
        self.accounts[credit] -= amount

    @property
    def owed(self) -> Decimal:
        return (self.amount or ZERO) - self.taken

    @property
    def earliest(self) -> date:
        return months_later(self.installed, self.terms.wait_months)

    @property
    def latest(self) -> date:
        return months_later(self.installed, self.terms.months_to_qualify)

    @property
    def watched(self) -> date:
        return max(self.latest, self.installed + timedelta(days=self.terms.none))

    # What is seen on a day.

    def bills(self, day: date) -> list[Bill]:
        return [bill for bill in self.friend.bills if self.installed <= bill.issued <= day]

    def violations(self, day: date) -> list[date]:
        found = []
        for bill in self.bills(day) if self.terms.days_late is not None else []:
            due = bill.due
            while self.terms.weekend and due.weekday() > 4:
                due += timedelta(days=1)
            too_late = due + timedelta(days=self.terms.days_late + 1)
            paid = self.friend.paid_since(bill, day)
            if (paid is None and day >= too_late) or (paid is not None and paid >= too_late):
                found.append(too_late)
        return sorted(found)

    def counted(self, day: date) -> list[tuple[date, date, str, Bill]]:
        """The bills that are paid, not by credit notes alone, in the order in which they count."""
        found = []
        for bill in self.bills(day):
            due = bill.due
            while self.terms.weekend and due.weekday() > 4:
                due += timedelta(days=1)
            cash = [move for move in self.friend.moves if move.bill == bill.name and move.is_cash and move.day <= day]
            paid = self.friend.paid_since(bill, day)
            if paid and sum((move.amount for move in cash), ZERO) > 0:
                found.append((paid, due, bill.name, bill))
        return sorted(found)

    def ripe(self, day: date) -> date | None:
        if self.terms.bills_needed == 0:
            return self.earliest
        paid = self.counted(day)
        if len(paid) < self.terms.bills_needed:
            return None
        return max(self.earliest, paid[self.terms.bills_needed - 1][0])

    def cash(self, day: date, ripe: date) -> Decimal:
        paid = self.counted(day)
        chosen = paid[: self.terms.bills_needed] if self.terms.bills_needed else [one for one in paid if one[0] <= ripe]
        total = Fraction(0)
        for *_rest, bill in chosen:
            received = sum(
                (
                    move.amount
                    for move in self.friend.moves
                    if move.bill == bill.name and move.is_cash and move.day <= ripe
                ),
                ZERO,
            )
            total += Fraction(received) * Fraction(bill.amount - bill.tax) / Fraction(bill.amount)
        base = cents(total) if total > 0 else ZERO
        return cents(Fraction(base) * Fraction(self.terms.percent or 0) / 100)

    # What a night makes of it.

    def night(self, day: date) -> None:
        if self.status == "accrued" or (self.status == "forfeited" and self.reason not in {"fraud", "disqualified"}):
            self.qualify(day)
        elif self.status in {"held", "payable", "settled"} and self.qualified_on:
            self.watch(min(day, self.watched))

    def qualify(self, day: date) -> None:
        ripe = self.ripe(day)
        until = min(filter(None, (day, ripe, self.latest)))
        if any(too_late <= until for too_late in self.violations(day)):
            self.forfeit("paid_late")
        elif self.terms.must_be_active and not self.friend.is_served(until):
            self.forfeit("left_early")
        elif ripe and ripe <= min(day, self.latest):
            amount = self.amount if self.amount is not None else self.cash(day, ripe)
            if amount <= 0:
                self.forfeit("no_cash")
            else:
                self.reinstate()
                self.earn(amount, ripe)
        elif day > self.latest:
            self.forfeit("too_few_bills")
        else:
            self.reinstate()

    def forfeit(self, reason: str) -> None:
        if self.status == "forfeited":
            return
        self.status, self.reason = "forfeited", reason
        if self.amount:
            self.move("held", "expense", self.amount)

    def reinstate(self) -> None:
        if self.status == "forfeited":
            self.status, self.reason = "accrued", ""
            if self.amount:
                self.move("expense", "held", self.amount)

    def earn(self, amount: Decimal, on: date) -> None:
        if self.amount is None:
            self.amount = amount
            self.move("expense", "held", amount)
        self.move("held", "payable", amount)
        self.status, self.qualified_on = "payable", on

    def watch(self, day: date) -> None:
        assert self.qualified_on is not None
        if any(too_late <= self.qualified_on for too_late in self.violations(day)):
            self.take_back(self.owed, "receipt_taken_back")
        elif self.terms.must_be_active and not self.friend.is_served(self.qualified_on):
            self.take_back(self.owed, "left_early")
        elif self.terms.none and not self.friend.is_served(day):
            ended = [
                since for since, _number, is_end in self.friend.reports if is_end and self.qualified_on < since <= day
            ]
            if not ended:
                return
            days = (min(ended) - self.installed).days
            if days <= self.terms.full:
                self.take_back(self.owed, "left_early")
            elif days < self.terms.none:
                left = Fraction(self.terms.none - days, self.terms.none - self.terms.full)
                self.take_back(min(self.owed, cents(Fraction(self.amount or ZERO) * left)), "left_early")

    def take_back(self, amount: Decimal, reason: str) -> None:
        if amount <= 0 or (self.taken > 0 and self.reason == reason):
            return
        self.move({"settled": "receivable"}.get(self.status, self.status), "expense", amount)
        if amount == self.owed:
            self.status, self.holds = "reversed", set()
        self.taken += amount
        self.reason = reason
