"""What can become of a message, sent or received."""

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
    MessageStatus.SENT: frozenset({MessageStatus.BOUNCED}),  # the server that took it could not deliver it
    MessageStatus.FAILED: frozenset({MessageStatus.SENDING, MessageStatus.SUPPRESSED, MessageStatus.WITHHELD}),
}


class Purpose(models.TextChoices):
    """Why a message is written, which decides whether a wish for none is heard."""

    SERVICE = "service", _("About what the recipient ordered or asked")
    MARKETING = "marketing", _("Advertising")


class MailKind(models.TextChoices):
    """What wrote a message that we received."""

    PERSON = "person", _("A person")
    AUTO_REPLY = "auto_reply", _("An automatic answer or notice")
    BOUNCE = "bounce", _("A mail server, about a message of ours")
    LOOP = "loop", _("Our own message, come back")
    BULK = "bulk", _("A list or newsletter")


class MailStatus(models.TextChoices):
    """Where a message that we received stands."""

    WAITING = "waiting", _("Waiting to be handled")
    HANDLED = "handled", _("Handled")
    SET_ASIDE = "set_aside", _("Set aside: it needs a person")


MAIL_MOVES: Mapping[MailStatus, frozenset[MailStatus]] = {
    MailStatus.WAITING: frozenset({MailStatus.HANDLED, MailStatus.SET_ASIDE}),
    MailStatus.SET_ASIDE: frozenset({MailStatus.WAITING, MailStatus.HANDLED}),
}


class Security(models.TextChoices):
    """How a connection to a mail server is kept private."""

    TLS = "tls", _("TLS from the beginning (port 993)")
    STARTTLS = "starttls", _("TLS after a greeting (STARTTLS, port 143)")
    PLAIN = "plain", _("None: only within one machine")
