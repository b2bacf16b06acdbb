"""What customers, accounts and consents can be."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class CustomerKind(models.TextChoices):
    """Whom we serve. The values are the catalogue's customer classes."""

    RESIDENTIAL = "residential", _("Residential")
    BUSINESS = "business", _("Business")


class ContactRole(models.TextChoices):
    """What a person is to the customer."""

    PRIMARY = "primary", _("Main contact")
    BILLING = "billing", _("For bills")
    TECHNICAL = "technical", _("For appointments")


class ContactChannel(models.TextChoices):
    """How a person wants to be reached."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    TEXT = "text", _("Text message")


class Sight(models.TextChoices):
    """How much of a business one of its people sees when they sign in."""

    OWN = "own", _("What they reported themselves")
    SITE = "site", _("All of one site")
    COMPANY = "company", _("All of the company")


class AccountStatus(models.TextChoices):
    """Whether something is served and billed."""

    PENDING = "pending", _("Ordered")
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")


ACCOUNT_MOVES: Mapping[AccountStatus, frozenset[AccountStatus]] = {
    AccountStatus.PENDING: frozenset({AccountStatus.ACTIVE, AccountStatus.CLOSED}),
    AccountStatus.ACTIVE: frozenset({AccountStatus.CLOSED}),
}


class Standing(models.TextChoices):
    """How an account stands with its bills; billing's facts say so."""

    GOOD = "good", _("Good")
    DELINQUENT = "delinquent", _("Bills overdue")


class ConsentKind(models.TextChoices):
    """What was agreed to."""

    TERMS = "terms", _("Terms of service")
    MARKETING_EMAIL = "marketing_email", _("Offers by e-mail")
    MARKETING_TEXT = "marketing_text", _("Offers by text message")
    NOTIFY = "notify", _("To be told when service is available")
