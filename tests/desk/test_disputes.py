"""Disputes at the desk: the list with its clock, one with the trace, and the answer."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_account
from commissions.models import Dispute
from commissions.services.accrual import accrue_rewards
from commissions.services.disputes import explain_dispute, raise_dispute, raise_missing_reward, take_dispute
from commissions.services.evidence import want_evidence
from commissions.services.rules import TermDescription
from commissions.states import DisputeStatus, EntryKind, Side
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.commissions.paying import AT_ONCE, make_earned, make_paid, make_payouts

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
        for expected in ("I was promised $35.", "12 days", "overdue", "Raised"):
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


class TestAnAppeal:
    """It is answered by somebody else than who explained: the desk says who that is, before nobody is left."""

    def test_names_who_may_answer_it_a_person_of_the_division_above_among_them(self, operator, payouts):
        parent = make_division("Above")
        Division.objects.filter(pk=payouts.division.pk).update(parent=parent, lineage=[parent.pk, payouts.division.pk])
        above = make_person(Role.SUPERVISOR, parent, name="Uma Upstairs")
        dispute = make_dispute(payouts)
        answer(operator, dispute, outcome="explained", amount="", answer="The terms say $25.")
        appeal = raise_dispute(dispute.entry_id, "The offer of May says $35.", by=dispute.raised_by)

        page = operator.get(reverse("desk:dispute", args=[appeal.pk])).content.decode()

        assert "May answer it" in page
        assert str(above) in page
        assert "Nobody may answer this yet" not in page
        assert "The payee appeals against our answer" in page
        assert "The payee says that a line is wrong" not in page

    def test_that_nobody_could_answer_is_said_before_and_after_the_explanation(self, operator, payouts):
        dispute = make_dispute(payouts)
        page = operator.get(reverse("desk:dispute_answer", args=[dispute.pk])).content.decode()
        assert "nobody else here may answer that" not in page
        keeper = User.objects.get(pk=operator.session["_auth_user_id"])
        User.objects.exclude(pk__in=[keeper.pk, dispute.raised_by_id]).update(is_active=False)

        page = operator.get(reverse("desk:dispute_answer", args=[dispute.pk])).content.decode()
        assert "nobody else here may answer that" in page
        assert str(keeper) in page
        answer(operator, dispute, outcome="explained", amount="", answer="The terms say $25.")
        appeal = raise_dispute(dispute.entry_id, "The offer of May says $35.", by=dispute.raised_by)

        page = operator.get(reverse("desk:dispute", args=[appeal.pk])).content.decode()
        assert "Nobody may answer this yet" in page

    def test_is_warned_of_where_the_roles_are_kept(self, operator, payouts):
        people = reverse("admin:people_user_changelist")
        warning = "too few people answer disputes"
        assert warning not in operator.get(people).content.decode()

        User.objects.filter(pk=payouts.builder.pk).update(is_active=False)

        page = operator.get(people).content.decode()
        assert warning in page
        assert f"<strong>{payouts.division}</strong> (1 person)" in page


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
        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        assert "to be answered by" not in page.partition("What was said")[0]
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


class TestOwner:
    def press(self, client, dispute, what, **sent):
        return client.post(reverse(f"desk:dispute_{what}", args=[dispute.pk]), sent, follow=True).content.decode()

    def test_takes_it_and_gives_it_back(self, operator, payouts):
        dispute = make_dispute(payouts)
        assert "Take it" in operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()

        page = self.press(operator, dispute, "take")
        assert "It is yours." in page
        assert "Being looked at" in page

        self.press(operator, dispute, "give_back")
        dispute.refresh_from_db()
        assert (dispute.status, dispute.owner) == (DisputeStatus.RAISED, None)

    def test_is_taken_from_by_the_button_that_names_them_alone(self, operator, payouts):
        dispute = make_dispute(payouts)
        take_dispute(dispute.pk, by=payouts.builder)
        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        assert "Take it from Sam Supervisor" in page
        assert reverse("desk:dispute_answer", args=[dispute.pk]) not in page
        assert "Sam Supervisor has this" in self.press(operator, dispute, "take")

        self.press(operator, dispute, "take", **{"from": payouts.builder.pk})

        dispute.refresh_from_db()
        assert dispute.owner != payouts.builder

    def test_hands_it_over_with_a_note(self, operator, payouts):
        dispute = make_dispute(payouts)

        page = self.press(operator, dispute, "hand_over", to=payouts.builder.pk, note="You know them.")

        assert "You know them." in page
        dispute.refresh_from_db()
        assert dispute.owner == payouts.builder

    def test_is_offered_to_colleagues_in_as_many_statements_for_ten_as_for_one(self, operator, payouts):
        dispute = make_dispute(payouts)
        make_paid(payouts)
        address = reverse("desk:dispute_hand_over", args=[dispute.pk])
        counts = []
        operator.get(address)
        for more in (1, 9):
            for _person in range(more):
                make_person(Role.OPERATOR, payouts.division)
            with CaptureQueriesContext(connection) as queries:
                page = operator.get(address)
            counts.append(len(queries))

        assert len(page.context["form"].people) >= 10
        assert counts[0] == counts[1]

    def test_is_filtered_by(self, payouts, client):
        mine, free = make_dispute(payouts, "Mine"), make_dispute(payouts, "Free")
        take_dispute(mine.pk, by=payouts.builder)
        sign_in(client, payouts.builder)

        def found(**query):
            rows = client.get(reverse("desk:disputes"), query).context["page"].rows
            return {row.pk for row in rows}

        assert found(owner="mine", status="open") == {mine.pk}
        assert found(owner="nobody") == {free.pk}
        assert found(status="to_answer") == {mine.pk, free.pk}
        want_evidence(mine.pk, "Which letter?", key="q", by=payouts.builder)
        assert found(status="to_answer") == {free.pk}
        assert found(status="evidence_wanted") == {mine.pk}
        assert found(about="line") == {mine.pk, free.pk}
        assert found(about="reward") == set()


class TestTalk:
    def say(self, client, dispute, what, **sent):
        return client.post(reverse(f"desk:dispute_{what}", args=[dispute.pk]), {"key": "a form", **sent})

    def test_asks_the_payee_with_a_file(self, operator, payouts):
        dispute = make_dispute(payouts)

        self.say(operator, dispute, "ask", text="Which letter?", uploads=[SimpleUploadedFile("ours.txt", b"Ours")])

        dispute.refresh_from_db()
        assert dispute.status == DisputeStatus.EVIDENCE_WANTED
        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        for expected in ("Which letter?", "ours.txt", "the clock rests since", "The payee was asked for something"):
            assert expected in page
        file = operator.get(reverse("desk:dispute_file", args=[dispute.evidence.get().pk]))
        assert file.headers["Content-Disposition"].startswith("attachment")
        again = operator.get(reverse("desk:dispute_ask", args=[dispute.pk])).content.decode()
        assert "The payee is asked already" in again

    def test_keeps_words_and_files_where_something_is_wrong(self, operator, payouts):
        dispute = make_dispute(payouts)

        no_words = self.say(operator, dispute, "ask", text=" ", uploads=[SimpleUploadedFile("ours.txt", b"Ours")])
        assert list(no_words.context["form"].errors) == ["text"]
        wrong = self.say(operator, dispute, "ask", text="Which?", uploads=[SimpleUploadedFile("no.txt", b"MZ\x90\x00")])

        assert wrong.status_code == 422
        assert "Which?" in wrong.content.decode()
        assert [file.name for file in wrong.context["held"]] == ["ours.txt"]
        self.say(operator, dispute, "ask", text="Which?")
        assert dispute.evidence.get().name == "ours.txt"

    def test_gives_back_what_was_typed_where_a_colleague_has_answered_meanwhile(self, operator, payouts):
        dispute = make_dispute(payouts)
        explain_dispute(dispute.pk, "The terms say $25.", by=payouts.builder)

        said = self.say(operator, dispute, "add", text="Our offer.", uploads=[SimpleUploadedFile("ours.txt", b"Ours")])
        decided = answer(operator, dispute, outcome="upheld", amount="7.00", answer="You are right.")

        for page, typed in ((said, ("Our offer.", "ours.txt")), (decided, ("You are right.", "7.00"))):
            assert page.status_code == 422
            for expected in ("This dispute was answered.", "What you have typed was not sent", *typed):
                assert expected in page.content.decode()
        assert not dispute.articles.exists()
        untouched = operator.get(reverse("desk:dispute_answer", args=[dispute.pk])).content.decode()
        assert "was not sent" not in untouched

    def test_says_at_the_files_that_there_are_too_many(self, operator, payouts):
        dispute = make_dispute(payouts)
        for key in ("a", "b"):
            self.say(
                operator,
                dispute,
                "add",
                key=key,
                uploads=[SimpleUploadedFile(f"{number}.txt", b"%d" % number) for number in range(5)],
            )

        page = self.say(
            operator, dispute, "add", key="c", text="More", uploads=[SimpleUploadedFile("ours.txt", b"Ours")]
        )

        assert page.status_code == 422
        assert list(page.context["files"].errors) == ["uploads"]
        assert not page.context["form"].errors

    def test_shows_files_to_nobody_of_another_market(self, payouts, signed_in, operator):
        dispute = make_dispute(payouts)
        self.say(operator, dispute, "add", text="", uploads=[SimpleUploadedFile("ours.txt", b"Ours")])
        elsewhere = signed_in(Role.OPERATOR, make_payouts().division)

        assert elsewhere.get(reverse("desk:dispute_file", args=[dispute.evidence.get().pk])).status_code == 404


class TestMissing:
    def make_missing(self, payouts) -> Dispute:
        payee = make_person(Role.CUSTOMER, payouts.division)
        referrer = make_referrer(payouts.programme(), account=make_account(payouts.division, user=payee))
        return raise_missing_reward(make_referral(referrer, market=payouts.market).pk, "Robin has paid.", by=payee)

    def test_says_what_can_be_given_and_lets_the_rules_decide_once_more(self, operator, payouts):
        dispute = self.make_missing(payouts)
        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        assert "Nothing was ever promised for this friend." in page
        assert "A missing reward" in operator.get(reverse("desk:disputes")).content.decode()

        operator.post(reverse("desk:dispute_decide_again", args=[dispute.pk]))

        page = operator.get(reverse("desk:dispute", args=[dispute.pk])).content.decode()
        assert "The reward still qualifies" in page
        assert "Where it stands, and why" in page
        assert reverse("desk:dispute_decide_again", args=[dispute.pk]) not in page

    def test_says_that_a_limit_was_met_where_the_rules_gave_nothing_to_be_earned(self, operator, payouts):
        programme = make_programme(payouts.division)
        rule = make_rule(payouts.division, programme=programme)
        terms = [TermDescription(side=Side.REFERRER, amount=Decimal("25.00"))]
        make_version(rule, terms=terms, **AT_ONCE, most_ever=1)
        payee = make_person(Role.CUSTOMER, payouts.division)
        referrer = make_referrer(programme, account=make_account(payouts.division, user=payee))
        accrue_rewards(make_referral(referrer, market=payouts.market).pk)
        dispute = raise_missing_reward(make_referral(referrer, market=payouts.market).pk, "Robin has paid.", by=payee)

        address = reverse("desk:dispute_decide_again", args=[dispute.pk])
        page = operator.post(address, follow=True).content.decode()

        assert "A limit of the rule keeps the reward from being earned." in page
        assert "has begun to qualify" not in page
        answer(operator, dispute, outcome="upheld", amount="25.00", answer="We had promised it.")
        dispute.refresh_from_db()
        assert dispute.status == DisputeStatus.UPHELD

    def test_is_answered_in_words_where_nothing_can_be_given(self, operator, payouts):
        dispute = self.make_missing(payouts)

        page = operator.get(reverse("desk:dispute_answer", args=[dispute.pk])).content.decode()
        assert "or answer in words" in page
        assert 'name="amount"' not in page
        assert "something on top" not in page

        refused = answer(operator, dispute, outcome="upheld", amount="25.00", answer="Yes.")
        assert refused.status_code == 422
        answer(operator, dispute, outcome="explained", amount="", answer="No rule ran then.")

        dispute.refresh_from_db()
        assert (dispute.status, dispute.owner) == (DisputeStatus.EXPLAINED, dispute.answered_by)
