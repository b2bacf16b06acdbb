"""Teams with their members, when these work, what they can do, and who is absent."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from foundation.divisions.models import Division
from foundation.people.admin import DivisionScopedAdmin, DivisionScopedTabular
from foundation.people.queries import divisions_where, staff_of
from foundation.people.states import Permission
from foundation.worklist.models import Absence, Member, Shift, Skill, Team

if TYPE_CHECKING:
    MemberModelForm = forms.ModelForm[Member]
else:
    MemberModelForm = forms.ModelForm


class MemberForm(MemberModelForm):
    """A member, whose languages are ticked."""

    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=lambda: settings.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("In which they speak and write with customers."),
    )

    class Meta:
        model = Member
        fields = ("team", "user", "capacity", "is_enabled", "languages", "skills")


def _offer_staff(form: Any, divisions: Iterable[Division]) -> None:
    """Let a form choose a person among the staff of some divisions, and whoever is a member of a team already."""
    if field := form.base_fields.get("user"):
        offered = Q(pk__in=staff_of(divisions).values("pk")) | Q(pk__in=Member.objects.values("user"))
        field.queryset = field.queryset.filter(offered)


class MemberInline(DivisionScopedTabular):
    """The members of a team; their hours stand on a page of their own."""

    model = Member
    form = MemberForm
    fields = ("user", "capacity", "is_enabled", "languages", "skills", "hours")
    readonly_fields = ("hours",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user").prefetch_related("skills", "shifts")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Offer those who work in the team's market."""
        formset = super().get_formset(request, obj, **kwargs)
        _offer_staff(formset.form, divisions_where(_user(request), self.permission) if obj is None else [obj.division])
        return formset

    @admin.display(description=_("hours"))
    def hours(self, member: Member) -> str:
        """Say when they work, and lead to where that is changed."""
        if member.pk is None:
            return gettext("after saving")
        said = ", ".join(map(str, member.shifts.all())) or gettext("none: passed over at any hour")
        return format_html('<a href="{}">{}</a>', reverse("admin:worklist_member_change", args=[member.pk]), said)


@admin.register(Team)
class TeamAdmin(DivisionScopedAdmin):
    """A team and its members."""

    list_display = ("name", "division", "is_active", "number_of_members")
    list_filter = ("division", "is_active")
    list_select_related = ("division",)
    search_fields = ("name",)
    fields = ("name", "division", "is_active")
    inlines: ClassVar = [MemberInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("members")

    @admin.display(description=_("members"))
    def number_of_members(self, team: Team) -> int:
        """Count its members."""
        return len(team.members.all())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a team: work was done in it. It is made inactive."""
        del request, obj
        return False


class ShiftInline(DivisionScopedTabular):
    """The hours of a member's week."""

    model = Shift
    fields = ("weekday", "starts", "ends", "zone")


@admin.register(Member)
class MemberAdmin(DivisionScopedAdmin):
    """A member of a team with the hours of their week."""

    division_path = "team__division"
    form = MemberForm
    list_display = ("user", "team", "capacity", "is_enabled", "spoken")
    list_filter = ("team", "is_enabled")
    list_select_related = ("user", "team")
    search_fields = ("user__name", "user__email")
    inlines: ClassVar = [ShiftInline]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Offer those who work in the team's market."""
        form = super().get_form(request, obj, change, **kwargs)
        _offer_staff(form, divisions_where(_user(request), self.permission) if obj is None else [obj.team.division])
        return form

    @admin.display(description=_("languages"))
    def spoken(self, member: Member) -> str:
        """List the codes."""
        return ", ".join(member.languages)


@admin.register(Skill)
class SkillAdmin(DivisionScopedAdmin):
    """What not everybody can do."""

    shows_inherited = True
    list_display = ("code", "__str__", "division")
    list_filter = ("division",)
    list_select_related = ("division",)
    search_fields = ("code", "name")
    fields = ("name", "code", "division")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the code: rules and reports name it."""
        del request
        return ("code",) if obj else ()


@admin.register(Absence)
class AbsenceAdmin(DivisionScopedAdmin):
    """Who does not work, and until when."""

    permission = Permission.MANAGE_PEOPLE
    viewers = (Permission.AUDIT, Permission.ASSIGN_WORK)
    list_display = ("user", "reason", "starts_at", "ends_at", "division", "noted_by")
    list_filter = ("reason", "division")
    list_select_related = ("user", "division", "noted_by")
    search_fields = ("user__name", "user__email")
    fields = ("user", "division", "reason", "starts_at", "ends_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Keep who noted it."""
        if not change:
            obj.noted_by = request.user
        super().save_model(request, obj, form, change)


def _user(request: HttpRequest) -> Any:
    return request.user
