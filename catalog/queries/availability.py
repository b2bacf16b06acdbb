"""What an address check lets one have: which parts of a package fit, and what stands against the others."""

from collections.abc import Mapping
from typing import Any

from catalog.queries.catalogue import ListedItem, ListedPackage, ListedProduct
from catalog.queries.reasons import Reason, each_once
from catalog.states import ItemRole, ReasonCode
from territory.models import FamilyResult, Qualification
from territory.states import NETWORK_FAMILIES

Found = Mapping[str, FamilyResult]


def found_at(qualification: Qualification) -> Found:
    """Return what was found for each family; where something stands in, its technology and speeds are those found."""
    return {result.family: result for result in qualification.families}


def obstacles(item: ListedItem, found: Found) -> tuple[Reason, ...]:
    """Return what at the address stands against a part of a package; nothing if it can be had."""
    product = item.product
    if not product.prices:
        return (Reason(code=ReasonCode.NOT_PRICED, details={"product": product.code}),)
    if product.family not in NETWORK_FAMILIES:
        return ()
    about = {"product": product.code, "family": product.family.value}
    result = found.get(product.family)
    if result is None:
        return (Reason(code=ReasonCode.UNSERVICEABLE, details=about),)
    if not result.can_be_ordered:
        available_from = result.available_from.isoformat() if result.available_from else ""
        return (Reason(code=ReasonCode(result.outcome), details={**about, "available_from": available_from}),)
    return _technical_obstacles(product, result, about)


def obstacles_of_package(package: ListedPackage, found: Found) -> tuple[Reason, ...]:
    """Return what stands against a package: each part that comes with it, each group that offers no choice."""
    reasons: list[Reason] = []
    for item in package.items:
        if item.role == ItemRole.INCLUDED:
            reasons += obstacles(item, found)
    for items in package.choice_groups().values():
        against = [obstacles(item, found) for item in items]
        if all(against):
            reasons += _of_a_group(each_once(reason for one in against for reason in one))
    return each_once(reasons)


def _of_a_group(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Return the one reason that refuses every product of a group, or that nothing is left to choose."""
    return reasons if len(reasons) == 1 else (Reason(code=ReasonCode.NO_CHOICE),)


def _technical_obstacles(product: ListedProduct, result: FamilyResult, about: Mapping[str, Any]) -> tuple[Reason, ...]:
    has = {**about, "has_technology": result.technology, "has_mbps": result.down_mbps}
    if product.technologies and result.technology not in product.technologies:
        return (_needing(ReasonCode.TECHNOLOGY, has, needs_technologies=sorted(product.technologies)),)
    if (result.down_mbps or 0) < (product.minimum_down_mbps or 0):
        return (_needing(ReasonCode.SPEED, has, direction="down", needs_mbps=product.minimum_down_mbps),)
    if (result.up_mbps or 0) < (product.minimum_up_mbps or 0):
        has["has_mbps"] = result.up_mbps
        return (_needing(ReasonCode.SPEED, has, direction="up", needs_mbps=product.minimum_up_mbps),)
    return ()


def _needing(code: ReasonCode, has: Mapping[str, Any], **needs: Any) -> Reason:
    return Reason(code=code, details={**has, **needs})
