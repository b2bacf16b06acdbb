"""
What an account is served, as its billing system says of it: services end with a disconnection, and run on after it.

Reports come in any order, also before the installation that they follow. So what is done is worked out from all of
them each time, and done twice it changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from accounts.services import close_account
from accounts.states import AccountStatus
from billing.models import ServiceStatusReport
from billing.queries import accounts_with_news_of_service, service_statuses_of
from billing.states import ENDED as NOT_SERVED, ServiceStatus
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from orders.events import ServicesEnded, ServicesResumed
from orders.models import InstalledService, Order, OrderLine
from orders.states import ENDED, LineStatus, OrderStatus
from territory.services import end_occupancy, record_occupancy
from territory.states import NETWORK_FAMILIES

log = structlog.get_logger(__name__)

LOOKS_BACK = timedelta(days=7)
"""How many days of reports the sweep follows again: those told ahead, and those of days on which it did not run."""

LINES_ON_THEIR_WAY = (LineStatus.ACKNOWLEDGED, LineStatus.PENDING, LineStatus.IN_PROGRESS)


@dataclass(frozen=True)
class _Spell:
    """A time in which an account was served, or was not."""

    is_served: bool
    since: date
    is_closed: bool


@transaction.atomic
def follow_service_status(account_id: int) -> None:
    """
    Bring an account's services to what its billing system says of today; the address can be ordered again once they end.

    A disconnected account stays open. A closed one is closed here, too, unless an order for it is under way.
    """
    account = Account.objects.locked().select_related("division", "customer").get(pk=account_id)
    spells = _spells(service_statuses_of(account_id, today(account.division)).reverse())
    if not spells:
        return
    latest = spells[-1]
    ended_before = [spell.since for spell in spells[:-1] if not spell.is_served]
    if latest.is_served:
        _resume(account, latest.since, ended_before)
        return
    _end(account, latest.since, ended_before)
    if latest.is_closed and account.status != AccountStatus.CLOSED and not _is_under_way(account):
        close_account(account.pk, by=None)


def follow_service_statuses() -> None:
    """Follow again what was said of the last days: some of it was told before it was true."""
    day = now().date() + timedelta(days=1)  # whatever day it is anywhere
    for account_id in accounts_with_news_of_service(day - LOOKS_BACK, day):
        follow_service_status(account_id)


def _spells(reports: Iterable[ServiceStatusReport]) -> list[_Spell]:
    """Put reports, the oldest first, together to spells; once closed, an account is not served any more."""
    spells: list[_Spell] = []
    for report in reports:
        before = spells[-1] if spells else None
        is_closed = report.status == ServiceStatus.CLOSED or (before is not None and before.is_closed)
        is_served = report.status not in NOT_SERVED and not is_closed
        if before is None or before.is_served != is_served:
            spells.append(_Spell(is_served, report.effective_on, is_closed))
        else:
            spells[-1] = _Spell(is_served, before.since, is_closed)
    return spells


def _is_under_way(account: Account) -> bool:
    """Tell whether an order for the account has not ended, may be taken up again, or has lines that are on their way."""
    over = (ENDED - {OrderStatus.FAILED}) | {OrderStatus.DRAFT}
    on_their_way = OrderLine.objects.filter(order=OuterRef("pk"), status__in=LINES_ON_THEIR_WAY)
    is_as_ready_as_it_gets = Q(status=OrderStatus.PARTIAL) & ~Exists(on_their_way)
    orders = Order.objects.filter(account=account).exclude(status__in=sorted(over))
    return orders.exclude(is_as_ready_as_it_gets).exists()


def _services_of(account: Account) -> QuerySet[InstalledService]:
    services = InstalledService.objects.select_related("line__order").filter(account=account)
    return services.select_for_update(no_key=True, of=("self",)).order_by("pk")


def _end(account: Account, on: date, ended_before: list[date]) -> None:
    """End what runs, and what was thought to have ended otherwise: later, or earlier and without having run on."""
    otherwise = Q(until=None) | Q(until__gt=on) | Q(until__in=ended_before)
    ending = list(_services_of(account).filter(otherwise, since__lte=on))
    for service in ending:
        service.until = on
        if service.line.family in NETWORK_FAMILIES:
            end_occupancy(service.premises_id, [service.line.family], until=on, reference=_reference(service))
    InstalledService.objects.bulk_update(ending, ["until"])
    products = [service.product_id for service in ending]
    if products:
        _tell(account, ServicesEnded(account_id=account.pk, products=products, ended_on=on.isoformat()))


def _resume(account: Account, on: date, ended_before: list[date]) -> None:
    """Let the services run on that ended with one of these disconnections, where nobody else is served by now."""
    resumed = []
    for service in _services_of(account).filter(until__in=ended_before):
        family = service.line.family
        try:
            if family in NETWORK_FAMILIES:
                record_occupancy(service.premises_id, [family], since=on, reference=_reference(service))
        except NotAllowed as refusal:
            log.warning("service_cannot_resume", account=account.pk, service=service.pk, reason=str(refusal))
            continue
        service.until = None
        resumed.append(service)
    InstalledService.objects.bulk_update(resumed, ["until"])
    products = [service.product_id for service in resumed]
    if products:
        _tell(account, ServicesResumed(account_id=account.pk, products=products, resumed_on=on.isoformat()))


def _reference(service: InstalledService) -> str:
    return occupied_by(service.line.order)


def occupied_by(order: Order) -> str:
    """Return how an order is named as the occupant of an address."""
    return f"order {order.number}"


def _tell(account: Account, fact: Fact) -> None:
    publish(fact, subject=account, about=[account.customer], division=account.division, by=None)
