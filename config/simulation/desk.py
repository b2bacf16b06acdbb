"""Households that report, ask and complain, and the people at the desk who answer them and put it right."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from accounts.models import Account
from config.demonstration.mailboxes import ADDRESS
from config.simulation.memory import Act, Household, What
from config.simulation.people import draw
from config.simulation.world import World, person
from foundation.correspondence.models import Mailbox
from foundation.correspondence.services import receive_mail
from foundation.now import now
from foundation.people.models import User
from tickets import services
from tickets.models import Ticket
from tickets.queries import may_be_rated
from tickets.services import Intake, Requester
from tickets.states import (
    ANSWERED_BEFORE_THEY_END,
    OPEN,
    PendingReason,
    ResolutionCode,
    Score,
    TicketChannel,
    TicketStatus,
    TicketType,
)

CSR = "csr@larkspur.example"
WAYS = ("by phone", "by mail", "about a bill", "on the web")
"""How households come to the desk, in turn."""
ENDINGS = {"fixed": 5, "still down": 2, "silent": 3}
"""What households say when they are asked whether it is fixed, of ten."""
FIRST_DAYS = range(4, 40)
"""Days after the installation until something is the matter."""


def plan_report(world: World, household: Household) -> None:
    """Let something be the matter with somebody's service some time after they were installed."""
    day = world.today + timedelta(days=world.moods.choice(FIRST_DAYS))
    way = WAYS[sum(1 for one in world.memory.households.values() if one.installed_on) % len(WAYS)]
    if day < world.last_day:
        world.memory.plan(day, What.REPORT, household.key, way=way)


def report(world: World, household: Household, act: Act) -> None:
    """Let somebody come to the desk, and plan that it answers."""
    if household.has_left:
        return
    said = REPORTS[act.more["way"]](household)
    world.say(f"{household.name} {said}.")
    world.memory.plan(world.today + timedelta(days=1), What.DESK_ANSWERS, household.key)


def _by_phone(household: Household) -> str:
    intake = _intake(household, TicketType.TROUBLE, "There is no light on the modem since last night.")
    _open(household, intake, TicketChannel.PHONE, by=person(CSR))
    return "calls: there is no light on the modem"


def _on_the_web(household: Household) -> str:
    _open(household, _intake(household, TicketType.TROUBLE, "Everything is slow in the evening."), TicketChannel.WEB)
    return "reports on the website that everything is slow"


def _about_a_bill(household: Household) -> str:
    intake = _intake(household, TicketType.BILLING, "What is the fee at the end of the bill?", matter="charge")
    _open(household, intake, TicketChannel.WEB)
    return "asks about a bill"


def _by_mail(household: Household) -> str:
    message = EmailMessage()
    message["From"], message["To"] = f"{household.name} <{household.email}>", ADDRESS
    message["Subject"], message["Date"] = "Nobody came", format_datetime(now())
    message["Message-ID"] = f"<{household.key}.{now():%Y%m%d}@people.example>"
    message.set_content("I took a day off, and your technician did not come. This is a complaint.")
    receive_mail(Mailbox.objects.get(code="support").pk, message.as_bytes())
    return "complains by mail that nobody came"


REPORTS: Mapping[str, Callable[[Household], str]] = {
    "by phone": _by_phone,
    "on the web": _on_the_web,
    "about a bill": _about_a_bill,
    "by mail": _by_mail,
}


def _intake(household: Household, type_: TicketType, text: str, **details: str) -> Intake:
    account = account_of(household)
    return Intake(
        type=type_,
        subject=text,
        text=text,
        requester=Requester.of(account.customer),
        customer=account.customer,
        account=account,
        details=details,
    )


def account_of(household: Household) -> Account:
    """Return the account that a household has with us."""
    return Account.objects.select_related("customer", "division", "premises__division").get(pk=household.account_id)


def _open(household: Household, intake: Intake, channel: TicketChannel, *, by: User | None = None) -> None:
    key = f"{household.key}-{now():%Y%m%d}"
    division = account_of(household).division
    services.report_at_intake(intake, key=key, division=division, channel=channel, by=by)


def _ticket_of(household: Household) -> Ticket | None:
    """Return what somebody came to the desk with last; what an outage explains is not the desk's."""
    tickets = Ticket.objects.filter(requester_email=household.email, outage=None)
    return tickets.order_by("-pk").defer("search").first()


def answer(world: World, household: Household, _act: Act) -> None:
    """Let the desk answer with a question, and wait for the reply."""
    ticket, csr = _ticket_of(household), person(CSR)
    if ticket is None or ticket.status not in OPEN:
        return
    if ticket.channel == TicketChannel.MAIL and ticket.type == TicketType.TROUBLE:
        services.set_type(ticket.pk, TicketType.COMPLAINT, by=csr)
    if ticket.owner_id is None:
        services.take_ticket(ticket.pk, by=csr)
    key = f"answer:{ticket.pk}:{ticket.version}"
    services.answer_ticket(ticket.pk, "I am sorry to hear that. When may we call you?", key=key, by=csr)
    services.pend_ticket(ticket.pk, PendingReason.CUSTOMER, by=csr)
    days = world.moods.randrange(1, 4)
    world.memory.plan(world.today + timedelta(days=days), What.CUSTOMER_REPLIES, household.key)


def reply(world: World, household: Household, _act: Act) -> None:
    """Let the customer reply on the website: the clocks that waited for it run again."""
    ticket = _ticket_of(household)
    if ticket is None or ticket.status not in OPEN:
        return
    key = f"reply:{ticket.pk}:{ticket.version}"
    services.hear_customer(ticket.pk, "Any day after five.", key=key, channel=TicketChannel.WEB)
    world.memory.plan(world.today + timedelta(days=1), What.DESK_RESOLVES, household.key)


def resolve(world: World, household: Household, _act: Act) -> None:
    """Let the desk put it right, and ask whether it is."""
    ticket, csr = _ticket_of(household), person(CSR)
    if ticket is None or ticket.status not in OPEN:
        return
    code, words = WAYS_OUT[TicketType(ticket.type)]
    if ticket.type in ANSWERED_BEFORE_THEY_END and not ticket.is_answered:
        key = f"answer:{ticket.pk}:{ticket.version}"
        services.answer_ticket(ticket.pk, "I am sorry that it was not. I have seen to it myself.", key=key, by=csr)
    services.resolve_ticket(ticket.pk, code, words, by=csr)
    days = (world.today - ticket.opened_at.date()).days
    world.say(f"Chris resolves {ticket.number} of {household.first_name}, {days} days after it came in.")
    world.memory.plan(world.today + timedelta(days=1), What.SAY_WHETHER_FIXED, household.key)


WAYS_OUT: Mapping[TicketType, tuple[ResolutionCode, str]] = {
    TicketType.TROUBLE: (ResolutionCode.REPLACED, "You have a new modem."),
    TicketType.BILLING: (ResolutionCode.EXPLAINED, "It is the fee of the town, for the poles."),
    TicketType.COMPLAINT: (ResolutionCode.APOLOGISED, "The visit is free of charge, and on the day that you chose."),
    TicketType.REQUEST: (ResolutionCode.DONE, "It is done."),
}


def say_whether_it_is_fixed(world: World, household: Household, _act: Act) -> None:
    """Let the customer tap the answer in the letter, or say nothing until it closes by itself."""
    ticket = _ticket_of(household)
    if ticket is None or ticket.status != TicketStatus.RESOLVED:
        return
    said = draw(world.moods, ENDINGS)
    if said == "fixed":
        services.close_ticket(ticket.pk, by=None, channel=TicketChannel.WEB)
        if may_be_rated(Ticket.objects.get(pk=ticket.pk)):
            services.rate_ticket(ticket.pk, world.moods.choice([Score.GOOD, Score.GOOD, Score.FAIR]))
    elif said == "still down" and not ticket.reopened_count:
        services.reopen_ticket(ticket.pk, by=None, channel=TicketChannel.WEB)
        world.say(f"{household.first_name} says that it is not fixed: {ticket.number} is open again.")
        world.memory.plan(world.today + timedelta(days=2), What.DESK_RESOLVES, household.key)


def clear_the_desk(world: World) -> None:
    """Let the desk put right what it began the months with."""
    csr = person(CSR)
    there = Ticket.objects.filter(key__startswith="intake:demonstration", status__in=OPEN, outage=None)
    waiting = list(there.order_by("pk").defer("search"))
    for ticket in waiting:
        if ticket.type == TicketType.COMPLAINT:
            services.answer_ticket(ticket.pk, "We call you today.", key=f"cleared:{ticket.pk}", by=csr)
        code, words = WAYS_OUT[TicketType(ticket.type)]
        services.resolve_ticket(ticket.pk, code, words, by=csr)
    if waiting:
        world.say(f"Chris clears the desk of what was there: {len(waiting)} tickets.")


SWEEPS = (
    services.send_due_answers,
    services.send_due_notices,
    services.retime_clocks,
    services.sweep_clocks,
    services.send_due_alerts,
    services.close_silent_tickets,
)


def keep_promises() -> None:
    """Do in the evening what beat does for the desk: answers leave, clocks are looked at, silent tickets close."""
    for sweep in SWEEPS:
        while sweep():
            pass
    services.route_waiting()
