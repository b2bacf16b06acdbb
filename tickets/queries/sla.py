"""What is promised for a ticket, how far it is, and who paused whose clocks shortly before the end."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from django.utils.translation import gettext as _

from foundation.clocks.models import THRESHOLDS, Spell
from foundation.clocks.queries import zone_for
from foundation.clocks.states import WatchStatus
from foundation.divisions.models import Division
from foundation.divisions.queries import by_configuration
from foundation.events.models import Event
from foundation.people.models import User
from foundation.people.queries import divisions_where
from foundation.people.states import Permission
from orders.queries import moment_in_words
from tickets.events import ResolutionTakenBack, TicketMerged, TicketMoved, TicketUnmerged
from tickets.models import Alert, ClockSegment, LadderStep, LateDowngrade, SlaPolicy, SlaTarget, Ticket, TicketClock
from tickets.states import LATE_PAUSE, OPEN, STOPPED, AlertChannel, ClockKind, HoldReason, PendingReason, TicketStatus

LEAST_PAUSE = timedelta(seconds=1)
REASONS = dict([*PendingReason.choices, *HoldReason.choices])


@by_configuration
def _policies() -> tuple[SlaPolicy, ...]:
    return tuple(
        SlaPolicy.objects.select_related("division", "product").prefetch_related(
            "targets__calendar__division", "steps__calendar"
        )
    )


def promises_for(ticket: Ticket) -> dict[ClockKind, SlaTarget]:
    """
    Return what is promised for a ticket, by kind.

    A policy of a product or a family adds to the one that would hold without it: what it promises counts, and what it
    does not name is promised as to everybody else. For the rest, the most particular policy holds whole.
    """
    fitting = _fitting(ticket)
    circles = (fitting, [one for one in fitting if not one.product_id], [one for one in fitting if one.is_for_all])
    chain = [max(among, key=lambda one: _particularity(one, ticket.division), default=None) for among in circles]
    promised: dict[ClockKind, SlaTarget] = {}
    for policy in filter(None, reversed(chain)):
        promised |= _targets_of(policy, ticket.priority)
    return promised


def _fitting(ticket: Ticket) -> list[SlaPolicy]:
    product = ticket.service.product if ticket.service else None
    return [
        policy
        for policy in _policies()
        if policy.is_active
        and policy.division_id in ticket.division.lineage
        and policy.type in ("", ticket.type)
        and policy.product_id in (None, product.code if product else None)
        and policy.family in ("", product.family if product else "")
    ]


def _particularity(policy: SlaPolicy, division: Division) -> tuple[object, ...]:
    near = division.lineage.index(policy.division_id)
    return (policy.product_id is not None, policy.family != "", near, policy.type != "", -policy.pk)


def _targets_of(policy: SlaPolicy, priority: str) -> dict[ClockKind, SlaTarget]:
    """Return what a policy promises at a priority, by kind: the priority's own row, else the one for any."""
    rows = sorted(policy.targets.all(), key=lambda target: target.priority)
    return {ClockKind(row.kind): row for row in rows if row.priority in ("", priority)}


def shares_for(policy: SlaPolicy, kind: str) -> list[int]:
    """Return at which shares of a target something is told or done."""
    return sorted({*THRESHOLDS, *(step.share for step in policy.steps.all() if step.kind in ("", kind))})


def steps_at(policy_id: int, kind: str, share: int) -> list[LadderStep]:
    """Return the steps of a policy's ladder at a share of a target; also of one that promises nothing new any more."""
    policy = next((known for known in _policies() if known.pk == policy_id), None)
    steps: Iterable[LadderStep] = policy.steps.all() if policy else ()
    return [step for step in steps if step.share == share and step.kind in ("", kind)]


def place_of(ticket: Ticket) -> Division:
    """Return the division in whose time zone the customer lives: where the service is, else whose the ticket is."""
    return ticket.premises.division if ticket.premises else ticket.division


def zone_of(target: SlaTarget, ticket: Ticket) -> str:
    """Return the time zone in which the hours of a target are meant for one ticket."""
    return zone_for(target.calendar, place_of(ticket))


@dataclass(frozen=True)
class Pause:
    """A time in which a clock stood still, and why."""

    begun_at: datetime
    ended_at: datetime | None
    reason: str
    by: User | None


@dataclass(frozen=True)
class ClockFace:
    """What a page shows of one clock at one moment: the same figures that decide a breach."""

    clock: TicketClock
    at: datetime
    elapsed: timedelta
    paused: timedelta
    percent: int
    is_breached: bool
    pauses: tuple[Pause, ...]
    status: str
    is_met: bool
    """Whether it has stopped because that has happened which it waited for."""

    @property
    def remaining(self) -> timedelta:
        """The working time that is left; negative where it is missed."""
        return self.clock.target - self.elapsed

    @property
    def is_running(self) -> bool:
        """Whether its time counts now."""
        return self.status == WatchStatus.RUNNING

    @property
    def is_paused(self) -> bool:
        """Whether it waits."""
        return self.status == WatchStatus.PAUSED

    @property
    def is_stopped(self) -> bool:
        """Whether it is over."""
        return self.status == WatchStatus.STOPPED

    @property
    def in_words(self) -> str:
        """How it stands, in a few words."""
        if self.is_stopped:
            late = _("missed by %(time)s") % {"time": duration(-self.remaining)}
            return late if self.is_breached else (_("kept") if self.is_met else _("ended"))
        if self.is_breached:
            return _("late by %(time)s") % {"time": duration(-self.remaining)}
        if self.is_paused:
            return _("paused, %(time)s left") % {"time": duration(self.remaining)}
        return _("%(time)s left") % {"time": duration(self.remaining)}


def duration(time: timedelta) -> str:
    """Write working time as hours and minutes, such as `3 h 05 min`; minutes begun do not count."""
    hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
    return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}


def clocks_of(ticket: Ticket, at: datetime) -> list[ClockFace]:
    """
    Return how the clocks of a ticket stand at a moment: those that run first, by when they are due.

    Where many tickets end at once their clocks lag behind for a moment: they are shown as they will stand.
    """
    rows = ticket.clocks.select_related("policy", "calendar").prefetch_related("segments__by")
    ended_at = None if ticket.status in OPEN else ticket.resolved_at or ticket.closed_at
    faces = [face_of(clock, at, ended_at=ended_at, is_met=ticket.resolved_at is not None) for clock in rows]
    last = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
    return sorted(
        faces, key=lambda face: (face.is_stopped, not face.is_running, face.clock.due_at or last, face.clock.pk)
    )


def spells_of(ticket: Ticket, pausing: Collection[str], *, since: datetime) -> list[Spell]:
    """
    Return how a ticket has spent its time since a moment, from its facts: worked on, or waiting for a reason that pauses.

    While it had ended, or went on as another, there is nothing.
    """
    marks = [_Mark(since, counts=True, reason="", by_id=None), *_marks_of(ticket, pausing)]
    ends: list[datetime | None] = [*(max(mark.at, since) for mark in marks[1:]), None]
    spells: list[Spell] = []
    for mark, end in zip(marks, ends, strict=True):
        begun = max(mark.at, since)
        if not mark.counts or end == begun:
            continue
        last = spells[-1] if spells else None
        if last and last.ended_at == begun and last.reason == mark.reason:
            spells[-1] = replace(last, ended_at=end)
        else:
            spells.append(Spell(begun_at=begun, ended_at=end, reason=mark.reason, by_id=mark.by_id))
    return spells


@dataclass(frozen=True)
class _Mark:
    """From when on a ticket's time counts, or does not."""

    at: datetime
    counts: bool
    reason: str
    by_id: int | None


def _marks_of(ticket: Ticket, pausing: Collection[str]) -> Iterator[_Mark]:
    names = (TicketMoved.name, TicketMerged.name, TicketUnmerged.name, ResolutionTakenBack.name)
    told = Event.objects.filter(subject_type=ticket._meta.label_lower, subject_id=ticket.pk, name__in=names)
    is_open, is_merged, reason = True, False, ""
    for event in _lasting(told.order_by("at", "pk")):
        if event.name == TicketMoved.name:
            after, why = event.payload["after"], event.payload["reason"]
            is_open = after in OPEN
            reason = why if after in STOPPED and why in pausing else ""
        else:
            is_merged = event.name == TicketMerged.name
        yield _Mark(event.at, counts=is_open and not is_merged, reason=reason, by_id=event.actor_id)


def _lasting(told: Iterable[Event]) -> list[Event]:
    """Return the facts without the resolutions that were taken back: nothing has come of these."""
    lasting: list[Event] = []
    for event in told:
        if event.name != ResolutionTakenBack.name:
            lasting.append(event)
            continue
        resolved = [one for one in lasting if one.payload.get("after") == TicketStatus.RESOLVED]
        if resolved:
            lasting.remove(resolved[-1])
    return lasting


def newest_and_past(faces: Sequence[ClockFace]) -> tuple[list[ClockFace], list[ClockFace]]:
    """Part the clocks of a ticket, each in its order: the newest of each kind, and those that were before it."""
    newest = dict(sorted((face.clock.kind, face.clock.pk) for face in faces)).values()
    return [face for face in faces if face.clock.pk in newest], [face for face in faces if face.clock.pk not in newest]


def face_of(clock: TicketClock, at: datetime, *, ended_at: datetime | None = None, is_met: bool = False) -> ClockFace:
    """
    Return how one clock stands at a moment.

    :param ended_at: when its ticket has ended, also where the clock does not know it yet
    :param is_met: whether the promise was kept by that, unless it was late
    """
    lags = ended_at is not None and clock.status != WatchStatus.STOPPED
    until = ended_at if ended_at and lags else at
    pauses = tuple(
        Pause(segment.begun_at, end, str(REASONS.get(segment.reason, segment.reason)), segment.by)
        for segment in clock.stretches
        for end in [segment.ended_at or (ended_at if lags else None)]
        if not segment.is_running and (end is None or end - segment.begun_at >= LEAST_PAUSE)
    )
    used = clock.elapsed(until)
    return ClockFace(
        clock, at, used, clock.paused(until), int(100 * used / clock.target), used >= clock.target, pauses,
        status=WatchStatus.STOPPED if lags else clock.status, is_met=bool(clock.met_at) or (lags and is_met),
    )  # fmt: skip


def pauses_of(faces: Iterable[ClockFace]) -> list[Pause]:
    """Return when clocks of a ticket stood still, each time once, in order."""
    found = {(pause.begun_at, pause.reason): pause for face in faces for pause in face.pauses}
    return [found[key] for key in sorted(found)]


def is_to_be_restored(ticket: Ticket) -> bool:
    """Tell whether a time to restore runs, or waits, on a ticket."""
    return ticket.clocks.filter(kind=ClockKind.RESTORE).exclude(status=WatchStatus.STOPPED).exists()


def promise_in_words(ticket: Ticket, at: datetime) -> str:
    """
    Return what a customer may count on, as a sentence; empty where nothing is promised.

    It names the first promise that is open: an answer, then that it works, then that it is put right. Of what has ended
    nothing is promised, also while its clocks lag behind where many end at once.
    """
    return promise_of(ticket, clocks_of(ticket, at))


def promise_of(ticket: Ticket, faces: Iterable[ClockFace]) -> str:
    """Return what `promise_in_words` does, where the clocks of the ticket were read before."""
    known = {face.clock.kind: face for face in faces if ticket.is_open and not face.is_stopped}
    order = [ClockKind.RESPONSE, ClockKind.RESTORE, ClockKind.RESOLVE]
    if ticket.reason == HoldReason.OUTAGE:  # they hear of it as everybody there does
        order.remove(ClockKind.RESPONSE)
    face = next((known[kind] for kind in order if kind in known), None)
    if face is None:
        return ""
    if face.is_breached:
        if ticket.escalation_level:
            return _("We have not kept the time that we promised. Somebody further up looks after it now.")
        return _("We have not kept the time that we promised.")
    if face.is_paused:
        return _paused_in_words(ticket)
    if face.clock.due_at is None:
        return ""
    said = {
        ClockKind.RESPONSE: _("By %(when)s you hear from us."),
        ClockKind.RESTORE: _("By %(when)s it works again: we promise."),
        ClockKind.RESOLVE: _("By %(when)s it is put right: we promise."),
    }
    return said[ClockKind(face.clock.kind)] % {"when": moment_in_words(face.clock.due_at, place_of(ticket).zone)}


def _paused_in_words(ticket: Ticket) -> str:
    if ticket.status == TicketStatus.PENDING and ticket.reason == PendingReason.CUSTOMER:
        return _("We wait for your answer. What we promised goes on counting when we have it.")
    return _("We wait for %(what)s. What we promised goes on counting then.") % {"what": REASONS.get(ticket.reason, "")}


def alerts_for(user: User) -> QuerySet[Alert]:
    """Return what somebody is told at the desk and has not seen yet, of each promise the latest."""
    told = Alert.objects.filter(user=user, channel=AlertChannel.DESK, told_at__isnull=False)
    later = told.filter(clock=OuterRef("clock")).filter(
        Q(moment__gt=OuterRef("moment")) | Q(moment=OuterRef("moment"), share__gt=OuterRef("share"))
    )
    unseen = told.filter(~Exists(later), seen_at=None, ticket__merged_into=None)
    return unseen.select_related("ticket", "clock")


@dataclass(frozen=True)
class PausesOfAgent:
    """How often somebody paused clocks or gave them more time, and how often shortly before a promise would have been missed."""

    user: User
    pauses: int = 0
    late: int = 0
    tickets: int = 0
    """On how many tickets the late ones were."""
    missed: int = 0
    """How many of the clocks that were paused late were missed all the same."""
    downgrades: int = 0
    """How often they made a ticket less urgent when a promise that got longer by it was nearly used up."""
    after_miss: int = 0
    """Of these, how often it was missed already."""

    @property
    def percent(self) -> int:
        """The share of the late ones among all."""
        return round(100 * self.late / self.pauses) if self.pauses else 0


def pauses_by_agent(user: User, *, since: datetime, until: datetime) -> list[PausesOfAgent]:
    """
    Count the pauses and the late downgrades of each agent in the divisions of whoever asks, those with most late ones first.

    Several clocks that stop in one moment are one pause; late is one of which any clock stood at 90 to 99 percent.
    """
    seen = divisions_where(user, Permission.ASSIGN_WORK, Permission.AUDIT)
    paused = ClockSegment.objects.filter(
        is_running=False, by__isnull=False, begun_at__gte=since, begun_at__lt=until, clock__ticket__division__in=seen
    )
    late = Q(at_percent__gte=LATE_PAUSE.start, at_percent__lt=LATE_PAUSE.stop)
    pauses = paused.order_by().values("by").annotate(
        pauses=Count(_once(), distinct=True),
        late=Count(_once(), distinct=True, filter=late),
        tickets=Count("clock__ticket", distinct=True, filter=late),
        missed=Count("clock", distinct=True, filter=late & Q(clock__passed__gte=len(THRESHOLDS), clock__due_at__lte=until)),
    )  # fmt: skip
    downgrades = _downgrades_in(user, since, until).order_by().values("by").annotate(
        downgrades=Count("pk"), after_miss=Count("pk", filter=Q(percent__gte=LATE_PAUSE.stop))
    )  # fmt: skip
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    rows: list[Any] = [*pauses, *downgrades]
    for row in rows:
        counts[row["by"]].update((name, number) for name, number in row.items() if name != "by")
    people = User.objects.in_bulk(counts)
    found = [PausesOfAgent(people[key], **numbers) for key, numbers in counts.items()]
    return sorted(found, key=lambda agent: (-agent.late - agent.downgrades, -agent.pauses, agent.user.pk))


def _downgrades_in(user: User, since: datetime, until: datetime) -> QuerySet[LateDowngrade]:
    seen = divisions_where(user, Permission.ASSIGN_WORK, Permission.AUDIT)
    return LateDowngrade.objects.filter(at__gte=since, at__lt=until, ticket__division__in=seen)


def late_downgrades(user: User, *, since: datetime, until: datetime) -> QuerySet[LateDowngrade]:
    """Return, the latest first, who made which tickets less urgent late and why, in the divisions of whoever asks."""
    return _downgrades_in(user, since, until).select_related("ticket__division", "by")


def _once() -> Func:
    """Tell pauses apart by their ticket and moment."""
    return Func(F("clock__ticket_id"), Value("@"), F("begun_at"), function="concat", output_field=TextField())
