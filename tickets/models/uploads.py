"""Files on their way: chosen on a form that is not sent yet."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.now import now
from foundation.people.models import User


class UnsentFile(models.Model):
    """A file that somebody chose on a form and has not sent yet: nobody else sees it, and it is not kept for long."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    key = models.CharField(_("key"), max_length=60)
    """Of the form."""
    name = models.CharField(_("file name"), max_length=200)
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size"))
    """In bytes."""
    digest = models.CharField(_("digest"), max_length=64)
    """Of the content: one file is held once, however often its form comes again."""
    content = models.BinaryField()
    chosen_at = models.DateTimeField(_("chosen"), default=now, db_index=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("file that is not sent")
        verbose_name_plural = _("files that are not sent")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key", "digest"], name="one_unsent_file_of_a_form")
        ]

    def __str__(self) -> str:
        return self.name
