"""What wrote a message: a person, a machine, a mail server, a list, or we ourselves."""

import pytest

from foundation.correspondence.inbound import Judgement, judge, loop_mark, read_mail
from foundation.correspondence.services import message_id_of
from foundation.correspondence.states import MailKind
from tests.correspondence.mails import bounce, part, parts, raw


def judged(*headers: str, **named: str) -> Judgement:
    return judge(read_mail(raw(*headers, **named)))


class TestAPerson:
    def test_may_be_answered(self):
        assert judged() == Judgement(MailKind.PERSON)

    def test_says_no_to_nothing_by_saying_that_nothing_was_automatic(self):
        assert judged("Auto-Submitted: no").kind == MailKind.PERSON

    @pytest.mark.parametrize(
        "header",
        [
            "X-Auto-Response-Suppress: All",
            "X-Auto-Response-Suppress: DR, OOF",
            "From: noreply@shop.example",
            "From: nobody",
        ],
    )
    def test_is_heard_and_not_answered_by_a_machine_where_that_is_not_wished(self, header):
        judgement = judged(header)

        assert judgement.kind == MailKind.PERSON
        assert not judgement.may_be_answered

    def test_who_writes_about_an_automatic_reply_is_none(self):
        assert judged("Subject: Your automatic reply confused me").kind == MailKind.PERSON


class TestAMachine:
    @pytest.mark.parametrize(
        "header",
        [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated; owner=x",
            "X-Autoreply: yes",
            "X-Autorespond: Ticket received",
            "Precedence: auto_reply",
            "Return-Path: <>",
            "Subject: Automatic reply: Your ticket",
            "Subject: Out of Office: Your ticket",
            "Subject: Re: Abwesenheitsnotiz: Ihr Ticket",
            "Subject: Respuesta automática: su aviso",
            "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_votre_ticket?=",
            "Subject: [Auto-Reply] we got it",
        ],
    )
    def test_is_known_and_never_answered(self, header):
        judgement = judged(header)

        assert judgement.kind == MailKind.AUTO_REPLY
        assert not judgement.may_be_answered

    def test_that_says_a_message_was_read(self):
        receipt = parts(
            "report", part("text/plain", "Read."), part("message/disposition-notification", "Disposition: x")
        )

        assert judge(read_mail(receipt)).kind == MailKind.AUTO_REPLY


class TestAMailServer:
    @pytest.mark.parametrize("original", ["rfc822", "headers"])
    def test_says_which_message_did_not_arrive(self, original):
        mail = read_mail(bounce("<ours@larkspur.example>", original=original))

        assert judge(mail).kind == MailKind.BOUNCE
        assert (mail.report.message_id, mail.report.recipient) == ("<ours@larkspur.example>", "pat@people.example")
        assert (mail.report.status, mail.report.diagnosis) == ("5.1.1", "550 no such user")
        assert mail.report.has_failed

    @pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
    def test_that_tells_of_anything_but_failure_is_a_machine(self, action):
        mail = read_mail(bounce(action=action, status="4.2.0"))

        assert judge(mail).kind == MailKind.AUTO_REPLY
        assert not mail.report.has_failed

    def test_of_no_standard(self):
        judgement = judged("From: MAILER-DAEMON@mx.example", "Subject: Undelivered Mail Returned to Sender")

        assert judgement.kind == MailKind.BOUNCE

    def test_that_names_who_failed(self):
        assert judged("X-Failed-Recipients: pat@people.example").kind == MailKind.BOUNCE

    def test_is_not_a_person_who_writes_of_a_delivery(self):
        assert judged("Subject: Delivery has failed, the modem never came").kind == MailKind.PERSON


class TestAList:
    @pytest.mark.parametrize(
        "header", ["Precedence: bulk", "Precedence: list", "List-Id: <x.example>", "List-Unsubscribe: <x>"]
    )
    def test_is_not_answered(self, header):
        judgement = judged(header)

        assert (judgement.kind, judgement.may_be_answered) == (MailKind.BULK, False)


class TestOurselves:
    def test_by_the_mark_that_we_sign(self):
        assert judged(f"X-Sent-By: {loop_mark('<a@b>')}").kind == MailKind.LOOP

    def test_not_by_a_mark_that_anybody_may_write(self):
        assert judged("X-Sent-By: larkspur", "X-Sent-By: a@b:forged").kind == MailKind.PERSON

    def test_by_our_own_message_id(self):
        assert judged(f"Message-ID: {message_id_of('tests:1')}").kind == MailKind.LOOP

    def test_before_anything_else(self):
        assert judged(f"X-Sent-By: {loop_mark('<a@b>')}", "Auto-Submitted: auto-generated").kind == MailKind.LOOP
