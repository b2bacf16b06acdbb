"""Cases worked out by hand, decided by the real engine."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from commissions.models import LedgerEntry, Reward
from commissions.services.cases import Case, UnreadableCase, read_cases, try_cases
from foundation.divisions.models import Division
from foundation.events.models import Event

FOLDER = Path(__file__).parent / "cases"
FILES = sorted(FOLDER.glob("*.toml"))
CASES = [case for file in FILES for case in read_cases(file)]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_is_decided_as_it_was_worked_out_by_hand(case: Case):
    outcomes = list(try_cases([case]))

    told = ["\n".join([f"on {outcome.expected.on}:", *outcome.told()]) for outcome in outcomes if outcome.differences]
    assert told == [], case.why


def test_there_are_at_least_forty_of_them():
    assert len({case.name + case.why for case in CASES}) >= 40


class TestTryCases:
    def test_prints_every_decision_and_keeps_nothing(self, capsys):
        call_command("try_cases", FOLDER / "7_cash.toml")

        printed = capsys.readouterr().out
        assert "Cash and a credit note: the base is $63" in printed
        assert "63.00 USD" in printed
        assert "9 cases, 14 decisions, 0 of them not as expected." in printed
        for model in (Division, Reward, LedgerEntry, Event):
            assert not model.objects.exists(), model

    def test_ends_in_an_error_with_the_trace_of_what_differs(self, tmp_path, capsys):
        content = (FOLDER / "7_cash.toml").read_text().replace('amount = "63.00"', 'amount = "70.00"')
        file = tmp_path / "wrong.toml"
        file.write_text(content)

        with pytest.raises(CommandError):
            call_command("try_cases", file)

        printed = capsys.readouterr().out
        assert "amount is 63.00, not 70.00" in printed
        assert "Needs 1 bill, 1 is paid" in printed

    @pytest.mark.parametrize(
        "content",
        ["", "case = 1", '[[case]]\nname = "No date"\nexpect = []', "[[case]]\ninstalled = 2026-01-15\nexpect = [{}]",
         '[[case]]\nname = "x"\ninstalled = 2026-01-15\nexpect = []\nrule = { bils_needed = 1 }'],
    )  # fmt: skip
    def test_refuses_a_file_that_means_nothing(self, content, tmp_path):
        file = tmp_path / "nonsense.toml"
        file.write_text(content)

        with pytest.raises(UnreadableCase):
            read_cases(file)
