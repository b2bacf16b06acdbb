"""
What a choice of a package costs: today, each month, and once its promotions have ended.

Pure: a `Selection` and a `Catalogue` go in, a `Quote` comes out. In this order:

1. Each line costs its price times its quantity.
2. A product's promotion is taken off its own line, at most the whole of it.
3. A package's promotion is taken off what then remains of the lines that come with the package (add-ons excepted),
   spread over them in proportion; its percentage is reckoned from their sum and rounded once.
4. Each tax or fee is reckoned from the sum of its base and rounded once, for today and for every month in which a
   promotion ends. A percentage follows what is really paid.

What is paid today is what is paid once; the first month is billed after installation. Taxes and fees are estimates.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from catalog.queries.catalogue import Catalogue, ListedCharge, ListedItem, ListedPackage, ListedPromotion
from catalog.states import ChargeBasis, ChargeNature, ItemRole, PriceKind
from foundation.divisions.fields import Texts
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, percent_of, round_money, spread
from territory.states import ProductFamily

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A package, the product chosen from each of its groups, and how many of each add-on."""

    package_code: str
    choices: Mapping[str, str] = field(default_factory=dict)
    add_ons: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Any, ...]:
        """The selection as something hashable."""
        return self.package_code, tuple(sorted(self.choices.items())), tuple(sorted(self.add_ons.items()))

    def as_json(self) -> Json:
        """Return the selection in JSON primitives."""
        return {"package_code": self.package_code, "choices": dict(self.choices), "add_ons": dict(self.add_ons)}

    @classmethod
    def from_json(cls, data: Json) -> "Selection":
        """Read what `as_json` wrote."""
        return cls(package_code=data["package_code"], choices=data["choices"], add_ons=data["add_ons"])


@dataclass(frozen=True, kw_only=True)
class AppliedPromotion:
    """What one promotion takes off one line: every month for so many months, or once (`months` is 0)."""

    code: str
    names: Texts
    kind: PriceKind
    amount: Decimal
    months: int

    def as_json(self) -> Json:
        """Return the promotion in JSON primitives."""
        return {
            "code": self.code,
            "names": dict(self.names),
            "kind": self.kind.value,
            "amount": str(self.amount),
            "months": self.months,
        }

    @classmethod
    def from_json(cls, data: Json) -> "AppliedPromotion":
        """Read what `as_json` wrote."""
        return cls(
            code=data["code"],
            names=Texts(data["names"]),
            kind=PriceKind(data["kind"]),
            amount=Decimal(data["amount"]),
            months=data["months"],
        )


@dataclass(frozen=True, kw_only=True)
class QuoteLine:
    """One product of the quote; the amounts are for its whole quantity, before taxes and fees."""

    code: str
    names: Texts
    family: ProductFamily
    quantity: int
    recurring_after: Decimal
    """Every month, once all promotions have ended: the list price."""
    one_time_before: Decimal
    """Once, before promotions: the list price."""
    promotions: tuple[AppliedPromotion, ...] = ()
    relies_on: str = ""

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.names.in_language()

    @property
    def recurring(self) -> Decimal:
        """What is paid every month from the first."""
        return self.recurring_in(1)

    @property
    def one_time(self) -> Decimal:
        """What is paid once."""
        return self.one_time_before - self._off(PriceKind.ONE_TIME)

    @property
    def promotion_amount(self) -> Decimal:
        """What is taken off every month from the first."""
        return self.recurring_after - self.recurring

    @property
    def promotion_months(self) -> int:
        """After how many months the last promotion has ended; 0 without any."""
        return max((promotion.months for promotion in self.promotions), default=0)

    def recurring_in(self, month: int) -> Decimal:
        """Return what is paid in a month, counted from 1."""
        return self.recurring_after - self._off(PriceKind.RECURRING, month)

    def _off(self, kind: PriceKind, month: int = 0) -> Decimal:
        running = (line for line in self.promotions if line.kind is kind and line.months >= month)
        return sum((promotion.amount for promotion in running), ZERO)

    def as_json(self) -> Json:
        """Return the line in JSON primitives."""
        return {
            "code": self.code,
            "names": dict(self.names),
            "family": self.family.value,
            "quantity": self.quantity,
            "recurring_after": str(self.recurring_after),
            "one_time_before": str(self.one_time_before),
            "promotions": [promotion.as_json() for promotion in self.promotions],
            "relies_on": self.relies_on,
        }

    @classmethod
    def from_json(cls, data: Json) -> "QuoteLine":
        """Read what `as_json` wrote."""
        return cls(
            code=data["code"],
            names=Texts(data["names"]),
            family=ProductFamily(data["family"]),
            quantity=data["quantity"],
            recurring_after=Decimal(data["recurring_after"]),
            one_time_before=Decimal(data["one_time_before"]),
            promotions=tuple(AppliedPromotion.from_json(promotion) for promotion in data["promotions"]),
            relies_on=data["relies_on"],
        )


@dataclass(frozen=True, kw_only=True)
class QuoteTax:
    """An estimated tax or fee: today, in the first month, and once all promotions have ended."""

    code: str
    names: Texts
    nature: ChargeNature
    today: Decimal
    monthly: Decimal
    monthly_after: Decimal

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.names.in_language()

    def as_json(self) -> Json:
        """Return the tax or fee in JSON primitives."""
        return {
            "code": self.code,
            "names": dict(self.names),
            "nature": self.nature.value,
            "today": str(self.today),
            "monthly": str(self.monthly),
            "monthly_after": str(self.monthly_after),
        }

    @classmethod
    def from_json(cls, data: Json) -> "QuoteTax":
        """Read what `as_json` wrote."""
        return cls(
            code=data["code"],
            names=Texts(data["names"]),
            nature=ChargeNature(data["nature"]),
            today=Decimal(data["today"]),
            monthly=Decimal(data["monthly"]),
            monthly_after=Decimal(data["monthly_after"]),
        )


@dataclass(frozen=True, kw_only=True)
class MonthlyStep:
    """What is paid every month from a month on, counted from 1, taxes and fees included."""

    from_month: int
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What was quoted, kept as it was shown. Totals include the estimated taxes and fees."""

    currency: str
    package_code: str
    package_names: Texts
    lines: tuple[QuoteLine, ...]
    taxes: tuple[QuoteTax, ...]
    due_today: Decimal
    steps: tuple[MonthlyStep, ...]
    """The first month, and every later one in which the amount changes."""

    @property
    def package_name(self) -> str:
        """The package's name in the active language."""
        return self.package_names.in_language()

    @property
    def monthly(self) -> Decimal:
        """What is paid every month from the first."""
        return self.steps[0].amount

    @property
    def monthly_after(self) -> Decimal:
        """What is paid every month once all promotions have ended."""
        return self.steps[-1].amount

    @property
    def promotion_months(self) -> int:
        """After how many months the last promotion has ended; 0 without any."""
        return self.steps[-1].from_month - 1

    @property
    def one_time_before_taxes(self) -> Decimal:
        """What the lines cost once."""
        return sum((line.one_time for line in self.lines), ZERO)

    @property
    def monthly_before_taxes(self) -> Decimal:
        """What the lines cost every month from the first."""
        return sum((line.recurring for line in self.lines), ZERO)

    @property
    def monthly_after_before_taxes(self) -> Decimal:
        """What the lines cost every month once all promotions have ended."""
        return sum((line.recurring_after for line in self.lines), ZERO)

    def as_json(self) -> Json:
        """Return the quote in JSON primitives, to be kept."""
        return {
            "currency": self.currency,
            "package_code": self.package_code,
            "package_names": dict(self.package_names),
            "lines": [line.as_json() for line in self.lines],
            "taxes": [tax.as_json() for tax in self.taxes],
            "due_today": str(self.due_today),
            "steps": [{"from_month": step.from_month, "amount": str(step.amount)} for step in self.steps],
        }

    @classmethod
    def from_json(cls, data: Json) -> "Quote":
        """Read what `as_json` wrote, and compute nothing."""
        return cls(
            currency=data["currency"],
            package_code=data["package_code"],
            package_names=Texts(data["package_names"]),
            lines=tuple(QuoteLine.from_json(line) for line in data["lines"]),
            taxes=tuple(QuoteTax.from_json(tax) for tax in data["taxes"]),
            due_today=Decimal(data["due_today"]),
            steps=tuple(
                MonthlyStep(from_month=step["from_month"], amount=Decimal(step["amount"])) for step in data["steps"]
            ),
        )


def price(selection: Selection, catalogue: Catalogue) -> Quote:
    """
    Price a selection by a catalogue.

    :raises NotAllowed: if the package is not sold, a group has no choice or a wrong one, an add-on is not of the
        package, is too many, or lacks what it relies on, or something has no price
    """
    package = catalogue.package(selection.package_code)
    chosen = _chosen(selection, package)
    alone = [line_for(item, quantity, catalogue) for item, quantity in chosen]
    lines = _with_package_promotions(alone, package, chosen, catalogue.currency)
    return _totalled(package, lines, catalogue)


def default_selection(
    package: ListedPackage, *, can_have: Callable[[ListedItem], bool] = lambda _item: True
) -> Selection:
    """Return the package with the first product of each group that can be had, and no add-ons but the obligatory."""
    choices = {}
    for group, items in package.choice_groups().items():
        if first := next((item for item in items if can_have(item)), None):
            choices[group] = first.product.code
    obligatory = {
        item.product.code: item.minimum for item in package.items if item.role == ItemRole.ADD_ON and item.minimum
    }
    return Selection(package_code=package.code, choices=choices, add_ons=obligatory)


def _chosen(selection: Selection, package: ListedPackage) -> list[tuple[ListedItem, int]]:
    """Return the parts that are taken, with how many of each, in the package's order."""
    _refuse_strangers(selection, package)
    chosen = [(item, _quantity(item, selection)) for item in package.items]
    taken = [(item, quantity) for item, quantity in chosen if quantity]
    items = [item for item, _quantity_ in taken]
    codes = {item.product.code for item in items}
    for item in items:
        if item.relies_on and item.relies_on not in codes:
            needed = package.item(item.relies_on)
            raise NotAllowed(
                _("%(product)s needs %(needed)s.")
                % {"product": item.product.names, "needed": needed.product.names if needed else item.relies_on},
                code="relies_on",
                field=item.product.code,
            )
        if not item.product.prices:
            raise NotAllowed(
                _("%(product)s has no price today.") % {"product": item.product.names},
                code="not_priced",
                field=item.product.code,
            )
    return taken


def _refuse_strangers(selection: Selection, package: ListedPackage) -> None:
    groups = package.choice_groups()
    for group, items in groups.items():
        if selection.choices.get(group) not in {item.product.code for item in items}:
            raise NotAllowed(_("Choose one of each group."), code="choice_missing", field=group)
    add_ons = {item.product.code for item in package.items if item.role == ItemRole.ADD_ON}
    strangers = [*(set(selection.choices) - set(groups)), *(set(selection.add_ons) - add_ons)]
    if strangers:
        raise NotAllowed(_("This does not belong to the package."), code="not_of_the_package", field=strangers[0])


def _quantity(item: ListedItem, selection: Selection) -> int:
    if item.role == ItemRole.INCLUDED:
        return item.minimum
    if item.role == ItemRole.CHOICE:
        return item.minimum if selection.choices[item.choice_group] == item.product.code else 0
    quantity = selection.add_ons.get(item.product.code, 0)
    if not item.minimum <= quantity <= item.maximum:
        raise NotAllowed(
            _("%(product)s: between %(least)d and %(most)d.")
            % {"product": item.product.names, "least": item.minimum, "most": item.maximum},
            code="quantity",
            field=item.product.code,
        )
    return quantity


def line_for(item: ListedItem, quantity: int, catalogue: Catalogue) -> QuoteLine:
    """Return what so many of a part cost by themselves, its own promotions taken off."""
    product = item.product
    full = {kind: product.prices.get(kind, ZERO) * quantity for kind in PriceKind}
    applied = []
    for kind in PriceKind:
        promotion = catalogue.product_promotions.get((product.code, kind))
        if promotion and full[kind]:
            off = _taken_off(promotion, full[kind], quantity, catalogue.currency)
            applied.append(_applied(promotion, off))
    return QuoteLine(
        code=product.code,
        names=product.names,
        family=product.family,
        quantity=quantity,
        recurring_after=full[PriceKind.RECURRING],
        one_time_before=full[PriceKind.ONE_TIME],
        promotions=tuple(promotion for promotion in applied if promotion.amount),
        relies_on=item.relies_on,
    )


def _taken_off(promotion: ListedPromotion, base: Decimal, quantity: int, currency: str) -> Decimal:
    if promotion.percent is not None:
        return percent_of(promotion.percent, base, currency)
    return min((promotion.amount or ZERO) * quantity, base)


def _applied(promotion: ListedPromotion, amount: Decimal) -> AppliedPromotion:
    return AppliedPromotion(
        code=promotion.code, names=promotion.names, kind=promotion.kind, amount=amount, months=promotion.months
    )


def _with_package_promotions(
    lines: list[QuoteLine], package: ListedPackage, chosen: list[tuple[ListedItem, int]], currency: str
) -> tuple[QuoteLine, ...]:
    extra: dict[str, list[AppliedPromotion]] = defaultdict(list)
    with_it = [line for line, (item, _quantity_) in zip(lines, chosen, strict=True) if item.role != ItemRole.ADD_ON]
    for kind, promotion in package.promotions.items():
        bases = [line.recurring if kind == PriceKind.RECURRING else line.one_time for line in with_it]
        off = _taken_off(promotion, sum(bases, ZERO), 1, currency)
        if off:
            for line, share in zip(with_it, spread(off, bases, currency), strict=True):
                extra[line.code].append(_applied(promotion, share))
    return tuple(
        replace(line, promotions=(*line.promotions, *(one for one in extra[line.code] if one.amount))) for line in lines
    )


def _totalled(package: ListedPackage, lines: tuple[QuoteLine, ...], catalogue: Catalogue) -> Quote:
    months = sorted({1, *(promotion.months + 1 for line in lines for promotion in line.promotions)})
    once = {line.code: line.one_time for line in lines}
    in_month = {month: {line.code: line.recurring_in(month) for line in lines} for month in months}

    def due(charge: ListedCharge, kind: PriceKind, amounts: Mapping[str, Decimal]) -> Decimal:
        return _charged(charge, lines, amounts, catalogue.currency) if charge.kind == kind else ZERO

    taxes = tuple(
        QuoteTax(
            code=charge.code,
            names=charge.names,
            nature=charge.nature,
            today=due(charge, PriceKind.ONE_TIME, once),
            monthly=due(charge, PriceKind.RECURRING, in_month[months[0]]),
            monthly_after=due(charge, PriceKind.RECURRING, in_month[months[-1]]),
        )
        for charge in catalogue.charges
    )

    def total(kind: PriceKind, amounts: Mapping[str, Decimal]) -> Decimal:
        charges = (due(charge, kind, amounts) for charge in catalogue.charges)
        return sum(amounts.values(), ZERO) + sum(charges, ZERO)

    return Quote(
        currency=catalogue.currency,
        package_code=package.code,
        package_names=package.names,
        lines=lines,
        taxes=tuple(tax for tax in taxes if tax.today or tax.monthly or tax.monthly_after),
        due_today=total(PriceKind.ONE_TIME, once),
        steps=tuple(
            MonthlyStep(from_month=month, amount=total(PriceKind.RECURRING, in_month[month])) for month in months
        ),
    )


def _charged(
    charge: ListedCharge, lines: Iterable[QuoteLine], amounts: Mapping[str, Decimal], currency: str
) -> Decimal:
    """Return what a charge comes to; a fixed one does not ask whether its lines cost anything."""
    bearing = [line for line in lines if charge.family in ("", line.family)]
    if charge.basis == ChargeBasis.PERCENT:
        return percent_of(charge.rate, sum((amounts[line.code] for line in bearing), ZERO), currency)
    if charge.basis == ChargeBasis.PER_LINE:
        return round_money(charge.rate * sum(line.quantity for line in bearing), currency)
    return round_money(charge.rate, currency) if bearing else ZERO
