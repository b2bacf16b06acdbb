"""Partners, to set up; customers with all that belongs to them, to look at."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Account, Consent, Contact, Customer, Delegate, Partner
from accounts.queries import customers_meant
from foundation.people.admin import DivisionScopedAdmin, DivisionScopedTabular, ReadOnlyAdmin
from foundation.people.states import Permission


@admin.register(Partner)
class PartnerAdmin(DivisionScopedAdmin):
    """Who sells for us, and since when."""

    list_display = ("name", "code", "division", "user", "active_from", "active_until")
    list_filter = ("division",)
    list_select_related = ("division", "user")
    search_fields = ("name", "code")
    fields = ("name", "code", "division", "user", "active_from", "active_until")
    autocomplete_fields = ("user",)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """What is served and billed at one address."""

    permission = Permission.SEE_ORDERS
    list_display = ("number", "customer", "service_address", "status", "standing")
    list_filter = ("status", "standing", "division")
    list_select_related = ("customer",)
    search_fields = ("=number", "=customer__number")
    show_full_result_count = False


@admin.register(Delegate)
class DelegateAdmin(DivisionScopedAdmin):
    """Who signs in for a business, and how much of it they see."""

    division_path = "customer__division"
    list_display = ("customer", "user", "sight", "account")
    list_filter = ("sight",)
    list_select_related = ("customer", "user", "account")
    search_fields = ("=customer__number", "user__email")
    fields = ("customer", "user", "sight", "account")
    autocomplete_fields = ("customer", "user", "account")


class ContactInline(DivisionScopedTabular):
    """The people to reach."""

    model = Contact
    fields = readonly_fields = ("role", "name", "email", "phone", "preferred_channel")


class AccountInline(DivisionScopedTabular):
    """What is served and billed."""

    model = Account
    fields = readonly_fields = ("number", "service_address", "status", "standing", "opened_at", "closed_at")


class ConsentInline(DivisionScopedTabular):
    """What was agreed to."""

    model = Consent
    fields = readonly_fields = ("kind", "text_version", "language", "channel", "given_at", "withdrawn_at")


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """A customer, their contacts, accounts and consents."""

    permission = Permission.SEE_ORDERS
    inlines: ClassVar = [ContactInline, AccountInline, ConsentInline]
    list_display = ("name", "number", "kind", "division", "created_at")
    list_filter = ("kind", "division")
    list_select_related = ("division",)
    search_fields = ("name",)
    show_full_result_count = False

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  # the admin gives it
        queryset: QuerySet[Customer],
        search_term: str,
    ) -> tuple[QuerySet[Customer], bool]:
        """Find customers by all that the desk's search box reads."""
        term = " ".join(search_term.split())
        return (customers_meant(term, among=queryset), False) if term else (queryset, False)
