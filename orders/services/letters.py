"""What the customer is sent about an order, rendered once from what was kept of it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format

from accounts.queries import primary_contact
from catalog.queries import Quote, QuoteLine
from foundation.correspondence.models import Document, Message
from foundation.correspondence.services import PdfUnavailableError, compose, keep_document, queue_message, send_again
from foundation.divisions.queries import brand_of, site_by_code
from foundation.lifecycle import NotAllowed
from foundation.money import format_money
from foundation.people.models import User
from orders.models import Appointment, Order
from orders.queries import CONFIRMATION, appointment_window, lines_of, progress_of, visit_was_changed
from orders.services.endings import concerned
from orders.states import AppointmentStatus, LineStatus

CONFIRMING = ("orders.confirmation", "orders.rescheduled")
"""The kinds of messages that say what was ordered and when the technician comes."""
Aside = Callable[[Order], str]
"""Says one sentence about an order, in the language in force; nothing where there is none to say."""
_asides: list[Aside] = []
log = structlog.get_logger(__name__)


def said_in_confirmations(aside: Aside) -> Aside:
    """Let what an app above knows of an order be said in the letter that confirms it, once it was submitted."""
    _asides.append(aside)
    return aside


@dataclass(frozen=True, kw_only=True)
class PrintedLine:
    """A product as letters name it; amounts are written out in the customer's language, empty where there is none."""

    name: str
    quantity: int
    monthly: str
    monthly_after: str
    promotion_months: int
    once: str


@dataclass(frozen=True, kw_only=True)
class PrintedTax:
    """A tax or fee as letters name it; amounts are empty where there is none."""

    name: str
    today: str
    monthly: str


@dataclass(frozen=True, kw_only=True)
class PrintedQuote:
    """A quote as letters show it: nothing is left to compute."""

    package: str
    lines: tuple[PrintedLine, ...]
    taxes: tuple[PrintedTax, ...]
    due_today: str
    monthly: str
    monthly_after: str
    promotion_months: int


def printed(quote: Quote, language: str) -> PrintedQuote:
    """Write a quote out in a language."""

    def money(amount: Decimal) -> str:
        return format_money(amount, quote.currency, language)

    def line(of: QuoteLine) -> PrintedLine:
        return PrintedLine(
            name=of.names.in_language(language),
            quantity=of.quantity,
            monthly=money(of.recurring) if of.recurring or of.promotion_months else "",
            monthly_after=money(of.recurring_after),
            promotion_months=of.promotion_months,
            once=money(of.one_time) if of.one_time else "",
        )

    return PrintedQuote(
        package=quote.package_names.in_language(language),
        lines=tuple(line(one) for one in quote.lines),
        taxes=tuple(
            PrintedTax(
                name=tax.names.in_language(language),
                today=money(tax.today) if tax.today else "",
                monthly=money(tax.monthly) if tax.monthly or tax.monthly_after else "",
            )
            for tax in quote.taxes
        ),
        due_today=money(quote.due_today),
        monthly=money(quote.monthly),
        monthly_after=money(quote.monthly_after),
        promotion_months=quote.promotion_months,
    )


def link_to(order: Order) -> str:
    """Return where the customer follows an order: behind the secret, below the site that it was placed on."""
    site = site_by_code(order.site_code)
    prefix = site.path_prefix if site else ""
    return f"{settings.SITE_URL}{prefix}{reverse(settings.ORDER_PAGE, args=[order.token])}"


def send_confirmation(order_id: int) -> None:
    """
    Send the customer what they ordered, with the same as a PDF where this machine can make one; again, nothing is sent.

    :raises NotAllowed: if the order was not submitted
    """
    order = _submitted(order_id)
    context = _context(order)
    documents = _confirmation_if_possible(order, context)
    with translation.override(order.language):
        context["asides"] = [said for aside in _asides if (said := aside(order))]
    _send(order, "confirmation", f"orders.confirmation:{order.pk}", context, documents=documents)


def _confirmation_if_possible(order: Order, context: Mapping[str, Any], *, change: str = "") -> list[Document]:
    try:
        return [_confirmation_document(order, context, change=change)]
    except PdfUnavailableError as error:
        log.warning("confirmation_without_pdf", order=order.pk, error=str(error))
        return []


def _confirmation_document(order: Order, context: Mapping[str, Any], *, change: str = "") -> Document:
    """Keep the confirmation as it is now; after a change of the visit, beside those of before."""
    with translation.override(order.language):
        parts = {**context, "brand": brand_of(order.division), "language": order.language}
        html = render_to_string("orders/confirmation_pdf.html", parts)
    return keep_document(
        html,
        kind=f"{CONFIRMATION}:{change}" if change else CONFIRMATION,
        filename=f"order-{order.number}-changed.pdf" if change else f"order-{order.number}.pdf",
        language=order.language,
        division=order.division,
        subject=order,
    )


def send_new_appointment(order_id: int, *, change: str) -> None:
    """
    Send the customer their new appointment, and their order with it as a PDF, once for each change.

    What was confirmed before is kept as it was.

    :param change: what makes this change no other: its count, or the window that the billing system named
    :raises NotAllowed: if the order was not submitted
    """
    order = _submitted(order_id)
    context = _context(order)
    documents = _confirmation_if_possible(order, context, change=change)
    _send(order, "rescheduled", f"orders.rescheduled:{order.pk}:{change}", context, documents=documents)


def resend_confirmation(order: Order, *, by: User) -> None:
    """
    Send the last confirmation of an order to how its customer is reached now.

    Where none was written yet, the first one goes there by itself; what is on its way there is not sent twice.
    """
    customer, _account = order.parties()
    written = Message.objects.filter(subject_type=order._meta.label_lower, subject_id=order.pk, kind__in=CONFIRMING)
    last = written.order_by("-pk").first()
    with suppress(NotAllowed):
        if last:
            send_again(last.pk, to=primary_contact(customer).email, by=by)


def send_cancellation(order_id: int) -> None:
    """
    Send the customer word that their order has ended; again, nothing is sent.

    :raises NotAllowed: if the order was not submitted
    """
    order = _submitted(order_id)
    _send(order, "cancelled", f"orders.cancelled:{order.pk}", _context(order))


def send_completion(order_id: int) -> None:
    """
    Send the customer word that everything works; again, nothing is sent.

    :raises NotAllowed: if the order was not submitted
    """
    order = _submitted(order_id)
    _send(order, "completed", f"orders.completed:{order.pk}", _context(order))


def send_failure(order_id: int) -> None:
    """
    Send the customer word that nothing could be installed, and that we will call; again, nothing is sent.

    :raises NotAllowed: if the order was not submitted
    """
    order = _submitted(order_id)
    _send(order, "failed", f"orders.failed:{order.pk}", _context(order))


def _submitted(order_id: int) -> Order:
    related = ("division", "customer", "account", "terms")
    order = Order.objects.select_related(*related).get(pk=order_id)
    order.parties()
    return order


def _context(order: Order) -> dict[str, Any]:
    quote, (customer, account) = order.quoted, order.parties()
    with translation.override(order.language):
        return {
            "order": order,
            "account": account,
            "terms": order.terms,
            "contact": primary_contact(customer),
            "quote": printed(quote, order.language) if quote else None,
            "visit": _visit(order),
            "link": link_to(order),
            "ordered": _ordered(order),
            "visit_was_changed": visit_was_changed(order),
            "progress": progress_of(order),
            "closed": [line.names.in_language() for line in lines_of(order) if line.status == LineStatus.CANCELLED],
        }


def _ordered(order: Order) -> str:
    return date_format(order.submitted_at.astimezone(order.division.zone), "DATE_FORMAT") if order.submitted_at else ""


def _visit(order: Order) -> str:
    appointment = Appointment.objects.select_related("slot").filter(order=order).first()
    if appointment is None or appointment.status != AppointmentStatus.BOOKED:
        return ""
    return appointment_window(appointment.starts_at, appointment.ends_at, order.division.zone)


def _send(  # each part of a message has a name
    order: Order,
    kind: str,
    key: str,
    context: dict[str, Any],
    *,
    documents: list[Document] | None = None,
) -> None:
    letter = compose(f"orders/mail/{kind}", context, language=order.language, division=order.division)
    queue_message(
        letter,
        key=key,
        kind=f"orders.{kind}",
        to=context["contact"].email,
        language=order.language,
        division=order.division,
        subject=order,
        about=concerned(order),
        documents=documents or [],
    )
