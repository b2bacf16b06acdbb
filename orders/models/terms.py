"""The terms of service that orders are placed under."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration
from foundation.now import now


class TermsVersion(models.Model):
    """The terms of service of a market from a moment on, in every language. Published, it never changes."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("They hold here and below, except where a division below has its own."),
    )  # fmt: skip
    version = models.CharField(_("version"), max_length=40, help_text=_("Such as 2026-11."))
    titles = TranslatedField(_("title"))
    texts = TranslatedField(_("text"), multiline=True)
    published_at = models.DateTimeField(_("in force from"), default=now)

    class Meta:
        ordering: ClassVar = ["-published_at"]
        verbose_name = _("terms of service")
        verbose_name_plural = _("terms of service")
        constraints: ClassVar = [models.UniqueConstraint(fields=["division", "version"], name="one_text_per_version")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="terms_never_change", operation=pgtrigger.Update | pgtrigger.Delete),
            bumps_configuration(),
        ]

    def __str__(self) -> str:
        return f"{self.titles} ({self.version})"
