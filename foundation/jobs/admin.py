"""Long work: how far it is, what was wrong, and a way to stop it or take it up again."""

import csv
from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy

from foundation.cells import safe_cell
from foundation.jobs.models import Job
from foundation.jobs.queries import progress_of
from foundation.jobs.services import cancel_job, resume_job
from foundation.lifecycle import NotAllowed
from foundation.people.admin import ReadOnlyAdmin
from foundation.people.models import User
from foundation.people.states import Permission

ERRORS_SHOWN = 200


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Imports, batches, exports and simulations."""

    permission = Permission.IMPORT
    list_display = ("title", "division", "status", "percent", "total", "started_at", "finished_at", "by")
    list_filter = ("status", "kind", "division")
    list_select_related = ("division", "by")
    ordering = ("-pk",)
    fields = ("title", "kind", "division", "by", "status", "progress", "started_at", "finished_at", "problem", "errors")
    readonly_fields = ("progress", "errors")
    actions = ("cancel", "resume")

    @admin.display(description="%")
    def percent(self, job: Job) -> int:
        """Return how much of the rows is done."""
        return progress_of(job).percent

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        """Draw a bar, which a page that is loaded again moves."""
        found = progress_of(job)
        counted = gettext("%(done)s of %(total)s rows, %(wrong)s of them wrong") % vars(found)
        bar = '<progress max="100" value="{0}" aria-label="{1}">{0} %</progress> {1}'
        return format_html(bar, found.percent, counted)

    @admin.display(description=gettext_lazy("rows that were wrong"))
    def errors(self, job: Job) -> str:
        """List the first input rows that were refused, and why."""
        rows = ((error.row, error.column, error.message, error.raw) for error in job.errors.all()[:ERRORS_SHOWN])
        lines = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        heads = (gettext("Row"), gettext("Column"), gettext("Reason"), gettext("Content"))
        head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
        if not lines:
            return "—"
        table = format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, lines)
        url = reverse("admin:jobs_job_errors", args=[job.pk])
        return format_html('<p><a href="{}">{}</a></p>{}', url, gettext("All of them as CSV"), table)

    def get_urls(self) -> list[URLPattern]:
        """Add the file of all rows that were wrong."""
        view = self.admin_site.admin_view(self.errors_view)
        return [path("<int:job_id>/errors.csv", view, name="jobs_job_errors"), *super().get_urls()]

    def errors_view(self, request: HttpRequest, job_id: int) -> StreamingHttpResponse:
        """Send the rows that were wrong as a file: row, column, reason, and what the row said."""
        job = get_object_or_404(self.get_queryset(request), pk=job_id)
        errors = job.errors.values_list("row", "column", "message", "raw").iterator()
        lines = csv.writer(_Echo())
        rows: Iterable[str] = (lines.writerow([safe_cell(value) for value in row]) for row in _with_header(errors))
        headers = {"Content-Disposition": f'attachment; filename="refused-{job.pk}.csv"'}
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Let those act who may start such work, not those who only look."""
        return self.may(request, self.permission)

    @admin.action(description=gettext_lazy("Stop"), permissions=["work"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Stop after the chunks that are being done."""
        self._for_each(request, jobs, cancel_job)

    @admin.action(description=gettext_lazy("Take up again"), permissions=["work"])
    def resume(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Go on with failed work."""
        self._for_each(request, jobs, resume_job)

    def _for_each(self, request: HttpRequest, jobs: QuerySet[Job], move: Callable[..., Any]) -> None:
        for job in self.within(jobs, request, self.permission):
            try:
                move(job.pk, by=cast("User", request.user))
            except NotAllowed as refusal:
                self.message_user(request, f"{job}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, job, str(move.__name__))
                self.message_user(request, str(job))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def _with_header(rows: Iterable[Iterable[Any]]) -> Iterable[Iterable[Any]]:
    yield (gettext("row"), gettext("column"), gettext("reason"), gettext("content"))
    yield from rows
