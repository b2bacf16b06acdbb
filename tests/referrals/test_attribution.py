"""An order is resolved once, as of the moment at which it was submitted."""

from datetime import timedelta

import pytest
import time_machine
from django.db import InternalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.testing import make_details, make_partner
from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.events.testing import drain, published
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import InstalledService, Order
from orders.queries import open_slots
from orders.services import CODE_MARK, add_attribution, cancel_order, forget_code, hold_slot, refresh_draft
from orders.states import CancelReason, OrderStatus
from orders.testing import bring_to, make_draft, make_market, make_order, make_slots, submit
from referrals import services
from referrals.events import ReferralMade, SignalRaised
from referrals.models import Invitation, Referral, ResolvedTouch, Signal, Touch
from referrals.queries import resolved_touches_of
from referrals.settings import MOST_IN_A_DAY
from referrals.states import (
    InvitationStatus,
    ReferralStatus,
    SignalKind,
    TouchKind,
    TouchOutcome,
    TouchPreference,
)
from referrals.testing import make_click, make_friend_row, make_invitation, make_programme, make_referral, make_referrer
from territory.services import end_occupancy
from territory.states import NETWORK_FAMILIES
from territory.testing import make_premises
from tests.orders.racing import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_referrals_listen")]


@pytest.fixture
def market(only_referrals_listen):
    del only_referrals_listen  # before anything happens
    return make_market(capacity=50)


@pytest.fixture
def referrer(market):
    return make_referrer(market)


def draft(market, *marks, **changes):
    order = make_draft(market, **changes)
    for mark in marks:
        add_attribution(order.pk, mark)
    return order


def order_by(market, *marks, **changes):
    """Place an order that carries marks, and resolve it."""
    order = submit(draft(market, *marks, **changes))
    services.resolve_order(order.pk)
    return order


def code(referrer):
    return f"{CODE_MARK}{referrer.code}"


def link(referrer):
    return f"touch:{make_click(referrer).token}"


def outcomes(order):
    return [(row.touch.kind, row.outcome) for row in resolved_touches_of(order)]


class TestAddAttribution:
    def test_keeps_a_code_once_and_another_in_its_place(self, market):
        order = make_draft(market)

        for mark in ("touch:a", "code:AAA2222", "code:AAA2222", "touch:a", "code:BBB3333"):
            add_attribution(order.pk, mark)

        assert Order.objects.get(pk=order.pk).attribution == ["touch:a", "code:BBB3333"]

    def test_forgets_a_code_that_was_cleared(self, market):
        order = draft(market, "touch:a", "code:AAA2222")

        for _twice in range(2):
            forget_code(order.pk)

        assert Order.objects.get(pk=order.pk).attribution == ["touch:a"]

    def test_is_refused_once_the_order_is_submitted(self, market):
        order = submit(make_draft(market))

        for change in (lambda: add_attribution(order.pk, "code:AAA2222"), lambda: forget_code(order.pk)):
            with pytest.raises(NotAllowed):
                change()


class TestResolveOrder:
    def test_makes_a_referral_of_a_link(self, market, referrer):
        order = order_by(market, link(referrer), details=make_details(name="Fay Friend"))

        referral = Referral.objects.get()
        assert (referral.referrer, referral.order, referral.status) == (referrer, order, ReferralStatus.ORDERED)
        assert (referral.friend, referral.friend_account) == (order.customer, order.account)
        assert (referral.friend_label, referral.ordered_at) == ("Fay", order.submitted_at)
        assert outcomes(order) == [(TouchKind.LINK, TouchOutcome.WON)]
        assert published(ReferralMade) == [ReferralMade(referral_id=referral.pk)]

    def test_credits_a_code_typed_at_checkout_like_a_link(self, market, referrer):
        order = order_by(market, code(referrer))

        assert Referral.objects.get().referrer == referrer
        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.WON)]

    def test_reads_a_code_as_it_was_said_or_written(self, market, referrer):
        order_by(market, f"{CODE_MARK} {referrer.code[:3].lower()}-{referrer.code[3:]} ")

        assert Referral.objects.get().referrer == referrer

    def test_credits_the_invited_address_on_any_device(self, market, referrer):
        invitation = make_invitation(referrer, email="Fay.Friend@gmail.com", name="My Fay")
        drain()

        order = order_by(market, details=make_details(email="fayfriend+tv@googlemail.com"))

        referral = Referral.objects.get()
        invitation.refresh_from_db()
        assert (referral.invitation, referral.friend_label) == (invitation, "My Fay")
        assert (invitation.status, invitation.ended_at) == (InvitationStatus.ORDERED, order.submitted_at)
        assert outcomes(order) == [(TouchKind.INVITED_ADDRESS, TouchOutcome.WON)]

    def test_survives_a_cart_that_was_left_for_weeks(self, market, referrer):
        order = draft(market, link(referrer))

        with time_machine.travel(now() + timedelta(days=30)):
            make_slots(market.division, capacity=5)
            order = submit_later(order)

        assert services.resolve_order(order.pk).referrer == referrer

    def test_is_done_once_however_often_it_is_asked(self, market, referrer):
        order = order_by(market, link(referrer), code(referrer))

        again = services.resolve_order(order.pk)

        assert again == Referral.objects.get()
        assert (Touch.objects.count(), ResolvedTouch.objects.count()) == (2, 2)
        assert len(published(ReferralMade)) == 1

    def test_keeps_the_winning_touch_and_every_losing_one(self, market, referrer):
        other = make_referrer(market)
        suspended = make_referrer(market)
        marks = [link(other), link(suspended), link(referrer), code(referrer)]
        services.suspend_referrer(suspended.pk, "Looks odd", by=make_person(Role.CSR, market.division))

        order = order_by(market, *marks)

        assert [(row.rank, row.touch.referrer, row.outcome) for row in resolved_touches_of(order)] == [
            (1, referrer, TouchOutcome.WON),
            (2, other, TouchOutcome.OUTRANKED),
            (3, referrer, TouchOutcome.OUTRANKED),
            (4, suspended, TouchOutcome.REFERRER_INACTIVE),
        ]

    @pytest.mark.parametrize(("preference", "place"), [(TouchPreference.FIRST, 0), (TouchPreference.LAST, 1)])
    def test_follows_the_programmes_preference_among_links(self, market, preference, place):
        make_programme(market.division, preference=preference)
        referrers = [make_referrer(market), make_referrer(market)]

        order_by(market, *[link(one) for one in referrers])

        assert Referral.objects.get().referrer == referrers[place]

    @pytest.mark.parametrize(
        ("early", "outcome"), [(timedelta(seconds=1), TouchOutcome.WON), (timedelta(0), TouchOutcome.OUTSIDE_WINDOW)]
    )
    def test_ends_the_window_to_the_second(self, market, early, outcome):
        make_programme(market.division, window_days=7)
        referrer = make_referrer(market)
        order = make_draft(market)
        moment = now()
        with time_machine.travel(moment, tick=False):
            add_attribution(order.pk, link(referrer))

        with time_machine.travel(moment + timedelta(days=7) - early, tick=False):
            order = submit_later(order)
            services.resolve_order(order.pk)

        assert outcomes(order) == [(TouchKind.LINK, outcome)]

    def test_asks_who_was_active_when_the_friend_ordered_not_now(self, market, referrer):
        csr = make_person(Role.CSR, market.division)
        before = submit(draft(market, code(referrer)))
        services.suspend_referrer(referrer.pk, "Looks odd", by=csr)
        during = submit(draft(market, code(referrer)))
        services.return_referrer(referrer.pk, by=csr)

        for order in (before, during):
            services.resolve_order(order.pk)

        assert outcomes(before) == [(TouchKind.CODE, TouchOutcome.WON)]
        assert outcomes(during) == [(TouchKind.CODE, TouchOutcome.REFERRER_INACTIVE)]

    def test_asks_whether_the_programme_ran_when_the_friend_ordered(self, market, referrer):
        operator = make_person(Role.OPERATOR, market.division)
        before = submit(draft(market, code(referrer)))
        services.pause_programme(referrer.programme_id, by=operator)
        during = submit(draft(market, code(referrer)))
        services.start_programme(referrer.programme_id, by=operator)

        for order in (before, during):
            services.resolve_order(order.pk)

        assert outcomes(before) == [(TouchKind.CODE, TouchOutcome.WON)]
        assert outcomes(during) == [(TouchKind.CODE, TouchOutcome.PROGRAMME_INACTIVE)]

    def test_credits_no_code_of_another_market(self, market):
        stranger = make_referrer(make_market())

        order = order_by(market, code(stranger))

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.OTHER_MARKET)]
        assert not Referral.objects.exists()

    def test_credits_a_programme_from_above_only_where_none_of_the_market_itself_ran(self, market, referrer):
        below = make_market(make_division(parent=market.division), capacity=50)
        operator = make_person(Role.OPERATOR, below.division)
        before = submit(draft(below, code(referrer)))
        own = make_programme(below.division)
        during = submit(draft(below, code(referrer)))
        services.pause_programme(own.pk, by=operator)
        after = submit(draft(below, code(referrer)))
        services.start_programme(own.pk, by=operator)

        for order in (before, during, after):
            services.resolve_order(order.pk)

        assert [outcomes(order)[0][1] for order in (before, during, after)] == [
            TouchOutcome.WON,
            TouchOutcome.OTHER_MARKET,
            TouchOutcome.WON,
        ]

    def test_leaves_out_a_code_that_is_none_of_ours(self, market):
        order = order_by(market, f"{CODE_MARK}NOTOURS", "touch:neither", "partner:one")

        assert outcomes(order) == []

    def test_is_refused_for_a_cart(self, market):
        with pytest.raises(NotAllowed):
            services.resolve_order(make_draft(market).pk)

    def test_counts_no_invitation_that_was_taken_back_before_the_order(self, market, referrer):
        invitation = make_invitation(referrer, email="fay@people.example")
        services.withdraw_invitation(invitation.pk, by=None)

        order = order_by(market, details=make_details(email="fay@people.example"))

        assert outcomes(order) == []

    def test_counts_an_invitation_that_was_taken_back_after_the_order(self, market, referrer):
        invitation = make_invitation(referrer, email="fay@people.example")
        order = submit(draft(market, details=make_details(email="fay@people.example")))
        services.withdraw_invitation(invitation.pk, by=None)

        services.resolve_order(order.pk)

        assert outcomes(order) == [(TouchKind.INVITED_ADDRESS, TouchOutcome.WON)]

    def test_counts_no_invitation_that_came_after_the_order(self, market, referrer):
        order = submit(draft(market, details=make_details(email="fay@people.example")))
        make_invitation(referrer, email="fay@people.example")

        services.resolve_order(order.pk)

        assert outcomes(order) == []

    def test_takes_as_many_statements_for_ten_touches_as_for_two(self, market):
        referrers = [make_referrer(market) for _ in range(5)]
        counts = []
        for repeat in (1, 5):
            order = submit(draft(market, *[link(one) for one in referrers[:2] for _ in range(repeat)]))
            with CaptureQueriesContext(connection) as queries:
                services.resolve_order(order.pk)
            counts.append(len(queries))

        assert counts[0] == counts[1]

    def test_is_never_changed_afterwards(self, market, referrer):
        order_by(market, code(referrer))

        with pytest.raises(InternalError, match="Cannot update"):
            ResolvedTouch.objects.update(rank=7)


def submit_later(order):
    """Submit a cart that was left for so long that its address is checked and its visit chosen again."""
    refresh_draft(order.pk)
    hold_slot(order.pk, open_slots(order.division)[0].pk)
    return submit(Order.objects.get(pk=order.pk))


class TestSelfReferral:
    @pytest.mark.parametrize(
        ("own", "typed"),
        [
            ({"email": "rob.in@gmail.com"}, {"email": "robin+second@googlemail.com"}),
            ({"email": "robin@people.example"}, {"email": "Robin+me@people.example"}),
            ({"phone": "202 555 9876"}, {"phone": "(202) 555-9876"}),
        ],
    )
    def test_earns_nothing_by_e_mail_or_phone(self, market, own, typed):
        referrer = make_referrer(market, details=make_details(**own))

        order = order_by(market, code(referrer), details=make_details(**typed))

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.SELF_REFERRAL)]

    def test_earns_nothing_by_sign_in(self, market):
        user = make_person()
        referrer = make_referrer(market, user=user)

        order = order_by(market, code(referrer), by=user)

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.SELF_REFERRAL)]


class TestNewCustomer:
    def test_is_nobody_who_is_one_already(self, market, referrer):
        details = make_details()
        make_order(OrderStatus.COMPLETED, market, details=details)

        order = order_by(market, code(referrer), details=details, premises=make_premises(market.division))

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.NOT_NEW)]

    @pytest.mark.parametrize(
        ("known", "typed"),
        [
            ("ann.lee+tv@gmail.com", "annlee@googlemail.com"),
            ("annlee@gmail.com", "ann.lee+2@gmail.com"),
            ("ann+1@people.example", "ann+2@people.example"),
        ],
    )
    def test_is_nobody_who_is_one_already_under_a_variant_of_their_mailbox(self, market, referrer, known, typed):
        make_order(OrderStatus.COMPLETED, market, details=make_details(email=known, phone="202 555 0101"))

        order = order_by(market, code(referrer), details=make_details(email=typed, phone="202 555 0102"))

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.NOT_NEW)]

    def test_is_nobody_whose_earlier_order_is_on_its_way(self, market, referrer):
        details = make_details()
        make_order(OrderStatus.ACKNOWLEDGED, market, details=details)

        order = order_by(market, code(referrer), details=details)

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.NOT_NEW)]

    def test_is_who_has_cancelled_before(self, market, referrer):
        details = make_details()
        make_order(OrderStatus.CANCELLED, market, details=details)

        order = order_by(market, code(referrer), details=details)

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.WON)]

    @pytest.mark.parametrize(("days_gone", "outcome"), [(360, TouchOutcome.NOT_NEW), (370, TouchOutcome.WON)])
    def test_is_a_former_one_who_has_been_gone_for_the_programmes_months(self, market, referrer, days_gone, outcome):
        details = make_details()
        before = make_order(OrderStatus.COMPLETED, market, details=details)
        gone = today(market.division) - timedelta(days=days_gone)
        InstalledService.objects.filter(line__order=before).update(since=gone - timedelta(days=9), until=gone)
        before.account.close()
        before.account.save()

        order = order_by(market, code(referrer), details=details)

        assert outcomes(order) == [(TouchKind.CODE, outcome)]

    def test_is_who_this_very_order_has_made_one_before_it_was_resolved(self, market, referrer):
        order = bring_to(draft(market, code(referrer)), OrderStatus.COMPLETED)

        services.resolve_order(order.pk)

        assert outcomes(order) == [(TouchKind.CODE, TouchOutcome.WON)]


class TestBinding:
    def test_keeps_a_customer_with_the_first_referrer(self, market, referrer):
        details = make_details()
        order_by(market, code(referrer), details=details)
        other = make_referrer(market)

        second = order_by(market, code(other), link(referrer), details=details)

        assert outcomes(second) == [
            (TouchKind.CODE, TouchOutcome.BOUND_ELSEWHERE),
            (TouchKind.LINK, TouchOutcome.NOT_NEW),
        ]
        assert Referral.objects.get().referrer == referrer

    def test_ends_with_a_referral_that_came_to_nothing(self, market, referrer):
        details = make_details()
        first = make_referral(referrer, market, details=details)
        _cancel(first.order)
        other = make_referrer(market)

        second = order_by(market, code(other), details=details)

        assert outcomes(second) == [(TouchKind.CODE, TouchOutcome.WON)]

    def test_lets_an_invited_friend_try_again_after_cancelling(self, market, referrer):
        make_invitation(referrer, email="fay@people.example")
        details = make_details(email="fay@people.example")
        first = order_by(market, details=details)
        _cancel(first)

        second = order_by(market, details=details)

        assert outcomes(second) == [(TouchKind.INVITED_ADDRESS, TouchOutcome.WON)]


def _cancel(order):
    cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)
    services.record_ending(order.pk)


class TestSignals:
    def kinds(self):
        return list(Signal.objects.order_by("pk").values_list("kind", flat=True))

    def test_are_raised_at_the_referrers_own_address(self, market, referrer):
        reference = f"order {referrer.account.orders.get().number}"
        end_occupancy(referrer.account.premises_id, NETWORK_FAMILIES, today(market.division), reference)
        order_by(market, code(referrer), premises=referrer.account.premises)

        assert self.kinds() == [SignalKind.SAME_ADDRESS]
        signal = Signal.objects.get()
        assert Referral.objects.get().status == ReferralStatus.ORDERED
        assert published(SignalRaised) == [SignalRaised(referral_id=signal.referral_id, signal_id=signal.pk)]

    def test_are_raised_for_a_namesake_in_the_same_street(self, market):
        referrer = make_referrer(market, details=make_details(name="Robin Resident"))
        order_by(market, code(referrer), details=make_details(name="Ray resident"))
        order_by(market, code(referrer), details=make_details(name="Ray Other"))
        elsewhere = make_premises(market.division, "12 Quiet Lane")
        order_by(market, code(referrer), details=make_details(name="Ria Resident"), premises=elsewhere)

        assert self.kinds() == [SignalKind.SAME_SURNAME]

    def test_are_raised_for_who_credits_themselves_for_what_they_sell(self, market):
        csr, partner = make_person(Role.CSR, market.division), make_partner(market.division, user=make_person())
        signed_in = make_referrer(market, user=partner.user)
        by_mailbox = make_referrer(market, details=make_details(email=csr.email))
        somebody = make_referrer(market)

        order_by(market, code(signed_in), by=partner.user, sold_for=partner)
        order_by(market, code(by_mailbox), by=csr)
        order_by(market, code(somebody), by=csr)
        order_by(market, code(somebody))

        assert self.kinds() == [SignalKind.SOLD_BY_REFERRER, SignalKind.SOLD_BY_REFERRER]

    @pytest.mark.parametrize(("days_gone", "kinds"), [(360, [SignalKind.SERVED_ADDRESS]), (370, [])])
    def test_are_raised_where_somebody_else_was_served_lately(self, market, referrer, days_gone, kinds):
        before = make_order(OrderStatus.COMPLETED, market)
        reference = f"order {before.number}"
        end_occupancy(before.premises_id, NETWORK_FAMILIES, today(market.division), reference)
        gone = today(market.division) - timedelta(days=days_gone)
        InstalledService.objects.filter(line__order=before).update(since=gone - timedelta(days=9), until=gone)
        before.account.close()
        before.account.save()

        order_by(market, code(referrer), details=make_details(name="Somebody New"), premises=before.premises)

        assert self.kinds() == kinds

    def test_are_raised_for_more_in_a_day_than_the_division_finds_usual(self, market, referrer):
        set_value(market.division, MOST_IN_A_DAY, value=2)
        moment = now()
        for hours in (0, 1, 25, 25.5, 26):
            with time_machine.travel(moment + timedelta(hours=hours)):
                make_slots(market.division, capacity=5)
                order_by(market, code(referrer), details=make_details(name=f"Ray Number{hours}"))

        assert self.kinds() == [SignalKind.VELOCITY]


@pytest.mark.django_db(transaction=True)
class TestOneFriendInTwoTabs:
    def test_is_one_referral(self, market):
        referrers = [make_referrer(market), make_referrer(market)]
        details = make_details()
        orders = [
            submit(draft(market, code(one), details=details, premises=make_premises(market.division)))
            for one in referrers
        ]

        outcomes_of = together(*[lambda pk=order.pk: services.resolve_order(pk) for order in orders])

        assert [one for one in outcomes_of if isinstance(one, Exception)] == []
        assert Referral.objects.count() == 1

    def test_resolves_one_order_once(self, market):
        referrer = make_referrer(market)
        order = submit(draft(market, code(referrer)))

        found = together(*[lambda: services.resolve_order(order.pk)] * 4)

        assert {one.pk for one in found} == {Referral.objects.get().pk}
        assert ResolvedTouch.objects.count() == 1


def test_a_form_and_a_letter_are_one_story(market, referrer):
    """From the row of a form to the referral, by nothing but facts."""
    row = make_friend_row(market.division, email="fay@people.example", name="Fay")
    services.invite_friends(referrer.pk, [row], form_key="f", language="en", by=None)
    drain()
    invitation = Invitation.objects.get()
    click = services.open_invitation(invitation.token, division=market.division)

    order = submit(draft(market, f"touch:{click.touch_token}"))
    services.resolve_order(order.pk)

    referral = Referral.objects.get()
    assert (referral.invitation, referral.friend_label) == (invitation, "Fay")
