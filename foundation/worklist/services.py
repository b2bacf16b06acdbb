"""
Whose turn it is in a team, and who is absent.

Claiming, laying back and handing over are moves of `WorkItem`: whether a person may do the work at all, and the facts that
tell of it, are the business of the app that the work belongs to, whose services lock the row and move it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from foundation.worklist.events import AbsenceEnded, AbsenceNoted
from foundation.worklist.models import Absence, Member, Rotation, Team
from foundation.worklist.queries import Load, Turn, Want, roster_of
from foundation.worklist.states import AbsenceReason

# Whose turn it is. -------------------------------------------------------------------------------------------------


def deal(  # noqa: PLR0913  # what the work asks, and when
    team: Team,
    wants: Sequence[Want],
    *,
    at: datetime,
    load: Load,
    permission: Permission | None = None,
    without: User | None = None,
) -> list[Turn]:
    """
    Give the next turns of a team to the first member who can do each piece of work, and say why those before cannot.

    Call it in the transaction that assigns: the rotation is held until that ends, so no two pieces of work get the same
    turn, and a rolled back one gives its turn back. Work that is given by hand takes nobody's turn. The number of
    statements does not depend on how much is dealt.

    :param load: is asked once the rotation is held: so nobody gets more than they carry
    :param without: somebody who is given none of it and loses no turn
    :raises RuntimeError: outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A turn is given in the transaction that assigns.")
    rotation = _held_rotation(team)
    _hold_shared([team])
    roster = roster_of(team, at=at, load=load, permission=permission, position=rotation.position, without=without)
    turns = [roster.take_turn(want) for want in wants]
    if roster.turns:
        rotation.position = roster.position
        rotation.save(update_fields=["position"])
    return turns


def hold_turns(teams: Iterable[Team]) -> None:
    """
    Hold the rotations of several teams in the order of their ids, before the first of them deals.

    Whoever asks one team after the other calls it: two who ask the same teams in another order would wait for each other.
    """
    asked = sorted(teams, key=lambda team: team.pk)
    for team in asked:
        _held_rotation(team)
    _hold_shared(asked)


def _hold_shared(teams: Sequence[Team]) -> None:
    """
    Hold the memberships, in the order of their ids, of whoever is in one of these teams and in another one, too.

    Two teams that deal at once have a rotation each: without this both would find room with the same person.
    """
    people = Member.objects.filter(team__in=teams).values("user")
    counted = Member.objects.filter(user__in=people).order_by().values("user").annotate(teams=Count("pk"))
    memberships = Member.objects.filter(user__in=counted.filter(teams__gt=1).values("user")).order_by("pk")
    list(memberships.select_for_update(no_key=True).values_list("pk", flat=True))


def _held_rotation(team: Team) -> Rotation:
    held = Rotation.objects.select_for_update().filter(team=team)
    if (rotation := held.first()) is not None:
        return rotation
    Rotation.objects.get_or_create(team=team)
    return held.get()


# Who is absent. ----------------------------------------------------------------------------------------------------


@transaction.atomic
def note_absence(user: User, team: Team, *, reason: AbsenceReason, until: datetime | None, by: User) -> Absence:
    """
    Note that a member of a team does not work, in no team, from now on; what they have stays theirs.

    :param until: none: until further notice
    :raises NotAllowed: if the person is no member, it is to end before now, or `by` may not give out work there
    """
    if user != by:
        require(by, Permission.ASSIGN_WORK, team.division)
    if not team.members.filter(user=user).exists():
        raise NotAllowed(_("%(person)s is not in this team.") % {"person": user}, code="no_member", field="user")
    starts_at = now()
    if until is not None and until <= starts_at:
        raise NotAllowed(_("It ends before it begins."), code="order", field="until")
    absence = Absence.objects.create(
        division=team.division, user=user, starts_at=starts_at, ends_at=until, reason=reason, noted_by=by
    )
    fact = AbsenceNoted(absence_id=absence.pk, user_id=user.pk, reason=reason)
    publish(fact, subject=absence, division=absence.division, by=by)
    return absence


@transaction.atomic
def end_absence(absence_id: int, *, by: User) -> Absence:
    """
    Note that somebody works again from now on.

    :raises NotAllowed: if they do already, or `by` may not give out work there
    """
    absence = Absence.objects.select_for_update(no_key=True, of=("self",)).select_related("division").get(pk=absence_id)
    at = now()
    if absence.user_id != by.pk:
        require(by, Permission.ASSIGN_WORK, absence.division)
    if absence.ends_at is not None and absence.ends_at <= at:
        raise NotAllowed(_("This absence is over."), code="over")
    publish(
        AbsenceEnded(absence_id=absence.pk, user_id=absence.user_id), subject=absence, division=absence.division, by=by
    )
    if absence.starts_at >= at:
        absence.delete()
        return absence
    absence.ends_at = at
    absence.save(update_fields=["ends_at"])
    return absence
