"""Billing systems, and what they tell us, as they tell it."""

import re
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from environ import FileAwareEnv

from billing.states import FactOutcome
from foundation.divisions.models import Division, bumps_configuration
from foundation.now import now

PATH_BELOW = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")
"""What may follow the address in the environment: names of folders, and no way out of them."""


def bound_address(code: str) -> str:
    """Return the address for which the environment holds a system's token; empty where it holds none."""
    address: str = FileAwareEnv().str(f"BILLING_{code.upper()}_URL", default="")
    return address.rstrip("/")


class BillingSystem(models.Model):
    """
    A billing system that we send work orders to.

    Its token and the secret of its webhooks are not here: they stand in the environment, under names made from the
    code (`BILLING_<CODE>_TOKEN`, `BILLING_<CODE>_WEBHOOK_SECRET`, or the same with `_FILE`). So no dump, no history
    table and no admin page can leak them, and they are rotated without touching the database. Beside them stands the
    address that they are for (`BILLING_<CODE>_URL`): whoever may edit the address below cannot send them elsewhere.
    """

    code = models.CharField(
        _("code"), max_length=20, unique=True, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")],
        help_text=_("Lower-case letters, digits and _. It names the token in the environment. Kept for ever."),
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=80)
    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("Who runs it. Which divisions use it is the setting “Billing system”."),
    )  # fmt: skip
    adapter = models.CharField(_("adapter"), max_length=40, help_text=_("How this vendor is spoken to."))
    base_url = models.CharField(
        _("address"), max_length=200, validators=[URLValidator(schemes=["https", "http"])],
        help_text=_("Without the last part of the path, for example https://billing.example.com/api"),
    )  # fmt: skip
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Nothing is sent to, and nothing asked of, an inactive system.")
    )

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("billing system")
        verbose_name_plural = _("billing systems")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.name

    @property
    def is_bound(self) -> bool:
        """Whether its address is the one that its token is for, or lies below it."""
        bound, address = bound_address(self.code), self.base_url.rstrip("/")
        return bool(bound) and address.startswith(bound) and bool(PATH_BELOW.fullmatch(address.removeprefix(bound)))

    def clean(self) -> None:
        if not self.is_bound:
            raise ValidationError({"base_url": _("The servers are not set up for this code at this address.")})
        if settings.IS_SECURE and not self.base_url.lower().startswith("https://"):
            raise ValidationError({"base_url": _("Write an address that begins with https://.")})


class Polling(models.Model):
    """How far a billing system's facts have been read; apart from its configuration, which changes seldom."""

    billing_system = models.OneToOneField(
        BillingSystem, models.CASCADE, related_name="polling", verbose_name=_("billing system")
    )
    cursor = models.CharField(_("read up to"), max_length=100, blank=True)
    polled_at = models.DateTimeField(_("last read"), null=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("polling")
        verbose_name_plural = _("pollings")

    def __str__(self) -> str:
        return f"{self.billing_system}: {self.cursor}"


class InboundFact(models.Model):
    """A fact as a billing system told it, by webhook or when polled: once, however often it was told."""

    billing_system = models.ForeignKey(
        BillingSystem, models.PROTECT, related_name="facts", verbose_name=_("billing system")
    )
    event_id = models.CharField(_("vendor's event id"), max_length=100)
    kind = models.CharField(_("kind"), max_length=80)
    request_id = models.CharField(_("request id"), max_length=100, blank=True, db_index=True)
    payload = models.JSONField(_("as received"))
    report = models.JSONField(null=True)
    """The same in our words (`ports.frozen`); nothing where we have no use for it."""
    outcome = models.CharField(_("outcome"), max_length=10, choices=FactOutcome.choices)
    trouble = models.TextField(_("why it cannot be read"), blank=True)
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), default=now)
    applied_at = models.DateTimeField(_("applied"), null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("fact from a billing system")
        verbose_name_plural = _("facts from billing systems")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["billing_system", "event_id"], name="a_fact_is_told_once"),
            models.CheckConstraint(condition=Q(outcome__in=FactOutcome.values), name="fact_outcome"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["billing_system", "request_id"], name="fact_waiting", condition=Q(outcome=FactOutcome.WAITING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
