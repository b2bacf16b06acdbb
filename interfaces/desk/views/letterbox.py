"""The letterbox: messages that came by mail and that no program could place."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from foundation.correspondence.inbound import Mail, UnreadableMailError
from foundation.correspondence.models import InboundMail
from foundation.correspondence.services import read_received
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import LetterboxFilters
from interfaces.desk.forms import AddMailForm, ConfirmForm, OpenForMailForm
from interfaces.desk.lists import Column, List, respond
from interfaces.desk.paging import Order
from interfaces.desk.words import why_here
from tickets.models import Ticket
from tickets.queries import (
    customers_by_email,
    mails_waiting_for,
    number_in_subject,
    tickets_visible_to,
    with_subjects_in_words,
)
from tickets.services import add_mail_to_ticket, dismiss_mail, open_ticket_for_mail

LETTERBOX: List[InboundMail] = List(
    name="letterbox",
    title=_("Letterbox"),
    template="desk/letterbox.html",
    columns=[
        Column("subject", _("Subject"), lambda mail: mail.subject_line),
        Column("from", _("From"), lambda mail: mail.sender, "sender"),
        Column("why", _("Why it is here"), why_here),
        Column("mailbox", _("Mailbox"), lambda mail: str(mail.mailbox)),
        Column("received", _("Received"), lambda mail: mail.received_at, "received_at"),
    ],
    order=Order("pk", is_descending=True),
)


@staff_page(Permission.WORK_TICKETS)
def letterbox(request: UserRequest) -> HttpResponse:
    """Show what came by mail to a person's divisions and waits for them."""
    return respond(request, LETTERBOX, LetterboxFilters(request.GET, mails_waiting_for(request.user), request=request))


@staff_page(Permission.WORK_TICKETS)
def letter(request: UserRequest, pk: int) -> HttpResponse:
    """Show one message as plain words, who may have written it, and what can be done with it."""
    row = _found(request, pk)
    mail = _read(row)
    named = number_in_subject(row.subject_line)
    meant = tickets_visible_to(request.user).filter(number=named)[:1] if named else []
    context = {
        "row": row,
        "mail": mail,
        "why": why_here(row),
        "named": next(iter(with_subjects_in_words(meant)), None),
        "customers": customers_by_email(row.sender, row.division) if row.sender else [],
    }
    return render(request, "desk/letter.html", context)


@staff_page(Permission.WORK_TICKETS)
def open_for(request: UserRequest, pk: int) -> HttpResponse:
    """Open a ticket for a message."""
    row = _found(request, pk)
    customers = customers_by_email(row.sender, row.division) if row.sender else Customer.objects.none()
    opened: list[Ticket] = []

    def do(answers: dict[str, Any]) -> None:
        opened.append(open_ticket_for_mail(pk, answers["customer"], by=request.user))

    answer = perform(
        request,
        _action(row, title=_("Open a ticket"), done=_("The ticket is open.")),
        OpenForMailForm(posted(request), customers=customers),
        do,
    )
    return redirect("desk:ticket", opened[0].number) if opened else answer


@staff_page(Permission.WORK_TICKETS)
def add_to(request: UserRequest, pk: int) -> HttpResponse:
    """Put a message on a ticket."""
    row = _found(request, pk)
    form = AddMailForm(posted(request), initial={"number": number_in_subject(row.subject_line)})
    action = _action(row, title=_("Put it on a ticket"), done=_("It is on the ticket."))
    return perform(request, action, form, lambda said: add_mail_to_ticket(pk, said["number"], by=request.user))


@staff_page(Permission.WORK_TICKETS)
def dismiss(request: UserRequest, pk: int) -> HttpResponse:
    """Leave a message as it is."""
    action = _action(_found(request, pk), title=_("Nothing to do"), done=_("It is kept, and waits for nobody."))
    return perform(request, action, ConfirmForm(posted(request)), lambda _said: dismiss_mail(pk, by=request.user))


def _action(row: InboundMail, *, title: Any, done: Any) -> Action:
    return Action(title=title, button=title, done=done, subject=row, back=reverse("desk:letterbox"))


def _found(request: UserRequest, pk: int) -> InboundMail:
    return get_object_or_404(mails_waiting_for(request.user), pk=pk)


def _read(row: InboundMail) -> Mail | None:
    try:
        return read_received(row)
    except UnreadableMailError:
        return None
