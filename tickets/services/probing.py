"""Read the equipment at a customer's. Whatever goes wrong there is written down and stops nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from environ import FileAwareEnv

from accounts.queries import speaks_for
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from tickets.models import Equipment, Probe
from tickets.ports import Connection, DiagnosticsPort, Reading, Unavailable, UnknownDevice
from tickets.settings import DIAGNOSTICS
from tickets.states import Finding, ProbeTrouble

log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=30)
"""So long a reading counts for whoever asks again: a device is not asked by every press of a button."""


def diagnostics_of(division: Division) -> DiagnosticsPort | None:
    """
    Return the way to speak to the system that reads a division's equipment; None where none is chosen.

    :raises Unavailable: if it is chosen, and its adapter, address or token is missing
    """
    code = effective(division, DIAGNOSTICS)
    if not code:
        return None
    prefix, environment = f"DIAGNOSTICS_{code.upper()}", FileAwareEnv()
    adapter = settings.DIAGNOSTICS_ADAPTERS.get(environment.str(f"{prefix}_ADAPTER", default="acs"))
    try:
        address: str = environment.str(f"{prefix}_URL", default="")
        token: str = environment.str(f"{prefix}_TOKEN", default="")
    except OSError as problem:  # the file that is named does not exist yet, or is not for us to read
        raise Unavailable(f"{prefix} cannot be read.") from problem
    if not adapter or not address or not token:
        raise Unavailable(f"{prefix} is not set up.")
    make = cast("Callable[[Connection], DiagnosticsPort]", import_string(adapter))
    return make(Connection(base_url=address.rstrip("/"), token=token))


def take_reading(equipment_id: int, *, intake_key: str, key: str, by: User) -> Probe:
    """
    Read a device for a conversation, and keep what it said, or why it said nothing; the network is waited for here.

    A reading that is hardly older is taken for this one. The same key again returns the same reading.

    :raises NotAllowed: if the person neither works on tickets there nor is the customer
    """
    equipment = Equipment.objects.select_related("division", "account__customer").get(pk=equipment_id)
    is_theirs = speaks_for(by, equipment.account.customer)
    if not is_theirs and not can(by, Permission.WORK_TICKETS, equipment.division):
        raise NotAllowed(_("Your role does not let you read this device."), code="not_permitted")
    if known := Probe.objects.filter(key=key).first():
        return known
    reading, trouble = _fresh_reading(equipment), ""
    if reading is None:
        reading, trouble = _ask(equipment)
    with transaction.atomic():
        return Probe.objects.get_or_create(
            key=key,
            defaults={
                "intake_key": intake_key,
                "equipment": equipment,
                "by": by,
                "finding": reading.finding if reading else Finding.UNKNOWN,
                "reading": reading.as_json() if reading else None,
                "trouble": trouble,
            },
        )[0]


def _fresh_reading(equipment: Equipment) -> Reading | None:
    recent = Probe.objects.filter(equipment=equipment, taken_at__gte=now() - FRESH, trouble="").last()
    return Reading.from_json(recent.reading) if recent and recent.reading else None


def _ask(equipment: Equipment) -> tuple[Reading | None, str]:
    try:
        port = diagnostics_of(equipment.division)
        if port is None:
            return None, ProbeTrouble.NOT_SET_UP
        return port.read(equipment.serial), ""
    except UnknownDevice:
        return None, ProbeTrouble.STRANGER
    except Unavailable as problem:
        log.warning("equipment_not_read", equipment=equipment.pk, problem=str(problem))
        return None, ProbeTrouble.AWAY
