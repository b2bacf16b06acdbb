"""The options of a package as rows that can be pressed, each with what it adds to the price of the cart."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from catalog.queries import ChoiceGroup, Option, Quote, Selection
from foundation.lifecycle import NotAllowed
from interfaces.storefront.forms import OptionsForm, title_of
from interfaces.storefront.shop import OptionRow, OptionSection, difference_in_words, speed_of

Pricing = Callable[[Selection], Quote]


def sections_of(form: OptionsForm, pricing: Pricing) -> tuple[OptionSection, ...]:
    """
    Describe each group to choose from, as it is chosen at the moment.

    The price beside a product is what the cart costs more or less with it than with the one that comes with the package.
    """
    return tuple(_section(form, group, pricing) for group in form.options.choices if group.options)


def add_ons_of(form: OptionsForm, pricing: Pricing) -> tuple[OptionRow, ...]:
    """Describe each add-on, with how many are chosen at the moment and what one of it adds to the price."""
    return tuple(
        _row(
            option,
            code=form.name_of(option),
            price=_difference(pricing, *_without_and_with(option, form.chosen)),
            quantity=form.quantity(option),
            errors=_errors(form, form.name_of(option)),
        )
        for option in form.options.add_ons
    )


def _section(form: OptionsForm, group: ChoiceGroup, pricing: Pricing) -> OptionSection:
    taken = form.taken(group)
    comes_with_it = _choosing(form.chosen, group, group.preselected)
    rows = tuple(
        _row(
            option,
            code=option.product.code,
            price=_difference(pricing, comes_with_it, _choosing(form.chosen, group, option.product.code)),
            quantity=int(option.product.code == taken),
        )
        for option in group.options
    )
    name = form.name_of(group)
    return OptionSection(title_of(group), name, rows, _errors(form, name))


def _choosing(chosen: Selection, group: ChoiceGroup, product: str) -> Selection:
    return replace(chosen, choices={**chosen.choices, group.code: product})


def _without_and_with(option: Option, chosen: Selection) -> tuple[Selection, Selection]:
    """Return a selection with as few as possible of an add-on, and with one more."""
    fewest = replace(chosen, add_ons={**chosen.add_ons, option.product.code: option.minimum})
    return fewest, replace(fewest, add_ons={**fewest.add_ons, option.product.code: option.minimum + 1})


def _difference(pricing: Pricing, before: Selection, after: Selection) -> str:
    """Say the difference between two selections; nothing where one of them cannot be had as the cart stands."""
    try:
        return difference_in_words(pricing(before), pricing(after))
    except NotAllowed:
        return ""


def _row(option: Option, *, code: str, price: str, quantity: int, errors: Iterable[str] = ()) -> OptionRow:
    product = option.product
    return OptionRow(
        code=code,
        name=str(product.names),
        text=str(product.descriptions) or speed_of(product.down_mbps, product.up_mbps),
        price=price,
        is_chosen=quantity > 0,
        quantity=quantity,
        maximum=option.maximum,
        errors=tuple(errors),
    )


def _errors(form: OptionsForm, name: str) -> tuple[str, ...]:
    return tuple(map(str, form.errors.get(name, ())))
