"""The demonstration's service desk: symptom trees, modems that can be read, and a ticket at each step of its way."""

import os
from collections.abc import Callable
from typing import NamedTuple

import httpx

from accounts.models import Account
from config.demonstration.symptoms import load_symptoms
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.people.models import User
from tickets import services
from tickets.models import Equipment, Ticket
from tickets.services import Intake, Requester
from tickets.settings import DIAGNOSTICS
from tickets.states import HoldReason, PendingReason, ResolutionCode, TicketChannel, TicketType

SYSTEM = "network"
"""The code of the system that reads modems, as the environment names it."""
SAYS = ("good", "weak", "offline")
"""What the modems say in turn."""


class Case(NamedTuple):
    """Somebody who came to us, and how far it has got."""

    key: str
    type: TicketType
    text: str
    symptom: str = ""
    said: dict[str, str] = {}  # noqa: RUF012  # never changed
    matter: str = ""
    goes_on: Callable[[Ticket, User], object] = lambda _ticket, _csr: None


def _take(ticket: Ticket, csr: User) -> None:
    services.take_ticket(ticket.pk, by=csr)


def _wait(ticket: Ticket, csr: User) -> None:
    _answer(ticket, csr)
    services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, by=csr)


def _hold(ticket: Ticket, csr: User) -> None:
    _take(ticket, csr)
    services.hold_ticket(ticket.pk, HoldReason.CREDIT, by=csr)


def _resolve(ticket: Ticket, csr: User) -> None:
    _take(ticket, csr)
    services.resolve_ticket(ticket.pk, ResolutionCode.RESTORED, "The amplifier in your street was replaced.", by=csr)


def _close(ticket: Ticket, csr: User) -> None:
    services.resolve_ticket(ticket.pk, ResolutionCode.DONE, "The copy is in the mail.", by=csr)
    services.close_ticket(ticket.pk, by=csr)


def _answer(ticket: Ticket, csr: User) -> None:
    text = "I am sorry. I have listened to the call, and would like to ring you. When does it suit you?"
    services.answer_ticket(ticket.pk, text, key=f"{ticket.key}:answer", by=csr)


CASES = (
    Case("dark", TicketType.TROUBLE, "The modem is dark since the storm.", "internet-none", {"lights": "off", "power": "yes"}),
    Case("picture", TicketType.TROUBLE, "One set shows snow.", "tv-no-picture", {"every_set": "one", "input": "right"}, goes_on=_take),
    Case("staff", TicketType.COMPLAINT, "I was hung up on, twice.", matter="staff", goes_on=_wait),
    Case("twice", TicketType.BILLING, "My card was charged twice in November.", matter="twice", goes_on=_hold),
    Case("outlet", TicketType.TROUBLE, "Nothing works, no light at all.", "internet-none", {"lights": "off", "power": "no"}, goes_on=_resolve),
    Case("copy", TicketType.REQUEST, "I need the contract for my landlord.", matter="copy", goes_on=_close),
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


def _open(case: Case, account: Account, csr: User) -> None:
    key = f"demonstration-{case.key}"
    if Ticket.objects.filter(key=f"intake:{key}").exists():
        return
    intake = Intake(
        type=case.type,
        text=case.text,
        requester=Requester.of(account.customer),
        customer=account.customer,
        account=account,
        symptom=case.symptom,
        said=case.said,
        details={"matter": case.matter} if case.matter else {},
        is_another=True,
    )
    ticket = services.report_at_intake(intake, key=key, division=account.division, channel=TicketChannel.PHONE, by=csr)
    case.goes_on(ticket, csr)


def introduce_devices() -> None:
    """Tell the stand-in that reads modems which there are, and what each says; without one nothing is told."""
    address = os.environ.get(f"DIAGNOSTICS_{SYSTEM.upper()}_URL")
    if not address:
        return
    for number, device in enumerate(Equipment.objects.filter(until=None, serial__startswith="LC-").order_by("serial")):
        says = {"says": SAYS[number % len(SAYS)]}
        httpx.put(f"{address}/_sandbox/device/{device.serial}", json=says, timeout=10).raise_for_status()
