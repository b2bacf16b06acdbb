"""When the demonstration's people work, what they promise to customers, and who is told when that is near or missed."""

from datetime import time, timedelta
from typing import NamedTuple

from catalog.models import Product
from foundation.clocks.models import Calendar, CalendarFrame
from foundation.clocks.states import ZoneOf
from foundation.divisions.models import Division
from tickets.models import LadderStep, SlaPolicy, SlaTarget
from tickets.states import PAUSING, AlertChannel, ClockKind, HoldReason, Priority, TicketType, Told

WORKING_DAYS, EVERY_DAY = range(5), range(7)
LONG_DAY = ((time(8), time(20)),)
OFFICE_DAY = ((time(8), time(12)), (time(13), time(17)))
ALL_DAY = ((time(0), time(0)),)


class Target(NamedTuple):
    """So many working hours, by one of the calendars; for one priority, or for those without a row of their own."""

    kind: ClockKind
    hours: float
    calendar: str
    priority: str = ""


TROUBLE = (
    Target(ClockKind.RESPONSE, 0.25, "around-the-clock", Priority.P1),
    Target(ClockKind.RESPONSE, 1, "service-hours"),
    Target(ClockKind.UPDATE, 2, "around-the-clock", Priority.P1),
    Target(ClockKind.UPDATE, 8, "service-hours"),
    Target(ClockKind.RESTORE, 4, "around-the-clock", Priority.P1),
    Target(ClockKind.RESTORE, 12, "around-the-clock", Priority.P2),
    Target(ClockKind.RESTORE, 24, "service-hours"),
    Target(ClockKind.RESOLVE, 24, "around-the-clock", Priority.P1),
    Target(ClockKind.RESOLVE, 40, "service-hours"),
)
OFFICE_WORK = (Target(ClockKind.RESPONSE, 4, "office"), Target(ClockKind.RESOLVE, 24, "office"))
COMPLAINTS = (
    Target(ClockKind.RESPONSE, 8, "office"),
    Target(ClockKind.UPDATE, 24, "office"),
    Target(ClockKind.RESOLVE, 80, "office"),
)
CONTRACT = (
    Target(ClockKind.RESPONSE, 0.5, "around-the-clock"),
    Target(ClockKind.UPDATE, 1, "around-the-clock"),
    Target(ClockKind.RESTORE, 4, "around-the-clock"),
    Target(ClockKind.RESOLVE, 24, "around-the-clock"),
)
FOR_OUTAGES = [reason.value for reason in (*PAUSING, HoldReason.OUTAGE)]
"""What pauses the clocks of troubles here: whoever waits for an outage is promised what the outage's notices say."""
LADDER = (
    {"share": 75, "tell": [Told.OWNER]},
    {"share": 90, "tell": [Told.OWNER, Told.TEAM]},
    {"share": 100, "level": 2, "tell": [Told.SUPERVISOR]},
    {"share": 100, "tell": [Told.OWNER, Told.SUPERVISOR], "channel": AlertChannel.MAIL, "calendar": "office"},
    {"share": 150, "level": 3, "tell": [Told.SUPERVISOR], "channel": AlertChannel.MAIL, "calendar": "office"},
)


def load_promises(root: Division) -> None:
    """Make calendars, service levels and ladders; what is there already stays as it is."""
    calendars = {
        "around-the-clock": _calendar(
            root, "around-the-clock", ("Around the clock", "A toda hora"), EVERY_DAY, ALL_DAY
        ),
        "service-hours": _calendar(
            root, "service-hours", ("Service hours", "Horas de servicio"), EVERY_DAY, LONG_DAY, zone_of=ZoneOf.CUSTOMER
        ),
        "office": _calendar(
            root, "office", ("Office hours", "Horas de oficina"), WORKING_DAYS, OFFICE_DAY, country="US"
        ),
    }
    _policy(root, calendars, "trouble", ("Troubles", "Averías"), TROUBLE, type=TicketType.TROUBLE, pausing=FOR_OUTAGES)
    _policy(root, calendars, "complaints", ("Complaints", "Quejas"), COMPLAINTS, type=TicketType.COMPLAINT)
    _policy(root, calendars, "office-work", ("Bills and requests", "Facturas y solicitudes"), OFFICE_WORK)
    fibre = Product.objects.get(code="fiber-2-gig")
    names = ("Fiber 2 Gig: works again in 4 hours", "Fibra 2 Gig: funciona de nuevo en 4 horas")
    _policy(root, calendars, "fiber-contract", names, CONTRACT, type=TicketType.TROUBLE, product=fibre)


def _calendar(  # what a calendar is made of
    root: Division,
    code: str,
    names: tuple[str, str],
    weekdays: range,
    frames: tuple[tuple[time, time], ...],
    **more: str,
) -> Calendar:
    texts = dict(zip(("en", "es"), names, strict=True))
    calendar, is_new = Calendar.objects.get_or_create(division=root, code=code, defaults={"names": texts, **more})
    if is_new:
        CalendarFrame.objects.bulk_create(
            CalendarFrame(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
            for weekday in weekdays
            for opens, closes in frames
        )
    return calendar


def _policy(  # what a service level is made of
    root: Division,
    calendars: dict[str, Calendar],
    code: str,
    names: tuple[str, str],
    targets: tuple[Target, ...],
    **fits: object,
) -> None:
    texts = dict(zip(("en", "es"), names, strict=True))
    policy, is_new = SlaPolicy.objects.get_or_create(code=code, defaults={"division": root, "names": texts, **fits})
    if not is_new:
        return
    SlaTarget.objects.bulk_create(
        SlaTarget(
            policy=policy, kind=target.kind, within=timedelta(hours=target.hours), priority=target.priority,
            calendar=calendars[target.calendar],
        )
        for target in targets
    )  # fmt: skip
    for step in LADDER:
        calendar = calendars[str(step["calendar"])] if "calendar" in step else None
        LadderStep.objects.create(policy=policy, **{**step, "calendar": calendar})
