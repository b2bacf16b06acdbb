"""What can become of somebody who waits for service."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class LeadStatus(models.TextChoices):
    """Where a lead stands."""

    NEW = "new", _("New")
    ASSIGNED = "assigned", _("Assigned")
    CONTACTED = "contacted", _("Contacted")
    CONVERTED = "converted", _("Became an order")
    CLOSED = "closed", _("Closed")


_WORKED = frozenset({LeadStatus.ASSIGNED, LeadStatus.CONTACTED, LeadStatus.CONVERTED, LeadStatus.CLOSED})

MOVES: Mapping[LeadStatus, frozenset[LeadStatus]] = {
    LeadStatus.NEW: _WORKED,
    LeadStatus.ASSIGNED: _WORKED,
    LeadStatus.CONTACTED: _WORKED,
    LeadStatus.CLOSED: frozenset({LeadStatus.ASSIGNED}),
}

OPEN = frozenset({LeadStatus.NEW, LeadStatus.ASSIGNED, LeadStatus.CONTACTED})
"""Somebody still waits."""


class CloseReason(models.TextChoices):
    """Why a lead leads nowhere."""

    NOT_INTERESTED = "not_interested", _("No longer interested")
    NOT_REACHED = "not_reached", _("Could not be reached")
    NEVER_SERVED = "never_served", _("Will not be served")
    DUPLICATE = "duplicate", _("Twice the same")
