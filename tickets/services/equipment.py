"""Devices come to a customer's, and go."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from orders.models import InstalledService
from tickets.events import EquipmentInstalled, EquipmentTakenOut
from tickets.models import Equipment

LONGEST_SERIAL = 40


def read_serial(typed: str) -> str:
    """
    Return a serial number as it is kept, however it was typed.

    :raises NotAllowed: if it is none
    """
    serial = "".join(typed.split()).upper()
    if not serial or len(serial) > LONGEST_SERIAL or not serial.replace("-", "").isalnum():
        raise NotAllowed(_("Enter the serial number as it stands on the device."), code="serial", field="serial")
    return serial


@transaction.atomic
def install_equipment(
    account: Account, serial: str, name: str, *, by: User | None, service: InstalledService | None = None
) -> Equipment:
    """
    Write down which device stands at an account's address from today on; written twice, it stands there once.

    :raises NotAllowed: if the person may not, it is no serial number, or the device stands at another address
    """
    _require(by, account)
    return put_device(account, read_serial(serial), name, service=service, by=by)


@transaction.atomic
def swap_equipment(device_id: int, serial: str, name: str, *, by: User) -> Equipment:
    """
    Write down that another device stands in the place of one from today on, and serves what it served.

    :raises NotAllowed: if the person may not, the one was taken out before, it is no serial number, the same device, or
        one that stands at another address
    """
    old = _standing(device_id, by)
    serial = read_serial(serial)
    if serial == old.serial:
        raise NotAllowed(_("This is the device that stands there."), code="same", field="serial")
    take_out(old, by=by)
    return put_device(old.account, serial, name, service=old.service, by=by)


@transaction.atomic
def take_out_equipment(device_id: int, *, by: User) -> Equipment:
    """
    Write down that a device no longer stands at a customer's.

    :raises NotAllowed: if the person may not, or it was taken out before
    """
    old = _standing(device_id, by)
    take_out(old, by=by)
    return old


def _require(by: User | None, account: Account) -> None:
    if by and not can(by, Permission.WORK_TICKETS, account.division):
        raise NotAllowed(_("Your role does not let you change devices here."), code="not_permitted")


def _standing(device_id: int, by: User) -> Equipment:
    rows = Equipment.objects.select_for_update(no_key=True, of=("self",)).select_related("account", "service")
    device = rows.get(pk=device_id)
    _require(by, device.account)
    if device.until:
        raise NotAllowed(_("It was taken out already."), code="taken_out")
    return device


def take_out(device: Equipment, *, by: User) -> None:
    """Let a device no longer stand at a customer's; whoever calls has locked it and asked who may."""
    device.until = today(device.division)
    device.save(update_fields=["until"])
    _record(EquipmentTakenOut(device_id=device.pk, account_id=device.account_id), device, by)


def put_device(
    account: Account, serial: str, name: str, *, service: InstalledService | None, by: User | None
) -> Equipment:
    """
    Put a device at an account's address; whoever calls has asked who may.

    :raises NotAllowed: if it stands at another address
    """
    with transaction.atomic():
        device, is_new = Equipment.objects.get_or_create(
            serial=serial, until=None,
            defaults={
                "division": account.division, "account": account, "service": service, "name": name.strip(),
                "since": today(account.division),
            },
        )  # fmt: skip
    if device.account_id != account.pk:
        message = _("A device of this number stands at another address.")
        raise NotAllowed(message, code="elsewhere", field="serial")
    if is_new:
        _record(EquipmentInstalled(device_id=device.pk, account_id=account.pk), device, by)
    return device


def _record(fact: EquipmentInstalled | EquipmentTakenOut, device: Equipment, by: User | None) -> None:
    about = [device.account, device.account.customer]
    publish(fact, subject=device, about=about, division=device.division, by=by)
