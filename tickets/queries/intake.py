"""What is shown of a caller before anybody types: all of it, in a number of statements that no row adds to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Account, Customer
from accounts.queries import accounts_visible_to
from billing.models import AgedBalance
from foundation.now import now
from foundation.people.models import User
from orders.models import InstalledService, Order
from orders.queries import orders_visible_to
from orders.states import OPEN as OPEN_ORDERS
from territory.states import NETWORK_FAMILIES
from tickets.models import AffectedService, Equipment, Outage, Ticket
from tickets.queries.sight import tickets_of, tickets_visible_to
from tickets.queries.symptoms import with_subjects_in_words
from tickets.states import OPEN, UNDER_WAY

Row = TypeVar("Row", bound=Model)

MOST_ROWS = 200
"""Of each kind: a caller with more is a business whose list is not read over the phone."""
SAME_FAULT_WITHIN = timedelta(hours=24)


@dataclass
class AccountInView:
    """An account of the caller with all that hangs on it."""

    account: Account
    services: list[InstalledService] = field(default_factory=list)
    equipment: list[Equipment] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    balances: list[AgedBalance] = field(default_factory=list)
    """What each billing system last said is past due."""
    tickets: list[Ticket] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    """What stops a service of it now, the latest first."""

    @property
    def working(self) -> list[InstalledService]:
        """Return the services that can fail: what the network carries, and nothing that was done or sold once."""
        return [service for service in self.services if service.product.family in NETWORK_FAMILIES]

    @property
    def overdue(self) -> list[AgedBalance]:
        """Return what is past due, one a billing system."""
        return [balance for balance in self.balances if balance.past_due]

    @property
    def speaks_of_money(self) -> bool:
        """Whether any billing system has said anything."""
        return bool(self.balances)


@dataclass
class Caller:
    """Somebody on the phone or at their own page, as we know them."""

    accounts: list[AccountInView]
    tickets: list[Ticket]
    """Open ones that belong to none of these accounts."""


def caller_by_places(customer: Customer, *, seen_by: User) -> Caller:
    """Return what a call may be about, of what a member of staff may see: the accounts, their services and devices."""
    return Caller(list(_views(accounts_visible_to(seen_by).filter(customer=customer)).values()), [])


def caller_in_view(caller: Caller, customer: Customer, *, seen_by: User) -> Caller:
    """Return with what a call may be about all else that a member of staff may see of a customer: what a page shows."""
    orders = orders_visible_to(seen_by).filter(status__in=sorted(OPEN_ORDERS)).exclude(number="")
    views = {view.account.pk: view for view in caller.accounts}
    _hang(views, "orders", orders.select_related("division"))
    _hang(views, "balances", AgedBalance.objects.all())
    _hang_outages(views)
    return _with_tickets(views, tickets_visible_to(seen_by).filter(customer=customer))


def accounts_in_view(accounts: QuerySet[Account], *, seen_by: User) -> Caller:
    """Return what somebody sees of the accounts that they speak for: what works there, and what they reported."""
    views = _views(accounts)
    return _with_tickets(views, tickets_of(seen_by).filter(account__in=list(views)))


def _views(accounts: QuerySet[Account]) -> dict[int, AccountInView]:
    rows = accounts.select_related("premises__division", "division", "customer")[:MOST_ROWS]
    views = {account.pk: AccountInView(account) for account in rows}
    working = InstalledService.objects.working_today(view.account.division for view in views.values())
    _hang(views, "services", working.select_related("product", "premises", "line"))
    _hang(views, "equipment", Equipment.objects.filter(until=None))
    return views


def _with_tickets(views: dict[int, AccountInView], tickets: QuerySet[Ticket]) -> Caller:
    rest = []
    for ticket in with_subjects_in_words(_open(tickets).order_by("-pk")[:MOST_ROWS]):
        if ticket.account_id in views:
            views[ticket.account_id].tickets.append(ticket)
        else:
            rest.append(ticket)
    return Caller(list(views.values()), rest)


def _hang(views: dict[int, AccountInView], name: str, rows: QuerySet[Row]) -> None:
    """Put rows with an account where they belong, in one statement for all accounts."""
    for row in rows.filter(account__in=list(views)).order_by("pk")[:MOST_ROWS]:
        getattr(views[row.account_id], name).append(row)  # type: ignore[attr-defined]  # every one of them has an account


def _hang_outages(views: dict[int, AccountInView]) -> None:
    affected = AffectedService.objects.filter(account__in=list(views), outage__status__in=sorted(UNDER_WAY))
    once = (
        affected.select_related("outage__division")
        .order_by("-outage_id", "account_id")
        .distinct("outage_id", "account_id")
    )
    for row in once[:MOST_ROWS]:
        views[row.account_id].outages.append(row.outage)


def _open(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    return (
        tickets.filter(status__in=sorted(OPEN), merged_into=None)
        .select_related("service__line", "division")
        .defer("search")
    )


def same_fault(symptom: str, *, account: Account | None, service: InstalledService | None) -> Ticket | None:
    """
    Return the open ticket of the same symptom on the same service, opened within the last 24 hours, if there is one.

    Where one of the two names no service, on the same account. The latest of several.
    """
    if not symptom or not (account or service):
        return None
    here = service.account_id if service else account.pk if account else None
    same = Q(service=service) | Q(account=here, service=None) if service else Q(account=here)
    recent = Ticket.objects.filter(same, symptom=symptom, opened_at__gt=now() - SAME_FAULT_WITHIN)
    return _open(recent).order_by("-pk").first()


def device_of(equipment: Iterable[Equipment], service: InstalledService | None) -> Equipment | None:
    """Return the device that serves a service: its own, else one of the account that serves all."""
    ours = list(equipment)
    own = [device for device in ours if service and device.service_id == service.pk]
    shared = [device for device in ours if device.service_id is None]
    return next(iter([*own, *shared]), None)
