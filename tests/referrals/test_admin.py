"""Referral programmes in the admin: what is said, seen before it is sent; moves by their buttons; what came of it."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from foundation.correspondence.models import Message
from foundation.divisions.fields import Texts
from foundation.divisions.testing import make_division
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.states import OrderStatus
from orders.testing import make_market
from referrals.models import Invitation, Programme, Referral, Referrer, Signal
from referrals.states import InvitationStatus, ProgrammeStatus, ReferrerStatus, SignalKind, SignalStatus, TouchOutcome
from referrals.testing import make_invitation, make_programme, make_referral, make_referrer

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def operator(client: Client, market) -> Client:
    return sign_in(client, make_person(Role.OPERATOR, market.division, email="olga@operator.example"))


@pytest.fixture
def auditor(market) -> Client:
    return sign_in(Client(), make_person(Role.AUDITOR, market.division))


def at(name, *args):
    return reverse(f"admin:referrals_{name}", args=args)


def text_of(page):
    return page.content.decode()


def form_of(programme, **changed):
    """Return the form of a programme as it stands, with some fields changed."""
    texts = ("names", "headlines", "landing_texts", "subjects", "invitation_texts", "rewards_in_words")
    values = {
        f"{name}_{code}": getattr(programme, name).get(code, "")
        for name in (*texts, "friend_rewards_in_words", "terms_texts")
        for code in ("en", "es")
    }
    plain = ("terms_version", "window_days", "preference", "new_after_months", "most_per_form", "most_per_day")
    values |= {name: getattr(programme, name) for name in (*plain, "most_ever")}
    dates = {"starts_on": programme.starts_on.isoformat(), "ends_on": ""}
    if programme.tells_when_earned:
        values["tells_when_earned"] = "on"
    return {**values, **dates, "division": programme.division_id, "_continue": "1", **changed}


class TestAProgramme:
    def test_is_written_and_waits_as_a_draft(self, operator, market):
        model = make_programme(market.division, is_running=False)
        form = {**form_of(model), "code": "spring", "names_en": "Bring a friend in spring"}

        page = operator.post(at("programme_add"), form)

        assert page.status_code == 302, page.context["adminform"].form.errors
        assert Programme.objects.get(code="spring").status == ProgrammeStatus.DRAFT

    def test_makes_nobody_new_who_left_yesterday(self, operator, market):
        programme = make_programme(market.division)

        page = operator.post(at("programme_change", programme.pk), form_of(programme, new_after_months="0"))

        assert "new_after_months" in page.context["adminform"].form.errors
        with pytest.raises(IntegrityError), transaction.atomic():
            Programme.objects.filter(pk=programme.pk).update(new_after_months=0)

    def test_lets_who_left_be_new_again_within_ten_years(self, operator, market):
        programme = make_programme(market.division)

        page = operator.post(at("programme_change", programme.pk), form_of(programme, new_after_months="1200"))

        assert page.context["adminform"].form.errors["new_after_months"] == ["At most 120 months."]

    def test_is_started_paused_and_ended_by_its_buttons(self, operator, market):
        programme = make_programme(market.division, is_running=False)
        seen = []

        for move in ("start", "pause", "start", "end"):
            operator.post(at(f"programme_{move}", programme.pk))
            seen.append(Programme.objects.get(pk=programme.pk).status)

        running, paused = ProgrammeStatus.ACTIVE, ProgrammeStatus.PAUSED
        assert seen == [running, paused, running, ProgrammeStatus.ENDED]

    def test_says_what_its_buttons_mean_from_now_on(self, operator, market):
        programme = make_programme(market.division, is_running=False)

        started, paused, ended = (
            text_of(operator.post(at(f"programme_{move}", programme.pk), follow=True))
            for move in ("start", "pause", "end")
        )

        assert "It runs from" in started
        assert "customers can take part and invite friends" in started
        assert "From now on nobody can take part in it or invite friends" in paused
        assert "Rewards for friends who have ordered already go on as promised." in paused
        assert "Ended for good." in ended

    def test_says_from_which_day_it_runs_and_that_its_last_day_is_over(self, operator, market):
        day = today(market.division)
        later = make_programme(market.division, is_running=False, starts_on=day + timedelta(days=3))
        over = make_programme(
            market.division, is_running=False, starts_on=day - timedelta(days=9), ends_on=day - timedelta(days=1)
        )

        said = [text_of(operator.post(at("programme_start", one.pk), follow=True)) for one in (later, over)]

        assert f"It runs from {date_format(later.starts_on)} on." in said[0]
        assert f"its last day, {date_format(over.ends_on)}, is over" in said[1]

    def test_says_why_it_does_not_start(self, operator, market):
        programme = make_programme(market.division, is_running=False, subjects=Texts())

        page = operator.post(at("programme_start", programme.pk), follow=True)

        assert "Write its texts before you start it." in text_of(page)

    def test_stays_in_its_market_once_it_has_run(self, operator, market):
        draft, running = make_programme(market.division, is_running=False), make_programme(market.division)
        below = make_division("Below", parent=market.division)

        for programme in (draft, running):
            operator.post(at("programme_change", programme.pk), {**form_of(programme), "division": below.pk})

        assert Programme.objects.get(pk=draft.pk).division == below
        assert Programme.objects.get(pk=running.pk).division == market.division

    def test_moves_by_no_get(self, operator, market):
        programme = make_programme(market.division, is_running=False)

        assert operator.get(at("programme_start", programme.pk)).status_code == 404
        assert Programme.objects.get(pk=programme.pk).status == ProgrammeStatus.DRAFT

    def test_is_never_deleted(self, operator, market):
        programme = make_programme(market.division)

        assert operator.post(at("programme_delete", programme.pk), {"post": "yes"}).status_code == 403

    def test_offers_only_the_moves_that_there_are(self, operator, market):
        programme = make_programme(market.division)

        page = text_of(operator.get(at("programme_change", programme.pk)))

        assert at("programme_pause", programme.pk) in page
        assert at("programme_start", programme.pk) not in page

    def test_of_the_division_above_is_seen_and_not_moved(self, market):
        below = make_division("Below", parent=market.division)
        programme = make_programme(market.division)
        there = sign_in(Client(), make_person(Role.OPERATOR, below))

        assert there.get(at("programme_change", programme.pk)).status_code == 200
        assert there.post(at("programme_end", programme.pk)).status_code == 404
        assert Programme.objects.get(pk=programme.pk).status == ProgrammeStatus.ACTIVE

    def test_keeps_the_words_that_somebody_agreed_to(self, operator, market):
        programme = make_programme(market.division)
        make_referrer(market, programme=programme)
        address, form = at("programme_change", programme.pk), form_of(programme, terms_texts_en="Other words.")

        refused = operator.post(address, form)
        taken = operator.post(address, {**form, "terms_version": "2"})

        assert "terms_version" in refused.context["adminform"].form.errors
        assert taken.status_code == 302
        assert Programme.objects.get(pk=programme.pk).terms_texts["en"] == "Other words."


class TestBeforeItIsSent:
    @pytest.fixture
    def programme(self, market):
        return make_programme(
            market.division,
            invitation_texts=Texts(en="{referrer} likes {brand}.", es="A {referrer} le gusta {brand}."),
            landing_texts=Texts(en="Come and see, says {referrer}.", es="Venga a ver, dice {referrer}."),
        )

    def test_the_letter_is_shown_with_names_filled_in(self, operator, market, programme):
        page = text_of(operator.get(at("programme_preview", programme.pk)))
        letter = text_of(operator.get(at("programme_letter", programme.pk)))

        brand = market.site.brand.name
        assert f"Robin invites you to {brand}" in page
        assert f"Robin likes {brand}." in letter

    def test_each_language_has_its_own(self, operator, programme):
        letter = text_of(operator.get(at("programme_letter", programme.pk), {"language": "es"}))
        landing = text_of(operator.get(at("programme_landing", programme.pk), {"language": "es"}))

        assert "A Robin le gusta" in letter
        assert "Venga a ver, dice Robin." in landing

    def test_the_landing_page_is_the_friends_own(self, operator, market, programme):
        page = operator.get(at("programme_landing", programme.pk))

        assert "Robin thought of you" in text_of(page)
        assert str(programme.friend_rewards_in_words) in text_of(page)
        assert market.site.brand.name in text_of(page)
        assert page["X-Frame-Options"] == "SAMEORIGIN"

    def test_an_auditor_sees_it_too(self, auditor, programme):
        statuses = [auditor.get(at(f"programme_{one}", programme.pk)).status_code for one in ("preview", "letter")]

        assert statuses == [200, 200]

    def test_the_letter_can_be_sent_to_oneself(self, operator, programme):
        asked = operator.get(at("programme_test", programme.pk), {"language": "es"})
        sent = operator.post(at("programme_test", programme.pk), {"to": "olga@operator.example", "language": "es"})

        assert 'value="olga@operator.example"' in text_of(asked)
        assert sent.status_code == 302
        message = Message.objects.get()
        assert (message.to, message.language) == ("olga@operator.example", "es")
        assert "A Robin le gusta" in message.text
        assert not Invitation.objects.exists()


class TestWhoIsCredited:
    def test_is_printed_in_words(self, operator):
        page = text_of(operator.get(at("programme_credited")))

        assert page.index("Code given") < page.index("Invitation opened") < page.index("Link opened")
        assert str(TouchOutcome.SELF_REFERRAL.label) in page


class TestAReferrer:
    def test_is_suspended_with_a_reason_and_taken_back(self, operator, market):
        referrer = make_referrer(market)
        seen = []

        for move in ("suspend", "return"):
            operator.post(at(f"referrer_{move}", referrer.pk), {"reason": "A neighbour complained."})
            seen.append(Referrer.objects.get(pk=referrer.pk).status)

        assert seen == [ReferrerStatus.SUSPENDED, ReferrerStatus.ACTIVE]

    def test_is_not_suspended_without_one(self, operator, market):
        referrer = make_referrer(market)

        page = operator.post(at("referrer_suspend", referrer.pk), {"reason": ""})

        assert "reason" in page.context["form"].errors
        assert Referrer.objects.get().status == ReferrerStatus.ACTIVE

    def test_is_seen_by_an_auditor_and_not_touched(self, auditor, market):
        referrer = make_referrer(market)

        assert auditor.get(at("referrer_change", referrer.pk)).status_code == 200
        assert auditor.post(at("referrer_suspend", referrer.pk), {"reason": "No."}).status_code == 404

    def test_is_listed_with_the_friends_who_ordered(self, operator, market):
        referrer = make_referrer(market)
        make_referral(referrer, market)

        page = text_of(operator.get(at("referrer_changelist")))

        assert referrer.code in page
        assert '<td class="field-friends">1</td>' in page


class TestAnInvitation:
    def test_is_withdrawn_by_its_button(self, operator, market):
        invitation = make_invitation(make_referrer(market))

        operator.post(at("invitation_withdraw", invitation.pk))

        assert Invitation.objects.get().status == InvitationStatus.WITHDRAWN

    def test_that_was_not_sent_after_a_day_is_found(self, operator, market):
        late, fresh = (make_invitation(make_referrer(market), name=name) for name in ("Lara Late", "Fred Fresh"))
        Invitation.objects.filter(pk=late.pk).update(created_at=now() - timedelta(days=2))

        page = text_of(operator.get(at("invitation_changelist"), {"stage": "late"}))

        assert late.friend_name in page
        assert fresh.friend_name not in page


class TestAReferral:
    def test_that_is_stuck_is_found(self, operator, market):
        with time_machine.travel(now() - timedelta(days=40), tick=False):
            make_programme(market.division)
        stuck = make_referral(make_referrer(market), market)
        fresh = make_referral(make_referrer(market), market)
        Referral.objects.filter(pk=stuck.pk).update(ordered_at=now() - timedelta(days=31))

        page = text_of(operator.get(at("referral_changelist"), {"stuck": "install"}))

        assert at("referral_change", stuck.pk) in page
        assert at("referral_change", fresh.pk) not in page

    def test_shows_who_is_credited_and_why(self, operator, market):
        referral = make_referral(make_referrer(market), market)

        page = text_of(operator.get(at("referral_change", referral.pk)))

        assert "1. Code given" in page
        assert "<strong>Credited</strong>" in page

    def test_is_written_by_nobody(self, operator, market):
        referral = make_referral(make_referrer(market), market, status=OrderStatus.COMPLETED)

        assert operator.get(at("referral_add")).status_code == 403
        assert operator.post(at("referral_change", referral.pk), {"status": "ordered"}).status_code == 403


class TestASignal:
    @pytest.fixture
    def signal(self, market):
        referral = make_referral(make_referrer(market), market)
        return Signal.objects.create(
            referral=referral, kind=SignalKind.SAME_SURNAME, detail="Both are called Resident."
        )

    def decide(self, client, signal, **answers):
        return client.post(at("signal_decide", signal.pk), answers)

    @pytest.mark.parametrize(
        ("verdict", "status"), [("genuine", SignalStatus.CLEARED), ("fraud", SignalStatus.CONFIRMED)]
    )
    def test_is_decided_with_a_note(self, operator, signal, verdict, status):
        self.decide(operator, signal, verdict=verdict, note="I called them.")

        signal.refresh_from_db()
        assert (signal.status, signal.decision_note) == (status, "I called them.")

    def test_is_not_decided_without_one(self, operator, signal):
        page = self.decide(operator, signal, verdict="genuine", note="")

        assert "note" in page.context["form"].errors
        assert Signal.objects.get().status == SignalStatus.OPEN

    def test_is_decided_once(self, operator, signal):
        self.decide(operator, signal, verdict="genuine", note="I called them.")
        page = self.decide(operator, signal, verdict="fraud", note="I changed my mind.")

        assert page.context["form"].non_field_errors()
        assert Signal.objects.get().status == SignalStatus.CLEARED
