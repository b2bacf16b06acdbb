"""From a caller to a ticket: all that is known of them before a word is typed, and what is asked on the way."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.queries import customers_visible_to
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from foundation.people.queries import can, divisions_where
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.intake_forms import CallersFilesForm, WordsForm
from interfaces.desk.queries import callers_meant, tickets_numbered
from tickets.http import DetailsForm, FilesForm
from tickets.models import Ticket
from tickets.queries import (
    Conversation,
    caller_by_places,
    caller_in_view,
    families_asked,
    files_held,
    subject_in_words,
    tickets_visible_to,
)
from tickets.services import (
    Intake,
    Requester,
    add_to_ticket,
    attach_at_intake,
    forget_files,
    held_uploads,
    report_at_intake,
    take_reading,
)
from tickets.states import TicketChannel, TicketType

MOST_FOUND = 12


@staff_page(Permission.WORK_TICKETS)
def new_ticket(request: UserRequest) -> HttpResponse:
    """Find the caller, show what they have, ask what is wrong, and open a ticket or add to the one that is open."""
    customer = _customer(request)
    if customer is None and "nobody" not in request.GET:
        return _who_is_it(request)
    caller = caller_by_places(customer, seen_by=request.user) if customer else None
    division = customer.division if customer else _own_division(request)
    pressed = request.POST.get("do", "")
    talk = Conversation.of(request.POST, caller, division, pressed=pressed)
    if pressed == "read" and talk.device:
        press = request.POST.get("press", "")[:80]
        take_reading(talk.device.pk, intake_key=talk.key, key=f"desk:{talk.key}:{press}", by=request.user)
        talk = Conversation.of(request.POST, caller, division)
    files = CallersFilesForm.taken_in(request, talk.key)
    is_sent = pressed in ("open", "add")
    words = WordsForm(request.POST if is_sent else None, initial=_typed(request, customer))
    details = DetailsForm(talk.type or TicketType.TROUBLE, talk.account, *_bound(request, pressed == "open"))
    if found := _outcome(request, talk, customer, words, details, files):
        forget_files(talk.key, by=request.user)
        return redirect("desk:ticket", found.number)
    context = {
        "customer": customer,
        "caller": caller_in_view(caller, customer, seen_by=request.user) if caller and customer else None,
        "talk": talk,
        "same_subject": subject_in_words(talk.same) if talk.same else "",
        "missing": _missing(talk),
        "words": words,
        "details": details,
        "files": files,
        "held": files_held(talk.key, request.user) if files.is_bound else [],
        "types": TicketType,
        "families": families_asked(division) if not talk.service else [],
        "division": division,
        "divisions": [] if customer else divisions_where(request.user, Permission.WORK_TICKETS),
        "press": secrets.token_urlsafe(9),
    }
    wrong = words.errors or files.errors or (is_sent and details.is_bound and details.errors)
    return render(request, "desk/new_ticket.html", context, status=422 if wrong else 200)


@dataclass(frozen=True)
class Missing:
    """What has to be chosen before a ticket can be opened."""

    words: str
    at: str
    """Where on the page."""


def _missing(talk: Conversation) -> Missing | None:
    """Return what is to be chosen next; None where all is known but the words."""
    if talk.is_ready:
        return None
    if talk.same:
        return Missing(_("Say whether it is the same fault"), "same")
    if talk.type is None:
        return Missing(_("Choose what it is"), "type")
    if not talk.family:
        return Missing(_("Choose what does not work"), "family")
    return Missing(_("Answer what is asked"), "way") if talk.way else Missing(_("Choose the symptom"), "symptom")


def _who_is_it(request: UserRequest) -> HttpResponse:
    typed = " ".join(request.GET.get("q", "").split())[:200]
    mine = customers_visible_to(request.user).filter(
        division__in=divisions_where(request.user, Permission.WORK_TICKETS)
    )
    context = {
        "typed": typed,
        "found": callers_meant(request.user, typed, among=mine, most=MOST_FOUND) if typed else [],
        "tickets": tickets_numbered(request.user, typed) if typed else [],
    }
    return render(request, "desk/new_ticket_who.html", context)


def _customer(request: UserRequest) -> Customer | None:
    wanted = request.GET.get("customer", "")
    if not wanted:
        return None
    rows = customers_visible_to(request.user).select_related("division")
    found = get_object_or_404(rows, pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0)
    return found if can(request.user, Permission.WORK_TICKETS, found.division) else None


def _own_division(request: UserRequest) -> Division:
    """Return where somebody belongs whom we do not know: the caller's market is the CSR's first."""
    wanted, mine = request.POST.get("division", ""), divisions_where(request.user, Permission.WORK_TICKETS)
    chosen = mine.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    return chosen or mine.order_by("pk")[0]


def _typed(request: UserRequest, customer: Customer | None) -> dict[str, Any]:
    """Return what was typed so far, or what is known of the caller: no button loses a word."""
    if request.method == "POST":
        return request.POST.dict()
    if customer is None:
        return {}
    contact = Requester.of(customer)
    return {"name": contact.name, "email": contact.email, "phone": contact.phone}


def _bound(request: UserRequest, is_sent: bool) -> list[Any]:  # noqa: FBT001
    return [request.POST] if is_sent else [None]


def _outcome(  # noqa: PLR0913, PLR0917  # the page's forms
    request: UserRequest,
    talk: Conversation,
    customer: Customer | None,
    words: WordsForm,
    details: DetailsForm,
    files: FilesForm,
) -> Ticket | None:
    """Return the ticket that the button leads to; None where something is to be chosen or put right first."""
    pressed = request.POST.get("do", "")
    if files.errors:
        return None
    if pressed.startswith("attach:"):
        return _attach(request, talk, customer, pressed)
    is_complete = words.is_bound and words.is_valid() and (pressed == "add" or details.is_valid())
    return _attempt(request, talk, customer, words, details) if is_complete else None


def _attach(request: UserRequest, talk: Conversation, customer: Customer | None, pressed: str) -> Ticket | None:
    """Attach the caller to an outage that was offered, in one step: nothing needs to be typed, nobody is sent."""
    what, _colon, chosen = pressed.partition(":")
    offered = next((outage for outage in talk.outages if str(outage.pk) == chosen), None)
    if what != "attach" or customer is None or offered is None:
        return None
    said = {name: request.POST.get(name, "") for name in ("text", "subject", "channel")}
    channel = said["channel"] if said["channel"] in (TicketChannel.STORE, TicketChannel.DOOR) else TicketChannel.PHONE
    intake = Intake(
        type=TicketType.TROUBLE,
        text=said["text"].strip(),
        subject=said["subject"].strip(),
        requester=Requester.of(customer),
        customer=customer,
        account=talk.account,
        service=talk.service,
    )
    try:
        opened = attach_at_intake(
            offered.pk, intake, key=talk.key, division=talk.division, channel=TicketChannel(channel), by=request.user,
            uploads=held_uploads(talk.key, by=request.user),
        )  # fmt: skip
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
        return None
    if opened.requester_email:
        messages.success(request, _("The caller is attached to the outage, and is told when it is over."))
    else:
        messages.success(
            request, _("The caller is attached to the outage. There is no e-mail address: call when it is over.")
        )
    return opened


def _attempt(
    request: UserRequest, talk: Conversation, customer: Customer | None, words: WordsForm, details: DetailsForm
) -> Ticket | None:
    said = words.cleaned_data
    channel = TicketChannel(said["channel"])
    try:
        if request.POST["do"] == "add":
            return _add(request, talk, said["text"], channel)
        if talk.type is None:
            raise NotAllowed(_("Choose what it is."))  # noqa: TRY301
        language = customer.language if customer else ""
        intake = Intake(
            type=talk.type,
            text=said["text"],
            subject=said["subject"],
            requester=Requester.typed(name=said["name"], email=said["email"], phone=said["phone"], language=language),
            customer=customer,
            account=talk.account,
            service=talk.service,
            family=talk.family,
            symptom=talk.symptom,
            said=talk.said,
            details=details.details,
            is_another=talk.is_another,
            is_apart=talk.is_apart,
        )
        opened = report_at_intake(
            intake, key=talk.key, division=talk.division, channel=channel, by=request.user,
            uploads=held_uploads(talk.key, by=request.user),
        )  # fmt: skip
    except NotAllowed as refusal:
        words.add_error(refusal.field if refusal.field in words.fields else None, refusal.message)
        return None
    messages.success(request, _("The ticket is open."))
    return opened


def _add(request: UserRequest, talk: Conversation, text: str, channel: TicketChannel) -> Ticket:
    """Add to the ticket of the same fault: the one that was offered, and none that a form makes up."""
    if talk.same is None or not tickets_visible_to(request.user).filter(pk=talk.same.pk).exists():
        raise NotAllowed(_("It has ended meanwhile: open a ticket."))
    key, uploads = f"desk:{talk.key}:add", held_uploads(talk.key, by=request.user)
    add_to_ticket(talk.same.pk, text, key=key, channel=channel, by=request.user, uploads=uploads)
    messages.success(request, _("It is added to the ticket that was open."))
    return talk.same
