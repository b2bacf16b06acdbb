"""An admin that asks the permission matrix and shows everybody their own divisions, instead of Django's permissions."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.filters import RelatedOnlyFieldListFilter
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import models
from django.forms import CheckboxInput, ModelChoiceField, ModelForm, ModelMultipleChoiceField
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.people.http import code_wanted
from foundation.people.models import UserRequest
from foundation.people.queries import can, can_everywhere, divisions_where, divisions_within_sight
from foundation.people.states import Permission

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    StackedInline = admin.StackedInline[Any, Any]
    TabularInline = admin.TabularInline[Any, Any]
    Inline = InlineModelAdmin[Any, Any]
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
    BaseAdmin = admin.options.BaseModelAdmin[Any]
else:
    ModelAdmin, StackedInline, TabularInline = admin.ModelAdmin, admin.StackedInline, admin.TabularInline
    Inline = BaseAdmin = object
    InlineFormSet = BaseInlineFormSet


def division_of(row: models.Model, path: str) -> Division | None:
    """Follow a path such as `package__division` from a row to its division."""
    found: Any = row
    for step in path.split("__"):
        if found is None or isinstance(found, Division):
            break
        found = getattr(found, step)
    return cast("Division | None", found)


class _LimitsChoices(BaseAdmin):
    """Foreign keys offer only rows that the person may know of."""

    permission: ClassVar[Permission] = Permission.CONFIGURE

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if getattr(cls, "raw_id_fields", ()):
            raise TypeError(f"{cls.__name__}: a raw id shows the name of any row of the house; use autocomplete_fields")

    def formfield_for_dbfield(self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Let a choice lead to what was chosen, to look at; it is made, changed and deleted in its own place."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request, kwargs.get("queryset"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: models.ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request, kwargs.get("queryset"))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _choices(
        self, model: type[models.Model], request: HttpRequest, offered: models.QuerySet[Any] | None
    ) -> models.QuerySet[Any]:
        """Return the rows of a table that the form may point to; a division only if the person may change it."""
        rows = model._default_manager.all() if offered is None else offered  # noqa: SLF001  # the name Django gives it
        user = cast("UserRequest", request).user
        if model is Division:
            return rows.filter(pk__in=divisions_where(user, self.permission))
        target = self.admin_site.get_model_admin(model) if self.admin_site.is_registered(model) else None
        if isinstance(target, DivisionScopedAdmin):
            return target.within_sight(rows, request, self.permission)
        try:
            model._meta.get_field("division")
        except FieldDoesNotExist:
            return rows
        return rows.filter(division__in=divisions_within_sight(user, self.permission))


class ProvedForm:
    """A form that is taken only from somebody who gave their code lately; what was typed stays."""

    code_wanted: SafeString | None

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}  # type: ignore[misc]  # a form's, with which it is mixed
        if self.code_wanted:
            raise ValidationError(self.code_wanted, code="unproved")
        return values


class DivisionScopedAdmin(_LimitsChoices, ModelAdmin):
    """
    A table of which everybody sees, and may change, the rows of their divisions.

    `permission` lets a person add, change and delete; `viewers` let them look. `division_path` leads from a row to
    its division; `None` stands for a table that belongs to the whole house.
    """

    viewers: ClassVar[tuple[Permission, ...]] = (Permission.AUDIT,)
    division_path: ClassVar[str | None] = "division"
    shows_inherited: ClassVar[bool] = False
    asks_who_it_is: ClassVar[bool] = False
    """Whether a change here bears on money, doors or roles: it needs a second factor that was given within `STAFF_PROOF`."""
    view_on_site = False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer a page, but let nobody copy a row: Django copies for whoever asks, though no page offers it."""
        if "_saveasnew" in request.POST and not self.save_as:
            raise Http404
        return super().changeform_view(request, object_id, form_url, extra_context)

    # Who somebody is, before what bears on money, doors and roles.

    def code_wanted(self, request: HttpRequest) -> SafeString | None:
        """Return what asks a person for their code before a change here; None where nothing needs to be asked."""
        return code_wanted(cast("UserRequest", request), back=reverse("admin:index")) if self.asks_who_it_is else None

    def proved(self, request: HttpRequest, form: type[Any]) -> type[Any]:
        """Let a form be taken only from who gave their code lately."""
        wanted = self.code_wanted(request)
        return type(form.__name__, (ProvedForm, form), {"code_wanted": wanted}) if wanted else form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        return self.proved(request, super().get_form(request, obj, change, **kwargs))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Delete a row, where the person has proved who they are if that is asked here."""
        if request.method == "POST" and (wanted := self.code_wanted(request)):
            self.message_user(request, wanted, messages.ERROR)
            return redirect(request.get_full_path())
        return super().delete_view(request, object_id, extra_context)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet[Any], *where: Any) -> HttpResponse | None:
        """Do something with several rows, where the person has proved who they are if that is asked here."""
        if wanted := self.code_wanted(request):
            self.message_user(request, wanted, messages.ERROR)
            return redirect(request.get_full_path())
        return super().response_action(request, queryset, *where)

    # Which rows there are.

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.shows_inherited or _is_autocomplete(request):
            return self.within_sight(rows, request, self.permission, *self.viewers)
        return self.within(rows, request, self.permission, *self.viewers)

    def within(
        self, rows: models.QuerySet[Any], request: HttpRequest, *permissions: Permission
    ) -> models.QuerySet[Any]:
        """Keep the rows of the divisions in which the person has one of these permissions."""
        return self._of(rows, request, divisions_where(_user(request), *permissions), permissions)

    def within_sight(
        self, rows: models.QuerySet[Any], request: HttpRequest, *permissions: Permission
    ) -> models.QuerySet[Any]:
        """Keep those rows, and the ones that these divisions inherit from above."""
        return self._of(rows, request, divisions_within_sight(_user(request), *permissions), permissions)

    def _of(
        self,
        rows: models.QuerySet[Any],
        request: HttpRequest,
        divisions: models.QuerySet[Division],
        permissions: tuple[Permission, ...],
    ) -> models.QuerySet[Any]:
        if self.division_path is None:
            return rows
        mine = models.Q(**{f"{self.division_path}__in": divisions})
        if self.division_path != "pk" and can_everywhere(_user(request), *permissions):
            mine |= models.Q(**{f"{self.division_path}__isnull": True})
        return rows.filter(mine)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Narrow a list by its own filters alone: any other column could be guessed letter by letter."""
        column = lookup.split("__", maxsplit=1)[0]
        own = {name.split("__")[0] for name in self._filtered_by(request)}
        is_own = column in own or column not in {field.name for field in self.opts.get_fields()}
        return is_own and super().lookup_allowed(lookup, value, request)

    def _filtered_by(self, request: HttpRequest) -> Iterator[str]:
        yield self.date_hierarchy or ""
        for entry in self.get_list_filter(request):
            name = entry[0] if isinstance(entry, tuple) else entry
            yield name if isinstance(name, str) else str(name.parameter_name)

    # Who may do what with them.

    def row_at(self, request: HttpRequest, object_id: str, may: Callable[[HttpRequest, Any], bool]) -> Any:
        """
        Return the row that a page of ours beside Django's is about.

        :param may: tells whether the person may do with it what the page does
        :raises Http404: if they may not, or do not see such a row
        """
        row = self.get_object(request, unquote(object_id))
        if row is None or not may(request, row):
            raise Http404
        return row

    def row_posted_at(self, request: HttpRequest, object_id: str, may: Callable[[HttpRequest, Any], bool]) -> Any:
        """Do the same for what is done by a button: where the request is no POST, there is no page either."""
        if request.method != "POST":
            raise Http404
        return self.row_at(request, object_id, may)

    def may_work_on(self, request: HttpRequest, row: models.Model) -> bool:
        """Tell whether a person has the permission of this table for a row."""
        return self.may(request, self.permission, row=row)

    def may(self, request: HttpRequest, *permissions: Permission, row: models.Model | None = None) -> bool:
        """Tell whether a person has one of these permissions for a row, or, without one, for any."""
        user = _user(request)
        if self.division_path is None:
            return can_everywhere(user, *permissions)
        if row is None:
            return any(can(user, permission) for permission in permissions)
        division = self.division_of(row)
        if division is None:
            return can_everywhere(user, *permissions)
        return any(can(user, permission, division) for permission in permissions)

    def division_of(self, row: models.Model) -> Division | None:
        """Return the division that a row belongs to."""
        return division_of(row, self.division_path) if self.division_path else None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        if obj is not None and self.shows_inherited:
            return self.get_queryset(request).filter(pk=obj.pk).exists()
        return self.may(request, self.permission, *self.viewers, row=obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.permission)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, self.permission, row=obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may(request, self.permission, row=obj)

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Save a row; whatever way it came, one may put it only into divisions of one's own."""
        if not self.may(request, self.permission, row=obj):
            raise PermissionDenied
        super().save_model(request, obj, form, change)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Let filters by another table offer only what occurs in the rows that the person sees."""
        return [
            (name, RelatedOnlyFieldListFilter) if isinstance(name, str) and self._is_relation(name) else name
            for name in super().get_list_filter(request)
        ]

    def _is_relation(self, path: str) -> bool:
        model: Any = self.model
        for step in path.split("__"):
            try:
                field = model._meta.get_field(step)
            except FieldDoesNotExist:
                return False
            model = field.related_model
        return bool(field.is_relation)


class ReadOnlyAdmin(DivisionScopedAdmin):
    """A table that the admin shows and never changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False


class _DivisionScopedInline(_LimitsChoices, Inline):
    """
    Rows within the page of another row: whoever may change that one may change these.

    Where the rows have divisions of their own, name the way in `division_path`: only the person's own are shown.
    """

    division_path: ClassVar[str | None] = None
    extra = 0

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.division_path is None:
            return rows
        mine = divisions_where(_user(request), self.permission, Permission.AUDIT)
        return rows.filter(**{f"{self.division_path}__in": mine})

    def _parent_admin(self) -> DivisionScopedAdmin:
        return cast("DivisionScopedAdmin", self.admin_site.get_model_admin(self.parent_model))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._parent_admin().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        parent = self._parent_admin()
        if self.division_path:
            return parent.may(request, self.permission)
        return parent.may(request, self.permission, row=obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.has_change_permission(request, obj)


class _NamedDeletion(InlineFormSet):
    """Rows whose box to delete them says so by itself: its column's heading is no label of it."""

    def get_deletion_widget(self) -> Any:  # type: ignore[override]  # the stubs take it for a class method
        return CheckboxInput(attrs={"aria-label": _("Delete")})


class DivisionScopedTabular(_DivisionScopedInline, TabularInline):
    """Rows within the page of another row, one line each."""

    formset = _NamedDeletion

    def formfield_for_dbfield(self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Give each input the name that stands above its column."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            getattr(field.widget, "widget", field.widget).attrs["aria-label"] = capfirst(field.label)
        return field


class DivisionScopedStacked(_DivisionScopedInline, StackedInline):
    """Rows within the page of another row, one below the other."""


def _user(request: HttpRequest) -> Any:
    return request.user


def _is_autocomplete(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"
