"""What the worker of `outbox` knows: the project's Celery application, a listener and a task that do nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from celery import shared_task

from config.celery import app
from foundation.events.facts import Fact, subscribe

__all__ = ["Told", "app", "done"]
"""The application is what `celery --app bench._outbox` looks for."""


@dataclass(frozen=True, kw_only=True)
class Told(Fact, name="bench.told"):
    """Something that happened, and concerns nobody."""

    number: int


@subscribe(Told)
def hear(_fact: Told, _event: object) -> None:
    """Do nothing."""


@shared_task(ignore_result=True)
def done(number: int, *, last: bool) -> None:
    """Do nothing, except that the last one says so."""
    if last:
        Path(os.environ["LAST_TASK"]).write_text(str(number))
