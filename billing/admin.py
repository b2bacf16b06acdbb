"""Billing systems, to set up; submissions, facts and what they say of accounts, to look at; and a person's moves."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _

from billing.forms import ResendForm, SettleForm
from billing.models import (
    AgedBalance,
    Allocation,
    BillingSystem,
    InboundFact,
    Invoice,
    Polling,
    PostedCredit,
    ServiceStatusReport,
    Submission,
)
from billing.services import check_connection, resend_submission, settle_submission
from billing.states import SubmissionStatus
from foundation.lifecycle import NotAllowed
from foundation.people.admin import ConnectionAdmin, DivisionScopedTabular, ReadOnlyAdmin
from foundation.people.models import User, UserRequest
from foundation.people.states import Permission


class BillingSystemForm(forms.ModelForm[BillingSystem]):
    """A billing system, with one of the adapters that this installation has."""

    adapter = forms.ChoiceField(
        label=_("Adapter"),
        choices=lambda: [(name, name) for name in settings.BILLING_ADAPTERS],
        help_text=_("How this vendor is spoken to."),
    )

    class Meta:
        model = BillingSystem
        fields = ("code", "name", "division", "adapter", "base_url", "is_active")


class PollingInline(DivisionScopedTabular):
    """How far its facts were read."""

    model = Polling
    fields = readonly_fields = ("cursor", "polled_at", "error")
    can_delete = False
    max_num = 0


@admin.register(BillingSystem)
class BillingSystemAdmin(ConnectionAdmin):
    """Set up a billing system, and see whether it answers."""

    form = BillingSystemForm
    inlines: ClassVar = [PollingInline]
    list_display = ("name", "code", "division", "adapter", "base_url", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "code")

    def tried(self, connection: BillingSystem, *, by: User) -> str:
        """Ask the system something harmless."""
        check_connection(connection.pk, by=by)
        return gettext("%(system)s answers.") % {"system": connection}


class NeedsAPersonFilter(admin.SimpleListFilter):
    """Those that nobody but a person can bring to an end."""

    title = _("needs a person")
    parameter_name = "needs_a_person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        del request, model_admin
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        del request
        return queryset.needing_a_person() if self.value() else queryset


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """What was asked of billing systems, and the two moves that a person has."""

    asks_who_it_is = True
    permission = Permission.SETTLE_SUBMISSIONS
    viewers = (Permission.SEE_ORDERS, Permission.AUDIT)
    list_display = (
        "request_id",
        "kind",
        "billing_system",
        "division",
        "status",
        "attempts",
        "set_aside_at",
        "created_at",
    )
    list_filter = (NeedsAPersonFilter, "status", "kind", "billing_system")
    list_select_related = ("billing_system", "division")
    search_fields = ("=request_id", "=external_id")
    change_form_template = "billing/submission_change_form.html"
    show_full_result_count = False
    fields = (
        "request_id", "kind", "billing_system", "division", "work_order", "status", "attempts", "due_at", "set_aside_at",
        "external_id", "last_error", "created_at", "requested_by", "sent_at", "ended_at", "settled_by", "settled_reason",
        "payload", "report",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        resend, settle = (self.admin_site.admin_view(view) for view in (self.resend_view, self.settle_view))
        return [
            path("<path:object_id>/resend/", resend, name="billing_submission_resend"),
            path("<path:object_id>/settle/", settle, name="billing_submission_settle"),
            *super().get_urls(),
        ]

    def resend_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Try a submission again."""

        def move(submission: Submission, answers: dict[str, Any]) -> None:
            resend_submission(submission.pk, by=request.user, reason=answers["reason"])

        return self._move_view(request, object_id, ResendForm, move, title=gettext("Send again"))

    def settle_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Say what became of a submission."""

        def move(submission: Submission, answers: dict[str, Any]) -> None:
            settle_submission(
                submission.pk,
                SubmissionStatus(answers["outcome"]),
                external_id=answers["external_id"],
                reason=answers["reason"],
                by=request.user,
            )

        return self._move_view(request, object_id, SettleForm, move, title=gettext("Settle"))

    def _move_view(
        self,
        request: UserRequest,
        object_id: str,
        form_class: type[forms.Form],
        move: Callable[[Submission, dict[str, Any]], None],
        *,
        title: str,
    ) -> HttpResponse:
        submission = self.row_at(request, object_id, self.may_work_on)
        form = form_class(request.POST or None)
        if form.is_bound and (wanted := self.code_wanted(request)):
            form.add_error(None, wanted)
        elif request.method == "POST" and form.is_valid():
            try:
                move(submission, form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(refusal.field or None, refusal.message)
            else:
                return HttpResponseRedirect(reverse("admin:billing_submission_change", args=[submission.pk]))
        context = {**self.admin_site.each_context(request), "title": title, "form": form, "submission": submission}
        return render(request, "billing/submission_move.html", context)


@admin.register(InboundFact)
class InboundFactAdmin(ReadOnlyAdmin):
    """What billing systems told, as they told it."""

    permission = Permission.SETTLE_SUBMISSIONS
    viewers = (Permission.CONFIGURE, Permission.AUDIT)
    division_path = "billing_system__division"
    list_display = ("event_id", "kind", "billing_system", "request_id", "outcome", "occurred_at", "received_at")
    list_filter = ("outcome", "kind", "billing_system")
    list_select_related = ("billing_system",)
    search_fields = ("=event_id", "=request_id")
    show_full_result_count = False
    fields = (
        "billing_system", "event_id", "kind", "request_id", "outcome", "trouble", "occurred_at", "received_at", "applied_at",
        "payload", "report",
    )  # fmt: skip


class AccountFactAdmin(ReadOnlyAdmin):
    """What billing systems said of accounts: found by the account's number and by the vendor's ids."""

    permission = Permission.SETTLE_SUBMISSIONS
    viewers = (Permission.SEE_ORDERS, Permission.AUDIT)
    list_select_related = ("billing_system", "division")
    list_filter: ClassVar[tuple[str, ...]] = ("billing_system",)
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(Invoice)
class InvoiceAdmin(AccountFactAdmin):
    """Bills."""

    list_display = ("invoice_id", "account_number", "amount", "currency", "issued_on", "due_on", "division")
    search_fields = ("=invoice_id", "=account_number")
    fields = (
        "invoice_id", "billing_system", "division", "account_number", "account", "amount", "tax", "currency", "issued_on",
        "due_on", "occurred_at", "received_at",
    )  # fmt: skip


@admin.register(Allocation)
class AllocationAdmin(AccountFactAdmin):
    """What pays bills, and what no longer does."""

    list_display = (
        "allocation_id", "invoice_id", "account_number", "source", "is_reversal", "amount", "currency", "effective_on",
        "division",
    )  # fmt: skip
    list_filter = ("source", "is_reversal", "billing_system")
    search_fields = ("=invoice_id", "=allocation_id", "=account_number")
    fields = (
        "allocation_id", "billing_system", "division", "account_number", "account", "source", "source_id", "is_reversal",
        "invoice_id", "amount", "currency", "effective_on", "occurred_at", "received_at",
    )  # fmt: skip


@admin.register(PostedCredit)
class PostedCreditAdmin(AccountFactAdmin):
    """Credits as they stand on accounts."""

    list_display = ("credit_id", "request_id", "account_number", "amount", "currency", "posted_on", "division")
    search_fields = ("=credit_id", "=request_id", "=account_number")
    fields = (
        "credit_id", "request_id", "billing_system", "division", "account_number", "account", "amount", "currency",
        "posted_on", "occurred_at", "received_at",
    )  # fmt: skip


@admin.register(ServiceStatusReport)
class ServiceStatusReportAdmin(AccountFactAdmin):
    """Since when accounts are served, suspended, disconnected or closed."""

    list_display = ("account_number", "status", "effective_on", "billing_system", "division")
    list_filter = ("status", "billing_system")
    search_fields = ("=account__number",)
    fields = (
        "event_id", "billing_system", "division", "account_number", "account", "status", "effective_on", "occurred_at",
        "received_at",
    )  # fmt: skip


@admin.register(AgedBalance)
class AgedBalanceAdmin(AccountFactAdmin):
    """What accounts owe past its due date."""

    list_display = ("account_number", "past_due", "currency", "oldest_due_on", "billing_system", "division")
    search_fields = ("=account_number",)
    fields = (
        "billing_system", "division", "account_number", "account", "past_due", "currency", "oldest_due_on", "event_id",
        "occurred_at", "received_at",
    )  # fmt: skip
