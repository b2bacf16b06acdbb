"""Who works now, what nobody can take, why a ticket went where it did, and everything of one person given to others."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User, UserRequest
from foundation.people.queries import can, colleagues, divisions_where
from foundation.people.states import Permission
from foundation.worklist.models import Absence, Member
from foundation.worklist.queries import Roster, absences_at, rosters_of, teams_visible_to
from foundation.worklist.services import end_absence, note_absence
from foundation.worklist.states import AbsenceReason
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.outage_forms import MomentField, in_zone
from tickets import services
from tickets.models import Assignment, Reassignment, Ticket
from tickets.queries import tickets_visible_to, with_subjects_in_words, with_ticket_in_words
from tickets.queries.routing import explain_routing, open_tickets_of, waiting_visible_to

WAITING_SHOWN = 100
ASSIGNMENTS_SHOWN = 20


class AbsentForm(forms.Form):
    """Why somebody does not work, and until when."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=AbsenceReason.choices)
    until = MomentField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("By the clocks of the team’s market. Empty: until further notice."),
    )


class GiveForm(forms.Form):
    """To whom a ticket is given."""

    to = forms.ModelChoiceField(label=gettext_lazy("Person"), queryset=User.objects.none())

    def __init__(self, data: Any, *, ticket: Ticket) -> None:
        super().__init__(data)
        people = colleagues(ticket.division, Permission.WORK_TICKETS).order_by("name", "email")
        self.fields["to"].queryset = people  # type: ignore[attr-defined]  # it is a choice among rows


@staff_page(Permission.SEE_TICKETS)
def who_works(request: UserRequest) -> HttpResponse:
    """Show the teams with who works in them now and how much they have, and what nobody can take."""
    at = now()
    teams = list(teams_visible_to(request.user).order_by("division__name", "name"))
    rosters = rosters_of(teams, at=at, load=open_tickets_of, permission=Permission.WORK_TICKETS)
    waiting = waiting_visible_to(request.user).select_related("ticket__division", "row__team").defer("ticket__search")
    mine = set(divisions_where(request.user, Permission.ASSIGN_WORK).values_list("pk", flat=True))
    context = {
        "teams": [
            {"team": team, "may_give": team.division_id in mine, **_standing(roster)}
            for team, roster in zip(teams, rosters, strict=True)
        ],
        "waiting_count": waiting.count(),
        "waiting": [
            {"waiting": each, "may_give": each.ticket.division_id in mine}
            for each in with_ticket_in_words(waiting[:WAITING_SHOWN])
        ],
    }
    return render(request, "desk/who_works.html", context)


def _standing(roster: Roster) -> dict[str, Any]:
    """Return the members in the order of their turns, each with why they are not given anything now."""
    at_work = [standing for standing in roster.in_turn() if standing.is_at_work]
    return {
        "members": [
            {
                "standing": standing,
                "obstacles": [words for _obstacle, words in standing.obstacles_of_the_hour()],
                "is_at_work": standing.is_at_work,
                "is_full": standing.load >= standing.member.capacity,
                "is_next": bool(at_work) and standing is at_work[0],
                "skills": ", ".join(str(skill) for skill in standing.member.skills.all()),
                "languages": ", ".join(standing.member.languages),
            }
            for standing in sorted(roster.standings, key=lambda each: str(each.member.user).casefold())
        ],
        "at_work": len(at_work),
        "load": sum(standing.load for standing in roster.standings),
    }


# Why a ticket went where it did. -----------------------------------------------------------------------------------


@staff_page(Permission.SEE_TICKETS)
def ticket_routing(request: UserRequest, number: str) -> HttpResponse:
    """Explain each rule's hit or miss for a ticket, and list what was decided about it."""
    ticket = _ticket(request, number)
    procedure, rules = explain_routing(ticket, now())
    decided = Assignment.objects.filter(ticket=ticket).select_related("row", "team", "user", "version__division")
    context = {
        "ticket": with_subjects_in_words([ticket])[0],
        "procedure": procedure.version if procedure else None,
        "rules": rules,
        "assignments": decided[:ASSIGNMENTS_SHOWN],
        "waiting": waiting_visible_to(request.user).filter(ticket=ticket).first(),
        "may_give": ticket.is_open and can(request.user, Permission.ASSIGN_WORK, ticket.division),
    }
    return render(request, "desk/ticket_routing.html", context)


@require_POST
@staff_page(Permission.ASSIGN_WORK)
def ticket_find(request: UserRequest, number: str) -> HttpResponse:
    """Look for somebody for a ticket now."""
    ticket = _ticket(request, number)
    try:
        found = services.find_somebody(ticket.pk, by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        if found.owner:
            messages.success(request, _("It was given to %(person)s.") % {"person": found.owner})
        else:
            messages.warning(request, _("There is nobody who can take it. Below is why."))
    return redirect("desk:ticket_routing", ticket.number)


@staff_page(Permission.ASSIGN_WORK)
def ticket_give(request: UserRequest, number: str) -> HttpResponse:
    """Give a ticket to somebody by hand; nobody's turn is taken for it."""
    ticket = _ticket(request, number)
    action = Action(
        title=_("Give the ticket to somebody"),
        explanation=_("Whoever it is, whatever they have to do. Nobody loses a turn by it."),
        button=_("Give it"),
        done=_("It is theirs."),
        subject=ticket,
        back=reverse("desk:who_works"),
    )
    form = GiveForm(posted(request), ticket=ticket)

    def do(answers: dict[str, Any]) -> object:
        return services.hand_over_ticket(ticket.pk, answers["to"], by=request.user)

    return perform(request, action, form, do)


def _ticket(request: UserRequest, number: str) -> Ticket:
    rows = tickets_visible_to(request.user).select_related("division", "customer", "owner", "team").defer("search")
    return get_object_or_404(rows, number=number)


# Who is absent, and what becomes of their work. --------------------------------------------------------------------


@staff_page(Permission.ASSIGN_WORK)
def member_absent(request: UserRequest, pk: int) -> HttpResponse:
    """Note that a member does not work for a time."""
    member = _member(request, pk)
    action = Action(
        title=_("%(person)s does not work") % {"person": member.user},
        explanation=_(
            "They are given nothing new, in no team. What they have stays theirs until you give it to others."
        ),
        button=_("Note it"),
        done=_("Noted."),
        subject=member.team,
        back=reverse("desk:who_works"),
    )
    form = AbsentForm(posted(request))

    def do(answers: dict[str, Any]) -> object:
        reason = AbsenceReason(answers["reason"])
        until = in_zone(answers["until"], member.team.division)
        return note_absence(member.user, member.team, reason=reason, until=until, by=request.user)

    return perform(request, action, form, do)


@require_POST
@staff_page(Permission.ASSIGN_WORK)
def absence_end(request: UserRequest, pk: int) -> HttpResponse:
    """Note that somebody works again."""
    mine = divisions_where(request.user, Permission.ASSIGN_WORK)
    absence = get_object_or_404(Absence, pk=pk, division__in=mine)
    try:
        end_absence(absence.pk, by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    return redirect("desk:who_works")


@staff_page(Permission.ASSIGN_WORK)
def reassign(request: UserRequest, pk: int) -> HttpResponse:
    """Show who would get what of a member's open tickets, and give it to them."""
    member = _member(request, pk)
    if request.method == "POST":
        try:
            act = services.reassign_all(member.user, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return redirect("desk:reassign", pk)
        return redirect("desk:reassignment", act.pk)
    moves = services.preview_reassignment(member.user, by=request.user)
    shown = with_subjects_in_words(move.ticket for move in moves)
    context = {
        "member": member,
        "moves": [replace(move, ticket=ticket) for move, ticket in zip(moves, shown, strict=True)],
        "is_at_work": member.user.is_active and not absences_at(now()).filter(user=member.user).exists(),
        "button": ngettext("Give %(count)d ticket to others", "Give %(count)d tickets to others", len(moves))
        % {"count": len(moves)},
    }
    return render(request, "desk/reassign.html", context)


@staff_page(Permission.ASSIGN_WORK)
def reassignment(request: UserRequest, pk: int) -> HttpResponse:
    """Show what a reassignment did, and offer to undo it."""
    act = _act(request, pk)
    mine = divisions_where(request.user, Permission.ASSIGN_WORK)
    lines = (
        act.tickets.filter(ticket__division__in=mine)
        .select_related("ticket__division", "ticket__owner", "to", "team")
        .defer("ticket__search")
    )
    return render(request, "desk/reassignment.html", {"act": act, "lines": lines})


@require_POST
@staff_page(Permission.ASSIGN_WORK)
def reassignment_undo(request: UserRequest, pk: int) -> HttpResponse:
    """Give back what a reassignment gave away."""
    act = _act(request, pk)
    try:
        services.undo_reassignment(act.pk, by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Undone: what had not gone on since is theirs again."))
    return redirect("desk:reassignment", act.pk)


def _act(request: UserRequest, pk: int) -> Reassignment:
    mine = divisions_where(request.user, Permission.ASSIGN_WORK)
    rows = Reassignment.objects.select_related("division", "user", "by", "undone_by")
    return get_object_or_404(rows, Q(division__in=mine) | Q(by=request.user), pk=pk)


def _member(request: UserRequest, pk: int) -> Member:
    mine = divisions_where(request.user, Permission.ASSIGN_WORK)
    return get_object_or_404(Member.objects.select_related("user", "team__division"), pk=pk, team__division__in=mine)
