"""Referrals at the desk: what is stuck, who is credited and who is not, and where a customer's reward is."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commissions.services.accrual import accrue_rewards
from commissions.services.cases import pay
from commissions.services.holds import hold_reward
from commissions.services.qualification import reconsider
from commissions.states import HoldReason
from commissions.testing import make_rule, make_version
from foundation.now import now
from foundation.people.states import Role
from interfaces.desk.following import referrals_followed_by, stuck
from orders.services import CODE_MARK, add_attribution
from orders.states import OrderStatus
from orders.testing import bring_to, make_draft
from referrals import services
from referrals.models import Referral, Signal
from referrals.states import SignalKind, SignalStatus
from referrals.testing import make_click, make_invitation, make_programme, make_referral, make_referrer
from tests.commissions.paying import make_earned, make_payouts, make_several

pytestmark = pytest.mark.django_db


def page_of(client, name, pk=None, **query):
    return client.get(reverse(f"desk:{name}", args=[pk] if pk else []), query)


def listed(client, **query) -> list[Referral]:
    return list(page_of(client, "referrals", **query).context["page"].rows)


@pytest.fixture
def contested(market):
    """A referral whose friend gave one referrer's code after following another one's link."""
    winner, loser = make_referrer(market), make_referrer(market)
    order = make_draft(market)
    add_attribution(order.pk, f"touch:{make_click(loser).token}")
    add_attribution(order.pk, f"{CODE_MARK}{winner.code}")
    bring_to(order, OrderStatus.ACKNOWLEDGED)
    return services.resolve_order(order.pk), winner, loser


class TestList:
    def test_finds_each_referral_at_its_stage(self, csr, market):
        payouts = make_payouts(market)
        referrer = make_referrer(market)
        ordered = make_referral(referrer, market)
        earned, held = (reward.referral for reward in make_several(payouts, 2))
        hold_reward(held.rewards.get().pk, HoldReason.AUDIT, by=None)
        make_version(make_rule(market.division, programme=referrer.programme))
        qualifying = make_referral(referrer, market, status=OrderStatus.COMPLETED)
        accrue_rewards(qualifying.pk)

        found = {stage: listed(csr, stage=stage) for stage in ("ordered", "earned", "held", "qualifying", "credited")}

        assert found == {
            "ordered": [ordered], "earned": [earned], "held": [held], "qualifying": [qualifying], "credited": [],
        }  # fmt: skip

    def test_finds_what_is_stuck(self, csr, market):
        referrer = make_referrer(market)
        slow, odd = make_referral(referrer, market), make_referral(referrer, market)
        Referral.objects.filter(pk=slow.pk).update(ordered_at=now() - timedelta(days=31))
        Signal.objects.get_or_create(referral=odd, kind=SignalKind.VELOCITY)
        unpromised = make_referral(referrer, market, status=OrderStatus.COMPLETED)
        unpayable = make_earned(make_payouts(market)).referral
        hold_reward(unpayable.rewards.get().pk, HoldReason.CREDIT_REFUSED, by=None)

        assert listed(csr, stuck="not_installed") == [slow]
        assert odd in listed(csr, stuck="signal")
        assert listed(csr, stuck="nothing_promised") == [unpromised]
        assert listed(csr, stuck="refused") == [unpayable]
        assert listed(csr, age="30") == [slow]

    def test_finds_who_has_waited_too_long_for_bills(self, csr, market):
        referrer = make_referrer(market)
        make_version(make_rule(market.division))
        referral = make_referral(referrer, market, status=OrderStatus.COMPLETED)
        (reward,) = accrue_rewards(referral.pk)

        assert listed(csr, stuck="bills_late") == []
        with time_machine.travel(now() + timedelta(days=150), tick=False):
            late = [row.pk for row in stuck(referrals_followed_by(csr.person), "bills_late")]

        assert late == [reward.referral_id]

    def test_finds_by_code_order_and_name(self, csr, contested):
        referral, winner, loser = contested

        for text in (winner.code.lower(), referral.order.number, winner.customer.name, referral.friend.name):
            assert listed(csr, text=text) == [referral]
        assert listed(csr, text=loser.code) == []

    def test_is_exported_with_its_stage(self, csr, contested):
        referral, winner, _loser = contested

        text = page_of(csr, "referrals", export="csv").content.decode("utf-8-sig")

        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["Order"], row["Code"], row["Stage"]) == (referral.order.number, winner.code, "Ordered")

    def test_asks_as_many_statements_for_many_referrals_as_for_one(self, csr, market):
        payouts = make_payouts(market)
        counts = []
        for number in (1, 6):
            make_several(payouts, number)
            listed(csr)
            with CaptureQueriesContext(connection) as asked:
                listed(csr)
            counts.append(len(asked))

        assert counts[0] == counts[1]

    def test_shows_nothing_of_another_market(self, csr, elsewhere):
        referral = make_referral(market=elsewhere)

        assert listed(csr) == []
        assert page_of(csr, "referral", referral.pk).status_code == 404


class TestProgrammesCompared:
    def test_counts_how_far_the_friends_of_each_came(self, csr, market, elsewhere):
        referrer, other = make_referrer(market), make_referrer(market)
        programme = referrer.programme
        opened, _waiting = make_invitation(referrer), make_invitation(other)
        services.open_invitation(opened.token, division=market.division)
        make_referral(referrer, market)
        lost, installed = make_referral(other, market), make_referral(other, market, status=OrderStatus.COMPLETED)
        Referral.objects.filter(pk=lost.pk).update(status="disqualified", reason="order_cancelled", ended_at=now())
        make_version(make_rule(market.division, programme=programme), bills_needed=0, wait_count=0)
        (reward,) = accrue_rewards(installed.pk)
        reconsider(reward.friend_account_id)
        pay(reward.pk, now().date())
        later = make_programme(market.division, code="later", starts_on=programme.starts_on + timedelta(days=1))
        make_referrer(elsewhere)

        with CaptureQueriesContext(connection) as asked:
            rows = page_of(csr, "programmes").context["page"].rows

        figures = {row.pk: (row.invited, row.opened, row.ordered, row.installed, row.paid) for row in rows}
        assert figures == {later.pk: (0, 0, 0, 0, 0), programme.pk: (2, 1, 2, 1, 1)}
        assert sum("installed_on" in one["sql"] for one in asked) == 1
        text = page_of(csr, "programmes", export="csv").content.decode("utf-8-sig")
        assert [row["Invited"] for row in csv.DictReader(io.StringIO(text))] == ["0", "2"]


class TestReferral:
    def test_shows_the_touch_that_won_and_the_one_that_lost(self, csr, contested):
        referral, winner, loser = contested

        for address in (("referral", referral.pk), ("order", referral.order_id)):
            page = page_of(csr, *address)
            touches = [(one.touch.referrer_id, one.outcome) for one in page.context["touches"]]
            assert touches == [(winner.pk, "won"), (loser.pk, "outranked")]
            text = page.content.decode()
            assert "Credited" in text
            assert "Another touch comes first" in text

    def test_is_decided_about_where_it_looks_odd(self, csr, contested):
        referral, _winner, _loser = contested
        signal, _is_new = Signal.objects.get_or_create(referral=referral, kind=SignalKind.VELOCITY)

        assert reverse("desk:signal_decide", args=[signal.pk]) in page_of(csr, "referral", referral.pk).content.decode()
        csr.post(reverse("desk:signal_decide", args=[signal.pk]), {"outcome": "genuine", "note": "I called them."})

        signal.refresh_from_db()
        assert (signal.status, signal.decision_note) == (SignalStatus.CLEARED, "I called them.")

    def test_says_where_each_reward_is_and_why(self, csr, market):
        reward = make_earned(make_payouts(market))

        page = page_of(csr, "referral", reward.referral_id).content.decode()

        for expected in ("Earned on", "Needs no paid bills", reverse("desk:reward", args=[reward.pk])):
            assert expected in page

    def test_is_closed_to_who_may_not_see_referrals(self, market, signed_in, contested):
        referral, winner, _loser = contested
        agent = signed_in(Role.FIELD_AGENT, market.division)

        assert page_of(agent, "referrals").status_code == 403
        assert page_of(agent, "referral", referral.pk).status_code == 403
        page = page_of(agent, "order", referral.order_id).content.decode()
        assert winner.code not in page


class TestCustomer:
    def test_is_told_where_their_reward_is(self, csr, market):
        payouts = make_payouts(market)
        reward = make_earned(payouts)
        customer = reward.payee.account.customer

        page = page_of(csr, "customer", customer.pk).content.decode()

        for expected in (
            "where is my reward?",
            "Earned on",
            reward.referral.friend.name,
            reward.referral.referrer.code,
        ):
            assert expected in page

    def test_is_told_with_as_many_statements_for_many_rewards_as_for_one(self, csr, market):
        payouts = make_payouts(market)
        account = make_earned(payouts).payee.account
        counts = []
        for _number in range(2):
            page_of(csr, "customer", account.customer_id)
            with CaptureQueriesContext(connection) as asked:
                page_of(csr, "customer", account.customer_id)
            counts.append(len(asked))
            for _one in range(5):
                make_earned(payouts, account=account)

        assert counts[0] == counts[1]

    def test_shows_no_rewards_to_who_may_not_see_referrals(self, market, signed_in):
        reward = make_earned(make_payouts(market))
        agent = signed_in(Role.FIELD_AGENT, market.division)

        page = page_of(agent, "customer", reward.payee.account.customer_id).content.decode()

        assert "where is my reward?" not in page
