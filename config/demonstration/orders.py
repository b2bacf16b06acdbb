"""The demonstration's appointment slots, terms, partner and first orders, all by way of the services."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from accounts.models import ContactDetails, Partner
from catalog.queries import offers_for
from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.queries import one_configuration_version, site_of
from foundation.divisions.services import set_value
from foundation.now import now, today
from foundation.people.models import User
from orders import services
from orders.models import Order, TermsVersion
from orders.queries import current_terms, needs_appointment, open_slots, shown_mark
from orders.settings import NO_VISIT_PRODUCTS
from orders.states import CancelReason, Channel, HoldReason
from territory.models import Premises, Qualification
from territory.services import qualify
from territory.states import ORDERABLE

WEEKS = 6
WINDOWS = ((time(8), time(10)), (time(10), time(12)), (time(13), time(15)), (time(15), time(17)))
CAPACITY = 4
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
TRIED = 60
"""Addresses of a market that are tried for one that can be served."""

TERMS = Texts(
    en=(
        "These are the terms of {name}, a company made up for this demonstration.\n\n"
        "1. We bring the services that you ordered to the address that you gave, on the day that you chose.\n\n"
        "2. You pay what your order says each month, with taxes and fees, within 20 days of the bill.\n\n"
        "3. A promotion lasts as many months as your order says. After that you pay the price named beside it.\n\n"
        "4. You may end a service with 30 days' notice. Equipment that is ours comes back to us.\n\n"
        "5. If we miss an appointment, tell us, and we take its cost off your bill."
    ),
    es=(
        "Estas son las condiciones de {name}, una empresa inventada para esta demostración.\n\n"
        "1. Llevamos los servicios que usted pidió a la dirección que indicó, el día que eligió.\n\n"
        "2. Usted paga cada mes lo que dice su pedido, con impuestos y cargos, en los 20 días siguientes a la factura.\n\n"
        "3. Una promoción dura los meses que dice su pedido. Después se paga el precio indicado a su lado.\n\n"
        "4. Usted puede terminar un servicio con 30 días de aviso. El equipo que es nuestro vuelve a nosotros.\n\n"
        "5. Si faltamos a una cita, avísenos y descontamos su costo de la factura."
    ),
)


class Buyer(NamedTuple):
    """Somebody who ordered, or began to."""

    name: str
    email: str
    phone: str
    division: str
    outcome: str
    """What has become of it: `cart`, `submitted`, `held` or `cancelled`."""


BUYERS = (
    Buyer("Casey Customer", "customer@larkspur.example", "202-555-0101", "north-valley", "submitted"),
    Buyer("Riley Reyes", "riley.reyes@people.example", "202-555-0102", "riverbend", "submitted"),
    Buyer("Morgan Okafor", "morgan.okafor@people.example", "202-555-0103", "magnolia", "held"),
    Buyer("Jules Lindqvist", "jules.lindqvist@people.example", "202-555-0104", "mesa", "cancelled"),
    Buyer("Devon Achterberg", "devon.achterberg@people.example", "202-555-0105", "riverbend", "cart"),
    Buyer("Noor Castellanos", "noor.castellanos@people.example", "202-555-0106", FRANCHISE, "submitted"),
)


def load_orders() -> None:
    """Make slots for the coming weeks, terms, a partner, and some orders, where they are missing."""
    root = Division.objects.get(code="larkspur")
    set_value(root, NO_VISIT_PRODUCTS, ["self-install"])
    _publish_terms(root, "Larkspur Cable")
    _publish_terms(Division.objects.get(code=FRANCHISE), "Juniper Hollow Fiber")
    _make_partner(root)
    make_coming_slots()
    for number, buyer in enumerate(BUYERS, start=1):
        _order(f"demonstration-{number}", buyer, position=number)


def make_coming_slots() -> int:
    """Make the slots of the coming weeks in every market without another one below it; return how many are new."""
    with one_configuration_version():
        return sum(
            services.make_slots(
                market,
                first=today(market),
                last=today(market) + timedelta(weeks=WEEKS),
                windows=WINDOWS,
                capacity=CAPACITY,
            )
            for market in Division.objects.filter(children=None)
        )


def _publish_terms(division: Division, name: str) -> None:
    TermsVersion.objects.get_or_create(
        division=division,
        version="2026-01",
        defaults={
            "titles": Texts(en="Terms of service", es="Condiciones del servicio"),
            "texts": Texts({language: text.format(name=name) for language, text in TERMS.items()}),
            "published_at": SINCE,
        },
    )


def _make_partner(root: Division) -> None:
    user = User.objects.filter(email="partner@larkspur.example").first()
    values = {"name": "Corner Store Telecom", "division": root, "user": user, "active_from": SINCE.date()}
    Partner.objects.get_or_create(code="corner-store", defaults=values)


def _order(key: str, buyer: Buyer, *, position: int) -> None:
    if Order.objects.filter(contact__email=buyer.email).exists():  # a cart's key is kept as a digest
        return
    division = Division.objects.get(code=buyer.division)
    checked = _address(division)
    if checked is None:
        return
    details = ContactDetails.typed(name=buyer.name, email=buyer.email, phone=buyer.phone)
    by = User.objects.filter(email=buyer.email).first()
    order = fill_cart(key, checked, details, position=position, by=by)
    if buyer.outcome != "cart":
        submit_cart(order, key)
        _go_on(order, buyer)


def fill_cart(key: str, checked: Qualification, details: ContactDetails, *, position: int, by: User | None) -> Order:
    """
    Choose one of the packages that an address can have, and say who orders.

    :param position: which of them, counted round
    :raises LookupError: if the market has no site
    """
    site = site_of(checked.division)
    if site is None:
        raise LookupError(f"{checked.division} has no site.")
    order = services.start_order(
        checked.pk, division=site.division, site_code=site.code, channel=Channel.WEB, language="en", key=key, by=by
    )
    offered = offers_for(checked, division=order.division, on=today(order.division)).offered
    services.choose_package(order.pk, offered[position % len(offered)].package.code)
    return services.identify(order.pk, details)


def _address(division: Division) -> Qualification | None:
    """Check addresses of a market until one can have a package."""
    used = Order.objects.values("premises")
    for premises in Premises.objects.filter(division=division).exclude(pk__in=used).order_by("pk")[:TRIED]:
        checked = qualify(typed=premises.label, premises_id=premises.pk, division=division, channel=Channel.WEB)
        orderable = checked.outcome in ORDERABLE
        if orderable and offers_for(checked, division=division, on=today(division)).offered:
            return checked
    return None


def submit_cart(order: Order, key: str) -> None:
    """Choose the first appointment where one is needed, agree to the terms, and order."""
    if needs_appointment(order):
        services.hold_slot(order.pk, open_slots(order.division)[0].pk)
    if terms := current_terms(order.division):
        evidence = {"address": "192.0.2.1"}
        order = services.accept_terms(order.pk, terms.pk, shown=order.content_digest, evidence=evidence, by=None)
        services.submit_order(order.pk, idempotency_key=key, shown=shown_mark(order), by=order.user)


def _go_on(order: Order, buyer: Buyer) -> None:
    if buyer.outcome == "cancelled":
        services.cancel_order(order.pk, CancelReason.CHANGED_MIND, by=None)
    elif buyer.outcome == "held":
        csr = User.objects.get(email="csr@larkspur.example")
        note = "Asked whether the dog can stay in the house."
        reminder_at = now() + timedelta(days=1)
        services.hold_order(order.pk, HoldReason.TO_CLARIFY, note=note, reminder_at=reminder_at, by=csr)
