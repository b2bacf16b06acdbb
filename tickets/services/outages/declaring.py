"""Declare outages, say what became of them, and bring them to their end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from tickets.events import OutageCorrected, OutageMoved, OutageTold, OutageWidened
from tickets.models import Outage, OutageScope, OutageSpell, OutageUpdate
from tickets.queries.outages import Affected, Scope, affected_by, services_in
from tickets.services.outages.attaching import attach_waiting, let_go, resolve_attached, take_up_resolved
from tickets.services.outages.crediting import count_anew
from tickets.services.outages.extent import locked_outage, tell_newcomers, write_down
from tickets.settings import MAINTENANCE_NOTICE
from tickets.states import OutageKind, OutageStatus, UpdateStage

OLDEST_START = timedelta(days=31)
"""How long before it is declared an outage may have begun: a slip in the year would be credited in full."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a person says of an outage when they declare it."""

    kind: OutageKind
    title: str
    scope: Scope
    starts_at: datetime
    words: Texts = field(default_factory=Texts)
    """For customers; empty: what is said of every outage."""
    cause: str = ""
    expected_at: datetime | None = None
    is_cause_known: bool = False


def preview_outage(said: Declaration, division: Division, *, by: User) -> Affected:
    """
    Count whom an outage would affect, before it is declared; no further than the division that is named, and below.

    :raises NotAllowed: if the person may not declare outages there, it names nobody in particular, has no title or
        impossible times
    """
    require(by, Permission.DECLARE_OUTAGES, division)
    _check(said)
    return affected_by(said.scope, division)


def _refuse_everybody(scope: Scope) -> None:
    if scope.is_empty:
        raise NotAllowed(
            _("Say where: a node, a ZIP code, a street, a product or a list."), code="empty", field="nodes"
        )


@transaction.atomic
def declare_outage(said: Declaration, *, division: Division, key: str, by: User) -> Outage:
    """
    Declare an outage, or plan maintenance: who is affected is written down, and tickets that wait for it are held.

    The same key again returns the same outage.

    :param key: the form that declares it
    :raises NotAllowed: if the person may not, it names or affects nobody, has no title or impossible times
    """
    require(by, Permission.DECLARE_OUTAGES, division)
    _check(said)
    status = OutageStatus.IDENTIFIED if said.is_cause_known else OutageStatus.INVESTIGATING
    if said.kind == OutageKind.MAINTENANCE:
        status = OutageStatus.PLANNED
    outage, is_new = Outage.objects.get_or_create(
        key=key,
        defaults={
            "division": division,
            "kind": said.kind,
            "status": status,
            "title": " ".join(said.title.split())[:160],
            "families": list(said.scope.families),
            "cause": said.cause.strip(),
            "words": said.words,
            "starts_at": said.starts_at,
            "expected_at": said.expected_at,
            "declared_by": by,
        },
    )
    if not is_new:
        return outage
    OutageScope.objects.bulk_create(said.scope.rows(outage), batch_size=5000)
    if not write_down(outage, services_in(said.scope, division)):
        raise NotAllowed(_("Nobody there has a service that it would stop."), code="nobody", field="nodes")
    publish_move(outage, before="", by=by)
    if status == OutageStatus.PLANNED:
        announce_if_due(outage, by=by)
    else:
        _begin(outage, is_told=True, note=said.cause, by=by)
    return outage


def _check(said: Declaration) -> None:
    _refuse_everybody(said.scope)
    if not said.title.strip():
        raise NotAllowed(_("Say what does not work, and where."), code="empty", field="title")
    if said.kind == OutageKind.FAULT and said.starts_at > now():
        raise NotAllowed(_("A fault has begun already. What is ahead is maintenance."), code="when", field="starts_at")
    _refuse_too_early(said.starts_at, declared_at=now())
    if said.kind == OutageKind.MAINTENANCE and said.starts_at <= now():
        raise NotAllowed(_("Maintenance is planned ahead. What has begun is a fault."), code="when", field="starts_at")
    if said.expected_at and said.expected_at <= said.starts_at:
        raise NotAllowed(_("This lies before it begins."), code="when", field="expected_at")


def _refuse_too_early(starts_at: datetime, *, declared_at: datetime) -> None:
    if starts_at < declared_at - OLDEST_START:
        message = _("That is more than %(days)d days before it was declared.") % {"days": OLDEST_START.days}
        raise NotAllowed(message, code="when", field="starts_at")


def _begin(outage: Outage, *, is_told: bool, note: str, by: User | None) -> None:
    """It does not work from now on: tickets that wait for it are held."""
    OutageSpell.objects.create(outage=outage, began_at=outage.starts_at)
    tell(outage, UpdateStage.STARTED, is_told=is_told, note=note, by=by)
    attach_waiting(outage)


def tell(outage: Outage, stage: UpdateStage, *, is_told: bool, by: User | None, note: str = "") -> OutageUpdate:
    """Keep what is said of an outage now, and let its customers be told."""
    update = OutageUpdate.objects.create(
        outage=outage, stage=stage, status=outage.status, words=outage.words, expected_at=outage.expected_at,
        note=note.strip(), is_told=is_told, by=by,
    )  # fmt: skip
    if is_told:
        fact = OutageTold(outage_id=outage.pk, update_id=update.pk, stage=stage)
        publish(fact, subject=outage, division=outage.division, by=by)
    return update


def publish_move(outage: Outage, *, before: str, by: User | None) -> None:
    """Tell how far an outage is."""
    fact = OutageMoved(outage_id=outage.pk, before=before, after=outage.status)
    publish(fact, subject=outage, division=outage.division, by=by)


@transaction.atomic
def update_outage(  # noqa: PLR0913  # what is known, said and told: each has a name
    outage_id: int,
    *,
    status: OutageStatus | None = None,
    words: Texts | None = None,
    expected_at: datetime | None = None,
    cause: str | None = None,
    is_told: bool = True,
    by: User,
) -> Outage:
    """
    Say what is known now.

    :param status: where it stands; None: as before
    :param words: for customers; None: as before
    :param expected_at: when it should work again; None: nobody knows
    :param is_told: whether customers are told
    :raises NotAllowed: if the person may not, it is over, cannot stand there, or this lies before it began
    """
    outage = locked_outage(outage_id, by)
    if not outage.is_open:
        raise NotAllowed(_("It is over."), code="over")
    before = outage.status
    if status and status != outage.status:
        outage.progress(status)
    if expected_at and expected_at <= outage.starts_at:
        raise NotAllowed(_("This lies before it begins."), code="when", field="expected_at")
    outage.expected_at = expected_at
    outage.words = outage.words if words is None else words
    outage.cause = outage.cause if cause is None else cause.strip()
    outage.save(update_fields=["status", "expected_at", "words", "cause"])
    if outage.status != before:
        publish_move(outage, before=before, by=by)
    tell(outage, UpdateStage.UPDATED, is_told=is_told, note=outage.cause, by=by)
    return outage


@transaction.atomic
def widen_outage(outage_id: int, scope: Scope, *, by: User) -> Outage:
    """
    Add places to an outage: who is affected there, too, is told and attached as the others are.

    :param scope: places alone; what does not work stays as it was declared
    :raises NotAllowed: if the person may not, it is over, or nobody more is affected
    """
    outage = locked_outage(outage_id, by)
    if not outage.is_open:
        raise NotAllowed(_("It is over."), code="over")
    _refuse_everybody(scope)
    if not Scope.of(outage).has_places:
        raise NotAllowed(_("It covers the whole division already."), code="everywhere", field="nodes")
    OutageScope.objects.bulk_create(scope.rows(outage), batch_size=5000, ignore_conflicts=True)
    more = write_down(outage, services_in(Scope.of(outage), outage.division))
    if not more:
        raise NotAllowed(_("Nobody more is affected there."), code="nobody", field="nodes")
    fact = OutageWidened(outage_id=outage.pk, services=more)
    publish(fact, subject=outage, division=outage.division, by=by)
    if outage.is_under_way:
        attach_waiting(outage)
    tell_newcomers(outage, by=by)
    return outage


@transaction.atomic
def restore_outage(
    outage_id: int, *, at: datetime | None = None, words: Texts | None = None, cause: str | None = None, by: User
) -> Outage:
    """
    Say that it works again: attached tickets are resolved, and everybody is told, who called being asked whether it is so.

    What was reported after it was over goes on by itself: it is something else.

    :param at: since when; None: now
    :raises NotAllowed: if the person may not, it is not under way, or this is no time at which it can have ended
    """
    outage = locked_outage(outage_id, by)
    before = outage.status
    at = at or now()
    outage.restore(at=at)
    spell = OutageSpell.objects.get(outage=outage, ended_at=None)
    if at <= spell.began_at:
        raise NotAllowed(_("It began later than that."), code="when", field="at")
    spell.ended_at = at
    spell.save(update_fields=["ended_at"])
    outage.words = outage.words if words is None else words
    outage.cause = outage.cause if cause is None else cause.strip()
    outage.save(update_fields=["status", "restored_at", "words", "cause"])
    publish_move(outage, before=before, by=by)
    let_go(outage, opened_after=at)
    resolve_attached(outage)
    tell(outage, UpdateStage.RESTORED, is_told=True, note=outage.cause, by=by)
    return outage


@transaction.atomic
def reopen_outage(outage_id: int, *, since: datetime | None = None, words: Texts | None = None, by: User) -> Outage:
    """
    Say that it does not work after all: tickets that it resolved are taken up and held again.

    :param since: from when it did not work again, at the earliest when it had been called over; None: now
    :raises NotAllowed: if the person may not, it is not over, or this is no time at which it can have failed
    """
    outage = locked_outage(outage_id, by)
    before, ended_at = outage.status, outage.restored_at
    since = since or now()
    outage.reopen()
    if since > now() or (ended_at and since < ended_at):
        raise NotAllowed(_("It worked then, or that is still ahead."), code="when", field="since")
    outage.words = outage.words if words is None else words
    outage.save(update_fields=["status", "restored_at", "expected_at", "reopened_count", "words"])
    OutageSpell.objects.create(outage=outage, began_at=since)
    publish_move(outage, before=before, by=by)
    take_up_resolved(outage)
    attach_waiting(outage)
    tell(outage, UpdateStage.REOPENED, is_told=True, by=by)
    return outage


@transaction.atomic
def withdraw_outage(outage_id: int, *, by: User) -> Outage:
    """
    Say that there is no such outage, or that the work will not be done: attached tickets go on by themselves.

    Whoever was told that it is ahead or has begun is told that it is not.

    :raises NotAllowed: if the person may not, or it is over
    """
    outage = locked_outage(outage_id, by)
    before = outage.status
    outage.withdraw()
    outage.save(update_fields=["status"])
    OutageSpell.objects.filter(outage=outage).delete()  # it never was: nothing is credited
    publish_move(outage, before=before, by=by)
    let_go(outage)
    was_told = outage.updates.filter(is_told=True).exists()
    tell(outage, UpdateStage.WITHDRAWN, is_told=was_told, by=by)
    return outage


@transaction.atomic
def correct_start(outage_id: int, starts_at: datetime, reason: str, *, by: User) -> Outage:
    """
    Say that an outage began at another time than was declared.

    Credits that wait for approval are counted anew, asked for by whoever corrects; of approved ones the rest can be asked
    for. Tickets that were reported since it really began are held for it, too.

    :param reason: for colleagues
    :raises NotAllowed: if the person may not, it has not begun or is called off, no reason is given, this is no time at
        which it can have begun, or credits that wait cannot be counted anew
    """
    outage = locked_outage(outage_id, by)
    if not reason.strip():
        raise NotAllowed(_("Say how it is known."), code="empty", field="reason")
    before, first = outage.starts_at, outage.spells.first()
    if first is None:
        raise NotAllowed(_("It has not begun, or was called off."), code="not_begun")
    ends = [at for at in (now(), first.ended_at, outage.expected_at) if at]
    if starts_at >= min(ends) or starts_at == before:
        raise NotAllowed(_("It cannot have begun then."), code="when", field="starts_at")
    _refuse_too_early(starts_at, declared_at=outage.declared_at)
    outage.starts_at = first.began_at = starts_at
    first.save(update_fields=["began_at"])
    outage.save(update_fields=["starts_at"])
    fact = OutageCorrected(outage_id=outage.pk, before=before.isoformat(), after=starts_at.isoformat())
    publish(fact, subject=outage, division=outage.division, by=by)
    tell(outage, UpdateStage.UPDATED, is_told=False, note=reason, by=by)
    if outage.is_under_way:
        attach_waiting(outage)
    count_anew(outage, by=by)
    return outage


def announce_if_due(outage: Outage, *, by: User | None) -> None:
    """Tell customers of maintenance that begins soon, once."""
    notice = timedelta(days=effective(outage.division, MAINTENANCE_NOTICE))
    is_soon = outage.starts_at - notice <= now()
    if is_soon and not outage.updates.filter(stage=UpdateStage.ANNOUNCED).exists():
        tell(outage, UpdateStage.ANNOUNCED, is_told=True, note=outage.cause, by=by)


def announce_maintenance() -> int:
    """Announce the maintenance that begins soon, begin what begins now, and return how many were looked at."""
    planned = list(Outage.objects.filter(status=OutageStatus.PLANNED).order_by("pk").values_list("pk", flat=True))
    for outage_id in planned:
        _look_at_planned(outage_id)
    return len(planned)


@transaction.atomic
def _look_at_planned(outage_id: int) -> None:
    outage = locked_outage(outage_id, None)
    if outage.status != OutageStatus.PLANNED:  # called off meanwhile
        return
    announce_if_due(outage, by=None)
    if outage.starts_at <= now():
        before = outage.status
        outage.begin()
        outage.save(update_fields=["status"])
        publish_move(outage, before=before, by=None)
        write_down(outage, services_in(Scope.of(outage), outage.division))  # who came since it was planned
        _begin(outage, is_told=False, note="", by=None)
