"""A customer disputes a line of a statement, and reads what became of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import Dispute, Payee
from commissions.queries.statements import own_statement_of
from commissions.services.accrual import accrue_rewards
from commissions.services.batches import read_line
from commissions.services.disputes import explain_dispute, hand_over_dispute, raise_missing_reward, uphold_dispute
from commissions.services.evidence import want_evidence
from commissions.services.qualification import reconsider
from commissions.services.rules import TermDescription
from commissions.services.statements import html_of
from commissions.states import DisputeStatus, EntryKind, Side, Verdict
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.selfcare.friends import totals_of
from tests.commissions.paying import AT_ONCE, make_earned, make_frozen, make_paid, make_payouts
from tickets.models import UnsentFile

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


def test_nothing_that_is_possible_says_that_no_friend_is_on_the_way(line):
    possible = totals_of([line.reward.referral.referrer])[0]

    assert (possible.amount, possible.detail) == ("$0.00", "No friend of yours is on the way at the moment")


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


class TestAskingOnceMore:
    def test_is_offered_after_an_explanation_with_what_was_answered(self, client, line, answerer, payouts):
        dispute(client, line)
        first = Dispute.objects.get()
        explain_dispute(first.pk, "The terms say $25.", by=answerer)
        address = reverse("selfcare:dispute_raise", args=[line.pk])
        assert address in page_of(client, "dispute", first.pk)
        assert "The terms say $25." in client.get(address).content.decode()

        same = dispute(client, line)
        assert same.status_code == 422
        assert list(same.context["form"].errors) == ["words"]
        appeal_page = dispute(client, line, words="The offer of May says $35.").url

        appeal = first.appealed_by.get()
        assert appeal_page == reverse("selfcare:dispute", args=[appeal.pk])
        assert appeal_page in page_of(client, "dispute", first.pk)
        assert "Disputed: Being looked at" in page_of(client, "statement", line.payee_id)
        desk = sign_in(Client(), answerer).get(reverse("desk:dispute", args=[appeal.pk])).content.decode()
        assert "It is an appeal against an answer of yours" in desk
        assert reverse("desk:dispute", args=[first.pk]) in desk
        explain_dispute(appeal.pk, "That offer had ended.", by=payouts.builder)
        shown = page_of(client, "dispute", appeal.pk)
        assert "You have asked about this twice" in shown
        assert address not in shown
        assert client.get(address).url == appeal_page

    def test_of_a_reward_that_qualifies_is_offered_after_the_day_by_which_it_is_expected(
        self, client, customer, payouts, answerer
    ):
        programme = make_programme(payouts.division)
        terms = [TermDescription(side=Side.REFERRER, amount=Decimal("25.00"))]
        make_version(make_rule(payouts.division, programme=programme), terms=terms, **{**AT_ONCE, "wait_count": 30})
        account = make_account(payouts.division, user=customer)
        referral = make_referral(make_referrer(programme, account=account), market=payouts.market)
        accrue_rewards(referral.pk)
        raised = raise_missing_reward(referral.pk, "Robin has paid.", by=customer)
        desk = sign_in(Client(), answerer).get(reverse("desk:dispute_answer", args=[raised.pk])).content.decode()
        assert "An explanation is no refusal" in desk
        explain_dispute(raised.pk, "It takes 30 days.", by=answerer)
        raised.refresh_from_db()
        address = f"{reverse('selfcare:reward_missing')}?friend={referral.pk}"

        shown = page_of(client, "dispute", raised.pk)
        assert "Still expected" in shown
        assert "you can ask again after that day" in shown
        assert address not in shown
        assert client.get(address).url == reverse("selfcare:dispute", args=[raised.pk])
        assert f"reward:{referral.pk}" not in client.get(reverse("selfcare:reward_missing")).content.decode()
        with time_machine.travel(
            now() + (raised.expected_on - today(payouts.division)) + timedelta(days=1), tick=False
        ):
            sign_in(client, customer)
            assert address in page_of(client, "dispute", raised.pk)
            assert f"reward:{referral.pk}" in client.get(reverse("selfcare:reward_missing")).content.decode()
            said = {"about": f"reward:{referral.pk}", "words": "Robin has paid.", "key": "a form"}
            client.post(address, said)

        assert Dispute.objects.filter(referral=referral).count() == 2

    def test_of_what_has_a_line_by_now_leads_to_the_statement(self, client, customer, payouts, answerer):
        account = make_account(payouts.division, user=customer)
        referral = make_referral(make_referrer(payouts.programme(), account=account), market=payouts.market)
        (reward,) = accrue_rewards(referral.pk)
        raised = raise_missing_reward(referral.pk, "Robin has paid.", by=customer)
        explain_dispute(raised.pk, "It comes by itself.", by=answerer)
        with time_machine.travel(now() + timedelta(days=400), tick=False):
            sign_in(client, customer)
            assert "Ask once more" in page_of(client, "dispute", raised.pk)
            reconsider(reward.friend_account_id)

            shown = page_of(client, "dispute", raised.pk)

        assert "Your statements have a line for it by now." in shown
        assert "Ask once more" not in shown

    def test_words_that_were_sent_while_another_form_was_stay_on_the_page(self, client, line):
        dispute(client, line)

        page = dispute(client, line, words="And the offer of May says so.")

        assert page.status_code == 422
        assert "And the offer of May says so." in page.content.decode()
        assert "we are looking at it" in page.content.decode()
        assert dispute(client, line).status_code == 302
        assert Dispute.objects.count() == 1


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


def offer(name="offer.txt", content=b"You get $35."):
    return SimpleUploadedFile(name, content)


PROGRAM = b"MZ\x90\x00 runs"


class TestEvidence:
    def raise_(self, client, line, **sent):
        address = reverse("selfcare:dispute_raise", args=[line.pk])
        return client.post(address, {"words": "I was promised $35.", "key": "a form", **sent})

    def test_comes_with_the_first_words_and_is_given_to_be_saved(self, client, line):
        self.raise_(client, line, uploads=[offer()])
        raised = Dispute.objects.get()
        address = reverse("selfcare:dispute_file", args=[raised.evidence.get().pk])

        assert address in page_of(client, "dispute", raised.pk)
        file = client.get(address)
        assert file.content == b"You get $35."
        assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''offer.txt"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in file.headers["Content-Security-Policy"]
        sign_in(client, make_person(Role.CUSTOMER, raised.division))
        assert client.get(address).status_code == 404

    def test_that_is_wrong_loses_neither_the_words_nor_the_good_files(self, client, line):
        self.raise_(client, line, uploads=[offer()], words="")

        page = self.raise_(client, line, uploads=[offer("run.txt", PROGRAM)])

        assert page.status_code == 422
        assert list(page.context["files"].errors) == ["uploads"]
        assert [file.name for file in page.context["held"]] == ["offer.txt"]
        assert "I was promised $35." in page.content.decode()
        assert not Dispute.objects.exists()
        self.raise_(client, line)
        assert Dispute.objects.get().evidence.get().name == "offer.txt"

    def test_is_let_go_of_by_its_button(self, client, line):
        self.raise_(client, line, uploads=[offer()], words="")
        (held,) = UnsentFile.objects.all()

        page = self.raise_(client, line, do=f"drop:{held.pk}")

        assert page.status_code == 200
        assert "I was promised $35." in page.content.decode()
        assert not UnsentFile.objects.exists()
        assert not Dispute.objects.exists()

    def test_is_added_later_while_it_is_open(self, client, line, answerer):
        dispute(client, line)
        raised = Dispute.objects.get()
        address = reverse("selfcare:dispute", args=[raised.pk])

        client.post(address, {"text": "Here is the offer.", "key": "b", "uploads": [offer()]})

        shown = page_of(client, "dispute", raised.pk)
        assert "Here is the offer." in shown
        assert "offer.txt" in shown
        assert client.post(address, {"text": "", "key": "c"}).status_code == 422
        explain_dispute(raised.pk, "The terms say $25.", by=answerer)
        assert "<textarea" not in page_of(client, "dispute", raised.pk)

    def test_that_we_want_is_asked_for_and_given(self, client, line, answerer):
        dispute(client, line)
        raised = Dispute.objects.get()
        want_evidence(raised.pk, "Which letter?", key="q", by=answerer)

        asked = page_of(client, "dispute", raised.pk)
        assert "We need something from you" in asked
        assert "Which letter?" in asked
        assert "You get our answer by" not in asked
        assert str(answerer) not in asked
        question = raised.articles.get()
        assert f'name="question" value="{question.pk}"' in asked
        client.post(
            reverse("selfcare:dispute", args=[raised.pk]), {"text": "That of May.", "key": "b", "question": question.pk}
        )

        raised.refresh_from_db()
        assert raised.status == DisputeStatus.ASSIGNED
        shown = page_of(client, "dispute", raised.pk)
        assert "You get our answer by" in shown
        assert "That of May." in shown

    def test_that_crosses_a_question_leaves_it_open_and_the_next_page_answers_it(self, client, line, answerer):
        dispute(client, line)
        raised = Dispute.objects.get()
        address = reverse("selfcare:dispute", args=[raised.pk])
        question = want_evidence(raised.pk, "Which letter?", key="q", by=answerer)

        page = client.post(address, {"text": "One thing more.", "key": "b", "question": ""}, follow=True)

        assert "Meanwhile we have asked you for something" in page.content.decode()
        raised.refresh_from_db()
        assert raised.is_waiting
        wrong = client.post(address, {"text": "", "key": "c", "question": ""}).content.decode()
        assert f'name="question" value="{question.pk}"' in wrong
        client.post(address, {"text": "That of May.", "key": "c", "question": question.pk})
        raised.refresh_from_db()
        assert raised.status == DisputeStatus.ASSIGNED

    def test_that_is_too_much_is_said_at_its_field(self, client, line):
        dispute(client, line)
        raised = Dispute.objects.get()
        address = reverse("selfcare:dispute", args=[raised.pk])
        for key in ("a", "b"):
            client.post(
                address, {"key": key, "uploads": [offer(f"{number}.txt", b"%d" % number) for number in range(5)]}
            )

        page = client.post(address, {"text": "One more.", "key": "c", "uploads": [offer("eleventh.txt")]})

        assert page.status_code == 422
        assert list(page.context["files"].errors) == ["uploads"]
        assert not page.context["form"].errors
        assert "One more." in page.content.decode()
        assert raised.evidence.count() == 10

    def test_sent_after_our_answer_stays_to_be_copied(self, client, line, answerer):
        dispute(client, line)
        raised = Dispute.objects.get()
        explain_dispute(raised.pk, "The terms say $25.", by=answerer)

        page = client.post(
            reverse("selfcare:dispute", args=[raised.pk]),
            {"text": "Here is the offer.", "key": "b", "uploads": [offer()]},
        )

        assert page.status_code == 422
        shown = page.content.decode()
        for expected in ("What you wrote was not sent", "Here is the offer.", "offer.txt", "The terms say $25."):
            assert expected in shown
        assert not raised.articles.exists()

    def test_does_not_show_what_colleagues_note(self, client, line, answerer, payouts):
        dispute(client, line)
        raised = Dispute.objects.get()
        hand_over_dispute(raised.pk, payouts.builder, "A difficult one", by=answerer)

        assert "A difficult one" not in page_of(client, "dispute", raised.pk)


class TestMissing:
    @pytest.fixture
    def referral(self, payouts, customer):
        account = make_account(payouts.division, user=customer)
        return make_referral(make_referrer(payouts.programme(), account=account), market=payouts.market)

    def miss(self, client, about, **sent):
        said = {"about": about, "words": "Robin has paid.", "key": "a form", **sent}
        return client.post(reverse("selfcare:reward_missing"), said)

    def test_is_said_at_the_friend(self, client, referral):
        address = f"{reverse('selfcare:reward_missing')}?friend={referral.pk}"
        assert address in client.get(reverse("selfcare:referrals")).content.decode()
        assert f'value="reward:{referral.pk}" selected' in client.get(address).content.decode()

        answer = self.miss(client, f"reward:{referral.pk}", uploads=[offer()])

        raised = Dispute.objects.get()
        assert (raised.referral, raised.evidence.count()) == (referral, 1)
        assert answer.url == reverse("selfcare:dispute", args=[raised.pk])
        assert "A missing reward for Robin" in page_of(client, "dispute", raised.pk)
        for name in ("referrals", "statements"):
            page = client.get(reverse(f"selfcare:{name}")).content.decode()
            assert reverse("selfcare:dispute", args=[raised.pk]) in page
            assert "Being looked at" in page
        assert client.get(address).url == answer.url

    def test_is_said_of_somebody_who_is_not_there(self, client, referral):
        self.miss(client, f"friend:{referral.referrer_id}", words="Jo of Main St ordered in May.")

        raised = Dispute.objects.get()
        assert (raised.entry, raised.referral) == (None, None)
        assert "A friend who is not in your list" in page_of(client, "dispute", raised.pk)
        again = self.miss(client, f"friend:{referral.referrer_id}", words="And Kim.", key="another form")
        assert list(again.context["form"].errors) == ["about"]
        assert "Somebody who is not in my list" not in client.get(reverse("selfcare:reward_missing")).content.decode()

    def test_of_somebody_who_is_looked_for_leads_there_where_nothing_else_can_be_missing(self, client, referral):
        for about in (f"reward:{referral.pk}", f"friend:{referral.referrer_id}"):
            self.miss(client, about, key=about)

        searched = Dispute.objects.get(referral=None)
        assert client.get(reverse("selfcare:reward_missing")).url == reverse("selfcare:dispute", args=[searched.pk])
        statements = client.get(reverse("selfcare:statements")).content.decode()
        assert reverse("selfcare:reward_missing") not in statements

    def test_is_not_offered_where_there_is_a_line(self, client, line):
        referral = line.reward.referral

        page = client.get(reverse("selfcare:referrals")).content.decode()

        assert f"?friend={referral.pk}" not in page
        assert self.miss(client, f"reward:{referral.pk}").status_code == 422

    def test_of_somebody_else_is_not_offered(self, client, referral, payouts):
        other = make_referral(make_referrer(payouts.programme()), market=payouts.market)

        for about in (f"reward:{other.pk}", f"friend:{other.referrer_id}"):
            assert self.miss(client, about).status_code == 422
        assert not Dispute.objects.exists()

    def test_is_for_who_brings_friends(self, client, customer):
        assert client.get(reverse("selfcare:reward_missing")).status_code == 404
