"""The demonstration's service desk: symptom trees, modems that can be read, and tickets at each step of their way."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import httpx

from accounts.models import Account
from config.demonstration.past import ago
from config.demonstration.symptoms import load_symptoms
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.now import now
from foundation.people.models import User
from tickets import services
from tickets.models import Equipment, Ticket
from tickets.queries.visits import visit_under_way
from tickets.services import Booking, Intake, Requester
from tickets.settings import DIAGNOSTICS
from tickets.states import (
    EscalationReason,
    HoldReason,
    PendingReason,
    Priority,
    ResolutionCode,
    TicketChannel,
    TicketType,
    VisitStatus,
)

SYSTEM = "network"
"""The code of the system that reads modems, as the environment names it."""
WINDOW = timedelta(hours=4)
"""Of the visit that is expected today."""
SAYS = ("good", "weak", "offline")
"""What the modems say in turn."""


class Step(NamedTuple):
    """What was done about a ticket, and how many hours ago."""

    hours: float
    do: Callable[[Ticket, User], object]


class Case(NamedTuple):
    """Somebody who came to us, and how far it has got."""

    key: str
    hours: float
    """How long ago they came."""
    type: TicketType
    text: str
    symptom: str = ""
    said: dict[str, str] = {}  # noqa: RUF012  # never changed
    matter: str = ""
    steps: tuple[Step, ...] = ()
    language: str = ""
    """In which they wrote; empty: their account's."""


def _take(ticket: Ticket, csr: User) -> None:
    services.take_ticket(ticket.pk, by=csr)


def _hurry(ticket: Ticket, csr: User) -> None:
    services.set_priority(ticket.pk, Priority.P1, by=csr)


def _take_time(ticket: Ticket, csr: User) -> None:
    services.set_priority(ticket.pk, Priority.P4, "Nothing is at stake.", by=csr)


def _escalate(ticket: Ticket, csr: User) -> None:
    services.escalate_ticket(ticket.pk, 2, EscalationReason.CUSTOMER_ASKED, by=csr)


def _wait(ticket: Ticket, csr: User) -> None:
    services.ask_and_wait(ticket.pk, "When did you notice it first?", key=f"ask:{ticket.key}"[:120], seen=None, by=csr)


def _wait_for_parts(ticket: Ticket, csr: User) -> None:
    services.pend_ticket(ticket.pk, PendingReason.PARTS, by=csr)


def _hold(ticket: Ticket, csr: User) -> None:
    services.hold_ticket(ticket.pk, HoldReason.CREDIT, by=csr)


def _repair(ticket: Ticket, csr: User) -> None:
    services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "The amplifier in your street was replaced.", by=csr)


def _send_copy(ticket: Ticket, csr: User) -> None:
    services.resolve_ticket(ticket.pk, ResolutionCode.DONE, "The copy is in the mail.", by=csr)


def _close(ticket: Ticket, csr: User) -> None:
    services.close_ticket(ticket.pk, by=csr)


def _answer(ticket: Ticket, csr: User) -> None:
    text = "I am sorry. I have listened to the call, and would like to ring you. When does it suit you?"
    services.answer_ticket(ticket.pk, text, key=f"{ticket.key}:answer", by=csr)


def _reply(ticket: Ticket, _csr: User) -> None:
    text = "Any day after five. And it happened again this morning."
    services.hear_customer(ticket.pk, text, key=f"{ticket.key}:reply", channel=TicketChannel.WEB)


CASES = (
    Case("copy", 70, TicketType.REQUEST, "I need the contract for my landlord.", matter="copy",
         steps=(Step(52, _take), Step(51, _send_copy), Step(30, _close))),
    Case("slow", 50, TicketType.TROUBLE, "Films stop every few minutes.", "internet-slow", {"wired": "no", "restart": "no"},
         steps=(Step(49, _take), Step(48, _take_time), Step(47, _wait_for_parts))),
    Case("staff", 29, TicketType.COMPLAINT, "I was hung up on, twice.", matter="staff",
         steps=(Step(27, _answer), Step(26.9, _wait))),
    Case("rude", 28, TicketType.COMPLAINT, "Nobody came, and nobody called.", matter="visit",
         steps=(Step(25, _answer), Step(24.9, _wait), Step(3, _reply), Step(2, _escalate))),
    Case("twice", 22, TicketType.BILLING, "My card was charged twice last month.", matter="twice",
         steps=(Step(21, _take), Step(20, _hold))),
    Case("outlet", 20, TicketType.TROUBLE, "Nothing works, no light at all.", "internet-none", {"lights": "off", "power": "no"},
         steps=(Step(19, _take), Step(3, _repair))),
    Case("emergency", 3.5, TicketType.TROUBLE, "My mother's alarm hangs on this line.", "internet-none", {"lights": "off", "power": "yes"},
         steps=(Step(3.4, _hurry), Step(3.3, _take))),
    Case("picture", 1.5, TicketType.TROUBLE, "Un televisor solo muestra nieve.", "tv-no-picture", {"every_set": "one", "input": "right"},
         steps=(Step(1.2, _take),), language="es"),
    Case("dark", 0.6, TicketType.TROUBLE, "The modem is dark since the storm.", "internet-none", {"lights": "off", "power": "yes"}),
)  # fmt: skip


def load_tickets(root: Division) -> None:
    """Make trees, modems and tickets that are missing, by way of the services."""
    load_symptoms(root)
    set_value(root, DIAGNOSTICS, SYSTEM)
    csr = User.objects.get(email="csr@larkspur.example")
    accounts = list(
        Account.objects.filter(division__in=Division.objects.under(root)).select_related("customer").order_by("pk")[:3]
    )
    for number, account in enumerate(accounts, start=1):
        services.install_equipment(account, f"LC-{number:04}", "Cable modem", by=None)
    for number, case in enumerate(CASES):
        if accounts:
            _open(case, accounts[number % len(accounts)], csr)
    _send_somebody(csr)


def _send_somebody(csr: User) -> None:
    """Let the field agent be expected today, from this hour on, where the modem is dark."""
    ticket = Ticket.objects.filter(key="intake:demonstration-dark").first()
    if ticket is None or not ticket.is_open:
        return
    agent = User.objects.get(email="field@larkspur.example")
    starts_at = now().replace(minute=0, second=0, microsecond=0)
    booking = Booking(
        agent=agent, starts_at=starts_at, ends_at=starts_at + WINDOW, note="Gate code 4711. The dog is kind."
    )
    key = f"demonstration-visit-{starts_at:%Y%m%d}"
    before = visit_under_way(ticket)
    if before is None:
        services.book_visit(ticket.pk, booking, key=key, by=csr)
    elif before.status in (VisitStatus.BOOKED, VisitStatus.MISSED) and before.ends_at < starts_at:
        services.move_visit(before.pk, booking, key=key, by=csr)


def _open(case: Case, account: Account, csr: User) -> None:
    key = f"demonstration-{case.key}"
    if Ticket.objects.filter(key=f"intake:{key}").exists():
        return
    requester = Requester.of(account.customer)
    intake = Intake(
        type=case.type,
        text=case.text,
        requester=replace(requester, language=case.language or requester.language),
        customer=account.customer,
        account=account,
        symptom=case.symptom,
        said=case.said,
        details={"matter": case.matter} if case.matter else {},
        is_another=True,
    )
    with ago(hours=case.hours):
        ticket = services.report_at_intake(
            intake, key=key, division=account.division, channel=TicketChannel.PHONE, by=csr
        )
    for step in case.steps:
        with ago(hours=step.hours):
            step.do(ticket, csr)


def introduce_devices() -> None:
    """Tell the stand-in that reads modems which there are, and what each says; without one nothing is told."""
    address = os.environ.get(f"DIAGNOSTICS_{SYSTEM.upper()}_URL")
    if not address:
        return
    for number, device in enumerate(Equipment.objects.filter(until=None, serial__startswith="LC-").order_by("serial")):
        says = {"says": SAYS[number % len(SAYS)]}
        httpx.put(f"{address}/_sandbox/device/{device.serial}", json=says, timeout=10).raise_for_status()
