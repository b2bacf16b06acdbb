"""Households behind two nodes of the network that have had service for a while: without them there is no outage."""

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count

from accounts.models import Account, ContactDetails
from catalog.queries import offers_for
from config.demonstration.orders import WINDOWS, fill_cart, submit_cart
from config.demonstration.past import ago
from foundation.divisions.models import Division
from foundation.now import today
from orders.models import Order
from orders.queries import lines_of
from orders.services import check_order, make_slots, record_install, record_work_order_confirmed
from orders.states import Channel
from territory.models import Premises, Qualification
from territory.services import qualify
from territory.states import ORDERABLE

ORDERED_DAYS, INSTALLED_DAYS = 12, 10
"""How long ago they ordered, and were installed."""
TRIED = 40
"""Addresses of a node that are tried for those that can be served."""


class Neighbourhood(NamedTuple):
    """A market, and the households of it that live behind its largest node."""

    division: str
    names: tuple[str, ...]
    phone: int
    """The last digits of the first household's number; each has one of its own, and none is anybody's."""


RIVERBEND = Neighbourhood(
    "riverbend",
    (
        "Ada Birchwood", "Ben Alderman", "Cora Hazelton", "Dale Rowanberry", "Edie Lindenfels", "Fritz Ashgrove",
        "Gwen Maplethorpe", "Hal Poplar",
    ),
    phone=110,
)  # fmt: skip
MAGNOLIA = Neighbourhood(
    "magnolia", ("Iris Fernhill", "Joel Brackenridge", "Kit Heatherly", "Lou Mossgrave", "May Cloverdale"), phone=120
)


def load_neighbours() -> None:
    """Make the households that are missing: they ordered, were installed, and are billed since."""
    for neighbourhood in (RIVERBEND, MAGNOLIA):
        if not accounts_of(neighbourhood):
            _move_in(neighbourhood)


def accounts_of(neighbourhood: Neighbourhood) -> list[Account]:
    """Return the accounts of a neighbourhood, in the order of its names; none before it was loaded."""
    emails = [_email(name) for name in neighbourhood.names]
    accounts = Account.objects.filter(customer__contacts__email__in=emails).select_related(
        "customer", "division", "premises__division"
    )
    return sorted(accounts, key=lambda account: account.pk)


def _email(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@people.example"


def _move_in(neighbourhood: Neighbourhood) -> None:
    division = Division.objects.get(code=neighbourhood.division)
    with ago(days=ORDERED_DAYS):
        make_slots(
            division, first=today(division), last=today(division) + timedelta(days=3), windows=WINDOWS, capacity=4
        )
        checked = _addresses(division, len(neighbourhood.names))
        orders = [
            _order(name, f"202-555-{neighbourhood.phone + number:04}", address, position=number)
            for number, (name, address) in enumerate(zip(neighbourhood.names, checked, strict=False))
        ]
    with ago(days=INSTALLED_DAYS):
        for order in orders:
            _install(order)


def _addresses(division: Division, count: int) -> list[Qualification]:
    """Check addresses of the largest node of a market until enough of them can have a package."""
    nodes = Premises.objects.filter(division=division).exclude(node="").order_by().values("node")
    largest = nodes.annotate(size=Count("pk")).order_by("-size", "node")[0]["node"]
    used = Order.objects.values("premises")
    there = Premises.objects.filter(division=division, node=largest).exclude(pk__in=used).order_by("pk")
    served: list[Qualification] = []
    for premises in there[:TRIED]:
        checked = qualify(typed=premises.label, premises_id=premises.pk, division=division, channel=Channel.WEB)
        orderable = checked.outcome in ORDERABLE
        if orderable and offers_for(checked, division=division, on=today(division)).offered:
            served.append(checked)
        if len(served) == count:
            break
    return served


def _order(name: str, phone: str, checked: Qualification, *, position: int) -> Order:
    key = f"neighbour-{phone}"
    details = ContactDetails.typed(name=name, email=_email(name), phone=phone)
    order = fill_cart(key, checked, details, position=position, by=None)
    submit_cart(order, key)
    return Order.objects.get(pk=order.pk)


def _install(order: Order) -> None:
    """Take in what the billing system reports: it was asked for their work orders before there was this one."""
    check_order(order.pk)
    request_id = order.work_order_request_id
    record_work_order_confirmed(request_id, work_order_id=f"WO-EARLIER-{order.pk}")
    lines = [line.line_id for line in lines_of(order)]
    record_install(request_id, lines=lines, installed_on=today(order.division))
