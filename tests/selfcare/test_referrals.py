"""What a customer brings: taking part, inviting row by row, following each friend, and never more than that."""

import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format

from accounts.testing import make_details
from foundation.correspondence.services import suppress_address
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from referrals import services
from referrals.models import Invitation, Referrer
from referrals.queries import link_of, shown_code
from referrals.states import InvitationStatus, ReferrerStatus
from referrals.testing import make_friend_row, make_invitation, make_programme, make_referral, make_referrer
from territory.states import AvailabilityStatus
from territory.testing import make_available, make_premises, make_qualification

pytestmark = pytest.mark.django_db

START, PAGE, INVITE = (reverse(f"selfcare:{name}") for name in ("start", "referrals", "referral_invite"))
TAKE_PART = reverse("selfcare:referral_enrol")
MOST_ORDERS = 15
"""Orders take their time to make."""


@pytest.fixture
def market():
    return make_market(capacity=200)


@pytest.fixture
def person(market):
    return make_person(Role.CUSTOMER, market.division, email="robin@people.example")


@pytest.fixture
def programme(market):
    return make_programme(market.division)


@pytest.fixture
def referrer(market, programme, person) -> Referrer:
    return make_referrer(market, programme=programme, user=person, details=make_details(email=person.email))


@pytest.fixture
def me(client: Client, person) -> Client:
    return sign_in(client, person)


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def rows(*friends, **more):
    """Return the form with a row for each friend, as a browser sends it."""
    form = {"key": "form-1", **more}
    for number, friend in enumerate(friends, start=1):
        form |= {f"row-{number}-{name}": value for name, value in friend.items()}
    return form


def friend(market, **changed):
    typed = make_friend_row(market.division)
    return {"name": typed.name, "email": typed.email, "address": typed.address, "note": "", **changed}


class TestTakingPart:
    @pytest.fixture
    def account(self, market, person):
        order = make_order(OrderStatus.COMPLETED, market, by=person, details=make_details(email=person.email))
        customer, account = order.parties()
        customer.user = person
        customer.save(update_fields=["user"])
        return account

    def test_is_offered_with_what_it_brings_and_its_terms(self, me, programme, account):
        said = text_of(me.get(PAGE))

        assert str(programme.rewards_in_words) in said
        assert str(programme.friend_rewards_in_words) in said
        assert account.service_address in said
        assert "One reward a friend." in said

    def test_gives_code_link_and_picture(self, me, programme, account):
        page = me.post(TAKE_PART, {"account": account.pk, "accepted_terms": "on"}, follow=True)

        referrer = Referrer.objects.get()
        assert (referrer.account, referrer.terms_evidence["page"]) == (account, "me-referrals")
        assert shown_code(referrer.code) in page.content.decode()
        assert link_of(referrer) in page.content.decode()
        assert "QR code of the link" in page.content.decode()

    def test_needs_the_yes_to_the_terms(self, me, programme, account):
        page = me.post(TAKE_PART, {"account": account.pk})

        assert "accepted_terms" in page.context["form"].errors
        assert not Referrer.objects.exists()

    def test_with_the_account_of_somebody_else_is_refused(self, me, market, programme, account):
        other = make_order(OrderStatus.COMPLETED, market).parties()[1]

        page = me.post(TAKE_PART, {"account": other.pk, "accepted_terms": "on"})

        assert "account" in page.context["form"].errors
        assert not Referrer.objects.exists()

    def test_is_not_possible_before_anything_is_installed_and_says_so(self, me, market, programme, person):
        make_order(OrderStatus.IN_PROGRESS, market, details=make_details(email=person.email))
        sign_in(me, person)

        said = text_of(me.get(PAGE))

        assert "You cannot refer yet" in said
        assert "Nothing is installed on this account yet." in said

    def test_is_not_possible_without_a_programme_and_leads_on(self, me, account):
        assert "No program runs here at the moment" in text_of(me.get(PAGE))

    def test_is_offered_on_the_overview(self, me, programme, account):
        said = text_of(me.get(START))

        assert str(programme.names) in said
        assert "Take part" in said


class TestTheOverview:
    def test_shows_services_orders_and_friends(self, me, market, referrer):
        make_referral(referrer, market)

        said = text_of(me.get(START))

        assert referrer.account.service_address in said
        assert "Everything is installed and ready to use." in said
        assert "Your friend has ordered" in said

    def test_lists_only_what_works(self, me, market, person):
        order = make_order(OrderStatus.PARTIAL, market, details=make_details(email=person.email))
        sign_in(me, person)

        served = me.get(START).context["services"]

        ready = [str(line.names) for line in order.lines.all() if line.installed_on]
        assert all(set(one.products) <= set(ready) for one in served)


class TestLeaving:
    def test_is_confirmed_and_stops_letters_that_wait_but_nothing_that_was_earned(self, me, referrer):
        waiting = make_invitation(referrer)
        leave = reverse("selfcare:referral_leave", args=[referrer.pk])

        assert leave in me.get(PAGE).text
        assert "still paid" in me.get(leave).text
        answer = me.post(leave, follow=True)

        assert "You take part no longer" in answer.text
        assert leave not in answer.text
        referrer.refresh_from_db()
        waiting.refresh_from_db()
        assert (referrer.status, waiting.status) == (ReferrerStatus.LEFT, InvitationStatus.WITHDRAWN)

    def test_twice_is_refused_in_words(self, me, referrer):
        leave = reverse("selfcare:referral_leave", args=[referrer.pk])
        me.post(leave, follow=True)

        answer = me.post(leave, follow=True)

        assert answer.status_code == 200
        assert "You take part no longer" not in answer.text

    def test_is_not_for_somebody_else(self, me, market):
        other = make_referrer(market)

        assert me.post(reverse("selfcare:referral_leave", args=[other.pk])).status_code == 404
        other.refresh_from_db()
        assert other.is_active


class TestInviting:
    def test_sends_a_letter_for_each_row(self, me, market, referrer):
        page = me.post(INVITE, rows(friend(market), friend(market, note="You asked me!")), follow=True)

        assert page.redirect_chain == [(f"{PAGE}?as={referrer.pk}", 302)]
        assert Invitation.objects.count() == 2
        assert {one.note for one in Invitation.objects.all()} == {"", "You asked me!"}
        assert all(one.friend_name in page.content.decode() for one in Invitation.objects.all())

    def test_of_the_same_form_twice_invites_once(self, me, market, referrer):
        form = rows(friend(market))

        for _press in range(2):
            me.post(INVITE, form)

        assert Invitation.objects.count() == 1

    def test_says_at_the_field_what_no_letter_of_ours_carries(self, me, market, referrer):
        bad = friend(market, name="your refund: evil.example", note="Sign in at https://evil.example")

        page = text_of(me.post(INVITE, rows(bad)))

        assert "Friend 1: Enter your friend’s name in letters: no figures, and no address." in page
        assert "Friend 1: Leave out addresses of pages and mailboxes" in page
        assert not Invitation.objects.exists()

    def test_keeps_what_is_wrong_and_sends_what_is_good(self, me, market, referrer):
        good, bad = friend(market, name="Gus Good"), friend(market, name="Bea Bad", email="bea at home")

        page = me.post(INVITE, rows(good, bad))

        assert [one.friend_name for one in Invitation.objects.all()] == ["Gus Good"]
        assert "Thank you. We write to this address" in text_of(page)
        assert 'value="Bea Bad"' in page.content.decode()
        assert 'value="bea at home"' in page.content.decode()
        assert 'value="Gus Good"' not in page.content.decode()
        assert "Friend 2: Enter an e-mail address." in text_of(page)

    def test_again_after_putting_it_right_sends_the_rest(self, me, market, referrer):
        bad = friend(market, email="bea at home")
        page = me.post(INVITE, rows(friend(market), bad))
        key = re.search(r'name="key" value="([^"]+)"', page.content.decode())[1]

        me.post(
            INVITE,
            {"key": key, **{f"row-2-{name}": value for name, value in bad.items()}} | {"row-2-email": "b@b.example"},
        )

        assert Invitation.objects.count() == 2

    @pytest.mark.parametrize("missing", ["name", "email", "address"])
    def test_asks_for_what_is_missing(self, me, market, referrer, missing):
        page = me.post(INVITE, rows(friend(market, **{missing: ""})))

        assert [problem["field"] for problem in page.context["problems"]] == [f"id_row-1-{missing}"]
        assert not Invitation.objects.exists()

    def test_of_nobody_says_so(self, me, referrer):
        page = me.post(INVITE, rows({"name": "", "email": "", "address": ""}))

        assert "Enter at least one friend." in text_of(page)

    def test_lets_one_choose_where_an_address_may_mean_several(self, me, market, referrer):
        for number in ("31 Maple Street", "31 Maple Court"):
            make_available(make_premises(market.division, number))
        typed = friend(market, address="31 Maple")

        asked = me.post(INVITE, rows(typed))
        choices = re.findall(r'name="row-1-premises_id" value="(\d+)"', asked.content.decode())
        me.post(INVITE, rows({**typed, "premises_id": choices[0]}, key="form-2"))

        assert len(choices) == 2
        assert str(Invitation.objects.get().qualification.premises_id) == choices[0]

    def test_promises_nothing_at_an_address_without_service(self, me, market, referrer):
        premises = make_qualification(market.division, status=AvailabilityStatus.UNSERVICEABLE).premises

        page = me.post(INVITE, rows(friend(market, address=premises.label)))

        assert "New service cannot be ordered at this address at the moment." in text_of(page)
        assert not Invitation.objects.exists()

    def test_takes_no_note_that_is_too_long(self, me, market, referrer):
        page = me.post(INVITE, rows(friend(market, note="x" * 141)))

        assert [problem["field"] for problem in page.context["problems"]] == ["id_row-1-note"]

    def test_counts_the_letters_of_a_note_for_who_has_javascript(self, me, referrer):
        page = me.get(INVITE).content.decode()

        assert 'maxlength="140"' in page
        assert 'data-count="id_row-1-note_helptext"' in page
        assert 'id="id_row-1-note_helptext"' in page

    def test_shows_as_many_rows_as_the_programme_allows(self, me, referrer):
        assert len(me.get(INVITE).context["rows"]) == referrer.programme.most_per_form

    def test_says_the_same_of_who_wants_no_mail(self, me, market, referrer):
        suppress_address("quiet@friends.example", "test")
        wanted, unwanted = friend(market), friend(market, email="quiet@friends.example")

        said = [
            text_of(me.post(INVITE, rows(one, key=f"form-{n}"), follow=True))
            for n, one in enumerate([wanted, unwanted])
        ]

        outcome = "Thank you. We write to this address, unless somebody there wants no such mail."
        assert all(outcome in one for one in said)

    def test_of_who_is_suspended_leads_back_and_says_why(self, me, market, referrer):
        operator = make_person(Role.OPERATOR, market.division)
        services.suspend_referrer(referrer.pk, "To be looked at.", by=operator)

        page = me.get(INVITE, follow=True)

        assert "You do not take part at the moment" in text_of(page)
        assert "To be looked at." not in text_of(page)
        assert INVITE not in page.content.decode()

    def test_is_promised_nothing_more_and_shares_nothing_while_suspended(self, me, market, referrer, programme):
        promise, code = str(programme.rewards_in_words), shown_code(referrer.code)
        before = text_of(me.get(PAGE))
        services.suspend_referrer(referrer.pk, "To be looked at.", by=make_person(Role.OPERATOR, market.division))

        page, overview = me.get(PAGE), me.get(reverse("selfcare:start"))

        assert promise in before
        assert code in before
        said = text_of(page)
        assert promise not in said
        assert code not in said
        assert link_of(referrer) not in page.content.decode()
        assert "friends who order now bring you nothing" in said
        assert "friends who order now bring you nothing" in text_of(overview)
        assert "Tell a friend" not in text_of(overview)

    def test_is_promised_nothing_by_a_program_that_rests_where_another_runs(self, me, market, referrer, programme):
        make_programme(market.division)
        services.pause_programme(programme.pk, by=make_person(Role.OPERATOR, market.division))

        said = text_of(me.get(f"{PAGE}?as={referrer.pk}"))

        assert shown_code(referrer.code) not in said
        assert "This program rests at the moment" in said


class TestAnInvitation:
    def shown(self, me):
        return me.get(PAGE).context["friends"][0]

    def test_that_is_waiting_looks_like_one_that_nobody_wants(self, me, market, referrer):
        suppress_address("quiet@friends.example", "test")
        make_invitation(referrer, name="Quinn", email="quiet@friends.example")
        quiet = self.shown(me)
        make_invitation(referrer, name="Quinn")

        other = self.shown(me)

        assert Invitation.objects.filter(status=InvitationStatus.SUPPRESSED).count() == 1
        assert (quiet.sentence, quiet.steps, quiet.can_withdraw) == (other.sentence, other.steps, other.can_withdraw)

    def test_that_nobody_wants_expires_like_any_other(self, me, referrer, programme):
        suppress_address("quiet@friends.example", "test")
        make_invitation(referrer, email="quiet@friends.example")

        with time_machine.travel(now() + programme.window, tick=False):
            sign_in(me, referrer.customer.user)
            shown = self.shown(me)

        assert (shown.sentence, shown.is_over, shown.can_withdraw) == ("They did not order in time.", True, False)

    def test_that_was_opened_says_so(self, me, market, referrer):
        invitation = make_invitation(referrer)
        services.open_invitation(invitation.token, division=market.division)

        shown = self.shown(me)

        assert shown.sentence == "They opened your link."
        assert [step["state"] for step in shown.steps[:3]] == ["done", "current", "ahead"]

    def test_is_withdrawn_once_that_is_confirmed(self, me, referrer):
        invitation = make_invitation(referrer)
        address = reverse("selfcare:referral_withdraw", args=[invitation.pk])

        asked = me.get(address)
        before = Invitation.objects.get().status
        me.post(address)

        assert invitation.friend_name in text_of(asked)
        assert date_format(services.invitable_again_from(invitation), "DATE_FORMAT") in text_of(asked)
        assert (before, Invitation.objects.get().status) == (InvitationStatus.QUEUED, InvitationStatus.WITHDRAWN)
        assert self.shown(me).sentence == "This invitation was withdrawn."

    def test_that_bounced_is_corrected(self, me, referrer):
        invitation = make_invitation(referrer)
        Invitation.objects.filter(pk=invitation.pk).update(status=InvitationStatus.BOUNCED)
        address = reverse("selfcare:referral_correct", args=[invitation.pk])

        offered = address in me.get(PAGE).content.decode()
        me.post(address, {"email": "right@friends.example"})

        assert offered
        assert Invitation.objects.latest("pk").email == "right@friends.example"
        assert len(me.get(PAGE).context["friends"]) == 1

    def test_that_bounced_keeps_a_wrong_correction_in_the_form(self, me, person, referrer):
        invitation = make_invitation(referrer)
        Invitation.objects.filter(pk=invitation.pk).update(status=InvitationStatus.BOUNCED)

        page = me.post(reverse("selfcare:referral_correct", args=[invitation.pk]), {"email": person.email})

        assert page.context["form"].errors == {"email": ["This is your own address. You cannot refer yourself."]}
        assert f'value="{person.email}"' in page.content.decode()

    @pytest.mark.parametrize("name", ["referral_withdraw", "referral_correct"])
    def test_of_somebody_else_is_not_there(self, me, market, referrer, name):
        foreign = make_invitation(make_referrer(market))

        answers = [
            me.get(reverse(f"selfcare:{name}", args=[foreign.pk])),
            me.post(reverse(f"selfcare:{name}", args=[foreign.pk])),
        ]

        assert [answer.status_code for answer in answers] == [404, 404]


class TestAFriend:
    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (OrderStatus.ACKNOWLEDGED, "Your friend has ordered"),
            (OrderStatus.COMPLETED, "Your friend is installed."),
        ],
    )
    def test_is_followed_step_by_step(self, me, market, referrer, status, sentence):
        make_referral(referrer, market, status=status)

        assert sentence in text_of(me.get(PAGE))

    def test_is_known_by_the_name_that_the_referrer_typed(self, me, market, referrer):
        invitation = make_invitation(referrer, name="Our Al")
        make_referral(referrer, market, details=make_details(name="Alexandra Planted", email=invitation.email))

        said = text_of(me.get(PAGE))

        assert "Our Al" in said
        assert "Planted" not in said
        assert len(me.get(PAGE).context["friends"]) == 1

    def test_shows_nothing_of_what_is_theirs(self, me, market, referrer):
        details = make_details(name="Fay Marker", email="fay.marker@friends.example", phone="602 555 0177")
        referral = make_referral(referrer, market, status=OrderStatus.COMPLETED, details=details)
        order = referral.order
        secrets = {
            order.number, order.address, order.token, referral.friend_account.number, referral.friend.number,
            "fay.marker@friends.example", "555-0177", "6025550177", "Marker", str(order.monthly),
        }  # fmt: skip

        pages = [me.get(address).content.decode() for address in (PAGE, START, INVITE)]

        shown = {secret for secret in secrets for page in pages if secret in page}
        assert shown - {order.address} == set()
        assert order.address not in pages[0] + pages[2]

    def test_is_nobody_elses(self, client, market, referrer):
        make_referral(referrer, market, details=make_details(name="Fay Friend"))
        sign_in(client, make_person(Role.CUSTOMER, market.division))

        assert "Fay" not in text_of(client.get(PAGE))


class TestStatements:
    def test_are_as_many_for_fifty_friends_as_for_one(self, me, market, referrer):
        referrer.programme.most_per_day = 100
        referrer.programme.save()
        for_one = self.counts(me, referrer, market, more=1)

        for_fifty = self.counts(me, referrer, market, more=49)

        assert for_fifty == for_one
        assert max(for_one) <= 28

    def counts(self, me, referrer, market, *, more: int) -> list[int]:
        for place in range(more, 0, -1):
            make_invitation(referrer)
            if place <= MOST_ORDERS:
                make_referral(referrer, market, status=OrderStatus.COMPLETED)
        return [self.count(me, page) for page in (PAGE, START)]

    def count(self, me, page) -> int:
        me.get(page)  # the first request after a change of configuration reads it again
        with CaptureQueriesContext(connection) as captured:
            assert me.get(page).status_code == 200
        return len(captured)

    def test_of_many_come_in_pages(self, me, referrer):
        referrer.programme.most_per_day = 100
        referrer.programme.save()
        for _friend in range(25):
            make_invitation(referrer)

        first, second = me.get(PAGE), me.get(PAGE, {"page": 2})

        names = [one.name for page in (first, second) for one in page.context["friends"]]
        assert (len(first.context["friends"]), len(second.context["friends"])) == (20, 5)
        assert len(set(names)) == 25
