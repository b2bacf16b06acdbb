"""Holds: an earned reward waits while there is a reason, and nothing ends it by accident."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine

from accounts.models import Customer
from commissions.events import RewardClawedBack, RewardForfeited, RewardHeld, RewardReleased
from commissions.models import LedgerEntry, Reward
from commissions.queries.ledger import balances
from commissions.services.cases import pay
from commissions.services.endings import end_rewards_of, return_reward, send_reward, settle_reward
from commissions.services.holds import follow_signals, hold_for_signal, hold_reward, release_reward
from commissions.services.qualification import look_again, reconsider
from commissions.states import EntryKind, HoldReason, LedgerAccount, ReasonCode, RewardStatus
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from referrals.events import ReferralDisqualified, SignalDecided, SignalRaised
from referrals.models import Referral, Signal
from referrals.states import DisqualifyReason, SignalKind
from tests.commissions.staging import EARLIEST, ended_of, make_stage_and_reward, tell
from tests.orders.racing import together

pytestmark = pytest.mark.django_db
MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
TODAY = MAY.date()


@pytest.fixture(autouse=True)
def in_may():
    with time_machine.travel(MAY, tick=False):
        yield


def make_earned() -> Reward:
    reward = make_stage_and_reward()[1]
    reconsider(reward.friend_account_id, on=EARLIEST)
    return Reward.objects.get(pk=reward.pk)


def make_batched() -> Reward:
    reward = make_earned()
    reward.put_in_batch()
    reward.save()
    return reward


def raise_signal(reward: Reward, kind: SignalKind = SignalKind.SAME_ADDRESS) -> Signal:
    return Signal.objects.create(referral=reward.referral, kind=kind)


def clear(signal: Signal) -> None:
    Signal.objects.filter(pk=signal.pk).update(status="cleared", decided_at=now())


def disqualify(reward: Reward, reason: DisqualifyReason = DisqualifyReason.FRAUD) -> None:
    referral = Referral.objects.get(pk=reward.referral_id)
    referral.disqualify(reason, at=now())
    referral.save()


def standing(reward: Reward) -> dict[LedgerAccount, Decimal]:
    found = balances(LedgerEntry.objects.filter(reward=reward))["USD"]
    assert found.difference == 0
    return {account: amount for account, amount in found.accounts.items() if amount}


def kinds(reward: Reward) -> list[str]:
    return [entry.kind for entry in reward.entries.order_by("pk")]


class TestHolding:
    def test_moves_the_money_back_to_held_and_says_why(self):
        reward = make_earned()

        hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.HELD, ["audit"])
        assert standing(reward) == {LedgerAccount.EXPENSE: Decimal("50.00"), LedgerAccount.HELD: Decimal("50.00")}
        assert published(RewardHeld) == [RewardHeld(reward_id=reward.pk, reasons=["audit"])]

    def test_is_released_only_when_the_last_reason_is_gone(self):
        reward = make_earned()
        for reason in (HoldReason.AUDIT, HoldReason.SIGNAL, HoldReason.PAYEE_CLOSED):
            hold_reward(reward.pk, reason, by=None)

        statuses = [
            release_reward(reward.pk, reason, by=None).status
            for reason in (HoldReason.SIGNAL, HoldReason.AUDIT, HoldReason.PAYEE_CLOSED)
        ]

        assert statuses == [RewardStatus.HELD, RewardStatus.HELD, RewardStatus.PAYABLE]
        assert kinds(reward) == ["accrual", "release", "hold", "release"]
        assert published(RewardReleased) == [RewardReleased(reward_id=reward.pk)]

    def test_for_the_same_reason_again_changes_nothing(self):
        reward = make_earned()
        hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        assert kinds(reward) == ["accrual", "release", "hold"]

    def test_is_refused_of_what_is_not_earned_or_was_paid(self):
        qualifying, paid = make_stage_and_reward()[1], make_earned()
        pay(paid.pk, TODAY)

        for reward in (qualifying, paid, make_batched()):
            with pytest.raises(NotAllowed):
                hold_reward(reward.pk, HoldReason.AUDIT, by=None)
            with pytest.raises(NotAllowed):
                release_reward(reward.pk, HoldReason.AUDIT, by=None)

    def test_of_an_auditor_is_not_released_by_who_builds(self):
        reward = make_earned()
        hold_reward(reward.pk, HoldReason.AUDIT, by=None)
        with pytest.raises(NotAllowed) as refusal:
            release_reward(reward.pk, HoldReason.AUDIT, by=make_person(Role.SUPERVISOR, reward.division))
        assert refusal.value.code == "not_permitted"

        released = release_reward(reward.pk, HoldReason.AUDIT, by=make_person(Role.AUDITOR, reward.division))

        assert released.status == RewardStatus.PAYABLE

    def test_is_not_released_by_the_payee(self):
        reward = make_earned()
        hold_reward(reward.pk, HoldReason.CREDIT_REFUSED, by=None)
        payee, other = (make_person(Role.SUPERVISOR, reward.division) for _one in range(2))
        Customer.objects.filter(pk=reward.payee.account.customer_id).update(user=payee)

        with pytest.raises(NotAllowed) as refusal:
            release_reward(reward.pk, HoldReason.CREDIT_REFUSED, by=payee)

        assert refusal.value.code == "own_reward"
        assert release_reward(reward.pk, HoldReason.CREDIT_REFUSED, by=other).status == RewardStatus.PAYABLE

    @pytest.mark.django_db(transaction=True)
    def test_is_released_once_by_two_people_at_the_same_moment(self):
        reward = make_earned()
        hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        outcomes = together(*[lambda: release_reward(reward.pk, HoldReason.AUDIT, by=None)] * 2)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotAllowed", "Reward"]
        assert kinds(reward) == ["accrual", "release", "hold", "release"]


class TestSignals:
    def test_hold_what_was_earned_before_they_were_raised(self):
        reward = make_earned()
        raise_signal(reward)

        hold_for_signal(reward.referral_id)

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.HELD, ["signal"])

    def test_hold_what_is_earned_while_they_are_open(self):
        reward = make_stage_and_reward()[1]
        raise_signal(reward)

        reconsider(reward.friend_account_id, on=EARLIEST)

        reward.refresh_from_db()
        assert (reward.status, reward.holds, reward.qualified_on) == (RewardStatus.HELD, ["signal"], EARLIEST)
        assert standing(reward) == {LedgerAccount.EXPENSE: Decimal("50.00"), LedgerAccount.HELD: Decimal("50.00")}
        assert published(RewardHeld) == [RewardHeld(reward_id=reward.pk, reasons=["signal"])]

    def test_release_when_the_last_of_them_is_cleared(self):
        reward = make_earned()
        first, second = raise_signal(reward), raise_signal(reward, SignalKind.VELOCITY)
        hold_for_signal(reward.referral_id)

        clear(first)
        follow_signals(reward.referral_id, by=None)
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.HELD

        clear(second)
        follow_signals(reward.referral_id, by=None)
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.PAYABLE

    def test_leave_other_reasons_holding(self):
        reward = make_earned()
        signal = raise_signal(reward)
        hold_for_signal(reward.referral_id)
        hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        clear(signal)
        follow_signals(reward.referral_id, by=None)

        assert Reward.objects.get(pk=reward.pk).holds == ["audit"]

    def test_that_were_confirmed_release_nothing(self):
        reward = make_earned()
        signal = raise_signal(reward)
        hold_for_signal(reward.referral_id)
        Signal.objects.filter(pk=signal.pk).update(status="confirmed")

        assert follow_signals(reward.referral_id, by=None) == []
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.HELD


class TestEnding:
    def test_forfeits_what_is_not_earned_for_good(self):
        reward = make_stage_and_reward()[1]
        disqualify(reward)

        end_rewards_of(reward.referral_id, by=None)
        end_rewards_of(reward.referral_id, by=None)
        reconsider(reward.friend_account_id, on=EARLIEST)

        reward.refresh_from_db()
        assert (reward.status, reward.reason) == (RewardStatus.FORFEITED, ReasonCode.FRAUD)
        assert kinds(reward) == ["accrual", "forfeit"]
        assert len(published(RewardForfeited)) == 1

    def test_makes_a_provisional_no_final_without_moving_money_twice(self):
        stage, reward = make_stage_and_reward(bills_needed=1, months_to_qualify=3)
        reconsider(reward.friend_account_id, on=MAY.date())
        disqualify(reward, DisqualifyReason.ORDER_CANCELLED)

        end_rewards_of(reward.referral_id, by=None)

        reward.refresh_from_db()
        assert (reward.status, reward.reason) == (RewardStatus.FORFEITED, ReasonCode.DISQUALIFIED)
        assert kinds(reward) == ["accrual", "forfeit"]
        assert stage.division == reward.division

    @pytest.mark.parametrize("is_held", [True, False])
    def test_takes_back_what_is_earned(self, is_held):
        reward = make_earned()
        if is_held:
            hold_reward(reward.pk, HoldReason.AUDIT, by=None)
        disqualify(reward)

        end_rewards_of(reward.referral_id, by=None)

        reward.refresh_from_db()
        assert (reward.status, reward.reason, reward.clawed_back) == ("reversed", "fraud", Decimal("50.00"))
        assert (standing(reward), reward.holds) == ({}, [])

    def test_makes_a_receivable_of_what_was_paid(self):
        reward = make_earned()
        pay(reward.pk, TODAY)
        disqualify(reward)

        end_rewards_of(reward.referral_id, by=None)

        assert standing(reward) == {LedgerAccount.RECEIVABLE: Decimal("50.00"), LedgerAccount.PAID: Decimal("50.00")}
        assert published(RewardClawedBack) == [
            RewardClawedBack(reward_id=reward.pk, amount="50.00", currency="USD", reason="fraud", is_receivable=True)
        ]

    @pytest.mark.parametrize("outcome", ["settled", "returned", "taken out"])
    def test_waits_for_the_outcome_of_what_is_being_paid(self, outcome):
        reward = make_batched()
        send_reward(reward.pk, reward.owed, on=TODAY)
        disqualify(reward)

        end_rewards_of(reward.referral_id, by=None)
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.BATCHED

        if outcome == "settled":
            settle_reward(reward.pk, reward.owed, on=TODAY)
        else:
            hold = HoldReason.CREDIT_REFUSED if outcome == "returned" else None
            return_reward(reward.pk, reward.owed, hold=hold, on=TODAY)
        look_again(reward.pk)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.REVERSED
        assert bool(standing(reward)) == (outcome == "settled")

    def test_leaves_a_referral_alone_that_is_not_disqualified(self):
        reward = make_earned()

        assert end_rewards_of(reward.referral_id, by=None) == []


class TestBeingPaid:
    def test_goes_through_transit_to_paid(self):
        reward = make_batched()

        send_reward(reward.pk, reward.owed, on=TODAY)
        in_transit = standing(reward)
        settle_reward(reward.pk, reward.owed, on=TODAY, credit_id="C-1")

        assert in_transit == {LedgerAccount.EXPENSE: Decimal("50.00"), LedgerAccount.IN_TRANSIT: Decimal("50.00")}
        assert standing(reward) == {LedgerAccount.EXPENSE: Decimal("50.00"), LedgerAccount.PAID: Decimal("50.00")}

    def test_sets_off_what_the_payee_owes(self):
        reward = make_batched()
        send_reward(reward.pk, Decimal("30.00"), on=TODAY)

        settle_reward(reward.pk, Decimal("30.00"), set_off=Decimal("20.00"), on=TODAY)

        assert standing(reward)[LedgerAccount.RECEIVABLE] == Decimal("-20.00")
        assert standing(reward)[LedgerAccount.PAID] == Decimal("30.00")
        assert Reward.objects.get(pk=reward.pk).settled_on == TODAY

    def test_refuses_to_settle_another_amount_than_is_owed(self):
        reward = make_batched()
        send_reward(reward.pk, Decimal("30.00"), on=TODAY)

        with pytest.raises(NotAllowed):
            settle_reward(reward.pk, Decimal("30.00"), on=TODAY)

    def test_refuses_to_send_more_than_is_owed_or_what_is_in_no_batch(self):
        with pytest.raises(NotAllowed):
            send_reward(make_batched().pk, Decimal("50.01"), on=TODAY)
        with pytest.raises(NotAllowed):
            send_reward(make_earned().pk, Decimal("50.00"), on=TODAY)

    def test_is_owed_again_and_held_when_it_is_returned(self):
        reward = make_batched()
        send_reward(reward.pk, reward.owed, on=TODAY)

        return_reward(reward.pk, reward.owed, hold=HoldReason.CREDIT_REFUSED, on=TODAY)

        assert kinds(reward)[-3:] == [EntryKind.SEND, EntryKind.RETURN, EntryKind.HOLD]
        assert standing(reward)[LedgerAccount.HELD] == Decimal("50.00")


class TestWhatIsHeard:
    def test_is_that_a_signal_was_raised_and_cleared(self):
        reward = make_earned()
        signal = raise_signal(reward)

        self._say(SignalRaised(referral_id=reward.referral_id, signal_id=signal.pk), reward)
        held = Reward.objects.get(pk=reward.pk).status
        clear(signal)
        self._say(SignalDecided(referral_id=reward.referral_id, signal_id=signal.pk, status="cleared"), reward)

        assert (held, Reward.objects.get(pk=reward.pk).status) == (RewardStatus.HELD, RewardStatus.PAYABLE)

    def test_is_that_a_referral_was_disqualified_while_its_reward_was_being_paid(self):
        reward = make_batched()
        send_reward(reward.pk, reward.owed, on=TODAY)
        disqualify(reward)
        self._say(ReferralDisqualified(referral_id=reward.referral_id, reason="fraud"), reward)

        settle_reward(reward.pk, reward.owed, on=TODAY)
        drain()

        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.REVERSED

    def test_is_that_a_friend_left_while_the_reward_was_being_paid_even_after_the_last_night_that_watched(self):
        stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        reward.refresh_from_db()
        reward.put_in_batch()
        reward.save()
        tell(stage, ended_of(reward.friend_account.number), date(2026, 4, 10))

        reconsider(reward.friend_account_id, on=TODAY)
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.BATCHED
        return_reward(reward.pk, on=TODAY)
        drain()

        assert Reward.objects.get(pk=reward.pk).reason == ReasonCode.LEFT_EARLY

    def _say(self, fact: Fact, reward: Reward) -> None:
        publish(fact, subject=reward.referral, division=reward.division, by=None)
        drain()
