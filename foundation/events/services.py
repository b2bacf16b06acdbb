"""Publish facts and deliver them: the one way in which an app hears of what happened in another."""

import contextlib
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import connection, models, transaction
from kombu.pools import producers

from foundation.divisions.models import Division
from foundation.events.facts import HANDLERS, Fact
from foundation.events.models import Delivery, Event
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import role_in

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long a worker has for one delivery before another may take it; every HTTP timeout stays below."""
LONGEST_WAIT = timedelta(minutes=30)
MOST_ATTEMPTS = 30
"""With the waits doubling up to `LONGEST_WAIT`, about twelve hours; then a person is asked."""
PATIENCE = 1.0
"""Seconds after which a worker that claimed several deliveries gives back those that it has not begun."""
NUDGE_PATIENCE = 1.0
"""Seconds that a nudge waits for a broker which is there and does not answer; a worker waits far longer."""
QUIET_AFTER_FAILURE = 10.0
"""Seconds in which nobody is nudged after the broker did not answer: the sweep delivers meanwhile."""
DELIVER = "foundation.events.tasks.deliver_due"
TOLD_FOR = 5
"""Seconds after which a nudge counts as lost that no worker has begun with; beat sweeps as often."""


def reference(row: models.Model) -> str:
    """Return how a row is named in `Event.about`: `orders.order:12`."""
    return reference_to(type(row), row.pk)


def reference_to(model: type[models.Model], pk: int) -> str:
    """Return how a row is named of which only the key was read."""
    return f"{model._meta.label_lower}:{pk}"


def publish(  # noqa: PLR0913  # each part of a fact's circumstances has a name
    fact: Fact,
    *,
    subject: models.Model,
    about: Iterable[models.Model] = (),
    division: Division | None,
    by: User | None,
    channel: str = "",
    at: datetime | None = None,
) -> Event:
    """
    Record that something happened, and owe it to everybody who listens.

    The fact, the debts and the rows that it is about are committed together or not at all.

    :param about: further rows on whose timelines the fact belongs; the subject always is
    :param at: when it became true, if that was not now
    :raises RuntimeError: outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A fact is published in the transaction that makes it true.")
    heard_at = now()
    event = Event(
        name=fact.name,
        payload=fact.payload(),
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        about=sorted({reference(row) for row in (subject, *about)}),
        division=division,
        channel=channel,
        actor=by,
        actor_role=role_in(by, division) if by else "",
        at=at or heard_at,
        recorded_at=heard_at,
    )
    listeners = list(HANDLERS.get(fact.name, ()))
    _insert(event, owed_to=listeners)
    if listeners:
        _nudge_after_commit()
    return event


_COLUMNS = {str(field.column): field for field in Event._meta.concrete_fields if not field.primary_key}
TELL = f"""
    WITH told AS (
        INSERT INTO events_event ({", ".join(_COLUMNS)})
        VALUES ({", ".join(f"%({column})s" for column in _COLUMNS)})
        RETURNING id
    ), owed AS (
        INSERT INTO events_delivery (event_id, handler, attempts, due_at, error)
        SELECT told.id, listener, 0, %(recorded_at)s, '' FROM told, unnest(%(listeners)s::text[]) AS listener
    )
    SELECT id FROM told
"""  # noqa: S608  # names of columns; every value is a parameter


def _insert(event: Event, *, owed_to: list[str]) -> None:
    """Write a fact and its debts in one statement: every service pays for it."""
    row: dict[str, Any] = {
        column: field.get_db_prep_save(getattr(event, field.attname), connection) for column, field in _COLUMNS.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(TELL, {**row, "listeners": owed_to})
        [(event.pk,)] = cursor.fetchall()


def publish_many(moving: str, params: Mapping[str, Any], *, kinds: Iterable[type[Fact]], counting: str) -> list[Any]:
    """
    Run one statement that moves many rows, and record its facts and what is owed to their listeners in the same.

    :param moving: `WITH …`, common table expressions that move the rows; the last of them, `facts`, selects `name`,
        `payload` (as JSON), `subject_type`, `subject_id`, `about`, `division_id`, `at`, and `place`, their order
    :param kinds: the facts that there may be
    :param counting: a SELECT of one row from these expressions, for the caller
    :return: that row
    :raises RuntimeError: outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A fact is published in the transaction that makes it true.")
    owed = [(kind.name, label) for kind in kinds for label in HANDLERS.get(kind.name, {})]
    heard_at = now()
    statement = f"""{moving}, told AS (
        INSERT INTO events_event (
            name, payload, subject_type, subject_id, about, division_id, channel, actor_role, at, recorded_at
        )
        SELECT name, payload, subject_type, subject_id, about, division_id, '', '', at, %(heard_at)s
        FROM facts ORDER BY place
        RETURNING id, name
    ), owed AS (
        INSERT INTO events_delivery (event_id, handler, attempts, due_at, error)
        SELECT told.id, listener.handler, 0, %(heard_at)s, ''
        FROM told JOIN unnest(%(listened_to)s::text[], %(listeners)s::text[]) AS listener (name, handler) USING (name)
        RETURNING 1
    )
    {counting}"""  # noqa: S608  # texts of ours; every value is a parameter
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                **params,
                "heard_at": heard_at,
                "listened_to": [name for name, _label in owed],
                "listeners": [label for _name, label in owed],
            },
        )
        row = cursor.fetchone()
    if owed:
        _nudge_after_commit()
    return list(row)


def _nudge_after_commit() -> None:
    if not any(registered[1] is nudge for registered in connection.run_on_commit):
        transaction.on_commit(nudge, robust=True)


class _Nudging:
    silent_until = 0.0


def nudge() -> None:
    """Tell a worker that something is due, unless one was told that has not begun: it will see this, too."""
    wake(DELIVER, once=True)


def begin_delivering() -> None:
    """Note that a worker looks for what is due from now on: whoever owes something after this nudges again."""
    with contextlib.suppress(Exception), _impatient_producers().acquire(block=True) as producer:
        if redis := _redis_of(producer):
            redis.delete(_mark_of(DELIVER))


def wake(task: str, *, once: bool = False) -> None:
    """
    Have a worker run a task by its name; where no broker answers, be quiet for a while and leave it to beat.

    :param once: leave it where the task was sent before and has not begun
    """
    if time.monotonic() < _Nudging.silent_until:
        return
    try:
        with _impatient_producers().acquire(block=True) as producer:
            redis = _redis_of(producer) if once else None
            if redis is None or redis.set(_mark_of(task), 1, nx=True, ex=TOLD_FOR):
                current_app.send_task(task, producer=producer, retry=False)
    except Exception as error:  # noqa: BLE001  # whatever a broker can do wrong, beat's sweep makes good
        _Nudging.silent_until = time.monotonic() + QUIET_AFTER_FAILURE
        log.warning("nudge_failed", task=task, error=type(error).__name__)


def _mark_of(task: str) -> str:
    return f"told:{task}"


def _redis_of(producer: Any) -> Any:
    """Return the Redis that carries the queue; None where files carry it."""
    return getattr(producer.channel, "client", None)


def _impatient_producers() -> Any:
    """Return connections for nudges alone, kept open: the settings' time-outs are a worker's."""
    return producers[current_app.connection_for_write(transport_options={"socket_timeout": NUDGE_PATIENCE})]


def deliver_next(most: int = 1) -> int:
    """
    Deliver facts that are due, each to one listener, and return how many were tried; 0: nothing is due.

    A listener's `NotAllowed` is an answer (it was done before, or is no longer wanted). Any other error leaves the
    delivery to be tried again, later each time, and at last sets it aside for an operator.

    :param most: how many to claim at once, which spares each of them a round to the database; a listener that takes
        longer than `PATIENCE` is the last one, and the others are given back
    """
    claimed = _claim(now(), most)
    began, done, tried = time.monotonic(), [], 0
    try:
        for delivery in claimed:
            tried += 1
            if _deliver(delivery):
                done.append(delivery)
            if time.monotonic() - began > PATIENCE:
                break
    finally:
        _conclude(done)
        _give_back(claimed[tried:])
    return tried


def _deliver(delivery: Delivery) -> bool:
    """Tell a listener, and whether that is done; what became of it otherwise is on record."""
    handler = HANDLERS.get(delivery.event.name, {}).get(delivery.handler)
    with structlog.contextvars.bound_contextvars(delivery=delivery.pk, fact=delivery.event.name):
        try:
            if handler is None:
                raise LookupError(f"Nobody is called {delivery.handler} any more.")  # noqa: TRY301
            handler(delivery.event.fact(), delivery.event)
        except NotAllowed as refusal:
            _conclude([delivery], note=str(refusal))
            return False
        except Exception as error:  # noqa: BLE001  # a listener's fault must not stop the others
            _put_off(delivery, error)
            return False
    return True


@transaction.atomic
def _claim(at: datetime, most: int) -> Sequence[Delivery]:
    """Take the deliveries that have been due longest, and lease them."""
    claimed = list(
        Delivery.objects.outstanding()
        .filter(due_at__lte=at)
        .order_by("due_at")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("event__division", "event__actor")[:most]
    )
    by_attempts = defaultdict(list)
    for delivery in claimed:
        by_attempts[delivery.attempts].append(delivery.pk)
        delivery.attempts += 1
    for attempts, ids in by_attempts.items():
        lease = min(LEASE * 2 ** min(attempts, 10), LONGEST_WAIT)
        Delivery.objects.filter(pk__in=ids).update(due_at=at + lease, attempts=attempts + 1)
    return claimed


def _conclude(deliveries: Sequence[Delivery], *, note: str = "") -> None:
    if deliveries:
        _still_owed(deliveries).update(done_at=now(), error=note, failed_at=None)


def _give_back(deliveries: Sequence[Delivery]) -> None:
    """Let others have what was claimed and not begun."""
    if deliveries:
        _still_owed(deliveries).update(due_at=now(), attempts=models.F("attempts") - 1)


def _still_owed(deliveries: Sequence[Delivery]) -> models.QuerySet[Delivery]:
    """Keep those that nobody else has concluded meanwhile, after our lease had run out."""
    return Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries], done_at=None)


def _put_off(delivery: Delivery, error: Exception) -> None:
    log.warning("delivery_failed", handler=delivery.handler, attempts=delivery.attempts, error=type(error).__name__)
    changes: dict[str, object] = {"error": "".join(traceback.format_exception(error))[-4000:]}
    if delivery.attempts >= MOST_ATTEMPTS:
        changes["failed_at"] = now()
    _still_owed([delivery]).update(**changes)


@transaction.atomic
def retry_delivery(delivery_id: int, *, by: User) -> Delivery:
    """
    Owe a delivery again that was set aside, with all its attempts before it.

    :raises NotAllowed: if it is done, or has not been set aside
    """
    del by  # the admin's own history keeps who pressed the button
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
    if delivery.done_at or not delivery.failed_at:
        raise NotAllowed("This delivery is not set aside.", code="not_set_aside")
    delivery.failed_at, delivery.attempts, delivery.due_at = None, 0, now()
    delivery.save(update_fields=["failed_at", "attempts", "due_at"])
    _nudge_after_commit()
    return delivery


def outstanding_deliveries() -> dict[str, int]:
    """Count what is owed and what was set aside, for health pages and metrics."""
    return {
        "outstanding": Delivery.objects.outstanding().count(),
        "set_aside": Delivery.objects.set_aside().count(),
    }
