"""The engine under the outbox."""

from celery import shared_task
from django.db import close_old_connections

from foundation.events.services import begin_delivering, deliver_next, nudge

MOST_AT_ONCE = 200
"""Deliveries in one task, so that no task comes near its time limit; the next one takes the rest."""
CLAIMED_AT_ONCE = 20
"""Deliveries that share one claim and one conclusion, and so the commits of both."""


@shared_task(ignore_result=True)
def deliver_due() -> int:
    """Deliver what is due until nothing is left, and return how many that were."""
    close_old_connections()
    begin_delivering()
    delivered = 0
    while delivered < MOST_AT_ONCE and (tried := deliver_next(CLAIMED_AT_ONCE)):
        delivered += tried
    if delivered >= MOST_AT_ONCE:
        nudge()
    return delivered
