"""Why people are absent, and why somebody is passed over."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AbsenceReason(models.TextChoices):
    """Why somebody does not work."""

    SICK = "sick", _("Sick")
    HOLIDAY = "holiday", _("Holiday")
    TRAINING = "training", _("Training")
    LEFT = "left", _("Has left")
    OTHER = "other", _("Other")


class Obstacle(models.TextChoices):
    """Why the next piece of work is not given to somebody."""

    INACTIVE = "inactive", _("cannot sign in any more")
    NOT_ALLOWED = "not_allowed", _("has no role that lets them do this work here")
    DISABLED = "disabled", _("is not given work in this team")
    ABSENT = "absent", _("is absent")
    OFF_SHIFT = "off_shift", _("is off shift")
    SKILL = "skill", _("cannot do this")
    LANGUAGE = "language", _("does not speak the language")
    FULL = "full", _("has enough to do")
