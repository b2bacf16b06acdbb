"""Disputes at the desk: the list with its clock, one with the trace, and the answer."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import Dispute
from commissions.services.disputes import raise_dispute
from commissions.states import DisputeStatus, EntryKind
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.commissions.paying import make_earned, make_paid, make_payouts

pytestmark = pytest.mark.django_db


@pytest.fixture
def payouts(market):
    return make_payouts(market)


@pytest.fixture
def operator(signed_in, payouts):
    return signed_in(Role.OPERATOR, payouts.division)


def make_dispute(payouts, words="I was promised $35.") -> Dispute:
    payee = make_person(Role.CUSTOMER, payouts.division)
    reward = make_earned(payouts, account=make_account(payouts.division, user=payee))
    return raise_dispute(reward.entries.get(kind=EntryKind.RELEASE).pk, words, by=payee)


def answer(client, dispute, **answers):
    return client.post(reverse("desk:dispute_answer", args=[dispute.pk]), answers)


class TestList:
    def test_shows_what_is_due_first_with_its_age_and_what_is_overdue(self, payouts, signed_in):
        dispute = make_dispute(payouts)
        with time_machine.travel(dispute.raised_at + timedelta(days=12)):
            page = signed_in(Role.OPERATOR, payouts.division).get(reverse("desk:disputes"), {"clock": "overdue"})

        shown = page.content.decode()
        for expected in ("I was promised $35.", "12 days", "overdue", "Being looked at"):
            assert expected in shown

    def test_takes_no_more_queries_for_more_rows(self, operator, payouts):
        counts = []
        operator.get(reverse("desk:disputes"))
        for _round in range(2):
            make_dispute(payouts)
            with CaptureQueriesContext(connection) as queries:
                operator.get(reverse("desk:disputes"))
            counts.append(len(queries))

        assert counts[0] == counts[1]

    def test_is_counted_on_the_first_page(self, operator, payouts):
        make_dispute(payouts)

        assert "Disputes to be answered" in operator.get(reverse("desk:home")).content.decode()


class TestOne:
    def test_shows_the_words_the_line_and_the_trace(self, operator, payouts):
        dispute = make_dispute(payouts)

        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()

        for expected in ("I was promised $35.", "$25.00", "Where it stands, and why", "Answer the payee"):
            assert expected in page

    def test_offers_no_answer_to_who_approved_the_payment(self, client, payouts, operator):
        dispute = make_dispute(payouts)
        make_paid(payouts)
        payouts.auditor.roles.create(role=Role.OPERATOR, division=payouts.division)
        page = sign_in(client, payouts.auditor).get(reverse("desk:dispute", args=[dispute.pk])).content.decode()

        assert "You have approved a payment of this reward" in page
        assert reverse("desk:dispute_answer", args=[dispute.pk]) not in page


class TestAnswer:
    def test_corrects_the_line(self, operator, payouts):
        dispute = make_dispute(payouts)

        answer(operator, dispute, outcome="upheld", amount="10.00", answer="You are right.")

        dispute.refresh_from_db()
        assert (dispute.status, str(dispute.amount)) == (DisputeStatus.UPHELD, "10.00")
        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        assert "You are right." in page
        assert "not paid yet" in page

    def test_explains_it(self, operator, payouts):
        dispute = make_dispute(payouts)

        answer(operator, dispute, outcome="explained", amount="", answer="The terms say $25.")

        dispute.refresh_from_db()
        assert (dispute.status, dispute.answer) == (DisputeStatus.EXPLAINED, "The terms say $25.")
        nothing = operator.get(reverse("desk:dispute_answer", args=[dispute.pk])).content.decode()
        assert "This dispute was answered." in nothing

    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ({"outcome": "upheld", "amount": "", "answer": "Yes."}, "amount"),
            ({"outcome": "upheld", "amount": "0", "answer": "Yes."}, "amount"),
            ({"outcome": "explained", "amount": "5.00", "answer": "No."}, "amount"),
            ({"outcome": "explained", "amount": "", "answer": " "}, "answer"),
            ({"amount": "", "answer": "No."}, "outcome"),
        ],
    )
    def test_says_at_the_field_what_is_missing(self, operator, payouts, answers, field):
        dispute = make_dispute(payouts)

        page = answer(operator, dispute, **answers)

        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
        assert Dispute.objects.get().is_open
