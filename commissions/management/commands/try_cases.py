"""Decide cases that were worked out by hand, by the real engine, and compare."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from commissions.services.cases import Outcome, UnreadableCase, read_cases, try_cases


class Command(BaseCommand):
    """Nothing that it does stays in the database."""

    help = "Decides the cases of TOML files (see docs/commissions.md) and prints how they differ from what they expect."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        try:
            cases = [case for file in options["files"] for case in read_cases(file)]
        except UnreadableCase as fault:
            raise CommandError(str(fault)) from fault
        wrong: list[Outcome] = []
        count = 0
        for outcome in try_cases(cases):
            count += 1
            self.stdout.write(self._line(outcome))
            if outcome.differences:
                wrong.append(outcome)
        for outcome in wrong:
            self.stdout.write(f"\n{outcome.case.name}, on {outcome.expected.on}: {outcome.case.why}")
            for text in outcome.told():
                self.stdout.write(f"    {text}")
        self.stdout.write(f"\n{len(cases)} cases, {count} decisions, {len(wrong)} of them not as expected.")
        if wrong:
            raise CommandError("Not all cases are decided as expected.")

    def _line(self, outcome: Outcome) -> str:
        found = outcome.found
        mark = self.style.ERROR("differs") if outcome.differences else self.style.SUCCESS("as expected")
        money = f"{found.amount} {outcome.case.currency}" if found.amount is not None else "-"
        return (
            f"{outcome.case.name[:58]:58}  {found.on}  {found.status:9}  {money:>12}  {found.since or '-'!s:10}  {mark}"
        )
