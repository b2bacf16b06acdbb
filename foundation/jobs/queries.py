"""Long work, for the pages that show it."""

from django.db.models import QuerySet, Sum

from foundation.jobs.models import Job, Progress
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import divisions_visible_to


def jobs_visible_to(user: User) -> QuerySet[Job]:
    """Return the long work of a person's divisions."""
    return Job.objects.filter(division__in=divisions_visible_to(user)).select_related("division", "by")


def progress_of(job: Job) -> Progress:
    """Count how far a job is."""
    sums = job.chunks.aggregate(done=Sum("done", default=0), wrong=Sum("wrong", default=0))
    return Progress(job, sums["done"], sums["wrong"], now())
