"""What operators set up for those who answer: canned replies and macros."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from foundation.people.admin import DivisionScopedAdmin
from tickets.models import CannedReply, Macro


@admin.register(CannedReply)
class CannedReplyAdmin(DivisionScopedAdmin):
    """Texts that answers are begun with."""

    list_display = ("name", "language", "brand", "family", "valid_until", "division")
    list_filter = ("language", "family", "division")
    list_select_related = ("brand", "division")
    search_fields = ("name",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let the language be one of the site's."""
        if db_field.name == "language":
            return forms.ChoiceField(
                label=db_field.verbose_name, choices=settings.LANGUAGES, help_text=db_field.help_text
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Macro)
class MacroAdmin(DivisionScopedAdmin):
    """Several things that are done to a ticket at once."""

    list_display = ("name", "priority", "takes", "end", "division")
    list_filter = ("division",)
    list_select_related = ("division",)
    search_fields = ("name",)
