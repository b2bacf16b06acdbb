"""Ask the billing system for the work order, and record what it says, in whatever order that arrives."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Contact
from accounts.queries import primary_contact
from accounts.services import activate_account
from billing import services as billing
from billing.ports import Amounts, Appointment as Window, Party, Place, Tax, WorkOrder, WorkOrderLine
from catalog.queries import Quote
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from orders.events import (
    OrderCompleted,
    OrderFailed,
    OrderHeld,
    OrderInProgress,
    ServicesFailed,
    ServicesInstalled,
    TechnicianDispatched,
    WindowReported,
    WorkOrderAsked,
)
from orders.models import Appointment, InstalledService, Order, OrderLine
from orders.queries import lines_of
from orders.services.checks import HOLD_FIELDS
from orders.services.endings import concerned, reason_for_billing, record_end, rest_what_was_refused
from orders.services.holding import locked_by_request, locked_order
from orders.services.serving import follow_service_status, occupied_by
from orders.states import AppointmentStatus, LineStatus, OrderStatus, WorkOrderStage
from territory.services import record_occupancy
from territory.states import NETWORK_FAMILIES

STAGE_FIELDS = (
    "status",
    "cancel_reason",
    "work_order_id",
    "work_order_stage",
    "work_order_at",
    "problem",
    "ended_at",
    *HOLD_FIELDS,
)


@transaction.atomic
def request_work_order(order_id: int, *, by: User | None) -> Order:
    """
    Ask the division's billing system for an accepted order's work order; it is sent once this is committed.

    :raises NotAllowed: if it was asked for, or the order is held, was cancelled or was never accepted
    """
    order = locked_order(order_id)
    if order.status != OrderStatus.PENDING or order.work_order_stage != WorkOrderStage.NONE:
        raise NotAllowed(_("This order needs no work order now."), code="wrong_status")
    billing.request_work_order(
        request_id=order.work_order_request_id,
        division=order.division,
        work_order=work_order_of(order),
        subject=order,
        about=concerned(order),
        by=by,
    )
    order.ask_for_work_order()
    order.save(update_fields=["work_order_stage"])
    fact = WorkOrderAsked(order_id=order.pk, request_id=order.work_order_request_id)
    publish(fact, subject=order, division=order.division, by=by)
    return order


def work_order_of(order: Order) -> WorkOrder:
    """
    Return what the billing system is asked to install: the amounts are those that the customer was shown.

    Products and taxes are named in the division's language, whatever the customer's, which stands with the party.

    :raises NotAllowed: if the order was not submitted
    """
    quote = order.quoted
    if quote is None:
        raise NotAllowed(_("This order was not submitted."), code="wrong_status")
    return WorkOrder(
        order_number=order.number,
        party=party_of(order),
        place=_place(order),
        lines=tuple(_work_order_line(line, order.division.language) for line in lines_of(order)),
        amounts=_amounts(quote, order.division.language),
        appointment=window_of(order),
        note=order.note,
    )


def party_of(order: Order) -> Party:
    """Return whose work order it is, with the contact as it is now."""
    customer, account = order.parties()
    contact: Contact = primary_contact(customer)
    return Party(
        name=contact.name,
        customer_number=customer.number,
        account_number=account.number,
        email=contact.email,
        phone=str(contact.phone),
        language=order.language,
    )


def window_of(order: Order) -> Window | None:
    """Return the window that is booked, if a technician has to come."""
    appointment = Appointment.objects.select_related("slot").filter(order=order).first()
    if appointment is None or appointment.status != AppointmentStatus.BOOKED:
        return None
    slot = appointment.slot
    return Window(starts_at=slot.starts_at, ends_at=slot.ends_at, slot=str(slot.pk))


def _place(order: Order) -> Place:
    premises = order.premises
    return Place(
        premises_id=premises.source_id or str(premises.pk),
        street_line=premises.street_line,
        unit=premises.unit,
        city=premises.city,
        state=premises.state,
        zip_code=premises.zip_code,
    )


def _work_order_line(line: OrderLine, language: str) -> WorkOrderLine:
    return WorkOrderLine(
        line_id=line.line_id,
        product_code=line.product_id,
        name=line.names.in_language(language),
        quantity=line.quantity,
        recurring=line.recurring,
        one_time=line.one_time,
    )


def _amounts(quote: Quote, language: str) -> Amounts:
    return Amounts(
        currency=quote.currency,
        due_today=quote.due_today,
        monthly=quote.monthly,
        monthly_after=quote.monthly_after,
        promotion_months=quote.promotion_months,
        taxes=tuple(
            Tax(code=tax.code, name=tax.names.in_language(language), today=tax.today, monthly=tax.monthly)
            for tax in quote.taxes
        ),
    )


@transaction.atomic
def record_work_order_confirmed(request_id: str, *, work_order_id: str) -> Order:
    """
    Note that the billing system has the work order; told again, however late, nothing changes.

    An order that was cancelled while its work order was thought refused is cancelled there, too.

    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    if order.is_confirmed_as(work_order_id):
        return order
    before, was_refused = order.status, order.work_order_stage == WorkOrderStage.REFUSED
    order.confirm_work_order(work_order_id)
    order.save(update_fields=STAGE_FIELDS)
    if order.status == OrderStatus.CANCELLED and was_refused:
        billing.cancel_work_order(
            request_id=f"{request_id}-cancel-ended",
            work_order_request_id=request_id,
            reason=reason_for_billing(order),
            by=None,
        )
    if before != order.status:
        _start_lines(order)
        publish(OrderInProgress(order_id=order.pk), subject=order, division=order.division, by=None)
    return order


def _start_lines(order: Order) -> None:
    for line in locked_lines(order):
        if line.status == LineStatus.ACKNOWLEDGED:
            line.start(waits=bool(line.relies_on))
            line.save(update_fields=["status"])


def locked_lines(order: Order) -> list[OrderLine]:
    """Hold the lines of an order, whose row is locked, in the order in which they were quoted."""
    return list(OrderLine.objects.locked().filter(order=order).order_by("position"))


@transaction.atomic
def record_work_order_unknown(request_id: str) -> Order:
    """
    Note that nobody can tell yet whether the billing system has the work order.

    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    order.leave_work_order_unknown()
    order.save(update_fields=["work_order_stage"])
    return order


@transaction.atomic
def record_work_order_refused(request_id: str, *, reason: str) -> Order:
    """
    Note that the billing system will not have the work order: a person decides.

    :raises NotAllowed: if no order has asked for it, or the order has ended
    """
    order = locked_by_request(request_id)
    before = order.status
    order.refuse_work_order(reason, at=now())
    order.save(update_fields=STAGE_FIELDS)
    record_end(order, by=None)
    rest_what_was_refused(order)
    if order.status == OrderStatus.HELD and before != OrderStatus.HELD:
        fact = OrderHeld(order_id=order.pk, reason=order.hold_reason)
        publish(fact, subject=order, division=order.division, by=None)
    return order


@transaction.atomic
def record_dispatch(request_id: str, *, at: datetime | None = None) -> Order:
    """
    Note that a technician is on the way: from now on, cancelling needs a person. Told again, nothing changes.

    :param at: when that was true; a technician who has reported since then is not on the way any more
    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    before = order.work_order_stage
    order.dispatch(at=at)
    order.save(update_fields=["work_order_stage", "work_order_at"])
    if order.work_order_stage == before:
        return order
    publish(TechnicianDispatched(order_id=order.pk), subject=order, division=order.division, by=None)
    return order


@transaction.atomic
def record_window(request_id: str, *, starts_at: datetime, ends_at: datetime, at: datetime | None = None) -> Order:
    """
    Note when the technician comes, as the billing system says; what is booked anyway changes nothing.

    :param at: when it said so; what it said later stands
    :raises NotAllowed: if no order has asked for it, or no visit is booked
    """
    order = locked_by_request(request_id)
    appointment = (
        Appointment.objects.select_related("slot").filter(order=order, status=AppointmentStatus.BOOKED).first()
    )
    if appointment is None:
        raise NotAllowed(_("No appointment is booked."), code="not_booked")
    before = appointment.starts_at, appointment.ends_at
    appointment.give_window(starts_at, ends_at, at=at)
    appointment.save(update_fields=["given_starts_at", "given_ends_at", "given_at"])
    if (appointment.starts_at, appointment.ends_at) != before:
        fact = WindowReported(
            order_id=order.pk,
            starts_at=starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
            before_starts_at=before[0].isoformat(),
            before_ends_at=before[1].isoformat(),
        )
        publish(fact, subject=order, division=order.division, by=None)
    return order


@transaction.atomic
def record_install(request_id: str, *, lines: Iterable[str], installed_on: date, at: datetime | None = None) -> Order:
    """
    Note which lines work since a day (in the division's zone); told again, nothing changes.

    Their services become active, the account is served, the address occupied, and what waited for them begins. When
    the last one works, the order is completed. Of lines that were cancelled nothing becomes active: the order says
    that something is wrong, and a person sees to it.

    :param lines: as the work order named them
    :param at: when that was reported
    :raises NotAllowed: if no order has asked for it
    """
    order = locked_by_request(request_id)
    every, named = locked_lines(order), set(lines)
    if any(line.line_id in named and line.status == LineStatus.CANCELLED for line in every):
        order.contest(_("The billing system reports an installation of what was cancelled."), at=now())
        order.save(update_fields=["problem", "contested_at"])
    new = [line for line in every if line.line_id in named and line.can_move(LineStatus.COMPLETED)]
    if not new:
        return order
    for line in new:
        line.complete(installed_on)
    _start_what_waited(every)
    OrderLine.objects.bulk_update(every, ["status", "installed_on", "problem"])
    _activate(order, new, every, installed_on)
    fact = ServicesInstalled(
        order_id=order.pk, products=[line.product_id for line in new], installed_on=installed_on.isoformat()
    )
    publish(fact, subject=order, about=concerned(order), division=order.division, by=None)
    conclude(order, every, by=None, at=at)
    if order.account_id:
        follow_service_status(order.account_id)  # which may have been told before this
    return order


def _start_what_waited(lines: list[OrderLine]) -> None:
    ready = {line.product_id for line in lines if line.status == LineStatus.COMPLETED}
    for line in lines:
        if line.status == LineStatus.PENDING and line.relies_on in ready:
            line.start(waits=False)


def _activate(order: Order, new: list[OrderLine], every: list[OrderLine], installed_on: date) -> None:
    customer, account = order.parties()
    InstalledService.objects.bulk_create(
        InstalledService(
            customer=customer,
            account=account,
            division=order.division,
            premises=order.premises,
            product_id=line.product_id,
            line=line,
            quantity=line.quantity,
            since=installed_on,
        )
        for line in new
    )
    activate_account(account.pk, by=None)
    before = {line.family for line in every if line.status == LineStatus.COMPLETED and line not in new}
    families = {line.family for line in new}.intersection(NETWORK_FAMILIES) - before
    try:
        record_occupancy(order.premises_id, sorted(families), since=installed_on, reference=occupied_by(order))
    except NotAllowed as refusal:  # what works, works: somebody has to find out whose the other service is
        order.problem = refusal.message


def conclude(order: Order, lines: list[OrderLine], *, by: User | None, at: datetime | None = None) -> None:
    """
    Complete a locked order of whose lines some work, if all do that are still wanted.

    :param at: when the technician reported it
    :raises NotAllowed: if it has ended otherwise
    """
    wanted = [line for line in lines if line.status != LineStatus.CANCELLED]
    if all(line.status == LineStatus.COMPLETED for line in wanted):
        order.complete(at=now())
        publish(
            OrderCompleted(order_id=order.pk), subject=order, about=concerned(order), division=order.division, by=by
        )
    else:
        order.complete_partly(at=at)
    order.save(update_fields=["completed_at", *STAGE_FIELDS])
    rest_what_was_refused(order)


@transaction.atomic
def record_failure(request_id: str, *, lines: Iterable[str], reason: str) -> Order:
    """
    Note which lines could not be installed, in the billing system's words; when none works, the order has failed.

    Told again, nothing changes; nor where what is named works, or was cancelled.

    :raises NotAllowed: if no order has asked for it, or it cannot fail where it stands
    """
    order = locked_by_request(request_id)
    every, named = locked_lines(order), set(lines)
    failed = [line for line in every if line.line_id in named and line.can_move(LineStatus.FAILED)]
    if not failed:
        return order
    for line in failed:
        line.fail(reason)
    OrderLine.objects.bulk_update(failed, ["status", "problem"])
    order.problem = reason
    if all(line.status == LineStatus.FAILED for line in every):
        order.fail(reason, at=now())
        publish(OrderFailed(order_id=order.pk), subject=order, about=concerned(order), division=order.division, by=None)
    order.save(update_fields=STAGE_FIELDS)
    rest_what_was_refused(order)
    fact = ServicesFailed(order_id=order.pk, products=[line.product_id for line in failed])
    publish(fact, subject=order, division=order.division, by=None)
    return order
