"""Service levels: what is promised, what pauses it, and the ladder that is climbed before and after it is missed."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from foundation.people.admin import DivisionScopedAdmin, DivisionScopedTabular
from tickets.admin.reading import ToBeReadAdmin
from tickets.models import Alert, ClockSegment, LadderStep, SlaPolicy, SlaTarget, TicketClock


class _ChoosesSeveral:
    """Shows a list of choices as boxes to tick."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField):
            return forms.MultipleChoiceField(
                label=db_field.verbose_name, choices=list(db_field.base_field.choices or ()), required=False,
                help_text=db_field.help_text, initial=db_field.get_default(),
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class SlaTargetInline(DivisionScopedTabular):
    """By when what is promised."""

    model = SlaTarget
    fields = ("kind", "priority", "within", "calendar")


class LadderStepInline(_ChoosesSeveral, DivisionScopedTabular):
    """Who is told when, and which level it is raised to."""

    model = LadderStep
    fields = ("share", "kind", "level", "tell", "channel", "calendar", "p1_at_any_hour")


@admin.register(SlaPolicy)
class SlaPolicyAdmin(_ChoosesSeveral, DivisionScopedAdmin):
    """What is promised to whom: the most particular row that fits a ticket holds."""

    asks_who_it_is = True
    shows_inherited = True
    list_display = ("__str__", "code", "division", "type", "family", "product", "is_active")
    list_filter = ("division", "type", "family", "is_active")
    list_select_related = ("division", "product")
    search_fields = ("code", "names")
    autocomplete_fields = ("product",)
    fieldsets = (
        (None, {"fields": ("names", "code", "division", "is_active")}),
        (
            _("For which tickets"),
            {
                "description": _(
                    "Of those that fit, a product wins over a family and that over none; then the nearest division; then "
                    "a type of ticket over any. What a product’s or a family’s level leaves without a target is "
                    "promised as it would be without that level."
                ),
                "fields": ("type", "family", "product"),
            },
        ),
        (_("What pauses it"), {"fields": ("pausing",)}),
    )
    inlines: ClassVar = [SlaTargetInline, LadderStepInline]


@admin.register(TicketClock)
class TicketClockAdmin(ToBeReadAdmin):
    """The clocks of tickets, to look at."""

    division_path = "ticket__division"
    list_display = ("ticket", "kind", "status", "target", "due_at", "policy")
    list_filter = ("kind", "status", "ticket__division")
    list_select_related = ("ticket", "policy")
    search_fields = ("=ticket__number",)
    show_full_result_count = False


@admin.register(ClockSegment)
class ClockSegmentAdmin(ToBeReadAdmin):
    """When clocks ran and paused, to look at."""

    division_path = "clock__ticket__division"
    list_display = ("clock", "is_running", "reason", "begun_at", "ended_at", "by", "at_percent")
    list_filter = ("is_running",)
    list_select_related = ("clock__ticket", "by")
    search_fields = ("=clock__ticket__number",)
    show_full_result_count = False


@admin.register(Alert)
class AlertAdmin(ToBeReadAdmin):
    """Who was told of promises, to look at."""

    division_path = "ticket__division"
    list_display = ("ticket", "share", "user", "channel", "moment", "leaves_at", "told_at", "dropped_at")
    list_filter = ("channel",)
    list_select_related = ("ticket", "user")
    search_fields = ("=ticket__number",)
    show_full_result_count = False
