"""Start long work, take a chunk of it, stop it."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.events.services import publish, wake
from foundation.jobs.events import JobCancelled, JobResumed
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ChunkResult:
    """What became of a chunk's rows: how many were taken in all, and how many of them were wrong."""

    done: int
    wrong: int = 0


DoChunk = Callable[[Job, JobChunk], ChunkResult]
Finish = Callable[[Job], None]


@dataclass(frozen=True)
class Kind:
    """A kind of long work: what does one chunk, what is done once, after the last, and whether it may be stopped."""

    do_chunk: DoChunk
    finish: Finish | None = None
    may_be_stopped: bool = True


KINDS: dict[str, Kind] = {}
TRIES = 3
"""How often a chunk is tried where the database is at fault: a lock that was waited for too long, a deadlock."""


def register(name: str, do_chunk: DoChunk, *, finish: Finish | None = None, may_be_stopped: bool = True) -> None:
    """
    Say how one kind of long work is done; call it in the app's `jobs.py`.

    `do_chunk` and `finish` run in the transaction that records them as done, and must commit nothing themselves.

    :param may_be_stopped: whether the rest may stay undone, as of an import; not of payments that were approved
    """
    KINDS[name] = Kind(do_chunk, finish, may_be_stopped)


def may_be_stopped(job: Job) -> bool:
    """Tell whether a piece of long work is of a kind that may stay undone, and not over yet."""
    return not _must_be_done(job) and job.can_move(JobStatus.CANCELLED)


def _must_be_done(job: Job) -> bool:
    return job.kind in KINDS and not KINDS[job.kind].may_be_stopped


@transaction.atomic
def start_job(  # noqa: PLR0913  # each part of a job has a name
    kind: str,
    *,
    title: str,
    division: Division,
    total: int,
    chunk_size: int,
    params: dict[str, Any] | None = None,
    by: User | None,
) -> Job:
    """Record long work over rows 1 to `total`, cut into chunks, and tell the workers."""
    if kind not in KINDS:
        raise LookupError(f"Nobody has registered how {kind} is done.")
    job = Job.objects.create(kind=kind, title=title, division=division, total=total, params=params or {}, by=by)
    JobChunk.objects.bulk_create(_chunks(job, chunk_size), batch_size=5000)
    transaction.on_commit(nudge_workers, robust=True)
    return job


def _chunks(job: Job, size: int) -> Iterable[JobChunk]:
    for first in range(1, job.total + 1, size):
        yield JobChunk(job=job, first=first, last=min(first + size - 1, job.total))


def nudge_workers() -> None:
    """Tell the workers that there is long work."""
    wake("foundation.jobs.tasks.work_on_jobs")


def work_one_chunk(job_id: int | None = None) -> bool:
    """
    Take a waiting chunk, of any job or of one, do it, and tell whether there was anything to do.

    The chunk's work and its being done are one transaction. An error fails the job and says why; nothing of the
    chunk stays. Where the database is at fault, the chunk is first tried `TRIES` times. Where no chunk waits, a job is
    finished whose worker died after the last of them.
    """
    return _work(job_id, tries=TRIES)


def _work(job_id: int | None, *, tries: int) -> bool:
    try:
        with transaction.atomic():
            chunk = _claim(job_id)
            if chunk is not None:
                job_id = chunk.job_id
                result = KINDS[chunk.job.kind].do_chunk(chunk.job, chunk)
                chunk.done, chunk.wrong, chunk.finished_at = result.done, result.wrong, now()
                chunk.save(update_fields=["done", "wrong", "finished_at"])
    except Exception as error:
        if job_id is None:
            raise
        if isinstance(error, OperationalError) and tries > 1:
            log.warning("chunk_tried_again", job=job_id, error=type(error.__cause__ or error).__name__)
            return _work(job_id, tries=tries - 1)
        log.exception("job_failed", job=job_id)
        _fail(job_id, error)
        return True
    return _finish_one(job_id) or chunk is not None


def _claim(job_id: int | None) -> JobChunk | None:
    waiting = JobChunk.objects.filter(finished_at=None, job__status=JobStatus.RUNNING)
    if job_id is not None:
        waiting = waiting.filter(job_id=job_id)
    claimed = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related(
        "job__division", "job__by"
    )
    return claimed.order_by("id").first()


def _finish_one(job_id: int | None) -> bool:
    """
    Finish a running job, any or one, of which every chunk is done, and tell whether there was one.

    An error fails the job: it is finished anew when somebody resumes it.
    """
    try:
        with transaction.atomic():
            job = _claim_worked_off(job_id)
            if job is None:
                return False
            job_id = job.pk
            if finish := KINDS[job.kind].finish:
                finish(job)
            job.finish(at=now())
            job.save(update_fields=["status", "finished_at"])
    except Exception as error:
        if job_id is None:
            raise
        log.exception("job_not_finished", job=job_id)
        _fail(job_id, error)
    return True


def _claim_worked_off(job_id: int | None) -> Job | None:
    waiting = JobChunk.objects.filter(job=OuterRef("pk"), finished_at=None)
    jobs = Job.objects.filter(~Exists(waiting), status=JobStatus.RUNNING)
    if job_id is not None:
        jobs = jobs.filter(pk=job_id)
    return jobs.select_for_update(skip_locked=True, no_key=True).order_by("pk").first()


@transaction.atomic
def _fail(job_id: int, error: Exception) -> None:
    job = Job.objects.locked().get(pk=job_id)
    if job.status == JobStatus.RUNNING:
        job.fail("".join(traceback.format_exception_only(error)).strip()[:2000], at=now())
        job.save(update_fields=["status", "problem", "finished_at"])


@transaction.atomic
def cancel_job(job_id: int, *, by: User) -> Job:
    """
    Stop long work after the chunks that are being done now.

    :raises NotAllowed: if it is over already, or of a kind that has to be done to its end
    """
    job = Job.objects.locked().select_related("division").get(pk=job_id)
    if _must_be_done(job):
        raise NotAllowed(_("This was promised and has to be done: it cannot be stopped."), code="must_be_done")
    job.cancel(at=now())
    job.problem = _("Stopped by hand.")
    job.save(update_fields=["status", "finished_at", "problem"])
    publish(JobCancelled(job_id=job.pk), subject=job, division=job.division, by=by)
    return job


@transaction.atomic
def resume_job(job_id: int, *, by: User | None) -> Job:
    """
    Take up failed work at the first chunk that is not done.

    :raises NotAllowed: if it has not failed
    """
    job = Job.objects.locked().select_related("division").get(pk=job_id)
    job.resume()
    job.save(update_fields=["status", "problem", "finished_at"])
    publish(JobResumed(job_id=job.pk), subject=job, division=job.division, by=by)
    transaction.on_commit(nudge_workers, robust=True)
    return job
