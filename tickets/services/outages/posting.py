"""Credits for outages that were approved: sent to billing in chunks, and what it answers."""

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from billing.models import Submission
from billing.ports import Credit
from billing.queries import submissions_for
from billing.services import grant_credit
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from tickets.models import OutageCredit
from tickets.services.outages.crediting import announce, locked_run
from tickets.states import CreditRunStatus, CreditStatus

POSTING = "tickets.post_outage_credits"
"""The kind of long work that sends approved credits."""
CHUNK = 50
"""Credits in one transaction."""


@transaction.atomic
def post_credits(run_id: int) -> Job:
    """
    Let the workers send approved credits to billing.

    :raises NotAllowed: if they are not approved, or were sent before
    """
    run = locked_run(run_id)
    job = start_job(
        POSTING,
        title=_("Credits: %(outage)s") % {"outage": run.outage},
        division=run.division,
        total=run.count,
        chunk_size=CHUNK,
        params={"run": run.pk},
        by=run.approved_by,
    )
    run.submit(job)
    run.save(update_fields=["status", "job"])
    announce(run, by=None)
    return job


def post_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Ask billing for the credits of a chunk: of the run's, which no longer change, its first to its last."""
    ids = list(
        OutageCredit.objects.filter(run=job.params["run"])
        .order_by("pk")
        .values_list("pk", flat=True)[chunk.first - 1 : chunk.last]
    )
    related = ("account__customer", "division", "outage", "run")
    for credit in OutageCredit.objects.locked().filter(pk__in=ids).select_related(*related).order_by("pk"):
        if credit.status == CreditStatus.PENDING:
            credit.send(_ask_for(credit, credit.request_id, by=None), at=now())
            credit.save(update_fields=["status", "submission", "sent_at"])
    return ChunkResult(done=len(ids))


def _ask_for(credit: OutageCredit, request_id: str, *, by: User | None) -> Submission:
    account = credit.account
    with translation.override(account.customer.language):
        reason = _("Outage %(number)d, %(minutes)d minutes") % {
            "number": credit.outage_id,
            "minutes": credit.minutes,
        }
    return grant_credit(
        request_id=request_id,
        division=credit.division,
        credit=Credit(account_number=account.number, amount=credit.amount, currency=credit.currency, reason=reason),
        subject=credit,
        about=[credit.outage, account],
        by=by,
    )


@transaction.atomic
def resend_credit(credit_id: int, *, by: User) -> OutageCredit:
    """
    Ask billing once more for a credit that it refused, under another request id: to the first it has said no.

    :raises NotAllowed: if the person may not, it was not refused, or is on its way
    """
    related = ("account__customer", "division", "outage")  # another's submission may be asked for while this one waits
    credit = OutageCredit.objects.locked().select_related(*related).get(pk=credit_id)
    require(by, Permission.SETTLE_SUBMISSIONS, credit.division)
    if not credit.may_be_sent_again:
        raise NotAllowed(_("It was not refused, or is on its way."), code="not_refused")
    asked = submissions_for(credit).count()
    credit.submission = _ask_for(credit, f"{credit.request_id}-{asked + 1}", by=by)
    credit.save(update_fields=["submission"])
    return credit


@transaction.atomic
def record_credit_confirmed(request_id: str, credit_id: str) -> None:
    """
    Note that billing has credited an account for an outage. Credits of others are not ours to note.

    :raises NotAllowed: if that was known
    """
    if credit := _asked_under(request_id):
        credit.confirm(credit_id, at=now())
        credit.save(update_fields=["status", "credit_id", "confirmed_at", "problem"])
        _conclude(credit.run_id)


@transaction.atomic
def record_credit_refused(request_id: str, reason: str) -> None:
    """
    Note that billing will not credit an account: a person sends it again, or leaves it.

    :raises NotAllowed: if that was known, or it was credited
    """
    if credit := _asked_under(request_id):
        credit.return_(reason)
        credit.save(update_fields=["status", "problem"])
        _conclude(credit.run_id)


def _asked_under(request_id: str) -> OutageCredit | None:
    asked = Q(request_id=request_id) | Q(submission__request_id=request_id)
    return OutageCredit.objects.locked().filter(asked).first()


def _conclude(run_id: int) -> None:
    """End a run when every credit has its answer."""
    run = locked_run(run_id)
    open_ = run.credits.filter(status__in=[CreditStatus.PENDING, CreditStatus.SENT])
    if run.status not in (CreditRunStatus.POSTED, CreditRunStatus.PARTLY_RETURNED) or open_.exists():
        return
    is_whole = not run.credits.filter(status=CreditStatus.RETURNED).exists()
    if run.status == CreditRunStatus.PARTLY_RETURNED and not is_whole:
        return
    run.conclude(is_whole=is_whole, at=now())
    run.save(update_fields=["status", "concluded_at"])
    announce(run, by=None)
