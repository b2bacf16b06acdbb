"""
What a version would have done with the orders of the last three months, against what is in force.

It is tried as if it had been in force all the time and nobody had had anything before; of a budget there is only what
the rewards of other orders have left. Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from catalog.queries.costs import divisions_with_costs
from commissions.models import RewardTerm, RuleVersion
from commissions.queries.facts import FACTS, charges_of, facts_of, vocabulary
from commissions.queries.reckoning import Bases, reckon
from commissions.queries.rewarding import Had, committed_apart_from, free_months_of, free_months_ordered, has_room
from commissions.queries.rules import (
    condition_in_words,
    decide,
    rank_of,
    readable_in_force,
    uses_margin,
    versions_in_force,
)
from commissions.states import Side
from foundation.divisions.models import Division
from foundation.money import ZERO
from foundation.now import now
from foundation.people.queries import Person, can
from foundation.people.states import Permission
from foundation.rules import CriterionTrace, Decision, Facts, Truth
from orders.models import Order
from referrals.models import Referral
from referrals.states import ReferralStatus

DAYS = 90
ORDER = list(Side)
"""In which order the sides of a referral take from a budget, as they do in accrual."""
MOST = 2000
"""So many referred orders are tried at the most, the newest: a person waits for it."""


@dataclass
class Outcome:
    """What would have been given."""

    rewarded: int = 0
    """Orders for which somebody gets something."""
    rewards: int = 0
    cost: Decimal = ZERO
    limited: int = 0
    """Rewards that a limit or the budget would have stopped."""
    unknown: int = 0
    """Rewards whose amount is known only when the friend has paid."""


@dataclass(frozen=True)
class Trial:
    """Both outcomes side by side, and why the version did not hold where it did not."""

    since: date
    orders: int
    is_cut: bool
    """Whether there were more orders than are tried."""
    holds: int
    """Orders that this very version would reward."""
    refusals: tuple[tuple[str, int], ...]
    """Reasons with how many orders, the commonest first."""
    with_it: Outcome
    as_it_is: Outcome
    currency: str

    @property
    def difference(self) -> Decimal:
        """What it would cost more; below zero, less."""
        return self.with_it.cost - self.as_it_is.cost


@dataclass
class _Ledger:
    """What has been given so far in a trial, by payee, side and rule, and by rule."""

    currency: str
    days: dict[tuple[int, str, int], list[date]] = field(default_factory=lambda: defaultdict(list))
    spent: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    outcome: Outcome = field(default_factory=Outcome)

    def give(self, version: RuleVersion, term: RewardTerm, account_id: int, on: date, bases: Bases) -> bool:
        """Give one side what it is promised, unless a limit is met; tell whether it gets something."""
        had = self.days[account_id, term.side, version.rule_id]
        counts = Had(
            in_month=sum((day.year, day.month) == (on.year, on.month) for day in had),
            in_year=sum(day.year == on.year for day in had),
            ever=len(had),
        )
        amount = reckon(term, ordinal=counts.ever + 1, bases=bases, currency=self.currency).amount
        if amount == ZERO:
            return False
        if counts.limit_of(version) or not has_room(self.spent[version.rule_id], amount, version.budget):
            self.outcome.limited += 1
            return False
        had.append(on)
        self.spent[version.rule_id] += amount or ZERO
        self.outcome.rewards += 1
        self.outcome.unknown += amount is None
        self.outcome.cost += amount or ZERO
        return True


@dataclass(frozen=True)
class _Case:
    """One referred order with all that a trial needs to know of it."""

    referral: Referral
    facts: Facts
    ordered: Mapping[str, Decimal]
    """What the friend ordered, each month, by families of services."""
    on: date
    in_force: Sequence[RuleVersion]

    def accounts(self) -> Mapping[str, int]:
        """Return whose account each side's is."""
        return {Side.REFERRER: self.referral.referrer.account_id, Side.FRIEND: self.referral.friend_account_id}


def may_try(user: Person, version: RuleVersion) -> bool:
    """
    Tell whether a person may know what a trial of a version counts.

    Where a margin is in it, by the version or by one in force that they can read, its sums tell what products cost us:
    that is for those who configure the division, and every one above it that has said so.
    """
    division = version.rule.division
    compared = [version, *readable_in_force(user, division, now())]
    if not any(map(uses_margin, compared)):
        return True
    return all(can(user, Permission.CONFIGURE, one) for one in (division, *divisions_with_costs(division)))


def try_version(version: RuleVersion, at: datetime | None = None) -> Trial:
    """Try a version on the referred orders of the last `DAYS` days, in a number of statements that they do not set."""
    moment = at or now()
    prefetch_related_objects([version], "terms")
    cases, is_cut = _cases(version, moment)
    accounts = {account_id for case in cases for account_id in case.accounts().values()}
    free_months = free_months_of(accounts, moment.astimezone(version.rule.division.zone).date())
    refusals: Counter[str] = Counter()
    words, currency, holds = vocabulary(version.rule.division), version.currency, 0
    spent = _spent(version, cases, moment)
    with_it, as_it_is = (_Ledger(currency, spent=defaultdict(lambda: ZERO, spent)) for _ledger in range(2))
    for case in cases:
        rivals = [one for one in case.in_force if one.rule_id != version.rule_id]
        rivals = [one for one in rivals if one.rule.division.depth >= version.rule.division.depth]
        chosen, decision = _first([*rivals, version], case.facts, of=version)
        holds += chosen == version
        if chosen != version:
            refusals[_because(chosen, decision, words, currency)] += 1
        _reward(with_it, chosen, case, free_months)
        _reward(as_it_is, _first(case.in_force, case.facts, of=version)[0], case, free_months)
    return Trial(
        since=(moment - timedelta(days=DAYS)).astimezone(version.rule.division.zone).date(),
        orders=len(cases),
        is_cut=is_cut,
        holds=holds,
        refusals=tuple(refusals.most_common()),
        with_it=with_it.outcome,
        as_it_is=as_it_is.outcome,
        currency=currency,
    )


def _spent(version: RuleVersion, cases: Sequence[_Case], at: datetime) -> Mapping[int, Decimal]:
    """Return what the rules that are tried have given for orders that are not, which their budgets count."""
    rules = {version.rule_id, *(one.rule_id for case in cases for one in case.in_force)}
    on = at.astimezone(version.rule.division.zone).date()
    return committed_apart_from([case.referral.pk for case in cases], rules, on)


def _cases(version: RuleVersion, at: datetime) -> tuple[list[_Case], bool]:
    """Return the orders that the version could decide about, the oldest first, and whether there were too many."""
    rule = version.rule
    rows = Referral.objects.filter(
        division__in=Division.objects.under(rule.division), ordered_at__gt=at - timedelta(days=DAYS), ordered_at__lte=at
    ).exclude(status=ReferralStatus.DISQUALIFIED)
    if rule.programme_id:
        rows = rows.filter(programme=rule.programme_id)
    newest = list(rows.select_related("division", "programme", "referrer").order_by("-ordered_at")[: MOST + 1])
    order_ids = [referral.order_id for referral in newest[:MOST]]
    facts, ordered = facts_of(Order.objects.filter(pk__in=order_ids)), free_months_ordered(order_ids)
    in_force: dict[tuple[int, int], list[RuleVersion]] = {}
    zones: dict[int, ZoneInfo] = {}
    cases = []
    for referral in reversed(newest[:MOST]):
        place = referral.division_id, referral.programme_id
        if place not in in_force:
            in_force[place] = versions_in_force(referral.division, referral.programme, at)
        running = in_force[place]
        if running and running[0].rule.division.depth > rule.division.depth:
            continue  # a division below has a rule of its own
        if referral.division_id not in zones:
            zones[referral.division_id] = referral.division.zone
        day = referral.ordered_at.astimezone(zones[referral.division_id]).date()
        cases.append(_Case(referral, facts[referral.order_id], ordered.get(referral.order_id, {}), day, running))
    return cases, len(newest) > MOST


def _first(
    versions: Sequence[RuleVersion], facts: Facts, *, of: RuleVersion
) -> tuple[RuleVersion | None, Decision | None]:
    """Return the first version that holds, in the order of trying, and what was made of the one that is tried."""
    decision = None
    for version in sorted(versions, key=rank_of):
        made = decide(version, facts)
        if version == of:
            decision = made
        if made.holds:
            return version, decision
    return None, decision


def _because(
    chosen: RuleVersion | None, decision: Decision | None, words: Mapping[str, Mapping[str, str]], currency: str
) -> str:
    """Say why the version does not decide about an order."""
    if decision is None:
        return _("“%(rule)s” comes first") % {"rule": chosen.rule if chosen else ""}
    lines: Sequence[CriterionTrace] = decision.deciding
    if all(line.truth is Truth.INSUFFICIENT for line in lines):
        unknown = dict.fromkeys(str(FACTS[line.criterion.fact].label) for line in lines)
        return _("not known: %(facts)s") % {"facts": "; ".join(unknown)}
    unmet = dict.fromkeys(condition_in_words(line.criterion, words, currency) for line in lines)
    return _("not true: %(conditions)s") % {"conditions": "; ".join(unmet)}


def _reward(
    ledger: _Ledger, version: RuleVersion | None, case: _Case, free_months: Mapping[int, Mapping[str, Decimal]]
) -> None:
    if version is None:
        return
    charges = charges_of(case.facts)
    accounts = case.accounts()
    given = False
    for term in sorted(version.terms.all(), key=lambda term: ORDER.index(Side(term.side))):
        account_id = accounts[term.side]
        ordered = case.ordered if term.side == Side.FRIEND else {}  # what a friend will pay who is not installed yet
        bases = Bases(**charges, free_month=free_months.get(account_id, ordered))
        given |= ledger.give(version, term, account_id, case.on, bases)
    ledger.outcome.rewarded += given
