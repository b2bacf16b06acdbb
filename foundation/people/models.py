"""
People who sign in, and the roles that they hold.

Whoever gains or loses a role, or is deactivated, is kept by triggers (`RoleChange`, `UserChange`), with the person who
did it in `pgh_context`: facts are published one floor above, and the database remembers even what a shell did.
"""

from typing import Any, ClassVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.states import ROLE_PERMISSIONS, SETUP_PERMISSIONS, STAFF_ROLES, Role


class UserManager(BaseUserManager["User"]):
    """Make people, whose name for signing in is their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person; without a password nobody can sign in as them until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a person who may do everything in every division."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail address, however it is capitalised."""
        return self.get(email=(username or "").lower())


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange("email", "name", "is_active", "is_superuser")),
    fields=["email", "name", "is_active", "is_superuser"],
    model_name="UserChange",
)
class User(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Of the pages; empty: the browser's.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"), default=now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, editable=False)
    """
    Since when two people know this one: who let them in, and who confirmed them (`services.confirm_person`).

    Until then nothing that they do counts as a second pair of eyes, nor what others approve of theirs.
    """
    confirmed_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("confirmed by")
    )
    let_in_by = models.ManyToManyField(
        "self", symmetrical=False, editable=False, related_name="+", verbose_name=_("let in by")
    )
    """
    Everybody who has invited them, given them a role, let them back or taken off their second factor, whatever they hold now.

    None of these confirms them. Only who lets somebody in anew who was confirmed stands here alone (`services._let_in_anew`).
    """

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering: ClassVar = ["email"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="email_in_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("pk")),
                name="confirmed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def held_roles(self) -> "tuple[RoleAssignment, ...]":
        """The roles of an active person with their divisions; read once per request, forgotten by `forget_roles`."""
        return tuple(self.roles.select_related("division")) if self.is_active else ()

    def forget_roles(self) -> None:
        """Read the roles again at the next question: they were changed."""
        self.__dict__.pop("held_roles", None)

    @property
    def is_staff(self) -> bool:
        """Whether this person may open the admin: Django asks for it, the permission matrix answers."""
        granted = (ROLE_PERMISSIONS[Role(held.role)] for held in self.held_roles)
        return self.is_active and (self.is_superuser or any(SETUP_PERMISSIONS & permissions for permissions in granted))

    def get_full_name(self) -> str:
        """Return the name to show, as Django's admin asks for it."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the name to greet by."""
        return self.name.split(" ")[0] or self.email


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="RoleChange")
class RoleAssignment(models.Model):
    """A role that a person holds in a division and all below it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="roles", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    given_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("given by")
    )
    """None where no person gave it, or the person is no more."""

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "role", "division"], name="one_role_per_division"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.division}"

    @property
    def is_staff_role(self) -> bool:
        """Tell whether this role opens staff pages."""
        return self.role in STAFF_ROLES


class Attempts(models.Model):
    """How often somebody did what is limited, in the window that is open now; `throttles` writes it."""

    key = models.CharField(max_length=32, primary_key=True)
    count = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("attempts")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.count} until {self.until}"


class UserRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
