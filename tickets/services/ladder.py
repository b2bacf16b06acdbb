"""Tell who has to know that a promise is near or missed, and raise the ticket to whoever stands further up."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from foundation.clocks.queries import hours_of, zone_for
from foundation.clocks.states import WatchStatus
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import supervisors_of
from tickets.models import Alert, LadderStep, Ticket, TicketClock
from tickets.queries.sla import duration, face_of, place_of, steps_at
from tickets.services.rows import locked
from tickets.services.staff_letters import write_to_staff
from tickets.services.working import escalate_ticket
from tickets.states import AlertChannel, EscalationReason, Priority, Told

AT_ONCE = 100
"""Alerts that leave in one transaction."""


@transaction.atomic
def climb_ladder(clock_id: int, share: int, moment: datetime) -> None:
    """
    Do what a service level says for a share of a target; a second time does nothing.

    Nothing happens where the promise was kept meanwhile, or was changed so that the share is not reached.
    """
    ticket = locked(TicketClock.objects.values_list("ticket", flat=True).get(pk=clock_id))
    clock = TicketClock.objects.locked().prefetch_related("segments").get(pk=clock_id)
    at = now()
    if not ticket.is_open or clock.status == WatchStatus.STOPPED or clock.percent(at) < share:
        return
    steps = steps_at(clock.policy_id, clock.kind, share)
    level = max((step.level for step in steps), default=0)
    if level > ticket.escalation_level:
        escalate_ticket(ticket.pk, level, EscalationReason.TIME, by=None)
    alerts = [
        Alert(
            clock=clock, ticket=ticket, user=user, channel=step.channel, share=share, moment=moment,
            leaves_at=_leaves_at(step, ticket, at),
        )
        for step in steps
        for user in _told(step, ticket)
    ]  # fmt: skip
    Alert.objects.bulk_create(alerts, ignore_conflicts=True)
    _send(Alert.objects.filter(clock=clock, told_at=None, dropped_at=None, leaves_at__lte=at), at=at)


def _leaves_at(step: LadderStep, ticket: Ticket, at: datetime) -> datetime:
    """Return when a step may speak: now, or when the hours of its channel begin."""
    is_urgent = ticket.priority == Priority.P1 and step.p1_at_any_hour
    if step.calendar is None or is_urgent:
        return at
    hours = hours_of(step.calendar.pk, zone_for(step.calendar, place_of(ticket)))
    return hours.opens_at(at) or at


def _told(step: LadderStep, ticket: Ticket) -> list[User]:
    """Return whom a step tells: each once. Where nobody has the ticket its team is told, without a team the supervisors."""
    team = list(User.objects.filter(memberships__team=ticket.team_id, is_active=True)) if ticket.team_id else []
    supervisors = supervisors_of(ticket.division)
    owner = [ticket.owner] if ticket.owner and ticket.owner.is_active else []
    groups = {Told.OWNER: owner or team or supervisors, Told.TEAM: team or supervisors, Told.SUPERVISOR: supervisors}
    found = {user.pk: user for group in step.tell for user in groups[Told(group)]}
    return list(found.values())


@transaction.atomic
def send_due_alerts() -> int:
    """Send the alerts whose hour has come, some of them at once, and return how many there were."""
    at = now()
    due = Alert.objects.filter(leaves_at__lte=at, told_at=None, dropped_at=None).order_by("leaves_at")
    return _send(due, at=at, most=AT_ONCE)


def _send(due: QuerySet[Alert], *, at: datetime, most: int = AT_ONCE) -> int:
    rows: list[Alert] = list(
        due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("user", "ticket__division", "clock__calendar")
        .prefetch_related("clock__segments")[:most]
    )
    for alert in rows:
        if not alert.ticket.is_open or alert.clock.status == WatchStatus.STOPPED:
            alert.dropped_at = at
        else:
            alert.told_at = at
            if alert.channel == AlertChannel.MAIL:
                _write_to(alert, at=at)
    Alert.objects.bulk_update(rows, ["told_at", "dropped_at"])
    return len(rows)


def _write_to(alert: Alert, *, at: datetime) -> None:
    face = face_of(alert.clock, at)

    def words() -> dict[str, object]:
        return {
            "what": alert.clock.get_kind_display(),
            "share": alert.share,
            "is_missed": face.is_breached,
            "left": duration(abs(face.remaining)),
        }

    ticket = alert.ticket
    write_to_staff(alert.user, "promise", words, key=str(alert.pk), about=ticket, division=ticket.division)


@transaction.atomic
def see_alerts(alert_ids: Iterable[int], *, by: User) -> int:
    """Note that somebody has seen what they were told at the desk; alerts of others are left alone."""
    mine = Alert.objects.filter(
        pk__in=alert_ids, user=by, channel=AlertChannel.DESK, told_at__isnull=False, seen_at=None
    )
    return mine.update(seen_at=now())
