"""Make tickets for tests, by way of the services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from accounts.models import Account
from accounts.testing import make_account
from foundation.clocks.models import Calendar
from foundation.clocks.testing import make_round_the_clock
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import User
from foundation.people.testing import make_person
from orders.models import InstalledService
from orders.states import OrderStatus
from orders.testing import Market, make_market, make_order
from territory.models import Premises
from territory.states import ProductFamily
from tickets import services
from tickets.models import (
    Choice,
    Departure,
    Equipment,
    LadderStep,
    Outage,
    ResolutionNotice,
    RoutingRow,
    RoutingVersion,
    SlaPolicy,
    SlaTarget,
    Step,
    Symptom,
    Task,
    Ticket,
    Visit,
)
from tickets.queries.outages import Scope
from tickets.services import Booking, Report, Requester, ToDo, open_ticket
from tickets.services.outages import Declaration
from tickets.states import (
    RESOLUTIONS_OF,
    AlertChannel,
    ClockKind,
    HoldReason,
    OutageKind,
    PendingReason,
    StepKind,
    TaskKind,
    TicketChannel,
    TicketStatus,
    TicketType,
)

_numbers = count(1)


def make_ticket(
    division: Division,
    type: TicketType = TicketType.TROUBLE,  # noqa: A002  # the field's own name
    *,
    account: Account | None = None,
    channel: TicketChannel = TicketChannel.WEB,
    by: User | None = None,
    **said: Any,
) -> Ticket:
    """
    Make a new ticket of a customer, of a new one unless told whose.

    :param by: a member of staff who writes it down; None: the customer wrote it
    :param said: parts of the `Report`
    """
    account = account or make_account(division)
    number = next(_numbers)
    said = {
        "subject": f"No internet {number}",
        "text": "Since this morning there has been no connection.",
        "requester": Requester.of(account.customer),
        "customer": account.customer,
        "account": account,
        **said,
    }
    return open_ticket(
        Report(type=type, **said), key=f"ticket-form-{number}", division=division, channel=channel, by=by
    )


def make_routing(
    division: Division, *rows: dict[str, Any], by: User | None = None, is_draft: bool = False
) -> RoutingVersion:
    """
    Write a routing procedure with these rules, in their order, and put it in force.

    :param rows: fields of each `RoutingRow`; `skills` and `divisions` as collections
    """
    by = by or make_person(is_superuser=True)
    version = services.start_routing_version(division, by=by)
    version.rows.all().delete()
    for position, fields in enumerate(rows, start=1):
        several = {name: fields[name] for name in ("skills", "divisions") if name in fields}
        plain = {name: value for name, value in fields.items() if name not in several}
        row = RoutingRow.objects.create(
            version=version, **{"position": position, "name": f"Rule {position}", "needs_language": False, **plain}
        )
        for name, values in several.items():
            getattr(row, name).set(values)
    return version if is_draft else services.put_routing_in_force(version.pk, by=by)


def bring_to(ticket: Ticket, status: TicketStatus) -> Ticket:
    """Bring a new ticket to another status, as a system of ours would."""
    for step in _WAYS[status]:
        step(ticket)
    ticket.refresh_from_db()
    return ticket


def _start(ticket: Ticket) -> None:
    services.continue_ticket(ticket.pk, by=None)


def _resolve(ticket: Ticket) -> None:
    if ticket.type == TicketType.COMPLAINT:
        answer(ticket)
    code = RESOLUTIONS_OF[TicketType(ticket.type)][0]
    services.resolve_ticket(ticket.pk, code, "It was the wire.", by=None)


_WAYS: dict[TicketStatus, tuple[Callable[[Ticket], object], ...]] = {
    TicketStatus.ACKNOWLEDGED: (),
    TicketStatus.IN_PROGRESS: (_start,),
    TicketStatus.PENDING: (
        _start,
        lambda ticket: services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, was_asked=True, by=None),
    ),
    TicketStatus.HELD: (_start, lambda ticket: services.hold_ticket(ticket.pk, HoldReason.CREDIT, by=None)),
    TicketStatus.RESOLVED: (_start, _resolve),
    TicketStatus.CLOSED: (_start, _resolve, lambda ticket: services.close_ticket(ticket.pk, by=None)),
    TicketStatus.REJECTED: (lambda ticket: services.reject_ticket(ticket.pk, "We do not sell that.", by=None),),
    TicketStatus.CANCELLED: (
        lambda ticket: services.cancel_ticket(ticket.pk, by=ticket.customer.user if ticket.customer else None),
    ),
}


def answer(ticket: Ticket, text: str = "We are looking into it.", *, by: User | None = None) -> Any:
    """Answer the customer."""
    return services.answer_ticket(ticket.pk, text, key=f"answer-{next(_numbers)}", by=by)


def reply(ticket: Ticket, text: str = "It still does not work.") -> Any:
    """Let the customer reply on the website."""
    return services.hear_customer(ticket.pk, text, key=f"reply-{next(_numbers)}", channel=TicketChannel.WEB)


def let_leave() -> None:
    """Let leave, some seconds early, what can still be taken back: answers, and word that tickets are resolved."""
    for leaving in (Departure, ResolutionNotice):
        leaving.objects.filter(left_at=None, taken_back_at=None).update(leaves_at=now())
    while services.send_due_answers() + services.send_due_notices():
        pass


def make_policy(
    division: Division,
    hours: Mapping[ClockKind, float] | None = None,
    *,
    calendar: Calendar | None = None,
    code: str = "",
    **values: Any,
) -> SlaPolicy:
    """
    Make a service level that promises to put right in eight hours round the clock, unless told otherwise.

    :param hours: working time by what is promised, at any priority
    :param values: further fields of the policy
    """
    code = code or f"policy-{next(_numbers)}"
    policy = SlaPolicy.objects.create(division=division, code=code, names={"en": code}, **values)
    calendar = calendar or make_round_the_clock(division)
    for kind, within in (hours or {ClockKind.RESOLVE: 8}).items():
        add_target(policy, kind, within, calendar=calendar)
    return policy


def add_target(
    policy: SlaPolicy, kind: ClockKind, hours: float, *, calendar: Calendar, priority: str = ""
) -> SlaTarget:
    """Promise something within so many working hours."""
    within = timedelta(hours=hours)
    return SlaTarget.objects.create(policy=policy, kind=kind, within=within, calendar=calendar, priority=priority)


def add_step(policy: SlaPolicy, share: int, *tell: str, channel: str = AlertChannel.DESK, **values: Any) -> LadderStep:
    """Put a step on the ladder of a service level."""
    return LadderStep.objects.create(policy=policy, share=share, tell=list(tell), channel=channel, **values)


def make_affected(division: Division, *, node: str = "N-1", market: Market | None = None, **more: Any) -> Account:
    """
    Make an account whose services work, at an address of its own on a node of the network.

    :param market: what is sold there; without one, a new one is made
    :param more: for the order
    """
    account = make_order(OrderStatus.COMPLETED, market or make_market(division), **more).account
    if account is None:
        raise LookupError("A completed order has an account.")
    Premises.objects.filter(pk=account.premises_id).update(node=node)
    account.premises.node = node
    return account


def make_declaration(**said: Any) -> Declaration:
    """
    Say of an outage that it is of node N-1 and began an hour ago.

    :param said: parts of the `Declaration`
    """
    said = {
        "kind": OutageKind.FAULT,
        "title": "No signal behind N-1",
        "scope": Scope(nodes=("N-1",)),
        "starts_at": now() - timedelta(hours=1),
        "words": Texts(en="A cable was cut.", es="Se cortó un cable."),
        **said,
    }
    return Declaration(**said)


def make_outage(division: Division, *, by: User, **said: Any) -> Outage:
    """Declare what `make_declaration` says."""
    return services.outages.declare_outage(
        make_declaration(**said), division=division, key=f"outage-form-{next(_numbers)}", by=by
    )


# Intake.


@dataclass(frozen=True)
class Asked:
    """A step of a symptom for tests: its code, and per answer the code of the next step, or of an ending."""

    code: str
    answers: Mapping[str, str]
    kind: StepKind = StepKind.QUESTION
    is_required: bool = True


def make_symptom(division: Division, code: str = "", *steps: Asked, **values: Any) -> Symptom:
    """Make a symptom with its steps, in order; an answer that leads to nothing leads to an empty text."""
    code = code or f"symptom-{next(_numbers)}"
    described = {"family": ProductFamily.INTERNET, "names": Texts(en=f"About {code}"), **values}
    symptom = Symptom.objects.create(division=division, code=code, **described)
    made = {
        step.code: Step.objects.create(
            symptom=symptom,
            position=position,
            code=step.code,
            kind=step.kind,
            is_required=step.is_required,
            texts=Texts(en=f"What of {step.code}?"),
        )
        for position, step in enumerate(steps, start=1)
    }
    for step in steps:
        for position, (answer, leads_to) in enumerate(step.answers.items()):
            goes_on = leads_to in made
            Choice.objects.create(
                step=made[step.code], position=position, code=answer, texts=Texts(en=f"It is {answer}"),
                advice=Texts(en=f"Advice for {answer}"), next_step=made[leads_to] if goes_on else None,
                ending="" if goes_on else leads_to,
            )  # fmt: skip
    return symptom


def make_equipment(account: Account, serial: str = "", *, service: InstalledService | None = None) -> Equipment:
    """Put a device at a customer's."""
    return services.install_equipment(account, serial or f"SN{next(_numbers):06}", "Modem", by=None, service=service)


# Visits.


def make_visit(ticket: Ticket, agent: User, *, begins_in: float = 1, hours: float = 2, **more: Any) -> Visit:
    """
    Book a visit for a ticket.

    :param begins_in: hours from now
    :param more: further parts of the `Booking`
    """
    starts_at = now() + timedelta(hours=begins_in)
    booking = Booking(agent=agent, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours), **more)
    return services.book_visit(ticket.pk, booking, key=f"visit-form-{next(_numbers)}", by=None)


def make_task(ticket: Ticket, who: User, *, due_in: float = 4, text: str = "Ask the landlord for the key") -> Task:
    """
    Add a task to a ticket.

    :param due_in: hours from now
    """
    to_do = ToDo(kind=TaskKind.TO_DO, text=text, who=who, due_at=now() + timedelta(hours=due_in))
    return services.add_task(ticket.pk, to_do, key=f"task-form-{next(_numbers)}", by=None)
