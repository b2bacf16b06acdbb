"""What a person may do with an order as it stands. The services decide again; this only spares useless buttons."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from orders.models import Order
from orders.queries import next_step
from orders.states import DraftStep, OrderStatus, WorkOrderStage


@dataclass(frozen=True)
class Doing:
    """Something to do with an order: the button, the key for it, and when it is offered."""

    label: str | Promise
    url_name: str
    applies: Callable[[Order], bool]
    key: str = ""
    is_grave: bool = False


@dataclass(frozen=True)
class Offered:
    """A button of the page of an order, or of a ticket."""

    label: str | Promise
    url: str
    key: str
    is_grave: bool


def doings(order: Order, user: User) -> list[Offered]:
    """Return what a person may do with an order, the most likely first."""
    if not can(user, Permission.WORK_ORDERS, order.division):
        return []
    return [
        Offered(doing.label, reverse(f"desk:{doing.url_name}", args=[order.pk]), doing.key, doing.is_grave)
        for doing in DOINGS
        if doing.applies(order)
    ]


def _is_to_decide(order: Order) -> bool:
    return order.status == OrderStatus.ASSESSING_CANCELLATION


def _is_changeable(order: Order) -> bool:
    cancelling = {OrderStatus.ASSESSING_CANCELLATION, OrderStatus.PENDING_CANCELLATION}
    return order.is_open and order.status not in cancelling


def _can_be_moved(order: Order) -> bool:
    appointment = getattr(order, "appointment", None)
    has_visit = appointment is not None and appointment.takes_place
    return _is_changeable(order) and has_visit and order.work_order_stage != WorkOrderStage.DISPATCHED


def _can_be_cancelled(order: Order) -> bool:
    return _is_changeable(order) and order.status != OrderStatus.PARTIAL


def _has_remainder(order: Order) -> bool:
    return order.status == OrderStatus.PARTIAL


def _is_contested(order: Order) -> bool:
    return order.contested_at is not None


def _is_held(order: Order) -> bool:
    return order.status == OrderStatus.HELD


def _can_be_held(order: Order) -> bool:
    return order.can_move(OrderStatus.HELD)


def _has_failed(order: Order) -> bool:
    return order.status == OrderStatus.FAILED


def _can_be_rejected(order: Order) -> bool:
    return _is_held(order) and order.accepted_at is None


def _waits_for_agreement(order: Order) -> bool:
    is_sold_cart = order.status == OrderStatus.DRAFT and order.sold_by_id is not None
    return is_sold_cart and next_step(order) == DraftStep.TERMS


DOINGS = (
    Doing(_("Send the customer the link to agree"), "order_ask_to_agree", _waits_for_agreement),
    Doing(_("Cancel it all the same"), "order_approve_cancellation", _is_to_decide, is_grave=True),
    Doing(_("Settle what the billing system says"), "order_settle", _is_contested),
    Doing(_("Let it go on"), "order_refuse_cancellation", _is_to_decide),
    Doing(_("Move the appointment"), "order_reschedule", _can_be_moved, "r"),
    Doing(_("Correct details"), "order_correct", _is_changeable, "e"),
    Doing(_("Release"), "order_release", _is_held, "o"),
    Doing(_("Put on hold"), "order_hold", _can_be_held, "o"),
    Doing(_("Reject"), "order_reject", _can_be_rejected, is_grave=True),
    Doing(_("Close what is not installed"), "order_close_remainder", _has_remainder, is_grave=True),
    Doing(_("Cancel the order"), "order_cancel", _can_be_cancelled, is_grave=True),
    Doing(_("Close the order"), "order_close", _has_failed, is_grave=True),
)
