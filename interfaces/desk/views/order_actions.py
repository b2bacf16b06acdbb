"""What staff do with an order: each a form, one service, a word about it, and back to the order."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ContactDetails
from accounts.queries import primary_contact
from foundation.people.models import User, UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import (
    CancelForm,
    CloseOrderForm,
    CloseRemainderForm,
    ConfirmForm,
    CorrectForm,
    HoldForm,
    ReasonForm,
    RescheduleForm,
)
from interfaces.desk.views.orders import found_order, visit_of
from orders.models import Order
from orders.queries import details_of, lines_of, open_slots
from orders.services import (
    approve_cancellation,
    cancel_order,
    close_remainder,
    correct_order,
    hold_order,
    refuse_cancellation,
    reject_order,
    release_order,
    reschedule_order,
    send_agreement_link,
    settle_contest,
)
from orders.states import CancelReason, HoldReason, WorkOrderStage


def _action(order: Order, **said: Any) -> Action:
    subject = _("Order %(number)s") % {"number": order}
    return Action(subject=subject, back=reverse("desk:order", args=[order.pk]), **said)


def _cancelling(pk: int, *, by: User) -> Callable[[dict[str, Any]], object]:
    """Return what cancels an order for the reason that was chosen."""
    return lambda answers: cancel_order(pk, CancelReason(answers["reason"]), note=answers["note"], by=by)


@staff_page(Permission.WORK_ORDERS)
def ask_to_agree(request: UserRequest, pk: int) -> HttpResponse:
    """Mail the customer of a cart the link by which they agree to the terms."""
    order = found_order(request.user, pk)
    details = details_of(order)
    action = _action(
        order,
        title=_("Send the customer the link to agree"),
        explanation=_("It goes to %(email)s. Nothing can be ordered before the customer has agreed there.")
        % {"email": details.email if details else "–"},
        button=_("Send the link"),
        done=_("The link is on its way."),
    )
    return perform(request, action, ConfirmForm(posted(request)), lambda _: send_agreement_link(pk, by=request.user))


@staff_page(Permission.WORK_ORDERS)
def reschedule(request: UserRequest, pk: int) -> HttpResponse:
    """Move an appointment to another open slot."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Move the appointment"),
        explanation=_("Now: %(when)s. The billing system is asked to do the same.") % {"when": visit_of(order) or "–"},
        button=_("Move it here"),
        done=_("The appointment is moved."),
    )
    form = RescheduleForm(posted(request), slots=open_slots(order.division, order=order), zone=order.division.zone)

    def do(answers: dict[str, Any]) -> object:
        return reschedule_order(pk, int(answers["slot"]), by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.WORK_ORDERS)
def correct(request: UserRequest, pk: int) -> HttpResponse:
    """Correct how the customer is reached and what the technician should know."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Correct details"),
        explanation=_("The billing system is told, so that the technician has the same."),
        button=_("Save the corrections"),
        done=_("The details are corrected."),
    )
    form = CorrectForm(posted(request), initial=_present_details(order))

    def do(answers: dict[str, Any]) -> object:
        note, resend = answers.pop("note"), answers.pop("resend")
        details = ContactDetails.typed(**answers)
        return correct_order(pk, details, note=note, resend_confirmation=resend, by=request.user)

    return perform(request, action, form, do)


def _present_details(order: Order) -> dict[str, str]:
    if order.customer is None:
        return {}
    contact = primary_contact(order.customer)
    return {
        "name": contact.name,
        "email": contact.email,
        "phone": str(contact.phone),
        "preferred_channel": contact.preferred_channel,
        "note": order.note,
    }


@staff_page(Permission.WORK_ORDERS)
def hold(request: UserRequest, pk: int) -> HttpResponse:
    """Stop an order until somebody has decided something."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Put on hold"),
        explanation=_what_a_hold_stops(order),
        button=_("Put it on hold"),
        done=_("The order is on hold."),
    )
    form = HoldForm(posted(request), division=order.division, user=request.user)

    def do(answers: dict[str, Any]) -> object:
        return hold_order(
            pk,
            HoldReason(answers["reason"]),
            note=answers["note"],
            reminder_at=answers["reminder_at"],
            owner=answers["owner"],
            by=request.user,
        )

    return perform(request, action, form, do)


def _what_a_hold_stops(order: Order) -> str:
    """Say what waits; a billing system that was asked for the work order is told of no hold."""
    if order.work_order_stage == WorkOrderStage.NONE:
        return _("Nothing goes on until somebody releases it. It waits on the first page of who looks after it.")
    return _(
        "The work order stays with the billing system, which is not told: a technician may come all the same. Move the "
        "appointment if nobody should. The order waits on the first page of who looks after it."
    )


@staff_page(Permission.WORK_ORDERS)
def release(request: UserRequest, pk: int) -> HttpResponse:
    """Let a held order go on."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Release the hold"),
        explanation=_("It goes on where it stopped.")
        if order.accepted_at
        else _("It is accepted and will be delivered."),
        button=_("Release it"),
        done=_("The order goes on."),
    )
    return perform(request, action, ConfirmForm(posted(request)), lambda _: release_order(pk, by=request.user))


@staff_page(Permission.WORK_ORDERS)
def reject(request: UserRequest, pk: int) -> HttpResponse:
    """Decide that an order is not delivered."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Reject the order"),
        explanation=_("It ends here, and its appointment is given back. This cannot be undone."),
        button=_("Reject it"),
        done=_("The order is rejected."),
        is_grave=True,
    )
    form = ReasonForm(posted(request))
    return perform(request, action, form, lambda answers: reject_order(pk, note=answers["reason"], by=request.user))


@staff_page(Permission.WORK_ORDERS)
def cancel(request: UserRequest, pk: int) -> HttpResponse:
    """Cancel an order, at its customer's wish."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Cancel the order"),
        explanation=_(
            "The appointment is given back, and the billing system is asked to cancel the work order. "
            "With a technician on the way, somebody decides first. This cannot be undone."
        ),
        button=_("Cancel the order"),
        done=_("The cancellation is under way."),
        is_grave=True,
    )
    form = CancelForm(posted(request), number=order.number)
    return perform(request, action, form, _cancelling(pk, by=request.user))


@staff_page(Permission.WORK_ORDERS)
def close(request: UserRequest, pk: int) -> HttpResponse:
    """Close an order that could not be installed."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Close the order"),
        explanation=_("The customer is told that the order is cancelled. This cannot be undone."),
        button=_("Close the order"),
        done=_("The order is closed."),
        is_grave=True,
    )
    form = CloseOrderForm(posted(request), number=order.number)
    return perform(request, action, form, _cancelling(pk, by=request.user))


@staff_page(Permission.WORK_ORDERS)
def close_rest(request: UserRequest, pk: int) -> HttpResponse:
    """Close what is not installed of an order of which a part works."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Close what is not installed"),
        explanation=_("Nobody waits any more for what is ticked. What works is kept. This cannot be undone."),
        button=_("Close it"),
        done=_("What is waited for no more is closed."),
        is_grave=True,
    )
    form = CloseRemainderForm(posted(request), lines=lines_of(order))

    def do(answers: dict[str, Any]) -> object:
        return close_remainder(pk, CancelReason(answers["reason"]), lines=answers["lines"], by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.WORK_ORDERS)
def settle(request: UserRequest, pk: int) -> HttpResponse:
    """Record what was done about what the billing system says of something closed here."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Settle what the billing system says"),
        explanation=_("%(problem)s Bring both together there, then say what was done.") % {"problem": order.problem},
        button=_("It is settled"),
        done=_("It is settled."),
    )
    form = ReasonForm(posted(request))
    return perform(request, action, form, lambda answers: settle_contest(pk, note=answers["reason"], by=request.user))


@staff_page(Permission.WORK_ORDERS)
def approve(request: UserRequest, pk: int) -> HttpResponse:
    """Decide that an order is cancelled although a technician is on the way."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Cancel it all the same"),
        explanation=_("The billing system is asked to cancel the work order and to call the technician back."),
        button=_("Cancel the order"),
        done=_("The cancellation is under way."),
        is_grave=True,
    )
    return perform(request, action, ConfirmForm(posted(request)), lambda _: approve_cancellation(pk, by=request.user))


@staff_page(Permission.WORK_ORDERS)
def refuse(request: UserRequest, pk: int) -> HttpResponse:
    """Decide that an order goes on although its customer wanted to cancel."""
    order = found_order(request.user, pk)
    action = _action(
        order,
        title=_("Let it go on"),
        explanation=_("The customer asked to cancel. Say why it goes on."),
        button=_("Let it go on"),
        done=_("The order goes on."),
    )
    form = ReasonForm(posted(request))
    return perform(
        request, action, form, lambda answers: refuse_cancellation(pk, reason=answers["reason"], by=request.user)
    )
