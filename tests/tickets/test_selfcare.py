"""A customer's day with their tickets, the letters they get, and who sees whose (X37, X38, X39)."""

import re
from datetime import timedelta
from typing import ClassVar

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Delegate
from accounts.states import Sight
from accounts.testing import make_account
from foundation.correspondence.models import Message
from foundation.divisions.fields import Texts
from foundation.divisions.testing import make_division
from foundation.events.models import Event
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.testing import sign_in
from tickets import services
from tickets.models import Article, Attachment, Rating, Ticket, UnsentFile
from tickets.queries import may_be_rated, with_subjects_in_words
from tickets.services import Intake, Requester, Upload
from tickets.states import Matter, PendingReason, ResolutionCode, TicketChannel, TicketStatus, TicketType
from tickets.testing import answer, bring_to, let_leave, make_symptom, make_ticket, reply

SECRET = "Zyzzyva is behind it."
"""What an internal note says."""


def picture(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.png", b"\x89PNG\r\n\x1a\n" + name.encode())


@pytest.fixture
def ticket(division, account):
    return make_ticket(division, account=account)


class TestX37FollowingATicket:
    def test_reported_with_a_picture(self, customer, account):
        page = customer.get("selfcare:ticket_new")
        said = {
            "key": page.context["talk"].key, "account": account.pk, "type": "trouble", "subject": "No TV", "do": "send",
            "text": "Black screen.", "uploads": SimpleUploadedFile("screen.png", b"\x89PNG\r\n\x1a\n"),
        }  # fmt: skip

        customer.post("selfcare:ticket_new", **said)

        ticket = Ticket.objects.get()
        assert (ticket.customer, ticket.account, ticket.reported_by) == (account.customer, account, customer.person)
        assert ticket.opened_by is None
        assert ticket.articles.get().attachments.get().name == "screen.png"
        assert "No TV" in customer.read("selfcare:tickets")

    def test_keeps_what_was_typed_where_a_file_is_refused(self, customer, account):
        answer = customer.post(
            "selfcare:ticket_new", key="k", account=account.pk, type="trouble", subject="No TV", text="Black screen.", do="send",
            uploads=SimpleUploadedFile("run.exe", b"MZ"),
        )  # fmt: skip

        assert answer.status_code == 422
        assert "Black screen." in answer.content.decode()
        assert "uploads" in answer.context["files"].errors
        assert not Ticket.objects.exists()

    def test_keeps_the_files_that_were_chosen_where_something_else_is_wrong(self, customer, account, seat):
        report = {"key": "k", "account": account.pk, "type": "request", "matter": "other"}
        wrong = customer.post("selfcare:ticket_new", **report, do="send", text="", uploads=[picture("a"), picture("b")])
        first = UnsentFile.objects.get(name="a.png")
        stranger = seat()
        make_account(account.division, user=stranger.person)
        theirs = stranger.post("selfcare:ticket_new", key="k", type="request", do=f"drop:{first.pk}")
        dropped = customer.post("selfcare:ticket_new", **report, do=f"drop:{first.pk}", text="A longer cable.")

        customer.post("selfcare:ticket_new", **report, do="send", text="A longer cable.")

        assert wrong.status_code == 422
        assert [name in wrong.content.decode() for name in ("a.png", "b.png")] == [True, True]
        assert "a.png" not in theirs.content.decode()
        assert [name in dropped.content.decode() for name in ("a.png", "b.png", "A longer cable.")] == [
            False,
            True,
            True,
        ]
        assert [file.name for file in Ticket.objects.get().articles.get().attachments.all()] == ["b.png"]
        assert not UnsentFile.objects.exists()

    def test_keeps_the_files_that_are_to_be_added_where_nothing_is_said_of_them(self, customer, ticket):
        wrong = customer.post("selfcare:ticket", ticket.number, key="k", text="", uploads=picture("a"))
        kept = customer.post("selfcare:ticket", ticket.number, key="k", text="See.", do="drop:0", uploads=picture("b"))
        assert (wrong.status_code, kept.status_code) == (422, 200)
        assert [name in kept.content.decode() for name in ("a.png", "b.png", "See.")] == [True, True, True]

        customer.post("selfcare:ticket", ticket.number, key="k", text="See.")

        assert [file.name for file in ticket.articles.last().attachments.all()] == ["a.png", "b.png"]
        assert not UnsentFile.objects.exists()

    def test_takes_five_files_at_most(self, customer, ticket):
        answer = customer.post(
            "selfcare:ticket",
            ticket.number,
            key="k",
            text="See.",
            uploads=[picture(str(number)) for number in range(6)],
        )

        assert answer.context["files"].errors["uploads"] == ["At most 5 files at once."]
        assert ticket.articles.count() == 1

    @pytest.mark.parametrize(
        ("status", "sentence", "next_step"),
        [
            ("acknowledged", "We have it.", "Somebody will look at it"),
            ("in_progress", "We are working on it.", "as soon as there is news"),
            ("pending", "We need an answer from you.", "Write below."),
            ("held", "A credit is being posted.", "on your account"),
            ("resolved", "We think that it is fixed.", "Tell us whether it is."),
        ],
    )
    def test_says_in_plain_words_where_it_stands_and_what_is_next(self, customer, ticket, status, sentence, next_step):
        bring_to(ticket, TicketStatus(status))
        let_leave()

        page = customer.read("selfcare:ticket", ticket.number)

        assert sentence in page
        assert next_step in page

    def test_added_to_counts_as_a_reply(self, customer, ticket):
        bring_to(ticket, TicketStatus.PENDING)

        for _twice in range(2):
            customer.post("selfcare:ticket", ticket.number, key="k", text="It blinks red.")

        ticket.refresh_from_db()
        assert ticket.status == TicketStatus.IN_PROGRESS
        assert [article.text for article in ticket.articles.all()][-1] == "It blinks red."
        assert ticket.articles.count() == 2

    def test_confirmed_as_fixed(self, customer, ticket):
        bring_to(ticket, TicketStatus.RESOLVED)

        customer.post("selfcare:ticket_fixed", ticket.number)

        assert Ticket.objects.get().status == TicketStatus.CLOSED

    @pytest.mark.parametrize("status", ["resolved", "closed"])
    def test_reopened(self, customer, ticket, status):
        bring_to(ticket, TicketStatus(status))

        customer.post("selfcare:ticket_reopen", ticket.number)

        assert Ticket.objects.get().status == TicketStatus.IN_PROGRESS

    def test_called_off(self, customer, ticket):
        customer.post("selfcare:ticket_call_off", ticket.number)

        assert Ticket.objects.get().status == TicketStatus.CANCELLED

    def test_shows_an_answer_once_it_has_left(self, customer, ticket):
        answer(ticket, "Try the other socket.")
        before = customer.read("selfcare:ticket", ticket.number)

        with time_machine.travel(now() + timedelta(seconds=31)):
            services.send_due_answers()

        assert "Try the other socket." not in before
        assert "Try the other socket." in customer.read("selfcare:ticket", ticket.number)


class TestX38WhoSeesWhose:
    def test_a_stranger_sees_nothing_at_any_address(self, seat, ticket):
        stranger = seat()
        file = self.file_on(ticket)

        assert ticket.number not in stranger.read("selfcare:tickets")
        assert stranger.get("selfcare:ticket", ticket.number).status_code == 404
        assert stranger.get("selfcare:ticket_file", file.pk).status_code == 404
        for name in ("ticket", "ticket_fixed", "ticket_rate", "ticket_reopen", "ticket_call_off"):
            assert stranger.post(f"selfcare:{name}", ticket.number, key="k", text="x").status_code == 404
        assert Ticket.objects.get().articles.count() == 2

    def file_on(self, ticket):
        upload = Upload(name="a.txt", media_type="text/plain", content=b"x")
        article = services.hear_customer(ticket.pk, "See.", key="file", channel=TicketChannel.MAIL, uploads=[upload])
        return article.attachments.get()

    @pytest.mark.parametrize(
        ("sight", "sees"),
        [
            (Sight.OWN, {"own"}),
            (Sight.SITE, {"own", "site"}),
            (Sight.COMPANY, {"own", "site", "elsewhere"}),
        ],
    )
    def test_own_site_or_company_by_role(self, division, seat, account, sight, sees):
        person, company = seat(), account.customer
        other_site = make_account(division)
        type(other_site).objects.filter(pk=other_site.pk).update(customer=company)
        other_site.refresh_from_db()
        Delegate.objects.create(
            customer=company, user=person.person, sight=sight, account=account if sight == Sight.SITE else None
        )
        known = {"requester": Requester.typed(email="desk@company.example")}
        tickets = {
            "own": make_ticket(division, account=other_site, by=person.person, **known),
            "site": make_ticket(division, account=account, **known),
            "elsewhere": make_ticket(division, account=other_site, **known),
        }

        for name, ticket in tickets.items():
            is_seen = name in sees
            assert (ticket.number in person.read("selfcare:tickets")) == is_seen, name
            assert (person.get("selfcare:ticket", ticket.number).status_code == 200) == is_seen, name
        strangers = make_ticket(make_division())
        assert person.get("selfcare:ticket", strangers.number).status_code == 404


class TestX38WhoReportsOnlyTheirOwn:
    """Somebody at a company who sees only what they reported themselves chooses among no accounts but those they know."""

    @pytest.fixture
    def other_site(self, division, account):
        other = make_account(division)
        type(other).objects.filter(pk=other.pk).update(customer=account.customer)
        return other

    def delegate(self, seat, company, **more):
        person = seat()
        Delegate.objects.create(customer=company.customer, user=person.person, sight=Sight.OWN, **more)
        return person

    def test_chooses_none_of_the_company_and_says_where_it_is(self, seat, account, other_site):
        person = self.delegate(seat, account)

        page = person.read("selfcare:ticket_new")
        refused = {"key": "k", "account": other_site.pk, "type": "request", "matter": "other", "do": "send"}
        person.post("selfcare:ticket_new", **refused, text="On the second floor.")

        assert "Where is it?" not in page
        assert account.service_address not in page
        assert other_site.service_address not in page
        ticket = Ticket.objects.get()
        assert (ticket.customer, ticket.account, ticket.reported_by) == (account.customer, None, person.person)
        assert ticket.number in person.read("selfcare:tickets")

    def test_says_whether_it_is_at_home_or_at_which_company(self, division, seat, account, other_site):
        person, home, second = self.delegate(seat, account), make_account(division), make_account(division)
        type(home.customer).objects.filter(pk=home.customer_id).update(user=person.person)
        Delegate.objects.create(customer=second.customer, user=person.person, sight=Sight.OWN)

        first = person.read("selfcare:ticket_new")
        asked = person.post("selfcare:ticket_new", do=f"company:{second.customer_id}").content.decode()
        said = {"type": "request", "matter": "other", "do": "send", "text": "On the second floor."}
        nowhere = person.post("selfcare:ticket_new", **said, key="a").content.decode()
        for number, place in enumerate(
            ({"company": second.customer_id}, {"account": home.pk}, {"company": account.customer_id})
        ):
            person.post("selfcare:ticket_new", **said, key=f"k{number}", **place)

        assert "Where is it?" in first
        for button in (f"account:{home.pk}", f"company:{account.customer_id}", f"company:{second.customer_id}"):
            assert f'value="{button}"' in first
        assert "Where is it?" not in asked
        assert f'name="company" value="{second.customer_id}"' in asked
        assert "Where is it?" in nowhere
        tickets = Ticket.objects.order_by("pk").values_list("customer", "account")
        assert list(tickets) == [(second.customer_id, None), (home.customer_id, home.pk), (account.customer_id, None)]

    @pytest.mark.parametrize("sight", [Sight.OWN, Sight.SITE])
    def test_reports_elsewhere_at_the_company_than_at_their_open_site(self, seat, account, other_site, sight):
        person, company = seat(), account.customer
        Delegate.objects.create(customer=company, user=person.person, sight=sight, account=account)

        first = person.read("selfcare:ticket_new")
        said = {"type": "request", "matter": "other", "do": "send", "text": "On the second floor."}
        for number, place in enumerate(({"account": account.pk}, {"company": company.pk})):
            person.post("selfcare:ticket_new", **said, key=f"k{number}", **place)

        assert f'value="account:{account.pk}"' in first
        assert f"Elsewhere at {company}" in first
        assert other_site.service_address not in first
        tickets = Ticket.objects.order_by("pk")
        assert list(tickets.values_list("customer", "account")) == [(company.pk, account.pk), (company.pk, None)]
        assert all(ticket.number in person.read("selfcare:tickets") for ticket in tickets)

    def test_is_asked_nothing_where_the_company_has_no_other_place(self, seat, account):
        person = self.delegate(seat, account, account=account)

        assert "Where is it?" not in person.read("selfcare:ticket_new")

    def test_chooses_the_one_that_they_were_given(self, seat, account, other_site):
        person = self.delegate(seat, account, account=account)

        page = person.get("selfcare:ticket_new")

        assert [view.account for view in page.context["known"].accounts] == [account]

    def test_sees_the_account_of_what_they_reported(self, division, seat, account, other_site):
        person = self.delegate(seat, account)
        other_site.refresh_from_db()
        make_ticket(division, account=other_site, by=person.person)

        page = person.get("selfcare:ticket_new")

        assert [view.account for view in page.context["known"].accounts] == [other_site]


class TestX38InternalNotesNeverLeak:
    @pytest.fixture
    def noted(self, division, account, csr):
        ticket = make_ticket(division, account=account)
        upload = Upload(name="zyzzyva.txt", media_type="text/plain", content=SECRET.encode())
        services.note_ticket(ticket.pk, SECRET, by=csr.person, key="note", uploads=[upload])
        return ticket

    def test_on_a_page(self, customer, noted):
        for page in (customer.read("selfcare:tickets"), customer.read("selfcare:ticket", noted.number)):
            assert "yzzyva" not in page

    def test_as_a_file(self, customer, noted):
        assert customer.get("selfcare:ticket_file", Attachment.objects.get().pk).status_code == 404

    def test_in_a_mail(self, noted, csr):
        answer(noted, "Try now.", by=csr.person)
        services.resolve_ticket(noted.pk, ResolutionCode.RESTORED, "The wire.", by=csr.person)
        let_leave()
        drain()

        assert {message.kind for message in Message.objects.all()} == {
            "tickets.opened", "tickets.answer", "tickets.resolved"
        }  # fmt: skip
        assert not [one for one in Message.objects.all() if "yzzyva" in one.text + one.html + one.subject_line]
        assert "yzzyva" not in "".join(one.message().as_string() for one in mail.outbox)

    def test_by_the_link_in_a_letter(self, noted, csr):
        services.resolve_ticket(noted.pk, ResolutionCode.RESTORED, "The wire.", by=csr.person)
        let_leave()
        drain()

        assert "yzzyva" not in Client().get(link(noted)).content.decode()

    def test_in_the_list_as_a_file_nor_in_facts(self, csr, noted):
        assert "yzzyva" not in csr.read("desk:tickets", export="csv")
        assert not [event for event in Event.objects.all() if "yzzyva" in str(event.payload)]


def link(ticket: Ticket, wanted: str = "fixed=yes") -> str:
    """Return the address in the letter that asks whether a ticket is fixed."""
    message = Message.objects.filter(kind="tickets.resolved", subject_id=ticket.pk).latest("pk")
    return next(
        address
        for address in re.findall(r"https?://[^\s]+(/me/tickets/by-letter/\S+)", message.text)
        if wanted in address
    )


class TestLetters:
    def test_say_that_we_have_it(self, ticket):
        drain()

        message = Message.objects.get()
        assert (message.kind, message.to) == ("tickets.opened", ticket.requester_email)
        assert ticket.number in message.subject_line

    def test_carry_an_answer_to_the_requester_as_it_was_when_written(self, ticket, csr):
        answer(ticket, "Try now.", by=csr.person)
        old = ticket.requester_email
        Ticket.objects.filter(pk=ticket.pk).update(requester_email="other@people.example")
        with time_machine.travel(now() + timedelta(seconds=31)):
            services.send_due_answers()
            drain()

        message = Message.objects.get(kind="tickets.answer")
        article = Article.objects.get(kind="answer")
        assert (message.to, message.message_id) == (old, article.message_id)
        assert "Try now." in message.text

    def test_are_not_sent_of_an_answer_that_was_taken_back(self, ticket, csr):
        article = answer(ticket, by=csr.person)
        services.take_back_answer(article.pk, by=csr.person)
        with time_machine.travel(now() + timedelta(seconds=31)):
            services.send_due_answers()
            drain()

        assert not Message.objects.filter(kind="tickets.answer").exists()

    def test_say_why_something_is_declined(self, division, account):
        ticket = make_ticket(division, TicketType.REQUEST, account=account)
        services.reject_ticket(ticket.pk, "No cable there.", by=None)
        drain()

        assert "No cable there." in Message.objects.get(kind="tickets.declined").text

    def test_open_nothing_for_staff_who_read_them(self, ticket):
        bring_to(ticket, TicketStatus.RESOLVED)
        let_leave()
        drain()

        assert "by_letter=" not in Message.objects.get(kind="tickets.resolved").shown_text


class TestX39OneTap:
    @pytest.fixture
    def resolved(self, ticket):
        bring_to(ticket, TicketStatus.RESOLVED)
        let_leave()
        drain()
        return ticket

    def test_changes_nothing_when_a_mail_program_opens_the_link(self, resolved):
        page = Client().get(link(resolved)).content.decode()

        assert "Is it fixed?" in page
        assert Ticket.objects.get().status == TicketStatus.RESOLVED
        assert not Rating.objects.exists()

    @pytest.mark.parametrize(("pressed", "status"), [("fixed", "closed"), ("reopen", "in_progress")])
    def test_says_whether_it_is_fixed_without_signing_in(self, resolved, pressed, status):
        Client().post(link(resolved), {"do": pressed})

        assert Ticket.objects.get().status == status

    def test_says_how_it_was_handled_once(self, resolved):
        address = link(resolved, "score=good")
        assert 'value="good"' in Client().get(address).content.decode()

        Client().post(address, {"do": "rate", "score": "good"})
        again = Client().post(address, {"do": "rate", "score": "bad"}, follow=True)

        assert Rating.objects.get().score == "good"
        assert again.context["form"] is None

    def test_asks_on_the_page_once_it_was_confirmed_there(self, customer, resolved):
        assert customer.get("selfcare:ticket", resolved.number).context["rating"] is None
        customer.post("selfcare:ticket_fixed", resolved.number)
        assert "How did we handle it?" in customer.read("selfcare:ticket", resolved.number)

        customer.post("selfcare:ticket_rate", resolved.number, score="fair", words="It took a while.")
        customer.post("selfcare:ticket_rate", resolved.number, score="good")

        rating = Rating.objects.get()
        assert (rating.score, rating.words) == ("fair", "It took a while.")
        assert "How did we handle it?" not in customer.read("selfcare:ticket", resolved.number)
        assert Client().get(link(resolved)).context["form"] is None

    @pytest.mark.parametrize("sent", [{}, {"score": "splendid"}])
    def test_keeps_nothing_where_nothing_is_chosen(self, customer, resolved, sent):
        customer.post("selfcare:ticket_fixed", resolved.number)

        page = customer.client.post(reverse("selfcare:ticket_rate", args=[resolved.number]), sent, follow=True)

        assert "Choose one." in page.content.decode()
        assert not Rating.objects.exists()

    def test_asks_on_the_page_no_longer_than_the_letter_does(self, customer, resolved):
        customer.post("selfcare:ticket_fixed", resolved.number)

        with time_machine.travel(now() + timedelta(days=61)):
            sign_in(customer.client, customer.person)
            assert customer.get("selfcare:ticket", resolved.number).context["rating"] is None

    def test_is_not_said_by_staff_in_the_place_of_the_customer(self, csr, resolved):
        with pytest.raises(NotAllowed):
            services.rate_ticket(resolved.pk, "good", by=csr.person)

    def test_is_only_for_whoever_holds_the_letter(self, resolved):
        address = reverse("selfcare:ticket_by_letter")
        forged = link(resolved)[:-2] + "xx"

        assert Client().get(address).status_code == 404
        assert Client().get(forged).status_code == 404
        with time_machine.travel(now() + timedelta(days=61)):
            assert Client().get(link(resolved)).status_code == 404

    @pytest.mark.parametrize("why", ["outage", "staff", "open"])
    def test_is_not_asked_of(self, division, account, why):
        channel = TicketChannel.SYSTEM if why == "staff" else TicketChannel.WEB
        ticket = make_ticket(division, account=account, channel=channel)
        if why == "open":
            bring_to(ticket, TicketStatus.PENDING)
        else:
            code = ResolutionCode.OUTAGE_ENDED if why == "outage" else ResolutionCode.RESTORED
            services.resolve_ticket(ticket.pk, code, "", by=None)

        ticket.refresh_from_db()
        assert not may_be_rated(ticket)
        with pytest.raises(NotAllowed):
            services.rate_ticket(ticket.pk, "good")


class TestSubjectThatNobodyWrote:
    """Casey reported in English, and reads in Spanish."""

    SPANISH: ClassVar = {"accept-language": "es"}

    def reported(self, division, account, **said) -> Ticket:
        requester = Requester(name="Casey", email="casey@people.example", language="en")
        intake = Intake(text="Nothing.", requester=requester, customer=account.customer, account=account, **said)
        return services.report_at_intake(
            intake, key=f"k{len(said)}", division=division, channel=TicketChannel.WEB, by=None
        )

    def read(self, customer, name: str, *args) -> str:
        return customer.client.get(reverse(name, args=args), headers=self.SPANISH).content.decode()

    @pytest.fixture
    def symptom(self, division):
        return make_symptom(division, "none", names=Texts(en="No internet at all", es="No hay Internet"))

    @pytest.mark.parametrize(
        ("said", "english", "spanish"),
        [
            ({"type": TicketType.TROUBLE, "symptom": "none"}, "No internet at all", "No hay Internet"),
            ({"type": TicketType.BILLING, "details": {"matter": "twice"}}, "Charged twice", ""),
        ],
    )
    @pytest.mark.usefixtures("symptom")
    def test_is_read_in_the_language_of_the_page_and_of_the_letter(  # noqa: PLR0917  # who, and what
        self, customer, division, account, said, english, spanish
    ):
        ticket = self.reported(division, account, **said)
        with override("es"):
            spanish = spanish or str(Matter.TWICE.label)
        assert ticket.subject == english
        Ticket.objects.filter(pk=ticket.pk).update(language="es")
        drain()

        for page in (self.read(customer, "selfcare:tickets"), self.read(customer, "selfcare:ticket", ticket.number)):
            assert (spanish in page, english in page) == (True, False)
        assert english in customer.read("selfcare:ticket", ticket.number)
        assert Message.objects.get().subject_line.endswith(f"] {spanish}")
        bring_to(ticket, TicketStatus.RESOLVED)
        let_leave()
        drain()
        by_letter = Client(headers=self.SPANISH).get(link(ticket)).content.decode()
        assert (spanish in by_letter, english in by_letter) == (True, False)

    @pytest.mark.usefixtures("symptom")
    def test_stays_as_somebody_wrote_it(self, customer, division, account):
        ticket = self.reported(
            division, account, type=TicketType.TROUBLE, symptom="none", subject="No internet at all, again"
        )

        assert "No internet at all, again" in self.read(customer, "selfcare:ticket", ticket.number)

    @pytest.mark.usefixtures("symptom")
    def test_costs_the_list_one_statement(self, customer, division, account, django_assert_num_queries):
        made = [
            self.reported(division, account, type=TicketType.TROUBLE, symptom="none", is_another=True, **more)
            for more in ({}, {"subject": "One"}, {"subject": "Two", "details": {}})
        ]
        with django_assert_num_queries(1):
            assert len(with_subjects_in_words(made)) == len(made)


class TestX39WhatIsNotOneOfItsOwnIsNotAskedAbout:
    @pytest.fixture
    def other(self, division, account) -> Ticket:
        return make_ticket(division, account=account)

    def put_right(self, ticket: Ticket, csr) -> str:
        """Return the letter that says that a ticket was put right."""
        services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "A new cable.", by=csr.person)
        let_leave()
        drain()
        return Message.objects.get(kind="tickets.resolved", subject_id=ticket.pk).text

    def test_a_part_is_put_right_unasked_and_the_whole_is_asked_about(self, customer, csr, ticket, other):
        csr.post("desk:ticket_do", other.number, "part-of", number=ticket.number, policy="after_children")

        of_part, of_whole = self.put_right(other, csr), self.put_right(ticket, csr)

        assert ("score=" in of_part, "score=" in of_whole) == (False, True)
        for one, is_asked in ((other, False), (ticket, True)):
            customer.post("selfcare:ticket_fixed", one.number)
            assert ("How did we handle it?" in customer.read("selfcare:ticket", one.number)) is is_asked
            customer.post("selfcare:ticket_rate", one.number, score="good")
        assert Rating.objects.get().ticket == ticket

    def test_once_it_is_no_part_any_more_it_is_asked_about(self, csr, ticket, other):
        csr.post("desk:ticket_do", other.number, "part-of", number=ticket.number, policy="after_children")
        csr.post("desk:ticket_do", other.number, "detach")

        assert "score=" in self.put_right(other, csr)

    def test_one_that_was_merged_is_not_and_the_one_it_goes_on_as_is_once(self, customer, csr, ticket, other):
        services.resolve_ticket(other.pk, ResolutionCode.RESTORED, "A new cable.", by=csr.person)
        csr.post("desk:ticket_do", other.number, "merge", number=ticket.number)
        let_leave()
        drain()

        assert not Message.objects.filter(kind="tickets.resolved", text__contains="score=").exists()
        with pytest.raises(NotAllowed):
            services.rate_ticket(other.pk, "good")
        assert "score=" in self.put_right(ticket, csr)
        customer.post("selfcare:ticket_fixed", other.number)  # by the old number
        customer.post("selfcare:ticket_rate", other.number, score="good")
        assert Rating.objects.get().ticket == ticket


class TestX39NobodyIsAskedOfWhatStaffRaised:
    @pytest.mark.parametrize(("channel", "is_asked"), [("system", False), ("phone", True)])
    def test_at_the_desk(self, csr, account, channel, is_asked):
        page = csr.get("desk:new_ticket", customer=account.customer_id)
        csr.client.post(
            f"{reverse('desk:new_ticket')}?customer={account.customer_id}",
            {
                "key": page.context["talk"].key, "account": account.pk, "type": "request", "matter": "copy", "do": "open",
                "text": "Their line hums.", "channel": channel, "email": "casey@people.example",
            },
        )  # fmt: skip
        ticket = Ticket.objects.get()
        services.resolve_ticket(ticket.pk, ResolutionCode.DONE, "", by=csr.person)
        let_leave()
        drain()

        letter = Message.objects.get(kind="tickets.resolved")
        assert ("score=" in letter.text) is is_asked
        assert may_be_rated(Ticket.objects.get()) is is_asked


def test_the_talk_is_the_same_for_the_customer_and_the_desk(customer, csr, ticket):
    reply(ticket, "It hums.")
    services.pend_ticket(ticket.pk, PendingReason.PARTS, by=csr.person)

    assert "It hums." in customer.read("selfcare:ticket", ticket.number)
    assert "It hums." in csr.read("desk:ticket", ticket.number)
