"""Files on their way: chosen on a form that is not sent yet."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.correspondence.models import KeptFile
from foundation.now import now
from foundation.people.models import User


class UnsentFile(KeptFile):
    """A file that somebody chose on a form and has not sent yet: nobody else sees it, and it is not kept for long."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    key = models.CharField(_("key"), max_length=60)
    """Of the form."""
    digest = models.CharField(_("digest"), max_length=64)
    """Of the content: one file is held once, however often its form comes again."""
    chosen_at = models.DateTimeField(_("chosen"), default=now, db_index=True)

    class Meta(KeptFile.Meta):
        verbose_name = _("file that is not sent")
        verbose_name_plural = _("files that are not sent")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key", "digest"], name="one_unsent_file_of_a_form")
        ]
