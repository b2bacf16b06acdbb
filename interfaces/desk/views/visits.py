"""An agent's visits: the day's, and one of them, made for a phone at the door."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from foundation.lifecycle import NotAllowed
from foundation.people.models import User, UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.visit_forms import DeedForm, FinishForm, PhotoForm, SwapForm
from tickets.models import Visit
from tickets.queries import answers_in_words, articles_of, with_subjects_in_words
from tickets.queries.visits import day_of, devices_at, visits_of_agent
from tickets.services import add_photo, arrive, checked_uploads, finish_visit, set_off, swap_device
from tickets.states import FROM_THE_CUSTOMER, DeedKind, VisitOutcome, VisitStatus

FORMS: Mapping[DeedKind, type[DeedForm]] = {
    DeedKind.SET_OFF: DeedForm,
    DeedKind.ARRIVE: DeedForm,
    DeedKind.SWAP: SwapForm,
    DeedKind.PHOTO: PhotoForm,
    DeedKind.FINISH: FinishForm,
}
OFFERED: Mapping[str, tuple[DeedKind, ...]] = {
    VisitStatus.BOOKED: (DeedKind.SET_OFF, DeedKind.ARRIVE),
    VisitStatus.ON_THE_WAY: (DeedKind.ARRIVE,),
    VisitStatus.MISSED: (DeedKind.ARRIVE,),
    VisitStatus.ARRIVED: (DeedKind.SWAP, DeedKind.PHOTO, DeedKind.FINISH),
}
"""What can be done on a visit as it stands."""
DONE: Mapping[DeedKind, str | Promise] = {
    DeedKind.SET_OFF: _("Noted: you are on the way."),
    DeedKind.ARRIVE: _("Noted: you are there."),
    DeedKind.SWAP: _("The device is changed."),
    DeedKind.PHOTO: _("The photo is kept."),
    DeedKind.FINISH: _("The visit is done."),
}


@require_safe
@staff_page(Permission.MAKE_VISITS)
def visits(request: UserRequest) -> HttpResponse:
    """Show an agent's day."""
    return render(request, "desk/visits.html", {"day": day_of(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Permission.MAKE_VISITS)
def visit(request: UserRequest, pk: int) -> HttpResponse:
    """
    Show one visit, and take in what its agent did there.

    What is sent again after the connection broke is done once, and answered as it was the first time.
    """
    found = get_object_or_404(visits_of_agent(request.user), pk=pk)
    sent = _sent(request, found) if request.method == "POST" else None
    if sent and sent.is_valid() and _did(sent, found, request.user):
        messages.success(request, str(DONE[sent.kind]))
        return redirect("desk:visit", found.pk)
    forms = {str(kind): FORMS[kind](kind=kind, visit=found) for kind in OFFERED.get(found.status, ())}
    if sent:
        forms[str(sent.kind)] = sent
    context = {
        "visit": found,
        "ticket": with_subjects_in_words([found.ticket])[0],
        "said": articles_of(found.ticket).filter(kind__in=sorted(FROM_THE_CUSTOMER)).first(),
        "asked": answers_in_words(found.ticket),
        "devices": devices_at(found.ticket),
        "deeds": found.deeds.select_related("old", "new", "article").prefetch_related("article__attachments"),
        "forms": forms,
        "form": sent,
    }
    return render(request, "desk/visit.html", context, status=422 if sent else 200)


def _sent(request: UserRequest, found: Visit) -> DeedForm:
    """Bind the form that was sent; one that says nothing of itself is of the first kind, and wrong."""
    named = request.POST.get("deed", "")
    kind = DeedKind(named) if named in DeedKind.values else DeedKind.SET_OFF
    return FORMS[kind](request.POST, request.FILES, kind=kind, visit=found)


def _did(form: DeedForm, found: Visit, by: User) -> bool:
    """Call the service of what was done; its refusal stands at the form."""
    try:
        _do(form, found, form.cleaned_data, by)
    except NotAllowed as refusal:
        _refuse(form, refusal)
        return False
    return True


def _do(form: DeedForm, found: Visit, said: dict[str, Any], by: User) -> None:
    key = said["key"]
    match form.kind:
        case DeedKind.SET_OFF:
            set_off(found.pk, key=key, by=by)
        case DeedKind.ARRIVE:
            arrive(found.pk, key=key, by=by)
        case DeedKind.SWAP:
            swap_device(found.pk, old=said["old"], serial=said["serial"], key=key, by=by)
        case DeedKind.PHOTO:
            (upload,) = checked_uploads([said["photo"]])
            add_photo(found.pk, upload, said["text"], key=key, by=by)
        case DeedKind.FINISH:
            finish_visit(found.pk, VisitOutcome(said["outcome"]), said["text"], key=key, by=by)


def _refuse(form: Form, refusal: NotAllowed) -> None:
    field = "photo" if refusal.field == "uploads" else refusal.field
    form.add_error(field if field in form.fields else None, refusal.message)
