# ruff: noqa: S608  # statements put together from texts of ours; every value is a parameter
"""
Qualification: every night, what the facts about bills make of the rewards that are not final.

One statement a chunk decides, moves the rewards, and writes their ledger entries, facts and deliveries. A reward that
nothing has changed about is read and left alone; one that is final is not even judged, unless something was heard.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from commissions.events import RewardClawedBack, RewardForfeited, RewardHeld, RewardQualified, RewardReinstated
from commissions.models import Reward, Rule
from commissions.queries.judging import IS_TAKEN_BACK, JUDGING, params_of
from commissions.queries.rewarding import committed_of, has_room
from commissions.services.endings import FINAL_REASONS, STANDS_IN, end_rewards_of
from commissions.states import MAY_BE_TAKEN_BACK, QUALIFYING, REWARD_MOVES, RewardStatus
from foundation.divisions.models import Division
from foundation.events.services import publish_many
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job, work_one_chunk
from foundation.jobs.states import JobStatus
from foundation.now import now, today
from foundation.people.models import User

JOB = "commissions.qualify"
CHUNK = 10_000
"""Rewards a statement: a second or two, far from its time limit."""
LONGEST_TRANSACTION = timedelta(hours=1)
"""What was received so long before the last run began was surely committed when it looked."""
OPEN = """
    reward.status = ANY(%(open)s) AND NOT (reward.status = 'forfeited' AND (
        reward.reason = ANY(%(final)s) OR EXISTS (
            SELECT 1 FROM commissions_dispute dispute
            JOIN commissions_ledgerentry correction ON correction.id = dispute.correction_id
            WHERE dispute.payee_id = reward.payee_id AND correction.reward_id = reward.id
                AND dispute.status = 'upheld' AND NOT EXISTS (
                    SELECT 1 FROM commissions_batchline line
                    WHERE line.dispute_id = dispute.id AND line.verdict = 'wrong'
                )
        )
    ))
"""
"""What people have given for a forfeited reward, whatever was disputed, and no auditor took back, is not earned a second time."""
RANGE = f"""
    {OPEN} AND reward.id BETWEEN %(first)s AND %(last)s AND (
        day.seen_until IS NULL
        OR day.seen_until < greatest(reward.latest_on + 1, reward.watched_until)
        OR reward.accrued_at >= %(heard_since)s
        OR EXISTS (
            SELECT 1 FROM billing_invoice fact
            WHERE fact.account_id = reward.friend_account_id AND fact.received_at >= %(heard_since)s
        )
        OR EXISTS (
            SELECT 1 FROM billing_allocation fact
            WHERE fact.account_id = reward.friend_account_id AND fact.received_at >= %(heard_since)s
        )
        OR EXISTS (
            SELECT 1 FROM billing_servicestatusreport fact
            WHERE fact.account_id = reward.friend_account_id AND fact.received_at >= %(heard_since)s
        )
    )
"""
"""Once its last days were decided about, only what was heard since can change a reward."""
ACCOUNT = f"{OPEN} AND reward.friend_account_id = %(account)s"
TELLING = (RewardReinstated, RewardQualified, RewardHeld, RewardForfeited, RewardClawedBack)

MOVING = (
    """, outcome AS (
    SELECT decided.*, fate.*, decided.inputs || CASE WHEN decided.base IS NULL THEN '{}'::jsonb
            ELSE jsonb_build_object('base', decided.base::text) END AS inputs_after,
        CASE WHEN decided.base IS NULL THEN decided.calculation ELSE format('%%s %%%% × %%s%%s = %%s%%s',
            trim_scale(decided.rate), %(signs)s::jsonb ->> decided.currency, to_char(decided.base, 'FM999,999,999,990.00'),
            %(signs)s::jsonb ->> decided.currency, to_char(decided.worth, 'FM999,999,999,990.00')) END AS calculation_after
    FROM decided
    CROSS JOIN LATERAL (
        SELECT decided.status = 'forfeited' AND decided.decision IN ('earned', 'qualifying')
                AND decided.id <> ALL(%(without_a_place)s) AS is_reinstated,
            decided.decision = 'earned' AND decided.id <> ALL(%(without_a_place)s) AS is_earning,
            decided.status = 'accrued' AND decided.decision IN ('paid_late', 'left_early', 'too_few_bills', 'no_cash')
                AS is_forfeited,
            """
    + IS_TAKEN_BACK
    + """ AS is_taken_back,
            replace(decided.decision, '_in_part', '') AS reason_after,
            EXISTS (
                SELECT 1 FROM referrals_signal signal
                WHERE signal.referral_id = decided.referral_id AND signal.status = 'open'
            ) AS is_signalled
    ) AS fate
    WHERE fate.is_reinstated OR fate.is_earning OR fate.is_forfeited OR fate.is_taken_back
), placed AS (
    SELECT outcome.*, CASE
        WHEN is_earning AND is_signalled THEN 'held'
        WHEN is_earning THEN 'payable'
        WHEN is_reinstated THEN 'accrued'
        WHEN is_forfeited THEN 'forfeited'
        WHEN part = amount - clawed_back THEN 'reversed'
        ELSE status
    END AS status_after,
        (is_reinstated AND coalesce(amount, 0) > 0)::int + (is_earning AND amount IS NULL)::int
            + (is_earning AND NOT is_signalled)::int + (is_forfeited AND coalesce(amount, 0) > 0)::int
            + is_taken_back::int AS entries
    FROM outcome
), locked AS MATERIALIZED (
    SELECT reward.id AS locked_id
    FROM placed JOIN commissions_reward reward USING (id)
    WHERE reward.status = placed.status AND reward.moves = placed.moves
    ORDER BY reward.id
    FOR NO KEY UPDATE OF reward
), step AS (
    SELECT placed.id AS reward_id, step.*,
        row_number() OVER (PARTITION BY placed.id ORDER BY step.place) AS number
    FROM placed JOIN locked ON locked.locked_id = placed.id
    CROSS JOIN LATERAL (
        SELECT 1, 'reinstate', 'expense', 'held', amount, reason_on, '', '{}'::jsonb
        WHERE is_reinstated
        UNION ALL
        SELECT 2, 'accrual', 'expense', 'held', worth, since, calculation_after, inputs_after
        WHERE is_earning AND amount IS NULL
        UNION ALL
        SELECT 3, 'release', 'held', 'payable', worth, since, calculation_after, inputs_after
        WHERE is_earning AND NOT is_signalled
        UNION ALL
        SELECT 4, 'forfeit', 'held', 'expense', amount, since, '', '{}'::jsonb
        WHERE is_forfeited
        UNION ALL
        SELECT 5, 'clawback', %(stands_in)s::jsonb ->> status, 'expense', part, since,
            CASE WHEN decision = 'left_early_in_part' THEN format(
                '%%s%%s × (%%s − %%s) ÷ (%%s − %%s) = %%s%%s', %(signs)s::jsonb ->> currency,
                to_char(amount, 'FM999,999,999,990.00'), clawback_none_days, days_served, clawback_none_days,
                clawback_full_days, %(signs)s::jsonb ->> currency, to_char(part, 'FM999,999,999,990.00')) ELSE '' END,
            jsonb_strip_nulls(jsonb_build_object('reason', reason_after, 'days_served', days_served))
        WHERE is_taken_back
    ) AS step (place, kind, debit, credit, amount, effective_on, calculation, inputs)
    WHERE step.amount > 0
), moved AS (
    UPDATE commissions_reward reward SET
        status = placed.status_after,
        amount = CASE WHEN is_earning THEN worth ELSE placed.amount END,
        calculation = placed.calculation_after,
        inputs = placed.inputs_after,
        qualified_on = CASE WHEN is_earning THEN since ELSE placed.qualified_on END,
        holds = CASE WHEN is_earning AND is_signalled THEN ARRAY['signal'] WHEN status_after = 'reversed' THEN '{}'
            ELSE reward.holds END,
        reason = CASE WHEN is_forfeited OR is_taken_back THEN reason_after ELSE '' END,
        reason_on = CASE WHEN is_forfeited OR is_taken_back THEN since END,
        clawed_back = placed.clawed_back + CASE WHEN is_taken_back THEN part ELSE 0 END,
        moves = placed.moves + placed.entries
    FROM placed JOIN locked ON locked.locked_id = placed.id
    WHERE reward.id = placed.id
        AND (placed.status, placed.status_after) IN (SELECT * FROM unnest(%(ways_from)s::text[], %(ways_to)s::text[]))
    RETURNING placed.*
), months AS (
    SELECT day.division_id, (max(closed.period) + interval '1 month')::date AS first_open
    FROM day
    JOIN divisions_division division ON division.id = day.division_id
    LEFT JOIN commissions_closedperiod closed ON closed.division_id = ANY(division.lineage)
    GROUP BY day.division_id
), posted AS (
    INSERT INTO commissions_ledgerentry (
        key, kind, debit, credit, amount, currency, payee_id, division_id, reward_id, version_id, calculation, inputs,
        effective_on, period, posted_at
    )
    SELECT moved.id || ':' || moved.moves + step.number, step.kind, step.debit, step.credit, step.amount,
        moved.currency, moved.payee_id, moved.division_id, moved.id, moved.version_id, step.calculation, step.inputs,
        step.effective_on, greatest(date_trunc('month', step.effective_on)::date, months.first_open), %(at)s
    FROM moved
    JOIN step ON step.reward_id = moved.id
    JOIN months USING (division_id)
    ORDER BY moved.id, step.number
), facts AS (
    SELECT fact.name, fact.payload, 'commissions.reward' AS subject_type, moved.id AS subject_id,
        ARRAY['accounts.account:' || payee.account_id, 'commissions.reward:' || moved.id,
            'orders.order:' || referral.order_id, 'referrals.referral:' || referral.id] AS about,
        moved.division_id, %(at)s::timestamptz AS at, row_number() OVER (ORDER BY moved.id, fact.place) AS place
    FROM moved
    JOIN commissions_payee payee ON payee.id = moved.payee_id
    JOIN referrals_referral referral ON referral.id = moved.referral_id
    CROSS JOIN LATERAL (
        SELECT 1, 'commissions.reward_reinstated', jsonb_build_object('reward_id', moved.id)
        WHERE is_reinstated
        UNION ALL
        SELECT 2, 'commissions.reward_qualified', jsonb_build_object(
            'reward_id', moved.id, 'amount', worth::text, 'currency', moved.currency, 'qualified_on', since)
        WHERE is_earning
        UNION ALL
        SELECT 3, 'commissions.reward_held', jsonb_build_object(
            'reward_id', moved.id, 'reasons', jsonb_build_array('signal'))
        WHERE is_earning AND is_signalled
        UNION ALL
        SELECT 4, 'commissions.reward_forfeited', jsonb_build_object(
            'reward_id', moved.id, 'reason', reason_after, 'since', since)
        WHERE is_forfeited
        UNION ALL
        SELECT 5, 'commissions.reward_clawed_back', jsonb_build_object(
            'reward_id', moved.id, 'amount', part::text, 'currency', moved.currency, 'reason', reason_after,
            'is_receivable', moved.status = 'settled')
        WHERE is_taken_back
    ) AS fact (place, name, payload)
)"""
)

"""What follows from the decisions: rows that changed since they were read are left to the next run."""

TOO_LATE_FOR_ITS_PLACE = """
    AND reward.status = 'forfeited' AND reward.latest_on < day.as_of AND version.budget IS NOT NULL
"""
DAY = JUDGING.partition(", subject AS")[0]
"""The first step of judging: the day of each division."""
SOME_RETURN = f"""{DAY}
    SELECT EXISTS (
        SELECT 1 FROM commissions_reward reward
        JOIN day USING (division_id)
        JOIN commissions_ruleversion version ON version.id = reward.version_id
        WHERE {{scope}}
    )
"""
"""Asked of every chunk and every account: judging, whose planning alone costs more, only where some may come back."""
RETURNING = """
    SELECT decided.id, version.rule_id, decided.worth, version.budget, decided.as_of
    FROM decided JOIN commissions_ruleversion version ON version.id = decided.version_id
    WHERE decided.decision = 'earned'
    ORDER BY version.rule_id, decided.id
"""
"""What came late brings back after its last day, when its place in a budget may have gone to another."""

COUNTING = "SELECT (SELECT count(*) FROM subject), (SELECT count(*) FROM moved)"


@dataclass(frozen=True)
class Judged:
    """How many rewards were looked at, and how many of them moved."""

    looked_at: int
    moved: int


def start_qualification(division: Division, *, by: User | None) -> Job:
    """
    Start the run of a division and all below it, as of today in each one's zone, for any number of workers.

    The days are frozen with the work, so that a chunk that is taken again is decided as of the same.
    """
    return _start(division, _days(Division.objects.under(division)), by=by)


@transaction.atomic
def _start(division: Division, days: list[dict[str, Any]], *, by: User | None) -> Job:
    before = Job.objects.filter(kind=JOB, status=JobStatus.DONE, division__in=division.lineage).first()
    seen = {day["division_id"]: day["as_of"] for day in before.params["days"]} if before else {}
    ids = Reward.objects.filter(division__in=[day["division_id"] for day in days]).aggregate(
        first=Min("pk", default=1), last=Max("pk", default=1)
    )
    heard_since = before.started_at - LONGEST_TRANSACTION if before else None
    return start_job(
        JOB,
        title=_("Qualification: %(division)s") % {"division": division},
        division=division,
        total=ids["last"] - ids["first"] + 1,
        chunk_size=CHUNK,
        params={
            "days": [{**day, "seen_until": seen.get(day["division_id"])} for day in days],
            "heard_since": heard_since.isoformat() if heard_since else None,
            "before_first": ids["first"] - 1,
        },
        by=by,
    )


def _days(divisions: Iterable[Division]) -> list[dict[str, Any]]:
    return [{"division_id": division.pk, "as_of": today(division).isoformat()} for division in divisions]


def qualify_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Decide about the rewards of one chunk and move them, in the transaction that records it as done."""
    first, last = chunk.first + job.params["before_first"], chunk.last + job.params["before_first"]
    bounds = {"first": first, "last": last, "heard_since": job.params["heard_since"]}
    _judge(RANGE, job.params["days"], bounds)
    return ChunkResult(done=chunk.last - chunk.first + 1)


def qualify_now(division: Division, *, by: User | None = None) -> Job:
    """
    Run the qualification of a division to its end, in this process and with whatever workers help.

    :raises RuntimeError: if it fails
    """
    job = start_qualification(division, by=by)
    while work_one_chunk(job.pk):
        pass
    while job.status == JobStatus.RUNNING:  # another worker is at the last chunk
        job.refresh_from_db()
        if job.status == JobStatus.RUNNING:
            time.sleep(0.05)
    if job.status != JobStatus.DONE:
        raise RuntimeError(job.problem)
    return job


@transaction.atomic
def reconsider(account_id: int, *, on: date | None = None) -> Judged:
    """
    Decide at once about the rewards that one account's bills decide about.

    :param on: as of which day; today in each division's zone unless told otherwise
    """
    divisions = Division.objects.filter(pk__in=Reward.objects.filter(friend_account=account_id).values("division"))
    days = [{**day, "seen_until": None} | ({"as_of": on.isoformat()} if on else {}) for day in _days(divisions)]
    return _judge(ACCOUNT, days, {"account": account_id})


def look_again(reward_id: int) -> Judged:
    """
    Take back what is no longer owed of a reward that could not be judged while it was being paid.

    In two transactions: judging may hold rules, and whoever holds a reward must not wait for one. Done again after a
    kill in between, both change nothing twice.
    """
    reward = Reward.objects.get(pk=reward_id)
    end_rewards_of(reward.referral_id, by=None)
    return reconsider(reward.friend_account_id)


def _judge(scope: str, days: list[dict[str, Any]], bounds: dict[str, Any]) -> Judged:
    ways_from, ways_to = zip(*_ways(), strict=True)
    params = {
        **params_of(days),
        **bounds,
        "open": sorted(QUALIFYING | MAY_BE_TAKEN_BACK),
        "final": sorted(FINAL_REASONS),
        "stands_in": json.dumps(STANDS_IN),
        "ways_from": list(ways_from),
        "ways_to": list(ways_to),
        "at": now(),
    }
    params["without_a_place"] = _without_a_place(scope, params)
    row = publish_many(JUDGING.format(scope=scope) + MOVING, params, kinds=TELLING, counting=COUNTING)
    return Judged(*row)


def _without_a_place(scope: str, params: Mapping[str, Any]) -> list[int]:
    """
    Return the rewards that come back too late: their budget has been given to others. Those with room take it.

    The rules are locked, by ascending id, so that nobody else takes the same room.
    """
    late = scope + TOO_LATE_FOR_ITS_PLACE
    with connection.cursor() as cursor:
        cursor.execute(SOME_RETURN.format(scope=late), dict(params))
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(JUDGING.format(scope=late) + RETURNING, dict(params))
        returning = cursor.fetchall()
    granted: dict[int, Decimal] = {}
    refused = []
    for reward_id, rule_id, worth, budget, as_of in returning:
        if rule_id not in granted:
            Rule.objects.locked().get(pk=rule_id)
            granted[rule_id] = committed_of(rule_id, as_of)
        if has_room(granted[rule_id], worth, budget):
            granted[rule_id] += worth
        else:
            refused.append(reward_id)
    for rule_id, sum_ in granted.items():
        Rule.objects.filter(pk=rule_id).update(granted=sum_)
    return refused


def _ways() -> list[tuple[str, str]]:
    """Return the moves that a run may make: those of the table, one through *accrued*, and a part taken back."""
    ways: list[tuple[str, str]] = [(source, target) for source, targets in REWARD_MOVES.items() for target in targets]
    ways += [
        (source, target)
        for source, targets in REWARD_MOVES.items()
        if RewardStatus.ACCRUED in targets
        for target in REWARD_MOVES[RewardStatus.ACCRUED]
    ]
    return ways + [(status, status) for status in MAY_BE_TAKEN_BACK]
