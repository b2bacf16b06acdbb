"""Who works now, and whose turn it is."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.people.models import RoleAssignment, User
from foundation.people.queries import divisions_visible_to, roles_granting
from foundation.people.states import Permission
from foundation.worklist.models import Absence, Member, Rotation, Shift, Skill, Team
from foundation.worklist.states import Obstacle

Load = Callable[[Collection[int]], Mapping[int, int]]
"""How many open pieces of work people have, by their id; who is missing has none. Asked while a rotation is held."""


def teams_visible_to(user: User) -> QuerySet[Team]:
    """Return the teams of a person's divisions."""
    return Team.objects.filter(division__in=divisions_visible_to(user)).select_related("division")


def teams_serving(division: Division) -> QuerySet[Team]:
    """Return the teams that work for a division: its own, and those of the divisions above it."""
    return Team.objects.filter(division__in=division.lineage, is_active=True).select_related("division")


def absences_at(at: datetime) -> QuerySet[Absence]:
    """Return who is absent at an instant."""
    return Absence.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lte=at)


@dataclass(frozen=True, kw_only=True)
class Want:
    """What a piece of work asks of whoever does it."""

    skills: frozenset[Skill] = frozenset()
    language: str = ""
    """As a code, such as es or es-MX; empty: any."""


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """Somebody whose turn it was, and why they were not chosen."""

    user: User
    obstacle: Obstacle
    words: str
    """The reason as a sentence without its subject, in the language of whoever asks."""

    def __str__(self) -> str:
        return f"{self.user} {self.words}"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who is next, and who was passed over before them; nobody, if all were."""

    member: Member | None
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def user(self) -> User | None:
        """The person whose turn it is."""
        return self.member.user if self.member else None


@dataclass(kw_only=True)
class Standing:
    """What is known of a member at an instant."""

    member: Member
    absence: Absence | None = None
    shift: Shift | None = None
    """The hours that they work in at the instant."""
    is_allowed: bool = True
    carried: Counter[int] = field(default_factory=Counter)
    """Open pieces of work that people have, by their id, in all their teams; the rosters that are read together share it."""

    @property
    def load(self) -> int:
        """Open pieces of work that they have, for whichever team."""
        return self.carried[self.member.user.pk]

    @property
    def is_at_work(self) -> bool:
        """Whether they work now, however much they have to do."""
        return not self.obstacles_of_the_hour()

    def obstacles_of_the_hour(self) -> list[tuple[Obstacle, str]]:
        """Return why nothing at all is given to them at the instant, however small."""
        found: list[tuple[Obstacle, str]] = []
        if not self.member.user.is_active:
            found.append((Obstacle.INACTIVE, str(Obstacle.INACTIVE.label)))
        elif not self.is_allowed:
            found.append((Obstacle.NOT_ALLOWED, str(Obstacle.NOT_ALLOWED.label)))
        if not self.member.is_enabled:
            found.append((Obstacle.DISABLED, str(Obstacle.DISABLED.label)))
        if self.absence:
            found.append((Obstacle.ABSENT, _absent_in_words(self.absence)))
        elif self.shift is None:
            found.append((Obstacle.OFF_SHIFT, str(Obstacle.OFF_SHIFT.label)))
        return found

    def obstacle_to(self, want: Want) -> PassedOver | None:
        """Return the first reason why a piece of work is not theirs; none, if it can be."""
        found = [*self.obstacles_of_the_hour(), *self._obstacles_of_the_work(want)]
        return PassedOver(user=self.member.user, obstacle=found[0][0], words=found[0][1]) if found else None

    def _obstacles_of_the_work(self, want: Want) -> list[tuple[Obstacle, str]]:
        found: list[tuple[Obstacle, str]] = []
        if lacking := want.skills - frozenset(self.member.skills.all()):
            names = ", ".join(sorted(map(str, lacking)))
            found.append((Obstacle.SKILL, _("cannot do: %(skills)s") % {"skills": names}))
        if want.language and not speaks(self.member.languages, want.language):
            found.append((Obstacle.LANGUAGE, _("does not speak “%(code)s”") % {"code": want.language}))
        if self.load >= self.member.capacity:
            counts = {"load": self.load, "capacity": self.member.capacity}
            found.append((Obstacle.FULL, _("has %(load)d of at most %(capacity)d") % counts))
        return found


def speaks(languages: Collection[str], wanted: str) -> bool:
    """Tell whether one of some languages is the wanted one, whatever country it is spoken in."""
    return wanted.lower().partition("-")[0] in {code.lower().partition("-")[0] for code in languages}


def _absent_in_words(absence: Absence) -> str:
    """Say until when, and never why: that is between them and who noted it."""
    if absence.ends_at is None:
        return _("is absent until further notice")
    until = date_format(timezone.localtime(absence.ends_at, absence.division.zone), "SHORT_DATETIME_FORMAT")
    return _("is absent until %(until)s") % {"until": until}


@dataclass(kw_only=True)
class Roster:
    """The members of a team at an instant, and whose turn it was last; it turns in memory."""

    standings: Sequence[Standing]
    """By the member's id."""
    position: int = 0
    """Id of the member who had the last turn."""
    is_active: bool = True
    turns: int = field(default=0, init=False)
    """How many were given."""

    def in_turn(self) -> list[Standing]:
        """Return the members in the order of their turns, beginning after the one who had the last."""
        after = [each for each in self.standings if each.member.pk > self.position]
        return [*after, *(each for each in self.standings if each.member.pk <= self.position)]

    def take_turn(self, want: Want) -> Turn:
        """
        Give the next turn to the first who can do the work; all before them have had theirs.

        Whoever gets it carries one more. If nobody can, nobody's turn is lost.
        """
        if not self.is_active:
            return Turn(member=None)
        passed_over: list[PassedOver] = []
        for standing in self.in_turn():
            obstacle = standing.obstacle_to(want)
            if obstacle is None:
                self.position = standing.member.pk
                self.turns += 1
                standing.carried[standing.member.user.pk] += 1
                return Turn(member=standing.member, passed_over=tuple(passed_over))
            passed_over.append(obstacle)
        return Turn(member=None, passed_over=tuple(passed_over))


def roster_of(  # noqa: PLR0913  # what the work asks, and when
    team: Team,
    *,
    at: datetime,
    load: Load,
    permission: Permission | None = None,
    position: int | None = None,
    without: User | None = None,
) -> Roster:
    """
    Read the members of a team as they stand at an instant, in a number of statements that they do not set.

    :param permission: that they must have in the team's division
    :param position: of the rotation, where it is held; else as it is now
    :param without: somebody who is left out
    """
    positions = None if position is None else {team.pk: position}
    (roster,) = rosters_of([team], at=at, load=load, permission=permission, positions=positions, without=without)
    return roster


def rosters_of(  # noqa: PLR0913  # as `roster_of`
    teams: Sequence[Team],
    *,
    at: datetime,
    load: Load,
    permission: Permission | None = None,
    positions: Mapping[int, int] | None = None,
    without: User | None = None,
) -> list[Roster]:
    """
    Read the members of several teams as they stand at an instant, in a number of statements that neither sets.

    What one of the teams gives to somebody counts in the others, too: they carry it once.
    """
    members = Member.objects.filter(team__in=teams).select_related("user").prefetch_related("skills", "shifts")
    absences = absences_at(at).select_related("division").order_by("starts_at")
    members = members.prefetch_related(Prefetch("user__absences", queryset=absences, to_attr="present_absences"))
    members = members.exclude(user=without) if without else members
    by_team: dict[int, list[Member]] = {team.pk: [] for team in teams}
    for member in members.order_by("pk"):
        by_team[member.team_id].append(member)
    user_ids = {member.user_id for of_team in by_team.values() for member in of_team}
    carried = Counter(load(sorted(user_ids)))
    allowed = _where_allowed(user_ids, permission) if permission else None
    if positions is None:
        positions = dict(Rotation.objects.filter(team__in=teams).values_list("team", "position"))
    rosters = []
    for team in teams:
        zone = team.division.zone
        standings = [
            Standing(
                member=member,
                absence=next(iter(member.user.present_absences), None),  # type: ignore[attr-defined]  # as prefetched
                shift=_shift_at(member, at, zone),
                is_allowed=allowed is None or bool(allowed[member.user_id] & set(team.division.lineage)),
                carried=carried,
            )
            for member in by_team[team.pk]
        ]
        rosters.append(Roster(standings=standings, position=positions.get(team.pk, 0), is_active=team.is_active))
    return rosters


def _where_allowed(user_ids: Collection[int], permission: Permission) -> Mapping[int, set[int]]:
    """Return the divisions in which people hold a role that grants a permission; each counts for all below it too."""
    held = RoleAssignment.objects.filter(user__in=user_ids, role__in=roles_granting(permission))
    found: dict[int, set[int]] = defaultdict(set)
    for user_id, division_id in held.values_list("user", "division"):
        found[user_id].add(division_id)
    return found


def _shift_at(member: Member, at: datetime, zone: ZoneInfo) -> Shift | None:
    return next((shift for shift in member.shifts.all() if shift.covers(at, zone)), None)
