"""How often a payee may ask about one thing: one dispute at a time, one appeal, and again after it was only too early."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts.testing import make_account, make_details
from commissions.handlers import tell_of_answer
from commissions.models import Dispute, LedgerEntry, Reward
from commissions.queries.disputes import asking_after, colleagues_for
from commissions.services.accrual import accrue_rewards
from commissions.services.disputes import (
    explain_dispute,
    hand_over_dispute,
    raise_dispute,
    raise_missing_reward,
    take_dispute,
    uphold_dispute,
)
from commissions.services.endings import forfeit, locked_reward
from commissions.services.rules import TermDescription
from commissions.states import DisputeStatus, EntryKind, ReasonCode, Side
from commissions.testing import make_programme, make_referral, make_referrer, make_rule, make_version
from foundation.correspondence.models import Message
from foundation.correspondence.services import Upload
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.commissions.paying import AT_ONCE, make_earned, make_payouts
from tests.orders.racing import together

FILE = Upload(name="offer.txt", media_type="text/plain", content=b"You get $35.")
OTHER = Upload(name="order.txt", media_type="text/plain", content=b"Ordered in May.")


class World:
    """A payee with a line and with a friend whose reward qualifies for 30 days, and two people who answer."""

    def __init__(self) -> None:
        self.payouts = make_payouts()
        self.division = self.payouts.division
        self.payee = make_person(Role.CUSTOMER, self.division)
        self.one, self.other = (make_person(Role.OPERATOR, self.division, name=name) for name in ("One", "Other"))
        details = make_details(email="riley@people.example")
        self.account = make_account(self.division, details=details, user=self.payee)

    def line(self) -> LedgerEntry:
        return make_earned(self.payouts, account=self.account).entries.get(kind=EntryKind.RELEASE)

    def qualifying(self) -> Reward:
        programme = make_programme(self.division)
        terms = [TermDescription(side=Side.REFERRER, amount=Decimal("25.00"))]
        make_version(make_rule(self.division, programme=programme), terms=terms, **{**AT_ONCE, "wait_count": 30})
        referral = make_referral(make_referrer(programme, account=self.account), market=self.payouts.market)
        (reward,) = accrue_rewards(referral.pk)
        return reward

    def dispute(self, line: LedgerEntry, words: str = "I was promised $35.", *uploads: Upload) -> Dispute:
        return raise_dispute(line.pk, words, uploads=uploads, by=self.payee)

    def miss(self, reward: Reward, words: str = "Robin has paid.") -> Dispute:
        return raise_missing_reward(reward.referral_id, words, by=self.payee)


@pytest.fixture
def world(db):
    return World()


def code_of(act) -> str:
    with pytest.raises(NotAllowed) as refusal, transaction.atomic():
        act()
    return refusal.value.code


def forfeit_it(reward: Reward) -> None:
    forfeit(locked_reward(reward.pk), ReasonCode.PAID_LATE, today(reward.division), by=None)


class TestALine:
    def test_is_asked_about_once_more_with_something_new(self, world):
        line = world.line()
        first = world.dispute(line)
        assert code_of(lambda: world.dispute(line, "And?")) == "disputed"
        explain_dispute(first.pk, "The terms say $25.", by=world.one)

        for same in (
            " i was  PROMISED $35.",
            "I was\u200b promised \u2060$35.",
            "I was promised $３５…",
            "\u2800\u3164",
        ):
            assert code_of(lambda said=same: world.dispute(line, said)) == "nothing_new"
        appeal = world.dispute(line, "The offer of May says $35.")

        assert appeal.appeals == first
        assert code_of(lambda: world.dispute(line, "And?")) == "disputed"
        explain_dispute(appeal.pk, "That offer had ended.", by=world.other)
        assert code_of(lambda: world.dispute(line, "But the one of June?")) == "disputed"

    def test_is_told_in_the_letters_what_an_appeal_is_and_which_answer_is_the_last(self, world):
        line = world.line()
        explain_dispute(world.dispute(line).pk, "The terms say $25.", by=world.one)
        appeal = world.dispute(line, "The offer of May says $35.")
        explain_dispute(appeal.pk, "That offer had ended.", by=world.other)
        for event in Event.objects.filter(name="commissions.dispute_answered").order_by("pk"):
            tell_of_answer(event.fact(), event)

        first, last = (
            " ".join(one.text.split())
            for one in Message.objects.filter(kind="commissions.dispute_explained").order_by("pk")
        )

        assert "you can appeal once" in first
        assert "last word" not in first
        assert "Somebody else than the first time has looked at it." in last
        assert "is our last word" in last
        assert "you can appeal once" not in last

    def test_is_asked_about_once_more_with_a_file_alone_that_is_new(self, world):
        line = world.line()
        explain_dispute(world.dispute(line, "I was promised $35.", FILE).pk, "The terms say $25.", by=world.one)

        assert code_of(lambda: world.dispute(line, "", FILE)) == "nothing_new"
        assert code_of(lambda: world.dispute(line, "")) == "no_words"
        assert world.dispute(line, "", FILE, OTHER).words == ""

    def test_that_was_corrected_is_not_asked_about_again(self, world):
        line = world.line()
        uphold_dispute(world.dispute(line).pk, "You are right.", Decimal("5.00"), by=world.one)

        assert code_of(lambda: world.dispute(line, "More!")) == "disputed"

    def test_is_looked_into_anew_by_somebody_else(self, world):
        line = world.line()
        explain_dispute(world.dispute(line).pk, "The terms say $25.", by=world.one)
        appeal = world.dispute(line, "The offer of May says $35.")

        assert code_of(lambda: take_dispute(appeal.pk, by=world.one)) == "own_answer"
        assert code_of(lambda: hand_over_dispute(appeal.pk, world.one, by=world.other)) == "wrong_person"
        assert world.one not in colleagues_for(appeal)
        assert world.other in colleagues_for(appeal)

    @pytest.mark.django_db(transaction=True)
    def test_is_disputed_once_by_two_forms_sent_at_once(self):
        world = World()
        line = world.line()

        outcomes = together(lambda: world.dispute(line), lambda: world.dispute(line))

        (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert refusal.code == "disputed"
        assert Dispute.objects.count() == 1


class TestAMissingReward:
    @pytest.mark.parametrize("is_forfeited", [False, True])
    def test_that_reads_as_qualifying_is_asked_about_as_if_never_before_once_it_was_due(self, world, is_forfeited):
        """What a friend has failed to do is told by neither the answer nor what may be asked after it."""
        reward = world.qualifying()
        if is_forfeited:
            forfeit_it(reward)
        early = world.miss(reward)
        explain_dispute(early.pk, "It takes 30 days.", by=world.one)
        early.refresh_from_db()
        assert early.expected_on
        assert early.expected_on >= reward.earliest_on

        with pytest.raises(NotAllowed, match="ask again after that day") as refusal:
            world.miss(reward)
        assert refusal.value.field == "about"
        with time_machine.travel(now() + (early.expected_on - today(world.division)), tick=False):
            assert code_of(lambda: world.miss(reward)) == "disputed"
        with time_machine.travel(now() + (early.expected_on - today(world.division)) + timedelta(days=1), tick=False):
            again = world.miss(reward)
            assert again.appeals is None

    def test_is_appealed_about_once_after_it_was_refused(self, world):
        reward = world.qualifying()
        forfeit_it(reward)
        with time_machine.travel(now() + timedelta(days=(reward.latest_on - reward.installed_on).days + 2), tick=False):
            refused = world.miss(reward)
            explain_dispute(refused.pk, "The conditions were not met.", by=world.one)
            refused.refresh_from_db()
            assert refused.expected_on is None

            assert code_of(lambda: world.miss(reward)) == "nothing_new"
            appeal = world.miss(reward, "Robin has the receipts.")
            assert appeal.appeals == refused
            explain_dispute(appeal.pk, "They are for June.", by=world.other)
            assert code_of(lambda: world.miss(reward, "And May?")) == "disputed"

    def test_that_is_still_expected_is_told_in_the_letter(self, world):
        early = world.miss(world.qualifying())
        explain_dispute(early.pk, "It takes 30 days.", by=world.one)
        event = Event.objects.get(name="commissions.dispute_answered")
        tell_of_answer(event.fact(), event)

        assert "you can ask again after that day" in Message.objects.get(kind="commissions.dispute_explained").text


class TestTheDatabase:
    def add(self, first: Dispute, **values) -> None:
        kept = {name: getattr(first, name) for name in ("entry", "payee", "division", "raised_by", "due_on")}
        with pytest.raises(IntegrityError), transaction.atomic():
            Dispute.objects.create(**{**kept, "words": "Again", **values})

    def test_keeps_one_open_one_refused_and_one_appeal(self, world):
        line = world.line()
        first = world.dispute(line)
        self.add(first, appeals=first)
        explain_dispute(first.pk, "No.", by=world.one)
        self.add(first)
        appeal = world.dispute(line, "The offer of May says $35.")
        explain_dispute(appeal.pk, "No.", by=world.other)
        self.add(first, appeals=appeal)

    def test_counts_no_refusal_of_a_line_as_too_early(self, world):
        taken = take_dispute(world.dispute(world.line()).pk, by=world.one)
        taken.explain("No.", expected_on=today(world.division), by=world.one, at=now())

        with pytest.raises(IntegrityError), transaction.atomic():
            taken.save()


@pytest.mark.parametrize("answers", list(product([True, False], repeat=5)))
def test_whatever_is_answered_two_refusals_are_the_last(answers, db):
    """Of one thing: each asking is answered as too early, its day long over, or refused."""
    asked: list[Dispute] = []
    division = make_division()
    for number, is_early in enumerate(answers, start=1):
        asking = asking_after(asked)
        refusals = [one for one in asked if not one.expected_on]
        assert bool(asking.refusal) == (len(refusals) == 2)
        assert asking.appeals == (refusals[0] if len(refusals) == 1 else None)
        if asking.refusal:
            break
        asked.append(
            Dispute(
                pk=number,
                division=division,
                status=DisputeStatus.EXPLAINED,
                appeals=asking.appeals,
                expected_on=date(2020, 1, 1) if is_early else None,
            )
        )
