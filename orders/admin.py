"""Terms and slots, to set up; what was ordered, to look at. Orders themselves are worked on at the desk."""

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from foundation.people.admin import DivisionScopedAdmin, ReadOnlyAdmin
from foundation.people.states import Permission
from orders.models import AppointmentSlot, InstalledService, OrderLine, TermsVersion
from orders.services import repeat_slots

WEEKS_AHEAD = 4


@admin.register(TermsVersion)
class TermsVersionAdmin(DivisionScopedAdmin):
    """Publish terms; published, they stay as they are, for customers have agreed to them."""

    shows_inherited = True
    list_display = ("__str__", "division", "published_at")
    list_filter = ("division",)
    list_select_related = ("division",)
    fields = ("division", "version", "titles", "texts", "published_at")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False


@admin.register(AppointmentSlot)
class AppointmentSlotAdmin(DivisionScopedAdmin):
    """
    The windows in which technicians can come, how many visits each takes, and how many are taken.

    A window with visits stays when it is: its customers were told.
    """

    list_display = ("__str__", "division", "capacity", "booked")
    list_filter = ("division",)
    list_select_related = ("division",)
    date_hierarchy = "starts_at"
    fields = ("division", "starts_at", "ends_at", "capacity", "booked")
    readonly_fields = ("booked",)
    actions = ("repeat_weekly",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AppointmentSlot | None:
        """Return a slot; one that is being saved is held, so that what is booked meanwhile neither moves nor is lost."""
        slot = super().get_object(request, object_id, from_field)
        if slot is None or request.method != "POST":
            return slot
        return AppointmentSlot.objects.select_for_update(no_key=True).get(pk=slot.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        fixed = ("division", "starts_at", "ends_at") if isinstance(obj, AppointmentSlot) and obj.booked else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    @admin.action(description=_("Repeat the selected slots in the coming four weeks"), permissions=["change"])
    def repeat_weekly(self, request: HttpRequest, slots: QuerySet[AppointmentSlot]) -> None:
        """Make the same windows on the same weekdays; those that are there stay."""
        made = repeat_slots(list(slots.select_related("division")), weeks=WEEKS_AHEAD)
        said = ngettext("%(count)d slot was made.", "%(count)d slots were made.", made) % {"count": made}
        messages.info(request, said)


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    """What was ordered, line by line."""

    permission = Permission.SEE_ORDERS
    division_path = "order__division"
    list_display = ("order", "position", "__str__", "recurring", "one_time", "status", "installed_on")
    list_filter = ("status", "family", "order__division")
    list_select_related = ("order",)
    search_fields = ("=order__number", "=product__code")
    show_full_result_count = False


@admin.register(InstalledService)
class InstalledServiceAdmin(ReadOnlyAdmin):
    """What works where, since when."""

    permission = Permission.SEE_ORDERS
    list_display = ("product", "customer", "account", "premises", "since", "until")
    list_filter = ("division",)
    list_select_related = ("product", "customer", "account", "premises")
    search_fields = ("=account__number", "=customer__number")
    show_full_result_count = False
