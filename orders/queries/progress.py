"""Where an order stands, in a sentence and on a line of steps, as its customer reads it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _, ngettext, pgettext

from foundation.now import today
from orders.models import Order, OrderLine
from orders.queries.carts import needs_appointment
from orders.queries.orders import lines_of
from orders.states import AppointmentStatus, LineStatus, OrderStatus, WorkOrderStage


class StepState(StrEnum):
    """What has become of a step."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"
    TROUBLE = "trouble"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an order's way; `at` is a moment, or a date where only the day is known."""

    code: str
    label: str
    state: StepState
    at: datetime | date | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an order is."""

    sentence: str
    steps: tuple[Step, ...]
    ready: int
    total: int
    waiting: tuple[str, ...] = ()
    """What waits for what, a sentence each."""


def appointment_window(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """Return when a technician comes, in the active language and a division's zone, which is named."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return _("%(day)s, %(from)s to %(to)s") % {
        "day": f"{_weekday(start)}, {day_in_words(start)}",
        "from": _hour(start),
        "to": f"{_hour(end)} {zone_name(start)}",
    }


def moment_in_words(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as customers read it everywhere: weekday, day and time, with the zone, which is a division's."""
    local = at.astimezone(zone)
    is_this_year = local.year == today(zone).year
    return _("%(day)s, %(time)s") % {
        "day": f"{_weekday(local)}, {day_in_words(local) if is_this_year else date_format(local)}",
        "time": f"{_hour(local)} {zone_name(local)}",
    }


def visit_hours(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """Return between which hours of a day a technician comes: the zone stands beside the day, by `zone_name`."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return _("%(from)s to %(to)s") % {"from": _hour(start), "to": _hour(end)}


def day_in_words(day: datetime) -> str:
    """Say a day of the year in the order of the active language: November 23, 23 de noviembre."""
    return date_format(day, "MONTH_DAY_FORMAT")


def _weekday(day: datetime) -> str:
    """Name a weekday as in the middle of a sentence: Django's Spanish gives it a capital, which it has where months have one."""
    weekday, month = date_format(day, "l"), date_format(day, "F")
    return weekday.lower() if month[:1].islower() else weekday


def zone_name(moment: datetime) -> str:
    """Return the name of a moment's zone as people write it behind a time: EST, or UTC-03 where it has no letters."""
    name = moment.tzname() or "UTC"
    return name if name.isalpha() else f"UTC{name}"


def _hour(moment: datetime) -> str:
    return time_format(moment.time(), pgettext("time of a visit, as Django's date filter reads it", "g:i A"))


def progress_of(order: Order) -> Progress:
    """Tell how far a submitted order is, in the active language; reads its lines and its appointment."""
    lines = lines_of(order)
    ready = [line for line in lines if line.status == LineStatus.COMPLETED]
    return Progress(
        sentence=_sentence(order, ready=len(ready), total=len(lines)),
        steps=_steps(order, ready),
        ready=len(ready),
        total=len(lines),
        waiting=tuple(_waiting(lines)),
    )


def _sentence(order: Order, *, ready: int, total: int) -> str:
    sentences = {
        OrderStatus.DRAFT: _("This order was not submitted yet."),
        OrderStatus.ACKNOWLEDGED: _("We have your order and are checking it."),
        OrderStatus.PENDING: _("Your order is accepted. We are arranging the installation."),
        OrderStatus.HELD: _("Your order is on hold. We will contact you."),
        OrderStatus.COMPLETED: _("Everything is installed and ready to use.")
        if ready == total
        else _("What could be installed is ready to use."),
        OrderStatus.FAILED: _("We could not install your services. We will contact you."),
        OrderStatus.REJECTED: _("We could not accept this order."),
        OrderStatus.ASSESSING_CANCELLATION: _(
            "A technician is on the way already. We are looking into your cancellation and will contact you."
        ),
        OrderStatus.PENDING_CANCELLATION: _("Your order is being cancelled."),
        OrderStatus.CANCELLED: _("This order was cancelled."),
    }
    if order.status == OrderStatus.PARTIAL:
        return _readiness(ready, total)
    if order.status == OrderStatus.PENDING and not needs_appointment(order):
        return _("Your order is accepted. We are preparing it.")
    if order.status != OrderStatus.IN_PROGRESS:
        return sentences[OrderStatus(order.status)]
    visit = _visit(order)
    if order.work_order_stage == WorkOrderStage.DISPATCHED:
        return _("The technician is on the way.")
    if visit:
        return _("The technician comes on %(when)s.") % {"when": visit}
    return _("Your order is in progress.")


def _readiness(ready: int, total: int) -> str:
    return ngettext("%(ready)d of %(total)d service is ready.", "%(ready)d of %(total)d services are ready.", total) % {
        "ready": ready,
        "total": total,
    }


def _visit(order: Order) -> str:
    appointment = getattr(order, "appointment", None)
    if appointment is None or appointment.status != AppointmentStatus.BOOKED:
        return ""
    return appointment_window(appointment.starts_at, appointment.ends_at, order.division.zone)


def _steps(order: Order, ready: list[OrderLine]) -> tuple[Step, ...]:
    reached = _reached(order)
    trouble = order.status in {
        OrderStatus.HELD,
        OrderStatus.FAILED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
        OrderStatus.ASSESSING_CANCELLATION,
        OrderStatus.PENDING_CANCELLATION,
    }
    last_day = max((line.installed_on for line in ready if line.installed_on), default=None)
    steps = (
        ("ordered", _("Ordered"), order.submitted_at, ""),
        ("accepted", _("Accepted"), order.accepted_at, ""),
        ("arranged", _("Installation arranged") if needs_appointment(order) else _("Prepared"), None, _visit(order)),
        ("ready", _("Ready to use"), order.completed_at and last_day, ""),
    )
    return tuple(
        Step(code=code, label=label, state=_state(place, reached, trouble=trouble), at=at, detail=detail)
        for place, (code, label, at, detail) in enumerate(steps)
    )


def _reached(order: Order) -> int:
    """Return how many of the four steps are done."""
    if order.status == OrderStatus.COMPLETED:
        return 4
    if order.work_order_id:
        return 3
    return 2 if order.accepted_at else 1


def _state(place: int, reached: int, *, trouble: bool) -> StepState:
    if place < reached:
        return StepState.DONE
    if place > reached:
        return StepState.AHEAD
    return StepState.TROUBLE if trouble else StepState.CURRENT


def _waiting(lines: list[OrderLine]) -> list[str]:
    by_code = {line.product_id: line for line in lines}
    return [
        _("%(product)s waits for %(other)s.") % {"product": line.names, "other": by_code[line.relies_on].names}
        for line in lines
        if line.status == LineStatus.PENDING and line.relies_on in by_code
    ]
