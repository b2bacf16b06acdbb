"""A batch from what is earned to what is approved: nothing is paid that was not owed, seen and answered for."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.states import AccountStatus
from accounts.testing import make_account
from billing.states import ServiceStatus
from billing.testing import tell_status
from commissions.events import BatchMoved
from commissions.models import Batch, BatchLine, LedgerEntry, Reward
from commissions.queries.batches import unread_lines
from commissions.queries.ledger import balances
from commissions.services import batches
from commissions.services.accrual import accrue_rewards
from commissions.services.batches.auditing import sample_of
from commissions.services.endings import locked_reward, take_back
from commissions.services.holds import hold_reward, release_reward
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.settings import FLAG_ABOVE, FLAGS_FIRST_REWARDS
from commissions.states import (
    BatchStatus,
    EntryKind,
    HoldReason,
    LedgerAccount,
    LineFlag,
    LineStatus,
    ReasonCode,
    RewardStatus,
    Side,
    Verdict,
)
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.divisions.services import set_value
from foundation.divisions.settings import CURRENCY
from foundation.divisions.testing import make_division, put_value
from foundation.events.testing import drain, published
from foundation.jobs.services import work_one_chunk
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.services import confirm_person, invite_person
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.testing import make_market
from referrals.models import Signal
from referrals.services import decide_signal
from referrals.states import SignalKind
from tests.commissions.paying import (
    AT_ONCE,
    make_approved,
    make_earned,
    make_frozen,
    make_payouts,
    make_several,
    read_all,
    sign_in_for,
)
from tests.commissions.vendor import forget_what_was_owed, system_of
from tests.orders.racing import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts():
    return make_payouts()


def status_of(reward: Reward) -> str:
    return Reward.objects.get(pk=reward.pk).status


def pay(batch: Batch) -> None:
    """Let the billing system credit every payment of a batch that was approved."""
    job = batches.post_batch(batch.pk)
    while work_one_chunk(job.pk):
        pass
    for line in batch.lines.filter(status=LineStatus.SENT):
        batches.record_credit_confirmed(line.request_id, f"CR-{line.pk}")


def take_part_back(reward: Reward, amount: Decimal) -> None:
    with transaction.atomic():
        take_back(locked_reward(reward.pk), amount, ReasonCode.LEFT_EARLY, today(reward.division), by=None)


def make_receivable(payouts, account, amount: str) -> Reward:
    """Make a reward that was paid, and taken back afterwards."""
    reward = make_earned(payouts, amount, account=account)
    pay(make_approved(payouts))
    take_part_back(reward, Decimal(amount))
    return reward


class TestBuild:
    def test_takes_what_is_earned_and_nothing_else(self, payouts):
        earned = make_several(payouts, 2)
        held = make_earned(payouts)
        hold_reward(held.pk, HoldReason.SIGNAL, by=None)
        make_earned(make_payouts())

        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        lines = list(batch.lines.order_by("reward_id"))
        assert [(line.reward_id, line.amount, line.request_id) for line in lines] == [
            (reward.pk, Decimal("25.00"), f"reward-{reward.pk}-1") for reward in earned
        ]
        assert {status_of(reward) for reward in earned} == {RewardStatus.BATCHED}
        assert status_of(held) == RewardStatus.HELD
        assert published(BatchMoved) == [BatchMoved(batch_id=batch.pk, status=BatchStatus.BUILDING)]

    def test_takes_what_lies_below_too(self, payouts):
        top = make_market()
        payouts.division.parent = top.division
        payouts.division.save()
        reward = make_earned(payouts)

        batch = batches.build_batch(top.division.pk, by=make_person(Role.SUPERVISOR, top.division))

        assert [line.reward_id for line in batch.lines.all()] == [reward.pk]

    def test_leaves_what_is_credited_elsewhere_to_a_division_above_both(self, payouts):
        top = make_market()
        payouts.division.parent = top.division
        payouts.division.save()
        reward = make_earned(payouts, account=make_account(top.division))

        with pytest.raises(NotAllowed) as refusal:
            batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert refusal.value.code == "nothing_to_pay"
        batch = batches.build_batch(top.division.pk, by=make_person(Role.SUPERVISOR, top.division))
        assert [line.reward_id for line in batch.lines.all()] == [reward.pk]

    def test_takes_one_currency(self, payouts):
        make_earned(payouts)

        with pytest.raises(NotAllowed):
            batches.build_batch(payouts.division.pk, currency="CAD", by=payouts.builder)

    def test_posts_nothing_to_the_ledger(self, payouts):
        make_earned(payouts)
        before = LedgerEntry.objects.count()

        batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert LedgerEntry.objects.count() == before

    def test_refuses_an_empty_one(self, payouts):
        with pytest.raises(NotAllowed):
            batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert not Batch.objects.exists()

    def test_refuses_who_may_not(self, payouts):
        make_earned(payouts)
        for person in (payouts.auditor, make_person(Role.CSR, payouts.division), make_payouts().builder):
            with pytest.raises(NotAllowed):
                batches.build_batch(payouts.division.pk, by=person)

    def test_holds_what_no_account_can_be_credited_with(self, payouts):
        reward = make_earned(payouts)
        Account.objects.filter(pk=reward.payee.account_id).update(status=AccountStatus.CLOSED, closed_at=now())

        with pytest.raises(NotAllowed):
            batches.build_batch(payouts.division.pk, by=payouts.builder)

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.HELD, [HoldReason.PAYEE_CLOSED])
        assert reward.entries.latest("pk").kind == EntryKind.HOLD

    def test_pays_what_is_left_of_a_reward(self, payouts):
        reward = make_earned(payouts, "25.00")
        take_part_back(reward, Decimal("10.00"))

        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert batch.lines.get().amount == Decimal("15.00")

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_pays_each_reward_once(self, payouts):
        rewards = make_several(payouts, 3)

        together(*[lambda: batches.build_batch(payouts.division.pk, by=payouts.builder)] * 2)

        assert sorted(BatchLine.objects.values_list("reward_id", flat=True)) == sorted(one.pk for one in rewards)


class TestSetOff:
    def test_takes_the_oldest_rewards_of_the_payee_first(self, payouts):
        account = make_account(payouts.division)
        make_receivable(payouts, account, "40.00")
        mine = [make_earned(payouts, "25.00", account=account) for _one in range(3)]
        others = make_earned(payouts, "25.00")

        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        split = {line.reward_id: (str(line.amount), str(line.set_off)) for line in batch.lines.all()}
        assert split == {
            mine[0].pk: ("0.00", "25.00"),
            mine[1].pk: ("10.00", "15.00"),
            mine[2].pk: ("25.00", "0.00"),
            others.pk: ("25.00", "0.00"),
        }

    def test_is_not_taken_twice_while_a_payment_is_on_its_way(self, payouts):
        account = make_account(payouts.division)
        make_receivable(payouts, account, "40.00")
        make_earned(payouts, "30.00", account=account)
        batches.build_batch(payouts.division.pk, by=payouts.builder)
        make_earned(payouts, "30.00", account=account)

        second = batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert [(line.amount, line.set_off) for line in second.lines.all()] == [(Decimal("20.00"), Decimal("10.00"))]

    def test_is_free_again_when_the_batch_is_discarded(self, payouts):
        account = make_account(payouts.division)
        make_receivable(payouts, account, "40.00")
        make_earned(payouts, "30.00", account=account)
        first = batches.build_batch(payouts.division.pk, by=payouts.builder)
        batches.discard_batch(first.pk, by=payouts.builder)

        second = batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert second.lines.get().set_off == Decimal("30.00")


class TestRemove:
    def test_lets_the_reward_wait_for_another_batch_under_the_same_request_id(self, payouts):
        keep, take = make_several(payouts, 2)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        batches.remove_line(batch.lines.get(reward=take).pk, by=payouts.builder)

        assert (status_of(keep), status_of(take)) == (RewardStatus.BATCHED, RewardStatus.PAYABLE)
        again = batches.build_batch(payouts.division.pk, by=payouts.builder)
        assert again.lines.get().request_id == f"reward-{take.pk}-1"

    def test_is_refused_once_it_is_frozen(self, payouts):
        make_earned(payouts)
        batch = make_frozen(payouts)

        with pytest.raises(NotAllowed) as refusal:
            batches.remove_line(batch.lines.get().pk, by=payouts.builder)

        assert refusal.value.code == "not_building"


class TestFreeze:
    def test_counts_adds_up_and_seals(self, payouts):
        make_several(payouts, 3)

        batch = make_frozen(payouts)

        content = "".join(
            f"{line.payee_id}:{line.reward_id}:25.00:0.00:USD:reward-{line.reward_id}-1\n"
            for line in batch.lines.order_by("pk")
        )
        assert (batch.count, batch.total, batch.frozen_by) == (3, Decimal("75.00"), payouts.builder)
        assert batch.checksum == hashlib.sha256(content.encode()).hexdigest()

    def test_refuses_one_in_which_nothing_is_left(self, payouts):
        make_earned(payouts)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)
        batches.remove_line(batch.lines.get().pk, by=payouts.builder)

        with pytest.raises(NotAllowed) as refusal:
            batches.freeze_batch(batch.pk, by=payouts.builder)

        assert refusal.value.code == "empty"

    def test_draws_thirty_at_least_and_the_same_ones_again(self, payouts):
        set_value(payouts.division, FLAGS_FIRST_REWARDS, value=False)
        account = make_account(payouts.division)
        for _one in range(33):
            make_earned(payouts, account=account)

        batch = make_frozen(payouts)

        drawn = set(batch.lines.filter(is_sampled=True).values_list("reward_id", flat=True))
        assert len(drawn) == 30
        assert set(unread_lines(batch).values_list("reward_id", flat=True)) == drawn
        batches.discard_batch(batch.pk, by=payouts.builder)
        again = make_frozen(payouts)
        assert set(again.lines.filter(is_sampled=True).values_list("reward_id", flat=True)) == drawn

    def test_draws_nobody_better_lots_by_taking_others_out(self):
        lines = [BatchLine(pk=number, request_id=f"reward-{number}-1") for number in range(200)]
        drawn = sample_of(lines)

        left = [line for line in lines if line not in drawn[:10]]

        assert set(drawn[10:]) < set(sample_of(left))

    def test_draws_by_what_a_builder_does_not_know(self, settings):
        lines = [BatchLine(pk=number, request_id=f"reward-{number}-1") for number in range(200)]
        drawn = sample_of(lines)

        settings.SECRET_KEY = "another house's"

        assert sample_of(lines) != drawn

    @pytest.mark.parametrize(("lines", "size"), [(10, 30), (600, 30), (601, 31), (1000, 50)])
    def test_draws_a_twentieth_where_that_is_more(self, lines, size):
        many = [BatchLine(request_id=f"reward-{number}-1") for number in range(lines)]

        assert len(sample_of(many)) == min(size, lines)

    def test_flags_what_is_read_in_any_case_with_every_reason(self, payouts):
        set_value(payouts.division, FLAG_ABOVE, Decimal("50.00"))
        known = make_account(payouts.division)
        make_receivable(payouts, known, "1.00")
        plain = make_earned(payouts)
        large = make_earned(payouts, "50.01")
        odd = make_earned(payouts)
        Signal.objects.create(referral=odd.referral, kind=SignalKind.VELOCITY)
        near = make_earned(payouts)
        Account.objects.filter(pk=near.friend_account_id).update(premises=near.payee.account.premises)
        second = make_earned(payouts, account=known)
        third = make_earned(payouts, account=plain.payee.account)

        batch = make_frozen(payouts)

        flags = {line.reward_id: line.flags for line in batch.lines.all()}
        assert flags == {
            plain.pk: [LineFlag.FIRST],
            large.pk: [LineFlag.LARGE, LineFlag.FIRST],
            odd.pk: [LineFlag.SIGNAL, LineFlag.FIRST],
            near.pk: [LineFlag.FIRST, LineFlag.SAME_ADDRESS],
            second.pk: [],
            third.pk: [],
        }

    @pytest.mark.parametrize("is_frozen", [False, True])
    def test_loses_no_claim_with_a_payment_that_is_taken_out(self, payouts, is_frozen):
        account = make_account(payouts.division)
        claimed = make_receivable(payouts, account, "50.00")
        first, second, third = (make_earned(payouts, amount, account=account) for amount in ("60.00", "35.00", "25.00"))
        batch = make_frozen(payouts) if is_frozen else batches.build_batch(payouts.division.pk, by=payouts.builder)

        taken_out = batch.lines.get(reward=first)
        if is_frozen:
            batches.read_line(taken_out.pk, Verdict.WRONG, "Typing error", by=payouts.auditor)
        else:
            batches.remove_line(taken_out.pk, by=payouts.builder)
            batches.freeze_batch(batch.pk, by=payouts.builder)

        left = batch.lines.filter(status=LineStatus.PENDING)
        split = {line.reward_id: (str(line.amount), str(line.set_off)) for line in left}
        assert split == {second.pk: ("0.00", "35.00"), third.pk: ("10.00", "15.00")}
        read_all(batch, payouts.auditor)
        pay(batches.approve_batch(batch.pk, shown=Decimal("10.00"), by=payouts.auditor))
        (balance,) = balances(claimed.payee.entries.all()).values()
        assert balance[LedgerAccount.RECEIVABLE] == 0
        assert balance.difference == 0

    def test_flags_what_is_above_the_limit_of_its_own_market(self, payouts):
        set_value(payouts.division, FLAGS_FIRST_REWARDS, value=False)
        strict = make_division(parent=payouts.division)
        set_value(strict, FLAG_ABOVE, Decimal("20.00"))
        plain = make_earned(payouts)
        strictly = make_earned(payouts, account=make_account(strict))

        batch = make_frozen(payouts)

        flags = {line.reward_id: line.flags for line in batch.lines.all()}
        assert flags == {plain.pk: [], strictly.pk: [LineFlag.LARGE]}

    def test_flags_every_payment_in_another_currency_than_the_markets(self, payouts):
        set_value(payouts.division, FLAGS_FIRST_REWARDS, value=False)
        make_earned(payouts)
        put_value(payouts.division, CURRENCY, "CAD")
        batch = batches.build_batch(payouts.division.pk, currency="USD", by=payouts.builder)

        batches.freeze_batch(batch.pk, by=payouts.builder)

        line = batch.lines.get()
        assert line.flags == [LineFlag.OTHER_CURRENCY]
        page = sign_in(Client(), payouts.auditor).get(reverse("desk:payout", args=[batch.pk]))
        assert "Not in the market&#x27;s currency" in page.content.decode()

    def test_flags_a_friends_own_reward_only_where_the_referrer_lives_there_too(self, payouts):
        set_value(payouts.division, FLAGS_FIRST_REWARDS, value=False)
        programme = make_programme(payouts.division)
        make_version(
            make_rule(payouts.division, programme=programme),
            terms=[TermDescription(side=Side.FRIEND, amount=Decimal("20.00"))],
            **AT_ONCE,
        )
        far, near = (make_referral(make_referrer(programme), market=payouts.market) for _one in range(2))
        Account.objects.filter(pk=near.referrer.account_id).update(premises=near.friend_account.premises)
        for referral in (far, near):
            accrue_rewards(referral.pk)
            reconsider(referral.friend_account_id)

        batch = make_frozen(payouts)

        flags = {line.reward.referral_id: line.flags for line in batch.lines.all()}
        assert flags == {far.pk: [], near.pk: [LineFlag.SAME_ADDRESS]}

    def test_flags_what_an_auditor_found_wrong_before(self, payouts):
        set_value(payouts.division, FLAGS_FIRST_REWARDS, value=False)
        reward = make_earned(payouts)
        batches.read_line(make_frozen(payouts).lines.get().pk, Verdict.WRONG, "No", by=payouts.auditor)
        release_reward(reward.pk, HoldReason.AUDIT, by=payouts.auditor)

        again = make_frozen(payouts)

        assert again.lines.get().flags == [LineFlag.FOUND_WRONG]


class TestAudit:
    def test_takes_out_what_is_wrong_and_holds_its_reward(self, payouts):
        wrong, right = make_several(payouts, 2)
        batch = make_frozen(payouts)

        line = batches.read_line(
            batch.lines.get(reward=wrong).pk, Verdict.WRONG, "Moved in together", by=payouts.auditor
        )

        wrong.refresh_from_db()
        assert (line.status, line.verdict, line.read_by) == (LineStatus.REMOVED, Verdict.WRONG, payouts.auditor)
        assert (wrong.status, wrong.holds) == (RewardStatus.HELD, [HoldReason.AUDIT])
        assert wrong.entries.latest("pk").kind == EntryKind.HOLD
        read_all(batch, payouts.auditor)
        approved = batches.approve_batch(batch.pk, by=payouts.auditor)
        assert approved.lines.get(status=LineStatus.PENDING).reward_id == right.pk

    def test_asks_what_is_wrong(self, payouts):
        make_earned(payouts)
        line = make_frozen(payouts).lines.get()

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(line.pk, Verdict.WRONG, " ", by=payouts.auditor)

        assert refusal.value.field == "note"

    def test_is_not_for_who_built_or_froze_it(self, payouts):
        make_earned(payouts)
        operator = make_person(Role.OPERATOR, payouts.division)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)
        batches.freeze_batch(batch.pk, by=operator)

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(batch.lines.get().pk, Verdict.CORRECT, "", by=operator)

        assert refusal.value.code == "own_batch"

    @pytest.mark.parametrize("on_behalf", [False, True])
    def test_is_not_for_whom_it_pays(self, payouts, on_behalf):
        reward = make_earned(payouts)
        line = make_frozen(payouts).lines.get()
        sign_in_for(reward, payouts.auditor, on_behalf=on_behalf)

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor)

        assert refusal.value.code == "own_payment"

    def test_is_of_no_batch_of_somebody_whom_one_person_alone_has_let_in(self, payouts):
        """They may be whoever reads it, who would approve what they built themselves: ADR 13."""
        make_earned(payouts)
        head = make_person(Role.OPERATOR, payouts.division)
        puppet = invite_person("puppet@people.example", role=Role.OPERATOR, division=payouts.division, by=head)
        batch = batches.build_batch(payouts.division.pk, by=puppet)
        batches.freeze_batch(batch.pk, by=puppet)
        line = batch.lines.get()

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor)
        assert refusal.value.code == "unconfirmed"

        confirm_person(puppet, by=make_person(Role.OPERATOR, payouts.division))
        assert batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor).read_by == payouts.auditor

    def test_is_not_for_an_auditor_whom_the_builder_made_one(self, payouts):
        make_earned(payouts)
        builder = make_person(Role.OPERATOR, payouts.division)
        batch = batches.build_batch(payouts.division.pk, by=builder)
        batches.freeze_batch(batch.pk, by=builder)
        double = invite_person("double@people.example", role=Role.AUDITOR, division=payouts.division, by=builder)

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(batch.lines.get().pk, Verdict.CORRECT, "", by=double)
        assert refusal.value.code == "unconfirmed"

        confirm_person(double, by=make_person(Role.OPERATOR, payouts.division))
        assert batches.read_line(batch.lines.get().pk, Verdict.CORRECT, "", by=double).read_by == double

    def test_reads_a_payment_once(self, payouts):
        make_earned(payouts)
        line = make_frozen(payouts).lines.get()
        batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor)

        with pytest.raises(NotAllowed):
            batches.read_line(line.pk, Verdict.WRONG, "On second thoughts", by=payouts.auditor)

    @pytest.mark.django_db(transaction=True)
    def test_by_two_at_once_has_one_verdict(self, payouts):
        make_earned(payouts)
        line = make_frozen(payouts).lines.get()
        other = make_person(Role.AUDITOR, payouts.division)

        outcomes = together(
            lambda: batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor),
            lambda: batches.read_line(line.pk, Verdict.WRONG, "No", by=other),
        )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BatchLine", "NotAllowed"]


class TestApprove:
    def test_is_blocked_while_something_is_unread(self, payouts):
        make_several(payouts, 2)
        batch = make_frozen(payouts)
        batches.read_line(batch.lines.first().pk, Verdict.CORRECT, "", by=payouts.auditor)

        with pytest.raises(NotAllowed, match="1 payment that is in the sample or flagged has not been read"):
            batches.approve_batch(batch.pk, by=payouts.auditor)

    def test_is_for_somebody_who_neither_built_nor_froze_it(self, payouts):
        make_earned(payouts)
        builder, freezer = (make_person(Role.OPERATOR, payouts.division) for _one in range(2))
        batch = batches.build_batch(payouts.division.pk, by=builder)
        batches.freeze_batch(batch.pk, by=freezer)
        read_all(batch, payouts.auditor)

        for person in (builder, freezer):
            with pytest.raises(NotAllowed, match="somebody else has to read and approve it"):
                batches.approve_batch(batch.pk, by=person)
        with pytest.raises(DatabaseError), transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(approved_by=freezer)
        with pytest.raises(NotAllowed):
            batches.approve_batch(batch.pk, by=payouts.builder)  # a supervisor builds, and never approves
        assert batches.approve_batch(batch.pk, by=payouts.auditor).status == BatchStatus.APPROVED

    @pytest.mark.parametrize("on_behalf", [False, True])
    def test_is_not_for_who_is_paid_in_it(self, payouts, on_behalf):
        reward = make_earned(payouts)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        sign_in_for(reward, payouts.auditor, on_behalf=on_behalf)

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "own_payment"
        batches.approve_batch(batch.pk, by=make_person(Role.AUDITOR, payouts.division))

    @pytest.mark.parametrize("is_confirmed", [True, False])
    def test_is_refused_while_a_referral_is_in_question(self, payouts, is_confirmed):
        odd, other = make_several(payouts, 2)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        signal = Signal.objects.create(referral=odd.referral, kind=SignalKind.VELOCITY)
        if is_confirmed:
            decide_signal(signal.pk, is_genuine=False, note="One person.", by=make_person(Role.CSR, payouts.division))

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, by=payouts.auditor)
        assert refusal.value.code == "in_question"

        line = batch.lines.get(reward=odd)
        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor)
        assert refusal.value.code == "in_question"
        batches.read_line(line.pk, Verdict.WRONG, "Not genuine", by=payouts.auditor)
        approved = batches.approve_batch(batch.pk, by=payouts.auditor)
        assert [left.reward_id for left in approved.lines.filter(status=LineStatus.PENDING)] == [other.pk]

    def test_is_refused_for_what_is_no_longer_owed_since_it_was_frozen(self, payouts):
        gone, other = make_several(payouts, 2)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        with time_machine.travel(now() + timedelta(days=2), tick=False):
            tell_status(system_of(payouts), gone.friend_account.number, ServiceStatus.DISCONNECTED)

            with pytest.raises(NotAllowed, match=f"no longer owed, or not all of them: {gone.pk}\\.") as refusal:
                batches.approve_batch(batch.pk, by=payouts.auditor)
            assert refusal.value.code == "not_owed"
            line = batch.lines.get(reward=gone)
            with pytest.raises(NotAllowed) as refusal:
                batches.read_line(line.pk, Verdict.CORRECT, "", by=payouts.auditor)
            assert (refusal.value.code, refusal.value.field) == ("not_owed", "verdict")

            batches.read_line(line.pk, Verdict.WRONG, "They have left", by=payouts.auditor)
            approved = batches.approve_batch(batch.pk, by=payouts.auditor)

        assert [left.reward for left in approved.lines.filter(status=LineStatus.PENDING)] == [other]

    @pytest.mark.parametrize(
        "tampering",
        [
            {"amount": Decimal("2500.00")},
            {"amount": Decimal("24.99"), "set_off": Decimal("0.01")},
            {"request_id": "reward-0-1"},
            {"status": LineStatus.REMOVED},
        ],
    )
    def test_refuses_payments_that_are_not_those_that_were_frozen(self, payouts, tampering):
        make_several(payouts, 2)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        BatchLine.objects.filter(pk=batch.lines.first().pk).update(**tampering)

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "tampered"

    def test_refuses_payments_whose_payees_were_swapped(self, payouts):
        one, other = make_several(payouts, 2)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        BatchLine.objects.filter(reward=one).update(payee=other.payee)

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "tampered"

    def test_refuses_a_sum_that_is_not_the_one_that_was_seen(self, payouts):
        make_several(payouts, 2)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, shown=Decimal("25.00"), by=payouts.auditor)

        assert refusal.value.code == "other_sum"

    def test_refuses_one_of_which_nothing_is_left(self, payouts):
        make_earned(payouts)
        batch = make_frozen(payouts)
        batches.read_line(batch.lines.get().pk, Verdict.WRONG, "No", by=payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            batches.approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "empty"


class TestDatabase:
    @pytest.mark.parametrize(
        "column", ["amount = 1", "set_off = 1", "payee_id = {other}", "reward_id = {other}", "request_id = 'x'"]
    )
    def test_keeps_approved_payments_as_they_were_approved(self, payouts, column):
        one, other = make_several(payouts, 2)
        line = make_approved(payouts).lines.get(reward=one)
        other_id = other.payee_id if "payee" in column else other.pk

        with pytest.raises(DatabaseError, match="approved batch"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE commissions_batchline SET {column.format(other=other_id)} WHERE id = %s", [line.pk])

    def test_lets_unapproved_payments_change(self, payouts):
        make_earned(payouts)
        line = make_frozen(payouts).lines.get()

        with connection.cursor() as cursor:
            cursor.execute("UPDATE commissions_batchline SET amount = 1 WHERE id = %s", [line.pk])

        line.refresh_from_db()
        assert line.amount == Decimal("1.00")

    def test_lets_nothing_leave_or_join_an_approved_batch(self, payouts):
        make_earned(payouts)
        batch = make_approved(payouts)
        late = make_earned(payouts)
        added = BatchLine(
            batch=batch,
            reward=late,
            payee=late.payee,
            division=batch.division,
            amount=1,
            currency="USD",
            request_id="x",
        )

        with pytest.raises(DatabaseError, match="approved batch"), transaction.atomic():
            added.save()
        with pytest.raises(DatabaseError, match="approved batch"), transaction.atomic():
            batch.lines.all().delete()

    @pytest.mark.parametrize("column", ["total = 1", "count = 2", "checksum = 'x'", "approved_by_id = {other}"])
    def test_keeps_an_approved_batch_as_it_was_approved(self, payouts, column):
        make_earned(payouts)
        batch = make_approved(payouts)
        other = make_person(Role.AUDITOR, payouts.division)

        with pytest.raises(DatabaseError, match="approved batch"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE commissions_batch SET {column.format(other=other.pk)} WHERE id = %s", [batch.pk])

    @pytest.mark.parametrize("change", ["amount = 2500", "payee_id = {other}"])
    def test_sends_nothing_of_what_was_changed_after_it_was_approved(self, payouts, change):
        _mine, others = make_several(payouts, 2)
        forget_what_was_owed()
        batch = make_approved(payouts)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # as who owns the database can
            cursor.execute(f"UPDATE commissions_batchline SET {change.format(other=others.payee_id)}")
            cursor.execute("SET LOCAL session_replication_role = origin")

        with pytest.raises(AssertionError, match=r"post_approved_batch[\s\S]*not those that were frozen"):
            drain()

        batch.refresh_from_db()
        assert (batch.status, batch.job) == (BatchStatus.APPROVED, None)
        assert not batch.lines.exclude(submission=None).exists()


class TestDiscard:
    def test_frees_every_reward(self, payouts):
        rewards = make_several(payouts, 2)
        batch = make_frozen(payouts)

        batches.discard_batch(batch.pk, by=payouts.builder)

        assert {status_of(reward) for reward in rewards} == {RewardStatus.PAYABLE}

    def test_is_refused_once_it_is_approved(self, payouts):
        make_earned(payouts)
        batch = make_approved(payouts)

        with pytest.raises(NotAllowed):
            batches.discard_batch(batch.pk, by=payouts.builder)
