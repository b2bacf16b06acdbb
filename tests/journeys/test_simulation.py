"""
The whole business in one command: five months with ten households, on data of their own.

The data are prepared once and copied, so that each simulation begins on fresh data and none waits for migrations.
"""

import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from config.local.parts import VENDORS, Ports
from config.local.postgres import Postgres
from config.local.processes import is_free
from orders.states import OrderStatus

SPARED = {"DATABASE_URL", "REDIS_URL", "CLOCK_FILE", "STATIC_ROOT", "EMAIL_URL", "DJANGO_SETTINGS_MODULE"}
"""Of the environment of the tests: a simulation has its own."""
HASH = re.compile(r"Ledger hash: ([0-9a-f]{64})")
ON_THE_WAY = {OrderStatus.ACKNOWLEDGED, OrderStatus.PENDING, OrderStatus.PENDING_CANCELLATION}
"""What an order is only until the next answer: with everything delivered, none is left in these."""
LINE = re.compile(r"^\d{1,2} [A-Z][a-z]+ · .+$", re.MULTILINE)


def simulate(data: Path, *, months: int, customers: int, seed: int = 1) -> subprocess.CompletedProcess[str]:
    """Run `make simulate` on a data folder."""
    environment = {name: value for name, value in os.environ.items() if name not in SPARED}
    environment |= {"DATA_DIR": str(data), "DEMONSTRATION": "1"}
    command = [
        sys.executable, "-m", "config.simulation", "--seed", str(seed), "--months", str(months),
        "--customers", str(customers), "--port", str(free_ports().web), "--forgetful",
    ]  # fmt: skip
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def free_ports() -> Ports:
    """Find a port from which all the others are free too."""
    candidates = (Ports(web=web) for web in range(20_000 + os.getpid() % 9_000, 60_000, 250))
    return next(ports for ports in candidates if all(is_free(port) for port in ports.all().values()))


@contextmanager
def folder_for_any_account() -> Iterator[Path]:
    """Make a folder that the embedded Postgres can enter, whoever we are."""
    with tempfile.TemporaryDirectory(prefix="order-entry-simulation-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def fresh() -> Iterator[Callable[[], Path]]:
    """Prepare data on which nothing was played, and return a function that copies them."""
    with folder_for_any_account() as folder:
        prepared = folder / "prepared"
        (prepared / "static").mkdir(parents=True)
        (prepared / "static" / "staticfiles.json").touch()  # no page is looked at: nothing has to be collected
        done = simulate(prepared, months=0, customers=0)
        assert done.returncode == 0, done.stdout + done.stderr

        def copy() -> Path:
            data = Path(tempfile.mkdtemp(dir=folder))
            shutil.rmtree(data)
            subprocess.run(["cp", "--archive", str(prepared), str(data)], check=True)  # with the server's own account
            return data

        yield copy


def rows(data: Path, *queries: str) -> list[list[tuple[Any, ...]]]:
    """Ask the database of a data folder some questions."""
    postgres = Postgres(data, is_durable=False)
    postgres.start()
    try:
        with closing(psycopg2.connect(postgres.url())) as connection, connection.cursor() as cursor:
            answers = []
            for query in queries:
                cursor.execute(query)
                answers.append(cursor.fetchall())
            return answers
    finally:
        postgres.stop()


class Books:
    """A copy of a simulation's export and of its vendors' and its bank's files, in which something may be changed."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.folders = [shutil.copytree(data / "billing" / vendor, folder / vendor) for vendor in VENDORS]
        self.bank = shutil.copytree(data / "bank", folder / "bank")
        self.file = folder / "commissions.json"
        self.export: dict[str, Any] = json.loads((data / "commissions.json").read_text())
        self.ledger: list[dict[str, Any]] = self.export["ledger"]

    def first(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Return the first entry of a kind."""
        matching = (entry for entry in self.ledger if wanted.items() <= entry.items())
        return next(entry for entry in matching if entry["kind"] == kind)

    def documents(self, kind: str) -> list[tuple[Path, dict[str, Any]]]:
        """Return the vendors' documents of a kind, each with the file that it is in."""
        found = []
        for folder in self.folders:
            with closing(sqlite3.connect(folder / "vendor.sqlite3")) as database:
                rows = database.execute("SELECT body FROM document WHERE kind = ? ORDER BY rowid", [kind]).fetchall()
            found += [(folder, json.loads(body)) for (body,) in rows]
        return found

    def write(self, kind: str, place: tuple[Path, dict[str, Any]], **changes: Any) -> None:
        """Write a document into a vendor's file, changed; with another id it is one more."""
        folder, document = place
        changed = document | changes
        with closing(sqlite3.connect(folder / "vendor.sqlite3")) as database, database:
            sql = "INSERT OR REPLACE INTO document (kind, id, external_id, body) VALUES (?, ?, ?, ?)"
            database.execute(sql, [kind, changed["id"], changed.get("externalId", ""), json.dumps(changed)])

    def drop(self, kind: str, place: tuple[Path, dict[str, Any]]) -> None:
        """Take a document out of a vendor's file."""
        with closing(sqlite3.connect(place[0] / "vendor.sqlite3")) as database, database:
            database.execute("DELETE FROM document WHERE kind = ? AND id = ?", [kind, place[1]["id"]])

    def change_transfer(
        self, status: str, change: Callable[[dict[str, Any]], dict[str, Any] | None], *, is_settled: bool = True
    ) -> None:
        """Change the first transfer of a status on the bank's statement, or drop it; or the first that is in transit here."""
        file = self.bank / "statement.json"
        lines: list[dict[str, Any]] = json.loads(file.read_text())
        settled = {entry["key"].partition(":")[0] for entry in self.ledger if entry["kind"] == "settle"}
        of_status = [number for number, line in enumerate(lines) if line["status"] == status]
        place = next(one for one in of_status if is_settled or lines[one]["reference"] not in settled)
        changed = change(lines[place])
        lines[place : place + 1] = [changed] if changed else []
        file.write_text(json.dumps(lines))

    def credit(self) -> tuple[Path, dict[str, Any]]:
        """Return the first credit for a reward: those for outages are counted by others."""
        return next(one for one in self.documents("credit") if not one[1]["externalId"].startswith("outage-"))

    def payments_for(self, entry: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
        """Return the payments of the friend whose order an entry is about, in the order of their dates."""
        orders = {order["description"]: order for _folder, order in self.documents("workOrder")}
        account = orders[entry["order"]]["billingAccount"]["id"]
        mine = [one for one in self.documents("receiptAllocation") if one[1]["billingAccount"]["id"] == account]
        return sorted(mine, key=lambda one: one[1]["date"])

    def recount(self) -> subprocess.CompletedProcess[str]:
        """Count once more."""
        self.file.write_text(json.dumps(self.export))
        command = [sys.executable, "-m", "sandbox.recount", str(self.file), *map(str, self.folders)]
        command += ["--bank", str(self.bank)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def a_credit_is_missing(books: Books) -> None:
    books.drop("credit", books.credit())


def a_credit_is_doubled(books: Books) -> None:
    books.write("credit", books.credit(), id="CR-999999")


def a_credit_is_a_cent_too_much(books: Books) -> None:
    place = books.credit()
    amount = Decimal(place[1]["amount"]["value"]) + Decimal("0.01")
    books.write("credit", place, amount={"unit": "USD", "value": str(amount)})


def a_credit_went_to_somebody_else(books: Books) -> None:
    books.write("credit", books.credit(), billingAccount={"id": "A1"})


def it_was_earned_on_another_day(books: Books) -> None:
    entry = books.first("release")
    entry["effective_on"] = (date.fromisoformat(entry["effective_on"]) + timedelta(days=1)).isoformat()


def it_was_paid_though_a_bill_was_late(books: Books) -> None:
    payment = books.payments_for(books.first("settle"))[0]
    later = datetime.fromisoformat(payment[1]["date"]) + timedelta(days=45)
    books.write("receiptAllocation", payment, date=later.isoformat())


def it_was_not_paid_though_all_was_in_time(books: Books) -> None:
    for forfeited in [entry for entry in books.ledger if entry["kind"] == "forfeit"]:
        for payment in books.payments_for(forfeited):
            earlier = datetime.fromisoformat(payment[1]["date"]) - timedelta(days=12)
            books.write("receiptAllocation", payment, date=earlier.isoformat())


def it_was_not_taken_back(books: Books) -> None:
    books.ledger.remove(books.first("clawback"))


def another_version_was_applied(books: Books) -> None:
    books.first("accrual")["version"] += 1


def an_entry_is_forged(books: Books) -> None:
    books.ledger.append(books.first("accrual") | {"key": "999999:1", "order": "9999999"})


def a_cost_was_another(books: Books) -> None:
    for cost in books.export["costs"]:
        cost["cost"] = cost["cost"] and str(Decimal(cost["cost"]) + 1)


def what_was_found_late_was_paid_late(books: Books) -> None:
    for found in [one for one in books.documents("receiptAllocation") if one[1].get("effectiveDate")]:
        books.write("receiptAllocation", found, effectiveDate="")


def a_transfer_is_missing(books: Books) -> None:
    books.change_transfer("paid", lambda _transfer: None)


def a_transfer_is_a_cent_too_much(books: Books) -> None:
    books.change_transfer("paid", lambda transfer: transfer | {"cents": transfer["cents"] + 1})


def a_transfer_went_to_somebody_else(books: Books) -> None:
    books.change_transfer("paid", lambda transfer: transfer | {"account": "12345"})


def a_transfer_on_its_way_is_a_hundred_times_too_much(books: Books) -> None:
    books.change_transfer("paid", lambda transfer: transfer | {"cents": transfer["cents"] * 100}, is_settled=False)


def a_transfer_went_to_details_that_had_ended(books: Books) -> None:
    for named in books.export["bank_accounts"]:
        named["ended_at"] = f"{named['usable_from']}T12:00:00+00:00"


def what_came_back_was_taken_for_paid(books: Books) -> None:
    books.change_transfer("paid", lambda transfer: transfer | {"status": "returned", "reason": "R02"})


def what_was_returned_is_not_in_the_ledger(books: Books) -> None:
    books.ledger.remove(books.first("return"))


FAULTS: tuple[Callable[[Books], None], ...] = (
    a_credit_is_missing, a_credit_is_doubled, a_credit_is_a_cent_too_much, a_credit_went_to_somebody_else,
    it_was_earned_on_another_day, it_was_paid_though_a_bill_was_late, it_was_not_paid_though_all_was_in_time,
    it_was_not_taken_back, another_version_was_applied, an_entry_is_forged, a_cost_was_another,
    what_was_found_late_was_paid_late, a_transfer_is_missing, a_transfer_is_a_cent_too_much,
    a_transfer_went_to_somebody_else, a_transfer_on_its_way_is_a_hundred_times_too_much,
    a_transfer_went_to_details_that_had_ended, what_came_back_was_taken_for_paid, what_was_returned_is_not_in_the_ledger,
)  # fmt: skip
STORY = (
    "Casey's friend", "takes part in the referral program", "invites", "is credited for the order of", "is installed; the reward",
    "Larkspur billing is away", "Larkspur billing is back", "approves it: for whoever orders from now on",
    "be a share of the monthly margin", "more from today on", "The bank finds what", "qualifies again",
    "has earned", "is forfeited: A bill was not paid in time", "Sam freezes batch", "Avery has read",
    "A worker is killed while it posts: 1 payment", "0 are still open", "read back from the billing system",
    "The bank has returned a payment", "is taken back, to be set off", "A payment was taken back",
    "calls: there is no light", "complains by mail", "asks about a bill", "reports on the website", "Chris resolves T-",
    "Chris clears the desk", "Sam declares an outage: 9 customers, 4 have called", "2 late callers are attached by themselves",
    "21 notices in all, none twice", "Is it fixed? 4 say yes, one says nothing, one is still down", "Sam asks for credits",
    "names a bank account that ends in", "is written for the bank", "to the bank: 2 transfers", "The bank returns $",
    "R03, there is no such account", "as paid: 1 of 2. Avery confirms it", "as paid: 1 of 1. Avery confirms it",
    "is paid by bank transfer $", "by hand, for Juniper Hollow alone",
    "for an outage; read back from the billing system: Credited",
)  # fmt: skip


class TestSimulation:
    def test_plays_months_that_the_recount_agrees_with_and_goes_on_from_there(self, fresh, tmp_path):
        data = fresh()

        done = simulate(data, months=5, customers=10)

        told = done.stdout
        assert done.returncode == 0, told[-3000:] + done.stderr[-3000:]
        assert re.search(
            r"Recount of \d+ rewards, \d+ ledger entries, \d+ credits, \d+ transfers: no differences\.", told
        ), told
        assert re.search(r"Count of \d+ tickets, \d+ clocks, 14 outage credits, \d+ notices: no differences\.", told), (
            told
        )
        assert len(LINE.findall(told)) > 60
        assert [part for part in STORY if part not in told] == []
        self._leaves_a_system_worth_clicking_through(data)
        self._planted_faults_are_found(data, tmp_path)

        again = simulate(data, months=1, customers=5, seed=2)

        assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
        assert "no differences" in again.stdout
        assert HASH.findall(again.stdout) != HASH.findall(told)

    def _leaves_a_system_worth_clicking_through(self, data: Path) -> None:
        statuses, owed = rows(
            data,
            "SELECT DISTINCT status FROM orders_order",
            "SELECT handler, error FROM events_delivery WHERE done_at IS NULL",
        )

        assert {*OrderStatus.values} - {status for (status,) in statuses} <= ON_THE_WAY
        assert owed == []
        assert json.loads((data / "simulation.json").read_text())["last_day"] == "2026-08-02"

    def _planted_faults_are_found(self, data: Path, folder: Path) -> None:
        untouched = Books(data, folder / "untouched")
        assert untouched.recount().returncode == 0
        assert {one["heard_on"][:7] for one in untouched.export["heard_late"]} == {"2026-06"}
        found = []
        for plant in FAULTS:
            books = Books(data, folder / plant.__name__)
            plant(books)
            done = books.recount()
            if done.returncode == 1 and "difference" in done.stdout:  # a traceback ends in 1 as well
                found.append(plant)

        assert found == [*FAULTS]

    def test_is_the_same_for_the_same_seed_alone(self, fresh):
        hashes = []
        for seed in (7, 7, 8):
            done = simulate(fresh(), months=2, customers=6, seed=seed)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            hashes += HASH.findall(done.stdout)

        assert hashes[0] == hashes[1] != hashes[2]

    def test_is_refused_while_the_system_runs(self, tmp_path):
        with (tmp_path / "run.lock").open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("4711")
            lock.flush()

            done = simulate(tmp_path, months=1, customers=1)

        assert (done.returncode, done.stderr) == (1, f"The system runs already on {tmp_path} (process 4711).\n")
