"""Rules: written, read and approved by two people, in force from a moment on, never changed afterwards."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings as hypothesis_settings, strategies as st
from hypothesis.extra.django import TestCase

from commissions.events import VersionMoved
from commissions.models import Reward, RewardTerm, Rule, RuleVersion
from commissions.queries.rules import are_apart, conditions_of, diff_of, resolve_rule, rule_in_words, versions_in_force
from commissions.services import rules
from commissions.services.accrual import accrue_rewards
from commissions.services.rules import TermDescription, Wording
from commissions.states import Basis, RewardForm, Side, VersionStatus
from commissions.testing import digest_shown, make_draft_version, make_programme, make_referral, make_rule, make_version
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.services import confirm_person, invite_person
from foundation.people.states import Role
from foundation.people.testing import make_person
from foundation.rules import Comparison, Criterion, CriterionStep, Group, GroupStep, Kind, RuleSet
from orders.testing import make_market

pytestmark = pytest.mark.django_db


def version_in_force(division, programme, at) -> RuleVersion | None:
    """Return the version that is tried first at a moment, whatever it asks of the order."""
    return next(iter(versions_in_force(division, programme, at)), None)


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def division():
    return make_division("Larkspur")


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def rule(division):
    return make_rule(division)


@pytest.fixture
def auditor(division):
    return make_person(Role.AUDITOR, division)


@pytest.fixture
def operator(division):
    return make_person(Role.OPERATOR, division)


def in_review(rule, **values):
    version = make_draft_version(rule, **values)
    return rules.send_to_review(version.pk, by=version.author)


def asking(fact, comparison, *values, kind=Kind.TEXT, **steps):
    criterion = Criterion(fact=fact, kind=kind, comparison=comparison, values=values, **steps)
    group = Group(criteria=(criterion,), if_true=GroupStep.HOLDS, if_false=GroupStep.NEXT)
    return RuleSet(groups=(group,), otherwise=False).as_json()


class TestAVersion:
    def test_goes_from_draft_to_review_to_force(self, rule, operator, auditor):
        draft = rules.start_version(rule.pk, by=operator)
        terms = (TermDescription(side=Side.REFERRER, amount=Decimal("50.00")),)
        rules.write_version(draft.pk, Wording(values={"bills_needed": 2}, terms=terms), by=operator)

        rules.send_to_review(draft.pk, by=operator)
        with time_machine.travel(NOON, tick=False):
            version = rules.approve_version(draft.pk, shown=digest_shown(draft), by=auditor)

        version.refresh_from_db()
        assert (version.status, version.bills_needed) == (VersionStatus.IN_FORCE, 2)
        assert (version.approver, version.approved_at, version.effective_from) == (auditor, NOON, NOON)
        assert [fact.status for fact in published(VersionMoved)] == ["draft", "in_review", "approved", "in_force"]

    def test_is_copied_from_the_one_in_force_and_that_one_stays(self, rule, operator):
        former = make_version(rule, wait_count=4, conditions=asking("channel", Comparison.EQUAL, "web"))

        draft = rules.start_version(rule.pk, by=operator)

        assert (draft.number, draft.status, draft.wait_count) == (2, VersionStatus.DRAFT, 4)
        assert draft.conditions == former.conditions
        assert [(term.side, term.amount) for term in draft.terms.all()] == [(Side.REFERRER, Decimal("50.00"))]
        assert version_in_force(rule.division, make_programme(rule.division), now()) == former
        assert diff_of(draft, former) == []

    def test_follows_the_one_before_to_the_instant(self, rule, auditor):
        former = make_version(rule)
        moment = now() + timedelta(days=1)
        later = in_review(rule, bills_needed=1)
        rules.approve_version(later.pk, shown=digest_shown(later), effective_from=moment, by=auditor)

        assert rules.put_due_versions_in_force(moment - timedelta(microseconds=1)) == 0
        assert rules.put_due_versions_in_force(moment + timedelta(hours=7)) == 1
        assert rules.put_due_versions_in_force(moment + timedelta(hours=8)) == 0

        former.refresh_from_db()
        later.refresh_from_db()
        assert (former.status, former.effective_until) == (VersionStatus.SUPERSEDED, moment)
        assert (later.status, later.effective_from) == (VersionStatus.IN_FORCE, moment)

    def test_counts_from_its_moment_on_though_the_sweep_is_late(self, rule, auditor):
        programme = make_programme(rule.division)
        former = make_version(rule)
        moment = now() + timedelta(days=1)
        later = in_review(rule)
        rules.approve_version(later.pk, shown=digest_shown(later), effective_from=moment, by=auditor)

        assert version_in_force(rule.division, programme, moment - timedelta(microseconds=1)) == former
        assert version_in_force(rule.division, programme, moment) == later

    def test_can_be_ended_without_another(self, rule, auditor):
        version = make_version(rule)
        moment = now() + timedelta(hours=1)

        rules.end_version(version.pk, shown=digest_shown(version), at=moment, by=auditor)
        rules.put_due_versions_in_force(moment)

        version.refresh_from_db()
        assert (version.status, version.effective_until) == (VersionStatus.SUPERSEDED, moment)
        assert version_in_force(rule.division, make_programme(rule.division), moment) is None

    def test_can_be_returned_and_withdrawn(self, rule, auditor):
        version = in_review(rule)

        rules.return_version(version.pk, by=auditor)
        rules.withdraw_version(version.pk, by=version.author)

        version.refresh_from_db()
        assert version.status == VersionStatus.WITHDRAWN


class TestWhatIsRefused:
    def refused(self, code, act, *args, **kwargs):
        with pytest.raises(NotAllowed) as refusal:
            act(*args, **kwargs)
        assert refusal.value.code == code
        return refusal.value.message

    def test_approval_by_its_author(self, rule):
        version = in_review(rule)

        said = self.refused(
            "own_version", rules.approve_version, version.pk, shown=digest_shown(version), by=version.author
        )

        assert said == "You have written in this version yourself: another person must approve it."

    def test_approval_by_whoever_wrote_one_word_of_it(self, rule, operator):
        version = make_draft_version(rule)
        rules.write_version(version.pk, Wording(values={"wait_count": 9}), by=operator)
        rules.send_to_review(version.pk, by=version.author)

        self.refused("own_version", rules.approve_version, version.pk, shown=digest_shown(version), by=operator)

    def test_a_move_of_what_was_sent_to_review(self, rule, division):
        version = in_review(rule)
        place = {"names": rule.names, "division": division, "programme": None, "priority": 1}

        self.refused("settled", rules.change_rule, rule.pk, **place, by=version.author)

    def test_a_move_to_where_the_person_configures_nothing(self, rule, division, operator):
        place = {"names": rule.names, "division": make_division(), "programme": None, "priority": rule.priority}

        self.refused("not_permitted", rules.change_rule, rule.pk, **place, by=operator)

    def test_approval_by_somebody_whom_a_writer_made_an_auditor(self, rule, division, operator):
        version = make_draft_version(rule, by=operator)
        rules.send_to_review(version.pk, by=operator)
        double = invite_person("double@people.example", role=Role.AUDITOR, division=division, by=operator)

        self.refused("unconfirmed", rules.approve_version, version.pk, shown=digest_shown(version), by=double)

        confirm_person(double, by=make_person(Role.OPERATOR, division))
        assert rules.approve_version(version.pk, shown=digest_shown(version), by=double).approver == double

    def test_approval_by_whoever_may_not_approve(self, rule, division):
        version = in_review(rule)
        supervisor = make_person(Role.SUPERVISOR, division)

        said = self.refused(
            "not_permitted", rules.approve_version, version.pk, shown=digest_shown(version), by=supervisor
        )

        assert "approve commission rules" in said

    def test_approval_by_an_auditor_of_another_market(self, rule):
        elsewhere = make_person(Role.AUDITOR, make_division())

        version = in_review(rule)

        self.refused("not_permitted", rules.approve_version, version.pk, shown=digest_shown(version), by=elsewhere)

    def test_a_moment_that_has_passed(self, rule, auditor):
        version = in_review(rule)

        self.refused(
            "past",
            rules.approve_version,
            version.pk,
            shown=digest_shown(version),
            effective_from=now() - timedelta(days=1),
            by=auditor,
        )

    def test_a_moment_that_lies_far_off(self, rule, auditor):
        version, running = in_review(rule), make_version(make_rule(rule.division, priority=1))
        later = now() + timedelta(days=3654)
        seen = digest_shown(running)

        self.refused(
            "far_off", rules.approve_version, version.pk, shown=digest_shown(version), effective_from=later, by=auditor
        )
        self.refused("far_off", rules.end_version, running.pk, shown=seen, at=later, by=auditor)

    @pytest.mark.parametrize(
        "wording",
        [
            Wording(terms=(TermDescription(side=Side.REFERRER, amount=Decimal(9999)),)),
            Wording(terms=(TermDescription(side=Side.REFERRER, amount=Decimal(50), tiers=((2, Decimal(9999)),)),)),
            Wording(values={"bills_needed": 0}),
            Wording(values={"budget": None}),
        ],
    )
    def test_approval_of_what_was_written_after_it_was_read(self, rule, auditor, wording):
        version = in_review(rule, budget=Decimal(500))
        read = digest_shown(version)
        rules.return_version(version.pk, by=version.author)
        rules.write_version(version.pk, wording, by=version.author)
        rules.send_to_review(version.pk, by=version.author)

        said = self.refused("other_wording", rules.approve_version, version.pk, shown=read, by=auditor)

        assert said == "The version has changed since you saw it. Read it again."
        version.refresh_from_db()
        assert (version.status, version.approver) == (VersionStatus.IN_REVIEW, None)

    def test_but_not_of_the_same_words_sent_twice(self, rule, auditor):
        version = in_review(rule)
        read = digest_shown(version)
        rules.return_version(version.pk, by=auditor)
        rules.send_to_review(version.pk, by=version.author)

        assert rules.approve_version(version.pk, shown=read, by=auditor).status == VersionStatus.IN_FORCE

    def test_an_end_of_what_stood_otherwise(self, rule, auditor):
        version = make_version(rule)
        seen = digest_shown(version)
        rules.end_version(version.pk, shown=seen, at=now() + timedelta(days=9), by=auditor)

        self.refused("other_wording", rules.end_version, version.pk, shown=seen, by=auditor)

    def test_two_open_versions(self, rule, operator):
        make_draft_version(rule)

        self.refused("open_version", rules.start_version, rule.pk, by=operator)

    def test_a_change_of_what_is_in_review(self, rule, operator):
        version = in_review(rule)

        self.refused("not_a_draft", rules.write_version, version.pk, Wording(values={"wait_count": 1}), by=operator)

    def test_a_draft_that_promises_nothing(self, rule, operator):
        version = rules.start_version(rule.pk, by=operator)

        self.refused("no_terms", rules.send_to_review, version.pk, by=operator)

    def test_a_withdrawal_of_what_has_begun_though_the_sweep_is_late(self, rule, auditor):
        version = in_review(rule)
        moment = now() + timedelta(days=1)
        rules.approve_version(version.pk, shown=digest_shown(version), effective_from=moment, by=auditor)

        with time_machine.travel(moment):
            self.refused("in_force", rules.withdraw_version, version.pk, by=auditor)

    @pytest.mark.parametrize("tiers", [((1, "5"),), ((5, "5"), (5, "6")), ((5, "5"), (3, "6")), ((5, "0"),)])
    def test_steps_that_do_not_ascend(self, rule, operator, tiers):
        draft = rules.start_version(rule.pk, by=operator)
        steps = tuple((first, Decimal(value)) for first, value in tiers)
        term = TermDescription(side=Side.REFERRER, amount=Decimal(5), tiers=steps)

        self.refused("tiers", rules.write_version, draft.pk, Wording(terms=(term,)), by=operator)

    @pytest.mark.parametrize(
        ("basis", "much"),
        [
            *((Basis.FLAT, much) for much in ("50.005", "1000000", "1E+30", "Infinity", "NaN", "-5")),
            *(
                (Basis.PERCENT_CASH, much)
                for much in ("5.0005", "1000", "999999.999", "1E+30", "Infinity", "NaN", "-5")
            ),
        ],
    )
    def test_what_cannot_be_paid_at_first_or_from_some_step_on(self, rule, operator, basis, much):
        draft = rules.start_version(rule.pk, by=operator)
        name = "amount" if basis == Basis.FLAT else "percent"
        for first, tiers in ((much, ()), ("5", ((2, Decimal(much)),))):
            term = TermDescription(side=Side.FRIEND, basis=basis, tiers=tiers, **{name: Decimal(first)})

            with pytest.raises(NotAllowed) as refusal:
                rules.write_version(draft.pk, Wording(terms=(term,)), by=operator)

            assert refusal.value.field == Side.FRIEND
        assert not draft.terms.exists()

    @pytest.mark.parametrize("budget", ["-1", "-0.01", "Infinity", "NaN", "1E+30", "5.005"])
    def test_a_budget_that_is_no_money(self, rule, operator, budget):
        draft = rules.start_version(rule.pk, by=operator)

        with pytest.raises(NotAllowed) as refusal:
            rules.write_version(draft.pk, Wording(values={"budget": Decimal(budget)}), by=operator)

        assert refusal.value.field == "budget"

    def test_a_condition_on_what_nobody_knows(self, rule, operator):
        draft = rules.start_version(rule.pk, by=operator)
        values = {"conditions": asking("shoe_size", Comparison.EQUAL, "42")}

        self.refused("conditions", rules.write_version, draft.pk, Wording(values=values), by=operator)

    def test_a_rule_that_could_claim_the_same_orders(self, rule, division):
        make_version(rule)
        rival = make_draft_version(make_rule(division))

        said = self.refused("clash", rules.send_to_review, rival.pk, by=rival.author)

        assert f"“{rule}” (version 1)" in said

    def test_the_second_of_two_that_were_in_review_together(self, rule, division, auditor):
        one, other = in_review(rule), in_review(make_rule(division))
        rules.approve_version(one.pk, shown=digest_shown(one), by=auditor)

        said = self.refused("clash", rules.approve_version, other.pk, shown=digest_shown(other), by=auditor)

        assert f"“{rule}”" in said

    def test_but_not_one_of_another_priority_programme_or_market_nor_one_that_excludes_it(self, rule, division):
        web, phone = (asking("channel", Comparison.EQUAL, channel) for channel in ("web", "phone"))
        make_version(rule, conditions=web)
        below = make_division(parent=division)
        others = [
            make_rule(division, priority=50),
            make_rule(division, programme=make_programme(division)),
            make_rule(below),
        ]
        drafts = [make_draft_version(other) for other in others]
        drafts.append(make_draft_version(make_rule(division), conditions=phone))

        for draft in drafts:
            assert rules.send_to_review(draft.pk, by=draft.author).status == VersionStatus.IN_REVIEW


class TestTheDatabase:
    """By raw SQL, as whoever found a way around the services."""

    def refuses(self, sql, *args):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, args)

    @pytest.mark.parametrize(
        "column", ["wait_count = 1", "bills_needed = 0", "conditions = '{}'", "budget = 5", "currency = 'MXN'"]
    )
    def test_refuses_another_wording_of_what_is_no_draft(self, rule, column):
        conditions = asking("channel", Comparison.EQUAL, "web")
        version = make_version(rule, conditions=conditions)

        self.refuses(f"UPDATE commissions_ruleversion SET {column} WHERE id = %s", version.pk)

    @pytest.mark.parametrize(
        "moments",
        [
            "approved_at = now(), effective_from = now() + interval '3654 days'",
            "approved_at = now(), effective_from = '9999-12-31 23:59-05'",
            "effective_from = '0001-01-01 00:00+14'",
            "effective_until = '9999-12-31 23:59-05'",
        ],
    )
    def test_refuses_a_moment_that_cannot_be_meant(self, rule, moments):
        version = make_draft_version(rule)

        self.refuses(f"UPDATE commissions_ruleversion SET {moments} WHERE id = %s", version.pk)

    def test_refuses_a_budget_below_nothing(self, rule):
        version = make_draft_version(rule)

        self.refuses("UPDATE commissions_ruleversion SET budget = -0.01 WHERE id = %s", version.pk)

    def test_takes_another_wording_of_a_draft(self, rule):
        version = make_draft_version(rule)

        with connection.cursor() as cursor:
            cursor.execute("UPDATE commissions_ruleversion SET wait_count = 1 WHERE id = %s", [version.pk])

        version.refresh_from_db()
        assert version.wait_count == 1

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE commissions_rewardterm SET amount = 99 WHERE version_id = %s",
            "DELETE FROM commissions_rewardterm WHERE version_id = %s",
            (
                "INSERT INTO commissions_rewardterm (version_id, side, form, basis, amount, tiers, families) "
                "VALUES (%s, 'friend', 'bill_credit', 'flat', 99, '[]', '{}')"
            ),
            "DELETE FROM commissions_ruleversion WHERE id = %s",
            "UPDATE commissions_ruleversion SET status = 'draft' WHERE id = %s",
            "UPDATE commissions_ruleversion SET effective_from = effective_from - interval '1 day' WHERE id = %s",
            "UPDATE commissions_ruleversion SET approver_id = author_id WHERE id = %s",
        ],
    )
    def test_refuses_another_promise_another_approval_or_none(self, rule, sql):
        self.refuses(sql, make_version(rule).pk)

    def test_refuses_a_promise_in_review(self, rule):
        version = in_review(rule)

        self.refuses("UPDATE commissions_rewardterm SET amount = 99 WHERE version_id = %s", version.pk)

    def test_refuses_a_promise_that_is_carried_elsewhere(self, rule):
        version, draft = make_version(rule), make_draft_version(make_rule(rule.division))
        RewardTerm.objects.filter(version=draft).delete()

        sql = "UPDATE commissions_rewardterm SET version_id = %s WHERE version_id = %s"
        self.refuses(sql, draft.pk, version.pk)

    def test_refuses_its_writer_as_approver(self, rule, operator):
        version = make_draft_version(rule)
        rules.write_version(version.pk, Wording(values={"wait_count": 9}), by=operator)
        rules.send_to_review(version.pk, by=version.author)

        self.refuses("UPDATE commissions_ruleversion SET approver_id = %s WHERE id = %s", operator.pk, version.pk)

    def test_refuses_another_place_for_a_rule_that_was_in_force(self, rule):
        make_version(rule)

        self.refuses("UPDATE commissions_rule SET priority = 1 WHERE id = %s", rule.pk)

    def test_takes_another_place_for_a_rule_that_never_was(self, rule):
        make_draft_version(rule)
        Rule.objects.filter(pk=rule.pk).update(priority=1)

        rule.refresh_from_db()
        assert rule.priority == 1

    def test_refuses_an_end_before_what_was_ordered_under_it(self, market):
        rule = make_rule(market.division)
        version = make_version(rule)
        referral = make_referral(market=market)
        sql = "UPDATE commissions_ruleversion SET effective_until = %s WHERE id = %s"
        earlier = referral.ordered_at - timedelta(minutes=1)

        self.refuses(sql, earlier, version.pk)
        with connection.cursor() as cursor:
            cursor.execute(sql, [referral.ordered_at + timedelta(days=1), version.pk])
        self.refuses(sql, earlier, version.pk)

    def test_takes_an_end_where_another_begins_but_not_from_what_was_promised(self, market):
        rule = make_rule(market.division)
        version = make_version(rule)
        referral = make_referral(market=market)
        before = referral.ordered_at - timedelta(minutes=1)

        second = make_version(rule, effective_from=before)
        accrue_rewards(referral.pk)

        version.refresh_from_db()
        assert (version.status, version.effective_until) == (VersionStatus.SUPERSEDED, before)
        with pytest.raises(DatabaseError), transaction.atomic():
            make_version(rule, effective_from=before + timedelta(seconds=1))
        second.refresh_from_db()
        assert (second.status, second.effective_until) == (VersionStatus.IN_FORCE, None)

    def test_deletes_a_draft_with_its_terms(self, rule):
        make_draft_version(rule).delete()

        assert not RuleVersion.objects.exists()


class TestWhichRuleCounts:
    def test_is_the_nearest_divisions(self, rule, division):
        franchise = make_division(parent=division)
        programme = make_programme(division)
        top, own = make_version(rule), make_version(make_rule(franchise))

        assert version_in_force(franchise, programme, now()) == own
        assert version_in_force(division, programme, now()) == top
        assert version_in_force(make_division(parent=division), programme, now()) == top

    def test_is_the_programmes_own_before_the_one_for_all(self, rule, division):
        programme = make_programme(division)
        for_all = make_version(rule)
        own = make_version(make_rule(division, programme=programme, priority=200))

        assert version_in_force(division, programme, now()) == own
        assert version_in_force(division, make_programme(division), now()) == for_all

    def test_is_the_first_by_priority_whose_conditions_hold(self, rule, division):
        programme = make_programme(division)
        dear = make_rule(division, priority=10)
        special = make_version(dear, conditions=asking("monthly", Comparison.AT_LEAST, "80", kind=Kind.NUMBER))
        general = make_version(rule)

        assert resolve_rule(division, programme, now(), {"monthly": Decimal(80)}).version == special
        resolution = resolve_rule(division, programme, now(), {"monthly": Decimal("79.99")})
        assert resolution.version == general
        assert [(version, decision.holds) for version, decision in resolution.tried] == [
            (special, False),
            (general, True),
        ]

    def test_is_none_where_the_divisions_own_does_not_hold_whatever_stands_above(self, rule, division):
        make_version(rule)
        franchise = make_division(parent=division)
        make_version(make_rule(franchise), conditions=asking("channel", Comparison.EQUAL, "door"))

        assert resolve_rule(franchise, make_programme(division), now(), {"channel": "web"}).version is None

    def test_takes_what_is_not_known_as_the_condition_says(self, rule, division):
        passing = asking("campaign", Comparison.EQUAL, "spring", if_insufficient=CriterionStep.NEXT)
        version = make_version(rule, conditions=passing)
        programme = make_programme(division)

        assert resolve_rule(division, programme, now(), {"campaign": None}).version == version
        assert resolve_rule(division, programme, now(), {"campaign": "autumn"}).version is None


class TestATimeline(TestCase):
    """Whatever versions there were, an order has exactly the last one that began before it, or at its very moment."""

    @given(
        starts=st.lists(st.integers(1, 400), min_size=1, max_size=6, unique=True),
        swept=st.integers(0, 400),
        ordered=st.integers(0, 401),
        ended=st.none() | st.integers(1, 400),
    )
    @hypothesis_settings(max_examples=40)
    def test_prices_by_the_version_in_force_at_submit(self, starts, swept, ordered, ended):
        division = make_division()
        rule, programme = make_rule(division), make_programme(division)
        author, auditor = make_person(Role.OPERATOR, division), make_person(Role.AUDITOR, division)
        hours = [NOON + timedelta(hours=start) for start in starts]
        with time_machine.travel(NOON, tick=False):
            for number, moment in enumerate(hours):
                draft = make_draft_version(rule, wait_count=number, by=author)
                rules.send_to_review(draft.pk, by=author)
                rules.approve_version(draft.pk, shown=digest_shown(draft), effective_from=moment, by=auditor)
        sweep = NOON + timedelta(hours=swept)
        rules.put_due_versions_in_force(sweep)
        over = None
        current = RuleVersion.objects.filter(rule=rule, status=VersionStatus.IN_FORCE).first()
        if ended and current and NOON + timedelta(hours=ended) > max(sweep, current.effective_from):
            over = NOON + timedelta(hours=ended)
            with time_machine.travel(sweep, tick=False):
                rules.end_version(current.pk, shown=digest_shown(current), at=over, by=auditor)
        at = NOON + timedelta(hours=ordered)

        begun = [(moment, number) for number, moment in enumerate(hours) if moment <= at]
        expected = max(begun)[1] if begun else None
        if over and current and expected == current.wait_count and at >= over:
            expected = None
        found = version_in_force(division, programme, at)

        assert (found.wait_count if found else None) == expected


class TestAnyStep(TestCase):
    """Whatever is promised from some reward on is refused, or can be paid."""

    @given(
        much=st.decimals() | st.decimals(min_value=0, max_value=2_000_000, places=3),
        basis=st.sampled_from([Basis.FLAT, Basis.PERCENT_CASH]),
    )
    @hypothesis_settings(max_examples=60)
    def test_is_refused_or_can_be_paid(self, much, basis):
        division = make_division()
        author = make_person(Role.OPERATOR, division)
        draft = rules.start_version(make_rule(division, by=author).pk, by=author)
        name, kept_as, places = ("amount", "amount", 2) if basis == Basis.FLAT else ("percent", "rate", 3)
        term = TermDescription(side=Side.REFERRER, basis=basis, tiers=((2, much),), **{name: Decimal(5)})

        try:
            rules.write_version(draft.pk, Wording(terms=(term,)), by=author)
        except NotAllowed:
            return

        ((_first, step),) = draft.terms.get().tiers
        reward = Reward._meta.get_field(kept_as)
        assert Decimal(step) == reward.clean(round(Decimal(step), places), None) > 0


class TestTheWords:
    def test_say_the_whole_default_rule(self, rule):
        version = make_draft_version(rule, clawback_full_days=90, clawback_none_days=180, most_per_year=10)

        assert rule_in_words(version) == [
            "It holds for every referred order.",
            "The referrer gets a bill credit of $50.00.",
            "It is earned 3 months after installation at the earliest.",
            "By then 3 bills of the friend must be paid in full.",
            "No bill may be paid more than 5 days after it is due. A due date on a weekend counts as the Monday after.",
            "The friend must still be served on that day.",
            "What is not earned within 12 months of installation is forfeited.",
            (
                "If the friend leaves within 90 days of installation, all of it is taken back; after that less each day, "
                "and nothing from day 180 on."
            ),
            "Nobody gets more than 10 in a year.",
        ]

    def test_say_steps_percentages_free_months_and_conditions(self, rule):
        steps = ((5, Decimal("50.00")),)
        terms = [
            TermDescription(side=Side.REFERRER, amount=Decimal("25.00"), tiers=steps),
            TermDescription(side=Side.FRIEND, form=RewardForm.FREE_MONTH),
        ]
        conditions = asking("families", Comparison.CONTAINS, "internet")
        version = make_draft_version(rule, terms=terms, conditions=conditions, budget=Decimal("1000.00"))

        said = rule_in_words(version)

        assert said[0] == "It holds for orders of which this is true: kinds of service ordered include Internet."
        assert said[1] == "The referrer gets a bill credit of $25.00; from reward number 5 on $50.00."
        assert said[2].startswith("The friend gets a free month")
        assert said[-1] == (
            "All rewards of the rule, those of its earlier versions included, are at most $1,000.00 together."
        )

    def test_say_a_percentage_and_of_what(self, rule):
        term = TermDescription(side=Side.REFERRER, basis=Basis.PERCENT_CASH, percent=Decimal("12.5"))

        said = rule_in_words(make_draft_version(rule, terms=[term]))[1]

        assert said.startswith("The referrer gets a bill credit of 12.5 % (")

    def test_say_what_differs_and_nothing_else(self, rule, operator):
        former = make_version(rule)
        draft = rules.start_version(rule.pk, by=operator)
        rules.write_version(draft.pk, Wording(values={"bills_needed": 2, "most_ever": 5}), by=operator)
        draft.refresh_from_db()

        assert [(one.before, one.after) for one in diff_of(draft, former)] == [
            (
                "By then 3 bills of the friend must be paid in full.",
                "By then 2 bills of the friend must be paid in full.",
            ),
            ("", "Nobody gets more than 5 in all."),
        ]


class TestConditionsApart:
    @pytest.mark.parametrize(
        ("one", "other", "apart"),
        [
            (("monthly", Comparison.LESS, "50"), ("monthly", Comparison.AT_LEAST, "50"), True),
            (("monthly", Comparison.AT_MOST, "50"), ("monthly", Comparison.AT_LEAST, "50"), False),
            (("monthly", Comparison.BETWEEN, "1", "9"), ("monthly", Comparison.GREATER, "9"), True),
            (("monthly", Comparison.NOT_EQUAL, "9"), ("monthly", Comparison.EQUAL, "9"), False),
            (("package", Comparison.IN, "a", "b"), ("package", Comparison.EQUAL, "C"), True),
            (("package", Comparison.IN, "a", "b"), ("package", Comparison.EQUAL, "B "), False),
            (("package", Comparison.EQUAL, "a"), ("campaign", Comparison.EQUAL, "b"), False),
            (("products", Comparison.CONTAINS, "a"), ("products", Comparison.CONTAINS, "b"), False),
        ],
    )
    def test_are_found_where_it_is_plain(self, one, other, apart):
        first, second = (
            RuleSet.from_json(asking(*said, kind=Kind.NUMBER if said[0] == "monthly" else Kind.TEXT))
            for said in (one, other)
        )

        assert are_apart(first, second) is are_apart(second, first) is apart

    def test_are_not_where_one_asks_nothing(self, rule):
        asked = RuleSet.from_json(asking("channel", Comparison.EQUAL, "web"))

        assert not are_apart(conditions_of(make_draft_version(rule)), asked)
