"""What rewards are reckoned from beside the order's charges: what the payee's services cost, what they had before, what limits and budgets leave."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from commissions.models import Payee, Reward, Rule, RuleVersion
from commissions.queries.facts import NOT_DELIVERED
from commissions.queries.progress import UNSPOKEN
from commissions.states import RewardStatus, Side
from foundation.money import ZERO
from orders.models import InstalledService, OrderLine

COMMITTED = frozenset(RewardStatus) - {RewardStatus.CAP_LIMITED, RewardStatus.FORFEITED}
"""What a budget has given out, whatever the day."""
LIMITS = ("most_per_month", "most_per_year", "most_ever")


@dataclass(frozen=True, kw_only=True)
class Had:
    """How many rewards a payee has had on one side under a rule: in the month and year of a day, and in all."""

    in_month: int = 0
    in_year: int = 0
    ever: int = 0

    def limit_of(self, version: RuleVersion) -> str:
        """Return the name of the limit that leaves no room for another one; empty if there is room."""
        pairs = zip(LIMITS, (self.in_month, self.in_year, self.ever), strict=True)
        return next((name for name, had in pairs if (most := getattr(version, name)) is not None and had >= most), "")


def had_before(payee: Payee, side: Side, rule: Rule, on: date) -> Had:
    """
    Count what a payee has had on one side under a rule, by the day of installation; limited ones do not count.

    One that was forfeited keeps its place: what counts must not depend on which bill was heard of first.
    """
    rewards = Reward.objects.filter(payee=payee, side=side, version__rule=rule)
    in_year = Q(installed_on__year=on.year)
    counts = rewards.exclude(status=RewardStatus.CAP_LIMITED).aggregate(
        in_month=Count("pk", filter=in_year & Q(installed_on__month=on.month)),
        in_year=Count("pk", filter=in_year),
        ever=Count("pk"),
    )
    return Had(**counts)


def free_months_of(account_ids: Collection[int], on: date) -> dict[int, dict[str, Decimal]]:
    """Return what accounts pay each month, before taxes, for the services of each family that work on a day."""
    sums: dict[int, dict[str, Decimal]] = {}
    for account_id, family, amount in _charges(account_ids, on):
        own = sums.setdefault(account_id, {})
        own[family] = own.get(family, ZERO) + amount
    return sums


def free_months_ordered(order_ids: Collection[int]) -> dict[int, dict[str, Decimal]]:
    """Return what orders cost each month, before taxes, for the products of each family, as first billed."""
    sums: dict[int, dict[str, Decimal]] = {}
    lines = OrderLine.objects.filter(order__in=order_ids).exclude(status__in=NOT_DELIVERED).order_by()
    for order_id, family, amount in lines.values_list("order", "family").annotate(Sum("recurring")):
        sums.setdefault(order_id, {})[family] = amount
    return sums


def _charges(account_ids: Collection[int], on: date) -> Iterator[tuple[int, str, Decimal]]:
    services = InstalledService.objects.working_on(on).filter(account__in=account_ids).select_related("line")
    for service in services:
        yield service.account_id, service.line.family, service.monthly_on(on)


def committed_of(rule_id: int, on: date) -> Decimal:
    """
    Return what a rule has given out and not got back by a day.

    What was forfeited keeps its place until the last day on which it may be earned: a payment that is heard of late
    would bring it back. What a person has ended does not return.
    """
    return _committed(on).filter(version__rule=rule_id).aggregate(total=_NOT_GIVEN_BACK)["total"] or ZERO


def committed_apart_from(referral_ids: Collection[int], rule_ids: Collection[int], on: date) -> dict[int, Decimal]:
    """Return the same of several rules, by id, without what some referrals have brought."""
    rewards = _committed(on).filter(version__rule__in=rule_ids).exclude(referral__in=referral_ids)
    sums = rewards.order_by().values_list("version__rule").annotate(total=_NOT_GIVEN_BACK)
    return {rule_id: total or ZERO for rule_id, total in sums}


_NOT_GIVEN_BACK = Sum(F("amount") - F("clawed_back"))


def _committed(on: date) -> QuerySet[Reward]:
    may_return = Q(status=RewardStatus.FORFEITED, reason__in=UNSPOKEN, latest_on__gte=on)
    return Reward.objects.filter(may_return | Q(status__in=COMMITTED))


def has_room(granted: Decimal, amount: Decimal | None, budget: Decimal | None) -> bool:
    """Tell whether a budget has room for an amount; for one that is not known yet, something must be left."""
    return budget is None or (granted < budget if amount is None else granted + amount <= budget)
