"""An approved batch on its way: each payment is credited once, read back, and owed again where it was refused."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.testing import make_account
from billing.models import PostedCredit, Submission
from billing.services import poll_billing_system, resend_submission
from billing.states import SubmissionStatus
from billing.tasks import look_up_unknown
from billing.testing import make_billing_system
from commissions.events import BatchMoved, CreditReturned, RewardSettled
from commissions.models import Batch, BatchLine, LedgerEntry, Reward
from commissions.queries.batches import needing_a_person, standing_of
from commissions.queries.ledger import balances
from commissions.services import batches
from commissions.services.endings import locked_reward, take_back
from commissions.services.holds import release_reward
from commissions.states import (
    BatchStatus,
    EntryKind,
    HoldReason,
    LedgerAccount,
    LineFlag,
    LineStatus,
    ReasonCode,
    Reconciliation,
    RewardStatus,
)
from commissions.tasks import reconcile_payouts
from foundation.divisions.testing import make_division
from foundation.events.services import deliver_next
from foundation.events.testing import published
from foundation.jobs.models import Job
from foundation.jobs.services import cancel_job, work_one_chunk
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.paying import make_approved, make_earned, make_several
from tests.commissions.vendor import credits_at, forget_what_was_owed, make_payouts_at, running_vendor, system_of
from tests.sandbox.process import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def vendor_process(tmp_path_factory) -> Iterator[Sandbox]:
    with running_vendor(tmp_path_factory.mktemp("vendor")) as sandbox:
        yield sandbox


@pytest.fixture
def vendor(vendor_process: Sandbox) -> Iterator[Sandbox]:
    vendor_process.behave()
    yield vendor_process
    vendor_process.behave()


@pytest.fixture
def payouts(vendor, db, monkeypatch):
    return make_payouts_at(vendor, monkeypatch)


def work() -> None:
    """Let the workers do all that is due: facts, and long work."""
    while deliver_next() or work_one_chunk():
        pass


def approve(payouts) -> Batch:
    forget_what_was_owed()
    return make_approved(payouts)


def approve_and_post(payouts) -> Batch:
    batch = approve(payouts)
    work()
    batch.refresh_from_db()
    return batch


def read_back(payouts) -> None:
    poll_billing_system(system_of(payouts).pk)
    reconcile_payouts()


def kinds(reward: Reward) -> list[str]:
    return list(reward.entries.order_by("pk").values_list("kind", flat=True))


class TestPosting:
    def test_is_work_that_nobody_stops(self, payouts):
        make_earned(payouts)
        batch = approve(payouts)
        job = batches.post_batch(batch.pk)

        with pytest.raises(NotAllowed) as refusal:
            cancel_job(job.pk, by=make_person(Role.OPERATOR, payouts.division))

        assert refusal.value.code == "must_be_done"

    def test_credits_every_payee_once_and_ends_reconciled(self, payouts, vendor):
        rewards = make_several(payouts, 3)

        batch = approve_and_post(payouts)
        lines = list(batch.lines.all())
        assert (batch.status, {line.status for line in lines}) == (BatchStatus.SUBMITTED, {LineStatus.CONFIRMED})
        read_back(payouts)

        batch.refresh_from_db()
        assert batch.status == BatchStatus.CONFIRMED
        assert set(credits_at(vendor, lines).values()) == {1}
        for reward in rewards:
            reward.refresh_from_db()
            assert (reward.status, reward.settled_on) == (RewardStatus.SETTLED, today(payouts.division))
            assert kinds(reward)[-2:] == [EntryKind.SEND, EntryKind.SETTLE]
        (balance,) = balances(LedgerEntry.objects.all()).values()
        assert (balance[LedgerAccount.PAID], balance.owed) == (Decimal("75.00"), Decimal("0.00"))
        assert {line.reconciliation for line in batch.lines.all()} == {Reconciliation.MATCHED}
        assert len(published(RewardSettled)) == 3
        assert [fact.status for fact in published(BatchMoved)] == [
            "building", "frozen", "approved", "submitted", "confirmed",
        ]  # fmt: skip

    def test_names_our_reference_and_nothing_of_the_friend(self, payouts, vendor):
        reward = make_earned(payouts)

        batch = approve_and_post(payouts)

        (credit,) = vendor.made_under(batch.lines.get().request_id, "credit")
        assert credit["billingAccount"]["id"] == reward.payee.account.number
        assert credit["reason"] == f"Referral reward {reward.pk}"
        assert not re.search(rf"\b{reward.referral.order.number}\b", str(credit))

    def test_shows_how_far_it_is(self, payouts):
        make_several(payouts, 2)
        batch = approve(payouts)
        batches.post_batch(batch.pk)

        batch.refresh_from_db()
        assert (batch.status, batch.job.total) == (BatchStatus.SUBMITTED, 2)
        standing = standing_of(batch)
        assert (standing.payments, standing.pending, standing.answered) == (2, 2, 0)

    def test_is_begun_once(self, payouts):
        make_earned(payouts)
        batch = approve(payouts)
        batches.post_batch(batch.pk)

        with pytest.raises(NotAllowed):
            batches.post_batch(batch.pk)

        assert Job.objects.filter(kind=batches.POSTING).count() == 1

    def test_of_a_chunk_that_is_taken_again_asks_for_nothing_twice(self, payouts):
        make_several(payouts, 2)
        batch = approve(payouts)
        job = batches.post_batch(batch.pk)

        for _time in range(2):
            batches.post_chunk(job, job.chunks.get())

        assert Submission.objects.filter(kind="credit").count() == 2
        assert LedgerEntry.objects.filter(kind=EntryKind.SEND).count() == 2

    def test_of_what_is_wholly_set_off_asks_for_no_credit(self, payouts):
        account = make_account(payouts.division)
        paid = make_earned(payouts, "30.00", account=account)
        approve_and_post(payouts)
        read_back(payouts)
        take_back(locked_reward(paid.pk), Decimal("30.00"), ReasonCode.LEFT_EARLY, today(payouts.division), by=None)
        later = make_earned(payouts, "25.00", account=account)

        batch = approve_and_post(payouts)
        read_back(payouts)

        batch.refresh_from_db()
        line = batch.lines.get()
        assert (line.amount, line.set_off, line.submission) == (Decimal("0.00"), Decimal("25.00"), None)
        assert (batch.status, line.status) == (BatchStatus.CONFIRMED, LineStatus.CONFIRMED)
        later.refresh_from_db()
        assert (later.status, kinds(later)[-1]) == (RewardStatus.SETTLED, EntryKind.RECOVER)
        (balance,) = balances(later.payee.entries.all()).values()
        assert balance[LedgerAccount.RECEIVABLE] == Decimal("5.00")


class TestAnswers:
    def test_that_come_twice_settle_once(self, payouts):
        reward = make_earned(payouts)
        line = approve_and_post(payouts).lines.get()

        with pytest.raises(NotAllowed):
            batches.record_credit_confirmed(line.request_id, line.credit_id)

        assert kinds(reward).count(EntryKind.SETTLE) == 1

    def test_about_credits_of_others_are_not_ours_to_note(self, payouts):
        batches.record_credit_confirmed("goodwill-1", "CR-1")
        batches.record_credit_refused("goodwill-2", "No")

    def test_that_are_lost_after_the_credit_was_posted_leave_it_unknown_until_it_is_looked_up(self, payouts, vendor):
        reward = make_earned(payouts)
        batch = approve(payouts)
        vendor.faults(fail_after_commit=1)

        work()

        line = batch.lines.get()
        assert (line.status, line.submission.status) == (LineStatus.SENT, SubmissionStatus.UNKNOWN)
        assert (standing_of(batch).in_doubt, list(needing_a_person(batch.lines.all()))) == (1, [line])
        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.BATCHED
        with time_machine.travel(now() + timedelta(minutes=5), tick=False):
            look_up_unknown()
            work()
        line.refresh_from_db()
        assert line.status == LineStatus.CONFIRMED
        assert credits_at(vendor, [line]) == {line.request_id: 1}

    def test_of_an_outage_keep_it_waiting_and_send_it_later(self, payouts, vendor):
        make_earned(payouts)
        batch = approve(payouts)
        vendor.faults(away_seconds=3600)
        work()
        assert batch.lines.get().submission.status == SubmissionStatus.PENDING
        vendor.behave()

        with time_machine.travel(now() + timedelta(minutes=40), tick=False):
            work()

        assert batch.lines.get().status == LineStatus.CONFIRMED


class TestRefusal:
    @pytest.fixture
    def refused(self, payouts, vendor):
        reward, other = make_several(payouts, 2)
        vendor.call("POST", "/_sandbox/accountClosure", json={"billingAccount": {"id": reward.payee.account.number}})
        batch = approve_and_post(payouts)
        return batch.lines.get(reward=reward), batch.lines.get(reward=other)

    def test_lets_the_reward_be_owed_again_and_holds_it(self, payouts, refused):
        line, other = refused

        line.reward.refresh_from_db()
        assert (line.status, line.problem) == (LineStatus.RETURNED, "The account is closed. (accountClosed)")
        assert (line.reward.status, line.reward.holds) == (RewardStatus.HELD, [HoldReason.CREDIT_REFUSED])
        assert kinds(line.reward)[-3:] == [EntryKind.SEND, EntryKind.RETURN, EntryKind.HOLD]
        assert other.status == LineStatus.CONFIRMED
        assert published(CreditReturned) == [
            CreditReturned(line_id=line.pk, reward_id=line.reward_id, reason="The account is closed. (accountClosed)")
        ]

    def test_ends_the_batch_partly_returned(self, payouts, refused):
        read_back(payouts)

        batch = refused[0].batch
        batch.refresh_from_db()
        assert batch.status == BatchStatus.PARTLY_RETURNED

    def test_is_asked_again_under_another_id_once_it_is_released(self, payouts, refused):
        line, _other = refused
        release_reward(line.reward_id, HoldReason.CREDIT_REFUSED, by=payouts.builder)

        again = batches.build_batch(payouts.division.pk, by=payouts.builder).lines.get()
        batches.freeze_batch(again.batch_id, by=payouts.builder)

        again.refresh_from_db()
        assert (again.reward_id, again.request_id) == (line.reward_id, f"reward-{line.reward_id}-2")
        assert LineFlag.RETURNED in again.flags

    def test_that_the_billing_system_contradicts_is_not_paid_again(self, payouts, refused):
        line, _other = refused
        show_credit(line)
        with pytest.raises(NotAllowed) as refusal:
            release_reward(line.reward_id, HoldReason.CREDIT_REFUSED, by=payouts.builder)
        assert refusal.value.code == "credited"

        PostedCredit.objects.all().delete()
        release_reward(line.reward_id, HoldReason.CREDIT_REFUSED, by=payouts.builder)
        show_credit(line)
        with pytest.raises(NotAllowed) as refusal:
            batches.build_batch(payouts.division.pk, by=payouts.builder)
        assert refusal.value.code == "nothing_to_pay"

    def test_cannot_be_resent_behind_the_back_of_the_ledger(self, payouts, refused):
        with pytest.raises(NotAllowed) as refusal:
            resend_submission(refused[0].submission_id, by=make_person(Role.OPERATOR, payouts.division), reason="Again")

        assert refusal.value.code == "not_resendable"


def show_credit(line: BatchLine, **values) -> PostedCredit:
    """Let the billing system show a credit, unless told otherwise the one that was asked for."""
    account = line.payee.account
    return PostedCredit.objects.create(
        **{
            "billing_system": line.submission.billing_system,
            "division": line.division,
            "account": account,
            "account_number": account.number,
            "occurred_at": now(),
            "credit_id": line.credit_id or "CR-late",
            "request_id": line.request_id,
            "amount": line.amount,
            "currency": line.currency,
            "posted_on": today(line.division),
        }
        | values
    )


class TestReconciling:
    @pytest.fixture
    def line(self, payouts) -> BatchLine:
        make_earned(payouts)
        return approve_and_post(payouts).lines.get()

    def after(self, line: BatchLine) -> tuple[str, str]:
        reconcile_payouts()
        line.refresh_from_db()
        return line.reconciliation, Batch.objects.get(pk=line.batch_id).status

    def test_waits_for_the_credit_to_be_shown(self, line):
        assert self.after(line) == (Reconciliation.OPEN, BatchStatus.SUBMITTED)

    @pytest.mark.parametrize("values", [{"amount": Decimal("24.99")}, {"currency": "CAD"}])
    def test_shows_a_credit_that_is_not_the_one_that_was_asked_for(self, line, values):
        show_credit(line, **values)

        assert self.after(line) == (Reconciliation.DIFFERS, BatchStatus.SUBMITTED)
        assert list(needing_a_person(BatchLine.objects.all())) == [line]

    def test_shows_a_credit_on_another_account(self, line):
        other = make_account(line.division)
        show_credit(line, account=other, account_number=other.number)

        assert self.after(line)[0] == Reconciliation.DIFFERS

    def test_heeds_no_billing_system_but_the_one_that_was_asked(self, line):
        other = make_billing_system(make_division())
        show_credit(line, billing_system=other, division=other.division, account=None, amount=Decimal("0.01"))
        assert self.after(line) == (Reconciliation.OPEN, BatchStatus.SUBMITTED)

        show_credit(line)

        assert self.after(line) == (Reconciliation.MATCHED, BatchStatus.CONFIRMED)

    def test_shows_a_second_credit_under_the_same_id_even_when_the_batch_has_ended(self, line):
        show_credit(line)
        assert self.after(line) == (Reconciliation.MATCHED, BatchStatus.CONFIRMED)

        show_credit(line, credit_id="CR-twice")

        assert self.after(line) == (Reconciliation.DIFFERS, BatchStatus.CONFIRMED)

    def test_shows_what_is_missing_after_a_day(self, line):
        assert list(needing_a_person(BatchLine.objects.all())) == []

        with time_machine.travel(now() + timedelta(days=1, minutes=1), tick=False):
            assert list(needing_a_person(BatchLine.objects.all())) == [line]
            assert standing_of(line.batch).missing == 1
