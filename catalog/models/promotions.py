"""What takes something off a price for a time."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.dated import Dated, never_two_at_once
from catalog.models.packages import Package
from catalog.models.products import Product
from catalog.states import PriceKind
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import bumps_configuration
from foundation.money import ZERO, MoneyField


class Promotion(Dated):
    """Less to pay for a product or a package: so much or so many percent, once or for some months."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    names = TranslatedField(_("name"), help_text=_("As customers read it beside the price."))
    package = models.ForeignKey(
        Package, models.PROTECT, null=True, blank=True, related_name="promotions", verbose_name=_("package"),
        help_text=_("Taken off what comes with the package, add-ons excepted. Or choose a product."),
    )  # fmt: skip
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="promotions", verbose_name=_("product"),
        help_text=_("Taken off this product in whatever package. Or choose a package."),
    )  # fmt: skip
    kind = models.CharField(
        _("taken off"), max_length=10, choices=PriceKind.choices, default=PriceKind.RECURRING,
        help_text=_("Off the price of every month, or off what is paid once."),
    )  # fmt: skip
    amount = MoneyField(
        _("amount off"), null=True, blank=True, validators=[MinValueValidator(ZERO)], help_text=_("Or percent.")
    )
    percent = models.DecimalField(
        _("percent off"), max_digits=5, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)], help_text=_("Or an amount."),
    )  # fmt: skip
    months = models.PositiveSmallIntegerField(
        _("months"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("For how many months, counted from the first bill. Then the price without it. Empty if paid once."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(package=None, product__isnull=False) | Q(package__isnull=False, product=None),
                name="promotion_of_a_package_or_a_product",
                violation_error_message=_("Choose a package or a product, one of the two."),
            ),
            models.CheckConstraint(
                condition=Q(amount=None, percent__isnull=False, percent__gte=0, percent__lte=100)
                | Q(percent=None, amount__isnull=False, amount__gte=0),
                name="promotion_by_amount_or_percent",
                violation_error_message=_("Give an amount or a percentage, one of the two."),
            ),
            models.CheckConstraint(
                condition=Q(kind=PriceKind.RECURRING, months__isnull=False, months__gte=1)
                | Q(kind=PriceKind.ONE_TIME, months=None),
                name="promotion_months_if_recurring",
                violation_error_message=_("Say for how many months, if and only if it is taken off every month."),
            ),
            never_two_at_once("product", "division", "kind", name="one_product_promotion", condition=Q(package=None)),
            never_two_at_once("package", "division", "kind", name="one_package_promotion", condition=Q(product=None)),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code
