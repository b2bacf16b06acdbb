"""Prices: every total equals a recount in whole cents that shares nothing with the code."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from catalog.queries import (
    Catalogue,
    ListedCharge,
    ListedItem,
    ListedPackage,
    ListedProduct,
    ListedPromotion,
    Quote,
    Selection,
)
from catalog.queries.pricing import default_selection, price
from catalog.states import ChargeBasis, ChargeNature, ItemRole, PriceKind
from foundation.divisions.fields import Texts
from foundation.lifecycle import NotAllowed
from territory.states import ProductFamily

FAMILIES = [ProductFamily.INTERNET, ProductFamily.VIDEO, ProductFamily.VOICE, ProductFamily.EQUIPMENT]
KINDS = [PriceKind.RECURRING, PriceKind.ONE_TIME]
LONGEST = 30


def product(code: str, recurring: str | None = None, one_time: str | None = None, **more: object) -> ListedProduct:
    given_prices = {PriceKind.RECURRING: recurring, PriceKind.ONE_TIME: one_time}
    prices = {kind: Decimal(amount) for kind, amount in given_prices.items() if amount is not None}
    return ListedProduct(
        code=code, names=Texts(en=code), **{"family": ProductFamily.INTERNET, "prices": prices, **more}
    )


def catalogue_of(package: ListedPackage, **more: object) -> Catalogue:
    return Catalogue(currency="USD", packages={package.code: package}, **more)


def percent_off(percent: int, months: int, code: str = "promotion") -> ListedPromotion:
    return ListedPromotion(
        code=code, names=Texts(en=code), kind=PriceKind.RECURRING, percent=Decimal(percent), months=months
    )


INTERNET = product("internet", "50.00")
TV = product("tv", "60.00", one_time="10.00", family=ProductFamily.VIDEO)
MODEM = product("modem", "12.00", family=ProductFamily.EQUIPMENT)
OWN = product("own", "0.00", family=ProductFamily.EQUIPMENT)
BOX = product("box", "9.00", family=ProductFamily.EQUIPMENT)
DUO = ListedPackage(
    code="duo",
    names=Texts(en="Duo"),
    items=(
        ListedItem(product=INTERNET),
        ListedItem(product=TV, relies_on="internet"),
        ListedItem(product=MODEM, role=ItemRole.CHOICE, choice_group="modem"),
        ListedItem(product=OWN, role=ItemRole.CHOICE, choice_group="modem"),
        ListedItem(product=BOX, role=ItemRole.ADD_ON, minimum=0, maximum=3, relies_on="tv"),
        ListedItem(product=product("remote", "1.00"), role=ItemRole.ADD_ON, minimum=0, relies_on="box"),
    ),
)
WITH_MODEM = Selection(package_code="duo", choices={"modem": "modem"})


class TestPrice:
    def test_says_today_each_month_and_after_the_promotion(self):
        package = ListedPackage(
            code="duo", names=DUO.names, items=DUO.items, promotions={PriceKind.RECURRING: percent_off(10, 12)}
        )

        quote = price(WITH_MODEM, catalogue_of(package))

        assert (quote.due_today, quote.monthly, quote.monthly_after) == (
            Decimal("10.00"),
            Decimal("109.80"),
            Decimal("122.00"),
        )
        assert quote.promotion_months == 12

    def test_counts_add_ons_by_their_number_and_keeps_them_out_of_the_packages_promotion(self):
        package = ListedPackage(
            code="duo", names=DUO.names, items=DUO.items, promotions={PriceKind.RECURRING: percent_off(100, 12)}
        )

        quote = price(
            Selection(package_code="duo", choices={"modem": "own"}, add_ons={"box": 2}), catalogue_of(package)
        )

        assert (quote.monthly, quote.monthly_after) == (Decimal("18.00"), Decimal("128.00"))
        assert [(line.code, line.quantity) for line in quote.lines if line.code == "box"] == [("box", 2)]

    def test_says_each_step_when_promotions_end_at_different_times(self):
        package = ListedPackage(
            code="duo", names=DUO.names, items=DUO.items, promotions={PriceKind.RECURRING: percent_off(50, 24)}
        )
        of_modem = {("modem", PriceKind.RECURRING): percent_off(100, 3)}

        quote = price(WITH_MODEM, catalogue_of(package, product_promotions=of_modem))

        assert [(step.from_month, step.amount) for step in quote.steps] == [
            (1, Decimal("55.00")),
            (4, Decimal("67.00")),
            (25, Decimal("122.00")),
        ]

    def test_takes_a_tax_from_what_is_really_paid_and_a_fee_from_every_unit(self):
        tax = ListedCharge(
            code="tax",
            names=Texts(en="Tax"),
            nature=ChargeNature.TAX,
            basis=ChargeBasis.PERCENT,
            rate=Decimal("6.25"),
            kind=PriceKind.RECURRING,
            family=ProductFamily.INTERNET,
        )
        fee = ListedCharge(
            code="fee",
            names=Texts(en="Fee"),
            nature=ChargeNature.FEE,
            basis=ChargeBasis.PER_LINE,
            rate=Decimal("1.50"),
            kind=PriceKind.ONE_TIME,
            family=ProductFamily.EQUIPMENT,
        )
        of_internet = {("internet", PriceKind.RECURRING): percent_off(50, 12)}
        catalogue = catalogue_of(DUO, product_promotions=of_internet, charges=(fee, tax))

        quote = price(Selection(package_code="duo", choices={"modem": "own"}, add_ons={"box": 3}), catalogue)

        assert [(due.code, due.today, due.monthly, due.monthly_after) for due in quote.taxes] == [
            ("fee", Decimal("6.00"), Decimal("0.00"), Decimal("0.00")),
            ("tax", Decimal("0.00"), Decimal("1.56"), Decimal("3.13")),
        ]

    @pytest.mark.parametrize(
        ("selection", "code", "field"),
        [
            (Selection(package_code="trio"), "no_such_package", ""),
            (Selection(package_code="duo"), "choice_missing", "modem"),
            (Selection(package_code="duo", choices={"modem": "box"}), "choice_missing", "modem"),
            (Selection(package_code="duo", choices={"modem": "own", "sofa": "own"}), "not_of_the_package", "sofa"),
            (Selection(package_code="duo", choices={"modem": "own"}, add_ons={"tv": 1}), "not_of_the_package", "tv"),
            (Selection(package_code="duo", choices={"modem": "own"}, add_ons={"box": 4}), "quantity", "box"),
            (Selection(package_code="duo", choices={"modem": "own"}, add_ons={"box": -1}), "quantity", "box"),
            (Selection(package_code="duo", choices={"modem": "own"}, add_ons={"remote": 1}), "relies_on", "remote"),
        ],
    )
    def test_refuses_what_is_wrong_and_names_it(self, selection, code, field):
        with pytest.raises(NotAllowed) as refusal:
            price(selection, catalogue_of(DUO))

        assert (refusal.value.code, refusal.value.field) == (code, field)

    def test_refuses_what_has_no_price_on_the_day(self):
        package = ListedPackage(code="p", names=Texts(en="P"), items=(ListedItem(product=product("unpriced")),))

        with pytest.raises(NotAllowed, match="no price") as refusal:
            price(Selection(package_code="p"), catalogue_of(package))

        assert refusal.value.code == "not_priced"


# The recount: whole cents and fractions, from plain records, without a line of the code under test.


@dataclass
class Counted:
    family: str
    is_add_on: bool
    quantity: int
    full: dict[str, int]
    off: dict[str, list[tuple[int, int]]]
    """By kind: cents off, and for how many months (0: once)."""

    def in_month(self, month: int) -> int:
        return self.full["recurring"] - sum(cents for cents, months in self.off["recurring"] if month <= months)

    def once(self) -> int:
        return self.full["one_time"] - sum(cents for cents, _months in self.off["one_time"])


def cents(amount: Decimal | None) -> int:
    return 0 if amount is None else int(Fraction(amount) * 100)


def half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def reduction(promotion: ListedPromotion, base: int, quantity: int) -> int:
    if promotion.percent is not None:
        return half_up(Fraction(promotion.percent) * base / 100)
    return min(cents(promotion.amount) * quantity, base)


def shares(total: int, weights: list[int]) -> list[int]:
    """Largest remainder, by handing out one cent at a time."""
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    given_out = [int(share) for share in exact]
    while sum(given_out) < total:
        lost = [(given_out[i] - exact[i], i) for i in range(len(exact)) if given_out[i] < exact[i]]
        given_out[min(lost)[1]] += 1
    return given_out


def count_quantity(item: ListedItem, selection: Selection) -> int:
    if item.role == "add_on":
        return selection.add_ons.get(item.product.code, 0)
    is_taken = item.role == "included" or selection.choices[item.choice_group] == item.product.code
    return item.minimum * is_taken


def count_line(item: ListedItem, quantity: int, catalogue: Catalogue) -> Counted:
    full = {kind.value: cents(item.product.prices.get(kind)) * quantity for kind in KINDS}
    off = {kind.value: [] for kind in KINDS}
    for (code, kind), promotion in catalogue.product_promotions.items():
        if code == item.product.code:
            off[kind.value].append((reduction(promotion, full[kind.value], quantity), promotion.months))
    return Counted(item.product.family.value, item.role == "add_on", quantity, full, off)


def count_lines(package: ListedPackage, selection: Selection, catalogue: Catalogue) -> list[Counted]:
    quantities = [(item, count_quantity(item, selection)) for item in package.items]
    lines = [count_line(item, quantity, catalogue) for item, quantity in quantities if quantity]
    with_it = [line for line in lines if not line.is_add_on]
    for kind, promotion in package.promotions.items():
        bases = [line.in_month(1) if kind == "recurring" else line.once() for line in with_it]
        if total := reduction(promotion, sum(bases), 1):
            for line, share in zip(with_it, shares(total, bases), strict=True):
                line.off[kind.value].append((share, promotion.months))
    return lines


def count_charges(lines: list[Counted], amounts: list[int], catalogue: Catalogue, kind: str) -> int:
    total = 0
    for charge in catalogue.charges:
        due_on = [i for i, line in enumerate(lines) if charge.family in ("", line.family)]
        if charge.kind != kind or not due_on:
            continue
        if charge.basis == "percent":
            total += half_up(Fraction(charge.rate) * sum(amounts[i] for i in due_on) / 100)
        elif charge.basis == "per_line":
            total += cents(charge.rate) * sum(lines[i].quantity for i in due_on)
        else:
            total += cents(charge.rate)
    return total


def recount(package: ListedPackage, selection: Selection, catalogue: Catalogue, month: int) -> int:
    """Cents in a month, or today for month 0."""
    lines = count_lines(package, selection, catalogue)
    amounts = [line.in_month(month) if month else line.once() for line in lines]
    return sum(amounts) + count_charges(lines, amounts, catalogue, "recurring" if month else "one_time")


money = st.decimals(min_value=0, max_value=300, places=2)
percents = st.decimals(min_value=0, max_value=100, places=2)


@st.composite
def promotions(draw: st.DrawFn, kind: PriceKind) -> ListedPromotion:
    by_percent = draw(st.booleans())
    return ListedPromotion(
        code=draw(st.sampled_from("xyz")),
        names=Texts(en="Less"),
        kind=kind,
        percent=draw(percents) if by_percent else None,
        amount=None if by_percent else draw(money),
        months=draw(st.integers(1, LONGEST - 2)) if kind is PriceKind.RECURRING else 0,
    )


@st.composite
def items(draw: st.DrawFn, number: int) -> ListedItem:
    prices = draw(st.dictionaries(st.sampled_from(KINDS), money, min_size=1))
    role = draw(st.sampled_from(ItemRole))
    minimum = 0 if role is ItemRole.ADD_ON else draw(st.integers(1, 3))
    listed = ListedProduct(
        code=f"p{number}", family=draw(st.sampled_from(FAMILIES)), names=Texts(en=f"P{number}"), prices=prices
    )
    group = draw(st.sampled_from("gh")) if role is ItemRole.CHOICE else ""
    return ListedItem(
        product=listed, role=role, choice_group=group, minimum=minimum, maximum=minimum + draw(st.integers(1, 3))
    )


def maybe_promotions() -> st.SearchStrategy[dict[PriceKind, ListedPromotion]]:
    return st.fixed_dictionaries({}, optional={kind: promotions(kind) for kind in KINDS})


@st.composite
def charges(draw: st.DrawFn) -> ListedCharge:
    basis = draw(st.sampled_from(ChargeBasis))
    return ListedCharge(
        code=draw(st.text("abc", min_size=1, max_size=3)),
        names=Texts(en="Charge"),
        nature=draw(st.sampled_from(ChargeNature)),
        basis=basis,
        rate=draw(percents if basis is ChargeBasis.PERCENT else money),
        kind=draw(st.sampled_from(KINDS)),
        family=draw(st.sampled_from(["", *FAMILIES])),
    )


@st.composite
def carts(draw: st.DrawFn) -> tuple[ListedPackage, Selection, Catalogue]:
    parts = tuple(draw(items(number)) for number in range(draw(st.integers(1, 6))))
    package = ListedPackage(code="p", names=Texts(en="P"), items=parts, promotions=draw(maybe_promotions()))
    groups = package.choice_groups()
    selection = Selection(
        package_code="p",
        choices={group: draw(st.sampled_from(options)).product.code for group, options in groups.items()},
        add_ons={
            item.product.code: draw(st.integers(0, item.maximum)) for item in parts if item.role is ItemRole.ADD_ON
        },
    )
    of_products = {
        (item.product.code, kind): promotion for item in parts for kind, promotion in draw(maybe_promotions()).items()
    }
    listed = tuple(draw(st.lists(charges(), max_size=4)))
    return package, selection, catalogue_of(package, product_promotions=of_products, charges=listed)


def amount_in(quote: Quote, month: int) -> int:
    """The cents that a quote says for a month, or for today."""
    if month == 0:
        return cents(quote.due_today)
    return cents(max((step for step in quote.steps if step.from_month <= month), key=lambda s: s.from_month).amount)


class TestAnyCart:
    @given(cart=carts())
    def test_costs_what_a_recount_says_today_and_in_every_month(self, cart):
        package, selection, catalogue = cart

        quote = price(selection, catalogue)

        for month in range(LONGEST):
            assert amount_in(quote, month) == recount(package, selection, catalogue, month)
        assert quote.monthly_after == quote.steps[-1].amount
        assert cents(quote.monthly_after) == recount(package, selection, catalogue, 10**6)

    @given(cart=carts())
    def test_is_the_sum_of_what_it_shows(self, cart):
        _package, selection, catalogue = cart

        quote = price(selection, catalogue)

        assert quote.due_today == quote.one_time_before_taxes + sum(due.today for due in quote.taxes)
        assert quote.monthly == quote.monthly_before_taxes + sum(due.monthly for due in quote.taxes)
        assert quote.monthly_after == quote.monthly_after_before_taxes + sum(due.monthly_after for due in quote.taxes)
        for line in quote.lines:
            assert line.recurring + line.promotion_amount == line.recurring_after
            assert min(line.recurring, line.one_time, line.promotion_amount) >= 0

    @given(cart=carts())
    def test_is_kept_as_it_was_shown(self, cart):
        _package, selection, catalogue = cart

        quote = price(selection, catalogue)

        assert Quote.from_json(quote.as_json()) == quote
        assert Selection.from_json(selection.as_json()) == selection

    @given(cart=carts())
    def test_is_preselected_so_that_it_can_be_ordered(self, cart):
        package, _selection, catalogue = cart

        assert price(default_selection(package), catalogue).lines or not any(
            item.role is not ItemRole.ADD_ON for item in package.items
        )
