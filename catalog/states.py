"""The choices that operators make in the catalogue, and the facts that eligibility may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation import rules


class PriceKind(models.TextChoices):
    """How often an amount is paid."""

    RECURRING = "recurring", _("Every month")
    ONE_TIME = "one_time", _("Once")


class ItemRole(models.TextChoices):
    """How a product belongs to a package."""

    INCLUDED = "included", _("Always included")
    CHOICE = "choice", _("One of a group, the customer chooses")
    ADD_ON = "add_on", _("Optional add-on")


class CustomerClass(models.TextChoices):
    """Whom a campaign addresses."""

    RESIDENTIAL = "residential", _("Residential")
    BUSINESS = "business", _("Business")


class CampaignStatus(models.TextChoices):
    """Whether a campaign is shown to anybody."""

    INACTIVE = "inactive", _("Inactive")
    ACTIVE = "active", _("Active")


CAMPAIGN_MOVES: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    CampaignStatus.INACTIVE: frozenset({CampaignStatus.ACTIVE}),
    CampaignStatus.ACTIVE: frozenset({CampaignStatus.INACTIVE}),
}


class ChargeNature(models.TextChoices):
    """What the customer is told that a charge is."""

    TAX = "tax", _("Tax")
    FEE = "fee", _("Fee")


class ChargeBasis(models.TextChoices):
    """How a charge is reckoned."""

    PERCENT = "percent", _("Percent of the amounts that it is due on")
    PER_LINE = "per_line", _("Fixed amount for each unit of each product that it is due on")
    PER_ORDER = "per_order", _("Fixed amount, once for the order")


class CriterionStep(models.TextChoices):
    """Where the result of a criterion leads, in the operator's words."""

    NEXT = rules.CriterionStep.NEXT.value, _("Check the next criterion")
    GROUP_TRUE = rules.CriterionStep.GROUP_TRUE.value, _("The group is true")
    GROUP_FALSE = rules.CriterionStep.GROUP_FALSE.value, _("The group is false")


class GroupStep(models.TextChoices):
    """Where the result of a group leads, in the operator's words."""

    NEXT = rules.GroupStep.NEXT.value, _("Check the next group")
    HOLDS = rules.GroupStep.HOLDS.value, _("Eligible")
    FAILS = rules.GroupStep.FAILS.value, _("Not eligible")


class Kind(models.TextChoices):
    """What a criterion compares."""

    TEXT = rules.Kind.TEXT.value, _("Text")
    NUMBER = rules.Kind.NUMBER.value, _("Number")
    FLAG = rules.Kind.FLAG.value, _("Yes or no")
    DATE = rules.Kind.DATE.value, _("Date")


class Comparison(models.TextChoices):
    """How a fact is compared, in words that continue the fact's name."""

    EQUAL = rules.Comparison.EQUAL.value, _("is")
    NOT_EQUAL = rules.Comparison.NOT_EQUAL.value, _("is not")
    GREATER = rules.Comparison.GREATER.value, _("is more than")
    LESS = rules.Comparison.LESS.value, _("is less than")
    AT_LEAST = rules.Comparison.AT_LEAST.value, _("is at least")
    AT_MOST = rules.Comparison.AT_MOST.value, _("is at most")
    BETWEEN = rules.Comparison.BETWEEN.value, _("is between")
    IN = rules.Comparison.IN.value, _("is one of")
    NOT_IN = rules.Comparison.NOT_IN.value, _("is none of")
    CONTAINS = rules.Comparison.CONTAINS.value, _("contains")
    PRESENT = rules.Comparison.PRESENT.value, _("is known")


class ReasonCode(models.TextChoices):
    """Why a package is refused."""

    TECHNOLOGY = "technology", _("another technology is needed")
    SPEED = "speed", _("more speed is needed")
    PLANNED = "planned", _("not there yet")
    UNSERVICEABLE = "unserviceable", _("not available at the address")
    UNKNOWN = "unknown", _("address not found")
    ACTIVE_SERVICE = "active_service", _("service is already active")
    BLOCKED = "blocked", _("blocked at the address")
    NO_CHOICE = "no_choice", _("nothing to choose from")
    NOT_PRICED = "not_priced", _("no price on that day")
    NOT_ELIGIBLE = "not_eligible", _("not eligible")
    ANSWER_MISSING = "answer_missing", _("answer missing")
    OTHER_CLASS = "other_class", _("for other customers")


@dataclass(frozen=True)
class FactDefinition:
    """A fact that eligibility may ask for: how it is compared and what people call it."""

    kind: Kind
    label: str | Promise


ANSWER_PREFIX = "answer."
"""A fact of this prefix is the caller's or visitor's answer to the question of that code."""

FACTS: Mapping[str, FactDefinition] = {
    "customer_class": FactDefinition(Kind.TEXT, _("customer class")),
    "date": FactDefinition(Kind.DATE, _("date of the order")),
    "divisions": FactDefinition(Kind.TEXT, _("market (codes, from the top)")),
    "state": FactDefinition(Kind.TEXT, _("state of the address")),
    "city": FactDefinition(Kind.TEXT, _("city of the address")),
    "zip_code": FactDefinition(Kind.TEXT, _("ZIP code of the address")),
    "outcome": FactDefinition(Kind.TEXT, _("outcome of the address check")),
    "families": FactDefinition(Kind.TEXT, _("services that the address can have")),
    "active_families": FactDefinition(Kind.TEXT, _("services already active at the address")),
    "has_active_service": FactDefinition(Kind.FLAG, _("service is already active at the address")),
    "internet_technology": FactDefinition(Kind.TEXT, _("internet technology at the address")),
    "internet_down_mbps": FactDefinition(Kind.NUMBER, _("internet download speed at the address, in Mbps")),
    "internet_up_mbps": FactDefinition(Kind.NUMBER, _("internet upload speed at the address, in Mbps")),
}
