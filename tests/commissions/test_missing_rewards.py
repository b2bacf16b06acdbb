"""A payee misses a reward: of a friend without a line, or of a friend who is not there; and what can be given for it."""

from decimal import Decimal

import pytest

from accounts.testing import make_account
from commissions.events import DisputeRaised
from commissions.handlers import tell_of_answer
from commissions.models import Dispute, Payee, Reward
from commissions.queries.disputes import own_lacking
from commissions.services.accrual import accrue_rewards
from commissions.services.batches import build_batch, freeze_batch, read_line
from commissions.services.disputes import (
    can_decide_once_more,
    decide_once_more,
    explain_dispute,
    raise_dispute,
    raise_missing_friend,
    raise_missing_reward,
    uphold_dispute,
)
from commissions.services.endings import forfeit, locked_reward
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.states import DisputeStatus, EntryKind, LineStatus, ReasonCode, RewardStatus, Side, Verdict
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.correspondence.models import Message
from foundation.correspondence.services import Upload
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from referrals.models import Referral
from referrals.states import DisqualifyReason
from tests.commissions.paying import AT_ONCE, make_paid, make_payouts

pytestmark = pytest.mark.django_db

AMOUNT = Decimal("25.00")
TERMS = [TermDescription(side=Side.REFERRER, amount=AMOUNT)]
FILE = Upload(name="message.txt", media_type="text/plain", content=b"I have ordered.")


class World:
    """A referrer who is rewarded once, under a rule that then gives nothing more, and somebody who answers."""

    def __init__(self) -> None:
        self.payouts = make_payouts()
        self.division = self.payouts.division
        self.payee = make_person(Role.CUSTOMER, self.division)
        self.answerer = make_person(Role.OPERATOR, self.division)
        self.programme = make_programme(self.division)
        account = make_account(self.division, user=self.payee)
        account.customer.contacts.filter(role="primary").update(email="riley@people.example")
        self.referrer = make_referrer(self.programme, account=account)

    def promise(self, **terms):
        make_version(make_rule(self.division, programme=self.programme), terms=TERMS, **{**AT_ONCE, **terms})

    def bring(self, *, is_installed: bool = True) -> Referral:
        return make_referral(self.referrer, market=self.payouts.market, is_installed=is_installed)

    def reward(self) -> Reward:
        """Let a friend begin to qualify."""
        (reward,) = accrue_rewards(self.bring().pk)
        return reward

    def forfeited(self) -> Reward:
        reward = self.reward()
        forfeit(locked_reward(reward.pk), ReasonCode.TOO_FEW_BILLS, today(self.division), by=None)
        reward.refresh_from_db()
        return reward

    def limited(self) -> Reward:
        self.reward()
        reward = self.reward()
        assert reward.status == RewardStatus.CAP_LIMITED
        return reward

    def miss(self, referral: Referral) -> Dispute:
        return raise_missing_reward(referral.pk, "Robin has paid.", uploads=[FILE], by=self.payee)


@pytest.fixture
def world():
    return World()


def code_of(act) -> str:
    with pytest.raises(NotAllowed) as refusal:
        act()
    return refusal.value.code


class TestRaising:
    def test_is_about_a_friend_without_a_line(self, world):
        world.promise()
        reward = world.forfeited()

        dispute = world.miss(reward.referral)

        assert (dispute.entry, dispute.referral, dispute.payee, dispute.reward) == (
            None,
            reward.referral,
            reward.payee,
            reward,
        )
        assert dispute.evidence.get().name == "message.txt"
        fact = DisputeRaised(
            dispute_id=dispute.pk, reward_id=reward.pk, due_on=dispute.due_on.isoformat(), is_missing=True
        )
        assert fact in published()

    def test_makes_a_payee_of_whom_nothing_was_owed_to(self, world):
        dispute = world.miss(world.bring())

        assert dispute.payee == Payee.objects.get(account=world.referrer.account)
        assert dispute.reward is None

    def test_is_not_about_a_friend_with_a_line(self, world):
        world.promise()
        reward = world.reward()
        reconsider(reward.friend_account_id)

        assert not own_lacking(world.payee.pk).exists()
        assert code_of(lambda: world.miss(reward.referral)) == "not_own"

    def test_is_for_the_payee_alone(self, world):
        referral = world.bring()
        stranger = make_person(Role.CUSTOMER, world.division)

        assert code_of(lambda: raise_missing_reward(referral.pk, "Mine", by=stranger)) == "not_own"
        assert code_of(lambda: raise_missing_friend(world.referrer.pk, "Mine", by=stranger)) == "not_own"

    def test_is_done_once_a_friend_and_one_lost_friend_at_a_time(self, world):
        referral = world.bring()
        world.miss(referral)
        lost = raise_missing_friend(world.referrer.pk, "Jo of Main St ordered in May.", by=world.payee)

        assert code_of(lambda: world.miss(referral)) == "disputed"
        assert code_of(lambda: raise_missing_friend(world.referrer.pk, "And Kim.", by=world.payee)) == "disputed"
        explain_dispute(lost.pk, "They ordered by another link.", by=world.answerer)
        assert raise_missing_friend(world.referrer.pk, "And Kim.", by=world.payee).pk != lost.pk

    def test_is_open_to_a_friend_to_whom_something_was_promised(self, world):
        terms = [TermDescription(side=Side.FRIEND, amount=AMOUNT)]
        make_version(make_rule(world.division, programme=world.programme), terms=terms, **AT_ONCE)
        friend = make_person(Role.CUSTOMER, world.division)
        referral = world.bring()
        type(referral.friend).objects.filter(pk=referral.friend_id).update(user=friend)
        assert not own_lacking(friend.pk).exists()
        (reward,) = accrue_rewards(referral.pk)

        dispute = raise_missing_reward(referral.pk, "Where is mine?", by=friend)

        assert (dispute.payee, dispute.side, dispute.friend) == (reward.payee, Side.FRIEND, "")


class TestUpholding:
    def uphold(self, world, dispute, amount=AMOUNT):
        return uphold_dispute(dispute.pk, "You are right.", amount, by=world.answerer)

    @pytest.mark.parametrize("how", ["forfeited", "limited"])
    def test_gives_at_most_what_the_rule_would_have_given(self, world, how):
        world.promise(most_ever=1)
        reward = getattr(world, how)()
        dispute = world.miss(reward.referral)

        assert code_of(lambda: self.uphold(world, dispute, Decimal("25.01"))) == "too_much"
        answered = self.uphold(world, dispute)

        correction = answered.correction
        assert (answered.status, answered.amount) == (DisputeStatus.UPHELD, AMOUNT)
        assert (correction.kind, correction.debit, correction.credit) == ("correct", "expense", "payable")
        assert (correction.reward, correction.payee) == (reward, reward.payee)
        batch = make_paid(world.payouts)
        line = batch.lines.get(dispute=dispute)
        assert (line.amount, line.status, line.reward) == (AMOUNT, LineStatus.CONFIRMED, reward)
        assert batch.lines.filter(reward=reward, dispute=None).count() == 0

    def test_is_not_earned_a_second_time_by_what_is_heard_late(self, world):
        world.promise()
        reward = world.forfeited()
        self.uphold(world, world.miss(reward.referral))

        reconsider(reward.friend_account_id)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.FORFEITED
        assert not reward.entries.filter(kind=EntryKind.RELEASE).exists()

    def test_given_in_place_of_one_that_was_taken_back_is_not_earned_a_second_time(self, world):
        """Whatever line was disputed: what stands is for the reward."""
        world.promise()
        reward = world.forfeited()
        dispute = self.uphold(world, world.miss(reward.referral))
        batch = freeze_batch(build_batch(world.division.pk, by=world.payouts.builder).pk, by=world.payouts.builder)
        read_line(batch.lines.get(dispute=dispute).pk, Verdict.WRONG, "Not owed", by=world.payouts.auditor)
        again = raise_dispute(reward.entries.get(kind=EntryKind.CLAWBACK).pk, "You had agreed.", by=world.payee)
        self.uphold(world, again)

        reconsider(reward.friend_account_id)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.FORFEITED

    def test_that_an_auditor_takes_back_leaves_the_reward_to_the_rule(self, world):
        world.promise()
        reward = world.forfeited()
        dispute = self.uphold(world, world.miss(reward.referral))
        batch = freeze_batch(build_batch(world.division.pk, by=world.payouts.builder).pk, by=world.payouts.builder)
        read_line(batch.lines.get(dispute=dispute).pk, Verdict.WRONG, "Not owed", by=world.payouts.auditor)

        reconsider(reward.friend_account_id)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.PAYABLE

    def test_is_refused_where_the_reward_is_earned_by_itself(self, world):
        world.promise(wait_count=30)
        dispute = world.miss(world.reward().referral)

        assert code_of(lambda: self.uphold(world, dispute)) == "nothing_to_correct"
        assert Dispute.objects.get().is_open

    def test_is_refused_where_it_was_earned_since(self, world):
        world.promise()
        reward = world.forfeited()
        dispute = world.miss(reward.referral)
        reconsider(reward.friend_account_id)

        assert code_of(lambda: self.uphold(world, dispute)) == "nothing_to_correct"

    def test_is_refused_where_the_referral_does_not_count(self, world):
        world.promise()
        reward = world.forfeited()
        dispute = world.miss(reward.referral)
        referral = Referral.objects.get(pk=reward.referral_id)
        referral.disqualify(DisqualifyReason.FRAUD, at=now())
        referral.save()

        assert code_of(lambda: self.uphold(world, dispute)) == "nothing_to_correct"

    def test_is_refused_for_who_is_no_friend_and_where_nothing_was_promised(self, world):
        lost = raise_missing_friend(world.referrer.pk, "Jo of Main St ordered in May.", by=world.payee)
        unpromised = world.miss(world.bring())

        for dispute in (lost, unpromised):
            with pytest.raises(NotAllowed, match=r"[Aa]nswer in words"):
                self.uphold(world, dispute)

    def test_is_told(self, world):
        lost = raise_missing_friend(world.referrer.pk, "Jo of Main St ordered in May.", by=world.payee)
        explain_dispute(lost.pk, "They ordered by another link.", by=world.answerer)
        event = Event.objects.get(name="commissions.dispute_answered")
        tell_of_answer(event.fact(), event)

        letter = Message.objects.get(kind="commissions.dispute_explained")
        assert "a reward of yours is missing" in letter.text
        assert "They ordered by another link." in letter.text


class TestDecidingOnceMore:
    def test_lets_begin_what_was_promised_and_never_began(self, world):
        world.promise()
        dispute = world.miss(world.bring())
        assert can_decide_once_more(dispute, dispute.reward)

        reward = decide_once_more(dispute.pk, by=world.answerer)

        assert (reward.referral, reward.payee, reward.status) == (
            dispute.referral,
            dispute.payee,
            RewardStatus.ACCRUED,
        )
        assert not can_decide_once_more(dispute, reward)

    def test_is_refused_where_no_rule_held(self, world):
        dispute = world.miss(world.bring())

        assert code_of(lambda: decide_once_more(dispute.pk, by=world.answerer)) == "nothing_promised"
        assert not Reward.objects.exists()

    def test_is_refused_before_the_friend_is_installed_and_for_who_is_none(self, world):
        lost = raise_missing_friend(world.referrer.pk, "Jo of Main St ordered in May.", by=world.payee)
        early = world.miss(world.bring(is_installed=False))

        for dispute in (lost, early):
            assert code_of(lambda one=dispute: decide_once_more(one.pk, by=world.answerer)) == "nothing_to_decide"
