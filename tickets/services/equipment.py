"""Devices come to a customer's, and go."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission
from orders.models import InstalledService
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
    if by and not can(by, Permission.WORK_TICKETS, account.division):
        raise NotAllowed(_("Your role does not let you change devices here."), code="not_permitted")
    return put_device(account, read_serial(serial), name, service=service)


def put_device(account: Account, serial: str, name: str, *, service: InstalledService | None) -> Equipment:
    """
    Put a device at an account's address; whoever calls has asked who may.

    :raises NotAllowed: if it stands at another address
    """
    with transaction.atomic():
        device, _is_new = Equipment.objects.get_or_create(
            serial=serial, until=None,
            defaults={
                "division": account.division, "account": account, "service": service, "name": name.strip(),
                "since": today(account.division),
            },
        )  # fmt: skip
    if device.account_id != account.pk:
        message = _("A device of this number stands at another address.")
        raise NotAllowed(message, code="elsewhere", field="serial")
    return device
