"""A payee's statement: each month begins with what the one before ended with, to the cent, and a closed one stays."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from commissions.models import BatchLine, LedgerEntry
from commissions.queries.ledger import balances
from commissions.queries.statements import (
    Position,
    own_line,
    own_periods_of,
    own_statement_of,
    periods_of,
    statement_of,
    table_of,
)
from commissions.services import batches
from commissions.services.disputes import explain_dispute, raise_dispute
from commissions.services.endings import locked_reward, take_back
from commissions.services.evidence import hear_payee, want_evidence
from commissions.services.holds import hold_reward, release_reward
from commissions.services.ledger import close_period
from commissions.services.statements import html_of, print_statement
from commissions.states import EntryKind, HoldReason, LineStatus, ReasonCode
from foundation.correspondence.models import Document
from foundation.jobs.services import work_one_chunk
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.paying import make_approved, make_earned, make_payouts
from tests.commissions.staging import make_stage_and_reward

pytestmark = pytest.mark.django_db

DECEMBER = datetime(2026, 12, 10, 15, tzinfo=UTC)
JANUARY = datetime(2027, 1, 10, 15, tzinfo=UTC)
FEBRUARY = datetime(2027, 2, 10, 15, tzinfo=UTC)


@pytest.fixture
def story():
    """Earned in December; credited in January; taken back in part in February, and set off against the next."""
    with time_machine.travel(DECEMBER, tick=False):
        payouts = make_payouts()
        reward = make_earned(payouts, "50.00")
        account = reward.payee.account
    with time_machine.travel(JANUARY, tick=False):
        pay(payouts)
    with time_machine.travel(FEBRUARY, tick=False):
        take_back(locked_reward(reward.pk), Decimal("20.00"), ReasonCode.LEFT_EARLY, today(payouts.division), by=None)
        held = make_earned(payouts, "30.00", account=account)
        hold_reward(held.pk, HoldReason.SIGNAL, by=None)
        release_reward(held.pk, HoldReason.SIGNAL, by=None)
        pay(payouts)
    return payouts, reward.payee


def pay(payouts) -> None:
    batch = make_approved(payouts)
    job = batches.post_batch(batch.pk)
    while work_one_chunk(job.pk):
        pass
    for line in BatchLine.objects.filter(batch=batch, status=LineStatus.SENT):
        batches.record_credit_confirmed(line.request_id, f"CR-{line.pk}")


def rows_of(statement) -> dict[str, tuple[str, ...]]:
    return {
        row.kind: tuple(str(amount) for amount in (row.moved.held, row.moved.payable, row.moved.receivable))
        for row in statement.rows
    }


class TestStatement:
    def test_leads_from_the_opening_to_the_closing(self, story):
        _payouts, payee = story

        december, january, february = (statement_of(payee, at.date()) for at in (DECEMBER, JANUARY, FEBRUARY))

        assert december.opening == Position()
        assert rows_of(december) == {
            EntryKind.ACCRUAL: ("50.00", "0.00", "0.00"),
            EntryKind.RELEASE: ("-50.00", "50.00", "0.00"),
        }
        assert december.closing == january.opening == Position(payable=Decimal("50.00"))
        assert rows_of(january) == {EntryKind.SETTLE: ("0.00", "-50.00", "0.00")}
        assert january.closing == february.opening == Position()
        assert rows_of(february) == {
            EntryKind.ACCRUAL: ("30.00", "0.00", "0.00"),
            EntryKind.RELEASE: ("-60.00", "60.00", "0.00"),
            EntryKind.HOLD: ("30.00", "-30.00", "0.00"),
            EntryKind.CLAWBACK: ("0.00", "0.00", "20.00"),
            EntryKind.RECOVER: ("0.00", "-20.00", "-20.00"),
            EntryKind.SETTLE: ("0.00", "-10.00", "0.00"),
        }
        assert february.closing.total == 0

    def test_ends_with_what_the_ledger_says_is_owed(self, story):
        _payouts, payee = story

        for at in (DECEMBER, JANUARY, FEBRUARY):
            statement = statement_of(payee, at.date())
            until = LedgerEntry.objects.filter(payee=payee, period__lte=statement.period)
            (balance,) = balances(until).values()
            assert statement.closing.held + statement.closing.payable == balance.owed
            assert statement.closing == statement.opening + sum((row.moved for row in statement.rows), Position())

    def test_leaves_out_what_is_only_on_its_way(self, story):
        _payouts, payee = story

        kinds = {line.entry.kind for line in statement_of(payee, JANUARY.date()).lines}

        assert kinds == {EntryKind.SETTLE}

    def test_is_there_for_each_month_in_which_something_was_booked_and_for_the_present_one(self, story):
        _payouts, payee = story

        with time_machine.travel(FEBRUARY + timedelta(days=60), tick=False):
            months = [f"{period:%Y-%m}" for period in periods_of(payee)]

        assert months == ["2027-04", "2027-02", "2027-01", "2026-12"]

    def test_of_a_closed_month_never_changes(self, story):
        payouts, payee = story
        with time_machine.travel(FEBRUARY, tick=False):
            close_period(payouts.division.pk, JANUARY.date(), by=None)
        before = list(table_of(statement_of(payee, JANUARY.date())))
        with time_machine.travel(JANUARY + timedelta(days=1), tick=False):
            make_earned(payouts, "30.00", account=payee.account)

        after = statement_of(payee, JANUARY.date())

        assert (list(table_of(after)), after.is_final) == (before, True)
        assert statement_of(payee, FEBRUARY.date()).is_final is False

    def test_asks_as_many_statements_for_many_movements_as_for_one(self, story):
        _payouts, payee = story
        statement_of(payee, JANUARY.date())
        counts = []
        for at in (JANUARY, FEBRUARY):
            with CaptureQueriesContext(connection) as asked:
                for line in statement_of(payee, at.date()).lines:
                    str(line.entry.reward.referral.order)
            counts.append(len(asked))

        assert counts[0] == counts[1]


class TestOwnStatement:
    def test_begins_where_something_is_earned(self, story):
        _payouts, payee = story

        december, february = (own_statement_of(payee, at.date()) for at in (DECEMBER, FEBRUARY))

        assert rows_of(december) == {EntryKind.RELEASE: ("0.00", "50.00", "0.00")}
        assert (december.opening, december.closing) == (Position(), Position(payable=Decimal("50.00")))
        assert rows_of(february) == {
            EntryKind.RELEASE: ("-30.00", "60.00", "0.00"),
            EntryKind.HOLD: ("30.00", "-30.00", "0.00"),
            EntryKind.CLAWBACK: ("0.00", "0.00", "20.00"),
            EntryKind.RECOVER: ("0.00", "-20.00", "-20.00"),
            EntryKind.SETTLE: ("0.00", "-10.00", "0.00"),
        }
        assert february.closing == Position()

    def test_owes_what_was_earned_and_is_on_hold_and_nothing_that_is_only_promised(self, story):
        payouts, payee = story
        with time_machine.travel(FEBRUARY, tick=False):
            kept = make_earned(payouts, "40.00", account=payee.account)
            hold_reward(kept.pk, HoldReason.SIGNAL, by=None)
            take_back(locked_reward(kept.pk), Decimal("15.00"), ReasonCode.LEFT_EARLY, today(payouts.division), by=None)

        february, march = (own_statement_of(payee, date(2027, month, 1)) for month in (2, 3))

        assert february.closing == march.opening == march.closing == Position(held=Decimal("25.00"))
        assert february.closing.total == Decimal("25.00")
        taken_back = kept.entries.get(kind=EntryKind.CLAWBACK)
        assert rows_of(february)[EntryKind.CLAWBACK] == ("-15.00", "0.00", "20.00")
        assert own_line(taken_back).amount == Decimal("-15.00")
        assert "On hold" in html_of(february, language="en")
        assert own_statement_of(payee, DECEMBER.date()).shows_held is False

    def test_says_of_what_was_released_that_it_was(self, story):
        _payouts, payee = story

        told = [
            line.what for line in own_statement_of(payee, FEBRUARY.date()).lines if line.entry.kind == EntryKind.RELEASE
        ]

        assert told == ["Earned", "Released from hold"]

    def test_is_not_there_for_a_month_in_which_something_was_only_promised(self):
        with time_machine.travel(DECEMBER, tick=False):
            payee = make_stage_and_reward(installed_on=DECEMBER.date())[1].payee
        with time_machine.travel(FEBRUARY, tick=False):
            months, own_months = periods_of(payee), own_periods_of(payee)

        assert [f"{month:%Y-%m}" for month in months] == ["2027-02", "2026-12"]
        assert [f"{month:%Y-%m}" for month in own_months] == ["2027-02"]


class TestOnPaper:
    def test_says_nothing_of_the_friend_but_what_the_referrer_calls_them(self, story):
        _payouts, payee = story
        order = payee.rewards.first().referral.order

        page = html_of(own_statement_of(payee, FEBRUARY.date()), language="en")

        assert "Robin" in page
        assert payee.account.number in page
        for secret in (order.number, order.address, order.customer.name, order.account.number):
            assert secret not in page

    def test_is_kept_as_it_was_once_the_month_is_closed(self, story):
        payouts, payee = story
        open_one = print_statement(payee.pk, JANUARY.date(), language="en")
        assert open_one.startswith(b"%PDF")
        assert not Document.objects.exists()
        with time_machine.travel(FEBRUARY, tick=False):
            close_period(payouts.division.pk, JANUARY.date(), by=None)

        first = print_statement(payee.pk, JANUARY.date(), language="en")
        second = print_statement(payee.pk, JANUARY.date(), language="en")
        print_statement(payee.pk, JANUARY.date(), language="es")

        assert first == second
        assert Document.objects.count() == 2

    def test_is_printed_anew_while_a_dispute_of_a_line_waits_and_after(self, story):
        payouts, payee = story
        customer = make_person(Role.CUSTOMER, payouts.division)
        Customer.objects.filter(pk=payee.account.customer_id).update(user=customer)
        line = payee.entries.filter(kind=EntryKind.RELEASE).earliest("pk")
        answerer = make_person(Role.OPERATOR, payouts.division)
        told = set()

        with time_machine.travel(FEBRUARY, tick=False):
            close_period(payouts.division.pk, line.period, by=None)
            dispute = raise_dispute(line.pk, "I was promised $35.", by=customer)

            def print_it() -> int:
                told.add(print_statement(payee.pk, line.period, language="en"))
                return len(told)

            assert print_it() == 1
            question = want_evidence(dispute.pk, "Which letter?", key="q", by=answerer)
            assert print_it() == 2
            assert print_it() == 2
            hear_payee(dispute.pk, "That of May.", key="r", question=question.pk, by=customer)
            explain_dispute(dispute.pk, "The terms say $25.", by=answerer)
            assert print_it() == 3
