"""One's own services, orders and referrals, as a customer or as a partner; a member of staff's divisions play no part."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Customer, Delegate, Partner
from accounts.queries import partners_visible_to
from accounts.states import AccountStatus, Sight
from foundation.now import today
from foundation.people.models import User
from orders.models import Order, OrderLine
from orders.queries import orders_visible_to
from orders.states import LineStatus, OrderStatus
from referrals.models import Programme, Referrer
from referrals.queries import is_running, programme_for, why_not, why_not_join
from territory.states import ProductFamily
from tickets.queries import tickets_of

BESIDE_SERVICES = frozenset({ProductFamily.INSTALLATION, ProductFamily.EQUIPMENT})
"""What is sold along with services and is none itself."""


def own_orders(user: User) -> QuerySet[Order]:
    """Return the orders that a person placed, or whose customer they are, the latest first; no drafts."""
    return _submitted(orders_visible_to(user).filter(Q(customer__user=user) | Q(user=user)))


def partner_orders(partner: Partner) -> QuerySet[Order]:
    """Return the orders that were sold for a partner, the latest first; no drafts."""
    return _submitted(Order.objects.filter(sold_for=partner))


def _submitted(orders: QuerySet[Order]) -> QuerySet[Order]:
    ready_to_show = orders.select_related("division", "appointment__slot", "premises").prefetch_related("lines")
    return ready_to_show.exclude(status=OrderStatus.DRAFT).order_by("-submitted_at")


def own_partners(user: User) -> QuerySet[Partner]:
    """Return the partners that a person signs in as."""
    return partners_visible_to(user).filter(user=user).select_related("division").order_by("name")


def own_accounts(user: User) -> QuerySet[Account]:
    """Return the accounts of a person that are not closed, the oldest first."""
    mine = Account.objects.filter(customer__user=user).exclude(status=AccountStatus.CLOSED)
    return mine.select_related("division", "customer").order_by("pk")


def wants_outage_notices(user: User) -> bool:
    """Tell whether a person is told of outages: as every customer that they are."""
    return not Customer.objects.filter(user=user, wants_outage_notices=False).exists()


def accounts_spoken_for(user: User) -> QuerySet[Account]:
    """
    Return the open accounts that a person may report something about: their own, and those they sign in for.

    Who sees of a company only what they reported themselves sees the accounts of these, and the one that they were given.
    """
    delegations = Delegate.objects.filter(user=user)
    of_company = Q(customer__in=delegations.filter(sight=Sight.COMPANY).values("customer"))
    reported = tickets_of(user).filter(reported_by=user).values("account")
    mine = Q(customer__user=user) | of_company | Q(pk__in=delegations.values("account")) | Q(pk__in=reported)
    accounts = Account.objects.filter(mine).exclude(status=AccountStatus.CLOSED)
    return accounts.select_related("customer", "division").order_by("pk")


def companies_spoken_for(user: User) -> QuerySet[Customer]:
    """
    Return the companies for which a person may report something at places whose accounts they do not see.

    Who sees one site of several reports about the others, too, as does who was given no open place; who sees all of a
    company chooses among its accounts.
    """
    delegations = Delegate.objects.filter(user=user)
    sees_all = delegations.filter(sight=Sight.COMPANY).values("customer")
    has_no_place = Q(sight=Sight.OWN) & (Q(account=None) | Q(account__status=AccountStatus.CLOSED))
    seen = accounts_spoken_for(user).order_by().values("pk")
    unseen = (
        Account.objects.filter(customer=OuterRef("customer")).exclude(status=AccountStatus.CLOSED).exclude(pk__in=seen)
    )
    elsewhere = delegations.exclude(customer__in=sees_all).filter(has_no_place | Exists(unseen))
    return Customer.objects.filter(pk__in=elsewhere.values("customer")).select_related("division").order_by("pk")


def may_report(user: User) -> bool:
    """Tell whether a person has anything to report about."""
    return accounts_spoken_for(user).exists() or companies_spoken_for(user).exists()


@dataclass(frozen=True)
class Served:
    """An address with all that works there."""

    address: str
    number: str
    products: tuple[str, ...]


def services_of(user: User) -> list[Served]:
    """Return what works at a person's addresses today."""
    ready = OrderLine.objects.filter(status=LineStatus.COMPLETED).exclude(family__in=BESIDE_SERVICES)
    orders = Order.objects.prefetch_related(Prefetch("lines", queryset=ready.order_by("position")))
    accounts = own_accounts(user).filter(status=AccountStatus.ACTIVE).prefetch_related(Prefetch("orders", orders))
    found = ((account, _products(account.orders.all())) for account in accounts)
    return [Served(account.service_address, account.number, products) for account, products in found if products]


def _products(orders: Iterable[Order]) -> tuple[str, ...]:
    names = (
        f"{line.quantity} × {line.names}" if line.quantity > 1 else str(line.names)
        for order in orders
        for line in order.lines.all()
    )
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Opening:
    """An account with which somebody could take part in a program, or cannot, and why."""

    account: Account
    programme: Programme
    refusals: tuple[str, ...] = ()


def openings_of(user: User, mine: Iterable[Referrer]) -> list[Opening]:
    """Return a person's accounts in whose market a program runs in which they do not take part yet."""
    taken = {(referrer.account_id, referrer.programme_id) for referrer in mine}
    running = ((account, programme_for(account.division, today(account.division))) for account in own_accounts(user))
    return [
        Opening(account, programme, tuple(reason.sentence for reason in why_not_join(account)))
        for account, programme in running
        if programme and (account.pk, programme.pk) not in taken
    ]


def why_not_now(referrer: Referrer) -> str:
    """Say why a referrer can bring nobody at the moment; nothing where they can."""
    if not referrer.is_active:
        return _(
            "You do not take part at the moment: friends who order now bring you nothing, whatever link or code they use. "
            "What you have earned stays yours, and friends who have ordered already count as before. Call us if that is a "
            "mistake."
        )
    if not is_running(referrer.programme, today(referrer.account.division)):
        return _(
            "This program rests at the moment, or is over: friends who order now bring you nothing by it. What you have "
            "earned stays yours, and friends who have ordered already count as before."
        )
    return " ".join(reason.sentence for reason in why_not(referrer.account))
