"""Changes to single addresses: what lives there, what an operator says of them, and new ones."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from territory.addresses.streets import read_city, read_state, read_street_line, read_unit, read_zip
from territory.events import AvailabilityOverridden, OverrideLifted, PremisesCreated
from territory.models import ALL_UNITS, Occupancy, Override, Premises, Street, address_line
from territory.services.imports import add_spellings, relatives_of, take_turns
from territory.settings import PREMISES_CREATION


@transaction.atomic
def record_occupancy(premises_id: int, families: Iterable[str], since: date, reference: str) -> None:
    """
    Note that somebody has service of these families at a premises from a day on; the same again changes nothing.

    :param reference: whose service it is, such as the order's number
    :raises NotAllowed: if somebody else has one of them there already
    """
    premises = Premises.objects.select_for_update(no_key=True).get(pk=premises_id)
    known = Occupancy.objects.filter(premises=premises)
    noted = {*known.filter(reference=reference, since=since).values_list("family", flat=True)}
    wanted = [family for family in dict.fromkeys(families) if family not in noted]
    if known.filter(family__in=wanted, until=None).exists():
        raise NotAllowed(_("There is service at this address already."), code="active_service")
    Occupancy.objects.bulk_create(
        Occupancy(premises=premises, family=family, since=since, reference=reference) for family in wanted
    )


@transaction.atomic
def end_occupancy(premises_id: int, families: Iterable[str], until: date, reference: str) -> None:
    """Note that service of these families ended at a premises on a day; what has ended stays as it ended."""
    Occupancy.objects.filter(
        premises_id=premises_id, family__in=list(families), reference=reference, until=None
    ).update(until=until)


@transaction.atomic
def override_availability(  # noqa: PLR0913  # each part of what is said has a name  # each part of what is said has a name
    premises_id: int,
    *,
    status: str,
    note: str,
    by: User,
    all_units: bool = False,
    family: str = "",
    until: datetime | None = None,
    **offer: Any,
) -> Override:
    """
    Say of an address, or of all units of its building, something else than was imported.

    :param offer: `technology`, `down_mbps`, `up_mbps`, `available_from`, `reason` (which customers read)
    :raises NotAllowed: if the person may not configure the address's division, gives no note, or means the units of
        a building by an address that has none
    """
    premises = Premises.objects.select_related("division").get(pk=premises_id)
    require(by, Permission.CONFIGURE, premises.division)
    if not note.strip():
        raise NotAllowed(_("Say why, for your colleagues."), code="note", field="note")
    if all_units and not premises.unit_key:
        raise NotAllowed(
            _("This address has no unit. Choose one of the building's units."), code="no_unit", field="all_units"
        )
    override = Override.objects.create(
        division=premises.division,
        street_id=premises.street_id,
        house_number=premises.house_number,
        unit_key=ALL_UNITS if all_units else premises.unit_key,
        label=_label_of(premises, all_units=all_units),
        family=family,
        status=status,
        note=note.strip(),
        by=by,
        until=until,
        **offer,
    )
    fact = AvailabilityOverridden(override_id=override.pk, status=status)
    publish(fact, subject=override, about=[premises], division=premises.division, by=by)
    return override


def _label_of(premises: Premises, *, all_units: bool) -> str:
    unit = ALL_UNITS if all_units else premises.unit
    return address_line(premises.street_line, unit, premises.city, premises.state, premises.zip_code)


@transaction.atomic
def lift_override(override_id: int, *, by: User) -> Override:
    """
    Let what was imported count again, from now on.

    :raises NotAllowed: if the person may not configure the address's division, or it no longer holds
    """
    override = (
        Override.objects.select_for_update(no_key=True, of=("self",)).select_related("division").get(pk=override_id)
    )
    require(by, Permission.CONFIGURE, override.division)
    at = now()
    if override.until and override.until <= at:
        raise NotAllowed(_("This override no longer holds."), code="over")
    override.until = at
    override.save(update_fields=["until"])
    publish(OverrideLifted(override_id=override.pk), subject=override, division=override.division, by=by)
    return override


def _is_served_by_others(number: str, unit: str, street: Mapping[str, str], division: Division) -> bool:
    """Tell whether a market that is neither above nor below a division has an address, as imports tell it."""
    words = {name: [street[name], ""] if street[name] else None for name in ("before", "suffix", "after")}
    others = Premises.objects.exclude(street__division__in=relatives_of(division)).filter(
        house_number=number,
        unit_key=read_unit(unit),
        **{f"street__{name}": street[name] for name in ("name", "zip_code", "city_key", "state")},
        **{f"street__{name}__in": known for name, known in words.items() if known},
    )
    return others.exists()


@transaction.atomic
def create_premises(  # noqa: PLR0913  # the parts of an address
    *,
    division: Division,
    street_line: str,
    city: str,
    state: str,
    zip_code: str,
    unit: str = "",
    by: User | None,
) -> Premises:
    """
    Add an address that no import knew, or return it if it is known by now.

    Nothing is said of what can be had there: a check answers *unknown* until somebody surveys it.

    :raises NotAllowed: if the territory of this division is predefined, the address cannot be read, or a market beside
        this one serves it
    """
    if not effective(division, PREMISES_CREATION):
        raise NotAllowed(_("Addresses cannot be added in this market."), code="predefined")
    number, street, _text = read_street_line(street_line)
    parts = {"city_key": read_city(city), "state": read_state(state), "zip_code": read_zip(zip_code)}
    if not (number and street.name and all(parts.values())):
        raise NotAllowed(
            _("An address needs a house number, a street, a town, a state and a ZIP code."), code="unreadable"
        )
    row, is_new = Street.objects.get_or_create(
        **street._asdict(), **parts, division=division, defaults={"city": city.strip()}
    )
    if is_new:
        with connection.cursor() as cursor:
            add_spellings(cursor, {street.name})
    premises, is_new = Premises.objects.get_or_create(
        street=row,
        house_number=number,
        unit_key=read_unit(unit),
        defaults={
            "division": division,
            "street_line": " ".join(street_line.split()),
            "unit": unit.strip().lstrip("# "),
            "city": city.strip(),
            "state": parts["state"].upper(),
            "zip_code": parts["zip_code"],
        },
    )
    with connection.cursor() as cursor:
        take_turns(cursor)
    if _is_served_by_others(number, unit, street._asdict() | parts, division):
        raise NotAllowed(_("Another market serves this address."), code="other_market")
    if is_new:
        publish(PremisesCreated(premises_id=premises.pk), subject=premises, division=division, by=by)
    return premises
