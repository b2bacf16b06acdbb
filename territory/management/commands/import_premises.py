"""Load premises and what can be had there from a CSV file."""

import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.jobs.models import Job
from foundation.jobs.queries import progress_of
from foundation.jobs.services import work_one_chunk
from foundation.jobs.states import JobStatus
from foundation.lifecycle import NotAllowed
from territory.models import ImportFile
from territory.services.imports import start_import

SECONDS_BETWEEN_LOOKS = 0.5


class Command(BaseCommand):
    """Take a file in; the same command goes on where an earlier one was stopped, and several may work at once."""

    help = "Loads premises and their availability from a CSV file into a division. Run it again to go on or to update."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file and the division."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--division", required=True, help="the division's code")
        parser.add_argument("--workers", type=int, default=2, help="how many chunks to work on at once (2)")

    def handle(self, *, file: Path, division: str, workers: int = 1, **_options: Any) -> None:
        """Start or resume the import and work on it until it is over."""
        job = self._start(file, division)
        with ThreadPoolExecutor(max_workers=workers) as pool:
            others = [pool.submit(_work_beside, job.pk) for _number in range(1, workers)]
            self._work(job)
        for other in others:
            other.result()
        job.refresh_from_db()
        if job.status == JobStatus.FAILED:
            raise CommandError(job.problem)
        taken = ImportFile.objects.get(job=job)
        wrong = progress_of(job).wrong
        self.stdout.write(
            _("%(added)s added, %(changed)s changed, %(unchanged)s unchanged, %(wrong)s refused (job %(job)s).")
            % {
                "added": taken.added,
                "changed": taken.changed,
                "unchanged": taken.unchanged,
                "wrong": wrong,
                "job": job.pk,
            }
        )

    def _start(self, file: Path, code: str) -> Job:
        division = Division.objects.filter(code=code).first()
        if division is None:
            raise CommandError(_("There is no division %s.") % code)
        try:
            with file.open("rb") as content:
                return start_import(content, name=file.name, division=division, by=None)
        except (OSError, NotAllowed) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _work(self, job: Job) -> None:
        """Take chunks until the job is over; where others have the last ones, wait, in case they are killed."""
        while job.status == JobStatus.RUNNING:
            if work_one_chunk(job.pk):
                self._show(job)
            else:
                time.sleep(SECONDS_BETWEEN_LOOKS)
            job.refresh_from_db(fields=["status", "problem"])

    def _show(self, job: Job) -> None:
        progress = progress_of(job)
        if progress.total > progress.done:
            self.stdout.write(f"{progress.done} / {progress.total} ({progress.rate:.0f}/s)")


def _work_beside(job_id: int) -> None:
    """Take chunks on a connection of one's own until none waits."""
    try:
        while work_one_chunk(job_id):
            pass
    finally:
        connection.close()
