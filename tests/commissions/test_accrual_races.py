"""Many friends are installed at the same moment: no limit is passed, and without its guard each would be."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from commissions.models import LedgerEntry, Payee, Reward, Rule
from commissions.services import accrual
from commissions.services.accrual import accrue_rewards
from commissions.services.endings import locked_reward
from commissions.services.qualification import Judged, look_again
from commissions.states import ReasonCode, RewardStatus
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.now import now
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from referrals.models import Referral
from referrals.states import DisqualifyReason
from tests.orders.racing import Meanwhile, together

THREADS = 32
REWARD = Decimal("50.00")
LONG_AGO = date(2025, 1, 15)
"""The last day of a reward for it has passed."""

pytestmark = pytest.mark.django_db(transaction=True)


def referrals(*, of_one_referrer: bool, **limits) -> list[int]:
    """Make as many installed friends as there are threads, of one referrer or of many, under a limited rule."""
    market = make_market(capacity=THREADS)
    programme = make_programme(market.division)
    make_version(make_rule(market.division), **limits)
    orders = [make_order(OrderStatus.COMPLETED, market) for _friend in range(THREADS)]
    one = make_referrer(programme)
    referrers = [one if of_one_referrer else make_referrer(programme) for _order in orders]
    pairs = zip(orders, referrers, strict=True)
    return [make_referral(referrer, order=order, installed_on=date(2026, 11, 27)).pk for order, referrer in pairs]


def accrue_at_once(ids: list[int]) -> None:
    outcomes = together(*(lambda pk=pk: accrue_rewards(pk) for pk in ids))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []


def granted() -> int:
    return Reward.objects.filter(status=RewardStatus.ACCRUED).count()


class TestABudget:
    def test_is_given_out_to_the_last_reward_and_no_further(self):
        accrue_at_once(referrals(of_one_referrer=False, budget=REWARD * 10))

        assert granted() == LedgerEntry.objects.count() == 10
        assert Reward.objects.filter(status=RewardStatus.CAP_LIMITED).count() == THREADS - 10
        assert Rule.objects.get().granted == REWARD * 10

    def test_would_be_overspent_if_one_looked_first_and_took_then(self, monkeypatch):
        ids = referrals(of_one_referrer=False, budget=REWARD * 10)
        looked = threading.Barrier(THREADS)

        def take_unguarded(rule_id, amount, budget):
            had = Rule.objects.get(pk=rule_id).granted
            looked.wait(timeout=60)
            if had + amount > budget:
                return False
            Rule.objects.filter(pk=rule_id).update(granted=had + amount)
            return True

        monkeypatch.setattr(accrual, "_take", take_unguarded)
        accrue_at_once(ids)

        assert granted() > 10


class TestAPayeesLimit:
    def test_is_met_exactly_and_every_reward_has_its_own_number(self):
        accrue_at_once(referrals(of_one_referrer=True, most_per_month=7))

        rewards = Reward.objects.filter(status=RewardStatus.ACCRUED)
        assert sorted(rewards.values_list("ordinal", flat=True)) == list(range(1, 8))
        assert Payee.objects.count() == 1

    def test_would_be_passed_without_the_payees_lock(self, monkeypatch):
        ids = referrals(of_one_referrer=True, most_per_month=7)
        counted = threading.Barrier(THREADS)
        had_before = accrual.had_before

        def count_and_wait(*args):
            had = had_before(*args)
            counted.wait(timeout=60)
            return had

        account = Referral.objects.first().referrer.account
        Payee.objects.create(account=account, division=account.division, currency="USD")
        monkeypatch.setattr(accrual, "had_before", count_and_wait)
        monkeypatch.setattr(accrual, "_locked_payees", unlocked_payees)
        accrue_at_once(ids)

        assert granted() > 7


def unlocked_payees(accounts):
    return {payee.account_id: payee for payee in Payee.objects.filter(account__in=accounts).select_related("account")}


class TestOneReferral:
    def test_is_rewarded_once_however_many_hear_of_it(self):
        (pk, *_others) = referrals(of_one_referrer=True)

        accrue_at_once([pk] * THREADS)

        assert granted() == LedgerEntry.objects.count() == 1


class TestLookingAgain:
    def test_holds_no_reward_while_it_waits_for_a_budgets_rule(self):
        """The nightly run holds the rule first: the friend of a referral that was ended came back by another one."""
        market = make_market()
        referrer = make_referrer(make_programme(market.division))
        make_version(make_rule(market.division), budget=REWARD * 2, bills_needed=0, must_be_active=False)
        first, second = (make_referral(referrer, market=market, installed_on=LONG_AGO) for _one in range(2))
        (ended,) = accrue_rewards(first.pk)
        first.disqualify(DisqualifyReason.ORDER_CANCELLED, at=now())
        first.save()
        Referral.objects.filter(pk=second.pk).update(friend=first.friend, friend_account=first.friend_account)
        (late,) = accrue_rewards(second.pk)
        Reward.objects.filter(pk=late.pk).update(
            status=RewardStatus.FORFEITED, reason="paid_late", reason_on=late.installed_on
        )

        with transaction.atomic():
            Rule.objects.locked().get()
            looking = Meanwhile(lambda: look_again(ended.pk))
            locked_reward(ended.pk)

        assert looking.outcome() == Judged(looked_at=1, moved=1)
        assert Reward.objects.get(pk=ended.pk).reason == ReasonCode.DISQUALIFIED
        assert Reward.objects.get(pk=late.pk).status == RewardStatus.PAYABLE
