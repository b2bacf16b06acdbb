"""Routing procedures: written as rows, tried on last month's tickets, put in force beside the one before."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_lazy as _

from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.admin import DivisionScopedAdmin, DivisionScopedStacked
from foundation.people.models import UserRequest
from tickets import services
from tickets.forms import RoutingRowForm, ticked_symptoms
from tickets.models import RoutingRow, RoutingVersion
from tickets.queries.trials import try_procedure


def _in_words(name: str) -> Callable[[RoutingRow], str]:
    """Show a condition that is only read by the names of its codes."""

    @admin.display(description=RoutingRow._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    def shown(row: RoutingRow) -> str:
        return row.in_words(name) or "–"

    return shown


READ_AS = {name: _in_words(name) for name in (*RoutingRow.KINDS, "languages", "symptoms")}
"""Of the fields of a rule that hold codes, what is shown where the rule does not change any more."""


class RoutingRowInline(DivisionScopedStacked):
    """The rules of a procedure, in order."""

    model = RoutingRow
    form = RoutingRowForm
    template = "admin/edit_inline/folded.html"
    extra = 1
    fieldsets = (
        (None, {"fields": (("position", "name"), ("since", "until"))}),
        (
            _("For which tickets"),
            {
                "fields": (
                    ("types", "priorities"), ("families", "channels"), ("customer_kinds", "divisions"),
                    ("languages", "symptoms"), ("zip_codes", "nodes"), "answers",
                ),
                "description": _("All that is given must hold; of several, one is enough. Nothing given: for all."),
            },
        ),
        (
            _("Where they go"),
            {"fields": (("team", "priority"), ("skills", "needs_language"), ("fallback_team", "fallback_minutes"))},
        ),
    )  # fmt: skip

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Offer the symptoms by name that tickets of the procedure's division can have."""
        formset = super().get_formset(request, obj, **kwargs)
        if obj and "symptoms" in formset.form.base_fields:
            formset.form.base_fields["symptoms"] = ticked_symptoms(obj.division)
        return formset

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name the codes of a procedure that is only read."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [(title, {**options, "fields": _read(options["fields"])}) for title, options in fieldsets]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let what names the codes be read."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if self.has_change_permission(request, obj) else (*fixed, *READ_AS.values())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read what a rule names with it."""
        rows = super().get_queryset(request).select_related("team", "fallback_team")
        return rows.prefetch_related("skills", "divisions").order_by("position", "pk")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is written."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)


def _read(fields: Iterable[Any]) -> list[Any]:
    """Return fields, lines of them among them, with words in place of codes."""
    return [tuple(_read(field)) if isinstance(field, tuple) else READ_AS.get(field, field) for field in fields]


@admin.register(RoutingVersion)
class RoutingVersionAdmin(DivisionScopedAdmin):
    """One version of a division's procedure."""

    change_form_template = "tickets/routing_version.html"
    list_display = ("__str__", "standing", "from_then", "until_then", "author", "note")
    list_filter = ("division",)
    list_select_related = ("division", "author")
    fields = ("division", "note")
    inlines: ClassVar = [RoutingRowInline]

    @admin.display(description=_("state"))
    def standing(self, version: RoutingVersion) -> str:
        """Say whether it decides."""
        if version.is_draft:
            return gettext("Draft")
        return gettext("In force") if version.is_in_force else gettext("Replaced")

    @admin.display(description=_("in force from"), ordering="in_force_from")
    def from_then(self, version: RoutingVersion) -> str:
        """Say it in the market's zone."""
        return _moment(version, version.in_force_from)

    @admin.display(description=_("in force until"), ordering="in_force_until")
    def until_then(self, version: RoutingVersion) -> str:
        """Say it in the market's zone."""
        return _moment(version, version.in_force_until)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Leave a procedure in its division."""
        del request
        return ("division",) if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Ask for the division first: the rules are copied from its newest version."""
        del request
        return list(self.inlines) if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is written."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft is thrown away."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Start a version by the service, which numbers it and copies the rules of the one before."""
        if change:
            super().save_model(request, obj, form, change)
            return
        if not self.may(request, self.permission, row=obj):
            raise NotAllowed(gettext("You cannot change this division."))
        started = services.start_routing_version(obj.division, by=_user(request))
        started.note = obj.note
        started.save(update_fields=["note"])
        obj.pk, obj.number, obj.author = started.pk, started.number, started.author

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Say so where a draft is being written already."""
        try:
            return super().add_view(request, form_url, extra_context)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:tickets_routingversion_changelist")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on with its rules."""
        del post_url_continue
        messages.success(request, gettext("The draft is there. It decides nothing until you put it in force."))
        return redirect("admin:tickets_routingversion_change", obj.pk)

    def get_urls(self) -> list[URLPattern]:
        own = {"try": self.try_view, "put_in_force": self.put_in_force_view, "start": self.start_view}
        return [
            *(
                path(
                    f"<path:object_id>/{name.replace('_', '-')}/",
                    self.admin_site.admin_view(view),
                    name=f"tickets_routingversion_{name}",
                )
                for name, view in own.items()
            ),
            *super().get_urls(),
        ]

    def try_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Show what it would have done with last month's tickets."""
        version = self._version(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("%(version)s on last month’s tickets") % {"version": version},
            "opts": self.opts,
            "version": version,
            "trial": try_procedure(version, now()),
            "may_write": self.has_change_permission(request, version),
        }
        return TemplateResponse(request, "tickets/routing_trial.html", context)

    def put_in_force_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Let a draft decide from now on."""
        version = self._posted(request, object_id)
        try:
            services.put_routing_in_force(version.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            self.log_change(request, version, gettext("Put in force."))
            messages.success(request, gettext("It decides from now on. Tickets that were routed stay where they are."))
        return redirect("admin:tickets_routingversion_change", version.pk)

    def start_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Start a new version beside this one."""
        version = self._posted(request, object_id)
        try:
            draft = services.start_routing_version(version.division, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:tickets_routingversion_change", version.pk)
        return redirect("admin:tickets_routingversion_change", draft.pk)

    def _version(self, request: HttpRequest, object_id: str) -> RoutingVersion:
        version: RoutingVersion = self.row_at(request, object_id, self.has_view_permission)
        return version

    def _posted(self, request: HttpRequest, object_id: str) -> RoutingVersion:
        version: RoutingVersion = self.row_posted_at(request, object_id, self.may_work_on)
        return version


def _moment(version: RoutingVersion, at: Any) -> str:
    return date_format(localtime(at, version.division.zone), "SHORT_DATETIME_FORMAT") if at else ""


def _user(request: HttpRequest) -> Any:
    return request.user
