"""An order from a cart to services that work, its appointment, and the terms that it was placed under."""

from orders.models.appointments import Appointment, AppointmentSlot
from orders.models.installed import InstalledService, InstalledServiceQuerySet
from orders.models.lines import OrderLine
from orders.models.order import FIRST_NUMBER, Order, new_token
from orders.models.terms import TermsVersion

__all__ = [
    "FIRST_NUMBER",
    "Appointment",
    "AppointmentSlot",
    "InstalledService",
    "InstalledServiceQuerySet",
    "Order",
    "OrderLine",
    "TermsVersion",
    "new_token",
]
