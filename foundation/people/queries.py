"""Who may see and do what, and where."""

from collections.abc import Collection, Iterable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from foundation.divisions.models import Brand, Division, Site
from foundation.people.models import RoleAssignment, User
from foundation.people.states import RANK, ROLE_PERMISSIONS, STAFF_ROLES, WORKING_ROLES, Permission, Role

Person = User | AnonymousUser


def roles_of(user: Person) -> tuple[RoleAssignment, ...]:
    """Return a person's roles with their divisions; read once per person and request."""
    return () if isinstance(user, AnonymousUser) else user.held_roles


def is_staff_member(user: Person) -> bool:
    """Tell whether a person may open staff pages, and so needs a second factor."""
    return bool(user.is_superuser) or any(held.role in STAFF_ROLES for held in roles_of(user))


def roles_granting(permission: Permission) -> frozenset[Role]:
    """Return the roles that include a permission."""
    return frozenset(role for role, granted in ROLE_PERMISSIONS.items() if permission in granted)


def divisions_where(user: Person, *permissions: Permission) -> QuerySet[Division]:
    """Return the divisions in which a person has one of these permissions: where they hold such a role, and below."""
    return _divisions_below(user, [top.pk for top in _tops(user, permissions)])


def divisions_within_sight(user: Person, *permissions: Permission) -> QuerySet[Division]:
    """Return the divisions in which a person has one of these permissions, and those from which these inherit."""
    tops = _tops(user, permissions)
    above = {ancestor for top in tops for ancestor in top.lineage}
    return _divisions_below(user, [top.pk for top in tops]) | Division.objects.filter(pk__in=above)


def _tops(user: Person, permissions: Collection[Permission]) -> list[Division]:
    granting = {role for permission in permissions for role in roles_granting(permission)}
    return [held.division for held in roles_of(user) if held.role in granting]


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


def may_be_given_work(user: Person, division: Division) -> bool:
    """Tell whether a person may work on something in a division that was handed to them: staff, and no mere auditor."""
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return True
    return any(held.role in WORKING_ROLES and held.division_id in division.lineage for held in roles_of(user))


def unconfirmed(people: Iterable[int | None]) -> list[User]:
    """
    Return by name those of some people who count for no pair of eyes yet: one person alone has let them in.

    :param people: by id; None stands for what was done by itself
    """
    concerned = User.objects.filter(pk__in={pk for pk in people if pk}, confirmed_at=None, is_superuser=False)
    return list(concerned.order_by("name", "pk"))


def why_no_second_person(user: User, makers: Iterable[int | None]) -> str:
    """
    Say why a person is not known to be somebody else than those whose work they would approve; empty: they are.

    :param makers: who did it, by id; None stands for what was done by itself
    """
    doubtful = unconfirmed([user.pk, *makers])
    if not doubtful:
        return ""
    if user in doubtful:
        return _(
            "One person alone has let you in so far. Somebody else who manages people has to confirm you first, under "
            "“People”."
        )
    return _(
        "One person alone has let %(name)s in so far, who has worked on this. Somebody else who manages people has to "
        "confirm them first, under “People”."
    ) % {"name": doubtful[0]}


def role_in(user: User, division: Division | None) -> str:
    """Return the role in which a person acts in a division: of several the one that may do most; empty without any."""
    there = [Role(held.role) for held in roles_of(user) if division is None or held.division_id in division.lineage]
    return max(there, key=lambda role: len(ROLE_PERMISSIONS[role]), default="")


def can_everywhere(user: Person, *permissions: Permission) -> bool:
    """Tell whether a person has one of these permissions at the top of the tree, and so for what has no division."""
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return True
    return any(top.parent_id is None for top in _tops(user, permissions))


def may_give(user: Person, role: Role, division: Division) -> bool:
    """Tell whether a person may give and take a role in a division: they manage people there, and stand no lower."""
    if isinstance(user, User) and user.is_active and user.is_superuser:
        return True
    there = [Role(held.role) for held in roles_of(user) if held.division_id in division.lineage]
    manages = any(Permission.MANAGE_PEOPLE in ROLE_PERMISSIONS[mine] for mine in there)
    return manages and max(RANK[mine] for mine in there) >= RANK[Role(role)]


def may_manage(user: Person, person: User) -> bool:
    """Tell whether a person may change or deactivate another: all roles of the other must be theirs to take."""
    if person.is_superuser and not user.is_superuser:
        return False
    held = list(person.roles.select_related("division"))
    if not held:
        return can_everywhere(user, Permission.MANAGE_PEOPLE)
    return all(may_give(user, Role(assignment.role), assignment.division) for assignment in held)


def people_visible_to(user: Person, *permissions: Permission) -> QuerySet[User]:
    """Return the people who hold a role where a person has a permission; those without any role, at the top only."""
    mine = Q(pk__in=RoleAssignment.objects.filter(division__in=divisions_where(user, *permissions)).values("user"))
    return User.objects.filter(mine | Q(roles=None) if can_everywhere(user, *permissions) else mine)


def staff_of(divisions: Iterable[Division]) -> QuerySet[User]:
    """Return the active people who hold a role of staff in any of some divisions, or above it."""
    lineages = {pk for division in divisions for pk in division.lineage}
    held = Q(roles__role__in=STAFF_ROLES, roles__division_id__in=lineages)
    return User.objects.filter(held, is_active=True).distinct()


def colleagues(division: Division, permission: Permission) -> QuerySet[User]:
    """Return the active people who have a permission in a division, to give work to."""
    granting = roles_granting(permission)
    held = Q(roles__role__in=granting, roles__division_id__in=division.lineage)
    return User.objects.filter(held, is_active=True).distinct()


def few_who_may(user: Person, permission: Permission, *, fewest: int = 2) -> list[tuple[Division, int]]:
    """
    Return the active divisions whose people a person manages in which fewer than so many may do something, and how many.

    A role above counts below. Where a division lacks people, those below it that lack as many are not named again.
    """
    granting = roles_granting(permission)
    holders: dict[int, set[int]] = {}
    held = RoleAssignment.objects.filter(role__in=granting, user__is_active=True).values_list("division", "user")
    for division_id, user_id in held:
        holders.setdefault(division_id, set()).add(user_id)
    found: dict[int, tuple[Division, int]] = {}
    for division in divisions_where(user, Permission.MANAGE_PEOPLE).filter(is_active=True).order_by("lineage"):
        count = len(set().union(*(holders.get(pk, set()) for pk in division.lineage)))
        above = next((found[pk][1] for pk in reversed(division.lineage[:-1]) if pk in found), None)
        if count < fewest and count != above:
            found[division.pk] = division, count
    return list(found.values())


def supervisors_of(division: Division) -> list[User]:
    """Return by name who supervises a division: the active people in that role there; where nobody is, all who give out work."""
    give_out_work = colleagues(division, Permission.ASSIGN_WORK).order_by("name", "pk")
    supervise = Q(roles__role=Role.SUPERVISOR, roles__division_id__in=division.lineage)
    return list(give_out_work.filter(supervise)) or list(give_out_work)


MARKET_PERMISSIONS = (Permission.CONFIGURE, Permission.AUDIT)
"""Who is shown brands, sites and mailboxes in the admin."""


def may_send_from(user: User, address: str) -> bool:
    """
    Tell whether a person may let a brand send from an address: it is nobody's whom they do not know, nor is its domain.

    A domain belongs to whose site or sender is there, above it or below it. One that a market of theirs, or one above,
    shares with others is theirs as well.
    """
    known = divisions_within_sight(user, *MARKET_PERMISSIONS)
    others = Division.objects.exclude(pk__in=known)
    domain = address.rpartition("@")[2].lower()
    is_taken = Brand.objects.filter(division__in=others, email__iexact=address).exists()
    is_of_others = _is_among(domain, _domains_of(others)) and not _is_among(domain, _domains_of(known))
    return not (is_taken or is_of_others)


def _domains_of(divisions: QuerySet[Division]) -> set[str]:
    hosts = Site.objects.filter(division__in=divisions).exclude(host="*").values_list("host", flat=True)
    senders = Brand.objects.filter(division__in=divisions).exclude(email="").values_list("email", flat=True)
    return {one.rpartition("@")[2].lower() for one in (*hosts, *senders)}


def _is_among(domain: str, domains: set[str]) -> bool:
    return any(f".{one}".endswith(f".{domain}") or f".{domain}".endswith(f".{one}") for one in domains)


def has_authenticator_app(user: User) -> bool:
    """Tell whether a person has set up a second factor: an authenticator app."""
    return bool(is_mfa_enabled(user, [Authenticator.Type.TOTP]))
