"""Friends who come by a link, a letter or a code; customers who take part; and how both are told of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Account
from accounts.queries import primary_contact
from accounts.testing import make_details
from foundation.correspondence.models import Message
from foundation.divisions.testing import make_division
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import Order
from orders.services import add_attribution, send_confirmation
from orders.states import OrderStatus
from orders.testing import make_draft, make_market, make_order, submit
from referrals import services
from referrals.models import Invitation, InvitationBlock, Referral, Referrer, Touch
from referrals.queries import link_of, shown_code
from referrals.states import InvitationStatus, TouchKind
from referrals.testing import make_invitation, make_programme, make_referral, make_referrer
from territory.testing import make_available, make_premises
from tests.storefront.conftest import Visitor, statements_of

PROMISE = "You get $25 off."
NO_PROMISE = "No reward comes with this link at the moment."
DETAILS = {"name": "Jo Sample", "email": "jo@example.com", "phone": "602 555 0123"}


@pytest.fixture
def programme(market):
    return make_programme(market.division)


@pytest.fixture
def referrer(market, programme):
    return make_referrer(market)


def follow(visitor, path):
    """Follow a link, and return the page to which it leads on."""
    gone = visitor.get(path)
    assert gone.status_code == 302, gone.content
    return gone, visitor.get(gone["Location"])


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


class TestALink:
    def test_is_recorded_before_the_friend_is_sent_on(self, visitor, referrer):
        gone = visitor.get(f"/r/{referrer.code}/")

        touch = Touch.objects.get()
        assert (touch.referrer, touch.kind) == (referrer, TouchKind.LINK)
        assert gone["Location"].startswith(f"/refer/welcome/?touch={touch.token}.")

    def test_is_opened_however_its_code_is_written(self, visitor, referrer):
        visitor.get(f"/r/{shown_code(referrer.code).lower()}/")

        assert Touch.objects.get().referrer == referrer

    def test_is_not_recorded_by_who_only_looks_whether_it_is_there(self, visitor, referrer):
        assert visitor.head(f"/r/{referrer.code}/").status_code == 302
        assert not Touch.objects.exists()

    def test_welcomes_the_friend_with_what_is_promised(self, visitor, referrer):
        _gone, page = follow(visitor, f"/r/{referrer.code}/")

        said = text_of(page)
        first = referrer.customer.name.split()[0]
        assert f"{first} thought of you" in said
        assert PROMISE in said
        assert referrer.customer.name not in said

    def test_leads_to_the_order_without_cookies(self, visitor, referrer):
        _gone, page = follow(visitor, f"/r/{referrer.code}/")
        visitor.cookies.clear()

        carried = dict(re.findall(r'name="(touch)" value="([^"]+)"', page.content.decode()))
        order = visitor.begin(**carried)

        assert order.attribution == [f"touch:{Touch.objects.get().token}"]

    def test_is_carried_without_cookies_for_an_hour_and_not_kept_for_somebody_else(self, visitor, market, referrer):
        gone, page = follow(visitor, f"/r/{referrer.code}/")
        carried = dict(re.findall(r'name="(touch)" value="([^"]+)"', page.content.decode()))
        other = Visitor(market)

        with time_machine.travel(now() + timedelta(hours=2)):
            other.get(gone["Location"])

            assert other.begin(**carried, key="other").attribution == []
            assert visitor.begin(**carried).attribution == [f"touch:{Touch.objects.get().token}"]

    def test_pushes_out_neither_the_first_nor_the_last(self, visitor, market, referrer):
        honest, others = make_referrer(market), [make_referrer(market) for _ in range(2)]
        visitor.get(f"/r/{honest.code}/")
        for _time in range(6):
            for one in others:
                visitor.get(f"/r/{one.code}/")

        order = visitor.begin()

        tokens = list(Touch.objects.order_by("pk").values_list("token", flat=True))
        assert len(order.attribution) == 10
        assert (order.attribution[0], order.attribution[-1]) == (f"touch:{tokens[0]}", f"touch:{tokens[-1]}")

    def test_leads_to_the_order_by_its_cookie_alone(self, visitor, referrer):
        follow(visitor, f"/r/{referrer.code}/")

        order = visitor.begin()

        assert order.attribution == [f"touch:{Touch.objects.get().token}"]

    def test_keeps_the_touches_before_it(self, visitor, market, referrer):
        other = make_referrer(market)
        visitor.get(f"/r/{other.code}/")
        visitor.get(f"/r/{referrer.code}/")

        order = visitor.begin()

        tokens = Touch.objects.order_by("pk").values_list("token", flat=True)
        assert order.attribution == [f"touch:{token}" for token in tokens]


class TestWhatAFriendIsToldOnTheWay:
    def pages(self, visitor, code):
        """Return what the page of the address says, and one of the order."""
        qualification = visitor.qualified()
        visitor.get(f"/r/{code}/")
        outcome = text_of(visitor.get(f"/address/{qualification.key}/"))
        order = visitor.begin(qualification)
        return outcome, text_of(visitor.get(f"/order/{order.token}/options/"))

    def test_is_who_sent_them_and_what_they_get(self, visitor, market, referrer):
        said = f"{referrer.customer.name.split()[0]} sent you. For you: {PROMISE}"

        for page in self.pages(visitor, referrer.code):
            assert said in page

    def test_is_nothing_where_nobody_sent_them(self, visitor, market, programme):
        order = visitor.begin()

        page = text_of(visitor.get(f"/order/{order.token}/options/"))

        assert "sent you." not in page
        assert "No reward comes" not in page

    def test_is_that_the_address_brings_no_reward(self, visitor, market, programme):
        franchise = make_market(make_division(parent=market.division))
        neighbour = make_referrer(franchise, programme=make_programme(franchise.division))

        for page in self.pages(visitor, neighbour.code):
            assert "No reward comes with your link or code at this address." in page

    def test_is_the_code_that_they_typed_before_a_link(self, visitor, market, referrer):
        other = make_referrer(market, details=make_details(name="Olga Other"))
        visitor.get(f"/r/{referrer.code}/")
        order = visitor.begin()
        add_attribution(order.pk, f"code:{other.code}")

        assert "Olga sent you." in text_of(visitor.get(f"/order/{order.token}/options/"))


class TestTheAddressThatWasLookedUpForAFriend:
    @pytest.fixture
    def invitation(self, market, referrer):
        number = make_premises(market.division, "31A Maple Street")
        make_available(number)
        return make_invitation(referrer, address=number.label, premises_id=number.pk)

    def answer(self, visitor, number):
        return visitor.post(reverse("storefront:refer_house_number"), {"number": number})

    def test_is_asked_for_by_its_number_and_not_shown(self, visitor, invitation):
        _gone, page = follow(visitor, f"/i/{invitation.token}/")

        assert "What is its house number?" in text_of(page)
        for part in ("31A", "Maple", invitation.qualification.premises.zip_code):
            assert part not in text_of(page)

    @pytest.mark.parametrize("typed", ["31A", " 31 a "])
    def test_is_led_to_by_its_number(self, visitor, invitation, typed):
        visitor.get(f"/i/{invitation.token}/")

        gone = self.answer(visitor, typed)

        assert gone["Location"].startswith("/address/")
        assert "31A Maple Street" in text_of(visitor.get(gone["Location"]))

    @pytest.mark.parametrize("typed", ["", "31", "31B", "31A Maple Street"])
    def test_is_not_told_to_who_does_not_know_its_number(self, visitor, invitation, typed):
        visitor.get(f"/i/{invitation.token}/")

        gone = self.answer(visitor, typed)

        page = text_of(visitor.get(gone["Location"]))
        assert "That is not the number that we were told." in page
        assert "Maple" not in page

    def test_is_not_guessed_number_by_number(self, visitor, invitation, settings):
        settings.THROTTLE_FACTOR = 1
        visitor.get(f"/i/{invitation.token}/")

        answers = [self.answer(visitor, str(number)).status_code for number in range(6)]

        assert answers == [302] * 5 + [429]

    def test_is_nothing_to_who_comes_by_a_link_that_is_handed_on(self, visitor, invitation, referrer):
        visitor.get(f"/i/{invitation.token}/")
        _gone, page = follow(visitor, f"/r/{referrer.code}/")

        assert "house number" not in text_of(page)
        assert self.answer(visitor, "31A")["Location"].startswith("/refer/welcome/")

    def test_is_nothing_once_the_invitation_was_withdrawn(self, visitor, invitation):
        visitor.get(f"/i/{invitation.token}/")
        services.withdraw_invitation(invitation.pk, by=None)

        assert "house number" not in text_of(visitor.get(reverse("storefront:refer_welcome")))
        assert self.answer(visitor, "31A")["Location"].startswith("/refer/welcome/")


class TestWhatAFriendIsToldOnceTheyHaveOrdered:
    def placed(self, market, mark="", **details):
        order = make_draft(market, details=make_details(**details))
        if mark:
            add_attribution(order.pk, mark)
        return submit(order)

    def page(self, visitor, order):
        return text_of(visitor.get(f"/order/{order.token}/confirmation/"))

    def letter(self, order):
        send_confirmation(order.pk)
        return Message.objects.get(kind="orders.confirmation")

    def said(self, referrer):
        return f"{referrer.customer.name.split()[0]} sent you, and is rewarded too. For you: {PROMISE}"

    def test_is_repeated_on_the_page_and_in_the_letter(self, visitor, market, referrer):
        order = self.placed(market, f"code:{referrer.code}")

        at_once = self.page(visitor, order)
        letter = self.letter(order)

        for text in (at_once, self.page(visitor, order), letter.text, letter.html):
            assert self.said(referrer) in text
            assert referrer.customer.name not in text

    def test_is_nothing_where_nobody_sent_them(self, visitor, market, referrer):
        order = self.placed(market)

        letter = self.letter(order)

        for text in (self.page(visitor, order), letter.text, letter.html):
            assert "sent you" not in text

    def test_is_nothing_where_it_was_decided_that_nobody_is_credited(self, visitor, market, referrer):
        order = self.placed(market, f"code:{referrer.code}", email=primary_contact(referrer.customer).email)

        letter = self.letter(order)

        assert not Referral.objects.exists()
        for text in (self.page(visitor, order), letter.text):
            assert "sent you" not in text

    def test_is_nothing_any_more_where_nothing_comes_of_it(self, visitor, market, referrer):
        order = make_referral(referrer, market, status=OrderStatus.CANCELLED).order
        before = self.page(visitor, order)

        services.record_ending(order.pk)

        assert self.said(referrer) in before
        assert "sent you" not in self.page(visitor, order)

    def test_is_not_told_to_whoever_types_an_invited_address(self, visitor, market, referrer):
        invited = make_invitation(referrer)
        order = self.placed(market, email=invited.email)

        letter = self.letter(order)

        assert letter.to == invited.email
        assert self.said(referrer) in letter.text
        assert "sent you" not in self.page(visitor, order)


class TestALinkThatEarnsNothing:
    def check(self, visitor, path):
        gone, page = follow(visitor, path)
        assert gone["Location"] == reverse("storefront:refer_welcome")
        assert NO_PROMISE in text_of(page)
        assert PROMISE not in text_of(page)
        assert 'id="id_address"' in page.content.decode()
        assert not Touch.objects.exists()

    def test_lands_where_its_referrer_was_suspended(self, visitor, market, referrer):
        services.suspend_referrer(referrer.pk, "To be looked at.", by=make_person(Role.OPERATOR, market.division))

        self.check(visitor, f"/r/{referrer.code}/")

    def test_lands_where_the_programme_has_paused(self, visitor, market, programme, referrer):
        services.pause_programme(programme.pk, by=make_person(Role.OPERATOR, market.division))

        self.check(visitor, f"/r/{referrer.code}/")

    def test_lands_where_its_code_is_unknown(self, visitor, programme):
        self.check(visitor, "/r/ZZZZZZZ/")

    def test_lands_in_another_market_and_names_nobody(self, visitor, programme, elsewhere):
        stranger = make_referrer(elsewhere)

        self.check(visitor, f"/r/{stranger.code}/")
        assert stranger.customer.name.split()[0] not in text_of(visitor.get("/refer/welcome/"))

    def test_promises_nothing_once_its_time_is_over(self, visitor, market, programme, referrer):
        gone, _page = follow(visitor, f"/r/{referrer.code}/")
        services.end_programme(programme.pk, by=make_person(Role.OPERATOR, market.division))

        assert NO_PROMISE in text_of(visitor.get(gone["Location"]))


class TestAnInvitation:
    def test_is_opened_by_its_link(self, visitor, referrer):
        invitation = make_invitation(referrer)

        gone, page = follow(visitor, f"/i/{invitation.token}/")

        touch = Touch.objects.get()
        assert (touch.kind, touch.invitation) == (TouchKind.INVITATION, invitation)
        assert Invitation.objects.get().status == InvitationStatus.CLICKED
        assert touch.token in gone["Location"]
        assert PROMISE in text_of(page)

    def test_is_stopped_by_a_button_and_not_by_looking(self, visitor, referrer):
        invitation = make_invitation(referrer)
        address = f"/i/{invitation.token}/stop/"

        looked = visitor.get(address)
        untouched = InvitationBlock.objects.count()
        done = visitor.post(address, follow=True)

        assert "Stop this friend’s invitations?" in text_of(looked)
        assert (untouched, InvitationBlock.objects.count()) == (0, 1)
        assert "This friend’s invitations have stopped" in text_of(done)
        assert Invitation.objects.get().status == InvitationStatus.OPTED_OUT

    def test_that_is_unknown_is_stopped_like_any_other(self, visitor, programme):
        assert "have stopped" in text_of(visitor.post("/i/nothing-of-ours/stop/", follow=True))


class TestTheProgramme:
    def test_is_explained_with_what_it_brings_and_its_terms(self, visitor, programme):
        said = text_of(visitor.get("/refer/"))

        assert str(programme.names) in said
        assert str(programme.rewards_in_words) in said
        assert PROMISE in said
        assert "One reward a friend." in said

    def test_is_linked_from_the_shop_only_where_one_runs(self, visitor, market):
        before = visitor.get("/").content.decode()
        programme = make_programme(market.division)
        running = visitor.get("/").content.decode()
        services.pause_programme(programme.pk, by=make_person(Role.OPERATOR, market.division))
        after = visitor.get("/").content.decode()

        assert ["/refer/" in page for page in (before, running, after)] == [False, True, False]

    def test_that_does_not_run_says_so(self, visitor, market):
        assert "No program runs here at the moment" in text_of(visitor.get("/refer/"))


class TestTakingPart:
    @pytest.fixture
    def account(self, market, programme) -> Account:
        order = make_order(OrderStatus.COMPLETED, market)
        _customer, account = order.parties()
        return account

    def form(self, account, **changed):
        email = account.customer.contacts.get().email
        return {"account_number": account.number, "verifier": email, "accepted_terms": "on", **changed}

    def test_gives_code_link_and_picture(self, visitor, account):
        page = visitor.post("/refer/", self.form(account), follow=True)

        referrer = Referrer.objects.get()
        shown = page.content.decode()
        assert page.redirect_chain == [(f"/refer/yours/{referrer.code}/", 302)]
        assert shown_code(referrer.code) in shown
        assert link_of(referrer) in shown
        assert '<svg role="img" aria-label="QR code of the link"' in shown
        assert reverse("selfcare:referrals") in shown

    def test_keeps_what_was_agreed_to_and_whence(self, visitor, account, programme):
        visitor.post("/refer/", self.form(account), headers={"user-agent": "A browser"})

        referrer = Referrer.objects.get()
        assert referrer.terms_version == programme.terms_version
        assert referrer.terms_evidence["address"] == "127.0.0.1"
        assert referrer.terms_evidence["browser"] == "A browser"

    def test_shows_nobody_whose_code_it_is(self, visitor, account):
        page = visitor.post("/refer/", self.form(account), follow=True)

        assert account.customer.name not in page.content.decode()
        assert account.number not in page.content.decode()

    def test_is_refused_alike_for_a_wrong_number_and_a_wrong_address(self, visitor, account):
        refusals = [
            visitor.post("/refer/", self.form(account, **wrong))
            for wrong in ({"account_number": "9999999"}, {"verifier": "somebody@else.example"})
        ]

        said = {tuple(page.context["form"].non_field_errors()) for page in refusals}
        assert len(said) == 1
        assert not Referrer.objects.exists()

    def test_keeps_what_was_typed_when_it_is_refused(self, visitor, account):
        page = visitor.post("/refer/", self.form(account, accepted_terms=""))

        assert f'value="{account.number}"' in page.content.decode()
        assert page.context["form"].errors == {"accepted_terms": ["Tick that you agree to the terms of the program."]}

    def test_says_why_not_to_who_has_proved_who_they_are(self, visitor, market, programme):
        _customer, account = make_order(OrderStatus.IN_PROGRESS, market).parties()

        page = visitor.post("/refer/", self.form(account))

        assert page.context["form"].non_field_errors() == [
            "Nothing is installed on this account yet. You can refer friends from then on."
        ]

    def test_is_tried_only_so_often(self, visitor, account, settings):
        settings.THROTTLE_FACTOR = 1
        tries = [visitor.post("/refer/", self.form(account, verifier=str(n))).status_code for n in range(11)]

        assert tries == [200] * 10 + [429]

    def test_of_another_market_is_not_shown_here(self, visitor, elsewhere):
        assert visitor.get(f"/refer/yours/{make_referrer(elsewhere).code}/").status_code == 404


class TestTheCodeOnAnOrder:
    @pytest.fixture
    def order(self, visitor, referrer) -> Order:
        return visitor.begin()

    def send(self, visitor, order, **changed):
        return visitor.post(f"/order/{order.token}/details/", {**DETAILS, **changed})

    def marks(self, order):
        order.refresh_from_db()
        return order.attribution

    def test_is_kept_however_it_is_typed(self, visitor, order, referrer):
        code = referrer.code

        self.send(visitor, order, code=f" {code[:3].lower()}-{code[3:]} ")

        assert self.marks(order) == [f"code:{code}"]

    def test_that_nobody_has_is_said_kindly_and_loses_nothing(self, visitor, order):
        page = self.send(visitor, order, code="ABC 2345")

        assert "We do not know this code." in page.context["form"].errors["code"][0]
        assert 'value="Jo Sample"' in page.content.decode()
        assert self.marks(order) == []

    def test_of_another_market_is_unknown_here(self, visitor, order, elsewhere):
        page = self.send(visitor, order, code=make_referrer(elsewhere).code)

        assert "code" in page.context["form"].errors

    def test_that_earns_nothing_today_is_kept_and_said(self, visitor, market, order, referrer):
        services.suspend_referrer(referrer.pk, "To be looked at.", by=make_person(Role.OPERATOR, market.division))

        self.send(visitor, order, code=referrer.code)
        page = visitor.get(f"/order/{order.token}/details/")

        assert self.marks(order) == [f"code:{referrer.code}"]
        assert "This code brings no reward at the moment." in page.content.decode()

    def test_is_replaced_by_another_and_taken_off_again(self, visitor, market, order, referrer):
        other = make_referrer(market)
        seen = []
        for code in (referrer.code, other.code, ""):
            self.send(visitor, order, code=code)
            seen.append(self.marks(order))

        assert seen == [[f"code:{referrer.code}"], [f"code:{other.code}"], []]

    def test_stands_in_the_form_again_and_on_the_review(self, visitor, market, order, referrer):
        self.send(visitor, order, code=referrer.code)

        form = visitor.get(f"/order/{order.token}/details/").content.decode()
        self.answer_the_rest(visitor, order)
        review = text_of(visitor.get(f"/order/{order.token}/review/"))

        assert f'value="{shown_code(referrer.code)}"' in form
        assert f"Who sent you Code {shown_code(referrer.code)}" in review

    def answer_the_rest(self, visitor, order):
        for name, field in (("appointment", "slot"), ("terms", "terms")):
            page = visitor.get(f"/order/{order.token}/{name}/").content.decode()
            fields = dict(re.findall(r'<input[^>]*name="(terms|shown|slot)"[^>]*value="([^"]*)"', page))
            assert field in fields
            visitor.post(f"/order/{order.token}/{name}/", {**fields, "agree": "on"})

    def test_is_asked_for_only_where_customers_bring_friends(self, visitor, elsewhere):
        other = Visitor(elsewhere)

        page = other.get(f"/order/{other.begin().token}/details/").content.decode()

        assert 'name="code"' not in page


class TestStatements:
    def test_of_a_welcome_are_few(self, visitor, referrer):
        gone, _page = follow(visitor, f"/r/{referrer.code}/")

        count, page = statements_of(lambda: visitor.get(gone["Location"]))

        assert page.status_code == 200
        assert count <= 3
