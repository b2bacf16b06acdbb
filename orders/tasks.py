"""Sweeps over orders."""

from celery import shared_task

from orders import services


@shared_task(ignore_result=True)
def release_expired_holds() -> None:
    """Give back the slots that were kept for visitors who did not come back."""
    services.release_expired_holds()


@shared_task(ignore_result=True)
def expire_old_drafts() -> None:
    """Close the carts that nobody has touched for long."""
    services.expire_old_drafts()


@shared_task(ignore_result=True)
def follow_service_statuses() -> None:
    """End services on the day from which they are disconnected, where that was told before."""
    services.follow_service_statuses()
