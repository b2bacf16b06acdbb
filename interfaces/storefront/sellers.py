"""
Who sells fills an order in, and never agrees for its customer: not signed in, and not signed out on the same device.

The mark on a device is no proof against somebody who means harm, and a private window leaves it behind; what was agreed
to, from which address and with which browser, stays with the order.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from foundation.people.queries import is_staff_member
from interfaces.storefront.site import visitor
from orders.models import Order

COOKIE = f"{settings.COOKIE_PREFIX}sells"
COOKIE_AGE_SECONDS = 90 * 24 * 3600
PARAMETER = "seller"
"""In the desk's links to a market's own host, where the session of who follows them does not count."""


def is_sellers_device(request: HttpRequest) -> bool:
    """Tell whether somebody has sold on this device."""
    return COOKIE in request.COOKIES


def remember_seller(request: HttpRequest, order: Order, response: HttpResponse) -> HttpResponse:
    """Mark the device where staff, or who sells the order, has opened one of its pages."""
    person = visitor(request)
    sells = person is not None and (person.pk == order.sold_by_id or is_staff_member(person))
    if sells or PARAMETER in request.GET:
        response.set_cookie(
            COOKIE, "1", max_age=COOKIE_AGE_SECONDS, secure=settings.IS_SECURE, httponly=True, samesite="Lax"
        )
    return response
