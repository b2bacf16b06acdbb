"""The sweeps over mailboxes."""

from celery import shared_task

from foundation.correspondence import services
from foundation.correspondence.queries import ids_of_fetched_mailboxes


@shared_task(ignore_result=True)
def fetch_mail() -> None:
    """Fetch what lies in every mailbox."""
    for mailbox_id in ids_of_fetched_mailboxes():
        services.fetch_mailbox(mailbox_id)


@shared_task(ignore_result=True)
def empty_old_mail() -> None:
    """Let go of the whole of messages that were handled long ago."""
    services.empty_old_mail()
