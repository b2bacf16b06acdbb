"""Tickets by mail, from the raw message to the ticket (RC C.2, 33–35, and complaint 9)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils.crypto import get_random_string

from accounts.models import Account, Contact
from accounts.testing import make_account
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.services import Letter, queue_message, receive_mail, receive_mails, send_message
from foundation.correspondence.states import MailKind, MailStatus, MessageStatus
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.correspondence.mails import PDF, bounce, raw, with_file
from tests.orders.racing import Meanwhile
from tickets import services
from tickets.events import CustomerReplied, TicketMoved, TicketNoted
from tickets.models import Article, Attachment, Participant, Ticket
from tickets.queries import number_in_subject, subject_token
from tickets.queries.sla import clocks_of
from tickets.services import Upload, letterbox, replies
from tickets.services.mail import MOST_AN_HOUR
from tickets.services.rows import locked
from tickets.settings import AUTOMATIC_PER_HOUR, MAIL_OPENS, MAIL_TO_CLOSED
from tickets.states import (
    ArticleKind,
    ClockKind,
    PendingReason,
    ResolutionCode,
    TicketChannel,
    TicketStatus,
    TicketType,
    ToClosed,
)
from tickets.testing import answer, let_leave, make_policy, make_ticket

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
STRANGER = "Kim Stranger <kim@elsewhere.example>"


class Desk:
    """A market with a mailbox, and a customer with a ticket that was answered."""

    def __init__(self) -> None:
        self.division = make_division()
        self.mailbox = make_mailbox(self.division)
        self.account = make_account(self.division)
        self.ticket = make_ticket(self.division, account=self.account)
        self.answer = answer(self.ticket)
        drain()

    @property
    def customer(self) -> str:
        return self.ticket.requester_email

    def receive(self, *headers: str, body: str = "It still does not work.", **named: str) -> InboundMail:
        """Let a message come in from the customer, unless `From` says otherwise, and be handled."""
        usual = {"From": self.customer, "Message-ID": f"<{get_random_string(12)}@people.example>", **named}
        return self.take(raw(*headers, body=body, **usual))

    def take(self, content: bytes) -> InboundMail:
        row = receive_mail(self.mailbox.pk, content)
        drain()
        row.refresh_from_db()
        return row

    def reply(self, *headers: str, **named: str) -> InboundMail:
        """Let a reply to the answer come in."""
        return self.receive(f"In-Reply-To: {self.answer.message_id}", *headers, **named)

    def resolve(self) -> None:
        services.resolve_ticket(self.ticket.pk, ResolutionCode.RESTORED, "It was the wire.", by=None)

    def said(self, ticket: Ticket | None = None, kind: str = ArticleKind.CUSTOMER) -> list[str]:
        """Return what stands on the ticket, without its first words."""
        return [
            one.text for one in (ticket or self.ticket).articles.filter(kind=kind).exclude(key__startswith="opened:")
        ]


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestX33ThreadsByMessageIdReferencesThenToken:
    def test_an_answer_to_our_message_is_on_its_ticket(self, desk):
        row = desk.reply()

        assert desk.said() == ["It still does not work."]
        assert (row.status, row.outcome) == (MailStatus.HANDLED, desk.ticket.number)
        article = Article.objects.get(key=f"mail:{row.pk}")
        assert (article.channel, article.author_email) == (TicketChannel.MAIL, desk.customer)
        assert published(CustomerReplied)[-1].channel == "mail"

    def test_an_answer_whose_program_names_only_the_thread(self, desk):
        desk.receive(f"References: <unknown@x> {desk.answer.message_id} <another@x>")

        assert desk.said() == ["It still does not work."]

    def test_what_it_answers_comes_before_what_it_refers_to(self, desk):
        other = make_ticket(desk.division, account=desk.account)
        newer = answer(other)

        desk.receive(f"In-Reply-To: {newer.message_id}", f"References: {desk.answer.message_id}")

        assert (desk.said(), desk.said(other)) == ([], ["It still does not work."])

    def test_the_newest_of_what_it_refers_to_comes_first(self, desk):
        other = make_ticket(desk.division, account=desk.account)

        desk.receive(f"References: {desk.answer.message_id} {answer(other).message_id}")

        assert (desk.said(), len(desk.said(other))) == ([], 1)

    def test_an_answer_to_the_customers_own_message(self, desk):
        desk.reply(**{"Message-ID": "<mine@people.example>"})
        desk.receive("In-Reply-To: <mine@people.example>", body="And now?")

        assert desk.said() == ["It still does not work.", "And now?"]

    def test_somebody_elses_message_id_leads_no_mail_to_their_ticket(self, desk):
        desk.reply(**{"Message-ID": "<mine@people.example>"})
        another = make_ticket(desk.division)
        desk.receive(f"In-Reply-To: {answer(another).message_id}", From=another.requester_email, body="A trap.",
            **{"Message-ID": "<mine@people.example>"})  # fmt: skip

        desk.receive("In-Reply-To: <mine@people.example>", body="And now?")

        assert desk.said() == ["It still does not work.", "And now?"]
        assert desk.said(another) == ["A trap."]

    def test_a_message_id_of_ours_is_ours_whoever_writes_it(self, desk):
        another = make_ticket(desk.division)
        desk.receive(f"In-Reply-To: {answer(another).message_id}", From=another.requester_email, body="A trap.",
            **{"Message-ID": desk.answer.message_id})  # fmt: skip

        desk.reply()

        assert desk.said() == ["It still does not work."]

    def test_who_takes_part_may_answer_the_customers_message_and_a_stranger_may_not(self, desk):
        desk.reply("Cc: Lou <lou@people.example>", **{"Message-ID": "<mine@people.example>"})

        desk.receive("In-Reply-To: <mine@people.example>", From="lou@people.example", body="From Lou.")
        row = desk.receive("In-Reply-To: <mine@people.example>", From=STRANGER, body="From a stranger.")

        assert desk.said() == ["It still does not work.", "From Lou."]
        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "unknown_sender")
        assert not desk.ticket.participants.filter(email="kim@elsewhere.example").exists()

    def test_the_thread_comes_before_a_token_that_says_otherwise(self, desk):
        other = make_ticket(desk.division, account=desk.account)

        desk.reply(f"Subject: Re: {subject_token(other)}")

        assert (len(desk.said()), desk.said(other)) == (1, [])

    def test_a_token_alone_is_enough_from_who_takes_part(self, desk):
        desk.receive(f"Subject: RE: AW: your ticket {subject_token(desk.ticket).lower()}")

        assert desk.said() == ["It still does not work."]

    def test_a_token_alone_from_a_stranger_appends_nothing(self, desk):
        row = desk.receive(f"Subject: Re: {subject_token(desk.ticket)}", From=STRANGER)

        assert desk.said() == []
        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "unknown_sender")

    def test_a_token_alone_from_another_customer_opens_a_ticket_that_names_the_other_for_staff(self, desk):
        other = make_account(desk.division)
        theirs = other.customer.contacts.get().email

        row = desk.receive(f"Subject: Re: {subject_token(desk.ticket)}", From=theirs)

        assert desk.said() == []
        ticket = Ticket.objects.get(number=row.outcome)
        assert ticket.customer == other.customer
        (note,) = ticket.articles.filter(kind=ArticleKind.SYSTEM)
        assert desk.ticket.number in note.text
        assert not note.is_public

    def test_a_token_that_was_made_up_is_none(self, desk):
        assert number_in_subject(f"[{desk.ticket.number}-0000000000]") == ""
        assert number_in_subject(f"Re: {subject_token(desk.ticket)} please") == desk.ticket.number

        desk.receive(f"Subject: [{desk.ticket.number}-0000000000]")

        assert desk.said() == []

    def test_a_message_id_of_ours_cannot_be_guessed(self, desk):
        guessed = desk.answer.message_id.partition(".")[0] + ".1@mail.larkspur.example>"

        desk.receive(f"In-Reply-To: {guessed}", From=STRANGER)

        assert desk.said() == []

    def test_the_same_message_twice_stands_once(self, desk):
        first = desk.reply(**{"Message-ID": "<twice@people.example>"})
        again = desk.reply(**{"Message-ID": "<twice@people.example>"})

        assert first.pk == again.pk
        assert len(desk.said()) == 1

    def test_handled_twice_stands_once(self, desk):
        row = desk.reply()

        services.take_mails([row.pk])

        assert len(desk.said()) == 1

    def test_only_what_is_new_is_shown_and_the_rest_is_kept(self, desk):
        row = desk.reply(body="Still broken.\n\nOn Monday Larkspur wrote:\n> We are looking into it.\n")

        article = Article.objects.get(key=f"mail:{row.pk}")
        assert article.text == "Still broken."
        assert "> We are looking into it." in article.mail.rest

    def test_a_ticket_that_waited_for_the_customer_goes_on(self, desk):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)

        desk.reply()

        desk.ticket.refresh_from_db()
        assert desk.ticket.status == TicketStatus.IN_PROGRESS
        assert published(TicketMoved)[-1].after == TicketStatus.IN_PROGRESS
        assert desk.ticket.heard_at

    def test_its_clock_runs_again_from_the_moment_of_the_reply(self, desk):
        begin = now()
        with time_machine.travel(begin, tick=False) as clock:
            make_policy(desk.division, {ClockKind.RESOLVE: 8})
            desk.ticket = make_ticket(desk.division, account=desk.account)
            desk.answer = answer(desk.ticket)
            services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
            clock.shift(30 * HOUR)
            desk.reply()
            clock.shift(HOUR)

            [promised] = [face for face in clocks_of(desk.ticket, now()) if face.clock.kind == ClockKind.RESOLVE]

        assert (promised.is_running, promised.elapsed, promised.paused) == (True, HOUR, 30 * HOUR)
        assert promised.clock.due_at == begin + 38 * HOUR

    def test_a_reply_to_a_merged_ticket_lands_where_it_goes_on(self, desk):
        target = make_ticket(desk.division, account=desk.account)
        Ticket.objects.filter(pk=desk.ticket.pk).update(merged_into=target)

        row = desk.reply()

        assert (desk.said(), desk.said(target)) == ([], ["It still does not work."])
        assert row.outcome == target.number

    def test_a_reply_to_a_closed_ticket_reopens_it(self, desk):
        desk.resolve()
        services.close_ticket(desk.ticket.pk, by=None)

        desk.reply()

        desk.ticket.refresh_from_db()
        assert (desk.ticket.status, desk.ticket.reopened_count) == (TicketStatus.IN_PROGRESS, 1)

    def test_a_reply_to_a_closed_ticket_opens_a_new_one_where_the_division_wants_so(self, desk):
        set_value(desk.division, MAIL_TO_CLOSED, ToClosed.FOLLOW_UP.value)
        desk.resolve()
        services.close_ticket(desk.ticket.pk, by=None)

        row = desk.reply()

        desk.ticket.refresh_from_db()
        assert desk.ticket.status == TicketStatus.CLOSED
        follower = Ticket.objects.get(number=row.outcome)
        assert (follower.customer, follower.status) == (desk.ticket.customer, TicketStatus.ACKNOWLEDGED)
        assert follower.number in desk.said(kind=ArticleKind.SYSTEM)[-1]
        assert desk.ticket.number in desk.said(follower, ArticleKind.SYSTEM)[-1]

    def test_a_reply_to_one_that_was_called_off_opens_a_new_one(self, desk):
        services.cancel_ticket(desk.ticket.pk, by=None)

        row = desk.reply()

        assert row.outcome not in ("", desk.ticket.number)

    def test_a_reply_to_an_ended_one_that_comes_by_two_ways_opens_one(self, desk):
        services.cancel_ticket(desk.ticket.pk, by=None)
        same = {"Message-ID": "<same@people.example>"}

        first = desk.reply(**same, body="It smokes.")
        again = desk.reply(**same, body="It smokes.\n\n-- \nSent by a relay.")
        other = desk.reply(**same, body="It burns.")
        other_again = desk.reply(**same, body="It burns.\n\n-- \nSent by a relay.")

        assert len({row.pk for row in (first, again, other, other_again)}) == 4
        assert {row.outcome for row in (first, again, other, other_again)} == {first.outcome}
        follower = Ticket.objects.exclude(pk=desk.ticket.pk).get(customer=desk.ticket.customer)
        assert follower.number == first.outcome
        assert [one.text for one in follower.articles.filter(kind=ArticleKind.CUSTOMER)] == ["It smokes.", "It burns."]
        assert len(desk.said(kind=ArticleKind.SYSTEM)) == 1

    def test_what_stands_on_a_ticket_and_comes_anew_after_its_end_opens_none(self, desk):
        same = {"Message-ID": "<same@people.example>"}
        desk.reply(**same, body="It smokes.")
        services.cancel_ticket(desk.ticket.pk, by=None)

        again = desk.reply(**same, body="It smokes.\n\n-- \nSent by a relay.")
        other = desk.reply(**same, body="It burns.")

        assert again.outcome == desk.ticket.number
        assert Ticket.objects.exclude(pk=desk.ticket.pk).get(customer=desk.ticket.customer).number == other.outcome

    @pytest.mark.parametrize("is_together", [False, True])
    def test_a_reply_to_an_open_ticket_that_comes_by_two_ways_stands_once(self, desk, is_together):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        one, another = [
            raw(*way, body=body, From=desk.customer, **{"Message-ID": "<same@people.example>"})
            for way, body in (
                ([f"In-Reply-To: {desk.answer.message_id}"], "It smokes, and\nit stinks."),
                ([f"In-Reply-To: {desk.answer.message_id}", "Subject: [External] Re"], "It smokes,  and it stinks.\n"),
            )
        ]
        if is_together:
            receive_mails(desk.mailbox.pk, [one, another])
            drain()
        else:
            desk.take(one)
            desk.take(another)

        assert len(desk.said()) == 1
        rows = InboundMail.objects.filter(message_id="<same@people.example>")
        assert [(row.status, row.outcome) for row in rows] == [(MailStatus.HANDLED, desk.ticket.number)] * 2
        desk.ticket.refresh_from_db()
        assert (desk.ticket.status, desk.ticket.version) == (TicketStatus.IN_PROGRESS, 3)
        assert len(published(CustomerReplied)) == 1

    def test_the_same_reply_by_the_mailboxes_of_two_markets_stands_once(self, desk):
        above = make_mailbox(desk.division.parent or make_division(), code="above")
        same = {"From": desk.customer, "Message-ID": "<same@people.example>"}

        for mailbox in (desk.mailbox, above):
            receive_mail(mailbox.pk, raw(f"In-Reply-To: {desk.answer.message_id}", body="It smokes.", **same))
            drain()

        assert desk.said() == ["It smokes."]

    def test_what_a_reply_says_or_shows_more_when_it_comes_again_is_not_lost(self, desk):
        same = {"Message-ID": "<file@people.example>", "From": "pat@people.example"}
        shown = with_file(PDF, "bill.pdf")

        desk.reply(**same, body="See the file.")
        desk.reply(**same, body="See the file, please.")
        for subject in (b"A file", b"[External] A file"):
            answers = f"In-Reply-To: {desk.answer.message_id}\nSubject: ".encode()
            desk.take(shown.replace(b"Subject: A file", answers + subject))

        assert desk.said() == ["See the file.", "See the file, please.", "See the file."]
        assert Attachment.objects.count() == 1

    def test_two_who_write_under_one_message_id_are_both_heard(self, desk):
        other = make_account(desk.division).customer.contacts.get().email
        same = {"Message-ID": "<same@people.example>"}

        desk.reply(**same, body="It smokes.")
        desk.reply(**same, body="It smokes.", From=other)

        wrote = desk.ticket.articles.filter(message_id="<same@people.example>")
        assert list(wrote.values_list("author_email", "text")) == [(desk.customer, "It smokes."), (other, "It smokes.")]

    def test_the_same_reply_reopens_nothing_when_it_comes_again(self, desk):
        same = {"Message-ID": "<same@people.example>"}
        desk.reply(**same, body="It works.")
        desk.resolve()

        desk.reply(**same, body="It works.\n\n-- \nSent by a relay.")

        desk.ticket.refresh_from_db()
        assert (desk.ticket.status, desk.said()) == (TicketStatus.RESOLVED, ["It works."])

    def test_the_same_mail_follows_anew_where_what_it_opened_has_ended_too(self, desk):
        services.cancel_ticket(desk.ticket.pk, by=None)
        same = {"Message-ID": "<same@people.example>"}
        first = desk.reply(**same, body="It smokes.")
        services.cancel_ticket(Ticket.objects.get(number=first.outcome).pk, by=None)

        other = desk.reply(**same, body="It burns.")

        follower = Ticket.objects.get(number=other.outcome)
        assert follower.number not in (first.outcome, desk.ticket.number)
        assert first.outcome in desk.said(follower, ArticleKind.SYSTEM)[-1]

    def test_a_mail_that_fits_nothing_opens_a_ticket_of_the_customer(self, desk):
        set_value(desk.division, MAIL_OPENS, TicketType.REQUEST.value)

        row = desk.receive("Subject: Second socket", body="Can I have one?")

        ticket = Ticket.objects.get(number=row.outcome)
        assert (ticket.type, ticket.subject, ticket.channel) == (
            TicketType.REQUEST,
            "Second socket",
            TicketChannel.MAIL,
        )
        assert (ticket.customer, ticket.requester_email) == (desk.account.customer, desk.customer)
        assert (ticket.account, ticket.premises) == (desk.account, desk.account.premises)
        assert ticket.articles.order_by("pk")[0].text == "Can I have one?"

    def test_the_same_mail_by_another_way_opens_no_second_ticket(self, desk):
        same = {"Message-ID": "<same@people.example>", "Subject": "Modem exploded"}
        first = desk.receive(**same, body="It smokes.")
        again = desk.receive(**same, body="It smokes.\n\n-- \nSent by a relay.")
        other = desk.receive(**same, body="It burns.")
        with time_machine.travel(now() + timedelta(days=8)):
            later = desk.receive(**same, body="A new modem smokes.")

        assert again.pk != first.pk
        assert again.outcome == other.outcome == first.outcome != later.outcome
        ticket = Ticket.objects.get(number=first.outcome)
        assert [one.text for one in ticket.articles.filter(kind=ArticleKind.CUSTOMER)] == ["It smokes.", "It burns."]
        assert Message.objects.filter(kind="tickets.opened", subject_id=ticket.pk).count() == 1

    def test_of_two_accounts_of_a_customer_it_names_none(self, desk):
        Account.objects.filter(pk=make_account(desk.division).pk).update(customer=desk.account.customer)

        row = desk.receive("Subject: Second socket", body="Can I have one?")

        assert Ticket.objects.get(number=row.outcome).account is None

    def known_at(self, desk, address: str) -> None:
        Contact.objects.filter(customer=desk.account.customer).update(email=address)

    @pytest.mark.parametrize(
        ("known", "writes"),
        [
            ("kim@people.example", "Kim@People.Example"),
            ("kim+bills@people.example", "Kim+Bills@people.example"),
            ("kim.doe@gmail.com", "kimdoe+bills@googlemail.com"),
            ("kim+isp@fastmail.com", "kim@fastmail.com"),
        ],
    )
    def test_a_customer_is_known_by_a_spelling_that_is_surely_theirs(self, desk, known, writes):
        self.known_at(desk, known)

        row = desk.receive(From=writes)

        assert Ticket.objects.get(number=row.outcome).customer == desk.account.customer

    @pytest.mark.parametrize(
        ("known", "writes"),
        [
            ("kim@people.example", "kim+bills@people.example"),
            ("kim+bills@people.example", "kim@people.example"),
            ("kim.doe@fastmail.com", "kimdoe@fastmail.com"),
        ],
    )
    def test_a_spelling_that_may_be_somebody_elses_is_nobody(self, desk, known, writes):
        self.known_at(desk, known)

        row = desk.receive(From=writes)

        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "unknown_sender")

    def test_a_token_from_another_spelling_of_the_requester_appends_nothing(self, desk):
        name, _at, domain = desk.customer.partition("@")

        row = desk.receive(f"Subject: Re: {subject_token(desk.ticket)}", From=f"{name}+x@{domain}")

        assert desk.said() == []
        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "unknown_sender")

    def test_a_mail_of_somebody_unknown_waits_for_a_person(self, desk):
        row = desk.receive(From=STRANGER)

        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "unknown_sender")
        assert Ticket.objects.count() == 1

    def test_files_are_on_the_article_and_refused_ones_are_named(self, desk):
        content = with_file(PDF, "bill.pdf").replace(
            b"Subject:", f"In-Reply-To: {desk.answer.message_id}\nSubject:".encode()
        )
        desk.take(content)
        desk.take(
            with_file(b"MZ\0\0", "setup.exe").replace(
                b"Subject:", f"In-Reply-To: {desk.answer.message_id}\nSubject:".encode()
            )
        )

        (file,) = Attachment.objects.all()
        assert (file.name, file.media_type, bytes(file.content)) == ("bill.pdf", "application/pdf", PDF)
        assert file.article.ticket == desk.ticket
        assert len(desk.said()) == 2
        assert "setup.exe: it could do harm" in desk.said(kind=ArticleKind.SYSTEM)[-1]

    def test_a_line_without_an_end_is_read_at_its_beginning_and_the_ticket_says_so(self, desk):
        row = desk.reply(body="Help! " * 400_000)

        (said,) = desk.said()
        assert said.startswith("Help! Help!")
        assert "only the beginning was read" in desk.said(kind=ArticleKind.SYSTEM)[-1]
        assert len(row.raw) > 2_400_000

    def test_many_replies_are_written_down_together(self, desk, django_assert_max_num_queries):
        contents = [
            raw(f"In-Reply-To: {desk.answer.message_id}", body=f"Reply {number}.", From=desk.customer)
            for number in range(40)
        ]
        ids = receive_mails(desk.mailbox.pk, contents)

        with django_assert_max_num_queries(25):
            services.take_mails(ids)

        assert len(desk.said()) == 40
        desk.ticket.refresh_from_db()
        assert desk.ticket.version == 42

    @pytest.mark.parametrize("first", ["thread", "token"])
    def test_two_of_a_bundle_that_find_one_ticket_in_different_ways_both_count(self, desk, first):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        ways = {"thread": f"In-Reply-To: {desk.answer.message_id}", "token": f"Subject: {subject_token(desk.ticket)}"}
        contents = [raw(ways[way], body=way, From=desk.customer) for way in sorted(ways, reverse=first == "token")]

        services.take_mails(receive_mails(desk.mailbox.pk, contents))

        desk.ticket.refresh_from_db()
        assert sorted(desk.said()) == ["thread", "token"]
        assert (desk.ticket.version, desk.ticket.status) == (4, TicketStatus.IN_PROGRESS)

    @pytest.mark.django_db(transaction=True)
    def test_a_bundle_holds_its_tickets_by_their_ids(self):
        desk = Desk()
        later = make_ticket(desk.division, account=desk.account)
        answered = {"Here": answer(later).message_id, "There": desk.answer.message_id}
        desk.resolve()
        contents = [raw(f"In-Reply-To: {one}", body=said, From=desk.customer) for said, one in answered.items()]
        ids = receive_mails(desk.mailbox.pk, contents)

        with transaction.atomic():
            locked(desk.ticket.pk)
            taking = Meanwhile(lambda: services.take_mails(ids))
            locked(later.pk)

        assert taking.outcome() is None
        assert (desk.said(), desk.said(later)) == (["There"], ["Here"])

    def test_tickets_that_waited_are_taken_up_together(self, desk, django_assert_max_num_queries):
        tickets = [make_ticket(desk.division, account=desk.account) for _number in range(12)]
        contents = [
            raw(f"In-Reply-To: {answer(one).message_id}", body=one.number, From=desk.customer) for one in tickets
        ]
        for ticket in tickets:
            services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, by=None)
        ids = receive_mails(desk.mailbox.pk, contents)

        with django_assert_max_num_queries(20):
            services.take_mails(ids)

        assert set(Ticket.objects.filter(pk__in=[one.pk for one in tickets]).values_list("status", flat=True)) == {
            TicketStatus.IN_PROGRESS
        }

    def test_however_much_they_refer_to_their_tickets_are_looked_up_by_message_ids(self, desk):
        contents = [
            raw(
                "References: " + " ".join(f"<{number}.{place}@people.example>" for number in range(8)),
                f"In-Reply-To: {desk.answer.message_id}",
                body=f"{place}",
                From=desk.customer,
            )
            for place in range(20)
        ]
        ids = receive_mails(desk.mailbox.pk, contents)
        plans: dict[str, str] = {}

        def explain(execute, sql, params, many, context):
            if "<7.7@people.example>" in str(params) and sql.startswith("SELECT"):
                execute(f"EXPLAIN {sql}", params, many, context)
                plans[sql] = "\n".join(line for (line,) in context["cursor"].fetchall())
            return execute(sql, params, many, context)

        with connection.cursor() as cursor, connection.execute_wrapper(explain):
            cursor.execute("SET LOCAL enable_seqscan = off")
            services.take_mails(ids)

        assert len(desk.said()) == 20
        read = [table for table in ("tickets_article", "correspondence_message") if any(table in sql for sql in plans)]
        assert read == ["tickets_article", "correspondence_message"]
        assert all("Seq Scan" not in plan for plan in plans.values()), plans

    def test_one_that_fails_holds_nobody_back(self, desk, monkeypatch):
        words = replies.words_of

        def fail_on_one(mail):
            if "explode" in mail.text:
                raise ZeroDivisionError
            return words(mail)

        monkeypatch.setattr(replies, "words_of", fail_on_one)
        exploding, _fine = receive_mails(
            desk.mailbox.pk,
            [
                raw(f"In-Reply-To: {desk.answer.message_id}", body=body, From=desk.customer)
                for body in ("explode", "fine")
            ],
        )
        drain()

        assert desk.said() == ["fine"]
        row = InboundMail.objects.get(pk=exploding)
        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "broken")


class TestX34AutomaticMailsBouncesAndLoopsAreCaught:
    def test_an_automatic_reply_is_noted_and_is_no_reply(self, desk):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        version = Ticket.objects.get(pk=desk.ticket.pk).version

        desk.reply("Auto-Submitted: auto-replied", "Subject: Out of office", body="I am away.")

        desk.ticket.refresh_from_db()
        assert (desk.ticket.status, desk.ticket.version) == (TicketStatus.PENDING, version)
        assert desk.said() == []
        assert "I am away." in desk.said(kind=ArticleKind.SYSTEM)[-1]

    def test_an_automatic_reply_does_not_reopen(self, desk):
        desk.resolve()

        desk.reply("Subject: Automatic reply: your ticket")

        desk.ticket.refresh_from_db()
        assert desk.ticket.status == TicketStatus.RESOLVED

    def test_an_automatic_mail_about_nothing_of_ours_opens_nothing_and_waits_for_a_person(self, desk):
        row = desk.receive("Auto-Submitted: auto-generated")

        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "no_ticket")
        assert Ticket.objects.count() == 1

    def test_a_token_alone_lets_a_strangers_machine_write_nothing(self, desk):
        token = f"Subject: {subject_token(desk.ticket)}"
        noted = len(desk.said(kind=ArticleKind.SYSTEM))

        row = desk.receive("Auto-Submitted: auto-generated", token, From=STRANGER)
        own = desk.receive("Auto-Submitted: auto-replied", token, body="I am away.")

        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "no_ticket")
        assert own.outcome == desk.ticket.number
        assert len(desk.said(kind=ArticleKind.SYSTEM)) == noted + 1

    def test_our_own_message_that_comes_back_does_nothing(self, desk):
        row = desk.receive(**{"Message-ID": desk.answer.message_id})

        assert (row.kind, row.outcome) == (MailKind.LOOP, "loop")
        assert Ticket.objects.count() == 1

    def test_a_bounce_marks_the_message_and_tells_staff(self, desk):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        letter = queue_message(
            Letter("Your ticket", "Words.", "<p>Words.</p>"), key="tests:bounce", kind="tickets.answer", to=desk.customer,
            language="en", division=desk.division, subject=desk.ticket,
        )  # fmt: skip
        send_message(letter.pk)

        row = desk.take(bounce(letter.message_id))

        letter.refresh_from_db()
        desk.ticket.refresh_from_db()
        assert (letter.status, row.outcome) == (MessageStatus.BOUNCED, "bounce")
        (note,) = [text for text in desk.said(kind=ArticleKind.SYSTEM) if "did not reach" in text]
        assert desk.customer in note
        assert "550 no such user" in note
        assert desk.ticket.status == TicketStatus.IN_PROGRESS
        assert published(TicketNoted)

    def test_a_bounce_of_what_asked_the_customer_nothing_ends_no_waiting(self, desk):
        services.pend_ticket(desk.ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None)
        letters = {"tickets.promise": desk.customer, "tickets.answer": "copied@people.example"}

        for kind, to in letters.items():
            letter = queue_message(
                Letter("Your ticket", "Words.", "<p>Words.</p>"), key=kind, kind=kind, to=to, language="en",
                division=desk.division, subject=desk.ticket,
            )  # fmt: skip
            services.note_bounce(letter.pk)

        desk.ticket.refresh_from_db()
        assert desk.ticket.reason == PendingReason.CUSTOMER
        assert len([text for text in desk.said(kind=ArticleKind.SYSTEM) if "did not reach" in text]) == 2

    def test_a_bounce_is_told_once(self, desk):
        letter = Message.objects.filter(subject_type="tickets.ticket", status=MessageStatus.SENT).first() or queue_message(
            Letter("Your ticket", "Words.", "<p>Words.</p>"), key="tests:bounce", kind="tests", to=desk.customer,
            language="en", division=desk.division, subject=desk.ticket,
        )  # fmt: skip
        services.note_bounce(letter.pk)
        services.note_bounce(letter.pk)

        assert Article.objects.filter(key=f"bounce:{letter.pk}").count() == 1


class TestX35AnswersGoToTheRequester:
    def letters_to(self, article: Article) -> list[str]:
        """Let an answer leave, and return to whom letters went."""
        let_leave()
        drain()
        letters = Message.objects.filter(key__startswith=f"tickets.answer:{article.key}").order_by("pk")
        return [letter.to for letter in letters]

    def test_not_to_whoever_wrote_last(self, desk):
        desk.reply(From=STRANGER)

        assert self.letters_to(answer(desk.ticket)) == [desk.customer]
        (participant,) = Participant.objects.filter(ticket=desk.ticket)
        assert (participant.email, participant.is_copied) == ("kim@elsewhere.example", False)

    def test_not_to_whom_the_mail_asks_answers_to_go(self, desk):
        row = desk.receive("Reply-To: thief@elsewhere.example", "Subject: A new one")

        ticket = Ticket.objects.get(number=row.outcome)
        assert self.letters_to(answer(ticket)) == [desk.customer]
        assert [one.email for one in ticket.participants.all()] == ["thief@elsewhere.example"]

    def test_others_in_copy_are_shown_and_we_ourselves_are_not(self, desk):
        desk.reply(f"Cc: Lee <lee@people.example>, {desk.mailbox.address}, {desk.customer}")

        assert [str(one) for one in desk.ticket.participants.all()] == ["Lee <lee@people.example>"]

    def test_staff_has_answers_go_to_others_and_stops_it(self, desk):
        csr = make_person(Role.CSR, desk.division)
        participant = services.add_participant(desk.ticket.pk, email=" Lee@People.example ", by=csr)

        assert self.letters_to(answer(desk.ticket)) == [desk.customer, "lee@people.example"]

        services.stop_copying(participant.pk, by=csr)
        assert self.letters_to(answer(desk.ticket)) == [desk.customer]

    def test_nobody_else_may_add_somebody(self, desk):
        with pytest.raises(NotAllowed):
            services.add_participant(
                desk.ticket.pk, email="lee@people.example", by=make_person(Role.CSR, make_division())
            )

    def test_no_address_is_refused_at_its_field(self, desk):
        with pytest.raises(NotAllowed) as refusal:
            services.add_participant(desk.ticket.pk, email="lee", by=make_person(Role.CSR, desk.division))

        assert refusal.value.field == "email"


class TestWhatWeSendCanBeAnswered:
    def letters(self, desk, kind: str) -> list[Message]:
        drain()
        return list(Message.objects.filter(kind=f"tickets.{kind}").order_by("pk"))

    def test_it_carries_the_token_the_thread_and_the_mailbox(self, desk):
        desk.reply(**{"Message-ID": "<theirs@people.example>"})
        with time_machine.travel(now() + timedelta(hours=1)):
            answer(desk.ticket)
        with time_machine.travel(now() + timedelta(hours=2)):
            services.send_due_answers()
            letter = self.letters(desk, "answer")[-1]

        assert number_in_subject(letter.subject_line) == desk.ticket.number
        assert letter.headers["In-Reply-To"] == "<theirs@people.example>"
        assert desk.answer.message_id in letter.headers["References"]
        assert letter.message_id not in letter.headers["References"]
        assert letter.headers["Reply-To"] == desk.mailbox.address
        assert "Auto-Submitted" not in letter.headers

    def test_it_is_answered_under_the_message_id_that_it_went_out_with(self, desk):
        with time_machine.travel(now() + timedelta(hours=1)):
            services.send_due_answers()
            (letter,) = self.letters(desk, "answer")

        assert letter.message_id == desk.answer.message_id
        assert mail.outbox[-1].extra_headers["Message-ID"] == letter.message_id

    def test_a_receipt_says_that_a_machine_wrote_it_and_can_be_answered_all_the_same(self, desk):
        (receipt,) = self.letters(desk, "opened")

        assert receipt.headers["Auto-Submitted"] == "auto-generated"
        desk.receive(f"In-Reply-To: {receipt.message_id}")
        assert desk.said() == ["It still does not work."]

    def test_an_answer_reaches_everybody_whom_staff_has_added(self, desk):
        services.add_participant(desk.ticket.pk, email="lee@people.example", by=make_person(Role.CSR, desk.division))
        answer(desk.ticket)
        with time_machine.travel(now() + timedelta(hours=1)):
            services.send_due_answers()
            letters = self.letters(desk, "answer")

        assert sorted(one.to for one in letters) == sorted([desk.customer, desk.customer, "lee@people.example"])


class TestComplaint9TwoHelpdesksAnsweringEachOther:
    """They do not, not for long: though the other one writes no header, and a new subject each time."""

    def test_ends_after_as_many_automatic_mails_as_the_division_allows(self, desk):
        set_value(desk.division, AUTOMATIC_PER_HOUR, 3)

        for round_ in range(8):
            desk.receive(f"Subject: We have received your request #{round_}")

        assert Ticket.objects.count() == 9
        assert Message.objects.filter(kind="tickets.opened", to=desk.customer).count() == 3

    def test_ends_though_each_is_from_another_spelling_of_one_mailbox(self, desk):
        set_value(desk.division, AUTOMATIC_PER_HOUR, 2)
        desk.account.customer.contacts.update(email="kim.quill@gmail.com")

        for spelling in (
            "kim.quill@gmail.com",
            "kim.quill+1@gmail.com",
            "k.i.m.quill@gmail.com",
            "kimquill@googlemail.com",
        ):
            desk.receive(f"Subject: We have received your request, {spelling}", From=spelling)

        assert Ticket.objects.filter(channel=TicketChannel.MAIL).count() == 4
        assert Message.objects.filter(kind="tickets.opened", to__contains="quill").count() == 2

    def test_goes_on_an_hour_later(self, desk):
        set_value(desk.division, AUTOMATIC_PER_HOUR, 1)
        desk.receive("Subject: One")

        with time_machine.travel(now() + timedelta(minutes=61)):
            desk.receive("Subject: Two")

        assert Message.objects.filter(kind="tickets.opened", to=desk.customer).count() == 2

    @pytest.mark.parametrize(
        "header", ["X-Auto-Response-Suppress: All", "Precedence: bulk", "Auto-Submitted: auto-replied"]
    )
    def test_does_not_begin_where_the_other_says_that_it_is_a_machine(self, desk, header):
        before = Message.objects.count()

        desk.receive(header, "Subject: We have received your request")

        assert Message.objects.count() == before

    def test_a_reply_on_a_ticket_is_never_answered_by_a_machine(self, desk):
        before = Message.objects.count()

        for _round in range(3):
            desk.reply("Subject: We have received your request")

        assert Message.objects.count() == before


class TestTheLetterbox:
    """What no program could place, a person does."""

    def test_a_ticket_is_opened_for_a_stranger(self, desk):
        row = desk.receive("Subject: Do you serve my street?", From=STRANGER)

        ticket = services.open_ticket_for_mail(row.pk, None, by=make_person(Role.CSR, desk.division))

        row.refresh_from_db()
        assert (row.status, row.outcome) == (MailStatus.HANDLED, ticket.number)
        assert (ticket.requester_email, ticket.customer) == ("kim@elsewhere.example", None)

    def test_it_is_put_on_a_ticket(self, desk):
        row = desk.receive(From=STRANGER)

        services.add_mail_to_ticket(row.pk, desk.ticket.number.lower(), by=make_person(Role.CSR, desk.division))

        assert desk.said() == ["It still does not work."]

    def test_it_is_dismissed_and_kept(self, desk):
        row = desk.receive(From=STRANGER)

        services.dismiss_mail(row.pk, by=make_person(Role.CSR, desk.division))

        row.refresh_from_db()
        assert (row.status, row.outcome) == (MailStatus.HANDLED, "dismissed")
        assert bytes(row.raw)

    def test_more_than_anybody_writes_in_an_hour_waits_there(self, desk):
        for number in range(MOST_AN_HOUR + 1):
            last = desk.receive(f"Subject: Trouble {number}", f"Message-ID: <{number}@people.example>")
        other = make_account(desk.division).customer.contacts.get().email
        desk.receive("Subject: Trouble of another", From=other)

        assert Ticket.objects.filter(channel=TicketChannel.MAIL).exclude(pk=desk.ticket.pk).count() == MOST_AN_HOUR + 1
        assert (last.status, last.reason) == (MailStatus.SET_ASIDE, "flood")
        assert Ticket.objects.filter(requester_email=other).exists()
        with time_machine.travel(now() + timedelta(hours=1, minutes=1), tick=False):
            row = desk.receive("Subject: Trouble again", "Message-ID: <again@people.example>")
        assert row.status == MailStatus.HANDLED

    def test_every_spelling_of_a_writer_counts_as_theirs(self, desk):
        Contact.objects.filter(customer=desk.account.customer).update(email="kim.doe@gmail.com")
        Contact.objects.filter(customer=make_account(desk.division).customer).update(email="kimdoes@gmail.com")
        for number in range(MOST_AN_HOUR + 1):
            last = desk.receive(f"Subject: Trouble {number}", From=f"Kim.Doe+{number}@GoogleMail.com")

        assert (last.status, last.reason) == (MailStatus.SET_ASIDE, "flood")
        assert desk.receive(From="kim.does@gmail.com").status == MailStatus.HANDLED

    def test_a_tag_makes_another_writer_where_no_provider_says_otherwise(self, desk):
        Contact.objects.filter(customer=desk.account.customer).update(email="kim@people.example")
        Contact.objects.filter(customer=make_account(desk.division).customer).update(email="kim+x@people.example")
        for number in range(MOST_AN_HOUR):
            desk.receive(f"Subject: Trouble {number}", From="kim+x@people.example")

        assert desk.receive(From="kim@people.example").status == MailStatus.HANDLED

    def test_replies_to_an_ended_ticket_open_no_more_than_that_either(self, desk):
        services.cancel_ticket(desk.ticket.pk, by=None)
        for number in range(MOST_AN_HOUR + 1):
            last = desk.reply(body=f"Trouble {number}")

        opened = Ticket.objects.filter(customer=desk.ticket.customer).exclude(pk=desk.ticket.pk)
        assert opened.count() == MOST_AN_HOUR
        assert (last.status, last.reason) == (MailStatus.SET_ASIDE, "flood")

        services.add_mail_to_ticket(last.pk, desk.ticket.number, by=make_person(Role.CSR, desk.division))

        last.refresh_from_db()
        assert opened.count() == MOST_AN_HOUR + 1
        assert last.status == MailStatus.HANDLED

    def test_it_is_placed_once(self, desk):
        row, csr = desk.receive(From=STRANGER), make_person(Role.CSR, desk.division)
        services.open_ticket_for_mail(row.pk, None, by=csr)

        with pytest.raises(NotAllowed):
            services.open_ticket_for_mail(row.pk, None, by=csr)
        with pytest.raises(NotAllowed):
            services.dismiss_mail(row.pk, by=csr)

    @pytest.mark.django_db(transaction=True)
    def test_it_is_placed_once_by_two_who_read_it_at_the_same_time(self, monkeypatch):
        desk = Desk()
        row, csr = desk.receive(From=STRANGER), make_person(Role.CSR, desk.division)
        reader = letterbox.read_received

        def read_slowly(read):
            if InboundMail.objects.get(pk=row.pk).status == MailStatus.SET_ASIDE:
                assert Meanwhile(lambda: services.dismiss_mail(row.pk, by=csr)).outcome() is None
            return reader(read)

        monkeypatch.setattr(letterbox, "read_received", read_slowly)
        with pytest.raises(NotAllowed, match="placed it already"):
            services.open_ticket_for_mail(row.pk, None, by=csr)
        assert Ticket.objects.count() == 1

    def test_a_csr_sees_it_and_places_it_on_the_pages(self, desk, client):
        row = desk.receive("Subject: Do you serve my street?", From=STRANGER, body="I moved.")
        sign_in(client, make_person(Role.CSR, desk.division))

        assert "Do you serve my street?" in client.get(reverse("desk:letterbox")).content.decode()
        page = client.get(reverse("desk:letter", args=[row.pk])).content.decode()
        assert "I moved." in page
        assert "Nobody of ours writes from this address." in page

        answer = client.post(reverse("desk:letter_open", args=[row.pk]), {"customer": ""})

        ticket = Ticket.objects.get(requester_email="kim@elsewhere.example")
        assert answer.url == reverse("desk:ticket", args=[ticket.number])

    def test_the_page_says_what_is_wrong(self, desk, client):
        row = desk.receive(From=STRANGER)
        sign_in(client, make_person(Role.CSR, desk.division))

        answer = client.post(reverse("desk:letter_add", args=[row.pk]), {"number": "T-NONE-SUCH"})

        assert answer.status_code == 422
        assert "There is no such ticket." in answer.content.decode()

    def test_it_is_none_of_another_markets_business(self, desk):
        row, csr = desk.receive(From=STRANGER), make_person(Role.CSR, make_division())

        for place in (
            lambda: services.open_ticket_for_mail(row.pk, None, by=csr),
            lambda: services.add_mail_to_ticket(row.pk, desk.ticket.number, by=csr),
            lambda: services.dismiss_mail(row.pk, by=csr),
        ):
            with pytest.raises(NotAllowed):
                place()


class TestFilesOfAnAnswer:
    MEGABYTE = 1024 * 1024

    def answered(self, desk, *files: Upload):
        """Return the letter that an answer with these files becomes."""
        services.answer_ticket(desk.ticket.pk, "See the files.", key="with-files", by=None, uploads=files)
        with time_machine.travel(now() + HOUR):
            services.send_due_answers()
            drain()
        return next(one for one in mail.outbox if "See the files." in one.body)

    def test_go_with_its_letter_and_are_kept_with_the_message(self, client, desk):
        csr = sign_in(client, make_person(Role.CSR, desk.division))
        file = SimpleUploadedFile("how to.pdf", PDF, content_type="text/html")
        csr.post(
            reverse("desk:ticket_answer", args=[desk.ticket.number]),
            {"key": "k", "text": "See the files.", "seen": Ticket.objects.get().version, "uploads": file},
        )
        with time_machine.travel(now() + HOUR):
            services.send_due_answers()
            drain()
        letter = next(one for one in mail.outbox if "See the files." in one.body)
        document = Message.objects.get(kind="tickets.answer", text__contains="See the files.").documents.get()

        assert letter.attachments == [("how to.pdf", PDF, "application/pdf")]
        assert "Enclosed: how to.pdf" in letter.body
        assert "page of this ticket" not in letter.body
        assert b'filename="how to.pdf"' in letter.message().as_bytes()
        assert csr.get(reverse("desk:document", args=[document.pk])).content == PDF

    def test_are_shown_with_the_letter_to_who_sees_the_ticket_and_to_nobody_else(self, client, desk):
        self.answered(desk, Upload(name="how to.pdf", media_type="application/pdf", content=PDF))
        letter = Message.objects.get(kind="tickets.answer", text__contains="See the files.")
        pages = [
            reverse("desk:message", args=[letter.pk]), reverse("desk:message_html", args=[letter.pk]),
            reverse("desk:document", args=[letter.documents.get().pk]), reverse("desk:message_again", args=[letter.pk]),
        ]  # fmt: skip
        csr = sign_in(client, make_person(Role.CSR, desk.division))
        seen = [csr.get(page).status_code for page in pages]
        listed = csr.get(reverse("desk:messages")).content.decode()
        agent = sign_in(client, make_person(Role.FIELD_AGENT, desk.division))

        assert (seen, desk.ticket.number in listed) == ([200] * 4, True)
        assert [agent.get(page).status_code for page in pages[:3]] == [404] * 3
        assert desk.ticket.number not in agent.get(reverse("desk:messages")).content.decode()

    def test_that_a_mail_cannot_hold_wait_on_the_page(self, desk):
        content = b"x" * (4 * self.MEGABYTE)
        files = [Upload(name=f"{name}.txt", media_type="text/plain", content=content) for name in ("one", "two")]
        small = Upload(name="small.txt", media_type="text/plain", content=b"y")

        letter = self.answered(desk, *files, small)

        assert [name for name, _content, _type in letter.attachments] == ["one.txt", "small.txt"]
        assert "A file is too large for a mail: it waits for you on the page of this ticket." in letter.body
        assert len(letter.message().as_bytes()) < 10 * self.MEGABYTE

    def test_have_names_that_no_mail_program_trips_over(self, desk):
        names = ["../etc/pass\r\nBcc: all@people.example.txt", "\u202etxt.exe.pdf", f"{'long' * 40}.pdf"]
        files = [Upload(name=name, media_type="text/plain", content=b"x") for name in names]

        letter = self.answered(desk, *files)

        named = [name for name, _content, _type in letter.attachments]
        assert named == ["_etc_pass__Bcc_ all_people.example.txt", "_txt.exe.pdf", f"{'long' * 24}.pdf"]
        assert letter.message()["Bcc"] is None

    def test_that_are_not_printed_are_saved_and_not_shown(self, client, desk):
        picture = Upload(name="a.png", media_type="image/png", content=b"\x89PNG")
        self.answered(desk, picture)
        document = Message.objects.get(kind="tickets.answer", text__contains="See the files.").documents.get()
        csr = sign_in(client, make_person(Role.CSR, desk.division))

        answer = csr.get(reverse("desk:document", args=[document.pk]))

        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.png"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
