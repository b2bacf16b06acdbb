"""A customer's services, orders and friends at a glance, an order by itself, and a partner's sales."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Partner
from accounts.services import want_outage_notices
from foundation.divisions.queries import root_of
from foundation.people.models import UserRequest
from interfaces.selfcare.access import own_page
from interfaces.selfcare.friends import referring_of, welcome_rewards_of
from interfaces.selfcare.outages import outages_shown_to
from interfaces.selfcare.queries import (
    may_report,
    own_orders,
    own_partners,
    partner_orders,
    services_of,
    wants_outage_notices,
)
from orders.models import Order
from orders.queries import progress_of

ON_A_PAGE = 20


@own_page
def start(request: UserRequest) -> HttpResponse:
    """Show a person what works at their address, how far their orders are, and what their friends bring."""
    page = _page(own_orders(request.user), request)
    context = {
        "services": services_of(request.user),
        "outages": outages_shown_to(request.user),
        "may_report": may_report(request.user),
        "wants_outage_notices": wants_outage_notices(request.user),
        "page": page,
        "orders": _with_progress(page),
        "welcome": welcome_rewards_of(request.user),
        "referring": referring_of(request.user),
        "is_partner": own_partners(request.user).exists(),
    }
    return render(request, "selfcare/start.html", context)


@own_page
def order(request: UserRequest, pk: int) -> HttpResponse:
    """Show one order: how far it is, what was ordered, where."""
    found = get_object_or_404(own_orders(request.user), pk=pk)
    context = {"order": found, "progress": progress_of(found), "is_partner": own_partners(request.user).exists()}
    return render(request, "selfcare/order.html", context)


@require_POST
@own_page
def outage_notices(request: UserRequest) -> HttpResponse:
    """Note whether a person wants to be told of outages."""
    want_outage_notices(request.user, wants=request.POST.get("wants") == "yes")
    messages.success(request, _("We have noted it."))
    return redirect("selfcare:start")


@own_page
def sales(request: UserRequest) -> HttpResponse:
    """Show a partner what was sold for them, and the link that sells."""
    partner = own_partners(request.user).first()
    if partner is None:
        raise Http404
    page = _page(partner_orders(partner), request)
    context = {"partner": partner, "link": sales_link(partner), "page": page, "orders": _with_progress(page)}
    return render(request, "selfcare/sales.html", context)


def sales_link(partner: Partner) -> str:
    """Return the address of the partner's market, which remembers who sent the visitor."""
    return f"{root_of(partner.division)}/?partner={partner.code}"


def _page(orders: Any, request: UserRequest) -> Page[Order]:
    return Paginator(orders, ON_A_PAGE).get_page(request.GET.get("page"))


def _with_progress(page: Page[Order]) -> list[dict[str, Any]]:
    return [{"order": found, "progress": progress_of(found)} for found in page]
