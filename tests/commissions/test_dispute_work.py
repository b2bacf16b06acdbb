"""Who looks into a dispute: taken, taken from a colleague, handed over, given back; and what is said and shown meanwhile."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, strategies as st

from accounts.models import Customer, Delegate
from accounts.states import Sight
from accounts.testing import make_details
from commissions.events import (
    DisputeGivenBack,
    DisputeHandedOver,
    DisputeTaken,
    EvidenceAdded,
    EvidenceGiven,
    EvidenceWanted,
)
from commissions.handlers import ask_for_evidence
from commissions.models import Dispute, DisputeArticle, Evidence
from commissions.queries.disputes import articles_of, colleagues_for, overdue, told_articles_of
from commissions.services.disputes import (
    MOST_BYTES,
    explain_dispute,
    give_back_dispute,
    hand_over_dispute,
    raise_dispute,
    take_dispute,
)
from commissions.services.evidence import add_evidence, hear_payee, want_evidence
from commissions.states import ArticleKind, DisputeStatus, EntryKind
from foundation.correspondence.models import Message
from foundation.correspondence.services import Upload
from foundation.events.models import Event
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.states import OrderStatus
from orders.testing import make_order
from tests.commissions.paying import make_earned, make_paid, make_payouts
from tests.orders.racing import together

FILE = Upload(name="offer.txt", media_type="text/plain", content=b"You get $35.")


class World:
    """A payee who has disputed a line, and two people who may answer."""

    def __init__(self) -> None:
        self.payouts = make_payouts()
        self.division = self.payouts.division
        self.payee = make_person(Role.CUSTOMER, self.division)
        order = make_order(
            OrderStatus.COMPLETED, self.payouts.market, details=make_details(email="riley@people.example")
        )
        Customer.objects.filter(pk=order.customer_id).update(user=self.payee)
        self.reward = make_earned(self.payouts, account=order.account)
        line = self.reward.entries.get(kind=EntryKind.RELEASE)
        self.pk = raise_dispute(line.pk, "I was promised $35.", uploads=[FILE], by=self.payee).pk
        self.one, self.other = (make_person(Role.OPERATOR, self.division, name=name) for name in ("One", "Other"))

    @property
    def dispute(self) -> Dispute:
        return Dispute.objects.get(pk=self.pk)

    def on(self, days: int):
        return time_machine.travel(self.dispute.raised_at + timedelta(days=days), tick=False)


@pytest.fixture
def world(db):
    return World()


def code_of(act) -> str:
    with pytest.raises(NotAllowed) as refusal:
        act()
    return refusal.value.code


class TestOwner:
    def test_is_whoever_takes_it(self, world):
        take_dispute(world.pk, by=world.one)

        assert (world.dispute.status, world.dispute.owner) == (DisputeStatus.ASSIGNED, world.one)
        assert DisputeTaken(dispute_id=world.pk, user_id=world.one.pk) in published()

    def test_keeps_it_from_who_does_not_say_that_they_take_it_from_them(self, world):
        take_dispute(world.pk, by=world.one)

        assert code_of(lambda: take_dispute(world.pk, by=world.other)) == "taken"
        assert code_of(lambda: take_dispute(world.pk, by=world.one)) == "own"
        take_dispute(world.pk, taking_from=world.one.pk, by=world.other)

        assert world.dispute.owner == world.other
        assert DisputeTaken(dispute_id=world.pk, user_id=world.other.pk, before=world.one.pk) in published()

    def test_gives_it_back(self, world):
        take_dispute(world.pk, by=world.one)
        assert code_of(lambda: give_back_dispute(world.pk, by=world.other)) == "taken"

        give_back_dispute(world.pk, by=world.one)

        assert (world.dispute.status, world.dispute.owner) == (DisputeStatus.RAISED, None)
        assert DisputeGivenBack(dispute_id=world.pk, before=world.one.pk) in published()

    def test_hands_it_to_a_colleague_with_a_word_that_the_payee_does_not_read(self, world):
        take_dispute(world.pk, by=world.one)

        hand_over_dispute(world.pk, world.other, "They have called twice.", by=world.one)

        assert (world.dispute.status, world.dispute.owner) == (DisputeStatus.ASSIGNED, world.other)
        assert DisputeHandedOver(dispute_id=world.pk, user_id=world.other.pk, before=world.one.pk) in published()
        assert [article.text for article in articles_of(world.dispute)] == ["They have called twice."]
        assert not told_articles_of(world.dispute).exists()

    def test_is_nobody_whose_own_money_it_is_nor_who_approved_it(self, world):
        world.payee.roles.create(role=Role.OPERATOR, division=world.division)
        world.payouts.auditor.roles.create(role=Role.OPERATOR, division=world.division)
        make_paid(world.payouts)
        people = [User.objects.get(pk=person.pk) for person in (world.payee, world.payouts.auditor)]

        assert [code_of(lambda who=who: take_dispute(world.pk, by=who)) for who in people] == ["own_reward", "own_work"]
        assert [code_of(lambda who=who: hand_over_dispute(world.pk, who, by=world.one)) for who in people] == [
            "wrong_person"
        ] * 2
        assert not {person.pk for person in people} & {person.pk for person in colleagues_for(world.dispute)}

    def test_is_nobody_who_signs_in_for_whose_money_it_is(self, world, django_assert_num_queries):
        """Asked of all colleagues in as many statements as of one."""
        delegate = make_person(Role.OPERATOR, world.division)
        Delegate.objects.create(customer=world.dispute.payee.account.customer, user=delegate, sight=Sight.COMPANY)
        dispute = world.dispute
        before = colleagues_for(dispute)  # reads what the dispute is about, too
        with CaptureQueriesContext(connection) as asked:
            colleagues_for(dispute)
        more = {make_person(Role.OPERATOR, world.division) for _one in range(3)}

        with django_assert_num_queries(len(asked)):
            after = colleagues_for(dispute)

        assert delegate not in after
        assert set(after) == {*before, *more}
        assert code_of(lambda: take_dispute(world.pk, by=delegate)) == "own_reward"

    def test_is_nobody_of_another_market_nor_without_the_role(self, world):
        csr = make_person(Role.CSR, world.division)
        elsewhere = make_person(Role.OPERATOR, make_payouts().division)

        assert [code_of(lambda who=who: take_dispute(world.pk, by=who)) for who in (csr, elsewhere)] == [
            "not_permitted"
        ] * 2
        assert code_of(lambda: hand_over_dispute(world.pk, csr, by=world.one)) == "wrong_person"

    def test_alone_answers(self, world):
        take_dispute(world.pk, by=world.one)

        assert code_of(lambda: explain_dispute(world.pk, "No.", by=world.other)) == "taken"
        explain_dispute(world.pk, "No.", by=world.one)

        assert world.dispute.answered_by == world.one

    def test_is_who_answers_what_nobody_had(self, world):
        explain_dispute(world.pk, "No.", by=world.one)

        assert (world.dispute.owner, world.dispute.status) == (world.one, DisputeStatus.EXPLAINED)
        assert DisputeTaken(dispute_id=world.pk, user_id=world.one.pk) in published()

    def test_stays_once_it_was_answered(self, world):
        explain_dispute(world.pk, "No.", by=world.one)

        assert code_of(lambda: take_dispute(world.pk, taking_from=world.one.pk, by=world.other)) == "wrong_status"
        assert code_of(lambda: give_back_dispute(world.pk, by=world.one)) == "wrong_status"
        assert code_of(lambda: hand_over_dispute(world.pk, world.other, by=world.one)) == "wrong_status"

    @pytest.mark.django_db(transaction=True)
    def test_is_one_of_two_who_take_it_at_once(self):
        world = World()

        outcomes = together(
            lambda: take_dispute(world.pk, by=world.one), lambda: take_dispute(world.pk, by=world.other)
        )

        (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert refusal.code == "taken"
        assert Event.objects.filter(name=DisputeTaken.name).count() == 1


class TestEvidence:
    def test_comes_with_what_the_payee_says_first(self, world):
        (file,) = world.dispute.evidence.all()

        assert (file.name, bytes(file.content), file.article) == ("offer.txt", FILE.content, None)

    def test_is_added_by_both_sides_while_it_is_open(self, world):
        hear_payee(world.pk, "Look at this.", key="a", uploads=[FILE], by=world.payee)
        add_evidence(world.pk, "", key="b", uploads=[FILE], by=world.one)

        assert [(one.kind, one.is_from_payee, one.evidence.count()) for one in articles_of(world.dispute)] == [
            (ArticleKind.ADDED, True, 1),
            (ArticleKind.ADDED, False, 1),
        ]
        assert world.dispute.status == DisputeStatus.RAISED
        ours = DisputeArticle.objects.get(key="b")
        assert EvidenceAdded(dispute_id=world.pk, article_id=ours.pk, is_from_payee=False) in published()
        explain_dispute(world.pk, "No.", by=world.one)
        late = [
            lambda: hear_payee(world.pk, "But", key="c", by=world.payee),
            lambda: add_evidence(world.pk, "But", key="d", by=world.one),
            lambda: want_evidence(world.pk, "What?", key="e", by=world.one),
        ]
        assert [code_of(act) for act in late] == ["wrong_status"] * 3

    def test_stands_once_however_often_it_is_sent(self, world):
        for _time in range(2):
            hear_payee(world.pk, "Look at this.", key="a", uploads=[FILE], by=world.payee)

        assert (DisputeArticle.objects.count(), Evidence.objects.count()) == (1, 2)

    def test_is_words_or_files(self, world):
        assert code_of(lambda: hear_payee(world.pk, " ", key="a", by=world.payee)) == "no_words"
        assert code_of(lambda: hear_payee(world.pk, "x" * 1001, key="a", uploads=[FILE], by=world.payee)) == "too_long"

    def test_is_ten_files_from_each_side(self, world):
        for number in range(2):
            hear_payee(world.pk, "", key=f"a{number}", uploads=[FILE] * 4, by=world.payee)

        with pytest.raises(NotAllowed, match="9 are there already") as refusal:
            hear_payee(world.pk, "And these.", key="b", uploads=[FILE] * 2, by=world.payee)

        assert (refusal.value.code, refusal.value.field) == ("too_many", "uploads")
        hear_payee(world.pk, "", key="c", uploads=[FILE], by=world.payee)
        for number in range(2):
            add_evidence(world.pk, "", key=f"d{number}", uploads=[FILE] * 5, by=world.one)
        assert code_of(lambda: add_evidence(world.pk, "", key="e", uploads=[FILE], by=world.one)) == "too_many"
        assert code_of(lambda: want_evidence(world.pk, "Why?", key="f", uploads=[FILE], by=world.one)) == "too_many"
        assert world.dispute.evidence.count() == 20
        assert not world.dispute.is_waiting

    def test_is_so_many_megabytes_from_each_side(self, world):
        large = Upload(name="large.txt", media_type="text/plain", content=b"x" * (MOST_BYTES - len(FILE.content)))

        hear_payee(world.pk, "", key="a", uploads=[large], by=world.payee)

        assert code_of(lambda: hear_payee(world.pk, "", key="b", uploads=[FILE], by=world.payee)) == "too_much"
        add_evidence(world.pk, "", key="c", uploads=[FILE], by=world.one)

    @pytest.mark.django_db(transaction=True)
    def test_is_no_more_where_two_are_sent_at_once(self):
        world = World()

        def send(key: str):
            return lambda: hear_payee(world.pk, "", key=key, uploads=[FILE] * 5, by=world.payee)

        outcomes = together(send("a"), send("b"))

        (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert refusal.code == "too_many"
        assert world.dispute.evidence.count() == 6

    def test_of_a_payee_is_the_payees_own(self, world):
        stranger = make_person(Role.CUSTOMER, world.division)

        assert code_of(lambda: hear_payee(world.pk, "Mine", key="a", by=stranger)) == "not_own"

    @pytest.mark.parametrize("table", ["disputearticle", "evidence"])
    @pytest.mark.parametrize("statement", ["UPDATE commissions_{} SET id = id + 1", "DELETE FROM commissions_{}"])
    def test_never_changes(self, world, table, statement):
        hear_payee(world.pk, "Look at this.", key="a", uploads=[FILE], by=world.payee)

        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(table))


class TestQuestion:
    def test_lets_the_clock_rest_until_the_payee_answers(self, world):
        due = world.dispute.due_on
        with world.on(3):
            question = want_evidence(world.pk, "We need the letter.", key="q", by=world.one)
        with world.on(20):
            assert not world.dispute.is_overdue
            assert not overdue(Dispute.objects.all()).exists()
            reply = hear_payee(world.pk, "Here it is.", key="r", question=question.pk, uploads=[FILE], by=world.payee)

        dispute = world.dispute
        assert (dispute.status, dispute.due_on, dispute.wanted_on) == (
            DisputeStatus.ASSIGNED,
            due + timedelta(days=17),
            None,
        )
        assert (question.kind, reply.kind) == (ArticleKind.QUESTION, ArticleKind.REPLY)
        assert EvidenceWanted(dispute_id=world.pk, article_id=question.pk) in published()
        given_by = (due + timedelta(days=17)).isoformat()
        assert EvidenceGiven(dispute_id=world.pk, article_id=reply.pk, days_waited=17, due_on=given_by) in published()
        with world.on(28):
            assert world.dispute.is_overdue

    def test_is_not_answered_by_what_was_written_before_it_was_read(self, world):
        first = want_evidence(world.pk, "We need the letter.", key="q", by=world.one)
        hear_payee(world.pk, "That of May.", key="a", question=first.pk, by=world.payee)
        second = want_evidence(world.pk, "And its date?", key="q2", by=world.one)

        crossing = [
            hear_payee(world.pk, "One thing more.", key="b", by=world.payee),
            hear_payee(world.pk, "From May, as I said.", key="c", question=first.pk, by=world.payee),
        ]
        assert [article.kind for article in crossing] == [ArticleKind.ADDED] * 2
        assert world.dispute.is_waiting

        assert hear_payee(world.pk, "May 5.", key="d", question=second.pk, by=world.payee).kind == ArticleKind.REPLY
        assert not world.dispute.is_waiting

    def test_that_nobody_answers_for_three_weeks_is_listed_with_what_is_late(self, world):
        with world.on(3):
            want_evidence(world.pk, "We need the letter.", key="q", by=world.one)
        with world.on(24):
            assert not overdue(Dispute.objects.all()).exists()
        with world.on(25):
            assert list(overdue(Dispute.objects.all())) == [world.dispute]

    def test_is_not_asked_where_nobody_can_be_written_to(self, world):
        world.reward.payee.account.customer.contacts.update(email="")

        assert code_of(lambda: want_evidence(world.pk, "We need it.", key="q", by=world.one)) == "unreachable"
        assert not world.dispute.is_waiting

    def test_is_written_to_the_payee_once(self, world):
        want_evidence(world.pk, "We need the letter.", key="q", by=world.one)
        for _time in range(2):
            event = Event.objects.get(name=EvidenceWanted.name)
            ask_for_evidence(event.fact(), event)

        letter = Message.objects.get(kind="commissions.dispute_question")
        assert letter.to == "riley@people.example"
        assert "We need the letter." in letter.text
        assert f"/disputes/{world.pk}/" in letter.text

    def test_is_asked_one_at_a_time_by_the_owner(self, world):
        want_evidence(world.pk, "We need the letter.", key="q", by=world.one)

        assert code_of(lambda: want_evidence(world.pk, "And?", key="q2", by=world.other)) == "taken"
        assert code_of(lambda: want_evidence(world.pk, "And?", key="q2", by=world.one)) == "waiting"
        assert code_of(lambda: give_back_dispute(world.pk, by=world.one)) == "waiting"

    def test_is_handed_over_with_the_dispute(self, world):
        want_evidence(world.pk, "We need the letter.", key="q", by=world.one)

        hand_over_dispute(world.pk, world.other, by=world.one)

        assert (world.dispute.status, world.dispute.owner) == (DisputeStatus.EVIDENCE_WANTED, world.other)

    def test_that_nobody_answers_keeps_nobody_from_deciding(self, world):
        want_evidence(world.pk, "We need the letter.", key="q", by=world.one)

        explain_dispute(world.pk, "Nothing shows it.", by=world.one)

        assert (world.dispute.status, world.dispute.wanted_on) == (DisputeStatus.EXPLAINED, None)

    def test_alone_moves_the_day_of_our_answer(self, world):
        statement = "UPDATE commissions_dispute SET due_on = due_on + 1"

        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=8), st.integers(1, 60))
def test_after_every_answer_as_many_days_are_left_as_at_its_question(steps, days):
    """What counts against us is the time that we had it ourselves, whatever was asked and however late."""
    day = start = date(2026, 11, 1)
    dispute = Dispute(status=DisputeStatus.ASSIGNED, owner=User(pk=1), due_on=day + timedelta(days=days))
    ours = 0
    for worked, waited in steps:
        day += timedelta(days=worked)
        ours += worked
        left = dispute.due_on - day
        dispute.want(on=day)
        day += timedelta(days=waited)
        dispute.hear(on=day)
        assert dispute.due_on - day == left

    assert (dispute.due_on - day).days == days - ours
    assert dispute.due_on >= start + timedelta(days=days)
