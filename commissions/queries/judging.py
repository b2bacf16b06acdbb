# ruff: noqa: S608  # statements put together from texts of ours; every value is a parameter
"""
How facts about bills decide about rewards: the rules of qualification, written once, as SQL over any number of them.

A chain of common table expressions, from which the nightly run moves rewards, a trace explains one, and a trial
decides a made-up case. What each step means is said in docs/commissions.md (“The steps of the statement”). Facts that become true after a day do not
exist on it, so that a decision depends on the day and on nothing else: not on when or in what order we heard.

`OFFSET 0` keeps the look-ups of facts what they are: the planner would rather read all that there are, for each chunk.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from commissions.queries.reckoning import LANGUAGE_OF_RECORDS
from foundation.divisions.settings import CURRENCY
from foundation.money import format_money, smallest_unit

CASH_OF_BILLS = """FROM verdict
    JOIN judged ON judged.reward_id = verdict.id
    CROSS JOIN LATERAL (
        SELECT * FROM billing_allocation
        WHERE (billing_system_id, invoice_id) = (judged.billing_system_id, judged.invoice_id) AND source = 'receipt'
            AND effective_on <= verdict.ripe_on
        OFFSET 0
    ) allocation
    WHERE judged.counted_on <= verdict.ripe_on
        AND (judged.place <= verdict.bills_needed OR verdict.bills_needed = 0)"""
"""The receipts of the bills of whose cash a reward is a percentage: what was paid until it was earned."""

JUDGING = (
    """
WITH day AS (
    SELECT division_id, as_of, seen_until
    FROM jsonb_to_recordset(%(days)s::jsonb) AS day (division_id bigint, as_of date, seen_until date)
), subject AS (
    SELECT reward.id, reward.status, reward.amount, reward.rate, reward.currency, reward.calculation, reward.inputs,
        reward.moves, reward.installed_on, reward.earliest_on, reward.latest_on, reward.watched_until,
        reward.qualified_on, reward.reason, reward.reason_on, reward.clawed_back, reward.friend_account_id, reward.division_id,
        reward.payee_id, reward.referral_id, reward.version_id, version.bills_needed, version.days_late_allowed,
        version.weekend_moves_due_date, version.must_be_active, version.clawback_full_days,
        version.clawback_none_days, day.as_of, earned.is_earned,
        CASE WHEN earned.is_earned THEN least(day.as_of, reward.watched_until) ELSE day.as_of END AS day,
        CASE WHEN earned.is_earned THEN reward.qualified_on ELSE reward.latest_on END AS last_day
    FROM commissions_reward reward
    JOIN day USING (division_id)
    JOIN commissions_ruleversion version ON version.id = reward.version_id
    CROSS JOIN LATERAL (
        SELECT reward.status IN ('held', 'payable', 'batched', 'settled', 'reversed')
            AND reward.qualified_on <= day.as_of AS is_earned  -- it was once, whatever has become of it since
    ) earned
    WHERE {scope}
), bill AS (
    SELECT subject.id AS reward_id, subject.day, subject.bills_needed, subject.qualified_on, invoice.id AS bill_id,
        invoice.billing_system_id, invoice.invoice_id, invoice.amount, invoice.tax, invoice.issued_on, invoice.due_on,
        weekend.due, weekend.due + subject.days_late_allowed + 1 AS too_late_on
    FROM subject
    CROSS JOIN LATERAL (
        SELECT * FROM billing_invoice
        WHERE account_id = subject.friend_account_id
            AND issued_on BETWEEN subject.installed_on AND least(subject.day, subject.last_day)
        OFFSET 0
    ) invoice
    CROSS JOIN LATERAL (
        SELECT invoice.due_on + CASE
            WHEN subject.weekend_moves_due_date AND extract(isodow FROM invoice.due_on) > 5
            THEN 8 - extract(isodow FROM invoice.due_on)::int ELSE 0 END AS due
    ) weekend
), movement AS (
    SELECT bill.reward_id, bill.bill_id, bill.amount AS owed, allocation.effective_on, allocation.amount, allocation.source,
        sum(allocation.amount) OVER (
            PARTITION BY bill.reward_id, bill.bill_id ORDER BY allocation.effective_on
        ) AS balance,
        coalesce(sum(allocation.amount) OVER (
            PARTITION BY bill.reward_id, bill.bill_id ORDER BY allocation.effective_on
            RANGE BETWEEN UNBOUNDED PRECEDING AND interval '1 day' PRECEDING
        ), 0) AS balance_before
    FROM bill
    CROSS JOIN LATERAL (
        SELECT * FROM billing_allocation
        WHERE (billing_system_id, invoice_id) = (bill.billing_system_id, bill.invoice_id) AND effective_on <= bill.day
        OFFSET 0
    ) allocation
), payment AS (
    SELECT reward_id, bill_id, sum(amount) AS paid,
        CASE WHEN sum(amount) >= max(owed)
            THEN max(effective_on) FILTER (WHERE balance >= owed AND balance_before < owed) END AS paid_on,
        sum(amount) FILTER (WHERE source = 'receipt') > 0 AS is_by_cash,
        max(effective_on) FILTER (WHERE balance < owed AND balance_before >= owed) AS fell_on
    FROM movement
    GROUP BY reward_id, bill_id
), judged AS (
    SELECT bill.*, coalesce(payment.paid, 0) AS paid, payment.paid_on, payment.is_by_cash, counted.counted_on, payment.fell_on,
        CASE WHEN coalesce(payment.paid_on, bill.day) >= bill.too_late_on THEN bill.too_late_on END AS violated_on,
        row_number() OVER (
            PARTITION BY bill.reward_id ORDER BY counted.counted_on, bill.due, bill.invoice_id COLLATE "C"
        ) AS place
    FROM bill
    LEFT JOIN payment USING (reward_id, bill_id)
    CROSS JOIN LATERAL (SELECT CASE WHEN payment.is_by_cash THEN payment.paid_on END AS counted_on) counted
), history AS (
    SELECT reward_id, count(counted_on) AS bills_paid, min(violated_on) AS violated_on,
        max(counted_on) FILTER (WHERE place = bills_needed) AS enough_paid_on,
        min(greatest(fell_on, violated_on, qualified_on)) FILTER (WHERE violated_on <= qualified_on) AS taken_back_on
    FROM judged
    GROUP BY reward_id
), ripe AS (
    SELECT subject.*, coalesce(history.bills_paid, 0) AS bills_paid, history.enough_paid_on, history.violated_on,
        history.taken_back_on, ripened.ripe_on, least(subject.day, ripened.ripe_on, subject.last_day) AS until
    FROM subject
    LEFT JOIN history ON history.reward_id = subject.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN subject.is_earned THEN subject.qualified_on
            WHEN subject.bills_needed = 0 THEN greatest(subject.earliest_on, subject.installed_on)
            WHEN history.enough_paid_on IS NOT NULL THEN greatest(subject.earliest_on, history.enough_paid_on)
            END AS ripe_on
    ) ripened
), served AS (
    SELECT ripe.*, before.effective_on AS ended_on, after.left_on, after.left_on - ripe.installed_on AS days_served
    FROM ripe
    LEFT JOIN LATERAL (
        SELECT report.status, report.effective_on
        FROM billing_servicestatusreport report
        WHERE ripe.must_be_active AND report.account_id = ripe.friend_account_id AND report.effective_on <= ripe.until
        ORDER BY report.effective_on DESC, report.occurred_at DESC, report.event_id DESC
        LIMIT 1
    ) before ON before.status IN ('disconnected', 'closed')
    LEFT JOIN LATERAL (
        SELECT report.status
        FROM billing_servicestatusreport report
        WHERE ripe.is_earned AND ripe.clawback_none_days > 0
            AND report.account_id = ripe.friend_account_id AND report.effective_on <= ripe.day
        ORDER BY report.effective_on DESC, report.occurred_at DESC, report.event_id DESC
        LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT min(report.effective_on) AS left_on
        FROM billing_servicestatusreport report
        WHERE last.status IN ('disconnected', 'closed') AND report.account_id = ripe.friend_account_id
            AND report.status IN ('disconnected', 'closed')
            AND report.effective_on > ripe.qualified_on AND report.effective_on <= ripe.day
    ) after ON true
), verdict AS (
    SELECT served.*, CASE
        WHEN NOT is_earned AND violated_on <= until THEN 'paid_late'
        WHEN NOT is_earned AND ended_on IS NOT NULL THEN 'left_early'
        WHEN NOT is_earned AND ripe_on <= least(day, latest_on) THEN 'earned'
        WHEN NOT is_earned AND day > latest_on THEN 'too_few_bills'
        WHEN NOT is_earned THEN 'qualifying'
        WHEN violated_on <= qualified_on THEN 'receipt_taken_back'
        WHEN ended_on IS NOT NULL THEN 'left_early'
        WHEN days_served <= clawback_full_days THEN 'left_early'
        WHEN days_served < clawback_none_days THEN 'left_early_in_part'
        ELSE 'kept'
    END AS verdict
    FROM served
), cash AS (
    SELECT verdict.id AS reward_id, round(round(sum(
        allocation.amount * (judged.amount - judged.tax) / judged.amount
    ), 8), (%(places)s::jsonb ->> verdict.currency)::int) AS base
    """
    + CASH_OF_BILLS
    + """ AND verdict.verdict = 'earned' AND verdict.amount IS NULL
    GROUP BY verdict.id, verdict.currency
), decided AS (
    SELECT verdict.*, cash.base, reckoned.worth,
        CASE WHEN verdict.verdict = 'earned' AND reckoned.worth <= 0 THEN 'no_cash' ELSE verdict.verdict END AS decision,
        CASE verdict.verdict
            WHEN 'paid_late' THEN verdict.violated_on
            WHEN 'too_few_bills' THEN verdict.latest_on + 1
            WHEN 'receipt_taken_back' THEN verdict.taken_back_on
            WHEN 'left_early' THEN CASE WHEN verdict.is_earned
                THEN greatest(verdict.qualified_on, coalesce(verdict.ended_on, verdict.left_on)) ELSE verdict.ended_on END
            WHEN 'left_early_in_part' THEN verdict.left_on
            ELSE verdict.ripe_on
        END AS since,
        CASE verdict.verdict
            WHEN 'left_early_in_part' THEN least(verdict.amount - verdict.clawed_back, round(
                verdict.amount * (verdict.clawback_none_days - verdict.days_served)
                / (verdict.clawback_none_days - verdict.clawback_full_days),
                (%(places)s::jsonb ->> verdict.currency)::int))
            ELSE verdict.amount - verdict.clawed_back
        END AS part
    FROM verdict
    LEFT JOIN cash ON cash.reward_id = verdict.id
    CROSS JOIN LATERAL (
        SELECT coalesce(verdict.amount, round(
            verdict.rate * coalesce(cash.base, 0) / 100, (%(places)s::jsonb ->> verdict.currency)::int
        )) AS worth
    ) reckoned
)"""
)
"""`{scope}` says which rewards; parameters `days` and `places`, from `params_of`, and what the scope asks for."""
IS_TAKEN_BACK = """decided.is_earned AND decided.part > 0
                AND decided.decision IN ('receipt_taken_back', 'left_early', 'left_early_in_part')
                AND NOT (decided.clawed_back > 0 AND decided.reason = replace(decided.decision, '_in_part', ''))"""
"""Whether something that was earned is no longer owed by the facts, and was not taken back for them before."""


CURRENCIES = [code for code, _label in CURRENCY.choices(None)] if CURRENCY.choices else []  # type: ignore[arg-type]
PLACES = {currency: -int(smallest_unit(currency).as_tuple().exponent) for currency in CURRENCIES}
"""To how many places `foundation.money` rounds; the database's `round` of a numeric goes half up as it does."""
SIGNS = {currency: format_money(Decimal(0), currency, LANGUAGE_OF_RECORDS).rstrip("0.") for currency in CURRENCIES}
"""What stands before an amount in a calculation."""


def params_of(days: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Return what the statement asks for.

    :param days: for each division `division_id` and `as_of`, the day on which to decide, and `seen_until`, the day as
        of which all its rewards were decided before, or None
    """
    return {
        "days": json.dumps(list(days), cls=DjangoJSONEncoder),
        "places": json.dumps(PLACES),
        "signs": json.dumps(SIGNS),
    }
