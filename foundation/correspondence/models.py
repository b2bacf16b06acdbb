"""Messages and documents, frozen as they were sent, and who wants none."""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.correspondence.mailboxes import normalised_email
from foundation.correspondence.states import MOVES, MessageStatus, Purpose
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.now import now


class Document(models.Model):
    """A printable document (a PDF), rendered once and kept as it was."""

    subject_type = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=60)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    language = models.CharField(_("language"), max_length=10)
    filename = models.CharField(_("file name"), max_length=120)
    content = models.BinaryField()
    made_at = models.DateTimeField(_("made"), default=now)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject_type", "subject_id", "kind"], name="one_document_per_kind")
        ]

    def __str__(self) -> str:
        return self.filename


LETTER_SECRET = "by_letter"  # noqa: S105  # the parameter's name
"""The parameter by which an address in a letter opens something for the recipient alone: nobody else is shown it."""
_SECRET_LINK = re.compile(rf"""https?://[^\s"'<>]*[?&;]{LETTER_SECRET}=[^\s"'<>]*""")


def _without_secrets(text: str) -> str:
    return _SECRET_LINK.sub("…", text)


class Message(Lifecycle):
    """An e-mail, rendered once in the recipient's language and kept as it was sent."""

    MOVES = MOVES

    key = models.CharField(max_length=120, unique=True)
    """What makes it this message and no other (`orders.confirmation:12`): queued twice, it is sent once."""
    kind = models.CharField(_("kind"), max_length=60)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices, default=Purpose.SERVICE)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    subject_type = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    to = models.EmailField(_("to"))
    sender = models.CharField(_("from"), max_length=200)
    language = models.CharField(_("language"), max_length=10)
    subject_line = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    documents = models.ManyToManyField(Document, related_name="+", blank=True)
    status = models.CharField(_("status"), max_length=12, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    message_id = models.CharField(max_length=200, blank=True)
    queued_at = models.DateTimeField(_("queued"), default=now)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)

    objects = LockingQuerySet["Message"].as_manager()

    class Meta:
        ordering: ClassVar = ["-queued_at"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar = [status_constraint(MessageStatus, name="message_status_is_known")]
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id"], name="message_subject")]

    def __str__(self) -> str:
        return f"{self.subject_line} → {self.to}"

    @property
    def shown_text(self) -> str:
        """The plain text as others than the recipient are shown it: without what opens something for them alone."""
        return _without_secrets(self.text)

    @property
    def shown_html(self) -> str:
        """The HTML as others than the recipient are shown it."""
        return _without_secrets(self.html)

    @property
    def is_for_its_mailbox_alone(self) -> bool:
        """Whether it holds something that opens for who reads the mailbox it was written to, and for nobody else."""
        return bool(_SECRET_LINK.search(self.text))

    def start_sending(self) -> None:
        """A worker is about to hand it to the mail server."""
        self._move(MessageStatus.SENDING)

    def suppress(self) -> None:
        """The recipient wants no such message."""
        self._move(MessageStatus.SUPPRESSED)

    def mark_sent(self, *, at: datetime) -> None:
        """The mail server has taken it."""
        self._move(MessageStatus.SENT)
        self.sent_at = at
        self.error = ""

    def mark_failed(self, error: str) -> None:
        """The mail server did not take it this time."""
        self._move(MessageStatus.FAILED)
        self.error = error[:300]

    def bounce(self, error: str) -> None:
        """The mail server will never take it: nobody has this address, or this message is not wanted there."""
        self._move(MessageStatus.BOUNCED)
        self.error = error[:300]

    def withhold(self) -> None:
        """
        It is not wanted any more.

        :raises NotAllowed: if it is being sent, or was
        """
        self._move(MessageStatus.WITHHELD)


class Suppression(models.Model):
    """An address that wants no advertising, from no market, under no spelling that leads to the same mailbox."""

    email = models.EmailField(_("e-mail"), unique=True)
    mailbox = models.CharField(max_length=254, db_index=True, editable=False)
    """`normalised_email` of the address."""
    reason = models.CharField(_("reason"), max_length=120)
    since = models.DateTimeField(_("since"), default=now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep to which mailbox it leads."""
        self.mailbox = normalised_email(self.email)
        super().save(*args, **kwargs)
