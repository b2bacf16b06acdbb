"""Money: rounded half up in one place, spread without losing a cent, written as the reader writes it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from hypothesis import given, strategies as st

from foundation.money import MoneyField, format_money, percent_of, round_money, smallest_unit, spread

amounts = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=5)
cents = st.decimals(min_value=0, max_value=100_000, places=2)
weights = st.lists(st.decimals(min_value=0, max_value=1_000, places=2), min_size=1, max_size=8).filter(any)


class TestRoundMoney:
    @pytest.mark.parametrize(
        ("amount", "rounded"),
        [
            ("0.005", "0.01"),
            ("0.015", "0.02"),
            ("0.0149", "0.01"),
            ("-0.005", "-0.01"),
            ("2.675", "2.68"),
            ("7", "7.00"),
        ],
    )
    def test_takes_a_tie_away_from_zero(self, amount: str, rounded: str) -> None:
        assert str(round_money(Decimal(amount))) == rounded

    def test_knows_the_smallest_unit_of_a_currency(self) -> None:
        assert round_money(Decimal("149.5"), "JPY") == Decimal(150)

    def test_refuses_a_float(self) -> None:
        with pytest.raises(TypeError, match="not float"):
            round_money(0.1)  # type: ignore[arg-type]

    @given(amount=amounts)
    def test_moves_an_amount_by_half_a_cent_at_most_and_only_once(self, amount: Decimal) -> None:
        rounded = round_money(amount)

        assert abs(rounded - amount) <= Decimal("0.005")
        assert round_money(rounded) == rounded

    @given(amount=amounts)
    def test_treats_a_credit_as_it_treats_a_charge(self, amount: Decimal) -> None:
        assert round_money(-amount) == -round_money(amount)


class TestPercentOf:
    @given(percent=st.decimals(min_value=0, max_value=100, places=3), amount=cents)
    def test_rounds_the_exact_product_once(self, percent: Decimal, amount: Decimal) -> None:
        in_cents = Fraction(percent) * Fraction(amount)

        assert percent_of(percent, amount) == Decimal(int(in_cents + Fraction(1, 2))) / 100


class TestSpread:
    @given(amount=cents, shares=weights)
    def test_loses_no_cent_and_leaves_no_share_a_cent_away(self, amount: Decimal, shares: list[Decimal]) -> None:
        parts = spread(amount, shares)

        assert sum(parts) == amount
        for part, weight in zip(parts, shares, strict=True):
            exact = Fraction(amount) * Fraction(weight) / sum(Fraction(share) for share in shares)
            assert abs(Fraction(part) - exact) < Fraction(smallest_unit("USD"))

    def test_gives_the_cent_that_is_left_over_to_the_share_that_lost_most(self) -> None:
        assert spread(Decimal("10.00"), [Decimal(1), Decimal(1), Decimal(1)]) == (
            Decimal("3.34"),
            Decimal("3.33"),
            Decimal("3.33"),
        )

    @pytest.mark.parametrize(("amount", "shares"), [("-1", ["1"]), ("1", ["0", "0"]), ("1", ["2", "-1"]), ("1", [])])
    def test_refuses_what_has_no_shares(self, amount: str, shares: list[str]) -> None:
        with pytest.raises(ValueError, match="one of them positive"):
            spread(Decimal(amount), [Decimal(share) for share in shares])


class TestFormatMoney:
    @pytest.mark.parametrize(
        ("currency", "language", "written"),
        [
            ("USD", "en", "$1,234.50"),
            ("USD", "es", "$1,234.50"),
            ("USD", "en-us", "$1,234.50"),
            ("EUR", "de", "1.234,50\xa0€"),
            ("USD", "xx-unknown", "$1,234.50"),
        ],
    )
    def test_writes_as_the_reader_does(self, currency: str, language: str, written: str) -> None:
        assert format_money(Decimal("1234.50"), currency, language) == written


class TestMoneyField:
    def test_holds_ten_digits_and_two_decimals(self) -> None:
        field = MoneyField()

        assert (field.max_digits, field.decimal_places) == (12, 2)
        assert field.db_type(connection) == "numeric(12, 2)"

    @pytest.mark.parametrize(("value", "error"), [(Decimal("0.005"), ValueError), (0.25, TypeError)])
    def test_refuses_what_was_not_rounded_here(self, value: object, error: type[Exception]) -> None:
        with pytest.raises(error):
            MoneyField(name="amount").get_db_prep_save(value, connection)

    @pytest.mark.parametrize("value", [Decimal(1), Decimal("1.50"), Decimal("1.500"), None])
    def test_saves_whole_cents(self, value: Decimal | None) -> None:
        assert MoneyField(name="amount").get_db_prep_save(value, connection) == value
