"""A missing reward in cash that is given after a dispute: it waits for a bank account, and is paid there."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from accounts.testing import make_account, make_details
from commissions.handlers import tell_of_answer
from commissions.models import Dispute, LedgerEntry, Reward
from commissions.queries.batches import waiting_for_bank_details
from commissions.queries.disputes import correction_paid_on
from commissions.queries.ledger import balances
from commissions.queries.transfers import may_be_paid_from
from commissions.services.accrual import accrue_rewards
from commissions.services.batches import conclude_batch, confirm_bank_file, hand_over_bank_file
from commissions.services.disputes import raise_missing_reward, uphold_dispute
from commissions.services.endings import forfeit, locked_reward
from commissions.states import LineStatus, ReasonCode, RewardStatus
from commissions.testing import make_referral, make_referrer
from foundation.correspondence.models import Message
from foundation.events.models import Event
from foundation.events.testing import drain
from foundation.jobs.services import work_one_chunk
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.commissions.cashing import give_bank, in_cash, make_file, set_originator
from tests.commissions.paying import make_payouts

pytestmark = pytest.mark.django_db

AMOUNT = Decimal("25.00")


@pytest.fixture
def payouts(market):
    payouts = make_payouts(market)
    set_originator(payouts.division)
    in_cash(payouts)
    return payouts


@pytest.fixture
def granted(payouts) -> Dispute:
    """A reward in cash that was forfeited, missed by its payee, and given after all."""
    payee = make_person(Role.CUSTOMER, payouts.division)
    account = make_account(payouts.division, details=make_details(email="riley@people.example"), user=payee)
    referral = make_referral(make_referrer(payouts.programme(), account=account), market=payouts.market)
    (reward,) = accrue_rewards(referral.pk)
    forfeit(locked_reward(reward.pk), ReasonCode.TOO_FEW_BILLS, today(payouts.division), by=None)
    dispute = raise_missing_reward(referral.pk, "Robin has paid.", by=payee)
    return uphold_dispute(dispute.pk, "You are right.", AMOUNT, by=make_person(Role.OPERATOR, payouts.division))


def letter(dispute: Dispute) -> str:
    event = Event.objects.get(name="commissions.dispute_answered")
    tell_of_answer(event.fact(), event)
    text: str = Message.objects.get(kind="commissions.dispute_upheld").text
    return text


def test_without_a_bank_account_waits_and_letter_and_page_ask_for_one(granted, client):
    assert list(waiting_for_bank_details(Reward.objects.all())) == [granted.reward]
    bank_page = reverse("selfcare:bank", args=[granted.payee_id])
    assert bank_page in letter(granted)
    sign_in(client, granted.raised_by)
    page = client.get(reverse("selfcare:dispute", args=[granted.pk])).content.decode()
    assert "$25.00 is added, and paid once you have told us where." in page
    assert bank_page in page


def test_that_an_account_is_known_for_asks_for_none(granted):
    give_bank(granted.payee, "12345678")

    assert not waiting_for_bank_details(Reward.objects.all()).exists()
    assert reverse("selfcare:bank", args=[granted.payee_id]) not in letter(granted)


def test_is_transferred_with_the_next_batch_and_confirmed_from_the_statement_of_the_bank(granted, payouts):
    give_bank(granted.payee, "12345678")
    file = make_file(payouts)
    assert f"{2500:010}" in file.text
    hand_over_bank_file(file.pk, by=payouts.auditor)

    with time_machine.travel(f"{may_be_paid_from(file)}T18:00Z", tick=False):
        confirm_bank_file(file.pk, count=1, total=AMOUNT, by=payouts.auditor)
        while work_one_chunk():
            pass
        conclude_batch(file.batch_id)
        drain()
        assert correction_paid_on(granted) == today(payouts.division)

    line = granted.lines.get()
    assert (line.status, line.amount, line.reward) == (LineStatus.CONFIRMED, AMOUNT, granted.reward)
    granted.reward.refresh_from_db()
    assert granted.reward.status == RewardStatus.FORFEITED
    (balance,) = balances(LedgerEntry.objects.all()).values()
    assert (balance.owed, balance["paid"]) == (Decimal("0.00"), AMOUNT)
    assert not waiting_for_bank_details(Reward.objects.all()).exists()
