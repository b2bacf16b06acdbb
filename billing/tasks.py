"""The sweeps: find what is due, one service each."""

import structlog
from celery import shared_task

from billing.ports import Unavailable
from billing.queries import ids_due_for_look_up, ids_of_active_systems
from billing.services import ask_vendor, poll_billing_system, review_standings
from foundation.lifecycle import NotAllowed
from foundation.now import now

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 100
"""Look-ups in one run, so that it ends before the next begins even where a vendor is slow."""


@shared_task(ignore_result=True)
def look_up_unknown() -> None:
    """Look up what nobody knows the outcome of."""
    for submission_id in ids_due_for_look_up(now(), limit=MOST_AT_ONCE):
        try:
            ask_vendor(submission_id)
        except (NotAllowed, Unavailable) as reason:  # somebody was faster; it has its own delivery
            log.info("look_up_left", submission=submission_id, reason=str(reason))


@shared_task(ignore_result=True)
def poll_billing_systems() -> None:
    """Read what the billing systems have to tell, whether their webhooks arrive or not."""
    for system_id in ids_of_active_systems():
        poll_billing_system(system_id)


@shared_task(ignore_result=True)
def judge_standings() -> None:
    """Judge again the accounts whose bills have become old enough to count as overdue."""
    review_standings()
