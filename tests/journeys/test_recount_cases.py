"""The recount's judge on the cases that were worked out by hand for the engine: two programs, written apart, one answer."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.recount.export import Cost, Division, Referral, Term, Version
from sandbox.recount.judge import EARNED, FORFEITED, QUALIFYING, TAKEN_BACK, Case, Fate, fate_of
from sandbox.recount.margin import MONTHLY, margins_of
from sandbox.recount.rules import promised, version_for
from sandbox.recount.vendor import EVER, Account, Bill, Item, Payment, Status

CASES = Path(__file__).parent.parent / "commissions" / "cases"
STATES = {
    "accrued": QUALIFYING, "payable": EARNED, "settled": EARNED, "forfeited": FORFEITED, "reversed": TAKEN_BACK,
}  # fmt: skip
DEFAULT = {
    "wait_count": 3, "wait_unit": "months", "bills_needed": 3, "days_late_allowed": 5, "weekend_moves_due_date": True,
    "must_be_active": True, "months_to_qualify": 12, "clawback_full_days": 0, "clawback_none_days": 0,
}  # fmt: skip
NOTHING = {
    "rule": "", "number": 1, "division": "", "programme": "", "priority": 1, "conditions": {}, "terms": (),
    "effective_from": datetime(2000, 1, 1, tzinfo=UTC), "effective_until": None, "budget": None,
    "most_per_month": None, "most_per_year": None, "most_ever": None,
}  # fmt: skip


def hand_worked() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(file.read_text())["case"]:
            yield pytest.param(case, id=f"{file.stem}: {case['name']}")


def day_of(value: date | datetime, zone: ZoneInfo) -> date:
    if not isinstance(value, datetime):
        return value
    return value.date() if value.tzinfo is None else value.astimezone(zone).date()


def told_at(value: date | datetime, zone: ZoneInfo) -> str:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(12))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).isoformat()


def account_of(case: dict[str, Any], zone: ZoneInfo) -> Account:
    bills = {
        bill["id"]: Bill(
            id=bill["id"], issued_on=bill["issued"], due_on=bill["due"], amount=Decimal(str(bill.get("amount", "40.00"))),
            tax=Decimal(str(bill.get("tax", "0"))), heard_on=bill.get("heard", EVER),
        )
        for bill in case.get("bills", [])
    }  # fmt: skip
    payments = {line.get("id", f"payment {place}"): line for place, line in enumerate(case.get("payments", []))}
    reversals = [{**payments[line["payment"]], **line, "sign": -1} for line in case.get("returns", [])]
    for line in [*payments.values(), *reversals]:
        bill = bills.get(line["bill"])
        if bill:
            amount = Decimal(str(line.get("amount", bill.amount))) * line.get("sign", 1)
            is_cash, heard_on = line.get("source") != "credit_note", line.get("heard", EVER)
            bill.payments.append(Payment(day_of(line["at"], zone), amount, is_cash, heard_on))
    statuses = [
        Status(day_of(one["at"], zone), told_at(one["at"], zone), one["status"], one.get("heard", EVER))
        for one in case.get("statuses", [])
    ]
    return Account(list(bills.values()), statuses)


def amount_of(case: dict[str, Any]) -> Decimal:
    """Return a fixed amount, or a share of the monthly margin; nothing where one of the costs is not known."""
    if "percent_margin" not in case:
        return Decimal(str(case.get("amount", "50.00")))
    day, place, since = case["installed"], Division("here", ("here",), ZoneInfo("UTC"), "USD"), date(2000, 1, 1)
    items, costs = [], []
    for number, line in enumerate(case["lines"]):
        items.append(Item(str(number), 1, Decimal(line["monthly"]), Decimal(0)))
        known = Decimal(line["cost"]) if "cost" in line else None
        costs.append(Cost(str(number), "here", "recurring", since, None, "USD", known))
    margins = margins_of(items, costs, place, day)
    term = Term("referrer", "bill_credit", MONTHLY, None, Decimal(case["percent_margin"]), ())
    version = Version(**NOTHING | DEFAULT | {"division": "here", "terms": (term,)})
    ordered_at = datetime.combine(day, time(12), UTC)
    referral = Referral("", ordered_at, "here", "", "", "", was_signalled=False)
    if version_for([version], referral, place, margins) is None:
        return Decimal(0)
    amount, _percent = promised(term, 1, bases=margins, free_month=Decimal(0))
    return amount or Decimal(0)


def judged(case: dict[str, Any], on: date) -> Fate:
    zone = ZoneInfo(case.get("zone", "America/New_York"))
    rule = {name: None if value == "any" else value for name, value in case.get("rule", {}).items()}
    version = Version(**NOTHING | DEFAULT | rule)
    percent = case.get("percent_cash")
    amount = None if percent else amount_of(case)
    account = account_of(case, zone)
    return fate_of(Case(version, case["installed"], account, amount, Decimal(str(percent or 0))), on)


class TestJudge:
    @pytest.mark.parametrize("case", list(hand_worked()))
    def test_says_what_was_worked_out_by_hand(self, case):
        for line in case["expect"]:
            if line["status"] == "nothing":
                assert amount_of(case) == 0
                continue
            fate = judged(case, line["on"])

            assert fate.state == STATES[line["status"]], line
            if "amount" in line and (fate.amount is not None or fate.state == EARNED):
                assert fate.amount == Decimal(str(line["amount"])), line
            if "since" in line:
                last = fate.taken_back[-1].on if fate.taken_back else None
                assert (last or fate.forfeited_on or fate.earned_on) == line["since"], line
            if line.get("reason"):
                assert (fate.taken_back[-1].reason if fate.taken_back else fate.reason) == line["reason"], line
            if "taken_back" in line:
                assert fate.total_taken_back == Decimal(str(line["taken_back"])), line

    def test_there_are_many(self):
        assert len(list(hand_worked())) >= 90
