"""Which rewards that wait in a batch are no longer owed, by what has become known since they went in."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from commissions.models import BatchLine
from commissions.queries.judging import IS_TAKEN_BACK, JUDGING, params_of
from commissions.states import LineStatus
from foundation.divisions.models import Division
from foundation.now import today

CHUNK = 10_000
"""Rewards a statement, as many as the nightly run decides about at once."""
NOT_OWED = f"SELECT decided.id FROM decided WHERE {IS_TAKEN_BACK} ORDER BY decided.id"  # noqa: S608  # texts of ours


def rewards_no_longer_owed(lines: QuerySet[BatchLine]) -> list[int]:
    """
    Return the rewards, of those that some payments not sent yet would pay, of which nothing or less is owed today.

    What is in a batch is taken back by nobody before its outcome is known: whoever approves one has to ask. What corrects
    a reward was decided by people, and is not asked about.
    """
    rewards = lines.filter(status=LineStatus.PENDING, dispute=None).order_by("reward_id")
    divisions = Division.objects.filter(pk__in=rewards.order_by().values("reward__division"))
    days: list[dict[str, Any]] = [
        {"division_id": one.pk, "as_of": today(one).isoformat(), "seen_until": None} for one in divisions
    ]
    return list(_not_owed(list(rewards.values_list("reward_id", flat=True)), days))


def _not_owed(ids: list[int], days: list[dict[str, Any]]) -> Iterator[int]:
    statement = JUDGING.format(scope="reward.id = ANY(%(rewards)s)") + NOT_OWED
    params = params_of(days)
    with connection.cursor() as cursor:
        for first in range(0, len(ids), CHUNK):
            cursor.execute(statement, {**params, "rewards": ids[first : first + CHUNK]})
            yield from (reward_id for (reward_id,) in cursor.fetchall())
