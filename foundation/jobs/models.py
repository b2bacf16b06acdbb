"""One row per piece of long work, one per chunk of it, one per input row that was wrong."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.jobs.states import MOVES, JobStatus
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.now import now
from foundation.people.models import User


class Job(Lifecycle):
    """One piece of long work (an import, a nightly run, the letters about an outage), whose progress one page shows truly."""

    MOVES = MOVES

    kind = models.CharField(_("kind"), max_length=80)
    title = models.CharField(_("title"), max_length=160)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("started by"))
    params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    status = models.CharField(_("status"), max_length=12, choices=JobStatus.choices, default=JobStatus.RUNNING)
    total = models.BigIntegerField(_("rows"), default=0)
    started_at = models.DateTimeField(_("started"), default=now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    problem = models.TextField(_("problem"), blank=True)

    objects = LockingQuerySet["Job"].as_manager()

    class Meta:
        ordering: ClassVar = ["-started_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints: ClassVar = [status_constraint(JobStatus, name="job_status_is_known")]

    def __str__(self) -> str:
        return self.title

    def finish(self, *, at: datetime) -> None:
        """All chunks are done."""
        self._move(JobStatus.DONE)
        self.finished_at = at

    def cancel(self, *, at: datetime) -> None:
        """Somebody stopped it; the chunks that are done stay done."""
        self._move(JobStatus.CANCELLED)
        self.finished_at = at

    def fail(self, problem: str, *, at: datetime) -> None:
        """A chunk cannot be done at all."""
        self._move(JobStatus.FAILED)
        self.problem = problem
        self.finished_at = at

    def resume(self) -> None:
        """Take up failed work where it stopped."""
        self._move(JobStatus.RUNNING)
        self.problem = ""
        self.finished_at = None


class JobChunk(models.Model):
    """
    A range of rows that one worker does in one transaction.

    The lock on this row is the claim: a worker that is killed lets it go, and the next one takes the chunk.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="chunks")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    wrong = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "first"], name="one_chunk_per_start")]
        indexes: ClassVar = [
            models.Index(fields=["job", "id"], name="chunk_waiting", condition=models.Q(finished_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.job}: {self.first}–{self.last}"


class JobError(models.Model):
    """An input row that was refused: which, in which column, why, and what it said."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="errors")
    row = models.BigIntegerField()
    column = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300)
    raw = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["row", "pk"]
        indexes: ClassVar = [models.Index(fields=["job", "row"], name="job_error_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.message}"


class Progress:
    """How far a job is, counted from its chunks."""

    def __init__(self, job: Job, done: int, wrong: int, at: datetime) -> None:
        self.done = done
        self.wrong = wrong
        self.total = job.total
        self.percent = 100 if job.status == JobStatus.DONE else int(100 * done / job.total) if job.total else 0
        self.elapsed: timedelta = (job.finished_at or at) - job.started_at

    @property
    def rate(self) -> float:
        """Rows a second since the start."""
        return self.done / max(self.elapsed.total_seconds(), 0.001)

    @property
    def remaining(self) -> timedelta | None:
        """How long the rest will take at this rate."""
        return timedelta(seconds=(self.total - self.done) / self.rate) if self.done else None
