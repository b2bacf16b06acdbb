"""Addresses, what can be had there, and how they came in; made for tables that nobody can count."""

from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from foundation.jobs.queries import progress_of
from foundation.lifecycle import NotAllowed
from foundation.people.admin import (
    DivisionScopedAdmin,
    DivisionScopedStacked,
    DivisionScopedTabular,
    ReadOnlyAdmin,
)
from foundation.people.models import UserRequest
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from territory import services
from territory.forms import ImportForm, OverrideForm, columns_of_file
from territory.models import AddressLookup, Availability, ImportFile, Occupancy, Override, Premises, Qualification
from territory.queries import premises_ids_like

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator[Any]):
    """Counts to ten thousand and no further: nobody pages beyond, and ten million rows take too long to count."""

    @cached_property
    def count(self) -> int:
        return int(cast("QuerySet[Any]", self.object_list).order_by().values("pk")[:MOST_COUNTED].count())


class LargeTableAdmin(DivisionScopedAdmin):
    """A table that may have millions of rows."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)
    list_select_related: ClassVar[tuple[str, ...]] = ("division",)


class AvailabilityInline(DivisionScopedStacked):
    """What an address can have, family by family; the site follows at once."""

    model = Availability
    fields = (
        ("family", "status", "available_from"),
        ("technology", "down_mbps", "up_mbps"),
        "reason",
        ("alternate_technology", "alternate_down_mbps", "alternate_up_mbps"),
    )


class OccupancyInline(DivisionScopedTabular):
    """Who has service there; orders write it."""

    model = Occupancy
    fields = readonly_fields = ("family", "since", "until", "reference")
    can_delete = False
    max_num = 0


@admin.register(Premises)
class PremisesAdmin(LargeTableAdmin):
    """An address. The search box reads addresses as customers type them, and the operator's own numbers."""

    list_display = ("street_line", "unit", "city", "state", "zip_code", "division", "source_id", "node")
    list_filter = ("division",)
    search_fields = ("source_id",)
    search_help_text = _("An address, misspelt if you like, or the operator's number.")
    fields = (("division", "source_id"), ("latitude", "longitude"), "node")
    readonly_fields = ("division", "source_id")
    inlines: ClassVar = [AvailabilityInline, OccupancyInline]
    change_form_template = "territory/premises_change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Addresses come by import."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An address outlives its customers."""
        del request, obj
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the operator's number, and as the site searches."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if (numbered := queryset.filter(source_id=term)).exists():
            return numbered, False
        divisions = divisions_where(request.user, self.permission, *self.viewers)
        return queryset.filter(pk__in=premises_ids_like(term, divisions)), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.override_view)
        return [path("<int:premises_id>/override/", view, name="territory_premises_override"), *super().get_urls()]

    def override_view(self, request: UserRequest, premises_id: int) -> HttpResponse:
        """Say of this address something else than was imported."""
        premises = self.get_queryset(request).filter(pk=premises_id).first()
        if premises is None or not self.has_change_permission(request, premises):
            raise Http404
        form = OverrideForm(request.POST or None, premises=premises)
        if request.method == "POST" and form.is_valid():
            try:
                services.override_availability(premises.pk, by=request.user, **form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(refusal.field or None, refusal.message)
            else:
                return HttpResponseRedirect(reverse("admin:territory_premises_change", args=[premises.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Override"),
            "subtitle": premises.label,
            "form": form,
            "premises": premises,
        }
        return render(request, "territory/override.html", context)


@admin.register(Override)
class OverrideAdmin(LargeTableAdmin, ReadOnlyAdmin):
    """What operators say against the import. A new one begins at its address."""

    list_display = ("label", "status", "family", "note", "by", "made_at", "until")
    list_filter = ("status", "division")
    list_select_related = ("division", "by")
    search_fields = ("label",)
    actions = ("lift",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        """Let those lift who may make one."""
        return self.may(request, self.permission)

    @admin.action(description=_("Lift"), permissions=["work"])
    def lift(self, request: UserRequest, overrides: QuerySet[Override]) -> None:
        """Let what was imported count again."""
        for override in overrides:
            try:
                services.lift_override(override.pk, by=request.user)
            except NotAllowed as refusal:
                self.message_user(request, f"{override}: {refusal}", messages.ERROR)


@admin.register(ImportFile)
class ImportFileAdmin(LargeTableAdmin, ReadOnlyAdmin):
    """Files of premises: loaded here, with a bar that shows how far they are and a list of what was refused."""

    permission = Permission.IMPORT
    list_display = ("name", "division", "progress", "rows", "added", "changed", "unchanged", "by", "at")
    list_filter = ("division",)
    list_select_related = ("division", "by", "job")
    fields = ("name", "division", "progress", "rows", "added", "changed", "unchanged", "refused", "by", "at")
    readonly_fields = ("progress", "refused")
    change_list_template = "territory/import_list.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            path("load/", self.admin_site.admin_view(self.load_view), name="territory_importfile_load"),
            *super().get_urls(),
        ]

    def load_view(self, request: UserRequest) -> HttpResponse:
        """Take a file in and show how far it is."""
        if not self.may(request, self.permission):
            raise Http404
        form = ImportForm(request.POST or None, request.FILES or None, user=request.user)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                job = services.start_import(
                    file.file, name=file.name, division=form.cleaned_data["division"], by=request.user
                )
            except NotAllowed as refusal:
                form.add_error("file", refusal.message)
            else:
                return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job.pk]))
        context = {"title": gettext("Import premises"), "form": form, "columns": columns_of_file()}
        return render(request, "territory/import.html", {**self.admin_site.each_context(request), **context})

    @admin.display(description=_("progress"))
    def progress(self, file: ImportFile) -> SafeString | str:
        """Show how far the file is, with the way to its page."""
        if file.job is None:
            return "—"
        url = reverse("admin:jobs_job_change", args=[file.job_id])
        return format_html('<a href="{}">{} %</a>', url, progress_of(file.job).percent)

    @admin.display(description=_("refused rows"))
    def refused(self, file: ImportFile) -> SafeString | str:
        """Offer the refused rows, where there are any."""
        count = file.job.errors.count() if file.job else 0
        url = reverse("admin:jobs_job_errors", args=[file.job_id]) if count else ""
        return format_html('<a href="{}">{}</a>', url, count) if count else "0"


@admin.register(Qualification)
class QualificationAdmin(LargeTableAdmin, ReadOnlyAdmin):
    """Address checks as they were answered."""

    viewers = (Permission.AUDIT, Permission.SEE_ORDERS)
    list_display = ("typed", "outcome", "premises", "division", "channel", "checked_at", "expires_at")
    list_filter = ("outcome", "channel", "division")
    list_select_related = ("division", "premises")
    search_fields = ("typed",)
    fields = ("typed", "premises", "division", "outcome", "results", "channel", "checked_at", "expires_at", "by")


@admin.register(AddressLookup)
class AddressLookupAdmin(LargeTableAdmin, ReadOnlyAdmin):
    """What visitors searched for, and whether it was found: where demand is."""

    list_display = ("typed", "result", "suggestions", "division", "channel", "at")
    list_filter = ("result", "channel", "division")
    search_fields = ("typed",)
