"""What payees are written about their money, and that no letter says why."""

from decimal import Decimal

import pytest

from accounts.testing import make_details
from commissions import handlers
from commissions.events import RewardClawedBack, RewardQualified, RewardReleased
from commissions.services import letters
from commissions.services.cases import pay
from commissions.services.endings import locked_reward, take_back
from commissions.services.holds import follow_signals, hold_for_signal
from commissions.states import ReasonCode
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.now import now, today
from orders.states import OrderStatus
from orders.testing import make_order
from referrals.models import Programme, Signal
from referrals.states import SignalKind, SignalStatus
from tests.commissions.paying import make_earned, make_payouts

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward():
    """A reward of somebody with an e-mail address, just credited."""
    payouts = make_payouts()
    order = make_order(OrderStatus.COMPLETED, payouts.market, details=make_details(email="riley@people.example"))
    reward = make_earned(payouts, account=order.account)
    pay(reward.pk, today(payouts.division))
    return reward


def hear_of_claim() -> None:
    (event,) = Event.objects.filter(name=RewardClawedBack.name)
    handlers.tell_of_claim(event.fact(), event)


def letter(kind: str) -> Message:
    return Message.objects.get(kind=f"commissions.{kind}")


def test_a_payee_is_told_once_what_is_credited_and_for_whom(reward):
    letters.send_credited(reward.pk)
    letters.send_credited(reward.pk)

    credited = letter("credited")
    assert credited.to == "riley@people.example"
    assert credited.subject_line == "$25.00 is credited on your bill"
    assert "for Robin" in credited.text


class TestEarned:
    @pytest.fixture
    def earned(self):
        payouts = make_payouts()
        order = make_order(OrderStatus.COMPLETED, payouts.market, details=make_details(email="riley@people.example"))
        return make_earned(payouts, account=order.account)

    def hear(self) -> None:
        (event,) = Event.objects.filter(name=RewardQualified.name)
        handlers.tell_of_earning(event.fact(), event)

    def test_is_told_once_before_it_is_paid(self, earned):
        self.hear()
        handlers.tell_of_release(RewardReleased(reward_id=earned.pk), None)

        told = letter("earned")
        assert (told.to, told.subject_line) == ("riley@people.example", "You have earned $25.00")
        assert "Your reward for Robin is earned: $25.00." in told.text
        assert "Robin" in told.html

    def test_is_told_of_what_was_held_once_it_is_free(self, earned):
        signal = Signal.objects.create(referral=earned.referral, kind=SignalKind.SAME_ADDRESS)
        hold_for_signal(earned.referral_id)
        self.hear()
        assert not Message.objects.filter(kind="commissions.earned").exists()

        Signal.objects.filter(pk=signal.pk).update(status=SignalStatus.CLEARED, decided_at=now())
        follow_signals(earned.referral_id, by=None)
        handlers.tell_of_release(RewardReleased(reward_id=earned.pk), None)

        assert letter("earned").to == "riley@people.example"

    def test_is_not_told_where_the_operator_has_switched_it_off(self, earned):
        Programme.objects.update(tells_when_earned=False)

        self.hear()

        assert not Message.objects.filter(kind="commissions.earned").exists()


def test_what_is_taken_back_is_told_without_a_reason(reward):
    take_back(locked_reward(reward.pk), Decimal("10.00"), ReasonCode.LEFT_EARLY, today(reward.division), by=None)
    hear_of_claim()

    taken_back = letter("taken_back")
    assert (
        "$10.00 of your reward for Robin is taken back: the conditions of the program no longer hold."
        in taken_back.text
    )
    assert "left" not in taken_back.text


def test_nothing_is_told_of_what_was_not_credited():
    reward = make_earned(make_payouts())
    take_back(locked_reward(reward.pk), Decimal("10.00"), ReasonCode.LEFT_EARLY, today(reward.division), by=None)
    hear_of_claim()

    assert not Message.objects.filter(kind="commissions.taken_back").exists()
