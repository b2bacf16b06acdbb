"""What a stopwatch can be doing, and whose time zone a calendar is read in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WatchStatus(models.TextChoices):
    """What a stopwatch is doing."""

    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")


WATCH_MOVES: dict[WatchStatus, frozenset[WatchStatus]] = {
    WatchStatus.RUNNING: frozenset({WatchStatus.PAUSED, WatchStatus.STOPPED}),
    WatchStatus.PAUSED: frozenset({WatchStatus.RUNNING, WatchStatus.STOPPED}),
    WatchStatus.STOPPED: frozenset({WatchStatus.RUNNING}),
}


class ZoneOf(models.TextChoices):
    """In whose time zone a calendar's hours are meant."""

    DIVISION = "division", _("The division that the calendar belongs to")
    CUSTOMER = "customer", _("The customer, where the service is")
