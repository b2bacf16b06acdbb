"""What every end of an order that came to nothing has in common."""

from django.db import models, transaction
from django.utils import translation

from accounts.services import close_account
from billing import services as billing
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.people.models import User
from orders.events import OrderCancelled
from orders.models import Order
from orders.services.appointments import release
from orders.states import ENDED, CancelReason, LineStatus, OrderStatus

CANCEL_FIELDS = ("cancel_reason", "cancel_note")


def reason_for_billing(order: Order) -> str:
    """Return why an order was cancelled as its billing system is told: in words, in the market's language."""
    return in_words_of(order.division, CancelReason(order.cancel_reason))


def in_words_of(division: Division, reason: CancelReason) -> str:
    """Return a reason in words, in a market's language."""
    with translation.override(division.language):
        return str(reason.label)


@transaction.atomic
def record_end(order: Order, *, by: User | None) -> None:
    """Where a move has just ended a locked order as cancelled, free what it had and tell the others."""
    if order.status != OrderStatus.CANCELLED:
        return
    free_what_it_had(order, by=by)
    if order.submitted_at:
        fact = OrderCancelled(order_id=order.pk, reason=order.cancel_reason)
        publish(fact, subject=order, about=concerned(order), division=order.division, by=by)


def concerned(order: Order) -> list[models.Model]:
    """
    Return the rows on whose timelines a submitted order's facts belong, too.

    :raises NotAllowed: if it was not submitted
    """
    return [*order.parties()]


def free_what_it_had(order: Order, *, by: User | None) -> None:
    """Cancel the lines of a locked order that came to nothing, give its slot back and close its account."""
    release(order)
    for line in order.lines.select_for_update(no_key=True).exclude(status=LineStatus.CANCELLED):
        line.cancel()
        line.save(update_fields=["status"])
    if order.account_id:
        close_account(order.account_id, by=by)
    rest_what_was_refused(order)


def rest_what_was_refused(order: Order) -> None:
    """Let nobody be asked any more about what the billing system refused, once the order has ended."""
    if order.status in ENDED:
        billing.let_rest(order)
