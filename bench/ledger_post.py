"""
Postings a second through `commissions.services.ledger.post`, against bare inserts of the same rows.

Both sides write in transactions of a hundred, to the same table with its constraints and triggers. A posting takes the
reward's next number, looks up the first open month and writes the entry; the floor knows all that already.
"""

import os
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import time_machine

from bench.harness import bench_database, compare, set_up_django

POSTINGS = int(os.environ.get("POSTINGS", "5000"))
AT_ONCE = 100
INSTALLED = date(2026, 1, 15)
AMOUNT = Decimal("50.00")


def make_rewards() -> list[Any]:
    """Make as many rewards as there are postings in a transaction."""
    from commissions.services.cases import Stage

    with time_machine.travel(date(2026, 4, 15), tick=False):
        stage = Stage()
        version = stage.make_version(amount=AMOUNT)
        return [stage.make_reward(version, INSTALLED).pk for _ in range(AT_ONCE)]


def in_transactions(write: Callable[[Any, int], object], ids: list[int]) -> Callable[[], None]:
    """Write to each of the locked rewards, in one transaction after the other."""
    from django.db import transaction

    from commissions.models import Reward

    def written() -> None:
        for number in range(POSTINGS // AT_ONCE):
            with transaction.atomic():
                for reward in Reward.objects.locked().filter(pk__in=ids).order_by("pk"):
                    write(reward, number)

    return written


def main(pairs: int = 5) -> None:
    """Measure and print."""
    with bench_database("ledger_post"):
        set_up_django()
        from commissions.models import LedgerEntry, Reward
        from commissions.services.ledger import post
        from commissions.states import EntryKind
        from foundation.now import now

        ids = make_rewards()

        def ours(reward: Reward, _number: int) -> None:
            post(reward, EntryKind.RELEASE, AMOUNT, effective_on=INSTALLED, calculation="All of it")

        def bare(reward: Reward, number: int) -> None:
            LedgerEntry.objects.create(
                key=f"bare-{rounds}-{number}-{reward.pk}", kind="release", debit="held", credit="payable",
                amount=AMOUNT, currency="USD", payee_id=reward.payee_id, division_id=reward.division_id,
                reward_id=reward.pk, version_id=reward.version_id, calculation="All of it", effective_on=INSTALLED,
                period=date(2026, 1, 1), posted_at=now(),
            )  # fmt: skip

        rounds = 0
        post_all, insert_all = in_transactions(ours, ids), in_transactions(bare, ids)

        def floor() -> None:
            nonlocal rounds
            rounds += 1
            insert_all()

        result = compare("ledger_post", post_all, floor, pairs=pairs, rows=POSTINGS)
        more = {"postings_per_second": round(POSTINGS / result.ours_ms * 1000)}
        print(type(result)(**{**vars(result), "more": more}).as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
