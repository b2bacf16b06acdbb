"""Long work in chunks."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from foundation.divisions.testing import make_division
from foundation.jobs import services
from foundation.jobs.models import Job, JobError
from foundation.jobs.queries import jobs_visible_to, progress_of
from foundation.jobs.services import (
    KINDS,
    TRIES,
    ChunkResult,
    cancel_job,
    register,
    resume_job,
    start_job,
    work_one_chunk,
)
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from foundation.people.states import Role
from foundation.people.testing import make_person


@pytest.fixture(autouse=True)
def counting():
    """A kind of work that keeps each row it sees as a job error, and fails once at the rows it is told, and at its end (0)."""
    poisoned: set[int] = set()

    def count_rows(job, chunk):
        JobError.objects.bulk_create(
            JobError(job=job, row=row, message="seen") for row in range(chunk.first, chunk.last + 1)
        )
        if chunk.first in poisoned:
            poisoned.discard(chunk.first)
            raise ValueError(f"poison at {chunk.first}")
        return ChunkResult(done=chunk.last - chunk.first + 1, wrong=1)

    def finish(job):
        JobError.objects.create(job=job, row=0, message="finished")
        if 0 in poisoned:
            poisoned.discard(0)
            raise ValueError("poison at the end")

    register("tests.counting", count_rows, finish=finish)
    yield poisoned
    del KINDS["tests.counting"]


def start(total: int = 25, division=None) -> Job:
    return start_job(
        "tests.counting", title="Counting", division=division or make_division(), total=total, chunk_size=10, by=None
    )


def seen(job: Job) -> list[int]:
    return sorted(job.errors.filter(message="seen").values_list("row", flat=True))


@pytest.mark.django_db
class TestJob:
    def test_does_each_row_once_and_then_finishes_once(self):
        job = start()

        while work_one_chunk():
            pass

        job.refresh_from_db()
        progress = progress_of(job)
        assert (job.status, progress.done, progress.wrong, progress.percent) == (JobStatus.DONE, 25, 3, 100)
        assert seen(job) == list(range(1, 26))
        assert job.errors.filter(message="finished").count() == 1

    def test_shows_how_far_it_is(self):
        job = start()

        work_one_chunk(job.pk)

        assert (progress_of(job).done, progress_of(job).percent) == (10, 40)

    def test_fails_with_the_reason_keeps_nothing_of_the_chunk_and_resumes_there(self, counting):
        counting.add(11)
        job = start()
        while work_one_chunk():
            pass

        job.refresh_from_db()
        assert (job.status, job.problem) == (JobStatus.FAILED, "ValueError: poison at 11")
        assert seen(job) == list(range(1, 11))

        resume_job(job.pk, by=make_person())
        while work_one_chunk():
            pass
        job.refresh_from_db()
        assert job.status == JobStatus.DONE
        assert seen(job) == list(range(1, 26))

    @pytest.mark.parametrize(("failures", "status"), [(TRIES - 1, JobStatus.DONE), (TRIES, JobStatus.FAILED)])
    def test_is_tried_again_where_the_database_is_at_fault_and_not_for_ever(self, failures, status):
        left = [OperationalError("canceling statement due to lock timeout")] * failures
        count_rows = KINDS["tests.counting"].do_chunk

        def count_late(job, chunk):
            done = count_rows(job, chunk)
            if left:
                raise left.pop()
            return done

        register("tests.counting", count_late)
        job = start(10)
        while work_one_chunk():
            pass

        job.refresh_from_db()
        assert job.status == status
        assert seen(job) == (list(range(1, 11)) if status == JobStatus.DONE else [])
        assert ("lock timeout" in job.problem) == (status == JobStatus.FAILED)

    def test_that_cannot_be_finished_fails_with_the_reason_and_is_finished_when_resumed(self, counting):
        counting.add(0)
        job = start()
        while work_one_chunk():
            pass

        job.refresh_from_db()
        assert (job.status, job.problem) == (JobStatus.FAILED, "ValueError: poison at the end")
        assert not job.errors.filter(message="finished").exists()

        resume_job(job.pk, by=make_person())
        while work_one_chunk():
            pass
        job.refresh_from_db()
        assert (job.status, job.problem) == (JobStatus.DONE, "")
        assert seen(job) == list(range(1, 26))
        assert job.errors.filter(message="finished").count() == 1

    def test_stops_after_the_chunk_at_hand_when_cancelled(self):
        job = start()
        work_one_chunk()

        cancel_job(job.pk, by=make_person())

        assert not work_one_chunk()
        assert seen(job) == list(range(1, 11))
        with pytest.raises(NotAllowed):
            cancel_job(job.pk, by=make_person())

    def test_that_was_promised_cannot_be_stopped(self):
        register("tests.promised", lambda _job, chunk: ChunkResult(done=chunk.last), may_be_stopped=False)
        job = start_job("tests.promised", title="", division=make_division(), total=1, chunk_size=1, by=None)

        with pytest.raises(NotAllowed, match="cannot be stopped"):
            cancel_job(job.pk, by=make_person())

        del KINDS["tests.promised"]
        job.refresh_from_db()
        assert job.status == JobStatus.RUNNING

    def test_of_nothing_is_refused_before_it_begins(self):
        with pytest.raises(LookupError):
            start_job("tests.unknown", title="", division=make_division(), total=1, chunk_size=1, by=None)

    def test_is_seen_by_its_divisions_staff_only(self):
        mine, foreign = make_division(), make_division()
        job, _hidden = start(division=mine), start(division=foreign)

        assert list(jobs_visible_to(make_person(Role.CSR, mine))) == [job]


@pytest.mark.django_db(transaction=True)
class TestWorkers:
    def test_share_the_chunks(self):
        job = start(total=200)

        def work():
            try:
                while work_one_chunk():
                    pass
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        job.refresh_from_db()
        assert job.status == JobStatus.DONE
        assert seen(job) == list(range(1, 201))

    def test_leave_a_killed_ones_chunk_to_the_next(self):
        job = start(total=10)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            chunk = services._claim(job.pk)
            assert chunk is not None
            raise KeyboardInterrupt

        assert work_one_chunk()
        assert seen(job) == list(range(1, 11))

    def test_finish_what_a_killed_one_left_after_the_last_chunk(self, monkeypatch):
        job, other = start(total=10), start(total=10)
        with monkeypatch.context() as killed:
            killed.setattr(services, "_finish_one", _die)
            with pytest.raises(KeyboardInterrupt):
                work_one_chunk(job.pk)
        job.refresh_from_db()
        assert (job.status, progress_of(job).percent) == (JobStatus.RUNNING, 100)

        while work_one_chunk():
            pass

        for one in (job, other):
            one.refresh_from_db()
            assert one.status == JobStatus.DONE
            assert one.errors.filter(message="finished").count() == 1

    def test_finish_a_job_once_though_two_find_it_done(self, monkeypatch):
        job = start(total=10)
        with monkeypatch.context() as killed:
            killed.setattr(services, "_finish_one", _die)
            with pytest.raises(KeyboardInterrupt):
                work_one_chunk(job.pk)
        finishing, found_nothing = threading.Event(), threading.Event()

        def finish_slowly(job):
            JobError.objects.create(job=job, row=0, message="finished")
            finishing.set()
            assert found_nothing.wait(30)

        register("tests.counting", KINDS["tests.counting"].do_chunk, finish=finish_slowly)

        def work():
            try:
                work_one_chunk()
            finally:
                connection.close()

        first = threading.Thread(target=work)
        first.start()
        assert finishing.wait(30)
        assert not work_one_chunk(), "what another one is finishing is left to it, and nobody waits"
        found_nothing.set()
        first.join()

        job.refresh_from_db()
        assert job.status == JobStatus.DONE
        assert job.errors.filter(message="finished").count() == 1


def _die(_job_id: int | None) -> bool:
    raise KeyboardInterrupt
