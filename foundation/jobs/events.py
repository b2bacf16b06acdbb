"""What people do to long work."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class JobCancelled(Fact, name="jobs.cancelled"):
    """Somebody stopped long work; what was done stays done."""

    job_id: int


@dataclass(frozen=True, kw_only=True)
class JobResumed(Fact, name="jobs.resumed"):
    """Somebody let failed work go on."""

    job_id: int
