"""Outages: their list, and the page of one."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from foundation.people.models import User, UserRequest
from foundation.people.queries import can
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.filters import OutageFilters, OutageTicketFilters
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest
from interfaces.desk.views.outage_actions import outage_seen_by
from tickets.models import AffectedService, CreditRun, Outage, OutageCredit, OutageUpdate, Ticket
from tickets.queries import tickets_visible_to, with_subjects_in_words
from tickets.queries.outages import affected_of, outages_visible_to
from tickets.services import outages as services
from tickets.states import CreditRunStatus, CreditStatus, OutageStatus

EVENTS_SHOWN = 30
SCOPES_SHOWN = 20
REFUSED_SHOWN = 50

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
    found = outage_seen_by(request, pk)
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
