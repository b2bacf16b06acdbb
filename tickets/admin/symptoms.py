"""Symptom trees as operators edit them, and the equipment that is read on the way."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from foundation.people.admin import DivisionScopedAdmin, DivisionScopedStacked, DivisionScopedTabular
from tickets.admin.reading import ToBeReadAdmin
from tickets.models import Choice, Equipment, Probe, Step, Symptom


class StepInline(DivisionScopedTabular):
    """What is asked; the answers stand on each step's own page."""

    model = Step
    fields = ("position", "code", "kind", "texts", "is_required", "answers")
    readonly_fields = ("answers",)
    ordering = ("position",)

    @admin.display(description=_("answers"))
    def answers(self, step: Step) -> SafeString | str:
        """Lead to the answers of a step."""
        if step.pk is None:
            return gettext("Save the step, then write its answers.")
        link = reverse("admin:tickets_step_change", args=[step.pk])
        listed = " · ".join(str(choice) for choice in step.choices.all()) or gettext("none yet")
        return format_html('{} <a href="{}">{}</a>', listed, link, gettext("Edit the answers"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Read the answers of all steps at once."""
        return super().get_queryset(request).prefetch_related("choices")


@admin.register(Symptom)
class SymptomAdmin(DivisionScopedAdmin):
    """A symptom, and what is asked about it in which order."""

    inlines: ClassVar = [StepInline]
    shows_inherited = True
    list_display = ("__str__", "code", "family", "parent", "priority", "position", "is_active", "division")
    list_filter = ("family", "is_active", "division")
    list_select_related = ("parent", "division")
    search_fields = ("code", "names")
    fieldsets = (
        (None, {"fields": ("names", "family", "parent", "code", "division")}),
        (_("How it is listed and how urgent it is"), {"fields": ("position", "priority", "is_active")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Symptom | None = None) -> tuple[str, ...]:
        """Keep the code of what is there: tickets and routing rules know it."""
        del request
        return ("code",) if obj else ()


class ChoiceInline(DivisionScopedStacked):
    """An answer, what to say to it, and where it leads."""

    model = Choice
    fk_name = "step"
    fields = ("position", "code", "texts", "advice", "next_step", "ending", "priority")
    ordering = ("position",)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer the steps of the same symptom alone."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        match = request.resolver_match
        if field and match and db_field.name == "next_step":
            step = Step.objects.filter(pk=match.kwargs.get("object_id") or 0).first()
            later = Step.objects.none() if step is None else step.symptom.steps.filter(position__gt=step.position)
            field.queryset = later.order_by("position")
        return field


@admin.register(Step)
class StepAdmin(DivisionScopedAdmin):
    """A step with its answers. A new one is written on its symptom's page."""

    division_path = "symptom__division"
    inlines: ClassVar = [ChoiceInline]
    list_display = ("__str__", "symptom", "code", "kind", "is_required")
    list_filter = ("kind", "symptom__family")
    list_select_related = ("symptom",)
    search_fields = ("code", "symptom__code")
    readonly_fields = ("symptom",)
    fields = ("symptom", "position", "code", "kind", "texts", "is_required")

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False


@admin.register(Equipment)
class EquipmentAdmin(ToBeReadAdmin):
    """Which device stands at which account: they come and go by visits and at the desk."""

    list_display = ("serial", "name", "account", "since", "until", "division")
    list_filter = ("division",)
    list_select_related = ("account", "division")
    search_fields = ("=serial", "=account__number")
    show_full_result_count = False


@admin.register(Probe)
class ProbeAdmin(ToBeReadAdmin):
    """What devices said of themselves."""

    division_path = "equipment__division"
    list_display = ("equipment", "finding", "trouble", "ticket", "by", "taken_at")
    list_filter = ("finding", "trouble")
    list_select_related = ("equipment", "ticket", "by")
    search_fields = ("=equipment__serial", "=ticket__number")
    show_full_result_count = False
