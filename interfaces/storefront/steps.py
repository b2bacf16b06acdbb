"""The questions of an order, one a page, in the order in which they are asked."""

import hashlib
import json
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy

from catalog.queries import Quote
from foundation.divisions.models import Division
from foundation.divisions.queries import site_by_code
from interfaces.storefront.shop import Summary, seller_of
from orders.models import AppointmentSlot, Order
from orders.queries import appointment_window, day_in_words, needs_appointment, next_step, visit_hours, zone_name
from orders.services import CODE_MARK
from orders.states import AppointmentStatus, DraftStep, OrderStatus
from referrals.queries import shown_code
from referrals.queries.landing import said_at, said_of
from referrals.services import TOUCH_MARK


class Question(models.TextChoices):
    """One page of the order."""

    PACKAGE = "package", gettext_lazy("Package")
    OPTIONS = "options", gettext_lazy("Options")
    DETAILS = "details", gettext_lazy("Your details")
    APPOINTMENT = "appointment", gettext_lazy("Appointment")
    TERMS = "terms", gettext_lazy("Terms")
    REVIEW = "review", gettext_lazy("Review")


_ASKED_BY = {
    DraftStep.PACKAGE: Question.PACKAGE,
    DraftStep.CONTACT: Question.DETAILS,
    DraftStep.APPOINTMENT: Question.APPOINTMENT,
    DraftStep.TERMS: Question.TERMS,
    DraftStep.REVIEW: Question.REVIEW,
}


def open_question(order: Order) -> Question:
    """Return the first question that a cart still needs an answer to."""
    return _ASKED_BY[next_step(order)]


def questions_of(order: Order) -> list[Question]:
    """Return the questions that are asked for a cart: no appointment where nobody has to come."""
    without = set() if order.quote is None or needs_appointment(order) else {Question.APPOINTMENT}
    return [question for question in Question if question not in without]


def may_ask(order: Order, question: Question) -> bool:
    """Tell whether all that comes before a question is answered."""
    asked = questions_of(order)
    return question in asked and asked.index(question) <= asked.index(open_question(order))


def address_of(order: Order, question: Question) -> str:
    """Return the address of a question's page."""
    return reverse(f"storefront:order_{question.value}", args=[order.token])


def step_indicator(order: Order, now_at: Question) -> list[dict[str, Any]]:
    """Describe the way through the order for its step indicator."""
    asked = questions_of(order)
    first_open = asked.index(open_question(order))
    return [_step(order, question, now_at, place - first_open) for place, question in enumerate(asked)]


def _step(order: Order, question: Question, now_at: Question, ahead: int) -> dict[str, Any]:
    """Describe a question so many places ahead of the first without an answer, which may be gone to but is not done."""
    is_current = question == now_at
    state = "current" if is_current else "done" if ahead < 0 else "ahead"
    href = address_of(order, question) if ahead <= 0 and not is_current else ""
    return {"label": question.label, "question": question.value, "state": state, "href": href}


def mark_of(order: Order, question: Question) -> str:
    """Return a mark of what an order holds under a question, so that a page can tell that it has become stale."""
    text = json.dumps(answer_to(order, question), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def answer_to(order: Order, question: Question) -> Any:
    """Return what an order holds under a question, in JSON primitives."""
    answers: dict[Question, Any] = {
        Question.PACKAGE: order.selection and order.selection["package_code"],
        Question.OPTIONS: order.selection,
        Question.DETAILS: [order.contact, order.note, code_of(order)],
        Question.APPOINTMENT: getattr(visit_of(order), "pk", None),
        Question.TERMS: [order.terms_id, order.content_digest],
    }
    return answers.get(question)


def code_of(order: Order) -> str:
    """Return the code of a friend that was typed for an order, if any."""
    codes = (mark.removeprefix(CODE_MARK) for mark in order.attribution if mark.startswith(CODE_MARK))
    return next(codes, "")


def code_in_words(order: Order) -> str:
    """Return that code as it is read out; empty where there is none."""
    code = code_of(order)
    return shown_code(code) if code else ""


def is_stale(request: HttpRequest, order: Order, question: Question, *, wanted: Any) -> bool:
    """
    Tell whether a form was filled in while the order said something else under this question.

    The same answer a second time is not stale: it is a double click.
    """
    seen = request.POST.get("seen", "")
    return bool(seen) and seen != mark_of(order, question) and wanted != answer_to(order, question)


def visit_of(order: Order) -> AppointmentSlot | None:
    """Return the slot that is kept or booked for an order."""
    appointment = getattr(order, "appointment", None)
    if appointment is None or appointment.status == AppointmentStatus.RELEASED:
        return None
    slot: AppointmentSlot = appointment.slot
    return slot


def visit_in_words(order: Order) -> str:
    """Say when the technician comes, in the market's zone."""
    if visit_of(order) is None:
        return ""
    return appointment_window(order.appointment.starts_at, order.appointment.ends_at, order.division.zone)


def summary_of(order: Order) -> Summary:
    """Describe an order so far."""
    seller = seller_of(order.division, site_by_code(order.site_code))
    return Summary(order.address, order.quoted, visit_in_words(order), seller, sent_by(order))


def sent_by(order: Order) -> str:
    """Say of an order that is not placed yet who sent the friend and what they get; nothing where nobody did."""
    return said_at(order.division, _tokens_of(order), code_of(order)) if order.status == OrderStatus.DRAFT else ""


def has_sent(order: Order) -> str:
    """Repeat for an order that is placed who sent the friend and what both get; nothing where nobody did."""
    return said_of(order, _tokens_of(order), code_of(order))


def _tokens_of(order: Order) -> list[str]:
    return [mark.removeprefix(TOUCH_MARK) for mark in order.attribution if mark.startswith(TOUCH_MARK)]


def what_it_holds(order: Order) -> str:
    """Say in one sentence what an order holds now: its package, what was added, and the visit."""
    quote = order.quoted
    if quote is None:
        return _("It has no package yet.")
    package = " + ".join([quote.package_name, *_added(order, quote)])
    if visit := visit_in_words(order):
        return _("It has %(package)s, with a visit on %(visit)s.") % {"package": package, "visit": visit}
    return _("It has %(package)s.") % {"package": package}


def _added(order: Order, quote: Quote) -> list[str]:
    """Name what was added to the package, and how many of it."""
    added = order.chosen.add_ons if order.chosen else {}
    lines = [line for line in quote.lines if line.code in added]
    return [f"{line.quantity} × {line.name}" if line.quantity > 1 else line.name for line in lines]


def days_of(slots: list[AppointmentSlot], division: Division) -> list[dict[str, Any]]:
    """Group slots by their day in the division's zone."""
    days: dict[Any, dict[str, Any]] = {}
    for slot in slots:
        start = slot.starts_at.astimezone(division.zone)
        day = days.setdefault(
            start.date(),
            {
                "date": start.date(),
                "weekday": date_format(start, "l"),
                "label": day_in_words(start),
                "zone": zone_name(start),
                "slots": [],
            },
        )
        left = slot.capacity - slot.booked
        window = visit_hours(slot.starts_at, slot.ends_at, division.zone)
        day["slots"].append({"id": slot.pk, "label": window, "left": left, "is_full": False})
    return list(days.values())
