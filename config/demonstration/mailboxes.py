"""The demonstration's mailbox: what people write to the operator comes in there."""

from foundation.correspondence.models import Mailbox
from foundation.divisions.models import Division


def load_mailboxes() -> None:
    """Make the operator's mailbox; the mail page posts what is answered there."""
    division = Division.objects.get(code="larkspur")
    Mailbox.objects.update_or_create(
        code="support", defaults={"division": division, "address": "support@larkspur.example", "host": ""}
    )
