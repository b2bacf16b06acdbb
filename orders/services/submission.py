"""Submit an order: once, and all or nothing."""

import hashlib
import json

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import AgreedText, ContactDetails, Partner
from accounts.queries import customer_of, duplicate_of
from accounts.services import Opened, duplicate_refused, open_account
from accounts.states import ConsentKind
from catalog.queries import Quote, Selection, costs_of
from catalog.states import PriceKind
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from orders.events import OrderSubmitted
from orders.models import Order, OrderLine
from orders.queries import (
    changes_between,
    details_of,
    needs_appointment,
    next_step,
    other_order_agreed_at,
    shown_mark,
)
from orders.services.appointments import book, release
from orders.services.drafting import price_offered
from orders.states import DraftStep
from territory.models import Qualification
from territory.services import requalify

SUBMITTED = (
    "status", "number", "customer", "account", "qualification", "work_order_request_id", "idempotency_key",
    "submitted_digest", "submitted_at", "touched_at",
)  # fmt: skip


def submit_order(order_id: int, *, idempotency_key: str, shown: str, by: User | None) -> Order:
    """
    Order what is in the cart: check the address once more, quote once more, book the slot, make the customer.

    The same key again returns the order that it submitted, however often and from however many tabs.

    :param idempotency_key: of the form that is submitted
    :param shown: `queries.shown_mark` of what the visitor saw
    :raises NotAllowed: with a code: `incomplete` (`field` is the step), `terms_changed`, `cart_changed` (the visitor saw
        another cart), `qualification_changed`, `price_changed`, `slot_taken`, `duplicate_account`, `mailbox_used`, `already_submitted`
        under another key, or `key_reused` with other content; nothing is lost, the cart stays as it was
    """
    try:
        return _submit(order_id, key=idempotency_key, shown=shown, by=by)
    except IntegrityError as error:
        if "idempotency_key" not in str(error):
            raise
        raise _key_reused() from None


@transaction.atomic
def _submit(order_id: int, *, key: str, shown: str, by: User | None) -> Order:
    digest = hashlib.sha256(json.dumps([order_id, shown]).encode()).hexdigest()
    order, is_repetition = _locked(order_id, key=key, digest=digest)
    if is_repetition:
        return order
    details, selection, quote = _contents(order)
    if shown != shown_mark(order):
        raise NotAllowed(_("The order was changed after you opened this page. Look it over."), code="cart_changed")
    qualification = requalify(order.qualification_id)
    _refuse_changes(order, selection, quote, qualification)
    if duplicate_of(details, order.premises_id):
        raise duplicate_refused()
    _refuse_second_agreement(order, details)
    if needs_appointment(order):
        book(order)
    else:
        release(order)
    opened = _open_account(order, details)
    order.qualification = qualification
    order.touched_at = now()
    order.submit(opened.customer, opened.account, key=key, digest=digest, at=order.touched_at)
    order.save(update_fields=SUBMITTED)
    OrderLine.objects.bulk_create(_lines(order, quote))
    publish(
        OrderSubmitted(order_id=order.pk),
        subject=order,
        about=[opened.customer, opened.account],
        division=order.division,
        by=by,
        channel=order.channel,
    )
    return order


def _locked(order_id: int, *, key: str, digest: str) -> tuple[Order, bool]:
    """Hold a cart, or return what the same key has submitted: it, and whether that is so."""
    wanted = Order.objects.locked().filter(Q(pk=order_id) | Q(idempotency_key=key))
    rows = {row.pk: row for row in wanted.select_related("division", "premises").order_by("pk")}
    holder = next((row for row in rows.values() if row.idempotency_key == key), None)
    if holder and (holder.pk, holder.submitted_digest) != (order_id, digest):
        raise _key_reused()
    order = rows[order_id]
    if not holder:
        _refuse_submitted(order)
    return order, holder is not None


def _key_reused() -> NotAllowed:
    return NotAllowed(_("This form was submitted before with other content."), code="key_reused")


def _refuse_submitted(order: Order) -> None:
    if order.submitted_at:
        raise NotAllowed(_("This order was submitted before."), code="already_submitted")
    order.require_draft()


def _contents(order: Order) -> tuple[ContactDetails, Selection, Quote]:
    details, selection, quote = details_of(order), order.chosen, order.quoted
    step = next_step(order)
    if step == DraftStep.TERMS and order.terms_id and order.is_agreed:
        raise NotAllowed(
            _("The terms have changed since you agreed. Read the new ones."), code="terms_changed", field=step
        )
    if details is None or selection is None or quote is None or step != DraftStep.REVIEW:
        raise NotAllowed(_("Something is missing: %(step)s.") % {"step": step.label}, code="incomplete", field=step)
    return details, selection, quote


def _refuse_changes(order: Order, selection: Selection, quote: Quote, qualification: Qualification) -> None:
    try:
        current = price_offered(order, selection, qualification)
    except NotAllowed as refusal:
        message = _("What can be had at your address has changed. %(what)s") % {"what": refusal.message}
        raise NotAllowed(message, code="qualification_changed") from None
    changes = changes_between(quote, current, language=order.language)
    if changes:
        said = " ".join(changes)
        raise NotAllowed(_("Prices have changed since you saw them. %(what)s") % {"what": said}, code="price_changed")


def _refuse_second_agreement(order: Order, details: ContactDetails) -> None:
    """Let a mailbox agree to one order of a partner at a time: the letters for two may have gone out before either."""
    if order.sold_by_id is None or order.sold_for_id is None:
        return
    Partner.objects.select_for_update(no_key=True).get(pk=order.sold_for_id)
    if other := other_order_agreed_at(details.email, order):
        message = _("%(email)s has agreed to %(order)s of the same partner, which is under way.")
        raise NotAllowed(message % {"email": details.email, "order": other}, code="mailbox_used")


def _open_account(order: Order, details: ContactDetails) -> Opened:
    terms = order.terms
    agreed = [AgreedText(kind=ConsentKind.TERMS, text_version=terms.version if terms else "")]
    return open_account(
        details,
        premises=order.premises,
        address=order.address,
        division=order.division,
        language=order.language,
        channel=order.channel,
        customer=customer_of(order.user, order.division) if order.user else None,
        user=order.user,
        agreed=agreed,
        evidence=order.terms_evidence,
    )


def _lines(order: Order, quote: Quote) -> list[OrderLine]:
    costs = costs_of(order.division, today(order.division))
    return [
        OrderLine(
            order=order,
            position=position,
            product_id=line.code,
            names=line.names,
            family=line.family,
            quantity=line.quantity,
            recurring=line.recurring,
            recurring_after=line.recurring_after,
            promotion_months=line.promotion_months,
            one_time=line.one_time,
            recurring_cost=costs.of(line.code, PriceKind.RECURRING, line.quantity),
            one_time_cost=costs.of(line.code, PriceKind.ONE_TIME, line.quantity),
            relies_on=line.relies_on,
        )
        for position, line in enumerate(quote.lines, start=1)
    ]
