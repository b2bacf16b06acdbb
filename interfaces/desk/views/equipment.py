"""Devices at a customer's: put in, swapped and taken out by hand."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.queries import customers_visible_to
from foundation.people.models import UserRequest
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.forms import ConfirmForm
from interfaces.desk.ticket_forms import DeviceForm, NewDeviceForm
from orders.queries import services_visible_to
from tickets.models import Equipment
from tickets.queries import equipment_visible_to
from tickets.services import install_equipment, swap_equipment, take_out_equipment


@staff_page(Permission.WORK_TICKETS)
def put_in(request: UserRequest, account: int) -> HttpResponse:
    """Write down a device that stands at an account's address from today on."""
    mine = Account.objects.filter(customer__in=customers_visible_to(request.user))
    found = get_object_or_404(mine.select_related("division", "customer"), pk=account)
    action = Action(
        title=_("Put a device in"),
        button=_("Put it in"),
        done=_("The device stands there from today on."),
        subject=f"{found.customer.name}: {found.service_address}",
        back=_page_of(found),
    )
    services = services_visible_to(request.user).filter(account=found, until=None)
    form = NewDeviceForm(services, posted(request))
    return perform(
        request, action, form,
        lambda said: install_equipment(
            found, said["serial"], said["name"], service=said["service"], by=request.user
        ),
    )  # fmt: skip


@staff_page(Permission.WORK_TICKETS)
def swap(request: UserRequest, pk: int) -> HttpResponse:
    """Write down that another device stands in the place of one."""
    old = _device(request, pk)
    action = Action(
        title=_("Swap the device"),
        explanation=_("The old one is written down as taken out today; the new one serves what it served."),
        button=_("Swap it"),
        done=_("The new device stands there from today on."),
        subject=f"{old.account.customer.name}: {old}",
        back=_page_of(old.account),
    )
    form = DeviceForm(posted(request), initial={"name": old.name})
    return perform(
        request, action, form, lambda said: swap_equipment(old.pk, said["serial"], said["name"], by=request.user)
    )


@staff_page(Permission.WORK_TICKETS)
def take_out(request: UserRequest, pk: int) -> HttpResponse:
    """Write down that a device no longer stands at a customer's."""
    old = _device(request, pk)
    action = Action(
        title=_("Take the device out"),
        explanation=_("It is not read any more. That it stood there stays written."),
        button=_("Take it out"),
        done=_("The device is taken out."),
        subject=f"{old.account.customer.name}: {old}",
        back=_page_of(old.account),
        is_grave=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _said: take_out_equipment(old.pk, by=request.user)
    )


def _device(request: UserRequest, pk: int) -> Equipment:
    return get_object_or_404(equipment_visible_to(request.user).select_related("account__customer"), pk=pk)


def _page_of(account: Account) -> str:
    return reverse("desk:customer", args=[account.customer_id]) + "#devices"
