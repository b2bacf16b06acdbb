"""Staff give their code anew for whatever moves money, where the last one is a quarter of an hour old."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.testing import make_account
from billing.models import Submission
from billing.states import SubmissionStatus
from commissions.models import ClosedPeriod, Dispute
from commissions.queries.claims import claimed_of
from commissions.services import batches
from commissions.services.cases import pay
from commissions.services.claims import ask_to_end_claim
from commissions.services.disputes import raise_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.services.holds import hold_reward
from commissions.states import (
    BatchStatus,
    ClaimWay,
    DisputeStatus,
    EntryKind,
    HoldReason,
    ReasonCode,
    RewardStatus,
)
from config.local.sign_ins import totp
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in
from orders.states import OrderStatus
from orders.testing import make_order
from referrals.models import Signal
from referrals.states import SignalKind, SignalStatus
from tests.commissions.paying import make_earned, make_payouts

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    return make_payouts(market)


class Desk:
    """A member of staff at a desk that they left open for sixteen minutes."""

    def __init__(self, person) -> None:
        self.client = sign_in(Client(), person)

    def is_asked(self, name: str, pk: int | None = None, **answers: str) -> bool:
        """Press the button of a page, and tell whether a code is asked for instead, by the page and by the button."""
        address = reverse(f"desk:{name}", args=[pk] if pk else [])
        pressed = self.client.post(address, answers)
        return pressed.status_code == 422 and "Give your code once more" in pressed.content.decode()

    def does(self, name: str, pk: int | None = None, **answers: str) -> bool:
        """Give the code, press the button, and tell whether it was done."""
        code = totp(TOTP_SECRET, now().timestamp())
        self.client.post(reverse("mfa_reauthenticate"), {"code": code, "next": "/"})
        return self.client.post(reverse(f"desk:{name}", args=[pk] if pk else []), answers).status_code == 302


def later(minutes: int = 16):
    return time_machine.travel(now() + timedelta(minutes=minutes), tick=False)


class TestACode:
    def test_comes_before_a_batch_is_frozen(self, payouts):
        make_earned(payouts)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)
        desk = Desk(payouts.builder)

        with later():
            assert desk.is_asked("payout_freeze", batch.pk)
            batch.refresh_from_db()
            assert batch.status == BatchStatus.BUILDING
            assert desk.does("payout_freeze", batch.pk)

    def test_comes_before_a_reward_is_released(self, payouts):
        reward = make_earned(payouts)
        hold_reward(reward.pk, HoldReason.CREDIT_REFUSED, by=None)
        desk = Desk(payouts.builder)

        with later():
            assert desk.is_asked("reward_release", reward.pk, reason="credit_refused")
            reward.refresh_from_db()
            assert reward.status == RewardStatus.HELD
            assert desk.does("reward_release", reward.pk, reason="credit_refused")

    def test_comes_before_something_odd_is_decided_about(self, payouts):
        signal = Signal.objects.create(referral=make_earned(payouts).referral, kind=SignalKind.VELOCITY)
        desk = Desk(payouts.builder)

        with later():
            assert desk.is_asked("signal_decide", signal.pk, outcome="genuine", note="I called them.")
            signal.refresh_from_db()
            assert signal.status == SignalStatus.OPEN
            assert desk.does("signal_decide", signal.pk, outcome="genuine", note="I called them.")

    def test_comes_before_a_claim_is_given_up(self, payouts):
        reward = make_earned(payouts)
        pay(reward.pk, today(payouts.division))
        whole = Decimal("25.00")
        take_back(locked_reward(reward.pk), whole, ReasonCode.LEFT_EARLY, today(payouts.division), by=None)
        end = ask_to_end_claim(reward.payee_id, ClaimWay.WRITE_OFF, whole, "They have moved.", by=payouts.builder)
        desk = Desk(payouts.auditor)

        with later():
            assert desk.is_asked("claim_decide", end.pk, outcome="approved", reference="")
            assert claimed_of(reward.payee) == whole
            assert desk.does("claim_decide", end.pk, outcome="approved", reference="")

        assert claimed_of(reward.payee) == 0

    def test_comes_before_a_dispute_is_answered_with_money_and_not_before_it_is_explained(self, payouts):
        disputes = [self._dispute(payouts) for _ in range(2)]
        desk = Desk(make_person(Role.OPERATOR, payouts.division))
        money = {"outcome": "upheld", "amount": "10.00", "answer": "You are right."}

        with later():
            assert desk.is_asked("dispute_answer", disputes[0].pk, **money)
            assert not desk.is_asked(
                "dispute_answer", disputes[1].pk, outcome="explained", amount="", answer="Read it."
            )
            assert [self._status(each) for each in disputes] == [DisputeStatus.RAISED, DisputeStatus.EXPLAINED]
            assert desk.does("dispute_answer", disputes[0].pk, **money)

        assert self._status(disputes[0]) == DisputeStatus.UPHELD

    def _dispute(self, payouts) -> Dispute:
        payee = make_person(Role.CUSTOMER, payouts.division)
        reward = make_earned(payouts, account=make_account(payouts.division, user=payee))
        return raise_dispute(reward.entries.get(kind=EntryKind.RELEASE).pk, "I was promised more.", by=payee)

    def _status(self, dispute: Dispute) -> str:
        return Dispute.objects.get(pk=dispute.pk).status

    def test_comes_before_a_month_is_closed(self, payouts):
        make_earned(payouts)
        month = today(payouts.division).replace(day=1)
        what = f"{payouts.division.pk}:{month.isoformat()}"

        with later(minutes=40 * 24 * 60):
            desk = Desk(make_person(Role.OPERATOR, payouts.division))
            with later():
                assert desk.is_asked("ledger_close", what=what)
                assert not ClosedPeriod.objects.exists()
                assert desk.does("ledger_close", what=what)

        assert ClosedPeriod.objects.exists()

    def test_comes_before_an_answer_counts_as_the_billing_systems(self, market):
        order = make_order(OrderStatus.PENDING, market)
        unknown = Submission.objects.get(subject_id=order.pk)
        unknown.claim_for_sending(at=now())
        unknown.leave_unknown("The connection was cut.", at=now())
        unknown.save()
        desk = Desk(make_person(Role.SUPERVISOR, market.division))
        said = {"outcome": "confirmed", "external_id": "WO-77", "reason": "I called them."}

        with later():
            assert desk.is_asked("submission_settle", unknown.pk, **said)
            unknown.refresh_from_db()
            assert unknown.status == SubmissionStatus.UNKNOWN
            assert desk.does("submission_settle", unknown.pk, **said)
