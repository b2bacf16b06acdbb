"""People and their roles, within one's own divisions."""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people import services
from foundation.people.admin.scoped import DivisionScopedAdmin, DivisionScopedTabular
from foundation.people.models import RoleAssignment, User
from foundation.people.queries import divisions_where, few_who_may, may_give, may_manage, people_visible_to
from foundation.people.states import Permission, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    RoleModelForm = forms.ModelForm[RoleAssignment]
    PersonModelForm = forms.ModelForm[User]
else:
    RoleModelForm = PersonModelForm = forms.ModelForm


MOST_NAMED = 5
"""Divisions that are named above the list of people."""


class RoleForm(RoleModelForm):
    """A role in a division, which must be the acting person's to give."""

    acting: User

    class Meta:
        model = RoleAssignment
        fields = ("role", "division")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        role, division = values.get("role"), values.get("division")
        if role and division and self.has_changed() and not may_give(self.acting, Role(role), division):
            self.add_error("role", _("You cannot give this role there."))
        return values


class RoleInline(DivisionScopedTabular):
    """A person's roles in the acting person's divisions; the others stay unseen."""

    model = RoleAssignment
    fk_name = "user"
    form = RoleForm
    permission = Permission.MANAGE_PEOPLE
    division_path = "division"

    def get_formset(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> Any:
        acting = type("RoleForm", (RoleForm,), {"acting": request.user})
        return super().get_formset(request, obj, **{**kwargs, "form": acting})

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is not None and self._parent_admin().may(request, self.permission)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False  # a role is given or taken, not turned into another

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del obj
        return self._parent_admin().may(request, self.permission)


class InvitationForm(PersonModelForm):
    """A new person with a first role."""

    acting: User
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    division = forms.ModelChoiceField(label=gettext_lazy("Division"), queryset=Division.objects.none())

    class Meta:
        model = User
        fields = ("email", "name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = cast("forms.ModelChoiceField[Division]", self.fields["division"])
        choices.queryset = divisions_where(self.acting, Permission.MANAGE_PEOPLE)

    def clean_email(self) -> str:
        """Keep addresses in lower case, as people are found by them."""
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise ValidationError(_("Somebody signs in with this address already."))
        return email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        role, division = values.get("role"), values.get("division")
        if role and division and not may_give(self.acting, Role(role), division):
            self.add_error("role", _("You cannot give this role there."))
        return values


class ConfirmedFilter(admin.SimpleListFilter):
    """People by whether two others answer for them, as the column has it."""

    title = gettext_lazy("confirmed")
    parameter_name = "confirmed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        del request, model_admin
        return [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("Not yet"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        del request
        is_confirmed = models.Q(confirmed_at__isnull=False) | models.Q(is_superuser=True)
        wanted = {"yes": is_confirmed, "no": ~is_confirmed}.get(self.value() or "")
        return queryset.filter(wanted) if wanted else queryset


@admin.register(User)
class PersonAdmin(DivisionScopedAdmin):
    """
    People who hold a role in one's divisions.

    No password is ever typed here: a person sets it by a link that they are sent. Nobody is deleted, only deactivated.
    """

    permission = Permission.MANAGE_PEOPLE
    asks_who_it_is = True
    list_display = ("email", "name", "roles_here", "has_second_factor", "is_confirmed", "is_active", "last_login")
    list_filter = ("is_active", ConfirmedFilter)
    search_fields = ("email", "name")
    change_list_template = "people/people.html"
    actions = ("confirm", "send_link", "sign_out_everywhere", "take_off_second_factor", "deactivate", "activate")

    # Whom one sees.

    def _of(
        self,
        rows: models.QuerySet[Any],
        request: HttpRequest,
        divisions: models.QuerySet[Division],
        permissions: tuple[Permission, ...],
    ) -> models.QuerySet[Any]:
        del divisions
        return rows.filter(pk__in=people_visible_to(cast("User", request.user), *permissions).values("pk"))

    def may(self, request: HttpRequest, *permissions: Permission, row: models.Model | None = None) -> bool:
        if row is None or row.pk is None:
            return super().may(request, *permissions)
        return people_visible_to(cast("User", request.user), *permissions).filter(pk=row.pk).exists()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        mine = divisions_where(cast("User", request.user), self.permission, *self.viewers)
        shown = models.Prefetch(
            "roles", RoleAssignment.objects.filter(division__in=mine).select_related("division"), to_attr="shown_roles"
        )
        factors = Authenticator.objects.filter(user=models.OuterRef("pk"), type=Authenticator.Type.TOTP)
        people: models.QuerySet[Any] = super().get_queryset(request).prefetch_related(shown)
        return cast("models.QuerySet[Any]", people.annotate(has_factor=models.Exists(factors)))

    @admin.display(description=gettext_lazy("roles"))
    def roles_here(self, person: Any) -> str:
        """Name the roles that lie in the viewer's divisions."""
        return "; ".join(str(held) for held in person.shown_roles)

    @admin.display(description=gettext_lazy("second factor"), boolean=True)
    def has_second_factor(self, person: Any) -> bool:
        """Tell whether an authenticator app is set up."""
        return bool(person.has_factor)

    @admin.display(description=gettext_lazy("confirmed"), boolean=True)
    def is_confirmed(self, person: Any) -> bool:
        """Tell whether two people answer for this one, so that they count as a second pair of eyes."""
        return bool(person.confirmed_at or person.is_superuser)

    @admin.display(description=gettext_lazy("let in by"))
    def let_in(self, person: User) -> str:
        """Name who has let this person in, and so does not confirm them."""
        return ", ".join(map(str, person.let_in_by.order_by("name", "pk"))) or "–"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Say above the list where too few may answer disputes for an appeal to be answered by somebody else."""
        few = few_who_may(cast("User", request.user), Permission.ANSWER_DISPUTES)
        return super().changelist_view(
            request, {**(extra_context or {}), "few": few[:MOST_NAMED], "more": few[MOST_NAMED:]}
        )

    # One person.

    def get_inlines(self, request: HttpRequest, obj: models.Model | None) -> list[Any]:
        del request
        return [RoleInline] if obj else []

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        del request
        if obj is None:
            return ("email", "name", "language", "role", "division")
        return (
            "email",
            "name",
            "language",
            "is_active",
            "joined_at",
            "last_login",
            "confirmed_at",
            "confirmed_by",
            "let_in",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        if obj is None:
            return ()
        fixed = ("email", "is_active", "joined_at", "last_login", "confirmed_at", "confirmed_by", "let_in")
        is_mine = may_manage(cast("User", request.user), cast("User", obj))
        return fixed if is_mine else (*fixed, "name", "language")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        if obj is None:
            return self.proved(request, type("InvitationForm", (InvitationForm,), {"acting": request.user}))
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        del request, obj
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Invite a new person and send them a link, or save what is known of one."""
        if change:
            super().save_model(request, obj, form, change)
            return
        values = form.cleaned_data
        invited = services.invite_person(
            values["email"],
            role=Role(values["role"]),
            division=values["division"],
            name=values["name"],
            language=values["language"],
            by=cast("User", request.user),
        )
        obj.pk, obj._state.adding = invited.pk, False  # noqa: SLF001  # the form goes on with the row that was made
        request_password_reset(request, invited.email, [invited], None)
        if not cast("User", request.user).is_superuser:
            said = _(
                "Before %(name)s counts as a second pair of eyes, somebody else who manages people confirms them here."
            )
            self.message_user(request, said % {"name": invited}, messages.INFO)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001  # Django's signature
        """Give and take roles by the services, which keep who did it."""
        del change
        formset.save(commit=False)
        acting, person = cast("User", request.user), form.instance
        for held in formset.deleted_objects:
            self._or_say(request, partial(services.take_role, person, held.role, held.division, by=acting))
        for held in formset.new_objects:
            self._or_say(request, partial(services.give_role, person, held.role, held.division, by=acting))

    def _or_say(self, request: HttpRequest, change: "Callable[[], object]") -> bool:
        try:
            change()
        except NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        return True

    # Several people.

    @admin.action(
        description=gettext_lazy("Confirm: I know this person, and who let them in is somebody else"),
        permissions=["change"],
    )
    def confirm(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Let people count as a second pair of eyes."""
        self._for_each(request, people, services.confirm_person)

    def _for_each(self, request: HttpRequest, people: models.QuerySet[User], change: "Callable[..., object]") -> None:
        acting = cast("User", request.user)
        done = [
            self.log_change(request, person, str(change.__name__))
            for person in people
            if self._or_say(request, partial(change, person, by=acting))
        ]
        if done:
            told = ngettext("Done for one person.", "Done for %(count)s people.", len(done)) % {"count": len(done)}
            self.message_user(request, told)

    @admin.action(description=gettext_lazy("Send a link to set a password"), permissions=["change"])
    def send_link(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Send each person the message that *Forgot your password* sends, to whom one may manage."""

        def send_link(person: User, *, by: User) -> None:
            if not may_manage(by, person):
                raise NotAllowed(_("You cannot send this person a link."), code="not_permitted")
            request_password_reset(request, person.email, [person], None)

        self._for_each(request, people.filter(is_active=True), send_link)

    @admin.action(description=gettext_lazy("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """End all sessions."""
        self._for_each(request, people, services.sign_out_everywhere)

    @admin.action(description=gettext_lazy("Take off the second factor (a lost phone)"), permissions=["change"])
    def take_off_second_factor(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Let people set up a new second factor."""
        self._for_each(request, people, services.take_off_second_factor)

    @admin.action(description=gettext_lazy("Deactivate: sign in no more"), permissions=["change"])
    def deactivate(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Deactivate people and end their sessions."""
        self._for_each(request, people, services.deactivate_person)

    @admin.action(description=gettext_lazy("Activate: sign in again"), permissions=["change"])
    def activate(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Activate people."""
        self._for_each(request, people, services.activate_person)
