"""What a person's rewards add up to, and what they read of the one that they were promised as a friend."""

import pytest
from django.urls import reverse

from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from interfaces.selfcare.friends import friends_of, totals_of
from referrals.models import Invitation, Referral
from tests.commissions.paying import make_earned_as_a_friend, make_payouts
from tests.commissions.staging import make_partly_taken_back

pytestmark = pytest.mark.django_db


class TestTotals:
    def test_say_what_was_credited_and_what_of_it_is_still_to_be_set_off(self):
        _stage, reward = make_partly_taken_back()

        totals = {total.label: total.amount for total in totals_of([reward.referral.referrer])}

        assert totals["Credited on your bills"] == "$50.00"
        assert totals["To be set off"] == f"${reward.clawed_back}"


class TestTheWay:
    def test_shows_no_link_as_opened_that_nobody_has_opened(self):
        _stage, reward = make_partly_taken_back()
        invitation = Invitation.objects.create(
            referrer=reward.referral.referrer, division=reward.division, friend_name="Robin", email="robin@people.example",
            email_key="robin@people.example", language="en", key="one", status="ordered",
        )  # fmt: skip
        Referral.objects.update(invitation=invitation)

        (friend,) = friends_of([reward.referral.referrer], None)

        labels = [step["label"] for step in friend.steps]
        assert "Invited" in labels
        assert "Link opened" not in labels


class TestTheFriend:
    def test_reads_how_far_their_own_reward_is_and_finds_the_statements(self, client):
        payouts = make_payouts()
        person = make_person(Role.CUSTOMER, payouts.division)
        reward = make_earned_as_a_friend(payouts, person)
        sign_in(client, person)

        start, friends = (client.get(reverse(f"selfcare:{name}")).content.decode() for name in ("start", "referrals"))

        for expected in (f"Bill credit for order {reward.referral.order.number}", "$25.00", "Earned."):
            assert expected in start
        for page in (start, friends):
            assert reverse("selfcare:statements") in page


class TestTheDesk:
    def test_finds_what_was_taken_back_in_part_among_what_was_taken_back(self, client):
        stage, reward = make_partly_taken_back()
        sign_in(client, make_person(Role.SUPERVISOR, stage.division))

        found = client.get(reverse("desk:rewards"), {"status": "reversed"}).content.decode()
        page = client.get(reverse("desk:reward", args=[reward.pk])).content.decode()

        assert reverse("desk:reward", args=[reward.pk]) in found
        assert "taken back of it" in page
