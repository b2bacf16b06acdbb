"""The ledger at the desk: what is owed on a day, every entry, and a payee's statement in three forms."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commissions.models import ClosedPeriod
from commissions.services.endings import locked_reward, take_back
from commissions.services.ledger import close_period
from commissions.states import LedgerAccount, ReasonCode
from foundation.divisions.testing import make_division
from foundation.money import ZERO
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.commissions.paying import make_earned, make_paid, make_payouts, make_several

pytestmark = pytest.mark.django_db

DECEMBER = datetime(2026, 12, 10, 15, tzinfo=UTC)
JANUARY = datetime(2027, 1, 10, 15, tzinfo=UTC)


@pytest.fixture
def payouts(market):
    return make_payouts(market)


@pytest.fixture
def reader(client, payouts):
    return sign_in(client, payouts.auditor)


def page_of(client, name, pk=None, **query):
    return client.get(reverse(f"desk:{name}", args=[pk] if pk else []), query)


class TestCloseAMonth:
    @pytest.fixture
    def operator(self, payouts):
        return make_person(Role.OPERATOR, payouts.division)

    def offered(self, closer):
        chosen, *groups = page_of(closer, "ledger_close").context["form"].fields["what"].choices
        assert chosen == ("", "Choose a month")
        return [label for _market, months in groups for _value, label in months]

    def test_offers_every_month_that_is_over_since_the_last_closed(self, client, operator, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            make_earned(payouts, "25.00")
        with time_machine.travel(JANUARY + timedelta(days=31), tick=False):
            closer, place = sign_in(client, operator), str(payouts.division)
            assert self.offered(closer) == [f"{place}, December 2026", f"{place}, January 2027"]

            closer.post(reverse("desk:ledger_close"), {"what": f"{payouts.division.pk}:2026-12-01"})

            assert self.offered(closer) == [f"{place}, January 2027"]
        assert ClosedPeriod.objects.get().period == date(2026, 12, 1)

    def test_offers_the_market_above_before_those_below_and_counts_its_months_at_the_desk(self, client, payouts):
        top = make_division("Zenith")
        payouts.division.parent = top
        payouts.division.save()
        with time_machine.travel(DECEMBER, tick=False):
            make_earned(payouts, "25.00")
        with time_machine.travel(JANUARY + timedelta(days=31), tick=False):
            closer = sign_in(client, make_person(Role.OPERATOR, top))

            assert [label.split(",")[0] for label in self.offered(closer)] == ["Zenith"] * 2 + [
                str(payouts.division)
            ] * 2

            figures = {
                figure.label: str(figure.count) for figure in client.get(reverse("desk:home")).context["figures"]
            }
            assert figures["Months to be closed"] == "2"

    def test_takes_nothing_that_was_not_offered(self, client, operator, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            make_earned(payouts, "25.00")
            answer = sign_in(client, operator).post(
                reverse("desk:ledger_close"), {"what": f"{payouts.division.pk}:2026-12-01"}
            )

        assert answer.status_code == 422
        assert not ClosedPeriod.objects.exists()

    def test_is_an_operators(self, reader, payouts):
        assert reverse("desk:ledger_close") not in page_of(reader, "ledger").text
        assert page_of(reader, "ledger_close").status_code == 403


class TestLedger:
    def test_says_what_was_owed_at_the_end_of_a_day(self, reader, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            make_earned(payouts, "25.00")
        with time_machine.travel(JANUARY, tick=False):
            make_earned(payouts, "50.00")

        ((currency, now, accounts),) = page_of(reader, "ledger").context["balances"]
        ((_currency, then, _accounts),) = page_of(reader, "ledger", on="2026-12-31").context["balances"]

        assert (currency, str(now), str(then)) == ("USD", "75.00", "25.00")
        assert dict(accounts)[LedgerAccount.PAYABLE.label] == now
        assert page_of(reader, "ledger", on="2026-12-09").context["balances"] == []

    def test_says_beside_it_what_was_booked_which_nothing_heard_late_moves(self, reader, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            reward = make_earned(payouts, "25.00")
            make_paid(payouts)
        with time_machine.travel(JANUARY, tick=False):
            close_period(payouts.division.pk, DECEMBER.date(), by=None)
            late = Decimal("10.00"), ReasonCode.LEFT_EARLY, DECEMBER.date()
            take_back(locked_reward(reward.pk), *late, by=None)

        page = page_of(reader, "ledger", on="2026-12-31")

        ((_currency, _owed, accounts),) = page.context["balances"]
        (month, ((_currency, _then, booked),)) = page.context["booked"]
        receivable = LedgerAccount.RECEIVABLE.label
        assert (dict(accounts)[receivable], month, dict(booked)[receivable]) == (
            Decimal("10.00"),
            date(2026, 12, 1),
            ZERO,
        )
        assert "As booked until December 2026" in page.content.decode()
        assert page_of(reader, "ledger", on="2027-01-30").context["booked"][0] == date(2026, 12, 1)

    def test_is_filtered(self, reader, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            mine = make_earned(payouts, "25.00")
        with time_machine.travel(JANUARY, tick=False):
            make_earned(payouts, "50.00")

        def found(**query):
            return [entry.key for entry in page_of(reader, "ledger", **query).context["page"].rows]

        assert found(text=mine.payee.account.number) == [f"{mine.pk}:2", f"{mine.pk}:1"]
        assert found(kind="accrual", month="2026-12") == [f"{mine.pk}:1"]
        assert found(account="payable", month="2026-12") == [f"{mine.pk}:2"]
        assert found(month="next year") == []
        assert found(division=payouts.division.pk, on="2026-12-31") == [f"{mine.pk}:2", f"{mine.pk}:1"]

    def test_shows_the_balances_of_who_is_looked_for(self, reader, payouts):
        mine, _other = make_earned(payouts, "25.00"), make_earned(payouts, "50.00")

        ((_currency, owed, _accounts),) = page_of(reader, "ledger", text=mine.payee.account.number).context["balances"]

        assert str(owed) == "25.00"

    def test_shows_nothing_of_another_market(self, reader, elsewhere):
        others = make_earned(make_payouts(elsewhere))

        page = page_of(reader, "ledger")

        assert (page.context["page"].rows, page.context["balances"]) == ([], [])
        for name in ("statement", "statement_pdf", "statement_csv"):
            assert page_of(reader, name, others.payee_id).status_code == 404

    def test_asks_as_many_statements_for_many_entries_as_for_one(self, reader, payouts):
        counts = []
        for number in (1, 6):
            make_several(payouts, number)
            page_of(reader, "ledger")
            with CaptureQueriesContext(connection) as asked:
                page_of(reader, "ledger")
            counts.append(len(asked))

        assert counts[0] == counts[1]


class TestStatement:
    @pytest.fixture
    def reward(self, payouts):
        with time_machine.travel(DECEMBER, tick=False):
            return make_earned(payouts)

    def test_links_every_line_to_its_reward_and_order(self, reader, reward):
        page = page_of(reader, "statement", reward.payee_id, month="2026-12").content.decode()

        assert reverse("desk:reward", args=[reward.pk]) in page
        assert reverse("desk:order", args=[reward.referral.order_id]) in page
        assert "Closing balance" in page

    def test_is_a_pdf(self, reader, reward):
        answer = page_of(reader, "statement_pdf", reward.payee_id, month="2026-12")

        assert answer.content.startswith(b"%PDF")
        assert f"statement-{reward.payee.account}-2026-12.pdf" in answer["Content-Disposition"]

    def test_is_a_file_that_leads_from_opening_to_closing(self, reader, reward):
        answer = page_of(reader, "statement_csv", reward.payee_id, month="2026-12")

        lines = answer.content.decode("utf-8-sig").splitlines()
        number = reward.referral.order.number
        today = reward.qualified_on.isoformat()
        assert lines[1:] == [
            '"2026-12-01","","Opening balance","","0.00","0.00","0.00","0.00","USD"',
            f'"{today}","{today}","Accrued","{number}","25.00","0.00","0.00","25.00","USD"',
            f'"{today}","{today}","Earned","{number}","-25.00","25.00","0.00","0.00","USD"',
            '"","","Closing balance","","0.00","25.00","0.00","25.00","USD"',
        ]

    @pytest.mark.parametrize("month", ["2026-13", "december", "2026", "2026-12-01"])
    def test_of_what_is_no_month_does_not_exist(self, reader, reward, month):
        assert page_of(reader, "statement", reward.payee_id, month=month).status_code == 404
