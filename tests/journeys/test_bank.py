"""The stand-in bank reads our files by itself, and our reader its returns: two programs, written apart."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from foundation.ach import AchEntry, BankAccountKind, Originator, read_returns, trace_number, write_file
from sandbox.bank.books import Books
from sandbox.bank.records import Unreadable

HOUSE = Originator(
    immediate_destination="123456780", destination_name="BANK", immediate_origin="1234567890", origin_name="HOUSE",
    company_name="HOUSE", company_id="1234567890", odfi="123456780", entry_description="REWARD",
)  # fmt: skip
FRIDAY, MONDAY = date(2026, 6, 5), date(2026, 6, 8)


def entry(sequence: int, number: str, amount: str = "12.50", *, is_business: bool = False) -> AchEntry:
    return AchEntry(
        sequence=sequence, routing_number="110000000", account_number=number, kind=BankAccountKind.CHECKING,
        amount=Decimal(amount), name="Zoë Payee", reference=str(sequence), is_business=is_business,
    )  # fmt: skip


@pytest.fixture
def text():
    entries = [entry(1, "000111222"), entry(2, "9903111222", "7.25"), entry(3, "5550001", "3.00", is_business=True)]
    return write_file(HOUSE, entries, effective_on=MONDAY, created_at=datetime(2026, 6, 5, 16, tzinfo=UTC))


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


class TestTheStandInBank:
    def test_pays_what_it_can_on_its_day_and_sends_the_rest_back(self, books, text):
        assert books.take("one.txt", text, on=FRIDAY) == 3
        assert books.settle(FRIDAY) is None
        assert books.paid_of("one.txt") == (0, 0)

        returned = books.settle(MONDAY)

        assert books.paid_of("one.txt") == (2, 1550)
        (back,) = read_returns(returned.read_text())
        assert (back.code, back.original_trace, back.amount) == ("R03", trace_number(HOUSE, 2), Decimal("7.25"))
        assert books.settle(MONDAY) is None

    def test_takes_a_file_once(self, books, text):
        books.take("one.txt", text, on=FRIDAY)

        with pytest.raises(ValueError, match="taken before"):
            books.take("one.txt", text, on=FRIDAY)

    def test_refuses_what_does_not_add_up(self, books, text):
        with pytest.raises(Unreadable):
            books.take("one.txt", text.replace("0000001250", "0000001251"), on=FRIDAY)

    def test_is_asked_from_outside(self, tmp_path, text):
        file = tmp_path / "one.txt"
        file.write_text(text)

        def ask(*arguments: str):
            command = [sys.executable, "-m", "sandbox.bank", str(tmp_path / "bank"), *arguments]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        assert ask("take", str(file), FRIDAY.isoformat()) == 3
        assert ask("settle", MONDAY.isoformat()).endswith("RETURN-20260608.txt")
        assert ask("paid", "one.txt") == [2, 1550]
