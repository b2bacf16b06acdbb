"""The feed of billing facts, shuffled and told several times: the same ledger. And what happens without the guard."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
import time_machine
from django.db import transaction

from billing.models import Allocation
from billing.ports import VendorFact
from billing.services import accounts, receive_fact
from commissions.models import Reward
from commissions.queries.ledger import ledger_hash
from commissions.services.cases import Stage
from commissions.services.qualification import qualify_now
from commissions.states import RewardStatus
from tests.commissions.staging import INSTALLED, bill_of, ended_of, noon, payment_of

pytestmark = pytest.mark.django_db
NIGHTS = (date(2026, 2, 23), date(2026, 4, 15), date(2026, 4, 30), date(2026, 6, 20), date(2027, 2, 1))
FRIENDS = 8


def make_friends(stage: Stage) -> list[Reward]:
    """Friends whose account numbers are the same in every telling."""
    stage.rule.code = "the-rule"
    stage.rule.save()
    version = stage.make_version(amount=Decimal("50.00"), clawback_full_days=100, clawback_none_days=200)
    cash = stage.make_version(percent_cash=Decimal("12.5"), bills_needed=2)
    rewards = [stage.make_reward((version, cash)[place % 2], INSTALLED) for place in range(FRIENDS)]
    for place, reward in enumerate(rewards):
        for account, mark in ((reward.friend_account, "friend"), (reward.payee.account, "payee")):
            account.number = f"{mark}-{place}"
            account.save()
    return rewards


def make_feed() -> list[VendorFact]:
    """Bills that are paid in time, late, in part, returned and paid again, and friends who leave."""
    feed: list[VendorFact] = []

    def tell(report, on: date) -> None:
        feed.append(
            VendorFact(event_id=f"f{len(feed)}", kind="told", occurred_at=noon(on), raw={"n": len(feed)}, report=report)
        )

    for place in range(FRIENDS):
        number = f"friend-{place}"
        for month in range(1, 5):
            issued = date(2026, month, 20)
            due = issued + timedelta(days=12)
            tell(bill_of(number, str(month), issued, due, amount="55.00", tax="5.00"), issued)
            days = 30 if place == 3 and month == 2 else 4
            part = "30.00" if place == 4 else "55.00"
            tell(payment_of(number, str(month), amount=part), due + timedelta(days=days))
            if place == 4:
                tell(payment_of(number, str(month), name=f"rest-{month}", amount="25.00"), due + timedelta(days=5))
        if place in (5, 6):
            tell(payment_of(number, "1", amount="55.00", is_reversal=True), date(2026, 6, 10 if place == 5 else 2))
        if place == 6:
            tell(payment_of(number, "1", name="again", amount="55.00"), date(2026, 6, 2))
        if place in (1, 2, 7):
            tell(ended_of(number), date(2026, 3 * place, 28) if place < 7 else date(2026, 2, 20))
    return feed


def play(seed: int | None) -> tuple[str, dict[str, str]]:
    """Tell the feed in order, or shuffled and up to five times, let the nights pass, and return the ledger's mark."""
    feed = make_feed()
    if seed is not None:
        chance = random.Random(seed)
        feed = [fact for fact in feed for _again in range(chance.randint(1, 5))]
        chance.shuffle(feed)
    with transaction.atomic():
        with time_machine.travel(datetime(2026, 1, 15, 16, tzinfo=UTC), tick=False):
            stage = Stage()
            rewards = make_friends(stage)
        with time_machine.travel(datetime(2026, 2, 22, 16, tzinfo=UTC), tick=False):
            for fact in feed:
                receive_fact(stage.system, fact)
        for night in NIGHTS:
            with time_machine.travel(datetime(night.year, night.month, night.day, 17, tzinfo=UTC), tick=False):
                qualify_now(stage.division)
        mark = ledger_hash()
        statuses = dict(
            Reward.objects.filter(pk__in=[reward.pk for reward in rewards]).values_list(
                "friend_account__number", "status"
            )
        )
        transaction.set_rollback(True)
    return mark, statuses


@pytest.fixture(scope="module")
def in_order(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        played = play(None)
        transaction.set_rollback(True)
        return played


class TestTheFeed:
    def test_has_something_of_everything(self, in_order):
        assert set(in_order[1].values()) == {
            RewardStatus.PAYABLE, RewardStatus.FORFEITED, RewardStatus.REVERSED,
        }  # fmt: skip

    @pytest.mark.parametrize("seed", range(6))
    def test_shuffled_and_told_up_to_five_times_gives_the_same_ledger(self, seed, in_order):
        assert play(seed) == in_order

    def test_without_the_guard_of_its_tables_gives_another_one(self, in_order, monkeypatch):
        """The control: every telling is kept as if it were another document."""

        tellings = count(1)
        kept, received = accounts._Told.keep, receive_fact

        def keep_always(told, model, key, **content):
            if model is Allocation:
                key = {**key, "allocation_id": f"{key['allocation_id']}-{next(tellings)}"}
            return kept(told, model, key, **content)

        def receive_always(system, fact):
            return received(system, replace(fact, event_id=f"{fact.event_id}-{next(tellings)}"))

        monkeypatch.setattr(accounts._Told, "keep", keep_always)
        monkeypatch.setitem(globals(), "receive_fact", receive_always)

        assert play(1)[0] != in_order[0]
