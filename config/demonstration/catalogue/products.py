"""What is sold, piece by piece, and at which price."""

from typing import Any

from config.demonstration.catalogue.words import Described, money
from territory.states import ProductFamily as Family, Technology

FIBRE = [Technology.FIBRE.value]
FIBRE_OR_CABLE = [Technology.FIBRE.value, Technology.HFC.value]

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
FRANCHISE_PRICES = {"internet-300": money("57.00"), "home-phone": money("19.00")}
