"""Facts, to read; and what is owed to their listeners, to deliver again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from foundation.events.models import Delivery, Event
from foundation.events.services import retry_delivery
from foundation.lifecycle import NotAllowed
from foundation.people.admin import ReadOnlyAdmin
from foundation.people.states import Permission


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Every fact as it was published."""

    permission = Permission.RETRY_DELIVERIES
    list_display = ("name", "subject", "division", "actor", "at")
    list_filter = ("name", "division")
    list_select_related = ("division", "actor")
    date_hierarchy = "at"
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("name", "subject", "about", "division", "channel", "actor", "actor_role", "at", "recorded_at", "content")
    readonly_fields = ("subject", "content")

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, event: Event) -> str:
        """Name the row that the fact is about."""
        return f"{event.subject_type} {event.subject_id}"

    @admin.display(description=gettext_lazy("content"))
    def content(self, event: Event) -> str:
        """Show the fact's fields, one a line."""
        return format_html("<pre>{}</pre>", json.dumps(event.payload, indent=2, ensure_ascii=False))


class OutcomeFilter(admin.SimpleListFilter):
    """Deliveries by what has become of them."""

    title = gettext_lazy("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        del request, model_admin
        return [("set_aside", _("Set aside")), ("outstanding", _("Still tried")), ("done", _("Done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        del request
        if self.value() == "set_aside":
            return queryset.filter(done_at=None, failed_at__isnull=False)
        if self.value() == "outstanding":
            return queryset.filter(done_at=None, failed_at=None)
        if self.value() == "done":
            return queryset.filter(done_at__isnull=False)
        return queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What is owed to listeners. What was tried too often is set aside here, until somebody has it tried again."""

    permission = Permission.RETRY_DELIVERIES
    division_path = "event__division"
    list_display = ("event", "handler", "attempts", "due_at", "done_at", "failed_at")
    list_filter = (OutcomeFilter, "event__name")
    list_select_related = ("event__division",)
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("event", "handler", "attempts", "due_at", "done_at", "failed_at", "last_error")
    readonly_fields = ("last_error",)
    actions = ("retry",)

    @admin.display(description=gettext_lazy("last error"))
    def last_error(self, delivery: Delivery) -> str:
        """Show the error as it was recorded."""
        return format_html("<pre>{}</pre>", delivery.error)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Let those retry who may, not those who only look."""
        return self.may(request, self.permission)

    @admin.action(description=gettext_lazy("Try again"), permissions=["retry"])
    def retry(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        """Owe the chosen deliveries again, from the first attempt."""
        owed = 0
        for delivery in self.within(deliveries, request, self.permission):
            try:
                retry_delivery(delivery.pk, by=request.user)  # type: ignore[arg-type]  # nobody anonymous gets here
            except NotAllowed as refusal:
                self.message_user(request, f"{delivery}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, delivery, "retry")
                owed += 1
        if owed:
            told = ngettext("One delivery is tried again.", "%(count)s deliveries are tried again.", owed)
            self.message_user(request, told % {"count": owed})
