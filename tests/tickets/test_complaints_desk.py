"""What other service desks are complained of about working together and about who sees what (RC C.5, numbers 6, 7, 10)."""

from itertools import chain

import pytest
from django.urls import URLPattern, get_resolver, reverse

from accounts.models import Delegate
from accounts.states import Sight
from accounts.testing import make_account
from foundation.correspondence.models import Message
from foundation.correspondence.services import receive_mail
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.testing import make_division
from foundation.events.testing import drain
from foundation.people.states import Role
from tests.correspondence.mails import raw
from tickets import services
from tickets.models import Article, Attachment, Ticket
from tickets.queries import subject_token
from tickets.services import Upload
from tickets.states import ResolutionCode, TicketChannel, TicketStatus
from tickets.testing import answer, make_ticket


class TestComplaint6TheLockBlocksEveryReply:
    """There: who has a ticket open locks it, and the lock outlives them. Here: presence tells, and stops nobody."""

    def test_however_many_write_at_once_each_answer_leaves(self, division, seat):
        ticket = make_ticket(division)
        people = [seat(Role.CSR, name=f"Agent {number}") for number in range(3)]
        for person in people:
            person.post("desk:ticket_presence", ticket.number, doing="replying")
        assert "Agent 1 is writing an answer." in people[0].read("desk:ticket", ticket.number)

        for number, person in enumerate(people):
            version = Ticket.objects.get().version
            sent = person.post(
                "desk:ticket_answer", ticket.number, key=f"k{number}", text=f"Answer {number}", seen=version
            )
            assert sent.status_code == 302, number

        assert list(Article.objects.filter(kind="answer").order_by("pk").values_list("text", "author")) == [
            (f"Answer {number}", person.person.pk) for number, person in enumerate(people)
        ]

    def test_everything_else_can_be_done_too_while_another_writes(self, division, csr, supervisor):
        ticket = make_ticket(division)
        supervisor.post("desk:ticket_presence", ticket.number, doing="replying")

        for doing, said in (("take", {}), ("wait", {"reason": "parts"}), ("resolve", {"code": "restored", "text": ""})):
            assert csr.post("desk:ticket_do", ticket.number, doing, **said).status_code == 302, doing

        assert Ticket.objects.get().status == TicketStatus.RESOLVED

    def test_only_words_that_were_not_read_make_one_look_again_and_nothing_typed_is_lost(
        self, division, csr, supervisor
    ):
        ticket = make_ticket(division)
        csr.post("desk:ticket_presence", ticket.number, doing="replying")
        supervisor.post("desk:ticket_answer", ticket.number, key="a", text="First.", seen=ticket.version)

        refused = csr.post(
            "desk:ticket_answer", ticket.number, key="b", text="Second, long typed.", seen=ticket.version
        )
        page = refused.content.decode()
        assert refused.status_code == 422
        assert "First." in page
        assert "Second, long typed." in page
        seen = refused.context["form"]["seen"].value()
        assert csr.post("desk:ticket_answer", ticket.number, key="b", text="Second.", seen=seen).status_code == 302


class TestComplaint7AMergedChildStaysOpenForTheCustomer:
    """There: agents merge, and the customer still sees two. Here: one, to which everything leads, until it is undone."""

    @pytest.fixture
    def ticket(self, division, account):
        return make_ticket(division, account=account)

    @pytest.fixture
    def double(self, division, account, ticket, csr):
        double = make_ticket(division, account=account, text="As I said: no picture.")
        csr.post("desk:ticket_do", double.number, "merge", number=ticket.number)
        return double

    def test_one_is_to_be_seen_and_every_way_leads_there(self, customer, ticket, double):
        there = reverse("selfcare:ticket", args=[ticket.number])

        listed = customer.read("selfcare:tickets")
        assert (ticket.number in listed, double.number in listed) == (True, False)
        assert customer.get("selfcare:ticket", double.number).url == there
        assert "As I said: no picture." in customer.read("selfcare:ticket", ticket.number)

    def test_what_the_customer_was_writing_when_it_was_merged_is_kept(self, customer, ticket, double):
        customer.post("selfcare:ticket", double.number, key="k", text="Typed before I knew.")

        assert Article.objects.get(text="Typed before I knew.").ticket == ticket

    def test_what_the_customer_does_on_it_is_done_on_the_one_that_is_left(self, customer, ticket, double):
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "The wire.", by=None)

        customer.post("selfcare:ticket_fixed", double.number)

        assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.CLOSED

    @pytest.mark.parametrize("names_it_by", ["its subject", "its thread"])
    def test_a_mail_to_it_lands_there_and_nothing_of_it_waits_for_anybody(
        self, division, csr, ticket, double, names_it_by
    ):
        drain()
        receipt = Message.objects.get(kind="tickets.opened", subject_id=double.pk)
        said = {"From": ticket.requester_email, "Message-ID": "<m@p.example>"} | (
            {"Subject": f"Re: {subject_token(double)} it"}
            if names_it_by == "its subject"
            else {"In-Reply-To": receipt.message_id}
        )
        receive_mail(make_mailbox(division).pk, raw(body="By mail.", **said))
        drain()

        assert Article.objects.get(text="By mail.").ticket == ticket
        assert double.number not in csr.read("desk:tickets")
        assert not double.clocks.exclude(status="stopped").exists()

    def test_and_can_be_undone(self, csr, customer, ticket, double):
        csr.post("desk:ticket_do", double.number, "part")

        listed = customer.read("selfcare:tickets")
        assert (ticket.number in listed, double.number in listed) == (True, True)
        assert "As I said: no picture." in customer.read("selfcare:ticket", double.number)
        assert "As I said: no picture." not in customer.read("selfcare:ticket", ticket.number)
        csr.post("desk:ticket_do", double.number, "resolve", code="restored", text="")
        assert Ticket.objects.get(pk=double.pk).status == TicketStatus.RESOLVED


def addresses(namespace: str, **values: object) -> dict[str, str]:
    """Return every address of a part of the site that names a ticket, or something on one, filled in."""
    [part] = [one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == namespace]
    known = set(values)
    wanted = [
        (one.name, set(one.pattern.converters)) for one in flattened(part.url_patterns)
        if {"number"} & set(one.pattern.converters) or "ticket_file" in str(one.name)
    ]  # fmt: skip
    assert all(names <= known for _name, names in wanted), "an address names something that this test does not know"
    return {
        name: reverse(f"{namespace}:{name}", kwargs={each: values[each] for each in names}) for name, names in wanted
    }


def flattened(patterns):
    return chain.from_iterable(
        [one] if isinstance(one, URLPattern) else flattened(one.url_patterns) for one in patterns
    )


class TestComplaint10TicketsOfAnotherCompanyAreReachableByAddress:
    """There: another company's tickets open by their address. Here: on every route there is no such ticket."""

    @pytest.fixture
    def theirs(self, division):
        """A ticket of another company in the same market, with an answer and a file."""
        return self.filled(make_ticket(division, subject="Zyzzyva", text="Zyzzyva is down."))

    @pytest.fixture
    def elsewhere(self, db):
        """A ticket of another market."""
        return self.filled(make_ticket(make_division(), subject="Zyzzyva", text="Zyzzyva is down."))

    def filled(self, ticket):
        upload = Upload(name="zyzzyva.txt", media_type="text/plain", content=b"zyzzyva")
        services.hear_customer(ticket.pk, "Zyzzyva.", key=f"f{ticket.pk}", channel=TicketChannel.MAIL, uploads=[upload])
        answer(ticket, "Zyzzyva, too.")
        return ticket

    def values(self, ticket):
        file = Attachment.objects.get(article__ticket=ticket)
        return {"number": ticket.number, "pk": file.pk, "doing": "resolve", "to": "done"}

    def test_by_any_address_of_the_desk(self, elsewhere, seat):
        asked = addresses("desk", **self.values(elsewhere))
        assert {"ticket", "ticket_file", "ticket_history", "ticket_routing", "ticket_give", "outage_detach"} <= set(
            asked
        )
        before = self.rows(elsewhere)

        for role in (Role.CSR, Role.SUPERVISOR, Role.OPERATOR, Role.FIELD_AGENT):
            person = seat(role)
            for name, address in asked.items():
                for answered in (person.client.get(address), person.client.post(address, {"text": "x", "key": "k"})):
                    assert answered.status_code in {403, 404, 405}, name
                    assert b"zyzzyva" not in answered.content.lower(), name

        assert self.rows(elsewhere) == before

    def test_by_any_address_of_a_customers_pages(self, theirs, division, seat, account):
        asked = addresses("selfcare", **self.values(theirs))
        assert {"ticket", "ticket_file", "ticket_fixed", "ticket_reopen", "ticket_call_off"} <= set(asked)
        delegate = seat()
        Delegate.objects.create(customer=account.customer, user=delegate.person, sight=Sight.COMPANY)
        before = self.rows(theirs)

        for person in (seat(), delegate):
            for name, address in asked.items():
                for answered in (person.client.get(address), person.client.post(address, {"text": "x", "key": "k"})):
                    assert answered.status_code in {404, 405}, name
                    assert b"zyzzyva" not in answered.content.lower(), name

        assert self.rows(theirs) == before

    def rows(self, ticket):
        return Ticket.objects.filter(pk=ticket.pk).values().get(), ticket.articles.count(), ticket.presences.count()

    def test_in_lists_searches_figures_and_files(self, elsewhere, seat):
        services.resolve_ticket(elsewhere.pk, ResolutionCode.RESTORED, "", by=None)
        supervisor = seat(Role.SUPERVISOR)

        for name, query in (
            ("desk:tickets", {"status": "any"}), ("desk:tickets", {"status": "any", "export": "csv"}),
            ("desk:tickets", {"status": "any", "text": elsewhere.number}), ("desk:tickets", {"status": "any", "text": "zyzzyva"}),
            ("desk:tickets", {"status": "any", "division": elsewhere.division_id}), ("desk:search", {"q": elsewhere.number}),
            ("desk:figure_tickets", {}), ("desk:figure_tickets", {"export": "csv"}),
            ("desk:figure_tickets", {"of": elsewhere.division_id}), ("desk:ticket_figures", {"export": "csv"}),
        ):  # fmt: skip
            page = supervisor.get(name, **query).content.decode().replace(f'value="{elsewhere.number}"', "")
            assert "Zyzzyva is down" not in page, (name, query)
            assert f"/{elsewhere.number}/" not in page, (name, query)
            assert f'"{elsewhere.number}"' not in page, (name, query)

    def test_by_mail(self, theirs, division):
        mailbox = make_mailbox(division)
        stranger = make_account(division).customer.contacts.get().email
        token = subject_token(theirs)
        before = theirs.articles.count()
        receive_mail(
            mailbox.pk,
            raw(body="Tell me.", **{"From": stranger, "Subject": f"Re: {token}", "Message-ID": "<s@p.example>"}),
        )
        drain()

        assert theirs.articles.count() == before
        own = Ticket.objects.exclude(pk=theirs.pk).get()
        assert own.requester_email == stranger
        assert "yzzyva" not in " ".join(own.articles.filter(kind="customer").values_list("text", flat=True))

    def test_nor_do_answers_go_to_anybody_who_was_not_asked_to_read_them(self, theirs, division):
        mailbox = make_mailbox(division)
        theirs_answer = theirs.articles.get(kind="answer")
        said = {
            "From": "Kim <kim@elsewhere.example>",
            "In-Reply-To": theirs_answer.message_id,
            "Message-ID": "<k@e.example>",
        }
        receive_mail(mailbox.pk, raw(body="Me too.", **said))
        drain()

        assert answer(theirs, "For the requester.").to == [theirs.requester_email]
