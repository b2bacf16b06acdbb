"""Taxes and fees."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.dated import Dated, never_two_at_once
from catalog.states import ChargeBasis, ChargeNature, PriceKind
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import bumps_configuration
from foundation.money import ZERO
from territory.states import ProductFamily


class Charge(Dated):
    """A tax or a fee that is added to what is sold. What the customer sees of it before the bill is an estimate."""

    code = models.SlugField(
        _("code"), max_length=60, help_text=_("The same code in a division below replaces this charge there.")
    )
    names = TranslatedField(_("name"), help_text=_("As customers read it in the quote."))
    nature = models.CharField(_("nature"), max_length=10, choices=ChargeNature.choices, default=ChargeNature.TAX)
    basis = models.CharField(_("reckoned as"), max_length=10, choices=ChargeBasis.choices)
    rate = models.DecimalField(
        _("rate"), max_digits=9, decimal_places=4, validators=[MinValueValidator(0)],
        help_text=_("Percent, such as 6.25, or an amount of money in whole cents, such as 1.50. 0 ends it here."),
    )  # fmt: skip
    family = models.CharField(
        _("only on"), max_length=20, choices=ProductFamily.choices, blank=True,
        help_text=_("The family that it is due on. Empty: on everything."),
    )  # fmt: skip
    kind = models.CharField(
        _("due on"), max_length=10, choices=PriceKind.choices, default=PriceKind.RECURRING,
        help_text=_("On what is paid every month, or on what is paid once. For both, make two charges."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["code", "-starts_on"]
        verbose_name = _("tax or fee")
        verbose_name_plural = _("taxes and fees")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            never_two_at_once("code", "division", name="one_charge_at_once"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="charge_is_not_negative"),
            models.CheckConstraint(condition=Q(basis__in=ChargeBasis.values), name="charge_basis_is_known"),
            models.CheckConstraint(condition=Q(kind__in=PriceKind.values), name="charge_kind_is_known"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code

    def clean(self) -> None:
        rate = self.rate or ZERO
        if self.basis != ChargeBasis.PERCENT and rate != round(rate, 2):
            raise ValidationError({"rate": _("An amount of money has whole cents.")})
