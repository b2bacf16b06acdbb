"""What can be sold at an order's address today, and why not the rest."""

from django.http import HttpResponse
from django.shortcuts import render

from catalog.queries import eligibility_tree
from foundation.now import today
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.views.orders import found_order


@staff_page(Permission.SEE_ORDERS)
def offers(request: UserRequest, pk: int) -> HttpResponse:
    """Answer a caller who asks why a package is not offered to them: every campaign that runs, with its packages."""
    order = found_order(request.user, pk)
    checked = order.qualification
    campaigns = eligibility_tree(checked, division=order.division, on=today(order.division))
    return render(request, "desk/offers.html", {"order": order, "checked": checked, "campaigns": campaigns})
