"""Outages, what was said of them and what was credited, to look at: they are declared and ended at the desk."""

from django.contrib import admin

from tickets.admin.reading import ToBeReadAdmin
from tickets.models import CreditRun, Outage, OutageCredit, OutageNotice, OutageUpdate


@admin.register(Outage)
class OutageAdmin(ToBeReadAdmin):
    """What does not work for many, and where it stands."""

    list_display = ("title", "kind", "status", "division", "starts_at", "expected_at", "restored_at", "declared_by")
    list_filter = ("kind", "status", "division")
    list_select_related = ("division", "declared_by")
    search_fields = ("title",)


@admin.register(OutageUpdate)
class OutageUpdateAdmin(ToBeReadAdmin):
    """What was said of outages."""

    division_path = "outage__division"
    list_display = ("outage", "stage", "status", "is_told", "by", "at")
    list_filter = ("stage", "outage__division")
    list_select_related = ("outage", "by")


@admin.register(OutageNotice)
class OutageNoticeAdmin(ToBeReadAdmin):
    """Who was told what of outages."""

    division_path = "update__outage__division"
    list_display = ("update", "customer", "channel", "address", "language")
    list_filter = ("channel", "update__outage__division")
    list_select_related = ("update__outage", "customer")
    search_fields = ("=address", "=customer__number")
    show_full_result_count = False


@admin.register(CreditRun)
class CreditRunAdmin(ToBeReadAdmin):
    """Credits for outages, as they were asked for together."""

    list_display = ("outage", "status", "count", "total", "currency", "requested_by", "approved_by")
    list_filter = ("status", "division")
    list_select_related = ("outage", "requested_by", "approved_by")


@admin.register(OutageCredit)
class OutageCreditAdmin(ToBeReadAdmin):
    """Credits for outages, account by account."""

    list_display = ("request_id", "account", "status", "minutes", "monthly", "amount", "currency", "credit_id")
    list_filter = ("status", "division")
    list_select_related = ("account",)
    search_fields = ("=request_id", "=account__number")
    show_full_result_count = False
