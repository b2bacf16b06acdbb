"""Long work: how far it is, what was wrong, stop, go on."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_POST

from foundation.jobs.models import Job, JobChunk
from foundation.jobs.queries import jobs_visible_to, progress_of
from foundation.jobs.services import cancel_job, may_be_stopped, resume_job
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.people.models import UserRequest
from foundation.people.queries import can
from foundation.people.services import require
from foundation.people.states import Permission
from foundation.people.throttles import throttled
from interfaces.desk.access import staff_page
from interfaces.desk.exports import csv_response
from interfaces.desk.filters import JobFilters
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order

ERRORS_SHOWN = 20

JOBS: List[Job] = List(
    name="jobs",
    title=_("Long work"),
    template="desk/jobs.html",
    columns=[
        Column("title", _("What"), lambda job: job.title, "title"),
        Column("status", _("State"), lambda job: job.get_status_display(), "status"),
        Column("done", _("Done"), lambda job: job.done, is_number=True),  # type: ignore[attr-defined]
        Column("wrong", _("Errors"), lambda job: job.wrong, is_number=True),  # type: ignore[attr-defined]
        Column("division", _("Division"), lambda job: str(job.division), "division__name"),
        Column("by", _("Started by"), lambda job: str(job.by or "")),
        Column("started", _("Started"), lambda job: job.started_at, "started_at"),
    ],
    order=Order("started_at", is_descending=True),
    presets=[Preset(_("Running"), "status=running"), Preset(_("Failed"), "status=failed")],
)


@staff_page()
def jobs(request: UserRequest) -> HttpResponse:
    """Show the long work of a person's divisions."""
    rows = jobs_visible_to(request.user).annotate(done=_sum("done"), wrong=_sum("wrong"))
    return respond(request, JOBS, JobFilters(request.GET, rows, request=request))


def _sum(field: str) -> Coalesce:
    chunks: QuerySet[JobChunk] = JobChunk.objects.filter(job=OuterRef("pk")).order_by()
    return Coalesce(Subquery(chunks.values("job").annotate(sum=Sum(field)).values("sum")), 0)


@staff_page()
def job(request: UserRequest, pk: int) -> HttpResponse:
    """Show how far one piece of long work is; the page asks again by itself while it runs."""
    found = get_object_or_404(jobs_visible_to(request.user), pk=pk)
    may_act = can(request.user, Permission.IMPORT, found.division)
    context = {
        "job": found,
        "progress": progress_of(found),
        "errors": found.errors.all()[:ERRORS_SHOWN],
        "is_running": found.status == JobStatus.RUNNING,
        "may_cancel": may_act and may_be_stopped(found),
        "may_resume": may_act and found.can_move(JobStatus.RUNNING),
    }
    return render(request, "desk/job.html", context)


@throttled("export", methods=("GET",))
@staff_page()
def job_errors(request: UserRequest, pk: int) -> HttpResponse:
    """Give the rows that were wrong as a file, each with its line number and what it said."""
    found = get_object_or_404(jobs_visible_to(request.user), pk=pk)
    header = [gettext("Row"), gettext("Column"), gettext("What is wrong"), gettext("The row")]
    lines = found.errors.values_list("row", "column", "message", "raw")
    return csv_response(f"{found.title} {found.pk}", header, lines)


@require_POST
@staff_page(Permission.IMPORT)
def cancel(request: UserRequest, pk: int) -> HttpResponse:
    """Stop long work after the chunks that are being done."""
    return _moved(request, pk, cancel_job, done=gettext("Stopped. What was done stays done."))


@require_POST
@staff_page(Permission.IMPORT)
def resume(request: UserRequest, pk: int) -> HttpResponse:
    """Take up failed work where it stopped."""
    return _moved(request, pk, resume_job, done=gettext("It goes on where it stopped."))


def _moved(request: UserRequest, pk: int, move: Callable[..., object], *, done: str) -> HttpResponse:
    found = get_object_or_404(jobs_visible_to(request.user), pk=pk)
    try:
        require(request.user, Permission.IMPORT, found.division)
        move(found.pk, by=request.user)
    except NotAllowed as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect("desk:job", pk)
