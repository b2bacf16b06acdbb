"""
Put rewards into a batch, and take them out again.

What a batch pays is what is owed: nobody types an amount. Nothing is posted to the ledger before the batch is approved
and sent, so that one which is discarded leaves no trace there. What is set off is kept on the line until the payment
has its outcome, and until then counts as used up for every other line of the same payee.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.states import AccountStatus
from commissions.events import BatchMoved
from commissions.models import Batch, BatchLine, Dispute, Payee, Reward, RewardQuerySet
from commissions.queries.batches import IS_CASH, corrections_due_within, due_within
from commissions.services.holds import hold_reward
from commissions.states import BatchStatus, HoldReason, LineStatus, RewardStatus
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

NOTHING_TO_PAY = "nothing_to_pay"
"""The code of the refusal where all that is earned is held or credited elsewhere: no batch comes of it."""
ADD_LINES = """
    WITH owed AS (
        SELECT reward.id, NULL::bigint AS dispute_id, reward.payee_id, payee.division_id,
            reward.amount - reward.clawed_back AS amount, bank.id AS bank_account_id
        FROM commissions_reward reward
        JOIN commissions_payee payee ON payee.id = reward.payee_id
        JOIN commissions_rewardterm term ON term.id = reward.term_id
        LEFT JOIN commissions_bankaccount bank
            ON bank.payee_id = payee.id AND bank.ended_at IS NULL AND term.form = 'cash'
        WHERE reward.id = ANY(%(rewards)s) AND (term.form <> 'cash' OR bank.id IS NOT NULL)
        UNION ALL
        SELECT entry.reward_id, dispute.id, dispute.payee_id, payee.division_id, dispute.amount, bank.id
        FROM commissions_dispute dispute
        JOIN commissions_ledgerentry entry ON entry.id = dispute.correction_id
        JOIN commissions_reward reward ON reward.id = entry.reward_id
        JOIN commissions_rewardterm term ON term.id = reward.term_id
        JOIN commissions_payee payee ON payee.id = dispute.payee_id
        LEFT JOIN commissions_bankaccount bank
            ON bank.payee_id = payee.id AND bank.ended_at IS NULL AND term.form = 'cash'
        WHERE dispute.id = ANY(%(disputes)s) AND (term.form <> 'cash' OR bank.id IS NOT NULL)
    ), taken_back AS (
        SELECT payee_id, sum(amount) AS amount FROM (
            SELECT entry.payee_id,
                CASE 'receivable' WHEN entry.debit THEN entry.amount WHEN entry.credit THEN -entry.amount END AS amount
            FROM commissions_ledgerentry entry
            WHERE entry.payee_id IN (SELECT payee_id FROM owed) AND entry.currency = %(currency)s
                AND 'receivable' IN (entry.debit, entry.credit)
            UNION ALL
            SELECT line.payee_id, -line.set_off
            FROM commissions_batchline line
            WHERE line.payee_id IN (SELECT payee_id FROM owed) AND line.currency = %(currency)s
                AND line.status IN ('pending', 'sent')
        ) movements
        GROUP BY payee_id
    ), split AS (
        SELECT owed.*, least(owed.amount, greatest(0, coalesce(taken_back.amount, 0) - coalesce(
            sum(owed.amount) OVER (
                PARTITION BY owed.payee_id ORDER BY owed.id, owed.dispute_id NULLS FIRST
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0
        ))) AS set_off
        FROM owed LEFT JOIN taken_back USING (payee_id)
        WHERE owed.amount > 0
    ), added AS (
        INSERT INTO commissions_batchline (
            batch_id, reward_id, dispute_id, payee_id, division_id, channel, bank_account_id, amount, set_off, currency, request_id, status, flags,
            is_sampled, verdict, note, problem, credit_id, reconciliation, trace_number
        )
        SELECT %(batch)s, split.id, split.dispute_id, split.payee_id, split.division_id,
            CASE WHEN split.bank_account_id IS NULL THEN 'credit' ELSE 'transfer' END, split.bank_account_id,
            split.amount - split.set_off, split.set_off, %(currency)s, coalesce('correction-' || split.dispute_id, 'reward-' || split.id) || '-' || 1 + (
                SELECT count(*) FROM commissions_batchline earlier
                WHERE earlier.reward_id = split.id AND earlier.dispute_id IS NOT DISTINCT FROM split.dispute_id
                    AND earlier.status = 'returned'
            ), 'pending', '{}', false, 'unread', '', '', '', 'open', ''
        FROM split
        ORDER BY split.id, split.dispute_id NULLS FIRST
        RETURNING reward_id, dispute_id
    ), moved AS (
        UPDATE commissions_reward SET status = 'batched'
        WHERE id IN (SELECT reward_id FROM added WHERE dispute_id IS NULL) AND status = ANY(%(sources)s)
    )
    SELECT count(*) FROM added
"""
"""One statement for the lines and the rewards' move. The payees are locked, so that nothing is set off twice."""


def build_batch(division_id: int, *, currency: str = "", by: User | None) -> Batch:
    """
    Put every reward that is earned, and what corrects others, in a division and below, into a batch.

    A reward whose payee is paid elsewhere waits for a batch of a division above both. A credit to an account that is
    closed is held instead; cash is paid all the same, and waits until its payee has told a bank account. What was taken
    back from a payee before, and is still owed to us, is set off against their oldest rewards first.

    :param currency: of the rewards; empty: the division's own
    :param by: None for the schedule
    :raises NotAllowed: with code `nothing_to_pay`, if nothing is; if the person may not build batches there, or what
        cannot be credited cannot be held
    """
    division = Division.objects.get(pk=division_id)
    if by:
        require(by, Permission.BUILD_BATCHES, division)
    currency = currency or division.currency
    within = Division.objects.under(division)
    due = due_within(within).filter(currency=currency)
    corrections = corrections_due_within(within).filter(correction__currency=currency)
    _hold_what_cannot_be_credited(due.exclude(IS_CASH), by=by)
    with transaction.atomic():
        batch = Batch.objects.create(division=division, currency=currency, built_by=by, built_at=now())
        if not _add_lines(batch, due, corrections):
            raise NotAllowed(_("Nothing is to be paid there now."), code=NOTHING_TO_PAY)
        return announce(batch, by=by)


def _hold_what_cannot_be_credited(due: RewardQuerySet, *, by: User | None) -> None:
    closed = due.filter(payee__account__status=AccountStatus.CLOSED)
    for reward_id in closed.order_by("payee_id", "pk").values_list("pk", flat=True):
        hold_reward(reward_id, HoldReason.PAYEE_CLOSED, by=by)


def _add_lines(batch: Batch, due: RewardQuerySet, corrections: QuerySet[Dispute]) -> int:
    to_be_paid = Q(pk__in=due.values("payee")) | Q(pk__in=corrections.values("payee"))
    payees = Payee.objects.locked().filter(to_be_paid).order_by("pk")
    locked = list(payees.values_list("pk", flat=True))
    is_open = Q(payee__account__closed_at=None)
    rewards = due.locked().filter(IS_CASH | is_open, payee__in=locked).order_by("pk")
    params: dict[str, Any] = {
        "batch": batch.pk,
        "currency": batch.currency,
        "rewards": list(rewards.values_list("pk", flat=True)),
        "disputes": list(corrections.filter(payee__in=locked).values_list("pk", flat=True)),
        "sources": sources_of(RewardStatus.BATCHED),
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD_LINES, params)
        return int(cursor.fetchone()[0])


def sources_of(status: RewardStatus) -> list[str]:
    """Return the statuses from which a reward may come to another."""
    return [source.value for source, targets in Reward.MOVES.items() if status in targets]


@transaction.atomic
def remove_line(line_id: int, *, by: User) -> BatchLine:
    """
    Take a payment out of a batch that is being built; its reward waits for another batch.

    What it would have set off is set off against the payee's other payments of the batch.

    :raises NotAllowed: if the batch is frozen, or the person may not build batches there
    """
    batch = locked_batch_of(line_id)
    require(by, Permission.BUILD_BATCHES, batch.division)
    if not batch.can_move(BatchStatus.FROZEN):
        raise NotAllowed(_("The batch is no longer being built."), code="not_building")
    line = BatchLine.objects.locked().get(pk=line_id)
    line.remove()
    line.save(update_fields=["status"])
    set_off_elsewhere(line)
    if line.dispute_id is None:
        free_rewards([line.reward_id])
    return line


def set_off_elsewhere(removed: BatchLine) -> None:
    """
    Set off against the payee's other payments of a batch, oldest first, what one that was taken out would have kept.

    What finds no room there is set off in the next batch.
    """
    left = removed.set_off
    others = BatchLine.objects.locked().filter(batch=removed.batch_id, payee=removed.payee_id)
    for line in others.filter(status=LineStatus.PENDING, amount__gt=0).order_by("pk"):
        if not left:
            break
        moved = min(left, line.amount)
        line.amount, line.set_off, left = line.amount - moved, line.set_off + moved, left - moved
        line.save(update_fields=["amount", "set_off"])


@transaction.atomic
def discard_batch(batch_id: int, *, by: User) -> Batch:
    """
    Pay nothing of a batch; its rewards wait for another one.

    :raises NotAllowed: if it was approved, or the person may not build batches there
    """
    batch = locked_batch(batch_id)
    require(by, Permission.BUILD_BATCHES, batch.division)
    batch.discard()
    batch.save(update_fields=["status"])
    pending = batch.lines.filter(status=LineStatus.PENDING)
    rewards = list(pending.filter(dispute=None).order_by("reward_id").values_list("reward_id", flat=True))
    pending.update(status=LineStatus.REMOVED)
    free_rewards(rewards)
    return announce(batch, by=by)


def free_rewards(reward_ids: Iterable[int]) -> None:
    """Let rewards that are in no batch any more wait for the next one."""
    batched = Reward.objects.locked().filter(pk__in=list(reward_ids), status=RewardStatus.BATCHED).order_by("pk")
    Reward.objects.filter(pk__in=[reward.pk for reward in batched]).update(status=RewardStatus.PAYABLE)


def locked_batch(batch_id: int) -> Batch:
    """
    Hold a batch: always before its lines, their payees and their rewards.

    Who sends an approved batch, or hears of its credits, holds its lines alone, and then their rewards.
    """
    return Batch.objects.locked().select_related("division").get(pk=batch_id)


def locked_batch_of(line_id: int) -> Batch:
    """Hold the batch of a line."""
    return locked_batch(BatchLine.objects.values_list("batch_id", flat=True).get(pk=line_id))


def announce(batch: Batch, *, by: User | None) -> Batch:
    """Tell how far a batch is."""
    publish(BatchMoved(batch_id=batch.pk, status=batch.status), subject=batch, division=batch.division, by=by)
    return batch


__all__ = [
    "announce", "build_batch", "discard_batch", "free_rewards", "locked_batch", "locked_batch_of", "remove_line",
    "set_off_elsewhere",
]  # fmt: skip
