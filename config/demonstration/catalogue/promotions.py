"""What costs less for a time, or once."""

from decimal import Decimal
from typing import Any

from catalog.states import PriceKind
from config.demonstration.catalogue.words import Described, money

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
