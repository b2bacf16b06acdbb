"""The sweeps: find what is due, one service each."""

from celery import shared_task

from commissions.services.batches import reconcile_batches
from commissions.services.schedule import run_due
from foundation.now import now


@shared_task(ignore_result=True)
def run_schedule() -> None:
    """Put rules in force, judge rewards and build payouts whose time has come."""
    run_due(now())


@shared_task(ignore_result=True)
def reconcile_payouts() -> None:
    """Compare what was paid with what the billing systems show."""
    reconcile_batches()
