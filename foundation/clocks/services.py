"""
Start, pause, go on, stop and retarget stopwatches; find which have reached a threshold.

The moves take rows of one table that are locked, several at once, and save them and their segments in a few statements
however many there are. All happen in the transaction of whoever calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import Q, prefetch_related_objects

from foundation.clocks.models import Segment, Spell, Stopwatch, hours_of
from foundation.clocks.states import WatchStatus
from foundation.events.facts import Fact
from foundation.events.services import publish_many
from foundation.people.models import User

Watch = TypeVar("Watch", bound=Stopwatch)

MOST_PERCENT = 32_767
"""What its column holds."""
TIMING = ["moments", "passed", "next_at", "due_at", "hours_digest", "counted"]


def start(watches: Sequence[Watch], *, at: datetime, by: User | None) -> None:
    """Save new stopwatches, running from an instant on."""
    firsts = []
    for watch in watches:
        first = _segment(watch, is_running=True, begun_at=at, by=by)
        watch.run([first])
        firsts.append(first)
    if watches:
        model = type(watches[0])
        model._default_manager.bulk_create(watches)  # noqa: SLF001  # the name Django gives it
        for watch, first in zip(watches, firsts, strict=True):
            setattr(first, _key_of(model), watch)
        segments_of(model).objects.bulk_create(firsts)


def pause(watches: Sequence[Watch], *, reason: str, at: datetime, by: User | None) -> None:
    """
    Pause running stopwatches, for a reason.

    :raises NotAllowed: if one does not run
    """
    _turn(watches, Stopwatch.pause, at=at, by=by, running=False, reason=reason)


def resume(watches: Sequence[Watch], *, at: datetime, by: User | None, reason: str = "") -> None:
    """
    Let paused or stopped stopwatches go on; the time since a stop does not count.

    :raises NotAllowed: if one runs
    """
    _turn(watches, Stopwatch.run, at=at, by=by, running=True, reason=reason)


def stop(watches: Sequence[Watch], *, at: datetime, by: User | None) -> None:
    """
    Stop stopwatches: what they waited for has happened.

    :raises NotAllowed: if one is stopped
    """
    _turn(watches, Stopwatch.stop, at=at, by=by, running=None)


def retarget(watches: Sequence[Watch], *, at: datetime) -> None:
    """
    Save a new target, calendar, zone or shares, set in memory, and compute everything anew from the segments.

    What has elapsed and what was paused stays; a share that is reached by the new measure and was not told yet is told
    by the next sweep.
    """
    if watches:
        prefetch_related_objects(watches, "segments")
        for watch in watches:
            watch.time(watch.stretches, at=at)
        fields = ["calendar", "zone", "target", "shares", *TIMING]
        type(watches[0])._default_manager.bulk_update(watches, fields)  # noqa: SLF001


def relive(watch: Watch, spells: Iterable[Spell], *, at: datetime) -> None:
    """
    Give a saved stopwatch another past, and let it stand as its last spell says.

    A pause that it had before keeps how much of the target was used up when it began.

    :param spells: in their order; the last may go on
    """
    model = type(watch)
    table = segments_of(model)
    mine = table.objects.filter(**{_key_of(model): watch})
    used = dict(mine.values_list("begun_at", "at_percent"))
    mine.delete()
    segments = [
        _segment(
            watch, is_running=spell.is_running, reason=spell.reason, begun_at=spell.begun_at, ended_at=spell.ended_at,
            by_id=spell.by_id, at_percent=used.get(spell.begun_at, 0),
        )
        for spell in spells
    ]  # fmt: skip
    table.objects.bulk_create(segments)
    getattr(watch, "_prefetched_objects_cache", {}).pop("segments", None)
    goes_on = segments[-1] if segments and segments[-1].ended_at is None else None
    standing = WatchStatus.RUNNING if goes_on and goes_on.is_running else WatchStatus.PAUSED
    watch.stand(standing if goes_on else WatchStatus.STOPPED)
    watch.save(update_fields=["status"])
    retarget([watch], at=at)


def _turn(  # noqa: PLR0913  # each part of a move has a name
    watches: Sequence[Watch],
    move: Any,
    *,
    at: datetime,
    by: User | None,
    running: bool | None,
    reason: str = "",
) -> None:
    if not watches:
        return
    prefetch_related_objects(watches, "segments")
    model = type(watches[0])
    ended, begun = [], []
    for watch in watches:
        stretches = watch.stretches
        last = stretches[-1] if stretches else None
        since = max(at, last.ended_at or last.begun_at) if last else at
        if last and last.ended_at is None:
            last.ended_at = since
            ended.append(last)
        if running is not None:
            used = min(watch.percent(since), MOST_PERCENT)
            begun.append(_segment(watch, is_running=running, reason=reason, begun_at=since, by=by, at_percent=used))
            stretches.append(begun[-1])
        move(watch, stretches)
    segments = segments_of(model).objects
    segments.bulk_update(ended, ["ended_at"])
    segments.bulk_create(begun)
    model._default_manager.bulk_update(watches, ["status", *TIMING])  # noqa: SLF001
    for watch in watches:
        getattr(watch, "_prefetched_objects_cache", {}).pop("segments", None)


def segments_of(model: type[Stopwatch]) -> Any:
    """Return the table of a stopwatch's segments."""
    return _link(model).related_model


def _link(model: type[Stopwatch]) -> Any:
    fields: Any = model._meta
    return fields.get_field("segments")


def _key_of(model: type[Stopwatch]) -> str:
    return str(_link(model).field.name)


def _segment(watch: Stopwatch, **values: Any) -> Segment:
    made: Segment = segments_of(type(watch))(**{_key_of(type(watch)): watch}, **values)
    return made


CROSSING = """
    WITH due AS MATERIALIZED (
        SELECT id AS due_id, moments AS of, passed AS told FROM {table} WHERE next_at <= %(at)s
        ORDER BY next_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE {table} watch SET passed = reached.count, next_at = watch.moments[reached.count + 1]
        FROM due CROSS JOIN LATERAL (
            SELECT count(*)::int AS count FROM unnest(due.of) AS moment WHERE moment <= %(at)s
        ) AS reached
        WHERE watch.id = due.due_id
        RETURNING watch.*, due.told
    ), crossed AS (
        SELECT moved.*, threshold.share, threshold.moment
        FROM moved
        CROSS JOIN LATERAL unnest(moved.shares, moved.moments) WITH ORDINALITY AS threshold (share, moment, number)
        WHERE threshold.number > moved.told AND threshold.number <= moved.passed
    ), facts AS ({facts})
"""
COUNTING = "SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM crossed)"


def sweep(  # noqa: PLR0913  # each part of a sweep has a name
    model: type[Stopwatch],
    facts: str,
    params: Mapping[str, Any] | None = None,
    *,
    kinds: Iterable[type[Fact]],
    at: datetime,
    most: int,
) -> int:
    """
    Note which stopwatches have reached a threshold, with a fact for each, and return how many did; call until it is 0.

    :param facts: a SELECT for `publish_many` from `crossed`, in which a stopwatch's columns stand beside `share` and
        `moment`, once for each threshold that it has passed since the last time
    :param most: stopwatches in one statement
    """
    moving = CROSSING.format(table=model._meta.db_table, facts=facts)
    row = publish_many(moving, {**(params or {}), "at": at, "most": most}, kinds=kinds, counting=COUNTING)
    return int(row[0])


def retime(model: type[Watch], *, at: datetime, most: int, held_with: Sequence[str] = ()) -> list[Watch]:
    """
    Compute anew what other hours have computed, after a calendar or a zone has changed, and return what was.

    What somebody holds is left to the next call: whoever changes it may wait for its stopwatches.

    :param most: stopwatches in one call
    :param held_with: foreign keys to rows that are held before their stopwatches
    """
    by = model._default_manager.filter(status=WatchStatus.RUNNING)  # noqa: SLF001
    known = by.order_by().values_list("calendar_id", "zone", "hours_digest").distinct()
    stale = Q()
    for calendar_id, zone, digest in known:
        if hours_of(calendar_id, zone).digest != digest:
            stale |= Q(calendar=calendar_id, zone=zone, hours_digest=digest)
    if not stale:
        return []
    held = by.filter(stale).order_by("pk").select_for_update(no_key=True, skip_locked=True, of=(*held_with, "self"))
    if held_with:
        held = held.select_related(*held_with)
    watches = cast("list[Watch]", list(held[:most]))
    retarget(watches, at=at)
    return watches
