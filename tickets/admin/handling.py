"""What operators set up for those who answer: canned replies and macros."""

from django.contrib import admin

from foundation.people.admin import DivisionScopedAdmin
from tickets.models import CannedReply, Macro


@admin.register(CannedReply)
class CannedReplyAdmin(DivisionScopedAdmin):
    """Texts that answers are begun with."""

    list_display = ("name", "language", "brand", "family", "valid_until", "division")
    list_filter = ("language", "family", "division")
    list_select_related = ("brand", "division")
    search_fields = ("name",)


@admin.register(Macro)
class MacroAdmin(DivisionScopedAdmin):
    """Several things that are done to a ticket at once."""

    list_display = ("name", "priority", "takes", "end", "division")
    list_filter = ("division",)
    list_select_related = ("division",)
    search_fields = ("name",)
