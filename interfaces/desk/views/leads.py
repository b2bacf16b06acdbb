"""People who wait for service: the list of them, one of them, and what staff do about them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import LeadFilters
from interfaces.desk.forms import AssignForm, CloseForm, ConfirmForm, NoteForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest
from leads.models import Lead
from leads.queries import leads_visible_to
from leads.services import add_note, assign_lead, close_lead, convert_lead, note_contact
from leads.states import CloseReason, LeadStatus

EVENTS_SHOWN = 100

LEADS: List[Lead] = List(
    name="leads",
    title=_("Leads"),
    template="desk/leads.html",
    columns=[
        Column("name", _("Who"), str),
        Column("address", _("Address"), lambda lead: lead.address, "address"),
        Column("outcome", _("What the check found"), lambda lead: lead.get_outcome_display(), "outcome"),
        Column("status", _("State"), lambda lead: lead.get_status_display(), "status"),
        Column("assigned", _("Assigned to"), lambda lead: str(lead.assigned_to or "")),
        Column("division", _("Division"), lambda lead: str(lead.division), "division__name"),
        Column("since", _("Since"), lambda lead: lead.captured_at, "pk"),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("New"), "status=new"),
        Preset(_("Mine"), "mine=yes"),
        Preset(_("Planned areas"), "outcome=planned"),
    ],
)


@staff_page(Permission.SEE_LEADS)
def leads(request: UserRequest) -> HttpResponse:
    """Show the leads of a person's divisions."""
    return respond(request, LEADS, LeadFilters(request.GET, leads_visible_to(request.user), request=request))


@staff_page(Permission.SEE_LEADS)
def lead(request: UserRequest, pk: int) -> HttpResponse:
    """Show one lead: how to reach them, what the check found, what was said."""
    found = _found(request, pk)
    context = {
        "lead": found,
        "notes": found.notes.select_related("by"),
        "events": latest(found, most=EVENTS_SHOWN),
        "may_work": can(request.user, Permission.WORK_LEADS, found.division),
        "is_open": found.can_move(LeadStatus.CLOSED),
        "may_assign": found.can_move(LeadStatus.ASSIGNED),
        "may_give": can(request.user, Permission.ASSIGN_WORK, found.division),
        "may_convert": found.can_move(LeadStatus.CONVERTED),
    }
    return render(request, "desk/lead.html", context)


@staff_page(Permission.WORK_LEADS)
def assign(request: UserRequest, pk: int) -> HttpResponse:
    """Give a lead to somebody, or take it oneself."""
    found = _found(request, pk)
    may_give = can(request.user, Permission.ASSIGN_WORK, found.division)
    action = Action(
        title=_("Assign the lead") if may_give else _("Take the lead"),
        button=_("Assign it") if may_give else _("Take it"),
        done=_("The lead is assigned."),
        subject=found,
        back=_back(found),
    )
    form = AssignForm(posted(request), division=found.division, user=request.user)
    return perform(request, action, form, lambda answers: assign_lead(pk, answers["to"], by=request.user))


@staff_page(Permission.WORK_LEADS)
def note(request: UserRequest, pk: int) -> HttpResponse:
    """Write something down, and whether it was said by the lead."""
    found = _found(request, pk)
    action = Action(
        title=_("Add a note"), button=_("Keep the note"), done=_("Noted."), subject=found, back=_back(found)
    )

    def do(answers: dict[str, Any]) -> object:
        write = note_contact if answers["was_reached"] else add_note
        return write(pk, answers["text"], by=request.user)

    return perform(request, action, NoteForm(posted(request)), do)


@staff_page(Permission.WORK_LEADS)
def close(request: UserRequest, pk: int) -> HttpResponse:
    """Note that a lead leads nowhere."""
    found = _found(request, pk)
    action = Action(
        title=_("Close the lead"),
        explanation=_("They are not told when service arrives. Assigning it opens it again."),
        button=_("Close it"),
        done=_("The lead is closed."),
        subject=found,
        back=_back(found),
    )
    form = CloseForm(posted(request))
    return perform(
        request, action, form, lambda answers: close_lead(pk, CloseReason(answers["reason"]), by=request.user)
    )


@staff_page(Permission.WORK_LEADS)
def convert(request: UserRequest, pk: int) -> HttpResponse:
    """Check the address again and start an order there, which goes on from its page."""
    found = _found(request, pk)
    action = Action(
        title=_("Turn it into an order"),
        explanation=_(
            "The address is checked again. Where something can be ordered, an order begins with what is known."
        ),
        button=_("Check and start the order"),
        done=_("The order has begun. Go on with it from its page."),
        subject=found,
        back=_back(found),
    )
    return perform(request, action, ConfirmForm(posted(request)), lambda _: convert_lead(pk, by=request.user))


def _found(request: UserRequest, pk: int) -> Lead:
    rows = leads_visible_to(request.user).select_related("division", "assigned_to", "order", "qualification")
    return get_object_or_404(rows, pk=pk)


def _back(found: Lead) -> str:
    return reverse("desk:lead", args=[found.pk])
