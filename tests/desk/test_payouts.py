"""Payouts at the desk: from build to approval by two people, with the trace of each reward before the auditor's eyes."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import Batch, Dispute, Reward
from commissions.services import batches
from commissions.services.disputes import raise_dispute, uphold_dispute
from commissions.services.holds import hold_reward
from commissions.states import BatchStatus, EntryKind, HoldReason, LineStatus, RewardStatus, Verdict
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.desk.forms import BuildBatchForm
from tests.commissions.paying import (
    make_approved,
    make_earned,
    make_frozen,
    make_paid,
    make_payouts,
    make_several,
    read_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    return make_payouts(market)


@pytest.fixture
def builder(client, payouts):
    return sign_in(client, payouts.builder)


@pytest.fixture
def auditor(payouts):
    from django.test import Client  # noqa: PLC0415

    return sign_in(Client(), payouts.auditor)


def page_of(client, name, pk=None, **query):
    return client.get(reverse(f"desk:{name}", args=[pk] if pk else []), query)


def act(client, name, pk=None, **answers):
    return client.post(reverse(f"desk:{name}", args=[pk] if pk else []), answers)


def grant_correction(payouts) -> Dispute:
    """Pay a reward of $25, and correct it by $10 after its payee has disputed it."""
    payee = make_person(Role.CUSTOMER, payouts.division)
    reward = make_earned(payouts, account=make_account(payouts.division, user=payee))
    make_paid(payouts)
    dispute = raise_dispute(reward.entries.get(kind=EntryKind.SETTLE).pk, "I was promised $35.", by=payee)
    answerer = make_person(Role.OPERATOR, payouts.division, name="Olga Operator")
    return uphold_dispute(dispute.pk, "You are right.", Decimal("10.00"), by=answerer)


class TestBuild:
    def test_says_what_is_earned_and_leads_to_the_batch(self, builder, payouts):
        make_several(payouts, 2)

        form = page_of(builder, "payout_build").context["form"]
        (choice,) = form.fields["what"].choices
        answer = act(builder, "payout_build", what=choice[0])

        assert choice == (f"{payouts.division.pk}:USD", f"{payouts.division}: 2 payments, $50.00")
        batch = Batch.objects.get()
        assert answer.url == reverse("desk:payout", args=[batch.pk])

    def test_offers_what_corrects_where_no_reward_is_due(self, builder, payouts):
        grant_correction(payouts)

        ((_value, label),) = page_of(builder, "payout_build").context["form"].fields["what"].choices

        assert label == f"{payouts.division}: 1 payment, $10.00"

    def test_chooses_no_market_for_anybody_where_there_are_several(self):
        choices = [("1:USD", "East: 1 payment, $10.00"), ("2:USD", "Larkspur: 1 payment, $10.00")]

        alone, several = BuildBatchForm(choices=choices[:1]), BuildBatchForm({"what": ""}, choices=choices)

        assert alone.fields["what"].choices == choices[:1]
        assert several.fields["what"].choices == [("", "Choose a market"), *choices]
        assert several.errors["what"]

    def test_says_where_nothing_is_earned(self, builder):
        page = page_of(builder, "payout_build")

        assert "Nothing is earned and unpaid in your markets now." in page.content.decode()
        assert "Build it" not in page.content.decode()
        assert act(builder, "payout_build", what="1:USD").status_code == 422

    def test_takes_one_payment_out(self, builder, payouts):
        kept, taken = make_several(payouts, 2)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)
        line = batch.lines.get(reward=taken)

        assert "$25.00" in page_of(builder, "payout_line_remove", line.pk).content.decode()
        act(builder, "payout_line_remove", line.pk)

        assert [one.reward for one in batch.lines.filter(status=LineStatus.PENDING)] == [kept]

    def test_discards_with_the_sum_named(self, builder, payouts):
        (reward,) = make_several(payouts, 1)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        assert (
            "1 payment of $25.00 in all is not made." in page_of(builder, "payout_discard", batch.pk).content.decode()
        )
        act(builder, "payout_discard", batch.pk)

        assert Reward.objects.get(pk=reward.pk).status == RewardStatus.PAYABLE


class TestTwoPeople:
    def test_build_freeze_read_and_approve(self, builder, auditor, payouts):
        make_several(payouts, 2)
        act(builder, "payout_build", what=f"{payouts.division.pk}:USD")
        batch = Batch.objects.get()
        assert "2 payments of $50.00 in all." in page_of(builder, "payout_freeze", batch.pk).content.decode()
        act(builder, "payout_freeze", batch.pk)

        page = page_of(auditor, "payout", batch.pk)
        first = page.context["next_unread"]
        assert (page.context["doings"], page.context["standing"].unread) == ([], 2)
        second = act(auditor, "payout_line", first.pk, verdict="correct", note="")
        assert second.url == reverse("desk:payout_line", args=[batch.lines.last().pk])
        done = auditor.post(second.url, {"verdict": "correct", "note": ""})
        assert done.url == reverse("desk:payout", args=[batch.pk])
        assert page_of(auditor, "payout", batch.pk).context["doings"] == ["approve"]
        question = page_of(auditor, "payout_approve", batch.pk).content.decode()
        assert "2 payments of $50.00 in all are made" in question
        act(auditor, "payout_approve", batch.pk, shown="50.00")

        batch.refresh_from_db()
        assert (batch.status, batch.approved_by) == (BatchStatus.APPROVED, payouts.auditor)

    def test_are_needed(self, payouts, signed_in, auditor):
        make_earned(payouts)
        operator = signed_in(Role.OPERATOR, payouts.division)
        batch = batches.build_batch(payouts.division.pk, by=operator.person)
        batches.freeze_batch(batch.pk, by=operator.person)
        line = batch.lines.get()

        own = page_of(operator, "payout_line", line.pk)
        assert own.context["form"] is None
        assert "somebody else has to read and approve it" in own.content.decode()
        read_all(batch, payouts.auditor)
        answer = act(operator, "payout_approve", batch.pk, shown="25.00")

        assert answer.status_code == 422
        assert "somebody else has to read and approve it" in answer.content.decode()

    def test_see_that_the_sum_has_changed_since(self, auditor, payouts):
        make_earned(payouts)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)

        answer = act(auditor, "payout_approve", batch.pk, shown="24.00")

        assert answer.status_code == 422
        assert "The sum has changed since you saw it." in answer.content.decode()

    def test_who_have_not_read_everything_hear_how_much_is_left(self, auditor, payouts):
        make_several(payouts, 2)
        batch = make_frozen(payouts)

        question = page_of(auditor, "payout_approve", batch.pk).content.decode()
        answer = act(auditor, "payout_approve", batch.pk, shown="50.00")

        assert "2 payments that are in the sample or flagged have not been read." in question
        assert "btn-danger" not in question
        assert "2 payments that are in the sample or flagged have not been read." in answer.content.decode()


class TestAuditPage:
    def test_has_the_trace_and_who_is_credited_before_the_auditors_eyes(self, auditor, payouts):
        reward = make_earned(payouts)
        line = make_frozen(payouts).lines.get()

        page = page_of(auditor, "payout_line", line.pk).content.decode()

        for expected in (
            "Why it is owed",
            "Earned on",
            "Needs no paid bills",
            "first reward",
            str(reward.payee.account),
        ):
            assert expected in page

    def test_of_a_correction_shows_what_the_payee_says_and_who_has_answered(self, auditor, payouts):
        grant_correction(payouts)

        page = page_of(auditor, "payout_line", make_frozen(payouts).lines.get().pk).content.decode()

        for expected in ("I was promised $35.", "You are right.", "Olga Operator"):
            assert expected in page

    def test_takes_out_what_is_wrong_when_told_why(self, auditor, payouts):
        make_earned(payouts)
        line = make_frozen(payouts).lines.get()

        refused = act(auditor, "payout_line", line.pk, verdict="wrong", note="")
        assert (refused.status_code, "Say what is wrong." in refused.content.decode()) == (422, True)
        act(auditor, "payout_line", line.pk, verdict="wrong", note="They moved in together")

        line.refresh_from_db()
        assert (line.verdict, line.status, line.reward.status) == (Verdict.WRONG, LineStatus.REMOVED, RewardStatus.HELD)

    def test_is_closed_to_who_may_not_see_the_ledger(self, payouts, signed_in):
        make_earned(payouts)
        batch = make_frozen(payouts)
        csr = signed_in(Role.CSR, payouts.division)

        for name, pk in (
            ("payouts", None),
            ("payout", batch.pk),
            ("payout_line", batch.lines.get().pk),
            ("ledger", None),
        ):
            assert page_of(csr, name, pk).status_code == 403


class TestBatchPage:
    def test_filters_its_payments(self, builder, payouts):
        one, other = make_several(payouts, 2)
        batch = make_frozen(payouts)
        batches.read_line(batch.lines.get(reward=one).pk, Verdict.CORRECT, "", by=payouts.auditor)

        def shown(**query):
            return [line.reward for line in page_of(builder, "payout", batch.pk, **query).context["page"].rows]

        assert shown(audit="unread") == [other]
        assert shown(audit="correct") == [one]
        assert shown(text=one.payee.account.number) == [one]
        assert shown(flag="large") == []
        assert shown(waits="person") == []

    def test_is_exported_as_seen(self, builder, payouts):
        make_several(payouts, 2)
        batch = make_frozen(payouts)

        lines = page_of(builder, "payout", batch.pk, export="csv").content.decode("utf-8-sig").splitlines()

        assert len(lines) == 3
        assert '"25.00"' in lines[1]

    def test_shows_every_state(self, builder, payouts):
        for make in (make_frozen, make_approved):
            make_earned(payouts)
            batch = make(payouts)
            assert batch.get_status_display() in page_of(builder, "payout", batch.pk).content.decode()
            if batch.status == BatchStatus.FROZEN:
                batches.discard_batch(batch.pk, by=payouts.builder)
                assert "Discarded" in page_of(builder, "payout", batch.pk).content.decode()

    def test_asks_as_many_statements_for_many_payments_as_for_one(self, builder, payouts):
        counts = []
        for number in (1, 6):
            make_several(payouts, number)
            batch = make_frozen(payouts)
            page_of(builder, "payout", batch.pk)
            with CaptureQueriesContext(connection) as asked:
                page_of(builder, "payout", batch.pk)
            counts.append(len(asked))
            batches.discard_batch(batch.pk, by=payouts.builder)
            Reward.objects.filter(status=RewardStatus.PAYABLE).update(status=RewardStatus.HELD, holds=["audit"])

        assert counts[0] == counts[1]


class TestList:
    def test_counts_and_adds_up_what_is_left_in_each(self, builder, payouts):
        wrong, _right = make_several(payouts, 2)
        batch = make_frozen(payouts)
        batches.read_line(batch.lines.get(reward=wrong).pk, Verdict.WRONG, "No", by=payouts.auditor)

        (row,) = page_of(builder, "payouts").context["page"].rows

        assert (row.payments, row.to_pay) == (1, Decimal("25.00"))

    def test_shows_nothing_of_another_market(self, builder, elsewhere):
        others = make_payouts(elsewhere)
        make_earned(others)
        batch = make_frozen(others)

        assert page_of(builder, "payouts").context["page"].rows == []
        for name, pk in (("payout", batch.pk), ("payout_freeze", batch.pk), ("payout_line", batch.lines.get().pk)):
            assert page_of(builder, name, pk).status_code == 404


class TestReward:
    def test_that_was_held_is_released_by_hand(self, builder, payouts):
        reward = make_earned(payouts)
        hold_reward(reward.pk, HoldReason.CREDIT_REFUSED, by=None)

        assert "The billing system refused the credit" in page_of(builder, "reward", reward.pk).content.decode()
        act(builder, "reward_release", reward.pk, reason="credit_refused")

        reward.refresh_from_db()
        assert (reward.status, reward.holds) == (RewardStatus.PAYABLE, [])

    def test_that_is_held_for_a_signal_is_not(self, builder, payouts):
        reward = make_earned(payouts)
        hold_reward(reward.pk, HoldReason.SIGNAL, by=None)

        assert act(builder, "reward_release", reward.pk, reason="signal").status_code == 422
        assert Reward.objects.get(pk=reward.pk).holds == [HoldReason.SIGNAL]

    def test_is_listed_by_what_holds_it(self, builder, payouts):
        held, _other = make_several(payouts, 2)
        hold_reward(held.pk, HoldReason.CREDIT_REFUSED, by=None)

        rows = page_of(builder, "rewards", hold="credit_refused").context["page"].rows

        assert [row.pk for row in rows] == [held.pk]
