"""Messages that no program could place: a person does."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer
from foundation.correspondence.inbound import UnreadableMailError, judge
from foundation.correspondence.models import InboundMail
from foundation.correspondence.services import Received, handle_mail, read_received, settle_mails
from foundation.correspondence.states import MailStatus
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from tickets.models import Ticket
from tickets.queries import can_work
from tickets.services.mail import open_for, write_down


def open_ticket_for_mail(mail_id: int, customer: Customer | None, *, by: User) -> Ticket:
    """
    Open a ticket for a message that was left to a person.

    :raises NotAllowed: if the person may not, it was placed before, cannot be read, or the customer is of another market
    """
    each = _left_to(mail_id, by)
    if customer and not Division.objects.under(each.row.division).filter(pk=customer.division_id).exists():
        raise NotAllowed(_("This customer is of another market."), code="wrong_market", field="customer")
    if not each.row.sender:
        raise NotAllowed(_("It does not say who wrote it."), code="no_sender")
    with transaction.atomic():
        _hold(each)
        ticket = open_for(each, customer)
        settle_mails([each.row])
    return ticket


def add_mail_to_ticket(mail_id: int, number: str, *, by: User) -> Ticket:
    """
    Write a message that was left to a person down on a ticket.

    :param number: of the ticket
    :raises NotAllowed: if the person may not, there is no such ticket of theirs, it was placed before or cannot be read
    """
    each = _left_to(mail_id, by)
    found = Ticket.objects.filter(number=number.strip().upper()).first()
    if found is None or not can_work(by, found):
        raise NotAllowed(_("There is no such ticket."), code="no_ticket", field="number")
    with transaction.atomic():
        _hold(each)
        write_down(each, found.pk)
        settle_mails([each.row])
    return found


@transaction.atomic
def dismiss_mail(mail_id: int, *, by: User) -> None:
    """
    Leave a message as it is: it needs nobody.

    :raises NotAllowed: if the person may not, or it was placed before
    """
    row = InboundMail.objects.select_related("division").defer("raw").get(pk=mail_id)
    require(by, Permission.WORK_TICKETS, row.division)
    handle_mail(row.pk, "dismissed")


def _left_to(mail_id: int, by: User) -> Received:
    """Read a message that was left to a person, before anything is held: a heavy one takes its time."""
    row = InboundMail.objects.select_related("division", "mailbox").get(pk=mail_id)
    require(by, Permission.WORK_TICKETS, row.division)
    if row.status != MailStatus.SET_ASIDE:
        raise _placed_already()
    try:
        mail = read_received(row)
    except UnreadableMailError as problem:
        raise NotAllowed(_("It cannot be read."), code="unreadable") from problem
    return Received(row, mail, judge(mail))


def _hold(each: Received) -> None:
    """Hold a message that was read, unless somebody has placed it meanwhile."""
    if not InboundMail.objects.locked().filter(pk=each.row.pk, status=MailStatus.SET_ASIDE).values_list("pk").first():
        raise _placed_already()


def _placed_already() -> NotAllowed:
    return NotAllowed(_("Somebody has placed it already."), code="placed")
