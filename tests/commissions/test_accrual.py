"""A friend is installed: what each side may get begins to qualify, by the rule in force when the friend ordered."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.testing import make_account
from commissions.events import NothingAccrued, RewardAccrued, RewardCapLimited
from commissions.models import LedgerEntry, Payee, Reward, Rule
from commissions.queries.facts import facts_of, facts_of_order
from commissions.queries.reckoning import dates_of, reckon
from commissions.services import accrual, rules
from commissions.services.accrual import accrue_rewards
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription, Wording
from commissions.states import Basis, EntryKind, LedgerAccount, RewardForm, RewardStatus, Side, WaitUnit
from commissions.testing import digest_shown, make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.divisions.settings import CURRENCY
from foundation.divisions.testing import make_division, put_value
from foundation.events.models import Delivery
from foundation.events.services import publish
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import months_after, now
from foundation.people.states import Role
from foundation.people.testing import make_person
from foundation.rules import Comparison, Criterion, Group, GroupStep, Kind, RuleSet
from orders.models import InstalledService, Order
from orders.states import OrderStatus
from orders.testing import make_order
from referrals.events import ReferralInstalled
from referrals.states import DisqualifyReason
from territory.testing import make_available, make_premises

pytestmark = pytest.mark.django_db

REFERRER, FRIEND = Side.REFERRER, Side.FRIEND


def flat(side, amount, tiers=()):
    steps = tuple((first, Decimal(value)) for first, value in tiers)
    return TermDescription(side=side, amount=Decimal(amount), tiers=steps)


def percent(basis, value):
    return TermDescription(side=REFERRER, basis=basis, percent=Decimal(value))


class TestAccruing:
    def test_gives_each_side_its_own_with_dates_calculation_and_ledger_entry(self, market, rule, referrer):
        version = make_version(rule, terms=[flat(REFERRER, "50.00"), flat(FRIEND, "25.00")])
        referral = make_referral(referrer, market=market, installed_on=date(2026, 11, 30))

        mine, theirs = accrue_rewards(referral.pk)

        assert (mine.side, mine.amount, mine.payee.account) == (REFERRER, Decimal("50.00"), referrer.account)
        assert (theirs.side, theirs.amount, theirs.payee.account) == (
            FRIEND, Decimal("25.00"), referral.friend_account
        )  # fmt: skip
        assert {mine.status, theirs.status} == {RewardStatus.ACCRUED}
        assert (mine.version, mine.ordinal, mine.currency) == (version, 1, "USD")
        assert (mine.earliest_on, mine.latest_on) == (date(2027, 2, 28), date(2027, 11, 30))
        assert mine.calculation == "The payee’s reward number 1: $50.00"
        entry = LedgerEntry.objects.get(reward=mine)
        assert (entry.kind, entry.debit, entry.credit) == (
            EntryKind.ACCRUAL, LedgerAccount.EXPENSE, LedgerAccount.HELD
        )  # fmt: skip
        assert (entry.amount, entry.effective_on, entry.key) == (
            Decimal("50.00"), date(2026, 11, 30), f"{mine.pk}:1"
        )  # fmt: skip
        assert published(RewardAccrued) == [
            RewardAccrued(reward_id=mine.pk, referral_id=referral.pk),
            RewardAccrued(reward_id=theirs.pk, referral_id=referral.pk),
        ]

    def test_happens_once_however_often_the_fact_is_heard(self, market, rule, referrer):
        make_version(rule)
        referral = make_referral(referrer, market=market)
        Delivery.objects.all().delete()  # what the order itself has caused
        for _time in range(2):
            fact = ReferralInstalled(referral_id=referral.pk, installed_on="2026-11-27")
            publish(fact, subject=referral, division=referral.division, by=None)

        drain()

        assert Reward.objects.count() == LedgerEntry.objects.count() == 1

    def test_is_refused_before_the_friend_is_installed(self, market, rule, referrer):
        make_version(rule)
        referral = make_referral(referrer, market=market, is_installed=False)

        with pytest.raises(NotAllowed):
            accrue_rewards(referral.pk)

        assert not Reward.objects.exists()

    def test_is_refused_where_the_referral_came_to_nothing_before(self, market, rule, referrer):
        make_version(rule)
        referral = make_referral(referrer, market=market)
        referral.disqualify(DisqualifyReason.FRAUD, at=now())
        referral.save()

        with pytest.raises(NotAllowed):
            accrue_rewards(referral.pk)

        assert not Reward.objects.exists()
        assert not Payee.objects.exists()

    def test_gives_nothing_and_says_so_where_no_rule_holds(self, market, referrer):
        referral = make_referral(referrer, market=market)

        assert accrue_rewards(referral.pk) == []
        assert published(NothingAccrued) == [NothingAccrued(referral_id=referral.pk, version_id=0)]

    def test_of_a_friend_who_pays_nothing_each_month_gives_no_percentage(self, market, rule, referrer):
        version = make_version(rule, terms=[percent(Basis.PERCENT_MONTHLY, "10")])
        referral = make_referral(referrer, market=market)
        referral.order.lines.update(recurring=0)

        assert accrue_rewards(referral.pk) == []
        assert published(NothingAccrued) == [NothingAccrued(referral_id=referral.pk, version_id=version.pk)]


class TestTheVersion:
    def test_is_the_one_in_force_when_the_friend_ordered_however_late_they_are_installed(self, market, rule, referrer):
        former = make_version(rule)
        referral = make_referral(referrer, market=market)
        make_version(rule, effective_from=referral.order.submitted_at + timedelta(microseconds=1), bills_needed=1)

        (reward,) = accrue_rewards(referral.pk)

        assert reward.version == former

    def test_that_begins_at_the_moment_of_the_order_counts(self, market, rule, referrer):
        make_version(rule)
        referral = make_referral(referrer, market=market)
        later = make_version(rule, effective_from=referral.order.submitted_at)

        (reward,) = accrue_rewards(referral.pk)

        assert reward.version == later

    def test_is_given_in_the_currency_that_its_version_is_written_in(self, market, rule, referrer):
        make_version(rule)
        referral = make_referral(referrer, market=market)
        put_value(market.division, CURRENCY, "MXN")

        (reward,) = accrue_rewards(referral.pk)

        assert (reward.amount, reward.currency) == (Decimal("50.00"), "USD")

    def test_changed_changes_no_reward_of_before(self, market, rule, referrer):
        make_version(rule)
        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)
        before = Reward.objects.values().get(), list(LedgerEntry.objects.values())
        operator, auditor = (make_person(role, market.division) for role in (Role.OPERATOR, Role.AUDITOR))

        draft = rules.start_version(rule.pk, by=operator)
        wording = Wording(values={"wait_count": 1}, terms=(flat(REFERRER, "5.00"),))
        rules.write_version(draft.pk, wording, by=operator)
        rules.send_to_review(draft.pk, by=operator)
        rules.approve_version(draft.pk, shown=digest_shown(draft), by=auditor)
        accrue_rewards(reward.referral_id)

        assert (Reward.objects.values().get(), list(LedgerEntry.objects.values())) == before
        (newer,) = accrue_rewards(make_referral(referrer, market=market).pk)
        assert newer.amount == Decimal("5.00")

    def test_of_a_franchise_comes_before_the_operators(self, market, referrer):
        top = make_division()
        market.division.parent = top
        market.division.save()
        make_version(make_rule(top), terms=[flat(REFERRER, "50.00")])
        own = make_version(make_rule(market.division), terms=[flat(REFERRER, "10.00")])

        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)

        assert (reward.version, reward.amount) == (own, Decimal("10.00"))


class TestTheAmount:
    def accrued(self, rule, referrer, market, *terms, **values):
        make_version(rule, terms=terms, **values)
        return accrue_rewards(make_referral(referrer, market=market).pk)[0]

    def test_follows_the_steps_by_count(self, market, rule, referrer):
        make_version(rule, terms=[flat(REFERRER, "25.00", [(3, "50.00"), (4, "75.00")])])

        rewards = [accrue_rewards(make_referral(referrer, market=market).pk)[0] for _friend in range(5)]

        assert [reward.ordinal for reward in rewards] == [1, 2, 3, 4, 5]
        assert [str(reward.amount) for reward in rewards] == ["25.00", "25.00", "50.00", "75.00", "75.00"]

    def test_of_a_percentage_is_reckoned_from_the_orders_lines_and_rounded_once(self, market, rule, referrer):
        reward = self.accrued(rule, referrer, market, percent(Basis.PERCENT_MONTHLY, "12.345"))

        monthly = sum(line.recurring for line in reward.referral.order.lines.all())
        assert monthly == Decimal("115.50")
        assert reward.amount == Decimal("14.26")  # 14.2584…
        assert reward.calculation == "12.345 % × $115.50 = $14.26"
        assert reward.inputs["base"] == "115.50"

    def test_of_a_percentage_once_is_reckoned_from_what_is_paid_once(self, market, rule, referrer):
        reward = self.accrued(rule, referrer, market, percent(Basis.PERCENT_ONE_TIME, "50"))

        assert (reward.amount, reward.rate) == (Decimal("37.50"), Decimal(50))

    def test_leaves_out_what_could_not_be_installed(self, market, rule, referrer):
        make_version(rule, terms=[percent(Basis.PERCENT_MONTHLY, "100")])
        referral = make_referral(referrer, market=market)
        line = referral.order.lines.order_by("-recurring").first()
        type(line).objects.filter(pk=line.pk).update(status="cancelled", installed_on=None)

        (reward,) = accrue_rewards(referral.pk)

        assert reward.amount == Decimal("115.50") - line.recurring

    def test_of_cash_is_not_known_before_it_is_paid(self, market, rule, referrer):
        reward = self.accrued(rule, referrer, market, percent(Basis.PERCENT_CASH, "10"))

        assert (reward.amount, reward.rate, reward.status) == (None, Decimal(10), RewardStatus.ACCRUED)
        assert not LedgerEntry.objects.exists()

    def test_of_a_free_month_is_what_the_payee_pays_each_month_at_that_time(self, market, rule):
        own = make_order(OrderStatus.COMPLETED, market)
        referrer = make_referrer(make_programme(market.division), account=own.account)
        ended = InstalledService.objects.filter(account=own.account, line__family="voice").get()
        ended.until = ended.since
        ended.save()

        make_version(rule, terms=[TermDescription(side=REFERRER, form=RewardForm.FREE_MONTH)])
        promoted = accrue_rewards(make_referral(referrer, market=market).pk)[0]
        later = months_after(promoted.installed_on, 13)
        full = accrue_rewards(make_referral(referrer, market=market, installed_on=later).pk)[0]

        served = own.lines.exclude(family="voice")
        assert promoted.amount == sum(line.recurring for line in served)
        assert full.amount == sum(line.recurring_after for line in served)
        assert promoted.amount < full.amount
        assert promoted.calculation == f"A free month: ${promoted.amount}"

    def test_of_a_free_month_of_some_services_is_what_those_cost(self, market, rule):
        own = make_order(OrderStatus.COMPLETED, market)
        referrer = make_referrer(make_programme(market.division), account=own.account)
        families = ("internet", "video")
        make_version(rule, terms=[TermDescription(side=REFERRER, form=RewardForm.FREE_MONTH, families=families)])

        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)

        covered = sum(line.recurring for line in own.lines.filter(family__in=families))
        assert reward.amount == covered < sum(line.recurring for line in own.lines.all())
        assert reward.calculation == f"A free month of Internet, TV: ${covered}"
        assert reward.inputs["families"] == ["internet", "video"]

    def test_recomputed_from_its_inputs_is_the_same(self, market, rule, referrer):
        reward = self.accrued(rule, referrer, market, percent(Basis.PERCENT_MONTHLY, "12.345"))

        base = Decimal(reward.inputs["base"])
        bases = accrual.Bases(monthly=base, one_time=base, free_month={"internet": base})
        again = reckon(reward.term, ordinal=reward.inputs["ordinal"], bases=bases, currency=reward.currency)

        assert again.amount == reward.amount


class TestTheDates:
    @pytest.mark.parametrize(
        ("installed", "months", "earliest"),
        [("2026-11-30", 3, "2027-02-28"), ("2027-11-30", 3, "2028-02-29"), ("2026-12-31", 12, "2027-12-31")],
    )
    def test_of_months_end_where_the_month_ends(self, installed, months, earliest):
        assert months_after(date.fromisoformat(installed), months) == date.fromisoformat(earliest)

    def test_of_days_count_days_and_watch_as_long_as_it_may_be_taken_back(self, rule):
        version = make_version(
            rule, wait_count=90, wait_unit=WaitUnit.DAYS, months_to_qualify=4, clawback_none_days=180
        )

        dates = dates_of(version, date(2026, 11, 27))

        assert (dates.earliest_on, dates.latest_on) == (date(2027, 2, 25), date(2027, 3, 27))
        assert dates.watched_until == date(2027, 5, 26)


class TestLimits:
    def statuses(self, referrer, market, days):
        return [accrue_rewards(make_referral(referrer, market=market, installed_on=day).pk)[0].status for day in days]

    @pytest.mark.parametrize(
        ("limit", "days", "limited"),
        [
            ("most_per_month", [date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)], [False, True, False]),
            ("most_per_year", [date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)], [False, True, False]),
            ("most_ever", [date(2026, 1, 1), date(2027, 1, 1), date(2028, 1, 1)], [False, True, True]),
        ],
    )
    def test_are_met_by_count(self, market, rule, referrer, limit, days, limited):  # noqa: PLR0917  # fixtures
        make_version(rule, **{limit: 1})

        statuses = self.statuses(referrer, market, days)

        assert [status == RewardStatus.CAP_LIMITED for status in statuses] == limited

    def test_reached_are_said_and_post_nothing(self, market, rule, referrer):
        make_version(rule, most_ever=1)
        self.statuses(referrer, market, [date(2026, 1, 1)])
        referral = make_referral(referrer, market=market)

        (reward,) = accrue_rewards(referral.pk)

        assert reward.calculation == "The limit of 1 rewards in all is reached."
        assert published(RewardCapLimited) == [RewardCapLimited(reward_id=reward.pk, referral_id=referral.pk)]
        assert not reward.entries.exists()

    def test_of_one_side_do_not_limit_the_other(self, market, rule, referrer):
        make_version(rule, terms=[flat(REFERRER, "50.00"), flat(FRIEND, "25.00")], most_ever=1)
        accrue_rewards(make_referral(referrer, market=market).pk)

        mine, theirs = accrue_rewards(make_referral(referrer, market=market).pk)

        assert (mine.status, theirs.status) == (RewardStatus.CAP_LIMITED, RewardStatus.ACCRUED)

    def test_of_a_budget_let_nothing_through_beyond_it(self, market, rule, referrer):
        make_version(rule, budget=Decimal("120.00"))

        statuses = self.statuses(referrer, market, [date(2026, 11, day) for day in (1, 2, 3)])

        assert statuses == [RewardStatus.ACCRUED, RewardStatus.ACCRUED, RewardStatus.CAP_LIMITED]
        assert Rule.objects.get().granted == Decimal("100.00")
        assert Reward.objects.first().calculation == "The budget of 120.00 is used up."

    def test_of_a_budget_count_back_in_what_was_forfeited(self, market, rule, referrer):
        make_version(rule, budget=Decimal("50.00"))
        (first,) = accrue_rewards(make_referral(referrer, market=market).pk)
        Reward.objects.filter(pk=first.pk).update(status=RewardStatus.FORFEITED, reason="paid_late")
        over = first.latest_on + timedelta(days=1)

        (second,) = accrue_rewards(make_referral(referrer, market=market, installed_on=over).pk)

        assert second.status == RewardStatus.ACCRUED
        assert Rule.objects.get().granted == Decimal("50.00")

    @pytest.mark.parametrize(
        ("reason", "status"),
        [
            ("paid_late", RewardStatus.CAP_LIMITED),
            ("left_early", RewardStatus.CAP_LIMITED),
            ("fraud", RewardStatus.ACCRUED),
        ],
    )
    def test_of_a_budget_keep_the_place_of_what_may_come_back(self, market, rule, referrer, reason, status):
        make_version(rule, budget=Decimal("50.00"))
        (first,) = accrue_rewards(make_referral(referrer, market=market).pk)
        Reward.objects.filter(pk=first.pk).update(status=RewardStatus.FORFEITED, reason=reason)

        (second,) = accrue_rewards(make_referral(referrer, market=market).pk)

        assert second.status == status

    @pytest.mark.parametrize(("budget", "status"), [("50.00", "forfeited"), ("100.00", "payable")])
    def test_of_a_budget_bring_nothing_back_beyond_it_after_its_last_day(self, market, rule, referrer, budget, status):
        make_version(rule, budget=Decimal(budget), bills_needed=0, days_late_allowed=None, must_be_active=False)
        (first,) = accrue_rewards(make_referral(referrer, market=market).pk)
        Reward.objects.filter(pk=first.pk).update(
            status=RewardStatus.FORFEITED, reason="paid_late", reason_on=first.installed_on
        )
        over = first.latest_on + timedelta(days=1)
        (second,) = accrue_rewards(make_referral(referrer, market=market, installed_on=over).pk)

        reconsider(first.friend_account_id, on=over)

        first.refresh_from_db()
        assert (first.status, second.status) == (status, RewardStatus.ACCRUED)
        assert Rule.objects.get().granted == Decimal(budget)

    def test_of_a_budget_leave_room_for_a_percentage_that_is_not_known_yet(self, market, rule, referrer):
        make_version(rule, budget=Decimal("50.00"), terms=[percent(Basis.PERCENT_CASH, "10")])
        (first,) = accrue_rewards(make_referral(referrer, market=market).pk)
        assert first.status == RewardStatus.ACCRUED
        Reward.objects.filter(pk=first.pk).update(
            amount=Decimal("50.00"), status="payable", qualified_on=first.earliest_on
        )

        (second,) = accrue_rewards(make_referral(referrer, market=market).pk)

        assert second.status == RewardStatus.CAP_LIMITED


class TestTheFacts:
    def test_of_an_order_are_what_was_ordered_by_whom_and_where(self, market):
        order = make_order(OrderStatus.COMPLETED, market)

        facts = facts_of_order(order)

        assert facts["families"] == ["installation", "internet", "video", "voice"]
        assert facts["package"] == market.package
        assert (facts["monthly"], facts["monthly_after"]) == (Decimal("115.50"), Decimal("125.50"))
        assert (facts["one_time"], facts["customer_class"]) == (Decimal("75.00"), "residential")
        assert (facts["channel"], facts["is_new_customer"], facts["building"]) == ("web", True, "single")
        assert facts["divisions"] == [market.division.code]
        assert facts["state"] == order.premises.state

    def test_know_a_customer_who_was_one_before(self, market):
        order = make_order(OrderStatus.COMPLETED, market)
        with time_machine.travel(now() - timedelta(days=400)):
            earlier = make_account(market.division)
        type(earlier).objects.filter(pk=earlier.pk).update(customer=order.customer)

        assert facts_of_order(order)["is_new_customer"] is False

    def test_know_a_building_of_several_units(self, market):
        flat = make_premises(market.division, "9 Tower Street", unit="4B")
        make_available(flat)

        assert facts_of_order(make_order(OrderStatus.COMPLETED, market, premises=flat))["building"] == "multi_unit"

    def test_of_many_orders_take_no_more_statements_than_of_one(self, market, django_assert_num_queries):
        first = make_order(OrderStatus.COMPLETED, market)
        with django_assert_num_queries(4):
            facts_of(Order.objects.filter(pk=first.pk))
        for _order in range(3):
            make_order(OrderStatus.COMPLETED, market)

        with django_assert_num_queries(4):
            assert len(facts_of(Order.objects.all())) == 4

    @pytest.mark.parametrize(
        ("fact", "kind", "comparison", "value", "holds"),
        [
            ("families", Kind.TEXT, Comparison.CONTAINS, "internet", True),
            ("families", Kind.TEXT, Comparison.CONTAINS, "mobile", False),
            ("monthly", Kind.NUMBER, Comparison.AT_LEAST, "115.50", True),
            ("monthly", Kind.NUMBER, Comparison.GREATER, "115.50", False),
            ("is_new_customer", Kind.FLAG, Comparison.EQUAL, "true", True),
            ("campaign", Kind.TEXT, Comparison.EQUAL, "spring", False),
        ],
    )
    def test_decide_whether_anything_accrues(  # noqa: PLR0917  # fixtures
        self, market, rule, referrer, fact, kind, comparison, value, holds
    ):
        criterion = Criterion(fact=fact, kind=kind, comparison=comparison, values=(value,))
        group = Group(criteria=(criterion,), if_true=GroupStep.HOLDS, if_false=GroupStep.NEXT)
        make_version(rule, conditions=RuleSet(groups=(group,), otherwise=False).as_json())

        assert bool(accrue_rewards(make_referral(referrer, market=market).pk)) is holds


class TestTheDay:
    @time_machine.travel(datetime(2026, 12, 1, 4, 30, tzinfo=UTC), tick=False)
    def test_of_installation_is_what_counts_not_the_day_on_which_we_heard(self, market, rule, referrer):
        make_version(rule, most_per_month=1)
        accrue_rewards(make_referral(referrer, market=market, installed_on=date(2026, 11, 30)).pk)

        (reward,) = accrue_rewards(make_referral(referrer, market=market, installed_on=date(2026, 12, 1)).pk)

        assert reward.status == RewardStatus.ACCRUED
