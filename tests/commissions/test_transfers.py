"""Rewards in cash: waiting for a bank account, in one file a batch, paid when the bank says so, and back again."""

import re
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.db.utils import InternalError
from django.utils.formats import date_format

from commissions.events import BankFileMade, TransferReturned
from commissions.models import BankFile, BankReturn, Batch, BatchLine, LedgerEntry, ReturnFile, Reward
from commissions.queries.batches import waiting_for_bank_details
from commissions.queries.ledger import balances
from commissions.queries.progress import own_progress
from commissions.queries.statements import own_statement_of
from commissions.queries.transfers import may_be_paid_from, obstacle_to_transfers, unmatched
from commissions.services.bank import end_returned_bank_details
from commissions.services.batches import (
    NOTHING_TO_PAY,
    approve_batch,
    build_batch,
    conclude_batch,
    confirm_bank_file,
    download_bank_file,
    hand_over_bank_file,
    keep_return_file,
    look_at_return,
    post_batch,
    post_chunk,
    refuse_bank_file,
    rows_of,
    start_taking,
    take_return_file,
)
from commissions.services.batches.transfers import renew_bank_files
from commissions.services.holds import release_reward
from commissions.services.letters import send_earned
from commissions.settings import BANK_HOLD_DAYS, ORIGINATOR
from commissions.states import (
    BankFileStatus,
    BatchStatus,
    Channel,
    EntryKind,
    HoldReason,
    LedgerAccount,
    LineFlag,
    LineStatus,
    ReasonCode,
    ReturnOutcome,
    RewardStatus,
)
from foundation.ach.days import banking_days_after
from foundation.correspondence.models import Message
from foundation.divisions.services import inherit_value, set_value
from foundation.events.testing import drain, published
from foundation.jobs.models import Job
from foundation.jobs.services import resume_job, work_one_chunk
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import RoleAssignment, User
from foundation.people.states import Role
from foundation.people.testing import make_person
from interfaces.selfcare.friends import friends_of
from tests.commissions.cashing import (
    ODFI,
    give_bank,
    make_cash,
    make_file,
    return_file,
    set_originator,
    work,
)
from tests.commissions.paying import make_approved, make_earned, make_frozen, make_payouts, read_all, sign_in_for
from tests.commissions.vendor import forget_what_was_owed
from tests.orders.racing import Meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    return payouts


def paid(payouts, file: BankFile) -> None:
    """Hand a file over, let the return window pass, and let the bank say that it was paid."""
    hand_over_bank_file(file.pk, by=payouts.auditor)
    confirmed(payouts, file)


def confirmed(payouts, file: BankFile) -> None:
    """Let the return window pass, and let the bank say that it has paid what did not come back."""
    lines = file.batch.lines.filter(status=LineStatus.SENT)
    with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
        count, total = lines.count(), sum(line.amount for line in lines)
        confirm_bank_file(file.pk, count=count, total=total, by=payouts.auditor)
        while work_one_chunk():
            pass
        conclude_batch(file.batch_id)
        drain()


def another(payouts) -> User:
    """Make somebody who may take what comes back: an auditor who has had nothing in hand."""
    return make_person(Role.AUDITOR, payouts.division)


def take(payouts, text: str):
    """Take a return file that somebody else has brought, of files that the bank has had."""
    for file in BankFile.objects.filter(status=BankFileStatus.MADE):
        hand_over_bank_file(file.pk, by=payouts.auditor)
    kept = keep_return_file(text, by=payouts.auditor)
    return take_return_file(kept.pk, by=another(payouts))


def kinds(reward: Reward) -> list[str]:
    return list(reward.entries.order_by("pk").values_list("kind", flat=True))


def balance():
    (found,) = balances(LedgerEntry.objects.all()).values()
    assert found.difference == 0
    return found


class TestWithoutABankAccount:
    def test_cash_waits_and_says_so_to_the_payee(self, payouts):
        reward = make_cash(payouts)

        with pytest.raises(NotAllowed) as refusal:
            build_batch(payouts.division.pk, by=payouts.builder)

        assert refusal.value.code == NOTHING_TO_PAY
        assert list(waiting_for_bank_details(Reward.objects.all())) == [reward]
        progress = own_progress([reward])[reward.pk]
        assert progress.detail.startswith("Tell us where to pay it")
        assert progress.expected_on is None

    def test_says_from_when_on_it_goes_to_the_details_that_were_given(self, payouts):
        set_value(payouts.division, BANK_HOLD_DAYS, 7)
        reward = make_cash(payouts, number="12345678")
        from_then_on = today(payouts.division) + timedelta(days=7)

        progress = own_progress([reward])[reward.pk]

        said = "It will be paid to your bank account ending in 5678."
        assert (progress.detail, progress.expected_on >= from_then_on) == (said, True)

    def test_is_on_its_way_until_the_day_on_which_the_file_takes_effect(self, payouts):
        reward = make_cash(payouts, number="12345678")
        forget_what_was_owed()
        batch = make_approved(payouts)
        reward.refresh_from_db()
        before = own_progress([reward])[reward.pk]

        work(batch)
        (friend,) = friends_of([reward.referral.referrer], None)

        effective_on = BankFile.objects.get(batch=batch).effective_on
        assert (before.detail, before.expected_on) == ("It is on its way to your bank account.", None)
        assert own_progress([reward])[reward.pk].expected_on == effective_on
        assert f"Expected in your bank account from {date_format(effective_on)} on" in friend.more
        assert "bill" not in friend.more

    def test_others_are_paid_meanwhile(self, payouts):
        make_cash(payouts, "30.00")
        credited = make_earned(payouts)

        batch = build_batch(payouts.division.pk, by=payouts.builder)

        assert [(line.reward, line.channel) for line in batch.lines.all()] == [(credited, Channel.CREDIT)]

    def test_what_is_said_is_what_is_paid(self, payouts):
        reward = make_cash(payouts, number="12345678")

        assert not waiting_for_bank_details(Reward.objects.all()).exists()
        assert own_progress([reward])[reward.pk].detail == "It will be paid to your bank account."


class TestABatch:
    def test_mixes_credits_and_transfers(self, payouts):
        credited, cash = make_earned(payouts), make_cash(payouts, "30.00", number="12345678")

        lines = build_batch(payouts.division.pk, by=payouts.builder).lines

        assert {line.reward: line.channel for line in lines.all()} == {
            credited: Channel.CREDIT, cash: Channel.TRANSFER,
        }  # fmt: skip
        assert lines.get(reward=cash).bank_account == cash.payee.bank_accounts.get()

    def test_pays_cash_to_whose_account_is_closed(self, payouts):
        reward = make_cash(payouts, number="12345678")
        close(reward)

        batch = build_batch(payouts.division.pk, by=payouts.builder)

        assert [line.reward for line in batch.lines.all()] == [reward]

    def test_never_changes_where_a_payment_goes_once_approved(self, payouts):
        make_cash(payouts, number="12345678")
        batch = make_approved(payouts)

        with pytest.raises(InternalError), transaction.atomic():
            batch.lines.update(channel=Channel.CREDIT, bank_account=None)

    def test_shows_what_goes_to_a_bank_account_for_the_first_time(self, payouts):
        reward = make_cash(payouts, number="12345678")
        paid(payouts, make_file(payouts))
        again = make_cash(payouts, payee=reward.payee)

        first = BatchLine.objects.get(reward=reward)
        second = make_frozen(payouts).lines.get(reward=again)

        assert LineFlag.NEW_BANK_DETAILS in first.flags
        assert LineFlag.NEW_BANK_DETAILS not in second.flags

    def test_is_not_approved_before_it_is_known_who_sends_it(self, payouts):
        make_cash(payouts, number="12345678")
        from commissions.settings import ORIGINATOR  # noqa: PLC0415

        inherit_value(payouts.division, ORIGINATOR["company_id"])
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "no_transfers"
        assert "company identification" in refusal.value.message

    def test_notices_another_bank_account_than_was_frozen(self, payouts):
        reward = make_cash(payouts, number="12345678")
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        other = give_bank(reward.payee, "999999999")
        batch.lines.update(bank_account=other)

        with pytest.raises(NotAllowed) as refusal:
            approve_batch(batch.pk, by=payouts.auditor)

        assert refusal.value.code == "tampered"


def close(reward: Reward) -> None:
    account = reward.payee.account
    type(account).objects.filter(pk=account.pk).update(status="closed", closed_at=now())


class TestTheFile:
    def test_has_every_transfer_of_the_batch_once(self, payouts):
        rewards = [make_cash(payouts, "30.00", number=f"1234567{number}") for number in range(3)]

        file = make_file(payouts)

        entries = [line for line in file.text.splitlines() if line.startswith("6")]
        assert sorted(entry[12:29].strip() for entry in entries) == ["12345670", "12345671", "12345672"]
        assert {int(entry[29:39]) for entry in entries} == {3000}
        assert {entry[54:76].strip() for entry in entries} == {"ZOE PAYEE"}
        lines = list(file.batch.lines.order_by("pk"))
        assert sorted(entry[79:94] for entry in entries) == [line.trace_number for line in lines]
        assert {line.status for line in lines} == {LineStatus.SENT}
        assert all(line.trace_number.startswith(ODFI[:8]) for line in lines)
        assert (file.count, file.total) == (3, Decimal("90.00"))
        assert [kinds(reward)[-1] for reward in rewards] == [EntryKind.SEND] * 3
        assert balance()[LedgerAccount.IN_TRANSIT] == Decimal("90.00")
        assert [fact.bank_file_id for fact in published(BankFileMade)] == [file.pk]

    def test_keeps_no_number_that_can_be_read_in_the_database(self, payouts):
        make_cash(payouts, number="12345678")

        file = make_file(payouts)

        assert "12345678" in file.text
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM commissions_bankfile WHERE id = %s", [file.pk])
            assert "12345678" not in cursor.fetchone()[0]

    def test_takes_effect_on_the_next_banking_day(self, payouts):
        with time_machine.travel("2027-11-24T18:00Z", tick=False):  # the day before Thanksgiving
            make_cash(payouts, number="12345678")
            make_file(payouts)

        assert BankFile.objects.get().effective_on == date(2027, 11, 26)

    def test_is_one_whatever_the_number_of_chunks(self, payouts, monkeypatch):
        monkeypatch.setattr("commissions.services.batches.posting.CHUNK", 2)
        for number in range(3):
            make_cash(payouts, "30.00", number=f"1234567{number}")
            batch_of_credit = make_earned(payouts)
        assert batch_of_credit

        file = make_file(payouts)

        assert file.count == 3
        assert file.batch.lines.filter(channel=Channel.TRANSFER, status=LineStatus.SENT).count() == 3

    def test_leaves_out_whose_bank_account_has_ended_since(self, payouts):
        kept, gone = make_cash(payouts, number="12345678"), make_cash(payouts, number="55555555")
        batch = make_approved(payouts)
        end_returned_bank_details(gone.payee.bank_accounts.get().pk, "R02", by=None)

        work(batch)

        file = BankFile.objects.get()
        assert "55555555" not in file.text
        assert (file.count, file.total) == (1, Decimal("25.00"))
        gone.refresh_from_db()
        kept.refresh_from_db()
        assert (gone.status, gone.holds) == (RewardStatus.HELD, [HoldReason.BANK_RETURNED])
        assert kept.status == RewardStatus.BATCHED
        assert balance()[LedgerAccount.IN_TRANSIT] == Decimal("25.00")

    def test_is_never_changed_or_deleted(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)

        for write in (
            lambda rows: rows.update(total=1),
            lambda rows: rows.update(checksum=""),
            lambda rows: rows.delete(),
        ):
            with pytest.raises(InternalError), transaction.atomic():
                write(BankFile.objects.filter(pk=file.pk))

    def test_is_told_from_others_of_its_day(self, payouts):
        for number in range(2):
            make_cash(payouts, number=f"1234567{number}")
            make_file(payouts)

        assert sorted(BankFile.objects.values_list("modifier", flat=True)) == ["A", "B"]

    def test_sets_off_what_was_taken_back(self, payouts):
        reward = make_cash(payouts, number="12345678")
        paid(payouts, make_file(payouts))
        take_back_all(reward)
        make_cash(payouts, "30.00", payee=reward.payee)

        file = make_file(payouts)

        line = file.batch.lines.get()
        assert (line.amount, line.set_off, file.total) == (Decimal("5.00"), Decimal("25.00"), Decimal("5.00"))


def take_back_all(reward: Reward, amount: Decimal | None = None) -> None:
    from commissions.services.endings import locked_reward, take_back  # noqa: PLC0415

    with transaction.atomic():
        locked = locked_reward(reward.pk)
        take_back(locked, amount or locked.owed, ReasonCode.LEFT_EARLY, today(reward.division), by=None)


class TestWhoSendsTransfers:
    def test_is_who_was_approved_or_nothing_is_sent(self, payouts):
        reward = make_cash(payouts, number="12345678")
        batch = make_approved(payouts)
        set_value(payouts.division, ORIGINATOR["company_id"], "1000000001")

        work(batch)

        assert not BankFile.objects.exists()
        assert batch.lines.get().status == LineStatus.PENDING
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED
        batch.refresh_from_db()
        said = obstacle_to_transfers(batch)
        assert "company identification" in said
        assert "number at that bank" not in said

    def test_is_asked_once_more_when_the_file_is_written(self, payouts):
        make_cash(payouts, number="12345678")
        batch = make_approved(payouts)
        job = post_batch(batch.pk)
        with transaction.atomic():
            post_chunk(job, job.chunks.get())
        set_value(payouts.division, ORIGINATOR["company_id"], "1000000001")

        while work_one_chunk(job.pk):
            pass

        job.refresh_from_db()
        assert (job.status, BankFile.objects.count()) == (JobStatus.FAILED, 0)
        assert "company identification" in obstacle_to_transfers(batch)
        set_originator(payouts.division)
        resume_job(job.pk, by=payouts.auditor)
        while work_one_chunk(job.pk):
            pass
        assert BankFile.objects.get().count == 1

    def test_once_set_back_sends_what_waited(self, payouts):
        make_cash(payouts, number="12345678")
        batch = make_approved(payouts)
        set_value(payouts.division, ORIGINATOR["odfi"], "110000000")
        work(batch)
        assert not BankFile.objects.exists()

        set_originator(payouts.division)
        job = resume_job(Job.objects.get(params={"batch": batch.pk}).pk, by=payouts.auditor)
        while work_one_chunk(job.pk):
            pass

        assert BankFile.objects.get().batch == batch

    def test_stays_with_a_batch_that_was_approved(self, payouts):
        make_cash(payouts, number="12345678")
        batch = make_approved(payouts)
        assert batch.originator["odfi"] == ODFI

        with pytest.raises(InternalError), transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(originator=None)


class TestDownload:
    def test_is_a_fact_and_asks_for_the_permission_to_approve(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)

        with pytest.raises(NotAllowed):
            download_bank_file(file.pk, by=payouts.builder)
        download_bank_file(file.pk, by=payouts.auditor)

        from commissions.events import BankFileDownloaded  # noqa: PLC0415

        assert [fact.bank_file_id for fact in published(BankFileDownloaded)] == [file.pk]

    def test_refuses_what_was_not_written(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        from foundation.people.encryption import encrypt  # noqa: PLC0415

        BankFile.objects.filter(pk=file.pk).update(content=encrypt(file.text.replace("12345678", "12345679")))

        with pytest.raises(RuntimeError):
            download_bank_file(file.pk, by=payouts.auditor)


class TestNewKeys:
    def test_are_used_for_what_is_kept_of_the_bank(self, payouts, settings):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        kept = keep_return_file(return_file((file.batch.lines.get(), "R03")), by=payouts.auditor)
        texts = file.text, kept.text
        settings.FIELD_KEYS = ["another key", *settings.FIELD_KEYS]

        assert renew_bank_files() == 2
        settings.FIELD_KEYS = ["another key"]

        file.refresh_from_db()
        kept.refresh_from_db()
        assert (file.text, kept.text) == texts


class TestConfirming:
    def test_settles_what_the_statement_shows(self, payouts):
        rewards = [make_cash(payouts, number=f"1234567{number}") for number in range(2)]
        file = make_file(payouts)

        paid(payouts, file)

        for reward in rewards:
            reward.refresh_from_db()
            assert reward.status == RewardStatus.SETTLED
            assert kinds(reward)[-2:] == [EntryKind.SEND, EntryKind.SETTLE]
        assert own_progress(rewards)[rewards[0].pk].sentence == "Paid to your bank account."
        file.batch.refresh_from_db()
        assert file.batch.status == BatchStatus.CONFIRMED
        assert balance()[LedgerAccount.PAID] == Decimal("50.00")
        letter = Message.objects.filter(kind="commissions.transferred").first()
        assert "$25.00 is paid to your bank account" in letter.subject_line

    @pytest.mark.parametrize(
        ("count", "total", "code"),
        [(2, "25.00", "other_count"), (1, "24.00", "other_total"), (1, "25.00", "too_early")],
    )
    def test_is_refused_where_the_statement_says_otherwise_or_cannot_know_yet(self, payouts, count, total, code):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        day = may_be_paid_from(file) - timedelta(days=1 if code == "too_early" else 0)

        with time_machine.travel(f"{day}T18:00Z", tick=False), pytest.raises(NotAllowed) as refusal:
            confirm_bank_file(file.pk, count=count, total=Decimal(total), by=payouts.auditor)

        assert refusal.value.code == code
        assert Reward.objects.get().status == RewardStatus.BATCHED

    @pytest.mark.parametrize("on_behalf", [False, True])
    def test_is_not_for_who_is_paid_by_it(self, payouts, on_behalf):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        sign_in_for(reward, payouts.auditor, on_behalf=on_behalf)

        with pytest.raises(NotAllowed) as refusal:
            confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=payouts.auditor)

        assert refusal.value.code == "own_payment"

    def test_needs_the_file_to_be_handed_over(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)

        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False), pytest.raises(NotAllowed):
            confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=payouts.auditor)


class TestReturns:
    def test_are_owed_again_and_held_and_the_payee_is_asked(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        done = take(payouts, return_file((line, "R03")))
        drain()

        reward.refresh_from_db()
        line.refresh_from_db()
        assert done == {ReturnOutcome.TAKEN: 1}
        assert (reward.status, reward.holds, line.status) == (
            RewardStatus.HELD, [HoldReason.BANK_RETURNED], LineStatus.RETURNED,
        )  # fmt: skip
        assert kinds(reward)[-3:] == [EntryKind.SEND, EntryKind.RETURN, EntryKind.HOLD]
        assert reward.payee.bank_accounts.get().ended_at is not None
        assert own_progress([reward])[reward.pk].detail == "Your bank sent the transfer back. Tell us where to pay it."
        letter = Message.objects.get(kind="commissions.transfer_returned")
        assert letter.subject_line == "Tell us where to pay $25.00"
        assert balance()[LedgerAccount.HELD] == Decimal("25.00")

    def test_are_paid_to_the_bank_account_that_is_named_then(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        take(payouts, return_file((line, "R03")))

        give_bank(reward.payee, "55555555")
        drain()
        file = make_file(payouts)

        again = file.batch.lines.get()
        assert (again.reward, again.request_id) == (reward, f"reward-{reward.pk}-2")
        assert LineFlag.RETURNED in again.flags
        assert "55555555" in file.text

    def test_of_a_passing_reason_leave_the_bank_account_and_wait_for_a_person(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        take(payouts, return_file((line, "R01")))
        drain()

        assert reward.payee.bank_accounts.get().ended_at is None
        reward.refresh_from_db()
        assert reward.holds == [HoldReason.BANK_RETURNED]
        assert "came back from your bank" in Message.objects.get(kind="commissions.transfer_returned").subject_line

    def test_are_taken_once(self, payouts):
        make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        text = return_file((line, "R03"))

        take(payouts, text)
        entries = LedgerEntry.objects.count()
        done = take(payouts, text)

        assert done == {}
        assert LedgerEntry.objects.count() == entries
        assert BankReturn.objects.count() == 1
        assert len(published(TransferReturned)) == 1

    @pytest.mark.parametrize(
        ("said", "outcome"),
        [({"trace": "999999990000001"}, ReturnOutcome.UNMATCHED), ({"amount": Decimal("24.99")}, ReturnOutcome.AMOUNT)],
    )
    def test_that_fit_nothing_are_listed_and_change_nothing(self, payouts, said, outcome):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        done = take(payouts, return_file((line, "R03"), **said))

        assert done == {outcome: 1}
        assert BankReturn.objects.get().outcome == outcome
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED

    def test_are_shown_before_they_are_taken(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        line = file.batch.lines.get()
        hand_over_bank_file(file.pk, by=payouts.auditor)

        kept = keep_return_file(return_file((line, "R03")), by=payouts.auditor)
        (row,) = rows_of(kept, by=another(payouts))

        assert (row.line, row.outcome, row.is_to_be_taken) == (line, ReturnOutcome.TAKEN, True)
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED

    def test_are_for_who_may_approve(self, payouts):
        make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        with pytest.raises(NotAllowed):
            keep_return_file(return_file((line, "R03")), by=payouts.builder)

    def test_of_another_house_match_nothing(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        stranger = make_payouts().auditor

        kept = keep_return_file(return_file((line, "R03")), by=stranger)
        done = take_return_file(kept.pk, by=stranger)

        assert done == {ReturnOutcome.UNMATCHED: 1}
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED

    def test_of_a_file_that_cannot_be_read_name_the_line(self, payouts):
        with pytest.raises(NotAllowed) as refusal:
            keep_return_file("nonsense", by=payouts.auditor)

        assert re.match("Line 1: ", refusal.value.message)


class TestLateReturns:
    def test_undo_what_was_paid(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)

        done = take(payouts, return_file((file.batch.lines.get(), "R10")))
        drain()

        reward.refresh_from_db()
        file.batch.refresh_from_db()
        assert done == {ReturnOutcome.TAKEN: 1}
        assert (reward.status, reward.holds, reward.settled_on) == (RewardStatus.HELD, [HoldReason.BANK_RETURNED], None)
        assert file.batch.status == BatchStatus.RETURNED
        assert (balance()[LedgerAccount.PAID], balance()[LedgerAccount.HELD]) == (0, Decimal("25.00"))
        last = reward.entries.order_by("pk").filter(kind=EntryKind.RETURN).last()
        assert (last.debit, last.credit) == (LedgerAccount.PAID, LedgerAccount.PAYABLE)

    def test_are_paid_once_more_and_no_more_than_once(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)
        take(payouts, return_file((file.batch.lines.get(), "R10")))
        give_bank(reward.payee, "55555555")
        drain()

        paid(payouts, make_file(payouts))
        drain()

        assert balance()[LedgerAccount.PAID] == Decimal("25.00")
        assert Message.objects.filter(kind="commissions.transferred").count() == 2

    def test_claim_again_what_was_set_off(self, payouts):
        first = make_cash(payouts, number="12345678")
        paid(payouts, make_file(payouts))
        take_back_all(first)
        second = make_cash(payouts, "30.00", payee=first.payee)
        file = make_file(payouts)
        paid(payouts, file)
        assert balance()[LedgerAccount.RECEIVABLE] == 0

        take(payouts, return_file((file.batch.lines.get(), "R10")))

        second.refresh_from_db()
        assert balance()[LedgerAccount.RECEIVABLE] == Decimal("25.00")
        assert balance()[LedgerAccount.HELD] == second.owed == Decimal("30.00")

    def test_claim_no_longer_what_was_taken_back_of_it(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)
        take_back_all(reward)
        assert balance()[LedgerAccount.RECEIVABLE] == Decimal("25.00")

        done = take(payouts, return_file((file.batch.lines.get(), "R10")))

        reward.refresh_from_db()
        assert done == {ReturnOutcome.TAKEN: 1}
        assert reward.status == RewardStatus.REVERSED
        assert {account: balance()[account] for account in ("paid", "receivable", "held", "payable")} == {
            "paid": 0, "receivable": 0, "held": 0, "payable": 0,
        }  # fmt: skip

    def test_need_a_person_where_the_claim_was_settled_otherwise(self, payouts):
        first = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)
        take_back_all(first)
        make_cash(payouts, "30.00", payee=first.payee)
        paid(payouts, make_file(payouts))

        before = balance()
        done = take(payouts, return_file((file.batch.lines.get(), "R10")))

        assert done == {ReturnOutcome.CLAIMED: 1}
        assert balance() == before


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_presses_make_one_file(self, payouts):
        make_cash(payouts, number="12345678")
        batch = make_approved(payouts)
        refused: list[NotAllowed] = []

        def press() -> None:
            try:
                job = post_batch(batch.pk)
                while work_one_chunk(job.pk):
                    pass
            except NotAllowed as refusal:
                refused.append(refusal)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(refused) == 1
        assert Job.objects.filter(params={"batch": batch.pk}).count() == 1
        assert BankFile.objects.get().count == 1

    def test_two_people_who_take_one_return_file_take_it_once(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        line = file.batch.lines.get()
        hand_over_bank_file(file.pk, by=payouts.auditor)
        kept = keep_return_file(return_file((line, "R03")), by=payouts.auditor)
        done: list[ReturnOutcome] = []
        other = another(payouts)

        def press() -> None:
            try:
                done.extend(take_return_file(kept.pk, by=other).elements())
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert done.count(ReturnOutcome.TAKEN) == 1
        assert kinds(reward).count(EntryKind.RETURN) == 1

    def test_what_dies_before_its_end_leaves_no_file_and_is_written_by_the_next(self, payouts, monkeypatch):
        monkeypatch.setattr("commissions.services.batches.posting.CHUNK", 1)
        for number in range(2):
            make_cash(payouts, number=f"1234567{number}")
        batch = make_approved(payouts)
        job = post_batch(batch.pk)

        def dies(*_args: object, **_values: object) -> None:
            raise SystemExit

        with monkeypatch.context() as patched, pytest.raises(SystemExit):
            patched.setattr("commissions.services.batches.transfers.encrypt", dies)
            while work_one_chunk(job.pk):
                assert not BankFile.objects.exists()
        sent = set(batch.lines.values_list("status", "trace_number"))
        assert (BankFile.objects.count(), sent) == (0, {(LineStatus.SENT, "")})
        while work_one_chunk(job.pk):
            pass

        assert BankFile.objects.get().count == 2
        assert all(len(trace) == 15 for trace in batch.lines.values_list("trace_number", flat=True))
        assert [kinds(line.reward).count(EntryKind.SEND) for line in batch.lines.all()] == [1, 1]


@pytest.mark.django_db(transaction=True)
class TestARefusalAndAReturnAtOnce:
    """Each waits for the other and sees it: nothing is owed again that the bank has paid."""

    @pytest.fixture
    def came_back(self, payouts) -> ReturnFile:
        for number in ("12345678", "55555555"):
            make_cash(payouts, number=number)
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        return keep_return_file(return_file((file.batch.lines.first(), "R01")), by=payouts.auditor)

    def test_the_return_first(self, payouts, came_back):
        file, one, other = BankFile.objects.get(), another(payouts), another(payouts)

        with transaction.atomic():
            take_return_file(came_back.pk, by=one)
            meanwhile = Meanwhile(lambda: refuse_bank_file(file.pk, "Not taken.", by=other))

        assert meanwhile.outcome().code == "was_run"

    def test_the_refusal_first(self, payouts, came_back):
        file, one, other = BankFile.objects.get(), another(payouts), another(payouts)

        with transaction.atomic():
            refuse_bank_file(file.pk, "Not taken.", by=other)
            meanwhile = Meanwhile(lambda: take_return_file(came_back.pk, by=one))

        assert meanwhile.outcome() == {ReturnOutcome.REFUSED: 1}


class TestWhatCameBack:
    def test_goes_to_the_bank_account_that_was_named_meanwhile(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        give_bank(reward.payee, "55555555")

        take(payouts, return_file((line, "R03")))
        drain()

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])
        letter = Message.objects.get(kind="commissions.transfer_returned")
        assert "Your bank has sent back" in letter.text
        assert "We pay it to the bank account that you have named" in letter.text
        assert "We are looking at it" not in letter.text

    def test_is_named_on_the_statement(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        take(payouts, return_file((line, "R01")))

        statement = own_statement_of(reward.payee, today(reward.division))
        assert statement.lines[-1].what == "Put on hold: the transfer came back"
        assert "came back" in str(statement.rows[-1].label)
        assert (statement.closing.held, statement.closing.total) == (Decimal("25.00"), Decimal("25.00"))

    def test_goes_there_too_where_it_was_replaced_before_the_file_was_written(self, payouts):
        reward = make_cash(payouts, number="12345678")
        forget_what_was_owed()
        batch = make_approved(payouts)
        give_bank(reward.payee, "55555555")

        work(batch)
        drain()

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])
        letter = Message.objects.get(kind="commissions.transfer_returned")
        assert letter.subject_line == "$25.00 could not be transferred"
        assert "Your bank has sent back" not in letter.text
        assert "We pay it to the bank account that you have named" in letter.text

    def test_waits_for_a_person_where_it_came_back_from_the_bank_account_that_is_named_again(self, payouts):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        take(payouts, return_file((line, "R03")))

        give_bank(reward.payee, "12345678")
        drain()

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.HELD, [HoldReason.BANK_RETURNED])

    def test_is_told_as_what_is_still_owed_of_it(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)
        take_back_all(reward, Decimal("10.00"))

        take(payouts, return_file((file.batch.lines.get(), "R10")))
        drain()

        letter = Message.objects.get(kind="commissions.transfer_returned")
        assert "$15.00 of it is still yours" in letter.text
        assert letter.subject_line == "Tell us where to pay $15.00"


class TestWhoTakesAReturn:
    def test_nobody_where_the_bank_has_not_had_the_file(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        kept = keep_return_file(return_file((file.batch.lines.get(), "R01")), by=payouts.auditor)

        assert take_return_file(kept.pk, by=payouts.auditor) == {ReturnOutcome.UNSENT: 1}
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED
        hand_over_bank_file(file.pk, by=payouts.auditor)

        assert take_return_file(kept.pk, by=another(payouts)) == {ReturnOutcome.TAKEN: 1}
        assert not unmatched(payouts.auditor).exists()

    def test_not_who_may_not_approve_payouts(self, payouts):
        make_cash(payouts, number="12345678")
        kept = keep_return_file(return_file((make_file(payouts).batch.lines.get(), "R01")), by=payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            take_return_file(kept.pk, by=payouts.builder)

        assert refusal.value.code == "not_permitted"
        assert not BankReturn.objects.exists()

    def test_not_who_was_paid(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        other = another(payouts)
        kept = keep_return_file(return_file((file.batch.lines.get(), "R01")), by=payouts.auditor)
        customer = reward.payee.account.customer
        type(customer).objects.filter(pk=customer.pk).update(user=other)

        assert take_return_file(kept.pk, by=other) == {ReturnOutcome.OTHER: 1}
        with pytest.raises(NotAllowed) as refusal:
            look_at_return(BankReturn.objects.get().pk, "Mine.", by=other)
        assert refusal.value.code == "own_payment"
        assert take_return_file(kept.pk, by=another(payouts)) == {ReturnOutcome.TAKEN: 1}

    @pytest.mark.parametrize("was_paid", [False, True])
    @pytest.mark.parametrize("had_in_hand", ["the batch", "the approval", "the file", "the return file"])
    def test_not_who_had_it_in_hand(self, payouts, had_in_hand, was_paid):
        people = {what: another(payouts) for what in ("the approval", "the file", "the return file")}
        people["the batch"] = make_person(Role.OPERATOR, payouts.division)
        reward = make_cash(payouts, number="12345678")
        file = make_file(replace(payouts, builder=people["the batch"], auditor=people["the approval"]))
        hand_over_bank_file(file.pk, by=people["the file"])
        if was_paid:
            confirmed(payouts, file)
        kept = keep_return_file(return_file((file.batch.lines.get(), "R01")), by=people["the return file"])
        before = Reward.objects.get().status

        assert take_return_file(kept.pk, by=people[had_in_hand]) == {ReturnOutcome.OTHER: 1}
        reward.refresh_from_db()
        assert reward.status == before
        other = another(payouts)
        listed = BankReturn.objects.get()
        with pytest.raises(NotAllowed) as refusal:
            look_at_return(listed.pk, "I have looked.", by=people[had_in_hand])
        assert refusal.value.code == "own_word"
        assert list(unmatched(other)) == [listed]

        assert take_return_file(kept.pk, by=other) == {ReturnOutcome.TAKEN: 1}
        assert not unmatched(other).exists()

    def test_nobody_who_was_let_in_by_one_person_alone(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        puppet = another(payouts)
        User.objects.filter(pk=puppet.pk).update(confirmed_at=None)
        text = return_file((file.batch.lines.get(), "R01"))
        brought = keep_return_file(text, by=payouts.auditor)

        for act in (start_taking, take_return_file):
            with pytest.raises(NotAllowed) as refusal:
                act(brought.pk, by=User.objects.get(pk=puppet.pk))
            assert refusal.value.code == "unconfirmed"

        assert Reward.objects.get().status == RewardStatus.BATCHED

    def test_and_has_then_no_hand_in_the_rest(self, payouts):
        """A franchise with three people: the supervisor builds, the auditor has the file, the operator takes what came back."""
        back, rest = make_cash(payouts, number="12345678"), make_cash(payouts, number="55555555")
        operator = make_person(Role.OPERATOR, payouts.division)
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        kept = keep_return_file(return_file((file.batch.lines.get(reward=back), "R01")), by=payouts.auditor)
        assert take_return_file(kept.pk, by=operator) == {ReturnOutcome.TAKEN: 1}

        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
            for act in (
                lambda by: release_reward(back.pk, HoldReason.BANK_RETURNED, by=by),
                lambda by: confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=by),
            ):
                with pytest.raises(NotAllowed) as refusal:
                    act(operator)
                assert refusal.value.code == "own_word"
            release_reward(back.pk, HoldReason.BANK_RETURNED, by=payouts.builder)
            confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=payouts.auditor)
            while work_one_chunk():
                pass

        assert [Reward.objects.get(pk=one.pk).status for one in (back, rest)] == [
            RewardStatus.PAYABLE, RewardStatus.SETTLED,
        ]  # fmt: skip

    @pytest.mark.parametrize("code", ["R06", "R24"])
    def test_a_person_where_the_payee_may_have_been_paid_all_the_same(self, payouts, code):
        reward = make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()

        assert take(payouts, return_file((line, code))) == {ReturnOutcome.UNCLEAR: 1}
        reward.refresh_from_db()
        assert reward.status == RewardStatus.BATCHED
        listed = BankReturn.objects.get()
        look_at_return(listed.pk, "The statement shows it once, and back.", is_owed_again=True, by=another(payouts))

        reward.refresh_from_db()
        assert reward.status == RewardStatus.HELD
        assert not unmatched(payouts.auditor).exists()

    def test_of_a_file_that_the_bank_has_not_had_somebody_else_finds_that_it_is_made_up(self, payouts):
        make_cash(payouts, number="12345678")
        kept = keep_return_file(return_file((make_file(payouts).batch.lines.get(), "R01")), by=payouts.auditor)
        other = another(payouts)
        take_return_file(kept.pk, by=other)
        listed = BankReturn.objects.get()

        with pytest.raises(NotAllowed) as refusal:
            look_at_return(listed.pk, "Made up.", by=payouts.auditor)
        look_at_return(listed.pk, "Made up.", by=other)

        assert refusal.value.code == "own_word"
        assert not unmatched(other).exists()


class TestLookingAtAReturn:
    def listed(self, payouts) -> BankReturn:
        make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        take(payouts, return_file((line, "R03"), amount=Decimal("24.00")))
        return unmatched(payouts.auditor).get()

    def test_takes_it_off_the_list_and_keeps_what_was_found(self, payouts):
        listed = self.listed(payouts)

        look_at_return(listed.pk, "A slip of the bank; it has sent the right one.", by=payouts.auditor)

        listed.refresh_from_db()
        assert not unmatched(payouts.auditor).exists()
        assert (listed.looked_at_by, listed.finding) == (
            payouts.auditor, "A slip of the bank; it has sent the right one.",
        )  # fmt: skip
        with pytest.raises(InternalError), transaction.atomic():
            BankReturn.objects.update(finding="Something else.")

    def test_asks_for_a_finding_once_and_for_the_permission(self, payouts):
        listed = self.listed(payouts)

        for finding, by, code in ((" ", payouts.auditor, "no_reason"), ("Seen.", payouts.builder, "not_permitted")):
            with pytest.raises(NotAllowed) as refusal:
                look_at_return(listed.pk, finding, by=by)
            assert refusal.value.code == code
        look_at_return(listed.pk, "Seen.", by=payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            look_at_return(listed.pk, "Seen again.", by=payouts.auditor)
        assert refusal.value.code == "looked_at"

    @pytest.mark.parametrize("code", ["R06", "R24"])
    def test_of_what_is_unclear_is_not_for_who_had_it_in_hand(self, payouts, code):
        """Whoever made a return up would end it unseen: the transfer is never owed again, or the file is refused."""
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=another(payouts))
        brought_by, taker = another(payouts), another(payouts)
        kept = keep_return_file(return_file((file.batch.lines.get(), code)), by=brought_by)
        take_return_file(kept.pk, by=taker)
        listed = BankReturn.objects.get()

        for by in (brought_by, payouts.auditor):
            with pytest.raises(NotAllowed) as refusal:
                look_at_return(listed.pk, "The payee has it.", by=by)
            assert refusal.value.code == "own_word"
        look_at_return(listed.pk, "The payee has it.", by=taker)

        assert not unmatched(taker).exists()

    def test_takes_nothing_that_was_taken_meanwhile(self, payouts):
        make_cash(payouts, number="12345678")
        line = make_file(payouts).batch.lines.get()
        take(payouts, return_file((line, "R06")))
        listed = unmatched(payouts.auditor).get()
        again = keep_return_file(return_file((line, "R06"), (line, "R01")), by=payouts.auditor)
        BankReturn.objects.create(
            file=again, line=line, outcome=ReturnOutcome.TAKEN, original_trace=listed.original_trace,
            trace=listed.trace, code="R06", amount=line.amount, taken_by=payouts.auditor,
        )  # fmt: skip

        with pytest.raises(NotAllowed) as refusal:
            look_at_return(listed.pk, "It is back.", is_owed_again=True, by=another(payouts))

        assert refusal.value.code == "taken_meanwhile"
        listed.refresh_from_db()
        assert not listed.looked_at

    def test_takes_nothing_that_does_not_fit(self, payouts):
        listed = self.listed(payouts)

        with pytest.raises(NotAllowed) as refusal:
            look_at_return(listed.pk, "It is back.", is_owed_again=True, by=payouts.auditor)

        assert refusal.value.code == "not_taken"
        assert Reward.objects.get().status == RewardStatus.BATCHED


class TestWhoHasTheFileInHand:
    def refusals(self, file: BankFile, by) -> list[str]:
        codes = []
        for act in (
            lambda: download_bank_file(file.pk, by=by),
            lambda: hand_over_bank_file(file.pk, by=by),
            lambda: confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=by),
        ):
            with pytest.raises(NotAllowed) as refusal:
                act()
            codes.append(refusal.value.code)
        return codes

    def test_is_nobody_who_built_the_batch(self, payouts):
        operator = make_person(Role.OPERATOR, payouts.division)
        make_cash(payouts, number="12345678")

        file = make_file(replace(payouts, builder=operator))

        assert self.refusals(file, operator) == ["own_batch"] * 3

    @pytest.mark.parametrize("whom", ["who has it in hand", "who built the batch"])
    def test_is_nobody_who_may_be_who_built_the_batch(self, payouts, whom):
        """Who was let in by one person alone is perhaps them: ADR 13."""
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        by = another(payouts)
        doubtful = by if whom == "who has it in hand" else payouts.builder
        User.objects.filter(pk=doubtful.pk).update(confirmed_at=None)

        assert self.refusals(file, User.objects.get(pk=by.pk)) == ["unconfirmed"] * 3
        with pytest.raises(NotAllowed) as refusal:
            refuse_bank_file(file.pk, "The bank says no.", by=User.objects.get(pk=by.pk))
        assert refusal.value.code == "unconfirmed"

    def test_is_nobody_who_is_paid_by_it(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        customer = reward.payee.account.customer
        type(customer).objects.filter(pk=customer.pk).update(user=payouts.auditor)

        assert self.refusals(file, payouts.auditor) == ["own_payment"] * 3


class TestAFileThatIsHandedOverLate:
    def test_is_late_until_then_and_paid_no_sooner_than_the_bank_can_return_it(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        planned = may_be_paid_from(file)
        assert not file.is_late
        day = planned + timedelta(days=10)

        with time_machine.travel(f"{day}T18:00Z", tick=False):
            assert file.is_late
            hand_over_bank_file(file.pk, by=payouts.auditor)
            with pytest.raises(NotAllowed) as refusal:
                confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=payouts.auditor)

        assert refusal.value.code == "too_early"
        file.refresh_from_db()
        assert may_be_paid_from(file) == banking_days_after(day, 3)
        assert not file.is_late


class TestTheHoldersName:
    @pytest.mark.parametrize(
        ("holder", "is_business", "is_taken"),
        [
            ("3M Tower LLC", True, True),
            ("3M Tower LLC", False, False),
            ("Tower 12345678", True, False),
            ("Tower 1234567", True, False),
            ("1984", True, False),
        ],
    )
    def test_has_digits_where_it_is_a_business(self, payouts, holder, is_business, is_taken):
        reward = make_cash(payouts)

        if is_taken:
            assert give_bank(reward.payee, "12345678", holder=holder, is_business=is_business).holder == holder
            return
        with pytest.raises(NotAllowed) as refusal:
            give_bank(reward.payee, "12345678", holder=holder, is_business=is_business)
        assert (refusal.value.code, refusal.value.field) == ("no_holder", "holder")


class TestARefusedFile:
    """The bank takes nothing of it, or it is withdrawn before."""

    def refused(self, payouts, file: BankFile, *, by: User | None = None) -> None:
        refuse_bank_file(file.pk, "The bank says: wrong company id.", by=by or payouts.auditor)
        while work_one_chunk():
            pass
        conclude_batch(file.batch_id)
        drain()

    @pytest.mark.parametrize("is_handed_over", [False, True])
    def test_lets_each_transfer_be_owed_again_and_the_next_batch_pays_it(self, payouts, is_handed_over, monkeypatch):
        monkeypatch.setattr("commissions.services.batches.transfers.CHUNK", 2)
        rewards = [make_cash(payouts, number=f"1234567{number}") for number in range(3)]
        for reward in rewards:
            send_earned(reward.pk)
        file = make_file(payouts)
        if is_handed_over:
            hand_over_bank_file(file.pk, by=make_person(Role.AUDITOR, payouts.division))
        drain()
        letters = Message.objects.count()

        self.refused(payouts, file)

        file.refresh_from_db()
        file.batch.refresh_from_db()
        assert (file.status, file.refused_by) == (BankFileStatus.REFUSED, payouts.auditor)
        assert file.batch.status == BatchStatus.REFUSED
        for reward in rewards:
            reward.refresh_from_db()
            assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])
            assert kinds(reward)[-2:] == [EntryKind.SEND, EntryKind.RETURN]
        assert {(line.status, line.problem) for line in file.batch.lines.all()} == {
            (LineStatus.RETURNED, "The bank says: wrong company id."),
        }  # fmt: skip
        assert (balance()[LedgerAccount.PAYABLE], balance()[LedgerAccount.IN_TRANSIT]) == (Decimal("75.00"), 0)
        assert Message.objects.count() == letters
        assert all(reward.payee.bank_accounts.get().is_current for reward in rewards)

        paid(payouts, make_file(payouts))

        assert set(Reward.objects.values_list("status", flat=True)) == {RewardStatus.SETTLED}
        assert balance()[LedgerAccount.PAID] == Decimal("75.00")

    def test_is_not_said_by_who_has_handed_the_file_over(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            refuse_bank_file(file.pk, "It was not taken.", by=payouts.auditor)
        refuse_bank_file(file.pk, "It was not taken.", by=make_person(Role.AUDITOR, payouts.division))

        assert refusal.value.code == "own_word"

    def test_that_the_bank_runs_after_all_is_listed_for_a_person(self, payouts):
        """What comes back of it shows that the others were paid."""
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        text = return_file((file.batch.lines.get(), "R01"))
        self.refused(payouts, file)

        take(payouts, text)

        came_back = BankReturn.objects.get()
        reward.refresh_from_db()
        assert (came_back.outcome, list(unmatched(payouts.auditor))) == (ReturnOutcome.REFUSED, [came_back])
        assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])

    @pytest.mark.parametrize("shown", ["taken", "listed", "paid"])
    def test_is_none_that_the_bank_has_shown_to_have_run(self, payouts, shown):
        """What it has paid of the file would be paid twice."""
        back, rest = make_cash(payouts, number="12345678"), make_cash(payouts, number="55555555")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        came_back = file.batch.lines.get(reward=back)
        if shown == "paid":
            with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
                confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), missed=[came_back.pk], by=payouts.auditor)
                while work_one_chunk():
                    pass
        else:
            kept = keep_return_file(return_file((came_back, "R01")), by=payouts.auditor)
            take_return_file(kept.pk, by=another(payouts) if shown == "taken" else payouts.auditor)

        with pytest.raises(NotAllowed) as refusal:
            refuse_bank_file(file.pk, "It was not taken.", by=another(payouts))

        assert refusal.value.code == "was_run"
        rest.refresh_from_db()
        assert rest.status != RewardStatus.PAYABLE

    def test_can_be_said_once_somebody_has_looked_at_what_came_back(self, payouts):
        """A return that was made up does not keep what nobody has paid from being owed again."""
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        kept = keep_return_file(return_file((file.batch.lines.get(), "R01")), by=payouts.auditor)
        take_return_file(kept.pk, by=payouts.auditor)
        look_at_return(BankReturn.objects.get().pk, "The bank has sent no such file.", by=another(payouts))

        self.refused(payouts, file, by=another(payouts))

        reward.refresh_from_db()
        assert reward.status == RewardStatus.PAYABLE

    def test_does_not_set_off_twice_what_was_taken_back(self, payouts):
        reward = make_cash(payouts, number="12345678")
        paid(payouts, make_file(payouts))
        take_back_all(reward)
        make_cash(payouts, "30.00", payee=reward.payee)

        self.refused(payouts, make_file(payouts))

        line = make_file(payouts).batch.lines.get()
        assert (line.amount, line.set_off) == (Decimal("5.00"), Decimal("25.00"))
        assert balance()[LedgerAccount.IN_TRANSIT] == Decimal("5.00")

    def test_is_not_for_the_bank_any_more(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        self.refused(payouts, file)

        with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
            for act in (
                lambda: download_bank_file(file.pk, by=payouts.auditor),
                lambda: hand_over_bank_file(file.pk, by=payouts.auditor),
                lambda: confirm_bank_file(file.pk, count=0, total=Decimal(0), by=payouts.auditor),
                lambda: refuse_bank_file(file.pk, "Again.", by=payouts.auditor),
            ):
                with pytest.raises(NotAllowed):
                    act()
        with pytest.raises(InternalError), transaction.atomic():
            BankFile.objects.filter(pk=file.pk).update(status=BankFileStatus.HANDED_OVER)

    def test_is_none_that_was_paid(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        paid(payouts, file)

        with pytest.raises(NotAllowed):
            refuse_bank_file(file.pk, "The bank says no.", by=payouts.auditor)

        assert Reward.objects.get().status == RewardStatus.SETTLED

    def test_is_said_with_a_reason_by_another_person_than_built_it_or_is_paid(self, payouts):
        reward = make_cash(payouts, number="12345678")
        file = make_file(payouts)
        RoleAssignment.objects.create(user=payouts.builder, role=Role.AUDITOR, division=payouts.division)
        both = User.objects.get(pk=payouts.builder.pk)
        paid_in_it = make_person(Role.AUDITOR, payouts.division)
        customer = reward.payee.account.customer
        type(customer).objects.filter(pk=customer.pk).update(user=paid_in_it)

        for by, reason, code in (
            (make_person(Role.SUPERVISOR, payouts.division), "Wrong.", "not_permitted"),
            (both, "Wrong.", "own_batch"),
            (paid_in_it, "Wrong.", "own_payment"),
            (payouts.auditor, " ", "required"),
        ):
            with pytest.raises(NotAllowed) as refusal:
                refuse_bank_file(file.pk, reason, by=by)
            assert refusal.value.code == code
        assert Reward.objects.get().status == RewardStatus.BATCHED

    @pytest.mark.django_db(transaction=True)
    def test_is_never_paid_at_the_same_time(self, payouts):
        make_cash(payouts, number="12345678")
        file = make_file(payouts)
        hand_over_bank_file(file.pk, by=payouts.auditor)
        first, start, done = may_be_paid_from(file), threading.Barrier(2), []

        def say(what) -> None:
            try:
                start.wait(10)
                what()
                done.append(1)
            except NotAllowed:
                done.append(0)
            finally:
                connections.close_all()

        with time_machine.travel(f"{first}T18:00Z", tick=False):
            threads = [
                threading.Thread(target=say, args=[what])
                for what in (
                    lambda: confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), by=payouts.auditor),
                    lambda: refuse_bank_file(file.pk, "The bank says no.", by=payouts.auditor),
                )
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)

        assert sorted(done) == [0, 1]
        assert Job.objects.filter(params__bank_file=file.pk).count() == 1
