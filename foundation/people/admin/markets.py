"""
The tree of divisions, its settings, brands and sites.

It stands here, one floor above the tree, because it asks who may change what.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy

from foundation.divisions.models import Brand, Division, DivisionGroup, DivisionLevel, Site
from foundation.divisions.queries import Effective, explain, has_history
from foundation.divisions.services import inherit_value, require_changeable, set_value
from foundation.divisions.settings import SETTINGS, Setting
from foundation.now import now
from foundation.people.admin.scoped import DivisionScopedAdmin
from foundation.people.models import User
from foundation.people.queries import can_everywhere, may_send_from
from foundation.people.states import Permission

if TYPE_CHECKING:
    BrandModelForm = forms.ModelForm[Brand]
else:
    BrandModelForm = forms.ModelForm

LARGEST_LOGO = 200 * 1024
"""Bytes."""
PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
ACTIVE_SVG = re.compile(r"<script|<foreignobject|<!entity|<!doctype|javascript:|\son\w+\s*=", re.IGNORECASE)
"""What lets an SVG do more than show itself."""


# The settings that a division inherits.


@dataclass(frozen=True)
class SettingRow:
    """One setting on the page: what it is and where that comes from, and the two inputs that change it."""

    setting: Setting
    in_force: str
    source: Division | None
    otherwise: str
    """What would be inherited."""
    otherwise_from: Division | None
    is_own: bool
    own: Any
    value: Any


class SettingsForm(forms.Form):
    """Every setting of a division: inherited, or set here."""

    def __init__(self, division: Division, data: Any = None) -> None:
        super().__init__(data)
        self.division = division
        self.present = {name: explain(division, setting) for name, setting in SETTINGS.items()}
        for name, setting in SETTINGS.items():
            is_own = self._is_own(name)
            self.fields[f"{name}:own"] = forms.BooleanField(
                label=_("Set here"), required=False, initial=is_own, widget=forms.CheckboxInput
            )
            self.fields[name] = _field_for(setting, self.present[name].value, division)

    def _is_own(self, name: str) -> bool:
        return self.present[name].source == self.division

    def rows(self) -> Iterator[SettingRow]:
        """Yield the settings in the order of their apps, for the template."""
        for name, setting in sorted(SETTINGS.items()):
            present, inherited = self.present[name], self._inherited(setting)
            yield SettingRow(
                setting=setting,
                in_force=_in_words(setting, present.value, self.division),
                source=present.source,
                otherwise=_in_words(setting, inherited.value, self.division),
                otherwise_from=inherited.source,
                is_own=self._is_own(name),
                own=self[f"{name}:own"],
                value=self[name],
            )

    def _inherited(self, setting: Setting) -> Effective:
        return explain(self.division.parent, setting) if self.division.parent else Effective(setting.default, None)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, setting in SETTINGS.items():
            try:
                if values.get(f"{name}:own"):
                    values[name] = setting.choose(values.get(name, ""), self.division)
                    require_changeable(self.division, setting, values[name])
                elif self._is_own(name):
                    require_changeable(self.division, setting, self._inherited(setting).value)
                elif name in self.data and name in self.changed_data:
                    self.add_error(name, _("Tick “Set here” for this value to count."))
            except ValidationError as error:
                self.add_error(name, error)
        return values

    def save(self) -> list[str]:
        """Set or inherit what was changed, and return the names of those settings."""
        changed = []
        for name, setting in SETTINGS.items():
            wanted = self.cleaned_data.get(f"{name}:own")
            if wanted and (not self._is_own(name) or self.cleaned_data[name] != self.present[name].value):
                set_value(self.division, setting, self.cleaned_data[name])
                changed.append(name)
            elif not wanted and self._is_own(name):
                inherit_value(self.division, setting)
                changed.append(name)
        return changed


def _in_words(setting: Setting, value: Any, division: Division) -> str:
    """Return a value as the page says it: a choice by its label, several separated by commas."""
    if setting.kind is bool:
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(value)
    labels = dict(setting.choices(division)) if setting.choices else {}
    return str(labels.get(value, value))


def _field_for(setting: Setting, value: Any, division: Division) -> forms.Field:
    """Build the input that suits a setting's kind; `Setting.choose` is what checks it."""
    label = str(setting.label)
    if setting.kind is bool:
        choices = [("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(label=label, choices=choices, initial=str(value).lower(), required=False)
    if setting.choices and setting.kind is not list:
        offered = list(setting.choices(division))
        return forms.ChoiceField(label=label, choices=offered, initial=value, required=False)
    shown = ", ".join(value) if isinstance(value, list) else str(value)
    widget = forms.NumberInput if setting.kind is int else forms.TextInput
    return forms.CharField(label=label, initial=shown, required=False, widget=widget)


# The tree.


@admin.register(Division)
class DivisionAdmin(DivisionScopedAdmin):
    """The tree of markets, each with its settings."""

    asks_who_it_is = True
    division_path = "pk"
    list_display = ("in_the_tree", "code", "settings_link", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "code")
    ordering = ("lineage",)
    fields = ("parent", "code", "name", "is_active")

    @admin.display(description=gettext_lazy("name"))
    def in_the_tree(self, division: Division) -> str:
        """Show the name, set in by its depth."""
        return f"{'— ' * division.depth}{division.name}"

    @admin.display(description=gettext_lazy("settings"))
    def settings_link(self, division: Division) -> str:
        """Link to what the division inherits and sets."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:divisions_division_settings", args=[division.pk]), _("Settings")
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Lead from a division's own page to its settings, too."""
        fields = super().get_fields(request, obj)
        return [*fields, "settings_link"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ()
        above = obj.parent
        below = Division.objects.filter(lineage__contains=[obj.pk])
        is_top_of_mine = above is None or not self.may(request, self.permission, row=above)
        return (
            ("code", "settings_link", "parent") if is_top_of_mine or has_history(below) else ("code", "settings_link")
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save a division; where a new one lies must be one's own."""
        del form
        allowed = self.may(request, self.permission, row=obj if change else obj.parent)
        if not (allowed if change or obj.parent else can_everywhere(_user(request), self.permission)):
            raise PermissionDenied
        obj.save()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change, **kwargs)
        if "parent" in form.base_fields:
            form.base_fields["parent"].required = not can_everywhere(_user(request), self.permission)
        return form

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody deletes a market: it is made inactive."""
        del request, obj
        return False

    def get_urls(self) -> list[URLPattern]:
        settings_page = path(
            "<int:pk>/settings/", self.admin_site.admin_view(self.settings_view), name="divisions_division_settings"
        )
        return [settings_page, *super().get_urls()]

    def settings_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show every setting with its effective value and source; set or inherit each."""
        division = self.get_queryset(request).select_related("parent").filter(pk=pk).first()
        if division is None:
            raise Http404
        may_change = self.has_change_permission(request, division)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = SettingsForm(division, request.POST if request.method == "POST" else None)
        if form.is_bound and (wanted := self.code_wanted(request)):
            form.add_error(None, wanted)
        elif form.is_bound and form.is_valid():
            changed = form.save()
            if changed:
                self.log_change(request, division, ", ".join(changed))
            messages.success(request, _("Settings are kept."))
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Settings of %s") % division,
            "opts": self.opts,
            "division": division,
            "form": form,
            "may_change": may_change,
        }
        return TemplateResponse(request, "divisions/settings.html", context)


@admin.register(DivisionLevel)
class DivisionLevelAdmin(DivisionScopedAdmin):
    """What the depths of the tree are called."""

    division_path = None
    list_display = ("depth", "name")


@admin.register(DivisionGroup)
class DivisionGroupAdmin(DivisionScopedAdmin):
    """Groupings across the tree."""

    division_path = None
    list_display = ("name", "code")
    filter_horizontal = ("divisions",)


# Brands and sites.


class BrandForm(BrandModelForm):
    """
    A brand, with its logo as a file.

    Its sender may be at no address of a market which the person does not know. Only a new one is asked about: what
    somebody above has set up so may stay. Whose the other is, is not told.
    """

    acting: ClassVar[User]
    """Who fills it in."""
    logo_file = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG or SVG, 200 kB at most. Empty: the present one stays."),
    )
    without_logo = forms.BooleanField(label=gettext_lazy("Take the logo off"), required=False)

    class Meta:
        model = Brand
        fields = ("division", "code", "name", "primary", "primary_dark", "phone", "email", "address")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and "email" in self.changed_data and not may_send_from(self.acting, email):
            raise ValidationError(_("This address is not available."))
        return email

    def clean_logo_file(self) -> Any:
        """Check size and content: what the file is called proves nothing."""
        file = self.cleaned_data["logo_file"]
        if not file:
            return None
        if file.size > LARGEST_LOGO:
            raise ValidationError(_("The logo is larger than 200 kB."))
        content = file.read()
        if content.startswith(PNG_BEGINNING):
            return (content, "image/png")
        if _is_quiet_svg(content):
            return (content, "image/svg+xml")
        raise ValidationError(_("This is no PNG, and no SVG without scripts."))


def _is_quiet_svg(content: bytes) -> bool:
    """Tell whether a file is an SVG picture that only shows itself."""
    try:
        text = content.decode("utf-8").lstrip()
    except UnicodeDecodeError:
        return False
    return text.startswith(("<svg", "<?xml")) and "<svg" in text and not ACTIVE_SVG.search(text)


@admin.register(Brand)
class BrandAdmin(DivisionScopedAdmin):
    """Names, colours and logos, and the address from which letters are sent."""

    asks_who_it_is = True
    form = BrandForm
    list_display = ("name", "code", "division", "colours")
    list_filter = ("division",)
    search_fields = ("name", "code")
    list_select_related = ("division",)
    readonly_fields = ("colours",)
    fields = (
        "division", "code", "name", "primary", "primary_dark", "colours", "logo_file", "without_logo",
        "phone", "email", "address",
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Tell the form who fills it in: which addresses are available depends on that."""
        form = super().get_form(request, obj, change, **kwargs)
        return type("BrandForm", (form,), {"acting": _user(request)})

    @admin.display(description=gettext_lazy("colours"))
    def colours(self, brand: Brand) -> str:
        """Show the brand colour on white and on near-black, as text and buttons will."""
        if brand.pk is None:
            return "—"
        return format_html(
            '<svg width="132" height="32" role="img" aria-label="{}">'
            '<rect width="64" height="32" rx="6" fill="{}"/><text x="32" y="21" text-anchor="middle" fill="#fff">Aa</text>'
            '<rect x="68" width="64" height="32" rx="6" fill="#15191e"/>'
            '<text x="100" y="21" text-anchor="middle" fill="{}">Aa</text></svg>',
            _("The colours in use"),
            brand.primary,
            brand.primary_dark,
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Keep the logo in the row and mark the brand as changed, so that browsers fetch it anew."""
        if form.cleaned_data["logo_file"]:
            obj.logo, obj.logo_type = form.cleaned_data["logo_file"]
        elif form.cleaned_data["without_logo"]:
            obj.logo, obj.logo_type = b"", ""
        obj.changed_at = now()
        super().save_model(request, obj, form, change)


@admin.register(Site)
class SiteAdmin(DivisionScopedAdmin):
    """The doors through which the public comes. Their addresses are given out at the top of the tree."""

    asks_who_it_is = True
    list_display = ("__str__", "code", "division", "brand", "default_language", "is_active")
    list_filter = ("division", "is_active")
    search_fields = ("code", "host", "path_prefix")
    list_select_related = ("division", "brand")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "languages":
            return forms.TypedMultipleChoiceField(
                label=db_field.verbose_name, choices=settings.LANGUAGES, widget=forms.CheckboxSelectMultiple
            )
        if db_field.name == "default_language":
            return forms.ChoiceField(label=db_field.verbose_name, choices=settings.LANGUAGES)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        del obj
        return (
            () if can_everywhere(_user(request), Permission.CONFIGURE) else ("code", "host", "path_prefix", "division")
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can_everywhere(_user(request), self.permission)


def _user(request: HttpRequest) -> Any:
    return request.user
