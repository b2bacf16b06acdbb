"""
The recount on a small business written by hand: nothing is wrong with it, and each of ten planted faults is found.

One referrer (A1) has four friends. A2 pays in time, and the credit is paid. A3 pays the second bill late. A4 pays in
time and is paid for, then the bank returns a payment. A5 has ordered after the rule was changed, and qualifies still.
"""

import ast
import copy
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.billing.vendor import Vendor

RECOUNT = Path(__file__).parent.parent.parent / "sandbox" / "recount"
LAST_DAY = "2026-07-20T20:00:00+00:00"


class HandClock:
    """A clock that stands where a test puts it, at noon in New York."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 16, tzinfo=UTC)

    def go_to(self, day: str) -> None:
        self.moment = datetime.fromisoformat(f"{day}T16:00:00+00:00")

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def stamp(self) -> str:
        return self.now().isoformat()


class Business:
    """The vendor's file and the export, as they are filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "vendor"
        self.folder.mkdir()
        self.export_file = folder / "export.json"
        self.clock = HandClock()
        self.vendor = Vendor(self.folder, self.clock)
        self.vendor.learn_products([{"id": "internet", "name": "Internet"}])
        self.receipts: dict[tuple[str, int], Any] = {}
        self.export: dict[str, Any] = {
            "exported_at": LAST_DAY,
            "divisions": [{"code": "east", "lineage": ["larkspur", "east"], "zone": "America/New_York"}],
            "rules": [{"code": "friends", "division": "larkspur", "programme": None, "priority": 100}],
            "versions": [version(1, "2026-01-01", "50.00", until="2026-05-01"), version(2, "2026-05-01", "60.00")],
            "referrals": [],
            "ledger": [],
        }

    def install(self, account: str, ordered: str, installed: str) -> None:
        """Let a friend of A1 order, and be installed."""
        number = f"O-{account}"
        self.clock.go_to(installed)
        item = {
            "id": "1", "productOffering": {"id": "internet"},
            "itemPrice": [{"priceType": "recurring", "price": dollars("40.00")}],
        }  # fmt: skip
        asked = {
            "externalId": number,
            "description": number,
            "billingAccount": {"id": account},
            "workOrderItem": [item],
        }
        work_order, _is_new = self.vendor.take_work_order(asked)
        self.vendor.advance(work_order["id"], "completed")
        self.export["referrals"].append(
            {
                "order": number,
                "submitted_at": f"{ordered}T16:00:00+00:00",
                "division": "east",
                "programme": "friends",
                "payee": "A1",
                "stopped_at": None,
                "signals": [],
                "facts": {},
            }
        )

    def bill(self, account: str, number: int, issued: str, due: str, paid: str) -> None:
        """Issue a bill of $44, $4 of it tax, and take in its payment."""
        self.clock.go_to(issued)
        money = {"amount": dollars("44.00"), "taxAmount": dollars("4.00")}
        invoice = self.vendor.accounts.issue("invoice", {"billingAccount": {"id": account}, "dueDate": due, **money})
        self.clock.go_to(paid)
        self.receipts[account, number] = self.vendor.accounts.pay({"invoice": {"id": invoice["id"]}})

    def credit(self, reward: int, day: str, amount: str = "50.00") -> None:
        """Credit A1's account, as asked by the application."""
        self.clock.go_to(day)
        asked = {"externalId": f"reward-{reward}-1", "billingAccount": {"id": "A1"}, "amount": dollars(amount)}
        self.vendor.take_credit(asked)

    def post(
        self, account: str, reward: int, *entries: tuple[str, str], amount: str = "50.00", version: int = 1
    ) -> None:
        """Write entries of one reward: kind and day."""
        for number, (kind, day) in enumerate(entries, start=1):
            debit, credit = LEGS[kind]
            self.export["ledger"].append(
                {
                    "key": f"{reward}:{number}",
                    "kind": kind.split()[0],
                    "debit": debit,
                    "credit": credit,
                    "amount": amount,
                    "currency": "USD",
                    "payee": "A1",
                    "order": f"O-{account}",
                    "side": "referrer",
                    "rule": "friends",
                    "version": version,
                    "effective_on": day,
                }
            )

    def write(self) -> None:
        """Write the export, and let the vendor's file rest."""
        self.export_file.write_text(json.dumps(self.export))


LEGS = {
    "accrual": ("expense", "held"),
    "release": ("held", "payable"),
    "forfeit": ("held", "expense"),
    "send": ("payable", "in_transit"),
    "settle": ("in_transit", "paid"),
    "clawback": ("receivable", "expense"),
}


def dollars(amount: str) -> dict[str, str]:
    return {"unit": "USD", "value": amount}


def version(number: int, since: str, amount: str, *, until: str = "") -> dict[str, Any]:
    """One wording of the default rule: three months, three bills, five days late at the most."""
    term = {"side": "referrer", "form": "bill_credit", "basis": "flat", "amount": amount, "percent": None, "tiers": []}
    return {
        "rule": "friends", "number": number, "status": "superseded" if until else "in_force", "conditions": {},
        "effective_from": f"{since}T00:00:00+00:00", "effective_until": f"{until}T00:00:00+00:00" if until else None,
        "wait_count": 3, "wait_unit": "months", "bills_needed": 3, "days_late_allowed": 5,
        "weekend_moves_due_date": True, "must_be_active": True, "months_to_qualify": 12, "clawback_full_days": 0,
        "clawback_none_days": 0, "budget": None, "most_per_month": None, "most_per_year": None, "most_ever": None,
        "terms": [term],
    }  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Business:
    """Write the business that nothing is wrong with."""
    business = Business(tmp_path_factory.mktemp("recount"))
    for account in ("A2", "A3", "A4"):
        business.install(account, "2026-03-02", "2026-03-10")
        business.bill(account, 1, "2026-03-14", "2026-04-03", "2026-03-20")
        late = account == "A3"  # due on Saturday, 2 May, so on Monday the 4th; the tenth day is one too late
        business.bill(account, 2, "2026-04-14", "2026-05-02", "2026-05-10" if late else "2026-05-09")
        business.bill(account, 3, "2026-05-14", "2026-06-03", "2026-05-20")
    business.install("A5", "2026-05-02", "2026-05-11")
    business.post("A2", 1, *PAID_IN_TIME)
    business.post("A3", 2, ("accrual", "2026-03-10"), ("forfeit", "2026-05-10"))
    business.post("A4", 3, *PAID_IN_TIME, ("clawback", "2026-07-12"))
    business.post("A5", 4, ("accrual", "2026-05-11"), amount="60.00", version=2)
    business.credit(1, "2026-07-07")
    business.credit(3, "2026-07-07")
    business.clock.go_to("2026-07-12")
    returned = {"receiptAllocation": {"id": business.receipts["A4", 2]["id"]}}
    business.vendor.accounts.take_back("receiptAllocation", returned)
    business.write()
    return business


PAID_IN_TIME = (
    ("accrual", "2026-03-10"), ("release", "2026-06-10"), ("send", "2026-07-07"), ("settle", "2026-07-07"),
)  # fmt: skip


class Copy:
    """A copy of the business, in which something may be changed behind everybody's back."""

    def __init__(self, original: Business, folder: Path) -> None:
        self.folder = folder / "vendor"
        shutil.copytree(original.folder, self.folder)
        self.file = folder / "export.json"
        self.export = copy.deepcopy(original.export)

    @property
    def ledger(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.export["ledger"]
        return entries

    def entry(self, key: str) -> dict[str, Any]:
        return next(entry for entry in self.ledger if entry["key"] == key)

    def drop(self, *keys: str) -> None:
        self.export["ledger"] = [entry for entry in self.ledger if entry["key"] not in keys]

    def change(self, kind: str, number: int, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Change the nth document of a kind in the vendor's file, or drop it."""
        database = sqlite3.connect(self.folder / "vendor.sqlite3")
        with database:
            rows = database.execute("SELECT id, body FROM document WHERE kind = ? ORDER BY rowid", [kind]).fetchall()
            document_id, body = rows[number - 1]
            changed = change(json.loads(body))
            if changed is None:
                database.execute("DELETE FROM document WHERE kind = ? AND id = ?", [kind, document_id])
            else:
                database.execute(
                    "INSERT OR REPLACE INTO document (kind, id, body) VALUES (?, ?, ?)",
                    [kind, changed["id"], json.dumps(changed)],
                )
        database.close()

    def recount(self) -> subprocess.CompletedProcess[str]:
        self.file.write_text(json.dumps(self.export))
        command = [sys.executable, "-m", "sandbox.recount", str(self.file), str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def a_credit_is_missing(copy: Copy) -> None:
    copy.change("credit", 1, lambda _credit: None)


def a_credit_is_doubled(copy: Copy) -> None:
    copy.change("credit", 1, lambda credit: credit | {"id": "CR-000099"})


def a_credit_is_a_cent_too_much(copy: Copy) -> None:
    copy.change("credit", 1, lambda credit: credit | {"amount": dollars("50.01")})


def a_credit_went_to_somebody_else(copy: Copy) -> None:
    copy.change("credit", 1, lambda credit: credit | {"billingAccount": {"id": "A2"}})


def it_was_earned_a_day_too_soon(copy: Copy) -> None:
    copy.entry("1:2")["effective_on"] = "2026-06-09"


def it_was_paid_though_a_bill_was_late(copy: Copy) -> None:
    copy.change("receiptAllocation", 2, lambda paid: paid | {"date": "2026-05-10T16:00:00+00:00"})


def it_was_not_paid_though_all_was_in_time(copy: Copy) -> None:
    copy.change("receiptAllocation", 5, lambda paid: paid | {"date": "2026-05-09T16:00:00+00:00"})


def it_was_not_taken_back(copy: Copy) -> None:
    copy.drop("3:5")


def another_version_was_applied(copy: Copy) -> None:
    copy.entry("4:1")["version"] = 1


def an_entry_is_forged(copy: Copy) -> None:
    forged = copy.entry("1:1") | {"key": "9:1", "order": "O-A9"}
    copy.ledger.append(forged)


FAULTS = [
    (a_credit_is_missing, "the vendor shows no credit"),
    (a_credit_is_doubled, "which the ledger does not have"),
    (a_credit_is_a_cent_too_much, "the ledger paid 50.00 USD"),
    (a_credit_went_to_somebody_else, "went to A2; the payee is A1"),
    (it_was_earned_a_day_too_soon, "release of 50.00 on 2026-06-09 (1:2) that nothing explains"),
    (it_was_paid_though_a_bill_was_late, "it should be forfeited since 2026-05-10 (paid_late)"),
    (it_was_not_paid_though_all_was_in_time, "no release of 50.00 on 2026-06-10"),
    (it_was_not_taken_back, "no clawback of 50.00 on 2026-07-12"),
    (another_version_was_applied, "by friends version 1; in force was friends version 2"),
    (an_entry_is_forged, "for a reward that nobody earned"),
]


class TestRecount:
    def test_finds_nothing_where_nothing_is_wrong(self, original, tmp_path):
        done = Copy(original, tmp_path).recount()

        assert done.stdout == "Recount of 4 rewards, 12 ledger entries, 2 credits: no differences.\n", done.stderr
        assert done.returncode == 0

    @pytest.mark.parametrize(("plant", "said"), FAULTS, ids=[plant.__name__ for plant, _said in FAULTS])
    def test_finds_that(self, plant, said, original, tmp_path):
        copy = Copy(original, tmp_path)
        plant(copy)

        done = copy.recount()

        assert said in done.stdout, done.stdout + done.stderr
        assert done.returncode == 1

    def test_counts_what_was_paid_in_cash_before_tax(self, original, tmp_path):
        copy = Copy(original, tmp_path)
        for wording in copy.export["versions"]:
            wording["terms"][0] |= {"basis": "percent_cash", "amount": None, "percent": "12.500"}
        of_cash = str(Decimal("0.125") * 3 * 40)
        for key in ("1:2", "1:3", "1:4"):
            copy.entry(key)["amount"] = of_cash
        copy.entry("1:1").update(amount=of_cash, effective_on="2026-06-10")
        copy.change("credit", 1, lambda credit: credit | {"amount": dollars(of_cash)})

        done = copy.recount()

        assert "Order O-A2" not in done.stdout
        assert "Order O-A4" in done.stdout

    @pytest.mark.parametrize(("budget", "is_found"), [("200.00", True), ("210.00", False)])
    def test_keeps_the_place_of_what_was_forfeited_in_the_budget(self, budget, is_found, original, tmp_path):
        copy = Copy(original, tmp_path)
        for wording in copy.export["versions"]:
            wording["budget"] = budget  # $50 thrice, one of them forfeited the day before, and $60

        assert ("Order O-A5" in copy.recount().stdout) == is_found


class TestIndependence:
    def test_nothing_of_ours_is_imported(self):
        imported = set()
        for file in RECOUNT.glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    imported |= {name.name for name in node.names}
                elif isinstance(node, ast.ImportFrom):
                    imported.add(node.module)

        strangers = {name for name in imported if not name.startswith("sandbox.recount")}

        assert {name.partition(".")[0] for name in strangers} <= set(sys.stdlib_module_names)
