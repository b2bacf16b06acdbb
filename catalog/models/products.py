"""What is sold, what it is sold for, and what it costs us."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.dated import Dated, never_two_at_once
from catalog.states import PriceKind
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration
from foundation.money import ZERO, MoneyField
from territory.states import ProductFamily, Technology


class Product(models.Model):
    """One thing that can be sold: a speed tier, a channel line-up, a modem, an installation."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("Sold here and below."),
    )  # fmt: skip
    code = models.SlugField(
        _("code"), max_length=60, unique=True,
        help_text=_("What billing systems and reports call it. Never used again for anything else."),
    )  # fmt: skip
    family = models.CharField(_("family"), max_length=20, choices=ProductFamily.choices)
    names = TranslatedField(_("name"), help_text=_("As customers read it."))
    descriptions = TranslatedField(
        _("description"), blank=True, help_text=_("One sentence that helps a customer choose.")
    )
    technologies = ArrayField(
        models.CharField(max_length=14, choices=Technology.choices), default=list, blank=True,
        verbose_name=_("technologies needed"),
        help_text=_("Any one of these will do. None: whatever the address has."),
    )  # fmt: skip
    minimum_down_mbps = models.PositiveIntegerField(
        _("download speed needed"), null=True, blank=True,
        help_text=_("Mbps that the address must reach. Empty: any speed will do."),
    )  # fmt: skip
    minimum_up_mbps = models.PositiveIntegerField(
        _("upload speed needed"), null=True, blank=True,
        help_text=_("Mbps that the address must reach. Empty: any speed will do."),
    )  # fmt: skip
    down_mbps = models.PositiveIntegerField(
        _("download speed sold"), null=True, blank=True, help_text=_("Mbps, as advertised.")
    )
    up_mbps = models.PositiveIntegerField(
        _("upload speed sold"), null=True, blank=True, help_text=_("Mbps, as advertised.")
    )
    data_allowance_gb = models.PositiveIntegerField(
        _("data allowance"), null=True, blank=True, help_text=_("Gigabytes a month. Empty: unlimited, or no data.")
    )

    class Meta:
        ordering: ClassVar = ["family", "code"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(family__in=ProductFamily.values), name="product_family_is_known")
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code


class Price(Dated):
    """What a product costs in a division, from a day on."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="prices", verbose_name=_("product"))
    kind = models.CharField(_("paid"), max_length=10, choices=PriceKind.choices)
    amount = MoneyField(_("amount"), validators=[MinValueValidator(ZERO)])
    currency = models.CharField(_("currency"), max_length=3, default="USD", help_text=_("ISO 4217, such as USD."))

    class Meta:
        ordering: ClassVar = ["product", "kind", "-starts_on"]
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            never_two_at_once("product", "division", "kind", name="one_price_at_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_is_not_negative"),
            models.CheckConstraint(condition=Q(kind__in=PriceKind.values), name="price_kind_is_known"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.amount} {self.currency}"


class Cost(Dated):
    """
    What a product costs the operator in a division, from a day on. Where there is none, nobody knows.

    Only those who configure the division see it: no page, letter or document of anybody else says it.
    """

    product = models.ForeignKey(Product, models.PROTECT, related_name="costs", verbose_name=_("product"))
    kind = models.CharField(_("costs"), max_length=10, choices=PriceKind.choices)
    amount = MoneyField(_("amount"), validators=[MinValueValidator(ZERO)])
    currency = models.CharField(_("currency"), max_length=3, default="USD", help_text=_("ISO 4217, such as USD."))

    class Meta:
        ordering: ClassVar = ["product", "kind", "-starts_on"]
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            never_two_at_once("product", "division", "kind", name="one_cost_at_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_is_not_negative"),
            models.CheckConstraint(condition=Q(kind__in=PriceKind.values), name="cost_kind_is_known"),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.product_id}, {self.get_kind_display()}, {self.starts_on}"
