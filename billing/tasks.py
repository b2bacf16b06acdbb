"""The sweeps: find what is due, one service each."""

from celery import shared_task

from billing import services
from billing.queries import ids_of_active_systems


@shared_task(ignore_result=True)
def look_up_unknown() -> None:
    """Look up what nobody knows the outcome of."""
    services.look_up_unknown()


@shared_task(ignore_result=True)
def poll_billing_systems() -> None:
    """Read what the billing systems have to tell, whether their webhooks arrive or not."""
    for system_id in ids_of_active_systems():
        services.poll_billing_system(system_id)


@shared_task(ignore_result=True)
def judge_standings() -> None:
    """Judge again the accounts whose bills have become old enough to count as overdue."""
    services.review_standings()
