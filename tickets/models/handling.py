"""Who is on a ticket at this moment."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.now import now
from foundation.people.models import User
from tickets.models.ticket import Ticket


class Doing(models.TextChoices):
    """What somebody does on a ticket's page."""

    VIEWING = "viewing", _("reads it")
    REPLYING = "replying", _("writes an answer")


class Presence(models.Model):
    """Somebody has a ticket open. It tells others and stops nobody."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences", verbose_name=_("ticket"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    doing = models.CharField(_("doing"), max_length=10, choices=Doing.choices, default=Doing.VIEWING)
    seen_at = models.DateTimeField(_("last seen"), default=now)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "user"], name="one_presence_per_person_and_ticket")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_doing_display()}"
