"""After the order: its confirmation, and where it stands."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from foundation.correspondence.models import LETTER_SECRET, Document
from foundation.correspondence.queries import documents_about
from foundation.people.throttles import throttled
from interfaces.storefront.callers import caller_of
from interfaces.storefront.site import SiteRequest, site_page
from interfaces.storefront.steps import address_of, has_sent, open_question, summary_of, visit_in_words
from interfaces.storefront.views.order import order_of
from orders.models import Order
from orders.queries import CONFIRMATION, details_of, progress_of, visit_was_changed
from orders.states import OrderStatus

PDF_RETRY_AFTER_SECONDS = 60
"""After how long a confirmation that is being made is worth asking for again."""


@require_safe
@never_cache
@site_page
def order_page(request: SiteRequest, token: str) -> HttpResponse:
    """Show where an order stands; a cart goes on where it was left."""
    order = order_of(request, token)
    if order.status == OrderStatus.DRAFT:
        return redirect(_with_proof(request, address_of(order, open_question(order))))
    return render(request, "storefront/order_status.html", {**_context(order), "caller": caller_of(request, order)})


def _with_proof(request: SiteRequest, address: str) -> str:
    """Pass on what a customer's letter proves: see `orders.queries.agreement`."""
    proof = request.GET.get(LETTER_SECRET)
    return f"{address}?{urlencode({LETTER_SECRET: proof})}" if proof else address


@require_safe
@never_cache
@site_page
def confirmation(request: SiteRequest, token: str) -> HttpResponse:
    """Confirm what was ordered, as it was agreed."""
    order = order_of(request, token)
    if order.status == OrderStatus.DRAFT:
        return redirect(address_of(order, open_question(order)))
    context = {**_context(order), "sent_by": has_sent(order), "caller": caller_of(request, order)}
    return render(request, "storefront/order_confirmation.html", context)


@require_safe
@never_cache
@throttled("pdf", methods=("GET",))
@site_page
def confirmation_pdf(request: SiteRequest, token: str) -> HttpResponse:
    """Give the latest confirmation as it was rendered and sent, or say that it is still being made."""
    order = order_of(request, token)
    confirmations = documents_about(order).filter(kind__startswith=CONFIRMATION)
    return _pdf(request, order, confirmations.order_by("-made_at").first())


@require_safe
@never_cache
@throttled("pdf", methods=("GET",))
@site_page
def first_confirmation_pdf(request: SiteRequest, token: str) -> HttpResponse:
    """Give the confirmation of what was ordered, as it was before the visit was changed."""
    order = order_of(request, token)
    return _pdf(request, order, documents_about(order).filter(kind=CONFIRMATION).first())


def _pdf(request: SiteRequest, order: Order, document: Document | None) -> HttpResponse:
    if document is None:
        return _still_being_made(request, order)
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{document.filename}"'
    return response


def _still_being_made(request: SiteRequest, order: Order) -> HttpResponse:
    response = render(request, "storefront/order_pdf_pending.html", {"order": order}, status=503)
    response.headers["Retry-After"] = str(PDF_RETRY_AFTER_SECONDS)
    return response


def _context(order: Order) -> dict[str, object]:
    return {
        "order": order,
        "summary": summary_of(order),
        "details": details_of(order),
        "visit": visit_in_words(order),
        "progress": progress_of(order),
        "visit_was_changed": visit_was_changed(order),
    }
