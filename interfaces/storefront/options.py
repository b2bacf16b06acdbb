"""The options of a package as rows that can be pressed."""

from catalog.queries import ChoiceGroup, Option
from interfaces.storefront.forms import OptionsForm, title_of
from interfaces.storefront.shop import OptionRow, OptionSection, price_of, speed_of


def sections_of(form: OptionsForm, currency: str) -> tuple[OptionSection, ...]:
    """Describe each group to choose from, as it is chosen at the moment."""
    return tuple(_section(form, group, currency) for group in form.options.choices if group.options)


def add_ons_of(form: OptionsForm, currency: str) -> tuple[OptionRow, ...]:
    """Describe each add-on, with how many are chosen at the moment."""
    return tuple(
        _row(option, currency, code=form.name_of(option), quantity=form.quantity(option))
        for option in form.options.add_ons
    )


def _section(form: OptionsForm, group: ChoiceGroup, currency: str) -> OptionSection:
    taken = form.taken(group)
    rows = tuple(
        _row(option, currency, code=option.product.code, quantity=int(option.product.code == taken))
        for option in group.options
    )
    return OptionSection(title_of(group), form.name_of(group), rows)


def _row(option: Option, currency: str, *, code: str, quantity: int) -> OptionRow:
    product = option.product
    return OptionRow(
        code=code,
        name=str(product.names),
        text=str(product.descriptions) or speed_of(product.down_mbps, product.up_mbps),
        price=price_of(option, currency),
        is_chosen=quantity > 0,
        quantity=quantity,
        maximum=option.maximum,
    )
