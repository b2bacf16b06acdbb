"""Claims that nothing is left to set off against: one person asks, another decides, and the ledger says what was done."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import ClaimEnd
from commissions.queries.claims import claimed_of, claims_visible_to
from commissions.queries.ledger import balances
from commissions.queries.statements import own_statement_of
from commissions.services.accrual import accrue_rewards
from commissions.services.cases import pay
from commissions.services.claims import approve_claim_end, ask_to_end_claim, refuse_claim_end
from commissions.services.endings import locked_reward, take_back
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.states import ClaimStatus, ClaimWay, EntryKind, LedgerAccount, ReasonCode, Side
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.divisions.settings import CURRENCY
from foundation.divisions.testing import put_value
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User
from foundation.people.services import invite_person
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.commissions.paying import AT_ONCE, make_earned, make_frozen, make_payouts

pytestmark = pytest.mark.django_db

CLAIM = Decimal("25.00")


@pytest.fixture
def payouts():
    return make_payouts()


@pytest.fixture
def owner(payouts):
    return make_person(Role.CUSTOMER, payouts.division)


@pytest.fixture
def payee(payouts, owner):
    """Somebody whose reward of $25 was credited, and taken back."""
    reward = make_earned(payouts, account=make_account(payouts.division, user=owner))
    pay(reward.pk, today(payouts.division))
    take_back(locked_reward(reward.pk), CLAIM, ReasonCode.LEFT_EARLY, today(payouts.division), by=None)
    return reward.payee


def ask(payouts, payee, way=ClaimWay.WRITE_OFF, amount=CLAIM, reason="They have moved away.") -> ClaimEnd:
    return ask_to_end_claim(payee.pk, way, amount, reason, by=payouts.builder)


def refusal_of(deed, *args, **values) -> str:
    with pytest.raises(NotAllowed) as refusal:
        deed(*args, **values)
    return refusal.value.code


class TestClaimed:
    def test_is_what_was_taken_back_less_what_a_batch_sets_off(self, payouts, payee):
        assert claimed_of(payee) == CLAIM
        assert [(one, one.claimed) for one in claims_visible_to(payouts.builder)] == [(payee, CLAIM)]
        make_earned(payouts, account=payee.account)

        make_frozen(payouts)

        assert claimed_of(payee) == 0
        assert not claims_visible_to(payouts.builder).exists()

    def test_is_seen_in_its_market_alone(self, payouts, payee):
        assert not claims_visible_to(make_payouts().builder).exists()


class TestAsking:
    def test_changes_nothing_yet(self, payouts, payee):
        end = ask(payouts, payee)

        assert (end.status, end.amount, end.asked_by) == (ClaimStatus.ASKED, CLAIM, payouts.builder)
        assert claimed_of(payee) == CLAIM

    def test_is_about_a_reward_in_the_currency_of_the_claim(self, payouts, payee):
        claimed = payee.rewards.get()
        programme = make_programme(payouts.division)
        referral = make_referral(make_referrer(programme, account=payee.account), market=payouts.market)
        put_value(payouts.division, CURRENCY, "CAD")
        terms = [TermDescription(side=Side.REFERRER, amount=CLAIM)]
        make_version(make_rule(payouts.division, programme=programme), terms=terms, **AT_ONCE)
        (other,) = accrue_rewards(referral.pk)
        reconsider(other.friend_account_id)
        pay(other.pk, today(payouts.division))
        take_back(locked_reward(other.pk), CLAIM, ReasonCode.LEFT_EARLY, today(payouts.division), by=None)

        end = approve_claim_end(ask(payouts, payee).pk, by=payouts.auditor)

        assert other.currency == "CAD"
        assert (end.reward, end.entry.currency, claimed_of(payee)) == (claimed, "USD", 0)

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"amount": Decimal("25.01")}, "too_much"),
            ({"amount": Decimal("0.00")}, "too_much"),
            ({"reason": " "}, "no_reason"),
        ],
    )
    def test_is_for_what_is_claimed_and_says_why(self, payouts, payee, values, code):
        assert refusal_of(ask, payouts, payee, **values) == code

    def test_is_done_once_at_a_time(self, payouts, payee):
        ask(payouts, payee, amount=Decimal("5.00"))

        assert refusal_of(ask, payouts, payee, amount=Decimal("5.00")) == "asked"

    def test_is_for_those_who_may(self, payouts, payee):
        csr = make_person(Role.CSR, payouts.division)

        assert refusal_of(ask_to_end_claim, payee.pk, ClaimWay.CHARGE, CLAIM, "Gone", by=csr) == "not_permitted"


class TestDeciding:
    def test_gives_a_claim_up(self, payouts, payee):
        end = approve_claim_end(ask(payouts, payee).pk, by=payouts.auditor)

        assert (end.entry.kind, end.entry.debit, end.entry.credit) == ("write_off", "expense", "receivable")
        (balance,) = balances(payee.entries.all()).values()
        assert (balance[LedgerAccount.RECEIVABLE], balance[LedgerAccount.EXPENSE]) == (Decimal("0.00"), CLAIM)
        statement = own_statement_of(payee, end.entry.period)
        assert statement.closing.is_nothing
        assert EntryKind.WRITE_OFF in {row.kind for row in statement.rows}

    def test_charges_it_under_the_number_that_it_has_in_the_billing_system(self, payouts, payee):
        end = ask(payouts, payee, ClaimWay.CHARGE)
        assert refusal_of(approve_claim_end, end.pk, by=payouts.auditor) == "reference"

        end = approve_claim_end(end.pk, reference="CH-7", by=payouts.auditor)

        assert (end.reference, end.entry.debit, end.entry.credit) == ("CH-7", "paid", "receivable")
        (balance,) = balances(payee.entries.all()).values()
        assert [balance[LedgerAccount(name)] for name in ("receivable", "paid", "expense")] == [0, 0, 0]
        assert balance.difference == 0

    def test_takes_no_number_of_what_is_given_up(self, payouts, payee):
        assert (
            refusal_of(approve_claim_end, ask(payouts, payee).pk, reference="CH-7", by=payouts.auditor) == "reference"
        )

    def test_leaves_it_as_it_is(self, payouts, payee):
        end = refuse_claim_end(ask(payouts, payee).pk, by=payouts.auditor)

        assert (end.status, end.entry, claimed_of(payee)) == (ClaimStatus.REFUSED, None, CLAIM)
        assert refusal_of(approve_claim_end, end.pk, by=payouts.auditor) == "wrong_status"

    def test_is_not_for_who_has_asked(self, payouts, payee):
        operator = make_person(Role.OPERATOR, payouts.division)
        end = ask_to_end_claim(payee.pk, ClaimWay.WRITE_OFF, CLAIM, "Gone", by=operator)

        assert refusal_of(approve_claim_end, end.pk, by=operator) == "own_question"

    @pytest.mark.parametrize("decide", [approve_claim_end, refuse_claim_end])
    def test_is_not_for_whom_who_asked_let_decide(self, payouts, payee, decide):
        operator = make_person(Role.OPERATOR, payouts.division)
        end = ask_to_end_claim(payee.pk, ClaimWay.WRITE_OFF, CLAIM, "Gone", by=operator)
        double = invite_person("double@people.example", role=Role.AUDITOR, division=payouts.division, by=operator)

        assert refusal_of(decide, end.pk, by=double) == "unconfirmed"

    def test_is_not_for_the_payee(self, payouts, payee, owner):
        end = ask(payouts, payee)
        owner.roles.create(role=Role.OPERATOR, division=payouts.division)

        assert refusal_of(approve_claim_end, end.pk, by=User.objects.get(pk=owner.pk)) == "own_claim"

    def test_gives_up_nothing_that_a_batch_is_about_to_set_off(self, payouts, payee):
        end = ask(payouts, payee)
        make_earned(payouts, account=payee.account)
        make_frozen(payouts)

        assert refusal_of(approve_claim_end, end.pk, by=payouts.auditor) == "too_much"

    @pytest.mark.parametrize(
        "statement", ["UPDATE commissions_claimend SET amount = 1", "DELETE FROM commissions_claimend"]
    )
    def test_is_kept_by_the_database(self, payouts, payee, statement):
        ask(payouts, payee)

        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


class TestPages:
    def test_lead_from_the_list_to_the_question_and_to_the_decision(self, client, payouts, payee):
        sign_in(client, payouts.builder)
        assert "$25.00" in client.get(reverse("desk:claims")).content.decode()
        answers = {"way": "write_off", "amount": "25.00", "reason": "They have moved away."}
        client.post(reverse("desk:claim_ask", args=[payee.pk]), answers)
        end = ClaimEnd.objects.get()
        sign_in(client, payouts.auditor)
        decide = reverse("desk:claim_decide", args=[end.pk])
        assert decide in client.get(reverse("desk:claims"), {"asked": "yes"}).content.decode()
        assert "They have moved away." in client.get(decide).content.decode()

        client.post(decide, {"outcome": "approved", "reference": ""})

        assert claimed_of(payee) == 0
        assert "This was decided." in client.get(decide).content.decode()

    def test_say_at_the_field_what_is_wrong(self, client, payouts, payee):
        sign_in(client, payouts.builder)

        answers = {"way": "charge", "amount": "99.00", "reason": "Gone"}
        page = client.post(reverse("desk:claim_ask", args=[payee.pk]), answers)

        assert page.status_code == 422
        assert list(page.context["form"].errors) == ["amount"]
