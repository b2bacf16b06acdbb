"""Post to the ledger, and close its months. Nobody else writes an entry, but the nightly run's own statement."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext as _

from commissions.events import PeriodClosed
from commissions.models import ClosedPeriod, LedgerEntry, Reward
from commissions.states import LEGS, EntryKind, LedgerAccount
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

PATIENCE = "60s"
"""How long closing a month waits for what is being posted."""

POST = """
    WITH moved AS (
        UPDATE commissions_reward SET moves = moves + 1
        WHERE id = %(reward)s AND moves = %(moves)s
        RETURNING id, moves, payee_id, division_id, version_id, currency
    ), open AS (
        SELECT (max(closed.period) + interval '1 month')::date AS first
        FROM commissions_closedperiod closed
        WHERE closed.division_id = ANY(
            SELECT unnest(division.lineage) FROM divisions_division division JOIN moved ON division.id = moved.division_id
        )
    )
    INSERT INTO commissions_ledgerentry (
        key, kind, debit, credit, amount, currency, payee_id, division_id, reward_id, version_id,
        calculation, inputs, effective_on, period, posted_at
    )
    SELECT moved.id || ':' || moved.moves, %(kind)s, %(debit)s, %(credit)s, %(amount)s, moved.currency, moved.payee_id,
        moved.division_id, moved.id, moved.version_id, %(calculation)s, %(inputs)s, %(effective_on)s,
        greatest(date_trunc('month', %(effective_on)s::date)::date, open.first), %(posted_at)s
    FROM moved CROSS JOIN open
    RETURNING id, key, period
"""
"""One statement: the closed months that it sees are those of a moment at which none can be closed any more."""


def post(  # noqa: PLR0913  # what an entry says
    reward: Reward,
    kind: EntryKind,
    amount: Decimal,
    *,
    effective_on: date,
    debit: LedgerAccount | None = None,
    calculation: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> LedgerEntry:
    """
    Write the next entry of a reward that is locked, in the first open month from its day on.

    :param amount: above zero, in the reward's currency, rounded
    :param effective_on: the division's day on which it became true
    :param debit: the account that is debited, where the kind leaves a choice (what is taken back)
    :raises RuntimeError: outside a transaction, or if the reward is staler than its row: it was not locked
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An entry is posted in the transaction that makes it true.")
    debited, credited = _legs(kind, debit)
    posted_at = now()
    params: dict[str, Any] = {
        "reward": reward.pk,
        "moves": reward.moves,
        "kind": kind.value,
        "debit": debited.value,
        "credit": credited.value,
        "amount": amount,
        "calculation": calculation,
        "inputs": json.dumps(dict(inputs or {}), cls=DjangoJSONEncoder),
        "effective_on": effective_on,
        "posted_at": posted_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(POST, params)
        written = cursor.fetchone()
    if written is None:
        raise RuntimeError(f"{reward} was posted to since it was read: lock it first.")
    reward.moves += 1
    return LedgerEntry(
        pk=written[0], key=written[1], kind=kind, debit=debited, credit=credited, amount=amount,
        currency=reward.currency, payee_id=reward.payee_id, division_id=reward.division_id, reward=reward,
        version_id=reward.version_id, calculation=calculation, inputs=dict(inputs or {}), effective_on=effective_on,
        period=written[2], posted_at=posted_at,
    )  # fmt: skip


def _legs(kind: EntryKind, debit: LedgerAccount | None) -> tuple[LedgerAccount, LedgerAccount]:
    fitting = [pair for pair in LEGS[kind] if debit in (None, pair[0])]
    if len(fitting) != 1:
        raise ValueError(f"{kind} does not say which account is debited.")
    return fitting[0]


@transaction.atomic
def close_period(division_id: int, period: date, *, by: User | None) -> ClosedPeriod:
    """
    Take no more entries for a month and all before it, in a division and below: what comes later goes to the next.

    Waits for what is being posted, and holds back what is to be posted until the month is closed.

    :param period: any day of the month
    :param by: who closes it; None: the schedule
    :raises NotAllowed: if the person may not close months there, the month is not over, or is closed already
    """
    division = Division.objects.get(pk=division_id)
    if by:
        require(by, Permission.CLOSE_MONTHS, division)
    first = period.replace(day=1)
    if first >= today(division).replace(day=1):
        raise NotAllowed(_("This month is not over."), code="not_over", field="period")
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        cursor.execute("LOCK TABLE commissions_ledgerentry IN SHARE ROW EXCLUSIVE MODE")
    if ClosedPeriod.objects.filter(division__in=division.lineage, period__gte=first).exists():
        raise NotAllowed(_("This month is closed."), code="closed", field="period")
    closed = ClosedPeriod.objects.create(division=division, period=first, closed_by=by)
    publish(PeriodClosed(division_id=division.pk, period=first.isoformat()), subject=closed, division=division, by=by)
    return closed
