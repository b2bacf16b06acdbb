"""What is swept away once a day."""

import structlog
from celery import shared_task

from foundation.now import now
from foundation.people.services import forget_what_is_over

log = structlog.get_logger(__name__)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Delete sessions and counted attempts that are over."""
    log.info("swept", rows=forget_what_is_over(at=now()))
