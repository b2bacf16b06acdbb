"""Links and invitations that were followed: recorded before anybody is sent on."""

from datetime import timedelta

import pytest
import time_machine

from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.testing import make_market
from referrals import services
from referrals.events import FriendTouched
from referrals.models import Touch
from referrals.queries import link_in_invitation, link_of
from referrals.states import InvitationStatus, TouchKind
from referrals.testing import make_invitation, make_programme, make_referrer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_referrals_listen")]


@pytest.fixture
def market(only_referrals_listen):
    del only_referrals_listen  # before anything happens
    return make_market()


@pytest.fixture
def referrer(market):
    return make_referrer(market)


class TestLink:
    def test_leads_to_the_site_of_the_referrers_market(self, referrer, settings):
        assert link_of(referrer) == f"{settings.SITE_URL}/r/{referrer.code}/"

    def test_keeps_the_path_of_a_market_below_another_ones_site(self, referrer, market, settings):
        market.site.path_prefix = "/hollow"
        market.site.save()

        assert link_of(referrer) == f"{settings.SITE_URL}/hollow/r/{referrer.code}/"
        assert link_in_invitation("x", referrer.division) == f"{settings.SITE_URL}/hollow/i/x/"


class TestRecordClick:
    def test_records_the_touch_before_anybody_is_sent_on(self, referrer, market):
        with time_machine.travel(now(), tick=False):
            click = services.record_click(referrer.code, division=market.division)
            touch = Touch.objects.get()

            assert (touch.kind, touch.referrer, touch.at) == (TouchKind.LINK, referrer, now())
        assert (click.touch_token, click.earns, click.invitation) == (touch.token, True, None)
        assert (click.programme, click.referrer_first_name) == (referrer.programme, "Robin")
        assert published(FriendTouched) == [FriendTouched(touch_id=touch.pk)]

    def test_knows_a_code_however_it_was_typed(self, referrer, market):
        assert services.record_click(f"{referrer.code[:3].lower()} {referrer.code[3:]}", division=market.division)

    def test_tells_an_unknown_code_from_one_that_earns_nothing(self, market):
        assert services.record_click("ZZZZZZZ", division=market.division) is None
        assert not Touch.objects.exists()

    def test_earns_nothing_for_a_deactivated_referrer_and_still_lands(self, referrer, market):
        services.suspend_referrer(referrer.pk, "Looks odd", by=make_person(Role.CSR, market.division))

        click = services.record_click(referrer.code, division=market.division)

        assert (click.touch_token, click.programme) == ("", referrer.programme)
        assert not Touch.objects.exists()

    def test_earns_nothing_while_the_programme_rests_or_is_over(self, referrer, market):
        services.pause_programme(referrer.programme_id, by=make_person(Role.OPERATOR, market.division))
        assert services.record_click(referrer.code, division=market.division).touch_token == ""

        services.start_programme(referrer.programme_id, by=make_person(Role.OPERATOR, market.division))
        referrer.programme.ends_on = today(market.division)
        referrer.programme.save()
        with time_machine.travel(now() + timedelta(days=2)):
            assert services.record_click(referrer.code, division=market.division).touch_token == ""

    def test_earns_nothing_in_another_market(self, referrer):
        assert services.record_click(referrer.code, division=make_division()).touch_token == ""

    def test_counts_on_the_site_of_a_market_above_or_below(self, referrer, market):
        below = make_division(parent=market.division)

        assert services.record_click(referrer.code, division=below).touch_token

    def test_earns_nothing_on_the_site_of_a_market_with_a_programme_of_its_own(self, referrer, market):
        below = make_division(parent=market.division)
        make_programme(below)

        assert services.record_click(referrer.code, division=below).touch_token == ""


class TestOpenInvitation:
    def test_records_the_touch_and_that_the_letter_was_opened(self, referrer, market):
        invitation = make_invitation(referrer)
        drain()

        click = services.open_invitation(invitation.token, division=market.division)

        invitation.refresh_from_db()
        touch = Touch.objects.get()
        assert (touch.kind, touch.invitation, touch.token) == (TouchKind.INVITATION, invitation, click.touch_token)
        assert (invitation.status, invitation.clicked_at) == (InvitationStatus.CLICKED, touch.at)

    def test_keeps_the_first_moment_and_records_every_touch(self, referrer, market):
        invitation = make_invitation(referrer)
        services.open_invitation(invitation.token, division=market.division)
        invitation.refresh_from_db()
        first = invitation.clicked_at

        services.open_invitation(invitation.token, division=market.division)

        invitation.refresh_from_db()
        assert (Touch.objects.count(), invitation.clicked_at) == (2, first)

    def test_of_one_that_was_taken_back_earns_nothing_and_still_lands(self, referrer, market):
        invitation = make_invitation(referrer)
        services.withdraw_invitation(invitation.pk, by=None)

        click = services.open_invitation(invitation.token, division=market.division)

        assert (click.touch_token, click.invitation) == ("", invitation)
        assert not Touch.objects.exists()

    def test_knows_no_other_token(self, market):
        assert services.open_invitation("unknown", division=market.division) is None
