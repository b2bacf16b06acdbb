"""The floor of `qualify_rewards`: one bare statement that decides all rewards at once and writes the same rows."""

from typing import Any

from django.db import connection

from bench._rewards import NIGHT

STATEMENT = """
WITH balance AS (
    SELECT invoice.id, invoice.account_id, invoice.amount AS owed,
        invoice.due_on + CASE extract(isodow FROM invoice.due_on) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END + 6 AS too_late_on,
        allocation.effective_on,
        sum(allocation.amount) OVER bill AS now_paid, sum(allocation.amount) OVER bill - sum(allocation.amount) OVER day AS paid_before
    FROM billing_invoice invoice
    LEFT JOIN billing_allocation allocation ON allocation.billing_system_id = invoice.billing_system_id
        AND allocation.invoice_id = invoice.invoice_id AND allocation.effective_on <= %(night)s
    WHERE invoice.issued_on <= %(night)s
    WINDOW bill AS (PARTITION BY invoice.id ORDER BY allocation.effective_on),
        day AS (PARTITION BY invoice.id, allocation.effective_on)
), paid AS (
    SELECT id, account_id, max(too_late_on) AS too_late_on,
        CASE WHEN (array_agg(now_paid ORDER BY effective_on DESC))[1] >= max(owed)
            THEN max(effective_on) FILTER (WHERE now_paid >= owed AND paid_before < owed) END AS paid_on
    FROM balance GROUP BY id, account_id
), friend AS (
    SELECT account_id, (array_agg(paid_on ORDER BY paid_on))[3] AS enough_on,
        min(too_late_on) FILTER (WHERE coalesce(paid_on, %(night)s) >= too_late_on) AS late_on
    FROM paid GROUP BY account_id
), decision AS (
    SELECT reward.id, reward.moves, greatest(reward.earliest_on, friend.enough_on) AS ripe_on, friend.enough_on IS NOT NULL AS is_ripe,
        friend.late_on, gone.effective_on AS gone_on
    FROM commissions_reward reward
    JOIN friend ON friend.account_id = reward.friend_account_id
    LEFT JOIN LATERAL (
        SELECT status, effective_on FROM billing_servicestatusreport report
        WHERE report.account_id = reward.friend_account_id AND report.effective_on <= %(night)s
        ORDER BY effective_on DESC, occurred_at DESC LIMIT 1
    ) gone ON gone.status IN ('disconnected', 'closed')
    WHERE reward.status = 'accrued'
), fate AS (
    SELECT id, moves, ripe_on, late_on, gone_on, CASE
        WHEN late_on <= CASE WHEN is_ripe THEN least(%(night)s, ripe_on) ELSE %(night)s END THEN 'paid_late'
        WHEN gone_on <= CASE WHEN is_ripe THEN least(%(night)s, ripe_on) ELSE %(night)s END THEN 'left_early'
        WHEN is_ripe AND ripe_on <= %(night)s THEN '' END AS reason
    FROM decision
), moved AS (
    UPDATE commissions_reward reward SET status = CASE fate.reason WHEN '' THEN 'payable' ELSE 'forfeited' END,
        qualified_on = CASE fate.reason WHEN '' THEN fate.ripe_on END, reason = fate.reason,
        reason_on = CASE fate.reason WHEN 'paid_late' THEN fate.late_on WHEN 'left_early' THEN fate.gone_on END,
        moves = reward.moves + 1
    FROM fate WHERE fate.id = reward.id AND fate.reason IS NOT NULL
    RETURNING reward.*
), posted AS (
    INSERT INTO commissions_ledgerentry (key, kind, debit, credit, amount, currency, payee_id, division_id, reward_id,
        version_id, calculation, inputs, effective_on, period, posted_at)
    SELECT id || ':' || moves, CASE reason WHEN '' THEN 'release' ELSE 'forfeit' END, 'held',
        CASE reason WHEN '' THEN 'payable' ELSE 'expense' END, amount, currency, payee_id, division_id, id, version_id,
        '', '{}', coalesce(qualified_on, reason_on), date_trunc('month', coalesce(qualified_on, reason_on))::date, %(at)s
    FROM moved
), told AS (
    INSERT INTO events_event (name, payload, subject_type, subject_id, about, division_id, channel, actor_role, at, recorded_at)
    SELECT CASE moved.reason WHEN '' THEN 'commissions.reward_qualified' ELSE 'commissions.reward_forfeited' END,
        CASE moved.reason
            WHEN '' THEN jsonb_build_object('reward_id', moved.id, 'amount', moved.amount::text, 'currency', moved.currency,
                'qualified_on', moved.qualified_on)
            ELSE jsonb_build_object('reward_id', moved.id, 'reason', moved.reason, 'since', moved.reason_on) END,
        'commissions.reward', moved.id, ARRAY['accounts.account:' || payee.account_id, 'commissions.reward:' || moved.id,
            'orders.order:' || referral.order_id, 'referrals.referral:' || referral.id],
        moved.division_id, '', '', %(at)s, %(at)s
    FROM moved JOIN commissions_payee payee ON payee.id = moved.payee_id
    JOIN referrals_referral referral ON referral.id = moved.referral_id
    RETURNING id, name
)
INSERT INTO events_delivery (event_id, handler, attempts, due_at, error)
SELECT told.id, listener.handler, 0, %(at)s, ''
FROM told JOIN unnest(%(names)s::text[], %(handlers)s::text[]) AS listener (name, handler) USING (name)
"""


def qualify_at_once() -> None:
    """Decide all rewards in one statement."""
    from django.db import transaction

    from commissions.events import RewardForfeited, RewardQualified
    from foundation.events.facts import HANDLERS
    from foundation.now import now

    owed = [(fact.name, label) for fact in (RewardForfeited, RewardQualified) for label in HANDLERS.get(fact.name, {})]
    params: dict[str, Any] = {
        "night": NIGHT,
        "at": now(),
        "names": [name for name, _label in owed],
        "handlers": [label for _name, label in owed],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STATEMENT, params)
