"""Made-up values for the style guide: every component at work, without a row in the database."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from catalog.queries import Catalogue, ListedCharge, ListedItem, ListedPackage, ListedProduct, ListedPromotion
from catalog.queries.pricing import default_selection, price
from catalog.states import ChargeBasis, ChargeNature, ItemRole, PriceKind
from foundation.divisions.fields import Texts
from interfaces.storefront.callers import Caller
from interfaces.storefront.shop import Card, Summary, card_of
from territory.states import ProductFamily


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Full name"))
    email = forms.EmailField(label=_("E-mail"), help_text=_("The confirmation goes there."))
    language = forms.ChoiceField(label=_("Language"), choices=[("en", "English"), ("es", "Español")])
    agree = forms.BooleanField(label=_("Tell me about new services by e-mail"), required=False)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


def _product(code: str, family: ProductFamily, name: str, detail: str, recurring: str, **more: Any) -> ListedProduct:
    prices = {PriceKind.RECURRING: Decimal(recurring)}
    if "once" in more:
        prices[PriceKind.ONE_TIME] = Decimal(more["once"])
    return ListedProduct(code=code, family=family, names=Texts(en=name), descriptions=Texts(en=detail), prices=prices)


def _catalogue() -> Catalogue:
    internet = _product("net-500", ProductFamily.INTERNET, "Internet 500", "500 Mbps down, 100 up, no cap", "64.99")
    gigabit = _product("net-1000", ProductFamily.INTERNET, "Internet 1 Gig", "1 Gbps both ways, no cap", "84.99")
    video = _product("tv-140", ProductFamily.VIDEO, "TV Choice", "140 channels and a cloud recorder", "59.99")
    voice = _product("voice", ProductFamily.VOICE, "Home Phone", "Unlimited calls in the US and Canada", "14.99")
    gateway = _product("gateway", ProductFamily.EQUIPMENT, "Wi-Fi gateway", "", "12.00", once="49.00")
    packages = {
        "net": _package("net", "Internet 500", "Fast enough for a house full of people.", internet, gateway),
        "double": _package("double", "Internet and TV", "The two that most homes want.", internet, video, gateway),
        "triple": _package("triple", "Triple Play 1 Gig", "All three, in one bill.", gigabit, video, voice, gateway),
    }
    taxes = (
        ListedCharge(
            code="tax", names=Texts(en="State and local taxes"), nature=ChargeNature.TAX, basis=ChargeBasis.PERCENT,
            rate=Decimal("6.5"), kind=PriceKind.RECURRING,
        ),
        ListedCharge(
            code="fee", names=Texts(en="Regulatory fee"), nature=ChargeNature.FEE, basis=ChargeBasis.PER_ORDER,
            rate=Decimal("1.99"), kind=PriceKind.RECURRING,
        ),
    )  # fmt: skip
    return Catalogue(currency="USD", packages=packages, charges=taxes)


def _package(code: str, name: str, text: str, *products: ListedProduct) -> ListedPackage:
    items = tuple(ListedItem(product=product, role=ItemRole.INCLUDED) for product in products)
    off = ListedPromotion(
        code="welcome", names=Texts(en="Welcome"), kind=PriceKind.RECURRING, amount=Decimal(20), months=12
    )
    promotions = {PriceKind.RECURRING: off} if len(products) > 2 else {}
    return ListedPackage(
        code=code, names=Texts(en=name), descriptions=Texts(en=text), items=items, promotions=promotions
    )


def sample_cards() -> tuple[Card, ...]:
    """Return three packages."""
    catalogue = _catalogue()
    return tuple(
        card_of(package, price(default_selection(package), catalogue)) for package in catalogue.packages.values()
    )


def sample_summary() -> Summary:
    """Return an order with a package and a visit."""
    return Summary("123 Main St Apt 4, Springfield, IL 62701", sample_cards()[2].quote, "Tue, Jun 9, 8–10 a.m. EDT")


def sample_table() -> Page[Any]:
    """Return the second page of a table."""
    rows = [
        SimpleNamespace(number=1_000_000 + number, name=f"Jo Sample {number}", total=Decimal("139.98") + number)
        for number in range(60)
    ]
    return Paginator(rows, 5).page(2)


def sample_clocks() -> list[SimpleNamespace]:
    """Return how the promises of a ticket may stand: running, soon due, broken, stopped."""
    due = datetime(2026, 6, 9, 17, tzinfo=UTC)

    def face(kind: str, percent: int, words: str, *, is_stopped: bool = False) -> SimpleNamespace:
        clock = SimpleNamespace(get_kind_display=kind, due_at=due, policy=_("Homes"), calendar=_("Working days"))
        return SimpleNamespace(
            clock=clock, percent=min(percent, 100), in_words=words, is_breached=percent > 100,  # all of it
            is_stopped=is_stopped, is_running=not is_stopped,
        )  # fmt: skip

    return [
        face(_("First answer"), 40, _("3 h left")),
        face(_("Next answer"), 80, _("30 min left")),
        face(_("Solved"), 120, _("2 h late")),
        face(_("On site"), 55, _("kept"), is_stopped=True),
    ]


def samples() -> dict[str, Any]:
    """Return a value for every component of the style guide."""
    return {
        "cards": sample_cards(),
        "summary": sample_summary(),
        "form": SampleForm({"name": "", "email": "jo@"}),
        "steps": [
            {"label": _("Package"), "state": "done", "href": "#steps"},
            {"label": _("Options"), "state": "done", "href": "#steps"},
            {"label": _("Your details"), "state": "current"},
            {"label": _("Appointment"), "state": "ahead"},
            {"label": _("Terms"), "state": "ahead"},
            {"label": _("Review"), "state": "ahead"},
        ],
        "reasons": [
            {"sentence": _("Needs Fiber; this address has Cable up to 300 Mbps."), "remedy": ""},
            {"sentence": _("TV is planned here from March 1."), "remedy": _("Leave an address and we tell you.")},
        ],
        "days": [
            {"weekday": _("Tuesday"), "label": "June 9", "zone": "EDT", "slots": [
                {"id": 1, "label": "8–10 a.m.", "is_full": False, "left": 3},
                {"id": 2, "label": "10 a.m.–12 p.m.", "is_full": False, "left": 1},
                {"id": 3, "label": "1–3 p.m.", "is_full": True, "left": 0},
            ]},
            {"weekday": _("Wednesday"), "label": "June 10", "zone": "EDT", "slots": [
                {"id": 4, "label": "8–10 a.m.", "is_full": False, "left": 2},
            ]},
        ],
        "timeline": [
            {"label": _("Order received"), "state": "done", "at": datetime(2026, 6, 2, 9, 30, tzinfo=UTC)},
            {"label": _("Installer booked"), "state": "current", "detail": _("Tuesday, June 9, 8–10 a.m. EDT")},
            {"label": _("Services ready"), "state": "ahead"},
        ],
        "columns": [
            {"label": _("Order"), "sort": "number"},
            {"label": _("Customer"), "sort": "name"},
            {"label": _("Each month"), "sort": "total", "is_number": True},
        ],
        "chips": [
            {"label": _("Open"), "href": "#table", "is_on": True, "count": 42},
            {"label": _("On hold"), "href": "#table", "is_on": False, "count": 3},
        ],
        "actions": [{"value": "assign", "label": _("Assign")}, {"value": "export", "label": _("Export")}],
        "page": sample_table(),
        "clocks": sample_clocks(),
        "pauses": [{
            "reason": _("Waits for the customer"), "begun_at": datetime(2026, 6, 8, 9, tzinfo=UTC), "ended_at": None,
            "by": "Casey",
        }],
        "ticket": {"division": SimpleNamespace(zone=ZoneInfo("America/New_York"))},
        "figures": [
            {"label": _("On hold"), "count": 3, "url": "#figures", "tone": "careful", "is_nothing": False},
            {"label": _("Installation failed"), "count": 1, "url": "#figures", "tone": "bad", "is_nothing": False},
            {"label": _("New leads"), "count": 0, "url": "#figures", "tone": "brand", "is_nothing": True},
        ],
        "dispute": {
            "is_open": False, "is_waiting": False, "amount": Decimal("10.00"), "answer": _("You were right: a month was missing."),
            "answered_at": datetime(2026, 6, 9, tzinfo=UTC), "words": _("My friend has paid three bills, not two."),
            "raised_at": datetime(2026, 6, 2, tzinfo=UTC),
            "division": SimpleNamespace(zone=ZoneInfo("America/New_York")),
        },
        "caller": Caller(
            name=_("Jo Sample"), phone="+15555550123", address="123 Main St Apt 4, Springfield, IL 62701",
            desk_url="#caller",
        ),
        "facts": [(_("Account"), "20001234"), (_("Customer since"), "2024"), (_("Phone"), "(555) 555-0123")],
        "job": {"done": 640_000, "total": 1_000_000, "errors": 12},
    }  # fmt: skip
