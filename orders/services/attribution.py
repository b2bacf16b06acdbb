"""Keep by whose code an order came, while it is a cart."""

from django.db import transaction

from foundation.now import now
from orders.models import Order
from orders.services.holding import locked_draft

CODE_MARK = "code:"
"""Before a code that the customer typed or said, among an order's attribution: whoever gave it out resolves it."""


@transaction.atomic
def add_attribution(order_id: int, mark: str) -> Order:
    """
    Keep one more mark of what brought the customer: `code:ABC2345` as typed or said, or an opaque token.

    The same again changes nothing. An order has one code: another one takes its place.

    :raises NotAllowed: if the order is no draft any more
    """
    order = locked_draft(order_id)
    kept = [one for one in order.attribution if not (mark.startswith(CODE_MARK) and one.startswith(CODE_MARK))]
    marks = kept if mark in kept else [*kept, mark]
    if marks != order.attribution:
        order.attribution, order.touched_at = marks, now()
        order.save(update_fields=["attribution", "touched_at"])
    return order


@transaction.atomic
def forget_code(order_id: int) -> Order:
    """
    Take a code off a cart again, where the customer cleared it; without one, nothing changes.

    :raises NotAllowed: if the order is no draft any more
    """
    order = locked_draft(order_id)
    marks = [one for one in order.attribution if not one.startswith(CODE_MARK)]
    if marks != order.attribution:
        order.attribution, order.touched_at = marks, now()
        order.save(update_fields=["attribution", "touched_at"])
    return order
