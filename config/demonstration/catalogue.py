"""The catalogue of the demonstration operator: plain data, and one function that enters it through the services."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from catalog.models import Campaign, Package, Product
from catalog.services import (
    GroupDescription,
    ItemDescription,
    define_campaign,
    define_charge,
    define_package,
    define_product,
    define_promotion,
    set_cost,
    set_price,
)
from catalog.settings import DEFAULT_CAMPAIGN
from catalog.states import ChargeBasis, ChargeNature, ItemRole, PriceKind
from config.demonstration.operator import FRANCHISE
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.divisions.services import set_value
from foundation.money import percent_of
from territory.states import ProductFamily as Family, Technology

SINCE = date(2026, 1, 1)
COST_PERCENT = Decimal("38.5")
"""Of a monthly price, what the product costs the operator."""
FIBRE = [Technology.FIBRE.value]
FIBRE_OR_CABLE = [Technology.FIBRE.value, Technology.HFC.value]


class Described(NamedTuple):
    """A product or package in two languages: name, then one sentence."""

    english: str
    spanish: str
    english_sentence: str = ""
    spanish_sentence: str = ""

    def texts(self) -> dict[str, Any]:
        """Return the texts as the services take them."""
        descriptions = {"en": self.english_sentence, "es": self.spanish_sentence}
        return {
            "names": Texts(en=self.english, es=self.spanish),
            "descriptions": Texts({code: text for code, text in descriptions.items() if text}),
        }


def money(amount: str) -> Decimal:
    """Read an amount."""
    return Decimal(amount)


PRODUCTS: dict[str, tuple[Described, dict[str, Any]]] = {
    "internet-50": (
        Described(
            "Internet 50",
            "Internet 50",
            "Browsing, mail and one film at a time.",
            "Navegar, correo y una película a la vez.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("34.99"),
            "down_mbps": 50,
            "up_mbps": 10,
            "minimum_down_mbps": 50,
        },
    ),
    "internet-300": (
        Described(
            "Internet 300",
            "Internet 300",
            "A household that streams on several screens.",
            "Un hogar que ve varias pantallas a la vez.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("59.99"),
            "down_mbps": 300,
            "up_mbps": 20,
            "minimum_down_mbps": 300,
            "data_allowance_gb": 1200,
        },
    ),
    "internet-gig": (
        Described(
            "Internet Gig",
            "Internet Gig",
            "Large downloads in minutes, everyone online at once.",
            "Descargas grandes en minutos, todos conectados a la vez.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("84.99"),
            "down_mbps": 1000,
            "up_mbps": 40,
            "minimum_down_mbps": 1000,
            "technologies": FIBRE_OR_CABLE,
        },
    ),
    "fiber-2-gig": (
        Described(
            "Fiber 2 Gig",
            "Fibra 2 Gig",
            "Two gigabits in both directions.",
            "Dos gigabits en ambos sentidos.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("119.99"),
            "down_mbps": 2000,
            "up_mbps": 2000,
            "minimum_down_mbps": 2000,
            "minimum_up_mbps": 2000,
            "technologies": FIBRE,
        },
    ),
    "tv-choice": (
        Described(
            "TV Choice",
            "TV Esencial",
            "125 channels with local news and sports.",
            "125 canales con noticias locales y deportes.",
        ),
        {"family": Family.VIDEO, "recurring": money("64.99"), "technologies": FIBRE_OR_CABLE},
    ),
    "tv-premier": (
        Described(
            "TV Premier",
            "TV Premier",
            "220 channels, films and every game.",
            "220 canales, películas y todos los partidos.",
        ),
        {"family": Family.VIDEO, "recurring": money("94.99"), "technologies": FIBRE_OR_CABLE},
    ),
    "home-phone": (
        Described(
            "Home Phone",
            "Teléfono fijo",
            "Unlimited calls in the United States, Canada and Mexico.",
            "Llamadas ilimitadas en Estados Unidos, Canadá y México.",
        ),
        {"family": Family.VOICE, "recurring": money("24.99")},
    ),
    "mobile-line": (
        Described(
            "Mobile line",
            "Línea móvil",
            "Unlimited calls and texts, 10 GB of data.",
            "Llamadas y mensajes ilimitados, 10 GB de datos.",
        ),
        {"family": Family.MOBILE, "recurring": money("29.99"), "one_time": money("10.00"), "data_allowance_gb": 10},
    ),
    "wifi-gateway": (
        Described(
            "Wi-Fi gateway, rented",
            "Módem con wifi, en alquiler",
            "Ours, replaced when it fails.",
            "Nuestro; lo cambiamos si falla.",
        ),
        {"family": Family.EQUIPMENT, "recurring": money("12.00")},
    ),
    "own-modem": (
        Described("Your own modem", "Su propio módem", "No rent; you look after it.", "Sin alquiler; usted lo cuida."),
        {"family": Family.EQUIPMENT, "recurring": money("0.00")},
    ),
    "tv-box": (
        Described("TV box", "Decodificador de TV", "One for each television.", "Uno para cada televisor."),
        {"family": Family.EQUIPMENT, "recurring": money("9.00")},
    ),
    "mesh-pod": (
        Described("Wi-Fi extender", "Extensor de wifi", "For far rooms.", "Para habitaciones lejanas."),
        {"family": Family.ACCESSORIES, "recurring": money("4.00"), "one_time": money("15.00")},
    ),
    "phone-battery": (
        Described(
            "Backup battery",
            "Batería de respaldo",
            "Keeps the phone working for 8 hours without power.",
            "Mantiene el teléfono 8 horas sin electricidad.",
        ),
        {"family": Family.ACCESSORIES, "one_time": money("69.00")},
    ),
    "pro-install": (
        Described(
            "Installation by a technician",
            "Instalación por un técnico",
            "We wire it, set it up and show it to you.",
            "Cableamos, configuramos y se lo explicamos.",
        ),
        {"family": Family.INSTALLATION, "one_time": money("99.00")},
    ),
    "self-install": (
        Described(
            "Self-installation kit",
            "Kit de autoinstalación",
            "By post, with a guide; help by phone.",
            "Por correo, con guía; ayuda por teléfono.",
        ),
        {"family": Family.INSTALLATION, "one_time": money("0.00")},
    ),
    "activation": (
        Described("Activation", "Activación"),
        {"family": Family.INSTALLATION, "one_time": money("20.00")},
    ),
}

FRANCHISE_PRODUCTS: dict[str, tuple[Described, dict[str, Any]]] = {
    "hollow-fiber-500": (
        Described(
            "Hollow Fiber 500",
            "Hollow Fibra 500",
            "500 megabits in both directions, from your own town.",
            "500 megabits en ambos sentidos, de su propio pueblo.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("54.00"),
            "down_mbps": 500,
            "up_mbps": 500,
            "minimum_down_mbps": 500,
            "minimum_up_mbps": 500,
            "technologies": FIBRE,
        },
    ),
    "hollow-100": (
        Described(
            "Hollow 100",
            "Hollow 100",
            "100 megabits, by radio where the fiber has not come yet.",
            "100 megabits, por radio donde la fibra aún no ha llegado.",
        ),
        {
            "family": Family.INTERNET,
            "recurring": money("44.00"),
            "down_mbps": 100,
            "up_mbps": 20,
            "minimum_down_mbps": 100,
        },
    ),
}


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

ROOT_PROMOTIONS: dict[str, tuple[Described, dict[str, Any]]] = {
    "stream-first-year": (
        Described("$15 off for 12 months", "$15 menos por 12 meses"),
        {"package": "stream", "amount": money("15.00"), "months": 12},
    ),
    "gig-first-year": (
        Described("$20 off for 12 months", "$20 menos por 12 meses"),
        {"package": "gig", "amount": money("20.00"), "months": 12},
    ),
    "double-play-first-year": (
        Described("$25 off for 12 months", "$25 menos por 12 meses"),
        {"package": "double-play", "amount": money("25.00"), "months": 12},
    ),
    "triple-play-two-years": (
        Described("$45 off for 24 months", "$45 menos por 24 meses"),
        {"package": "triple-play", "amount": money("45.00"), "months": 24},
    ),
    "triple-play-gig-two-years": (
        Described("20% off for 24 months", "20 % menos por 24 meses"),
        {"package": "triple-play-gig", "percent": Decimal(20), "months": 24},
    ),
    "half-price-installation": (
        Described("Installation at half price", "Instalación a mitad de precio"),
        {"product": "pro-install", "percent": Decimal(50), "kind": PriceKind.ONE_TIME},
    ),
}
SOUTH_PROMOTIONS: dict[str, tuple[Described, dict[str, Any]]] = {
    "triple-play-south": (
        Described("$55 off for 24 months", "$55 menos por 24 meses"),
        {"package": "triple-play", "amount": money("55.00"), "months": 24},
    ),
}
FRANCHISE_PROMOTIONS: dict[str, tuple[Described, dict[str, Any]]] = {
    "hollow-welcome": (
        Described("$10 off for 6 months", "$10 menos por 6 meses"),
        {"package": "hollow-home", "amount": money("10.00"), "months": 6},
    ),
}


class Due(NamedTuple):
    """A tax or fee: how it is reckoned, on what."""

    division: str
    code: str
    names: Texts
    nature: ChargeNature
    basis: ChargeBasis
    rate: Decimal
    family: str = ""
    kind: PriceKind = PriceKind.RECURRING


TAX, FEE = ChargeNature.TAX, ChargeNature.FEE
PERCENT, PER_LINE = ChargeBasis.PERCENT, ChargeBasis.PER_LINE
SALES_TAX = Texts(en="State sales tax", es="Impuesto estatal sobre ventas")
ONCE_TAX = Texts(en="State sales tax on what is paid once", es="Impuesto estatal sobre pagos únicos")
FRANCHISE_FEE = Texts(en="Video franchise fee", es="Tasa de franquicia de video")
CHARGES = (
    Due("larkspur", "sales-tax-equipment", SALES_TAX, TAX, PERCENT, Decimal("6.25"), Family.EQUIPMENT),
    Due("larkspur", "sales-tax-once", ONCE_TAX, TAX, PERCENT, Decimal("6.25"), "", PriceKind.ONE_TIME),
    Due("larkspur", "franchise-fee", FRANCHISE_FEE, FEE, PERCENT, Decimal(5), Family.VIDEO),
    Due(
        "larkspur",
        "broadcast-tv",
        Texts(en="Broadcast TV fee", es="Cargo por TV abierta"),
        FEE,
        PER_LINE,
        Decimal("11.50"),
        Family.VIDEO,
    ),
    Due("larkspur", "e911", Texts(en="911 fee", es="Cargo 911"), FEE, PER_LINE, Decimal("1.25"), Family.VOICE),
    Due(
        "larkspur",
        "universal-service",
        Texts(en="Universal Service Fund", es="Fondo de Servicio Universal"),
        FEE,
        PERCENT,
        Decimal("8.4"),
        Family.VOICE,
    ),
    Due("south", "sales-tax-equipment", SALES_TAX, TAX, PERCENT, Decimal("8.25"), Family.EQUIPMENT),
    Due("south", "sales-tax-once", ONCE_TAX, TAX, PERCENT, Decimal("8.25"), "", PriceKind.ONE_TIME),
    Due(FRANCHISE, "franchise-fee", FRANCHISE_FEE, FEE, PERCENT, Decimal(3), Family.VIDEO),
)
FRANCHISE_PRICES = {"internet-300": money("57.00"), "home-phone": money("19.00")}


def load_catalogue(root: Division) -> None:
    """Enter the catalogue below the operator's root division, once: what an operator changed since stays."""
    if Campaign.objects.filter(code="welcome").exists():
        return
    franchise = Division.objects.get(code=FRANCHISE)
    south = Division.objects.get(code="south")
    _load(root, PRODUCTS, PACKAGES, ROOT_PROMOTIONS)
    _load(franchise, FRANCHISE_PRODUCTS, FRANCHISE_PACKAGES, FRANCHISE_PROMOTIONS)
    _load(south, {}, {}, SOUTH_PROMOTIONS)
    for code, amount in FRANCHISE_PRICES.items():
        product = Product.objects.get(code=code)
        set_price(product.pk, division=franchise, kind=PriceKind.RECURRING, amount=amount, starts_on=SINCE, by=None)
    for due in CHARGES:
        division = Division.objects.get(code=due.division)
        described = {**due._asdict(), "division": division}
        define_charge(starts_on=SINCE, **described)
    _load_campaigns(root, franchise)


def _load(
    division: Division,
    products: dict[str, tuple[Described, dict[str, Any]]],
    packages: dict[str, tuple[Described, list[ItemDescription], list[GroupDescription]]],
    promotions: dict[str, tuple[Described, dict[str, Any]]],
) -> None:
    for code, (described, product) in products.items():
        defined = define_product(code, division=division, starts_on=SINCE, **described.texts(), **product)
        _say_cost(defined, product.get("recurring"))
    for code, (described, items, eligibility) in packages.items():
        define_package(code, division=division, items=items, eligibility=eligibility, **described.texts())
    for code, (described, promotion) in promotions.items():
        values = dict(promotion)
        if "package" in values:
            values["package"] = Package.objects.get(code=values["package"])
        if "product" in values:
            values["product"] = Product.objects.get(code=values["product"])
        names = described.texts()["names"]
        define_promotion(code, division=division, starts_on=SINCE, names=names, **values)


def _say_cost(product: Product, recurring: Decimal | None) -> None:
    """Let what is paid each month cost the operator some of it; what is paid once, nobody has said."""
    if recurring is None or product.costs.exists():
        return
    amount = percent_of(COST_PERCENT, recurring)
    kind = PriceKind.RECURRING
    set_cost(product.pk, division=product.division, kind=kind, amount=amount, starts_on=SINCE, by=None)


def _load_campaigns(root: Division, franchise: Division) -> None:
    define_campaign(
        "welcome",
        division=root,
        names=Texts(en="Welcome to Larkspur", es="Bienvenido a Larkspur"),
        starts_on=SINCE,
        customer_classes=["residential"],
        packages=PACKAGES,
    )
    define_campaign(
        "first-contact",
        division=root,
        names=Texts(en="First contact", es="Primer contacto"),
        starts_on=SINCE,
        is_dummy=True,
        priority=1,
    )
    define_campaign(
        "hollow-hello",
        division=franchise,
        names=Texts(en="Hello from Juniper Hollow", es="Saludos de Juniper Hollow"),
        starts_on=SINCE,
        priority=200,
        packages=[
            *("hollow-home", "hollow-everywhere", "stream", "stream-and-phone", "triple-play", "fiber-2-gig-home"),
        ],
    )
    set_value(root, DEFAULT_CAMPAIGN, "welcome")
    set_value(franchise, DEFAULT_CAMPAIGN, "hollow-hello")
