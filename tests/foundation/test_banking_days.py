"""On which days banks settle transfers, by the Federal Reserve's own schedule."""

from datetime import date

import pytest

from foundation.ach.days import banking_days_after, is_banking_day


class TestBankingDays:
    @pytest.mark.parametrize(
        "day",
        [
            date(2026, 11, 26),  # Thanksgiving
            date(2026, 12, 25),
            date(2026, 10, 12),  # Columbus Day
            date(2023, 1, 2),  # New Year's Day on a Sunday
            date(2026, 11, 28),
            date(2026, 11, 29),
        ],
    )
    def test_leave_out_holidays_and_weekends(self, day):
        assert not is_banking_day(day)

    @pytest.mark.parametrize(
        "day",
        [
            date(2026, 7, 3),  # Independence Day on a Saturday is kept on no other day
            date(2027, 12, 31),  # New Year's Day on a Saturday
            date(2026, 11, 27),
        ],
    )
    def test_are_all_others(self, day):
        assert is_banking_day(day)

    def test_are_counted_from_the_day_after(self):
        assert banking_days_after(date(2026, 11, 25), 1) == date(2026, 11, 27)
        assert banking_days_after(date(2026, 12, 24), 2) == date(2026, 12, 29)
        assert banking_days_after(date(2026, 11, 28), 1) == date(2026, 11, 30)
