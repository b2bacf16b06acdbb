"""Handling tickets: presence, macros, canned replies, merging, splitting, parts, another customer (X21–X26, X36)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.testing import make_account
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.orders.racing import together
from tickets import services
from tickets.events import ParticipantDropped, TicketMerged, TicketSplit, TicketUnmerged
from tickets.models import Article, CannedReply, Macro, Ticket
from tickets.states import ArticleKind, ChildPolicy, ClockKind, TicketStatus, TicketType
from tickets.testing import (
    answer,
    bring_to,
    let_leave,
    make_affected,
    make_outage,
    make_policy,
    make_symptom,
    make_ticket,
    reply,
)


@pytest.fixture
def ticket(division, account):
    return make_ticket(division, account=account)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


class TestX21Presence:
    def test_tells_who_reads_and_who_writes_and_stops_nobody(self, seat, csr, ticket):
        other = seat(Role.CSR, name="Robin Reply")
        csr.post("desk:ticket_presence", ticket.number, doing="viewing")

        seen = other.post("desk:ticket_presence", ticket.number, doing="replying").content.decode()

        assert "Chris CSR has this ticket open." in seen
        assert "Robin Reply is writing an answer." in csr.read("desk:ticket", ticket.number)
        csr.post("desk:ticket_answer", ticket.number, key="k", text="Hello.", seen=ticket.version)
        assert Article.objects.filter(kind="answer").exists()

    def test_forgets_who_has_gone(self, seat, csr, ticket):
        csr.post("desk:ticket_presence", ticket.number)

        with time_machine.travel(now() + timedelta(seconds=41)):
            seen = seat(Role.CSR).post("desk:ticket_presence", ticket.number).content.decode()

        assert "Chris CSR" not in seen


class TestX22Macros:
    @pytest.fixture
    def macro(self, division):
        return Macro.objects.create(
            division=division, name="New modem", priority="p2", takes=True, end="resolve", resolution="replaced",
            reply={"en": "Dear {name}, a modem for {number} is on its way. {agent}", "es": "Hola"},
        )  # fmt: skip

    def test_show_first_what_they_write_and_do(self, csr, ticket, macro):
        assert "New modem" in csr.read("desk:ticket", ticket.number)

        page = csr.read("desk:ticket_macro", ticket.number, macro.pk)

        assert f"Dear {ticket.requester_name}, a modem for {ticket.number} is on its way. Chris CSR" in page
        assert "P2" in page
        assert fresh(ticket).status == TicketStatus.ACKNOWLEDGED
        assert not Article.objects.filter(kind="answer").exists()

    def test_set_fields_and_write_at_once(self, csr, ticket, macro):
        csr.post("desk:ticket_macro", ticket.number, macro.pk, key="k", text="It is on its way.", seen=ticket.version)

        ticket = fresh(ticket)
        assert (ticket.status, ticket.priority, ticket.owner) == (TicketStatus.RESOLVED, "p2", csr.person)
        assert Article.objects.get(kind="answer").text == "It is on its way."

    def test_do_nothing_where_one_part_is_refused(self, division, csr, macro, account):
        complaint = make_ticket(division, TicketType.COMPLAINT, account=account)

        page = csr.post("desk:ticket_macro", complaint.number, macro.pk, key="k", text="Sorry.", seen=complaint.version)

        assert page.status_code == 422
        assert "Sorry." in page.content.decode()
        assert (fresh(complaint).priority, fresh(complaint).owner) == ("p3", None)
        assert not Article.objects.filter(kind="answer").exists()

    def test_stop_where_the_customer_replied_meanwhile(self, csr, ticket, macro):
        reply(ticket)

        page = csr.post("desk:ticket_macro", ticket.number, macro.pk, key="k", text="Hello.", seen=ticket.version)

        assert "Review it before sending" in page.content.decode()
        assert fresh(ticket).priority == "p3"


class TestX23CannedReplies:
    def canned(self, division, **values) -> CannedReply:
        return CannedReply.objects.create(**{"division": division, "name": "Restart", "language": "en"} | values)

    def test_begin_an_answer_with_what_is_known(self, division, csr, ticket):
        canned = self.canned(division, text="Dear {name}, restart it. {brand}")
        assert "Restart" in csr.read("desk:ticket", ticket.number)

        page = csr.read("desk:ticket_answer", ticket.number, reply=canned.pk)

        brand = division.brands.get().name
        assert f"Dear {ticket.requester_name}, restart it. {brand}" in page

    @pytest.mark.parametrize("why", ["language", "expired", "product", "brand"])
    def test_are_not_offered_where_they_do_not_suit(self, division, csr, ticket, why):
        from foundation.divisions.models import Brand  # noqa: PLC0415

        values = {
            "language": {"language": "es"},
            "expired": {"valid_until": today(division) - timedelta(days=1)},
            "product": {"family": "video"},
            "brand": {"brand": Brand.objects.create(division=division, code="other", name="Other")},
        }[why]
        self.canned(division, text="No.", **values)

        assert "Restart" not in csr.read("desk:ticket", ticket.number)

    def test_are_offered_by_the_product_of_the_symptom_where_no_service_is_named(self, division, csr, ticket):
        symptom = make_symptom(division, family="video")
        self.canned(division, text="Yes.", family="video")
        assert "Restart" not in csr.read("desk:ticket", ticket.number)
        Ticket.objects.filter(pk=ticket.pk).update(symptom=symptom.code)

        assert "Restart" in csr.read("desk:ticket", ticket.number)

    def test_are_offered_on_their_last_day(self, division, csr, ticket):
        self.canned(division, text="Yes.", valid_until=today(division))

        assert "Restart" in csr.read("desk:ticket", ticket.number)


class TestHandingOver:
    def test_ones_own_goes_to_a_colleague_with_a_word_for_them(self, division, csr, ticket):
        colleague = make_person(Role.CSR, division, name="Casey Colleague")
        said = {"to": colleague.pk, "note": "She speaks Spanish.", "key": "k"}
        assert "Casey Colleague" not in csr.read("desk:ticket_do", ticket.number, "hand-over")
        services.take_ticket(ticket.pk, by=csr.person)

        assert "Casey Colleague" in csr.read("desk:ticket_do", ticket.number, "hand-over")
        answers = [csr.post("desk:ticket_do", ticket.number, "hand-over", **said).status_code for _twice in range(2)]

        ticket.refresh_from_db()
        assert (ticket.owner, answers) == (colleague, [302, 422])
        assert ticket.articles.get(text="She speaks Spanish.").kind == ArticleKind.NOTE


class TestX24Merging:
    @pytest.fixture
    def double(self, division, account):
        return make_ticket(division, account=account, text="It is still broken, I said.", priority="p1")

    def merge(self, csr, double, ticket):
        return csr.post("desk:ticket_do", double.number, "merge", number=ticket.number)

    def test_keeps_everything_and_shows_it_in_one_place(self, csr, ticket, double):
        services.note_ticket(double.pk, "Second call.", by=csr.person, key="note")
        before = Ticket.objects.filter(pk=double.pk).values().get()

        self.merge(csr, double, ticket)

        after = Ticket.objects.filter(pk=double.pk).values().get()
        assert {name for name in before if before[name] != after[name]} == {"merged_into_id"}
        page = csr.read("desk:ticket", ticket.number)
        assert "It is still broken, I said." in page
        assert "Second call." in page
        assert published(TicketMerged)[0].into_id == ticket.pk

    def test_leaves_the_customer_one_ticket_to_which_links_and_replies_lead(self, csr, customer, ticket, double):
        self.merge(csr, double, ticket)

        assert double.number not in customer.read("selfcare:tickets")
        assert customer.get("selfcare:ticket", double.number).url == reverse("selfcare:ticket", args=[ticket.number])
        assert "It is still broken, I said." in customer.read("selfcare:ticket", ticket.number)
        article = reply(double, "By the old link.")
        assert article.ticket == ticket

    def test_takes_it_off_the_desks_list(self, csr, ticket, double):
        self.merge(csr, double, ticket)

        page = csr.read("desk:tickets")
        assert ticket.number in page
        assert double.number not in page
        assert double.number in csr.read("desk:tickets", text=double.number)

    def test_lets_nobody_move_it_meanwhile(self, csr, ticket, double):
        self.merge(csr, double, ticket)

        answer = csr.post("desk:ticket_do", double.number, "resolve", code="restored", text="")

        assert answer.status_code == 422
        assert "goes on as" in answer.content.decode()

    def test_can_be_undone(self, csr, customer, ticket, double):
        before = Ticket.objects.filter(pk=double.pk).values().get()
        self.merge(csr, double, ticket)

        csr.post("desk:ticket_do", double.number, "part")

        assert Ticket.objects.filter(pk=double.pk).values().get() == before
        assert customer.get("selfcare:ticket", double.number).status_code == 200
        assert "It is still broken, I said." not in csr.read("desk:ticket", ticket.number)
        assert len(published(TicketUnmerged)) == 1

    def test_leaves_what_was_said_meanwhile_where_it_was_said_until_somebody_splits_it_off(self, csr, ticket, double):
        self.merge(csr, double, ticket)
        said = reply(double, "And now the TV, too.")
        assert "stays on the other ticket" in csr.read("desk:ticket_do", double.number, "part")

        csr.post("desk:ticket_do", double.number, "part")

        assert "And now the TV, too." in csr.read("desk:ticket", ticket.number)
        assert "And now the TV, too." not in csr.read("desk:ticket", double.number)
        csr.post("desk:ticket_split", ticket.number, said.pk, subject="The TV", type="trouble", key="split")
        assert Ticket.objects.get(subject="The TV").articles.get(copied_from=said).text == "And now the TV, too."
        assert reply(double, "By the old link.").ticket == double

    def test_of_another_customer_is_refused(self, division, csr, ticket):
        strangers = make_ticket(division)

        answer = self.merge(csr, strangers, ticket)

        assert answer.status_code == 422
        assert "different customers" in answer.content.decode()

    def test_makes_whoever_answers_read_what_came_with_it(self, csr, ticket, double):
        seen = ticket.version
        self.merge(csr, double, ticket)

        answer = csr.post("desk:ticket_answer", ticket.number, key="k", text="Hello.", seen=seen)

        assert answer.status_code == 422

    def test_is_not_asked_about_afterwards(self, csr, ticket, double):
        from tickets.queries import may_be_rated  # noqa: PLC0415

        bring_to(double, TicketStatus.RESOLVED)
        assert may_be_rated(fresh(double))

        self.merge(csr, double, ticket)

        assert not may_be_rated(fresh(double))

    @pytest.mark.django_db(transaction=True)
    def test_of_two_into_each_other_at_once_leaves_one(self):
        from foundation.divisions.testing import make_division  # noqa: PLC0415
        from foundation.people.testing import make_person  # noqa: PLC0415

        division = make_division()
        account, by = make_account(division), make_person(Role.CSR, division)
        one, other = (make_ticket(division, account=account) for _two in range(2))

        together(
            lambda: services.merge_ticket(one.pk, other.pk, by=by),
            lambda: services.merge_ticket(other.pk, one.pk, by=by),
        )

        assert Ticket.objects.filter(merged_into=None).count() == 1


class TestX25Splitting:
    def test_makes_a_ticket_of_an_article_and_both_know(self, csr, ticket):
        article = reply(ticket, "And my bill is wrong, too.")

        for _twice in range(2):
            csr.post("desk:ticket_split", ticket.number, article.pk, key="k", subject="Wrong bill", type="billing")

        new = Ticket.objects.exclude(pk=ticket.pk).get()
        assert (new.customer, new.type, new.split_from) == (ticket.customer, "billing", article)
        assert new.articles.get().text == "And my bill is wrong, too."
        assert ticket.articles.filter(pk=article.pk).exists()
        assert len(published(TicketSplit)) == 1
        assert ticket.number in csr.read("desk:ticket", new.number)
        for one in (ticket, new):
            assert f"Part of {ticket.number} became {new.number}" in csr.read("desk:ticket_history", one.number)

    def test_takes_the_files_along_and_leaves_them_where_they_were(self, csr, customer, ticket):
        file = SimpleUploadedFile("bill.png", b"\x89PNG\r\n\x1a\n")
        customer.post("selfcare:ticket", ticket.number, key="k", text="And my bill is wrong.", uploads=file)
        article = ticket.articles.latest("pk")

        csr.post("desk:ticket_split", ticket.number, article.pk, key="k", subject="Wrong bill", type="billing")

        new = Ticket.objects.get(subject="Wrong bill")
        for one in (ticket, new):
            assert "bill.png" in csr.read("desk:ticket", one.number)
            assert "bill.png" in customer.read("selfcare:ticket", one.number)
            assert one.articles.latest("pk").attachments.get().content.tobytes() == b"\x89PNG\r\n\x1a\n"

    def test_of_an_answer_is_no_answer_on_the_new_ticket(self, csr, ticket):
        said = answer(ticket, "The bill, too, is wrong.", by=csr.person)
        let_leave()
        new = services.split_article(said.pk, subject="Wrong bill", type=TicketType.BILLING, key="k", by=csr.person)

        services.take_back_answer(answer(new, by=csr.person).pk, by=csr.person)

        assert (fresh(new).first_answered_at, fresh(new).answered_at) == (None, None)


class TestX26PartsOfATicket:
    def attach(self, csr, child, parent, policy=ChildPolicy.WITH_PARENT):
        csr.post("desk:ticket_do", child.number, "part-of", number=parent.number, policy=policy)

    @pytest.fixture
    def child(self, division):
        return make_ticket(division)

    def test_end_with_it(self, csr, ticket, child):
        self.attach(csr, child, ticket)

        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="The node works.")

        assert (fresh(child).status, fresh(child).resolution_text) == (TicketStatus.RESOLVED, "The node works.")

    def test_are_waited_for(self, csr, ticket, child):
        self.attach(csr, child, ticket, ChildPolicy.AFTER_CHILDREN)

        refused = csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="")
        bring_to(child, TicketStatus.RESOLVED)
        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="")

        assert f"Its part {child.number} is open." in refused.content.decode()
        assert fresh(ticket).status == TicketStatus.RESOLVED

    def test_end_by_themselves(self, csr, ticket, child):
        self.attach(csr, child, ticket, ChildPolicy.ALONE)

        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="")

        assert fresh(child).status == TicketStatus.ACKNOWLEDGED

    def test_can_be_detached_because_it_is_still_down(self, csr, ticket, child):
        self.attach(csr, child, ticket)

        csr.post("desk:ticket_do", child.number, "detach")
        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="")

        assert fresh(child).status == TicketStatus.ACKNOWLEDGED

    def test_that_end_otherwise_are_left_to_a_person(self, division, csr, ticket):
        complaint = make_ticket(division, TicketType.COMPLAINT)
        self.attach(csr, complaint, ticket)

        csr.post("desk:ticket_do", ticket.number, "resolve", code="restored", text="")

        assert (fresh(ticket).status, fresh(complaint).status) == (TicketStatus.RESOLVED, TicketStatus.ACKNOWLEDGED)


class TestWhatItIsAbout:
    def test_is_chosen_among_what_its_customer_has(self, csr, division):
        account = make_affected(division)
        make_policy(division, {ClockKind.RESTORE: 4}, product=account.services.first().product)
        ticket = make_ticket(division, account=account)
        Ticket.objects.update(account=None, premises=None)
        service, foreign = account.services.first(), make_account(division)
        asked = csr.read("desk:ticket_do", ticket.number, "about")

        refused = csr.post("desk:ticket_do", ticket.number, "about", about=f"account:{foreign.pk}")
        csr.post("desk:ticket_do", ticket.number, "about", about=f"service:{service.pk}")

        placed = fresh(ticket)
        assert (str(service) in asked, account.service_address in asked) == (True, True)
        assert refused.status_code == 422
        assert (placed.account, placed.service, placed.premises) == (account, service, service.premises)
        assert placed.clocks.get().kind == ClockKind.RESTORE
        assert f"It is about account {account.number}" in csr.read("desk:ticket", ticket.number)

    def test_stays_while_an_outage_explains_it(self, csr, division):
        account = make_affected(division)
        ticket = make_ticket(division, account=account)
        make_outage(division, by=make_person(Role.SUPERVISOR, division))

        with pytest.raises(NotAllowed) as refusal:
            services.set_account(ticket.pk, account, account.services.first(), by=csr.person)

        assert refusal.value.code == "attached"


class TestX36AnotherCustomer:
    def test_is_confirmed_by_the_address_to_which_answers_go(self, division, csr, ticket):
        other = make_account(division).customer
        email = other.contacts.get().email

        refused = csr.post("desk:ticket_customer", ticket.number, number=other.number)
        assert email in refused.content.decode()
        assert fresh(ticket).customer == ticket.customer
        csr.post("desk:ticket_customer", ticket.number, number=other.number, confirmed_email=email)

        assert (fresh(ticket).customer, fresh(ticket).requester_email) == (other, email)

    def test_does_not_get_what_was_written_to_the_one_before(self, division, csr, ticket):
        article = answer(ticket, by=csr.person)
        other = make_account(division).customer
        services.add_participant(ticket.pk, email="husband@people.example", by=csr.person)

        csr.post("desk:ticket_customer", ticket.number, number=other.number, confirmed_email=other.contacts.get().email)

        assert answer(fresh(ticket), by=csr.person).to == [other.contacts.get().email]
        assert len(published(ParticipantDropped)) == 1
        article.departure.refresh_from_db()
        assert article.departure.taken_back_at
        assert article.to == [ticket.requester_email]
