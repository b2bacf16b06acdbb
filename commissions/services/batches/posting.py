"""
Post an approved batch as credits and as a file of transfers, and hear what became of each credit.

Long work of `foundation.jobs` asks billing for one credit a payment, in chunks: a chunk is one transaction, and the
request ids make a second asking harmless. Billing itself sends, looks up what is in doubt, and answers by facts.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from billing.ports import Credit
from billing.services import grant_credit
from commissions.events import CreditReturned
from commissions.models import Batch, BatchLine
from commissions.services.batches.auditing import is_sealed
from commissions.services.batches.building import announce, locked_batch
from commissions.services.batches.settling import confirm_line, send_line
from commissions.services.batches.transfers import send_transfers, write_bank_file
from commissions.services.endings import return_correction, return_reward
from commissions.states import BatchStatus, Channel, HoldReason, LineStatus
from foundation.events.services import publish
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.now import now, today

POSTING = "commissions.post_batch"
"""The kind of long work that sends a batch."""
CHUNK = 50
"""Payments in one transaction: short enough that nobody waits for its locks. The file of the transfers is written at the end."""


class BrokenSealError(Exception):
    """The payments of an approved batch are not those that were approved; no refusal that a listener takes for an answer."""


@transaction.atomic
def post_batch(batch_id: int) -> Job:
    """
    Let the workers send the payments of an approved batch.

    :raises NotAllowed: if it is not approved, or was sent before
    :raises BrokenSealError: if its payments are not those that were approved: it stays approved, and nothing is sent
    """
    batch = locked_batch(batch_id)
    if batch.status == BatchStatus.APPROVED and not is_sealed(batch):
        raise BrokenSealError(f"The payments of batch {batch.pk} are not those that were frozen and approved.")
    job = start_job(
        POSTING,
        title=_("Payments of batch %(number)d") % {"number": batch.pk},
        division=batch.division,
        total=batch.lines.exclude(status=LineStatus.REMOVED).count(),
        chunk_size=CHUNK,
        params={"batch": batch.pk},
        by=batch.approved_by,
    )
    batch.submit(job, at=now())
    batch.save(update_fields=["status", "job", "submitted_at"])
    announce(batch, by=None)
    return job


def post_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """
    Ask billing for the credits of a chunk, and note its transfers as sent: of the batch's payments, its first to its last.

    These no longer change. The transfers are one file, see `finish_posting`.
    """
    lines = BatchLine.objects.filter(batch=job.params["batch"]).exclude(status=LineStatus.REMOVED).order_by("pk")
    ids = list(lines.values_list("pk", flat=True)[chunk.first - 1 : chunk.last])
    related = ("reward__division", "payee__account__customer", "division", "batch")
    credits_ = BatchLine.objects.locked().filter(pk__in=ids, channel=Channel.CREDIT)
    for line in credits_.select_related(*related).order_by("reward_id", "pk"):
        if line.status == LineStatus.PENDING:
            _post(line)
    send_transfers(_batch_of(job), ids)
    return ChunkResult(done=len(ids))


def finish_posting(job: Job) -> None:
    """Write the file of the batch's transfers, all of which are noted as sent."""
    write_bank_file(_batch_of(job))


def _batch_of(job: Job) -> Batch:
    return Batch.objects.select_related("division").get(pk=job.params["batch"])


def _post(line: BatchLine) -> None:
    """Take a payment from *payable* to *in transit*, and ask for its credit; what is wholly set off is paid thereby."""
    send_line(line)
    if not line.amount:
        confirm_line(line, "")
        return
    account = line.payee.account
    with translation.override(account.customer.language):
        reason = _("Referral reward %(number)d") % {"number": line.reward_id}
    submission = grant_credit(
        request_id=line.request_id,
        division=line.division,
        credit=Credit(account_number=account.number, amount=line.amount, currency=line.currency, reason=reason),
        subject=line,
        about=[line.reward, line.batch, account],
        by=None,
    )
    line.send(submission, at=now())
    line.save(update_fields=["status", "submission", "sent_at"])


@transaction.atomic
def record_credit_confirmed(request_id: str, credit_id: str) -> None:
    """
    Note that the billing system has credited a payment: its reward is settled. Credits of others are not ours to note.

    :raises NotAllowed: if that was known, or it was returned
    """
    line = _asked_under(request_id)
    if line is None:
        return
    confirm_line(line, credit_id)


@transaction.atomic
def record_credit_refused(request_id: str, reason: str) -> None:
    """
    Note that the billing system will not credit a payment: its reward is owed again, and held until a person looks.

    What corrects a reward is not held: an auditor reads it in whatever batch it comes.

    :raises NotAllowed: if that was known, or it was credited
    """
    line = _asked_under(request_id)
    if line is None:
        return
    line.return_(reason)
    line.save(update_fields=["status", "problem"])
    on = today(line.reward.division)
    if line.dispute_id:
        return_correction(line.reward_id, line.amount, on=on)
    else:
        return_reward(line.reward_id, line.amount, hold=HoldReason.CREDIT_REFUSED, on=on)
    returned = CreditReturned(line_id=line.pk, reward_id=line.reward_id, reason=line.problem)
    publish(returned, subject=line.reward, about=[line.batch, line.payee.account], division=line.division, by=None)


def _asked_under(request_id: str) -> BatchLine | None:
    related = ("reward__division", "payee__account", "division", "batch")
    asked = BatchLine.objects.locked().filter(request_id=request_id).exclude(status=LineStatus.REMOVED)
    return asked.select_related(*related).first()
