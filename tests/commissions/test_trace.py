"""The trace: every step of a decision in words, by the engine's own statement."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override

from commissions.models import Reward
from commissions.queries.trace import trace_of, traces_of
from commissions.services.cases import Stage
from commissions.services.holds import hold_reward
from commissions.services.qualification import reconsider
from commissions.states import HoldReason
from tests.commissions.staging import (
    EARLIEST,
    INSTALLED,
    bill_of,
    ended_of,
    make_stage_and_reward,
    payment_of,
    tell,
)

pytestmark = pytest.mark.django_db
DAY_41 = date(2026, 2, 25)
BILLS = {
    "1": (date(2026, 2, 2), date(2026, 2, 14)),  # a Saturday
    "2": (date(2026, 3, 2), date(2026, 3, 17)),
    "3": (date(2026, 4, 2), date(2026, 4, 17)),
}


def make_story(**paid: date) -> tuple[Stage, Reward]:
    """Three bills, and the days on which they are paid."""
    stage, reward = make_stage_and_reward(bills_needed=3)
    number = reward.friend_account.number
    for name, (issued, due) in BILLS.items():
        tell(stage, bill_of(number, name, issued, due), issued)
    for name, day in paid.items():
        tell(stage, payment_of(number, name.removeprefix("bill")), day)
    return stage, reward


def sentences(reward: Reward, on: date) -> list[str]:
    return [step.sentence for step in trace_of(reward, on).steps]


class TestTrace:
    def test_counts_the_days(self):
        _stage, reward = make_story()

        trace = trace_of(reward, DAY_41)

        assert (trace.day, trace.days) == (41, 90)
        assert "Day 41 of 90, earliest on Wed 15 Apr 2026" in sentences(reward, DAY_41)
        assert "The wait of 90 days ended on Wed 15 Apr 2026" in sentences(reward, EARLIEST)

    def test_says_of_each_bill_how_late_it_was_and_how_late_is_allowed(self):
        _stage, reward = make_story(bill1=date(2026, 2, 18), bill2=date(2026, 3, 10))

        said = sentences(reward, date(2026, 4, 3))

        assert said[3:7] == [
            "Bill 1 (due Sat 14 Feb 2026, counted as Mon 16 Feb 2026) paid 2 days late, 5 allowed",
            "Bill 2 (due Tue 17 Mar 2026) paid on time, on Tue 10 Mar 2026",
            "Bill 3 (due Fri 17 Apr 2026) not paid, in time until Wed 22 Apr 2026",
            "Needs 3 bills, 2 are paid",
        ]

    def test_knows_nothing_of_what_came_later(self):
        _stage, reward = make_story(bill1=date(2026, 2, 18))

        trace = trace_of(reward, date(2026, 2, 17))

        assert [bill.paid_on for bill in trace.bills] == [None]
        assert trace.bills_paid == 0

    def test_says_why_not(self):
        stage, reward = make_story()
        number = reward.friend_account.number
        tell(stage, payment_of(number, "1", name="part", amount="25.00"), date(2026, 2, 10))

        trace = trace_of(reward, DAY_41)

        assert trace.decision == "paid_late"
        assert trace.sentence == "Not eligible since Sun 22 Feb 2026: A bill was not paid in time"
        assert trace.bills[0].sentence.endswith("paid in part: $25.00 of $40.00, too late since Sun 22 Feb 2026")
        assert [bill.is_met for bill in trace.bills] == [False]

    def test_says_that_service_ended(self):
        stage, reward = make_stage_and_reward()
        tell(stage, ended_of(reward.friend_account.number), date(2026, 3, 1))

        assert "Service ended on Sun 1 Mar 2026" in sentences(reward, date(2026, 3, 2))
        assert "Served" in sentences(reward, date(2026, 2, 28))

    def test_of_an_earned_reward_says_when_it_may_be_taken_back_and_was(self):
        stage, reward = make_stage_and_reward(clawback_full_days=100, clawback_none_days=200)
        reconsider(reward.friend_account_id, on=EARLIEST)
        tell(stage, ended_of(reward.friend_account.number), date(2026, 6, 14))
        reconsider(reward.friend_account_id, on=date(2026, 6, 14))
        reward.refresh_from_db()

        trace = trace_of(reward, date(2026, 6, 14))

        said = [step.sentence for step in trace.steps]
        assert "Service ended on Sun 14 Jun 2026, day 150" in said
        assert "Taken back whole until day 100, then less each day, nothing from day 200" in said
        assert trace.sentence == "Earned on Wed 15 Apr 2026, taken back since Sun 14 Jun 2026: Service ended too early"
        assert [entry.kind for entry in trace.entries] == ["accrual", "release", "clawback"]
        assert [entry.kind for entry in trace_of(reward, EARLIEST).entries] == ["accrual", "release"]

    def test_of_a_day_before_it_was_earned_explains_how_it_stood_then(self):
        _stage, reward = make_stage_and_reward()
        reconsider(reward.friend_account_id, on=EARLIEST)
        reward.refresh_from_db()

        assert trace_of(reward, DAY_41).decision == "qualifying"
        assert trace_of(reward, EARLIEST).decision == "kept"

    def test_says_what_holds_it_and_how_it_was_reckoned(self):
        _stage, reward = make_stage_and_reward()
        Reward.objects.filter(pk=reward.pk).update(calculation="12.5 % × $400.00 = $50.00")
        reconsider(reward.friend_account_id, on=EARLIEST)
        reward = hold_reward(reward.pk, HoldReason.AUDIT, by=None)

        said = sentences(reward, EARLIEST)

        assert "12.5 % × $400.00 = $50.00" in said
        assert "Held: An auditor has set it aside" in said

    @pytest.mark.parametrize("day", [date(2026, 1, 15), DAY_41, EARLIEST, date(2026, 6, 1), date(2027, 2, 1)])
    def test_decides_as_the_nightly_run_does(self, day):
        _stage, reward = make_story(bill1=date(2026, 2, 18), bill2=date(2026, 3, 10), bill3=date(2026, 4, 20))
        decision = trace_of(reward, day).decision

        reconsider(reward.friend_account_id, on=day)

        reward.refresh_from_db()
        became = {"qualifying": "accrued", "earned": "payable"}.get(decision, "forfeited")
        assert reward.status == became

    def test_writes_nothing(self, django_assert_num_queries):
        _stage, reward = make_story()
        before = list(Reward.objects.values())

        trace_of(reward, date(2027, 3, 1))

        assert list(Reward.objects.values()) == before

    def test_of_many_costs_as_many_queries_as_of_one(self, django_assert_num_queries):
        stage, reward = make_story()
        others = [stage.make_reward(reward.version, INSTALLED) for _ in range(5)]
        rewards = Reward.objects.select_related("division", "version__rule")

        for count in (1, 6):
            loaded = list(rewards.order_by("pk")[:count])
            with django_assert_num_queries(2):
                assert len(traces_of(loaded, EARLIEST)) == count
        assert others

    def test_can_be_told_in_lines(self):
        _stage, reward = make_stage_and_reward()

        lines = list(trace_of(reward, EARLIEST).lines())

        assert "+ Needs no paid bills" in lines
        assert f"  {reward.pk}:1 accrual 50.00 USD 2026-01-15" in lines

    def test_speaks_the_readers_language_of_dates_and_money(self):
        _stage, reward = make_story()

        with override("es"):
            assert "Mié" in " ".join(sentences(reward, DAY_41)) or "mié" in " ".join(sentences(reward, DAY_41))

    def test_names_the_bills_that_a_percentage_was_reckoned_from(self):
        """What is paid after it was earned is no part of it; what is heard later of a day before is said."""
        stage = Stage()
        reward = stage.make_reward(stage.make_version(percent_cash=Decimal("12.5"), bills_needed=2), INSTALLED)
        number = reward.friend_account.number
        for name, amount in (("1", "66.00"), ("2", "55.00"), ("3", "44.00")):
            issued, due = BILLS[name]
            bill = bill_of(number, name, issued, due, amount=amount, tax=str(Decimal(amount) / 11))
            tell(stage, bill, issued)
        tell(stage, payment_of(number, "1", amount="66.00"), date(2026, 2, 10))
        tell(stage, payment_of(number, "2", amount="55.00"), date(2026, 3, 10))
        tell(stage, payment_of(number, "3", amount="44.00"), date(2026, 4, 20))
        reconsider(reward.friend_account_id, on=EARLIEST)
        reward.refresh_from_db()

        assert [one for one in sentences(reward, date(2026, 4, 21)) if f"Bill {number}-" in one] == [
            f"Bill {number}-1 of Mon 2 Feb 2026: $66.00 paid until then, $60.00 of it before taxes",
            f"Bill {number}-2 of Mon 2 Mar 2026: $55.00 paid until then, $50.00 of it before taxes",
        ]
        said = sentences(reward, date(2026, 4, 21))
        assert "12.5 % × $110.00 = $13.75" in said
        assert not [one for one in said if "By what is known now" in one]

        tell(stage, payment_of(number, "2", name="more", amount="11.00"), date(2026, 4, 1))

        said = sentences(reward, date(2026, 4, 21))
        assert "By what is known now that is $120.00 together; it was reckoned from $110.00" in said

    def test_of_a_limited_reward_says_which_limit(self):
        _stage, reward = make_stage_and_reward()
        Reward.objects.filter(pk=reward.pk).update(status="cap_limited", calculation="The budget is used up.")

        trace = trace_of(Reward.objects.get(pk=reward.pk), EARLIEST)

        assert trace.sentence == "Nothing is earned: The budget is used up."
        assert reward.amount == Decimal("50.00")
