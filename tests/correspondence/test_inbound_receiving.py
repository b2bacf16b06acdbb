"""What comes in is kept, once, until it is handled; nothing is lost."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from foundation.correspondence import services
from foundation.correspondence.events import MailReceived, MailSetAside, MessageBounced
from foundation.correspondence.inbound import reading
from foundation.correspondence.models import InboundMail, Message
from foundation.correspondence.services import (
    Letter,
    queue_message,
    receive_mail,
    receive_mails,
    send_message,
    sign_mail,
)
from foundation.correspondence.services.receiving import KEPT
from foundation.correspondence.states import MailKind, MailStatus, MessageStatus
from foundation.correspondence.testing import make_mailbox
from foundation.divisions.testing import make_division
from foundation.events.testing import published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.correspondence.mails import bounce, raw, with_file
from tests.orders.racing import Meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox()


def read(*rows: InboundMail):
    bundles = list(services.read_waiting([row.pk for row in rows]))
    return [each for bundle in bundles for each in services.hold_waiting(bundle)]


class TestReceiveMail:
    def test_keeps_it_and_tells_who_listens(self, mailbox):
        row = receive_mail(mailbox.pk, raw())

        assert bytes(row.raw) == raw()
        assert (row.status, row.division) == (MailStatus.WAITING, mailbox.division)
        assert published(MailReceived) == [MailReceived(mail_ids=[row.pk])]

    def test_keeps_the_same_once(self, mailbox):
        first = receive_mail(mailbox.pk, raw())

        assert receive_mail(mailbox.pk, raw()).pk == first.pk
        assert len(published(MailReceived)) == 1

    def test_knows_it_again_by_whatever_way_it_came(self, mailbox):
        first = receive_mail(mailbox.pk, raw("Received: by one"))

        assert receive_mail(mailbox.pk, raw("Received: by another", "X-Spam: 1")).pk == first.pk

    def test_keeps_another_one_under_the_same_message_id(self, mailbox):
        rows = {receive_mail(mailbox.pk, raw(body=body)).pk for body in ("One.", "Two.")}

        assert len(rows) == 2

    def test_keeps_two_alike_of_a_program_that_writes_neither_date_nor_id(self, mailbox):
        alike = {"Date": "", "Message-ID": ""}
        rows = {receive_mail(mailbox.pk, raw(f"Received: at {at}", **alike)).pk for at in (1, 2)}

        assert len(rows) == 2

    def test_keeps_many_at_once_in_a_few_statements(self, mailbox, django_assert_max_num_queries):
        with django_assert_max_num_queries(8):
            ids = receive_mails(mailbox.pk, [raw(body=f"{number}") for number in [*range(50), 7]])

        assert len(set(ids)) == 50
        assert ids[7] == ids[-1]

    @pytest.mark.django_db(transaction=True)
    def test_waits_for_another_worker_that_keeps_the_same_one(self):
        mailbox = make_mailbox()
        with transaction.atomic():
            first = receive_mail(mailbox.pk, raw())
            receiving = Meanwhile(lambda: receive_mails(mailbox.pk, [raw(body="Another."), raw()]))

        another, same = receiving.outcome()
        assert same == first.pk
        assert published(MailReceived) == [MailReceived(mail_ids=[one]) for one in (first.pk, another)]

    def test_keeps_it_for_each_division_that_it_was_sent_to(self, mailbox):
        other = make_mailbox(make_division(), code="other")

        assert receive_mail(mailbox.pk, raw()).pk != receive_mail(other.pk, raw()).pk


class TestReadWaiting:
    def test_reads_and_judges(self, mailbox):
        (received,) = read(receive_mail(mailbox.pk, raw("Auto-Submitted: auto-replied")))

        received.row.mark_handled("tests", at=now())
        services.settle_mails([received.row])

        assert received.mail.text == "Hello."
        received.row.refresh_from_db()
        assert (received.row.status, received.row.outcome) == (MailStatus.HANDLED, "tests")
        assert (received.row.kind, received.row.sign) == (MailKind.AUTO_REPLY, "Auto-Submitted")
        assert (received.row.sender, received.row.subject_line) == ("pat@people.example", "No internet")

    def test_sets_aside_what_cannot_be_read_and_reads_the_others(self, mailbox):
        broken, good = receive_mail(mailbox.pk, b"   "), receive_mail(mailbox.pk, raw())

        (received,) = read(broken, good)

        assert received.row.pk == good.pk
        broken.refresh_from_db()
        assert (broken.status, broken.reason) == (MailStatus.SET_ASIDE, "It is empty.")
        assert published(MailSetAside) == [MailSetAside(mail_id=broken.pk)]

    def test_sets_aside_what_breaks_the_reader(self, mailbox, monkeypatch):
        def break_down(*_arguments, **_named):
            raise ZeroDivisionError

        monkeypatch.setattr(services.receiving, "read_mail", break_down)
        row = receive_mail(mailbox.pk, raw())

        assert read(row) == []
        row.refresh_from_db()
        assert (row.status, row.reason) == (MailStatus.SET_ASIDE, "It cannot be read (ZeroDivisionError).")

    @pytest.mark.django_db(transaction=True)
    def test_holds_nothing_while_it_reads_and_then_leaves_what_somebody_else_has_taken(self, monkeypatch):
        mailbox, reader = make_mailbox(), services.receiving.read_mail
        row, other = (receive_mail(mailbox.pk, raw(body=body)) for body in ("Hello.", "Another."))

        def read_slowly(*asked, **named):
            assert not connection.in_atomic_block
            if InboundMail.objects.get(pk=row.pk).status == MailStatus.WAITING:
                assert Meanwhile(lambda: services.handle_mail(row.pk, "elsewhere")).outcome() is None
            return reader(*asked, **named)

        monkeypatch.setattr(services.receiving, "read_mail", read_slowly)
        (bundle,) = services.read_waiting([row.pk, other.pk])
        with transaction.atomic():
            received = services.hold_waiting(bundle)

        assert len(bundle.ids) == 2
        assert [each.row.pk for each in received] == [other.pk]

    def test_reads_what_is_heavy_together_only_up_to_a_size(self, mailbox, monkeypatch):
        ids = receive_mails(mailbox.pk, [raw(body=str(number) + "x" * 400) for number in range(5)])
        monkeypatch.setattr(services.receiving, "MOST_BYTES", InboundMail.objects.get(pk=ids[0]).size * 2)

        bundles = services.read_waiting(ids)

        assert [len(bundle.ids) for bundle in bundles] == [2, 2, 1]

    def test_writes_down_what_it_has_read_before_it_reads_for_too_long(self, mailbox, monkeypatch):
        ids = receive_mails(mailbox.pk, [raw(body=str(number)) for number in range(3)])
        monkeypatch.setattr(services.receiving, "MOST_SECONDS", 0)

        bundles = services.read_waiting(ids)

        assert [len(bundle.ids) for bundle in bundles] == [1, 1, 1]

    def test_leaves_what_is_handled(self, mailbox):
        row = receive_mail(mailbox.pk, raw())
        services.handle_mail(row.pk, "tests")

        assert read(row) == []

    def test_passes_on_files_up_to_the_size_that_the_market_sets(self, mailbox, monkeypatch):
        monkeypatch.setattr(services.receiving, "effective", lambda _division, _setting: 0)

        (received,) = read(receive_mail(mailbox.pk, with_file(b"%PDF-1.7", "bill.pdf")))

        assert received.mail.files[0].refusal == "too_large"


class TestABounce:
    def sent(self) -> Message:
        division = make_division()
        letter = Letter("Your ticket", "Words.", "<p>Words.</p>")
        message = queue_message(
            letter,
            key="tests:1",
            kind="tests",
            to="pat@people.example",
            language="en",
            division=division,
            subject=division,
        )
        send_message(message.pk)
        message.refresh_from_db()
        return message

    def test_marks_the_message_that_did_not_arrive(self, mailbox):
        message = self.sent()

        read(receive_mail(mailbox.pk, bounce(message.message_id)))

        message.refresh_from_db()
        assert (message.status, message.error) == (MessageStatus.BOUNCED, "5.1.1 550 no such user")
        assert published(MessageBounced) == [MessageBounced(message_id=message.pk, kind="tests")]

    def test_of_one_that_is_only_late_marks_nothing(self, mailbox):
        message = self.sent()

        read(receive_mail(mailbox.pk, bounce(message.message_id, action="delayed", status="4.2.0")))

        message.refresh_from_db()
        assert message.status == MessageStatus.SENT

    def test_of_a_message_whose_id_was_guessed_marks_nothing(self, mailbox):
        message = self.sent()

        read(receive_mail(mailbox.pk, bounce("<tests.1@mail.larkspur.example>")))

        message.refresh_from_db()
        assert message.status == MessageStatus.SENT


class TestSetAside:
    def test_can_be_taken_up_again_by_who_may(self, mailbox, client):
        row = receive_mail(mailbox.pk, raw())
        services.set_aside_mail(row.pk, "It fits nothing.")
        operator = make_person(Role.OPERATOR, mailbox.division)

        page = sign_in(client, operator).post(reverse("admin:correspondence_inboundmail_again", args=[row.pk]))

        assert page.status_code == 302
        row.refresh_from_db()
        assert (row.status, row.reason) == (MailStatus.WAITING, "")
        assert published(MailReceived)[-1] == MailReceived(mail_ids=[row.pk])

    def test_is_left_alone_by_who_may_not(self, mailbox):
        row = receive_mail(mailbox.pk, raw())
        services.set_aside_mail(row.pk, "It fits nothing.")

        with pytest.raises(NotAllowed):
            services.take_up_mail(row.pk, by=make_person(Role.CSR, mailbox.division))

    def test_is_downloaded_as_it_came_and_never_shown(self, mailbox, client):
        row = receive_mail(mailbox.pk, raw(body="<script>x()</script>"))
        operator = make_person(Role.OPERATOR, mailbox.division)

        answer = sign_in(client, operator).get(reverse("admin:correspondence_inboundmail_source", args=[row.pk]))

        assert answer.content == bytes(row.raw)
        assert answer["Content-Disposition"].startswith("attachment")


class TestEmptyOldMail:
    def test_lets_go_of_the_whole_of_what_was_handled_long_ago(self, mailbox):
        old, open_one = receive_mail(mailbox.pk, raw()), receive_mail(mailbox.pk, raw(body="Another."))
        services.handle_mail(old.pk, "tests")

        with time_machine.travel(now() + KEPT + timedelta(days=1)):
            services.empty_old_mail()

        old.refresh_from_db()
        open_one.refresh_from_db()
        assert (bytes(old.raw), bytes(open_one.raw)) == (b"", raw(body="Another."))


class TestTheDoorForPostedMail:
    @pytest.fixture(autouse=True)
    def secret(self, monkeypatch):
        monkeypatch.setenv("MAILBOX_SUPPORT_SECRET", "old-secret,the-secret")

    def post(self, content: bytes, *, secret: str = "the-secret", code: str = "support", age: int = 0):
        second = str(int(now().timestamp()) - age)
        return Client(enforce_csrf_checks=True).post(
            reverse("correspondence:incoming", args=[code]),
            data=content,
            content_type="message/rfc822",
            headers={"X-Mail-Second": second, "X-Mail-Signature": sign_mail(secret, second, content)},
        )

    def test_takes_what_is_signed(self, mailbox):
        assert self.post(raw()).status_code == 202
        assert bytes(InboundMail.objects.get().raw) == raw()

    def test_takes_the_same_twice_and_keeps_it_once(self, mailbox):
        assert [self.post(raw()).status_code for _time in range(2)] == [202, 202]
        assert InboundMail.objects.count() == 1

    def test_takes_more_than_a_form_may_hold(self, mailbox):
        assert self.post(raw(body="x" * 4_000_000)).status_code == 202

    def test_refuses_another_secret_an_old_signature_and_a_mailbox_that_is_none(self, mailbox):
        assert self.post(raw(), secret="guessed").status_code == 401
        assert self.post(raw(), age=301).status_code == 401
        assert self.post(raw(), code="nothing").status_code == 401
        assert not InboundMail.objects.exists()

    def test_refuses_without_a_secret_of_its_own(self, mailbox, monkeypatch):
        monkeypatch.delenv("MAILBOX_SUPPORT_SECRET")

        assert self.post(raw(), secret="").status_code == 401

    def test_refuses_nonsense_for_a_signature(self, mailbox):
        address = reverse("correspondence:incoming", args=["support"])
        headers = {"X-Mail-Second": "²", "X-Mail-Signature": "é"}

        assert Client().post(address, data=raw(), content_type="message/rfc822", headers=headers).status_code == 401

    def test_refuses_what_is_larger_than_is_read(self, mailbox, monkeypatch):
        monkeypatch.setattr("foundation.correspondence.views.LARGEST_MAIL", 100)

        assert self.post(raw(body="x" * 200)).status_code == 413
        assert reading.LARGEST_MAIL > 100

    def test_takes_nothing_for_a_mailbox_that_is_switched_off(self, mailbox):
        mailbox.is_active = False
        mailbox.save()

        assert self.post(raw()).status_code == 401
