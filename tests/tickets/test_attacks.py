"""What somebody would try who wants what is not theirs: words, a ticket, a credit twice. And slips that would look the same."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Delegate
from accounts.states import Sight
from accounts.testing import make_account
from foundation.correspondence.models import LETTER_SECRET, Message
from foundation.correspondence.services import receive_mail
from foundation.correspondence.states import MailStatus
from foundation.correspondence.testing import make_mailbox
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.testing import make_market
from tests.correspondence.mails import raw
from tickets import services
from tickets.models import Article, OutageCredit, Rating, Ticket
from tickets.queries import proof_of
from tickets.queries.outages import Scope
from tickets.services import Upload, outages
from tickets.states import HoldReason, OutageKind, ResolutionCode, TicketChannel, TicketStatus, TicketType
from tickets.testing import answer, bring_to, let_leave, make_affected, make_outage, make_ticket

SECRET = "Zyzzyva is behind it."


def reported(division, account, person):
    """Make a ticket that one of a company's people has reported."""
    ticket = make_ticket(division, account=account)
    Ticket.objects.filter(pk=ticket.pk).update(reported_by=person)
    return ticket


class TestSplittingOffWhatIsNotTheCustomers:
    def test_a_note_is_mailed_to_nobody(self, division, csr):
        ticket = make_ticket(division)
        csr.post("desk:ticket_do", ticket.number, "note", text=SECRET, key="n")
        note = Article.objects.get(text=SECRET)

        csr.post("desk:ticket_split", ticket.number, note.pk, subject="Another thing", type="trouble", key="s")
        drain()

        assert Ticket.objects.filter(split_from=note).exists()
        assert SECRET not in "".join(Message.objects.values_list("text", flat=True))

    def test_an_answer_that_was_taken_back_stays_with_us(self, division, csr):
        ticket = make_ticket(division)
        said = answer(ticket, SECRET, by=csr.person)
        services.take_back_answer(said.pk, by=csr.person)

        page = csr.post("desk:ticket_split", ticket.number, said.pk, subject="Another thing", type="trouble", key="s")

        assert "has not left" in page.content.decode()
        assert not Ticket.objects.filter(split_from=said).exists()


class TestSomebodyElsesForm:
    def test_no_key_that_a_page_sends_takes_the_place_of_a_mail(self, division, seat):
        other = seat(Role.CSR)
        ticket, asked = make_ticket(division), make_ticket(division)
        mailbox = make_mailbox(division)
        for guess in range(1, 40):
            other.post("desk:ticket_do", asked.number, "note", text="x", key=f"mail:{guess}")

        receive_mail(
            mailbox.pk, raw(f"In-Reply-To: {answer(ticket).message_id}", body="Help!", From=ticket.requester_email)
        )
        drain()

        assert ticket.articles.filter(text="Help!").exists()

    def test_other_words_under_the_same_key_are_not_taken_for_said(self, division, csr):
        ticket = make_ticket(division)
        csr.post("desk:ticket_do", ticket.number, "note", text="One", key="k")

        page = csr.post("desk:ticket_do", ticket.number, "note", text="Two", key="k")
        again = csr.post("desk:ticket_do", ticket.number, "note", text="One", key="k")

        assert "Something else was sent from this form already" in page.content.decode()
        assert again.status_code == 302
        assert list(ticket.articles.filter(kind="note").values_list("text", flat=True)) == ["One"]


class TestAReplyToWhatHasEnded:
    @pytest.fixture
    def ended(self, division, csr):
        ticket = make_ticket(division, account=make_account(division))
        said = answer(ticket, by=csr.person)
        services.cancel_ticket(ticket.pk, by=csr.person)
        return ticket, said

    def _reply(self, division, said, sender):
        row = receive_mail(make_mailbox(division).pk, raw(f"In-Reply-To: {said.message_id}", body="x", From=sender))
        drain()
        row.refresh_from_db()
        return row

    def test_of_a_stranger_is_for_a_person_to_look_at(self, division, ended):
        _ticket, said = ended
        mail.outbox.clear()

        row = self._reply(division, said, "Mallory <mallory@evil.example>")

        assert row.status == MailStatus.SET_ASIDE
        assert Ticket.objects.count() == 1
        assert not Message.objects.filter(to="mallory@evil.example").exists()

    def test_of_its_requester_goes_on_on_a_new_one(self, division, ended):
        ticket, said = ended

        self._reply(division, said, ticket.requester_email)

        assert Ticket.objects.exclude(pk=ticket.pk).get().customer == ticket.customer


class TestWhoSeesWhatAtACompany:
    @pytest.fixture
    def company(self, division):
        account = make_account(division)
        people = [make_person(), make_person()]
        for person in people:
            Delegate.objects.create(customer=account.customer, user=person, sight=Sight.OWN)
        return account, people

    def test_tickets_that_others_do_not_see_are_not_merged(self, division, csr, company):
        account, people = company
        one, other = (reported(division, account, person) for person in people)

        page = csr.post("desk:ticket_do", one.number, "merge", number=other.number)

        one.refresh_from_db()
        assert one.merged_into is None
        assert "Not everybody at this customer" in page.content.decode()

    @pytest.mark.parametrize("reports_in_own_name", [True, False])
    def test_whoever_sees_less_since_a_merge_reaches_nothing_by_it(
        self, division, csr, company, seat, reports_in_own_name
    ):
        account, (other, _another) = company
        narrowed = seat()
        Delegate.objects.create(customer=account.customer, user=narrowed.person, sight=Sight.COMPANY)
        Delegate.objects.update(sight=Sight.COMPANY)
        mine, theirs = (reported(division, account, person) for person in (narrowed.person, other))
        file = Upload(name="a.txt", media_type="text/plain", content=b"x")
        said = services.hear_customer(mine.pk, "See.", key="f", channel=TicketChannel.MAIL, uploads=[file])
        if not reports_in_own_name:
            Ticket.objects.filter(pk=mine.pk).update(reported_by=None, requester_email="once@people.example")
            mine.refresh_from_db()
        bring_to(theirs, TicketStatus.RESOLVED)
        answer(theirs, SECRET, by=csr.person)
        let_leave()
        services.merge_ticket(mine.pk, theirs.pk, by=csr.person)
        assert SECRET in narrowed.client.get(reverse("selfcare:ticket", args=[mine.number]), follow=True).text
        Delegate.objects.filter(user=narrowed.person).update(sight=Sight.OWN)

        pages = [
            narrowed.get("selfcare:ticket", mine.number),
            narrowed.post("selfcare:ticket", mine.number),
            narrowed.post("selfcare:ticket", mine.number, key="k", text="Let me in."),
            *(narrowed.post(f"selfcare:ticket_{do}", mine.number) for do in ("fixed", "reopen", "call_off")),
            narrowed.get("selfcare:ticket_file", said.attachments.get().pk),
        ]
        letter = reverse("selfcare:ticket_by_letter", query={LETTER_SECRET: proof_of(mine)})
        by_letter = [
            Client().get(letter),
            *(Client().post(letter, {"do": do, "score": "bad"}) for do in ("fixed", "reopen", "rate")),
        ]

        assert {page.status_code for page in pages} == {404}
        for page in by_letter:
            assert page.status_code == 403
            assert "which is not yours to see. Nothing was changed." in page.text
        assert not [page for page in (*pages, *by_letter) if SECRET in page.text or theirs.number in page.text]
        theirs.refresh_from_db()
        assert theirs.status == TicketStatus.RESOLVED
        assert not theirs.articles.filter(text="Let me in.").exists()
        assert not Rating.objects.exists()
        with pytest.raises(NotAllowed, match="not your ticket"):
            services.hear_customer(mine.pk, "Hello.", key="h", channel=TicketChannel.WEB, by=narrowed.person)

    def test_the_letter_about_a_merged_ticket_goes_on_for_who_sees_both(self, division, csr, account):
        mine, other = (make_ticket(division, account=account) for _each in range(2))
        bring_to(other, TicketStatus.RESOLVED)
        services.merge_ticket(mine.pk, other.pk, by=csr.person)

        Client().post(reverse("selfcare:ticket_by_letter", query={LETTER_SECRET: proof_of(mine)}), {"do": "fixed"})

        other.refresh_from_db()
        assert other.status == TicketStatus.CLOSED

    def test_the_same_fault_is_known_without_its_number(self, division, company, seat):
        account, (reporter, _other) = company
        other = seat()
        Delegate.objects.create(customer=account.customer, user=other.person, sight=Sight.OWN)
        known = reported(division, account, reporter)

        said = services.intake._known(known, TicketChannel.WEB, other.person)  # what the form says

        assert known.number not in said

    def test_a_ticket_with_others_in_it_is_not_given_to_another_customer(self, division, csr):
        account, stranger = make_account(division), make_account(division)
        one, other = (make_ticket(division, account=account) for _each in range(2))
        services.merge_ticket(one.pk, other.pk, by=csr.person)

        with pytest.raises(NotAllowed) as refusal:
            services.set_customer(
                other.pk,
                stranger.customer,
                confirmed_email=services.Requester.of(stranger.customer).email,
                by=csr.person,
            )

        assert refusal.value.code == "merged"


class TestHeldByHand:
    def test_for_an_outage_is_attached_to_it_instead(self, division, csr):
        ticket = make_ticket(division)

        page = csr.read("desk:ticket_do", ticket.number, "hold")

        assert "a credit that is being posted" in page
        assert "an outage that is being repaired" not in page
        with pytest.raises(NotAllowed, match="Attach it to the outage"):
            services.hold_ticket(ticket.pk, HoldReason.OUTAGE, by=csr.person)

    def test_what_an_outage_explains_does_not_go_on_by_hand(self, division, csr, supervisor):
        account = make_affected(division)
        outage = make_outage(division, by=supervisor.person)
        ticket = make_ticket(division, account=account)
        outages.attach_ticket(outage.pk, ticket.pk, by=csr.person)

        with pytest.raises(NotAllowed, match="An outage explains it"):
            services.continue_ticket(ticket.pk, by=csr.person)


class TestCreditsTwice:
    """Minutes in two outages, in whatever order these are declared, widened, reopened and credited."""

    @pytest.fixture
    def market(self, division):
        with time_machine.travel(now() - timedelta(days=21), tick=False):
            return make_market(division, capacity=50)

    @pytest.fixture
    def affected(self, division, market):
        return self._installed(division, market, "N-1")

    @pytest.fixture
    def elsewhere(self, division, market):
        return self._installed(division, market, "N-2")

    @staticmethod
    def _installed(division, market, node):
        with time_machine.travel(now() - timedelta(days=20), tick=False):
            return make_affected(division, market=market, node=node)

    def _outage(self, division, supervisor, **said):
        return make_outage(division, by=supervisor.person, starts_at=now() - timedelta(hours=10), **said)

    def _credited(self, outage, supervisor):
        if outage.is_open:
            outage = outages.restore_outage(outage.pk, by=supervisor.person)
        return outages.request_credits(outage.pk, by=supervisor.person)

    def test_an_older_outage_that_is_widened_pays_nothing_that_a_newer_one_has_paid(
        self, division, affected, elsewhere, supervisor
    ):
        older = self._outage(division, supervisor, scope=Scope(nodes=("N-2",)))
        newer = self._outage(division, supervisor)
        paid = self._credited(newer, supervisor)
        outages.widen_outage(older.pk, Scope(accounts=(affected.pk,)), by=supervisor.person)

        second = self._credited(older, supervisor)

        assert [credit.account for credit in paid.credits.all()] == [affected]
        assert [credit.account for credit in second.credits.all()] == [elsewhere]

    def test_an_older_one_that_is_too_short_takes_nothing_away(self, division, affected, supervisor):
        short = make_outage(division, by=supervisor.person, starts_at=now() - timedelta(hours=1))
        outages.restore_outage(short.pk, by=supervisor.person)
        newer = self._outage(division, supervisor, scope=Scope(accounts=(affected.pk,)))

        run = self._credited(newer, supervisor)

        assert run.credits.get().minutes >= 600

    def test_whoever_signs_in_for_a_customer_asks_for_no_credit_of_theirs(self, division, affected, supervisor):
        Delegate.objects.create(customer=affected.customer, user=supervisor.person, sight=Sight.COMPANY)
        outage = self._outage(division, supervisor)

        with pytest.raises(NotAllowed) as refusal:
            self._credited(outage, supervisor)

        assert refusal.value.code == "own_credit"
        assert not OutageCredit.objects.exists()

    def test_a_ticket_from_elsewhere_brings_no_account_into_the_credits(
        self, division, affected, elsewhere, csr, supervisor
    ):
        outage = self._outage(division, supervisor)
        ticket = make_ticket(division, account=elsewhere)
        outages.attach_ticket(outage.pk, ticket.pk, by=csr.person)
        outages.detach_ticket(ticket.pk, by=csr.person)

        run = self._credited(outage, supervisor)

        assert [credit.account for credit in run.credits.all()] == [affected]

    def test_nothing_began_years_ago(self, division, affected, supervisor):
        with pytest.raises(NotAllowed) as refusal:
            make_outage(division, by=supervisor.person, starts_at=now() - timedelta(days=2000), kind=OutageKind.FAULT)

        assert refusal.value.field == "starts_at"


class TestWhatIsSaidOfAChange:
    def test_names_people_where_facts_have_their_keys(self, division, csr, supervisor):
        ticket = make_ticket(division)
        services.take_ticket(ticket.pk, by=csr.person)
        services.take_over_ticket(ticket.pk, by=supervisor.person)

        answer_ = csr.get("desk:ticket_history", ticket.number, export="csv").content.decode()

        assert '"Chris CSR","Sam Supervisor"' in answer_

    def test_means_what_the_code_means_there(self, division, csr):
        ticket = make_ticket(division)
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "", by=csr.person)
        services.close_ticket(ticket.pk, by=csr.person)

        page = csr.read("desk:ticket_history", ticket.number)

        assert "Repaired by us" in page
        assert "Account closed" not in page


class TestAnAnswerThatNeverLeft:
    def test_promises_no_next_word(self, division, csr):
        ticket = make_ticket(division, TicketType.TROUBLE)
        first = answer(ticket, "One", by=csr.person)
        with time_machine.travel(now() + timedelta(seconds=1), tick=False):
            second = answer(ticket, "Two", by=csr.person)
        services.take_back_answer(first.pk, by=csr.person)

        ticket.refresh_from_db()

        assert ticket.first_answered_at == second.at
