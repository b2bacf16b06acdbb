"""Messages and documents, as they were sent."""

import smtplib
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest
from django.core import mail
from django.core.mail import BadHeaderError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.correspondence.events import (
    AddressSuppressed,
    MessageBounced,
    MessageSent,
    MessagesQueued,
    MessagesSent,
    MessageSuppressed,
)
from foundation.correspondence.mailboxes import normalised_email
from foundation.correspondence.models import Message, Suppression
from foundation.correspondence.queries import messages_visible_to
from foundation.correspondence.services import (
    Letter,
    Outgoing,
    keep_document,
    link_to_unsubscribe,
    queue_message,
    queue_messages,
    render_pdf,
    send_message,
    send_messages,
    sending,
    suppress_address,
    suppressed_among,
    unsubscribe_token,
    withhold_message,
)
from foundation.correspondence.services.wire import PlainLetter
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.divisions.testing import make_division, make_site
from foundation.events import facts
from foundation.events.models import Delivery
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.mail_sink import mail_sink

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


@pytest.mark.parametrize("app", ["tickets", "leads", "referrals", "commissions"])
def test_what_a_letter_is_about_decides_who_sees_it(app):
    letter = queue()
    agent, csr = (make_person(role, letter.division) for role in (Role.FIELD_AGENT, Role.CSR))
    before = [letter in messages_visible_to(person) for person in (agent, csr)]
    Message.objects.update(subject_type=f"{app}.something")

    assert before == [True, True]
    assert [letter in messages_visible_to(person) for person in (agent, csr)] == [False, True]


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
            patch.setattr(sending, "_hand_over", away)
            with pytest.raises(ConnectionRefusedError):
                send_message(message.pk)
        message.refresh_from_db()
        assert (message.status, message.error) == (MessageStatus.FAILED, "nobody there")

        send_message(message.pk)

        message.refresh_from_db()
        assert (message.status, message.error, len(mail.outbox)) == (MessageStatus.SENT, "", 1)

    def test_is_sent_again_under_the_same_id_after_a_kill_in_the_middle(self):
        message = queue()
        sending._start_sending(message.pk)

        send_message(message.pk)

        assert mail.outbox[0].extra_headers["Message-ID"].startswith("<tests.letter.1.")

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


@pytest.fixture
def sink(settings):
    with mail_sink(settings) as running:
        yield running


@pytest.fixture
def nobody_listens(monkeypatch):
    monkeypatch.setattr(facts, "HANDLERS", {})


class TestNormalisedEmail:
    @pytest.mark.parametrize(
        ("typed", "mailbox"),
        [
            ("Pat@People.Example", "pat@people.example"),
            (" pat@people.example ", "pat@people.example"),
            ("pat+friends@people.example", "pat@people.example"),
            ("pat+a+b@people.example", "pat@people.example"),
            ("p.at@people.example", "p.at@people.example"),
            ("P.a.t+x@Gmail.com", "pat@gmail.com"),
            ("pat@googlemail.com", "pat@gmail.com"),
            ("+tag@people.example", "+tag@people.example"),
            ("no address", "no address"),
        ],
    )
    def test_keeps_what_makes_a_difference_to_the_mailbox(self, typed, mailbox):
        assert normalised_email(typed) == mailbox
        assert normalised_email(mailbox) == mailbox


class TestBounce:
    @pytest.mark.parametrize("to", ["rcpt-550@people.example", "data-554@people.example"])
    def test_is_what_a_permanent_refusal_makes_of_a_message(self, sink, to):
        message = queue(to=to)

        drain()

        message.refresh_from_db()
        assert message.status == MessageStatus.BOUNCED
        assert message.error
        assert published(MessageBounced) == [MessageBounced(message_id=message.pk, kind="tests.letter")]
        assert sink.taken == []
        with pytest.raises(NotAllowed):
            send_message(message.pk)

    @pytest.mark.parametrize("to", ["rcpt-451@people.example", "data-452@people.example"])
    def test_is_not_what_a_passing_refusal_makes_of_it(self, sink, to):
        message = queue(to=to)

        with pytest.raises(smtplib.SMTPException):
            send_message(message.pk)

        message.refresh_from_db()
        assert message.status == MessageStatus.FAILED
        assert published(MessageBounced) == []
        assert sink.taken == []


def unfolded(header):
    return "".join(header.splitlines()).strip()


class TestOneClickHeaders:
    def test_name_the_way_out_of_advertising(self, sink, settings):
        advertising = queue(purpose=Purpose.MARKETING)
        queue(key="tests.letter:2")

        drain()

        first, second = sink.taken
        assert unfolded(first["List-Unsubscribe"]) == f"<{link_to_unsubscribe(advertising.key)}>"
        assert unfolded(first["List-Unsubscribe"]).startswith(f"<{settings.SITE_URL}/mail/unsubscribe/")
        assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert second["List-Unsubscribe"] is None

    def test_are_one_address_however_long_its_secret(self, sink):
        long = queue(key=f"tests.{'x' * 100}:1", purpose=Purpose.MARKETING)

        drain()

        assert unfolded(sink.taken[0]["List-Unsubscribe"]) == f"<{link_to_unsubscribe(long.key)}>"


class TestUnsubscribe:
    def address(self, message):
        return f"/mail/unsubscribe/{unsubscribe_token(message.key)}/"

    @pytest.mark.parametrize("method", ["get", "head", "options"])
    def test_never_happens_by_looking(self, method):
        message = queue(purpose=Purpose.MARKETING)

        answer = getattr(Client(), method)(self.address(message))

        assert answer.status_code in {200, 405}
        assert not Suppression.objects.exists()

    def test_shows_a_button_that_posts(self):
        message = queue(purpose=Purpose.MARKETING)

        page = Client().get(self.address(message)).content.decode()

        assert f'<form method="post" action="{self.address(message)}"' in page
        assert message.to not in page

    def test_takes_one_post_of_a_mail_program_without_cookie_or_token(self):
        message = queue(purpose=Purpose.MARKETING)
        stranger = Client(enforce_csrf_checks=True)

        for _twice in range(2):
            answer = stranger.post(
                self.address(message), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
            )
            assert answer.status_code == 200

        assert Suppression.objects.get().email == message.to
        assert published(AddressSuppressed) == [AddressSuppressed(message_id=message.pk, kind="tests.letter")]

    @pytest.mark.parametrize("token", ["unknown", "ImEi:forged", "x" * 300])
    def test_is_of_no_use_with_a_forged_secret(self, token):
        assert Client().post(f"/mail/unsubscribe/{token}/").status_code == 404
        assert not Suppression.objects.exists()

    def test_holds_in_every_market_and_for_every_spelling(self):
        message = queue(purpose=Purpose.MARKETING, to="pat+shop@gmail.com")
        Client().post(self.address(message))

        other = queue(key="tests.letter:2", purpose=Purpose.MARKETING, division=make_division(), to="p.a.t@gmail.com")
        drain()

        other.refresh_from_db()
        assert other.status == MessageStatus.SUPPRESSED

    def test_speaks_the_language_of_the_message(self):
        message = queue(purpose=Purpose.MARKETING, language="es")

        assert 'lang="es"' in Client().get(self.address(message)).content.decode()


class TestSuppression:
    def test_is_kept_once(self):
        suppress_address("Pat@People.Example", "asked")
        suppress_address("pat@people.example", "asked again")

        assert Suppression.objects.get().reason == "asked"

    def test_is_looked_up_for_many_in_one_statement(self, django_assert_num_queries):
        suppress_address("pat@people.example", "asked")

        with django_assert_num_queries(1):
            found = suppressed_among(["pat+x@people.example", "sam@people.example"])

        assert found == {"pat+x@people.example"}


def many(count, *, division=None, kind="tests.many", to="pat-{}@people.example", purpose=Purpose.MARKETING):
    division = division or make_division()
    outgoing = [
        Outgoing(
            letter=LETTER,
            key=f"tests.many:{number}",
            to=to.format(number),
            language="en",
            division=division,
            subject=division,
        )
        for number in range(count)
    ]
    return queue_messages(outgoing, kind=kind, purpose=purpose)


def statuses():
    return [message.status for message in Message.objects.order_by("pk")]


@pytest.mark.usefixtures("nobody_listens")
class TestManyMessages:
    def test_are_queued_in_the_same_statements_however_many(self):
        division, counts = make_division(), []
        for count in (1, 40):
            with CaptureQueriesContext(connection) as queries:
                messages = many(count, division=division)
            counts.append(len(queries))

        assert counts[1] <= counts[0]
        assert len(messages) == 39  # one of them was known
        assert published(MessagesQueued)[1:] == [
            MessagesQueued(message_ids=[message.pk for message in messages], kind="tests.many")
        ]

    def test_tell_each_division_of_its_own(self):
        one, other = make_division(), make_division()
        outgoing = [
            Outgoing(letter=LETTER, key=f"k:{n}", to="a@b.example", language="en", division=place, subject=place)
            for n, place in enumerate([one, other, one])
        ]
        queue_messages(outgoing, kind="k", purpose=Purpose.MARKETING)

        assert sorted(len(fact.message_ids) for fact in published(MessagesQueued)) == [1, 2]

    def test_go_out_over_one_connection(self, sink):
        messages = many(7)

        send_messages([message.pk for message in messages])

        assert (len(sink.taken), sink.connections) == (7, 1)
        assert statuses() == [MessageStatus.SENT] * 7
        assert sink.taken[0]["Message-ID"] == messages[0].message_id
        assert [fact.message_ids for fact in published(MessagesSent)] == [[message.pk for message in messages]]

    def test_leave_out_who_wants_none(self, sink):
        messages = many(3)
        suppress_address(messages[1].to, "asked")

        send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.SENT, MessageStatus.SUPPRESSED, MessageStatus.SENT]
        assert len(sink.taken) == 2
        assert published(MessageSuppressed) == [MessageSuppressed(message_id=messages[1].pk, kind="tests.many")]

    def test_go_on_after_one_that_bounces(self, sink):
        division = make_division()
        outgoing = [
            Outgoing(letter=LETTER, key=f"k:{n}", to=to, language="en", division=division, subject=division)
            for n, to in enumerate(["a@b.example", "rcpt-550@b.example", "data-554@b.example", "c@b.example"])
        ]
        messages = queue_messages(outgoing, kind="k", purpose=Purpose.MARKETING)

        send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.SENT, *[MessageStatus.BOUNCED] * 2, MessageStatus.SENT]
        assert len(sink.taken) == 2
        assert sorted(fact.message_id for fact in published(MessageBounced)) == [messages[1].pk, messages[2].pk]

    def test_are_tried_again_where_one_was_refused_for_now(self, sink):
        division = make_division()
        outgoing = [
            Outgoing(letter=LETTER, key=f"k:{n}", to=to, language="en", division=division, subject=division)
            for n, to in enumerate(["rcpt-451@b.example", "c@b.example"])
        ]
        messages = queue_messages(outgoing, kind="k", purpose=Purpose.MARKETING)

        for _twice in range(2):
            with pytest.raises(smtplib.SMTPException):
                send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.FAILED, MessageStatus.SENT]
        assert len(sink.taken) == 1

    def test_wait_while_the_mail_server_is_away(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        messages = many(3)

        with pytest.raises(OSError, match="refused"):
            send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.FAILED] * 3

    def test_are_sent_again_under_the_same_id_after_a_kill_in_the_middle(self, sink):
        messages = many(2)
        sending._start_sending_all([message.pk for message in messages])

        send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.SENT] * 2
        assert len(sink.taken) == 2

    def test_that_are_not_wanted_any_more_stay_here(self, sink):
        messages = many(2)

        withhold_message(messages[0].key)
        send_messages([message.pk for message in messages])

        assert statuses() == [MessageStatus.WITHHELD, MessageStatus.SENT]
        assert len(sink.taken) == 1
        for key in (messages[0].key, messages[1].key, "unknown"):
            with pytest.raises(NotAllowed):
                withhold_message(key)


class TestMessagesQueued:
    def test_leads_to_all_of_them_being_sent(self):
        many(3)

        drain()

        assert statuses() == [MessageStatus.SENT] * 3
        assert len(mail.outbox) == 3
        assert not published(MessageSent)
        assert not Delivery.objects.outstanding().exists()


NAMES = [
    ("plain", "Your order"),
    ("folded", "A line that is long " * 8),
    ("accented", "Su instalación está lista — ¡gracias!"),
]
TEXTS = [
    ("plain", "Thank you.\n\n.\n.A line that begins with a full stop\nFrom here\n"),
    ("accented", "¡Gracias!\r\nHasta mañana.\rAdiós"),
    ("blank", "\n"),
    ("too long for a line", "word " * 300),
]


def as_read(mail_bytes):
    """Return what a mail program reads from a letter: its headers, and each part's headers and text."""
    read = message_from_bytes(mail_bytes, policy=policy.default)
    headers = {name: str(value).strip() for name, value in read.items() if name not in {"Content-Type", "Date"}}
    parts = [
        (part.get_content_type(), part["Content-Transfer-Encoding"], part.get_content()) for part in read.iter_parts()
    ]
    return headers, read.get_content_type(), parts


class TestPlainLetter:
    @pytest.mark.parametrize("subject", [subject for _name, subject in NAMES], ids=[name for name, _subject in NAMES])
    @pytest.mark.parametrize("text", [text for _name, text in TEXTS], ids=[name for name, _text in TEXTS])
    def test_reads_as_the_one_that_django_writes(self, subject, text):
        read = []
        for kind in (PlainLetter, mail.EmailMultiAlternatives):
            letter = kind(subject, text, "Fünf Märkte <hi@fern.example>", ["Pat <pat@people.example>"])
            letter.extra_headers = {
                "Message-ID": "<k.1@fern.example>",
                "List-Unsubscribe": f"<https://x.example/{'s' * 90}>",
            }
            letter.attach_alternative(f"<p>{text}</p>", "text/html")
            read.append(as_read(letter.message().as_bytes(linesep="\r\n")))

        assert read[0] == read[1]

    def test_has_a_boundary_of_its_own_and_a_date(self):
        letter = PlainLetter("Your order", "Thank you.", "hi@fern.example", ["pat@people.example"])
        letter.attach_alternative("<p>Thank you.</p>", "text/html")
        first, second = (message_from_bytes(letter.message().as_bytes()) for _twice in range(2))

        assert first.get_boundary() != second.get_boundary()
        assert parsedate_to_datetime(first["Date"]).year

    @pytest.mark.parametrize(
        "changes", [{"subject": "Hi\nBcc: all@people.example"}, {"headers": {"X": "a\r\nBcc: b@c.example"}}]
    )
    def test_takes_no_header_within_a_header(self, changes):
        letter = PlainLetter(**{"subject": "Hi", "body": "Hi", "to": ["pat@people.example"], **changes})
        letter.attach_alternative("<p>Hi</p>", "text/html")

        with pytest.raises(BadHeaderError):
            letter.message()

    def test_keeps_what_is_attached(self):
        letter = PlainLetter("Your order", "Thank you.", "hi@fern.example", ["pat@people.example"])
        letter.attach_alternative("<p>Thank you.</p>", "text/html")
        letter.attach("order.pdf", b"%PDF", "application/pdf")

        names = [part.get_filename() for part in message_from_bytes(letter.message().as_bytes()).walk()]

        assert "order.pdf" in names
