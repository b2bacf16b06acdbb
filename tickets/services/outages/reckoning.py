"""
What accounts are due for an outage: by the time that a service did not work, and its price.

Time is counted in seconds: each is worth its part of the seconds of the month that it lies in, in the division's zone. A
whole month is the month's price, which is so the most that a month can bring. Minutes are for people to read, and for the
least length that is credited. Amounts are added up exactly and rounded once an account
(`foundation.money`). What was credited for the same outage before is taken off: an outage that goes on, or is reopened,
brings the rest alone. Time for which a service was down in two outages counts once: in the one whose credits are
asked for first, while they wait and after. Each credit keeps the times that it is for, and no other takes them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from accounts.models import Account
from accounts.states import AccountStatus
from foundation.money import ZERO, round_money
from foundation.now import months_after
from orders.models import InstalledService
from tickets.models import AffectedService, CreditRun, Outage, OutageCredit
from tickets.states import CREDITS_THAT_COUNT

AT_ONCE = 1000
"""Accounts that are reckoned at once."""
Span = tuple[datetime, datetime]


# The reckoning: pure.


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return what is left of some spans of time where others are taken out; in order, none overlapping another."""
    left = _joined(spans)
    for begin, end in others:
        left = [
            part
            for start, stop in left
            for part in ((start, min(stop, begin)), (max(start, end), stop))
            if part[0] < part[1]
        ]
    return sorted(left)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return joined


def worth_of(monthly: Decimal, spans: Iterable[Span], zone: ZoneInfo) -> Decimal:
    """
    Return what service is worth during some spans that do not overlap, not rounded.

    :param monthly: its price a month
    :param zone: in which months begin
    """
    return sum(
        (
            monthly * Decimal(_seconds(span)) / Decimal(length)
            for begin_end in spans
            for span, length in _by_month(begin_end, zone)
        ),
        Decimal(0),
    )


def _by_month(span: Span, zone: ZoneInfo) -> Iterator[tuple[Span, int]]:
    """Cut a span where months begin; with each piece, the seconds of its month."""
    begin, end = span
    while begin < end:
        first = begin.astimezone(zone).date().replace(day=1)
        month = tuple(datetime.combine(day, time(), zone) for day in (first, months_after(first, 1)))
        until = min(end, month[1])
        yield (begin, until), _seconds((month[0], month[1]))
        begin = until


def _seconds(span: Span) -> int:
    return int(span[1].timestamp()) - int(span[0].timestamp())


def minutes_of(spans: Iterable[Span]) -> int:
    """Return how many whole minutes some spans that do not overlap are."""
    return sum(map(_seconds, spans)) // 60


# What is due.


@dataclass(frozen=True, kw_only=True)
class Due:
    """What an account is to be credited for an outage now."""

    account: Account
    minutes: int
    """Of the service that did not work longest."""
    monthly: Decimal
    """Of all that did not work."""
    due: Decimal
    """For the whole outage."""
    before: Decimal
    """Of it, what was credited or may be."""
    currency: str
    spans: dict[int, list[Span]]
    """The times that it is for, by service; none of them is credited in another outage."""
    is_shared: bool
    """Whether further times of it are credited in another outage."""

    @property
    def amount(self) -> Decimal:
        """The rest."""
        return self.due - self.before


def spans_of(outage: Outage, until: datetime) -> list[Span]:
    """Return when an outage was under way until a moment."""
    spells = outage.spells.all()
    return _joined((spell.began_at, min(spell.ended_at or until, until)) for spell in spells)


def accounts_of(outage: Outage) -> QuerySet[Account]:
    """Return the accounts of which an outage affects a service."""
    return Account.objects.filter(pk__in=AffectedService.objects.filter(outage=outage).values("account"))


def what_is_due(outage: Outage, until: datetime, *, beside: CreditRun | None = None) -> Iterator[Due]:
    """
    Yield what each account is to be credited for an outage until a moment; those alone that something is due to.

    :param beside: a run whose own credits do not count as credited
    """
    ids = list(accounts_of(outage).exclude(status=AccountStatus.CLOSED).order_by("pk").values_list("pk", flat=True))
    spans = spans_of(outage, until)
    for first in range(0, len(ids), AT_ONCE):
        yield from _due_among(outage, ids[first : first + AT_ONCE], spans, beside)


def _due_among(outage: Outage, ids: Sequence[int], spans: list[Span], beside: CreditRun | None) -> Iterator[Due]:
    zone = outage.division.zone
    on = outage.starts_at.astimezone(zone).date()
    affected = AffectedService.objects.filter(outage=outage, account__in=ids).select_related(
        "service__line__order", "account__customer", "account__division"
    )
    elsewhere = _credited_elsewhere(outage, ids)
    before = _credited_before(outage, ids, beside)
    of_account: dict[Account, dict[int, tuple[Decimal, list[Span]]]] = defaultdict(dict)
    currency: dict[Account, str] = {}
    shared = set()
    for row in affected.order_by("account_id", "service_id"):
        service = row.service
        whole = _joined(_within(service, spans, zone))
        own = without(whole, elsewhere.get(service.pk, []))
        if own != whole:
            shared.add(row.account)
        of_account[row.account][service.pk] = (service.monthly_on(max(on, service.since)), own)
        currency[row.account] = service.line.order.currency or outage.division.currency
    for account, services in of_account.items():
        exact = sum((worth_of(monthly, own, zone) for monthly, own in services.values()), Decimal(0))
        due = Due(
            account=account,
            minutes=max(minutes_of(own) for _monthly, own in services.values()),
            monthly=sum((monthly for monthly, own in services.values() if own), ZERO),
            due=round_money(exact, currency[account]),
            before=before.get(account.pk, ZERO),
            currency=currency[account],
            spans={service_id: own for service_id, (_monthly, own) in services.items() if own},
            is_shared=account in shared,
        )
        if due.amount > 0:
            yield due


def _within(service: InstalledService, spans: list[Span], zone: ZoneInfo) -> list[Span]:
    """Cut spans to the days on which a service was there."""
    since = datetime.combine(service.since, time(), zone)
    until = datetime.combine(service.until, time(), zone) if service.until else None
    cut = ((max(begin, since), min(end, until) if until else end) for begin, end in spans)
    return [(begin, end) for begin, end in cut if begin < end]


def _credited_elsewhere(outage: Outage, ids: Collection[int]) -> dict[int, list[Span]]:
    """
    Return for which times services are credited in other outages, or may be, by service.

    Each credit says so itself: what was corrected, reopened or asked for since changes nothing about it. So the sum is the
    same in whatever order credits are asked for and approved.
    """
    elsewhere: dict[int, list[Span]] = defaultdict(list)
    for spans in _credits_that_count(ids).exclude(outage=outage).values_list("spans", flat=True):
        for service_id, pairs in spans.items():
            elsewhere[int(service_id)] += [
                (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in pairs
            ]
    return elsewhere


def _credits_that_count(ids: Collection[int]) -> QuerySet[OutageCredit]:
    return OutageCredit.objects.filter(account__in=ids, status__in=sorted(CREDITS_THAT_COUNT)).order_by()


def _credited_before(outage: Outage, ids: Collection[int], beside: CreditRun | None) -> dict[int, Decimal]:
    counted = _credits_that_count(ids).filter(outage=outage).exclude(run=beside)
    return dict(counted.values_list("account").annotate(total=Sum("amount")))
