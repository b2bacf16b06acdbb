"""Orders: the list of them, and one with everything about it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact
from billing.models import Submission
from billing.queries import next_tries, submissions_for
from catalog.models import Campaign
from catalog.queries import Quote
from foundation.correspondence.queries import documents_about, messages_about
from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.doings import doings
from interfaces.desk.filters import OrderFilters
from interfaces.desk.following import referrals_followed_by
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order as SortOrder
from interfaces.desk.sites import public_address
from interfaces.desk.timeline import latest
from orders.models import Order, OrderLine
from orders.queries import (
    appointment_window,
    details_of,
    doubts_about_agreement,
    lines_of,
    orders_visible_to,
    progress_of,
)
from orders.states import OrderStatus
from referrals.queries import resolved_touches_of

EVENTS_SHOWN = 100


def visit_of(order: Order) -> str:
    """Return when a technician comes for an order, in words and in its division's zone; empty if nobody does."""
    appointment = getattr(order, "appointment", None)
    if appointment is None or not appointment.takes_place:
        return ""
    return appointment_window(appointment.starts_at, appointment.ends_at, order.division.zone)


ORDERS: List[Order] = List(
    name="orders",
    title=_("Orders"),
    template="desk/orders.html",
    columns=[
        Column("number", _("Order"), str, "pk"),
        Column("customer", _("Customer"), lambda order: order.customer.name if order.customer else ""),
        Column("address", _("Address"), lambda order: order.address, "address"),
        Column("status", _("State"), lambda order: order.get_status_display(), "status"),
        Column("appointment", _("Appointment"), visit_of),
        Column("monthly", _("Each month"), lambda order: order.monthly, is_number=True),
        Column("division", _("Division"), lambda order: str(order.division), "division__name"),
        Column("ordered", _("Ordered"), lambda order: order.submitted_at),
    ],
    order=SortOrder("pk", is_descending=True),
    presets=[
        Preset(_("Open"), "status=open"),
        Preset(_("On hold"), "status=held"),
        Preset(_("Appointment overdue"), "stuck=overdue"),
        Preset(_("Installation failed"), "stuck=failed"),
        Preset(_("The rest could not be installed"), "stuck=partly_failed"),
        Preset(_("Carts"), "status=draft"),
    ],
)


@staff_page(Permission.SEE_ORDERS)
def orders(request: UserRequest) -> HttpResponse:
    """Show the orders of a person's divisions."""
    filters = OrderFilters(request.GET, orders_visible_to(request.user), request=request)
    return respond(request, ORDERS, filters, may_order=can(request.user, Permission.WORK_ORDERS))


@dataclass(frozen=True)
class ShownLine:
    """A product of an order as it was quoted, and how far it is."""

    name: str
    quantity: int
    one_time: Decimal
    monthly: Decimal
    monthly_after: Decimal
    promotion_months: int
    line: OrderLine | None
    """None in a cart."""


def _shown_lines(quote: Quote | None, lines: list[OrderLine]) -> list[ShownLine]:
    by_code = {line.product_id: line for line in lines}
    quoted = quote.lines if quote else ()
    return [
        ShownLine(
            line.name, line.quantity, line.one_time, line.recurring, line.recurring_after, line.promotion_months,
            by_code.get(line.code),
        )
        for line in quoted
    ]  # fmt: skip


@staff_page(Permission.SEE_ORDERS)
def order(request: UserRequest, pk: int) -> HttpResponse:
    """Show one order with everything about it."""
    found = found_order(request.user, pk)
    quote = found.quoted
    names = {line.code: line.name for line in quote.lines} if quote else {}
    context = {
        "order": found,
        "progress": progress_of(found),
        "quote": quote,
        "lines": _shown_lines(quote, lines_of(found)),
        "visit": visit_of(found),
        "contact": _contact(found),
        "doubts": doubts_about_agreement(found),
        "campaign": _campaign_name(found),
        "submissions": _asked(found),
        "messages_sent": messages_about(found).defer("text", "html"),
        "documents": documents_about(found),
        "events": latest(found, most=EVENTS_SHOWN, names=names),
        "doings": doings(found, request.user),
        "may_settle": can(request.user, Permission.SETTLE_SUBMISSIONS, found.division),
        "is_draft": found.status == OrderStatus.DRAFT,
        **_credit_of(found, request.user),
        "public_url": _public_url(found, request.user),
    }
    return render(request, "desk/order.html", context)


def _asked(order: Order) -> list[tuple[Submission, datetime | None]]:
    """Return what was asked of the billing system, each with when it is tried next by itself."""
    asked = list(submissions_for(order).select_related("billing_system"))
    tries = next_tries(asked)
    return [(submission, tries.get(submission.pk)) for submission in asked]


def _public_url(found: Order, user: User) -> str:
    """Return where a cart is filled in, for who may: whoever has this address can."""
    if found.status != OrderStatus.DRAFT or not can(user, Permission.WORK_ORDERS, found.division):
        return ""
    return public_address(found.division, "storefront:order", found.token)


def _credit_of(found: Order, user: User) -> dict[str, object]:
    """Return who is credited for an order, and who is not, for those who may see referrals there."""
    if found.status == OrderStatus.DRAFT or not can(user, Permission.SEE_REFERRALS, found.division):
        return {}
    referral = referrals_followed_by(user).filter(order=found).first()
    return {"shows_credit": True, "touches": resolved_touches_of(found), "referral": referral}


def found_order(user: User, pk: int) -> Order:
    """Return an order that a person may see, else answer with 404."""
    related = (
        "division", "premises", "customer", "account", "appointment__slot", "terms", "sold_by", "sold_for", "hold_owner",
        "qualification",
    )  # fmt: skip
    return get_object_or_404(orders_visible_to(user).select_related(*related), pk=pk)


def _campaign_name(order: Order) -> str:
    """Return what the campaign of an order is called; its code, if it is there no more."""
    named = Campaign.objects.filter(code=order.campaign, division__in=order.division.lineage).first()
    return str(named.names) if named else order.campaign


def _contact(order: Order) -> Contact | None:
    """Return how the customer is reached; of a cart, what was typed."""
    if order.customer:
        return order.customer.contacts.order_by("pk").first()
    typed = details_of(order)
    return Contact(name=typed.name, email=typed.email, phone=typed.phone) if typed else None
