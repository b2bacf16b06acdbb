"""Households that order, and technicians that install."""

from collections.abc import Sequence
from datetime import timedelta

from accounts.models import ContactDetails
from catalog.queries import offers_for
from config.simulation.memory import Household, Manner, What
from config.simulation.paying import month_of
from config.simulation.people import draw
from config.simulation.world import World, person
from foundation.divisions.models import Division
from foundation.divisions.queries import site_of
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from orders import services
from orders.models import Order
from orders.queries import current_terms, needs_appointment, open_slots, shown_mark
from orders.states import CancelReason, Channel, HoldReason, OrderStatus
from territory.models import Premises, Qualification
from territory.services import qualify
from territory.states import ORDERABLE

MARKETS = {"riverbend": 4, "juniper-hollow": 3, "north-valley": 3, "magnolia": 3, "mesa": 2}
"""Where people live, and how many of fifteen."""
TRIED = 200
"""Addresses that are tried for one that can be served."""
SELF_INSTALL_DAYS = 3


def make_household(world: World, division: str = "", *, manner: Manner, referrer: str = "", way: str = "") -> Household:
    """Make somebody who lives in a market."""
    division = division or draw(world.chance, MARKETS)
    name, email, phone = world.people.next()
    key = f"h{len(world.memory.households) + 1}"
    household = Household(key, name, email, phone, division, manner=manner, referrer=referrer, way=way)
    return world.memory.add(household)


def free_address(world: World, division: Division) -> Qualification:
    """
    Check addresses of a market, drawn by chance, until one can have a package.

    :raises LookupError: if none can
    """
    used = Order.objects.values("premises")
    free = Premises.objects.filter(division=division).exclude(pk__in=used).order_by("pk")
    candidates = list(free.values_list("pk", flat=True))
    for premises_id in world.chance.sample(candidates, min(TRIED, len(candidates))):
        typed = Premises.objects.get(pk=premises_id).label
        checked = qualify(typed=typed, premises_id=premises_id, division=division, channel=Channel.WEB)
        orderable = checked.outcome in ORDERABLE
        if orderable and offers_for(checked, division=division, on=today(division)).offered:
            return checked
    raise LookupError(f"No address of {division} can be served.")


def fill_cart(world: World, household: Household, attribution: Sequence[str] = ()) -> Order:
    """Choose an address and a package, and say who orders."""
    division = world.division(household.division)
    site, checked = site_of(division), free_address(world, division)
    if site is None:
        raise LookupError(f"{division} has no site.")
    order = services.start_order(
        checked.pk,
        division=site.division,
        site_code=site.code,
        channel=Channel.WEB,
        language="en",
        key=household.key,
        by=None,
        attribution=attribution,
    )
    offered = offers_for(checked, division=order.division, on=today(order.division)).offered
    services.choose_package(order.pk, world.chance.choice(offered).package.code)
    details = ContactDetails.typed(name=household.name, email=household.email, phone=household.phone)
    return services.identify(order.pk, details)


def submit_cart(world: World, household: Household, order_id: int) -> Order:
    """Choose an appointment, agree, and order; plan what follows."""
    order = Order.objects.select_related("division").get(pk=order_id)
    installed_on = world.today + timedelta(days=SELF_INSTALL_DAYS)
    if needs_appointment(order):
        slots = open_slots(order.division)
        slot = slots[world.chance.randrange(min(len(slots), 24))]
        services.hold_slot(order.pk, slot.pk)
        installed_on = slot.starts_at.astimezone(order.division.zone).date()
    terms = current_terms(order.division)
    cart = Order.objects.get(pk=order.pk)
    if terms is None or cart.quote is None:
        raise LookupError(f"Nothing can be ordered in {order.division}.")
    evidence = {"address": "192.0.2.1"}
    cart = services.accept_terms(order.pk, terms.pk, shown=cart.content_digest, evidence=evidence, by=None)
    order = services.submit_order(order.pk, idempotency_key=household.key, shown=shown_mark(cart), by=None)
    customer, account = order.parties()
    del customer
    household.order_id, household.order_number = order.pk, order.number
    household.account_id, household.account_number = account.pk, account.number
    world.memory.plan(installed_on, What.INSTALL, household.key)
    return order


def install(world: World, household: Household, *, items: Sequence[str] = ()) -> bool:
    """
    Let the technician come; tell whether somebody did.

    Where the vendor has not got the work order yet, another day is tried.
    """
    order = Order.objects.get(pk=household.order_id)
    if order.status not in {OrderStatus.PENDING, OrderStatus.IN_PROGRESS, OrderStatus.PARTIAL}:
        return False
    vendor = world.vendor_of(household)
    work_order = vendor.work_order_of(order.work_order_request_id)
    if work_order is None:
        world.memory.plan(world.today + timedelta(days=1), What.INSTALL, household.key)
        return False
    vendor.advance(work_order["id"], "completed", items=list(items))
    monthly, tax = month_of(work_order)
    household.monthly, household.tax = str(monthly), str(tax)
    household.installed_on = world.today.isoformat()
    return True


def dispatch(world: World, household: Household) -> None:
    """Let the technician set out."""
    order = Order.objects.get(pk=household.order_id)
    work_order = world.vendor_of(household).work_order_of(order.work_order_request_id)
    if work_order and work_order["state"] in {"acknowledged", "pending"}:
        world.vendor_of(household).advance(work_order["id"], "inProgress")


def install_a_part(world: World, household: Household) -> None:
    """Let the technician install one product, and come again for the rest."""
    order = Order.objects.get(pk=household.order_id)
    if work_order := world.vendor_of(household).work_order_of(order.work_order_request_id):
        first = work_order["workOrderItem"][0]["id"]
        world.vendor_of(household).advance(work_order["id"], "completed", items=[first])


def fail(world: World, household: Household) -> None:
    """Let the technician come in vain."""
    order = Order.objects.get(pk=household.order_id)
    if work_order := world.vendor_of(household).work_order_of(order.work_order_request_id):
        world.vendor_of(household).advance(work_order["id"], "failed", reason="The duct to the house is blocked.")
        world.say(f"The technician came to {household.first_name} in vain: the duct to the house is blocked.")


def cancel(world: World, household: Household) -> None:
    """Let somebody change their mind before the technician comes."""
    try:
        services.cancel_order(household.order_id, CancelReason.CHANGED_MIND, by=None)
    except NotAllowed:
        return
    order = Order.objects.get(pk=household.order_id)
    if order.status == OrderStatus.ASSESSING_CANCELLATION:
        world.say(f"{household.first_name} wants to cancel while the technician is on the way: a person decides.")
    else:
        household.has_left = True
        world.say(f"{household.first_name} has cancelled order {household.order_number} before the technician came.")


def hold(_world: World, household: Household) -> None:
    """Let a CSR hold an order until something is clear."""
    note = "Asked whether the dog can stay in the house."
    csr = person("csr@larkspur.example")
    remind_at = now() + timedelta(days=1)
    services.hold_order(household.order_id, HoldReason.TO_CLARIFY, note=note, reminder_at=remind_at, by=csr)


def reject(_world: World, household: Household) -> None:
    """Let a CSR decide that an order is not delivered."""
    services.reject_order(
        household.order_id, note="The address lies behind a locked gate.", by=person("csr@larkspur.example")
    )
