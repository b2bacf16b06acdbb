"""A payee disputes a line, somebody who had no hand in it answers, and what corrects it is audited and paid."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from accounts.models import Account, Customer
from accounts.states import AccountStatus
from accounts.testing import make_details
from commissions.events import CorrectionPaid, CorrectionTakenBack, DisputeAnswered, DisputeRaised
from commissions.handlers import tell_of_answer, tell_of_correction_taken_back
from commissions.models import BatchLine, Dispute
from commissions.queries.batches import unread_lines
from commissions.queries.disputes import (
    corrected_of,
    correction_paid_on,
    correction_taken_back,
    disputes_visible_to,
    had_a_hand_in,
    overdue,
)
from commissions.queries.ledger import balances
from commissions.queries.statements import own_statement_of
from commissions.services import batches
from commissions.services.disputes import explain_dispute, raise_dispute, uphold_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.services.ledger import close_period
from commissions.states import (
    DisputeStatus,
    EntryKind,
    LedgerAccount,
    LineFlag,
    LineStatus,
    ReasonCode,
    RewardStatus,
    Verdict,
)
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import confirm_person, invite_person
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.states import OrderStatus
from orders.testing import make_order
from referrals.models import Referral
from referrals.states import ReferralStatus
from tests.commissions.paying import make_earned, make_frozen, make_paid, make_payouts, read_all

pytestmark = pytest.mark.django_db

TEN = Decimal("10.00")


@pytest.fixture
def payouts():
    return make_payouts()


@pytest.fixture
def payee(payouts):
    return make_person(Role.CUSTOMER, payouts.division)


@pytest.fixture
def reward(payouts, payee):
    """A reward of $25 that was credited."""
    order = make_order(OrderStatus.COMPLETED, payouts.market, details=make_details(email="riley@people.example"))
    Customer.objects.filter(pk=order.customer_id).update(user=payee)
    reward = make_earned(payouts, account=order.account)
    make_paid(payouts)
    return reward


@pytest.fixture
def dispute(reward, payee) -> Dispute:
    return raise_dispute(reward.entries.get(kind=EntryKind.SETTLE).pk, "I was promised $35.", by=payee)


@pytest.fixture
def answerer(payouts):
    return make_person(Role.OPERATOR, payouts.division)


def balance_of(reward):
    (balance,) = balances(reward.payee.entries.all()).values()
    return balance


class TestRaising:
    def test_keeps_the_words_starts_the_clock_and_tells_the_others(self, dispute, reward, payee):
        assert (dispute.status, dispute.words, dispute.raised_by) == ("raised", "I was promised $35.", payee)
        assert dispute.due_on == today(reward.division) + timedelta(days=10)
        assert (
            DisputeRaised(dispute_id=dispute.pk, reward_id=reward.pk, due_on=dispute.due_on.isoformat()) in published()
        )

    def test_is_for_the_payee_alone(self, reward):
        stranger = make_person(Role.CUSTOMER, reward.division)

        with pytest.raises(NotAllowed) as refusal:
            raise_dispute(reward.entries.get(kind=EntryKind.SETTLE).pk, "Mine", by=stranger)

        assert refusal.value.code == "not_own"

    @pytest.mark.parametrize("kind", [EntryKind.ACCRUAL, EntryKind.SEND])
    def test_is_about_what_the_payee_reads(self, reward, payee, kind):
        with pytest.raises(NotAllowed):
            raise_dispute(reward.entries.get(kind=kind).pk, "What is this?", by=payee)

    @pytest.mark.parametrize(("words", "code"), [("  ", "no_words"), ("x" * 1001, "too_long")])
    def test_takes_words_and_not_too_many(self, reward, payee, words, code):
        with pytest.raises(NotAllowed) as refusal:
            raise_dispute(reward.entries.get(kind=EntryKind.SETTLE).pk, words, by=payee)

        assert (refusal.value.code, refusal.value.field) == (code, "words")

    def test_is_done_once_a_line(self, dispute, payee):
        with pytest.raises(NotAllowed) as refusal:
            raise_dispute(dispute.entry_id, "Again", by=payee)

        assert refusal.value.code == "disputed"

    def test_runs_out_of_time_after_the_day_that_the_payee_was_told(self, dispute):
        last = dispute.raised_at + timedelta(days=10)
        with time_machine.travel(last, tick=False):
            assert not dispute.is_overdue
        with time_machine.travel(last + timedelta(days=2), tick=False):
            assert dispute.is_overdue
            assert list(overdue(Dispute.objects.all())) == [dispute]


class TestExplaining:
    def test_keeps_the_answer_and_posts_nothing(self, dispute, reward, answerer):
        before = reward.entries.count()

        explain_dispute(dispute.pk, "The terms say $25.", by=answerer)

        dispute.refresh_from_db()
        assert (dispute.status, dispute.answer, dispute.answered_by) == ("explained", "The terms say $25.", answerer)
        assert reward.entries.count() == before

    def test_is_written_to_the_payee(self, dispute, answerer):
        explain_dispute(dispute.pk, "The terms say $25.", by=answerer)
        for _time in range(2):
            event = Event.objects.get(name=DisputeAnswered.name)
            tell_of_answer(event.fact(), event)

        letter = Message.objects.get(kind="commissions.dispute_explained")
        assert letter.to == "riley@people.example"
        assert "The terms say $25." in letter.text
        assert "it stays as it is" in letter.text

    def test_is_done_once(self, dispute, answerer):
        explain_dispute(dispute.pk, "No.", by=answerer)

        with pytest.raises(NotAllowed):
            uphold_dispute(dispute.pk, "Yes.", TEN, by=answerer)

        assert Dispute.objects.get().status == DisputeStatus.EXPLAINED

    def test_says_something(self, dispute, answerer):
        with pytest.raises(NotAllowed) as refusal:
            explain_dispute(dispute.pk, " ", by=answerer)

        assert refusal.value.field == "answer"


class TestWhoAnswers:
    def code(self, dispute, person) -> str:
        with pytest.raises(NotAllowed) as refusal:
            explain_dispute(dispute.pk, "No.", by=person)
        return refusal.value.code

    def test_is_not_who_may_not(self, dispute, payouts):
        assert self.code(dispute, make_person(Role.CSR, payouts.division)) == "not_permitted"

    def test_is_not_the_payee(self, dispute, payee):
        payee.roles.create(role=Role.OPERATOR, division=dispute.division)
        payee = User.objects.get(pk=payee.pk)  # who signs in again

        assert self.code(dispute, payee) == "own_reward"

    def test_is_not_who_approved_the_payment(self, dispute, payouts):
        payouts.auditor.roles.create(role=Role.OPERATOR, division=dispute.division)
        auditor = User.objects.get(pk=payouts.auditor.pk)

        assert self.code(dispute, auditor) == "own_work"

    def test_is_somebody_of_the_market(self, dispute):
        elsewhere = make_person(Role.OPERATOR, make_payouts().division)

        assert self.code(dispute, elsewhere) == "not_permitted"
        assert not disputes_visible_to(elsewhere).exists()


class TestUpholding:
    def test_gives_no_more_than_the_reward_however_many_of_its_lines_are_disputed(self, reward, payee, answerer):
        """Also the correction is a line, which could be disputed in its turn, without end."""

        def uphold(entry, amount):
            asked = raise_dispute(entry.pk, "There is more.", by=payee)
            return uphold_dispute(asked.pk, "So it is.", Decimal(amount), by=answerer)

        first = uphold(reward.entries.get(kind=EntryKind.RELEASE), "20.00")
        for entry in (reward.entries.get(kind=EntryKind.SETTLE), first.correction):
            with pytest.raises(NotAllowed, match=r"At most \$5\.00") as refusal, transaction.atomic():
                uphold(entry, "5.01")
            assert refusal.value.code == "corrected"

        uphold(first.correction, "5.00")
        assert corrected_of(reward) == reward.amount == Decimal("25.00")

    def test_posts_a_correction_and_changes_no_line(self, dispute, reward, answerer):
        before = list(reward.entries.values())

        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)

        dispute.refresh_from_db()
        correction = dispute.correction
        assert (dispute.status, dispute.amount, correction.amount) == ("upheld", TEN, TEN)
        assert (correction.kind, correction.debit, correction.credit) == ("correct", "expense", "payable")
        assert list(reward.entries.exclude(pk=correction.pk).values()) == before

    def test_is_booked_in_the_open_month(self, dispute, reward, answerer, payouts):
        with time_machine.travel(now() + timedelta(days=40), tick=False):
            close_period(payouts.division.pk, dispute.entry.period, by=None)
            uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
            month = today(payouts.division).replace(day=1)

        dispute.refresh_from_db()
        assert dispute.correction.period == month > dispute.entry.period
        assert own_statement_of(reward.payee, month).closing.payable == TEN

    @pytest.mark.parametrize("amount", ["0.00", "-5.00", "25.01"])
    def test_takes_an_amount(self, dispute, answerer, amount):
        with pytest.raises(NotAllowed) as refusal:
            uphold_dispute(dispute.pk, "You are right.", Decimal(amount), by=answerer)

        assert refusal.value.field == "amount"

    def test_is_read_by_an_auditor_paid_once_and_told(self, dispute, reward, answerer, payouts):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)

        line = make_paid(payouts).lines.get()

        assert (line.dispute, line.amount, line.request_id) == (dispute, TEN, f"correction-{dispute.pk}-1")
        assert (line.status, line.verdict) == (LineStatus.CONFIRMED, Verdict.CORRECT)
        assert LineFlag.CORRECTION in line.flags
        reward.refresh_from_db()
        assert reward.status == RewardStatus.SETTLED
        balance = balance_of(reward)
        assert (balance.owed, balance[LedgerAccount.PAID]) == (Decimal("0.00"), Decimal("35.00"))
        paid = CorrectionPaid(dispute_id=dispute.pk, reward_id=reward.pk, credit_id=f"CR-{line.pk}")
        assert paid in published()
        assert correction_paid_on(dispute) == today(payouts.division)
        with pytest.raises(NotAllowed, match="Nothing is to be paid"):
            batches.build_batch(payouts.division.pk, by=payouts.builder)

    def test_is_neither_read_nor_approved_by_who_granted_it(self, dispute, answerer, payouts):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
        batch = make_frozen(payouts)
        puppet = invite_person("puppet@people.example", role=Role.AUDITOR, division=payouts.division, by=answerer)

        for person, code in ((answerer, "own_correction"), (puppet, "unconfirmed")):
            with pytest.raises(NotAllowed) as refusal:
                batches.read_line(batch.lines.get().pk, Verdict.CORRECT, "", by=person)
            assert refusal.value.code == code
        read_all(batch, payouts.auditor)
        for person, code in ((answerer, "own_correction"), (puppet, "unconfirmed")):
            with pytest.raises(NotAllowed) as refusal:
                batches.approve_batch(batch.pk, by=person)
            assert refusal.value.code == code

        assert batches.approve_batch(batch.pk, by=payouts.auditor)

    def test_is_paid_only_once_two_people_know_who_granted_it(self, dispute, payouts):
        """Whom one person alone has let in may be whoever reads and approves it: ADR 13."""
        head = make_person(Role.OPERATOR, payouts.division)
        puppet = invite_person("puppet@people.example", role=Role.OPERATOR, division=payouts.division, by=head)
        uphold_dispute(dispute.pk, "You are right.", TEN, by=puppet)
        batch = make_frozen(payouts)

        with pytest.raises(NotAllowed) as refusal:
            batches.read_line(batch.lines.get().pk, Verdict.CORRECT, "", by=payouts.auditor)
        assert refusal.value.code == "unconfirmed"

        confirm_person(puppet, by=make_person(Role.OPERATOR, payouts.division))
        read_all(batch, payouts.auditor)
        assert batches.approve_batch(batch.pk, by=payouts.auditor)

    def test_of_a_wrong_claim_ends_the_claim(self, reward, payee, answerer, payouts):
        take_back(locked_reward(reward.pk), Decimal("25.00"), ReasonCode.LEFT_EARLY, today(reward.division), by=None)
        dispute = raise_dispute(reward.entries.get(kind=EntryKind.CLAWBACK).pk, "They have not left.", by=payee)

        uphold_dispute(dispute.pk, "You are right.", Decimal("25.00"), by=answerer)
        line = make_paid(payouts).lines.get()

        assert (line.amount, line.set_off, line.status) == (Decimal("0.00"), Decimal("25.00"), LineStatus.CONFIRMED)
        balance = balance_of(reward)
        assert (balance.owed, balance[LedgerAccount.RECEIVABLE]) == (Decimal("0.00"), Decimal("0.00"))

    def test_is_refused_where_no_payment_of_the_referral_would_be_approved(self, reward, payee, answerer):
        take_back(locked_reward(reward.pk), Decimal("25.00"), ReasonCode.FRAUD, today(reward.division), by=None)
        dispute = raise_dispute(reward.entries.get(kind=EntryKind.CLAWBACK).pk, "It is genuine.", by=payee)
        ended = {"status": ReferralStatus.DISQUALIFIED, "reason": "fraud", "ended_at": now()}
        Referral.objects.filter(pk=reward.referral_id).update(**ended)

        with pytest.raises(NotAllowed) as refusal:
            uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)

        assert refusal.value.code == "nothing_to_correct"

    def test_is_refused_where_no_credit_reaches_the_payee(self, dispute, reward, answerer):
        Account.objects.filter(pk=reward.payee.account_id).update(status=AccountStatus.CLOSED, closed_at=now())

        with pytest.raises(NotAllowed) as refusal:
            uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)

        assert refusal.value.code == "closed"

    @pytest.mark.parametrize("side", ["referrer", "friend"])
    def test_is_of_nobody_on_either_side_of_the_referral(self, dispute, reward, answerer, side):
        other = reward.referral.referrer.customer if side == "referrer" else reward.referral.friend
        Customer.objects.filter(pk=other.pk).update(user=answerer)

        with pytest.raises(NotAllowed) as refusal:
            uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)

        assert refusal.value.code == "own_reward"

    def test_leaves_the_reward_alone_when_its_payment_is_taken_out(self, dispute, reward, answerer, payouts):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
        batch = batches.build_batch(payouts.division.pk, by=payouts.builder)

        batches.remove_line(batch.lines.get().pk, by=payouts.builder)

        reward.refresh_from_db()
        assert reward.status == RewardStatus.SETTLED
        again = batches.build_batch(payouts.division.pk, by=payouts.builder)
        assert again.lines.get().dispute == dispute

    def test_that_an_auditor_finds_wrong_is_taken_back_told_and_never_paid(
        self, dispute, reward, answerer, payouts, payee
    ):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
        batch = make_frozen(payouts)

        batches.read_line(unread_lines(batch).get().pk, Verdict.WRONG, "Too much", by=payouts.auditor)

        undone = reward.entries.latest("pk")
        assert (undone.kind, undone.debit, undone.credit, undone.amount) == ("clawback", "payable", "expense", TEN)
        assert balance_of(reward)[LedgerAccount.PAYABLE] == Decimal("0.00")
        reward.refresh_from_db()
        assert (reward.status, reward.clawed_back) == (RewardStatus.SETTLED, Decimal("0.00"))
        event = Event.objects.get(name=CorrectionTakenBack.name)
        tell_of_correction_taken_back(event.fact(), event)
        assert "$10.00 is not paid after all" in Message.objects.get(kind="commissions.correction_taken_back").text
        line = correction_taken_back(dispute)
        assert line
        assert (line.read_by, line.note) == (payouts.auditor, "Too much")
        batches.discard_batch(batch.pk, by=payouts.builder)
        with pytest.raises(NotAllowed, match="Nothing is to be paid"):
            batches.build_batch(payouts.division.pk, by=payouts.builder)

        again = raise_dispute(undone.pk, "You had agreed.", by=payee)
        assert had_a_hand_in(payouts.auditor, again.reward)

    def test_that_the_billing_system_refuses_is_owed_again(self, dispute, reward, answerer, payouts):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
        batch = make_frozen(payouts)
        read_all(batch, payouts.auditor)
        batches.approve_batch(batch.pk, by=payouts.auditor)
        job = batches.post_batch(batch.pk)
        batches.post_chunk(job, job.chunks.get())

        batches.record_credit_refused(batch.lines.get().request_id, "No such account")

        assert balance_of(reward)[LedgerAccount.PAYABLE] == TEN
        line = make_frozen(payouts).lines.get()
        assert line.request_id == f"correction-{dispute.pk}-2"


class TestTheDatabase:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE commissions_dispute SET words = 'Nothing'",
            "UPDATE commissions_dispute SET answer = 'Nothing'",
            "UPDATE commissions_dispute SET status = 'raised', answer = '', answered_at = NULL, answered_by_id = NULL",
            "DELETE FROM commissions_dispute",
        ],
    )
    def test_keeps_what_was_asked_and_answered(self, dispute, answerer, statement):
        explain_dispute(dispute.pk, "No.", by=answerer)

        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_pays_a_correction_once(self, dispute, answerer, payouts):
        uphold_dispute(dispute.pk, "You are right.", TEN, by=answerer)
        line = make_frozen(payouts).lines.get()
        line.pk, line.request_id = None, "another"

        with pytest.raises(DatabaseError), transaction.atomic():
            line.save(force_insert=True)

        assert BatchLine.objects.filter(dispute=dispute).count() == 1
