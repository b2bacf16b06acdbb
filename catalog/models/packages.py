"""What is sold together."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from catalog.models.products import Product
from catalog.states import ItemRole
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration


class Package(models.Model):
    """What a customer chooses: products together, some fixed, some to choose from, some optional."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("Sold here and below."),
    )  # fmt: skip
    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Never used again for anything else."))
    names = TranslatedField(_("name"), help_text=_("The title of the package's card."))
    descriptions = TranslatedField(
        _("description"), multiline=True, blank=True, help_text=_("One or two sentences below the title.")
    )
    is_on_sale = models.BooleanField(
        _("on sale"), default=True, help_text=_("Take the tick away to stop selling it; what was ordered stays.")
    )
    eligible_otherwise = models.BooleanField(
        _("eligible when no group concludes"), default=True,
        help_text=_("What counts when every eligibility group says “check the next group”, or there is none."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.names) or self.code


class PackageItem(models.Model):
    """A product's place in a package."""

    package = models.ForeignKey(Package, models.CASCADE, related_name="items", verbose_name=_("package"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    position = models.PositiveSmallIntegerField(pgettext_lazy("position", "order"), default=0)
    role = models.CharField(_("part"), max_length=10, choices=ItemRole.choices, default=ItemRole.INCLUDED)
    choice_group = models.SlugField(
        _("group to choose from"), max_length=40, blank=True,
        help_text=_("Only for a choice: the customer takes one product of each group. The first one is preselected."),
    )  # fmt: skip
    minimum = models.PositiveSmallIntegerField(
        _("at least"), default=1, help_text=_("How many come with the package. 0 for an add-on.")
    )
    maximum = models.PositiveSmallIntegerField(_("at most"), default=1, help_text=_("How many can be had."))
    relies_on = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="dependents", verbose_name=_("relies on"),
        help_text=_("A part of this package that must be there first, such as the internet that TV runs over."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = _("part of a package")
        verbose_name_plural = _("parts of a package")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["package", "product"], name="product_once_in_a_package"),
            models.CheckConstraint(
                condition=Q(maximum__gte=F("minimum")) & Q(maximum__gte=1),
                name="item_quantities_in_order",
                violation_error_message=_("“At most” must be 1 or more, and not below “at least”."),
            ),
            models.CheckConstraint(
                condition=Q(role=ItemRole.CHOICE) & ~Q(choice_group="") | ~Q(role=ItemRole.CHOICE) & Q(choice_group=""),
                name="choices_and_only_they_have_a_group",
                violation_error_message=_("A choice needs a group to choose from; other parts have none."),
            ),
            models.CheckConstraint(
                condition=Q(role=ItemRole.ADD_ON) | Q(minimum__gte=1),
                name="what_comes_with_it_comes_at_least_once",
                violation_error_message=_("Only an add-on can be left out."),
            ),
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.product}"

    def clean(self) -> None:
        if self.relies_on and self.relies_on.package_id != self.package_id:
            raise ValidationError({"relies_on": _("It can rely only on a part of the same package.")})
        if self.relies_on_id and self.relies_on_id == self.pk:
            raise ValidationError({"relies_on": _("A part cannot rely on itself.")})
