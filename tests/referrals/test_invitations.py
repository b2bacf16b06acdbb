"""Friends invited by e-mail, each row for itself; limits, privacy, and the ways out."""

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.core import mail

from accounts.models import Account
from accounts.services import set_standing
from accounts.states import Standing
from accounts.testing import make_details
from foundation.correspondence.events import MessagesQueued
from foundation.correspondence.models import Message, Suppression
from foundation.correspondence.services import suppress_address, unsubscribe_token
from foundation.correspondence.states import MessageStatus, Purpose
from foundation.divisions.fields import Texts
from foundation.divisions.testing import make_division
from foundation.events import facts
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.testing import make_market
from referrals import services
from referrals.events import FriendsInvited, InvitationEnded
from referrals.models import Invitation, InvitationBlock, Referral
from referrals.services import FriendRow
from referrals.services.letters import INVITATION
from referrals.states import InvitationStatus
from referrals.testing import make_friend_row, make_invitation, make_programme, make_referral, make_referrer
from territory.models import Qualification
from territory.states import AvailabilityStatus
from territory.testing import make_available, make_premises, make_qualification
from tests.mail_sink import mail_sink
from tests.orders.racing import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_referrals_listen")]


@pytest.fixture
def market(only_referrals_listen):
    del only_referrals_listen  # before anything happens
    return make_market()


@pytest.fixture
def referrer(market):
    return make_referrer(market)


@pytest.fixture
def row(market):
    return lambda **typed: make_friend_row(market.division, **typed)


def invite(referrer, *rows, form_key="form", language="en", by=None):
    return services.invite_friends(referrer.pk, rows, form_key=form_key, language=language, by=by)


def codes(outcomes):
    return [(one.row, one.code) for one in outcomes]


def statuses():
    return [one.status for one in Invitation.objects.order_by("pk")]


class TestInviteFriends:
    def test_keeps_the_good_rows_though_others_are_bad(self, referrer, row):
        unserved = make_premises(referrer.division)
        make_available(unserved, status=AvailabilityStatus.UNSERVICEABLE)
        outcomes = invite(
            referrer,
            row(email="good@friends.example"),
            row(email="not an address"),
            row(premises_id=unserved.pk),
            FriendRow(name="", email=""),
            row(email="also-good@friends.example"),
        )

        assert codes(outcomes) == [(0, "sent"), (1, "invalid_email"), (2, "unserviceable"), (4, "sent")]
        assert [one.email for one in Invitation.objects.order_by("pk")] == [
            "good@friends.example",
            "also-good@friends.example",
        ]
        assert all(one.message for one in outcomes)

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ({"name": " "}, "invalid_name"),
            ({"email": ""}, "invalid_email"),
            ({"email": "a@b"}, "invalid_email"),
            ({"email": "a@b.example\nBcc: c@d.example"}, "invalid_email"),
            ({"note": "x" * 141}, "note_too_long"),
            ({"note": "x" * 140}, "sent"),
            ({"premises_id": 0}, "address_unknown"),
            ({"premises_id": None, "address": ""}, "address_unknown"),
            ({"premises_id": None, "address": "1 Nowhere Boulevard, Atlantis"}, "address_unknown"),
        ],
    )
    def test_says_of_each_row_what_is_wrong(self, referrer, row, typed, code):
        assert codes(invite(referrer, row(**typed))) == [(0, code)]

    @pytest.mark.parametrize("typed", ["robin@gmail.com", "R.o.b.i.n+x@googlemail.com"])
    def test_refuses_oneself_under_any_spelling(self, market, row, typed):
        referrer = make_referrer(market, details=make_details(email="rob.in@gmail.com"))

        assert codes(invite(referrer, row(email=typed))) == [(0, "self")]

    def test_checks_the_address_before_anything_is_promised(self, referrer, row):
        friend = row()
        before = Qualification.objects.count()

        invite(referrer, friend)

        invitation = Invitation.objects.get()
        assert Qualification.objects.count() == before + 1
        assert invitation.qualification.premises_id == friend.premises_id
        assert invitation.division == invitation.qualification.division

    def test_finds_an_address_that_can_mean_no_other(self, referrer, row):
        found = row()

        outcomes = invite(referrer, row(premises_id=None, address=found.address))

        assert codes(outcomes) == [(0, "sent")]

    def test_takes_the_only_address_that_is_like_it_and_says_so(self, referrer, row):
        home = make_premises(referrer.division, "77 Birch Road")
        make_qualification(referrer.division, premises=home)

        outcome = invite(referrer, row(premises_id=None, address="77 Birch Road"))[0]

        assert outcome.is_sent
        assert home.label in outcome.message

    def test_lets_an_unclear_address_be_chosen(self, referrer, row):
        for unit in ("Apt 1", "Apt 2"):
            home = make_premises(referrer.division, "77 Birch Road", unit=unit)
            make_qualification(referrer.division, premises=home)

        outcome = invite(referrer, row(premises_id=None, address="77 Birch Road, Rutland"))[0]

        assert outcome.code == "address_choose"
        assert outcome.candidates
        assert not Invitation.objects.exists()

    def test_promises_nothing_where_there_is_service_already(self, referrer, row):
        assert codes(invite(referrer, row(premises_id=referrer.account.premises_id))) == [(0, "unserviceable")]

    def test_knows_no_address_of_another_market(self, referrer, row):
        elsewhere = make_qualification(make_market().division).premises

        assert codes(invite(referrer, row(premises_id=elsewhere.pk))) == [(0, "address_unknown")]

    @pytest.mark.parametrize(
        "name",
        [
            "Call 800 555 0199",
            "evil.example",
            "https://evil.example/pay",
            "me@evil.example",
            "your refund: open",
            "www.x",
        ],
    )
    def test_takes_nothing_for_a_name_that_is_none(self, referrer, row, name):
        assert codes(invite(referrer, row(name=name))) == [(0, "invalid_name")]

    @pytest.mark.parametrize(
        "name", ["Ann-Marie O’Neil", "J.R. Smith", "María José (Pepa)", "李雷", "नमिता", "Ann & Bo"]
    )
    def test_takes_the_names_that_people_have(self, referrer, row, name):
        assert codes(invite(referrer, row(name=name))) == [(0, "sent")]

    @pytest.mark.parametrize(
        "note", ["Sign in at https://evil.example", "see evil．example", "www.evil", "ask me@evil"]
    )
    def test_sends_no_address_in_a_note(self, referrer, row, note):
        assert codes(invite(referrer, row(note=note))) == [(0, "link_in_note")]

    def test_sends_a_note_with_figures_and_full_stops(self, referrer, row):
        assert codes(invite(referrer, row(note="It is $60, e.g. with TV... See you at 7.30!"))) == [(0, "sent")]

    @pytest.mark.parametrize("is_suppressed", [True, False])
    def test_writes_to_nobody_again_because_the_last_letter_was_taken_back(self, referrer, row, is_suppressed):
        if is_suppressed:
            suppress_address("fay@friends.example", "asked")
        friend = row(email="fay@friends.example")
        sent = invite(referrer, friend)[0]
        services.withdraw_invitation(sent.invitation_id, by=None)

        again = services.invite_friends(referrer.pk, [friend], form_key="another", language="en", by=None)

        assert codes(again) == [(0, "already_invited")]
        day = services.invitable_again_from(Invitation.objects.get())
        with time_machine.travel(datetime.combine(day, time.min, referrer.division.zone)):
            assert codes(services.invite_friends(referrer.pk, [friend], form_key="late", language="en", by=None)) == [
                (0, "sent")
            ]

    def test_promises_nothing_where_another_programme_runs(self, referrer, row):
        below = make_division(parent=referrer.division)
        make_programme(below)
        home = make_qualification(below).premises

        assert codes(invite(referrer, row(premises_id=home.pk))) == [(0, "other_market")]

    def test_pressed_twice_invites_once_and_answers_the_same(self, referrer, row):
        rows = [row(), row(email="nonsense"), row()]

        first, second = invite(referrer, *rows), invite(referrer, *rows)

        assert [(one.code, one.invitation_id) for one in first] == [(one.code, one.invitation_id) for one in second]
        assert Invitation.objects.count() == 2
        assert len(published(FriendsInvited)) == 1

    def test_takes_a_corrected_row_of_the_same_form(self, referrer, row):
        friend = row()
        invite(referrer, row(email="nonsense"))

        assert codes(invite(referrer, friend)) == [(0, "sent")]

    def test_is_for_the_referrer_and_for_staff_of_the_market(self, market, row):
        owner = make_person()
        referrer = make_referrer(market, user=owner)

        for by in (owner, make_person(Role.CSR, market.division), None):
            assert codes(invite(referrer, row(), form_key=str(by), by=by)) == [(0, "sent")]
        for stranger in (make_person(), make_person(Role.CSR, make_market().division)):
            with pytest.raises(NotAllowed):
                invite(referrer, row(), by=stranger)

    def test_is_refused_to_who_cannot_refer(self, market, referrer, row):
        set_standing(referrer.account_id, Standing.DELINQUENT, by=None)
        with pytest.raises(NotAllowed) as refusal:
            invite(referrer, row())
        assert refusal.value.code == "past_due"

        Account.objects.update(standing=Standing.GOOD)
        services.suspend_referrer(referrer.pk, "Looks odd", by=make_person(Role.CSR, market.division))
        with pytest.raises(NotAllowed) as refusal:
            invite(referrer, row())
        assert refusal.value.code == "suspended"

    def test_is_refused_while_the_programme_rests(self, market, referrer, row):
        services.pause_programme(referrer.programme_id, by=make_person(Role.OPERATOR, market.division))

        with pytest.raises(NotAllowed) as refusal:
            invite(referrer, row())

        assert refusal.value.code == "not_running"


class TestLimits:
    def test_let_so_many_through_in_one_go(self, market, row):
        make_programme(market.division, most_per_form=2)
        referrer = make_referrer(market)

        outcomes = invite(referrer, row(), FriendRow(name="", email=""), row(), row())

        assert codes(outcomes) == [(0, "sent"), (2, "sent"), (3, "over_form_limit")]

    def test_let_so_many_through_in_24_hours(self, market, row):
        make_programme(market.division, most_per_day=2)
        referrer = make_referrer(market)
        moment = now()
        with time_machine.travel(moment, tick=False):
            assert codes(invite(referrer, row(), row(), row())) == [(0, "sent"), (1, "sent"), (2, "over_day_limit")]

        with time_machine.travel(moment + timedelta(hours=24) - timedelta(seconds=1), tick=False):
            assert codes(invite(referrer, row(), form_key="b")) == [(0, "over_day_limit")]
        with time_machine.travel(moment + timedelta(hours=24), tick=False):
            assert codes(invite(referrer, row(), form_key="c")) == [(0, "sent")]

    def test_let_so_many_through_in_all(self, market, row):
        make_programme(market.division, most_ever=1)
        referrer = make_referrer(market)
        invitation = make_invitation(referrer)
        services.withdraw_invitation(invitation.pk, by=None)

        assert codes(invite(referrer, row())) == [(0, "over_lifetime")]

    @pytest.mark.django_db(transaction=True)
    def test_hold_when_two_forms_are_sent_at_once(self, market):
        make_programme(market.division, most_per_day=3)
        referrer = make_referrer(market)
        forms = [[make_friend_row(market.division) for _ in range(2)] for _ in range(4)]

        found = together(
            *[lambda rows=rows, key=key: invite(referrer, *rows, form_key=str(key)) for key, rows in enumerate(forms)]
        )

        sent = [one for outcomes in found for one in outcomes if one.code == "sent"]
        refused = [one for outcomes in found for one in outcomes if one.code == "over_day_limit"]
        assert (len(sent), len(refused), Invitation.objects.count()) == (3, 5, 3)


class TestSecondInvitation:
    def test_of_one_mailbox_is_refused_and_names_nobody(self, market, referrer, row):
        other = make_referrer(market, details=make_details(name="Quentin Other"))
        invite(other, row(email="fay.friend@gmail.com"))

        outcome = invite(referrer, row(email="FayFriend+x@googlemail.com"))[0]

        assert outcome.code == "already_invited"
        assert "Quentin" not in outcome.message
        assert outcome.invitation_id is None

    def test_is_possible_once_the_first_is_taken_back_or_too_old(self, market, referrer, row):
        other = make_referrer(market)
        first = make_invitation(other, email="fay@friends.example")
        services.withdraw_invitation(first.pk, by=None)
        assert codes(invite(referrer, row(email="fay@friends.example"))) == [(0, "sent")]
        drain()

        with time_machine.travel(now() + timedelta(days=91)):
            assert services.expire_invitations(now()) == 1
            assert services.expire_invitations(now()) == 0
            assert codes(invite(other, row(email="fay@friends.example"), form_key="b")) == [(0, "sent")]
        assert statuses() == [InvitationStatus.WITHDRAWN, InvitationStatus.EXPIRED, InvitationStatus.QUEUED]

    def test_is_refused_for_a_friend_who_has_ordered(self, market, referrer, row):
        by_letter = make_invitation(referrer, email="fay@friends.example")
        Invitation.objects.filter(pk=by_letter.pk).update(status=InvitationStatus.ORDERED)
        make_referral(referrer, market, details=make_details(email="hal.dorn@gmail.com"))
        lost = make_referral(referrer, market, details=make_details(email="lost@friends.example"))
        Referral.objects.filter(pk=lost.pk).update(status="disqualified", reason="order_cancelled", ended_at=now())
        emails = ("fay@friends.example", "HalDorn+x@googlemail.com", "lost@friends.example")

        found = invite(referrer, *(row(email=email) for email in emails))

        assert [one.code for one in found] == ["already_invited", "already_invited", "sent"]
        assert codes(invite(make_referrer(market), row(email="fay@friends.example"))) == [(0, "sent")]

    @pytest.mark.django_db(transaction=True)
    def test_is_one_live_invitation_when_two_referrers_are_at_it_at_once(self, market):
        referrers = [make_referrer(market) for _ in range(3)]
        rows = [make_friend_row(market.division, email=f"fay+{n}@friends.example") for n in range(3)]

        found = together(*[lambda one=one, row=row: invite(one, row) for one, row in zip(referrers, rows, strict=True)])

        assert sorted(outcomes[0].code for outcomes in found) == ["already_invited", "already_invited", "sent"]
        assert Invitation.objects.count() == 1


class TestSuppressedFriend:
    @pytest.fixture(params=["everybody", "this referrer"])
    def unwanted(self, request, referrer):
        if request.param == "everybody":
            suppress_address("fay+x@friends.example", "asked")
        else:
            InvitationBlock.objects.create(referrer=referrer, email_key="fay@friends.example")

    @pytest.mark.usefixtures("unwanted")
    def test_is_written_nothing_and_looks_like_any_other(self, referrer, row):
        outcomes = invite(referrer, row(email="fay@friends.example"), row(email="new@friends.example"))

        unwanted, wanted = outcomes
        assert (unwanted.code, unwanted.message) == (wanted.code, wanted.message)
        drain()
        assert statuses() == [InvitationStatus.SUPPRESSED, InvitationStatus.SENT]
        assert [message.to for message in mail.outbox] == [["new@friends.example"]]
        shown = [one.shown_status for one in Invitation.objects.order_by("pk")]
        assert shown == [InvitationStatus.SENT, InvitationStatus.SENT]

    @pytest.mark.usefixtures("unwanted")
    def test_gives_nothing_away_when_invited_again_or_taken_back(self, referrer, row):
        friends = ("fay@friends.example", "new@friends.example")
        for email in friends:
            invite(referrer, row(email=email), form_key=email)
        drain()

        again = [codes(invite(referrer, row(email=email), form_key=f"{email} again")) for email in friends]
        taken_back = [services.withdraw_invitation(one.pk, by=None).status for one in Invitation.objects.order_by("pk")]

        assert again[0] == again[1] == [(0, "already_invited")]
        assert taken_back == [InvitationStatus.WITHDRAWN] * 2

    def test_counts_in_the_limits_like_any_other(self, market, row):
        make_programme(market.division, most_per_day=1)
        referrer = make_referrer(market)
        suppress_address("fay@friends.example", "asked")

        outcomes = invite(referrer, row(email="fay@friends.example"), row())

        assert codes(outcomes) == [(0, "sent"), (1, "over_day_limit")]

    def test_is_looked_up_again_when_the_letter_leaves(self, referrer):
        invitation = make_invitation(referrer, email="fay@friends.example")
        services.write_invitations()
        suppress_address("fay@friends.example", "asked meanwhile")

        drain()

        invitation.refresh_from_db()
        assert mail.outbox == []
        assert Message.objects.get().status == MessageStatus.SUPPRESSED
        assert (invitation.status, invitation.shown_status) == (InvitationStatus.SUPPRESSED, InvitationStatus.SENT)


class TestLetter:
    def test_is_written_in_the_friends_language_and_the_markets_brand(self, referrer, market):
        invitation = make_invitation(referrer, name="Fay", note="You will like it")
        drain()

        sent, brand = mail.outbox[0], market.site.brand.name
        assert sent.subject == f"Robin invites you to {brand}"
        for said in ("Hello Fay,", f"Robin likes it at {brand}. You get $25 off.", "You will like it"):
            assert said in sent.body
            assert said in sent.alternatives[0][0]
        assert f"/i/{invitation.token}/" in sent.body
        assert f"/i/{invitation.token}/stop/" in sent.body
        assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_speaks_spanish_to_who_reads_it(self, referrer, row):
        invite(referrer, row(), language="es")
        drain()

        assert mail.outbox[0].subject.startswith("Robin le invita a")

    def test_is_advertising_and_marked_as_sent_when_the_server_took_it(self, referrer):
        invitation = make_invitation(referrer)
        drain()

        message = Message.objects.get()
        invitation.refresh_from_db()
        assert (message.purpose, message.kind) == (Purpose.MARKETING, INVITATION)
        assert (invitation.status, invitation.sent_at) == (InvitationStatus.SENT, message.sent_at)

    def test_shows_what_was_typed_as_text_and_nothing_else(self, referrer):
        make_invitation(referrer, name="Fay & co", note='"><script>alert(1)</script> {reward} blank')
        drain()

        html = mail.outbox[0].alternatives[0][0]
        assert "Hello Fay &amp; co," in html
        assert "<script>" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "{reward} blank" in html
        assert '"><script>alert(1)</script> {reward} blank' in mail.outbox[0].body

    @pytest.mark.parametrize("text", ["{referrer} likes it. {reward}", "{referrer} likes it."])
    def test_promises_the_reward_once(self, market, text):
        make_programme(market.division, invitation_texts=Texts(en=text))
        make_invitation(make_referrer(market))
        drain()

        sent = mail.outbox[0]
        assert sent.body.count("You get $25 off.") == 1
        assert sent.alternatives[0][0].count("You get $25 off.") == 1

    def test_names_nobody_by_what_is_no_name(self, market):
        make_invitation(make_referrer(market, details=make_details(name="https://evil.example/pay Now")))
        drain()

        sent = mail.outbox[0]
        assert sent.subject.startswith("Somebody you know invites you")
        assert "evil" not in sent.body + sent.alternatives[0][0]

    def test_leaves_no_blank_unfilled(self, referrer):
        make_invitation(referrer)
        make_invitation(referrer, note="A note")
        drain()

        for sent in mail.outbox:
            for text in (sent.subject, sent.body, sent.alternatives[0][0]):
                assert "blank" not in text
                assert "{" not in text.partition("</style>")[2]

    def test_is_owed_once_for_many_forms(self, market, referrer):
        for _form in range(3):
            make_invitation(referrer)
        assert services.write_invitations() == 3
        assert services.write_invitations() == 0
        assert [len(fact.message_ids) for fact in published(MessagesQueued)] == [3]
        drain()

        assert len(mail.outbox) == 3
        assert statuses() == [InvitationStatus.SENT] * 3

    @pytest.mark.django_db(transaction=True)
    def test_is_written_by_one_of_several_workers(self, market):
        referrer = make_referrer(market)
        for _number in range(12):
            make_invitation(referrer)

        written = together(*[lambda: services.write_invitations(5)] * 3)

        assert sum(written) + services.write_invitations() == 12
        assert Message.objects.filter(kind=INVITATION).count() == 12

    def test_goes_to_an_operator_for_a_try(self, referrer, market):
        operator = make_person(Role.OPERATOR, market.division)

        message = services.send_test_invitation(referrer.programme_id, "Me@Operator.Example", "en", by=operator)
        drain()

        assert mail.outbox[0].to == ["me@operator.example"]
        assert message.purpose == Purpose.SERVICE
        with pytest.raises(NotAllowed):
            services.send_test_invitation(
                referrer.programme_id, "me@x.example", "en", by=make_person(Role.CSR, market.division)
            )


class TestWithdrawInvitation:
    def test_before_it_is_written_keeps_it_here(self, referrer):
        invitation = make_invitation(referrer)

        services.withdraw_invitation(invitation.pk, by=None)
        drain()

        assert mail.outbox == []
        assert statuses() == [InvitationStatus.WITHDRAWN]
        assert published(InvitationEnded) == [InvitationEnded(invitation_id=invitation.pk, status="withdrawn")]

    def test_between_writing_and_sending_keeps_it_here(self, referrer):
        invitation = make_invitation(referrer)
        services.write_invitations()

        services.withdraw_invitation(invitation.pk, by=None)
        drain()

        assert mail.outbox == []
        assert Message.objects.get().status == MessageStatus.WITHHELD
        assert statuses() == [InvitationStatus.WITHDRAWN]

    def test_after_sending_ends_it(self, referrer):
        invitation = make_invitation(referrer)
        drain()

        services.withdraw_invitation(invitation.pk, by=None)

        assert statuses() == [InvitationStatus.WITHDRAWN]
        with pytest.raises(NotAllowed):
            services.withdraw_invitation(invitation.pk, by=None)

    def test_is_refused_to_strangers(self, market):
        owner = make_person()
        invitation = make_invitation(make_referrer(market, user=owner))

        with pytest.raises(NotAllowed):
            services.withdraw_invitation(invitation.pk, by=make_person())
        services.withdraw_invitation(invitation.pk, by=owner)


class TestBouncedInvitation:
    @pytest.fixture
    def bounced(self, referrer, settings):
        with mail_sink(settings):
            invitation = make_invitation(referrer, email="rcpt-550@friends.example", name="Fay", note="Hello")
            drain()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        invitation.refresh_from_db()
        return invitation

    def test_is_known_as_such(self, bounced):
        assert bounced.status == InvitationStatus.BOUNCED
        assert published(InvitationEnded) == [InvitationEnded(invitation_id=bounced.pk, status="bounced")]

    def test_is_corrected_and_sent_again(self, bounced):
        new = services.correct_invitation(bounced.pk, "Fay@Friends.example", by=None)
        drain()

        new.refresh_from_db()
        assert (new.email, new.friend_name, new.note) == ("fay@friends.example", "Fay", "Hello")
        assert new.status == InvitationStatus.SENT
        assert [sent.to for sent in mail.outbox] == [["fay@friends.example"]]

    def test_is_corrected_once(self, bounced):
        new = services.correct_invitation(bounced.pk, "fay@friends.example", by=None)
        with pytest.raises(NotAllowed) as refusal:
            services.correct_invitation(bounced.pk, "other@friends.example", by=None)
        assert refusal.value.code == "not_bounced"

        Invitation.objects.filter(pk=new.pk).update(status=InvitationStatus.BOUNCED)
        with pytest.raises(NotAllowed) as refusal:
            services.correct_invitation(new.pk, "other@friends.example", by=None)
        assert refusal.value.code == "corrected_before"

    def test_is_corrected_by_the_rules_of_the_first(self, bounced, referrer, market):
        own = referrer.customer.contacts.get().email
        taken = make_invitation(make_referrer(market)).email
        for email, code in ((own, "self"), ("nonsense", "invalid_email"), (taken, "already_invited")):
            with pytest.raises(NotAllowed) as refusal:
                services.correct_invitation(bounced.pk, email, by=None)
            assert refusal.value.code == code
        suppress_address("fay@friends.example", "asked")

        new = services.correct_invitation(bounced.pk, "fay@friends.example", by=None)

        assert (new.status, new.shown_status) == (InvitationStatus.SUPPRESSED, InvitationStatus.SENT)


class TestWaysOut:
    def test_one_click_stops_invitations_of_everybody_in_every_market(self, market, client, row):
        referrer = make_referrer(market)
        invitation = make_invitation(referrer, email="fay@friends.example")
        drain()
        message = Message.objects.get()

        answer = client.post(f"/mail/unsubscribe/{unsubscribe_token(message.key)}/")
        drain()

        invitation.refresh_from_db()
        assert answer.status_code == 200
        assert invitation.status == InvitationStatus.OPTED_OUT
        other = make_referrer(make_market())
        with time_machine.travel(now() + timedelta(days=91)):
            make_invitation(other, email="fay@friends.example")
            drain()
        assert len(mail.outbox) == 1

    def test_another_friend_may_invite_whom_one_may_not(self, market, referrer):
        invitation = make_invitation(referrer, email="fay@friends.example")
        services.stop_invitations_from(invitation.token)

        make_invitation(make_referrer(market), email="fay@friends.example")
        drain()

        assert len(mail.outbox) == 1

    def test_the_second_control_stops_one_friends_invitations_alone(self, market, referrer):
        other = make_referrer(market)
        invitation = make_invitation(referrer, email="fay@friends.example")
        drain()

        for _twice in range(2):
            assert services.stop_invitations_from(invitation.token) == referrer

        invitation.refresh_from_db()
        assert invitation.status == InvitationStatus.OPTED_OUT
        assert InvitationBlock.objects.count() == 1
        assert not Suppression.objects.exists()
        with time_machine.travel(now() + timedelta(days=91)):
            make_invitation(referrer, email="fay+2@friends.example")
            drain()
            assert len(mail.outbox) == 1
            make_invitation(other, email="fay@friends.example")
            drain()
        assert len(mail.outbox) == 2

    def test_the_second_control_knows_no_other_secret(self):
        assert services.stop_invitations_from("unknown") is None


def test_handlers_hear_each_fact_once():
    labels = [label for listeners in facts.HANDLERS.values() for label in listeners if label.startswith("referrals.")]

    assert len(labels) == 13
