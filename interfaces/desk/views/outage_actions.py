"""What is done to an outage: it is declared after a count, told, widened, ended, and its tickets come and go."""

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User, UserRequest
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import ConfirmForm
from interfaces.desk.outage_forms import (
    AttachForm,
    CorrectForm,
    DeclareForm,
    PlacesForm,
    ReopenForm,
    RestoreForm,
    UpdateForm,
    Way,
    list_in,
    shown_in,
)
from tickets.models import Outage
from tickets.queries import tickets_visible_to
from tickets.queries.extents import read_scope
from tickets.queries.outages import Affected, Scope, outages_visible_to
from tickets.services import outages as services
from tickets.services.outages import Declaration
from tickets.states import OutageKind, OutageStatus

COUNTED = "{0.customers}:{0.services}"
"""What of a count is shown, so that it is seen when another one would be confirmed."""


@staff_page(Permission.DECLARE_OUTAGES)
def declare(request: UserRequest) -> HttpResponse:
    """Declare an outage: what is typed is counted first, and declared when that count is confirmed."""
    form = DeclareForm(_with_file(request), request.FILES or None, user=request.user, initial=_initial(request))
    affected: Affected | None = None
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            declaration = _declaration(said, _scope(form, said["division"]))
            affected = services.preview_outage(declaration, said["division"], by=request.user)
            if said["shown"] == COUNTED.format(affected):
                declared = services.declare_outage(
                    declaration, division=said["division"], key=said["key"], by=request.user
                )
                messages.success(request, _("The outage is declared. Those whom it affects are told."))
                return redirect("desk:outage", declared.pk)
        except NotAllowed as refusal:
            affected = None
            form.add_error(form.place_of(refusal.field), refusal.message)
    context = {
        "form": form,
        "affected": affected,
        "shown": COUNTED.format(affected) if affected else "",
        "business": _business_in_words(affected) if affected else "",
    }
    return render(request, "desk/outage_new.html", context, status=422 if form.errors else 200)


def _with_file(request: UserRequest) -> Any:
    """
    Return what was posted, a list that was sent as a file with it: a browser does not send it a second time.

    What is no such list is left to the form, which says so.
    """
    if request.method != "POST":
        return None
    data = request.POST.copy()
    if sent := list_in(request.FILES.get("file")):
        data["listed"] = "\n".join(filter(None, (data.get("listed", ""), sent)))
    return data


def _initial(request: UserRequest) -> dict[str, Any]:
    division = divisions_where(request.user, Permission.DECLARE_OUTAGES).order_by("pk").first()
    return {
        "key": uuid.uuid4().hex,
        "division": division,
        "kind": OutageKind.FAULT,
        "by": Way.NODE,
        "nodes": request.GET.get("node", ""),
    }


def _scope(form: PlacesForm, division: Division) -> Scope:
    said = form.cleaned_data
    scope = read_scope(
        division, nodes=said["nodes"], zip_codes=said["zip_codes"], streets=said["streets"],
        listed=form.listed_in_all(), families=said.get("families", ()), products=" ".join(said.get("products", ())),
    )  # fmt: skip
    return replace(scope, is_whole=said["by"] == Way.WHOLE)


def _declaration(said: dict[str, Any], scope: Scope) -> Declaration:
    return Declaration(
        kind=OutageKind(said["kind"]), title=said["title"], scope=scope, starts_at=said["starts_at"],
        expected_at=said["expected_at"], cause=said["cause"], is_cause_known=bool(said["cause"].strip()),
        words=said["words"],
    )  # fmt: skip


def _business_in_words(affected: Affected) -> str:
    said = ngettext("%(count)d of them a business", "%(count)d of them businesses", affected.business)
    return said % {"count": affected.business} if affected.business else ""


@staff_page(Permission.DECLARE_OUTAGES)
def update(request: UserRequest, pk: int) -> HttpResponse:
    """Say what is known of an outage now."""
    found = outage_seen_by(request, pk)
    initial = {
        "status": found.status,
        "expected_at": shown_in(found.expected_at, found.division),
        "cause": found.cause,
        "words": found.words,
        "is_told": True,
    }
    action = action_on(
        found,
        title=_("What is known now"),
        explanation=_("Customers are told once. Whoever calls is told the same."),
        button=_("Say so"),
        done=_("It is said."),
        nothing=_nothing_when_over(found),
    )
    form = UpdateForm(posted(request), outage=found, initial=initial)
    return perform(request, action, form, lambda said: _update(found, said, request.user))


def _update(found: Outage, said: dict[str, Any], user: User) -> object:
    status = None if said["status"] == found.status else OutageStatus(said["status"])
    return services.update_outage(
        found.pk, status=status, words=said["words"], expected_at=said["expected_at"], cause=said["cause"],
        is_told=said["is_told"], by=user,
    )  # fmt: skip


@staff_page(Permission.DECLARE_OUTAGES)
def widen(request: UserRequest, pk: int) -> HttpResponse:
    """Add places to an outage."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("Add places"),
        explanation=_("Who is affected there, too, is told, and their tickets are attached."),
        button=_("Add them"),
        done=_("The places are added."),
        nothing=_nothing_when_over(found),
    )
    form = PlacesForm(_with_file(request), request.FILES or None, initial={"by": Way.NODE})

    def do(_said: dict[str, Any]) -> object:
        try:
            return services.widen_outage(pk, _scope(form, found.division), by=request.user)
        except NotAllowed as refusal:
            place = form.place_of(refusal.field) or ""
            raise NotAllowed(refusal.message, code=refusal.code, field=place) from refusal

    return perform(request, action, form, do)


@staff_page(Permission.DECLARE_OUTAGES)
def restore(request: UserRequest, pk: int) -> HttpResponse:
    """Say that an outage is over."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("It works again"),
        explanation=_("Attached tickets are resolved, and everybody is told. Who called is asked whether it is so."),
        button=_("It works again"),
        done=_("The outage is over. Those who called are asked whether it is."),
        nothing="" if found.is_under_way else _("It is not under way."),
        is_grave=True,
    )
    initial = {"at": shown_in(now(), found.division), "cause": found.cause, "words": found.words}
    form = RestoreForm(posted(request), outage=found, initial=initial)

    def do(said: dict[str, Any]) -> object:
        at = min(said["at"], now())
        return services.restore_outage(pk, at=at, words=said["words"], cause=said["cause"], by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.DECLARE_OUTAGES)
def reopen(request: UserRequest, pk: int) -> HttpResponse:
    """Say that an outage is not over after all."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("It is not over"),
        explanation=_("Tickets that it resolved are taken up and held again, and everybody is told."),
        button=_("Reopen it"),
        done=_("The outage is open again."),
        nothing="" if found.status == OutageStatus.RESTORED else _("It is not over."),
        is_grave=True,
    )
    form = ReopenForm(posted(request), outage=found, initial={"at": shown_in(now(), found.division)})

    def do(said: dict[str, Any]) -> object:
        return services.reopen_outage(pk, since=said["at"], words=said["words"] or None, by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.DECLARE_OUTAGES)
def withdraw(request: UserRequest, pk: int) -> HttpResponse:
    """Say that there is no such outage, or that the work will not be done."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("Call it off"),
        explanation=_(
            "There is no such outage, or the work will not be done. Its tickets go on, and who was told is told."
        ),
        button=_("Call it off"),
        done=_("The outage is called off."),
        nothing="" if found.can_move(OutageStatus.WITHDRAWN) else _("It is over."),
        is_grave=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.withdraw_outage(pk, by=request.user)
    )


@staff_page(Permission.DECLARE_OUTAGES)
def correct(request: UserRequest, pk: int) -> HttpResponse:
    """Say that an outage began at another time than was declared."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("Correct when it began"),
        explanation=_("Credits that wait for approval are counted anew. Customers are not told."),
        button=_("Correct it"),
        done=_("The time is corrected."),
        nothing="" if found.spells.exists() else _("It has not begun, or was called off."),
    )
    initial = {"starts_at": shown_in(found.starts_at, found.division)}
    form = CorrectForm(posted(request), outage=found, initial=initial)
    return perform(
        request, action, form,
        lambda said: services.correct_start(pk, said["starts_at"], said["reason"], by=request.user),
    )  # fmt: skip


@staff_page(Permission.WORK_TICKETS)
def attach(request: UserRequest, pk: int) -> HttpResponse:
    """Attach a ticket to an outage."""
    found = outage_seen_by(request, pk)
    action = action_on(
        found,
        title=_("Attach a ticket"),
        explanation=_("It is held until the outage is over. No technician is sent."),
        button=_("Attach it"),
        done=_("The ticket is attached."),
        nothing="" if found.is_under_way else _("It is not under way."),
    )
    form = AttachForm(posted(request), initial={"ticket": request.GET.get("ticket", "")})

    def do(said: dict[str, Any]) -> object:
        ticket = tickets_visible_to(request.user).filter(number=said["ticket"].strip().upper()).first()
        if ticket is None:
            raise NotAllowed(gettext("There is no such ticket."), code="unknown", field="ticket")
        return services.attach_ticket(pk, ticket.pk, by=request.user)

    return perform(request, action, form, do)


@staff_page(Permission.WORK_TICKETS)
def detach(request: UserRequest, number: str) -> HttpResponse:
    """Take a ticket from the outage that does not explain it."""
    rows = tickets_visible_to(request.user).select_related("outage", "customer").defer("search")
    ticket = get_object_or_404(rows, number=number, outage__isnull=False)
    if ticket.outage is None:
        raise LookupError(number)
    action = action_on(
        ticket.outage,
        title=_("Detach ticket %(number)s") % {"number": ticket.number},
        explanation=_(
            "Their fault is another. It goes on by itself, and is not attached to this outage again by itself."
        ),
        button=_("Detach it"),
        done=_("The ticket goes on by itself."),
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.detach_ticket(ticket.pk, by=request.user)
    )


def outage_seen_by(request: UserRequest, pk: int) -> Outage:
    """Return an outage of a person's divisions; another one is not found."""
    return get_object_or_404(outages_visible_to(request.user).select_related("division", "declared_by"), pk=pk)


def _nothing_when_over(found: Outage) -> str | Promise:
    return "" if found.is_open else _("It is over.")


def action_on(found: Outage, **said: Any) -> Action:
    """Describe what is done to an outage, and goes back to its page."""
    return Action(subject=found, back=reverse("desk:outage", args=[found.pk]), **said)
