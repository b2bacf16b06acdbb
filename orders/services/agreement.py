"""Ask the customer of an order that somebody sells to agree: by letter, to the address in the cart."""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import ContactDetails
from catalog.queries import Quote
from foundation.correspondence.models import LETTER_SECRET, Message
from foundation.correspondence.services import compose, queue_message
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import is_staff_member
from foundation.people.services import require
from foundation.people.states import Permission
from orders.models import Order
from orders.queries import (
    agreement_proof,
    appointment_window,
    details_of,
    is_of_a_seller,
    needs_appointment,
    next_step,
    other_order_agreed_at,
)
from orders.services.holding import locked_draft
from orders.services.letters import link_to, printed
from orders.states import DraftStep

SECONDS_BETWEEN = 600
"""Within so many seconds the same cart's letter goes out once."""


@transaction.atomic
def send_agreement_link(order_id: int, *, by: User | None) -> Message:
    """
    Mail the customer what a seller has filled in for them, with the link by which they agree to it and to the terms.

    The link counts for the address to which it goes, while the cart holds that address. Again within ten minutes,
    nothing is sent unless the cart has changed.

    :raises NotAllowed: if nobody sells the order, something is missing in it, the customer has agreed to it, the address
        is the seller's own, related to theirs or a colleague's, has agreed to another order of the same partner, staff
        may not work on orders there, or the order is no draft any more
    """
    order = locked_draft(order_id)
    if by and is_staff_member(by):
        require(by, Permission.WORK_ORDERS, order.division)
    details, quote = _contents(order)
    _refuse_invented(details.email, order)
    with translation.override(order.language):
        context = {
            "order": order,
            "name": details.name,
            "quote": printed(quote, order.language),
            "visit": _visit(order),
            "link": f"{link_to(order)}?{LETTER_SECRET}={agreement_proof(order)}",
        }
    return queue_message(
        compose("orders/mail/agreement", context, language=order.language, division=order.division),
        key=f"orders.agreement:{order.pk}:{order.content_digest[:16]}:{int(now().timestamp()) // SECONDS_BETWEEN}",
        kind="orders.agreement",
        to=details.email,
        language=order.language,
        division=order.division,
        subject=order,
        by=by,
    )


def _contents(order: Order) -> tuple[ContactDetails, Quote]:
    if order.sold_by_id is None:
        raise NotAllowed(_("The customer fills this order in themselves."), code="not_sold")
    details, quote, step = details_of(order), order.quoted, next_step(order)
    if details is None or quote is None or step not in {DraftStep.TERMS, DraftStep.REVIEW}:
        raise NotAllowed(_("Something is missing: %(step)s.") % {"step": step.label}, code="incomplete", field=step)
    if step == DraftStep.REVIEW:
        raise NotAllowed(_("The customer has agreed already."), code="agreed")
    return details, quote


def _refuse_invented(email: str, order: Order) -> None:
    if is_of_a_seller(email, order):
        message = _("%(email)s is the address of somebody who sells. Enter the customer's own.") % {"email": email}
        raise NotAllowed(message, code="own_address", field="email")
    if other := other_order_agreed_at(email, order):
        message = _("%(email)s has agreed to %(order)s of yours, which is under way. Enter the customer's own address.")
        raise NotAllowed(message % {"email": email, "order": other}, code="mailbox_used", field="email")


def _visit(order: Order) -> str:
    if not needs_appointment(order):
        return ""
    appointment = order.appointment
    return appointment_window(appointment.starts_at, appointment.ends_at, order.division.zone)
