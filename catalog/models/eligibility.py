"""Who may have a package, or is shown a campaign."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from catalog.models.campaigns import Campaign
from catalog.models.packages import Package
from catalog.states import ANSWER_PREFIX, FACTS, Comparison, CriterionStep, GroupStep, Kind
from foundation import rules
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import bumps_configuration


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
