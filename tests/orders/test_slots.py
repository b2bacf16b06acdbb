"""Places in slots."""

import threading
import time
from datetime import timedelta
from typing import ClassVar

import pytest
import time_machine
from django.db import InternalError, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse

from foundation.divisions.services import set_value
from foundation.divisions.testing import make_division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from orders import services
from orders.models import Appointment, AppointmentSlot
from orders.queries import open_slots
from orders.services import appointments
from orders.settings import EARLIEST_DAYS, HOLD_MINUTES, LATEST_DAYS
from orders.states import AppointmentStatus
from orders.testing import make_cart, make_draft, make_market, make_order
from tests.orders.racing import together


def taken(slot):
    return AppointmentSlot.objects.get(pk=slot.pk).booked


@pytest.fixture
def market(db):
    return make_market(capacity=1)


class TestHoldSlot:
    def test_keeps_it_for_as_long_as_the_market_says(self, market):
        set_value(market.division, HOLD_MINUTES, 7)
        order, slot = make_cart(market), open_slots(market.division)[0]

        with time_machine.travel(now(), tick=False):
            appointment = services.hold_slot(order.pk, slot.pk)

            assert appointment.held_until == now() + timedelta(minutes=7)
        assert taken(slot) == 1

    def test_gives_back_the_one_before(self, market):
        order, (first, second, *_rest) = make_cart(market), open_slots(market.division)
        for slot in (first, second, first):
            services.hold_slot(order.pk, slot.pk)

        assert (taken(first), taken(second)) == (1, 0)

    def test_counts_the_same_one_once(self, market):
        order, slot = make_cart(market), open_slots(market.division)[0]
        services.hold_slot(order.pk, slot.pk)

        services.hold_slot(order.pk, slot.pk)

        assert taken(slot) == 1

    def test_is_refused_for_one_that_is_full(self, market):
        slot = open_slots(market.division)[0]
        services.hold_slot(make_cart(market).pk, slot.pk)

        with pytest.raises(NotAllowed) as refusal:
            services.hold_slot(make_cart(market).pk, slot.pk)

        assert refusal.value.code == "slot_taken"

    def test_is_refused_for_another_market_and_for_the_past(self, market):
        order, elsewhere = make_cart(market), open_slots(make_market().division)[0]
        over = open_slots(market.division)[0]

        with pytest.raises(NotAllowed, match="not available"):
            services.hold_slot(order.pk, elsewhere.pk)
        with time_machine.travel(over.starts_at), pytest.raises(NotAllowed, match="not available"):
            services.hold_slot(order.pk, over.pk)

    @pytest.mark.parametrize("position", [0, -1])
    def test_is_refused_outside_the_days_that_are_offered(self, market, position):
        order, slot = make_cart(market), open_slots(market.division)[position]
        set_value(market.division, EARLIEST_DAYS, 3)
        set_value(market.division, LATEST_DAYS, 5)

        with pytest.raises(NotAllowed) as refusal:
            services.hold_slot(order.pk, slot.pk)

        assert refusal.value.code == "no_such_slot"
        assert taken(slot) == 0

    def test_keeps_one_place_for_all_the_carts_of_an_address(self, market):
        one = make_draft(market)
        other = make_cart(market, premises=one.premises)
        first, second = one.appointment.slot, open_slots(market.division)[0]

        services.hold_slot(other.pk, second.pk)

        one.appointment.refresh_from_db()
        assert one.appointment.status == AppointmentStatus.RELEASED
        assert (taken(first), taken(second)) == (0, 1)

    def test_takes_over_the_last_place_from_another_cart_of_the_address(self, market):
        one = make_draft(market)
        other = make_cart(market, premises=one.premises)

        services.hold_slot(other.pk, one.appointment.slot_id)

        assert taken(one.appointment.slot) == 1
        assert Appointment.objects.get(order=other).status == AppointmentStatus.HELD

    def test_leaves_what_is_booked_at_the_address(self, market):
        booked = make_order(market=market)

        services.hold_slot(make_cart(market, premises=booked.premises).pk, open_slots(market.division)[0].pk)

        assert Appointment.objects.get(order=booked).status == AppointmentStatus.BOOKED

    def test_is_refused_once_the_order_was_submitted(self, market):
        order, slot = make_order(market=market), open_slots(market.division)[0]

        with pytest.raises(NotAllowed) as refusal:
            services.hold_slot(order.pk, slot.pk)

        assert refusal.value.code == "not_a_draft"

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_want_the_last_one_one_gets_it(self):
        market = make_market(capacity=1)
        slot, *others = open_slots(market.division)
        one, other = make_cart(market), make_cart(market)

        outcomes = together(lambda: services.hold_slot(one.pk, slot.pk), lambda: services.hold_slot(other.pk, slot.pk))

        refusals = [outcome for outcome in outcomes if isinstance(outcome, NotAllowed)]
        assert [refusal.code for refusal in refusals] == ["slot_taken"]
        assert taken(slot) == Appointment.objects.filter(slot=slot).count() == 1
        assert open_slots(market.division) == others

    @pytest.mark.django_db(transaction=True)
    def test_without_the_guard_both_would_get_it(self, monkeypatch):
        market = make_market(capacity=1)
        slot = open_slots(market.division)[0]
        one, other = make_cart(market), make_cart(market)
        both_have_looked = threading.Barrier(2)

        def take_by_what_was_read(wanted):
            assert wanted.booked < wanted.capacity
            both_have_looked.wait(timeout=20)
            AppointmentSlot.objects.filter(pk=wanted.pk).update(booked=wanted.booked + 1)

        monkeypatch.setattr(appointments, "_take", take_by_what_was_read)
        together(lambda: services.hold_slot(one.pk, slot.pk), lambda: services.hold_slot(other.pk, slot.pk))

        assert Appointment.objects.filter(slot=slot).count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_who_swap_their_slots_do_not_wait_for_each_other_for_ever(self):
        market = make_market(capacity=2)
        first, second, *_rest = open_slots(market.division)
        one, other = make_cart(market), make_cart(market)
        services.hold_slot(one.pk, first.pk)
        services.hold_slot(other.pk, second.pk)

        outcomes = together(
            lambda: services.hold_slot(one.pk, second.pk), lambda: services.hold_slot(other.pk, first.pk)
        )

        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert (taken(first), taken(second)) == (1, 1)


class TestEditingASlot:
    """In the admin: what customers were told stays, and what they book meanwhile counts."""

    MOVED: ClassVar = {
        "starts_at_0": "2027-03-01",
        "starts_at_1": "08:00",
        "ends_at_0": "2027-03-01",
        "ends_at_1": "10:00",
    }

    @pytest.fixture
    def operator(self, market):
        return sign_in(Client(), make_person(Role.OPERATOR, market.division))

    def edit(self, operator, slot, **form):
        address = reverse("admin:orders_appointmentslot_change", args=[slot.pk])
        return operator.post(address, {"division": slot.division_id, "capacity": slot.capacity, **self.MOVED, **form})

    def test_moves_no_window_with_visits(self, market, operator):
        slot = open_slots(market.division)[0]
        services.hold_slot(make_cart(market).pk, slot.pk)

        answer = self.edit(operator, slot, capacity=3)

        edited = AppointmentSlot.objects.get(pk=slot.pk)
        assert answer.status_code == 302
        assert (edited.capacity, edited.booked) == (3, 1)
        assert (edited.starts_at, edited.ends_at) == (slot.starts_at, slot.ends_at)

    def test_moves_an_empty_one(self, market, operator):
        slot = open_slots(market.division)[0]

        self.edit(operator, slot)

        assert AppointmentSlot.objects.get(pk=slot.pk).starts_at != slot.starts_at

    @pytest.mark.parametrize("field", ["starts_at", "ends_at", "division"])
    def test_is_refused_by_the_database_too(self, market, field):
        slot = open_slots(market.division)[0]
        later = slot.ends_at + timedelta(minutes=1)
        value = {"starts_at": slot.starts_at + timedelta(minutes=1), "ends_at": later, "division": make_division()}[
            field
        ]
        services.hold_slot(make_cart(market).pk, slot.pk)

        with pytest.raises(InternalError, match="Cannot update"):
            AppointmentSlot.objects.filter(pk=slot.pk).update(**{field: value})

    @pytest.mark.django_db(transaction=True)
    def test_loses_no_place_that_is_taken_meanwhile(self):
        market = make_market(capacity=2)
        slot, order = open_slots(market.division)[0], make_cart(market)
        operator = sign_in(Client(), make_person(Role.OPERATOR, market.division))
        is_taken = threading.Event()

        def take():
            with transaction.atomic():
                services.hold_slot(order.pk, slot.pk)
                is_taken.set()
                time.sleep(1)  # the other has come so far that it waits for this

        def edit():
            is_taken.wait(timeout=20)
            return self.edit(operator, slot, capacity=3)

        _held, answer = together(take, edit)

        edited = AppointmentSlot.objects.get(pk=slot.pk)
        assert answer.status_code == 302
        assert (edited.capacity, edited.booked, edited.starts_at) == (3, 1, slot.starts_at)


class TestReleaseExpiredHolds:
    def test_gives_back_only_what_nobody_came_back_for(self, market):
        forgotten, kept = make_draft(market), make_cart(market)
        with time_machine.travel(now() + timedelta(minutes=30)):
            services.hold_slot(kept.pk, open_slots(market.division)[0].pk)

            released = services.release_expired_holds()

        assert released == 1
        statuses = dict(Appointment.objects.values_list("order", "status"))
        assert statuses == {forgotten.pk: AppointmentStatus.RELEASED, kept.pk: AppointmentStatus.HELD}
        assert taken(forgotten.appointment.slot) == 0

    def test_leaves_what_is_booked(self, market):
        order = make_order(market=market)

        with time_machine.travel(now() + timedelta(days=1)):
            assert services.release_expired_holds() == 0

        assert order.appointment.status == AppointmentStatus.BOOKED


class TestOpenSlots:
    def test_are_those_with_a_place_from_the_earliest_day_to_the_latest(self, market):
        set_value(market.division, EARLIEST_DAYS, 3)
        set_value(market.division, LATEST_DAYS, 5)
        AppointmentSlot.objects.filter(starts_at__gt=now() + timedelta(days=4)).update(booked=F("capacity"))

        slots = open_slots(market.division)

        assert 0 < len(slots) < 5
        assert all(slot.booked < slot.capacity for slot in slots)

    def test_include_the_one_that_the_order_has_anyway(self, market):
        order = make_draft(market)

        assert order.appointment.slot in open_slots(market.division, order=order)
        assert order.appointment.slot not in open_slots(market.division)


class TestRepeatSlots:
    def test_makes_the_same_windows_in_the_weeks_after_once(self, market):
        slot = AppointmentSlot.objects.order_by("starts_at").last()

        made = [services.repeat_slots([slot], weeks=2) for _again in range(2)]

        assert made == [2, 0]
        zone = market.division.zone
        last = AppointmentSlot.objects.order_by("starts_at").last()
        assert last.starts_at.astimezone(zone).time() == slot.starts_at.astimezone(zone).time()
