"""What every reward should be, from the vendors' files, the exported rules and who is credited for which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.recount.days import day_in
from sandbox.recount.judge import EARNED, FORFEITED, TAKEN_BACK, Case, Fate, fate_of
from sandbox.recount.margin import margins_of
from sandbox.recount.rules import promised, version_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from sandbox.recount.export import Export, Referral, Term, Version
    from sandbox.recount.vendor import Vendors, WorkOrder

Margins = dict[str, "Decimal | None"]
SIDES = ("referrer", "friend")
STOPPED = "fraud"


@dataclass(frozen=True)
class Expected:
    """One reward as it should be."""

    referral: Referral
    side: str
    payee: str
    version: Version
    installed_on: date
    zone: ZoneInfo
    fate: Fate
    is_limited: bool = False
    """A limit was reached: it earns nothing, and has no entries."""
    is_known_at_once: bool = True
    """Its amount was known when the friend was installed."""
    is_in_cash: bool = False
    """It is paid by the bank, not by a credit."""

    def postings(self) -> Iterator[tuple[str, date, Decimal]]:
        """Yield the kind, day and amount of each entry that should stand, but for those of payment."""
        fate, amount = self.fate, self.fate.amount
        if self.is_limited or amount is None:
            return
        if self.is_known_at_once:
            yield "accrual", self.installed_on, amount
        elif fate.earned_on:
            yield "accrual", fate.earned_on, amount
        if fate.forfeited_on:
            yield "forfeit", fate.forfeited_on, amount
        if fate.earned_on:
            yield "release", fate.earned_on, amount
        for taken in fate.taken_back:
            yield "clawback", taken.on, taken.amount

    @property
    def is_never_paid(self) -> bool:
        """Whether it was never earned."""
        return self.is_limited or self.fate.state not in {EARNED, TAKEN_BACK}

    def in_words(self) -> str:
        """Say what it should be."""
        fate = self.fate
        if self.is_limited:
            return "nothing, a limit was reached"
        if fate.state == FORFEITED:
            return f"forfeited since {fate.forfeited_on} ({fate.reason})"
        if fate.earned_on is None:
            return f"qualifying, with {fate.amount} held"
        taken = "".join(f", {one.amount} taken back on {one.on} ({one.reason})" for one in fate.taken_back)
        return f"{fate.amount} earned on {fate.earned_on}{taken}"


@dataclass
class _Had:
    """The rewards that a payee had on one side under a rule before."""

    installed: list[date] = field(default_factory=list)

    def meets_limit(self, version: Version, on: date) -> bool:
        in_year = [day for day in self.installed if day.year == on.year]
        counts = (
            (version.most_per_month, sum(day.month == on.month for day in in_year)),
            (version.most_per_year, len(in_year)),
            (version.most_ever, len(self.installed)),
        )
        return any(most is not None and had >= most for most, had in counts)


class _Counting:
    """Goes through the referrals in the order in which their friends were installed."""

    def __init__(self, export: Export, vendors: Vendors) -> None:
        self.export, self.vendors = export, vendors
        self.had: dict[tuple[str, str, str], _Had] = {}
        self.given: dict[str, list[Expected]] = {}
        self.cases: dict[tuple[str, str], Case] = {}
        self.corrected = _corrected(export)

    def rewards(self) -> Iterator[Expected]:
        orders = self.vendors.work_orders()
        installed = [
            (work_order, referral)
            for referral in self.export.referrals
            if (work_order := orders.get(referral.order_number)) and work_order.completed_at
        ]
        for work_order, referral in sorted(
            installed, key=lambda pair: (max(pair[0].completed_at), pair[1].order_number)
        ):
            division = self.export.divisions[referral.division]
            ordered_on = referral.submitted_at.astimezone(division.zone).date()
            margins = margins_of(work_order.items, self.export.costs, division, ordered_on)
            version = version_for(self.export.versions, referral, division, margins)
            if version is None:
                continue
            terms = {term.side: term for term in version.terms}
            for side in SIDES:
                if side in terms and (reward := self._reward(referral, work_order, version, terms[side], margins)):
                    yield reward

    def _reward(
        self, referral: Referral, order: WorkOrder, version: Version, term: Term, margins: Margins
    ) -> Expected | None:
        zone = self.export.divisions[referral.division].zone
        installed_on = order.installed_on(zone)
        payee = referral.payee if term.side == "referrer" else order.account_number
        if installed_on is None:
            return None
        had = self.had.setdefault((payee, term.side, version.rule), _Had())
        free_month = self.vendors.monthly_of(payee, installed_on, zone, term.products)
        bases = {"percent_monthly": order.recurring, "percent_one_time": order.one_time, **margins}
        amount, percent = promised(term, len(had.installed) + 1, bases=bases, free_month=free_month)
        if amount == 0:
            return None
        is_limited = had.meets_limit(version, installed_on) or self._is_used_up(version, amount, installed_on)
        case = Case(version, installed_on, self.vendors.account(order.account_number, zone), amount, percent)
        expected = Expected(
            referral=referral, side=term.side, payee=payee, version=version, installed_on=installed_on, zone=zone,
            fate=self._fate(case, referral, term.side, zone), is_limited=is_limited, is_known_at_once=amount is not None,
            is_in_cash=term.form == "cash",
        )  # fmt: skip
        if not is_limited:
            had.installed.append(installed_on)
            self.given.setdefault(version.rule, []).append(expected)
            self.cases[referral.order_number, term.side] = case
        return expected

    def _fate(self, case: Case, referral: Referral, side: str, zone: ZoneInfo, last: date | None = None) -> Fate:
        stopped_on = day_in(zone, referral.stopped_at) if referral.stopped_at else None
        last = last or self.export.exported_at.astimezone(zone).date()
        given = self.corrected.get((referral.order_number, side), ())
        return fate_of(case, last, stopped_on=stopped_on, stopped_because=STOPPED, given=given)

    def _is_used_up(self, version: Version, amount: Decimal | None, on: date) -> bool:
        """
        Tell whether a rule's budget has no room for another reward on a day.

        What was forfeited because of bills or service keeps its place until the last day on which it can be earned.
        """
        if version.budget is None:
            return False
        given = Decimal(0)
        for earlier in self.given.get(version.rule, []):
            case = self.cases[earlier.referral.order_number, earlier.side]
            fate = self._fate(case, earlier.referral, earlier.side, earlier.zone, on)
            is_over = fate.state == FORFEITED and (fate.reason == STOPPED or on > case.latest_on)
            if not is_over and fate.amount is not None:
                given += fate.amount - fate.total_taken_back
        return given >= version.budget if amount is None else given + amount > version.budget


def _corrected(export: Export) -> dict[tuple[str, str], list[tuple[date, date]]]:
    """Return from which day until before which corrections of each reward have stood; those never taken back, for good."""
    places = {entry.reward: (entry.order_number, entry.side) for entry in export.entries}
    ended = {one.number: one.on for one in export.decisions if one.kind == "clawback"}
    found: dict[tuple[str, str], list[tuple[date, date]]] = {}
    for one in export.decisions:
        if one.kind == "correct" and one.reward in places:
            found.setdefault(places[one.reward], []).append((one.on, ended.get(one.number, date.max)))
    return found


def expected_rewards(export: Export, vendors: Vendors) -> list[Expected]:
    """Return every reward as it should be on the day of the export."""
    return list(_Counting(export, vendors).rewards())
