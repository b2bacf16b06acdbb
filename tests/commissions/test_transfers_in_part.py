"""A bank's statement that shows a part of a file: what it shows is settled, the rest is awaited, and ends one way or another."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
import time_machine
from django.db import connections

from commissions.models import BankFile, BankReturn, BatchLine, LedgerEntry, TraceCounter
from commissions.queries.ledger import balances
from commissions.queries.transfers import awaited_for, may_be_paid_from, to_be_confirmed, unmatched
from commissions.services.batches import (
    candidates_for,
    conclude_batch,
    confirm_bank_file,
    give_back_transfer,
    hand_over_bank_file,
    keep_return_file,
    look_at_return,
    start_taking,
    take_return_file,
)
from commissions.states import BankFileStatus, BatchStatus, LedgerAccount, LineStatus, ReturnOutcome, RewardStatus
from foundation.ach.files import LAST_SEQUENCE
from foundation.events.testing import drain
from foundation.jobs.models import JobChunk
from foundation.jobs.services import work_one_chunk
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.cashing import ODFI, make_cash, make_file, return_file, set_originator
from tests.commissions.paying import make_payouts

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    return payouts


@pytest.fixture
def others(payouts):
    """Return another auditor of the market."""
    return make_person(Role.AUDITOR, payouts.division)


@pytest.fixture
def file(payouts):
    """Return a file of three transfers of $25.00, $30.00 and $40.00 that the bank has had for long enough."""
    for number, amount in enumerate(("25.00", "30.00", "40.00")):
        make_cash(payouts, amount, number=f"1234567{number}")
    made = make_file(payouts)
    hand_over_bank_file(made.pk, by=payouts.auditor)
    made.refresh_from_db()
    with time_machine.travel(f"{may_be_paid_from(made)}T18:00Z", tick=False):
        yield made


def line_of(file: BankFile, amount: str) -> BatchLine:
    return file.batch.lines.get(amount=Decimal(amount))


def work() -> None:
    while work_one_chunk():
        pass
    drain()


def in_part(file: BankFile, payouts) -> BatchLine:
    """Let the statement show all but the transfer of $40.00, and return that one."""
    missed = line_of(file, "40.00")
    confirm_bank_file(file.pk, count=2, total=Decimal("55.00"), missed=[missed.pk], by=payouts.auditor)
    work()
    return missed


def statuses(file: BankFile) -> dict[str, str]:
    return {str(line.amount): line.reward.status for line in file.batch.lines.select_related("reward")}


def balance():
    (found,) = balances(LedgerEntry.objects.all()).values()
    assert found.difference == 0
    return found


class TestConfirmingInPart:
    def test_settles_what_the_statement_shows_and_awaits_the_rest(self, payouts, file):
        in_part(file, payouts)

        file.refresh_from_db()
        assert file.status == BankFileStatus.PARTLY_PAID
        assert statuses(file) == {
            "25.00": RewardStatus.SETTLED, "30.00": RewardStatus.SETTLED, "40.00": RewardStatus.BATCHED,
        }  # fmt: skip
        assert (balance()[LedgerAccount.PAID], balance()[LedgerAccount.IN_TRANSIT]) == (Decimal(55), Decimal(40))
        assert not conclude_batch(file.batch_id)

    def test_is_completed_by_a_later_statement(self, payouts, file):
        in_part(file, payouts)

        confirm_bank_file(file.pk, count=1, total=Decimal("40.00"), by=payouts.auditor)
        work()

        file.refresh_from_db()
        assert (file.status, balance()[LedgerAccount.PAID]) == (BankFileStatus.PAID, Decimal(95))
        file.batch.refresh_from_db()
        assert file.batch.status == BatchStatus.CONFIRMED

    def test_goes_on_in_parts(self, payouts, file):
        missed = [line_of(file, "30.00").pk, line_of(file, "40.00").pk]
        confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), missed=missed, by=payouts.auditor)
        work()

        confirm_bank_file(file.pk, count=1, total=Decimal("30.00"), missed=missed[1:], by=payouts.auditor)
        work()

        file.refresh_from_db()
        assert (file.status, balance()[LedgerAccount.PAID]) == (BankFileStatus.PARTLY_PAID, Decimal(55))

    def test_is_said_of_a_statement_once(self, payouts, file):
        missed = [line_of(file, "30.00").pk, line_of(file, "40.00").pk]
        confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), missed=missed, by=payouts.auditor)
        work()
        said = {"count": 1, "total": Decimal("30.00"), "missed": missed[1:], "by": payouts.auditor}
        confirm_bank_file(file.pk, **said)

        with pytest.raises(NotAllowed) as refusal:
            confirm_bank_file(file.pk, **said)

        assert refusal.value.code == "nothing_paid"

    @pytest.mark.parametrize(
        ("shown", "missed", "code"),
        [
            ((3, "95.00"), ["40.00"], "other_count"),
            ((2, "95.00"), ["40.00"], "other_total"),
            ((0, "0.00"), ["25.00", "30.00", "40.00"], "nothing_paid"),
        ],
    )
    def test_has_to_add_up(self, payouts, file, shown, missed, code):
        ids = [line_of(file, amount).pk for amount in missed]

        with pytest.raises(NotAllowed) as refusal:
            confirm_bank_file(file.pk, count=shown[0], total=Decimal(shown[1]), missed=ids, by=payouts.auditor)

        assert refusal.value.code == code
        assert not BatchLine.objects.exclude(missed_at=None).exists()

    def test_names_what_is_awaited_alone(self, payouts, file):
        in_part(file, payouts)

        with pytest.raises(NotAllowed) as refusal:
            settled = line_of(file, "25.00")
            confirm_bank_file(file.pk, count=1, total=Decimal("40.00"), missed=[settled.pk], by=payouts.auditor)

        assert refusal.value.code == "not_awaited"

    def test_is_not_for_who_built_the_batch(self, payouts, file):
        with pytest.raises(NotAllowed):
            confirm_bank_file(
                file.pk, count=2, total=Decimal("55.00"), missed=[line_of(file, "40.00").pk], by=payouts.builder
            )


class TestWhatIsAwaited:
    def test_may_come_back_and_completes_the_file(self, payouts, others, file):
        missed = in_part(file, payouts)

        kept = keep_return_file(return_file((missed, "R03")), by=payouts.auditor)
        done = take_return_file(kept.pk, by=others)

        file.refresh_from_db()
        file.batch.refresh_from_db()
        assert done == {ReturnOutcome.TAKEN: 1}
        assert (file.status, statuses(file)["40.00"]) == (BankFileStatus.PAID, RewardStatus.HELD)
        assert balance()[LedgerAccount.IN_TRANSIT] == 0
        assert conclude_batch(file.batch_id)
        file.batch.refresh_from_db()
        assert file.batch.status == BatchStatus.PARTLY_RETURNED

    def test_is_owed_again_where_somebody_else_knows_that_the_bank_has_not_paid_it(self, payouts, others, file):
        missed = in_part(file, payouts)
        for by, reason, code in ((payouts.auditor, "Asked.", "own_word"), (others, " ", "required")):
            with pytest.raises(NotAllowed) as refusal:
                give_back_transfer(missed.pk, reason, by=by)
            assert refusal.value.code == code

        give_back_transfer(missed.pk, "The bank says that it was dropped.", by=others)

        file.refresh_from_db()
        assert (file.status, statuses(file)["40.00"]) == (BankFileStatus.PAID, RewardStatus.PAYABLE)
        assert (balance()[LedgerAccount.PAYABLE], balance()[LedgerAccount.IN_TRANSIT]) == (Decimal(40), 0)
        again = make_file(payouts).batch.lines.get()
        assert (again.reward_id, again.amount) == (missed.reward_id, Decimal("40.00"))

    def test_is_nothing_else_than_what_was_missed(self, payouts, others, file):
        in_part(file, payouts)

        with pytest.raises(NotAllowed) as refusal:
            give_back_transfer(line_of(file, "25.00").pk, "Asked.", by=others)

        assert refusal.value.code == "not_awaited"

    def test_is_no_more_what_a_later_statement_shows_though_it_is_not_settled_yet(self, payouts, others, file):
        shown, missed = line_of(file, "30.00"), line_of(file, "40.00")
        both = [shown.pk, missed.pk]
        confirm_bank_file(file.pk, count=1, total=Decimal("25.00"), missed=both, by=payouts.auditor)
        work()
        confirm_bank_file(file.pk, count=1, total=Decimal("30.00"), missed=[missed.pk], by=payouts.auditor)

        listed = list(awaited_for(others))
        with pytest.raises(NotAllowed) as refusal:
            give_back_transfer(shown.pk, "The bank says that it was dropped.", by=others)
        work()

        assert (listed, refusal.value.code) == ([missed], "not_awaited")
        assert statuses(file)["30.00"] == RewardStatus.SETTLED
        assert (balance()[LedgerAccount.PAID], balance()[LedgerAccount.PAYABLE]) == (Decimal(55), 0)


class TestAFileOfWhichAllCameBack:
    def test_is_settled_by_the_returns(self, payouts, others, file):
        lines = list(file.batch.lines.order_by("pk"))
        for line in lines:
            file.refresh_from_db()
            assert (file.status, to_be_confirmed(payouts.auditor)) == (BankFileStatus.HANDED_OVER, [file])
            kept = keep_return_file(return_file((line, "R03")), by=payouts.auditor)
            take_return_file(kept.pk, by=others)

        file.refresh_from_db()
        assert conclude_batch(file.batch_id)
        file.batch.refresh_from_db()
        assert (file.status, file.batch.status) == (BankFileStatus.RETURNED, BatchStatus.RETURNED)
        assert to_be_confirmed(payouts.auditor) == []
        with pytest.raises(NotAllowed) as refusal:
            confirm_bank_file(file.pk, count=0, total=Decimal(0), by=payouts.auditor)
        assert refusal.value.code == "wrong_status"
        assert (balance()[LedgerAccount.IN_TRANSIT], balance()[LedgerAccount.HELD]) == (0, Decimal(95))

    def test_after_it_was_paid_leaves_nothing_paid_of_its_batch(self, payouts, others, file):
        confirm_bank_file(file.pk, count=3, total=Decimal("95.00"), by=payouts.auditor)
        work()
        file.batch.refresh_from_db()
        assert file.batch.status == BatchStatus.CONFIRMED

        for line, status in zip(
            file.batch.lines.order_by("pk"),
            (BatchStatus.PARTLY_RETURNED, BatchStatus.PARTLY_RETURNED, BatchStatus.RETURNED),
            strict=True,
        ):
            take_return_file(keep_return_file(return_file((line, "R03")), by=payouts.auditor).pk, by=others)
            file.batch.refresh_from_db()
            assert file.batch.status == status

        file.refresh_from_db()
        assert file.status == BankFileStatus.PAID


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_later_statement_and_word_that_the_bank_has_not_paid_leave_one_outcome(self, payouts, others, file):
        missed = in_part(file, payouts)
        refused: list[str] = []

        def confirm() -> None:
            confirm_bank_file(file.pk, count=1, total=Decimal("40.00"), by=payouts.auditor)

        def give_back() -> None:
            give_back_transfer(missed.pk, "The bank says that it was dropped.", by=others)

        def tried(do: Callable[[], None]) -> None:
            try:
                do()
            except NotAllowed as refusal:
                refused.append(refusal.code)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=tried, args=[each]) for each in (confirm, give_back)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work()

        file.refresh_from_db()
        assert file.status == BankFileStatus.PAID
        assert refused in (["not_awaited"], ["wrong_status"])
        is_paid = statuses(file)["40.00"] == RewardStatus.SETTLED
        assert balance()[LedgerAccount.PAYABLE] == (0 if is_paid else Decimal(40))

    def test_a_later_statement_and_a_return_leave_one_outcome(self, payouts, others, file):
        missed = in_part(file, payouts)
        kept = keep_return_file(return_file((missed, "R03")), by=payouts.auditor)
        refused: list[str] = []

        def confirm() -> None:
            try:
                confirm_bank_file(file.pk, count=1, total=Decimal("40.00"), by=payouts.auditor)
            except NotAllowed as refusal:
                refused.append(refusal.code)
            finally:
                connections.close_all()

        def take() -> None:
            try:
                take_return_file(kept.pk, by=others)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=each) for each in (confirm, take)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work()

        file.refresh_from_db()
        assert (file.status, statuses(file)["40.00"]) == (BankFileStatus.PAID, RewardStatus.HELD)
        assert refused in ([], ["wrong_status"])
        assert (balance()[LedgerAccount.IN_TRANSIT], balance()[LedgerAccount.HELD]) == (0, Decimal(40))


class TestTraceNumbers:
    def test_count_the_transfers_of_an_originating_bank_and_begin_anew(self, payouts):
        TraceCounter.objects.create(odfi=ODFI[:8], last=LAST_SEQUENCE - 1)
        for number in range(3):
            make_cash(payouts, number=f"1234567{number}")

        made = make_file(payouts)

        traces = made.batch.lines.order_by("reward_id").values_list("trace_number", flat=True)
        assert [trace[8:] for trace in traces] == ["9999999", "0000001", "0000002"]
        assert [line[79:94] for line in made.text.splitlines() if line[0] == "6"] == sorted(traces)

    def test_that_come_again_are_told_apart_by_amount(self, payouts):
        old, new = self._two_of_one_number(payouts, "25.00", "30.00")

        done = self._take(payouts, return_file((new, "R03")))

        old.refresh_from_db()
        new.refresh_from_db()
        assert done == {ReturnOutcome.TAKEN: 1}
        assert (old.status, new.status) == (LineStatus.SENT, LineStatus.RETURNED)

    def test_that_come_again_are_told_apart_by_our_reference(self, payouts):
        old, new = self._two_of_one_number(payouts, "25.00", "25.00")

        assert self._take(payouts, return_file((old, "R03"))) == {ReturnOutcome.TAKEN: 1}

        old.refresh_from_db()
        new.refresh_from_db()
        assert (old.status, new.status) == (LineStatus.RETURNED, LineStatus.SENT)

    def test_wait_for_a_person_where_several_may_be_meant(self, payouts):
        old, new = self._two_of_one_number(payouts, "25.00", "25.00")
        text = return_file((old, "R03")).replace(f"{old.reward_id:<15}", " " * 15)

        assert self._take(payouts, text) == {ReturnOutcome.SEVERAL: 1}

        assert {*BatchLine.objects.values_list("status", flat=True)} == {LineStatus.SENT}
        del new

    def test_are_told_apart_by_a_person_who_had_none_of_them_in_hand(self, payouts, others):
        """Who brought the file, and who handed over what may be meant, say nothing of it; what is said is taken."""
        old, new = self._two_of_one_number(payouts, "25.00", "25.00")
        brought_by = make_person(Role.AUDITOR, payouts.division)
        text = return_file((old, "R03")).replace(f"{old.reward_id:<15}", " " * 15)
        kept = keep_return_file(text, by=brought_by)
        take_return_file(kept.pk, by=others)
        listed = BankReturn.objects.get()
        assert candidates_for(listed, by=others) == (old, new)

        for by in (brought_by, payouts.auditor):
            with pytest.raises(NotAllowed) as refusal:
                look_at_return(listed.pk, "The bank names the payee.", meant=new.pk, by=by)
            assert refusal.value.code == "own_word"
        look_at_return(listed.pk, "The bank names the payee.", meant=new.pk, by=others)

        old.refresh_from_db()
        new.refresh_from_db()
        assert (old.status, new.status) == (LineStatus.SENT, LineStatus.RETURNED)
        assert not unmatched(others).exists()
        assert take_return_file(kept.pk, by=others) == {}

    def test_are_no_others_than_may_be_meant(self, payouts, others):
        old, _new = self._two_of_one_number(payouts, "25.00", "25.00")
        make_cash(payouts, "30.00", number="55555555")
        third = make_file(payouts).batch.lines.get()
        text = return_file((old, "R03")).replace(f"{old.reward_id:<15}", " " * 15)
        take_return_file(keep_return_file(text, by=make_person(Role.AUDITOR, payouts.division)).pk, by=others)

        with pytest.raises(NotAllowed) as refusal:
            look_at_return(BankReturn.objects.get().pk, "It is this one.", meant=third.pk, by=others)

        assert refusal.value.code == "not_meant"
        assert {*BatchLine.objects.values_list("status", flat=True)} == {LineStatus.SENT}

    def _two_of_one_number(self, payouts, *amounts: str) -> list[BatchLine]:
        lines = []
        for number, amount in enumerate(amounts):
            make_cash(payouts, amount, number=f"1234567{number}")
            TraceCounter.objects.filter(odfi=ODFI[:8]).update(last=0)
            made = make_file(payouts)
            hand_over_bank_file(made.pk, by=payouts.auditor)
            lines.append(made.batch.lines.get())
        assert len({line.trace_number for line in lines}) == 1
        return lines

    def _take(self, payouts, text: str):
        kept = keep_return_file(text, by=payouts.auditor)
        return take_return_file(kept.pk, by=make_person(Role.AUDITOR, payouts.division))


class TestTakingAReturnFile:
    def test_is_work_in_chunks_that_is_started_once_and_goes_on_where_it_stopped(
        self, payouts, others, file, monkeypatch
    ):
        monkeypatch.setattr("commissions.services.batches.returns.CHUNK", 1)
        lines = list(file.batch.lines.order_by("pk"))
        kept = keep_return_file(return_file(*[(line, "R03") for line in lines]), by=payouts.auditor)

        job = start_taking(kept.pk, by=others)
        assert start_taking(kept.pk, by=others) == job
        work_one_chunk(job.pk)
        assert file.batch.lines.filter(status=LineStatus.RETURNED).count() == 1
        work()

        assert file.batch.lines.filter(status=LineStatus.RETURNED).count() == 3
        assert JobChunk.objects.filter(job=job).count() == 3
        again = start_taking(kept.pk, by=others)
        work()
        assert again != job
        assert balance()[LedgerAccount.HELD] == Decimal(95)

    def test_is_for_who_may_approve(self, payouts, file):
        kept = keep_return_file(return_file((line_of(file, "25.00"), "R03")), by=payouts.auditor)

        with pytest.raises(NotAllowed):
            start_taking(kept.pk, by=payouts.builder)
