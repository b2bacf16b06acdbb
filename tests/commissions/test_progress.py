"""What a referrer reads of a referral, and what nobody tells them."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from commissions.models import Reward
from commissions.queries.progress import own_rewards, progress_for, progress_of
from commissions.services.cases import Stage, pay
from commissions.services.holds import hold_reward
from commissions.services.qualification import reconsider
from commissions.settings import PAYOUT_DAY
from commissions.states import HoldReason, ProgressStage, RewardStatus
from commissions.testing import make_rule
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.people.testing import make_person
from referrals.models import Invitation, Referral
from referrals.states import InvitationStatus
from tests.commissions.staging import (
    EARLIEST,
    INSTALLED,
    bill_of,
    ended_of,
    make_partly_taken_back,
    make_stage_and_reward,
    tell,
)

pytestmark = pytest.mark.django_db
DAY_41 = date(2026, 2, 25)


def on(day: date):
    return time_machine.travel(datetime(day.year, day.month, day.day, 16, tzinfo=UTC), tick=False)


def progress_on(reward: Reward, day: date):
    with on(day):
        return progress_of(Referral.objects.get(pk=reward.referral_id))


def make_invitation(stage: Stage, status: InvitationStatus) -> Invitation:
    referral = stage.make_referral(stage.make_payee(), INSTALLED)
    return Invitation.objects.create(
        referrer=referral.referrer, division=stage.division, friend_name="Robin", email="robin@people.example",
        email_key="robin@people.example", language="en", key="one", status=status,
    )  # fmt: skip


class TestProgress:
    def test_counts_the_days_of_the_wait_and_says_when_to_expect_the_credit(self):
        _stage, reward = make_stage_and_reward(bills_needed=3)

        progress = progress_on(reward, DAY_41)

        assert progress.stage == ProgressStage.QUALIFYING
        assert progress.sentence == "Qualifying: day 41 of 90."
        assert progress.expected_on == date(2026, 5, 5)  # the first payout after 15 April
        assert (progress.amount, progress.currency, progress.is_over) == (reward.amount, "USD", False)

    def test_expects_the_credit_on_the_payout_day_of_the_division_that_pays(self):
        stage, reward = make_stage_and_reward()
        set_value(stage.division, PAYOUT_DAY, 20)  # set before the one above it had a rule
        above = make_division()
        make_rule(above)
        stage.division.parent = above
        stage.division.save()

        assert progress_on(reward, DAY_41).expected_on == date(2026, 5, 5)

    def test_says_until_when_what_has_not_qualified_is_open(self):
        _stage, reward = make_stage_and_reward(bills_needed=3)

        progress = progress_on(reward, date(2026, 9, 1))

        assert progress.sentence == "Not yet qualified."
        assert "open until Jan. 15, 2027" in progress.detail

    def test_of_an_earned_reward_says_when_it_will_be_credited(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)

        progress = progress_on(reward, date(2026, 4, 20))

        assert (progress.stage, progress.since, progress.expected_on) == ("earned", EARLIEST, date(2026, 5, 5))
        assert progress_on(reward, date(2026, 5, 5)).expected_on == date(2026, 5, 5)
        assert progress_on(reward, date(2026, 12, 6)).expected_on == date(2027, 1, 5)

    def test_of_a_held_reward_promises_no_day(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        hold_reward(reward.pk, HoldReason.SIGNAL, by=None)

        progress = progress_on(reward, date(2026, 4, 20))

        assert (progress.stage, progress.expected_on) == (ProgressStage.EARNED, None)

    def test_of_what_is_on_its_way_says_no_later_day(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        Reward.objects.filter(pk=reward.pk).update(status=RewardStatus.BATCHED)

        progress = progress_on(reward, date(2026, 5, 6))

        assert (progress.detail, progress.expected_on) == ("It is on its way to your bill.", None)

    def test_ends_with_the_credit(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        pay(reward.pk, date(2026, 5, 6))

        progress = progress_on(reward, date(2026, 5, 7))

        assert (progress.stage, progress.since, progress.is_over) == ("credited", date(2026, 5, 6), True)

    def test_of_what_was_taken_back_in_part_says_how_much(self):
        _stage, reward = make_partly_taken_back()

        progress = progress_on(reward, date(2026, 6, 1))

        assert (progress.stage, progress.amount) == (ProgressStage.CREDITED, reward.amount)
        assert 0 < reward.clawed_back < reward.amount
        assert f"Of this, ${reward.clawed_back} was taken back" in progress.detail

    def test_of_a_referral_whose_friend_is_not_installed_yet(self):
        stage = Stage()
        referral = stage.make_referral(stage.make_payee(), INSTALLED)
        Referral.objects.filter(pk=referral.pk).update(status="ordered", installed_on=None)

        assert progress_of(Referral.objects.get(pk=referral.pk)).stage == ProgressStage.ORDERED

    def test_of_a_referral_that_came_to_nothing(self):
        stage = Stage()
        referral = stage.make_referral(stage.make_payee(), INSTALLED)
        Referral.objects.filter(pk=referral.pk).update(
            status="disqualified", reason="order_cancelled", ended_at=datetime(2026, 2, 1, 3, tzinfo=UTC)
        )

        progress = progress_of(Referral.objects.get(pk=referral.pk))

        assert (progress.stage, progress.since) == (ProgressStage.NOT_ELIGIBLE, date(2026, 1, 31))

    def test_of_a_limited_reward_says_that_a_limit_was_reached(self):
        _stage, reward = make_stage_and_reward()
        Reward.objects.filter(pk=reward.pk).update(status=RewardStatus.CAP_LIMITED)

        progress = progress_on(reward, DAY_41)

        assert (progress.stage, progress.is_over) == (ProgressStage.LIMITED, True)

    @pytest.mark.parametrize(
        ("status", "stage", "is_over"),
        [
            (InvitationStatus.QUEUED, ProgressStage.INVITED, False),
            (InvitationStatus.SENT, ProgressStage.INVITED, False),
            (InvitationStatus.CLICKED, ProgressStage.OPENED, False),
            (InvitationStatus.BOUNCED, ProgressStage.ENDED, True),
            (InvitationStatus.WITHDRAWN, ProgressStage.ENDED, True),
            (InvitationStatus.SUPPRESSED, ProgressStage.ENDED, True),
            (InvitationStatus.OPTED_OUT, ProgressStage.ENDED, True),
            (InvitationStatus.EXPIRED, ProgressStage.ENDED, True),
        ],
    )
    def test_of_an_invitation(self, status, stage, is_over):
        progress = progress_of(make_invitation(Stage(), status))

        assert (progress.stage, progress.is_over) == (stage, is_over)

    def test_of_an_invitation_that_led_to_an_order_is_that_of_the_referral(self):
        stage, reward = make_stage_and_reward()
        invitation = make_invitation(stage, InvitationStatus.ORDERED)
        Referral.objects.filter(pk=reward.referral_id).update(invitation=invitation)

        with on(DAY_41):
            assert progress_of(invitation).sentence == "Qualifying: day 41 of 90."

    def test_of_many_costs_as_many_queries_as_of_one(self, django_assert_max_num_queries):
        stage, reward = make_stage_and_reward()
        for _ in range(9):
            stage.make_reward(reward.version, INSTALLED)
        counts = []
        for many in (1, 10):
            referrals = list(Referral.objects.select_related("division")[:many])
            with django_assert_max_num_queries(10) as captured:
                progress_for(referrals)
            counts.append(len(captured))

        assert counts[0] == counts[1]


class TestWhatAReferrerNeverLearns:
    def test_is_that_a_bill_was_late_while_it_may_still_be_mended(self):
        stage, late = make_stage_and_reward(bills_needed=3)
        waiting = stage.make_reward(late.version, INSTALLED)
        number = late.friend_account.number
        tell(stage, bill_of(number, "1", date(2026, 2, 2), date(2026, 2, 17)), date(2026, 2, 2))
        reconsider(late.friend_account_id, on=date(2026, 2, 24))
        late.refresh_from_db()
        assert late.status == RewardStatus.FORFEITED

        for day in (DAY_41, EARLIEST, date(2026, 9, 1), late.latest_on):
            assert progress_on(late, day) == progress_on(waiting, day)

    def test_is_that_the_friend_was_disconnected(self):
        stage, gone = make_stage_and_reward()
        waiting = stage.make_reward(gone.version, INSTALLED)
        tell(stage, ended_of(gone.friend_account.number), date(2026, 2, 20))
        reconsider(gone.friend_account_id, on=DAY_41)

        assert progress_on(gone, DAY_41) == progress_on(waiting, DAY_41)

    def test_is_why_the_conditions_were_not_met(self):
        stage, late = make_stage_and_reward(bills_needed=3)
        few = stage.make_reward(late.version, INSTALLED)
        tell(stage, bill_of(late.friend_account.number, "1", date(2026, 2, 2), date(2026, 2, 17)), date(2026, 2, 2))
        over = date(2027, 1, 16)
        for reward in (late, few):
            reconsider(reward.friend_account_id, on=over)

        assert {Reward.objects.get(pk=late.pk).reason, Reward.objects.get(pk=few.pk).reason} == {
            "paid_late", "too_few_bills",
        }  # fmt: skip
        assert progress_on(late, over) == progress_on(few, over)
        assert progress_on(late, over).stage == ProgressStage.NOT_ELIGIBLE

    def test_is_why_something_was_taken_back(self):
        stage, reward = make_stage_and_reward(clawback_full_days=100, clawback_none_days=200)
        reconsider(reward.friend_account_id, on=EARLIEST)
        tell(stage, ended_of(reward.friend_account.number), date(2026, 4, 20))
        reconsider(reward.friend_account_id, on=date(2026, 4, 20))

        progress = progress_on(reward, date(2026, 4, 21))

        assert progress.stage == ProgressStage.TAKEN_BACK
        assert "service" not in f"{progress.sentence} {progress.detail}".lower()

    def test_is_that_the_friend_wants_no_mail(self):
        stage = Stage()
        invitation = make_invitation(stage, InvitationStatus.SUPPRESSED)
        suppressed = progress_of(invitation)
        for status in (InvitationStatus.OPTED_OUT, InvitationStatus.EXPIRED):
            Invitation.objects.filter(pk=invitation.pk).update(status=status)

            assert progress_of(Invitation.objects.get(pk=invitation.pk)) == suppressed


class TestOwnRewards:
    def test_are_those_that_a_customer_is_owed(self):
        stage, reward = make_stage_and_reward()
        stage.make_reward(reward.version, INSTALLED)
        person = make_person()
        customer = reward.payee.account.customer
        customer.user = person
        customer.save()

        assert list(own_rewards(person)) == [reward]
