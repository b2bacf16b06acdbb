"""
Read back what was posted: a payment is paid when the billing system itself shows the credit, once, of that amount.

A credit that is shown twice, with another amount or on another account is a difference, which only a person ends. Only
the billing system that was asked can show it: what another vendor shows under the same id is none of ours.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q

from commissions.models import BankFile, Batch
from commissions.services.batches.building import announce, locked_batch
from commissions.states import BankFileStatus, BatchStatus, LineStatus, Reconciliation
from foundation.jobs.models import Job
from foundation.now import now

LOOKS_BACK = timedelta(days=7)
"""How long what was compared before is compared again: a second credit under the same id may be shown later."""

COMPARE = """
    WITH shown AS (
        SELECT credit.billing_system_id, credit.request_id, count(*) AS credits, min(credit.amount) AS amount, min(credit.currency) AS currency,
            min(credit.account_id) AS account_id, max(credit.received_at) AS received_at
        FROM billing_postedcredit credit
        WHERE credit.request_id IN (
            SELECT line.request_id FROM commissions_batchline line
            WHERE line.status IN ('sent', 'confirmed', 'returned') AND line.reconciliation = 'open'
            UNION ALL
            SELECT recent.request_id FROM billing_postedcredit recent
            WHERE recent.received_at > %(since)s AND recent.request_id <> ''
        )
        GROUP BY credit.billing_system_id, credit.request_id
    ), compared AS (
        SELECT line.id, CASE
            WHEN line.status = 'returned' THEN 'differs'
            WHEN (shown.credits, shown.amount, shown.currency, shown.account_id)
                = (1, line.amount, line.currency, payee.account_id) THEN 'matched'
            ELSE 'differs'
        END AS reconciliation
        FROM shown
        JOIN commissions_batchline line ON line.request_id = shown.request_id AND line.status <> 'removed'
        JOIN billing_submission submission ON submission.id = line.submission_id
            AND submission.billing_system_id = shown.billing_system_id
        JOIN commissions_payee payee ON payee.id = line.payee_id
    )
    UPDATE commissions_batchline line SET reconciliation = compared.reconciliation
    FROM compared
    WHERE line.id = compared.id AND line.reconciliation <> compared.reconciliation
"""


def reconcile_batches() -> int:
    """Compare what was paid with what the billing systems show, end the batches that are through, and count those."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COMPARE, {"since": now() - LOOKS_BACK})
    sent = Batch.objects.filter(status=BatchStatus.SUBMITTED).order_by("pk")
    return sum(conclude_batch(batch_id) for batch_id in sent.values_list("pk", flat=True))


@transaction.atomic
def conclude_batch(batch_id: int) -> bool:
    """End a batch in which every payment has its answer and every credit was seen; tell whether it has ended now."""
    batch = locked_batch(batch_id)
    waits = Q(status__in=[LineStatus.PENDING, LineStatus.SENT])
    unseen = Q(status=LineStatus.CONFIRMED) & ~Q(reconciliation=Reconciliation.MATCHED)
    if batch.status != BatchStatus.SUBMITTED or batch.lines.filter(waits | unseen).exists():
        return False
    if not batch.lines.filter(status=LineStatus.RETURNED).exists():
        batch.confirm(at=now())
    elif batch.lines.filter(status=LineStatus.CONFIRMED).exists():
        batch.return_partly(at=now())
    elif BankFile.objects.filter(batch=batch, status=BankFileStatus.REFUSED).exists():
        batch.refuse(at=now())
    else:
        batch.return_(at=now())
    _tell(batch)
    return True


def conclude_batch_of(job: Job) -> None:
    """End the batch that long work was about, where every payment of it has its answer now."""
    conclude_batch(BankFile.objects.get(pk=job.params["bank_file"]).batch_id)


def follow_late_return(batch: Batch) -> None:
    """Say of a batch that is held, and was reconciled, that not all of it was paid after all, or nothing."""
    if batch.status not in {BatchStatus.CONFIRMED, BatchStatus.PARTLY_RETURNED}:
        return
    if not batch.lines.exclude(status__in=[LineStatus.RETURNED, LineStatus.REMOVED]).exists():
        batch.return_(at=now())
    elif batch.status == BatchStatus.CONFIRMED:
        batch.return_partly(at=now())
    else:
        return
    _tell(batch)


def _tell(batch: Batch) -> None:
    batch.save(update_fields=["status", "confirmed_at"])
    announce(batch, by=None)
