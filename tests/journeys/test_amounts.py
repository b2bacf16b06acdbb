"""
Two hundred random carts, ordered page by page: one recount for page, e-mail, PDF and work order.

A PDF takes about a second to make. Every tenth cart has one, unless AMOUNTS_PDFS=all. AMOUNTS_SEED makes other carts.
"""

import html
import io
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from pypdf import PdfReader

from billing.models import BillingSystem
from billing.settings import BILLING_SYSTEM
from catalog.models import Package, Price, Product, Promotion
from catalog.services import set_price
from catalog.testing import make_charge, make_promotion
from config.demonstration.catalogue import load_catalogue
from config.demonstration.operator import load_markets, load_sites
from foundation.correspondence.models import Document
from foundation.correspondence.services import PdfUnavailableError
from foundation.divisions.models import Division
from foundation.divisions.queries import site_of
from foundation.divisions.services import set_value
from foundation.events.testing import drain
from foundation.now import today
from orders.models import Order
from orders.queries import open_slots
from orders.services import letters
from orders.settings import NO_VISIT_PRODUCTS
from orders.testing import make_slots, make_terms
from territory.testing import make_available, make_premises
from tests.journeys.recount import Line, Recount, recount
from tests.sandbox.process import Sandbox

MARKETS = ("riverbend", "juniper-hollow", "magnolia", "mesa", "north-valley")
CARTS = 40
"""In each market: two hundred in all."""
EVERY = 1 if os.environ.get("AMOUNTS_PDFS") == "all" else 10
"""Of how many carts one has its PDF made and read."""
SEED = int(os.environ.get("AMOUNTS_SEED", "2026"))
AMOUNT = re.compile(r"\$[\d,]+\.\d\d")
HIDDEN = re.compile(r'type="hidden" name="([^"]+)" value="([^"]*)"')
RADIO = re.compile(r'type="radio" name="choice-([^"]+)" value="([^"]+)"')
SEVERAL = re.compile(r'type="number"[^>]* name="addon-([^"]+)" min="0" max="(\d+)"')
ONE = re.compile(r'type="checkbox" name="addon-([^"]+)" value="1"')


@dataclass(frozen=True)
class Cart:
    """What a visitor chose, and the pages that said what it costs."""

    order: Order
    package: str
    chosen: dict[str, str]
    added: dict[str, int]
    review: str
    confirmation: str


class Visitor:
    """Somebody who answers each page by chance."""

    def __init__(self, division: Division, chance: random.Random, number: int) -> None:
        self.division, self.chance, self.number = division, chance, number
        self.site = site_of(division)
        self.language = chance.choice(["en", "es"])
        self.http = Client(headers={"accept-language": self.language})

    def order(self) -> Cart:
        """Go from the address to the confirmation."""
        premises = make_premises(self.division)
        make_available(premises, down_mbps=2000, up_mbps=2000)
        typed = {"address": premises.label, "premises_id": premises.pk}
        outcome = self.http.post(f"{self.site.path_prefix}/check/", typed)["Location"]
        page = self.read(outcome)
        package = self.chance.choice(re.findall(r'name="package" value="([^"]+)"', page))
        question = self.send(f"{outcome}order/", page, {"package": package})
        page = self.read(question)
        chosen, added = self.choices(page), self.additions(page)
        answer = {f"choice-{name}": value for name, value in chosen.items()}
        question = self.send(question, page, answer | {f"addon-{name}": value for name, value in added.items()})
        while not question.endswith("/review/"):
            question = self.send(question, self.read(question), self.answer(question))
        review = self.read(question)
        confirmation = self.read(self.send(question, review, {}))
        token = re.search(r"/order/([^/]+)/", question)[1]
        return Cart(Order.objects.get(token=token), package, chosen, added, review, confirmation)

    def read(self, address: str) -> str:
        response = self.http.get(address)
        assert response.status_code == 200, (address, response.status_code, response.get("Location"))
        return response.content.decode()

    def send(self, address: str, page: str, answer: dict[str, Any]) -> str:
        begin = page.index("<main")
        response = self.http.post(address, {**dict(HIDDEN.findall(page, begin, page.index("</main>"))), **answer})
        assert response.status_code == 302, response.content.decode()
        return response["Location"]

    def choices(self, page: str) -> dict[str, str]:
        groups: dict[str, list[str]] = {}
        for group, value in RADIO.findall(page):
            groups.setdefault(group, []).append(value)
        return {group: self.chance.choice(values) for group, values in groups.items()}

    def additions(self, page: str) -> dict[str, int]:
        most = {name: int(number) for name, number in SEVERAL.findall(page)} | dict.fromkeys(ONE.findall(page), 1)
        wanted = {name: self.chance.choice([0, self.chance.randint(1, number)]) for name, number in most.items()}
        return {name: quantity for name, quantity in wanted.items() if quantity}

    def answer(self, question: str) -> dict[str, Any]:
        return {
            "details": {"name": "Jo", "email": f"jo-{self.number}@people.example", "phone": "602 555 0123"},
            "appointment": {"slot": open_slots(self.division)[0].pk},
            "terms": {"agree": "on"},
        }[question.rstrip("/").rsplit("/", 1)[1]]


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("vendor"))
    yield sandbox
    sandbox.end()


@pytest.fixture
def shop(db: None, vendor: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Division:
    """The demonstration's catalogue in its markets, with a vendor in a process of its own; returns the root."""
    settings.ALLOWED_HOSTS, settings.THROTTLE_FACTOR = ["*"], 1_000_000
    root = load_markets()
    load_sites()
    load_catalogue(root)
    make_terms(root)
    set_value(root, NO_VISIT_PRODUCTS, ["self-install"])
    BillingSystem.objects.create(code="vendor", name="Vendor", division=root, adapter="tmf", base_url=vendor.url)
    set_value(root, BILLING_SYSTEM, "vendor")
    monkeypatch.setenv("BILLING_VENDOR_URL", vendor.url)
    monkeypatch.setenv("BILLING_VENDOR_TOKEN", vendor.token)
    codes = Product.objects.values_list("code", flat=True)
    vendor.call("PUT", "/products", json=[{"id": code, "name": code} for code in codes])
    return root


def stir(division: Division, chance: random.Random) -> None:
    """Give a market prices, promotions, a tax and a fee of its own that nobody would choose."""
    on_sale = Price.objects.filter(division__in=division.lineage).order_by("product__code", "kind")
    for product, kind in on_sale.values_list("product", "kind").distinct():
        if chance.random() < 0.7:
            amount = chance.choice([Decimal("0.00"), Decimal(chance.randint(1, 30_000)) / 100])
            set_price(product, division=division, kind=kind, amount=amount, starts_on=today(division), by=None)
    for target, model in (("package", Package), ("product", Product)):
        for row in model.objects.filter(division__in=division.lineage).order_by("code"):
            if chance.random() < 0.5:
                kind = chance.choice(["recurring", "one_time"])
                Promotion.objects.filter(division=division, kind=kind, **{target: row}).delete()
                by_percent = {"percent": Decimal(chance.randint(1, 10_000)) / 100}
                less = chance.choice([by_percent, {"amount": Decimal(chance.randint(1, 9_000)) / 100}])
                months = {"months": chance.randint(1, 24)} if kind == "recurring" else {}
                make_promotion(division, kind=kind, **{target: row}, **less, **months)
    for kind in ("recurring", "one_time"):
        rate = str(Decimal(chance.randint(1, 99_999)) / 10_000)
        make_charge(division, f"local-{kind.replace('_', '-')}-{division.code}", rate=rate, kind=kind)
        make_charge(
            division, f"plant-{kind.replace('_', '-')}-{division.code}", rate="2.37", kind=kind, basis="per_line"
        )


@pytest.mark.parametrize("market", MARKETS)
def test_every_amount_of_a_random_cart_equals_the_recount(
    market: str, shop: Division, vendor: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    chance = random.Random(f"{SEED} {market}")
    division = Division.objects.get(code=market)
    stir(division, chance)
    make_slots(division, capacity=CARTS)
    for number in range(CARTS):
        has_pdf = number % EVERY == 0
        with monkeypatch.context() as patch:
            if not has_pdf:
                patch.setattr(letters, "keep_document", without_pdf)
            cart = Visitor(division, chance, number).order()
            mail.outbox.clear()
            drain()

        counted = recount(cart.package, cart.chosen, cart.added, division)

        told = f"AMOUNTS_SEED={SEED}, cart {number} of {market}: {cart.package} {cart.chosen} {cart.added}"
        assert amounts_of_rail(cart.review) == on_page(counted), told
        assert amounts_of_rail(cart.confirmation) == on_page(counted), told
        (message,) = mail.outbox
        assert AMOUNT.findall(message.body) == in_text(counted), told
        assert sorted(AMOUNT.findall(message.alternatives[0].content)) == sorted(in_text(counted)), told
        (work_order,) = vendor.made_under(Order.objects.get(pk=cart.order.pk).work_order_request_id)
        assert asked_of_vendor(work_order) == to_be_asked(counted), told
        if has_pdf:
            assert sorted(AMOUNT.findall(text_of_pdf(cart.order))) == sorted(in_text(counted)), told


def without_pdf(*_html: object, **_about: object) -> None:
    raise PdfUnavailableError


def amounts_of_rail(page: str) -> list[str]:
    """Read the amounts beside the question, in the order in which they stand there."""
    rail = page.split('<div class="rail">', 1)[1].split('<details class="drawer">', 1)[0]
    return AMOUNT.findall(html.unescape(re.sub(r"<[^>]+>", " ", rail)))


def text_of_pdf(order: Order) -> str:
    content = Document.objects.get(subject_id=order.pk, kind="orders.confirmation").content
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(bytes(content))).pages)


def written(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def on_page(counted: Recount) -> list[str]:
    """Return what the page has to say: lines, taxes, totals."""
    amounts: list[Decimal] = []
    for line in counted.lines:
        monthly = line.in_month(1)
        amounts.append(monthly if monthly or not line.once else line.once)
        amounts += [line.once] if monthly and line.once else []
        amounts += [line.full["recurring"]] if line.months else []
    if counted.dues:
        amounts += _sums_of_dues(counted)
        amounts += [amount for due in counted.dues for amount in (due.today, due.monthly)]
    return [written(amount) for amount in (*amounts, counted.today, *(amount for _month, amount in counted.steps))]


def _sums_of_dues(counted: Recount) -> list[Decimal]:
    today, monthly, after = (
        sum((getattr(due, when) for due in counted.dues), Decimal(0)) for when in ("today", "monthly", "monthly_after")
    )
    return [monthly, *([today] if today else []), *([after] if counted.months and after != monthly else [])]


def in_text(counted: Recount) -> list[str]:
    """Return what the letter has to say, on paper and by e-mail."""
    amounts: list[Decimal] = []
    for line in counted.lines:
        amounts += _line_in_text(line)
    for due in counted.dues:
        amounts += [due.monthly] if due.monthly or due.monthly_after else []
        amounts += [due.today] if due.today else []
    amounts += [counted.today, counted.monthly]
    amounts += [counted.after] if counted.months else []
    return [written(amount) for amount in amounts]


def _line_in_text(line: Line) -> list[Decimal]:
    amounts = [line.in_month(1)] if line.in_month(1) or line.months else []
    amounts += [line.full["recurring"]] if line.months else []
    return amounts + ([line.once] if line.once else [])


def asked_of_vendor(work_order: dict[str, Any]) -> dict[str, Any]:
    """Read the amounts of a work order as the vendor keeps it."""

    def prices(item: dict[str, Any]) -> tuple[str, ...]:
        of = {price["priceType"]: price["price"]["value"] for price in item["itemPrice"]}
        return item["productOffering"]["id"], item["quantity"], of["recurring"], of["oneTime"]

    totals = [total for total in work_order["orderTotalPrice"] if not total.get("isTax")]
    taxes = [tax for tax in work_order["orderTotalPrice"] if tax.get("isTax")]
    return {
        "lines": [prices(item) for item in work_order["workOrderItem"]],
        "totals": [total["price"]["value"] for total in totals],
        "months": totals[-1]["promotionMonths"],
        "taxes": [(tax["id"], tax["priceType"], tax["price"]["value"]) for tax in taxes],
    }


def to_be_asked(counted: Recount) -> dict[str, Any]:
    """Return what the work order has to say."""
    return {
        "lines": [(line.code, line.quantity, str(line.in_month(1)), str(line.once)) for line in counted.lines],
        "totals": [str(amount) for amount in (counted.today, counted.monthly, counted.after)],
        "months": counted.months,
        "taxes": [
            (due.code, kind, str(amount))
            for due in counted.dues
            for kind, amount in (("oneTime", due.today), ("recurring", due.monthly))
        ],
    }
