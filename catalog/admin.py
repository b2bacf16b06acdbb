"""The catalogue as operators set it up. Prices change from a day on; campaigns are switched by their two moves."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy as _, ngettext

from catalog import services
from catalog.forms import CampaignForm, CostFileForm, CriterionForm, NewCostForm, NewPriceForm, ProductForm
from catalog.models import (
    Campaign,
    CampaignPackage,
    Charge,
    Cost,
    EligibilityCriterion,
    EligibilityGroup,
    Package,
    PackageItem,
    Price,
    Product,
    Promotion,
)
from catalog.queries import preview_price, prices_by_division, prices_to_come
from catalog.states import PriceKind
from foundation.lifecycle import NotAllowed
from foundation.money import format_money
from foundation.now import today
from foundation.people.admin import DivisionScopedAdmin, DivisionScopedStacked, DivisionScopedTabular
from foundation.people.models import User, UserRequest
from foundation.people.queries import divisions_where, divisions_within_sight
from foundation.people.states import Permission

MOST_DIVISIONS_SHOWN = 50


class PriceInline(DivisionScopedTabular):
    """Every price that the product has had, has and will have, where the person sees it or inherits it."""

    model = Price
    verbose_name_plural = _("prices, past, present and to come")
    fields = readonly_fields = ("division", "kind", "amount", "currency", "starts_on", "ends_on")
    ordering = ("division__name", "kind", "-starts_on")
    can_delete = False
    max_num = 0

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Leave out what markets beside the person's ask, and will ask."""
        sight = divisions_within_sight(_user(request), self.permission, Permission.AUDIT)
        return super().get_queryset(request).filter(division__in=sight)


@admin.register(Product)
class ProductAdmin(DivisionScopedAdmin):
    """A product, what it costs where, and the door to a new price."""

    form = ProductForm
    shows_inherited = True
    inlines: ClassVar = [PriceInline]
    list_display = ("__str__", "code", "family", "division")
    list_filter = ("family", "division")
    list_select_related = ("division",)
    search_fields = ("code", "names")
    change_form_template = "catalog/product_change_form.html"
    fieldsets = (
        (None, {"fields": ("names", "descriptions", "family", "code", "division")}),
        (_("Prices in force today"), {"fields": ("prices_today",)}),
        (_("What is sold"), {"fields": ("down_mbps", "up_mbps", "data_allowance_gb")}),
        (
            _("What the address must have"),
            {"fields": ("technologies", "minimum_down_mbps", "minimum_up_mbps")},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        """Keep the code of what is there: billing systems know it."""
        del request
        return ("prices_today", "code") if obj else ("prices_today",)

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Remember who looks, for the prices that they see."""
        if obj:
            obj.seen_by = request.user  # type: ignore[attr-defined]
        return super().get_form(request, obj, change, **kwargs)

    @admin.display(description=_("prices in force today"))
    def prices_today(self, product: Product) -> SafeString | str:
        """Say what the product costs in each division, and where an inherited price comes from."""
        if product.pk is None:
            return gettext("Save the product, then give it a price.")
        seen = divisions_where(product.seen_by, Permission.CONFIGURE, Permission.AUDIT)  # type: ignore[attr-defined]
        selling = seen.filter(lineage__contains=[product.division_id]).order_by("lineage")[:MOST_DIVISIONS_SHOWN]
        here = prices_by_division(product, selling, today(product.division))
        lines = ((one.division.name, _prices_in_words(one.prices, one.division.pk)) for one in here)
        return format_html_join("", "<div><strong>{}</strong>: {}</div>", lines)

    def get_urls(self) -> list[URLPattern]:
        new, withdraw = (self.admin_site.admin_view(view) for view in (self.new_price_view, self.withdraw_price_view))
        return [
            path("<path:object_id>/new-price/", new, name="catalog_product_new_price"),
            path("<path:object_id>/withdraw-price/", withdraw, name="catalog_product_withdraw_price"),
            *super().get_urls(),
        ]

    def new_price_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Give the product a new price from a day on, once what it changes was looked at; take back one to come."""
        product = self._product(request, object_id)
        form = NewPriceForm(request.POST or None, user=request.user, product=product)
        preview = None
        if request.method == "POST" and form.is_valid():
            values = {**form.cleaned_data, "kind": PriceKind(form.cleaned_data["kind"])}
            if "confirmed" not in request.POST:
                preview = preview_price(product, **values)
            elif self._set_price(request, product, form, values):
                return HttpResponseRedirect(reverse("admin:catalog_product_change", args=[product.pk]))
        title = gettext("New price from a day on")
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(product),
            "form": form,
            "product": product,
            "preview": preview,
            "to_come": prices_to_come(product, divisions_where(request.user, self.permission)),
        }
        return render(request, "catalog/new_price.html", context)

    def withdraw_price_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Take back a price that has not begun."""
        product = self._product(request, object_id)
        if request.method != "POST":
            raise Http404
        price = prices_to_come(product, divisions_where(request.user, self.permission)).filter(
            pk=request.POST.get("price") or 0
        )
        if withdrawn := price.first():
            services.withdraw_price(withdrawn.pk, by=request.user)
            self.log_change(request, product, gettext("Withdrew the price from %s on") % withdrawn.starts_on)
        return redirect("admin:catalog_product_new_price", product.pk)

    def _product(self, request: UserRequest, object_id: str) -> Product:
        product: Product = self.row_at(request, object_id, lambda request, _row: self.may(request, self.permission))
        return product

    def _set_price(
        self, request: UserRequest, product: Product, form: NewPriceForm, values: dict[str, Any]
    ) -> Price | None:
        try:
            price = services.set_price(product.pk, by=request.user, **values)
        except NotAllowed as refusal:
            form.add_error(refusal.field or None, refusal.message)
            return None
        said = {"division": price.division, "amount": price.amount, "day": price.starts_on}
        self.log_change(request, product, gettext("%(division)s: %(amount)s from %(day)s on") % said)
        return price


def _prices_in_words(prices: tuple[Price, ...], division_id: int) -> str:
    words = []
    for price in prices:
        amount = format_money(price.amount, price.currency, get_language() or "en")
        values = {"amount": amount, "paid": price.get_kind_display().lower(), "source": price.division.name}
        own = price.division_id == division_id
        words.append(
            (gettext("%(amount)s %(paid)s") if own else gettext("%(amount)s %(paid)s, from %(source)s")) % values
        )
    return "; ".join(words) or gettext("no price")


@admin.register(Cost)
class CostAdmin(DivisionScopedAdmin):
    """What products cost us, for those who configure the division and nobody else. A new cost begins on a day."""

    viewers = ()
    list_display = ("product", "division", "kind", "amount", "currency", "starts_on", "ends_on")
    list_filter = ("kind", "division")
    list_select_related = ("product", "division")
    search_fields = ("=product__code",)
    ordering = ("product__code", "kind", "-starts_on")
    change_list_template = "catalog/cost_change_list.html"

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody rewrites a cost: a new one is entered, from a day on."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody deletes a cost: it ends on the day before it is not known."""
        del request, obj
        return False

    def get_urls(self) -> list[URLPattern]:
        load = self.admin_site.admin_view(self.load_view)
        return [path("load/", load, name="catalog_cost_load"), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say what a product costs from a day on."""
        del form_url, extra_context
        form = NewCostForm(request.POST or None, user=_user(request))
        return self._answer(request, form, gettext("New cost from a day on"), self._set_cost)

    def load_view(self, request: HttpRequest) -> HttpResponse:
        """Say what many products cost, in a file."""
        form = CostFileForm(request.POST or None, request.FILES or None, user=_user(request))
        return self._answer(request, form, gettext("Costs from a file"), self._set_costs)

    def _answer(
        self, request: HttpRequest, form: forms.Form, title: str, take: Callable[[User, dict[str, Any]], int]
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            try:
                count = take(_user(request), form.cleaned_data)
            except NotAllowed as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            else:
                said = ngettext("%(count)d cost is noted.", "%(count)d costs are noted.", count)
                messages.info(request, said % {"count": count})
                return redirect("admin:catalog_cost_changelist")
        context = {**self.admin_site.each_context(request), "title": title, "form": form, "opts": self.opts}
        return render(request, "catalog/cost_form.html", context)

    def _set_cost(self, user: User, values: dict[str, Any]) -> int:
        product = values.pop("product")
        services.set_cost(product.pk, by=user, **{**values, "kind": PriceKind(values["kind"])})
        return 1

    def _set_costs(self, user: User, values: dict[str, Any]) -> int:
        return services.set_costs(values["costs"], division=values["division"], by=user)


class PackageItemInline(DivisionScopedTabular):
    """The parts of a package."""

    model = PackageItem
    fk_name = "package"
    fields = ("position", "product", "role", "choice_group", "minimum", "maximum", "relies_on")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let a part rely only on parts of the same package."""
        if db_field.name == "relies_on":
            match = request.resolver_match
            package_id = match.kwargs.get("object_id") if match else None
            kwargs["queryset"] = PackageItem.objects.filter(package=package_id).select_related("product")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class EligibilityInline(DivisionScopedStacked):
    """The eligibility groups of a package or a campaign; each one's own page holds its criteria."""

    model = EligibilityGroup
    fields = ("position", "name", ("if_true", "if_false", "true_otherwise"), "refusals", "remedies")
    show_change_link = True


@admin.register(Package)
class PackageAdmin(DivisionScopedAdmin):
    """A package with its parts and who may have it."""

    shows_inherited = True
    inlines: ClassVar = [PackageItemInline, EligibilityInline]
    list_display = ("__str__", "code", "division", "is_on_sale")
    list_filter = ("is_on_sale", "division")
    list_select_related = ("division",)
    search_fields = ("code", "names")
    fieldsets = (
        (None, {"fields": ("names", "descriptions", "code", "division", "is_on_sale")}),
        (_("Eligibility"), {"fields": ("eligible_otherwise",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Package | None = None) -> tuple[str, ...]:
        """Keep the code of what is there: orders know it."""
        del request
        return ("code",) if obj else ()


class CriterionInline(DivisionScopedStacked):
    """The criteria of a group, in order."""

    model = EligibilityCriterion
    form = CriterionForm
    fields = (
        ("position", "fact", "question", "kind"),
        ("comparison", "values"),
        ("if_true", "if_false", "if_insufficient"),
    )


@admin.register(EligibilityGroup)
class EligibilityGroupAdmin(DivisionScopedAdmin):
    """One eligibility group with its criteria, reached from its package or campaign."""

    inlines: ClassVar = [CriterionInline]
    fields = ("position", "name", "if_true", "if_false", "true_otherwise", "refusals", "remedies")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Keep it off the start page: it makes sense only from its owner."""
        del request
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Groups are added where they belong."""
        del request
        return False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Keep the groups whose package or campaign the person configures."""
        mine = divisions_where(_user(request), self.permission, *self.viewers)
        rows = EligibilityGroup.objects.select_related("package__division", "campaign__division")
        return rows.filter(models.Q(package__division__in=mine) | models.Q(campaign__division__in=mine))

    def division_of(self, row: models.Model) -> Any:
        """Return the division of the package or campaign."""
        owner = getattr(row, "package", None) or getattr(row, "campaign", None)
        return owner.division if owner else None


@admin.register(Promotion)
class PromotionAdmin(DivisionScopedAdmin):
    """Less to pay, for some months or once."""

    shows_inherited = True
    list_display = ("__str__", "code", "package", "product", "division", "starts_on", "ends_on")
    list_filter = ("kind", "division")
    list_select_related = ("division", "package", "product")
    search_fields = ("code", "names")
    fieldsets = (
        (None, {"fields": ("names", "code", "division")}),
        (_("Off what"), {"fields": ("package", "product", "kind")}),
        (_("How much"), {"fields": ("amount", "percent", "months")}),
        (_("When"), {"fields": ("starts_on", "ends_on")}),
    )


@admin.register(Charge)
class ChargeAdmin(DivisionScopedAdmin):
    """Taxes and fees; the customer sees them as estimates."""

    shows_inherited = True
    list_display = ("__str__", "code", "division", "basis", "rate", "family", "kind", "starts_on", "ends_on")
    list_filter = ("nature", "basis", "family", "division")
    list_select_related = ("division",)
    search_fields = ("code", "names")
    fieldsets = (
        (None, {"fields": ("names", "code", "division", "nature")}),
        (_("How much, on what"), {"fields": ("basis", "rate", "family", "kind")}),
        (_("When"), {"fields": ("starts_on", "ends_on")}),
    )


class CampaignPackageInline(DivisionScopedTabular):
    """The packages of a campaign, in order."""

    model = CampaignPackage
    fields = ("position", "package")


@admin.register(Campaign)
class CampaignAdmin(DivisionScopedAdmin):
    """A campaign with its packages and who may have it; activated and taken down by its own two buttons."""

    form = CampaignForm
    shows_inherited = True
    inlines: ClassVar = [CampaignPackageInline, EligibilityInline]
    list_display = ("__str__", "code", "division", "status", "priority", "starts_on", "ends_on", "is_dummy")
    list_filter = ("status", "division")
    list_select_related = ("division",)
    search_fields = ("code", "names")
    change_form_template = "catalog/campaign_change_form.html"
    actions = None
    fieldsets = (
        (None, {"fields": ("names", "code", "division", "status", "is_dummy")}),
        (_("For whom and when"), {"fields": ("customer_classes", "starts_on", "ends_on", "priority")}),
        (_("Eligibility"), {"fields": ("eligible_otherwise",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        """Keep the code of what is there, and the status for its moves."""
        del request
        return ("status", "code") if obj else ("status",)

    def get_urls(self) -> list[URLPattern]:
        activate, deactivate = (self.admin_site.admin_view(view) for view in (self.activate_view, self.deactivate_view))
        return [
            path("<path:object_id>/activate/", activate, name="catalog_campaign_activate"),
            path("<path:object_id>/deactivate/", deactivate, name="catalog_campaign_deactivate"),
            *super().get_urls(),
        ]

    def activate_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Show the campaign to those whom it addresses."""
        return self._move(request, object_id, services.activate_campaign, _says_activated)

    def deactivate_view(self, request: UserRequest, object_id: str) -> HttpResponse:
        """Show the campaign to nobody any more."""
        return self._move(request, object_id, services.deactivate_campaign, _says_taken_down)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Delete a campaign, or say why it stays."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:catalog_campaign_change", object_id)

    def delete_model(self, request: HttpRequest, obj: Campaign) -> None:
        """Delete by the service, which refuses a division's default."""
        services.remove_campaign(obj.pk, by=_user(request))

    def _move(
        self,
        request: UserRequest,
        object_id: str,
        move: Callable[..., Campaign],
        means: Callable[[Campaign], str],
    ) -> HttpResponse:
        campaign = self.row_posted_at(request, object_id, self.has_change_permission)
        try:
            moved = move(campaign.pk, by=request.user)
        except NotAllowed as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, means(moved))
        return redirect("admin:catalog_campaign_change", campaign.pk)


def _says_activated(campaign: Campaign) -> str:
    """Say what holds from now on, with the days on which it is shown."""
    since = max(campaign.starts_on, today(campaign.division))
    said = {"from": date_format(since), "until": date_format(campaign.ends_on) if campaign.ends_on else ""}
    if campaign.ends_on and campaign.ends_on < since:
        return gettext("Active, but its last day, %(until)s, is over: it is shown when you give it a later one.") % said
    if campaign.ends_on:
        return gettext("Active. It is shown to those whom it addresses from %(from)s until %(until)s.") % said
    return gettext("Active. It is shown to those whom it addresses from %(from)s on.") % said


def _says_taken_down(_campaign: Campaign) -> str:
    return gettext(
        "Taken down. From now on it is shown to nobody, and a cart that was begun in it cannot be ordered as it is: its "
        "customer chooses again from what is offered then. Orders that were submitted keep what the customer was shown."
    )


def _user(request: HttpRequest) -> Any:
    return request.user
