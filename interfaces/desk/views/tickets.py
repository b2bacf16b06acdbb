"""Tickets: the list of them, one of them, what staff say and do on it, and its history."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from foundation.cells import csv_response
from foundation.correspondence.http import download
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import TicketFilters
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.ticket_doings import DOINGS, form_of, offered
from interfaces.desk.ticket_forms import AnswerForm, key_of
from interfaces.desk.ticket_history import HEADINGS, cells_of, end_in_words, history_of
from interfaces.desk.timeline import latest
from tickets.models import Article, Attachment, Rating, Ticket, filled_in
from tickets.ports import Reading
from tickets.queries import (
    answers_in_words,
    articles_of,
    as_told,
    can_work,
    canned_replies_for,
    folded,
    macros_offered,
    notice_ahead,
    others_on,
    progress_of_ticket,
    recipients_of,
    tickets_visible_to,
    values_for,
    with_subjects_in_words,
)
from tickets.queries.outages import outages_beside
from tickets.queries.sla import alerts_for, clocks_of, newest_and_past, pauses_of, promise_of
from tickets.queries.visits import visit_in_words, visit_under_way
from tickets.services import (
    answer_ticket,
    checked_uploads,
    take_back_answer,
    take_back_resolution,
)
from tickets.states import PUBLIC

EVENTS_SHOWN = 12
"""The latest; the page of the history has them all."""
LATEST_SHOWN = 3
"""Public articles beside an answer that was refused because of them."""

TICKETS: List[Ticket] = List(
    name="tickets",
    title=_("Tickets"),
    template="desk/tickets.html",
    columns=[
        Column("number", _("Number"), lambda ticket: ticket.number),
        Column("subject", _("What about"), lambda ticket: ticket.subject),
        Column("who", _("Who"), lambda ticket: str(ticket.customer or ticket.requester_name or ticket.requester_email)),
        Column("type", _("Type"), lambda ticket: ticket.get_type_display(), "type", is_shown=False),
        Column("status", _("State"), lambda ticket: ticket.get_status_display(), "status"),
        Column("priority", _("Priority"), lambda ticket: ticket.priority.upper(), "priority"),
        Column("team", _("Team"), lambda ticket: str(ticket.team or ""), is_shown=False),
        Column("owner", _("Owner"), lambda ticket: str(ticket.owner or "")),
        Column("visit_missed", _("Visit missed"), lambda ticket: ticket.visit_missed_at, is_shown=False),
        Column("due", _("Due"), lambda ticket: ticket.due_at, "due_by"),
        Column("word", _("Customer’s last word"), lambda ticket: ticket.last_word_at, "last_word_at"),
        Column("division", _("Division"), lambda ticket: str(ticket.division), is_shown=False),
        Column("since", _("Opened"), lambda ticket: ticket.opened_at, "pk"),
    ],
    order=Order("due_by"),
    shown=with_subjects_in_words,
    order_of={"status": Order("pk", is_descending=True)},  # what has ended is due no more
    presets=[
        Preset(_("Mine"), "owner=mine"),
        Preset(_("Nobody’s"), "owner=nobody"),
        Preset(_("Overdue"), "overdue=yes"),
        Preset(_("Visit missed"), "visit=missed"),
        Preset(_("Complaints"), "type=complaint"),
    ],
)


@staff_page()
def tickets(request: UserRequest) -> HttpResponse:
    """Show the tickets of a person's divisions, and those handed to them."""
    filters = TicketFilters(request.GET, tickets_visible_to(request.user), request=request)
    return respond(
        request, TICKETS, filters, may_open=can(request.user, Permission.WORK_TICKETS),
        may_judge=can(request.user, Permission.ASSIGN_WORK), alerts=alerts_for(request.user).count(),
    )  # fmt: skip


@staff_page()
def ticket(request: UserRequest, number: str) -> HttpResponse:
    """Show one ticket: whose it is, where it stands, what was said, and what can be done."""
    found = visible_ticket(request, number)
    may_answer = can_work(request.user, found) and not found.merged_into_id
    faces = clocks_of(found, now())
    clocks, past_clocks = newest_and_past(faces)
    probes = found.probes.select_related("equipment__account__premises__division")
    context = {
        "ticket": found,
        "clocks": clocks,
        "past_clocks": past_clocks,
        "pauses": pauses_of(faces),
        "progress": progress_of_ticket(as_told(found)),
        "promise": promise_of(found, faces),
        "talk": folded(articles_of(found).prefetch_related("attachments", "split_off")),
        "events": latest(found, most=EVENTS_SHOWN),
        "rating": Rating.objects.filter(ticket=found).first(),
        "doings": offered(found, request.user),
        "notice": notice_ahead(found),
        "outages": outages_beside(found),
        "form": AnswerForm(initial={"seen": found.version}) if may_answer and found.requester_email else None,
        "merged": found.merged.all(),
        "children": found.children.all(),
        "others": others_on(found, request.user),
        **(_reusable(found) if may_answer else {}),
        "recipients": recipients_of(found),
        "participants": found.participants.all(),
        "asked": answers_in_words(found),
        "visits": found.visits.all(),
        "visit_sentence": visit_in_words(visit_under_way(found)),
        "tasks": found.tasks.select_related("who"),
        "probes": [(probe, probe.reading and Reading.from_json(probe.reading)) for probe in probes],
    }
    return render(request, "desk/ticket.html", context)


@staff_page()
def answer(request: UserRequest, number: str) -> HttpResponse:
    """
    Write to the customer.

    Where something was said meanwhile, it is shown above the answer, which is kept and can be sent all the same.
    """
    found = workable_ticket(request, number)
    known = {"seen": found.version, "text": _begun(request, found)}
    form = AnswerForm(posted(request), request.FILES or None, initial=known)
    newer: list[Article] = []
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            answer_ticket(
                found.pk, said["text"], key=key_of(said["key"], request.user), by=request.user, seen=said["seen"],
                uploads=checked_uploads(said["uploads"]),
            )  # fmt: skip
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            if refusal.code == "newer":
                said_to_them = articles_of(found).filter(kind__in=sorted(PUBLIC)).reverse()
                newer = list(said_to_them.prefetch_related("attachments", "split_off")[:LATEST_SHOWN])
                form.data = {**request.POST.dict(), "seen": str(found.version)}
        else:
            messages.success(request, gettext("The answer is on its way. You can still take it back for a moment."))
            return redirect(ticket_address(found))
    context = {"ticket": found, "form": form, "newer": newer}
    return render(request, "desk/ticket_answer.html", context, status=422 if form.errors else 200)


def _begun(request: UserRequest, found: Ticket) -> str:
    """Return the canned reply that an answer is begun with, filled in; empty without one."""
    wanted = request.GET.get("reply", "")
    canned = canned_replies_for(found).filter(pk=wanted).first() if wanted.isdecimal() else None
    return filled_in(canned.text, values_for(found, request.user)) if canned else ""


def _reusable(found: Ticket) -> dict[str, Any]:
    return {"canned": canned_replies_for(found), "macros": macros_offered(found)}


@require_POST
@staff_page()
def take_back(request: UserRequest, number: str, pk: int) -> HttpResponse:
    """Take back an answer that has not left."""
    found = workable_ticket(request, number)
    said = get_object_or_404(found.articles, pk=pk)
    done = gettext("The answer was taken back: it is not sent.")
    return _take_back(request, found, lambda: take_back_answer(said.pk, by=request.user), done)


@require_POST
@staff_page()
def unresolve(request: UserRequest, number: str) -> HttpResponse:
    """Take back that a ticket is resolved, while the customer is not told yet."""
    found = workable_ticket(request, number)
    done = gettext("The customer was told nothing: it counts as if it had not been resolved.")
    return _take_back(request, found, lambda: take_back_resolution(found.pk, by=request.user), done)


def _take_back(request: UserRequest, ticket: Ticket, do: Callable[[], object], done: str) -> HttpResponse:
    """Take something back on a ticket's page, and say there that it was, or why it cannot be."""
    try:
        do()
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect(ticket_address(ticket))


@staff_page()
def do(request: UserRequest, number: str, doing: str) -> HttpResponse:
    """Do one of the things that can be done with a ticket."""
    wanted = DOINGS.get(doing)
    if wanted is None:
        raise Http404
    found = workable_ticket(request, number)
    action = Action(
        title=wanted.label,
        button=wanted.button or wanted.label,
        done=wanted.done if found.requester_email else wanted.done_unwritten or wanted.done,
        subject=f"{found.number}: {found.subject}",
        back=ticket_address(found),
        explanation=wanted.explanation,
        is_grave=wanted.is_grave,
    )
    if not wanted.applies(found, request.user) and (ended := end_in_words(found)):
        is_asked = request.method == "POST"  # what was typed is shown again
        action = replace(
            action,
            nothing="" if is_asked else ended,
            explanation=ended if is_asked else "",
            more={"instead": offered(found, request.user)},
        )
    form = form_of(wanted, found, request.user, posted(request), request.FILES or None)
    return perform(request, action, form, lambda answers: wanted.do(found, answers, request.user))


@require_safe
@staff_page()
def history(request: UserRequest, number: str) -> HttpResponse:
    """Show every change to a ticket: who, when, from what to what, why and through what; as a file, too."""
    found = visible_ticket(request, number)
    if "export" in request.GET:
        return _history_file(request, found)
    return render(request, "desk/ticket_history.html", {"ticket": found, "changes": history_of(found)})


@throttled("export", methods=("GET",))
def _history_file(_request: Any, found: Ticket) -> HttpResponse:
    return csv_response(f"{found.number}-history", HEADINGS, [cells_of(change) for change in history_of(found)])


@require_safe
@staff_page()
def attachment(request: UserRequest, pk: int) -> HttpResponse:
    """Give a file that came with an article, to be saved."""
    mine = tickets_visible_to(request.user).values("pk")
    return download(get_object_or_404(Attachment, pk=pk, article__ticket__in=mine))


def visible_ticket(request: UserRequest, number: str) -> Ticket:
    """Return the ticket of a number, for who may see it, its subject in their language: to be shown, never saved."""
    rows = tickets_visible_to(request.user).select_related(
        "division", "customer", "account", "service__line", "service__product", "premises", "owner", "team", "opened_by", "parent",
        "merged_into", "split_from__ticket", "outage",
    )  # fmt: skip
    found = get_object_or_404(rows.prefetch_related("visits__agent", "visits__division"), number=number)
    return with_subjects_in_words([found])[0]


def workable_ticket(request: UserRequest, number: str) -> Ticket:
    """Return the ticket of a number, for who may work on it."""
    found = visible_ticket(request, number)
    if not can_work(request.user, found):
        raise PermissionDenied(gettext("Your role does not let you work on this ticket."))
    return found


def ticket_address(found: Ticket) -> str:
    """Return where a ticket's page is."""
    return reverse("desk:ticket", args=[found.number])
