"""
What is sold, for how much, to whom and when.

Every row belongs to a division and holds there and below. Where a division below says the same thing again (a price or
a cost of the same product and kind, a promotion of the same target and kind, a charge of the same code), the nearest one wins.
Dates are dates of the division; `ends_on` is the last day, and nothing there means "until further notice".
"""

from datetime import date
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from catalog.states import (
    ANSWER_PREFIX,
    CAMPAIGN_MOVES,
    FACTS,
    CampaignStatus,
    ChargeBasis,
    ChargeNature,
    Comparison,
    CriterionStep,
    CustomerClass,
    GroupStep,
    ItemRole,
    Kind,
    PriceKind,
)
from foundation import rules
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division, bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import ZERO, MoneyField
from territory.states import ProductFamily, Technology


class Days(Func):
    """The range of days from one date to another, both included."""

    function = "daterange"
    output_field = DateRangeField()

    def __init__(self) -> None:
        super().__init__(F("starts_on"), F("ends_on"), Value("[]"))


def never_two_at_once(*fields: str, name: str, condition: Q | None = None) -> ExclusionConstraint:
    """Build the constraint that no two rows alike in these fields hold on the same day."""
    return ExclusionConstraint(
        name=name,
        expressions=[*((field, RangeOperators.EQUAL) for field in fields), (Days(), RangeOperators.OVERLAPS)],
        condition=condition,
        violation_error_message=_("Another one holds on some of these days. End it first, or choose other days."),
    )


def holding_on(day: date) -> Q:
    """Build the condition that a dated row holds on a day."""
    return Q(ends_on=None, starts_on__lte=day) | Q(ends_on__gte=day, starts_on__lte=day)


class Dated(models.Model):
    """A row of a division that holds from a first day to a last."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It holds here and below, unless a division below has its own."),
    )  # fmt: skip
    starts_on = models.DateField(_("from"), help_text=_("The first day."))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="%(class)s_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            )
        ]


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


def _every_class() -> list[str]:
    return list(CustomerClass.values)


class Campaign(Lifecycle, Dated):
    """The packages that a market shows to a class of customers for a time."""

    MOVES = CAMPAIGN_MOVES

    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Never used again for anything else."))
    names = TranslatedField(_("name"), help_text=_("As staff and customers read it."))
    status = models.CharField(
        _("status"), max_length=10, choices=CampaignStatus.choices, default=CampaignStatus.INACTIVE, editable=False
    )
    is_dummy = models.BooleanField(
        _("dummy campaign"), default=False,
        help_text=_("Has no packages: an order starts in it until enough is known to choose a real campaign."),
    )  # fmt: skip
    customer_classes = ArrayField(
        models.CharField(max_length=20, choices=CustomerClass.choices), default=_every_class,
        verbose_name=_("customer classes"), help_text=_("Who may have it."),
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Of several that apply, the one with the highest number comes first.")
    )
    eligible_otherwise = models.BooleanField(
        _("eligible when no group concludes"), default=True,
        help_text=_("What counts when every eligibility group says “check the next group”, or there is none."),
    )  # fmt: skip
    packages: models.ManyToManyField[Package, "CampaignPackage"] = models.ManyToManyField(
        Package, through="CampaignPackage", related_name="campaigns", verbose_name=_("packages")
    )

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-priority", "code"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            status_constraint(CampaignStatus, name="campaign_status_is_known"),
        ]
        triggers: ClassVar = [
            bumps_configuration(),
            pgtrigger.Trigger(
                name="the_default_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status", "code") | pgtrigger.Delete,  # type: ignore[no-untyped-call]
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.code = OLD.code AND NEW.status = 'active' THEN
                        RETURN NEW;
                    END IF;
                    IF EXISTS (
                        SELECT FROM divisions_divisionsetting
                        WHERE name = 'catalog.default_campaign' AND value = to_jsonb(OLD.code)
                    ) THEN
                        RAISE EXCEPTION 'campaign % is the default of a division', OLD.code
                            USING ERRCODE = 'restrict_violation';
                    END IF;
                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.names) or self.code

    def activate(self) -> None:
        """
        Show this campaign to those whom it addresses.

        :raises NotAllowed: if it is active already, or has no packages and is no dummy
        """
        if not self.is_dummy and not self.packages.exists():
            raise NotAllowed(gettext("A campaign stays inactive until its packages are entered."), code="no_packages")
        self._move(CampaignStatus.ACTIVE)

    def deactivate(self) -> None:
        """
        Show this campaign to nobody any more; what was ordered in it goes on.

        :raises NotAllowed: if it is inactive already
        """
        self._move(CampaignStatus.INACTIVE)


class CampaignPackage(models.Model):
    """A package's place in a campaign."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="entries", verbose_name=_("campaign"))
    package = models.ForeignKey(Package, models.PROTECT, related_name="entries", verbose_name=_("package"))
    position = models.PositiveSmallIntegerField(pgettext_lazy("position", "order"), default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = _("package of a campaign")
        verbose_name_plural = _("packages of a campaign")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "package"], name="package_once_in_a_campaign")
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.package)

    def clean(self) -> None:
        if self.campaign.is_dummy:
            raise ValidationError(_("A dummy campaign has no packages."))


class EligibilityGroup(models.Model):
    """Criteria that belong together, and what their result means for a package or a campaign."""

    package = models.ForeignKey(
        Package, models.CASCADE, null=True, blank=True, related_name="eligibility", verbose_name=_("package")
    )
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="eligibility", verbose_name=_("campaign")
    )
    position = models.PositiveSmallIntegerField(
        pgettext_lazy("position", "order"), default=0, help_text=_("Groups are checked in this order.")
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("For staff: what this group asks."))
    if_true = models.CharField(_("if true"), max_length=10, choices=GroupStep.choices, default=GroupStep.NEXT)
    if_false = models.CharField(_("if false"), max_length=10, choices=GroupStep.choices, default=GroupStep.FAILS)
    true_otherwise = models.BooleanField(
        _("true when no criterion decides"), default=True,
        help_text=_("What the group is when every criterion says “check the next criterion”."),
    )  # fmt: skip
    refusals = TranslatedField(
        _("what a refused customer reads"), blank=True,
        help_text=_("Why this group refuses, such as “For new customers; you already have service.”"),
    )  # fmt: skip
    remedies = TranslatedField(
        _("what would change it"), blank=True, help_text=_("Where the customer can go from here, if anywhere.")
    )

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = _("eligibility group")
        verbose_name_plural = _("eligibility groups")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(package=None, campaign__isnull=False) | Q(package__isnull=False, campaign=None),
                name="eligibility_of_a_package_or_a_campaign",
                violation_error_message=_("Choose a package or a campaign, one of the two."),
            )
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return self.name

    def as_rule(self) -> rules.Group:
        """
        Return this group for evaluation.

        :raises InvalidRule: if it has no criteria, or one that means nothing
        """
        return rules.Group(
            name=self.name,
            criteria=tuple(criterion.as_rule() for criterion in self.criteria.all()),
            if_true=rules.GroupStep(self.if_true),
            if_false=rules.GroupStep(self.if_false),
            otherwise=self.true_otherwise,
        )


class EligibilityCriterion(models.Model):
    """One question to what is known, and what each of its three answers means."""

    group = models.ForeignKey(
        EligibilityGroup, models.CASCADE, related_name="criteria", verbose_name=_("eligibility group")
    )
    position = models.PositiveSmallIntegerField(pgettext_lazy("position", "order"), default=0)
    fact = models.CharField(
        _("fact"),
        max_length=80,
        help_text=_("What is compared. An answer is written as answer. and its question's code."),
    )
    kind = models.CharField(
        _("compared as"), max_length=10, choices=Kind.choices, blank=True,
        help_text=_("Only for answers. Empty: as text."),
    )  # fmt: skip
    comparison = models.CharField(_("comparison"), max_length=10, choices=Comparison.choices)
    values = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, verbose_name=_("values"),
        help_text=_("Several are separated by commas: the two ends of “is between”, the members of “is one of”."),
    )  # fmt: skip
    if_true = models.CharField(_("if true"), max_length=12, choices=CriterionStep.choices, default=CriterionStep.NEXT)
    if_false = models.CharField(
        _("if false"), max_length=12, choices=CriterionStep.choices, default=CriterionStep.GROUP_FALSE
    )
    if_insufficient = models.CharField(
        _("if not known"), max_length=12, choices=CriterionStep.choices, default=CriterionStep.GROUP_FALSE,
        help_text=_("Where it leads when the fact is missing or cannot be read."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return f"{self.fact} {self.comparison} {', '.join(self.values)}"

    def clean(self) -> None:
        if self.fact not in FACTS and not self.fact.startswith(ANSWER_PREFIX):
            raise ValidationError({"fact": _("No such fact. Answers begin with “answer.”")})
        try:
            self.as_rule()
        except rules.InvalidRule as refusal:
            raise ValidationError(str(refusal)) from refusal

    def as_rule(self) -> rules.Criterion:
        """
        Return this criterion for evaluation.

        :raises InvalidRule: if it means nothing
        """
        kind = FACTS[self.fact].kind if self.fact in FACTS else self.kind or Kind.TEXT
        return rules.Criterion(
            fact=self.fact,
            kind=rules.Kind(kind),
            comparison=rules.Comparison(self.comparison),
            values=tuple(self.values),
            if_true=rules.CriterionStep(self.if_true),
            if_false=rules.CriterionStep(self.if_false),
            if_insufficient=rules.CriterionStep(self.if_insufficient),
        )
