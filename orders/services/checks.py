"""Decide whether a submitted order is delivered: by rule where that is possible, by a person where it is not."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.queries import overdue_account_of
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.events import OrderAccepted, OrderHeld, OrderRejected, OrderReleased
from orders.models import Order
from orders.queries import details_of
from orders.services.endings import free_what_it_had
from orders.services.holding import locked_order
from orders.states import OPEN, HoldReason, OrderStatus

HOLD_FIELDS = ("hold_reason", "hold_note", "hold_reminder_at", "hold_owner")
"""What `Order` says of a hold, beside its status."""
REMIND_AFTER = timedelta(days=1)


@transaction.atomic
def check_order(order_id: int) -> Order:
    """
    Accept a submitted order, or let a person decide.

    One does where the customer owes on an earlier account, and where another order is under way at the same premises.

    :raises NotAllowed: if it was checked before
    """
    order = locked_order(order_id)
    if order.status != OrderStatus.ACKNOWLEDGED:
        raise NotAllowed(_("This order was checked before."), code="checked_before")
    details = details_of(order)
    remind_at = now() + REMIND_AFTER
    if details and (overdue := overdue_account_of(details)):
        note = _overdue_note(overdue, order.division)
        return _hold(order, HoldReason.DELINQUENT, note=note, reminder_at=remind_at, by=None)
    if other := _order_under_way_beside(order):
        note = _("Order %(number)s is under way at the same address.") % {"number": other.number}
        return _hold(order, HoldReason.TO_CLARIFY, note=note, reminder_at=remind_at, by=None)
    return _accept(order, by=None)


def _overdue_note(account: Account, division: Division) -> str:
    """Say what is owed; an account of another market is not named to this one's staff."""
    if account.division_id in division.lineage:
        return _("Account %(number)s has overdue bills.") % {"number": account.number}
    return _("A customer of another market with this e-mail address or phone number has overdue bills.")


def _order_under_way_beside(order: Order) -> Order | None:
    """Return an earlier order for the same premises that has not ended."""
    others = Order.objects.filter(premises_id=order.premises_id, status__in=OPEN, submitted_at__lte=order.submitted_at)
    return others.exclude(pk=order.pk).order_by("submitted_at").first()


def _accept(order: Order, *, by: User | None) -> Order:
    order.accept(at=now())
    order.save(update_fields=["accepted_at", "status", *HOLD_FIELDS])
    publish(OrderAccepted(order_id=order.pk), subject=order, division=order.division, by=by)
    return order


@transaction.atomic
def reject_order(order_id: int, *, note: str, by: User) -> Order:
    """
    Decide that an order is not delivered, and free what it had taken.

    :raises NotAllowed: if the person may not, or it was accepted before
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    order.reject(note, at=now())
    order.save(update_fields=["status", "cancel_reason", "cancel_note", "ended_at"])
    free_what_it_had(order, by=by)
    publish(OrderRejected(order_id=order.pk), subject=order, division=order.division, by=by)
    return order


@transaction.atomic
def hold_order(  # noqa: PLR0913  # why, until when, whose: each has a name
    order_id: int, reason: HoldReason, *, note: str, reminder_at: datetime, by: User, owner: User | None = None
) -> Order:
    """
    Stop an order until somebody has decided something.

    :param reminder_at: when it is shown as due
    :param owner: who looks after it; by default who holds it
    :raises NotAllowed: if the person may not, or nothing can be held up any more
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    return _hold(order, reason, note=note, reminder_at=reminder_at, by=by, owner=owner or by)


def _hold(  # noqa: PLR0913  # as `Order.hold`, and by whom
    order: Order,
    reason: HoldReason,
    *,
    note: str,
    reminder_at: datetime,
    by: User | None,
    owner: User | None = None,
) -> Order:
    order.hold(reason, note=note, reminder_at=reminder_at, owner=owner)
    order.save(update_fields=["status", *HOLD_FIELDS])
    publish(OrderHeld(order_id=order.pk, reason=reason), subject=order, division=order.division, by=by)
    return order


@transaction.atomic
def release_order(order_id: int, *, by: User) -> Order:
    """
    Let a held order go on; one that was never accepted is accepted by it.

    :raises NotAllowed: if the person may not, it is not held, or its work order was refused and not sent again
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    if order.status == OrderStatus.HELD and order.accepted_at is None:
        return _accept(order, by=by)
    order.release()
    order.save(update_fields=["status", *HOLD_FIELDS])
    publish(OrderReleased(order_id=order.pk), subject=order, division=order.division, by=by)
    return order
