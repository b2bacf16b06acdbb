"""Places in slots: taken by a guarded update, so that of two who want the last one, one gets it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import now
from orders.models import Appointment, AppointmentSlot, Order
from orders.queries import is_bookable
from orders.services.holding import locked_draft
from orders.settings import HOLD_MINUTES
from orders.states import AppointmentStatus

SUNDAY = 6
CHUNK = 200
"""Holds that are given back in one transaction."""


@transaction.atomic
def hold_slot(order_id: int, slot_id: int) -> Appointment:
    """
    Keep a slot for a cart for a while, instead of the one that it had.

    One address keeps one place: what other carts for the same premises had kept is given back, so that nobody
    empties the calendar with carts.

    :raises NotAllowed: if the slot is full, outside the days that are offered, or of another market, or the order is
        no draft any more
    """
    order = locked_draft(order_id)
    kept_there = Q(order__premises_id=order.premises_id, status=AppointmentStatus.HELD)
    appointments = {one.order_id: one for one in Appointment.objects.filter(Q(order=order) | kept_there)}
    appointment = appointments.pop(order.pk, None)
    if appointments:
        _release_held(Appointment.objects.filter(pk__in=[other.pk for other in appointments.values()]))
    had = appointment.slot_id if appointment and appointment.takes_place else None
    slot = take_place(order.division, slot_id, instead_of=had)
    until = now() + timedelta(minutes=effective(order.division, HOLD_MINUTES))
    if appointment is None:
        return Appointment.objects.create(order=order, slot=slot, held_until=until)
    appointment.hold(slot, until=until)
    appointment.save()
    return appointment


def take_place(division: Division, slot_id: int, *, instead_of: int | None = None) -> AppointmentSlot:
    """
    Take a place in a slot and give back another, in ascending order of slots; the same one again is kept.

    :raises NotAllowed: if the slot is full, outside the days that are offered, or of another market
    """
    slot = AppointmentSlot.objects.filter(pk=slot_id, division=division).first()
    if slot is None or not is_bookable(slot, division):
        raise NotAllowed(_("This appointment is not available. Choose another one."), code="no_such_slot", field="slot")
    if slot.pk == instead_of:
        return slot
    if instead_of is not None and instead_of < slot.pk:
        give_back(instead_of)
    _take(slot)
    if instead_of is not None and instead_of > slot.pk:
        give_back(instead_of)
    return slot


def _take(slot: AppointmentSlot) -> None:
    free = AppointmentSlot.objects.filter(pk=slot.pk, booked__lt=F("capacity"))
    if not free.update(booked=F("booked") + 1):
        raise NotAllowed(
            _("This appointment has just been taken. Choose another one."), code="slot_taken", field="slot"
        )


def give_back(slot_id: int, places: int = 1) -> None:
    """Give places of a slot back."""
    AppointmentSlot.objects.filter(pk=slot_id).update(booked=F("booked") - places)


def book(order: Order) -> None:
    """
    Keep for good what an order, whose row is locked, has of a slot; where its time ran out, take it again.

    :raises NotAllowed: if others have taken it meanwhile
    """
    appointment = Appointment.objects.select_related("slot").get(order=order)
    if not is_bookable(appointment.slot, order.division):
        raise NotAllowed(_("This appointment is not available. Choose another one."), code="slot_taken", field="slot")
    if not appointment.takes_place:
        _take(appointment.slot)
        appointment.hold(appointment.slot, until=now())
    appointment.book()
    appointment.save(update_fields=["status", "held_until"])


def release(order: Order) -> None:
    """Give back what an order, whose row is locked, has of a slot, if anything."""
    appointment = Appointment.objects.filter(order=order).first()
    if appointment and appointment.takes_place:
        appointment.release()
        appointment.save(update_fields=["status", "held_until"])
        give_back(appointment.slot_id)


def release_expired_holds() -> int:
    """Give back the slots that were kept for visitors who did not come back; return how many."""
    released = 0
    while chunk := _release_chunk():
        released += chunk
    return released


@transaction.atomic
def _release_chunk() -> int:
    return _release_held(Appointment.objects.filter(held_until__lte=now()))


def _release_held(appointments: QuerySet[Appointment]) -> int:
    """Give back a chunk of kept places, but for those whose orders somebody is working on; return how many."""
    kept = appointments.filter(status=AppointmentStatus.HELD)
    orders = Order.objects.filter(appointment__in=kept).select_for_update(no_key=True, of=("self",), skip_locked=True)
    held = list(kept.filter(order__in=list(orders.values_list("pk", flat=True)[:CHUNK])).order_by("slot_id"))
    for appointment in held:
        appointment.release()
        give_back(appointment.slot_id)
    Appointment.objects.bulk_update(held, ["status", "held_until"])
    return len(held)


@transaction.atomic
def make_slots(
    division: Division, *, first: date, last: date, windows: Sequence[tuple[time, time]], capacity: int
) -> int:
    """
    Make the slots of some days, Sundays left out, where they are missing; return how many are new.

    :param first: the first day; this and the windows are meant in the division's zone
    :param last: the last day
    """
    days = (first + timedelta(days=count) for count in range((last - first).days + 1))
    return _make_missing(
        _slot(division, day, window, capacity) for day in days if day.weekday() != SUNDAY for window in windows
    )


@transaction.atomic
def repeat_slots(slots: Iterable[AppointmentSlot], *, weeks: int) -> int:
    """Make the same windows on the same weekdays of the coming weeks, where they are missing; return how many are new."""
    repeated = []
    for slot in slots:
        starts, ends = (moment.astimezone(slot.division.zone) for moment in (slot.starts_at, slot.ends_at))
        window = (starts.time(), ends.time())
        days = (starts.date() + timedelta(weeks=week) for week in range(1, weeks + 1))
        repeated += [_slot(slot.division, day, window, slot.capacity) for day in days]
    return _make_missing(repeated)


def _slot(division: Division, day: date, window: tuple[time, time], capacity: int) -> AppointmentSlot:
    starts_at, ends_at = (datetime.combine(day, moment, tzinfo=division.zone) for moment in window)
    return AppointmentSlot(division=division, starts_at=starts_at, ends_at=ends_at, capacity=capacity)


def _make_missing(slots: Iterable[AppointmentSlot]) -> int:
    before = AppointmentSlot.objects.count()
    AppointmentSlot.objects.bulk_create(slots, ignore_conflicts=True)
    return AppointmentSlot.objects.count() - before
