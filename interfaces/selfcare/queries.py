"""One's own orders, as a customer or as a partner; a member of staff's divisions play no part here."""

from django.db.models import Q, QuerySet

from accounts.models import Partner
from accounts.queries import partners_visible_to
from foundation.people.models import User
from orders.models import Order
from orders.queries import orders_visible_to
from orders.states import OrderStatus


def own_orders(user: User) -> QuerySet[Order]:
    """Return the orders that a person placed, or whose customer they are, the latest first; no drafts."""
    return _submitted(orders_visible_to(user).filter(Q(customer__user=user) | Q(user=user)))


def partner_orders(partner: Partner) -> QuerySet[Order]:
    """Return the orders that were sold for a partner, the latest first; no drafts."""
    return _submitted(Order.objects.filter(sold_for=partner))


def _submitted(orders: QuerySet[Order]) -> QuerySet[Order]:
    ready_to_show = orders.select_related("division", "appointment__slot", "premises").prefetch_related("lines")
    return ready_to_show.exclude(status=OrderStatus.DRAFT).order_by("-submitted_at")


def own_partners(user: User) -> QuerySet[Partner]:
    """Return the partners that a person signs in as."""
    return partners_visible_to(user).filter(user=user).select_related("division").order_by("name")
