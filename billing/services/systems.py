"""How a billing system is reached."""

from collections.abc import Callable, Mapping
from typing import cast

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _, gettext_lazy
from environ import FileAwareEnv

from billing.models import BillingSystem
from billing.ports import BillingPort, Connection, Unavailable, Unclear
from billing.settings import BILLING_SYSTEM
from foundation.divisions.models import Division
from foundation.divisions.queries import effective
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

log = structlog.get_logger(__name__)

NO_CONNECTION = gettext_lazy("The billing system does not answer at this address with this token.")
"""All that is said, whatever failed: who tries addresses learns nothing of what stands there. The log knows more."""


def system_for(division: Division) -> BillingSystem:
    """
    Return the billing system of a division, its own or an inherited one.

    :raises ImproperlyConfigured: if none is set; whoever asks is asked again later, not told no
    """
    code = effective(division, BILLING_SYSTEM)
    system = BillingSystem.objects.filter(code=code).first()
    if system is None:
        raise ImproperlyConfigured(f"{division} has no billing system.")
    return system


def port_of(system: BillingSystem) -> BillingPort:
    """
    Return the way to speak to a billing system.

    :raises Unavailable: if it is inactive, its adapter or token is missing, or its token is for another address
    """
    adapter = settings.BILLING_ADAPTERS.get(system.adapter)
    if not system.is_active or adapter is None:
        raise Unavailable(_("%(system)s is not active, or has no adapter.") % {"system": system})
    make = cast("Callable[[Connection], BillingPort]", import_string(adapter))
    return make(_connection_of(system))


def _connection_of(system: BillingSystem) -> Connection:
    prefix = f"BILLING_{system.code.upper()}"
    if not system.is_bound:
        raise Unavailable(_("%(name)s names another address.") % {"name": f"{prefix}_URL"})
    environment = FileAwareEnv()
    try:
        token: str = environment.str(f"{prefix}_TOKEN", default="")
        secrets: list[str] = environment.list(f"{prefix}_WEBHOOK_SECRET", default=[])
    except OSError as problem:  # the file that is named does not exist yet, or is not for us to read
        raise Unavailable(_("%(name)s cannot be read.") % {"name": prefix}) from problem
    if not token:
        raise Unavailable(_("%(name)s is not set.") % {"name": f"{prefix}_TOKEN"})
    return Connection(base_url=system.base_url.rstrip("/"), token=token, webhook_secrets=tuple(secrets))


def check_connection(system_id: int, *, by: User) -> None:
    """
    Ask a billing system something harmless, to see that it answers us.

    :raises NotAllowed: if it does not; or if the person may not configure
    """
    system = BillingSystem.objects.select_related("division").get(pk=system_id)
    require(by, Permission.CONFIGURE, system.division)
    try:
        port_of(system).check()
    except (Unavailable, Unclear) as problem:
        log.warning("billing_check_failed", system=system.code, problem=str(problem))
        raise NotAllowed(str(NO_CONNECTION), code="no_connection") from problem


def declare_products(system_id: int, products: Mapping[str, str]) -> None:
    """
    Tell a billing system the codes and names of all products that may be ordered.

    :raises Unavailable: if it cannot be asked
    :raises Unclear: if it gave no usable answer; it is harmless to tell it again
    """
    port_of(BillingSystem.objects.get(pk=system_id)).declare_products(products)
