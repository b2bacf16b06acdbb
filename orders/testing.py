"""Make markets that sell, and orders in any state, by way of the services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import count

from accounts.models import ContactDetails, Partner
from accounts.testing import make_details
from billing.testing import make_billing_system
from catalog.states import ItemRole, PriceKind
from catalog.testing import make_campaign, make_charge, make_package, make_product, make_promotion
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division, Site
from foundation.divisions.testing import make_division, make_site
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders import services
from orders.models import AppointmentSlot, Order, TermsVersion
from orders.queries import agreement_proof, current_terms, lines_of, open_slots, shown_mark
from orders.states import CancelReason, Channel, HoldReason, LineStatus, OrderStatus
from territory.models import Premises
from territory.states import ProductFamily
from territory.testing import make_qualification

_numbers = count(1)


@dataclass(frozen=True)
class Market:
    """A division with all that an order needs: a site, a billing system, one package, terms and slots."""

    division: Division
    site: Site
    package: str
    """The code of a package of Internet, TV that relies on it, phone, and an installation."""
    add_on: str
    """The code of a product that can be added up to three times."""


def make_market(division: Division | None = None, *, base_url: str = "http://127.0.0.1:9", capacity: int = 5) -> Market:
    """
    Make a market that sells one triple play, with a promotion, a tax and a fee.

    :param base_url: where its billing system is; by default nobody listens there
    :param capacity: of each of its slots, which begin tomorrow
    """
    number = next(_numbers)
    division = division or make_division()
    site = make_site(division, code=f"market-{number}", host=f"market-{number}.example")
    make_billing_system(division, base_url=base_url)
    codes = {part: f"{part}-{number}" for part in ("internet", "tv", "phone", "installation", "modem")}
    make_product(division, codes["internet"], recurring="60.00")
    make_product(division, codes["tv"], family=ProductFamily.VIDEO, recurring="45.50")
    make_product(division, codes["phone"], family=ProductFamily.VOICE, recurring="20.00")
    make_product(division, codes["installation"], family=ProductFamily.INSTALLATION, recurring=None, one_time="75.00")
    make_product(division, codes["modem"], family=ProductFamily.EQUIPMENT, recurring="10.00")
    package = make_package(
        division,
        f"triple-{number}",
        items=[
            {"product": codes["internet"]},
            {"product": codes["tv"], "relies_on": codes["internet"]},
            {"product": codes["phone"]},
            {"product": codes["installation"]},
            {"product": codes["modem"], "role": ItemRole.ADD_ON, "minimum": 0, "maximum": 3},
        ],
    )
    make_campaign(division, f"campaign-{number}", packages=[package.code])
    make_promotion(division, f"promotion-{number}", package=package)
    make_charge(division, f"tax-{number}", rate="6.25")
    make_charge(division, f"fee-{number}", rate="10", kind=PriceKind.ONE_TIME)
    make_terms(division)
    make_slots(division, capacity=capacity)
    return Market(division, site, package.code, codes["modem"])


def make_terms(division: Division, version: str = "") -> TermsVersion:
    """Publish terms."""
    return TermsVersion.objects.create(
        division=division,
        version=version or f"version-{next(_numbers)}",
        titles=Texts(en="Terms of service", es="Condiciones del servicio"),
        texts=Texts(en="You pay, we serve.", es="Usted paga, nosotros servimos."),
    )


def make_slots(division: Division, *, days: int = 14, capacity: int = 5) -> list[AppointmentSlot]:
    """Make slots in the morning and the afternoon of the days from tomorrow on, and return what is open."""
    windows = [(time(8), time(10)), (time(13), time(15))]
    first = today(division) + timedelta(days=1)
    last = first + timedelta(days=days - 1)
    services.make_slots(division, first=first, last=last, windows=windows, capacity=capacity)
    return open_slots(division)


def make_cart(
    market: Market | None = None,
    *,
    premises: Premises | None = None,
    by: User | None = None,
    sold_for: Partner | None = None,
) -> Order:
    """Make a cart in which nothing is yet but the address."""
    market = market or make_market()
    qualification = make_qualification(market.division, premises=premises)
    return services.start_order(
        qualification.pk,
        division=market.division,
        site_code=market.site.code,
        channel=Channel.WEB,
        language="en",
        key=f"start-{next(_numbers)}",
        by=by,
        sold_for=sold_for,
    )


def make_draft(
    market: Market | None = None,
    *,
    details: ContactDetails | None = None,
    slot: AppointmentSlot | None = None,
    modems: int = 0,
    premises: Premises | None = None,
    by: User | None = None,
    sold_for: Partner | None = None,
) -> Order:
    """Make a cart that lacks nothing but being submitted."""
    market = market or make_market()
    order = make_cart(market, premises=premises, by=by, sold_for=sold_for)
    return agree(fill_in(order, market, details=details, slot=slot, modems=modems))


def fill_in(
    order: Order,
    market: Market,
    *,
    details: ContactDetails | None = None,
    slot: AppointmentSlot | None = None,
    modems: int = 0,
) -> Order:
    """Answer every question of a cart but the one for the terms."""
    services.choose_package(order.pk, market.package)
    if modems:
        services.choose_options(order.pk, choices={}, add_ons={market.add_on: modems})
    services.identify(order.pk, details or make_details(), note="Ring twice.")
    services.hold_slot(order.pk, (slot or open_slots(market.division)[0]).pk)
    return Order.objects.get(pk=order.pk)


def agree(order: Order, *, by: User | None = None) -> Order:
    """Agree to the terms for what a cart holds now, by default as a visitor; to what is sold, by the customer's link."""
    order = Order.objects.get(pk=order.pk)
    terms = current_terms(order.division)
    assert terms is not None
    shown, evidence = order.content_digest, {"address": "192.0.2.1"}
    proof = agreement_proof(order) if order.sold_by_id else ""
    services.accept_terms(order.pk, terms.pk, shown=shown, evidence=evidence, by=by, proof=proof)
    return Order.objects.get(pk=order.pk)


def submit(order: Order, *, key: str = "", by: User | None = None) -> Order:
    """Submit a cart as it shows itself."""
    key = key or f"submit-{order.pk}"
    return services.submit_order(order.pk, idempotency_key=key, shown=shown_mark(order), by=by)


def make_order(
    status: OrderStatus = OrderStatus.ACKNOWLEDGED,
    market: Market | None = None,
    *,
    details: ContactDetails | None = None,
    premises: Premises | None = None,
    by: User | None = None,
    sold_for: Partner | None = None,
) -> Order:
    """Make an order and bring it to a status, without any billing system's help."""
    order = make_draft(market, details=details, premises=premises, by=by, sold_for=sold_for)
    return bring_to(order, status)


def bring_to(order: Order, status: OrderStatus) -> Order:
    """Submit a cart that lacks nothing, and bring the order to a status, without any billing system's help."""
    if status != OrderStatus.DRAFT:
        order = submit(order)
        _WAYS[status](order)
    return Order.objects.get(pk=order.pk)


def fail_the_rest(order: Order, *, reason: str = "No wire.") -> Order:
    """Let the billing system report that what does not work of an order could not be installed."""
    lines = [line.line_id for line in lines_of(order) if line.status != LineStatus.COMPLETED]
    return services.record_failure(order.work_order_request_id, lines=lines, reason=reason)


def make_worker(order: Order) -> User:
    """Make a CSR of an order's division."""
    return make_person(Role.CSR, order.division)


def _acknowledged(order: Order) -> None:
    """Nothing more is to be done."""
    assert order.status == OrderStatus.ACKNOWLEDGED


def _held(order: Order) -> None:
    by = make_worker(order)
    services.hold_order(order.pk, HoldReason.TO_CLARIFY, note="A dog in the yard?", reminder_at=now(), by=by)


def _rejected(order: Order) -> None:
    services.reject_order(order.pk, note="Outside our territory.", by=make_worker(order))


def _pending(order: Order) -> None:
    services.check_order(order.pk)
    services.request_work_order(order.pk, by=None)


def _in_progress(order: Order) -> None:
    _pending(order)
    services.record_work_order_confirmed(order.work_order_request_id, work_order_id=f"WO-{order.pk}")


def _partial(order: Order) -> None:
    _in_progress(order)
    _install(order, lines=1)


def _completed(order: Order) -> None:
    _in_progress(order)
    _install(order, lines=None)


def _install(order: Order, *, lines: int | None) -> None:
    ready = [line.line_id for line in lines_of(order)][:lines]
    services.record_install(order.work_order_request_id, lines=ready, installed_on=today(order.division))


def _failed(order: Order) -> None:
    _in_progress(order)
    every = [line.line_id for line in lines_of(order)]
    services.record_failure(order.work_order_request_id, lines=every, reason="Nobody at home.")


def _assessing_cancellation(order: Order) -> None:
    _in_progress(order)
    services.record_dispatch(order.work_order_request_id)
    services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)


def _pending_cancellation(order: Order) -> None:
    _in_progress(order)
    services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)


def _cancelled(order: Order) -> None:
    services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)


_WAYS: dict[OrderStatus, Callable[[Order], None]] = {
    OrderStatus.ACKNOWLEDGED: _acknowledged,
    OrderStatus.HELD: _held,
    OrderStatus.REJECTED: _rejected,
    OrderStatus.PENDING: _pending,
    OrderStatus.IN_PROGRESS: _in_progress,
    OrderStatus.PARTIAL: _partial,
    OrderStatus.COMPLETED: _completed,
    OrderStatus.FAILED: _failed,
    OrderStatus.ASSESSING_CANCELLATION: _assessing_cancellation,
    OrderStatus.PENDING_CANCELLATION: _pending_cancellation,
    OrderStatus.CANCELLED: _cancelled,
}
