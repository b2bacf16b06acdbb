"""
How much a reward is and when it may be earned: pure, so that accrual, trials and recounts say the same.

A percentage is rounded once, half up (`foundation.money`). A step by count counts from the payee's nth reward.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, ngettext, override

from commissions.models import RewardTerm, RuleVersion
from commissions.states import OF_MARGIN, Basis, RewardForm, WaitUnit
from foundation.money import ZERO, format_money, percent_of, round_money
from foundation.now import months_after
from territory.states import ProductFamily

LANGUAGE_OF_RECORDS = "en"
"""A calculation is kept as it was written; pages that speak other languages write it anew from its inputs."""


FOUR_YEARS = range(2025, 2029)
"""In one of them so many months are as long as they ever are: one is a leap year."""


@dataclass(frozen=True, kw_only=True)
class Bases:
    """What amounts are reckoned from: the friend's charges before taxes, and the payee's own each month."""

    monthly: Decimal
    one_time: Decimal
    margin_monthly: Decimal | None = None
    """What is left of them after what they cost us; None where that is not known."""
    margin_one_time: Decimal | None = None
    free_month: Mapping[str, Decimal]
    """By families of services."""

    def of(self, term: RewardTerm) -> Decimal | None:
        """Return what a term is reckoned from; None for a fixed amount, and for what is only known when it is paid."""
        if term.form == RewardForm.FREE_MONTH:
            covered = term.families or self.free_month
            return sum((self.free_month.get(family, ZERO) for family in covered), ZERO)
        bases = {
            Basis.PERCENT_MONTHLY: self.monthly,
            Basis.PERCENT_ONE_TIME: self.one_time,
            Basis.MARGIN_MONTHLY: self.margin_monthly,
            Basis.MARGIN_ONE_TIME: self.margin_one_time,
        }
        return bases.get(Basis(term.basis))


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """An amount, how it was reckoned in words, and what it was reckoned from."""

    amount: Decimal | None
    """None until it is earned, where it is a percentage of what the friend pays."""
    rate: Decimal | None = None
    calculation: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Dates:
    """The days that a version sets for a reward, in the division's calendar."""

    earliest_on: date
    latest_on: date
    watched_until: date


def dates_of(version: RuleVersion, installed_on: date) -> Dates:
    """Return when a reward may be earned at the earliest and the latest, and until when it may be taken back."""
    if version.wait_unit == WaitUnit.MONTHS:
        earliest_on = months_after(installed_on, version.wait_count)
    else:
        earliest_on = installed_on + timedelta(days=version.wait_count)
    latest_on = months_after(installed_on, version.months_to_qualify)
    watched_until = max(latest_on, installed_on + timedelta(days=version.clawback_none_days))
    return Dates(earliest_on=earliest_on, latest_on=latest_on, watched_until=watched_until)


def can_be_earned(version: RuleVersion) -> bool:
    """Tell whether there is any day of installation after which the wait is over before the last day has passed."""
    starts = (date(year, month, 1) for year in FOUR_YEARS for month in range(1, 13))
    return any(dates.earliest_on <= dates.latest_on for dates in (dates_of(version, start) for start in starts))


def value_of(term: RewardTerm, ordinal: int) -> Decimal | None:
    """Return the amount or percentage that a term names for the payee's nth reward."""
    steps = [Decimal(value) for first, value in term.tiers if first <= ordinal]
    return steps[-1] if steps else term.amount if term.basis == Basis.FLAT else term.percent


def reckon(term: RewardTerm, *, ordinal: int, bases: Bases, currency: str) -> Reckoned:
    """Reckon what one side gets; the same inputs give the same cent, today and in any year."""
    inputs: dict[str, Any] = {"form": term.form, "basis": term.basis, "ordinal": ordinal}
    base, value = bases.of(term), value_of(term, ordinal)
    with override(LANGUAGE_OF_RECORDS):
        if term.form == RewardForm.FREE_MONTH:
            return _free_month(term, base or ZERO, inputs, currency)
        if value is None:
            raise ValueError(f"Term {term.pk} names no amount.")
        if term.basis == Basis.FLAT:
            words = _("The payee’s reward number %(ordinal)d: %(amount)s") % {
                "ordinal": ordinal,
                "amount": _money(value, currency),
            }
            return Reckoned(amount=value, calculation=words, inputs={**inputs, "amount": str(value)})
        inputs["percent"] = str(value)
        if term.basis in OF_MARGIN:
            return _of_margin(base, value, inputs, currency)
        if base is None:
            words = _("%(percent)s %% of the cash that is paid before taxes") % {"percent": plain(value)}
            return Reckoned(amount=None, rate=value, calculation=words, inputs=inputs)
        amount = percent_of(value, base, currency)
        words = f"{plain(value)} % × {_money(base, currency)} = {_money(amount, currency)}"
        return Reckoned(amount=amount, rate=value, calculation=words, inputs={**inputs, "base": str(base)})


def _of_margin(margin: Decimal | None, percent: Decimal, inputs: Mapping[str, Any], currency: str) -> Reckoned:
    """
    Reckon a share of a margin, nothing of one below zero; neither it nor the percentage is said in words.

    :raises ValueError: if the margin is not known; `commissions.queries.rules.decide` says so before
    """
    if margin is None:
        raise ValueError("Nobody knows the margin: the version does not hold.")
    amount = max(percent_of(percent, margin, currency), ZERO)
    words = _("A share of what the order brings: %(amount)s") % {"amount": _money(amount, currency)}
    return Reckoned(amount=amount, calculation=words, inputs={**inputs, "base": str(margin)})


def _free_month(term: RewardTerm, base: Decimal, inputs: Mapping[str, Any], currency: str) -> Reckoned:
    amount = round_money(base, currency)
    said = {"amount": _money(amount, currency), "services": services_in_words(term)}
    if term.families:
        words = _("A free month of %(services)s: %(amount)s") % said
    else:
        words = _("A free month: %(amount)s") % said
    return Reckoned(amount=amount, calculation=words, inputs={**inputs, "base": str(base), "families": term.families})


def services_in_words(term: RewardTerm) -> str:
    """Return which services a free month covers, in the active language; empty for all of them."""
    return ", ".join(str(ProductFamily(family).label) for family in term.families)


def _money(amount: Decimal, currency: str) -> str:
    return format_money(amount, currency, LANGUAGE_OF_RECORDS)


def plain(number: Decimal) -> str:
    """Write a number without zeros that say nothing."""
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def count_of(number: int, unit: str) -> str:
    """Write so many days or months."""
    if unit == WaitUnit.MONTHS:
        return ngettext("%(count)d month", "%(count)d months", number) % {"count": number}
    return ngettext("%(count)d day", "%(count)d days", number) % {"count": number}
