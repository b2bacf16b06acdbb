"""A customer disputes a line of a statement, and reads what became of it."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import Dispute, Payee
from commissions.queries.statements import own_statement_of
from commissions.services.batches import read_line
from commissions.services.disputes import explain_dispute, uphold_dispute
from commissions.services.statements import html_of
from commissions.states import EntryKind, Verdict
from foundation.now import today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.selfcare.friends import totals_of
from tests.commissions.paying import make_earned, make_frozen, make_paid, make_payouts

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts():
    return make_payouts()


@pytest.fixture
def customer(client, payouts):
    customer = make_person(Role.CUSTOMER, payouts.division)
    sign_in(client, customer)
    return customer


@pytest.fixture
def line(payouts, customer):
    reward = make_earned(payouts, account=make_account(payouts.division, user=customer))
    return reward.entries.get(kind=EntryKind.RELEASE)


@pytest.fixture
def answerer(payouts):
    return make_person(Role.OPERATOR, payouts.division)


def page_of(client, name, pk):
    return client.get(reverse(f"selfcare:{name}", args=[pk])).content.decode()


def dispute(client, line, words="I was promised $35."):
    return client.post(reverse("selfcare:dispute_raise", args=[line.pk]), {"words": words})


def test_a_line_is_disputed_from_its_statement(client, line):
    address = reverse("selfcare:dispute_raise", args=[line.pk])
    assert address in page_of(client, "statement", line.payee_id)

    answer = dispute(client, line)

    (raised,) = Dispute.objects.all()
    assert answer.url == reverse("selfcare:dispute", args=[raised.pk])
    shown = page_of(client, "dispute", raised.pk)
    for expected in ("Being looked at", "I was promised $35.", "You get our answer by"):
        assert expected in shown
    statement = page_of(client, "statement", line.payee_id)
    assert "Disputed: Being looked at" in statement
    assert address not in statement
    assert client.get(address).url == answer.url


def test_words_are_asked_for_at_their_field(client, line):
    page = dispute(client, line, words=" ")

    assert page.status_code == 422
    assert "words" in page.context["form"].errors
    assert not Dispute.objects.exists()


def test_a_line_of_somebody_else_is_not_there(client, customer, payouts):
    other = make_earned(payouts).entries.get(kind=EntryKind.RELEASE)

    assert dispute(client, other).status_code == 404


def test_what_is_still_qualifying_is_not_there(client, line):
    accrual = line.reward.entries.get(kind=EntryKind.ACCRUAL)

    assert client.get(reverse("selfcare:dispute_raise", args=[accrual.pk])).status_code == 404


def test_an_explanation_is_read(client, line, answerer):
    dispute(client, line)
    raised = Dispute.objects.get()
    explain_dispute(raised.pk, "The terms say $25.", by=answerer)

    shown = page_of(client, "dispute", raised.pk)

    assert "Explained" in shown
    assert "The terms say $25." in shown
    assert str(answerer) not in shown


def test_a_correction_is_a_line_that_is_paid_with_the_next_payout(client, line, answerer, payouts):
    dispute(client, line)
    raised = Dispute.objects.get()
    uphold_dispute(raised.pk, "You are right.", Decimal("10.00"), by=answerer)

    assert "$10.00 is added, and paid with the next payout." in page_of(client, "dispute", raised.pk)
    assert "Corrected in your favor" in page_of(client, "statement", line.payee_id)
    totals = {total.label: total.amount for total in totals_of([line.reward.referral.referrer])}
    assert totals["Earned, to be credited"] == "$35.00"
    make_paid(payouts)
    assert "$10.00 was added and paid on" in page_of(client, "dispute", raised.pk)


def test_a_correction_that_is_found_wrong_is_shown_as_taken_back(client, line, answerer, payouts):
    dispute(client, line)
    raised = Dispute.objects.get()
    uphold_dispute(raised.pk, "You are right.", Decimal("10.00"), by=answerer)
    payment = make_frozen(payouts).lines.get(dispute=raised)
    read_line(payment.pk, Verdict.WRONG, "A typing error", by=payouts.auditor)

    assert "$10.00 was added, and taken back when it was checked" in page_of(client, "dispute", raised.pk)
    desk = sign_in(Client(), answerer).get(reverse("desk:dispute", args=[raised.pk])).content.decode()
    assert "found wrong and taken back by" in desk
    assert "A typing error" in desk


def test_the_statement_on_paper_shows_the_disputed_line(client, line):
    payee = Payee.objects.get()
    before = html_of(own_statement_of(payee, today(payee.division)), language="en")
    dispute(client, line)

    after = html_of(own_statement_of(payee, today(payee.division)), language="en")

    assert "Disputed on" not in before
    assert "Disputed on" in after


def test_the_dispute_of_somebody_else_is_not_there(client, line, payouts):
    dispute(client, line)
    sign_in(client, make_person(Role.CUSTOMER, payouts.division))

    assert client.get(reverse("selfcare:dispute", args=[Dispute.objects.get().pk])).status_code == 404
