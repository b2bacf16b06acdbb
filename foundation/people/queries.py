"""Who may see and do what, and where."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from foundation.divisions.models import Division
from foundation.people.models import RoleAssignment, User
from foundation.people.states import ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role

Person = User | AnonymousUser


def roles_of(user: Person) -> tuple[RoleAssignment, ...]:
    """Return a person's roles with their divisions; read once per person and request."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return ()
    known: tuple[RoleAssignment, ...] | None = getattr(user, "_roles", None)
    if known is None:
        known = tuple(user.roles.select_related("division"))
        user._roles = known  # type: ignore[attr-defined]  # noqa: SLF001  # kept on the row that it describes
    return known


def is_staff_member(user: Person) -> bool:
    """Tell whether a person may open staff pages, and so needs a second factor."""
    return bool(user.is_superuser) or any(held.role in STAFF_ROLES for held in roles_of(user))


def roles_granting(permission: Permission) -> frozenset[Role]:
    """Return the roles that include a permission."""
    return frozenset(role for role, granted in ROLE_PERMISSIONS.items() if permission in granted)


def divisions_where(user: Person, permission: Permission) -> QuerySet[Division]:
    """Return the divisions in which a person has a permission: where they hold such a role, and all below."""
    granting = roles_granting(permission)
    tops = [held.division_id for held in roles_of(user) if held.role in granting]
    return _divisions_below(user, tops)


def divisions_visible_to(user: Person) -> QuerySet[Division]:
    """Return the divisions whose rows a member of staff may see at all."""
    tops = [held.division_id for held in roles_of(user) if held.role in STAFF_ROLES]
    return _divisions_below(user, tops)


def _divisions_below(user: Person, tops: list[int]) -> QuerySet[Division]:
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return Division.objects.all()
    return Division.objects.under(*tops) if tops else Division.objects.none()


def can(user: Person, permission: Permission, division: Division | None = None) -> bool:
    """Tell whether a person has a permission in a division, or, without one, anywhere."""
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return True
    granting = roles_granting(permission)
    return any(
        held.role in granting and (division is None or held.division_id in division.lineage) for held in roles_of(user)
    )


def colleagues(division: Division, permission: Permission) -> QuerySet[User]:
    """Return the active people who have a permission in a division, to give work to."""
    granting = roles_granting(permission)
    held = Q(roles__role__in=granting, roles__division_id__in=division.lineage)
    return User.objects.filter(held, is_active=True).distinct()
