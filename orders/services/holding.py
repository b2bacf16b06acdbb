"""Hold an order's row for what is about to be done with it."""

from orders.models import Order
from orders.queries import order_of_work_order


def locked_order(order_id: int) -> Order:
    """
    Hold an order for a move.

    Only what an order never changes is joined: a lock that was waited for re-reads the order, but not the others.
    """
    return Order.objects.locked().select_related("division", "premises").get(pk=order_id)


def locked_draft(order_id: int) -> Order:
    """
    Hold a cart for a step.

    :raises NotAllowed: if it was submitted or closed
    """
    order = locked_order(order_id)
    order.require_draft()
    return order


def locked_by_request(request_id: str) -> Order:
    """
    Hold the order that a billing system speaks of.

    :raises NotAllowed: if the work order is none of ours
    """
    return locked_order(order_of_work_order(request_id).pk)
