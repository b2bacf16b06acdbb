"""Close by hand what does not work of an order of which a part does, and settle what is said against that later."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from billing import services as billing
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from orders.events import ChangeRefused, ContestSettled, RemainderClosed
from orders.models import Order, OrderLine
from orders.services.delivery import conclude, locked_lines
from orders.services.endings import concerned, in_words_of, rest_what_was_refused
from orders.services.holding import locked_by_request, locked_order
from orders.states import CLOSABLE, CancelReason, LineStatus, OrderStatus


@transaction.atomic
def close_remainder(order_id: int, reason: CancelReason, *, lines: Collection[str] | None = None, by: User) -> Order:
    """
    Close what does not work of an order of which a part does.

    What works is kept, and what is neither closed nor ready is waited for; without any, the order is completed. What
    the billing system has given up itself is not asked for again; it is asked to cancel what it still has on its way.

    :param lines: what to close, as the work order names it; None: all that could not be installed
    :raises NotAllowed: if the person may not, nothing of the order works, nothing is left to close, or something
        that is kept relies on what is to be closed
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    every = locked_lines(order)
    unwanted = _to_be_closed(order, every, lines)
    _refuse_if_relied_on(every, unwanted)
    on_their_way = [line.line_id for line in unwanted if line.status != LineStatus.FAILED]
    for line in unwanted:
        line.cancel()
    OrderLine.objects.bulk_update(unwanted, ["status"])
    order.problem = ""
    if on_their_way:
        _cancel_lines(order, on_their_way, reason, by=by)
    fact = RemainderClosed(
        order_id=order.pk,
        products=[line.product_id for line in unwanted],
        reason=reason,
        change=order.work_order_changes if on_their_way else 0,
    )
    publish(fact, subject=order, about=concerned(order), division=order.division, by=by)
    conclude(order, every, by=by)
    return order


def _to_be_closed(order: Order, every: Sequence[OrderLine], named: Collection[str] | None) -> list[OrderLine]:
    """
    Return the lines that are meant.

    :raises NotAllowed: if there are none, or one of them works or was closed before
    """
    if order.status != OrderStatus.PARTIAL:
        raise NotAllowed(_("Nothing of this order is left to be closed."), code="no_remainder")
    if named is None:
        meant = [line for line in every if line.status == LineStatus.FAILED]
    else:
        meant = [line for line in every if line.line_id in named and line.status in CLOSABLE]
    if not meant or len(meant) < len(named or ()):
        raise NotAllowed(_("Nothing of this order is left to be closed."), code="no_remainder", field="lines")
    return meant


def _refuse_if_relied_on(every: Sequence[OrderLine], unwanted: Sequence[OrderLine]) -> None:
    gone = {line.product_id: line for line in unwanted}
    for line in every:
        if line.relies_on in gone and line not in unwanted and line.status in CLOSABLE:
            names = {"product": line.names, "other": gone[line.relies_on].names}
            text = _("%(product)s relies on %(other)s: close both.") % names
            raise NotAllowed(text, code="relied_on", field="lines")


def _cancel_lines(order: Order, lines: Sequence[str], reason: CancelReason, *, by: User) -> None:
    order.work_order_changes += 1
    order.save(update_fields=["work_order_changes"])
    billing.cancel_work_order(
        request_id=f"{order.work_order_request_id}-close-{order.work_order_changes}",
        work_order_request_id=order.work_order_request_id,
        reason=in_words_of(order.division, reason),
        lines=lines,
        by=by,
    )


@transaction.atomic
def record_lines_go_on(request_id: str, *, cancellation_request_id: str, reason: str) -> Order:
    """
    Note that the billing system goes on with lines that were closed here: a person has to bring the two together.

    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    order.contest(_("The billing system goes on with what was closed: %(reason)s") % {"reason": reason}, at=now())
    order.save(update_fields=["problem", "contested_at"])
    fact = ChangeRefused(order_id=order.pk, request_id=cancellation_request_id)
    publish(fact, subject=order, about=concerned(order), division=order.division, by=None)
    rest_what_was_refused(order)
    return order


@transaction.atomic
def settle_contest(order_id: int, *, note: str, by: User) -> Order:
    """
    Record what a person did about what the billing system said of something closed here.

    :raises NotAllowed: if the person may not, or nothing is to be settled
    """
    order = locked_order(order_id)
    require(by, Permission.WORK_ORDERS, order.division)
    order.settle()
    order.save(update_fields=["problem", "contested_at"])
    fact = ContestSettled(order_id=order.pk, note=note)
    publish(fact, subject=order, about=concerned(order), division=order.division, by=by)
    return order
