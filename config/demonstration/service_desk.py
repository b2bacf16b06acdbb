"""The demonstration's service desk: teams of the people who are there, their hours, and where tickets go."""

from collections.abc import Iterable
from datetime import time
from typing import Any

from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.weekdays import Weekday
from foundation.worklist.models import Member, Shift, Skill, Team
from tickets.models import RoutingRow, RoutingVersion
from tickets.services import put_routing_in_force, start_routing_version

ALL_WEEK = tuple(Weekday)
WORKING_DAYS = tuple(Weekday)[:5]


def load_service_desk(root: Division) -> None:
    """Make teams and a routing procedure where there are none."""
    if Team.objects.exists():
        return
    fibre = Skill.objects.create(
        division=root, code="business-fiber", name=Texts(en="Business fiber", es="Fibra para empresas")
    )
    modems = Skill.objects.create(
        division=root, code="cable-modems", name=Texts(en="Cable modems", es="Módems de cable")
    )
    franchise = Division.objects.get(code=FRANCHISE)
    first = Team.objects.create(division=root, name="First line")
    second = Team.objects.create(division=root, name="Second line")
    local = Team.objects.create(division=franchise, name="Juniper Hollow desk")
    _join(first, "csr@larkspur.example", 20, ("en", "es"), (modems,), ALL_WEEK, (7, 23))
    _join(second, "supervisor@larkspur.example", 10, ("en",), (fibre, modems), WORKING_DAYS, (9, 18))
    _join(local, "csr@juniper.example", 12, ("en",), (modems,), ALL_WEEK, (8, 20))
    _write_procedure(root, first=first, second=second, local=local, franchise=franchise, fibre=fibre)


def _join(  # noqa: PLR0913, PLR0917  # who, with what, when
    team: Team,
    email: str,
    capacity: int,
    languages: Iterable[str],
    skills: Iterable[Skill],
    days: Iterable[Weekday],
    hours: tuple[int, int],
) -> None:
    user = User.objects.get(email=email)
    member = Member.objects.create(team=team, user=user, capacity=capacity, languages=list(languages))
    member.skills.set(skills)
    starts, ends = (time(hour) for hour in hours)
    Shift.objects.bulk_create(Shift(member=member, weekday=day, starts=starts, ends=ends) for day in days)


def _write_procedure(  # noqa: PLR0913  # the teams by their names
    root: Division, *, first: Team, second: Team, local: Team, franchise: Division, fibre: Skill
) -> None:
    if RoutingVersion.objects.filter(division=root).exists():
        return
    operator = User.objects.get(email="operator@larkspur.example")
    version = start_routing_version(root, by=operator)
    version.note = "The first one"
    version.save(update_fields=["note"])
    rows: list[tuple[dict[str, Any], list[Skill], list[Division]]] = [
        ({"name": "Complaints", "types": ["complaint"], "priority": "p2", "team": second, "fallback_team": first,
          "fallback_minutes": 30}, [], []),
        ({"name": "Business internet", "customer_kinds": ["business"], "families": ["internet"], "team": second,
          "fallback_team": first, "fallback_minutes": 15}, [fibre], []),
        ({"name": "Juniper Hollow", "team": local, "fallback_team": first, "fallback_minutes": 15}, [], [franchise]),
        ({"name": "The rest", "team": first, "fallback_team": second, "fallback_minutes": 20}, [], []),
    ]  # fmt: skip
    for position, (fields, skills, divisions) in enumerate(rows, start=1):
        row = RoutingRow.objects.create(version=version, position=position * 10, **fields)
        row.skills.set(skills)
        row.divisions.set(divisions)
    put_routing_in_force(version.pk, by=operator)
