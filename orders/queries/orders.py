"""Who may see which orders, and how staff find one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.queries import customers_meant, customers_visible_to
from foundation.divisions.models import Division
from foundation.divisions.queries import division_by_id
from foundation.events.models import Event
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from orders.events import OrderRescheduled, WindowReported
from orders.models import InstalledService, Order, OrderLine
from orders.queries.carts import terms_by_id
from orders.states import OrderStatus

ALL_BUT_CARTS = sorted(set(OrderStatus.values) - {OrderStatus.DRAFT})
CONFIRMATION = "orders.confirmation"
"""The kind of document under which an order keeps its confirmation; renewed ones have a suffix of their own."""
VISIT_ENDS_AT = Coalesce("appointment__given_ends_at", "appointment__slot__ends_at")
"""When the technician comes to an order at the latest, for the database: what `Appointment.ends_at` is in memory."""


def orders_visible_to(user: Person) -> QuerySet[Order]:
    """
    Return the orders that a person may see.

    Staff see those of their divisions, drafts included; customers those that they placed or sign in for; partners those
    that were sold for them.
    """
    visible = Q(division__in=divisions_where(user, Permission.SEE_ORDERS))
    if isinstance(user, User):
        visible |= Q(customer__user=user) | Q(user=user) | Q(sold_for__user=user)
    return Order.objects.filter(visible)


def services_visible_to(user: Person) -> QuerySet[InstalledService]:
    """Return the installed services of the customers that a person may see."""
    visible = Q(division__in=divisions_where(user, Permission.SEE_ORDERS))
    if isinstance(user, User):
        visible |= Q(customer__user=user)
    return InstalledService.objects.filter(visible).select_related("line", "account")


def order_by_token(token: str) -> Order | None:
    """
    Return the order that a secret stands for, with all that its pages show, in one statement.

    Its division and its terms come from what this process remembers of the configuration: joined, they would cost the
    database more time to plan than to read.
    """
    related = ("qualification", "premises", "appointment__slot")
    order = Order.objects.select_related(*related).filter(token=token).first()
    if order is None:
        return None
    order.division = division_by_id(order.division_id)
    if order.terms_id:
        order.terms = terms_by_id(order.terms_id)
    if order.qualification.premises_id == order.premises_id:
        order.qualification.premises = order.premises
    order.qualification.division = division_by_id(order.qualification.division_id)
    return order


def order_of_work_order(request_id: str) -> Order:
    """
    Return the order that a billing system speaks of.

    :raises NotAllowed: if the work order is none of ours
    """
    order = Order.objects.filter(work_order_request_id=request_id).first() if request_id else None
    if order is None:
        raise NotAllowed(f"No order has asked for {request_id}.", code="no_such_order")
    return order


def lines_of(order: Order) -> list[OrderLine]:
    """Return an order's lines in the order in which they were quoted; lines that were prefetched are not read again."""
    return sorted(order.lines.all(), key=lambda line: line.position)


def visit_was_changed(order: Order) -> bool:
    """Tell whether the technician's visit was moved, here or by the billing system, since the order was placed."""
    appointment = getattr(order, "appointment", None)
    if appointment is None or not (order.work_order_changes or appointment.given_starts_at):
        return False
    moved = (OrderRescheduled.name, WindowReported.name)
    return Event.objects.filter(subject_type="orders.order", subject_id=order.pk, name__in=moved).exists()


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """What staff look for in the list of orders; what is left empty does not narrow it."""

    statuses: Sequence[str] = ()
    """Empty: everything that was submitted."""
    division: Division | None = None
    """This one and all below it."""
    older_than: timedelta | None = None
    """Since it was submitted."""
    text: str = ""
    """An order's number, the billing system's for its work order, or what `customers_meant` reads."""


def orders_matching(user: Person, wanted: OrderFilter) -> QuerySet[Order]:
    """Return the orders that a person may see and looks for, the newest first, with what a list shows of each."""
    orders = orders_visible_to(user).filter(status__in=wanted.statuses or ALL_BUT_CARTS)
    if wanted.division:
        orders = orders.filter(division__in=Division.objects.under(wanted.division))
    if wanted.older_than is not None:
        orders = orders.filter(submitted_at__lte=now() - wanted.older_than)
    if text := wanted.text.strip():
        orders = orders.filter(_naming(text, user))
    return orders.select_related("division", "customer", "appointment__slot").order_by("-pk")


def _naming(text: str, user: Person) -> Q:
    numbered = Q(number=text) & ~Q(number="") | Q(work_order_id__iexact=text) & ~Q(work_order_id="")
    if Order.objects.filter(numbered).exists():
        return numbered
    return Q(customer__in=customers_meant(text, among=customers_visible_to(user)))
