"""What can be offered to an address: the packages it can have, those it cannot and why, and the tree that tells staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.queries.availability import Found, found_at, obstacles, obstacles_of_package
from catalog.queries.catalogue import Catalogue, ListedCampaign, ListedItem, ListedPackage, ListedProduct
from catalog.queries.loading import catalogue_of
from catalog.queries.pricing import Quote, Selection, default_selection, line_for, price
from catalog.queries.reasons import Reason, reasons_of
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import ANSWER_PREFIX, CustomerClass, ItemRole, ReasonCode
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.rules import Decision, Fact
from territory.models import Qualification
from territory.states import Outcome, ProductFamily

Answers = Mapping[str, str]
NO_ANSWERS: Answers = {}
FACTS_OF_PLACE = frozenset({"state", "city", "zip_code"})
"""The facts that are columns of the premises; it is read only where a rule asks for one."""


@dataclass(frozen=True, kw_only=True)
class OfferedPackage:
    """A package that the address can have, and what it costs as it is preselected."""

    package: ListedPackage
    selection: Selection
    quote: Quote


@dataclass(frozen=True, kw_only=True)
class RefusedPackage:
    """A package that the address or the customer cannot have, and why."""

    package: ListedPackage
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What a campaign offers; `others` are the campaigns that could be switched to, the preferred first."""

    campaign: ListedCampaign | None
    offered: tuple[OfferedPackage, ...] = ()
    refused: tuple[RefusedPackage, ...] = ()
    others: tuple[ListedCampaign, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The questions that were not answered and whose answers would decide a refused package."""
        reasons = (reason for refused in self.refused for reason in refused.reasons)
        facts = (reason.details["fact"] for reason in reasons if reason.code is ReasonCode.ANSWER_MISSING)
        return tuple(dict.fromkeys(fact.removeprefix(ANSWER_PREFIX) for fact in facts))


@dataclass(frozen=True, kw_only=True)
class PackageNode:
    """A package in the eligibility tree: every reason, and every step of the rule that was evaluated."""

    package: ListedPackage
    reasons: tuple[Reason, ...]
    decision: Decision

    @property
    def is_offered(self) -> bool:
        """Tell whether nothing stands against it."""
        return not self.reasons


@dataclass(frozen=True, kw_only=True)
class CampaignNode:
    """A campaign in the eligibility tree."""

    campaign: ListedCampaign
    is_current: bool
    reasons: tuple[Reason, ...]
    decision: Decision
    packages: tuple[PackageNode, ...] = ()

    @property
    def is_eligible(self) -> bool:
        """Tell whether an order may be switched to this campaign."""
        return not self.reasons


@dataclass(frozen=True, kw_only=True)
class Option:
    """A product that a package lets one have, at its own price; the amounts are for one, before taxes and fees."""

    product: ListedProduct
    minimum: int
    maximum: int
    relies_on: str
    recurring: Decimal
    recurring_after: Decimal
    one_time: Decimal
    promotion_months: int


@dataclass(frozen=True, kw_only=True)
class ChoiceGroup:
    """Products of which one is taken."""

    code: str
    options: tuple[Option, ...]
    preselected: str


@dataclass(frozen=True, kw_only=True)
class PackageOptions:
    """What comes with a package, what is to be chosen, and what can be added at the address."""

    package: ListedPackage
    included: tuple[Option, ...]
    choices: tuple[ChoiceGroup, ...]
    add_ons: tuple[Option, ...]
    preselected: Selection


def offers_for(  # noqa: PLR0913  # what an offer depends on, each by its name
    qualification: Qualification,
    *,
    division: Division,
    on: date,
    customer_class: str = CustomerClass.RESIDENTIAL,
    answers: Answers = NO_ANSWERS,
    campaign: str | None = None,
) -> Offers:
    """
    Return what can be offered to an address on a day.

    Without a campaign's code the division's default campaign counts, and where none is set, or it is not for this
    customer, the eligible one of the highest priority. A dummy campaign offers nothing, and names the others.

    :raises NotAllowed: if the named campaign does not run here on this day
    """
    catalogue, found = catalogue_of(division, on), found_at(qualification)
    facts = _facts(qualification, found, catalogue, on) | _told(customer_class, answers)
    nodes = _campaign_nodes(catalogue, facts, wanted=campaign, default=effective(division, DEFAULT_CAMPAIGN))
    current = next((node for node in nodes if node.is_current), None)
    others = tuple(node.campaign for node in nodes if node.is_eligible and not node.is_current)
    if current is None:
        return Offers(campaign=None, others=others)
    packages = _package_nodes(current, catalogue, facts, found)
    offered = [node.package for node in packages if node.is_offered]
    return Offers(
        campaign=current.campaign,
        offered=tuple(_offered(package, catalogue, found) for package in offered),
        refused=tuple(
            RefusedPackage(package=node.package, reasons=node.reasons) for node in packages if not node.is_offered
        ),
        others=others,
    )


def require_offered(
    package_code: str, qualification: Qualification, *, division: Division, on: date, campaign: str | None = None
) -> None:
    """
    Let pass a package that a campaign offers to an address on a day, as `offers_for` has it; nothing is priced.

    :raises NotAllowed: with what stands against it, also if the campaign does not run here on this day
    """
    catalogue, found = catalogue_of(division, on), found_at(qualification)
    facts = _facts(qualification, found, catalogue, on) | _told(CustomerClass.RESIDENTIAL, NO_ANSWERS)
    nodes = _campaign_nodes(catalogue, facts, wanted=campaign, default=effective(division, DEFAULT_CAMPAIGN))
    current = next((node for node in nodes if node.is_current), None)
    packages = _package_nodes(current, catalogue, facts, found) if current else ()
    asked = next((node for node in packages if node.package.code == package_code), None)
    if asked is None or not asked.is_offered:
        reason = asked.reasons[0].sentence if asked else _("This package is not sold here.")
        raise NotAllowed(reason, code="not_offered", field="package")


def eligibility_tree(  # noqa: PLR0913  # as offers_for
    qualification: Qualification,
    *,
    division: Division,
    on: date,
    customer_class: str = CustomerClass.RESIDENTIAL,
    answers: Answers = NO_ANSWERS,
    campaign: str | None = None,
) -> tuple[CampaignNode, ...]:
    """
    Return every campaign that runs, with its packages, and why each is offered or is not; the current one is marked.

    :raises NotAllowed: if the named campaign does not run here on this day
    """
    catalogue, found = catalogue_of(division, on), found_at(qualification)
    facts = _facts(qualification, found, catalogue, on) | _told(customer_class, answers)
    nodes = _campaign_nodes(catalogue, facts, wanted=campaign, default=effective(division, DEFAULT_CAMPAIGN))
    return tuple(replace(node, packages=_package_nodes(node, catalogue, facts, found)) for node in nodes)


def package_options(package_code: str, qualification: Qualification, *, division: Division, on: date) -> PackageOptions:
    """
    Return what can be chosen with and added to a package at an address.

    :raises NotAllowed: if the package is not sold here on this day
    """
    catalogue = catalogue_of(division, on)
    package = catalogue.package(package_code)
    found = found_at(qualification)
    fitting = [item for item in package.items if not obstacles(item, found)]
    preselected = _preselected(package, found)
    of_role = {role: [item for item in fitting if item.role == role] for role in ItemRole}
    return PackageOptions(
        package=package,
        included=tuple(_option(item, catalogue) for item in of_role[ItemRole.INCLUDED]),
        choices=tuple(
            ChoiceGroup(
                code=group,
                options=tuple(_option(item, catalogue) for item in items if item in fitting),
                preselected=preselected.choices.get(group, ""),
            )
            for group, items in package.choice_groups().items()
        ),
        add_ons=tuple(_option(item, catalogue) for item in of_role[ItemRole.ADD_ON]),
        preselected=preselected,
    )


def price_cart(
    selection: Selection, *, division: Division, on: date, qualification: Qualification | None = None
) -> Quote:
    """
    Price a selection as of a day; with an address check, refuse also what the address cannot have.

    :raises NotAllowed: with what is wrong with the selection
    """
    catalogue = catalogue_of(division, on)
    quote = price(selection, catalogue)
    if qualification:
        _refuse_what_cannot_be_had(quote, catalogue.package(selection.package_code), found_at(qualification))
    return quote


def _refuse_what_cannot_be_had(quote: Quote, package: ListedPackage, found: Found) -> None:
    taken = {line.code for line in quote.lines}
    for item in package.items:
        if item.product.code in taken and (against := obstacles(item, found)):
            message = f"{item.product.names}: {against[0].sentence}"
            raise NotAllowed(message, code=against[0].code, field=item.product.code)


def _facts(qualification: Qualification, found: Found, catalogue: Catalogue, on: date) -> dict[str, Fact]:
    """Return what is known of the address and the day, by the names of `catalog.states.FACTS`."""
    active = [family for family, result in found.items() if result.outcome == Outcome.ACTIVE_SERVICE]
    internet = found.get(ProductFamily.INTERNET)
    return {
        "date": on,
        "divisions": catalogue.divisions,
        "outcome": qualification.outcome,
        "families": [family for family, result in found.items() if result.can_be_ordered],
        "active_families": active,
        "has_active_service": bool(active),
        "internet_technology": internet.technology if internet else None,
        "internet_down_mbps": internet.down_mbps if internet else None,
        "internet_up_mbps": internet.up_mbps if internet else None,
        **(_place(qualification) if catalogue.facts_asked & FACTS_OF_PLACE else {}),
    }


def _place(qualification: Qualification) -> dict[str, Fact]:
    premises = qualification.premises
    return {fact: getattr(premises, fact) for fact in FACTS_OF_PLACE} if premises else {}


def _told(customer_class: str, answers: Answers) -> dict[str, Fact]:
    told: dict[str, Fact] = {f"{ANSWER_PREFIX}{question}": answer for question, answer in answers.items()}
    return {"customer_class": customer_class, **told}


def _campaign_nodes(
    catalogue: Catalogue, facts: Mapping[str, Fact], *, wanted: str | None, default: str
) -> tuple[CampaignNode, ...]:
    """Return the campaigns that run, without their packages; the current one is marked."""
    nodes = [_campaign_node(campaign, facts) for campaign in catalogue.campaigns]
    current = _current(nodes, wanted=wanted, default=default)
    return tuple(replace(node, is_current=node is current) for node in nodes)


def _campaign_node(campaign: ListedCampaign, facts: Mapping[str, Fact]) -> CampaignNode:
    decision = campaign.eligibility.rule.decide(facts)
    reasons = reasons_of(decision, campaign.eligibility)
    if facts["customer_class"] not in campaign.customer_classes:
        classes = {"classes": sorted(campaign.customer_classes)}
        reasons = (Reason(code=ReasonCode.OTHER_CLASS, details=classes), *reasons)
    return CampaignNode(campaign=campaign, is_current=False, reasons=reasons, decision=decision)


def _current(nodes: Sequence[CampaignNode], *, wanted: str | None, default: str) -> CampaignNode | None:
    if wanted is not None:
        for node in nodes:
            if node.campaign.code == wanted:
                return node
        raise NotAllowed(_("This campaign does not run here today."), code="no_such_campaign")
    preferred = [node for node in nodes if node.campaign.code == default] + list(nodes)
    eligible = (node for node in preferred if node.is_eligible)
    return next(eligible, preferred[0] if preferred else None)


def _package_nodes(
    node: CampaignNode, catalogue: Catalogue, facts: Mapping[str, Fact], found: Found
) -> tuple[PackageNode, ...]:
    packages = (catalogue.packages[code] for code in node.campaign.packages)
    return tuple(_package_node(package, node.reasons, facts, found) for package in packages)


def _package_node(
    package: ListedPackage, of_campaign: tuple[Reason, ...], facts: Mapping[str, Fact], found: Found
) -> PackageNode:
    """Judge a package: what its campaign refuses, what the address lacks, what its own rule says."""
    decision = package.eligibility.rule.decide(facts)
    against = (*of_campaign, *obstacles_of_package(package, found), *reasons_of(decision, package.eligibility))
    return PackageNode(package=package, reasons=against, decision=decision)


def _offered(package: ListedPackage, catalogue: Catalogue, found: Found) -> OfferedPackage:
    selection = _preselected(package, found)
    known = catalogue.quotes.get(selection.key)
    if known is None:
        known = catalogue.quotes[selection.key] = price(selection, catalogue)
    return OfferedPackage(package=package, selection=selection, quote=known)


def _preselected(package: ListedPackage, found: Found) -> Selection:
    return default_selection(package, can_have=lambda item: not obstacles(item, found))


def _option(item: ListedItem, catalogue: Catalogue) -> Option:
    line = line_for(item, 1, catalogue)
    return Option(
        product=item.product,
        minimum=item.minimum,
        maximum=item.maximum,
        relies_on=item.relies_on,
        recurring=line.recurring,
        recurring_after=line.recurring_after,
        one_time=line.one_time,
        promotion_months=line.promotion_months,
    )
