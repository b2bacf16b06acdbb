"""Messages, documents and files, frozen as they were sent; who wants none; mailboxes with the messages they received."""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from environ import FileAwareEnv

from foundation.correspondence.mailboxes import normalised_email
from foundation.correspondence.states import (
    MAIL_MOVES,
    MOVES,
    MailKind,
    MailStatus,
    MessageStatus,
    Purpose,
    Security,
)
from foundation.divisions.models import Division, bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, status_constraint
from foundation.now import now


class KeptFile(models.Model):
    """A file that somebody sent us or we sent, in the database, as `safe_name` and `media_type_of` have it."""

    name = models.CharField(_("file name"), max_length=200)
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size"))
    """In bytes."""
    content = models.BinaryField()

    class Meta:
        abstract = True
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    """What goes with messages: a document rendered once, or a file of ours, kept as it was."""

    subject_type = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=60)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    language = models.CharField(_("language"), max_length=10)
    filename = models.CharField(_("file name"), max_length=120)
    media_type = models.CharField(_("type"), max_length=100, default="application/pdf")
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
    message_id = models.CharField(max_length=250, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    """Further headers: what it answers (`In-Reply-To`, `References`), or that a machine wrote it (`Auto-Submitted`)."""
    queued_at = models.DateTimeField(_("queued"), default=now)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)

    objects = LockingQuerySet["Message"].as_manager()

    class Meta:
        ordering: ClassVar = ["-queued_at"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar = [status_constraint(MessageStatus, name="message_status_is_known")]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id"], name="message_subject"),
            models.Index(fields=["message_id"], name="message_by_message_id", condition=~Q(message_id="")),
            models.Index(fields=["to", "-queued_at"], name="message_to"),
        ]

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


class Mailbox(models.Model):
    """
    An address that people write to, and how its mail reaches us: fetched by IMAP, or posted by a mail server.

    Its password and the secret of what is posted stand in the environment, under names made from the code
    (`MAILBOX_<CODE>_PASSWORD`, `MAILBOX_<CODE>_SECRET`, or the same with `_FILE`), and beside them the server that the
    password is for (`MAILBOX_<CODE>_HOST`, as `host:port`): whoever may edit the server below cannot send it elsewhere.
    """

    code = models.CharField(
        _("code"), max_length=20, unique=True, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")],
        help_text=_("Lower-case letters, digits and _. It names the password in the environment. Kept for ever."),
    )  # fmt: skip
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    address = models.EmailField(_("address"), help_text=_("What people write to."))
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Nothing is fetched from, and nothing taken for, an inactive mailbox.")
    )
    host = models.CharField(
        _("IMAP server"), max_length=200, blank=True, validators=[RegexValidator(r"^[A-Za-z0-9.:_-]+$")],
        help_text=_("Empty: mail is posted to us and not fetched."),
    )  # fmt: skip
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("security"), max_length=10, choices=Security.choices, default=Security.TLS)
    username = models.CharField(_("user name"), max_length=200, blank=True)
    folder = models.CharField(_("folder"), max_length=100, default="INBOX", validators=[RegexValidator(r"^[ -~]+$")])
    done_folder = models.CharField(
        _("folder for what was taken"), max_length=100, default="Taken", blank=True,
        validators=[RegexValidator(r"^[ -~]*$")],
        help_text=_("Messages are moved there once we have them. Empty: they stay where they are."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.address

    @property
    def is_bound(self) -> bool:
        """Whether its server is the one that its password is for."""
        bound: str = FileAwareEnv().str(f"MAILBOX_{self.code.upper()}_HOST", default="")
        return bool(bound) and bound.lower() == f"{self.host}:{self.port}".lower()

    def clean(self) -> None:
        if self.host and not self.is_bound:
            raise ValidationError({"host": _("The servers are not set up for this code at this server and port.")})
        if self.host and settings.IS_SECURE and self.security == Security.PLAIN:
            raise ValidationError({"security": _("Choose TLS.")})


class Fetching(models.Model):
    """How far a mailbox has been fetched; apart from its configuration, which changes seldom."""

    mailbox = models.OneToOneField(Mailbox, models.CASCADE, related_name="fetching", verbose_name=_("mailbox"))
    validity = models.BigIntegerField(_("counting of the server"), default=0)
    """The server's UIDVALIDITY: another one means that it counts its messages anew."""
    last_uid = models.BigIntegerField(_("taken up to"), default=0)
    left = models.JSONField(_("left for the next time"), default=list, blank=True)
    """Numbers below `last_uid` that could not be taken."""
    busy_until = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(_("last fetched"), null=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fetching")
        verbose_name_plural = _("fetchings")

    def __str__(self) -> str:
        return f"{self.mailbox}: {self.last_uid}"


class InboundMail(Lifecycle):
    """A message as it was received: once, however often and by whatever way it came."""

    MOVES = MAIL_MOVES

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", verbose_name=_("mailbox"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False, verbose_name=_("division"))
    digest = models.CharField(max_length=64)
    """Of what makes it this message: its text and its author's headers, not those of the servers on its way."""
    message_id = models.CharField(_("Message-ID"), max_length=250, blank=True)
    sender = models.CharField(_("from"), max_length=254, blank=True)
    subject_line = models.CharField(_("subject"), max_length=500, blank=True)
    kind = models.CharField(_("written by"), max_length=12, choices=MailKind.choices, default=MailKind.PERSON)
    sign = models.CharField(_("because of"), max_length=60, blank=True)
    may_be_answered = models.BooleanField(_("may be answered by a machine"), default=True)
    size = models.PositiveIntegerField(_("bytes"))
    raw = models.BinaryField()
    """The whole message; empty once it was handled long ago."""
    status = models.CharField(_("status"), max_length=12, choices=MailStatus.choices, default=MailStatus.WAITING)
    reason = models.CharField(_("why it is set aside"), max_length=300, blank=True)
    outcome = models.CharField(_("what became of it"), max_length=60, blank=True)
    received_at = models.DateTimeField(_("received"), default=now)
    handled_at = models.DateTimeField(_("handled"), null=True)

    objects = LockingQuerySet["InboundMail"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "digest"], name="a_mail_is_received_once"),
            models.CheckConstraint(condition=Q(kind__in=MailKind.values), name="mail_kind"),
            status_constraint(MailStatus, name="mail_status_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "received_at"], name="mail_open", condition=~Q(status=MailStatus.HANDLED)),
            models.Index(
                fields=["handled_at"], name="mail_to_empty", condition=Q(status=MailStatus.HANDLED) & ~Q(raw=b"")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender} · {self.subject_line}"

    def mark_handled(self, outcome: str, *, at: datetime) -> None:
        """
        It has found its place.

        :raises NotAllowed: if it has already
        """
        self._move(MailStatus.HANDLED)
        self.outcome, self.handled_at, self.reason = outcome[:60], at, ""

    def set_aside(self, reason: str) -> None:
        """No program can do anything with it; a person must look."""
        self._move(MailStatus.SET_ASIDE)
        self.reason = reason[:300]

    def take_up(self) -> None:
        """
        Try it once more.

        :raises NotAllowed: if it is not set aside
        """
        self._move(MailStatus.WAITING)
        self.reason = ""
