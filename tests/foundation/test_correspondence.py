"""Messages and documents, as they were sent."""

import pytest
from django.core import mail

from foundation.correspondence import services
from foundation.correspondence.models import Message, Suppression
from foundation.correspondence.services import Letter, keep_document, queue_message, render_pdf, send_message
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.divisions.testing import make_division, make_site
from foundation.events.testing import drain
from foundation.lifecycle import NotAllowed

pytestmark = pytest.mark.django_db

LETTER = Letter("Your order", "Thank you.", "<p>Thank you.</p>")


def queue(letter: Letter = LETTER, key: str = "tests.letter:1", **changes) -> Message:
    division = changes.pop("division", None) or make_division()
    return queue_message(
        letter,
        **{"key": key, "kind": "tests.letter", "to": "pat@people.example", "language": "en", **changes},
        division=division,
        subject=division,
    )


class TestMessage:
    def test_is_sent_once_however_often_it_is_queued(self):
        first, second = queue(), queue()

        drain()

        assert first == second
        assert [(sent.subject, sent.to) for sent in mail.outbox] == [("Your order", ["pat@people.example"])]
        first.refresh_from_db()
        assert first.status == MessageStatus.SENT
        with pytest.raises(NotAllowed):
            send_message(first.pk)

    def test_goes_out_under_the_brand(self):
        site = make_site()
        site.brand.name, site.brand.email = "Fern", "hi@fern.example"
        site.brand.save()

        queue(division=site.division)
        drain()

        assert mail.outbox[0].from_email == "Fern <hi@fern.example>"

    def test_waits_while_the_mail_server_is_away(self, monkeypatch):
        def away(_message):
            raise ConnectionRefusedError("nobody there")

        message = queue()
        with monkeypatch.context() as patch:
            patch.setattr(services, "_hand_over", away)
            with pytest.raises(ConnectionRefusedError):
                send_message(message.pk)
        message.refresh_from_db()
        assert (message.status, message.error) == (MessageStatus.FAILED, "nobody there")

        send_message(message.pk)

        message.refresh_from_db()
        assert (message.status, message.error, len(mail.outbox)) == (MessageStatus.SENT, "", 1)

    def test_is_sent_again_under_the_same_id_after_a_kill_in_the_middle(self):
        message = queue()
        services._start_sending(message.pk)

        send_message(message.pk)

        assert mail.outbox[0].extra_headers["Message-ID"].startswith("<tests.letter:1@")

    def test_of_advertising_is_not_sent_to_who_wants_none(self):
        Suppression.objects.create(email="pat@people.example", reason="asked")

        advertising = queue(purpose=Purpose.MARKETING)
        service = queue(key="tests.letter:2")
        drain()

        advertising.refresh_from_db()
        service.refresh_from_db()
        assert (advertising.status, service.status) == (MessageStatus.SUPPRESSED, MessageStatus.SENT)
        assert len(mail.outbox) == 1


class TestDocument:
    def test_is_rendered_once_and_kept(self):
        division = make_division()

        first = keep_document(
            "<p>One</p>", kind="k", filename="a.pdf", language="en", division=division, subject=division
        )
        second = keep_document(
            "<p>Two</p>", kind="k", filename="a.pdf", language="en", division=division, subject=division
        )

        assert first == second
        assert bytes(first.content).startswith(b"%PDF")

    def test_reads_nothing_from_the_machine_or_the_network(self, tmp_path):
        secret = tmp_path / "secret.txt"
        secret.write_text("the secret")

        pdf = render_pdf(f'<link rel="attachment" href="file://{secret}"><img src="http://127.0.0.1:9/x.png"><p>Hi</p>')

        assert b"EmbeddedFile" not in pdf
