"""The nightly run: in chunks, by any number of workers, each reward moved once; what it decides is in the cases."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext

from commissions.events import (
    RewardClawedBack,
    RewardForfeited,
    RewardHeld,
    RewardQualified,
    RewardReinstated,
)
from commissions.models import LedgerEntry, Reward
from commissions.services import qualification
from commissions.services.cases import Stage, pay
from commissions.services.endings import STANDS_IN, forfeit
from commissions.services.qualification import qualify_chunk, qualify_now, reconsider, start_qualification
from commissions.states import LEGS, MAY_BE_TAKEN_BACK, REWARD_MOVES, EntryKind, LedgerAccount, ReasonCode, RewardStatus
from foundation.divisions.testing import make_division
from foundation.events.facts import HANDLERS
from foundation.events.models import Delivery, Event
from foundation.events.testing import published
from foundation.jobs.models import Job
from foundation.jobs.services import KINDS, Kind, work_one_chunk
from foundation.jobs.states import JobStatus
from tests.commissions.staging import (
    EARLIEST,
    INSTALLED,
    bill_of,
    ended_of,
    make_stage_and_reward,
    payment_of,
    tell,
)
from tests.orders.racing import together

pytestmark = pytest.mark.django_db


def at(day: date):
    """Noon in New York on a day."""
    return time_machine.travel(datetime(day.year, day.month, day.day, 16, tzinfo=UTC), tick=False)


def make_many(count: int) -> tuple[Stage, list[Reward]]:
    stage = Stage()
    version = stage.make_version(amount=Decimal("50.00"), bills_needed=0)
    return stage, [stage.make_reward(version, INSTALLED) for _ in range(count)]


def make_thousands_of_others(table: str) -> None:
    """Copy the only row of a table of facts, as what nobody's account got."""
    with connection.cursor() as cursor:
        cursor.execute(f"""
            INSERT INTO {table}
            SELECT (jsonb_populate_record(fact, jsonb_build_object(
                'id', -place, 'account_id', NULL, 'invoice_id', place, 'allocation_id', place
            ))).*
            FROM {table} fact, generate_series(1, 3000) place
        """)
        cursor.execute(f"ANALYZE {table}")


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes_of(part)


class TestARun:
    def test_moves_all_rewards_in_chunks_and_says_how_far_it_is(self, monkeypatch):
        monkeypatch.setattr(qualification, "CHUNK", 2)
        stage, rewards = make_many(5)

        with at(EARLIEST):
            job = start_qualification(stage.division, by=None)
            taken = 0
            while work_one_chunk(job.pk):
                taken += 1

        job.refresh_from_db()
        assert (taken, job.status, job.total) == (3, JobStatus.DONE, 5)
        assert set(Reward.objects.values_list("status", "qualified_on")) == {("payable", EARLIEST)}
        assert LedgerEntry.objects.filter(kind=EntryKind.RELEASE).count() == len(rewards)

    def test_judges_once_where_nothing_can_come_back_too_late(self):
        _stage, reward = make_stage_and_reward()

        with CaptureQueriesContext(connection) as asked:
            reconsider(reward.friend_account_id, on=EARLIEST)

        assert sum("verdict AS (" in query["sql"] for query in asked.captured_queries) == 1

    def test_done_again_changes_nothing(self):
        stage, _rewards = make_many(3)
        with at(EARLIEST):
            qualify_now(stage.division)
            before = list(Reward.objects.order_by("pk").values())
            events = Event.objects.count()

            qualify_now(stage.division)

        assert list(Reward.objects.order_by("pk").values()) == before
        assert (LedgerEntry.objects.count(), Event.objects.count()) == (6, events)

    def test_of_nothing_ends_too(self):
        assert qualify_now(make_division()).status == JobStatus.DONE

    def test_leaves_other_markets_alone(self):
        stage, _mine = make_many(1)
        _other, theirs = make_many(1)

        with at(EARLIEST):
            qualify_now(stage.division)

        assert Reward.objects.get(pk=theirs[0].pk).status == RewardStatus.ACCRUED

    def test_decides_for_each_market_by_the_day_in_its_own_zone(self):
        top = make_division()
        eastern, western = Stage("America/New_York"), Stage("Pacific/Honolulu")
        for stage in (eastern, western):
            stage.division.parent = top
            stage.division.save()
            stage.make_reward(stage.make_version(amount=Decimal("50.00"), bills_needed=0), INSTALLED)

        with time_machine.travel(datetime(2026, 4, 15, 8, tzinfo=UTC), tick=False):  # 22:00 on 14 April in Honolulu
            qualify_now(top)

        assert Reward.objects.get(division=eastern.division).status == RewardStatus.PAYABLE
        assert Reward.objects.get(division=western.division).status == RewardStatus.ACCRUED

    def test_that_is_taken_up_a_day_later_decides_as_of_the_day_on_which_it_was_started(self):
        stage, _rewards = make_many(1)
        with at(EARLIEST - timedelta(days=1)):
            job = start_qualification(stage.division, by=None)

        with at(EARLIEST):
            while work_one_chunk(job.pk):
                pass

        assert Reward.objects.get().status == RewardStatus.ACCRUED

    def test_whose_chunk_dies_leaves_nothing_of_it(self, monkeypatch):
        stage, _rewards = make_many(2)

        def die(job, chunk):
            qualify_chunk(job, chunk)
            raise KeyboardInterrupt

        with at(EARLIEST):
            job = start_qualification(stage.division, by=None)
            monkeypatch.setitem(KINDS, qualification.JOB, Kind(die))
            with pytest.raises(KeyboardInterrupt):
                work_one_chunk(job.pk)
            assert set(Reward.objects.values_list("status", flat=True)) == {"accrued"}
            monkeypatch.undo()
            while work_one_chunk(job.pk):
                pass

        assert set(Reward.objects.values_list("status", flat=True)) == {"payable"}
        assert LedgerEntry.objects.count() == 4

    @pytest.mark.django_db(transaction=True)
    def test_is_done_by_several_workers_without_moving_anything_twice(self, monkeypatch):
        monkeypatch.setattr(qualification, "CHUNK", 3)
        stage, rewards = make_many(12)
        done: list[int] = []

        def do(job, chunk):
            done.append(chunk.first)
            return qualify_chunk(job, chunk)

        def work() -> None:
            while work_one_chunk(job.pk):
                pass

        monkeypatch.setitem(KINDS, qualification.JOB, replace(KINDS[qualification.JOB], do_chunk=do))
        with time_machine.travel(datetime(2026, 4, 15, 16, tzinfo=UTC)):
            job = start_qualification(stage.division, by=None)
            together(work, work, work)

        assert sorted(done) == [1, 4, 7, 10], "each chunk is done once; who finishes the job is anybody's"
        assert Job.objects.get(pk=job.pk).status == JobStatus.DONE
        assert set(Reward.objects.values_list("status", "moves")) == {("payable", 2)}
        assert LedgerEntry.objects.filter(kind=EntryKind.RELEASE).count() == len(rewards)

    @pytest.mark.django_db(transaction=True)
    def test_leaves_a_reward_to_the_next_run_that_somebody_moved_meanwhile(self):
        _stage, reward = make_stage_and_reward()
        holding, go_on = threading.Event(), threading.Event()

        def move() -> None:
            with transaction.atomic():
                row = Reward.objects.locked().get(pk=reward.pk)
                forfeit(row, ReasonCode.FRAUD, INSTALLED, by=None)
                holding.set()
                go_on.wait(5)
            connection.close()

        mover = threading.Thread(target=move)
        mover.start()
        assert holding.wait(5)
        threading.Timer(0.3, go_on.set).start()

        judged = reconsider(reward.friend_account_id, on=EARLIEST)

        mover.join(10)
        reward.refresh_from_db()
        assert (judged.moved, reward.status, reward.reason) == (0, RewardStatus.FORFEITED, "fraud")
        assert reward.entries.filter(kind=EntryKind.RELEASE).count() == 0

    def test_looks_up_the_bills_and_payments_of_its_rewards(self):
        """Of large tables the planner believes that it were cheaper to read all there are, for each chunk; it must not."""
        stage, reward = make_stage_and_reward(bills_needed=1)
        number = reward.friend_account.number
        tell(stage, bill_of(number, "1", date(2026, 2, 2), date(2026, 2, 17)), date(2026, 2, 2))
        tell(stage, payment_of(number, "1"), date(2026, 2, 10))
        make_thousands_of_others("billing_invoice")
        make_thousands_of_others("billing_allocation")
        plans = []

        def explain(execute, sql, params, many, context):
            if "), movement AS (" in sql:
                execute(f"EXPLAIN (FORMAT JSON) {sql}", params, many, context)
                [(plan,)] = context["cursor"].fetchall()
                plans.append(plan[0]["Plan"])
            return execute(sql, params, many, context)

        with at(EARLIEST), connection.cursor() as cursor, connection.execute_wrapper(explain):
            cursor.execute("SET LOCAL enable_nestloop = off")
            qualify_now(stage.division)

        [plan] = plans
        read = {"billing_invoice": "account_id", "billing_allocation": "invoice_id"}
        conditions = [
            (node["Relation Name"], node.get("Index Cond", ""))
            for node in nodes_of(plan)
            if node.get("Relation Name") in read
        ]
        assert {table for table, _condition in conditions} == set(read)
        assert all(read[table] in condition for table, condition in conditions), conditions


class TestWhatIsFinal:
    """A run does not even judge what its last days have decided, unless something was heard since."""

    @pytest.fixture
    def judged(self, monkeypatch) -> list[int]:
        seen: list[int] = []
        judge = qualification._judge

        def counting(*args):
            result = judge(*args)
            seen.append(result.looked_at)
            return result

        monkeypatch.setattr(qualification, "_judge", counting)
        return seen

    def test_is_left_out_once_a_run_has_seen_its_last_day(self, judged):
        stage, reward = make_stage_and_reward(clawback_full_days=30, clawback_none_days=400)
        for day in (EARLIEST, reward.latest_on + timedelta(days=1), reward.watched_until, date(2027, 3, 1)):
            with at(day):
                qualify_now(stage.division)

        assert judged == [1, 1, 1, 0]

    def test_is_taken_in_again_when_something_is_heard_about_it(self, judged):
        stage, reward = make_stage_and_reward()
        for day in (EARLIEST, date(2027, 3, 1)):
            with at(day):
                qualify_now(stage.division)
        with at(date(2027, 3, 2)):
            tell(stage, ended_of(reward.friend_account.number), date(2026, 4, 1))
            qualify_now(stage.division)

        assert judged == [1, 1, 1]
        assert Reward.objects.get().reason == "left_early"

    def test_is_not_what_has_only_just_begun_however_long_ago_it_was_installed(self, judged):
        stage, reward = make_stage_and_reward()
        with at(date(2028, 3, 1)):
            qualify_now(stage.division)
        with at(date(2028, 3, 2)):
            late = stage.make_reward(reward.version, date(2026, 1, 20))
            qualify_now(stage.division)

        assert judged == [1, 1]
        assert Reward.objects.get(pk=late.pk).status == RewardStatus.PAYABLE

    def test_is_nothing_after_a_run_that_failed(self, judged):
        stage, _reward = make_stage_and_reward()
        with at(date(2028, 3, 1)):
            job = start_qualification(stage.division, by=None)
            Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
            qualify_now(stage.division)

        assert judged == [1]

    def test_is_not_written_to_and_so_is_nothing_that_does_not_move(self):
        stage, _rewards = make_many(3)
        with at(EARLIEST - timedelta(days=1)), transaction.atomic():
            before = rows_as_stored()
            qualify_now(stage.division)

            assert rows_as_stored() == before
        with at(EARLIEST):
            qualify_now(stage.division)

        assert not rows_as_stored() & before

    def test_is_booked_between_the_accounts_of_its_kind(self):
        written = re.findall(r"SELECT \d, '(\w+)', '(\w+)', '(\w+)', ", qualification.MOVING)

        assert [kind for kind, _debit, _credit in written] == ["reinstate", "accrual", "release", "forfeit"]
        assert all((debit, credit) in LEGS[EntryKind(kind)] for kind, debit, credit in written)
        assert {(account, LedgerAccount.EXPENSE) for account in STANDS_IN.values()} == LEGS[EntryKind.CLAWBACK]


def rows_as_stored() -> set[str]:
    """Return where the database keeps each reward: a row that is written to moves."""
    return set(Reward.objects.annotate(place=RawSQL("ctid::text", [])).values_list("place", flat=True))


class TestFacts:
    """Told in the statement that moves the rewards, once a move."""

    def test_are_told_of_everything_that_happens_to_a_reward(self):
        stage, reward = make_stage_and_reward(
            bills_needed=1, clawback_full_days=0, clawback_none_days=200, months_to_qualify=6
        )
        number = reward.friend_account.number
        tell(stage, bill_of(number, "1", date(2026, 2, 2), date(2026, 2, 17)), date(2026, 2, 2))
        reconsider(reward.friend_account_id, on=date(2026, 2, 23))
        tell(stage, payment_of(number, "1"), date(2026, 2, 10))
        reconsider(reward.friend_account_id, on=EARLIEST)
        tell(stage, ended_of(number), date(2026, 4, 25))
        reconsider(reward.friend_account_id, on=date(2026, 4, 25))

        told = published(RewardForfeited, RewardReinstated, RewardQualified, RewardHeld, RewardClawedBack)

        assert told == [
            RewardForfeited(reward_id=reward.pk, reason="paid_late", since="2026-02-23"),
            RewardReinstated(reward_id=reward.pk),
            RewardQualified(reward_id=reward.pk, amount="50.00", currency="USD", qualified_on="2026-04-15"),
            RewardClawedBack(
                reward_id=reward.pk, amount="25.00", currency="USD", reason="left_early", is_receivable=False
            ),
        ]
        assert [entry.kind for entry in reward.entries.order_by("pk")] == [
            "accrual", "forfeit", "reinstate", "release", "clawback",
        ]  # fmt: skip

    def test_stand_on_the_timelines_of_payee_referral_and_order(self):
        _stage, reward = make_stage_and_reward()

        reconsider(reward.friend_account_id, on=EARLIEST)

        event = Event.objects.get(name=RewardQualified.name)
        assert (event.subject_type, event.subject_id) == ("commissions.reward", reward.pk)
        assert event.division == reward.division
        assert event.about == [
            f"accounts.account:{reward.payee.account_id}",
            f"commissions.reward:{reward.pk}",
            f"orders.order:{reward.referral.order_id}",
            f"referrals.referral:{reward.referral_id}",
        ]

    def test_are_owed_to_each_listener(self, monkeypatch):
        monkeypatch.setitem(HANDLERS, RewardQualified.name, {"one": lambda *_: None, "two": lambda *_: None})
        stage, _rewards = make_many(3)

        with at(EARLIEST):
            qualify_now(stage.division)

        owed = Delivery.objects.filter(event__name=RewardQualified.name)
        assert sorted(owed.values_list("handler", flat=True)) == ["one"] * 3 + ["two"] * 3


class TestTakingBack:
    def test_happens_once_for_each_reason_and_never_beyond_the_amount(self):
        stage, reward = make_stage_and_reward(
            bills_needed=1, clawback_full_days=100, clawback_none_days=200, months_to_qualify=12
        )
        number = reward.friend_account.number
        tell(stage, bill_of(number, "1", date(2026, 2, 2), date(2026, 2, 17)), date(2026, 2, 2))
        tell(stage, payment_of(number, "1"), date(2026, 2, 10))
        reconsider(reward.friend_account_id, on=EARLIEST)
        pay(reward.pk, date(2026, 5, 4))
        tell(stage, ended_of(number), date(2026, 6, 14))
        for day in (14, 15, 16):
            reconsider(reward.friend_account_id, on=date(2026, 6, day))
        tell(stage, ended_of(number), date(2026, 4, 20))  # earlier still, told last: all of it, for the same reason
        reconsider(reward.friend_account_id, on=date(2026, 6, 17))
        tell(stage, payment_of(number, "1", is_reversal=True), date(2026, 6, 18))
        for day in (18, 19):
            reconsider(reward.friend_account_id, on=date(2026, 6, day))

        taken = reward.entries.filter(kind=EntryKind.CLAWBACK).order_by("pk")

        assert [(entry.amount, entry.debit, entry.inputs["reason"]) for entry in taken] == [
            (Decimal("25.00"), "receivable", "left_early"),
            (Decimal("25.00"), "receivable", "receipt_taken_back"),
        ]
        assert taken[0].calculation == "$50.00 × (200 − 150) ÷ (200 − 100) = $25.00"
        reward.refresh_from_db()
        assert (reward.status, reward.clawed_back) == (RewardStatus.REVERSED, Decimal("50.00"))


class TestTheMoves:
    def test_of_a_run_are_those_of_the_table_or_one_through_qualifying(self):
        one_step = {(source, target) for source, targets in REWARD_MOVES.items() for target in targets}
        two_steps = {("forfeited", target) for target in REWARD_MOVES[RewardStatus.ACCRUED]}

        assert set(qualification._ways()) == one_step | two_steps | {(status, status) for status in MAY_BE_TAKEN_BACK}

    def test_that_the_table_does_not_have_are_not_made(self, monkeypatch):
        _stage, reward = make_stage_and_reward()
        monkeypatch.setattr(qualification, "_ways", lambda: [("accrued", "forfeited")])

        assert reconsider(reward.friend_account_id, on=EARLIEST).moved == 0
        assert reward.entries.count() == 1

    def test_say_how_a_percentage_was_reckoned(self):
        stage = Stage()
        version = stage.make_version(percent_cash=Decimal("12.5"), bills_needed=1)
        reward = stage.make_reward(version, INSTALLED)
        number = reward.friend_account.number
        bill = bill_of(number, "1", date(2026, 2, 2), date(2026, 2, 17), amount="1100.00", tax="100.00")
        tell(stage, bill, date(2026, 2, 2))
        tell(stage, payment_of(number, "1", amount="1100.00"), date(2026, 2, 10))

        reconsider(reward.friend_account_id, on=EARLIEST)

        reward.refresh_from_db()
        assert reward.calculation == "12.5 % × $1,000.00 = $125.00"
        assert (reward.amount, reward.inputs["base"]) == (Decimal("125.00"), "1000.00")
        assert [entry.kind for entry in reward.entries.order_by("pk")] == ["accrual", "release"]
