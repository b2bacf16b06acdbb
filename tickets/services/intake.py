"""From what a caller says to a ticket: the way through the symptom, the same fault that is open already, each type's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import get_language, gettext as _, override

from accounts.models import Account, Customer
from billing.queries import invoices_of
from foundation.correspondence.services import Upload
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from orders.models import InstalledService
from tickets.models import Article, Probe, Ticket
from tickets.queries import Walk, finding_of, probe_of, same_fault, symptom_by_code, tickets_of, walk
from tickets.queries.outages import FAMILY, outages_at
from tickets.services.conversation import hear_customer, note_phone_call, note_ticket
from tickets.services.moves import resolve_ticket
from tickets.services.opening import Report, Requester, open_ticket, opened_before
from tickets.services.outages import attach_caller, keep_apart
from tickets.states import MATTERS_OF, Ending, Priority, ResolutionCode, TicketChannel, TicketStatus, TicketType

SAME_FAULT = "same_fault"
"""The code of the refusal where the fault is known: the open ticket is offered in place of a second one."""
LONGEST_DETAIL = 500


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What was said and chosen before there is a ticket."""

    type: TicketType
    text: str
    requester: Requester
    subject: str = ""
    """Empty: the symptom, or the matter, in the ticket's language."""
    customer: Customer | None = None
    account: Account | None = None
    service: InstalledService | None = None
    family: str = ""
    """Of trouble: what kind of service it is about, where neither a service nor a symptom says so."""
    symptom: str = ""
    """Of trouble: the code of a symptom; empty: none fits."""
    said: Mapping[str, str] = field(default_factory=dict)
    """The answers on the way through it."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Of the other types: `matter`, and what else is asked of them."""
    is_another: bool = False
    """Somebody has seen the open ticket of the same fault, and says that this is another one."""
    is_apart: bool = False
    """Somebody has seen the outage at the address, and says that this is something else."""


@transaction.atomic
def report_at_intake(  # noqa: PLR0913  # what, where, by what: each has a name
    intake: Intake,
    *,
    key: str,
    division: Division,
    channel: TicketChannel,
    by: User | None,
    uploads: Sequence[Upload] = (),
) -> Ticket:
    """
    Open a ticket with all that was answered and read on the way; the same key again returns the same ticket.

    Where the way ends in "it works again", the ticket is resolved at once: it was a fault, and somebody helped.

    :param key: of the conversation; readings that were made under it go with the ticket
    :raises NotAllowed: as `open_ticket` does; if the key was another report's; with code `unfinished`, if a required step is missing; with `same_fault`,
        if the same symptom is open on the same service since less than a day; with a field, if a detail is wrong
    """
    ticket_key = f"intake:{key}"
    if known := opened_before(ticket_key, intake):
        return known
    _owned(intake)
    way = _way(intake, key, division)
    if intake.account:  # two who report the same wait for each other, and the second sees the first's ticket
        Account.objects.locked().get(pk=intake.account.pk)
        if known := opened_before(ticket_key, intake):  # one who pressed twice
            return known
    if way and not intake.is_another and (other := _same(intake)):
        raise NotAllowed(_known(other, channel, by), code=SAME_FAULT)
    with override(intake.requester.language or get_language()):
        subject, helped = _subject(intake, way), _("It works again after what we tried together.")
    report = Report(
        type=intake.type,
        subject=intake.subject or subject,
        text=intake.text,
        requester=intake.requester,
        priority=way.priority if way else Priority.P3,
        customer=intake.customer,
        account=intake.account,
        service=intake.service,
        symptom=way.symptom.code if way else "",
        answers=way.answers if way else _details(intake),
    )
    ticket = open_ticket(report, key=ticket_key, division=division, channel=channel, by=by, uploads=uploads)
    Probe.objects.filter(intake_key=key, ticket=None, equipment__account=ticket.account).update(ticket=ticket)
    if intake.is_apart and intake.type == TicketType.TROUBLE and intake.account:
        for outage in outages_at(intake.account.premises, account=intake.account):
            keep_apart(outage.pk, ticket.pk, by=None if channel == TicketChannel.WEB else by)
    if way and way.ending == Ending.FIXED and channel != TicketChannel.WEB:
        return resolve_ticket(ticket.pk, ResolutionCode.CUSTOMER_SIDE, helped, by=by)
    return ticket


@transaction.atomic
def attach_at_intake(  # noqa: PLR0913  # to what, what, where, by what: each has a name
    outage_id: int,
    intake: Intake,
    *,
    key: str,
    division: Division,
    channel: TicketChannel,
    by: User,
    uploads: Sequence[Upload] = (),
) -> Ticket:
    """
    Open a ticket for a caller whom a known outage affects, and attach it there: nobody else works on it.

    Nothing needs to be said or answered before. The same key again returns the same ticket. Where a ticket of the
    account waits for the outage already, the call is noted there.

    :raises NotAllowed: as `attach_caller` does, or if the account is not the caller's
    """
    _owned(intake)
    with override(intake.requester.language or get_language()):
        report = Report(
            type=TicketType.TROUBLE,
            subject=intake.subject or _("An outage at this address"),
            text=intake.text or _("Called about the outage."),
            requester=intake.requester,
            customer=intake.customer,
            account=intake.account,
            service=intake.service,
        )
    ticket_key = f"intake:{key}"
    known = _waiting_for(outage_id, intake.account) if intake.account else None
    if known and known.key != ticket_key:
        note_phone_call(known.pk, report.text, by=by, key=ticket_key, channel=channel, uploads=uploads)
        return known
    return attach_caller(outage_id, report, key=ticket_key, division=division, channel=channel, by=by, uploads=uploads)


def _waiting_for(outage_id: int, account: Account) -> Ticket | None:
    return Ticket.objects.filter(account=account, outage=outage_id, status=TicketStatus.HELD, merged_into=None).first()


def _owned(intake: Intake) -> None:
    """Refuse an account or a service that is somebody else's: the pages offer none, but a form can be made up."""
    account, service = intake.account, intake.service
    is_strange = bool(account and account.customer_id != (intake.customer.pk if intake.customer else None))
    if is_strange or (service and service.account_id != (account.pk if account else None)):
        raise NotAllowed(_("That is not the caller’s."), code="not_theirs", field="service")


def _way(intake: Intake, key: str, division: Division) -> Walk | None:
    if intake.type != TicketType.TROUBLE or not intake.symptom:
        return None
    symptom = symptom_by_code(intake.symptom, division)
    if symptom is None:
        raise NotAllowed(_("Choose what is wrong."), code="symptom", field="symptom")
    has_device = bool(intake.account and intake.account.equipment.filter(until=None).exists())
    finding = finding_of(probe_of(key, intake.account), has_device=has_device)
    way = walk(symptom, intake.said, finding=finding)
    if missing := way.missing:
        message = _("Answer first: %(question)s") % {"question": missing.texts}
        raise NotAllowed(message, code="unfinished", field="symptom")
    return way


def _same(intake: Intake) -> Ticket | None:
    return same_fault(intake.symptom, account=intake.account, service=intake.service)


def _known(ticket: Ticket, channel: TicketChannel, by: User | None) -> str:
    """Say that a fault is known, and by which number, to whom may see that."""
    if by and channel == TicketChannel.WEB and not tickets_of(by).filter(pk=ticket.pk).exists():
        return _("We know of this, and are working on it.")
    return _("It is being worked on as %(number)s.") % {"number": ticket}


def _subject(intake: Intake, way: Walk | None) -> str:
    if way:
        return str(way.symptom)
    matter = intake.details.get("matter", "")
    matters = {matter.value: str(matter.label) for matter in MATTERS_OF[intake.type]}
    return matters.get(matter) or next(iter(intake.text.strip().splitlines()), "")[:80]


def _details(intake: Intake) -> dict[str, str]:
    """Return what was asked of the type beside the words; nothing that is empty."""
    if intake.type == TicketType.TROUBLE:
        return {FAMILY: intake.family} if intake.family else {}
    details = {
        name: str(value).strip()[:LONGEST_DETAIL] for name, value in intake.details.items() if str(value).strip()
    }
    matters = MATTERS_OF[intake.type]
    if matters and details.get("matter") not in matters:
        raise NotAllowed(_("Choose what it is about."), code="matter", field="matter")
    bill = details.get("bill")
    if bill and not (intake.account and _is_bill_of(bill, intake.account)):
        raise NotAllowed(_("That is not a bill of this account."), code="bill", field="bill")
    return details


def _is_bill_of(invoice_id: str, account: Account) -> bool:
    return invoices_of(account).filter(invoice_id=invoice_id).exists()


def add_to_ticket(  # noqa: PLR0913
    ticket_id: int, text: str, *, key: str, channel: TicketChannel, by: User | None, uploads: Sequence[Upload] = ()
) -> Article:
    """
    Add what a caller says to the ticket of the same fault, in place of a second one.

    :raises NotAllowed: as `hear_customer` and `note_phone_call` do
    """
    if channel == TicketChannel.WEB:
        return hear_customer(ticket_id, text, key=key, channel=channel, by=by, uploads=uploads)
    if channel == TicketChannel.SYSTEM:
        return note_ticket(ticket_id, text, key=key, by=by, uploads=uploads)  # type: ignore[arg-type]  # so at the desk
    return note_phone_call(ticket_id, text, key=key, channel=channel, by=by, uploads=uploads)  # type: ignore[arg-type]  # somebody listens
