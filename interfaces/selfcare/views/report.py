"""A customer reports a problem: one question after the other, and what is known already is offered first."""

import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Account, Customer
from foundation.lifecycle import NotAllowed
from foundation.people.models import User, UserRequest
from foundation.people.throttles import throttled
from interfaces.selfcare.access import own_page
from interfaces.selfcare.outages import shown
from interfaces.selfcare.queries import accounts_spoken_for, companies_spoken_for, own_partners
from interfaces.selfcare.ticket_forms import KINDS, ReportForm
from tickets.http import DetailsForm, FilesForm
from tickets.models import Ticket
from tickets.queries import Conversation, accounts_in_view, families_asked, files_held, subject_in_words, tickets_of
from tickets.services import (
    Intake,
    Requester,
    add_to_ticket,
    forget_files,
    held_uploads,
    report_at_intake,
    take_reading,
)
from tickets.states import Ending, TicketChannel, TicketType


@require_http_methods(["GET", "HEAD", "POST"])
@throttled("ticket")
@own_page
def report(request: UserRequest) -> HttpResponse:
    """Ask where, what and what was tried, read the equipment where that helps, and take in what has happened."""
    caller = accounts_in_view(accounts_spoken_for(request.user), seen_by=request.user)
    companies = list(companies_spoken_for(request.user))
    places: list[Account | Customer] = [*(view.account for view in caller.accounts), *companies]
    if not places:
        raise Http404
    pressed = request.POST.get("do", "")
    company = companies[0] if len(places) == len(companies) == 1 else _chosen(companies, request, pressed)
    division = (company or places[0]).division
    is_elsewhere = bool(companies)
    talk = Conversation.of(request.POST, caller, division, pressed=pressed, is_elsewhere=is_elsewhere)
    if pressed == "read" and talk.device:
        press = request.POST.get("press", "")[:80]
        take_reading(talk.device.pk, intake_key=talk.key, key=f"me:{talk.key}:{press}", by=request.user)
        talk = Conversation.of(request.POST, caller, division, is_elsewhere=is_elsewhere)
    company = None if talk.account else company
    is_sent = pressed in ("send", "add")
    files = FilesForm.taken_in(request, talk.key)
    initial = {**request.POST.dict(), "key": talk.key}
    form = ReportForm(request.POST if is_sent else None, initial=initial)
    asked = talk.type or TicketType.TROUBLE
    details = DetailsForm(asked, talk.account, request.POST if pressed == "send" else None, initial=initial)
    is_complete = is_sent and form.is_valid() and (pressed == "add" or details.is_valid()) and not files.errors
    if is_complete and (found := _attempt(request, talk, form, details, company)):
        forget_files(talk.key, by=request.user)
        return redirect("selfcare:ticket", found.number)
    context = {
        "known": caller,
        "companies": companies,
        "companies_of_accounts": {view.account.customer_id for view in caller.accounts},
        "company": company,
        "talk": talk,
        "form": form,
        "details": details,
        "files": files,
        "held": files_held(talk.key, request.user) if files.is_bound else [],
        "kinds": KINDS,
        "families": families_asked(talk.division),
        "services": talk.view.working if talk.view else [],
        "outages": [shown(outage, talk.account) for outage in talk.outages] if talk.account else [],
        "is_fixed": bool(talk.way and talk.way.ending == Ending.FIXED),
        "press": secrets.token_urlsafe(9),
        "same_subject": subject_in_words(talk.same) if talk.same else "",
        "sees_same": talk.same is not None and tickets_of(request.user).filter(pk=talk.same.pk).exists(),
        "is_partner": own_partners(request.user).exists(),
    }
    wrong = files.errors or (is_sent and (form.errors or details.errors))
    return render(request, "selfcare/report.html", context, status=422 if wrong else 200)


def _chosen(companies: list[Customer], request: UserRequest, pressed: str) -> Customer | None:
    """Return the company at one of whose places it is said to be, now or on the page before."""
    what, _colon, value = pressed.partition(":")
    said = value if what == "company" else request.POST.get("company", "")
    return next((company for company in companies if str(company.pk) == said), None)


def _attempt(
    request: UserRequest, talk: Conversation, form: ReportForm, details: DetailsForm, company: Customer | None
) -> Ticket | None:
    try:
        uploads = held_uploads(talk.key, by=request.user)
        if request.POST["do"] == "add":
            return _add(request, talk, form.cleaned_data["text"], uploads)
        return _send(request, talk, form.cleaned_data, details.details, uploads=uploads, company=company)
    except NotAllowed as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return None


def _send(  # noqa: PLR0913  # what, of whom, with what: each has a name
    request: UserRequest,
    talk: Conversation,
    said: dict[str, Any],
    details: dict[str, str],
    *,
    uploads: Any,
    company: Customer | None,
) -> Ticket:
    customer = talk.account.customer if talk.account else company
    if customer is None:
        raise NotAllowed(_("Choose where it is."))
    if talk.type is None:
        raise NotAllowed(_("Choose what it is about."))
    intake = Intake(
        type=talk.type,
        text=said["text"],
        subject=said["subject"],
        requester=_requester(customer, request.user),
        customer=customer,
        account=talk.account,
        service=talk.service,
        family=talk.family,
        symptom=talk.symptom,
        said=talk.said,
        details=details,
        is_another=talk.is_another,
        is_apart=talk.is_apart,
    )
    opened = report_at_intake(
        intake, key=talk.key, division=talk.division, channel=TicketChannel.WEB, by=request.user, uploads=uploads
    )
    messages.success(request, _("We have it. You can follow it here."))
    return opened


def _add(request: UserRequest, talk: Conversation, text: str, uploads: Any) -> Ticket:
    if talk.same is None or not tickets_of(request.user).filter(pk=talk.same.pk).exists():
        raise NotAllowed(_("It has ended meanwhile: send this as something new."))
    key = f"me:{request.user.pk}:{talk.key}"
    add_to_ticket(talk.same.pk, text, key=key, channel=TicketChannel.WEB, by=request.user, uploads=uploads)
    messages.success(request, _("We have it."))
    return talk.same


def _requester(customer: Customer, user: User) -> Requester:
    contact = Requester.of(customer)
    is_theirs = customer.user_id == user.pk
    return Requester(
        name=contact.name if is_theirs else str(user),
        email=contact.email if is_theirs and contact.email else user.email,
        phone=contact.phone if is_theirs else "",
        language=get_language() or customer.language,
    )
