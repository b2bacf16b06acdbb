"""Rules in the admin: composed in rows without a script, read back in sentences, approved by somebody else."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from commissions.forms import Composer, TermForm
from commissions.models import Rule, RuleVersion
from commissions.queries.rules import doubts_about_promises
from commissions.queries.trials import try_version
from commissions.services import rules
from commissions.services.accrual import accrue_rewards
from commissions.services.rules import TermDescription, Wording
from commissions.states import Basis, RewardForm, Side, VersionStatus
from commissions.testing import (
    FIFTY,
    make_draft_version,
    make_programme,
    make_referral,
    make_referrer,
    make_rule,
    make_version,
)
from config.local.sign_ins import totp
from foundation.divisions.fields import Texts
from foundation.divisions.services import set_value
from foundation.divisions.settings import CURRENCY
from foundation.divisions.testing import make_division, put_value
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import TOTP_SECRET, make_person, sign_in
from foundation.rules import RuleSet
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from referrals.models import Referral

pytestmark = pytest.mark.django_db


@pytest.fixture
def division():
    return make_division("Larkspur")


@pytest.fixture
def rule(division):
    return make_rule(division)


@pytest.fixture
def author(division):
    return make_person(Role.OPERATOR, division, name="Olly Operator")


@pytest.fixture
def operator(author) -> Client:
    return sign_in(Client(), author)


@pytest.fixture
def auditor(division) -> Client:
    return sign_in(Client(), make_person(Role.AUDITOR, division, name="Avery Auditor"))


@pytest.fixture
def draft(rule, author):
    return rules.start_version(rule.pk, by=author)


def address(version, move="change"):
    return reverse(f"admin:commissions_ruleversion_{move}", args=[version.pk])


def shown_to(client, version):
    """Return the digest that a version's page sends back with its buttons; empty where it has none that needs it."""
    sent = re.search(r'name="shown" value="([0-9a-f]{64})"', client.get(address(version)).content.decode())
    return sent[1] if sent else ""


def press(client, version, move, **values):
    """Press a button of a version's page as it stands, and return what follows."""
    return client.post(address(version, move), {"shown": shown_to(client, version), **values}, follow=True)


def filled(*conditions, button="save", **values):
    """Return what the page sends: the default rule, with some conditions and some other values."""
    rows = {
        f"conditions-{row}-{name}": text
        for row, condition in enumerate(conditions)
        for name, text in zip(("letter", "fact", "how", "value", "if_unknown"), condition, strict=True)
    }
    return {
        "conditions-TOTAL_FORMS": str(len(conditions)),
        "conditions-INITIAL_FORMS": "0",
        **rows,
        "wait_count": "3",
        "wait_unit": "months",
        "bills_needed": "3",
        "days_late_allowed": "5",
        "weekend_moves_due_date": "on",
        "must_be_active": "on",
        "months_to_qualify": "12",
        "clawback_full_days": "0",
        "clawback_none_days": "0",
        "referrer-gets": "flat",
        "referrer-value": "50",
        "friend-gets": "",
        button: "1",
    } | values


class TestARule:
    def test_is_added_with_its_first_version_open(self, operator, division):
        values = {"names_en": "Three months", "code": "three-months", "division": division.pk, "priority": "100"}

        page = operator.post(reverse("admin:commissions_rule_add"), values)

        version = RuleVersion.objects.get(rule__code="three-months")
        assert page.headers["Location"] == address(version)
        assert version.status == VersionStatus.DRAFT

    def test_stays_where_it_is_once_it_was_in_force(self, operator, rule):
        make_version(rule)
        values = {"names_en": "Another name", "priority": "1", "code": "other"}

        operator.post(reverse("admin:commissions_rule_change", args=[rule.pk]), values)

        rule.refresh_from_db()
        assert (str(rule.names), rule.priority) == ("Another name", 100)

    def test_lists_its_versions_and_starts_another(self, operator, rule):
        make_version(rule)

        page = operator.post(reverse("admin:commissions_rule_start", args=[rule.pk]))

        version = rule.versions.get(number=2)
        assert page.headers["Location"] == address(version)
        listed = operator.get(reverse("admin:commissions_rule_change", args=[rule.pk])).content.decode()
        assert "Version 1" in listed
        assert "Version 2" in listed

    def test_says_why_no_second_draft_is_started(self, operator, rule, draft):
        page = operator.post(reverse("admin:commissions_rule_start", args=[rule.pk]), follow=True)

        assert "Version 1 is being worked on." in page.content.decode()

    def test_shows_a_market_below_what_is_in_force_and_none_of_the_reasons(self, rule, division, author):
        withdrawn = make_draft_version(rule, reason="Too dear, says Ann")
        rules.withdraw_version(withdrawn.pk, by=author)
        shown = make_version(rule)
        below = make_person(Role.OPERATOR, make_division("Franchise", parent=division))

        page = sign_in(Client(), below).get(reverse("admin:commissions_rule_change", args=[rule.pk]))

        assert f"Version {shown.number}" in page.content.decode()
        assert f"Version {withdrawn.number}" not in page.content.decode()
        assert "Too dear" not in page.content.decode()
        assert "Written by" not in page.content.decode()

    def test_lists_versions_by_the_markets_own_clock(self, operator, rule):
        version = make_version(rule)
        local = version.effective_from.astimezone(rule.division.zone)

        page = operator.get(reverse("admin:commissions_ruleversion_changelist")).content.decode()

        assert f"{date_format(local, 'DATETIME_FORMAT')} {local:%Z}" in page


class TestTheComposer:
    def test_makes_the_default_rule(self, operator, draft):
        page = operator.post(address(draft), filled(), follow=True).content.decode()

        assert "The referrer gets a bill credit of $50.00." in page
        assert "It is earned 3 months after installation at the earliest." in page
        draft.refresh_from_db()
        assert (draft.conditions, draft.bills_needed) == ({}, 3)

    def test_makes_steps_and_a_free_month(self, operator, draft):
        values = {"referrer-value": "25", "referrer-from_1": "5", "referrer-value_1": "50", "friend-gets": "free_month"}

        operator.post(address(draft), filled(**values))

        mine, theirs = sorted(draft.terms.all(), key=lambda term: term.side, reverse=True)
        assert (mine.amount, mine.tiers) == (Decimal("25.00"), [[5, "50"]])
        assert (theirs.form, theirs.amount) == (RewardForm.FREE_MONTH, None)

    def test_makes_a_free_month_of_some_services(self, operator, draft):
        values = {"friend-gets": "free_month", "friend-families": ["internet", "video"]}

        page = operator.post(address(draft), filled(**values), follow=True).content.decode()

        assert "The friend gets a free month of Internet, TV: a credit of what they pay for it then." in page
        assert draft.terms.get(side=Side.FRIEND).families == ["internet", "video"]
        copied = TermForm.initial_of(draft.terms.get(side=Side.FRIEND))
        assert (copied["gets"], copied["families"]) == ("free_month", ["internet", "video"])

    @pytest.mark.parametrize(
        ("gets", "value", "said"),
        [
            ("cash:flat", "25", "The referrer gets cash, by bank transfer: $25.00."),
            ("cash:percent_monthly", "50", "The referrer gets cash, by bank transfer: 50 % (Percent of"),
        ],
    )
    def test_makes_cash_of_every_reckoning(self, operator, draft, gets, value, said):
        values = {"referrer-gets": gets, "referrer-value": value}

        page = operator.post(address(draft), filled(**values), follow=True).content.decode()

        assert said in page
        term = draft.terms.get()
        assert (term.form, f"cash:{term.basis}") == (RewardForm.CASH, gets)
        assert TermForm.initial_of(term)["gets"] == gets

    def test_refuses_cash_where_another_currency_is_sold_in(self, operator, division, author):
        set_value(division, CURRENCY, "CAD")
        draft = rules.start_version(make_rule(division).pk, by=author)

        page = operator.post(address(draft), filled(**{"referrer-gets": "cash:flat", "referrer-value": "25"}))

        assert "Banks transfer cash in USD only: choose a bill credit here." in page.content.decode()
        assert not draft.terms.exists()

    def test_makes_a_percentage(self, operator, draft):
        operator.post(address(draft), filled(**{"referrer-gets": "percent_cash", "referrer-value": "12.5"}))

        term = draft.terms.get()
        assert (term.basis, term.percent, term.amount) == (Basis.PERCENT_CASH, Decimal("12.500"), None)

    def test_takes_names_for_codes_and_joins_letters(self, operator, draft):
        conditions = [
            ("A", "families", "includes", "internet", "group_false"),
            ("A", "monthly", ">=", "$50", "group_false"),
            ("B", "customer_class", "in", "business, Residential", "group_false"),
            ("A", "", "", "", "group_false"),
            ("B", "products", "present", "", "next"),
        ]

        page = operator.post(address(draft), filled(*conditions), follow=True).content.decode()

        assert (
            "It holds for orders of which this is true: kinds of service ordered include Internet and monthly charges "
            "before taxes is at least $50.00; or customer class is one of Business, Residential and products ordered is "
            "known (passed over if it is not known)."
        ) in page
        draft.refresh_from_db()
        decide = RuleSet.from_json(draft.conditions).decide
        assert decide({"families": ["internet"], "monthly": Decimal(50)}).holds
        assert not decide({"families": ["internet"], "monthly": Decimal(49), "customer_class": "other"}).holds
        assert decide({"customer_class": "business", "products": ["a"]}).holds

    def test_knows_what_an_order_must_lack(self, operator, draft):
        operator.post(address(draft), filled(("A", "families", "lacks", "TV", "next")))

        draft.refresh_from_db()
        decide = RuleSet.from_json(draft.conditions).decide
        assert decide({"families": ["internet"]}).holds
        assert not decide({"families": ["internet", "video"]}).holds

    def test_shows_again_what_it_was_given(self, draft, operator):
        conditions = [
            ("A", "families", "lacks", "TV", "next"),
            ("B", "is_new_customer", "=", "yes", "group_false"),
            ("B", "monthly", "between", "10, 20", "group_false"),
        ]
        operator.post(address(draft), filled(*conditions))
        draft = RuleVersion.objects.get(pk=draft.pk)

        rows = [form.initial for form in Composer.of(draft).conditions.initial_forms]

        names = ("letter", "fact", "how", "value", "if_unknown")
        assert [tuple(row[name] for name in names) for row in rows] == conditions

    @pytest.mark.parametrize(
        ("condition", "said"),
        [
            (("A", "package", "=", "Moon", "group_false"), "“Moon” is not known."),
            (("A", "monthly", "in", "5", "group_false"), "Of “monthly charges before taxes” one can ask:"),
            (("A", "monthly", ">=", "much", "group_false"), "“much” is not a number."),
            (("A", "monthly", "between", "9", "group_false"), "needs two values"),
            (("A", "is_new_customer", "=", "maybe", "group_false"), "Write yes or no."),
            (("A", "families", "=", "TV", "group_false"), "Of “kinds of service ordered” one can ask:"),
            (("A", "", "=", "5", "group_false"), "Choose what is compared, and how."),
        ],
    )
    def test_says_beside_a_condition_what_is_wrong(self, operator, draft, condition, said):
        page = operator.post(address(draft), filled(condition)).content.decode()

        assert said in page
        draft.refresh_from_db()
        assert draft.conditions == {}

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"referrer-value": ""}, "Say how much."),
            ({"referrer-gets": "free_month"}, "Leave this empty, or choose a bill credit."),
            ({"referrer-families": ["video"]}, "Tick none, or choose a free month."),
            ({"referrer-from_1": "5"}, "A step needs both"),
            ({"referrer-value": "5.005"}, "at most two digits"),
            ({"referrer-from_1": "2", "referrer-value_1": "50.005"}, "at most two digits"),
            ({"referrer-gets": "percent_cash", "referrer-value": "1000"}, "At most 999.999 %."),
            (
                {"referrer-gets": "percent_cash", "referrer-from_1": "2", "referrer-value_1": "999999.999"},
                "At most 999",
            ),
            ({"referrer-from_1": "2", "referrer-value_1": "Infinity"}, "Enter a number."),
            ({"referrer-from_1": "2", "referrer-value_1": "1E+30"}, "no more than 9 digits"),
            ({"budget": "-1"}, "greater than or equal to 0"),
            ({"wait_count": "13"}, "Nobody can ever earn it: 13 months are longer than the 12 months"),
            ({"wait_count": "367", "wait_unit": "days"}, "Nobody can ever earn it: 367 days are longer"),
            ({"bills_needed": "13"}, "Nobody can ever earn it: 13 monthly bills do not fit into the 12 months"),
            ({"clawback_full_days": "90", "clawback_none_days": "30"}, "The second day lies before the first."),
            (
                {"referrer-from_1": "5", "referrer-value_1": "9", "referrer-from_2": "3", "referrer-value_2": "9"},
                "Steps",
            ),
        ],
    )
    def test_says_what_else_is_wrong(self, operator, draft, values, said):
        page = operator.post(address(draft), filled(**values)).content.decode()

        assert said in page
        assert not draft.terms.exists()

    def test_takes_what_somebody_can_just_earn(self, operator, draft):
        for wait in ({"wait_count": "12"}, {"wait_count": "366", "wait_unit": "days"}):
            operator.post(address(draft), filled(**wait, bills_needed="12"))

            draft.refresh_from_db()
            assert (str(draft.wait_count), draft.bills_needed) == (wait["wait_count"], 12)

    def test_is_not_shown_to_who_may_only_read(self, auditor, draft):
        page = auditor.get(address(draft)).content.decode()

        assert "What it says" in page
        assert "conditions-0-fact" not in page
        auditor.post(address(draft), filled())
        assert not draft.terms.exists()

    def test_sends_to_review_what_it_kept(self, operator, draft):
        operator.post(address(draft), filled(button="review"))

        draft.refresh_from_db()
        assert draft.status == VersionStatus.IN_REVIEW
        page = operator.get(address(draft)).content.decode()
        assert "You have written in this version yourself" in page
        assert "Approve this version" not in page


class TestApproving:
    @pytest.fixture
    def version(self, operator, draft):
        operator.post(address(draft), filled(button="review"))
        return RuleVersion.objects.get(pk=draft.pk)

    def test_waits_on_the_desk_of_who_may_and_has_not_written_it(self, auditor, operator, version):
        counts = {}
        for who, client in (("auditor", auditor), ("author", operator)):
            figures = client.get(reverse("desk:home")).context["figures"]
            counts[who] = {figure.label: str(figure.count) for figure in figures}["Rules to be approved"]

        assert counts == {"auditor": "1", "author": "0"}

    def test_is_somebody_elses(self, auditor, version):
        press(auditor, version, "approve", effective_from="")

        version.refresh_from_db()
        assert (version.status, version.approver.name) == (VersionStatus.IN_FORCE, "Avery Auditor")

    def test_is_of_what_was_read_and_nothing_else(self, auditor, operator, version):
        shown = shown_to(auditor, version)
        operator.post(address(version, "return"))
        operator.post(address(version), filled(button="review", **{"referrer-value": "9999"}))

        page = auditor.post(address(version, "approve"), {"shown": shown, "effective_from": ""}, follow=True)

        version.refresh_from_db()
        assert version.status == VersionStatus.IN_REVIEW
        assert "The version has changed since you saw it. Read it again." in page.content.decode()
        assert "$9,999.00" in page.content.decode()

    @pytest.mark.parametrize("other", ["division", "programme", "priority"])
    def test_is_of_where_it_was_read_to_hold(self, auditor, operator, version, division, other):
        """A rule that is moved between the reading and the approving is read again."""
        below = make_division("Franchise", parent=division)
        values = {"names_en": "Three months", "division": division.pk, "programme": "", "priority": "100"}
        moved = {"division": below.pk, "programme": make_programme(division).pk, "priority": "1"}
        shown = shown_to(auditor, version)
        operator.post(address(version, "return"))
        rule = reverse("admin:commissions_rule_change", args=[version.rule_id])
        operator.post(rule, {**values, other: moved[other]})
        operator.post(address(version), filled(button="review"))

        page = auditor.post(address(version, "approve"), {"shown": shown, "effective_from": ""}, follow=True)

        version.refresh_from_db()
        assert version.status == VersionStatus.IN_REVIEW
        assert Rule.objects.filter(**{other: moved[other]}).exists()
        assert "The version has changed since you saw it. Read it again." in page.content.decode()

    @pytest.mark.parametrize("is_moved", [True, False])
    def test_is_not_for_who_said_where_it_holds(self, operator, division, draft, is_moved):
        """Who moves a rule has written in its draft as much as who writes what it gives; who calls it otherwise has not."""
        mover = make_person(Role.OPERATOR, division)
        values = {
            "names_en": "Otherwise",
            "division": division.pk,
            "programme": "",
            "priority": "1" if is_moved else "100",
        }
        moving = sign_in(Client(), mover)
        moving.post(reverse("admin:commissions_rule_change", args=[draft.rule_id]), values)
        operator.post(address(draft), filled(button="review"))

        page = press(moving, draft, "approve", effective_from="").content.decode()

        draft.refresh_from_db()
        assert (draft.status == VersionStatus.IN_FORCE) is not is_moved
        assert ("You have written in this version yourself" in page) is is_moved
        assert str(Rule.objects.get(pk=draft.rule_id)) == "Otherwise"

    @pytest.mark.parametrize("is_defined", [True, False])
    def test_is_not_for_who_placed_the_rule_before_its_draft_was_begun(self, author, auditor, division, is_defined):
        """By the place, too, somebody says who earns what: until a version was approved, they have a part in each draft."""
        placer = make_person(Role.OPERATOR, division)
        placing, other = (
            sign_in(Client(), placer),
            {"names_en": "Three months", "division": division.pk, "programme": ""},
        )
        if is_defined:
            placing.post(reverse("admin:commissions_rule_add"), {**other, "code": "placed", "priority": "1"})
        else:
            changed = reverse("admin:commissions_rule_change", args=[make_rule(division, by=author).pk])
            placing.post(changed, {**other, "priority": "1"})
        rule = Rule.objects.get(priority=1)
        for begun in rule.versions.all():
            rules.withdraw_version(begun.pk, by=author)
        first = self._reviewed(rule, author)

        assert "You have written in this version yourself" in press(placing, first, "approve").content.decode()
        first.refresh_from_db()
        assert first.status == VersionStatus.IN_REVIEW
        press(auditor, first, "approve", effective_from="")
        second = self._reviewed(rule, author)
        press(placing, second, "approve", effective_from="")
        second.refresh_from_db()
        assert second.status == VersionStatus.IN_FORCE

    def _reviewed(self, rule, author):
        version = rules.start_version(rule.pk, by=author)
        sign_in(Client(), author).post(address(version), filled(button="review"))
        return version

    def test_asks_for_a_code_that_is_not_too_old_and_keeps_what_was_typed(self, auditor, version, division):
        with time_machine.travel(now() + timedelta(minutes=16), tick=False):
            moment = (now() + timedelta(days=3)).astimezone(division.zone).strftime("%Y-%m-%dT%H:%M")
            asked = press(auditor, version, "approve", effective_from=moment).content.decode()
            version.refresh_from_db()
            assert version.status == VersionStatus.IN_REVIEW
            assert "Give your code in another window" in asked
            assert moment in asked
            auditor.post(reverse("mfa_reauthenticate"), {"code": totp(TOTP_SECRET, now().timestamp())})
            press(auditor, version, "approve", effective_from=moment)

        version.refresh_from_db()
        assert version.status == VersionStatus.APPROVED

    def test_at_its_end_asks_for_a_code_too(self, auditor, version):
        press(auditor, version, "approve", effective_from="")

        with time_machine.travel(now() + timedelta(minutes=16), tick=False):
            assert "Give your code in another window" in press(auditor, version, "end").content.decode()

        version.refresh_from_db()
        assert version.status == VersionStatus.IN_FORCE

    def test_is_told_what_is_given_by_then_and_what_is_odd(self, auditor, division, rule):
        make_version(rule)
        accrue_rewards(make_referral(market=make_market(division)).pk)
        shares = [TermDescription(side=side, basis=Basis.PERCENT_CASH, percent=Decimal(75)) for side in Side]
        version = make_draft_version(rule, terms=shares, budget=Decimal("60.00"))

        page = auditor.get(address(version)).content.decode()

        assert "by all its versions: $50.00. Left of the budget: $10.00." in page
        assert "up to 150 % of what the friend pays" in page
        assert "can reckon what the friend pays" in page

    @pytest.mark.parametrize(("side", "is_told"), [(Side.REFERRER, True), (Side.FRIEND, False)])
    def test_is_told_that_a_percentage_tells_the_referrer_what_a_friend_pays(self, auditor, rule, side, is_told):
        share = TermDescription(side=side, basis=Basis.PERCENT_MONTHLY, percent=Decimal(10))

        page = auditor.get(address(make_draft_version(rule, terms=[share]))).content.decode()

        assert ("can reckon what the friend pays" in page) == is_told

    def test_by_its_author_is_refused_with_the_reason(self, operator, version):
        page = press(operator, version, "approve").content.decode()

        assert "You have written in this version yourself: another person must approve it." in page
        version.refresh_from_db()
        assert version.status == VersionStatus.IN_REVIEW

    def test_from_a_moment_on_takes_the_markets_own_clock(self, auditor, version, division):
        moment = (now() + timedelta(days=3)).astimezone(division.zone).replace(second=0, microsecond=0)

        press(auditor, version, "approve", effective_from=moment.strftime("%Y-%m-%dT%H:%M"))

        version.refresh_from_db()
        assert (version.status, version.effective_from) == (VersionStatus.APPROVED, moment)

    def test_of_a_moment_that_has_passed_is_refused(self, auditor, version):
        page = press(auditor, version, "approve", effective_from="2020-01-01T00:00")

        assert "This moment has passed." in page.content.decode()

    @pytest.mark.parametrize(
        ("moment", "said"),
        [
            ("9999-12-31T23:59", "Enter a year from 1900 to 2199."),
            ("0001-01-01T00:00", "Enter a year from 1900 to 2199."),
            ("2199-12-31T23:59", "This moment lies more than ten years ahead."),
        ],
    )
    def test_of_a_moment_in_another_age_is_refused_at_its_field(self, auditor, version, moment, said):
        page = press(auditor, version, "approve", effective_from=moment)

        assert page.context["approval"].errors == {"effective_from": [said]}
        assert said in page.content.decode()
        for name in ("ruleversion", "rule"):
            assert auditor.get(reverse(f"admin:commissions_{name}_changelist")).status_code == 200
        version.refresh_from_db()
        assert version.status == VersionStatus.IN_REVIEW

    @pytest.mark.parametrize(("move", "status"), [("return", "draft"), ("withdraw", "withdrawn")])
    def test_can_be_put_off_by_who_writes(self, operator, auditor, version, move, status):
        assert auditor.post(address(version, move)).status_code == 404

        operator.post(address(version, move))

        version.refresh_from_db()
        assert version.status == status

    def test_shows_what_changes_against_what_is_in_force(self, auditor, operator, version, rule):
        press(auditor, version, "approve")
        operator.post(reverse("admin:commissions_rule_start", args=[rule.pk]))
        second = rule.versions.get(number=2)
        operator.post(address(second), filled(bills_needed="2", button="review"))

        page = auditor.get(address(second)).content.decode()

        assert "<del>By then 3 bills of the friend must be paid in full.</del>" in page
        assert "<ins>By then 2 bills of the friend must be paid in full.</ins>" in page


class TestTryingOnPastOrders:
    @pytest.fixture
    def market(self, division):
        return make_market(division)

    def test_counts_who_would_get_what_against_what_is_in_force(self, market, rule, draft, operator):
        referrer = make_referrer(make_programme(market.division))
        for _friend in range(3):
            make_referral(referrer, market=market)
        rules.withdraw_version(draft.pk, by=draft.author)
        make_version(rule)
        terms = [TermDescription(side=Side.REFERRER, amount=Decimal("25.00"), tiers=((3, Decimal("90.00")),))]
        tried = make_draft_version(rule, terms=terms)

        trial = try_version(tried)

        assert (trial.orders, trial.holds, trial.refusals) == (3, 3, ())
        assert (trial.with_it.cost, trial.as_it_is.cost) == (Decimal("140.00"), Decimal("150.00"))
        assert trial.difference == Decimal("-10.00")
        page = operator.get(f"{address(tried)}?try=1").content.decode()
        assert "3 referred orders since" in page
        assert "-$10.00" in page

    def test_says_why_it_does_not_hold(self, market, draft, operator):
        make_referral(make_referrer(make_programme(market.division)), market=market)
        operator.post(address(draft), filled(("A", "monthly", ">=", "500", "group_false")))

        trial = try_version(RuleVersion.objects.get(pk=draft.pk))

        assert (trial.holds, trial.with_it.rewarded) == (0, 0)
        assert trial.refusals == (("not true: monthly charges before taxes is at least $500.00", 1),)

    def test_leaves_out_the_orders_of_a_division_below_with_a_rule_of_its_own(self, market, division, draft):
        below = make_market(make_division(parent=division))
        make_version(make_rule(below.division))
        make_referral(market=below)

        assert try_version(draft).orders == 0

    def test_says_that_another_rule_comes_first(self, market, division, draft):
        make_version(make_rule(division, priority=1))
        make_referral(market=market)

        trial = try_version(draft)

        assert [count for _reason, count in trial.refusals] == [1]
        assert "comes first" in trial.refusals[0][0]

    def test_stops_at_its_limits(self, market, rule):
        referrer = make_referrer(make_programme(market.division))
        for _friend in range(3):
            make_referral(referrer, market=market)

        trial = try_version(make_draft_version(rule, most_ever=2))
        poor = try_version(make_draft_version(make_rule(market.division, priority=7), budget=Decimal("60.00")))

        assert (trial.with_it.rewards, trial.with_it.limited) == (2, 1)
        assert (poor.with_it.rewards, poor.with_it.cost) == (1, Decimal("50.00"))

    def test_has_of_a_budget_what_other_orders_have_left(self, market, rule):
        make_version(rule)
        old, new = make_referral(market=market), make_referral(market=market)
        for referral in (old, new):
            accrue_rewards(referral.pk)
        Referral.objects.filter(pk=old.pk).update(ordered_at=now() - timedelta(days=91))

        draft = make_draft_version(rule, budget=Decimal("90.00"))
        trial = try_version(draft)
        draft.budget = Decimal("100.00")
        enough = try_version(draft)

        assert (trial.orders, trial.with_it.rewards, trial.with_it.limited) == (1, 0, 1)
        assert (enough.with_it.rewards, enough.with_it.limited) == (1, 0)

    def test_prices_a_free_month_of_who_is_not_installed_yet_by_what_they_ordered(self, market, rule):
        make_referral(market=market, order=make_order(OrderStatus.PENDING, market), is_installed=False)
        free_month = TermDescription(side=Side.FRIEND, form=RewardForm.FREE_MONTH)

        trial = try_version(make_draft_version(rule, terms=[free_month]))

        assert trial.with_it.cost == Decimal("115.50")
        of_tv = TermDescription(side=Side.FRIEND, form=RewardForm.FREE_MONTH, families=("video",))
        trial = try_version(make_draft_version(make_rule(market.division, priority=8), terms=[of_tv]))
        assert Decimal(0) < trial.with_it.cost < Decimal("115.50")

    def test_gives_nothing_that_is_not_known_yet_out_of_a_budget_that_is_used_up(self, market, rule):
        make_referral(market=market)
        of_cash = TermDescription(side=Side.FRIEND, basis=Basis.PERCENT_CASH, percent=Decimal(10))

        trial = try_version(make_draft_version(rule, terms=[*FIFTY, of_cash], budget=Decimal("50.00")))

        assert (trial.with_it.rewards, trial.with_it.unknown, trial.with_it.limited) == (1, 0, 1)

    def test_takes_no_more_statements_for_more_orders(self, market, rule, django_assert_max_num_queries):
        referrer = make_referrer(make_programme(market.division))
        draft = make_draft_version(rule)
        for _friend in range(4):
            make_referral(referrer, market=market)

        try_version(draft)  # what is remembered of the configuration is read once
        with django_assert_max_num_queries(40) as one:
            try_version(draft)
        make_referral(referrer, order=make_order(OrderStatus.COMPLETED, market))
        try_version(draft)
        with django_assert_max_num_queries(len(one)):
            try_version(draft)

    def test_writes_nothing(self, market, rule, draft):
        make_referral(market=market)

        try_version(draft)

        assert not Rule.objects.exclude(granted=0).exists()


class TestWhatPeopleAreTold:
    def test_stands_beside_the_rule_that_is_to_be_approved(self, division, rule, draft, author, auditor):
        programme = make_programme(division)
        type(programme).objects.filter(pk=programme.pk).update(
            friend_rewards_in_words=Texts(en="$20 off your first bill"),
            terms_texts=Texts(en="Ninety days, paid on time."),
        )
        elsewhere = make_programme(make_division("Quillwort"))
        below = make_division(parent=division)
        apart = make_programme(below)
        make_version(make_rule(below, programme=apart))
        joined = make_programme(below)
        rewards = {elsewhere: "$999 at once", apart: "$77 of its own rule", joined: "$50 here too"}
        for one, told in rewards.items():
            type(one).objects.filter(pk=one.pk).update(rewards_in_words=Texts(en=told))
        rules.write_version(draft.pk, Wording(values={}, terms=FIFTY), by=author)
        rules.send_to_review(draft.pk, by=author)

        page = auditor.get(address(draft)).content.decode()

        for told in ("$50 here too", "$50 after three months", "$20 off your first bill", "Ninety days, paid on time."):
            assert told in page
        assert "$999 at once" not in page
        assert "$77 of its own rule" not in page
        assert page.count("promises the friend “$20 off your first bill”, and this gives them nothing.") == 1
        assert page.count("and this gives them") == 1

    def test_is_doubted_where_it_is_nothing_for_who_is_given_something(self, division, draft, author):
        programme = make_programme(division)
        version = rules.write_version(
            draft.pk, Wording(values={}, terms=[TermDescription(side=Side.FRIEND, amount=Decimal("20.00"))]), by=author
        )

        doubts = doubts_about_promises(RuleVersion.objects.get(pk=version.pk), [programme])

        assert doubts == [
            f"{programme} promises the referrer “$50 after three months”, and this gives them nothing.",
            f"{programme} promises the friend nothing, and this gives them something.",
        ]


class TestTheCurrency:
    def test_is_the_versions_own_whatever_is_sold_in_later(self, operator, auditor, division, rule, draft):
        operator.post(address(draft), filled(button="review", **{"referrer-value": "500"}))
        put_value(division, CURRENCY, "MXN")

        assert "The referrer gets a bill credit of $500.00." in auditor.get(address(draft)).content.decode()
        page = press(auditor, draft, "approve")

        assert "It is written in USD, in which nothing is sold here any longer." in page.content.decode()
        draft.refresh_from_db()
        assert draft.status == VersionStatus.IN_REVIEW

    def test_cannot_be_changed_on_the_settings_page_any_more(self, operator, division, draft):
        settings = reverse("admin:divisions_division_settings", args=[division.pk])

        page = operator.post(settings, {"divisions.currency:own": "on", "divisions.currency": "MXN"})

        assert list(page.context["form"].errors) == ["divisions.currency"]
        assert "It stays as it is" in page.content.decode()
        assert division.currency == "USD"


class TestEnding:
    def test_is_of_what_was_seen(self, operator, rule):
        version = make_version(rule)

        page = operator.post(address(version, "end"), {"shown": "0" * 64}, follow=True)

        version.refresh_from_db()
        assert version.status == VersionStatus.IN_FORCE
        assert "The version has changed since you saw it." in page.content.decode()

    def test_by_its_button_ends_a_rule_at_that_moment(self, operator, rule):
        version = make_version(rule)
        before = now()

        press(operator, version, "end")

        version.refresh_from_db()
        assert version.status == VersionStatus.SUPERSEDED
        assert before < version.effective_until < now()
