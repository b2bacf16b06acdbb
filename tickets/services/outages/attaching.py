"""
Attach tickets to the outage that explains them, detach those that it does not, and end them with it.

The outage is held before its tickets, so that whoever changes it, and whoever attaches to it, come one after the other.
Those who attach to it do not wait for each other; late tickets of one account do.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from foundation.correspondence.services import Upload
from foundation.divisions.models import Division
from foundation.divisions.queries import dates_in
from foundation.events.facts import Fact
from foundation.events.services import publish_many
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from territory.states import NETWORK_FAMILIES
from tickets.events import (
    ResolutionTakenBack,
    TicketAttached,
    TicketDetached,
    TicketMoved,
    TicketReopened,
    TicketResolved,
)
from tickets.models import Outage, OutageDetachment, Ticket
from tickets.queries.outages import family_of, outages_at
from tickets.services.leaving import undo_within
from tickets.services.opening import Report, open_ticket
from tickets.services.outages.extent import shared_outage, take_in, tell_newcomers
from tickets.services.rows import locked, locked_for_work, moved, record
from tickets.states import DetachReason, HoldReason, TicketChannel, TicketStatus, TicketType

_MOVING = """
WITH {first}held AS (
    SELECT ticket.id, ticket.status, ticket.reopened_count, ticket.resolved_at FROM tickets_ticket ticket
    WHERE {which}
    ORDER BY ticket.id FOR NO KEY UPDATE
), {between}moved AS (
    UPDATE tickets_ticket ticket SET {change}
    FROM {among} held WHERE ticket.id = held.id
    RETURNING ticket.id, held.status AS before, ticket.status AS after, ticket.division_id, ticket.customer_id,
        ticket.account_id, ticket.reopened_count
), {then}facts AS (
    SELECT told.name, told.payload, 'tickets.ticket' AS subject_type, moved.id AS subject_id,
        array_remove(ARRAY[
            'accounts.account:' || moved.account_id, 'accounts.customer:' || moved.customer_id,
            'tickets.outage:' || %(outage)s, 'tickets.ticket:' || moved.id
        ], NULL) AS about,
        moved.division_id, %(at)s::timestamptz AS at, moved.id AS place
    FROM moved CROSS JOIN LATERAL (VALUES
        {facts}
    ) AS told (name, payload)
    WHERE told.name IS NOT NULL
)"""


def _moving(  # noqa: PLR0913  # the parts of a statement: each has a name
    which: str, change: str, *facts: str, first: str = "", between: str = "", among: str = "held", then: str = ""
) -> str:
    """
    Write the statement that holds tickets in their order, changes them, and says what is told of each. `HOLDING` shows one whole.

    :param first: an expression that finds them before they are held
    :param between: an expression that looks at those that are held
    :param among: where those that are changed come from; `held`: all of them are
    :param then: an expression that writes down what follows of those that moved
    """
    return _MOVING.format(
        which=which, change=change, facts=", ".join(facts), first=first, between=between, among=among, then=then
    )


_OF_OUTAGE = "jsonb_build_object('ticket_id', moved.id, 'outage_id', %(outage)s)"


def _moved(reason: str, name: str = "'tickets.moved'") -> str:
    return f"""({name}, jsonb_build_object(
            'ticket_id', moved.id, 'before', moved.before, 'after', moved.after, 'reason', '{reason}'
        ))"""


_FAMILY = """coalesce(
        (SELECT symptom.family FROM tickets_symptom symptom WHERE symptom.code = ticket.symptom),
        ticket.answers ->> 'family', ''
    )"""
"""The family of the service that a ticket is about, as `family_of` finds it where the ticket names no service."""
_SPEAKS_OF_IT = f"""CASE {_FAMILY}
    WHEN '' THEN NOT EXISTS (
        SELECT FROM orders_installedservice service JOIN orders_orderline line ON line.id = service.line_id
        JOIN unnest(%(below)s::bigint[], %(days)s::date[]) AS its (division_id, today)
            ON its.division_id = service.division_id
        WHERE service.account_id = ticket.account_id AND line.family = ANY(%(network)s)
            AND service.since <= its.today AND (service.until IS NULL OR service.until > its.today)
            AND service.id NOT IN (SELECT service_id FROM tickets_affectedservice WHERE outage_id = %(outage)s)
    )
    ELSE EXISTS (
        SELECT FROM tickets_affectedservice affected
        JOIN orders_installedservice service ON service.id = affected.service_id
        JOIN orders_orderline line ON line.id = service.line_id
        WHERE affected.outage_id = %(outage)s AND affected.account_id = ticket.account_id
            AND line.family = {_FAMILY}
    ) END"""  # noqa: S608  # texts of ours; every value is a parameter
"""Whether what a ticket is about, by its symptom, is what an outage stops; where it says nothing, all that they have."""
_THIS_ONE = "(%(ticket)s::bigint IS NULL OR ticket.id = %(ticket)s)"
_ATTACHABLE = """ticket.type = 'trouble' AND ticket.status IN ('acknowledged', 'in_progress', 'pending')
        AND ticket.merged_into_id IS NULL AND ticket.outage_id IS NULL"""
ATTACHING = _moving(
    f"ticket.id IN (SELECT id FROM candidate) AND {_ATTACHABLE}",  # noqa: S608  # texts of ours; every value is a parameter
    "outage_id = %(outage)s, status = 'held', reason = 'outage'",
    f"('tickets.attached', {_OF_OUTAGE})",
    _moved("outage"),
    first=f"""candidate AS (
    SELECT DISTINCT ON (ticket.account_id) ticket.id
    FROM tickets_ticket ticket
    WHERE ticket.account_id IN (SELECT account_id FROM tickets_affectedservice WHERE outage_id = %(outage)s)
        AND {_ATTACHABLE} AND ticket.opened_at >= %(since)s
        AND {_THIS_ONE}
        AND CASE WHEN ticket.service_id IS NULL THEN {_SPEAKS_OF_IT} ELSE ticket.service_id IN (
            SELECT service_id FROM tickets_affectedservice WHERE outage_id = %(outage)s
        ) END
        AND NOT EXISTS (
            SELECT FROM tickets_outagedetachment apart WHERE apart.outage_id = %(outage)s AND apart.ticket_id = ticket.id
        )
        AND NOT EXISTS (
            SELECT FROM tickets_ticket first
            WHERE first.outage_id = %(outage)s AND first.account_id = ticket.account_id
        )
    ORDER BY ticket.account_id, ticket.id
), """,  # noqa: S608
)
"""One ticket of an account is explained by an outage by itself: a second fault keeps its own."""

RESOLVING = _moving(
    "ticket.outage_id = %(outage)s AND ticket.status = 'held' AND ticket.reason = 'outage' AND ticket.merged_into_id IS NULL",
    """status = 'resolved', reason = '', resolution = 'outage_ended', resolved_at = %(at)s, due_at = NULL,
        first_resolved_at = coalesce(ticket.first_resolved_at, %(at)s),
        resolution_text = coalesce(nullif(%(words)s::jsonb ->> ticket.language, ''), %(words)s::jsonb ->> 'en', '')""",
    _moved("outage_ended"),
    """('tickets.resolved', jsonb_build_object(
            'ticket_id', moved.id, 'code', 'outage_ended', 'times', moved.reopened_count
        ))""",
    then="""noticed AS (
    INSERT INTO tickets_resolutionnotice (ticket_id, times, leaves_at)
    SELECT moved.id, moved.reopened_count, %(at)s + undo.within
    FROM moved JOIN unnest(%(divisions)s::bigint[], %(within)s::interval[]) AS undo (division_id, within) USING (division_id)
    ON CONFLICT DO NOTHING
), """,
)
"""Word of it is owed in the same moment: until that has left, it can be taken back, as where a person resolves."""

_ENDED_WITH_IT = f"""ticket.outage_id = %(outage)s AND ticket.resolution = 'outage_ended' AND ticket.merged_into_id IS NULL
        AND {_THIS_ONE}"""

TAKING_BACK = _moving(
    f"{_ENDED_WITH_IT} AND ticket.status = 'resolved'",
    """status = 'in_progress', resolution = '', resolution_text = '', resolved_at = NULL,
        first_resolved_at = nullif(ticket.first_resolved_at, ticket.resolved_at)""",
    "('tickets.resolution_taken_back', jsonb_build_object('ticket_id', moved.id))",
    _moved("outage"),
    between="""ahead AS (
    UPDATE tickets_resolutionnotice notice SET taken_back_at = %(at)s
    FROM held
    WHERE notice.ticket_id = held.id AND notice.times = held.reopened_count
        AND notice.left_at IS NULL AND notice.taken_back_at IS NULL
    RETURNING held.*
), forgotten AS (
    UPDATE tickets_ticketclock clock SET met_at = NULL
    FROM ahead WHERE clock.ticket_id = ahead.id AND clock.met_at >= ahead.resolved_at
), """,
    among="ahead",
)
"""Those of which nobody outside has heard: as where a person takes it back, they were never resolved."""

TAKING_UP = _moving(
    f"{_ENDED_WITH_IT} AND ticket.status IN ('resolved', 'closed')",
    """status = 'in_progress', resolution = '', resolution_text = '', resolved_at = NULL, closed_at = NULL,
        reopened_at = %(at)s, reopened_count = ticket.reopened_count + 1""",
    _moved("outage"),
    "('tickets.reopened', jsonb_build_object('ticket_id', moved.id, 'times', moved.reopened_count))",
)

HOLDING = _moving(
    f"""ticket.outage_id = %(outage)s AND ticket.type = 'trouble' AND ticket.status = 'in_progress'
        AND ticket.merged_into_id IS NULL AND {_THIS_ONE}""",
    "status = 'held', reason = 'outage'",
    _moved("outage"),
)
"""
Those that were taken up are its own: by whomever, and whenever, they were attached.

The shortest of these statements; written out, it is:

WITH held AS (
    SELECT ticket.id, ticket.status, ticket.reopened_count, ticket.resolved_at FROM tickets_ticket ticket
    WHERE ticket.outage_id = %(outage)s AND ticket.type = 'trouble' AND ticket.status = 'in_progress'
        AND ticket.merged_into_id IS NULL AND (%(ticket)s::bigint IS NULL OR ticket.id = %(ticket)s)
    ORDER BY ticket.id FOR NO KEY UPDATE
), moved AS (
    UPDATE tickets_ticket ticket SET status = 'held', reason = 'outage'
    FROM held held WHERE ticket.id = held.id
    RETURNING ticket.id, held.status AS before, ticket.status AS after, ticket.division_id, ticket.customer_id,
        ticket.account_id, ticket.reopened_count
), facts AS (
    SELECT told.name, told.payload, 'tickets.ticket' AS subject_type, moved.id AS subject_id,
        array_remove(ARRAY[
            'accounts.account:' || moved.account_id, 'accounts.customer:' || moved.customer_id,
            'tickets.outage:' || %(outage)s, 'tickets.ticket:' || moved.id
        ], NULL) AS about,
        moved.division_id, %(at)s::timestamptz AS at, moved.id AS place
    FROM moved CROSS JOIN LATERAL (VALUES
        ('tickets.moved', jsonb_build_object(
            'ticket_id', moved.id, 'before', moved.before, 'after', moved.after, 'reason', 'outage'
        ))
    ) AS told (name, payload)
    WHERE told.name IS NOT NULL
)
"""

LETTING_GO = _moving(
    """ticket.outage_id = %(outage)s
        AND (%(since)s::timestamptz IS NULL OR ticket.reason = 'outage' AND ticket.opened_at > %(since)s)""",
    """outage_id = NULL,
        status = CASE WHEN ticket.reason = 'outage' THEN 'in_progress' ELSE ticket.status END,
        reason = CASE WHEN ticket.reason = 'outage' THEN '' ELSE ticket.reason END""",
    f"('tickets.detached', {_OF_OUTAGE})",
    _moved("outage", "CASE WHEN moved.before <> moved.after THEN 'tickets.moved' END"),
)


def _move_many(statement: str, outage: Outage, **more: object) -> int:
    params = {"outage": outage.pk, "at": now(), **more}
    kinds = [ResolutionTakenBack, TicketAttached, TicketDetached, TicketMoved, TicketReopened, TicketResolved]
    [count] = publish_many(statement.strip(), params, kinds=kinds, counting="SELECT (SELECT count(*) FROM moved)")
    return int(count)


def attach_waiting(outage: Outage, ticket_id: int | None = None) -> int:
    """
    Hold the open tickets of affected customers since a locked outage began that speak of what it stops; return how many.

    :param ticket_id: this one alone
    """
    network = [family.value for family in NETWORK_FAMILIES]
    days = dates_in(Division.objects.under(outage.division))
    return _move_many(
        ATTACHING, outage, since=outage.starts_at, ticket=ticket_id, network=network, below=list(days),
        days=list(days.values()),
    )  # fmt: skip


def resolve_attached(outage: Outage) -> int:
    """Resolve the tickets that wait for a locked outage, in the words that its customers read."""
    within = {one.pk: undo_within(one) for one in Division.objects.under(outage.division)}
    return _move_many(
        RESOLVING, outage, words=_as_json(outage.words), divisions=list(within), within=list(within.values())
    )


def take_up_resolved(outage: Outage, ticket_id: int | None = None) -> int:
    """
    Take up again the tickets that were resolved with a held outage that is under way again, and hold them for it.

    Of those whose customers were not told yet the resolution is taken back: they count as never resolved.

    :param ticket_id: this one alone
    """
    count = sum(_move_many(statement, outage, ticket=ticket_id) for statement in (TAKING_BACK, TAKING_UP))
    _move_many(HOLDING, outage, ticket=ticket_id)
    return count


def let_go(outage: Outage, *, opened_after: datetime | None = None) -> int:
    """
    Let the tickets of a locked outage go on by themselves.

    :param opened_after: those alone that wait for it though they were opened after it was over; None: all
    """
    return _move_many(LETTING_GO, outage, since=opened_after)


def _as_json(words: dict[str, str]) -> str:
    return json.dumps({language.split("-")[0]: text for language, text in words.items()} | dict(words))


def attach_late_caller(ticket_id: int) -> None:
    """
    Attach a new ticket to the outage at its address that stops what it is about.

    Nothing where there is none, or a ticket of the account is there already: staff see the outage beside it.
    """
    related = ("premises__division", "service__line", "account")
    ticket = Ticket.objects.select_related(*related).defer("search").get(pk=ticket_id)
    if ticket.type != TicketType.TROUBLE or ticket.premises is None or ticket.account is None or ticket.outage_id:
        return
    family = family_of(ticket)
    found = outages_at(ticket.premises, service=ticket.service, account=ticket.account, family=family)
    for outage_id in list(found.values_list("pk", flat=True)):
        if _attach_if_under_way(outage_id, ticket):
            return


@transaction.atomic
def _attach_if_under_way(outage_id: int, ticket: Ticket) -> bool:
    outage = shared_outage(outage_id)
    if not outage.is_under_way or not ticket.account:
        return False
    Account.objects.locked().get(pk=ticket.account.pk)  # of two tickets of one account, the second sees the first
    newcomers = take_in(outage, ticket.account)
    is_attached = bool(attach_waiting(outage, ticket.pk))
    if newcomers or (is_attached and _was_left_out(outage, ticket.account)):
        tell_newcomers(outage, by=None)
    return is_attached


def _was_left_out(outage: Outage, account: Account) -> bool:
    """Tell whether an account may not have been told because a ticket of it is about something else."""
    return OutageDetachment.objects.filter(outage=outage, ticket__account=account).exists()


@transaction.atomic
def attach_ticket(outage_id: int, ticket_id: int, *, by: User) -> Ticket:
    """
    Attach a ticket to an outage by hand, also one that was detached before.

    Its account counts as affected, and is credited, where the outage is at its address, or whoever attaches it may
    declare outages.

    :raises NotAllowed: if the person may not work on it, the outage is not under way or elsewhere, the ticket has
        ended, is attached already, or its type is not held for an outage
    """
    return _attach(shared_outage(outage_id), ticket_id, by=by)


def _attach(outage: Outage, ticket_id: int, *, by: User) -> Ticket:
    """Attach a ticket to an outage that is held."""
    ticket = locked_for_work(ticket_id, by)
    _refuse_elsewhere(outage, ticket.division)
    before = ticket.status
    ticket.attach(outage)
    OutageDetachment.objects.filter(outage=outage, ticket=ticket).delete()
    attached = TicketAttached(ticket_id=ticket.pk, outage_id=outage.pk)
    record(ticket, attached, moved(ticket, before), by=by, changed=["outage", "status", "reason"], about=[outage])
    if ticket.account:
        newcomers = take_in(outage, ticket.account) if _may_widen(outage, ticket, by) else 0
        if newcomers or _was_left_out(outage, ticket.account):
            tell_newcomers(outage, by=by)
    return ticket


def _may_widen(outage: Outage, ticket: Ticket, by: User) -> bool:
    """Tell whether a ticket is where an outage is, or somebody attaches it who could have declared it there."""
    if can(by, Permission.DECLARE_OUTAGES, outage.division):
        return True
    if ticket.premises is None:
        return False
    return outages_at(ticket.premises, account=ticket.account).filter(pk=outage.pk).exists()


def _refuse_elsewhere(outage: Outage, division: Division) -> None:
    if not outage.is_under_way:
        raise NotAllowed(_("This outage is not under way."), code="not_under_way", field="ticket")
    if outage.division_id not in division.lineage:
        raise NotAllowed(_("This outage is in another market."), code="elsewhere", field="ticket")


@transaction.atomic
def attach_caller(  # noqa: PLR0913  # what, where, by what: each has a name
    outage_id: int,
    report: Report,
    *,
    key: str,
    division: Division,
    channel: TicketChannel,
    by: User,
    uploads: Sequence[Upload] = (),
) -> Ticket:
    """
    Open a ticket for a caller and attach it to the outage that was offered, at once: no technician is sent.

    The same key again returns the same ticket.

    :raises NotAllowed: as `open_ticket` and `attach_ticket` do
    """
    outage = shared_outage(outage_id)
    ticket = open_ticket(report, key=key, division=division, channel=channel, by=by, uploads=uploads)
    return ticket if ticket.outage_id == outage_id else _attach(outage, ticket.pk, by=by)


@transaction.atomic
def keep_apart(outage_id: int, ticket_id: int, *, by: User | None) -> None:
    """
    Note that a ticket is about something else than an outage, so that it is not attached to it by itself.

    :raises NotAllowed: if the person may not work on it
    """
    ticket = locked_for_work(ticket_id, by)
    OutageDetachment.objects.get_or_create(outage_id=outage_id, ticket=ticket, defaults={"by": by})


@transaction.atomic
def detach_ticket(ticket_id: int, *, by: User | None) -> Ticket:
    """
    Take a ticket from the outage that does not explain it: it goes on by itself, and is not attached again by itself.

    :raises NotAllowed: if the person may not work on it, or it is attached to none
    """
    ticket = locked_for_work(ticket_id, by)
    outage, before = ticket.outage, ticket.status
    ticket.detach()
    keep_apart(outage.pk, ticket.pk, by=by)  # type: ignore[union-attr]  # else it could not be detached
    facts = [moved(ticket, before)] if ticket.status != before else []
    detached = TicketDetached(ticket_id=ticket.pk, outage_id=outage.pk, reason=DetachReason.OTHER_FAULT)  # type: ignore[union-attr]
    record(ticket, detached, *facts, by=by, changed=["outage", "status", "reason"], about=[outage])  # type: ignore[list-item]
    return ticket


def follow_outage(ticket: Ticket, *, by: User | None) -> None:
    """
    Let a ticket that has come back wait for its outage while that is under way, and else go on by itself.

    One that ended with the outage is taken up if that is under way again. The outage is held before the ticket, and the
    ticket as well; nothing where it has none.
    """
    outage, before = ticket.outage, ticket.status
    if outage is None:
        return
    if not ticket.is_open:
        if outage.is_under_way and take_up_resolved(outage, ticket.pk):
            ticket.refresh_from_db(fields=TAKEN_UP)
        return
    facts: list[Fact] = []
    if not outage.is_under_way:
        ticket.detach()
        facts.append(TicketDetached(ticket_id=ticket.pk, outage_id=outage.pk))
    elif ticket.status == TicketStatus.IN_PROGRESS:
        ticket.hold(HoldReason.OUTAGE)
    if ticket.status != before:
        facts.append(moved(ticket, before))
    if facts:
        record(ticket, *facts, by=by, changed=["outage", "status", "reason"], about=[outage])


TAKEN_UP = (
    "status", "reason", "resolution", "resolution_text", "resolved_at", "first_resolved_at", "closed_at", "reopened_at",
    "reopened_count",
)  # fmt: skip
"""What may change of a ticket that ended with its outage when that is under way again."""


@transaction.atomic
def leave_outage(ticket_id: int) -> None:
    """
    Let a ticket that is still down after its outage go on by itself, unless the outage is found not to be over.

    :raises NotAllowed: if it waits for an outage, or was attached to none
    """
    ticket = locked(ticket_id)
    outage = ticket.outage
    if outage is None or ticket.reason == HoldReason.OUTAGE:
        raise NotAllowed(_("It waits for the outage, or for none."), code="not_attached")
    ticket.outage = None
    fact = TicketDetached(ticket_id=ticket.pk, outage_id=outage.pk, reason=DetachReason.STILL_DOWN)
    record(ticket, fact, by=None, changed=["outage"], about=[outage])
