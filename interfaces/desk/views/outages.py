"""Outages: the list, one of them with its tickets, and what each person may do to it."""

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy as _, ngettext

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.money import format_money
from foundation.now import now
from foundation.people.models import User, UserRequest
from foundation.people.queries import can, divisions_where
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import OutageFilters, OutageTicketFilters
from interfaces.desk.forms import ApproveForm, ConfirmForm
from interfaces.desk.lists import Column, List, Preset, respond
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
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest
from tickets.models import AffectedService, CreditRun, Outage, OutageCredit, OutageUpdate, Ticket
from tickets.queries import tickets_visible_to, with_subjects_in_words
from tickets.queries.extents import read_scope
from tickets.queries.outages import Affected, Scope, affected_of, outages_visible_to
from tickets.services import outages as services
from tickets.services.outages import Declaration
from tickets.states import CreditRunStatus, CreditStatus, OutageKind, OutageStatus

EVENTS_SHOWN = 30
SCOPES_SHOWN = 20
REFUSED_SHOWN = 50
COUNTED = "{0.customers}:{0.services}"
"""What of a count is shown, so that it is seen when another one would be confirmed."""

OUTAGES: List[Outage] = List(
    name="outages",
    title=_("Outages"),
    template="desk/outages.html",
    columns=[
        Column("title", _("What and where"), lambda outage: outage.title, "title"),
        Column("status", _("State"), lambda outage: outage.get_status_display(), "status"),
        Column("kind", _("Kind"), lambda outage: outage.get_kind_display(), "kind"),
        Column("division", _("Division"), lambda outage: str(outage.division), "division__name"),
        Column("customers", _("Customers"), lambda outage: outage.customers, is_number=True),  # type: ignore[attr-defined]
        Column("tickets", _("Tickets"), lambda outage: outage.callers, is_number=True),  # type: ignore[attr-defined]
        Column("since", _("Since"), lambda outage: outage.starts_at, "starts_at"),
        Column("expected", _("Works again by"), lambda outage: outage.expected_at),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("Under way"), "state=under_way"),
        Preset(_("Planned"), "state=planned"),
        Preset(_("Over"), "state=restored"),
    ],
    keeps_filters=False,
)

TICKETS: List[Ticket] = List(
    name="outage_tickets",
    title=_("Tickets"),
    template="desk/outage.html",
    columns=[
        Column("number", _("Ticket"), lambda ticket: ticket.number, "pk"),
        Column("status", _("State"), lambda ticket: ticket.get_status_display(), "status"),
        Column("customer", _("Customer"), lambda ticket: str(ticket.customer or ticket.requester_name)),
        Column("subject", _("Subject"), lambda ticket: ticket.subject),
        Column("opened", _("Opened"), lambda ticket: ticket.opened_at, "opened_at"),
    ],
    order=Order("pk"),
    shown=with_subjects_in_words,
    keeps_filters=False,
)


@staff_page(Permission.SEE_TICKETS)
def outages(request: UserRequest) -> HttpResponse:
    """Show the outages of a person's divisions."""
    customers = AffectedService.objects.filter(outage=OuterRef("pk")).order_by().values("outage")
    callers = Ticket.objects.filter(outage=OuterRef("pk")).order_by().values("outage")
    rows = (
        outages_visible_to(request.user)
        .select_related("division")
        .annotate(
            customers=Coalesce(Subquery(customers.annotate(of=Count("customer", distinct=True)).values("of")), 0),
            callers=Coalesce(Subquery(callers.annotate(of=Count("pk")).values("of")), 0),
        )
    )
    may_declare = can(request.user, Permission.DECLARE_OUTAGES)
    return respond(request, OUTAGES, OutageFilters(request.GET, rows, request=request), may_declare=may_declare)


@staff_page(Permission.SEE_TICKETS)
def outage(request: UserRequest, pk: int) -> HttpResponse:
    """Show one outage: where it stands, whom it affects, what was said, what is credited, and its tickets."""
    found = _found(request, pk)
    rows = tickets_visible_to(request.user).filter(outage=found).select_related("customer", "division").defer("search")
    scopes = list(found.scopes.select_related("street", "premises", "account")[: SCOPES_SHOWN + 1])
    may_credit = not found.is_open and can(request.user, Permission.DECLARE_OUTAGES, found.division)
    return respond(
        request,
        TICKETS,
        OutageTicketFilters(request.GET, rows, request=request),
        outage=found,
        affected=affected_of(found),
        scopes=scopes[:SCOPES_SHOWN],
        more_scopes=found.scopes.count() - SCOPES_SHOWN if len(scopes) > SCOPES_SHOWN else 0,
        updates=_with_notices(found.updates.select_related("by")),
        spells=found.spells.all() if found.reopened_count else (),
        doings=_doings(found, request.user),
        may_work=can(request.user, Permission.WORK_TICKETS, found.division),
        runs=[(run, _run_doings(run, request.user)) for run in _runs(found)],
        refused=_refused(found),
        may_resend=can(request.user, Permission.SETTLE_SUBMISSIONS, found.division),
        credits=services.outlook_on_credits(found) if may_credit else None,
        events=latest(found, most=EVENTS_SHOWN),
    )


def _with_notices(updates: QuerySet[OutageUpdate]) -> QuerySet[OutageUpdate]:
    return updates.annotate(noted=Count("notices"), written=Count("notices__message"))


def _runs(found: Outage) -> QuerySet[CreditRun]:
    returned = found.credits.filter(run=OuterRef("pk"), status=CreditStatus.RETURNED).order_by().values("run")
    return found.credit_runs.select_related("requested_by", "approved_by", "division").annotate(
        returned=Coalesce(Subquery(returned.annotate(of=Count("pk")).values("of")), 0)
    )


def _refused(found: Outage) -> QuerySet[OutageCredit]:
    """Return the first credits that billing refused."""
    returned = found.credits.filter(status=CreditStatus.RETURNED)
    return returned.select_related("account__customer", "submission")[:REFUSED_SHOWN]


def _doings(found: Outage, user: User) -> list[str]:
    """Return what a person may do to an outage as it stands. The services decide again."""
    if not can(user, Permission.DECLARE_OUTAGES, found.division):
        return []
    offered = [
        ("update", found.is_open),
        ("restore", found.is_under_way),
        ("widen", found.is_open),
        ("correct", found.is_under_way or found.status == OutageStatus.RESTORED),
        ("reopen", found.status == OutageStatus.RESTORED),
        ("withdraw", found.can_move(OutageStatus.WITHDRAWN) and not found.reopened_count),
    ]
    return [name for name, is_offered in offered if is_offered]


def _run_doings(run: CreditRun, user: User) -> list[str]:
    may_approve = can(user, Permission.APPROVE_OUTAGE_CREDITS, run.division)
    is_other = user.pk != run.requested_by_id
    waits = run.status == CreditRunStatus.REQUESTED
    offered = [
        ("approve", waits and may_approve and is_other),
        ("discard", waits and (may_approve or can(user, Permission.DECLARE_OUTAGES, run.division))),
    ]
    return [name for name, is_offered in offered if is_offered]


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
    found = _found(request, pk)
    initial = {
        "status": found.status,
        "expected_at": shown_in(found.expected_at, found.division),
        "cause": found.cause,
        "words": found.words,
        "is_told": True,
    }
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    found = _found(request, pk)
    action = _action(
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
    action = _action(
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


# Credits.


def _in_words(amount: Any, currency: str) -> str:
    return format_money(amount, currency, get_language() or "en")


@staff_page(Permission.DECLARE_OUTAGES)
def ask_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Ask for the credits of an outage, having seen what they would be."""
    found = _found(request, pk)
    preview = services.preview_credits(found)
    said = ngettext(
        "It lasted %(minutes)d minutes. %(count)d account is credited %(total)s. Somebody else approves it.",
        "It lasted %(minutes)d minutes. %(count)d accounts are credited %(total)s in all. Somebody else approves it.",
        preview.accounts,
    ) % {
        "count": preview.accounts,
        "total": _in_words(preview.total, preview.currency),
        "minutes": preview.minutes,
    }
    if preview.shared:
        left_out = ngettext(
            "%(count)d account had another outage at the same time: what is credited there is left out here.",
            "%(count)d accounts had another outage at the same time: what is credited there is left out here.",
            preview.shared,
        )
        said = f"{said} {left_out % {'count': preview.shared}}"
    action = _action(
        found,
        title=_("Ask for credits"),
        explanation=said if preview.accounts else "",
        button=_("Ask for them"),
        done=_("The credits wait for somebody else’s approval."),
        nothing=preview.refusal,
    )
    form = ApproveForm(posted(request), initial={"shown": preview.total})

    def ask(said: dict[str, Any]) -> None:
        form.data = {"shown": str(preview.total)}  # what the page says, should it be shown once more
        services.request_credits(pk, shown=said["shown"], by=request.user)

    return perform(request, action, form, ask)


@staff_page(Permission.APPROVE_OUTAGE_CREDITS)
def approve_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Answer for credits that somebody else has asked for."""
    run = _found_run(request, pk)
    total = _in_words(run.total, run.currency)
    said = ngettext(
        "%(count)d account is credited on its bill. It cannot be called back.",
        "%(count)d accounts are credited on their bills. They cannot be called back.",
        run.count,
    )
    action = _action(
        run.outage,
        title=_("Approve %(total)s") % {"total": total},
        explanation=said % {"count": run.count},
        button=_("Approve %(total)s") % {"total": total},
        done=_("Approved. The credits go out now."),
        nothing=run.what_became_of_it,
        is_grave=True,
    )
    form = ApproveForm(posted(request), initial={"shown": run.total})
    return perform(
        request, action, form, lambda said: services.approve_credits(pk, shown=said["shown"], by=request.user)
    )


@staff_page()
def discard_credits(request: UserRequest, pk: int) -> HttpResponse:
    """Credit nothing of what waits for approval."""
    run = _found_run(request, pk)
    action = _action(
        run.outage,
        title=_("Discard the credits"),
        explanation=_("Nobody is credited. They can be asked for again."),
        button=_("Discard them"),
        done=_("The credits are discarded."),
        nothing=run.what_became_of_it,
        is_grave=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.discard_credits(pk, by=request.user)
    )


@staff_page(Permission.SETTLE_SUBMISSIONS)
def resend_credit(request: UserRequest, pk: int) -> HttpResponse:
    """Send a credit again that billing refused."""
    rows = OutageCredit.objects.filter(outage__in=outages_visible_to(request.user))
    credit = get_object_or_404(rows.select_related("outage__division", "account__customer", "submission"), pk=pk)
    action = _action(
        credit.outage,
        title=_("Send it again"),
        explanation=_("%(total)s to account %(account)s. Billing said: %(problem)s")
        % {
            "total": _in_words(credit.amount, credit.currency),
            "account": credit.account.number,
            "problem": credit.problem,
        },
        button=_("Send it again"),
        done=_("It is sent again."),
        nothing="" if credit.may_be_sent_again else _("It was not refused, or is on its way."),
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: services.resend_credit(pk, by=request.user)
    )


def _found(request: UserRequest, pk: int) -> Outage:
    return get_object_or_404(outages_visible_to(request.user).select_related("division", "declared_by"), pk=pk)


def _found_run(request: UserRequest, pk: int) -> CreditRun:
    rows = CreditRun.objects.filter(outage__in=outages_visible_to(request.user))
    return get_object_or_404(rows.select_related("outage__division", "division", "requested_by"), pk=pk)


def _nothing_when_over(found: Outage) -> str | Promise:
    return "" if found.is_open else _("It is over.")


def _action(found: Outage, **said: Any) -> Action:
    return Action(subject=found, back=reverse("desk:outage", args=[found.pk]), **said)
