"""The words in which serviceability is said."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProductFamily(models.TextChoices):
    """What kind of thing a product is."""

    INTERNET = "internet", _("Internet")
    VIDEO = "video", _("TV")
    VOICE = "voice", _("Phone")
    MOBILE = "mobile", _("Mobile")
    EQUIPMENT = "equipment", _("Equipment")
    ACCESSORIES = "accessories", _("Accessories")
    INSTALLATION = "installation", _("Installation")


NETWORK_FAMILIES = (ProductFamily.INTERNET, ProductFamily.VIDEO, ProductFamily.VOICE)
"""The families that a network must reach the premises for; every check answers for them."""


class Technology(models.TextChoices):
    """By what a network reaches the premises."""

    FIBRE = "fibre", _("Fiber")
    HFC = "hfc", _("Cable")
    FIXED_WIRELESS = "fixed_wireless", _("Fixed wireless")
    DSL = "dsl", _("DSL")


class AvailabilityStatus(models.TextChoices):
    """What the operator knows of one family at one address."""

    AVAILABLE = "available", _("Available")
    PLANNED = "planned", _("Planned")
    UNSERVICEABLE = "unserviceable", _("Cannot be served")
    BLOCKED = "blocked", _("Blocked")


class Outcome(models.TextChoices):
    """The answer to a check, for one family and for the address as a whole."""

    QUALIFIED = "qualified", _("Available")
    ALTERNATE = "alternate", _("Available another way")
    PLANNED = "planned", _("Planned")
    UNSERVICEABLE = "unserviceable", _("Cannot be served")
    UNKNOWN = "unknown", _("Not known")
    ACTIVE_SERVICE = "active_service", _("Has service already")
    BLOCKED = "blocked", _("Blocked")


ORDERABLE = frozenset({Outcome.QUALIFIED, Outcome.ALTERNATE})
"""The answers with which service can be sold now."""

OUTCOME_PRECEDENCE = (
    Outcome.ACTIVE_SERVICE,
    Outcome.QUALIFIED,
    Outcome.ALTERNATE,
    Outcome.PLANNED,
    Outcome.BLOCKED,
    Outcome.UNSERVICEABLE,
    Outcome.UNKNOWN,
)
"""Which family's answer speaks for the whole address: somebody has service there, else the best that can be had."""


class LookupResult(models.TextChoices):
    """What a search for an address led to."""

    EXACT = "exact", _("One address")
    BUILDING = "building", _("A building, the unit to be told")
    CANDIDATES = "candidates", _("Suggestions")
    NOTHING = "nothing", _("Nothing")
