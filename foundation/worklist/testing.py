"""Make teams whose members work at all hours, unless told otherwise."""

from collections.abc import Collection
from datetime import time
from itertools import count

from foundation.divisions.models import Division, Texts
from foundation.divisions.testing import make_division
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from foundation.weekdays import Weekday
from foundation.worklist.models import Member, Shift, Skill, Team

_numbers = count(1)


def make_team(division: Division | None = None, *, name: str = "", members: int = 0) -> Team:
    """Make a team, with so many members who can do everything that needs no skill."""
    team = Team.objects.create(division=division or make_division(), name=name or f"Team {next(_numbers)}")
    for _each in range(members):
        make_member(team)
    return team


def make_member(
    team: Team,
    user: User | None = None,
    *,
    capacity: int = 100,
    skills: Collection[Skill] = (),
    languages: Collection[str] = ("en",),
    works_always: bool = True,
) -> Member:
    """Make a member, a new CSR of the team's division unless somebody is named."""
    user = user or make_person(Role.CSR, team.division, has_second_factor=False)
    member = Member.objects.create(team=team, user=user, capacity=capacity, languages=list(languages))
    member.skills.set(skills)
    if works_always:
        midnight = time()
        Shift.objects.bulk_create(Shift(member=member, weekday=day, starts=midnight, ends=midnight) for day in Weekday)
    return member


def make_skill(code: str = "", *, division: Division | None = None) -> Skill:
    """Make a skill that is called by its code."""
    code = code or f"skill-{next(_numbers)}"
    return Skill.objects.create(division=division or make_division(), code=code, name=Texts(en=code))
