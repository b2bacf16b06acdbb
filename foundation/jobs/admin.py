"""Long work: how far it is, what was wrong, and a way to stop it or take it up again."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy

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
        return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, lines) if lines else "—"

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
