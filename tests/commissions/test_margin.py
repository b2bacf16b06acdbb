"""A share of the margin: reckoned from costs that were known when the friend ordered, and told to nobody."""

import json
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from catalog.models import Cost, Product
from catalog.queries import costs_of
from catalog.services import set_cost
from catalog.states import PriceKind
from commissions.events import NothingAccrued
from commissions.models import LedgerEntry, Reward, RuleVersion
from commissions.queries.export import export_all
from commissions.queries.reckoning import Bases, reckon
from commissions.queries.rules import resolve_rule, rule_in_words
from commissions.queries.trace import trace_of
from commissions.queries.trials import try_version
from commissions.services.accrual import accrue_rewards
from commissions.services.letters import send_earned
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.states import Basis, Side, WaitUnit
from commissions.testing import (
    make_draft_version,
    make_programme,
    make_referral,
    make_referrer,
    make_rule,
    make_version,
)
from foundation.correspondence.models import Document, Message
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from foundation.rules import Comparison, Criterion, CriterionStep, Group, GroupStep, Kind, RuleSet
from orders.services import send_confirmation
from orders.states import OrderStatus
from orders.testing import make_order
from sandbox.recount.export import Cost as ExportedCost, Division
from sandbox.recount.margin import margins_of
from sandbox.recount.vendor import Item
from tests.url_matrix import TELLS_COST

pytestmark = pytest.mark.django_db

MONTHLY, ONE_TIME = Basis.MARGIN_MONTHLY, Basis.MARGIN_ONE_TIME


def cost_everything(market, amount="13.37", *, but=()) -> None:
    """Say of every price of a market what it costs, from long ago on."""
    for product in Product.objects.filter(division=market.division).exclude(family__in=but):
        for kind in product.prices.values_list("kind", flat=True):
            set_cost(
                product.pk, division=market.division, kind=PriceKind(kind), amount=Decimal(amount),
                starts_on=date(2020, 1, 1), by=None,
            )  # fmt: skip


def share(percent, basis=MONTHLY, side=Side.REFERRER):
    return TermDescription(side=side, basis=basis, percent=Decimal(percent))


def flat(amount, side=Side.REFERRER):
    return TermDescription(side=side, amount=Decimal(amount))


class TestTheAmount:
    def test_is_a_share_of_what_is_charged_less_what_it_costs(self, market, rule, referrer):
        cost_everything(market)
        make_version(rule, terms=[share("10"), share("50", ONE_TIME, Side.FRIEND)])

        mine, theirs = accrue_rewards(make_referral(referrer, market=market).pk)

        assert mine.amount == Decimal("7.54")  # a tenth of 115.50 - 3 × 13.37 = 75.39
        assert theirs.amount == Decimal("30.82")  # half of 75.00 - 13.37 = 61.63, rounded half up
        assert LedgerEntry.objects.get(reward=mine).amount == mine.amount

    def test_stays_what_it_was_when_the_friend_ordered(self, market, rule, referrer):
        cost_everything(market)
        make_version(rule, terms=[share("10")])
        referral = make_referral(referrer, market=market)
        for product in Product.objects.filter(division=market.division, family="internet"):
            day = today(market.division)
            set_cost(
                product.pk, division=market.division, kind=PriceKind.RECURRING, amount=None, starts_on=day, by=None
            )

        (reward,) = accrue_rewards(referral.pk)

        assert reward.amount == Decimal("7.54")

    def test_recomputed_from_its_inputs_is_the_same(self, market, rule, referrer):
        cost_everything(market)
        make_version(rule, terms=[share("12.345")])
        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)

        base = Decimal(reward.inputs["base"])
        bases = Bases(monthly=Decimal(0), one_time=Decimal(0), margin_monthly=base, free_month={})
        again = reckon(reward.term, ordinal=reward.inputs["ordinal"], bases=bases, currency=reward.currency)

        assert again.amount == reward.amount

    @pytest.mark.parametrize("cost", ["38.50", "50.00"])
    def test_is_nothing_of_a_margin_of_nothing_or_below(self, market, rule, referrer, cost):
        cost_everything(market, cost)
        version = make_version(rule, terms=[share("10")])
        referral = make_referral(referrer, market=market)

        assert accrue_rewards(referral.pk) == []
        assert published(NothingAccrued) == [NothingAccrued(referral_id=referral.pk, version_id=version.pk)]


class TestACostThatNobodyKnows:
    def test_lets_the_rule_decide_that_it_does_not_know(self, market, rule, referrer):
        cost_everything(market, but=["voice"])
        make_version(rule, terms=[share("10"), flat("20.00", Side.FRIEND)])
        referral = make_referral(referrer, market=market)

        assert accrue_rewards(referral.pk) == []

        told = NothingAccrued(referral_id=referral.pk, version_id=0, unknown=["margin_monthly"])
        assert published(NothingAccrued) == [told]
        csr = sign_in(Client(), make_person(Role.CSR, market.division))
        page = csr.get(reverse("desk:referral", args=[referral.pk])).content.decode()
        assert "Not known: monthly margin before taxes" in page

    def test_leaves_the_order_to_the_next_rule(self, market, rule, referrer):
        cost_everything(market, but=["voice"])
        dear = make_version(make_rule(market.division, priority=10), terms=[share("10")])
        other = make_version(rule, terms=[flat("5.00")])
        referral = make_referral(referrer, market=market)

        (reward,) = accrue_rewards(referral.pk)

        assert (reward.version, reward.amount) == (other, Decimal("5.00"))
        facts = {"margin_monthly": None, "margin_one_time": Decimal(1)}
        resolution = resolve_rule(market.division, referral.programme, now(), facts)
        assert [(version, decision.holds) for version, decision in resolution.tried] == [(dear, False), (other, True)]
        assert resolution.missing == ["margin_monthly"]

    def test_does_not_matter_where_the_other_margin_is_shared(self, market, rule, referrer):
        cost_everything(market, but=["voice"])
        make_version(rule, terms=[share("50", ONE_TIME)])

        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)

        assert reward.amount == Decimal("30.82")

    @pytest.mark.parametrize(
        ("if_unknown", "is_paid"), [(CriterionStep.NEXT, True), (CriterionStep.GROUP_FALSE, False)]
    )
    def test_counts_in_a_condition_as_that_says(self, market, rule, referrer, if_unknown, is_paid):
        criterion = Criterion(
            fact="margin_monthly", kind=Kind.NUMBER, comparison=Comparison.AT_LEAST, values=("10",),
            if_insufficient=if_unknown,
        )  # fmt: skip
        group = Group(criteria=(criterion,), if_true=GroupStep.HOLDS, if_false=GroupStep.NEXT)
        make_version(rule, conditions=RuleSet(groups=(group,), otherwise=False).as_json())

        rewards = accrue_rewards(make_referral(referrer, market=market).pk)

        assert bool(rewards) == is_paid

    def test_is_said_when_a_version_is_tried_on_past_orders(self, market, rule, referrer):
        cost_everything(market, but=["voice"])
        make_referral(referrer, market=market)
        draft = make_draft_version(rule, terms=[share("10")])

        trial = try_version(RuleVersion.objects.get(pk=draft.pk))

        assert (trial.holds, trial.with_it.cost) == (0, 0)
        assert trial.refusals == (("not known: monthly margin before taxes", 1),)


class TestATrial:
    """Its sums would tell what products cost us."""

    @pytest.fixture
    def below(self, market):
        return make_division("Below", parent=market.division)

    def tried(self, version, *people) -> list[bool]:
        """Tell of each person whether the page of a version shows them a trial, or says why not."""
        address = reverse("admin:commissions_ruleversion_change", args=[version.pk]) + "?try=1"
        pages = [sign_in(Client(), person).get(address).content.decode() for person in people]
        shown = ["Tried on past orders" in page for page in pages]
        assert shown == ["would show what products cost us" not in page for page in pages]
        return shown

    def asking(self, division, fact=MONTHLY):
        asks = Criterion(fact=fact, kind=Kind.NUMBER, comparison=Comparison.AT_LEAST, values=("75.39",))
        conditions = RuleSet(groups=(Group(criteria=(asks,), if_true=GroupStep.HOLDS),))
        return make_draft_version(make_rule(division), terms=[flat("50")], conditions=conditions.as_json())

    def test_of_a_share_is_for_those_who_configure_all_divisions_whose_costs_count(self, market, below):
        cost_everything(market)
        people = [
            make_person(Role.OPERATOR, market.division),
            make_person(Role.OPERATOR, below),
            make_person(Role.AUDITOR, market.division),
        ]

        version = make_draft_version(make_rule(below), terms=[share("100")])

        assert self.tried(version, *people) == [True, False, False]
        assert self.tried(self.asking(below), *people) == [True, False, False]
        assert self.tried(make_draft_version(make_rule(below), terms=[flat("50")]), *people) == [True, True, True]
        assert self.tried(self.asking(below, "monthly"), *people) == [True, True, True]

    def test_of_a_share_is_theirs_where_only_their_own_division_has_costs(self, market, below):
        operator, auditor = make_person(Role.OPERATOR, below), make_person(Role.AUDITOR, below)

        assert self.tried(make_draft_version(make_rule(below), terms=[share("100")]), operator, auditor) == [
            True,
            False,
        ]

    def test_of_something_else_does_not_show_a_share_that_is_in_force_to_who_reads_it(self, market, below):
        cost_everything(market)
        make_version(make_rule(market.division), terms=[share("10")])
        auditor, operator = make_person(Role.AUDITOR, market.division), make_person(Role.OPERATOR, below)
        flat_one = make_draft_version(make_rule(below), terms=[flat("50")])

        assert self.tried(flat_one, auditor, operator) == [False, True]
        make_version(make_rule(below), terms=[share("100")])
        assert self.tried(flat_one, operator) == [False]


class TestWords:
    def test_say_to_who_configures_what_is_shared(self, rule):
        version = make_version(rule, terms=[share("10")])

        said = "The referrer gets a bill credit of 10 % (Percent of the monthly margin on the friend's order)."
        assert said in rule_in_words(version, "en")

    def test_of_a_reward_and_all_that_is_written_of_it_tell_neither_cost_nor_margin(self, market, rule):
        cost_everything(market)
        own = make_order(OrderStatus.COMPLETED, market)
        referrer = make_referrer(make_programme(market.division), account=own.account)
        make_version(rule, terms=[share("10")], wait_count=0, wait_unit=WaitUnit.DAYS, bills_needed=0)
        (reward,) = accrue_rewards(make_referral(referrer, market=market).pk)
        reconsider(reward.friend_account_id)
        send_confirmation(own.pk)
        send_earned(reward.pk)
        reward = Reward.objects.get(pk=reward.pk)
        payee = make_person(Role.CUSTOMER, market.division)
        own.customer.user = payee
        own.customer.save()

        told = [
            *trace_of(reward).lines(),
            reward.calculation,
            *map(str, Message.objects.values_list("subject_line", "text", "html")),
            *map(str, Event.objects.values_list("payload", flat=True)),
            *(_text_of(bytes(content)) for content in Document.objects.values_list("content", flat=True)),
            *self._read(sign_in(Client(), payee), reward),
        ]

        assert reward.status == "payable"
        assert Message.objects.count() == 2
        assert Document.objects.exists()
        assert "A share of what the order brings: $7.54" in told
        assert [text for text in told if TELLS_COST.search(text)] == []

    def _read(self, client, reward):
        entry = reward.entries.last()
        places = ("statements", "referrals")
        yield from (client.get(reverse(f"selfcare:{place}")).content.decode() for place in places)
        period = (entry.period if entry else today(reward.division)).isoformat()
        for kind in ("statement", "statement_csv", "statement_pdf"):
            answer = client.get(reverse(f"selfcare:{kind}", args=[reward.payee_id]), {"month": period[:7]})
            assert answer.status_code == 200, kind
            yield _text_of(answer.getvalue())


def _text_of(content: bytes) -> str:
    if content.startswith(b"%PDF"):
        return "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    return content.decode(errors="replace")


class TestTheRecount:
    @pytest.fixture
    def recounted(self, market, rule, referrer):
        """What the recount finds of an order, and the export that it finds it in."""
        make_version(rule, terms=[share("10")])

        def recount():
            referral = make_referral(referrer, market=market)
            written = json.loads(json.dumps(export_all(), cls=DjangoJSONEncoder))
            lines = referral.order.lines.all()
            division = next(one for one in written["divisions"] if one["code"] == market.division.code)
            costs = [
                ExportedCost(
                    one["product"], one["division"], one["kind"], date.fromisoformat(one["starts_on"]),
                    date.fromisoformat(one["ends_on"]) if one["ends_on"] else None, one["currency"],
                    None if one["cost"] is None else Decimal(one["cost"]),
                )
                for one in written["costs"]
            ]  # fmt: skip
            items = [Item(line.product_id, line.quantity, line.recurring, line.one_time) for line in lines]
            lineage, zone = tuple(division["lineage"]), market.division.zone
            place = Division(division["code"], lineage, zone, division["currency"])
            return margins_of(items, costs, place, today(market.division)), written

        return recount

    def test_finds_the_margin_from_the_dated_costs_and_not_from_ours(self, market, recounted):
        cost_everything(market)

        found, written = recounted()

        assert found == {"margin_monthly": Decimal("75.39"), "margin_one_time": Decimal("61.63")}
        (facts,) = (one["facts"] for one in written["referrals"])
        assert not {"margin_monthly", "margin_one_time"} & set(facts)

    def test_counts_no_cost_in_another_currency_as_we_do(self, market, recounted):
        cost_everything(market)
        [cost] = Cost.objects.filter(product__family="internet", kind=PriceKind.RECURRING)
        Cost.objects.filter(pk=cost.pk).update(currency="CAD")

        found, _written = recounted()

        ours = costs_of(market.division, today(market.division))
        assert ours.of(cost.product.code, PriceKind.RECURRING, 1) is None
        assert found == {"margin_monthly": None, "margin_one_time": Decimal("61.63")}
