"""What can become of a message."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageStatus(models.TextChoices):
    """Where a message stands."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    SUPPRESSED = "suppressed", _("Not sent: the recipient asked for none")
    FAILED = "failed", _("Failed")
    BOUNCED = "bounced", _("Refused: the address does not work")
    WITHHELD = "withheld", _("Not sent: no longer wanted")


MOVES: Mapping[MessageStatus, frozenset[MessageStatus]] = {
    MessageStatus.QUEUED: frozenset({MessageStatus.SENDING, MessageStatus.SUPPRESSED, MessageStatus.WITHHELD}),
    MessageStatus.SENDING: frozenset({MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.BOUNCED}),
    MessageStatus.FAILED: frozenset({MessageStatus.SENDING, MessageStatus.SUPPRESSED, MessageStatus.WITHHELD}),
}


class Purpose(models.TextChoices):
    """Why a message is written, which decides whether a wish for none is heard."""

    SERVICE = "service", _("About what the recipient ordered or asked")
    MARKETING = "marketing", _("Advertising")
