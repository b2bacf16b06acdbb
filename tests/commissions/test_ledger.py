"""The ledger: entries that cannot be changed, months that are closed, and what it says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pgtrigger
import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, close_old_connections, connection, transaction

from billing.models import Allocation
from commissions.events import PeriodClosed
from commissions.models import ClosedPeriod, LedgerEntry, Reward, RuleVersion
from commissions.queries.ledger import balances, ledger_hash, next_month
from commissions.queries.visibility import entries_visible_to
from commissions.services.batches import post_batch, record_credit_confirmed
from commissions.services.cases import Stage, pay
from commissions.services.ledger import close_period, post
from commissions.services.qualification import reconsider
from commissions.states import LEGS, EntryKind, LedgerAccount
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.jobs.models import Job
from foundation.jobs.services import work_one_chunk
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.paying import make_approved, make_earned, make_payouts
from tests.commissions.staging import EARLIEST, INSTALLED, make_stage_and_reward, payment_of, tell

pytestmark = pytest.mark.django_db

MAY = datetime(2026, 5, 10, 12, tzinfo=UTC)
FEBRUARY, APRIL = date(2026, 2, 1), date(2026, 4, 1)


@pytest.fixture
def reward(db: None) -> Reward:
    return make_stage_and_reward()[1]


def work(job: Job) -> None:
    while work_one_chunk(job.pk):
        pass


class TestPost:
    def test_writes_both_legs_in_one_entry_under_the_rewards_next_key(self, reward):
        entry = post(reward, EntryKind.RELEASE, Decimal("50.00"), effective_on=EARLIEST, calculation="All of it")

        kept = LedgerEntry.objects.get(key=f"{reward.pk}:2")
        assert entry == kept
        assert (kept.debit, kept.credit) == (LedgerAccount.HELD, LedgerAccount.PAYABLE)
        assert (kept.amount, kept.currency, kept.calculation) == (Decimal("50.00"), "USD", "All of it")
        assert (kept.effective_on, kept.period) == (EARLIEST, APRIL)
        assert (kept.payee, kept.version, kept.division) == (reward.payee, reward.version, reward.division)
        assert reward.moves == Reward.objects.get(pk=reward.pk).moves == 2

    def test_refuses_a_reward_that_is_staler_than_its_row(self, reward):
        stale = Reward.objects.get(pk=reward.pk)
        post(reward, EntryKind.RELEASE, Decimal("50.00"), effective_on=EARLIEST)

        with pytest.raises(RuntimeError):
            post(stale, EntryKind.RELEASE, Decimal("50.00"), effective_on=EARLIEST)

        assert reward.entries.count() == 2

    def test_asks_which_account_is_debited_where_the_kind_leaves_a_choice(self, reward):
        with pytest.raises(ValueError, match="debited"):
            post(reward, EntryKind.CLAWBACK, Decimal("50.00"), effective_on=EARLIEST)

        entry = post(reward, EntryKind.CLAWBACK, Decimal("50.00"), effective_on=EARLIEST, debit=LedgerAccount.PAYABLE)
        assert (entry.debit, entry.credit) == (LedgerAccount.PAYABLE, LedgerAccount.EXPENSE)

    def test_goes_to_the_first_open_month_and_stays_true_on_its_day(self, reward):
        ClosedPeriod.objects.create(division=reward.division, period=APRIL)

        entry = post(reward, EntryKind.RELEASE, Decimal("50.00"), effective_on=EARLIEST)

        assert (entry.period, entry.effective_on) == (date(2026, 5, 1), EARLIEST)

    @pytest.mark.django_db(transaction=True)
    def test_is_part_of_a_transaction(self):
        _stage, reward = make_stage_and_reward()

        with pytest.raises(RuntimeError):
            post(reward, EntryKind.RELEASE, Decimal("50.00"), effective_on=EARLIEST)


class TestTheDatabase:
    @contextmanager
    def refused(self, message: str) -> Iterator[None]:
        with pytest.raises(DatabaseError, match=message), transaction.atomic():
            yield

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE commissions_ledgerentry SET amount = 1",
            "UPDATE commissions_ledgerentry SET posted_at = posted_at",
            "DELETE FROM commissions_ledgerentry",
            "TRUNCATE commissions_ledgerentry",
            "TRUNCATE commissions_reward CASCADE",
            "DELETE FROM commissions_closedperiod",
            "UPDATE commissions_closedperiod SET period = '2020-01-01'",
            "TRUNCATE commissions_closedperiod",
        ],
    )
    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_change_what_is_posted_to_the_applications_own_role(self, statement):
        _stage, reward = make_stage_and_reward()
        ClosedPeriod.objects.create(division=reward.division, period=FEBRUARY)
        before = ledger_hash()

        with (
            pgtrigger.ignore(),
            self.refused(r"append-only|stays closed|cannot truncate"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

        assert (LedgerEntry.objects.count(), ledger_hash()) == (1, before)
        assert ClosedPeriod.objects.filter(period=FEBRUARY).exists()

    @pytest.mark.parametrize(
        "change",
        [
            "amount = 1",
            "payee_id = payee_id + 1",
            "currency = 'EUR'",
            "friend_account_id = friend_account_id + 1",
            "term_id = term_id + 1",
        ],
    )
    def test_keeps_a_paid_reward_as_it_was_promised(self, change, reward):
        reconsider(reward.friend_account_id, on=EARLIEST)
        pay(reward.pk, date(2026, 5, 4))

        with pgtrigger.ignore(), self.refused("does not change"), connection.cursor() as cursor:
            cursor.execute(f"UPDATE commissions_reward SET {change} WHERE id = %s", [reward.pk])

    @pytest.mark.parametrize(
        ("statement", "message"),
        [
            ("UPDATE commissions_batchline SET status = 'returned'", "forwards"),
            ("UPDATE commissions_batch SET status = 'building'", "forwards"),
            ("UPDATE commissions_batchline SET amount = 1", "approved batch"),
            ("UPDATE commissions_batchline SET payee_id = payee_id + 1", "approved batch"),
            ("UPDATE commissions_batchline SET bank_account_id = 1", "approved batch"),
            ("UPDATE commissions_batchline SET batch_id = batch_id + 1", "approved batch"),
            ("DELETE FROM commissions_batchline", "approved batch"),
            (
                "INSERT INTO commissions_batchline SELECT * FROM commissions_batchline",
                "approved batch",
            ),
            ("UPDATE commissions_batch SET total = 1", "approved batch"),
            ("UPDATE commissions_batch SET approved_by_id = built_by_id", "approved batch"),
            ("UPDATE billing_submission SET payload = '{}'", "does not change"),
            ("UPDATE events_event SET payload = '{}'", "append-only"),
            ("DELETE FROM events_event", "append-only"),
            ("DELETE FROM commissions_ruleversion", "is kept"),
            ("UPDATE commissions_ruleversion SET budget = 1", "does not change"),
            ("UPDATE billing_submission SET digest = ''", "does not change"),
            ("UPDATE referrals_referral SET referrer_id = referrer_id + 1", "does not change"),
        ],
    )
    def test_keeps_what_was_sent_and_whose_it_is(self, statement, message):
        payouts = make_payouts()
        make_earned(payouts)
        batch = make_approved(payouts)
        work(post_batch(batch.pk))
        for line in batch.lines.all():
            record_credit_confirmed(line.request_id, "CR-1")
        assert [line.status for line in batch.lines.exclude(submission=None)] == ["confirmed"]

        with pgtrigger.ignore(), self.refused(message), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_keeps_what_was_paid_of_a_bill(self):
        stage, reward = make_stage_and_reward()
        tell(stage, payment_of(reward.friend_account.number, "1"), EARLIEST)
        assert Allocation.objects.exists()

        for statement in ("DELETE FROM billing_allocation", "UPDATE billing_allocation SET amount = 1"):
            with pgtrigger.ignore(), self.refused("is kept|does not change"), connection.cursor() as cursor:
                cursor.execute(statement)

    def test_puts_the_end_of_a_version_off_no_more(self, reward):
        version = reward.version
        RuleVersion.objects.filter(pk=version.pk).update(effective_until=now() + timedelta(days=9))

        for end in ("NULL", "now() + interval '90 days'"):
            with pgtrigger.ignore(), self.refused("not put off"), connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE commissions_ruleversion SET effective_until = {end} WHERE id = %s", [version.pk]
                )

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount": "0.00"},
            {"amount": "-1.00"},
            {"debit": "payable"},
            {"credit": "paid"},
            {"kind": "settle"},
            {"kind": "gift"},
            {"period": date(2026, 4, 2)},
        ],
    )
    def test_refuses_an_entry_that_moves_nothing_or_between_other_accounts(self, wrong, reward):
        right = {
            "key": "other", "kind": "release", "debit": "held", "credit": "payable", "amount": "1.00",
            "currency": "USD", "payee": reward.payee, "division": reward.division, "reward": reward,
            "version": reward.version, "effective_on": EARLIEST, "period": APRIL,
        }  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerEntry.objects.create(**{**right, **wrong})

        assert LedgerEntry.objects.create(**right)

    def test_refuses_the_same_entry_twice(self, reward):
        first = reward.entries.get()
        first.pk = None

        with pytest.raises(IntegrityError), transaction.atomic():
            first.save(force_insert=True)

    def test_refuses_an_entry_in_a_closed_month_whoever_writes_it(self, reward):
        ClosedPeriod.objects.create(division=reward.division, period=APRIL)
        entry = reward.entries.get()
        entry.pk, entry.key, entry.period = None, "late", FEBRUARY

        with pytest.raises(DatabaseError, match="closed"), transaction.atomic():
            entry.save(force_insert=True)
        with pgtrigger.ignore(), self.refused("closed"):
            entry.save(force_insert=True)

    def test_knows_the_legs_of_every_kind(self):
        assert set(LEGS) == set(EntryKind)
        assert all(debit != credit for legs in LEGS.values() for debit, credit in legs)


class TestClosePeriod:
    def test_closes_a_month_and_all_before_it_here_and_below(self, reward):
        below = make_division(parent=reward.division)
        by = make_person(Role.OPERATOR, reward.division)

        with time_machine.travel(MAY, tick=False):
            closed = close_period(reward.division_id, date(2026, 4, 17), by=by)

        assert (closed.period, closed.closed_by) == (APRIL, by)
        assert published(PeriodClosed) == [PeriodClosed(division_id=reward.division_id, period="2026-04-01")]
        for effective_on in (date(2026, 2, 3), EARLIEST):
            entry = post(reward, EntryKind.RELEASE, Decimal("1.00"), effective_on=effective_on)
            assert entry.period == date(2026, 5, 1)
        with time_machine.travel(MAY, tick=False), pytest.raises(NotAllowed):
            close_period(below.pk, FEBRUARY, by=by)

    def test_refuses_a_month_that_is_not_over_in_the_divisions_zone(self, reward):
        still_april = datetime(2026, 5, 1, 3, 59, tzinfo=UTC)  # 23:59 on 30 April in New York

        with time_machine.travel(still_april, tick=False), pytest.raises(NotAllowed, match="not over"):
            close_period(reward.division_id, APRIL, by=None)

        with time_machine.travel(datetime(2026, 5, 1, 4, tzinfo=UTC), tick=False):
            assert close_period(reward.division_id, APRIL, by=None)

    def test_refuses_a_month_twice(self, reward):
        with time_machine.travel(MAY, tick=False):
            close_period(reward.division_id, APRIL, by=None)
            for period in (APRIL, FEBRUARY):
                with pytest.raises(NotAllowed, match="closed"):
                    close_period(reward.division_id, period, by=None)

    @pytest.mark.django_db(transaction=True)
    def test_waits_for_what_is_being_posted_and_holds_back_what_follows(self):
        stage, slow = make_stage_and_reward()
        late = stage.make_reward(slow.version, INSTALLED)
        posted, done = threading.Event(), threading.Event()
        order: list[str] = []

        def post_slowly() -> None:
            with transaction.atomic():
                post(Reward.objects.locked().get(pk=slow.pk), EntryKind.RELEASE, slow.amount, effective_on=EARLIEST)
                posted.set()
                done.wait(5)
                order.append("posted")
            close_old_connections()
            connection.close()

        def close() -> None:
            close_period(stage.division.pk, APRIL, by=None)
            order.append("closed")
            connection.close()

        with time_machine.travel(MAY):
            threads = [threading.Thread(target=post_slowly), threading.Thread(target=close)]
            threads[0].start()
            assert posted.wait(5)
            threads[1].start()
            threads[1].join(0.5)
            assert threads[1].is_alive()
            done.set()
            for thread in threads:
                thread.join(10)
            with transaction.atomic():
                entry = post(
                    Reward.objects.locked().get(pk=late.pk), EntryKind.RELEASE, late.amount, effective_on=EARLIEST
                )

        assert order == ["posted", "closed"]
        assert slow.entries.get(kind=EntryKind.RELEASE).period == APRIL
        assert entry.period == date(2026, 5, 1)

    def test_knows_what_month_follows(self):
        assert [next_month(day) for day in (date(2026, 1, 31), date(2026, 12, 1))] == [FEBRUARY, date(2027, 1, 1)]


class TestBalances:
    def test_say_what_was_owed_on_any_day_and_where_it_stood(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        pay(reward.pk, date(2026, 5, 4))
        entries = LedgerEntry.objects.filter(payee=reward.payee)

        on = {
            day: balances(entries, day).get("USD") for day in (date(2026, 1, 14), INSTALLED, EARLIEST, date(2026, 5, 4))
        }

        assert on[date(2026, 1, 14)] is None
        assert [on[INSTALLED][LedgerAccount.HELD], on[INSTALLED].owed] == [Decimal("50.00")] * 2
        assert [on[EARLIEST][LedgerAccount.PAYABLE], on[EARLIEST].owed] == [Decimal("50.00")] * 2
        settled = on[date(2026, 5, 4)]
        assert (settled.owed, settled[LedgerAccount.PAID]) == (Decimal("0.00"), Decimal("50.00"))
        assert settled[LedgerAccount.EXPENSE] == Decimal("50.00")
        assert all(balance.difference == 0 for balance in on.values() if balance)

    def test_are_read_in_one_query_however_many_payees(self, django_assert_num_queries):
        stage, reward = make_stage_and_reward()
        for _ in range(3):
            stage.make_reward(reward.version, INSTALLED)

        with django_assert_num_queries(1):
            found = balances(LedgerEntry.objects.all())

        assert {currency: balance.owed for currency, balance in found.items()} == {"USD": Decimal("200.00")}

    def test_are_those_of_the_entries_that_somebody_may_see(self):
        stage, _reward = make_stage_and_reward()
        make_stage_and_reward(amount="70.00")
        auditor = make_person(Role.AUDITOR, stage.division)
        agent = make_person(Role.FIELD_AGENT, stage.division)

        assert balances(entries_visible_to(auditor))["USD"].owed == Decimal("50.00")
        assert balances(entries_visible_to(agent)) == {}


class TestLedgerHash:
    def test_is_the_same_for_the_same_business_posted_in_another_order_at_another_time(self):
        def play(days: list[date]) -> str:
            with transaction.atomic():
                stage = Stage()
                stage.rule.code = "same"
                stage.rule.save()
                version = stage.make_version(amount=Decimal("50.00"), bills_needed=0)
                payee = stage.make_payee()
                payee.account.number = "T-same"
                payee.account.save()
                for day in days:
                    stage.make_reward(version, day, payee=payee)
                mark = ledger_hash()
                transaction.set_rollback(True)
            return mark

        with time_machine.travel(MAY, tick=False):
            first = play([date(2026, 1, 1), date(2026, 1, 2)])

        assert play([date(2026, 1, 2), date(2026, 1, 1)]) == first
        assert play([date(2026, 1, 2), date(2026, 1, 3)]) != first
        assert play([date(2026, 1, 2)]) != first
