"""A customer: how to reach them, and what they have."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.queries import customers_visible_to
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from orders.queries import orders_visible_to, services_visible_to

MOST_SHOWN = 50


@staff_page(Permission.SEE_ORDERS)
def customer(request: UserRequest, pk: int) -> HttpResponse:
    """Show one customer with their orders, services and accounts."""
    found = get_object_or_404(customers_visible_to(request.user).select_related("division"), pk=pk)
    orders = orders_visible_to(request.user).filter(customer=found).select_related("division")
    context = {
        "customer": found,
        "contacts": found.contacts.all(),
        "accounts": found.accounts.all(),
        "orders": orders.order_by("-pk")[:MOST_SHOWN],
        "services": services_visible_to(request.user).filter(customer=found)[:MOST_SHOWN],
    }
    return render(request, "desk/customer.html", context)
