"""What tickets know of mail: who else takes part by it, and what an article was taken from."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from foundation.correspondence.models import InboundMail
from foundation.now import now
from foundation.people.models import User
from tickets.models.conversation import Article
from tickets.models.ticket import Ticket


class Participant(models.Model):
    """Somebody who takes part in a ticket by mail and is not its requester."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="participants", verbose_name=_("ticket"))
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_copied = models.BooleanField(_("gets our answers"), default=False)
    """Only by a member of staff's decision: answers go to the requester, whoever else wrote or stood in Cc."""
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("added by"))
    """None: they wrote, or stood in Cc."""
    since = models.DateTimeField(_("since"), default=now)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "email"], name="a_participant_takes_part_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="participant_email_in_lower_case"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


class ArticleMail(models.Model):
    """The message that an article was taken from, with what was left out of it as old or as a signature."""

    article = models.OneToOneField(Article, models.PROTECT, related_name="mail", verbose_name=_("article"))
    mail = models.ForeignKey(InboundMail, models.PROTECT, related_name="+", verbose_name=_("received message"))
    rest = models.TextField(_("quoted"), blank=True)

    class Meta:
        verbose_name = _("mail of an article")
        verbose_name_plural = _("mails of articles")

    def __str__(self) -> str:
        return str(self.mail)
