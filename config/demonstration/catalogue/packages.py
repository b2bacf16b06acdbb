"""What is sold together, and to whom."""

from catalog.services import GroupDescription, ItemDescription
from catalog.states import ItemRole
from config.demonstration.catalogue.words import Described
from foundation.divisions.fields import Texts


def _choice(group: str, *products: str) -> list[ItemDescription]:
    return [{"product": product, "role": ItemRole.CHOICE, "choice_group": group} for product in products]


def _add_on(product: str, most: int = 1, relies_on: str = "") -> ItemDescription:
    return {"product": product, "role": ItemRole.ADD_ON, "minimum": 0, "maximum": most, "relies_on": relies_on}


def _with_internet(internet: str, *parts: ItemDescription) -> list[ItemDescription]:
    """Return a package around an internet product: it comes first, all else can rely on it."""
    modem, installation = (
        _choice("modem", "wifi-gateway", "own-modem"),
        _choice("installation", "pro-install", "self-install"),
    )
    end: list[ItemDescription] = [
        {"product": "activation"},
        _add_on("mesh-pod", 4, internet),
        _add_on("mobile-line", 5),
    ]
    return [{"product": internet}, *parts, *modem, *installation, *end]


def _tv(internet: str, *products: str) -> list[ItemDescription]:
    line_up: list[ItemDescription] = _choice("tv", *products) if len(products) > 1 else [{"product": products[0]}]
    for item in line_up:
        item["relies_on"] = internet
    return [*line_up, _add_on("tv-box", 6)]


def _phone(internet: str) -> list[ItemDescription]:
    return [{"product": "home-phone", "relies_on": internet}, _add_on("phone-battery", 2, "home-phone")]


NEW_CUSTOMERS: GroupDescription = {
    "name": "New customers",
    "refusals": Texts(
        en="For new customers; this address has service already.",
        es="Para clientes nuevos; esta dirección ya tiene servicio.",
    ),
    "remedies": Texts(en="Call us to change the service you have.", es="Llámenos para cambiar el servicio que tiene."),
    "criteria": [{"fact": "has_active_service", "comparison": "=", "values": ["false"]}],
}

PACKAGES: dict[str, tuple[Described, list[ItemDescription], list[GroupDescription]]] = {
    "connect": (
        Described(
            "Connect",
            "Conecta",
            "Internet for every address that we reach.",
            "Internet para toda dirección a la que llegamos.",
        ),
        _with_internet("internet-50"),
        [],
    ),
    "stream": (
        Described("Stream", "Stream", "Fast internet for the whole household.", "Internet rápido para todo el hogar."),
        _with_internet("internet-300"),
        [],
    ),
    "gig": (
        Described("Gig", "Gig", "A thousand megabits for work and play.", "Mil megabits para trabajar y jugar."),
        _with_internet("internet-gig"),
        [],
    ),
    "fiber-2-gig-home": (
        Described(
            "Fiber 2 Gig Home",
            "Hogar Fibra 2 Gig",
            "The fastest that we have, the same up as down.",
            "Lo más rápido que tenemos, igual de subida que de bajada.",
        ),
        _with_internet("fiber-2-gig"),
        [],
    ),
    "stream-and-phone": (
        Described(
            "Stream and Phone",
            "Stream y teléfono",
            "Fast internet with a home phone.",
            "Internet rápido con teléfono fijo.",
        ),
        _with_internet("internet-300", *_phone("internet-300")),
        [],
    ),
    "double-play": (
        Described(
            "Double Play",
            "Doble Play",
            "Internet and television on one bill.",
            "Internet y televisión en una sola factura.",
        ),
        _with_internet("internet-300", *_tv("internet-300", "tv-choice", "tv-premier")),
        [],
    ),
    "triple-play": (
        Described(
            "Triple Play",
            "Triple Play",
            "Internet, television and a home phone, at a price for two years.",
            "Internet, televisión y teléfono fijo, con precio por dos años.",
        ),
        _with_internet("internet-300", *_tv("internet-300", "tv-choice", "tv-premier"), *_phone("internet-300")),
        [NEW_CUSTOMERS],
    ),
    "triple-play-gig": (
        Described(
            "Triple Play Gig",
            "Triple Play Gig",
            "A gigabit, every channel and a home phone.",
            "Un gigabit, todos los canales y teléfono fijo.",
        ),
        _with_internet("internet-gig", *_tv("internet-gig", "tv-premier"), *_phone("internet-gig")),
        [NEW_CUSTOMERS],
    ),
}

FRANCHISE_PACKAGES: dict[str, tuple[Described, list[ItemDescription], list[GroupDescription]]] = {
    "hollow-home": (
        Described(
            "Hollow Home",
            "Hogar Hollow",
            "Fiber from Juniper Hollow, for Juniper Hollow.",
            "Fibra de Juniper Hollow, para Juniper Hollow.",
        ),
        _with_internet("hollow-fiber-500"),
        [],
    ),
    "hollow-everywhere": (
        Described(
            "Hollow Everywhere",
            "Hollow en todas partes",
            "Internet and a home phone for every address that we reach.",
            "Internet y teléfono fijo para toda dirección a la que llegamos.",
        ),
        _with_internet("hollow-100", *_phone("hollow-100")),
        [],
    ),
}
