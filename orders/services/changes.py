"""Change and cancel what was submitted, here and in the billing system."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ContactDetails
from accounts.queries import primary_contact
from accounts.services import correct_contact
from billing import services as billing
from billing.ports import WorkOrderChange
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.events import (
    CancellationAsked,
    CancellationRefused,
    ChangeRefused,
    OrderCorrected,
    OrderRescheduled,
)
from orders.models import Appointment, Order
from orders.services import letters
from orders.services.appointments import take_place
from orders.services.checks import HOLD_FIELDS
from orders.services.delivery import party_of, window_of
from orders.services.endings import (
    CANCEL_FIELDS,
    concerned,
    reason_for_billing,
    record_end,
    rest_what_was_refused,
)
from orders.services.holding import locked_by_request, locked_order
from orders.settings import DRAFT_DAYS
from orders.states import ENDED, CancelReason, OrderStatus, WorkOrderStage

CANCELLATION = ("status", "ended_at", "problem", "work_order_changes", *CANCEL_FIELDS, *HOLD_FIELDS)
ASKED_FOR = frozenset(
    {
        WorkOrderStage.ASKED,
        WorkOrderStage.UNKNOWN,
        WorkOrderStage.CONFIRMED,
        WorkOrderStage.DISPATCHED,
        WorkOrderStage.PARTLY,
    }
)
"""The billing system has been asked for the work order, and has not refused."""
CHUNK = 500


def _locked_for(order_id: int, by: User | None) -> Order:
    """
    Hold an order for a change that its customer or staff ask for; nobody (None) is who has the order's secret link.

    :raises NotAllowed: if the person is neither
    """
    order = locked_order(order_id)
    if by and by.pk not in {order.user_id, order.customer.user_id if order.customer else None}:
        require(by, Permission.WORK_ORDERS, order.division)
    return order


@transaction.atomic
def reschedule_order(order_id: int, slot_id: int, *, by: User | None) -> Order:
    """
    Move an order's appointment to another slot, and ask the billing system to do the same.

    :param by: who asks; None is the visitor with the order's secret link
    :raises NotAllowed: if the slot is full or over, nothing is booked, the technician is on the way, the order has
        ended, its work order was refused, or the person may not
    """
    order = _locked_for(order_id, by)
    _refuse_if_too_late(order)
    appointment = Appointment.objects.filter(order=order).first()
    if appointment is None:
        raise NotAllowed(_("No appointment is booked."), code="not_booked")
    before = {"before_starts_at": appointment.starts_at.isoformat(), "before_ends_at": appointment.ends_at.isoformat()}
    appointment.change(take_place(order.division, slot_id, instead_of=appointment.slot_id))
    appointment.save(update_fields=["slot", "given_starts_at", "given_ends_at"])
    _change_work_order(order, WorkOrderChange(appointment=window_of(order)), by=by)
    fact = OrderRescheduled(
        order_id=order.pk,
        starts_at=appointment.starts_at.isoformat(),
        ends_at=appointment.ends_at.isoformat(),
        change=order.work_order_changes,
        **before,
    )
    publish(fact, subject=order, about=concerned(order), division=order.division, by=by)
    return order


def _refuse_if_too_late(order: Order) -> None:
    if not order.is_open or order.status in {OrderStatus.ASSESSING_CANCELLATION, OrderStatus.PENDING_CANCELLATION}:
        raise NotAllowed(_("This order can no longer be changed."), code="ended")
    if order.work_order_stage == WorkOrderStage.DISPATCHED:
        raise NotAllowed(_("The technician is on the way. Call us to change the appointment."), code="dispatched")
    if order.work_order_stage == WorkOrderStage.REFUSED:
        raise NotAllowed(_("The billing system refused the work order. Send it again there first."), code="refused")


def _change_work_order(order: Order, change: WorkOrderChange, *, by: User | None) -> None:
    """Count a change and, where the billing system was asked for the work order, ask for the change as well."""
    order.work_order_changes += 1
    order.save(update_fields=["work_order_changes"])
    if order.work_order_stage in ASKED_FOR:
        billing.change_work_order(
            request_id=f"{order.work_order_request_id}-change-{order.work_order_changes}",
            work_order_request_id=order.work_order_request_id,
            change=change,
            by=by,
        )


@transaction.atomic
def correct_order(
    order_id: int, details: ContactDetails, *, note: str, by: User, resend_confirmation: bool = False
) -> list[str]:
    """
    Correct how the customer is reached and what the technician should know, here and in the billing system.

    :param resend_confirmation: send the confirmation again where the e-mail address was another one
    :return: the names of what differs now
    :raises NotAllowed: if the person may not, the order has ended, or its work order was refused
    """
    order = _locked_for(order_id, by)
    if not order.is_open:
        raise NotAllowed(_("This order can no longer be changed."), code="ended")
    customer, _account = order.parties()
    changed = correct_contact(primary_contact(customer).pk, details, by=by)
    if note.strip() != order.note:
        order.note = note.strip()
        order.save(update_fields=["note"])
        changed = [*changed, "note"]
    if changed:
        _change_work_order(order, WorkOrderChange(party=party_of(order), note=order.note), by=by)
        fact = OrderCorrected(order_id=order.pk, fields=changed)
        publish(fact, subject=order, about=concerned(order), division=order.division, by=by)
    if resend_confirmation and "email" in changed:
        letters.resend_confirmation(order, by=by)
    return changed


@transaction.atomic
def record_change_refused(request_id: str, *, change_request_id: str, reason: str) -> Order:
    """
    Note that the billing system keeps the work order as it was: a person has to bring the two together again.

    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    order.problem = reason
    order.save(update_fields=["problem"])
    fact = ChangeRefused(order_id=order.pk, request_id=change_request_id)
    publish(fact, subject=order, division=order.division, by=None)
    rest_what_was_refused(order)
    return order


@transaction.atomic
def cancel_order(order_id: int, reason: CancelReason, *, note: str = "", by: User | None) -> Order:
    """
    Cancel an order: at once, after the billing system has agreed, or after a person has; see `Order.ask_to_cancel`.

    :param by: who asks; None is the visitor with the order's secret link
    :raises NotAllowed: if the person may not, it has ended, is being cancelled already, or a part of it works
    """
    order = _locked_for(order_id, by)
    if order.status == OrderStatus.DRAFT:
        raise NotAllowed(_("This order was not submitted yet."), code="wrong_status")
    order.ask_to_cancel(reason, note, at=now())
    order.save(update_fields=CANCELLATION)
    to_be_decided = order.status == OrderStatus.ASSESSING_CANCELLATION
    fact = CancellationAsked(order_id=order.pk, reason=reason, to_be_decided=to_be_decided)
    publish(fact, subject=order, about=concerned(order), division=order.division, by=by)
    if order.status == OrderStatus.PENDING_CANCELLATION:
        _cancel_work_order(order, by=by)
    record_end(order, by=by)
    return order


def _cancel_work_order(order: Order, *, by: User | None) -> None:
    order.work_order_changes += 1
    order.save(update_fields=["work_order_changes"])
    billing.cancel_work_order(
        request_id=f"{order.work_order_request_id}-cancel-{order.work_order_changes}",
        work_order_request_id=order.work_order_request_id,
        reason=reason_for_billing(order),
        by=by,
    )


@transaction.atomic
def approve_cancellation(order_id: int, *, by: User) -> Order:
    """
    Decide that an order is cancelled although a technician is on the way; the billing system is asked.

    :raises NotAllowed: if the person may not, or there is nothing to decide
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    order.approve_cancellation()
    order.save(update_fields=["status"])
    _cancel_work_order(order, by=by)
    return order


@transaction.atomic
def refuse_cancellation(order_id: int, *, reason: str, by: User) -> Order:
    """
    Decide that an order goes on although its customer wants to cancel, and say why.

    :raises NotAllowed: if the person may not, or there is nothing to decide
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    if order.status != OrderStatus.ASSESSING_CANCELLATION:
        raise NotAllowed(_("Nobody has asked to cancel this order."), code="wrong_status")
    return _go_on(order, reason, by=by)


def _go_on(order: Order, reason: str, *, by: User | None) -> Order:
    order.refuse_cancellation(reason)
    order.save(update_fields=CANCELLATION)
    publish(CancellationRefused(order_id=order.pk), subject=order, division=order.division, by=by)
    return order


@transaction.atomic
def record_work_order_cancelled(request_id: str) -> Order:
    """
    Note that the billing system has cancelled the work order: the order ends.

    :raises NotAllowed: if no order has asked for it, or it has ended
    """
    order = locked_by_request(request_id)
    order.end_cancelled(at=now())
    order.save(update_fields=CANCELLATION)
    record_end(order, by=None)
    return order


@transaction.atomic
def record_cancellation_refused(request_id: str, *, reason: str) -> Order:
    """
    Note that the billing system cannot cancel the work order any more: the order goes on, unless it has ended.

    :raises NotAllowed: if no order has asked for it, or it is not being cancelled
    """
    order = locked_by_request(request_id)
    if order.status in ENDED:
        rest_what_was_refused(order)
        return order
    return _go_on(order, reason, by=None)


def expire_old_drafts() -> int:
    """Close the carts that nobody has touched for longer than their market keeps them; return how many."""
    return sum(_expire_drafts_of(division) for division in Division.objects.all())


@transaction.atomic
def _expire_drafts_of(division: Division) -> int:
    before = now() - timedelta(days=effective(division, DRAFT_DAYS))
    old = Order.objects.filter(division=division, status=OrderStatus.DRAFT, touched_at__lt=before)
    expired = list(old.select_for_update(no_key=True, of=("self",), skip_locked=True)[:CHUNK])
    for order in expired:
        order.abandon(at=now())
        record_end(order, by=None)
    Order.objects.bulk_update(expired, ["status", "cancel_reason", "ended_at", "contact", "note"])
    return len(expired)
