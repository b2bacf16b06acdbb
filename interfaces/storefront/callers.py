"""What a member of staff who orders for a caller sees above the public pages: for whom, and the way back to the desk."""

from dataclasses import dataclass

from django.urls import reverse

from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import can, is_staff_member
from foundation.people.states import Permission
from interfaces.storefront.site import SiteRequest, visitor
from orders.models import Order
from orders.queries import details_of
from orders.states import OrderStatus
from territory.models import Qualification


@dataclass(frozen=True)
class Caller:
    """Whom a member of staff orders for; empty is what nobody has said yet."""

    address: str
    desk_url: str
    """Of the desk's page from which the order is looked after."""
    name: str = ""
    phone: str = ""
    is_ordering: bool = True
    """Whether the order is still to be placed."""


def caller_of(request: SiteRequest, order: Order) -> Caller | None:
    """Return whom an order is filled in for, if a member of staff looks at what somebody sells."""
    if order.sold_by_id is None or _seller(request, order.division) is None:
        return None
    details = details_of(order)
    return Caller(
        address=order.address,
        desk_url=reverse("desk:order", args=[order.pk]),
        name=details.name if details else "",
        phone=details.phone if details else "",
        is_ordering=order.status == OrderStatus.DRAFT,
    )


def caller_at(request: SiteRequest, answer: Qualification) -> Caller | None:
    """Return the caller whose address a member of staff has checked, before there is an order."""
    if _seller(request, answer.division) is None:
        return None
    return Caller(address=str(answer.premises or answer.typed), desk_url=reverse("desk:new_order"))


def _seller(request: SiteRequest, division: Division) -> User | None:
    person = visitor(request)
    if person and is_staff_member(person) and can(person, Permission.WORK_ORDERS, division):
        return person
    return None
