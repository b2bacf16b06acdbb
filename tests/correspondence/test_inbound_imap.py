"""Mail is fetched from a real IMAP server."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse

from foundation.correspondence import services, tasks
from foundation.correspondence.events import MailReceived
from foundation.correspondence.inbound.imap import ImapError, ImapFolder
from foundation.correspondence.models import Fetching, InboundMail, Mailbox
from foundation.correspondence.services import fetching
from foundation.correspondence.states import MailStatus, Security
from foundation.correspondence.testing import make_mailbox
from foundation.events.testing import published
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from tests.correspondence.mails import raw
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server):
    with server.session() as client:
        for folder in ("INBOX", "Taken"):
            answer, (count,) = client.select(folder)
            if answer == "OK" and count != b"0":
                client.store("1:*", "+FLAGS", r"(\Deleted)")
                client.expunge()


@pytest.fixture
def mailbox(server, monkeypatch) -> Mailbox:
    monkeypatch.setenv("MAILBOX_SUPPORT_HOST", f"127.0.0.1:{server.port}")
    monkeypatch.setenv("MAILBOX_SUPPORT_PASSWORD", PASSWORD)
    return make_mailbox(host="127.0.0.1", port=server.port, security=Security.PLAIN, username=USER)


def mails(*subjects: str) -> list[bytes]:
    return [raw(f"Subject: {subject}", **{"Message-ID": f"<{subject}@people.example>"}) for subject in subjects]


def kept() -> list[bytes]:
    return [bytes(row.raw) for row in InboundMail.objects.order_by("pk")]


def problem(mailbox: Mailbox) -> str:
    return Fetching.objects.get(mailbox=mailbox).error


class TestFetchMailbox:
    def test_keeps_what_lies_there_and_moves_it_away(self, server, mailbox):
        server.deliver(*mails("one", "two"))

        assert services.fetch_mailbox(mailbox.pk) == 2

        assert kept() == mails("one", "two")
        assert (server.subjects(), server.subjects("Taken")) == ([], ["one", "two"])

    def test_is_what_the_sweep_does(self, server, mailbox):
        server.deliver(*mails("one"))

        tasks.fetch_mail()

        assert kept() == mails("one")

    def test_fetches_only_what_is_new_where_nothing_is_moved(self, server, mailbox):
        Mailbox.objects.update(done_folder="")
        server.deliver(*mails("one"))
        services.fetch_mailbox(mailbox.pk)
        server.deliver(*mails("two"))

        assert services.fetch_mailbox(mailbox.pk) == 1
        assert services.fetch_mailbox(mailbox.pk) == 0
        assert kept() == mails("one", "two")

    def test_keeps_nothing_twice_when_the_server_counts_anew(self, server, mailbox):
        Mailbox.objects.update(done_folder="")
        server.deliver(*mails("one", "two"))
        services.fetch_mailbox(mailbox.pk)
        before = Fetching.objects.get().validity
        server.count_anew()
        server.deliver(*mails("three"))

        with time_machine.travel(now() + timedelta(minutes=1), tick=True):
            services.fetch_mailbox(mailbox.pk)

        assert Fetching.objects.get().validity != before
        assert sorted(kept()) == sorted(mails("one", "two", "three"))

    def test_goes_on_after_a_message_that_cannot_be_kept_and_tries_that_one_again(self, server, mailbox, monkeypatch):
        server.deliver(*mails("one", "two", "three"))
        receive = services.receive_mails

        def refuse_two(mailbox_id, raws):
            if any(b"Subject: two" in one for one in raws):
                raise ValueError("This one breaks everything.")
            return receive(mailbox_id, raws)

        monkeypatch.setattr(fetching, "receive_mails", refuse_two)
        monkeypatch.setattr(fetching, "receive_mail", lambda mailbox_id, content: refuse_two(mailbox_id, [content])[0])
        services.fetch_mailbox(mailbox.pk)

        assert kept() == mails("one", "three")
        assert server.subjects() == ["two"]

        monkeypatch.undo()
        monkeypatch.setenv("MAILBOX_SUPPORT_HOST", f"127.0.0.1:{server.port}")
        monkeypatch.setenv("MAILBOX_SUPPORT_PASSWORD", PASSWORD)
        services.fetch_mailbox(mailbox.pk)
        assert kept() == mails("one", "three", "two")
        assert server.subjects() == []

    def test_moves_later_what_it_kept_and_could_not_move(self, server, mailbox, monkeypatch):
        server.deliver(*mails("one"))

        def refuse(*_arguments):
            raise ImapError("no")

        with monkeypatch.context() as broken:
            broken.setattr(ImapFolder, "move", refuse)
            services.fetch_mailbox(mailbox.pk)
        assert server.subjects() == ["one"]

        assert services.fetch_mailbox(mailbox.pk) == 0
        assert server.subjects("Taken") == ["one"]

    def test_keeps_of_a_huge_message_that_it_is_there(self, server, mailbox, monkeypatch):
        monkeypatch.setattr(fetching, "LARGEST_MAIL", 1000)
        server.deliver(raw("Subject: huge", body="x" * 2000), *mails("one"))

        services.fetch_mailbox(mailbox.pk)

        huge = InboundMail.objects.get(status=MailStatus.SET_ASIDE)
        assert "bytes" in huge.reason
        assert b"Subject: huge" in bytes(huge.raw)
        assert InboundMail.objects.count() == 2
        assert server.subjects("Taken") == ["huge", "one"]

    def test_keeps_together_only_so_many_bytes(self, server, mailbox, monkeypatch):
        contents = mails("one", "two", "three", "four", "five")
        monkeypatch.setattr(fetching, "MOST_BYTES", len(contents[2]) * 2)
        server.deliver(*contents)

        assert services.fetch_mailbox(mailbox.pk) == 5
        assert [len(fact.mail_ids) for fact in published(MailReceived)] == [2, 2, 1]

    def test_takes_whatever_bytes_there_are(self, server, mailbox):
        server.deliver(b"\xff\xfe\r\n\r\n\xff", b"Subject: \xe9\r\n\r\n" + bytes(range(1, 256)))

        assert services.fetch_mailbox(mailbox.pk) == 2

    def test_says_what_is_wrong_and_keeps_the_mail_there(self, server, mailbox, monkeypatch):
        server.deliver(*mails("one"))
        monkeypatch.setenv("MAILBOX_SUPPORT_PASSWORD", "another")

        assert services.fetch_mailbox(mailbox.pk) == 0

        assert "AUTHENTICATIONFAILED" in problem(mailbox)
        assert server.subjects() == ["one"]

    def test_says_that_nobody_is_there(self, mailbox, monkeypatch):
        Mailbox.objects.update(port=1)
        monkeypatch.setenv("MAILBOX_SUPPORT_HOST", "127.0.0.1:1")

        services.fetch_mailbox(mailbox.pk)

        assert "refused" in problem(mailbox)

    def test_gives_the_password_to_no_other_server(self, mailbox, monkeypatch):
        monkeypatch.setenv("MAILBOX_SUPPORT_HOST", "imap.elsewhere.example:993")

        services.fetch_mailbox(mailbox.pk)

        assert problem(mailbox) == "MAILBOX_SUPPORT_HOST names another server."
        with pytest.raises(ValidationError, match="not set up"):
            mailbox.full_clean()

    def test_leaves_a_mailbox_that_another_worker_has(self, server, mailbox):
        server.deliver(*mails("one"))
        Fetching.objects.create(mailbox=mailbox, busy_until=now() + timedelta(minutes=1))

        assert services.fetch_mailbox(mailbox.pk) == 0

        Fetching.objects.update(busy_until=now() - timedelta(seconds=1))
        assert services.fetch_mailbox(mailbox.pk) == 1

    def test_leaves_a_mailbox_that_is_switched_off(self, server, mailbox):
        server.deliver(*mails("one"))
        Mailbox.objects.update(is_active=False)

        assert services.fetch_mailbox(mailbox.pk) == 0

    @pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
    def test_speaks_tls_and_only_to_who_proves_its_name(self, server, mailbox, security, monkeypatch):
        port = server.tls_port if security == Security.TLS else server.port
        Mailbox.objects.update(security=security, port=port)
        monkeypatch.setenv("MAILBOX_SUPPORT_HOST", f"127.0.0.1:{port}")
        server.deliver(*mails("one"))

        assert services.fetch_mailbox(mailbox.pk) == 0
        assert "certificate" in problem(mailbox).lower()

        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        assert services.fetch_mailbox(mailbox.pk) == 1

    def test_moves_also_where_the_server_knows_no_such_command(self, monkeypatch):
        with dovecot(can_move=False) as simple:
            monkeypatch.setenv("MAILBOX_PLAIN_HOST", f"127.0.0.1:{simple.port}")
            monkeypatch.setenv("MAILBOX_PLAIN_PASSWORD", PASSWORD)
            mailbox = make_mailbox(
                code="plain", host="127.0.0.1", port=simple.port, security=Security.PLAIN, username=USER
            )
            simple.deliver(*mails("one"))

            assert services.fetch_mailbox(mailbox.pk) == 1
            assert (simple.subjects(), simple.subjects("Taken")) == ([], ["one"])


class TestTheAdmin:
    def test_says_whether_a_mailbox_lets_us_in(self, mailbox, client, monkeypatch):
        sign_in(client, make_person(Role.OPERATOR, mailbox.division))
        address = reverse("admin:correspondence_mailbox_check", args=[mailbox.pk])

        assert "can be read" in client.post(address, follow=True).content.decode()

        monkeypatch.setenv("MAILBOX_SUPPORT_PASSWORD", "another")
        assert "does not answer" in client.post(address, follow=True).content.decode()
