"""Answer whether, and how, an address can be served, and keep the answer."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from territory.models import (
    ALL_UNITS,
    AddressLookup,
    Alternative,
    Availability,
    FamilyResult,
    Occupancy,
    Offer,
    Override,
    Premises,
    Qualification,
)
from territory.queries import AddressSearch, search_addresses
from territory.settings import QUALIFICATION_DAYS
from territory.states import NETWORK_FAMILIES, OUTCOME_PRECEDENCE, AvailabilityStatus, LookupResult, Outcome

LONGEST_TYPED = 300

_OUTCOME_OF = {
    AvailabilityStatus.AVAILABLE: Outcome.QUALIFIED,
    AvailabilityStatus.PLANNED: Outcome.PLANNED,
    AvailabilityStatus.UNSERVICEABLE: Outcome.UNSERVICEABLE,
    AvailabilityStatus.BLOCKED: Outcome.BLOCKED,
}


def look_up_address(typed: str, *, division: Division, channel: str, by: User | None = None) -> AddressSearch:
    """Search for an address as a visitor who pressed the button does, and record that it was asked for."""
    del by  # who asks is not kept: a search is not yet a customer's business
    found = search_addresses(typed, division=division)
    AddressLookup.objects.create(
        division=division,
        typed=typed[:LONGEST_TYPED],
        channel=channel,
        result=_result_of(found),
        suggestions=len(found.candidates),
    )
    return found


def _result_of(found: AddressSearch) -> LookupResult:
    if found.exact:
        return LookupResult.EXACT
    if found.building:
        return LookupResult.BUILDING
    return LookupResult.CANDIDATES if found.candidates else LookupResult.NOTHING


@transaction.atomic
def qualify(
    *, typed: str, premises_id: int | None, division: Division, channel: str, by: User | None = None
) -> Qualification:
    """
    Check an address for every family, and record the question with its answer.

    :param premises_id: what the visitor picked or confirmed; without it, the text counts only if it can mean no other
    :param division: the root of the site's market
    :raises NotAllowed: if the premises lies in no division below that one
    """
    if premises_id is None and typed.strip():
        exact = search_addresses(typed, division=division).exact
        premises_id = exact.premises_id if exact else None
    premises = _premises(premises_id, division) if premises_id else None
    families = _answers(premises) if premises else tuple(_unknown(family) for family in NETWORK_FAMILIES)
    place = premises.division if premises else division
    checked_at = now()
    return Qualification.objects.create(
        division=place,
        premises=premises,
        typed=typed[:LONGEST_TYPED],
        channel=channel,
        outcome=overall(families),
        results=Qualification.stored(families),
        checked_at=checked_at,
        expires_at=checked_at + timedelta(days=effective(place, QUALIFICATION_DAYS)),
        by=by,
    )


@transaction.atomic
def requalify(qualification_id: int, *, by: User | None = None) -> Qualification:
    """Ask the same question again, about the same premises, and record the answer of today as a new row."""
    asked = Qualification.objects.select_related("division").get(pk=qualification_id)
    return qualify(
        typed=asked.typed, premises_id=asked.premises_id, division=asked.division, channel=asked.channel, by=by
    )


def overall(families: Sequence[FamilyResult]) -> Outcome:
    """Return the outcome that speaks for the whole address."""
    found = {result.outcome for result in families}
    return next((outcome for outcome in OUTCOME_PRECEDENCE if outcome in found), Outcome.UNKNOWN)


def _premises(premises_id: int, division: Division) -> Premises:
    premises = Premises.objects.select_related("division").filter(pk=premises_id).first()
    if premises is None or division.pk not in premises.division.lineage:
        raise NotAllowed(_("This address is not in this market."), code="other_market")
    return premises


def _unknown(family: str) -> FamilyResult:
    return FamilyResult(family, Outcome.UNKNOWN, reason=_("We do not know this address yet."))


def _answers(premises: Premises) -> tuple[FamilyResult, ...]:
    day = today(premises.division)
    rows = {row.family: row for row in Availability.objects.filter(premises=premises)}
    overrides = _overrides(premises)
    active = {*Occupancy.objects.filter(_current(day), premises=premises).values_list("family", flat=True)}
    families = dict.fromkeys([*NETWORK_FAMILIES, *sorted(rows.keys() | active)])
    return tuple(
        FamilyResult(family, Outcome.ACTIVE_SERVICE, reason=_("There is service at this address."))
        if family in active
        else _answer(family, rows.get(family), _override_for(family, overrides), day, is_surveyed=bool(rows))
        for family in families
    )


def _current(day: date) -> Q:
    return Q(until=None) | Q(until__gt=day)


def _overrides(premises: Premises) -> list[Override]:
    """Return the overrides that hold at a premises, the strongest first."""
    units = [premises.unit_key, ALL_UNITS] if premises.unit_key else [""]
    at_address = Override.objects.filter(
        Q(until=None) | Q(until__gt=now()),
        street_id=premises.street_id,
        house_number=premises.house_number,
        unit_key__in=units,
    )
    return sorted(at_address.order_by("-made_at", "-pk"), key=lambda override: override.unit_key == ALL_UNITS)


def _override_for(family: str, overrides: list[Override]) -> Override | None:
    return next((override for override in overrides if override.family in (family, "")), None)


def _answer(
    family: str, row: Availability | None, override: Override | None, day: date, *, is_surveyed: bool
) -> FamilyResult:
    if override:
        return _overridden(family, row, override, day)
    if row:
        return _imported(row, day)
    if is_surveyed:
        return FamilyResult(family, Outcome.UNSERVICEABLE, reason=_("Not offered at this address."))
    return FamilyResult(family, Outcome.UNKNOWN, reason=_("We have not surveyed this address yet."))


def _overridden(family: str, row: Availability | None, override: Override, day: date) -> FamilyResult:
    """Return what an override says; the speeds that it leaves open are those of the import."""
    result = _result(family, override.status, override, day)
    if row and not override.technology:
        return FamilyResult(
            family, result.outcome, row.technology, override.down_mbps or row.down_mbps, override.up_mbps or row.up_mbps,
            result.available_from, result.reason,
        )  # fmt: skip
    return result


def _imported(row: Availability, day: date) -> FamilyResult:
    result = _result(row.family, row.status, row, day)
    if not row.alternate_technology or result.outcome in {Outcome.QUALIFIED, Outcome.BLOCKED}:
        return result
    later = result.outcome == Outcome.PLANNED
    wanted = Alternative(row.technology, row.down_mbps, row.up_mbps, row.available_from) if later else None
    return FamilyResult(
        row.family, Outcome.ALTERNATE, row.alternate_technology, row.alternate_down_mbps, row.alternate_up_mbps,
        reason=result.reason, alternative=wanted,
    )  # fmt: skip


def _result(family: str, status: str, offer: Offer, day: date) -> FamilyResult:
    """Return what an offer says on a day: what was planned until then is there."""
    if status == AvailabilityStatus.PLANNED and offer.available_from and offer.available_from <= day:
        status = AvailabilityStatus.AVAILABLE
    outcome = _OUTCOME_OF[AvailabilityStatus(status)]
    reason = "" if outcome == Outcome.QUALIFIED else offer.reason
    start = offer.available_from if outcome == Outcome.PLANNED else None
    if outcome in {Outcome.UNSERVICEABLE, Outcome.BLOCKED}:
        return FamilyResult(family, outcome, reason=reason)
    return FamilyResult(family, outcome, offer.technology, offer.down_mbps, offer.up_mbps, start, reason)
