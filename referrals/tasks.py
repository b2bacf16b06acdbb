"""Sweeps of referrals."""

from celery import shared_task
from django.db import close_old_connections

from foundation.now import now
from referrals import services

MOST_BUNDLES = 50
"""In one task, so that none comes near its time limit; the next sweep takes the rest."""


@shared_task(ignore_result=True)
def expire_invitations() -> int:
    """Let invitations end whose window is over, and return how many."""
    close_old_connections()
    expired = 0
    for _bundle in range(MOST_BUNDLES):
        ended = services.expire_invitations(now())
        expired += ended
        if not ended:
            break
    return expired


@shared_task(ignore_result=True)
def write_invitations() -> int:
    """Write the letters that wait although nobody was told of them, and return how many those were."""
    close_old_connections()
    written = 0
    for _bundle in range(MOST_BUNDLES):
        new = services.write_invitations()
        written += new
        if not new:
            break
    return written
