"""
One reward, day by day: what is known on a day decides what it is that day, until nothing can change any more.

Every night looks at all days up to it, afresh, with what had been heard by then; only what was earned, and what was
taken back, is remembered from one night to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sandbox.recount.days import after_months, every_day, monday_after_weekend
from sandbox.recount.vendor import ENDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.recount.export import Version
    from sandbox.recount.vendor import Account, Bill

CENT = Decimal("0.01")
QUALIFYING, EARNED, FORFEITED, TAKEN_BACK = "qualifying", "earned", "forfeited", "taken back"


def to_the_cent(amount: Decimal) -> Decimal:
    """Round half up, to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class TakenBack:
    """An amount that was taken back of what was earned."""

    on: date
    """The day from which it was owed back."""
    amount: Decimal
    reason: str


@dataclass
class Fate:
    """What has become of a reward by the last day."""

    state: str = QUALIFYING
    amount: Decimal | None = None
    """None until it is known."""
    reason: str = ""
    forfeited_on: date | None = None
    """The day on which the reason came true."""
    earned_on: date | None = None
    taken_back: list[TakenBack] = field(default_factory=list)

    @property
    def total_taken_back(self) -> Decimal:
        """Return all that was taken back."""
        return sum((one.amount for one in self.taken_back), Decimal("0.00"))


@dataclass(frozen=True)
class Case:
    """All that decides about one reward."""

    version: Version
    installed_on: date
    account: Account
    amount: Decimal | None
    """None where it is reckoned from the cash that the friend pays."""
    percent: Decimal | None = None

    def bills(self, day: date) -> list[Bill]:
        """Return the bills that count and are issued by a day."""
        return [bill for bill in self.account.bills if self.installed_on <= bill.issued_on <= day]

    @property
    def earliest_on(self) -> date:
        """The end of the wait."""
        version = self.version
        if version.wait_unit == "months":
            return after_months(self.installed_on, version.wait_count)
        return self.installed_on + timedelta(days=version.wait_count)

    @property
    def latest_on(self) -> date:
        """The last day on which it can be earned."""
        return after_months(self.installed_on, self.version.months_to_qualify)

    @property
    def watched_until(self) -> date:
        """The last day whose facts may take it back."""
        return max(self.latest_on, self.installed_on + timedelta(days=self.version.clawback_none_days))

    def late_bills(self, day: date) -> list[tuple[date, Bill]]:
        """Return, as far as is known on a day, the bills that were too late, each with the day on which it was."""
        allowed = self.version.days_late_allowed
        if allowed is None:
            return []
        found = []
        for bill in self.bills(day):
            due = monday_after_weekend(bill.due_on) if self.version.weekend_moves_due_date else bill.due_on
            too_late = due + timedelta(days=allowed + 1)
            paid = bill.paid_since(day)
            if (paid is None and day >= too_late) or (paid is not None and paid >= too_late):
                found.append((too_late, bill))
        return sorted(found, key=lambda one: one[0])

    def violations(self, day: date) -> list[date]:
        """Return, as far as is known on a day, the days on which bills were too late."""
        return [too_late for too_late, _bill in self.late_bills(day)]

    def enough_paid_on(self, day: date) -> date | None:
        """Return the day on which enough bills were paid, as far as is known on a day."""
        needed = self.version.bills_needed
        if needed == 0:
            return self.installed_on
        in_money = (bill for bill in self.bills(day) if bill.cash_until(day) > 0)
        paid = sorted(since for bill in in_money if (since := bill.paid_since(day)))
        return paid[needed - 1] if len(paid) >= needed else None

    def gone_since(self, day: date) -> date | None:
        """Return since when nothing is served on a day; None where it is served."""
        status = self.account.status_on(day)
        return status.on if status and status.status in ENDED else None

    def amount_earned_on(self, earned_on: date) -> Decimal:
        """Return the amount, reckoned where need be from what was paid in cash until the day it was earned."""
        if self.amount is not None:
            return self.amount
        paid = [
            (since, bill.due_on, bill.id, bill)
            for bill in self.bills(earned_on)
            if (since := bill.paid_since(earned_on)) and bill.cash_until(earned_on) > 0
        ]
        paid.sort(key=lambda one: one[:3])
        counted = [bill for *_order, bill in paid][: self.version.bills_needed or None]
        base = Decimal(0)
        for bill in counted:
            cash = sum((one.amount for one in bill.payments if one.is_cash and one.on <= earned_on), Decimal(0))
            base += cash * (bill.amount - bill.tax) / bill.amount
        return to_the_cent(to_the_cent(base) * (self.percent or Decimal(0)) / 100)


def fate_of(
    case: Case,
    last: date,
    *,
    stopped_on: date | None = None,
    stopped_because: str = "",
    given: Sequence[tuple[date, date]] = (),
) -> Fate:
    """
    Go through the nights from installation to the last one, and return what has become of the reward.

    :param stopped_on: the day on which a person said that nothing is to be earned by it
    :param given: from which day on, and before which, something that people gave stands in place of a forfeited reward:
        meanwhile nothing brings it back
    """
    fate = Fate(amount=case.amount)
    for night in every_day(case.installed_on, last):
        if stopped_on and night >= stopped_on:
            _stop(fate, stopped_on, stopped_because)
            break
        known = replace(case, account=case.account.heard_by(night))
        if fate.state == FORFEITED and any(since <= night < until for since, until in given):
            continue
        if fate.state in {QUALIFYING, FORFEITED}:
            _decide(known, fate, night)
        elif fate.state == EARNED:
            _watch(known, fate, min(night, case.watched_until))
    return fate


def _decide(case: Case, fate: Fate, night: date) -> None:
    """Decide about a reward that is not earned yet."""
    paid_on = case.enough_paid_on(night)
    earned_on = max(case.earliest_on, paid_on) if paid_on else None
    until = min(night, earned_on) if earned_on else night
    too_late = [day for day in case.violations(night) if day <= until]
    gone_since = case.gone_since(until) if case.version.must_be_active else None
    if too_late:
        _forfeit(fate, "paid_late", too_late[0])
    elif gone_since:
        _forfeit(fate, "left_early", gone_since)
    elif earned_on and earned_on <= min(night, case.latest_on):
        _earn(fate, case.amount_earned_on(earned_on), earned_on)
    elif night > case.latest_on:
        _forfeit(fate, "too_few_bills", case.latest_on + timedelta(days=1))
    else:
        fate.state, fate.reason, fate.forfeited_on = QUALIFYING, "", None


def _earn(fate: Fate, amount: Decimal, day: date) -> None:
    if amount == 0:
        _forfeit(fate, "no_cash", day)
        return
    fate.state, fate.amount, fate.earned_on = EARNED, amount, day
    fate.reason, fate.forfeited_on = "", None


def _watch(case: Case, fate: Fate, day: date) -> None:
    """Decide whether what was earned stays so, as far as is known on a day."""
    earned_on = fate.earned_on
    if earned_on is None or fate.amount is None:
        return
    left = fate.amount - fate.total_taken_back
    forbidding = [(too_late, bill) for too_late, bill in case.late_bills(day) if too_late <= earned_on]
    if forbidding:
        since = min(max(bill.fell_on(day) or too_late, too_late, earned_on) for too_late, bill in forbidding)
        _take_back(fate, "receipt_taken_back", left, on=since)
    elif case.version.must_be_active and case.gone_since(earned_on):
        _take_back(fate, "left_early", left, on=earned_on)
    elif case.version.clawback_none_days and case.gone_since(day):
        left_on = min(s.on for s in case.account.statuses if s.status in ENDED and earned_on < s.on <= day)
        part = _part_to_take_back(case.version, (left_on - case.installed_on).days)
        _take_back(fate, "left_early", min(left, to_the_cent(fate.amount * part)), on=left_on)


def _part_to_take_back(version: Version, days: int) -> Decimal:
    """Return which part is taken back of somebody who stayed so many days."""
    full, none = version.clawback_full_days, version.clawback_none_days
    if days <= full:
        return Decimal(1)
    return Decimal(none - days) / Decimal(none - full) if days < none else Decimal(0)


def _forfeit(fate: Fate, reason: str, since: date) -> None:
    if fate.state != FORFEITED:
        fate.state, fate.reason, fate.forfeited_on = FORFEITED, reason, since


def _take_back(fate: Fate, reason: str, amount: Decimal, *, on: date) -> None:
    if not amount or any(one.reason == reason for one in fate.taken_back):
        return
    fate.taken_back.append(TakenBack(on, amount, reason))
    if fate.total_taken_back == fate.amount:
        fate.state = TAKEN_BACK


def _stop(fate: Fate, day: date, reason: str) -> None:
    if fate.state == EARNED and fate.amount is not None:
        _take_back(fate, reason, fate.amount - fate.total_taken_back, on=day)
    elif fate.state == QUALIFYING:
        _forfeit(fate, reason, day)
